/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who speaks when, with a server that listens for itself: push to talk, from C
 * and from Python; functions; a voice and a cough while the agent speaks;
 * protected speech; and a sideband of a call.
 */
#include <gst/gst.h>
#include <string.h>

#include "child.h"
#include "sandbox.h"
#include "stage.h"

#define VOICE "/usr/share/sounds/alsa/Front_Center.wav"
#define PYTHON "/usr/bin/python3"
#define PATIENCE_MS (STAGE_PATIENCE / GST_MSECOND)
#define CALL "{\"say\":[{\"call\":{\"name\":\"f\",\"arguments\":{\"a\":1}}}]}"
#define DONE                                                                   \
  "{\"expect_outputs\":[\"42\"],\"say\":[{\"text\":\"Forty-two.\","            \
  "\"tone_ms\":200}]}"

static Sandbox *
start (const gchar *script)
{
  const SandboxOptions options = { .script_json = script, .pace = 8 };
  g_autoptr (GError) error = NULL;
  Sandbox *sandbox = sandbox_start_thread (&options, &error);

  g_assert_no_error (error);
  return sandbox;
}

static void
stop (Stage *stage, Sandbox *sandbox)
{
  g_autoptr (GPtrArray) errors = sandbox_dup_errors (sandbox);

  stage_collect (stage);
  stage_expect_no_error (stage);
  stage_free (stage);
  g_assert_cmpuint (errors->len, ==, 0);
  sandbox_stop_thread (sandbox);
}

static gboolean
ask (Stage *stage, const gchar *signal)
{
  gboolean taken = FALSE;

  g_signal_emit_by_name (stage->ai, signal, &taken);
  return taken;
}

/* Until there are so many messages of one kind. */
static void
wait_messages (Stage *stage, const gchar *name, guint n)
{
  for (stage_collect (stage); stage_count_element (stage, name) < n;)
    stage_wait (stage, name);
}

/* The next response that is done. */
static void
wait_done (Stage *stage, const gchar *status)
{
  const GstStructure *done = stage_wait (stage, "realtime2/response-done");

  g_assert_cmpstr (gst_structure_get_string (done, "status"), ==, status);
}

static gchar *
answer (GstElement *ai, const gchar *id, const gchar *name,
    const gchar *arguments, gpointer data)
{
  g_assert_cmpstr (name, ==, "f");
  g_assert_cmpstr (arguments, ==, "{\"a\":1}");
  return g_strdup ("42");
}

/* -- push to talk ------------------------------------------------------------
 */

/* Half a second and more of audio since the last turn. */
static void
talk_a_while (Sandbox *sandbox)
{
  guint64 enough = sandbox_audio_bytes_received (sandbox) + 24000;

  while (sandbox_audio_bytes_received (sandbox) < enough)
    g_assert_true (sandbox_wait_received (sandbox, "input_audio_buffer.append",
        sandbox_count_received (sandbox, "input_audio_buffer.append") + 1,
        PATIENCE_MS));
}

/* Two turns, the second with a function. */
static void
test_push_to_talk (void)
{
  Sandbox *sandbox = start (
      "{\"turns\":[{\"hear\":\"Hello.\",\"say\":[{\"text\":\"Hi.\","
      "\"tone_ms\":100}]}," CALL "," DONE "]}");
  Stage *stage = stage_new ("audiotestsrc is-live=true ! realtime2 name=ai "
                            "uri=%s turn-detection=none ! fakesink sync=true",
      sandbox_get_uri (sandbox));

  g_signal_connect (stage->ai, "function-call", G_CALLBACK (answer), NULL);
  stage_play (stage);
  stage_wait (stage, "realtime2/session-updated");
  for (guint i = 0; i < 2; i++) {
    g_assert_true (ask (stage, "clear-input"));
    talk_a_while (sandbox);
    g_assert_cmpuint (
        sandbox_count_received (sandbox, "input_audio_buffer.commit"), ==, i);
    g_assert_true (ask (stage, "commit-input"));
    wait_done (stage, "completed");
  }
  wait_done (stage, "completed");
  g_assert_cmpuint (
      sandbox_count_received (sandbox, "input_audio_buffer.commit"), ==, 2);
  g_assert_cmpuint (
      sandbox_count_received (sandbox, "input_audio_buffer.clear"), ==, 2);
  g_assert_cmpuint (sandbox_count_received (sandbox, "response.create"), ==, 3);
  stop (stage, sandbox);
}

static gboolean
has_python (void)
{
  const gchar *argv[] = { PYTHON, "-c",
    "import gi; gi.require_version ('Gst', '1.0')", NULL };
  gint status = -1;

  return g_spawn_sync (NULL, (gchar **) argv, NULL,
             G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL,
             NULL, NULL, NULL, &status, NULL)
      && status == 0;
}

/* The same by an application in another language. */
static void
test_python (void)
{
  Sandbox *sandbox;
  const gchar *argv[] = { PYTHON, PUSH_TO_TALK, NULL, NULL };
  const gchar *environment[] = { NULL };
  g_autoptr (ChildResult) result = NULL;

  if (!has_python ()) {
    g_test_skip ("PyGObject is not installed");
    return;
  }
  sandbox = start ("{\"turns\":[" CALL "," DONE "]}");
  argv[2] = sandbox_get_uri (sandbox);
  result = child_run (argv, environment);
  g_test_message ("%s", result->output);
  g_assert_cmpint (result->status, ==, 0);
  g_assert_nonnull (
      strstr (result->output, "early False\nclear True\ncommit True\n"));
  g_assert_nonnull (strstr (result->output, "called f {\"a\":1}\n"));
  g_assert_nonnull (strstr (result->output, "output 42\n"));
  g_assert_true (g_str_has_suffix (result->output, "done completed\n"));
  sandbox_stop_thread (sandbox);
}

/* -- while the agent speaks --------------------------------------------------
 */

#define AGENT(ms)                                                              \
  "{\"turns\":[{\"say\":[{\"text\":\"A long speech.\",\"tone_ms\":" ms "}]},"  \
  "{\"say\":[{\"text\":\"Yes?\",\"tone_ms\":200}]}]}"
#define SILENCE(n)                                                             \
  "audiotestsrc wave=silence samplesperbuffer=240 num-buffers=" n              \
  " ! audio/x-raw,rate=24000,channels=1 ! c. "
#define COUGH                                                                  \
  "audiotestsrc freq=300 samplesperbuffer=240 num-buffers=12 "                 \
  "! audio/x-raw,rate=24000,channels=1 ! c. "
#define SPEECH                                                                 \
  "filesrc location=" VOICE " ! wavparse ! audioconvert ! audioresample ! "    \
  "audio/x-raw,rate=24000,channels=1 ! c. "

/* The agent opens the conversation; the user makes @sound after a second. */
static Stage *
new_listener (Sandbox *sandbox, const gchar *properties, const gchar *sound)
{
  Stage *stage = stage_new (
      "concat name=c ! realtime2 name=ai uri=%s greeting=Go "
      "vad-silence-duration=300000000 %s ! fakesink sync=true " SILENCE (
          "100") "%s" SILENCE ("6000"),
      sandbox_get_uri (sandbox), properties, sound);

  stage_play (stage);
  return stage;
}

static guint
count_truncations (Sandbox *sandbox)
{
  g_autoptr (GPtrArray) truncations = sandbox_dup_truncations (sandbox);

  return truncations->len;
}

/* A real voice, long enough. */
static void
test_voice (void)
{
  Sandbox *sandbox = start (AGENT ("20000"));
  Stage *stage = new_listener (sandbox, "min-interruption=300000000", SPEECH);
  const GstStructure *interrupted;
  guint64 played = 0;

  interrupted = stage_wait (stage, "realtime2/interrupted");
  g_assert_true (gst_structure_get_uint64 (interrupted, "played-ms", &played));
  g_assert_cmpuint (played, <, 15000);
  stage_wait (stage, "realtime2/response-started");
  g_assert_true (sandbox_wait_sent (sandbox, "response.done", 2, PATIENCE_MS));
  g_assert_cmpuint (count_truncations (sandbox), ==, 1);
  stage_collect (stage);
  g_assert_cmpuint (
      stage_count_element (stage, "realtime2/turn-dismissed"), ==, 0);
  stop (stage, sandbox);
}

/* Not so a cough: the agent goes on, and the cough is forgotten. */
static void
test_cough (void)
{
  Sandbox *sandbox = start (AGENT ("20000"));
  Stage *stage = new_listener (sandbox, "min-interruption=300000000", COUGH);

  stage_wait (stage, "realtime2/turn-dismissed");
  g_assert_true (
      sandbox_wait_sent (sandbox, "conversation.item.deleted", 1, PATIENCE_MS));
  g_assert_cmpuint (count_truncations (sandbox), ==, 0);
  g_assert_cmpuint (sandbox_count_received (sandbox, "response.create"), ==, 1);
  g_assert_cmpuint (sandbox_count_received (sandbox, "response.cancel"), ==, 0);
  stage_collect (stage);
  g_assert_cmpuint (
      stage_count_element (stage, "realtime2/interrupted"), ==, 0);
  stop (stage, sandbox);
}

/* What is protected is heard to its end, and then the user is answered. */
static void
test_protected (void)
{
  Sandbox *sandbox = start (AGENT ("4000"));
  Stage *stage = new_listener (sandbox, "protect=greeting", SPEECH);

  wait_done (stage, "completed");
  wait_done (stage, "completed");
  g_assert_cmpuint (count_truncations (sandbox), ==, 0);
  g_assert_cmpuint (sandbox_count_received (sandbox, "response.cancel"), ==, 0);
  g_assert_cmpuint (sandbox_count_received (sandbox, "response.create"), ==, 2);
  g_assert_cmpuint (
      stage_count_element (stage, "realtime2/interrupted"), ==, 0);
  stop (stage, sandbox);
}

/* -- a call ------------------------------------------------------------------
 */

static gboolean
is_of_user (const GstStructure *transcript)
{
  return g_strcmp0 (gst_structure_get_string (transcript, "role"), "user") == 0;
}

/* The element reads what is said, works and directs; it neither speaks nor
 * hears. */
static void
test_sideband (void)
{
  Sandbox *sandbox = start (
      "{\"calls\":[\"rtc_1\"],\"turns\":[{\"hear\":\"Hello there.\","
      "\"hear_ms\":300,\"say\":[{\"call\":{\"name\":\"f\",\"arguments\":"
      "{\"a\":1}}}]}," DONE
      ",{\"say\":[{\"text\":\"On and on.\",\"tone_ms\":60000}]}]}");
  Stage *stage = stage_new (
      "audiotestsrc is-live=true ! realtime2 name=ai uri=%s call-id=rtc_1 "
      "transcription-model=whisper-1 ! fakesink sync=true",
      sandbox_get_uri (sandbox));
  const GstStructure *transcript;
  gboolean taken = FALSE;

  g_object_set (stage->ai, "tools",
      "[{\"type\":\"function\",\"name\":\"f\",\"parameters\":{}}]", NULL);
  g_signal_connect (stage->ai, "function-call", G_CALLBACK (answer), NULL);
  stage_play (stage);
  do
    transcript = stage_wait (stage, "realtime2/transcript");
  while (!is_of_user (transcript));
  g_assert_cmpstr (
      gst_structure_get_string (transcript, "text"), ==, "Hello there.");
  wait_messages (stage, "realtime2/response-done", 2);
  g_signal_emit_by_name (stage->ai, "create-response", NULL, &taken);
  g_assert_true (taken);
  wait_messages (stage, "realtime2/response-started", 3);
  g_assert_true (ask (stage, "cancel-response"));
  wait_messages (stage, "realtime2/response-done", 3);
  g_assert_cmpuint (
      stage_count_element (stage, "realtime2/function-output"), ==, 1);
  g_assert_cmpuint (sandbox_count_received (sandbox, "response.cancel"), ==, 1);
  g_assert_cmpuint (
      sandbox_count_received (sandbox, "input_audio_buffer.append"), ==, 0);
  g_assert_cmpuint (
      sandbox_count_received (sandbox, "input_audio_buffer.commit"), ==, 0);
  g_assert_cmpuint (
      sandbox_count_received (sandbox, "conversation.item.delete"), ==, 0);
  g_assert_cmpuint (
      sandbox_count_received (sandbox, "conversation.item.truncate"), ==, 0);
  stop (stage, sandbox);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  g_test_add_func ("/pipelines/turns/push-to-talk", test_push_to_talk);
  g_test_add_func ("/pipelines/turns/python", test_python);
  g_test_add_func ("/pipelines/turns/voice", test_voice);
  g_test_add_func ("/pipelines/turns/cough", test_cough);
  g_test_add_func ("/pipelines/turns/protected", test_protected);
  g_test_add_func ("/pipelines/turns/sideband", test_sideband);
  return g_test_run ();
}
