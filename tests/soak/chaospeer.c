/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two sandboxes behind relays, told what to do line by line.
 */
#include "chaospeer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chaosaudit.h"
#include "chaosrelay.h"
#include "sandbox.h"

#define PACE 4

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
carry_out (gpointer server, gchar *line)
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

typedef struct {
  guint seed, session_seconds;
} Wish;

static gpointer
set_up (gpointer data)
{
  static const ChaosTap tap = { chaos_audit_message, chaos_audit_over };
  static const guint leads_to[CHAOS_ROADS] = { 0, 0, 1 };
  const Wish *wish = data;
  Server *server = g_new0 (Server, 1);

  server->audit = chaos_audit_new ();
  for (guint i = 0; i < G_N_ELEMENTS (server->sandboxes); i++) {
    SandboxOptions options = { .script_json = script,
      .pace = PACE,
      .seed = wish->seed + i,
      .session_seconds = wish->session_seconds };
    g_autoptr (GError) error = NULL;

    server->sandboxes[i] = sandbox_start_thread (&options, &error);
    g_assert_no_error (error);
  }
  for (guint i = 0; i < CHAOS_ROADS; i++)
    server->roads[i] = chaos_relay_new (
        sandbox_get_port (server->sandboxes[leads_to[i]]), &tap, server->audit);
  return server;
}

SoakPeer *
chaos_peer_new (int argc, char **argv, guint seed, guint session_seconds)
{
  Wish wish = { seed, session_seconds };

  return soak_peer_start (argc, argv, set_up, carry_out, &wish);
}
