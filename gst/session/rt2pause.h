/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds the pauses in speech, by its level alone: for models that have no voice
 * activity detection of their own, so that somebody must say where an utterance
 * ends. Pure; time is counted in the audio's own samples.
 */
#pragma once

#include "rt2types.h"

G_BEGIN_DECLS

typedef struct _Rt2Pause Rt2Pause;

Rt2Pause *rt2_pause_new (void);
void rt2_pause_free (Rt2Pause *pause);
void rt2_pause_reset (Rt2Pause *pause);

/* Takes @size bytes of audio. Returns TRUE if an utterance ended in it: there
 * was speech, then @silence ns without, or RT2_PAUSE_LONGEST in all. */
gboolean rt2_pause_feed (Rt2Pause *pause, Rt2AudioFormat format,
    const guint8 *data, gsize size, guint64 silence);

/* An utterance longer than this, ns, is cut. */
#define RT2_PAUSE_LONGEST (G_GUINT64_CONSTANT (15) * 1000000000)

/* TRUE if there was speech since the last end. */
gboolean rt2_pause_has_speech (const Rt2Pause *pause);

/* How long before the end of what was fed, ns, the speech began and ended of
 * the utterance that goes on or, if none does, of the last. To within a few
 * hundredths of a second. */
void rt2_pause_get_speech (
    const Rt2Pause *pause, guint64 *begun, guint64 *ended);

G_END_DECLS
