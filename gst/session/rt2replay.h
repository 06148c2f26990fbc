/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The user's audio of the turns in progress: what was sent and is not answered,
 * so that it can be sent again on another connection. A ring, bounded in time,
 * with marks where turns began, ended, and were committed by us. Pure.
 *
 * Positions are ns appended on this connection, as rt2inputclock.h counts them.
 */
#pragma once

#include "rt2types.h"

G_BEGIN_DECLS

typedef struct _Rt2Replay Rt2Replay;

/* What is to be sent again, in this order. */
typedef struct {
  GBytes *audio; /* NULL: the turn is to be committed here */
  Rt2AudioFormat format;
  guint64 rt; /* running time of its first sample, as it was */
} Rt2ReplayStep;

void rt2_replay_step_free (Rt2ReplayStep *step);

/* @limit: ns of audio that are kept; 0 = none. */
Rt2Replay *rt2_replay_new (guint64 limit);
void rt2_replay_free (Rt2Replay *replay);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rt2Replay, rt2_replay_free)

/* --- what happens on this connection --- */

/* Audio was sent; its running time is @rt, G_MAXUINT64 = silence of ours. */
void rt2_replay_append (
    Rt2Replay *replay, Rt2AudioFormat format, GBytes *audio, guint64 rt);
/* The server's VAD hears speech since @start. */
void rt2_replay_speech (Rt2Replay *replay, guint64 start);
/* A turn from @start to @end was committed, by us: @ours, or by the VAD. */
void rt2_replay_turn (
    Rt2Replay *replay, guint64 start, guint64 end, gboolean ours);
/* The server has the oldest turn, of @ours or not, that it was not known to
 * have: as @item_id, NULL if it does not say. Speech that began before its end
 * is in it. */
void rt2_replay_name (Rt2Replay *replay, gboolean ours, const gchar *item_id);
/* The oldest of ours that the server is not known to have is no turn. */
void rt2_replay_refused (Rt2Replay *replay);
/* The turn @item_id needs no answer (any more). */
void rt2_replay_settle (Rt2Replay *replay, const gchar *item_id);
/* All up to @position is through, turns that end there, too. */
void rt2_replay_settle_until (Rt2Replay *replay, guint64 position);
/* What was sent and not committed is void. */
void rt2_replay_clear (Rt2Replay *replay);
/* The user interrupted: no turn gets an answer of its own any more, nor one
 * that the server is not known to have yet once it has it. */
void rt2_replay_interrupted (Rt2Replay *replay);
/* A response begins: it answers all turns that the server has. */
void rt2_replay_answering (Rt2Replay *replay);
/* It is over, or some of it was heard: they are answered. */
void rt2_replay_answered (Rt2Replay *replay);
/* The server lives: it has heard what was sent a while ago. */
void rt2_replay_alive (Rt2Replay *replay);

/* --- what is asked --- */

/* The audio from @start to @end, as far as it is kept and of one format, that
 * of its end; NULL if none is. Transfer full. */
GBytes *rt2_replay_get (
    Rt2Replay *replay, guint64 start, guint64 end, Rt2AudioFormat *format);
/* The names of the turns that are not answered: gchar*, transfer full. */
GPtrArray *rt2_replay_list (Rt2Replay *replay);

typedef enum {
  RT2_REPLAY_SPEECH, /* a VAD finds the turns: silence is not sent again */
  RT2_REPLAY_ALL,    /* it is us who end them: all since the last is */
} Rt2ReplayMode;

/* How many turns wait for an answer that the VAD committed. */
guint rt2_replay_n_found (const Rt2Replay *replay);
/* ns of what was said and not answered, kept or not. */
guint64 rt2_replay_unanswered (Rt2Replay *replay, Rt2ReplayMode mode);

/* Whether some of that was loud and is not kept. */
gboolean rt2_replay_lacks_words (Rt2Replay *replay, Rt2ReplayMode mode);

/* The connection is over. What is to be sent again on the next, with @padding
 * ns before speech: Rt2ReplayStep*, transfer full. *@missing: ns of what was
 * said and not answered that are not kept. All is forgotten here. */
GPtrArray *rt2_replay_take (
    Rt2Replay *replay, Rt2ReplayMode mode, guint64 padding, guint64 *missing);

/* Turns kept apart; beyond it the two oldest count as one. */
#define RT2_REPLAY_MAX_TURNS 64
/* ns: what was sent so long before a sign of life has been heard, and what the
 * server says to it is not on its way any more. A thin line keeps that back for
 * seconds, while it brings what is older. */
#define RT2_REPLAY_HEARD_AFTER (G_GUINT64_CONSTANT (10000) * 1000000)

G_END_DECLS
