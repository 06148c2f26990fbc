/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * When speech was placed: a bounded memory of intervals. Pure, not
 * thread-safe; the schedule owns one. Times are nanoseconds.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Intervals that are remembered; the oldest are forgotten beyond it. Speech
 * without a break is one interval, however long. */
#define RT2_SOUNDING_MAX 256
/* ns; a shorter break is rounding. */
#define RT2_SOUNDING_SLACK 1000

typedef struct {
  guint64 start, end; /* half open */
} Rt2Interval;

typedef struct {
  Rt2Interval ring[RT2_SOUNDING_MAX]; /* by time */
  guint first;                        /* the oldest one's place */
  guint n;                            /* intervals in the ring */
} Rt2Sounding;

void rt2_sounding_clear (Rt2Sounding *sounding);

/* Speech from @start to @end, no earlier than what was added before. */
void rt2_sounding_add (Rt2Sounding *sounding, guint64 start, guint64 end);

/* TRUE if there was speech at any instant from @from to @to, both included. */
gboolean rt2_sounding_within (
    const Rt2Sounding *sounding, guint64 from, guint64 to);

G_END_DECLS
