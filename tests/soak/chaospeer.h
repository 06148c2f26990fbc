/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The servers and the network of a chaos run, in a process of their own, so
 * that what they keep is not counted with what is measured. Dies with the
 * process that made it.
 */
#pragma once

#include "soakpeer.h"

G_BEGIN_DECLS

/* Roads to servers: two to the first, one to the second. */
enum { CHAOS_ROAD_MAIN, CHAOS_ROAD_DETOUR, CHAOS_ROAD_FALLBACK, CHAOS_ROADS };

/* See soak_peer_start(). Sessions live for @session_seconds. What it is told;
 * ROAD is a number of a road, or "*" for all:
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
SoakPeer *chaos_peer_new (
    int argc, char **argv, guint seed, guint session_seconds);

G_END_DECLS
