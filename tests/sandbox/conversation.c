/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The conversation: items in order. Knows no event. */
#include "conversation.h"

#define MAX_AUDIO (64 * 1024 * 1024)

Item *
item_new (const gchar *id, JsonObject *json)
{
  Item *item = g_new0 (Item, 1);

  g_atomic_ref_count_init (&item->refs);
  item->id = g_strdup (id);
  item->json = json;
  item->truncated_ms = -1;
  return item;
}

Item *
item_ref (Item *item)
{
  g_atomic_ref_count_inc (&item->refs);
  return item;
}

void
item_unref (Item *item)
{
  if (!g_atomic_ref_count_dec (&item->refs))
    return;
  g_free (item->id);
  json_object_unref (item->json);
  g_clear_pointer (&item->audio, g_byte_array_unref);
  g_free (item);
}

guint
item_audio_ms (Item *item)
{
  return audio_bytes_to_ms (item->format, item->audio_bytes);
}

const gchar *
item_type (Item *item)
{
  return wire_string (item->json, "type");
}

const gchar *
item_role (Item *item)
{
  return wire_string (item->json, "role");
}

JsonObject *
item_part (Item *item, guint index)
{
  JsonArray *content = wire_array (item->json, "content");

  if (content == NULL || index >= json_array_get_length (content))
    return NULL;
  return json_array_get_object_element (content, index);
}

gchar *
item_dup_text (Item *item)
{
  const gchar *text = wire_string (item->json, "arguments");
  GString *all;
  JsonObject *part;
  guint i;

  if (text == NULL)
    text = wire_string (item->json, "output");
  if (text != NULL)
    return g_strdup (text);
  all = g_string_new (NULL);
  for (i = 0; (part = item_part (item, i)) != NULL; i++) {
    text = wire_string (part, "text");
    if (text == NULL)
      text = wire_string (part, "transcript");
    if (text != NULL && all->len > 0)
      g_string_append_c (all, ' ');
    if (text != NULL)
      g_string_append (all, text);
  }
  return g_string_free (all, all->len == 0);
}

void
item_set_transcript (Item *item, const gchar *transcript)
{
  JsonObject *part = item_part (item, 0);

  if (part != NULL && item->truncated_ms < 0)
    json_object_set_string_member (part, "transcript", transcript);
}

Conversation *
conversation_new (void)
{
  Conversation *conversation = g_new0 (Conversation, 1);

  conversation->items = g_ptr_array_new_with_free_func (
      (GDestroyNotify) item_unref);
  return conversation;
}

void
conversation_free (Conversation *conversation)
{
  g_ptr_array_unref (conversation->items);
  g_free (conversation);
}

Item *
conversation_find (Conversation *conversation, const gchar *id)
{
  guint i;

  for (i = 0; i < conversation->items->len; i++) {
    Item *item = g_ptr_array_index (conversation->items, i);

    if (g_strcmp0 (item->id, id) == 0)
      return item;
  }
  return NULL;
}

guint
conversation_count_calls (
    Conversation *conversation, const gchar *type, const gchar *call_id)
{
  guint i, count = 0;

  for (i = 0; i < conversation->items->len; i++) {
    Item *item = g_ptr_array_index (conversation->items, i);

    count += g_strcmp0 (item_type (item), type) == 0
        && g_strcmp0 (wire_string (item->json, "call_id"), call_id) == 0;
  }
  return count;
}

gboolean
conversation_insert (Conversation *conversation, Item *item, const gchar *after)
{
  Item *previous;
  guint index;

  if (after == NULL) {
    g_ptr_array_add (conversation->items, item_ref (item));
    return TRUE;
  }
  if (g_str_equal (after, "root")) {
    g_ptr_array_insert (conversation->items, 0, item_ref (item));
    return TRUE;
  }
  previous = conversation_find (conversation, after);
  if (previous == NULL)
    return FALSE;
  g_ptr_array_find (conversation->items, previous, &index);
  g_ptr_array_insert (conversation->items, index + 1, item_ref (item));
  return TRUE;
}

const gchar *
conversation_previous (Conversation *conversation, Item *item)
{
  guint index;

  if (!g_ptr_array_find (conversation->items, item, &index) || index == 0)
    return NULL;
  return ((Item *) g_ptr_array_index (conversation->items, index - 1))->id;
}

const gchar *
conversation_last (Conversation *conversation)
{
  guint count = conversation->items->len;

  if (count == 0)
    return NULL;
  return ((Item *) g_ptr_array_index (conversation->items, count - 1))->id;
}

static void
give_up_audio (Conversation *conversation, Item *item)
{
  if (item->audio == NULL)
    return;
  conversation->audio_bytes -= item->audio->len;
  g_clear_pointer (&item->audio, g_byte_array_unref);
}

void
conversation_remove (Conversation *conversation, Item *item)
{
  give_up_audio (conversation, item);
  g_ptr_array_remove (conversation->items, item);
}

void
conversation_add_audio (
    Conversation *conversation, Item *item, const guint8 *data, gsize size)
{
  guint i;

  item->audio_bytes += size;
  /* An item that is in no conversation, or that lost its audio, counts only. */
  if (!g_ptr_array_find (conversation->items, item, NULL)
      || (item->audio == NULL && item->audio_bytes > size))
    return;
  if (item->audio == NULL)
    item->audio = g_byte_array_new ();
  g_byte_array_append (item->audio, data, size);
  conversation->audio_bytes += size;
  for (i = 0;
       conversation->audio_bytes > MAX_AUDIO && i < conversation->items->len;
       i++)
    give_up_audio (conversation, g_ptr_array_index (conversation->items, i));
}

static void
cut_audio (Conversation *conversation, Item *item, guint64 bytes)
{
  if (item->audio != NULL && item->audio->len > bytes) {
    conversation->audio_bytes -= item->audio->len - bytes;
    g_byte_array_set_size (item->audio, bytes);
  }
  item->audio_bytes = bytes;
}

static gboolean
refuse_content (Fault *fault)
{
  return fault_set (fault, "unsupported_content_type", NULL,
      "Only model output audio messages can be truncated");
}

gboolean
conversation_truncate (Conversation *conversation, const gchar *id,
    gint64 content_index, gint64 audio_end_ms, Fault *fault)
{
  Item *item = conversation_find (conversation, id);
  JsonObject *part;

  if (item == NULL)
    return fault_set (fault, "item_truncate_invalid_item_id", "item_id",
        "Error truncating item: the item with id '%s' does not exist.", id);
  if (!item->generated || item->audio_bytes == 0)
    return refuse_content (fault);
  part = content_index > G_MAXINT ? NULL : item_part (item, content_index);
  if (part == NULL)
    return fault_set (fault, "invalid_value", "content_index",
        "Invalid 'content_index': the item has no content part %" G_GINT64_FORMAT
        ".",
        content_index);
  if (audio_end_ms > item_audio_ms (item))
    return fault_set (fault, "invalid_value", "audio_end_ms",
        "Audio content of %ums is already shorter than %" G_GINT64_FORMAT "ms",
        item_audio_ms (item), audio_end_ms);
  cut_audio (conversation, item,
      (guint64) audio_end_ms * audio_rate (item->format) / 1000
          * audio_sample_bytes (item->format));
  item->truncated_ms = audio_end_ms;
  json_object_remove_member (part, "transcript");
  return TRUE;
}
