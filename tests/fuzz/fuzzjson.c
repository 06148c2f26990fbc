/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mutations that leave JSON what it is: of bytes, nearly all would end at the
 * first check.
 */
#include "fuzz.h"

#include <string.h>

#include "rt2json.h"
#include "rt2protocol.h"

/* A place for a value. */
typedef struct {
  JsonObject *object; /* with `name`, or */
  JsonArray *array;   /* with `index` */
  const gchar *name;
  guint index;
} Slot;

static const gchar *const names[] = { "type", "event_id", "response_id",
  "item_id", "previous_item_id", "call_id", "output_index", "content_index",
  "delta", "transcript", "text", "arguments", "name", "item", "response",
  "session", "error", "code", "message", "param", "id", "status", "role",
  "phase", "content", "output", "usage", "metadata", "client_event_id",
  "conversation_id", "audio_start_ms", "audio_end_ms", "elapsed_ms",
  "expires_at", "audio", "input", "format", "voice", "turn_detection",
  "rate_limits", "part", "tools", "total_tokens", "status_details", "reason",
  "approval_request_id", "server_label", "limit", "reset_seconds" };

static const gchar *const words[] = { "", "a", "item_1", "item_2", "item_3",
  "resp_1", "resp_2", "call_1", "call_2", "rt2-1", "rt2-2", "rt2-3", "rt2-4",
  "rt2-5", "look", "message", "function_call", "function_call_output",
  "mcp_call", "mcp_list_tools", "mcp_approval_request", "user", "assistant",
  "system", "completed", "cancelled", "incomplete", "failed", "in_progress",
  "commentary", "final_answer", "audio", "output_audio", "text", "audio/pcm",
  "audio/pcmu", "audio/pcma", "{}", "[]", "{\"a\":1}", "AAAA", "AA==", "A",
  "//", "conversation_already_has_active_response",
  "response_cancel_not_active", "input_audio_buffer_commit_empty",
  "session_expired", "invalid_value", "unknown_parameter", "invalid_api_key",
  "cannot_update_voice", "none", "rate_limit_exceeded",
  "session.audio.output.speed", "sk-fuzz-0123456789", "\xf0\x9f\x98\x80",
  "\xc3\xa9\xcc\x81", "\x7f", "\"\\\n" };

static const gint64 numbers[] = { 0, 1, 2, -1, 63, 100, 1000, 20000, 65536,
  G_MAXINT32, G_MAXUINT32, G_GINT64_CONSTANT (9007199254740993), G_MAXINT64,
  G_MININT64 };

static const gdouble fractions[] = { 0.5, -0.5, 1e9, 1e18, 1e19, 1e300, -1e300,
  5e-324 };

static guint
below (GRand *random, guint n)
{
  return g_rand_int_range (random, 0, n);
}

/* --- values --- */

/* One string after the other, so that a bound on length is reached. */
static gchar *
long_word (GRand *random)
{
  gchar *word = g_strnfill (below (random, 400), 'x');

  return word;
}

static const gchar *
word (GRand *random)
{
  if (below (random, 3) == 0) {
    const gchar *type = rt2_event_type_name (below (random, RT2_N_EVENTS));

    return type ? type : "new.event";
  }
  return words[below (random, G_N_ELEMENTS (words))];
}

static JsonNode *
nested (GRand *random)
{
  JsonNode *node = json_node_init_null (json_node_alloc ());

  for (guint depth = below (random, 70); depth > 0; depth--) {
    JsonArray *array = json_array_new ();

    json_array_add_element (array, node);
    node = json_node_init_array (json_node_alloc (), array);
    json_array_unref (array);
  }
  return node;
}

static JsonNode *
new_value (GRand *random)
{
  JsonNode *node;
  gchar *text;

  switch (below (random, 9)) {
    case 0:
      return json_node_init_null (json_node_alloc ());
    case 1:
      return json_node_init_boolean (json_node_alloc (), below (random, 2));
    case 2:
    case 3:
      return json_node_init_int (
          json_node_alloc (), numbers[below (random, G_N_ELEMENTS (numbers))]);
    case 4:
      return json_node_init_double (json_node_alloc (),
          fractions[below (random, G_N_ELEMENTS (fractions))]);
    case 5:
      if (below (random, 4) > 0)
        break;
      return nested (random);
    case 6:
      if (below (random, 2) > 0)
        break;
      text = long_word (random);
      node = json_node_init_string (json_node_alloc (), text);
      g_free (text);
      return node;
    default:
      break;
  }
  return json_node_init_string (json_node_alloc (), word (random));
}

/* --- places --- */

static void collect (GArray *slots, JsonNode *node);

static void
collect_member (
    JsonObject *object, const gchar *name, JsonNode *node, gpointer slots)
{
  Slot slot = { .object = object, .name = name };

  g_array_append_val ((GArray *) slots, slot);
  collect (slots, node);
}

static void
collect_element (JsonArray *array, guint i, JsonNode *node, gpointer slots)
{
  Slot slot = { .array = array, .index = i };

  g_array_append_val ((GArray *) slots, slot);
  collect (slots, node);
}

static void
collect (GArray *slots, JsonNode *node)
{
  if (JSON_NODE_HOLDS_OBJECT (node))
    json_object_foreach_member (
        json_node_get_object (node), collect_member, slots);
  else if (JSON_NODE_HOLDS_ARRAY (node))
    json_array_foreach_element (
        json_node_get_array (node), collect_element, slots);
}

static JsonNode *
value_at (const Slot *slot)
{
  return slot->object ? json_object_get_member (slot->object, slot->name)
                      : json_array_get_element (slot->array, slot->index);
}

/* New; json_node_copy() would share what is inside. */
static JsonNode *
copy_of (JsonNode *node)
{
  gchar *text = json_to_string (node, FALSE);
  JsonNode *copy = rt2_json_parse (text, strlen (text), NULL);

  g_free (text);
  return copy ? copy : json_node_init_null (json_node_alloc ());
}

/* Takes @node over. */
static void
put (const Slot *slot, const gchar *name, JsonNode *node)
{
  if (slot->object)
    json_object_set_member (slot->object, name ? name : slot->name, node);
  else
    json_array_add_element (slot->array, node);
}

static void
take_out (const Slot *slot)
{
  if (slot->object)
    json_object_remove_member (slot->object, slot->name);
  else
    json_array_remove_element (slot->array, slot->index);
}

/* --- mutations --- */

/* A number becomes a neighbour. */
static void
nudge (const Slot *slot, GRand *random)
{
  JsonNode *node = value_at (slot);

  if (!JSON_NODE_HOLDS_VALUE (node)
      || json_node_get_value_type (node) != G_TYPE_INT64) {
    put (slot, NULL, new_value (random));
    return;
  }
  put (slot, NULL,
      json_node_init_int (json_node_alloc (),
          (gint64) ((guint64) json_node_get_int (node) + below (random, 2001)
              - 1000)));
}

static void
mutate (GArray *slots, GRand *random)
{
  const Slot *slot = &g_array_index (slots, Slot, below (random, slots->len));
  const Slot *other = &g_array_index (slots, Slot, below (random, slots->len));
  const gchar *name = names[below (random, G_N_ELEMENTS (names))];

  switch (below (random, 6)) {
    case 0:
      take_out (slot);
      break;
    case 1:
      put (slot, NULL, copy_of (value_at (other)));
      break;
    case 2:
      put (slot, name, copy_of (value_at (other)));
      break;
    case 3:
      put (slot, name, new_value (random));
      break;
    case 4:
      nudge (slot, random);
      break;
    default:
      put (slot, NULL, new_value (random));
      break;
  }
}

gchar *
fuzz_mutate_json (const gchar *text, gsize size, GRand *random)
{
  JsonObject *object = rt2_json_parse_object (text, size, NULL);
  JsonNode *root;
  gchar *result;

  if (!object)
    return NULL;
  root = json_node_init_object (json_node_alloc (), object);
  for (guint n = 1 + below (random, 3); n > 0; n--) {
    GArray *slots = g_array_new (FALSE, FALSE, sizeof (Slot));

    collect (slots, root);
    if (slots->len > 0)
      mutate (slots, random);
    else
      json_object_set_string_member (object, "type", word (random));
    g_array_unref (slots);
  }
  result = rt2_json_to_text (object);
  json_object_unref (object);
  json_node_unref (root);
  return result;
}
