/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the application asks for: the words on the wire, what waits for what,
 * what is refused, and how much may wait.
 */
#include "sessionrig.h"

#include <string.h>

#define CREATE "conversation.item.create"
#define CUT "response.cancel conversation.item.truncate"
#define SAY "conversation.item.create response.create"

/* A response with one message of which 100 ms came. */
static void
speak (Rig *rig, const gchar *response, const gchar *item)
{
  rig_send_response_created (rig, response);
  rig_send_item (rig, response, 0, item, "message", FALSE);
  rig_send_audio (rig, response, item, 4800);
  rig_flush_down (rig);
}

static void
end_response (Rig *rig, const gchar *response, const gchar *status)
{
  rig_send_response_done (rig, response, status);
  rig_flush_down (rig);
  rig_flush_up (rig);
}

static Rig *
new_ready (void)
{
  Rig *rig = rig_new ();

  rig_start_ready (rig);
  return rig;
}

static Rig *
new_push_to_talk (void)
{
  Rig *rig = rig_new ();

  rig->config->turn_detection = RT2_TURN_DETECTION_NONE;
  rig_start_ready (rig);
  return rig;
}

/* The text of the written message number @n. */
static const gchar *
text_sent (Rig *rig, guint n)
{
  JsonObject *item = rt2_json_object (rig_get_sent (rig, CREATE, n), "item");

  return rt2_json_string (
      rt2_json_array_object (rt2_json_array (item, "content"), 0), "text");
}

/* -- words ---------------------------------------------------------------- */

/* The response.create number @n has exactly these members in `response`, and
 * our mark. */
static void
expect_create (Rig *rig, guint n, const gchar *members)
{
  JsonObject *event = rig_get_sent (rig, "response.create", n);
  g_autofree gchar *json = g_strdup_printf (
      "{\"type\":\"response.create\",\"response\":{%s\"metadata\":{"
      "\"client_event_id\":\"%s\"}}}",
      members, rt2_json_string (event, "event_id"));

  rig_expect_event (rig, "response.create", n, json);
}

static void
test_commit_words (void)
{
  g_autoptr (Rig) rig = new_push_to_talk ();

  rig_push_ms (rig, 200, 0);
  rig_push_command (rig, rt2_command_new (RT2_COMMAND_COMMIT_INPUT));
  rig_settle_up (rig);
  rig_flush_up (rig);
  rig_expect_sent (rig,
      "input_audio_buffer.append input_audio_buffer.commit response.create");
  rig_expect_event (rig, "input_audio_buffer.commit", 0,
      "{\"type\":\"input_audio_buffer.commit\"}");
  expect_create (rig, 0, "");
}

static void
test_clear_words (void)
{
  g_autoptr (Rig) rig = new_push_to_talk ();

  rig_command (rig, rt2_command_new (RT2_COMMAND_CLEAR_INPUT));
  rig_flush_up (rig);
  rig_expect_sent (rig, "input_audio_buffer.clear");
  rig_expect_event (rig, "input_audio_buffer.clear", 0,
      "{\"type\":\"input_audio_buffer.clear\"}");
}

static const struct {
  const gchar *role, *part;
  gboolean answered;
} writers[] = {
  { "user", "input_text", TRUE },
  { "system", "input_text", TRUE },
  { "assistant", "output_text", FALSE },
};

static void
test_text_words (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (writers); i++) {
    g_autoptr (Rig) rig = new_ready ();
    g_autofree gchar *json = g_strdup_printf (
        "{\"type\":\"" CREATE "\",\"item\":{\"type\":\"message\",\"role\":"
        "\"%s\",\"content\":[{\"type\":\"%s\","
        "\"text\":\"a \\\"b\\\"\\n\\u00e9 \\ud83d\\ude00\"}]}}",
        writers[i].role, writers[i].part);

    rig_command (
        rig, rig_text (writers[i].role, "a \"b\"\n\xc3\xa9 \xf0\x9f\x98\x80"));
    rig_flush_up (rig);
    rig_expect_sent (rig, writers[i].answered ? SAY : CREATE);
    rig_expect_event (rig, CREATE, 0, json);
    if (writers[i].answered)
      expect_create (rig, 0, "");
  }
}

static void
test_create_words (void)
{
  g_autoptr (Rig) rig = new_ready ();
  JsonObject *response, *metadata;

  rig_command (rig, rt2_command_new_response (NULL, NULL));
  rig_flush_up (rig);
  expect_create (rig, 0, "");

  rig_send_answer (rig, "R1", 0);
  rig_clear (rig);
  end_response (rig, "R1", "completed");
  rig_command (rig,
      rt2_command_new_response (
          "{\"instructions\":\"Sing.\",\"tools\":[],\"x\":null,"
          "\"metadata\":{\"mine\":\"1\"}}",
          NULL));
  rig_flush_up (rig);
  rig_expect_sent (rig, "response.create");
  response = rt2_json_object (
      rig_get_sent (rig, "response.create", 0), "response");
  g_assert_cmpstr (rt2_json_string (response, "instructions"), ==, "Sing.");
  g_assert_nonnull (rt2_json_array (response, "tools"));
  g_assert_true (json_object_get_null_member (response, "x"));
  metadata = rt2_json_object (response, "metadata");
  g_assert_cmpstr (rt2_json_string (metadata, "mine"), ==, "1");
}

static void
test_approval_words (void)
{
  for (gint yes = 0; yes < 2; yes++) {
    g_autoptr (Rig) rig = new_ready ();
    JsonObject *item;

    rig_command (rig, rt2_command_new_approval ("mcpr_1", yes, NULL));
    rig_flush_up (rig);
    rig_expect_sent (rig, CREATE);
    item = rt2_json_object (rig_get_sent (rig, CREATE, 0), "item");
    g_assert_cmpstr (
        rt2_json_string (item, "type"), ==, "mcp_approval_response");
    g_assert_cmpstr (
        rt2_json_string (item, "approval_request_id"), ==, "mcpr_1");
    g_assert_cmpint (json_object_get_boolean_member (item, "approve"), ==, yes);
    g_assert_cmpuint (strlen (rt2_json_string (item, "id")), <=, 32);
  }
}

/* As it is: no id is put in, nothing is left out. */
static void
test_event_words (void)
{
  static const gchar json[] =
      "{\"type\":\"made.up\",\"n\":[1,2.5,{\"a\":null}],\"text\":\"\\u00e9\"}";
  g_autoptr (Rig) rig = new_ready ();
  g_autofree gchar *got = NULL;

  rig_command (rig, rig_event (json));
  rig_wait_sent (rig, "made.up", 1);
  got = test_server_dup_message (
      rig->server, 0, test_server_count_messages (rig->server, 0) - 1);
  g_assert_cmpstr (got, ==, json);
}

/* -- before there is a session -------------------------------------------- */

static Rig *
new_unconfigured (void)
{
  Rig *rig = rig_new ();

  rig_set (&rig->accepts, FALSE);
  rig_start (rig);
  rig_wait (rig, "created");
  rig_wait_sent (rig, "session.update", 1);
  rig_clear (rig);
  return rig;
}

static void
accept_late (Rig *rig)
{
  rig_set (&rig->accepts, TRUE);
  rig_send_updated (rig, "audio/pcm", "audio/pcm");
  rig_wait (rig, "state ready");
}

static void
test_waits_for_session (void)
{
  g_autoptr (Rig) rig = new_unconfigured ();

  rig_command (rig, rig_event ("{\"type\":\"a\"}"));
  rig_command (rig, rig_text ("assistant", "Hello."));
  rig_command (rig, rt2_command_new (RT2_COMMAND_CLEAR_INPUT));
  rig_command (rig, rig_event ("{\"type\":\"b\"}"));
  rig_run_for (rig, 50);
  rig_expect_sent (rig, "");
  accept_late (rig);
  rig_flush_up (rig);
  rig_expect_sent (rig, "a " CREATE " input_audio_buffer.clear b");
}

/* What waits is bounded, whether the loop has seen it or not. */
static void
test_bounded_number (void)
{
  for (gint seen = 0; seen < 2; seen++) {
    g_autoptr (Rig) rig = new_unconfigured ();

    for (guint i = 0; i < RT2_SESSION_MAX_COMMANDS; i++) {
      g_assert_true (
          rt2_session_command (rig->session, rig_event ("{\"type\":\"a\"}")));
      if (seen)
        rig_run_idle (rig);
    }
    g_assert_false (
        rt2_session_command (rig->session, rig_event ("{\"type\":\"b\"}")));
    accept_late (rig);
    g_assert_true (
        rt2_session_command (rig->session, rig_event ("{\"type\":\"c\"}")));
    rig_wait_sent (rig, "c", 1);
    g_assert_cmpuint (rig_count_sent (rig, "a"), ==, RT2_SESSION_MAX_COMMANDS);
    g_assert_cmpuint (rig_count_sent (rig, "b"), ==, 0);
  }
}

static Rt2Command *
big_command (void)
{
  g_autofree gchar *text = g_strnfill (RT2_COMMAND_MAX_TEXT, 'x');

  return rig_result ("call_0", text);
}

static void
test_bounded_bytes (void)
{
  g_autoptr (Rig) rig = new_unconfigured ();
  guint n = RT2_SESSION_MAX_COMMAND_BYTES / RT2_COMMAND_MAX_TEXT;
  guint taken = 0;

  while (taken <= n && rt2_session_command (rig->session, big_command ())) {
    rig_run_idle (rig);
    taken++;
  }
  g_assert_cmpuint (taken, <=, n);
  g_assert_cmpuint (taken, >=, n - 1);
  /* Small ones still have room. */
  g_assert_true (
      rt2_session_command (rig->session, rig_event ("{\"type\":\"a\"}")));
  accept_late (rig);
  rig_wait_sent (rig, "a", 1);
}

/* The bound is on what waits, not on what was ever asked. */
static void
test_bound_is_given_back (void)
{
  g_autoptr (Rig) rig = new_ready ();
  guint n = 2 * RT2_SESSION_MAX_COMMAND_BYTES / RT2_COMMAND_MAX_TEXT;

  for (guint i = 0; i < n; i++)
    rig_command (rig, big_command ());
  g_assert_cmpuint (rig_count (rig, "command-failed"), ==, n);
}

/* -- push to talk --------------------------------------------------------- */

static void
expect_refused (Rig *rig, Rt2CommandKind kind, guint n)
{
  g_autofree gchar *line = g_strdup_printf ("command-failed %d", kind);

  rig_settle_up (rig);
  rig_flush_up (rig);
  g_assert_cmpuint (rig_count (rig, line), ==, n);
}

static void
test_commit_too_short (void)
{
  g_autoptr (Rig) rig = new_push_to_talk ();

  rig_push_ms (rig, 99, 0);
  rig_push_command (rig, rt2_command_new (RT2_COMMAND_COMMIT_INPUT));
  expect_refused (rig, RT2_COMMAND_COMMIT_INPUT, 1);
  rig_expect_sent (rig, "input_audio_buffer.append");

  rig_push_ms (rig, 1, 99 * RIG_MS);
  rig_push_command (rig, rt2_command_new (RT2_COMMAND_COMMIT_INPUT));
  expect_refused (rig, RT2_COMMAND_COMMIT_INPUT, 1);
  g_assert_cmpuint (rig_count_sent (rig, "input_audio_buffer.commit"), ==, 1);

  /* What was committed counts no more, nor what was cleared. */
  rig_push_command (rig, rt2_command_new (RT2_COMMAND_COMMIT_INPUT));
  expect_refused (rig, RT2_COMMAND_COMMIT_INPUT, 2);
  rig_push_ms (rig, 500, 100 * RIG_MS);
  rig_push_command (rig, rt2_command_new (RT2_COMMAND_CLEAR_INPUT));
  rig_push_command (rig, rt2_command_new (RT2_COMMAND_COMMIT_INPUT));
  expect_refused (rig, RT2_COMMAND_COMMIT_INPUT, 3);
  g_assert_cmpuint (rig_count_sent (rig, "input_audio_buffer.commit"), ==, 1);
}

static void
test_commit_order (void)
{
  g_autoptr (Rig) rig = new_push_to_talk ();

  rig->config->create_response = FALSE;
  rig_configure (rig);
  rig_flush_up (rig);
  rig_clear (rig);
  for (guint i = 0; i < 3; i++) {
    rig_push_ms (rig, 120, i * 120 * RIG_MS);
    rig_push_command (rig, rt2_command_new (RT2_COMMAND_COMMIT_INPUT));
  }
  rig_settle_up (rig);
  rig_flush_up (rig);
  rig_expect_sent (rig,
      "input_audio_buffer.append input_audio_buffer.commit "
      "input_audio_buffer.append input_audio_buffer.commit "
      "input_audio_buffer.append input_audio_buffer.commit");
}

/* The server's VAD was first: that is no error, and not the end of anything. */
static void
test_empty_commit (void)
{
  g_autoptr (Rig) rig = new_push_to_talk ();
  const gchar *id;

  rig_push_ms (rig, 200, 0);
  rig_push_command (rig, rt2_command_new (RT2_COMMAND_COMMIT_INPUT));
  rig_wait_sent (rig, "response.create", 1);
  id = rt2_json_string (
      rig_get_sent (rig, "input_audio_buffer.commit", 0), "event_id");
  rig_send_error (rig, "input_audio_buffer_commit_empty", id, NULL);
  rig_send_answer (rig, "R1", 0);
  rig_send_response_done (rig, "R1", "completed");
  rig_flush_down (rig);
  g_assert_cmpuint (rig_count (rig, "server-error"), ==, 0);
  g_assert_cmpuint (rig_count (rig, "response-done"), ==, 1);
  rig_finish (rig);
  rig_wait (rig, "drained");
}

/* -- written messages ----------------------------------------------------- */

/* What a user writes ends what the agent says; its answer follows. */
static void
test_user_text_interrupts (void)
{
  g_autoptr (Rig) rig = new_ready ();

  speak (rig, "R1", "A1");
  rig_hear (rig, "R1", "A1", 1200, 2400);
  rig_clear (rig);
  rig_command (rig, rig_text ("user", "Stop. What?"));
  rig_send_response_done (rig, "R1", "cancelled");
  rig_wait_sent (rig, "response.create", 1);
  rig_flush_up (rig);
  rig_expect_sent (rig, CUT " " SAY);
  g_assert_cmpuint (rig_count (rig, "interrupt"), ==, 1);
  g_assert_cmpstr (
      rt2_json_string (rig_get_sent (rig, "response.cancel", 0), "response_id"),
      ==, "R1");
  g_assert_cmpstr (text_sent (rig, 0), ==, "Stop. What?");
}

static void
test_cue_waits (void)
{
  g_autoptr (Rig) rig = new_ready ();

  speak (rig, "R1", "A1");
  rig_clear (rig);
  rig_command (rig, rig_text ("system", "A goal was scored."));
  rig_flush_up (rig);
  rig_expect_sent (rig, "");
  g_assert_cmpuint (rig_count (rig, "interrupt"), ==, 0);
  /* The user's interruption is no reason to leave it out, but one to wait. */
  rig_send_speech_started (rig, "U1", 0);
  end_response (rig, "R1", "cancelled");
  rig_expect_sent (rig, "");
  rig_send_speech_stopped (rig, "U1", 500);
  rig_send_committed (rig, "U1");
  rig_send_response_created (rig, "R2");
  end_response (rig, "R2", "completed");
  rig_wait_sent (rig, "response.create", 1);
  rig_expect_sent (rig, SAY);
}

static void
test_interrupt_as_asked (void)
{
  g_autoptr (Rig) rig = new_ready ();
  Rt2Command *command = rig_text ("user", "By the way.");

  speak (rig, "R1", "A1");
  rig_clear (rig);
  command->interrupt = RT2_INTERRUPT_NO;
  rig_command (rig, command);
  rig_flush_up (rig);
  rig_expect_sent (rig, "");
  command = rig_text ("system", "Fire!");
  command->interrupt = RT2_INTERRUPT_YES;
  rig_hear (rig, "R1", "A1", 1200, 2400);
  rig_command (rig, command);
  rig_flush_up (rig);
  rig_expect_sent (rig, CUT);
  g_assert_cmpuint (rig_count (rig, "interrupt"), ==, 1);
}

static void
test_no_answer (void)
{
  g_autoptr (Rig) rig = new_ready ();
  Rt2Command *command = rig_text ("user", "For your information.");

  speak (rig, "R1", "A1");
  rig_clear (rig);
  command->respond = FALSE;
  rig_command (rig, command);
  rig_flush_up (rig);
  rig_expect_sent (rig, CREATE);
  end_response (rig, "R1", "completed");
  rig_expect_sent (rig, CREATE);
  g_assert_cmpuint (rig_count (rig, "interrupt"), ==, 0);
}

static void
push_cue (Rig *rig, const gchar *text, gint priority)
{
  Rt2Command *command = rig_text ("system", text);

  command->priority = priority;
  rig_command (rig, command);
}

/* One answer at a time; the most important first, then the oldest. */
static void
test_priority (void)
{
  static const gchar *const order[] = { "b", "d", "a", "e", "c" };
  g_autoptr (Rig) rig = new_ready ();

  speak (rig, "R0", "A0");
  rig_clear (rig);
  push_cue (rig, "a", 0);
  push_cue (rig, "b", 7);
  push_cue (rig, "c", -1);
  push_cue (rig, "d", 7);
  push_cue (rig, "e", 0);
  rig_send_response_done (rig, "R0", "completed");
  for (guint i = 0; i < G_N_ELEMENTS (order); i++) {
    g_autofree gchar *id = g_strdup_printf ("R%u", i + 1);

    rig_wait_sent (rig, "response.create", i + 1);
    rig_flush_up (rig);
    g_assert_cmpuint (rig_count_sent (rig, "response.create"), ==, i + 1);
    g_assert_cmpuint (rig_count_sent (rig, CREATE), ==, i + 1);
    g_assert_cmpstr (text_sent (rig, i), ==, order[i]);
    rig_send_answer (rig, id, i);
    rig_send_response_done (rig, id, "completed");
  }
  rig_flush_down (rig);
  rig_flush_up (rig);
  rig_expect_sent (rig, SAY " " SAY " " SAY " " SAY " " SAY);
}

static Rt2Command *
new_mortal_cue (guint ms)
{
  Rt2Command *command = rig_text ("system", "Soon it is too late.");

  command->expires = g_get_monotonic_time () + ms * 1000;
  return command;
}

static void
test_expiry (void)
{
  g_autoptr (Rig) rig = new_ready ();
  gint64 start = g_get_monotonic_time ();

  speak (rig, "R1", "A1");
  rig_clear (rig);
  rig_command (rig, new_mortal_cue (60));
  while (rig_count (rig, "command-failed") == 0) {
    g_assert_cmpint (g_get_monotonic_time () - start, <, 30 * G_USEC_PER_SEC);
    rig_run_for (rig, 10);
  }
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 60000);
  expect_refused (rig, RT2_COMMAND_SEND_TEXT, 1);
  end_response (rig, "R1", "completed");
  rig_expect_sent (rig, "");

  /* In time. */
  rig_command (rig, new_mortal_cue (60000));
  rig_flush_up (rig);
  rig_expect_sent (rig, SAY);
  g_assert_cmpuint (rig_count (rig, "command-failed"), ==, 1);
}

/* Its message is in the conversation once, however often the response is
 * refused. */
static void
test_refused_answer (void)
{
  g_autoptr (Rig) rig = new_ready ();
  const gchar *id;

  rig_command (rig, rig_text ("user", "Hello?"));
  rig_wait_sent (rig, "response.create", 1);
  id = rt2_json_string (rig_get_sent (rig, "response.create", 0), "event_id");
  rig_send_response_created (rig, "R1");
  rig_send_error (rig, "conversation_already_has_active_response", id, NULL);
  rig_flush_down (rig);
  end_response (rig, "R1", "completed");
  rig_wait_sent (rig, "response.create", 2);
  rig_expect_sent (rig, SAY " response.create");
  g_assert_cmpuint (rig_count (rig, "server-error"), ==, 0);
  g_assert_cmpuint (rig_count (rig, "command-failed"), ==, 0);
}

/* What can't be kept is told, and so is what goes with a connection. */
static void
test_too_many_cues (void)
{
  g_autoptr (Rig) rig = new_ready ();

  speak (rig, "R1", "A1");
  for (guint i = 0; i < 300; i++)
    rig_command (rig, rig_text ("system", "Cue."));
  expect_refused (rig, RT2_COMMAND_SEND_TEXT, 300 - 256);
}

static void
test_cues_of_a_lost_connection (void)
{
  g_autoptr (Rig) rig = new_ready ();

  speak (rig, "R1", "A1");
  rig_command (rig, rig_text ("system", "Cue."));
  rig_command (rig, rt2_command_new_response (NULL, NULL));
  rig_flush_up (rig);
  rig_clear (rig);
  rig_drop (rig);
  rig_wait (rig, "configured again");
  /* They wait on: the first for its turn, the other behind it. */
  rig_wait_sent (rig, "response.create", 1);
  expect_refused (rig, RT2_COMMAND_SEND_TEXT, 0);
  rig_send_answer (rig, "R2", 0);
  rig_send_response_done (rig, "R2", "completed");
  rig_wait_sent (rig, "response.create", 2);
  expect_refused (rig, RT2_COMMAND_CREATE_RESPONSE, 0);
}

/* -- responses ------------------------------------------------------------ */

static void
test_create_waits (void)
{
  g_autoptr (Rig) rig = new_ready ();

  speak (rig, "R1", "A1");
  rig_clear (rig);
  rig_command (rig, rt2_command_new_response ("{\"x\":1}", NULL));
  rig_flush_up (rig);
  rig_expect_sent (rig, "");
  end_response (rig, "R1", "completed");
  rig_wait_sent (rig, "response.create", 1);
  rig_expect_sent (rig, "response.create");
}

static void
answer_apart (Rig *rig)
{
  rig_send_answer (rig, "R2", 0);
  rig_send_item (rig, "R2", 0, "B1", "message", FALSE);
  rig_send_audio (rig, "R2", "B1", 480);
  rig_send (rig,
      "{\"type\":\"response.output_text.delta\",\"response_id\":\"R2\","
      "\"item_id\":\"B1\",\"output_index\":0,\"delta\":\"x\"}");
  rig_send_call (rig, "R2", "call_9", "f", "{}");
  rig_send_item (rig, "R2", 0, "B1", "message", TRUE);
  rig_send_response_done (rig, "R2", "completed");
}

/* Beside the conversation: at once, unheard, and the conversation goes on. */
static void
test_out_of_band (void)
{
  g_autoptr (Rig) rig = new_ready ();

  speak (rig, "R1", "A1");
  rig_clear (rig);
  rig_command (rig,
      rt2_command_new_response (
          "{\"conversation\":\"none\",\"metadata\":{\"topic\":\"x\"}}", NULL));
  rig_flush_up (rig);
  rig_expect_sent (rig, "response.create");
  answer_apart (rig);
  rig_send_audio (rig, "R1", "A1", 480);
  rig_flush_down (rig);
  rig_expect_log (
      rig, "response-done R2 completed out-of-band", "audio R1 A1 480", NULL);
  g_assert_cmpuint (rig->audio->len, ==, 480);
  g_assert_cmpuint (rig_get_stats (rig).function_calls, ==, 0);
  rig_flush_up (rig);
  rig_expect_sent (rig, "response.create");
}

/* Two may be under way, and no interruption is theirs. */
static void
test_out_of_band_lives (void)
{
  g_autoptr (Rig) rig = new_ready ();
  const gchar *json = "{\"conversation\":\"none\"}";

  speak (rig, "R1", "A1");
  rig_clear (rig);
  rig_command (rig, rt2_command_new_response (json, NULL));
  rig_command (rig, rt2_command_new_response (json, NULL));
  rig_flush_up (rig);
  rig_expect_sent (rig, "response.create response.create");
  rig_send_answer (rig, "R3", 1);
  rig_send_answer (rig, "R2", 0);
  rig_hear (rig, "R1", "A1", 1200, 2400);
  rig_flush_down (rig);
  rig_clear (rig);
  rig_command (rig, rt2_command_new (RT2_COMMAND_CANCEL_RESPONSE));
  rig_flush_up (rig);
  rig_expect_sent (rig, CUT);
  g_assert_cmpstr (
      rt2_json_string (rig_get_sent (rig, "response.cancel", 0), "response_id"),
      ==, "R1");
  rig_clear (rig);
  rig_send_response_done (rig, "R2", "completed");
  rig_send_response_done (rig, "R3", "failed");
  rig_flush_down (rig);
  rig_expect_log (rig, "response-done R2 completed out-of-band",
      "response-done R3 failed out-of-band", NULL);
}

/* The agent stops as if the user had interrupted. */
static void
test_cancel (void)
{
  g_autoptr (Rig) rig = new_ready ();

  speak (rig, "R1", "A1");
  rig_hear (rig, "R1", "A1", 1200, 2400);
  rig_clear (rig);
  rig_command (rig, rt2_command_new (RT2_COMMAND_CANCEL_RESPONSE));
  rig_flush_up (rig);
  rig_expect_sent (rig, CUT);
  g_assert_cmpuint (
      rt2_json_uint (rig_get_sent (rig, "conversation.item.truncate", 0),
          "audio_end_ms", 0),
      ==, 50);
  rig_send_audio (rig, "R1", "A1", 480);
  end_response (rig, "R1", "cancelled");
  g_assert_cmpuint (rig_count (rig, "audio"), ==, 0);
  rig_expect_sent (rig, CUT);
}

/* Sent in whole, but not yet heard in whole. */
static void
test_cancel_of_what_plays (void)
{
  g_autoptr (Rig) rig = new_ready ();

  speak (rig, "R1", "A1");
  end_response (rig, "R1", "completed");
  rig_hear (rig, "R1", "A1", 1200, 2400);
  rig_clear (rig);
  rig_command (rig, rt2_command_new (RT2_COMMAND_CANCEL_RESPONSE));
  rig_flush_up (rig);
  rig_expect_sent (rig, "conversation.item.truncate");
}

static void
test_cancel_of_nothing (void)
{
  g_autoptr (Rig) rig = new_ready ();

  rig_command (rig, rt2_command_new (RT2_COMMAND_CANCEL_RESPONSE));
  rig_flush_up (rig);
  rig_expect_sent (rig, "");
  g_assert_cmpuint (rig_count (rig, "command-failed"), ==, 0);
  g_assert_cmpuint (rig_get_stats (rig).interruptions, ==, 0);
}

/* -- greeting ------------------------------------------------------------- */

static void
test_greeting (void)
{
  g_autoptr (Rig) rig = rig_new ();
  JsonObject *response;
  const gchar *instructions;

  rig->options->greeting = g_strdup ("Welcome to the \"show\".");
  rig->config->instructions = g_strdup ("Be kind.");
  rig_start (rig);
  rig_wait_sent (rig, "response.create", 1);
  rig_expect_sent (rig, "session.update response.create");
  response = rt2_json_object (
      rig_get_sent (rig, "response.create", 0), "response");
  instructions = rt2_json_string (response, "instructions");
  g_assert_nonnull (strstr (instructions, "Welcome to the \"show\"."));
  g_assert_nonnull (strstr (instructions, "Be kind."));
  rig_send_answer (rig, "R1", 0);
  rig_flush_down (rig);
  g_assert_cmpuint (rig_count (rig, "response-started R1 greeting"), ==, 1);

  /* Nothing else is one, and there is none for the next connection. */
  end_response (rig, "R1", "completed");
  rig_send_response_created (rig, "R2");
  rig_flush_down (rig);
  g_assert_cmpuint (rig_count (rig, "response-started R2 greeting"), ==, 0);
  rig_clear (rig);
  rig_drop (rig);
  rig_wait (rig, "configured again");
  rig_flush_up (rig);
  rig_expect_sent (rig, "");
}

/* -- other sessions ------------------------------------------------------- */

static void
test_transcription (void)
{
  g_autoptr (Rig) rig = rig_new ();
  Rt2SessionConfig *config = rig->config;

  config->type = RT2_SESSION_TYPE_TRANSCRIPTION;
  config->turn_detection = RT2_TURN_DETECTION_NONE;
  g_free (config->model);
  config->model = g_strdup ("gpt-4o-transcribe");
  rig_start_ready (rig);
  rig_command (rig, rig_text ("user", "Hello."));
  rig_command (rig, rt2_command_new_response (NULL, NULL));
  rig_command (rig, rt2_command_new (RT2_COMMAND_CANCEL_RESPONSE));
  rig_command (rig, rig_result ("call_1", "x"));
  rig_command (rig, rt2_command_new_approval ("mcpr_1", TRUE, NULL));
  g_assert_cmpuint (rig_count (rig, "command-failed"), ==, 5);
  rig_push_ms (rig, 200, 0);
  rig_push_command (rig, rt2_command_new (RT2_COMMAND_COMMIT_INPUT));
  rig_push_command (rig, rt2_command_new (RT2_COMMAND_CLEAR_INPUT));
  rig_command (rig, rig_event ("{\"type\":\"a\"}"));
  rig_wait_sent (rig, "a", 1);
  rig_wait_sent (rig, "input_audio_buffer.clear", 1);
  g_assert_cmpuint (rig_count_sent (rig, "input_audio_buffer.commit"), ==, 1);
  g_assert_cmpuint (rig_count_sent (rig, "response.create"), ==, 0);
  g_assert_cmpuint (rig_count (rig, "command-failed"), ==, 5);
}

/* On a sideband the voices are others': nothing of them is ours to take back.
 */
static void
test_sideband (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->options->call_id = g_strdup ("rtc_1");
  rig->config->sideband = TRUE;
  rig_start_ready (rig);
  rig_push_ms (rig, 200, 0);
  rig_push_command (rig, rt2_command_new (RT2_COMMAND_COMMIT_INPUT));
  rig_push_command (rig, rt2_command_new (RT2_COMMAND_CLEAR_INPUT));
  expect_refused (rig, RT2_COMMAND_COMMIT_INPUT, 1);
  rig_expect_sent (rig, "");

  rig_send_response_created (rig, "R1");
  rig_send_item (rig, "R1", 0, "A1", "message", FALSE);
  rig_flush_down (rig);
  rig_command (rig, rt2_command_new (RT2_COMMAND_CANCEL_RESPONSE));
  rig_send_item (rig, "R1", 0, "A1", "message", TRUE);
  rig_send (rig,
      "{\"type\":\"response.done\",\"response\":{\"id\":\"R1\",\"status\":"
      "\"cancelled\",\"output\":[{\"id\":\"A1\",\"type\":\"message\","
      "\"role\":\"assistant\",\"status\":\"incomplete\",\"content\":[]},"
      "{\"id\":\"A2\",\"type\":\"message\",\"role\":\"assistant\","
      "\"status\":\"incomplete\",\"content\":[]}]}}");
  rig_flush_down (rig);
  rig_flush_up (rig);
  rig_expect_sent (rig, "response.cancel");

  rig_command (rig, rt2_command_new_response ("{\"x\":1}", NULL));
  rig_flush_up (rig);
  rig_expect_sent (rig, "response.cancel response.create");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function)                                                    \
  g_test_add_func ("/session/commands/" name, function)
  ADD ("words/commit", test_commit_words);
  ADD ("words/clear", test_clear_words);
  ADD ("words/text", test_text_words);
  ADD ("words/create", test_create_words);
  ADD ("words/approval", test_approval_words);
  ADD ("words/event", test_event_words);
  ADD ("waits-for-session", test_waits_for_session);
  ADD ("bounded/number", test_bounded_number);
  ADD ("bounded/bytes", test_bounded_bytes);
  ADD ("bounded/given-back", test_bound_is_given_back);
  ADD ("commit/too-short", test_commit_too_short);
  ADD ("commit/order", test_commit_order);
  ADD ("commit/empty", test_empty_commit);
  ADD ("text/interrupts", test_user_text_interrupts);
  ADD ("text/cue-waits", test_cue_waits);
  ADD ("text/as-asked", test_interrupt_as_asked);
  ADD ("text/no-answer", test_no_answer);
  ADD ("text/priority", test_priority);
  ADD ("text/expiry", test_expiry);
  ADD ("text/refused", test_refused_answer);
  ADD ("text/too-many", test_too_many_cues);
  ADD ("text/lost", test_cues_of_a_lost_connection);
  ADD ("create/waits", test_create_waits);
  ADD ("create/out-of-band", test_out_of_band);
  ADD ("create/out-of-band-lives", test_out_of_band_lives);
  ADD ("cancel", test_cancel);
  ADD ("cancel/what-plays", test_cancel_of_what_plays);
  ADD ("cancel/nothing", test_cancel_of_nothing);
  ADD ("greeting", test_greeting);
  ADD ("transcription", test_transcription);
  ADD ("sideband", test_sideband);
  return g_test_run ();
}
