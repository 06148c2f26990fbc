/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the models differ in. Facts only. */
#include "models.h"

#include <string.h>

#define WHISPER "gpt-realtime-whisper"
#define LIVE "gpt-live-transcribe"

gboolean
models_is_live (const gchar *transcription_model)
{
  return g_strcmp0 (transcription_model, WHISPER) == 0
      || g_strcmp0 (transcription_model, LIVE) == 0;
}

gboolean
models_is_one_piece (const gchar *transcription_model)
{
  return g_strcmp0 (transcription_model, "whisper-1") == 0;
}

gboolean
models_tells_speakers (const gchar *transcription_model)
{
  return g_strcmp0 (transcription_model, "gpt-4o-transcribe-diarize") == 0;
}

gboolean
models_counts_tokens (const gchar *transcription_model)
{
  return g_str_has_prefix (transcription_model, "gpt-4o-");
}

/* Whether a model takes a member that not all of them take. */
static gboolean
takes (const gchar *model, const gchar *member)
{
  if (g_str_equal (member, "languages") || g_str_equal (member, "keywords"))
    return g_str_equal (model, "gpt-transcribe") || g_str_equal (model, LIVE);
  if (g_str_equal (member, "delay"))
    return models_is_live (model);
  return !g_str_equal (model, WHISPER) && !models_tells_speakers (model);
}

gboolean
models_check_transcription (JsonObject *patch, const gchar *transcription_model,
    const gchar *path, Fault *fault)
{
  static const gchar *const members[] = { "languages", "keywords", "delay",
    "prompt" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (members); i++) {
    g_autofree gchar *param = g_strconcat (path, ".", members[i], NULL);

    if (json_object_has_member (patch, members[i])
        && !wire_is_null (patch, members[i])
        && !takes (transcription_model, members[i]))
      return fault_set (fault, "invalid_value", param,
          "Invalid '%s': not supported with the '%s' model.", param,
          transcription_model);
  }
  return TRUE;
}

gboolean
models_check_session (gboolean translates, const gchar *model, Fault *fault)
{
  if (model == NULL || *model == '\0')
    return fault_set (fault, "missing_model", NULL,
        "You must provide a model parameter, for example "
        "wss://api.openai.com/v1/realtime%s?model=gpt-realtime-%s",
        translates ? "/translations" : "", translates ? "translate" : "2");
  if (g_str_has_prefix (model, "gpt-realtime")
      && (strstr (model, "translate") != NULL) == translates
      && strstr (model, "whisper") == NULL)
    return TRUE;
  return fault_set (fault, "invalid_model", NULL,
      "Model \"%s\" is not supported in %s mode.", model,
      translates ? "translation" : "realtime");
}
