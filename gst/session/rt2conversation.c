/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The conversation's items: a list in the server's order and an index by id.
 */
#include "rt2conversation.h"

#include <string.h>

/* What an item costs beside what it holds. */
#define ITEM_BYTES 512

/* The item with what only this room needs. */
typedef struct {
  Rt2ConversationItem item; /* first: one is the other */
  gsize text_size;          /* bytes of item.text */
  gsize text_room;          /* that are allocated for it; 0 = as many */
  gsize weight;             /* its share of `bytes` */
} Entry;

struct _Rt2Conversation {
  GQueue items;      /* Entry*, owned, in order */
  GHashTable *links; /* id -> GList* in items; the id is the item's */
  gsize bytes;       /* of all items */
  guint dropped;     /* items and voices that were too much */
};

static void
entry_free (Entry *entry)
{
  Rt2ConversationItem *item = &entry->item;

  g_free (item->id);
  g_free (item->response_id);
  g_free (item->text);
  g_free (item->call_id);
  g_free (item->name);
  g_free (item->arguments);
  g_free (item->output);
  g_free (item->media_type);
  g_free (item->detail);
  g_clear_pointer (&item->image, g_bytes_unref);
  g_clear_pointer (&item->audio, g_bytes_unref);
  g_free (entry);
}

Rt2Conversation *
rt2_conversation_new (void)
{
  Rt2Conversation *conversation = g_new0 (Rt2Conversation, 1);

  g_queue_init (&conversation->items);
  conversation->links = g_hash_table_new (g_str_hash, g_str_equal);
  return conversation;
}

void
rt2_conversation_clear (Rt2Conversation *conversation)
{
  g_hash_table_remove_all (conversation->links);
  g_queue_clear_full (&conversation->items, (GDestroyNotify) entry_free);
  conversation->bytes = 0;
}

void
rt2_conversation_free (Rt2Conversation *conversation)
{
  rt2_conversation_clear (conversation);
  g_hash_table_unref (conversation->links);
  g_free (conversation);
}

/* --- bounds --- */

static gsize
length_of (const gchar *text)
{
  return text ? strlen (text) : 0;
}

static gsize
size_of (GBytes *bytes)
{
  return bytes ? g_bytes_get_size (bytes) : 0;
}

static gsize
weigh (const Entry *entry)
{
  const Rt2ConversationItem *item = &entry->item;

  return ITEM_BYTES + MAX (entry->text_size, entry->text_room)
      + length_of (item->id) + length_of (item->response_id)
      + length_of (item->call_id) + length_of (item->name)
      + length_of (item->arguments) + length_of (item->output)
      + length_of (item->media_type) + length_of (item->detail)
      + size_of (item->image) + size_of (item->audio);
}

static void
remove_link (Rt2Conversation *conversation, GList *link)
{
  Entry *entry = link->data;

  conversation->bytes -= entry->weight;
  g_hash_table_remove (conversation->links, entry->item.id);
  g_queue_delete_link (&conversation->items, link);
  entry_free (entry);
}

/* The other half of a call, or NULL. */
static Rt2ConversationItem *
find_partner (Rt2Conversation *conversation, const Rt2ConversationItem *item)
{
  if (item->type == RT2_ITEM_FUNCTION_CALL)
    return rt2_conversation_find_call (
        conversation, RT2_ITEM_FUNCTION_CALL_OUTPUT, item->call_id);
  if (item->type == RT2_ITEM_FUNCTION_CALL_OUTPUT)
    return rt2_conversation_find_call (
        conversation, RT2_ITEM_FUNCTION_CALL, item->call_id);
  return NULL;
}

/* Forgets @item and what makes no sense without it, but not @kept. */
static void
forget (Rt2Conversation *conversation, Rt2ConversationItem *item,
    const Rt2ConversationItem *kept)
{
  Rt2ConversationItem *partner = find_partner (conversation, item);

  if (partner && partner != kept) {
    rt2_conversation_remove (conversation, partner->id);
    conversation->dropped++;
  }
  rt2_conversation_remove (conversation, item->id);
  conversation->dropped++;
}

/* Forgets the oldest until the bounds are kept. @kept stays. */
static void
keep_bounds (Rt2Conversation *conversation, const Rt2ConversationItem *kept)
{
  while (conversation->items.length > 1
      && (conversation->items.length > RT2_CONVERSATION_MAX_ITEMS
          || conversation->bytes > RT2_CONVERSATION_MAX_BYTES)) {
    GList *oldest = conversation->items.head;

    if (oldest->data == kept)
      oldest = oldest->next;
    forget (conversation, oldest->data, kept);
  }
}

/* What @item holds has changed. */
static void
changed (Rt2Conversation *conversation, Rt2ConversationItem *item)
{
  Entry *entry = (Entry *) item;

  conversation->bytes -= entry->weight;
  entry->weight = weigh (entry);
  conversation->bytes += entry->weight;
  keep_bounds (conversation, item);
}

static Rt2ConversationItem *
insert_item (Rt2Conversation *conversation, const gchar *id,
    const gchar *previous_item_id)
{
  Entry *entry = g_new0 (Entry, 1);
  GList *previous = previous_item_id
      ? g_hash_table_lookup (conversation->links, previous_item_id)
      : NULL;
  GList *link;

  entry->item.id = g_strdup (id);
  if (previous) {
    g_queue_insert_after (&conversation->items, previous, entry);
    link = previous->next;
  } else {
    g_queue_push_tail (&conversation->items, entry);
    link = conversation->items.tail;
  }
  g_hash_table_insert (conversation->links, entry->item.id, link);
  changed (conversation, &entry->item);
  return &entry->item;
}

/* --- words --- */

/* @text, but no longer than is kept. New string. */
static gchar *
dup_bounded (const gchar *text)
{
  gsize size = length_of (text);

  if (size <= RT2_CONVERSATION_MAX_TEXT)
    return g_strdup (text);
  size = g_utf8_find_prev_char (text, text + RT2_CONVERSATION_MAX_TEXT + 1)
      - text;
  return g_strndup (text, size);
}

/* @text may be the old one. */
static void
put_text (Rt2ConversationItem *item, const gchar *text)
{
  Entry *entry = (Entry *) item;
  gchar *old = item->text;

  item->text = dup_bounded (text);
  entry->text_size = length_of (item->text);
  entry->text_room = 0;
  g_free (old);
}

/* FALSE if there is no room for @words. */
static gboolean
append_text (Rt2ConversationItem *item, const gchar *words)
{
  Entry *entry = (Entry *) item;
  gsize added = strlen (words);
  gsize size = entry->text_size + added;

  if (size > RT2_CONVERSATION_MAX_TEXT)
    return FALSE;
  if (size + 1 > entry->text_room) {
    entry->text_room = MAX (64, 2 * (size + 1));
    item->text = g_realloc (item->text, entry->text_room);
  }
  memcpy (item->text + entry->text_size, words, added + 1);
  entry->text_size = size;
  return TRUE;
}

/* --- items as events show them --- */

static void
replace (gchar **old, const gchar *value)
{
  if (!value || value == *old)
    return;
  g_free (*old);
  *old = dup_bounded (value);
}

/* Takes over what @shown knows and @item does not, or knows better. */
static void
complete_item (Rt2ConversationItem *item, const Rt2Item *shown)
{
  if (shown->type != RT2_ITEM_UNKNOWN)
    item->type = shown->type;
  if (shown->role != RT2_ROLE_UNKNOWN)
    item->role = shown->role;
  if (shown->status == RT2_STATUS_COMPLETED
      || shown->status == RT2_STATUS_INCOMPLETE)
    item->done = TRUE;
  replace (&item->call_id, shown->call_id);
  replace (&item->name, shown->name);
  replace (&item->arguments, shown->arguments);
  replace (&item->output, shown->output);
  if (shown->type == RT2_ITEM_MCP_CALL && !shown->output)
    replace (&item->output, shown->error);
  if (shown->text && *shown->text && !item->heard) {
    put_text (item, shown->text);
    item->stated = TRUE;
  }
}

Rt2ConversationItem *
rt2_conversation_note (Rt2Conversation *conversation, const Rt2Item *item,
    const gchar *previous_item_id, const gchar *response_id, guint output_index)
{
  Rt2ConversationItem *known = rt2_conversation_find (conversation, item->id);

  if (!known)
    known = insert_item (conversation, item->id, previous_item_id);
  known->present = TRUE;
  known->gone = FALSE;
  complete_item (known, item);
  if (response_id && !known->response_id) {
    known->response_id = g_strdup (response_id);
    known->output_index = output_index;
  }
  changed (conversation, known);
  return known;
}

/* --- what is asked and told --- */

static GList *
find_link (Rt2Conversation *conversation, const gchar *item_id)
{
  GList *link = g_hash_table_lookup (conversation->links, item_id);
  gchar *wire_id;

  if (link || strlen (item_id) <= RT2_CONVERSATION_MAX_ID)
    return link;
  wire_id = rt2_conversation_wire_id (item_id);
  link = g_hash_table_lookup (conversation->links, wire_id);
  g_free (wire_id);
  return link;
}

Rt2ConversationItem *
rt2_conversation_find (Rt2Conversation *conversation, const gchar *item_id)
{
  GList *link = item_id ? find_link (conversation, item_id) : NULL;

  return link ? link->data : NULL;
}

Rt2ConversationItem *
rt2_conversation_find_call (
    Rt2Conversation *conversation, Rt2ItemType type, const gchar *call_id)
{
  for (GList *l = conversation->items.tail; call_id && l; l = l->prev) {
    Rt2ConversationItem *item = l->data;

    if (item->type == type && g_strcmp0 (item->call_id, call_id) == 0)
      return item;
  }
  return NULL;
}

void
rt2_conversation_set_text (
    Rt2Conversation *conversation, const gchar *item_id, const gchar *text)
{
  Rt2ConversationItem *item = rt2_conversation_find (conversation, item_id);

  if (!item)
    return;
  if (!item->heard)
    put_text (item, text);
  item->stated = TRUE;
  changed (conversation, item);
}

void
rt2_conversation_add_text (
    Rt2Conversation *conversation, const gchar *item_id, const gchar *words)
{
  Rt2ConversationItem *item = rt2_conversation_find (conversation, item_id);

  if (item && !item->stated && !item->heard && append_text (item, words))
    changed (conversation, item);
}

void
rt2_conversation_set_heard (
    Rt2Conversation *conversation, const gchar *item_id, const gchar *text)
{
  Rt2ConversationItem *item = rt2_conversation_find (conversation, item_id);

  if (!item)
    return;
  put_text (item, text);
  item->heard = TRUE;
  changed (conversation, item);
}

void
rt2_conversation_set_ran (Rt2Conversation *conversation, const gchar *item_id)
{
  Rt2ConversationItem *item = rt2_conversation_find (conversation, item_id);

  if (item)
    item->ran = TRUE;
}

void
rt2_conversation_make_function (Rt2Conversation *conversation,
    const gchar *item_id, const gchar *output_id, const gchar *unknown)
{
  Rt2ConversationItem *item = rt2_conversation_find (conversation, item_id);
  gchar *call_id, *output;

  if (!item || item->type != RT2_ITEM_MCP_CALL)
    return;
  call_id = g_strdup (item->id);
  output = item->output ? g_steal_pointer (&item->output) : g_strdup (unknown);
  item->type = RT2_ITEM_FUNCTION_CALL;
  replace (&item->call_id, call_id);
  if (!item->name || !*item->name)
    replace (&item->name, "unknown");
  changed (conversation, item);
  rt2_conversation_add_output (conversation, output_id, call_id, output);
  g_free (output);
  g_free (call_id);
}

void
rt2_conversation_set_has_audio (
    Rt2Conversation *conversation, const gchar *item_id)
{
  Rt2ConversationItem *item = rt2_conversation_find (conversation, item_id);

  if (item)
    item->has_audio = TRUE;
}

void
rt2_conversation_mute (Rt2Conversation *conversation, Rt2ConversationItem *item)
{
  if (!item->audio)
    return;
  g_clear_pointer (&item->audio, g_bytes_unref);
  item->muted = TRUE;
  conversation->dropped += !item->text;
  changed (conversation, item);
}

/* Forgets the oldest voices that are too much. */
static void
bound_voices (Rt2Conversation *conversation)
{
  gsize left = RT2_CONVERSATION_MAX_VOICE;

  for (GList *l = conversation->items.tail; l; l = l->prev) {
    Rt2ConversationItem *item = l->data;
    gsize size = size_of (item->audio);

    if (size <= left) {
      left -= size;
      continue;
    }
    left = 0;
    rt2_conversation_mute (conversation, item);
  }
}

void
rt2_conversation_set_audio (Rt2Conversation *conversation, const gchar *item_id,
    GBytes *audio, Rt2AudioFormat format)
{
  Rt2ConversationItem *item = rt2_conversation_find (conversation, item_id);

  if (!item)
    return;
  g_clear_pointer (&item->audio, g_bytes_unref);
  item->audio = audio ? g_bytes_ref (audio) : NULL;
  item->audio_format = format;
  item->muted = FALSE;
  changed (conversation, item);
  bound_voices (conversation);
}

gboolean
rt2_conversation_remove (Rt2Conversation *conversation, const gchar *item_id)
{
  GList *link = item_id ? find_link (conversation, item_id) : NULL;

  if (!link)
    return FALSE;
  remove_link (conversation, link);
  return TRUE;
}

/* --- what we put in --- */

static Rt2ConversationItem *
add (Rt2Conversation *conversation, const gchar *item_id, Rt2ItemType type,
    Rt2Role role)
{
  Rt2ConversationItem *item;

  rt2_conversation_remove (conversation, item_id);
  item = insert_item (conversation, item_id, NULL);
  item->type = type;
  item->role = role;
  item->done = item->present = TRUE;
  return item;
}

void
rt2_conversation_add_message (Rt2Conversation *conversation,
    const gchar *item_id, Rt2Role role, const gchar *text)
{
  Rt2ConversationItem *item = add (
      conversation, item_id, RT2_ITEM_MESSAGE, role);

  put_text (item, text);
  item->stated = TRUE;
  changed (conversation, item);
}

void
rt2_conversation_add_image (Rt2Conversation *conversation, const gchar *item_id,
    GBytes *image, const gchar *media_type, const gchar *detail)
{
  Rt2ConversationItem *item = add (
      conversation, item_id, RT2_ITEM_MESSAGE, RT2_ROLE_USER);

  item->image = g_bytes_ref (image);
  item->media_type = g_strdup (media_type);
  item->detail = g_strdup (detail);
  changed (conversation, item);
}

void
rt2_conversation_add_output (Rt2Conversation *conversation,
    const gchar *item_id, const gchar *call_id, const gchar *output)
{
  Rt2ConversationItem *item = add (
      conversation, item_id, RT2_ITEM_FUNCTION_CALL_OUTPUT, RT2_ROLE_UNKNOWN);

  item->call_id = g_strdup (call_id);
  item->output = dup_bounded (output);
  changed (conversation, item);
}

/* --- connections --- */

void
rt2_conversation_deleted (Rt2Conversation *conversation, const gchar *item_id)
{
  Rt2ConversationItem *item = rt2_conversation_find (conversation, item_id);

  if (item && item->restored)
    item->gone = TRUE;
  else if (item)
    rt2_conversation_remove (conversation, item_id);
}

void
rt2_conversation_disconnected (Rt2Conversation *conversation)
{
  GList *next;

  for (GList *l = conversation->items.head; l; l = next) {
    Rt2ConversationItem *item = l->data;

    next = l->next;
    item->present = item->restored = FALSE;
    if (item->gone)
      remove_link (conversation, l);
  }
}

gchar *
rt2_conversation_wire_id (const gchar *id)
{
  gchar *digest, *wire_id;

  if (strlen (id) <= RT2_CONVERSATION_MAX_ID)
    return g_strdup (id);
  digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, id, -1);
  wire_id = g_strdup_printf ("id_%.29s", digest);
  g_free (digest);
  return wire_id;
}

void
rt2_conversation_rename (
    Rt2Conversation *conversation, Rt2ConversationItem *item)
{
  GList *link = g_hash_table_lookup (conversation->links, item->id);
  gchar *wire_id = rt2_conversation_wire_id (item->id);

  if (g_hash_table_contains (conversation->links, wire_id)) {
    g_free (wire_id);
    return;
  }
  g_hash_table_remove (conversation->links, item->id);
  g_free (item->id);
  item->id = wire_id;
  g_hash_table_insert (conversation->links, item->id, link);
  changed (conversation, item);
}

guint
rt2_conversation_n_dropped (const Rt2Conversation *conversation)
{
  return conversation->dropped;
}

gsize
rt2_conversation_bytes (const Rt2Conversation *conversation)
{
  return conversation->bytes;
}

GPtrArray *
rt2_conversation_list (Rt2Conversation *conversation)
{
  GPtrArray *list = g_ptr_array_new ();

  for (GList *l = conversation->items.head; l; l = l->next)
    g_ptr_array_add (list, l->data);
  return list;
}

static gint
compare_output_index (gconstpointer a, gconstpointer b)
{
  const Rt2ConversationItem *left = *(Rt2ConversationItem *const *) a;
  const Rt2ConversationItem *right = *(Rt2ConversationItem *const *) b;

  return (gint) left->output_index - (gint) right->output_index;
}

GPtrArray *
rt2_conversation_messages_of (
    Rt2Conversation *conversation, const gchar *response_id)
{
  GPtrArray *list = g_ptr_array_new ();

  for (GList *l = conversation->items.head; l; l = l->next) {
    Rt2ConversationItem *item = l->data;

    if (item->type == RT2_ITEM_MESSAGE && item->role == RT2_ROLE_ASSISTANT
        && g_strcmp0 (item->response_id, response_id) == 0)
      g_ptr_array_add (list, item);
  }
  g_ptr_array_sort (list, compare_output_index);
  return list;
}
