/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One tone after another: a mark, four octal digits, their check digit, the
 * mark again.
 */
#include "chaoscode.h"

#include <math.h>

#define LEVEL 9000
#define DIGITS 4
#define BASE 8
#define MARK BASE
#define TONES (BASE + 1)
#define LOWEST 500 /* Hz */
#define STEP 200
/* Samples that are looked at together, and from one look to the next. */
#define WINDOW (CHAOS_RATE / 100)
#define HOP (WINDOW / 4)
/* A mark that is shorter is none. */
#define LEAST_MARK (CHAOS_SYMBOL * 3 / 4)
/* Of all power, what must be in the one tone. */
#define PURE 0.6

static guint
digit (guint number, guint i)
{
  return number >> (3 * (DIGITS - 1 - i)) & (BASE - 1);
}

static guint
symbol (guint number, guint i)
{
  guint sum = 0;

  if (i == 0 || i == CHAOS_SYMBOLS - 1)
    return MARK;
  if (i <= DIGITS)
    return digit (number, i - 1);
  for (guint k = 0; i == DIGITS + 1 && k < DIGITS; k++)
    sum += (k + 1) * digit (number, k) + 3;
  return sum & (BASE - 1);
}

static gdouble
tone_step (guint tone)
{
  return 2 * G_PI * (LOWEST + STEP * tone) / CHAOS_RATE;
}

void
chaos_code_write (guint number, guint64 from, gint16 *samples, gsize n)
{
  for (gsize i = 0; i < n; i++) {
    guint64 at = from + i;
    guint tone = at < CHAOS_CODE ? symbol (number, at / CHAOS_SYMBOL) : 0;

    samples[i] = GINT16_TO_LE (
        (gint16) (LEVEL * sin (tone_step (tone) * (at % CHAOS_RATE))));
  }
}

/* How much of the window is this tone: 0 to 1. */
static gdouble
share (const gint16 *samples, guint tone)
{
  gdouble re = 0, im = 0, power = 0;

  for (guint i = 0; i < WINDOW; i++) {
    gdouble x = GINT16_FROM_LE (samples[i]);

    re += x * cos (tone_step (tone) * i);
    im += x * sin (tone_step (tone) * i);
    power += x * x;
  }
  return power < (gdouble) WINDOW * LEVEL * LEVEL / 16
      ? 0
      : 2 * (re * re + im * im) / (power * WINDOW);
}

static gint
tone_at (const gint16 *samples)
{
  for (guint tone = 0; tone < TONES; tone++)
    if (share (samples, tone) > PURE)
      return tone;
  return -1;
}

static gboolean
is_mark (const gint16 *samples, gsize n, gsize at)
{
  return at + WINDOW <= n && share (samples + at, MARK) > PURE;
}

/* Where a mark ends that begins at or behind @at, or @n. */
static gsize
find_mark_end (const gint16 *samples, gsize n, gsize at)
{
  while (at < n) {
    gsize begin;

    while (at < n && !is_mark (samples, n, at))
      at += HOP;
    for (begin = at; is_mark (samples, n, at);)
      at += HOP;
    if (at < n && at - begin + WINDOW >= LEAST_MARK)
      return at - HOP + WINDOW - WINDOW / 4;
  }
  return n;
}

/* The number whose first digit begins at @samples, or -1. */
static gint
read_number (const gint16 *samples, gsize n)
{
  gint tones[CHAOS_SYMBOLS - 1];
  guint number = 0;

  for (guint i = 0; i < G_N_ELEMENTS (tones); i++) {
    gsize middle = i * CHAOS_SYMBOL + CHAOS_SYMBOL / 2;

    if (middle + WINDOW > n)
      return -1;
    tones[i] = tone_at (samples + middle - WINDOW / 2);
    if (tones[i] < 0 || (tones[i] == MARK) != (i == CHAOS_SYMBOLS - 2))
      return -1;
    if (i < DIGITS)
      number = number << 3 | tones[i];
  }
  return symbol (number, DIGITS + 1) == (guint) tones[DIGITS] ? (gint) number
                                                              : -1;
}

gint
chaos_code_find (const gint16 *samples, gsize n, gsize *from)
{
  gsize at = *from;

  while ((at = find_mark_end (samples, n, at)) < n) {
    gint number = read_number (samples + at, n - at);

    if (number >= 0) {
      *from = at + (CHAOS_SYMBOLS - 1) * CHAOS_SYMBOL;
      return number;
    }
  }
  *from = n;
  return -1;
}
