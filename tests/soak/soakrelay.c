/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A thin line, in plain sockets: one thread for each direction.
 */
#include "soakrelay.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* Pieces that pass per second. */
#define STEPS 50
/* The smallest that the kernel keeps for a socket is a few times that. */
#define KEPT 2048

typedef struct {
  int from, to;
  guint bytes_per_second; /* 0 = as they come */
} Way;

typedef struct {
  int listener;
  guint16 target;
  guint bytes_per_second;
} Relay;

static struct sockaddr_in
loopback (guint16 port)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
    .sin_port = htons (port),
    .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };

  return address;
}

static gboolean
write_all (int fd, const guint8 *data, gssize size)
{
  while (size > 0) {
    gssize n = send (fd, data, size, MSG_NOSIGNAL);

    if (n <= 0)
      return FALSE;
    data += n;
    size -= n;
  }
  return TRUE;
}

static gpointer
run_way (gpointer data)
{
  Way *way = data;
  guint8 bytes[4096];
  gsize most = way->bytes_per_second > 0 ? way->bytes_per_second / STEPS
                                         : sizeof bytes;
  gssize n;

  while (
      (n = read (way->from, bytes, most)) > 0 && write_all (way->to, bytes, n))
    if (way->bytes_per_second > 0)
      g_usleep (G_USEC_PER_SEC * n / way->bytes_per_second);
  shutdown (way->to, SHUT_WR);
  g_free (way);
  return NULL;
}

static void
start_way (int from, int to, guint bytes_per_second)
{
  Way *way = g_new (Way, 1);

  *way = (Way){ from, to, bytes_per_second };
  g_thread_unref (g_thread_new ("way", run_way, way));
}

static gpointer
run_relay (gpointer data)
{
  Relay *relay = data;
  struct sockaddr_in address = loopback (relay->target);
  int client;

  while ((client = accept (relay->listener, NULL, NULL)) >= 0) {
    int server = socket (AF_INET, SOCK_STREAM, 0);

    if (connect (server, (struct sockaddr *) &address, sizeof address) != 0)
      g_error ("the relay does not reach the server");
    start_way (client, server, relay->bytes_per_second);
    start_way (server, client, 0);
  }
  return NULL;
}

guint16
soak_relay_start (guint16 target, guint bytes_per_second)
{
  struct sockaddr_in address = loopback (0);
  socklen_t size = sizeof address;
  Relay *relay = g_new0 (Relay, 1);
  int kept = KEPT;

  relay->target = target;
  relay->bytes_per_second = bytes_per_second;
  relay->listener = socket (AF_INET, SOCK_STREAM, 0);
  setsockopt (relay->listener, SOL_SOCKET, SO_RCVBUF, &kept, sizeof kept);
  if (bind (relay->listener, (struct sockaddr *) &address, size) != 0
      || listen (relay->listener, 8) != 0
      || getsockname (relay->listener, (struct sockaddr *) &address, &size))
    g_error ("the relay has no port");
  g_thread_unref (g_thread_new ("relay", run_relay, relay));
  return ntohs (address.sin_port);
}
