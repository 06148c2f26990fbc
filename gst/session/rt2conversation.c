/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The conversation's items: a list in the server's order and an index by id.
 */
#include "rt2conversation.h"

struct _Rt2Conversation {
  GQueue items;      /* Rt2ConversationItem*, owned, in order */
  GHashTable *links; /* id -> GList* in items; the id is the item's */
};

static void
item_free (Rt2ConversationItem *item)
{
  g_free (item->id);
  g_free (item->response_id);
  g_free (item->text);
  g_free (item);
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
  g_queue_clear_full (&conversation->items, (GDestroyNotify) item_free);
}

void
rt2_conversation_free (Rt2Conversation *conversation)
{
  rt2_conversation_clear (conversation);
  g_hash_table_unref (conversation->links);
  g_free (conversation);
}

static void
remove_link (Rt2Conversation *conversation, GList *link)
{
  Rt2ConversationItem *item = link->data;

  g_hash_table_remove (conversation->links, item->id);
  g_queue_delete_link (&conversation->items, link);
  item_free (item);
}

static Rt2ConversationItem *
insert_item (Rt2Conversation *conversation, const gchar *id,
    const gchar *previous_item_id)
{
  Rt2ConversationItem *item = g_new0 (Rt2ConversationItem, 1);
  GList *previous = previous_item_id
      ? g_hash_table_lookup (conversation->links, previous_item_id)
      : NULL;
  GList *link;

  item->id = g_strdup (id);
  if (previous) {
    g_queue_insert_after (&conversation->items, previous, item);
    link = previous->next;
  } else {
    g_queue_push_tail (&conversation->items, item);
    link = conversation->items.tail;
  }
  g_hash_table_insert (conversation->links, item->id, link);

  if (conversation->items.length > RT2_CONVERSATION_MAX_ITEMS) {
    GList *oldest = conversation->items.head;

    remove_link (conversation, oldest == link ? oldest->next : oldest);
  }
  return item;
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
  if (shown->text && *shown->text) {
    g_free (item->text);
    item->text = g_strdup (shown->text);
  }
}

Rt2ConversationItem *
rt2_conversation_note (Rt2Conversation *conversation, const Rt2Item *item,
    const gchar *previous_item_id, const gchar *response_id, guint output_index)
{
  Rt2ConversationItem *known = rt2_conversation_find (conversation, item->id);

  if (!known)
    known = insert_item (conversation, item->id, previous_item_id);
  complete_item (known, item);
  if (response_id && !known->response_id) {
    known->response_id = g_strdup (response_id);
    known->output_index = output_index;
  }
  return known;
}

Rt2ConversationItem *
rt2_conversation_find (Rt2Conversation *conversation, const gchar *item_id)
{
  GList *link = item_id ? g_hash_table_lookup (conversation->links, item_id)
                        : NULL;

  return link ? link->data : NULL;
}

void
rt2_conversation_set_text (
    Rt2Conversation *conversation, const gchar *item_id, const gchar *text)
{
  Rt2ConversationItem *item = rt2_conversation_find (conversation, item_id);
  gchar *old;

  if (!item)
    return;
  /* @text may be the old one. */
  old = item->text;
  item->text = g_strdup (text);
  g_free (old);
}

void
rt2_conversation_set_has_audio (
    Rt2Conversation *conversation, const gchar *item_id)
{
  Rt2ConversationItem *item = rt2_conversation_find (conversation, item_id);

  if (item)
    item->has_audio = TRUE;
}

gboolean
rt2_conversation_remove (Rt2Conversation *conversation, const gchar *item_id)
{
  GList *link = item_id ? g_hash_table_lookup (conversation->links, item_id)
                        : NULL;

  if (!link)
    return FALSE;
  remove_link (conversation, link);
  return TRUE;
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
