/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Translation sessions: audio in, audio of the same length out, with the
 * translations of what was said in it. All times are samples of the input:
 * where the input stands still, so does the model. */
#include "translation.h"

#include <string.h>

#include "answer.h"
#include "languages.h"
#include "plan.h"
#include "utterance.h"
#include "voice.h"

#define RATE 24000
/* The engine's frame: 200 ms. */
#define FRAME 4800
#define FRAME_BYTES (FRAME * 2)
#define WORD_MS 300

struct _Translation {
  Session *session;
  const TranslationStyle *style; /* the script's, or the default */
  GByteArray *rest;              /* input that fills no frame yet */
  Utterance *open;               /* that the speaker is in; or NULL */
  GQueue coming;      /* Utterance, whose translation is not said to its end */
  guint heard;        /* utterances with a transcript so far */
  guint said;         /* utterances with a translation so far */
  guint64 out;        /* output samples so far */
  GByteArray *output; /* that fills no delta yet */
  gsize wanted;       /* bytes of the next delta */
  guint deltas;       /* sent */
  gint64 started_us;  /* monotonic time of the first output; 0: none yet */
  GSource *timer;     /* of the pace, then of the end */
  GCancellable *cancellable;
  gboolean closing;
};

static void pump (Translation *translation);

Translation *
translation_new (Session *session)
{
  Translation *translation = g_new0 (Translation, 1);
  const Script *script = session->host->script;

  translation->session = session;
  translation->style = script != NULL ? &script->style : &script_default_style;
  translation->rest = g_byte_array_new ();
  translation->output = g_byte_array_new ();
  translation->cancellable = g_cancellable_new ();
  return translation;
}

static void
stop_timer (Translation *translation)
{
  if (translation->timer != NULL)
    g_source_destroy (translation->timer);
  g_clear_pointer (&translation->timer, g_source_unref);
}

void
translation_free (Translation *translation)
{
  stop_timer (translation);
  g_cancellable_cancel (translation->cancellable);
  g_object_unref (translation->cancellable);
  g_clear_pointer (&translation->open, utterance_unref);
  g_queue_clear_full (&translation->coming, (GDestroyNotify) utterance_unref);
  g_byte_array_unref (translation->rest);
  g_byte_array_unref (translation->output);
  g_free (translation);
}

/* ---- events ---- */

static void
set_elapsed (Translation *translation, JsonObject *event, guint64 sample)
{
  if (translation->style->elapsed == ELAPSED_NULL)
    json_object_set_null_member (event, "elapsed_ms");
  else if (translation->style->elapsed != ELAPSED_NONE)
    json_object_set_int_member (event, "elapsed_ms", sample * 1000 / RATE);
}

/* At the end of the frame that a sample is in. */
static guint64
frame_end (guint64 sample)
{
  return (sample + FRAME - 1) / FRAME * FRAME;
}

static void
send_word (Translation *translation, const gchar *type, const gchar *text,
    gsize length, guint64 sample)
{
  JsonObject *event = session_event (translation->session, type);
  g_autofree gchar *word = g_strndup (text, length);

  json_object_set_string_member (event, "delta", word);
  set_elapsed (translation, event, frame_end (sample));
  session_send (translation->session, event);
}

static void
send_audio (Translation *translation, gsize length)
{
  JsonObject *event = session_event (
      translation->session, "session.output_audio.delta");
  g_autofree gchar *audio = g_base64_encode (translation->output->data, length);
  guint64 sample = translation->out - (translation->output->len - length) / 2;

  g_byte_array_remove_range (translation->output, 0, length);
  translation->deltas++;
  if (translation->style->elapsed == ELAPSED_DELTAS)
    sample = (guint64) translation->deltas * FRAME;
  json_object_set_string_member (event, "delta", audio);
  json_object_set_int_member (event, "sample_rate", RATE);
  json_object_set_int_member (event, "channels", 1);
  json_object_set_string_member (event, "format", "pcm16");
  set_elapsed (translation, event, sample);
  session_send (translation->session, event);
}

/* ---- what was said ---- */

/* Source words, if wanted, up to where the input is or, if all is set, to the
 * last. */
static void
say_source (Translation *translation, Utterance *utterance, gboolean all)
{
  Session *session = translation->session;
  guint64 step = (guint64) utterance_told (utterance, "word_ms", WORD_MS) * RATE
      / 1000;
  guint64 now = session->input->total;

  while (utterance->source[utterance->heard] != '\0') {
    const gchar *word = utterance->source + utterance->heard;
    guint64 due = utterance->start + (utterance->words + 1) * step;

    if (!all && due > now)
      return;
    utterance->words++;
    utterance->heard += plan_next_word (word);
    if (session->config->transcription_model != NULL)
      send_word (translation, "session.input_transcript.delta", word,
          plan_next_word (word), MIN (due, now));
  }
}

static void
set_source (Translation *translation, Utterance *utterance, const gchar *text)
{
  if (*text == '\0')
    return;
  g_free (utterance->source);
  utterance->source = g_strconcat (
      translation->heard++ > 0 ? " " : "", text, NULL);
}

/* ---- what is said about it ---- */

typedef struct {
  Host *host;
  Session *session;     /* valid unless cancelled */
  Utterance *utterance; /* counted */
  GPtrArray *lines;     /* one VoiceLine */
  GCancellable *cancellable;
} VoiceCall;

static void
voice_made (GObject *source, GAsyncResult *result, gpointer data)
{
  VoiceCall *call = data;
  VoiceLine *line = g_ptr_array_index (call->lines, 0);
  g_autoptr (GError) error = NULL;
  gboolean fine = voice_say_finish (result, &error);

  call->host->voices_at_work--;
  if (!g_cancellable_is_cancelled (call->cancellable)) {
    call->utterance->audio = fine ? g_steal_pointer (&line->audio)
                                  : g_byte_array_new ();
    if (!fine) {
      Fault fault = { 0 };

      fault_set (&fault, "server_error", NULL, "%s", error->message);
      session_refuse (call->session, "server_error", &fault, NULL);
    }
    pump (call->session->translation);
  }
  g_ptr_array_unref (call->lines);
  g_object_unref (call->cancellable);
  utterance_unref (call->utterance);
  g_free (call);
}

/* Takes the text. The translation is said at a sample of the output or, if
 * that has passed or others are still said, as soon as it can be. */
static void
translate (
    Translation *translation, Utterance *utterance, gchar *text, guint64 place)
{
  Session *session = translation->session;
  VoiceLine *line = voice_line_new (
      text, utterance_told_translation (utterance, "tone_ms", -1));
  VoiceCall *call = g_new0 (VoiceCall, 1);

  line->language = languages_voice (session->config->language);
  utterance->text = g_strconcat (
      translation->said++ > 0 ? " " : "", text, NULL);
  utterance->place = place;
  g_queue_push_tail (&translation->coming, utterance_ref (utterance));
  call->host = session->host;
  call->session = session;
  call->utterance = utterance_ref (utterance);
  call->cancellable = g_object_ref (translation->cancellable);
  call->lines = g_ptr_array_new_with_free_func (
      (GDestroyNotify) voice_line_free);
  g_ptr_array_add (call->lines, line);
  session->host->voices_at_work++;
  voice_say_async (call->lines, "marin", 1, AUDIO_PCM, translation->cancellable,
      voice_made, call);
  g_free (text);
}

static guint64
lag (Translation *translation, Utterance *utterance)
{
  gint64 ms = utterance_told_translation (
      utterance, "lag_ms", translation->style->lag_ms);

  return (guint64) ms * RATE / 1000;
}

/* Speech that is in the target language already is passed over in silence. */
static gboolean
is_same_language (Translation *translation, Utterance *utterance)
{
  return g_strcmp0 (
             utterance_from (utterance), translation->session->config->language)
      == 0;
}

static void
on_started (guint64 start, gpointer user_data)
{
  Session *session = user_data;
  Translation *translation = session->translation;
  Utterance *utterance = utterance_new (script_hear (session->cursor), start);
  g_autofree gchar *source = NULL;
  gchar *text;

  g_clear_pointer (&translation->open, utterance_unref);
  translation->open = utterance;
  if (utterance->turn != NULL)
    source = script_dup_heard (utterance->turn);
  if (source != NULL)
    set_source (translation, utterance, source);
  text = utterance_dup_translation (utterance, session->config->language);
  if (text != NULL && *text != '\0'
      && !is_same_language (translation, utterance))
    translate (translation, utterance, g_steal_pointer (&text),
        start + lag (translation, utterance));
  else
    utterance->silent = text != NULL
        || is_same_language (translation, utterance);
  g_free (text);
}

static void
on_stopped (guint64 end, gpointer user_data)
{
  Session *session = user_data;
  Translation *translation = session->translation;
  g_autoptr (GByteArray) taken = input_take (session->input, end, end);
  Utterance *utterance = g_steal_pointer (&translation->open);
  guint ms = input_to_ms (session->input, end - utterance->start);
  g_autofree gchar *measured = NULL;

  /* It ends with the silence that told so. */
  ms -= MIN (ms, session->config->turns.silence_ms);
  measured = answer_describe_speech (ms);
  if (*utterance->source == '\0')
    set_source (translation, utterance, measured);
  say_source (translation, utterance, TRUE);
  if (utterance->text == NULL && !utterance->silent)
    translate (translation, utterance,
        languages_describe_speech (session->config->language, ms),
        end + lag (translation, utterance));
  utterance_unref (utterance);
}

const InputListener translation_listener = { on_started, on_stopped };

/* ---- the output ---- */

/* The words whose sound has begun. */
static void
say_words (Translation *translation, Utterance *utterance, guint64 end)
{
  gsize size = strlen (utterance->text);

  while (utterance->said < size) {
    const gchar *word = utterance->text + utterance->said;

    if (utterance->said * utterance->audio->len / size > utterance->played
        && utterance->played < utterance->audio->len)
      return;
    send_word (translation, "session.output_transcript.delta", word,
        plan_next_word (word), end);
    utterance->said += plan_next_word (word);
  }
}

/* Whether the voices are made that speak before a sample. */
static gboolean
has_voices (Translation *translation, guint64 end)
{
  GList *at;

  for (at = translation->coming.head; at != NULL; at = at->next) {
    Utterance *utterance = at->data;

    if (utterance->place < end && utterance->audio == NULL)
      return FALSE;
  }
  return TRUE;
}

/* Puts what is said into one frame of silence. */
static void
speak (Translation *translation, guint8 *frame)
{
  guint64 at = translation->out, end = at + FRAME;
  Utterance *utterance;

  while ((utterance = g_queue_peek_head (&translation->coming)) != NULL
      && MAX (at, utterance->place) < end) {
    gsize left = utterance->audio->len - utterance->played, bytes;

    if (utterance->played == 0)
      at = MAX (at, utterance->place);
    bytes = MIN ((end - at) * 2, left);
    if (bytes > 0)
      memcpy (frame + (at - translation->out) * 2,
          utterance->audio->data + utterance->played, bytes);
    utterance->played += bytes;
    at += bytes / 2;
    say_words (translation, utterance, end);
    if (bytes < left)
      return;
    utterance_unref (g_queue_pop_head (&translation->coming));
  }
}

static void
compose_frame (Translation *translation)
{
  gsize size = translation->output->len;

  if (size == 0)
    translation->wanted = translation->style->delta_bytes != 0
        ? translation->style->delta_bytes
        : (gsize) FRAME_BYTES
            * g_rand_int_range (translation->session->rand, 1, 3);
  g_byte_array_set_size (translation->output, size + FRAME_BYTES);
  memset (translation->output->data + size, 0, FRAME_BYTES);
  speak (translation, translation->output->data + size);
  translation->out += FRAME;
  if (translation->output->len >= translation->wanted)
    send_audio (translation, translation->wanted);
}

static gboolean
has_work (Translation *translation)
{
  guint64 total = translation->session->input->total;
  guint64 burst = (guint64) translation->style->burst_ms / 200 * FRAME;

  if (translation->closing)
    return translation->out < total || translation->coming.length > 0;
  return translation->out < total / burst * burst;
}

/* Real milliseconds until the next frame may go. */
static gint64
time_until_frame (Translation *translation)
{
  gdouble pace = translation->session->host->pace;
  gint64 now = g_get_monotonic_time (), due;

  if (translation->started_us == 0)
    translation->started_us = now;
  if (pace <= 0)
    return 0;
  due = translation->started_us
      + (gint64) (translation->out * 1000000.0 / RATE / pace);
  return (due - now + 999) / 1000;
}

static gboolean
send_closed (gpointer data)
{
  Translation *translation = data;

  session_send (translation->session,
      session_event (translation->session, "session.closed"));
  return G_SOURCE_REMOVE;
}

static gboolean
on_time (gpointer data)
{
  pump (data);
  return G_SOURCE_REMOVE;
}

static void
pump (Translation *translation)
{
  stop_timer (translation);
  while (has_work (translation)) {
    gint64 wait = time_until_frame (translation);

    if (wait > 0) {
      translation->timer = session_later (wait, on_time, translation);
      return;
    }
    if (!has_voices (translation, translation->out + FRAME))
      return;
    compose_frame (translation);
  }
  if (!translation->closing)
    return;
  if (translation->output->len > 0)
    send_audio (translation, translation->output->len);
  translation->timer = session_later (
      translation->style->close_delay_ms, send_closed, translation);
}

/* ---- the client's events ---- */

static void
take_frame (Translation *translation, const guint8 *frame)
{
  Session *session = translation->session;

  input_append (session->input, frame, FRAME_BYTES);
  if (translation->open != NULL)
    say_source (translation, translation->open, FALSE);
  pump (translation);
}

static gboolean
refuse_closing (Fault *fault)
{
  return fault_set (fault, "invalid_event", "type",
      "The session is closing: no event is taken after 'session.close'.");
}

gboolean
translation_append (
    Session *session, const guint8 *data, gsize size, Fault *fault)
{
  Translation *translation = session->translation;
  g_autoptr (GByteArray) input = NULL;
  gsize at;

  if (translation->closing)
    return refuse_closing (fault);
  input = translation->rest;
  g_byte_array_append (input, data, size);
  translation->rest = g_byte_array_new ();
  for (at = 0; at + FRAME_BYTES <= input->len; at += FRAME_BYTES)
    take_frame (translation, input->data + at);
  g_byte_array_append (translation->rest, input->data + at, input->len - at);
  return TRUE;
}

gboolean
translation_close (Session *session, Fault *fault)
{
  Translation *translation = session->translation;
  gsize rest = translation->rest->len;

  if (translation->closing)
    return refuse_closing (fault);
  if (rest > 0) {
    g_byte_array_set_size (translation->rest, FRAME_BYTES);
    memset (translation->rest->data + rest, 0, FRAME_BYTES - rest);
    take_frame (translation, translation->rest->data);
  }
  if (session->input->vad.speaking) {
    vad_reset (&session->input->vad);
    on_stopped (session->input->total, session);
  }
  translation->closing = TRUE;
  pump (translation);
  return TRUE;
}
