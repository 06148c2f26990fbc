/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One item that is spoken, or written: its text, its samples, and when they
 * play. Pure, as the schedule that it belongs to: see rt2playout.h, also for
 * positions and times.
 */
#pragma once

#include "rt2pauses.h"

G_BEGIN_DECLS

typedef struct _Rt2Align Rt2Align;

/* @n samples of an item, from @offset on, that play without a break from @rt.
 */
typedef struct {
  guint64 rt;
  guint64 offset;
  guint64 n;
} Rt2Run;

/* So many bytes of text were known when so many samples had been received; or
 * what follows them belongs to an instant. */
typedef struct {
  gsize text;
  guint64 samples;
  guint64 due; /* running time at which the words are said, or RT2_TIME_NONE:
                * the samples tell */
} Rt2Anchor;

/* What becomes of an item's samples; settled when the first of them would be
 * placed. */
typedef enum {
  RT2_FATE_OPEN,
  RT2_FATE_SPOKEN,
  RT2_FATE_READ,    /* not placed: its words leave as if they were written */
  RT2_FATE_DROPPED, /* not placed, and no word of it leaves */
} Rt2Fate;

/* One item that is spoken, or written. Shared between the schedule and the
 * readers of its text by reference count, guarded by the element's lock. */
typedef struct {
  grefcount refs;
  guint64 seq; /* order of appearance, from 1 */
  gchar *id;
  gchar *response_id; /* NULL for what the user said */
  guint output_index;
  Rt2Role role;
  Rt2TextKind kind;
  Rt2AudioFormat format; /* of its samples */

  Rt2Phase stated_phase;  /* what the server said, or unknown */
  Rt2Phase told_phase;    /* what the bus was told last */
  gboolean followed;      /* its response has an output item after it */
  gboolean response_done; /* its response is over */
  gboolean greeting;      /* its response opens the conversation */
  gboolean shielded;      /* it is protected, whatever is set */

  GString *text;      /* all of it that is known */
  gboolean text_done; /* there is no more text to come */
  gboolean text_full; /* what came since it had as much as it may was dropped */
  gboolean timed;     /* its words belong to instants of the input, not to its
                       * samples */
  GArray *anchors;    /* Rt2Anchor, by text position */
  Rt2Align *align;    /* which word is where in its sound */

  Rt2Pauses sound;     /* where what was received pauses */
  guint64 received;    /* samples that came from the server */
  gboolean audio_done; /* there are no more samples to come */
  guint64 placed;      /* samples that got their running time */
  GArray *runs;        /* Rt2Run, by time; covers [0, placed) */
  gint carry;          /* first byte of a split sample, or -1 */
  guint64 audible;     /* its first sample that is no silence, or RT2_TIME_NONE
                        * if none came yet */
  guint underruns;     /* times it had to wait for its samples */
  guint64 underrun_samples; /* silence put in while waiting */
  gboolean ended;           /* RT2_MARK_ENDED was given, or never will be */

  Rt2Fate fate;
  guint64 read_at; /* RT2_FATE_READ: running time from which on its words leave
                    */
  gboolean shown;  /* words of it have left */
  gboolean local;  /* the server knows nothing of it */
  gboolean cancelled; /* interrupted or dropped: nothing more of it leaves */
  guint64 heard;      /* samples, once cancelled */

  guint64 speech_start; /* user: running time, or RT2_TIME_NONE */
  guint64 speech_end;
} Rt2Spoken;

#define RT2_TIME_NONE G_MAXUINT64

Rt2Spoken *rt2_spoken_ref (Rt2Spoken *spoken);
void rt2_spoken_unref (Rt2Spoken *spoken);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rt2Spoken, rt2_spoken_unref)

/* Best knowledge at this instant: the stated phase; else commentary if another
 * output item followed; else the final answer once the response is done. */
Rt2Phase rt2_spoken_phase (const Rt2Spoken *spoken);

/* The running time at which sample @offset plays; FALSE if it has none yet. */
gboolean rt2_spoken_time_of (
    const Rt2Spoken *spoken, guint64 offset, guint64 *rt);

/* How many samples of it have played when the listener's time is @rt, that is
 * running time minus latency. */
guint64 rt2_spoken_played (const Rt2Spoken *spoken, guint64 rt);

/* TRUE if every sample that it will ever have has its running time, or never
 * gets one. */
gboolean rt2_spoken_is_placed (const Rt2Spoken *spoken);

/* Words of @spoken, the next ones. Returns the bytes dropped because an item
 * has no more than RT2_SPOKEN_MAX_TEXT of text. */
gsize rt2_spoken_append_text (
    Rt2Spoken *spoken, Rt2TextKind kind, const gchar *delta);
/* The same for words that belong to the instant @due of the input. */
gsize rt2_spoken_append_text_at (
    Rt2Spoken *spoken, Rt2TextKind kind, const gchar *delta, guint64 due);
/* The end. @text is the whole text, or NULL if the deltas were it. */
gsize rt2_spoken_finish_text (Rt2Spoken *spoken, const gchar *text);
/* Bytes; nobody speaks that much in RT2_PLAYOUT_MAX. */
#define RT2_SPOKEN_MAX_TEXT (256 * 1024)

void rt2_spoken_finish_audio (Rt2Spoken *spoken);

G_END_DECLS
