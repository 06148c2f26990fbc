/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Loud frames. What is remembered is a ring of one byte per frame.
 */
#include "rt2loudness.h"

#include <math.h>
#include <string.h>

#include "rt2sample.h"

/* Speech is so much louder than the floor, and at least so loud (of 1). */
#define SPEECH_RATIO 4.0
#define SPEECH_MIN 0.006
/* How fast the floor rises, per frame; it falls at once. */
#define FLOOR_RISE 1.02
#define FLOOR_MIN 0.0005

#define N_FRAMES (RT2_LOUDNESS_MEMORY / RT2_LOUDNESS_FRAME)

struct _Rt2Loudness {
  gdouble sum;           /* of squares in the frame so far */
  guint n;               /* samples in it */
  gdouble floor;         /* level of the quietest, 0 to 1 */
  guint64 frames;        /* complete ones since the reset */
  guint8 loud[N_FRAMES]; /* whether frame number i % N_FRAMES was */
};

Rt2Loudness *
rt2_loudness_new (void)
{
  Rt2Loudness *loudness = g_new (Rt2Loudness, 1);

  rt2_loudness_reset (loudness);
  return loudness;
}

void
rt2_loudness_free (Rt2Loudness *loudness)
{
  g_free (loudness);
}

void
rt2_loudness_reset (Rt2Loudness *loudness)
{
  memset (loudness, 0, sizeof (*loudness));
  loudness->floor = SPEECH_MIN / SPEECH_RATIO;
}

static gboolean
end_frame (Rt2Loudness *loudness, gdouble level)
{
  gboolean loud;

  loudness->floor = MAX (FLOOR_MIN, MIN (level, loudness->floor * FLOOR_RISE));
  loud = level >= MAX (SPEECH_MIN, loudness->floor * SPEECH_RATIO);
  loudness->loud[loudness->frames++ % N_FRAMES] = loud;
  loudness->sum = 0.0;
  loudness->n = 0;
  return loud;
}

void
rt2_loudness_feed (Rt2Loudness *loudness, Rt2AudioFormat format,
    const guint8 *data, gsize size, Rt2LoudnessFunc func, gpointer user_data)
{
  guint frame = rt2_audio_format_ns_to_samples (format, RT2_LOUDNESS_FRAME);
  gsize samples = size / rt2_audio_format_width (format);

  for (gsize i = 0; i < samples; i++) {
    gdouble sample = rt2_sample_get (format, data, i) / 32768.0;
    gboolean loud;

    loudness->sum += sample * sample;
    if (++loudness->n < frame)
      continue;
    loud = end_frame (loudness, sqrt (loudness->sum / frame));
    if (func)
      func (loud, user_data);
  }
}

guint64
rt2_loudness_span (const Rt2Loudness *loudness, guint64 from)
{
  guint64 oldest = loudness->frames - MIN (loudness->frames, N_FRAMES);
  guint64 first = 0, last = 0, longest = 0;

  for (guint64 i = MAX (oldest, from / RT2_LOUDNESS_FRAME);
       i < loudness->frames; i++) {
    if (!loudness->loud[i % N_FRAMES])
      continue;
    if (last == 0 || (i - last) * RT2_LOUDNESS_FRAME > RT2_LOUDNESS_GAP)
      first = i;
    last = i + 1;
    longest = MAX (longest, last - first);
  }
  return longest * RT2_LOUDNESS_FRAME;
}

guint64
rt2_loudness_first (const Rt2Loudness *loudness, guint64 from)
{
  guint64 oldest = loudness->frames - MIN (loudness->frames, N_FRAMES);

  for (guint64 i = MAX (oldest, from / RT2_LOUDNESS_FRAME);
       i < loudness->frames; i++)
    if (loudness->loud[i % N_FRAMES])
      return i * RT2_LOUDNESS_FRAME;
  return G_MAXUINT64;
}
