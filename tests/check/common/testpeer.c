/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A blocking accept loop in a thread.
 */
#include "testpeer.h"

struct _TestPeer {
  TestPeerKind kind;
  gchar *bytes;
  guint16 port;
  GSocketListener *listener;
  GCancellable *stop;
  GThread *thread;
  /* The connections that stay. Only touched by the thread. */
  GPtrArray *connections;
};

/* As fast as it can, until the other side has enough. */
static void
flood (TestPeer *peer, GOutputStream *output)
{
  static const gchar line[] = "a: b\r\n";
  gchar more[65536] = "";

  for (gsize i = 0; peer->kind == TEST_PEER_FLOODS_LINES && i < sizeof more;
       i++)
    more[i] = line[i % strlen (line)];
  while (g_output_stream_write_all (
      output, more, sizeof more, NULL, peer->stop, NULL))
    ;
}

static void
serve (TestPeer *peer, GSocketConnection *connection)
{
  GIOStream *stream = G_IO_STREAM (connection);
  gchar first;

  if (peer->bytes != NULL)
    g_output_stream_write_all (g_io_stream_get_output_stream (stream),
        peer->bytes, strlen (peer->bytes), NULL, peer->stop, NULL);
  if (peer->kind == TEST_PEER_FLOODS || peer->kind == TEST_PEER_FLOODS_LINES)
    flood (peer, g_io_stream_get_output_stream (stream));
  if (peer->kind != TEST_PEER_HANGS_UP)
    return;
  g_input_stream_read (
      g_io_stream_get_input_stream (stream), &first, 1, peer->stop, NULL);
  g_socket_shutdown (
      g_socket_connection_get_socket (connection), FALSE, TRUE, NULL);
}

static gpointer
run (gpointer data)
{
  TestPeer *peer = data;
  GSocketConnection *connection;

  while ((connection = g_socket_listener_accept (
              peer->listener, NULL, peer->stop, NULL))
      != NULL) {
    g_ptr_array_add (peer->connections, connection);
    serve (peer, connection);
  }
  return NULL;
}

TestPeer *
test_peer_new (TestPeerKind kind, const gchar *bytes)
{
  g_autoptr (GInetAddress)
      loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) wanted = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) got = NULL;
  g_autoptr (GError) error = NULL;
  TestPeer *peer = g_new0 (TestPeer, 1);

  peer->kind = kind;
  peer->bytes = g_strdup (bytes);
  peer->stop = g_cancellable_new ();
  peer->connections = g_ptr_array_new_with_free_func (g_object_unref);
  peer->listener = g_socket_listener_new ();
  g_socket_listener_add_address (peer->listener, wanted, G_SOCKET_TYPE_STREAM,
      G_SOCKET_PROTOCOL_TCP, NULL, &got, &error);
  g_assert_no_error (error);
  peer->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (got));
  peer->thread = g_thread_new ("test-peer", run, peer);
  return peer;
}

void
test_peer_free (TestPeer *peer)
{
  if (peer == NULL)
    return;

  g_cancellable_cancel (peer->stop);
  g_thread_join (peer->thread);
  g_ptr_array_unref (peer->connections);
  g_socket_listener_close (peer->listener);
  g_object_unref (peer->listener);
  g_object_unref (peer->stop);
  g_free (peer->bytes);
  g_free (peer);
}

guint16
test_peer_get_port (TestPeer *peer)
{
  return peer->port;
}

guint16
test_peer_find_closed_port (void)
{
  TestPeer *peer = test_peer_new (TEST_PEER_SILENT, NULL);
  guint16 port = peer->port;

  test_peer_free (peer);
  return port;
}
