/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The key to connect with, while the element runs: files change.
 */
#pragma once

#include "gstrealtime2-private.h"

G_BEGIN_DECLS

/* READY->PAUSED: puts the key of `api-key-file` into @settings, a copy. FALSE,
 * and a fault, if there is none. Called without locks, as all of these. */
gboolean gst_realtime2_take_key_file (
    GstRealtime2 *self, GstRealtime2Settings *settings, Rt2Fault **fault);

/* The key for the next connection; NULL if there is none. If its file can't be
 * read any more, that is told, and the last key in it serves. New string, to
 * be wiped. On the session's thread. */
gchar *gst_realtime2_newest_key (GstRealtime2 *self);

/* PAUSED->READY, once the session's thread is gone. */
void gst_realtime2_forget_key (GstRealtime2 *self);

G_END_DECLS
