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

/* Loggers that serve no session now, of all threads. libsoup interns a name for
 * each and never forgets it, so they are used again. */
G_LOCK_DEFINE_STATIC (idle_loggers);
static GQueue idle_loggers = G_QUEUE_INIT;

struct _Rt2RefusalLimit {
  GCancellable *cancellable; /* a reference */
  gint64 until;              /* monotonic us */
  GThread *thread;
  GMutex lock;
  GCond cond;
  gboolean over; /* under the lock: the body was read */
};

/* -- the body --------------------------------------------------------------
 */

gboolean
rt2_refusal_is_endless (SoupMessage *message)
{
  SoupEncoding encoding = soup_message_headers_get_encoding (
      soup_message_get_response_headers (message));

  return encoding == SOUP_ENCODING_CHUNKED || encoding == SOUP_ENCODING_EOF;
}

gboolean
rt2_refusal_has_text (SoupMessage *message)
{
  goffset size = soup_message_headers_get_content_length (
      soup_message_get_response_headers (message));

  if (soup_message_get_status (message) < SOUP_STATUS_BAD_REQUEST)
    return FALSE;
  return rt2_refusal_is_endless (message) || (size > 0 && size <= MAX_TEXT);
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

static SoupLogger *
new_logger (void)
{
  SoupLogger *logger = soup_logger_new (SOUP_LOGGER_LOG_BODY);

  soup_logger_set_max_body_size (logger, MAX_TEXT);
  soup_logger_set_request_filter (logger, level_of, NULL, NULL);
  soup_logger_set_response_filter (logger, level_of, NULL, NULL);
  return logger;
}

static SoupLogger *
take_logger (void)
{
  SoupLogger *logger;

  G_LOCK (idle_loggers);
  logger = g_queue_pop_head (&idle_loggers);
  G_UNLOCK (idle_loggers);
  return logger ? logger : new_logger ();
}

/* Its session is gone. */
static void
give_logger_back (gpointer logger)
{
  soup_logger_set_printer (logger, NULL, NULL, NULL);
  G_LOCK (idle_loggers);
  g_queue_push_head (&idle_loggers, logger);
  G_UNLOCK (idle_loggers);
}

void
rt2_refusal_collect (SoupSession *session, GString *body)
{
  SoupLogger *logger = take_logger ();

  soup_logger_set_printer (logger, on_line, body, NULL);
  soup_session_add_feature (session, SOUP_SESSION_FEATURE (logger));
  g_object_set_data_full (
      G_OBJECT (session), "rt2-refusal-logger", logger, give_logger_back);
}

/* -- no longer than so ------------------------------------------------------
 */

static gpointer
wait_for_end (gpointer data)
{
  Rt2RefusalLimit *limit = data;
  gboolean late = FALSE;

  g_mutex_lock (&limit->lock);
  while (!limit->over && !late)
    late = !g_cond_wait_until (&limit->cond, &limit->lock, limit->until);
  g_mutex_unlock (&limit->lock);
  if (late)
    g_cancellable_cancel (limit->cancellable);
  return NULL;
}

Rt2RefusalLimit *
rt2_refusal_limit_new (GCancellable *cancellable, gint64 time)
{
  Rt2RefusalLimit *limit = g_new0 (Rt2RefusalLimit, 1);

  limit->cancellable = g_object_ref (cancellable);
  limit->until = g_get_monotonic_time () + time;
  g_mutex_init (&limit->lock);
  g_cond_init (&limit->cond);
  limit->thread = g_thread_new ("rt2:refusal", wait_for_end, limit);
  return limit;
}

void
rt2_refusal_limit_free (Rt2RefusalLimit *limit)
{
  g_mutex_lock (&limit->lock);
  limit->over = TRUE;
  g_cond_signal (&limit->cond);
  g_mutex_unlock (&limit->lock);
  g_thread_join (limit->thread);
  g_mutex_clear (&limit->lock);
  g_cond_clear (&limit->cond);
  g_object_unref (limit->cancellable);
  g_free (limit);
}

/* -- what it says -----------------------------------------------------------
 */

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
