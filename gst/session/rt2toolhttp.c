/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tools on the web. libsoup's timeout counts between two signs of life, so a
 * timer on a context of our own bounds the whole.
 */
#include "rt2toolhttp.h"

#include <libsoup/soup.h>
#include <string.h>

#include "rt2toolexec.h"

/* One request. All of it happens on the caller's thread. */
typedef struct {
  GMainLoop *loop;
  GCancellable *cancellable; /* ours: the caller's, and the timer */
  gboolean late;             /* the timer fired */
  SoupMessage *message;
  GInputStream *body;
  GByteArray *bytes;
  guint8 buffer[4096];
  GError *error;
} Request;

static void on_read (GObject *stream, GAsyncResult *result, gpointer data);

static void
read_more (Request *request)
{
  g_input_stream_read_async (request->body, request->buffer,
      sizeof request->buffer, G_PRIORITY_DEFAULT, request->cancellable, on_read,
      request);
}

static void
on_read (GObject *stream, GAsyncResult *result, gpointer data)
{
  Request *request = data;
  gssize n = g_input_stream_read_finish (
      G_INPUT_STREAM (stream), result, &request->error);

  if (n > 0)
    g_byte_array_append (request->bytes, request->buffer, n);
  if (n > 0 && request->bytes->len <= RT2_TOOL_MAX_OUTPUT)
    read_more (request);
  else
    g_main_loop_quit (request->loop);
}

static void
on_sent (GObject *session, GAsyncResult *result, gpointer data)
{
  Request *request = data;

  request->body = soup_session_send_finish (
      SOUP_SESSION (session), result, &request->error);
  if (request->body)
    read_more (request);
  else
    g_main_loop_quit (request->loop);
}

static gboolean
on_late (gpointer data)
{
  Request *request = data;

  request->late = TRUE;
  g_cancellable_cancel (request->cancellable);
  return G_SOURCE_REMOVE;
}

/* NULL if there is no bound. */
static GSource *
arm (Request *request, GMainContext *context, guint64 timeout)
{
  GSource *timer;

  if (timeout == 0)
    return NULL;
  timer = g_timeout_source_new (MIN (timeout / 1000000, G_MAXUINT));
  g_source_set_callback (timer, on_late, request, NULL);
  g_source_attach (timer, context);
  return timer;
}

static void
disarm (GSource *timer)
{
  if (!timer)
    return;
  g_source_destroy (timer);
  g_source_unref (timer);
}

static void
cancel_ours (GCancellable *theirs, GCancellable *ours)
{
  g_cancellable_cancel (ours);
}

/* The body as text, which may have grown. */
static gchar *
take_text (Request *request)
{
  const GByteArray *bytes = request->bytes;

  return bytes->len == 0
      ? g_strdup ("")
      : g_utf8_make_valid ((const gchar *) bytes->data, bytes->len);
}

static gchar *
take_answer (Request *request)
{
  guint status = soup_message_get_status (request->message);
  gchar *reason, *text, *answer;

  if (request->late)
    return rt2_tool_error ("timeout", NULL);
  if (request->error)
    return rt2_tool_error (request->error->message, NULL);
  text = take_text (request);
  if (strlen (text) > RT2_TOOL_MAX_OUTPUT) {
    g_free (text);
    return rt2_tool_error ("the output is too long", NULL);
  }
  if (SOUP_STATUS_IS_SUCCESSFUL (status))
    return text;
  reason = g_strdup_printf ("HTTP status %u", status);
  answer = rt2_tool_error (reason, text);
  g_free (reason);
  g_free (text);
  return answer;
}

static void
run (Request *request, const gchar *arguments, guint64 timeout)
{
  GMainContext *context = g_main_context_new ();
  GBytes *body = g_bytes_new (arguments, strlen (arguments));
  SoupSession *session;
  GSource *timer;

  g_main_context_push_thread_default (context);
  session = soup_session_new ();
  request->loop = g_main_loop_new (context, FALSE);
  timer = arm (request, context, timeout);
  soup_message_set_request_body_from_bytes (
      request->message, "application/json", body);
  soup_message_add_flags (request->message, SOUP_MESSAGE_NO_REDIRECT);
  soup_session_send_async (session, request->message, G_PRIORITY_DEFAULT,
      request->cancellable, on_sent, request);
  g_main_loop_run (request->loop);
  disarm (timer);

  soup_session_abort (session);
  g_clear_object (&request->body);
  g_object_unref (session);
  while (g_main_context_iteration (context, FALSE))
    continue;
  g_main_loop_unref (request->loop);
  g_main_context_pop_thread_default (context);
  g_main_context_unref (context);
  g_bytes_unref (body);
}

gboolean
rt2_tool_http_takes (const gchar *url)
{
  GUri *parsed = g_uri_parse (url, SOUP_HTTP_URI_FLAGS, NULL);
  const gchar *host = parsed ? g_uri_get_host (parsed) : NULL;
  gboolean takes = host && *host && !strpbrk (url, " \t\r\n")
      && (g_str_equal (g_uri_get_scheme (parsed), "http")
          || g_str_equal (g_uri_get_scheme (parsed), "https"));

  g_clear_pointer (&parsed, g_uri_unref);
  return takes;
}

gchar *
rt2_tool_http (const gchar *url, const gchar *arguments, guint64 timeout,
    GCancellable *cancellable)
{
  Request request = { 0 };
  gulong handler = 0;
  gchar *answer;

  if (!rt2_tool_http_takes (url))
    return rt2_tool_error ("the tool's URL is not valid", NULL);
  request.message = soup_message_new ("POST", url);
  request.cancellable = g_cancellable_new ();
  request.bytes = g_byte_array_new ();
  if (cancellable)
    handler = g_cancellable_connect (
        cancellable, G_CALLBACK (cancel_ours), request.cancellable, NULL);
  run (&request, arguments, timeout);
  if (cancellable)
    g_cancellable_disconnect (cancellable, handler);
  answer = take_answer (&request);
  g_clear_error (&request.error);
  g_byte_array_unref (request.bytes);
  g_object_unref (request.cancellable);
  g_object_unref (request.message);
  return answer;
}
