/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The connection: where to, its loss, and the next try.
 */
#include "rt2session-private.h"

#include <string.h>

#include "rt2endpoint.h"

static gboolean
on_configure_timeout (gpointer data)
{
  Rt2Session *session = data;

  rt2_session_disarm (&session->timer);
  rt2_session_fault (session,
      rt2_fault_new (RT2_FAULT_TIMEOUT,
          "The server took the connection but %s within the time allowed.",
          session->created ? "did not accept the configuration"
                           : "opened no session"));
  return G_SOURCE_REMOVE;
}

static void
on_opened (gpointer user_data)
{
  Rt2Session *session = user_data;

  if (session->options->transport->connect_timeout > 0)
    rt2_session_arm (session, &session->timer,
        session->options->transport->connect_timeout, on_configure_timeout);
}

void
rt2_session_after_event (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  rt2_session_check_budget (session);
  rt2_session_judge_speech (session);
  rt2_session_check_tools (session);
  rt2_session_forget_items (session);
  rt2_session_send_wishes (session);
  rt2_session_judge_move (session);
  if (session->state != RT2_SESSION_DISCONNECTED)
    rt2_session_update_state (session);
  rt2_session_check_finish (session);
  rt2_session_publish_stats (session);
}

static void
on_message (gpointer user_data, const gchar *text, gsize size)
{
  Rt2Session *session = user_data;

  session->last_alive = g_get_monotonic_time ();
  rt2_replay_alive (session->replay);
  rt2_session_handle_message (session, text, size);
  rt2_session_after_event (session);
}

static void
on_writable (gpointer user_data)
{
  Rt2Session *session = user_data;

  rt2_session_pump (session);
  rt2_session_after_event (session);
}

/* A sideband asks for a call, where others ask for a model. */
static Rt2Fault *
no_call_fault (const Rt2Fault *fault)
{
  Rt2Fault *told = rt2_fault_copy (fault);

  g_free (told->message);
  g_free (told->hint);
  told->message = g_strdup_printf (
      "The server knows no call of this id (HTTP %u).", fault->http_status);
  told->hint = g_strdup ("Check `call-id`: the call may be over. Joining one "
                         "takes a standard API key, not an ephemeral one.");
  return told;
}

/* A close is explained best by the `error` event before it. */
static Rt2Fault *
explain_fault (Rt2Session *session, const Rt2Fault *fault)
{
  if (session->options->call_id && fault->kind == RT2_FAULT_NOT_FOUND
      && fault->http_status != 0)
    return no_call_fault (fault);
  if (!session->error_code)
    return rt2_fault_copy (fault);
  return rt2_fault_from_close (fault->close_code, fault->debug,
      session->error_code, session->error_message);
}

static void
on_closed (gpointer user_data, const Rt2Fault *fault)
{
  Rt2Session *session = user_data;

  rt2_session_fault (session, explain_fault (session, fault));
  rt2_session_check_finish (session);
  rt2_session_publish_stats (session);
}

const Rt2TransportListener rt2_session_transport_listener = {
  .opened = on_opened,
  .message = on_message,
  .writable = on_writable,
  .closed = on_closed,
};

void
rt2_session_reset_link (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  rt2_session_disarm (&session->timer);
  g_clear_pointer (&session->error_code, g_free);
  g_clear_pointer (&session->error_message, g_free);
  g_clear_pointer (&session->update_id, g_free);
  rt2_told_clear (&session->sent);
  rt2_told_clear (&session->accepted);
  session->created = FALSE;
  session->configured = FALSE;
  session->configured_since = 0;
  session->voice_locked = FALSE;
  rt2_session_reset_uplink (session);
  rt2_input_clock_reset (session->clock);
  rt2_session_disarm (&session->mcp_timer);
  session->mcp_known = 0;
  session->mcp_waiting = 0;
  rt2_session_reset_events (session);
}

void
rt2_session_reset_connection (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  rt2_session_reset_link (session);
  g_queue_clear_full (&session->images, g_free);
  rt2_conversation_disconnected (session->conversation);
}

/* The newest key for the server at @url, in place of that of @transport. */
static void
put_key_of (
    Rt2Session *session, const gchar *url, Rt2TransportConfig *transport)
{
  gchar *key = NULL;

  if (!session->listener->api_key
      || !session->listener->api_key (session->owner, url, &key))
    return;
  rt2_secret_free (transport->api_key);
  transport->api_key = key;
}

void
rt2_session_put_key (Rt2Session *session, Rt2TransportConfig *transport)
{
  RT2_SESSION_ASSERT_THREAD (session);
  put_key_of (session, transport->url, transport);
}

void
rt2_session_renew_key (Rt2Session *session)
{
  Rt2SessionOptions *options = session->options;

  RT2_SESSION_ASSERT_THREAD (session);
  if (!rt2_session_is_at_fallback (session))
    rt2_session_put_key (session, options->transport);
  else if (options->fallback_shares_key)
    put_key_of (session, session->first->url, options->transport);
}

void
rt2_session_connect (Rt2Session *session)
{
  Rt2TransportConfig *config;

  RT2_SESSION_ASSERT_THREAD (session);
  rt2_session_renew_key (session);
  config = rt2_transport_config_copy (session->options->transport);
  g_free (config->url);
  config->url = rt2_endpoint_url (session->options->transport->url,
      session->type, session->options->model, session->options->call_id);
  rt2_session_set_state (session, RT2_SESSION_CONNECTING);
  rt2_transport_connect (session->transport, config);
  rt2_transport_config_free (config);
}

static gboolean
on_retry (gpointer data)
{
  Rt2Session *session = data;

  rt2_session_disarm (&session->timer);
  session->resting = FALSE;
  session->stats.reconnects++;
  rt2_session_judge_retry (session);
  rt2_session_connect (session);
  return G_SOURCE_REMOVE;
}

/* One more try failed. A server that takes every session and drops it at once
 * is not tried again and again without a pause. */
static void
count_attempt (Rt2Session *session)
{
  guint64 lasted;

  if (session->configured_since > 0) {
    lasted = (guint64) (g_get_monotonic_time () - session->configured_since)
        * 1000;
    if (lasted >= session->options->healthy_time) {
      session->attempts = 0;
      rt2_endpoints_worked (session->endpoints);
    }
  }
  session->attempts++;
}

static void
give_up (Rt2Session *session, const Rt2Fault *fault)
{
  Rt2Fault *told = rt2_session_last_word (session, fault);

  session->finish = RT2_FINISH_DONE;
  rt2_session_set_state (session, RT2_SESSION_DISCONNECTED);
  session->listener->failed (session->owner, told);
  rt2_fault_free (told);
}

/* How long the other endpoint asked to be left alone does not count here; but
 * many come from there at once. */
static void
try_again (Rt2Session *session, const Rt2Fault *fault, gboolean elsewhere)
{
  guint64 delay = rt2_fault_backoff (elsewhere ? NULL : fault,
      session->attempts, session->options->retry_backoff_max,
      g_random_double ());

  rt2_event_log_retry (
      session->log, rt2_transport_get_number (session->transport), delay);
  rt2_session_arm (session, &session->timer, delay, on_retry);
  session->resting = TRUE;
  rt2_session_set_state (session, RT2_SESSION_CONNECTING);
  session->listener->lost (session->owner, fault, delay);
}

static const gchar *
key_of (const Rt2TransportConfig *transport)
{
  return transport && transport->api_key ? transport->api_key : "";
}

Rt2Keys
rt2_session_keys (const Rt2Session *session)
{
  Rt2Keys keys = { { key_of (session->options->transport),
      key_of (session->options->fallback), key_of (session->first), NULL } };

  RT2_SESSION_ASSERT_THREAD (session);
  return keys;
}

void
rt2_session_fault (Rt2Session *session, Rt2Fault *fault)
{
  Rt2EndpointsStep step;
  guint64 lost;
  Rt2Keys keys;

  RT2_SESSION_ASSERT_THREAD (session);
  /* An `error` event may quote the key. */
  keys = rt2_session_keys (session);
  for (guint i = 0; keys.keys[i]; i++)
    rt2_fault_redact (fault, keys.keys[i]);
  if (rt2_session_survives (session, fault)) {
    rt2_fault_free (fault);
    return;
  }
  rt2_transport_close (session->transport);
  count_attempt (session);
  step = rt2_session_judge_fault (session, fault);
  if (step != RT2_ENDPOINTS_END) {
    lost = rt2_session_part (session);
  } else {
    lost = rt2_session_unanswered (session);
    rt2_session_drop_wishes (
        session, "the connection was lost before its turn came");
    rt2_responses_reset (session->responses);
  }
  rt2_session_reset_connection (session);
  if (lost > 0 && session->listener->turn_lost)
    session->listener->turn_lost (session->owner, lost);
  if (step == RT2_ENDPOINTS_END)
    give_up (session, fault);
  else
    try_again (session, fault, step == RT2_ENDPOINTS_MOVE);
  rt2_fault_free (fault);
}
