/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The figures of a conversation: how long each turn of the user waited until
 * the answer was audible, and how smoothly the answer was spoken. Pure: times
 * come in as arguments, all are nanoseconds of running time. Not thread-safe:
 * the element calls it under its own lock.
 *
 * A turn is answered by the first response that starts after its end. If that
 * one calls a function, the next response goes on with the answer.
 */
#pragma once

#include "rt2playout.h"

G_BEGIN_DECLS

typedef struct _Rt2Figures Rt2Figures;

/* From the instant at which the user stopped speaking to the first audible
 * sample at the listener's ear. The parts add up to the total. */
typedef struct {
  gboolean known; /* else the rest is 0 */
  guint64 total;
  guint64 turn;   /* until the end of the turn was certain */
  guint64 server; /* from then until the first audio came */
  guint64 output; /* from then until it sounded */
} Rt2Latency;

/* What of an answer is waited for. */
typedef enum {
  RT2_ANSWER_ANY, /* whatever sounds first */
  RT2_ANSWER_COMMENTARY,
  RT2_ANSWER_FINAL,
  RT2_N_ANSWERS
} Rt2Answer;

/* One response, as far as it is known. */
typedef struct {
  gchar *id;
  gboolean has_audio;   /* the server sent any */
  gboolean complete;    /* the server finished it */
  gboolean interrupted; /* some of it was not heard */
  Rt2Latency latencies[RT2_N_ANSWERS];
  guint64 first;  /* when its first audible sample sounds, or RT2_TIME_NONE */
  guint64 end;    /* when what was placed of it has sounded, or RT2_TIME_NONE */
  guint64 played; /* ns of it that were or will be heard */
  guint64 dropped;  /* ns that came and will not */
  guint underruns;  /* times it had to wait for its samples */
  guint64 underrun; /* ns of silence put in while waiting */
  guint slips;      /* times it went on later than the sample before ended, for
                     * whatever reason */
  guint64 slip;     /* ns of that in all */
} Rt2ResponseFigures;

/* Frees what is inside. */
void rt2_response_figures_clear (Rt2ResponseFigures *figures);

Rt2Figures *rt2_figures_new (void);
void rt2_figures_free (Rt2Figures *figures);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rt2Figures, rt2_figures_free)
void rt2_figures_reset (Rt2Figures *figures);

/* --- what happens; RT2_TIME_NONE = the time is not known --- */

/* The end of a turn is certain at @now; the user stopped speaking at
 * @speech_end. */
void rt2_figures_turn_ended (
    Rt2Figures *figures, guint64 speech_end, guint64 now);
/* @aside: it answers no turn: the agent's opening. Known ids change nothing. */
void rt2_figures_response_started (
    Rt2Figures *figures, const gchar *response_id, gboolean aside);
/* The response calls a function. */
void rt2_figures_function_called (
    Rt2Figures *figures, const gchar *response_id);
/* Samples were appended to @spoken; to be called for each piece. */
void rt2_figures_audio_came (
    Rt2Figures *figures, Rt2Spoken *spoken, guint64 now);
/* The server finished the response (NULL: no more comes of any). */
void rt2_figures_response_done (
    Rt2Figures *figures, const gchar *response_id, gboolean complete);
/* The response was taken back unheard: it is forgotten, and its turn waits for
 * another. */
void rt2_figures_retracted (Rt2Figures *figures, const gchar *response_id);
/* A period was placed; what is placed sounds @latency later. */
void rt2_figures_placed (Rt2Figures *figures, guint64 latency);

/* --- what is known --- */

/* The response so far; FALSE if it is not known (any more). Caller clears
 * @out. */
gboolean rt2_figures_look_up (
    Rt2Figures *figures, const gchar *response_id, Rt2ResponseFigures *out);
/* The next response of which nothing more comes and all was placed or cut; it
 * is forgotten. FALSE if there is none. Caller clears @out. */
gboolean rt2_figures_pop (Rt2Figures *figures, Rt2ResponseFigures *out);

/* What is summed up over the run. */
typedef enum {
  RT2_SERIES_LATENCY, /* of RT2_ANSWER_ANY, and its parts */
  RT2_SERIES_TURN,
  RT2_SERIES_SERVER,
  RT2_SERIES_OUTPUT,
  RT2_SERIES_COMMENTARY, /* totals */
  RT2_SERIES_FINAL,
  RT2_N_SERIES
} Rt2Series;

/* Turns whose percentiles are kept: the last ones. */
#define RT2_FIGURES_WINDOW 256

typedef struct {
  guint count;      /* turns measured */
  guint64 last;     /* 0 if count is, like all that follow */
  guint64 p50, p95; /* of the last RT2_FIGURES_WINDOW: the smallest value that
                     * so many of 100 do not exceed */
  guint64 max;      /* of all */
} Rt2Summary;

void rt2_figures_sum_up (
    const Rt2Figures *figures, Rt2Series series, Rt2Summary *summary);

/* Slips of all responses. */
void rt2_figures_get_slips (
    const Rt2Figures *figures, guint *slips, guint64 *time);

G_END_DECLS
