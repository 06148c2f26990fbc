/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keys that are changed in their file while the pipeline runs, in all the ways
 * in which that is done: the conversation moves to a session with the new key,
 * once, and for nothing else than another key. No server sees a key that is not
 * for it.
 *
 * How often the element has looked at the file is counted from outside.
 */
#define _GNU_SOURCE /* utimensat() */
#include "agent.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define OLD "sk-old-0123456789"
#define NEW "sk-new-9876543210"
#define NEWEST "sk-newest-5555"

typedef struct {
  gchar *directory;
  gchar *path; /* of the key */
  Agent *agent;
  Stage *stage;
  gint looks; /* inotify, of the directory */
} Talk;

/* --- files --- */

/* In one step, by a rename. */
static void
put_file (const gchar *path, const gchar *text)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents_full (
      path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error);
  g_assert_no_error (error);
}

/* In place: to the file that is there. */
static void
overwrite (const gchar *path, gint flags, const gchar *text)
{
  gint fd = open (path, O_WRONLY | flags);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, text, strlen (text)), ==, strlen (text));
  close (fd);
}

/* Waits until the file was read @n times from now on. */
static void
wait_looks (Talk *talk, guint n)
{
  gchar buffer[4096]
      __attribute__ ((aligned (__alignof__(struct inotify_event))));
  gint flags = fcntl (talk->looks, F_GETFL);

  fcntl (talk->looks, F_SETFL, flags | O_NONBLOCK);
  while (read (talk->looks, buffer, sizeof buffer) > 0)
    ;
  fcntl (talk->looks, F_SETFL, flags & ~O_NONBLOCK);
  while (n > 0) {
    gssize size = read (talk->looks, buffer, sizeof buffer);

    g_assert_cmpint (size, >, 0);
    for (gchar *at = buffer; at < buffer + size && n > 0;) {
      const struct inotify_event *event = (gconstpointer) at;

      n -= event->len > 0 && g_str_equal (event->name, "key");
      at += sizeof *event + event->len;
    }
  }
}

/* --- the talk --- */

static void
talk_play (Talk *talk)
{
  g_autofree gchar *uri = agent_dup_uri (talk->agent);

  talk->stage = stage_new (
      "audiotestsrc is-live=true wave=silence ! "
      "realtime2 name=ai uri=%s api-key-file=%s retry-backoff-max=20000000 ! "
      "fakesink sync=true",
      uri, talk->path);
  stage_play (talk->stage);
  stage_wait (talk->stage, "realtime2/session-updated");
}

static void
talk_prepare (Talk *talk)
{
  talk->directory = stage_make_directory ();
  talk->path = g_build_filename (talk->directory, "key", NULL);
  talk->agent = agent_new ();
  talk->looks = inotify_init1 (IN_CLOEXEC);
  g_assert_cmpint (
      inotify_add_watch (talk->looks, talk->directory, IN_CLOSE_NOWRITE), >=,
      0);
}

static void
talk_init (Talk *talk)
{
  talk_prepare (talk);
  put_file (talk->path, OLD "\n");
  talk_play (talk);
}

static void
talk_clear (Talk *talk)
{
  stage_free (talk->stage);
  agent_free (talk->agent);
  close (talk->looks);
  stage_remove_directory (talk->directory);
  g_free (talk->path);
}

static void
assert_key (Agent *agent, guint request, const gchar *key)
{
  g_autofree gchar *header = test_server_dup_header (
      agent_get_server (agent), request, "Authorization");
  g_autofree gchar *wanted = g_strconcat ("Bearer ", key, NULL);

  g_assert_cmpstr (header, ==, wanted);
}

/* The next move is for the key, and comes from request number @request. */
static void
expect_move (Talk *talk, guint request, const gchar *key)
{
  const GstStructure *moved = stage_wait (
      talk->stage, "realtime2/session-moved");

  g_assert_cmpstr (gst_structure_get_string (moved, "reason"), ==, "key");
  assert_key (talk->agent, request, key);
}

/* That was all that happened, and nobody lost anything by it. */
static void
expect_no_more (Talk *talk, guint moves, guint warnings)
{
  wait_looks (talk, 3);
  stage_expect_no_error (talk->stage);
  g_assert_cmpuint (
      stage_count_element (talk->stage, "realtime2/session-moved"), ==, moves);
  g_assert_cmpuint (
      stage_count_element (talk->stage, "realtime2/session-lost"), ==, 0);
  g_assert_cmpuint (test_server_count_requests (agent_get_server (talk->agent)),
      ==, moves + 1);
  g_assert_cmpuint (
      stage_count (talk->stage, GST_MESSAGE_WARNING), ==, warnings);
}

/* --- another key --- */

static void
test_rename (void)
{
  Talk talk;

  talk_init (&talk);
  assert_key (talk.agent, 0, OLD);
  put_file (talk.path, NEW "\n");
  expect_move (&talk, 1, NEW);
  put_file (talk.path, OLD "\n");
  expect_move (&talk, 2, OLD);
  expect_no_more (&talk, 2, 0);
  talk_clear (&talk);
}

/* A folder of this name with the key in it. */
static void
make_folder (Talk *talk, const gchar *name, const gchar *key)
{
  g_autofree gchar *folder = g_build_filename (talk->directory, name, NULL);
  g_autofree gchar *path = g_build_filename (folder, "key", NULL);

  g_assert_cmpint (g_mkdir (folder, 0700), ==, 0);
  put_file (path, key);
}

static void
remove_folder (Talk *talk, const gchar *name)
{
  g_autofree gchar *folder = g_build_filename (talk->directory, name, NULL);
  g_autofree gchar *path = g_build_filename (folder, "key", NULL);

  g_remove (path);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

/* The link "..data" leads to @folder from now on. */
static void
swap_link (Talk *talk, const gchar *folder)
{
  g_autofree gchar *link = g_build_filename (talk->directory, "..data", NULL);
  g_autofree gchar *next = g_build_filename (talk->directory, "..tmp", NULL);

  g_assert_cmpint (symlink (folder, next), ==, 0);
  g_assert_cmpint (g_rename (next, link), ==, 0);
}

/* As a cluster puts its secrets into a container. */
static void
test_link_swap (void)
{
  Talk talk;

  talk_prepare (&talk);
  make_folder (&talk, "..1", OLD);
  swap_link (&talk, "..1");
  g_assert_cmpint (symlink ("..data/key", talk.path), ==, 0);
  talk_play (&talk);
  assert_key (talk.agent, 0, OLD);
  make_folder (&talk, "..2", NEW);
  swap_link (&talk, "..2");
  remove_folder (&talk, "..1");
  expect_move (&talk, 1, NEW);
  stage_expect_no_error (talk.stage);
  g_assert_cmpuint (stage_count (talk.stage, GST_MESSAGE_WARNING), ==, 0);
  remove_folder (&talk, "..2");
  talk_clear (&talk);
}

/* Of the same size, in the same file, of the same age: but for what is in it,
 * nothing tells them apart. It is empty for a while. */
static void
test_in_place (void)
{
  Talk talk;
  GStatBuf before, after;
  struct timespec times[2];

  G_STATIC_ASSERT (sizeof OLD == sizeof NEW);
  talk_init (&talk);
  g_assert_cmpint (g_stat (talk.path, &before), ==, 0);
  overwrite (talk.path, O_TRUNC, "");
  wait_looks (&talk, 2);
  overwrite (talk.path, 0, NEW "\n");
  times[0] = before.st_atim;
  times[1] = before.st_mtim;
  g_assert_cmpint (utimensat (AT_FDCWD, talk.path, times, 0), ==, 0);
  expect_move (&talk, 1, NEW);
  g_assert_cmpint (g_stat (talk.path, &after), ==, 0);
  g_assert_cmpint (after.st_ino, ==, before.st_ino);
  g_assert_cmpint (after.st_size, ==, before.st_size);
  g_assert_cmpint (after.st_mtime, ==, before.st_mtime);
  expect_no_more (&talk, 1, 0);
  talk_clear (&talk);
}

static void
test_burst (void)
{
  Talk talk;

  talk_init (&talk);
  for (guint i = 0; i < 50; i++) {
    g_autofree gchar *key = g_strdup_printf ("sk-%u", i);

    put_file (talk.path, key);
  }
  put_file (talk.path, NEWEST);
  expect_move (&talk, 1, NEWEST);
  expect_no_more (&talk, 1, 0);
  talk_clear (&talk);
}

/* --- no other key --- */

/* It is written anew, touched, and what is around the key changes. */
static void
test_same (void)
{
  static const gchar *const same[] = { OLD "\n", "  " OLD "  \n", OLD,
    OLD "\nanother line\n" };
  Talk talk;

  talk_init (&talk);
  for (guint i = 0; i < G_N_ELEMENTS (same); i++) {
    put_file (talk.path, same[i]);
    wait_looks (&talk, 2);
  }
  g_assert_cmpint (utimensat (AT_FDCWD, talk.path, NULL, 0), ==, 0);
  expect_no_more (&talk, 0, 0);
  /* That was looked at, after all. */
  put_file (talk.path, NEW);
  expect_move (&talk, 1, NEW);
  talk_clear (&talk);
}

static void
assert_names_file (GstMessage *message)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *debug = NULL;

  gst_message_parse_warning (message, &error, &debug);
  g_assert_nonnull (strstr (error->message, "api-key-file"));
  g_assert_null (strstr (error->message, "sk-"));
  g_assert_null (debug ? strstr (debug, "sk-") : NULL);
}

/* It is told of once; what was in it serves, for a lost connection too; and
 * when the file is there again it counts. */
static void
test_vanished (void)
{
  Talk talk;

  talk_init (&talk);
  g_remove (talk.path);
  assert_names_file (stage_wait_warning (talk.stage));
  test_server_drop (agent_get_server (talk.agent), 0);
  stage_wait (talk.stage, "realtime2/session-restored");
  assert_key (talk.agent, 1, OLD);
  put_file (talk.path, OLD);
  wait_looks (&talk, 3);
  put_file (talk.path, NEW);
  expect_move (&talk, 2, NEW);
  stage_expect_no_error (talk.stage);
  g_assert_cmpuint (stage_count (talk.stage, GST_MESSAGE_WARNING), ==, 1);
  talk_clear (&talk);
}

/* A key that the server does not take: the old session goes on, and the next
 * key has its turn. */
static void
test_refused (void)
{
  Talk talk;
  TestServer *server;

  talk_init (&talk);
  server = agent_get_server (talk.agent);
  test_server_refuse (server, 401,
      "{\"error\":{\"code\":\"invalid_api_key\",\"message\":\"Not " NEW ".\"}}",
      NULL);
  put_file (talk.path, NEW);
  assert_names_file (stage_wait_warning (talk.stage));
  assert_key (talk.agent, 1, NEW);
  wait_looks (&talk, 3);
  g_assert_cmpuint (test_server_count_requests (server), ==, 2);
  test_server_refuse (server, 0, NULL, NULL);
  put_file (talk.path, NEWEST);
  expect_move (&talk, 2, NEWEST);
  stage_expect_no_error (talk.stage);
  g_assert_cmpuint (
      stage_count_element (talk.stage, "realtime2/session-lost"), ==, 0);
  g_assert_cmpuint (stage_count (talk.stage, GST_MESSAGE_WARNING), ==, 1);
  talk_clear (&talk);
}

/* `api-key` comes before the file, whatever is written to it. */
static void
test_property (void)
{
  Talk talk;

  talk_init (&talk);
  g_object_set (talk.stage->ai, "api-key", NEWEST, NULL);
  expect_move (&talk, 1, NEWEST);
  put_file (talk.path, NEW);
  g_object_set (talk.stage->ai, "api-key", NULL, NULL);
  expect_move (&talk, 2, NEW);
  expect_no_more (&talk, 2, 0);
  talk_clear (&talk);
}

/* --- whose key it is --- */

static void
refuse_and_drop (Agent *agent)
{
  TestServer *server = agent_get_server (agent);

  test_server_refuse (server, 503, NULL, NULL);
  test_server_drop (server, test_server_count_connections (server) - 1);
}

/* The fallback has a key of its own, and is in use while the file changes: the
 * key in the file leads back to the server that it is for. */
static void
test_fallback (void)
{
  g_autoptr (Agent) other = agent_new ();
  g_autofree gchar *uri = agent_dup_uri (other);
  const GstStructure *moved;
  guint n;
  Talk talk;

  talk_prepare (&talk);
  put_file (talk.path, OLD);
  {
    g_autofree gchar *first = agent_dup_uri (talk.agent);

    talk.stage = stage_new (
        "audiotestsrc is-live=true wave=silence ! realtime2 name=ai uri=%s "
        "api-key-file=%s retry-backoff-max=20000000 fallback-uri=%s "
        "fallback-api-key=sk-fallback ! fakesink sync=true",
        first, talk.path, uri);
  }
  stage_play (talk.stage);
  stage_wait (talk.stage, "realtime2/session-updated");
  refuse_and_drop (talk.agent);
  moved = stage_wait (talk.stage, "realtime2/session-moved");
  g_assert_cmpstr (gst_structure_get_string (moved, "reason"), ==, "fallback");
  n = test_server_count_requests (agent_get_server (talk.agent));
  test_server_refuse (agent_get_server (talk.agent), 0, NULL, NULL);
  put_file (talk.path, NEW);
  expect_move (&talk, n, NEW);
  for (guint i = 0; i < n; i++)
    assert_key (talk.agent, i, OLD);
  g_assert_cmpuint (
      test_server_count_requests (agent_get_server (other)), ==, 1);
  assert_key (other, 0, "sk-fallback");
  talk_clear (&talk);
}

/* `uri` was set, and then the key for it is written: the server that was left
 * never sees that. */
static void
test_other_server (void)
{
  g_autoptr (Agent) other = agent_new ();
  g_autofree gchar *uri = agent_dup_uri (other);
  const GstStructure *moved;
  Talk talk;

  talk_init (&talk);
  g_object_set (talk.stage->ai, "uri", uri, NULL);
  moved = stage_wait (talk.stage, "realtime2/session-moved");
  g_assert_cmpstr (gst_structure_get_string (moved, "reason"), ==, "settings");
  put_file (talk.path, NEW);
  moved = stage_wait (talk.stage, "realtime2/session-moved");
  g_assert_cmpstr (gst_structure_get_string (moved, "reason"), ==, "key");
  assert_key (other, 1, NEW);
  assert_key (talk.agent, 0, OLD);
  g_assert_cmpuint (
      test_server_count_requests (agent_get_server (talk.agent)), ==, 1);
  talk_clear (&talk);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Comes after the file, for any server: nobody is to see it. */
  g_setenv ("OPENAI_API_KEY", "sk-environment", TRUE);
  gst_init (&argc, &argv);
  g_test_add_func ("/keyfiles/rename", test_rename);
  g_test_add_func ("/keyfiles/link-swap", test_link_swap);
  g_test_add_func ("/keyfiles/in-place", test_in_place);
  g_test_add_func ("/keyfiles/burst", test_burst);
  g_test_add_func ("/keyfiles/same", test_same);
  g_test_add_func ("/keyfiles/vanished", test_vanished);
  g_test_add_func ("/keyfiles/refused", test_refused);
  g_test_add_func ("/keyfiles/property", test_property);
  g_test_add_func ("/keyfiles/fallback", test_fallback);
  g_test_add_func ("/keyfiles/other-server", test_other_server);
  return g_test_run ();
}
