/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The input audio buffer and the detector that listens to it. */
#include "input.h"

/* What is kept while nobody speaks, and at most; seconds. */
#define KEPT_IN_SILENCE 30
#define KEPT_AT_MOST 600
#define AUDIBLE_DB -45

Input *
input_new (const InputListener *listener, gpointer user_data)
{
  Input *input = g_new0 (Input, 1);

  input->bytes = g_byte_array_new ();
  input->unheard = g_array_new (FALSE, FALSE, sizeof (gint16));
  input->odd_byte = -1;
  input->listener = listener;
  input->user_data = user_data;
  return input;
}

void
input_free (Input *input)
{
  g_byte_array_unref (input->bytes);
  g_array_unref (input->unheard);
  g_free (input);
}

/* The detector starts afresh at the newest sample. */
static void
restart_detector (Input *input)
{
  vad_reset (&input->vad);
  g_array_set_size (input->unheard, 0);
  input->vad.position = input->total;
  input->sound_came = FALSE;
  input->sound = 0;
}

static gboolean
same_turns (const TurnSettings *a, const TurnSettings *b)
{
  return a->kind == b->kind && a->threshold == b->threshold
      && a->prefix_ms == b->prefix_ms && a->silence_ms == b->silence_ms
      && a->listen == b->listen;
}

void
input_configure (Input *input, AudioFormat format, const TurnSettings *turns)
{
  if (format != input->format || !same_turns (turns, &input->turns))
    restart_detector (input);
  input->format = format;
  input->turns = *turns;
  vad_set (
      &input->vad, audio_rate (format), turns->threshold, turns->silence_ms);
}

guint
input_to_ms (Input *input, guint64 samples)
{
  return samples * 1000 / audio_rate (input->format);
}

gdouble
input_pending_ms (Input *input)
{
  return (input->total - input->mark) * 1000.0 / audio_rate (input->format);
}

static void
forget_until (Input *input, guint64 sample)
{
  guint64 count = MIN (sample, input->total) - MIN (sample, input->first);

  if (sample <= input->first)
    return;
  g_byte_array_remove_range (
      input->bytes, 0, count * audio_sample_bytes (input->format));
  input->first += count;
}

static void
bound (Input *input)
{
  gboolean silent = input->turns.kind != TURN_MANUAL && !input->vad.speaking;
  guint64 kept = (guint64) (silent ? KEPT_IN_SILENCE : KEPT_AT_MOST)
      * audio_rate (input->format);

  if (input->total - input->first > kept)
    forget_until (input, input->total - kept);
}

static void
report_start (Input *input)
{
  guint64 padding = (guint64) input->turns.prefix_ms
      * audio_rate (input->format) / 1000;
  guint64 at = input->vad.started_at;

  at = at > padding ? at - padding : 0;
  input->listener->started (MAX (at, input->first), input->user_data);
}

/* Turns are the client's business; only sound is looked for. */
static void
listen_to_frame (Input *input)
{
  guint size = input->vad.frame_size;
  gboolean audible = audio_level ((gint16 *) input->unheard->data, size)
      >= AUDIBLE_DB;

  g_array_remove_range (input->unheard, 0, size);
  if (audible && !input->sound_came)
    input->sound_at = input->vad.position;
  input->sound_came |= audible;
  input->vad.position += size;
  if (audible)
    input->sound += size;
}

static void
detect_in_frame (Input *input)
{
  VadEvent event = vad_push (&input->vad, (gint16 *) input->unheard->data);

  g_array_remove_range (input->unheard, 0, input->vad.frame_size);
  if (event == VAD_STARTED)
    report_start (input);
  else if (event == VAD_STOPPED)
    input->listener->stopped (input->vad.position, input->user_data);
}

static void
detect (Input *input)
{
  while (input->unheard->len >= input->vad.frame_size)
    if (input->turns.kind == TURN_MANUAL)
      listen_to_frame (input);
    else
      detect_in_frame (input);
}

static void
take_samples (Input *input, const guint8 *data, gsize n_samples)
{
  g_byte_array_append (
      input->bytes, data, n_samples * audio_sample_bytes (input->format));
  input->total += n_samples;
  if (input->turns.kind == TURN_MANUAL && !input->turns.listen)
    return;
  audio_decode (input->format, data, n_samples, input->unheard);
  detect (input);
}

void
input_append (Input *input, const guint8 *data, gsize size)
{
  /* Detection shifts its rest to the front after each frame; one second at a
   * time keeps that cheap for the largest message. */
  gsize piece = audio_rate (input->format) * audio_sample_bytes (input->format);

  if (input->odd_byte >= 0 && size > 0) {
    guint8 sample[2] = { input->odd_byte, data[0] };

    input->odd_byte = -1;
    take_samples (input, sample, 1);
    data++;
    size--;
  }
  if (input->format == AUDIO_PCM && size % 2 != 0)
    input->odd_byte = data[--size];
  while (size > 0) {
    gsize now = MIN (size, piece);

    take_samples (input, data, now / audio_sample_bytes (input->format));
    bound (input);
    data += now;
    size -= now;
  }
}

void
input_clear (Input *input)
{
  forget_until (input, input->total);
  input->mark = input->total;
  input->odd_byte = -1;
  restart_detector (input);
}

GByteArray *
input_take (Input *input, guint64 start, guint64 end)
{
  guint bytes = audio_sample_bytes (input->format);
  GByteArray *taken = g_byte_array_new ();

  start = CLAMP (start, input->first, input->total);
  end = CLAMP (end, start, input->total);
  g_byte_array_append (taken,
      input->bytes->data + (start - input->first) * bytes,
      (end - start) * bytes);
  forget_until (input, end);
  input->mark = end;
  if (input->turns.kind == TURN_MANUAL)
    restart_detector (input);
  return taken;
}
