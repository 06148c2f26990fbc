/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Transcripts of what the user said, from the script or from a measurement. */
#include "hearing.h"

#include <string.h>

#include "answer.h"
#include "plan.h"
#include "usage.h"

/* Real time from the commit to the first delta, and between deltas. */
#define FIRST_MS 60
#define NEXT_MS 5

typedef struct {
  Session *session;
  Item *item;
  gchar *model;
  gchar *text;
  gsize sent;
  GSource *timer;
} Hearing;

void
hearing_free (gpointer data)
{
  Hearing *hearing = data;

  g_source_destroy (hearing->timer);
  g_source_unref (hearing->timer);
  item_unref (hearing->item);
  g_free (hearing->model);
  g_free (hearing->text);
  g_free (hearing);
}

static JsonObject *
new_event (Hearing *hearing, const gchar *suffix)
{
  g_autofree gchar *type = g_strconcat (
      "conversation.item.input_audio_transcription.", suffix, NULL);
  JsonObject *event = session_event (hearing->session, type);

  json_object_set_string_member (event, "item_id", hearing->item->id);
  json_object_set_int_member (event, "content_index", 0);
  return event;
}

static void
send_delta (Hearing *hearing)
{
  const gchar *rest = hearing->text + hearing->sent;
  gboolean whole = g_str_equal (hearing->model, "whisper-1");
  gsize length = whole ? strlen (rest) : plan_next_word (rest);
  g_autofree gchar *word = g_strndup (rest, length);
  JsonObject *event = new_event (hearing, "delta");

  json_object_set_string_member (event, "delta", word);
  wire_set_obfuscation (event, hearing->session->rand);
  session_send (hearing->session, event);
  hearing->sent += length;
}

static void
send_completed (Hearing *hearing)
{
  Item *item = hearing->item;
  JsonObject *event = new_event (hearing, "completed");

  item_set_transcript (item, hearing->text);
  json_object_set_string_member (event, "transcript", hearing->text);
  json_object_set_object_member (event, "usage",
      usage_of_transcription (
          hearing->model, item_audio_ms (item), hearing->text));
  session_publish (hearing->session);
  session_send (hearing->session, event);
}

static gboolean
hear (gpointer data)
{
  Hearing *hearing = data;
  Session *session = hearing->session;

  if (hearing->text[hearing->sent] != '\0') {
    send_delta (hearing);
    g_source_destroy (hearing->timer);
    g_source_unref (hearing->timer);
    hearing->timer = session_later (NEXT_MS, hear, hearing);
  } else {
    send_completed (hearing);
    g_ptr_array_remove (session->hearings, hearing);
  }
  return G_SOURCE_REMOVE;
}

static gchar *
measure (Item *item)
{
  g_autoptr (GArray) samples = g_array_new (FALSE, FALSE, sizeof (gint16));
  VadMeasure measure = { 0 };

  if (item->audio != NULL) {
    audio_decode (item->format, item->audio->data,
        item->audio->len / audio_sample_bytes (item->format), samples);
    measure = vad_measure (
        (gint16 *) samples->data, samples->len, audio_rate (item->format));
  }
  return answer_describe_speech (measure.speech_ms);
}

void
hearing_start (Session *session, Item *item)
{
  const gchar *scripted = script_hear (session->cursor);
  const gchar *model = session->config->transcription_model;
  Hearing *hearing;

  if (model == NULL)
    return;
  hearing = g_new0 (Hearing, 1);
  hearing->session = session;
  hearing->item = item_ref (item);
  hearing->model = g_strdup (model);
  hearing->text = scripted != NULL ? g_strdup (scripted) : measure (item);
  hearing->timer = session_later (FIRST_MS, hear, hearing);
  g_ptr_array_add (session->hearings, hearing);
}
