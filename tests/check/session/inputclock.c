/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The input clock: milliseconds of the server's count to running times.
 */
#include "rt2inputclock.h"

#define MS (G_GUINT64_CONSTANT (1000000))
#define S (1000 * MS)
#define UNKNOWN G_MAXUINT64

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rt2InputClock, rt2_input_clock_free)

static guint64
at (const Rt2InputClock *clock, guint64 ms)
{
  return rt2_input_clock_to_running_time (clock, ms);
}

static void
test_empty (void)
{
  g_autoptr (Rt2InputClock) clock = rt2_input_clock_new ();

  g_assert_cmpuint (rt2_input_clock_total (clock), ==, 0);
  g_assert_cmpuint (at (clock, 0), ==, UNKNOWN);
  g_assert_cmpuint (at (clock, 1), ==, UNKNOWN);
  g_assert_cmpuint (at (clock, G_MAXUINT64), ==, UNKNOWN);
}

static void
test_steady (void)
{
  g_autoptr (Rt2InputClock) clock = rt2_input_clock_new ();

  for (guint i = 0; i < 1000; i++)
    rt2_input_clock_append (clock, 7 * S + i * 40 * MS, 40 * MS);
  g_assert_cmpuint (rt2_input_clock_total (clock), ==, 40 * S);
  g_assert_cmpuint (at (clock, 0), ==, 7 * S);
  g_assert_cmpuint (at (clock, 1), ==, 7 * S + MS);
  g_assert_cmpuint (at (clock, 39), ==, 7 * S + 39 * MS);
  g_assert_cmpuint (at (clock, 12345), ==, 7 * S + 12345 * MS);
  g_assert_cmpuint (at (clock, 40000), ==, 47 * S);
}

/* The input paused: the server's count did not. */
static void
test_hole (void)
{
  g_autoptr (Rt2InputClock) clock = rt2_input_clock_new ();

  rt2_input_clock_append (clock, 10 * S, 100 * MS);
  rt2_input_clock_append (clock, 20 * S, 100 * MS);
  rt2_input_clock_append (clock, 20 * S + 100 * MS, 100 * MS);
  rt2_input_clock_append (clock, 90 * S, 100 * MS);
  g_assert_cmpuint (at (clock, 0), ==, 10 * S);
  g_assert_cmpuint (at (clock, 99), ==, 10 * S + 99 * MS);
  g_assert_cmpuint (at (clock, 101), ==, 20 * S + MS);
  g_assert_cmpuint (at (clock, 250), ==, 20 * S + 150 * MS);
  g_assert_cmpuint (at (clock, 299), ==, 20 * S + 199 * MS);
  g_assert_cmpuint (at (clock, 301), ==, 90 * S + MS);
}

/* A seek: running time may go on from anywhere, an earlier time too. */
static void
test_backwards (void)
{
  g_autoptr (Rt2InputClock) clock = rt2_input_clock_new ();

  rt2_input_clock_append (clock, 50 * S, 100 * MS);
  rt2_input_clock_append (clock, 0, 100 * MS);
  g_assert_cmpuint (at (clock, 50), ==, 50 * S + 50 * MS);
  g_assert_cmpuint (at (clock, 150), ==, 50 * MS);
}

/* Pieces whose length is no whole number of ms, of times that are rounded. */
static void
test_odd_pieces (void)
{
  g_autoptr (Rt2InputClock) clock = rt2_input_clock_new ();
  guint64 samples = 0;

  for (guint i = 0; i < 3000; i++) {
    guint64 start = samples * S / 24000, end = (samples + 1001) * S / 24000;

    rt2_input_clock_append (clock, 5 * S + start, end - start);
    samples += 1001;
  }
  for (guint64 ms = 0; ms < samples / 24; ms += 997) {
    guint64 rt = at (clock, ms);

    g_assert_cmpuint (rt, !=, UNKNOWN);
    g_assert_cmpuint (
        MAX (rt, 5 * S + ms * MS) - MIN (rt, 5 * S + ms * MS), <, MS);
  }
}

/* A source whose clock is a little off: times never stray further than a
 * millisecond and a piece's own drift. */
static void
test_drift (void)
{
  g_autoptr (Rt2InputClock) clock = rt2_input_clock_new ();

  for (guint64 i = 0; i < 2000; i++)
    rt2_input_clock_append (clock, i * (20 * MS + 2000), 20 * MS);
  for (guint64 i = 0; i < 2000; i++) {
    guint64 rt = at (clock, i * 20), real = i * (20 * MS + 2000);

    g_assert_cmpuint (rt, !=, UNKNOWN);
    g_assert_cmpuint (MAX (rt, real) - MIN (rt, real), <=, 2 * MS);
  }
}

/* Silence that we made has no running time; what follows has again. */
static void
test_made_silence (void)
{
  g_autoptr (Rt2InputClock) clock = rt2_input_clock_new ();

  rt2_input_clock_append (clock, 3 * S, 100 * MS);
  rt2_input_clock_append (clock, UNKNOWN, 100 * MS);
  rt2_input_clock_append (clock, UNKNOWN, 100 * MS);
  rt2_input_clock_append (clock, 4 * S, 100 * MS);
  g_assert_cmpuint (rt2_input_clock_total (clock), ==, 400 * MS);
  g_assert_cmpuint (at (clock, 50), ==, 3 * S + 50 * MS);
  g_assert_cmpuint (at (clock, 150), ==, UNKNOWN);
  g_assert_cmpuint (at (clock, 250), ==, UNKNOWN);
  g_assert_cmpuint (at (clock, 350), ==, 4 * S + 50 * MS);
}

static void
test_reset (void)
{
  g_autoptr (Rt2InputClock) clock = rt2_input_clock_new ();

  rt2_input_clock_append (clock, 3 * S, 500 * MS);
  rt2_input_clock_reset (clock);
  g_assert_cmpuint (rt2_input_clock_total (clock), ==, 0);
  g_assert_cmpuint (at (clock, 0), ==, UNKNOWN);
  g_assert_cmpuint (at (clock, 100), ==, UNKNOWN);
  rt2_input_clock_append (clock, 60 * S, 100 * MS);
  g_assert_cmpuint (at (clock, 40), ==, 60 * S + 40 * MS);
  g_assert_cmpuint (rt2_input_clock_total (clock), ==, 100 * MS);
}

/* A server may name an instant that was never sent. */
static void
test_beyond (void)
{
  g_autoptr (Rt2InputClock) clock = rt2_input_clock_new ();

  rt2_input_clock_append (clock, 3 * S, 100 * MS);
  g_assert_cmpuint (at (clock, 101), <=, 3 * S + 101 * MS);
  g_assert_cmpuint (at (clock, G_MAXUINT64), ==, at (clock, 101));
  g_assert_cmpuint (at (clock, G_MAXUINT64 / 1000), ==, at (clock, 101));
}

static void
test_end (void)
{
  g_autoptr (Rt2InputClock) clock = rt2_input_clock_new ();

  g_assert_cmpuint (rt2_input_clock_end (clock), ==, UNKNOWN);
  rt2_input_clock_append (clock, UNKNOWN, 20 * MS);
  g_assert_cmpuint (rt2_input_clock_end (clock), ==, UNKNOWN);
  rt2_input_clock_append (clock, 3 * S, 20 * MS + 833333);
  g_assert_cmpuint (rt2_input_clock_end (clock), ==, 3 * S + 20 * MS + 833333);
  rt2_input_clock_append (clock, 9 * S, 20 * MS);
  g_assert_cmpuint (rt2_input_clock_end (clock), ==, 9 * S + 20 * MS);
  rt2_input_clock_append (clock, UNKNOWN, 700 * MS);
  g_assert_cmpuint (rt2_input_clock_end (clock), ==, 9 * S + 20 * MS);
  rt2_input_clock_reset (clock);
  g_assert_cmpuint (rt2_input_clock_end (clock), ==, UNKNOWN);
}

/* More jumps than anybody remembers: the newest are right, the oldest right or
 * unknown, none is wrong. */
static void
test_many_jumps (void)
{
  g_autoptr (Rt2InputClock) clock = rt2_input_clock_new ();
  const guint n = 20000;

  for (guint64 i = 0; i < n; i++)
    rt2_input_clock_append (clock, i * S, 20 * MS);
  for (guint64 i = 0; i < n; i++) {
    guint64 rt = at (clock, i * 20 + 10);

    if (rt != UNKNOWN || i >= n - 100)
      g_assert_cmpuint (rt, ==, i * S + 10 * MS);
  }
  g_assert_cmpuint (at (clock, 10), ==, UNKNOWN);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/inputclock/empty", test_empty);
  g_test_add_func ("/inputclock/steady", test_steady);
  g_test_add_func ("/inputclock/hole", test_hole);
  g_test_add_func ("/inputclock/backwards", test_backwards);
  g_test_add_func ("/inputclock/odd-pieces", test_odd_pieces);
  g_test_add_func ("/inputclock/drift", test_drift);
  g_test_add_func ("/inputclock/made-silence", test_made_silence);
  g_test_add_func ("/inputclock/reset", test_reset);
  g_test_add_func ("/inputclock/beyond", test_beyond);
  g_test_add_func ("/inputclock/end", test_end);
  g_test_add_func ("/inputclock/many-jumps", test_many_jumps);
  return g_test_run ();
}
