/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The items of the conversation as far as we must know them: order, kind, role,
 * text, and what became of them. Pure: no wire, no time, no threads.
 */
#pragma once

#include "rt2protocol.h"

G_BEGIN_DECLS

typedef struct _Rt2Conversation Rt2Conversation;

typedef struct {
  gchar *id;
  gchar *response_id; /* of an output item; NULL for others */
  guint output_index;
  Rt2ItemType type;
  Rt2Role role;
  gchar *text;        /* what it says, as last stated; may be NULL */
  gboolean done;      /* the server finished it */
  gboolean has_audio; /* at least one sample of it came */
} Rt2ConversationItem;

/* Items that are remembered; the oldest are forgotten beyond it. */
#define RT2_CONVERSATION_MAX_ITEMS 1000

Rt2Conversation *rt2_conversation_new (void);
void rt2_conversation_free (Rt2Conversation *conversation);
void rt2_conversation_clear (Rt2Conversation *conversation);

/* Notes an item that an event shows; later sightings complete the first. Places
 * it after @previous_item_id if that is known, else at the end. Returned item
 * belongs to the conversation, until it is removed or forgotten. */
Rt2ConversationItem *rt2_conversation_note (Rt2Conversation *conversation,
    const Rt2Item *item, const gchar *previous_item_id,
    const gchar *response_id, guint output_index);

/* NULL if unknown. */
Rt2ConversationItem *rt2_conversation_find (
    Rt2Conversation *conversation, const gchar *item_id);

void rt2_conversation_set_text (
    Rt2Conversation *conversation, const gchar *item_id, const gchar *text);
void rt2_conversation_set_has_audio (
    Rt2Conversation *conversation, const gchar *item_id);
/* FALSE if it was not known. */
gboolean rt2_conversation_remove (
    Rt2Conversation *conversation, const gchar *item_id);

/* All items in the order of the conversation: Rt2ConversationItem*, owned by
 * the conversation; the array is the caller's. */
GPtrArray *rt2_conversation_list (Rt2Conversation *conversation);
/* The assistant messages of @response_id, in that order, likewise. */
GPtrArray *rt2_conversation_messages_of (
    Rt2Conversation *conversation, const gchar *response_id);

G_END_DECLS
