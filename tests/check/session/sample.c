/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Samples of each format: their bytes, and where sound begins among them.
 */
#include "rt2sample.h"

#include <string.h>

static const Rt2AudioFormat formats[] = {
  RT2_AUDIO_FORMAT_PCM16,
  RT2_AUDIO_FORMAT_PCMU,
  RT2_AUDIO_FORMAT_PCMA,
};

/* Little-endian at any address; a neighbour is left alone. */
static void
test_pcm (void)
{
  static const struct {
    gint16 sample;
    guint8 low, high;
  } all[] = {
    { 0, 0x00, 0x00 },
    { 1, 0x01, 0x00 },
    { -1, 0xff, 0xff },
    { 0x1234, 0x34, 0x12 },
    { G_MAXINT16, 0xff, 0x7f },
    { G_MININT16, 0x00, 0x80 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (all); i++) {
    guint8 bytes[] = { 0x5a, 0x5a, 0x5a, 0, 0, 0x5a };
    guint8 *odd = bytes + 1;

    rt2_sample_put (RT2_AUDIO_FORMAT_PCM16, odd, 1, all[i].sample);
    g_assert_cmphex (bytes[2], ==, 0x5a);
    g_assert_cmphex (bytes[3], ==, all[i].low);
    g_assert_cmphex (bytes[4], ==, all[i].high);
    g_assert_cmphex (bytes[5], ==, 0x5a);
    g_assert_cmpint (
        rt2_sample_get (RT2_AUDIO_FORMAT_PCM16, odd, 1), ==, all[i].sample);
  }
}

/* The ends and the middle of both laws. */
static void
test_g711 (void)
{
  static const struct {
    gint16 sample;
    guint8 ulaw, alaw;
    gint ulaw_back, alaw_back;
  } all[] = {
    { G_MAXINT16, 0x80, 0xaa, 32124, 32256 },
    { G_MININT16, 0x00, 0x2a, -32124, -32256 },
    { 0, 0xff, 0xd5, 0, 8 },
    { 1000, 0xce, 0xfa, 988, 1008 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (all); i++) {
    guint8 ulaw[] = { 0x5a, 0, 0x5a }, alaw[] = { 0x5a, 0, 0x5a };

    rt2_sample_put (RT2_AUDIO_FORMAT_PCMU, ulaw, 1, all[i].sample);
    rt2_sample_put (RT2_AUDIO_FORMAT_PCMA, alaw, 1, all[i].sample);
    g_assert_cmphex (ulaw[1], ==, all[i].ulaw);
    g_assert_cmphex (alaw[1], ==, all[i].alaw);
    g_assert_true (ulaw[0] == 0x5a && ulaw[2] == 0x5a);
    g_assert_true (alaw[0] == 0x5a && alaw[2] == 0x5a);
    g_assert_cmpint (
        rt2_sample_get (RT2_AUDIO_FORMAT_PCMU, ulaw, 1), ==, all[i].ulaw_back);
    g_assert_cmpint (
        rt2_sample_get (RT2_AUDIO_FORMAT_PCMA, alaw, 1), ==, all[i].alaw_back);
  }
}

static void
assert_found (Rt2AudioFormat format, const guint8 *data, gsize n, gsize found)
{
  g_assert_cmpuint (
      rt2_sample_find (format, data, n, RT2_SAMPLE_INAUDIBLE), ==, found);
}

/* The level itself is not louder than the level, on either side of zero. */
static void
test_find (void)
{
  static const gint16 samples[] = { 0, 1, -103, 103, -104, 30000, -32768 };
  guint8 data[sizeof samples];
  static const guint8 ulaw[] = { 0xff, 0x7f, 0xfe, 0x00 };
  static const guint8 alaw[] = { 0xd5, 0x55, 0xd4, 0x2a };

  for (guint i = 0; i < G_N_ELEMENTS (samples); i++)
    rt2_sample_put (RT2_AUDIO_FORMAT_PCM16, data, i, samples[i]);
  assert_found (RT2_AUDIO_FORMAT_PCM16, data, G_N_ELEMENTS (samples), 4);
  assert_found (RT2_AUDIO_FORMAT_PCM16, data, 4, 4);
  assert_found (RT2_AUDIO_FORMAT_PCM16, data, 0, 0);
  assert_found (RT2_AUDIO_FORMAT_PCM16, data + 12, 1, 0);
  assert_found (RT2_AUDIO_FORMAT_PCMU, ulaw, 4, 3);
  assert_found (RT2_AUDIO_FORMAT_PCMA, alaw, 4, 3);
  g_assert_cmpuint (
      rt2_sample_find (RT2_AUDIO_FORMAT_PCM16, data, 4, 102), ==, 2);
}

static void
test_silence (void)
{
  guint8 silence[64];

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    gsize n = sizeof silence / rt2_audio_format_width (formats[i]);

    memset (silence, rt2_audio_format_silence (formats[i]), sizeof silence);
    assert_found (formats[i], silence, n, n);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sample/pcm", test_pcm);
  g_test_add_func ("/sample/g711", test_g711);
  g_test_add_func ("/sample/find", test_find);
  g_test_add_func ("/sample/silence", test_silence);
  return g_test_run ();
}
