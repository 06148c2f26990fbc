/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a buffer says about itself: GstRealtime2Meta, a custom meta without
 * tags, and the same as a JSON object.
 */
#pragma once

#include <gst/gst.h>

#include "rt2caption.h"

G_BEGIN_DECLS

#define GST_REALTIME2_META_NAME "GstRealtime2Meta"

/* Once per process, from plugin_init. */
void gst_realtime2_meta_register (void);

/* For a buffer of speech whose first sample of speech is number @offset of
 * @spoken. Called with the element's lock. */
void gst_realtime2_meta_add_audio (GstBuffer *buffer, const Rt2Spoken *spoken,
    guint64 offset, gboolean final, guint64 seq);

/* The fields of a caption, in a structure named GST_REALTIME2_META_NAME.
 * Called with the element's lock. */
GstStructure *gst_realtime2_meta_of_caption (
    const Rt2Caption *caption, guint64 seq);

/* Takes @fields over. */
void gst_realtime2_meta_add (GstBuffer *buffer, GstStructure *fields);

/* One line: @fields, text, pts and duration, ended by a newline. */
gchar *gst_realtime2_meta_to_json (const GstStructure *fields,
    const gchar *text, guint64 pts, guint64 duration);

G_END_DECLS
