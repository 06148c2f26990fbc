/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The figures of rt2figures.h on the bus and in `stats`: what the session says
 * is noted with the running time at which it does. `owner` is the element.
 */
#pragma once

#include "gstrealtime2-private.h"

G_BEGIN_DECLS

/* Of the session's listener, see rt2session.h. */
void gst_realtime2_on_turn_ended (gpointer owner, guint64 speech_end);

/* What is known of the response by now, as fields of its message. Called
 * without locks. */
void gst_realtime2_add_figures (
    GstRealtime2 *self, const gchar *response_id, GstStructure *fields);

/* Nothing more of the response (NULL: of any) comes from the server. Reports it
 * if all of it has its place. Called without locks. */
void gst_realtime2_finish_figures (
    GstRealtime2 *self, const gchar *response_id, gboolean complete);

/* Posts `response-heard` for each response of which nothing is left to be
 * placed. Called without locks. */
void gst_realtime2_report_heard (GstRealtime2 *self);

/* The fields of `stats`. Called without locks. */
void gst_realtime2_add_figure_stats (GstRealtime2 *self, GstStructure *stats);

G_END_DECLS
