/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who judges the user's speech changes while it goes on, or while the change is
 * on its way; and what else comes between speech and its judgement.
 */
#include "sessionrig.h"

#include <string.h>

/* A session.update is on its way and not answered. */
static void
configure_unanswered (Rig *rig)
{
  rig_set (&rig->accepts, FALSE);
  rig_configure (rig);
  rig_wait_sent (rig, "session.update", 1);
  rig_run_idle (rig);
}

static void
answer_update (Rig *rig)
{
  rig_set (&rig->accepts, TRUE);
  rig_send_updated (rig, "audio/pcm", "audio/pcm");
  rig_flush_down (rig);
}

static void
start_ready (Rig *rig)
{
  rig_start_ready (rig);
  rig_flush_up (rig);
  rig_clear (rig);
}

/* One turn of 700 ms. */
static void
take_turn (Rig *rig)
{
  rig_push_ms (rig, 1000, 0);
  rig_wait_sent_audio (rig, 48000);
  rig_send_speech_started (rig, "U1", 100);
  rig_send_speech_stopped (rig, "U1", 800);
  rig_send_committed (rig, "U1");
  rig_flush_down (rig);
}

static void
ask (Rig *rig)
{
  g_assert_true (rt2_session_command (
      rig->session, rt2_command_new_response (NULL, NULL)));
  rig_run_idle (rig);
}

static guint
n_creates (Rig *rig)
{
  rig_flush_up (rig);
  return rig_count_sent (rig, "response.create");
}

/* The server still answers by itself: a second answer would be one too many. */
static void
test_to_us (void)
{
  g_autoptr (Rig) rig = rig_new ();

  start_ready (rig);
  rig->config->min_interruption = 300 * RIG_MS;
  configure_unanswered (rig);
  take_turn (rig);
  g_assert_cmpuint (rig_count (rig, "interrupt"), ==, 1);
  rig_send_response_created (rig, "R1");
  answer_update (rig);
  rig_send_response_done (rig, "R1", "completed");
  rig_flush_down (rig);
  g_assert_cmpuint (n_creates (rig), ==, 0);
  /* From here on it is us. */
  rig_clear (rig);
  rig_send_speech_started (rig, "U2", 900);
  rig_send_speech_stopped (rig, "U2", 1000);
  rig_send_committed (rig, "U2");
  rig_flush_down (rig);
  g_assert_cmpuint (rig_count (rig, "interrupt"), ==, 0);
  g_assert_cmpuint (n_creates (rig), ==, 1);
}

/* The server does not answer yet: nobody else would. */
static void
test_to_the_server (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->config->min_interruption = 300 * RIG_MS;
  start_ready (rig);
  rig->config->min_interruption = 0;
  configure_unanswered (rig);
  take_turn (rig);
  answer_update (rig);
  g_assert_cmpuint (n_creates (rig), ==, 1);
  rig_send_response_created (rig, "R1");
  rig_send_response_done (rig, "R1", "completed");
  rig_flush_down (rig);
  ask (rig);
  g_assert_cmpuint (n_creates (rig), ==, 2);
}

/* What is not awaited of the server keeps nothing waiting. */
static void
test_answers_wanted_late (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->config->create_response = FALSE;
  start_ready (rig);
  rig->config->create_response = TRUE;
  configure_unanswered (rig);
  take_turn (rig);
  answer_update (rig);
  ask (rig);
  g_assert_cmpuint (n_creates (rig), ==, 1);
}

/* Whoever lays it over our configuration answers the turns. */
static void
test_overlay (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->config->overlay = g_strdup (
      "{\"audio\":{\"input\":{\"turn_detection\":{\"type\":\"server_vad\","
      "\"create_response\":false,\"interrupt_response\":false}}}}");
  start_ready (rig);
  take_turn (rig);
  g_assert_cmpuint (rig_count (rig, "interrupt"), ==, 0);
  ask (rig);
  g_assert_cmpuint (n_creates (rig), ==, 1);
}

/* On the wire these two are the same. */
static void
test_same_on_the_wire (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->config->min_interruption = 300 * RIG_MS;
  rig_start_ready (rig);
  rig->config->min_interruption = 0;
  rig->config->create_response = FALSE;
  rig->config->interrupt_response = FALSE;
  rig_configure (rig);
  rig_run_idle (rig);
  take_turn (rig);
  g_assert_cmpuint (rig_count_sent (rig, "session.update"), ==, 0);
  g_assert_cmpuint (n_creates (rig), ==, 0);
}

/* -- what comes in between ------------------------------------------------ */

static void
send_call (Rig *rig)
{
  rig_send_response_created (rig, "R1");
  rig_send (rig,
      "{\"type\":\"response.output_item.done\",\"response_id\":\"R1\","
      "\"output_index\":0,\"item\":{\"id\":\"F1\",\"type\":\"function_call\","
      "\"status\":\"completed\",\"call_id\":\"C1\",\"name\":\"look\","
      "\"arguments\":\"{}\"}}");
  rig_send_response_done (rig, "R1", "completed");
  rig_flush_down (rig);
}

static void
return_result (Rig *rig)
{
  g_assert_true (rt2_session_command (
      rig->session, rt2_command_new_result ("C1", "3", NULL)));
  rig_run_idle (rig);
}

/* The answer is to be cut as soon as it may be: what its function returns until
 * then is for the next one. */
static void
test_result_before_the_cut (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->config->guards_speech = TRUE;
  start_ready (rig);
  send_call (rig);
  rig->is_protected = TRUE;
  rig->playing = G_MAXUINT;
  rig_push_ms (rig, 1000, 0);
  rig_wait_sent_audio (rig, 48000);
  rig_send_speech_started (rig, "U1", 100);
  rig_flush_down (rig);
  g_assert_cmpuint (rig_count (rig, "interrupt"), ==, 0);
  return_result (rig);
  rig->is_protected = FALSE;
  rt2_session_wake (rig->session);
  rig_run_idle (rig);
  g_assert_cmpuint (rig_count (rig, "interrupt"), ==, 1);
  g_assert_cmpuint (n_creates (rig), ==, 0);
  rig_send_speech_stopped (rig, "U1", 900);
  rig_send_committed (rig, "U1");
  rig_flush_down (rig);
  g_assert_cmpuint (n_creates (rig), ==, 1);
}

/* What is taken back is not judged any more, nor what comes after it. */
static void
test_cleared (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->config->min_interruption = 2000 * RIG_MS;
  start_ready (rig);
  rig_send_response_created (rig, "R1");
  rig_push_ms (rig, 1000, 0);
  rig_wait_sent_audio (rig, 48000);
  rig_send_speech_started (rig, "U1", 100);
  rig_flush_down (rig);
  g_assert_true (rt2_session_command (
      rig->session, rt2_command_new (RT2_COMMAND_CLEAR_INPUT)));
  rig_run_idle (rig);
  rig_push_ms (rig, 3000, G_MAXUINT64);
  rig_wait_sent_audio (rig, 4 * 48000);
  rig_flush_down (rig);
  g_assert_cmpuint (rig_count (rig, "interrupt"), ==, 0);
}

/* Too short, and over, but not committed by the server yet. */
static void
test_cleared_after_a_cough (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->config->min_interruption = 2000 * RIG_MS;
  start_ready (rig);
  rig_send_response_created (rig, "R1");
  rig_push_ms (rig, 1000, 0);
  rig_wait_sent_audio (rig, 48000);
  rig_send_speech_started (rig, "U1", 100);
  rig_send_speech_stopped (rig, "U1", 800);
  rig_flush_down (rig);
  g_assert_true (rt2_session_command (
      rig->session, rt2_command_new (RT2_COMMAND_CLEAR_INPUT)));
  rig_run_idle (rig);
  rig_send_committed (rig, "U1");
  rig_flush_down (rig);
  g_assert_cmpuint (rig_count (rig, "turn-dismissed U1"), ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add_func ("/session/switch/" name, function)
  ADD ("to-us", test_to_us);
  ADD ("to-the-server", test_to_the_server);
  ADD ("answers-wanted-late", test_answers_wanted_late);
  ADD ("overlay", test_overlay);
  ADD ("same-on-the-wire", test_same_on_the_wire);
  ADD ("result-before-the-cut", test_result_before_the_cut);
  ADD ("cleared", test_cleared);
  ADD ("cleared/after-a-cough", test_cleared_after_a_cough);
  return g_test_run ();
}
