/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The session object: defaults, session.update, and the settings that the
 * other rooms need of it. */
#include "config.h"

#include <string.h>

#include "models.h"
#include "rules.h"

static const gchar default_instructions[] =
    "You are the sandbox of a voice application. You do not understand "
    "speech: say what can be known about the audio, and nothing more.";

static const gchar default_session[] =
    "{'output_modalities':['audio'],'instructions':'','tools':[],"
    "'tool_choice':'auto','max_output_tokens':'inf','tracing':null,"
    "'truncation':'auto','prompt':null,'expires_at':0,"
    "'audio':{'input':{'format':{'type':'audio/pcm','rate':24000},"
    "'transcription':null,'noise_reduction':null,"
    "'turn_detection':{'type':'server_vad'}},"
    "'output':{'format':{'type':'audio/pcm','rate':24000},"
    "'voice':'marin','speed':1.0}},'include':null}";

static const gchar default_transcription_session[] =
    "{'expires_at':0,'audio':{'input':{'format':{'type':'audio/pcm',"
    "'rate':24000},'transcription':null,'noise_reduction':null,"
    "'turn_detection':{'type':'server_vad','threshold':0.5,"
    "'prefix_padding_ms':300,'silence_duration_ms':200}}},'include':null}";
static const gchar default_translation_session[] =
    "{'expires_at':0,'audio':{'input':{'transcription':null,"
    "'noise_reduction':null},'output':{'language':'es'}}}";

/* How a translation's utterances are told apart. */
static const TurnSettings translation_turns = {
  .kind = TURN_SERVER, .threshold = 0.5, .silence_ms = 400
};

/* In the order of the wire. */
static const gchar default_server_vad[] =
    "{'type':'server_vad','threshold':0.5,'prefix_padding_ms':300,"
    "'silence_duration_ms':200,'idle_timeout_ms':null,"
    "'create_response':true,'interrupt_response':true}";
static const gchar default_semantic_vad[] =
    "{'type':'semantic_vad','eagerness':'auto','create_response':true,"
    "'interrupt_response':true}";

static JsonObject *
parse_template (const gchar *template)
{
  g_autofree gchar *text = g_strdelimit (g_strdup (template), "'", '"');
  g_autoptr (JsonObject) object = wire_parse (text, strlen (text));

  return wire_copy_object (object);
}

static gboolean
is_reasoning_model (const gchar *model)
{
  return g_str_has_prefix (model, "gpt-realtime-2")
      && !g_str_has_prefix (model, "gpt-realtime-2025");
}

static JsonObject *
input_of (Config *config)
{
  return wire_object (wire_object (config->session, "audio"), "input");
}

static JsonObject *
output_of (Config *config)
{
  return wire_object (wire_object (config->session, "audio"), "output");
}

/* How long semantic_vad, which here is a patient energy detector, waits. The
 * service's own upper limits are four times as long: a sandbox that lets a
 * user wait eight seconds teaches nothing. */
static guint
eagerness_to_ms (const gchar *eagerness)
{
  if (g_strcmp0 (eagerness, "low") == 0)
    return 2000;
  if (g_strcmp0 (eagerness, "high") == 0)
    return 500;
  return 1000;
}

static void
read_turns (TurnSettings *turns, JsonObject *object)
{
  *turns = (TurnSettings){ 0 };
  if (object == NULL)
    return;
  turns->create_response = wire_boolean (object, "create_response", TRUE);
  turns->interrupt_response = wire_boolean (object, "interrupt_response", TRUE);
  if (g_strcmp0 (wire_string (object, "type"), "semantic_vad") == 0) {
    turns->kind = TURN_SEMANTIC;
    turns->threshold = 0.5;
    turns->prefix_ms = 300;
    turns->silence_ms = eagerness_to_ms (wire_string (object, "eagerness"));
    return;
  }
  turns->kind = TURN_SERVER;
  turns->threshold = json_object_get_double_member (object, "threshold");
  turns->prefix_ms = wire_integer (object, "prefix_padding_ms", 300);
  turns->silence_ms = wire_integer (object, "silence_duration_ms", 200);
  turns->idle_ms = wire_integer (object, "idle_timeout_ms", 0);
}

const gchar *
config_voice_name (JsonNode *voice)
{
  if (voice == NULL)
    return NULL;
  if (JSON_NODE_HOLDS_OBJECT (voice))
    return wire_string (json_node_get_object (voice), "id");
  return json_node_get_string (voice);
}

/* By how much better text comes later; made up, the service gives no times. */
static guint
delay_to_ms (const gchar *delay)
{
  static const struct {
    const gchar *name;
    guint ms;
  } delays[] = { { "minimal", 0 }, { "low", 300 }, { "medium", 600 },
    { "high", 1000 }, { "xhigh", 2000 } };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (delays); i++)
    if (g_strcmp0 (delays[i].name, delay) == 0)
      return delays[i].ms;
  return 0;
}

static void
read_input (Config *config)
{
  JsonObject *input = input_of (config);
  JsonObject *transcription = wire_object (input, "transcription");
  JsonObject *format = wire_object (input, "format");

  config->input_format = format != NULL
      ? audio_format_from_name (wire_string (format, "type"))
      : AUDIO_PCM;
  config->transcription_model = transcription != NULL
      ? wire_string (transcription, "model")
      : NULL;
  config->transcription_delay_ms = transcription != NULL
      ? delay_to_ms (wire_string (transcription, "delay"))
      : 0;
  if (config->kind == SESSION_TRANSLATION) {
    config->turns = translation_turns;
    return;
  }
  read_turns (&config->turns, wire_object (input, "turn_detection"));
  config->turns.listen = config->kind == SESSION_TRANSCRIPTION
      && models_is_live (config->transcription_model);
}

static void
read_output (Config *config)
{
  JsonObject *output = output_of (config);
  JsonArray *modalities = wire_array (config->session, "output_modalities");

  config->output_format = audio_format_from_name (
      wire_string (wire_object (output, "format"), "type"));
  config->voice = config_voice_name (json_object_get_member (output, "voice"));
  config->speed = json_object_get_double_member (output, "speed");
  config->text_only = g_str_equal (
      json_array_get_string_element (modalities, 0), "text");
  config->instructions = wire_string (config->session, "instructions");
}

static void
read_settings (Config *config)
{
  read_input (config);
  if (config->kind == SESSION_REALTIME)
    read_output (config);
  else if (config->kind == SESSION_TRANSLATION)
    config->language = wire_string (output_of (config), "language");
}

/* What the kinds of session show first, and then. */
static const struct {
  const gchar *type;
  const gchar *object; /* or NULL */
  const gchar *rest;
  gboolean with_model;
} kinds[] = {
  [SESSION_REALTIME] = { "realtime", "realtime.session", default_session,
      TRUE },
  [SESSION_TRANSCRIPTION] = { "transcription", "realtime.transcription_session",
      default_transcription_session, FALSE },
  [SESSION_TRANSLATION] = { "translation", NULL, default_translation_session,
      TRUE },
};

static JsonObject *
make_session (
    SessionKind kind, const gchar *id, const gchar *model, gint64 expires_at)
{
  JsonObject *session = json_object_new ();
  g_autoptr (JsonObject) rest = parse_template (kinds[kind].rest);
  JsonObjectIter iter;
  const gchar *name;
  JsonNode *value;

  json_object_set_string_member (session, "type", kinds[kind].type);
  if (kinds[kind].object != NULL)
    json_object_set_string_member (session, "object", kinds[kind].object);
  json_object_set_string_member (session, "id", id);
  if (kinds[kind].with_model)
    json_object_set_string_member (session, "model", model);
  json_object_iter_init_ordered (&iter, rest);
  while (json_object_iter_next_ordered (&iter, &name, &value))
    json_object_set_member (session, name, json_node_copy (value));
  json_object_set_int_member (session, "expires_at", expires_at);
  return session;
}

Config *
config_new (SessionKind kind, const gchar *session_id, const gchar *model,
    gint64 expires_at, gboolean any_model)
{
  Config *config = g_new0 (Config, 1);
  JsonObject *session = make_session (kind, session_id, model, expires_at);

  config->kind = kind;
  config->session = session;
  config->any_model = any_model;
  if (kind == SESSION_REALTIME) {
    json_object_set_string_member (
        session, "instructions", default_instructions);
    json_object_set_object_member (input_of (config), "turn_detection",
        parse_template (default_server_vad));
  }
  if (kind == SESSION_REALTIME && is_reasoning_model (model)) {
    JsonObject *reasoning = json_object_new ();

    json_object_set_string_member (reasoning, "effort", "low");
    json_object_set_object_member (session, "reasoning", reasoning);
  }
  read_settings (config);
  return config;
}

void
config_free (Config *config)
{
  json_object_unref (config->session);
  g_free (config);
}

/* ---- session.update ---- */

static gboolean
same_value (JsonNode *a, JsonNode *b)
{
  g_autofree gchar *text_a = json_to_string (a, FALSE);
  g_autofree gchar *text_b = json_to_string (b, FALSE);

  return g_str_equal (text_a, text_b);
}

/* Before anything else: another kind's fields would only confuse. */
static gboolean
check_kind (Config *config, JsonObject *patch, Fault *fault)
{
  const gchar *type = wire_string (patch, "type");
  const gchar *wanted = kinds[config->kind].type;

  if (config->kind == SESSION_TRANSLATION || g_strcmp0 (type, wanted) == 0
      || (g_strcmp0 (type, "realtime") != 0
          && g_strcmp0 (type, "transcription") != 0))
    return TRUE;
  return fault_set (fault, "invalid_parameter", "session.type",
      "Passing a %s session update event to a %s session is not allowed.", type,
      wanted);
}

static gboolean
check_model (Config *config, JsonObject *patch, Fault *fault)
{
  const gchar *model = wire_string (patch, "model");
  const gchar *current = wire_string (config->session, "model");

  if (model != NULL && !g_str_equal (model, current))
    return fault_set (fault, "invalid_value", "session.model",
        "The model of a session cannot be changed: it is '%s'.", current);
  if (json_object_has_member (patch, "reasoning") && !config->any_model
      && !is_reasoning_model (current))
    return fault_set (fault, "unsupported_parameter", "session.reasoning",
        "Unsupported parameter: 'session.reasoning' is not supported with "
        "the '%s' model.",
        current);
  return TRUE;
}

static gboolean
check_tracing (Config *config, JsonObject *patch, Fault *fault)
{
  JsonNode *wanted = json_object_get_member (patch, "tracing");
  JsonNode *current = json_object_get_member (config->session, "tracing");

  if (wanted == NULL || !config->tracing_set || same_value (wanted, current)
      || (JSON_NODE_HOLDS_NULL (wanted) && !JSON_NODE_HOLDS_NULL (current)))
    return TRUE;
  return fault_set (fault, "invalid_value", "session.tracing",
      "Tracing cannot be changed once it has been enabled or disabled.");
}

static gboolean
check_format_lock (JsonObject *current, JsonObject *patch, gboolean locked,
    const gchar *param, Fault *fault)
{
  JsonObject *wanted = patch ? wire_object (patch, "format") : NULL;

  if (!locked || wanted == NULL
      || g_strcmp0 (wire_string (wanted, "type"),
             wire_string (wire_object (current, "format"), "type"))
          == 0)
    return TRUE;
  return fault_set (fault, "invalid_value", param,
      "The audio format cannot be changed after audio was exchanged in it.");
}

static gboolean
check_output_locks (
    Config *config, JsonObject *output, const ConfigLocks *locks, Fault *fault)
{
  JsonNode *voice = json_object_get_member (output, "voice");

  if (voice != NULL && locks->audio_sent
      && g_strcmp0 (config_voice_name (voice), config->voice) != 0)
    return fault_set (fault, "cannot_update_voice",
        "session.audio.output.voice",
        "Cannot update a conversation's voice if assistant audio is present.");
  if (locks->responding && json_object_has_member (output, "speed")
      && json_object_get_double_member (output, "speed") != config->speed)
    return fault_set (fault, "invalid_value", "session.audio.output.speed",
        "The speed can only be changed in between model turns, not while a "
        "response is in progress.");
  return TRUE;
}

static gboolean
check_locks (
    Config *config, JsonObject *patch, const ConfigLocks *locks, Fault *fault)
{
  JsonObject *audio = wire_object (patch, "audio");
  JsonObject *input = audio ? wire_object (audio, "input") : NULL;
  JsonObject *output = audio ? wire_object (audio, "output") : NULL;

  return check_model (config, patch, fault)
      && check_tracing (config, patch, fault)
      && check_format_lock (input_of (config), input, locks->audio_received,
          "session.audio.input.format", fault)
      && check_format_lock (output_of (config), output, locks->audio_sent,
          "session.audio.output.format", fault)
      && (output == NULL || config->kind != SESSION_REALTIME
          || check_output_locks (config, output, locks, fault));
}

/* What the transcription's model does not allow. */
static gboolean
check_transcription (Config *config, JsonObject *patch, Fault *fault)
{
  JsonObject *audio = wire_object (patch, "audio");
  JsonObject *input = audio ? wire_object (audio, "input") : NULL;
  JsonObject *wanted = input ? wire_object (input, "transcription") : NULL;
  const gchar *model = config->transcription_model;

  if (wanted != NULL && wire_string (wanted, "model") != NULL)
    model = wire_string (wanted, "model");
  if (input == NULL || model == NULL || config->kind == SESSION_TRANSLATION)
    return TRUE;
  if (config->kind == SESSION_TRANSCRIPTION && models_is_live (model)
      && wire_object (input, "turn_detection") != NULL)
    return fault_set (fault, "invalid_value",
        "session.audio.input.turn_detection",
        "Turn detection is not supported with the '%s' model: set "
        "'session.audio.input.turn_detection' to null and commit the audio.",
        model);
  return wanted == NULL
      || models_check_transcription (
          wanted, model, "session.audio.input.transcription", fault);
}

static void
merge_members (JsonObject *into, JsonObject *patch)
{
  JsonObjectIter iter;
  const gchar *name;
  JsonNode *value;

  json_object_iter_init_ordered (&iter, patch);
  while (json_object_iter_next_ordered (&iter, &name, &value))
    json_object_set_member (into, name, wire_copy (value));
}

/* Members that are given change; the others keep what they were, or take the
 * defaults if the kind of detection changes. */
static void
merge_turn_detection (JsonObject *input, JsonObject *patch)
{
  JsonObject *current = wire_object (input, "turn_detection"), *next;
  const gchar *type = wire_string (patch, "type");

  if (current != NULL && g_str_equal (type, wire_string (current, "type")))
    next = wire_copy_object (current);
  else if (g_str_equal (type, "server_vad"))
    next = parse_template (default_server_vad);
  else
    next = parse_template (default_semantic_vad);
  merge_members (next, patch);
  json_object_set_object_member (input, "turn_detection", next);
}

/* A model that does not exist leaves the transcription off, silently, as the
 * service was seen to do. */
static void
merge_transcription (Config *config, JsonObject *input, JsonObject *patch)
{
  JsonObject *current = wire_object (input, "transcription"), *next;
  const gchar *model;

  next = current != NULL ? wire_copy_object (current) : json_object_new ();
  merge_members (next, patch);
  /* The service does not show them again. */
  if (json_object_has_member (next, "keywords"))
    json_object_remove_member (next, "keywords");
  json_object_set_object_member (input, "transcription", next);
  model = wire_string (next, "model");
  if (model == NULL)
    json_object_set_string_member (next, "model", "gpt-4o-mini-transcribe");
  else if (!config->any_model
      && !g_strv_contains (rules_transcription_models, model))
    json_object_set_null_member (input, "transcription");
}

/* The wire always shows PCM's rate. */
static void
replace_format (JsonObject *into, JsonObject *patch)
{
  JsonObject *format = wire_copy_object (patch);

  if (g_str_equal (wire_string (format, "type"), "audio/pcm"))
    json_object_set_int_member (format, "rate", 24000);
  json_object_set_object_member (into, "format", format);
}

static void merge_object (Config *config, JsonObject *into, JsonObject *patch);

static void
merge_member (
    Config *config, JsonObject *into, const gchar *name, JsonNode *value)
{
  static const gchar *const nested[] = { "audio", "input", "output",
    "noise_reduction", "reasoning", NULL };
  JsonObject *current = wire_object (into, name);

  if (!JSON_NODE_HOLDS_OBJECT (value))
    json_object_set_member (into, name, wire_copy (value));
  else if (g_str_equal (name, "format"))
    replace_format (into, json_node_get_object (value));
  else if (g_str_equal (name, "turn_detection"))
    merge_turn_detection (into, json_node_get_object (value));
  else if (g_str_equal (name, "transcription"))
    merge_transcription (config, into, json_node_get_object (value));
  else if (current != NULL && g_strv_contains (nested, name))
    merge_object (config, current, json_node_get_object (value));
  else
    json_object_set_member (into, name, wire_copy (value));
}

static void
merge_object (Config *config, JsonObject *into, JsonObject *patch)
{
  JsonObjectIter iter;
  const gchar *name;
  JsonNode *value;

  json_object_iter_init_ordered (&iter, patch);
  while (json_object_iter_next_ordered (&iter, &name, &value))
    merge_member (config, into, name, value);
}

gboolean
config_update (
    Config *config, JsonObject *patch, const ConfigLocks *locks, Fault *fault)
{
  static const Rule *const rules[] = { rules_session,
    rules_transcription_session, rules_translation_session };

  if (!check_kind (config, patch, fault)
      || !schema_check_object (rules[config->kind], patch, "session", fault)
      || !check_locks (config, patch, locks, fault)
      || !check_transcription (config, patch, fault))
    return FALSE;
  if (json_object_has_member (patch, "tracing"))
    config->tracing_set = TRUE;
  merge_object (config, config->session, patch);
  read_settings (config);
  /* It has no turns of its own. */
  if (config->turns.listen && config->turns.kind != TURN_MANUAL) {
    json_object_set_null_member (input_of (config), "turn_detection");
    read_settings (config);
  }
  return TRUE;
}
