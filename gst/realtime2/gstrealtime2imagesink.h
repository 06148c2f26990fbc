/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A sink pad for pictures. The newest is kept; it is sent on demand, when the
 * user takes a turn, or from time to time. Nothing upstream ever waits.
 */
#pragma once

#include "gstrealtime2-private.h"
#include "rt2command.h"

G_BEGIN_DECLS

#define GST_TYPE_REALTIME2_IMAGE_SINK (gst_realtime2_image_sink_get_type ())
G_DECLARE_FINAL_TYPE (GstRealtime2ImageSink, gst_realtime2_image_sink, GST,
    REALTIME2_IMAGE_SINK, GstPad)

/* Makes a pad of @self; not added yet. Called without locks. */
GstPad *gst_realtime2_image_sink_create (
    GstRealtime2 *self, GstPadTemplate *templ, const gchar *name);

/* Forgets the picture. Called with self->lock. */
void gst_realtime2_image_sink_clear (GstRealtime2ImageSink *sink);

/* Sends the newest picture, unless it is the last that was sent. FALSE if there
 * is none, or nothing runs. Any thread, without locks. */
gboolean gst_realtime2_send_newest_image (GstRealtime2 *self);
/* The same if the user's turns are when to send. */
void gst_realtime2_show_turn (GstRealtime2 *self);
/* The conversation begins anew: no picture is in it. Without locks. */
void gst_realtime2_forget_sent_image (GstRealtime2 *self);

/* A command to send @data as a picture, as the properties say. NULL and @error
 * if it is too big, or no picture. Without locks. */
Rt2Command *gst_realtime2_make_image_command (
    GstRealtime2 *self, GBytes *data, const gchar *media_type, GError **error);

G_END_DECLS
