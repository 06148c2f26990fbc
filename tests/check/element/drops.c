/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * When a loss is told, and that what is told adds up.
 */
#include "rt2drops.h"

#define MS 1000       /* us */
#define S (1000 * MS) /* us */
#define NS_PER_MS 1000000

/* Told at once, then once a second; the end when a second is without. */
static void
test_pace (void)
{
  Rt2Drops drops = { 0 };
  Rt2DropsNews news;
  guint64 sum = 0;
  guint n = 0;

  g_assert_false (rt2_drops_tell (&drops, 0, FALSE, &news));
  for (gint64 now = 0; now < 10 * S; now += 20 * MS) {
    rt2_drops_add (&drops, 0, 20 * NS_PER_MS, now);
    if (!rt2_drops_tell (&drops, now, FALSE, &news))
      continue;
    g_assert_cmpint (news.first, ==, n == 0);
    g_assert_false (news.over);
    g_assert_cmpuint (news.ms, ==, n == 0 ? 20 : 1000);
    g_assert_cmpint (now, ==, n * S);
    sum += news.ms;
    g_assert_cmpuint (news.total_ms, ==, sum);
    n++;
  }
  g_assert_cmpuint (n, ==, 10);
  g_assert_false (rt2_drops_tell (&drops, 9990 * MS, FALSE, &news));
  g_assert_true (rt2_drops_tell (&drops, 10980 * MS, FALSE, &news));
  g_assert_true (news.over);
  g_assert_cmpuint (news.total_ms, ==, 10000);
  g_assert_cmpuint (sum + news.ms, ==, 10000);
  g_assert_false (rt2_drops_tell (&drops, 100 * S, TRUE, &news));
}

/* Each stretch has its own sum; one piece alone is begun and over in time. */
static void
test_stretches (void)
{
  Rt2Drops drops = { 0 };
  Rt2DropsNews news;

  for (guint i = 1; i <= 3; i++) {
    gint64 now = i * 60 * (gint64) S;

    rt2_drops_add (&drops, 5 * i, i * NS_PER_MS, now);
    g_assert_true (rt2_drops_tell (&drops, now, FALSE, &news));
    g_assert_true (news.first);
    g_assert_false (news.over);
    g_assert_cmpuint (news.ms, ==, i);
    g_assert_cmpuint (news.start, ==, 5 * i);
    g_assert_cmpuint (news.end, ==, 5 * i + i * NS_PER_MS);
    g_assert_true (rt2_drops_tell (&drops, now + S, FALSE, &news));
    g_assert_cmpuint (news.start, ==, news.end);
    g_assert_false (news.first);
    g_assert_true (news.over);
    g_assert_cmpuint (news.ms, ==, 0);
    g_assert_cmpuint (news.total_ms, ==, i);
  }
}

/* Pieces of a fraction of a ms: not one is lost to the telling. */
static void
test_fractions (void)
{
  Rt2Drops drops = { 0 };
  Rt2DropsNews news;
  guint64 sum = 0, lost = 0;

  for (guint i = 0; i < 100000; i++) {
    rt2_drops_add (&drops, 0, 333333, i * MS);
    lost += 333333;
    if (rt2_drops_tell (&drops, i * MS, i % 7777 == 0, &news))
      sum += news.ms;
  }
  if (rt2_drops_tell (&drops, 100000 * MS, TRUE, &news))
    sum += news.ms;
  g_assert_cmpuint (sum, ==, lost / NS_PER_MS);
}

/* Nothing was lost after all. */
static void
test_nothing (void)
{
  Rt2Drops drops = { 0 };
  Rt2DropsNews news;

  rt2_drops_add (&drops, 0, 0, 5);
  g_assert_false (rt2_drops_tell (&drops, 5, TRUE, &news));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/drops/pace", test_pace);
  g_test_add_func ("/drops/stretches", test_stretches);
  g_test_add_func ("/drops/fractions", test_fractions);
  g_test_add_func ("/drops/nothing", test_nothing);
  return g_test_run ();
}
