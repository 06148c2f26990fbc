/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a conversation item may hold, and making items. */
#include "items.h"

#include "picture.h"
#include "schema.h"

#define MAX_ID 32

static const gchar *const statuses[] = { "completed", "incomplete",
  "in_progress", NULL };
static const gchar *const objects[] = { "realtime.item", NULL };
static const gchar *const roles[] = { "user", "assistant", "system", NULL };
static const gchar *const details[] = { "auto", "low", "high", NULL };
static const gchar *const phases[] = { "commentary", "final_answer", NULL };

static gboolean
check_audio (JsonNode *value, const gchar *path, Fault *fault)
{
  g_autofree guint8 *data = NULL;
  gsize size;

  if (wire_decode_base64 (json_node_get_string (value), &data, &size))
    return TRUE;
  return fault_set (fault, "invalid_value", path,
      "Invalid '%s'. Expected base64-encoded audio bytes.", path);
}

static gboolean
check_image (JsonNode *value, const gchar *path, Fault *fault)
{
  const gchar *why = NULL;
  Picture picture;

  return picture_read_uri (json_node_get_string (value), &picture, &why)
      || fault_set (fault, "invalid_value", path,
          "Invalid '%s'. Expected a base64-encoded data URI with an image of "
          "type image/png or image/jpeg. %s",
          path, why);
}

/* In the service's words: an empty message is no item. */
static gboolean
check_content (JsonNode *value, const gchar *path, Fault *fault)
{
  return json_array_get_length (json_node_get_array (value)) > 0
      || fault_set (fault, "empty_array", path,
          "Invalid '%s': empty array. Expected an array with minimum length 1, "
          "but got an empty array instead.",
          path);
}

static const Rule part_text[] = {
  { "type", RULE_STRING },
  { "text", RULE_STRING, RULE_REQUIRED },
  { NULL },
};
static const Rule part_audio[] = {
  { "type", RULE_STRING },
  { "audio", RULE_STRING, RULE_REQUIRED, .check = check_audio },
  { "transcript", RULE_STRING, RULE_NULLABLE },
  { NULL },
};
static const Rule part_image[] = {
  { "type", RULE_STRING },
  { "image_url", RULE_STRING, RULE_REQUIRED, .check = check_image },
  { "detail", RULE_STRING, .values = details },
  { NULL },
};

static const Variant user_parts[] = {
  { "input_text", part_text },
  { "input_audio", part_audio },
  { "input_image", part_image },
  { NULL },
};
static const Variant system_parts[] = {
  { "input_text", part_text },
  { NULL },
};
/* Assistant audio cannot be created by a client. */
static const Variant assistant_parts[] = {
  { "output_text", part_text },
  { NULL },
};

static gboolean
check_user_part (JsonNode *value, const gchar *path, Fault *fault)
{
  return schema_check_variant (user_parts, value, path, fault);
}

static gboolean
check_system_part (JsonNode *value, const gchar *path, Fault *fault)
{
  return schema_check_variant (system_parts, value, path, fault);
}

static gboolean
check_assistant_part (JsonNode *value, const gchar *path, Fault *fault)
{
  return schema_check_variant (assistant_parts, value, path, fault);
}

static const Rule one_user_part = { "part", RULE_ANY,
  .check = check_user_part };
static const Rule one_system_part = { "part", RULE_ANY,
  .check = check_system_part };
static const Rule one_assistant_part = { "part", RULE_ANY,
  .check = check_assistant_part };

#define COMMON_FIELDS                                                          \
  { "type", RULE_STRING }, { "id", RULE_STRING, .max = MAX_ID },               \
      { "object", RULE_STRING, .values = objects },                            \
  {                                                                            \
    "status", RULE_STRING, .values = statuses                                  \
  }

#define MESSAGE_FIELDS(part)                                                   \
  COMMON_FIELDS, { "role", RULE_STRING, RULE_REQUIRED, .values = roles },      \
  {                                                                            \
    "content", RULE_ARRAY, RULE_REQUIRED, .element = part,                     \
                                          .check = check_content               \
  }

static const Rule message_user[] = {
  MESSAGE_FIELDS (&one_user_part),
  { NULL },
};
static const Rule message_system[] = {
  MESSAGE_FIELDS (&one_system_part),
  { NULL },
};
static const Rule message_assistant[] = {
  MESSAGE_FIELDS (&one_assistant_part),
  { "phase", RULE_STRING, RULE_NULLABLE, .values = phases },
  { NULL },
};

static const Rule function_call[] = {
  COMMON_FIELDS,
  { "call_id", RULE_STRING, .max = MAX_ID },
  { "name", RULE_STRING, RULE_REQUIRED },
  { "arguments", RULE_STRING, RULE_REQUIRED },
  { "phase", RULE_STRING, RULE_NULLABLE, .values = phases },
  { NULL },
};
static const Rule function_call_output[] = {
  COMMON_FIELDS,
  { "call_id", RULE_STRING, RULE_REQUIRED, .max = MAX_ID },
  { "output", RULE_STRING, RULE_REQUIRED },
  { NULL },
};
static const Rule approval_response[] = {
  COMMON_FIELDS,
  { "approval_request_id", RULE_STRING, RULE_REQUIRED },
  { "approve", RULE_BOOLEAN, RULE_REQUIRED },
  { "reason", RULE_STRING, RULE_NULLABLE },
  { NULL },
};
static const Rule reference[] = {
  { "type", RULE_STRING },
  { "id", RULE_STRING, RULE_REQUIRED, .max = MAX_ID },
  { NULL },
};

/* Chosen before the fields are looked at; the role is checked there. */
static const Rule *
message_rules (JsonNode *value)
{
  const gchar *role = wire_string (json_node_get_object (value), "role");

  if (g_strcmp0 (role, "assistant") == 0)
    return message_assistant;
  if (g_strcmp0 (role, "system") == 0)
    return message_system;
  return message_user;
}

static gboolean
check_any (
    JsonNode *value, gboolean references, const gchar *path, Fault *fault)
{
  const Rule *message = JSON_NODE_HOLDS_OBJECT (value) ? message_rules (value)
                                                       : message_user;
  const Variant variants[] = {
    { "message", message },
    { "function_call", function_call },
    { "function_call_output", function_call_output },
    { "mcp_approval_response", approval_response },
    { references ? "item_reference" : NULL, reference },
    { NULL },
  };

  return schema_check_variant (variants, value, path, fault);
}

gboolean
items_check (JsonNode *value, const gchar *path, Fault *fault)
{
  return check_any (value, FALSE, path, fault);
}

gboolean
items_check_input (JsonNode *value, const gchar *path, Fault *fault)
{
  return check_any (value, TRUE, path, fault);
}

/* ---- making items ---- */

static JsonObject *
new_json (const gchar *id, const gchar *type, const gchar *status)
{
  JsonObject *json = json_object_new ();

  json_object_set_string_member (json, "id", id);
  json_object_set_string_member (json, "type", type);
  json_object_set_string_member (json, "status", status);
  return json;
}

static void
append_new_part (JsonObject *json, const gchar *type)
{
  JsonArray *content = json_array_new ();

  if (type != NULL) {
    JsonObject *part = json_object_new ();

    json_object_set_string_member (part, "type", type);
    json_object_set_null_member (part, "transcript");
    json_array_add_object_element (content, part);
  }
  json_object_set_array_member (json, "content", content);
}

Item *
items_new_user_audio (const gchar *id)
{
  JsonObject *json = new_json (id, "message", "completed");

  json_object_set_string_member (json, "role", "user");
  append_new_part (json, "input_audio");
  return item_new (id, json);
}

Item *
items_new_assistant (GRand *rand, const gchar *phase)
{
  g_autofree gchar *id = wire_make_id (rand, "item");
  JsonObject *json = new_json (id, "message", "in_progress");
  Item *item;

  json_object_set_string_member (json, "role", "assistant");
  append_new_part (json, NULL);
  if (phase != NULL)
    json_object_set_string_member (json, "phase", phase);
  item = item_new (id, json);
  item->generated = TRUE;
  return item;
}

Item *
items_new_call (
    GRand *rand, const gchar *name, const gchar *call_id, const gchar *phase)
{
  g_autofree gchar *id = wire_make_id (rand, "item");
  g_autofree gchar *fresh = wire_make_id (rand, "call");
  JsonObject *json = new_json (id, "function_call", "in_progress");
  Item *item;

  json_object_set_string_member (json, "name", name);
  json_object_set_string_member (
      json, "call_id", call_id != NULL ? call_id : fresh);
  json_object_set_string_member (json, "arguments", "");
  if (phase != NULL)
    json_object_set_string_member (json, "phase", phase);
  item = item_new (id, json);
  item->generated = TRUE;
  return item;
}

static Item *
new_mcp_item (const gchar *id, const gchar *type, const gchar *label)
{
  JsonObject *json = json_object_new ();
  Item *item = item_new (id, json);

  json_object_set_string_member (json, "id", id);
  json_object_set_string_member (json, "type", type);
  json_object_set_string_member (json, "server_label", label);
  item->generated = TRUE;
  return item;
}

Item *
items_new_tool_list (GRand *rand, const gchar *label)
{
  g_autofree gchar *id = wire_make_id (rand, "item");
  Item *item = new_mcp_item (id, "mcp_list_tools", label);

  json_object_set_array_member (item->json, "tools", json_array_new ());
  return item;
}

Item *
items_new_mcp_call (
    GRand *rand, const gchar *label, const gchar *name, const gchar *request_id)
{
  g_autofree gchar *id = wire_make_id (rand, "item");
  Item *item = new_mcp_item (id, "mcp_call", label);

  json_object_set_string_member (item->json, "name", name);
  json_object_set_string_member (item->json, "arguments", "");
  wire_set_string (item->json, "approval_request_id", request_id);
  json_object_set_null_member (item->json, "output");
  json_object_set_null_member (item->json, "error");
  return item;
}

Item *
items_new_approval_request (const gchar *id, const gchar *label,
    const gchar *name, const gchar *arguments)
{
  Item *item = new_mcp_item (id, "mcp_approval_request", label);

  json_object_set_string_member (item->json, "name", name);
  json_object_set_string_member (item->json, "arguments", arguments);
  return item;
}

/* Audio parts keep their transcript; the bytes move to the item. */
static GByteArray *
take_audio (JsonObject *json)
{
  JsonArray *content = wire_array (json, "content");
  GByteArray *audio = NULL;
  guint i;

  for (i = 0; content != NULL && i < json_array_get_length (content); i++) {
    JsonObject *part = json_array_get_object_element (content, i);
    g_autofree guint8 *data = NULL;
    gsize size;

    if (wire_string (part, "audio") == NULL
        || !wire_decode_base64 (wire_string (part, "audio"), &data, &size))
      continue;
    if (audio == NULL)
      audio = g_byte_array_new ();
    g_byte_array_append (audio, data, size);
    json_object_remove_member (part, "audio");
    if (!json_object_has_member (part, "transcript"))
      json_object_set_null_member (part, "transcript");
  }
  return audio;
}

/* The wire shows id, type and status first. */
static JsonObject *
complete_json (JsonObject *object, const gchar *id, GRand *rand)
{
  const gchar *type = wire_string (object, "type");
  JsonObject *json = new_json (id, type, "completed");
  JsonObjectIter iter;
  const gchar *name;
  JsonNode *value;

  /* By the official types an approval has none. */
  if (g_str_equal (type, "mcp_approval_response"))
    json_object_remove_member (json, "status");
  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &value))
    if (!g_str_equal (name, "id") && !g_str_equal (name, "status")
        && !g_str_equal (name, "object"))
      json_object_set_member (json, name, wire_copy (value));
  if (g_str_equal (type, "function_call")
      && !json_object_has_member (json, "call_id")) {
    g_autofree gchar *call_id = wire_make_id (rand, "call");

    json_object_set_string_member (json, "call_id", call_id);
  }
  return json;
}

/* Calls may share an id; then each may have an output. */
static gboolean
check_output (Conversation *conversation, const gchar *call_id, Fault *fault)
{
  guint calls = conversation_count_calls (
      conversation, "function_call", call_id);
  guint outputs = conversation_count_calls (
      conversation, "function_call_output", call_id);

  if (calls == 0)
    return fault_set (fault, "invalid_tool_call_id", NULL,
        "Tool call ID '%s' not found in conversation.", call_id);
  return outputs < calls
      || fault_set (fault, "invalid_tool_call_id", NULL,
          "Tool call ID '%s' already has an output in the conversation.",
          call_id);
}

static gboolean
check_place (JsonObject *object, Conversation *conversation, const gchar *after,
    Fault *fault)
{
  const gchar *id = wire_string (object, "id");
  const gchar *call_id = wire_string (object, "call_id");

  if (id != NULL && *id == '\0')
    return fault_set (fault, "invalid_value", "item.id",
        "Invalid 'item.id': an item id cannot be empty.");
  if (id != NULL && conversation_find (conversation, id) != NULL)
    return fault_set (fault, "invalid_value", "item.id",
        "Error adding item: an item with id '%s' already exists in the "
        "conversation.",
        id);
  if (g_str_equal (wire_string (object, "type"), "function_call_output")
      && !check_output (conversation, call_id, fault))
    return FALSE;
  if (after != NULL && !g_str_equal (after, "root")
      && conversation_find (conversation, after) == NULL)
    return fault_set (fault, "item_create_invalid_previous_item_id",
        "previous_item_id",
        "Error adding item: the previous item with id '%s' does not exist.",
        after);
  return TRUE;
}

Item *
items_from_client (JsonObject *object, GRand *rand, AudioFormat format,
    Conversation *conversation, const gchar *after, Fault *fault)
{
  g_autofree gchar *id = g_strdup (wire_string (object, "id"));
  g_autoptr (GByteArray) audio = NULL;
  JsonObject *json;
  Item *item;

  if (!check_place (object, conversation, after, fault))
    return NULL;
  if (id == NULL)
    id = wire_make_id (rand, "item");
  json = complete_json (object, id, rand);
  audio = take_audio (json);
  item = item_new (id, json);
  item->format = format;
  conversation_insert (conversation, item, after);
  if (audio != NULL)
    conversation_add_audio (conversation, item, audio->data, audio->len);
  return item;
}

JsonObject *
items_show (Item *item, gboolean with_phase)
{
  JsonObject *copy = wire_copy_object (item->json);

  if (!with_phase)
    json_object_remove_member (copy, "phase");
  return copy;
}

JsonObject *
items_show_audio (Item *item)
{
  JsonObject *copy = wire_copy_object (item->json);
  JsonArray *content = wire_array (copy, "content");
  g_autofree gchar *text = NULL;
  guint i;

  /* By the official types those have none. */
  if (!g_str_has_prefix (item_type (item), "mcp_"))
    json_object_set_string_member (copy, "object", "realtime.item");
  if (item->audio == NULL || content == NULL)
    return copy;
  text = g_base64_encode (item->audio->data, item->audio->len);
  for (i = 0; i < json_array_get_length (content); i++) {
    JsonObject *part = json_array_get_object_element (content, i);
    const gchar *type = wire_string (part, "type");

    if (g_strcmp0 (type, "input_audio") == 0
        || g_strcmp0 (type, "output_audio") == 0) {
      json_object_set_string_member (part, "audio", text);
      break;
    }
  }
  return copy;
}
