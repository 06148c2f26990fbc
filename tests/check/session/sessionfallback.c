/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two servers: when the session goes to the other, with which key, what is told
 * of it, and how it comes back.
 */
#include "sessionrig.h"

#include <string.h>

#define FIRST_KEY "sk-first-0123456789"
#define OTHER_KEY "sk-other-0123456789"
/* ms between looks at the first server. */
#define LOOK 300

typedef struct {
  Rig *rig;
  TestServer *first, *other;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  Rig *rig = fixture->rig = rig_new ();
  Rt2TransportConfig *fallback = rt2_transport_config_new ();

  fixture->first = rig->server;
  fixture->other = rig_add_server (rig);
  rig->options->transport->api_key = g_strdup (FIRST_KEY);
  rig->options->fallback = fallback;
  rig->options->fallback_model = g_strdup ("deployment");
  rig->options->fallback_look = LOOK * RIG_MS;
  fallback->url = g_strdup_printf (
      "ws://127.0.0.1:%u/elsewhere", test_server_get_port (fixture->other));
  fallback->api_key = g_strdup (OTHER_KEY);
  fallback->key_in_header = TRUE;
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  rig_free_session (fixture->rig);
  rt2_transport_settle ();
  test_server_free (fixture->other);
  rig_free (fixture->rig);
}

static void
expect_header (
    TestServer *server, guint request, const gchar *name, const gchar *value)
{
  g_autofree gchar *got = test_server_dup_header (server, request, name);

  g_assert_cmpstr (got, ==, value);
}

/* No request to either server had the other one's key, anywhere. */
static void
expect_own_keys (Fixture *fixture)
{
  for (guint i = 0; i < test_server_count_requests (fixture->first); i++) {
    expect_header (fixture->first, i, "Authorization", "Bearer " FIRST_KEY);
    expect_header (fixture->first, i, "api-key", NULL);
  }
  for (guint i = 0; i < test_server_count_requests (fixture->other); i++) {
    g_autofree gchar *target = test_server_dup_target (fixture->other, i);

    expect_header (fixture->other, i, "Authorization", NULL);
    expect_header (fixture->other, i, "api-key", OTHER_KEY);
    g_assert_cmpstr (target, ==, "/elsewhere?model=deployment");
  }
}

static void
refuse (TestServer *server, guint status)
{
  test_server_refuse (server, status, NULL, NULL);
}

/* -- the way there -------------------------------------------------------- */

/* What may pass is tried twice, what will not once. */
static void
test_causes (Fixture *fixture, gconstpointer data)
{
  guint status = GPOINTER_TO_UINT (data);
  guint tries = status >= 500 || status == 429 ? 2 : 1;
  Rig *rig = fixture->rig;

  refuse (fixture->first, status);
  rig_start (rig);
  rig_wait (rig, "state ready");
  g_assert_cmpuint (rig_count (rig, "moved - fallback elsewhere"), ==, 1);
  g_assert_cmpuint (rig_count (rig, "lost"), ==, tries);
  g_assert_cmpuint (rig_count (rig, "failed"), ==, 0);
  g_assert_cmpuint (test_server_count_requests (fixture->first), ==, tries);
  g_assert_cmpuint (test_server_count_requests (fixture->other), ==, 1);
  expect_own_keys (fixture);
}

/* A conversation that has begun; the server goes down for good. */
static void
test_after_success (Fixture *fixture, gconstpointer data)
{
  Rig *rig = fixture->rig;

  rig_start_ready (rig);
  refuse (fixture->first, 503);
  rig_drop (rig);
  rig_wait (rig, "moved - fallback elsewhere");
  g_assert_cmpuint (rig_count (rig, "lost"), ==, 2);
  g_assert_cmpuint (rig_count (rig, "configured again"), ==, 1);
  expect_own_keys (fixture);
}

/* Nobody listens there: fatal for one server alone, under auto. */
static void
test_absent (Fixture *fixture, gconstpointer data)
{
  Rig *rig = fixture->rig;

  g_free (rig->options->transport->url);
  rig->options->transport->url = g_strdup ("ws://127.0.0.1:1/");
  rig_start (rig);
  rig_wait (rig, "moved - fallback elsewhere");
  g_assert_cmpuint (rig_count (rig, "lost refused"), ==, 1);
}

/* How long the first asks to be left alone is its own affair. */
static void
test_retry_after (Fixture *fixture, gconstpointer data)
{
  static const gchar *const headers[] = { "Retry-After: 250", NULL };
  Rig *rig = fixture->rig;

  refuse (fixture->first, 503);
  rig_start (rig);
  rig_wait (rig, "lost busy");
  g_assert_cmpuint (rig->delay, <, RIG_S);
  test_server_refuse (fixture->first, 429, NULL, headers);
  rig_wait_n (rig, "lost busy", 2);
  g_assert_cmpuint (rig->delay, <, RIG_S);
  rig_wait (rig, "moved - fallback elsewhere");
}

/* Without a key for it none is sent. */
static void
test_no_key (Fixture *fixture, gconstpointer data)
{
  Rig *rig = fixture->rig;

  g_clear_pointer (&rig->options->fallback->api_key, g_free);
  refuse (fixture->first, 401);
  rig_start (rig);
  rig_wait (rig, "state ready");
  expect_header (fixture->other, 0, "Authorization", NULL);
  expect_header (fixture->other, 0, "api-key", NULL);
}

/* -- the end -------------------------------------------------------------- */

static void
test_both_fatal (Fixture *fixture, gconstpointer data)
{
  Rig *rig = fixture->rig;

  rig->options->retries = RT2_RETRIES_FOREVER;
  refuse (fixture->first, 401);
  refuse (fixture->other, 404);
  rig_start (rig);
  rig_wait (rig, "failed auth");
  g_assert_cmpuint (rig->fault->http_status, ==, 401);
  g_assert_nonnull (strstr (rig->fault->debug, "404"));
  g_assert_cmpuint (test_server_count_requests (fixture->first), ==, 1);
  g_assert_cmpuint (test_server_count_requests (fixture->other), ==, 1);
  expect_own_keys (fixture);
}

/* Tries are counted over both. */
static void
test_counted (Fixture *fixture, gconstpointer data)
{
  static const struct {
    gint retries;
    guint first, other;
  } cases[] = { { 0, 1, 1 }, { 1, 2, 1 }, { 3, 2, 2 }, { 4, 3, 2 } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    Fixture again = { NULL };

    set_up (&again, NULL);
    again.rig->options->retries = cases[i].retries;
    refuse (again.first, 503);
    refuse (again.other, 503);
    rig_start (again.rig);
    rig_wait (again.rig, "failed busy");
    g_assert_cmpuint (
        test_server_count_requests (again.first), ==, cases[i].first);
    g_assert_cmpuint (
        test_server_count_requests (again.other), ==, cases[i].other);
    expect_own_keys (&again);
    tear_down (&again, NULL);
  }
}

/* By turns, until one of them is there. */
static void
test_both_down (Fixture *fixture, gconstpointer data)
{
  Rig *rig = fixture->rig;

  rig_start_ready (rig);
  refuse (fixture->first, 503);
  refuse (fixture->other, 503);
  rig_drop (rig);
  rig_wait_n (rig, "lost busy", 12);
  g_assert_cmpuint (rig_count (rig, "moved"), ==, 0);
  refuse (fixture->first, 0);
  rig_wait (rig, "state ready");
  /* It never was anywhere else. */
  g_assert_cmpuint (rig_count (rig, "moved"), ==, 0);
  g_assert_cmpuint (test_server_count_requests (fixture->other), >=, 2);
  expect_own_keys (fixture);
}

/* A call is at one server only. */
static void
test_sideband (Fixture *fixture, gconstpointer data)
{
  Rig *rig = fixture->rig;

  rig->options->call_id = g_strdup ("rtc_1");
  refuse (fixture->first, 404);
  rig_start (rig);
  rig_wait (rig, "failed not-found");
  g_assert_cmpuint (test_server_count_requests (fixture->other), ==, 0);
}

/* -- the way back --------------------------------------------------------- */

static void
start_at_fallback (Fixture *fixture)
{
  refuse (fixture->first, 503);
  rig_start (fixture->rig);
  rig_wait (fixture->rig, "moved - fallback elsewhere");
  rig_wait (fixture->rig, "state ready");
  rig_clear (fixture->rig);
  test_server_forget (fixture->first);
}

static void
expect_recovered (Fixture *fixture)
{
  Rig *rig = fixture->rig;

  rig_wait (rig, "moved sess_1 recovered elsewhere");
  g_assert_cmpuint (rig_count (rig, "lost"), ==, 0);
  g_assert_cmpuint (rig_count (rig, "failed"), ==, 0);
  g_assert_cmpuint (rig_count (rig, "move-failed"), ==, 0);
  g_assert_cmpuint (rig_count (rig, "state connecting"), ==, 0);
  test_server_wait_closed (fixture->other, 0);
  g_assert_cmpuint (test_server_get_close_code (fixture->other, 0), ==, 1000);
  expect_own_keys (fixture);
}

/* It is looked at quietly, less and less often, and left alone once it is in
 * use again. */
static void
test_recovered (Fixture *fixture, gconstpointer data)
{
  Rig *rig = fixture->rig;
  gint64 since;

  start_at_fallback (fixture);
  since = g_get_monotonic_time ();
  test_server_wait_requests (fixture->first, 4);
  g_assert_cmpint (
      g_get_monotonic_time () - since, >=, (LOOK + 2 * LOOK) * 1000 * 3 / 4);
  g_assert_cmpuint (rig_count (rig, "move-failed"), ==, 0);
  g_assert_cmpuint (rig_count (rig, "lost"), ==, 0);
  refuse (fixture->first, 0);
  expect_recovered (fixture);
  rig_push_ms (rig, 40, 0);
  test_server_wait_messages (fixture->first, 0, 2);
}

/* A refused key may be in order by now. */
static void
test_recovered_key (Fixture *fixture, gconstpointer data)
{
  refuse (fixture->first, 401);
  rig_start (fixture->rig);
  rig_wait (fixture->rig, "state ready");
  rig_clear (fixture->rig);
  refuse (fixture->first, 0);
  expect_recovered (fixture);
}

/* The first one's key was changed: the fallback is told only if it has the
 * same, also when it is connected again. */
static void
test_rotated (Fixture *fixture, gconstpointer shares)
{
  Rig *rig = fixture->rig;
  const gchar *const keys[] = { "sk-second-0123456789", "sk-third-0123456789" };

  rig->options->fallback_shares_key = shares != NULL;
  rig->key = keys[0];
  refuse (fixture->first, 401);
  rig_start (rig);
  rig_wait (rig, "state ready");
  rig_clear (rig);
  rig->key = keys[1];
  test_server_drop (fixture->other, 0);
  rig_wait (rig, "configured again");
  for (guint i = 0; i < 2; i++)
    expect_header (fixture->other, i, "api-key", shares ? keys[i] : OTHER_KEY);
}

/* And there again, if it does not last. */
static void
test_there_and_back (Fixture *fixture, gconstpointer data)
{
  Rig *rig = fixture->rig;

  start_at_fallback (fixture);
  refuse (fixture->first, 0);
  expect_recovered (fixture);
  rig_clear (rig);
  refuse (fixture->first, 503);
  test_server_drop (fixture->first, 0);
  rig_wait (rig, "moved - fallback elsewhere");
  rig_clear (rig);
  refuse (fixture->first, 0);
  rig_wait (rig, "moved sess_2 recovered elsewhere");
  expect_own_keys (fixture);
}

/* The way back is not forgotten over an outage of both, though it is the first
 * that is being tried when it is time to look. */
static void
test_recovered_after_outage (Fixture *fixture, gconstpointer data)
{
  static const gchar *const headers[] = { "Retry-After: 2", NULL };
  Rig *rig = fixture->rig;

  start_at_fallback (fixture);
  test_server_refuse (fixture->first, 503, NULL, headers);
  refuse (fixture->other, 503);
  test_server_drop (fixture->other, 0);
  rig_wait_n (rig, "lost busy", 2);
  g_assert_cmpuint (rig->delay, >=, 2 * RIG_S);
  refuse (fixture->other, 0);
  rig_wait (rig, "state ready");
  g_assert_cmpuint (test_server_count_connections (fixture->other), ==, 2);
  g_assert_cmpuint (rig_count (rig, "moved"), ==, 0);
  rig_clear (rig);
  refuse (fixture->first, 0);
  rig_wait (rig, "moved sess_1 recovered elsewhere");
  g_assert_cmpuint (rig_count (rig, "lost"), ==, 0);
  expect_own_keys (fixture);
}

/* The agent is not cut off for it. */
static void
test_not_while_talking (Fixture *fixture, gconstpointer data)
{
  Rig *rig = fixture->rig;

  start_at_fallback (fixture);
  test_server_send (fixture->other, 0,
      "{\"type\":\"response.created\",\"event_id\":\"e1\",\"response\":"
      "{\"id\":\"R1\",\"status\":\"in_progress\"}}");
  rig_wait (rig, "response-started R1");
  refuse (fixture->first, 0);
  test_server_wait_messages (fixture->first, 0, 1);
  rig_run_for (rig, 300);
  g_assert_cmpuint (rig_count (rig, "moved"), ==, 0);
  test_server_send (fixture->other, 0,
      "{\"type\":\"response.done\",\"event_id\":\"e2\",\"response\":"
      "{\"id\":\"R1\",\"status\":\"completed\",\"output\":[]}}");
  expect_recovered (fixture);
}

/* The fallback is lost while the first is looked at: there is no second move.
 */
static void
test_lost_meanwhile (Fixture *fixture, gconstpointer data)
{
  Rig *rig = fixture->rig;

  start_at_fallback (fixture);
  rig_set (&rig->accepts, FALSE);
  refuse (fixture->first, 0);
  test_server_wait_messages (fixture->first, 0, 1);
  refuse (fixture->other, 401);
  test_server_drop (fixture->other, 0);
  rig_wait (rig, "lost lost");
  rig_set (&rig->accepts, TRUE);
  rig_wait (rig, "configured again");
  g_assert_cmpuint (rig_count (rig, "moved - recovered elsewhere"), ==, 1);
  rig_run_for (rig, 4 * LOOK);
  g_assert_cmpuint (rig_count (rig, "moved"), ==, 1);
  g_assert_cmpuint (rig_count (rig, "state connecting"), ==, 1);
  expect_own_keys (fixture);
}

/* Freed at any time: the rig looks what is left. */
static void
test_free (Fixture *fixture, gconstpointer data)
{
  start_at_fallback (fixture);
  refuse (fixture->first, 0);
  rig_run_for (fixture->rig, GPOINTER_TO_UINT (data));
}

int
main (int argc, char **argv)
{
  static const guint causes[] = { 400, 401, 402, 403, 404, 429, 500, 503 };

  g_test_init (&argc, &argv, NULL);
#define ADD(name, function)                                                    \
  g_test_add (                                                                 \
      "/session/fallback/" name, Fixture, NULL, set_up, function, tear_down)
  for (guint i = 0; i < G_N_ELEMENTS (causes); i++) {
    g_autofree gchar *path = g_strdup_printf (
        "/session/fallback/cause/%u", causes[i]);

    g_test_add (path, Fixture, GUINT_TO_POINTER (causes[i]), set_up,
        test_causes, tear_down);
  }
  ADD ("after-success", test_after_success);
  ADD ("absent", test_absent);
  ADD ("retry-after", test_retry_after);
  ADD ("no-key", test_no_key);
  ADD ("both-fatal", test_both_fatal);
  ADD ("counted", test_counted);
  ADD ("both-down", test_both_down);
  ADD ("sideband", test_sideband);
  ADD ("recovered", test_recovered);
  ADD ("recovered-key", test_recovered_key);
  ADD ("recovered-after-outage", test_recovered_after_outage);
  g_test_add ("/session/fallback/rotated/own", Fixture, NULL, set_up,
      test_rotated, tear_down);
  g_test_add ("/session/fallback/rotated/shared", Fixture,
      GUINT_TO_POINTER (TRUE), set_up, test_rotated, tear_down);
  ADD ("there-and-back", test_there_and_back);
  ADD ("not-while-talking", test_not_while_talking);
  ADD ("lost-meanwhile", test_lost_meanwhile);
  for (guint ms = 0; ms < 2 * LOOK; ms += LOOK / 4) {
    g_autofree gchar *path = g_strdup_printf ("/session/fallback/free/%u", ms);

    g_test_add (
        path, Fixture, GUINT_TO_POINTER (ms), set_up, test_free, tear_down);
  }
  return g_test_run ();
}
