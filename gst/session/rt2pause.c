/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pauses: counts of loud and quiet frames.
 */
#include "rt2pause.h"

#include "rt2loudness.h"

/* Frames of speech in a row before it counts: a click is none. */
#define SPEECH_FRAMES 3

struct _Rt2Pause {
  Rt2Loudness *loudness;
  guint64 silence; /* ns without speech that end an utterance, of this feed */
  gboolean ended;  /* one ended in this feed */
  guint loud;      /* frames of speech in a row */
  gboolean speech; /* there was speech since the last end */
  guint64 quiet;   /* ns since the last loud frame */
  guint64 begun;   /* ns since the speech began, this or the last */
};

Rt2Pause *
rt2_pause_new (void)
{
  Rt2Pause *pause = g_new0 (Rt2Pause, 1);

  pause->loudness = rt2_loudness_new ();
  return pause;
}

void
rt2_pause_free (Rt2Pause *pause)
{
  rt2_loudness_free (pause->loudness);
  g_free (pause);
}

void
rt2_pause_reset (Rt2Pause *pause)
{
  rt2_loudness_reset (pause->loudness);
  *pause = (Rt2Pause){ .loudness = pause->loudness };
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

static void
on_frame (gboolean loud, gpointer user_data)
{
  Rt2Pause *pause = user_data;

  pause->loud = loud ? pause->loud + 1 : 0;
  pause->quiet = loud ? 0 : pause->quiet + RT2_LOUDNESS_FRAME;
  pause->begun += RT2_LOUDNESS_FRAME;
  if (!pause->speech && pause->loud >= SPEECH_FRAMES) {
    pause->speech = TRUE;
    pause->begun = SPEECH_FRAMES * RT2_LOUDNESS_FRAME;
  }
  if (!pause->speech
      || (pause->quiet < pause->silence && pause->begun < RT2_PAUSE_LONGEST))
    return;
  pause->speech = FALSE;
  pause->ended = TRUE;
}

gboolean
rt2_pause_feed (Rt2Pause *pause, Rt2AudioFormat format, const guint8 *data,
    gsize size, guint64 silence)
{
  pause->silence = silence;
  pause->ended = FALSE;
  rt2_loudness_feed (pause->loudness, format, data, size, on_frame, pause);
  return pause->ended;
}
