/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who came, with what request, and how each connection went. Thread-safe. */
#include "visits.h"

/* The newest of each kind are kept. */
#define MAX_KEPT 5000

struct _Visits {
  GMutex lock;
  GCond changed;
  GQueue requests;       /* SandboxRequest, oldest first */
  GQueue connections;    /* SandboxConnection, oldest first */
  GHashTable *by_number; /* number -> SandboxConnection of the queue */
};

static void
request_free (gpointer data)
{
  SandboxRequest *request = data;

  g_free (request->method);
  g_free (request->target);
  g_strfreev (request->headers);
  g_free (request);
}

Visits *
visits_new (void)
{
  Visits *visits = g_new0 (Visits, 1);

  g_mutex_init (&visits->lock);
  g_cond_init (&visits->changed);
  visits->by_number = g_hash_table_new (NULL, NULL);
  return visits;
}

void
visits_free (Visits *visits)
{
  g_queue_clear_full (&visits->requests, request_free);
  g_queue_clear_full (&visits->connections, g_free);
  g_hash_table_unref (visits->by_number);
  g_cond_clear (&visits->changed);
  g_mutex_clear (&visits->lock);
  g_free (visits);
}

static void
add_header (const char *name, const char *value, gpointer data)
{
  g_ptr_array_add (data, g_strdup (name));
  g_ptr_array_add (data, g_strdup (value));
}

static SandboxRequest *
request_new (SoupServerMessage *message, guint status, guint connection)
{
  SandboxRequest *request = g_new0 (SandboxRequest, 1);
  GUri *uri = soup_server_message_get_uri (message);
  const gchar *query = g_uri_get_query (uri);
  GPtrArray *headers = g_ptr_array_new ();

  soup_message_headers_foreach (
      soup_server_message_get_request_headers (message), add_header, headers);
  g_ptr_array_add (headers, NULL);
  request->method = g_strdup (soup_server_message_get_method (message));
  request->target = g_strconcat (
      g_uri_get_path (uri), query != NULL ? "?" : NULL, query, NULL);
  request->headers = (gchar **) g_ptr_array_free (headers, FALSE);
  request->status = status;
  request->connection = connection;
  return request;
}

/* The lock is held. */
static void
add_connection (Visits *visits, guint number)
{
  SandboxConnection *connection = g_new0 (SandboxConnection, 1);

  connection->number = number;
  g_queue_push_tail (&visits->connections, connection);
  g_hash_table_insert (
      visits->by_number, GUINT_TO_POINTER (number), connection);
  if (visits->connections.length <= MAX_KEPT)
    return;
  connection = g_queue_pop_head (&visits->connections);
  g_hash_table_remove (
      visits->by_number, GUINT_TO_POINTER (connection->number));
  g_free (connection);
}

void
visits_request (
    Visits *visits, SoupServerMessage *message, guint status, guint connection)
{
  SandboxRequest *request = request_new (message, status, connection);

  g_mutex_lock (&visits->lock);
  g_queue_push_tail (&visits->requests, request);
  if (visits->requests.length > MAX_KEPT)
    request_free (g_queue_pop_head (&visits->requests));
  if (connection != 0)
    add_connection (visits, connection);
  g_mutex_unlock (&visits->lock);
}

/* The lock is held. */
static SandboxConnection *
find (Visits *visits, guint connection)
{
  return g_hash_table_lookup (visits->by_number, GUINT_TO_POINTER (connection));
}

void
visits_event (
    Visits *visits, guint connection, const gchar *type, guint64 audio_bytes)
{
  SandboxConnection *visit;

  g_mutex_lock (&visits->lock);
  visit = find (visits, connection);
  if (visit != NULL) {
    visit->appends += g_str_has_suffix (type, "input_audio_buffer.append");
    visit->commits += g_str_equal (type, "input_audio_buffer.commit");
    visit->audio_bytes += audio_bytes;
  }
  g_mutex_unlock (&visits->lock);
}

void
visits_lost (Visits *visits, guint connection, guint64 audio_bytes)
{
  SandboxConnection *visit;

  g_mutex_lock (&visits->lock);
  visit = find (visits, connection);
  if (visit != NULL)
    visit->lost_bytes += audio_bytes;
  g_mutex_unlock (&visits->lock);
}

void
visits_closed (Visits *visits, guint connection, guint code)
{
  SandboxConnection *visit;

  g_mutex_lock (&visits->lock);
  visit = find (visits, connection);
  if (visit != NULL) {
    visit->closed = TRUE;
    visit->close_code = code;
  }
  g_cond_broadcast (&visits->changed);
  g_mutex_unlock (&visits->lock);
}

GPtrArray *
visits_dup_requests (Visits *visits)
{
  GPtrArray *copies = g_ptr_array_new_with_free_func (request_free);
  GList *at;

  g_mutex_lock (&visits->lock);
  for (at = visits->requests.head; at != NULL; at = at->next) {
    const SandboxRequest *request = at->data;
    SandboxRequest *copy = g_memdup2 (request, sizeof *request);

    copy->method = g_strdup (request->method);
    copy->target = g_strdup (request->target);
    copy->headers = g_strdupv (request->headers);
    g_ptr_array_add (copies, copy);
  }
  g_mutex_unlock (&visits->lock);
  return copies;
}

GPtrArray *
visits_dup_connections (Visits *visits)
{
  GPtrArray *copies = g_ptr_array_new_with_free_func (g_free);
  GList *at;

  g_mutex_lock (&visits->lock);
  for (at = visits->connections.head; at != NULL; at = at->next)
    g_ptr_array_add (copies, g_memdup2 (at->data, sizeof (SandboxConnection)));
  g_mutex_unlock (&visits->lock);
  return copies;
}

/* The lock is held. */
static gboolean
is_closed (Visits *visits, guint connection)
{
  SandboxConnection *visit = find (visits, connection);

  return visit != NULL && visit->closed;
}

gboolean
visits_wait_closed (Visits *visits, guint connection, guint timeout_ms)
{
  gint64 end = g_get_monotonic_time () + (gint64) timeout_ms * 1000;
  gboolean closed;

  g_mutex_lock (&visits->lock);
  while (!(closed = is_closed (visits, connection))
      && g_cond_wait_until (&visits->changed, &visits->lock, end))
    continue;
  g_mutex_unlock (&visits->lock);
  return closed;
}
