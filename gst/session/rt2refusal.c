/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The body of a refused upgrade.
 */
#include "rt2refusal.h"

#include <string.h>

/* Bytes. Errors of an API are some hundred. */
#define MAX_TEXT 16384
/* Of what is collected: one more line, and the line ends. */
#define LARGEST (2 * MAX_TEXT + 2)

/* What a server that wants TLS makes of a plain request. */
#define HINT_TLS                                                               \
  "If the server speaks TLS, use wss:// in `uri`; else check "                 \
  "the path and the `model`."

gboolean
rt2_refusal_has_text (SoupMessage *message)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (message);

  return soup_message_get_status (message) >= SOUP_STATUS_BAD_REQUEST
      && soup_message_headers_get_encoding (headers)
      == SOUP_ENCODING_CONTENT_LENGTH
      && soup_message_headers_get_content_length (headers) > 0
      && soup_message_headers_get_content_length (headers) <= MAX_TEXT;
}

/* The logger asks before it looks at anything. Nothing is logged of a request,
 * which holds the key: it has no status yet then. */
static SoupLoggerLogLevel
level_of (SoupLogger *logger, SoupMessage *message, gpointer user_data)
{
  return rt2_refusal_has_text (message) ? SOUP_LOGGER_LOG_BODY
                                        : SOUP_LOGGER_LOG_NONE;
}

/* A buffer that grows leaves what was in it behind, which may be the key. */
static void
reserve (GString *body)
{
  gsize size = body->len;

  if (body->allocated_len > LARGEST)
    return;
  g_string_set_size (body, LARGEST);
  g_string_truncate (body, size);
}

/* @line is the logger's own copy, which it frees as it is: a server may quote
 * the key. */
static void
on_line (SoupLogger *logger, SoupLoggerLogLevel level, char direction,
    const char *line, gpointer user_data)
{
  GString *body = user_data;

  if (direction == '<' && level == SOUP_LOGGER_LOG_BODY
      && body->len <= MAX_TEXT) {
    reserve (body);
    g_string_append (body, line);
    g_string_append_c (body, '\n');
    explicit_bzero ((gpointer) line, strlen (line));
  }
}

void
rt2_refusal_collect (SoupSession *session, GString *body)
{
  SoupLogger *logger = soup_logger_new (SOUP_LOGGER_LOG_BODY);

  soup_logger_set_max_body_size (logger, MAX_TEXT);
  soup_logger_set_request_filter (logger, level_of, NULL, NULL);
  soup_logger_set_response_filter (logger, level_of, NULL, NULL);
  soup_logger_set_printer (logger, on_line, body, NULL);
  soup_session_add_feature (session, SOUP_SESSION_FEATURE (logger));
  g_object_unref (logger);
}

Rt2Fault *
rt2_refusal_fault (SoupMessage *message, const GString *body,
    const gchar *where, gboolean plain)
{
  guint status = soup_message_get_status (message);
  const gchar *retry_after = soup_message_headers_get_one (
      soup_message_get_response_headers (message), "Retry-After");
  Rt2Fault *fault = rt2_fault_from_http (
      status, body->str, body->len, retry_after, where);

  if (status == SOUP_STATUS_BAD_REQUEST && plain
      && fault->server_code == NULL) {
    g_free (fault->hint);
    fault->hint = g_strdup (HINT_TLS);
  }
  return fault;
}
