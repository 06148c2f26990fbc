/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The proxy, as libsoup shows it: a message CONNECT of its own before ours.
 */
#include "rt2proxy.h"

#include "rt2thread.h"

#define WATCH "rt2-proxy-watch"
#define CREDENTIALS "Proxy-Authorization"

typedef struct {
  Rt2ProxyRefused refused;
  gpointer user_data;
} Watch;

void
rt2_proxy_set (SoupSession *session, const gchar *uri)
{
  static const gchar *direct[] = { "localhost", "127.0.0.0/8", "::1", NULL };
  GProxyResolver *resolver = g_simple_proxy_resolver_new (
      uri, (gchar **) direct);

  RT2_ASSERT_OWNER (g_main_context_get_thread_default ());
  soup_session_set_proxy_resolver (session, resolver);
  g_object_unref (resolver);
}

static Rt2Fault *
refused_fault (guint status)
{
  Rt2Fault *fault = rt2_fault_new (RT2_FAULT_HTTP,
      status == SOUP_STATUS_PROXY_UNAUTHORIZED
          ? "The proxy wants a user name and a password, and not those that it "
            "got (HTTP status %u)."
          : "The proxy does not let the connection through (HTTP status %u).",
      status);

  fault->http_status = status;
  fault->hint = g_strdup (status == SOUP_STATUS_PROXY_UNAUTHORIZED
          ? "Set `proxy` to http://USER:PASSWORD@HOST:PORT."
          : "Ask whoever runs the proxy to allow the host of `uri`, or set "
            "`proxy` to another.");
  return fault;
}

static void
report (SoupSession *session, guint status)
{
  Watch *watch = g_object_get_data (G_OBJECT (session), WATCH);

  if (watch)
    watch->refused (refused_fault (status), watch->user_data);
}

/* libsoup tries the same credentials again and again. */
static void
on_answer (SoupMessage *connect, SoupSession *session)
{
  SoupMessageHeaders *sent = soup_message_get_request_headers (connect);
  guint status = soup_message_get_status (connect);

  if (status == SOUP_STATUS_PROXY_UNAUTHORIZED
      && soup_message_headers_get_one (sent, CREDENTIALS))
    report (session, status);
}

static void
on_finished (SoupMessage *connect, SoupSession *session)
{
  guint status = soup_message_get_status (connect);

  if (status != SOUP_STATUS_NONE && !SOUP_STATUS_IS_SUCCESSFUL (status))
    report (session, status);
}

static void
on_queued (SoupSession *session, SoupMessage *message, gpointer unused)
{
  if (soup_message_get_method (message) != SOUP_METHOD_CONNECT)
    return;
  g_signal_connect_object (
      message, "got-headers", G_CALLBACK (on_answer), session, 0);
  g_signal_connect_object (
      message, "finished", G_CALLBACK (on_finished), session, 0);
}

void
rt2_proxy_watch (
    SoupSession *session, Rt2ProxyRefused refused, gpointer user_data)
{
  Watch *watch = NULL;

  RT2_ASSERT_OWNER (g_main_context_get_thread_default ());
  g_signal_handlers_disconnect_by_func (session, on_queued, NULL);
  if (refused) {
    watch = g_new0 (Watch, 1);
    watch->refused = refused;
    watch->user_data = user_data;
    g_signal_connect (session, "request-queued", G_CALLBACK (on_queued), NULL);
  }
  g_object_set_data_full (G_OBJECT (session), WATCH, watch, g_free);
}

static void
on_starting (SoupMessage *message, gpointer unused)
{
  soup_message_headers_remove (
      soup_message_get_request_headers (message), CREDENTIALS);
}

/* After libsoup's own handlers, which put them in. */
void
rt2_proxy_keep_secret (SoupMessage *message)
{
  RT2_ASSERT_OWNER (g_main_context_get_thread_default ());
  g_signal_connect_after (message, "starting", G_CALLBACK (on_starting), NULL);
}
