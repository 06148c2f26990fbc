/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON text and event objects: ids, strict reading, copying, faults. */
#include "wire.h"

#include <string.h>

#define MAX_DEPTH 64

gboolean
fault_set (Fault *fault, const gchar *code, const gchar *param,
    const gchar *format, ...)
{
  va_list args;

  if (fault->code != NULL)
    return FALSE;
  va_start (args, format);
  fault->message = g_strdup_vprintf (format, args);
  va_end (args);
  fault->code = g_strdup (code);
  fault->param = g_strdup (param);
  return FALSE;
}

void
fault_clear (Fault *fault)
{
  g_clear_pointer (&fault->code, g_free);
  g_clear_pointer (&fault->message, g_free);
  g_clear_pointer (&fault->param, g_free);
}

static void
append_base62 (GString *string, GRand *rand, guint count)
{
  static const gchar alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz";

  while (count-- > 0)
    g_string_append_c (string, alphabet[g_rand_int_range (rand, 0, 62)]);
}

gchar *
wire_make_id (GRand *rand, const gchar *prefix)
{
  GString *id = g_string_new (prefix);

  g_string_append_c (id, '_');
  append_base62 (id, rand, 21);
  return g_string_free (id, FALSE);
}

JsonObject *
wire_event (GRand *rand, const gchar *type)
{
  JsonObject *event = json_object_new ();
  g_autofree gchar *id = wire_make_id (rand, "event");

  json_object_set_string_member (event, "type", type);
  json_object_set_string_member (event, "event_id", id);
  return event;
}

JsonObject *
wire_error (
    GRand *rand, const gchar *type, const Fault *fault, const gchar *event_id)
{
  JsonObject *event = wire_event (rand, "error");
  JsonObject *error = json_object_new ();

  json_object_set_string_member (error, "type", type);
  wire_set_string (error, "code", fault->code);
  json_object_set_string_member (error, "message", fault->message);
  wire_set_string (error, "param", fault->param);
  wire_set_string (error, "event_id", event_id);
  json_object_set_object_member (event, "error", error);
  return event;
}

void
wire_set_obfuscation (JsonObject *event, GRand *rand)
{
  g_autoptr (GString) padding = g_string_new (NULL);

  append_base62 (padding, rand, g_rand_int_range (rand, 8, 17));
  json_object_set_string_member (event, "obfuscation", padding->str);
}

gchar *
wire_print (JsonObject *object)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);

  json_node_set_object (node, object);
  return json_to_string (node, FALSE);
}

/* Decoded bytes of a base64 member. */
static guint64
payload_bytes (JsonObject *event, const gchar *member)
{
  const gchar *text = wire_string (event, member);
  gsize length = text != NULL ? strlen (text) : 0;

  if (length < 4)
    return 0;
  return length / 4 * 3 - (text[length - 1] == '=') - (text[length - 2] == '=');
}

gchar *
wire_print_short (JsonObject *event, guint64 *audio_bytes)
{
  const gchar *type = wire_string (event, "type"), *audio = NULL, *name;
  g_autoptr (JsonObject) copy = json_object_new ();
  JsonObjectIter iter;
  JsonNode *value;

  *audio_bytes = 0;
  if (g_strcmp0 (type, "input_audio_buffer.append") == 0
      || g_strcmp0 (type, "session.input_audio_buffer.append") == 0)
    audio = "audio";
  else if (g_strcmp0 (type, "response.output_audio.delta") == 0
      || g_strcmp0 (type, "session.output_audio.delta") == 0)
    audio = "delta";
  else
    return wire_print (event);
  *audio_bytes = payload_bytes (event, audio);
  json_object_iter_init_ordered (&iter, event);
  while (json_object_iter_next_ordered (&iter, &name, &value))
    if (!g_str_equal (name, audio))
      json_object_set_member (copy, name, json_node_copy (value));
  return wire_print (copy);
}

/* json-glib recurses per level and takes much that is not JSON, so the text is
 * walked once before it sees it. */
typedef struct {
  guint depth;
  gboolean in_string;
  gboolean escaped;
  gboolean closed; /* the one root object has ended */
} Scan;

static gboolean
scan_outside (Scan *scan, gchar c)
{
  if (strchr (" \t\r\n", c) != NULL)
    return TRUE;
  if (scan->closed)
    return FALSE;
  if (c == '{' || c == '[') {
    if (scan->depth == 0 && c == '[')
      return FALSE;
    return ++scan->depth <= MAX_DEPTH;
  }
  if (scan->depth == 0)
    return FALSE;
  if (c == '}' || c == ']') {
    scan->closed = --scan->depth == 0;
    return TRUE;
  }
  if (c == '"') {
    scan->in_string = TRUE;
    return TRUE;
  }
  return g_ascii_isdigit (c) || strchr (":,+-.eEtrufalsn", c) != NULL;
}

static gboolean
scan_inside (Scan *scan, gchar c)
{
  if ((guchar) c < 0x20)
    return FALSE;
  if (scan->escaped)
    scan->escaped = FALSE;
  else if (c == '\\')
    scan->escaped = TRUE;
  else if (c == '"')
    scan->in_string = FALSE;
  return TRUE;
}

static gboolean
scan_text (const gchar *text, gsize size)
{
  Scan scan = { 0 };
  gsize i;

  for (i = 0; i < size; i++) {
    gboolean fine;

    if (text[i] == '\0')
      return FALSE;
    fine = scan.in_string ? scan_inside (&scan, text[i])
                          : scan_outside (&scan, text[i]);
    if (!fine)
      return FALSE;
  }
  return scan.closed;
}

JsonObject *
wire_parse (const gchar *text, gsize size)
{
  g_autoptr (JsonParser) parser = NULL;
  JsonNode *root;

  if (!scan_text (text, size))
    return NULL;
  parser = json_parser_new_immutable ();
  if (!json_parser_load_from_data (parser, text, size, NULL))
    return NULL;
  root = json_parser_get_root (parser);
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root))
    return NULL;
  return json_object_ref (json_node_get_object (root));
}

static JsonArray *
copy_array (JsonArray *array)
{
  JsonArray *copy = json_array_new ();
  guint i;

  for (i = 0; i < json_array_get_length (array); i++)
    json_array_add_element (
        copy, wire_copy (json_array_get_element (array, i)));
  return copy;
}

JsonNode *
wire_copy (JsonNode *node)
{
  if (JSON_NODE_HOLDS_OBJECT (node)) {
    JsonNode *copy = json_node_new (JSON_NODE_OBJECT);
    json_node_take_object (
        copy, wire_copy_object (json_node_get_object (node)));
    return copy;
  }
  if (JSON_NODE_HOLDS_ARRAY (node)) {
    JsonNode *copy = json_node_new (JSON_NODE_ARRAY);
    json_node_take_array (copy, copy_array (json_node_get_array (node)));
    return copy;
  }
  return json_node_copy (node);
}

JsonObject *
wire_copy_object (JsonObject *object)
{
  JsonObject *copy = json_object_new ();
  JsonObjectIter iter;
  const gchar *name;
  JsonNode *value;

  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &value))
    json_object_set_member (copy, name, wire_copy (value));
  return copy;
}

const gchar *
wire_string (JsonObject *object, const gchar *name)
{
  JsonNode *node = json_object_get_member (object, name);

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node)
      || json_node_get_value_type (node) != G_TYPE_STRING)
    return NULL;
  return json_node_get_string (node);
}

JsonObject *
wire_object (JsonObject *object, const gchar *name)
{
  JsonNode *node = json_object_get_member (object, name);

  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node))
    return NULL;
  return json_node_get_object (node);
}

JsonArray *
wire_array (JsonObject *object, const gchar *name)
{
  JsonNode *node = json_object_get_member (object, name);

  if (node == NULL || !JSON_NODE_HOLDS_ARRAY (node))
    return NULL;
  return json_node_get_array (node);
}

gint64
wire_integer (JsonObject *object, const gchar *name, gint64 fallback)
{
  JsonNode *node = json_object_get_member (object, name);

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node)
      || json_node_get_value_type (node) != G_TYPE_INT64)
    return fallback;
  return json_node_get_int (node);
}

gboolean
wire_boolean (JsonObject *object, const gchar *name, gboolean fallback)
{
  JsonNode *node = json_object_get_member (object, name);

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node)
      || json_node_get_value_type (node) != G_TYPE_BOOLEAN)
    return fallback;
  return json_node_get_boolean (node);
}

gboolean
wire_is_null (JsonObject *object, const gchar *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_NULL (node);
}

void
wire_set_string (JsonObject *object, const gchar *name, const gchar *value)
{
  if (value != NULL)
    json_object_set_string_member (object, name, value);
  else
    json_object_set_null_member (object, name);
}

gboolean
wire_decode_base64 (const gchar *text, guint8 **data, gsize *size)
{
  gsize length = strlen (text), i, digits = length;

  if (length % 4 != 0)
    return FALSE;
  while (digits > 0 && length - digits < 2 && text[digits - 1] == '=')
    digits--;
  for (i = 0; i < digits; i++)
    if (!g_ascii_isalnum (text[i]) && text[i] != '+' && text[i] != '/')
      return FALSE;
  if (length == 0) {
    *data = NULL;
    *size = 0;
  } else {
    *data = g_base64_decode (text, size);
  }
  return TRUE;
}
