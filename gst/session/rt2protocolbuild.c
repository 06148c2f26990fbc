/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Client events -> JSON text, framed by hand: every object begins with a member
 * that is always there, so all others follow a comma.
 */
#include "rt2protocol.h"

#include "rt2base64.h"
#include "rt2json.h"

#define NS_PER_MS 1000000

/* Whole milliseconds, rounded. */
static guint64
ns_to_ms (guint64 ns)
{
  return ns / NS_PER_MS + (ns % NS_PER_MS >= NS_PER_MS / 2);
}

/* --- members, each after a comma --- */

static void
add_name (GString *out, const gchar *name)
{
  g_string_append_c (out, ',');
  rt2_json_append_string (out, name);
  g_string_append_c (out, ':');
}

/* Nothing if @value is NULL. */
static void
add_string (GString *out, const gchar *name, const gchar *value)
{
  if (!value)
    return;
  add_name (out, name);
  rt2_json_append_string (out, value);
}

static void
add_uint (GString *out, const gchar *name, guint64 value)
{
  add_name (out, name);
  g_string_append_printf (out, "%" G_GUINT64_FORMAT, value);
}

static void
add_boolean (GString *out, const gchar *name, gboolean value)
{
  add_name (out, name);
  g_string_append (out, value ? "true" : "false");
}

/* --- events --- */

static GString *
begin (const gchar *type, const gchar *event_id)
{
  GString *out = g_string_new ("{\"type\":");

  rt2_json_append_string (out, type);
  add_string (out, "event_id", event_id);
  return out;
}

static gchar *
finish (GString *out)
{
  g_string_append_c (out, '}');
  return g_string_free (out, FALSE);
}

void
rt2_build_append (GString *out, const guint8 *audio, gsize size)
{
  g_return_if_fail (size > 0 && size <= RT2_APPEND_MAX);

  g_string_append (out, "{\"type\":\"input_audio_buffer.append\",\"audio\":\"");
  rt2_base64_append (out, audio, size);
  g_string_append (out, "\"}");
}

gchar *
rt2_build_commit (const gchar *event_id)
{
  return finish (begin ("input_audio_buffer.commit", event_id));
}

gchar *
rt2_build_clear (const gchar *event_id)
{
  return finish (begin ("input_audio_buffer.clear", event_id));
}

gchar *
rt2_build_text_item (const gchar *item_id, const gchar *previous_item_id,
    Rt2Role role, const gchar *text, const gchar *event_id)
{
  GString *out;

  g_return_val_if_fail (role != RT2_ROLE_UNKNOWN && text, NULL);

  out = begin ("conversation.item.create", event_id);
  add_string (out, "previous_item_id", previous_item_id);
  g_string_append (out, ",\"item\":{\"type\":\"message\"");
  add_string (out, "id", item_id);
  add_string (out, "role", rt2_role_name (role));
  g_string_append (out, ",\"content\":[{\"type\":");
  rt2_json_append_string (
      out, role == RT2_ROLE_ASSISTANT ? "output_text" : "input_text");
  add_string (out, "text", text);
  g_string_append (out, "}]}");
  return finish (out);
}

gchar *
rt2_build_function_output (
    const gchar *call_id, const gchar *output, const gchar *event_id)
{
  GString *out;

  g_return_val_if_fail (call_id && output, NULL);

  out = begin ("conversation.item.create", event_id);
  g_string_append (out, ",\"item\":{\"type\":\"function_call_output\"");
  add_string (out, "call_id", call_id);
  add_string (out, "output", output);
  g_string_append_c (out, '}');
  return finish (out);
}

/* An event that says nothing but which item it is about. */
static gchar *
build_for_item (const gchar *type, const gchar *item_id, const gchar *event_id)
{
  GString *out;

  g_return_val_if_fail (item_id, NULL);

  out = begin (type, event_id);
  add_string (out, "item_id", item_id);
  return finish (out);
}

gchar *
rt2_build_delete (const gchar *item_id, const gchar *event_id)
{
  return build_for_item ("conversation.item.delete", item_id, event_id);
}

gchar *
rt2_build_retrieve (const gchar *item_id, const gchar *event_id)
{
  return build_for_item ("conversation.item.retrieve", item_id, event_id);
}

gchar *
rt2_build_truncate (const gchar *item_id, guint content_index,
    guint64 audio_end_ms, const gchar *event_id)
{
  GString *out;

  g_return_val_if_fail (item_id && audio_end_ms > 0, NULL);

  out = begin ("conversation.item.truncate", event_id);
  add_string (out, "item_id", item_id);
  add_uint (out, "content_index", content_index);
  add_uint (out, "audio_end_ms", audio_end_ms);
  return finish (out);
}

gchar *
rt2_build_response_create (const gchar *event_id)
{
  GString *out = begin ("response.create", event_id);

  if (event_id) {
    g_string_append (out, ",\"response\":{\"metadata\":{\"client_event_id\":");
    rt2_json_append_string (out, event_id);
    g_string_append (out, "}}");
  }
  return finish (out);
}

gchar *
rt2_build_response_cancel (const gchar *response_id, const gchar *event_id)
{
  GString *out = begin ("response.cancel", event_id);

  add_string (out, "response_id", response_id);
  return finish (out);
}

/* --- session.update --- */

/* Words that the server refuses when empty. */
static void
add_word (GString *out, const gchar *name, const gchar *value)
{
  if (value && *value)
    add_string (out, name, value);
}

/* The first member of a direction, so without a comma. */
static void
append_format (GString *out, Rt2AudioFormat format)
{
  g_string_append (out, "\"format\":{\"type\":");
  rt2_json_append_string (out, rt2_audio_format_name (format));
  if (format == RT2_AUDIO_FORMAT_PCM16)
    add_uint (out, "rate", rt2_audio_format_rate (format));
  g_string_append_c (out, '}');
}

static void
add_transcription (GString *out, const gchar *model)
{
  add_name (out, "transcription");
  if (!model || !*model) {
    g_string_append (out, "null");
    return;
  }
  g_string_append (out, "{\"model\":");
  rt2_json_append_string (out, model);
  g_string_append_c (out, '}');
}

/* Six digits, with a point in every locale. */
static void
add_threshold (GString *out, gdouble threshold)
{
  gchar text[G_ASCII_DTOSTR_BUF_SIZE];

  add_name (out, "threshold");
  /* Written so that NaN, too, ends inside the range. */
  if (!(threshold > 0.0))
    threshold = 0.0;
  g_string_append (
      out, g_ascii_formatd (text, sizeof text, "%.6g", MIN (threshold, 1.0)));
}

static void
add_server_vad (GString *out, const Rt2SessionConfig *config)
{
  guint64 idle_ms = ns_to_ms (config->idle_timeout);

  add_threshold (out, config->vad_threshold);
  add_uint (out, "prefix_padding_ms", ns_to_ms (config->vad_prefix_padding));
  add_uint (
      out, "silence_duration_ms", ns_to_ms (config->vad_silence_duration));
  if (idle_ms > 0)
    add_uint (out, "idle_timeout_ms", idle_ms);
}

static void
add_turn_detection (GString *out, const Rt2SessionConfig *config)
{
  add_name (out, "turn_detection");
  if (config->turn_detection == RT2_TURN_DETECTION_NONE) {
    g_string_append (out, "null");
    return;
  }
  if (config->turn_detection == RT2_TURN_DETECTION_SERVER_VAD) {
    g_string_append (out, "{\"type\":\"server_vad\"");
    add_server_vad (out, config);
  } else {
    g_string_append (out, "{\"type\":\"semantic_vad\"");
    add_word (out, "eagerness", config->vad_eagerness);
  }
  add_boolean (out, "create_response", config->create_response);
  add_boolean (out, "interrupt_response", config->interrupt_response);
  g_string_append_c (out, '}');
}

static void
add_audio (GString *out, const Rt2SessionConfig *config, gboolean with_voice)
{
  g_string_append (out, ",\"audio\":{\"input\":{");
  append_format (out, config->input_format);
  add_transcription (out, config->transcription_model);
  add_turn_detection (out, config);
  g_string_append (out, "},\"output\":{");
  append_format (out, config->output_format);
  if (with_voice)
    add_word (out, "voice", config->voice);
  g_string_append (out, "}}");
}

static void
add_reasoning (GString *out, const gchar *effort)
{
  if (!effort || !*effort)
    return;
  g_string_append (out, ",\"reasoning\":{\"effort\":");
  rt2_json_append_string (out, effort);
  g_string_append_c (out, '}');
}

gchar *
rt2_build_session_update (
    const Rt2SessionConfig *config, gboolean with_voice, const gchar *event_id)
{
  GString *out = begin ("session.update", event_id);

  g_string_append (out,
      ",\"session\":{\"type\":\"realtime\",\"output_modalities\":[\"audio\"]");
  add_string (out, "instructions", config->instructions);
  add_audio (out, config, with_voice);
  add_reasoning (out, config->reasoning_effort);
  g_string_append_c (out, '}');
  return finish (out);
}

Rt2SessionConfig *
rt2_session_config_new (void)
{
  Rt2SessionConfig *config = g_new0 (Rt2SessionConfig, 1);

  config->voice = g_strdup ("marin");
  config->turn_detection = RT2_TURN_DETECTION_SERVER_VAD;
  config->vad_threshold = 0.5;
  config->vad_prefix_padding = (guint64) 300 * NS_PER_MS;
  config->vad_silence_duration = (guint64) 500 * NS_PER_MS;
  config->vad_eagerness = g_strdup ("auto");
  config->create_response = TRUE;
  config->interrupt_response = TRUE;
  return config;
}

Rt2SessionConfig *
rt2_session_config_copy (const Rt2SessionConfig *config)
{
  Rt2SessionConfig *copy = g_new (Rt2SessionConfig, 1);

  *copy = *config;
  copy->instructions = g_strdup (config->instructions);
  copy->voice = g_strdup (config->voice);
  copy->reasoning_effort = g_strdup (config->reasoning_effort);
  copy->vad_eagerness = g_strdup (config->vad_eagerness);
  copy->transcription_model = g_strdup (config->transcription_model);
  return copy;
}

void
rt2_session_config_free (Rt2SessionConfig *config)
{
  if (!config)
    return;
  g_free (config->instructions);
  g_free (config->voice);
  g_free (config->reasoning_effort);
  g_free (config->vad_eagerness);
  g_free (config->transcription_model);
  g_free (config);
}
