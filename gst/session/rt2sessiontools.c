/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Function calls: told to the owner once, answered to the server once.
 */
#include "rt2session-private.h"

#include <string.h>

#include "rt2json.h"

/* Bytes of arguments that a function is called with. */
#define MAX_ARGUMENTS (1024 * 1024)

/* --- which calls are ours --- */

/* Whether @tools, a JSON array, offers the function @name. */
static gboolean
offers (const gchar *tools, const gchar *name)
{
  JsonNode *node = tools ? rt2_json_parse (tools, strlen (tools), NULL) : NULL;
  JsonArray *array = node && JSON_NODE_HOLDS_ARRAY (node)
      ? json_node_get_array (node)
      : NULL;
  gboolean found = FALSE;

  for (guint i = 0; array && i < json_array_get_length (array); i++)
    found |= g_strcmp0 (
                 rt2_json_string (rt2_json_array_object (array, i), "name"),
                 name)
        == 0;
  g_clear_pointer (&node, json_node_unref);
  return found;
}

/* On a call others may have brought tools, and answer for them. */
static gboolean
is_ours (Rt2Session *session, const Rt2Item *item)
{
  return !session->options->call_id
      || offers (session->config->tools, item->name);
}

/* --- outputs --- */

static void
send_output (Rt2Session *session, const Rt2Call *call)
{
  rt2_session_send (session,
      rt2_build_function_output (
          call->call_id, call->output, rt2_session_new_event_id (session)));
}

void
rt2_session_send_outputs (Rt2Session *session)
{
  gboolean batch_done;
  Rt2Call *call;

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
  rt2_calls_answer_error (session->calls, call->call_id, reason);
}

static gint64
deadline (Rt2Session *session)
{
  guint64 timeout = session->options->tool_timeout;

  return timeout > 0 ? g_get_monotonic_time () + (gint64) (timeout / 1000) : 0;
}

void
rt2_session_on_function_call (Rt2Session *session, const Rt2Item *item,
    const gchar *response_id, gboolean dead)
{
  const Rt2Call *call;

  if (!item->call_id || !item->name || !is_ours (session, item))
    return;
  call = rt2_calls_open (session->calls, item->call_id, response_id, item->name,
      item->arguments, deadline (session));
  if (!call)
    return;
  session->stats.function_calls++;
  if (dead || item->status == RT2_STATUS_INCOMPLETE
      || item->status == RT2_STATUS_CANCELLED)
    refuse (session, call, "interrupted");
  else if (strlen (call->arguments) > MAX_ARGUMENTS)
    refuse (session, call, "the arguments are too long");
  else
    session->listener->function_call (session->owner, call);
}

/* --- deadlines --- */

static gboolean
on_tool_timer (gpointer data)
{
  Rt2Session *session = data;

  rt2_session_disarm (&session->tool_timer);
  rt2_session_check_tools (session);
  rt2_session_send_wishes (session);
  return G_SOURCE_REMOVE;
}

void
rt2_session_check_tools (Rt2Session *session)
{
  gint64 now = g_get_monotonic_time (), next;
  const Rt2Call *late;

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
