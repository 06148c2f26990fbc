/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the session only passes on, told on the bus: idle timeouts, tones of a
 * call, speakers, tools of MCP servers, and every event of the server as it is.
 * But for making and freeing, all is called on the session's thread.
 */
#pragma once

#include "gstrealtime2-private.h"

G_BEGIN_DECLS

GstRealtime2Notices *gst_realtime2_notices_new (void);
void gst_realtime2_notices_free (GstRealtime2Notices *notices);

/* A new session begins: its items are others. */
void gst_realtime2_notices_clear (GstRealtime2Notices *notices);

/* Functions of the session's listener, see rt2session.h; `owner` is the
 * element. */
void gst_realtime2_on_notice (
    gpointer owner, const Rt2Event *event, const Rt2Utterance *silence);
void gst_realtime2_on_server_event (
    gpointer owner, const gchar *json, gsize size);

G_END_DECLS
