/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The comparison of levels. Two meters make a level of each slot of running
 * time. When a slot of the input closes, the slot of the output that lies the
 * longest lag before it gets its place in the window, together with the input
 * from then until now: one candidate for each lag.
 */
#include "rt2echo.h"

#include <math.h>
#include <string.h>

#include "rt2sample.h"

#define LAGS (RT2_ECHO_MAX_LAG + 1)
/* Slots of output that are remembered until their input comes: 80 s. */
#define OUTPUTS 4096
#define INPUTS 64
/* The level from which on we are heard. */
#define AUDIBLE 0.001
/* Slots before and after that count as well. */
#define BEFORE 10
#define AFTER 25
/* Slots that count between two judgements. */
#define JUDGE_EVERY 25
/* What each half of the window must have. */
#define HALF_THRESHOLD 0.4
/* dB; what is quieter is the crosstalk of a headset and wakes nobody. */
#define LEAST_LEVEL -40

/* The level of one slot. */
typedef struct {
  guint32 slot; /* its number, plus 1; 0: nothing was kept here */
  gfloat rms;   /* 0 to 1 */
} Level;

/* Makes levels of what comes piece by piece. */
typedef struct {
  guint32 slot;   /* that is being filled, number plus 1; 0: none */
  gdouble energy; /* sum of squares of its samples */
  guint n;        /* samples of it that came */
  guint rate;     /* samples per second */
  Level *levels;  /* a ring of the slots that are full, by number */
  guint size;     /* of the ring */
} Meter;

/* A slot of our output, and the input from then on. */
typedef struct {
  gfloat output;      /* level, 0 to 1 */
  gfloat input[LAGS]; /* likewise, by lag */
} Frame;

struct _Rt2Echo {
  Level outputs[OUTPUTS]; /* rings of the meters */
  Level inputs[INPUTS];
  Meter output, input; /* what we play, what the microphone hears */

  Frame window[RT2_ECHO_WINDOW]; /* a ring */
  guint64 frames;                /* that were ever put into it */

  gboolean found;         /* nothing is looked at any more */
  gboolean popped;        /* and it was told */
  Rt2EchoFinding finding; /* if `found` */
};

/* --- levels --- */

static gdouble
energy_of (Rt2AudioFormat format, const guint8 *data, guint n)
{
  guint64 energy = 0;

  for (guint i = 0; i < n; i++) {
    gint64 sample = rt2_sample_get (format, data, i);

    energy += sample * sample;
  }
  return energy;
}

/* Keeps the level of the slot that was filled, if enough of it came. TRUE if it
 * did. */
static gboolean
meter_close (Meter *meter)
{
  guint full = meter->rate * RT2_ECHO_SLOT / 1000000000;
  Level *level = &meter->levels[meter->slot % meter->size];

  if (meter->slot == 0 || 2 * meter->n < full)
    return FALSE;
  level->slot = meter->slot;
  level->rms = sqrt (meter->energy / meter->n) / 32768;
  return TRUE;
}

static void
meter_open (Meter *meter, guint32 slot, guint rate)
{
  meter->slot = slot;
  meter->rate = rate;
  meter->energy = 0;
  meter->n = 0;
}

/* Samples of @n that begin at @rt and lie in the same slot. */
static guint
samples_in_slot (Rt2AudioFormat format, guint64 rt, guint n)
{
  guint64 left = rt2_audio_format_ns_to_samples (
      format, RT2_ECHO_SLOT - rt % RT2_ECHO_SLOT);

  return MIN (n, MAX (left, 1));
}

/* Takes as many of @n samples as lie in one slot and returns how many. @closed:
 * the slot before it is complete. Time that goes back is left out. */
static guint
meter_take (Meter *meter, Rt2AudioFormat format, const guint8 *data, guint n,
    guint64 rt, guint32 *closed)
{
  guint32 slot = rt / RT2_ECHO_SLOT + 1;
  guint count = samples_in_slot (format, rt, n);

  *closed = 0;
  if (slot > meter->slot) {
    if (meter_close (meter))
      *closed = meter->slot;
    meter_open (meter, slot, rt2_audio_format_rate (format));
  }
  if (slot == meter->slot) {
    meter->energy += energy_of (format, data, count);
    meter->n += count;
  }
  return count;
}

static const Level *
level_at (const Meter *meter, guint32 slot)
{
  const Level *level = &meter->levels[slot % meter->size];

  return level->slot == slot ? level : NULL;
}

/* --- the judgement --- */

typedef struct {
  gdouble n, x, y, xx, yy, xy;
} Sums;

static void
sums_add (Sums *sums, gdouble x, gdouble y)
{
  sums->n++;
  sums->x += x;
  sums->y += y;
  sums->xx += x * x;
  sums->yy += y * y;
  sums->xy += x * y;
}

/* How far x and y vary together: -1 to 1, 0 if one does not vary. */
static gdouble
sums_correlation (const Sums *sums)
{
  gdouble vx = sums->xx - sums->x * sums->x / sums->n;
  gdouble vy = sums->yy - sums->y * sums->y / sums->n;
  gdouble c = sums->xy - sums->x * sums->y / sums->n;
  /* What rounding leaves of no variation at all. */
  gdouble least = 1e-12 * sums->n;

  return vx > least && vy > least ? c / sqrt (vx * vy) : 0;
}

/* Of the frames @from to @to, from the oldest one. */
static gdouble
correlation_of (const Rt2Echo *echo, guint lag, guint from, guint to)
{
  Sums sums = { 0 };

  for (guint i = from; i < to; i++) {
    const Frame *frame = &echo->window[(echo->frames + i) % RT2_ECHO_WINDOW];

    sums_add (&sums, frame->output, frame->input[lag]);
  }
  return sums_correlation (&sums);
}

/* By how much the power varies here and there: noise that is always there does
 * not count. */
static gdouble
level_of (const Rt2Echo *echo, guint lag)
{
  Sums sums = { 0 };
  gdouble vx, vy;

  for (guint i = 0; i < RT2_ECHO_WINDOW; i++) {
    const Frame *frame = &echo->window[i];
    gdouble x = frame->output, y = frame->input[lag];

    sums_add (&sums, x * x, y * y);
  }
  vx = sums.xx - sums.x * sums.x / sums.n;
  vy = sums.yy - sums.y * sums.y / sums.n;
  return 5 * log10 (vy / vx);
}

/* An echo is there all the time, not only in one lucky part. */
static gboolean
is_steady (const Rt2Echo *echo, guint lag)
{
  guint half = RT2_ECHO_WINDOW / 2;

  return correlation_of (echo, lag, 0, half) >= HALF_THRESHOLD
      && correlation_of (echo, lag, half, RT2_ECHO_WINDOW) >= HALF_THRESHOLD;
}

static void
judge (Rt2Echo *echo)
{
  gdouble best = -1;
  guint lag = 0;

  for (guint i = 0; i < LAGS; i++) {
    gdouble correlation = correlation_of (echo, i, 0, RT2_ECHO_WINDOW);

    if (correlation > best) {
      best = correlation;
      lag = i;
    }
  }
  if (best < RT2_ECHO_THRESHOLD || !is_steady (echo, lag)
      || level_of (echo, lag) < LEAST_LEVEL)
    return;
  echo->found = TRUE;
  echo->finding.delay_ms = lag * RT2_ECHO_SLOT / 1000000;
  echo->finding.level = level_of (echo, lag);
  echo->finding.correlation = best;
}

/* TRUE if we are heard in @slot of the output or near it. */
static gboolean
is_near_speech (const Rt2Echo *echo, guint32 slot)
{
  for (guint32 i = slot - MIN (slot, AFTER); i <= slot + BEFORE; i++) {
    const Level *level = level_at (&echo->output, i);

    if (level && level->rms >= AUDIBLE)
      return TRUE;
  }
  return FALSE;
}

/* The slot @last of the input is complete: so is the frame that ends there, if
 * it counts and nothing of it is missing. */
static void
take_frame (Rt2Echo *echo, guint32 last)
{
  Frame *frame = &echo->window[echo->frames % RT2_ECHO_WINDOW];
  const Level *output = NULL;
  Frame taken;

  if (last > RT2_ECHO_MAX_LAG)
    output = level_at (&echo->output, last - RT2_ECHO_MAX_LAG);
  if (!output || !is_near_speech (echo, output->slot))
    return;
  taken.output = output->rms;
  for (guint lag = 0; lag < LAGS; lag++) {
    const Level *input = level_at (&echo->input, last - RT2_ECHO_MAX_LAG + lag);

    if (!input)
      return;
    taken.input[lag] = input->rms;
  }
  *frame = taken;
  echo->frames++;
  if (echo->frames >= RT2_ECHO_WINDOW && echo->frames % JUDGE_EVERY == 0)
    judge (echo);
}

/* --- the room's face --- */

void
rt2_echo_output (Rt2Echo *echo, Rt2AudioFormat format, const guint8 *data,
    guint n, guint64 rt)
{
  guint width = rt2_audio_format_width (format);
  guint32 closed;

  for (guint i = 0; i < n && !echo->found;)
    i += meter_take (&echo->output, format, data + i * width, n - i,
        rt + rt2_audio_format_samples_to_ns (format, i), &closed);
}

void
rt2_echo_input (Rt2Echo *echo, Rt2AudioFormat format, const guint8 *data,
    guint n, guint64 rt)
{
  guint width = rt2_audio_format_width (format);
  guint32 closed;

  for (guint i = 0; i < n && !echo->found;) {
    i += meter_take (&echo->input, format, data + i * width, n - i,
        rt + rt2_audio_format_samples_to_ns (format, i), &closed);
    if (closed)
      take_frame (echo, closed);
  }
}

gboolean
rt2_echo_pop_finding (Rt2Echo *echo, Rt2EchoFinding *finding)
{
  if (!echo->found || echo->popped)
    return FALSE;
  echo->popped = TRUE;
  *finding = echo->finding;
  return TRUE;
}

void
rt2_echo_reset (Rt2Echo *echo)
{
  memset (echo, 0, sizeof (*echo));
  echo->output.levels = echo->outputs;
  echo->output.size = OUTPUTS;
  echo->input.levels = echo->inputs;
  echo->input.size = INPUTS;
}

Rt2Echo *
rt2_echo_new (void)
{
  Rt2Echo *echo = g_new (Rt2Echo, 1);

  rt2_echo_reset (echo);
  return echo;
}

void
rt2_echo_free (Rt2Echo *echo)
{
  g_free (echo);
}
