/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where speech pauses, and which words are said between its pauses. The sound
 * is made of bursts of known length; see captionhour for a voice.
 */
#include <string.h>

#include "captionstage.h"
#include "rt2match.h"
#include "rt2sample.h"

/* ms: what a place found in the sound may be off by. */
#define TOLERANCE 20

/* --- sound --- */

/* @ms of a square wave of that height, which may be 0. */
static void
add_sound (GByteArray *bytes, Rt2AudioFormat format, guint ms, gint height)
{
  guint n = ms * rt2_audio_format_rate (format) / 1000;

  for (guint i = 0; i < n; i++) {
    gint16 sample = i / 10 % 2 == 0 ? height : -height;
    guint8 data[2];

    rt2_sample_put (format, data, 0, sample);
    g_byte_array_append (bytes, data, rt2_audio_format_width (format));
  }
}

/* Alternately quiet and loud, so many ms each, from quiet on; ends with 0. */
static GByteArray *
make_sound (Rt2AudioFormat format, const guint *ms, gint quiet)
{
  GByteArray *bytes = g_byte_array_new ();

  for (guint i = 0; ms[i] > 0; i++)
    add_sound (bytes, format, ms[i], i % 2 == 0 ? quiet : 9000);
  return bytes;
}

static void
assert_ms (Rt2AudioFormat format, guint64 samples, guint64 ms)
{
  rig_assert_near (
      samples * 1000 / rt2_audio_format_rate (format), ms, TOLERANCE);
}

static void
assert_pause (const Rt2Pauses *sound, guint i, guint start, guint end)
{
  const Rt2Quiet *pause = &g_array_index (sound->pauses, Rt2Quiet, i);

  assert_ms (sound->format, pause->start, start);
  assert_ms (sound->format, pause->end, end);
}

/* 200 quiet, 500 loud, 150 quiet, 30 of them a click, 400 loud, 50 quiet. */
static void
check_pauses (Rt2AudioFormat format, gsize step, gint quiet)
{
  static const guint ms[] = { 200, 500, 60, 20, 100, 400, 50, 300, 0 };
  g_autoptr (GByteArray) bytes = make_sound (format, ms, quiet);
  Rt2Pauses sound;
  guint64 onset;

  rt2_pauses_init (&sound, format);
  g_assert_false (rt2_pauses_onset (&sound, &onset));
  for (gsize at = 0; at < bytes->len; at += step)
    rt2_pauses_feed (&sound, bytes->data + at, MIN (step, bytes->len - at));
  g_assert_cmpuint (sound.pauses->len, ==, 2);
  assert_pause (&sound, 0, 0, 200);
  assert_pause (&sound, 1, 700, 880);
  g_assert_true (rt2_pauses_onset (&sound, &onset));
  assert_ms (format, onset, 200);
  for (guint64 i = 0; i <= sound.received; i += 100) {
    guint64 voiced = rt2_pauses_voiced_until (&sound, i);

    g_assert_cmpuint (voiced, <=, i);
    g_assert_cmpuint (rt2_pauses_sample_of (&sound, voiced), >=, i);
    g_assert_cmpuint (
        rt2_pauses_voiced_until (&sound, rt2_pauses_sample_of (&sound, voiced)),
        ==, voiced);
  }
  rt2_pauses_clear (&sound);
}

static void
test_pauses (void)
{
  check_pauses (RT2_AUDIO_FORMAT_PCM16, 1 << 20, 0);
  check_pauses (RT2_AUDIO_FORMAT_PCM16, 2, 0);
  check_pauses (RT2_AUDIO_FORMAT_PCM16, 954, 90);
  check_pauses (RT2_AUDIO_FORMAT_PCMU, 37, 0);
  check_pauses (RT2_AUDIO_FORMAT_PCMA, 4000, 90);
}

/* --- words --- */

/* An item whose sound is @ms, which ends with 0, and whose text is @text. */
static Rt2Spoken *
say (Stage *stage, const gchar *text, const guint *ms, gboolean done)
{
  g_autoptr (GByteArray) bytes = make_sound (RT2_AUDIO_FORMAT_PCM16, ms, 0);
  g_autoptr (GBytes) sound = g_bytes_new (bytes->data, bytes->len);
  Rt2Spoken *spoken = stage_item (stage, "r", 0);

  stage_say (spoken, text);
  rt2_playout_append_audio (stage->rig.playout, spoken, sound);
  if (done) {
    rt2_spoken_finish_text (spoken, NULL);
    rt2_spoken_finish_audio (spoken);
  }
  return spoken;
}

static void
assert_word (const Rt2Spoken *spoken, const gchar *word, guint ms)
{
  gsize at = strstr (spoken->text->str, word) - spoken->text->str;

  assert_ms (RT2_AUDIO_FORMAT_PCM16, rt2_align_sample_of (spoken, at), ms);
}

/* The text begins when the voice does, and waits as long as there is none. */
static void
test_onset (void)
{
  static const guint ms[] = { 340, 1000, 0 }, quiet[] = { 600, 0 },
                     hush[] = { 2500, 0 };
  Stage stage;
  Rt2Spoken *spoken;

  stage_init (&stage);
  spoken = say (&stage, "Hello.", ms, TRUE);
  assert_word (spoken, "Hello", 340);
  stage_run (&stage, 1500);
  assert_ms (RT2_AUDIO_FORMAT_PCM16,
      rig_exact_samples (stage_nth (&stage, 0)->pts - ODD_START, 24000), 340);
  stage_clear (&stage);

  stage_init (&stage);
  spoken = say (&stage, "Hello.", quiet, FALSE);
  g_assert_cmpuint (rt2_align_sample_of (spoken, 0), ==, spoken->received);
  rt2_spoken_finish_audio (spoken);
  g_assert_cmpuint (rt2_align_sample_of (spoken, 0), ==, 0);
  stage_clear (&stage);

  stage_init (&stage);
  spoken = say (&stage, "Hello.", hush, FALSE);
  g_assert_cmpuint (rt2_align_sample_of (spoken, 0), ==, 0);
  stage_clear (&stage);
}

/* By its length the second sentence would begin at 1400. */
static void
test_sentence (void)
{
  static const guint ms[] = { 100, 1000, 300, 1600, 0 };
  Stage stage;
  Rt2Spoken *spoken;

  stage_init (&stage);
  spoken = say (&stage, "It is raining. We stay here.", ms, TRUE);
  assert_word (spoken, "It", 100);
  assert_word (spoken, "We", 1400);
  stage_run (&stage, 4000);
  stage_assert_left (&stage, "It is raining.|We stay here.");
  assert_ms (RT2_AUDIO_FORMAT_PCM16,
      rig_exact_samples (
          stage_nth (&stage, 1)->pts - ODD_START - RT2_CAPTION_CAUTION, 24000),
      1400);
  /* it is not shown in the pause */
  g_assert_cmpuint (
      stage_nth (&stage, 0)->duration, <=, (1000 + TOLERANCE) * MSECOND);
  stage_clear (&stage);
}

/* A comma's pause is no sentence's, even if it is where that should be. */
static void
test_comma (void)
{
  static const guint ms[] = { 100, 900, 150, 700, 350, 900, 0 };
  Stage stage;
  Rt2Spoken *spoken;

  stage_init (&stage);
  spoken = say (&stage, "Yes, I can see it. It is green.", ms, TRUE);
  assert_word (spoken, "It", 2200);
  stage_clear (&stage);
}

/* What a server says first: without pauses of the sound nothing is known, so
 * the next sentence waits while its sound may yet come. */
static void
test_undecided (void)
{
  static const guint ms[] = { 10, 1000, 0 };
  Stage stage;
  Rt2Spoken *spoken;
  gsize second = strlen ("It is raining. ");

  stage_init (&stage);
  spoken = say (&stage, "It is raining. We stay here.", ms, FALSE);
  g_assert_cmpuint (rt2_align_sample_of (spoken, 6), <, spoken->received);
  g_assert_cmpuint (rt2_align_sample_of (spoken, second), >=, spoken->received);
  g_assert_cmpuint (rt2_align_guess_of (spoken, second), <, spoken->received);
  stage_run (&stage, 1000);
  stage_assert_left (&stage, "It is raining.");
  stage_clear (&stage);
}

/* --- matching --- */

/* 12 sentences, of which number @missing has no pause after it. */
static void
check_missing (guint missing)
{
  Rt2Match match = { .usual = 250, .complete = TRUE };
  gint found;

  for (guint i = 0; i + 1 < RT2_MATCH_BREAKS; i++) {
    gdouble spoken = 1000 * (i + 1) + i % 3 * 150;

    match.breaks[match.n_breaks++] = (Rt2Break){ TRUE, spoken, 0, 0 };
    if (i != missing)
      match.gaps[match.n_gaps++] = (Rt2Gap){ 1300 * (i + 1),
        1000 * (i + 1) - i % 2 * 200, 300 };
  }
  match.spoken_end = match.text_end = 1000 * RT2_MATCH_BREAKS;
  match.end = 1300 * RT2_MATCH_BREAKS;
  found = rt2_match_first (&match);
  g_assert_cmpint (found, ==, missing == 0 ? -1 : 0);
}

static void
test_missing (void)
{
  for (guint i = 0; i < RT2_MATCH_BREAKS; i++)
    check_missing (i);
}

/* When the text came decides between two pauses alike. */
static void
test_arrival (void)
{
  for (guint i = 0; i < 2; i++) {
    Rt2Match match = { .usual = 250,
      .n_breaks = 2,
      .n_gaps = 2,
      .breaks = { { TRUE, 1000, 800 + i * 1000, 200 }, { TRUE, 4000 } },
      .gaps = { { 900, 600, 300 }, { 1700, 1100, 300 } },
      .spoken_end = 1200,
      .end = 2000 };

    g_assert_cmpint (rt2_match_first (&match), ==, i);
  }
}

static void
test_nothing (void)
{
  Rt2Match match = { .usual = 250,
    .n_breaks = 1,
    .breaks = { { TRUE, 1000 } },
    .spoken_end = 500,
    .end = 500 };

  g_assert_cmpint (rt2_match_first (&match), ==, -1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/align/sound/pauses", test_pauses);
  g_test_add_func ("/align/words/onset", test_onset);
  g_test_add_func ("/align/words/sentence", test_sentence);
  g_test_add_func ("/align/words/comma", test_comma);
  g_test_add_func ("/align/words/undecided", test_undecided);
  g_test_add_func ("/align/match/missing", test_missing);
  g_test_add_func ("/align/match/arrival", test_arrival);
  g_test_add_func ("/align/match/nothing", test_nothing);
  return g_test_run ();
}
