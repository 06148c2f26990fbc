/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A voice activity detector on levels. It counts samples and never asks a
 * clock: the same audio gives the same turns however fast it comes. */
#include "vad.h"

#include "audio.h"

/* Shorter sounds are clicks. */
#define START_FRAMES 3
#define HYSTERESIS_DB 4
#define AUDIBLE_DB -45

void
vad_set (Vad *vad, guint rate, gdouble threshold, guint silence_ms)
{
  vad->on_level = -60 + 40 * threshold;
  vad->off_level = vad->on_level - HYSTERESIS_DB;
  vad->frame_size = rate * VAD_FRAME_MS / 1000;
  vad->silence_frames = MAX (
      1, silence_ms / VAD_FRAME_MS + (silence_ms % VAD_FRAME_MS != 0));
}

void
vad_reset (Vad *vad)
{
  vad->speaking = FALSE;
  vad->loud_run = 0;
  vad->quiet_run = 0;
}

static VadEvent
push_quietly (Vad *vad, gdouble level)
{
  if (level < vad->on_level) {
    vad->loud_run = 0;
    return VAD_NOTHING;
  }
  if (vad->loud_run++ == 0)
    vad->started_at = vad->position;
  if (vad->loud_run < START_FRAMES)
    return VAD_NOTHING;
  vad->speaking = TRUE;
  vad->quiet_run = 0;
  return VAD_STARTED;
}

static VadEvent
push_speaking (Vad *vad, gdouble level)
{
  if (level >= vad->off_level) {
    vad->quiet_run = 0;
    return VAD_NOTHING;
  }
  if (++vad->quiet_run < vad->silence_frames)
    return VAD_NOTHING;
  vad_reset (vad);
  return VAD_STOPPED;
}

VadEvent
vad_push (Vad *vad, const gint16 *frame)
{
  gdouble level = audio_level (frame, vad->frame_size);
  VadEvent event = vad->speaking ? push_speaking (vad, level)
                                 : push_quietly (vad, level);

  vad->position += vad->frame_size;
  return event;
}

VadMeasure
vad_measure (const gint16 *samples, gsize n_samples, guint rate)
{
  gsize size = rate * VAD_FRAME_MS / 1000, frame, first = 0, last = 0;
  gsize n_frames = n_samples / size;
  VadMeasure measure = { 0, -100 };

  for (frame = 0; frame < n_frames; frame++) {
    if (audio_level (samples + frame * size, size) < AUDIBLE_DB)
      continue;
    if (last == 0)
      first = frame;
    last = frame + 1;
  }
  measure.speech_ms = (last - first) * VAD_FRAME_MS;
  if (last > first)
    measure.level = audio_level (samples + first * size, (last - first) * size);
  return measure;
}
