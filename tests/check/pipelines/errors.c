/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What cannot be mended by waiting ends the pipeline at once, with an error
 * that says what happened and what to do, of the right kind, and without the
 * key. The same through gst-launch-1.0.
 */
#define _GNU_SOURCE /* strcasestr() */
#include <gst/gst.h>
#include <string.h>

#include "agent.h"
#include "child.h"
#include "failures.h"
#include "stage.h"

/* From the start of the pipeline, on a network without distance. */
#define SOON (2 * G_USEC_PER_SEC)

static void
assert_no_key (const gchar *text, const gchar *where)
{
  if (strstr (text, FAILURE_KEY) != NULL)
    g_error ("the key is in the %s: %s", where, text);
}

static void
assert_says (const gchar *text, const gchar *const *words)
{
  for (guint i = 0; words[i] != NULL; i++)
    if (strcasestr (text, words[i]) == NULL)
      g_error ("\"%s\" does not say \"%s\"", text, words[i]);
}

/* -- in this process --------------------------------------------------------
 */

static Stage *
new_stage (const Failure *failure, const gchar *uri)
{
  Stage *stage = stage_new (
      "audiotestsrc is-live=true samplesperbuffer=480 ! "
      "audio/x-raw,format=S16LE,rate=24000,channels=1 ! "
      "realtime2 name=ai ! fakesink  ai.text_src_0 ! fakesink");

  g_object_set (stage->ai, "uri", uri, NULL);
  if (failure->keyed)
    g_object_set (stage->ai, "api-key", FAILURE_KEY, NULL);
  return stage;
}

static void
check_detail (const GstStructure *details, const gchar *name, guint expected)
{
  guint value = 0;

  g_assert_nonnull (details);
  g_assert_true (gst_structure_get_uint (details, name, &value));
  g_assert_cmpuint (value, ==, expected);
}

/* What the server said last is what ends the pipeline: its error, or else the
 * code that it closed with. */
static void
check_details (const Failure *failure, GstMessage *message)
{
  const GstStructure *details = NULL;

  gst_message_parse_error_details (message, &details);
  if (failure->http_status != 0) {
    check_detail (details, "http-status-code", failure->http_status);
  } else if (failure->error_code != NULL) {
    g_assert_nonnull (details);
    g_assert_cmpstr (gst_structure_get_string (details, "server-code"), ==,
        failure->error_code);
  } else if (failure->close_code != 0) {
    check_detail (details, "close-code", failure->close_code);
  }
}

static void
check_error (const Failure *failure, Stage *stage, GstMessage *message)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *debug = NULL;

  gst_message_parse_error (message, &error, &debug);
  g_print ("# %s: %s\n", failure->name, error->message);
  g_assert_true (GST_MESSAGE_SRC (message) == GST_OBJECT (stage->ai));
  g_assert_error (error, GST_RESOURCE_ERROR, failure->code);
  assert_says (error->message, failure->says);
  check_details (failure, message);
}

/* What GStreamer writes to a log, the element at the highest level. */
static gchar *log_path;

static void
check_log (void)
{
  g_autofree gchar *text = NULL;

  g_assert_true (g_file_get_contents (log_path, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, "realtime2"));
  assert_no_key (text, "log");
}

static void
check_secrecy (Stage *stage)
{
  g_autofree gchar *dot = gst_debug_bin_to_dot_data (
      GST_BIN (stage->pipeline), GST_DEBUG_GRAPH_SHOW_ALL);

  assert_no_key (dot, "dot graph");
  stage_collect (stage);
  for (guint i = 0; i < stage->messages->len; i++) {
    g_autofree gchar *dump = stage_message_dump (
        g_ptr_array_index (stage->messages, i));

    assert_no_key (dump, "bus");
  }
  check_log ();
}

static void
test_pipeline (gconstpointer data)
{
  const Failure *failure = data;
  Scene *scene = failure_stage (failure);
  Stage *stage = new_stage (failure, scene_get_uri (scene));
  gint64 start = g_get_monotonic_time ();
  GstMessage *message;

  gst_element_set_state (stage->pipeline, GST_STATE_PLAYING);
  message = stage_wait_error (stage);
  g_assert_cmpint (g_get_monotonic_time () - start, <, SOON);
  check_error (failure, stage, message);
  check_secrecy (stage);
  /* One error, not a shower of them. */
  g_assert_cmpuint (stage_count (stage, GST_MESSAGE_ERROR), ==, 1);
  stage_free (stage);
  scene_free (scene);
}

/* An error that ends nothing may quote the key too. */
static void
test_quoted_key (void)
{
  g_autoptr (Agent) agent = agent_new ();
  g_autofree gchar *uri = agent_dup_uri (agent);
  g_autoptr (Stage) stage = new_stage (&(Failure){ .keyed = TRUE }, uri);

  stage_play (stage);
  stage_wait (stage, "realtime2/session-updated");
  agent_send (agent,
      "{\"type\":\"error\",\"event_id\":\"event_1\",\"error\":{"
      "\"type\":\"server_error\",\"code\":\"server_error\",\"message\":"
      "\"Key %s again.\",\"param\":null,\"event_id\":null}}",
      FAILURE_KEY);
  stage_wait (stage, "realtime2/server-error");
  check_secrecy (stage);
  stage_expect_no_error (stage);
}

/* -- gst-launch-1.0 ----------------------------------------------------------
 */

static void
test_launch (gconstpointer data)
{
  const Failure *failure = data;
  Scene *scene = failure_stage (failure);
  const gchar *uri = scene_get_uri (scene);
  g_autofree gchar *uri_argument = g_strconcat ("uri=", uri, NULL);
  const gchar *argv[] = { "gst-launch-1.0", "audiotestsrc", "is-live=true", "!",
    "audio/x-raw,format=S16LE,rate=24000,channels=1", "!", "realtime2",
    uri ? uri_argument : "name=ai", "!", "fakesink", NULL };
  const gchar *environment[] = { "OPENAI_API_KEY",
    failure->keyed ? FAILURE_KEY : "", "G_DEBUG", "", "RES_OPTIONS",
    "timeout:1 attempts:1", "GST_DEBUG", "2,realtime2:7", "GST_DEBUG_FILE", "-",
    NULL };
  g_autoptr (ChildResult) result = child_run (argv, environment);

  if (result->status <= 0)
    g_error (
        "gst-launch-1.0 ended with %d: %s", result->status, result->output);
  assert_no_key (result->output, "output");
  assert_says (result->output, failure->launch_says);
  scene_free (scene);
}

static void
add_tests (const Failure *failure)
{
  g_autofree gchar *pipeline = g_strconcat (
      "/errors/pipeline/", failure->name, NULL);
  g_autofree gchar *launch = g_strconcat (
      "/errors/gst-launch/", failure->name, NULL);

  g_test_add_data_func (pipeline, failure, test_pipeline);
  g_test_add_data_func (launch, failure, test_launch);
}

int
main (int argc, char *argv[])
{
  gchar *directory = stage_make_directory ();
  int result;

  log_path = g_build_filename (directory, "log", NULL);
  g_setenv ("GST_DEBUG_FILE", log_path, TRUE);
  g_setenv ("GST_DEBUG", "realtime2*:9", TRUE);
  test_certificate_trust_ca ();
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  failure_forget_names ();
  for (const Failure *failure = failures; failure->name != NULL; failure++)
    add_tests (failure);
  g_test_add_func ("/errors/quoted-key", test_quoted_key);
  result = g_test_run ();
  g_free (log_path);
  stage_remove_directory (directory);
  return result;
}
