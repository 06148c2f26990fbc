/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What outlives a connection: the conversation, which the next server is told.
 */
#include "rt2session-private.h"

static const gchar *
new_event_id (gpointer user_data)
{
  return rt2_session_new_event_id (user_data);
}

void
rt2_session_seed (Rt2Session *session, Rt2Transport *transport, Rt2Seed *seed)
{
  const Rt2SeedPolicy policy = {
    .history_limit = session->config->history_limit,
    .image_keep = session->config->image_keep,
    .input_format = session->config->input_format,
    .summary = session->summary,
  };
  GPtrArray *events;

  RT2_SESSION_ASSERT_THREAD (session);
  /* A call keeps its conversation by itself. */
  if (session->type != RT2_SESSION_TYPE_REALTIME || session->options->call_id)
    return;
  events = rt2_seed_update (
      seed, session->conversation, &policy, new_event_id, session);
  for (guint i = 0; i < events->len; i++)
    rt2_transport_send (transport, g_ptr_array_index (events, i));
  g_ptr_array_unref (events);
  if (transport == session->transport)
    rt2_seed_mark (seed, session->conversation);
}
