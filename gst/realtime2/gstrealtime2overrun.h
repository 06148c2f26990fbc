/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What did not fit into what is said, or heard: counted where it is dropped,
 * told on the bus in sums, so that it does not fill that, too.
 */
#pragma once

#include "gstrealtime2-private.h"
#include "rt2drops.h"

G_BEGIN_DECLS

/* Of self->overruns; called with self->lock. Speech in ns, words in bytes, and
 * items of which a text pad will not show any more. */
void gst_realtime2_note_lost_speech (GstRealtime2 *self, guint64 duration);
void gst_realtime2_note_lost_text (GstRealtime2 *self, gsize size);
void gst_realtime2_note_lost_item (GstRealtime2 *self);

/* Posts `overrun` for what was lost and not told: the first loss at once, then
 * once a second, and @all = whatever is left. Called without locks, on the
 * session's thread or when that has ended. */
void gst_realtime2_tell_overruns (GstRealtime2 *self, gboolean all);

/* Posts `overrun` for what was lost of the input, because of @reason. Called
 * without locks. */
void gst_realtime2_post_drops (
    GstRealtime2 *self, const gchar *reason, const Rt2DropsNews *news);

G_END_DECLS
