/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two sandboxes behind relays, told what to do line by line.
 */
#include "chaospeer.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chaosaudit.h"
#include "chaosrelay.h"
#include "sandbox.h"
#include "soakpeer.h"

#define PACE 4

struct _ChaosPeer {
  pid_t pid;
  FILE *in, *out;
};

/* --- the child --- */

#define TOOL(name) "{\"call\":{\"name\":\"" name "\",\"arguments\":{}}}"
#define SPEECH(text, phase, ms)                                                \
  "{\"text\":\"" text "\",\"phase\":\"" phase "\",\"tone_ms\":" ms "}"
#define ANSWER(ms) SPEECH ("So it is.", "final_answer", ms)
#define FAILURE                                                                \
  "{\"say\":[" ANSWER (                                                        \
      "300") "],\"status\":\"failed\",\"error\":{"                             \
             "\"code\":\"server_error\",\"message\":\"Sorry.\"}}"

static const gchar script[] =
    "{\"loop\":true,\"scope\":\"server\",\"turns\":["
    "{\"hear\":\"First.\",\"say\":[" ANSWER (
        "600") "]},"
               "{\"hear\":\"Second.\",\"say\":[" SPEECH ("Let me see.", "commentary", "400") "," ANSWER (
                   "1500") "]},"
                           "{\"hear\":\"Third.\",\"say\":[" TOOL (
                               "look") "]},"
                                       "{\"say\":[" ANSWER (
                                           "900") "]},"
                                                  "{\"hear\":\"Fourth.\",\"say\":[" ANSWER (
                                                      "4000") "]},"
                                                              "{\"hear\":\"Fifth.\",\"say\":[" SPEECH ("Wait.", "commentary", "500") "," TOOL ("look") "," TOOL ("think") "," TOOL (
                                                                  "look") "]},"
                                                                          "{\"say\":[" ANSWER (
                                                                              "1200") "]},"
                                                                                      "{\"hear\":\"Sixth.\",\"delay_created_ms\":400,\"say\":[" ANSWER (
                                                                                          "800") "]},"
                                                                                                 "{\"say\":[" ANSWER (
                                                                                                     "700") "],\"status\":\"incomplete\"}," FAILURE
                                                                                                            ","
                                                                                                            "{\"hear\":\"Seventh.\",\"hold\":900,\"say\":[" ANSWER (
                                                                                                                "500") "]},"
                                                                                                                       "{\"hear\":\"Eighth.\",\"say\":[" ANSWER (
                                                                                                                           "1000") "],"
                                                                                                                                   "\"close\":{\"code\":1011,\"reason\":\"Sorry.\",\"after_ms\":300}},"
                                                                                                                                   "{\"hear\":\"Ninth.\",\"delay_ms\":700,\"transcript_first\":true,\"say\":[" ANSWER (
                                                                                                                                       "2500") "]}]}";

typedef struct {
  Sandbox *sandboxes[2];
  ChaosRelay *roads[CHAOS_ROADS];
  ChaosAudit *audit;
} Server;

/* Calls @func for each road that the first word of @rest names. */
#define FOR_EACH_ROAD(server, rest, i)                                         \
  for (gint i = *(rest) == '*' ? 0 : atoi (rest),                              \
            i##_end = *(rest) == '*' ? CHAOS_ROADS : i + 1;                    \
       i < i##_end; i++)

static const gchar *
skip_word (const gchar *rest)
{
  const gchar *space = strchr (rest, ' ');

  return space != NULL ? space + 1 : "";
}

static gint64
do_port (Server *server, const gchar *rest)
{
  return chaos_relay_get_port (server->roads[atoi (rest)]);
}

static gint64
do_reset (Server *server, const gchar *rest)
{
  FOR_EACH_ROAD (server, rest, i)
  chaos_relay_cut (server->roads[i], TRUE);
  return 0;
}

static gint64
do_hangup (Server *server, const gchar *rest)
{
  FOR_EACH_ROAD (server, rest, i)
  chaos_relay_cut (server->roads[i], FALSE);
  return 0;
}

static gint64
do_close (Server *server, const gchar *rest)
{
  guint code = atoi (skip_word (rest));

  FOR_EACH_ROAD (server, rest, i)
  chaos_relay_close (server->roads[i], code);
  return 0;
}

static gint64
do_stop (Server *server, const gchar *rest)
{
  const gchar *up = skip_word (rest), *down = skip_word (up);

  FOR_EACH_ROAD (server, rest, i)
  chaos_relay_stop (server->roads[i], atoi (up), atoi (down));
  return 0;
}

static gint64
do_rates (Server *server, const gchar *rest)
{
  const gchar *up = skip_word (rest), *down = skip_word (up);

  FOR_EACH_ROAD (server, rest, i)
  chaos_relay_set_rates (server->roads[i], atoi (up), atoi (down));
  return 0;
}

static gint64
do_burst (Server *server, const gchar *rest)
{
  FOR_EACH_ROAD (server, rest, i)
  chaos_relay_set_burst (server->roads[i], atoi (skip_word (rest)));
  return 0;
}

static gint64
do_refuse (Server *server, const gchar *rest)
{
  const gchar *n = skip_word (rest), *status = skip_word (n);
  const gchar *after = skip_word (status);

  FOR_EACH_ROAD (server, rest, i)
  chaos_relay_refuse (server->roads[i], atoi (n), atoi (status), atoi (after));
  return 0;
}

static gint64
do_refused (Server *server, const gchar *rest)
{
  gint64 n = 0;

  FOR_EACH_ROAD (server, "*", i)
  n += chaos_relay_count_refused (server->roads[i]);
  return n;
}

static gint64
do_send (Server *server, const gchar *rest)
{
  for (guint i = 0; i < G_N_ELEMENTS (server->sandboxes); i++)
    sandbox_send_raw (server->sandboxes[i], rest);
  return 0;
}

static gint64
do_heard (Server *server, const gchar *rest)
{
  g_auto (GStrv) words = g_strsplit (rest, " ", 2);

  chaos_audit_heard (server->audit, words[0], atoi (words[1]));
  return 0;
}

static gint64
do_answered (Server *server, const gchar *rest)
{
  return chaos_audit_is_answered (server->audit, atoi (rest));
}

static gint64
do_output (Server *server, const gchar *rest)
{
  return chaos_audit_has_output (server->audit, rest);
}

static gint64
do_sum (Server *server, const gchar *rest)
{
  g_auto (GStrv) words = g_strsplit (rest, " ", 2);

  return chaos_audit_sum (server->audit, words[0], atoi (words[1]));
}

static gint64
do_lost (Server *server, const gchar *rest)
{
  return chaos_audit_next_lost (
      server->audit, atoi (rest), atoi (skip_word (rest)));
}

static gint64
do_lost_text (Server *server, const gchar *rest)
{
  return chaos_audit_next_lost_text (
      server->audit, atoi (rest), atoi (skip_word (rest)));
}

static gint64
carry_out (Server *server, gchar *line)
{
  static const struct {
    const gchar *name;
    gint64 (*func) (Server *server, const gchar *rest);
  } words[] = { { "port", do_port }, { "reset", do_reset },
    { "hangup", do_hangup }, { "close", do_close }, { "stop", do_stop },
    { "rates", do_rates }, { "burst", do_burst }, { "refuse", do_refuse },
    { "refused", do_refused }, { "send", do_send }, { "heard", do_heard },
    { "answered", do_answered }, { "output", do_output }, { "sum", do_sum },
    { "lost", do_lost }, { "lost-text", do_lost_text } };
  gchar *rest = strchr (line, ' ');

  if (rest != NULL)
    *rest++ = '\0';
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (g_str_equal (words[i].name, line))
      return words[i].func (server, rest ? rest : "");
  g_error ("the peer can't \"%s\"", line);
}

static void
set_up (Server *server, guint seed, guint session_seconds)
{
  static const ChaosTap tap = { chaos_audit_message, chaos_audit_over };
  static const guint leads_to[CHAOS_ROADS] = { 0, 0, 1 };

  server->audit = chaos_audit_new ();
  for (guint i = 0; i < G_N_ELEMENTS (server->sandboxes); i++) {
    SandboxOptions options = { .script_json = script,
      .pace = PACE,
      .seed = seed + i,
      .session_seconds = session_seconds };
    g_autoptr (GError) error = NULL;

    server->sandboxes[i] = sandbox_start_thread (&options, &error);
    g_assert_no_error (error);
  }
  for (guint i = 0; i < CHAOS_ROADS; i++)
    server->roads[i] = chaos_relay_new (
        sandbox_get_port (server->sandboxes[leads_to[i]]), &tap, server->audit);
}

static void
serve (int fd, Server *server)
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

ChaosPeer *
chaos_peer_new (int argc, char **argv, guint seed, guint session_seconds)
{
  ChaosPeer *peer = g_new0 (ChaosPeer, 1);
  int ends[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    g_error ("no pair of sockets");
  peer->pid = fork ();
  if (peer->pid < 0)
    g_error ("can't fork");
  if (peer->pid == 0) {
    Server server = { .audit = NULL };

    close (ends[0]);
    prctl (PR_SET_PDEATHSIG, SIGKILL);
    dup2 (STDERR_FILENO, STDOUT_FILENO);
    g_test_init (&argc, &argv, NULL);
    soak_peer_hush ();
    set_up (&server, seed, session_seconds);
    serve (ends[1], &server);
  }
  close (ends[1]);
  peer->in = fdopen (ends[0], "r");
  peer->out = fdopen (dup (ends[0]), "w");
  return peer;
}

void
chaos_peer_free (ChaosPeer *peer)
{
  fclose (peer->out);
  shutdown (fileno (peer->in), SHUT_RDWR);
  fclose (peer->in);
  waitpid (peer->pid, NULL, 0);
  g_free (peer);
}

gint64
chaos_peer_do (ChaosPeer *peer, const gchar *format, ...)
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
