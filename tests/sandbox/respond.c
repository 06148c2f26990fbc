/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which answer comes: the script's or the default one. */
#include "respond.h"

#include "answer.h"
#include "response.h"
#include "toolcalls.h"

/* The outputs that no answer was given to yet, as a JSON array of strings. */
static JsonArray *
list_outputs (Conversation *conversation)
{
  JsonArray *outputs = json_array_new ();
  guint i;

  for (i = 0; i < conversation->items->len; i++) {
    Item *item = g_ptr_array_index (conversation->items, i);

    if (!item->answered
        && g_strcmp0 (item_type (item), "function_call_output") == 0)
      json_array_add_string_element (
          outputs, wire_string (item->json, "output"));
  }
  return outputs;
}

static gchar *
print_array (JsonArray *array)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_ARRAY);

  json_node_set_array (node, array);
  return json_to_string (node, FALSE);
}

/* NULL, or a response that fails because the functions' outputs are not those
 * that the script expects. */
static Reply *
check_outputs (Session *session, JsonObject *turn)
{
  JsonArray *wanted = wire_array (turn, "expect_outputs");
  g_autoptr (JsonArray) got = list_outputs (session->conversation);
  g_autofree gchar *got_text = NULL, *wanted_text = NULL, *message = NULL;

  if (wanted == NULL)
    return NULL;
  got_text = print_array (got);
  wanted_text = print_array (wanted);
  if (g_str_equal (got_text, wanted_text))
    return NULL;
  message = g_strdup_printf (
      "The script expects the outputs %s, but got %s.", wanted_text, got_text);
  return reply_new_failed (
      "invalid_request_error", "unexpected_outputs", message);
}

static void
mark_answered (Conversation *conversation)
{
  guint i;

  for (i = 0; i < conversation->items->len; i++)
    ((Item *) g_ptr_array_index (conversation->items, i))->answered = TRUE;
}

/* Transfer full. */
static Reply *
choose (Session *session, JsonObject *params, gboolean idle)
{
  const ScriptTurn *turn = NULL;
  Reply *reply = script_take (session->cursor, &turn);
  Reply *failing = turn != NULL ? check_outputs (session, turn->json) : NULL;
  gboolean by_default = reply == NULL;

  if (failing != NULL) {
    g_clear_pointer (&reply, reply_unref);
    return failing;
  }
  if (by_default)
    reply = idle ? answer_make_idle () : answer_make (session, params);
  reply = toolcalls_prepare (session, reply, params, by_default);
  if (turn != NULL)
    reply->created_ms = wire_integer (turn->json, "delay_created_ms", 0);
  return reply;
}

void
respond_to (Session *session, JsonObject *params)
{
  Reply *reply;

  if (params != NULL
      && g_strcmp0 (wire_string (params, "conversation"), "none") == 0) {
    reply = toolcalls_prepare (
        session, answer_make (session, params), params, TRUE);
  } else {
    reply = choose (session, params, FALSE);
    mark_answered (session->conversation);
  }
  response_start (session, reply, params);
}

void
respond_alone (Session *session, gboolean idle)
{
  Reply *reply = choose (session, NULL, idle);

  mark_answered (session->conversation);
  response_start (session, reply, NULL);
}

gboolean
respond_races (Session *session)
{
  const ScriptTurn *turn = script_current (session->cursor);

  return turn != NULL
      && g_strcmp0 (wire_string (turn->json, "race"), "create") == 0;
}
