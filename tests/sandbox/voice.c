/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The voice: espeak-ng on a worker thread. */
#include "voice.h"

#include <espeak-ng/speak_lib.h>
#include <string.h>

#define MAX_TEXT 4000 /* bytes that are spoken of one text */
#define WORDS_PER_MINUTE 170

typedef struct {
  GPtrArray *lines;
  gchar *voice;
  gdouble speed;
  AudioFormat format;
} Job;

/* The service's voices, each its own here. Others take the first. */
static const struct {
  const gchar *name;
  const gchar *espeak;
  gint pitch;
} voices[] = {
  { "marin", "en-us+f3", 55 },
  { "cedar", "en-us+m3", 40 },
  { "alloy", "en-us+f1", 50 },
  { "ash", "en-us+m1", 45 },
  { "ballad", "en-gb+m2", 50 },
  { "coral", "en-us+f2", 60 },
  { "echo", "en-us+m4", 50 },
  { "sage", "en-gb+f4", 50 },
  { "shimmer", "en-us+f5", 65 },
  { "verse", "en-gb+m5", 45 },
};

/* espeak-ng is one per process and has no user data in its callback. */
static GMutex espeak_lock;
static struct {
  gint rate;                 /* 0: not started, -1: cannot start */
  GArray *samples;           /* of the call in progress */
  GCancellable *cancellable; /* of the call in progress, or NULL */
} espeak;

VoiceLine *
voice_line_new (const gchar *text, gint tone_ms)
{
  VoiceLine *line = g_new0 (VoiceLine, 1);

  line->text = g_strdup (text);
  line->tone_ms = tone_ms;
  return line;
}

void
voice_line_free (VoiceLine *line)
{
  g_free (line->text);
  g_clear_pointer (&line->audio, g_byte_array_unref);
  g_free (line);
}

static void
job_free (gpointer data)
{
  Job *job = data;

  g_ptr_array_unref (job->lines);
  g_free (job->voice);
  g_free (job);
}

static int
take_samples (short *samples, int count, espeak_EVENT *events)
{
  if (samples != NULL)
    g_array_append_vals (espeak.samples, samples, count);
  return g_cancellable_is_cancelled (espeak.cancellable);
}

/* espeak_lock is held. */
static gboolean
start_espeak (GError **error)
{
  if (espeak.rate == 0) {
    espeak.rate = espeak_Initialize (
        AUDIO_OUTPUT_SYNCHRONOUS, 0, NULL, espeakINITIALIZE_DONT_EXIT);
    espeak_SetSynthCallback (take_samples);
  }
  if (espeak.rate > 0)
    return TRUE;
  espeak.rate = -1;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
      "The sandbox cannot speak: espeak-ng does not find its data. Install "
      "the package espeak-ng-data, or use tone_ms in a script.");
  return FALSE;
}

static void
choose_voice (const gchar *voice, const gchar *language, gdouble speed)
{
  guint i;

  for (i = G_N_ELEMENTS (voices) - 1; i > 0; i--)
    if (g_strcmp0 (voices[i].name, voice) == 0)
      break;
  espeak_SetVoiceByName (language != NULL ? language : voices[i].espeak);
  espeak_SetParameter (espeakPITCH, voices[i].pitch, 0);
  espeak_SetParameter (espeakRATE,
      CLAMP (WORDS_PER_MINUTE * speed, espeakRATE_MINIMUM, espeakRATE_MAXIMUM),
      0);
}

static gchar *
cap_text (const gchar *text)
{
  const gchar *end = text + MIN (strlen (text), MAX_TEXT);

  if (*end != '\0')
    end = g_utf8_find_prev_char (text, end + 1);
  return g_strndup (text, end - text);
}

static GArray *
speak (
    Job *job, const VoiceLine *line, GCancellable *cancellable, GError **error)
{
  g_autofree gchar *capped = cap_text (line->text);
  g_autoptr (GArray) samples = g_array_new (FALSE, FALSE, sizeof (gint16));
  gint rate;

  g_mutex_lock (&espeak_lock);
  if (!start_espeak (error)) {
    g_mutex_unlock (&espeak_lock);
    return NULL;
  }
  choose_voice (job->voice, line->language, job->speed);
  rate = espeak.rate;
  espeak.samples = samples;
  espeak.cancellable = cancellable;
  espeak_Synth (capped, strlen (capped) + 1, 0, POS_CHARACTER, 0,
      espeakCHARS_UTF8 | espeakENDPAUSE, NULL, NULL);
  espeak_Synchronize ();
  espeak.samples = NULL;
  espeak.cancellable = NULL;
  g_mutex_unlock (&espeak_lock);
  return audio_resample (
      (gint16 *) samples->data, samples->len, rate, audio_rate (job->format));
}

static gboolean
make_line (Job *job, VoiceLine *line, GCancellable *cancellable, GError **error)
{
  g_autoptr (GArray) samples = NULL;

  if (line->tone_ms >= 0)
    samples = audio_tone (audio_rate (job->format), line->tone_ms);
  else
    samples = speak (job, line, cancellable, error);
  if (samples == NULL)
    return FALSE;
  line->audio = g_byte_array_new ();
  audio_encode (
      job->format, (gint16 *) samples->data, samples->len, line->audio);
  return TRUE;
}

static void
work (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Job *job = data;
  GError *error = NULL;
  guint i;

  for (i = 0; i < job->lines->len; i++) {
    if (g_task_return_error_if_cancelled (task))
      return;
    if (!make_line (
            job, g_ptr_array_index (job->lines, i), cancellable, &error)) {
      g_task_return_error (task, error);
      return;
    }
  }
  g_task_return_boolean (task, TRUE);
}

void
voice_say_async (GPtrArray *lines, const gchar *voice, gdouble speed,
    AudioFormat format, GCancellable *cancellable, GAsyncReadyCallback callback,
    gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  Job *job = g_new0 (Job, 1);

  job->lines = g_ptr_array_ref (lines);
  job->voice = g_strdup (voice);
  job->speed = speed;
  job->format = format;
  g_task_set_task_data (task, job, job_free);
  g_task_set_name (task, "voice");
  g_task_run_in_thread (task, work);
}

gboolean
voice_say_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
