/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A walk through a document that stops at one of its values.
 */
#include "evilmutations.h"

#include <json-glib/json-glib.h>
#include <string.h>

/* Stands for what json-glib could not hold. */
#define MARK "@here@"

/* The walk: how many values are still to be passed. */
typedef struct {
  guint left;
  gboolean removes;
} Walk;

static gboolean walk_node (JsonNode *node, Walk *walk);

static gboolean
walk_object (JsonObject *object, Walk *walk)
{
  g_autoptr (GList) names = json_object_get_members (object);

  for (GList *l = names; l != NULL; l = l->next) {
    if (walk->left-- == 0) {
      if (walk->removes)
        json_object_remove_member (object, l->data);
      else
        json_object_set_string_member (object, l->data, MARK);
      return TRUE;
    }
    if (walk_node (json_object_get_member (object, l->data), walk))
      return TRUE;
  }
  return FALSE;
}

/* An element is not replaced, only what is in it: an array of one object less
 * says no more than an empty one. */
static gboolean
walk_node (JsonNode *node, Walk *walk)
{
  if (JSON_NODE_HOLDS_OBJECT (node))
    return walk_object (json_node_get_object (node), walk);
  if (!JSON_NODE_HOLDS_ARRAY (node))
    return FALSE;
  for (guint i = 0; i < json_array_get_length (json_node_get_array (node)); i++)
    if (walk_node (
            json_array_get_element (json_node_get_array (node), i), walk))
      return TRUE;
  return FALSE;
}

gchar *
evil_mutate (const gchar *event, guint n, const gchar *value)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) root = json_from_string (event, &error);
  g_autofree gchar *text = NULL;
  g_auto (GStrv) parts = NULL;
  Walk walk = { n, value == NULL };

  g_assert_no_error (error);
  if (!walk_node (root, &walk))
    return NULL;
  text = json_to_string (root, FALSE);
  parts = g_strsplit (text, "\"" MARK "\"", 2);
  return g_strjoinv (value ? value : "", parts);
}
