/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Connections that are open and dead: nothing comes through any more, one way
 * or both, and nobody says so. A relay stands between.
 */
#include <string.h>

#include "testclient.h"
#include "testrelay.h"
#include "testserver.h"

/* The keepalive interval that all tests have, and what must not be exceeded. */
#define INTERVAL (1 * G_USEC_PER_SEC)
#define LIMIT (2 * INTERVAL)

typedef struct {
  TestServer *server;
  TestRelay *relay;
  TestClient *client;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer tls)
{
  g_autofree gchar *url = NULL;

  fixture->client = test_client_new ();
  fixture->server = test_server_new (
      tls ? TEST_TLS_TRUSTED : TEST_TLS_NONE, NULL, NULL);
  test_server_set_context (fixture->server, fixture->client->context);
  fixture->relay = test_relay_new (test_server_get_port (fixture->server));
  fixture->client->config->keepalive_interval = INTERVAL * 1000;
  url = g_strdup_printf ("%s://127.0.0.1:%u/v1/realtime", tls ? "wss" : "ws",
      test_relay_get_port (fixture->relay));
  test_client_connect (fixture->client, url);
  test_client_wait (fixture->client, &fixture->client->opened, 1);
  test_server_wait_connections (fixture->server, 1);
}

static void
tear_down (Fixture *fixture, gconstpointer tls)
{
  test_server_free (fixture->server);
  test_client_free (fixture->client);
  test_relay_free (fixture->relay);
}

/* Loaded machines are late, never early. */
static void
expect_stalled (Fixture *fixture, gint64 since, const gchar *what)
{
  gint64 took;

  test_client_expect_fault (fixture->client, RT2_FAULT_STALLED);
  took = g_get_monotonic_time () - since;
  g_test_message ("noticed after %" G_GINT64_FORMAT " ms: %s", took / 1000,
      fixture->client->fault->message);
  g_assert_nonnull (strstr (fixture->client->fault->message, what));
  g_assert_cmpint (took, >=, INTERVAL - G_USEC_PER_SEC / 2);
  g_assert_cmpint (took, <, LIMIT + 2 * G_USEC_PER_SEC);
}

static void
talk (Fixture *fixture)
{
  g_autofree gchar *piece = g_strnfill (1000, 'x');

  while (rt2_transport_is_writable (fixture->client->transport))
    rt2_transport_send (fixture->client->transport, piece);
}

/* -- dead ----------------------------------------------------------------- */

static void
test_dead_and_quiet (Fixture *fixture, gconstpointer tls)
{
  gint64 since = g_get_monotonic_time ();

  test_relay_stop (fixture->relay, TRUE, TRUE);
  expect_stalled (fixture, since, "sent nothing");
}

/* What is still being sent is no sign of life of the peer. */
static void
test_dead_while_talking (Fixture *fixture, gconstpointer tls)
{
  gint64 since = g_get_monotonic_time ();

  test_relay_stop (fixture->relay, TRUE, TRUE);
  while (fixture->client->closed == 0) {
    talk (fixture);
    test_client_run_for (fixture->client, 20000);
  }
  expect_stalled (fixture, since, " for 2 s");
}

static void
test_dead_on_the_way_down (Fixture *fixture, gconstpointer tls)
{
  gint64 since = g_get_monotonic_time ();

  test_relay_stop (fixture->relay, FALSE, TRUE);
  expect_stalled (fixture, since, "sent nothing");
}

/* The peer talks on, and reads nothing. */
static void
test_dead_on_the_way_up (Fixture *fixture, gconstpointer tls)
{
  gint64 since = g_get_monotonic_time ();

  test_relay_stop (fixture->relay, TRUE, FALSE);
  while (fixture->client->closed == 0) {
    talk (fixture);
    test_server_send (fixture->server, 0, "still there");
    test_client_run_for (fixture->client, 50000);
  }
  expect_stalled (fixture, since, "took no data");
  g_assert_cmpuint (fixture->client->messages->len, >, 10);
}

/* -- alive ---------------------------------------------------------------- */

/* Pongs alone are life enough. */
static void
test_quiet (Fixture *fixture, gconstpointer tls)
{
  test_client_run_for (fixture->client, 2 * LIMIT);
  g_assert_cmpuint (fixture->client->closed, ==, 0);
}

static void
test_short_break (Fixture *fixture, gconstpointer tls)
{
  for (guint i = 0; i < 3; i++) {
    test_relay_stop (fixture->relay, TRUE, TRUE);
    test_client_run_for (fixture->client, INTERVAL / 4);
    test_relay_stop (fixture->relay, FALSE, FALSE);
    test_client_run_for (fixture->client, INTERVAL * 3 / 2);
  }
  g_assert_cmpuint (fixture->client->closed, ==, 0);
}

/* A picture on a thin line: no ping gets past it, and yet it moves. */
static void
test_big_and_slow (Fixture *fixture, gconstpointer tls)
{
  g_autofree gchar *picture = g_strnfill (400000, 'x');
  gint64 since = g_get_monotonic_time ();

  test_relay_set_rate (fixture->relay, 80000);
  rt2_transport_send (fixture->client->transport, picture);
  while (test_server_count_messages (fixture->server, 0) == 0
      && fixture->client->closed == 0)
    test_client_run_for (fixture->client, 50000);
  g_assert_cmpuint (fixture->client->closed, ==, 0);
  g_assert_cmpint (g_get_monotonic_time () - since, >, LIMIT);
  g_assert_true (rt2_transport_is_open (fixture->client->transport));
}

/* And a line that ends in the midst of one. */
static void
test_big_and_dead (Fixture *fixture, gconstpointer tls)
{
  g_autofree gchar *picture = g_strnfill (4000000, 'x');
  gint64 since;

  test_relay_set_rate (fixture->relay, 80000);
  rt2_transport_send (fixture->client->transport, picture);
  test_client_run_for (fixture->client, LIMIT * 3 / 2);
  g_assert_cmpuint (fixture->client->closed, ==, 0);
  since = g_get_monotonic_time ();
  test_relay_stop (fixture->relay, TRUE, TRUE);
  expect_stalled (fixture, since, "took no data");
}

/* Our own thread stood still, as when the system slept: the peer is not to
 * blame, and gets the chance to say so. */
static void
test_own_sleep (Fixture *fixture, gconstpointer tls)
{
  g_usleep (LIMIT + 3 * G_USEC_PER_SEC / 2);
  test_client_run_for (fixture->client, 2 * LIMIT);
  g_assert_cmpuint (fixture->client->closed, ==, 0);
}

/* A link that died meanwhile is noticed after it. */
static void
test_own_sleep_dead (Fixture *fixture, gconstpointer tls)
{
  gint64 since;

  test_relay_stop (fixture->relay, TRUE, TRUE);
  g_usleep (LIMIT + 3 * G_USEC_PER_SEC / 2);
  since = g_get_monotonic_time ();
  expect_stalled (fixture, since, "sent nothing");
}

static void
add (const gchar *name, void (*test) (Fixture *, gconstpointer))
{
  g_autofree gchar *path = g_strconcat ("/half-open/", name, NULL);

  g_test_add (path, Fixture, NULL, set_up, test, tear_down);
}

/* What depends on how the socket is looked at through TLS. */
static void
add_tls (const gchar *name, void (*test) (Fixture *, gconstpointer))
{
  g_autofree gchar *path = g_strconcat ("/half-open/tls/", name, NULL);

  g_test_add (path, Fixture, "tls", set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  test_certificate_trust_ca ();

  add ("dead-and-quiet", test_dead_and_quiet);
  add ("dead-while-talking", test_dead_while_talking);
  add ("dead-on-the-way-down", test_dead_on_the_way_down);
  add ("dead-on-the-way-up", test_dead_on_the_way_up);
  add ("quiet", test_quiet);
  add ("short-break", test_short_break);
  add ("big-and-slow", test_big_and_slow);
  add ("big-and-dead", test_big_and_dead);
  add ("own-sleep", test_own_sleep);
  add ("own-sleep-dead", test_own_sleep_dead);
  add_tls ("dead-and-quiet", test_dead_and_quiet);
  add_tls ("dead-on-the-way-up", test_dead_on_the_way_up);
  add_tls ("big-and-slow", test_big_and_slow);
  return g_test_run ();
}
