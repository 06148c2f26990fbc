/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The script: what the server pretends to hear, and what it says. */
#include "script.h"

#include <gio/gio.h>
#include <string.h>

#include "schema.h"

#define MAX_MS 3600000

static const gchar *const phases[] = { "commentary", "final_answer", NULL };
static const gchar *const kinds[] = { "audio", "text", NULL };
static const gchar *const places[] = { "added", "done", "output_added",
  "output_done", "item_added", "item_done", "response_done", "none", NULL };
/* In the same order. */
static const guint place_flags[] = { PHASE_ON_ADDED, PHASE_ON_DONE,
  PHASE_ON_OUTPUT_ADDED, PHASE_ON_OUTPUT_DONE, PHASE_ON_ITEM_ADDED,
  PHASE_ON_ITEM_DONE, PHASE_ON_RESPONSE_DONE, 0 };
static const gchar *const statuses[] = { "completed", "failed", "incomplete",
  NULL };
static const gchar *const clocks[] = { [ELAPSED_MODEL] = "model",
  [ELAPSED_DELTAS] = "deltas",
  [ELAPSED_NULL] = "null",
  [ELAPSED_NONE] = "none",
  NULL };
static const gchar *const scopes[] = { "connection", "server", NULL };

static const gchar *const races[] = { "create", NULL };

static const Rule call_rules[] = {
  { "name", RULE_STRING, RULE_REQUIRED },
  { "call_id", RULE_STRING },
  { "arguments", RULE_OBJECT },
  { "raw_arguments", RULE_STRING },
  { "delta_chars", RULE_INTEGER, .max = G_MAXINT },
  { NULL },
};
static const Rule mcp_call_rules[] = {
  { "label", RULE_STRING, RULE_REQUIRED },
  { "name", RULE_STRING, RULE_REQUIRED },
  { "arguments", RULE_OBJECT },
  { "raw_arguments", RULE_STRING },
  { "delta_chars", RULE_INTEGER, .max = G_MAXINT },
  { NULL },
};

static gboolean
check_say (JsonNode *value, const gchar *path, Fault *fault)
{
  JsonObject *say = json_node_get_object (value);

  if (json_object_has_member (say, "text")
      || json_object_has_member (say, "tone_ms")
      || json_object_has_member (say, "call")
      || json_object_has_member (say, "mcp_call"))
    return TRUE;
  return fault_set (fault, "missing_required_parameter", path,
      "'%s' says nothing: give it \"text\", \"tone_ms\", \"call\" or "
      "\"mcp_call\".",
      path);
}

static const Rule say_rules[] = {
  { "phase", RULE_STRING, RULE_NULLABLE, .values = phases },
  { "text", RULE_STRING },
  { "tone_ms", RULE_INTEGER, .max = MAX_MS },
  { "modality", RULE_STRING, .values = kinds },
  { "call", RULE_OBJECT, .fields = call_rules },
  { "mcp_call", RULE_OBJECT, .fields = mcp_call_rules },
  { NULL },
};
static const Rule one_say = { "say", RULE_OBJECT, .fields = say_rules,
  .check = check_say };
static const Rule one_place = { "place", RULE_STRING, .values = places };

static const Rule error_rules[] = {
  { "code", RULE_STRING, RULE_REQUIRED },
  { "message", RULE_STRING },
  { "type", RULE_STRING },
  { NULL },
};
/* What a server may put into a close frame, or 0 for none. */
static gboolean
check_close_code (JsonNode *value, const gchar *path, Fault *fault)
{
  gint64 code = json_node_get_int (value);

  if (code == 0 || (code >= 1000 && code <= 1003)
      || (code >= 1007 && code <= 1014 && code != 1010) || code >= 3000)
    return TRUE;
  return fault_set (fault, "invalid_value", path,
      "'%s' cannot be sent in a close frame: use 0, 1000-1003, 1007-1009, "
      "1011-1014 or 3000-4999.",
      path);
}

static const Rule close_rules[] = {
  { "code", RULE_INTEGER, RULE_REQUIRED, .max = 4999,
      .check = check_close_code },
  { "reason", RULE_STRING, .max = 120 },
  { "after_ms", RULE_INTEGER, .max = MAX_MS },
  { NULL },
};

static gboolean
check_hold (JsonNode *value, const gchar *path, Fault *fault)
{
  static const Rule ms = { "ms", RULE_INTEGER, .max = MAX_MS };

  if (JSON_NODE_HOLDS_VALUE (value)
      && json_node_get_value_type (value) == G_TYPE_BOOLEAN)
    return TRUE;
  return schema_check_value (&ms, value, path, fault);
}

static const Rule segment_rules[] = {
  { "speaker", RULE_STRING, RULE_REQUIRED },
  { "text", RULE_STRING, RULE_REQUIRED },
  { NULL },
};
static const Rule one_segment = { "segment", RULE_OBJECT,
  .fields = segment_rules };

static const Rule hear_error_rules[] = {
  { "code", RULE_STRING, RULE_REQUIRED },
  { "message", RULE_STRING },
  { NULL },
};

/* One text, or one for each target language. */
static gboolean
check_texts (JsonNode *value, const gchar *path, Fault *fault)
{
  static const Rule text = { "text", RULE_STRING };
  JsonObjectIter iter;
  const gchar *name;
  JsonNode *member;

  if (!JSON_NODE_HOLDS_OBJECT (value))
    return schema_check_value (&text, value, path, fault);
  json_object_iter_init (&iter, json_node_get_object (value));
  while (json_object_iter_next (&iter, &name, &member)) {
    g_autofree gchar *inner = g_strconcat (path, ".", name, NULL);

    if (!schema_check_value (&text, member, inner, fault))
      return FALSE;
  }
  return TRUE;
}

static const Rule translate_rules[] = {
  { "text", RULE_ANY, .check = check_texts },
  { "from", RULE_STRING },
  { "tone_ms", RULE_INTEGER, .max = MAX_MS },
  { "lag_ms", RULE_INTEGER, .max = MAX_MS },
  { NULL },
};

static const Rule one_output = { "output", RULE_STRING };

static const Rule turn_rules[] = {
  { "hear", RULE_STRING },
  { "segments", RULE_ARRAY, .element = &one_segment },
  { "hear_ms", RULE_INTEGER, .max = MAX_MS },
  { "hear_after_ms", RULE_INTEGER, .max = MAX_MS },
  { "word_ms", RULE_INTEGER, .min = 1, .max = MAX_MS },
  { "stall_words", RULE_INTEGER, .max = MAX_MS },
  { "hear_error", RULE_OBJECT, .fields = hear_error_rules },
  { "translate", RULE_OBJECT, .fields = translate_rules },
  { "expect_outputs", RULE_ARRAY, .element = &one_output },
  { "race", RULE_STRING, .values = races },
  { "say", RULE_ARRAY, .element = &one_say },
  { "delay_created_ms", RULE_INTEGER, .max = MAX_MS },
  { "delay_ms", RULE_INTEGER, .max = MAX_MS },
  { "delta_ms", RULE_INTEGER, .max = 10000 },
  { "phase_on", RULE_ARRAY, .element = &one_place },
  { "transcript_first", RULE_BOOLEAN },
  { "overlap", RULE_BOOLEAN },
  { "hold", RULE_ANY, .check = check_hold },
  { "status", RULE_STRING, .values = statuses },
  { "error", RULE_OBJECT, .fields = error_rules },
  { "close", RULE_OBJECT, .fields = close_rules },
  { NULL },
};
static const Rule one_turn = { "turn", RULE_OBJECT, .fields = turn_rules };

static gboolean
check_delta_bytes (JsonNode *value, const gchar *path, Fault *fault)
{
  gint64 bytes = json_node_get_int (value);

  return bytes == 9600 || bytes == 19200
      || fault_set (
          fault, "invalid_value", path, "'%s' must be 9600 or 19200.", path);
}

static const Rule style_rules[] = {
  { "lag_ms", RULE_INTEGER, .max = MAX_MS },
  { "delta_bytes", RULE_INTEGER, .check = check_delta_bytes },
  { "burst_ms", RULE_INTEGER, .min = 200, .max = MAX_MS },
  { "close_delay_ms", RULE_INTEGER, .max = MAX_MS },
  { "elapsed", RULE_STRING, .values = clocks },
  { NULL },
};

/* ---- MCP servers ---- */

static const gchar *const mcp_errors[] = { "protocol_error",
  "tool_execution_error", "http_error", NULL };

static const Rule mcp_tool_rules[] = {
  { "name", RULE_STRING, RULE_REQUIRED },
  { "description", RULE_STRING, RULE_NULLABLE },
  { "input_schema", RULE_OBJECT },
  { "annotations", RULE_OBJECT, RULE_NULLABLE },
  { NULL },
};
static const Rule one_mcp_tool = { "tool", RULE_OBJECT,
  .fields = mcp_tool_rules };
static const Rule mcp_error_rules[] = {
  { "type", RULE_STRING, RULE_REQUIRED, .values = mcp_errors },
  { "code", RULE_INTEGER, .min = G_MININT, .max = G_MAXINT },
  { "message", RULE_STRING, RULE_REQUIRED },
  { NULL },
};
static const Rule mcp_failure_rules[] = {
  { "error", RULE_OBJECT, RULE_REQUIRED, .fields = mcp_error_rules },
  { NULL },
};

/* Each member of an object. */
static gboolean
check_members (
    JsonNode *value, const gchar *path, RuleCheck check, Fault *fault)
{
  JsonObjectIter iter;
  const gchar *name;
  JsonNode *member;

  json_object_iter_init_ordered (&iter, json_node_get_object (value));
  while (json_object_iter_next_ordered (&iter, &name, &member)) {
    g_autofree gchar *inner = g_strconcat (path, ".", name, NULL);

    if (!check (member, inner, fault))
      return FALSE;
  }
  return TRUE;
}

/* What the tool returns, or how it fails. */
static gboolean
check_result (JsonNode *value, const gchar *path, Fault *fault)
{
  static const Rule text = { "text", RULE_STRING };

  if (JSON_NODE_HOLDS_OBJECT (value))
    return schema_check_object (
        mcp_failure_rules, json_node_get_object (value), path, fault);
  return schema_check_value (&text, value, path, fault);
}

static gboolean
check_results (JsonNode *value, const gchar *path, Fault *fault)
{
  return check_members (value, path, check_result, fault);
}

static const Rule mcp_server_rules[] = {
  { "tools", RULE_ARRAY, .element = &one_mcp_tool },
  { "list_after_ms", RULE_INTEGER, .max = MAX_MS },
  { "list_error", RULE_STRING },
  { "results", RULE_OBJECT, .check = check_results },
  { NULL },
};

static gboolean
check_mcp_server (JsonNode *value, const gchar *path, Fault *fault)
{
  static const Rule server = { "server", RULE_OBJECT,
    .fields = mcp_server_rules };

  return schema_check_value (&server, value, path, fault);
}

static gboolean
check_mcp (JsonNode *value, const gchar *path, Fault *fault)
{
  return check_members (value, path, check_mcp_server, fault);
}

static const Rule one_call = { "call", RULE_STRING };

static const Rule script_rules[] = {
  { "turns", RULE_ARRAY, RULE_REQUIRED, .element = &one_turn },
  { "translation", RULE_OBJECT, .fields = style_rules },
  { "calls", RULE_ARRAY, .element = &one_call },
  { "mcp", RULE_OBJECT, .check = check_mcp },
  { "faults", RULE_ARRAY },
  { "loop", RULE_BOOLEAN },
  { "scope", RULE_STRING, .values = scopes },
  /* A word to the reader. */
  { "comment", RULE_ANY },
  { NULL },
};

static guint
read_places (JsonArray *array)
{
  guint flags = 0, i, j;

  for (i = 0; i < json_array_get_length (array); i++)
    for (j = 0; places[j] != NULL; j++)
      if (g_str_equal (places[j], json_array_get_string_element (array, i)))
        flags |= place_flags[j];
  return flags;
}

/* The arguments' text need not be JSON. */
static void
read_call (Say *say, JsonObject *call)
{
  JsonObject *arguments = wire_object (call, "arguments");
  const gchar *raw = wire_string (call, "raw_arguments");

  say->name = g_strdup (wire_string (call, "name"));
  say->call_id = g_strdup (wire_string (call, "call_id"));
  say->label = g_strdup (wire_string (call, "label"));
  say->delta_chars = wire_integer (call, "delta_chars", -1);
  g_free (say->text);
  if (raw != NULL)
    say->text = g_strdup (raw);
  else
    say->text = arguments != NULL ? wire_print (arguments) : g_strdup ("{}");
}

static void
read_say (Reply *reply, JsonObject *object)
{
  JsonObject *call = wire_object (object, "call");
  JsonObject *mcp_call = wire_object (object, "mcp_call");
  const gchar *text = wire_string (object, "text");
  const gchar *phase = wire_string (object, "phase");
  SayKind kind = SAY_SPEECH;
  Say *say;

  if (call != NULL)
    kind = SAY_CALL;
  else if (mcp_call != NULL)
    kind = SAY_MCP;
  else if (g_strcmp0 (wire_string (object, "modality"), "text") == 0)
    kind = SAY_TEXT;
  say = reply_add (reply, kind, phase, text != NULL ? text : "");
  say->tone_ms = wire_integer (object, "tone_ms", -1);
  if (kind == SAY_CALL || kind == SAY_MCP)
    read_call (say, kind == SAY_CALL ? call : mcp_call);
}

static void
read_faults (Reply *reply, JsonObject *turn)
{
  JsonObject *error = wire_object (turn, "error");
  JsonObject *end = wire_object (turn, "close");

  if (wire_string (turn, "status") != NULL) {
    g_free (reply->status);
    reply->status = g_strdup (wire_string (turn, "status"));
  }
  if (error != NULL) {
    const gchar *type = wire_string (error, "type");

    reply->error_code = g_strdup (wire_string (error, "code"));
    reply->error_message = g_strdup (wire_string (error, "message"));
    reply->error_type = g_strdup (type != NULL ? type : "server_error");
  }
  if (end != NULL) {
    reply->close_code = wire_integer (end, "code", 0);
    reply->close_reason = g_strdup (wire_string (end, "reason"));
    reply->close_after_ms = wire_integer (end, "after_ms", 0);
  }
}

static gint64
read_hold (JsonObject *turn)
{
  return wire_boolean (turn, "hold", FALSE) ? -1
                                            : wire_integer (turn, "hold", 0);
}

/* Whether a turn says how to answer, not only what to hear. */
static gboolean
has_answer (JsonObject *turn)
{
  static const gchar *const fields[] = { "say", "delay_ms", "delta_ms",
    "phase_on", "transcript_first", "overlap", "hold", "status", "error",
    "close" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (fields); i++)
    if (json_object_has_member (turn, fields[i]))
      return TRUE;
  return FALSE;
}

static ScriptTurn *
read_turn (JsonObject *object)
{
  ScriptTurn *turn = g_new0 (ScriptTurn, 1);
  JsonArray *say = wire_array (object, "say");
  JsonArray *phase_on = wire_array (object, "phase_on");
  guint i;

  turn->json = json_object_ref (object);
  if (!has_answer (object))
    return turn;
  turn->reply = reply_new ();
  for (i = 0; say != NULL && i < json_array_get_length (say); i++)
    read_say (turn->reply, json_array_get_object_element (say, i));
  turn->reply->delay_ms = wire_integer (object, "delay_ms", 0);
  turn->reply->hold_ms = read_hold (object);
  turn->reply->delta_ms = wire_integer (object, "delta_ms", 0);
  turn->reply->transcript_first = wire_boolean (
      object, "transcript_first", FALSE);
  turn->reply->overlap = wire_boolean (object, "overlap", TRUE);
  if (phase_on != NULL)
    turn->reply->phase_on = read_places (phase_on);
  read_faults (turn->reply, object);
  return turn;
}

static void
turn_free (gpointer data)
{
  ScriptTurn *turn = data;

  json_object_unref (turn->json);
  g_clear_pointer (&turn->reply, reply_unref);
  g_free (turn);
}

const TranslationStyle script_default_style = {
  .lag_ms = 800, .burst_ms = 200, .close_delay_ms = 200
};

static void
read_style (TranslationStyle *style, JsonObject *object)
{
  const gchar *elapsed;

  *style = script_default_style;
  if (object == NULL)
    return;
  style->lag_ms = wire_integer (object, "lag_ms", style->lag_ms);
  style->delta_bytes = wire_integer (object, "delta_bytes", 0);
  style->burst_ms = wire_integer (object, "burst_ms", style->burst_ms);
  style->close_delay_ms = wire_integer (
      object, "close_delay_ms", style->close_delay_ms);
  elapsed = wire_string (object, "elapsed");
  while (elapsed != NULL && !g_str_equal (clocks[style->elapsed], elapsed))
    style->elapsed++;
}

static gchar **
read_calls (JsonArray *array)
{
  guint count = array != NULL ? json_array_get_length (array) : 0, i;
  gchar **calls = g_new0 (gchar *, count + 1);

  for (i = 0; i < count; i++)
    calls[i] = g_strdup (json_array_get_string_element (array, i));
  return calls;
}

static Script *
read_script (JsonObject *object)
{
  Script *script = g_new0 (Script, 1);
  JsonArray *turns = wire_array (object, "turns");
  JsonArray *faults = wire_array (object, "faults");
  guint i;

  script->turns = g_ptr_array_new_with_free_func (turn_free);
  for (i = 0; i < json_array_get_length (turns); i++)
    g_ptr_array_add (
        script->turns, read_turn (json_array_get_object_element (turns, i)));
  read_style (&script->style, wire_object (object, "translation"));
  script->calls = read_calls (wire_array (object, "calls"));
  if (wire_object (object, "mcp") != NULL)
    script->mcp = json_object_ref (wire_object (object, "mcp"));
  script->faults = faults != NULL ? json_array_ref (faults) : NULL;
  script->loop = wire_boolean (object, "loop", FALSE);
  script->shared = g_strcmp0 (wire_string (object, "scope"), "server") == 0;
  return script;
}

Script *
script_load (const gchar *json, const gchar *file, GError **error)
{
  g_autofree gchar *text = NULL;
  g_autoptr (JsonObject) object = NULL;
  Fault fault = { 0 };

  if (json == NULL && !g_file_get_contents (file, &text, NULL, error))
    return NULL;
  if (json == NULL)
    json = text;
  object = wire_parse (json, strlen (json));
  if (object == NULL) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        "The script is not a JSON object. See --help for its form.");
    return NULL;
  }
  if (!schema_check_object (script_rules, object, "", &fault)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        "The script is wrong: %s See --help for its form.", fault.message);
    fault_clear (&fault);
    return NULL;
  }
  return read_script (object);
}

void
script_free (Script *script)
{
  g_ptr_array_unref (script->turns);
  g_strfreev (script->calls);
  g_clear_pointer (&script->mcp, json_object_unref);
  g_clear_pointer (&script->faults, json_array_unref);
  g_free (script);
}

static const ScriptTurn *
turn_at (ScriptCursor *cursor)
{
  if (cursor->script == NULL)
    return NULL;
  if (cursor->next >= cursor->script->turns->len && cursor->script->loop)
    cursor->next = 0;
  if (cursor->next >= cursor->script->turns->len)
    return NULL;
  return g_ptr_array_index (cursor->script->turns, cursor->next);
}

const ScriptTurn *
script_hear (ScriptCursor *cursor)
{
  const ScriptTurn *turn;

  if (cursor->heard)
    cursor->next++;
  turn = turn_at (cursor);
  cursor->heard = turn != NULL;
  return turn;
}

const ScriptTurn *
script_peek (ScriptCursor *cursor)
{
  ScriptCursor copy = *cursor;

  return script_hear (&copy);
}

gchar *
script_dup_heard (const ScriptTurn *turn)
{
  JsonArray *segments = wire_array (turn->json, "segments");
  GString *text;
  guint i;

  if (wire_string (turn->json, "hear") != NULL || segments == NULL)
    return g_strdup (wire_string (turn->json, "hear"));
  text = g_string_new (NULL);
  for (i = 0; i < json_array_get_length (segments); i++) {
    JsonObject *segment = json_array_get_object_element (segments, i);

    if (i > 0)
      g_string_append_c (text, ' ');
    g_string_append (text, wire_string (segment, "text"));
  }
  return g_string_free (text, FALSE);
}

const ScriptTurn *
script_current (ScriptCursor *cursor)
{
  return turn_at (cursor);
}

Reply *
script_take (ScriptCursor *cursor, const ScriptTurn **turn)
{
  *turn = turn_at (cursor);
  if (*turn == NULL)
    return NULL;
  cursor->next++;
  cursor->heard = FALSE;
  return (*turn)->reply != NULL ? reply_ref ((*turn)->reply) : NULL;
}
