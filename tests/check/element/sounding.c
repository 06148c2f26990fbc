/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the schedule says was heard, against a model listener who notes every
 * nanosecond at which speech began and ended.
 */
#include "playoutrig.h"

#include <string.h>

#include "rt2sounding.h"

#define PERIOD 480 /* 20 ms */

/* Speech from @from to @to, and not a nanosecond more. */
static void
assert_interval (Rig *rig, guint64 from, guint64 to)
{
  Rt2Playout *playout = rig->playout;

  g_assert_false (rt2_playout_was_audible (playout, 0, from - 1));
  g_assert_true (rt2_playout_was_audible (playout, 0, from));
  g_assert_true (rt2_playout_was_audible (playout, from, from));
  g_assert_true (rt2_playout_was_audible (playout, from, to + SECOND));
  g_assert_true (rt2_playout_was_audible (playout, to - 1, to - 1));
  g_assert_true (rt2_playout_was_audible (playout, to - 1, to + SECOND));
}

static void
take (Rig *rig, guint n)
{
  while (n-- > 0)
    rig_take (rig);
}

static void
test_latency (void)
{
  static const guint64 latencies[] = { 0, 1, 20 * MSECOND, 90 * SECOND };

  for (guint i = 0; i < G_N_ELEMENTS (latencies); i++) {
    guint64 from = ODD_START + latencies[i];
    Rig rig;

    rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, PERIOD, ODD_START);
    rt2_playout_set_latency (rig.playout, latencies[i]);
    g_assert_cmpuint (rt2_playout_sounds_at (rig.playout, ODD_START), ==, from);
    g_assert_false (rt2_playout_was_audible (rig.playout, 0, G_MAXUINT64));
    /* Ends within a period. */
    rig_append (&rig, rig_item (&rig, "r", 0), 0, 0, 24012);
    take (&rig, 60);
    assert_interval (&rig, from, from + SECOND + 500000);
    g_assert_false (rt2_playout_was_audible (
        rig.playout, from + SECOND + 500000, G_MAXUINT64));
    rig_clear (&rig);
  }
}

/* Between items of an answer there is nothing; within one, while it waits for
 * the network, neither. */
static void
test_breaks (void)
{
  guint64 at = ODD_START;
  Rt2Spoken *spoken;
  Rig rig;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCMU, 160, at);
  spoken = rig_item (&rig, "r", 0);
  rig_append (&rig, spoken, 0, 0, 800);
  take (&rig, 10);
  rig_append (&rig, spoken, 0, 800, 800);
  take (&rig, 10);
  assert_interval (&rig, at, at + 100 * MSECOND);
  g_assert_false (rt2_playout_was_audible (
      rig.playout, at + 100 * MSECOND, at + 200 * MSECOND - 1));
  g_assert_true (rt2_playout_was_audible (
      rig.playout, at + 200 * MSECOND, at + 200 * MSECOND));
  g_assert_false (rt2_playout_was_audible (
      rig.playout, at + 300 * MSECOND, at + 10 * SECOND));
  rig_clear (&rig);
}

/* What was dropped was not heard, its fade was. */
static void
test_interrupted (void)
{
  guint64 end = ODD_START + 40 * MSECOND + RT2_PLAYOUT_FADE;
  Rig rig;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, PERIOD, ODD_START);
  rig_append (&rig, rig_item (&rig, "r", 0), 0, 0, 24000);
  take (&rig, 2);
  g_ptr_array_unref (
      rt2_playout_interrupt (rig.playout, rig_now (&rig), FALSE));
  take (&rig, 10);
  assert_interval (&rig, ODD_START, end);
  g_assert_false (rt2_playout_was_audible (rig.playout, end, G_MAXUINT64));
  rig_clear (&rig);
}

static void
test_skipped_and_reset (void)
{
  Rig rig;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, PERIOD, ODD_START);
  rig_append (&rig, rig_item (&rig, "r", 0), 0, 0, 480);
  rig_skip (&rig);
  g_assert_false (rt2_playout_was_audible (rig.playout, 0, G_MAXUINT64));
  take (&rig, 1);
  g_assert_true (rt2_playout_was_audible (rig.playout, 0, G_MAXUINT64));
  rt2_playout_reset (rig.playout, RT2_AUDIO_FORMAT_PCM16);
  g_assert_false (rt2_playout_was_audible (rig.playout, 0, G_MAXUINT64));
  rig_clear (&rig);
}

/* An hour without a break, in periods whose times are rounded, is one interval;
 * an hour of pieces leaves the newest. */
static void
test_bounds (void)
{
  static Rt2Sounding sounding;
  guint64 step = 40 * MSECOND, n = 3600 * SECOND / step, last;

  rt2_sounding_clear (&sounding);
  for (guint64 i = 0; i < n; i++)
    rt2_sounding_add (&sounding, i * step + i % 2, (i + 1) * step);
  g_assert_cmpuint (sounding.n, ==, 1);
  g_assert_true (rt2_sounding_within (&sounding, 0, 0));
  g_assert_false (rt2_sounding_within (&sounding, n * step, G_MAXUINT64));

  rt2_sounding_clear (&sounding);
  for (guint64 i = 0; i < n; i++)
    rt2_sounding_add (&sounding, i * step, i * step + step / 2);
  g_assert_cmpuint (sounding.n, ==, RT2_SOUNDING_MAX);
  last = (n - 1) * step;
  for (guint64 i = 0; i < RT2_SOUNDING_MAX; i++) {
    guint64 at = last - i * step;

    g_assert_true (rt2_sounding_within (&sounding, at, at));
    g_assert_false (
        rt2_sounding_within (&sounding, at + step / 2, at + step - 1));
  }
  g_assert_false (rt2_sounding_within (
      &sounding, 0, last - RT2_SOUNDING_MAX * step + step / 2));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sounding/latency", test_latency);
  g_test_add_func ("/sounding/breaks", test_breaks);
  g_test_add_func ("/sounding/interrupted", test_interrupted);
  g_test_add_func ("/sounding/skipped-and-reset", test_skipped_and_reset);
  g_test_add_func ("/sounding/bounds", test_bounds);
  return g_test_run ();
}
