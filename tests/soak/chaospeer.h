/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The servers and the network of a chaos run, in a process of their own, so
 * that what they keep is not counted with what is measured. Dies with the
 * process that made it.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _ChaosPeer ChaosPeer;

/* Roads to servers: two to the first, one to the second. */
enum { CHAOS_ROAD_MAIN, CHAOS_ROAD_DETOUR, CHAOS_ROAD_FALLBACK, CHAOS_ROADS };

/* Forks: to be called before there is a second thread. Sessions live for
 * @session_seconds. */
ChaosPeer *chaos_peer_new (
    int argc, char **argv, guint seed, guint session_seconds);
void chaos_peer_free (ChaosPeer *peer);

/* Carries out one line, and returns the number that answers it, 0 if there is
 * none to give. ROAD is a number of a road, or "*" for all.
 *
 *   port ROAD                where it begins
 *   reset ROAD, hangup ROAD  cuts what is open
 *   close ROAD CODE          with a close frame
 *   stop ROAD UP DOWN        1: nothing passes that way any more; 0: it does
 *   rates ROAD UP DOWN       bytes per second, 0 = no limit
 *   burst ROAD MS            what comes down comes in bursts
 *   refuse ROAD N STATUS AFTER   the next N upgrades, with Retry-After
 *   send JSON                from the servers, to all sessions
 *   heard RESPONSE MS        the listener heard so much of it so far
 *   answered TURN            whether anything that answers it was heard
 *   output CALL              whether a server got an output of it
 *   sum FIGURE N             see chaosaudit.c
 *   lost TURN N, lost-text TEXT N   the next that is lost, or -1
 *   refused                  upgrades that were
 */
gint64 chaos_peer_do (ChaosPeer *peer, const gchar *format, ...)
    G_GNUC_PRINTF (2, 3);

G_END_DECLS
