/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The budget: what is counted, what happens when a limit is reached, that
 * nothing which costs happens after it, and that a higher limit lets the talk
 * go on.
 */
#include "sessionrig.h"

#include <string.h>

/* What done() costs with gpt-realtime-2: the usage of a real response. */
#define COST G_GUINT64_CONSTANT (10941600000)

static Rig *
new_rig (Rt2Money max_cost, guint64 max_duration)
{
  Rig *rig = rig_new ();

  rig->options->pricing = rt2_pricing_new (NULL, NULL);
  rig->options->budget = (Rt2Budget){ max_cost, max_duration };
  return rig;
}

/* The response @id is over; @metadata, and what the server calls its
 * conversation, are those of one out of band if @mark is given. */
static void
done (Rig *rig, const gchar *id, const gchar *status)
{
  rig_send (rig,
      "{\"type\":\"response.done\",\"event_id\":\"e\",\"response\":"
      "{\"object\":\"realtime.response\",\"id\":\"%s\",\"status\":\"%s\","
      "\"status_details\":null,\"output\":[],\"usage\":{\"total_tokens\":320,"
      "\"input_tokens\":132,\"output_tokens\":188,\"input_token_details\":"
      "{\"text_tokens\":59,\"audio_tokens\":73,\"image_tokens\":0,"
      "\"cached_tokens\":64,\"cached_tokens_details\":{\"text_tokens\":0,"
      "\"audio_tokens\":64,\"image_tokens\":0}},\"output_token_details\":"
      "{\"text_tokens\":41,\"audio_tokens\":147}},\"metadata\":null}}",
      id, status);
  rig_flush_down (rig);
}

static void
respond (Rig *rig, const gchar *id, const gchar *status)
{
  rig_speak (rig, id, "A1");
  done (rig, id, status);
}

/* The turn detection that the @n-th update asks for; NULL = none. */
static JsonObject *
turn_detection (Rig *rig, guint n)
{
  JsonObject *event = rig_get_sent (rig, "session.update", n);
  JsonObject *session = rt2_json_object (event, "session");
  JsonObject *input = rt2_json_object (
      rt2_json_object (session, "audio"), "input");

  g_assert_nonnull (input);
  g_assert_true (json_object_has_member (input, "turn_detection"));
  return rt2_json_object (input, "turn_detection");
}

/* --- counting --- */

static void
transcript (Rig *rig, const gchar *item, const gchar *usage)
{
  rig_send (rig,
      "{\"type\":\"conversation.item.input_audio_transcription.completed\","
      "\"event_id\":\"e\",\"item_id\":\"%s\",\"content_index\":0,"
      "\"transcript\":\"Yes\",\"usage\":%s}",
      item, usage);
  rig_flush_down (rig);
}

/* Whatever became of them, and those of nobody's turn. */
static void
test_counted (void)
{
  g_autoptr (Rig) rig = new_rig (0, 0);
  Rt2SessionStats stats;

  rig->config->transcription_model = g_strdup ("gpt-realtime-whisper");
  rig_start_ready (rig);
  respond (rig, "R1", "completed");
  respond (rig, "R2", "cancelled");
  respond (rig, "R3", "incomplete");
  respond (rig, "R3", "incomplete");
  rig_command (
      rig, rt2_command_new_response ("{\"conversation\":\"none\"}", NULL));
  rig_wait_sent (rig, "response.create", 1);
  rig_send_answer (rig, "R4", 0);
  done (rig, "R4", "completed");
  transcript (rig, "U1", "{\"type\":\"duration\",\"seconds\":3}");
  transcript (rig, "U2", "{\"type\":\"duration\",\"seconds\":60}");
  stats = rig_get_stats (rig);
  g_assert_cmpuint (stats.cost_responses, ==, 4 * COST);
  g_assert_cmpuint (
      stats.cost_transcription, ==, G_GUINT64_CONSTANT (17000000000) / 20 * 21);
  g_assert_cmpuint (stats.cost_translation, ==, 0);
  g_assert_cmpuint (stats.unpriced, ==, 0);
  g_assert_cmpuint (rig_count (rig, "budget-exceeded"), ==, 0);
  g_assert_cmpuint (rig_count (rig, "unpriced"), ==, 0);
}

static void
test_unpriced (void)
{
  g_autoptr (Rig) rig = new_rig (1, 0);
  Rt2SessionStats stats;

  g_free (rig->options->model);
  rig->options->model = g_strdup ("my-deployment");
  rig_start_ready (rig);
  respond (rig, "R1", "completed");
  respond (rig, "R2", "completed");
  stats = rig_get_stats (rig);
  g_assert_cmpuint (stats.cost_responses, ==, 0);
  g_assert_cmpuint (stats.unpriced, ==, 2);
  g_assert_cmpuint (rig_count (rig, "unpriced my-deployment"), ==, 1);
  g_assert_cmpuint (rig_count (rig, "budget-exceeded"), ==, 0);
}

/* A deployment has a name of its own; the server says what it is. */
static void
test_deployment (void)
{
  g_autoptr (Rig) rig = new_rig (0, 0);

  g_free (rig->options->model);
  rig->options->model = g_strdup ("my-deployment");
  rig_set (&rig->creates, FALSE);
  rig_start (rig);
  test_server_wait_connections (rig->server, 1);
  rig_send (rig,
      "{\"type\":\"session.created\",\"event_id\":\"e0\",\"session\":"
      "{\"type\":\"realtime\",\"id\":\"s\",\"model\":"
      "\"gpt-realtime-2-2026-05-07\"}}");
  rig_wait (rig, "state ready");
  respond (rig, "R1", "completed");
  g_assert_cmpuint (rig_get_stats (rig).cost_responses, ==, COST);
}

/* --- the limit of cost --- */

/* Exactly at the limit, not before. */
static void
test_cost (void)
{
  g_autoptr (Rig) rig = new_rig (2 * COST, 0);

  rig_start_ready (rig);
  respond (rig, "R1", "completed");
  rig_run_for (rig, 50);
  g_assert_cmpuint (rig_count (rig, "budget-exceeded"), ==, 0);
  rig_expect_sent (rig, "");

  respond (rig, "R2", "completed");
  rig_wait (rig, "budget-exceeded cost 21883200000");
  g_assert_cmpuint (rig_count (rig, "interrupt"), ==, 1);
  rig_wait_sent (rig, "session.update", 1);
  g_assert_null (turn_detection (rig, 0));
  rig_wait_sent (rig, "input_audio_buffer.clear", 1);
}

/* What is said goes on to the end of its sentence. Then the rest is taken
 * back. */
static void
test_sentence (void)
{
  g_autoptr (Rig) rig = new_rig (COST, 0);

  rig_start_ready (rig);
  rig->in_sentence = TRUE;
  respond (rig, "R1", "completed");
  rig_wait_n (rig, "budget-exceeded cost 10941600000", 1);
  rig_run_for (rig, 100);
  g_assert_cmpuint (rig_count (rig, "interrupt"), ==, 0);
  g_assert_cmpuint (rig_count_sent (rig, "conversation.item.truncate"), ==, 0);

  rig_hear (rig, "R1", "A1", 1200, 2400);
  rig->in_sentence = FALSE;
  rig_wait (rig, "interrupt");
  rig_wait_sent (rig, "conversation.item.truncate", 1);
  rig_run_for (rig, 60);
  g_assert_cmpuint (rig_count (rig, "interrupt"), ==, 1);
}

/* A sentence without an end is cut in the middle. */
static void
test_endless_sentence (void)
{
  g_autoptr (Rig) rig = new_rig (COST, 0);
  gint64 spent;

  rig_start_ready (rig);
  rig->in_sentence = TRUE;
  respond (rig, "R1", "completed");
  rig_wait (rig, "budget-exceeded cost 10941600000");
  spent = g_get_monotonic_time ();
  rig_run_for (rig, RT2_SESSION_SENTENCE_MAX / RIG_MS - 1000);
  g_assert_cmpuint (rig_count (rig, "interrupt"), ==, 0);
  rig_wait (rig, "interrupt");
  g_assert_cmpint (g_get_monotonic_time () - spent, <, 25 * G_USEC_PER_SEC);
}

/* What is protected is not cut at all. */
static void
test_protected (void)
{
  g_autoptr (Rig) rig = new_rig (COST, 0);

  rig_start_ready (rig);
  rig->is_protected = TRUE;
  respond (rig, "R1", "completed");
  rig_wait (rig, "budget-exceeded cost 10941600000");
  rig_run_for (rig, 60);
  g_assert_cmpuint (rig_count (rig, "interrupt"), ==, 0);
  rig->is_protected = FALSE;
  rig_wait (rig, "interrupt");
}

/* A response that is on its way while another costs the rest goes on to the
 * end of its sentence, and is then cancelled. */
static void
test_under_way (void)
{
  g_autoptr (Rig) rig = new_rig (COST, 0);

  rig->config->transcription_model = g_strdup ("gpt-realtime-whisper");
  rig_start_ready (rig);
  rig->in_sentence = TRUE;
  rig_speak (rig, "R1", "A1");
  transcript (rig, "U1", "{\"type\":\"duration\",\"seconds\":600}");
  rig_wait_n (rig, "budget-exceeded cost 170000000000", 1);
  rig_send_audio (rig, "R1", "A1", 4800);
  rig_flush_down (rig);
  g_assert_cmpuint (rig_count (rig, "audio R1 A1"), ==, 2);
  g_assert_cmpuint (rig_count_sent (rig, "response.cancel"), ==, 0);
  rig->in_sentence = FALSE;
  rig_wait (rig, "interrupt");
  rig_wait_sent (rig, "response.cancel", 1);
  done (rig, "R1", "cancelled");
  g_assert_cmpuint (rig_get_stats (rig).cost_responses, ==, COST);
  g_assert_cmpuint (rig_count (rig, "budget-exceeded"), ==, 1);
}

/* --- nothing that costs --- */

static void
spend (Rig *rig)
{
  rig_start_ready (rig);
  respond (rig, "R1", "completed");
  rig_wait (rig, "interrupt");
  rig_wait_sent (rig, "session.update", 1);
  rig_flush_down (rig);
  rig_clear (rig);
}

static void
test_no_audio (void)
{
  g_autoptr (Rig) rig = new_rig (COST, 0);
  guint pulls;

  spend (rig);
  pulls = rig->pulls;
  rig_push_ms (rig, 400, 0);
  rig_push_ms (rig, 400, 400 * RIG_MS);
  rig_settle_up (rig);
  rig_flush_up (rig);
  g_assert_cmpuint (rig->pulls, >, pulls);
  g_assert_cmpuint (rig_count_sent (rig, "input_audio_buffer.append"), ==, 0);
}

static void
test_no_response (void)
{
  g_autoptr (Rig) rig = new_rig (COST, 0);

  spend (rig);
  rig_command (rig, rig_text ("user", "Hello?"));
  rig_command (rig, rt2_command_new_response (NULL, NULL));
  rig_command (
      rig, rt2_command_new_response ("{\"conversation\":\"none\"}", NULL));
  rig_command (rig, rig_event ("{\"type\":\"response.create\"}"));
  rig_flush_up (rig);
  rig_expect_sent (rig, "");
  g_assert_cmpuint (rig_count (rig, "command-failed"), ==, 4);
}

/* The server's turn detection may have answered before it heard that it is off:
 * that is called back, and what it costs is counted. */
static void
test_late_response (void)
{
  g_autoptr (Rig) rig = new_rig (COST, 0);

  spend (rig);
  rig_send_committed (rig, "U1");
  rig_send_response_created (rig, "R2");
  rig_send_item (rig, "R2", 0, "A2", "message", FALSE);
  rig_send_audio (rig, "R2", "A2", 4800);
  rig_flush_down (rig);
  rig_wait_sent (rig, "response.cancel", 1);
  g_assert_cmpuint (rig_count (rig, "audio"), ==, 0);
  g_assert_cmpuint (rig_count (rig, "response-started"), ==, 0);
  done (rig, "R2", "cancelled");
  g_assert_cmpuint (rig_get_stats (rig).cost_responses, ==, 2 * COST);
  rig_expect_last (rig, "state ready");
}

/* A wish that waits is told that its turn will not come. */
static void
test_wishes (void)
{
  g_autoptr (Rig) rig = new_rig (COST, 0);

  rig_start_ready (rig);
  rig_speak (rig, "R1", "A1");
  rig_command (rig, rt2_command_new_response (NULL, NULL));
  g_assert_cmpuint (rig_count_sent (rig, "response.create"), ==, 0);
  done (rig, "R1", "completed");
  rig_wait (rig, "interrupt");
  rig_flush_up (rig);
  g_assert_cmpuint (rig_count_sent (rig, "response.create"), ==, 0);
  g_assert_cmpuint (rig_count (rig, "command-failed"), ==, 1);
}

/* A function that was called gets its output, but nobody speaks of it. */
static void
test_function (void)
{
  g_autoptr (Rig) rig = new_rig (COST, 0);

  rig_start_ready (rig);
  rig_send_response_created (rig, "R1");
  rig_send_call (rig, "R1", "c1", "now", "{}");
  done (rig, "R1", "completed");
  rig_wait (rig, "interrupt");
  rig_command (rig, rig_result ("c1", "noon"));
  rig_wait_sent (rig, "conversation.item.create", 1);
  rig_flush_up (rig);
  g_assert_cmpuint (rig_count_sent (rig, "response.create"), ==, 0);
}

/* The limit counts on in the next connection, which is told to be silent. */
static void
test_reconnect (void)
{
  g_autoptr (Rig) rig = new_rig (COST, 0);

  spend (rig);
  rig_drop (rig);
  rig_wait (rig, "configured again");
  g_assert_null (turn_detection (rig, 0));
  rig_push_ms (rig, 400, 0);
  rig_settle_up (rig);
  rig_flush_up (rig);
  g_assert_cmpuint (rig_count_sent (rig, "input_audio_buffer.append"), ==, 0);
  g_assert_cmpuint (rig_count (rig, "budget-exceeded"), ==, 0);
}

/* The end comes as ever. */
static void
test_end (void)
{
  g_autoptr (Rig) rig = new_rig (COST, 0);

  spend (rig);
  rig_push_ms (rig, 400, 0);
  rig_finish (rig);
  rig_wait (rig, "drained");
  g_assert_cmpuint (rig_count_sent (rig, "input_audio_buffer.commit"), ==, 0);
}

/* --- another limit --- */

static void
test_raised (void)
{
  g_autoptr (Rig) rig = new_rig (COST, 0);
  Rt2Budget more = { 3 * COST, 0 };

  spend (rig);
  rt2_session_set_budget (rig->session, more);
  rig_wait_sent (rig, "session.update", 1);
  g_assert_nonnull (turn_detection (rig, 0));
  rig_push_ms (rig, 400, 0);
  rig_wait_sent_audio (rig, 400 * 48);
  rig_command (rig, rt2_command_new_response (NULL, NULL));
  rig_wait_sent (rig, "response.create", 1);
  rig_send_answer (rig, "R2", 0);
  done (rig, "R2", "completed");
  rig_flush_up (rig);
  g_assert_cmpuint (rig_count (rig, "budget-exceeded"), ==, 0);
  respond (rig, "R3", "completed");
  rig_wait (rig, "budget-exceeded cost 32824800000");
}

/* Below what was spent is like reaching it; none at all is no limit. */
static void
test_lowered (void)
{
  g_autoptr (Rig) rig = new_rig (0, 0);

  rig_start_ready (rig);
  respond (rig, "R1", "completed");
  rt2_session_set_budget (rig->session, (Rt2Budget){ COST / 2, 0 });
  rig_wait (rig, "budget-exceeded cost 10941600000");
  rt2_session_set_budget (rig->session, (Rt2Budget){ COST / 3, 0 });
  rig_run_idle (rig);
  g_assert_cmpuint (rig_count (rig, "budget-exceeded"), ==, 1);
  rt2_session_set_budget (rig->session, (Rt2Budget){ 0, 0 });
  rig_wait_sent (rig, "session.update", 2);
  g_assert_nonnull (turn_detection (rig, 1));
}

/* --- the limit of time --- */

static void
test_duration (void)
{
  g_autoptr (Rig) rig = new_rig (0, 10 * RIG_S);

  rig->session_time = 10 * RIG_S - 1;
  rig_start_ready (rig);
  rig_run_for (rig, 250);
  g_assert_cmpuint (rig_count (rig, "budget-exceeded"), ==, 0);
  rig->session_time = 10 * RIG_S;
  rig_wait (rig, "budget-exceeded duration 10000");
  rig_wait_sent (rig, "session.update", 1);
  g_assert_null (turn_detection (rig, 0));
  rt2_session_set_budget (rig->session, (Rt2Budget){ 0, 20 * RIG_S });
  rig_wait_sent (rig, "session.update", 2);
  rig->session_time = 21 * RIG_S;
  rig_wait (rig, "budget-exceeded duration 21000");
}

/* Nothing is called back once the session has failed. */
static void
test_failed (void)
{
  g_autoptr (Rig) rig = new_rig (0, 10 * RIG_S);

  rig->options->retries = 0;
  rig_start_ready (rig);
  rig_drop (rig);
  rig_wait (rig, "failed lost");
  rig->session_time = 11 * RIG_S;
  rig_run_for (rig, 250);
}

/* --- other types --- */

/* A translation costs its time; what was said before the limit still comes. */
static void
test_translation (void)
{
  g_autoptr (Rig) rig = new_rig (G_GUINT64_CONSTANT (34000000000) / 60, 0);

  g_free (rig->options->model);
  rig->options->model = g_strdup ("gpt-realtime-translate");
  rig->config->type = RT2_SESSION_TYPE_TRANSLATION;
  rig_start_ready (rig);
  rig_push_ms (rig, 960, 0);
  rig_wait_sent (rig, "session.input_audio_buffer.append", 1);
  g_assert_cmpuint (rig_get_stats (rig).cost_translation, ==, 544000000);
  g_assert_cmpuint (rig_count (rig, "budget-exceeded"), ==, 0);
  rig_push_ms (rig, 400, 960 * RIG_MS);
  rig_wait (rig, "budget-exceeded cost 770666666");
  rig_push_ms (rig, 400, 1360 * RIG_MS);
  rig_settle_up (rig);
  rig_run_for (rig, 700);
  g_assert_cmpuint (
      rig_count_sent (rig, "session.input_audio_buffer.append"), ==, 2);
  g_assert_cmpuint (rig_count (rig, "interrupt"), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/budget/counted", test_counted);
  g_test_add_func ("/budget/unpriced", test_unpriced);
  g_test_add_func ("/budget/deployment", test_deployment);
  g_test_add_func ("/budget/cost", test_cost);
  g_test_add_func ("/budget/sentence", test_sentence);
  g_test_add_func ("/budget/endless-sentence", test_endless_sentence);
  g_test_add_func ("/budget/protected", test_protected);
  g_test_add_func ("/budget/under-way", test_under_way);
  g_test_add_func ("/budget/no-audio", test_no_audio);
  g_test_add_func ("/budget/no-response", test_no_response);
  g_test_add_func ("/budget/late-response", test_late_response);
  g_test_add_func ("/budget/wishes", test_wishes);
  g_test_add_func ("/budget/function", test_function);
  g_test_add_func ("/budget/reconnect", test_reconnect);
  g_test_add_func ("/budget/end", test_end);
  g_test_add_func ("/budget/raised", test_raised);
  g_test_add_func ("/budget/lowered", test_lowered);
  g_test_add_func ("/budget/duration", test_duration);
  g_test_add_func ("/budget/failed", test_failed);
  g_test_add_func ("/budget/translation", test_translation);
  return g_test_run ();
}
