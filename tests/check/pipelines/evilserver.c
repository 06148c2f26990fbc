/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two threads for each connection: one that keeps what comes, and the script.
 */
#define _GNU_SOURCE /* memmem() */
#include "evilserver.h"

#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

/* How long a script or a free may take on a machine that is busy. */
#define PATIENCE (30 * G_USEC_PER_SEC)
#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

struct _EvilServer {
  EvilScript script;
  gpointer data;
  GSocketListener *listener;
  guint16 port;
  GCancellable *stop;
  GThread *thread;
  GMutex lock;
  /* Under the lock; of connections that are over, too. */
  GPtrArray *peers;
  /* Written by the scripts, under the lock. */
  gsize peak;
  gboolean acts;
  GCond acting;
};

struct _EvilPeer {
  EvilServer *server;
  guint number;
  GSocketConnection *connection;
  GIOStream *stream; /* the connection, or TLS on it */
  GThread *script, *reader;
  gint deaf; /* atomic: nothing is read any more */

  GMutex lock;
  GCond changed;
  /* Under the lock, as all below. */
  GByteArray *received;
  gboolean over;

  /* Only touched by the script's thread. */
  gsize head; /* bytes of the request's head; 0 = not in yet */
  gsize at;   /* where the client's next frame begins */
};

gsize
evil_heap (void)
{
  struct mallinfo2 info = mallinfo2 ();

  return info.uordblks + info.hblkhd;
}

/* -- what comes ------------------------------------------------------------ */

static void
take (EvilPeer *peer, const guint8 *bytes, gssize n)
{
  g_mutex_lock (&peer->lock);
  if (n > 0)
    g_byte_array_append (peer->received, bytes, n);
  else
    peer->over = TRUE;
  g_cond_broadcast (&peer->changed);
  g_mutex_unlock (&peer->lock);
}

static gpointer
run_reader (gpointer data)
{
  EvilPeer *peer = data;
  GInputStream *input = g_io_stream_get_input_stream (peer->stream);
  guint8 bytes[4096];
  gssize n;

  do {
    if (g_atomic_int_get (&peer->deaf))
      return NULL;
    n = g_input_stream_read (
        input, bytes, sizeof bytes, peer->server->stop, NULL);
    take (peer, bytes, n);
  } while (n > 0);
  return NULL;
}

static void
start_reader (EvilPeer *peer)
{
  if (peer->reader == NULL)
    peer->reader = g_thread_new ("evil-reader", run_reader, peer);
}

/* Waits until is_in (peer, data); under the lock. FALSE if it is over first. */
static gboolean
wait_for (EvilPeer *peer, gboolean (*is_in) (EvilPeer *, gconstpointer),
    gconstpointer data)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE;
  gboolean in;

  start_reader (peer);
  g_mutex_lock (&peer->lock);
  while (!(in = is_in (peer, data)) && !peer->over)
    if (!g_cond_wait_until (&peer->changed, &peer->lock, deadline))
      g_error ("an evil server waited in vain");
  g_mutex_unlock (&peer->lock);
  return in;
}

static gboolean
has_head (EvilPeer *peer, gconstpointer data)
{
  const guint8 *bytes = peer->received->data, *end;

  if (bytes == NULL)
    return FALSE;
  end = memmem (bytes, peer->received->len, "\r\n\r\n", 4);
  if (end != NULL && peer->head == 0)
    peer->head = peer->at = end + 4 - bytes;
  return end != NULL;
}

gboolean
evil_peer_wait_head (EvilPeer *peer)
{
  return wait_for (peer, has_head, NULL);
}

static gboolean
has_bytes (EvilPeer *peer, gconstpointer data)
{
  return peer->received->len >= *(const gsize *) data;
}

gboolean
evil_peer_wait_bytes (EvilPeer *peer, gsize n)
{
  return wait_for (peer, has_bytes, &n);
}

/* Whether a whole frame of a client is there; @head: with its mask. */
static gboolean
measure_frame (const guint8 *frame, gsize left, gsize *head, gsize *size)
{
  if (left < 2)
    return FALSE;
  *size = frame[1] & 0x7f;
  *head = *size == 127 ? 14 : *size == 126 ? 8 : 6;
  if (left < *head)
    return FALSE;
  if (*size == 126)
    *size = frame[2] << 8 | frame[3];
  else if (*size == 127)
    *size = (gsize) frame[6] << 24 | frame[7] << 16 | frame[8] << 8 | frame[9];
  return left - *head >= *size;
}

/* The payload of the frame at @at, which is moved on; NULL if it is not in. */
static GString *
next_frame (EvilPeer *peer, gsize *at)
{
  const guint8 *frame = peer->received->data + *at;
  gsize head, size;
  GString *text;

  if (!measure_frame (frame, peer->received->len - *at, &head, &size))
    return NULL;
  text = g_string_new_len ((const gchar *) frame + head, size);
  for (gsize i = 0; i < size; i++)
    text->str[i] ^= frame[head - 4 + i % 4];
  *at += head + size;
  return text;
}

static gboolean
has_message (EvilPeer *peer, gconstpointer data)
{
  GString *text;
  gboolean found = FALSE;

  while (!found && (text = next_frame (peer, &peer->at)) != NULL) {
    found = strstr (text->str, data) != NULL;
    g_string_free (text, TRUE);
  }
  return found;
}

gboolean
evil_peer_wait_message (EvilPeer *peer, const gchar *text)
{
  return wait_for (peer, has_message, text);
}

static gboolean
is_never_in (EvilPeer *peer, gconstpointer data)
{
  return FALSE;
}

void
evil_peer_stay (EvilPeer *peer)
{
  wait_for (peer, is_never_in, NULL);
}

void
evil_peer_go_deaf (EvilPeer *peer)
{
  g_atomic_int_set (&peer->deaf, TRUE);
}

gboolean
evil_peer_pause (EvilPeer *peer, gulong us)
{
  gint64 deadline = g_get_monotonic_time () + us;
  gboolean over;

  start_reader (peer);
  g_mutex_lock (&peer->lock);
  while (
      !peer->over && g_cond_wait_until (&peer->changed, &peer->lock, deadline))
    ;
  over = peer->over;
  g_mutex_unlock (&peer->lock);
  return !over && !g_cancellable_is_cancelled (peer->server->stop);
}

/* -- what goes --------------------------------------------------------------
 */

static void
note_heap (EvilServer *server)
{
  gsize heap = evil_heap ();

  g_mutex_lock (&server->lock);
  server->peak = MAX (server->peak, heap);
  g_mutex_unlock (&server->lock);
}

gboolean
evil_peer_write (EvilPeer *peer, gconstpointer bytes, gsize size)
{
  note_heap (peer->server);
  return g_output_stream_write_all (
      g_io_stream_get_output_stream (peer->stream), bytes, size, NULL,
      peer->server->stop, NULL);
}

gboolean
evil_peer_print (EvilPeer *peer, const gchar *format, ...)
{
  g_autofree gchar *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  return evil_peer_write (peer, text, strlen (text));
}

gboolean
evil_peer_drip (EvilPeer *peer, gconstpointer bytes, gsize size, gulong us)
{
  for (gsize i = 0; i < size; i++)
    if (!evil_peer_write (peer, (const guint8 *) bytes + i, 1)
        || (us > 0 && !evil_peer_pause (peer, us)))
      return FALSE;
  return TRUE;
}

static gsize
make_head (guint8 *head, guint8 first, guint64 size)
{
  gsize n = size < 126 ? 0 : size < 65536 ? 2 : 8;

  head[0] = first;
  head[1] = n == 0 ? size : n == 2 ? 126 : 127;
  for (gsize i = 0; i < n; i++)
    head[2 + i] = size >> 8 * (n - 1 - i);
  return 2 + n;
}

gboolean
evil_peer_frame_head (EvilPeer *peer, guint8 first, guint64 size)
{
  guint8 head[10];

  return evil_peer_write (peer, head, make_head (head, first, size));
}

gboolean
evil_peer_frame (
    EvilPeer *peer, guint8 first, gconstpointer payload, gsize size)
{
  g_autoptr (GByteArray) frame = g_byte_array_sized_new (size + 10);
  guint8 head[10];

  g_byte_array_append (frame, head, make_head (head, first, size));
  g_byte_array_append (frame, payload, size);
  return evil_peer_write (peer, frame->data, frame->len);
}

gboolean
evil_peer_text (EvilPeer *peer, const gchar *format, ...)
{
  g_autofree gchar *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  return evil_peer_frame (peer, EVIL_TEXT, text, strlen (text));
}

gboolean
evil_peer_close_frame (EvilPeer *peer, guint16 code, const gchar *reason)
{
  g_autoptr (GString) payload = g_string_new (NULL);

  g_string_append_c (payload, code >> 8);
  g_string_append_c (payload, code & 0xff);
  g_string_append (payload, reason);
  return evil_peer_frame (peer, EVIL_CLOSE, payload->str, payload->len);
}

gchar *
evil_peer_dup_accept (EvilPeer *peer)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA1);
  g_autofree gchar *head = NULL;
  g_auto (GStrv) lines = NULL;
  guint8 digest[20];
  gsize size = sizeof digest;

  g_mutex_lock (&peer->lock);
  head = g_strndup ((gchar *) peer->received->data, peer->head);
  g_mutex_unlock (&peer->lock);
  lines = g_strsplit (head, "\r\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    if (g_ascii_strncasecmp (lines[i], "Sec-WebSocket-Key:", 18) == 0)
      g_checksum_update (sum, (guchar *) g_strstrip (lines[i] + 18), -1);
  g_checksum_update (sum, (const guchar *) GUID, -1);
  g_checksum_get_digest (sum, digest, &size);
  return g_base64_encode (digest, size);
}

gboolean
evil_peer_upgrade (EvilPeer *peer)
{
  g_autofree gchar *accept = NULL;

  if (!evil_peer_wait_head (peer))
    return FALSE;
  accept = evil_peer_dup_accept (peer);
  return evil_peer_print (peer,
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
      "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
      accept);
}

gboolean
evil_peer_start_tls (EvilPeer *peer, GTlsCertificate *certificate)
{
  g_autoptr (GError) error = NULL;
  GIOStream *tls = g_tls_server_connection_new (
      peer->stream, certificate, &error);

  g_assert_no_error (error);
  g_assert_null (peer->reader);
  g_object_unref (peer->stream);
  peer->stream = tls;
  return g_tls_connection_handshake (
      G_TLS_CONNECTION (tls), peer->server->stop, NULL);
}

static GSocket *
get_socket (EvilPeer *peer)
{
  return g_socket_connection_get_socket (peer->connection);
}

void
evil_peer_hang_up (EvilPeer *peer)
{
  g_socket_shutdown (get_socket (peer), FALSE, TRUE, NULL);
}

void
evil_peer_reset (EvilPeer *peer)
{
  struct linger linger = { 1, 0 };

  setsockopt (g_socket_get_fd (get_socket (peer)), SOL_SOCKET, SO_LINGER,
      &linger, sizeof linger);
  evil_peer_go_deaf (peer);
  g_socket_close (get_socket (peer), NULL);
}

void
evil_peer_note_act (EvilPeer *peer)
{
  g_mutex_lock (&peer->server->lock);
  peer->server->acts = TRUE;
  g_cond_signal (&peer->server->acting);
  g_mutex_unlock (&peer->server->lock);
}

void
evil_server_wait_act (EvilServer *server)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE;

  g_mutex_lock (&server->lock);
  while (!server->acts)
    if (!g_cond_wait_until (&server->acting, &server->lock, deadline))
      g_error ("the evil server did not get to the point");
  g_mutex_unlock (&server->lock);
}

guint
evil_peer_get_number (EvilPeer *peer)
{
  return peer->number;
}

/* -- life -------------------------------------------------------------------
 */

static gpointer
run_script (gpointer data)
{
  EvilPeer *peer = data;

  peer->server->script (peer, peer->server->data);
  evil_peer_hang_up (peer);
  return NULL;
}

static EvilPeer *
peer_new (EvilServer *server, GSocketConnection *connection)
{
  EvilPeer *peer = g_new0 (EvilPeer, 1);

  peer->server = server;
  peer->connection = connection;
  peer->stream = g_object_ref (G_IO_STREAM (connection));
  peer->received = g_byte_array_new ();
  g_mutex_init (&peer->lock);
  g_cond_init (&peer->changed);
  g_socket_set_option (get_socket (peer), IPPROTO_TCP, TCP_NODELAY, 1, NULL);
  return peer;
}

static void
peer_free (EvilPeer *peer)
{
  take (peer, NULL, 0);
  g_thread_join (peer->script);
  g_clear_pointer (&peer->reader, g_thread_join);
  g_object_unref (peer->stream);
  g_object_unref (peer->connection);
  g_byte_array_unref (peer->received);
  g_mutex_clear (&peer->lock);
  g_cond_clear (&peer->changed);
  g_free (peer);
}

static gpointer
run_server (gpointer data)
{
  EvilServer *server = data;
  GSocketConnection *connection;

  while ((connection = g_socket_listener_accept (
              server->listener, NULL, server->stop, NULL))
      != NULL) {
    EvilPeer *peer = peer_new (server, connection);

    g_mutex_lock (&server->lock);
    peer->number = server->peers->len;
    g_ptr_array_add (server->peers, peer);
    g_mutex_unlock (&server->lock);
    peer->script = g_thread_new ("evil-script", run_script, peer);
  }
  return NULL;
}

EvilServer *
evil_server_new (EvilScript script, gpointer data)
{
  g_autoptr (GInetAddress)
      loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) wanted = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) got = NULL;
  g_autoptr (GError) error = NULL;
  EvilServer *server = g_new0 (EvilServer, 1);

  server->script = script;
  server->data = data;
  g_mutex_init (&server->lock);
  g_cond_init (&server->acting);
  server->peers = g_ptr_array_new_with_free_func ((GDestroyNotify) peer_free);
  server->stop = g_cancellable_new ();
  server->listener = g_socket_listener_new ();
  g_socket_listener_add_address (server->listener, wanted, G_SOCKET_TYPE_STREAM,
      G_SOCKET_PROTOCOL_TCP, NULL, &got, &error);
  g_assert_no_error (error);
  server->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (got));
  server->thread = g_thread_new ("evil-server", run_server, server);
  return server;
}

void
evil_server_free (EvilServer *server)
{
  if (server == NULL)
    return;
  g_cancellable_cancel (server->stop);
  g_thread_join (server->thread);
  g_ptr_array_unref (server->peers);
  g_socket_listener_close (server->listener);
  g_object_unref (server->listener);
  g_object_unref (server->stop);
  g_mutex_clear (&server->lock);
  g_cond_clear (&server->acting);
  g_free (server);
}

/* -- the record -------------------------------------------------------------
 */

guint16
evil_server_get_port (EvilServer *server)
{
  return server->port;
}

guint
evil_server_count (EvilServer *server)
{
  guint n;

  g_mutex_lock (&server->lock);
  n = server->peers->len;
  g_mutex_unlock (&server->lock);
  return n;
}

static guint
count (gconstpointer bytes, gsize size, const gchar *text)
{
  const guint8 *at = bytes, *end = at + size;
  guint found = 0;

  while (at < end && (at = memmem (at, end - at, text, strlen (text)))) {
    at += strlen (text);
    found++;
  }
  return found;
}

static guint
count_in_frames (EvilPeer *peer, const gchar *text)
{
  gsize at = peer->head;
  guint found = 0;
  GString *payload;

  while (peer->head > 0 && (payload = next_frame (peer, &at)) != NULL) {
    found += count (payload->str, payload->len, text);
    g_string_free (payload, TRUE);
  }
  return found;
}

/* How often @text is in the bytes as they are, and in the frames. */
static void
find (EvilServer *server, const gchar *text, guint *bytes, guint *frames)
{
  *bytes = *frames = 0;
  g_mutex_lock (&server->lock);
  for (guint i = 0; i < server->peers->len; i++) {
    EvilPeer *peer = g_ptr_array_index (server->peers, i);

    g_mutex_lock (&peer->lock);
    *bytes += count (peer->received->data, peer->received->len, text);
    *frames += count_in_frames (peer, text);
    g_mutex_unlock (&peer->lock);
  }
  g_mutex_unlock (&server->lock);
}

guint
evil_server_find (EvilServer *server, const gchar *text)
{
  guint bytes, frames;

  find (server, text, &bytes, &frames);
  return bytes + frames;
}

guint
evil_server_find_in_frames (EvilServer *server, const gchar *text)
{
  guint bytes, frames;

  find (server, text, &bytes, &frames);
  return frames;
}

gsize
evil_server_get_peak (EvilServer *server)
{
  gsize peak;

  g_mutex_lock (&server->lock);
  peak = server->peak;
  g_mutex_unlock (&server->lock);
  return peak;
}
