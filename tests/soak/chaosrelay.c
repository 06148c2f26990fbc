/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One thread that looks after all sockets, and at what is wanted of it, every
 * few ms.
 */
#include "chaosrelay.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "chaosframes.h"

#define TICK 5 /* ms */
#define PIECE 8192
/* Bytes that wait in the relay; what stands in its sockets is out of sight. */
#define KEPT 16384
/* us that a client has to answer a close frame, or to read a refusal. */
#define PATIENCE G_USEC_PER_SEC

enum { DOWN, UP };

typedef struct {
  ChaosRelay *relay;
  guint number;
  int from[2], to[2];     /* by direction; the same two sockets */
  GByteArray *waiting[2]; /* bytes that are not passed on yet */
  ChaosFrames frames[2];
  gboolean eof[2];
  guint close_code;    /* that is to be sent, or 0 */
  gint64 dying;        /* when it is over, or 0 */
  gboolean refused;    /* there is no server */
  gboolean cut, reset; /* at once */
} Link;

struct _ChaosRelay {
  guint16 port, target;
  int listener;
  const ChaosTap *tap;
  gpointer data;
  gint64 last; /* when the budget was given last, us */

  GMutex lock;
  /* Under the lock, as all below. */
  GPtrArray *links; /* Link; changed by the thread only */
  gboolean stopped[2];
  guint rates[2];
  gint64 budget[2]; /* bytes that may pass, if there is a rate */
  guint burst;      /* ms */
  guint refusals, status, retry_after, refused;
};

static gint last_number; /* atomic */

/* --- links --- */

static void
on_down (gpointer data, gchar *text, gsize size)
{
  Link *link = data;

  link->relay->tap->message (
      link->relay->data, link->number, FALSE, text, size);
}

static void
on_up (gpointer data, gchar *text, gsize size)
{
  Link *link = data;

  link->relay->tap->message (link->relay->data, link->number, TRUE, text, size);
}

static Link *
link_new (ChaosRelay *relay, int client, int server)
{
  Link *link = g_new0 (Link, 1);

  link->relay = relay;
  link->number = g_atomic_int_add (&last_number, 1) + 1;
  link->from[UP] = link->to[DOWN] = client;
  link->from[DOWN] = link->to[UP] = server;
  for (guint i = 0; i < 2; i++)
    link->waiting[i] = g_byte_array_new ();
  chaos_frames_init (&link->frames[DOWN], on_down, link);
  chaos_frames_init (&link->frames[UP], on_up, link);
  return link;
}

static void
link_free (gpointer data)
{
  static const struct linger at_once = { 1, 0 };
  Link *link = data;

  for (guint i = 0; i < 2; i++) {
    if (link->from[i] >= 0 && link->reset)
      setsockopt (
          link->from[i], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    if (link->from[i] >= 0)
      close (link->from[i]);
    g_byte_array_unref (link->waiting[i]);
    chaos_frames_clear (&link->frames[i]);
  }
  link->relay->tap->over (link->relay->data, link->number);
  g_free (link);
}

static struct sockaddr_in
loopback (guint16 port)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
    .sin_port = htons (port),
    .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };

  return address;
}

static int
reach_server (ChaosRelay *relay)
{
  struct sockaddr_in address = loopback (relay->target);
  int server = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (connect (server, (struct sockaddr *) &address, sizeof address) != 0)
    g_error ("the relay does not reach the server");
  fcntl (server, F_SETFL, O_NONBLOCK);
  return server;
}

static void
refuse (Link *link)
{
  ChaosRelay *relay = link->relay;
  g_autofree gchar *after = relay->retry_after == 0
      ? g_strdup ("")
      : g_strdup_printf ("Retry-After: %u\r\n", relay->retry_after);
  g_autofree gchar *head = g_strdup_printf ("HTTP/1.1 %u Not now\r\n%s"
                                            "Content-Length: 0\r\n"
                                            "Connection: close\r\n\r\n",
      relay->status, after);

  link->refused = TRUE;
  link->dying = g_get_monotonic_time () + PATIENCE;
  g_byte_array_append (
      link->waiting[DOWN], (const guint8 *) head, strlen (head));
}

static void
take_client (ChaosRelay *relay)
{
  int client = accept (relay->listener, NULL, NULL);
  gboolean refused = relay->refusals > 0;
  Link *link;

  if (client < 0)
    return;
  fcntl (client, F_SETFL, O_NONBLOCK);
  link = link_new (relay, client, refused ? -1 : reach_server (relay));
  g_ptr_array_add (relay->links, link);
  if (!refused)
    return;
  relay->refusals--;
  relay->refused++;
  if (relay->status == 0)
    link->cut = link->reset = TRUE;
  else
    refuse (link);
}

/* --- what passes --- */

static void
take_bytes (Link *link, guint way)
{
  guint8 bytes[PIECE];
  gssize n;

  if (link->from[way] < 0 || link->eof[way] || link->waiting[way]->len >= KEPT)
    return;
  n = recv (link->from[way], bytes, sizeof bytes, 0);
  if (n > 0)
    g_byte_array_append (link->waiting[way], bytes, n);
  else if (n == 0 || (errno != EAGAIN && errno != EINTR))
    link->eof[way] = TRUE;
}

static gsize
how_many (Link *link, guint way)
{
  ChaosRelay *relay = link->relay;
  gsize n = link->waiting[way]->len;

  if (relay->rates[way] > 0)
    n = MIN (n, (gsize) MAX (relay->budget[way], 0));
  if (way == DOWN && link->close_code != 0)
    n = MIN (n, chaos_frames_next (&link->frames[DOWN]));
  return n;
}

static gboolean
give_bytes (Link *link, guint way)
{
  gsize n = how_many (link, way);
  gssize sent;

  if (n == 0 || link->to[way] < 0)
    return FALSE;
  sent = send (link->to[way], link->waiting[way]->data, n, MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN && errno != EINTR)
    link->cut = TRUE;
  if (sent <= 0)
    return FALSE;
  if (!link->refused)
    chaos_frames_add (&link->frames[way], link->waiting[way]->data, sent);
  g_byte_array_remove_range (link->waiting[way], 0, sent);
  link->relay->budget[way] -= sent;
  return TRUE;
}

static void
send_close (Link *link)
{
  guint8 frame[] = { 0x88, 2, link->close_code >> 8, link->close_code & 255 };

  if (send (link->to[DOWN], frame, sizeof frame, MSG_NOSIGNAL) < 0)
    link->cut = TRUE;
  close (link->to[UP]);
  link->to[UP] = link->from[DOWN] = -1;
  g_byte_array_set_size (link->waiting[DOWN], 0);
  g_byte_array_set_size (link->waiting[UP], 0);
  link->close_code = 0;
  link->dying = g_get_monotonic_time () + PATIENCE;
}

static gboolean
is_burst (ChaosRelay *relay, gint64 now)
{
  gint64 period = relay->burst * 1000;

  return period == 0 || now % period < 4 * TICK * 1000;
}

static void
pass_on (Link *link, guint way, gint64 now)
{
  if (link->relay->stopped[way]
      || (way == DOWN && !is_burst (link->relay, now)))
    return;
  take_bytes (link, way);
  for (gboolean more = TRUE; more;) {
    if (way == DOWN && link->close_code != 0
        && chaos_frames_between (&link->frames[DOWN]))
      send_close (link);
    more = give_bytes (link, way);
  }
  if (link->to[way] < 0)
    g_byte_array_set_size (link->waiting[way], 0);
  if (link->eof[way] && link->waiting[way]->len == 0)
    link->cut = TRUE;
}

static void
give_budget (ChaosRelay *relay, gint64 now)
{
  for (guint i = 0; i < 2; i++) {
    gint64 most = relay->rates[i] / 10;

    relay->budget[i] += (gint64) relay->rates[i] * (now - relay->last)
        / G_USEC_PER_SEC;
    relay->budget[i] = MIN (relay->budget[i], most);
  }
  relay->last = now;
}

static void
tick (ChaosRelay *relay)
{
  gint64 now = g_get_monotonic_time ();

  g_mutex_lock (&relay->lock);
  give_budget (relay, now);
  take_client (relay);
  for (guint i = relay->links->len; i > 0; i--) {
    Link *link = g_ptr_array_index (relay->links, i - 1);

    pass_on (link, UP, now);
    pass_on (link, DOWN, now);
    if (link->cut || (link->dying != 0 && now > link->dying))
      g_ptr_array_remove_index_fast (relay->links, i - 1);
  }
  g_mutex_unlock (&relay->lock);
}

static gpointer
run (gpointer data)
{
  for (;;) {
    tick (data);
    g_usleep (TICK * 1000);
  }
  return NULL;
}

ChaosRelay *
chaos_relay_new (guint16 target, const ChaosTap *tap, gpointer data)
{
  ChaosRelay *relay = g_new0 (ChaosRelay, 1);
  struct sockaddr_in address = loopback (0);
  socklen_t size = sizeof address;
  int kept = PIECE;

  g_mutex_init (&relay->lock);
  relay->links = g_ptr_array_new_with_free_func (link_free);
  relay->target = target;
  relay->tap = tap;
  relay->data = data;
  relay->last = g_get_monotonic_time ();
  relay->listener = socket (
      AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  setsockopt (relay->listener, SOL_SOCKET, SO_RCVBUF, &kept, sizeof kept);
  if (bind (relay->listener, (struct sockaddr *) &address, size) != 0
      || listen (relay->listener, 8) != 0
      || getsockname (relay->listener, (struct sockaddr *) &address, &size))
    g_error ("the relay has no port");
  relay->port = ntohs (address.sin_port);
  g_thread_unref (g_thread_new ("relay", run, relay));
  return relay;
}

guint16
chaos_relay_get_port (ChaosRelay *relay)
{
  return relay->port;
}

/* --- what is wanted --- */

void
chaos_relay_cut (ChaosRelay *relay, gboolean reset)
{
  g_mutex_lock (&relay->lock);
  for (guint i = 0; i < relay->links->len; i++) {
    Link *link = g_ptr_array_index (relay->links, i);

    link->cut = TRUE;
    link->reset = reset;
  }
  g_mutex_unlock (&relay->lock);
}

void
chaos_relay_close (ChaosRelay *relay, guint code)
{
  g_mutex_lock (&relay->lock);
  for (guint i = 0; i < relay->links->len; i++) {
    Link *link = g_ptr_array_index (relay->links, i);

    if (link->dying == 0)
      link->close_code = code;
  }
  g_mutex_unlock (&relay->lock);
}

void
chaos_relay_stop (ChaosRelay *relay, gboolean up, gboolean down)
{
  g_mutex_lock (&relay->lock);
  relay->stopped[UP] = up;
  relay->stopped[DOWN] = down;
  g_mutex_unlock (&relay->lock);
}

void
chaos_relay_set_rates (ChaosRelay *relay, guint up, guint down)
{
  g_mutex_lock (&relay->lock);
  relay->rates[UP] = up;
  relay->rates[DOWN] = down;
  g_mutex_unlock (&relay->lock);
}

void
chaos_relay_set_burst (ChaosRelay *relay, guint ms)
{
  g_mutex_lock (&relay->lock);
  relay->burst = ms;
  g_mutex_unlock (&relay->lock);
}

void
chaos_relay_refuse (ChaosRelay *relay, guint n, guint status, guint retry_after)
{
  g_mutex_lock (&relay->lock);
  relay->refusals = n;
  relay->status = status;
  relay->retry_after = retry_after;
  g_mutex_unlock (&relay->lock);
}

guint
chaos_relay_count_refused (ChaosRelay *relay)
{
  guint n;

  g_mutex_lock (&relay->lock);
  n = relay->refused;
  g_mutex_unlock (&relay->lock);
  return n;
}
