/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A server in a process of its own, so that what it keeps is not counted with
 * what is measured, and which is told what to do line by line. Dies with the
 * process that made it.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _SoakPeer SoakPeer;

/* In the child: makes the server; does what one line says, and returns the
 * number that answers it, 0 if there is none to give. */
typedef gpointer (*SoakPeerSetUp) (gpointer data);
typedef gint64 (*SoakPeerCarryOut) (gpointer server, gchar *line);

/* Forks: to be called before there is a second thread, and before
 * g_test_init(), which it calls in the child. */
SoakPeer *soak_peer_start (int argc, char **argv, SoakPeerSetUp set_up,
    SoakPeerCarryOut carry_out, gpointer data);
void soak_peer_free (SoakPeer *peer);

/* Has one line carried out, and returns its answer. */
gint64 soak_peer_do (SoakPeer *peer, const gchar *format, ...)
    G_GNUC_PRINTF (2, 3);

/* One that is an agent, see ../check/pipelines/agent.h. All that it is told
 * concerns the newest connection:
 *
 *   port                    where it listens
 *   slow BYTES              the port of a relay that passes so many bytes per
 *                           second on to it, and keeps next to none
 *   secure FILE             the port of a gate to it with TLS; writes the
 *                           certificate of its CA into FILE
 *   connected N             waits until N connections were made in all
 *   send JSON               an event
 *   repeat N JSON           the same event N times
 *   answer LARGEST N ...    begins a response of items of N samples each, in
 *                           deltas of at most LARGEST samples
 *   go SAMPLES              sends of it until so much is sent in all; whether
 *                           there was anything to send
 *   cut                     cancels what is left of it
 *   starts TURN, stops TURN the user's turn, as the VAD hears it
 *   drop, hangup            resets the connection, or just ends it
 *   close CODE              with a close frame
 *   fault WORD ...          the same, or "say" something, if there is one
 *   refuse STATUS           connections are refused; 0 = not any more
 *   stall                   nothing is read or answered for some ms
 *   forget                  drops the record of what came
 *   count TYPE              events of this type in the record
 *   newest                  the last sample of the last audio that came
 */
SoakPeer *soak_peer_new (int argc, char **argv);

/* Drops debug messages from now on, of which there are millions. */
void soak_peer_hush (void);

/* "ws://127.0.0.1:PORT/v1/realtime". Caller frees it. */
gchar *soak_peer_dup_uri (gint64 port);

G_END_DECLS
