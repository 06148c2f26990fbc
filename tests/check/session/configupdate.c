/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The configuration when it is us who judge what the user says, and when the
 * application changes it as it goes.
 */
#include "rt2config.h"

#include <string.h>

#include "rt2json.h"

#define MS G_GUINT64_CONSTANT (1000000)

/* Member @name of turn_detection on the wire; FALSE if there is none. */
static gboolean
is_on (const Rt2SessionConfig *config, const gchar *name)
{
  g_autoptr (JsonObject) session = rt2_session_config_build (config, TRUE);
  JsonObject *input = rt2_json_object (
      rt2_json_object (session, "audio"), "input");
  JsonObject *detection = rt2_json_object (input, "turn_detection");

  return detection && json_object_has_member (detection, name)
      && json_object_get_boolean_member (detection, name);
}

static void
expect_decides (const Rt2SessionConfig *config, gboolean decides)
{
  g_assert_cmpint (rt2_session_config_decides (config), ==, decides);
  if (!rt2_session_config_has_vad (config) || config->sideband
      || config->type != RT2_SESSION_TYPE_REALTIME)
    return;
  g_assert_cmpint (is_on (config, "create_response"), ==,
      config->create_response && !decides);
  g_assert_cmpint (is_on (config, "interrupt_response"), ==,
      config->interrupt_response && !decides);
}

/* Whoever judges must be able to: there must be a VAD that tells, and nothing
 * that the server does by itself. */
static void
test_decides (void)
{
  static const Rt2TurnDetection detections[] = {
    RT2_TURN_DETECTION_SERVER_VAD,
    RT2_TURN_DETECTION_SEMANTIC_VAD,
    RT2_TURN_DETECTION_NONE,
  };

  for (guint i = 0; i < 3 * 2 * 2 * 2 * 2; i++) {
    g_autoptr (Rt2SessionConfig) config = rt2_session_config_new ();

    config->turn_detection = detections[i % 3];
    config->min_interruption = i / 3 % 2 ? 250 * MS : 0;
    config->guards_speech = i / 6 % 2;
    config->create_response = i / 12 % 2;
    config->interrupt_response = i / 24 % 2;
    expect_decides (config,
        detections[i % 3] != RT2_TURN_DETECTION_NONE
            && (config->min_interruption > 0 || config->guards_speech));
  }
}

static void
test_decides_not (void)
{
  g_autoptr (Rt2SessionConfig) config = rt2_session_config_new ();

  expect_decides (config, FALSE);
  config->min_interruption = 1;
  expect_decides (config, TRUE);
  /* The audio of a call is not ours to hear. */
  config->sideband = TRUE;
  expect_decides (config, FALSE);
  config->sideband = FALSE;
  config->type = RT2_SESSION_TYPE_TRANSCRIPTION;
  expect_decides (config, FALSE);
  config->type = RT2_SESSION_TYPE_TRANSLATION;
  expect_decides (config, FALSE);
}

/* --- updates --- */

static gchar *
double_quoted (const gchar *text)
{
  return text ? g_strdelimit (g_strdup (text), "'", '"') : NULL;
}

/* Single quotes stand for double ones. */
static void
expect_merged (const gchar *update, const gchar *more, const gchar *wanted)
{
  g_autofree gchar *below = double_quoted (update);
  g_autofree gchar *above = double_quoted (more);
  g_autofree gchar *both = double_quoted (wanted);
  g_autoptr (GError) error = NULL;
  g_autofree gchar *merged = rt2_session_config_merge_update (
      below, above, &error);
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (JsonNode) other = rt2_json_parse (both, strlen (both), NULL);

  g_assert_no_error (error);
  g_assert_nonnull (merged);
  node = rt2_json_parse (merged, strlen (merged), NULL);
  if (!json_node_equal (node, other))
    g_error ("%s is not %s", merged, both);
}

static void
test_merge (void)
{
  expect_merged (NULL, "{}", "{}");
  expect_merged (NULL, "{'a':1}", "{'a':1}");
  expect_merged ("{}", "{'a':1}", "{'a':1}");
  expect_merged ("{'a':1}", "{}", "{'a':1}");
  expect_merged ("{'a':1}", "{'b':2}", "{'a':1,'b':2}");
  expect_merged ("{'a':1}", "{'a':2}", "{'a':2}");
  expect_merged ("{'a':{'b':1,'c':2}}", "{'a':{'c':3,'d':4}}",
      "{'a':{'b':1,'c':3,'d':4}}");
  expect_merged ("{'a':[1,2]}", "{'a':[3]}", "{'a':[3]}");
  /* null is a value: it turns things off. */
  expect_merged ("{'a':{'b':1}}", "{'a':null}", "{'a':null}");
  expect_merged ("{'a':null}", "{'a':{'b':1}}", "{'a':{'b':1}}");
}

static void
test_bad_merge (void)
{
  static const gchar *const bad[] = { "", "[]", "null", "{", "{\"a\":}", "1",
    "{} {}", "{\"a\":\"\xff\"}" };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    GError *error = NULL;

    g_assert_null (rt2_session_config_merge_update ("{}", bad[i], &error));
    g_assert_nonnull (error);
    g_error_free (error);
    g_assert_null (rt2_session_config_merge_update (NULL, bad[i], NULL));
  }
}

/* It lies over the overlay, which lies over the rest. */
static void
test_layers (void)
{
  g_autoptr (Rt2SessionConfig) config = rt2_session_config_new ();
  g_autoptr (JsonObject) session = NULL;
  JsonObject *output;

  config->instructions = g_strdup ("first");
  config->speed = 0.5;
  config->overlay = g_strdup (
      "{\"instructions\":\"second\",\"tool_choice\":\"none\","
      "\"audio\":{\"output\":{\"speed\":0.75}}}");
  config->update = g_strdup ("{\"instructions\":\"third\",\"x\":[1]}");
  session = rt2_session_config_build (config, TRUE);
  g_assert_cmpstr (rt2_json_string (session, "instructions"), ==, "third");
  g_assert_cmpstr (rt2_json_string (session, "tool_choice"), ==, "none");
  g_assert_true (json_object_has_member (session, "x"));
  output = rt2_json_object (rt2_json_object (session, "audio"), "output");
  g_assert_cmpfloat (json_object_get_double_member (output, "speed"), ==, 0.75);
}

/* A voice that comes this way is left out as any other. */
static void
test_voice (void)
{
  for (guint with = 0; with < 2; with++) {
    g_autoptr (Rt2SessionConfig) config = rt2_session_config_new ();
    g_autoptr (JsonObject) session = NULL;
    JsonObject *output;

    config->update = g_strdup (
        "{\"audio\":{\"output\":{\"voice\":\"cedar\",\"speed\":1.25}}}");
    session = rt2_session_config_build (config, with);
    output = rt2_json_object (rt2_json_object (session, "audio"), "output");
    g_assert_cmpstr (
        rt2_json_string (output, "voice"), ==, with ? "cedar" : NULL);
    g_assert_cmpfloat (
        json_object_get_double_member (output, "speed"), ==, 1.25);
  }
}

static void
test_check (void)
{
  static const gchar *const bad[] = { "[1]", "{", "words" };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (Rt2SessionConfig) config = rt2_session_config_new ();
    g_autoptr (GError) error = NULL;
    const gchar *member = NULL;

    config->update = g_strdup (bad[i]);
    g_assert_false (rt2_session_config_check (config, &member, &error));
    g_assert_cmpstr (member, ==, "update");
    g_assert_nonnull (error);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/configupdate/decides", test_decides);
  g_test_add_func ("/configupdate/decides-not", test_decides_not);
  g_test_add_func ("/configupdate/merge", test_merge);
  g_test_add_func ("/configupdate/bad-merge", test_bad_merge);
  g_test_add_func ("/configupdate/layers", test_layers);
  g_test_add_func ("/configupdate/voice", test_voice);
  g_test_add_func ("/configupdate/check", test_check);
  return g_test_run ();
}
