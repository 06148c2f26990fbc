/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds out whether the input follows our output: whether the user's microphone
 * hears the loudspeaker. Compares the levels of the two and never the sound, so
 * it costs next to nothing. Pure: running times come in as arguments. Not
 * thread-safe: the element calls it under its own lock.
 *
 * Only the time while we speak, and a little before and after, counts: the last
 * RT2_ECHO_WINDOW of it, whatever lies between its parts. So an agent that cuts
 * its own answers after a syllable is found out after a few of them.
 */
#pragma once

#include "rt2types.h"

G_BEGIN_DECLS

/* ns */
#define RT2_ECHO_SLOT (G_GUINT64_CONSTANT (20) * 1000000)
/* Slots: what is compared, and the longest way from the loudspeaker into the
 * microphone that is looked for. */
#define RT2_ECHO_WINDOW 250
#define RT2_ECHO_MAX_LAG 25
/* Correlation of the levels from which on it is an echo. That of two people
 * who speak at the same time, of noise and of music stays below 0.55 for hours;
 * an echo no louder than the noise of the room has 0.8 and more. */
#define RT2_ECHO_THRESHOLD 0.7

typedef struct _Rt2Echo Rt2Echo;

typedef struct {
  guint delay_ms;      /* from the sound to its echo, to 20 ms */
  gdouble level;       /* dB, of the echo against what we play */
  gdouble correlation; /* of the levels, RT2_ECHO_THRESHOLD to 1 */
} Rt2EchoFinding;

Rt2Echo *rt2_echo_new (void);
void rt2_echo_free (Rt2Echo *echo);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rt2Echo, rt2_echo_free)

/* Forgets everything: a new run. */
void rt2_echo_reset (Rt2Echo *echo);

/* @n samples of ours, speech or silence, that sound from running time @rt on.
 * They must be known before the input of half a second later comes, and at most
 * 80 s before. */
void rt2_echo_output (Rt2Echo *echo, Rt2AudioFormat format, const guint8 *data,
    guint n, guint64 rt);

/* @n samples that were captured from running time @rt on; leave out what was
 * muted. */
void rt2_echo_input (Rt2Echo *echo, Rt2AudioFormat format, const guint8 *data,
    guint n, guint64 rt);

/* TRUE once in a run, when an echo was found. */
gboolean rt2_echo_pop_finding (Rt2Echo *echo, Rt2EchoFinding *finding);

G_END_DECLS
