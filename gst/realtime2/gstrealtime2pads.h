/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pads that come and go: text_src_%u, text_sink and image_sink; all pads by
 * name, for text_src_0::roles=user; and when the input as a whole is at its
 * end.
 */
#pragma once

#include "gstrealtime2-private.h"

G_BEGIN_DECLS

/* Functions of the element's class. */
GstPad *gst_realtime2_request_pad (GstElement *element, GstPadTemplate *templ,
    const gchar *wanted, const GstCaps *caps);
void gst_realtime2_release_pad (GstElement *element, GstPad *pad);
void gst_realtime2_child_proxy_init (gpointer iface, gpointer data);

/* The next three are called with self->lock. */
void gst_realtime2_pads_start (GstRealtime2 *self);
void gst_realtime2_pads_stop (GstRealtime2 *self);
void gst_realtime2_pads_reschedule (GstRealtime2 *self);

/* EOS came on @pad, the sink pad or text_sink. The input is at its end when all
 * of them are that are linked; pictures do not count. Takes @event over. Called
 * without locks. */
void gst_realtime2_pad_ended (GstRealtime2 *self, GstPad *pad, GstEvent *event);

G_END_DECLS
