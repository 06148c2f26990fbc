/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The conversation: items in order. Knows no event. */
#ifndef SANDBOX_CONVERSATION_H
#define SANDBOX_CONVERSATION_H

#include "audio.h"
#include "wire.h"

G_BEGIN_DECLS

/* One item. Counted: a running response holds its own items even if the
 * client deletes them. */
typedef struct {
  gatomicrefcount refs;
  gchar *id;
  JsonObject *json;  /* as the wire shows it, without audio bytes */
  GByteArray *audio; /* in format; NULL: none. Old audio is given up */
  AudioFormat format;
  guint64 audio_bytes; /* what the item has, even if audio was given up */
  gboolean generated;  /* spoken by the server */
  gboolean answered;   /* a response was made since it came */
  gint truncated_ms;   /* the transcript is gone for good; -1: it is not */
} Item;

typedef struct {
  GPtrArray *items;    /* Item, in order */
  guint64 audio_bytes; /* held in all items together */
} Conversation;

Item *item_new (const gchar *id, JsonObject *json); /* takes json */
Item *item_ref (Item *item);
void item_unref (Item *item);
guint item_audio_ms (Item *item);
const gchar *item_type (Item *item);
const gchar *item_role (Item *item);             /* NULL if it is no message */
JsonObject *item_part (Item *item, guint index); /* or NULL */
/* Text, transcript, arguments or output; transfer full, or NULL. */
gchar *item_dup_text (Item *item);
void item_set_transcript (Item *item, const gchar *transcript);

Conversation *conversation_new (void);
void conversation_free (Conversation *conversation);
Item *conversation_find (Conversation *conversation, const gchar *id);
/* How many items of a type have this call_id. */
guint conversation_count_calls (
    Conversation *conversation, const gchar *type, const gchar *call_id);
/* after: NULL appends, "root" puts in front. FALSE: no such item. Takes a
 * reference of its own. */
gboolean conversation_insert (
    Conversation *conversation, Item *item, const gchar *after);
/* Id of the item before, or NULL. */
const gchar *conversation_previous (Conversation *conversation, Item *item);
/* Id of the newest item, or NULL. */
const gchar *conversation_last (Conversation *conversation);
void conversation_remove (Conversation *conversation, Item *item);
/* Adds bytes to an item, giving up the oldest audio beyond 64 MiB. */
void conversation_add_audio (
    Conversation *conversation, Item *item, const guint8 *data, gsize size);
/* Cuts the item's audio and drops its transcript. */
gboolean conversation_truncate (Conversation *conversation, const gchar *id,
    gint64 content_index, gint64 audio_end_ms, Fault *fault);

G_END_DECLS

#endif
