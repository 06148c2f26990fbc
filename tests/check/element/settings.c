/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every property of the session: what the server is told before PLAYING, what
 * when the property goes back to its default in PLAYING, and what when it is
 * set again.
 */
#include "harness.h"

#include <glib/gstdio.h>
#include <string.h>

#include "rt2json.h"

#define UPDATE "session.update"
#define PCM "{'type':'audio/pcm','rate':24000}"

/* What a conversation is told if nothing is set; only the first time with a
 * voice. */
#define BASE(VOICE)                                                            \
  "{'type':'realtime','output_modalities':['audio'],'audio':{'input':{"        \
  "'format':" PCM ",'transcription':null,'turn_detection':{'type':"            \
  "'server_vad','threshold':0.5,'prefix_padding_ms':300,"                      \
  "'silence_duration_ms':500,'create_response':true,"                          \
  "'interrupt_response':true}},'output':{'format':" PCM VOICE "}}}"

typedef struct {
  const gchar *name;
  const gchar *value;
  const gchar *patch;   /* of what the server is told if it is set */
  const gchar *cleared; /* likewise if it is not set any more */
  const gchar *with;    /* another property "name=value" that is set, or NULL */
  const gchar *with_patch;
} Case;

#define INPUT(MEMBERS) "{'audio':{'input':{" MEMBERS "}}}"
#define VAD(MEMBERS) INPUT ("'turn_detection':{" MEMBERS "}")
#define OUTPUT(MEMBERS) "{'audio':{'output':{" MEMBERS "}}}"
#define SEMANTIC(EAGERNESS)                                                    \
  INPUT ("'turn_detection':{'type':'semantic_vad','eagerness':'" EAGERNESS     \
         "','create_response':true,'interrupt_response':true}")
#define WORDS(MEMBERS) INPUT ("'transcription':{'model':'m'" MEMBERS "}")

static const Case cases[] = {
  { "instructions", "Be brief.", "{'instructions':'Be brief.'}",
      "{'instructions':''}" },
  { "speed", "1.25", OUTPUT ("'speed':1.25"), OUTPUT ("'speed':1.0") },
  { "reasoning-effort", "minimal", "{'reasoning':{'effort':'minimal'}}", "{}" },
  { "reasoning-effort", "xhigh", "{'reasoning':{'effort':'xhigh'}}", "{}" },
  { "output-modality", "text", "{'output_modalities':['text']}", "{}" },
  { "max-output-tokens", "77", "{'max_output_tokens':77}",
      "{'max_output_tokens':'inf'}" },
  { "turn-detection", "none", INPUT ("'turn_detection':null"), "{}" },
  { "turn-detection", "semantic-vad", SEMANTIC ("auto"), "{}" },
  { "vad-threshold", "0.75", VAD ("'threshold':0.75"), "{}" },
  { "vad-prefix-padding", "120000000", VAD ("'prefix_padding_ms':120"), "{}" },
  { "vad-silence-duration", "700000000", VAD ("'silence_duration_ms':700"),
      "{}" },
  { "vad-eagerness", "low", SEMANTIC ("low"), "{}",
      "turn-detection=semantic-vad", SEMANTIC ("auto") },
  { "idle-timeout", "6000000000", VAD ("'idle_timeout_ms':6000"),
      VAD ("'idle_timeout_ms':null") },
  { "create-response", "false", VAD ("'create_response':false"), "{}" },
  { "interrupt-response", "false", VAD ("'interrupt_response':false"), "{}" },
  { "noise-reduction", "near-field",
      INPUT ("'noise_reduction':{'type':'near_field'}"),
      INPUT ("'noise_reduction':null") },
  { "noise-reduction", "far-field",
      INPUT ("'noise_reduction':{'type':'far_field'}"),
      INPUT ("'noise_reduction':null") },
  { "transcription-model", "whisper-1",
      INPUT ("'transcription':{'model':'whisper-1'}"), "{}" },
  { "transcription-language", "de", WORDS (",'language':'de'"), "{}",
      "transcription-model=m", WORDS ("") },
  { "transcription-prompt", "Names.", WORDS (",'prompt':'Names.'"),
      WORDS (",'prompt':''"), "transcription-model=m", WORDS ("") },
  { "transcription-delay", "high", WORDS (",'delay':'high'"), "{}",
      "transcription-model=m", WORDS ("") },
  { "tools", "[{'type':'function','name':'f'}]",
      "{'tools':[{'type':'function','name':'f'}]}", "{'tools':[]}" },
  { "tool-choice", "required", "{'tool_choice':'required'}",
      "{'tool_choice':'auto'}" },
  { "tool-choice", "{'type':'function','name':'f'}",
      "{'tool_choice':{'type':'function','name':'f'}}",
      "{'tool_choice':'auto'}" },
  { "parallel-tool-calls", "false", "{'parallel_tool_calls':false}",
      "{'parallel_tool_calls':true}" },
  { "truncation", "disabled", "{'truncation':'disabled'}",
      "{'truncation':'auto'}" },
  { "truncation", "{'type':'retention_ratio','retention_ratio':0.5}",
      "{'truncation':{'type':'retention_ratio','retention_ratio':0.5}}",
      "{'truncation':'auto'}" },
  { "prompt", "pmpt_1", "{'prompt':{'id':'pmpt_1'}}", "{'prompt':null}" },
  { "prompt", "{'id':'pmpt_1','version':'2'}",
      "{'prompt':{'id':'pmpt_1','version':'2'}}", "{'prompt':null}" },
  { "tracing", "auto", "{'tracing':'auto'}", "{'tracing':null}" },
  { "tracing", "{'workflow_name':'w'}", "{'tracing':{'workflow_name':'w'}}",
      "{'tracing':null}" },
  { "include", "a.b, c", "{'include':['a.b','c']}", "{'include':[]}" },
  { "session-config", "{'audio':{'input':{'turn_detection':{'x':1}}},'y':[2]}",
      "{'audio':{'input':{'turn_detection':{'x':1}}},'y':[2]}", "{}" },
};

/* --- JSON --- */

/* Single quotes stand for double ones. */
static JsonObject *
json (const gchar *text)
{
  gchar *quoted = g_strdelimit (g_strdup (text), "'", '"');
  JsonObject *object = rt2_json_parse_object (quoted, strlen (quoted), NULL);

  fail_unless (object != NULL, "no JSON: %s", text);
  g_free (quoted);
  return object;
}

/* @target with @patch laid over it. A whole turn detection, which begins with
 * its type, replaces the one before. */
static void
lay_over (JsonObject *target, const gchar *patch)
{
  JsonObject *over = json (patch);
  JsonObject *input = rt2_json_object (
      rt2_json_object (target, "audio"), "input");

  if (strstr (patch, "'turn_detection':{'type'"))
    json_object_remove_member (input, "turn_detection");
  rt2_json_lay_over (target, over);
  json_object_unref (over);
}

static gchar *
to_text (JsonObject *object)
{
  JsonNode *node = json_node_init_object (json_node_alloc (), object);
  gchar *text = json_to_string (node, FALSE);

  json_node_unref (node);
  return text;
}

/* Update number @i is exactly @wanted, whatever the order of its members. */
static void
assert_update (Talk *talk, guint i, JsonObject *wanted)
{
  JsonObject *update = peer_event (talk->peer, UPDATE, i);
  gchar *got_text = to_text (json_object_get_object_member (update, "session"));
  gchar *wanted_text = to_text (wanted);
  JsonNode *got_node = json_from_string (got_text, NULL);
  JsonNode *wanted_node = json_from_string (wanted_text, NULL);

  fail_unless (json_node_equal (got_node, wanted_node), "got %s, wanted %s",
      got_text, wanted_text);
  json_node_unref (got_node);
  json_node_unref (wanted_node);
  g_free (got_text);
  g_free (wanted_text);
}

/* --- setting --- */

static void
set_property (Talk *talk, const gchar *name, const gchar *value)
{
  gchar *quoted = g_strdelimit (g_strdup (value), "'", '"');
  GParamSpec *pspec = g_object_class_find_property (
      G_OBJECT_GET_CLASS (talk->element), name);

  fail_unless (pspec != NULL, "there is no property %s", name);
  if (pspec->value_type == G_TYPE_STRING)
    g_object_set (talk->element, name, quoted, NULL);
  else
    gst_util_set_object_arg (G_OBJECT (talk->element), name, quoted);
  g_free (quoted);
}

static void
set_default (Talk *talk, const gchar *name)
{
  GParamSpec *pspec = g_object_class_find_property (
      G_OBJECT_GET_CLASS (talk->element), name);

  g_object_set_property (
      G_OBJECT (talk->element), name, g_param_spec_get_default_value (pspec));
}

static void
set_other (Talk *talk, const Case *c)
{
  gchar **pair;

  if (!c->with)
    return;
  pair = g_strsplit (c->with, "=", 2);
  set_property (talk, pair[0], pair[1]);
  g_strfreev (pair);
}

/* What is to be told: @patch over the base, after what @c->with makes. */
static JsonObject *
wanted_for (const Case *c, const gchar *patch, gboolean first)
{
  JsonObject *wanted = json (first ? BASE (",'voice':'marin'") : BASE (""));

  if (c->with)
    lay_over (wanted, c->with_patch);
  lay_over (wanted, patch);
  return wanted;
}

static void
assert_wanted (Talk *talk, guint i, const Case *c, const gchar *patch)
{
  JsonObject *wanted = wanted_for (c, patch, i == 0);

  assert_update (talk, i, wanted);
  json_object_unref (wanted);
}

/* Waits until update number @i is accepted. */
static void
wait_update (Talk *talk, guint i)
{
  peer_event (talk->peer, UPDATE, i);
  talk_sync (talk);
}

GST_START_TEST (test_property)
{
  const Case *c = &cases[__i__];
  Talk *talk = talk_new ();
  JsonObject *again;

  set_other (talk, c);
  set_property (talk, c->name, c->value);
  talk_play (talk, &law_pcm);
  assert_wanted (talk, 0, c, c->patch);

  set_default (talk, c->name);
  wait_update (talk, 1);
  assert_wanted (talk, 1, c, c->cleared);

  set_property (talk, c->name, c->value);
  wait_update (talk, 2);
  again = wanted_for (c, c->patch, FALSE);
  assert_update (talk, 2, again);
  json_object_unref (again);

  /* What it is already is no change. */
  set_property (talk, c->name, c->value);
  talk_sync (talk);
  fail_unless_equals_int (peer_count (talk->peer, UPDATE), 3);
  fail_unless_equals_int (
      talk_count_messages_of (talk, GST_MESSAGE_WARNING), 0);
  talk_free (talk);
}
GST_END_TEST;

/* Nobody adds a property of the session without a line in the table. */
GST_START_TEST (test_all_are_here)
{
  static const gchar *const elsewhere[] = { "api-key", "api-key-file", "uri",
    "auth", "organization", "project", "safety-identifier", "extra-headers",
    "model", "proxy", "tls-database", "tls-pins", "client-certificate",
    "session-max-age", "max-cost", "max-duration", "playout-offset",
    "flush-on-interrupt", "commentary", "mute-while-speaking", "echo-tail",
    "min-interruption", "protect", "post-server-events", "event-log",
    "event-log-audio", "voice", "language", "builtin-tools", "tool-properties",
    "image-mode", "image-interval", "image-detail", "image-keep",
    "image-max-size", "mcp-approval", "history-limit", "instructions-file",
    "tools-file", "parent", "name", NULL };
  GstElement *element = gst_element_factory_make ("realtime2", NULL);
  guint n;
  GParamSpec **pspecs = g_object_class_list_properties (
      G_OBJECT_GET_CLASS (element), &n);

  for (guint i = 0; i < n; i++) {
    const gchar *name = pspecs[i]->name;
    gboolean found = g_strv_contains (elsewhere, name)
        || !(pspecs[i]->flags & GST_PARAM_MUTABLE_PLAYING)
        || !(pspecs[i]->flags & G_PARAM_WRITABLE);

    for (guint k = 0; k < G_N_ELEMENTS (cases); k++)
      found |= g_str_equal (cases[k].name, name);
    fail_unless (found, "nothing is tested of %s", name);
  }
  g_free (pspecs);
  gst_object_unref (element);
}
GST_END_TEST;

/* --- the voice --- */

static const gchar *
voice_of (Talk *talk, guint i)
{
  JsonObject *session = rt2_json_object (
      peer_event (talk->peer, UPDATE, i), "session");

  return rt2_json_string (
      rt2_json_object (rt2_json_object (session, "audio"), "output"), "voice");
}

/* Told once; another one only as long as the agent has not spoken. */
GST_START_TEST (test_voice)
{
  static const Spot spot = { "resp_1", 0, "item_1" };
  Talk *talk = talk_new ();

  g_object_set (talk->element, "voice", "cedar", NULL);
  talk_play (talk, &law_pcm);
  fail_unless_equals_string (voice_of (talk, 0), "cedar");
  g_object_set (talk->element, "instructions", "one", NULL);
  wait_update (talk, 1);
  fail_unless (voice_of (talk, 1) == NULL);
  g_object_set (talk->element, "voice", "sage", NULL);
  wait_update (talk, 2);
  fail_unless_equals_string (voice_of (talk, 2), "sage");

  peer_begin (talk->peer, "resp_1");
  peer_item (talk->peer, &spot, NULL);
  peer_speech (talk->peer, &spot, &law_pcm, 0, 2400);
  talk_sync (talk);
  g_object_set (talk->element, "voice", "ash", NULL);
  g_object_set (talk->element, "instructions", "two", NULL);
  talk_sync_up (talk);
  fail_unless (peer_count (talk->peer, UPDATE) >= 4);
  for (guint i = 3; i < peer_count (talk->peer, UPDATE); i++)
    fail_unless (voice_of (talk, i) == NULL);
  talk_free (talk);
}
GST_END_TEST;

/* --- all at once --- */

/* While the server is busy with one update, all else becomes a second. */
GST_START_TEST (test_coalesced)
{
  Talk *talk = talk_new_playing ();
  JsonObject *wanted = json (BASE (""));

  peer_hold_updated (talk->peer, TRUE);
  g_object_set (talk->element, "instructions", "first", NULL);
  peer_event (talk->peer, UPDATE, 1);
  g_object_set (talk->element, "instructions", "second", NULL);
  set_property (talk, "tools", "[{'type':'function','name':'f'}]");
  set_property (talk, "vad-threshold", "0.25");
  g_object_set (talk->element, "instructions", "third", NULL);
  talk_sync (talk);
  fail_unless_equals_int (peer_count (talk->peer, UPDATE), 2);

  peer_hold_updated (talk->peer, FALSE);
  wait_update (talk, 2);
  lay_over (wanted,
      "{'instructions':'third','tools':[{'type':'function','name':'f'}],"
      "'audio':{'input':{'turn_detection':{'threshold':0.25}}}}");
  assert_update (talk, 2, wanted);
  talk_sync (talk);
  fail_unless_equals_int (peer_count (talk->peer, UPDATE), 3);
  json_object_unref (wanted);
  talk_free (talk);
}
GST_END_TEST;

/* There and back again is no change at all. */
GST_START_TEST (test_there_and_back)
{
  Talk *talk = talk_new_playing ();

  peer_hold_updated (talk->peer, TRUE);
  g_object_set (talk->element, "instructions", "first", NULL);
  peer_event (talk->peer, UPDATE, 1);
  set_property (talk, "vad-threshold", "0.25");
  set_property (talk, "vad-threshold", "0.5");
  peer_hold_updated (talk->peer, FALSE);
  talk_sync (talk);
  talk_sync (talk);
  fail_unless_equals_int (peer_count (talk->peer, UPDATE), 2);
  talk_free (talk);
}
GST_END_TEST;

/* --- what the server makes of it --- */

/* A refusal is told with the field, nothing stops, and once the field is mended
 * all that was changed meanwhile gets through. */
GST_START_TEST (test_refused)
{
  Talk *talk = talk_new_playing ();
  const GstStructure *fields;
  JsonObject *update, *wanted = json (BASE (""));

  peer_hold_updated (talk->peer, TRUE);
  set_property (talk, "reasoning-effort", "xhigh");
  update = peer_event (talk->peer, UPDATE, 1);
  peer_send (talk->peer,
      "{\"type\":\"error\",\"event_id\":\"event_9\",\"error\":{\"type\":"
      "\"invalid_request_error\",\"code\":\"invalid_value\",\"message\":"
      "\"Invalid value: 'xhigh'.\",\"param\":\"session.reasoning.effort\","
      "\"event_id\":\"%s\"}}",
      json_object_get_string_member (update, "event_id"));
  fields = talk_message (talk, "server-error", 0);
  fail_unless_equals_string (
      talk_string (fields, "param"), "session.reasoning.effort");
  fail_unless_equals_string (talk_string (fields, "code"), "invalid_value");
  g_object_set (
      talk->element, "reasoning-effort", 0, "instructions", "on", NULL);
  talk_sync (talk);
  peer_hold_updated (talk->peer, FALSE);
  talk_sync_up (talk);
  lay_over (wanted, "{'instructions':'x'}");
  json_object_set_string_member (wanted, "instructions",
      rt2_json_string (
          rt2_json_object (peer_event (talk->peer, UPDATE,
                               peer_count (talk->peer, UPDATE) - 1),
              "session"),
          "instructions"));
  assert_update (talk, peer_count (talk->peer, UPDATE) - 1, wanted);
  fail_unless_equals_int (talk_count_messages_of (talk, GST_MESSAGE_ERROR), 0);
  json_object_unref (wanted);
  talk_free (talk);
}
GST_END_TEST;

static void
refuse (Talk *talk, guint i, const gchar *param)
{
  JsonObject *update = peer_event (talk->peer, UPDATE, i);

  peer_send (talk->peer,
      "{\"type\":\"error\",\"event_id\":\"event_9\",\"error\":{\"type\":"
      "\"invalid_request_error\",\"code\":\"invalid_value\",\"message\":"
      "\"Invalid value.\",\"param\":\"%s\",\"event_id\":\"%s\"}}",
      param, json_object_get_string_member (update, "event_id"));
}

/* What was refused is not asked for again with all that comes later, which
 * would be refused with it; nor is what was good lost. */
GST_START_TEST (test_refused_stays_out)
{
  Talk *talk = talk_new ();
  JsonObject *wanted = json (BASE (""));

  set_property (talk, "reasoning-effort", "low");
  talk_play (talk, &law_pcm);
  talk_sync (talk);
  lay_over (wanted, "{'reasoning':{'effort':'low'}}");

  peer_hold_updated (talk->peer, TRUE);
  set_property (talk, "reasoning-effort", "xhigh");
  peer_event (talk->peer, UPDATE, 1);
  refuse (talk, 1, "session.reasoning.effort");
  talk_message (talk, "server-error", 0);
  fail_unless_equals_int (peer_count (talk->peer, UPDATE), 2);
  peer_hold_updated (talk->peer, FALSE);
  talk_sync (talk);

  g_object_set (talk->element, "instructions", "Go on.", NULL);
  wait_update (talk, 2);
  lay_over (wanted, "{'instructions':'Go on.'}");
  assert_update (talk, 2, wanted);
  /* Another value is another question. */
  set_property (talk, "reasoning-effort", "high");
  wait_update (talk, 3);
  lay_over (wanted, "{'reasoning':{'effort':'high'}}");
  assert_update (talk, 3, wanted);
  fail_unless_equals_int (talk_count_messages (talk, "server-error"), 1);
  fail_unless_equals_int (talk_count_messages_of (talk, GST_MESSAGE_ERROR), 0);
  json_object_unref (wanted);
  talk_free (talk);
}
GST_END_TEST;

/* While its answers are held. */
static void
accept (Talk *talk)
{
  peer_send (talk->peer,
      "{\"type\":\"session.updated\",\"event_id\":\"event_9\",\"session\":{"
      "\"type\":\"realtime\",\"id\":\"sess_0\"}}");
}

/* Of two changes that went together the good one is told again, alone, and at
 * once. A new connection does not begin with what the last one refused. */
GST_START_TEST (test_refused_among_others)
{
  Talk *talk = talk_new_playing ();
  JsonObject *wanted = json (BASE (""));
  JsonObject *anew = json (BASE (",'voice':'marin'"));

  peer_hold_updated (talk->peer, TRUE);
  g_object_set (talk->element, "instructions", "First.", NULL);
  peer_event (talk->peer, UPDATE, 1);
  g_object_set (talk->element, "instructions", "Second.", NULL);
  set_property (talk, "reasoning-effort", "xhigh");
  talk_sync (talk);
  accept (talk);
  peer_event (talk->peer, UPDATE, 2);
  refuse (talk, 2, "session.reasoning.effort");
  peer_event (talk->peer, UPDATE, 3);
  lay_over (wanted, "{'instructions':'Second.'}");
  assert_update (talk, 3, wanted);
  peer_hold_updated (talk->peer, FALSE);
  talk_sync (talk);
  fail_unless_equals_int (peer_count (talk->peer, UPDATE), 4);

  peer_drop (talk->peer);
  talk_message (talk, "session-restored", 0);
  lay_over (anew, "{'instructions':'Second.'}");
  assert_update (talk, 4, anew);
  fail_unless_equals_int (talk_count_messages (talk, "server-error"), 1);
  json_object_unref (wanted);
  json_object_unref (anew);
  talk_free (talk);
}
GST_END_TEST;

/* The voice, and what is in an array, by the path that an error has of them;
 * and an error without one: nothing is repeated for ever. */
GST_START_TEST (test_refused_paths)
{
  static const struct {
    const gchar *name, *value, *param;
    gboolean again; /* is asked for again with the next change */
  } refusals[] = {
    { "voice", "nobody", "session.audio.output.voice", FALSE },
    { "tools", "[{'type':'function','name':'f'}]", "session.tools[0].name",
        FALSE },
    { "transcription-model", "none-such",
        "session.audio.input.transcription.model", FALSE },
    { "session-config", "{'x':{'y':1}}", "x.z", FALSE },
    { "session-config", "{'x':{'y':1}}", "session.not.there", TRUE },
    { "session-config", "{'x':{'y':1}}", "", TRUE },
  };
  Talk *talk = talk_new_playing ();
  JsonObject *wanted = json (BASE (""));
  gchar *after;

  peer_hold_updated (talk->peer, TRUE);
  set_property (talk, refusals[__i__].name, refusals[__i__].value);
  peer_event (talk->peer, UPDATE, 1);
  refuse (talk, 1, refusals[__i__].param);
  fail_unless_equals_string (
      talk_string (talk_message (talk, "server-error", 0), "param"),
      refusals[__i__].param);
  peer_hold_updated (talk->peer, FALSE);
  talk_sync (talk);
  fail_unless_equals_int (peer_count (talk->peer, UPDATE), 2);

  g_object_set (talk->element, "instructions", "Go on.", NULL);
  wait_update (talk, 2);
  lay_over (wanted, "{'instructions':'Go on.'}");
  after = to_text (json_object_get_object_member (
      peer_event (talk->peer, UPDATE, 2), "session"));
  if (!refusals[__i__].again)
    assert_update (talk, 2, wanted);
  else
    fail_unless (strstr (after, "\"x\"") != NULL, "%s", after);
  g_free (after);
  fail_unless_equals_int (peer_count (talk->peer, UPDATE), 3);
  json_object_unref (wanted);
  talk_free (talk);
}
GST_END_TEST;

/* Later than the first time, too. */
GST_START_TEST (test_late_mismatch)
{
  Talk *talk = talk_new_playing ();
  GError *error = NULL;
  gchar *debug;

  talk->fails = TRUE;
  peer_hold_updated (talk->peer, TRUE);
  g_object_set (talk->element, "instructions", "Go on.", NULL);
  peer_event (talk->peer, UPDATE, 1);
  peer_send (talk->peer,
      "{\"type\":\"session.updated\",\"event_id\":\"event_9\",\"session\":{"
      "\"type\":\"realtime\",\"id\":\"sess_0\",\"audio\":{"
      "\"input\":{\"format\":{\"type\":\"audio/pcm\"}},"
      "\"output\":{\"format\":{\"type\":\"audio/pcmu\"}}}}}");
  gst_message_parse_error (
      talk_message_of (talk, GST_MESSAGE_ERROR, 0), &error, &debug);
  fail_unless (
      g_error_matches (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS));
  fail_unless (strstr (error->message, "audio/pcmu") != NULL);
  g_error_free (error);
  g_free (debug);
  talk_free (talk);
}
GST_END_TEST;

/* Audio in another format than the caps' would be noise. */
GST_START_TEST (test_mismatch)
{
  static const struct {
    const gchar *input, *output, *named;
  } echoes[] = {
    { "audio/pcmu", "audio/pcm", "audio/pcmu" },
    { "audio/pcm", "audio/pcma", "audio/pcma" },
  };
  Talk *talk = talk_new ();
  GError *error = NULL;
  gchar *debug;

  talk->fails = TRUE;
  peer_hold_updated (talk->peer, TRUE);
  talk_play_unconnected (talk, &law_pcm, 0);
  peer_event (talk->peer, UPDATE, 0);
  peer_send (talk->peer,
      "{\"type\":\"session.updated\",\"event_id\":\"event_9\",\"session\":{"
      "\"type\":\"realtime\",\"id\":\"sess_0\",\"audio\":{"
      "\"input\":{\"format\":{\"type\":\"%s\"}},"
      "\"output\":{\"format\":{\"type\":\"%s\"}}}}}",
      echoes[__i__].input, echoes[__i__].output);
  gst_message_parse_error (
      talk_message_of (talk, GST_MESSAGE_ERROR, 0), &error, &debug);
  fail_unless (
      g_error_matches (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS));
  fail_unless (strstr (error->message, echoes[__i__].named) != NULL);
  g_error_free (error);
  g_free (debug);
  talk_free (talk);
}
GST_END_TEST;

/* --- files --- */

GST_START_TEST (test_files)
{
  static const struct {
    const gchar *name, *content, *patch;
  } files[] = {
    { "instructions", "Be brief.\n", "{'instructions':'Be brief.\\n'}" },
    { "tools", "[{'type':'function','name':'f'}]",
        "{'tools':[{'type':'function','name':'f'}]}" },
    { "session-config", "{'y':1}", "{'y':1}" },
    { "prompt", "{'id':'p'}", "{'prompt':{'id':'p'}}" },
  };
  Talk *talk = talk_new ();
  JsonObject *wanted = json (BASE (",'voice':'marin'"));
  gchar *folder = g_dir_make_tmp ("realtime2-XXXXXX", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    gchar *path = g_build_filename (folder, files[i].name, NULL);
    gchar *value = g_strconcat ("@", path, NULL);
    gchar *content = g_strdelimit (g_strdup (files[i].content), "'", '"');

    fail_unless (g_file_set_contents (path, content, -1, NULL));
    g_object_set (talk->element, files[i].name, value, NULL);
    lay_over (wanted, files[i].patch);
    g_free (content);
    g_free (value);
    g_free (path);
  }
  talk_play (talk, &law_pcm);
  assert_update (talk, 0, wanted);
  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    gchar *path = g_build_filename (folder, files[i].name, NULL);

    g_remove (path);
    g_free (path);
  }
  g_rmdir (folder);
  g_free (folder);
  json_object_unref (wanted);
  talk_free (talk);
}
GST_END_TEST;

/* --- the other types --- */

GST_START_TEST (test_language)
{
  Talk *talk = talk_new ();
  JsonObject *wanted;

  g_object_set (
      talk->element, "model", "gpt-realtime-translate", "language", "fr", NULL);
  talk_play (talk, &law_pcm);
  wanted = json (OUTPUT ("'language':'fr'"));
  assert_update (talk, 0, wanted);
  json_object_unref (wanted);
  g_object_set (talk->element, "language", "ja", NULL);
  wait_update (talk, 1);
  wanted = json (OUTPUT ("'language':'ja'"));
  assert_update (talk, 1, wanted);
  json_object_unref (wanted);
  talk_free (talk);
}
GST_END_TEST;

/* The type goes by the model unless it is said. */
GST_START_TEST (test_types)
{
  static const struct {
    const gchar *model, *type, *wanted;
  } types[] = {
    { "gpt-realtime-whisper", "auto", "transcription" },
    { "gpt-4o-transcribe", "auto", "transcription" },
    { "gpt-realtime-2.1", "auto", "realtime" },
    { "my-deployment", "auto", "realtime" },
    { "my-deployment", "transcription", "transcription" },
    { "my-deployment", "translation", NULL },
    { "gpt-realtime-translate", "realtime", "realtime" },
  };
  Talk *talk = talk_new ();

  g_object_set (talk->element, "model", types[__i__].model, NULL);
  set_property (talk, "session-type", types[__i__].type);
  talk_play (talk, &law_pcm);
  fail_unless_equals_string (
      rt2_json_string (
          rt2_json_object (peer_event (talk->peer, UPDATE, 0), "session"),
          "type"),
      types[__i__].wanted);
  talk_free (talk);
}
GST_END_TEST;

static Suite *
settings_suite (void)
{
  Suite *suite = suite_create ("settings");
  TCase *properties = tcase_create ("properties");
  TCase *updates = tcase_create ("updates");

  suite_add_tcase (suite, properties);
  tcase_add_loop_test (properties, test_property, 0, G_N_ELEMENTS (cases));
  tcase_add_test (properties, test_all_are_here);
  tcase_add_test (properties, test_voice);
  tcase_add_test (properties, test_files);
  tcase_add_test (properties, test_language);
  tcase_add_loop_test (properties, test_types, 0, 7);

  suite_add_tcase (suite, updates);
  tcase_add_test (updates, test_coalesced);
  tcase_add_test (updates, test_there_and_back);
  tcase_add_test (updates, test_refused);
  tcase_add_test (updates, test_refused_stays_out);
  tcase_add_test (updates, test_refused_among_others);
  tcase_add_loop_test (updates, test_refused_paths, 0, 6);
  tcase_add_test (updates, test_late_mismatch);
  tcase_add_loop_test (updates, test_mismatch, 0, 2);
  return suite;
}

GST_CHECK_MAIN (settings);
