/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A sink pad for what is written: each line becomes a message of the
 * conversation, at its time if it has one.
 */
#pragma once

#include "gstrealtime2-private.h"

G_BEGIN_DECLS

#define GST_TYPE_REALTIME2_TEXT_SINK (gst_realtime2_text_sink_get_type ())
G_DECLARE_FINAL_TYPE (GstRealtime2TextSink, gst_realtime2_text_sink, GST,
    REALTIME2_TEXT_SINK, GstPad)

/* Makes a pad of @self; not added yet. Called without locks. */
GstPad *gst_realtime2_text_sink_create (
    GstRealtime2 *self, GstPadTemplate *templ, const gchar *name);

/* The functions below are called with self->lock. */

/* PAUSED->READY: ends the wait. */
void gst_realtime2_text_sink_stop (GstRealtime2TextSink *sink);
/* Release: ends the wait, and no other begins. */
void gst_realtime2_text_sink_close (GstRealtime2TextSink *sink);
/* The clock or its base changed. */
void gst_realtime2_text_sink_reschedule (GstRealtime2TextSink *sink);

G_END_DECLS
