/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON text -> Rt2Event: a table with one row for each event of the wire, and
 * for each row the function that fills in what is special to it.
 */
#include "rt2protocolpriv.h"

#include <string.h>
#include "rt2base64.h"
#include "rt2fault.h"

/* Fills @event from @object; FALSE with an error if the event is void. */
typedef gboolean (*FillFunc) (
    Rt2Event *event, JsonObject *object, GError **error);

GQuark
rt2_protocol_error_quark (void)
{
  return g_quark_from_static_string ("rt2-protocol-error-quark");
}

static gboolean
fail_missing (const Rt2Event *event, const gchar *field, GError **error)
{
  g_set_error (error, RT2_PROTOCOL_ERROR, RT2_PROTOCOL_ERROR_FIELD,
      "%s without %s", event->type_name, field);
  return FALSE;
}

static gchar *
take_string (JsonObject *object, const gchar *name)
{
  return g_strdup (rt2_json_string (object, name));
}

static guint
take_index (JsonObject *object, const gchar *name)
{
  guint64 index = rt2_json_uint (object, name, 0);

  return index <= G_MAXUINT ? index : 0;
}

/* --- what is special to each event --- */

/* Nothing: the addresses say it all. */
static gboolean
fill_none (Rt2Event *event, JsonObject *object, GError **error)
{
  return TRUE;
}

static gboolean
fill_error (Rt2Event *event, JsonObject *object, GError **error)
{
  event->error = rt2_server_error_parse (object);
  return TRUE;
}

static gboolean
fill_session (Rt2Event *event, JsonObject *object, GError **error)
{
  event->session = rt2_session_info_parse (
      rt2_json_object (object, "session"), error);
  return event->session != NULL;
}

static gboolean
fill_conversation (Rt2Event *event, JsonObject *object, GError **error)
{
  return rt2_protocol_take_id (rt2_json_object (object, "conversation"), "id",
      &event->conversation_id, error);
}

static gboolean
fill_rate_limits (Rt2Event *event, JsonObject *object, GError **error)
{
  event->rate_limits = rt2_rate_limits_parse (
      rt2_json_array (object, "rate_limits"));
  return TRUE;
}

/* Positions in the session's input audio, or in an item's. */
static gboolean
fill_times (Rt2Event *event, JsonObject *object, GError **error)
{
  event->audio_start_ms = rt2_json_uint (object, "audio_start_ms", 0);
  event->audio_end_ms = rt2_json_uint (object, "audio_end_ms", 0);
  return TRUE;
}

static gboolean
fill_item_id (Rt2Event *event, JsonObject *object, GError **error)
{
  return event->item_id || fail_missing (event, "item_id", error);
}

static gboolean
fill_truncated (Rt2Event *event, JsonObject *object, GError **error)
{
  return fill_item_id (event, object, error)
      && fill_times (event, object, error);
}

static gboolean
fill_dtmf (Rt2Event *event, JsonObject *object, GError **error)
{
  event->text = take_string (object, "event");
  event->received_at = rt2_json_uint (object, "received_at", 0);
  return TRUE;
}

static gboolean
fill_item (Rt2Event *event, JsonObject *object, GError **error)
{
  event->item = rt2_item_parse (rt2_json_object (object, "item"), error);
  if (!event->item)
    return FALSE;
  return event->item->id || fail_missing (event, "item.id", error);
}

/* Like fill_item() for an event that tells how far the item is, should the item
 * not say so itself. */
static gboolean
fill_item_with_status (
    Rt2Event *event, JsonObject *object, Rt2Status status, GError **error)
{
  if (!fill_item (event, object, error))
    return FALSE;
  if (!rt2_json_string (rt2_json_object (object, "item"), "status"))
    event->item->status = status;
  return TRUE;
}

static gboolean
fill_item_added (Rt2Event *event, JsonObject *object, GError **error)
{
  return fill_item_with_status (event, object, RT2_STATUS_IN_PROGRESS, error);
}

static gboolean
fill_item_done (Rt2Event *event, JsonObject *object, GError **error)
{
  return fill_item_with_status (event, object, RT2_STATUS_COMPLETED, error);
}

static gboolean
fill_response (Rt2Event *event, JsonObject *object, GError **error)
{
  event->response = rt2_response_parse (
      rt2_json_object (object, "response"), error);
  if (!event->response)
    return FALSE;
  return event->response->id || fail_missing (event, "response.id", error);
}

static gboolean
fill_part (Rt2Event *event, JsonObject *object, GError **error)
{
  JsonObject *part = rt2_json_object (object, "part");

  event->text = take_string (part, "transcript");
  if (!event->text)
    event->text = take_string (part, "text");
  return TRUE;
}

static gboolean
fill_delta (Rt2Event *event, JsonObject *object, GError **error)
{
  event->text = take_string (object, "delta");
  return event->text || fail_missing (event, "delta", error);
}

static gboolean
fill_translated (Rt2Event *event, JsonObject *object, GError **error)
{
  event->elapsed_ms = rt2_json_uint (object, "elapsed_ms", G_MAXUINT64);
  return fill_delta (event, object, error);
}

/* The one delta that the protocol allows to come without text. */
static gboolean
fill_input_delta (Rt2Event *event, JsonObject *object, GError **error)
{
  event->text = take_string (object, "delta");
  if (!event->text)
    event->text = g_strdup ("");
  return TRUE;
}

static gboolean
fill_audio (Rt2Event *event, JsonObject *object, GError **error)
{
  const gchar *delta = rt2_json_string (object, "delta");

  if (!delta)
    return fail_missing (event, "delta", error);
  event->audio = rt2_base64_decode (delta, strlen (delta));
  if (!event->audio)
    g_set_error (error, RT2_PROTOCOL_ERROR, RT2_PROTOCOL_ERROR_FIELD,
        "the delta of %s is not base64", event->type_name);
  return event->audio != NULL;
}

static gboolean
fill_text (Rt2Event *event, JsonObject *object, GError **error)
{
  event->text = take_string (object, "text");
  return TRUE;
}

static gboolean
fill_transcript (Rt2Event *event, JsonObject *object, GError **error)
{
  event->text = take_string (object, "transcript");
  return TRUE;
}

static gboolean
fill_transcript_completed (Rt2Event *event, JsonObject *object, GError **error)
{
  rt2_usage_parse (rt2_json_object (object, "usage"), &event->usage);
  return fill_transcript (event, object, error);
}

/* Seconds, possibly fractional, as whole milliseconds. */
static guint64
take_seconds_as_ms (JsonObject *object, const gchar *name)
{
  gdouble seconds = rt2_json_double (object, name, 0);

  return seconds > 0 && seconds < G_MAXUINT32 ? seconds * 1000 + 0.5 : 0;
}

static gboolean
fill_segment (Rt2Event *event, JsonObject *object, GError **error)
{
  event->name = take_string (object, "speaker");
  event->audio_start_ms = take_seconds_as_ms (object, "start");
  event->audio_end_ms = take_seconds_as_ms (object, "end");
  return fill_text (event, object, error);
}

static gboolean
fill_arguments (Rt2Event *event, JsonObject *object, GError **error)
{
  event->text = take_string (object, "arguments");
  event->name = take_string (object, "name");
  return TRUE;
}

/* --- the table --- */

#define TRANSCRIPTION "conversation.item.input_audio_transcription."

/* Where two rows have one type, the first has its name and the second is an
 * alias. */
static const struct {
  const gchar *name;
  Rt2EventType type;
  FillFunc fill;
} rows[] = {
  { "error", RT2_EVENT_ERROR, fill_error },
  { "session.created", RT2_EVENT_SESSION_CREATED, fill_session },
  { "session.updated", RT2_EVENT_SESSION_UPDATED, fill_session },
  { "session.closed", RT2_EVENT_SESSION_CLOSED, fill_none },
  { "conversation.created", RT2_EVENT_CONVERSATION_CREATED, fill_conversation },
  { "rate_limits.updated", RT2_EVENT_RATE_LIMITS_UPDATED, fill_rate_limits },
  { "input_audio_buffer.speech_started", RT2_EVENT_SPEECH_STARTED, fill_times },
  { "input_audio_buffer.speech_stopped", RT2_EVENT_SPEECH_STOPPED, fill_times },
  { "input_audio_buffer.committed", RT2_EVENT_INPUT_COMMITTED, fill_none },
  { "input_audio_buffer.cleared", RT2_EVENT_INPUT_CLEARED, fill_none },
  { "input_audio_buffer.timeout_triggered", RT2_EVENT_INPUT_TIMEOUT,
      fill_times },
  { "input_audio_buffer.dtmf_event_received", RT2_EVENT_DTMF_RECEIVED,
      fill_dtmf },
  { "conversation.item.added", RT2_EVENT_ITEM_ADDED, fill_item_added },
  { "conversation.item.created", RT2_EVENT_ITEM_ADDED, fill_item_added },
  { "conversation.item.done", RT2_EVENT_ITEM_DONE, fill_item_done },
  { "conversation.item.deleted", RT2_EVENT_ITEM_DELETED, fill_item_id },
  { "conversation.item.retrieved", RT2_EVENT_ITEM_RETRIEVED, fill_item },
  { "conversation.item.truncated", RT2_EVENT_ITEM_TRUNCATED, fill_truncated },
  { TRANSCRIPTION "delta", RT2_EVENT_INPUT_TRANSCRIPT_DELTA, fill_input_delta },
  { TRANSCRIPTION "completed", RT2_EVENT_INPUT_TRANSCRIPT_COMPLETED,
      fill_transcript_completed },
  { TRANSCRIPTION "failed", RT2_EVENT_INPUT_TRANSCRIPT_FAILED, fill_error },
  { TRANSCRIPTION "segment", RT2_EVENT_INPUT_TRANSCRIPT_SEGMENT, fill_segment },
  { "response.created", RT2_EVENT_RESPONSE_CREATED, fill_response },
  { "response.done", RT2_EVENT_RESPONSE_DONE, fill_response },
  { "response.output_item.added", RT2_EVENT_OUTPUT_ITEM_ADDED,
      fill_item_added },
  { "response.output_item.done", RT2_EVENT_OUTPUT_ITEM_DONE, fill_item_done },
  { "response.content_part.added", RT2_EVENT_CONTENT_PART_ADDED, fill_part },
  { "response.content_part.done", RT2_EVENT_CONTENT_PART_DONE, fill_part },
  { "response.output_text.delta", RT2_EVENT_TEXT_DELTA, fill_delta },
  { "response.output_text.done", RT2_EVENT_TEXT_DONE, fill_text },
  { "response.output_audio.delta", RT2_EVENT_AUDIO_DELTA, fill_audio },
  { "response.output_audio.done", RT2_EVENT_AUDIO_DONE, fill_none },
  { "response.output_audio_transcript.delta", RT2_EVENT_TRANSCRIPT_DELTA,
      fill_delta },
  { "response.output_audio_transcript.done", RT2_EVENT_TRANSCRIPT_DONE,
      fill_transcript },
  { "response.function_call_arguments.delta",
      RT2_EVENT_FUNCTION_ARGUMENTS_DELTA, fill_delta },
  { "response.function_call_arguments.done", RT2_EVENT_FUNCTION_ARGUMENTS_DONE,
      fill_arguments },
  { "response.mcp_call_arguments.delta", RT2_EVENT_MCP_ARGUMENTS_DELTA,
      fill_delta },
  { "response.mcp_call_arguments.done", RT2_EVENT_MCP_ARGUMENTS_DONE,
      fill_arguments },
  { "response.mcp_call.in_progress", RT2_EVENT_MCP_CALL_IN_PROGRESS,
      fill_none },
  { "response.mcp_call.completed", RT2_EVENT_MCP_CALL_COMPLETED, fill_none },
  { "response.mcp_call.failed", RT2_EVENT_MCP_CALL_FAILED, fill_none },
  { "mcp_list_tools.in_progress", RT2_EVENT_MCP_LIST_IN_PROGRESS, fill_none },
  { "mcp_list_tools.completed", RT2_EVENT_MCP_LIST_COMPLETED, fill_none },
  { "mcp_list_tools.failed", RT2_EVENT_MCP_LIST_FAILED, fill_none },
  { "output_audio_buffer.started", RT2_EVENT_OUTPUT_BUFFER_STARTED, fill_none },
  { "output_audio_buffer.stopped", RT2_EVENT_OUTPUT_BUFFER_STOPPED, fill_none },
  { "output_audio_buffer.cleared", RT2_EVENT_OUTPUT_BUFFER_CLEARED, fill_none },
  { "session.output_audio.delta", RT2_EVENT_TRANSLATION_AUDIO_DELTA,
      fill_audio },
  { "session.output_transcript.delta", RT2_EVENT_TRANSLATION_OUTPUT_DELTA,
      fill_translated },
  { "session.input_transcript.delta", RT2_EVENT_TRANSLATION_INPUT_DELTA,
      fill_translated },
};

const gchar *
rt2_event_type_name (Rt2EventType type)
{
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    if (rows[i].type == type)
      return rows[i].name;
  }
  return NULL;
}

/* --- parsing --- */

/* The addresses mean the same wherever they stand, so they are read alike. */
static gboolean
fill_addresses (Rt2Event *event, JsonObject *object, GError **error)
{
  event->output_index = take_index (object, "output_index");
  event->content_index = take_index (object, "content_index");
  return rt2_protocol_take_id (
             object, "response_id", &event->response_id, error)
      && rt2_protocol_take_id (object, "item_id", &event->item_id, error)
      && rt2_protocol_take_id (
          object, "previous_item_id", &event->previous_item_id, error)
      && rt2_protocol_take_id (object, "call_id", &event->call_id, error);
}

/* Fills @event by the row of its name, or leaves it unknown. */
static gboolean
fill (Rt2Event *event, JsonObject *object, GError **error)
{
  if (!rt2_protocol_take_id (object, "event_id", &event->event_id, error))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    if (g_str_equal (rows[i].name, event->type_name)) {
      event->type = rows[i].type;
      return fill_addresses (event, object, error)
          && rows[i].fill (event, object, error);
    }
  }
  return TRUE;
}

static Rt2Event *
event_from_object (JsonObject *object, GError **error)
{
  const gchar *name = rt2_json_string (object, "type");
  g_autoptr (Rt2Event) event = NULL;

  if (!name || strlen (name) > RT2_PROTOCOL_MAX_SERVER_ID) {
    g_set_error (error, RT2_PROTOCOL_ERROR, RT2_PROTOCOL_ERROR_TYPE,
        "an event whose type is %s",
        name ? "too long" : "missing or not a string");
    return NULL;
  }
  event = g_new0 (Rt2Event, 1);
  event->type_name = g_strdup (name);
  return fill (event, object, error) ? g_steal_pointer (&event) : NULL;
}

Rt2Event *
rt2_event_parse_general (const gchar *text, gsize size, GError **error)
{
  g_autoptr (GError) reason = NULL;
  g_autoptr (JsonObject) object = rt2_json_parse_object (text, size, &reason);

  if (!object) {
    g_set_error (error, RT2_PROTOCOL_ERROR, RT2_PROTOCOL_ERROR_JSON,
        "a message that is not a JSON object: %s", reason->message);
    return NULL;
  }
  return event_from_object (object, error);
}

Rt2Event *
rt2_event_parse (const gchar *text, gsize size, GError **error)
{
  Rt2Event *event;

  if (size > RT2_PROTOCOL_MAX_EVENT) {
    g_set_error (error, RT2_PROTOCOL_ERROR, RT2_PROTOCOL_ERROR_TOO_BIG,
        "a message of %" G_GSIZE_FORMAT " bytes, at most %d are taken", size,
        RT2_PROTOCOL_MAX_EVENT);
    return NULL;
  }
  event = rt2_event_parse_delta (text, size);
  return event ? event : rt2_event_parse_general (text, size, error);
}

static void
redact (gchar **text, const gchar *secret)
{
  gchar *clean = rt2_redact (*text, secret);

  rt2_secret_free (*text);
  *text = clean;
}

void
rt2_event_redact (Rt2Event *event, const gchar *secret)
{
  if (event->session) {
    redact (&event->session->id, secret);
    redact (&event->session->type, secret);
    redact (&event->session->model, secret);
    redact (&event->session->voice, secret);
    redact (&event->session->json, secret);
  }
  if (event->error) {
    redact (&event->error->type, secret);
    redact (&event->error->code, secret);
    redact (&event->error->message, secret);
    redact (&event->error->param, secret);
  }
  if (event->response) {
    redact (&event->response->reason, secret);
    redact (&event->response->error_type, secret);
    redact (&event->response->error_code, secret);
    redact (&event->response->error_message, secret);
  }
}

void
rt2_event_free (Rt2Event *event)
{
  if (!event)
    return;
  g_free (event->type_name);
  g_free (event->event_id);
  g_free (event->response_id);
  g_free (event->item_id);
  g_free (event->previous_item_id);
  g_free (event->call_id);
  g_free (event->conversation_id);
  g_free (event->text);
  g_free (event->name);
  g_clear_pointer (&event->audio, g_bytes_unref);
  g_clear_pointer (&event->rate_limits, g_ptr_array_unref);
  rt2_item_free (event->item);
  rt2_response_free (event->response);
  rt2_session_info_free (event->session);
  rt2_server_error_free (event->error);
  g_free (event);
}
