/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The peer that is an agent: what each line has it do.
 */
#include "soakpeer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../check/pipelines/agent.h"
#include "gates.h"
#include "soakrelay.h"

#define MAX_ITEMS 64
#define STALL 10000 /* us */

typedef struct {
  Agent *agent;
  AgentAnswer *answer; /* that is under way, or NULL */
} Server;

static guint
newest (Server *server)
{
  return test_server_count_connections (agent_get_server (server->agent)) - 1;
}

static gint64
do_port (Server *server, const gchar *rest)
{
  return test_server_get_port (agent_get_server (server->agent));
}

static gint64
do_slow (Server *server, const gchar *rest)
{
  return soak_relay_start (do_port (server, NULL), atoi (rest));
}

/* The gate stands as long as the process. */
static gint64
do_secure (Server *server, const gchar *rest)
{
  g_autoptr (GTlsCertificate)
      certificate = test_certificate_new (TEST_TLS_TRUSTED);
  g_autofree gchar *ca = test_certificate_dup_ca ();

  if (!g_file_set_contents (rest, ca, -1, NULL))
    g_error ("the certificate can't be written");
  return tls_gate_get_port (
      tls_gate_new_to (certificate, do_port (server, NULL)));
}

static gint64
do_connected (Server *server, const gchar *rest)
{
  test_server_wait_connections (agent_get_server (server->agent), atoi (rest));
  return 0;
}

static gint64
do_send (Server *server, const gchar *rest)
{
  agent_send (server->agent, "%s", rest);
  return 0;
}

static gint64
do_repeat (Server *server, const gchar *rest)
{
  gchar *json;
  guint n = strtoul (rest, &json, 10);

  for (guint i = 0; i < n; i++)
    agent_send (server->agent, "%s", json);
  return 0;
}

static gint64
do_answer (Server *server, const gchar *rest)
{
  g_auto (GStrv) words = g_strsplit (rest, " ", 0);
  guint lengths[MAX_ITEMS], n = 0;

  for (; words[n + 1] != NULL; n++)
    lengths[n] = atoi (words[n + 1]);
  g_clear_pointer (&server->answer, agent_answer_free);
  server->answer = agent_answer_new (
      server->agent, lengths, n, atoi (words[0]));
  return 0;
}

static gint64
do_go (Server *server, const gchar *rest)
{
  return agent_answer_go_on (server->answer, g_ascii_strtoull (rest, NULL, 10));
}

static gint64
do_cut (Server *server, const gchar *rest)
{
  agent_answer_cut (server->answer);
  return 0;
}

static gint64
do_starts (Server *server, const gchar *rest)
{
  agent_user_starts (server->agent, atoi (rest));
  return 0;
}

static gint64
do_stops (Server *server, const gchar *rest)
{
  agent_user_stops (server->agent, atoi (rest));
  return 0;
}

static gint64
do_drop (Server *server, const gchar *rest)
{
  test_server_drop (agent_get_server (server->agent), newest (server));
  return 0;
}

static gint64
do_hangup (Server *server, const gchar *rest)
{
  test_server_hang_up (agent_get_server (server->agent), newest (server));
  return 0;
}

static gint64
do_close (Server *server, const gchar *rest)
{
  test_server_close (
      agent_get_server (server->agent), newest (server), atoi (rest), "cut");
  return 0;
}

static gint64
do_refuse (Server *server, const gchar *rest)
{
  test_server_refuse (
      agent_get_server (server->agent), atoi (rest), NULL, NULL);
  return 0;
}

static gint64
do_stall (Server *server, const gchar *rest)
{
  test_server_pause (agent_get_server (server->agent));
  g_usleep (STALL);
  test_server_resume (agent_get_server (server->agent));
  return 0;
}

static gint64 carry_out (gpointer server, gchar *line);

static gint64
do_fault (Server *server, const gchar *rest)
{
  g_autofree gchar *line = g_strdup (rest);
  guint samples = 4800;

  if (test_server_count_connections (agent_get_server (server->agent)) == 0)
    return 0;
  if (!g_str_equal (rest, "say"))
    return carry_out (server, line);
  agent_say (server->agent, &samples, 1);
  return 0;
}

static gint64
do_forget (Server *server, const gchar *rest)
{
  agent_forget (server->agent);
  return 0;
}

static gint64
do_count (Server *server, const gchar *rest)
{
  return agent_count (server->agent, rest);
}

#define APPEND "{\"type\":\"input_audio_buffer.append\",\"audio\":\""

static gint64
do_newest (Server *server, const gchar *rest)
{
  TestServer *peer = agent_get_server (server->agent);

  for (guint i = test_server_count_messages (peer, newest (server)); i > 0;
       i--) {
    g_autofree gchar *text = test_server_dup_message (
        peer, newest (server), i - 1);
    g_autofree guchar *bytes = NULL;
    gsize size;

    if (!g_str_has_prefix (text, APPEND))
      continue;
    text[strlen (text) - strlen ("\"}")] = '\0';
    bytes = g_base64_decode (text + strlen (APPEND), &size);
    return bytes[size - 2] | bytes[size - 1] << 8;
  }
  return -1;
}

static gint64
carry_out (gpointer server, gchar *line)
{
  static const struct {
    const gchar *name;
    gint64 (*func) (Server *server, const gchar *rest);
  } words[] = { { "port", do_port }, { "slow", do_slow },
    { "secure", do_secure }, { "connected", do_connected }, { "send", do_send },
    { "repeat", do_repeat }, { "answer", do_answer }, { "go", do_go },
    { "cut", do_cut }, { "starts", do_starts }, { "stops", do_stops },
    { "drop", do_drop }, { "hangup", do_hangup }, { "fault", do_fault },
    { "refuse", do_refuse }, { "stall", do_stall }, { "close", do_close },
    { "forget", do_forget }, { "count", do_count }, { "newest", do_newest } };
  gchar *rest = strchr (line, ' ');

  if (rest != NULL)
    *rest++ = '\0';
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (g_str_equal (words[i].name, line))
      return words[i].func (server, rest ? rest : "");
  g_error ("the peer can't \"%s\"", line);
}

static gpointer
set_up (gpointer unused)
{
  Server *server = g_new0 (Server, 1);

  server->agent = agent_new ();
  /* All of it is made, and the server's thread is to see it: who connects comes
   * from another process, which orders nothing. */
  test_server_pause (agent_get_server (server->agent));
  test_server_resume (agent_get_server (server->agent));
  return server;
}

SoakPeer *
soak_peer_new (int argc, char **argv)
{
  return soak_peer_start (argc, argv, set_up, carry_out, NULL);
}

gchar *
soak_peer_dup_uri (gint64 port)
{
  return g_strdup_printf (
      "ws://127.0.0.1:%" G_GINT64_FORMAT "/v1/realtime", port);
}
