/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The events of one output item. */
#include "call.h"
#include "items.h"
#include "response-private.h"

static Item *
new_item (Output *output, GRand *rand)
{
  const Say *say = output->say;

  if (output->kind == SAY_CALL)
    return items_new_call (rand, say->name, say->call_id, say->phase);
  if (output->kind == SAY_MCP)
    return items_new_mcp_call (rand, say->label, say->name, say->request_id);
  if (output->kind == SAY_APPROVAL)
    return items_new_approval_request (
        say->request_id, say->label, say->name, say->text);
  return items_new_assistant (rand, say->phase);
}

static gboolean
has_content (Output *output)
{
  return output->kind == SAY_SPEECH || output->kind == SAY_TEXT;
}

static gboolean
has_phase_on (Output *output, guint place)
{
  return (output->response->reply->phase_on & place) != 0;
}

Output *
output_new (Response *response, guint index, const Say *say)
{
  Output *output = g_new0 (Output, 1);
  GRand *rand = response->session->rand;

  output->response = response;
  output->index = index;
  output->say = say;
  output->kind = say->kind == SAY_SPEECH && response->text_only ? SAY_TEXT
                                                                : say->kind;
  output->item = new_item (output, rand);
  output->item->format = response->format;
  output->shown = g_string_new (NULL);
  return output;
}

void
output_free (gpointer data)
{
  Output *output = data;

  item_unref (output->item);
  g_clear_pointer (&output->audio, g_byte_array_unref);
  g_string_free (output->shown, TRUE);
  g_free (output);
}

/* An event about the output. */
static JsonObject *
new_event (Output *output, const gchar *type)
{
  JsonObject *event = session_event (output->response->session, type);

  json_object_set_string_member (event, "response_id", output->response->id);
  if (!g_str_has_prefix (type, "response.output_item."))
    json_object_set_string_member (event, "item_id", output->item->id);
  json_object_set_int_member (event, "output_index", output->index);
  return event;
}

/* An event about its content part, or about a call's arguments. */
static JsonObject *
new_part_event (Output *output, const gchar *type)
{
  JsonObject *event = new_event (output, type);

  if (output->kind == SAY_CALL)
    json_object_set_string_member (event, "call_id",
        json_object_get_string_member (output->item->json, "call_id"));
  else if (has_content (output))
    json_object_set_int_member (event, "content_index", 0);
  return event;
}

/* An event about the call of a server's tool: it names no response. */
static void
send_progress (Output *output, const gchar *type)
{
  JsonObject *event = session_event (output->response->session, type);

  json_object_set_int_member (event, "output_index", output->index);
  json_object_set_string_member (event, "item_id", output->item->id);
  session_send (output->response->session, event);
}

static void
send_item (Output *output, gboolean done)
{
  gboolean on_output = has_phase_on (
      output, done ? PHASE_ON_OUTPUT_DONE : PHASE_ON_OUTPUT_ADDED);
  gboolean on_item = has_phase_on (
      output, done ? PHASE_ON_ITEM_DONE : PHASE_ON_ITEM_ADDED);
  JsonObject *event = new_event (output,
      done ? "response.output_item.done" : "response.output_item.added");

  json_object_set_object_member (
      event, "item", items_show (output->item, on_output));
  session_send (output->response->session, event);
  if (!output->response->aside)
    session_send_item (output->response->session,
        done ? "conversation.item.done" : "conversation.item.added",
        output->item, on_item);
}

static void
send_part (Output *output, const gchar *type)
{
  JsonObject *event = new_part_event (output, type);
  JsonObject *part = json_object_new ();
  gboolean spoken = output->kind == SAY_SPEECH;

  /* On the wire a part is "audio" while the item's content is
   * "output_audio". */
  json_object_set_string_member (part, "type", spoken ? "audio" : "text");
  json_object_set_string_member (
      part, spoken ? "transcript" : "text", output->shown->str);
  json_object_set_object_member (event, "part", part);
  session_send (output->response->session, event);
}

/* The item shows its content only after it was announced empty. */
static void
add_content (Output *output)
{
  gboolean spoken = output->kind == SAY_SPEECH;
  JsonArray *content = wire_array (output->item->json, "content");
  JsonObject *part = json_object_new ();

  json_object_set_string_member (
      part, "type", spoken ? "output_audio" : "output_text");
  json_object_set_string_member (part, spoken ? "transcript" : "text", "");
  json_array_add_object_element (content, part);
}

void
output_begin (Output *output)
{
  Session *session = output->response->session;

  output->begun = TRUE;
  if (!output->response->aside)
    conversation_insert (session->conversation, output->item, NULL);
  send_item (output, FALSE);
  if (output->kind == SAY_MCP)
    send_progress (output, "response.mcp_call.in_progress");
  if (!has_content (output))
    return;
  add_content (output);
  send_part (output, "response.content_part.added");
}

static void
update_item (Output *output)
{
  JsonObject *part = item_part (output->item, 0);

  if (!has_content (output))
    json_object_set_string_member (
        output->item->json, "arguments", output->shown->str);
  else if (output->kind == SAY_TEXT)
    json_object_set_string_member (part, "text", output->shown->str);
  else
    item_set_transcript (output->item, output->shown->str);
}

void
output_word (Output *output, gsize offset, gsize length)
{
  static const gchar *const types[] = {
    [SAY_SPEECH] = "response.output_audio_transcript.delta",
    [SAY_TEXT] = "response.output_text.delta",
    [SAY_CALL] = "response.function_call_arguments.delta",
    [SAY_MCP] = "response.mcp_call_arguments.delta",
  };
  g_autofree gchar *word = g_strndup (output->say->text + offset, length);
  JsonObject *event;

  if (has_content (output) || output->say->delta_chars != 0) {
    event = new_part_event (output, types[output->kind]);
    json_object_set_string_member (event, "delta", word);
    wire_set_obfuscation (event, output->response->session->rand);
    session_send (output->response->session, event);
  }
  g_string_append (output->shown, word);
  update_item (output);
}

void
output_audio (Output *output, gsize offset, gsize length)
{
  Session *session = output->response->session;
  const guint8 *data = output->audio->data + offset;
  g_autofree gchar *text = g_base64_encode (data, length);
  JsonObject *event = new_part_event (output, "response.output_audio.delta");

  json_object_set_string_member (event, "delta", text);
  conversation_add_audio (session->conversation, output->item, data, length);
  if (!output->response->aside)
    session->audio_sent = TRUE;
  books_add_item_audio (session->host->books, output->item->id,
      audio_bytes_to_ms (output->response->format, offset + length));
  if (session->call == NULL) {
    session_send (session, event);
    return;
  }
  /* The caller hears it; the sideband only reads along. */
  json_object_unref (event);
  call_play (session->call, output->response->id,
      audio_bytes_to_ms (output->response->format, length));
}

void
output_said (Output *output)
{
  static const struct {
    const gchar *type;
    const gchar *member;
  } done[] = {
    [SAY_SPEECH] = { "response.output_audio_transcript.done", "transcript" },
    [SAY_TEXT] = { "response.output_text.done", "text" },
    [SAY_CALL] = { "response.function_call_arguments.done", "arguments" },
    [SAY_MCP] = { "response.mcp_call_arguments.done", "arguments" },
  };
  JsonObject *event;

  output->said = TRUE;
  if (output->kind == SAY_APPROVAL)
    return;
  event = new_part_event (output, done[output->kind].type);
  if (output->kind == SAY_CALL)
    json_object_set_string_member (event, "name", output->say->name);
  json_object_set_string_member (
      event, done[output->kind].member, output->shown->str);
  session_send (output->response->session, event);
}

/* The tool was called, or never will be. */
static void
end_mcp_call (Output *output, gboolean whole)
{
  JsonObject *json = output->item->json, *error;
  const Say *say = output->say;

  if (whole && say->result != NULL) {
    json_object_set_string_member (json, "output", say->result);
    send_progress (output, "response.mcp_call.completed");
    return;
  }
  if (whole) {
    error = wire_copy_object (say->error);
  } else {
    error = json_object_new ();
    json_object_set_string_member (error, "type", "tool_execution_error");
    json_object_set_string_member (
        error, "message", "The response ended before the tool was called.");
  }
  json_object_set_object_member (json, "error", error);
  send_progress (output, "response.mcp_call.failed");
}

void
output_end (Output *output, const gchar *status)
{
  Session *session = output->response->session;

  if (!output->said)
    output_said (output);
  output->ended = TRUE;
  if (output->kind == SAY_MCP)
    end_mcp_call (output, g_str_equal (status, "completed"));
  else if (output->kind != SAY_APPROVAL)
    json_object_set_string_member (output->item->json, "status", status);
  if (output->kind == SAY_SPEECH)
    session_send (
        session, new_part_event (output, "response.output_audio.done"));
  if (has_content (output))
    send_part (output, "response.content_part.done");
  send_item (output, TRUE);
}
