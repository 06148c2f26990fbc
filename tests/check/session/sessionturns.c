/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Turns and responses: what the owner is told of them, when a response is asked
 * for, and what other people's servers leave out.
 */
#include "sessionrig.h"

#include <string.h>

/* -- turns ---------------------------------------------------------------- */

/* In the order in which the real server sends it. */
static void
send_response (Rig *rig)
{
  rig_send_response_created (rig, "R1");
  rig_send_item (rig, "R1", 0, "A1", "message", FALSE);
  rig_send (rig,
      "{\"type\":\"conversation.item.added\",\"previous_item_id\":\"U1\","
      "\"item\":{\"id\":\"A1\",\"type\":\"message\",\"role\":\"assistant\","
      "\"status\":\"in_progress\",\"content\":[]}}");
  rig_send (rig,
      "{\"type\":\"response.content_part.added\",\"response_id\":\"R1\","
      "\"item_id\":\"A1\",\"output_index\":0,\"content_index\":0,"
      "\"part\":{\"type\":\"audio\",\"transcript\":\"\"}}");
  rig_send (rig,
      "{\"type\":\"response.output_audio_transcript.delta\",\"response_id\":"
      "\"R1\",\"item_id\":\"A1\",\"output_index\":0,\"content_index\":0,"
      "\"delta\":\"Sure\",\"obfuscation\":\"x\"}");
  rig_send_audio (rig, "R1", "A1", 960);
  rig_send_audio (rig, "R1", "A1", 480);
  rig_send (rig,
      "{\"type\":\"response.output_audio_transcript.done\",\"response_id\":"
      "\"R1\",\"item_id\":\"A1\",\"output_index\":0,\"content_index\":0,"
      "\"transcript\":\"Sure.\"}");
  rig_send (rig,
      "{\"type\":\"response.output_audio.done\",\"response_id\":\"R1\","
      "\"item_id\":\"A1\",\"output_index\":0,\"content_index\":0}");
  rig_send_item (rig, "R1", 0, "A1", "message", TRUE);
  rig_send_response_done (rig, "R1", "completed");
}

static void
test_vad_turn (void)
{
  g_autoptr (Rig) rig = rig_new ();
  Rt2SessionStats stats;

  rig_start_ready (rig);
  rig_push_ms (rig, 1000, 5 * RIG_S);
  rig_wait_sent_audio (rig, 48000);
  rig_send_speech_started (rig, "U1", 200);
  rig_send_speech_stopped (rig, "U1", 900);
  rig_send_committed (rig, "U1");
  send_response (rig);
  rig_flush_down (rig);
  rig_expect_log (rig, "speech-started U1 5200", "interrupt", "state listening",
      "speech-stopped U1 5200 5900", "state ready", "state thinking",
      "response-started R1", "item R1 A1 0 added",
      "text R1 A1 transcript delta Sure", "audio R1 A1 960", "audio R1 A1 480",
      "text R1 A1 transcript final Sure.", "audio-done R1 A1",
      "item R1 A1 0 done", "response-done R1 completed", "state ready", NULL);
  g_assert_cmpuint (rig->audio->len, ==, 1440);
  stats = rig_get_stats (rig);
  g_assert_cmpuint (stats.responses, ==, 1);
  g_assert_cmpuint (stats.input_tokens, ==, 20);
  g_assert_cmpuint (stats.output_tokens, ==, 10);
  g_assert_cmpuint (stats.total_tokens, ==, 30);
  g_assert_cmpuint (stats.interruptions, ==, 0);
  g_assert_cmpuint (stats.response_latency, >, 0);
  /* The server does all of it. */
  rig_flush_up (rig);
  rig_expect_sent (rig, "input_audio_buffer.append");
}

/* Text where audio is usual, and a response of several items. */
static void
test_text_and_items (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_send_response_created (rig, "R1");
  rig_send_item (rig, "R1", 0, "A1", "message", FALSE);
  rig_send (rig,
      "{\"type\":\"response.output_text.delta\",\"response_id\":\"R1\","
      "\"item_id\":\"A1\",\"output_index\":0,\"delta\":\"Su\"}");
  rig_send_item (rig, "R1", 1, "A2", "message", FALSE);
  rig_send_audio (rig, "R1", "A2", 480);
  rig_send (rig,
      "{\"type\":\"response.output_text.done\",\"response_id\":\"R1\","
      "\"item_id\":\"A1\",\"output_index\":0,\"text\":\"Sure.\"}");
  rig_send_item (rig, "R1", 2, "F1", "function_call", TRUE);
  rig_send_response_done (rig, "R1", "incomplete");
  rig_flush_down (rig);
  rig_expect_log (rig, "response-started R1", "state thinking",
      "item R1 A1 0 added", "text R1 A1 text delta Su", "item R1 A2 1 added",
      "audio R1 A2 480", "text R1 A1 text final Sure.", "item R1 F1 2 done",
      "response-done R1 incomplete", "state ready", NULL);
}

static void
test_user_text (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_push_ms (rig, 1000, 60 * RIG_S);
  rig_wait_sent_audio (rig, 48000);
  rig_send_speech_started (rig, "U1", 100);
  rig_send (rig,
      "{\"type\":\"conversation.item.input_audio_transcription.delta\","
      "\"item_id\":\"U1\",\"content_index\":0,\"delta\":\"Hey\"}");
  rig_send_speech_stopped (rig, "U1", 400);
  rig_send_speech_started (rig, "U2", 600);
  rig_send_transcript (rig, "U1", "Hey you");
  rig_send_speech_stopped (rig, "U2", 700);
  rig_send_transcript (rig, "U2", "Ho");
  rig_send_transcript (rig, "U9", "Nobody");
  rig_send (rig,
      "{\"type\":\"conversation.item.input_audio_transcription.failed\","
      "\"item_id\":\"U3\",\"content_index\":0,\"error\":{\"type\":"
      "\"transcription_error\",\"code\":\"audio_unintelligible\","
      "\"message\":\"No.\",\"param\":null}}");
  rig_flush_down (rig);
  g_assert_cmpuint (rig_count (rig, "user-text U1 60100 - delta Hey"), ==, 1);
  g_assert_cmpuint (
      rig_count (rig, "user-text U1 60100 60400 final Hey you"), ==, 1);
  g_assert_cmpuint (
      rig_count (rig, "user-text U2 60600 60700 final Ho"), ==, 1);
  g_assert_cmpuint (rig_count (rig, "user-text U9 - - final Nobody"), ==, 1);
  g_assert_cmpuint (
      rig_count (rig, "server-error audio_unintelligible"), ==, 1);
  g_assert_cmpuint (rig_count (rig, "failed"), ==, 0);
}

/* The input had a hole: the server's count did not. */
static void
test_speech_times (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_send_speech_started (rig, "U0", 0);
  rig_flush_down (rig);
  g_assert_cmpuint (rig_count (rig, "speech-started U0 -"), ==, 1);
  rig_push_ms (rig, 100, 10 * RIG_S);
  rig_push_ms (rig, 100, 20 * RIG_S);
  rig_push_ms (rig, 100, 90 * RIG_S);
  rig_wait_sent_audio (rig, 14400);
  rig_send_speech_started (rig, "U1", 50);
  rig_send_speech_stopped (rig, "U1", 250);
  rig_send_speech_started (rig, "U2", 150);
  rig_flush_down (rig);
  g_assert_cmpuint (rig_count (rig, "speech-started U1 10050"), ==, 1);
  g_assert_cmpuint (rig_count (rig, "speech-stopped U1 10050 90050"), ==, 1);
  g_assert_cmpuint (rig_count (rig, "speech-started U2 20050"), ==, 1);
}

/* A new session counts from 0 again, and knows nothing of the old items. */
static void
test_speech_times_reconnected (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_push_ms (rig, 500, 10 * RIG_S);
  rig_wait_sent_audio (rig, 24000);
  rig_send_speech_started (rig, "U1", 300);
  rig_flush_down (rig);
  rig_drop (rig);
  rig_wait (rig, "configured again");
  rig_clear (rig);
  rig_send_speech_started (rig, "U5", 0);
  rig_send_transcript (rig, "U1", "Old");
  rig_flush_down (rig);
  rig_push_ms (rig, 500, 70 * RIG_S);
  rig_wait_sent_audio (rig, 24000);
  rig_send_speech_started (rig, "U2", 300);
  rig_flush_down (rig);
  g_assert_cmpuint (rig_count (rig, "speech-started U5 -"), ==, 1);
  g_assert_cmpuint (rig_count (rig, "user-text U1 - - final Old"), ==, 1);
  g_assert_cmpuint (rig_count (rig, "speech-started U2 70300"), ==, 1);
  g_assert_cmpuint (rig_get_stats (rig).appended, ==, 500 * RIG_MS);
}

/* -- the sequence of responses -------------------------------------------- */

/* A session that asks for a response as soon as nothing is in its way. */
static Rig *
new_asking (void)
{
  Rig *rig = rig_new ();

  rig->config->turn_detection = RT2_TURN_DETECTION_NONE;
  rig_start_ready (rig);
  return rig;
}

static void
ask (Rig *rig)
{
  rig_push_ms (rig, 200, 0);
  rig_finish (rig);
  rig_wait_sent (rig, "input_audio_buffer.commit", 1);
  rig_send_committed (rig, "U1");
}

static void
expect_creates (Rig *rig, guint n)
{
  rig_flush_down (rig);
  rig_flush_up (rig);
  g_assert_cmpuint (rig_count_sent (rig, "response.create"), ==, n);
}

static const gchar *
get_create_id (Rig *rig)
{
  const gchar *id = rt2_json_string (
      rig_get_sent (rig, "response.create", 0), "event_id");

  g_assert_nonnull (id);
  return id;
}

static void
test_create_waits (void)
{
  g_autoptr (Rig) rig = new_asking ();

  rig_send_response_created (rig, "R1");
  rig_flush_down (rig);
  ask (rig);
  expect_creates (rig, 0);
  rig_send_audio (rig, "R1", "A1", 480);
  expect_creates (rig, 0);
  rig_send_response_done (rig, "R1", "completed");
  rig_wait_sent (rig, "response.create", 1);
  rig_send_response_created (rig, "R2");
  rig_send_response_done (rig, "R2", "completed");
  expect_creates (rig, 1);
  rig_expect_sent (rig,
      "input_audio_buffer.append input_audio_buffer.commit response.create");
  rig_expect_last (rig, "drained");
}

/* A response that was only ever seen by its audio is under way, too. */
static void
test_create_waits_for_the_unannounced (void)
{
  g_autoptr (Rig) rig = new_asking ();

  rig_send_audio (rig, "R1", "A1", 480);
  rig_flush_down (rig);
  ask (rig);
  expect_creates (rig, 0);
  rig_send_response_done (rig, "R1", "completed");
  rig_wait_sent (rig, "response.create", 1);
}

/* The error that answers the first response.cancel, or one that is not of
 * ours. */
static void
refuse_cancel (Rig *rig, gboolean ours)
{
  rig_wait_sent (rig, "response.cancel", 1);
  rig_send_error (rig, "response_cancel_not_active",
      ours ? rt2_json_string (
          rig_get_sent (rig, "response.cancel", 0), "event_id")
           : "rt2-0",
      NULL);
}

static void
send_unannounced (Rig *rig)
{
  rig_send_audio (rig, "R1", "A1", 480);
}

static void
send_announced (Rig *rig)
{
  rig_send_response_created (rig, "R1");
}

/* What the server does not know will not end: it is in nobody's way. */
static void
test_cancel_of_none (gconstpointer begin)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  ((void (*) (Rig * rig)) begin) (rig);
  rig_flush_down (rig);
  rig_command (rig, rig_text ("user", "Stop."));
  refuse_cancel (rig, FALSE);
  expect_creates (rig, 0);
  refuse_cancel (rig, TRUE);
  rig_wait_sent (rig, "response.create", 1);
  g_assert_cmpuint (rig_count (rig, "response-done R1 cancelled"), ==, 1);
  g_assert_cmpuint (rig_count_sent (rig, "conversation.item.create"), ==, 1);
  /* Whatever it still says is a straggler. */
  rig_send_audio (rig, "R1", "A1", 480);
  rig_send_response_done (rig, "R1", "completed");
  rig_send_response_created (rig, "R2");
  rig_flush_down (rig);
  rig_expect_last (rig, "response-started R2");
  g_assert_cmpuint (rig_count (rig, "response-done"), ==, 1);
}

/* One whose beginning was not announced may have no end, either. */
static void
test_unannounced_falls_silent (void)
{
  g_autoptr (Rig) rig = rig_new ();
  gint64 begun;

  rig_start_ready (rig);
  send_unannounced (rig);
  rig_flush_down (rig);
  begun = g_get_monotonic_time ();
  rig_command (rig, rig_text ("system", "It rains."));
  expect_creates (rig, 0);
  rig_wait_sent (rig, "response.create", 1);
  g_assert_cmpint (g_get_monotonic_time () - begun, >,
      RT2_SESSION_UNANNOUNCED_SILENCE / 1000 - G_USEC_PER_SEC);
  g_assert_cmpuint (rig_count (rig, "response-done R1 incomplete"), ==, 1);
}

/* Its calls are answered then, with nobody to say or to hear anything. */
static void
test_unannounced_with_call (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_send_call (rig, "R1", "call-1", "f", "{}");
  rig_flush_down (rig);
  rig_command (rig, rig_result ("call-1", "42"));
  rig_wait_sent (rig, "response.create", 1);
  g_assert_cmpuint (rig_count_sent (rig, "conversation.item.create"), ==, 1);
}

/* The server began one of its own when ours was on its way. */
static void
test_already_active (void)
{
  g_autoptr (Rig) rig = new_asking ();

  ask (rig);
  rig_wait_sent (rig, "response.create", 1);
  rig_send_response_created (rig, "R1");
  rig_send_error (rig, "conversation_already_has_active_response",
      get_create_id (rig), NULL);
  expect_creates (rig, 1);
  g_assert_cmpuint (rig_count (rig, "drained"), ==, 0);
  rig_send_response_done (rig, "R1", "completed");
  rig_wait_sent (rig, "response.create", 2);
  rig_send_response_created (rig, "R2");
  rig_send_response_done (rig, "R2", "completed");
  expect_creates (rig, 2);
  g_assert_cmpuint (rig_count (rig, "server-error"), ==, 0);
  g_assert_cmpuint (rig_get_stats (rig).server_errors, ==, 1);
  rig_expect_last (rig, "drained");
}

/* Likewise, but the server never announced that one: no storm of tries. */
static void
test_already_active_unannounced (void)
{
  g_autoptr (Rig) rig = new_asking ();

  ask (rig);
  rig_wait_sent (rig, "response.create", 1);
  rig_send_error (rig, "conversation_already_has_active_response",
      get_create_id (rig), NULL);
  expect_creates (rig, 1);
  rig_send_response_done (rig, "R1", "completed");
  rig_wait_sent (rig, "response.create", 2);
  expect_creates (rig, 2);
}

/* Refused for another reason: there will be none, and nobody waits for it. */
static void
test_create_refused (void)
{
  g_autoptr (Rig) rig = new_asking ();

  ask (rig);
  rig_wait_sent (rig, "response.create", 1);
  rig_send_error (rig, "rate_limit_exceeded", get_create_id (rig), NULL);
  rig_wait (rig, "drained");
  expect_creates (rig, 1);
  g_assert_cmpuint (rig_count (rig, "server-error rate_limit_exceeded"), ==, 1);
  g_assert_cmpuint (rig_count (rig, "state ready"), ==, 1);
}

/* An error about something else is none about our response. */
static void
test_other_error (void)
{
  g_autoptr (Rig) rig = new_asking ();

  ask (rig);
  rig_wait_sent (rig, "response.create", 1);
  rig_send_error (rig, "rate_limit_exceeded", NULL, NULL);
  rig_send_error (rig, "rate_limit_exceeded", "no-event-of-ours", NULL);
  rig_flush_down (rig);
  rig_expect_log (rig, "state thinking", "server-error rate_limit_exceeded",
      "server-error rate_limit_exceeded", NULL);
}

/* response.done is all there may be of a failed one. */
static void
test_done_without_created (void)
{
  g_autoptr (Rig) rig = new_asking ();

  ask (rig);
  rig_wait_sent (rig, "response.create", 1);
  rig_send_response_done (rig, "R1", "failed");
  rig_wait (rig, "drained");
  rig_expect_log (rig, "state thinking", "response-done R1 failed",
      "state ready", "drained", NULL);
}

/* -- stragglers ----------------------------------------------------------- */

static void
send_stragglers (Rig *rig, const gchar *response)
{
  rig_send_audio (rig, response, "A1", 480);
  rig_send_item (rig, response, 0, "A1", "message", FALSE);
  rig_send_item (rig, response, 0, "A1", "message", TRUE);
  rig_send (rig,
      "{\"type\":\"response.output_audio.done\",\"response_id\":\"%s\","
      "\"item_id\":\"A1\",\"output_index\":0,\"content_index\":0}",
      response);
  rig_send (rig,
      "{\"type\":\"response.output_audio_transcript.delta\",\"response_id\":"
      "\"%s\",\"item_id\":\"A1\",\"output_index\":0,\"delta\":\"x\"}",
      response);
  rig_send (rig,
      "{\"type\":\"response.output_text.done\",\"response_id\":\"%s\","
      "\"item_id\":\"A1\",\"output_index\":0,\"text\":\"x\"}",
      response);
}

static void
test_stragglers_of_ended (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_send_response_created (rig, "R1");
  rig_send_response_done (rig, "R1", "completed");
  rig_flush_down (rig);
  rig_clear (rig);
  send_stragglers (rig, "R1");
  rig_flush_down (rig);
  rig_expect_log (rig, NULL);
  rig_send_audio (rig, "R2", "A2", 480);
  rig_flush_down (rig);
  rig_expect_log (
      rig, "response-started R2", "audio R2 A2 480", "state thinking", NULL);
}

static void
test_twice (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_send_response_created (rig, "R1");
  rig_send_response_done (rig, "R1", "completed");
  rig_send_response_done (rig, "R1", "completed");
  rig_send_response_created (rig, "R1");
  rig_flush_down (rig);
  rig_expect_log (rig, "response-started R1", "state thinking",
      "response-done R1 completed", "state ready", NULL);
  g_assert_cmpuint (rig_get_stats (rig).responses, ==, 1);
  g_assert_cmpuint (rig_get_stats (rig).total_tokens, ==, 30);
}

/* An old response's straggler is not the one that we wait for. */
static void
test_straggler_while_due (void)
{
  g_autoptr (Rig) rig = new_asking ();

  rig_send_response_created (rig, "R1");
  rig_send_response_done (rig, "R1", "completed");
  rig_flush_down (rig);
  ask (rig);
  rig_wait_sent (rig, "response.create", 1);
  rig_send_response_created (rig, "R1");
  rig_send_response_done (rig, "R1", "completed");
  rig_flush_down (rig);
  g_assert_cmpuint (rig_count (rig, "drained"), ==, 0);
  rig_send_response_done (rig, "R2", "completed");
  rig_wait (rig, "drained");
}

/* -- other people's servers ----------------------------------------------- */

static void
test_unannounced (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_send_audio (rig, "R1", "A1", 480);
  rig_send (rig,
      "{\"type\":\"response.output_audio_transcript.delta\",\"response_id\":"
      "\"R1\",\"item_id\":\"A1\",\"delta\":\"Hi\"}");
  rig_send (rig,
      "{\"type\":\"response.done\",\"response\":{\"id\":\"R1\","
      "\"status_details\":\"odd\"}}");
  rig_flush_down (rig);
  rig_expect_log (rig, "response-started R1", "audio R1 A1 480",
      "state thinking", "text R1 A1 transcript delta Hi", "response-done R1 ?",
      "state ready", NULL);
}

/* Each lacks something that it should have. */
static const gchar *const poor_events[] = {
  "{\"type\":\"input_audio_buffer.speech_started\"}",
  "{\"type\":\"input_audio_buffer.speech_started\",\"item_id\":null,"
  "\"audio_start_ms\":-5}",
  "{\"type\":\"input_audio_buffer.speech_stopped\"}",
  "{\"type\":\"input_audio_buffer.speech_stopped\",\"item_id\":\"U7\"}",
  "{\"type\":\"input_audio_buffer.committed\",\"item_id\":null}",
  "{\"type\":\"input_audio_buffer.timeout_triggered\"}",
  "{\"type\":\"input_audio_buffer.dtmf_event_received\"}",
  "{\"type\":\"conversation.created\"}",
  "{\"type\":\"conversation.item.added\",\"item\":{\"type\":\"message\"}}",
  "{\"type\":\"conversation.item.added\",\"item\":null}",
  "{\"type\":\"conversation.item.done\",\"item\":{\"id\":\"I\"}}",
  "{\"type\":\"conversation.item.created\",\"item\":{\"id\":\"I\"}}",
  "{\"type\":\"conversation.item.deleted\"}",
  "{\"type\":\"conversation.item.deleted\",\"item_id\":\"nobody\"}",
  "{\"type\":\"conversation.item.truncated\"}",
  "{\"type\":\"conversation.item.input_audio_transcription.delta\"}",
  "{\"type\":\"conversation.item.input_audio_transcription.completed\"}",
  "{\"type\":\"conversation.item.input_audio_transcription.completed\","
  "\"transcript\":\"Hi\"}",
  "{\"type\":\"conversation.item.input_audio_transcription.failed\"}",
  "{\"type\":\"conversation.item.input_audio_transcription.failed\","
  "\"error\":null}",
  "{\"type\":\"response.created\"}",
  "{\"type\":\"response.created\",\"response\":{}}",
  "{\"type\":\"response.done\"}",
  "{\"type\":\"response.done\",\"response\":{\"id\":\"\"}}",
  "{\"type\":\"response.output_item.added\",\"item\":{\"id\":\"I\"}}",
  "{\"type\":\"response.output_item.added\",\"response_id\":\"R\"}",
  "{\"type\":\"response.output_item.done\",\"item\":{\"id\":\"I\","
  "\"type\":\"message\",\"role\":\"assistant\"}}",
  "{\"type\":\"response.output_item.done\",\"response_id\":null,"
  "\"item\":{\"id\":null}}",
  "{\"type\":\"response.content_part.added\"}",
  "{\"type\":\"response.output_audio.delta\",\"delta\":\"AAAA\"}",
  "{\"type\":\"response.output_audio.delta\",\"item_id\":\"I\","
  "\"delta\":\"AAAA\"}",
  "{\"type\":\"response.output_audio.delta\",\"response_id\":\"\","
  "\"item_id\":\"\",\"delta\":\"AAAA\"}",
  "{\"type\":\"response.output_audio.done\"}",
  "{\"type\":\"response.output_text.delta\",\"delta\":\"x\"}",
  "{\"type\":\"response.output_text.done\"}",
  "{\"type\":\"response.output_audio_transcript.done\",\"item_id\":\"I\"}",
  "{\"type\":\"response.function_call_arguments.done\"}",
  "{\"type\":\"response.mcp_call.failed\"}",
  "{\"type\":\"mcp_list_tools.failed\"}",
  "{\"type\":\"error\"}",
  "{\"type\":\"error\",\"error\":null}",
  "{\"type\":\"error\",\"error\":{\"code\":null,\"event_id\":null}}",
};

/* The rig checks that nothing without an address is reported. */
static void
test_poor_events (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (poor_events); i++) {
    g_autoptr (Rig) rig = rig_new ();

    rig->config->transcription_model = g_strdup ("whisper-1");
    rig_start_ready (rig);
    g_test_message ("%s", poor_events[i]);
    rig_send (rig, "%s", poor_events[i]);
    rig_send (rig, "%s", poor_events[i]);
    rig_flush_down (rig);
    rig_send_audio (rig, "R9", "A9", 480);
    rig_flush_down (rig);
    rig_flush_up (rig);
    g_assert_cmpuint (rig_count (rig, "audio R9 A9 480"), ==, 1);
    rig_expect_sent (rig, "");
  }
}

static void
test_unknown_and_bad (void)
{
  static const gchar *const unknown[] = { "{\"type\":\"response.smelled\"}",
    "{\"type\":\"x\",\"item\":{\"id\":4}}" };
  static const gchar *const bad[] = { "", "{", "[]", "null", "{}",
    "{\"type\":5}", "{\"type\":\"error\"}}", "\"type\"",
    "{\"type\":\"response.output_audio.delta\",\"response_id\":\"R\","
    "\"item_id\":\"I\",\"delta\":\"*\"}" };
  g_autoptr (Rig) rig = rig_new ();
  g_autofree gchar *deep = g_strnfill (200000, '[');
  Rt2SessionStats stats;

  rig_start_ready (rig);
  for (guint i = 0; i < G_N_ELEMENTS (unknown); i++)
    rig_send (rig, "%s", unknown[i]);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    rig_send (rig, "%s", bad[i]);
  rig_send (rig, "%s", deep);
  rig_flush_down (rig);
  rig_send_audio (rig, "R9", "A9", 480);
  rig_flush_down (rig);
  stats = rig_get_stats (rig);
  g_assert_cmpuint (stats.unknown_events, ==, G_N_ELEMENTS (unknown));
  g_assert_cmpuint (stats.bad_events, ==, G_N_ELEMENTS (bad) + 1);
  rig_expect_log (
      rig, "response-started R9", "audio R9 A9 480", "state thinking", NULL);
}

/* -- failures that are the response's, and some that are not -------------- */

static void
send_failed_response (Rig *rig, const gchar *code)
{
  rig_send (rig,
      "{\"type\":\"response.done\",\"response\":{\"id\":\"R1\",\"status\":"
      "\"failed\",\"status_details\":{\"type\":\"failed\",\"error\":{"
      "\"type\":\"x\",\"code\":\"%s\",\"message\":\"No.\"}},\"output\":[],"
      "\"usage\":null}}",
      code);
}

static void
test_failed_response (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_send_response_created (rig, "R1");
  send_failed_response (rig, "inference_rate_limit_exceeded");
  rig_flush_down (rig);
  rig_expect_log (rig, "response-started R1", "state thinking",
      "response-done R1 failed", "state ready", NULL);
}

static void
test_account_is_empty (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->options->retries = RT2_RETRIES_FOREVER;
  rig_start_ready (rig);
  rig_send_response_created (rig, "R1");
  send_failed_response (rig, "insufficient_quota");
  rig_wait (rig, "failed quota");
  rig_expect_log (rig, "response-started R1", "state thinking",
      "response-done R1 failed", "state disconnected", "failed quota", NULL);
}

static void
test_benign_errors (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_send_error (rig, "response_cancel_not_active", NULL, NULL);
  rig_send_error (rig, "input_audio_buffer_commit_empty", NULL, NULL);
  rig_send_error (rig, "server_error", NULL, NULL);
  rig_flush_down (rig);
  rig_expect_log (rig, "server-error server_error", NULL);
  g_assert_cmpuint (rig_get_stats (rig).server_errors, ==, 3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add_func ("/session/" name, function)
  ADD ("turn/vad", test_vad_turn);
  ADD ("turn/text-and-items", test_text_and_items);
  ADD ("turn/user-text", test_user_text);
  ADD ("turn/speech-times", test_speech_times);
  ADD ("turn/speech-times-reconnected", test_speech_times_reconnected);
  ADD ("create/waits", test_create_waits);
  ADD ("create/waits-for-the-unannounced",
      test_create_waits_for_the_unannounced);
  g_test_add_data_func ("/session/create/cancel-of-unannounced",
      (gconstpointer) send_unannounced, test_cancel_of_none);
  g_test_add_data_func ("/session/create/cancel-of-announced",
      (gconstpointer) send_announced, test_cancel_of_none);
  ADD ("create/unannounced-falls-silent", test_unannounced_falls_silent);
  ADD ("create/unannounced-with-call", test_unannounced_with_call);
  ADD ("create/already-active", test_already_active);
  ADD ("create/already-active-unannounced", test_already_active_unannounced);
  ADD ("create/refused", test_create_refused);
  ADD ("create/other-error", test_other_error);
  ADD ("create/done-without-created", test_done_without_created);
  ADD ("straggler/of-ended", test_stragglers_of_ended);
  ADD ("straggler/twice", test_twice);
  ADD ("straggler/while-due", test_straggler_while_due);
  ADD ("server/unannounced", test_unannounced);
  ADD ("server/poor-events", test_poor_events);
  ADD ("server/unknown-and-bad", test_unknown_and_bad);
  ADD ("failure/response", test_failed_response);
  ADD ("failure/account-is-empty", test_account_is_empty);
  ADD ("failure/benign-errors", test_benign_errors);
  return g_test_run ();
}
