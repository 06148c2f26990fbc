/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Speech by its level: bursts of known length, in any format and over any
 * steady noise, are found to within two frames; what is apart stays apart.
 */
#include "rt2loudness.h"

#include <math.h>

#include "rt2g711.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rt2Loudness, rt2_loudness_free)

#define MS G_GUINT64_CONSTANT (1000000)
#define S (1000 * MS)
/* How far off a span may be. */
#define SLACK_MS 40
#define TONE_HZ 300.0

static const Rt2AudioFormat formats[] = { RT2_AUDIO_FORMAT_PCM16,
  RT2_AUDIO_FORMAT_PCMU, RT2_AUDIO_FORMAT_PCMA };

/* --- making sound --- */

typedef struct {
  Rt2Loudness *loudness;
  Rt2AudioFormat format;
  gdouble noise;  /* peak, of 1 */
  guint64 fed;    /* samples */
  guint32 random; /* of the noise */
  guint piece;    /* samples in a piece */
  guint frames, loud;
} Ear;

static Ear
new_ear (Rt2AudioFormat format, gdouble noise)
{
  return (Ear){ .loudness = rt2_loudness_new (),
    .format = format,
    .noise = noise,
    .random = 1,
    .piece = rt2_audio_format_rate (format) / 50 };
}

static void
ear_clear (Ear *ear)
{
  rt2_loudness_free (ear->loudness);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Ear, ear_clear)

static void
on_frame (gboolean loud, gpointer user_data)
{
  Ear *ear = user_data;

  ear->frames++;
  ear->loud += loud;
}

/* The code whose value is next to @value: a table, made once. */
static guint8
compress (Rt2AudioFormat format, gint16 value)
{
  static guint8 tables[2][4096];
  static gboolean made;

  for (guint law = 0; !made && law < 2; law++) {
    for (gint i = 0; i < 4096; i++) {
      gint wanted = (i - 2048) * 16, best = G_MAXINT;

      for (guint code = 0; code < 256; code++) {
        gint off = ABS (
            (law ? rt2_alaw_expand (code) : rt2_ulaw_expand (code)) - wanted);

        if (off < best)
          tables[law][i] = code;
        best = MIN (best, off);
      }
    }
  }
  made = TRUE;
  return tables[format == RT2_AUDIO_FORMAT_PCMA][value / 16 + 2048];
}

static gdouble
next_noise (Ear *ear)
{
  ear->random = ear->random * 1664525 + 1013904223;
  return ear->noise * (ear->random / 2147483648.0 - 1.0);
}

/* One sample of @level over the noise. */
static void
put_sample (Ear *ear, guint8 *out, gdouble level)
{
  gdouble t = (gdouble) ear->fed++ / rt2_audio_format_rate (ear->format);
  gdouble value = level * sin (2 * G_PI * TONE_HZ * t) + next_noise (ear);
  gint16 sample = CLAMP (value, -1.0, 1.0) * 32767;

  if (ear->format != RT2_AUDIO_FORMAT_PCM16) {
    *out = compress (ear->format, sample);
  } else {
    out[0] = sample & 0xff;
    out[1] = (sample >> 8) & 0xff;
  }
}

static void
hear_samples (Ear *ear, guint64 n, gdouble level)
{
  guint width = rt2_audio_format_width (ear->format);
  guint8 *data = g_malloc (ear->piece * width);

  while (n > 0) {
    guint some = MIN (n, ear->piece);

    for (guint i = 0; i < some; i++)
      put_sample (ear, data + i * width, level);
    rt2_loudness_feed (
        ear->loudness, ear->format, data, some * width, on_frame, ear);
    n -= some;
  }
  g_free (data);
}

/* @ms of a tone of this @level (peak, of 1), 0 = none. */
static void
hear (Ear *ear, guint ms, gdouble level)
{
  hear_samples (
      ear, rt2_audio_format_ns_to_samples (ear->format, ms * MS), level);
}

static guint64
now (const Ear *ear)
{
  return rt2_audio_format_samples_to_ns (ear->format, ear->fed);
}

static void
expect_span (const Ear *ear, guint64 from, guint64 ms)
{
  guint64 span = rt2_loudness_span (ear->loudness, from) / MS;

  g_assert_cmpuint (span, >=, ms - MIN (ms, SLACK_MS));
  g_assert_cmpuint (span, <=, ms > 0 ? ms + SLACK_MS : 0);
}

/* --- one burst --- */

static void
test_nothing (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    g_auto (Ear) ear = new_ear (formats[i], 0.0);

    expect_span (&ear, 0, 0);
    expect_span (&ear, 5 * S, 0);
    hear (&ear, 5000, 0.0);
    expect_span (&ear, 0, 0);
    g_assert_cmpuint (ear.frames, ==, 250);
    g_assert_cmpuint (ear.loud, ==, 0);
  }
}

static void
check_burst (Rt2AudioFormat format, guint ms, gdouble level, gdouble noise)
{
  g_auto (Ear) ear = new_ear (format, noise);
  guint64 from;

  hear (&ear, 4000, 0.0);
  from = now (&ear);
  hear (&ear, 237, 0.0);
  expect_span (&ear, from, 0);
  hear (&ear, ms, level);
  expect_span (&ear, from, ms);
  hear (&ear, 800, 0.0);
  expect_span (&ear, from, ms);
}

/* Of any length and level, as long as it stands out. */
static void
test_bursts (void)
{
  static const guint lengths[] = { 60, 100, 250, 500, 1000 };
  static const gdouble levels[] = { 0.05, 0.25, 0.9 };
  static const gdouble noises[] = { 0.0, 0.001, 0.005 };

  for (guint f = 0; f < G_N_ELEMENTS (formats); f++)
    for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
      for (guint j = 0; j < G_N_ELEMENTS (levels); j++)
        for (guint k = 0; k < G_N_ELEMENTS (noises); k++)
          check_burst (formats[f], lengths[i], levels[j], noises[k]);
}

/* Loud noise needs a louder voice. */
static void
test_loud_noise (void)
{
  check_burst (RT2_AUDIO_FORMAT_PCM16, 300, 0.9, 0.1);
  check_burst (RT2_AUDIO_FORMAT_PCMU, 300, 0.9, 0.1);
}

/* Steady noise is no speech for long, and none at all when it goes. */
static void
test_steady_noise (void)
{
  g_auto (Ear) ear = new_ear (RT2_AUDIO_FORMAT_PCM16, 0.0);
  guint64 from;

  hear (&ear, 1000, 0.0);
  ear.noise = 0.05;
  hear (&ear, 5000, 0.0);
  from = now (&ear);
  hear (&ear, 5000, 0.0);
  expect_span (&ear, from, 0);
  ear.noise = 0.0;
  from = now (&ear);
  hear (&ear, 100, 0.0);
  expect_span (&ear, from, 0);
  /* It falls at once: what is quieter than the noise was is heard again. */
  hear (&ear, 200, 0.05);
  expect_span (&ear, from, 200);
}

/* --- several --- */

static void
check_pair (guint first, guint gap, guint second, guint expected)
{
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    g_auto (Ear) ear = new_ear (formats[i], 0.001);

    hear (&ear, 1000, 0.0);
    hear (&ear, first, 0.3);
    hear (&ear, gap, 0.0);
    hear (&ear, second, 0.3);
    hear (&ear, 500, 0.0);
    expect_span (&ear, 0, expected);
  }
}

/* Words have gaps; two coughs are two. */
static void
test_gaps (void)
{
  check_pair (200, 100, 200, 500);
  check_pair (200, 120, 60, 380);
  check_pair (200, 300, 200, 200);
  check_pair (120, 300, 240, 240);
  check_pair (240, 220, 120, 240);
}

static void
test_coughs (void)
{
  g_auto (Ear) ear = new_ear (RT2_AUDIO_FORMAT_PCMU, 0.002);

  hear (&ear, 1000, 0.0);
  for (guint i = 0; i < 20; i++) {
    hear (&ear, 150, 0.6);
    hear (&ear, 300, 0.0);
    expect_span (&ear, 0, 150);
  }
}

/* Syllables of 150 ms with 60 ms between make one utterance. */
static void
test_syllables (void)
{
  g_auto (Ear) ear = new_ear (RT2_AUDIO_FORMAT_PCM16, 0.001);

  hear (&ear, 500, 0.0);
  for (guint i = 0; i < 12; i++) {
    hear (&ear, 150, i % 3 == 0 ? 0.4 : 0.1);
    hear (&ear, 60, 0.0);
  }
  hear (&ear, 500, 0.0);
  expect_span (&ear, 0, 12 * 210 - 60);
}

/* A click is no speech: it lasts as long as the frames that it is in. */
static void
test_clicks (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    g_auto (Ear) ear = new_ear (formats[i], 0.0);

    hear (&ear, 1007, 0.0);
    for (guint n = 0; n < 10; n++) {
      hear (&ear, 2, 1.0);
      hear (&ear, 298, 0.0);
    }
    g_assert_cmpuint (
        rt2_loudness_span (ear.loudness, 0), <=, 2 * RT2_LOUDNESS_FRAME);
  }
}

/* --- since when --- */

static void
test_from (void)
{
  g_auto (Ear) ear = new_ear (RT2_AUDIO_FORMAT_PCMU, 0.001);

  hear (&ear, 1000, 0.0);
  hear (&ear, 600, 0.3);
  hear (&ear, 400, 0.0);
  hear (&ear, 200, 0.3);
  hear (&ear, 400, 0.0);
  expect_span (&ear, 0, 600);
  expect_span (&ear, 900 * MS, 600);
  expect_span (&ear, 1300 * MS, 300);
  expect_span (&ear, 1700 * MS, 200);
  expect_span (&ear, 2300 * MS, 0);
  expect_span (&ear, 3600 * S, 0);
  expect_span (&ear, G_MAXUINT64, 0);
}

static void
test_reset (void)
{
  g_auto (Ear) ear = new_ear (RT2_AUDIO_FORMAT_PCM16, 0.0);

  hear (&ear, 1000, 0.0);
  hear (&ear, 990, 0.3);
  rt2_loudness_reset (ear.loudness);
  expect_span (&ear, 0, 0);
  /* Time, and frames, begin anew. */
  hear (&ear, 200, 0.0);
  hear (&ear, 300, 0.3);
  expect_span (&ear, 0, 300);
  expect_span (&ear, 400 * MS, 100);
}

/* However it is cut, with somebody listening or not. */
static void
test_pieces (void)
{
  static const guint pieces[] = { 1, 7, 159, 160, 161, 1000, 24000 };
  guint64 span = 0;

  for (guint i = 0; i < G_N_ELEMENTS (pieces); i++) {
    g_auto (Ear) ear = new_ear (RT2_AUDIO_FORMAT_PCMU, 0.003);

    ear.piece = pieces[i];
    hear (&ear, 507, 0.0);
    hear (&ear, 333, 0.2);
    hear (&ear, 510, 0.0);
    g_assert_cmpuint (ear.frames, ==, 1350 / 20);
    if (i == 0)
      span = rt2_loudness_span (ear.loudness, 0);
    g_assert_cmpuint (rt2_loudness_span (ear.loudness, 0), ==, span);
    g_assert_cmpuint (ear.loud, ==, span / RT2_LOUDNESS_FRAME);
    expect_span (&ear, 0, 333);
    rt2_loudness_feed (ear.loudness, ear.format, NULL, 0, NULL, NULL);
    g_assert_cmpuint (rt2_loudness_span (ear.loudness, 0), ==, span);
  }
}

/* --- memory --- */

static void
test_memory (void)
{
  g_auto (Ear) ear = new_ear (RT2_AUDIO_FORMAT_PCMU, 0.0);

  hear (&ear, 1000, 0.0);
  hear (&ear, 400, 0.3);
  hear (&ear, 58000, 0.0);
  expect_span (&ear, 0, 400);
  hear (&ear, 3000, 0.0);
  expect_span (&ear, 0, 0);
  /* Long past the first round, too. */
  hear (&ear, 200000, 0.0);
  hear (&ear, 300, 0.3);
  hear (&ear, 1000, 0.0);
  expect_span (&ear, 0, 300);
  expect_span (&ear, now (&ear) - 1100 * MS, 100);
}

/* Speech without an end is as long as is remembered. */
static void
test_endless (void)
{
  g_auto (Ear) ear = new_ear (RT2_AUDIO_FORMAT_PCMU, 0.0);

  for (guint i = 0; i < 300; i++) {
    hear (&ear, 200, 0.4);
    hear (&ear, 100, 0.0);
  }
  g_assert_cmpuint (
      rt2_loudness_span (ear.loudness, 0), <=, RT2_LOUDNESS_MEMORY);
  g_assert_cmpuint (
      rt2_loudness_span (ear.loudness, 0), >=, RT2_LOUDNESS_MEMORY - S);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/loudness/nothing", test_nothing);
  g_test_add_func ("/loudness/bursts", test_bursts);
  g_test_add_func ("/loudness/loud-noise", test_loud_noise);
  g_test_add_func ("/loudness/steady-noise", test_steady_noise);
  g_test_add_func ("/loudness/gaps", test_gaps);
  g_test_add_func ("/loudness/coughs", test_coughs);
  g_test_add_func ("/loudness/syllables", test_syllables);
  g_test_add_func ("/loudness/clicks", test_clicks);
  g_test_add_func ("/loudness/from", test_from);
  g_test_add_func ("/loudness/reset", test_reset);
  g_test_add_func ("/loudness/pieces", test_pieces);
  g_test_add_func ("/loudness/memory", test_memory);
  g_test_add_func ("/loudness/endless", test_endless);
  return g_test_run ();
}
