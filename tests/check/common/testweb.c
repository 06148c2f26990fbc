/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A blocking accept loop in a thread, and a thread for each connection.
 */
#include "testweb.h"

#include <string.h>

#define PATIENCE (30 * G_USEC_PER_SEC)
/* us between two bytes that drip. */
#define DRIP 20000

struct _TestWeb {
  guint16 port;
  GSocketListener *listener;
  GCancellable *stop;
  GThread *thread;

  GMutex lock;
  GCond changed;
  /* Under the lock, as all below. */
  guint busy;          /* connections */
  GPtrArray *requests; /* gchar* */
};

/* A connection that is served. */
typedef struct {
  TestWeb *web;
  GSocketConnection *connection;
  GInputStream *in;
  GOutputStream *out;
} Visit;

/* --- what comes --- */

/* The length of the body that @head announces. */
static gsize
length_of (const gchar *head)
{
  g_autofree gchar *lower = g_ascii_strdown (head, -1);
  const gchar *at = strstr (lower, "content-length:");

  return at ? g_ascii_strtoull (at + strlen ("content-length:"), NULL, 10) : 0;
}

static gboolean
take (Visit *visit, GString *text, gsize n)
{
  gchar buffer[4096];

  while (n > 0) {
    gssize got = g_input_stream_read (
        visit->in, buffer, MIN (sizeof buffer, n), visit->web->stop, NULL);

    if (got <= 0)
      return FALSE;
    g_string_append_len (text, buffer, got);
    n -= got;
  }
  return TRUE;
}

/* A whole request, or NULL. Caller frees it. */
static gchar *
take_request (Visit *visit)
{
  GString *text = g_string_new (NULL);
  gboolean ok = TRUE;

  while (ok && !g_str_has_suffix (text->str, "\r\n\r\n"))
    ok = take (visit, text, 1);
  ok = ok && take (visit, text, length_of (text->str));
  return g_string_free (text, !ok);
}

/* --- what goes --- */

#define OK "HTTP/1.1 200 OK\r\n"
#define OPEN_END OK "Connection: close\r\n\r\n"

static gboolean
put (Visit *visit, const gchar *bytes, gsize n)
{
  return g_output_stream_write_all (
      visit->out, bytes, n, NULL, visit->web->stop, NULL);
}

static gboolean
put_text (Visit *visit, const gchar *text)
{
  return put (visit, text, strlen (text));
}

static void
drip (Visit *visit, const gchar *begin)
{
  gboolean ok = put_text (visit, begin);

  while (ok) {
    g_usleep (DRIP);
    ok = put_text (visit, "x");
  }
}

static void
flood (Visit *visit, gsize n)
{
  g_autofree gchar *block = g_strnfill (65536, 'x');
  gboolean ok = put_text (visit, OPEN_END);

  while (ok && n > 0) {
    gsize size = MIN (n, 65536);

    ok = put (visit, block, size);
    n -= size;
  }
}

static void
echo (Visit *visit, const gchar *request)
{
  put_text (visit, OPEN_END);
  put_text (visit, strstr (request, "\r\n\r\n") + 4);
}

/* To this server, under a name that makes it another host. */
static void
redirect (Visit *visit, const gchar *status)
{
  g_autofree gchar *answer = g_strdup_printf (
      "HTTP/1.1 %s Elsewhere\r\nLocation: http://localhost:%u/stolen\r\n"
      "Content-Length: 3\r\n\r\nsee",
      status, visit->web->port);

  put_text (visit, answer);
}

/* What is answered in the same way to everybody. */
static const struct {
  const gchar *path;
  const gchar *answer;
} answers[] = {
  { "/sunny", OK "Content-Length: 5\r\n\r\nsunny" },
  { "/chunks",
      OK "Transfer-Encoding: chunked\r\n\r\n3\r\nsun\r\n2\r\nny\r\n0\r\n\r\n" },
  { "/newline", OPEN_END "sunny\n" },
  { "/cookie",
      OK "Set-Cookie: id=secret; Path=/\r\nContent-Length: 1\r\n\r\nc" },
  { "/empty", OK "Content-Length: 0\r\n\r\n" },
  { "/none", "HTTP/1.1 204 No Content\r\n\r\n" },
  { "/created", "HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\nmade" },
  { "/broken", "HTTP/1.1 500 Oh\r\nContent-Length: 6\r\n\r\nbroken" },
  { "/missing", "HTTP/1.1 404 Oh\r\nContent-Length: 0\r\n\r\n" },
  { "/private",
      "HTTP/1.1 401 Who\r\nWWW-Authenticate: Basic realm=\"x\"\r\n"
      "Content-Length: 3\r\n\r\nwho" },
  { "/not-utf8", OPEN_END "a\xff\xc0z" },
  { "/cut", OK "Content-Length: 100\r\n\r\nhalf" },
  { "/nonsense", "nonsense\r\n\r\n" },
};

static const gchar *
rest_of (const gchar *path, const gchar *begin)
{
  return g_str_has_prefix (path, begin) ? path + strlen (begin) : NULL;
}

static void
respond (Visit *visit, const gchar *path, const gchar *request)
{
  const gchar *rest;

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    if (g_str_equal (path, answers[i].path))
      put_text (visit, answers[i].answer);
  if (g_str_equal (path, "/nul")) {
    put_text (visit, OPEN_END);
    put (visit, "a\0z", 3);
  } else if ((rest = rest_of (path, "/redirect"))) {
    redirect (visit, rest);
  } else if ((rest = rest_of (path, "/flood"))) {
    flood (visit, g_ascii_strtoull (rest, NULL, 10));
  } else if (g_str_equal (path, "/echo")) {
    echo (visit, request);
  } else if (g_str_equal (path, "/endless")) {
    flood (visit, G_MAXSIZE);
  } else if (g_str_equal (path, "/drip")) {
    drip (visit, OPEN_END);
  } else if (g_str_equal (path, "/drip-head")) {
    drip (visit, OK "X-Long: ");
  } else if (g_str_equal (path, "/silent")) {
    g_autoptr (GString) more = g_string_new (NULL);

    take (visit, more, 1);
  }
}

/* --- connections --- */

static void
add_busy (TestWeb *web, gint n)
{
  g_mutex_lock (&web->lock);
  web->busy += n;
  g_cond_broadcast (&web->changed);
  g_mutex_unlock (&web->lock);
}

static void
keep_request (TestWeb *web, const gchar *request)
{
  g_mutex_lock (&web->lock);
  g_ptr_array_add (web->requests, g_strdup (request));
  g_cond_broadcast (&web->changed);
  g_mutex_unlock (&web->lock);
}

static gpointer
serve (gpointer data)
{
  Visit *visit = data;
  g_autofree gchar *request = take_request (visit);

  if (request) {
    g_auto (GStrv) words = g_strsplit (request, " ", 3);

    keep_request (visit->web, request);
    respond (visit, words[1], request);
  }
  g_io_stream_close (G_IO_STREAM (visit->connection), NULL, NULL);
  g_object_unref (visit->connection);
  add_busy (visit->web, -1);
  g_free (visit);
  return NULL;
}

static void
receive (TestWeb *web, GSocketConnection *connection)
{
  Visit *visit = g_new0 (Visit, 1);

  visit->web = web;
  visit->connection = connection;
  visit->in = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  visit->out = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  add_busy (web, 1);
  g_thread_unref (g_thread_new ("test-web-visit", serve, visit));
}

static gpointer
run (gpointer data)
{
  TestWeb *web = data;
  GSocketConnection *connection;

  while ((connection = g_socket_listener_accept (
              web->listener, NULL, web->stop, NULL)))
    receive (web, connection);
  return NULL;
}

/* --- life --- */

TestWeb *
test_web_new (void)
{
  g_autoptr (GInetAddress)
      loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) wanted = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) got = NULL;
  g_autoptr (GError) error = NULL;
  TestWeb *web = g_new0 (TestWeb, 1);

  g_mutex_init (&web->lock);
  g_cond_init (&web->changed);
  web->requests = g_ptr_array_new_with_free_func (g_free);
  web->stop = g_cancellable_new ();
  web->listener = g_socket_listener_new ();
  g_socket_listener_add_address (web->listener, wanted, G_SOCKET_TYPE_STREAM,
      G_SOCKET_PROTOCOL_TCP, NULL, &got, &error);
  g_assert_no_error (error);
  web->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (got));
  web->thread = g_thread_new ("test-web", run, web);
  return web;
}

void
test_web_free (TestWeb *web)
{
  if (!web)
    return;
  g_cancellable_cancel (web->stop);
  g_thread_join (web->thread);
  test_web_wait_idle (web);
  g_socket_listener_close (web->listener);
  g_object_unref (web->listener);
  g_object_unref (web->stop);
  g_ptr_array_unref (web->requests);
  g_mutex_clear (&web->lock);
  g_cond_clear (&web->changed);
  g_free (web);
}

gchar *
test_web_dup_url (TestWeb *web, const gchar *path)
{
  return g_strdup_printf ("http://127.0.0.1:%u%s", web->port, path);
}

/* --- the record --- */

guint
test_web_count (TestWeb *web)
{
  guint n;

  g_mutex_lock (&web->lock);
  n = web->requests->len;
  g_mutex_unlock (&web->lock);
  return n;
}

gchar *
test_web_dup_request (TestWeb *web, guint i)
{
  gchar *request;

  g_mutex_lock (&web->lock);
  g_assert_cmpuint (i, <, web->requests->len);
  request = g_strdup (g_ptr_array_index (web->requests, i));
  g_mutex_unlock (&web->lock);
  return request;
}

void
test_web_wait (TestWeb *web, guint n)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE;

  g_mutex_lock (&web->lock);
  while (web->requests->len < n)
    if (!g_cond_wait_until (&web->changed, &web->lock, deadline))
      g_error ("%u of %u requests came", web->requests->len, n);
  g_mutex_unlock (&web->lock);
}

void
test_web_wait_idle (TestWeb *web)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE;

  g_mutex_lock (&web->lock);
  while (web->busy > 0)
    if (!g_cond_wait_until (&web->changed, &web->lock, deadline))
      g_error ("%u connections are open", web->busy);
  g_mutex_unlock (&web->lock);
}
