/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The event log: every event both ways, each on a line that is whole whatever
 * becomes of the process or the disk, and a conversation that goes on without
 * it.
 */
#include "rt2eventlog.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sessionrig.h"

#define KEY "sk-Zq81mNp0"
#define EVENT "{\"type\":\"x\",\"text\":\"0123456789012345678901234567890\"}"

/* -- files ---------------------------------------------------------------- */

typedef struct {
  gchar *directory, *path;
} Place;

static void
place_init (Place *place, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  place->directory = g_dir_make_tmp ("rt2-log-XXXXXX", &error);
  g_assert_no_error (error);
  place->path = g_build_filename (place->directory, "log.jsonl", NULL);
}

static void
place_clear (Place *place, gconstpointer data)
{
  g_unlink (place->path);
  g_assert_cmpint (g_rmdir (place->directory), ==, 0);
  g_free (place->directory);
  g_free (place->path);
}

/* Every line of the file, which must be a whole JSON object. */
static GPtrArray *
read_log (const gchar *path)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func (
      (GDestroyNotify) json_object_unref);
  g_autoptr (GError) error = NULL;
  g_autofree gchar *content = NULL;
  gsize size;
  const gchar *at, *end;

  g_file_get_contents (path, &content, &size, &error);
  g_assert_no_error (error);
  g_assert_true (size == 0 || content[size - 1] == '\n');
  for (at = content; at < content + size; at = end + 1) {
    JsonObject *line;

    end = strchr (at, '\n');
    line = rt2_json_parse_object (at, end - at, &error);
    g_assert_no_error (error);
    g_ptr_array_add (lines, line);
  }
  return lines;
}

/* What a line is about: "log", a note, or "client TYPE"; caller frees it. */
static gchar *
subject (JsonObject *line)
{
  const gchar *note = rt2_json_string (line, "note");
  const gchar *direction = rt2_json_string (line, "direction");

  if (note)
    return g_strdup (note);
  if (!direction)
    return g_strdup (rt2_json_string (line, "log"));
  return g_strdup_printf ("%s %s", direction,
      rt2_json_string (rt2_json_object (line, "event"), "type"));
}

/* The first line from @from on that is about this; it must be there. */
static JsonObject *
find_line (GPtrArray *lines, guint from, const gchar *about)
{
  for (guint i = from; i < lines->len; i++) {
    g_autofree gchar *is = subject (g_ptr_array_index (lines, i));

    if (g_strcmp0 (is, about) == 0)
      return g_ptr_array_index (lines, i);
  }
  g_error ("no line is about %s", about);
}

static void
assert_subjects (GPtrArray *lines, const gchar *const *expected)
{
  for (guint i = 0; expected[i]; i++) {
    g_autofree gchar *is = NULL;

    g_assert_cmpuint (i, <, lines->len);
    is = subject (g_ptr_array_index (lines, i));
    g_assert_cmpstr (is, ==, expected[i]);
  }
}

/* -- the log by itself ---------------------------------------------------- */

typedef struct {
  guint64 instant;
  guint failures;
  gchar *message;
} Owner;

static guint64
running_time (gpointer owner)
{
  return ((Owner *) owner)->instant;
}

static void
failed (gpointer data, const gchar *message)
{
  Owner *owner = data;

  owner->failures++;
  g_free (owner->message);
  owner->message = g_strdup (message);
}

static const Rt2EventLogOwner functions = { running_time, failed };

static void
add_event (Rt2EventLog *log, gboolean from_server, const gchar *text)
{
  rt2_event_log_event (log, 1, from_server, text, strlen (text), KEY);
}

static void
test_lines (Place *place, gconstpointer data)
{
  static const gchar *const expected[] = { "realtime2", "connect", "opened",
    "client x", "server y", "configured", "takeover", "closed", "retry",
    "closed", NULL };
  Owner owner = { G_MAXUINT64, 0, NULL };
  Rt2EventLog *log = rt2_event_log_new (&functions, &owner);
  g_autoptr (Rt2Fault) fault = rt2_fault_from_close (1001, "bye", NULL, NULL);
  g_autoptr (GPtrArray) lines = NULL;
  struct stat found;

  add_event (log, TRUE, EVENT);
  rt2_event_log_open (log, place->path, FALSE, "realtime", NULL);
  g_assert_cmpuint (rt2_event_log_connect (log, "host:1"), ==, 1);
  rt2_event_log_note (log, 1, RT2_LOG_OPENED);
  owner.instant = 7;
  add_event (log, FALSE, "{\"type\":\"x\"}");
  add_event (log, TRUE, "{\"type\":\"y\",\"t\":\"" KEY "\"}");
  rt2_event_log_note (log, 1, RT2_LOG_CONFIGURED);
  rt2_event_log_note (log, 1, RT2_LOG_TAKEOVER);
  rt2_event_log_closed (log, 1, fault);
  rt2_event_log_retry (log, 1, 20);
  rt2_event_log_closed (log, 2, NULL);
  rt2_event_log_free (log);

  g_assert_cmpint (g_stat (place->path, &found), ==, 0);
  g_assert_cmpint (found.st_mode & 0777, ==, 0600);
  lines = read_log (place->path);
  g_assert_cmpuint (lines->len, ==, 10);
  assert_subjects (lines, expected);
  g_assert_true (json_object_get_null_member (
      g_ptr_array_index (lines, 0), "running-time"));
  g_assert_cmpuint (
      rt2_json_uint (g_ptr_array_index (lines, 3), "running-time", 0), ==, 7);
  g_assert_cmpuint (
      rt2_json_uint (g_ptr_array_index (lines, 7), "code", 0), ==, 1001);
  g_assert_cmpstr (rt2_json_string (g_ptr_array_index (lines, 7), "detail"), ==,
      "close code 1001, reason: bye");
  g_assert_cmpstr (
      rt2_json_string (g_ptr_array_index (lines, 9), "by"), ==, "client");
  g_assert_cmpuint (owner.failures, ==, 0);
}

/* Goes on in a file that is there, and in another one when told so. */
static void
test_switch (Place *place, gconstpointer data)
{
  Owner owner = { 0 };
  Rt2EventLog *log = rt2_event_log_new (&functions, &owner);
  g_autofree gchar *other = g_strconcat (place->path, "2", NULL);
  g_autoptr (GPtrArray) first = NULL, second = NULL;

  for (guint i = 0; i < 2; i++) {
    rt2_event_log_open (log, place->path, FALSE, NULL, NULL);
    rt2_event_log_open (log, place->path, i > 0, NULL, NULL);
    add_event (log, TRUE, "{\"audio\":\"AAAA\"}");
    rt2_event_log_open (log, i > 0 ? other : NULL, FALSE, NULL, NULL);
    g_assert_cmpint (rt2_event_log_is_on (log), ==, i > 0);
  }
  add_event (log, TRUE, EVENT);
  rt2_event_log_free (log);

  first = read_log (place->path);
  second = read_log (other);
  g_assert_cmpuint (first->len, ==, 4);
  g_assert_cmpuint (second->len, ==, 2);
  g_assert_nonnull (rt2_json_object (
      rt2_json_object (g_ptr_array_index (first, 1), "event"), "audio"));
  g_assert_cmpstr (
      rt2_json_string (
          rt2_json_object (g_ptr_array_index (first, 3), "event"), "audio"),
      ==, "AAAA");
  g_unlink (other);
}

static void
test_no_event (Place *place, gconstpointer data)
{
  Owner owner = { 0 };
  Rt2EventLog *log = rt2_event_log_new (&functions, &owner);
  g_autoptr (GPtrArray) lines = NULL;

  rt2_event_log_open (log, place->path, FALSE, NULL, NULL);
  add_event (log, TRUE, "no event\n" KEY);
  rt2_event_log_free (log);
  lines = read_log (place->path);
  g_assert_cmpstr (rt2_json_string (g_ptr_array_index (lines, 1), "event"), ==,
      "no event\n***");
  g_assert_cmpuint (rt2_json_uint (g_ptr_array_index (lines, 1), "size", 0), ==,
      strlen ("no event\n" KEY));
}

/* One failure, told once, in words that name the file and the property. */
static void
assert_fails (const gchar *path)
{
  Owner owner = { 0 };
  Rt2EventLog *log = rt2_event_log_new (&functions, &owner);

  rt2_event_log_open (log, path, FALSE, NULL, NULL);
  for (guint i = 0; i < 3; i++)
    add_event (log, TRUE, EVENT);
  g_assert_cmpuint (owner.failures, ==, 1);
  g_assert_false (rt2_event_log_is_on (log));
  g_assert_nonnull (strstr (owner.message, path));
  g_assert_nonnull (strstr (owner.message, "event-log"));
  rt2_event_log_free (log);
  g_free (owner.message);
}

static void
test_bad_places (Place *place, gconstpointer data)
{
  g_autofree gchar *nowhere = g_build_filename (
      place->directory, "no", "where", NULL);
  int reader;

  assert_fails (nowhere);
  assert_fails (place->directory);
  assert_fails ("/dev/full");
  g_assert_cmpint (mkfifo (place->path, 0600), ==, 0);
  assert_fails (place->path);
  reader = open (place->path, O_RDONLY | O_NONBLOCK);
  g_assert_cmpint (reader, >=, 0);
  assert_fails (place->path);
  close (reader);
}

/* The disk takes half a line: it is taken back. */
static void
test_full (Place *place, gconstpointer data)
{
  Owner owner = { 0 };
  Rt2EventLog *log = rt2_event_log_new (&functions, &owner);
  struct rlimit before, small;
  g_autoptr (GPtrArray) lines = NULL;

  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &before), ==, 0);
  small = before;
  small.rlim_cur = 2000;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &small), ==, 0);
  rt2_event_log_open (log, place->path, FALSE, NULL, NULL);
  for (guint i = 0; i < 100; i++)
    add_event (log, TRUE, EVENT);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &before), ==, 0);
  g_assert_cmpuint (owner.failures, ==, 1);
  rt2_event_log_free (log);
  g_free (owner.message);
  lines = read_log (place->path);
  g_assert_cmpuint (lines->len, >, 5);
}

/* Killed in the middle of it. */
static void
test_killed (Place *place, gconstpointer data)
{
  g_autoptr (GPtrArray) lines = NULL;
  struct stat found = { 0 };
  pid_t child = fork ();
  int status;

  g_assert_cmpint (child, >=, 0);
  if (child == 0) {
    Owner owner = { 0 };
    Rt2EventLog *log = rt2_event_log_new (&functions, &owner);

    rt2_event_log_open (log, place->path, FALSE, NULL, NULL);
    for (;;)
      add_event (log, TRUE, EVENT);
  }
  while (found.st_size < 200000) {
    g_usleep (1000);
    g_stat (place->path, &found);
    g_assert_cmpint (waitpid (child, &status, WNOHANG), ==, 0);
  }
  kill (child, SIGKILL);
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFSIGNALED (status));
  lines = read_log (place->path);
  g_assert_cmpuint (lines->len, >, 500);
}

/* -- the log of a session ------------------------------------------------- */

static void
test_session (Place *place, gconstpointer data)
{
  static const gchar *const expected[] = { "realtime2", "connect", "opened",
    "server session.created", "client session.update", "server session.updated",
    "configured", NULL };
  g_autoptr (Rig) rig = rig_new ();
  g_autoptr (GPtrArray) lines = NULL;
  JsonObject *event;

  rig->options->event_log = g_strdup (place->path);
  rig->options->transport->api_key = g_strdup (KEY);
  rig->instant = 123;
  rig_start_ready (rig);
  rig_push_ms (rig, 40, 0);
  rig_wait_sent (rig, "input_audio_buffer.append", 1);
  rig_send_response_created (rig, "R");
  rig_send_audio (rig, "R", "I", 4800);
  rig_send (rig, "{\"type\":\"x\",\"t\":\"%s\"}", KEY);
  rig_flush_down (rig);
  rig_free_session (rig);

  lines = read_log (place->path);
  assert_subjects (lines, expected);
  for (guint i = 0; i < lines->len; i++)
    g_assert_cmpuint (
        rt2_json_uint (g_ptr_array_index (lines, i), "running-time", 0), ==,
        123);
  event = rt2_json_object (
      find_line (lines, 6, "client input_audio_buffer.append"), "event");
  g_assert_cmpuint (
      rt2_json_uint (rt2_json_object (event, "audio"), "ms", 0), ==, 40);
  event = rt2_json_object (
      find_line (lines, 6, "server response.output_audio.delta"), "event");
  g_assert_cmpuint (
      rt2_json_uint (rt2_json_object (event, "delta"), "bytes", 0), ==, 4800);
  g_assert_cmpuint (
      rt2_json_uint (rt2_json_object (event, "delta"), "ms", 0), ==, 100);
  event = rt2_json_object (find_line (lines, 6, "server x"), "event");
  g_assert_cmpstr (rt2_json_string (event, "t"), ==, "***");
  g_assert_cmpstr (
      rt2_json_string (find_line (lines, 6, "closed"), "by"), ==, "client");
}

/* The second connection has a number of its own. */
static void
test_reconnect (Place *place, gconstpointer data)
{
  static const gchar *const expected[] = { "realtime2", "connect", "opened",
    "server session.created", "client session.update", "server session.updated",
    "configured", "closed", "retry", "connect", "opened",
    "server session.created", NULL };
  g_autoptr (Rig) rig = rig_new ();
  g_autoptr (GPtrArray) lines = NULL;

  rig->options->event_log = g_strdup (place->path);
  rig_start_ready (rig);
  rig_drop (rig);
  rig_wait_n (rig, "state ready", 1);
  rig_free_session (rig);
  lines = read_log (place->path);
  assert_subjects (lines, expected);
  for (guint i = 1; i < 12; i++)
    g_assert_cmpuint (
        rt2_json_uint (g_ptr_array_index (lines, i), "connection", 0), ==,
        i < 9 ? 1 : 2);
}

/* What is said to the fallback is in it. */
static void
test_fallback (Place *place, gconstpointer data)
{
  g_autoptr (Rig) rig = rig_new ();
  g_autoptr (GPtrArray) lines = NULL;
  TestServer *other = rig_add_server (rig);
  Rt2TransportConfig *fallback = rt2_transport_config_new ();

  fallback->url = test_server_dup_url (other);
  rig->options->fallback = fallback;
  rig->options->event_log = g_strdup (place->path);
  test_server_refuse (rig->server, 401, NULL, NULL);
  rig_start (rig);
  rig_wait (rig, "state ready");
  rig_free_session (rig);
  rt2_transport_settle ();
  test_server_free (other);
  lines = read_log (place->path);
  find_line (lines, 0, "server session.created");
  find_line (lines, 0, "client session.update");
  g_assert_cmpuint (
      rt2_json_uint (find_line (lines, 0, "opened"), "connection", 0), ==, 2);
}

/* A connection in the background is in it, too, up to its end. */
static void
test_standby (Place *place, gconstpointer data)
{
  g_autoptr (Rig) rig = rig_new ();
  g_autoptr (Rt2TransportConfig) other = rt2_transport_config_new ();
  g_autoptr (GPtrArray) lines = NULL;
  guint ends = 0;

  rig->options->event_log = g_strdup (place->path);
  rig_start_ready (rig);
  rig_set (&rig->creates, FALSE);
  other->url = test_server_dup_url (rig->server);
  rt2_session_move (rig->session, other, "another", RT2_MOVE_SETTINGS);
  test_server_wait_connections (rig->server, 2);
  rig_free_session (rig);
  lines = read_log (place->path);
  for (guint i = 0; i < lines->len; i++) {
    JsonObject *line = g_ptr_array_index (lines, i);

    if (g_strcmp0 (rt2_json_string (line, "note"), "closed") == 0)
      ends |= 1 << rt2_json_uint (line, "connection", 0);
  }
  g_assert_cmpuint (ends, ==, 1 << 1 | 1 << 2);
}

/* No disk for it: one warning, and the conversation goes on; then another file
 * in the middle of it. */
static void
test_no_room (Place *place, gconstpointer data)
{
  g_autoptr (Rig) rig = rig_new ();
  g_autoptr (GPtrArray) lines = NULL;

  rig->options->event_log = g_strdup ("/dev/full");
  rig_start (rig);
  rig_wait (rig, "state ready");
  g_assert_cmpuint (rig_count (rig, "log-failed"), ==, 1);
  rt2_session_set_event_log (rig->session, place->path, FALSE);
  rig_run_idle (rig);
  rig_send_response_created (rig, "R");
  rig_flush_down (rig);
  rt2_session_set_event_log (rig->session, NULL, FALSE);
  rig_run_idle (rig);
  rig_send_response_done (rig, "R", "completed");
  rig_flush_down (rig);
  g_assert_cmpuint (rig_count (rig, "log-failed"), ==, 1);
  lines = read_log (place->path);
  g_assert_nonnull (find_line (lines, 0, "server response.created"));
  for (guint i = 0; i < lines->len; i++) {
    g_autofree gchar *is = subject (g_ptr_array_index (lines, i));

    g_assert_cmpstr (is, !=, "server response.done");
  }
}

#define ADD(name, func)                                                        \
  g_test_add ("/eventlog/" name, Place, NULL, place_init, func, place_clear)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("lines", test_lines);
  ADD ("switch", test_switch);
  ADD ("no-event", test_no_event);
  ADD ("bad-places", test_bad_places);
  ADD ("full", test_full);
  ADD ("killed", test_killed);
  ADD ("session", test_session);
  ADD ("reconnect", test_reconnect);
  ADD ("fallback", test_fallback);
  ADD ("standby", test_standby);
  ADD ("no-room", test_no_room);
  return g_test_run ();
}
