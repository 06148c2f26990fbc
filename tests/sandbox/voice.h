/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The voice: espeak-ng on a worker thread. */
#ifndef SANDBOX_VOICE_H
#define SANDBOX_VOICE_H

#include <gio/gio.h>

#include "audio.h"

G_BEGIN_DECLS

/* One thing to say. */
typedef struct {
  gchar *text;
  gint tone_ms;          /* a tone of that length instead; -1: the text */
  const gchar *language; /* espeak's, static; NULL: the voice's own */
  GByteArray *audio;     /* the result, coded */
} VoiceLine;

VoiceLine *voice_line_new (const gchar *text, gint tone_ms);
void voice_line_free (VoiceLine *line);

/* Fills in the audio of all lines (takes a reference of the array) and calls
 * back on the caller's context. */
void voice_say_async (GPtrArray *lines, const gchar *voice, gdouble speed,
    AudioFormat format, GCancellable *cancellable, GAsyncReadyCallback callback,
    gpointer user_data);
gboolean voice_say_finish (GAsyncResult *result, GError **error);

G_END_DECLS

#endif
