/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rules of the pure functions that bytes of a peer, or of a user, go through
 * besides the parser of events.
 */
#include "fuzztext.h"

#include <string.h>

#include "rt2base64.h"
#include "rt2command.h"
#include "rt2fault.h"
#include "rt2json.h"
#include "rt2logline.h"
#include "rt2pricing.h"
#include "rt2promptcheck.h"
#include "rt2protocol.h"
#include "rt2refused.h"

#define SECRET "sk-fuzz-0123456789"

/* --- JSON --- */

static JsonObject *
parse (const gchar *text)
{
  JsonObject *object = rt2_json_parse_object (text, strlen (text), NULL);

  FUZZ_CHECK (object);
  return object;
}

void
fuzz_check_object (const gchar *text)
{
  FUZZ_CHECK (text);
  fuzz_check_text (text);
  json_object_unref (parse (text));
}

void
fuzz_check_no_string (const gchar *text, const gchar *name)
{
  JsonObject *object = parse (text);

  FUZZ_CHECK (!rt2_json_string (object, name));
  json_object_unref (object);
}

/* Written and read again it is the same. */
static void
check_json (const gchar *text, gsize size)
{
  JsonObject *object = rt2_json_parse_object (text, size, NULL);
  JsonObject *again;
  gchar *first, *second;

  if (!object)
    return;
  first = rt2_json_to_text (object);
  again = parse (first);
  second = rt2_json_to_text (again);
  FUZZ_CHECK (g_str_equal (first, second));
  json_object_unref (object);
  json_object_unref (again);
  g_free (first);
  g_free (second);
}

/* --- base64 --- */

static void
check_base64 (const gchar *text, gsize size)
{
  GString *coded = g_string_new (NULL);
  GBytes *bytes, *own;

  rt2_base64_append (coded, (const guint8 *) text, size);
  FUZZ_CHECK (coded->len == (size + 2) / 3 * 4);
  own = rt2_base64_decode (coded->str, coded->len);
  FUZZ_CHECK (own && g_bytes_get_size (own) == size);
  FUZZ_CHECK (
      size == 0 || memcmp (g_bytes_get_data (own, NULL), text, size) == 0);
  bytes = rt2_base64_decode (text, size);
  if (bytes)
    FUZZ_CHECK (g_bytes_get_size (bytes) <= size / 4 * 3 + 2);
  g_clear_pointer (&bytes, g_bytes_unref);
  g_bytes_unref (own);
  g_string_free (coded, TRUE);
}

/* --- what we send --- */

/* Takes @json over: one line, one object, of the type @type. */
static JsonObject *
check_built (gchar *json, const gchar *type)
{
  JsonObject *object;

  FUZZ_CHECK (json && !strchr (json, '\n'));
  fuzz_check_text (json);
  object = parse (json);
  FUZZ_CHECK (g_str_equal (rt2_json_string (object, "type"), type));
  g_free (json);
  return object;
}

static void
check_append (const gchar *text, gsize size)
{
  GString *json = g_string_new (NULL);
  JsonObject *object;
  const gchar *audio;
  GBytes *bytes;

  if (size > 0)
    rt2_build_append (json, (const guint8 *) text, size);
  if (size > 0) {
    object = check_built (g_strdup (json->str), "input_audio_buffer.append");
    audio = rt2_json_string (object, "audio");
    bytes = rt2_base64_decode (audio, strlen (audio));
    FUZZ_CHECK (bytes && g_bytes_get_size (bytes) == size);
    g_bytes_unref (bytes);
    json_object_unref (object);
  }
  g_string_free (json, TRUE);
}

/* @words is UTF-8. */
static void
check_items (const gchar *words)
{
  JsonObject *object = check_built (
      rt2_build_text_item (words, words, RT2_ROLE_USER, words, words),
      "conversation.item.create");
  JsonObject *item = rt2_json_object (object, "item");
  JsonObject *part = rt2_json_array_object (
      rt2_json_array (item, "content"), 0);

  FUZZ_CHECK (g_strcmp0 (rt2_json_string (part, "text"), words) == 0);
  FUZZ_CHECK (g_strcmp0 (rt2_json_string (object, "event_id"), words) == 0);
  json_object_unref (object);

  object = check_built (
      rt2_build_function_output (words, NULL, words, words, NULL),
      "conversation.item.create");
  item = rt2_json_object (object, "item");
  FUZZ_CHECK (g_strcmp0 (rt2_json_string (item, "output"), words) == 0);
  FUZZ_CHECK (g_strcmp0 (rt2_json_string (item, "call_id"), words) == 0);
  json_object_unref (object);
}

static void
check_small_events (const gchar *words)
{
  json_object_unref (check_built (
      rt2_build_function_call (NULL, words, words, words, words, NULL),
      "conversation.item.create"));
  json_object_unref (
      check_built (rt2_build_delete (words, NULL), "conversation.item.delete"));
  json_object_unref (check_built (
      rt2_build_truncate (words, 0, 1, words), "conversation.item.truncate"));
  json_object_unref (check_built (
      rt2_build_response_cancel (words, words), "response.cancel"));
  json_object_unref (check_built (rt2_build_approval (words, words, TRUE, NULL),
      "conversation.item.create"));
}

/* --- what an application asks for --- */

static void
check_command (Rt2Command *command)
{
  if (!command)
    return;
  FUZZ_CHECK (rt2_command_size (command) > 0);
  rt2_command_interrupts (command);
  rt2_command_is_out_of_band (command);
  if (command->kind == RT2_COMMAND_CREATE_RESPONSE)
    json_object_unref (check_built (
        rt2_build_response_create (command->text, "m"), "response.create"));
  if (command->kind == RT2_COMMAND_CLIENT_EVENT)
    fuzz_check_object (command->text);
  rt2_command_free (command);
}

static void
check_commands (const gchar *words)
{
  check_command (rt2_command_new_text ("user", words, NULL));
  check_command (rt2_command_new_response (words, NULL));
  check_command (rt2_command_new_result (words, words, NULL));
  check_command (rt2_command_new_approval (words, TRUE, NULL));
  check_command (rt2_command_new_event (words, NULL));
}

/* --- the configuration --- */

static JsonObject *
check_config (Rt2SessionConfig *config)
{
  const gchar *member;
  JsonObject *object, *voiceless;
  gchar *text;

  if (!rt2_session_config_check (config, &member, NULL)) {
    FUZZ_CHECK (member);
    return NULL;
  }
  object = rt2_session_config_build (config, TRUE);
  voiceless = rt2_session_config_build (config, FALSE);
  text = rt2_json_to_text (object);
  fuzz_check_object (text);
  FUZZ_CHECK (!rt2_json_string (
      rt2_json_object (rt2_json_object (voiceless, "audio"), "output"),
      "voice"));
  json_object_unref (voiceless);
  g_free (text);
  return object;
}

/* @words lays itself over, and is what the server refuses. */
static void
check_refusal (const gchar *words, JsonObject *sent)
{
  Rt2SessionConfig *config = rt2_session_config_new ();
  JsonObject *accepted = rt2_session_config_build (config, TRUE);
  JsonObject *wanted = rt2_session_config_build (config, TRUE);
  Rt2Refused *refused = rt2_refused_new ();
  gchar *text;

  rt2_session_config_clear_missing (wanted, sent);
  rt2_refused_note (refused, words, sent, accepted);
  rt2_refused_note (refused, "session.audio.output.speed", sent, accepted);
  rt2_refused_note (refused, NULL, sent, accepted);
  rt2_refused_apply (refused, sent);
  rt2_refused_review (refused, wanted);
  rt2_refused_apply (refused, wanted);
  text = rt2_json_to_text (wanted);
  fuzz_check_object (text);
  g_free (text);
  rt2_refused_free (refused);
  json_object_unref (accepted);
  json_object_unref (wanted);
  rt2_session_config_free (config);
}

static void
check_overlay (const gchar *words)
{
  Rt2SessionConfig *config = rt2_session_config_new ();
  JsonObject *object;

  config->overlay = g_strdup (words);
  config->update = rt2_session_config_merge_update (NULL, words, NULL);
  object = check_config (config);
  if (object) {
    check_refusal (words, object);
    json_object_unref (object);
  }
  rt2_session_config_free (config);
}

static void
check_tools (const gchar *words)
{
  Rt2SessionConfig *config = rt2_session_config_new ();
  JsonObject *object;

  config->tools = g_strdup (words);
  config->instructions = g_strdup (words);
  object = check_config (config);
  if (object)
    g_ptr_array_unref (rt2_prompt_check (config));
  g_clear_pointer (&object, json_object_unref);
  rt2_session_config_free (config);
}

/* --- faults --- */

/* Takes @fault over. Nobody reads the key in it. */
static void
check_fault (Rt2Fault *fault)
{
  rt2_fault_redact (fault, SECRET);
  FUZZ_CHECK (fault->kind != RT2_FAULT_NONE);
  FUZZ_CHECK (fault->message && !strstr (fault->message, SECRET));
  FUZZ_CHECK (!fault->hint || !strstr (fault->hint, SECRET));
  FUZZ_CHECK (!fault->debug || !strstr (fault->debug, SECRET));
  FUZZ_CHECK (!fault->server_code || !strstr (fault->server_code, SECRET));
  fuzz_check_text (fault->message);
  fuzz_check_text (fault->debug);
  FUZZ_CHECK (rt2_fault_backoff (fault, 3, 30000000000, 0.5)
      <= G_GUINT64_CONSTANT (300000000000));
  rt2_fault_free (fault);
}

static void
check_faults (const gchar *text, gsize size, const gchar *words)
{
  check_fault (rt2_fault_from_http (429, text, size, words, "host:1"));
  check_fault (rt2_fault_from_http (503, text, size, NULL, "host:1"));
  check_fault (rt2_fault_from_close (1011, words, NULL, NULL));
  check_fault (rt2_fault_from_close (0, NULL, words, words));
}

/* --- prices --- */

static void
check_pricing (const gchar *words)
{
  Rt2Usage usage = { .known = TRUE, .input = G_MAXINT64, .output = 1000 };
  GError *error = NULL;
  Rt2Pricing *pricing = rt2_pricing_new (words, &error);
  Rt2Money cost = 0;

  FUZZ_CHECK (!pricing == (error != NULL));
  g_clear_error (&error);
  if (!pricing)
    return;
  rt2_pricing_of_response (pricing, "gpt-realtime-2", &usage, &cost);
  FUZZ_CHECK (cost <= RT2_MONEY_MAX);
  rt2_pricing_of_time (pricing, words, G_MAXUINT64, &cost);
  FUZZ_CHECK (cost <= RT2_MONEY_MAX);
  rt2_pricing_free (pricing);
}

/* --- the log --- */

/* One line in it, and nobody reads the key there. */
static void
check_log_line (const gchar *text, gsize size)
{
  Rt2LogPolicy policy = { .secret = SECRET, .input_rate = 8 };
  GString *line = g_string_new (NULL);
  gboolean is_event = rt2_log_line_append (line, text, size, &policy);

  FUZZ_CHECK (line->len > 0 && !strchr (line->str, '\n'));
  FUZZ_CHECK (strlen (line->str) == line->len);
  FUZZ_CHECK (!strstr (line->str, SECRET));
  fuzz_check_text (line->str);
  if (is_event)
    fuzz_check_object (line->str);
  g_string_free (line, TRUE);
}

/* Whether @words, if it is JSON, may be put into more of it: what is nested as
 * deeply as we take it becomes too deep for ourselves by that. */
static gboolean
may_be_nested (const gchar *words)
{
  gchar *text = g_strdup_printf ("[[[[%s]]]]", words);
  JsonNode *bare = rt2_json_parse (words, strlen (words), NULL);
  JsonNode *nested = rt2_json_parse (text, strlen (text), NULL);
  gboolean may = !bare == !nested;

  g_clear_pointer (&bare, json_node_unref);
  g_clear_pointer (&nested, json_node_unref);
  g_free (text);
  return may;
}

void
fuzz_check_texts (const gchar *text, gsize size)
{
  gchar *words = g_utf8_make_valid (text, strnlen (text, size));

  check_json (text, size);
  check_base64 (text, size);
  check_append (text, size);
  check_items (words);
  check_small_events (words);
  if (may_be_nested (words)) {
    check_commands (words);
    check_overlay (words);
    check_tools (words);
  }
  check_faults (text, size, words);
  check_pricing (words);
  check_log_line (text, size);
  g_free (words);
}
