/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The answer without a script: what a server that understands no speech can
 * truthfully say. */
#include "answer.h"

#include "picture.h"
#include "vad.h"

#define MAX_QUOTE 400 /* characters of the user's text that are repeated */

static gchar *
quote (const gchar *text)
{
  if (g_utf8_strlen (text, -1) <= MAX_QUOTE)
    return g_strdup (text);
  return g_utf8_substring (text, 0, MAX_QUOTE);
}

gchar *
answer_describe_speech (guint speech_ms)
{
  guint tenths = (speech_ms + 50) / 100;

  if (tenths == 0)
    return g_strdup ("(silence)");
  return g_strdup_printf (
      "(%u.%u seconds of speech)", tenths / 10, tenths % 10);
}

static void
tell_audio (GString *text, Item *item)
{
  guint tenths;
  VadMeasure measure;
  g_autoptr (GArray) samples = g_array_new (FALSE, FALSE, sizeof (gint16));

  if (item->audio != NULL)
    audio_decode (item->format, item->audio->data,
        item->audio->len / audio_sample_bytes (item->format), samples);
  measure = vad_measure (
      (gint16 *) samples->data, samples->len, audio_rate (item->format));
  tenths = (measure.speech_ms + 50) / 100;
  if (tenths == 0)
    g_string_append (text, "I heard no sound. ");
  else
    g_string_append_printf (text,
        "You spoke for %u.%u seconds, at %d decibels below full scale. ",
        tenths / 10, tenths % 10, (gint) (0.5 - measure.level));
}

static void
tell_image (GString *text, const gchar *uri)
{
  Picture picture;
  const gchar *colour;

  if (!picture_read_uri (uri, &picture, NULL))
    return;
  colour = picture_colour (&picture);
  g_string_append_printf (text, "You showed a %s picture of %u by %u%s%s. ",
      picture.format, picture.width, picture.height,
      colour != NULL ? ", mostly " : "", colour != NULL ? colour : "");
}

static void
tell_images (GString *text, JsonObject *json)
{
  JsonArray *content = wire_array (json, "content");
  guint i;

  for (i = 0; content != NULL && i < json_array_get_length (content); i++) {
    JsonObject *part = json_array_get_object_element (content, i);

    if (g_strcmp0 (wire_string (part, "type"), "input_image") == 0)
      tell_image (text, wire_string (part, "image_url"));
  }
}

static void
tell_written (GString *text, const gchar *lead, const gchar *written)
{
  g_autofree gchar *quoted = quote (written);

  if (*quoted != '\0')
    g_string_append_printf (text, "%s: %s. ", lead, quoted);
}

static void
tell_item (GString *text, Item *item)
{
  g_autofree gchar *written = NULL;

  if (item->audio_bytes > 0) {
    tell_audio (text, item);
    return;
  }
  written = item_dup_text (item);
  if (g_str_equal (item_type (item), "function_call_output"))
    tell_written (text, "The function returned", written ? written : "nothing");
  else if (written != NULL)
    tell_written (text, "You wrote", written);
  tell_images (text, item->json);
}

/* What the user or a function of theirs says. */
static gboolean
is_told (Item *item)
{
  return g_strcmp0 (item_role (item), "user") == 0
      || g_str_equal (item_type (item), "function_call_output");
}

/* What came since the last response began. */
static gboolean
tell_conversation (GString *text, Conversation *conversation)
{
  guint i;

  for (i = 0; i < conversation->items->len; i++) {
    Item *item = g_ptr_array_index (conversation->items, i);

    if (!item->answered && is_told (item))
      tell_item (text, item);
  }
  return text->len > 0;
}

/* response.create with an input of its own. */
static void
tell_input (GString *text, JsonArray *input, Conversation *conversation)
{
  guint i;

  for (i = 0; i < json_array_get_length (input); i++) {
    JsonObject *json = json_array_get_object_element (input, i);
    Item *referred = conversation_find (conversation, wire_string (json, "id"));
    Item *item;

    if (g_str_equal (wire_string (json, "type"), "item_reference")) {
      if (referred != NULL)
        tell_item (text, referred);
      continue;
    }
    item = item_new ("", wire_copy_object (json));
    tell_item (text, item);
    item_unref (item);
  }
}

static void
tell_state (GString *text, Session *session)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree gchar *time = g_date_time_format (now, "%H:%M");

  g_string_append_printf (
      text, "It is %s. This is turn %u. ", time, session->user_turns);
  g_string_append (text, "I am a sandbox and do not understand speech.");
}

Reply *
answer_make (Session *session, JsonObject *params)
{
  Reply *reply = reply_new ();
  g_autoptr (GString) text = g_string_new (NULL);
  JsonArray *input = params ? wire_array (params, "input") : NULL;
  const gchar *instructions = params ? wire_string (params, "instructions")
                                     : NULL;

  if (input != NULL)
    tell_input (text, input, session->conversation);
  else if (!tell_conversation (text, session->conversation)
      && instructions == NULL)
    g_string_append (text, "Nothing was said to me yet. ");
  if (instructions != NULL)
    tell_written (text, "I was told for this answer", instructions);
  tell_state (text, session);
  reply_add (reply, SAY_SPEECH, "commentary", "Let me see.");
  reply_add (reply, SAY_SPEECH, "final_answer", text->str);
  return reply;
}

Reply *
answer_make_idle (void)
{
  Reply *reply = reply_new ();

  reply_add (reply, SAY_SPEECH, "final_answer", "Are you still there?");
  return reply;
}
