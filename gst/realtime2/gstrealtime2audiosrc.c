/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The src pad's task. Time is counted in samples from a base: a buffer's
 * timestamp is computed anew from its number, so nothing ever drifts.
 */
#include "gstrealtime2audiosrc.h"

#include "gstrealtime2budget.h"
#include "gstrealtime2commands.h"
#include "gstrealtime2configure.h"
#include "gstrealtime2fields.h"
#include "gstrealtime2figures.h"
#include "gstrealtime2input.h"
#include "gstrealtime2link.h"
#include "gstrealtime2meta.h"
#include "gstrealtime2pacer.h"
#include "gstrealtime2textpad.h"

#define GST_CAT_DEFAULT gst_realtime2_debug

/* A neighbour that is this late gets silence for what it missed. */
#define LATE_FILL (200 * GST_MSECOND)
/* One that is this late gets a jump instead. */
#define LATE_JUMP (2 * GST_SECOND)

/* How far a flush of what is downstream has come. The task sends FLUSH_STOP, so
 * it is never on its way with a buffer then, and nobody waits for the task. */
typedef enum {
  FLUSH_NONE,
  FLUSH_STARTING, /* FLUSH_START is being sent; the task waits */
  FLUSH_STARTED,  /* FLUSH_STOP is the task's to send */
} Flush;

struct _GstRealtime2AudioSrc {
  GstRealtime2 *self;
  GstPad *pad; /* the src pad, not owned */

  /* All below: self->lock. */
  GstRealtime2Pacer pacer; /* of the task */
  guint64 period;          /* ns per buffer, as set */
  guint period_samples;    /* per buffer */

  gboolean active;    /* the pad is, and is to stay so */
  gboolean over;      /* the stream has ended, here or by its neighbour */
  Flush flush;        /* under way */
  guint32 flush_seq;  /* seqnum of its events */
  gboolean announced; /* stream-start, caps and segment were pushed */
  guint64 base;       /* running time of sample 0, or NONE: not begun */
  guint64 position;   /* samples since base: the next one's number */
  guint64 offset;     /* samples pushed in this run */
  gboolean discont;   /* the next buffer does not follow the last */
  gboolean filling;   /* silence until the clock is caught up with */
  guint64 seq;        /* of the next buffer of speech */
  GQueue events;      /* GstEvent*, before the next buffer */
  GQueue forgotten;   /* gchar*, items for the server to forget */

  guint32 passed_seqnum; /* of the last event passed upstream */

  GstRealtime2AudioSrcStats stats;
};

/* --- formats --- */

static GstCaps *
caps_of (Rt2AudioFormat format)
{
  switch (format) {
    case RT2_AUDIO_FORMAT_PCMU:
      return gst_caps_from_string ("audio/x-mulaw, rate=8000, channels=1");
    case RT2_AUDIO_FORMAT_PCMA:
      return gst_caps_from_string ("audio/x-alaw, rate=8000, channels=1");
    default:
      return gst_caps_from_string (
          "audio/x-raw, format=S16LE, "
          "layout=interleaved, rate=24000, channels=1");
  }
}

Rt2AudioFormat
gst_realtime2_audio_src_choose_format (GstPad *pad)
{
  static const Rt2AudioFormat formats[] = { RT2_AUDIO_FORMAT_PCM16,
    RT2_AUDIO_FORMAT_PCMU, RT2_AUDIO_FORMAT_PCMA };
  GstCaps *allowed = gst_pad_get_allowed_caps (pad);
  Rt2AudioFormat chosen = RT2_AUDIO_FORMAT_PCM16;

  for (guint i = 0; allowed && i < G_N_ELEMENTS (formats); i++) {
    GstCaps *caps = caps_of (formats[i]);
    gboolean fits = gst_caps_can_intersect (allowed, caps);

    gst_caps_unref (caps);
    if (fits) {
      chosen = formats[i];
      break;
    }
  }
  gst_clear_caps (&allowed);
  return chosen;
}

/* --- the timeline --- */

static guint64
time_of (GstRealtime2AudioSrc *audio, guint64 position)
{
  return audio->base
      + rt2_audio_format_samples_to_ns (audio->self->output_format, position);
}

/* Begins the timeline at the period of the clock that @now is in, so that many
 * elements wake at the same instants. */
static void
begin_timeline (GstRealtime2AudioSrc *audio, guint64 now)
{
  audio->base = now - now % audio->period;
  audio->position = 0;
  audio->discont = TRUE;
  audio->filling = FALSE;
}

/* Decides what to do about a neighbour that kept us from being on time. */
static void
catch_up (GstRealtime2AudioSrc *audio, guint64 now)
{
  guint64 next = time_of (audio, audio->position);
  guint64 late = now > next ? now - next : 0;

  if (late > LATE_JUMP || next > now + LATE_JUMP) {
    begin_timeline (audio, now);
    audio->stats.resyncs++;
    audio->stats.jumped += MAX (audio->base, next) - next;
  } else if (late > LATE_FILL) {
    audio->stats.fills += audio->filling ? 0 : 1;
    audio->filling = TRUE;
  } else if (late < audio->period) {
    audio->filling = FALSE;
  }
}

static void
warn_of_jump (GstRealtime2 *self, guint64 from, guint64 to)
{
  GST_ELEMENT_WARNING (self, CORE, CLOCK,
      ("Audio was not taken in time: the stream jumps."),
      ("from %" GST_TIME_FORMAT " to %" GST_TIME_FORMAT, GST_TIME_ARGS (from),
          GST_TIME_ARGS (to)));
}

/* --- what goes out --- */

static GstEvent *
mark_event (Rt2MarkKind kind, const Rt2Spoken *spoken)
{
  GstStructure *fields = gst_structure_new (kind == RT2_MARK_STARTED
          ? "realtime2/item-started"
          : "realtime2/item-done",
      "item-id", G_TYPE_STRING, spoken->id, NULL);

  gst_realtime2_set_string (fields, "response-id", spoken->response_id);
  gst_realtime2_set_string (
      fields, "phase", rt2_phase_name (rt2_spoken_phase (spoken)));
  return gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM, fields);
}

static void
take_mark (GstRealtime2AudioSrc *audio, Rt2MarkKind kind, Rt2Spoken *spoken)
{
  switch (kind) {
    case RT2_MARK_READ:
      gst_realtime2_wake_text_pads (audio->self);
      break;
    case RT2_MARK_DROPPED:
      g_queue_push_tail (&audio->forgotten, g_strdup (spoken->id));
      break;
    default:
      g_queue_push_tail (&audio->events, mark_event (kind, spoken));
  }
}

static void
take_marks (GstRealtime2AudioSrc *audio)
{
  Rt2MarkKind kind;
  Rt2Spoken *spoken;

  while (rt2_playout_pop_mark (audio->self->playout, &kind, &spoken)) {
    take_mark (audio, kind, spoken);
    rt2_spoken_unref (spoken);
  }
}

/* Tells the session of what nobody will hear. Called without locks. */
static void
forget_items (GstRealtime2AudioSrc *audio)
{
  GstRealtime2 *self = audio->self;
  gchar *item_id;

  do {
    g_mutex_lock (&self->lock);
    item_id = g_queue_pop_head (&audio->forgotten);
    g_mutex_unlock (&self->lock);
    if (item_id)
      gst_realtime2_link_forget_item (self->link, item_id);
    g_free (item_id);
  } while (item_id);
}

/* The buffer for the period that begins at @position. */
static GstBuffer *
make_buffer (GstRealtime2AudioSrc *audio, Rt2Slot *slot)
{
  GstRealtime2 *self = audio->self;
  guint n = audio->period_samples;
  guint64 pts = time_of (audio, audio->position);
  gsize size = n * rt2_audio_format_width (self->output_format);
  guint8 *data = g_malloc (size);
  GstBuffer *buffer;

  if (audio->filling) {
    rt2_playout_skip (self->playout, data, n);
    *slot = (Rt2Slot){ 0 };
    audio->stats.filled += time_of (audio, audio->position + n) - pts;
  } else {
    rt2_playout_take (self->playout, pts, data, n, slot);
  }
  rt2_echo_output (self->echo, self->output_format, data, n,
      rt2_playout_sounds_at (self->playout, pts));

  buffer = gst_buffer_new_wrapped (data, size);
  GST_BUFFER_PTS (buffer) = pts;
  GST_BUFFER_DURATION (buffer) = time_of (audio, audio->position + n) - pts;
  GST_BUFFER_OFFSET (buffer) = audio->offset;
  GST_BUFFER_OFFSET_END (buffer) = audio->offset + n;
  if (audio->discont)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  if (slot->n_speech == 0)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_GAP);
  else
    gst_realtime2_meta_add_audio (
        buffer, slot->spoken, slot->offset, slot->final, audio->seq++);
  return buffer;
}

/* Fills the next period. Called with self->lock. */
static GstBuffer *
next_buffer (GstRealtime2AudioSrc *audio)
{
  Rt2Slot slot;
  GstBuffer *buffer = make_buffer (audio, &slot);

  audio->position += audio->period_samples;
  audio->offset += audio->period_samples;
  audio->discont = FALSE;
  audio->stats.buffers++;
  audio->stats.silent_buffers += slot.n_speech == 0 ? 1 : 0;
  take_marks (audio);
  rt2_figures_placed (
      audio->self->figures, rt2_playout_get_latency (audio->self->playout));
  if (slot.n_speech > 0)
    gst_realtime2_wake_text_pads (audio->self);
  return buffer;
}

static void
push_segment (GstRealtime2AudioSrc *audio)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (audio->pad, gst_event_new_segment (&segment));
}

static void
announce (GstRealtime2AudioSrc *audio)
{
  GstRealtime2 *self = audio->self;
  GstCaps *caps;

  gst_pad_push_event (audio->pad, gst_realtime2_stream_start (self, "audio"));
  caps = caps_of (self->output_format);
  gst_pad_push_event (audio->pad, gst_event_new_caps (caps));
  gst_caps_unref (caps);
  push_segment (audio);
}

static void
push_events (GstRealtime2AudioSrc *audio)
{
  GstRealtime2 *self = audio->self;
  GstEvent *event;

  do {
    g_mutex_lock (&self->lock);
    event = g_queue_pop_head (&audio->events);
    g_mutex_unlock (&self->lock);
    if (event)
      gst_pad_push_event (audio->pad, event);
  } while (event);
}

/* --- a flush --- */

gboolean
gst_realtime2_audio_src_begin_flush (GstRealtime2AudioSrc *audio)
{
  GstRealtime2 *self = audio->self;

  GST_REALTIME2_ASSERT_LOCKED (audio->self);
  if (!audio->active || !audio->announced || audio->over || !self->playing
      || audio->flush != FLUSH_NONE)
    return FALSE;
  audio->flush = FLUSH_STARTING;
  audio->flush_seq = gst_util_seqnum_next ();
  gst_realtime2_pacer_set_flushing (self, &audio->pacer, TRUE);
  return TRUE;
}

void
gst_realtime2_audio_src_flush (GstRealtime2AudioSrc *audio)
{
  GstRealtime2 *self = audio->self;
  GstEvent *start = gst_event_new_flush_start ();

  GST_REALTIME2_ASSERT_NOT_TASK (audio->pad);
  GST_DEBUG_OBJECT (audio->pad, "flush");
  gst_event_set_seqnum (start, audio->flush_seq);
  gst_pad_push_event (audio->pad, start);

  g_mutex_lock (&self->lock);
  audio->flush = FLUSH_STARTED;
  g_cond_broadcast (&self->playing_cond);
  g_mutex_unlock (&self->lock);
}

/* Ends a flush that is under way: what flowed before it is gone, the timeline
 * goes on. Called with self->lock, which is released meanwhile. */
static void
end_flush (GstRealtime2AudioSrc *audio)
{
  GstRealtime2 *self = audio->self;
  GstEvent *stop = gst_event_new_flush_stop (FALSE);

  while (audio->flush == FLUSH_STARTING)
    g_cond_wait (&self->playing_cond, &self->lock);
  gst_event_set_seqnum (stop, audio->flush_seq);
  g_mutex_unlock (&self->lock);
  gst_pad_push_event (audio->pad, stop);
  /* A flush takes the segment away. */
  push_segment (audio);
  g_mutex_lock (&self->lock);

  audio->discont = TRUE;
  audio->flush = FLUSH_NONE;
  gst_realtime2_pacer_set_flushing (self, &audio->pacer, !audio->active);
}

/* Whether the task is to go round again after @ret. What a neighbour returned
 * in a flush says nothing about the stream after it. */
static gboolean
survives (GstRealtime2AudioSrc *audio, GstFlowReturn ret)
{
  GstRealtime2 *self = audio->self;
  gboolean flush;

  g_mutex_lock (&self->lock);
  flush = audio->flush != FLUSH_NONE;
  if (ret != GST_FLOW_OK && ret != GST_FLOW_NOT_LINKED && !flush)
    audio->over = TRUE;
  g_mutex_unlock (&self->lock);
  return flush;
}

/* --- the task --- */

/* Whether words wait for their time, which is behind the clock. */
static gboolean
words_are_waiting (GstRealtime2 *self)
{
  for (guint i = 0; self->delay > 0 && i < self->text_pads->len; i++)
    if (gst_realtime2_text_pad_is_waiting (
            g_ptr_array_index (self->text_pads, i)))
      return TRUE;
  return FALSE;
}

/* Nothing that the session said belongs to a later time. */
static guint64
last_instant (GstRealtime2 *self)
{
  guint64 input_end = gst_realtime2_input_position (self->input);

  return MAX (GST_CLOCK_TIME_IS_VALID (input_end) ? input_end : 0,
      GST_CLOCK_TIME_IS_VALID (self->drained_time) ? self->drained_time : 0);
}

/* The session has no more to say and all of it has been placed. */
static gboolean
is_at_end (GstRealtime2AudioSrc *audio)
{
  GstRealtime2 *self = audio->self;

  if (!self->drained || rt2_playout_is_speaking (self->playout))
    return FALSE;
  return !words_are_waiting (self)
      || time_of (audio, audio->position) >= last_instant (self);
}

/* Marks the end, FALSE while a flush would take it away. */
static gboolean
settle_end (GstRealtime2AudioSrc *audio, GstEvent *eos)
{
  GstRealtime2 *self = audio->self;

  g_mutex_lock (&self->lock);
  audio->over = audio->flush == FLUSH_NONE;
  if (audio->over) {
    if (self->eos_seqnum)
      gst_event_set_seqnum (eos, self->eos_seqnum);
    self->eos_time = time_of (audio, audio->position);
    gst_realtime2_wake_text_pads (self);
  }
  g_mutex_unlock (&self->lock);
  return audio->over;
}

static void
end_stream (GstRealtime2AudioSrc *audio)
{
  GstEvent *eos = gst_event_new_eos ();

  push_events (audio);
  if (!settle_end (audio, eos)) {
    gst_event_unref (eos);
    return;
  }
  GST_INFO_OBJECT (audio->pad, "end of the conversation");
  gst_pad_push_event (audio->pad, eos);
  gst_pad_pause_task (audio->pad);
}

/* Waits for the next period. FALSE if flushing. Called with self->lock; @jump
 * is the time from which the stream jumps, or NONE. */
static gboolean
wait_for_period (GstRealtime2AudioSrc *audio, guint64 *jump)
{
  GstRealtime2 *self = audio->self;
  guint resyncs = audio->stats.resyncs;
  guint64 now, next;

  *jump = GST_CLOCK_TIME_NONE;
  if (!GST_CLOCK_TIME_IS_VALID (audio->base)) {
    if (!gst_realtime2_pacer_wait_playing (self, &audio->pacer, &now))
      return FALSE;
    begin_timeline (audio, now);
  }
  next = time_of (audio, audio->position);
  if (!gst_realtime2_pacer_wait (self, &audio->pacer, next, &now))
    return FALSE;
  catch_up (audio, now);
  if (audio->stats.resyncs != resyncs)
    *jump = next;
  return TRUE;
}

static void
go_round (GstRealtime2AudioSrc *audio)
{
  GstRealtime2 *self = audio->self;
  GstBuffer *buffer = NULL;
  gboolean unshielded = FALSE, news = FALSE;
  guint64 jump, to = 0;
  GstFlowReturn ret;

  g_mutex_lock (&self->lock);
  if (audio->flush != FLUSH_NONE)
    end_flush (audio);
  if (!wait_for_period (audio, &jump)) {
    g_mutex_unlock (&self->lock);
    if (!survives (audio, GST_FLOW_OK))
      gst_pad_pause_task (audio->pad);
    return;
  }
  if (!audio->announced) {
    audio->announced = TRUE;
    g_mutex_unlock (&self->lock);
    announce (audio);
    g_mutex_lock (&self->lock);
  }
  if (!is_at_end (audio)) {
    unshielded = rt2_playout_is_protected (self->playout);
    news = gst_realtime2_budget_cut (self, time_of (audio, audio->position));
    buffer = next_buffer (audio);
    to = GST_BUFFER_PTS (buffer);
    /* What the user said in vain may interrupt now. */
    unshielded &= !rt2_playout_is_protected (self->playout);
  }
  g_mutex_unlock (&self->lock);

  if (!buffer) {
    end_stream (audio);
    return;
  }
  if (GST_CLOCK_TIME_IS_VALID (jump))
    warn_of_jump (self, jump, to);
  gst_realtime2_update_state (self);
  gst_realtime2_report_heard (self);
  forget_items (audio);
  if (unshielded || news)
    gst_realtime2_link_wake (self->link);
  push_events (audio);
  ret = gst_pad_push (audio->pad, buffer);
  if (!survives (audio, ret))
    gst_realtime2_take_flow (self, audio->pad, ret);
}

static void
loop (gpointer data)
{
  GstRealtime2AudioSrc *audio = data;

  GST_REALTIME2_BEGIN_TASK (audio->pad);
  go_round (audio);
  GST_REALTIME2_END_TASK ();
}

/* --- the pad --- */

static gboolean
activate_mode (GstPad *pad, GstObject *parent, GstPadMode mode, gboolean active)
{
  GstRealtime2 *self = GST_REALTIME2 (parent);
  GstRealtime2AudioSrc *audio = self->audio;

  if (mode != GST_PAD_MODE_PUSH)
    return FALSE;
  g_mutex_lock (&self->lock);
  audio->active = active;
  gst_realtime2_pacer_set_flushing (self, &audio->pacer, !active);
  g_mutex_unlock (&self->lock);
  return active ? gst_pad_start_task (pad, loop, audio, NULL)
                : gst_pad_stop_task (pad);
}

gboolean
gst_realtime2_answer_latency (GstRealtime2 *self, GstQuery *query)
{
  guint64 period, delay;

  GST_OBJECT_LOCK (self);
  period = self->settings.output_buffer_duration;
  delay = gst_realtime2_presentation_delay (&self->settings);
  GST_OBJECT_UNLOCK (self);
  gst_query_set_latency (query, TRUE, MAX (period, delay), GST_CLOCK_TIME_NONE);
  return TRUE;
}

static gboolean
src_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) == GST_QUERY_LATENCY)
    return gst_realtime2_answer_latency (GST_REALTIME2 (parent), query);
  return gst_pad_query_default (pad, parent, query);
}

static void
note_latency (GstRealtime2 *self, GstEvent *event)
{
  GstClockTime latency;
  guint64 offset;

  gst_event_parse_latency (event, &latency);
  GST_DEBUG_OBJECT (
      self, "latency is %" GST_TIME_FORMAT, GST_TIME_ARGS (latency));
  g_mutex_lock (&self->lock);
  GST_OBJECT_LOCK (self);
  offset = self->settings.playout_offset;
  GST_OBJECT_UNLOCK (self);
  self->latency = latency;
  rt2_playout_set_latency (self->playout, latency + offset);
  g_mutex_unlock (&self->lock);
}

/* Passes an event on to the input's side, but only once: where the input hears
 * the output, as in a model of a room, it comes back here. */
static gboolean
pass_upstream (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstRealtime2 *self = GST_REALTIME2 (parent);
  guint32 seqnum = gst_event_get_seqnum (event);
  gboolean again;

  g_mutex_lock (&self->lock);
  again = self->audio->passed_seqnum == seqnum;
  self->audio->passed_seqnum = seqnum;
  g_mutex_unlock (&self->lock);
  if (!again)
    return gst_pad_event_default (pad, parent, event);
  gst_event_unref (event);
  return TRUE;
}

static gboolean
src_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_LATENCY:
      note_latency (GST_REALTIME2 (parent), event);
      return pass_upstream (pad, parent, event);
    case GST_EVENT_SEEK:
      /* Live time can't be sought. */
      gst_event_unref (event);
      return FALSE;
    case GST_EVENT_RECONFIGURE:
      /* The format was settled with the server. */
      gst_event_unref (event);
      return TRUE;
    default:
      return gst_realtime2_take_command (GST_REALTIME2 (parent), event)
          || pass_upstream (pad, parent, event);
  }
}

/* --- life --- */

static void
clear_events (GstRealtime2AudioSrc *audio)
{
  g_queue_clear_full (&audio->forgotten, g_free);
  g_queue_clear_full (&audio->events, (GDestroyNotify) gst_event_unref);
}

void
gst_realtime2_audio_src_start (
    GstRealtime2AudioSrc *audio, const GstRealtime2Settings *settings)
{
  guint64 samples = rt2_audio_format_ns_to_samples (
      audio->self->output_format, settings->output_buffer_duration);

  GST_REALTIME2_ASSERT_LOCKED (audio->self);
  clear_events (audio);
  audio->period = settings->output_buffer_duration;
  audio->period_samples = MAX (samples, 1);
  audio->pacer.delay = audio->self->delay;
  audio->over = FALSE;
  audio->announced = FALSE;
  audio->base = GST_CLOCK_TIME_NONE;
  audio->offset = 0;
  audio->seq = 0;
  audio->stats = (GstRealtime2AudioSrcStats){ 0 };
}

void
gst_realtime2_audio_src_stop (GstRealtime2AudioSrc *audio)
{
  GstRealtime2 *self = audio->self;

  GST_REALTIME2_ASSERT_LOCKED (audio->self);
  audio->active = FALSE;
  gst_realtime2_pacer_set_flushing (self, &audio->pacer, TRUE);
  /* Who is left in a flush stays in it. */
  while (audio->flush != FLUSH_NONE)
    g_cond_wait (&self->playing_cond, &self->lock);
}

void
gst_realtime2_audio_src_queue_event (
    GstRealtime2AudioSrc *audio, GstEvent *event)
{
  GST_REALTIME2_ASSERT_LOCKED (audio->self);
  g_queue_push_tail (&audio->events, event);
}

void
gst_realtime2_audio_src_reschedule (GstRealtime2AudioSrc *audio)
{
  GST_REALTIME2_ASSERT_LOCKED (audio->self);
  gst_realtime2_pacer_interrupt (&audio->pacer);
}

void
gst_realtime2_audio_src_get_stats (
    GstRealtime2AudioSrc *audio, GstRealtime2AudioSrcStats *stats)
{
  GST_REALTIME2_ASSERT_LOCKED (audio->self);
  *stats = audio->stats;
}

GstRealtime2AudioSrc *
gst_realtime2_audio_src_new (GstRealtime2 *self, GstPad *pad)
{
  GstRealtime2AudioSrc *audio = g_new0 (GstRealtime2AudioSrc, 1);

  audio->self = self;
  audio->pad = pad;
  audio->pacer.flushing = TRUE;
  audio->base = GST_CLOCK_TIME_NONE;
  g_queue_init (&audio->events);
  g_queue_init (&audio->forgotten);
  gst_pad_set_activatemode_function (pad, GST_DEBUG_FUNCPTR (activate_mode));
  gst_pad_set_query_function (pad, GST_DEBUG_FUNCPTR (src_query));
  gst_pad_set_event_function (pad, GST_DEBUG_FUNCPTR (src_event));
  gst_pad_use_fixed_caps (pad);
  return audio;
}

void
gst_realtime2_audio_src_free (GstRealtime2AudioSrc *audio)
{
  clear_events (audio);
  g_free (audio);
}
