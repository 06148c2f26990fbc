/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where speech pauses: by the level of short frames, against the loudest
 * sample that was ever heard of this voice.
 */
#include "rt2pauses.h"

#include "rt2sample.h"

/* ns */
#define FRAME 10000000
/* Less is the closed lips of a consonant. */
#define SHORTEST_PAUSE 90000000
/* Frames; less is a click, not speech. */
#define CLICK_FRAMES 3
/* A frame is quiet if nobody hears it, or if its peak is not above that part of
 * the loudest sample: 32 dB below it. */
#define QUIET_PART 40

void
rt2_pauses_init (Rt2Pauses *sound, Rt2AudioFormat format)
{
  Rt2Pauses empty = { .format = format };

  *sound = empty;
  sound->pauses = g_array_new (FALSE, FALSE, sizeof (Rt2Quiet));
}

void
rt2_pauses_clear (Rt2Pauses *sound)
{
  g_array_unref (sound->pauses);
}

/* The last pause that begins before @sample, or NULL. */
static const Rt2Quiet *
pause_before (const Rt2Pauses *sound, guint64 sample)
{
  for (guint i = sound->pauses->len; i > 0; i--) {
    const Rt2Quiet *pause = &g_array_index (sound->pauses, Rt2Quiet, i - 1);

    if (pause->start < sample)
      return pause;
  }
  return NULL;
}

/* There is sound from @start on, so what was quiet before it is over. */
static void
end_quiet (Rt2Pauses *sound, guint64 start)
{
  Rt2Quiet pause = { sound->loud_end, start, 0 };

  if (start < sound->loud_end
      || start - sound->loud_end
          < rt2_audio_format_ns_to_samples (sound->format, SHORTEST_PAUSE))
    return;
  pause.voiced = rt2_pauses_voiced_until (sound, pause.start);
  g_array_append_val (sound->pauses, pause);
}

static void
end_frame (Rt2Pauses *sound)
{
  sound->loudest = MAX (sound->loudest, sound->peak);
  if (sound->peak <= MAX (RT2_SAMPLE_INAUDIBLE, sound->loudest / QUIET_PART)) {
    sound->loud = 0;
  } else {
    if (sound->loud++ == 0)
      sound->loud_start = sound->received - sound->fill;
    if (sound->loud == CLICK_FRAMES)
      end_quiet (sound, sound->loud_start);
    if (sound->loud >= CLICK_FRAMES)
      sound->loud_end = sound->received;
  }
  sound->peak = 0;
  sound->fill = 0;
}

void
rt2_pauses_feed (Rt2Pauses *sound, const guint8 *data, gsize size)
{
  gsize n = size / rt2_audio_format_width (sound->format);
  guint frame = rt2_audio_format_ns_to_samples (sound->format, FRAME);

  for (gsize i = 0; i < n; i++) {
    gint sample = rt2_sample_get (sound->format, data, i);

    sound->peak = MAX (sound->peak, ABS (sample));
    sound->received++;
    if (++sound->fill == frame)
      end_frame (sound);
  }
}

guint64
rt2_pauses_voiced_until (const Rt2Pauses *sound, guint64 samples)
{
  const Rt2Quiet *pause = pause_before (sound, samples);

  if (!pause)
    return samples;
  return pause->voiced + (samples > pause->end ? samples - pause->end : 0);
}

guint64
rt2_pauses_sample_of (const Rt2Pauses *sound, guint64 voiced)
{
  for (guint i = sound->pauses->len; i > 0; i--) {
    const Rt2Quiet *pause = &g_array_index (sound->pauses, Rt2Quiet, i - 1);

    if (pause->voiced <= voiced)
      return pause->end + (voiced - pause->voiced);
  }
  return voiced;
}

gboolean
rt2_pauses_onset (const Rt2Pauses *sound, guint64 *sample)
{
  const Rt2Quiet *first;

  if (sound->loud_end == 0)
    return FALSE;
  first = sound->pauses->len > 0 ? &g_array_index (sound->pauses, Rt2Quiet, 0)
                                 : NULL;
  *sample = first && first->start == 0 ? first->end : 0;
  return TRUE;
}
