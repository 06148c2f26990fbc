/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A connection in the background: it gets as far as the server lets it, fails
 * once wherever the server fails it, and is given away whole.
 */
#include "rt2standby.h"

#include <string.h>

#include "testserver.h"

#define MS G_GUINT64_CONSTANT (1000000)
#define UPDATE "{\"type\":\"session.update\",\"event_id\":\"u1\"}"
#define CREATED                                                                \
  "{\"type\":\"session.created\",\"event_id\":\"e1\",\"session\":{\"id\":"     \
  "\"sess_2\",\"expires_at\":99}}"
#define UPDATED                                                                \
  "{\"type\":\"session.updated\",\"event_id\":\"e2\",\"session\":{\"id\":"     \
  "\"sess_2\",\"instructions\":\"No sk-quoted.\"}}"
#define LISTED                                                                 \
  "{\"type\":\"mcp_list_tools.completed\",\"event_id\":\"e3\",\"item_id\":"    \
  "\"m\"}"
#define ERROR(CODE, ID)                                                         \
  "{\"type\":\"error\",\"event_id\":\"e4\",\"error\":{\"type\":\"x\",\"code\":" \
  "\"" CODE "\",\"message\":\"No sk-quoted.\",\"event_id\":" ID "}}"

typedef struct {
  GMainContext *context;
  TestServer *server;
  Rt2TransportConfig *config;
  Rt2Standby *standby;
  GString *log;    /* a word for each callback */
  Rt2Fault *fault; /* of `failed` */
  gboolean frees;  /* the standby, from inside `failed` and `ready` */
  GString *later;  /* what its next owner heard */
} Fix;

static void
note (Fix *fix, const gchar *word)
{
  g_string_append_printf (fix->log, "%s%s", fix->log->len ? " " : "", word);
}

static void
on_configured (gpointer owner, const Rt2SessionInfo *info)
{
  Fix *fix = owner;

  g_assert_cmpstr (info->id, ==, "sess_2");
  g_assert_null (strstr (info->json, "sk-quoted"));
  g_assert_cmpint (
      rt2_standby_get_state (fix->standby), ==, RT2_STANDBY_SEEDED);
  rt2_transport_send (
      rt2_standby_get_transport (fix->standby), "{\"type\":\"seed\"}");
  note (fix, "configured");
}

static void
on_ready (gpointer owner)
{
  Fix *fix = owner;

  note (fix, "ready");
  if (fix->frees)
    g_clear_pointer (&fix->standby, rt2_standby_free);
}

static void
on_error (gpointer owner, const Rt2ServerError *error)
{
  g_assert_cmpstr (error->message, ==, "No ***.");
  note (owner, error->code);
}

static void
on_failed (gpointer owner, const Rt2Fault *fault)
{
  Fix *fix = owner;

  g_assert_cmpint (
      rt2_standby_get_state (fix->standby), ==, RT2_STANDBY_FAILED);
  note (fix, "failed");
  fix->fault = rt2_fault_copy (fault);
  if (fix->frees)
    g_clear_pointer (&fix->standby, rt2_standby_free);
}

static const Rt2StandbyListener listener = { on_configured, on_ready, on_error,
  on_failed };

static Fix *
fix_new (void)
{
  Fix *fix = g_new0 (Fix, 1);

  fix->context = g_main_context_new ();
  g_main_context_push_thread_default (fix->context);
  fix->server = test_server_new (TEST_TLS_NONE, NULL, NULL);
  test_server_set_context (fix->server, fix->context);
  fix->config = rt2_transport_config_new ();
  fix->config->url = test_server_dup_url (fix->server);
  fix->config->api_key = g_strdup ("sk-quoted");
  fix->log = g_string_new (NULL);
  fix->later = g_string_new (NULL);
  return fix;
}

static void
fix_free (Fix *fix)
{
  rt2_standby_free (fix->standby);
  test_server_free (fix->server);
  rt2_transport_settle ();
  g_main_context_pop_thread_default (fix->context);
  g_main_context_unref (fix->context);
  rt2_transport_config_free (fix->config);
  g_clear_pointer (&fix->fault, rt2_fault_free);
  g_string_free (fix->log, TRUE);
  g_string_free (fix->later, TRUE);
  g_free (fix);
}

static void
start (Fix *fix, guint mcp)
{
  fix->standby = rt2_standby_new (
      &listener, fix, fix->config, UPDATE, "u1", mcp);
  g_assert_cmpstr (fix->log->str, ==, "");
}

static gboolean
on_patience (gpointer data)
{
  g_error ("nothing happens any more");
  return G_SOURCE_REMOVE;
}

/* Runs until the log is @log. */
static void
wait_log (Fix *fix, const GString *log, const gchar *text)
{
  GSource *patience = g_timeout_source_new_seconds (30);

  g_source_set_callback (patience, on_patience, NULL, NULL);
  g_source_attach (patience, fix->context);
  while (g_strcmp0 (log->str, text) != 0)
    g_main_context_iteration (fix->context, TRUE);
  g_source_destroy (patience);
  g_source_unref (patience);
}

static void
get_ready (Fix *fix)
{
  start (fix, 0);
  test_server_wait_connections (fix->server, 1);
  test_server_send (fix->server, 0, CREATED);
  test_server_wait_messages (fix->server, 0, 1);
  test_server_send (fix->server, 0, UPDATED);
  wait_log (fix, fix->log, "configured ready");
}

/* -- the way to READY ------------------------------------------------------ */

static void
test_ready (void)
{
  Fix *fix = fix_new ();
  gint64 before = g_get_monotonic_time (), birth, wall;
  g_autofree gchar *update = NULL, *seed = NULL;

  get_ready (fix);
  test_server_wait_messages (fix->server, 0, 2);
  update = test_server_dup_message (fix->server, 0, 0);
  seed = test_server_dup_message (fix->server, 0, 1);
  g_assert_cmpstr (update, ==, UPDATE);
  g_assert_cmpstr (seed, ==, "{\"type\":\"seed\"}");
  g_assert_cmpint (rt2_standby_get_state (fix->standby), ==, RT2_STANDBY_READY);
  g_assert_cmpuint (rt2_standby_get_created (fix->standby)->expires_at, ==, 99);
  birth = rt2_standby_get_birth (fix->standby, &wall);
  g_assert_cmpint (birth, >=, before);
  g_assert_cmpint (birth, <=, g_get_monotonic_time ());
  g_assert_cmpint (wall, >, G_GINT64_CONSTANT (1500000000) * G_USEC_PER_SEC);
  fix_free (fix);
}

/* Nothing is told before the server opened a session, and what comes twice
 * counts once. */
static void
test_order (void)
{
  Fix *fix = fix_new ();

  start (fix, 0);
  test_server_wait_connections (fix->server, 1);
  g_assert_cmpuint (test_server_count_messages (fix->server, 0), ==, 0);
  test_server_send (fix->server, 0, UPDATED);
  test_server_send (fix->server, 0, "{\"type\":\"session.created\"}");
  test_server_send (fix->server, 0, CREATED);
  test_server_wait_messages (fix->server, 0, 1);
  g_assert_cmpint (
      rt2_standby_get_state (fix->standby), ==, RT2_STANDBY_CONFIGURING);
  test_server_send (fix->server, 0, "no JSON");
  test_server_send (fix->server, 0, UPDATED);
  test_server_send (fix->server, 0, UPDATED);
  wait_log (fix, fix->log, "configured ready");
  fix_free (fix);
}

/* READY waits for the lists of tools. */
static void
test_mcp (void)
{
  Fix *fix = fix_new ();

  start (fix, 2);
  test_server_wait_connections (fix->server, 1);
  test_server_send (fix->server, 0, CREATED);
  test_server_wait_messages (fix->server, 0, 1);
  test_server_send (fix->server, 0, UPDATED);
  test_server_send (fix->server, 0, LISTED);
  test_server_send (fix->server, 0, ERROR ("known", "null"));
  wait_log (fix, fix->log, "configured known");
  g_assert_cmpint (
      rt2_standby_get_state (fix->standby), ==, RT2_STANDBY_SEEDED);
  test_server_send (fix->server, 0, LISTED);
  wait_log (fix, fix->log, "configured known ready");
  test_server_send (fix->server, 0, LISTED);
  test_server_send (fix->server, 0, ERROR ("after", "null"));
  wait_log (fix, fix->log, "configured known ready after");
  fix_free (fix);
}

/* -- failures -------------------------------------------------------------- */

/* How far it gets before the server fails it. */
typedef enum {
  STEP_REFUSED,
  STEP_OPEN,
  STEP_CREATED,
  STEP_SEEDED,
  STEP_READY,
} Step;

static const gchar *const logs[] = { "failed", "failed", "failed",
  "configured failed", "configured ready failed" };

static void
walk (Fix *fix, Step step)
{
  if (step == STEP_REFUSED)
    test_server_refuse (fix->server, 503, NULL, NULL);
  start (fix, step == STEP_SEEDED);
  if (step == STEP_REFUSED)
    return;
  test_server_wait_connections (fix->server, 1);
  if (step == STEP_OPEN)
    return;
  test_server_send (fix->server, 0, CREATED);
  test_server_wait_messages (fix->server, 0, 1);
  if (step == STEP_CREATED)
    return;
  test_server_send (fix->server, 0, UPDATED);
  test_server_wait_messages (fix->server, 0, 2);
  if (step == STEP_READY)
    wait_log (fix, fix->log, "configured ready");
}

static void
check_end (Step step, const gchar *text, guint16 code, Rt2FaultKind kind,
    gboolean frees)
{
  Fix *fix = fix_new ();

  fix->frees = frees && step != STEP_READY;
  walk (fix, step);
  fix->frees = frees;
  if (text)
    test_server_send (fix->server, 0, text);
  if (code)
    test_server_close (fix->server, 0, code, "bye");
  else if (!text && step != STEP_REFUSED)
    test_server_drop (fix->server, 0);
  wait_log (fix, fix->log, logs[step]);
  g_assert_cmpint (fix->fault->kind, ==, kind);
  g_assert_null (strstr (fix->fault->message, "sk-quoted"));
  fix_free (fix);
}

static void
test_failures (void)
{
  for (gint frees = 0; frees < 2; frees++) {
    check_end (STEP_REFUSED, NULL, 0, RT2_FAULT_BUSY, frees);
    for (Step step = STEP_OPEN; step <= STEP_READY; step++) {
      check_end (step, NULL, 0, RT2_FAULT_LOST, frees);
      check_end (step, NULL, 1001, RT2_FAULT_EXPIRED, frees);
      check_end (step, ERROR ("session_expired", "null"), 1000,
          RT2_FAULT_EXPIRED, frees);
      check_end (
          step, ERROR ("invalid_api_key", "null"), 0, RT2_FAULT_AUTH, frees);
    }
    check_end (STEP_CREATED, ERROR ("invalid_value", "\"u1\""), 0,
        RT2_FAULT_SETTINGS, frees);
  }
}

/* Each step has its time. */
static void
test_timeouts (void)
{
  for (Step step = STEP_OPEN; step <= STEP_CREATED; step++) {
    Fix *fix = fix_new ();

    fix->config->connect_timeout = 300 * MS;
    walk (fix, step);
    wait_log (fix, fix->log, "failed");
    g_assert_cmpint (fix->fault->kind, ==, RT2_FAULT_TIMEOUT);
    fix_free (fix);
  }
}

/* It may be freed at any time, and nothing is heard of it then. */
static void
test_free (void)
{
  for (Step step = STEP_REFUSED; step <= STEP_READY; step++) {
    Fix *fix = fix_new ();

    walk (fix, step);
    g_clear_pointer (&fix->standby, rt2_standby_free);
    g_string_truncate (fix->log, 0);
    while (g_main_context_iteration (fix->context, FALSE))
      ;
    g_assert_cmpstr (fix->log->str, ==, "");
    fix_free (fix);
  }
}

/* -- given away ------------------------------------------------------------ */

static void
on_later_message (gpointer user_data, const gchar *text, gsize size)
{
  g_string_append (((Fix *) user_data)->later, text);
}

static void
on_later_closed (gpointer user_data, const Rt2Fault *fault)
{
  g_string_append (((Fix *) user_data)->later, " closed");
}

static void
ignore (gpointer user_data)
{
}

static void
test_steal (void)
{
  static const Rt2TransportListener later = { ignore, on_later_message, ignore,
    on_later_closed };
  Fix *fix = fix_new ();
  Rt2Transport *transport;
  Rt2TransportStats stats;

  get_ready (fix);
  transport = rt2_standby_steal (fix->standby, &later, fix);
  g_clear_pointer (&fix->standby, rt2_standby_free);
  g_assert_true (rt2_transport_is_open (transport));
  rt2_transport_send (transport, "more");
  test_server_wait_messages (fix->server, 0, 3);
  test_server_send (fix->server, 0, "words");
  test_server_close (fix->server, 0, 1001, NULL);
  wait_log (fix, fix->later, "words closed");
  g_assert_cmpstr (fix->log->str, ==, "configured ready");
  rt2_transport_get_stats (transport, &stats);
  g_assert_cmpuint (stats.messages_sent, ==, 3);
  g_assert_cmpuint (stats.messages_received, ==, 3);
  rt2_transport_free (transport);
  fix_free (fix);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/standby/ready", test_ready);
  g_test_add_func ("/standby/order", test_order);
  g_test_add_func ("/standby/mcp", test_mcp);
  g_test_add_func ("/standby/failures", test_failures);
  g_test_add_func ("/standby/timeouts", test_timeouts);
  g_test_add_func ("/standby/free", test_free);
  g_test_add_func ("/standby/steal", test_steal);
  return g_test_run ();
}
