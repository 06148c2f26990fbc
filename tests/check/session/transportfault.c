/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every way in which a connection fails or ends, made to happen on loopback.
 */
#include <string.h>

#include "testclient.h"
#include "testpeer.h"
#include "testserver.h"

static gchar *
loopback_url (const gchar *scheme, guint16 port)
{
  return g_strdup_printf ("%s://127.0.0.1:%u/v1/realtime", scheme, port);
}

static void
assert_where (TestClient *client, guint16 port)
{
  g_autofree gchar *where = g_strdup_printf ("127.0.0.1:%u", port);

  g_assert_nonnull (strstr (client->fault->message, where));
}

/* -- no connection -------------------------------------------------------- */

static void
test_dns (void)
{
  g_autoptr (TestClient) client = test_client_new ();

  client->config->connect_timeout = 0;
  test_client_connect (client, "wss://realtime.invalid/v1/realtime");
  test_client_expect_fault (client, RT2_FAULT_DNS);
  g_assert_nonnull (strstr (client->fault->message, "realtime.invalid:443"));
}

static void
test_refused (void)
{
  g_autoptr (TestClient) client = test_client_new ();
  guint16 port = test_peer_find_closed_port ();
  g_autofree gchar *url = loopback_url ("ws", port);

  test_client_connect (client, url);
  test_client_expect_fault (client, RT2_FAULT_REFUSED);
  assert_where (client, port);
  g_assert_nonnull (strstr (client->fault->hint, "uri"));
}

static void
test_refused_ipv6 (void)
{
  g_autoptr (TestClient) client = test_client_new ();
  g_autofree gchar *url = g_strdup_printf (
      "ws://[::1]:%u/", test_peer_find_closed_port ());

  test_client_connect (client, url);
  test_client_wait (client, &client->closed, 1);
  if (client->fault->kind == RT2_FAULT_SETTINGS)
    g_test_fail_printf ("[::1] is loopback: %s", client->fault->message);
  g_assert_nonnull (strstr (client->fault->message, "[::1]:"));
}

/* The answer that never comes: after TCP connect, and inside TLS. */
static void
test_timeout (gconstpointer scheme)
{
  g_autoptr (TestClient) client = test_client_new ();
  g_autoptr (TestPeer) peer = test_peer_new (TEST_PEER_SILENT, NULL);
  g_autofree gchar *url = loopback_url (scheme, test_peer_get_port (peer));
  gint64 start = g_get_monotonic_time ();

  client->config->connect_timeout = 200 * G_GUINT64_CONSTANT (1000000);
  test_client_connect (client, url);
  test_client_expect_fault (client, RT2_FAULT_TIMEOUT);
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 200000);
  g_assert_nonnull (strstr (client->fault->hint, "connect-timeout"));
}

/* The deadline is for the handshake, not for what comes after. */
static void
test_timeout_ends_with_handshake (void)
{
  g_autoptr (TestClient) client = test_client_new ();
  g_autoptr (TestServer) server = test_server_new (TEST_TLS_NONE, NULL, NULL);
  g_autofree gchar *url = test_server_dup_url (server);

  client->config->connect_timeout = G_GUINT64_CONSTANT (2000000000);
  test_client_connect (client, url);
  test_client_wait (client, &client->opened, 1);
  test_client_run_for (client, 2200000);
  g_assert_cmpuint (client->closed, ==, 0);
  g_assert_true (rt2_transport_is_open (client->transport));
}

/* -- TLS ------------------------------------------------------------------ */

static const struct {
  TestTls tls;
  const gchar *word;
} bad_certificates[] = {
  { TEST_TLS_UNKNOWN_CA, "authority" },
  { TEST_TLS_WRONG_HOST, "another host" },
  { TEST_TLS_EXPIRED, "expired" },
};

static void
test_bad_certificate (gconstpointer data)
{
  guint i = GPOINTER_TO_UINT (data);
  g_autoptr (TestClient) client = test_client_new ();
  g_autoptr (TestServer)
      server = test_server_new (bad_certificates[i].tls, NULL, NULL);
  g_autofree gchar *url = test_server_dup_url (server);

  test_client_connect (client, url);
  test_client_expect_fault (client, RT2_FAULT_TLS);
  g_assert_nonnull (strstr (client->fault->message, bad_certificates[i].word));
  assert_where (client, test_server_get_port (server));
  /* The key was not sent. */
  g_assert_cmpuint (test_server_count_requests (server), ==, 0);
}

static void
test_tls_to_plain_port (void)
{
  g_autoptr (TestClient) client = test_client_new ();
  g_autoptr (TestPeer) peer = test_peer_new (TEST_PEER_HANGS_UP,
      "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
  g_autofree gchar *url = loopback_url ("wss", test_peer_get_port (peer));

  test_client_connect (client, url);
  test_client_expect_fault (client, RT2_FAULT_TLS);
  g_assert_nonnull (strstr (client->fault->hint, "ws://"));
}

static void
test_plain_to_tls_port (void)
{
  g_autoptr (TestClient) client = test_client_new ();
  g_autoptr (TestServer)
      server = test_server_new (TEST_TLS_TRUSTED, NULL, NULL);
  g_autofree gchar *url = loopback_url ("ws", test_server_get_port (server));

  test_client_connect (client, url);
  test_client_wait (client, &client->closed, 1);
  g_test_message ("%s", client->fault->message);
  g_assert_nonnull (strstr (client->fault->hint, "wss://"));
}

/* A front that says what nginx says. */
static void
test_plain_to_tls_front (void)
{
  g_autoptr (TestClient) client = test_client_new ();
  g_autoptr (TestServer) server = test_server_new (TEST_TLS_NONE, NULL, NULL);
  g_autofree gchar *url = test_server_dup_url (server);

  test_server_refuse (server, 400, "The plain HTTP request was sent", NULL);
  test_client_connect (client, url);
  test_client_expect_fault (client, RT2_FAULT_HTTP);
  g_assert_nonnull (strstr (client->fault->hint, "wss://"));
}

/* -- HTTP ----------------------------------------------------------------- */

static const struct {
  guint status;
  const gchar *retry_after;
  Rt2FaultKind kind;
  guint64 wait;
  gboolean retried;
} refusals[] = {
  { 301, NULL, RT2_FAULT_HTTP, 0, FALSE },
  { 307, NULL, RT2_FAULT_HTTP, 0, FALSE },
  { 308, NULL, RT2_FAULT_HTTP, 0, FALSE },
  { 400, NULL, RT2_FAULT_HTTP, 0, FALSE },
  { 401, NULL, RT2_FAULT_AUTH, 0, FALSE },
  { 402, NULL, RT2_FAULT_QUOTA, 0, FALSE },
  { 403, NULL, RT2_FAULT_AUTH, 0, FALSE },
  { 404, NULL, RT2_FAULT_NOT_FOUND, 0, FALSE },
  { 408, NULL, RT2_FAULT_HTTP, 0, TRUE },
  { 409, NULL, RT2_FAULT_HTTP, 0, FALSE },
  { 429, "7", RT2_FAULT_BUSY, 7000000000, TRUE },
  { 429, "1.5", RT2_FAULT_BUSY, 1500000000, TRUE },
  { 429, "Mon, 01 Jan 2001 00:00:00 GMT", RT2_FAULT_BUSY, 0, TRUE },
  { 429, "later", RT2_FAULT_BUSY, 0, TRUE },
  { 429, "-3", RT2_FAULT_BUSY, 0, TRUE },
  { 429, NULL, RT2_FAULT_BUSY, 0, TRUE },
  { 500, NULL, RT2_FAULT_BUSY, 0, TRUE },
  { 501, NULL, RT2_FAULT_HTTP, 0, FALSE },
  { 502, NULL, RT2_FAULT_BUSY, 0, TRUE },
  { 503, "1", RT2_FAULT_BUSY, 1000000000, TRUE },
  { 504, NULL, RT2_FAULT_BUSY, 0, TRUE },
  { 200, NULL, RT2_FAULT_HTTP, 0, FALSE },
};

static void
test_http (gconstpointer data)
{
  guint i = GPOINTER_TO_UINT (data);
  g_autoptr (TestClient) client = test_client_new ();
  g_autoptr (TestServer) server = test_server_new (TEST_TLS_NONE, NULL, NULL);
  g_autofree gchar *url = test_server_dup_url (server);
  g_autofree gchar *line = g_strdup_printf (
      "Retry-After: %s", refusals[i].retry_after);
  const gchar *headers[] = { line, NULL };

  test_server_refuse (server, refusals[i].status,
      "{\"error\":{\"message\":\"no\"}}",
      refusals[i].retry_after ? headers : NULL);
  test_client_connect (client, url);
  test_client_expect_fault (client, refusals[i].kind);
  g_assert_cmpuint (client->fault->http_status, ==, refusals[i].status);
  g_assert_cmpuint (client->fault->retry_after, ==, refusals[i].wait);
  g_assert_cmpint (
      rt2_fault_should_retry (client->fault, RT2_RETRIES_AUTO, 1, FALSE), ==,
      refusals[i].retried);
  g_assert_cmpuint (test_server_count_requests (server), ==, 1);
  g_assert_cmpuint (client->opened, ==, 0);
}

#define ERROR(code) "{\"error\":{\"message\":\"no\",\"code\":\"" code "\"}}"

static const struct {
  guint status;
  const gchar *body;
  Rt2FaultKind kind;
  const gchar *code;
  gboolean retried;
} reasons[] = {
  { 429, ERROR ("insufficient_quota"), RT2_FAULT_QUOTA, "insufficient_quota",
      FALSE },
  { 429, ERROR ("credit_balance_exhausted"), RT2_FAULT_QUOTA,
      "credit_balance_exhausted", FALSE },
  { 429, ERROR ("slow_down"), RT2_FAULT_BUSY, "slow_down", TRUE },
  { 429, "Too many", RT2_FAULT_BUSY, NULL, TRUE },
  { 429, "{\"error\":{\"code\":", RT2_FAULT_BUSY, NULL, TRUE },
  { 429, "{\n \"error\": {\n  \"code\": \"insufficient_quota\"\n }\n}\n",
      RT2_FAULT_QUOTA, "insufficient_quota", FALSE },
  { 503, ERROR ("server_is_overloaded"), RT2_FAULT_BUSY, "server_is_overloaded",
      TRUE },
  { 401, ERROR ("invalid_api_key"), RT2_FAULT_AUTH, "invalid_api_key", FALSE },
  { 404, ERROR ("call_id_not_found"), RT2_FAULT_NOT_FOUND, "call_id_not_found",
      FALSE },
  { 400, ERROR ("OperationNotSupported"), RT2_FAULT_HTTP,
      "OperationNotSupported", FALSE },
};

static void
expect_reason (TestClient *client, guint i, const gchar *url)
{
  test_client_connect (client, url);
  test_client_expect_fault (client, reasons[i].kind);
  g_assert_cmpuint (client->fault->http_status, ==, reasons[i].status);
  g_assert_cmpstr (client->fault->server_code, ==, reasons[i].code);
  g_assert_cmpint (
      rt2_fault_should_retry (client->fault, RT2_RETRIES_FOREVER, 1, TRUE), ==,
      reasons[i].retried);
}

/* What a body says counts, in the clear and through TLS. */
static void
test_http_reason (gconstpointer data)
{
  static const TestTls ways[] = { TEST_TLS_NONE, TEST_TLS_TRUSTED };

  for (guint way = 0; way < G_N_ELEMENTS (ways); way++) {
    guint i = GPOINTER_TO_UINT (data);
    g_autoptr (TestClient) client = test_client_new ();
    g_autoptr (TestServer) server = test_server_new (ways[way], NULL, NULL);
    g_autofree gchar *url = test_server_dup_url (server);

    test_server_refuse (server, reasons[i].status, reasons[i].body, NULL);
    expect_reason (client, i, url);
  }
}

/* It may come later than the head, by so much that it is not waited for, or be
 * cut off. The key that it quotes is not told. */
static void
test_http_body_in_pieces (void)
{
  g_autoptr (TestClient) client = test_client_new ();
  g_autoptr (TestPeer) peer = test_peer_new (TEST_PEER_HANGS_UP,
      "HTTP/1.1 429 Slow\r\nContent-Length: 100\r\n\r\n{\"error\":{\"code\":"
      "\"insufficient_quota\",\"message\":\"" TEST_KEY "\"}}");
  g_autofree gchar *url = loopback_url ("ws", test_peer_get_port (peer));

  test_client_connect (client, url);
  test_client_expect_fault (client, RT2_FAULT_QUOTA);
}

#define JSON ERROR ("insufficient_quota")

/* No size is stated: the end of the body tells, or that of the connection, or
 * that it takes too long. */
static const struct {
  TestPeerKind kind;
  const gchar *answer;
} unsized[] = {
  { TEST_PEER_TALKS,
      "Transfer-Encoding: chunked\r\n\r\n36\r\n" JSON "\r\n0\r\n\r\n" },
  { TEST_PEER_TALKS,
      "Transfer-Encoding: chunked\r\n\r\na\r\n{\"error\":{"
      "\r\n2c\r\n\"code\":\"insufficient_quota\",\"message\":"
      "null}}\r\n0\r\nX: y\r\n\r\n" },
  { TEST_PEER_TALKS, "Transfer-Encoding: chunked\r\n\r\n36\r\n" JSON },
  { TEST_PEER_HANGS_UP, "Transfer-Encoding: chunked\r\n\r\n36\r\n" JSON },
  { TEST_PEER_TALKS, "Connection: close\r\n\r\n" JSON },
  { TEST_PEER_HANGS_UP, "Connection: close\r\n\r\n" JSON },
};

static void
test_http_unsized_body (gconstpointer data)
{
  guint i = GPOINTER_TO_UINT (data);
  g_autofree gchar *bytes = g_strconcat (
      "HTTP/1.1 429 Slow\r\n", unsized[i].answer, NULL);
  g_autoptr (TestClient) client = test_client_new ();
  g_autoptr (TestPeer) peer = test_peer_new (unsized[i].kind, bytes);
  g_autofree gchar *url = loopback_url ("ws", test_peer_get_port (peer));

  g_assert_cmpuint (strlen (JSON), ==, 0x36);
  client->config->connect_timeout = 0;
  test_client_connect (client, url);
  test_client_expect_fault (client, RT2_FAULT_QUOTA);
  g_assert_cmpstr (client->fault->server_code, ==, "insufficient_quota");
}

/* Whoever let go of the connection is not waited for. */
static void
test_http_unsized_body_dropped (void)
{
  g_autoptr (TestClient) client = test_client_new ();
  g_autoptr (TestPeer) peer = test_peer_new (TEST_PEER_TALKS,
      "HTTP/1.1 429 Slow\r\nTransfer-Encoding: chunked\r\n\r\n36\r\n{");
  g_autofree gchar *url = loopback_url ("ws", test_peer_get_port (peer));

  test_client_connect (client, url);
  test_client_run_for (client, 200000);
  g_assert_null (client->fault);
}

/* A body that never ends, and never pauses, is not read for long. */
static void
test_http_flood (gconstpointer head)
{
  g_autoptr (TestClient) client = test_client_new ();
  g_autoptr (TestPeer) peer = test_peer_new (TEST_PEER_FLOODS, head);
  g_autofree gchar *url = loopback_url ("ws", test_peer_get_port (peer));

  client->config->connect_timeout = 0;
  test_client_connect (client, url);
  test_client_expect_fault (client, RT2_FAULT_BUSY);
}

static const gchar *const floods[] = {
  "HTTP/1.1 429 Slow\r\nConnection: close\r\n\r\n",
  "HTTP/1.1 429 Slow\r\nContent-Length: 99999999999\r\n\r\n",
  "HTTP/1.1 429 Slow\r\nContent-Length: 10000\r\n\r\n",
  "HTTP/1.1 429 Slow\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n",
  "HTTP/1.1 429 Slow\r\nTransfer-Encoding: chunked\r\n\r\n",
};

/* Nor one whose end goes on for ever. */
static void
test_http_flood_behind (void)
{
  g_autoptr (TestClient) client = test_client_new ();
  g_autoptr (TestPeer) peer = test_peer_new (TEST_PEER_FLOODS_LINES,
      "HTTP/1.1 429 Slow\r\nTransfer-Encoding: chunked\r\n\r\n36\r\n" JSON
      "\r\n0\r\n");
  g_autofree gchar *url = loopback_url ("ws", test_peer_get_port (peer));

  client->config->connect_timeout = 0;
  test_client_connect (client, url);
  test_client_expect_fault (client, RT2_FAULT_QUOTA);
}

/* A refusal is told soon, whatever becomes of its body. */
static void
test_http_endless_body (void)
{
  g_autoptr (TestClient) client = test_client_new ();
  g_autoptr (TestPeer) peer = test_peer_new (TEST_PEER_TALKS,
      "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\n"
      "Content-Length: 1000\r\n\r\n{");
  g_autofree gchar *url = loopback_url ("ws", test_peer_get_port (peer));

  client->config->connect_timeout = 0;
  test_client_connect (client, url);
  test_client_expect_fault (client, RT2_FAULT_BUSY);
  g_assert_cmpuint (client->fault->retry_after, ==, 7000000000);
}

static void
test_redirect (void)
{
  g_autoptr (TestClient) client = test_client_new ();
  g_autoptr (TestServer) server = test_server_new (TEST_TLS_NONE, NULL, NULL);
  g_autoptr (TestServer) thief = test_server_new (TEST_TLS_NONE, NULL, NULL);
  g_autofree gchar *url = test_server_dup_url (server);
  g_autofree gchar *line = g_strdup_printf (
      "Location: http://127.0.0.1:%u/v1/realtime",
      test_server_get_port (thief));
  const gchar *headers[] = { line, NULL };

  test_server_refuse (server, 302, NULL, headers);
  test_client_connect (client, url);
  test_client_expect_fault (client, RT2_FAULT_HTTP);
  g_assert_cmpuint (client->fault->http_status, ==, 302);
  g_assert_nonnull (strstr (client->fault->hint, "uri"));
  test_client_free_transport (client);
  rt2_transport_settle ();
  g_assert_cmpuint (test_server_count_requests (server), ==, 1);
  g_assert_cmpuint (test_server_count_requests (thief), ==, 0);
  g_assert_cmpuint (test_server_count_connections (thief), ==, 0);
}

/* -- not this protocol ---------------------------------------------------- */

static const struct {
  TestPeerKind kind;
  const gchar *bytes;
  Rt2FaultKind fault;
} strangers[] = {
  { TEST_PEER_HANGS_UP, "SSH-2.0-OpenSSH_9.2\r\n", RT2_FAULT_PROTOCOL },
  { TEST_PEER_HANGS_UP, "\x15\x03\x01\x02\x02\r\n\r\n", RT2_FAULT_PROTOCOL },
  { TEST_PEER_HANGS_UP, "garbage\r\n\r\ngarbage\r\n\r\n", RT2_FAULT_PROTOCOL },
  { TEST_PEER_HANGS_UP, NULL, RT2_FAULT_LOST },
  { TEST_PEER_TALKS,
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
      "Connection: Upgrade\r\nSec-WebSocket-Accept: bm8=\r\n\r\n",
      RT2_FAULT_PROTOCOL },
};

static void
test_stranger (gconstpointer data)
{
  guint i = GPOINTER_TO_UINT (data);
  g_autoptr (TestClient) client = test_client_new ();
  g_autoptr (TestPeer)
      peer = test_peer_new (strangers[i].kind, strangers[i].bytes);
  g_autofree gchar *url = loopback_url ("ws", test_peer_get_port (peer));

  test_client_connect (client, url);
  test_client_expect_fault (client, strangers[i].fault);
}

#define BYTES(text) text, sizeof text - 1

static const struct {
  const gchar *what;
  const gchar *bytes;
  gsize size;
  const gchar *word;
} bad_frames[] = {
  { "masked", BYTES ("\x81\x81\x01\x02\x03\x04\x05"), "WebSocket" },
  { "reserved bit", BYTES ("\xc1\x01x"), "WebSocket" },
  { "bad utf8", BYTES ("\x81\x02\xc3\x28"), "WebSocket" },
  { "33 MiB", BYTES ("\x81\x7f\0\0\0\0\x02\x10\0\0"), "32 MiB" },
  { "2^63 bytes", BYTES ("\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff"),
      "32 MiB" },
  { "unknown opcode", BYTES ("\x83\x01x"), "WebSocket" },
};

static void
test_bad_frame (gconstpointer data)
{
  guint i = GPOINTER_TO_UINT (data);
  g_autoptr (TestClient) client = test_client_new ();
  g_autoptr (TestServer) server = test_server_new (TEST_TLS_NONE, NULL, NULL);
  g_autofree gchar *url = test_server_dup_url (server);

  test_server_set_context (server, client->context);
  test_client_connect (client, url);
  test_client_wait (client, &client->opened, 1);
  test_server_wait_connections (server, 1);
  test_server_send_raw (
      server, 0, (const guint8 *) bad_frames[i].bytes, bad_frames[i].size);
  test_client_expect_fault (client, RT2_FAULT_PROTOCOL);
  g_assert_nonnull (strstr (client->fault->message, bad_frames[i].word));
  g_assert_cmpuint (client->messages->len, ==, 0);
}

/* -- the end of an open connection ---------------------------------------- */

static const struct {
  guint16 code;
  const gchar *reason;
  Rt2FaultKind kind;
  const gchar *server_code;
  gboolean retried;
} closes[] = {
  { 1000, NULL, RT2_FAULT_CLOSED, NULL, FALSE },
  { 1001, "bye", RT2_FAULT_EXPIRED, NULL, TRUE },
  { 1005, NULL, RT2_FAULT_LOST, NULL, TRUE },
  { 1002, NULL, RT2_FAULT_CLOSED, NULL, FALSE },
  { 1003, "text only", RT2_FAULT_CLOSED, NULL, FALSE },
  { 1004, NULL, RT2_FAULT_CLOSED, NULL, FALSE },
  { 1006, NULL, RT2_FAULT_LOST, NULL, TRUE },
  { 1007, NULL, RT2_FAULT_CLOSED, NULL, FALSE },
  { 1008, "policy", RT2_FAULT_CLOSED, NULL, FALSE },
  { 1009, NULL, RT2_FAULT_CLOSED, NULL, FALSE },
  { 1010, NULL, RT2_FAULT_CLOSED, NULL, FALSE },
  { 1011, "keepalive ping timeout", RT2_FAULT_LOST, NULL, TRUE },
  { 1012, NULL, RT2_FAULT_LOST, NULL, TRUE },
  { 1013, NULL, RT2_FAULT_LOST, NULL, TRUE },
  { 1014, NULL, RT2_FAULT_CLOSED, NULL, FALSE },
  { 1015, NULL, RT2_FAULT_CLOSED, NULL, FALSE },
  { 3000, NULL, RT2_FAULT_AUTH, NULL, FALSE },
  { 3000, "invalid_request_error.invalid_api_key", RT2_FAULT_AUTH,
      "invalid_api_key", FALSE },
  { 4000, "invalid_request_error.beta_api_shape_disabled", RT2_FAULT_REJECTED,
      "beta_api_shape_disabled", FALSE },
  { 4000, "key " TEST_KEY " is no good", RT2_FAULT_REJECTED, NULL, FALSE },
};

static void
test_close (gconstpointer data)
{
  guint i = GPOINTER_TO_UINT (data);
  g_autoptr (TestClient) client = test_client_new ();
  g_autoptr (TestServer) server = test_server_new (TEST_TLS_NONE, NULL, NULL);
  g_autofree gchar *url = test_server_dup_url (server);

  test_server_set_context (server, client->context);
  test_client_connect (client, url);
  test_client_wait (client, &client->opened, 1);
  test_server_wait_connections (server, 1);
  test_server_send (server, 0, "last words");
  test_server_close (server, 0, closes[i].code, closes[i].reason);
  test_client_expect_fault (client, closes[i].kind);
  g_assert_cmpuint (client->fault->close_code, ==, closes[i].code);
  g_assert_cmpstr (client->fault->server_code, ==, closes[i].server_code);
  g_assert_cmpint (
      rt2_fault_should_retry (client->fault, RT2_RETRIES_AUTO, 1, TRUE), ==,
      closes[i].retried);
  /* What came before the close frame is not lost, and a code that a server may
   * send is answered. */
  g_assert_cmpuint (client->messages->len, ==, 1);
  test_server_wait_closed (server, 0);
  if (closes[i].code < 1004 || closes[i].code >= 3000)
    g_assert_cmpuint (test_server_get_close_code (server, 0), !=, 0);
}

static void
test_lost (gconstpointer data)
{
  void (*end) (TestServer *, guint) = data;
  g_autoptr (TestClient) client = test_client_new ();
  g_autoptr (TestServer)
      server = test_server_new (TEST_TLS_TRUSTED, NULL, NULL);
  g_autofree gchar *url = test_server_dup_url (server);

  test_server_set_context (server, client->context);
  test_client_connect (client, url);
  test_client_wait (client, &client->opened, 1);
  test_server_wait_connections (server, 1);
  end (server, 0);
  test_client_expect_fault (client, RT2_FAULT_LOST);
  g_assert_cmpuint (client->fault->close_code, ==, 0);
}

/* The send that finds out doesn't call back. */
static void
test_lost_while_sending (void)
{
  g_autoptr (TestClient) client = test_client_new ();
  g_autoptr (TestServer) server = test_server_new (TEST_TLS_NONE, NULL, NULL);
  g_autofree gchar *url = test_server_dup_url (server);
  guint i;

  test_server_set_context (server, client->context);
  test_client_connect (client, url);
  test_client_wait (client, &client->opened, 1);
  test_server_wait_connections (server, 1);
  test_server_drop (server, 0);
  test_server_wait_closed (server, 0);
  client->quiet = TRUE;
  for (i = 0; i < 10; i++)
    rt2_transport_send (client->transport, "into the void");
  client->quiet = FALSE;
  test_client_expect_fault (client, RT2_FAULT_LOST);
}

/* -- settings ------------------------------------------------------------- */

static const struct {
  const gchar *url;
  const gchar *key;
} bad_settings[] = {
  { NULL, TEST_KEY },
  { "", TEST_KEY },
  { "nonsense", TEST_KEY },
  { "http://127.0.0.1/", TEST_KEY },
  { "https://api.openai.com/v1/realtime", TEST_KEY },
  { "ws://", TEST_KEY },
  { "wss:///v1/realtime", TEST_KEY },
  { "ws://127.0.0.1:0/", TEST_KEY },
  { "ws://127.0.0.1:99999/", TEST_KEY },
  { "ws://name:word@127.0.0.1:1/", TEST_KEY },
  /* The key in the clear. */
  { "ws://192.0.2.1/", TEST_KEY },
  { "ws://0.0.0.0:1/", TEST_KEY },
  { "ws://10.0.0.1:1/", TEST_KEY },
  { "ws://realtime.invalid/", TEST_KEY },
  { "ws://localhost.invalid/", TEST_KEY },
  { "ws://127.0.0.1.invalid/", TEST_KEY },
  { "ws://[2001:db8::1]/", TEST_KEY },
  { "ws://[::ffff:192.0.2.1]/", TEST_KEY },
  /* Keys that would break, or add to, the header. */
  { "ws://127.0.0.1:1/", "" },
  { "ws://127.0.0.1:1/", TEST_KEY "\n" },
  { "ws://127.0.0.1:1/", "sk-a\r\nX-Evil: 1" },
  { "ws://127.0.0.1:1/", "sk a" },
  { "ws://127.0.0.1:1/", "sk-\xc3\xa9" },
};

static void
test_settings (gconstpointer data)
{
  guint i = GPOINTER_TO_UINT (data);
  g_autoptr (TestClient) client = test_client_new ();

  g_free (client->config->api_key);
  client->config->api_key = g_strdup (bad_settings[i].key);
  test_client_connect (client, bad_settings[i].url);
  g_assert_cmpuint (client->closed, ==, 0);
  test_client_expect_fault (client, RT2_FAULT_SETTINGS);
  g_assert_cmpuint (client->opened, ==, 0);
}

/* Without a key there is nothing to protect. */
static void
test_cleartext_without_key (void)
{
  g_autoptr (TestClient) client = test_client_new ();

  g_clear_pointer (&client->config->api_key, g_free);
  client->config->connect_timeout = 0;
  test_client_connect (client, "ws://realtime.invalid/");
  test_client_expect_fault (client, RT2_FAULT_DNS);
}

/* -- all of it ------------------------------------------------------------ */

static void
add_table (const gchar *path, guint n, GTestDataFunc function)
{
  guint i;

  for (i = 0; i < n; i++) {
    g_autofree gchar *name = g_strdup_printf ("%s/%u", path, i);

    g_test_add_data_func (name, GUINT_TO_POINTER (i), function);
  }
}

#define ADD_TABLE(path, table, function)                                       \
  add_table (path, G_N_ELEMENTS (table), function)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  test_certificate_trust_ca ();

  g_test_add_func ("/fault/dns", test_dns);
  g_test_add_func ("/fault/refused", test_refused);
  g_test_add_func ("/fault/refused-ipv6", test_refused_ipv6);
  g_test_add_data_func ("/fault/timeout/http", "ws", test_timeout);
  g_test_add_data_func ("/fault/timeout/tls", "wss", test_timeout);
  g_test_add_func ("/fault/timeout/ends", test_timeout_ends_with_handshake);
  ADD_TABLE ("/fault/certificate", bad_certificates, test_bad_certificate);
  g_test_add_func ("/fault/tls-to-plain-port", test_tls_to_plain_port);
  g_test_add_func ("/fault/plain-to-tls-port", test_plain_to_tls_port);
  g_test_add_func ("/fault/plain-to-tls-front", test_plain_to_tls_front);
  ADD_TABLE ("/fault/http", refusals, test_http);
  ADD_TABLE ("/fault/http-reason", reasons, test_http_reason);
  g_test_add_func ("/fault/http-pieces", test_http_body_in_pieces);
  ADD_TABLE ("/fault/http-unsized", unsized, test_http_unsized_body);
  g_test_add_func (
      "/fault/http-unsized-dropped", test_http_unsized_body_dropped);
  g_test_add_func ("/fault/http-flood-behind", test_http_flood_behind);
  for (guint i = 0; i < G_N_ELEMENTS (floods); i++) {
    g_autofree gchar *name = g_strdup_printf ("/fault/http-flood/%u", i);

    g_test_add_data_func (name, floods[i], test_http_flood);
  }
  g_test_add_func ("/fault/http-endless-body", test_http_endless_body);
  g_test_add_func ("/fault/redirect", test_redirect);
  ADD_TABLE ("/fault/stranger", strangers, test_stranger);
  ADD_TABLE ("/fault/bad-frame", bad_frames, test_bad_frame);
  ADD_TABLE ("/fault/close", closes, test_close);
  g_test_add_data_func ("/fault/lost/reset", test_server_drop, test_lost);
  g_test_add_data_func ("/fault/lost/hang-up", test_server_hang_up, test_lost);
  g_test_add_func ("/fault/lost/sending", test_lost_while_sending);
  ADD_TABLE ("/fault/settings", bad_settings, test_settings);
  g_test_add_func ("/fault/cleartext-without-key", test_cleartext_without_key);
  return g_test_run ();
}
