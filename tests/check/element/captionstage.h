/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A text pad on a stage: asks for captions as the schedule plays, and checks
 * what every caption must fulfil. Shared by the tests of captions.
 */
#pragma once

#include "playoutrig.h"
#include "rt2align.h"
#include "rt2caption.h"

#define PERIOD (20 * MSECOND)
#define ALL_PHASES                                                             \
  (RT2_CAPTION_PHASE_COMMENTARY | RT2_CAPTION_PHASE_FINAL_ANSWER               \
      | RT2_CAPTION_PHASE_UNKNOWN)

/* A schedule that plays and one text pad that reads from it. */
typedef struct {
  Rig rig;
  Rt2CaptionReader *reader;
  Rt2CaptionRules rules;
  guint64 position;    /* end of the last unit, as the pad keeps it */
  gboolean gaps;       /* the pad moves on to now before each poll */
  GPtrArray *left;     /* Rt2Caption*: all that left so far */
  GArray *left_at;     /* guint64: when each of them left */
  GHashTable *cursors; /* Rt2Spoken* -> bytes of it that left */
} Stage;

/* Sentences, when heard, of everybody, all phases; 20 ms periods of PCM from
 * ODD_START on. */
void stage_init (Stage *stage);
void stage_clear (Stage *stage);

Rt2Spoken *stage_add (Stage *stage, Rt2Spoken *spoken);
/* A message of the assistant of which nothing is known yet. */
Rt2Spoken *stage_item (Stage *stage, const gchar *response_id, guint index);
/* One of which all is known: @ms of speech, @text. */
Rt2Spoken *stage_whole (Stage *stage, const gchar *response_id, guint index,
    const gchar *text, guint ms);
void stage_say (Rt2Spoken *spoken, const gchar *delta);

/* Lets everything leave that is due. Returns how many units left. */
guint stage_poll (Stage *stage, guint64 now);
/* One period plays, then the pad is asked at the instant at which it began. */
guint stage_step (Stage *stage);
void stage_run (Stage *stage, guint ms);

/* The unit that left as number @i, from 0. */
Rt2Caption *stage_nth (const Stage *stage, guint i);
/* Bytes of @spoken's text that left. */
gsize stage_cursor (const Stage *stage, Rt2Spoken *spoken);
/* All that left so far, separated by bars. */
void stage_assert_left (const Stage *stage, const gchar *expected);
/* Nothing of @spoken but white space at its end is left over. */
void stage_assert_all_left (const Stage *stage, Rt2Spoken *spoken);
