/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A pipeline with an input on a clock that need not be waited for: time goes on
 * as fast as everything in it is done.
 */
#pragma once

#include <gst/check/gsttestclock.h>

#include "soak.h"

G_BEGIN_DECLS

typedef struct {
  SoakPeer *peer; /* not owned */
  Stage *stage;
  GstTestClock *clock;
} SoakClock;

/* Plays until the session is there. @options are properties of the element. */
void soak_clock_init (SoakClock *clock, SoakPeer *peer, const gchar *options);
void soak_clock_clear (SoakClock *clock);

/* To the next thing that is due. */
void soak_clock_step (SoakClock *clock);
/* Until this running time, and until all that is due then is done. */
void soak_clock_go_on_until (SoakClock *clock, GstClockTime until);

G_END_DECLS
