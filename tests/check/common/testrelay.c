/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two threads for each connection, one each way.
 */
#include "testrelay.h"

#include <sys/socket.h>

#define PIECE 1000
/* Bytes: what stands in the relay's own socket is out of the test's sight. */
#define RECEIVE_BUFFER 4096

typedef struct {
  TestRelay *relay;
  GSocket *from, *to;
  gboolean up;
} Way;

struct _TestRelay {
  guint16 port, target;
  GSocket *listener;
  GCancellable *stop;
  GThread *thread;
  /* Of the ways. Only touched by the thread, and once it is over. */
  GPtrArray *threads;

  GMutex lock; /* guards the rest */
  GCond cond;
  gboolean over;
  gboolean stopped[2]; /* index: up */
  guint rate;
};

/* FALSE if it is over. */
static gboolean
wait_for_leave (Way *way)
{
  TestRelay *relay = way->relay;
  gboolean over;
  guint rate;

  g_mutex_lock (&relay->lock);
  while (relay->stopped[way->up] && !relay->over)
    g_cond_wait (&relay->cond, &relay->lock);
  over = relay->over;
  rate = way->up ? relay->rate : 0;
  g_mutex_unlock (&relay->lock);
  if (rate > 0 && !over)
    g_usleep (PIECE * G_USEC_PER_SEC / rate);
  return !over;
}

static gboolean
send_all (Way *way, const gchar *bytes, gssize size)
{
  while (size > 0) {
    gssize sent = g_socket_send (way->to, bytes, size, way->relay->stop, NULL);

    if (sent <= 0)
      return FALSE;
    bytes += sent;
    size -= sent;
  }
  return TRUE;
}

static gpointer
run_way (gpointer data)
{
  Way *way = data;
  gchar bytes[PIECE];
  gssize n;

  while (wait_for_leave (way)) {
    n = g_socket_receive (
        way->from, bytes, sizeof bytes, way->relay->stop, NULL);
    if (n <= 0 || !wait_for_leave (way) || !send_all (way, bytes, n))
      break;
  }
  g_socket_shutdown (way->to, FALSE, TRUE, NULL);
  g_object_unref (way->from);
  g_object_unref (way->to);
  g_free (way);
  return NULL;
}

static GSocket *
new_socket (void)
{
  return g_socket_new (
      G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
}

static GSocketAddress *
loopback (guint16 port)
{
  return g_inet_socket_address_new_from_string ("127.0.0.1", port);
}

static void
add_way (TestRelay *relay, GSocket *from, GSocket *to, gboolean up)
{
  Way *way = g_new0 (Way, 1);

  way->relay = relay;
  way->from = g_object_ref (from);
  way->to = g_object_ref (to);
  way->up = up;
  g_ptr_array_add (relay->threads, g_thread_new ("test-way", run_way, way));
}

static gpointer
run (gpointer data)
{
  TestRelay *relay = data;
  g_autoptr (GSocketAddress) target = loopback (relay->target);
  GSocket *client;

  while (
      (client = g_socket_accept (relay->listener, relay->stop, NULL)) != NULL) {
    g_autoptr (GSocket) server = new_socket ();

    if (g_socket_connect (server, target, relay->stop, NULL)) {
      add_way (relay, client, server, TRUE);
      add_way (relay, server, client, FALSE);
    }
    g_object_unref (client);
  }
  return NULL;
}

TestRelay *
test_relay_new (guint16 port)
{
  TestRelay *relay = g_new0 (TestRelay, 1);
  g_autoptr (GSocketAddress) any = loopback (0);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autoptr (GError) error = NULL;

  relay->target = port;
  relay->stop = g_cancellable_new ();
  relay->threads = g_ptr_array_new ();
  g_mutex_init (&relay->lock);
  g_cond_init (&relay->cond);
  relay->listener = new_socket ();
  g_socket_set_option (
      relay->listener, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER, NULL);
  g_socket_bind (relay->listener, any, FALSE, &error);
  g_assert_no_error (error);
  g_socket_listen (relay->listener, &error);
  g_assert_no_error (error);
  bound = g_socket_get_local_address (relay->listener, &error);
  g_assert_no_error (error);
  relay->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  relay->thread = g_thread_new ("test-relay", run, relay);
  return relay;
}

void
test_relay_free (TestRelay *relay)
{
  g_mutex_lock (&relay->lock);
  relay->over = TRUE;
  g_cond_broadcast (&relay->cond);
  g_mutex_unlock (&relay->lock);
  g_cancellable_cancel (relay->stop);
  g_thread_join (relay->thread);
  for (guint i = 0; i < relay->threads->len; i++)
    g_thread_join (g_ptr_array_index (relay->threads, i));
  g_ptr_array_unref (relay->threads);
  g_object_unref (relay->listener);
  g_object_unref (relay->stop);
  g_mutex_clear (&relay->lock);
  g_cond_clear (&relay->cond);
  g_free (relay);
}

guint16
test_relay_get_port (TestRelay *relay)
{
  return relay->port;
}

void
test_relay_stop (TestRelay *relay, gboolean up, gboolean down)
{
  g_mutex_lock (&relay->lock);
  relay->stopped[TRUE] = up;
  relay->stopped[FALSE] = down;
  g_cond_broadcast (&relay->cond);
  g_mutex_unlock (&relay->lock);
}

void
test_relay_set_rate (TestRelay *relay, guint rate)
{
  g_mutex_lock (&relay->lock);
  relay->rate = rate;
  g_mutex_unlock (&relay->lock);
}
