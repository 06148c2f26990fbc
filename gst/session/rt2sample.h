/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One sample of an audio format: linear, 16 bits, whatever the bytes are. Those
 * of PCM are little-endian and need not be aligned.
 */
#pragma once

#include "rt2g711.h"
#include "rt2types.h"

G_BEGIN_DECLS

/* The largest sample, of 32768, that nobody hears: -50 dB of full scale. */
#define RT2_SAMPLE_INAUDIBLE 103

/* Number @i of @data. Inline because whole streams are read with it. */
static inline gint16
rt2_sample_get (Rt2AudioFormat format, const guint8 *data, gsize i)
{
  switch (format) {
    case RT2_AUDIO_FORMAT_PCMU:
      return rt2_ulaw_expand (data[i]);
    case RT2_AUDIO_FORMAT_PCMA:
      return rt2_alaw_expand (data[i]);
    default:
      return (gint16) (data[2 * i] | (data[2 * i + 1] << 8));
  }
}

void rt2_sample_put (
    Rt2AudioFormat format, guint8 *data, gsize i, gint16 sample);

/* The first of the @n samples in @data that is louder than @level; @n if none
 * is. */
gsize rt2_sample_find (
    Rt2AudioFormat format, const guint8 *data, gsize n, gint level);

G_END_DECLS
