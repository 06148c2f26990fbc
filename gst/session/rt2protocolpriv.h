/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of the protocol share with one another and with their tests.
 */
#pragma once

#include "rt2json.h"
#include "rt2protocol.h"

G_BEGIN_DECLS

/* The two ways that rt2_event_parse() takes. The first knows audio deltas in
 * the usual form only and returns NULL for all else, valid or not; where it
 * returns an event, the second returns an equal one. */
Rt2Event *rt2_event_parse_delta (const gchar *text, gsize size);
Rt2Event *rt2_event_parse_general (
    const gchar *text, gsize size, GError **error);

/* Sets *id to a copy of the string member @name, or NULL if there is none.
 * FALSE if it is longer than RT2_PROTOCOL_MAX_SERVER_ID. */
gboolean rt2_protocol_take_id (
    JsonObject *object, const gchar *name, gchar **id, GError **error);

/* The objects inside events. @object may be NULL everywhere: it is then empty.
 * Results that need ids are NULL with an error if one is too long. */
Rt2Item *rt2_item_parse (JsonObject *object, GError **error);
Rt2Response *rt2_response_parse (JsonObject *object, GError **error);
Rt2SessionInfo *rt2_session_info_parse (JsonObject *object, GError **error);
Rt2ServerError *rt2_server_error_parse (JsonObject *event);
GPtrArray *rt2_rate_limits_parse (JsonArray *array);
void rt2_usage_parse (JsonObject *object, Rt2Usage *usage);

/* All take NULL. */
void rt2_item_free (Rt2Item *item);
void rt2_response_free (Rt2Response *response);
void rt2_session_info_free (Rt2SessionInfo *info);
void rt2_server_error_free (Rt2ServerError *error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rt2Item, rt2_item_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rt2Response, rt2_response_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rt2SessionInfo, rt2_session_info_free)

G_END_DECLS
