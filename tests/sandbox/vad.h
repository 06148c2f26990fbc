/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A voice activity detector on levels. It counts samples and never asks a
 * clock: the same audio gives the same turns however fast it comes. */
#ifndef SANDBOX_VAD_H
#define SANDBOX_VAD_H

#include <glib.h>

G_BEGIN_DECLS

#define VAD_FRAME_MS 20

typedef enum { VAD_NOTHING, VAD_STARTED, VAD_STOPPED } VadEvent;

typedef struct {
  gdouble on_level;     /* dB of full scale; a louder frame is speech */
  gdouble off_level;    /* a quieter one is silence; between: as before */
  guint silence_frames; /* that end a turn */
  guint frame_size;     /* samples */

  gboolean speaking;
  guint loud_run;     /* frames in a row, while not speaking */
  guint quiet_run;    /* frames in a row, while speaking */
  guint64 position;   /* samples taken so far */
  guint64 started_at; /* first sample of the loud run */
} Vad;

/* threshold 0..1 maps to -60..-20 dB of full scale, so the default 0.5 to
 * -40 dB. */
void vad_set (Vad *vad, guint rate, gdouble threshold, guint silence_ms);
/* Forgets speech in progress; the position stays. */
void vad_reset (Vad *vad);
/* One frame of frame_size samples. */
VadEvent vad_push (Vad *vad, const gint16 *frame);

typedef struct {
  guint speech_ms; /* first to last frame that is loud enough */
  gdouble level;   /* of the frames between them, dB of full scale */
} VadMeasure;

VadMeasure vad_measure (const gint16 *samples, gsize n_samples, guint rate);

G_END_DECLS

#endif
