/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The user barges in: what is still heard, and what the server is told.
 */
#include "harness.h"

#include <string.h>

#define TRUNCATE "conversation.item.truncate"
#define DELETE "conversation.item.delete"
/* Samples of the longest fade, 8 ms. */
#define FADE (8 * 24)

static const Spot spot_a = { "resp_1", 0, "item_a" };
static const Spot spot_b = { "resp_1", 1, "item_b" };
static const Spot spot_c = { "resp_1", 2, "item_c" };

/* --- helpers --- */

static void
barge_in (Talk *talk)
{
  peer_user_starts (talk->peer, "item_u", 0);
  talk_sync (talk);
}

/* @n samples of @spot from sample @first of the speech on. */
static void
say (Talk *talk, const Spot *spot, guint64 first, guint64 n)
{
  peer_item (talk->peer, spot, NULL);
  peer_speech (talk->peer, spot, talk->out, first, n);
  peer_audio_done (talk->peer, spot);
}

/* An answer of 3 s, of which 20 periods (400 ms, 9600 samples) are out. */
static Talk *
new_speaking (void)
{
  Talk *talk = talk_new_playing ();

  peer_begin (talk->peer, "resp_1");
  say (talk, &spot_a, 0, 72000);
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  talk_run_to (talk, 400 * MS);
  return talk;
}

static const gchar *
item_of (JsonObject *event)
{
  return json_object_get_string_member (event, "item_id");
}

/* The only truncation so far. Returns its audio_end_ms. */
static guint64
assert_truncated (Talk *talk, const gchar *item)
{
  JsonObject *event = peer_event (talk->peer, TRUNCATE, 0);
  JsonNode *end = json_object_get_member (event, "audio_end_ms");

  talk_sync_up (talk);
  fail_unless_equals_int (peer_count (talk->peer, TRUNCATE), 1);
  fail_unless_equals_string (item_of (event), item);
  fail_unless_equals_int (
      json_object_get_int_member (event, "content_index"), 0);
  fail_unless (json_node_get_value_type (end) == G_TYPE_INT64);
  return json_node_get_int (end);
}

static void
assert_nothing_said (Talk *talk)
{
  talk_sync_up (talk);
  fail_unless_equals_int (peer_count (talk->peer, TRUNCATE), 0);
  fail_unless_equals_int (peer_count (talk->peer, DELETE), 0);
  fail_unless_equals_int (peer_count (talk->peer, "response.cancel"), 0);
}

/* --- what is heard --- */

/* From sample @at on a falling line, without a step, down to silence. Returns
 * how many samples of it are not silent. */
static guint64
assert_fades (Talk *talk, guint64 at)
{
  GByteArray *all = talk_dup_output (talk);
  const gint16 *samples = (const gint16 *) all->data;
  guint64 n = 0;

  while (samples[at + n] != 0) {
    gint step = samples[at + n - 1] - samples[at + n];

    fail_unless (step >= 0 && step <= 200);
    n++;
  }
  g_byte_array_unref (all);
  fail_unless (n <= FADE);
  return n;
}

GST_START_TEST (test_fades_out)
{
  Talk *talk = new_speaking ();
  guint64 end, faded;

  barge_in (talk);
  talk_run_to (talk, 1 * GST_SECOND);
  talk_assert_speech (talk, 480, 0, 9600);
  faded = assert_fades (talk, 480 + 9600);
  fail_unless (faded > 0);
  talk_assert_silence (
      talk, 10080 + faded, talk_count_samples (talk) - 10080 - faded);
  talk_assert_stream (talk, 480, 0);

  /* Placed, plus the fade: the last of its samples may be silent already. */
  end = assert_truncated (talk, "item_a");
  fail_unless (end * 24 <= 9600 + FADE);
  fail_unless ((end + 1) * 24 >= 9600 + faded);
  fail_unless_equals_int (peer_count (talk->peer, DELETE), 0);
  talk_free (talk);
}
GST_END_TEST;

/* The server does it by itself. */
GST_START_TEST (test_cancels_nothing)
{
  Talk *talk = new_speaking ();

  barge_in (talk);
  assert_truncated (talk, "item_a");
  fail_unless_equals_int (peer_count (talk->peer, "response.cancel"), 0);
  talk_free (talk);
}
GST_END_TEST;

static const Law *const laws[] = { &law_mulaw, &law_alaw };

GST_START_TEST (test_g711)
{
  Talk *talk = talk_new ();
  guint64 end;

  talk_play (talk, laws[__i__]);
  peer_begin (talk->peer, "resp_1");
  say (talk, &spot_a, 0, 24000);
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  talk_run_to (talk, 400 * MS);
  barge_in (talk);
  talk_run_to (talk, 600 * MS);
  talk_assert_speech (talk, 160, 0, 3200);
  talk_assert_silence (talk, 160 + 3200 + 160, 9 * 160);
  end = assert_truncated (talk, "item_a");
  fail_unless (end >= 400 && end <= 408);
  talk_assert_silence (talk, 160 + 3200 + 64, 96);
  talk_free (talk);
}
GST_END_TEST;

/* What is downstream already still sounds, whatever the latency there. */
GST_START_TEST (test_latency_counts_as_heard)
{
  Talk *talk = new_speaking ();
  guint64 end;

  gst_harness_push_upstream_event (
      talk->harness, gst_event_new_latency (220 * MS));
  barge_in (talk);
  end = assert_truncated (talk, "item_a");
  fail_unless (end >= 400 && end <= 408);
  talk_free (talk);
}
GST_END_TEST;

/* --- messages and events --- */

static void
assert_interrupted (const GstStructure *fields, guint64 end)
{
  fail_unless_equals_string (talk_string (fields, "item-id"), "item_a");
  fail_unless_equals_uint64 (talk_uint64 (fields, "played-ms"), end);
  fail_unless (talk_uint64 (fields, "dropped-ms") >= 3000 - end - 1
      && talk_uint64 (fields, "dropped-ms") <= 3000 - end);
  fail_unless_equals_uint64 (talk_uint64 (fields, "running-time"), 400 * MS);
}

GST_START_TEST (test_message)
{
  Talk *talk = new_speaking ();

  barge_in (talk);
  assert_interrupted (
      talk_message (talk, "interrupted", 0), assert_truncated (talk, "item_a"));
  fail_unless_equals_int (talk_count_messages (talk, "interrupted"), 1);
  talk_free (talk);
}
GST_END_TEST;

/* At once out of band, then in its place in the stream. */
GST_START_TEST (test_events)
{
  Talk *talk = new_speaking ();
  gint oob, serialized;
  GstEvent *event;
  guint64 end;

  barge_in (talk);
  end = assert_truncated (talk, "item_a");
  oob = tap_find_custom (talk->src, "realtime2/interrupted", 0);
  fail_unless (oob >= 0);
  event = GST_EVENT_CAST (tap_get (talk->src, oob));
  fail_unless_equals_int (
      GST_EVENT_TYPE (event), GST_EVENT_CUSTOM_DOWNSTREAM_OOB);
  assert_interrupted (gst_event_get_structure (event), end);
  fail_unless_equals_int (
      tap_find_custom (talk->src, "realtime2/interrupted", oob + 1), -1);

  talk_step (talk);
  serialized = tap_find_custom (talk->src, "realtime2/interrupted", oob + 1);
  fail_unless (serialized > oob);
  event = GST_EVENT_CAST (tap_get (talk->src, serialized));
  fail_unless_equals_int (GST_EVENT_TYPE (event), GST_EVENT_CUSTOM_DOWNSTREAM);
  assert_interrupted (gst_event_get_structure (event), end);
  fail_unless (tap_get (talk->src, serialized + 1)
      == GST_MINI_OBJECT_CAST (tap_buffer (talk->src, 21)));
  talk_step (talk);
  fail_unless_equals_int (
      tap_find_custom (talk->src, "realtime2/interrupted", serialized + 1), -1);
  talk_free (talk);
}
GST_END_TEST;

/* No FLUSH unless it is asked for. */
GST_START_TEST (test_does_not_flush)
{
  Talk *talk = new_speaking ();

  barge_in (talk);
  talk_run_to (talk, 600 * MS);
  fail_unless_equals_int (
      tap_count_events (talk->src, GST_EVENT_FLUSH_START), 0);
  fail_unless_equals_int (tap_count_events (talk->src, GST_EVENT_SEGMENT), 1);
  talk_assert_stream (talk, 480, 0);
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_stats)
{
  Talk *talk = new_speaking ();

  barge_in (talk);
  assert_truncated (talk, "item_a");
  fail_unless_equals_uint64 (talk_stat (talk, "interruptions"), 1);
  fail_unless_equals_uint64 (talk_stat (talk, "truncations"), 1);
  fail_unless_equals_uint64 (talk_stat (talk, "deletions"), 0);
  fail_unless_equals_uint64 (talk_stat (talk, "speech-queued-time"), 0);
  talk_free (talk);
}
GST_END_TEST;

/* --- items --- */

/* Heard whole, heard in part, not heard. */
GST_START_TEST (test_three_items)
{
  Talk *talk = talk_new_playing ();
  guint64 end;

  peer_begin (talk->peer, "resp_1");
  say (talk, &spot_a, 0, 4800);
  say (talk, &spot_b, 4800, 24000);
  say (talk, &spot_c, 28800, 24000);
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  talk_run_to (talk, 400 * MS);
  barge_in (talk);
  end = assert_truncated (talk, "item_b");
  fail_unless (end >= 200 && end <= 208);
  fail_unless_equals_int (peer_count (talk->peer, DELETE), 1);
  fail_unless_equals_string (
      item_of (peer_event (talk->peer, DELETE, 0)), "item_c");
  fail_unless_equals_string (
      talk_string (talk_message (talk, "interrupted", 0), "item-id"), "item_b");
  talk_free (talk);
}
GST_END_TEST;

/* Truncating at 0 is refused by servers. */
GST_START_TEST (test_nothing_heard)
{
  Talk *talk = talk_new_playing ();

  peer_begin (talk->peer, "resp_1");
  say (talk, &spot_a, 0, 72000);
  talk_sync (talk);
  barge_in (talk);
  talk_sync_up (talk);
  fail_unless_equals_int (peer_count (talk->peer, TRUNCATE), 0);
  fail_unless_equals_int (peer_count (talk->peer, DELETE), 1);
  fail_unless_equals_string (
      item_of (peer_event (talk->peer, DELETE, 0)), "item_a");
  talk_run_to (talk, 500 * MS);
  talk_assert_silence (talk, 0, talk_count_samples (talk));
  talk_free (talk);
}
GST_END_TEST;

/* Announced, and that is all: it has to go too. A function call stays. */
GST_START_TEST (test_unbegun_items)
{
  Talk *talk = talk_new_playing ();

  peer_begin (talk->peer, "resp_1");
  peer_item (talk->peer, &spot_a, NULL);
  peer_speech (talk->peer, &spot_a, &law_pcm, 0, 72000);
  peer_send (talk->peer,
      "{\"type\":\"response.output_item.done\",\"event_id\":\"event_f\","
      "\"response_id\":\"resp_1\",\"output_index\":1,\"item\":{"
      "\"id\":\"item_f\",\"type\":\"function_call\",\"status\":"
      "\"completed\",\"call_id\":\"call_1\",\"name\":\"f\","
      "\"arguments\":\"{}\"}}");
  peer_item (talk->peer, &spot_c, NULL);
  talk_sync (talk);
  talk_run_to (talk, 400 * MS);
  barge_in (talk);
  assert_truncated (talk, "item_a");
  fail_unless_equals_int (peer_count (talk->peer, DELETE), 1);
  fail_unless_equals_string (
      item_of (peer_event (talk->peer, DELETE, 0)), "item_c");
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_all_heard)
{
  Talk *talk = talk_new_playing ();

  peer_begin (talk->peer, "resp_1");
  say (talk, &spot_a, 0, 9600);
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  talk_run_to (talk, 1 * GST_SECOND);
  barge_in (talk);
  assert_nothing_said (talk);
  fail_unless_equals_int (talk_count_messages (talk, "interrupted"), 0);
  talk_assert_stream (talk, 480, 0);
  talk_free (talk);
}
GST_END_TEST;

/* All of it is on its way to the listener, and nothing holds it up. */
GST_START_TEST (test_all_downstream)
{
  Talk *talk = talk_new_playing ();

  gst_harness_push_upstream_event (
      talk->harness, gst_event_new_latency (2 * GST_SECOND));
  peer_begin (talk->peer, "resp_1");
  say (talk, &spot_a, 0, 9600);
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  talk_run_to (talk, 440 * MS);
  barge_in (talk);
  assert_nothing_said (talk);
  talk_free (talk);
}
GST_END_TEST;

/* What has come was heard, but more was to come: never more than has come. */
GST_START_TEST (test_underrun)
{
  Talk *talk = talk_new_playing ();

  peer_begin (talk->peer, "resp_1");
  peer_item (talk->peer, &spot_a, NULL);
  peer_speech (talk->peer, &spot_a, &law_pcm, 0, 9610);
  talk_sync (talk);
  talk_run_to (talk, 1 * GST_SECOND);
  barge_in (talk);
  fail_unless_equals_uint64 (assert_truncated (talk, "item_a"), 400);
  fail_unless_equals_uint64 (
      talk_uint64 (talk_message (talk, "interrupted", 0), "dropped-ms"), 0);
  talk_free (talk);
}
GST_END_TEST;

/* Nobody speaks. */
GST_START_TEST (test_nothing_to_interrupt)
{
  Talk *talk = talk_new_playing ();

  barge_in (talk);
  assert_nothing_said (talk);
  fail_unless_equals_int (talk_count_messages (talk, "interrupted"), 0);
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_twice)
{
  Talk *talk = new_speaking ();

  barge_in (talk);
  peer_user_stops (talk->peer, "item_u", 0);
  talk_run_to (talk, 600 * MS);
  barge_in (talk);
  assert_truncated (talk, "item_a");
  fail_unless_equals_int (talk_count_messages (talk, "interrupted"), 1);
  talk_free (talk);
}
GST_END_TEST;

/* --- what comes after --- */

/* The server did not know yet. */
GST_START_TEST (test_stragglers)
{
  static const Spot next = { "resp_2", 0, "item_n" };
  Talk *talk = talk_new_playing ();

  peer_begin (talk->peer, "resp_1");
  peer_item (talk->peer, &spot_a, NULL);
  peer_speech (talk->peer, &spot_a, &law_pcm, 0, 24000);
  talk_sync (talk);
  talk_run_to (talk, 400 * MS);
  barge_in (talk);
  peer_speech (talk->peer, &spot_a, &law_pcm, 24000, 24000);
  say (talk, &spot_b, 1000, 24000);
  talk_sync (talk);
  talk_run_to (talk, 800 * MS);
  peer_end (talk->peer, "resp_1", "cancelled");
  peer_speech (talk->peer, &spot_a, &law_pcm, 0, 2400);
  talk_sync (talk);
  /* It may have been forgotten by now that the items were cut. */
  talk_run_to (talk, 900 * MS);
  peer_speech (talk->peer, &spot_a, &law_pcm, 0, 2400);
  say (talk, &spot_c, 2000, 2400);
  talk_sync (talk);
  talk_run_to (talk, 1 * GST_SECOND);
  talk_assert_silence (talk, 480 + 9600 + FADE, 30 * 480 - FADE);

  peer_begin (talk->peer, "resp_2");
  say (talk, &next, 20000, 4800);
  peer_end (talk->peer, "resp_2", "completed");
  talk_sync (talk);
  talk_run_to (talk, 1300 * MS);
  talk_assert_speech (talk, 51 * 480, 20000, 4800);
  talk_assert_silence (talk, 61 * 480, 5 * 480);
  talk_assert_stream (talk, 480, 0);
  talk_free (talk);
}
GST_END_TEST;

/* The next answer may come before the fade has left. */
GST_START_TEST (test_next_answer_at_once)
{
  static const Spot next = { "resp_2", 0, "item_n" };
  Talk *talk = new_speaking ();
  GByteArray *all;
  const gint16 *samples;
  guint64 at = 10080;

  barge_in (talk);
  peer_begin (talk->peer, "resp_2");
  say (talk, &next, 20000, 4800);
  peer_end (talk->peer, "resp_2", "completed");
  talk_sync (talk);
  talk_run_to (talk, 700 * MS);
  all = talk_dup_output (talk);
  samples = (const gint16 *) all->data;
  while (samples[at] != 20001)
    at++;
  g_byte_array_unref (all);
  fail_unless (at <= 10080 + FADE);
  talk_assert_speech (talk, at, 20000, 4800);
  talk_assert_silence (talk, at + 4800, 480);
  talk_assert_stream (talk, 480, 0);
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_not_allowed)
{
  Talk *talk = talk_new ();
  JsonObject *session, *input;

  g_object_set (talk->element, "interrupt-response", FALSE, NULL);
  talk_play (talk, &law_pcm);
  session = json_object_get_object_member (
      peer_event (talk->peer, "session.update", 0), "session");
  input = json_object_get_object_member (
      json_object_get_object_member (session, "audio"), "input");
  fail_if (json_object_get_boolean_member (
      json_object_get_object_member (input, "turn_detection"),
      "interrupt_response"));

  peer_begin (talk->peer, "resp_1");
  say (talk, &spot_a, 0, 24000);
  talk_sync (talk);
  talk_run_to (talk, 400 * MS);
  barge_in (talk);
  talk_run_to (talk, 1200 * MS);
  talk_assert_speech (talk, 480, 0, 24000);
  talk_assert_stream (talk, 480, 0);
  assert_nothing_said (talk);
  fail_unless_equals_int (talk_count_messages (talk, "interrupted"), 0);
  talk_free (talk);
}
GST_END_TEST;

/* --- words --- */

GST_START_TEST (test_unspoken_words)
{
  static const gchar text[] = "Hello there. How are you today? I am fine.";
  Talk *talk = talk_new ();
  GstPad *pad = talk_add_text (talk, NULL, "text/x-raw, format=utf8");
  const gchar *heard;
  gsize len;
  Tap *tap;

  talk_play (talk, &law_pcm);
  tap = talk_tap_of (talk, pad);
  peer_begin (talk->peer, "resp_1");
  peer_item (talk->peer, &spot_a, NULL);
  peer_words (talk->peer, &spot_a, text);
  peer_speech (talk->peer, &spot_a, &law_pcm, 0, 72000);
  peer_words_done (talk->peer, &spot_a, text);
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  talk_run_to (talk, 600 * MS);
  barge_in (talk);
  talk_run_to (talk, 4 * GST_SECOND);
  fail_unless_equals_int (tap_count_buffers (tap), 1);
  fail_unless (tap_find_custom (tap, "realtime2/interrupted", 0) >= 0);

  heard = talk_string (talk_message (talk, "interrupted", 0), "heard-text");
  len = strlen (heard);
  fail_unless (g_str_has_prefix (text, heard) && len < strlen (text));
  fail_unless (len > 0 && text[len] == ' ');
  talk_free (talk);
}
GST_END_TEST;

static Suite *
bargein_suite (void)
{
  Suite *suite = suite_create ("bargein");
  TCase *heard = tcase_create ("heard");
  TCase *items = tcase_create ("items");
  TCase *after = tcase_create ("after");

  suite_add_tcase (suite, heard);
  tcase_add_test (heard, test_fades_out);
  tcase_add_test (heard, test_cancels_nothing);
  tcase_add_loop_test (heard, test_g711, 0, G_N_ELEMENTS (laws));
  tcase_add_test (heard, test_latency_counts_as_heard);
  tcase_add_test (heard, test_message);
  tcase_add_test (heard, test_events);
  tcase_add_test (heard, test_does_not_flush);
  tcase_add_test (heard, test_stats);

  suite_add_tcase (suite, items);
  tcase_add_test (items, test_three_items);
  tcase_add_test (items, test_nothing_heard);
  tcase_add_test (items, test_unbegun_items);
  tcase_add_test (items, test_all_heard);
  tcase_add_test (items, test_all_downstream);
  tcase_add_test (items, test_underrun);
  tcase_add_test (items, test_nothing_to_interrupt);
  tcase_add_test (items, test_twice);

  suite_add_tcase (suite, after);
  tcase_add_test (after, test_stragglers);
  tcase_add_test (after, test_next_answer_at_once);
  tcase_add_test (after, test_not_allowed);
  tcase_add_test (after, test_unspoken_words);
  return suite;
}

GST_CHECK_MAIN (bargein);
