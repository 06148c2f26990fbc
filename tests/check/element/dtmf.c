/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tones of keys: each has its two frequencies, its length and its pause, in
 * every format.
 */
#include "rt2dtmf.h"

#include <string.h>

#include "law.h"
#include "rt2g711.h"
#include "tones.h"

static const struct {
  const gchar *name;
  Rt2AudioFormat format;
  const Law *law;
} formats[] = {
  { "pcm", RT2_AUDIO_FORMAT_PCM16, &law_pcm },
  { "mulaw", RT2_AUDIO_FORMAT_PCMU, &law_mulaw },
  { "alaw", RT2_AUDIO_FORMAT_PCMA, &law_alaw },
};

/* Linear samples of @audio. Caller frees them. */
static gint16 *
expand (GBytes *audio, guint f, guint *n)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (audio, &size);
  gint16 *samples;

  *n = size / formats[f].law->width;
  samples = g_new (gint16, *n);
  for (guint i = 0; i < *n; i++)
    samples[i] = formats[f].format == RT2_AUDIO_FORMAT_PCMU
        ? rt2_ulaw_expand (data[i])
        : formats[f].format == RT2_AUDIO_FORMAT_PCMA
        ? rt2_alaw_expand (data[i])
        : (gint16) (data[2 * i] | data[2 * i + 1] << 8);
  return samples;
}

static void
test_keys (gconstpointer data)
{
  guint f = GPOINTER_TO_UINT (data), n;
  g_autoptr (GBytes) audio = rt2_dtmf_make (formats[f].format, RT2_DTMF_KEYS);
  g_autofree gint16 *samples = expand (audio, f, &n);
  g_autofree gchar *keys = tones_keys (samples, n, formats[f].law->rate);

  g_assert_cmpstr (keys, ==, RT2_DTMF_KEYS);
  g_assert_cmpstr (RT2_DTMF_KEYS, ==, "0123456789*#ABCD");
}

/* Whether the last pause is there is not said. */
static void
test_length (gconstpointer data)
{
  guint f = GPOINTER_TO_UINT (data);
  guint tenth = formats[f].law->rate / 10 * formats[f].law->width;

  for (guint n = 1; n <= 32; n++) {
    g_autofree gchar *keys = g_strnfill (n, '5');
    g_autoptr (GBytes) audio = rt2_dtmf_make (formats[f].format, keys);
    gsize size = g_bytes_get_size (audio);

    g_assert_true (size == (2 * n - 1) * tenth || size == 2 * n * tenth);
  }
}

/* What is silence here is silence for whoever looks for it. */
static void
test_silence (gconstpointer data)
{
  guint f = GPOINTER_TO_UINT (data);
  guint tenth = formats[f].law->rate / 10 * formats[f].law->width;
  g_autoptr (GBytes) audio = rt2_dtmf_make (formats[f].format, "1D");
  const guint8 *bytes = g_bytes_get_data (audio, NULL);

  for (guint i = tenth; i < 2 * tenth; i++)
    g_assert_cmpuint (bytes[i], ==, formats[f].law->silence);
}

/* Neither clipped nor faint. */
static void
test_level (gconstpointer data)
{
  guint f = GPOINTER_TO_UINT (data), n;
  g_autoptr (GBytes) audio = rt2_dtmf_make (formats[f].format, RT2_DTMF_KEYS);
  g_autofree gint16 *samples = expand (audio, f, &n);
  gint peak = 0;

  for (guint i = 0; i < n; i++)
    peak = MAX (peak, ABS ((gint) samples[i]));
  g_assert_cmpint (peak, >, 8000);
  g_assert_cmpint (peak, <, 30000);
}

static void
add (const gchar *name, GTestDataFunc func)
{
  for (guint f = 0; f < G_N_ELEMENTS (formats); f++) {
    g_autofree gchar *path = g_strdup_printf (
        "/dtmf/%s/%s", name, formats[f].name);

    g_test_add_data_func (path, GUINT_TO_POINTER (f), func);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("keys", test_keys);
  add ("length", test_length);
  add ("silence", test_silence);
  add ("level", test_level);
  return g_test_run ();
}
