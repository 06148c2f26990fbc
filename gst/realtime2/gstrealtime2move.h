/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Properties of the connection that are changed while a session is in use: the
 * conversation moves to one that is as they say.
 */
#pragma once

#include "gstrealtime2-private.h"

G_BEGIN_DECLS

/* @pspecs were set. Called without locks, on any thread. */
void gst_realtime2_move_for (
    GstRealtime2 *self, guint n_pspecs, GParamSpec **pspecs);

G_END_DECLS
