/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every way to a server: headers and keys, certificates on both sides, pins,
 * and a proxy.
 */
#include "gates.h"
#include "rt2pins.h"
#include "testclient.h"
#include "testpeer.h"
#include "testserver.h"

#include <glib/gstdio.h>
#include <string.h>

/* --- headers --- */

static void
assert_header (TestServer *server, const gchar *name, const gchar *wanted)
{
  g_autofree gchar *value = test_server_dup_header (server, 0, name);

  g_test_message ("%s", name);
  g_assert_cmpstr (value, ==, wanted);
}

static void
open_at (TestClient *client, const gchar *url)
{
  test_client_connect (client, url);
  test_client_wait (client, &client->opened, 1);
}

static void
test_headers (void)
{
  static const gchar *const headers[] = { "OpenAI-Organization", "org-1",
    "OpenAI-Project", "proj-1", "OpenAI-Safety-Identifier", "hash 1",
    "X-Tenant", "\xc3\xa9", NULL };
  g_autoptr (TestServer) server = test_server_new (TEST_TLS_NONE, NULL, NULL);
  g_autoptr (TestClient) client = test_client_new ();
  g_autofree gchar *url = test_server_dup_url (server);

  client->config->headers = g_strdupv ((gchar **) headers);
  open_at (client, url);
  assert_header (server, "OpenAI-Organization", "org-1");
  assert_header (server, "OpenAI-Project", "proj-1");
  assert_header (server, "OpenAI-Safety-Identifier", "hash 1");
  assert_header (server, "X-Tenant", "\xc3\xa9");
  assert_header (server, "Authorization", "Bearer " TEST_KEY);
  assert_header (server, "api-key", NULL);
  assert_header (server, "OpenAI-Beta", NULL);
  assert_header (server, "Sec-WebSocket-Protocol", NULL);
}

static void
test_key_in_header (void)
{
  g_autoptr (TestServer) server = test_server_new (TEST_TLS_NONE, NULL, NULL);
  g_autoptr (TestClient) client = test_client_new ();
  g_autofree gchar *url = test_server_dup_url (server);
  g_autofree gchar *target = NULL;

  client->config->key_in_header = TRUE;
  open_at (client, url);
  assert_header (server, "api-key", TEST_KEY);
  assert_header (server, "Authorization", NULL);
  target = test_server_dup_target (server, 0);
  g_assert_null (strstr (target, TEST_KEY));
}

/* A server of one's own may have an authorization of its own. */
static void
test_no_key (void)
{
  static const gchar *const headers[] = { "Authorization", "Token t", NULL };
  g_autoptr (TestServer) server = test_server_new (TEST_TLS_NONE, NULL, NULL);
  g_autoptr (TestClient) client = test_client_new ();
  g_autofree gchar *url = test_server_dup_url (server);

  g_clear_pointer (&client->config->api_key, g_free);
  client->config->headers = g_strdupv ((gchar **) headers);
  open_at (client, url);
  assert_header (server, "Authorization", "Token t");
  assert_header (server, "api-key", NULL);
}

/* A copy of a configuration has all of it, and is its own. */
static void
test_copy (void)
{
  static const gchar *const headers[] = { "A", "1", NULL };
  static const gchar *const pins[] = { "sha256//x", NULL };
  Rt2TransportConfig *config = rt2_transport_config_new ();
  Rt2TransportConfig *copy;

  config->key_in_header = TRUE;
  config->headers = g_strdupv ((gchar **) headers);
  config->pins = g_strdupv ((gchar **) pins);
  config->proxy = g_strdup ("http://proxy.invalid");
  config->client_certificate = test_certificate_new (TEST_TLS_TRUSTED);
  config->tls_database = g_tls_backend_get_default_database (
      g_tls_backend_get_default ());
  copy = rt2_transport_config_copy (config);
  g_assert_true (copy->key_in_header);
  g_assert_true (g_strv_equal ((const gchar *const *) copy->headers, headers));
  g_assert_true (g_strv_equal ((const gchar *const *) copy->pins, pins));
  g_assert_true (copy->headers != config->headers);
  g_assert_cmpstr (copy->proxy, ==, "http://proxy.invalid");
  g_assert_true (copy->client_certificate == config->client_certificate);
  g_assert_true (copy->tls_database == config->tls_database);
  rt2_transport_config_free (config);
  g_assert_cmpstr (copy->headers[1], ==, "1");
  g_assert_true (G_IS_TLS_CERTIFICATE (copy->client_certificate));
  rt2_transport_config_free (copy);
}

/* --- certificates --- */

/* Trusts @certificate and nothing else. */
static GTlsDatabase *
make_database (GTlsCertificate *certificate)
{
  g_autofree gchar *path = NULL, *pem = NULL;
  g_autoptr (GError) error = NULL;
  GTlsDatabase *database;
  gint fd = g_file_open_tmp ("realtime2-XXXXXX.pem", &path, &error);

  g_assert_no_error (error);
  g_close (fd, NULL);
  g_object_get (certificate, "certificate-pem", &pem, NULL);
  g_assert_true (g_file_set_contents (path, pem, -1, NULL));
  database = g_tls_file_database_new (path, &error);
  g_assert_no_error (error);
  /* It has read the file; but glib-networking reads it again to connect. */
  g_object_set_data_full (
      G_OBJECT (database), "path", g_steal_pointer (&path), g_free);
  return database;
}

static void
free_database (GTlsDatabase *database)
{
  g_unlink (g_object_get_data (G_OBJECT (database), "path"));
  g_object_unref (database);
}

/* A server that asks who we are. */
static void
test_client_certificate (void)
{
  g_autoptr (GTlsCertificate) theirs = test_certificate_new (TEST_TLS_TRUSTED);
  g_autoptr (GTlsCertificate) ours = test_certificate_new (TEST_TLS_WRONG_HOST);
  g_autoptr (TlsGate) gate = tls_gate_new (theirs, TRUE);
  g_autoptr (TestClient) client = test_client_new ();
  g_autofree gchar *url = tls_gate_dup_url (gate);
  g_autoptr (GTlsCertificate) shown = NULL;

  client->config->client_certificate = g_object_ref (ours);
  open_at (client, url);
  shown = tls_gate_get_client (gate);
  g_assert_nonnull (shown);
  g_assert_true (g_tls_certificate_is_same (shown, ours));
}

static void
test_no_client_certificate (void)
{
  g_autoptr (GTlsCertificate) theirs = test_certificate_new (TEST_TLS_TRUSTED);
  g_autoptr (TlsGate) gate = tls_gate_new (theirs, TRUE);
  g_autoptr (TestClient) client = test_client_new ();
  g_autofree gchar *url = tls_gate_dup_url (gate);

  test_client_connect (client, url);
  test_client_expect_fault (client, RT2_FAULT_TLS);
  g_assert_nonnull (strstr (client->fault->hint, "client-certificate"));
  g_assert_cmpuint (client->opened, ==, 0);
}

/* A CA of one's own, in place of the system's. */
static void
test_own_ca (void)
{
  g_autoptr (GTlsCertificate)
      theirs = test_certificate_new (TEST_TLS_UNKNOWN_CA);
  g_autoptr (TlsGate) gate = tls_gate_new (theirs, FALSE);
  g_autoptr (TestClient) client = test_client_new ();
  g_autofree gchar *url = tls_gate_dup_url (gate);
  GTlsDatabase *database = make_database (theirs);

  test_client_connect (client, url);
  test_client_expect_fault (client, RT2_FAULT_TLS);
  client->config->tls_database = g_object_ref (database);
  open_at (client, url);
  test_client_free_transport (client);
  free_database (database);
}

static void
test_other_ca (void)
{
  g_autoptr (GTlsCertificate) theirs = test_certificate_new (TEST_TLS_TRUSTED);
  g_autoptr (GTlsCertificate)
      other = test_certificate_new (TEST_TLS_UNKNOWN_CA);
  g_autoptr (TlsGate) gate = tls_gate_new (theirs, FALSE);
  g_autoptr (TestClient) client = test_client_new ();
  g_autofree gchar *url = tls_gate_dup_url (gate);
  g_autofree gchar *received = NULL;
  GTlsDatabase *database = make_database (other);

  client->config->tls_database = g_object_ref (database);
  test_client_connect (client, url);
  test_client_expect_fault (client, RT2_FAULT_TLS);
  test_client_free_transport (client);
  tls_gate_wait_over (gate, 1);
  received = tls_gate_dup_received (gate);
  g_assert_cmpstr (received, ==, "");
  free_database (database);
}

/* --- pins --- */

#define STRANGER "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static void
test_right_pin (void)
{
  g_autoptr (GTlsCertificate) theirs = test_certificate_new (TEST_TLS_TRUSTED);
  g_autoptr (TlsGate) gate = tls_gate_new (theirs, FALSE);
  g_autoptr (TestClient) client = test_client_new ();
  g_autofree gchar *url = tls_gate_dup_url (gate);
  g_autofree gchar *pin = rt2_pin_of (theirs);
  g_autofree gchar *text = g_strjoin (",", STRANGER, pin, NULL);

  client->config->pins = rt2_pins_parse (text);
  open_at (client, url);
}

/* The key goes to nobody whose own is not pinned; not a byte of the request
 * does. */
static void
test_wrong_pin (void)
{
  g_autoptr (GTlsCertificate) theirs = test_certificate_new (TEST_TLS_TRUSTED);
  g_autoptr (TlsGate) gate = tls_gate_new (theirs, FALSE);
  g_autoptr (TestClient) client = test_client_new ();
  g_autofree gchar *url = tls_gate_dup_url (gate);
  g_autofree gchar *received = NULL;
  g_autofree gchar *pin = rt2_pin_of (theirs);

  client->config->pins = rt2_pins_parse (STRANGER);
  test_client_connect (client, url);
  test_client_expect_fault (client, RT2_FAULT_TLS);
  g_assert_cmpuint (client->opened, ==, 0);
  g_assert_nonnull (strstr (client->fault->hint, "tls-pins"));
  /* What to put there if the new key is right. */
  g_assert_nonnull (client->fault->debug);
  g_assert_nonnull (strstr (client->fault->debug, pin));
  test_client_free_transport (client);
  tls_gate_wait_over (gate, 1);
  received = tls_gate_dup_received (gate);
  g_assert_cmpstr (received, ==, "");
}

/* A pin is no substitute for trust. */
static void
test_pinned_stranger (void)
{
  g_autoptr (GTlsCertificate)
      theirs = test_certificate_new (TEST_TLS_UNKNOWN_CA);
  g_autoptr (TlsGate) gate = tls_gate_new (theirs, FALSE);
  g_autoptr (TestClient) client = test_client_new ();
  g_autofree gchar *url = tls_gate_dup_url (gate);
  g_autofree gchar *pin = rt2_pin_of (theirs);

  client->config->pins = rt2_pins_parse (pin);
  test_client_connect (client, url);
  test_client_expect_fault (client, RT2_FAULT_TLS);
}

/* Pins are asked for in vain where there is no TLS. */
static void
test_pin_without_tls (void)
{
  g_autoptr (TestServer) server = test_server_new (TEST_TLS_NONE, NULL, NULL);
  g_autoptr (TestClient) client = test_client_new ();
  g_autofree gchar *url = test_server_dup_url (server);

  client->config->pins = rt2_pins_parse (STRANGER);
  test_client_connect (client, url);
  test_client_expect_fault (client, RT2_FAULT_SETTINGS);
  g_assert_cmpuint (test_server_count_requests (server), ==, 0);
}

/* --- the proxy --- */

/* A name that only the proxy knows. */
static gchar *
far_url (TestServer *server)
{
  return g_strdup_printf (
      "wss://realtime.invalid:%u/v1/realtime", test_server_get_port (server));
}

static void
test_proxy (gconstpointer data)
{
  const gchar *credentials = data;
  g_autoptr (TestServer)
      server = test_server_new (TEST_TLS_WRONG_HOST, NULL, NULL);
  g_autoptr (ProxyGate)
      proxy = proxy_gate_new (test_server_get_port (server), credentials, 0);
  g_autoptr (TestClient) client = test_client_new ();
  g_autofree gchar *url = far_url (server);
  g_autofree gchar *requests = NULL, *wanted = NULL;

  client->config->proxy = proxy_gate_dup_url (proxy, credentials);
  open_at (client, url);
  rt2_transport_send (client->transport, "{}");
  test_server_set_context (server, client->context);
  test_server_wait_messages (server, 0, 1);
  test_server_set_context (server, NULL);
  assert_header (server, "Authorization", "Bearer " TEST_KEY);
  assert_header (server, "Proxy-Authorization", NULL);

  requests = proxy_gate_dup_requests (proxy);
  wanted = g_strdup_printf (
      "CONNECT realtime.invalid:%u ", test_server_get_port (server));
  g_assert_true (g_str_has_prefix (requests, wanted));
  g_assert_null (strstr (requests, TEST_KEY));
  test_client_free_transport (client);
}

static void
test_proxy_credentials (gconstpointer data)
{
  const gchar *userinfo = data;
  g_autoptr (ProxyGate) proxy = proxy_gate_new (1, "user:secret-pass", 0);
  g_autoptr (TestClient) client = test_client_new ();

  client->config->proxy = proxy_gate_dup_url (proxy, userinfo);
  test_client_connect (client, "wss://realtime.invalid/v1/realtime");
  test_client_expect_fault (client, RT2_FAULT_HTTP);
  g_assert_cmpuint (client->fault->http_status, ==, 407);
  g_assert_nonnull (strstr (client->fault->message, "proxy"));
  g_assert_nonnull (strstr (client->fault->hint, "proxy"));
  g_assert_null (strstr (client->fault->message, "wrong-pass"));
  g_assert_false (
      client->fault->debug && strstr (client->fault->debug, "wrong-pass"));
  g_assert_false (rt2_fault_should_retry (client->fault, -1, 1, TRUE));
  test_client_free_transport (client);
}

static void
test_proxy_refuses (void)
{
  g_autoptr (ProxyGate) proxy = proxy_gate_new (1, NULL, 403);
  g_autoptr (TestClient) client = test_client_new ();

  client->config->proxy = proxy_gate_dup_url (proxy, NULL);
  test_client_connect (client, "wss://realtime.invalid/v1/realtime");
  test_client_wait (client, &client->closed, 1);
  g_test_message ("%s %s", client->fault->message, client->fault->hint);
  g_assert_nonnull (strstr (client->fault->message, "proxy"));
  test_client_free_transport (client);
}

static guint
count_threads (const gchar *name)
{
  g_autoptr (GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
  const gchar *id;
  guint n = 0;

  g_assert_nonnull (tasks);
  while ((id = g_dir_read_name (tasks))) {
    g_autofree gchar *path = g_strdup_printf ("/proc/self/task/%s/comm", id);
    g_autofree gchar *comm = NULL;

    if (g_file_get_contents (path, &comm, NULL, NULL))
      n += g_str_equal (g_strchomp (comm), name);
  }
  return n;
}

/* What goes through the proxy without a tunnel libsoup asks for again and
 * again: what it says twice is its last word, and nothing waits on. */
static void
test_proxy_refuses_plain (void)
{
  static const gchar answer[] =
      "HTTP/1.1 407 Proxy Authentication Required\r\n"
      "Proxy-Authenticate: Basic realm=\"x\"\r\n"
      "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  g_autofree gchar *answers = g_strconcat (answer, answer, answer, NULL);
  g_autoptr (TestPeer) peer = test_peer_new (TEST_PEER_TALKS, answers);
  g_autoptr (TestClient) client = test_client_new ();

  g_clear_pointer (&client->config->api_key, g_free);
  client->config->proxy = g_strdup_printf (
      "http://user:secret-pass@127.0.0.1:%u", test_peer_get_port (peer));
  test_client_connect (client, "ws://realtime.invalid/v1/realtime");
  test_client_wait (client, &client->closed, 1);
  g_assert_cmpuint (client->fault->http_status, ==, 407);
  test_client_free_transport (client);
  g_assert_cmpuint (count_threads ("rt2:refusal"), ==, 0);
}

static void
test_proxy_is_dead (void)
{
  g_autoptr (TestClient) client = test_client_new ();

  client->config->proxy = g_strdup_printf (
      "http://user:secret-pass@127.0.0.1:%u", test_peer_find_closed_port ());
  test_client_connect (client, "wss://realtime.invalid/v1/realtime");
  test_client_expect_fault (client, RT2_FAULT_REFUSED);
  g_assert_nonnull (strstr (client->fault->hint, "proxy"));
  g_assert_null (strstr (client->fault->message, "secret-pass"));
  g_assert_false (
      client->fault->debug && strstr (client->fault->debug, "secret-pass"));
}

/* What is on this machine is reached directly. */
static void
test_proxy_loopback (gconstpointer host)
{
  g_autoptr (TestServer)
      server = test_server_new (TEST_TLS_TRUSTED, NULL, NULL);
  g_autoptr (ProxyGate)
      proxy = proxy_gate_new (test_server_get_port (server), NULL, 0);
  g_autoptr (TestClient) client = test_client_new ();
  g_autofree gchar *url = g_strdup_printf ("wss://%s:%u/v1/realtime",
      (const gchar *) host, test_server_get_port (server));

  client->config->proxy = proxy_gate_dup_url (proxy, NULL);
  open_at (client, url);
  g_assert_cmpuint (proxy_gate_count (proxy), ==, 0);
  test_client_free_transport (client);
}

/* The certificate is the server's, not the proxy's business. */
static void
test_proxy_tls (void)
{
  g_autoptr (TestServer)
      server = test_server_new (TEST_TLS_TRUSTED, NULL, NULL);
  g_autoptr (ProxyGate)
      proxy = proxy_gate_new (test_server_get_port (server), NULL, 0);
  g_autoptr (TestClient) client = test_client_new ();
  g_autofree gchar *url = far_url (server);

  client->config->proxy = proxy_gate_dup_url (proxy, NULL);
  test_client_connect (client, url);
  test_client_expect_fault (client, RT2_FAULT_TLS);
  g_assert_cmpuint (test_server_count_requests (server), ==, 0);
  test_client_free_transport (client);
}

static void
test_proxy_pins (void)
{
  g_autoptr (TestServer)
      server = test_server_new (TEST_TLS_WRONG_HOST, NULL, NULL);
  g_autoptr (ProxyGate)
      proxy = proxy_gate_new (test_server_get_port (server), NULL, 0);
  g_autoptr (TestClient) client = test_client_new ();
  g_autofree gchar *url = far_url (server);

  client->config->proxy = proxy_gate_dup_url (proxy, NULL);
  client->config->pins = rt2_pins_parse (STRANGER);
  test_client_connect (client, url);
  test_client_expect_fault (client, RT2_FAULT_TLS);
  g_assert_cmpuint (test_server_count_requests (server), ==, 0);
  test_client_free_transport (client);
}

#define ADD(NAME, FUNC) g_test_add_func ("/ways/" NAME, FUNC)
#define ADD_DATA(NAME, FUNC, DATA)                                             \
  g_test_add_data_func ("/ways/" NAME, DATA, FUNC)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  test_certificate_trust_ca ();
  ADD ("headers", test_headers);
  ADD ("key-in-header", test_key_in_header);
  ADD ("no-key", test_no_key);
  ADD ("copy", test_copy);
  ADD ("client-certificate", test_client_certificate);
  ADD ("no-client-certificate", test_no_client_certificate);
  ADD ("own-ca", test_own_ca);
  ADD ("other-ca", test_other_ca);
  ADD ("pin/right", test_right_pin);
  ADD ("pin/wrong", test_wrong_pin);
  ADD ("pin/stranger", test_pinned_stranger);
  ADD ("pin/without-tls", test_pin_without_tls);
  ADD_DATA ("proxy/open", test_proxy, NULL);
  ADD_DATA ("proxy/credentials", test_proxy, "user:secret-pass");
  ADD_DATA ("proxy/no-credentials", test_proxy_credentials, NULL);
  ADD_DATA (
      "proxy/wrong-credentials", test_proxy_credentials, "user:wrong-pass");
  ADD ("proxy/refuses", test_proxy_refuses);
  ADD ("proxy/refuses-plain", test_proxy_refuses_plain);
  ADD ("proxy/is-dead", test_proxy_is_dead);
  ADD_DATA ("proxy/loopback/address", test_proxy_loopback, "127.0.0.1");
  ADD_DATA ("proxy/loopback/name", test_proxy_loopback, "localhost");
  ADD ("proxy/tls", test_proxy_tls);
  ADD ("proxy/pins", test_proxy_pins);
  return g_test_run ();
}
