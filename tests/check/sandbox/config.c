/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* session.update and the checks that every event goes through. */
#include <string.h>

#include "client.h"

/* A refusal of {"type":"realtime", session...}. */
static void
refuse (
    Client *client, const gchar *session, const gchar *code, const gchar *param)
{
  g_autofree gchar *event = g_strdup_printf (
      "{'type':'session.update','session':{'type':'realtime',%s}}", session);
  g_autofree gchar *path = g_strconcat ("session.", param, NULL);

  client_expect_refusal (client, event, code, path);
}

static const struct {
  const gchar *session, *code, *param;
} refusals[] = {
  /* The shape of the beta. */
  { "'turn_detection':null", "unknown_parameter", "turn_detection" },
  { "'voice':'marin'", "unknown_parameter", "voice" },
  { "'modalities':['text']", "unknown_parameter", "modalities" },
  { "'temperature':0.8", "unknown_parameter", "temperature" },
  { "'audio':{'inputs':{}}", "unknown_parameter", "audio.inputs" },
  { "'audio':null", "invalid_type", "audio" },
  { "'instructions':5", "invalid_type", "instructions" },
  { "'instructions':null", "invalid_type", "instructions" },
  { "'output_modalities':'text'", "invalid_type", "output_modalities" },
  { "'output_modalities':['text','audio']", "invalid_value",
      "output_modalities" },
  { "'output_modalities':[]", "invalid_value", "output_modalities" },
  { "'output_modalities':['video']", "invalid_value", "output_modalities[0]" },
  { "'audio':{'input':{'format':{}}}", "missing_required_parameter",
      "audio.input.format.type" },
  { "'audio':{'input':{'format':'pcm16'}}", "invalid_type",
      "audio.input.format" },
  { "'audio':{'input':{'format':{'type':'audio/opus'}}}", "invalid_value",
      "audio.input.format.type" },
  { "'audio':{'input':{'format':{'type':'audio/pcm','rate':16000}}}",
      "integer_below_min_value", "audio.input.format.rate" },
  { "'audio':{'input':{'format':{'type':'audio/pcmu','rate':8000}}}",
      "unknown_parameter", "audio.input.format.rate" },
  { "'audio':{'input':{'noise_reduction':{'type':'loud'}}}", "invalid_value",
      "audio.input.noise_reduction.type" },
  { "'audio':{'input':{'noise_reduction':{}}}", "missing_required_parameter",
      "audio.input.noise_reduction.type" },
  { "'audio':{'input':{'transcription':{'model':1}}}", "invalid_type",
      "audio.input.transcription.model" },
  { "'audio':{'input':{'transcription':{'delay':'bogus'}}}", "invalid_value",
      "audio.input.transcription.delay" },
  { "'audio':{'input':{'turn_detection':{'threshold':0.2}}}",
      "missing_required_parameter", "audio.input.turn_detection.type" },
  { "'audio':{'input':{'turn_detection':{'type':'magic'}}}", "invalid_value",
      "audio.input.turn_detection.type" },
  { "'audio':{'input':{'turn_detection':{'type':'server_vad',"
    "'threshold':1.5}}}",
      "decimal_above_max_value", "audio.input.turn_detection.threshold" },
  { "'audio':{'input':{'turn_detection':{'type':'server_vad',"
    "'threshold':-0.1}}}",
      "decimal_below_min_value", "audio.input.turn_detection.threshold" },
  { "'audio':{'input':{'turn_detection':{'type':'server_vad',"
    "'threshold':'0.5'}}}",
      "invalid_type", "audio.input.turn_detection.threshold" },
  { "'audio':{'input':{'turn_detection':{'type':'server_vad',"
    "'silence_duration_ms':-1}}}",
      "integer_below_min_value",
      "audio.input.turn_detection.silence_duration_ms" },
  { "'audio':{'input':{'turn_detection':{'type':'server_vad',"
    "'silence_duration_ms':200.5}}}",
      "invalid_type", "audio.input.turn_detection.silence_duration_ms" },
  { "'audio':{'input':{'turn_detection':{'type':'server_vad',"
    "'prefix_padding_ms':99999999999}}}",
      "integer_above_max_value",
      "audio.input.turn_detection.prefix_padding_ms" },
  { "'audio':{'input':{'turn_detection':{'type':'server_vad',"
    "'create_response':null}}}",
      "invalid_type", "audio.input.turn_detection.create_response" },
  { "'audio':{'input':{'turn_detection':{'type':'server_vad',"
    "'eagerness':'low'}}}",
      "unknown_parameter", "audio.input.turn_detection.eagerness" },
  { "'audio':{'input':{'turn_detection':{'type':'server_vad',"
    "'idle_timeout_ms':4999}}}",
      "integer_below_min_value", "audio.input.turn_detection.idle_timeout_ms" },
  { "'audio':{'input':{'turn_detection':{'type':'server_vad',"
    "'idle_timeout_ms':30001}}}",
      "integer_above_max_value", "audio.input.turn_detection.idle_timeout_ms" },
  { "'audio':{'input':{'turn_detection':{'type':'semantic_vad',"
    "'eagerness':'huge'}}}",
      "invalid_value", "audio.input.turn_detection.eagerness" },
  { "'audio':{'input':{'turn_detection':{'type':'semantic_vad',"
    "'threshold':0.5}}}",
      "unknown_parameter", "audio.input.turn_detection.threshold" },
  { "'audio':{'output':{'voice':'nobody'}}", "invalid_value",
      "audio.output.voice" },
  { "'audio':{'output':{'voice':7}}", "invalid_type", "audio.output.voice" },
  { "'audio':{'output':{'voice':{}}}", "missing_required_parameter",
      "audio.output.voice.id" },
  { "'audio':{'output':{'speed':0.2}}", "decimal_below_min_value",
      "audio.output.speed" },
  { "'audio':{'output':{'speed':1.51}}", "decimal_above_max_value",
      "audio.output.speed" },
  { "'include':['everything']", "invalid_value", "include[0]" },
  { "'tools':{}", "invalid_type", "tools" },
  { "'tools':[{}]", "missing_required_parameter", "tools[0].type" },
  { "'tools':[{'type':'function'}]", "missing_required_parameter",
      "tools[0].name" },
  { "'tools':[{'type':'function','name':'f','strict':true}]",
      "unknown_parameter", "tools[0].strict" },
  { "'tools':[{'type':'function','name':'f','parameters':'x'}]", "invalid_type",
      "tools[0].parameters" },
  { "'tools':[{'type':'mcp'}]", "missing_required_parameter",
      "tools[0].server_label" },
  { "'tools':[{'type':'mcp','server_label':'a'}]", "missing_required_parameter",
      "tools[0].server_url" },
  { "'tools':[{'type':'mcp','server_label':'a','server_url':'https://b',"
    "'require_approval':'maybe'}]",
      "invalid_value", "tools[0].require_approval" },
  { "'tool_choice':'sometimes'", "invalid_value", "tool_choice" },
  { "'tool_choice':{'type':'function'}", "missing_required_parameter",
      "tool_choice.name" },
  { "'tool_choice':null", "invalid_type", "tool_choice" },
  { "'parallel_tool_calls':'yes'", "invalid_type", "parallel_tool_calls" },
  { "'reasoning':{'effort':'bogus'}", "invalid_value", "reasoning.effort" },
  { "'max_output_tokens':0", "integer_below_min_value", "max_output_tokens" },
  { "'max_output_tokens':4097", "integer_above_max_value",
      "max_output_tokens" },
  { "'max_output_tokens':'all'", "invalid_value", "max_output_tokens" },
  { "'max_output_tokens':1.5", "invalid_type", "max_output_tokens" },
  { "'prompt':{}", "missing_required_parameter", "prompt.id" },
  { "'tracing':'on'", "invalid_value", "tracing" },
  { "'tracing':{'name':'x'}", "unknown_parameter", "tracing.name" },
  { "'truncation':'none'", "invalid_value", "truncation" },
  { "'truncation':{'type':'retention_ratio'}", "missing_required_parameter",
      "truncation.retention_ratio" },
  { "'truncation':{'type':'retention_ratio','retention_ratio':2}",
      "decimal_above_max_value", "truncation.retention_ratio" },
  { "'model':'gpt-realtime'", "invalid_value", "model" },
};

static void
test_refusals (Fixture *fixture, gconstpointer data)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (refusals); i++) {
    g_test_message ("%s", refusals[i].session);
    refuse (fixture->client, refusals[i].session, refusals[i].code,
        refusals[i].param);
  }
  g_assert_cmpuint (client_count (fixture->client, "session.updated"), ==, 0);
}

static void
test_messages (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  JsonObject *error;

  client_send (client,
      "{'type':'session.update','event_id':'mine',"
      "'session':{'type':'realtime',"
      "'reasoning':{'effort':'bogus'}}}");
  error = client_expect_error (client, "invalid_value");
  g_assert_cmpstr (json_text (error, "message"), ==,
      "Invalid value: 'bogus'. Supported values are: 'minimal', 'low', "
      "'medium', 'high', and 'xhigh'.");
  g_assert_cmpstr (json_text (error, "event_id"), ==, "mine");
  g_assert_cmpstr (json_text (error, "type"), ==, "invalid_request_error");
  client_send (client,
      "{'type':'session.update','session':"
      "{'type':'realtime','turn_detection':null}}");
  error = client_expect_error (client, "unknown_parameter");
  g_assert_cmpstr (json_text (error, "message"), ==,
      "Unknown parameter: 'session.turn_detection'.");
  g_assert_true (json_null (error, "event_id"));
  client_send (client, "{'type':'session.update'}");
  error = client_expect_error (client, "missing_required_parameter");
  g_assert_cmpstr (json_text (error, "message"), ==,
      "Missing required parameter: 'session'.");
}

static void
test_wants_type (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;

  client_expect_refusal (client,
      "{'type':'session.update','session':{'instructions':'x'}}",
      "missing_required_parameter", "session.type");
  client_expect_refusal (client,
      "{'type':'session.update','session':{'type':'translation'}}",
      "invalid_value", "session.type");
  client_expect_refusal (client,
      "{'type':'session.update','session':{'type':'transcription'}}",
      "invalid_parameter", "session.type");
}

/* One bad field keeps all others out. */
static void
test_nothing_applied (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  JsonObject *session;

  refuse (client,
      "'instructions':'changed','tools':[],'tool_choice':'none',"
      "'audio':{'output':{'speed':1.5,'voice':'nobody'}}",
      "invalid_value", "audio.output.voice");
  session = client_configure (client, "{'type':'realtime'}");
  g_assert_cmpstr (json_text (session, "tool_choice"), ==, "auto");
  g_assert_cmpstr (json_text (session, "instructions"), !=, "changed");
  g_assert_cmpfloat (
      json_node_get_double (json_at (session, "audio.output.speed")), ==, 1);
}

static void
test_merge (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  JsonObject *session = client_configure (client,
      "{'type':'realtime','model':'gpt-realtime-2','instructions':'Be brief.',"
      "'audio':{'input':{'transcription':{'model':'whisper-1','language':'de'},"
      "'noise_reduction':{'type':'near_field','strength':0.5},"
      "'turn_detection':{'type':'server_vad','threshold':0.7}}},"
      "'tools':[{'type':'function','name':'f','parameters':{'a':[1]}}],"
      "'prompt':{'id':'pmpt_1'},'include':null}");

  g_assert_cmpint (
      json_int (session, "audio.input.turn_detection.silence_duration_ms"), ==,
      200);
  session = client_configure (client,
      "{'type':'realtime','audio':{'input':{'transcription':{'language':'en'},"
      "'turn_detection':{'type':'server_vad','silence_duration_ms':640},"
      "'noise_reduction':{'type':'far_field'}},'output':{'voice':'cedar'}}}");
  g_assert_cmpstr (json_text (session, "instructions"), ==, "Be brief.");
  g_assert_cmpstr (
      json_text (session, "audio.input.transcription.model"), ==, "whisper-1");
  g_assert_cmpstr (
      json_text (session, "audio.input.transcription.language"), ==, "en");
  g_assert_cmpfloat (json_node_get_double (json_at (
                         session, "audio.input.turn_detection.threshold")),
      ==, 0.7);
  g_assert_cmpint (
      json_int (session, "audio.input.turn_detection.silence_duration_ms"), ==,
      640);
  g_assert_cmpfloat (json_node_get_double (json_at (
                         session, "audio.input.noise_reduction.strength")),
      ==, 0.5);
  g_assert_cmpstr (json_text (session, "audio.output.voice"), ==, "cedar");
  g_assert_cmpint (json_int (session, "tools[0].parameters.a[0]"), ==, 1);
}

static void
test_clear (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  JsonObject *session;

  client_configure (client,
      "{'type':'realtime','audio':{'input':{'transcription':{'model':"
      "'whisper-1'},'noise_reduction':{'type':'near_field'}}},"
      "'prompt':{'id':'p'},'tracing':'auto',"
      "'tools':[{'type':'function','name':'f'}]}");
  session = client_configure (client,
      "{'type':'realtime','audio':{'input':{'transcription':null,"
      "'noise_reduction':null,'turn_detection':null}},'prompt':null,"
      "'tracing':null,'tools':[],'instructions':''}");
  g_assert_true (json_null (session, "audio.input.transcription"));
  g_assert_true (json_null (session, "audio.input.noise_reduction"));
  g_assert_true (json_null (session, "audio.input.turn_detection"));
  g_assert_true (json_null (session, "prompt"));
  g_assert_true (json_null (session, "tracing"));
  g_assert_cmpstr (json_text (session, "instructions"), ==, "");
  /* Disabled for good. */
  refuse (client, "'tracing':'auto'", "invalid_value", "tracing");
  /* A detection that comes back has its defaults. */
  session = client_configure (client,
      "{'type':'realtime','audio':{'input':{'turn_detection':{'type':"
      "'semantic_vad'}}}}");
  g_assert_cmpstr (
      json_text (session, "audio.input.turn_detection.eagerness"), ==, "auto");
}

/* As the service was seen to do. */
static void
test_misspelt_transcription (Fixture *fixture, gconstpointer data)
{
  JsonObject *session = client_configure (fixture->client,
      "{'type':'realtime','audio':{'input':{'transcription':{'model':"
      "'whispr'}}}}");

  g_assert_true (json_null (session, "audio.input.transcription"));
}

static void
test_no_reasoning (Fixture *fixture, gconstpointer data)
{
  Client *client = client_open (
      fixture->sandbox, "/v1/realtime?model=gpt-realtime", NULL, NULL);

  client_wait (client, "session.created");
  refuse (client, "'reasoning':{'effort':'low'}", "unsupported_parameter",
      "reasoning");
  client_free (client);
}

static void
test_locks (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GByteArray) silence = make_silence (20);

  client_configure (client,
      "{'type':'realtime','audio':{'output':{'voice':'ash'},"
      "'input':{'format':{'type':'audio/pcm'}}}}");
  client_append (client, silence->data, silence->len);
  refuse (client, "'audio':{'input':{'format':{'type':'audio/pcmu'}}}",
      "invalid_value", "audio.input.format");
  client_send (client, "{'type':'response.create'}");
  client_wait (client, "response.done");
  refuse (client, "'instructions':'lost','audio':{'output':{'voice':'cedar'}}",
      "cannot_update_voice", "audio.output.voice");
  refuse (client, "'audio':{'output':{'format':{'type':'audio/pcma'}}}",
      "invalid_value", "audio.output.format");
  client_configure (client,
      "{'type':'realtime','audio':{'output':{'voice':'ash','speed':1.2}}}");
}

static void
test_speed_lock (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;

  client_send (client, "{'type':'response.create'}");
  client_wait (client, "response.created");
  refuse (client, "'audio':{'output':{'speed':1.2}}", "invalid_value",
      "audio.output.speed");
  client_configure (
      client, "{'type':'realtime','audio':{'output':{'speed':1}}}");
  client_send (client, "{'type':'response.cancel'}");
  client_wait (client, "response.done");
  client_configure (
      client, "{'type':'realtime','audio':{'output':{'speed':1.2}}}");
}

static void
test_mcp (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  JsonObject *started, *failed;

  client_configure (client,
      "{'type':'realtime','tools':[{'type':'mcp','server_label':'docs',"
      "'server_url':'https://mcp.example.net','allowed_tools':['a'],"
      "'require_approval':{'never':{'read_only':true}}}]}");
  started = client_wait (client, "mcp_list_tools.in_progress");
  failed = client_wait (client, "mcp_list_tools.failed");
  g_assert_cmpstr (
      json_text (started, "item_id"), ==, json_text (failed, "item_id"));
}

/* ---- events as such ---- */

static void
expect_text (Client *client, const gchar *text, const gchar *code)
{
  client_send_text (client, text);
  client_expect_error (client, code);
}

static void
test_events (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autofree gchar *id = g_strnfill (513, 'x');
  g_autofree gchar *long_id = g_strdup_printf (
      "{'type':'response.cancel','event_id':'%s'}", id);
  JsonObject *error;

  client_expect_refusal (client, "{}", "invalid_event", "type");
  client_expect_refusal (client, "{'type':5}", "invalid_type", "type");
  client_expect_refusal (client, "{'type':'session.refresh','event_id':'a'}",
      "invalid_value", "type");
  error = json_object_get_object_member (
      client_event (client, "error", client_count (client, "error") - 1),
      "error");
  g_assert_nonnull (strstr (json_text (error, "message"),
      "Supported values are: 'session.update', 'input_audio_buffer.append', "));
  g_assert_cmpstr (json_text (error, "event_id"), ==, "a");
  client_expect_refusal (
      client, "{'type':'response.cancel','foo':1}", "unknown_parameter", "foo");
  client_expect_refusal (
      client, long_id, "string_above_max_length", "event_id");
  client_expect_refusal (client, "{'type':'response.cancel','event_id':7}",
      "invalid_type", "event_id");
  client_expect_refusal (client, "{'type':'input_audio_buffer.append'}",
      "missing_required_parameter", "audio");
  client_expect_refusal (client,
      "{'type':'input_audio_buffer.append','audio':[]}", "invalid_type",
      "audio");
  client_expect_refusal (client,
      "{'type':'input_audio_buffer.append','audio':'!!!!'}", "invalid_value",
      "audio");
  client_expect_refusal (
      client, "{'type':'output_audio_buffer.clear'}", "invalid_event", "type");
}

/* Whatever is thrown at it, the session stays usable. */
static void
test_hostile (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autofree gchar *deep = g_strnfill (1000000, '[');
  g_autofree gchar *attack = g_strconcat ("{\"type\":", deep, NULL);

  expect_text (client, "", "invalid_json");
  expect_text (client, "hello", "invalid_json");
  expect_text (client, "[]", "invalid_json");
  expect_text (client, "{\"type\":\"response.cancel\"} {}", "invalid_json");
  expect_text (client, attack, "invalid_json");
  expect_text (client, deep, "invalid_json");
  expect_text (client, "{\"type\":\"\\ud800\"}", "invalid_json");
  expect_text (client,
      "{\"type\":\"session.update\",\"session\":{\"type\":\"realtime\","
      "\"audio\":{\"output\":{\"speed\":1e999}}}}",
      "decimal_above_max_value");
  soup_websocket_connection_send_binary (client->websocket, "{}", 2);
  client_expect_error (client, "invalid_event");
  client_fence (client);
}

/* The largest append fits, one that is larger does not. */
static void
test_large (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  gsize size = 15 * 1024 * 1024;
  g_autofree guint8 *zeros = g_malloc0 (size + 3);

  client_configure (
      client, "{'type':'realtime','audio':{'input':{'turn_detection':null}}}");
  client_append (client, zeros, size);
  client_fence (client);
  g_assert_cmpuint (sandbox_audio_bytes_received (fixture->sandbox), ==, size);
  client_append (client, zeros, size + 3);
  client_expect_error (client, "invalid_value");
  client_fence (client);
}

#define ADD(name, function, script)                                            \
  g_test_add ("/sandbox/config/" name, Fixture, script, fixture_set_up,        \
      function, fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("refusals", test_refusals, NULL);
  ADD ("messages", test_messages, NULL);
  ADD ("wants-type", test_wants_type, NULL);
  ADD ("nothing-applied", test_nothing_applied, NULL);
  ADD ("merge", test_merge, NULL);
  ADD ("clear", test_clear, NULL);
  ADD ("misspelt-transcription", test_misspelt_transcription, NULL);
  ADD ("no-reasoning", test_no_reasoning, NULL);
  ADD (
      "locks", test_locks, "{'turns':[{'say':[{'text':'Hm.','tone_ms':50}]}]}");
  ADD ("speed-lock", test_speed_lock, "{'turns':[{'hold':true}]}");
  ADD ("mcp", test_mcp, NULL);
  ADD ("events", test_events, NULL);
  ADD ("hostile", test_hostile, NULL);
  ADD ("large", test_large, NULL);
  return g_test_run ();
}
