/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the models differ in. Facts only. */
#ifndef SANDBOX_MODELS_H
#define SANDBOX_MODELS_H

#include "wire.h"

G_BEGIN_DECLS

/* Shows words while audio comes, and wants the client to commit. */
gboolean models_is_live (const gchar *transcription_model);
/* The whole transcript is one delta. */
gboolean models_is_one_piece (const gchar *transcription_model);
/* Tells the speakers apart, in segments. */
gboolean models_tells_speakers (const gchar *transcription_model);
/* Is paid by tokens; the others by seconds. */
gboolean models_counts_tokens (const gchar *transcription_model);

/* The members of a transcription object that the model does not take. */
gboolean models_check_transcription (JsonObject *patch,
    const gchar *transcription_model, const gchar *path, Fault *fault);

/* Of a conversation, or of a translation. */
gboolean models_check_session (
    gboolean translates, const gchar *model, Fault *fault);

G_END_DECLS

#endif
