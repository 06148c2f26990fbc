/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Commands. The parent talks to the child through two pipes that it polls
 * together with the deadline and the cancellable. Who holds the pipes does not
 * matter: a command is over when its process has ended.
 */
#include "rt2toolexec.h"

#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rt2json.h"

/* Milliseconds between two looks at whether the child has ended. */
#define LOOK_INTERVAL 10

#define TOO_LONG "the output is too long"

/* A command that runs. */
typedef struct {
  GPid pid;           /* of the child, and of its group */
  gint in, out;       /* our ends of its stdin and stdout, or -1 */
  const gchar *input; /* what is still to be written */
  gsize input_size;   /* bytes of it */
  GString *output;    /* what it wrote */
  gint64 deadline;    /* monotonic us, 0 = none */
  GCancellable *cancellable;
  GPollFD cancel;       /* of it, if there is one */
  gboolean has_cancel;  /* there is */
  const gchar *failure; /* why it was killed, static; NULL if it was not */
} Child;

gchar *
rt2_tool_error (const gchar *reason, const gchar *output)
{
  GString *json = g_string_new ("{\"error\":");

  rt2_json_append_string (json, reason);
  if (output && *output) {
    g_string_append (json, ",\"output\":");
    rt2_json_append_string (json, output);
  }
  g_string_append_c (json, '}');
  return g_string_free (json, FALSE);
}

/* --- start --- */

static void
lead_group (gpointer unused)
{
  setpgid (0, 0);
}

/* The environment without what is nobody's business but ours. */
static gchar **
clean_environment (void)
{
  static const gchar *const secrets[] = { "OPENAI_API_KEY",
    "AZURE_OPENAI_API_KEY" };
  gchar **env = g_get_environ ();

  for (guint i = 0; i < G_N_ELEMENTS (secrets); i++)
    env = g_environ_unsetenv (env, secrets[i]);
  return env;
}

static gboolean
start (Child *child, const gchar *const *argv, GError **error)
{
  gchar **env = clean_environment ();
  gboolean started = g_spawn_async_with_pipes (NULL, (gchar **) argv, env,
      G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, lead_group, NULL,
      &child->pid, &child->in, &child->out, NULL, error);

  g_strfreev (env);
  if (!started)
    return FALSE;
  /* Also here: who comes first must not matter. */
  setpgid (child->pid, child->pid);
  g_unix_set_fd_nonblocking (child->in, TRUE, NULL);
  g_unix_set_fd_nonblocking (child->out, TRUE, NULL);
  return TRUE;
}

/* --- talk --- */

static void
close_end (gint *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

/* write(), without the signal that kills who writes to nobody. */
static gssize
write_quietly (gint fd, const gchar *data, gsize size)
{
  static const struct timespec at_once = { 0, 0 };
  sigset_t broken_pipe, pending, before;
  gint reason;
  gssize n;

  sigemptyset (&broken_pipe);
  sigaddset (&broken_pipe, SIGPIPE);
  sigpending (&pending);
  pthread_sigmask (SIG_BLOCK, &broken_pipe, &before);
  n = write (fd, data, size);
  reason = errno;
  if (n < 0 && reason == EPIPE && !sigismember (&pending, SIGPIPE))
    sigtimedwait (&broken_pipe, NULL, &at_once);
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  errno = reason;
  return n;
}

/* Nobody reads: that is the command's choice. */
static void
write_some (Child *child)
{
  gssize n = 0;

  if (child->input_size > 0)
    n = write_quietly (child->in, child->input, child->input_size);
  if (n > 0) {
    child->input += n;
    child->input_size -= n;
  }
  if (child->input_size == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
    close_end (&child->in);
}

/* FALSE if there is nothing more for now. */
static gboolean
read_some (Child *child)
{
  gchar buffer[4096];
  gssize n = read (child->out, buffer, sizeof buffer);

  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
    close_end (&child->out);
  if (n > 0)
    g_string_append_len (child->output, buffer, n);
  if (child->output->len > RT2_TOOL_MAX_OUTPUT)
    child->failure = TOO_LONG;
  return n > 0;
}

static gint
time_left (const Child *child)
{
  gint64 left;

  if (child->deadline == 0)
    return -1;
  left = child->deadline - g_get_monotonic_time ();
  return left <= 0 ? 0 : (gint) MIN (left / 1000 + 1, G_MAXINT);
}

static void
check_limits (Child *child)
{
  if (child->failure)
    return;
  if (g_cancellable_is_cancelled (child->cancellable))
    child->failure = "cancelled";
  else if (time_left (child) == 0)
    child->failure = "timeout";
}

/* Waits for one of the pipes, the deadline or the cancellable, but not long. */
static void
exchange (Child *child)
{
  GPollFD fds[3];
  gint left = time_left (child);
  guint n = 0;

  if (child->out >= 0)
    fds[n++] = (GPollFD){ child->out, G_IO_IN | G_IO_HUP | G_IO_ERR, 0 };
  if (child->in >= 0)
    fds[n++] = (GPollFD){ child->in, G_IO_OUT | G_IO_ERR, 0 };
  if (child->has_cancel)
    fds[n++] = child->cancel;
  g_poll (fds, n, left < 0 ? LOOK_INTERVAL : MIN (left, LOOK_INTERVAL));
  for (guint i = 0; i < n; i++) {
    if (fds[i].revents == 0)
      continue;
    if (fds[i].fd == child->out)
      read_some (child);
    else if (fds[i].fd == child->in)
      write_some (child);
  }
  check_limits (child);
}

/* Leaves it unburied: its number, and that of its group, stay its own. */
static gboolean
has_ended (const Child *child)
{
  siginfo_t info = { 0 };

  return waitid (P_PID, child->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0
      || info.si_pid != 0;
}

static void
talk (Child *child)
{
  child->has_cancel = g_cancellable_make_pollfd (
      child->cancellable, &child->cancel);
  while (!child->failure && !has_ended (child))
    exchange (child);
  if (child->has_cancel)
    g_cancellable_release_fd (child->cancellable);
}

/* --- end --- */

/* Kills what is left of the group, takes what it said last, and buries the
 * child. Returns its wait status. */
static gint
finish (Child *child)
{
  gint status = 0;

  kill (-child->pid, SIGKILL);
  while (!child->failure && child->out >= 0 && read_some (child))
    continue;
  close_end (&child->in);
  close_end (&child->out);
  while (waitpid (child->pid, &status, 0) < 0 && errno == EINTR)
    continue;
  g_spawn_close_pid (child->pid);
  return status;
}

/* What it wrote, as text, less the newline at its end. */
static gchar *
take_text (Child *child)
{
  gchar *text = g_utf8_make_valid (child->output->str, child->output->len);
  gsize n = strlen (text);

  if (n > RT2_TOOL_MAX_OUTPUT && !child->failure)
    child->failure = TOO_LONG;
  if (n > 0 && text[n - 1] == '\n')
    text[--n] = '\0';
  return text;
}

static gchar *
take_answer (Child *child, gint status)
{
  GError *error = NULL;
  gchar *text = take_text (child);
  gchar *answer;

  if (child->failure) {
    answer = rt2_tool_error (child->failure, NULL);
  } else if (!g_spawn_check_wait_status (status, &error)) {
    answer = rt2_tool_error (error->message, text);
    g_error_free (error);
  } else {
    answer = g_steal_pointer (&text);
  }
  g_free (text);
  return answer;
}

gchar *
rt2_tool_exec (const gchar *const *argv, const gchar *arguments,
    guint64 timeout, GCancellable *cancellable)
{
  Child child = { .in = -1,
    .out = -1,
    .input = arguments,
    .input_size = strlen (arguments),
    .cancellable = cancellable };
  GError *error = NULL;
  gchar *answer;

  if (timeout > 0)
    child.deadline = g_get_monotonic_time () + (gint64) (timeout / 1000);
  if (!start (&child, argv, &error)) {
    answer = rt2_tool_error (error->message, NULL);
    g_error_free (error);
    return answer;
  }
  child.output = g_string_new (NULL);
  talk (&child);
  answer = take_answer (&child, finish (&child));
  g_string_free (child.output, TRUE);
  return answer;
}
