/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The event log.
 */
#include "rt2eventlog.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "rt2json.h"
#include "rt2logline.h"
#include "rt2thread.h"

#define VERSION 1 /* of the lines */
#define NS_PER_US 1000

struct _Rt2EventLog {
  GThread *thread;                   /* that made it, and alone may use it */
  const Rt2EventLogOwner *functions; /* static */
  gpointer owner;
  int fd;              /* -1: no log is kept */
  gchar *path;         /* as opened, also after a failure; or NULL */
  gint64 begun;        /* monotonic us of the first line */
  guint connections;   /* tried so far, kept or not */
  Rt2LogPolicy policy; /* without its secret */
};

Rt2EventLog *
rt2_event_log_new (const Rt2EventLogOwner *functions, gpointer owner)
{
  Rt2EventLog *log = g_new0 (Rt2EventLog, 1);

  log->thread = g_thread_self ();
  log->functions = functions;
  log->owner = owner;
  log->fd = -1;
  return log;
}

static void
close_file (Rt2EventLog *log)
{
  if (log->fd >= 0)
    close (log->fd);
  log->fd = -1;
}

void
rt2_event_log_free (Rt2EventLog *log)
{
  RT2_ASSERT_THREAD (log->thread);
  close_file (log);
  g_free (log->path);
  g_free (log);
}

gboolean
rt2_event_log_is_on (Rt2EventLog *log)
{
  RT2_ASSERT_THREAD (log->thread);
  return log->fd >= 0;
}

void
rt2_event_log_set_rates (Rt2EventLog *log, guint input_rate, guint output_rate)
{
  RT2_ASSERT_THREAD (log->thread);
  log->policy.input_rate = input_rate;
  log->policy.output_rate = output_rate;
}

/* --- the file --- */

static void
fail (Rt2EventLog *log, const gchar *why, const gchar *hint)
{
  gchar *message = g_strdup_printf (
      "The event log %s is not kept any more: %s. %s", log->path, why, hint);

  close_file (log);
  log->functions->failed (log->owner, message);
  g_free (message);
}

/* Half a line is worse than none; but what somebody else appended stays. */
static void
take_back (Rt2EventLog *log, gsize written)
{
  off_t end = lseek (log->fd, 0, SEEK_CUR);
  struct stat now;

  if (written > 0 && fstat (log->fd, &now) == 0 && S_ISREG (now.st_mode)
      && now.st_size == end && ftruncate (log->fd, end - written) < 0)
    g_debug ("half a line is left in the event log");
}

static void
write_line (Rt2EventLog *log, const GString *line)
{
  gssize written;
  int problem;

  do
    written = write (log->fd, line->str, line->len);
  while (written < 0 && errno == EINTR);
  if (written == (gssize) line->len)
    return;
  problem = written < 0 ? errno : ENOSPC;
  take_back (log, MAX (written, 0));
  fail (log, g_strerror (problem),
      "Make room, or set `event-log` to another file.");
}

/* A pipe could make us wait, or kill the process when its reader goes. */
static gboolean
open_file (Rt2EventLog *log)
{
  struct stat found;

  log->fd = open (log->path,
      O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
  if (log->fd < 0 && errno != ENXIO) {
    fail (log, g_strerror (errno),
        "Set `event-log` to a file that can be written.");
    return FALSE;
  }
  if (log->fd < 0 || fstat (log->fd, &found) < 0
      || (!S_ISREG (found.st_mode) && !S_ISCHR (found.st_mode))) {
    fail (log, "it is a pipe or the like", "Set `event-log` to a file.");
    return FALSE;
  }
  return TRUE;
}

/* --- lines --- */

static void
append_time (GString *line)
{
  gint64 now = g_get_real_time ();
  time_t seconds = now / G_USEC_PER_SEC;
  struct tm utc;
  gchar text[32];

  gmtime_r (&seconds, &utc);
  strftime (text, sizeof (text), "%Y-%m-%dT%H:%M:%S", &utc);
  g_string_append_printf (
      line, "%s.%06dZ", text, (gint) (now % G_USEC_PER_SEC));
}

static GString *
begin_line (Rt2EventLog *log)
{
  GString *line = g_string_sized_new (512);
  guint64 instant = log->functions->running_time (log->owner);

  g_string_append (line, "{\"running-time\":");
  if (instant == G_MAXUINT64)
    g_string_append (line, "null");
  else
    g_string_append_printf (line, "%" G_GUINT64_FORMAT, instant);
  g_string_append_printf (line, ",\"elapsed\":%" G_GINT64_FORMAT ",\"time\":\"",
      (g_get_monotonic_time () - log->begun) * NS_PER_US);
  append_time (line);
  g_string_append_c (line, '"');
  return line;
}

/* Takes @line. */
static void
end_line (Rt2EventLog *log, GString *line)
{
  g_string_append (line, "}\n");
  write_line (log, line);
  g_string_free (line, TRUE);
}

static void
append_string (GString *line, const gchar *name, const gchar *value)
{
  if (!value)
    return;
  g_string_append_printf (line, ",\"%s\":", name);
  rt2_json_append_string (line, value);
}

static void
append_number (GString *line, const gchar *name, guint64 value)
{
  g_string_append_printf (line, ",\"%s\":%" G_GUINT64_FORMAT, name, value);
}

static GString *
begin_note (Rt2EventLog *log, guint connection, const gchar *note)
{
  GString *line = begin_line (log);

  append_number (line, "connection", connection);
  append_string (line, "note", note);
  return line;
}

void
rt2_event_log_open (Rt2EventLog *log, const gchar *path, gboolean with_audio,
    const gchar *type, const gchar *model)
{
  GString *line;

  RT2_ASSERT_THREAD (log->thread);
  log->policy.with_audio = with_audio;
  if (g_strcmp0 (path, log->path) == 0)
    return;
  close_file (log);
  g_free (log->path);
  log->path = g_strdup (path);
  if (!path || !*path || !open_file (log))
    return;
  log->begun = g_get_monotonic_time ();
  line = begin_line (log);
  append_string (line, "log", "realtime2");
  append_number (line, "version", VERSION);
  append_string (line, "type", type);
  append_string (line, "model", model);
  end_line (log, line);
}

guint
rt2_event_log_connect (Rt2EventLog *log, const gchar *where)
{
  GString *line;

  RT2_ASSERT_THREAD (log->thread);
  log->connections++;
  if (log->fd < 0)
    return log->connections;
  line = begin_note (log, log->connections, "connect");
  append_string (line, "to", where);
  end_line (log, line);
  return log->connections;
}

void
rt2_event_log_note (Rt2EventLog *log, guint connection, Rt2LogNote note)
{
  static const gchar *const names[] = { "opened", "configured", "takeover" };

  RT2_ASSERT_THREAD (log->thread);
  if (log->fd >= 0)
    end_line (log, begin_note (log, connection, names[note]));
}

void
rt2_event_log_closed (Rt2EventLog *log, guint connection, const Rt2Fault *fault)
{
  GString *line;

  RT2_ASSERT_THREAD (log->thread);
  if (log->fd < 0)
    return;
  line = begin_note (log, connection, "closed");
  append_string (line, "by", fault ? "server" : "client");
  if (fault) {
    append_number (line, "code", fault->close_code);
    if (fault->http_status > 0)
      append_number (line, "http-status", fault->http_status);
    append_string (line, "message", fault->message);
    append_string (line, "detail", fault->debug);
  }
  end_line (log, line);
}

void
rt2_event_log_retry (Rt2EventLog *log, guint connection, guint64 delay)
{
  GString *line;

  RT2_ASSERT_THREAD (log->thread);
  if (log->fd < 0)
    return;
  line = begin_note (log, connection, "retry");
  append_number (line, "delay", delay);
  end_line (log, line);
}

void
rt2_event_log_event (Rt2EventLog *log, guint connection, gboolean from_server,
    const gchar *text, gsize size, const gchar *secret)
{
  Rt2LogPolicy policy = log->policy;
  GString *line;

  RT2_ASSERT_THREAD (log->thread);
  if (log->fd < 0)
    return;
  policy.secret = secret;
  line = begin_line (log);
  append_number (line, "connection", connection);
  append_string (line, "direction", from_server ? "server" : "client");
  g_string_append (line, ",\"event\":");
  if (!rt2_log_line_append (line, text, size, &policy))
    append_number (line, "size", size);
  end_line (log, line);
}
