/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Audio formats and recognisable speech.
 */
#include "law.h"

#define NS_PER_SECOND G_GUINT64_CONSTANT (1000000000)

const Law law_pcm = {
  .caps = "audio/x-raw, format=S16LE, layout=interleaved, rate=24000, "
          "channels=1",
  .wire = "audio/pcm",
  .rate = 24000,
  .width = 2,
  .silence = 0x00,
};

const Law law_mulaw = {
  .caps = "audio/x-mulaw, rate=8000, channels=1",
  .wire = "audio/pcmu",
  .rate = 8000,
  .width = 1,
  .silence = 0xff,
};

const Law law_alaw = {
  .caps = "audio/x-alaw, rate=8000, channels=1",
  .wire = "audio/pcma",
  .rate = 8000,
  .width = 1,
  .silence = 0xd5,
};

void
law_fill (const Law *law, guint8 *out, guint64 first, guint64 n)
{
  for (guint64 i = 0; i < n; i++) {
    guint value = law->width == 2 ? 1 + (first + i) % 30000
                                  : 1 + (first + i) % 100;

    *out++ = value & 0xff;
    if (law->width == 2)
      *out++ = value >> 8;
  }
}

GBytes *
law_speech (const Law *law, guint64 first, guint64 n)
{
  guint8 *data = g_malloc (n * law->width);

  law_fill (law, data, first, n);
  return g_bytes_new_take (data, n * law->width);
}

guint64
law_ns (const Law *law, guint64 samples)
{
  return samples * NS_PER_SECOND / law->rate;
}
