/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Token counts: rough for text, by the documented rates for audio. */
#include "usage.h"

#include <string.h>

#include "models.h"

#define BYTES_PER_TOKEN 4
#define USER_MS_PER_TOKEN 100
#define SERVER_MS_PER_TOKEN 50
/* Made up: the service does not say what an image costs. */
#define IMAGE_TOKENS 765
#define SMALL_IMAGE_TOKENS 85
/* The cache is reported in such steps. */
#define CACHE_STEP 64

guint
usage_text_tokens (const gchar *text)
{
  return text == NULL ? 0
                      : (strlen (text) + BYTES_PER_TOKEN - 1) / BYTES_PER_TOKEN;
}

guint
usage_audio_tokens (guint ms, gboolean spoken_by_server)
{
  guint step = spoken_by_server ? SERVER_MS_PER_TOKEN : USER_MS_PER_TOKEN;

  return (ms + step - 1) / step;
}

void
usage_add_item (Tokens *tokens, Item *item)
{
  gboolean server = g_strcmp0 (item_role (item), "assistant") == 0;
  g_autofree gchar *text = item_dup_text (item);
  JsonObject *part;
  guint i;

  if (item->audio_bytes > 0)
    tokens->audio += usage_audio_tokens (item_audio_ms (item), server);
  else
    tokens->text += usage_text_tokens (text);
  for (i = 0; (part = item_part (item, i)) != NULL; i++) {
    gboolean small = g_strcmp0 (wire_string (part, "detail"), "low") == 0;

    if (g_strcmp0 (wire_string (part, "type"), "input_image") == 0)
      tokens->image += small ? SMALL_IMAGE_TOKENS : IMAGE_TOKENS;
  }
}

static void
set_tokens (JsonObject *object, guint text, guint audio)
{
  json_object_set_int_member (object, "text_tokens", text);
  json_object_set_int_member (object, "audio_tokens", audio);
}

static JsonObject *
make_input_details (const Tokens *input, guint cached)
{
  JsonObject *details = json_object_new (),
             *cached_details = json_object_new ();

  set_tokens (details, input->text, input->audio);
  json_object_set_int_member (details, "image_tokens", input->image);
  json_object_set_int_member (details, "cached_tokens", cached);
  set_tokens (cached_details, cached, 0);
  json_object_set_int_member (cached_details, "image_tokens", 0);
  json_object_set_object_member (
      details, "cached_tokens_details", cached_details);
  return details;
}

JsonObject *
usage_make (const Tokens *input, const Tokens *output, guint cached)
{
  JsonObject *usage = json_object_new (), *details = json_object_new ();
  guint in = input->text + input->audio + input->image;
  guint out = output->text + output->audio;

  cached = MIN (cached, input->text) / CACHE_STEP * CACHE_STEP;
  json_object_set_int_member (usage, "total_tokens", in + out);
  json_object_set_int_member (usage, "input_tokens", in);
  json_object_set_int_member (usage, "output_tokens", out);
  json_object_set_object_member (
      usage, "input_token_details", make_input_details (input, cached));
  set_tokens (details, output->text, output->audio);
  json_object_set_object_member (usage, "output_token_details", details);
  return usage;
}

JsonObject *
usage_of_transcription (const gchar *model, guint audio_ms, const gchar *text)
{
  JsonObject *usage = json_object_new (), *details;
  guint in = usage_audio_tokens (audio_ms, FALSE);
  guint out = usage_text_tokens (text);

  if (!models_counts_tokens (model)) {
    json_object_set_string_member (usage, "type", "duration");
    json_object_set_int_member (usage, "seconds", (audio_ms + 999) / 1000);
    return usage;
  }
  json_object_set_string_member (usage, "type", "tokens");
  json_object_set_int_member (usage, "total_tokens", in + out);
  json_object_set_int_member (usage, "input_tokens", in);
  details = json_object_new ();
  set_tokens (details, 0, in);
  json_object_set_object_member (usage, "input_token_details", details);
  json_object_set_int_member (usage, "output_tokens", out);
  return usage;
}
