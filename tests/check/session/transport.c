/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One WebSocket connection that works: what goes over the wire, back-pressure,
 * and an owner who frees, closes and reconnects whenever it likes.
 */
#include <string.h>

#include "rt2trust.h"
#include "testclient.h"
#include "testpeer.h"
#include "testserver.h"

/* Several times what may be on its way when a peer stops reading, and well
 * below the megabytes that the kernel would take if left alone. */
#define PIPE_BOUND (1024 * 1024)

static void
echo (
    TestServer *server, guint connection, const gchar *text, gpointer user_data)
{
  test_server_send (server, connection, text);
}

static const TestServerScript echo_script = { .on_message = echo };

typedef struct {
  TestServer *server;
  gchar *url;
  TestClient *client;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer tls)
{
  fixture->server = test_server_new (GPOINTER_TO_INT (tls), &echo_script, NULL);
  fixture->url = test_server_dup_url (fixture->server);
  fixture->client = test_client_new ();
  test_server_set_context (fixture->server, fixture->client->context);
}

static void
tear_down (Fixture *fixture, gconstpointer tls)
{
  test_server_set_context (fixture->server, NULL);
  test_client_free (fixture->client);
  test_server_free (fixture->server);
  g_free (fixture->url);
}

static void
open_connection (Fixture *fixture)
{
  guint n = fixture->client->opened;

  test_client_connect (fixture->client, fixture->url);
  g_assert_false (rt2_transport_is_open (fixture->client->transport));
  g_assert_false (rt2_transport_is_writable (fixture->client->transport));
  test_client_wait (fixture->client, &fixture->client->opened, n + 1);
  test_server_wait_connections (fixture->server, n + 1);
}

/* -- the wire ------------------------------------------------------------- */

static void
assert_header (Fixture *fixture, const gchar *name, const gchar *value)
{
  g_autofree gchar *got = test_server_dup_header (fixture->server, 0, name);

  g_assert_cmpstr (got, ==, value);
}

static void
test_headers (Fixture *fixture, gconstpointer tls)
{
  g_autofree gchar *agent = NULL;
  g_autofree gchar *target = NULL;

  open_connection (fixture);
  assert_header (fixture, "Authorization", "Bearer " TEST_KEY);
  assert_header (fixture, "OpenAI-Beta", NULL);
  assert_header (fixture, "Sec-WebSocket-Protocol", NULL);
  assert_header (fixture, "Sec-WebSocket-Extensions", NULL);
  assert_header (fixture, "Origin", NULL);
  assert_header (fixture, "api-key", NULL);
  agent = test_server_dup_header (fixture->server, 0, "User-Agent");
  g_assert_true (g_str_has_prefix (agent, "gst-realtime2"));
  g_assert_null (strstr (agent, "libsoup"));
  target = test_server_dup_target (fixture->server, 0);
  g_assert_cmpstr (target, ==, "/v1/realtime?model=test");
  g_assert_cmpuint (test_server_count_requests (fixture->server), ==, 1);
}

static void
test_no_key (Fixture *fixture, gconstpointer tls)
{
  g_clear_pointer (&fixture->client->config->api_key, g_free);
  open_connection (fixture);
  assert_header (fixture, "Authorization", NULL);
}

static void
test_localhost (Fixture *fixture, gconstpointer tls)
{
  g_autofree gchar *url = g_strdup_printf ("%s://LocalHost:%u/",
      tls ? "wss" : "ws", test_server_get_port (fixture->server));

  g_free (fixture->url);
  fixture->url = g_steal_pointer (&url);
  open_connection (fixture);
  assert_header (fixture, "Authorization", "Bearer " TEST_KEY);
}

static void
test_echo (Fixture *fixture, gconstpointer tls)
{
  static const gchar *const texts[] = { "{\"type\":\"a\"}",
    "\xe2\x82\xac \xf0\x9f\x8e\x99", "" };
  TestClient *client = fixture->client;
  Rt2TransportStats stats;
  gsize i, bytes = 0;

  open_connection (fixture);
  for (i = 0; i < G_N_ELEMENTS (texts); i++) {
    rt2_transport_send (client->transport, texts[i]);
    bytes += strlen (texts[i]);
  }
  test_client_wait_messages (client, G_N_ELEMENTS (texts));
  for (i = 0; i < G_N_ELEMENTS (texts); i++)
    g_assert_cmpstr (g_ptr_array_index (client->messages, i), ==, texts[i]);

  rt2_transport_get_stats (client->transport, &stats);
  g_assert_cmpuint (stats.messages_sent, ==, G_N_ELEMENTS (texts));
  g_assert_cmpuint (stats.messages_received, ==, G_N_ELEMENTS (texts));
  g_assert_cmpuint (stats.bytes_sent, ==, bytes);
  g_assert_cmpuint (stats.bytes_received, ==, bytes);
}

static void
test_big_frames (Fixture *fixture, gconstpointer tls)
{
  g_autofree gchar *text = g_strnfill (1 << 20, 'x');
  TestClient *client = fixture->client;

  open_connection (fixture);
  rt2_transport_send (client->transport, text);
  test_client_wait_messages (client, 1);
  g_assert_cmpuint (client->last_size, ==, 1 << 20);
  g_assert_cmpstr (g_ptr_array_index (client->messages, 0), ==, text);
}

/* Only text is a message, and a NUL in one does not end it. */
static void
test_odd_frames (Fixture *fixture, gconstpointer tls)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("\xff\x00", 2);
  TestClient *client = fixture->client;

  open_connection (fixture);
  test_server_send_binary (fixture->server, 0, bytes);
  test_server_send (fixture->server, 0, "after");
  test_client_wait_messages (client, 1);
  g_assert_cmpstr (g_ptr_array_index (client->messages, 0), ==, "after");
  if (!tls) {
    test_server_send_raw (fixture->server, 0,
        (const guint8 *) "\x81\x03"
                         "a\0b",
        5);
    test_client_wait_messages (client, 2);
    g_assert_cmpuint (client->last_size, ==, 3);
  }
}

/* What comes together with the answer to the upgrade is not lost. */
static void
greet (TestServer *server, guint connection, gpointer user_data)
{
  test_server_send (server, connection, "session.created");
}

static void
test_first_message (void)
{
  static const TestServerScript script = { .opened = greet };
  g_autoptr (TestServer)
      server = test_server_new (TEST_TLS_NONE, &script, NULL);
  g_autoptr (TestClient) client = test_client_new ();
  g_autofree gchar *url = test_server_dup_url (server);
  guint i;

  for (i = 1; i <= 20; i++) {
    test_client_connect (client, url);
    while (test_server_count_requests (server) < i)
      g_main_context_iteration (client->context, FALSE);
    test_server_wait_connections (server, i);
    /* Stands still only after `opened`: answer and message are both out. */
    test_server_pause (server);
    test_server_resume (server);
    test_client_wait_messages (client, i);
    rt2_transport_close (client->transport);
  }
}

/* -- closing -------------------------------------------------------------- */

static void
test_close (Fixture *fixture, gconstpointer tls)
{
  TestClient *client = fixture->client;

  open_connection (fixture);
  rt2_transport_send (client->transport, "last words");
  client->quiet = TRUE;
  rt2_transport_close (client->transport);
  g_assert_false (rt2_transport_is_open (client->transport));
  g_assert_false (rt2_transport_is_writable (client->transport));
  rt2_transport_send (client->transport, "ignored");
  rt2_transport_close (client->transport);
  test_server_wait_closed (fixture->server, 0);
  g_assert_cmpuint (test_server_get_close_code (fixture->server, 0), ==, 1000);
  g_assert_cmpuint (test_server_count_messages (fixture->server, 0), ==, 1);
  /* The echo has come by now, and is of no interest. */
  test_client_run_idle (client);
  rt2_transport_settle ();
}

static void
test_free_open (Fixture *fixture, gconstpointer tls)
{
  open_connection (fixture);
  test_client_free_transport (fixture->client);
  test_server_wait_closed (fixture->server, 0);
  g_assert_cmpuint (test_server_get_close_code (fixture->server, 0), ==, 0);
}

/* Neither freeing nor settling waits for a peer that does not read. */
static void
leave_stalled_peer (Fixture *fixture, gboolean close_first)
{
  g_autofree gchar *text = g_strnfill (4 << 20, 'x');
  TestClient *client = fixture->client;
  gint64 start;

  open_connection (fixture);
  test_server_pause (fixture->server);
  rt2_transport_send (client->transport, text);
  test_client_run_idle (client);
  g_assert_false (rt2_transport_is_writable (client->transport));
  start = g_get_monotonic_time ();
  if (close_first)
    rt2_transport_close (client->transport);
  test_client_free_transport (client);
  rt2_transport_settle ();
  /* settle() gives up after two seconds: it must not have come to that. */
  g_assert_cmpint (g_get_monotonic_time () - start, <, 2 * G_USEC_PER_SEC);
  test_server_resume (fixture->server);
  test_server_wait_closed (fixture->server, 0);
}

static void
test_free_at_stalled_peer (Fixture *fixture, gconstpointer tls)
{
  leave_stalled_peer (fixture, FALSE);
}

static void
test_close_at_stalled_peer (Fixture *fixture, gconstpointer tls)
{
  leave_stalled_peer (fixture, TRUE);
}

static guint
count_descriptors (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

/* A peer that never answers our close frame is cut before libsoup's five
 * seconds are over. */
static void
test_close_unanswered (Fixture *fixture, gconstpointer tls)
{
  TestClient *client = fixture->client;
  guint descriptors;

  open_connection (fixture);
  test_server_pause (fixture->server);
  rt2_transport_close (client->transport);
  client->quiet = TRUE;
  descriptors = count_descriptors ();
  test_client_run_for (client, 4 * G_USEC_PER_SEC);
  g_assert_cmpuint (count_descriptors (), ==, descriptors - 1);
  test_server_resume (fixture->server);
  test_server_wait_closed (fixture->server, 0);
}

/* -- back-pressure -------------------------------------------------------- */

typedef struct {
  guint sent, limit;
  gsize bytes;
  guint blocked;
} Pump;

/* Sends numbered messages of 4 kB while the transport takes them. */
static void
pump (TestClient *client)
{
  Pump *state = client->hook_data;
  gchar text[4096];

  memset (text, 'x', sizeof text);
  text[sizeof text - 1] = '\0';
  while (state->sent < state->limit) {
    if (!rt2_transport_is_writable (client->transport)) {
      state->blocked++;
      return;
    }
    g_snprintf (text, sizeof text, "%08u", state->sent++);
    text[8] = ' ';
    rt2_transport_send (client->transport, text);
    state->bytes += sizeof text;
  }
}

/* Runs the client until half a second brings no room for more. If that is too
 * short on a busy machine, less is sent, and the bound holds all the more. */
static void
pump_until_blocked (TestClient *client)
{
  Pump *state = client->hook_data;
  guint before;

  pump (client);
  do {
    before = state->sent;
    test_client_run_for (client, 500000);
  } while (state->sent != before);
}

static void
test_back_pressure (Fixture *fixture, gconstpointer tls)
{
  TestClient *client = fixture->client;
  Pump state = { .limit = 10000 };
  guint i;

  client->on_writable = pump;
  client->hook_data = &state;
  open_connection (fixture);
  test_server_pause (fixture->server);
  pump_until_blocked (client);
  g_test_message ("%u messages, %" G_GSIZE_FORMAT " bytes until blocked",
      state.sent, state.bytes);
  g_assert_cmpuint (state.sent, <, state.limit);
  g_assert_cmpuint (state.bytes, <, PIPE_BOUND);
  g_assert_false (rt2_transport_is_writable (client->transport));

  /* It goes on, in order, and `writable` came once for each FALSE. */
  state.limit = state.sent + 500;
  test_server_resume (fixture->server);
  test_server_wait_messages (fixture->server, 0, state.limit);
  g_assert_cmpuint (state.sent, ==, state.limit);
  g_assert_cmpuint (client->writable, <=, state.blocked + 1);
  for (i = 0; i < state.limit; i++) {
    g_autofree gchar *text = test_server_dup_message (fixture->server, 0, i);

    g_assert_cmpuint (g_ascii_strtoull (text, NULL, 10), ==, i);
  }
}

/* One `writable` for a FALSE, none for nothing. */
static void
test_writable_once (Fixture *fixture, gconstpointer tls)
{
  g_autofree gchar *text = g_strnfill (4 << 20, 'x');
  TestClient *client = fixture->client;

  open_connection (fixture);
  g_assert_true (rt2_transport_is_writable (client->transport));
  rt2_transport_send (client->transport, text);
  test_client_wait_messages (client, 1);
  g_assert_cmpuint (client->writable, ==, 0);

  rt2_transport_send (client->transport, text);
  g_assert_false (rt2_transport_is_writable (client->transport));
  g_assert_false (rt2_transport_is_writable (client->transport));
  test_client_wait_messages (client, 2);
  test_client_wait (client, &client->writable, 1);
  rt2_transport_send (client->transport, "end");
  test_client_wait_messages (client, 3);
  g_assert_cmpuint (client->writable, ==, 1);
  g_assert_true (rt2_transport_is_writable (client->transport));
}

/* -- owners that act inside callbacks ------------------------------------- */

typedef enum { AT_OPENED, AT_MESSAGE, AT_WRITABLE, AT_CLOSED } Moment;

typedef struct {
  Fixture *fixture;
  guint acted;
} Act;

static void
act_free (TestClient *client)
{
  Act *act = client->hook_data;

  act->acted++;
  test_client_free_transport (client);
}

static void
forget_hooks (TestClient *client)
{
  client->on_opened = client->on_message = NULL;
  client->on_writable = client->on_closed = NULL;
}

static void
act_reconnect (TestClient *client)
{
  Act *act = client->hook_data;

  act->acted++;
  forget_hooks (client);
  rt2_transport_close (client->transport);
  test_client_connect (client, act->fixture->url);
}

static void
set_hook (TestClient *client, Moment moment, TestHook hook)
{
  switch (moment) {
    case AT_OPENED:
      client->on_opened = hook;
      break;
    case AT_MESSAGE:
      client->on_message = hook;
      break;
    case AT_WRITABLE:
      client->on_writable = hook;
      break;
    case AT_CLOSED:
      client->on_closed = hook;
      break;
  }
}

/* Makes the callback of @moment happen on an open connection. */
static void
provoke (Fixture *fixture, Moment moment)
{
  g_autofree gchar *text = NULL;
  guint i;

  test_server_wait_connections (fixture->server, 1);
  switch (moment) {
    case AT_MESSAGE:
      /* Several in one read. */
      for (i = 0; i < 5; i++)
        test_server_send (fixture->server, 0, "hello");
      break;
    case AT_WRITABLE:
      text = g_strnfill (4 << 20, 'x');
      rt2_transport_send (fixture->client->transport, text);
      g_assert_false (rt2_transport_is_writable (fixture->client->transport));
      break;
    case AT_CLOSED:
      test_server_drop (fixture->server, 0);
      break;
    case AT_OPENED:
      break;
  }
}

static void
run_act (Moment moment, gboolean tls, TestHook hook)
{
  Fixture fixture;
  Act act = { .fixture = &fixture };

  set_up (&fixture, GINT_TO_POINTER (tls ? TEST_TLS_TRUSTED : TEST_TLS_NONE));
  fixture.client->hook_data = &act;
  set_hook (fixture.client, moment, hook);
  test_client_connect (fixture.client, fixture.url);
  if (moment != AT_OPENED) {
    test_client_wait (fixture.client, &fixture.client->opened, 1);
    provoke (&fixture, moment);
  }
  test_client_wait (fixture.client, &act.acted, 1);
  if (hook == act_reconnect) {
    guint n = fixture.client->opened;

    /* The new connection works, the old one is silent. */
    test_client_wait (fixture.client, &fixture.client->opened, n + 1);
    test_server_wait_connections (fixture.server, 2);
    g_ptr_array_set_size (fixture.client->messages, 0);
    rt2_transport_send (fixture.client->transport, "again");
    test_client_wait_messages (fixture.client, 1);
    g_assert_cmpstr (
        g_ptr_array_index (fixture.client->messages, 0), ==, "again");
    g_assert_cmpuint (fixture.client->closed, ==, moment == AT_CLOSED);
  }
  rt2_transport_settle ();
  test_client_run_idle (fixture.client);
  g_assert_cmpuint (act.acted, ==, 1);
  test_server_wait_closed (fixture.server, 0);
  tear_down (&fixture, NULL);
}

static void
test_free_inside (gconstpointer moment)
{
  run_act (GPOINTER_TO_INT (moment), FALSE, act_free);
  run_act (GPOINTER_TO_INT (moment), TRUE, act_free);
}

static void
test_reconnect_inside (gconstpointer moment)
{
  run_act (GPOINTER_TO_INT (moment), FALSE, act_reconnect);
  run_act (GPOINTER_TO_INT (moment), TRUE, act_reconnect);
}

/* `closed` of a connect that never got anywhere. */
static void
test_reconnect_inside_failure (Fixture *fixture, gconstpointer tls)
{
  Act act = { .fixture = fixture };

  fixture->client->hook_data = &act;
  fixture->client->on_closed = act_reconnect;
  test_client_connect (fixture->client, "nonsense");
  test_client_wait (fixture->client, &fixture->client->opened, 1);
  g_assert_cmpuint (fixture->client->closed, ==, 1);
}

/* An attempt that was given up reports nothing, not even late. */
static void
test_abandoned_attempt (Fixture *fixture, gconstpointer tls)
{
  g_autoptr (TestPeer) silent = test_peer_new (TEST_PEER_SILENT, NULL);
  g_autofree gchar *url = g_strdup_printf (
      "%s://127.0.0.1:%u/", tls ? "wss" : "ws", test_peer_get_port (silent));
  TestClient *client = fixture->client;
  gint64 start;

  test_client_connect (client, url);
  test_client_run_idle (client);
  rt2_transport_close (client->transport);
  test_client_connect (client, "nonsense");
  rt2_transport_close (client->transport);
  open_connection (fixture);
  start = g_get_monotonic_time ();
  rt2_transport_settle ();
  g_assert_cmpint (g_get_monotonic_time () - start, <, 2 * G_USEC_PER_SEC);
  g_assert_cmpuint (client->opened, ==, 1);
  g_assert_cmpuint (client->closed, ==, 0);
  g_assert_true (rt2_transport_is_open (client->transport));
}

/* -- many times ----------------------------------------------------------- */

#define CYCLES 200
#define MOST_US 12000
#define SHORT_TIMEOUT (G_GINT64_CONSTANT (500) * 1000 * 1000) /* ns */

/* Runs @client for a random while, or every eighth time until it is open or
 * refused, and talks if it can. */
static void
run_a_while (TestClient *client, guint cycle)
{
  gint64 end = g_get_monotonic_time () + g_test_rand_int_range (0, MOST_US);

  while (client->closed == 0
      && (g_get_monotonic_time () < end
          || (cycle % 8 == 0 && client->opened == 0))) {
    g_main_context_iteration (client->context, FALSE);
    if (rt2_transport_is_open (client->transport)
        && rt2_transport_is_writable (client->transport))
      rt2_transport_send (client->transport, "ping");
  }
}

/* The first @n_answering of @urls open if waited for; the others never do. */
static void
run_cycles (gchar **urls, guint n_urls, guint n_answering)
{
  guint i;

  for (i = 0; i < CYCLES; i++) {
    TestClient *client = test_client_new ();

    if (i % n_urls >= n_answering)
      client->config->connect_timeout = SHORT_TIMEOUT;
    test_client_connect (client, urls[i % n_urls]);
    run_a_while (client, i / n_urls);
    if (g_test_rand_bit ())
      rt2_transport_close (client->transport);
    test_client_free (client);
  }
}

/* Freed at any moment, a transport leaves nothing behind here (that is for the
 * leak checker) and no connection over there. */
static void
test_cycles (void)
{
  g_autoptr (TestPeer) silent = test_peer_new (TEST_PEER_SILENT, NULL);
  TestServer *servers[] = {
    test_server_new (TEST_TLS_NONE, &echo_script, NULL),
    test_server_new (TEST_TLS_TRUSTED, &echo_script, NULL),
  };
  gchar *urls[] = {
    test_server_dup_url (servers[0]),
    test_server_dup_url (servers[1]),
    g_strdup_printf ("wss://127.0.0.1:%u/", test_peer_get_port (silent)),
    g_strdup_printf ("ws://127.0.0.1:%u/", test_peer_find_closed_port ()),
    g_strdup ("wss://realtime.invalid/"),
  };
  guint i, k;

  run_cycles (urls, G_N_ELEMENTS (urls), G_N_ELEMENTS (servers));
  for (i = 0; i < G_N_ELEMENTS (servers); i++) {
    guint n;

    /* The server sees a connection later than the client does. */
    test_server_wait_connections (servers[i], CYCLES / G_N_ELEMENTS (urls) / 8);
    n = test_server_count_connections (servers[i]);
    g_test_message ("%u connections", n);
    for (k = 0; k < n; k++)
      test_server_wait_closed (servers[i], k);
    test_server_free (servers[i]);
  }
  for (i = 0; i < G_N_ELEMENTS (urls); i++)
    g_free (urls[i]);
}

/* -- configuration and trust ---------------------------------------------- */

static void
test_config (void)
{
  g_autoptr (Rt2TransportConfig) config = rt2_transport_config_new ();
  g_autoptr (Rt2TransportConfig) copy = NULL;

  g_assert_null (config->url);
  g_assert_null (config->api_key);
  g_assert_cmpuint (config->connect_timeout, ==, 10000000000);
  g_assert_cmpuint (config->keepalive_interval, ==, 15000000000);
  config->url = g_strdup ("wss://host/");
  config->api_key = g_strdup (TEST_KEY);
  copy = rt2_transport_config_copy (config);
  g_assert_cmpstr (copy->url, ==, config->url);
  g_assert_true (copy->url != config->url);
  g_assert_cmpstr (copy->api_key, ==, config->api_key);
  g_assert_true (copy->api_key != config->api_key);
  g_assert_cmpuint (copy->connect_timeout, ==, config->connect_timeout);
  rt2_transport_config_free (NULL);
}

static gpointer
get_trust (gpointer unused)
{
  return rt2_trust_get_default ();
}

static void
test_trust_shared (void)
{
  g_autoptr (GTlsDatabase) mine = rt2_trust_get_default ();
  GThread *thread = g_thread_new ("trust", get_trust, NULL);
  g_autoptr (GTlsDatabase) other = g_thread_join (thread);

  g_assert_nonnull (mine);
  g_assert_true (mine == other);
}

static GTlsCertificateFlags
verify (TestTls tls, const gchar *host)
{
  g_autoptr (GTlsDatabase) trust = rt2_trust_get_default ();
  g_autoptr (GTlsCertificate) certificate = test_certificate_new (tls);
  g_autoptr (GSocketConnectable) identity = g_network_address_new (host, 443);
  g_autoptr (GError) error = NULL;
  GTlsCertificateFlags flags = g_tls_database_verify_chain (trust, certificate,
      G_TLS_DATABASE_PURPOSE_AUTHENTICATE_SERVER, identity, NULL,
      G_TLS_DATABASE_VERIFY_NONE, NULL, &error);

  g_assert_no_error (error);
  return flags;
}

static void
test_trust_verdicts (void)
{
  g_assert_cmpuint (verify (TEST_TLS_TRUSTED, "localhost"), ==, 0);
  g_assert_cmpuint (verify (TEST_TLS_UNKNOWN_CA, "localhost"), ==,
      G_TLS_CERTIFICATE_UNKNOWN_CA);
  g_assert_cmpuint (verify (TEST_TLS_WRONG_HOST, "localhost"), ==,
      G_TLS_CERTIFICATE_BAD_IDENTITY);
  g_assert_cmpuint (verify (TEST_TLS_WRONG_HOST, "realtime.invalid"), ==, 0);
  g_assert_cmpuint (
      verify (TEST_TLS_EXPIRED, "localhost"), ==, G_TLS_CERTIFICATE_EXPIRED);
}

/* -- all of it ------------------------------------------------------------ */

typedef void (*FixtureFunc) (Fixture *fixture, gconstpointer tls);

static void
add_both (const gchar *name, FixtureFunc function)
{
  g_autofree gchar *plain = g_strconcat ("/transport/plain/", name, NULL);
  g_autofree gchar *tls = g_strconcat ("/transport/tls/", name, NULL);

  g_test_add (plain, Fixture, GINT_TO_POINTER (TEST_TLS_NONE), set_up, function,
      tear_down);
  g_test_add (tls, Fixture, GINT_TO_POINTER (TEST_TLS_TRUSTED), set_up,
      function, tear_down);
}

static void
add_moments (const gchar *name, GTestDataFunc function)
{
  static const gchar *const moments[] = { "opened", "message", "writable",
    "closed" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (moments); i++) {
    g_autofree gchar *path = g_strdup_printf (
        "/transport/%s/%s", name, moments[i]);

    g_test_add_data_func (path, GINT_TO_POINTER (i), function);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  test_certificate_trust_ca ();

  g_test_add_func ("/transport/config", test_config);
  g_test_add_func ("/transport/trust/shared", test_trust_shared);
  g_test_add_func ("/transport/trust/verdicts", test_trust_verdicts);
  add_both ("headers", test_headers);
  add_both ("no-key", test_no_key);
  add_both ("localhost", test_localhost);
  add_both ("echo", test_echo);
  add_both ("big-frames", test_big_frames);
  add_both ("odd-frames", test_odd_frames);
  add_both ("close", test_close);
  add_both ("free-open", test_free_open);
  add_both ("free-at-stalled-peer", test_free_at_stalled_peer);
  add_both ("close-at-stalled-peer", test_close_at_stalled_peer);
  add_both ("back-pressure", test_back_pressure);
  add_both ("writable-once", test_writable_once);
  add_both ("reconnect-inside-failure", test_reconnect_inside_failure);
  add_both ("abandoned-attempt", test_abandoned_attempt);
  add_both ("close-unanswered", test_close_unanswered);
  add_moments ("free-inside", test_free_inside);
  add_moments ("reconnect-inside", test_reconnect_inside);
  g_test_add_func ("/transport/first-message", test_first_message);
  g_test_add_func ("/transport/cycles", test_cycles);
  return g_test_run ();
}
