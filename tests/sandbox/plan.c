/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The order of a response: which piece of which item, and when. */
#include "plan.h"

#include <string.h>

/* The text runs this far ahead of its sound. */
#define TEXT_LEAD_MS 200
/* Media time of a written word. */
#define TEXT_WORD_MS 40
/* Uneven deltas: their range, and the first of an item, which comes early. */
#define DELTA_MIN_MS 40
#define DELTA_MAX_MS 400
#define FIRST_DELTA_MS 100
/* Characters. Long arguments come in that many pieces. */
#define ARGUMENTS_PIECE 8
#define ARGUMENTS_PIECES 256

typedef struct {
  GArray *steps;
  const PlanOutput *output;
  guint index; /* of the output */
  AudioFormat format;
  const Reply *reply;
  GRand *rand;
  gint64 now_ms;      /* where the output begins */
  gint ending;        /* an output whose end waits for the next delta, or -1 */
  gsize audio_before; /* bytes of all outputs before */
  gboolean closed;    /* the injected close is in */
} Plan;

gsize
plan_next_word (const gchar *text)
{
  const gchar *at = text;

  while (g_ascii_isspace (*at))
    at++;
  while (*at != '\0' && !g_ascii_isspace (*at))
    at++;
  return at - text;
}

static void
add (Plan *plan, StepKind kind, guint output, gint64 at_ms, gsize offset,
    gsize length)
{
  Step step = { kind, output, at_ms, offset, length };

  g_array_append_val (plan->steps, step);
}

static gsize
next_delta (Plan *plan, gsize done)
{
  guint bytes = audio_sample_bytes (plan->format);
  guint rate = audio_rate (plan->format);
  gsize left = (plan->output->audio_bytes - done) / bytes, samples;

  if (plan->reply->delta_ms > 0)
    samples = (gsize) plan->reply->delta_ms * rate / 1000;
  else if (done == 0)
    samples = (gsize) FIRST_DELTA_MS * rate / 1000;
  else
    samples = g_rand_int_range (
        plan->rand, rate * DELTA_MIN_MS / 1000, rate * DELTA_MAX_MS / 1000);
  return MIN (samples, left) * bytes;
}

static void
add_close (Plan *plan, gsize audio_sent, gint64 at_ms)
{
  gsize after;

  if (plan->closed || plan->reply->close_code < 0)
    return;
  after = (gsize) plan->reply->close_after_ms * audio_rate (plan->format) / 1000
      * audio_sample_bytes (plan->format);
  if (audio_sent < after)
    return;
  add (plan, STEP_CLOSE, plan->index, at_ms, 0, 0);
  plan->closed = TRUE;
}

static gsize
add_delta (Plan *plan, gsize done)
{
  gint64 at = plan->now_ms + audio_bytes_to_ms (plan->format, done);
  gsize length = next_delta (plan, done);

  add (plan, STEP_AUDIO, plan->index, at, done, length);
  if (plan->ending >= 0)
    add (plan, STEP_END, plan->ending, at, 0, 0);
  plan->ending = -1;
  add_close (plan, plan->audio_before + done + length, at);
  return length;
}

/* Words are spread over the audio by their place in the text. */
static gint64
word_time (Plan *plan, gsize offset, gsize size)
{
  gint64 length = audio_bytes_to_ms (plan->format, plan->output->audio_bytes);

  if (plan->reply->transcript_first)
    return plan->now_ms;
  return plan->now_ms
      + MAX (0, (gint64) (length * offset / MAX (size, 1)) - TEXT_LEAD_MS);
}

static void
add_speech (Plan *plan)
{
  const gchar *text = plan->output->text;
  gsize size = strlen (text), said = 0, played = 0;

  while (said < size || played < plan->output->audio_bytes) {
    gint64 delta_at = plan->now_ms + audio_bytes_to_ms (plan->format, played);
    gint64 word_at = word_time (plan, said, size);

    if (said < size
        && (word_at <= delta_at || played == plan->output->audio_bytes)) {
      gsize word = plan_next_word (text + said);

      add (plan, STEP_WORD, plan->index, MIN (word_at, delta_at), said, word);
      said += word;
    } else {
      played += add_delta (plan, played);
    }
  }
}

/* Arguments come in pieces that respect no word. */
static gsize
next_piece (const gchar *text, gsize characters)
{
  const gchar *end = text;
  gsize count;

  for (count = 0; count < characters && *end != '\0'; count++)
    end = g_utf8_next_char (end);
  return end - text;
}

static gsize
piece_length (const PlanOutput *output)
{
  if (output->delta_chars > 0)
    return output->delta_chars;
  if (output->delta_chars == 0)
    return G_MAXSIZE;
  return MAX (ARGUMENTS_PIECE, strlen (output->text) / ARGUMENTS_PIECES);
}

static void
add_writing (Plan *plan)
{
  const gchar *text = plan->output->text;
  gboolean arguments = plan->output->kind != SAY_TEXT;
  gsize at = 0, piece = piece_length (plan->output);

  while (text[at] != '\0') {
    gsize word = arguments ? next_piece (text + at, piece)
                           : plan_next_word (text + at);

    add (plan, STEP_WORD, plan->index, plan->now_ms, at, word);
    plan->now_ms += TEXT_WORD_MS;
    at += word;
  }
}

/* Whether the end of this output waits for the first delta of the next. */
static gboolean
overlaps (Plan *plan, gboolean last)
{
  return plan->reply->overlap && !last && plan->output->audio_bytes > 0
      && plan->output[1].audio_bytes > 0;
}

static void
add_output (Plan *plan, gboolean last)
{
  gint64 end;

  add (plan, STEP_BEGIN, plan->index, plan->now_ms, 0, 0);
  if (plan->output->kind == SAY_SPEECH)
    add_speech (plan);
  else
    add_writing (plan);
  end = g_array_index (plan->steps, Step, plan->steps->len - 1).at_ms;
  add (plan, STEP_SAID, plan->index, end, 0, 0);
  if (overlaps (plan, last))
    plan->ending = plan->index;
  else
    add (plan, STEP_END, plan->index, end, 0, 0);
  plan->now_ms += audio_bytes_to_ms (plan->format, plan->output->audio_bytes);
  plan->audio_before += plan->output->audio_bytes;
}

GArray *
plan_make (const PlanOutput *outputs, guint n_outputs, AudioFormat format,
    const Reply *reply, GRand *rand)
{
  Plan plan = { .format = format, .reply = reply, .rand = rand, .ending = -1 };
  gint64 end = 0;

  plan.steps = g_array_new (FALSE, FALSE, sizeof (Step));
  add_close (&plan, 0, 0);
  for (plan.index = 0; plan.index < n_outputs; plan.index++) {
    plan.output = &outputs[plan.index];
    add_output (&plan, plan.index == n_outputs - 1);
  }
  if (plan.steps->len > 0)
    end = g_array_index (plan.steps, Step, plan.steps->len - 1).at_ms;
  add_close (&plan, G_MAXSIZE, end);
  add (&plan, STEP_FINISH, 0, end, 0, 0);
  return plan.steps;
}
