/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two servers that may take the conversation: the way to the fallback, which is
 * a loss like any other, and the way back, which nobody hears.
 */
#include "rt2session-private.h"

#include "rt2endpoint.h"

gboolean
rt2_session_is_at_fallback (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  return rt2_endpoints_current (session->endpoints) == RT2_ENDPOINT_FALLBACK;
}

gchar *
rt2_session_dup_uri (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  return rt2_endpoint_public_uri (session->options->transport->url);
}

/* The options are those of the fallback; those of the first wait. */
static void
enter_fallback (Rt2Session *session)
{
  Rt2SessionOptions *options = session->options;

  session->first = options->transport;
  session->first_model = options->model;
  options->transport = rt2_transport_config_copy (options->fallback);
  options->model = g_strdup (options->fallback_model);
}

static void
forget_first (Rt2Session *session)
{
  g_clear_pointer (&session->first, rt2_transport_config_free);
  g_clear_pointer (&session->first_model, g_free);
}

static void
leave_fallback (Rt2Session *session)
{
  Rt2SessionOptions *options = session->options;

  rt2_transport_config_free (options->transport);
  g_free (options->model);
  options->transport = g_steal_pointer (&session->first);
  options->model = g_steal_pointer (&session->first_model);
  rt2_session_forget_recovery (session);
}

void
rt2_session_note_first (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  forget_first (session);
  rt2_endpoints_moved (session->endpoints, RT2_ENDPOINT_FIRST);
  session->used = RT2_ENDPOINT_FIRST;
}

/* --- the way there --- */

/* The key was refused, and another one has come in its place since: keys are
 * renewed, and what was read of them may have been half of one. */
static gboolean
has_newer_key (Rt2Session *session, const Rt2Fault *fault)
{
  const Rt2SessionOptions *options = session->options;
  gboolean newer;
  gchar *refused;

  if (fault->kind != RT2_FAULT_AUTH
      || (options->retries >= 0
          && session->attempts > (guint) options->retries))
    return FALSE;
  refused = g_strdup (options->transport->api_key);
  rt2_session_renew_key (session);
  newer = g_strcmp0 (refused, options->transport->api_key) != 0;
  rt2_secret_free (refused);
  return newer;
}

Rt2EndpointsStep
rt2_session_judge_fault (Rt2Session *session, const Rt2Fault *fault)
{
  gboolean again = rt2_fault_should_retry (fault, session->options->retries,
                       session->attempts, session->ever_configured)
      || has_newer_key (session, fault);
  Rt2EndpointsStep step = rt2_endpoints_failed (
      session->endpoints, fault, again);

  RT2_SESSION_ASSERT_THREAD (session);
  if (step != RT2_ENDPOINTS_MOVE)
    return step;
  if (rt2_session_is_at_fallback (session))
    enter_fallback (session);
  else
    leave_fallback (session);
  return step;
}

Rt2Fault *
rt2_session_last_word (Rt2Session *session, const Rt2Fault *fault)
{
  const Rt2Fault *verdict = rt2_endpoints_verdict (session->endpoints);
  Rt2Fault *told;
  gchar *debug;

  RT2_SESSION_ASSERT_THREAD (session);
  if (!verdict || !rt2_session_is_at_fallback (session))
    return rt2_fault_copy (fault);
  told = rt2_fault_copy (verdict);
  debug = g_strdup_printf ("%s%sthe fallback: %s",
      told->debug ? told->debug : "", told->debug ? "; " : "", fault->message);
  g_free (told->debug);
  told->debug = debug;
  return told;
}

/* --- the way back --- */

static gboolean on_look (gpointer data);

static void
look_later (Rt2Session *session)
{
  rt2_session_arm (session, &session->look_timer,
      rt2_endpoints_next_look (session->endpoints), on_look);
}

/* Opening a session there is the only look that says anything. It is told of
 * the conversation, and taken over in a gap of the talk. */
static void
look (Rt2Session *session)
{
  Rt2TransportConfig *first = rt2_transport_config_copy (session->first);

  g_debug ("looking whether the first server is well again");
  rt2_session_put_key (session, first);
  rt2_session_take_move (
      session, first, session->first_model, RT2_MOVE_RECOVERED);
}

static gboolean
on_look (gpointer data)
{
  Rt2Session *session = data;

  rt2_session_disarm (&session->look_timer);
  /* With both down the current one may be the first for a moment; it is the one
   * last used that says whether there is a way to go back. */
  if (session->used != RT2_ENDPOINT_FALLBACK)
    return G_SOURCE_REMOVE;
  if (rt2_session_is_at_fallback (session) && session->configured
      && !rt2_session_is_moving (session))
    look (session);
  look_later (session);
  return G_SOURCE_REMOVE;
}

void
rt2_session_note_endpoint (Rt2Session *session, const Rt2SessionInfo *info)
{
  gboolean fallback = rt2_session_is_at_fallback (session);
  Rt2SessionOptions *options = session->options;
  gchar *from, *to;

  RT2_SESSION_ASSERT_THREAD (session);
  if (session->used == rt2_endpoints_current (session->endpoints))
    return;
  session->used = rt2_endpoints_current (session->endpoints);
  from = rt2_endpoint_public_uri (
      fallback ? session->first->url : options->fallback->url);
  to = rt2_session_dup_uri (session);
  if (session->listener->moved)
    session->listener->moved (session->owner, info, from, to,
        fallback ? RT2_MOVE_FALLBACK : RT2_MOVE_RECOVERED);
  g_free (from);
  g_free (to);
  if (fallback)
    look_later (session);
}

/* --- life --- */

void
rt2_session_init_endpoints (Rt2Session *session)
{
  Rt2SessionOptions *options = session->options;

  RT2_SESSION_ASSERT_THREAD (session);
  /* A call is where it is. */
  session->endpoints = rt2_endpoints_new (
      options->fallback && !options->call_id, options->fallback_look);
}

void
rt2_session_clear_endpoints (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  rt2_session_disarm (&session->look_timer);
  forget_first (session);
  rt2_endpoints_free (session->endpoints);
}
