/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The user's voice on its way in: caps, pieces, pace, the bounded queue to the
 * session, and the end of it.
 */
#pragma once

#include "gstrealtime2-private.h"
#include "rt2session.h"

G_BEGIN_DECLS

/* Makes the input of @self on its sink pad @pad, which it does not own. */
GstRealtime2Input *gst_realtime2_input_new (GstRealtime2 *self, GstPad *pad);
void gst_realtime2_input_free (GstRealtime2Input *input);

/* READY->PAUSED: forgets everything; @settings are those of this run. Called
 * with self->lock. */
void gst_realtime2_input_start (
    GstRealtime2Input *input, const GstRealtime2Settings *settings);
/* PAUSED->READY: ends every wait. Called with self->lock. */
void gst_realtime2_input_stop (GstRealtime2Input *input);
/* After that: what was lost and not told yet is told. Called without locks. */
void gst_realtime2_input_tell_rest (GstRealtime2Input *input);

/* With @mute, what is captured while the agent is heard, and for @tail ns
 * after, is replaced by silence from now on. Called with self->lock. */
void gst_realtime2_input_set_gate (
    GstRealtime2Input *input, gboolean mute, guint64 tail);

/* The next piece for the session; FALSE if there is none. Any thread, without
 * locks. */
gboolean gst_realtime2_input_pull (
    GstRealtime2Input *input, Rt2UplinkPiece *piece);

/* TRUE if as many commands wait as may. Any thread, without locks. */
gboolean gst_realtime2_input_is_full (GstRealtime2Input *input);
/* Puts @command behind the audio that came before it, and takes it over. FALSE,
 * and it is not taken, if the session has the end of the audio already; then
 * nothing is left to be behind. Any thread, without locks. */
gboolean gst_realtime2_input_command (
    GstRealtime2Input *input, Rt2Command *command);

/* An EOS that came another way than through the pad. Takes @event over. */
void gst_realtime2_input_end (GstRealtime2Input *input, GstEvent *event);

/* Running time of the end of what came, or NONE. Called with self->lock. */
guint64 gst_realtime2_input_position (const GstRealtime2Input *input);

/* The clock or its base changed. Called with self->lock. */
void gst_realtime2_input_reschedule (GstRealtime2Input *input);

typedef struct {
  guint64 queued;  /* ns that wait */
  guint64 dropped; /* ns dropped since READY->PAUSED */
  guint64 muted;   /* ns replaced by silence since then */
} GstRealtime2InputStats;

/* Called with self->lock. */
void gst_realtime2_input_get_stats (
    GstRealtime2Input *input, GstRealtime2InputStats *stats);

G_END_DECLS
