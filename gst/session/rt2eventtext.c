/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Events as text, without their audio.
 */
#include "rt2eventtext.h"

#include <string.h>

#include "rt2json.h"

static void leave_out_of (JsonNode *node);

/* Puts in place of base64 text the number of its bytes. Text that is no base64
 * counts as if it were. */
static void
leave_out (JsonNode *node)
{
  const gchar *text = json_node_get_string (node);
  gsize size = strlen (text);

  while (size > 0 && text[size - 1] == '=')
    size--;
  json_node_set_int (node, size * 3 / 4);
}

static gboolean
is_text (JsonNode *node)
{
  return json_node_get_value_type (node) == G_TYPE_STRING;
}

static void
leave_out_of_object (JsonObject *object)
{
  JsonObjectIter iter;
  const gchar *name;
  JsonNode *node;

  json_object_iter_init (&iter, object);
  while (json_object_iter_next (&iter, &name, &node)) {
    if (is_text (node) && g_str_equal (name, "audio"))
      leave_out (node);
    else
      leave_out_of (node);
  }
}

/* The parser bounds the depth. */
static void
leave_out_of (JsonNode *node)
{
  if (JSON_NODE_HOLDS_OBJECT (node)) {
    leave_out_of_object (json_node_get_object (node));
  } else if (JSON_NODE_HOLDS_ARRAY (node)) {
    JsonArray *array = json_node_get_array (node);

    for (guint i = 0; i < json_array_get_length (array); i++)
      leave_out_of (json_array_get_element (array, i));
  }
}

gchar *
rt2_event_text (const gchar *json, gsize size, gchar **type)
{
  g_autoptr (JsonObject) event = rt2_json_parse_object (json, size, NULL);
  const gchar *name = rt2_json_string (event, "type");
  JsonNode *delta;

  if (!name)
    return NULL;
  *type = g_strdup (name);
  delta = json_object_get_member (event, "delta");
  if (delta && is_text (delta) && g_str_has_suffix (name, "audio.delta"))
    leave_out (delta);
  leave_out_of_object (event);
  return rt2_json_to_text (event);
}
