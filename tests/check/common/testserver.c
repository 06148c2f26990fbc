/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libsoup's server in a thread, with a record of what came.
 */
#include "testserver.h"

#include <libsoup/soup.h>
#include <sys/socket.h>
#include "../../sandbox/wirelog.h"

#define PATH "/v1/realtime"
#define MAX_PAYLOAD (64 * 1024 * 1024)

typedef struct {
  TestServer *server;
  guint number;
  /* In the wire log. */
  guint wire;
  /* NULL once closed. Only touched on the server's thread. */
  SoupWebsocketConnection *websocket;
  /* Under the server's lock, as all below. */
  GPtrArray *messages;
  gboolean closed;
  guint close_code;
} Connection;

typedef struct {
  SoupMessageHeaders *headers;
  gchar *target;
} Request;

struct _TestServer {
  TestServerScript script;
  gpointer user_data;
  guint16 port;
  gboolean tls;

  GThread *thread;
  GMainContext *context;
  GMainLoop *loop;

  /* Only touched on the server's thread once that runs. */
  SoupServer *soup;

  GMutex lock;
  GCond changed;
  /* Under the lock, as all below. */
  GPtrArray *requests;
  GPtrArray *connections;
  guint refuse_status;
  gchar *refuse_body;
  gchar **refuse_headers;
  /* The waiting test's context, may be NULL. */
  GMainContext *client;
  gboolean pause, paused;
};

#ifdef __SANITIZE_ADDRESS__
/* libsoup 3.2's server never lets go of the address that it listens on, and of
 * the sockets of refused clients. Stacks are only deep enough to tell these
 * from leaks of our own if they are taken the slow way. */
__attribute__ ((visibility ("default"))) const char *
__lsan_default_suppressions (void);
__attribute__ ((visibility ("default"))) const char *__asan_default_options (
    void);

const char *
__lsan_default_suppressions (void)
{
  return "leak:g_socket_accept\nleak:soup_server_listen_local\n";
}

const char *
__asan_default_options (void)
{
  return "fast_unwind_on_malloc=0";
}
#endif

/* -- the record ----------------------------------------------------------- */

static void
request_free (gpointer data)
{
  Request *request = data;

  soup_message_headers_unref (request->headers);
  g_free (request->target);
  g_free (request);
}

static void
connection_free (gpointer data)
{
  Connection *connection = data;

  g_ptr_array_unref (connection->messages);
  g_free (connection);
}

/* With the lock held. */
static void
tell (TestServer *server)
{
  g_cond_broadcast (&server->changed);
  if (server->client != NULL)
    g_main_context_wakeup (server->client);
}

static Connection *
get_connection (TestServer *server, guint number)
{
  Connection *connection;

  g_mutex_lock (&server->lock);
  g_assert_cmpuint (number, <, server->connections->len);
  connection = g_ptr_array_index (server->connections, number);
  g_mutex_unlock (&server->lock);
  return connection;
}

/* -- running things on the server's thread -------------------------------- */

typedef struct {
  TestServer *server;
  guint connection;
  guint number;
  gchar *text;
  GBytes *bytes;
} Job;

static void
job_free (gpointer data)
{
  Job *job = data;

  g_free (job->text);
  g_clear_pointer (&job->bytes, g_bytes_unref);
  g_free (job);
}

static Job *
job_new (TestServer *server, guint connection)
{
  Job *job = g_new0 (Job, 1);

  job->server = server;
  job->connection = connection;
  return job;
}

/* In order; at once if this is the server's thread. */
static void
job_run (Job *job, GSourceFunc function)
{
  GSource *source;

  if (g_thread_self () == job->server->thread) {
    function (job);
    job_free (job);
    return;
  }
  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, function, job, job_free);
  g_source_attach (source, job->server->context);
  g_source_unref (source);
}

/* -- WebSocket ------------------------------------------------------------ */

static void
on_message (SoupWebsocketConnection *websocket, gint type, GBytes *message,
    Connection *connection)
{
  TestServer *server = connection->server;
  const gchar *text = g_bytes_get_data (message, NULL);

  wirelog_add (connection->wire, "client", text);
  g_mutex_lock (&server->lock);
  g_ptr_array_add (connection->messages, g_strdup (text ? text : ""));
  tell (server);
  g_mutex_unlock (&server->lock);
  if (server->script.on_message)
    server->script.on_message (
        server, connection->number, text ? text : "", server->user_data);
}

static void
on_closed (SoupWebsocketConnection *websocket, Connection *connection)
{
  TestServer *server = connection->server;

  g_mutex_lock (&server->lock);
  connection->closed = TRUE;
  connection->close_code = soup_websocket_connection_get_close_code (websocket);
  tell (server);
  g_mutex_unlock (&server->lock);

  g_signal_handlers_disconnect_by_data (websocket, connection);
  g_clear_object (&connection->websocket);
  if (server->script.closed)
    server->script.closed (server, connection->number, server->user_data);
}

static void
on_websocket (SoupServer *soup, SoupServerMessage *message, const gchar *path,
    SoupWebsocketConnection *websocket, gpointer user_data)
{
  TestServer *server = user_data;
  Connection *connection = g_new0 (Connection, 1);

  soup_websocket_connection_set_max_incoming_payload_size (
      websocket, MAX_PAYLOAD);
  connection->server = server;
  connection->wire = wirelog_open ();
  connection->websocket = g_object_ref (websocket);
  connection->messages = g_ptr_array_new_with_free_func (g_free);
  g_signal_connect (websocket, "message", G_CALLBACK (on_message), connection);
  g_signal_connect (websocket, "closed", G_CALLBACK (on_closed), connection);

  g_mutex_lock (&server->lock);
  connection->number = server->connections->len;
  g_ptr_array_add (server->connections, connection);
  tell (server);
  g_mutex_unlock (&server->lock);
  if (server->script.opened)
    server->script.opened (server, connection->number, server->user_data);
}

static gboolean
do_send (gpointer data)
{
  Job *job = data;
  Connection *connection = get_connection (job->server, job->connection);

  if (connection->websocket == NULL
      || soup_websocket_connection_get_state (connection->websocket)
          != SOUP_WEBSOCKET_STATE_OPEN)
    return G_SOURCE_REMOVE;
  if (job->text != NULL) {
    wirelog_add (connection->wire, "scripted", job->text);
    soup_websocket_connection_send_text (connection->websocket, job->text);
  } else
    soup_websocket_connection_send_message (
        connection->websocket, SOUP_WEBSOCKET_DATA_BINARY, job->bytes);
  return G_SOURCE_REMOVE;
}

void
test_server_send (TestServer *server, guint connection, const gchar *text)
{
  Job *job = job_new (server, connection);

  job->text = g_strdup (text);
  job_run (job, do_send);
}

void
test_server_send_binary (TestServer *server, guint connection, GBytes *bytes)
{
  Job *job = job_new (server, connection);

  job->bytes = g_bytes_ref (bytes);
  job_run (job, do_send);
}

static gboolean
do_send_raw (gpointer data)
{
  Job *job = data;
  Connection *connection = get_connection (job->server, job->connection);
  GOutputStream *output;
  gsize size;
  gconstpointer bytes = g_bytes_get_data (job->bytes, &size);

  if (connection->websocket == NULL)
    return G_SOURCE_REMOVE;
  output = g_io_stream_get_output_stream (
      soup_websocket_connection_get_io_stream (connection->websocket));
  g_output_stream_write_all (output, bytes, size, NULL, NULL, NULL);
  return G_SOURCE_REMOVE;
}

void
test_server_send_raw (
    TestServer *server, guint connection, const guint8 *bytes, gsize size)
{
  Job *job = job_new (server, connection);

  job->bytes = g_bytes_new (bytes, size);
  job_run (job, do_send_raw);
}

/* libsoup sends some codes by itself only, or never: it makes 1002 of them. */
static gboolean
must_be_raw (guint code)
{
  return code == 1004 || code == 1006 || code == 1010
      || (code > 1011 && code < 3000);
}

static void
send_raw_close (SoupWebsocketConnection *websocket, guint code)
{
  guint8 frame[] = { 0x88, 2, code >> 8, code & 0xff };

  g_output_stream_write_all (
      g_io_stream_get_output_stream (
          soup_websocket_connection_get_io_stream (websocket)),
      frame, sizeof frame, NULL, NULL, NULL);
}

static gboolean
do_close (gpointer data)
{
  Job *job = data;
  Connection *connection = get_connection (job->server, job->connection);

  if (connection->websocket == NULL
      || soup_websocket_connection_get_state (connection->websocket)
          != SOUP_WEBSOCKET_STATE_OPEN)
    return G_SOURCE_REMOVE;
  if (must_be_raw (job->number))
    send_raw_close (connection->websocket, job->number);
  else
    soup_websocket_connection_close (
        connection->websocket, job->number, job->text);
  return G_SOURCE_REMOVE;
}

void
test_server_close (
    TestServer *server, guint connection, guint16 code, const gchar *reason)
{
  Job *job = job_new (server, connection);

  job->number = code;
  job->text = g_strdup (reason);
  job_run (job, do_close);
}

/* The socket below libsoup's and TLS's streams. Caller owns the reference. */
static GSocket *
find_socket (SoupWebsocketConnection *websocket)
{
  GIOStream *stream = g_object_ref (
      soup_websocket_connection_get_io_stream (websocket));
  GSocket *socket;

  while (!G_IS_SOCKET_CONNECTION (stream)) {
    GIOStream *base = NULL;

    g_object_get (stream,
        G_IS_TLS_CONNECTION (stream) ? "base-io-stream" : "base-iostream",
        &base, NULL);
    g_object_unref (stream);
    stream = base;
  }
  socket = g_object_ref (
      g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream)));
  g_object_unref (stream);
  return socket;
}

static gboolean
do_drop (gpointer data)
{
  Job *job = data;
  Connection *connection = get_connection (job->server, job->connection);
  static const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
  g_autoptr (GSocket) socket = NULL;

  if (connection->websocket == NULL)
    return G_SOURCE_REMOVE;
  socket = find_socket (connection->websocket);
  if (job->number) {
    setsockopt (g_socket_get_fd (socket), SOL_SOCKET, SO_LINGER, &at_once,
        sizeof at_once);
    g_socket_close (socket, NULL);
  } else {
    g_socket_shutdown (socket, FALSE, TRUE, NULL);
  }
  return G_SOURCE_REMOVE;
}

void
test_server_drop (TestServer *server, guint connection)
{
  Job *job = job_new (server, connection);

  job->number = 1;
  job_run (job, do_drop);
}

void
test_server_hang_up (TestServer *server, guint connection)
{
  job_run (job_new (server, connection), do_drop);
}

/* -- HTTP ----------------------------------------------------------------- */

/* With the lock held. */
static void
refuse (TestServer *server, SoupServerMessage *message)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (
      message);
  gchar **line;

  for (line = server->refuse_headers; line && *line; line++) {
    g_auto (GStrv) pair = g_strsplit (*line, ": ", 2);

    soup_message_headers_append (headers, pair[0], pair[1]);
  }
  if (server->refuse_body != NULL)
    soup_server_message_set_response (message, "application/json",
        SOUP_MEMORY_COPY, server->refuse_body, strlen (server->refuse_body));
  soup_server_message_set_status (message, server->refuse_status, NULL);
}

static gchar *
uri_to_target (GUri *uri)
{
  const gchar *query = g_uri_get_query (uri);

  return g_strconcat (g_uri_get_path (uri), query ? "?" : "", query, NULL);
}

static void
copy_header (const gchar *name, const gchar *value, gpointer user_data)
{
  soup_message_headers_append (user_data, name, value);
}

/* Sees every request before libsoup answers it. */
static void
on_request (SoupServer *soup, SoupServerMessage *message, const gchar *path,
    GHashTable *query, gpointer user_data)
{
  TestServer *server = user_data;
  Request *request = g_new0 (Request, 1);

  request->headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_REQUEST);
  soup_message_headers_foreach (
      soup_server_message_get_request_headers (message), copy_header,
      request->headers);
  request->target = uri_to_target (soup_server_message_get_uri (message));
  g_mutex_lock (&server->lock);
  g_ptr_array_add (server->requests, request);
  if (server->refuse_status != 0)
    refuse (server, message);
  tell (server);
  g_mutex_unlock (&server->lock);
}

void
test_server_refuse (TestServer *server, guint status, const gchar *body,
    const gchar *const *headers)
{
  g_mutex_lock (&server->lock);
  g_strfreev (server->refuse_headers);
  g_free (server->refuse_body);
  server->refuse_status = status;
  server->refuse_body = g_strdup (body);
  server->refuse_headers = g_strdupv ((gchar **) headers);
  g_mutex_unlock (&server->lock);
}

static gboolean
start_soup (TestServer *server, TestTls tls, GError **error)
{
  g_autoptr (GTlsCertificate) certificate = NULL;
  SoupServerListenOptions options = SOUP_SERVER_LISTEN_IPV4_ONLY;
  GSList *uris;

  server->soup = soup_server_new (NULL, NULL);
  if (tls != TEST_TLS_NONE) {
    certificate = test_certificate_new (tls);
    soup_server_set_tls_certificate (server->soup, certificate);
    options |= SOUP_SERVER_LISTEN_HTTPS;
  }
  /* One path: libsoup only asks the handler of the longest match. */
  soup_server_add_early_handler (server->soup, NULL, on_request, server, NULL);
  soup_server_add_websocket_handler (
      server->soup, NULL, NULL, NULL, on_websocket, server, NULL);
  if (!soup_server_listen_local (server->soup, 0, options, error))
    return FALSE;
  uris = soup_server_get_uris (server->soup);
  server->port = g_uri_get_port (uris->data);
  g_slist_free_full (uris, (GDestroyNotify) g_uri_unref);
  return TRUE;
}

/* -- the thread ----------------------------------------------------------- */

static void
stop (TestServer *server)
{
  guint i;

  for (i = 0; i < server->connections->len; i++) {
    Connection *connection = g_ptr_array_index (server->connections, i);
    g_autoptr (GSocket) socket = NULL;

    if (connection->websocket == NULL)
      continue;
    g_signal_handlers_disconnect_by_data (connection->websocket, connection);
    socket = find_socket (connection->websocket);
    g_socket_shutdown (socket, TRUE, TRUE, NULL);
    g_object_run_dispose (G_OBJECT (connection->websocket));
    g_object_add_weak_pointer (
        G_OBJECT (connection->websocket), (gpointer *) &connection->websocket);
    g_object_unref (connection->websocket);
    while (connection->websocket != NULL)
      g_main_context_iteration (server->context, TRUE);
  }
  soup_server_disconnect (server->soup);
  while (g_main_context_iteration (server->context, FALSE))
    ;
  g_clear_object (&server->soup);
}

static gpointer
run (gpointer data)
{
  TestServer *server = data;

  g_main_context_push_thread_default (server->context);
  g_main_loop_run (server->loop);
  stop (server);
  g_main_context_pop_thread_default (server->context);
  return NULL;
}

/* libsoup's server warns of clients that are gone when it accepts them. Tests
 * die of warnings, and TAP of what GLib prints then. */
static gboolean
is_of_interest (const gchar *message)
{
  return strstr (message, "could not get remote address") == NULL;
}

static void
on_log (const gchar *domain, GLogLevelFlags level, const gchar *message,
    gpointer unused)
{
  if (is_of_interest (message))
    g_log_default_handler (domain, level, message, NULL);
}

static gboolean
log_is_fatal (const gchar *domain, GLogLevelFlags level, const gchar *message,
    gpointer unused)
{
  return is_of_interest (message);
}

static gpointer
set_log_handler (gpointer unused)
{
  g_log_set_handler (
      "libsoup", G_LOG_LEVEL_WARNING | G_LOG_FLAG_FATAL, on_log, NULL);
  return NULL;
}

static void
tame_log (void)
{
  static GOnce once = G_ONCE_INIT;

  g_once (&once, set_log_handler, NULL);
  /* GLib forgets this one after each test. */
  g_test_log_set_fatal_handler (log_is_fatal, NULL);
}

static TestServer *
new_server (void)
{
  TestServer *server = g_new0 (TestServer, 1);

  server->context = g_main_context_new ();
  server->loop = g_main_loop_new (server->context, FALSE);
  g_mutex_init (&server->lock);
  g_cond_init (&server->changed);
  server->requests = g_ptr_array_new_with_free_func (request_free);
  server->connections = g_ptr_array_new_with_free_func (connection_free);
  return server;
}

TestServer *
test_server_new (
    TestTls tls, const TestServerScript *script, gpointer user_data)
{
  TestServer *server = new_server ();
  g_autoptr (GError) error = NULL;

  server->tls = tls != TEST_TLS_NONE;
  if (script != NULL)
    server->script = *script;
  server->user_data = user_data;
  tame_log ();
  g_main_context_push_thread_default (server->context);
  start_soup (server, tls, &error);
  g_main_context_pop_thread_default (server->context);
  g_assert_no_error (error);
  server->thread = g_thread_new ("test-server", run, server);
  return server;
}

static gboolean
do_quit (gpointer data)
{
  Job *job = data;

  g_main_loop_quit (job->server->loop);
  return G_SOURCE_REMOVE;
}

void
test_server_free (TestServer *server)
{
  if (server == NULL)
    return;

  test_server_resume (server);
  job_run (job_new (server, 0), do_quit);
  g_thread_join (server->thread);
  g_main_loop_unref (server->loop);
  g_main_context_unref (server->context);
  g_ptr_array_unref (server->requests);
  g_ptr_array_unref (server->connections);
  g_free (server->refuse_body);
  g_strfreev (server->refuse_headers);
  g_mutex_clear (&server->lock);
  g_cond_clear (&server->changed);
  g_free (server);
}

static gboolean
do_pause (gpointer data)
{
  TestServer *server = ((Job *) data)->server;

  g_mutex_lock (&server->lock);
  server->paused = TRUE;
  tell (server);
  while (server->pause)
    g_cond_wait (&server->changed, &server->lock);
  server->paused = FALSE;
  g_mutex_unlock (&server->lock);
  return G_SOURCE_REMOVE;
}

void
test_server_pause (TestServer *server)
{
  g_mutex_lock (&server->lock);
  server->pause = TRUE;
  g_mutex_unlock (&server->lock);
  job_run (job_new (server, 0), do_pause);
  g_mutex_lock (&server->lock);
  while (!server->paused)
    g_cond_wait (&server->changed, &server->lock);
  g_mutex_unlock (&server->lock);
}

void
test_server_resume (TestServer *server)
{
  g_mutex_lock (&server->lock);
  server->pause = FALSE;
  tell (server);
  g_mutex_unlock (&server->lock);
}

/* -- looking and waiting -------------------------------------------------- */

guint16
test_server_get_port (TestServer *server)
{
  return server->port;
}

gchar *
test_server_dup_url (TestServer *server)
{
  return g_strdup_printf ("%s://127.0.0.1:%u" PATH "?model=test",
      server->tls ? "wss" : "ws", server->port);
}

void
test_server_set_context (TestServer *server, GMainContext *context)
{
  g_mutex_lock (&server->lock);
  server->client = context;
  g_mutex_unlock (&server->lock);
}

/* Tells whether something is so, with the lock held. */
typedef gboolean (*Check) (TestServer *server, guint connection, guint n);

static gboolean
on_patience_over (gpointer what)
{
  g_error ("test server: waited in vain for %s", (const gchar *) what);
  return G_SOURCE_REMOVE;
}

static void
wait_running (TestServer *server, GMainContext *context, Check check,
    guint connection, guint n, const gchar *what)
{
  GSource *patience = g_timeout_source_new (TEST_SERVER_PATIENCE / 1000);
  gboolean done;

  g_source_set_callback (patience, on_patience_over, (gpointer) what, NULL);
  g_source_attach (patience, context);
  do {
    g_mutex_lock (&server->lock);
    done = check (server, connection, n);
    g_mutex_unlock (&server->lock);
    if (!done)
      g_main_context_iteration (context, TRUE);
  } while (!done);
  g_source_destroy (patience);
  g_source_unref (patience);
}

static void
wait_for (TestServer *server, Check check, guint connection, guint n,
    const gchar *what)
{
  gint64 deadline = g_get_monotonic_time () + TEST_SERVER_PATIENCE;
  GMainContext *context;

  g_mutex_lock (&server->lock);
  context = server->client;
  while (context == NULL && !check (server, connection, n)) {
    if (!g_cond_wait_until (&server->changed, &server->lock, deadline))
      g_error ("test server: waited in vain for %s", what);
  }
  g_mutex_unlock (&server->lock);
  if (context != NULL)
    wait_running (server, context, check, connection, n, what);
}

static gboolean
has_requests (TestServer *server, guint connection, guint n)
{
  return server->requests->len >= n;
}

static gboolean
has_connections (TestServer *server, guint connection, guint n)
{
  return server->connections->len >= n;
}

static gboolean
has_messages (TestServer *server, guint connection, guint n)
{
  return server->connections->len > connection
      && ((Connection *) g_ptr_array_index (server->connections, connection))
             ->messages->len
      >= n;
}

static gboolean
is_closed (TestServer *server, guint connection, guint n)
{
  return server->connections->len > connection
      && ((Connection *) g_ptr_array_index (server->connections, connection))
             ->closed;
}

void
test_server_wait_requests (TestServer *server, guint n)
{
  wait_for (server, has_requests, 0, n, "a request");
}

void
test_server_wait_connections (TestServer *server, guint n)
{
  wait_for (server, has_connections, 0, n, "a connection");
}

void
test_server_wait_messages (TestServer *server, guint connection, guint n)
{
  wait_for (server, has_messages, connection, n, "a message");
}

void
test_server_wait_closed (TestServer *server, guint connection)
{
  wait_for (server, is_closed, connection, 0, "the end of a connection");
}

guint
test_server_count_requests (TestServer *server)
{
  guint n;

  g_mutex_lock (&server->lock);
  n = server->requests->len;
  g_mutex_unlock (&server->lock);
  return n;
}

guint
test_server_count_connections (TestServer *server)
{
  guint n;

  g_mutex_lock (&server->lock);
  n = server->connections->len;
  g_mutex_unlock (&server->lock);
  return n;
}

void
test_server_forget (TestServer *server)
{
  g_mutex_lock (&server->lock);
  for (guint i = 0; i < server->connections->len; i++) {
    Connection *record = g_ptr_array_index (server->connections, i);

    g_ptr_array_set_size (record->messages, 0);
  }
  g_mutex_unlock (&server->lock);
}

guint
test_server_count_messages (TestServer *server, guint connection)
{
  Connection *record = get_connection (server, connection);
  guint n;

  g_mutex_lock (&server->lock);
  n = record->messages->len;
  g_mutex_unlock (&server->lock);
  return n;
}

gchar *
test_server_dup_header (TestServer *server, guint request, const gchar *name)
{
  Request *record;
  gchar *value;

  g_mutex_lock (&server->lock);
  g_assert_cmpuint (request, <, server->requests->len);
  record = g_ptr_array_index (server->requests, request);
  value = g_strdup (soup_message_headers_get_list (record->headers, name));
  g_mutex_unlock (&server->lock);
  return value;
}

gchar *
test_server_dup_target (TestServer *server, guint request)
{
  gchar *target;

  g_mutex_lock (&server->lock);
  g_assert_cmpuint (request, <, server->requests->len);
  target = g_strdup (
      ((Request *) g_ptr_array_index (server->requests, request))->target);
  g_mutex_unlock (&server->lock);
  return target;
}

gchar *
test_server_dup_message (TestServer *server, guint connection, guint i)
{
  Connection *record = get_connection (server, connection);
  gchar *text;

  g_mutex_lock (&server->lock);
  g_assert_cmpuint (i, <, record->messages->len);
  text = g_strdup (g_ptr_array_index (record->messages, i));
  g_mutex_unlock (&server->lock);
  return text;
}

guint
test_server_get_close_code (TestServer *server, guint connection)
{
  Connection *record = get_connection (server, connection);
  guint code;

  g_mutex_lock (&server->lock);
  code = record->close_code;
  g_mutex_unlock (&server->lock);
  return code;
}
