/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A move to another session: where to, what becomes of one that fails on the
 * way there or is overtaken by a loss, and what is left of it.
 */
#include "moverig.h"
#include "typerig.h"

/* -- the way there fails -------------------------------------------------- */

/* How far it gets. */
typedef enum {
  STEP_REFUSED,
  STEP_OPEN,
  STEP_CREATED,
  STEP_READY,
} Step;

static void
strike (Rig *rig, Step step)
{
  if (step == STEP_REFUSED) {
    test_server_refuse (rig->server, 503, NULL, NULL);
    moverig_move_away (rig);
    rig_wait_n (rig, "move-failed settings busy again", 1);
    test_server_refuse (rig->server, 0, NULL, NULL);
    return;
  }
  rig_set (&rig->creates, step > STEP_OPEN);
  rig_set (&rig->accepts, step > STEP_CREATED);
  moverig_move_away (rig);
  test_server_wait_connections (rig->server, 2);
  if (step > STEP_OPEN)
    test_server_wait_messages (rig->server, 1, 1);
  if (step == STEP_READY)
    moverig_wait_standby (rig);
  test_server_drop (rig->server, 1);
  rig_wait (rig, "move-failed settings lost again");
  rig_set (&rig->creates, TRUE);
  rig_set (&rig->accepts, TRUE);
}

/* It is made anew, and the conversation goes on all the while. */
static void
test_failures (void)
{
  for (Step step = STEP_REFUSED; step <= STEP_READY; step++) {
    g_autoptr (Rig) rig = rig_new ();

    rig->playing = G_MAXUINT;
    rig_start_ready (rig);
    rig->speaks_on = 0;
    strike (rig, step);
    rig_push_silence (rig, 40);
    rig->hears_on = 0;
    rig_wait_sent (rig, "input_audio_buffer.append", 1);
    rig_flush_down (rig);
    rig->playing = 0;
    rig->hears_on = -1;
    rig_wait (rig,
        step == STEP_REFUSED ? "moved sess_2 settings elsewhere"
                             : "moved sess_3 settings elsewhere");
    moverig_expect_undisturbed (rig);
  }
}

/* What can't be mended is given up, and the old session goes on as it was. */
static void
test_refused (void)
{
  g_autoptr (Rig) rig = rig_new ();
  g_autofree gchar *target = NULL;

  rig_start_ready (rig);
  test_server_refuse (rig->server, 401, NULL, NULL);
  moverig_move_away (rig);
  rig_wait (rig, "move-failed settings auth");
  test_server_refuse (rig->server, 0, NULL, NULL);
  rig_run_for (rig, 120);
  g_assert_cmpuint (test_server_count_requests (rig->server), ==, 2);
  moverig_expect_undisturbed (rig);
  /* Later moves, and reconnects, go to where it is. */
  rig_drop (rig);
  rig_wait (rig, "configured again");
  target = test_server_dup_target (rig->server, 2);
  g_assert_true (g_str_has_prefix (target, "/v1/realtime"));
}

/* So is what fails again and again. */
static void
test_tries (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  test_server_refuse (rig->server, 503, NULL, NULL);
  moverig_move_away (rig);
  rig_wait (rig, "move-failed settings busy");
  g_assert_cmpuint (rig_count (rig, "move-failed settings busy again"), ==, 2);
  g_assert_cmpuint (test_server_count_requests (rig->server), ==, 4);
  moverig_expect_undisturbed (rig);
}

/* The end of the session leaves no choice: it is tried until then. */
static void
test_tries_of_expiry (void)
{
  g_autoptr (Rig) rig = rig_new ();

  moverig_set_age (rig, MOVERIG_LIFE);
  rig_start_ready (rig);
  test_server_refuse (rig->server, 401, NULL, NULL);
  rig_wait_n (rig, "move-failed age auth again", 5);
  test_server_refuse (rig->server, 0, NULL, NULL);
  rig_wait (rig, "moved sess_2 age");
  moverig_stay (rig);
  moverig_expect_undisturbed (rig);
  g_assert_cmpuint (rig_count (rig, "expiring age"), ==, 1);
}

/* -- the old connection is lost before ------------------------------------ */

/* With another session ready there is no loss. */
static void
test_survives (void)
{
  static const guint16 codes[] = { 1001, 1011 };

  for (guint i = 0; i < G_N_ELEMENTS (codes); i++) {
    g_autoptr (Rig) rig = rig_new ();

    rig->playing = G_MAXUINT;
    rig_start_ready (rig);
    moverig_move_away (rig);
    moverig_wait_standby (rig);
    test_server_close (rig->server, 0, codes[i], NULL);
    rig_wait (rig, "moved sess_2 settings elsewhere");
    moverig_expect_undisturbed (rig);
    rig->hears_on = 1;
    rig_push_ms (rig, 40, 0);
    rig_wait_sent (rig, "input_audio_buffer.append", 1);
  }
}

/* Without, it is one like any other; what was asked for comes after it. */
static void
test_lost_before (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->playing = G_MAXUINT;
  rig_start_ready (rig);
  rig_set (&rig->accepts, FALSE);
  moverig_move_away (rig);
  test_server_wait_connections (rig->server, 2);
  test_server_wait_messages (rig->server, 1, 1);
  rig->speaks_on = 0;
  rig_send_error (rig, "session_expired", NULL, NULL);
  test_server_close (rig->server, 0, 1001, NULL);
  rig_wait (rig, "lost expired");
  rig_set (&rig->accepts, TRUE);
  rig->playing = 0;
  rig_wait (rig, "configured again");
  rig_wait (rig, "moved sess_4 settings elsewhere");
}

/* A cause that trying again can't mend ends it, ready or not. */
static void
test_fatal (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->playing = G_MAXUINT;
  rig_start_ready (rig);
  moverig_move_away (rig);
  moverig_wait_standby (rig);
  rig->speaks_on = 0;
  rig_send_error (rig, "insufficient_quota", NULL, NULL);
  rig_wait (rig, "failed quota");
}

/* -- what is asked for ---------------------------------------------------- */

static void
test_key (void)
{
  g_autoptr (Rig) rig = rig_new ();
  g_autofree gchar *key = NULL;

  rig_start_ready (rig);
  moverig_move (rig, "/v1/realtime", "sk-new", RT2_MOVE_KEY);
  rig_wait (rig, "moved sess_2 key");
  key = test_server_dup_header (rig->server, 1, "Authorization");
  g_assert_cmpstr (key, ==, "Bearer sk-new");
  moverig_expect_undisturbed (rig);
}

/* The same place with the same key is where we are. */
static void
test_nothing_new (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  moverig_move (rig, "/v1/realtime", NULL, RT2_MOVE_SETTINGS);
  rig_run_for (rig, 300);
  g_assert_cmpuint (test_server_count_requests (rig->server), ==, 1);
}

/* Of many changes the last counts, and none is connected to that was changed
 * at once. */
static void
test_newest (void)
{
  g_autoptr (Rig) rig = rig_new ();
  g_autofree gchar *target = NULL;

  rig_start_ready (rig);
  moverig_move (rig, "/a", "sk-a", RT2_MOVE_SETTINGS);
  rig_run_idle (rig);
  moverig_move (rig, "/b", "sk-a", RT2_MOVE_SETTINGS);
  rig_run_idle (rig);
  moverig_move (rig, "/c", "sk-c", RT2_MOVE_SETTINGS);
  rig_wait (rig, "moved sess_2 settings elsewhere");
  target = test_server_dup_target (rig->server, 1);
  g_assert_true (g_str_has_prefix (target, "/c"));
  g_assert_cmpuint (test_server_count_requests (rig->server), ==, 2);
}

/* Before the first session it is simply where to connect. */
static void
test_before_first (void)
{
  g_autoptr (Rig) rig = rig_new ();
  g_autofree gchar *target = NULL;

  rig->options->retries = RT2_RETRIES_FOREVER;
  test_server_refuse (rig->server, 503, NULL, NULL);
  rig_start (rig);
  rig_wait (rig, "lost busy");
  moverig_move (rig, "/later", NULL, RT2_MOVE_SETTINGS);
  rig_run_idle (rig);
  test_server_refuse (rig->server, 0, NULL, NULL);
  rig_wait (rig, "state ready");
  target = test_server_dup_target (
      rig->server, test_server_count_requests (rig->server) - 1);
  g_assert_true (g_str_has_prefix (target, "/later"));
}

/* -- a translation -------------------------------------------------------- */

/* It is asked for what is left, which comes out; what the user says meanwhile
 * goes to the next session, in whole. */
static void
test_translation (void)
{
  g_autoptr (TypeRig)
      t = typerig_new (RT2_SESSION_TYPE_TRANSLATION, "gpt-realtime-translate");
  Rig *rig = t->rig;
  guint64 rt = 0;

  rig->config->max_age = MOVERIG_LIFE * RIG_MS;
  typerig_start_ready (t);
  rig->speaks_on = rig->hears_on = 0;
  typerig_push (t, 400, &rt, FALSE);
  rig_wait_sent (rig, "session.close", 1);
  rig_clear (rig);
  typerig_push (t, 400, &rt, TRUE);
  typerig_say_audio (t, 100);
  typerig_say_words (t, "output", "Rest", 100);
  rig_wait (rig, "audio #1 4800 0");
  g_assert_cmpuint (
      rig_count_sent (rig, "session.input_audio_buffer.append"), ==, 0);
  g_assert_cmpuint (rig_get_stats (rig).moves, ==, 0);
  rig_send (rig, "{\"type\":\"session.closed\",\"event_id\":\"e\"}");
  rig->hears_on = 1;
  rig_wait_sent (rig, "session.input_audio_buffer.append", 10);
  g_assert_cmpuint (rig_get_stats (rig).moves, ==, 1);
  g_assert_cmpuint (rig_count (rig, "lost"), ==, 0);
}

/* A move that is asked for while it says what is left is made after it. */
static void
test_translation_asked (void)
{
  g_autoptr (TypeRig)
      t = typerig_new (RT2_SESSION_TYPE_TRANSLATION, "gpt-realtime-translate");
  Rig *rig = t->rig;
  g_autofree gchar *target = NULL;

  rig->config->max_age = MOVERIG_LIFE * RIG_MS;
  typerig_start_ready (t);
  rig->speaks_on = rig->hears_on = 0;
  rig_wait_sent (rig, "session.close", 1);
  moverig_move_away (rig);
  rig_run_idle (rig);
  rig_send (rig, "{\"type\":\"session.closed\",\"event_id\":\"e\"}");
  test_server_wait_connections (rig->server, 3);
  target = test_server_dup_target (rig->server, 2);
  g_assert_true (g_str_has_prefix (target, "/v1/elsewhere"));
  g_assert_cmpuint (rig_get_stats (rig).moves, ==, 1);
}

/* -- sums ----------------------------------------------------------------- */

static void
test_stats (void)
{
  g_autoptr (Rig) rig = rig_new ();
  Rt2SessionStats before, after;

  rig->playing = G_MAXUINT;
  rig_start_ready (rig);
  rig->speaks_on = 0;
  moverig_say_turn (rig, "u1", "r1", "a1", "One");
  before = rig_get_stats (rig);
  moverig_move_away (rig);
  moverig_wait_standby (rig);
  rig->playing = 0;
  moverig_expect_moved (rig);
  moverig_say_turn (rig, "u2", "r2", "a2", "Two");
  after = rig_get_stats (rig);
  g_assert_cmpuint (after.responses, ==, 2);
  g_assert_cmpuint (after.moves, ==, 1);
  g_assert_cmpuint (
      after.transport.messages_sent, >, before.transport.messages_sent + 1);
  g_assert_cmpuint (after.transport.messages_received, >,
      before.transport.messages_received + 1);
}

/* No event id is used twice, on whichever connection. */
static void
test_event_ids (void)
{
  g_autoptr (Rig) rig = rig_new ();
  g_autoptr (GHashTable) ids = g_hash_table_new (g_str_hash, g_str_equal);

  rig->playing = G_MAXUINT;
  rig_start (rig);
  rig_wait (rig, "state ready");
  rig->speaks_on = 0;
  moverig_say_turn (rig, "u1", "r1", "a1", "One");
  moverig_move_away (rig);
  moverig_wait_standby (rig);
  moverig_say_turn (rig, "u2", "r2", "a2", "Two");
  rig->playing = 0;
  rig_wait (rig, "moved sess_2 settings elsewhere");
  rig_run_for (rig, 100);
  g_mutex_lock (&rig->lock);
  for (guint i = 0; i < rig->sent->len; i++) {
    RigEvent *event = g_ptr_array_index (rig->sent, i);
    const gchar *id = rt2_json_string (event->object, "event_id");

    g_assert_true (id == NULL || g_hash_table_add (ids, (gpointer) id));
  }
  g_mutex_unlock (&rig->lock);
  g_assert_cmpuint (g_hash_table_size (ids), >, 4);
}

/* It may end at any time. */
static void
test_free (void)
{
  for (guint i = 0; i < 3; i++) {
    g_autoptr (Rig) rig = rig_new ();

    rig->playing = G_MAXUINT;
    rig_set (&rig->accepts, TRUE);
    rig_start_ready (rig);
    rig_set (&rig->accepts, i > 1);
    moverig_move_away (rig);
    if (i > 0)
      test_server_wait_connections (rig->server, 2);
    if (i > 1)
      moverig_wait_standby (rig);
    rig_free_session (rig);
  }
}

/* The answer that the old server owed, and that was called back before it came,
 * is not the one that the new one gives to what it is asked. */
static void
test_called_back (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_send_speech_started (rig, "u1", 0);
  rig_send_speech_stopped (rig, "u1", 100);
  rig_send_committed (rig, "u1");
  rig_flush_down (rig);
  rig_command (rig, rt2_command_new (RT2_COMMAND_CANCEL_RESPONSE));
  moverig_move_away (rig);
  moverig_expect_moved (rig);
  rig_command (rig, rt2_command_new_response (NULL, NULL));
  rig_wait_sent (rig, "response.create", 1);
  rig_send_response_created (rig, "r2");
  rig_flush_down (rig);
  rig_flush_up (rig);
  g_assert_cmpuint (rig_count (rig, "response-started r2"), ==, 1);
  g_assert_cmpuint (rig_count_sent (rig, "response.cancel"), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/session/move/failures", test_failures);
  g_test_add_func ("/session/move/refused", test_refused);
  g_test_add_func ("/session/move/tries", test_tries);
  g_test_add_func ("/session/move/tries-of-expiry", test_tries_of_expiry);
  g_test_add_func ("/session/move/survives", test_survives);
  g_test_add_func ("/session/move/lost-before", test_lost_before);
  g_test_add_func ("/session/move/fatal", test_fatal);
  g_test_add_func ("/session/move/key", test_key);
  g_test_add_func ("/session/move/nothing-new", test_nothing_new);
  g_test_add_func ("/session/move/newest", test_newest);
  g_test_add_func ("/session/move/before-first", test_before_first);
  g_test_add_func ("/session/move/translation", test_translation);
  g_test_add_func ("/session/move/translation-asked", test_translation_asked);
  g_test_add_func ("/session/move/stats", test_stats);
  g_test_add_func ("/session/move/event-ids", test_event_ids);
  g_test_add_func ("/session/move/called-back", test_called_back);
  g_test_add_func ("/session/move/free", test_free);
  return g_test_run ();
}
