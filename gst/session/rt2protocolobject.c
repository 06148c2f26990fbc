/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The objects that events carry: items, responses, sessions, usage, errors,
 * rate limits. Each is read member by member and owns copies of its strings.
 */
#include "rt2protocolpriv.h"

#include <math.h>
#include <string.h>

typedef struct {
  const gchar *name;
  gint value;
} Word;

static const Word item_types[] = {
  { "message", RT2_ITEM_MESSAGE },
  { "function_call", RT2_ITEM_FUNCTION_CALL },
  { "function_call_output", RT2_ITEM_FUNCTION_CALL_OUTPUT },
  { "mcp_list_tools", RT2_ITEM_MCP_LIST_TOOLS },
  { "mcp_call", RT2_ITEM_MCP_CALL },
  { "mcp_approval_request", RT2_ITEM_MCP_APPROVAL_REQUEST },
  { "mcp_approval_response", RT2_ITEM_MCP_APPROVAL_RESPONSE },
  { NULL, RT2_ITEM_UNKNOWN },
};

static const Word statuses[] = {
  { "in_progress", RT2_STATUS_IN_PROGRESS },
  { "completed", RT2_STATUS_COMPLETED },
  { "cancelled", RT2_STATUS_CANCELLED },
  { "incomplete", RT2_STATUS_INCOMPLETE },
  { "failed", RT2_STATUS_FAILED },
  { NULL, RT2_STATUS_UNKNOWN },
};

/* The value of the word that the member @name holds; that of the NULL word, the
 * last one, if it holds no word of the list. */
static gint
take_word (JsonObject *object, const gchar *name, const Word *words)
{
  const gchar *word = rt2_json_string (object, name);

  while (words->name && g_strcmp0 (words->name, word) != 0)
    words++;
  return words->value;
}

const gchar *
rt2_status_name (Rt2Status status)
{
  const Word *word = statuses;

  while (word->name && word->value != (gint) status)
    word++;
  return word->name;
}

static gchar *
take_string (JsonObject *object, const gchar *name)
{
  return g_strdup (rt2_json_string (object, name));
}

gboolean
rt2_protocol_take_id (
    JsonObject *object, const gchar *name, gchar **id, GError **error)
{
  const gchar *text = rt2_json_string (object, name);
  gsize length = text ? strlen (text) : 0;

  if (length > RT2_PROTOCOL_MAX_SERVER_ID) {
    g_set_error (error, RT2_PROTOCOL_ERROR, RT2_PROTOCOL_ERROR_FIELD,
        "%s has %" G_GSIZE_FORMAT " bytes, at most %d are taken", name, length,
        RT2_PROTOCOL_MAX_SERVER_ID);
    return FALSE;
  }
  *id = length > 0 ? g_strdup (text) : NULL;
  return TRUE;
}

/* --- items --- */

/* Adds one part of @item's content; @text collects its words. */
static void
take_part (Rt2Item *item, JsonObject *part, GString *text, gboolean *has_text)
{
  const gchar *type = rt2_json_string (part, "type");
  const gchar *words = rt2_json_string (part, "transcript");

  if (!words)
    words = rt2_json_string (part, "text");
  if (words) {
    g_string_append (text, words);
    *has_text = TRUE;
  }
  if (g_strcmp0 (type, "output_audio") == 0 || g_strcmp0 (type, "audio") == 0)
    item->has_audio = TRUE;
  if (item->phase == RT2_PHASE_UNKNOWN)
    item->phase = rt2_phase_from_name (rt2_json_string (part, "phase"));
}

static void
take_content (Rt2Item *item, JsonArray *content)
{
  guint n_parts = content ? json_array_get_length (content) : 0;
  GString *text = g_string_new (NULL);
  gboolean has_text = FALSE;

  for (guint i = 0; i < n_parts; i++)
    take_part (item, rt2_json_array_object (content, i), text, &has_text);
  item->text = g_string_free (text, !has_text);
}

static gchar *
take_arguments (JsonObject *object)
{
  if (rt2_json_object (object, "arguments"))
    return rt2_json_member_text (object, "arguments");
  return take_string (object, "arguments");
}

/* The names of what @tools holds; NULL if that is nothing. */
static gchar **
take_tool_names (JsonArray *tools)
{
  guint n_tools = tools ? json_array_get_length (tools) : 0;
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  gboolean found = FALSE;

  for (guint i = 0; i < n_tools; i++) {
    const gchar *name = rt2_json_string (
        rt2_json_array_object (tools, i), "name");

    if (name)
      g_strv_builder_add (names, name);
    found = found || name;
  }
  return found ? g_strv_builder_end (names) : NULL;
}

/* An error is an object with a message, or, of some servers, a bare text. */
static gchar *
take_failure (JsonObject *object)
{
  JsonObject *error = rt2_json_object (object, "error");

  if (!error)
    return take_string (object, "error");
  if (rt2_json_string (error, "message"))
    return take_string (error, "message");
  return rt2_json_to_text (error);
}

static void
take_mcp (Rt2Item *item, JsonObject *object)
{
  item->server_label = take_string (object, "server_label");
  item->output = take_string (object, "output");
  item->error = take_failure (object);
  if (item->type == RT2_ITEM_MCP_LIST_TOOLS)
    item->tools = take_tool_names (rt2_json_array (object, "tools"));
}

Rt2Item *
rt2_item_parse (JsonObject *object, GError **error)
{
  g_autoptr (Rt2Item) item = g_new0 (Rt2Item, 1);

  if (!rt2_protocol_take_id (object, "id", &item->id, error)
      || !rt2_protocol_take_id (object, "call_id", &item->call_id, error)
      || !rt2_protocol_take_id (
          object, "approval_request_id", &item->approval_request_id, error))
    return NULL;
  item->type = take_word (object, "type", item_types);
  item->status = take_word (object, "status", statuses);
  item->role = rt2_role_from_name (rt2_json_string (object, "role"));
  item->phase = rt2_phase_from_name (rt2_json_string (object, "phase"));
  item->name = take_string (object, "name");
  item->arguments = take_arguments (object);
  take_mcp (item, object);
  take_content (item, rt2_json_array (object, "content"));
  return g_steal_pointer (&item);
}

void
rt2_item_free (Rt2Item *item)
{
  if (!item)
    return;
  g_free (item->id);
  g_free (item->text);
  g_free (item->call_id);
  g_free (item->name);
  g_free (item->arguments);
  g_free (item->server_label);
  g_free (item->approval_request_id);
  g_strfreev (item->tools);
  g_free (item->output);
  g_free (item->error);
  g_free (item);
}

/* --- usage --- */

/* A transcription that is billed by duration: a whole number on most models,
 * but typed as any number. */
static guint64
take_seconds (JsonObject *object)
{
  gdouble seconds = ceil (rt2_json_double (object, "seconds", 0));

  return seconds > 0 && seconds <= G_MAXUINT32 ? seconds : 0;
}

void
rt2_usage_parse (JsonObject *object, Rt2Usage *usage)
{
  JsonObject *input = rt2_json_object (object, "input_token_details");
  JsonObject *cached = rt2_json_object (input, "cached_tokens_details");
  JsonObject *output = rt2_json_object (object, "output_token_details");

  usage->known = object != NULL;
  usage->total = rt2_json_uint (object, "total_tokens", 0);
  usage->input = rt2_json_uint (object, "input_tokens", 0);
  usage->output = rt2_json_uint (object, "output_tokens", 0);
  usage->input_text = rt2_json_uint (input, "text_tokens", 0);
  usage->input_audio = rt2_json_uint (input, "audio_tokens", 0);
  usage->input_image = rt2_json_uint (input, "image_tokens", 0);
  usage->cached = rt2_json_uint (input, "cached_tokens", 0);
  usage->cached_text = rt2_json_uint (cached, "text_tokens", 0);
  usage->cached_audio = rt2_json_uint (cached, "audio_tokens", 0);
  usage->cached_image = rt2_json_uint (cached, "image_tokens", 0);
  usage->output_text = rt2_json_uint (output, "text_tokens", 0);
  usage->output_audio = rt2_json_uint (output, "audio_tokens", 0);
  usage->seconds = take_seconds (object);
}

/* --- responses --- */

static void
take_status_details (Rt2Response *response, JsonObject *object)
{
  JsonObject *details = rt2_json_object (object, "status_details");
  JsonObject *error = rt2_json_object (details, "error");

  response->reason = details ? take_string (details, "reason")
                             : take_string (object, "status_details");
  response->error_type = take_string (error, "type");
  response->error_code = take_string (error, "code");
  response->error_message = take_string (error, "message");
}

static gboolean
take_output (Rt2Response *response, JsonArray *output, GError **error)
{
  guint n_items = output ? json_array_get_length (output) : 0;

  for (guint i = 0; i < n_items; i++) {
    Rt2Item *item = rt2_item_parse (rt2_json_array_object (output, i), error);

    if (!item)
      return FALSE;
    if (item->id)
      g_ptr_array_add (response->output, item);
    else
      rt2_item_free (item);
  }
  return TRUE;
}

Rt2Response *
rt2_response_parse (JsonObject *object, GError **error)
{
  g_autoptr (Rt2Response) response = g_new0 (Rt2Response, 1);
  JsonObject *metadata = rt2_json_object (object, "metadata");

  response->output = g_ptr_array_new_with_free_func (
      (GDestroyNotify) rt2_item_free);
  if (!rt2_protocol_take_id (object, "id", &response->id, error)
      || !rt2_protocol_take_id (
          object, "conversation_id", &response->conversation_id, error)
      || !take_output (response, rt2_json_array (object, "output"), error))
    return NULL;
  response->status = take_word (object, "status", statuses);
  response->client_event_id = take_string (metadata, "client_event_id");
  response->metadata = metadata ? rt2_json_to_text (metadata) : NULL;
  take_status_details (response, object);
  rt2_usage_parse (rt2_json_object (object, "usage"), &response->usage);
  return g_steal_pointer (&response);
}

void
rt2_response_free (Rt2Response *response)
{
  if (!response)
    return;
  g_free (response->id);
  g_free (response->conversation_id);
  g_free (response->reason);
  g_free (response->error_type);
  g_free (response->error_code);
  g_free (response->error_message);
  g_free (response->client_event_id);
  g_free (response->metadata);
  g_ptr_array_unref (response->output);
  g_free (response);
}

/* --- sessions --- */

/* @foreign: there is one, and we have none that is called so, or not at this
 * rate. */
static gboolean
take_format (JsonObject *direction, Rt2AudioFormat *format, gboolean *foreign)
{
  JsonObject *object = rt2_json_object (direction, "format");
  const gchar *name = rt2_json_string (object, "type");
  guint64 rate = rt2_json_uint (object, "rate", 0);
  gboolean known = rt2_audio_format_from_name (name, format)
      && (rate == 0 || rate == rt2_audio_format_rate (*format));

  *foreign = name != NULL && !known;
  return known;
}

/* A voice is a name, or an object with the id of a custom one. */
static gchar *
take_voice (JsonObject *output)
{
  JsonObject *custom = rt2_json_object (output, "voice");

  return custom ? take_string (custom, "id") : take_string (output, "voice");
}

static gboolean
has_value (JsonObject *object, const gchar *name)
{
  JsonNode *node = object ? json_object_get_member (object, name) : NULL;

  return node && !JSON_NODE_HOLDS_NULL (node);
}

Rt2SessionInfo *
rt2_session_info_parse (JsonObject *object, GError **error)
{
  g_autoptr (Rt2SessionInfo) info = g_new0 (Rt2SessionInfo, 1);
  JsonObject *audio = rt2_json_object (object, "audio");
  JsonObject *input = rt2_json_object (audio, "input");
  JsonObject *output = rt2_json_object (audio, "output");

  if (!rt2_protocol_take_id (object, "id", &info->id, error))
    return NULL;
  info->type = take_string (object, "type");
  info->model = take_string (object, "model");
  info->voice = take_voice (output);
  info->expires_at = rt2_json_uint (object, "expires_at", 0);
  info->has_input_format = take_format (
      input, &info->input_format, &info->foreign_input_format);
  info->has_output_format = take_format (
      output, &info->output_format, &info->foreign_output_format);
  info->has_turn_detection = has_value (input, "turn_detection");
  info->json = object ? rt2_json_to_text (object) : g_strdup ("{}");
  return g_steal_pointer (&info);
}

void
rt2_session_info_free (Rt2SessionInfo *info)
{
  if (!info)
    return;
  g_free (info->id);
  g_free (info->type);
  g_free (info->model);
  g_free (info->voice);
  g_free (info->json);
  g_free (info);
}

/* --- errors --- */

/* Reads the `error` of @event. Some servers put a bare text there, or leave the
 * object away and put its members into the event. */
Rt2ServerError *
rt2_server_error_parse (JsonObject *event)
{
  Rt2ServerError *error = g_new0 (Rt2ServerError, 1);
  JsonObject *object = rt2_json_object (event, "error");

  if (object) {
    error->type = take_string (object, "type");
    error->event_id = take_string (object, "event_id");
  } else {
    object = event;
  }
  error->code = take_string (object, "code");
  error->message = take_string (object, "message");
  error->param = take_string (object, "param");
  if (!error->message)
    error->message = take_string (event, "error");
  return error;
}

void
rt2_server_error_free (Rt2ServerError *error)
{
  if (!error)
    return;
  g_free (error->type);
  /* A server may quote the key. */
  rt2_secret_free (error->code);
  rt2_secret_free (error->message);
  rt2_secret_free (error->param);
  g_free (error->event_id);
  g_free (error);
}

/* --- rate limits --- */

static void
rate_limit_free (Rt2RateLimit *limit)
{
  g_free (limit->name);
  g_free (limit);
}

static void
take_rate_limit (GPtrArray *limits, JsonObject *object)
{
  const gchar *name = rt2_json_string (object, "name");
  Rt2RateLimit *limit;

  if (!name)
    return;
  limit = g_new0 (Rt2RateLimit, 1);
  limit->name = g_strdup (name);
  limit->limit = rt2_json_uint (object, "limit", 0);
  limit->remaining = rt2_json_uint (object, "remaining", 0);
  limit->reset_seconds = rt2_json_double (object, "reset_seconds", 0);
  if (limit->reset_seconds < 0)
    limit->reset_seconds = 0;
  g_ptr_array_add (limits, limit);
}

GPtrArray *
rt2_rate_limits_parse (JsonArray *array)
{
  GPtrArray *limits = g_ptr_array_new_with_free_func (
      (GDestroyNotify) rate_limit_free);
  guint n_limits = array ? json_array_get_length (array) : 0;

  for (guint i = 0; i < n_limits; i++)
    take_rate_limit (limits, rt2_json_array_object (array, i));
  return limits;
}
