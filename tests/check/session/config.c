/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The configuration: each field at its place on the wire, in each type of
 * session, and nothing where nothing was set.
 */
#include "rt2config.h"

#include <string.h>

#include "rt2json.h"

/* --- fields by name --- */

typedef enum {
  STRING,
  BOOLEAN,
  NUMBER,
  UINT,
  NS,
  ENUM,
} Kind;

#define FIELD(KIND, NAME)                                                      \
  {                                                                            \
#NAME, KIND, G_STRUCT_OFFSET(Rt2SessionConfig, NAME)                       \
  }

static const struct {
  const gchar *name;
  Kind kind;
  gsize offset;
} fields[] = {
  FIELD (ENUM, type),
  FIELD (BOOLEAN, sideband),
  FIELD (STRING, model),
  FIELD (STRING, instructions),
  FIELD (STRING, voice),
  FIELD (STRING, reasoning_effort),
  FIELD (BOOLEAN, text_only),
  FIELD (NUMBER, speed),
  FIELD (UINT, max_output_tokens),
  FIELD (ENUM, input_format),
  FIELD (ENUM, output_format),
  FIELD (STRING, noise_reduction),
  FIELD (ENUM, turn_detection),
  FIELD (NUMBER, vad_threshold),
  FIELD (NS, vad_prefix_padding),
  FIELD (NS, vad_silence_duration),
  FIELD (STRING, vad_eagerness),
  FIELD (NS, idle_timeout),
  FIELD (BOOLEAN, create_response),
  FIELD (BOOLEAN, interrupt_response),
  FIELD (NS, min_interruption),
  FIELD (BOOLEAN, guards_speech),
  FIELD (STRING, transcription_model),
  FIELD (STRING, transcription_language),
  FIELD (STRING, transcription_prompt),
  FIELD (STRING, transcription_delay),
  FIELD (STRING, language),
  FIELD (STRING, tools),
  FIELD (STRING, tool_choice),
  FIELD (BOOLEAN, parallel_tool_calls),
  FIELD (STRING, truncation),
  FIELD (STRING, prompt),
  FIELD (STRING, tracing),
  FIELD (STRING, include),
  FIELD (STRING, overlay),
  FIELD (STRING, update),
};

static void
set_value (gpointer member, Kind kind, const gchar *value)
{
  switch (kind) {
    case STRING:
      g_free (*(gchar **) member);
      *(gchar **) member = g_strdup (value);
      break;
    case NUMBER:
      *(gdouble *) member = g_ascii_strtod (value, NULL);
      break;
    case NS:
      *(guint64 *) member = g_ascii_strtoull (value, NULL, 10);
      break;
    default:
      *(gint *) member = g_ascii_strtoll (value, NULL, 10);
      break;
  }
}

static void
set_field (Rt2SessionConfig *config, const gchar *name, const gchar *value)
{
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
    if (!g_str_equal (fields[i].name, name))
      continue;
    set_value (
        G_STRUCT_MEMBER_P (config, fields[i].offset), fields[i].kind, value);
    return;
  }
  g_error ("no field %s", name);
}

/* "name=value|name=value"; single quotes stand for double ones. */
static void
set_fields (Rt2SessionConfig *config, const gchar *text)
{
  g_autofree gchar *quoted = g_strdelimit (g_strdup (text), "'", '"');
  g_auto (GStrv) all = g_strsplit (quoted, "|", -1);

  for (guint i = 0; all[i]; i++) {
    g_auto (GStrv) pair = g_strsplit (all[i], "=", 2);

    set_field (config, pair[0], pair[1]);
  }
}

static Rt2SessionConfig *
make_config (const gchar *text)
{
  Rt2SessionConfig *config = rt2_session_config_new ();

  set_fields (config, text);
  return config;
}

/* --- comparing --- */

/* Single quotes stand for double ones. */
static JsonObject *
json (const gchar *text)
{
  g_autofree gchar *quoted = g_strdelimit (g_strdup (text), "'", '"');
  g_autoptr (GError) error = NULL;
  JsonObject *object = rt2_json_parse_object (quoted, strlen (quoted), &error);

  g_assert_no_error (error);
  return object;
}

static void append_sorted (GString *out, JsonNode *node);

static void
append_object (GString *out, JsonObject *object)
{
  g_autoptr (GList) names = g_list_sort (
      json_object_get_members (object), (GCompareFunc) g_strcmp0);

  g_string_append_c (out, '{');
  for (GList *l = names; l; l = l->next) {
    g_string_append_printf (out, "%s:", (const gchar *) l->data);
    append_sorted (out, json_object_get_member (object, l->data));
    g_string_append_c (out, ' ');
  }
  g_string_append_c (out, '}');
}

static void
append_sorted (GString *out, JsonNode *node)
{
  g_autofree gchar *text = NULL;

  if (JSON_NODE_HOLDS_OBJECT (node)) {
    append_object (out, json_node_get_object (node));
    return;
  }
  if (JSON_NODE_HOLDS_ARRAY (node)) {
    JsonArray *array = json_node_get_array (node);

    g_string_append_c (out, '[');
    for (guint i = 0; i < json_array_get_length (array); i++)
      append_sorted (out, json_array_get_element (array, i));
    g_string_append_c (out, ']');
    return;
  }
  text = json_to_string (node, FALSE);
  g_string_append (out, text);
}

/* As text that does not depend on the order of members; numbers are as they go
 * over the wire. */
static gchar *
sorted (JsonObject *object)
{
  g_autofree gchar *wire = rt2_json_to_text (object);
  g_autoptr (JsonObject) read = json (wire);
  GString *out = g_string_new (NULL);

  append_object (out, read);
  return g_string_free (out, FALSE);
}

static void
assert_json (JsonObject *got, const gchar *wanted)
{
  g_autoptr (JsonObject) object = json (wanted);
  g_autofree gchar *got_text = sorted (got);
  g_autofree gchar *wanted_text = sorted (object);

  g_assert_cmpstr (got_text, ==, wanted_text);
}

/* The object at @path, names with dots between. */
static JsonObject *
find (JsonObject *object, const gchar *path)
{
  g_auto (GStrv) names = g_strsplit (path, ".", -1);

  for (guint i = 0; names[i]; i++)
    object = rt2_json_object (object, names[i]);
  g_assert_nonnull (object);
  return object;
}

static void
assert_built (const Rt2SessionConfig *config, const gchar *wanted)
{
  g_autoptr (JsonObject) got = rt2_session_config_build (config, TRUE);

  assert_json (got, wanted);
}

/* What @assignments make of @base is @wanted of it, with @patch laid over. */
static void
assert_patched (const gchar *base, const gchar *assignments, const gchar *patch)
{
  g_autoptr (Rt2SessionConfig) plain = make_config (base);
  g_autoptr (Rt2SessionConfig) config = make_config (base);
  g_autoptr (JsonObject) wanted = rt2_session_config_build (plain, TRUE);
  g_autoptr (JsonObject) over = json (patch);
  g_autofree gchar *text = NULL;

  g_test_message ("%s + %s", base, assignments);
  set_fields (config, assignments);
  rt2_json_lay_over (wanted, over);
  text = rt2_json_to_text (wanted);
  assert_built (config, text);
}

/* --- whole objects --- */

#define PCM "{'type':'audio/pcm','rate':24000}"

/* A session that nothing was set for: what must be set always, and nothing
 * else. */
static void
test_realtime (void)
{
  g_autoptr (Rt2SessionConfig) config = rt2_session_config_new ();

  assert_built (config,
      "{'type':'realtime','output_modalities':['audio'],"
      "'audio':{'input':{'format':" PCM ",'transcription':null,"
      "'turn_detection':{'type':'server_vad','threshold':0.5,"
      "'prefix_padding_ms':300,'silence_duration_ms':500,"
      "'create_response':true,'interrupt_response':true}},"
      "'output':{'format':" PCM ",'voice':'marin'}}}");
}

static void
test_transcription (void)
{
  g_autoptr (Rt2SessionConfig)
      vad = make_config ("type=1|model=gpt-4o-transcribe");
  g_autoptr (Rt2SessionConfig)
      stream = make_config ("type=1|model=gpt-realtime-whisper");
  g_autoptr (Rt2SessionConfig)
      live = make_config ("type=1|model=gpt-live-transcribe");

  assert_built (vad,
      "{'type':'transcription','audio':{'input':{'format':" PCM
      ",'transcription':{'model':'gpt-4o-transcribe'},"
      "'turn_detection':{'type':'server_vad','threshold':0.5,"
      "'prefix_padding_ms':300,'silence_duration_ms':500}}}}");
  assert_built (stream,
      "{'type':'transcription','audio':{'input':{'format':" PCM
      ",'transcription':{'model':'gpt-realtime-whisper'},"
      "'turn_detection':null}}}");
  assert_built (live,
      "{'type':'transcription','audio':{'input':{'format':" PCM
      ",'transcription':{'model':'gpt-live-transcribe'},"
      "'turn_detection':null}}}");
}

/* Its session.update has no type, no format and no turns. */
static void
test_translation (void)
{
  g_autoptr (Rt2SessionConfig)
      config = make_config ("type=2|model=gpt-realtime-translate|language=fr");

  assert_built (config, "{'audio':{'output':{'language':'fr'}}}");
}

/* --- each field, and each type --- */

typedef struct {
  const gchar *assignments;
  const gchar *patch;
} Case;

static void
run_cases (const gchar *base, const Case *cases, guint n)
{
  for (guint i = 0; i < n; i++)
    assert_patched (base, cases[i].assignments, cases[i].patch);
}

#define TOOLS                                                                  \
  "[{'type':'function','name':'f','parameters':{}},"                           \
  "{'type':'mcp','server_label':'docs','server_url':'https://a.invalid'}]"

static void
test_agent_fields (void)
{
  static const Case cases[] = {
    { "instructions=Be brief.", "{'instructions':'Be brief.'}" },
    { "instructions=", "{'instructions':''}" },
    { "instructions=\n\\ \xc3\xa9", "{'instructions':'\\n\\\\ \xc3\xa9'}" },
    { "voice=cedar", "{'audio':{'output':{'voice':'cedar'}}}" },
    { "voice=voice_123", "{'audio':{'output':{'voice':'voice_123'}}}" },
    { "speed=0.25", "{'audio':{'output':{'speed':0.25}}}" },
    { "speed=1.5", "{'audio':{'output':{'speed':1.5}}}" },
    { "speed=1.0", "{}" },
    { "reasoning_effort=minimal", "{'reasoning':{'effort':'minimal'}}" },
    { "reasoning_effort=xhigh", "{'reasoning':{'effort':'xhigh'}}" },
    { "reasoning_effort=", "{}" },
    { "text_only=1", "{'output_modalities':['text']}" },
    { "max_output_tokens=1", "{'max_output_tokens':1}" },
    { "max_output_tokens=4096", "{'max_output_tokens':4096}" },
    { "max_output_tokens=0", "{}" },
    { "tools=" TOOLS, "{'tools':" TOOLS "}" },
    { "tools=", "{}" },
    { "tools=[]", "{'tools':[]}" },
    { "tool_choice=required", "{'tool_choice':'required'}" },
    { "tool_choice={'type':'function','name':'f'}",
        "{'tool_choice':{'type':'function','name':'f'}}" },
    { "parallel_tool_calls=0", "{'parallel_tool_calls':false}" },
    { "parallel_tool_calls=1", "{}" },
    { "truncation=disabled", "{'truncation':'disabled'}" },
    { "truncation={'type':'retention_ratio','retention_ratio':0.8}",
        "{'truncation':{'type':'retention_ratio','retention_ratio':0.8}}" },
    { "prompt=pmpt_1", "{'prompt':{'id':'pmpt_1'}}" },
    { "prompt={'id':'pmpt_1','version':'2','variables':{'a':'b'}}",
        "{'prompt':{'id':'pmpt_1','version':'2','variables':{'a':'b'}}}" },
    { "tracing=auto", "{'tracing':'auto'}" },
    { "tracing={'workflow_name':'w'}", "{'tracing':{'workflow_name':'w'}}" },
    { "include=a.b, c ", "{'include':['a.b','c']}" },
    { "include=['a.b']", "{'include':['a.b']}" },
    { "include=", "{}" },
    { "model=gpt-realtime-2.1", "{}" },
    { "language=fr", "{}" },
  };

  run_cases ("type=0", cases, G_N_ELEMENTS (cases));
}

#define VAD(MEMBER, VALUE)                                                     \
  "{'audio':{'input':{'turn_detection':{'" MEMBER "':" VALUE "}}}}"
#define TRANSCRIPTION(MEMBERS)                                                 \
  "{'audio':{'input':{'transcription':{" MEMBERS "}}}}"

/* What the way in has, in a conversation and in a transcription. */
static void
test_input_fields (void)
{
  static const Case cases[] = {
    { "noise_reduction=near_field",
        "{'audio':{'input':{'noise_reduction':{'type':'near_field'}}}}" },
    { "noise_reduction=far_field",
        "{'audio':{'input':{'noise_reduction':{'type':'far_field'}}}}" },
    { "noise_reduction=", "{}" },
    { "vad_threshold=0", VAD ("threshold", "0.0") },
    { "vad_threshold=0.75", VAD ("threshold", "0.75") },
    { "vad_threshold=1", VAD ("threshold", "1.0") },
    { "vad_prefix_padding=0", VAD ("prefix_padding_ms", "0") },
    { "vad_prefix_padding=120000000", VAD ("prefix_padding_ms", "120") },
    { "vad_prefix_padding=120499999", VAD ("prefix_padding_ms", "120") },
    { "vad_prefix_padding=120500000", VAD ("prefix_padding_ms", "121") },
    { "vad_silence_duration=0", VAD ("silence_duration_ms", "0") },
    { "vad_silence_duration=700000000", VAD ("silence_duration_ms", "700") },
    { "idle_timeout=0", "{}" },
    { "idle_timeout=5000000000", VAD ("idle_timeout_ms", "5000") },
    { "vad_eagerness=low", "{}" },
    { "turn_detection=2", "{'audio':{'input':{'turn_detection':null}}}" },
    { "include=x", "{'include':['x']}" },
  };

  run_cases ("type=0", cases, G_N_ELEMENTS (cases));
  run_cases ("type=1|model=gpt-4o-transcribe", cases, G_N_ELEMENTS (cases));
}

static void
test_turns (void)
{
  static const Case cases[] = {
    { "create_response=0", VAD ("create_response", "false") },
    { "interrupt_response=0", VAD ("interrupt_response", "false") },
  };
  g_autoptr (Rt2SessionConfig) semantic = make_config (
      "type=0|turn_detection=1|vad_eagerness=high|idle_timeout=5000000000");
  g_autoptr (Rt2SessionConfig) written = make_config (
      "type=1|model=whisper-1|turn_detection=1|vad_eagerness=low");
  g_autoptr (JsonObject) spoken = rt2_session_config_build (semantic, TRUE);
  g_autoptr (JsonObject) text = rt2_session_config_build (written, TRUE);

  run_cases ("type=0", cases, G_N_ELEMENTS (cases));
  assert_json (find (spoken, "audio.input.turn_detection"),
      "{'type':'semantic_vad','eagerness':'high','create_response':true,"
      "'interrupt_response':true}");
  /* Nobody answers in a transcription. */
  assert_json (find (text, "audio.input.turn_detection"),
      "{'type':'semantic_vad','eagerness':'low'}");
}

static void
test_transcriber (void)
{
  static const Case conversation[] = {
    { "transcription_model=gpt-realtime-whisper",
        TRANSCRIPTION ("'model':'gpt-realtime-whisper'") },
    { "transcription_model=m|transcription_language=de|"
      "transcription_prompt=Names.|transcription_delay=high",
        TRANSCRIPTION ("'model':'m','language':'de','prompt':'Names.',"
                       "'delay':'high'") },
    { "transcription_model=", "{}" },
    /* Nothing to hang it on. */
    { "transcription_language=de", "{}" },
  };
  static const Case written[] = {
    { "transcription_language=de", TRANSCRIPTION ("'language':'de'") },
    { "transcription_prompt=Names.", TRANSCRIPTION ("'prompt':'Names.'") },
    { "transcription_delay=minimal", TRANSCRIPTION ("'delay':'minimal'") },
    { "transcription_delay=", "{}" },
    { "model=whisper-1", TRANSCRIPTION ("'model':'whisper-1'") },
  };

  run_cases ("type=0", conversation, G_N_ELEMENTS (conversation));
  run_cases ("type=1|model=gpt-4o-transcribe", written, G_N_ELEMENTS (written));
}

/* What an agent has is nothing to a transcription or a translation. */
#define AGENT                                                                  \
  "instructions=x|voice=cedar|speed=1.5|reasoning_effort=low|text_only=1|"     \
  "max_output_tokens=5|tools=[]|tool_choice=auto|parallel_tool_calls=0|"       \
  "truncation=auto|prompt=p|tracing=auto|create_response=0|"                   \
  "interrupt_response=0|output_format=1"

static void
test_other_types (void)
{
  static const Case translation[] = {
    { AGENT, "{}" },
    { "include=x|transcription_language=de|transcription_prompt=p|"
      "transcription_delay=low|input_format=1|turn_detection=1",
        "{}" },
    { "noise_reduction=far_field",
        "{'audio':{'input':{'noise_reduction':{'type':'far_field'}}}}" },
    { "transcription_model=gpt-realtime-whisper|transcription_language=de|"
      "transcription_delay=low",
        TRANSCRIPTION ("'model':'gpt-realtime-whisper'") },
    { "language=ja", "{'audio':{'output':{'language':'ja'}}}" },
  };

  assert_patched ("type=1|model=whisper-1", AGENT, "{}");
  assert_patched ("type=1|model=whisper-1", "language=fr", "{}");
  run_cases ("type=2|language=en", translation, G_N_ELEMENTS (translation));
}

static void
test_unset_language (void)
{
  g_autoptr (Rt2SessionConfig) config = make_config ("type=2");
  g_autoptr (JsonObject) session = rt2_session_config_build (config, TRUE);

  g_assert_false (json_object_has_member (session, "type"));
  g_assert_null (rt2_json_string (
      rt2_json_object (rt2_json_object (session, "audio"), "output"),
      "language"));
}

/* G.711 has no rate, there is only one. */
static void
test_formats (void)
{
  g_autoptr (Rt2SessionConfig)
      config = make_config ("input_format=1|output_format=2");
  g_autoptr (JsonObject) session = rt2_session_config_build (config, TRUE);

  assert_json (find (session, "audio.input.format"), "{'type':'audio/pcmu'}");
  assert_json (find (session, "audio.output.format"), "{'type':'audio/pcma'}");
}

/* The call that a sideband joins has its audio and its turns from whoever
 * opened it, and words that nobody asked for are left as they are. */
static void
test_sideband (void)
{
  g_autoptr (Rt2SessionConfig) plain = make_config ("sideband=1|voice=");
  g_autoptr (Rt2SessionConfig)
      written = make_config ("sideband=1|voice=|text_only=1");
  g_autoptr (Rt2SessionConfig) full = make_config (
      "sideband=1|voice=cedar|instructions=x|transcription_model=whisper-1|"
      "noise_reduction=near_field|turn_detection=2|input_format=1|"
      "output_format=2|tools=[]");

  assert_patched ("sideband=1",
      "turn_detection=1|idle_timeout=5000000000|"
      "vad_threshold=0.1|input_format=2",
      "{}");
  assert_built (plain, "{'type':'realtime','audio':{'input':{},'output':{}}}");
  assert_built (written,
      "{'type':'realtime','output_modalities':['text'],"
      "'audio':{'input':{},'output':{}}}");
  assert_built (full,
      "{'type':'realtime',"
      "'instructions':'x','tools':[],'audio':{'input':{"
      "'noise_reduction':{'type':'near_field'},"
      "'transcription':{'model':'whisper-1'}},"
      "'output':{'voice':'cedar'}}}");
}

static void
test_voice (void)
{
  g_autoptr (Rt2SessionConfig) config = make_config (
      "voice=cedar|speed=1.25|overlay={'audio':{'output':{'voice':"
      "{'id':'voice_1'},'x':1}}}");
  g_autoptr (JsonObject) with = rt2_session_config_build (config, TRUE);
  g_autoptr (JsonObject) without = rt2_session_config_build (config, FALSE);

  assert_json (find (with, "audio.output"),
      "{'format':" PCM ",'voice':{'id':'voice_1'},'speed':1.25,'x':1}");
  assert_json (
      find (without, "audio.output"), "{'format':" PCM ",'speed':1.25,'x':1}");
}

/* --- the overlay --- */

static void
test_overlay (void)
{
  static const Case cases[] = {
    { "overlay={'instructions':'y'}", "{'instructions':'y'}" },
    { "instructions=x|overlay={'instructions':'y'}", "{'instructions':'y'}" },
    { "overlay={'audio':{'input':{'turn_detection':null}}}",
        "{'audio':{'input':{'turn_detection':null}}}" },
    { "overlay={'tracing':null}", "{'tracing':null}" },
    { "overlay={'audio':{'input':{'turn_detection':{'threshold':0.9}}}}",
        VAD ("threshold", "0.9") },
    { "overlay={'audio':{'input':{'noise_reduction':{'type':'near_field',"
      "'strength':0.5}}}}",
        "{'audio':{'input':{'noise_reduction':{'type':'near_field',"
        "'strength':0.5}}}}" },
    { "overlay={'of_next_year':{'a':[1,{'b':2.5}]},'type':'new'}",
        "{'of_next_year':{'a':[1,{'b':2.5}]},'type':'new'}" },
    { "tools=[{'a':1}]|overlay={'tools':[]}", "{'tools':[]}" },
    { "overlay={'output_modalities':['text','audio']}",
        "{'output_modalities':['text','audio']}" },
    { "overlay=", "{}" },
  };

  run_cases ("type=0", cases, G_N_ELEMENTS (cases));
  assert_patched ("type=1|model=whisper-1",
      "overlay={'audio':{'input':{'transcription':{'keywords':['a']}}}}",
      TRANSCRIPTION ("'keywords':['a']"));
  assert_patched ("type=2|language=fr",
      "overlay={'audio':{'output':{'language':'de'}}}",
      "{'audio':{'output':{'language':'de'}}}");
}

/* --- clearing --- */

/* What is in the update from @before to @now, besides what @now says. */
static void
assert_cleared (const gchar *base, const gchar *before, const gchar *patch)
{
  g_autoptr (Rt2SessionConfig) old_config = make_config (base);
  g_autoptr (Rt2SessionConfig) new_config = make_config (base);
  g_autoptr (JsonObject) old = NULL;
  g_autoptr (JsonObject) now = rt2_session_config_build (new_config, TRUE);
  g_autoptr (JsonObject) wanted = rt2_session_config_build (new_config, TRUE);
  g_autoptr (JsonObject) over = json (patch);
  g_autofree gchar *text = NULL;

  g_test_message ("%s from %s", base, before);
  set_fields (old_config, before);
  old = rt2_session_config_build (old_config, TRUE);
  rt2_session_config_clear_missing (now, old);
  rt2_json_lay_over (wanted, over);
  text = rt2_json_to_text (wanted);
  assert_json (now, text);
}

static void
test_clear (void)
{
  static const Case cases[] = {
    { "instructions=x", "{'instructions':''}" },
    { "max_output_tokens=5", "{'max_output_tokens':'inf'}" },
    { "tools=[{'a':1}]", "{'tools':[]}" },
    { "tool_choice=required", "{'tool_choice':'auto'}" },
    { "tool_choice={'type':'function','name':'f'}", "{'tool_choice':'auto'}" },
    { "parallel_tool_calls=0", "{'parallel_tool_calls':true}" },
    { "truncation=disabled", "{'truncation':'auto'}" },
    { "prompt=p", "{'prompt':null}" },
    { "tracing=auto", "{'tracing':null}" },
    { "include=x", "{'include':[]}" },
    { "speed=1.5", "{'audio':{'output':{'speed':1.0}}}" },
    { "noise_reduction=near_field",
        "{'audio':{'input':{'noise_reduction':null}}}" },
    { "transcription_model=m", "{'audio':{'input':{'transcription':null}}}" },
    { "idle_timeout=5000000000", VAD ("idle_timeout_ms", "null") },
    { "overlay={'tools':[1],'instructions':'x'}",
        "{'tools':[],'instructions':''}" },
    { "turn_detection=2", "{}" },
    /* There is no value that stands for the server's own choice. */
    { "reasoning_effort=low", "{}" },
    { "overlay={'of_next_year':1}", "{}" },
    /* Another kind of turn detection: its members are no business of this. */
    { "turn_detection=1|vad_eagerness=low", "{}" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_cleared ("type=0", cases[i].assignments, cases[i].patch);
}

/* A prompt of the transcriber is a string, the agent's an object. */
static void
test_clear_transcriber (void)
{
  assert_cleared ("type=0|transcription_model=m", "transcription_prompt=x",
      TRANSCRIPTION ("'prompt':''"));
  assert_cleared ("type=1|model=whisper-1", "transcription_prompt=x",
      TRANSCRIPTION ("'prompt':''"));
  assert_cleared ("type=0|turn_detection=1",
      "turn_detection=0|"
      "idle_timeout=5000000000",
      "{}");
}

static void
test_clear_translation (void)
{
  assert_cleared ("type=2|language=fr", "transcription_model=m",
      "{'audio':{'input':{'transcription':null}}}");
  assert_cleared ("type=2|language=fr", "noise_reduction=near_field",
      "{'audio':{'input':{'noise_reduction':null}}}");
  assert_cleared ("type=2|language=fr",
      "transcription_model=m|noise_reduction=near_field",
      "{'audio':{'input':{'transcription':null,'noise_reduction':null}}}");
  assert_cleared ("type=2|language=fr", "language=de", "{}");
}

static void
test_clear_sideband (void)
{
  assert_cleared ("sideband=1|voice=", "transcription_model=m",
      "{'audio':{'input':{'transcription':null}}}");
  assert_cleared (
      "sideband=1|voice=", "speed=1.5", "{'audio':{'output':{'speed':1.0}}}");
  assert_cleared (
      "sideband=1|voice=", "text_only=1", "{'output_modalities':['audio']}");
}

/* What was cleared once stays so, and nothing is added twice. */
static void
test_clear_again (void)
{
  g_autoptr (Rt2SessionConfig) plain = rt2_session_config_new ();
  g_autoptr (Rt2SessionConfig) set = make_config ("tools=[1]|prompt=p");
  g_autoptr (JsonObject) first = rt2_session_config_build (set, TRUE);
  g_autoptr (JsonObject) second = rt2_session_config_build (plain, TRUE);
  g_autoptr (JsonObject) third = rt2_session_config_build (plain, TRUE);
  g_autofree gchar *text = NULL;

  rt2_session_config_clear_missing (second, first);
  rt2_session_config_clear_missing (third, second);
  text = rt2_json_to_text (second);
  assert_json (third, text);
}

/* --- checking --- */

static void
assert_refused (const gchar *field, const gchar *value, const gchar *member)
{
  g_autoptr (Rt2SessionConfig) config = rt2_session_config_new ();
  g_autoptr (GError) error = NULL;
  const gchar *got = NULL;

  g_test_message ("%s", field);
  set_field (config, field, value);
  g_assert_false (rt2_session_config_check (config, &got, &error));
  g_assert_cmpstr (got, ==, member);
  g_assert_nonnull (error);
  g_assert_nonnull (error->message);
}

static const struct {
  const gchar *field;
  const gchar *member;
  const gchar *wrong; /* JSON of a type that it must not be */
} json_fields[] = {
  { "tools", "tools", "{\"type\":\"function\"}" },
  { "tool_choice", "tool_choice", "[\"a\"]" },
  { "truncation", "truncation", "[]" },
  { "prompt", "prompt", "[]" },
  { "tracing", "tracing", "[]" },
  { "include", "include", "{}" },
  { "overlay", "session", "[]" },
};

static void
test_check (void)
{
  g_autofree gchar *deep = g_strnfill (100, '[');

  for (guint i = 0; i < G_N_ELEMENTS (json_fields); i++) {
    const gchar *field = json_fields[i].field;
    const gchar *member = json_fields[i].member;

    assert_refused (field, json_fields[i].wrong, member);
    assert_refused (field, "{\"a\":", member);
    assert_refused (field, "[1,]", member);
    assert_refused (field, " [\"\xff\"]", member);
    assert_refused (field, "{} {}", member);
    assert_refused (field, deep, member);
  }
  assert_refused ("tools", "auto", "tools");
  assert_refused ("tools", "null", "tools");
  assert_refused ("overlay", "auto", "session");
  assert_refused ("overlay", "1", "session");
}

static void
test_check_good (void)
{
  static const gchar *const good[] = { "type=0", "tools=[]",
    "tools=|overlay=|include=|prompt=", "tool_choice=auto",
    "tool_choice={'type':'mcp','server_label':'l'}", "truncation=auto",
    "tracing={}", "prompt=pmpt_1", "include=a,b", "include=[]", "overlay={}",
    "overlay= {'a':[1]} " };
  const gchar *member;

  for (guint i = 0; i < G_N_ELEMENTS (good); i++) {
    g_autoptr (Rt2SessionConfig) config = make_config (good[i]);
    g_autoptr (GError) error = NULL;

    g_assert_true (rt2_session_config_check (config, &member, &error));
    g_assert_no_error (error);
  }
}

/* --- small things --- */

static void
test_types_of_models (void)
{
  static const struct {
    const gchar *model;
    Rt2SessionType type;
  } cases[] = {
    { NULL, RT2_SESSION_TYPE_REALTIME },
    { "", RT2_SESSION_TYPE_REALTIME },
    { "gpt-realtime", RT2_SESSION_TYPE_REALTIME },
    { "gpt-realtime-2", RT2_SESSION_TYPE_REALTIME },
    { "gpt-realtime-2.1-mini", RT2_SESSION_TYPE_REALTIME },
    { "gpt-audio", RT2_SESSION_TYPE_REALTIME },
    { "somebody's own", RT2_SESSION_TYPE_REALTIME },
    { "gpt-realtime-translate", RT2_SESSION_TYPE_TRANSLATION },
    { "gpt-realtime-translate-2026-05-07", RT2_SESSION_TYPE_TRANSLATION },
    { "gpt-realtime-whisper", RT2_SESSION_TYPE_TRANSCRIPTION },
    { "gpt-live-transcribe", RT2_SESSION_TYPE_TRANSCRIPTION },
    { "gpt-transcribe", RT2_SESSION_TYPE_TRANSCRIPTION },
    { "gpt-4o-transcribe", RT2_SESSION_TYPE_TRANSCRIPTION },
    { "gpt-4o-mini-transcribe-2025-12-15", RT2_SESSION_TYPE_TRANSCRIPTION },
    { "gpt-4o-transcribe-diarize", RT2_SESSION_TYPE_TRANSCRIPTION },
    { "whisper-1", RT2_SESSION_TYPE_TRANSCRIPTION },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (
        rt2_session_type_of_model (cases[i].model), ==, cases[i].type);
}

static void
test_has_vad (void)
{
  static const struct {
    const gchar *config;
    gboolean has;
  } cases[] = {
    { "type=0", TRUE },
    { "type=0|turn_detection=1", TRUE },
    { "type=0|turn_detection=2", FALSE },
    { "type=0|model=gpt-realtime-2", TRUE },
    { "type=1|model=gpt-4o-transcribe", TRUE },
    { "type=1|model=whisper-1|turn_detection=1", TRUE },
    { "type=1|model=whisper-1|turn_detection=2", FALSE },
    { "type=1|model=gpt-realtime-whisper", FALSE },
    { "type=1|model=gpt-live-transcribe|turn_detection=1", FALSE },
    { "type=2|model=gpt-realtime-translate", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (Rt2SessionConfig) config = make_config (cases[i].config);

    g_test_message ("%s", cases[i].config);
    g_assert_cmpint (rt2_session_config_has_vad (config), ==, cases[i].has);
  }
}

/* A value for each field that is not its default. */
static void
set_all (Rt2SessionConfig *config, gchar letter)
{
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
    g_autofree gchar *value = fields[i].kind == STRING
        ? g_strdup_printf ("%c-%s", letter, fields[i].name)
        : g_strdup ("1");

    set_field (config, fields[i].name, value);
  }
}

static void
test_copy (void)
{
  Rt2SessionConfig *config = rt2_session_config_new ();
  g_autoptr (Rt2SessionConfig) copy = NULL;

  set_all (config, 'a');
  copy = rt2_session_config_copy (config);
  set_all (config, 'b');
  rt2_session_config_free (config);
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
    g_autofree gchar *wanted = g_strdup_printf ("a-%s", fields[i].name);
    gpointer member = G_STRUCT_MEMBER_P (copy, fields[i].offset);

    if (fields[i].kind == STRING)
      g_assert_cmpstr (*(gchar **) member, ==, wanted);
    else if (fields[i].kind == NUMBER)
      g_assert_cmpfloat (*(gdouble *) member, ==, 1.0);
    else
      g_assert_cmpint (*(gint *) member, ==, 1);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/config/realtime", test_realtime);
  g_test_add_func ("/config/transcription", test_transcription);
  g_test_add_func ("/config/translation", test_translation);
  g_test_add_func ("/config/agent-fields", test_agent_fields);
  g_test_add_func ("/config/input-fields", test_input_fields);
  g_test_add_func ("/config/turns", test_turns);
  g_test_add_func ("/config/transcriber", test_transcriber);
  g_test_add_func ("/config/other-types", test_other_types);
  g_test_add_func ("/config/unset-language", test_unset_language);
  g_test_add_func ("/config/formats", test_formats);
  g_test_add_func ("/config/sideband", test_sideband);
  g_test_add_func ("/config/voice", test_voice);
  g_test_add_func ("/config/overlay", test_overlay);
  g_test_add_func ("/config/clear", test_clear);
  g_test_add_func ("/config/clear-transcriber", test_clear_transcriber);
  g_test_add_func ("/config/clear-translation", test_clear_translation);
  g_test_add_func ("/config/clear-sideband", test_clear_sideband);
  g_test_add_func ("/config/clear-again", test_clear_again);
  g_test_add_func ("/config/check", test_check);
  g_test_add_func ("/config/check-good", test_check_good);
  g_test_add_func ("/config/types-of-models", test_types_of_models);
  g_test_add_func ("/config/has-vad", test_has_vad);
  g_test_add_func ("/config/copy", test_copy);
  return g_test_run ();
}
