/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Timers on the thread's default context.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Deadlines wait behind everything that may already be in the socket: a late
 * main loop is no silent peer. */
#define RT2_TIMER_PRIORITY_DEADLINE (G_PRIORITY_DEFAULT + 20)

/* Fires once in @delay us, and again whenever the callback sets another ready
 * time and returns G_SOURCE_CONTINUE. */
GSource *rt2_timer_new (
    gint64 delay, gint priority, GSourceFunc callback, gpointer user_data);

/* Ends any source and forgets it; *@source may be NULL. */
void rt2_timer_clear (GSource **source);

G_END_DECLS
