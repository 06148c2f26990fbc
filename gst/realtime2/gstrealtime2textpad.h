/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A src pad for what is said: sentences when they are heard, GAP events in
 * between, so that a muxer never waits.
 */
#pragma once

#include "gstrealtime2-private.h"

G_BEGIN_DECLS

#define GST_TYPE_REALTIME2_TEXT_PAD (gst_realtime2_text_pad_get_type ())
G_DECLARE_FINAL_TYPE (GstRealtime2TextPad, gst_realtime2_text_pad, GST,
    REALTIME2_TEXT_PAD, GstPad)

/* The functions below but the last two are called with self->lock. */

/* READY->PAUSED: forgets everything. */
void gst_realtime2_text_pad_start (GstRealtime2TextPad *pad);
/* PAUSED->READY: ends the wait. */
void gst_realtime2_text_pad_stop (GstRealtime2TextPad *pad);
/* Release: ends the wait, and no other begins. */
void gst_realtime2_text_pad_close (GstRealtime2TextPad *pad);
/* The clock or its base changed. */
void gst_realtime2_text_pad_reschedule (GstRealtime2TextPad *pad);

/* Reads @spoken from now on. */
void gst_realtime2_text_pad_add (GstRealtime2TextPad *pad, Rt2Spoken *spoken);
/* Something of what it reads may be due now, or the stream is at its end. */
void gst_realtime2_text_pad_wake (GstRealtime2TextPad *pad);

/* Whether it has words that have not left. Called with self->lock. */
gboolean gst_realtime2_text_pad_is_waiting (GstRealtime2TextPad *pad);

/* Whether the pad wants to know what the user says. */
gboolean gst_realtime2_text_pad_wants_user (GstRealtime2TextPad *pad);

/* Makes a pad of @self; not added yet. Called without locks. */
GstPad *gst_realtime2_text_pad_create (
    GstRealtime2 *self, GstPadTemplate *templ, const gchar *name);

G_END_DECLS
