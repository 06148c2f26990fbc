/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The agent's voice on its way out: one buffer per period from PLAYING on,
 * speech or silence, at the speed of the clock.
 */
#pragma once

#include "gstrealtime2-private.h"

G_BEGIN_DECLS

/* Makes the source of @self on its src pad @pad, which it does not own. */
GstRealtime2AudioSrc *gst_realtime2_audio_src_new (
    GstRealtime2 *self, GstPad *pad);
void gst_realtime2_audio_src_free (GstRealtime2AudioSrc *audio);

/* READY->PAUSED: forgets everything. Called with self->lock. */
void gst_realtime2_audio_src_start (
    GstRealtime2AudioSrc *audio, const GstRealtime2Settings *settings);
/* PAUSED->READY: ends the wait, once a flush that is under way is over. Called
 * with self->lock, which is released meanwhile. */
void gst_realtime2_audio_src_stop (GstRealtime2AudioSrc *audio);

/* Queues a serialized event that leaves before the next buffer; @event is taken
 * over. Called with self->lock. */
void gst_realtime2_audio_src_queue_event (
    GstRealtime2AudioSrc *audio, GstEvent *event);

/* A flush of what is downstream, in two steps. The first holds the pad's task
 * back; FALSE, and nothing done, if the stream has not begun or is over, or
 * another flush is under way. Called with self->lock. The second flushes, and
 * lets the task go on from where the timeline stands: called without locks, by
 * any thread but the task. */
gboolean gst_realtime2_audio_src_begin_flush (GstRealtime2AudioSrc *audio);
void gst_realtime2_audio_src_flush (GstRealtime2AudioSrc *audio);

/* The clock or its base changed. Called with self->lock. */
void gst_realtime2_audio_src_reschedule (GstRealtime2AudioSrc *audio);

/* The format to ask the server for: what the peer takes, PCM if it is not
 * linked. Called without locks. */
Rt2AudioFormat gst_realtime2_audio_src_choose_format (GstPad *pad);

/* The answer of every src pad to a LATENCY query. */
gboolean gst_realtime2_answer_latency (GstRealtime2 *self, GstQuery *query);

typedef struct {
  guint64 buffers;        /* pushed */
  guint64 silent_buffers; /* of them, all silence */
  guint fills;            /* times a slow neighbour missed something */
  guint64 filled;         /* ns of silence put in for it */
  guint resyncs;          /* jumps over more than the neighbour may miss */
  guint64 jumped;         /* ns that were jumped over */
} GstRealtime2AudioSrcStats;

/* Called with self->lock. */
void gst_realtime2_audio_src_get_stats (
    GstRealtime2AudioSrc *audio, GstRealtime2AudioSrcStats *stats);

G_END_DECLS
