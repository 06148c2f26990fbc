/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Samples of any format, written and searched.
 */
#include "rt2sample.h"

void
rt2_sample_put (Rt2AudioFormat format, guint8 *data, gsize i, gint16 sample)
{
  switch (format) {
    case RT2_AUDIO_FORMAT_PCMU:
      data[i] = rt2_ulaw_compress (sample);
      break;
    case RT2_AUDIO_FORMAT_PCMA:
      data[i] = rt2_alaw_compress (sample);
      break;
    default:
      data[2 * i] = (guint16) sample & 0xff;
      data[2 * i + 1] = (guint16) sample >> 8;
      break;
  }
}

gsize
rt2_sample_find (Rt2AudioFormat format, const guint8 *data, gsize n, gint level)
{
  for (gsize i = 0; i < n; i++) {
    gint sample = rt2_sample_get (format, data, i);

    if (ABS (sample) > level)
      return i;
  }
  return n;
}
