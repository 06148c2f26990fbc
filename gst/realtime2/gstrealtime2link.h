/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The link between the element and its session: the thread that the session
 * lives on, and what its news mean for schedule, text pads and bus.
 */
#pragma once

#include "gstrealtime2-private.h"

G_BEGIN_DECLS

GstRealtime2Link *gst_realtime2_link_new (GstRealtime2 *self);
void gst_realtime2_link_free (GstRealtime2Link *link);

/* READY->PAUSED: starts the thread and to connect; never waits for the network.
 * Takes @options over. Called without locks. */
void gst_realtime2_link_start (GstRealtime2Link *link,
    Rt2SessionOptions *options, const Rt2SessionConfig *config);

/* PAUSED->READY: ends the thread and waits for that. Called without locks, and
 * never on that thread. */
void gst_realtime2_link_stop (GstRealtime2Link *link);

/* The functions below may be called by any thread, without locks; they do
 * nothing while there is no session. */
void gst_realtime2_link_wake (GstRealtime2Link *link);
void gst_realtime2_link_finish (GstRealtime2Link *link);
void gst_realtime2_link_set_config (
    GstRealtime2Link *link, const Rt2SessionConfig *config);
void gst_realtime2_link_set_budget (GstRealtime2Link *link, Rt2Budget budget);
/* See rt2_session_set_event_log(). */
void gst_realtime2_link_set_event_log (
    GstRealtime2Link *link, const gchar *path, gboolean with_audio);
/* The session is to be at @options' transport and model from now on, because
 * @names (of properties) were changed. */
void gst_realtime2_link_move (GstRealtime2Link *link,
    const Rt2SessionOptions *options, Rt2MoveReason reason, const gchar *names);
/* The server that the session is at, or was last in this run: its URI without
 * query. NULL if there was none. New string. */
gchar *gst_realtime2_link_dup_uri (GstRealtime2Link *link);

/* What kind of session it is; only while there is one. */
Rt2SessionType gst_realtime2_link_get_type (GstRealtime2Link *link);
void gst_realtime2_link_forget_item (
    GstRealtime2Link *link, const gchar *item_id);

/* Takes @command over; FALSE if there is no session, or too much waits. */
gboolean gst_realtime2_link_command (
    GstRealtime2Link *link, Rt2Command *command);

/* PAUSED->PLAYING: an error that waited for it is posted. */
void gst_realtime2_link_set_playing (GstRealtime2Link *link);

/* The session's thread owns it; NULL while there is none. Called on that
 * thread, or where none can begin or end. */
GMainContext *gst_realtime2_link_get_context (GstRealtime2Link *link);

/* From inside a function of the session's listener: a copy of @text without the
 * key of the connection. */
gchar *gst_realtime2_link_redact (GstRealtime2Link *link, const gchar *text);

/* From inside a function of the session's listener: what a response with @usage
 * costs. FALSE if that is not known. */
gboolean gst_realtime2_link_price (
    GstRealtime2Link *link, const Rt2Usage *usage, Rt2Money *cost);

/* From inside the session's response_done(), see rt2_session_asked_itself(). */
gboolean gst_realtime2_link_asked_itself (GstRealtime2Link *link);

/* Whether there is a session to configure. */
gboolean gst_realtime2_link_is_running (GstRealtime2Link *link);

/* Those of the last session if there is none now. */
void gst_realtime2_link_get_stats (
    GstRealtime2Link *link, Rt2SessionStats *stats);

G_END_DECLS
