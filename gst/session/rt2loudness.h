/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds speech in audio by its level alone, in frames of 20 ms against a floor
 * that follows the quietest of them, and remembers for a while where it was.
 * Pure; time is counted in the audio's own samples, from the last reset.
 */
#pragma once

#include "rt2types.h"

G_BEGIN_DECLS

typedef struct _Rt2Loudness Rt2Loudness;

/* ns */
#define RT2_LOUDNESS_FRAME (G_GUINT64_CONSTANT (20) * 1000000)
/* How much of the past is remembered, ns. */
#define RT2_LOUDNESS_MEMORY (G_GUINT64_CONSTANT (60) * 1000000000)

/* A frame is complete. */
typedef void (*Rt2LoudnessFunc) (gboolean loud, gpointer user_data);

Rt2Loudness *rt2_loudness_new (void);
void rt2_loudness_free (Rt2Loudness *loudness);
void rt2_loudness_reset (Rt2Loudness *loudness);

/* Takes @size bytes of audio; @func, which may be NULL, is told each frame. */
void rt2_loudness_feed (Rt2Loudness *loudness, Rt2AudioFormat format,
    const guint8 *data, gsize size, Rt2LoudnessFunc func, gpointer user_data);

/* Length, ns, of the longest stretch of speech since the instant @from (ns fed)
 * that no gap longer than RT2_LOUDNESS_GAP breaks. 0 if there was none. */
guint64 rt2_loudness_span (const Rt2Loudness *loudness, guint64 from);
/* ns; words have gaps, and two coughs are further apart. */
#define RT2_LOUDNESS_GAP (G_GUINT64_CONSTANT (160) * 1000000)

/* Where the first loud frame at or after @from (ns fed) begins; G_MAXUINT64 if
 * none is remembered. */
guint64 rt2_loudness_first (const Rt2Loudness *loudness, guint64 from);

G_END_DECLS
