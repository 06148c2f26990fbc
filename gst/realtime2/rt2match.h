/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which pause of a sound is which break of its text. Pure; all times in ms.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* As many as are looked at at once. */
#define RT2_MATCH_BREAKS 12
#define RT2_MATCH_PAUSES 48

/* Where a text may pause: after a sentence, after a comma. */
typedef struct {
  gboolean strong; /* the end of a sentence */
  gdouble spoken;  /* speech there should be up to it */
  gdouble arrival; /* where in the sound it should be, judged by when */
  gdouble arrival_deviation; /* its text came; 0: that tells nothing */
} Rt2Break;

/* Where a sound pauses. */
typedef struct {
  gdouble end;
  gdouble spoken; /* speech before it */
  gdouble length;
} Rt2Gap;

typedef struct {
  Rt2Break breaks[RT2_MATCH_BREAKS];
  guint n_breaks;
  Rt2Gap gaps[RT2_MATCH_PAUSES];
  guint n_gaps;
  gdouble usual; /* a pause at the end of a sentence is that long at least */
  gdouble spoken_end; /* speech up to where the sound is known */
  gdouble end;        /* of the sound as far as it is known */
  gboolean complete;  /* all breaks and gaps that there are */
  gdouble text_end;   /* if so: speech there should be in all */
} Rt2Match;

/* Deviation of an expected length of speech. */
gdouble rt2_match_deviation (gdouble spoken);

/* The pause of the first break, or -1 if it is likely to have none. */
gint rt2_match_first (const Rt2Match *match);

G_END_DECLS
