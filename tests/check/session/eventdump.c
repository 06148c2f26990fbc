/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Events as text. Names of enum values are spelled out here once more, so that
 * a slip in the library's tables shows.
 */
#include "eventdump.h"

#define EVENT(name) [RT2_EVENT_##name] = #name

static const gchar *const event_names[RT2_N_EVENTS] = {
  EVENT (UNKNOWN),
  EVENT (ERROR),
  EVENT (SESSION_CREATED),
  EVENT (SESSION_UPDATED),
  EVENT (SESSION_CLOSED),
  EVENT (CONVERSATION_CREATED),
  EVENT (RATE_LIMITS_UPDATED),
  EVENT (SPEECH_STARTED),
  EVENT (SPEECH_STOPPED),
  EVENT (INPUT_COMMITTED),
  EVENT (INPUT_CLEARED),
  EVENT (INPUT_TIMEOUT),
  EVENT (DTMF_RECEIVED),
  EVENT (ITEM_ADDED),
  EVENT (ITEM_DONE),
  EVENT (ITEM_DELETED),
  EVENT (ITEM_RETRIEVED),
  EVENT (ITEM_TRUNCATED),
  EVENT (INPUT_TRANSCRIPT_DELTA),
  EVENT (INPUT_TRANSCRIPT_COMPLETED),
  EVENT (INPUT_TRANSCRIPT_FAILED),
  EVENT (INPUT_TRANSCRIPT_SEGMENT),
  EVENT (RESPONSE_CREATED),
  EVENT (RESPONSE_DONE),
  EVENT (OUTPUT_ITEM_ADDED),
  EVENT (OUTPUT_ITEM_DONE),
  EVENT (CONTENT_PART_ADDED),
  EVENT (CONTENT_PART_DONE),
  EVENT (TEXT_DELTA),
  EVENT (TEXT_DONE),
  EVENT (AUDIO_DELTA),
  EVENT (AUDIO_DONE),
  EVENT (TRANSCRIPT_DELTA),
  EVENT (TRANSCRIPT_DONE),
  EVENT (FUNCTION_ARGUMENTS_DELTA),
  EVENT (FUNCTION_ARGUMENTS_DONE),
  EVENT (MCP_ARGUMENTS_DELTA),
  EVENT (MCP_ARGUMENTS_DONE),
  EVENT (MCP_CALL_IN_PROGRESS),
  EVENT (MCP_CALL_COMPLETED),
  EVENT (MCP_CALL_FAILED),
  EVENT (MCP_LIST_IN_PROGRESS),
  EVENT (MCP_LIST_COMPLETED),
  EVENT (MCP_LIST_FAILED),
  EVENT (OUTPUT_BUFFER_STARTED),
  EVENT (OUTPUT_BUFFER_STOPPED),
  EVENT (OUTPUT_BUFFER_CLEARED),
  EVENT (TRANSLATION_AUDIO_DELTA),
  EVENT (TRANSLATION_OUTPUT_DELTA),
  EVENT (TRANSLATION_INPUT_DELTA),
};

static const gchar *const item_types[] = {
  [RT2_ITEM_UNKNOWN] = "unknown",
  [RT2_ITEM_MESSAGE] = "message",
  [RT2_ITEM_FUNCTION_CALL] = "function_call",
  [RT2_ITEM_FUNCTION_CALL_OUTPUT] = "function_call_output",
  [RT2_ITEM_MCP_LIST_TOOLS] = "mcp_list_tools",
  [RT2_ITEM_MCP_CALL] = "mcp_call",
  [RT2_ITEM_MCP_APPROVAL_REQUEST] = "mcp_approval_request",
  [RT2_ITEM_MCP_APPROVAL_RESPONSE] = "mcp_approval_response",
};

static const gchar *const statuses[] = {
  [RT2_STATUS_UNKNOWN] = NULL,
  [RT2_STATUS_IN_PROGRESS] = "in_progress",
  [RT2_STATUS_COMPLETED] = "completed",
  [RT2_STATUS_CANCELLED] = "cancelled",
  [RT2_STATUS_INCOMPLETE] = "incomplete",
  [RT2_STATUS_FAILED] = "failed",
};

static const gchar *const roles[] = {
  [RT2_ROLE_UNKNOWN] = NULL,
  [RT2_ROLE_USER] = "user",
  [RT2_ROLE_ASSISTANT] = "assistant",
  [RT2_ROLE_SYSTEM] = "system",
};

static const gchar *const phases[] = {
  [RT2_PHASE_UNKNOWN] = NULL,
  [RT2_PHASE_COMMENTARY] = "commentary",
  [RT2_PHASE_FINAL_ANSWER] = "final_answer",
};

static const gchar *const formats[] = {
  [RT2_AUDIO_FORMAT_PCM16] = "audio/pcm",
  [RT2_AUDIO_FORMAT_PCMU] = "audio/pcmu",
  [RT2_AUDIO_FORMAT_PCMA] = "audio/pcma",
};

/* A space, unless something has just been opened. */
static void
separate (GString *out)
{
  if (out->len > 0 && out->str[out->len - 1] != '{')
    g_string_append_c (out, ' ');
}

static void
add_word (GString *out, const gchar *name, const gchar *word)
{
  if (!word)
    return;
  separate (out);
  g_string_append_printf (out, "%s=%s", name, word);
}

static void
add_string (GString *out, const gchar *name, const gchar *text)
{
  if (!text)
    return;
  g_assert_true (g_utf8_validate (text, -1, NULL));
  separate (out);
  g_string_append_printf (out, "%s=\"%s\"", name, text);
}

static void
add_uint (GString *out, const gchar *name, guint64 value)
{
  if (value == 0)
    return;
  separate (out);
  g_string_append_printf (out, "%s=%" G_GUINT64_FORMAT, name, value);
}

static void
add_flag (GString *out, const gchar *name, gboolean value)
{
  if (!value)
    return;
  separate (out);
  g_string_append (out, name);
}

static void
open_brace (GString *out, const gchar *name)
{
  separate (out);
  g_string_append_printf (out, "%s{", name);
}

static void
close_brace (GString *out)
{
  g_string_append_c (out, '}');
}

static void
add_audio (GString *out, GBytes *audio)
{
  gsize size;
  const guint8 *data;

  if (!audio)
    return;
  data = g_bytes_get_data (audio, &size);
  add_word (out, "audio", "");
  for (gsize i = 0; i < size; i++)
    g_string_append_printf (out, "%02x", data[i]);
}

static void
add_item (GString *out, const Rt2Item *item)
{
  if (!item)
    return;
  open_brace (out, "item");
  add_string (out, "id", item->id);
  add_word (out, "type", item_types[item->type]);
  add_word (out, "status", statuses[item->status]);
  add_word (out, "role", roles[item->role]);
  add_word (out, "phase", phases[item->phase]);
  add_string (out, "text", item->text);
  add_flag (out, "has_audio", item->has_audio);
  add_string (out, "call_id", item->call_id);
  add_string (out, "name", item->name);
  add_string (out, "arguments", item->arguments);
  add_string (out, "server_label", item->server_label);
  add_string (out, "approval_request_id", item->approval_request_id);
  for (guint i = 0; item->tools && item->tools[i]; i++)
    add_string (out, "tool", item->tools[i]);
  add_string (out, "output", item->output);
  add_string (out, "error", item->error);
  close_brace (out);
}

static void
add_usage (GString *out, const Rt2Usage *usage)
{
  if (!usage->known)
    return;
  open_brace (out, "usage");
  add_uint (out, "total", usage->total);
  add_uint (out, "input", usage->input);
  add_uint (out, "output", usage->output);
  add_uint (out, "input_text", usage->input_text);
  add_uint (out, "input_audio", usage->input_audio);
  add_uint (out, "input_image", usage->input_image);
  add_uint (out, "cached", usage->cached);
  add_uint (out, "cached_text", usage->cached_text);
  add_uint (out, "cached_audio", usage->cached_audio);
  add_uint (out, "cached_image", usage->cached_image);
  add_uint (out, "output_text", usage->output_text);
  add_uint (out, "output_audio", usage->output_audio);
  add_uint (out, "seconds", usage->seconds);
  close_brace (out);
}

static void
add_response (GString *out, const Rt2Response *response)
{
  if (!response)
    return;
  open_brace (out, "response");
  add_string (out, "id", response->id);
  add_string (out, "conversation_id", response->conversation_id);
  add_word (out, "status", statuses[response->status]);
  add_string (out, "reason", response->reason);
  add_string (out, "error_type", response->error_type);
  add_string (out, "error_code", response->error_code);
  add_string (out, "error_message", response->error_message);
  add_string (out, "client_event_id", response->client_event_id);
  for (guint i = 0; i < response->output->len; i++)
    add_item (out, g_ptr_array_index (response->output, i));
  add_usage (out, &response->usage);
  close_brace (out);
}

static void
add_session (GString *out, const Rt2SessionInfo *session)
{
  if (!session)
    return;
  open_brace (out, "session");
  add_string (out, "id", session->id);
  add_string (out, "type", session->type);
  add_string (out, "model", session->model);
  add_string (out, "voice", session->voice);
  add_uint (out, "expires_at", session->expires_at);
  if (session->has_input_format)
    add_word (out, "input_format", formats[session->input_format]);
  if (session->has_output_format)
    add_word (out, "output_format", formats[session->output_format]);
  add_flag (out, "has_turn_detection", session->has_turn_detection);
  add_word (out, "json", session->json);
  close_brace (out);
}

static void
add_error (GString *out, const Rt2ServerError *error)
{
  if (!error)
    return;
  open_brace (out, "error");
  add_string (out, "type", error->type);
  add_string (out, "code", error->code);
  add_string (out, "message", error->message);
  add_string (out, "param", error->param);
  add_string (out, "event_id", error->event_id);
  close_brace (out);
}

static void
add_rate_limit (GString *out, const Rt2RateLimit *limit)
{
  gchar text[G_ASCII_DTOSTR_BUF_SIZE];

  open_brace (out, "rate_limit");
  add_string (out, "name", limit->name);
  add_uint (out, "limit", limit->limit);
  add_uint (out, "remaining", limit->remaining);
  g_ascii_formatd (text, sizeof text, "%g", limit->reset_seconds);
  if (limit->reset_seconds != 0)
    add_word (out, "reset_seconds", text);
  close_brace (out);
}

gchar *
event_dump (const Rt2Event *event)
{
  GString *out = g_string_new (event_names[event->type]);

  add_string (out, "type_name", event->type_name);
  add_string (out, "event_id", event->event_id);
  add_string (out, "response_id", event->response_id);
  add_string (out, "item_id", event->item_id);
  add_string (out, "previous_item_id", event->previous_item_id);
  add_string (out, "call_id", event->call_id);
  add_string (out, "conversation_id", event->conversation_id);
  add_uint (out, "output_index", event->output_index);
  add_uint (out, "content_index", event->content_index);
  add_audio (out, event->audio);
  add_string (out, "text", event->text);
  add_string (out, "name", event->name);
  add_uint (out, "received_at", event->received_at);
  add_uint (out, "audio_start_ms", event->audio_start_ms);
  add_uint (out, "audio_end_ms", event->audio_end_ms);
  add_item (out, event->item);
  add_response (out, event->response);
  add_session (out, event->session);
  add_error (out, event->error);
  for (guint i = 0; event->rate_limits && i < event->rate_limits->len; i++)
    add_rate_limit (out, g_ptr_array_index (event->rate_limits, i));
  add_usage (out, &event->usage);
  return g_string_free (out, FALSE);
}

gchar **
data_lines (const gchar *name)
{
  const gchar *folder = g_getenv ("RT2_TEST_DATA");
  g_autofree gchar *path = NULL;
  g_autofree gchar *text = NULL;
  g_autoptr (GError) error = NULL;

  if (!folder)
    g_error ("Set RT2_TEST_DATA to tests/check/session/data.");
  path = g_build_filename (folder, name, NULL);
  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return g_strsplit (g_strchomp (text), "\n", -1);
}

gchar *
exact_copy (const gchar *text, gsize size)
{
  return g_memdup2 (text, size);
}
