/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Builds with debugging abort where what belongs to the session's thread is
 * used on another one, and say which function and which thread it was. What is
 * for any thread may be used on any.
 */
#include "testtrap.h"

#ifdef RT2_DEBUG

#include "rt2session-private.h"
#include "rt2standby.h"

typedef struct {
  GMainContext *context; /* the main thread's */
  Rt2TransportConfig *config;
  Rt2Session *session;
  Rt2Transport *transport;
  Rt2EventLog *log;
} House;

static void
ignore_state (gpointer owner, Rt2SessionState state)
{
}

static const Rt2SessionListener session_listener = { .state = ignore_state };
static const Rt2TransportListener transport_listener;
static const Rt2StandbyListener standby_listener;
static const Rt2EventLogOwner log_owner;

static Rt2Session *
make_session (void)
{
  Rt2SessionConfig *config = rt2_session_config_new ();
  Rt2Session *session = rt2_session_new (
      &session_listener, NULL, rt2_session_options_new (), config);

  rt2_session_config_free (config);
  return session;
}

static void
open_house (House *house)
{
  house->context = g_main_context_new ();
  g_main_context_push_thread_default (house->context);
  house->config = rt2_transport_config_new ();
  house->session = make_session ();
  house->transport = rt2_transport_new (&transport_listener, NULL);
  house->log = rt2_event_log_new (&log_owner, NULL);
}

static void
close_house (House *house)
{
  rt2_event_log_free (house->log);
  rt2_transport_free (house->transport);
  rt2_session_free (house->session);
  rt2_transport_config_free (house->config);
  g_main_context_pop_thread_default (house->context);
  g_main_context_unref (house->context);
}

/* --- what anybody may do --- */

static void
use_freely (House *house)
{
  Rt2SessionConfig *config = rt2_session_config_new ();
  Rt2SessionStats stats;

  rt2_session_wake (house->session);
  rt2_session_set_config (house->session, config);
  rt2_session_set_budget (house->session, (Rt2Budget){ 1, 1 });
  rt2_session_set_event_log (house->session, NULL, FALSE);
  rt2_session_forget_item (house->session, "item");
  rt2_session_move (house->session, house->config, "model", RT2_MOVE_SETTINGS);
  rt2_session_get_stats (house->session, &stats);
  rt2_session_finish (house->session);
  rt2_session_config_free (config);
}

/* --- what nobody else may --- */

static void
start (House *house)
{
  rt2_session_start (house->session);
}

static void
end (House *house)
{
  rt2_session_free (house->session);
}

static void
redact (House *house)
{
  g_free (rt2_session_redact (house->session, "text"));
}

static void
update_state (House *house)
{
  rt2_session_set_state (house->session, RT2_SESSION_READY);
}

static void
pump (House *house)
{
  rt2_session_pump (house->session);
}

static void
send_event (House *house)
{
  rt2_session_send (house->session, g_strdup ("{}"));
}

/* In the default context, which nobody owns. */
static void
make_another (House *house)
{
  make_session ();
}

static void
connect_transport (House *house)
{
  rt2_transport_connect (house->transport, house->config);
}

static void
send_text (House *house)
{
  rt2_transport_send (house->transport, "{}");
}

static void
free_transport (House *house)
{
  rt2_transport_free (house->transport);
}

static void
note (House *house)
{
  rt2_event_log_note (house->log, 1, RT2_LOG_OPENED);
}

static Rt2Standby *standby;

static gpointer
free_standby (gpointer unused)
{
  rt2_standby_free (standby);
  return NULL;
}

static void
make_standby (House *house)
{
  g_main_context_push_thread_default (g_main_context_new ());
  standby = rt2_standby_new (
      &standby_listener, NULL, house->config, "{}", "id", 0);
  g_thread_join (g_thread_new ("another", free_standby, NULL));
}

typedef struct {
  const gchar *name;
  void (*func) (House *house);
  const gchar *says; /* NULL: it is allowed */
} Case;

static const Case cases[] = {
  { "any", use_freely, NULL },
  { "start", start, "*rt2_session_start()*thread \"intruder\"*" },
  { "free", end, "*rt2_session_free()*thread \"intruder\"*" },
  { "redact", redact, "*rt2_session_keys()*thread \"intruder\"*" },
  { "state", update_state, "*rt2_session_set_state()*thread \"intruder\"*" },
  { "pump", pump, "*rt2_session_pump()*thread \"intruder\"*" },
  { "event", send_event, "*rt2_session_send()*thread \"intruder\"*" },
  { "new", make_another, "*rt2_session_new()*thread \"intruder\"*" },
  { "connect", connect_transport, "*rt2_transport_connect()*\"intruder\"*" },
  { "send", send_text, "*rt2_transport_send()*thread \"intruder\"*" },
  { "transport", free_transport, "*rt2_transport_free()*\"intruder\"*" },
  { "log", note, "*rt2_event_log_note()*thread \"intruder\"*" },
  { "standby", make_standby, "*rt2_standby_free()*thread \"another\"*" },
};

typedef struct {
  House house;
  const Case *test;
} Intrusion;

static gpointer
intrude (gpointer data)
{
  Intrusion *intrusion = data;

  intrusion->test->func (&intrusion->house);
  return NULL;
}

static void
run_case (const Case *test)
{
  Intrusion intrusion = { .test = test };

  open_house (&intrusion.house);
  g_thread_join (g_thread_new ("intruder", intrude, &intrusion));
  close_house (&intrusion.house);
}

static void
test_case (gconstpointer data)
{
  const Case *test = data;

  if (g_test_subprocess ())
    run_case (test);
  else
    testtrap_expect (test->says);
}

static void
add_tests (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree gchar *path = g_strconcat ("/threads/", cases[i].name, NULL);

    g_test_add_data_func (path, &cases[i], test_case);
  }
}

#else

static void
add_tests (void)
{
  testtrap_add_unwatched ();
}

#endif

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  add_tests ();
  return g_test_run ();
}
