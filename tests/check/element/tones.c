/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Goertzel's algorithm at the eight frequencies.
 */
#include "tones.h"

#include <math.h>

/* Share of the power that must be in the two frequencies. */
#define PURE 0.97
/* dB between them, at most. */
#define TWIST 1.0
/* Silence, as the laws quantise it. */
#define SILENT 16

static const gdouble low[] = { 697, 770, 852, 941 };
static const gdouble high[] = { 1209, 1336, 1477, 1633 };
static const gchar keys[] = "123A456B789C*0#D";

/* Power of @frequency, as a share of @n samples of full scale. */
static gdouble
power_of (const gint16 *samples, guint n, guint rate, gdouble frequency)
{
  gdouble c = 2 * cos (2 * G_PI * frequency / rate), a = 0, b = 0;

  for (guint i = 0; i < n; i++) {
    gdouble next = samples[i] / 32768.0 + c * a - b;

    b = a;
    a = next;
  }
  return 2 * (a * a + b * b - c * a * b) / ((gdouble) n * n);
}

static guint
find_loudest (const gint16 *samples, guint n, guint rate,
    const gdouble *frequencies, gdouble *power)
{
  guint loudest = 0;

  *power = 0;
  for (guint i = 0; i < 4; i++) {
    gdouble p = power_of (samples, n, rate, frequencies[i]);

    if (p > *power) {
      *power = p;
      loudest = i;
    }
  }
  return loudest;
}

/* Power of all that sounds. */
static gdouble
power_of_all (const gint16 *samples, guint n)
{
  gdouble all = 0;

  for (guint i = 0; i < n; i++)
    all += (samples[i] / 32768.0) * (samples[i] / 32768.0);
  return all / n;
}

gchar
tones_key (const gint16 *samples, guint n, guint rate)
{
  gdouble all = power_of_all (samples, n), low_power, high_power;
  guint row = find_loudest (samples, n, rate, low, &low_power);
  guint column = find_loudest (samples, n, rate, high, &high_power);

  if (all < 1e-4 || low_power + high_power < PURE * all
      || fabs (10 * log10 (low_power / high_power)) > TWIST)
    return 0;
  return keys[4 * row + column];
}

static void
assert_silent (const gint16 *samples, guint n)
{
  for (guint i = 0; i < n; i++)
    if (ABS (samples[i]) > SILENT)
      g_error ("sample %u of a pause is %d", i, samples[i]);
}

/* Whether no part of it is missing or faint. */
static gboolean
is_even (const gint16 *samples, guint n)
{
  gdouble all = power_of_all (samples, n);
  guint part = n / 10;

  for (guint i = 0; i < 10; i++)
    if (power_of_all (samples + i * part, part) < all / 3)
      return FALSE;
  return TRUE;
}

gchar *
tones_keys (const gint16 *samples, guint n, guint rate)
{
  GString *found = g_string_new (NULL);
  guint length = rate / 10;

  for (guint at = 0; at + length <= n; at += 2 * length) {
    gchar key = tones_key (samples + at, length, rate);

    if (!key || !is_even (samples + at, length))
      g_error ("no tone at sample %u", at);
    g_string_append_c (found, key);
    assert_silent (samples + at + length, MIN (length, n - at - length));
  }
  return g_string_free (found, FALSE);
}
