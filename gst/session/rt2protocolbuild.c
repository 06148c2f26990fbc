/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Client events -> JSON text, framed by hand: every object begins with a member
 * that is always there, so all others follow a comma.
 */
#include "rt2protocol.h"

#include <string.h>

#include "rt2base64.h"
#include "rt2json.h"

/* Pairs that a response's metadata may hold. */
#define MAX_METADATA 16

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

static void
append_frame (GString *out, const gchar *head, const guint8 *audio, gsize size)
{
  g_return_if_fail (size > 0 && size <= RT2_APPEND_MAX);

  g_string_append (out, head);
  rt2_base64_append (out, audio, size);
  g_string_append (out, "\"}");
}

void
rt2_build_append (GString *out, const guint8 *audio, gsize size)
{
  append_frame (
      out, "{\"type\":\"input_audio_buffer.append\",\"audio\":\"", audio, size);
}

void
rt2_build_translation_append (GString *out, const guint8 *audio, gsize size)
{
  append_frame (out,
      "{\"type\":\"session.input_audio_buffer.append\",\"audio\":\"", audio,
      size);
}

gchar *
rt2_build_session_close (const gchar *event_id)
{
  return finish (begin ("session.close", event_id));
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

/* An item of @type to be made, open for its other members. */
static GString *
begin_item (const gchar *type, const gchar *item_id,
    const gchar *previous_item_id, const gchar *event_id)
{
  GString *out = begin ("conversation.item.create", event_id);

  add_string (out, "previous_item_id", previous_item_id);
  g_string_append (out, ",\"item\":{\"type\":");
  rt2_json_append_string (out, type);
  add_string (out, "id", item_id);
  return out;
}

static gchar *
finish_item (GString *out)
{
  g_string_append_c (out, '}');
  return finish (out);
}

gchar *
rt2_build_text_item (const gchar *item_id, const gchar *previous_item_id,
    Rt2Role role, const gchar *text, const gchar *event_id)
{
  GString *out;

  g_return_val_if_fail (role != RT2_ROLE_UNKNOWN && text, NULL);

  out = begin_item ("message", item_id, previous_item_id, event_id);
  add_string (out, "role", rt2_role_name (role));
  g_string_append (out, ",\"content\":[{\"type\":");
  rt2_json_append_string (
      out, role == RT2_ROLE_ASSISTANT ? "output_text" : "input_text");
  add_string (out, "text", text);
  g_string_append (out, "}]");
  return finish_item (out);
}

static void
append_base64 (GString *out, GBytes *bytes)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  rt2_base64_append (out, data, size);
}

gchar *
rt2_build_image_item (const gchar *item_id, const gchar *previous_item_id,
    const gchar *media_type, GBytes *image, const gchar *detail,
    const gchar *event_id)
{
  GString *out;

  g_return_val_if_fail (media_type && image, NULL);

  out = begin_item ("message", item_id, previous_item_id, event_id);
  g_string_append (
      out, ",\"role\":\"user\",\"content\":[{\"type\":\"input_image\"");
  add_string (out, "detail", detail);
  g_string_append_printf (out, ",\"image_url\":\"data:%s;base64,", media_type);
  append_base64 (out, image);
  g_string_append (out, "\"}]");
  return finish_item (out);
}

gchar *
rt2_build_audio_item (const gchar *item_id, const gchar *previous_item_id,
    GBytes *audio, const gchar *event_id)
{
  GString *out;

  g_return_val_if_fail (audio, NULL);

  out = begin_item ("message", item_id, previous_item_id, event_id);
  g_string_append (out,
      ",\"role\":\"user\",\"content\":[{\"type\":"
      "\"input_audio\",\"audio\":\"");
  append_base64 (out, audio);
  g_string_append (out, "\"}]");
  return finish_item (out);
}

gchar *
rt2_build_function_call (const gchar *item_id, const gchar *previous_item_id,
    const gchar *call_id, const gchar *name, const gchar *arguments,
    const gchar *event_id)
{
  GString *out;

  g_return_val_if_fail (call_id && name && arguments, NULL);

  out = begin_item ("function_call", item_id, previous_item_id, event_id);
  add_string (out, "call_id", call_id);
  add_string (out, "name", name);
  add_string (out, "arguments", arguments);
  return finish_item (out);
}

gchar *
rt2_build_function_output (const gchar *item_id, const gchar *previous_item_id,
    const gchar *call_id, const gchar *output, const gchar *event_id)
{
  GString *out;

  g_return_val_if_fail (call_id && output, NULL);

  out = begin_item (
      "function_call_output", item_id, previous_item_id, event_id);
  add_string (out, "call_id", call_id);
  add_string (out, "output", output);
  return finish_item (out);
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

/* Puts our mark beside what the application says of itself in @response. */
static void
put_mark (JsonObject *response, const gchar *mark)
{
  JsonObject *metadata = rt2_json_object (response, "metadata");

  if (metadata && json_object_get_size (metadata) >= MAX_METADATA)
    return;
  if (!metadata) {
    metadata = json_object_new ();
    json_object_set_object_member (response, "metadata", metadata);
  }
  json_object_set_string_member (metadata, "client_event_id", mark);
}

gchar *
rt2_build_response_create (const gchar *params, const gchar *event_id)
{
  GString *out = begin ("response.create", event_id);
  JsonObject *response = params
      ? rt2_json_parse_object (params, strlen (params), NULL)
      : NULL;
  gchar *text;

  if (!response)
    response = json_object_new ();
  if (event_id)
    put_mark (response, event_id);
  if (json_object_get_size (response) > 0) {
    text = rt2_json_to_text (response);
    add_name (out, "response");
    g_string_append (out, text);
    g_free (text);
  }
  json_object_unref (response);
  return finish (out);
}

gchar *
rt2_build_approval (const gchar *item_id, const gchar *request_id,
    gboolean approve, const gchar *event_id)
{
  GString *out;

  g_return_val_if_fail (item_id && request_id, NULL);

  out = begin ("conversation.item.create", event_id);
  g_string_append (out, ",\"item\":{\"type\":\"mcp_approval_response\"");
  add_string (out, "id", item_id);
  add_string (out, "approval_request_id", request_id);
  add_name (out, "approve");
  g_string_append (out, approve ? "true}" : "false}");
  return finish (out);
}

gchar *
rt2_build_response_cancel (const gchar *response_id, const gchar *event_id)
{
  GString *out = begin ("response.cancel", event_id);

  add_string (out, "response_id", response_id);
  return finish (out);
}

gchar *
rt2_build_session_update (JsonObject *session, const gchar *event_id)
{
  GString *out = begin ("session.update", event_id);
  gchar *text = rt2_json_to_text (session);

  add_name (out, "session");
  g_string_append (out, text);
  g_free (text);
  return finish (out);
}
