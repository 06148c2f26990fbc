/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connecting: what is let in, what is refused and how, how sessions end. */
#include <string.h>

#include "client.h"

static void
test_created (void)
{
  Sandbox *sandbox = start_sandbox (NULL);
  Client *client = client_open (sandbox, NULL, NULL, NULL);
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  JsonObject *event, *session;

  g_assert_true (
      g_str_has_prefix (sandbox_get_uri (sandbox), "ws://127.0.0.1:"));
  g_assert_cmpuint (client->status, ==, 101);
  g_assert_null (soup_websocket_connection_get_protocol (client->websocket));
  event = client_next (client);
  g_assert_cmpstr (json_text (event, "type"), ==, "session.created");
  g_assert_true (g_regex_match_simple (
      "^event_[0-9A-Za-z]{21}$", json_text (event, "event_id"), 0, 0));
  session = json_object_get_object_member (event, "session");
  g_assert_true (g_regex_match_simple (
      "^sess_[0-9A-Za-z]{21}$", json_text (session, "id"), 0, 0));
  g_assert_cmpstr (json_text (session, "type"), ==, "realtime");
  g_assert_cmpstr (json_text (session, "object"), ==, "realtime.session");
  g_assert_cmpstr (json_text (session, "model"), ==, "gpt-realtime-2");
  g_assert_cmpint (ABS (json_int (session, "expires_at") - now - 3600), <=, 60);
  g_assert_cmpint (
      json_int (session, "audio.input.turn_detection.silence_duration_ms"), ==,
      200);
  g_assert_cmpint (json_int (session, "audio.input.format.rate"), ==, 24000);
  g_assert_true (json_null (session, "audio.input.transcription"));
  g_assert_true (json_null (session, "tracing"));
  client_free (client);
  sandbox_stop_thread (sandbox);
}

/* Opens, expects an error event and a close, and says which. */
static void
expect_refusal (Sandbox *sandbox, const gchar *path,
    const gchar *const *headers, const gchar *code, guint close_code)
{
  Client *client = client_open (sandbox, path, headers, NULL);
  g_autofree gchar *reason = g_strconcat ("invalid_request_error.", code, NULL);
  JsonObject *error;

  g_assert_cmpuint (client->status, ==, 101);
  error = client_expect_error (client, code);
  g_assert_cmpstr (json_text (error, "type"), ==, "invalid_request_error");
  g_assert_true (json_null (error, "event_id"));
  g_assert_cmpuint (client_wait_closed (client), ==, close_code);
  g_assert_cmpstr (
      soup_websocket_connection_get_close_data (client->websocket), ==, reason);
  g_assert_cmpuint (client->events->len, ==, 1);
  client_free (client);
}

static void
test_refused (void)
{
  const gchar *const beta[] = { "OpenAI-Beta", "realtime=v1", NULL };
  Sandbox *sandbox = start_sandbox (NULL);

  expect_refusal (sandbox, "/v1/realtime?model=gpt-realtime-2", beta,
      "beta_api_shape_disabled", 4000);
  expect_refusal (sandbox, "/v1/realtime", NULL, "missing_model", 4000);
  expect_refusal (sandbox, "/v1/realtime?model=", NULL, "missing_model", 4000);
  expect_refusal (
      sandbox, "/v1/realtime?model=gpt-4", NULL, "invalid_model", 4000);
  expect_refusal (sandbox, "/v1/realtime?model=gpt-realtime-whisper", NULL,
      "invalid_model", 4000);
  sandbox_stop_thread (sandbox);
}

static void
expect_welcome (Sandbox *sandbox, const gchar *path,
    const gchar *const *headers, const gchar *const *protocols)
{
  Client *client = client_open (sandbox, path, headers, protocols);

  g_assert_cmpuint (client->status, ==, 101);
  client_wait (client, "session.created");
  g_assert_cmpstr (soup_websocket_connection_get_protocol (client->websocket),
      ==, protocols != NULL ? "realtime" : NULL);
  client_free (client);
}

static void
expect_status (Sandbox *sandbox, const gchar *path, const gchar *const *headers,
    guint status)
{
  Client *client = client_open (sandbox, path, headers, NULL);

  g_assert_null (client->websocket);
  g_assert_cmpuint (client->status, ==, status);
  client_free (client);
}

static void
test_key (void)
{
  const SandboxOptions options = { .api_key = "sk-right" };
  const gchar *const right[] = { "Authorization", "Bearer sk-right", NULL };
  const gchar *const wrong[] = { "Authorization", "Bearer sk-wrong", NULL };
  const gchar *const longer[] = { "Authorization", "Bearer sk-right2", NULL };
  const gchar *const azure[] = { "api-key", "sk-right", NULL };
  const gchar *const offered[] = { "realtime",
    "openai-insecure-api-key.sk-right", NULL };
  Sandbox *sandbox = start_sandbox (&options);

  expect_welcome (sandbox, NULL, right, NULL);
  expect_welcome (sandbox, NULL, NULL, offered);
  expect_refusal (sandbox, NULL, wrong, "invalid_api_key", 3000);
  expect_refusal (sandbox, NULL, longer, "invalid_api_key", 3000);
  expect_refusal (sandbox, NULL, NULL, "invalid_api_key", 3000);
  /* The header is Azure's, and Azure refuses in plain HTTP. */
  expect_refusal (sandbox, NULL, azure, "invalid_api_key", 3000);
  expect_welcome (sandbox, "/openai/v1/realtime?model=mine", azure, NULL);
  expect_welcome (sandbox, "/openai/v1/realtime?model=mine", right, NULL);
  expect_status (sandbox, "/openai/v1/realtime?model=mine", wrong, 401);
  sandbox_stop_thread (sandbox);
}

static void
test_paths (void)
{
  const gchar *const realtime[] = { "realtime", NULL };
  Sandbox *sandbox = start_sandbox (NULL);

  expect_welcome (sandbox, "/v1/realtime?model=gpt-realtime", NULL, NULL);
  expect_welcome (sandbox, NULL, NULL, realtime);
  expect_status (sandbox, "/v1/realtime?call_id=rtc_1", NULL, 404);
  expect_status (sandbox, "/v2/elsewhere?model=gpt-realtime-2", NULL, 404);
  sandbox_stop_thread (sandbox);
}

static void
test_tls (void)
{
  const SandboxOptions options = { .tls = TRUE };
  Sandbox *sandbox = start_sandbox (&options);
  g_autofree gchar *path = g_strdup (sandbox_get_certificate_path (sandbox));
  g_autofree gchar *pem = NULL;

  g_assert_true (
      g_str_has_prefix (sandbox_get_uri (sandbox), "wss://127.0.0.1:"));
  g_assert_true (g_file_get_contents (path, &pem, NULL, NULL));
  g_assert_nonnull (strstr (pem, "BEGIN CERTIFICATE"));
  g_assert_null (strstr (pem, "PRIVATE"));
  expect_welcome (sandbox, NULL, NULL, NULL);
  sandbox_stop_thread (sandbox);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

static void
test_expiry (void)
{
  const SandboxOptions options = { .session_seconds = 1 };
  Sandbox *sandbox = start_sandbox (&options);
  Client *client = client_open (sandbox, NULL, NULL, NULL);
  JsonObject *error = client_expect_error (client, "session_expired");

  g_assert_nonnull (
      strstr (json_text (error, "message"), "hit the maximum duration of"));
  g_assert_cmpuint (client_wait_closed (client), ==, 1001);
  client_free (client);
  sandbox_stop_thread (sandbox);
}

static void
test_close_all (void)
{
  Sandbox *sandbox = start_sandbox (NULL);
  Client *first = client_open (sandbox, NULL, NULL, NULL);
  Client *second = client_open (sandbox, NULL, NULL, NULL);
  JsonObject *raw;

  client_wait (first, "session.created");
  client_wait (second, "session.created");
  g_assert_cmpuint (sandbox_count_connections (sandbox), ==, 2);
  sandbox_send_raw (sandbox,
      "{\"type\":\"input_audio_buffer.cleared\",\"event_id\":\"raw\"}");
  raw = client_wait (second, "input_audio_buffer.cleared");
  g_assert_cmpstr (json_text (raw, "event_id"), ==, "raw");
  sandbox_close_all (sandbox, 4321, "enough");
  g_assert_cmpuint (client_wait_closed (first), ==, 4321);
  g_assert_cmpuint (client_wait_closed (second), ==, 4321);
  client_free (first);
  client_free (second);
  /* Without a close frame. */
  first = client_open (sandbox, NULL, NULL, NULL);
  client_wait (first, "session.created");
  sandbox_close_all (sandbox, 0, NULL);
  g_assert_cmpuint (client_wait_closed (first), ==, 0);
  client_free (first);
  sandbox_stop_thread (sandbox);
}

static void
test_freed_while_open (void)
{
  const SandboxOptions options = { .pace = 1 };
  Sandbox *sandbox = start_sandbox (&options);
  Client *talking = client_open (sandbox, NULL, NULL, NULL);
  Client *starting = client_open (sandbox, NULL, NULL, NULL);

  client_send (talking, "{'type':'response.create'}");
  client_wait (talking, "response.output_audio.delta");
  client_send (starting, "{'type':'response.create'}");
  client_wait (starting, "response.created");
  sandbox_stop_thread (sandbox);
  g_assert_cmpuint (client_wait_closed (talking), ==, 0);
  g_assert_cmpuint (client_wait_closed (starting), ==, 0);
  client_free (talking);
  client_free (starting);
}

/* On the caller's own context. */
static void
test_same_thread (void)
{
  GError *error = NULL;
  Sandbox *sandbox = sandbox_new (NULL, &error);
  Client *client;

  g_assert_no_error (error);
  client = client_open (sandbox, NULL, NULL, NULL);
  client_wait (client, "session.created");
  client_send (client, "{'type':'response.create'}");
  client_wait (client, "response.done");
  client_send (client, "{'type':'response.create'}");
  client_wait (client, "response.created");
  sandbox_free (sandbox);
  client_free (client);
}

static void
test_no_port (void)
{
  Sandbox *sandbox = start_sandbox (NULL);
  const SandboxOptions options = { .port = sandbox_get_port (sandbox) };
  g_autoptr (GError) error = NULL;

  g_assert_null (sandbox_start_thread (&options, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  sandbox_stop_thread (sandbox);
}

static void
refuse_script (const gchar *json, const gchar *what)
{
  const SandboxOptions options = { .script_json = json };
  g_autoptr (GError) error = NULL;

  g_assert_null (sandbox_start_thread (&options, &error));
  g_assert_nonnull (error);
  if (strstr (error->message, what) == NULL)
    g_error ("no '%s' in: %s", what, error->message);
}

static void
test_bad_script (void)
{
  const SandboxOptions missing = { .script_file = "/nowhere/script.json" };
  g_autoptr (GError) error = NULL;

  refuse_script ("not json", "not a JSON object");
  refuse_script ("{}", "'turns'");
  refuse_script ("{\"turns\":[{\"sya\":[]}]}", "'turns[0].sya'");
  refuse_script ("{\"turns\":[{\"say\":[{}]}]}", "'turns[0].say[0]'");
  refuse_script ("{\"turns\":[{\"say\":[{\"text\":1}]}]}", "a string");
  refuse_script ("{\"turns\":[{\"phase_on\":[\"x\"]}]}", "'response_done'");
  refuse_script ("{\"turns\":[{\"hold\":\"x\"}]}", "'turns[0].hold'");
  g_assert_null (sandbox_start_thread (&missing, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sandbox/connect/created", test_created);
  g_test_add_func ("/sandbox/connect/refused", test_refused);
  g_test_add_func ("/sandbox/connect/key", test_key);
  g_test_add_func ("/sandbox/connect/paths", test_paths);
  g_test_add_func ("/sandbox/connect/tls", test_tls);
  g_test_add_func ("/sandbox/connect/expiry", test_expiry);
  g_test_add_func ("/sandbox/connect/close-all", test_close_all);
  g_test_add_func ("/sandbox/connect/freed-while-open", test_freed_while_open);
  g_test_add_func ("/sandbox/connect/same-thread", test_same_thread);
  g_test_add_func ("/sandbox/connect/no-port", test_no_port);
  g_test_add_func ("/sandbox/connect/bad-script", test_bad_script);
  return g_test_run ();
}
