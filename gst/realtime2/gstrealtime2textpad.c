/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text pads. The task sleeps until the next tick of a 100 ms grid, or until it
 * is woken because something is due; it pushes what is due, then a GAP up to
 * now.
 */
#include "gstrealtime2textpad.h"

#include "gstrealtime2commands.h"
#include <string.h>

#include "gstrealtime2audiosrc.h"
#include "gstrealtime2meta.h"
#include "gstrealtime2overrun.h"
#include "gstrealtime2pacer.h"

#define GST_CAT_DEFAULT gst_realtime2_debug

/* Time between two GAP events while nothing is said. */
#define TICK (100 * GST_MSECOND)

enum {
  PROP_0,
  PROP_ROLES,
  PROP_PHASES,
  PROP_GRANULARITY,
  PROP_TEXT_MAX_WAIT,
  PROP_SYNC,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

struct _GstRealtime2TextPad {
  GstPad parent;

  GstRealtime2 *self; /* the element, which outlives the pad's task */

  /* All below: self->lock, but `rules`: the pad's OBJECT_LOCK. */
  Rt2CaptionRules rules;    /* the pad's properties */
  Rt2CaptionReader *reader; /* what is still to be said */
  GstRealtime2Pacer pacer;  /* of the task */
  gboolean linked;          /* somebody reads, or once did */
  gboolean announced;       /* stream-start, caps and segment were pushed */
  gboolean json;            /* the negotiated caps are application/x-json */
  guint64 position;         /* running time up to which the stream is told */
  guint64 seq;              /* of the next buffer */
  Rt2Role speaker;          /* of the last buffer */
};

G_DEFINE_FINAL_TYPE (GstRealtime2TextPad, gst_realtime2_text_pad, GST_TYPE_PAD)

static Rt2CaptionRules
get_rules (GstRealtime2TextPad *pad)
{
  Rt2CaptionRules rules;

  GST_OBJECT_LOCK (pad);
  rules = pad->rules;
  GST_OBJECT_UNLOCK (pad);
  return rules;
}

/* --- what goes out --- */

static GstCaps *
choose_caps (GstRealtime2TextPad *pad, gboolean *json)
{
  GstCaps *caps = gst_pad_get_allowed_caps (GST_PAD (pad));

  if (!caps || gst_caps_is_empty (caps)) {
    gst_clear_caps (&caps);
    caps = gst_pad_get_pad_template_caps (GST_PAD (pad));
  }
  caps = gst_caps_fixate (gst_caps_truncate (caps));
  *json = gst_structure_has_name (
      gst_caps_get_structure (caps, 0), "application/x-json");
  return caps;
}

static void
announce (GstRealtime2TextPad *pad)
{
  GstRealtime2 *self = pad->self;
  gchar *suffix = g_strconcat ("text/", GST_PAD_NAME (pad), NULL);
  GstSegment segment;
  GstCaps *caps;
  gboolean json;

  gst_pad_push_event (GST_PAD (pad), gst_realtime2_stream_start (self, suffix));
  caps = choose_caps (pad, &json);
  gst_pad_push_event (GST_PAD (pad), gst_event_new_caps (caps));
  gst_caps_unref (caps);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (GST_PAD (pad), gst_event_new_segment (&segment));
  g_free (suffix);

  g_mutex_lock (&self->lock);
  pad->json = json;
  g_mutex_unlock (&self->lock);
}

/* Called with self->lock. */
static GstBuffer *
make_buffer (GstRealtime2TextPad *pad, const Rt2Caption *caption)
{
  GstStructure *fields = gst_realtime2_meta_of_caption (caption, pad->seq++);
  gchar *bytes = pad->json ? gst_realtime2_meta_to_json (
                     fields, caption->text, caption->pts, caption->duration)
                           : g_strdup (caption->text);
  GstBuffer *buffer = gst_buffer_new_wrapped (bytes, strlen (bytes));

  GST_BUFFER_PTS (buffer) = caption->pts;
  GST_BUFFER_DURATION (buffer) = caption->duration;
  gst_realtime2_meta_add (buffer, fields);
  return buffer;
}

static GstEvent *
speaker_change (Rt2Role role)
{
  return gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
      gst_structure_new ("rstranscribe/speaker-change", "speaker",
          G_TYPE_STRING, rt2_role_name (role), NULL));
}

static GstEvent *
final_transcript (void)
{
  return gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
      gst_structure_new_empty ("rstranscribe/final-transcript"));
}

/* Called with self->lock, which is released around the pushes. */
static GstFlowReturn
push_caption (GstRealtime2TextPad *pad, const Rt2Caption *caption)
{
  GstRealtime2 *self = pad->self;
  Rt2Role role = caption->spoken->role;
  gboolean changed = role != pad->speaker;
  GstBuffer *buffer = make_buffer (pad, caption);
  GstFlowReturn ret;

  pad->speaker = role;
  pad->position = caption->pts + caption->duration;
  g_mutex_unlock (&self->lock);

  if (changed)
    gst_pad_push_event (GST_PAD (pad), speaker_change (role));
  ret = gst_pad_push (GST_PAD (pad), buffer);
  /* A muxer takes only a GAP's word that nothing else begins while this one
   * lasts; without it, it would hold up its other streams for as long. */
  gst_pad_push_event (
      GST_PAD (pad), gst_event_new_gap (caption->pts + caption->duration, 0));
  if (caption->final)
    gst_pad_push_event (GST_PAD (pad), final_transcript ());

  g_mutex_lock (&self->lock);
  return ret;
}

/* Tells that there is nothing up to @now. Called with self->lock. */
static void
push_gap (GstRealtime2TextPad *pad, guint64 now)
{
  GstRealtime2 *self = pad->self;
  GstEvent *gap;

  if (pad->position >= now)
    return;
  gap = gst_event_new_gap (pad->position, now - pad->position);
  pad->position = now;
  g_mutex_unlock (&self->lock);
  gst_pad_push_event (GST_PAD (pad), gap);
  g_mutex_lock (&self->lock);
}

/* Pushes all that is due at @now, each after a GAP up to where it begins.
 * Called with self->lock, which is released around the pushes. */
static GstFlowReturn
push_due (GstRealtime2TextPad *pad, const Rt2CaptionRules *rules, guint64 now)
{
  GstFlowReturn ret = GST_FLOW_OK;
  Rt2Caption *caption;

  while ((ret == GST_FLOW_OK || ret == GST_FLOW_NOT_LINKED)
      && (caption = rt2_caption_reader_next (
              pad->reader, rules, pad->position, now))) {
    push_gap (pad, caption->pts);
    /* The user may have barged in meanwhile. */
    if (!caption->spoken->cancelled) {
      caption->spoken->shown = TRUE;
      ret = push_caption (pad, caption);
    }
    /* The item is shared and guarded by the lock that is held again. */
    rt2_caption_free (caption);
  }
  return ret;
}

/* --- the task --- */

/* The audio is at its end: what is left leaves now, then the stream ends.
 * Called with self->lock, which is released. */
static void
end_stream (GstRealtime2TextPad *pad, Rt2CaptionRules rules)
{
  GstRealtime2 *self = pad->self;
  GstEvent *eos = gst_event_new_eos ();

  rules.max_wait = 0;
  push_due (pad, &rules, self->eos_time);
  push_gap (pad, self->eos_time);
  if (self->eos_seqnum)
    gst_event_set_seqnum (eos, self->eos_seqnum);
  g_mutex_unlock (&self->lock);
  gst_pad_push_event (GST_PAD (pad), eos);
  gst_pad_pause_task (GST_PAD (pad));
}

/* Who asks for the pad of a running element links it afterwards: before that
 * there are no caps to choose, and a GAP would be lost. FALSE if flushing.
 * Called with self->lock. */
static gboolean
wait_linked (GstRealtime2TextPad *pad)
{
  while (!pad->linked && !pad->pacer.flushing)
    g_cond_wait (&pad->self->playing_cond, &pad->self->lock);
  return !pad->pacer.flushing;
}

/* The next tick after @now, or @now itself at the very first. */
static guint64
next_tick (GstRealtime2TextPad *pad, guint64 now)
{
  return pad->announced ? now - now % TICK + TICK : now;
}

static void
go_round (GstRealtime2TextPad *pad)
{
  GstRealtime2 *self = pad->self;
  Rt2CaptionRules rules = get_rules (pad);
  GstFlowReturn ret;
  guint64 now, tick;

  g_mutex_lock (&self->lock);
  if (!wait_linked (pad)
      || !gst_realtime2_pacer_wait_playing (self, &pad->pacer, &now))
    goto flushing;
  tick = next_tick (pad, now);
  if (!gst_realtime2_pacer_wait (self, &pad->pacer, tick, &now))
    goto flushing;
  if (!pad->announced) {
    pad->announced = TRUE;
    g_mutex_unlock (&self->lock);
    announce (pad);
    g_mutex_lock (&self->lock);
  }

  if (GST_CLOCK_TIME_IS_VALID (self->eos_time)) {
    end_stream (pad, rules);
    return;
  }
  ret = push_due (pad, &rules, now);
  if (now >= tick)
    push_gap (pad, now);
  g_mutex_unlock (&self->lock);
  gst_realtime2_take_flow (self, GST_PAD (pad), ret);
  return;

flushing:
  g_mutex_unlock (&self->lock);
  gst_pad_pause_task (GST_PAD (pad));
}

static void
loop (gpointer data)
{
  GstRealtime2TextPad *pad = data;

  GST_REALTIME2_BEGIN_TASK (GST_PAD (pad));
  go_round (pad);
  GST_REALTIME2_END_TASK ();
}

/* --- the pad --- */

static gboolean
activate_mode (
    GstPad *gstpad, GstObject *parent, GstPadMode mode, gboolean active)
{
  GstRealtime2TextPad *pad = GST_REALTIME2_TEXT_PAD (gstpad);
  gboolean closed;

  if (mode != GST_PAD_MODE_PUSH)
    return FALSE;
  g_mutex_lock (&pad->self->lock);
  gst_realtime2_pacer_set_flushing (pad->self, &pad->pacer, !active);
  closed = pad->pacer.closed;
  g_mutex_unlock (&pad->self->lock);
  /* A released pad is not deactivated again: whoever frees it would join a task
   * that pauses itself, and wait for ever. */
  if (active && closed)
    return TRUE;
  return active ? gst_pad_start_task (gstpad, loop, pad, NULL)
                : gst_pad_stop_task (gstpad);
}

static void
on_linked (GstPad *gstpad, GstPad *peer, gpointer unused)
{
  GstRealtime2TextPad *pad = GST_REALTIME2_TEXT_PAD (gstpad);

  g_mutex_lock (&pad->self->lock);
  pad->linked = TRUE;
  g_cond_broadcast (&pad->self->playing_cond);
  g_mutex_unlock (&pad->self->lock);
}

static gboolean
query (GstPad *pad, GstObject *parent, GstQuery *q)
{
  if (GST_QUERY_TYPE (q) == GST_QUERY_LATENCY)
    return gst_realtime2_answer_latency (GST_REALTIME2 (parent), q);
  return gst_pad_query_default (pad, parent, q);
}

static gboolean
event (GstPad *pad, GstObject *parent, GstEvent *e)
{
  if (GST_EVENT_TYPE (e) != GST_EVENT_SEEK)
    return gst_realtime2_take_command (GST_REALTIME2 (parent), e)
        || gst_pad_event_default (pad, parent, e);
  gst_event_unref (e);
  return FALSE;
}

void
gst_realtime2_text_pad_start (GstRealtime2TextPad *pad)
{
  GST_REALTIME2_ASSERT_LOCKED (pad->self);
  rt2_caption_reader_clear (pad->reader);
  pad->pacer.delay = pad->self->delay;
  pad->announced = FALSE;
  pad->position = 0;
  pad->seq = 0;
  pad->speaker = RT2_ROLE_ASSISTANT;
}

void
gst_realtime2_text_pad_stop (GstRealtime2TextPad *pad)
{
  GST_REALTIME2_ASSERT_LOCKED (pad->self);
  gst_realtime2_pacer_set_flushing (pad->self, &pad->pacer, TRUE);
}

void
gst_realtime2_text_pad_close (GstRealtime2TextPad *pad)
{
  GST_REALTIME2_ASSERT_LOCKED (pad->self);
  gst_realtime2_pacer_close (pad->self, &pad->pacer);
}

void
gst_realtime2_text_pad_reschedule (GstRealtime2TextPad *pad)
{
  GST_REALTIME2_ASSERT_LOCKED (pad->self);
  gst_realtime2_pacer_interrupt (&pad->pacer);
}

void
gst_realtime2_text_pad_add (GstRealtime2TextPad *pad, Rt2Spoken *spoken)
{
  Rt2CaptionRules rules = get_rules (pad);

  GST_REALTIME2_ASSERT_LOCKED (pad->self);
  if (!pad->linked)
    return;
  if (rt2_caption_reader_add (pad->reader, &rules, spoken))
    return;
  GST_WARNING_OBJECT (pad, "more than %d items wait: the oldest is dropped",
      RT2_CAPTION_MAX_ITEMS);
  gst_realtime2_note_lost_item (pad->self);
}

gboolean
gst_realtime2_text_pad_is_waiting (GstRealtime2TextPad *pad)
{
  GST_REALTIME2_ASSERT_LOCKED (pad->self);
  return rt2_caption_reader_is_waiting (pad->reader);
}

void
gst_realtime2_text_pad_wake (GstRealtime2TextPad *pad)
{
  GST_REALTIME2_ASSERT_LOCKED (pad->self);
  if (rt2_caption_reader_is_waiting (pad->reader)
      || GST_CLOCK_TIME_IS_VALID (pad->self->eos_time))
    gst_realtime2_pacer_wake (&pad->pacer);
}

gboolean
gst_realtime2_text_pad_wants_user (GstRealtime2TextPad *pad)
{
  return (get_rules (pad).roles & RT2_CAPTION_ROLE_USER) != 0;
}

GstPad *
gst_realtime2_text_pad_create (
    GstRealtime2 *self, GstPadTemplate *templ, const gchar *name)
{
  GstRealtime2TextPad *pad = g_object_new (GST_TYPE_REALTIME2_TEXT_PAD, "name",
      name, "direction", GST_PAD_SRC, "template", templ, NULL);

  pad->self = self;
  gst_pad_set_activatemode_function (
      GST_PAD (pad), GST_DEBUG_FUNCPTR (activate_mode));
  gst_pad_set_query_function (GST_PAD (pad), GST_DEBUG_FUNCPTR (query));
  gst_pad_set_event_function (GST_PAD (pad), GST_DEBUG_FUNCPTR (event));
  gst_pad_use_fixed_caps (GST_PAD (pad));
  g_signal_connect (pad, "linked", G_CALLBACK (on_linked), NULL);
  return GST_PAD (pad);
}

/* --- GObject --- */

static void
set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstRealtime2TextPad *pad = GST_REALTIME2_TEXT_PAD (object);

  GST_OBJECT_LOCK (pad);
  switch (id) {
    case PROP_ROLES:
      pad->rules.roles = g_value_get_flags (value);
      break;
    case PROP_PHASES:
      pad->rules.phases = g_value_get_flags (value);
      break;
    case PROP_GRANULARITY:
      pad->rules.granularity = g_value_get_enum (value);
      break;
    case PROP_TEXT_MAX_WAIT:
      pad->rules.max_wait = g_value_get_uint64 (value);
      break;
    case PROP_SYNC:
      pad->rules.sync = g_value_get_enum (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (pad);
  /* A reader of the user's words turns their transcription on. */
  if (id == PROP_ROLES && pad->self)
    gst_realtime2_update_config (pad->self);
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  Rt2CaptionRules rules = get_rules (GST_REALTIME2_TEXT_PAD (object));

  switch (id) {
    case PROP_ROLES:
      g_value_set_flags (value, rules.roles);
      break;
    case PROP_PHASES:
      g_value_set_flags (value, rules.phases);
      break;
    case PROP_GRANULARITY:
      g_value_set_enum (value, rules.granularity);
      break;
    case PROP_TEXT_MAX_WAIT:
      g_value_set_uint64 (value, rules.max_wait);
      break;
    case PROP_SYNC:
      g_value_set_enum (value, rules.sync);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
finalize (GObject *object)
{
  rt2_caption_reader_free (GST_REALTIME2_TEXT_PAD (object)->reader);
  G_OBJECT_CLASS (gst_realtime2_text_pad_parent_class)->finalize (object);
}

static void
gst_realtime2_text_pad_class_init (GstRealtime2TextPadClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS
      | GST_PARAM_MUTABLE_PLAYING;

  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->finalize = finalize;

  properties[PROP_ROLES] = g_param_spec_flags ("roles", "Roles",
      "Whose words come out of this pad", GST_TYPE_REALTIME2_ROLES,
      RT2_CAPTION_ROLE_ASSISTANT, flags);
  properties[PROP_PHASES] = g_param_spec_flags ("phases", "Phases",
      "Which of the agent's words come out of this pad",
      GST_TYPE_REALTIME2_PHASES,
      RT2_CAPTION_PHASE_COMMENTARY | RT2_CAPTION_PHASE_FINAL_ANSWER
          | RT2_CAPTION_PHASE_UNKNOWN,
      flags);
  properties[PROP_GRANULARITY] = g_param_spec_enum ("granularity",
      "Granularity", "How much text one buffer holds",
      GST_TYPE_REALTIME2_GRANULARITY, RT2_GRANULARITY_SENTENCE, flags);
  properties[PROP_TEXT_MAX_WAIT] = g_param_spec_uint64 ("text-max-wait",
      "Text max wait",
      "How long text that is being spoken waits for the end of "
      "its sentence or item to be known, ns",
      0, 60 * GST_SECOND, 3 * GST_SECOND, flags);
  properties[PROP_SYNC] = g_param_spec_enum ("sync", "Sync", "When text leaves",
      GST_TYPE_REALTIME2_TEXT_SYNC, RT2_CAPTION_SYNC_AUDIO, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
gst_realtime2_text_pad_init (GstRealtime2TextPad *pad)
{
  pad->reader = rt2_caption_reader_new ();
  pad->pacer.flushing = TRUE;
  pad->rules.roles = RT2_CAPTION_ROLE_ASSISTANT;
  pad->rules.phases = RT2_CAPTION_PHASE_COMMENTARY
      | RT2_CAPTION_PHASE_FINAL_ANSWER | RT2_CAPTION_PHASE_UNKNOWN;
  pad->rules.granularity = RT2_GRANULARITY_SENTENCE;
  pad->rules.max_wait = 3 * GST_SECOND;
  pad->rules.sync = RT2_CAPTION_SYNC_AUDIO;
}
