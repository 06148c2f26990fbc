/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pauses: an utterance ends once, when it has been silent for long enough, in
 * any format and cut in any pieces.
 */
#include "rt2pause.h"

#include <string.h>

#define MS G_GUINT64_CONSTANT (1000000)
/* The level is measured in frames. */
#define FRAME 20

/* A square wave of a quarter of full scale, up and down, in each format. */
static const struct {
  const gchar *name;
  Rt2AudioFormat format;
  guint per_ms;
  guint8 up, down, silence; /* of G.711 */
} formats[] = {
  { "pcm", RT2_AUDIO_FORMAT_PCM16, 24, 0, 0, 0 },
  { "mulaw", RT2_AUDIO_FORMAT_PCMU, 8, 0xa0, 0x20, 0xff },
  { "alaw", RT2_AUDIO_FORMAT_PCMA, 8, 0x8a, 0x0a, 0xd5 },
};

typedef struct {
  Rt2Pause *pause;
  guint format; /* of the table */
  guint64 silence;
  guint piece; /* samples in a piece */
  guint64 fed; /* samples */
  guint ends;
  guint64 end; /* samples fed when the last end was told */
} Ear;

static void
ear_init (Ear *ear, guint format, guint silence_ms)
{
  *ear = (Ear){ .pause = rt2_pause_new (),
    .format = format,
    .silence = silence_ms * MS,
    .piece = formats[format].per_ms * 10 };
}

static guint
width_of (const Ear *ear)
{
  return rt2_audio_format_width (formats[ear->format].format);
}

/* Sample @i at @level of full scale (G.711: a quarter, or none). */
static void
put_sample (const Ear *ear, guint8 *out, guint64 i, gdouble level)
{
  gboolean up = i % 10 < 5;

  if (width_of (ear) == 2) {
    gint16 value = GINT16_TO_LE ((gint16) ((up ? 1 : -1) * level * 32767));

    memcpy (out, &value, 2);
  } else if (level == 0.0) {
    *out = formats[ear->format].silence;
  } else {
    *out = up ? formats[ear->format].up : formats[ear->format].down;
  }
}

static void
feed (Ear *ear, guint ms, gdouble level)
{
  guint64 left = (guint64) ms * formats[ear->format].per_ms;
  g_autofree guint8 *data = g_malloc (ear->piece * width_of (ear));

  while (left > 0) {
    guint n = MIN (left, ear->piece);

    for (guint i = 0; i < n; i++)
      put_sample (ear, data + i * width_of (ear), ear->fed + i, level);
    ear->fed += n;
    left -= n;
    if (rt2_pause_feed (ear->pause, formats[ear->format].format, data,
            n * width_of (ear), ear->silence)) {
      ear->ends++;
      ear->end = ear->fed;
    }
  }
}

/* The last end was told at @ms, or up to two frames and a piece later. */
static void
assert_end (const Ear *ear, guint ms)
{
  guint per_ms = formats[ear->format].per_ms;

  g_assert_cmpuint (ear->end, >=, (guint64) ms * per_ms);
  g_assert_cmpuint (
      ear->end, <=, (guint64) (ms + 2 * FRAME) * per_ms + ear->piece);
}

static void
test_silence (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    Ear ear;

    ear_init (&ear, i, 200);
    feed (&ear, 20000, 0.0);
    g_assert_cmpuint (ear.ends, ==, 0);
    g_assert_false (rt2_pause_has_speech (ear.pause));
    rt2_pause_free (ear.pause);
  }
}

static void
test_pause (void)
{
  static const guint silences[] = { 200, 500, 1500 };

  for (guint i = 0; i < G_N_ELEMENTS (formats) * G_N_ELEMENTS (silences); i++) {
    guint silence = silences[i % G_N_ELEMENTS (silences)];
    Ear ear;

    ear_init (&ear, i / G_N_ELEMENTS (silences), silence);
    feed (&ear, 300, 0.0);
    feed (&ear, 600, 0.25);
    g_assert_true (rt2_pause_has_speech (ear.pause));
    feed (&ear, silence - 2 * FRAME, 0.0);
    g_assert_cmpuint (ear.ends, ==, 0);
    g_assert_true (rt2_pause_has_speech (ear.pause));
    feed (&ear, 5000, 0.0);
    g_assert_cmpuint (ear.ends, ==, 1);
    assert_end (&ear, 900 + silence);
    g_assert_false (rt2_pause_has_speech (ear.pause));
    feed (&ear, 400, 0.25);
    feed (&ear, 5000, 0.0);
    g_assert_cmpuint (ear.ends, ==, 2);
    rt2_pause_free (ear.pause);
  }
}

/* A breath is no pause. */
static void
test_breaths (void)
{
  Ear ear;

  ear_init (&ear, 0, 500);
  for (guint i = 0; i < 10; i++) {
    feed (&ear, 400, 0.25);
    feed (&ear, 400, 0.0);
  }
  g_assert_cmpuint (ear.ends, ==, 0);
  feed (&ear, 200, 0.0);
  g_assert_cmpuint (ear.ends, ==, 1);
  assert_end (&ear, 8000 - 400 + 500);
  rt2_pause_free (ear.pause);
}

static void
test_pieces (void)
{
  static const guint pieces[] = { 1, 7, 479, 481, 24000, 96000 };

  for (guint i = 0; i < G_N_ELEMENTS (pieces); i++) {
    Ear ear;

    ear_init (&ear, 0, 500);
    ear.piece = pieces[i];
    feed (&ear, 333, 0.0);
    feed (&ear, 700, 0.25);
    feed (&ear, 900, 0.0);
    g_assert_cmpuint (ear.ends, ==, 1);
    assert_end (&ear, 1033 + 500);
    rt2_pause_free (ear.pause);
  }
}

/* Nothing is read beyond what is given, and nothing given is nothing said. */
static void
test_nothing (void)
{
  g_autoptr (GByteArray) none = g_byte_array_new ();
  Rt2Pause *pause = rt2_pause_new ();

  g_assert_false (
      rt2_pause_feed (pause, RT2_AUDIO_FORMAT_PCM16, none->data, 0, 500 * MS));
  rt2_pause_free (pause);
}

static void
test_click (void)
{
  Ear ear;

  ear_init (&ear, 0, 500);
  for (guint i = 0; i < 20; i++) {
    feed (&ear, FRAME, 0.9);
    feed (&ear, 800, 0.0);
  }
  g_assert_cmpuint (ear.ends, ==, 0);
  g_assert_false (rt2_pause_has_speech (ear.pause));
  rt2_pause_free (ear.pause);
}

static void
test_quiet (void)
{
  Ear ear;

  ear_init (&ear, 0, 500);
  feed (&ear, 3000, 0.002);
  feed (&ear, 3000, 0.0);
  g_assert_cmpuint (ear.ends, ==, 0);
  rt2_pause_free (ear.pause);
}

/* A speaker who takes no breath is cut: captions must come some day. */
static void
test_longest (void)
{
  Ear ear;

  ear_init (&ear, 0, 500);
  for (guint i = 0; i < 40000 / 500; i++) {
    feed (&ear, 460, 0.25);
    feed (&ear, 40, 0.0);
    if (ear.ends == 1)
      assert_end (&ear, RT2_PAUSE_LONGEST / MS);
  }
  g_assert_cmpuint (ear.ends, ==, 2);
  assert_end (&ear, 2 * RT2_PAUSE_LONGEST / MS);
  g_assert_true (rt2_pause_has_speech (ear.pause));
  rt2_pause_free (ear.pause);
}

/* Steady noise is no speech for long, and pauses are found above it. */
static void
test_noise (void)
{
  Ear ear;
  guint ends;

  ear_init (&ear, 0, 500);
  feed (&ear, 6000, 0.02);
  ends = ear.ends;
  g_assert_cmpuint (ends, <=, 1);
  g_assert_false (rt2_pause_has_speech (ear.pause));
  feed (&ear, 1000, 0.3);
  g_assert_true (rt2_pause_has_speech (ear.pause));
  feed (&ear, 1000, 0.02);
  g_assert_cmpuint (ear.ends, ==, ends + 1);
  assert_end (&ear, 7000 + 500);
  rt2_pause_free (ear.pause);
}

static void
test_reset (void)
{
  Ear ear;

  ear_init (&ear, 0, 500);
  feed (&ear, 700, 0.25);
  rt2_pause_reset (ear.pause);
  g_assert_false (rt2_pause_has_speech (ear.pause));
  feed (&ear, 2000, 0.0);
  g_assert_cmpuint (ear.ends, ==, 0);
  rt2_pause_free (ear.pause);
}

static void
assert_near (guint64 ns, guint ms)
{
  g_assert_cmpuint (ns + 2 * FRAME * MS, >=, ms * MS);
  g_assert_cmpuint (ns, <=, (ms + 2 * FRAME) * MS);
}

/* Where the speech was. */
static void
test_where (void)
{
  guint64 begun, ended;
  Ear ear;

  ear_init (&ear, 0, 500);
  feed (&ear, 3000, 0.0);
  feed (&ear, 400, 0.25);
  rt2_pause_get_speech (ear.pause, &begun, &ended);
  assert_near (begun, 400);
  assert_near (ended, 0);
  feed (&ear, 300, 0.0);
  rt2_pause_get_speech (ear.pause, &begun, &ended);
  assert_near (begun, 700);
  assert_near (ended, 300);
  feed (&ear, 300, 0.0);
  g_assert_cmpuint (ear.ends, ==, 1);
  rt2_pause_get_speech (ear.pause, &begun, &ended);
  assert_near (begun, 1000);
  assert_near (ended, 600);
  feed (&ear, 5000, 0.0);
  feed (&ear, 200, 0.25);
  rt2_pause_get_speech (ear.pause, &begun, &ended);
  assert_near (begun, 200);
  assert_near (ended, 0);
  rt2_pause_free (ear.pause);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pause/silence", test_silence);
  g_test_add_func ("/pause/pause", test_pause);
  g_test_add_func ("/pause/breaths", test_breaths);
  g_test_add_func ("/pause/pieces", test_pieces);
  g_test_add_func ("/pause/nothing", test_nothing);
  g_test_add_func ("/pause/click", test_click);
  g_test_add_func ("/pause/quiet", test_quiet);
  g_test_add_func ("/pause/longest", test_longest);
  g_test_add_func ("/pause/noise", test_noise);
  g_test_add_func ("/pause/reset", test_reset);
  g_test_add_func ("/pause/where", test_where);
  return g_test_run ();
}
