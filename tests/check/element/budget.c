/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What it costs, and what happens when a limit is reached: the agent finishes
 * its sentence, to the period, and says no more until the limit is raised.
 */
#include "harness.h"

#include <string.h>

#define UPDATE "session.update"
#define TRUNCATE "conversation.item.truncate"
/* What peer_end() costs with gpt-realtime-2, USD: 55 tokens of text and 64
 * cached, 13 of audio in; 30 of text and 91 of audio out. */
#define COST 0.0072056
#define FIRST "The first sentence is this one."
#define SECOND " The second one is this, as long as that."

static const Spot spot_a = { "resp_1", 0, "item_a" };
static const Spot spot_b = { "resp_1", 1, "item_b" };

static gdouble
double_of (const GstStructure *fields, const gchar *name)
{
  gdouble value = -1;

  fail_unless (gst_structure_get_double (fields, name, &value), "no %s", name);
  return value;
}

static gdouble
stat_of (Talk *talk, const gchar *name)
{
  GstStructure *stats;
  gdouble value;

  g_object_get (talk->element, "stats", &stats, NULL);
  value = double_of (stats, name);
  gst_structure_free (stats);
  return value;
}

/* Says two sentences of two seconds each, all of which came at once. */
static void
say_two (Talk *talk)
{
  peer_begin (talk->peer, "resp_1");
  peer_item (talk->peer, &spot_a, NULL);
  peer_words (talk->peer, &spot_a, FIRST);
  peer_speech (talk->peer, &spot_a, talk->out, 0, 48000);
  peer_words (talk->peer, &spot_a, SECOND);
  peer_speech (talk->peer, &spot_a, talk->out, 48000, 48000);
  peer_audio_done (talk->peer, &spot_a);
  peer_words_done (talk->peer, &spot_a, FIRST SECOND);
  peer_item_done (talk->peer, &spot_a, FIRST SECOND, NULL);
  talk_sync (talk);
}

/* The turn detection that update number @i asks for; NULL = none. */
static JsonObject *
turn_detection (Talk *talk, guint i)
{
  JsonObject *session = json_object_get_object_member (
      peer_event (talk->peer, UPDATE, i), "session");
  JsonObject *audio = json_object_get_object_member (session, "audio");
  JsonObject *input = json_object_get_object_member (audio, "input");

  return json_object_get_null_member (input, "turn_detection")
      ? NULL
      : json_object_get_object_member (input, "turn_detection");
}

/* The warning number @i has @word in it. */
static void
assert_warning (Talk *talk, guint i, const gchar *word)
{
  GError *error;

  gst_message_parse_warning (
      talk_message_of (talk, GST_MESSAGE_WARNING, i), &error, NULL);
  fail_unless (strstr (error->message, word) != NULL, "%s", error->message);
  g_error_free (error);
}

/* --- figures --- */

GST_START_TEST (test_cost)
{
  Talk *talk = talk_new_playing ();

  peer_begin (talk->peer, "resp_1");
  peer_end (talk->peer, "resp_1", "completed");
  peer_begin (talk->peer, "resp_2");
  peer_end (talk->peer, "resp_2", "cancelled");
  talk_sync (talk);
  for (guint i = 0; i < 2; i++)
    fail_unless (
        double_of (talk_message (talk, "response-done", i), "cost") == COST);
  fail_unless (stat_of (talk, "cost") == 2 * COST);
  fail_unless (stat_of (talk, "cost-responses") == 2 * COST);
  fail_unless (stat_of (talk, "cost-transcription") == 0);
  fail_unless (stat_of (talk, "cost-translation") == 0);
  fail_unless_equals_int (talk_stat (talk, "cost-unknown"), 0);
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_pricing)
{
  Talk *talk = talk_new ();

  g_object_set (talk->element, "pricing",
      "{\"gpt-realtime-2\": {\"audio-out\": 0}}", NULL);
  talk_play (talk, &law_pcm);
  peer_begin (talk->peer, "resp_1");
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  fail_unless (
      double_of (talk_message (talk, "response-done", 0), "cost") == 0.0013816);
  talk_free (talk);
}
GST_END_TEST;

/* No cost, no word about it; but a limit that can't hold is told. */
GST_START_TEST (test_unknown)
{
  for (guint limited = 0; limited < 2; limited++) {
    Talk *talk = talk_new ();

    g_object_set (talk->element, "pricing", "{\"gpt-realtime-2\": null}",
        "max-cost", limited ? 0.000001 : 0.0, NULL);
    talk_play (talk, &law_pcm);
    if (limited)
      assert_warning (talk, 0, "max-cost");
    peer_begin (talk->peer, "resp_1");
    peer_end (talk->peer, "resp_1", "completed");
    talk_sync (talk);
    fail_if (gst_structure_has_field (
        talk_message (talk, "response-done", 0), "cost"));
    fail_unless (stat_of (talk, "cost") == 0);
    fail_unless_equals_int (talk_stat (talk, "cost-unknown"), 1);
    fail_unless_equals_int (
        talk_count_messages_of (talk, GST_MESSAGE_WARNING), limited);
    fail_unless_equals_int (talk_count_messages (talk, "budget-exceeded"), 0);
    talk_free (talk);
  }
}
GST_END_TEST;

/* --- the limit of cost --- */

/* In the first sentence at 400 ms; it is said to its end, which is where the
 * audio of the second one began to come. */
GST_START_TEST (test_sentence)
{
  Talk *talk = talk_new ();
  const GstStructure *fields;
  guint64 cut;

  g_object_set (talk->element, "max-cost", COST, NULL);
  talk_play (talk, &law_pcm);
  say_two (talk);
  talk_run_to (talk, 400 * MS);
  fail_unless_equals_int (talk_count_messages (talk, "budget-exceeded"), 0);
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  fields = talk_message (talk, "budget-exceeded", 0);
  fail_unless_equals_string (talk_string (fields, "reason"), "cost");
  fail_unless (double_of (fields, "cost") == COST);
  fail_unless (double_of (fields, "limit") == COST);
  fail_unless_equals_uint64 (talk_uint64 (fields, "duration"), 400 * MS);
  assert_warning (talk, 0, "max-cost");
  fail_unless (turn_detection (talk, 1) == NULL);

  talk_run_to (talk, 6 * GST_SECOND);
  fields = talk_message (talk, "interrupted", 0);
  fail_unless_equals_string (talk_string (fields, "heard-text"), FIRST);
  cut = talk_uint64 (fields, "played-ms");
  fail_unless (cut > 1700 && cut < 2300, "cut at %u ms", (guint) cut);
  fail_unless_equals_int (
      json_object_get_int_member (
          peer_event (talk->peer, TRUNCATE, 0), "audio_end_ms"),
      (gint) cut);
  talk_assert_silence (talk, 480 + cut * 24 + 24,
      talk_count_samples (talk) - 480 - cut * 24 - 24);
  talk_assert_stream (talk, 480, 0);
  fail_unless_equals_int (talk_count_messages (talk, "interrupted"), 1);
  talk_free (talk);
}
GST_END_TEST;

/* What follows the item that is being said is not said. */
GST_START_TEST (test_last_item)
{
  Talk *talk = talk_new ();

  g_object_set (talk->element, "max-cost", COST / 2, NULL);
  talk_play (talk, &law_pcm);
  peer_begin (talk->peer, "resp_1");
  peer_item (talk->peer, &spot_a, NULL);
  peer_speech (talk->peer, &spot_a, talk->out, 0, 24000);
  peer_audio_done (talk->peer, &spot_a);
  peer_words_done (talk->peer, &spot_a, "One.");
  peer_item (talk->peer, &spot_b, NULL);
  peer_speech (talk->peer, &spot_b, talk->out, 24000, 24000);
  peer_audio_done (talk->peer, &spot_b);
  peer_words_done (talk->peer, &spot_b, "Two.");
  talk_sync (talk);
  talk_run_to (talk, 300 * MS);
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  talk_run_to (talk, 3 * GST_SECOND);
  talk_message (talk, "interrupted", 0);
  talk_assert_speech (talk, 480, 0, 24000);
  talk_assert_silence (
      talk, 480 + 24000 + 480, talk_count_samples (talk) - 24960);
  peer_event (talk->peer, "conversation.item.delete", 0);
  talk_sync_up (talk);
  fail_unless_equals_int (peer_count (talk->peer, TRUNCATE), 0);
  talk_free (talk);
}
GST_END_TEST;

/* Nothing goes up any more, and src goes on. A higher limit changes that. */
GST_START_TEST (test_raised)
{
  Talk *talk = talk_new ();
  gboolean taken;

  g_object_set (talk->element, "max-cost", COST / 2, NULL);
  talk_play (talk, &law_pcm);
  peer_begin (talk->peer, "resp_1");
  peer_end (talk->peer, "resp_1", "completed");
  talk_message (talk, "budget-exceeded", 0);
  fail_unless (turn_detection (talk, 1) == NULL);
  talk_speak (talk, &law_pcm, 24000);
  g_signal_emit_by_name (talk->element, "create-response", NULL, &taken);
  talk_message (talk, "command-failed", 0);
  talk_run_to (talk, 1 * GST_SECOND);
  talk_assert_silence (talk, 0, talk_count_samples (talk));
  fail_unless_equals_int (
      peer_count (talk->peer, "input_audio_buffer.append"), 0);

  g_object_set (talk->element, "max-cost", 1.0, NULL);
  fail_unless (turn_detection (talk, 2) != NULL);
  g_signal_emit_by_name (talk->element, "create-response", NULL, &taken);
  peer_event (talk->peer, "response.create", 0);
  talk_speak (talk, &law_pcm, 24000);
  peer_wait_audio (talk->peer, 48000 - 1920);
  fail_unless_equals_int (talk_count_messages (talk, "budget-exceeded"), 1);
  talk_assert_stream (talk, 480, 0);
  talk_free (talk);
}
GST_END_TEST;

/* --- the limit of time --- */

GST_START_TEST (test_duration)
{
  Talk *talk = talk_new ();
  const GstStructure *fields;

  g_object_set (talk->element, "max-duration", 2 * GST_SECOND, NULL);
  talk_play (talk, &law_pcm);
  talk_run_to (talk, 1900 * MS);
  fail_if (talk_message_within (talk, "budget-exceeded", 300));
  talk_run_to (talk, 2100 * MS);
  fields = talk_message (talk, "budget-exceeded", 0);
  fail_unless_equals_string (talk_string (fields, "reason"), "duration");
  fail_unless_equals_uint64 (talk_uint64 (fields, "limit"), 2 * GST_SECOND);
  fail_unless (talk_uint64 (fields, "duration") >= 2 * GST_SECOND);
  fail_unless (double_of (fields, "cost") == 0);
  assert_warning (talk, 0, "max-duration");
  talk_run_to (talk, 3 * GST_SECOND);

  g_object_set (talk->element, "max-duration", (guint64) 0, NULL);
  fail_unless (turn_detection (talk, 2) != NULL);
  talk_free (talk);
}
GST_END_TEST;

/* Another run has its own budget. */
GST_START_TEST (test_again)
{
  Talk *talk = talk_new ();

  g_object_set (talk->element, "max-cost", COST / 2, NULL);
  talk_play (talk, &law_pcm);
  peer_begin (talk->peer, "resp_1");
  peer_end (talk->peer, "resp_1", "completed");
  talk_message (talk, "budget-exceeded", 0);
  talk_message (talk, "session-updated", 1);
  gst_element_set_state (talk->element, GST_STATE_READY);
  fail_unless (stat_of (talk, "cost") == COST);
  gst_element_set_state (talk->element, GST_STATE_PLAYING);
  talk_message (talk, "session-updated", 2);
  fail_unless (stat_of (talk, "cost") == 0);
  fail_unless (turn_detection (talk, peer_count (talk->peer, UPDATE) - 1));
  talk_free (talk);
}
GST_END_TEST;

static Suite *
budget_suite (void)
{
  Suite *suite = suite_create ("budget");
  TCase *figures = tcase_create ("figures");
  TCase *limits = tcase_create ("limits");

  tcase_add_test (figures, test_cost);
  tcase_add_test (figures, test_pricing);
  tcase_add_test (figures, test_unknown);
  tcase_add_test (limits, test_sentence);
  tcase_add_test (limits, test_last_item);
  tcase_add_test (limits, test_raised);
  tcase_add_test (limits, test_duration);
  tcase_add_test (limits, test_again);
  suite_add_tcase (suite, figures);
  suite_add_tcase (suite, limits);
  return suite;
}

GST_CHECK_MAIN (budget);
