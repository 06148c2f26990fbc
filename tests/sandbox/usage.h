/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Token counts: rough for text, by the documented rates for audio. */
#ifndef SANDBOX_USAGE_H
#define SANDBOX_USAGE_H

#include "conversation.h"

G_BEGIN_DECLS

typedef struct {
  guint text;
  guint audio;
  guint image;
} Tokens;

guint usage_text_tokens (const gchar *text);
guint usage_audio_tokens (guint ms, gboolean spoken_by_server);
void usage_add_item (Tokens *tokens, Item *item);
/* cached: text tokens read before. */
JsonObject *usage_make (
    const Tokens *input, const Tokens *output, guint cached);
/* Of a transcription by a model. */
JsonObject *usage_of_transcription (
    const gchar *model, guint audio_ms, const gchar *text);

G_END_DECLS

#endif
