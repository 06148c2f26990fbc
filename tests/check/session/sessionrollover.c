/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Going over to another session: when, with what, and that nothing of what goes
 * on is disturbed, whatever becomes of the other connection.
 */
#include "moverig.h"

/* -- the end of a session ------------------------------------------------- */

static void
test_age (void)
{
  g_autoptr (Rig) rig = rig_new ();
  gint64 begin = g_get_monotonic_time ();

  moverig_set_age (rig, MOVERIG_LIFE);
  rig_start_ready (rig);
  rig_wait (rig, "moved sess_2 age");
  g_assert_cmpint (
      g_get_monotonic_time () - begin, >=, MOVERIG_LIFE * 3 / 4 * 1000);
  moverig_stay (rig);
  g_assert_cmpuint (rig_count (rig, "expiring age"), ==, 1);
  g_assert_cmpuint (rig->left, <=, MOVERIG_LIFE / 4 * RIG_MS);
  g_assert_cmpuint (rig_count (rig, "created"), ==, 1);
  moverig_expect_undisturbed (rig);
  g_assert_cmpuint (rig_get_stats (rig).moves, ==, 1);
  test_server_wait_closed (rig->server, 0);
  g_assert_cmpuint (test_server_get_close_code (rig->server, 0), ==, 1000);
}

static void
test_expiry (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_set (&rig->lives, 3);
  rig_start_ready (rig);
  rig_set (&rig->lives, 3600);
  rig_wait (rig, "moved sess_2 expiring");
  g_assert_cmpuint (rig_count (rig, "expiring expiring"), ==, 1);
  moverig_expect_undisturbed (rig);
  /* The next is far off. */
  rig_run_for (rig, 120);
  g_assert_cmpuint (test_server_count_connections (rig->server), ==, 2);
}

/* An age that the session has already forces nothing, and is no reason to hurry
 * over an answer. */
static void
test_aged_already (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_run_for (rig, 2000);
  rig_send_response_created (rig, "r1");
  rig_flush_down (rig);
  moverig_set_age (rig, 1);
  rig_configure (rig);
  moverig_wait_standby (rig);
  rig_run_for (rig, 100);
  g_assert_cmpuint (rig_count (rig, "moved"), ==, 0);
  moverig_stay (rig);
  rig->speaks_on = 0;
  rig_send_response_done (rig, "r1", "completed");
  rig_run_for (rig, 100);
  g_assert_cmpuint (rig_count (rig, "moved"), ==, 0);
}

/* -- levels --------------------------------------------------------------- */

/* Speech that plays on is waited for, but not for ever. */
static void
test_playing (void)
{
  g_autoptr (Rig) rig = rig_new ();
  gint64 begin = g_get_monotonic_time (), moved;

  moverig_set_age (rig, MOVERIG_LIFE);
  rig->playing = G_MAXUINT;
  rig_start_ready (rig);
  rig_wait (rig, "moved sess_2 age");
  moved = g_get_monotonic_time () - begin;
  moverig_stay (rig);
  g_assert_cmpint (moved, >=, MOVERIG_LIFE * 1000 * 0.825);
  moverig_expect_undisturbed (rig);
}

/* Its end is noticed although nobody tells. */
static void
test_played (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->playing = G_MAXUINT;
  rig_start_ready (rig);
  moverig_move_away (rig);
  moverig_wait_standby (rig);
  rig_run_for (rig, 120);
  g_assert_cmpuint (rig_count (rig, "moved"), ==, 0);
  rig->playing = 0;
  moverig_expect_moved (rig);
}

/* What is under way is waited for until the deadline. */
static void
test_deadline (void)
{
  g_autoptr (Rig) rig = rig_new ();
  gint64 begin = g_get_monotonic_time (), moved;

  moverig_set_age (rig, MOVERIG_LIFE);
  rig_start_ready (rig);
  rig_send_response_created (rig, "r1");
  rig_wait (rig, "moved sess_2 age");
  moved = g_get_monotonic_time () - begin;
  moverig_stay (rig);
  g_assert_cmpint (moved, >=, MOVERIG_LIFE * 1000 * 9 / 10);
  moverig_expect_undisturbed (rig);
}

/* -- what goes on --------------------------------------------------------- */

typedef void (*Act) (Rig *rig);

static void
begin_speech (Rig *rig)
{
  rig_send_speech_started (rig, "u1", 0);
}

static void
end_speech (Rig *rig)
{
  rig_send_speech_stopped (rig, "u1", 100);
  rig_send_committed (rig, "u1");
  rig_send_response_created (rig, "r1");
  rig_send_response_done (rig, "r1", "completed");
}

/* A turn is settled only when it is committed and answered. */
static void
stop_speech (Rig *rig)
{
  rig_send_speech_started (rig, "u1", 0);
  rig_send_speech_stopped (rig, "u1", 100);
}

static void
commit_and_answer (Rig *rig)
{
  rig_send_committed (rig, "u1");
  rig_send_response_created (rig, "r1");
  rig_send_response_done (rig, "r1", "completed");
}

static void
commit_turn (Rig *rig)
{
  stop_speech (rig);
  rig_send_committed (rig, "u1");
}

static void
answer (Rig *rig)
{
  rig_send_response_created (rig, "r1");
  rig_send_response_done (rig, "r1", "completed");
}

static void
begin_response (Rig *rig)
{
  rig_send_response_created (rig, "r1");
}

static void
end_response (Rig *rig)
{
  rig_send_response_done (rig, "r1", "completed");
}

/* response.create is on its way, and nothing came for it yet. */
static void
ask (Rig *rig)
{
  rig_command (rig, rt2_command_new_response (NULL, NULL));
  rig->hears_on = 0;
  rig_wait_sent (rig, "response.create", 1);
}

static void
answer_asked (Rig *rig)
{
  rig_send_answer (rig, "r1", 0);
  rig_send_response_done (rig, "r1", "completed");
}

static void
open_call (Rig *rig)
{
  rig_send_response_created (rig, "r1");
  rig_send_call (rig, "r1", "call_1", "f", "{}");
  rig_send_response_done (rig, "r1", "completed");
  rig_flush_down (rig);
}

static void
answer_call (Rig *rig)
{
  rig_command (rig, rig_result ("call_1", "42"));
  rig->hears_on = 0;
  rig_wait_sent (rig, "response.create", 1);
  rig_send_answer (rig, "r2", 0);
  rig_send_response_done (rig, "r2", "completed");
}

static void
await_transcript (Rig *rig)
{
  commit_turn (rig);
  answer (rig);
}

static void
give_transcript (Rig *rig)
{
  rig_send_transcript (rig, "u1", "Hello.");
}

static void
sound (Rig *rig)
{
  rig_push_silence (rig, 400);
  rig_push_tone (rig, 400, 12000);
  rig_settle_up (rig);
}

static void
fall_silent (Rig *rig)
{
  rig_push_silence (rig, 1000);
  rig_settle_up (rig);
}

static const struct {
  const gchar *what;
  Act begin, end;
} acts[] = {
  { "speech", begin_speech, end_speech },
  { "uncommitted", stop_speech, commit_and_answer },
  { "unanswered", commit_turn, answer },
  { "response", begin_response, end_response },
  { "asked", ask, answer_asked },
  { "call", open_call, answer_call },
  { "transcript", await_transcript, give_transcript },
  { "sound", sound, fall_silent },
};

/* Nothing moves while it goes on, and everything does after it. @late: it
 * begins when the other session waits already for another reason, and that is
 * over at the same instant. */
static void
check_act (guint i, gboolean late)
{
  g_autoptr (Rig) rig = rig_new ();

  g_test_message ("%s%s", acts[i].what, late ? ", late" : "");
  rig->config->transcription_model = g_strdup (
      g_str_equal (acts[i].what, "transcript") ? "whisper-1" : "");
  rig->playing = late ? G_MAXUINT : 0;
  rig_start_ready (rig);
  rig->speaks_on = 0;
  if (!late)
    acts[i].begin (rig);
  if (!late)
    rig_flush_down (rig);
  moverig_move_away (rig);
  moverig_wait_standby (rig);
  if (late) {
    acts[i].begin (rig);
    rig_flush_down (rig);
    rig->playing = 0;
  }
  rig_run_for (rig, 120);
  g_assert_cmpuint (rig_count (rig, "moved"), ==, 0);
  acts[i].end (rig);
  rig->hears_on = -1;
  moverig_expect_moved (rig);
}

static void
test_acts (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (acts); i++) {
    check_act (i, FALSE);
    check_act (i, TRUE);
  }
}

/* A command that comes at the instant of the move is carried out once, on the
 * new connection. */
static void
test_command_at_once (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->playing = G_MAXUINT;
  rig_start_ready (rig);
  moverig_move_away (rig);
  moverig_wait_standby (rig);
  rig_clear (rig);
  rig->playing = 0;
  g_assert_true (rt2_session_command (
      rig->session, rt2_command_new_response (NULL, NULL)));
  rig_wait_sent (rig, "response.create", 1);
  rig_run_for (rig, 150);
  g_assert_cmpuint (rig_count_sent (rig, "response.create"), ==, 1);
}

/* Nothing is kept of what was said and not committed: it is waited for. */
static Rig *
new_unkept (void)
{
  Rig *rig = rig_new ();

  rig->config->turn_detection = RT2_TURN_DETECTION_NONE;
  rig->config->create_response = FALSE;
  rig->options->max_turn_replay = 0;
  return rig;
}

static void
test_unkept (void)
{
  g_autoptr (Rig) rig = new_unkept ();

  rig_start_ready (rig);
  rig_push_tone (rig, 400, 8000);
  rig_push_silence (rig, 1000);
  rig_settle_up (rig);
  moverig_move_away (rig);
  moverig_wait_standby (rig);
  rig_run_for (rig, 300);
  g_assert_cmpuint (rig_count (rig, "moved"), ==, 0);
  rig->speaks_on = 0;
  rig_command (rig, rt2_command_new (RT2_COMMAND_COMMIT_INPUT));
  rig_run_for (rig, 100);
  g_assert_cmpuint (rig_count (rig, "moved"), ==, 0);
  rig_send_committed (rig, "U1");
  rig_wait (rig, "moved sess_2 settings elsewhere");
  g_assert_cmpuint (rig_count (rig, "turn-lost"), ==, 0);
}

/* At the deadline it is lost, and that is told; silence is not lost. */
static void
check_unkept (gint amplitude, guint lost)
{
  g_autoptr (Rig) rig = new_unkept ();

  moverig_set_age (rig, MOVERIG_LIFE);
  rig_start_ready (rig);
  rig_push_tone (rig, 400, amplitude);
  rig_push_silence (rig, 600);
  rig_wait (rig, "moved sess_2 age");
  moverig_stay (rig);
  g_assert_cmpuint (rig_count (rig, "turn-lost"), ==, lost);
  moverig_expect_undisturbed (rig);
}

static void
test_unkept_late (void)
{
  check_unkept (8000, 1);
  check_unkept (0, 0);
}

/* -- what the other session is told --------------------------------------- */

static const gchar *
instructions_sent (Rig *rig, guint n)
{
  JsonObject *update = rig_get_sent (rig, "session.update", n);

  return rt2_json_string (rt2_json_object (update, "session"), "instructions");
}

static void
test_config (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->config->instructions = g_strdup ("Be brief.");
  rig->playing = G_MAXUINT;
  rig_start_ready (rig);
  moverig_move_away (rig);
  moverig_wait_standby (rig);
  rig->hears_on = 1;
  g_assert_cmpstr (instructions_sent (rig, 0), ==, "Be brief.");
  g_free (rig->config->instructions);
  rig->config->instructions = g_strdup ("Be long.");
  rig_configure (rig);
  rig->hears_on = 0;
  rig_wait_sent (rig, "session.update", 1);
  rig->playing = 0;
  moverig_expect_moved (rig);
  rig_wait_sent (rig, "session.update", 2);
  g_assert_cmpstr (instructions_sent (rig, 1), ==, "Be long.");
}

/* An update that the old server has not answered is not waited for. */
static void
test_config_unanswered (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_set (&rig->accepts, FALSE);
  g_free (rig->config->instructions);
  rig->config->instructions = g_strdup ("Be long.");
  rig_configure (rig);
  rig_wait_sent (rig, "session.update", 1);
  rig_set (&rig->accepts, TRUE);
  moverig_move_away (rig);
  moverig_expect_moved (rig);
  rig->hears_on = 1;
  g_assert_cmpuint (rig_count_sent (rig, "session.update"), ==, 1);
  g_assert_cmpstr (instructions_sent (rig, 0), ==, "Be long.");
}

/* The texts of the items that connection 1 was told of, in one line. */
static gchar *
list_told (Rig *rig)
{
  GString *list = g_string_new (NULL);

  rig->hears_on = 1;
  for (guint i = 0; i < rig_count_sent (rig, "conversation.item.create"); i++) {
    JsonObject *event = rig_get_sent (rig, "conversation.item.create", i);
    JsonObject *item = rt2_json_object (event, "item");
    JsonArray *content = rt2_json_array (item, "content");

    if (g_str_equal (rt2_json_string (item, "role"), "system"))
      continue;
    g_string_append_printf (list, "%s:%s:%s ", rt2_json_string (item, "id"),
        rt2_json_string (item, "role"),
        rt2_json_string (rt2_json_array_object (content, 0), "text"));
  }
  return g_string_free (list, FALSE);
}

/* It is told of the conversation when it is opened, and at the move of what was
 * said since; nothing twice. */
static void
test_seed (void)
{
  g_autoptr (Rig) rig = rig_new ();
  g_autofree gchar *before = NULL, *after = NULL;

  rig->config->transcription_model = g_strdup ("whisper-1");
  rig->playing = G_MAXUINT;
  rig_start_ready (rig);
  rig->speaks_on = 0;
  moverig_say_turn (rig, "u1", "r1", "a1", "One");
  moverig_move_away (rig);
  moverig_wait_standby (rig);
  rig->hears_on = 1;
  rig_wait_sent (rig, "conversation.item.create", 3);
  before = list_told (rig);
  g_assert_cmpstr (before, ==, "u1:user:One? a1:assistant:One. ");
  moverig_say_turn (rig, "u2", "r2", "a2", "Two");
  g_assert_cmpuint (rig_count (rig, "moved"), ==, 0);
  rig->hears_on = -1;
  rig->playing = 0;
  moverig_expect_moved (rig);
  rig_wait_sent (rig, "conversation.item.create", 5);
  after = list_told (rig);
  g_assert_cmpstr (after, ==,
      "u1:user:One? a1:assistant:One. u2:user:Two? a2:assistant:Two. ");
}

/* What the @n-th response.create asks for. */
static const gchar *
instructions (Rig *rig, guint n)
{
  JsonObject *create = rig_get_sent (rig, "response.create", n);

  return rt2_json_string (rt2_json_object (create, "response"), "instructions");
}

/* Neither the greeting nor the disclosure is said again. */
static void
test_one_greeting (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->options->greeting = g_strdup ("Hello.");
  rig_start (rig);
  rig_wait_sent (rig, "response.create", 1);
  rig_send_answer (rig, "r1", 0);
  rig_send_response_done (rig, "r1", "completed");
  rig_wait (rig, "response-done r1 completed");
  rig_clear (rig);
  moverig_move_away (rig);
  moverig_expect_moved (rig);
  rig->hears_on = -1;
  rig_run_for (rig, 100);
  g_assert_cmpuint (rig_count_sent (rig, "response.create"), ==, 0);
}

/* What opens the conversation and was not noticed when the move could not wait
 * any longer is asked for again, in its order. */
static void
test_opening_again (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->options->disclosure = g_strdup ("I am a machine.");
  rig->options->greeting = g_strdup ("Hello.");
  moverig_set_age (rig, MOVERIG_LIFE);
  rig_start (rig);
  rig_wait_sent (rig, "response.create", 1);
  rig_send_answer (rig, "r1", 0);
  rig_wait (rig, "moved sess_2 age");
  moverig_stay (rig);
  rig->speaks_on = rig->hears_on = 1;
  rig_wait_sent (rig, "response.create", 1);
  rig_send_answer (rig, "r2", 0);
  rig_send_response_done (rig, "r2", "completed");
  rig_wait_sent (rig, "response.create", 2);
  rig_send_answer (rig, "r3", 1);
  rig_send_response_done (rig, "r3", "completed");
  rig_wait (rig, "response-done r3 completed");
  g_assert_nonnull (strstr (instructions (rig, 0), "I am a machine."));
  g_assert_nonnull (strstr (instructions (rig, 1), "Hello."));
  g_assert_cmpuint (rig_count_sent (rig, "response.create"), ==, 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/session/rollover/age", test_age);
  g_test_add_func ("/session/rollover/expiry", test_expiry);
  g_test_add_func ("/session/rollover/aged-already", test_aged_already);
  g_test_add_func ("/session/rollover/playing", test_playing);
  g_test_add_func ("/session/rollover/played", test_played);
  g_test_add_func ("/session/rollover/deadline", test_deadline);
  g_test_add_func ("/session/rollover/acts", test_acts);
  g_test_add_func ("/session/rollover/command-at-once", test_command_at_once);
  g_test_add_func ("/session/rollover/unkept", test_unkept);
  g_test_add_func ("/session/rollover/unkept-late", test_unkept_late);
  g_test_add_func ("/session/rollover/config", test_config);
  g_test_add_func (
      "/session/rollover/config-unanswered", test_config_unanswered);
  g_test_add_func ("/session/rollover/seed", test_seed);
  g_test_add_func ("/session/rollover/one-greeting", test_one_greeting);
  g_test_add_func ("/session/rollover/opening-again", test_opening_again);
  return g_test_run ();
}
