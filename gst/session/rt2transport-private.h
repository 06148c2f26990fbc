/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One attempt to connect, and the connection that comes of it. rt2transport.c
 * keeps its life and what is open, rt2transportconnect.c the way there.
 */
#pragma once

#include "rt2transport.h"

#include <libsoup/soup.h>

#include "rt2endpoint.h"
#include "rt2inflow.h"
#include "rt2refusal.h"
#include "rt2thread.h"
#include "rt2watchdog.h"

G_BEGIN_DECLS

typedef struct {
  /* One for the transport, one for the pending connect, one for the
   * connection until libsoup is through with it. */
  guint refs;
  /* NULL once let go. Not owned. */
  Rt2Transport *transport;
  /* A copy; holds the key, which is needed to keep it out of texts. */
  Rt2TransportConfig *config;
  /* Of the connection in the event log. */
  guint number;
  /* NULL if the url was bad: then nothing is ever connected. */
  Rt2Endpoint *endpoint;

  /* Only while connecting. */
  SoupSession *session;
  SoupMessage *message;
  GCancellable *cancellable;
  GSource *connect_timer;
  guint interim; /* answers that were not the real one */

  /* The server answered, and not with an upgrade; what its body says. */
  gboolean refused;
  GString *refusal;
  Rt2RefusalLimit *limit; /* while a body of any size is read */

  /* Only while open, or closing. */
  SoupWebsocketConnection *connection;
  GSocket *socket;
  Rt2Inflow *inflow;
  /* The closing handshake goes on without us. */
  gboolean lingering;
  GSource *grace_timer;

  /* NULL if nobody asked for one. */
  Rt2Watchdog *watchdog;
  gint64 life_limit; /* of it, us */

  /* Not NULL while the socket takes no data: opens when it does again and all
   * of libsoup's is through; the other sees each step on the way there. */
  GSource *gate, *flow;
  /* The owner was told that the gate is shut. */
  gboolean owes_writable;

  /* Set = it is over; `report` tells the owner from the main loop. */
  Rt2Fault *fault;
  GSource *report;
} Rt2Link;

struct _Rt2Transport {
  GThread *thread; /* that made it, and alone may use it */
  Rt2TransportListener listener;
  gpointer user_data;
  /* The attempt in progress, the open connection, or the end not yet
   * reported. */
  Rt2Link *link;
  guint number; /* of the newest, see the Rt2Link */
  Rt2TransportStats stats;
};

Rt2Link *rt2_link_ref (Rt2Link *link);
void rt2_link_unref (Rt2Link *link);

/* Starts to connect; a reference is held until that is over. */
void rt2_link_start (Rt2Link *link);
/* The request is through with: wipes its secrets, and frees it. */
void rt2_link_drop_message (Rt2Link *link);
/* Takes @connection. */
void rt2_link_adopt (Rt2Link *link, SoupWebsocketConnection *connection);
/* What was adopted is in use from now on; tells the owner. */
void rt2_link_open (Rt2Link *link);

/* It is over: @fault (taken) is reported from the main loop, never from inside
 * libsoup's signals or our own functions. The first fault counts. */
void rt2_link_end (Rt2Link *link, Rt2Fault *fault);
/* Ends the connection without the peer. */
void rt2_link_cut (Rt2Link *link);

G_END_DECLS
