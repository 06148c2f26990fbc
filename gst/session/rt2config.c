/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The `session` object. One function per object of the wire, named after it.
 */
#include "rt2config.h"

#include <string.h>

#include "rt2json.h"

#define NS_PER_MS 1000000

/* --- the struct --- */

/* Every string of the struct, for copying and freeing. */
static const gsize strings[] = {
  G_STRUCT_OFFSET (Rt2SessionConfig, model),
  G_STRUCT_OFFSET (Rt2SessionConfig, instructions),
  G_STRUCT_OFFSET (Rt2SessionConfig, voice),
  G_STRUCT_OFFSET (Rt2SessionConfig, reasoning_effort),
  G_STRUCT_OFFSET (Rt2SessionConfig, noise_reduction),
  G_STRUCT_OFFSET (Rt2SessionConfig, vad_eagerness),
  G_STRUCT_OFFSET (Rt2SessionConfig, transcription_model),
  G_STRUCT_OFFSET (Rt2SessionConfig, transcription_language),
  G_STRUCT_OFFSET (Rt2SessionConfig, transcription_prompt),
  G_STRUCT_OFFSET (Rt2SessionConfig, transcription_delay),
  G_STRUCT_OFFSET (Rt2SessionConfig, language),
  G_STRUCT_OFFSET (Rt2SessionConfig, tools),
  G_STRUCT_OFFSET (Rt2SessionConfig, tool_choice),
  G_STRUCT_OFFSET (Rt2SessionConfig, truncation),
  G_STRUCT_OFFSET (Rt2SessionConfig, prompt),
  G_STRUCT_OFFSET (Rt2SessionConfig, tracing),
  G_STRUCT_OFFSET (Rt2SessionConfig, include),
  G_STRUCT_OFFSET (Rt2SessionConfig, settable),
  G_STRUCT_OFFSET (Rt2SessionConfig, overlay),
  G_STRUCT_OFFSET (Rt2SessionConfig, update),
};

Rt2SessionConfig *
rt2_session_config_new (void)
{
  Rt2SessionConfig *config = g_new0 (Rt2SessionConfig, 1);

  config->voice = g_strdup ("marin");
  config->speed = 1.0;
  config->turn_detection = RT2_TURN_DETECTION_SERVER_VAD;
  config->vad_threshold = 0.5;
  config->vad_prefix_padding = (guint64) 300 * NS_PER_MS;
  config->vad_silence_duration = (guint64) 500 * NS_PER_MS;
  config->vad_eagerness = g_strdup ("auto");
  config->create_response = TRUE;
  config->interrupt_response = TRUE;
  config->parallel_tool_calls = TRUE;
  return config;
}

Rt2SessionConfig *
rt2_session_config_copy (const Rt2SessionConfig *config)
{
  Rt2SessionConfig *copy = g_new (Rt2SessionConfig, 1);

  *copy = *config;
  for (guint i = 0; i < G_N_ELEMENTS (strings); i++) {
    gchar **field = G_STRUCT_MEMBER_P (copy, strings[i]);

    *field = g_strdup (*field);
  }
  return copy;
}

void
rt2_session_config_free (Rt2SessionConfig *config)
{
  if (!config)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (strings); i++)
    g_free (G_STRUCT_MEMBER (gchar *, config, strings[i]));
  g_free (config);
}

/* Whole words of a name, so that gpt-realtime-2 is not gpt-realtime-translate.
 */
static gboolean
names (const gchar *model, const gchar *word)
{
  return model && strstr (model, word) != NULL;
}

Rt2SessionType
rt2_session_type_of_model (const gchar *model)
{
  if (names (model, "translate"))
    return RT2_SESSION_TYPE_TRANSLATION;
  if (names (model, "transcribe") || names (model, "whisper"))
    return RT2_SESSION_TYPE_TRANSCRIPTION;
  return RT2_SESSION_TYPE_REALTIME;
}

/* These stream their text as the speech comes in and refuse a VAD. */
static gboolean
transcribes_without_vad (const gchar *model)
{
  return names (model, "gpt-realtime-whisper")
      || names (model, "gpt-live-transcribe");
}

gboolean
rt2_session_config_has_vad (const Rt2SessionConfig *config)
{
  if (config->turn_detection == RT2_TURN_DETECTION_NONE
      || config->type == RT2_SESSION_TYPE_TRANSLATION)
    return FALSE;
  return config->type == RT2_SESSION_TYPE_REALTIME
      || !transcribes_without_vad (config->model);
}

gboolean
rt2_session_config_decides (const Rt2SessionConfig *config)
{
  return config->type == RT2_SESSION_TYPE_REALTIME && !config->sideband
      && rt2_session_config_has_vad (config)
      && (config->min_interruption > 0 || config->guards_speech);
}

/* --- members --- */

/* Whole milliseconds, rounded. */
static gint64
to_ms (guint64 ns)
{
  return ns / NS_PER_MS + (ns % NS_PER_MS >= NS_PER_MS / 2);
}

/* Left out if NULL or empty. */
static void
put_word (JsonObject *object, const gchar *name, const gchar *value)
{
  if (value && *value)
    json_object_set_string_member (object, name, value);
}

/* The object @name of @object, made if it is not there. */
static JsonObject *
inner (JsonObject *object, const gchar *name)
{
  JsonObject *member = rt2_json_object (object, name);

  if (!member) {
    member = json_object_new ();
    json_object_set_object_member (object, name, member);
  }
  return member;
}

/* Whether @value is meant as JSON and not as a word. */
static gboolean
looks_like_json (const gchar *value)
{
  value += strspn (value, " \t\r\n");
  return *value == '{' || *value == '[' || *value == '"';
}

/* @value as JSON, or as a string if it is a word. */
static void
put_json (JsonObject *object, const gchar *name, const gchar *value)
{
  JsonNode *node;

  if (!value || !*value)
    return;
  if (!looks_like_json (value)) {
    json_object_set_string_member (object, name, value);
    return;
  }
  node = rt2_json_parse (value, strlen (value), NULL);
  if (node)
    json_object_set_member (object, name, node);
}

/* Words with commas between as an array of strings; or JSON. */
static void
put_list (JsonObject *object, const gchar *name, const gchar *value)
{
  JsonArray *array;
  gchar **words;

  if (!value || !*value || looks_like_json (value)) {
    put_json (object, name, value);
    return;
  }
  array = json_array_new ();
  words = g_strsplit (value, ",", -1);
  for (guint i = 0; words[i]; i++)
    if (*g_strstrip (words[i]))
      json_array_add_string_element (array, words[i]);
  g_strfreev (words);
  json_object_set_array_member (object, name, array);
}

/* --- objects --- */

static void
put_format (JsonObject *direction, Rt2AudioFormat format)
{
  JsonObject *object = inner (direction, "format");

  json_object_set_string_member (
      object, "type", rt2_audio_format_name (format));
  if (format == RT2_AUDIO_FORMAT_PCM16)
    json_object_set_int_member (object, "rate", rt2_audio_format_rate (format));
}

static void
put_noise_reduction (JsonObject *input, const Rt2SessionConfig *config)
{
  if (config->noise_reduction && *config->noise_reduction)
    json_object_set_string_member (
        inner (input, "noise_reduction"), "type", config->noise_reduction);
}

/* @model NULL or empty turns it off; but what a call is that a sideband joins
 * was settled by others. */
static void
put_transcription (
    JsonObject *input, const Rt2SessionConfig *config, const gchar *model)
{
  JsonObject *object;

  if (!model || !*model) {
    if (!config->sideband)
      json_object_set_null_member (input, "transcription");
    return;
  }
  object = inner (input, "transcription");
  json_object_set_string_member (object, "model", model);
  put_word (object, "language", config->transcription_language);
  put_word (object, "prompt", config->transcription_prompt);
  put_word (object, "delay", config->transcription_delay);
}

static void
put_server_vad (JsonObject *object, const Rt2SessionConfig *config)
{
  gint64 idle = to_ms (config->idle_timeout);
  gdouble threshold = config->vad_threshold;

  /* Written so that NaN, too, ends inside the range. */
  if (!(threshold > 0.0))
    threshold = 0.0;
  json_object_set_double_member (object, "threshold", MIN (threshold, 1.0));
  json_object_set_int_member (
      object, "prefix_padding_ms", to_ms (config->vad_prefix_padding));
  json_object_set_int_member (
      object, "silence_duration_ms", to_ms (config->vad_silence_duration));
  if (idle > 0)
    json_object_set_int_member (object, "idle_timeout_ms", idle);
}

static void
put_turn_detection (JsonObject *input, const Rt2SessionConfig *config)
{
  gboolean ours = rt2_session_config_decides (config);
  JsonObject *object;

  if (!rt2_session_config_has_vad (config)) {
    json_object_set_null_member (input, "turn_detection");
    return;
  }
  object = inner (input, "turn_detection");
  if (config->turn_detection == RT2_TURN_DETECTION_SERVER_VAD) {
    json_object_set_string_member (object, "type", "server_vad");
    put_server_vad (object, config);
  } else {
    json_object_set_string_member (object, "type", "semantic_vad");
    put_word (object, "eagerness", config->vad_eagerness);
  }
  if (config->type != RT2_SESSION_TYPE_REALTIME)
    return;
  json_object_set_boolean_member (
      object, "create_response", config->create_response && !ours);
  json_object_set_boolean_member (
      object, "interrupt_response", config->interrupt_response && !ours);
}

static void
put_output (JsonObject *audio, const Rt2SessionConfig *config)
{
  JsonObject *output = inner (audio, "output");

  if (!config->sideband)
    put_format (output, config->output_format);
  put_word (output, "voice", config->voice);
  if (config->speed != 1.0)
    json_object_set_double_member (output, "speed", config->speed);
}

static void
put_input (
    JsonObject *audio, const Rt2SessionConfig *config, const gchar *transcriber)
{
  JsonObject *input = inner (audio, "input");

  if (!config->sideband) {
    put_format (input, config->input_format);
    put_turn_detection (input, config);
  }
  put_noise_reduction (input, config);
  put_transcription (input, config, transcriber);
}

static void
put_modalities (JsonObject *session, gboolean text_only)
{
  JsonArray *modalities = json_array_new ();

  json_array_add_string_element (modalities, text_only ? "text" : "audio");
  json_object_set_array_member (session, "output_modalities", modalities);
}

/* --- tools that the owner brings along --- */

static const struct {
  Rt2Builtin tool;
  const gchar *name;
  const gchar *definition; /* JSON */
} builtins[] = {
  { RT2_BUILTIN_WAIT_FOR_USER, "wait_for_user",
      "{\"type\":\"function\",\"name\":\"wait_for_user\",\"description\":"
      "\"Call this, and say nothing, when what was heard was not meant for you "
      "or needs no answer: silence, noise, a word to somebody else, hold "
      "music.\",\"parameters\":{\"type\":\"object\",\"properties\":{}}}" },
  { RT2_BUILTIN_END_SESSION, "end_session",
      "{\"type\":\"function\",\"name\":\"end_session\",\"description\":"
      "\"Ends the conversation once what you are saying has been heard. Say "
      "goodbye first.\",\"parameters\":{\"type\":\"object\",\"properties\":"
      "{}}}" },
  { RT2_BUILTIN_SET_PROPERTY, "set_property",
      "{\"type\":\"function\",\"name\":\"set_property\",\"description\":"
      "\"Sets a property of the programme.\",\"parameters\":{\"type\":"
      "\"object\",\"properties\":{\"property\":{\"type\":\"string\",\"enum\":"
      "[]},\"value\":{\"type\":\"string\"}},\"required\":[\"property\","
      "\"value\"]}}" },
  { RT2_BUILTIN_SEND_DTMF, "send_dtmf",
      "{\"type\":\"function\",\"name\":\"send_dtmf\",\"description\":"
      "\"Presses keys of a telephone.\",\"parameters\":{\"type\":\"object\","
      "\"properties\":{\"keys\":{\"type\":\"string\",\"pattern\":"
      "\"^[0-9*#A-D]{1,32}$\"}},\"required\":[\"keys\"]}}" },
};

const gchar *
rt2_builtin_name (Rt2Builtin tool)
{
  for (guint i = 0; i < G_N_ELEMENTS (builtins); i++)
    if (builtins[i].tool == tool)
      return builtins[i].name;
  return NULL;
}

Rt2Builtin
rt2_builtin_from_name (const gchar *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (builtins); i++)
    if (g_strcmp0 (builtins[i].name, name) == 0)
      return builtins[i].tool;
  return 0;
}

/* Names the properties that may be set, so that the model guesses at none. */
static void
list_settable (JsonObject *definition, const gchar *settable)
{
  JsonObject *parameters = rt2_json_object (definition, "parameters");
  JsonObject *properties = rt2_json_object (parameters, "properties");
  JsonArray *names = rt2_json_array (
      rt2_json_object (properties, "property"), "enum");
  gchar **words = g_strsplit (settable ? settable : "", ",", -1);

  for (gchar **word = words; names && *word; word++)
    if (*g_strstrip (*word))
      json_array_add_string_element (names, *word);
  g_strfreev (words);
}

static void
add_builtins (JsonArray *tools, const Rt2SessionConfig *config)
{
  for (guint i = 0; i < G_N_ELEMENTS (builtins); i++) {
    JsonObject *definition;

    if (!(config->builtin_tools & builtins[i].tool))
      continue;
    definition = rt2_json_parse_object (
        builtins[i].definition, strlen (builtins[i].definition), NULL);
    if (builtins[i].tool == RT2_BUILTIN_SET_PROPERTY)
      list_settable (definition, config->settable);
    json_array_add_object_element (tools, definition);
  }
}

static void
put_tools (JsonObject *session, const Rt2SessionConfig *config)
{
  put_json (session, "tools", config->tools);
  if (config->builtin_tools) {
    if (!rt2_json_array (session, "tools"))
      json_object_set_array_member (session, "tools", json_array_new ());
    add_builtins (rt2_json_array (session, "tools"), config);
  }
  put_json (session, "tool_choice", config->tool_choice);
  if (!config->parallel_tool_calls)
    json_object_set_boolean_member (session, "parallel_tool_calls", FALSE);
}

/* The id alone, or the object. */
static void
put_prompt (JsonObject *session, const gchar *prompt)
{
  if (!prompt || !*prompt)
    return;
  if (looks_like_json (prompt))
    put_json (session, "prompt", prompt);
  else
    json_object_set_string_member (inner (session, "prompt"), "id", prompt);
}

static void
fill_realtime (JsonObject *session, const Rt2SessionConfig *config)
{
  JsonObject *audio;

  json_object_set_string_member (session, "type", "realtime");
  /* How a call answers is settled where it was made, unless it is to write. */
  if (!config->sideband || config->text_only)
    put_modalities (session, config->text_only);
  if (config->instructions)
    json_object_set_string_member (
        session, "instructions", config->instructions);
  audio = inner (session, "audio");
  put_input (audio, config, config->transcription_model);
  put_output (audio, config);
  if (config->reasoning_effort && *config->reasoning_effort)
    json_object_set_string_member (
        inner (session, "reasoning"), "effort", config->reasoning_effort);
  if (config->max_output_tokens > 0)
    json_object_set_int_member (
        session, "max_output_tokens", config->max_output_tokens);
  put_tools (session, config);
  put_json (session, "truncation", config->truncation);
  put_prompt (session, config->prompt);
  put_json (session, "tracing", config->tracing);
  put_list (session, "include", config->include);
}

static void
fill_transcription (JsonObject *session, const Rt2SessionConfig *config)
{
  json_object_set_string_member (session, "type", "transcription");
  put_input (inner (session, "audio"), config, config->model);
  put_list (session, "include", config->include);
}

/* Its session.update has no type and no formats: PCM only. */
static void
fill_translation (JsonObject *session, const Rt2SessionConfig *config)
{
  JsonObject *audio = inner (session, "audio");

  if (config->noise_reduction && *config->noise_reduction)
    put_noise_reduction (inner (audio, "input"), config);
  if (config->transcription_model && *config->transcription_model)
    json_object_set_string_member (
        inner (inner (audio, "input"), "transcription"), "model",
        config->transcription_model);
  put_word (inner (audio, "output"), "language", config->language);
}

static void
lay_over (JsonObject *session, const gchar *overlay)
{
  JsonObject *object;

  if (!overlay || !*overlay)
    return;
  object = rt2_json_parse_object (overlay, strlen (overlay), NULL);
  if (!object)
    return;
  rt2_json_lay_over (session, object);
  json_object_unref (object);
}

JsonObject *
rt2_session_config_build (const Rt2SessionConfig *config, gboolean with_voice)
{
  JsonObject *session = json_object_new ();
  JsonObject *output;

  switch (config->type) {
    case RT2_SESSION_TYPE_TRANSCRIPTION:
      fill_transcription (session, config);
      break;
    case RT2_SESSION_TYPE_TRANSLATION:
      fill_translation (session, config);
      break;
    default:
      fill_realtime (session, config);
      break;
  }
  lay_over (session, config->overlay);
  lay_over (session, config->update);
  output = rt2_json_object (rt2_json_object (session, "audio"), "output");
  if (!with_voice && output && json_object_has_member (output, "voice"))
    json_object_remove_member (output, "voice");
  return session;
}

gchar *
rt2_session_config_merge_update (
    const gchar *update, const gchar *more, GError **error)
{
  JsonObject *new_one = rt2_json_parse_object (more, strlen (more), error);
  JsonObject *merged;
  gchar *text;

  if (!new_one)
    return NULL;
  merged = update ? rt2_json_parse_object (update, strlen (update), NULL)
                  : json_object_new ();
  rt2_json_lay_over (merged, new_one);
  text = rt2_json_to_text (merged);
  json_object_unref (merged);
  json_object_unref (new_one);
  return text;
}

/* --- clearing --- */

/* What the server takes as "back to your own choice", by the path of the
 * member. Members that are not listed can't be cleared; what is inside another
 * comes after it. */
static const struct {
  const gchar *path;
  const gchar *cleared; /* JSON */
} clearings[] = {
  { "output_modalities", "[\"audio\"]" },
  { "instructions", "\"\"" },
  { "max_output_tokens", "\"inf\"" },
  { "tools", "[]" },
  { "tool_choice", "\"auto\"" },
  { "parallel_tool_calls", "true" },
  { "truncation", "\"auto\"" },
  { "prompt", "null" },
  { "tracing", "null" },
  { "include", "[]" },
  { "audio.input.noise_reduction", "null" },
  { "audio.input.transcription", "null" },
  { "audio.input.transcription.prompt", "\"\"" },
  { "audio.input.turn_detection.idle_timeout_ms", "null" },
  { "audio.output.speed", "1.0" },
};

/* Whether both are the same kind of thing: one turn detection has not the
 * members of another. */
static gboolean
same_kind (JsonObject *a, JsonObject *b)
{
  return g_strcmp0 (rt2_json_string (a, "type"), rt2_json_string (b, "type"))
      == 0;
}

static void
clear_member (
    JsonObject *now, JsonObject *before, gchar **path, const gchar *cleared)
{
  if (!json_object_has_member (before, *path))
    return;
  if (!path[1]) {
    if (!json_object_has_member (now, *path))
      json_object_set_member (
          now, *path, rt2_json_parse (cleared, strlen (cleared), NULL));
    return;
  }
  before = rt2_json_object (before, *path);
  if (!before)
    return;
  now = json_object_has_member (now, *path) ? rt2_json_object (now, *path)
                                            : inner (now, *path);
  if (now && same_kind (now, before))
    clear_member (now, before, path + 1, cleared);
}

void
rt2_session_config_clear_missing (JsonObject *now, JsonObject *before)
{
  for (guint i = 0; i < G_N_ELEMENTS (clearings); i++) {
    gchar **path = g_strsplit (clearings[i].path, ".", -1);

    clear_member (now, before, path, clearings[i].cleared);
    g_strfreev (path);
  }
}

/* --- checking --- */

static gboolean
check_json (
    const gchar *value, gboolean word_too, JsonNodeType wanted, GError **error)
{
  JsonNode *node;
  gboolean fits;

  if (!value || !*value || (word_too && !looks_like_json (value)))
    return TRUE;
  node = rt2_json_parse (value, strlen (value), error);
  if (!node)
    return FALSE;
  fits = JSON_NODE_TYPE (node) == wanted
      || (word_too && JSON_NODE_HOLDS_VALUE (node));
  json_node_unref (node);
  if (!fits)
    g_set_error (error, RT2_JSON_ERROR, RT2_JSON_ERROR_TYPE, "it must be an %s",
        wanted == JSON_NODE_ARRAY ? "array" : "object");
  return fits;
}

gboolean
rt2_session_config_check (
    const Rt2SessionConfig *config, const gchar **member, GError **error)
{
  const struct {
    const gchar *member;
    const gchar *value;
    gboolean word_too;
    JsonNodeType wanted;
  } checks[] = {
    { "tools", config->tools, FALSE, JSON_NODE_ARRAY },
    { "tool_choice", config->tool_choice, TRUE, JSON_NODE_OBJECT },
    { "truncation", config->truncation, TRUE, JSON_NODE_OBJECT },
    { "prompt", config->prompt, TRUE, JSON_NODE_OBJECT },
    { "tracing", config->tracing, TRUE, JSON_NODE_OBJECT },
    { "include", config->include, TRUE, JSON_NODE_ARRAY },
    { "session", config->overlay, FALSE, JSON_NODE_OBJECT },
    { "update", config->update, FALSE, JSON_NODE_OBJECT },
  };

  for (guint i = 0; i < G_N_ELEMENTS (checks); i++) {
    if (check_json (
            checks[i].value, checks[i].word_too, checks[i].wanted, error))
      continue;
    *member = checks[i].member;
    return FALSE;
  }
  return TRUE;
}
