/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ways in: client secrets, Azure, sub-protocols, calls; and what the books
 * say about those who came. */
#include <string.h>

#include "client.h"

#define BEARER(key)                                                            \
  {                                                                            \
    "Authorization", "Bearer " key, NULL                                       \
  }

typedef struct {
  guint status;
  JsonObject *body;
} Answer;

static void
answer_free (Answer *answer)
{
  json_object_unref (answer->body);
  g_free (answer);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Answer, answer_free)

static JsonObject *
parse (GBytes *bytes)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  gsize size;
  const gchar *text = g_bytes_get_data (bytes, &size);
  GError *error = NULL;

  json_parser_load_from_data (parser, text, size, &error);
  g_assert_no_error (error);
  return json_object_ref (json_node_get_object (json_parser_get_root (parser)));
}

/* A request with a JSON body (single quotes), or none. */
static Answer *
ask (Sandbox *sandbox, const gchar *method, const gchar *path, const gchar *key,
    const gchar *body)
{
  g_autoptr (SoupSession) session = soup_session_new ();
  g_autofree gchar *uri = g_strdup_printf (
      "http://127.0.0.1:%u%s", sandbox_get_port (sandbox), path);
  g_autoptr (SoupMessage) message = soup_message_new (method, uri);
  g_autofree gchar *bearer = g_strconcat ("Bearer ", key, NULL);
  g_autofree gchar *json = body != NULL
      ? g_strdelimit (g_strdup (body), "'", '"')
      : NULL;
  g_autoptr (GBytes) sent = NULL, got = NULL;
  Answer *answer = g_new0 (Answer, 1);
  GError *error = NULL;

  if (key != NULL)
    soup_message_headers_append (
        soup_message_get_request_headers (message), "Authorization", bearer);
  if (json != NULL) {
    sent = g_bytes_new (json, strlen (json));
    soup_message_set_request_body_from_bytes (
        message, "application/json", sent);
  }
  got = soup_session_send_and_read (session, message, NULL, &error);
  g_assert_no_error (error);
  answer->status = soup_message_get_status (message);
  answer->body = parse (got);
  return answer;
}

static Answer *
ask_secret (Sandbox *sandbox, const gchar *key, const gchar *body)
{
  return ask (sandbox, "POST", "/v1/realtime/client_secrets", key, body);
}

static Client *
open_with (Sandbox *sandbox, const gchar *path, const gchar *key)
{
  g_autofree gchar *bearer = g_strconcat ("Bearer ", key, NULL);
  const gchar *const headers[] = { "Authorization", bearer, NULL };

  return client_open (sandbox, path, headers, NULL);
}

/* ---- client secrets ---- */

/* As a sub-protocol. */
static void
expect_offered (Sandbox *sandbox, const gchar *key)
{
  g_autofree gchar *offered = g_strconcat (
      "openai-insecure-api-key.", key, NULL);
  const gchar *const protocols[] = { "realtime", offered, NULL };
  Client *client = client_open (sandbox, NULL, NULL, protocols);

  client_wait (client, "session.created");
  client_free (client);
}

static void
test_secret (void)
{
  const SandboxOptions options = { .api_key = "sk-right" };
  Sandbox *sandbox = start_sandbox (&options);
  g_autoptr (Answer) answer = ask_secret (sandbox, "sk-right",
      "{'expires_after':{'anchor':'created_at','seconds':60},'session':{"
      "'type':'realtime','model':'gpt-realtime-2.1','instructions':'Be brief.',"
      "'audio':{'output':{'voice':'cedar'}}}}");
  g_autoptr (Answer) another = ask_secret (sandbox, "sk-right", NULL);
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  const gchar *key = json_text (answer->body, "value");
  Client *client;

  g_assert_cmpuint (answer->status, ==, 200);
  g_assert_true (g_str_has_prefix (key, "ek_"));
  g_assert_cmpint (
      ABS (json_int (answer->body, "expires_at") - now - 60), <=, 30);
  g_assert_cmpstr (
      json_text (answer->body, "session.audio.output.voice"), ==, "cedar");
  g_assert_cmpstr (
      json_text (answer->body, "session.model"), ==, "gpt-realtime-2.1");
  /* The default of ten minutes. */
  g_assert_cmpint (
      ABS (json_int (another->body, "expires_at") - now - 600), <=, 30);
  g_assert_cmpstr (json_text (another->body, "value"), !=, key);
  /* It works, and brings its session along. */
  client = open_with (sandbox, "/v1/realtime?model=gpt-realtime-2.1", key);
  g_assert_cmpstr (json_text (client_wait (client, "session.created"),
                       "session.audio.output.voice"),
      ==, "cedar");
  client_free (client);
  client = open_with (sandbox, "/v1/realtime", key);
  g_assert_cmpstr (
      json_text (client_wait (client, "session.created"), "session.model"), ==,
      "gpt-realtime-2.1");
  client_free (client);
  expect_offered (sandbox, json_text (another->body, "value"));
  sandbox_stop_thread (sandbox);
}

static void
test_secret_expires (void)
{
  const SandboxOptions options = { .secret_seconds = 1 };
  Sandbox *sandbox = start_sandbox (&options);
  g_autoptr (Answer) answer = ask_secret (sandbox, NULL, "{}");
  const gchar *key = json_text (answer->body, "value");

  g_usleep (1100 * 1000);
  client_expect_end (open_with (sandbox, NULL, key), "invalid_api_key", 3000);
  sandbox_stop_thread (sandbox);
}

/* Each kind of session, by its own path. */
static void
test_secret_kinds (void)
{
  Sandbox *sandbox = start_sandbox (NULL);
  g_autoptr (Answer) hearing = ask_secret (sandbox, NULL,
      "{'session':{'type':'transcription','audio':{'input':{'transcription':{"
      "'model':'gpt-realtime-whisper'}}}}}");
  g_autoptr (Answer) translation = ask (sandbox, "POST",
      "/v1/realtime/translations/client_secrets", NULL,
      "{'session':{'model':'gpt-realtime-translate','audio':{'output':{"
      "'language':'de'}}}}");
  Client *client;

  g_assert_cmpuint (hearing->status, ==, 200);
  g_assert_cmpstr (
      json_text (hearing->body, "session.type"), ==, "transcription");
  client = open_with (sandbox, "/v1/realtime?intent=transcription",
      json_text (hearing->body, "value"));
  g_assert_cmpstr (json_text (client_wait (client, "session.created"),
                       "session.audio.input.transcription.model"),
      ==, "gpt-realtime-whisper");
  client_free (client);
  g_assert_cmpuint (translation->status, ==, 200);
  g_assert_cmpstr (
      json_text (translation->body, "session.type"), ==, "translation");
  client = open_with (sandbox,
      "/v1/realtime/translations?model=gpt-realtime-translate",
      json_text (translation->body, "value"));
  g_assert_cmpstr (json_text (client_wait (client, "session.created"),
                       "session.audio.output.language"),
      ==, "de");
  client_free (client);
  sandbox_stop_thread (sandbox);
}

static const struct {
  const gchar *body, *code, *param;
} bad_bodies[] = {
  { "{'expires_after':{'anchor':'created_at','seconds':9}}",
      "integer_below_min_value", "expires_after.seconds" },
  { "{'expires_after':{'anchor':'created_at','seconds':7201}}",
      "integer_above_max_value", "expires_after.seconds" },
  { "{'expires_after':{'anchor':'now'}}", "invalid_value",
      "expires_after.anchor" },
  { "{'session':{'instructions':'x'}}", "missing_required_parameter",
      "session.type" },
  { "{'session':{'type':'realtime','audio':{'output':{'voice':'bob'}}}}",
      "invalid_value", "session.audio.output.voice" },
  { "{'session':{'type':'realtime','model':'gpt-4'}}", "invalid_model", NULL },
  { "{'key':1}", "unknown_parameter", "key" },
  { "[", "invalid_json", NULL },
};

static void
test_secret_refused (void)
{
  const SandboxOptions options = { .api_key = "sk-right" };
  Sandbox *sandbox = start_sandbox (&options);
  g_autoptr (Answer) wrong = ask_secret (sandbox, "sk-wrong", NULL);
  g_autoptr (Answer) none = ask_secret (sandbox, NULL, NULL);
  g_autoptr (Answer) made = ask_secret (sandbox, "sk-right", NULL);
  g_autoptr (Answer)
      by_secret = ask_secret (sandbox, json_text (made->body, "value"), NULL);
  g_autoptr (Answer) get = ask (
      sandbox, "GET", "/v1/realtime/client_secrets", "sk-right", NULL);
  guint i;

  g_assert_cmpuint (wrong->status, ==, 401);
  g_assert_cmpstr (
      json_text (wrong->body, "error.code"), ==, "invalid_api_key");
  g_assert_cmpuint (none->status, ==, 401);
  g_assert_cmpuint (by_secret->status, ==, 401);
  g_assert_cmpuint (get->status, ==, 405);
  for (i = 0; i < G_N_ELEMENTS (bad_bodies); i++) {
    g_autoptr (Answer)
        answer = ask_secret (sandbox, "sk-right", bad_bodies[i].body);

    g_test_message ("%s", bad_bodies[i].body);
    g_assert_cmpuint (answer->status, ==, 400);
    g_assert_cmpstr (
        json_text (answer->body, "error.code"), ==, bad_bodies[i].code);
    if (bad_bodies[i].param != NULL)
      g_assert_cmpstr (
          json_text (answer->body, "error.param"), ==, bad_bodies[i].param);
  }
  sandbox_stop_thread (sandbox);
}

/* ---- Azure ---- */

static guint
status_of (Sandbox *sandbox, const gchar *path, const gchar *const *headers)
{
  Client *client = client_open (sandbox, path, headers, NULL);
  guint status = client->status;

  client_free (client);
  return status;
}

static void
test_azure (void)
{
  const SandboxOptions options = { .api_key = "right" };
  const gchar *const key[] = { "api-key", "right", NULL };
  const gchar *const bearer[] = BEARER ("right");
  const gchar *const wrong[] = { "api-key", "wrong", NULL };
  const gchar *const offered[] = { "Sec-WebSocket-Protocol",
    "realtime, openai-insecure-api-key.right", NULL };
  const gchar *const voice = "/openai/v1/realtime?model=mine";
  const gchar *const translation = "/openai/v1/realtime/translations?model=tr";
  Sandbox *sandbox = start_sandbox (&options);

  g_assert_cmpuint (status_of (sandbox, voice, key), ==, 101);
  g_assert_cmpuint (status_of (sandbox, voice, bearer), ==, 101);
  g_assert_cmpuint (status_of (sandbox, voice, wrong), ==, 401);
  g_assert_cmpuint (status_of (sandbox, voice, NULL), ==, 401);
  g_assert_cmpuint (status_of (sandbox, voice, offered), ==, 401);
  g_assert_cmpuint (status_of (sandbox, translation, key), ==, 101);
  g_assert_cmpuint (status_of (sandbox, translation, bearer), ==, 101);
  g_assert_cmpuint (status_of (sandbox, translation, wrong), ==, 401);
  g_assert_cmpuint (
      status_of (sandbox, "/openai/v1/realtime?model=mine&api-key=right", NULL),
      ==, 101);
  /* The preview's parameters, and a deployment of another kind. */
  g_assert_cmpuint (
      status_of (sandbox,
          "/openai/v1/realtime?model=mine&api-version=2025-04-01-preview", key),
      ==, 404);
  g_assert_cmpuint (
      status_of (
          sandbox, "/openai/v1/realtime?model=gpt-realtime-translate", key),
      ==, 400);
  sandbox_stop_thread (sandbox);
}

static void
test_azure_body (void)
{
  const SandboxOptions options = { .api_key = "right" };
  Sandbox *sandbox = start_sandbox (&options);
  g_autoptr (Answer) answer = ask (
      sandbox, "GET", "/openai/v1/realtime?model=mine", "wrong", NULL);

  g_assert_cmpuint (answer->status, ==, 401);
  g_assert_cmpstr (json_text (answer->body, "error.code"), ==, "401");
  g_assert_nonnull (json_text (answer->body, "error.message"));
  sandbox_stop_thread (sandbox);
}

/* ---- calls ---- */

#define CALL "/v1/realtime?call_id=rtc_known"
#define CALL_SCRIPT                                                            \
  "{'calls':['rtc_known'],'turns':["                                           \
  "{'hear':'Hello there','hear_ms':300,'say':[{'text':'Good day',"             \
  "'tone_ms':200}]},"                                                          \
  "{'hear':'Bye','hear_ms':300,'say':[{'text':'So long','tone_ms':100}]}]}"

static void
test_unknown_call (void)
{
  static const gchar *const calls[] = { "rtc_mine", NULL };
  const SandboxOptions options = { .calls = calls };
  Sandbox *sandbox = start_sandbox (&options);
  g_autoptr (Answer) secret = ask_secret (sandbox, NULL, NULL);
  g_autoptr (Answer) unknown = ask (
      sandbox, "GET", "/v1/realtime?call_id=rtc_other", NULL, NULL);
  g_autoptr (Answer) by_secret = ask (sandbox, "GET",
      "/v1/realtime?call_id=rtc_mine", json_text (secret->body, "value"), NULL);
  Client *client;

  g_assert_cmpuint (unknown->status, ==, 404);
  g_assert_cmpstr (json_text (unknown->body, "error.message"), ==,
      "No session found for the provided call_id");
  g_assert_cmpstr (
      json_text (unknown->body, "error.type"), ==, "invalid_request_error");
  g_assert_cmpstr (
      json_text (unknown->body, "error.code"), ==, "call_id_not_found");
  g_assert_cmpstr (json_text (unknown->body, "error.param"), ==, "");
  /* The key that made the call is no key to look at it. */
  g_assert_cmpuint (by_secret->status, ==, 404);
  client = client_open (sandbox, "/v1/realtime?call_id=rtc_mine", NULL, NULL);
  client_wait (client, "session.created");
  client_free (client);
  client = client_open (sandbox,
      "/v1/realtime?call_id=rtc_mine&model=gpt-realtime-2", NULL, NULL);
  client_expect_end (client, "invalid_model", 4000);
  sandbox_stop_thread (sandbox);
}

/* Both turns run by themselves; the sound goes elsewhere. */
static void
test_call (void)
{
  static const gchar *const types[] = { "session.created",
    "input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped",
    "input_audio_buffer.committed", "response.created",
    "response.output_audio_transcript.delta", "output_audio_buffer.started",
    "response.output_audio.done", "response.done",
    "output_audio_buffer.stopped", NULL };
  Sandbox *sandbox = start_script (CALL_SCRIPT);
  Client *client = client_open (sandbox, CALL, NULL, NULL);
  JsonObject *stopped;
  guint i;

  client_configure (client,
      "{'type':'realtime','audio':{'input':{'transcription':{'model':"
      "'whisper-1'}}}}");
  for (i = 0; i < 2; i++) {
    stopped = client_wait (client, "output_audio_buffer.stopped");
    g_assert_cmpstr (json_text (stopped, "response_id"), ==,
        json_text (client_event (client, "response.done", i), "response.id"));
  }
  client_expect_order (client, 0, types);
  g_assert_cmpint (client_index (client, "output_audio_buffer.stopped", 0), <,
      client_index (client, "input_audio_buffer.speech_started", 1));
  g_assert_cmpuint (
      client_count (client, "response.output_audio.delta"), ==, 0);
  g_assert_cmpstr (
      json_text (
          client_event (client,
              "conversation.item.input_audio_transcription.completed", 0),
          "transcript"),
      ==, "Hello there");
  g_assert_cmpstr (json_text (client_event (client, "response.done", 1),
                       "response.output[0].content[0].transcript"),
      ==, "So long");
  client_free (client);
  sandbox_stop_thread (sandbox);
}

static void
test_call_cut (void)
{
  Sandbox *sandbox = start_script (
      "{'calls':['rtc_known'],'turns':[{'hear_ms':300,'say':[{'text':'a',"
      "'tone_ms':60000}]}]}");
  Client *client = client_open (sandbox, CALL, NULL, NULL);
  JsonObject *started, *cleared;

  client_configure (client, "{'type':'realtime'}");
  started = client_wait (client, "output_audio_buffer.started");
  client_wait (client, "response.done");
  client_send (client, "{'type':'output_audio_buffer.clear'}");
  cleared = client_wait (client, "output_audio_buffer.cleared");
  g_assert_cmpstr (json_text (cleared, "response_id"), ==,
      json_text (started, "response_id"));
  client_fence (client);
  g_assert_cmpuint (
      client_count (client, "output_audio_buffer.stopped"), ==, 0);
  client_free (client);
  sandbox_stop_thread (sandbox);
}

/* Speech throws away what the caller has not heard yet. */
static void
test_call_interrupted (void)
{
  Sandbox *sandbox = start_script (
      "{'calls':['rtc_known'],'turns':[{'hear_ms':300,'say':[{'text':'a',"
      "'tone_ms':60000}]}]}");
  Client *client = client_open (sandbox, CALL, NULL, NULL);
  g_autoptr (GByteArray) pcm = g_byte_array_new ();
  guint before;

  client_configure (client, "{'type':'realtime'}");
  client_wait (client, "response.done");
  before = client_count (client, "input_audio_buffer.speech_started");
  add_tone (pcm, 500, 8000);
  client_append (client, pcm->data, pcm->len);
  client_wait (client, "input_audio_buffer.speech_started");
  client_wait (client, "output_audio_buffer.cleared");
  g_assert_cmpuint (before, ==, 1);
  client_free (client);
  sandbox_stop_thread (sandbox);
}

/* ---- the books ---- */

static void
test_books (void)
{
  const gchar *const headers[] = { "Authorization", "Bearer sk-1",
    "OpenAI-Safety-Identifier", "abc", NULL };
  Sandbox *sandbox = start_sandbox (NULL);
  Client *client = client_open (
      sandbox, "/v1/realtime?model=gpt-realtime-2", headers, NULL);
  g_autoptr (GByteArray) pcm = make_silence (100);
  g_autoptr (GPtrArray) requests = NULL, connections = NULL;
  g_autoptr (Answer) lost = NULL;
  SandboxRequest *request;
  SandboxConnection *connection;

  client_append (client, pcm->data, pcm->len);
  client_send (client, "{'type':'input_audio_buffer.commit'}");
  client_wait (client, "conversation.item.done");
  g_assert_false (sandbox_wait_closed (sandbox, 1, 0));
  soup_websocket_connection_close (client->websocket, 4242, "bye");
  client_wait_closed (client);
  g_assert_true (sandbox_wait_closed (sandbox, 1, 10000));
  lost = ask (sandbox, "GET", "/nowhere", NULL, NULL);
  requests = sandbox_dup_requests (sandbox);
  g_assert_cmpuint (requests->len, ==, 2);
  request = g_ptr_array_index (requests, 0);
  g_assert_cmpstr (request->method, ==, "GET");
  g_assert_cmpstr (request->target, ==, "/v1/realtime?model=gpt-realtime-2");
  g_assert_cmpuint (request->status, ==, 101);
  g_assert_cmpuint (request->connection, ==, 1);
  g_assert_cmpstr (
      sandbox_request_header (request, "authorization"), ==, "Bearer sk-1");
  g_assert_cmpstr (
      sandbox_request_header (request, "openai-safety-identifier"), ==, "abc");
  g_assert_null (sandbox_request_header (request, "OpenAI-Beta"));
  request = g_ptr_array_index (requests, 1);
  g_assert_cmpstr (request->target, ==, "/nowhere");
  g_assert_cmpuint (request->status, ==, 404);
  g_assert_cmpuint (request->connection, ==, 0);
  connections = sandbox_dup_connections (sandbox);
  connection = g_ptr_array_index (connections, 0);
  g_assert_cmpuint (connection->number, ==, 1);
  g_assert_cmpuint (connection->audio_bytes, ==, 4800);
  g_assert_cmpuint (connection->appends, ==, 1);
  g_assert_cmpuint (connection->commits, ==, 1);
  g_assert_true (connection->closed);
  g_assert_cmpuint (connection->close_code, ==, 4242);
  client_free (client);
  sandbox_stop_thread (sandbox);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sandbox/ways/secret", test_secret);
  g_test_add_func ("/sandbox/ways/secret-expires", test_secret_expires);
  g_test_add_func ("/sandbox/ways/secret-kinds", test_secret_kinds);
  g_test_add_func ("/sandbox/ways/secret-refused", test_secret_refused);
  g_test_add_func ("/sandbox/ways/azure", test_azure);
  g_test_add_func ("/sandbox/ways/azure-body", test_azure_body);
  g_test_add_func ("/sandbox/ways/unknown-call", test_unknown_call);
  g_test_add_func ("/sandbox/ways/call", test_call);
  g_test_add_func ("/sandbox/ways/call-cut", test_call_cut);
  g_test_add_func ("/sandbox/ways/call-interrupted", test_call_interrupted);
  g_test_add_func ("/sandbox/ways/books", test_books);
  return g_test_run ();
}
