/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pauses. The level is measured in frames of 20 ms and compared with a floor
 * that follows the quietest frames.
 */
#include "rt2pause.h"

#include <math.h>

#include "rt2g711.h"

#define FRAME_NS 20000000
/* Speech is so much louder than the floor, and at least so loud (of 1). */
#define SPEECH_RATIO 4.0
#define SPEECH_MIN 0.006
/* How fast the floor rises, per frame; it falls at once. */
#define FLOOR_RISE 1.02
#define FLOOR_MIN 0.0005
/* Frames of speech in a row before it counts: a click is none. */
#define SPEECH_FRAMES 3

struct _Rt2Pause {
  gdouble sum;     /* of squares in the frame so far */
  guint n;         /* samples in it */
  gdouble floor;   /* level of the quietest, 0 to 1 */
  guint loud;      /* frames of speech in a row */
  gboolean speech; /* there was speech since the last end */
  guint64 quiet;   /* ns since the last loud frame */
  guint64 begun;   /* ns since the speech began, this or the last */
};

Rt2Pause *
rt2_pause_new (void)
{
  Rt2Pause *pause = g_new0 (Rt2Pause, 1);

  rt2_pause_reset (pause);
  return pause;
}

void
rt2_pause_free (Rt2Pause *pause)
{
  g_free (pause);
}

void
rt2_pause_reset (Rt2Pause *pause)
{
  *pause = (Rt2Pause){ .floor = SPEECH_MIN / SPEECH_RATIO };
}

gboolean
rt2_pause_has_speech (const Rt2Pause *pause)
{
  return pause->speech;
}

void
rt2_pause_get_speech (const Rt2Pause *pause, guint64 *begun, guint64 *ended)
{
  *begun = pause->begun;
  *ended = pause->quiet;
}

static gint16
sample_at (Rt2AudioFormat format, const guint8 *data, gsize i)
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

static gboolean
is_loud (Rt2Pause *pause, gdouble level)
{
  pause->floor = MAX (FLOOR_MIN, MIN (level, pause->floor * FLOOR_RISE));
  return level >= MAX (SPEECH_MIN, pause->floor * SPEECH_RATIO);
}

/* A frame of @level is over. TRUE if an utterance ends with it. */
static gboolean
end_frame (Rt2Pause *pause, gdouble level, guint64 silence)
{
  if (is_loud (pause, level)) {
    pause->loud++;
    pause->quiet = 0;
  } else {
    pause->loud = 0;
    pause->quiet += FRAME_NS;
  }
  pause->begun += FRAME_NS;
  if (!pause->speech && pause->loud >= SPEECH_FRAMES) {
    pause->speech = TRUE;
    pause->begun = SPEECH_FRAMES * FRAME_NS;
  }
  if (!pause->speech)
    return FALSE;
  if (pause->quiet < silence && pause->begun < RT2_PAUSE_LONGEST)
    return FALSE;
  pause->speech = FALSE;
  return TRUE;
}

gboolean
rt2_pause_feed (Rt2Pause *pause, Rt2AudioFormat format, const guint8 *data,
    gsize size, guint64 silence)
{
  guint frame = rt2_audio_format_ns_to_samples (format, FRAME_NS);
  gsize samples = size / rt2_audio_format_width (format);
  gboolean ended = FALSE;

  for (gsize i = 0; i < samples; i++) {
    gdouble sample = sample_at (format, data, i) / 32768.0;

    pause->sum += sample * sample;
    if (++pause->n < frame)
      continue;
    ended |= end_frame (pause, sqrt (pause->sum / frame), silence);
    pause->sum = 0.0;
    pause->n = 0;
  }
  return ended;
}
