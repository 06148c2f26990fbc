/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A transport without a socket, and a clock that stands still.
 */
#include "fakewire.h"

#include <string.h>

/* Not 0: that means "never" in many places. */
#define FIRST_INSTANT G_GINT64_CONSTANT (1000000000)

struct _Rt2Transport {
  guint number; /* from 1 on */
  const Rt2TransportListener *listener;
  gpointer user_data; /* of the listener */
  gboolean connecting, open;
  Rt2TransportStats stats;
};

static struct {
  const FakeWireWatch *watch;
  gpointer data;   /* of the watch */
  GList *clients;  /* Rt2Transport*, oldest first; not owned */
  guint picked;    /* of them */
  guint n_clients; /* that there ever were */
  guint number;    /* of the one that the watch is told of */
  gint64 now;
  GList *timers; /* Timer*, alive; not owned */
} fake = { .now = FIRST_INSTANT };

/* --- the test's side --- */

void
fakewire_watch (const FakeWireWatch *watch, gpointer data)
{
  fake.watch = watch;
  fake.data = data;
}

void
fakewire_pick (guint n)
{
  fake.picked = n;
}

guint
fakewire_number (void)
{
  return fake.number;
}

guint
fakewire_number_of (const Rt2Transport *transport)
{
  return transport->number;
}

/* NULL if there is none. */
static Rt2Transport *
picked (void)
{
  return g_list_nth_data (fake.clients, fake.picked);
}

guint
fakewire_picked (void)
{
  return picked () ? picked ()->number : 0;
}

gboolean
fakewire_is_connecting (void)
{
  return picked () && picked ()->connecting;
}

gboolean
fakewire_is_open (void)
{
  return picked () && picked ()->open;
}

void
fakewire_open (void)
{
  Rt2Transport *client = picked ();

  g_assert_true (fakewire_is_connecting ());
  client->connecting = FALSE;
  client->open = TRUE;
  client->listener->opened (client->user_data);
}

void
fakewire_deliver (const gchar *text)
{
  Rt2Transport *client = picked ();

  g_assert_true (fakewire_is_open ());
  client->listener->message (client->user_data, text, strlen (text));
}

void
fakewire_drop (void)
{
  fakewire_close (0, NULL);
}

void
fakewire_close (guint code, const gchar *reason)
{
  Rt2Fault *fault = rt2_fault_from_close (code, reason, NULL, NULL);
  Rt2Transport *client = picked ();

  client->connecting = client->open = FALSE;
  client->listener->closed (client->user_data, fault);
  rt2_fault_free (fault);
}

/* --- rt2transport.h --- */

Rt2Transport *
rt2_transport_new (const Rt2TransportListener *listener, gpointer user_data)
{
  Rt2Transport *client = g_new0 (Rt2Transport, 1);

  client->number = ++fake.n_clients;
  client->listener = listener;
  client->user_data = user_data;
  fake.clients = g_list_append (fake.clients, client);
  return client;
}

void
rt2_transport_free (Rt2Transport *transport)
{
  g_assert_nonnull (g_list_find (fake.clients, transport));
  fake.clients = g_list_remove (fake.clients, transport);
  g_free (transport);
}

void
rt2_transport_settle (void)
{
}

void
rt2_transport_connect (
    Rt2Transport *transport, const Rt2TransportConfig *config)
{
  g_assert_false (transport->connecting || transport->open);
  transport->connecting = TRUE;
  fake.number = transport->number;
  fake.watch->connecting (fake.data);
}

void
rt2_transport_set_listener (Rt2Transport *transport,
    const Rt2TransportListener *listener, gpointer user_data)
{
  transport->listener = listener;
  transport->user_data = user_data;
}

gboolean
rt2_transport_is_open (Rt2Transport *transport)
{
  return transport->open;
}

guint
rt2_transport_get_number (Rt2Transport *transport)
{
  return 0;
}

gboolean
rt2_transport_is_writable (Rt2Transport *transport)
{
  return transport->open;
}

void
rt2_transport_send (Rt2Transport *transport, const gchar *text)
{
  fake.number = transport->number;
  if (transport->open)
    fake.watch->sent (fake.data, text);
}

void
rt2_transport_close (Rt2Transport *transport)
{
  transport->connecting = transport->open = FALSE;
}

void
rt2_transport_get_stats (Rt2Transport *transport, Rt2TransportStats *stats)
{
  *stats = transport->stats;
}

/* --- the clock --- */

typedef struct {
  GSource source;
  gint64 due; /* monotonic us */
} Timer;

/* The linker puts these in the place of GLib's, and wants to see them. */
#define VISIBLE __attribute__ ((visibility ("default")))

VISIBLE gint64 __wrap_g_get_monotonic_time (void);
VISIBLE gint64 __wrap_g_get_real_time (void);
VISIBLE GSource *__wrap_g_timeout_source_new (guint ms);

gint64
__wrap_g_get_monotonic_time (void)
{
  return fake.now;
}

gint64
__wrap_g_get_real_time (void)
{
  return FAKECLOCK_EPOCH * G_USEC_PER_SEC + fake.now - FIRST_INSTANT;
}

static gboolean
timer_is_due (GSource *source)
{
  return fake.now >= ((Timer *) source)->due;
}

static gboolean
timer_prepare (GSource *source, gint *timeout)
{
  *timeout = -1;
  return timer_is_due (source);
}

static gboolean
timer_dispatch (GSource *source, GSourceFunc callback, gpointer data)
{
  return callback (data);
}

static void
timer_finalize (GSource *source)
{
  fake.timers = g_list_remove (fake.timers, source);
}

static GSourceFuncs timer_funcs = {
  .prepare = timer_prepare,
  .check = timer_is_due,
  .dispatch = timer_dispatch,
  .finalize = timer_finalize,
};

GSource *
__wrap_g_timeout_source_new (guint ms)
{
  GSource *source = g_source_new (&timer_funcs, sizeof (Timer));

  ((Timer *) source)->due = fake.now + ms * G_GINT64_CONSTANT (1000);
  fake.timers = g_list_prepend (fake.timers, source);
  return source;
}

gint64
fakeclock_now (void)
{
  return fake.now;
}

void
fakeclock_reset (void)
{
  fake.now = FIRST_INSTANT;
}

void
fakeclock_advance (gint64 us)
{
  fake.now += us;
}

gint64
fakeclock_next (void)
{
  gint64 next = G_MAXINT64;

  for (GList *l = fake.timers; l; l = l->next)
    next = MIN (next, ((Timer *) l->data)->due);
  return next;
}
