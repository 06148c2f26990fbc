/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the session itself has no use for: it is passed on to the owner.
 */
#include "rt2session-private.h"

void
rt2_session_on_notice (Rt2Session *session, const Rt2Event *event)
{
  RT2_SESSION_ASSERT_THREAD (session);
  if (session->listener->notice)
    session->listener->notice (session->owner, event, NULL);
}

static gboolean
is_of_mcp (const Rt2Item *item)
{
  return item->type == RT2_ITEM_MCP_LIST_TOOLS
      || item->type == RT2_ITEM_MCP_CALL
      || item->type == RT2_ITEM_MCP_APPROVAL_REQUEST;
}

static gboolean
has_item_of_mcp (const Rt2Event *event)
{
  if (event->item)
    return is_of_mcp (event->item);
  for (guint i = 0; i < event->response->output->len; i++)
    if (is_of_mcp (g_ptr_array_index (event->response->output, i)))
      return TRUE;
  return FALSE;
}

void
rt2_session_notice_items (Rt2Session *session, const Rt2Event *event)
{
  RT2_SESSION_ASSERT_THREAD (session);
  if (has_item_of_mcp (event))
    rt2_session_on_notice (session, event);
}

gchar *
rt2_session_redact (Rt2Session *session, const gchar *text)
{
  Rt2Keys keys = rt2_session_keys (session);
  gchar *clean = g_strdup (text);

  RT2_SESSION_ASSERT_THREAD (session);
  for (guint i = 0; keys.keys[i]; i++) {
    gchar *cleaner = rt2_redact (clean, keys.keys[i]);

    rt2_secret_free (clean);
    clean = cleaner;
  }
  return clean;
}
