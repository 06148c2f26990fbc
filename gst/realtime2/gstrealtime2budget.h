/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The budget as the element sees it: how long it has been in use, where the
 * sentence ends that is being said, and what the bus and `stats` are told of
 * costs.
 */
#pragma once

#include "gstrealtime2-private.h"

G_BEGIN_DECLS

/* READY->PAUSED, and the end of a run. Called with self->lock. */
void gst_realtime2_budget_reset (GstRealtime2 *self);

/* READY->PAUSED: warns if there is a limit of cost and no price for what is to
 * be used. Called without locks. */
void gst_realtime2_check_prices (GstRealtime2 *self,
    const GstRealtime2Settings *settings, const Rt2SessionOptions *options,
    const Rt2SessionConfig *config);

/* Tells the session what the limits are now. Called without locks. */
void gst_realtime2_update_budget (GstRealtime2 *self);

/* Cuts what is said if the budget is spent and the sentence over. TRUE if it
 * did: then the session is to be woken. On the audio task, before a period is
 * filled; called with self->lock. */
gboolean gst_realtime2_budget_cut (GstRealtime2 *self, guint64 now);
/* An interruption: puts what was cut so in front of @heard. Called with
 * self->lock. */
void gst_realtime2_budget_take_cut (GstRealtime2 *self, GPtrArray *heard);

/* Of the session's listener. */
void gst_realtime2_on_budget_exceeded (gpointer owner, const Rt2Spent *spent);
void gst_realtime2_on_budget_raised (gpointer owner);
gboolean gst_realtime2_on_in_sentence (gpointer owner);
guint64 gst_realtime2_on_session_time (gpointer owner);
void gst_realtime2_on_unpriced (gpointer owner, const gchar *model);

/* Sets `cost` of a response with @usage, unless it is not known. From inside a
 * function of the session's listener. */
void gst_realtime2_add_cost (
    GstRealtime2 *self, const Rt2Usage *usage, GstStructure *fields);

/* The costs of @s, for `stats`. */
void gst_realtime2_add_cost_stats (
    const Rt2SessionStats *s, GstStructure *stats);

G_END_DECLS
