/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Properties of the connection that are changed while a session is in use: the
 * conversation moves to one that is as they say. And what is told of a move
 * that does not come about.
 *
 * What is secret goes to no other server than that which it was set for. At
 * READY->PAUSED that is `uri`, whatever was set when; later it is what `uri`
 * says at the end of the g_object_set() that sets the secret.
 */
#pragma once

#include "gstrealtime2-private.h"

G_BEGIN_DECLS

void gst_realtime2_init_moves (GstRealtime2 *self);
void gst_realtime2_clear_moves (GstRealtime2 *self);

/* READY->PAUSED: the secrets in @settings are for the server that these name.
 */
void gst_realtime2_begin_moves (
    GstRealtime2 *self, const GstRealtime2Settings *settings);

/* @pspec was set and can't be read, so GObject notifies nobody of it. Called
 * without locks, from inside the setting; move_for() follows at its end. */
void gst_realtime2_note_unreadable (GstRealtime2 *self, GParamSpec *pspec);

/* All of @pspecs was set, and what was noted before. What is to be notified of
 * it: GParamSpec*, transfer container. Called without locks, on any thread. */
GPtrArray *gst_realtime2_move_for (
    GstRealtime2 *self, guint n_pspecs, GParamSpec **pspecs);

/* In the file at @path, of `api-key-file`, is @key now. Nothing is done if
 * properties of the connection are being set: then ask again. Called without
 * locks, on the session's thread. */
void gst_realtime2_move_for_file (
    GstRealtime2 *self, const gchar *path, const gchar *key);

/* The bus is told that the conversation stays where it is: @names (of
 * properties, may be NULL) have no effect, because of @message. @again: it is
 * tried again. Called without locks. */
void gst_realtime2_post_move_failed (GstRealtime2 *self, const gchar *names,
    Rt2MoveReason reason, const gchar *message, gboolean again);

G_END_DECLS
