/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A connection is lost: what the next server is told, and what is sent again.
 */
#include "rt2conversation.h"
#include "sessionrig.h"

#include <string.h>

#define MAKE "conversation.item.create"
#define ASK "response.create"

static Rig *
new_ready (guint replay_ms)
{
  Rig *rig = rig_new ();

  rig->options->max_turn_replay = replay_ms * RIG_MS;
  rig_start_ready (rig);
  return rig;
}

static void
lose (Rig *rig)
{
  rig_flush_down (rig);
  rig_flush_up (rig);
  rig_clear (rig);
  rig_drop (rig);
  rig_wait (rig, "configured again");
  rig_flush_up (rig);
}

/* The @n-th item that was made: its id, and "role: text". */
static void
assert_made (Rig *rig, guint n, const gchar *id, const gchar *words)
{
  JsonObject *item = rt2_json_object (rig_get_sent (rig, MAKE, n), "item");
  JsonObject *part = rt2_json_array_object (
      rt2_json_array (item, "content"), 0);
  g_autofree gchar *said = g_strdup_printf (
      "%s: %s", rt2_json_string (item, "role"), rt2_json_string (part, "text"));

  g_assert_cmpstr (rt2_json_string (item, "id"), ==, id);
  if (words)
    g_assert_cmpstr (said, ==, words);
}

static void
send_item (Rig *rig, const gchar *id, const gchar *role, const gchar *kind,
    const gchar *text)
{
  rig_send (rig,
      "{\"type\":\"conversation.item.done\",\"item\":{\"id\":\"%s\",\"type\":"
      "\"message\",\"role\":\"%s\",\"content\":[{\"type\":\"%s\",\"text\":"
      "\"%s\"}]}}",
      id, role, kind, text);
}

/* Both sides, in order, and no response is asked for. */
static void
test_conversation (void)
{
  g_autoptr (Rig) rig = new_ready (60000);

  send_item (rig, "U1", "user", "input_text", "Hello?");
  send_item (rig, "A1", "assistant", "output_text", "Hi.");
  lose (rig);
  g_assert_cmpuint (rig_count_sent (rig, MAKE), ==, 3);
  assert_made (rig, 0, "rt2_note", NULL);
  assert_made (rig, 1, "U1", "user: Hello?");
  assert_made (rig, 2, "A1", "assistant: Hi.");
  g_assert_cmpstr (
      rt2_json_string (rig_get_sent (rig, MAKE, 0), "previous_item_id"), ==,
      "root");
  g_assert_cmpstr (
      rt2_json_string (rig_get_sent (rig, MAKE, 2), "previous_item_id"), ==,
      "U1");
  g_assert_cmpuint (rig_count_sent (rig, ASK), ==, 0);
  /* And once more, with what is new; the note is no item. */
  send_item (rig, "rt2_note", "system", "input_text", "Go on.");
  send_item (rig, "U2", "user", "input_text", "Bye.");
  lose (rig);
  g_assert_cmpuint (rig_count_sent (rig, MAKE), ==, 4);
  assert_made (rig, 3, "U2", "user: Bye.");
}

/* What is too old to be told is counted. */
static void
test_forgotten (void)
{
  g_autoptr (Rig) rig = new_ready (60000);

  for (guint i = 0; i < RT2_CONVERSATION_MAX_ITEMS + 3; i++) {
    g_autofree gchar *id = g_strdup_printf ("U%u", i);

    send_item (rig, id, "user", "input_text", "Hello?");
  }
  rig_flush_down (rig);
  g_assert_cmpuint (rig_get_stats (rig).conversation_dropped, ==, 3);
}

static void
test_nothing (void)
{
  g_autoptr (Rig) rig = new_ready (60000);

  lose (rig);
  g_assert_cmpuint (rig_count_sent (rig, MAKE), ==, 0);
  g_assert_cmpuint (rig_count_sent (rig, ASK), ==, 0);
}

/* What is said in writing is known before the server shows it. */
static void
test_written (void)
{
  g_autoptr (Rig) rig = new_ready (60000);

  rig_command (rig, rig_text ("user", "Hello?"));
  rig_wait_sent (rig, ASK, 1);
  rig_flush_up (rig);
  lose (rig);
  /* Its answer was on its way. */
  rig_wait_sent (rig, ASK, 1);
  g_assert_cmpuint (rig_count_sent (rig, ASK), ==, 1);
  g_assert_cmpuint (rig_count_sent (rig, MAKE), ==, 2);
}

/* Refused, it is not there. */
static void
test_refused (void)
{
  g_autoptr (Rig) rig = new_ready (60000);
  const gchar *event_id;

  rig_command (rig, rig_text ("system", "Cue."));
  rig_wait_sent (rig, ASK, 1);
  event_id = rt2_json_string (rig_get_sent (rig, MAKE, 0), "event_id");
  rig_send_error (rig, "invalid_value", event_id, NULL);
  rig_send_answer (rig, "R1", 0);
  rig_send_response_done (rig, "R1", "completed");
  lose (rig);
  g_assert_cmpuint (rig_count_sent (rig, MAKE), ==, 0);
  g_assert_cmpuint (rig_count_sent (rig, ASK), ==, 0);
}

/* -- the turn in progress ------------------------------------------------- */

/* A turn of 500 ms by the VAD of 800 ms that were sent. */
static void
say_turn (Rig *rig)
{
  rig_push_tone (rig, 500, 8000);
  rig_push_silence (rig, 300);
  rig_settle_up (rig);
  rig_send_speech_started (rig, "U1", 0);
  rig_send_speech_stopped (rig, "U1", 600);
  rig_send_committed (rig, "U1");
  rig_flush_down (rig);
}

static guint
ms_sent (Rig *rig)
{
  g_autoptr (GByteArray) audio = rig_dup_sent_audio (rig);

  return audio->len / 48;
}

/* Not answered: it is said again, and its item is another one. */
static void
test_turn (void)
{
  g_autoptr (Rig) rig = new_ready (60000);

  say_turn (rig);
  lose (rig);
  rig_wait_sent_audio (rig, 800 * 48);
  g_assert_cmpuint (rig_count (rig, "turn-lost"), ==, 0);
  g_assert_cmpuint (rig_count_sent (rig, MAKE), ==, 0);
  g_assert_cmpuint (rig_count_sent (rig, ASK), ==, 0);
}

/* What the user said is shown once, whatever its item is called. */
static void
test_caption (void)
{
  g_autoptr (Rig) rig = new_ready (60000);

  say_turn (rig);
  rig_send_transcript (rig, "U1", "Hello?");
  rig_flush_down (rig);
  g_assert_cmpuint (rig_count (rig, "user-text U1"), ==, 1);
  lose (rig);
  rig_wait_sent_audio (rig, 800 * 48);
  rig_send_speech_started (rig, "U2", 0);
  rig_send_speech_stopped (rig, "U2", 600);
  rig_send_committed (rig, "U2");
  rig_send_transcript (rig, "U2", "Hello?");
  rig_flush_down (rig);
  g_assert_cmpuint (rig_count (rig, "user-text"), ==, 0);
  /* It is in the conversation all the same. */
  rig_speak (rig, "R1", "A1");
  rig_send_response_done (rig, "R1", "completed");
  lose (rig);
  assert_made (rig, 1, "U2", "user: Hello?");
  /* What is said after that is shown. */
  rig_push_tone (rig, 500, 8000);
  rig_push_silence (rig, 300);
  rig_settle_up (rig);
  rig_send_speech_started (rig, "U3", 0);
  rig_send_speech_stopped (rig, "U3", 600);
  rig_send_committed (rig, "U3");
  rig_send_transcript (rig, "U3", "Hello!");
  rig_flush_down (rig);
  g_assert_cmpuint (rig_count (rig, "user-text U3"), ==, 1);
}

/* Words that were begun are completed as the item that they began as. */
static void
test_caption_begun (void)
{
  g_autoptr (Rig) rig = new_ready (60000);

  say_turn (rig);
  rig_send (rig,
      "{\"type\":\"conversation.item.input_audio_transcription.delta\","
      "\"item_id\":\"U1\",\"delta\":\"Hel\"}");
  rig_flush_down (rig);
  g_assert_cmpuint (rig_count (rig, "user-text U1"), ==, 1);
  lose (rig);
  rig_wait_sent_audio (rig, 800 * 48);
  rig_send_speech_started (rig, "U2", 0);
  rig_send_speech_stopped (rig, "U2", 600);
  rig_send_committed (rig, "U2");
  rig_send (rig,
      "{\"type\":\"conversation.item.input_audio_transcription.delta\","
      "\"item_id\":\"U2\",\"delta\":\"Hel\"}");
  rig_send_transcript (rig, "U2", "Hello?");
  rig_flush_down (rig);
  g_assert_cmpuint (rig_count (rig, "user-text"), ==, 1);
  g_assert_cmpuint (rig_count (rig, "user-text U1"), ==, 1);
}

/* An answer of which nothing is known to have left: likewise. */
static void
test_unbegun (void)
{
  g_autoptr (Rig) rig = new_ready (60000);

  say_turn (rig);
  rig_send_response_created (rig, "R1");
  rig_send_item (rig, "R1", 0, "A1", "message", FALSE);
  lose (rig);
  rig_wait_sent_audio (rig, 800 * 48);
  g_assert_cmpuint (rig_count_sent (rig, MAKE), ==, 0);
}

/* Item @n that was made is @id, of @type, and its @member says @text. */
static void
assert_half (Rig *rig, guint n, const gchar *type, const gchar *member,
    const gchar *text)
{
  JsonObject *item = rt2_json_object (rig_get_sent (rig, MAKE, n), "item");

  g_assert_cmpstr (rt2_json_string (item, "type"), ==, type);
  g_assert_cmpstr (rt2_json_string (item, "call_id"), ==, "M1");
  g_assert_nonnull (strstr (rt2_json_string (item, member), text));
}

/* The pair that tells of the tool is made behind @before other items, and an
 * answer is asked for, once. */
static void
assert_pair (Rig *rig, guint before, const gchar *name, const gchar *output)
{
  rig_wait_sent (rig, ASK, 1);
  rig_run_for (rig, 50);
  g_assert_cmpuint (rig_count_sent (rig, ASK), ==, 1);
  g_assert_cmpuint (ms_sent (rig), ==, 0);
  g_assert_cmpuint (rig_count_sent (rig, MAKE), ==, before + 2);
  assert_half (rig, before, "function_call", "name", name);
  assert_half (rig, before + 1, "function_call_output", "output", output);
}

/* The server used a tool for it: it must not do so again, and the user is
 * answered all the same. What it gave, only the lost one knows. */
static void
check_used (const gchar *event, gboolean again)
{
  g_autoptr (Rig) rig = new_ready (60000);

  say_turn (rig);
  rig_send_response_created (rig, "R1");
  rig_send_item (rig, "R1", 0, "M1", "mcp_call", FALSE);
  if (event)
    rig_send (
        rig, "{\"type\":\"response.mcp_call.%s\",\"item_id\":\"M1\"}", event);
  lose (rig);
  if (!again) {
    assert_pair (rig, 2, "unknown", "Do not call it again");
    return;
  }
  rig_wait_sent_audio (rig, 800 * 48);
  rig_run_for (rig, 50);
  g_assert_cmpuint (ms_sent (rig), ==, 800);
  g_assert_cmpuint (rig_count_sent (rig, ASK), ==, 0);
  g_assert_cmpuint (rig_count_sent (rig, MAKE), ==, 0);
}

static void
test_used (void)
{
  check_used (NULL, TRUE);
  check_used ("in_progress", FALSE);
  check_used ("completed", FALSE);
  check_used ("failed", FALSE);
}

static void
send_result (Rig *rig, guint index, const gchar *output, const gchar *error)
{
  rig_send (rig,
      "{\"type\":\"response.output_item.done\",\"response_id\":\"R1\","
      "\"output_index\":%u,\"item\":{\"id\":\"M1\",\"type\":\"mcp_call\","
      "\"server_label\":\"docs\",\"name\":\"search\",\"arguments\":"
      "\"{\\\"q\\\":1}\",\"output\":%s,\"error\":%s}}",
      index, output, error);
}

/* What it gave is known, and told like the output of a function; after another
 * loss as well. */
static void
test_result (void)
{
  static const gchar *const results[][3] = {
    { "\"3 hits\"", "null", "3 hits" },
    { "null", "{\"type\":\"http_error\",\"code\":404,\"message\":\"gone\"}",
        "gone" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (results); i++) {
    g_autoptr (Rig) rig = new_ready (60000);

    say_turn (rig);
    rig_send_response_created (rig, "R1");
    send_result (rig, 0, results[i][0], results[i][1]);
    lose (rig);
    assert_pair (rig, 2, "search", results[i][2]);
    assert_half (rig, 2, "function_call", "arguments", "{\"q\":1}");
    lose (rig);
    assert_pair (rig, 2, "search", results[i][2]);
    rig_speak (rig, "R2", "A2");
    rig_send_response_done (rig, "R2", "completed");
    lose (rig);
    rig_run_for (rig, 50);
    g_assert_cmpuint (rig_count_sent (rig, ASK), ==, 0);
  }
}

/* The agent said that it looks it up, and that was heard: the answer to it was
 * not. If it had begun, it stands. */
static void
test_result_behind_words (void)
{
  for (guint begun = 0; begun < 2; begun++) {
    g_autoptr (Rig) rig = new_ready (60000);

    say_turn (rig);
    rig_send_transcript (rig, "U1", "How many?");
    rig_speak (rig, "R1", "A1");
    rig_send (rig,
        "{\"type\":\"response.output_audio_transcript.delta\",\"response_id\":"
        "\"R1\",\"item_id\":\"A1\",\"delta\":\"Let me see.\"}");
    send_result (rig, 1, "\"3 hits\"", "null");
    if (begun) {
      rig_send_item (rig, "R1", 2, "A2", "message", FALSE);
      rig_send_audio (rig, "R1", "A2", 4800);
    }
    lose (rig);
    if (!begun) {
      assert_pair (rig, 3, "search", "3 hits");
      assert_made (rig, 2, "A1", "assistant: Let me see.");
      continue;
    }
    rig_run_for (rig, 50);
    g_assert_cmpuint (rig_count_sent (rig, ASK), ==, 0);
    g_assert_cmpuint (rig_count_sent (rig, MAKE), ==, 3);
  }
}

/* The user did not want it any more. */
static void
test_result_unwanted (void)
{
  g_autoptr (Rig) rig = new_ready (60000);

  say_turn (rig);
  rig_send_response_created (rig, "R1");
  send_result (rig, 0, "\"3 hits\"", "null");
  rig_flush_down (rig);
  rig_command (rig, rt2_command_new (RT2_COMMAND_CANCEL_RESPONSE));
  lose (rig);
  rig_run_for (rig, 50);
  g_assert_cmpuint (rig_count_sent (rig, ASK), ==, 0);
}

/* A function was called beside it: one answer is to both. */
static void
test_result_and_function (void)
{
  g_autoptr (Rig) rig = new_ready (60000);

  say_turn (rig);
  rig_send_response_created (rig, "R1");
  send_result (rig, 0, "\"3 hits\"", "null");
  rig_send_call (rig, "R1", "C1", "look", "{}");
  lose (rig);
  rig_run_for (rig, 50);
  g_assert_cmpuint (rig_count_sent (rig, ASK), ==, 0);
  rig_command (rig, rt2_command_new_result ("C1", "done", NULL));
  rig_wait_sent (rig, ASK, 1);
  rig_run_for (rig, 50);
  g_assert_cmpuint (rig_count_sent (rig, ASK), ==, 1);
}

/* Some was heard: it stands, with the words that came. */
static void
test_heard (void)
{
  g_autoptr (Rig) rig = new_ready (60000);

  say_turn (rig);
  rig_send_transcript (rig, "U1", "What time is it?");
  rig_send_response_created (rig, "R1");
  rig_send_item (rig, "R1", 0, "A1", "message", FALSE);
  rig_send_audio (rig, "R1", "A1", 4800);
  rig_send (rig,
      "{\"type\":\"response.output_audio_transcript.delta\",\"response_id\":"
      "\"R1\",\"item_id\":\"A1\",\"delta\":\"It is\"}");
  lose (rig);
  rig_run_for (rig, 100);
  g_assert_cmpuint (ms_sent (rig), ==, 0);
  g_assert_cmpuint (rig_count_sent (rig, MAKE), ==, 3);
  assert_made (rig, 1, "U1", "user: What time is it?");
  assert_made (rig, 2, "A1", "assistant: It is");
  g_assert_cmpuint (rig_count_sent (rig, ASK), ==, 0);
}

/* Interrupted now, what is restored can't be truncated: it is made anew. */
static void
test_interrupted (void)
{
  g_autoptr (Rig) rig = new_ready (60000);
  Rt2Heard *heard;

  rig_speak (rig, "R1", "A1");
  rig_send (rig,
      "{\"type\":\"response.output_audio_transcript.delta\",\"response_id\":"
      "\"R1\",\"item_id\":\"A1\",\"delta\":\"One two three\"}");
  lose (rig);
  assert_made (rig, 1, "A1", "assistant: One two three");
  rig_clear (rig);
  rig_hear (rig, "R1", "A1", 2400, 4800);
  heard = g_ptr_array_index (rig->heard, 0);
  g_free (heard->heard_text);
  heard->heard_text = g_strdup ("One");
  rig_send_speech_started (rig, "U1", 0);
  rig_wait_sent (rig, MAKE, 1);
  rig_expect_sent (rig, "conversation.item.delete " MAKE);
  assert_made (rig, 0, "A1", "assistant: One");
  g_assert_cmpstr (
      rt2_json_string (rig_get_sent (rig, MAKE, 0), "previous_item_id"), ==,
      "rt2_note");
  /* The server tells of both, and the item is still there. */
  rig_send (rig, "{\"type\":\"conversation.item.deleted\",\"item_id\":\"A1\"}");
  send_item (rig, "A1", "assistant", "output_text", "One");
  lose (rig);
  assert_made (rig, 1, "A1", "assistant: One");
}

/* Without room for it the turn is lost, and that is told. */
static void
test_bounded (void)
{
  g_autoptr (Rig) rig = new_ready (300);

  say_turn (rig);
  lose (rig);
  g_assert_cmpuint (rig_count (rig, "turn-lost 500"), ==, 1);
}

/* A turn that we end: its audio, its commit, its response. */
static void
test_manual (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->options->max_turn_replay = 60 * RIG_S;
  rig->config->turn_detection = RT2_TURN_DETECTION_NONE;
  rig_start_ready (rig);
  rig_push_tone (rig, 400, 8000);
  rig_push_command (rig, rt2_command_new (RT2_COMMAND_COMMIT_INPUT));
  rig_wait_sent (rig, ASK, 1);
  rig_push_tone (rig, 200, 8000);
  rig_settle_up (rig);
  lose (rig);
  rig_wait_sent (rig, ASK, 1);
  rig_wait_sent_audio (rig, 600 * 48);
  g_assert_cmpuint (rig_count_sent (rig, "input_audio_buffer.commit"), ==, 1);
  g_assert_cmpuint (rig_count (rig, "turn-lost"), ==, 0);
}

static void
push_speech (Rig *rig, guint ms)
{
  for (guint i = 0; i < ms / 40; i++)
    rig_push_tone (rig, 40, 8000);
}

/* Four times as fast as it was said, at most, and what is new comes after. */
static void
test_pace (void)
{
  g_autoptr (Rig) rig = new_ready (60000);
  gint64 begun;

  push_speech (rig, 2000);
  rig_settle_up (rig);
  rig_send_speech_started (rig, "U1", 0);
  rig_flush_down (rig);
  rig_flush_up (rig);
  rig_clear (rig);
  rig_drop (rig);
  push_speech (rig, 400);
  rig_wait (rig, "configured again");
  /* The last words to the server that is gone don't count. */
  rig->hears_on = 1;
  begun = g_get_monotonic_time ();
  rig_wait_sent_audio (rig, 2400 * 48);
  g_assert_cmpint (g_get_monotonic_time () - begun, >=, 440000);
  g_assert_cmpuint (ms_sent (rig), ==, 2400);
}

/* Lost again in the midst of it: all comes, once on the last connection. */
static void
test_twice (void)
{
  g_autoptr (Rig) rig = new_ready (60000);

  push_speech (rig, 2000);
  rig_settle_up (rig);
  rig_send_speech_started (rig, "U1", 0);
  lose (rig);
  rig_flush_up (rig);
  rig_clear (rig);
  rig_drop (rig);
  rig_wait (rig, "configured again");
  /* Some went up before the second was gone. */
  rig->hears_on = 2;
  rig_wait_sent_audio (rig, 2000 * 48);
  rig_flush_up (rig);
  g_assert_cmpuint (ms_sent (rig), ==, 2000);
  g_assert_cmpuint (rig_count (rig, "turn-lost"), ==, 0);
}

/* What ends the turn while it is still sent again comes after it. */
static void
test_behind (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->options->max_turn_replay = 60 * RIG_S;
  rig->config->turn_detection = RT2_TURN_DETECTION_NONE;
  rig_start_ready (rig);
  push_speech (rig, 2000);
  rig_settle_up (rig);
  rig_flush_up (rig);
  rig_clear (rig);
  rig_drop (rig);
  rig_wait (rig, "configured again");
  rig_command (rig, rt2_command_new (RT2_COMMAND_COMMIT_INPUT));
  rig_command (rig, rt2_command_new (RT2_COMMAND_COMMIT_INPUT));
  rig_wait_sent (rig, ASK, 1);
  rig_expect_sent (
      rig, "input_audio_buffer.append input_audio_buffer.commit " ASK);
  g_assert_cmpuint (ms_sent (rig), ==, 2000);
}

/* -- what else waits for an answer ---------------------------------------- */

/* Something written was to be answered, and then the user's turn. */
static Rig *
new_with_both (void)
{
  Rig *rig = rig_new ();

  rig->options->max_turn_replay = 60 * RIG_S;
  rig->config->interrupt_response = FALSE;
  rig_start_ready (rig);
  rig_command (rig, rig_text ("system", "Cue."));
  rig_wait_sent (rig, ASK, 1);
  say_turn (rig);
  lose (rig);
  rig_wait_sent_audio (rig, 800 * 48);
  return rig;
}

/* The server's own answer is to all of it. */
static void
test_one_answer (void)
{
  g_autoptr (Rig) rig = new_with_both ();

  rig_send_speech_started (rig, "U2", 0);
  rig_send_speech_stopped (rig, "U2", 600);
  rig_send_committed (rig, "U2");
  rig_send_response_created (rig, "R2");
  rig_send_response_done (rig, "R2", "completed");
  rig_flush_down (rig);
  rig_run_for (rig, 2200);
  g_assert_cmpuint (rig_count_sent (rig, ASK), ==, 0);
}

/* It does not find the turn, or does not answer it. */
static void
test_unfound (void)
{
  g_autoptr (Rig) rig = new_with_both ();

  g_assert_cmpuint (rig_count_sent (rig, ASK), ==, 0);
  rig_wait_sent (rig, ASK, 1);
  rig_send_answer (rig, "R2", 0);
  rig_send_response_done (rig, "R2", "completed");
  rig_flush_down (rig);
  rig_flush_up (rig);
  g_assert_cmpuint (rig_count_sent (rig, ASK), ==, 1);
}

/* A turn that the user took back is not answered after all. */
static void
test_cancelled (void)
{
  g_autoptr (Rig) rig = new_ready (60000);

  say_turn (rig);
  rig_command (rig, rt2_command_new (RT2_COMMAND_CANCEL_RESPONSE));
  lose (rig);
  rig_run_for (rig, 100);
  g_assert_cmpuint (ms_sent (rig), ==, 0);
  g_assert_cmpuint (rig_count_sent (rig, ASK), ==, 0);
  /* It was said. */
  assert_made (rig, 1, "U1", NULL);
}

/* -- a server that acknowledges nothing ------------------------------------ */

static void
test_many_commits (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->config->turn_detection = RT2_TURN_DETECTION_NONE;
  rig->config->create_response = FALSE;
  rig_start_ready (rig);
  for (guint i = 0; i < 100; i++) {
    rig_push_tone (rig, 100, 8000);
    rig_push_command (rig, rt2_command_new (RT2_COMMAND_COMMIT_INPUT));
  }
  rig_settle_up (rig);
  rig_flush_up (rig);
  g_assert_cmpuint (rig_count_sent (rig, "input_audio_buffer.commit"), ==, 64);
  g_assert_cmpuint (ms_sent (rig), ==, 10000);
  /* And the next takes what was left. */
  rig_send_committed (rig, "U1");
  rig_flush_down (rig);
  rig_command (rig, rt2_command_new (RT2_COMMAND_COMMIT_INPUT));
  rig_wait_sent (rig, "input_audio_buffer.commit", 65);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add_func ("/session/restore/" name, function)
  ADD ("conversation", test_conversation);
  ADD ("forgotten", test_forgotten);
  ADD ("nothing", test_nothing);
  ADD ("written", test_written);
  ADD ("refused", test_refused);
  ADD ("turn", test_turn);
  ADD ("caption", test_caption);
  ADD ("caption-begun", test_caption_begun);
  ADD ("unbegun", test_unbegun);
  ADD ("used", test_used);
  ADD ("result", test_result);
  ADD ("result-behind-words", test_result_behind_words);
  ADD ("result-unwanted", test_result_unwanted);
  ADD ("result-and-function", test_result_and_function);
  ADD ("heard", test_heard);
  ADD ("interrupted", test_interrupted);
  ADD ("bounded", test_bounded);
  ADD ("manual", test_manual);
  ADD ("pace", test_pace);
  ADD ("twice", test_twice);
  ADD ("behind", test_behind);
  ADD ("one-answer", test_one_answer);
  ADD ("unfound", test_unfound);
  ADD ("cancelled", test_cancelled);
  ADD ("many-commits", test_many_commits);
  return g_test_run ();
}
