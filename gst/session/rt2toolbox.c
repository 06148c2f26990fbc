/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Commands and URLs by the names of tools.
 */
#include "rt2toolbox.h"

#include <string.h>

#include "rt2json.h"
#include "rt2toolexec.h"
#include "rt2toolhttp.h"

struct _Rt2Toolbox {
  gatomicrefcount refs;
  GHashTable *commands; /* name -> gchar** */
  GHashTable *urls;     /* name -> gchar* */
};

static gboolean
refuse (GError **error, const gchar *name, const gchar *why)
{
  g_set_error (
      error, RT2_JSON_ERROR, RT2_JSON_ERROR_TYPE, "\"%s\" %s", name, why);
  return FALSE;
}

/* The words of @array, or NULL if it is empty or holds something else. */
static gchar **
take_words (JsonArray *array)
{
  guint n = json_array_get_length (array);
  gchar **words = g_new0 (gchar *, n + 1);

  for (guint i = 0; i < n; i++) {
    JsonNode *node = json_array_get_element (array, i);

    if (JSON_NODE_HOLDS_VALUE (node)
        && json_node_get_value_type (node) == G_TYPE_STRING)
      words[i] = json_node_dup_string (node);
  }
  for (guint i = 0; i < MAX (n, 1); i++)
    if (!words[i] || (i == 0 && !*words[i])) {
      for (guint k = 0; k < n; k++)
        g_free (words[k]);
      g_clear_pointer (&words, g_free);
      break;
    }
  return words;
}

static gboolean
add_command (
    Rt2Toolbox *toolbox, JsonObject *object, const gchar *name, GError **error)
{
  JsonArray *array = rt2_json_array (object, name);
  gchar **words = array ? take_words (array) : NULL;

  if (!words)
    return refuse (error, name, "must be an array of words: a command");
  g_hash_table_insert (toolbox->commands, g_strdup (name), words);
  return TRUE;
}

static gboolean
add_url (
    Rt2Toolbox *toolbox, JsonObject *object, const gchar *name, GError **error)
{
  const gchar *url = rt2_json_string (object, name);

  if (!url || !rt2_tool_http_takes (url))
    return refuse (error, name, "must be an http or https URL");
  g_hash_table_insert (toolbox->urls, g_strdup (name), g_strdup (url));
  return TRUE;
}

typedef gboolean (*Adder) (
    Rt2Toolbox *toolbox, JsonObject *object, const gchar *name, GError **error);

static gboolean
add_all (Rt2Toolbox *toolbox, const gchar *json, Adder add, GError **error)
{
  JsonObject *object;
  GList *names;
  gboolean ok = TRUE;

  if (!json || !*json)
    return TRUE;
  object = rt2_json_parse_object (json, strlen (json), error);
  if (!object)
    return FALSE;
  names = json_object_get_members (object);
  for (GList *l = names; ok && l; l = l->next)
    ok = add (toolbox, object, l->data, error);
  g_list_free (names);
  json_object_unref (object);
  return ok;
}

Rt2Toolbox *
rt2_toolbox_new (
    const gchar *exec, const gchar *http, const gchar **member, GError **error)
{
  g_autoptr (Rt2Toolbox) toolbox = g_new0 (Rt2Toolbox, 1);

  g_atomic_ref_count_init (&toolbox->refs);
  toolbox->commands = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_strfreev);
  toolbox->urls = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, g_free);
  *member = "tool-exec";
  if (!add_all (toolbox, exec, add_command, error))
    return NULL;
  *member = "tool-http";
  if (!add_all (toolbox, http, add_url, error))
    return NULL;
  return g_steal_pointer (&toolbox);
}

Rt2Toolbox *
rt2_toolbox_ref (Rt2Toolbox *toolbox)
{
  g_atomic_ref_count_inc (&toolbox->refs);
  return toolbox;
}

void
rt2_toolbox_unref (Rt2Toolbox *toolbox)
{
  if (!g_atomic_ref_count_dec (&toolbox->refs))
    return;
  g_hash_table_unref (toolbox->commands);
  g_hash_table_unref (toolbox->urls);
  g_free (toolbox);
}

gboolean
rt2_toolbox_has (const Rt2Toolbox *toolbox, const gchar *name)
{
  return g_hash_table_contains (toolbox->commands, name)
      || g_hash_table_contains (toolbox->urls, name);
}

gchar *
rt2_toolbox_run (const Rt2Toolbox *toolbox, const gchar *name,
    const gchar *arguments, guint64 timeout, GCancellable *cancellable)
{
  const gchar *const *argv = g_hash_table_lookup (toolbox->commands, name);

  if (argv)
    return rt2_tool_exec (argv, arguments, timeout, cancellable);
  return rt2_tool_http (g_hash_table_lookup (toolbox->urls, name), arguments,
      timeout, cancellable);
}
