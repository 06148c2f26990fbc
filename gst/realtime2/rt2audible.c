/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where sound begins.
 */
#include "rt2audible.h"

#include "rt2g711.h"

static gint
sample_at (Rt2AudioFormat format, const guint8 *data, guint64 i)
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

guint64
rt2_audible_find (Rt2AudioFormat format, const guint8 *data, guint64 n)
{
  guint64 i = 0;

  while (i < n && ABS (sample_at (format, data, i)) <= RT2_AUDIBLE_LEVEL)
    i++;
  return i;
}
