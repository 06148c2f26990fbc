/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Properties of the connection that are changed while a session is in use, or
 * the key in the file that they name: the conversation moves to one that is as
 * they say.
 */
#pragma once

#include "gstrealtime2-private.h"

G_BEGIN_DECLS

/* @pspecs were set. Called without locks, on any thread. */
void gst_realtime2_move_for (
    GstRealtime2 *self, guint n_pspecs, GParamSpec **pspecs);

/* In the file at @path, of `api-key-file`, is @key now. Nothing is done if
 * properties of the connection are being set: then ask again. Called without
 * locks, on the session's thread. */
void gst_realtime2_move_for_file (
    GstRealtime2 *self, const gchar *path, const gchar *key);

G_END_DECLS
