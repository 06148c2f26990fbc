/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* G.711: 14 (mu-law) and 13 (A-law) bit samples in eight bits. */
#include "audio.h"

#define MULAW_BIAS 0x84
#define MULAW_CLIP 32635

guint8
g711_encode_mulaw (gint16 sample)
{
  gint value = sample < 0 ? -(gint) sample : sample;
  gint sign = sample < 0 ? 0x80 : 0;
  gint segment = 7, mask;

  value = MIN (value, MULAW_CLIP) + MULAW_BIAS;
  for (mask = 0x4000; segment > 0 && !(value & mask); mask >>= 1)
    segment--;
  return ~(sign | segment << 4 | (value >> (segment + 3) & 0x0f));
}

gint16
g711_decode_mulaw (guint8 code)
{
  gint segment, value;

  code = ~code;
  segment = code >> 4 & 7;
  value = (((code & 0x0f) << 3) + MULAW_BIAS) << segment;
  value -= MULAW_BIAS;
  return code & 0x80 ? -value : value;
}

guint8
g711_encode_alaw (gint16 sample)
{
  /* The sign bit is set for positive values; negative ones count from -1. */
  gint value = sample < 0 ? -(gint) sample - 1 : sample;
  gint sign = sample < 0 ? 0 : 0x80;
  gint segment = 7, mask;

  for (mask = 0x4000; segment > 0 && !(value & mask); mask >>= 1)
    segment--;
  value = value >> (segment == 0 ? 4 : segment + 3) & 0x0f;
  return (sign | segment << 4 | value) ^ 0x55;
}

gint16
g711_decode_alaw (guint8 code)
{
  gint segment, value;

  code ^= 0x55;
  segment = code >> 4 & 7;
  value = (code & 0x0f) << 4;
  value += segment == 0 ? 8 : 0x108;
  if (segment > 1)
    value <<= segment - 1;
  return code & 0x80 ? value : -value;
}
