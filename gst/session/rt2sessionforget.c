/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Items that were never heard: the owner says which, and the server is told
 * once their response is over.
 */
#include "rt2session-private.h"

void
rt2_session_forget_item (Rt2Session *session, const gchar *item_id)
{
  g_mutex_lock (&session->lock);
  if (session->to_forget.length < RT2_SESSION_MAX_FORGOTTEN)
    g_queue_push_tail (&session->to_forget, g_strdup (item_id));
  g_mutex_unlock (&session->lock);
  rt2_session_wake (session);
}

static gboolean
is_active (Rt2Session *session, const gchar *response_id)
{
  GPtrArray *active = rt2_responses_list_active (session->responses);
  gboolean found = response_id
      && g_ptr_array_find_with_equal_func (
          active, response_id, g_str_equal, NULL);

  g_ptr_array_unref (active);
  return found;
}

/* FALSE if it is too early. Of what the owner heard or read there are only
 * messages, whatever the server made speak: a call must stay with its output.
 */
static gboolean
forget (Rt2Session *session, const gchar *item_id)
{
  Rt2ConversationItem *item = rt2_conversation_find (
      session->conversation, item_id);

  if (item && is_active (session, item->response_id))
    return FALSE;
  if (item && item->type == RT2_ITEM_MESSAGE)
    rt2_session_delete_item (session, item_id);
  return TRUE;
}

static gchar *
pop (Rt2Session *session)
{
  gchar *item_id;

  g_mutex_lock (&session->lock);
  item_id = g_queue_pop_head (&session->to_forget);
  g_mutex_unlock (&session->lock);
  return item_id;
}

void
rt2_session_forget_items (Rt2Session *session)
{
  GQueue early = G_QUEUE_INIT;
  gchar *item_id;

  RT2_SESSION_ASSERT_THREAD (session);
  while ((item_id = pop (session))) {
    if (forget (session, item_id))
      g_free (item_id);
    else
      g_queue_push_tail (&early, item_id);
  }
  g_mutex_lock (&session->lock);
  while ((item_id = g_queue_pop_tail (&early)))
    g_queue_push_head (&session->to_forget, item_id);
  g_mutex_unlock (&session->lock);
}

void
rt2_session_clear_forgotten (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  g_mutex_lock (&session->lock);
  g_queue_clear_full (&session->to_forget, g_free);
  g_mutex_unlock (&session->lock);
}
