/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The schedule: every sample at its running time, no more and no less.
 */
#include "playoutrig.h"

#include <string.h>

/* --- placing --- */

static const guint lengths[] = { 1001, 3, 1, 2500, 480, 160 };

static void
check_slot_start (const Rig *rig, guint item, guint64 offset)
{
  gchar id[32];

  g_snprintf (id, sizeof id, "r-%u", item);
  g_assert_nonnull (rig->slot.spoken);
  g_assert_cmpstr (rig->slot.spoken->id, ==, id);
  g_assert_cmpuint (rig->slot.offset, ==, offset);
  g_assert_cmpint (
      rig->slot.final, ==, offset + rig->slot.n_speech >= lengths[item]);
}

/* Takes all of `lengths` and compares it, sample by sample, with one stream. */
static void
check_stream (Rig *rig)
{
  guint item = 0;
  guint64 pos = 0;

  do {
    rig_take (rig);
    if (rig->slot.n_speech > 0)
      check_slot_start (rig, item, pos);
    for (guint i = 0; i < rig->slot.n_speech; i++) {
      g_assert_cmpuint (item, <, G_N_ELEMENTS (lengths));
      rig_assert_out (rig, i, item, pos);
      if (++pos == lengths[item]) {
        item++;
        pos = 0;
      }
    }
  } while (rig->slot.n_speech == rig->period);
  g_assert_cmpuint (item, ==, G_N_ELEMENTS (lengths));
}

static void
check_placing (Rt2AudioFormat format, guint period)
{
  Rig rig;
  Rt2Spoken *items[G_N_ELEMENTS (lengths)];
  guint64 before = 0;

  rig_init (&rig, format, period, ODD_START);
  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++) {
    items[i] = rt2_spoken_ref (rig_item (&rig, "r", i));
    g_assert_cmpuint (rig_append (&rig, items[i], i, 0, lengths[i]), ==, 0);
    rt2_spoken_finish_audio (items[i]);
    g_assert_false (rt2_spoken_is_placed (items[i]));
    rig_assert_no_time (items[i], 0);
  }
  check_stream (&rig);
  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++) {
    rig_assert_runs (items[i]);
    g_assert_true (rt2_spoken_is_placed (items[i]));
    for (guint64 k = 0; k < lengths[i]; k++)
      rig_assert_near (rig_time_of (items[i], k),
          ODD_START + rig_exact_ns (before + k, rig.rate), 2);
    rig_assert_no_time (items[i], lengths[i]);
    before += lengths[i];
    rt2_spoken_unref (items[i]);
  }
  rig_assert_marks (&rig,
      "+r-0 -r-0 +r-1 -r-1 +r-2 -r-2 +r-3 -r-3 +r-4 -r-4 "
      "+r-5 -r-5");
  rig_clear (&rig);
}

static void
test_placing (void)
{
  static const guint periods[] = { 480, 160, 441, 960, 83, 7, 1, 2047 };

  for (guint i = 0; i < G_N_ELEMENTS (periods); i++) {
    check_placing (RT2_AUDIO_FORMAT_PCM16, periods[i]);
    check_placing (RT2_AUDIO_FORMAT_PCMU, periods[i]);
    check_placing (RT2_AUDIO_FORMAT_PCMA, periods[i]);
  }
}

static void
test_silence_without_speech (void)
{
  for (guint format = 0; format <= RT2_AUDIO_FORMAT_PCMA; format++) {
    Rig rig;

    rig_init (&rig, format, 480, 0);
    g_assert_cmpuint (rig_take (&rig), ==, 0);
    rig_skip (&rig);
    g_assert_cmpuint (rig_take (&rig), ==, 0);
    rig_assert_marks (&rig, "");
    g_assert_cmpuint (rt2_playout_queued (rig.playout), ==, 0);
    g_assert_false (rt2_playout_is_speaking (rig.playout));
    rig_clear (&rig);
  }
}

/* Many short items in one period: each begins at its own sample. */
static void
test_items_in_one_buffer (void)
{
  Rig rig;
  Rt2Spoken *items[4];

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, 480, ODD_START);
  for (guint i = 0; i < 4; i++) {
    items[i] = rig_item (&rig, "r", i);
    rig_append (&rig, items[i], i, 0, 50);
    rt2_spoken_finish_audio (items[i]);
    rt2_spoken_ref (items[i]);
  }
  g_assert_cmpuint (rig_take (&rig), ==, 200);
  g_assert_true (rig.slot.spoken == items[0]);
  g_assert_true (rig.slot.final);
  for (guint i = 0; i < 4; i++) {
    rig_assert_near (
        rig_time_of (items[i], 0), ODD_START + rig_exact_ns (50 * i, 24000), 1);
    g_assert_cmpuint (rt2_spoken_played (items[i], G_MAXUINT64 - 1), ==, 50);
    rt2_spoken_unref (items[i]);
  }
  rig_assert_marks (&rig, "+r-0 -r-0 +r-1 -r-1 +r-2 -r-2 +r-3 -r-3");
  rig_clear (&rig);
}

/* A later item's first samples may come before the word that the earlier one is
 * over: no gap for that. */
static void
test_done_comes_late (void)
{
  Rig rig;
  Rt2Spoken *a, *b;
  g_autofree gchar *marks = NULL;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, 480, 0);
  a = rt2_spoken_ref (rig_item (&rig, "r", 0));
  rig_append (&rig, a, 0, 0, 100);
  b = rt2_spoken_ref (rig_item (&rig, "r", 1));
  rig_append (&rig, b, 1, 0, 1000);
  g_assert_cmpuint (rig_take (&rig), ==, 480);
  for (guint i = 0; i < 480; i++)
    rig_assert_out (&rig, i, i < 100 ? 0 : 1, i < 100 ? i : i - 100);
  rt2_spoken_finish_audio (b);
  rt2_spoken_finish_audio (a);
  g_assert_cmpuint (rig_take (&rig), ==, 480);
  g_assert_cmpuint (rig_take (&rig), ==, 140);
  g_assert_true (rig.slot.final);
  marks = rig_marks (&rig);
  g_assert_true (g_str_has_prefix (marks, "+r-0 "));
  g_assert_cmpuint (strlen (marks), ==, strlen ("+r-0 -r-0 +r-1 -r-1"));
  g_assert_nonnull (strstr (marks, "-r-0"));
  g_assert_nonnull (strstr (strstr (marks, "+r-1"), "-r-1"));
  g_assert_false (rt2_playout_is_speaking (rig.playout));
  rt2_spoken_unref (a);
  rt2_spoken_unref (b);
  rig_clear (&rig);
}

/* The word that an item is over comes when all of it has been placed. */
static void
test_ended_after_the_last_sample (void)
{
  Rig rig;
  Rt2Spoken *a;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, 480, 0);
  a = rig_item (&rig, "r", 0);
  rig_append (&rig, a, 0, 0, 480);
  g_assert_cmpuint (rig_take (&rig), ==, 480);
  g_assert_false (rig.slot.final);
  rig_assert_marks (&rig, "+r-0");
  g_assert_false (rt2_spoken_is_placed (a));
  rt2_spoken_finish_audio (a);
  g_assert_true (rt2_spoken_is_placed (a));
  rig_take (&rig);
  rig_assert_marks (&rig, "-r-0");
  g_assert_true (a->ended);
  rt2_spoken_finish_audio (a);
  rt2_playout_finish_response (rig.playout, "r");
  rt2_playout_finish_response (rig.playout, NULL);
  rig_take (&rig);
  rig_assert_marks (&rig, "");
  rig_clear (&rig);
}

static void
test_no_marks_without_samples (void)
{
  Rig rig;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, 480, 0);
  rig_item (&rig, "r", 0);
  rt2_spoken_finish_audio (rig_item (&rig, "r", 1));
  rt2_playout_user_item (rig.playout, "u");
  rt2_playout_finish_response (rig.playout, "r");
  rig_take (&rig);
  rig_assert_marks (&rig, "");
  rig_clear (&rig);
}

/* --- times --- */

/* One run, from an instant on that divides badly: exact everywhere. */
static void
check_every_boundary (Rt2AudioFormat format, guint64 start)
{
  Rig rig;
  Rt2Spoken *a;
  guint n = rt2_audio_format_rate (format);

  rig_init (&rig, format, n / 50, start);
  a = rt2_spoken_ref (rig_item (&rig, "r", 0));
  rig_append (&rig, a, 0, 0, n);
  rt2_spoken_finish_audio (a);
  for (guint i = 0; i < 50; i++)
    rig_take (&rig);
  for (guint64 k = 0; k < n; k++) {
    guint64 rt = rig_time_of (a, k);

    g_assert_cmpuint (rt, ==, start + rig_exact_ns (k, rig.rate));
    for (guint64 t = rt > 0 ? rt - 1 : 0; t <= rt + 1; t++)
      g_assert_cmpuint (rt2_spoken_played (a, t), ==,
          t < start ? 0 : rig_exact_samples (t - start, rig.rate));
  }
  g_assert_cmpuint (rt2_spoken_played (a, 0), ==, 0);
  g_assert_cmpuint (rt2_spoken_played (a, start + SECOND - 1), ==, n - 1);
  g_assert_cmpuint (rt2_spoken_played (a, start + SECOND), ==, n);
  g_assert_cmpuint (rt2_spoken_played (a, start + 40 * 86400 * SECOND), ==, n);
  g_assert_cmpuint (rt2_spoken_played (a, G_MAXUINT64 - 1), ==, n);
  rt2_spoken_unref (a);
  rig_clear (&rig);
}

static void
test_every_boundary (void)
{
  for (guint format = 0; format <= RT2_AUDIO_FORMAT_PCMA; format++) {
    check_every_boundary (format, 0);
    check_every_boundary (format, ODD_START);
    /* half a year */
    check_every_boundary (format, 180 * 86400 * SECOND + 1);
  }
}

/* Silence within an item is in its times, and nobody hears it as speech. */
static void
test_gap_within_an_item (void)
{
  Rig rig;
  Rt2Spoken *a;
  guint64 second;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, 480, ODD_START);
  a = rig_item (&rig, "r", 0);
  rig_append (&rig, a, 0, 0, 700);
  g_assert_cmpuint (rig_take (&rig), ==, 480);
  g_assert_cmpuint (rig_take (&rig), ==, 220);
  g_assert_cmpuint (rig_take (&rig), ==, 0);
  rig_append (&rig, a, 0, 700, 300);
  rig_skip (&rig);
  second = rig_now (&rig);
  g_assert_cmpuint (rig_take (&rig), ==, 300);
  g_assert_cmpuint (rig.slot.offset, ==, 700);
  rig_assert_out (&rig, 0, 0, 700);
  rig_assert_runs (a);
  g_assert_cmpuint (
      rig_time_of (a, 699), ==, ODD_START + rig_exact_ns (699, 24000));
  g_assert_cmpuint (rig_time_of (a, 700), ==, second);
  g_assert_cmpuint (
      rig_time_of (a, 999), ==, second + rig_exact_ns (299, 24000));
  g_assert_cmpuint (rt2_spoken_played (a, second), ==, 700);
  g_assert_cmpuint (rt2_spoken_played (a, second - 1), ==, 700);
  g_assert_cmpuint (rt2_spoken_played (a, second + 5 * MSECOND), ==, 820);
  rig_clear (&rig);
}

/* The caller may jump ahead in time; the times are those it said. */
static void
test_jump_in_time (void)
{
  Rig rig;
  Rt2Spoken *a;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCMU, 160, 0);
  a = rig_item (&rig, "r", 0);
  rig_append (&rig, a, 0, 0, 320);
  rig_take (&rig);
  rig.start += 3 * SECOND;
  rig_take (&rig);
  rig_assert_runs (a);
  g_assert_cmpuint (rig_time_of (a, 159), ==, 159 * 125000);
  g_assert_cmpuint (rig_time_of (a, 160), ==, 3020 * MSECOND);
  g_assert_cmpuint (rt2_spoken_played (a, 3020 * MSECOND), ==, 160);
  rig_clear (&rig);
}

/* A steady stream in odd periods is one run, and does not drift. */
static void
test_no_drift (void)
{
  Rig rig;
  Rt2Spoken *a;
  guint n = 240007;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, 331, ODD_START);
  a = rig_item (&rig, "r", 0);
  rig_append (&rig, a, 0, 0, n);
  while (rig_take (&rig) == 331)
    ;
  rig_assert_runs (a);
  /* half an hour of it must not be a list of half a million runs */
  g_assert_cmpuint (a->runs->len, ==, 1);
  for (guint64 k = 0; k < n; k += 101) {
    guint64 exact = ODD_START + rig_exact_ns (k, 24000);

    rig_assert_near (rig_time_of (a, k), exact, 2);
    rig_assert_near (rt2_spoken_played (a, exact), k, 1);
    g_assert_cmpuint (rt2_spoken_played (a, exact + 3), >=, k);
  }
  rig_clear (&rig);
}

/* --- split samples --- */

static void
append_byte (Rig *rig, Rt2Spoken *spoken, GBytes *all, guint i)
{
  g_autoptr (GBytes) one = g_bytes_new_from_bytes (all, i, 1);

  g_assert_cmpuint (
      rt2_playout_append_audio (rig->playout, spoken, one), ==, 0);
}

/* Two items byte by byte in turn: each keeps its own half sample. */
static void
test_one_byte_at_a_time (void)
{
  Rig rig;
  Rt2Spoken *a, *b;
  guint pos[2] = { 0, 0 };
  g_autoptr (GBytes) speech_a = rig_speech (RT2_AUDIO_FORMAT_PCM16, 1, 0, 200);
  g_autoptr (GBytes) speech_b = rig_speech (RT2_AUDIO_FORMAT_PCM16, 2, 0, 200);

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, 480, 0);
  a = rig_item (&rig, "r", 0);
  b = rig_item (&rig, "r", 1);
  for (guint i = 0; i < 399; i++) {
    append_byte (&rig, a, speech_a, i);
    append_byte (&rig, b, speech_b, i);
    g_assert_cmpuint (a->received, ==, (i + 1) / 2);
    g_assert_cmpuint (b->received, ==, (i + 1) / 2);
  }
  /* the last byte of a never comes, that of b does */
  append_byte (&rig, b, speech_b, 399);
  rt2_spoken_finish_audio (a);
  rt2_spoken_finish_audio (b);
  g_assert_cmpuint (rig_take (&rig), ==, 399);
  for (guint i = 0; i < 399; i++) {
    guint tag = (guint16) rig_get_sample (rig.format, rig.out, i) >> 13;

    g_assert_true (tag == 1 || tag == 2);
    rig_assert_out (&rig, i, tag, pos[tag - 1]++);
  }
  g_assert_cmpuint (pos[0], ==, 199);
  g_assert_cmpuint (pos[1], ==, 200);
  g_assert_true (rt2_spoken_is_placed (a));
  g_assert_true (rt2_spoken_is_placed (b));
  rig_clear (&rig);
}

/* Half a sample may be a zero byte: it is as much a half as any other. */
static void
test_half_of_zero (void)
{
  static const guint8 bytes[] = { 0x00, 0x01, 0x00, 0x02, 0x00, 0x03, 0x00,
    0x04 };
  static const guint sizes[] = { 1, 2, 2, 3 };
  Rig rig;
  Rt2Spoken *a;
  guint pos = 0;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, 480, 0);
  a = rig_item (&rig, "r", 0);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autoptr (GBytes) piece = g_bytes_new (bytes + pos, sizes[i]);

    rt2_playout_append_audio (rig.playout, a, piece);
    pos += sizes[i];
    g_assert_cmpuint (a->received, ==, pos / 2);
  }
  g_assert_cmpuint (rig_take (&rig), ==, 4);
  g_assert_cmpmem (rig.out, 8, bytes, 8);
  rig_clear (&rig);
}

static void
test_empty_delta (void)
{
  Rig rig;
  Rt2Spoken *a;
  g_autoptr (GBytes) nothing = g_bytes_new (NULL, 0);

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, 480, 0);
  a = rig_item (&rig, "r", 0);
  g_assert_cmpuint (rt2_playout_append_audio (rig.playout, a, nothing), ==, 0);
  g_assert_cmpuint (a->received, ==, 0);
  g_assert_cmpuint (rig_take (&rig), ==, 0);
  rig_assert_marks (&rig, "");
  rig_append (&rig, a, 0, 0, 5);
  rt2_playout_append_audio (rig.playout, a, nothing);
  g_assert_cmpuint (rig_take (&rig), ==, 5);
  rig_clear (&rig);
}

/* --- figures --- */

static void
test_underruns (void)
{
  Rig rig;
  Rt2Spoken *a;
  Rt2PlayoutStats stats;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, 480, 0);
  rig_take (&rig);
  a = rig_item (&rig, "r", 0);
  rig_take (&rig);
  rig_append (&rig, a, 0, 0, 100);
  rig_take (&rig);
  rig_take (&rig);
  rig_append (&rig, a, 0, 100, 960);
  rig_take (&rig);
  rig_take (&rig);
  rt2_playout_get_stats (rig.playout, &stats);
  g_assert_cmpuint (stats.spoken_samples, ==, 1060);
  g_assert_cmpuint (stats.underruns, ==, 1);
  g_assert_cmpuint (stats.underrun_samples, ==, 380 + 480);
  rig_take (&rig);
  rig_append (&rig, a, 0, 1060, 1);
  rt2_spoken_finish_audio (a);
  rig_take (&rig);
  rig_take (&rig);
  rt2_playout_get_stats (rig.playout, &stats);
  g_assert_cmpuint (stats.spoken_samples, ==, 1061);
  g_assert_cmpuint (stats.underruns, ==, 2);
  g_assert_cmpuint (stats.underrun_samples, ==, 380 + 480 + 480);
  g_assert_cmpuint (stats.dropped_samples, ==, 0);
  rig_clear (&rig);
}

static void
test_queued (void)
{
  Rig rig;
  Rt2Spoken *a, *b;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, 480, 0);
  a = rig_item (&rig, "r", 0);
  b = rig_item (&rig, "r", 1);
  rig_append (&rig, a, 0, 0, 2400);
  g_assert_cmpuint (rt2_playout_queued (rig.playout), ==, 100 * MSECOND);
  rig_append (&rig, b, 1, 0, 1201);
  rig_assert_near (
      rt2_playout_queued (rig.playout), rig_exact_ns (3601, 24000), 1);
  rig_take (&rig);
  rig_assert_near (
      rt2_playout_queued (rig.playout), rig_exact_ns (3121, 24000), 1);
  rig_skip (&rig);
  rig_assert_near (
      rt2_playout_queued (rig.playout), rig_exact_ns (3121, 24000), 1);
  while (rig_take (&rig) > 0)
    ;
  g_assert_cmpuint (rt2_playout_queued (rig.playout), ==, 0);
  rig_clear (&rig);
}

static void
test_is_speaking (void)
{
  Rig rig;
  Rt2Spoken *a;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, 480, 0);
  g_assert_false (rt2_playout_is_speaking (rig.playout));
  a = rig_item (&rig, "r", 0);
  rig_take (&rig);
  g_assert_false (rt2_playout_is_speaking (rig.playout));
  rig_append (&rig, a, 0, 0, 600);
  rig_take (&rig);
  g_assert_true (rt2_playout_is_speaking (rig.playout));
  rig_take (&rig);
  rig_take (&rig);
  /* it expects more */
  g_assert_true (rt2_playout_is_speaking (rig.playout));
  rt2_spoken_finish_audio (a);
  g_assert_false (rt2_playout_is_speaking (rig.playout));
  /* an item that has not begun does not speak */
  rig_item (&rig, "s", 0);
  g_assert_false (rt2_playout_is_speaking (rig.playout));
  a = rig_item (&rig, "t", 0);
  rig_append (&rig, a, 0, 0, 10);
  rig_take (&rig);
  g_assert_true (rt2_playout_is_speaking (rig.playout));
  rt2_playout_finish_response (rig.playout, "s");
  g_assert_true (rt2_playout_is_speaking (rig.playout));
  rt2_playout_finish_response (rig.playout, NULL);
  g_assert_false (rt2_playout_is_speaking (rig.playout));
  rig_clear (&rig);
}

/* Half an hour may wait, over all items together, not a sample more. */
static void
test_bound (void)
{
  Rig rig;
  Rt2Spoken *items[2];
  guint64 dropped = 0, max = RT2_PLAYOUT_MAX / SECOND * 8000;
  guint chunk = 1000003, n = 0;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCMU, 160, 0);
  items[0] = rig_item (&rig, "r", 0);
  items[1] = rig_item (&rig, "r", 1);
  for (; n < 16; n++) {
    guint64 more = rig_append (&rig, items[n / 8], n / 8, 0, chunk);

    g_assert_cmpuint (more, <=, chunk);
    if ((guint64) (n + 1) * chunk <= max)
      g_assert_cmpuint (more, ==, 0);
    dropped += more;
    g_assert_cmpuint (rt2_playout_queued (rig.playout), <=, RT2_PLAYOUT_MAX);
  }
  g_assert_cmpuint (dropped, >=, (guint64) n * chunk - max);
  g_assert_cmpuint (rt2_playout_queued (rig.playout), ==,
      rig_exact_ns ((guint64) n * chunk - dropped, 8000));
  g_assert_cmpuint (max - ((guint64) n * chunk - dropped), <, chunk);
  /* room again as soon as something was taken */
  rig_take (&rig);
  g_assert_cmpuint (rig_append (&rig, items[1], 1, 0, 100), ==, 0);
  g_assert_cmpuint (rt2_playout_queued (rig.playout), <=, RT2_PLAYOUT_MAX);
  rig_clear (&rig);
}

/* Just as much as may wait, and one sample more. */
static void
test_bound_exact (void)
{
  Rig rig;
  Rt2Spoken *a;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCMA, 160, 0);
  a = rig_item (&rig, "r", 0);
  for (guint i = 0; i < 1800; i++)
    g_assert_cmpuint (rig_append (&rig, a, 0, i * 8000, 8000), ==, 0);
  g_assert_cmpuint (rt2_playout_queued (rig.playout), ==, RT2_PLAYOUT_MAX);
  g_assert_cmpuint (rig_append (&rig, a, 0, 0, 1), ==, 1);
  g_assert_cmpuint (rt2_playout_queued (rig.playout), ==, RT2_PLAYOUT_MAX);
  rig_take (&rig);
  g_assert_cmpuint (rig_append (&rig, a, 0, 0, 160), ==, 0);
  g_assert_cmpuint (rig_append (&rig, a, 0, 0, 1), ==, 1);
  rig_clear (&rig);
}

/* Neither a long talk nor a server that only announces fills the memory: the
 * schedule gives up its reference on what is long gone. */
static void
check_forgets (gboolean spoken)
{
  Rig rig;
  g_autoptr (Rt2Spoken) first = NULL;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, 480, 0);
  for (guint i = 0; i < 20000; i++) {
    g_autofree gchar *response_id = g_strdup_printf ("r%u", i);
    Rt2Spoken *a = rig_item (&rig, response_id, 0);

    if (!first)
      first = rt2_spoken_ref (a);
    if (!spoken)
      continue;
    rig_append (&rig, a, 0, 0, 10);
    rt2_playout_finish_response (rig.playout, response_id);
    rig_take (&rig);
    g_free (rig_marks (&rig));
  }
  g_assert_true (g_ref_count_compare (&first->refs, 1));
  g_assert_null (rt2_playout_find (rig.playout, first->id));
  rig_clear (&rig);
}

static void
test_forgets (void)
{
  check_forgets (TRUE);
  check_forgets (FALSE);
}

/* --- items --- */

static void
test_known_ids (void)
{
  Rig rig;
  Rt2Spoken *a, *b, *u;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCMA, 160, 0);
  a = rt2_playout_item (rig.playout, "r", "a", 0);
  b = rt2_playout_item (rig.playout, "r", "b", 1);
  u = rt2_playout_user_item (rig.playout, "u");
  g_assert_true (rt2_playout_item (rig.playout, "r", "a", 0) == a);
  g_assert_true (rt2_playout_user_item (rig.playout, "u") == u);
  g_assert_true (rt2_playout_find (rig.playout, "b") == b);
  g_assert_true (rt2_playout_find (rig.playout, "u") == u);
  g_assert_null (rt2_playout_find (rig.playout, "c"));
  g_assert_cmpstr (a->id, ==, "a");
  g_assert_cmpstr (a->response_id, ==, "r");
  g_assert_cmpuint (b->output_index, ==, 1);
  g_assert_cmpint (a->role, ==, RT2_ROLE_ASSISTANT);
  g_assert_cmpint (a->format, ==, RT2_AUDIO_FORMAT_PCMA);
  g_assert_cmpuint (a->seq, >=, 1);
  g_assert_cmpuint (b->seq, >, a->seq);
  g_assert_cmpuint (u->seq, >, b->seq);
  g_assert_cmpint (u->role, ==, RT2_ROLE_USER);
  g_assert_null (u->response_id);
  g_assert_cmpuint (u->speech_start, ==, RT2_TIME_NONE);
  g_assert_cmpuint (u->speech_end, ==, RT2_TIME_NONE);
  g_assert_true (rt2_spoken_is_placed (u));
  rig_assert_no_time (u, 0);
  rig_clear (&rig);
}

static void
test_text (void)
{
  Rig rig;
  Rt2Spoken *a;
  gsize text = 0;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, 480, 0);
  a = rig_item (&rig, "r", 0);
  rt2_spoken_append_text (a, RT2_TEXT_TRANSCRIPT, "Gr");
  rig_append (&rig, a, 0, 0, 100);
  rt2_spoken_append_text (a, RT2_TEXT_TRANSCRIPT, "\xc3\xbc\xc3\x9f");
  rt2_spoken_append_text (a, RT2_TEXT_TRANSCRIPT, "");
  g_assert_cmpstr (a->text->str, ==, "Gr\xc3\xbc\xc3\x9f");
  g_assert_cmpint (a->kind, ==, RT2_TEXT_TRANSCRIPT);
  g_assert_false (a->text_done);
  for (guint i = 0; i < a->anchors->len; i++) {
    const Rt2Anchor *anchor = &g_array_index (a->anchors, Rt2Anchor, i);

    g_assert_cmpuint (anchor->text, >=, text);
    g_assert_cmpuint (anchor->text, <=, a->text->len);
    g_assert_cmpuint (anchor->samples, <=, a->received);
    text = anchor->text;
  }
  rt2_spoken_finish_text (a,
      "Gr\xc3\xbc\xc3\x9f"
      "e.");
  g_assert_cmpstr (a->text->str, ==,
      "Gr\xc3\xbc\xc3\x9f"
      "e.");
  g_assert_true (a->text_done);
  a = rig_item (&rig, "r", 1);
  rt2_spoken_append_text (a, RT2_TEXT_TEXT, "Hi");
  rt2_spoken_finish_text (a, NULL);
  g_assert_cmpstr (a->text->str, ==, "Hi");
  g_assert_cmpint (a->kind, ==, RT2_TEXT_TEXT);
  g_assert_true (a->text_done);
  rig_clear (&rig);
}

static void
test_finish_response (void)
{
  Rig rig;
  Rt2Spoken *a, *b, *c, *u;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, 480, 0);
  a = rig_item (&rig, "r", 0);
  b = rig_item (&rig, "r", 1);
  c = rig_item (&rig, "s", 0);
  u = rt2_playout_user_item (rig.playout, "u");
  rt2_playout_finish_response (rig.playout, "r");
  g_assert_true (a->response_done && a->audio_done && a->text_done);
  g_assert_true (b->response_done && b->audio_done && b->text_done);
  g_assert_false (c->response_done || c->audio_done || c->text_done);
  rt2_playout_finish_response (rig.playout, NULL);
  g_assert_true (c->response_done && c->audio_done && c->text_done);
  /* what the user said is of no response: its transcript may still come */
  g_assert_false (u->response_done || u->text_done);
  rig_clear (&rig);
}

static void
test_reset (void)
{
  Rig rig;
  g_autoptr (Rt2Spoken) a = NULL;
  Rt2Spoken *b;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, 480, 0);
  a = rt2_spoken_ref (rig_item (&rig, "r", 0));
  rig_append (&rig, a, 0, 0, 2000);
  rig_take (&rig);
  rt2_playout_reset (rig.playout, RT2_AUDIO_FORMAT_PCMU);
  g_assert_null (rt2_playout_find (rig.playout, "r-0"));
  g_assert_cmpuint (rt2_playout_queued (rig.playout), ==, 0);
  g_assert_false (rt2_playout_is_speaking (rig.playout));
  rig_assert_marks (&rig, "");
  g_assert_cmpstr (a->id, ==, "r-0");
  rig.format = RT2_AUDIO_FORMAT_PCMU;
  rig.rate = 8000;
  rig.width = 1;
  g_assert_cmpuint (rig_take (&rig), ==, 0);
  b = rig_item (&rig, "r", 0);
  g_assert_true (b != a);
  g_assert_cmpint (b->format, ==, RT2_AUDIO_FORMAT_PCMU);
  rig_append (&rig, b, 3, 0, 10);
  g_assert_cmpuint (b->received, ==, 10);
  g_assert_cmpuint (rig_take (&rig), ==, 10);
  rig_assert_out (&rig, 9, 3, 9);
  rig_clear (&rig);
}

/* --- phase --- */

static void
assert_phase (Rig *rig, const gchar *id, Rt2Phase phase)
{
  Rt2Spoken *spoken = rt2_playout_find (rig->playout, id);

  g_assert_nonnull (spoken);
  g_assert_cmpint (rt2_spoken_phase (spoken), ==, phase);
}

static void
test_phase_by_order (void)
{
  Rig rig;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, 480, 0);
  rig_item (&rig, "r", 0);
  assert_phase (&rig, "r-0", RT2_PHASE_UNKNOWN);
  rig_item (&rig, "r", 0);
  assert_phase (&rig, "r-0", RT2_PHASE_UNKNOWN);
  rig_item (&rig, "s", 1);
  assert_phase (&rig, "r-0", RT2_PHASE_UNKNOWN);
  rt2_playout_user_item (rig.playout, "u");
  assert_phase (&rig, "r-0", RT2_PHASE_UNKNOWN);
  rig_item (&rig, "r", 1);
  assert_phase (&rig, "r-0", RT2_PHASE_COMMENTARY);
  assert_phase (&rig, "r-1", RT2_PHASE_UNKNOWN);
  rt2_playout_finish_response (rig.playout, "r");
  assert_phase (&rig, "r-0", RT2_PHASE_COMMENTARY);
  assert_phase (&rig, "r-1", RT2_PHASE_FINAL_ANSWER);
  assert_phase (&rig, "s-1", RT2_PHASE_UNKNOWN);
  assert_phase (&rig, "u", RT2_PHASE_UNKNOWN);
  rt2_playout_finish_response (rig.playout, NULL);
  assert_phase (&rig, "s-1", RT2_PHASE_FINAL_ANSWER);
  assert_phase (&rig, "u", RT2_PHASE_UNKNOWN);
  rig_clear (&rig);
}

/* A function call after a message makes the message commentary; one before it
 * does not. */
static void
test_phase_other_item (void)
{
  Rig rig;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, 480, 0);
  rt2_playout_other_item (rig.playout, "r", 0);
  rig_item (&rig, "r", 1);
  assert_phase (&rig, "r-1", RT2_PHASE_UNKNOWN);
  rt2_playout_other_item (rig.playout, "r", 0);
  assert_phase (&rig, "r-1", RT2_PHASE_UNKNOWN);
  rt2_playout_other_item (rig.playout, "s", 2);
  assert_phase (&rig, "r-1", RT2_PHASE_UNKNOWN);
  rt2_playout_other_item (rig.playout, "r", 2);
  assert_phase (&rig, "r-1", RT2_PHASE_COMMENTARY);
  rt2_playout_finish_response (rig.playout, "r");
  assert_phase (&rig, "r-1", RT2_PHASE_COMMENTARY);
  rig_clear (&rig);
}

/* It is the index that says what stands after what, not the arrival. */
static void
test_phase_out_of_order (void)
{
  Rig rig;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, 480, 0);
  rig_item (&rig, "r", 1);
  rig_item (&rig, "r", 0);
  assert_phase (&rig, "r-0", RT2_PHASE_COMMENTARY);
  assert_phase (&rig, "r-1", RT2_PHASE_UNKNOWN);
  rig_clear (&rig);
}

static void
test_phase_stated (void)
{
  Rig rig;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, 480, 0);
  rig_item (&rig, "r", 0)->stated_phase = RT2_PHASE_FINAL_ANSWER;
  assert_phase (&rig, "r-0", RT2_PHASE_FINAL_ANSWER);
  rig_item (&rig, "r", 1)->stated_phase = RT2_PHASE_COMMENTARY;
  assert_phase (&rig, "r-0", RT2_PHASE_FINAL_ANSWER);
  rt2_playout_finish_response (rig.playout, "r");
  assert_phase (&rig, "r-0", RT2_PHASE_FINAL_ANSWER);
  assert_phase (&rig, "r-1", RT2_PHASE_COMMENTARY);
  rig_clear (&rig);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/playout/placing", test_placing);
  g_test_add_func ("/playout/silence", test_silence_without_speech);
  g_test_add_func ("/playout/items-in-one-buffer", test_items_in_one_buffer);
  g_test_add_func ("/playout/done-comes-late", test_done_comes_late);
  g_test_add_func ("/playout/ended", test_ended_after_the_last_sample);
  g_test_add_func ("/playout/no-marks", test_no_marks_without_samples);
  g_test_add_func ("/playout/times/every-boundary", test_every_boundary);
  g_test_add_func ("/playout/times/gap", test_gap_within_an_item);
  g_test_add_func ("/playout/times/jump", test_jump_in_time);
  g_test_add_func ("/playout/times/no-drift", test_no_drift);
  g_test_add_func ("/playout/split/one-byte", test_one_byte_at_a_time);
  g_test_add_func ("/playout/split/zero", test_half_of_zero);
  g_test_add_func ("/playout/split/empty", test_empty_delta);
  g_test_add_func ("/playout/underruns", test_underruns);
  g_test_add_func ("/playout/queued", test_queued);
  g_test_add_func ("/playout/is-speaking", test_is_speaking);
  g_test_add_func ("/playout/bound/any", test_bound);
  g_test_add_func ("/playout/bound/exact", test_bound_exact);
  g_test_add_func ("/playout/bound/forgets", test_forgets);
  g_test_add_func ("/playout/items/known", test_known_ids);
  g_test_add_func ("/playout/items/text", test_text);
  g_test_add_func ("/playout/items/finish-response", test_finish_response);
  g_test_add_func ("/playout/items/reset", test_reset);
  g_test_add_func ("/playout/phase/order", test_phase_by_order);
  g_test_add_func ("/playout/phase/other-item", test_phase_other_item);
  g_test_add_func ("/playout/phase/out-of-order", test_phase_out_of_order);
  g_test_add_func ("/playout/phase/stated", test_phase_stated);
  return g_test_run ();
}
