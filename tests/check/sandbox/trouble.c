/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Trouble on demand: errors in every place, limits, oddities, pings. */
#include <string.h>

#include "client.h"

#define TONES                                                                  \
  "{\"turns\":[{\"say\":[{\"text\":\"a b\",\"tone_ms\":100,"                   \
  "\"phase\":\"final_answer\"}]}],\"loop\":true}"

static Sandbox *
start_faulty (const gchar *first, const gchar *second)
{
  const gchar *const faults[] = { first, second, NULL };
  const SandboxOptions options = { .faults = faults, .script_json = TONES };

  return start_sandbox (&options);
}

static Sandbox *
start_strange (const gchar *strange)
{
  const SandboxOptions options = { .strange = strange, .script_json = TONES };

  return start_sandbox (&options);
}

static Client *
open_client (Sandbox *sandbox)
{
  Client *client = client_open (sandbox, NULL, NULL, NULL);

  client->lenient = TRUE;
  return client;
}

static void
expect_refusal (Sandbox *sandbox, const gchar *code, guint close_code)
{
  Client *client = open_client (sandbox);

  client_expect_error (client, code);
  g_assert_cmpuint (client_wait_closed (client), ==, close_code);
  g_assert_cmpuint (client_count (client, "session.created"), ==, 0);
  client_free (client);
}

static void
expect_welcome (Sandbox *sandbox)
{
  Client *client = open_client (sandbox);

  client_wait (client, "session.created");
  client_free (client);
}

/* ---- faults ---- */

static void
test_connect (void)
{
  Sandbox *sandbox = start_faulty ("insufficient_quota@connect:2", NULL);

  expect_welcome (sandbox);
  expect_refusal (sandbox, "insufficient_quota", 4000);
  expect_welcome (sandbox);
  sandbox_stop_thread (sandbox);
  sandbox = start_faulty ("something_new@connect", NULL);
  expect_refusal (sandbox, "something_new", 4000);
  sandbox_stop_thread (sandbox);
  /* Without a place where it belongs, without a number each time. */
  sandbox = start_faulty ("invalid_api_key", NULL);
  expect_refusal (sandbox, "invalid_api_key", 3000);
  expect_refusal (sandbox, "invalid_api_key", 3000);
  sandbox_stop_thread (sandbox);
}

static void
expect_status (Sandbox *sandbox, guint status)
{
  Client *client = client_open (sandbox, NULL, NULL, NULL);

  g_assert_cmpuint (client->status, ==, status);
  client_free (client);
}

static void
test_http (void)
{
  Sandbox *sandbox = start_faulty ("slow_down@http:1", "server_error@http:2");
  g_autoptr (SoupSession) session = soup_session_new ();
  g_autofree gchar *uri = g_strdup_printf (
      "http://127.0.0.1:%u/v1/realtime", sandbox_get_port (sandbox));
  g_autoptr (SoupMessage) message = soup_message_new ("GET", uri);
  g_autoptr (GBytes)
      body = soup_session_send_and_read (session, message, NULL, NULL);

  g_assert_cmpuint (soup_message_get_status (message), ==, 429);
  g_assert_cmpstr (
      soup_message_headers_get_one (
          soup_message_get_response_headers (message), "Retry-After"),
      ==, "1");
  g_assert_nonnull (g_strstr_len (g_bytes_get_data (body, NULL),
      g_bytes_get_size (body), "\"code\":\"slow_down\""));
  expect_status (sandbox, 500);
  expect_status (sandbox, 101);
  sandbox_stop_thread (sandbox);
}

/* Each code that is documented as an answer to an event. */
static void
test_events (void)
{
  static const struct {
    const gchar *code, *event;
  } faults[] = {
    { "unknown_parameter",
        "{'type':'session.update','session':{'type':"
        "'realtime'},'event_id':'e'}" },
    { "missing_required_parameter",
        "{'type':'session.update','session':{"
        "'type':'realtime'},'event_id':'e'}" },
    { "cannot_update_voice",
        "{'type':'session.update','session':{'type':"
        "'realtime'},'event_id':'e'}" },
    { "conversation_already_has_active_response",
        "{'type':'response.create','event_id':'e'}" },
    { "server_error", "{'type':'response.create','event_id':'e'}" },
    { "response_cancel_not_active",
        "{'type':'response.cancel','event_id':'e'}" },
    { "input_audio_buffer_commit_empty",
        "{'type':'input_audio_buffer.commit','event_id':'e'}" },
    { "item_retrieve_invalid_item_id",
        "{'type':'conversation.item.retrieve','item_id':'x','event_id':'e'}" },
    { "unsupported_content_type",
        "{'type':'conversation.item.truncate','event_id':'e'}" },
    { "something_new", "{'type':'response.create','event_id':'e'}" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (faults); i++) {
    Sandbox *sandbox = start_faulty (faults[i].code, NULL);
    Client *client = open_client (sandbox);
    JsonObject *error;

    client_send (client, "%s", faults[i].event);
    error = client_expect_error (client, faults[i].code);
    g_assert_cmpstr (json_text (error, "event_id"), ==, "e");
    g_assert_cmpstr (json_text (error, "type"), ==,
        g_str_equal (faults[i].code, "server_error") ? "server_error"
                                                     : "invalid_request_error");
    client_fence (client);
    g_assert_cmpuint (client_count (client, "session.updated"), ==, 0);
    g_assert_cmpuint (client_count (client, "response.created"), ==, 0);
    client_free (client);
    sandbox_stop_thread (sandbox);
  }
}

static void
test_expired (void)
{
  Sandbox *sandbox = start_faulty ("session_expired@session.update", NULL);
  Client *client = open_client (sandbox);

  client_send (client, "{'type':'session.update','session':{}}");
  client_expect_error (client, "session_expired");
  g_assert_cmpuint (client_wait_closed (client), ==, 1001);
  client_free (client);
  sandbox_stop_thread (sandbox);
}

static void
expect_failed (Client *client, const gchar *code)
{
  JsonObject *done;

  client_send (client, "{'type':'response.create'}");
  done = client_wait (client, "response.done");
  g_assert_cmpstr (json_text (done, "response.status"), ==, "failed");
  g_assert_cmpstr (
      json_text (done, "response.status_details.type"), ==, "failed");
  g_assert_cmpstr (
      json_text (done, "response.status_details.error.code"), ==, code);
}

static void
test_response (void)
{
  Sandbox *sandbox = start_faulty ("inference_rate_limit_exceeded", NULL);
  Client *client = open_client (sandbox);

  expect_failed (client, "inference_rate_limit_exceeded");
  g_assert_cmpuint (client_count (client, "response.created"), ==, 1);
  client_free (client);
  sandbox_stop_thread (sandbox);
}

/* As on Azure, for a model on the wrong path: a body in JSON. */
static void
test_not_supported (void)
{
  Sandbox *sandbox = start_faulty ("OperationNotSupported", NULL);
  g_autoptr (SoupSession) session = soup_session_new ();
  g_autofree gchar *uri = g_strdup_printf (
      "http://127.0.0.1:%u/openai/v1/realtime?model=translations",
      sandbox_get_port (sandbox));
  g_autoptr (SoupMessage) message = soup_message_new ("GET", uri);
  g_autoptr (GBytes)
      body = soup_session_send_and_read (session, message, NULL, NULL);
  g_autofree gchar *text = g_strndup (
      g_bytes_get_data (body, NULL), g_bytes_get_size (body));

  g_assert_cmpuint (soup_message_get_status (message), ==, 400);
  g_assert_nonnull (strstr (text, "\"code\":\"OperationNotSupported\""));
  g_assert_nonnull (strstr (text, "\"type\":\"invalid_request_error\""));
  expect_status (sandbox, 400);
  sandbox_stop_thread (sandbox);
}

static void
test_transcription (gconstpointer code)
{
  Sandbox *sandbox = start_faulty (code, NULL);
  Client *client = client_open (
      sandbox, "/v1/realtime?intent=transcription", NULL, NULL);
  g_autoptr (GByteArray) pcm = make_silence (200);
  JsonObject *failed;

  client_configure (client,
      "{'type':'transcription','audio':{'input':{'transcription':{'model':"
      "'whisper-1'},'turn_detection':null}}}");
  client_append (client, pcm->data, pcm->len);
  client_send (client, "{'type':'input_audio_buffer.commit'}");
  failed = client_wait (
      client, "conversation.item.input_audio_transcription.failed");
  g_assert_cmpstr (json_text (failed, "error.code"), ==, code);
  g_assert_cmpstr (json_text (failed, "error.type"), ==, "transcription_error");
  client_fence (client);
  g_assert_cmpuint (
      client_count (
          client, "conversation.item.input_audio_transcription.completed"),
      ==, 0);
  client_free (client);
  sandbox_stop_thread (sandbox);
}

static void
test_script_faults (void)
{
  Sandbox *sandbox = start_script (
      "{'turns':[],'faults':[{'code':'odd','at':'session.update','nth':1,"
      "'type':'odd_error','message':'So odd.','close':4007}]}");
  Client *client = open_client (sandbox);
  JsonObject *error;

  client_send (client, "{'type':'session.update','session':{}}");
  error = client_expect_error (client, "odd");
  g_assert_cmpstr (json_text (error, "type"), ==, "odd_error");
  g_assert_cmpstr (json_text (error, "message"), ==, "So odd.");
  g_assert_cmpuint (client_wait_closed (client), ==, 4007);
  client_free (client);
  sandbox_stop_thread (sandbox);
}

static void
refuse_options (const SandboxOptions *options, const gchar *what)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (sandbox_start_thread (options, &error));
  g_assert_nonnull (error);
  if (strstr (error->message, what) == NULL)
    g_error ("no '%s' in: %s", what, error->message);
}

static void
test_bad_options (void)
{
  const gchar *const no_place[] = { "x@nowhere", NULL };
  const gchar *const no_number[] = { "x@http:often", NULL };
  const gchar *const no_code[] = { "@http", NULL };

  refuse_options (&(SandboxOptions){ .faults = no_place }, "'nowhere'");
  refuse_options (&(SandboxOptions){ .faults = no_number }, "often");
  refuse_options (&(SandboxOptions){ .faults = no_code }, "needs a code");
  refuse_options (&(SandboxOptions){ .strange = "unknown,odd" }, "'odd'");
  refuse_options (
      &(SandboxOptions){
          .script_json = "{\"turns\":[],\"faults\":[{\"at\":\"http\"}]}" },
      "'faults[0].code'");
}

/* ---- limits ---- */

static void
test_rate_limits (void)
{
  const SandboxOptions options = { .token_limit = 200, .script_json = TONES };
  Sandbox *sandbox = start_sandbox (&options);
  Client *client = open_client (sandbox);
  gint64 before = 200;
  guint i;

  for (i = 0; before > 0; i++) {
    JsonObject *limits;
    gint64 remaining;

    client_send (client, "{'type':'response.create'}");
    client_wait (client, "response.done");
    limits = client_event (client, "rate_limits.updated", i);
    remaining = json_int (limits, "rate_limits[0].remaining");
    g_assert_cmpint (json_int (limits, "rate_limits[0].limit"), ==, 200);
    g_assert_cmpint (remaining, <, before);
    before = remaining;
  }
  g_assert_cmpuint (i, >, 1);
  expect_failed (client, "rate_limit_exceeded");
  client_free (client);
  sandbox_stop_thread (sandbox);
}

/* ---- oddities ---- */

static JsonObject *
talk (Client *client)
{
  client_wait (client, "session.created");
  client_send (client,
      "{'type':'conversation.item.create','item':{'id':'mine','type':"
      "'message','role':'user','content':[{'type':'input_text','text':'x'}]}}");
  client_send (client, "{'type':'response.create'}");
  return client_wait (client, "response.done");
}

static void
test_unknown (void)
{
  Sandbox *sandbox = start_strange ("unknown");
  Client *client = open_client (sandbox);
  JsonObject *done = talk (client);
  guint i, odd = 0;

  g_assert_true (json_has (done, "x_unknown.type"));
  g_assert_true (json_has (done, "response.x_unknown"));
  g_assert_true (json_has (done, "response.output[0].x_unknown"));
  for (i = 0; i < client->events->len; i++) {
    const gchar *type = json_text (
        g_ptr_array_index (client->events, i), "type");

    odd += g_str_equal (type, "thought")
        || g_str_equal (type, "response.output_haptics.delta");
  }
  g_assert_cmpuint (odd, >=, 2);
  g_assert_cmpstr (json_text (done, "response.status"), ==, "completed");
  client_free (client);
  sandbox_stop_thread (sandbox);
}

static void
test_shapes (void)
{
  Sandbox *sandbox = start_strange (
      "parts,created,no-usage,no-phase,conversation");
  Client *client = open_client (sandbox);
  JsonObject *done = talk (client);

  g_assert_cmpstr (
      json_text (
          client_event (client, "response.content_part.added", 0), "part.type"),
      ==, "output_audio");
  g_assert_cmpstr (
      json_text (done, "response.output[0].content[0].type"), ==, "audio");
  g_assert_true (json_null (done, "response.usage"));
  g_assert_false (json_has (done, "response.output[0].phase"));
  g_assert_cmpuint (client_count (client, "conversation.item.added"), ==, 0);
  g_assert_cmpuint (client_count (client, "conversation.item.created"), ==, 2);
  g_assert_cmpuint (client_count (client, "conversation.item.done"), ==, 2);
  g_assert_true (g_str_has_prefix (
      json_text (
          client_event (client, "conversation.created", 0), "conversation.id"),
      "conv_"));
  client_free (client);
  sandbox_stop_thread (sandbox);
}

/* Without the switch nothing is odd. */
static void
test_straight (void)
{
  Sandbox *sandbox = start_strange (NULL);
  Client *client = client_open (sandbox, NULL, NULL, NULL);
  JsonObject *done = talk (client);

  g_assert_cmpstr (
      json_text (done, "response.output[0].phase"), ==, "final_answer");
  g_assert_false (json_has (done, "x_unknown"));
  g_assert_cmpuint (client_count (client, "conversation.created"), ==, 0);
  client_free (client);
  sandbox_stop_thread (sandbox);
}

/* libsoup answers pings by itself and tells nobody, so the frame is looked
 * for on the bare socket. */
static void
test_pings (void)
{
  static const gchar request[] =
      "GET /v1/realtime?model=gpt-realtime-2 HTTP/1.1\r\nHost: x\r\n"
      "Connection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  Sandbox *sandbox = start_strange ("pings");
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;
  GInputStream *input;
  GError *error = NULL;
  guint8 byte, window[3] = { 0 };
  gboolean found = FALSE;

  g_socket_client_set_timeout (client, 10);
  connection = g_socket_client_connect_to_host (
      client, "127.0.0.1", sandbox_get_port (sandbox), NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_output_stream_write_all (
      g_io_stream_get_output_stream (G_IO_STREAM (connection)), request,
      strlen (request), NULL, NULL, NULL));
  input = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  /* An event's last byte, then a ping's first and its short length. */
  while (!found && g_input_stream_read (input, &byte, 1, NULL, &error) == 1) {
    window[0] = window[1];
    window[1] = window[2];
    window[2] = byte;
    found = window[0] == '}' && window[1] == 0x89 && window[2] < 0x7e;
  }
  g_assert_no_error (error);
  g_assert_true (found);
  sandbox_stop_thread (sandbox);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sandbox/trouble/connect", test_connect);
  g_test_add_func ("/sandbox/trouble/http", test_http);
  g_test_add_func ("/sandbox/trouble/events", test_events);
  g_test_add_func ("/sandbox/trouble/expired", test_expired);
  g_test_add_func ("/sandbox/trouble/response", test_response);
  g_test_add_func ("/sandbox/trouble/not-supported", test_not_supported);
  g_test_add_data_func ("/sandbox/trouble/transcription/unintelligible",
      "audio_unintelligible", test_transcription);
  g_test_add_data_func ("/sandbox/trouble/transcription/error",
      "transcription_error", test_transcription);
  g_test_add_func ("/sandbox/trouble/script-faults", test_script_faults);
  g_test_add_func ("/sandbox/trouble/bad-options", test_bad_options);
  g_test_add_func ("/sandbox/trouble/rate-limits", test_rate_limits);
  g_test_add_func ("/sandbox/trouble/unknown", test_unknown);
  g_test_add_func ("/sandbox/trouble/shapes", test_shapes);
  g_test_add_func ("/sandbox/trouble/straight", test_straight);
  g_test_add_func ("/sandbox/trouble/pings", test_pings);
  return g_test_run ();
}
