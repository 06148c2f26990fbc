/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The stage on which the element is tested: peer, clock, bus, pads.
 */
#include "harness.h"

#include <string.h>

#define PATIENCE (30 * G_USEC_PER_SEC)
/* ms between two looks at whether a task still waits on the clock at all. */
#define LOOK 5

static GstStaticPadTemplate source_template = GST_STATIC_PAD_TEMPLATE (
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

/* --- messages --- */

static GstBusSyncReply
on_bus_message (GstBus *bus, GstMessage *message, gpointer data)
{
  Talk *talk = data;

  g_mutex_lock (&talk->lock);
  g_ptr_array_add (talk->messages, message);
  g_cond_broadcast (&talk->changed);
  g_mutex_unlock (&talk->lock);
  return GST_BUS_DROP;
}

static void
on_state (GstElement *element, GParamSpec *pspec, Talk *talk)
{
  gint state;

  g_object_get (element, "state", &state, NULL);
  g_mutex_lock (&talk->lock);
  g_array_append_val (talk->states, state);
  g_cond_broadcast (&talk->changed);
  g_mutex_unlock (&talk->lock);
}

static gboolean
is_message (GstMessage *message, GstMessageType type, const gchar *name)
{
  if (GST_MESSAGE_TYPE (message) != type)
    return FALSE;
  return !name
      || g_strcmp0 (
             gst_structure_get_name (gst_message_get_structure (message)), name)
      == 0;
}

/* With the lock held. */
static GstMessage *
find_message (Talk *talk, GstMessageType type, const gchar *name, guint i)
{
  for (guint k = 0; k < talk->messages->len; k++) {
    GstMessage *message = g_ptr_array_index (talk->messages, k);

    if (is_message (message, type, name) && i-- == 0)
      return message;
  }
  return NULL;
}

static GstMessage *
wait_message (Talk *talk, GstMessageType type, const gchar *name, guint i,
    gint64 patience)
{
  gint64 deadline = g_get_monotonic_time () + patience;
  GstMessage *message;

  g_mutex_lock (&talk->lock);
  while (!(message = find_message (talk, type, name, i))
      && g_cond_wait_until (&talk->changed, &talk->lock, deadline))
    ;
  g_mutex_unlock (&talk->lock);
  return message;
}

static guint
count_messages (Talk *talk, GstMessageType type, const gchar *name)
{
  guint n = 0;

  g_mutex_lock (&talk->lock);
  while (find_message (talk, type, name, n))
    n++;
  g_mutex_unlock (&talk->lock);
  return n;
}

const GstStructure *
talk_message (Talk *talk, const gchar *name, guint i)
{
  gchar *full = g_strconcat ("realtime2/", name, NULL);
  GstMessage *message = wait_message (
      talk, GST_MESSAGE_ELEMENT, full, i, PATIENCE);

  g_free (full);
  fail_unless (message != NULL, "no message %s number %u", name, i);
  return gst_message_get_structure (message);
}

gboolean
talk_message_within (Talk *talk, const gchar *name, guint ms)
{
  gchar *full = g_strconcat ("realtime2/", name, NULL);
  GstMessage *message = wait_message (
      talk, GST_MESSAGE_ELEMENT, full, 0, ms * (gint64) 1000);

  g_free (full);
  return message != NULL;
}

guint
talk_count_messages (Talk *talk, const gchar *name)
{
  gchar *full = g_strconcat ("realtime2/", name, NULL);
  guint n = count_messages (talk, GST_MESSAGE_ELEMENT, full);

  g_free (full);
  return n;
}

GstMessage *
talk_message_of (Talk *talk, GstMessageType type, guint i)
{
  GstMessage *message = wait_message (talk, type, NULL, i, PATIENCE);

  fail_unless (message != NULL, "no %s message number %u",
      gst_message_type_get_name (type), i);
  return message;
}

guint
talk_count_messages_of (Talk *talk, GstMessageType type)
{
  return count_messages (talk, type, NULL);
}

/* The value of `state` whose nick is @nick. */
static gint
state_of (Talk *talk, const gchar *nick)
{
  GParamSpec *pspec = g_object_class_find_property (
      G_OBJECT_GET_CLASS (talk->element), "state");
  GEnumValue *value = g_enum_get_value_by_nick (
      G_PARAM_SPEC_ENUM (pspec)->enum_class, nick);

  g_assert_nonnull (value);
  return value->value;
}

/* With the lock held. */
static gboolean
find_state (Talk *talk, gint state, guint *from)
{
  for (guint i = *from; i < talk->states->len; i++) {
    if (g_array_index (talk->states, gint, i) == state) {
      *from = i + 1;
      return TRUE;
    }
  }
  return FALSE;
}

void
talk_wait_state (Talk *talk, const gchar *state, guint *from)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE;
  gint wanted = state_of (talk, state);
  gboolean found;

  g_mutex_lock (&talk->lock);
  while (!(found = find_state (talk, wanted, from))
      && g_cond_wait_until (&talk->changed, &talk->lock, deadline))
    ;
  g_mutex_unlock (&talk->lock);
  fail_unless (found, "`state` was never notified as %s", state);
}

/* --- life --- */

Talk *
talk_new (void)
{
  Talk *talk = g_new0 (Talk, 1);
  gchar *url;

  g_mutex_init (&talk->lock);
  g_cond_init (&talk->changed);
  talk->messages = g_ptr_array_new_with_free_func (
      (GDestroyNotify) gst_message_unref);
  talk->states = g_array_new (FALSE, FALSE, sizeof (gint));
  talk->taps = g_ptr_array_new_with_free_func ((GDestroyNotify) tap_free);
  talk->sinks = g_ptr_array_new_with_free_func (gst_object_unref);
  talk->peer = peer_new ();
  talk->element = gst_element_factory_make ("realtime2", NULL);
  fail_unless (talk->element != NULL);
  gst_object_ref_sink (talk->element);
  talk->out = &law_pcm;

  url = peer_dup_url (talk->peer);
  g_object_set (talk->element, "uri", url, NULL);
  g_free (url);
  talk->bus = gst_bus_new ();
  gst_bus_set_sync_handler (talk->bus, on_bus_message, talk, NULL);
  gst_element_set_bus (talk->element, talk->bus);
  g_signal_connect (
      talk->element, "notify::state", G_CALLBACK (on_state), talk);
  return talk;
}

void
talk_free (Talk *talk)
{
  for (guint i = 0; i < talk->taps->len; i++)
    tap_release (g_ptr_array_index (talk->taps, i));
  fail_unless_equals_int (gst_element_set_state (talk->element, GST_STATE_NULL),
      GST_STATE_CHANGE_SUCCESS);
  if (!talk->fails)
    fail_unless_equals_int (
        talk_count_messages_of (talk, GST_MESSAGE_ERROR), 0);
  g_ptr_array_unref (talk->taps);
  if (talk->harness)
    gst_harness_teardown (talk->harness);
  g_signal_handlers_disconnect_by_data (talk->element, talk);
  gst_element_set_bus (talk->element, NULL);
  gst_object_unref (talk->element);
  g_ptr_array_unref (talk->sinks);
  gst_object_unref (talk->bus);
  gst_clear_object (&talk->clock);
  peer_free (talk->peer);
  g_ptr_array_unref (talk->messages);
  g_array_unref (talk->states);
  g_mutex_clear (&talk->lock);
  g_cond_clear (&talk->changed);
  g_free (talk);
}

static void
tap_src (Talk *talk)
{
  GstPad *pad = gst_element_get_static_pad (talk->element, "src");

  talk->src = tap_new (pad);
  g_ptr_array_insert (talk->taps, 0, talk->src);
  gst_object_unref (pad);
}

void
talk_play_unconnected (Talk *talk, const Law *out, guint64 running_time)
{
  GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE (
      "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (out->caps));

  talk->out = out;
  talk->clock = GST_TEST_CLOCK (
      gst_test_clock_new_with_start_time (TALK_BASE + running_time));
  gst_element_set_clock (talk->element, GST_CLOCK (talk->clock));
  gst_element_set_base_time (talk->element, TALK_BASE);
  tap_src (talk);
  talk->harness = gst_harness_new_empty ();
  gst_harness_add_element_full (talk->harness, talk->element, &source_template,
      "sink", &sink_template, "src");
  gst_harness_set_drop_buffers (talk->harness, TRUE);
  gst_static_caps_cleanup (&sink_template.static_caps);
}

void
talk_play (Talk *talk, const Law *out)
{
  talk_play_unconnected (talk, out, 0);
  talk_message (talk, "session-updated", 0);
  talk_sync (talk);
}

Talk *
talk_new_playing (void)
{
  Talk *talk = talk_new ();

  talk_play (talk, &law_pcm);
  return talk;
}

/* --- text pads --- */

static GstFlowReturn
swallow (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  gst_buffer_unref (buffer);
  return GST_FLOW_OK;
}

Tap *
talk_link_text (Talk *talk, GstPad *pad, const gchar *caps)
{
  GstCaps *taken = gst_caps_from_string (caps);
  GstPadTemplate *templ = gst_pad_template_new (
      "sink", GST_PAD_SINK, GST_PAD_ALWAYS, taken);
  GstPad *sink = gst_pad_new_from_template (templ, NULL);
  Tap *tap = tap_new (pad);

  g_ptr_array_add (talk->taps, tap);
  gst_pad_set_chain_function (sink, swallow);
  gst_pad_set_active (sink, TRUE);
  g_ptr_array_add (talk->sinks, gst_object_ref_sink (sink));
  fail_unless_equals_int (gst_pad_link (pad, sink), GST_PAD_LINK_OK);
  gst_object_unref (templ);
  gst_caps_unref (taken);
  gst_object_unref (pad);
  return tap;
}

GstPad *
talk_add_text (Talk *talk, const gchar *name, const gchar *caps)
{
  GstPadTemplate *wanted = gst_element_get_pad_template (
      talk->element, "text_src_%u");
  GstPad *pad = gst_element_request_pad (talk->element, wanted, name, NULL);

  fail_unless (pad != NULL);
  talk_link_text (talk, pad, caps);
  return pad;
}

static guint
tap_index (Talk *talk, GstPad *pad)
{
  guint first = talk->src ? 1 : 0;
  GstPad *peer = gst_pad_get_peer (pad);
  guint i;

  fail_unless (g_ptr_array_find (talk->sinks, peer, &i));
  gst_object_unref (peer);
  return first + i;
}

Tap *
talk_tap_of (Talk *talk, GstPad *pad)
{
  return g_ptr_array_index (talk->taps, tap_index (talk, pad));
}

void
talk_release_text (Talk *talk, GstPad *pad)
{
  guint i = tap_index (talk, pad);
  GstPad *sink = g_ptr_array_index (talk->sinks, i - (talk->src ? 1 : 0));

  gst_pad_unlink (pad, sink);
  gst_element_release_request_pad (talk->element, pad);
  g_ptr_array_remove_index (talk->taps, i);
  g_ptr_array_remove (talk->sinks, sink);
}

/* --- time --- */

guint64
talk_now (Talk *talk)
{
  return gst_clock_get_time (GST_CLOCK (talk->clock)) - TALK_BASE;
}

/* Tasks that will wait on the clock when they are done with this instant. */
static guint
count_waiters (Talk *talk)
{
  guint n;

  g_mutex_lock (&talk->lock);
  n = talk->pushers;
  g_mutex_unlock (&talk->lock);
  for (guint i = 0; i < talk->taps->len; i++)
    n += tap_is_live (g_ptr_array_index (talk->taps, i));
  return n;
}

void
talk_add_pusher (Talk *talk, gint n)
{
  g_mutex_lock (&talk->lock);
  talk->pushers += n;
  g_mutex_unlock (&talk->lock);
}

void
talk_settle (Talk *talk)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE;

  while (!gst_test_clock_timed_wait_for_multiple_pending_ids (
      talk->clock, count_waiters (talk), LOOK, NULL))
    fail_unless (g_get_monotonic_time () < deadline,
        "%u of %u tasks wait on the clock",
        gst_test_clock_peek_id_count (talk->clock), count_waiters (talk));
}

/* Lets go whoever waits for @time or earlier. */
static void
let_go (Talk *talk, guint64 time)
{
  GList *ids = NULL, *due = NULL;

  gst_test_clock_wait_for_multiple_pending_ids (talk->clock, 0, &ids);
  for (GList *l = ids; l; l = l->next)
    if (gst_clock_id_get_time (l->data) <= time)
      due = g_list_prepend (due, l->data);
  gst_test_clock_process_id_list (talk->clock, due);
  g_list_free (due);
  g_list_free_full (ids, gst_clock_id_unref);
}

static void
step_to (Talk *talk, guint64 time)
{
  if (time > gst_clock_get_time (GST_CLOCK (talk->clock)))
    gst_test_clock_set_time (talk->clock, time);
  let_go (talk, time);
  talk_settle (talk);
}

void
talk_step (Talk *talk)
{
  talk_settle (talk);
  step_to (talk, gst_test_clock_get_next_entry_time (talk->clock));
}

void
talk_run_to (Talk *talk, guint64 until)
{
  guint64 next;

  talk_settle (talk);
  while ((next = gst_test_clock_get_next_entry_time (talk->clock))
      <= TALK_BASE + until)
    step_to (talk, next);
  talk_jump_to (talk, until);
}

void
talk_jump_to (Talk *talk, guint64 running_time)
{
  if (running_time > talk_now (talk))
    gst_test_clock_set_time (talk->clock, TALK_BASE + running_time);
}

void
talk_run_to_eos (Talk *talk)
{
  talk_message (talk, "drained", 0);
  while (tap_is_live (talk->src))
    talk_step (talk);
  tap_event (talk->src, GST_EVENT_EOS, 0);
}

/* Two, because what follows from an event may come after its message. */
void
talk_sync (Talk *talk)
{
  for (guint i = 0; i < 2; i++) {
    peer_send (talk->peer,
        "{\"type\":\"rate_limits.updated\",\"event_id\":\"event_0\","
        "\"rate_limits\":[{\"name\":\"sync\",\"limit\":1,\"remaining\":%u,"
        "\"reset_seconds\":0}]}",
        talk->syncs);
    talk_message (talk, "rate-limits", talk->syncs++);
  }
  if (talk->harness)
    talk_settle (talk);
}

void
talk_sync_up (Talk *talk)
{
  guint n = peer_count (talk->peer, "session.update");
  gchar *text = g_strdup_printf ("This is update %u.", n);

  g_object_set (talk->element, "instructions", text, NULL);
  g_free (text);
  peer_event (talk->peer, "session.update", n);
  talk_sync (talk);
}
