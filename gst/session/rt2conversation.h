/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The items of the conversation as far as we must know them, and as far as they
 * must be made again where a server knows nothing of them: order, kind, role,
 * words, pictures, calls and outputs, and what became of them. It outlives the
 * connections. Pure: no wire, no time, no threads.
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
  gchar *text;       /* what it says, as last stated or, of an answer, as far
                      * as it came; may be NULL */
  gchar *call_id;    /* of a function call, and of its output */
  gchar *name;       /* of a function */
  gchar *arguments;  /* that it is called with */
  gchar *output;     /* of a FUNCTION_CALL_OUTPUT; of an MCP call, or its error
                      */
  GBytes *image;     /* that the user shows; NULL = none */
  gchar *media_type; /* of the image */
  gchar *detail;     /* likewise; may be NULL */
  GBytes *audio;     /* of a turn of the user's that has no words; or NULL */
  Rt2AudioFormat audio_format;
  gboolean muted;     /* there was audio, which is forgotten: it was too much */
  gboolean done;      /* the server finished it */
  gboolean has_audio; /* at least one sample of it came */
  gboolean stated;    /* all its words came */
  gboolean ran;       /* of an MCP call: the server began to use the tool */
  gboolean written;   /* words of it came in writing: they have been read */
  gboolean heard;     /* the text is what was heard of it: it stands */
  gboolean present;   /* the server of the connection in use has it */
  gboolean restored;  /* and that one was told it in words: it has no audio */
  gboolean gone;      /* restored, and deleted there; it comes back if that was
                       * to make it anew */
} Rt2ConversationItem;

/* Items that are remembered, and bytes of all they hold; the oldest are
 * forgotten beyond it, a call together with its output. */
#define RT2_CONVERSATION_MAX_ITEMS 1000
#define RT2_CONVERSATION_MAX_BYTES (32 * 1024 * 1024)
/* Bytes of what the user said and there are no words for; the oldest is
 * forgotten beyond it. */
#define RT2_CONVERSATION_MAX_VOICE (4 * 1024 * 1024)
/* Bytes of one text; what is longer is cut. */
#define RT2_CONVERSATION_MAX_TEXT (1024 * 1024)
/* Characters of an id that a client may give an item or a call. */
#define RT2_CONVERSATION_MAX_ID 32

Rt2Conversation *rt2_conversation_new (void);
/* Items, and voices that there are no words for, which were forgotten because
 * of a bound, since it was made. */
guint rt2_conversation_n_dropped (const Rt2Conversation *conversation);
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
/* The item of @type (a call, or its output) with @call_id, or NULL. */
Rt2ConversationItem *rt2_conversation_find_call (
    Rt2Conversation *conversation, Rt2ItemType type, const gchar *call_id);

/* Unknown items are ignored by all of these. */
void rt2_conversation_set_text (
    Rt2Conversation *conversation, const gchar *item_id, const gchar *text);
/* More words of an answer; nothing once its words are stated, or cut. */
void rt2_conversation_add_text (
    Rt2Conversation *conversation, const gchar *item_id, const gchar *words);
/* All that was heard of an answer: it says no more, whatever is stated. */
void rt2_conversation_set_heard (
    Rt2Conversation *conversation, const gchar *item_id, const gchar *text);
void rt2_conversation_set_ran (
    Rt2Conversation *conversation, const gchar *item_id);
/* An MCP call is a call of a function from now on, which another server can be
 * told of, and what it gave, @unknown if that did not come, is the output, the
 * item @output_id at the end. */
void rt2_conversation_make_function (Rt2Conversation *conversation,
    const gchar *item_id, const gchar *output_id, const gchar *unknown);
void rt2_conversation_set_has_audio (
    Rt2Conversation *conversation, const gchar *item_id);
/* What the user said, as long as there are no words for it; NULL = none. */
void rt2_conversation_set_audio (Rt2Conversation *conversation,
    const gchar *item_id, GBytes *audio, Rt2AudioFormat format);

/* Forgets what the user said in @item, which no server will be told. */
void rt2_conversation_mute (
    Rt2Conversation *conversation, Rt2ConversationItem *item);

/* What we put into the conversation ourselves, at its end. The item is present.
 */
void rt2_conversation_add_message (Rt2Conversation *conversation,
    const gchar *item_id, Rt2Role role, const gchar *text);
void rt2_conversation_add_image (Rt2Conversation *conversation,
    const gchar *item_id, GBytes *image, const gchar *media_type,
    const gchar *detail);
void rt2_conversation_add_output (Rt2Conversation *conversation,
    const gchar *item_id, const gchar *call_id, const gchar *output);

/* The server deleted an item: it is removed, or only gone if it was restored.
 */
void rt2_conversation_deleted (
    Rt2Conversation *conversation, const gchar *item_id);
/* The connection is over: no server has any of it, and what is gone stays so.
 */
void rt2_conversation_disconnected (Rt2Conversation *conversation);

/* @id as a server takes it from a client: itself, or made from it if it is too
 * long. New string. */
gchar *rt2_conversation_wire_id (const gchar *id);
/* An item goes by its wire id from now on, unless another does; the old one
 * still finds it. */
void rt2_conversation_rename (
    Rt2Conversation *conversation, Rt2ConversationItem *item);

/* Bytes of all that is held. */
gsize rt2_conversation_bytes (const Rt2Conversation *conversation);

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
