/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a soak test begins and ends, and what it does between two looks at the
 * heap.
 */
#pragma once

#include "../check/pipelines/stage.h"
#include "soakpeer.h"

G_BEGIN_DECLS

/* Begins: the peer, GStreamer and GTest. *n becomes the first argument that is
 * not GTest's, if there is one. */
SoakPeer *soak_init (int argc, char **argv, guint *n);
/* Runs the tests. Frees @peer. */
int soak_run (SoakPeer *peer);

/* What the test itself keeps does not count: drops the messages that waits have
 * passed, none of which may be an ERROR, and the peer's record. */
void soak_forget (SoakPeer *peer, Stage *stage);

/* Returns when the element took in all that was sent. */
void soak_sync (SoakPeer *peer, Stage *stage);

/* SOAK_MEMORY tiny answers: more items than anything remembers, so that what is
 * bounded is full. */
#define SOAK_MEMORY 1100
void soak_fill_memory (SoakPeer *peer, Stage *stage);

G_END_DECLS
