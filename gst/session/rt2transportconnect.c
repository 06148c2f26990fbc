/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From an address to an open connection: the request, whom to trust, refusals,
 * time-outs.
 */
#include "rt2transport-private.h"

#include <string.h>

#include "rt2mask.h"
#include "rt2pins.h"
#include "rt2proxy.h"
#include "rt2refusal.h"
#include "rt2timer.h"
#include "rt2trust.h"
#include "rt2types.h"

#ifdef RT2_VERSION
#define USER_AGENT "gst-realtime2/" RT2_VERSION
#else
#define USER_AGENT "gst-realtime2"
#endif

/* A server that wants TLS may end a plain connection. */
#define HINT_TLS                                                               \
  "If the server speaks TLS, use wss:// in `uri`; else check "                 \
  "the path and the `model`."

/* The server's own name is looked up by the proxy. */
#define HINT_PROXY "Check the host and the port in `proxy`."

/* us that a server gets to send the body of a refusal. */
#define REFUSAL_GRACE (1 * G_USEC_PER_SEC)
#define NS_PER_US 1000
/* 1xx answers before the real one. */
#define MAX_INTERIM 16

static void
set_hint (Rt2Fault *fault, const gchar *hint)
{
  g_free (fault->hint);
  fault->hint = g_strdup (hint);
}

static void
link_end_refused (Rt2Link *link)
{
  if (rt2_mask_is_safe (link->config->api_key))
    rt2_mask_string (link->refusal, link->config->api_key);
  rt2_link_end (link,
      rt2_refusal_fault (link->message, link->refusal, link->endpoint->where,
          link->endpoint->plain));
}

/* What came of the body is told by libsoup now that it is given up. */
static gboolean
on_refusal_late (gpointer user_data)
{
  Rt2Link *link = user_data;

  g_cancellable_cancel (link->cancellable);
  return G_SOURCE_REMOVE;
}

/* The server answered, and not with an upgrade. A body in which it may say that
 * the account has no quota left is waited for, but not for long; nothing is
 * read of any other. Nor is it where libsoup has asked again, with the
 * credentials of a proxy, which it does as often as it is refused. */
static void
on_refused (SoupMessage *message, Rt2Link *link)
{
  gboolean again = link->refused;

  link->refused = TRUE;
  rt2_timer_clear (&link->connect_timer);
  if (again || !rt2_refusal_has_text (message))
    on_refusal_late (link);
  else if (rt2_refusal_is_endless (message))
    link->limit = rt2_refusal_limit_new (link->cancellable, REFUSAL_GRACE);
  else
    link->connect_timer = rt2_timer_new (
        REFUSAL_GRACE, RT2_TIMER_PRIORITY_DEADLINE, on_refusal_late, link);
}

static Rt2Fault *
connect_fault (Rt2Link *link, const GError *error)
{
  GTlsCertificateFlags flags = soup_message_get_tls_peer_certificate_errors (
      link->message);
  Rt2Fault *fault;

  if (flags != 0 && error->domain == G_TLS_ERROR)
    return rt2_fault_from_certificate (flags, link->endpoint->where);
  fault = rt2_fault_from_error (error, link->endpoint->where);
  if (fault->kind == RT2_FAULT_LOST && link->endpoint->plain)
    set_hint (fault, HINT_TLS);
  if (link->config->proxy != NULL && error->domain != G_TLS_ERROR
      && (fault->kind == RT2_FAULT_DNS || fault->kind == RT2_FAULT_REFUSED))
    set_hint (fault, HINT_PROXY);
  return fault;
}

static void
on_connected (GObject *session, GAsyncResult *result, gpointer user_data)
{
  Rt2Link *link = user_data;
  g_autoptr (GError) error = NULL;
  SoupWebsocketConnection *connection = soup_session_websocket_connect_finish (
      SOUP_SESSION (session), result, &error);

  g_clear_pointer (&link->limit, rt2_refusal_limit_free);
  if (connection != NULL)
    rt2_link_adopt (link, connection);
  else if (link->transport != NULL && link->fault == NULL && link->refused)
    link_end_refused (link);
  else if (link->transport != NULL && link->fault == NULL)
    rt2_link_end (link, connect_fault (link, error));

  g_clear_object (&link->cancellable);
  rt2_link_drop_message (link);
  g_clear_object (&link->session);

  if (connection != NULL) {
    if (link->transport != NULL && link->fault == NULL)
      rt2_link_open (link);
    else
      rt2_link_cut (link);
  }
  rt2_link_unref (link);
}

static gboolean
on_connect_timeout (gpointer user_data)
{
  Rt2Link *link = user_data;

  rt2_link_end (link, rt2_fault_new_timeout (link->endpoint->where));
  return G_SOURCE_REMOVE;
}

/* As late as can be: until now libsoup had no copy, and its buffer does not
 * grow, and leave one behind, for what it writes after it. */
static void
on_starting (SoupMessage *message, Rt2Link *link)
{
  SoupMessageHeaders *headers = soup_message_get_request_headers (message);
  const Rt2TransportConfig *config = link->config;
  gchar *value;

  if (config->key_in_header) {
    soup_message_headers_replace (headers, "api-key", config->api_key);
    return;
  }
  value = g_strconcat ("Bearer ", config->api_key, NULL);
  soup_message_headers_replace (headers, "Authorization", value);
  rt2_secret_free (value);
}

static SoupMessage *
make_message (Rt2Link *link)
{
  const Rt2TransportConfig *config = link->config;
  SoupMessage *message = soup_message_new_from_uri (
      SOUP_METHOD_GET, link->endpoint->uri);
  SoupMessageHeaders *headers = soup_message_get_request_headers (message);

  soup_message_add_flags (message, SOUP_MESSAGE_NO_REDIRECT);
  if (config->client_certificate != NULL)
    soup_message_set_tls_client_certificate (
        message, config->client_certificate);
  for (guint i = 0; config->headers && config->headers[i]; i += 2)
    soup_message_headers_replace (
        headers, config->headers[i], config->headers[i + 1]);
  return message;
}

/* Whom to trust; NULL where there is no TLS: the system's certificates take
 * long to read. */
static GTlsDatabase *
find_trust (Rt2Link *link)
{
  if (link->endpoint->plain)
    return NULL;
  return link->config->tls_database ? g_object_ref (link->config->tls_database)
                                    : rt2_trust_get_default ();
}

static SoupSession *
make_session (Rt2Link *link)
{
  const Rt2TransportConfig *config = link->config;
  SoupSession *session = soup_session_new_with_options (
      "user-agent", USER_AGENT, NULL);
  GTlsDatabase *trust = find_trust (link);

  /* NULL as well: else libsoup reads them. */
  soup_session_set_tls_database (session, trust);
  if (config->proxy != NULL)
    rt2_proxy_set (session, config->proxy);
  rt2_refusal_collect (session, link->refusal);
  g_clear_object (&trust);
  return session;
}

/* The handshake is through and nothing was sent yet: the last moment to look at
 * the server's key. */
static void
on_network_event (SoupMessage *message, GSocketClientEvent event,
    GIOStream *stream, Rt2Link *link)
{
  GTlsCertificate *certificate;
  Rt2Fault *fault;

  if (event != G_SOCKET_CLIENT_TLS_HANDSHAKED || !G_IS_TLS_CONNECTION (stream))
    return;
  certificate = g_tls_connection_get_peer_certificate (
      G_TLS_CONNECTION (stream));
  if (certificate && rt2_pins_match (link->config->pins, certificate))
    return;
  fault = rt2_fault_new (RT2_FAULT_TLS,
      "The public key of %s is none of those that are pinned.",
      link->endpoint->where);
  fault->hint = g_strdup ("If the server's key was changed on purpose, set "
                          "`tls-pins` to the new one; else do not trust it.");
  fault->debug = certificate ? rt2_pin_of (certificate) : NULL;
  rt2_link_end (link, fault);
  g_cancellable_cancel (link->cancellable);
}

static void
on_proxy_refused (Rt2Fault *fault, gpointer user_data)
{
  Rt2Link *link = user_data;

  rt2_link_end (link, fault);
  g_cancellable_cancel (link->cancellable);
}

/* libsoup reads one after the other for as long as they come: the timer would
 * not get its turn. */
static void
on_interim (SoupMessage *message, Rt2Link *link)
{
  Rt2Fault *fault;

  if (++link->interim <= MAX_INTERIM)
    return;
  fault = rt2_fault_new (RT2_FAULT_TIMEOUT,
      "%s only says that it is going to answer.", link->endpoint->where);
  fault->hint = g_strdup ("Check that `uri` names a Realtime server.");
  rt2_link_end (link, fault);
  g_cancellable_cancel (link->cancellable);
}

void
rt2_link_start (Rt2Link *link)
{
  guint64 timeout = link->config->connect_timeout / NS_PER_US;

  link->session = make_session (link);
  link->message = make_message (link);
  rt2_proxy_watch (link->session, on_proxy_refused, link);
  rt2_proxy_keep_secret (link->message);
  if (link->config->api_key != NULL)
    g_signal_connect_after (
        link->message, "starting", G_CALLBACK (on_starting), link);
  g_signal_connect (
      link->message, "got-headers", G_CALLBACK (on_refused), link);
  if (link->config->pins != NULL)
    g_signal_connect (
        link->message, "network-event", G_CALLBACK (on_network_event), link);

  link->cancellable = g_cancellable_new ();
  if (link->config->connect_timeout != 0)
    link->connect_timer = rt2_timer_new (MIN (timeout, G_MAXINT64 / 2),
        RT2_TIMER_PRIORITY_DEADLINE, on_connect_timeout, link);
  g_signal_connect (
      link->message, "got-informational", G_CALLBACK (on_interim), link);
  rt2_inflow_prepare (link->session, link->message);
  soup_session_websocket_connect_async (link->session, link->message, NULL,
      NULL, G_PRIORITY_DEFAULT, link->cancellable, on_connected,
      rt2_link_ref (link));
}
