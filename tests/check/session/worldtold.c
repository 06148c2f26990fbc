/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the client tells a server of the conversation: items that it makes, in
 * their order, and whether they say what was said, and heard.
 */
#include "world.h"

#include <string.h>

#include "rt2json.h"

GPtrArray *
world_told_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) json_object_unref);
}

static JsonObject *
item_at (GPtrArray *told, guint i)
{
  return g_ptr_array_index (told, i);
}

/* -1: it is not there. */
static gint
find (GPtrArray *told, const gchar *id)
{
  for (guint i = 0; i < told->len; i++)
    if (g_strcmp0 (rt2_json_string (item_at (told, i), "id"), id) == 0)
      return i;
  return -1;
}

gboolean
world_told_has (GPtrArray *told, const gchar *id)
{
  return find (told, id) >= 0;
}

static gint
find_half (GPtrArray *told, const gchar *call_id, const gchar *type)
{
  for (guint i = 0; i < told->len; i++) {
    JsonObject *item = item_at (told, i);

    if (g_strcmp0 (rt2_json_string (item, "call_id"), call_id) == 0
        && g_strcmp0 (rt2_json_string (item, "type"), type) == 0)
      return i;
  }
  return -1;
}

gboolean
world_told_has_output (GPtrArray *told, const gchar *call_id)
{
  return find_half (told, call_id, "function_call_output") >= 0;
}

/* What is not placed comes last. What the server made itself is not in this
 * book: it can't be what something is placed behind until it is restored. */
void
world_told_make (World *world, GPtrArray *told, JsonObject *create)
{
  JsonObject *item = rt2_json_object (create, "item");
  const gchar *previous = rt2_json_string (create, "previous_item_id");
  const gchar *id = rt2_json_string (item, "id");
  gint place = told->len;

  WORLD_CHECK (world, id && find (told, id) < 0);
  if (g_strcmp0 (previous, "root") == 0) {
    place = 0;
  } else if (previous) {
    place = find (told, previous) + 1;
    WORLD_CHECK (world, place > 0);
  }
  g_ptr_array_insert (told, place, json_object_ref (item));
}

void
world_told_delete (World *world, GPtrArray *told, const gchar *id)
{
  gint place = find (told, id);

  WORLD_CHECK (world, place >= 0);
  g_ptr_array_remove_index (told, place);
}

/* --- whether it is true --- */

/* A call stands before its output, and neither is alone. */
static void
check_pairs (World *world)
{
  for (guint i = 0; i < world->told->len; i++) {
    JsonObject *item = item_at (world->told, i);
    const gchar *call_id = rt2_json_string (item, "call_id");
    gint call, output;

    if (!call_id
        || world_find_call (world, call_id)->connection == world->connection)
      continue;
    call = find_half (world->told, call_id, "function_call");
    output = find_half (world->told, call_id, "function_call_output");
    if (call < 0 || output < call)
      world_log (world, "half of %s: %d, %d", call_id, call, output);
    WORLD_CHECK (world, call >= 0 && call < output);
  }
}

/* What was cut says what the owner said was heard. */
static gboolean
was_cut (const Item *item)
{
  return item->reported
      && !(item->was_complete && item->played == item->told_when_asked);
}

static const gchar *
text_in (JsonObject *item)
{
  JsonArray *content = rt2_json_array (item, "content");

  return rt2_json_string (json_array_get_object_element (content, 0), "text");
}

/* The words that are known of @item, new string; NULL if nobody heard, or read,
 * any, or if none came. */
static gchar *
known_words (const Item *item)
{
  if (item->withdrawn || item->answer->out_of_band)
    return NULL;
  if (item->kind == ITEM_SPEECH && was_cut (item))
    return item->played < WORLD_SAMPLES_PER_MS ? NULL : g_strdup (item->heard);
  return item->words_told > 0 ? world_words_of (item->words_told) : NULL;
}

/* What the agent said on a connection that is gone. */
static void
check_answer (World *world, const Item *item)
{
  gint place = find (world->told, item->id);
  gchar *words = known_words (item);
  const gchar *text = place >= 0 ? text_in (item_at (world->told, place))
                                 : NULL;

  if (g_strcmp0 (words, text) != 0)
    world_log (world, "%s was \"%s\", the server believes \"%s\"", item->id,
        words ? words : "nothing", text ? text : "nothing");
  WORLD_CHECK (world, g_strcmp0 (words, text) == 0);
  g_free (words);
}

/* All calls that have an output are told. */
static void
check_call (World *world, const Item *item)
{
  WORLD_CHECK (world,
      item->outputs == 0 || world_told_has_output (world->told, item->call_id));
}

void
world_told_check (World *world)
{
  check_pairs (world);
  for (guint i = 0; i < world->items->len; i++) {
    const Item *item = g_ptr_array_index (world->items, i);

    if (item->connection == world->connection || item->kind == ITEM_USER)
      continue;
    if (item->kind == ITEM_CALL)
      check_call (world, item);
    else
      check_answer (world, item);
  }
}
