/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bounds on what a WebSocket peer sends that libsoup does not know: the size of
 * a message in fragments, the number of pings, and how long it may read without
 * coming back to the main loop.
 *
 * libsoup bounds a frame only, collects fragments without end, queues a pong
 * for each ping even if nobody reads them, and reads for as long as there is
 * something to read: a peer that is faster than we are stops all else on the
 * context, the end of it included.
 *
 * It lets extensions look at each frame. This is one that the server is not
 * asked for and knows nothing of: it is written into the handshake once the
 * answer is in. A source of G_PRIORITY_HIGH that is ready (the end) is not kept
 * waiting by more than a megabyte: the connection is given up for it. To be
 * used on the thread that owns the context.
 */
#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

typedef struct _Rt2Inflow Rt2Inflow;

/* Just before @message is sent by soup_session_websocket_connect_async(). */
void rt2_inflow_prepare (SoupSession *session, SoupMessage *message);

/* Bounds an open connection that was prepared so. A message of more than
 * @max_message bytes is the connection's `error` TOO_BIG of
 * SOUP_WEBSOCKET_ERROR, a flood is one of G_IO_ERROR; it must be cut then. A
 * message has *** for @key in it (see rt2mask.h), which may be NULL. NULL
 * if this libsoup does not use the extension. Free it with the connection. */
Rt2Inflow *rt2_inflow_new (
    SoupWebsocketConnection *connection, guint64 max_message, const gchar *key);
/* From now on what comes is dropped: only the close frame matters. */
void rt2_inflow_drop (Rt2Inflow *inflow);
/* NULL is fine. */
void rt2_inflow_free (Rt2Inflow *inflow);

G_END_DECLS
