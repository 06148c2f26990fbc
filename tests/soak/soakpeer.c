/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A process of its own, and the lines to it.
 */
#include "soakpeer.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct _SoakPeer {
  pid_t pid;
  FILE *in, *out;
};

/* --- the child --- */

static void
drop (const gchar *domain, GLogLevelFlags level, const gchar *message,
    gpointer data)
{
}

void
soak_peer_hush (void)
{
  static const gchar *const domains[] = { "realtime2", "libsoup", "GLib-GIO" };

  for (guint i = 0; i < G_N_ELEMENTS (domains); i++)
    g_log_set_handler (
        domains[i], G_LOG_LEVEL_DEBUG | G_LOG_LEVEL_INFO, drop, NULL);
}

static void
serve (int fd, SoakPeerCarryOut carry_out, gpointer server)
{
  FILE *in = fdopen (fd, "r"), *out = fdopen (dup (fd), "w");
  char *line = NULL;
  size_t size = 0;
  ssize_t length;

  while ((length = getline (&line, &size, in)) > 0) {
    line[length - 1] = '\0';
    fprintf (out, "%" G_GINT64_FORMAT "\n", carry_out (server, line));
    fflush (out);
  }
  _exit (0);
}

/* --- the parent --- */

SoakPeer *
soak_peer_start (int argc, char **argv, SoakPeerSetUp set_up,
    SoakPeerCarryOut carry_out, gpointer data)
{
  SoakPeer *peer = g_new0 (SoakPeer, 1);
  int ends[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    g_error ("no pair of sockets");
  peer->pid = fork ();
  if (peer->pid < 0)
    g_error ("can't fork");
  if (peer->pid == 0) {
    close (ends[0]);
    prctl (PR_SET_PDEATHSIG, SIGKILL);
    /* The test's own words are the parent's to say. */
    dup2 (STDERR_FILENO, STDOUT_FILENO);
    g_test_init (&argc, &argv, NULL);
    soak_peer_hush ();
    serve (ends[1], carry_out, set_up (data));
  }
  close (ends[1]);
  peer->in = fdopen (ends[0], "r");
  peer->out = fdopen (dup (ends[0]), "w");
  return peer;
}

void
soak_peer_free (SoakPeer *peer)
{
  fclose (peer->out);
  shutdown (fileno (peer->in), SHUT_RDWR);
  fclose (peer->in);
  waitpid (peer->pid, NULL, 0);
  g_free (peer);
}

gint64
soak_peer_do (SoakPeer *peer, const gchar *format, ...)
{
  gchar answer[32];
  va_list args;

  va_start (args, format);
  vfprintf (peer->out, format, args);
  va_end (args);
  fputc ('\n', peer->out);
  fflush (peer->out);
  if (fgets (answer, sizeof answer, peer->in) == NULL)
    g_error ("the peer is gone");
  return g_ascii_strtoll (answer, NULL, 10);
}
