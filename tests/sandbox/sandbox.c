/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The library's face: life, threads, and the readers of the books. */
#include "sandbox.h"

#include <glib/gstdio.h>

#include "certificate.h"
#include "replay.h"
#include "server.h"

#define SESSION_SECONDS 3600

struct _Sandbox {
  GMainContext *context;
  Host host;
  gchar **calls; /* of the options and of the script */
  Server *server;
  gchar *uri;
  gchar *certificate_path; /* or NULL */
  guint port;
  GAsyncQueue *orders; /* Order; one source in the context for each */

  GThread *thread; /* of sandbox_start_thread(), or NULL */
  GMainLoop *loop; /* that the thread runs */
};

/* g_main_context_invoke() may run a function on the calling thread while the
 * other one has not begun to iterate; this never does. */
static void
run_later (GMainContext *context, GSourceFunc function, gpointer data)
{
  g_autoptr (GSource) source = g_timeout_source_new (0);

  g_source_set_callback (source, function, data, NULL);
  g_source_attach (source, context);
}

/* ---- orders from any thread ---- */

typedef struct {
  gboolean raw; /* send text; else close with code and text */
  guint code;
  gchar *text;
} Order;

static void
order_free (gpointer data)
{
  Order *order = data;

  g_free (order->text);
  g_free (order);
}

static gboolean
obey (gpointer data)
{
  Sandbox *sandbox = data;
  Order *order = g_async_queue_pop (sandbox->orders);

  if (order->raw)
    server_send_raw (sandbox->server, order->text);
  else
    server_close_all (sandbox->server, order->code, order->text);
  order_free (order);
  return G_SOURCE_REMOVE;
}

static void
give_order (Sandbox *sandbox, gboolean raw, guint code, const gchar *text)
{
  Order *order = g_new0 (Order, 1);

  order->raw = raw;
  order->code = code;
  order->text = g_strdup (text);
  g_async_queue_push (sandbox->orders, order);
  run_later (sandbox->context, obey, sandbox);
}

/* Those that nobody will obey any more. */
static void
drop_orders (Sandbox *sandbox)
{
  GSource *source;

  while ((source = g_main_context_find_source_by_user_data (
              sandbox->context, sandbox))
      != NULL)
    g_source_destroy (source);
  g_async_queue_unref (sandbox->orders);
}

void
sandbox_close_all (Sandbox *sandbox, guint code, const gchar *reason)
{
  give_order (sandbox, FALSE, code, reason);
}

void
sandbox_send_raw (Sandbox *sandbox, const gchar *text)
{
  give_order (sandbox, TRUE, 0, text);
}

/* ---- life ---- */

static const SandboxOptions default_options = { .pace = 8 };

static gchar **
join_calls (const gchar *const *ours, gchar **scripts)
{
  g_autoptr (GPtrArray) calls = g_ptr_array_new ();

  for (; ours != NULL && *ours != NULL; ours++)
    g_ptr_array_add (calls, g_strdup (*ours));
  for (; scripts != NULL && *scripts != NULL; scripts++)
    g_ptr_array_add (calls, g_strdup (*scripts));
  g_ptr_array_add (calls, NULL);
  return (gchar **) g_ptr_array_free (g_steal_pointer (&calls), FALSE);
}

/* What goes wrong, and what is odd. */
static gboolean
read_trouble (Sandbox *sandbox, const SandboxOptions *options, GError **error)
{
  Host *host = &sandbox->host;
  const gchar *const *fault;

  for (fault = options->faults; fault != NULL && *fault != NULL; fault++)
    if (!faults_add (host->faults, *fault, error))
      return FALSE;
  if (host->script != NULL && host->script->faults != NULL
      && !faults_add_array (host->faults, host->script->faults, error))
    return FALSE;
  return options->strange == NULL
      || strange_parse (options->strange, &host->strange, error);
}

static gboolean
start (Sandbox *sandbox, const SandboxOptions *options, GError **error)
{
  g_autoptr (GTlsCertificate) certificate = NULL;

  if (options->script_json != NULL || options->script_file != NULL) {
    sandbox->host.script = script_load (
        options->script_json, options->script_file, error);
    if (sandbox->host.script == NULL)
      return FALSE;
    sandbox->host.cursor.script = sandbox->host.script;
  }
  if (options->replay_file != NULL) {
    sandbox->host.replay = replay_new (
        options->replay_file, options->pace, error);
    if (sandbox->host.replay == NULL)
      return FALSE;
  }
  if (!read_trouble (sandbox, options, error))
    return FALSE;
  sandbox->calls = join_calls (options->calls,
      sandbox->host.script != NULL ? sandbox->host.script->calls : NULL);
  if (options->tls) {
    certificate = certificate_make (&sandbox->certificate_path, error);
    if (certificate == NULL)
      return FALSE;
  }
  sandbox->server = server_new (
      options, &sandbox->host, sandbox->calls, certificate, error);
  if (sandbox->server == NULL)
    return FALSE;
  sandbox->port = server_get_port (sandbox->server);
  sandbox->uri = g_strdup_printf ("%s://127.0.0.1:%u/v1/realtime",
      options->tls ? "wss" : "ws", sandbox->port);
  return TRUE;
}

Sandbox *
sandbox_new (const SandboxOptions *options, GError **error)
{
  Sandbox *sandbox = g_new0 (Sandbox, 1);

  if (options == NULL)
    options = &default_options;
  sandbox->context = g_main_context_ref_thread_default ();
  sandbox->orders = g_async_queue_new_full (order_free);
  sandbox->host.books = books_new ();
  sandbox->host.visits = visits_new ();
  sandbox->host.faults = faults_new ();
  sandbox->host.token_limit = options->token_limit;
  sandbox->host.upload_limit = options->upload_limit;
  sandbox->host.pace = options->pace;
  sandbox->host.session_seconds = options->session_seconds != 0
      ? options->session_seconds
      : SESSION_SECONDS;
  if (start (sandbox, options, error))
    return sandbox;
  sandbox_free (sandbox);
  return NULL;
}

void
sandbox_free (Sandbox *sandbox)
{
  drop_orders (sandbox);
  g_clear_pointer (&sandbox->server, server_free);
  /* The voices were told to stop; their callbacks still point here. */
  while (sandbox->host.voices_at_work > 0)
    g_main_context_iteration (sandbox->context, TRUE);
  if (sandbox->certificate_path != NULL)
    g_unlink (sandbox->certificate_path);
  g_clear_pointer (&sandbox->host.script, script_free);
  g_clear_pointer (&sandbox->host.replay, replay_free);
  books_free (sandbox->host.books);
  visits_free (sandbox->host.visits);
  faults_free (sandbox->host.faults);
  g_strfreev (sandbox->calls);
  g_main_context_unref (sandbox->context);
  g_free (sandbox->certificate_path);
  g_free (sandbox->uri);
  g_free (sandbox);
}

/* ---- on a thread of its own ---- */

/* Lives on the stack of sandbox_start_thread() until the thread has set
 * done. */
typedef struct {
  const SandboxOptions *options;
  GMutex lock;
  GCond changed;
  gboolean done;
  Sandbox *sandbox;
  GMainLoop *loop;
  GError *error;
} Starter;

static void
run (GMainLoop *loop, Sandbox *sandbox)
{
  g_main_loop_run (loop);
  sandbox_free (sandbox);
}

static gpointer
thread_main (gpointer data)
{
  Starter *starter = data;
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GMainLoop) loop = g_main_loop_new (context, FALSE);
  Sandbox *sandbox;

  g_main_context_push_thread_default (context);
  sandbox = sandbox_new (starter->options, &starter->error);
  g_mutex_lock (&starter->lock);
  starter->sandbox = sandbox;
  starter->loop = g_main_loop_ref (loop);
  starter->done = TRUE;
  g_cond_signal (&starter->changed);
  g_mutex_unlock (&starter->lock);
  if (sandbox != NULL)
    run (loop, sandbox);
  /* What libsoup still has to let go of. */
  while (g_main_context_iteration (context, FALSE))
    continue;
  g_main_context_pop_thread_default (context);
  return NULL;
}

Sandbox *
sandbox_start_thread (const SandboxOptions *options, GError **error)
{
  Starter starter = { .options = options };
  GThread *thread;

  g_mutex_init (&starter.lock);
  g_cond_init (&starter.changed);
  thread = g_thread_new ("sandbox", thread_main, &starter);
  g_mutex_lock (&starter.lock);
  while (!starter.done)
    g_cond_wait (&starter.changed, &starter.lock);
  g_mutex_unlock (&starter.lock);
  g_cond_clear (&starter.changed);
  g_mutex_clear (&starter.lock);
  if (starter.sandbox == NULL) {
    g_main_loop_unref (starter.loop);
    g_thread_join (thread);
    g_propagate_error (error, starter.error);
    return NULL;
  }
  starter.sandbox->thread = thread;
  starter.sandbox->loop = starter.loop;
  return starter.sandbox;
}

static gboolean
quit (gpointer data)
{
  g_main_loop_quit (data);
  return G_SOURCE_REMOVE;
}

void
sandbox_stop_thread (Sandbox *sandbox)
{
  GThread *thread = sandbox->thread;
  GMainLoop *loop = sandbox->loop;

  run_later (sandbox->context, quit, loop);
  g_thread_join (thread);
  g_main_loop_unref (loop);
}

guint
sandbox_get_port (Sandbox *sandbox)
{
  return sandbox->port;
}

const gchar *
sandbox_get_uri (Sandbox *sandbox)
{
  return sandbox->uri;
}

const gchar *
sandbox_get_certificate_path (Sandbox *sandbox)
{
  return sandbox->certificate_path;
}

/* ---- the books ---- */

guint64
sandbox_count_received (Sandbox *sandbox, const gchar *type)
{
  return books_count (sandbox->host.books, FALSE, type);
}

guint64
sandbox_count_sent (Sandbox *sandbox, const gchar *type)
{
  return books_count (sandbox->host.books, TRUE, type);
}

guint64
sandbox_audio_bytes_received (Sandbox *sandbox)
{
  return books_audio_bytes (sandbox->host.books, FALSE);
}

guint64
sandbox_audio_bytes_sent (Sandbox *sandbox)
{
  return books_audio_bytes (sandbox->host.books, TRUE);
}

guint
sandbox_count_connections (Sandbox *sandbox)
{
  return books_connections (sandbox->host.books);
}

GPtrArray *
sandbox_dup_requests (Sandbox *sandbox)
{
  return visits_dup_requests (sandbox->host.visits);
}

GPtrArray *
sandbox_dup_connections (Sandbox *sandbox)
{
  return visits_dup_connections (sandbox->host.visits);
}

const gchar *
sandbox_request_header (const SandboxRequest *request, const gchar *name)
{
  gchar **at;

  for (at = request->headers; at[0] != NULL; at += 2)
    if (g_ascii_strcasecmp (at[0], name) == 0)
      return at[1];
  return NULL;
}

gboolean
sandbox_wait_closed (Sandbox *sandbox, guint connection, guint timeout_ms)
{
  return visits_wait_closed (sandbox->host.visits, connection, timeout_ms);
}

GPtrArray *
sandbox_dup_received (Sandbox *sandbox, const gchar *type)
{
  return books_dup_records (sandbox->host.books, FALSE, type);
}

GPtrArray *
sandbox_dup_sent (Sandbox *sandbox, const gchar *type)
{
  return books_dup_records (sandbox->host.books, TRUE, type);
}

GPtrArray *
sandbox_dup_errors (Sandbox *sandbox)
{
  return books_dup_errors (sandbox->host.books);
}

GPtrArray *
sandbox_dup_truncations (Sandbox *sandbox)
{
  return books_dup_truncations (sandbox->host.books);
}

gchar **
sandbox_dup_deletions (Sandbox *sandbox)
{
  return books_dup_deletions (sandbox->host.books);
}

GPtrArray *
sandbox_dup_items (Sandbox *sandbox, guint connection)
{
  return books_dup_items (sandbox->host.books, connection);
}

GPtrArray *
sandbox_dup_calls (Sandbox *sandbox)
{
  return books_dup_calls (sandbox->host.books);
}

GPtrArray *
sandbox_dup_approvals (Sandbox *sandbox)
{
  return books_dup_approvals (sandbox->host.books);
}

GPtrArray *
sandbox_dup_images (Sandbox *sandbox)
{
  return books_dup_images (sandbox->host.books);
}

guint
sandbox_item_audio_ms (Sandbox *sandbox, const gchar *item_id)
{
  return books_item_audio_ms (sandbox->host.books, item_id);
}

GPtrArray *
sandbox_dup_differences (Sandbox *sandbox)
{
  return sandbox->host.replay != NULL
      ? replay_dup_differences (sandbox->host.replay)
      : g_ptr_array_new_with_free_func (g_free);
}

guint
sandbox_count_unsent (Sandbox *sandbox)
{
  return sandbox->host.replay != NULL ? replay_count_left (sandbox->host.replay)
                                      : 0;
}

gboolean
sandbox_wait_received (
    Sandbox *sandbox, const gchar *type, guint64 count, guint timeout_ms)
{
  return books_wait (sandbox->host.books, FALSE, type, count, timeout_ms);
}

gboolean
sandbox_wait_sent (
    Sandbox *sandbox, const gchar *type, guint64 count, guint timeout_ms)
{
  return books_wait (sandbox->host.books, TRUE, type, count, timeout_ms);
}
