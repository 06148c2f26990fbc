/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the rig's server says: events in the words of the wire.
 */
#include "sessionrig.h"

#include <string.h>

static guint
speaking_connection (Rig *rig)
{
  guint n = test_server_count_connections (rig->server);

  if (rig->speaks_on >= 0)
    return rig->speaks_on;
  g_assert_cmpuint (n, >, 0);
  return n - 1;
}

void
rig_send (Rig *rig, const gchar *format, ...)
{
  va_list args;
  gchar *text;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  test_server_send (rig->server, speaking_connection (rig), text);
  g_free (text);
}

void
rig_send_updated (Rig *rig, const gchar *input, const gchar *output)
{
  rig_send (rig,
      "{\"type\":\"session.updated\",\"session\":{\"type\":\"realtime\","
      "\"audio\":{\"input\":{\"format\":{\"type\":\"%s\"}},"
      "\"output\":{\"format\":{\"type\":\"%s\"}}}}}",
      input, output);
}

void
rig_send_speech_started (Rig *rig, const gchar *item, guint ms)
{
  rig_send (rig,
      "{\"type\":\"input_audio_buffer.speech_started\",\"event_id\":\"e\","
      "\"audio_start_ms\":%u,\"item_id\":\"%s\"}",
      ms, item);
}

void
rig_send_speech_stopped (Rig *rig, const gchar *item, guint ms)
{
  rig_send (rig,
      "{\"type\":\"input_audio_buffer.speech_stopped\",\"event_id\":\"e\","
      "\"audio_end_ms\":%u,\"item_id\":\"%s\"}",
      ms, item);
}

void
rig_send_committed (Rig *rig, const gchar *item)
{
  rig_send (rig,
      "{\"type\":\"input_audio_buffer.committed\",\"event_id\":\"e\","
      "\"previous_item_id\":null,\"item_id\":\"%s\"}",
      item);
}

void
rig_send_response_created (Rig *rig, const gchar *response)
{
  rig_send (rig,
      "{\"type\":\"response.created\",\"event_id\":\"e\",\"response\":"
      "{\"object\":\"realtime.response\",\"id\":\"%s\",\"status\":"
      "\"in_progress\",\"status_details\":null,\"output\":[],"
      "\"conversation_id\":\"conv_1\",\"usage\":null,\"metadata\":null}}",
      response);
}

void
rig_send_item (Rig *rig, const gchar *response, guint index, const gchar *item,
    const gchar *type, gboolean done)
{
  rig_send (rig,
      "{\"type\":\"response.output_item.%s\",\"event_id\":\"e\","
      "\"response_id\":\"%s\",\"output_index\":%u,\"item\":{\"id\":\"%s\","
      "\"type\":\"%s\",\"status\":\"%s\",\"role\":\"assistant\","
      "\"content\":[]}}",
      done ? "done" : "added", response, index, item, type,
      done ? "completed" : "in_progress");
}

void
rig_send_audio (Rig *rig, const gchar *response, const gchar *item, gsize n)
{
  g_autofree guchar *bytes = g_malloc (n);
  g_autofree gchar *delta = NULL;

  memset (bytes, 0x21, n);
  delta = g_base64_encode (bytes, n);
  rig_send (rig,
      "{\"type\":\"response.output_audio.delta\",\"event_id\":\"e\","
      "\"response_id\":\"%s\",\"item_id\":\"%s\",\"output_index\":0,"
      "\"content_index\":0,\"delta\":\"%s\"}",
      response, item, delta);
}

void
rig_speak (Rig *rig, const gchar *response, const gchar *item)
{
  rig_send_response_created (rig, response);
  rig_send_item (rig, response, 0, item, "message", FALSE);
  rig_send_audio (rig, response, item, 4800);
  rig_flush_down (rig);
}

void
rig_send_response_done (Rig *rig, const gchar *response, const gchar *status)
{
  rig_send (rig,
      "{\"type\":\"response.done\",\"event_id\":\"e\",\"response\":"
      "{\"object\":\"realtime.response\",\"id\":\"%s\",\"status\":\"%s\","
      "\"status_details\":null,\"output\":[],\"usage\":{\"total_tokens\":30,"
      "\"input_tokens\":20,\"output_tokens\":10},\"metadata\":null}}",
      response, status);
}

static gchar *
quote (const gchar *text)
{
  return text ? g_strdup_printf ("\"%s\"", text) : g_strdup ("null");
}

void
rig_send_error (
    Rig *rig, const gchar *code, const gchar *event_id, const gchar *param)
{
  g_autofree gchar *event = quote (event_id);
  g_autofree gchar *field = quote (param);

  rig_send (rig,
      "{\"type\":\"error\",\"event_id\":\"e\",\"error\":{\"type\":"
      "\"invalid_request_error\",\"code\":\"%s\",\"message\":\"No.\","
      "\"param\":%s,\"event_id\":%s}}",
      code, field, event);
}

void
rig_send_transcript (Rig *rig, const gchar *item, const gchar *text)
{
  rig_send (rig,
      "{\"type\":\"conversation.item.input_audio_transcription.completed\","
      "\"event_id\":\"e\",\"item_id\":\"%s\",\"content_index\":0,"
      "\"transcript\":\"%s\"}",
      item, text);
}

void
rig_drop (Rig *rig)
{
  test_server_drop (rig->server, speaking_connection (rig));
}
