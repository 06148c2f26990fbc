/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Client events: each is read again and compared with the documented form.
 */
#include "rt2protocol.h"

#include <math.h>
#include <string.h>
#include "rt2base64.h"
#include "rt2json.h"

#define MS G_GUINT64_CONSTANT (1000000)

/* @built is one line with the same value as @expected; takes @built. */
static void
assert_built (gchar *built, const gchar *expected)
{
  g_autofree gchar *text = built;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = rt2_json_parse (text, strlen (text), &error);
  g_autoptr (JsonNode) wanted = NULL;

  g_assert_no_error (error);
  g_assert_null (strchr (text, '\n'));
  wanted = rt2_json_parse (expected, strlen (expected), &error);
  g_assert_no_error (error);
  if (!json_node_equal (node, wanted))
    g_error ("%s is not %s", text, expected);
}

/* The session.update that says what @config asks for. */
static gchar *
build_update (
    const Rt2SessionConfig *config, gboolean with_voice, const gchar *event_id)
{
  g_autoptr (JsonObject)
      session = rt2_session_config_build (config, with_voice);

  return rt2_build_session_update (session, event_id);
}

static void
test_append (void)
{
  static const guint8 silence[8] = { 0 };
  g_autoptr (GString) out = g_string_new ("[");

  rt2_build_append (out, silence, 8);
  g_assert_cmpstr (out->str, ==,
      "[{\"type\":\"input_audio_buffer.append\",\"audio\":\"AAAAAAAAAAA=\"}");
}

static void
test_append_sizes (void)
{
  guint8 audio[64];

  for (guint size = 1; size <= sizeof audio; size++) {
    g_autoptr (GString) out = g_string_new (NULL);
    g_autoptr (JsonObject) object = NULL;
    g_autoptr (GBytes) bytes = NULL;
    const gchar *text;

    for (guint i = 0; i < size; i++)
      audio[i] = i * 37 + size;
    rt2_build_append (out, audio, size);
    object = rt2_json_parse_object (out->str, out->len, NULL);
    g_assert_nonnull (object);
    g_assert_cmpuint (json_object_get_size (object), ==, 2);
    text = rt2_json_string (object, "audio");
    bytes = rt2_base64_decode (text, strlen (text));
    g_assert_cmpmem (
        g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), audio, size);
  }
}

static void
test_buffer (void)
{
  assert_built (
      rt2_build_commit (NULL), "{\"type\":\"input_audio_buffer.commit\"}");
  assert_built (rt2_build_commit ("c-1"),
      "{\"type\":\"input_audio_buffer.commit\",\"event_id\":\"c-1\"}");
  assert_built (
      rt2_build_clear (NULL), "{\"type\":\"input_audio_buffer.clear\"}");
  assert_built (rt2_build_clear ("c-2"),
      "{\"type\":\"input_audio_buffer.clear\",\"event_id\":\"c-2\"}");
}

static void
test_text_items (void)
{
  assert_built (rt2_build_text_item ("usr_1", "root", RT2_ROLE_USER,
                    "What is on this picture?", "add-1"),
      "{\"type\":\"conversation.item.create\",\"event_id\":\"add-1\","
      "\"previous_item_id\":\"root\",\"item\":{\"id\":\"usr_1\","
      "\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":"
      "\"input_text\",\"text\":\"What is on this picture?\"}]}}");
  assert_built (rt2_build_text_item ("sys_1", NULL, RT2_ROLE_SYSTEM,
                    "The caller is now authenticated.", NULL),
      "{\"type\":\"conversation.item.create\",\"item\":{\"id\":\"sys_1\","
      "\"type\":\"message\",\"role\":\"system\",\"content\":[{\"type\":"
      "\"input_text\",\"text\":\"The caller is now authenticated.\"}]}}");
  assert_built (rt2_build_text_item (
                    NULL, NULL, RT2_ROLE_ASSISTANT, "Hello again.", NULL),
      "{\"type\":\"conversation.item.create\",\"item\":{\"type\":\"message\","
      "\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\","
      "\"text\":\"Hello again.\"}]}}");
}

/* Whatever the user types, the line stays JSON. */
static void
test_any_text (void)
{
  static const gchar *const texts[] = { "", "\"", "\\", "\\u0000", "a\nb\tc",
    "\x01\x1f\x7f", "</script>", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\",",
    "{\"a\":1}" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autofree gchar *line = rt2_build_text_item (
        NULL, NULL, RT2_ROLE_USER, texts[i], texts[i]);
    g_autoptr (JsonObject)
        object = rt2_json_parse_object (line, strlen (line), NULL);
    JsonArray *content;

    g_assert_nonnull (object);
    content = rt2_json_array (rt2_json_object (object, "item"), "content");
    g_assert_cmpstr (
        rt2_json_string (rt2_json_array_object (content, 0), "text"), ==,
        texts[i]);
    g_assert_cmpstr (rt2_json_string (object, "event_id"), ==, texts[i]);
  }
}

static void
test_bad_text (void)
{
  assert_built (rt2_build_function_output (NULL, NULL, "call_9", "a\xff", NULL),
      "{\"type\":\"conversation.item.create\",\"item\":{\"type\":"
      "\"function_call_output\",\"call_id\":\"call_9\","
      "\"output\":\"a\xef\xbf\xbd\"}}");
}

static void
test_items (void)
{
  assert_built (rt2_build_function_output (
                    NULL, NULL, "call_9", "{\"celsius\":21}", "o-1"),
      "{\"type\":\"conversation.item.create\",\"event_id\":\"o-1\",\"item\":"
      "{\"type\":\"function_call_output\",\"call_id\":\"call_9\","
      "\"output\":\"{\\\"celsius\\\":21}\"}}");
  assert_built (rt2_build_function_output (NULL, NULL, "call_9", "", NULL),
      "{\"type\":\"conversation.item.create\",\"item\":{\"type\":"
      "\"function_call_output\",\"call_id\":\"call_9\",\"output\":\"\"}}");
  assert_built (rt2_build_delete ("item_Aa9", "del-1"),
      "{\"type\":\"conversation.item.delete\",\"event_id\":\"del-1\","
      "\"item_id\":\"item_Aa9\"}");
  assert_built (rt2_build_truncate ("item_Aa9", 0, 1480, "tr-1"),
      "{\"type\":\"conversation.item.truncate\",\"event_id\":\"tr-1\","
      "\"item_id\":\"item_Aa9\",\"content_index\":0,\"audio_end_ms\":1480}");
  assert_built (rt2_build_truncate ("i", G_MAXUINT, G_MAXINT64, NULL),
      "{\"type\":\"conversation.item.truncate\",\"item_id\":\"i\","
      "\"content_index\":4294967295,\"audio_end_ms\":9223372036854775807}");
}

static void
test_responses (void)
{
  assert_built (
      rt2_build_response_create (NULL, NULL), "{\"type\":\"response.create\"}");
  assert_built (rt2_build_response_create (NULL, "rc-7"),
      "{\"type\":\"response.create\",\"event_id\":\"rc-7\",\"response\":"
      "{\"metadata\":{\"client_event_id\":\"rc-7\"}}}");
  assert_built (
      rt2_build_response_cancel (NULL, NULL), "{\"type\":\"response.cancel\"}");
  assert_built (rt2_build_response_cancel ("resp_Aa3", "x"),
      "{\"type\":\"response.cancel\",\"event_id\":\"x\","
      "\"response_id\":\"resp_Aa3\"}");
}

/* What the application says of a response, and our mark beside it. */
static void
test_response_parameters (void)
{
  assert_built (
      rt2_build_response_create ("{}", NULL), "{\"type\":\"response.create\"}");
  assert_built (rt2_build_response_create ("{}", "m"),
      "{\"type\":\"response.create\",\"event_id\":\"m\",\"response\":"
      "{\"metadata\":{\"client_event_id\":\"m\"}}}");
  assert_built (
      rt2_build_response_create (
          " {\"conversation\":\"none\",\n\"input\":[],\"x\":{\"y\":1.5}}", "m"),
      "{\"type\":\"response.create\",\"event_id\":\"m\",\"response\":"
      "{\"conversation\":\"none\",\"input\":[],\"x\":{\"y\":1.5},"
      "\"metadata\":{\"client_event_id\":\"m\"}}}");
  assert_built (rt2_build_response_create (
                    "{\"metadata\":{\"topic\":\"a \\\"b\\\"\"}}", "m"),
      "{\"type\":\"response.create\",\"event_id\":\"m\",\"response\":"
      "{\"metadata\":{\"topic\":\"a \\\"b\\\"\",\"client_event_id\":\"m\"}}}");
  assert_built (
      rt2_build_response_create ("{\"metadata\":{\"topic\":\"x\"}}", NULL),
      "{\"type\":\"response.create\",\"response\":"
      "{\"metadata\":{\"topic\":\"x\"}}}");
  assert_built (rt2_build_response_create ("{\"metadata\":null}", "m"),
      "{\"type\":\"response.create\",\"event_id\":\"m\",\"response\":"
      "{\"metadata\":{\"client_event_id\":\"m\"}}}");
}

/* The server takes 16 pairs: the application's go first. */
static void
test_response_metadata (void)
{
  for (guint n = 15; n <= 16; n++) {
    g_autoptr (GString) params = g_string_new ("{\"metadata\":{");
    g_autofree gchar *built = NULL;
    g_autoptr (JsonObject) object = NULL;
    JsonObject *metadata;

    for (guint i = 0; i < n; i++)
      g_string_append_printf (params, "%s\"k%u\":\"v\"", i > 0 ? "," : "", i);
    g_string_append (params, "}}");
    built = rt2_build_response_create (params->str, "m");
    object = rt2_json_parse_object (built, strlen (built), NULL);
    metadata = rt2_json_object (
        rt2_json_object (object, "response"), "metadata");
    g_assert_cmpuint (json_object_get_size (metadata), ==, 16);
    g_assert_cmpint (
        json_object_has_member (metadata, "client_event_id"), ==, n < 16);
    g_assert_cmpstr (rt2_json_string (object, "event_id"), ==, "m");
  }
}

static void
test_approval (void)
{
  assert_built (rt2_build_approval ("item_1", "mcpr_1", TRUE, "a"),
      "{\"type\":\"conversation.item.create\",\"event_id\":\"a\",\"item\":{"
      "\"type\":\"mcp_approval_response\",\"id\":\"item_1\","
      "\"approval_request_id\":\"mcpr_1\",\"approve\":true}}");
  assert_built (rt2_build_approval ("i", "a \"b\"", FALSE, NULL),
      "{\"type\":\"conversation.item.create\",\"item\":{"
      "\"type\":\"mcp_approval_response\",\"id\":\"i\","
      "\"approval_request_id\":\"a \\\"b\\\"\",\"approve\":false}}");
}

/* --- session.update --- */

#define UPDATE(input, output, rest)                                            \
  "{\"type\":\"session.update\",\"session\":{\"type\":\"realtime\","           \
  "\"output_modalities\":[\"audio\"],\"audio\":{\"input\":{" input             \
  "},\"output\":{" output "}}" rest "}}"
#define PCM "\"format\":{\"type\":\"audio/pcm\",\"rate\":24000}"
#define OFF ",\"transcription\":null"
#define MARIN ",\"voice\":\"marin\""
#define BOTH "\"create_response\":true,\"interrupt_response\":true}"
#define SERVER_VAD                                                             \
  ",\"turn_detection\":{\"type\":\"server_vad\",\"threshold\":0.5,"            \
  "\"prefix_padding_ms\":300,\"silence_duration_ms\":500," BOTH

static void
test_update_documented (void)
{
  g_autoptr (Rt2SessionConfig) config = rt2_session_config_new ();

  config->instructions = g_strdup ("You are a brief assistant.");
  config->reasoning_effort = g_strdup ("low");
  assert_built (build_update (config, TRUE, "cfg-1"),
      "{\"type\":\"session.update\",\"event_id\":\"cfg-1\",\"session\":{"
      "\"type\":\"realtime\",\"output_modalities\":[\"audio\"],"
      "\"instructions\":\"You are a brief assistant.\",\"audio\":{\"input\":{"
      "\"format\":{\"type\":\"audio/pcm\",\"rate\":24000},"
      "\"transcription\":null,\"turn_detection\":{\"type\":\"server_vad\","
      "\"threshold\":0.5,\"prefix_padding_ms\":300,\"silence_duration_ms\":500,"
      "\"create_response\":true,\"interrupt_response\":true}},\"output\":{"
      "\"format\":{\"type\":\"audio/pcm\",\"rate\":24000},\"voice\":"
      "\"marin\"}},\"reasoning\":{\"effort\":\"low\"}}}");
}

static void
test_update_least (void)
{
  g_autoptr (Rt2SessionConfig) config = rt2_session_config_new ();

  assert_built (
      build_update (config, FALSE, NULL), UPDATE (PCM OFF SERVER_VAD, PCM, ""));
  g_clear_pointer (&config->voice, g_free);
  assert_built (
      build_update (config, TRUE, NULL), UPDATE (PCM OFF SERVER_VAD, PCM, ""));
}

static void
test_update_empty_strings (void)
{
  g_autoptr (Rt2SessionConfig) config = rt2_session_config_new ();

  g_free (config->voice);
  g_free (config->vad_eagerness);
  config->voice = g_strdup ("");
  config->instructions = g_strdup ("");
  config->reasoning_effort = g_strdup ("");
  config->vad_eagerness = g_strdup ("");
  config->transcription_model = g_strdup ("");
  config->turn_detection = RT2_TURN_DETECTION_SEMANTIC_VAD;
  assert_built (build_update (config, TRUE, NULL),
      UPDATE (PCM OFF ",\"turn_detection\":{\"type\":\"semantic_vad\"," BOTH,
          PCM, ",\"instructions\":\"\""));
}

static void
test_update_semantic (void)
{
  g_autoptr (Rt2SessionConfig) config = rt2_session_config_new ();

  config->turn_detection = RT2_TURN_DETECTION_SEMANTIC_VAD;
  config->idle_timeout = 6000 * MS;
  config->interrupt_response = FALSE;
  config->create_response = FALSE;
  assert_built (build_update (config, TRUE, NULL),
      UPDATE (PCM OFF
          ",\"turn_detection\":{\"type\":\"semantic_vad\",\"eagerness\":"
          "\"auto\",\"create_response\":false,\"interrupt_response\":false}",
          PCM MARIN, ""));
}

static void
test_update_manual (void)
{
  g_autoptr (Rt2SessionConfig) config = rt2_session_config_new ();

  config->turn_detection = RT2_TURN_DETECTION_NONE;
  config->idle_timeout = 6000 * MS;
  config->transcription_model = g_strdup ("gpt-realtime-whisper");
  assert_built (build_update (config, TRUE, NULL),
      UPDATE (PCM ",\"transcription\":{\"model\":\"gpt-realtime-whisper\"},"
                  "\"turn_detection\":null",
          PCM MARIN, ""));
}

static void
test_update_formats (void)
{
  g_autoptr (Rt2SessionConfig) config = rt2_session_config_new ();

  config->input_format = RT2_AUDIO_FORMAT_PCMU;
  config->output_format = RT2_AUDIO_FORMAT_PCMA;
  assert_built (build_update (config, TRUE, NULL),
      UPDATE ("\"format\":{\"type\":\"audio/pcmu\"}" OFF SERVER_VAD,
          "\"format\":{\"type\":\"audio/pcma\"}" MARIN, ""));
}

/* One number of the turn detection that @config asks for. */
static void
assert_vad (
    const Rt2SessionConfig *config, const gchar *name, const gchar *expected)
{
  g_autofree gchar *line = build_update (config, TRUE, NULL);
  g_autoptr (JsonObject)
      object = rt2_json_parse_object (line, strlen (line), NULL);
  JsonObject *session = rt2_json_object (object, "session");
  JsonObject *audio = rt2_json_object (session, "audio");
  JsonObject *input = rt2_json_object (audio, "input");
  JsonObject *vad = rt2_json_object (input, "turn_detection");
  g_autofree gchar *text = rt2_json_member_text (vad, name);

  g_assert_nonnull (vad);
  g_assert_cmpstr (text, ==, expected);
}

static void
test_update_durations (void)
{
  g_autoptr (Rt2SessionConfig) config = rt2_session_config_new ();

  config->vad_prefix_padding = 300 * MS + MS / 2;
  config->vad_silence_duration = 300 * MS + MS / 2 - 1;
  assert_vad (config, "prefix_padding_ms", "301");
  assert_vad (config, "silence_duration_ms", "300");
  assert_vad (config, "idle_timeout_ms", NULL);
  config->vad_prefix_padding = 0;
  config->vad_silence_duration = G_MAXUINT64;
  config->idle_timeout = 6000 * MS;
  assert_vad (config, "prefix_padding_ms", "0");
  assert_vad (config, "silence_duration_ms", "18446744073710");
  assert_vad (config, "idle_timeout_ms", "6000");
  config->idle_timeout = 1;
  assert_vad (config, "idle_timeout_ms", NULL);
}

static void
test_update_threshold (void)
{
  static const struct {
    gdouble threshold;
    const gchar *text;
  } cases[] = {
    { 0.0, "0.0" },
    { 1.0, "1.0" },
    { 0.6, "0.6" },
    { 0.125, "0.125" },
    { -1.0, "0.0" },
    { 2.0, "1.0" },
    { NAN, "0.0" },
    { INFINITY, "1.0" },
    { -INFINITY, "0.0" },
  };
  g_autoptr (Rt2SessionConfig) config = rt2_session_config_new ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    config->vad_threshold = cases[i].threshold;
    assert_vad (config, "threshold", cases[i].text);
  }
}

static void
test_config_copy (void)
{
  g_autoptr (Rt2SessionConfig) config = rt2_session_config_new ();
  g_autoptr (Rt2SessionConfig) copy = NULL;
  g_autofree gchar *expected = NULL;

  config->instructions = g_strdup ("a");
  config->reasoning_effort = g_strdup ("high");
  config->transcription_model = g_strdup ("whisper-1");
  config->input_format = RT2_AUDIO_FORMAT_PCMU;
  config->idle_timeout = 5000 * MS;
  config->vad_threshold = 0.25;
  config->create_response = FALSE;
  expected = build_update (config, TRUE, NULL);
  copy = rt2_session_config_copy (config);
  config->instructions[0] = 'b';
  config->voice[0] = 'b';
  g_clear_pointer (&config, rt2_session_config_free);
  assert_built (build_update (copy, TRUE, NULL), expected);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/build/append", test_append);
  g_test_add_func ("/build/append-sizes", test_append_sizes);
  g_test_add_func ("/build/buffer", test_buffer);
  g_test_add_func ("/build/text-items", test_text_items);
  g_test_add_func ("/build/any-text", test_any_text);
  g_test_add_func ("/build/bad-text", test_bad_text);
  g_test_add_func ("/build/items", test_items);
  g_test_add_func ("/build/responses", test_responses);
  g_test_add_func ("/build/response-parameters", test_response_parameters);
  g_test_add_func ("/build/response-metadata", test_response_metadata);
  g_test_add_func ("/build/approval", test_approval);
  g_test_add_func ("/build/update-documented", test_update_documented);
  g_test_add_func ("/build/update-least", test_update_least);
  g_test_add_func ("/build/update-empty-strings", test_update_empty_strings);
  g_test_add_func ("/build/update-semantic", test_update_semantic);
  g_test_add_func ("/build/update-manual", test_update_manual);
  g_test_add_func ("/build/update-formats", test_update_formats);
  g_test_add_func ("/build/update-durations", test_update_durations);
  g_test_add_func ("/build/update-threshold", test_update_threshold);
  g_test_add_func ("/build/config-copy", test_config_copy);
  return g_test_run ();
}
