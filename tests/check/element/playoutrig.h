/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A schedule under test: recognisable speech goes in, periods come out. Shared
 * by the tests of the schedule, of interruptions and of captions.
 */
#pragma once

#include "rt2playout.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)
#define MSECOND G_GUINT64_CONSTANT (1000000)
/* Not a multiple of anything: rounding mistakes cannot hide. */
#define ODD_START G_GUINT64_CONSTANT (7123456789)
/* Samples: the longest period that a test takes. */
#define MAX_PERIOD 2048

/* A playout that is taken from period by period. */
typedef struct {
  Rt2Playout *playout;
  Rt2AudioFormat format;
  guint rate, width;
  guint period;               /* samples */
  guint64 start;              /* running time of the first period */
  guint64 taken;              /* samples taken so far */
  guint8 out[2 * MAX_PERIOD]; /* the last period */
  Rt2Slot slot;               /* of the last period */
} Rig;

void rig_init (Rig *rig, Rt2AudioFormat format, guint period, guint64 start);
void rig_clear (Rig *rig);

/* Running time of the next period. */
guint64 rig_now (const Rig *rig);
/* Takes one period and checks its form. Returns the samples of speech in it. */
guint rig_take (Rig *rig);
void rig_skip (Rig *rig);

/* The assistant's message "RESPONSE_ID-INDEX". */
Rt2Spoken *rig_item (Rig *rig, const gchar *response_id, guint index);
/* @n samples of the speech @tag from sample @first on. */
guint64 rig_append (
    Rig *rig, Rt2Spoken *spoken, guint tag, guint64 first, guint n);

/* Speech whose every sample tells where it comes from: sample @pos of the
 * speech @tag (0 to 7). Never a byte of silence in G.711, never 0 in PCM. */
gint16 rig_sample (Rt2AudioFormat format, guint tag, guint64 pos);
void rig_put_sample (Rt2AudioFormat format, guint8 *out, guint i, gint16 value);
gint16 rig_get_sample (Rt2AudioFormat format, const guint8 *out, guint i);
GBytes *rig_speech (Rt2AudioFormat format, guint tag, guint64 first, guint n);

/* Sample @i of the last period is sample @pos of the speech @tag. */
void rig_assert_out (const Rig *rig, guint i, guint tag, guint64 pos);
/* All marks since the last call, as "+r-0 -r-0 +r-1": + started, - ended. */
gchar *rig_marks (Rig *rig);
void rig_assert_marks (Rig *rig, const gchar *expected);
/* The runs cover [0, placed) in order of time and never overlap. */
void rig_assert_runs (const Rt2Spoken *spoken);
guint64 rig_time_of (const Rt2Spoken *spoken, guint64 offset);
void rig_assert_no_time (const Rt2Spoken *spoken, guint64 offset);

/* Exact conversions, rounded down, without overflow. */
guint64 rig_exact_ns (guint64 samples, guint rate);
guint64 rig_exact_samples (guint64 ns, guint rate);
void rig_assert_near (guint64 a, guint64 b, guint64 tolerance);
