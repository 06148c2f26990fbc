/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Parse through the guard, getters that check types, a writer, an overlay.
 */
#include "rt2json.h"

#include <math.h>
#include <string.h>
#include "rt2jsonscan.h"

/* 2^63, the first double that a gint64 can't hold. */
#define INT64_LIMIT 9223372036854775808.0

static void append_node (GString *out, JsonNode *node);

GQuark
rt2_json_error_quark (void)
{
  return g_quark_from_static_string ("rt2-json-error-quark");
}

/* --- parsing --- */

/* Hands guarded text to json-glib. */
static JsonNode *
load (const gchar *text, gsize size, GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) reason = NULL;
  JsonNode *root = NULL;

  if (json_parser_load_from_data (parser, text, size, &reason))
    root = json_parser_steal_root (parser);
  if (!root)
    g_set_error (error, RT2_JSON_ERROR, RT2_JSON_ERROR_SYNTAX, "%s",
        reason ? reason->message : "no value");
  return root;
}

JsonNode *
rt2_json_parse (const gchar *text, gsize size, GError **error)
{
  GString *rewritten;
  JsonNode *root;

  if (!rt2_json_scan (text, size, &rewritten, error))
    return NULL;
  if (!rewritten)
    return load (text, size, error);
  root = load (rewritten->str, rewritten->len, error);
  g_string_free (rewritten, TRUE);
  return root;
}

JsonObject *
rt2_json_parse_object (const gchar *text, gsize size, GError **error)
{
  g_autoptr (JsonNode) root = rt2_json_parse (text, size, error);

  if (!root)
    return NULL;
  if (!JSON_NODE_HOLDS_OBJECT (root)) {
    g_set_error (error, RT2_JSON_ERROR, RT2_JSON_ERROR_TYPE,
        "not an object but %s", json_node_type_name (root));
    return NULL;
  }
  return json_node_dup_object (root);
}

/* --- getters --- */

static JsonNode *
member (JsonObject *object, const gchar *name)
{
  return object ? json_object_get_member (object, name) : NULL;
}

/* The member if it is a plain value of type @type, else NULL. */
static JsonNode *
value_member (JsonObject *object, const gchar *name, GType type)
{
  JsonNode *node = member (object, name);

  if (!node || !JSON_NODE_HOLDS_VALUE (node)
      || json_node_get_value_type (node) != type)
    return NULL;
  return node;
}

const gchar *
rt2_json_string (JsonObject *object, const gchar *name)
{
  JsonNode *node = value_member (object, name, G_TYPE_STRING);

  return node ? json_node_get_string (node) : NULL;
}

JsonObject *
rt2_json_object (JsonObject *object, const gchar *name)
{
  JsonNode *node = member (object, name);

  return node && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node)
                                               : NULL;
}

JsonArray *
rt2_json_array (JsonObject *object, const gchar *name)
{
  JsonNode *node = member (object, name);

  return node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node)
                                              : NULL;
}

gboolean
rt2_json_boolean (JsonObject *object, const gchar *name, gboolean fallback)
{
  JsonNode *node = value_member (object, name, G_TYPE_BOOLEAN);

  return node ? json_node_get_boolean (node) : fallback;
}

guint64
rt2_json_uint (JsonObject *object, const gchar *name, guint64 fallback)
{
  JsonNode *node = value_member (object, name, G_TYPE_INT64);
  gdouble value;

  if (node && json_node_get_int (node) >= 0)
    return json_node_get_int (node);
  node = value_member (object, name, G_TYPE_DOUBLE);
  if (!node)
    return fallback;
  value = json_node_get_double (node);
  if (!(value >= 0 && value < INT64_LIMIT) || value != floor (value))
    return fallback;
  return value;
}

gdouble
rt2_json_double (JsonObject *object, const gchar *name, gdouble fallback)
{
  JsonNode *node = value_member (object, name, G_TYPE_INT64);
  gdouble value;

  if (node)
    return json_node_get_int (node);
  node = value_member (object, name, G_TYPE_DOUBLE);
  if (!node)
    return fallback;
  value = json_node_get_double (node);
  return isfinite (value) ? value : fallback;
}

JsonObject *
rt2_json_array_object (JsonArray *array, guint i)
{
  JsonNode *node;

  if (!array || i >= json_array_get_length (array))
    return NULL;
  node = json_array_get_element (array, i);
  return JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

JsonObject *
rt2_json_find (JsonArray *array, const gchar *name, const gchar *value)
{
  guint n = array ? json_array_get_length (array) : 0;

  for (guint i = 0; i < n; i++) {
    JsonObject *object = rt2_json_array_object (array, i);
    const gchar *text = rt2_json_string (object, name);

    if (text && g_str_equal (text, value))
      return object;
  }
  return NULL;
}

/* --- writing --- */

static void
append_escape (GString *out, gchar c)
{
  static const gchar from[] = "\"\\\b\f\n\r\t";
  static const gchar to[] = "\"\\bfnrt";
  const gchar *found = strchr (from, c);

  if (found)
    g_string_append_printf (out, "\\%c", to[found - from]);
  else
    g_string_append_printf (out, "\\u%04x", c);
}

static void
append_valid_string (GString *out, const gchar *text)
{
  const gchar *copied = text;

  g_string_append_c (out, '"');
  for (; *text; text++) {
    if ((guchar) *text >= 0x20 && *text != '"' && *text != '\\')
      continue;
    g_string_append_len (out, copied, text - copied);
    append_escape (out, *text);
    copied = text + 1;
  }
  g_string_append_len (out, copied, text - copied);
  g_string_append_c (out, '"');
}

void
rt2_json_append_string (GString *out, const gchar *text)
{
  g_autofree gchar *repaired = NULL;

  if (!g_utf8_validate (text, -1, NULL))
    text = repaired = g_utf8_make_valid (text, -1);
  append_valid_string (out, text);
}

/* The shorter of two forms that gives back the same double; always with the
 * looks of a double, so that 1.0 stays 1.0. */
static void
append_double (GString *out, gdouble value)
{
  gchar text[G_ASCII_DTOSTR_BUF_SIZE];

  if (!isfinite (value)) {
    g_string_append (out, "null");
    return;
  }
  g_ascii_formatd (text, sizeof text, "%.15g", value);
  if (g_ascii_strtod (text, NULL) != value)
    g_ascii_formatd (text, sizeof text, "%.17g", value);
  g_string_append (out, text);
  if (!strpbrk (text, ".e"))
    g_string_append (out, ".0");
}

static void
append_value (GString *out, JsonNode *node)
{
  switch (json_node_get_value_type (node)) {
    case G_TYPE_STRING:
      rt2_json_append_string (out, json_node_get_string (node));
      break;
    case G_TYPE_BOOLEAN:
      g_string_append (out, json_node_get_boolean (node) ? "true" : "false");
      break;
    case G_TYPE_INT64:
      g_string_append_printf (
          out, "%" G_GINT64_FORMAT, json_node_get_int (node));
      break;
    default:
      append_double (out, json_node_get_double (node));
      break;
  }
}

static void
append_array (GString *out, JsonArray *array)
{
  guint n = json_array_get_length (array);

  g_string_append_c (out, '[');
  for (guint i = 0; i < n; i++) {
    if (i > 0)
      g_string_append_c (out, ',');
    append_node (out, json_array_get_element (array, i));
  }
  g_string_append_c (out, ']');
}

static void
append_object (GString *out, JsonObject *object)
{
  const gchar *separator = "{";
  JsonObjectIter iter;
  const gchar *name;
  JsonNode *node;

  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &node)) {
    g_string_append (out, separator);
    rt2_json_append_string (out, name);
    g_string_append_c (out, ':');
    append_node (out, node);
    separator = ",";
  }
  if (*separator == '{')
    g_string_append_c (out, '{');
  g_string_append_c (out, '}');
}

static void
append_node (GString *out, JsonNode *node)
{
  switch (json_node_get_node_type (node)) {
    case JSON_NODE_OBJECT:
      append_object (out, json_node_get_object (node));
      break;
    case JSON_NODE_ARRAY:
      append_array (out, json_node_get_array (node));
      break;
    case JSON_NODE_VALUE:
      append_value (out, node);
      break;
    case JSON_NODE_NULL:
      g_string_append (out, "null");
      break;
  }
}

gchar *
rt2_json_member_text (JsonObject *object, const gchar *name)
{
  JsonNode *node = member (object, name);
  GString *out;

  if (!node)
    return NULL;
  out = g_string_new (NULL);
  append_node (out, node);
  return g_string_free (out, FALSE);
}

gchar *
rt2_json_to_text (JsonObject *object)
{
  GString *out = g_string_new (NULL);

  append_object (out, object);
  return g_string_free (out, FALSE);
}

/* --- merging --- */

/* Merges the object @patch into the member @name of @target, which becomes an
 * object if it is none. */
/* Copying a node would share its object with @overlay: it is laid over a new
 * one instead. */
static void
lay_over_member (JsonObject *target, const gchar *name, JsonObject *overlay)
{
  JsonObject *inner = rt2_json_object (target, name);

  if (!inner) {
    inner = json_object_new ();
    json_object_set_object_member (target, name, inner);
  }
  rt2_json_lay_over (inner, overlay);
}

void
rt2_json_lay_over (JsonObject *target, JsonObject *overlay)
{
  JsonObjectIter iter;
  const gchar *name;
  JsonNode *node;

  json_object_iter_init_ordered (&iter, overlay);
  while (json_object_iter_next_ordered (&iter, &name, &node)) {
    if (JSON_NODE_HOLDS_OBJECT (node))
      lay_over_member (target, name, json_node_get_object (node));
    else
      json_object_set_member (target, name, json_node_copy (node));
  }
}
