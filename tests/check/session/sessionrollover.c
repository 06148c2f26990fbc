/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Going over to another session: when, with what, and that nothing of what goes
 * on is disturbed, whatever becomes of the other connection.
 */
#include "sessionrig.h"
#include "typerig.h"

#include <string.h>

/* A life, ms, that leaves the machine time: its other session is opened after
 * three quarters, speech that plays is no obstacle after 0.825 of it, nothing
 * is after 0.9. */
#define LIFE 2400

static void
set_age (Rig *rig, guint64 ms)
{
  rig->config->max_age = ms * RIG_MS;
}

/* No further move. */
static void
stay (Rig *rig)
{
  set_age (rig, 0);
  rig_configure (rig);
}

/* Has the session move to @path with @key at once. */
static void
move (Rig *rig, const gchar *path, const gchar *key, Rt2MoveReason reason)
{
  Rt2TransportConfig *config = rt2_transport_config_new ();

  config->url = g_strdup_printf (
      "ws://127.0.0.1:%u%s", test_server_get_port (rig->server), path);
  config->api_key = g_strdup (key);
  config->connect_timeout = 60 * RIG_S;
  rt2_session_move (rig->session, config, "gpt-realtime-2", reason);
  rt2_transport_config_free (config);
}

static void
move_away (Rig *rig)
{
  move (rig, "/v1/elsewhere", NULL, RT2_MOVE_SETTINGS);
}

/* Until connection 1 is configured and waits. */
static void
wait_standby (Rig *rig)
{
  test_server_wait_connections (rig->server, 2);
  test_server_wait_messages (rig->server, 1, 1);
  rig_run_for (rig, 50);
}

/* What there is no reason to say. */
static void
expect_undisturbed (Rig *rig)
{
  Rt2SessionStats stats = rig_get_stats (rig);

  g_assert_cmpuint (rig_count (rig, "lost"), ==, 0);
  g_assert_cmpuint (rig_count (rig, "failed"), ==, 0);
  g_assert_cmpuint (rig_count (rig, "configured"), ==, 0);
  g_assert_cmpuint (rig_count (rig, "state connecting"), ==, 0);
  g_assert_cmpuint (stats.reconnects, ==, 0);
}

/* The old connection was closed in good order, and the new one is in use. */
static void
expect_moved (Rig *rig)
{
  rig_wait (rig, "moved sess_2 settings elsewhere");
  expect_undisturbed (rig);
  test_server_wait_closed (rig->server, 0);
  g_assert_cmpuint (test_server_get_close_code (rig->server, 0), ==, 1000);
  rig->speaks_on = rig->hears_on = 1;
  rig_push_ms (rig, 40, 9 * RIG_S);
  rig_wait_sent (rig, "input_audio_buffer.append", 1);
}

/* -- the end of a session ------------------------------------------------- */

static void
test_age (void)
{
  g_autoptr (Rig) rig = rig_new ();
  gint64 begin = g_get_monotonic_time ();

  set_age (rig, LIFE);
  rig_start_ready (rig);
  rig_wait (rig, "moved sess_2 age");
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, LIFE * 3 / 4 * 1000);
  stay (rig);
  g_assert_cmpuint (rig_count (rig, "expiring age"), ==, 1);
  g_assert_cmpuint (rig->left, <=, LIFE / 4 * RIG_MS);
  g_assert_cmpuint (rig_count (rig, "created"), ==, 1);
  expect_undisturbed (rig);
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
  expect_undisturbed (rig);
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
  set_age (rig, 1);
  rig_configure (rig);
  wait_standby (rig);
  rig_run_for (rig, 100);
  g_assert_cmpuint (rig_count (rig, "moved"), ==, 0);
  stay (rig);
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

  set_age (rig, LIFE);
  rig->playing = G_MAXUINT;
  rig_start_ready (rig);
  rig_wait (rig, "moved sess_2 age");
  moved = g_get_monotonic_time () - begin;
  stay (rig);
  g_assert_cmpint (moved, >=, LIFE * 1000 * 0.825);
  expect_undisturbed (rig);
}

/* Its end is noticed although nobody tells. */
static void
test_played (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->playing = G_MAXUINT;
  rig_start_ready (rig);
  move_away (rig);
  wait_standby (rig);
  rig_run_for (rig, 120);
  g_assert_cmpuint (rig_count (rig, "moved"), ==, 0);
  rig->playing = 0;
  expect_moved (rig);
}

/* What is under way is waited for until the deadline. */
static void
test_deadline (void)
{
  g_autoptr (Rig) rig = rig_new ();
  gint64 begin = g_get_monotonic_time (), moved;

  set_age (rig, LIFE);
  rig_start_ready (rig);
  rig_send_response_created (rig, "r1");
  rig_wait (rig, "moved sess_2 age");
  moved = g_get_monotonic_time () - begin;
  stay (rig);
  g_assert_cmpint (moved, >=, LIFE * 1000 * 9 / 10);
  expect_undisturbed (rig);
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
  move_away (rig);
  wait_standby (rig);
  if (late) {
    acts[i].begin (rig);
    rig_flush_down (rig);
    rig->playing = 0;
  }
  rig_run_for (rig, 120);
  g_assert_cmpuint (rig_count (rig, "moved"), ==, 0);
  acts[i].end (rig);
  rig->hears_on = -1;
  expect_moved (rig);
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
  move_away (rig);
  wait_standby (rig);
  rig_clear (rig);
  rig->playing = 0;
  g_assert_true (rt2_session_command (
      rig->session, rt2_command_new_response (NULL, NULL)));
  rig_wait_sent (rig, "response.create", 1);
  rig_run_for (rig, 150);
  g_assert_cmpuint (rig_count_sent (rig, "response.create"), ==, 1);
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
  move_away (rig);
  wait_standby (rig);
  rig->hears_on = 1;
  g_assert_cmpstr (instructions_sent (rig, 0), ==, "Be brief.");
  g_free (rig->config->instructions);
  rig->config->instructions = g_strdup ("Be long.");
  rig_configure (rig);
  rig->hears_on = 0;
  rig_wait_sent (rig, "session.update", 1);
  rig->playing = 0;
  expect_moved (rig);
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
  move_away (rig);
  expect_moved (rig);
  rig->hears_on = 1;
  g_assert_cmpuint (rig_count_sent (rig, "session.update"), ==, 1);
  g_assert_cmpstr (instructions_sent (rig, 0), ==, "Be long.");
}

static void
say_turn (Rig *rig, const gchar *user, const gchar *response, const gchar *item,
    const gchar *words)
{
  g_autofree gchar *text = g_strdup_printf ("%s?", words);

  rig_send_speech_started (rig, user, 0);
  rig_send_speech_stopped (rig, user, 100);
  rig_send_committed (rig, user);
  rig_send (rig,
      "{\"type\":\"conversation.item.added\",\"event_id\":\"e\",\"item\":{"
      "\"id\":\"%s\",\"type\":\"message\",\"role\":\"user\",\"content\":[]}}",
      user);
  rig_send_transcript (rig, user, text);
  rig_speak (rig, response, item);
  rig_send (rig,
      "{\"type\":\"response.output_item.done\",\"event_id\":\"e\","
      "\"response_id\":\"%s\",\"output_index\":0,\"item\":{\"id\":\"%s\","
      "\"type\":\"message\",\"role\":\"assistant\",\"status\":\"completed\","
      "\"content\":[{\"type\":\"output_audio\",\"transcript\":\"%s.\"}]}}",
      response, item, words);
  rig_send_response_done (rig, response, "completed");
  rig_flush_down (rig);
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
  say_turn (rig, "u1", "r1", "a1", "One");
  move_away (rig);
  wait_standby (rig);
  before = list_told (rig);
  g_assert_cmpstr (before, ==, "u1:user:One? a1:assistant:One. ");
  say_turn (rig, "u2", "r2", "a2", "Two");
  g_assert_cmpuint (rig_count (rig, "moved"), ==, 0);
  rig->hears_on = -1;
  rig->playing = 0;
  expect_moved (rig);
  after = list_told (rig);
  g_assert_cmpstr (after, ==,
      "u1:user:One? a1:assistant:One. u2:user:Two? a2:assistant:Two. ");
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
  move_away (rig);
  expect_moved (rig);
  rig->hears_on = -1;
  rig_run_for (rig, 100);
  g_assert_cmpuint (rig_count_sent (rig, "response.create"), ==, 0);
}

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
    move_away (rig);
    rig_wait_n (rig, "move-failed settings busy again", 1);
    test_server_refuse (rig->server, 0, NULL, NULL);
    return;
  }
  rig_set (&rig->creates, step > STEP_OPEN);
  rig_set (&rig->accepts, step > STEP_CREATED);
  move_away (rig);
  test_server_wait_connections (rig->server, 2);
  if (step > STEP_OPEN)
    test_server_wait_messages (rig->server, 1, 1);
  if (step == STEP_READY)
    rig_run_for (rig, 50);
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
    rig_push_ms (rig, 40, 0);
    rig->hears_on = 0;
    rig_wait_sent (rig, "input_audio_buffer.append", 1);
    rig_flush_down (rig);
    rig->playing = 0;
    rig->hears_on = -1;
    rig_wait (rig,
        step == STEP_REFUSED ? "moved sess_2 settings elsewhere"
                             : "moved sess_3 settings elsewhere");
    expect_undisturbed (rig);
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
  move_away (rig);
  rig_wait (rig, "move-failed settings auth");
  test_server_refuse (rig->server, 0, NULL, NULL);
  rig_run_for (rig, 120);
  g_assert_cmpuint (test_server_count_requests (rig->server), ==, 2);
  expect_undisturbed (rig);
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
  move_away (rig);
  rig_wait (rig, "move-failed settings busy");
  g_assert_cmpuint (rig_count (rig, "move-failed settings busy again"), ==, 2);
  g_assert_cmpuint (test_server_count_requests (rig->server), ==, 4);
  expect_undisturbed (rig);
}

/* The end of the session leaves no choice: it is tried until then. */
static void
test_tries_of_expiry (void)
{
  g_autoptr (Rig) rig = rig_new ();

  set_age (rig, LIFE);
  rig_start_ready (rig);
  test_server_refuse (rig->server, 401, NULL, NULL);
  rig_wait_n (rig, "move-failed age auth again", 5);
  test_server_refuse (rig->server, 0, NULL, NULL);
  rig_wait (rig, "moved sess_2 age");
  stay (rig);
  expect_undisturbed (rig);
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
    move_away (rig);
    wait_standby (rig);
    test_server_close (rig->server, 0, codes[i], NULL);
    rig_wait (rig, "moved sess_2 settings elsewhere");
    expect_undisturbed (rig);
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
  move_away (rig);
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
  move_away (rig);
  wait_standby (rig);
  rig->speaks_on = 0;
  rig_send_error (rig, "insufficient_quota", NULL, NULL);
  rig_wait (rig, "failed quota");
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
  move_away (rig);
  wait_standby (rig);
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

  set_age (rig, LIFE);
  rig_start_ready (rig);
  rig_push_tone (rig, 400, amplitude);
  rig_push_silence (rig, 600);
  rig_wait (rig, "moved sess_2 age");
  stay (rig);
  g_assert_cmpuint (rig_count (rig, "turn-lost"), ==, lost);
  expect_undisturbed (rig);
}

static void
test_unkept_late (void)
{
  check_unkept (8000, 1);
  check_unkept (0, 0);
}

/* -- what is asked for ---------------------------------------------------- */

static void
test_key (void)
{
  g_autoptr (Rig) rig = rig_new ();
  g_autofree gchar *key = NULL;

  rig_start_ready (rig);
  move (rig, "/v1/realtime", "sk-new", RT2_MOVE_KEY);
  rig_wait (rig, "moved sess_2 key");
  key = test_server_dup_header (rig->server, 1, "Authorization");
  g_assert_cmpstr (key, ==, "Bearer sk-new");
  expect_undisturbed (rig);
}

/* The same place with the same key is where we are. */
static void
test_nothing_new (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  move (rig, "/v1/realtime", NULL, RT2_MOVE_SETTINGS);
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
  move (rig, "/a", "sk-a", RT2_MOVE_SETTINGS);
  rig_run_idle (rig);
  move (rig, "/b", "sk-a", RT2_MOVE_SETTINGS);
  rig_run_idle (rig);
  move (rig, "/c", "sk-c", RT2_MOVE_SETTINGS);
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
  move (rig, "/later", NULL, RT2_MOVE_SETTINGS);
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

  rig->config->max_age = LIFE * RIG_MS;
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

/* -- sums ----------------------------------------------------------------- */

static void
test_stats (void)
{
  g_autoptr (Rig) rig = rig_new ();
  Rt2SessionStats before, after;

  rig->playing = G_MAXUINT;
  rig_start_ready (rig);
  rig->speaks_on = 0;
  say_turn (rig, "u1", "r1", "a1", "One");
  before = rig_get_stats (rig);
  move_away (rig);
  wait_standby (rig);
  rig->playing = 0;
  expect_moved (rig);
  say_turn (rig, "u2", "r2", "a2", "Two");
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
  say_turn (rig, "u1", "r1", "a1", "One");
  move_away (rig);
  wait_standby (rig);
  say_turn (rig, "u2", "r2", "a2", "Two");
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
    move_away (rig);
    if (i > 0)
      test_server_wait_connections (rig->server, 2);
    if (i > 1)
      wait_standby (rig);
    rig_free_session (rig);
  }
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
  g_test_add_func ("/session/rollover/config", test_config);
  g_test_add_func (
      "/session/rollover/config-unanswered", test_config_unanswered);
  g_test_add_func ("/session/rollover/seed", test_seed);
  g_test_add_func ("/session/rollover/one-greeting", test_one_greeting);
  g_test_add_func ("/session/rollover/failures", test_failures);
  g_test_add_func ("/session/rollover/refused", test_refused);
  g_test_add_func ("/session/rollover/tries", test_tries);
  g_test_add_func ("/session/rollover/tries-of-expiry", test_tries_of_expiry);
  g_test_add_func ("/session/rollover/survives", test_survives);
  g_test_add_func ("/session/rollover/lost-before", test_lost_before);
  g_test_add_func ("/session/rollover/fatal", test_fatal);
  g_test_add_func ("/session/rollover/unkept", test_unkept);
  g_test_add_func ("/session/rollover/unkept-late", test_unkept_late);
  g_test_add_func ("/session/rollover/key", test_key);
  g_test_add_func ("/session/rollover/nothing-new", test_nothing_new);
  g_test_add_func ("/session/rollover/newest", test_newest);
  g_test_add_func ("/session/rollover/before-first", test_before_first);
  g_test_add_func ("/session/rollover/translation", test_translation);
  g_test_add_func ("/session/rollover/stats", test_stats);
  g_test_add_func ("/session/rollover/event-ids", test_event_ids);
  g_test_add_func ("/session/rollover/free", test_free);
  return g_test_run ();
}
