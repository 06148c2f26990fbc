/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The schedule: which sample of which item plays at which running time. Pure
 * arithmetic: running times come in as arguments, no clock is ever asked, no
 * pad and no network is known here. Not thread-safe: the element calls it under
 * its own lock.
 *
 * Positions within an item are samples from the item's first one. Times are
 * nanoseconds of running time.
 */
#pragma once

#include "rt2spoken.h"

G_BEGIN_DECLS

typedef struct _Rt2Playout Rt2Playout;

Rt2Playout *rt2_playout_new (void);
void rt2_playout_free (Rt2Playout *playout);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rt2Playout, rt2_playout_free)

/* Drops everything; the stats stay. */
void rt2_playout_clear (Rt2Playout *playout);

/* Drops everything, forgets the stats and takes @format from now on. */
void rt2_playout_reset (Rt2Playout *playout, Rt2AudioFormat format);

/* What lies between src and the listener's ear, in ns: the latency of the
 * pipeline plus what is beyond it. */
void rt2_playout_set_latency (Rt2Playout *playout, guint64 latency);
guint64 rt2_playout_get_latency (const Rt2Playout *playout);
/* How much of that is beyond the pipeline, where no flush takes it back. */
void rt2_playout_set_beyond (Rt2Playout *playout, guint64 beyond);

/* What becomes of items whose phase is commentary. An item is judged by what is
 * known when its first sample would be placed: a phase that is not known then,
 * or a policy that comes later, changes nothing. */
typedef enum {
  RT2_COMMENTARY_PLAY,
  RT2_COMMENTARY_TEXT_ONLY, /* not heard; read by whoever reads */
  RT2_COMMENTARY_DROP,      /* neither; see RT2_MARK_DROPPED */
} Rt2CommentaryPolicy;

/* Kept by rt2_playout_reset(). */
void rt2_playout_set_commentary (
    Rt2Playout *playout, Rt2CommentaryPolicy policy);

/* --- what the server says. Unknown ids make a new item. --- */

/* An assistant message. Known ids keep their item. The schedule owns the item;
 * take a reference to keep it. */
Rt2Spoken *rt2_playout_item (Rt2Playout *playout, const gchar *response_id,
    const gchar *item_id, guint output_index);
/* Something the user said; never has samples. */
Rt2Spoken *rt2_playout_user_item (Rt2Playout *playout, const gchar *item_id);
/* NULL if not known (any more). */
Rt2Spoken *rt2_playout_find (Rt2Playout *playout, const gchar *item_id);

/* An output item of another kind than message: what stands before it in the
 * response is commentary. */
void rt2_playout_other_item (
    Rt2Playout *playout, const gchar *response_id, guint output_index);

/* Bytes of @spoken's audio in the session's format; a split sample is carried
 * over. Returns the samples dropped because RT2_PLAYOUT_MAX was reached. */
guint64 rt2_playout_append_audio (
    Rt2Playout *playout, Rt2Spoken *spoken, GBytes *audio);
/* The same for audio that belongs to the instant @due of the input: it plays
 * then, or right away if that is past. What is late leaves out its pauses until
 * it has caught up. */
guint64 rt2_playout_append_audio_at (
    Rt2Playout *playout, Rt2Spoken *spoken, GBytes *audio, guint64 due);
/* Nanoseconds of speech that may wait. The newest is dropped beyond it. */
#define RT2_PLAYOUT_MAX (G_GUINT64_CONSTANT (30) * 60 * 1000000000)

/* Nothing more comes for any item of @response_id; NULL = of any response. */
void rt2_playout_finish_response (
    Rt2Playout *playout, const gchar *response_id);

/* --- the schedule --- */

/* What one period of output holds. */
typedef struct {
  guint n_speech;    /* samples of speech in it; the rest is silence */
  Rt2Spoken *spoken; /* of the first of them, owned by the schedule
                      * until the next call; NULL if n_speech is 0 */
  guint64 offset;    /* of that sample in its item */
  gboolean final;    /* it holds the last sample of that item */
} Rt2Slot;

/* Fills @out with @n samples that play at @rt: speech that waits, then silence.
 * Called once per period, with rising @rt. */
void rt2_playout_take (
    Rt2Playout *playout, guint64 rt, guint8 *out, guint n, Rt2Slot *slot);

/* Fills @out with @n samples of silence; speech keeps waiting. */
void rt2_playout_skip (Rt2Playout *playout, guint8 *out, guint n);

/* Items that begin, end or are left out, in the order of the schedule. */
typedef enum {
  RT2_MARK_STARTED, /* its first sample was placed */
  RT2_MARK_ENDED,   /* its last sample was placed */
  RT2_MARK_READ,    /* none will be: its words are due from now on */
  RT2_MARK_DROPPED, /* none will be, and nobody reads it: the server should
                     * forget that it was said */
} Rt2MarkKind;

/* The next mark since the last call, FALSE if there is none. Caller owns the
 * reference in @spoken. */
gboolean rt2_playout_pop_mark (
    Rt2Playout *playout, Rt2MarkKind *kind, Rt2Spoken **spoken);

/* Nanoseconds of speech that wait for their turn. */
guint64 rt2_playout_queued (const Rt2Playout *playout);

/* TRUE from the first sample of speech until nothing waits and no item that
 * has begun expects more. */
gboolean rt2_playout_is_speaking (const Rt2Playout *playout);

/* The item that is being spoken, or comes next as far as is known now; NULL if
 * there is none. The schedule owns it. */
Rt2Spoken *rt2_playout_speaker (const Rt2Playout *playout);

typedef struct {
  guint64 spoken_samples;   /* placed in all */
  guint64 dropped_samples;  /* cut by interruptions */
  guint underruns;          /* times an item had to wait for its samples; that
                             * no more came is no reason to wait */
  guint64 underrun_samples; /* silence put in while waiting */
} Rt2PlayoutStats;

void rt2_playout_get_stats (const Rt2Playout *playout, Rt2PlayoutStats *stats);

/* --- the listener's ear --- */

/* When that sounds which has the running time @rt on src. It holds for
 * transcription and translation as well: src is behind the clock there, and the
 * latency that the pipeline was told of includes it. */
guint64 rt2_playout_sounds_at (const Rt2Playout *playout, guint64 rt);

/* TRUE if speech sounded at any instant from @from to @to, running time of the
 * clock; pauses in an item and fades are speech. What is not placed yet is not
 * known, and of what lies far back only the last RT2_SOUNDING_MAX intervals
 * are. */
gboolean rt2_playout_was_audible (
    const Rt2Playout *playout, guint64 from, guint64 to);

/* --- an answer that breaks off --- */

/* Drops all items of @response_id if nothing of them has left: not a sample was
 * placed, no word was shown. Else nothing changes, and FALSE. */
gboolean rt2_playout_retract (Rt2Playout *playout, const gchar *response_id);

/* --- interruption --- */

/* Items that an interruption leaves alone. */
typedef enum {
  RT2_PROTECT_GREETING = 1 << 0,   /* of the response marked as greeting */
  RT2_PROTECT_COMMENTARY = 1 << 1, /* whose phase is known as commentary */
  RT2_PROTECT_ALL = 1 << 2,
} Rt2Protect;

/* Kept by rt2_playout_reset(). */
void rt2_playout_set_protect (Rt2Playout *playout, Rt2Protect protect);

/* @response_id opens the conversation: its items, those to come too. @always:
 * they are protected whatever the flags say. */
void rt2_playout_mark_opening (
    Rt2Playout *playout, const gchar *response_id, gboolean always);

/* TRUE while the item that is being spoken, or is the next to be, is protected.
 */
gboolean rt2_playout_is_protected (Rt2Playout *playout);

/* Whether a flush downstream would take something away at @now, and nothing
 * that is protected. */
gboolean rt2_playout_may_flush (Rt2Playout *playout, guint64 now);

/* Drops the speech that waits, from the first item on that is not protected,
 * but for a fade of RT2_PLAYOUT_FADE that keeps the cut from clicking: no step
 * in it is larger than those of the speech plus one in N, N being the samples
 * of the fade. Protected items in front of that play to their end.
 *
 * Returns, in playing order, each item that was cut before it was heard to its
 * end: Rt2Heard*, transfer full. Without a flush what is already downstream
 * still sounds and counts; with @flush only what had left the pipeline by @now
 * counts, heard already or not, and there is no fade: ask
 * rt2_playout_may_flush() first. `heard_text` is left NULL. */
GPtrArray *rt2_playout_interrupt (
    Rt2Playout *playout, guint64 now, gboolean flush);
/* ns */
#define RT2_PLAYOUT_FADE (G_GUINT64_CONSTANT (8) * 1000000)

G_END_DECLS
