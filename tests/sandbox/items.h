/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a conversation item may hold, and making items. */
#ifndef SANDBOX_ITEMS_H
#define SANDBOX_ITEMS_H

#include "conversation.h"

G_BEGIN_DECLS

/* An item that a client may create. */
gboolean items_check (JsonNode *value, const gchar *path, Fault *fault);
/* The same, or an item_reference. */
gboolean items_check_input (JsonNode *value, const gchar *path, Fault *fault);

/* A checked client item: gets an id and a status; its audio leaves the JSON.
 * format: of input audio. */
Item *items_from_client (JsonObject *object, GRand *rand, AudioFormat format,
    Conversation *conversation, const gchar *after, Fault *fault);

Item *items_new_user_audio (const gchar *id);
/* Still in progress and empty. phase may be NULL. */
Item *items_new_assistant (GRand *rand, const gchar *phase);
/* call_id NULL: a new one. */
Item *items_new_call (
    GRand *rand, const gchar *name, const gchar *call_id, const gchar *phase);
/* What servers' tools are about; none of these has a status. */
Item *items_new_tool_list (GRand *rand, const gchar *label);
/* request_id: of the granted request, or NULL. */
Item *items_new_mcp_call (GRand *rand, const gchar *label, const gchar *name,
    const gchar *request_id);
Item *items_new_approval_request (const gchar *id, const gchar *label,
    const gchar *name, const gchar *arguments);

/* A copy for an event, with or without the phase. */
JsonObject *items_show (Item *item, gboolean with_phase);
/* A copy with the audio in it. */
JsonObject *items_show_audio (Item *item);

G_END_DECLS

#endif
