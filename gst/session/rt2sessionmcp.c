/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tools on MCP servers. The server that we talk to lists and calls them; until
 * it has listed them the agent would answer without, so the first words wait.
 */
#include "rt2session-private.h"

#include "rt2json.h"

guint
rt2_session_count_mcp (JsonObject *object)
{
  JsonArray *tools = rt2_json_array (object, "tools");
  guint n = 0;

  for (guint i = 0; tools && i < json_array_get_length (tools); i++)
    n += g_strcmp0 (
             rt2_json_string (rt2_json_array_object (tools, i), "type"), "mcp")
        == 0;
  return n;
}

static void
go_on (Rt2Session *session)
{
  session->mcp_waiting = 0;
  rt2_session_disarm (&session->mcp_timer);
  rt2_session_send_wishes (session);
  rt2_session_pump (session);
}

static gboolean
on_mcp_timer (gpointer data)
{
  g_debug ("an MCP server takes too long to list its tools: going on");
  go_on (data);
  return G_SOURCE_REMOVE;
}

void
rt2_session_await_mcp (Rt2Session *session)
{
  guint n = rt2_session_count_mcp (session->accepted.object);

  RT2_SESSION_ASSERT_THREAD (session);
  if (n > session->mcp_known) {
    session->mcp_waiting += n - session->mcp_known;
    rt2_session_arm (
        session, &session->mcp_timer, RT2_SESSION_MCP_WAIT, on_mcp_timer);
  }
  session->mcp_known = n;
}

void
rt2_session_on_mcp_listed (Rt2Session *session, const Rt2Event *event)
{
  RT2_SESSION_ASSERT_THREAD (session);
  rt2_session_on_notice (session, event);
  if (session->mcp_waiting > 0 && --session->mcp_waiting == 0)
    go_on (session);
}

void
rt2_session_on_mcp_called (Rt2Session *session, const Rt2Event *event)
{
  RT2_SESSION_ASSERT_THREAD (session);
  if (event->item_id)
    rt2_conversation_set_ran (session->conversation, event->item_id);
  rt2_session_on_notice (session, event);
}
