/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Transcripts of what the user said, from the script or from a measurement. */
#include "hearing.h"

#include <string.h>

#include "answer.h"
#include "models.h"
#include "plan.h"
#include "usage.h"

/* Real time from the commit to the first delta, and between deltas. */
#define FIRST_MS 60
#define NEXT_MS 5
/* From the commit to the end of a transcript in a transcription session. */
#define DONE_MS 300
/* Of live words, on the clock of the audio. */
#define WORD_MS 300

struct _Hearing {
  Session *session;
  const ScriptTurn *turn; /* the script's; NULL: none */
  Item *item;             /* NULL: not committed yet */
  gchar *item_id;
  gchar *model;
  GString *text;
  gsize sent;     /* bytes of it */
  guint words;    /* deltas sent */
  guint seconds;  /* of sound that the text tells of, without a script */
  gint64 done_at; /* monotonic time of the end */
  GSource *timer; /* NULL: not committed yet */
};

void
hearing_free (gpointer data)
{
  Hearing *hearing = data;

  if (hearing->timer != NULL)
    g_source_destroy (hearing->timer);
  g_clear_pointer (&hearing->timer, g_source_unref);
  g_clear_pointer (&hearing->item, item_unref);
  g_free (hearing->item_id);
  g_free (hearing->model);
  g_string_free (hearing->text, TRUE);
  g_free (hearing);
}

static Hearing *
hearing_new (Session *session, const gchar *item_id)
{
  Hearing *hearing = g_new0 (Hearing, 1);
  g_autofree gchar *heard = NULL;

  hearing->session = session;
  hearing->turn = script_hear (session->cursor);
  hearing->item_id = g_strdup (item_id);
  hearing->model = g_strdup (session->config->transcription_model);
  if (hearing->turn != NULL)
    heard = script_dup_heard (hearing->turn);
  hearing->text = g_string_new (heard);
  return hearing;
}

/* A number of the script's turn. */
static gint64
told (Hearing *hearing, const gchar *member, gint64 otherwise)
{
  return hearing->turn != NULL
      ? wire_integer (hearing->turn->json, member, otherwise)
      : otherwise;
}

static JsonObject *
told_error (Hearing *hearing)
{
  return hearing->turn != NULL ? wire_object (hearing->turn->json, "hear_error")
                               : NULL;
}

static gboolean
is_stalled (Hearing *hearing)
{
  return hearing->words >= told (hearing, "stall_words", G_MAXINT64);
}

static JsonObject *
new_event (Hearing *hearing, const gchar *suffix)
{
  g_autofree gchar *type = g_strconcat (
      "conversation.item.input_audio_transcription.", suffix, NULL);
  JsonObject *event = session_event (hearing->session, type);

  json_object_set_string_member (event, "item_id", hearing->item_id);
  json_object_set_int_member (event, "content_index", 0);
  return event;
}

static void
send_delta (Hearing *hearing, gsize length)
{
  g_autofree gchar *piece = g_strndup (
      hearing->text->str + hearing->sent, length);
  JsonObject *event = new_event (hearing, "delta");

  json_object_set_string_member (event, "delta", piece);
  wire_set_obfuscation (event, hearing->session->rand);
  hearing->sent += length;
  hearing->words++;
  session_send (hearing->session, event);
}

static void
send_word (Hearing *hearing)
{
  const gchar *rest = hearing->text->str + hearing->sent;

  send_delta (hearing,
      models_is_one_piece (hearing->model) ? strlen (rest)
                                           : plan_next_word (rest));
}

static gboolean
has_more (Hearing *hearing)
{
  return hearing->sent < hearing->text->len && !is_stalled (hearing)
      && told_error (hearing) == NULL;
}

/* ---- while audio comes ---- */

static gint64
due_words (Hearing *hearing)
{
  Session *session = hearing->session;
  Input *input = session->input;
  gint64 heard_ms = input_to_ms (input, input->total - input->sound_at);

  heard_ms -= session->config->transcription_delay_ms;
  return MAX (0, heard_ms) / told (hearing, "word_ms", WORD_MS);
}

/* Without a script the words are the seconds of sound. */
static void
count_seconds (Hearing *hearing)
{
  Input *input = hearing->session->input;

  while (hearing->seconds < input_to_ms (input, input->sound) / 1000) {
    hearing->seconds++;
    g_string_append_printf (hearing->text,
        hearing->seconds == 1 ? "%u s of sound" : ", %u s", hearing->seconds);
    send_delta (hearing, hearing->text->len - hearing->sent);
  }
}

static gboolean
is_scripted (Hearing *hearing)
{
  return hearing->turn != NULL
      && (wire_string (hearing->turn->json, "hear") != NULL
          || wire_array (hearing->turn->json, "segments") != NULL);
}

void
hearing_listen (Session *session)
{
  if (!session->config->turns.listen || !session->input->sound_came)
    return;
  if (session->speech_item_id == NULL)
    session->speech_item_id = wire_make_id (session->rand, "item");
  if (session->live == NULL)
    session->live = hearing_new (session, session->speech_item_id);
  if (!is_scripted (session->live)) {
    count_seconds (session->live);
    return;
  }
  while (has_more (session->live)
      && session->live->words < due_words (session->live))
    send_word (session->live);
}

void
hearing_drop (Session *session)
{
  g_clear_pointer (&session->live, hearing_free);
}

/* ---- after the commit ---- */

static void
send_segment (Hearing *hearing, const gchar *speaker, const gchar *text,
    gdouble start, gdouble end)
{
  JsonObject *event = new_event (hearing, "segment");
  g_autofree gchar *id = wire_make_id (hearing->session->rand, "seg");

  json_object_set_string_member (event, "id", id);
  json_object_set_string_member (event, "speaker", speaker);
  json_object_set_string_member (event, "text", text);
  json_object_set_double_member (event, "start", start);
  json_object_set_double_member (event, "end", end);
  session_send (hearing->session, event);
}

/* The audio is shared out by the length of the texts. */
static void
send_segments (Hearing *hearing)
{
  JsonArray *segments = hearing->turn != NULL
      ? wire_array (hearing->turn->json, "segments")
      : NULL;
  gdouble end = item_audio_ms (hearing->item) / 1000.0, at = 0, all = 0;
  guint count = segments != NULL ? json_array_get_length (segments) : 0, i;

  if (count == 0)
    send_segment (hearing, "spk_1", hearing->text->str, 0, end);
  for (i = 0; i < count; i++)
    all += strlen (
        wire_string (json_array_get_object_element (segments, i), "text"));
  for (i = 0; i < count; i++) {
    JsonObject *segment = json_array_get_object_element (segments, i);
    const gchar *text = wire_string (segment, "text");
    gdouble next = at + end * strlen (text) / MAX (all, 1);

    send_segment (hearing, wire_string (segment, "speaker"), text, at, next);
    at = next;
  }
}

static void
send_completed (Hearing *hearing)
{
  Item *item = hearing->item;
  JsonObject *event;

  if (models_tells_speakers (hearing->model))
    send_segments (hearing);
  event = new_event (hearing, "completed");
  item_set_transcript (item, hearing->text->str);
  json_object_set_string_member (event, "transcript", hearing->text->str);
  json_object_set_object_member (event, "usage",
      usage_of_transcription (
          hearing->model, item_audio_ms (item), hearing->text->str));
  session_publish (hearing->session);
  session_send (hearing->session, event);
}

static void
send_failed (Hearing *hearing, const gchar *code, const gchar *message)
{
  JsonObject *event = new_event (hearing, "failed");
  JsonObject *error = json_object_new ();

  json_object_set_string_member (error, "type", "transcription_error");
  json_object_set_string_member (error, "code", code);
  json_object_set_string_member (error, "message",
      message != NULL ? message : "The audio could not be transcribed.");
  json_object_set_null_member (error, "param");
  json_object_set_object_member (event, "error", error);
  session_send (hearing->session, event);
}

static gboolean hear (gpointer data);

static void
wait (Hearing *hearing, gint64 ms)
{
  if (hearing->timer != NULL)
    g_source_destroy (hearing->timer);
  g_clear_pointer (&hearing->timer, g_source_unref);
  hearing->timer = session_later (MAX (ms, 0), hear, hearing);
}

static void
end (Hearing *hearing)
{
  JsonObject *error = told_error (hearing);
  const Failure *failure = faults_next (
      hearing->session->host->faults, FAULT_TRANSCRIPTION);

  if (error != NULL)
    send_failed (
        hearing, wire_string (error, "code"), wire_string (error, "message"));
  else if (failure != NULL)
    send_failed (hearing, failure->code, failure->message);
  else if (!is_stalled (hearing))
    send_completed (hearing);
  g_ptr_array_remove (hearing->session->hearings, hearing);
}

static gboolean
hear (gpointer data)
{
  Hearing *hearing = data;
  gint64 left = (hearing->done_at - g_get_monotonic_time () + 999) / 1000;

  if (has_more (hearing)) {
    send_word (hearing);
    wait (hearing, NEXT_MS);
  } else if (left > 0) {
    wait (hearing, left);
  } else {
    end (hearing);
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
  Hearing *hearing = g_steal_pointer (&session->live);
  gboolean patient = session->config->kind == SESSION_TRANSCRIPTION;

  if (session->config->transcription_model == NULL) {
    script_hear (session->cursor);
    return;
  }
  if (hearing == NULL)
    hearing = hearing_new (session, item->id);
  hearing->item = item_ref (item);
  if (hearing->text->len == 0 && !is_scripted (hearing)) {
    g_autofree gchar *measured = measure (item);

    g_string_assign (hearing->text, measured);
  }
  hearing->done_at = g_get_monotonic_time ()
      + told (hearing, "hear_after_ms", patient ? DONE_MS : 0) * 1000;
  g_ptr_array_add (session->hearings, hearing);
  wait (hearing, FIRST_MS);
}
