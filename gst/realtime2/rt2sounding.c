/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * When speech was placed.
 */
#include "rt2sounding.h"

void
rt2_sounding_clear (Rt2Sounding *sounding)
{
  sounding->first = 0;
  sounding->n = 0;
}

/* Interval number @i, from the oldest one. */
static guint
place_of (const Rt2Sounding *sounding, guint i)
{
  return (sounding->first + i) % RT2_SOUNDING_MAX;
}

void
rt2_sounding_add (Rt2Sounding *sounding, guint64 start, guint64 end)
{
  if (end <= start)
    return;
  if (sounding->n > 0) {
    Rt2Interval *last = &sounding->ring[place_of (sounding, sounding->n - 1)];

    if (start <= last->end + RT2_SOUNDING_SLACK) {
      last->end = MAX (last->end, end);
      return;
    }
  }
  if (sounding->n == RT2_SOUNDING_MAX)
    sounding->first = place_of (sounding, 1);
  else
    sounding->n++;
  sounding->ring[place_of (sounding, sounding->n - 1)] = (Rt2Interval){ start,
    end };
}

gboolean
rt2_sounding_within (const Rt2Sounding *sounding, guint64 from, guint64 to)
{
  /* The newest first: that is where the question mostly lies. */
  for (guint i = sounding->n; i > 0; i--) {
    const Rt2Interval *at = &sounding->ring[place_of (sounding, i - 1)];

    if (at->end <= from)
      return FALSE;
    if (at->start <= to)
      return TRUE;
  }
  return FALSE;
}
