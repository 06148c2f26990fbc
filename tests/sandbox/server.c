/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The HTTP side: listening, paths, and the list of open links. */
#include "server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "gate.h"
#include "replay.h"

struct _Server {
  GSocketService *listener; /* libsoup 3.2 leaks a socket per connection that
                               it accepts itself */
  GTlsCertificate *certificate; /* or NULL */
  guint port;
  SoupServer *soup;
  GPtrArray *links; /* Link */
  LinkOptions link_options;
  Gate gate;
  gchar *api_key; /* the gate's, or NULL */
};

/* Before the upgrade: what the services refuse in plain HTTP. */
static void
on_early (SoupServer *soup, SoupServerMessage *message, const char *path,
    GHashTable *query, gpointer data)
{
  Server *server = data;
  Host *host = server->link_options.host;
  guint status;

  if (host->replay == NULL) {
    gate_refuse (&server->gate, message);
    return;
  }
  status = replay_refuse (host->replay);
  if (status == 0)
    return;
  soup_server_message_set_status (message, status, NULL);
  visits_request (host->visits, message, status, 0);
}

static void
on_secret (SoupServer *soup, SoupServerMessage *message, const char *path,
    GHashTable *query, gpointer data)
{
  Server *server = data;

  gate_answer_secret (&server->gate, message);
}

static void
on_request (SoupServer *soup, SoupServerMessage *message, const char *path,
    GHashTable *query, gpointer data)
{
  Server *server = data;

  gate_answer_unknown (&server->gate, message);
}

/* ---- after the upgrade ---- */

static void
on_link_closed (Link *link, gpointer data)
{
  Server *server = data;

  g_ptr_array_remove_fast (server->links, link);
}

static void
on_websocket (SoupServer *soup, SoupServerMessage *message, const char *path,
    SoupWebsocketConnection *websocket, gpointer data)
{
  Server *server = data;
  Admission admission = { 0 };
  Fault fault = { 0 };
  guint close_code;
  Link *link = link_new (websocket, &server->link_options);

  visits_request (
      server->link_options.host->visits, message, 101, link_number (link));
  g_ptr_array_add (server->links, link);
  if (server->link_options.host->replay != NULL)
    link_begin_replay (link);
  else if (gate_admit (&server->gate, message, &admission, &fault, &close_code))
    link_begin (link, &admission);
  else
    link_refuse (link, &fault, close_code);
  admission_clear (&admission);
  fault_clear (&fault);
}

static void
add_path (Server *server, const gchar *path)
{
  static gchar *protocols[] = { (gchar *) "realtime", NULL };

  soup_server_add_early_handler (server->soup, path, on_early, server, NULL);
  soup_server_add_websocket_handler (
      server->soup, path, NULL, protocols, on_websocket, server, NULL);
}

static void
add_secrets (Server *server, const gchar *path)
{
  soup_server_add_handler (server->soup, path, on_secret, server, NULL);
}

/* ---- listening ---- */

static gboolean
on_incoming (GSocketService *listener, GSocketConnection *connection,
    GObject *source, gpointer data)
{
  Server *server = data;
  g_autoptr (GSocketAddress)
      local = g_socket_connection_get_local_address (connection, NULL);
  g_autoptr (GSocketAddress)
      remote = g_socket_connection_get_remote_address (connection, NULL);
  g_autoptr (GIOStream) stream = G_IO_STREAM (g_object_ref (connection));

  if (local == NULL || remote == NULL)
    return TRUE;
  g_socket_set_option (g_socket_connection_get_socket (connection), IPPROTO_TCP,
      TCP_NODELAY, TRUE, NULL);
  if (server->certificate != NULL) {
    g_object_unref (stream);
    stream = g_tls_server_connection_new (
        G_IO_STREAM (connection), server->certificate, NULL);
  }
  if (stream != NULL)
    soup_server_accept_iostream (server->soup, stream, local, remote, NULL);
  return TRUE;
}

static gboolean
listen_on (Server *server, guint port, GError **error)
{
  g_autoptr (GInetAddress)
      loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress)
      wanted = g_inet_socket_address_new (loopback, port);
  g_autoptr (GSocketAddress) got = NULL;

  if (!g_socket_listener_add_address (G_SOCKET_LISTENER (server->listener),
          wanted, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL, &got,
          error))
    return FALSE;
  server->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (got));
  return TRUE;
}

Server *
server_new (const SandboxOptions *options, Host *host, gchar **calls,
    GTlsCertificate *certificate, GError **error)
{
  Server *server = g_new0 (Server, 1);

  server->soup = soup_server_new ("server-header", "realtime2-sandbox ", NULL);
  server->links = g_ptr_array_new_with_free_func ((GDestroyNotify) link_free);
  server->link_options = (LinkOptions){ host, options->seed, options->verbose,
    on_link_closed, server };
  server->api_key = g_strdup (options->api_key);
  server->gate = (Gate){ host, server->api_key,
    secrets_new (options->seed, options->secret_seconds), calls };
  g_set_object (&server->certificate, certificate);
  soup_server_add_handler (server->soup, NULL, on_request, server, NULL);
  add_path (server, PATH_OPENAI);
  add_path (server, PATH_AZURE);
  add_path (server, PATH_OPENAI PATH_TRANSLATIONS);
  add_path (server, PATH_AZURE PATH_TRANSLATIONS);
  add_secrets (server, PATH_OPENAI PATH_SECRETS);
  add_secrets (server, PATH_OPENAI PATH_TRANSLATIONS PATH_SECRETS);
  server->listener = g_socket_service_new ();
  g_signal_connect (
      server->listener, "incoming", G_CALLBACK (on_incoming), server);
  if (listen_on (server, options->port, error))
    return server;
  server_free (server);
  return NULL;
}

void
server_free (Server *server)
{
  g_signal_handlers_disconnect_by_data (server->listener, server);
  g_socket_service_stop (server->listener);
  g_socket_listener_close (G_SOCKET_LISTENER (server->listener));
  g_object_unref (server->listener);
  g_ptr_array_unref (server->links);
  soup_server_disconnect (server->soup);
  g_object_unref (server->soup);
  g_clear_object (&server->certificate);
  secrets_free (server->gate.secrets);
  g_free (server->api_key);
  g_free (server);
}

guint
server_get_port (Server *server)
{
  return server->port;
}

void
server_close_all (Server *server, guint code, const gchar *reason)
{
  guint i;

  for (i = 0; i < server->links->len; i++)
    link_close (g_ptr_array_index (server->links, i), code, reason);
}

void
server_send_raw (Server *server, const gchar *text)
{
  guint i;

  for (i = 0; i < server->links->len; i++)
    link_send_text (g_ptr_array_index (server->links, i), text);
}
