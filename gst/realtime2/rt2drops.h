/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What was lost of a stream, and what of it is told when: at once when losing
 * begins, then once a second for as long as it goes on, then that it is over.
 * Whole ms are told, which add up to all that was lost, and where in the stream
 * that was. Pure: `now` is monotonic us.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  guint64 lost;      /* ns, in all */
  guint64 told;      /* of that; whole ms */
  guint64 before;    /* `told` when this stretch of losses began */
  guint64 start;     /* of the first loss since the last news, ns */
  guint64 end;       /* of the last loss, ns */
  gboolean any;      /* there was one since the last news */
  gboolean going_on; /* that it began is, or is to be, told; its end is not */
  gboolean begun;    /* that it began was told */
  gint64 last;       /* when something was lost last */
  gint64 news;       /* when something was told last */
} Rt2Drops;

typedef struct {
  guint64 ms;       /* lost since the last news */
  guint64 total_ms; /* lost in this stretch */
  guint64 start;    /* of what was lost since the last news, ns */
  guint64 end;      /* likewise; not all that is between must be lost */
  gboolean first;   /* this begins one */
  gboolean over;    /* nothing is lost any more */
} Rt2DropsNews;

/* @ns from @start, both in the stream's time, are lost. */
void rt2_drops_add (Rt2Drops *drops, guint64 start, guint64 ns, gint64 now);

/* What there is to tell; FALSE if it is nothing. @end: no more is lost. */
gboolean rt2_drops_tell (
    Rt2Drops *drops, gint64 now, gboolean end, Rt2DropsNews *news);

G_END_DECLS
