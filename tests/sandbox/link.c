/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One WebSocket and the session behind it. */
#include "link.h"

#include <string.h>

#include "replay.h"
#include "wirelog.h"

/* Decoded audio of an append may be 15 MiB, so 20 MiB of text. */
#define MAX_MESSAGE (32 * 1024 * 1024)
/* The service pings about as often; seconds. */
#define PING_INTERVAL 20
#define LOG_WIDTH 400
/* Bytes, of a close frame. */
#define MAX_REASON 123
/* Behind libsoup's own writer: not before its queue is empty. */
#define PRIORITY_RAW (G_PRIORITY_DEFAULT + 10)

struct _Link {
  SoupWebsocketConnection *websocket;
  LinkOptions options;
  guint number;      /* in the books */
  guint wire;        /* in the wire log */
  Session *session;  /* NULL: refused, or replayed */
  Player *player;    /* NULL: not replayed */
  gboolean open;     /* FALSE: a close is under way, nothing more is sent */
  GByteArray *frame; /* of a close that libsoup would not send; NULL: none */
  GSource *raw;      /* sends it */
  GSource *farewell; /* tells the owner from the main loop */
};

static void
log_line (Link *link, const gchar *direction, const gchar *text)
{
  g_autofree gchar *safe = g_utf8_make_valid (text, -1);

  if (!link->options.verbose)
    return;
  if (g_utf8_strlen (safe, -1) > LOG_WIDTH)
    strcpy (g_utf8_offset_to_pointer (safe, LOG_WIDTH - 3), "...");
  g_printerr ("%u %s %s\n", link->number, direction, safe);
}

static void
log_event (Link *link, const gchar *direction, JsonObject *event)
{
  g_autofree gchar *text = NULL, *line = NULL;
  guint64 bytes;

  if (!link->options.verbose)
    return;
  text = wire_print_short (event, &bytes);
  if (bytes > 0)
    line = g_strdup_printf (
        "%s + %" G_GUINT64_FORMAT " bytes of audio", text, bytes);
  log_line (link, direction, bytes > 0 ? line : text);
}

/* The peer may have begun to close before we are told. */
static gboolean
can_send (Link *link)
{
  return link->open
      && soup_websocket_connection_get_state (link->websocket)
      == SOUP_WEBSOCKET_STATE_OPEN;
}

static void
send_event (gpointer data, JsonObject *event)
{
  Link *link = data;
  g_autofree gchar *text = NULL, *valid = NULL;

  if (!can_send (link))
    return;
  text = wire_print (event);
  /* A client's lone surrogate must not come back as invalid text. */
  valid = g_utf8_make_valid (text, -1);
  log_event (link, ">", event);
  wirelog_add (link->wire,
      link->options.host->strange != 0 ? "scripted" : "server", valid);
  books_sent (link->options.host->books, link->number, event);
  soup_websocket_connection_send_text (link->websocket, valid);
}

void
link_send_text (Link *link, const gchar *text)
{
  if (!can_send (link))
    return;
  log_line (link, ">", text);
  soup_websocket_connection_send_text (link->websocket, text);
}

/* libsoup makes 1002 of those that it does not know. */
static gboolean
must_be_raw (guint code)
{
  return code == 1004 || (code > 1011 && code < 3000);
}

static void
drop_raw (Link *link)
{
  if (link->raw != NULL)
    g_source_destroy (link->raw);
  g_clear_pointer (&link->raw, g_source_unref);
  g_clear_pointer (&link->frame, g_byte_array_unref);
}

static gboolean
send_raw (GObject *stream, gpointer data)
{
  Link *link = data;

  g_output_stream_write_all (G_OUTPUT_STREAM (stream), link->frame->data,
      link->frame->len, NULL, NULL, NULL);
  drop_raw (link);
  return G_SOURCE_REMOVE;
}

/* What was said before goes out first. The peer's answer ends it. */
static void
close_raw (Link *link, guint code, const gchar *reason)
{
  GIOStream *stream = soup_websocket_connection_get_io_stream (link->websocket);
  guint length = reason != NULL ? MIN (strlen (reason), MAX_REASON) : 0;
  guint8 head[] = { 0x88, 2 + length, code >> 8, code & 0xff };

  link->frame = g_byte_array_new ();
  g_byte_array_append (link->frame, head, sizeof head);
  g_byte_array_append (link->frame, (const guint8 *) reason, length);
  link->raw = g_pollable_output_stream_create_source (
      G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (stream)), NULL);
  g_source_set_priority (link->raw, PRIORITY_RAW);
  g_source_set_callback (link->raw, G_SOURCE_FUNC (send_raw), link, NULL);
  g_source_attach (link->raw, g_main_context_get_thread_default ());
}

void
link_close (Link *link, guint code, const gchar *reason)
{
  g_autofree gchar *line = g_strdup_printf (
      "close %u %s", code, reason != NULL ? reason : "");
  gboolean can_close;

  if (!link->open)
    return;
  /* The peer may have begun to close before we are told. */
  can_close = can_send (link);
  link->open = FALSE;
  log_line (link, ">", line);
  if (can_close && must_be_raw (code))
    close_raw (link, code, reason);
  else if (code != 0 && can_close)
    soup_websocket_connection_close (link->websocket, code, reason);
  else if (code == 0)
    g_io_stream_close (
        soup_websocket_connection_get_io_stream (link->websocket), NULL, NULL);
}

static void
close_session (gpointer data, guint code, const gchar *reason)
{
  link_close (data, code, reason);
}

static void
send_text (gpointer data, const gchar *text)
{
  link_send_text (data, text);
}

static const SessionOutlet outlet = { send_event, send_text, close_session };

static void
receive (Link *link, const gchar *text, gsize size)
{
  if (link->player != NULL)
    player_receive (link->player, text, size);
  else
    session_receive (link->session, text, size);
}

static void
on_message (SoupWebsocketConnection *websocket, gint type, GBytes *message,
    gpointer data)
{
  Link *link = data;
  const gchar *text;
  gsize size;

  if (!link->open || (link->session == NULL && link->player == NULL))
    return;
  if (type != SOUP_WEBSOCKET_DATA_TEXT) {
    if (link->session != NULL)
      session_receive_binary (link->session);
    return;
  }
  text = g_bytes_get_data (message, &size);
  wirelog_add (link->wire, "client", text);
  if (link->options.verbose) {
    g_autoptr (JsonObject) event = wire_parse (text, size);

    if (event != NULL)
      log_event (link, "<", event);
    else
      log_line (link, "<", "(not a JSON object)");
  }
  receive (link, text, size);
}

static gboolean
say_farewell (gpointer data)
{
  Link *link = data;

  link->options.closed (link, link->options.user_data);
  return G_SOURCE_REMOVE;
}

/* The socket may close inside one of our own calls. */
static void
on_closed (SoupWebsocketConnection *websocket, gpointer data)
{
  Link *link = data;

  link->open = FALSE;
  drop_raw (link);
  log_line (link, "<", "closed");
  visits_closed (link->options.host->visits, link->number,
      soup_websocket_connection_get_close_code (websocket));
  if (link->farewell == NULL)
    link->farewell = session_later (0, say_farewell, link);
}

static void
on_error (SoupWebsocketConnection *websocket, GError *error, gpointer data)
{
  log_line (data, "<", error->message);
}

Link *
link_new (SoupWebsocketConnection *websocket, const LinkOptions *options)
{
  Link *link = g_new0 (Link, 1);
  gboolean often = options->host->strange & STRANGE_PINGS;

  link->websocket = g_object_ref (websocket);
  link->options = *options;
  link->number = books_add_connection (options->host->books);
  link->wire = wirelog_open ();
  link->open = TRUE;
  soup_websocket_connection_set_max_incoming_payload_size (
      websocket, MAX_MESSAGE);
  soup_websocket_connection_set_keepalive_interval (
      websocket, often ? 1 : PING_INTERVAL);
  g_signal_connect (websocket, "message", G_CALLBACK (on_message), link);
  g_signal_connect (websocket, "closed", G_CALLBACK (on_closed), link);
  g_signal_connect (websocket, "error", G_CALLBACK (on_error), link);
  return link;
}

guint
link_number (Link *link)
{
  return link->number;
}

void
link_begin (Link *link, const Admission *admission)
{
  link->session = session_new (link->options.host, &outlet, link, link->number,
      link->options.seed + link->number, admission);
  session_start (link->session);
}

void
link_begin_replay (Link *link)
{
  Host *host = link->options.host;

  link->player = player_new (host->replay, host, &outlet, link, link->number);
}

void
link_refuse (Link *link, const Fault *refusal, guint close_code)
{
  g_autoptr (GRand)
      rand = g_rand_new_with_seed (link->options.seed + link->number);
  g_autoptr (JsonObject)
      event = wire_error (rand, "invalid_request_error", refusal, NULL);
  g_autofree gchar *reason = g_strconcat (
      "invalid_request_error.", refusal->code, NULL);

  send_event (link, event);
  link_close (link, close_code, reason);
}

void
link_free (Link *link)
{
  g_signal_handlers_disconnect_by_data (link->websocket, link);
  drop_raw (link);
  if (link->farewell != NULL)
    g_source_destroy (link->farewell);
  g_clear_pointer (&link->farewell, g_source_unref);
  g_clear_pointer (&link->session, session_free);
  g_clear_pointer (&link->player, player_free);
  g_io_stream_close (
      soup_websocket_connection_get_io_stream (link->websocket), NULL, NULL);
  g_object_unref (link->websocket);
  g_free (link);
}
