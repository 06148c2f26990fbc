/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A connection in the background: it is opened and configured while another is
 * in use, and waits to take its place. Does one try; what follows from a
 * failure is the owner's to decide.
 *
 * Same thread rules as rt2transport.h. Every callback comes from the main loop,
 * never from inside a function of this room; each may free the standby.
 */
#pragma once

#include "rt2protocol.h"
#include "rt2transport.h"

G_BEGIN_DECLS

typedef struct _Rt2Standby Rt2Standby;

typedef enum {
  RT2_STANDBY_CONNECTING,  /* until session.created */
  RT2_STANDBY_CONFIGURING, /* our session.update is sent */
  RT2_STANDBY_SEEDED,      /* it was accepted and the owner has told the rest;
                            * MCP servers may still have to list their tools */
  RT2_STANDBY_READY,       /* waits */
  RT2_STANDBY_FAILED,      /* for good */
} Rt2StandbyState;

typedef struct {
  /* The server took the configuration: now tell it what it must know. */
  void (*configured) (gpointer owner, const Rt2SessionInfo *info);
  /* Nothing more is to come before it can be used. */
  void (*ready) (gpointer owner);
  /* An `error` event that does not end it. */
  void (*error) (gpointer owner, const Rt2ServerError *error);
  /* The end, in whatever state; the last callback. */
  void (*failed) (gpointer owner, const Rt2Fault *fault);
} Rt2StandbyListener;

/* Connects with @config. @update is the session.update to send, with the event
 * id @update_id; @mcp the number of MCP servers in it that are to list their
 * tools. Copies all. connect_timeout bounds each step. */
Rt2Standby *rt2_standby_new (const Rt2StandbyListener *listener, gpointer owner,
    const Rt2TransportConfig *config, const gchar *update,
    const gchar *update_id, guint mcp);

/* Closes the connection, unless it was taken, and waits for nothing. */
void rt2_standby_free (Rt2Standby *standby);

Rt2StandbyState rt2_standby_get_state (const Rt2Standby *standby);
/* The open connection, to tell the server more. */
Rt2Transport *rt2_standby_get_transport (Rt2Standby *standby);
/* What session.created said; NULL before it came. */
const Rt2SessionInfo *rt2_standby_get_created (const Rt2Standby *standby);
/* What session.updated said; NULL before it came. */
const Rt2SessionInfo *rt2_standby_get_info (const Rt2Standby *standby);
/* The monotonic time, and unix time, us, at which session.created came. */
gint64 rt2_standby_get_birth (const Rt2Standby *standby, gint64 *wall);

/* Gives the connection away, which must be READY: its news go to its new owner
 * from now on. */
Rt2Transport *rt2_standby_steal (Rt2Standby *standby,
    const Rt2TransportListener *listener, gpointer user_data);

G_END_DECLS
