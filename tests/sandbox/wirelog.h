/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes down what passes a WebSocket, for a check against the official
 * types. Asked for by the environment: RT2_WIRE_LOG=DIR, a directory that
 * exists. Each process appends to a file of its own there. */
#ifndef SANDBOX_WIRELOG_H
#define SANDBOX_WIRELOG_H

#include <glib.h>

G_BEGIN_DECLS

/* A number for wirelog_add() that no other connection of this process has. */
guint wirelog_open (void);

/* One line {"connection", "dir", "event"}: direction is "client", "server", or
 * "scripted" for what a test made up as a server; text is the event as it is on
 * the wire, NULL for an empty message. Long base64 is cut to a few letters that
 * are still base64. Any thread; nothing happens without RT2_WIRE_LOG. */
void wirelog_add (guint connection, const gchar *direction, const gchar *text);

G_END_DECLS

#endif
