/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The three audio formats of the wire, tones and rate conversion. */
#include "audio.h"

#include <math.h>

#define TONE_HZ 440.0
#define TONE_AMPLITUDE 8000.0
/* Taps on each side of the interpolation kernel at the lower of both rates. */
#define KERNEL_HALF 12

AudioFormat
audio_format_from_name (const gchar *name)
{
  if (g_strcmp0 (name, "audio/pcmu") == 0)
    return AUDIO_PCMU;
  if (g_strcmp0 (name, "audio/pcma") == 0)
    return AUDIO_PCMA;
  return AUDIO_PCM;
}

guint
audio_rate (AudioFormat format)
{
  return format == AUDIO_PCM ? 24000 : 8000;
}

guint
audio_sample_bytes (AudioFormat format)
{
  return format == AUDIO_PCM ? 2 : 1;
}

gsize
audio_bytes_to_ms (AudioFormat format, guint64 bytes)
{
  return bytes / audio_sample_bytes (format) * 1000 / audio_rate (format);
}

void
audio_decode (
    AudioFormat format, const guint8 *data, gsize n_samples, GArray *samples)
{
  gsize i;

  for (i = 0; i < n_samples; i++) {
    gint16 value;

    if (format == AUDIO_PCM)
      value = (gint16) (data[2 * i] | data[2 * i + 1] << 8);
    else if (format == AUDIO_PCMU)
      value = g711_decode_mulaw (data[i]);
    else
      value = g711_decode_alaw (data[i]);
    g_array_append_val (samples, value);
  }
}

void
audio_encode (AudioFormat format, const gint16 *samples, gsize n_samples,
    GByteArray *bytes)
{
  gsize i;

  for (i = 0; i < n_samples; i++) {
    guint8 code[2] = { 0 };

    if (format == AUDIO_PCM) {
      code[0] = samples[i] & 0xff;
      code[1] = (guint16) samples[i] >> 8;
    } else if (format == AUDIO_PCMU) {
      code[0] = g711_encode_mulaw (samples[i]);
    } else {
      code[0] = g711_encode_alaw (samples[i]);
    }
    g_byte_array_append (bytes, code, audio_sample_bytes (format));
  }
}

GArray *
audio_tone (guint rate, guint ms)
{
  gsize n_samples = (guint64) ms * rate / 1000, i;
  GArray *samples = g_array_sized_new (FALSE, FALSE, 2, n_samples);

  for (i = 0; i < n_samples; i++) {
    gint16 value = TONE_AMPLITUDE * sin (2 * G_PI * TONE_HZ * i / rate);

    g_array_append_val (samples, value);
  }
  return samples;
}

static guint
common_divisor (guint a, guint b)
{
  while (b != 0) {
    guint rest = a % b;

    a = b;
    b = rest;
  }
  return a;
}

/* A Hann-windowed sinc at distance x input samples, cut off at the lower of
 * both rates (cutoff: its share of the input rate). */
static gdouble
kernel (gdouble x, gdouble cutoff)
{
  gdouble reach = KERNEL_HALF / cutoff;

  if (fabs (x) >= reach)
    return 0;
  if (fabs (x) < 1e-9)
    return cutoff;
  return sin (G_PI * cutoff * x) / (G_PI * x)
      * (0.5 + 0.5 * cos (G_PI * x / reach));
}

/* One row of taps for each of the n_phases positions between input samples. */
static gdouble *
make_kernel (guint n_phases, gint half, gdouble cutoff)
{
  gdouble *taps = g_new (gdouble, (gsize) n_phases * 2 * half), *tap = taps;
  guint phase;
  gint i;

  for (phase = 0; phase < n_phases; phase++)
    for (i = 1 - half; i <= half; i++)
      *tap++ = kernel (i - (gdouble) phase / n_phases, cutoff);
  return taps;
}

static gint16
convolve (const gint16 *samples, gssize n_samples, gssize at,
    const gdouble *taps, gint half)
{
  gdouble sum = 0;
  gint i;

  for (i = 0; i < 2 * half; i++) {
    gssize from = at + i + 1 - half;

    if (from >= 0 && from < n_samples)
      sum += taps[i] * samples[from];
  }
  return CLAMP (lrint (sum), G_MININT16, G_MAXINT16);
}

GArray *
audio_resample (
    const gint16 *samples, gsize n_samples, guint rate_in, guint rate_out)
{
  guint divisor = common_divisor (rate_in, rate_out);
  guint up = rate_out / divisor, down = rate_in / divisor;
  gdouble cutoff = MIN (1.0, (gdouble) rate_out / rate_in);
  gint half = ceil (KERNEL_HALF / cutoff);
  g_autofree gdouble *taps = make_kernel (up, half, cutoff);
  gsize n_out = (guint64) n_samples * up / down, i;
  GArray *out = g_array_sized_new (FALSE, FALSE, 2, n_out);

  for (i = 0; i < n_out; i++) {
    guint64 position = (guint64) i * down;
    gint16 value = convolve (samples, n_samples, position / up,
        taps + (gsize) (position % up) * 2 * half, half);

    g_array_append_val (out, value);
  }
  return out;
}

gdouble
audio_level (const gint16 *samples, gsize n_samples)
{
  gdouble sum = 0;
  gsize i;

  for (i = 0; i < n_samples; i++)
    sum += (gdouble) samples[i] * samples[i];
  if (sum == 0)
    return -100;
  return MAX (-100, 10 * log10 (sum / n_samples / (32768.0 * 32768.0)));
}
