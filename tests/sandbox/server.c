/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The HTTP side: paths, keys, upgrades, and the list of open links. */
#include "server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#define PATH_OPENAI "/v1/realtime"
#define PATH_AZURE "/openai/v1/realtime"
#define KEY_PROTOCOL "openai-insecure-api-key."

struct _Server {
  GSocketService *listener; /* libsoup 3.2 leaks a socket per connection that
                               it accepts itself */
  GTlsCertificate *certificate; /* or NULL */
  guint port;
  SoupServer *soup;
  GPtrArray *links; /* Link */
  LinkOptions link_options;
  gchar *api_key; /* or NULL */
};

static gboolean
is_azure (SoupServerMessage *message)
{
  return g_str_has_prefix (
      g_uri_get_path (soup_server_message_get_uri (message)), "/openai/");
}

static gchar *
dup_query (SoupServerMessage *message, const gchar *name)
{
  GUri *uri = soup_server_message_get_uri (message);
  g_autoptr (GHashTable) query = NULL;

  if (g_uri_get_query (uri) == NULL)
    return NULL;
  query = soup_form_decode (g_uri_get_query (uri));
  return g_strdup (g_hash_table_lookup (query, name));
}

static gboolean
is_key_offered (const gchar *list, const gchar *key)
{
  g_autofree gchar *wanted = g_strconcat (KEY_PROTOCOL, key, NULL);
  g_auto (GStrv) names = g_strsplit (list, ",", -1);
  guint i;

  for (i = 0; names[i] != NULL; i++)
    if (g_str_equal (g_strstrip (names[i]), wanted))
      return TRUE;
  return FALSE;
}

static gboolean
has_key (Server *server, SoupServerMessage *message)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (
      message);
  const gchar *bearer = soup_message_headers_get_one (headers, "Authorization");
  const gchar *header = soup_message_headers_get_one (headers, "api-key");
  const gchar *protocols = soup_message_headers_get_list (
      headers, "Sec-WebSocket-Protocol");

  if (server->api_key == NULL)
    return TRUE;
  if (bearer != NULL && g_ascii_strncasecmp (bearer, "Bearer ", 7) == 0
      && g_str_equal (bearer + 7, server->api_key))
    return TRUE;
  if (header != NULL && is_azure (message))
    return g_str_equal (header, server->api_key);
  return protocols != NULL && !is_azure (message)
      && is_key_offered (protocols, server->api_key);
}

static void
answer_json (SoupServerMessage *message, guint status, const gchar *code,
    const gchar *text)
{
  g_autoptr (JsonObject) body = json_object_new ();
  JsonObject *error = json_object_new ();
  gchar *printed;

  json_object_set_string_member (error, "message", text);
  json_object_set_string_member (error, "type", "invalid_request_error");
  wire_set_string (error, "code", code);
  json_object_set_string_member (error, "param", "");
  json_object_set_object_member (body, "error", error);
  printed = wire_print (body);
  soup_server_message_set_status (message, status, NULL);
  soup_server_message_set_response (
      message, "application/json", SOUP_MEMORY_TAKE, printed, strlen (printed));
}

/* Before the upgrade: what the services refuse in plain HTTP. */
static void
on_early (SoupServer *soup, SoupServerMessage *message, const char *path,
    GHashTable *query, gpointer data)
{
  g_autofree gchar *call_id = dup_query (message, "call_id");

  if (call_id != NULL)
    answer_json (message, 404, "call_id_not_found",
        "No session found for the provided call_id");
  else if (is_azure (message) && !has_key (data, message))
    answer_json (
        message, 401, "401", "Access denied due to invalid subscription key.");
}

static void
on_request (SoupServer *soup, SoupServerMessage *message, const char *path,
    GHashTable *query, gpointer data)
{
  answer_json (message, 404, NULL,
      "This sandbox answers WebSocket connections to " PATH_OPENAI
      "?model=gpt-realtime-2 only.");
}

/* ---- after the upgrade ---- */

static gboolean
check_model (const gchar *model, Fault *fault)
{
  if (model == NULL || *model == '\0')
    return fault_set (fault, "missing_model", NULL,
        "You must provide a model parameter, for example "
        "wss://api.openai.com/v1/realtime?model=gpt-realtime-2");
  if (!g_str_has_prefix (model, "gpt-realtime")
      || strstr (model, "translate") != NULL
      || strstr (model, "whisper") != NULL)
    return fault_set (fault, "invalid_model", NULL,
        "Model \"%s\" is not supported in realtime mode.", model);
  return TRUE;
}

/* close_code is set on refusal. */
static gboolean
check_upgrade (Server *server, SoupServerMessage *message, const gchar *model,
    Fault *fault, guint *close_code)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (
      message);

  *close_code = 4000;
  if (soup_message_headers_get_one (headers, "OpenAI-Beta") != NULL)
    return fault_set (fault, "beta_api_shape_disabled", NULL,
        "The Realtime Beta API is no longer supported. Please use "
        "/v1/realtime for the GA API.");
  if (!has_key (server, message)) {
    *close_code = 3000;
    return fault_set (fault, "invalid_api_key", NULL,
        "Incorrect API key provided. This sandbox was started with --api-key.");
  }
  /* Azure's models are deployments, whatever their name. */
  if (is_azure (message) && model != NULL && *model != '\0')
    return TRUE;
  return check_model (model, fault);
}

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
  g_autofree gchar *model = dup_query (message, "model");
  Fault fault = { 0 };
  guint close_code;
  Link *link;

  if (check_upgrade (server, message, model, &fault, &close_code))
    link = link_new (
        websocket, &server->link_options, model, is_azure (message));
  else
    link = link_new_refused (
        websocket, &server->link_options, &fault, close_code);
  fault_clear (&fault);
  g_ptr_array_add (server->links, link);
}

static void
add_path (Server *server, const gchar *path)
{
  static gchar *protocols[] = { (gchar *) "realtime", NULL };

  soup_server_add_early_handler (server->soup, path, on_early, server, NULL);
  soup_server_add_websocket_handler (
      server->soup, path, NULL, protocols, on_websocket, server, NULL);
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
server_new (const SandboxOptions *options, Host *host,
    GTlsCertificate *certificate, GError **error)
{
  Server *server = g_new0 (Server, 1);

  server->soup = soup_server_new ("server-header", "realtime2-sandbox ", NULL);
  server->links = g_ptr_array_new_with_free_func ((GDestroyNotify) link_free);
  server->link_options = (LinkOptions){ host, options->seed, options->verbose,
    on_link_closed, server };
  server->api_key = g_strdup (options->api_key);
  g_set_object (&server->certificate, certificate);
  soup_server_add_handler (server->soup, NULL, on_request, server, NULL);
  add_path (server, PATH_OPENAI);
  add_path (server, PATH_AZURE);
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
