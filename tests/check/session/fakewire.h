/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A transport without a socket, and a clock that stands still: programs that
 * link this in place of rt2transport.c, with g_get_monotonic_time(),
 * g_get_real_time() and g_timeout_source_new() wrapped by the linker, decide
 * alone what arrives and how late it is. One connection at a time, one thread.
 */
#pragma once

#include "rt2transport.h"

G_BEGIN_DECLS

/* Gets what the client does; @data is that of fakewire_watch(). */
typedef struct {
  void (*connecting) (gpointer data);
  /* Called from inside rt2_transport_send(). */
  void (*sent) (gpointer data, const gchar *text);
} FakeWireWatch;

void fakewire_watch (const FakeWireWatch *watch, gpointer data);

/* The @n-th oldest connection that there is, from 0 on, is meant from now on.
 * It may be gone, or not be there yet. */
void fakewire_pick (guint n);
/* While the watch is called: the number of the connection that it is about,
 * from 1 on; each has its own, and keeps it when it is connected again. */
guint fakewire_number (void);
guint fakewire_number_of (const Rt2Transport *transport);
/* The number of the one that is picked; 0 = there is none. */
guint fakewire_picked (void);

/* Whether the client waits for the connection, or has it. */
gboolean fakewire_is_connecting (void);
gboolean fakewire_is_open (void);

/* The upgrade is through. */
void fakewire_open (void);
/* A message of the server's. */
void fakewire_deliver (const gchar *text);
/* The connection is gone. */
void fakewire_drop (void);
/* The server closes it with @code, or refuses it: then @code is 0. */
void fakewire_close (guint code, const gchar *reason);

/* The time, monotonic us; it only moves here. */
gint64 fakeclock_now (void);
void fakeclock_advance (gint64 us);
/* The time is that of the beginning again. */
void fakeclock_reset (void);
/* What the calendar says then, unix s. */
#define FAKECLOCK_EPOCH G_GINT64_CONSTANT (1790000000)
/* When the next timeout is due; G_MAXINT64 = there is none. */
gint64 fakeclock_next (void);

G_END_DECLS
