/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One WebSocket connection on libsoup.
 *
 * Every rt2_transport_connect() makes an Rt2Link, which holds all that belongs
 * to that one attempt and outlives it: libsoup answers a cancelled attempt, and
 * closes a socket, later from the main loop. An Rt2Link that the transport has
 * let go of reports nothing and dies on its own. So the owner may free or
 * reconnect the transport from inside any callback.
 */
#include "rt2transport-private.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "rt2proxy.h"
#include "rt2timer.h"

/* libsoup reads out of bounds if this is 0 (unlimited). */
#define MAX_PAYLOAD_MIB 32
#define MAX_PAYLOAD (MAX_PAYLOAD_MIB * G_GUINT64_CONSTANT (1048576))

/* Bytes that the kernel takes before it says "not writable". Its own choice is
 * megabytes, which is a minute of audio that can't be taken back. */
#define NOTSENT_LOWAT 16384

#define NS_PER_SECOND G_GUINT64_CONSTANT (1000000000)
#define LIFE_INTERVALS 2
/* How long a peer gets to answer our close frame, and settle() to be through,
 * in us. */
#define CLOSE_GRACE (3 * G_USEC_PER_SEC)
#define SETTLE_LIMIT (2 * G_USEC_PER_SEC)

/* The gate waits behind libsoup's own writer, so that it only opens once
 * libsoup's queue is empty. */
#define PRIORITY_GATE (G_PRIORITY_DEFAULT + 10)

/* Every Rt2Link of this thread, for rt2_transport_settle(). */
static GPrivate thread_links = G_PRIVATE_INIT ((GDestroyNotify) g_queue_free);

/* -- the event log -------------------------------------------------------- */

static void
log_connect (Rt2Link *link)
{
  if (link->config->log != NULL)
    link->number = rt2_event_log_connect (
        link->config->log, link->endpoint ? link->endpoint->where : NULL);
}

static void
log_event (Rt2Link *link, gboolean from_server, const gchar *text, gsize size)
{
  if (link->config->log != NULL)
    rt2_event_log_event (link->config->log, link->number, from_server, text,
        size, link->config->api_key);
}

/* @fault NULL: it was us. */
static void
log_closed (Rt2Link *link, const Rt2Fault *fault)
{
  if (link->config->log != NULL)
    rt2_event_log_closed (link->config->log, link->number, fault);
}

/* -- the life of a Rt2Link ---------------------------------------------------
 */

static Rt2Link *
link_new (Rt2Transport *transport, const Rt2TransportConfig *config)
{
  Rt2Link *link = g_new0 (Rt2Link, 1);
  GQueue *links = g_private_get (&thread_links);

  if (links == NULL) {
    links = g_queue_new ();
    g_private_set (&thread_links, links);
  }
  g_queue_push_tail (links, link);
  link->refs = 1;
  link->transport = transport;
  link->config = rt2_transport_config_copy (config);
  link->refusal = g_string_new (NULL);
  return link;
}

Rt2Link *
rt2_link_ref (Rt2Link *link)
{
  link->refs++;
  return link;
}

/* libsoup frees the values of headers as they are. They are its own copies,
 * and by now they are sent. */
static void
wipe_header (const char *name, const char *value, gpointer unused)
{
  explicit_bzero ((gpointer) value, strlen (value));
}

void
rt2_link_drop_message (Rt2Link *link)
{
  if (link->message != NULL)
    soup_message_headers_foreach (
        soup_message_get_request_headers (link->message), wipe_header, NULL);
  g_clear_object (&link->message);
}

void
rt2_link_unref (Rt2Link *link)
{
  if (--link->refs > 0)
    return;

  g_queue_remove (g_private_get (&thread_links), link);
  rt2_transport_config_free (link->config);
  rt2_endpoint_free (link->endpoint);
  g_clear_object (&link->cancellable);
  rt2_link_drop_message (link);
  g_clear_object (&link->session);
  g_clear_object (&link->socket);
  /* A server may quote the key. */
  explicit_bzero (link->refusal->str, link->refusal->allocated_len);
  g_string_free (link->refusal, TRUE);
  rt2_fault_free (link->fault);
  g_free (link);
}

/* Stops all that could call the owner, except the report. */
static void
link_silence (Rt2Link *link)
{
  rt2_timer_clear (&link->connect_timer);
  g_clear_pointer (&link->watchdog, rt2_watchdog_free);
  rt2_timer_clear (&link->gate);
  rt2_timer_clear (&link->flow);
  if (link->session != NULL)
    rt2_proxy_watch (link->session, NULL, NULL);
  if (link->message != NULL)
    g_signal_handlers_disconnect_by_data (link->message, link);
  if (link->connection != NULL && !link->lingering)
    g_signal_handlers_disconnect_by_data (link->connection, link);
}

static void
on_connection_gone (gpointer user_data, GObject *connection)
{
  rt2_link_unref (user_data);
}

/* Ends the connection without the peer. The socket is shut down first: closing
 * a TLS stream writes to it, and would wait for a peer that doesn't read. After
 * that libsoup needs some turns of the main loop to let go of it all. */
void
rt2_link_cut (Rt2Link *link)
{
  SoupWebsocketConnection *connection = g_steal_pointer (&link->connection);

  rt2_timer_clear (&link->grace_timer);
  g_clear_pointer (&link->inflow, rt2_inflow_free);
  g_signal_handlers_disconnect_by_data (connection, link);
  if (link->socket != NULL)
    g_socket_shutdown (link->socket, TRUE, TRUE, NULL);
  g_object_run_dispose (G_OBJECT (connection));
  g_object_weak_ref (G_OBJECT (connection), on_connection_gone, link);
  g_object_unref (connection);
}

static void
on_lingering_closed (SoupWebsocketConnection *connection, Rt2Link *link)
{
  rt2_link_cut (link);
}

static gboolean
on_grace_over (gpointer user_data)
{
  rt2_link_cut (user_data);
  return G_SOURCE_REMOVE;
}

/* Leaves the closing handshake to libsoup, but not for ever. */
static void
link_linger (Rt2Link *link)
{
  link_silence (link);
  rt2_inflow_drop (link->inflow);
  link->lingering = TRUE;
  g_signal_connect (
      link->connection, "closed", G_CALLBACK (on_lingering_closed), link);
  link->grace_timer = rt2_timer_new (
      CLOSE_GRACE, RT2_TIMER_PRIORITY_DEADLINE, on_grace_over, link);
}

/* The transport forgets @link, which is cut unless it lingers. Takes over the
 * transport's reference. */
static void
link_let_go (Rt2Link *link)
{
  link->transport = NULL;
  link_silence (link);
  rt2_timer_clear (&link->report);
  if (link->cancellable != NULL)
    g_cancellable_cancel (link->cancellable);
  if (link->connection != NULL && !link->lingering)
    rt2_link_cut (link);
  rt2_link_unref (link);
}

static gboolean
on_report (gpointer user_data)
{
  Rt2Link *link = rt2_link_ref (user_data);
  Rt2Transport *transport = link->transport;

  g_debug ("connection to %s ended: %s",
      link->endpoint ? link->endpoint->where : "nowhere", link->fault->message);
  transport->link = NULL;
  log_closed (link, link->fault);
  link_let_go (link);
  transport->listener.closed (transport->user_data, link->fault);
  rt2_link_unref (link);
  return G_SOURCE_REMOVE;
}

void
rt2_link_end (Rt2Link *link, Rt2Fault *fault)
{
  if (link->fault != NULL) {
    rt2_fault_free (fault);
    return;
  }
  rt2_fault_redact (fault, link->config->api_key);
  link->fault = fault;
  link_silence (link);
  link->report = rt2_timer_new (0, G_PRIORITY_DEFAULT, on_report, link);
}

static gboolean
link_is_open (Rt2Link *link)
{
  return link != NULL && link->fault == NULL && link->connection != NULL
      && soup_websocket_connection_get_state (link->connection)
      == SOUP_WEBSOCKET_STATE_OPEN;
}

/* -- an open connection --------------------------------------------------- */

static void
on_message (SoupWebsocketConnection *connection, gint type, GBytes *message,
    Rt2Link *link)
{
  Rt2Transport *transport = link->transport;
  gsize size;
  const gchar *text = g_bytes_get_data (message, &size);

  rt2_watchdog_alive (link->watchdog);
  if (type != SOUP_WEBSOCKET_DATA_TEXT) {
    g_debug ("ignored a binary message of %" G_GSIZE_FORMAT " bytes", size);
    return;
  }
  g_debug ("received %" G_GSIZE_FORMAT " bytes", size);
  transport->stats.messages_received++;
  transport->stats.bytes_received += size;
  log_event (link, TRUE, text ? text : "", size);
  transport->listener.message (transport->user_data, text ? text : "", size);
}

static void
on_pong (SoupWebsocketConnection *connection, GBytes *payload, Rt2Link *link)
{
  rt2_watchdog_alive (link->watchdog);
}

/* The peer's close frame has come; ours is sent after this. */
static void
on_closing (SoupWebsocketConnection *connection, Rt2Link *link)
{
  Rt2Fault *fault = rt2_fault_from_close (
      soup_websocket_connection_get_close_code (connection),
      soup_websocket_connection_get_close_data (connection), NULL, NULL);

  link_linger (link);
  rt2_link_end (link, fault);
}

static Rt2Fault *
framing_fault (Rt2Link *link, const GError *error)
{
  Rt2Fault *fault;

  if (error->code == SOUP_WEBSOCKET_CLOSE_TOO_BIG)
    fault = rt2_fault_new (RT2_FAULT_PROTOCOL,
        "%s sent a message of more than %d MiB.", link->endpoint->where,
        MAX_PAYLOAD_MIB);
  else
    fault = rt2_fault_new (RT2_FAULT_PROTOCOL,
        "%s sent what is not WebSocket text.", link->endpoint->where);
  fault->hint = g_strdup ("Check that `uri` names a Realtime server.");
  fault->debug = g_strdup (error->message);
  return fault;
}

/* A broken socket, or broken framing. A close code that libsoup does not like
 * (1012, 1013) also comes this way. */
static void
on_error (SoupWebsocketConnection *connection, GError *error, Rt2Link *link)
{
  guint code = soup_websocket_connection_get_close_code (connection);

  if (code != 0)
    rt2_link_end (link,
        rt2_fault_from_close (code,
            soup_websocket_connection_get_close_data (connection), NULL, NULL));
  else if (error->domain == SOUP_WEBSOCKET_ERROR)
    rt2_link_end (link, framing_fault (link, error));
  else
    rt2_link_end (link, rt2_fault_from_close (0, NULL, NULL, error->message));
}

/* The end of the TCP stream without a close frame. */
static void
on_closed (SoupWebsocketConnection *connection, Rt2Link *link)
{
  rt2_link_end (link, rt2_fault_from_close (0, NULL, NULL, NULL));
}

static void
on_stalled (const gchar *what, gpointer user_data)
{
  Rt2Link *link = user_data;
  Rt2Fault *fault = rt2_fault_new (RT2_FAULT_STALLED,
      "%s %s for %" G_GINT64_FORMAT " s.", link->endpoint->where, what,
      link->life_limit / G_USEC_PER_SEC);

  fault->hint = g_strdup ("Check the network to the server.");
  rt2_link_end (link, fault);
}

/* The socket takes more. */
static gboolean
on_flow (GObject *stream, gpointer user_data)
{
  Rt2Link *link = user_data;

  rt2_timer_clear (&link->flow);
  rt2_watchdog_taken (link->watchdog);
  return G_SOURCE_REMOVE;
}

static GSource *
watch_output (Rt2Link *link, gint priority, GPollableSourceFunc callback)
{
  GIOStream *stream = soup_websocket_connection_get_io_stream (
      link->connection);
  GSource *source = g_pollable_output_stream_create_source (
      G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (stream)), NULL);

  g_source_set_priority (source, priority);
  g_source_set_callback (source, G_SOURCE_FUNC (callback), link, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
  return source;
}

/* Once only: it would be called for as long as libsoup has nothing to write,
 * and the gate never. */
static void
on_look (gpointer user_data)
{
  Rt2Link *link = user_data;

  if (link->flow == NULL)
    link->flow = watch_output (link, G_PRIORITY_DEFAULT, on_flow);
}

static const Rt2WatchdogOwner watchdog_owner = { on_stalled, on_look };

static void
link_start_keepalive (Rt2Link *link)
{
  guint64 interval = link->config->keepalive_interval;
  guint64 seconds = interval / NS_PER_SECOND + (interval % NS_PER_SECOND > 0);

  if (seconds == 0)
    return;

  seconds = MIN (seconds, G_MAXUINT / LIFE_INTERVALS);
  soup_websocket_connection_set_keepalive_interval (link->connection, seconds);
  link->life_limit = LIFE_INTERVALS * (gint64) seconds * G_USEC_PER_SEC;
  link->watchdog = rt2_watchdog_new (link->life_limit, &watchdog_owner, link);
}

/* The socket under libsoup's stream, under TLS if there is some. Caller owns
 * the reference. */
static GSocket *
find_socket (SoupWebsocketConnection *connection)
{
  GIOStream *stream = g_object_ref (
      soup_websocket_connection_get_io_stream (connection));
  GSocket *socket = NULL;

  while (stream != NULL && !G_IS_SOCKET_CONNECTION (stream)) {
    const gchar *name = G_IS_TLS_CONNECTION (stream) ? "base-io-stream"
                                                     : "base-iostream";
    GIOStream *base = NULL;

    if (g_object_class_find_property (G_OBJECT_GET_CLASS (stream), name))
      g_object_get (stream, name, &base, NULL);
    g_object_unref (stream);
    stream = base;
  }
  if (stream != NULL)
    socket = g_object_ref (
        g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream)));
  g_clear_object (&stream);
  return socket;
}

static void
link_bound_queues (Rt2Link *link)
{
  GObject *connection = G_OBJECT (link->connection);

  soup_websocket_connection_set_max_incoming_payload_size (
      link->connection, MAX_PAYLOAD);
  link->inflow = rt2_inflow_new (
      link->connection, MAX_PAYLOAD, link->config->api_key);
  /* libsoup 3.8 and later: fragments count together. */
  if (g_object_class_find_property (
          G_OBJECT_GET_CLASS (connection), "max-total-message-size"))
    g_object_set (connection, "max-total-message-size", MAX_PAYLOAD, NULL);

#ifdef TCP_NOTSENT_LOWAT
  if (link->socket != NULL)
    g_socket_set_option (
        link->socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, NOTSENT_LOWAT, NULL);
#endif
}

void
rt2_link_adopt (Rt2Link *link, SoupWebsocketConnection *connection)
{
  rt2_link_ref (link);
  link->connection = connection;
  link->socket = find_socket (connection);
}

void
rt2_link_open (Rt2Link *link)
{
  Rt2Transport *transport = link->transport;

  rt2_timer_clear (&link->connect_timer);
  link_bound_queues (link);
  g_signal_connect (link->connection, "message", G_CALLBACK (on_message), link);
  g_signal_connect (link->connection, "pong", G_CALLBACK (on_pong), link);
  g_signal_connect (link->connection, "closing", G_CALLBACK (on_closing), link);
  g_signal_connect (link->connection, "error", G_CALLBACK (on_error), link);
  g_signal_connect (link->connection, "closed", G_CALLBACK (on_closed), link);
  link_start_keepalive (link);
  g_debug ("connected to %s", link->endpoint->where);
  if (link->config->log != NULL)
    rt2_event_log_note (link->config->log, link->number, RT2_LOG_OPENED);
  transport->listener.opened (transport->user_data);
}

/* -- the transport -------------------------------------------------------- */

Rt2Transport *
rt2_transport_new (const Rt2TransportListener *listener, gpointer user_data)
{
  Rt2Transport *transport = g_new0 (Rt2Transport, 1);

  transport->thread = g_thread_self ();
  transport->listener = *listener;
  transport->user_data = user_data;
  return transport;
}

void
rt2_transport_free (Rt2Transport *transport)
{
  if (transport == NULL)
    return;

  RT2_ASSERT_THREAD (transport->thread);
  if (transport->link != NULL) {
    log_closed (transport->link, NULL);
    link_let_go (transport->link);
  }
  g_free (transport);
}

void
rt2_transport_set_listener (Rt2Transport *transport,
    const Rt2TransportListener *listener, gpointer user_data)
{
  RT2_ASSERT_THREAD (transport->thread);
  transport->listener = *listener;
  transport->user_data = user_data;
}

static Rt2Fault *
new_unpinned_fault (void)
{
  Rt2Fault *fault = rt2_fault_new (RT2_FAULT_SETTINGS,
      "A server without TLS has no public key that could be pinned.");

  fault->hint = g_strdup ("Use wss:// in `uri`, or unset `tls-pins`.");
  return fault;
}

void
rt2_transport_connect (
    Rt2Transport *transport, const Rt2TransportConfig *config)
{
  Rt2Fault *fault;
  Rt2Link *link;

  RT2_ASSERT_THREAD (transport->thread);
  g_return_if_fail (transport->link == NULL);

  link = transport->link = link_new (transport, config);
  link->endpoint = rt2_endpoint_new (config->url, config->api_key, &fault);
  log_connect (link);
  transport->number = link->number;
  if (link->endpoint == NULL)
    rt2_link_end (link, fault);
  else if (link->endpoint->plain && config->pins != NULL)
    rt2_link_end (link, new_unpinned_fault ());
  else
    rt2_link_start (link);
}

gboolean
rt2_transport_is_open (Rt2Transport *transport)
{
  RT2_ASSERT_THREAD (transport->thread);
  return link_is_open (transport->link);
}

guint
rt2_transport_get_number (Rt2Transport *transport)
{
  RT2_ASSERT_THREAD (transport->thread);
  return transport->number;
}

static gboolean
on_gate_open (GObject *stream, gpointer user_data)
{
  Rt2Link *link = user_data;
  Rt2Transport *transport = link->transport;
  gboolean owed = link->owes_writable;

  rt2_timer_clear (&link->gate);
  rt2_timer_clear (&link->flow);
  rt2_watchdog_flows (link->watchdog);
  link->owes_writable = FALSE;
  if (owed)
    transport->listener.writable (transport->user_data);
  return G_SOURCE_REMOVE;
}

/* Only what was sent can fill the socket, so it is looked at after each send of
 * @size bytes. Of a big message libsoup may hold the rest although the socket
 * takes data again already. */
static void
link_check_gate (Rt2Link *link, gsize size)
{
  GIOStream *stream;
  GPollableOutputStream *output;

  /* The send itself may have found out that the connection is broken. */
  if (link->gate != NULL || !link_is_open (link))
    return;

  stream = soup_websocket_connection_get_io_stream (link->connection);
  output = G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (stream));
  if (size < NOTSENT_LOWAT && g_pollable_output_stream_is_writable (output))
    return;

  rt2_watchdog_waits (link->watchdog);
  link->gate = watch_output (link, PRIORITY_GATE, on_gate_open);
}

gboolean
rt2_transport_is_writable (Rt2Transport *transport)
{
  Rt2Link *link = transport->link;

  RT2_ASSERT_THREAD (transport->thread);
  if (!link_is_open (link))
    return FALSE;
  if (link->gate == NULL)
    return TRUE;
  link->owes_writable = TRUE;
  return FALSE;
}

void
rt2_transport_send (Rt2Transport *transport, const gchar *text)
{
  Rt2Link *link = transport->link;
  gsize size = strlen (text);

  RT2_ASSERT_THREAD (transport->thread);
  if (!link_is_open (link))
    return;

  g_debug ("sending %" G_GSIZE_FORMAT " bytes", size);
  transport->stats.messages_sent++;
  transport->stats.bytes_sent += size;
  log_event (link, FALSE, text, size);
  soup_websocket_connection_send_text (link->connection, text);
  link_check_gate (link, size);
}

void
rt2_transport_close (Rt2Transport *transport)
{
  Rt2Link *link = g_steal_pointer (&transport->link);

  RT2_ASSERT_THREAD (transport->thread);
  if (link == NULL)
    return;
  log_closed (link, link->fault);
  if (link_is_open (link)) {
    link_linger (link);
    soup_websocket_connection_close (
        link->connection, SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);
  }
  link_let_go (link);
}

void
rt2_transport_get_stats (Rt2Transport *transport, Rt2TransportStats *stats)
{
  RT2_ASSERT_THREAD (transport->thread);
  *stats = transport->stats;
}

/* -- letting go for good -------------------------------------------------- */

/* Cuts the Links that no transport holds any more; TRUE if there are any. */
static gboolean
cut_abandoned_links (void)
{
  GQueue *links = g_private_get (&thread_links);
  gboolean any = FALSE;
  GList *l, *next;

  for (l = links ? links->head : NULL; l != NULL; l = next) {
    Rt2Link *link = l->data;

    next = l->next;
    if (link->transport != NULL)
      continue;
    any = TRUE;
    if (link->connection != NULL)
      rt2_link_cut (link);
  }
  return any;
}

static gboolean
on_settle_limit (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

void
rt2_transport_settle (void)
{
  gboolean late = FALSE;
  GSource *limit = rt2_timer_new (
      SETTLE_LIMIT, G_PRIORITY_DEFAULT, on_settle_limit, &late);

  while (cut_abandoned_links () && !late)
    g_main_context_iteration (g_main_context_get_thread_default (), TRUE);
  rt2_timer_clear (&limit);
}
