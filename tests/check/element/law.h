/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The three audio formats as tests see them, and speech whose every sample
 * tells where it comes from.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  const gchar *caps; /* as the pads negotiate it */
  const gchar *wire; /* `type` in session.audio.*.format */
  guint rate;        /* samples per second */
  guint width;       /* bytes per sample */
  guint8 silence;    /* every byte of silence */
} Law;

extern const Law law_pcm, law_mulaw, law_alaw;

/* Samples @first to @first + @n of the speech that all tests speak. None is
 * silence; a sample is the same as the one 30000 (PCM) or 100 (G.711) later
 * only. */
void law_fill (const Law *law, guint8 *out, guint64 first, guint64 n);
GBytes *law_speech (const Law *law, guint64 first, guint64 n);

/* ns of @samples, rounded down. */
guint64 law_ns (const Law *law, guint64 samples);

G_END_DECLS
