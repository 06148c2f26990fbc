/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the parts of the schedule share: rt2playout.c places samples,
 * rt2spoken.c keeps what is known of an item, rt2interrupt.c takes back what
 * was not heard.
 */
#pragma once

#include "rt2playout.h"
#include "rt2sounding.h"

G_BEGIN_DECLS

/* Audio of one item that waits. */
typedef struct {
  Rt2Spoken *spoken; /* a reference */
  GBytes *bytes;     /* whole samples */
  guint64 due;       /* running time of its first sample, or RT2_TIME_NONE */
  gsize pos;         /* bytes of it already placed */
} Rt2Segment;

struct _Rt2Playout {
  Rt2AudioFormat format;
  Rt2CommentaryPolicy commentary;
  Rt2Protect protect; /* what is not interrupted */
  gchar *greeting;    /* id of the response that opens the conversation */
  gboolean shielded;  /* that one is protected, whatever is set */
  guint64 latency;    /* ns from src to the ear */
  guint64 beyond;     /* of it, ns beyond the pipeline */
  guint64 next_seq;   /* of the next item */

  GQueue items;    /* Rt2Spoken*, references, by appearance */
  GQueue segments; /* Rt2Segment*, what waits */
  guint64 queued;  /* samples in all segments */
  GQueue marks;    /* Mark*, not fetched yet */

  Rt2Spoken *current; /* begun and not ended; a reference, or NULL */
  gboolean starved;   /* the last period had to wait for it */
  guint64 waited;     /* samples of silence since it starved */
  gboolean flowing;   /* the last sample was speech */

  Rt2Spoken *fading; /* whose tail is faded out; a reference */
  GBytes *fade;      /* the faded samples, or NULL */
  gsize fade_pos;    /* bytes of it already placed */

  Rt2Sounding sounding; /* when speech was placed, running time of src */

  Rt2PlayoutStats stats;
};

/* A new item, the @seq-th, with samples in @format. */
Rt2Spoken *rt2_spoken_new (guint64 seq, Rt2AudioFormat format, const gchar *id);
/* Notes that @n samples of @spoken, its next ones, play from @rt on. */
void rt2_spoken_place (Rt2Spoken *spoken, guint64 rt, guint64 n);

/* Takes the head off the queue, or the one at @link. */
void rt2_playout_drop_segment (Rt2Playout *playout, GList *link);

void rt2_playout_clear_fade (Rt2Playout *playout);

/* What becomes of the samples of @spoken: as was decided at its first one, or
 * as would be decided now. */
Rt2Fate rt2_playout_fate_of (
    const Rt2Playout *playout, const Rt2Spoken *spoken);

G_END_DECLS
