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

/* The key for the next connection to the server at @url: *key, NULL if there is
 * none; new string, to be wiped. FALSE if the settings are those of another
 * server by now, or are being set: their key is not for this one. If the file
 * of the key can't be read any more, that is told, and the last key that was
 * read from it for this server serves. On the session's thread. */
gboolean gst_realtime2_newest_key (
    GstRealtime2 *self, const gchar *url, gchar **key);

/* Whether the key is to be looked for in a file. */
gboolean gst_realtime2_is_key_in_file (const GstRealtime2Settings *settings);

/* @key of the file serves from now on: the watch has nothing to do for it. */
void gst_realtime2_note_key (GstRealtime2 *self, const gchar *key);

/* Looks at the file from now on, on this thread, the session's, and asks for a
 * move when the key in it is another one. To be destroyed. */
GSource *gst_realtime2_watch_key (GstRealtime2 *self);

/* PAUSED->READY, once the session's thread is gone. */
void gst_realtime2_forget_key (GstRealtime2 *self);

G_END_DECLS
