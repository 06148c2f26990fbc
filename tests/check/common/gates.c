/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Blocking I/O on one thread for each connection.
 */
#include "gates.h"

#include <string.h>

#define PATIENCE (30 * G_USEC_PER_SEC)

/* What both gates are. */
typedef struct {
  GSocketListener *listener;
  GCancellable *cancellable;
  GThread *thread; /* accepts */
  guint16 port;
  GThreadFunc serve; /* of a Visit, which it frees */
  gpointer owner;

  GMutex lock;
  GCond changed;
  /* Under the lock, as all below. */
  GPtrArray *threads; /* GThread*, to be joined */
  GPtrArray *ended;   /* those of them that have done their work */
  GString *received;
  guint visits, over;
} Gate;

typedef struct {
  Gate *gate;
  GSocketConnection *connection;
} Visit;

static void
join_ended (Gate *gate)
{
  g_mutex_lock (&gate->lock);
  for (guint i = 0; i < gate->ended->len; i++) {
    GThread *thread = g_ptr_array_index (gate->ended, i);

    g_ptr_array_remove_fast (gate->threads, thread);
    g_thread_join (thread);
  }
  g_ptr_array_set_size (gate->ended, 0);
  g_mutex_unlock (&gate->lock);
}

static gpointer
accept_all (gpointer data)
{
  Gate *gate = data;
  GSocketConnection *connection;

  while ((connection = g_socket_listener_accept (
              gate->listener, NULL, gate->cancellable, NULL))) {
    Visit *visit = g_new0 (Visit, 1);

    join_ended (gate);
    visit->gate = gate;
    visit->connection = connection;
    g_mutex_lock (&gate->lock);
    gate->visits++;
    g_ptr_array_add (gate->threads, g_thread_new ("visit", gate->serve, visit));
    g_mutex_unlock (&gate->lock);
  }
  return NULL;
}

static void
gate_open (Gate *gate, GThreadFunc serve, gpointer owner)
{
  g_autoptr (GInetAddress)
      loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autoptr (GError) error = NULL;

  gate->listener = g_socket_listener_new ();
  g_socket_listener_add_address (gate->listener, address, G_SOCKET_TYPE_STREAM,
      G_SOCKET_PROTOCOL_TCP, NULL, &bound, &error);
  g_assert_no_error (error);
  gate->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  gate->cancellable = g_cancellable_new ();
  gate->serve = serve;
  gate->owner = owner;
  g_mutex_init (&gate->lock);
  g_cond_init (&gate->changed);
  gate->threads = g_ptr_array_new ();
  gate->ended = g_ptr_array_new ();
  gate->received = g_string_new (NULL);
  gate->thread = g_thread_new ("gate", accept_all, gate);
}

static void
gate_close (Gate *gate)
{
  g_cancellable_cancel (gate->cancellable);
  g_thread_join (gate->thread);
  for (guint i = 0; i < gate->threads->len; i++)
    g_thread_join (g_ptr_array_index (gate->threads, i));
  g_ptr_array_unref (gate->threads);
  g_ptr_array_unref (gate->ended);
  g_string_free (gate->received, TRUE);
  g_object_unref (gate->listener);
  g_object_unref (gate->cancellable);
  g_mutex_clear (&gate->lock);
  g_cond_clear (&gate->changed);
}

static void
gate_note (Gate *gate, const gchar *bytes, gsize size)
{
  g_mutex_lock (&gate->lock);
  g_string_append_len (gate->received, bytes, size);
  g_mutex_unlock (&gate->lock);
}

static gchar *
gate_dup_received (Gate *gate)
{
  gchar *copy;

  g_mutex_lock (&gate->lock);
  copy = g_strdup (gate->received->str);
  g_mutex_unlock (&gate->lock);
  return copy;
}

static void
visit_end (Visit *visit)
{
  Gate *gate = visit->gate;

  g_io_stream_close (G_IO_STREAM (visit->connection), NULL, NULL);
  g_object_unref (visit->connection);
  g_mutex_lock (&gate->lock);
  gate->over++;
  g_ptr_array_add (gate->ended, g_thread_self ());
  g_cond_broadcast (&gate->changed);
  g_mutex_unlock (&gate->lock);
  g_free (visit);
}

/* Reads up to the empty line; NULL if the stream ends before. Byte by byte, so
 * that nothing of what follows is taken. */
static gchar *
read_head (Gate *gate, GIOStream *stream)
{
  GInputStream *input = g_io_stream_get_input_stream (stream);
  GString *head = g_string_new (NULL);
  gchar c;

  while (g_input_stream_read (input, &c, 1, gate->cancellable, NULL) == 1) {
    g_string_append_c (head, c);
    gate_note (gate, &c, 1);
    if (g_str_has_suffix (head->str, "\r\n\r\n"))
      return g_string_free (head, FALSE);
  }
  g_string_free (head, TRUE);
  return NULL;
}

static gboolean
write_text (Gate *gate, GIOStream *stream, const gchar *text)
{
  return g_output_stream_write_all (g_io_stream_get_output_stream (stream),
      text, strlen (text), NULL, gate->cancellable, NULL);
}

/* The value of a header in @head, NULL if it is not there. New string. */
static gchar *
find_header (const gchar *head, const gchar *name)
{
  g_auto (GStrv) lines = g_strsplit (head, "\r\n", -1);

  for (guint i = 0; lines[i]; i++)
    if (g_ascii_strncasecmp (lines[i], name, strlen (name)) == 0
        && lines[i][strlen (name)] == ':')
      return g_strdup (g_strstrip (lines[i] + strlen (name) + 1));
  return NULL;
}

/* -- tunnels -------------------------------------------------------------- */

/* One direction of a tunnel. */
typedef struct {
  GIOStream *from, *to;
  GSocketConnection *under; /* what carries @to, maybe itself */
  GCancellable *cancellable;
} Pipe;

static gpointer
run_pipe (gpointer data)
{
  Pipe *pipe = data;
  GInputStream *input = g_io_stream_get_input_stream (pipe->from);
  GOutputStream *output = g_io_stream_get_output_stream (pipe->to);
  gchar bytes[4096];
  gssize n;

  while ((n = g_input_stream_read (
              input, bytes, sizeof bytes, pipe->cancellable, NULL))
          > 0
      && g_output_stream_write_all (
          output, bytes, n, NULL, pipe->cancellable, NULL))
    ;
  g_socket_shutdown (
      g_socket_connection_get_socket (pipe->under), FALSE, TRUE, NULL);
  return NULL;
}

static GSocketConnection *
dial (Gate *gate, guint16 port)
{
  g_autoptr (GSocketClient) dialler = g_socket_client_new ();

  g_socket_client_set_enable_proxy (dialler, FALSE);
  return g_socket_client_connect_to_host (
      dialler, "127.0.0.1", port, gate->cancellable, NULL);
}

/* Until both sides have ended. @client is the visit's connection, or TLS on
 * it. */
static void
run_tunnel (Visit *visit, GIOStream *client, GSocketConnection *server)
{
  GCancellable *cancellable = visit->gate->cancellable;
  Pipe up = { client, G_IO_STREAM (server), server, cancellable };
  Pipe down = { G_IO_STREAM (server), client, visit->connection, cancellable };
  GThread *thread = g_thread_new ("tunnel", run_pipe, &up);

  run_pipe (&down);
  g_thread_join (thread);
}

/* -- TLS ------------------------------------------------------------------ */

struct _TlsGate {
  Gate gate;
  GTlsCertificate *certificate;
  gboolean asks;
  guint16 target;          /* 0: nothing is handed on */
  GTlsCertificate *client; /* the gate's lock */
};

static gchar *
accept_upgrade (const gchar *key)
{
  static const gchar magic[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA1);
  g_autofree gchar *encoded = NULL;
  guint8 digest[20];
  gsize size = sizeof digest;

  g_checksum_update (checksum, (const guchar *) key, -1);
  g_checksum_update (checksum, (const guchar *) magic, -1);
  g_checksum_get_digest (checksum, digest, &size);
  encoded = g_base64_encode (digest, size);
  return g_strdup_printf ("HTTP/1.1 101 Switching Protocols\r\n"
                          "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Accept: %s\r\n\r\n",
      encoded);
}

static gboolean
on_certificate (GTlsConnection *connection, GTlsCertificate *certificate,
    GTlsCertificateFlags errors, TlsGate *gate)
{
  g_mutex_lock (&gate->gate.lock);
  g_set_object (&gate->client, certificate);
  g_mutex_unlock (&gate->gate.lock);
  return TRUE;
}

static void
talk_tls (TlsGate *gate, GIOStream *stream)
{
  g_autofree gchar *head = read_head (&gate->gate, stream);
  g_autofree gchar *key = head ? find_header (head, "Sec-WebSocket-Key") : NULL;
  g_autofree gchar *answer = key ? accept_upgrade (key) : NULL;

  if (!answer || !write_text (&gate->gate, stream, answer))
    return;
  g_free (read_head (&gate->gate, stream));
}

static void
hand_on (Visit *visit, GIOStream *client, guint16 target)
{
  g_autoptr (GSocketConnection) server = dial (visit->gate, target);

  if (server)
    run_tunnel (visit, client, server);
}

static gpointer
serve_tls (gpointer data)
{
  Visit *visit = data;
  TlsGate *gate = visit->gate->owner;
  g_autoptr (GIOStream) stream = g_tls_server_connection_new (
      G_IO_STREAM (visit->connection), gate->certificate, NULL);
  gboolean shaken;

  g_object_set (stream, "require-close-notify", FALSE, "authentication-mode",
      gate->asks ? G_TLS_AUTHENTICATION_REQUIRED : G_TLS_AUTHENTICATION_NONE,
      NULL);
  g_signal_connect (
      stream, "accept-certificate", G_CALLBACK (on_certificate), gate);
  shaken = g_tls_connection_handshake (
      G_TLS_CONNECTION (stream), visit->gate->cancellable, NULL);
  if (shaken && gate->target != 0)
    hand_on (visit, stream, gate->target);
  else if (shaken)
    talk_tls (gate, stream);
  visit_end (visit);
  return NULL;
}

static TlsGate *
new_tls_gate (GTlsCertificate *certificate, gboolean asks, guint16 target)
{
  TlsGate *gate = g_new0 (TlsGate, 1);

  gate->certificate = g_object_ref (certificate);
  gate->asks = asks;
  gate->target = target;
  gate_open (&gate->gate, serve_tls, gate);
  return gate;
}

TlsGate *
tls_gate_new (GTlsCertificate *certificate, gboolean asks)
{
  return new_tls_gate (certificate, asks, 0);
}

TlsGate *
tls_gate_new_to (GTlsCertificate *certificate, guint16 target)
{
  return new_tls_gate (certificate, FALSE, target);
}

void
tls_gate_free (TlsGate *gate)
{
  if (!gate)
    return;
  gate_close (&gate->gate);
  g_clear_object (&gate->client);
  g_object_unref (gate->certificate);
  g_free (gate);
}

guint16
tls_gate_get_port (TlsGate *gate)
{
  return gate->gate.port;
}

gchar *
tls_gate_dup_url (TlsGate *gate)
{
  return g_strdup_printf ("wss://localhost:%u/", gate->gate.port);
}

void
tls_gate_wait_over (TlsGate *gate, guint n)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE;

  g_mutex_lock (&gate->gate.lock);
  while (gate->gate.over < n)
    if (!g_cond_wait_until (&gate->gate.changed, &gate->gate.lock, deadline))
      g_error ("TLS gate: waited in vain for the end of a connection");
  g_mutex_unlock (&gate->gate.lock);
}

gchar *
tls_gate_dup_received (TlsGate *gate)
{
  return gate_dup_received (&gate->gate);
}

GTlsCertificate *
tls_gate_get_client (TlsGate *gate)
{
  GTlsCertificate *client;

  g_mutex_lock (&gate->gate.lock);
  client = gate->client ? g_object_ref (gate->client) : NULL;
  g_mutex_unlock (&gate->gate.lock);
  return client;
}

/* -- the proxy ------------------------------------------------------------ */

struct _ProxyGate {
  Gate gate;
  guint16 target;
  gchar *wanted; /* value of Proxy-Authorization, or NULL */
  guint refuses;
};

/* What to say to a request, NULL = let it through. */
static const gchar *
refusal (ProxyGate *gate, const gchar *head)
{
  g_autofree gchar *credentials = find_header (head, "Proxy-Authorization");

  if (gate->refuses == 403)
    return "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
  if (gate->wanted && g_strcmp0 (credentials, gate->wanted) != 0)
    return "HTTP/1.1 407 Proxy Authentication Required\r\n"
           "Proxy-Authenticate: Basic realm=\"gate\"\r\n"
           "Content-Length: 0\r\n\r\n";
  return NULL;
}

static void
let_through (Visit *visit, ProxyGate *gate)
{
  g_autoptr (GSocketConnection) server = dial (visit->gate, gate->target);
  GIOStream *client = G_IO_STREAM (visit->connection);

  if (server
      && write_text (
          visit->gate, client, "HTTP/1.1 200 Connection established\r\n\r\n"))
    run_tunnel (visit, client, server);
}

static gpointer
serve_proxy (gpointer data)
{
  Visit *visit = data;
  ProxyGate *gate = visit->gate->owner;
  GIOStream *client = G_IO_STREAM (visit->connection);
  const gchar *no = NULL;
  gchar *head;

  while ((head = read_head (visit->gate, client))) {
    no = refusal (gate, head);
    g_free (head);
    if (!no)
      break;
    if (!write_text (visit->gate, client, no))
      break;
  }
  if (head && !no)
    let_through (visit, gate);
  visit_end (visit);
  return NULL;
}

ProxyGate *
proxy_gate_new (guint16 target, const gchar *credentials, guint refuses)
{
  ProxyGate *gate = g_new0 (ProxyGate, 1);

  gate->target = target;
  gate->refuses = refuses;
  if (credentials) {
    g_autofree gchar *encoded = g_base64_encode (
        (const guchar *) credentials, strlen (credentials));

    gate->wanted = g_strconcat ("Basic ", encoded, NULL);
  }
  gate_open (&gate->gate, serve_proxy, gate);
  return gate;
}

void
proxy_gate_free (ProxyGate *gate)
{
  if (!gate)
    return;
  gate_close (&gate->gate);
  g_free (gate->wanted);
  g_free (gate);
}

gchar *
proxy_gate_dup_url (ProxyGate *gate, const gchar *userinfo)
{
  return g_strdup_printf ("http://%s%s127.0.0.1:%u", userinfo ? userinfo : "",
      userinfo ? "@" : "", gate->gate.port);
}

guint
proxy_gate_count (ProxyGate *gate)
{
  guint n;

  g_mutex_lock (&gate->gate.lock);
  n = gate->gate.visits;
  g_mutex_unlock (&gate->gate.lock);
  return n;
}

gchar *
proxy_gate_dup_requests (ProxyGate *gate)
{
  return gate_dup_received (&gate->gate);
}
