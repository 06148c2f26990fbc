/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A move that is asked for while there is no session to move from: before the
 * first, while it is made, and after it was lost. And the key: nothing is made
 * anew for one that serves already, and none is told to anybody.
 */
#include "sessionrig.h"

#include <string.h>

/* Asks for a move to @path of @server with @key. */
static void
move (Rig *rig, TestServer *server, const gchar *path, const gchar *key)
{
  Rt2TransportConfig *config = rt2_transport_config_new ();

  config->url = g_strdup_printf (
      "ws://127.0.0.1:%u%s", test_server_get_port (server), path);
  config->api_key = g_strdup (key);
  config->connect_timeout = 60 * RIG_S;
  rt2_session_move (rig->session, config, "gpt-realtime-2",
      key ? RT2_MOVE_KEY : RT2_MOVE_SETTINGS);
  rt2_transport_config_free (config);
}

/* The first connection is on its way: the session is not taken for one of the
 * server that it is to move to. */
static void
test_connecting (void)
{
  g_autoptr (Rig) rig = rig_new ();
  g_autofree gchar *target = NULL;

  rig_set (&rig->accepts, FALSE);
  rig_start (rig);
  test_server_wait_messages (rig->server, 0, 1);
  move (rig, rig->server, "/later", NULL);
  rig_run_idle (rig);
  rig_set (&rig->accepts, TRUE);
  rig_send_updated (rig, "audio/pcm", "audio/pcm");
  rig_wait (rig, "configured");
  rig_wait (rig, "moved sess_2 settings elsewhere");
  target = test_server_dup_target (rig->server, 1);
  g_assert_true (g_str_has_prefix (target, "/later"));
}

/* That way is lost: the next try goes where it was to move to. */
static void
test_connecting_lost (void)
{
  g_autoptr (Rig) rig = rig_new ();
  g_autofree gchar *target = NULL;

  rig->options->retries = RT2_RETRIES_FOREVER;
  rig_set (&rig->accepts, FALSE);
  rig_start (rig);
  test_server_wait_messages (rig->server, 0, 1);
  move (rig, rig->server, "/later", NULL);
  rig_run_idle (rig);
  test_server_drop (rig->server, 0);
  test_server_wait_messages (rig->server, 1, 1);
  rig_send_updated (rig, "audio/pcm", "audio/pcm");
  rig_wait (rig, "state ready");
  g_assert_cmpuint (test_server_count_requests (rig->server), ==, 2);
  target = test_server_dup_target (rig->server, 1);
  g_assert_true (g_str_has_prefix (target, "/later"));
}

/* The server in use is gone for good: it is tried once more, twice if such a
 * try was under way already. */
static void
test_gone (void)
{
  g_autoptr (Rig) rig = rig_new ();
  TestServer *other = rig_add_server (rig);

  rig->options->retries = RT2_RETRIES_FOREVER;
  rig_start_ready (rig);
  test_server_refuse (rig->server, 503, NULL, NULL);
  rig_drop (rig);
  rig_wait (rig, "lost lost");
  move (rig, other, "/other", NULL);
  rig_wait (rig, "configured again");
  g_assert_cmpuint (test_server_count_requests (other), ==, 1);
  g_assert_cmpuint (test_server_count_requests (rig->server), >=, 2);
  g_assert_cmpuint (test_server_count_requests (rig->server), <=, 3);
  rig_free_session (rig);
  rt2_transport_settle ();
  test_server_free (other);
}

/* A reconnect took the new key by itself. */
static void
test_key_taken (void)
{
  g_autoptr (Rig) rig = rig_new ();
  g_autofree gchar *key = NULL;

  rig_start_ready (rig);
  rig_drop (rig);
  rig_wait (rig, "lost lost");
  rig->key = "sk-new-0123456789";
  move (rig, rig->server, "/v1/realtime", rig->key);
  rig_wait (rig, "configured again");
  rig_run_for (rig, 400);
  key = test_server_dup_header (rig->server, 1, "Authorization");
  g_assert_cmpstr (key, ==, "Bearer sk-new-0123456789");
  g_assert_cmpuint (test_server_count_requests (rig->server), ==, 2);
}

/* The server says the session back, which holds the key: the rig looks whether
 * it is told. */
static void
test_key_quoted (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->key = "sk-quoted-0123456789";
  rig->config->instructions = g_strdup_printf ("Say %s.", rig->key);
  rig_start (rig);
  rig_wait (rig, "configured");
  g_assert_cmpuint (rig->redacted, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/session/moveaway/connecting", test_connecting);
  g_test_add_func ("/session/moveaway/connecting-lost", test_connecting_lost);
  g_test_add_func ("/session/moveaway/gone", test_gone);
  g_test_add_func ("/session/moveaway/key-taken", test_key_taken);
  g_test_add_func ("/session/moveaway/key-quoted", test_key_quoted);
  return g_test_run ();
}
