/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What one server is told of a conversation that another one had: which items,
 * in which words. Told again, it tells what is new since. Pure: no wire, no
 * time, no threads.
 *
 * Items keep their ids, so that nothing else must map them (but see
 * rt2_conversation_wire_id()). What the user said is told as text or, where
 * there are no words for it, as audio; what the agent said as text, for a
 * server takes no audio of its own; calls only together with their outputs.
 * Items without words, and those of MCP, can't be told.
 */
#pragma once

#include "rt2conversation.h"

G_BEGIN_DECLS

typedef struct _Rt2Seed Rt2Seed;

typedef struct {
  guint history_limit;         /* the newest items that are told; 0 = all */
  guint image_keep;            /* pictures likewise; 0 = RT2_SEED_IMAGES */
  Rt2AudioFormat input_format; /* of the server: other audio is not told */
  const gchar *summary;        /* of what is left out; or NULL */
  guint summary_of;            /* so many items, see rt2_seed_count() */
} Rt2SeedPolicy;

#define RT2_SEED_IMAGES 4

/* Makes an id for an event; the string is copied. */
typedef const gchar *(*Rt2SeedIdFunc) (gpointer user_data);

/* Of a server that was told nothing. */
Rt2Seed *rt2_seed_new (void);
/* Takes NULL. */
void rt2_seed_free (Rt2Seed *seed);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rt2Seed, rt2_seed_free)

/* The client events, gchar*, JSON, to be sent in this order, that bring the
 * server from what it was told to @conversation as it is now. Transfer full;
 * empty if there is nothing to tell. The first item is a note of ours, of the
 * role system, that says that the conversation goes on. */
GPtrArray *rt2_seed_update (Rt2Seed *seed, Rt2Conversation *conversation,
    const Rt2SeedPolicy *policy, Rt2SeedIdFunc new_id, gpointer user_data);

/* Items that could be told, but for the limit and what was forgotten of the
 * user's voice. */
guint rt2_seed_count_left_out (
    Rt2Conversation *conversation, const Rt2SeedPolicy *policy);

/* Forgets the user's voice in items that are beyond the limit. */
void rt2_seed_forget_voices (
    Rt2Conversation *conversation, const Rt2SeedPolicy *policy);

/* Items so far that could be told, and those that were forgotten. */
guint rt2_seed_count (
    Rt2Conversation *conversation, const Rt2SeedPolicy *policy);

/* Whether the server was told of the item. */
gboolean rt2_seed_has (Rt2Seed *seed, const gchar *item_id);

/* This server is the one in use now: what it was told of is present and
 * restored, all else is not there. */
void rt2_seed_mark (Rt2Seed *seed, Rt2Conversation *conversation);

/* The event that makes @item, which must be one that can be told, behind
 * @previous_item_id ("root" = before all). New string. */
gchar *rt2_seed_build_item (const Rt2ConversationItem *item,
    const gchar *previous_item_id, const gchar *event_id);

/* The id of the note. It is no item of the conversation. */
#define RT2_SEED_NOTE_ID "rt2_note"

G_END_DECLS
