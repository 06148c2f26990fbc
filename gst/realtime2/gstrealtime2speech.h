/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is said, by the user and by the agent: from the session's news to the
 * schedule, the text pads and the bus. These are functions of the session's
 * listener, see rt2session.h; `owner` is the element.
 */
#pragma once

#include "gstrealtime2-private.h"

G_BEGIN_DECLS

void gst_realtime2_on_speech_started (
    gpointer owner, const Rt2Utterance *utterance);
void gst_realtime2_on_speech_stopped (
    gpointer owner, const Rt2Utterance *utterance);
void gst_realtime2_on_turn_dismissed (
    gpointer owner, const gchar *item_id, guint64 duration);
void gst_realtime2_on_user_text (gpointer owner, const Rt2Utterance *utterance,
    const gchar *text, gboolean final);
void gst_realtime2_on_response_started (
    gpointer owner, const gchar *response_id, Rt2Opening opening);
void gst_realtime2_on_phase (
    gpointer owner, const gchar *item_id, Rt2Phase phase);
void gst_realtime2_on_response_done (
    gpointer owner, const Rt2Response *response, gboolean out_of_band);
void gst_realtime2_on_item (
    gpointer owner, const Rt2Place *place, const Rt2Item *item, gboolean done);
void gst_realtime2_on_audio (
    gpointer owner, const Rt2Place *place, GBytes *audio);
void gst_realtime2_on_audio_done (gpointer owner, const Rt2Place *place);
void gst_realtime2_on_text (gpointer owner, const Rt2Place *place,
    Rt2TextKind kind, const gchar *text, gboolean final);
gboolean gst_realtime2_on_retract (gpointer owner, const gchar *response_id);
gboolean gst_realtime2_on_is_protected (gpointer owner);
GPtrArray *gst_realtime2_on_interrupt (gpointer owner);

/* The words of each Rt2Heard that fit into what was heard of it. Called with
 * self->lock. */
void gst_realtime2_fill_heard_text (GstRealtime2 *self, GPtrArray *heard);

G_END_DECLS
