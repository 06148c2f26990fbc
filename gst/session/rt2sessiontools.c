/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Function calls: told to the owner once, answered to the server once.
 */
#include "rt2session-private.h"

#include <string.h>

#include "rt2json.h"

/* Bytes of arguments that a function is called with. */
#define MAX_ARGUMENTS (1024 * 1024)
#define NO_SUCH_TOOL "there is no such tool"

/* --- which calls are ours --- */

/* Whether we offered @name. A prompt that is kept on the server may bring tools
 * that we do not know, so without tools of ours any will do, but for a call:
 * there others may have brought them, and answer for them. */
static gboolean
is_offered (Rt2Session *session, const gchar *name)
{
  JsonArray *tools = rt2_json_array (session->accepted.object, "tools");

  if (!tools || json_array_get_length (tools) == 0)
    return !session->options->call_id;
  return rt2_json_find (tools, "name", name) != NULL;
}

static gboolean
is_json_object (const gchar *text)
{
  JsonObject *object = rt2_json_parse_object (text, strlen (text), NULL);
  gboolean is_one = object != NULL;

  g_clear_pointer (&object, json_object_unref);
  return is_one;
}

/* --- outputs --- */

static Rt2ConversationItem *
item_of (Rt2Session *session, const Rt2Call *call)
{
  return rt2_conversation_find_call (
      session->conversation, RT2_ITEM_FUNCTION_CALL, call->call_id);
}

static gboolean
is_restored (Rt2Session *session, const Rt2Call *call)
{
  const Rt2ConversationItem *item = item_of (session, call);

  return item && item->restored;
}

/* The server that made @call is gone: the one in use learns of it only now that
 * both halves are there. */
static void
tell_of_call (Rt2Session *session, const Rt2Call *call)
{
  Rt2ConversationItem *item = item_of (session, call);

  if (!item || item->present || session->options->call_id)
    return;
  rt2_session_send (session,
      rt2_seed_build_item (item, NULL, rt2_session_new_event_id (session)));
  item->present = item->restored = TRUE;
}

static void
send_output (Rt2Session *session, const Rt2Call *call)
{
  const gchar *event_id;
  gchar *item_id, *wire_id;

  tell_of_call (session, call);
  event_id = rt2_session_new_event_id (session);
  item_id = rt2_session_new_item_id (session, "output");
  /* Of a call that a client has told the server of. */
  wire_id = is_restored (session, call)
      ? rt2_conversation_wire_id (call->call_id)
      : g_strdup (call->call_id);
  rt2_session_send (session,
      rt2_build_function_output (
          item_id, NULL, wire_id, call->output, event_id));
  g_free (wire_id);
  rt2_conversation_add_output (
      session->conversation, item_id, call->call_id, call->output);
  g_free (item_id);
}

void
rt2_session_send_outputs (Rt2Session *session)
{
  gboolean batch_done;
  Rt2Call *call;

  RT2_SESSION_ASSERT_THREAD (session);
  while (session->configured
      && (call = rt2_calls_take_output (session->calls, &batch_done))) {
    send_output (session, call);
    session->listener->function_output (session->owner, call);
    rt2_call_free (call);
    if (batch_done)
      rt2_session_want (session, RT2_WISH_TOOLS);
  }
}

/* --- calls --- */

static void
refuse (Rt2Session *session, const Rt2Call *call, const gchar *reason)
{
  /* A model that invents tools would go on inventing. */
  gboolean silent = g_str_equal (reason, NO_SUCH_TOOL);

  rt2_calls_answer_error (session->calls, call->call_id, reason, silent);
}

static gint64
deadline (Rt2Session *session)
{
  guint64 timeout = session->options->tool_timeout;

  return timeout > 0 ? g_get_monotonic_time () + (gint64) (timeout / 1000) : 0;
}

/* What speaks against running @call, which came in @item; NULL if nothing. The
 * model's words are not to be trusted. */
static const gchar *
objection (Rt2Session *session, const Rt2Call *call, const Rt2Item *item,
    gboolean dead)
{
  if (dead || item->status == RT2_STATUS_INCOMPLETE
      || item->status == RT2_STATUS_CANCELLED)
    return "interrupted";
  if (!*call->name || !is_offered (session, call->name))
    return NO_SUCH_TOOL;
  if (rt2_calls_n_waiting (session->calls) > RT2_CALLS_MAX_WAITING)
    return "too many calls at once";
  if (strlen (call->arguments) > MAX_ARGUMENTS)
    return "the arguments are too long";
  if (*call->arguments && !is_json_object (call->arguments))
    return "the arguments are not a JSON object";
  return NULL;
}

void
rt2_session_on_function_call (Rt2Session *session, const Rt2Item *item,
    const gchar *response_id, gboolean dead)
{
  const gchar *name = item->name ? item->name : "";
  const gchar *reason;
  const Rt2Call *call;

  RT2_SESSION_ASSERT_THREAD (session);
  if (!item->call_id
      || (session->options->call_id && !is_offered (session, name)))
    return;
  call = rt2_calls_open (session->calls, item->call_id, response_id, name,
      item->arguments, deadline (session));
  if (!call) {
    if (!rt2_calls_is_known (session->calls, item->call_id))
      session->stats.bad_events++;
    g_debug ("a call that was made before, or one of far too many");
    return;
  }
  session->stats.function_calls++;
  reason = objection (session, call, item, dead);
  if (reason)
    refuse (session, call, reason);
  else
    session->listener->function_call (session->owner, call);
}

/* --- deadlines --- */

static gboolean
on_tool_timer (gpointer data)
{
  Rt2Session *session = data;

  rt2_session_disarm (&session->tool_timer);
  rt2_session_wake (session);
  return G_SOURCE_REMOVE;
}

void
rt2_session_check_tools (Rt2Session *session)
{
  gint64 now = g_get_monotonic_time (), next;
  const Rt2Call *late;

  RT2_SESSION_ASSERT_THREAD (session);
  while ((late = rt2_calls_next_late (session->calls, now))) {
    session->stats.function_timeouts++;
    refuse (session, late, "timeout");
  }
  rt2_session_send_outputs (session);
  next = rt2_calls_next_deadline (session->calls);
  rt2_session_disarm (&session->tool_timer);
  if (next != 0)
    rt2_session_arm (session, &session->tool_timer, MAX (next - now, 0) * 1000,
        on_tool_timer);
}
