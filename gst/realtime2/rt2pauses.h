/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where speech pauses. Fed with samples as they come, it notes each stretch of
 * quiet. Pure; positions are samples from the first one fed.
 */
#pragma once

#include "rt2types.h"

G_BEGIN_DECLS

/* A stretch of quiet between two of speech, or before the first. */
typedef struct {
  guint64 start, end;
  guint64 voiced; /* samples before it that are in no pause */
} Rt2Quiet;

typedef struct {
  Rt2AudioFormat format;
  GArray *pauses;     /* Rt2Quiet, by time; those that are over */
  guint64 received;   /* samples fed */
  guint64 loud_end;   /* where the last sound ends */
  guint64 loud_start; /* where the loud frames in a row begin, if `loud` */
  guint loud;         /* frames in a row that were loud */
  gint loudest;       /* the largest sample so far */
  gint peak;          /* the same of the frame in progress */
  guint fill;         /* samples in the frame in progress */
} Rt2Pauses;

void rt2_pauses_init (Rt2Pauses *sound, Rt2AudioFormat format);
void rt2_pauses_clear (Rt2Pauses *sound);

/* @data holds whole samples. */
void rt2_pauses_feed (Rt2Pauses *sound, const guint8 *data, gsize size);

/* How many of the first @samples are in no pause. Beyond what was fed all is
 * taken for speech. */
guint64 rt2_pauses_voiced_until (const Rt2Pauses *sound, guint64 samples);
/* The other way: the first sample that has @voiced such samples before it. */
guint64 rt2_pauses_sample_of (const Rt2Pauses *sound, guint64 voiced);

/* The first sample of speech: FALSE if all that was fed is quiet. */
gboolean rt2_pauses_onset (const Rt2Pauses *sound, guint64 *sample);

G_END_DECLS
