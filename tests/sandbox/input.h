/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The input audio buffer and the detector that listens to it. All positions
 * are samples since the session's first. */
#ifndef SANDBOX_INPUT_H
#define SANDBOX_INPUT_H

#include "config.h"
#include "vad.h"

G_BEGIN_DECLS

/* Called from input_append(), in order. */
typedef struct {
  void (*started) (guint64 start, gpointer user_data); /* with the padding */
  void (*stopped) (guint64 end, gpointer user_data);   /* with the silence */
} InputListener;

typedef struct {
  AudioFormat format;
  TurnSettings turns;
  Vad vad;
  GByteArray *bytes; /* whole samples from first on */
  guint64 first;
  guint64 total;   /* samples received */
  guint64 mark;    /* of the last commit or clear */
  GArray *unheard; /* gint16 that fill no frame yet */
  /* With turns.listen, since the mark: */
  gboolean sound_came;
  guint64 sound_at; /* first sample of the first frame that is not silent */
  guint64 sound;    /* samples in such frames */
  gint odd_byte;    /* first half of a PCM sample, or -1 */
  const InputListener *listener;
  gpointer user_data;
} Input;

Input *input_new (const InputListener *listener, gpointer user_data);
void input_free (Input *input);

/* After each change of the session. A change of detection forgets speech in
 * progress. */
void input_configure (
    Input *input, AudioFormat format, const TurnSettings *turns);
void input_append (Input *input, const guint8 *data, gsize size);
void input_clear (Input *input);
/* Takes [start, end) out and forgets all before end. */
GByteArray *input_take (Input *input, guint64 start, guint64 end);

guint input_to_ms (Input *input, guint64 samples);
/* Since the last commit or clear. */
gdouble input_pending_ms (Input *input);

G_END_DECLS

#endif
