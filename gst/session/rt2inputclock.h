/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The server counts the user's audio in milliseconds appended since the session
 * began; the owner counts running time. This maps one onto the other. Pure.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _Rt2InputClock Rt2InputClock;

Rt2InputClock *rt2_input_clock_new (void);
void rt2_input_clock_free (Rt2InputClock *clock);

/* A new connection: the server's count starts at 0 again. */
void rt2_input_clock_reset (Rt2InputClock *clock);

/* @duration ns of audio were appended; their first sample's running time is
 * @rt, or G_MAXUINT64 if it has none (silence that we made). */
void rt2_input_clock_append (
    Rt2InputClock *clock, guint64 rt, guint64 duration);

/* All that was appended, ns. */
guint64 rt2_input_clock_total (const Rt2InputClock *clock);

/* The running time of the instant @ms of the server's count, G_MAXUINT64 if it
 * is not known: nothing appended yet, or longer ago than is remembered. */
guint64 rt2_input_clock_to_running_time (
    const Rt2InputClock *clock, guint64 ms);

/* The running time at which the last of it that has one ended; G_MAXUINT64 if
 * none is remembered. */
guint64 rt2_input_clock_end (const Rt2InputClock *clock);

G_END_DECLS
