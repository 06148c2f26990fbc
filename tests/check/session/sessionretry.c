/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Faults: which are tried again, how often, after how long, and what the owner
 * sees of it. And the session's end at any stage.
 */
#include "sessionrig.h"

#include <string.h>

/* -- a table of faults ---------------------------------------------------- */

typedef struct {
  const gchar *kind;  /* as the rig names it */
  guint status;       /* of a refused upgrade, or 0 */
  gint ends;          /* of an accepted one: see the rig */
  const gchar *error; /* code of an `error` event, may be NULL */
  gboolean fatal;
} Fault;

static const Fault faults[] = {
  { "http", 400, 0, NULL, TRUE },
  { "auth", 401, 0, NULL, TRUE },
  { "auth", 403, 0, NULL, TRUE },
  { "not-found", 404, 0, NULL, TRUE },
  { "http", 408, 0, NULL, FALSE },
  { "busy", 429, 0, NULL, FALSE },
  { "busy", 500, 0, NULL, FALSE },
  { "busy", 503, 0, NULL, FALSE },
  { "auth", 0, 3000, NULL, TRUE },
  { "rejected", 0, 4000, NULL, TRUE },
  { "closed", 0, 1000, NULL, TRUE },
  { "closed", 0, 1008, NULL, TRUE },
  { "expired", 0, 1001, NULL, FALSE },
  { "lost", 0, 1005, NULL, FALSE },
  { "lost", 0, 1006, NULL, FALSE },
  { "lost", 0, 1011, NULL, FALSE },
  { "lost", 0, 1012, NULL, FALSE },
  { "lost", 0, 1013, NULL, FALSE },
  { "lost", 0, -1, NULL, FALSE },
  { "auth", 0, 0, "invalid_api_key", TRUE },
  { "not-found", 0, 0, "model_not_found", TRUE },
  { "not-found", 0, 0, "invalid_model", TRUE },
  { "not-found", 0, 0, "call_id_not_found", TRUE },
  { "quota", 0, 0, "insufficient_quota", TRUE },
  { "quota", 0, 0, "billing_hard_limit_reached", TRUE },
  { "quota", 0, 0, "account_deactivated", TRUE },
  { "quota", 0, 0, "credit_balance_exhausted", TRUE },
  { "rejected", 0, 0, "beta_api_shape_disabled", TRUE },
  { "expired", 0, 1000, "session_expired", FALSE },
  { "expired", 0, 1001, "session_expired", FALSE },
};

static gchar *
line_of (const gchar *what, const gchar *kind)
{
  return g_strconcat (what, " ", kind, NULL);
}

/* How many upgrades the session asked for until it gave up. */
static guint
count_tries (const Fault *fault, gint retries)
{
  g_autoptr (Rig) rig = rig_new ();
  g_autofree gchar *failed = line_of ("failed", fault->kind);
  g_autofree gchar *lost = line_of ("lost", fault->kind);
  guint tries;

  rig->options->retries = retries;
  rig->options->retry_backoff_max = 5 * RIG_MS;
  test_server_refuse (rig->server, fault->status, NULL, NULL);
  rig_set (&rig->ends, fault->ends);
  rig_start (rig);
  rig_wait (rig, failed);
  tries = test_server_count_requests (rig->server);
  g_assert_cmpuint (rig_count (rig, "lost"), ==, tries - 1);
  g_assert_cmpuint (rig_count (rig, lost), ==, tries - 1);
  g_assert_cmpuint (rig_count (rig, "state"), ==, 2);
  g_assert_cmpuint (rig_count (rig, "state connecting"), ==, 1);
  g_assert_cmpuint (rig_count (rig, "state disconnected"), ==, 1);
  return tries;
}

/* Before there was a session: faults of the upgrade, and of what follows. */
static void
test_before (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++) {
    const Fault *fault = &faults[i];

    if (fault->error)
      continue;
    g_test_message ("%s %u %d", fault->kind, fault->status, fault->ends);
    g_assert_cmpuint (
        count_tries (fault, RT2_RETRIES_AUTO), ==, fault->fatal ? 1 : 5);
    g_assert_cmpuint (count_tries (fault, 0), ==, 1);
    g_assert_cmpuint (count_tries (fault, 2), ==, fault->fatal ? 1 : 3);
    if (fault->fatal)
      g_assert_cmpuint (count_tries (fault, RT2_RETRIES_FOREVER), ==, 1);
  }
}

/* Makes @fault strike a session that is ready. */
static void
strike (Rig *rig, const Fault *fault)
{
  rig_clear (rig);
  if (fault->error)
    rig_send_error (rig, fault->error, NULL, NULL);
  if (fault->ends > 0)
    test_server_close (rig->server,
        test_server_count_connections (rig->server) - 1, fault->ends, NULL);
  else if (fault->ends < 0)
    rig_drop (rig);
  if (fault->status > 0) {
    test_server_refuse (rig->server, fault->status, NULL, NULL);
    rig_drop (rig);
  }
}

static void
check_after (const Fault *fault, gint retries, gboolean again)
{
  g_autoptr (Rig) rig = rig_new ();
  g_autofree gchar *failed = line_of ("failed", fault->kind);
  g_autofree gchar *lost = line_of ("lost", fault->kind);

  rig->options->retries = retries;
  rig->options->retry_backoff_max = 5 * RIG_MS;
  rig_start_ready (rig);
  strike (rig, fault);
  if (!again) {
    rig_wait (rig, failed);
    rig_expect_last (rig, failed);
    return;
  }
  /* The loss that comes before a refused upgrade is not the one meant. */
  rig_wait_n (rig, lost, fault->status > 0 ? 8 : 1);
  test_server_refuse (rig->server, 0, NULL, NULL);
  rig_wait (rig, "state ready");
  g_assert_cmpuint (rig_count (rig, "configured again"), ==, 1);
  g_assert_cmpuint (rig_count (rig, "failed"), ==, 0);
}

static void
test_after (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++) {
    const Fault *fault = &faults[i];

    g_test_message (
        "%s %u %d %s", fault->kind, fault->status, fault->ends, fault->error);
    check_after (fault, RT2_RETRIES_AUTO, !fault->fatal);
    check_after (fault, RT2_RETRIES_FOREVER, !fault->fatal);
    if (fault->status == 0)
      check_after (fault, 0, FALSE);
  }
}

/* -- nobody there --------------------------------------------------------- */

/* Takes a loopback port, any if @port is 0, and does not listen there: so that
 * no other test does while this one keeps trying. Caller owns the socket. */
static GSocket *
hold_port (guint16 port)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress)
      address = g_inet_socket_address_new_from_string ("127.0.0.1", port);
  GSocket *holder = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM,
      G_SOCKET_PROTOCOL_DEFAULT, &error);

  g_assert_no_error (error);
  g_socket_bind (holder, address, port != 0, &error);
  g_assert_no_error (error);
  return holder;
}

/* Nobody listens where @rig will go. Caller owns the socket. */
static GSocket *
set_closed_port (Rig *rig)
{
  GSocket *holder = hold_port (0);
  g_autoptr (GSocketAddress)
      address = g_socket_get_local_address (holder, NULL);

  g_free (rig->options->transport->url);
  rig->options->transport->url = g_strdup_printf ("ws://127.0.0.1:%u/",
      g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address)));
  return holder;
}

static void
test_refused_before (void)
{
  static const struct {
    gint retries;
    guint lost;
  } cases[] = { { RT2_RETRIES_AUTO, 0 }, { 0, 0 }, { 3, 3 } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (Rig) rig = rig_new ();
    g_autoptr (GSocket) holder = set_closed_port (rig);

    rig->options->retries = cases[i].retries;
    rig_start (rig);
    /* Nothing from inside rt2_session_start() but the state. */
    rig_expect_log (rig, "state connecting", NULL);
    rig_wait (rig, "failed refused");
    g_assert_cmpuint (rig_count (rig, "lost refused"), ==, cases[i].lost);
  }
}

static void
test_refused_for_ever (void)
{
  g_autoptr (Rig) rig = rig_new ();
  g_autoptr (GSocket) holder = set_closed_port (rig);

  rig->options->retries = RT2_RETRIES_FOREVER;
  rig->options->retry_backoff_max = 2 * RIG_MS;
  rig_start (rig);
  rig_wait_n (rig, "lost refused", 30);
  g_assert_cmpuint (rig_count (rig, "failed"), ==, 0);
}

static void
test_refused_after (void)
{
  g_autoptr (Rig) rig = rig_new ();
  guint16 port = test_server_get_port (rig->server);
  g_autoptr (GSocket) holder = NULL;

  rig->options->retry_backoff_max = 2 * RIG_MS;
  rig_start_ready (rig);
  g_clear_pointer (&rig->server, test_server_free);
  holder = hold_port (port);
  rig_wait_n (rig, "lost refused", 10);
  g_assert_cmpuint (rig_count (rig, "failed"), ==, 0);
}

static void
test_timeout_after (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->options->transport->connect_timeout = RIG_S;
  rig_start (rig);
  rig_wait (rig, "state ready");
  rig_set (&rig->creates, FALSE);
  rig_clear (rig);
  rig_drop (rig);
  rig_wait (rig, "lost timeout");
  rig_set (&rig->creates, TRUE);
  rig_wait (rig, "configured again");
}

static void
test_bad_settings (void)
{
  static const gchar *const urls[] = { "nonsense", "http://127.0.0.1/", "" };

  for (guint i = 0; i < G_N_ELEMENTS (urls); i++) {
    g_autoptr (Rig) rig = rig_new ();

    g_free (rig->options->transport->url);
    rig->options->transport->url = g_strdup (urls[i]);
    rig->options->retries = RT2_RETRIES_FOREVER;
    rig_start (rig);
    rig_expect_log (rig, "state connecting", NULL);
    rig_wait (rig, "failed settings");
    rig_expect_log (
        rig, "state connecting", "state disconnected", "failed settings", NULL);
  }
}

/* -- what the owner sees -------------------------------------------------- */

static void
test_sequence (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_send_response_created (rig, "R1");
  rig_send_speech_started (rig, "U1", 0);
  rig_flush_down (rig);
  rig_clear (rig);
  rig_drop (rig);
  rig_wait (rig, "state ready");
  rig_expect_log (rig, "state connecting", "lost lost", "created",
      "configured again", "state ready", NULL);
  rig_flush_up (rig);
  rig_expect_sent (rig, "session.update");
  g_assert_cmpuint (rig_get_stats (rig).reconnects, ==, 1);
}

/* A success that lasts forgives what failed before it. */
static void
test_forgiven (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->options->retries = 1;
  rig->options->healthy_time = 0;
  rig_start_ready (rig);
  for (guint i = 0; i < 6; i++) {
    rig_clear (rig);
    rig_drop (rig);
    rig_wait (rig, "state ready");
  }
  rig_clear (rig);
  test_server_refuse (rig->server, 503, NULL, NULL);
  rig_drop (rig);
  rig_wait (rig, "failed busy");
  g_assert_cmpuint (rig_count (rig, "lost"), ==, 1);
}

/* Who takes every session and drops it is tried as often as who takes none. */
static void
test_short_success (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->options->retries = 3;
  rig_start (rig);
  for (guint i = 1; i <= 4; i++) {
    rig_wait_n (rig, "state ready", i);
    rig_drop (rig);
  }
  rig_wait (rig, "failed lost");
  g_assert_cmpuint (rig_count (rig, "lost"), ==, 3);
  g_assert_cmpuint (rig_count (rig, "configured again"), ==, 3);
}

/* And the pauses grow: without them hundreds of sessions would be opened in
 * that time. */
static void
test_no_spin (void)
{
  g_autoptr (Rig) rig = rig_new ();
  gint64 end = g_get_monotonic_time () + 4 * G_USEC_PER_SEC;
  guint sessions = 0;

  rig->options->retry_backoff_max = 30 * RIG_S;
  rig_start (rig);
  while (g_get_monotonic_time () < end) {
    if (rig_count (rig, "state ready") > sessions) {
      sessions++;
      rig_drop (rig);
    }
    rig_run_for (rig, 1);
  }
  g_test_message ("%u sessions", sessions);
  g_assert_cmpuint (sessions, >, 0);
  g_assert_cmpuint (sessions, <, 30);
  g_assert_cmpuint (rig_count (rig, "failed"), ==, 0);
}

/* Opened and created, but never configured, is no success. */
static void
test_not_forgiven (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->options->retries = 3;
  rig_set (&rig->accepts, FALSE);
  rig_start (rig);
  for (guint i = 1; i <= 4; i++) {
    rig_wait_sent (rig, "session.update", i);
    rig_drop (rig);
  }
  rig_wait (rig, "failed lost");
  g_assert_cmpuint (rig_count (rig, "lost"), ==, 3);
  g_assert_cmpuint (rig_count (rig, "created"), ==, 4);
}

static void
test_after_failed (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->options->eos_timeout = 50 * RIG_MS;
  test_server_refuse (rig->server, 401, NULL, NULL);
  rig_start (rig);
  rig_wait (rig, "failed auth");
  test_server_refuse (rig->server, 0, NULL, NULL);
  rt2_session_wake (rig->session);
  rig->config->input_format = RT2_AUDIO_FORMAT_PCMU;
  rig_configure (rig);
  rig_push_ms (rig, 100, 0);
  rig_finish (rig);
  rig_run_for (rig, 300);
  rig_expect_last (rig, "failed auth");
  g_assert_cmpuint (rig->pulls, ==, 0);
  g_assert_cmpuint (test_server_count_requests (rig->server), ==, 1);
}

/* The key is refused, and another one has come by then: that is tried, and is
 * the last, unless another one comes. */
static void
check_renewed (guint status, gint retries, guint tries)
{
  static const gchar *const keys[] = { "Bearer sk-ha", "Bearer sk-half" };
  g_autoptr (Rig) rig = rig_new ();

  rig->options->retries = retries;
  rig->options->retry_backoff_max = 5 * RIG_MS;
  rig->key = "sk-ha";
  test_server_refuse (rig->server, status, NULL, NULL);
  rig_start (rig);
  rig->key = "sk-half";
  rig_wait (rig, status == 404 ? "failed not-found" : "failed auth");
  g_assert_cmpuint (test_server_count_requests (rig->server), ==, tries);
  for (guint i = 0; i < tries; i++) {
    g_autofree gchar *key = test_server_dup_header (
        rig->server, i, "Authorization");

    g_assert_cmpstr (key, ==, keys[i]);
  }
}

static void
test_renewed_key (void)
{
  check_renewed (401, RT2_RETRIES_AUTO, 2);
  check_renewed (403, RT2_RETRIES_FOREVER, 2);
  check_renewed (401, 1, 2);
  check_renewed (401, 0, 1);
  /* No key can mend that. */
  check_renewed (404, RT2_RETRIES_FOREVER, 1);
}

/* -- how long it waits ---------------------------------------------------- */

static void
test_backoff_max (void)
{
  g_autoptr (Rig) rig = rig_new ();
  guint64 longest = 0, shortest = G_MAXUINT64;
  gint64 before = 0;

  rig->options->retries = RT2_RETRIES_FOREVER;
  rig->options->retry_backoff_max = 10 * RIG_MS;
  test_server_refuse (rig->server, 503, NULL, NULL);
  rig_start (rig);
  for (guint i = 0; i < 80; i++) {
    guint64 delay = rig->delay;

    rig_clear (rig);
    rig_wait (rig, "lost busy");
    g_assert_cmpuint (rig->delay, <=, 10 * RIG_MS);
    if (before > 0)
      g_assert_cmpint ((rig->fault_time - before) * 1000, >=, (gint64) delay);
    before = rig->fault_time;
    longest = MAX (longest, rig->delay);
    shortest = MIN (shortest, rig->delay);
  }
  /* At random, from nothing to all of it. */
  g_assert_cmpuint (longest, >, 7 * RIG_MS);
  g_assert_cmpuint (shortest, <, 3 * RIG_MS);
}

/* Doubled from try to try: none of twelve would be longer than the first may
 * be once in 2^66 times. */
static void
test_backoff_grows (void)
{
  g_autoptr (Rig) rig = rig_new ();
  const guint64 first = 500 * RIG_MS;
  guint64 longest = 0;

  rig->options->retries = RT2_RETRIES_FOREVER;
  rig->options->retry_backoff_max = G_MAXUINT64;
  test_server_refuse (rig->server, 503, NULL, NULL);
  rig_start (rig);
  for (guint i = 0; longest < first; i++) {
    g_assert_cmpuint (i, <, 12);
    rig_wait_n (rig, "lost busy", i + 1);
    g_assert_cmpuint (rig->delay, <, first << i);
    longest = MAX (longest, rig->delay);
  }
}

static void
test_retry_after (void)
{
  static const gchar *const headers[] = { "Retry-After: 1", NULL };
  g_autoptr (Rig) rig = rig_new ();
  gint64 before;

  test_server_refuse (rig->server, 429, NULL, headers);
  rig_start (rig);
  rig_wait (rig, "lost busy");
  g_assert_cmpuint (rig->delay, >=, RIG_S);
  g_assert_cmpuint (rig->delay, <, 2 * RIG_S);
  before = rig->fault_time;
  test_server_refuse (rig->server, 0, NULL, NULL);
  rig_wait (rig, "configured");
  g_assert_cmpint (g_get_monotonic_time () - before, >=, G_USEC_PER_SEC);
}

/* -- freed at any stage --------------------------------------------------- */

static void
stage_started (Rig *rig)
{
  rig_start (rig);
}

static void
stage_connecting (Rig *rig)
{
  test_server_pause (rig->server);
  rig_start (rig);
  rig_run_idle (rig);
  rig_run_for (rig, 2);
}

static void
stage_opened (Rig *rig)
{
  rig_set (&rig->creates, FALSE);
  rig_start (rig);
  test_server_wait_connections (rig->server, 1);
  rig_flush_down (rig);
}

static void
stage_configuring (Rig *rig)
{
  rig_set (&rig->accepts, FALSE);
  rig_start (rig);
  rig_wait (rig, "created");
}

static void
stage_ready (Rig *rig)
{
  rig_start_ready (rig);
}

static void
stage_talking (Rig *rig)
{
  rig_start_ready (rig);
  rig->endless = 20;
  rt2_session_wake (rig->session);
  rig_send_speech_started (rig, "U1", 0);
  rig_send_response_created (rig, "R1");
  rig_send_item (rig, "R1", 0, "A1", "message", FALSE);
  rig_send_audio (rig, "R1", "A1", 48000);
  rig_wait (rig, "state listening");
}

static void
stage_stuck (Rig *rig)
{
  rig_start_ready (rig);
  test_server_pause (rig->server);
  rig->endless = 500;
  rt2_session_wake (rig->session);
  rig_run_for (rig, 5);
}

static void
stage_left_work (Rig *rig)
{
  rig_start_ready (rig);
  rig_push_ms (rig, 100, 0);
  rig_configure (rig);
  rig_finish (rig);
}

static void
stage_waiting_to_retry (Rig *rig)
{
  rig->options->retry_backoff_max = 30 * RIG_S;
  rig_start_ready (rig);
  rig_drop (rig);
  rig_wait (rig, "lost lost");
}

static void
stage_finishing (Rig *rig)
{
  rig->config->turn_detection = RT2_TURN_DETECTION_NONE;
  rig->options->eos_timeout = 10 * RIG_S;
  rig_start_ready (rig);
  rig_push_ms (rig, 100, 0);
  rig_finish (rig);
  rig_wait_sent (rig, "response.create", 1);
}

static void
stage_closing (Rig *rig)
{
  rig_start_ready (rig);
  test_server_close (rig->server, 0, 1001, "bye");
}

static void
stage_failed (Rig *rig)
{
  test_server_refuse (rig->server, 401, NULL, NULL);
  rig_start (rig);
  rig_wait (rig, "failed auth");
}

static const struct {
  const gchar *name;
  void (*reach) (Rig *rig);
} stages[] = {
  { "started", stage_started },
  { "connecting", stage_connecting },
  { "opened", stage_opened },
  { "configuring", stage_configuring },
  { "ready", stage_ready },
  { "talking", stage_talking },
  { "stuck", stage_stuck },
  { "left-work", stage_left_work },
  { "waiting-to-retry", stage_waiting_to_retry },
  { "finishing", stage_finishing },
  { "closing", stage_closing },
  { "failed", stage_failed },
};

static void
test_free (gconstpointer data)
{
  for (guint i = 0; i < 50; i++) {
    g_autoptr (Rig) rig = rig_new ();

    stages[GPOINTER_TO_UINT (data)].reach (rig);
    rig_free_session (rig);
    test_server_resume (rig->server);
    rig_run_idle (rig);
  }
}

static void
test_free_unstarted (void)
{
  g_autoptr (Rig) rig = rig_new ();
  static const Rt2SessionListener none;
  Rt2Session *session = rt2_session_new (
      &none, NULL, g_steal_pointer (&rig->options), rig->config);

  rt2_session_set_config (session, rig->config);
  rt2_session_finish (session);
  rt2_session_free (session);
  rig_run_idle (rig);
}

/* -- what the agent opens with -------------------------------------------- */

static guint
count_said (Rig *rig, const gchar *words)
{
  guint n = rig_count_sent (rig, "response.create"), said = 0;

  for (guint i = 0; i < n; i++) {
    JsonObject *response = rt2_json_object (
        rig_get_sent (rig, "response.create", i), "response");

    said += strstr (rt2_json_string (response, "instructions"), words) != NULL;
  }
  return said;
}

static void
lose (Rig *rig)
{
  rig_flush_up (rig);
  rig_clear (rig);
  rig_drop (rig);
  rig_wait (rig, "configured again");
  rig_flush_up (rig);
}

/* It is said again until it came in whole, and then never more. */
static void
test_opening (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->options->disclosure = g_strdup ("A machine speaks.");
  rig->options->greeting = g_strdup ("Welcome!");
  rig_start (rig);
  rig_wait_sent (rig, "response.create", 1);
  lose (rig);
  g_assert_cmpuint (count_said (rig, "A machine speaks."), ==, 1);
  rig_send_response_created (rig, "R1");
  rig_send_audio (rig, "R1", "A1", 4800);
  rig_flush_down (rig);
  lose (rig);
  g_assert_cmpuint (count_said (rig, "A machine speaks."), ==, 1);
  rig_send_response_created (rig, "R2");
  rig_send_response_done (rig, "R2", "completed");
  rig_flush_down (rig);
  lose (rig);
  g_assert_cmpuint (count_said (rig, "A machine speaks."), ==, 0);
  g_assert_cmpuint (count_said (rig, "Welcome!"), ==, 1);
  rig_send_response_created (rig, "R3");
  rig_send_response_done (rig, "R3", "completed");
  rig_flush_down (rig);
  lose (rig);
  g_assert_cmpuint (rig_count_sent (rig, "response.create"), ==, 0);
}

/* Who interrupted the greeting need not hear it again. */
static void
test_opening_interrupted (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->options->greeting = g_strdup ("Welcome!");
  rig_start (rig);
  rig_wait_sent (rig, "response.create", 1);
  rig_send_response_created (rig, "R1");
  rig_send_speech_started (rig, "U1", 0);
  rig_flush_down (rig);
  lose (rig);
  g_assert_cmpuint (rig_count_sent (rig, "response.create"), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add_func ("/session/retry/" name, function)
  ADD ("before", test_before);
  ADD ("after", test_after);
  ADD ("refused-before", test_refused_before);
  ADD ("refused-for-ever", test_refused_for_ever);
  ADD ("refused-after", test_refused_after);
  ADD ("timeout-after", test_timeout_after);
  ADD ("bad-settings", test_bad_settings);
  ADD ("sequence", test_sequence);
  ADD ("forgiven", test_forgiven);
  ADD ("short-success", test_short_success);
  ADD ("no-spin", test_no_spin);
  ADD ("not-forgiven", test_not_forgiven);
  ADD ("after-failed", test_after_failed);
  ADD ("renewed-key", test_renewed_key);
  ADD ("backoff-max", test_backoff_max);
  ADD ("backoff-grows", test_backoff_grows);
  ADD ("retry-after", test_retry_after);
  for (guint i = 0; i < G_N_ELEMENTS (stages); i++) {
    g_autofree gchar *path = g_strconcat (
        "/session/free/", stages[i].name, NULL);

    g_test_add_data_func (path, GUINT_TO_POINTER (i), test_free);
  }
  g_test_add_func ("/session/free/unstarted", test_free_unstarted);
  ADD ("opening", test_opening);
  ADD ("opening/interrupted", test_opening_interrupted);
  return g_test_run ();
}
