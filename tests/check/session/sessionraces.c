/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What random schedules (see schedules.c) found, each by itself and on a real
 * connection: events that cross on their way, and what is left of others.
 */
#include "sessionrig.h"

static void
command (Rig *rig, Rt2Command *command)
{
  g_assert_true (rt2_session_command (rig->session, command));
  rig_run_idle (rig);
}

/* An item that was announced and not begun is deleted once, not again when its
 * response ends. */
static void
test_deleted_once (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_send_response_created (rig, "R1");
  rig_send_item (rig, "R1", 0, "A1", "message", FALSE);
  rig_send_speech_started (rig, "U1", 0);
  rig_send (rig,
      "{\"type\":\"response.done\",\"response\":{\"id\":\"R1\",\"status\":"
      "\"cancelled\",\"output\":[{\"id\":\"A1\",\"type\":\"message\","
      "\"role\":\"assistant\",\"content\":[]}]}}");
  rig_flush_down (rig);
  rig_flush_up (rig);
  rig_expect_sent (rig, "conversation.item.delete");
}

/* What is still played of a connection that is gone is nothing to the next. */
static void
test_heard_of_the_last_connection (void)
{
  g_autoptr (Rig) rig = rig_new ();
  Rt2Heard *heard = g_new0 (Rt2Heard, 1);

  rig_start_ready (rig);
  rig_speak (rig, "R1", "A1");
  rig_drop (rig);
  rig_wait (rig, "configured again");
  heard->item_id = g_strdup ("A1");
  heard->response_id = g_strdup ("R1");
  heard->heard = 1200;
  heard->received = 2400;
  heard->rate = 24000;
  g_ptr_array_add (rig->heard, heard);
  rig_clear (rig);
  rig_send_speech_started (rig, "U1", 0);
  rig_flush_down (rig);
  rig_flush_up (rig);
  g_assert_cmpuint (rig_count (rig, "interrupt"), ==, 1);
  rig_expect_sent (rig, "");
}

/* The VAD ends a turn while a commit of ours is on its way: the first
 * acknowledgement is the VAD's. The second is ours, and calls for nothing that
 * was not called for before. */
static void
test_commits_cross (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->config->min_interruption = 250 * RIG_MS;
  rig_start_ready (rig);
  rig_push_ms (rig, 400, 0);
  rig_wait_sent_audio (rig, 400 * 48);
  command (rig, rt2_command_new (RT2_COMMAND_COMMIT_INPUT));
  rig_wait_sent (rig, "response.create", 1);
  rig_send_speech_started (rig, "U1", 0);
  rig_send_speech_stopped (rig, "U1", 400);
  rig_send_committed (rig, "U1");
  rig_flush_down (rig);
  command (rig, rt2_command_new (RT2_COMMAND_CANCEL_RESPONSE));
  rig_send_committed (rig, "U2");
  rig_send_response_created (rig, "R1");
  rig_send_response_done (rig, "R1", "cancelled");
  rig_flush_down (rig);
  rig_flush_up (rig);
  g_assert_cmpuint (rig_count_sent (rig, "response.create"), ==, 1);
  rig_expect_last (rig, "state ready");
}

/* Ours is refused, because the VAD's came first, and then all has been sent:
 * what the VAD hears begin only now must still hear its end. */
static void
test_speech_after_the_end (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_push_ms (rig, 400, 0);
  rig_wait_sent_audio (rig, 400 * 48);
  command (rig, rt2_command_new (RT2_COMMAND_COMMIT_INPUT));
  rig_wait_sent (rig, "input_audio_buffer.commit", 1);
  rig_finish (rig);
  rig_run_idle (rig);
  rig_clear (rig);
  rig_send_error (rig, "input_audio_buffer_commit_empty", NULL, NULL);
  rig_send_speech_started (rig, "U1", 390);
  rig_wait_sent_audio (rig, 700 * 48);
}

/* How long a turn was is settled when it ends, whatever is said before the
 * server commits it. */
static void
test_dismissed_length (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->config->min_interruption = 250 * RIG_MS;
  rig_start_ready (rig);
  rig_speak (rig, "R1", "A1");
  rig_push_ms (rig, 100, 0);
  rig_wait_sent_audio (rig, 100 * 48);
  rig_send_speech_started (rig, "U1", 0);
  rig_send_speech_stopped (rig, "U1", 100);
  rig_flush_down (rig);
  rig_push_ms (rig, 1000, 100 * RIG_MS);
  rig_wait_sent_audio (rig, 1100 * 48);
  rig_send_committed (rig, "U1");
  rig_flush_down (rig);
  g_assert_cmpuint (rig_count (rig, "turn-dismissed U1 100"), ==, 1);
  g_assert_cmpuint (rig_count (rig, "interrupt"), ==, 0);
}

/* The server can't answer a turn while a response is under way: it is asked to
 * when that is over, whether it says so or not. */
static void
test_answer_in_the_way (void)
{
  for (guint says = 0; says < 2; says++) {
    g_autoptr (Rig) rig = rig_new ();

    rig->config->interrupt_response = FALSE;
    rig_start_ready (rig);
    rig_speak (rig, "R1", "A1");
    rig_send_speech_started (rig, "U1", 0);
    rig_send_speech_stopped (rig, "U1", 0);
    rig_send_committed (rig, "U1");
    if (says)
      rig_send_error (
          rig, "conversation_already_has_active_response", NULL, NULL);
    rig_flush_down (rig);
    g_assert_cmpuint (rig_count_sent (rig, "response.create"), ==, 0);
    rig_send_response_done (rig, "R1", "completed");
    rig_wait_sent (rig, "response.create", 1);
    rig_send_response_created (rig, "R2");
    rig_send_response_done (rig, "R2", "completed");
    rig_flush_down (rig);
    rig_flush_up (rig);
    g_assert_cmpuint (rig_count_sent (rig, "response.create"), ==, 1);
    rig_expect_last (rig, "state ready");
  }
}

/* A message whose answer was refused once is in the conversation: it can't
 * expire there, and only its answer is asked for again. */
static void
test_sent_before_it_expires (void)
{
  g_autoptr (Rig) rig = rig_new ();
  Rt2Command *text = rt2_command_new_text ("user", "Hello", NULL);
  JsonObject *create;

  rig_start_ready (rig);
  text->expires = g_get_monotonic_time () + 300 * 1000;
  command (rig, text);
  rig_wait_sent (rig, "response.create", 1);
  create = rig_get_sent (rig, "response.create", 0);
  rig_send_response_created (rig, "R1");
  rig_send_error (rig, "conversation_already_has_active_response",
      rt2_json_string (create, "event_id"), NULL);
  rig_flush_down (rig);
  rig_run_for (rig, 400);
  rig_send_response_done (rig, "R1", "completed");
  rig_wait_sent (rig, "response.create", 2);
  g_assert_cmpuint (rig_count_sent (rig, "conversation.item.create"), ==, 1);
  g_assert_cmpuint (rig_count (rig, "command-failed"), ==, 0);
}

/* Only what waits counts: not what was carried out long ago, and wherever it
 * waits. */
static void
test_commands_that_wait (void)
{
  g_autofree gchar *output = g_strnfill (RT2_COMMAND_MAX_TEXT, 'x');
  g_autoptr (Rig) rig = rig_new ();
  guint n = 0;

  rig_set (&rig->accepts, FALSE);
  rig_start (rig);
  for (; n < RT2_SESSION_MAX_COMMANDS; n++)
    command (rig, rt2_command_new_result ("nobody", "x", NULL));
  g_assert_false (rt2_session_command (
      rig->session, rt2_command_new_result ("nobody", "x", NULL)));
  rig_wait_sent (rig, "session.update", 1);
  rig_send_updated (rig, "audio/pcm", "audio/pcm");
  rig_wait (rig, "state ready");
  g_assert_cmpuint (rig_count (rig, "command-failed"), ==, n);
  for (gsize size = 0; size < RT2_SESSION_MAX_COMMAND_BYTES * 5 / 4;
       size += RT2_COMMAND_MAX_TEXT, n++)
    command (rig, rt2_command_new_result ("nobody", output, NULL));
  g_assert_cmpuint (rig_count (rig, "command-failed"), ==, n);
}

static Rig *
new_cue (void)
{
  Rig *rig = rig_new ();

  rig_start_ready (rig);
  rig_send_speech_started (rig, "U1", 0);
  rig_flush_down (rig);
  rig_clear (rig);
  command (rig, rt2_command_new_text ("system", "Rain.", NULL));
  rig_flush_up (rig);
  rig_expect_sent (rig, "");
  return rig;
}

/* A cue does not talk over the user: it comes after the answer to the turn. */
static void
test_cue_while_the_user_speaks (void)
{
  g_autoptr (Rig) rig = new_cue ();

  rig_send_speech_stopped (rig, "U1", 500);
  rig_flush_down (rig);
  rig_flush_up (rig);
  rig_expect_sent (rig, "");
  rig_send_committed (rig, "U1");
  rig_speak (rig, "R1", "A1");
  rig_flush_up (rig);
  rig_expect_sent (rig, "");
  rig_send_response_done (rig, "R1", "completed");
  rig_wait_sent (rig, "response.create", 1);
  rig_expect_sent (rig, "conversation.item.create response.create");
}

/* A server that hears an end and commits nothing does not silence it. */
static void
test_cue_without_a_commit (void)
{
  g_autoptr (Rig) rig = new_cue ();

  rig_send_speech_stopped (rig, "U1", 500);
  rig_wait_sent (rig, "response.create", 1);
  rig_expect_sent (rig, "conversation.item.create response.create");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add_func ("/session/races/" name, function)
  ADD ("deleted-once", test_deleted_once);
  ADD ("heard-of-the-last-connection", test_heard_of_the_last_connection);
  ADD ("commits-cross", test_commits_cross);
  ADD ("speech-after-the-end", test_speech_after_the_end);
  ADD ("dismissed-length", test_dismissed_length);
  ADD ("answer-in-the-way", test_answer_in_the_way);
  ADD ("sent-before-it-expires", test_sent_before_it_expires);
  ADD ("cue-while-the-user-speaks", test_cue_while_the_user_speaks);
  ADD ("cue-without-a-commit", test_cue_without_a_commit);
  ADD ("commands-that-wait", test_commands_that_wait);
  return g_test_run ();
}
