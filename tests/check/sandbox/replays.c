/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A log, played: when, with whose ids, and how it ends. */
#include <glib/gstdio.h>
#include <string.h>

#include "client.h"

#define LINE(ms, rest)                                                         \
  "{\"elapsed\":" #ms "000000,\"time\":\"2020-01-01T00:00:00.000000Z\","       \
  "\"connection\":1," rest "}\n"
#define GAP_MS 400

static const gchar log_text[] =
    "{\"elapsed\":0,\"log\":\"realtime2\",\"version\":1}\n" LINE (
        10, "\"note\":\"opened\"") LINE (10,
        "\"direction\":\"server\",\"event\":{\"type\":\"x.created\","
        "\"expires_at\":1577836900}") LINE (20,
        "\"direction\":\"client\",\"event\":{\"type\":\"a\","
        "\"event_id\":\"then-1\",\"item\":{\"id\":\"item-1\"}}") LINE (420,
        "\"direction\":\"server\",\"event\":{\"type\":\"b\","
        "\"error\":{\"event_id\":\"then-1\"},"
        "\"list\":[\"item-1\",\"other\"],"
        "\"delta\":{\"bytes\":4801,\"ms\":100}}") LINE (430,
        "\"note\":\"closed\",\"by\":\"server\","
        "\"code\":1011,\"detail\":\"close code 1011, "
        "reason: over\"");

static Sandbox *
start_replay (gdouble pace, gchar **path)
{
  SandboxOptions options = { .pace = pace };
  gint fd = g_file_open_tmp ("sandbox-log-XXXXXX", path, NULL);

  g_assert_cmpint (fd, >=, 0);
  g_close (fd, NULL);
  g_assert_true (g_file_set_contents (*path, log_text, -1, NULL));
  options.replay_file = *path;
  return start_sandbox (&options);
}

static void
test_played (void)
{
  g_autofree gchar *path = NULL;
  Sandbox *sandbox = start_replay (1, &path);
  Client *client = client_open (sandbox, NULL, NULL, NULL);
  gint64 now = g_get_real_time () / G_USEC_PER_SEC, sent;
  g_autoptr (GPtrArray) differences = NULL;
  JsonObject *event;

  client->lenient = TRUE;
  event = client_next (client);
  /* 100 s after the instant at which it was recorded. */
  g_assert_cmpint (ABS (json_int (event, "expires_at") - now - 100), <=, 30);
  sent = g_get_monotonic_time ();
  client_send (
      client, "{'type':'a','event_id':'now-7','item':{'id':'item-9'}}");
  event = client_next (client);
  g_assert_cmpint (g_get_monotonic_time () - sent, >=, GAP_MS * 1000);
  g_assert_cmpstr (json_text (event, "error.event_id"), ==, "now-7");
  g_assert_cmpstr (json_text (event, "list[0]"), ==, "item-9");
  g_assert_cmpstr (json_text (event, "list[1]"), ==, "other");
  g_assert_cmpuint (strlen (json_text (event, "delta")), ==, 6404);
  g_assert_cmpuint (client_wait_closed (client), ==, 1011);
  client_free (client);
  differences = sandbox_dup_differences (sandbox);
  g_assert_cmpuint (differences->len, ==, 0);
  g_assert_cmpuint (sandbox_count_unsent (sandbox), ==, 0);
  client = client_open (sandbox, NULL, NULL, NULL);
  g_assert_cmpuint (client->status, ==, 410);
  client_free (client);
  sandbox_stop_thread (sandbox);
  g_unlink (path);
}

/* The client says something else: told, and the log goes on without it. */
static void
test_differs (void)
{
  g_autofree gchar *path = NULL;
  Sandbox *sandbox = start_replay (0, &path);
  Client *client = client_open (sandbox, NULL, NULL, NULL);
  g_autoptr (GPtrArray) differences = NULL;

  client->lenient = TRUE;
  client_send (client, "{'type':'c'}");
  g_assert_cmpuint (client_wait_closed (client), ==, 1011);
  differences = sandbox_dup_differences (sandbox);
  g_assert_cmpuint (differences->len, ==, 2);
  g_assert_nonnull (strstr (g_ptr_array_index (differences, 0), "unexpected"));
  g_assert_nonnull (strstr (g_ptr_array_index (differences, 1), "missing: a"));
  g_assert_cmpuint (sandbox_count_unsent (sandbox), ==, 0);
  client_free (client);
  sandbox_stop_thread (sandbox);
  g_unlink (path);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/replays/played", test_played);
  g_test_add_func ("/replays/differs", test_differs);
  return g_test_run ();
}
