/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ITU-T G.711. Both laws are piecewise linear: a sign, a segment of three bits
 * that doubles the step, and four bits within it.
 */
#include "rt2g711.h"

#define ULAW_BIAS 0x84
#define ULAW_CLIP 32635

/* The segment of @magnitude: how far its highest bit is above bit 7. */
static guint
segment_of (guint magnitude)
{
  guint segment = 0;

  while (segment < 7 && magnitude >> (segment + 8))
    segment++;
  return segment;
}

gint16
rt2_ulaw_expand (guint8 code)
{
  guint8 bits = ~code;
  guint segment = (bits >> 4) & 7;
  gint magnitude = (((bits & 15) << 3) + ULAW_BIAS) << segment;

  magnitude -= ULAW_BIAS;
  return bits & 0x80 ? -magnitude : magnitude;
}

guint8
rt2_ulaw_compress (gint16 sample)
{
  guint8 sign = sample < 0 ? 0x80 : 0;
  guint magnitude = MIN (ABS ((gint) sample), ULAW_CLIP) + ULAW_BIAS;
  guint segment = segment_of (magnitude);

  return ~(sign | (segment << 4) | ((magnitude >> (segment + 3)) & 15));
}

gint16
rt2_alaw_expand (guint8 code)
{
  guint8 bits = code ^ 0x55;
  guint segment = (bits >> 4) & 7;
  gint magnitude = ((bits & 15) << 4) + 8;

  if (segment > 0)
    magnitude = (magnitude + 0x100) << (segment - 1);
  return bits & 0x80 ? magnitude : -magnitude;
}

guint8
rt2_alaw_compress (gint16 sample)
{
  guint8 sign = sample < 0 ? 0 : 0x80;
  guint magnitude = sample < 0 ? -(sample + 1) : sample;
  guint segment = segment_of (magnitude);
  guint shift = segment > 0 ? segment + 3 : 4;

  return (sign | (segment << 4) | ((magnitude >> shift) & 15)) ^ 0x55;
}
