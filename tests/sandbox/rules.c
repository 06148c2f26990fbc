/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the documented session and response parameters may hold. Tables only. */
#include "rules.h"

#include "items.h"
#include "languages.h"

static const gchar *const voices[] = { "alloy", "ash", "ballad", "coral",
  "echo", "sage", "shimmer", "verse", "marin", "cedar", NULL };
static const gchar *const efforts[] = { "minimal", "low", "medium", "high",
  "xhigh", NULL };
static const gchar *const modalities[] = { "text", "audio", NULL };
static const gchar *const eagernesses[] = { "low", "medium", "high", "auto",
  NULL };
static const gchar *const fields_of_noise[] = { "near_field", "far_field",
  NULL };
static const gchar *const includes[] = {
  "item.input_audio_transcription.logprobs", NULL
};
static const gchar *const tool_choices[] = { "none", "auto", "required", NULL };
static const gchar *const conversations[] = { "auto", "none", NULL };
static const gchar *const infinite[] = { "inf", NULL };
static const gchar *const automatic[] = { "auto", NULL };
static const gchar *const truncations[] = { "auto", "disabled", NULL };
static const gchar *const session_types[] = { "realtime", "transcription",
  NULL };
static const gchar *const translation_hearing[] = { "gpt-realtime-whisper",
  NULL };
static const gchar *const approvals[] = { "always", "never", NULL };
static const gchar *const callers[] = { "direct", "programmatic", NULL };

const gchar *const rules_transcription_models[] = { "gpt-realtime-whisper",
  "gpt-live-transcribe", "gpt-transcribe", "gpt-4o-transcribe",
  "gpt-4o-mini-transcribe", "gpt-4o-mini-transcribe-2025-12-15",
  "gpt-4o-transcribe-diarize", "whisper-1", NULL };

static gboolean
holds (JsonNode *value, GType type)
{
  return JSON_NODE_HOLDS_VALUE (value)
      && json_node_get_value_type (value) == type;
}

/* ---- audio ---- */

static const Rule format_pcm[] = {
  { "type", RULE_STRING },
  { "rate", RULE_INTEGER, .min = 24000, .max = 24000 },
  { NULL },
};
static const Rule format_g711[] = {
  { "type", RULE_STRING },
  { NULL },
};
static const Variant formats[] = {
  { "audio/pcm", format_pcm },
  { "audio/pcmu", format_g711 },
  { "audio/pcma", format_g711 },
  { NULL },
};

static gboolean
check_format (JsonNode *value, const gchar *path, Fault *fault)
{
  return schema_check_variant (formats, value, path, fault);
}

static const Rule turn_server[] = {
  { "type", RULE_STRING },
  { "threshold", RULE_NUMBER, .max = 1 },
  { "prefix_padding_ms", RULE_INTEGER, .max = G_MAXINT },
  { "silence_duration_ms", RULE_INTEGER, .max = G_MAXINT },
  { "create_response", RULE_BOOLEAN },
  { "interrupt_response", RULE_BOOLEAN },
  { "idle_timeout_ms", RULE_INTEGER, RULE_NULLABLE, 5000, 30000 },
  { "model_version", RULE_STRING },
  { NULL },
};
static const Rule turn_semantic[] = {
  { "type", RULE_STRING },
  { "eagerness", RULE_STRING, .values = eagernesses },
  { "create_response", RULE_BOOLEAN },
  { "interrupt_response", RULE_BOOLEAN },
  { "model_version", RULE_STRING },
  { NULL },
};
static const Variant turn_detections[] = {
  { "server_vad", turn_server },
  { "semantic_vad", turn_semantic },
  { NULL },
};

static gboolean
check_turn_detection (JsonNode *value, const gchar *path, Fault *fault)
{
  return JSON_NODE_HOLDS_NULL (value)
      || schema_check_variant (turn_detections, value, path, fault);
}

static const Rule any_string = { "string", RULE_STRING };

static const Rule transcription[] = {
  { "model", RULE_STRING },
  { "language", RULE_STRING, RULE_NULLABLE },
  { "languages", RULE_ARRAY, .element = &any_string },
  { "keywords", RULE_ARRAY, .element = &any_string },
  { "prompt", RULE_STRING, RULE_NULLABLE },
  { "delay", RULE_STRING, .values = efforts },
  { NULL },
};

static const Rule noise_reduction[] = {
  { "type", RULE_STRING, RULE_REQUIRED, .values = fields_of_noise },
  { "strength", RULE_NUMBER },
  { NULL },
};

static gboolean
check_voice (JsonNode *value, const gchar *path, Fault *fault)
{
  static const Rule by_id[] = {
    { "id", RULE_STRING, RULE_REQUIRED },
    { NULL },
  };

  if (JSON_NODE_HOLDS_OBJECT (value))
    return schema_check_object (
        by_id, json_node_get_object (value), path, fault);
  if (!holds (value, G_TYPE_STRING))
    return schema_refuse_type (
        value, path, "one of a string or an object", fault);
  if (!g_strv_contains (voices, json_node_get_string (value)))
    return schema_refuse_value (
        json_node_get_string (value), voices, path, fault);
  return TRUE;
}

static const Rule audio_input[] = {
  { "format", RULE_ANY, .check = check_format },
  { "noise_reduction", RULE_OBJECT, RULE_NULLABLE, .fields = noise_reduction },
  { "transcription", RULE_OBJECT, RULE_NULLABLE, .fields = transcription },
  { "turn_detection", RULE_ANY, .check = check_turn_detection },
  { NULL },
};
static const Rule audio_output[] = {
  { "format", RULE_ANY, .check = check_format },
  { "voice", RULE_ANY, .check = check_voice },
  { "speed", RULE_NUMBER, .min = 0.25, .max = 1.5 },
  { NULL },
};
static const Rule audio[] = {
  { "input", RULE_OBJECT, .fields = audio_input },
  { "output", RULE_OBJECT, .fields = audio_output },
  { NULL },
};

/* ---- tools ---- */

static const Rule tool_function[] = {
  { "type", RULE_STRING },
  { "name", RULE_STRING, RULE_REQUIRED, .max = 64 },
  { "description", RULE_STRING },
  { "parameters", RULE_OBJECT },
  { NULL },
};

static gboolean
check_string_or (JsonNode *value, const gchar *const *values, const gchar *path,
    Fault *fault)
{
  if (JSON_NODE_HOLDS_OBJECT (value))
    return TRUE;
  if (!holds (value, G_TYPE_STRING))
    return schema_refuse_type (
        value, path, "one of a string or an object", fault);
  if (!g_strv_contains (values, json_node_get_string (value)))
    return schema_refuse_value (
        json_node_get_string (value), values, path, fault);
  return TRUE;
}

static const Rule tool_filter[] = {
  { "tool_names", RULE_ARRAY, .element = &any_string },
  { "read_only", RULE_BOOLEAN },
  { NULL },
};
static const Rule approval_filters[] = {
  { "always", RULE_OBJECT, .fields = tool_filter },
  { "never", RULE_OBJECT, .fields = tool_filter },
  { NULL },
};

static gboolean
check_approval (JsonNode *value, const gchar *path, Fault *fault)
{
  if (JSON_NODE_HOLDS_NULL (value))
    return TRUE;
  if (JSON_NODE_HOLDS_OBJECT (value))
    return schema_check_object (
        approval_filters, json_node_get_object (value), path, fault);
  return check_string_or (value, approvals, path, fault);
}

static gboolean
check_allowed_tools (JsonNode *value, const gchar *path, Fault *fault)
{
  static const Rule names = { "names", RULE_ARRAY, .element = &any_string };

  if (JSON_NODE_HOLDS_NULL (value))
    return TRUE;
  if (JSON_NODE_HOLDS_OBJECT (value))
    return schema_check_object (
        tool_filter, json_node_get_object (value), path, fault);
  return schema_check_value (&names, value, path, fault);
}

static const Rule one_caller = { "caller", RULE_STRING, .values = callers };

static const Rule tool_mcp[] = {
  { "type", RULE_STRING },
  { "server_label", RULE_STRING, RULE_REQUIRED },
  { "server_url", RULE_STRING },
  { "connector_id", RULE_STRING },
  { "tunnel_id", RULE_STRING },
  { "authorization", RULE_STRING },
  { "headers", RULE_OBJECT, RULE_NULLABLE },
  { "allowed_tools", RULE_ANY, .check = check_allowed_tools },
  { "allowed_callers", RULE_ARRAY, RULE_NULLABLE, .element = &one_caller },
  { "require_approval", RULE_ANY, .check = check_approval },
  { "server_description", RULE_STRING },
  { "defer_loading", RULE_BOOLEAN },
  { NULL },
};
static const Variant tools[] = {
  { "function", tool_function },
  { "mcp", tool_mcp },
  { NULL },
};

static gboolean
check_tool (JsonNode *value, const gchar *path, Fault *fault)
{
  return schema_check_variant (tools, value, path, fault);
}

static const Rule one_tool = { "tool", RULE_ANY, .check = check_tool };

static const Rule choose_function[] = {
  { "type", RULE_STRING },
  { "name", RULE_STRING, RULE_REQUIRED },
  { NULL },
};
static const Rule choose_mcp[] = {
  { "type", RULE_STRING },
  { "server_label", RULE_STRING, RULE_REQUIRED },
  { "name", RULE_STRING, RULE_NULLABLE },
  { NULL },
};
static const Variant chosen_tools[] = {
  { "function", choose_function },
  { "mcp", choose_mcp },
  { NULL },
};

static gboolean
check_tool_choice (JsonNode *value, const gchar *path, Fault *fault)
{
  if (JSON_NODE_HOLDS_OBJECT (value))
    return schema_check_variant (chosen_tools, value, path, fault);
  return check_string_or (value, tool_choices, path, fault);
}

/* ---- the rest ---- */

static gboolean
check_modalities (JsonNode *value, const gchar *path, Fault *fault)
{
  JsonArray *array = json_node_get_array (value);

  if (json_array_get_length (array) != 1)
    return fault_set (fault, "invalid_value", path,
        "Invalid modalities. Supported combinations are: ['text'] and "
        "['audio'].");
  return TRUE;
}

static const Rule one_modality = { "modality", RULE_STRING,
  .values = modalities };
static const Rule one_include = { "include", RULE_STRING, .values = includes };

static gboolean
check_max_tokens (JsonNode *value, const gchar *path, Fault *fault)
{
  static const Rule number = { "number", RULE_INTEGER, .min = 1, .max = 4096 };

  if (holds (value, G_TYPE_STRING)) {
    if (g_str_equal (json_node_get_string (value), "inf"))
      return TRUE;
    return schema_refuse_value (
        json_node_get_string (value), infinite, path, fault);
  }
  if (!holds (value, G_TYPE_INT64))
    return schema_refuse_type (
        value, path, "one of an integer or 'inf'", fault);
  return schema_check_value (&number, value, path, fault);
}

static const Rule prompt[] = {
  { "id", RULE_STRING, RULE_REQUIRED },
  { "version", RULE_STRING, RULE_NULLABLE },
  { "variables", RULE_OBJECT, RULE_NULLABLE },
  { NULL },
};

static const Rule tracing[] = {
  { "workflow_name", RULE_STRING },
  { "group_id", RULE_STRING },
  { "metadata", RULE_OBJECT },
  { NULL },
};

static gboolean
check_tracing (JsonNode *value, const gchar *path, Fault *fault)
{
  if (JSON_NODE_HOLDS_NULL (value))
    return TRUE;
  if (JSON_NODE_HOLDS_OBJECT (value))
    return schema_check_object (
        tracing, json_node_get_object (value), path, fault);
  return check_string_or (value, automatic, path, fault);
}

static const Rule token_limits[] = {
  { "post_instructions", RULE_INTEGER, .max = G_MAXINT },
  { NULL },
};
static const Rule retention[] = {
  { "type", RULE_STRING },
  { "retention_ratio", RULE_NUMBER, RULE_REQUIRED, 0, 1 },
  { "token_limits", RULE_OBJECT, .fields = token_limits },
  { NULL },
};
static const Variant retentions[] = {
  { "retention_ratio", retention },
  { NULL },
};

static gboolean
check_truncation (JsonNode *value, const gchar *path, Fault *fault)
{
  if (JSON_NODE_HOLDS_OBJECT (value))
    return schema_check_variant (retentions, value, path, fault);
  return check_string_or (value, truncations, path, fault);
}

static const Rule reasoning[] = {
  { "effort", RULE_STRING, .values = efforts },
  { NULL },
};

static gboolean
check_metadata (JsonNode *value, const gchar *path, Fault *fault)
{
  static const Rule text = { "text", RULE_STRING, .max = 512 };
  JsonObject *object = json_node_get_object (value);
  JsonObjectIter iter;
  const gchar *name;
  JsonNode *member;

  if (json_object_get_size (object) > 16)
    return fault_set (fault, "object_above_max_properties", path,
        "Invalid '%s': too many properties. Expected an object with at most "
        "16 properties, but got an object with %u properties instead.",
        path, json_object_get_size (object));
  json_object_iter_init (&iter, object);
  while (json_object_iter_next (&iter, &name, &member)) {
    g_autofree gchar *inner = g_strdup_printf ("%s.%s", path, name);

    if (g_utf8_strlen (name, -1) > 64)
      return fault_set (fault, "string_above_max_length", inner,
          "Invalid property name in '%s': string too long. Expected a string "
          "with maximum length 64, but got a string with length %ld",
          path, g_utf8_strlen (name, -1));
    if (!schema_check_value (&text, member, inner, fault))
      return FALSE;
  }
  return TRUE;
}

const Rule rules_session[] = {
  { "type", RULE_STRING, RULE_REQUIRED, .values = session_types },
  { "model", RULE_STRING },
  { "output_modalities", RULE_ARRAY, .element = &one_modality,
      .check = check_modalities },
  { "instructions", RULE_STRING },
  { "audio", RULE_OBJECT, .fields = audio },
  { "include", RULE_ARRAY, RULE_NULLABLE, .element = &one_include },
  { "tools", RULE_ARRAY, .element = &one_tool },
  { "tool_choice", RULE_ANY, .check = check_tool_choice },
  { "parallel_tool_calls", RULE_BOOLEAN },
  { "reasoning", RULE_OBJECT, .fields = reasoning },
  { "max_output_tokens", RULE_ANY, .check = check_max_tokens },
  { "prompt", RULE_OBJECT, RULE_NULLABLE, .fields = prompt },
  { "tracing", RULE_ANY, .check = check_tracing },
  { "truncation", RULE_ANY, .check = check_truncation },
  { NULL },
};

/* ---- the other kinds of session ---- */

static const Rule only_input[] = {
  { "input", RULE_OBJECT, .fields = audio_input },
  { NULL },
};

const Rule rules_transcription_session[] = {
  { "type", RULE_STRING, RULE_REQUIRED, .values = session_types },
  { "audio", RULE_OBJECT, .fields = only_input },
  { "include", RULE_ARRAY, RULE_NULLABLE, .element = &one_include },
  { NULL },
};

static const Rule source_transcription[] = {
  { "model", RULE_STRING, RULE_REQUIRED, .values = translation_hearing },
  { NULL },
};
static const Rule translation_input[] = {
  { "transcription", RULE_OBJECT, RULE_NULLABLE,
      .fields = source_transcription },
  { "noise_reduction", RULE_OBJECT, RULE_NULLABLE, .fields = noise_reduction },
  { NULL },
};
static const Rule translation_output[] = {
  { "language", RULE_STRING, .values = languages_codes },
  { NULL },
};
static const Rule translation_audio[] = {
  { "input", RULE_OBJECT, .fields = translation_input },
  { "output", RULE_OBJECT, .fields = translation_output },
  { NULL },
};

const Rule rules_translation_session[] = {
  { "audio", RULE_OBJECT, .fields = translation_audio },
  { NULL },
};

/* ---- response.create ---- */

static const Rule response_audio_output[] = {
  { "format", RULE_ANY, .check = check_format },
  { "voice", RULE_ANY, .check = check_voice },
  { NULL },
};
static const Rule response_audio[] = {
  { "output", RULE_OBJECT, .fields = response_audio_output },
  { NULL },
};
static const Rule one_input = { "item", RULE_ANY, .check = items_check_input };

const Rule rules_response[] = {
  { "conversation", RULE_STRING, .values = conversations },
  { "input", RULE_ARRAY, .element = &one_input },
  { "output_modalities", RULE_ARRAY, .element = &one_modality,
      .check = check_modalities },
  { "instructions", RULE_STRING },
  { "audio", RULE_OBJECT, .fields = response_audio },
  { "tools", RULE_ARRAY, .element = &one_tool },
  { "tool_choice", RULE_ANY, .check = check_tool_choice },
  { "parallel_tool_calls", RULE_BOOLEAN },
  { "reasoning", RULE_OBJECT, .fields = reasoning },
  { "max_output_tokens", RULE_ANY, .check = check_max_tokens },
  { "metadata", RULE_OBJECT, RULE_NULLABLE, .check = check_metadata },
  { "prompt", RULE_OBJECT, RULE_NULLABLE, .fields = prompt },
  { NULL },
};
