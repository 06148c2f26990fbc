/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The input clock: a list of points where the running time of the appended
 * audio jumped. Between two points both clocks advance alike.
 */
#include "rt2inputclock.h"

/* Jumps that are remembered. */
#define MAX_POINTS 1024
/* A smaller difference, ns, is rounding of timestamps and no jump. */
#define MIN_JUMP 1000000

typedef struct {
  guint64 appended; /* ns appended before it */
  guint64 rt;       /* running time there, or G_MAXUINT64 */
} Point;

struct _Rt2InputClock {
  GArray *points; /* Point, by `appended` */
  guint64 total;  /* ns appended */
};

Rt2InputClock *
rt2_input_clock_new (void)
{
  Rt2InputClock *clock = g_new0 (Rt2InputClock, 1);

  clock->points = g_array_new (FALSE, FALSE, sizeof (Point));
  return clock;
}

void
rt2_input_clock_free (Rt2InputClock *clock)
{
  g_array_unref (clock->points);
  g_free (clock);
}

void
rt2_input_clock_reset (Rt2InputClock *clock)
{
  g_array_set_size (clock->points, 0);
  clock->total = 0;
}

static guint64
extrapolate (const Point *point, guint64 appended)
{
  if (point->rt == G_MAXUINT64)
    return G_MAXUINT64;
  return point->rt + (appended - point->appended);
}

static gboolean
is_jump (guint64 expected, guint64 rt)
{
  if (expected == G_MAXUINT64 || rt == G_MAXUINT64)
    return expected != rt;
  return MAX (expected, rt) - MIN (expected, rt) >= MIN_JUMP;
}

void
rt2_input_clock_append (Rt2InputClock *clock, guint64 rt, guint64 duration)
{
  GArray *points = clock->points;
  Point point = { clock->total, rt };

  if (points->len == 0
      || is_jump (extrapolate (&g_array_index (points, Point, points->len - 1),
                      clock->total),
          rt)) {
    if (points->len == MAX_POINTS)
      g_array_remove_index (points, 0);
    g_array_append_val (points, point);
  }
  clock->total += duration;
}

guint64
rt2_input_clock_total (const Rt2InputClock *clock)
{
  return clock->total;
}

guint64
rt2_input_clock_to_running_time (const Rt2InputClock *clock, guint64 ms)
{
  guint64 appended = MIN (ms, clock->total / 1000000) * 1000000;

  for (guint i = clock->points->len; i > 0; i--) {
    const Point *point = &g_array_index (clock->points, Point, i - 1);

    if (point->appended <= appended)
      return extrapolate (point, appended);
  }
  return G_MAXUINT64;
}

guint64
rt2_input_clock_end (const Rt2InputClock *clock)
{
  guint64 end = clock->total;

  for (guint i = clock->points->len; i > 0; i--) {
    const Point *point = &g_array_index (clock->points, Point, i - 1);

    if (point->rt != G_MAXUINT64)
      return extrapolate (point, end);
    end = point->appended;
  }
  return G_MAXUINT64;
}
