/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every way in, walked by whole pipelines to a whole conversation: keys of both
 * vendors and keys that expire, headers, the environment, certificates and
 * pins, a proxy. And what a user is told at a door that stays shut.
 */
#define _GNU_SOURCE /* strcasestr() */
#include <gst/gst.h>
#include <json-glib/json-glib.h>
#include <libsoup/soup.h>
#include <string.h>

#include "child.h"
#include "gates.h"
#include "rt2pins.h"
#include "sandbox.h"
#include "stage.h"
#include "testcertificate.h"

#define KEY "sk-test-4Jt9QwLx71Vb"
#define WRONG_KEY "sk-test-Wr0nGwR0nG55"
#define SAID "Come in."
/* Of the default model. */
#define TARGET "/v1/realtime?model=gpt-realtime-2"
#define AZURE_HOST "resource.openai.azure.com"

/* One spoken turn, which is answered. */
#define VOICE                                                                  \
  "audiotestsrc is-live=true samplesperbuffer=480 num-buffers=25 ! "           \
  "audio/x-raw,format=S16LE,rate=24000,channels=1 ! "
/* For as long as the pipeline plays. */
#define ENDLESS                                                                \
  "audiotestsrc is-live=true samplesperbuffer=480 ! "                          \
  "audio/x-raw,format=S16LE,rate=24000,channels=1 ! "
#define AGENT                                                                  \
  "realtime2 name=ai turn-detection=none retry-backoff-max=100000000 %s ! "    \
  "fakesink"

/* -- the server ------------------------------------------------------------ */

static Sandbox *
start (SandboxOptions options)
{
  g_autoptr (GError) error = NULL;
  Sandbox *sandbox;

  options.script_json = "{\"loop\":true,\"turns\":[{\"say\":[{\"text\":\"" SAID
                        "\",\"tone_ms\":200}]}]}";
  sandbox = sandbox_start_thread (&options, &error);
  g_assert_no_error (error);
  return sandbox;
}

static Sandbox *
start_keyed (void)
{
  return start ((SandboxOptions){ .api_key = KEY });
}

static gchar *
dup_uri (Sandbox *sandbox, const gchar *path)
{
  return g_strdup_printf (
      "ws://127.0.0.1:%u%s", sandbox_get_port (sandbox), path);
}

/* Checks header @name of request @i; NULL: it must not be there. */
static void
assert_header (Sandbox *sandbox, guint i, const gchar *name, const gchar *value)
{
  g_autoptr (GPtrArray) requests = sandbox_dup_requests (sandbox);

  g_test_message ("%s", name);
  g_assert_cmpuint (i, <, requests->len);
  g_assert_cmpstr (
      sandbox_request_header (g_ptr_array_index (requests, i), name), ==,
      value);
}

/* Request @i asked for @target, became a WebSocket, and is of no beta. */
static void
assert_upgraded (Sandbox *sandbox, guint i, const gchar *target)
{
  g_autoptr (GPtrArray) requests = sandbox_dup_requests (sandbox);
  const SandboxRequest *request;

  g_assert_cmpuint (i, <, requests->len);
  request = g_ptr_array_index (requests, i);
  g_assert_cmpstr (request->target, ==, target);
  g_assert_cmpuint (request->status, ==, 101);
  assert_header (sandbox, i, "OpenAI-Beta", NULL);
  assert_header (sandbox, i, "Sec-WebSocket-Protocol", NULL);
}

static guint
count_requests (Sandbox *sandbox)
{
  g_autoptr (GPtrArray) requests = sandbox_dup_requests (sandbox);

  return requests->len;
}

/* -- pipelines ------------------------------------------------------------- */

static Stage *
new_stage (const gchar *input, const gchar *properties)
{
  g_autofree gchar *line = g_strdup_printf ("%s" AGENT, input, properties);

  return stage_new ("%s", line);
}

/* The turn is answered, and the answer is told. */
static void
expect_talk (Stage *stage)
{
  const GstStructure *fields;

  stage_play (stage);
  fields = stage_wait (stage, "realtime2/transcript");
  g_assert_cmpstr (gst_structure_get_string (fields, "role"), ==, "assistant");
  g_assert_cmpstr (gst_structure_get_string (fields, "text"), ==, SAID);
  stage_wait_eos (stage);
  stage_expect_no_error (stage);
}

static void
assert_no_key (Stage *stage, const gchar *key)
{
  stage_collect (stage);
  for (guint i = 0; i < stage->messages->len; i++) {
    g_autofree gchar *dump = stage_message_dump (
        g_ptr_array_index (stage->messages, i));

    if (strstr (dump, key) != NULL)
      g_error ("the key is on the bus: %s", dump);
  }
}

/* The pipeline ends with this error, at the first try, and the error says all
 * of the words. */
static void
expect_error (Stage *stage, gint code, const gchar *const *words)
{
  g_autoptr (GError) error = NULL;

  stage_play (stage);
  gst_message_parse_error (stage_wait_error (stage), &error, NULL);
  g_test_message ("%s", error->message);
  g_assert_error (error, GST_RESOURCE_ERROR, code);
  for (guint i = 0; words[i] != NULL; i++)
    if (strcasestr (error->message, words[i]) == NULL)
      g_error ("\"%s\" does not say \"%s\"", error->message, words[i]);
  g_assert_cmpuint (
      stage_count_element (stage, "realtime2/session-lost"), ==, 0);
  stage_collect (stage);
  g_assert_cmpuint (stage_count (stage, GST_MESSAGE_ERROR), ==, 1);
}

/* -- keys ------------------------------------------------------------------ */

/* How a key is sent, and where. */
typedef struct {
  const gchar *name;
  const gchar *path;
  const gchar *auth;
  const gchar *header, *prefix; /* what the key must be in */
  const gchar *other;           /* header that it must not be in */
} Door;

#define BEARER "Authorization", "Bearer ", "api-key"
#define HEADER "api-key", "", "Authorization"

static const Door doors[] = {
  { "openai", "/v1/realtime", "auto", BEARER },
  { "azure-header", "/openai/v1/realtime", "api-key", HEADER },
  { "azure-bearer", "/openai/v1/realtime", "bearer", BEARER },
};

static Stage *
knock (const Door *door, Sandbox *sandbox, const gchar *key)
{
  g_autofree gchar *uri = dup_uri (sandbox, door->path);
  g_autofree gchar *properties = g_strdup_printf (
      "uri=%s auth=%s model=gpt-realtime-2", uri, door->auth);
  Stage *stage = new_stage (VOICE, properties);

  g_object_set (stage->ai, "api-key", key, NULL);
  return stage;
}

static void
test_key (gconstpointer data)
{
  const Door *door = data;
  Sandbox *sandbox = start_keyed ();
  Stage *stage = knock (door, sandbox, KEY);
  g_autofree gchar *value = g_strconcat (door->prefix, KEY, NULL);
  g_autofree gchar *target = g_strconcat (
      door->path, "?model=gpt-realtime-2", NULL);

  expect_talk (stage);
  assert_upgraded (sandbox, 0, target);
  assert_header (sandbox, 0, door->header, value);
  assert_header (sandbox, 0, door->other, NULL);
  assert_no_key (stage, KEY);
  stage_free (stage);
  sandbox_stop_thread (sandbox);
}

/* The one door is shut by HTTP, the other from inside; the user reads the
 * same. */
static void
test_wrong_key (gconstpointer data)
{
  static const gchar *const words[] = { "refused the API key", "OPENAI_API_KEY",
    "api-key", NULL };
  Sandbox *sandbox = start_keyed ();
  Stage *stage = knock (data, sandbox, WRONG_KEY);

  expect_error (stage, GST_RESOURCE_ERROR_NOT_AUTHORIZED, words);
  g_assert_cmpuint (count_requests (sandbox), ==, 1);
  assert_no_key (stage, WRONG_KEY);
  stage_free (stage);
  sandbox_stop_thread (sandbox);
}

/* A deployment has the name that its owner gave it. */
static void
test_deployment (void)
{
  Sandbox *sandbox = start_keyed ();
  g_autofree gchar *uri = dup_uri (sandbox, "/openai/v1/realtime");
  g_autofree gchar *properties = g_strdup_printf (
      "uri=%s auth=api-key api-key=" KEY " model=my-voice", uri);
  Stage *stage = new_stage (VOICE, properties);

  expect_talk (stage);
  assert_upgraded (sandbox, 0, "/openai/v1/realtime?model=my-voice");
  stage_free (stage);
  sandbox_stop_thread (sandbox);
}

/* -- keys that expire ------------------------------------------------------ */

/* As an application's server makes them. */
static gchar *
make_secret (Sandbox *sandbox)
{
  static const gchar body[] = "{\"session\":{\"type\":\"realtime\","
                              "\"model\":\"gpt-realtime-2\"}}";
  g_autoptr (SoupSession) session = soup_session_new ();
  g_autofree gchar *uri = g_strdup_printf (
      "http://127.0.0.1:%u/v1/realtime/client_secrets",
      sandbox_get_port (sandbox));
  g_autoptr (SoupMessage) message = soup_message_new ("POST", uri);
  g_autoptr (GBytes) sent = g_bytes_new_static (body, strlen (body));
  g_autoptr (GBytes) got = NULL;
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;

  soup_message_headers_append (soup_message_get_request_headers (message),
      "Authorization", "Bearer " KEY);
  soup_message_set_request_body_from_bytes (message, "application/json", sent);
  got = soup_session_send_and_read (session, message, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (soup_message_get_status (message), ==, 200);
  json_parser_load_from_data (
      parser, g_bytes_get_data (got, NULL), g_bytes_get_size (got), &error);
  g_assert_no_error (error);
  return g_strdup (json_object_get_string_member (
      json_node_get_object (json_parser_get_root (parser)), "value"));
}

static void
set_key (Stage *stage, const gchar *key)
{
  g_assert_true (g_str_has_prefix (key, "ek_"));
  g_object_set (stage->ai, "api-key", key, NULL);
}

static void
assert_bearer (Sandbox *sandbox, guint i, const gchar *key)
{
  g_autofree gchar *value = g_strconcat ("Bearer ", key, NULL);

  assert_upgraded (sandbox, i, TARGET);
  assert_header (sandbox, i, "Authorization", value);
}

static Stage *
new_stage_at (Sandbox *sandbox, const gchar *input)
{
  g_autofree gchar *properties = g_strdup_printf (
      "uri=%s", sandbox_get_uri (sandbox));

  return new_stage (input, properties);
}

/* Request 0 is that for the key. */
static void
test_ephemeral (void)
{
  Sandbox *sandbox = start_keyed ();
  g_autofree gchar *key = make_secret (sandbox);
  Stage *stage = new_stage_at (sandbox, VOICE);

  set_key (stage, key);
  expect_talk (stage);
  assert_bearer (sandbox, 1, key);
  assert_no_key (stage, key);
  stage_free (stage);
  sandbox_stop_thread (sandbox);
}

static void
test_expired (void)
{
  static const gchar *const words[] = { "refused the API key", "api-key",
    NULL };
  Sandbox *sandbox = start (
      (SandboxOptions){ .api_key = KEY, .secret_seconds = 1 });
  g_autofree gchar *key = make_secret (sandbox);
  Stage *stage = new_stage_at (sandbox, VOICE);

  /* It was made before; so its second is over after this one. */
  g_usleep (G_USEC_PER_SEC);
  set_key (stage, key);
  expect_error (stage, GST_RESOURCE_ERROR_NOT_AUTHORIZED, words);
  g_assert_cmpuint (count_requests (sandbox), ==, 2);
  assert_no_key (stage, key);
  stage_free (stage);
  sandbox_stop_thread (sandbox);
}

/* The conversation outlives its first key. */
static void
test_renewed (void)
{
  static const guint codes[] = { 1001, 0 };
  Sandbox *sandbox = start_keyed ();
  g_autofree gchar *first = make_secret (sandbox);
  Stage *stage = new_stage_at (sandbox, ENDLESS);

  set_key (stage, first);
  stage_play (stage);
  stage_wait (stage, "realtime2/session-updated");
  assert_bearer (sandbox, 1, first);
  for (guint i = 0; i < G_N_ELEMENTS (codes); i++) {
    g_autofree gchar *next = make_secret (sandbox);

    g_assert_cmpstr (next, !=, first);
    set_key (stage, next);
    sandbox_close_all (sandbox, codes[i], NULL);
    stage_wait (stage, "realtime2/session-restored");
    assert_bearer (sandbox, 3 + 2 * i, next);
  }
  /* Setting it is no reason to connect again. */
  g_assert_cmpuint (sandbox_count_connections (sandbox), ==, 3);
  stage_expect_no_error (stage);
  stage_free (stage);
  sandbox_stop_thread (sandbox);
}

/* -- headers --------------------------------------------------------------- */

static void
test_headers (void)
{
  Sandbox *sandbox = start_keyed ();
  Stage *stage = new_stage_at (sandbox, VOICE);
  GstStructure *extra = gst_structure_new ("headers", "X-Tenant", G_TYPE_STRING,
      "blue 7", "X-Try", G_TYPE_INT, 3, NULL);

  g_object_set (stage->ai, "api-key", KEY, "organization", "org-a", "project",
      "proj-b", "safety-identifier", "d2f1c0", "extra-headers", extra, NULL);
  gst_structure_free (extra);
  expect_talk (stage);
  assert_upgraded (sandbox, 0, TARGET);
  assert_header (sandbox, 0, "OpenAI-Organization", "org-a");
  assert_header (sandbox, 0, "OpenAI-Project", "proj-b");
  assert_header (sandbox, 0, "OpenAI-Safety-Identifier", "d2f1c0");
  assert_header (sandbox, 0, "X-Tenant", "blue 7");
  assert_header (sandbox, 0, "X-Try", "3");
  stage_free (stage);
  sandbox_stop_thread (sandbox);
}

/* What was not set is not sent. */
static void
test_no_headers (void)
{
  Sandbox *sandbox = start ((SandboxOptions){ 0 });
  Stage *stage = new_stage_at (sandbox, VOICE);

  expect_talk (stage);
  assert_upgraded (sandbox, 0, TARGET);
  assert_header (sandbox, 0, "Authorization", NULL);
  assert_header (sandbox, 0, "api-key", NULL);
  assert_header (sandbox, 0, "OpenAI-Organization", NULL);
  assert_header (sandbox, 0, "OpenAI-Project", NULL);
  assert_header (sandbox, 0, "OpenAI-Safety-Identifier", NULL);
  stage_free (stage);
  sandbox_stop_thread (sandbox);
}

/* -- the environment ------------------------------------------------------- */

/* A whole conversation of gst-launch-1.0 that knows nothing but its
 * environment. */
static void
launch (const gchar *base, const gchar *property)
{
  const gchar *argv[] = { "gst-launch-1.0", "-q", "audiotestsrc",
    "num-buffers=25", "samplesperbuffer=480", "!",
    "audio/x-raw,format=S16LE,rate=24000,channels=1", "!", "realtime2",
    "turn-detection=none", property, "!", "fakesink", NULL };
  const gchar *environment[] = { "OPENAI_API_KEY", KEY, "OPENAI_BASE_URL", base,
    "OPENAI_ORG_ID", "org-env", "OPENAI_PROJECT_ID", "proj-env",
    "AZURE_OPENAI_ENDPOINT", "https://" AZURE_HOST, "AZURE_OPENAI_API_KEY",
    WRONG_KEY, NULL };
  g_autoptr (ChildResult) result = child_run (argv, environment);

  if (result->status != 0)
    g_error (
        "gst-launch-1.0 ended with %d: %s", result->status, result->output);
}

static void
test_base_url (void)
{
  static const gchar *const paths[] = { "/v1", "/v1/" };
  Sandbox *sandbox = start_keyed ();

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++) {
    g_autofree gchar *base = g_strdup_printf (
        "http://127.0.0.1:%u%s", sandbox_get_port (sandbox), paths[i]);

    launch (base, "name=ai");
    assert_upgraded (sandbox, i, TARGET);
    assert_header (sandbox, i, "Authorization", "Bearer " KEY);
    assert_header (sandbox, i, "OpenAI-Organization", "org-env");
    assert_header (sandbox, i, "OpenAI-Project", "proj-env");
  }
  g_assert_cmpuint (sandbox_count_sent (sandbox, "response.done"), ==, 2);
  sandbox_stop_thread (sandbox);
}

/* What is set by hand is meant. */
static void
test_property_first (void)
{
  Sandbox *sandbox = start_keyed ();
  g_autofree gchar *uri = g_strconcat ("uri=", sandbox_get_uri (sandbox), NULL);

  launch ("http://127.0.0.1:1/v1", uri);
  assert_upgraded (sandbox, 0, TARGET);
  sandbox_stop_thread (sandbox);
}

/* -- TLS ------------------------------------------------------------------- */

#define STRANGER "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static GTlsDatabase *
read_database (const gchar *path)
{
  g_autoptr (GError) error = NULL;
  GTlsDatabase *database = g_tls_file_database_new (path, &error);

  g_assert_no_error (error);
  return database;
}

/* A stage that trusts the sandbox's own authority, and it alone. */
static Stage *
new_tls_stage (Sandbox *sandbox)
{
  g_autoptr (GTlsDatabase)
      database = read_database (sandbox_get_certificate_path (sandbox));
  Stage *stage = new_stage_at (sandbox, VOICE);

  g_assert_true (g_str_has_prefix (sandbox_get_uri (sandbox), "wss://"));
  g_object_set (stage->ai, "api-key", KEY, "tls-database", database, NULL);
  return stage;
}

static gchar *
pin_of (Sandbox *sandbox)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GTlsCertificate) certificate = g_tls_certificate_new_from_file (
      sandbox_get_certificate_path (sandbox), &error);

  g_assert_no_error (error);
  return rt2_pin_of (certificate);
}

static void
test_own_ca (void)
{
  Sandbox *sandbox = start ((SandboxOptions){ .api_key = KEY, .tls = TRUE });
  Stage *stage = new_tls_stage (sandbox);

  expect_talk (stage);
  assert_upgraded (sandbox, 0, TARGET);
  stage_free (stage);
  sandbox_stop_thread (sandbox);
}

static void
test_unknown_ca (void)
{
  static const gchar *const words[] = { "certificate", "tls-database", NULL };
  Sandbox *sandbox = start ((SandboxOptions){ .api_key = KEY, .tls = TRUE });
  Stage *stage = new_stage_at (sandbox, VOICE);

  g_object_set (stage->ai, "api-key", KEY, NULL);
  expect_error (stage, GST_RESOURCE_ERROR_OPEN_READ_WRITE, words);
  g_assert_cmpuint (count_requests (sandbox), ==, 0);
  stage_free (stage);
  sandbox_stop_thread (sandbox);
}

static void
test_right_pin (void)
{
  Sandbox *sandbox = start ((SandboxOptions){ .api_key = KEY, .tls = TRUE });
  Stage *stage = new_tls_stage (sandbox);
  g_autofree gchar *pin = pin_of (sandbox);
  g_autofree gchar *pins = g_strconcat (STRANGER ",", pin, NULL);

  g_object_set (stage->ai, "tls-pins", pins, NULL);
  expect_talk (stage);
  stage_free (stage);
  sandbox_stop_thread (sandbox);
}

/* Nobody gets the key, trusted or not. */
static void
test_wrong_pin (void)
{
  static const gchar *const words[] = { "tls-pins", NULL };
  Sandbox *sandbox = start ((SandboxOptions){ .api_key = KEY, .tls = TRUE });
  Stage *stage = new_tls_stage (sandbox);

  g_object_set (stage->ai, "tls-pins", STRANGER, NULL);
  expect_error (stage, GST_RESOURCE_ERROR_OPEN_READ_WRITE, words);
  g_assert_cmpuint (count_requests (sandbox), ==, 0);
  stage_free (stage);
  sandbox_stop_thread (sandbox);
}

/* -- the proxy ------------------------------------------------------------- */

/* A sandbox behind a name that only a proxy knows. */
typedef struct {
  Sandbox *sandbox;
  TlsGate *front;   /* has the name's certificate */
  ProxyGate *proxy; /* leads to it */
  gchar *path;      /* of the authority's certificate */
  GTlsDatabase *database;
} Far;

#define CREDENTIALS "user:Pa55-of-the-proxy"

static void
far_init (Far *far, TestTls tls)
{
  g_autoptr (GTlsCertificate) certificate = test_certificate_new (tls);
  g_autofree gchar *ca = test_certificate_dup_ca ();
  g_autofree gchar *directory = stage_make_directory ();

  far->sandbox = start_keyed ();
  far->front = tls_gate_new_to (certificate, sandbox_get_port (far->sandbox));
  far->proxy = proxy_gate_new (tls_gate_get_port (far->front), CREDENTIALS, 0);
  far->path = g_build_filename (directory, "ca.pem", NULL);
  g_assert_true (g_file_set_contents (far->path, ca, -1, NULL));
  far->database = read_database (far->path);
}

static void
far_clear (Far *far)
{
  gchar *directory = g_path_get_dirname (far->path);

  /* The gates wait for both ends of what they connect. */
  sandbox_stop_thread (far->sandbox);
  proxy_gate_free (far->proxy);
  tls_gate_free (far->front);
  g_object_unref (far->database);
  stage_remove_directory (directory);
  g_free (far->path);
}

static Stage *
far_stage (Far *far, const gchar *userinfo, const gchar *properties)
{
  g_autofree gchar *proxy = proxy_gate_dup_url (far->proxy, userinfo);
  Stage *stage = new_stage (VOICE, properties);

  g_object_set (stage->ai, "proxy", proxy, "tls-database", far->database, NULL);
  return stage;
}

#define FAR_URI "uri=wss://realtime.invalid/v1/realtime"

static void
test_proxy (void)
{
  g_autofree gchar *requests = NULL;
  Stage *stage;
  Far far;

  far_init (&far, TEST_TLS_WRONG_HOST);
  stage = far_stage (&far, CREDENTIALS, FAR_URI " api-key=" KEY);
  expect_talk (stage);
  assert_upgraded (far.sandbox, 0, TARGET);
  assert_header (far.sandbox, 0, "Authorization", "Bearer " KEY);
  assert_header (far.sandbox, 0, "Proxy-Authorization", NULL);
  requests = proxy_gate_dup_requests (far.proxy);
  g_assert_true (g_str_has_prefix (requests, "CONNECT realtime.invalid:443 "));
  g_assert_null (strstr (requests, KEY));
  assert_no_key (stage, "Pa55");
  stage_free (stage);
  far_clear (&far);
}

static void
test_proxy_login (gconstpointer userinfo)
{
  static const gchar *const words[] = { "proxy", "USER:PASSWORD", NULL };
  Stage *stage;
  Far far;

  far_init (&far, TEST_TLS_WRONG_HOST);
  stage = far_stage (&far, userinfo, FAR_URI " api-key=" KEY);
  expect_error (stage, GST_RESOURCE_ERROR_OPEN_READ_WRITE, words);
  g_assert_cmpuint (count_requests (far.sandbox), ==, 0);
  assert_no_key (stage, "Pa55");
  assert_no_key (stage, "user:");
  stage_free (stage);
  far_clear (&far);
}

/* Azure is known by its host's name, which only a certificate makes a name
 * here. */
static void
test_azure_environment (void)
{
  g_autofree gchar *requests = NULL;
  Stage *stage;
  Far far;

  g_setenv ("AZURE_OPENAI_ENDPOINT", "https://" AZURE_HOST "/", TRUE);
  g_setenv ("AZURE_OPENAI_API_KEY", KEY, TRUE);
  far_init (&far, TEST_TLS_AZURE);
  stage = far_stage (&far, CREDENTIALS, "model=my-voice");
  expect_talk (stage);
  assert_upgraded (far.sandbox, 0, "/openai/v1/realtime?model=my-voice");
  assert_header (far.sandbox, 0, "api-key", KEY);
  assert_header (far.sandbox, 0, "Authorization", NULL);
  requests = proxy_gate_dup_requests (far.proxy);
  g_assert_true (g_str_has_prefix (requests, "CONNECT " AZURE_HOST ":443 "));
  stage_free (stage);
  far_clear (&far);
  g_unsetenv ("AZURE_OPENAI_ENDPOINT");
  g_unsetenv ("AZURE_OPENAI_API_KEY");
}

static void
add_doors (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (doors); i++) {
    g_autofree gchar *right = g_strconcat ("/ways/key/", doors[i].name, NULL);
    g_autofree gchar *wrong = g_strconcat (
        "/ways/wrong-key/", doors[i].name, NULL);

    g_test_add_data_func (right, &doors[i], test_key);
    g_test_add_data_func (wrong, &doors[i], test_wrong_key);
  }
}

int
main (int argc, char *argv[])
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ways/azure/environment", test_azure_environment);
  g_test_add_func ("/ways/azure/deployment", test_deployment);
  add_doors ();
  g_test_add_func ("/ways/ephemeral/works", test_ephemeral);
  g_test_add_func ("/ways/ephemeral/expired", test_expired);
  g_test_add_func ("/ways/ephemeral/renewed", test_renewed);
  g_test_add_func ("/ways/headers/set", test_headers);
  g_test_add_func ("/ways/headers/unset", test_no_headers);
  g_test_add_func ("/ways/environment/base-url", test_base_url);
  g_test_add_func ("/ways/environment/property", test_property_first);
  g_test_add_func ("/ways/tls/own-ca", test_own_ca);
  g_test_add_func ("/ways/tls/unknown-ca", test_unknown_ca);
  g_test_add_func ("/ways/tls/right-pin", test_right_pin);
  g_test_add_func ("/ways/tls/wrong-pin", test_wrong_pin);
  g_test_add_func ("/ways/proxy/login", test_proxy);
  g_test_add_data_func ("/ways/proxy/no-login", NULL, test_proxy_login);
  g_test_add_data_func (
      "/ways/proxy/wrong-login", "user:Pa55-of-another", test_proxy_login);
  return g_test_run ();
}
