/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The properties of turn-taking that the schedule obeys: commentary, protect
 * and flush-on-interrupt; and what the bus hears of it.
 */
#include <string.h>

#include "harness.h"

#define TRUNCATE "conversation.item.truncate"
#define DELETE "conversation.item.delete"
#define PLAIN "text/x-raw, format=utf8"
#define SECOND_OF 24000 /* samples */

static const Spot spot_c = { "resp_1", 0, "item_c" };
static const Spot spot_a = { "resp_1", 1, "item_a" };

static Talk *
new_talk (const gchar *property, const gchar *value)
{
  Talk *talk = talk_new ();

  if (property)
    gst_util_set_object_arg (G_OBJECT (talk->element), property, value);
  talk_play (talk, &law_pcm);
  return talk;
}

/* @n samples of @spot from sample @first of the speech on, with a word. */
static void
say (Talk *talk, const Spot *spot, const gchar *phase, guint64 first, guint64 n,
    const gchar *text)
{
  peer_item (talk->peer, spot, phase);
  peer_speech (talk->peer, spot, talk->out, first, n);
  peer_words (talk->peer, spot, text);
  peer_words_done (talk->peer, spot, text);
  peer_audio_done (talk->peer, spot);
  peer_item_done (talk->peer, spot, text, phase);
}

/* A second of commentary, then two of the answer; not ended. */
static void
say_both (Talk *talk)
{
  peer_begin (talk->peer, "resp_1");
  say (talk, &spot_c, "commentary", 0, SECOND_OF, "Let me see.");
  say (talk, &spot_a, "final_answer", SECOND_OF, 2 * SECOND_OF, "Yes.");
  talk_sync (talk);
}

static void
barge_in (Talk *talk)
{
  peer_user_starts (talk->peer, "item_u", 0);
  talk_sync (talk);
  talk_sync_up (talk);
}

static const gchar *
item_of (JsonObject *event)
{
  return json_object_get_string_member (event, "item_id");
}

/* --- commentary --- */

/* Its words leave when it would have begun, the answer takes its place, and the
 * server may go on to believe that it was said. */
GST_START_TEST (test_text_only)
{
  Talk *talk = new_talk ("commentary", "text-only");
  Tap *text = talk_tap_of (talk, talk_add_text (talk, NULL, PLAIN));

  talk_run_to (talk, 210 * MS);
  say_both (talk);
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  talk_run_to (talk, 700 * MS);
  talk_assert_silence (talk, 0, 11 * 480);
  talk_assert_speech (talk, 11 * 480, SECOND_OF, 24 * 480);
  tap_assert_text (text, 0, "Let me see.", 220 * MS);
  fail_unless_equals_string (
      talk_string (talk_meta (tap_buffer (text, 0)), "phase"), "commentary");
  barge_in (talk);
  fail_unless_equals_int (peer_count (talk->peer, DELETE), 0);
  fail_unless_equals_int (peer_count (talk->peer, TRUNCATE), 1);
  fail_unless_equals_string (
      item_of (peer_event (talk->peer, TRUNCATE, 0)), "item_a");
  talk_free (talk);
}
GST_END_TEST;

/* Neither heard nor read, and the server forgets it once the response is over.
 */
GST_START_TEST (test_drop)
{
  Talk *talk = new_talk ("commentary", "drop");
  Tap *text = talk_tap_of (talk, talk_add_text (talk, NULL, PLAIN));

  talk_run_to (talk, 210 * MS);
  say_both (talk);
  talk_run_to (talk, 700 * MS);
  talk_sync_up (talk);
  fail_unless_equals_int (peer_count (talk->peer, DELETE), 0);
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  talk_sync_up (talk);
  fail_unless_equals_int (peer_count (talk->peer, DELETE), 1);
  fail_unless_equals_string (
      item_of (peer_event (talk->peer, DELETE, 0)), "item_c");
  talk_run_to (talk, 3 * GST_SECOND);
  talk_assert_speech (talk, 11 * 480, SECOND_OF, 2 * SECOND_OF);
  fail_unless_equals_int (tap_count_buffers (text), 1);
  tap_assert_text (text, 0, "Yes.", 220 * MS);
  fail_unless_equals_int (peer_count (talk->peer, TRUNCATE), 0);
  talk_free (talk);
}
GST_END_TEST;

/* A change counts for what has not begun. */
GST_START_TEST (test_commentary_while_playing)
{
  Talk *talk = new_talk (NULL, NULL);
  const Spot next = { "resp_2", 0, "item_d" };

  say_both (talk);
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  talk_run_to (talk, 500 * MS);
  gst_util_set_object_arg (G_OBJECT (talk->element), "commentary", "drop");
  talk_run_to (talk, 3 * GST_SECOND + 20 * MS);
  talk_assert_speech (talk, 480, 0, 3 * SECOND_OF);
  peer_begin (talk->peer, "resp_2");
  say (talk, &next, "commentary", 0, SECOND_OF, "Hm.");
  peer_end (talk->peer, "resp_2", "completed");
  talk_sync (talk);
  talk_run_to (talk, 4 * GST_SECOND);
  talk_assert_silence (talk, 480 + 3 * SECOND_OF, 48 * 480);
  talk_sync_up (talk);
  fail_unless_equals_string (
      item_of (peer_event (talk->peer, DELETE, 0)), "item_d");
  talk_free (talk);
}
GST_END_TEST;

/* --- protect --- */

static void
assert_untouched (Talk *talk, const gchar *type, const gchar *item)
{
  for (guint i = 0; i < peer_count (talk->peer, type); i++)
    fail_if (g_str_equal (item_of (peer_event (talk->peer, type, i)), item));
}

/* The commentary plays to its end, and the server is not told otherwise. */
GST_START_TEST (test_protect)
{
  Talk *talk = new_talk ("protect", "commentary");

  say_both (talk);
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  talk_run_to (talk, 400 * MS);
  barge_in (talk);
  talk_run_to (talk, 2 * GST_SECOND);
  talk_assert_speech (talk, 480, 0, SECOND_OF);
  /* What becomes of the answer behind it is between user and session. */
  talk_sync_up (talk);
  assert_untouched (talk, TRUNCATE, "item_c");
  assert_untouched (talk, DELETE, "item_c");
  talk_free (talk);
}
GST_END_TEST;

/* It is over with the period in which it began: what waits for its end goes on,
 * though nothing else happens. */
GST_START_TEST (test_protect_a_period)
{
  Talk *talk = new_talk ("protect", "all");
  gboolean sent = FALSE;

  peer_begin (talk->peer, "resp_1");
  say (talk, &spot_a, "final_answer", 0, 400, "Oh.");
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  g_signal_emit_by_name (talk->element, "send-text", "user", "Well?", &sent);
  fail_unless (sent);
  talk_sync_up (talk);
  fail_unless_equals_int (peer_count (talk->peer, "response.create"), 0);
  talk_run_to (talk, 100 * MS);
  talk_assert_speech (talk, 480, 0, 400);
  peer_event (talk->peer, "response.create", 0);
  talk_free (talk);
}
GST_END_TEST;

/* --- state --- */

static void
assert_state (Talk *talk, guint i, const gchar *state, const gchar *phase)
{
  const GstStructure *fields = talk_message (talk, "state-changed", i);

  fail_unless_equals_string (talk_string (fields, "state"), state);
  fail_unless_equals_string (talk_string (fields, "phase"), phase);
}

/* Each state and each phase once, in their order. */
GST_START_TEST (test_state)
{
  Talk *talk = new_talk (NULL, NULL);
  guint i = 2;

  talk_sync (talk);
  assert_state (talk, 0, "connecting", NULL);
  assert_state (talk, 1, "ready", NULL);
  barge_in (talk);
  assert_state (talk, i++, "listening", NULL);
  peer_user_stops (talk->peer, "item_u", 0);
  peer_committed (talk->peer, "item_u");
  talk_sync (talk);
  if (talk_count_messages (talk, "state-changed") == i + 2)
    assert_state (talk, i++, "ready", NULL);
  assert_state (talk, i++, "thinking", NULL);
  say_both (talk);
  talk_run_to (talk, 100 * MS);
  assert_state (talk, i++, "speaking", "commentary");
  talk_run_to (talk, 1100 * MS);
  assert_state (talk, i++, "speaking", "final_answer");
  talk_run_to (talk, 3100 * MS);
  assert_state (talk, i++, "thinking", NULL);
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  assert_state (talk, i++, "ready", NULL);
  fail_unless_equals_int (talk_count_messages (talk, "state-changed"), i);
  talk_free (talk);
}
GST_END_TEST;

/* What is left out is not spoken: not even for a moment. */
GST_START_TEST (test_state_of_dropped)
{
  Talk *talk = new_talk ("commentary", "drop");
  guint n;

  talk_sync (talk);
  n = talk_count_messages (talk, "state-changed");
  peer_begin (talk->peer, "resp_1");
  say (talk, &spot_c, "commentary", 0, SECOND_OF, "Hm.");
  talk_sync (talk);
  talk_run_to (talk, 100 * MS);
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  assert_state (talk, n, "thinking", NULL);
  assert_state (talk, n + 1, "ready", NULL);
  fail_unless_equals_int (talk_count_messages (talk, "state-changed"), n + 2);
  talk_free (talk);
}
GST_END_TEST;

/* --- flush --- */

/* The flushes that left a pad, with the buffers that had left before. */
typedef struct {
  GMutex lock;
  GstEventType types[8];
  guint32 seqnums[8];
  gboolean resets;
  guint n;
} Flushes;

static GstPadProbeReturn
on_flush (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Flushes *flushes = data;
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);
  gboolean resets;

  g_mutex_lock (&flushes->lock);
  g_assert_cmpuint (flushes->n, <, G_N_ELEMENTS (flushes->types));
  flushes->types[flushes->n] = GST_EVENT_TYPE (event);
  flushes->seqnums[flushes->n++] = gst_event_get_seqnum (event);
  if (GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_STOP) {
    gst_event_parse_flush_stop (event, &resets);
    flushes->resets |= resets;
  }
  g_mutex_unlock (&flushes->lock);
  return GST_PAD_PROBE_OK;
}

static void
watch_flushes (Talk *talk, const gchar *name, Flushes *flushes)
{
  GstPad *pad = gst_element_get_static_pad (talk->element, name);

  memset (flushes, 0, sizeof *flushes);
  g_mutex_init (&flushes->lock);
  gst_pad_add_probe (
      pad, GST_PAD_PROBE_TYPE_EVENT_FLUSH, on_flush, flushes, NULL);
  gst_object_unref (pad);
}

static guint
count_flushes (Flushes *flushes)
{
  guint n;

  g_mutex_lock (&flushes->lock);
  n = flushes->n;
  g_mutex_unlock (&flushes->lock);
  return n;
}

/* One whole flush that leaves the time alone. */
static void
assert_flushed (Flushes *flushes)
{
  fail_unless_equals_int (count_flushes (flushes), 2);
  fail_unless_equals_int (flushes->types[0], GST_EVENT_FLUSH_START);
  fail_unless_equals_int (flushes->types[1], GST_EVENT_FLUSH_STOP);
  fail_unless_equals_int (flushes->seqnums[0], flushes->seqnums[1]);
  fail_if (flushes->resets);
}

/* Every buffer begins where the one before it ended. */
static void
assert_no_gap (Talk *talk)
{
  guint64 end = 0;

  for (guint i = 0; i < tap_count_buffers (talk->src); i++) {
    GstBuffer *buffer = tap_buffer (talk->src, i);

    fail_unless_equals_uint64 (GST_BUFFER_PTS (buffer), end);
    end += GST_BUFFER_DURATION (buffer);
  }
}

/* An answer of 2 s behind a latency of 200 ms. All but the first of 20 periods
 * that are out hold it. */
static Talk *
new_flushing (Flushes *flushes)
{
  Talk *talk = new_talk ("flush-on-interrupt", "true");

  watch_flushes (talk, "src", flushes);
  gst_harness_push_upstream_event (
      talk->harness, gst_event_new_latency (200 * MS));
  peer_begin (talk->peer, "resp_1");
  say (talk, &spot_a, "final_answer", 0, 2 * SECOND_OF, "Yes. No. Perhaps.");
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  talk_run_to (talk, 400 * MS);
  return talk;
}

/* What was on its way is gone and was not heard; time goes on. */
GST_START_TEST (test_flush)
{
  Flushes flushes, text_flushes;
  Talk *talk = new_flushing (&flushes);
  GstPad *pad = talk_add_text (talk, "text_src_0", PLAIN);
  JsonObject *truncate;
  GstBuffer *next;
  gint oob, segment;

  watch_flushes (talk, GST_PAD_NAME (pad), &text_flushes);
  barge_in (talk);
  truncate = peer_event (talk->peer, TRUNCATE, 0);
  fail_unless_equals_int (
      json_object_get_int_member (truncate, "audio_end_ms"), 180);
  talk_run_to (talk, 600 * MS);
  assert_flushed (&flushes);
  fail_unless_equals_int (count_flushes (&text_flushes), 0);
  fail_unless_equals_int (tap_count_events (talk->src, GST_EVENT_SEGMENT), 2);
  fail_unless_equals_int (tap_count_events (talk->src, GST_EVENT_CAPS), 1);
  assert_no_gap (talk);
  next = tap_buffer (talk->src, 21);
  fail_unless (GST_BUFFER_FLAG_IS_SET (next, GST_BUFFER_FLAG_DISCONT));
  talk_assert_silence (talk, 21 * 480, 9 * 480);
  /* The neighbours were told before the flush, and in the stream behind it. */
  oob = tap_find_custom (talk->src, "realtime2/interrupted", 0);
  segment = tap_find_custom (talk->src, "realtime2/interrupted", oob + 1);
  fail_unless (oob >= 0 && segment > oob);
  talk_free (talk);
}
GST_END_TEST;

/* Nothing is on its way: there is nothing to flush. */
GST_START_TEST (test_no_flush_in_silence)
{
  Flushes flushes;
  Talk *talk = new_flushing (&flushes);

  talk_run_to (talk, 2300 * MS);
  barge_in (talk);
  talk_run_to (talk, 2400 * MS);
  fail_unless_equals_int (count_flushes (&flushes), 0);
  talk_assert_stream (talk, 480, 0);
  talk_free (talk);
}
GST_END_TEST;

/* One more answer, one more flush. */
GST_START_TEST (test_flush_again)
{
  Flushes flushes;
  Talk *talk = new_flushing (&flushes);
  const Spot next = { "resp_2", 0, "item_d" };

  barge_in (talk);
  peer_user_stops (talk->peer, "item_u", 0);
  talk_run_to (talk, 600 * MS);
  assert_flushed (&flushes);
  peer_begin (talk->peer, "resp_2");
  say (talk, &next, "final_answer", 0, SECOND_OF, "Yes.");
  talk_sync (talk);
  talk_run_to (talk, 1 * GST_SECOND);
  talk_assert_speech (talk, 31 * 480, 0, 19 * 480);
  barge_in (talk);
  talk_run_to (talk, 1200 * MS);
  fail_unless_equals_int (count_flushes (&flushes), 4);
  assert_no_gap (talk);
  talk_free (talk);
}
GST_END_TEST;

/* A neighbour that does not let go holds up nobody but src: the session goes
 * on, and so does src as soon as it can. */
GST_START_TEST (test_flush_of_a_blocked_neighbour)
{
  Flushes flushes;
  Talk *talk = new_flushing (&flushes);

  tap_hold (talk->src);
  gst_test_clock_set_time (talk->clock, TALK_BASE + 420 * MS);
  gst_test_clock_crank (talk->clock);
  tap_wait_held (talk->src);
  barge_in (talk);
  fail_unless_equals_int (peer_count (talk->peer, TRUNCATE), 1);
  fail_unless_equals_int (count_flushes (&flushes), 1);
  tap_release (talk->src);
  talk_settle (talk);
  talk_run_to (talk, 800 * MS);
  assert_flushed (&flushes);
  assert_no_gap (talk);
  talk_free (talk);
}
GST_END_TEST;

/* The end can't be flushed away. */
GST_START_TEST (test_no_flush_after_the_end)
{
  Flushes flushes;
  Talk *talk = new_flushing (&flushes);

  gst_element_send_event (talk->element, gst_event_new_eos ());
  talk_run_to_eos (talk);
  barge_in (talk);
  fail_unless_equals_int (count_flushes (&flushes), 0);
  talk_free (talk);
}
GST_END_TEST;

/* Whatever comes first, the interruption or the way down: nobody hangs, and
 * nobody is left behind a flush that does not end. */
GST_START_TEST (test_flush_and_stop)
{
  for (guint i = 0; i < 20; i++) {
    Flushes flushes;
    Talk *talk = new_flushing (&flushes);

    peer_user_starts (talk->peer, "item_u", 0);
    if (i % 2)
      g_usleep (50 * i);
    fail_unless_equals_int (
        gst_element_set_state (talk->element, GST_STATE_READY),
        GST_STATE_CHANGE_SUCCESS);
    fail_unless_equals_int (count_flushes (&flushes) % 2, 0);
    talk_free (talk);
  }
}
GST_END_TEST;

/* What is protected is not flushed: it plays on, and is heard. */
GST_START_TEST (test_flush_spares_the_protected)
{
  Flushes flushes;
  Talk *talk = talk_new ();

  g_object_set (talk->element, "flush-on-interrupt", TRUE, NULL);
  gst_util_set_object_arg (G_OBJECT (talk->element), "protect", "commentary");
  talk_play (talk, &law_pcm);
  watch_flushes (talk, "src", &flushes);
  say_both (talk);
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  talk_run_to (talk, 400 * MS);
  barge_in (talk);
  talk_run_to (talk, 1 * GST_SECOND);
  fail_unless_equals_int (count_flushes (&flushes), 0);
  talk_assert_speech (talk, 480, 0, 49 * 480);
  talk_free (talk);
}
GST_END_TEST;

static Suite *
turntaking_suite (void)
{
  Suite *suite = suite_create ("turntaking");
  TCase *policies = tcase_create ("policies");
  TCase *flush = tcase_create ("flush");

  suite_add_tcase (suite, policies);
  tcase_add_test (policies, test_text_only);
  tcase_add_test (policies, test_drop);
  tcase_add_test (policies, test_commentary_while_playing);
  tcase_add_test (policies, test_protect);
  tcase_add_test (policies, test_protect_a_period);
  tcase_add_test (policies, test_state);
  tcase_add_test (policies, test_state_of_dropped);
  suite_add_tcase (suite, flush);
  tcase_add_test (flush, test_flush);
  tcase_add_test (flush, test_no_flush_in_silence);
  tcase_add_test (flush, test_flush_again);
  tcase_add_test (flush, test_flush_of_a_blocked_neighbour);
  tcase_add_test (flush, test_no_flush_after_the_end);
  tcase_add_test (flush, test_flush_and_stop);
  tcase_add_test (flush, test_flush_spares_the_protected);
  return suite;
}

GST_CHECK_MAIN (turntaking);
