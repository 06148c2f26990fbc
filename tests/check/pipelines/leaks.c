/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * No GStreamer object outlives its pipeline: a program that talks, is
 * interrupted, loses its server, starts again and fails is run under the
 * tracer that counts objects.
 */
#include <gst/gst.h>
#include <string.h>

#include "child.h"
#include "sandbox.h"
#include "stage.h"
#include "testpeer.h"

#define SCRIPT                                                                 \
  "{\"loop\":true,\"turns\":[{\"hear\":\"Well?\",\"say\":["                    \
  "{\"text\":\"A moment.\",\"phase\":\"commentary\",\"tone_ms\":300},"         \
  "{\"text\":\"Here it is. All of it.\",\"phase\":\"final_answer\","           \
  "\"tone_ms\":1500}]}]}"

/* -- the program that is watched
 * ----------------------------------------------- */

static Stage *
new_stage (const gchar *uri)
{
  return stage_new (
      "audiotestsrc name=voice is-live=true samplesperbuffer=480 volume=0 ! "
      "audio/x-raw,format=S16LE,rate=24000,channels=1 ! "
      "realtime2 name=ai uri=%s vad-silence-duration=200000000 "
      "text_src_1::roles=user+assistant ! tee name=t "
      "t. ! queue ! audioconvert ! fakesink  t. ! queue ! fakesink sync=true "
      "ai.text_src_0 ! text/x-raw,format=utf8 ! queue ! fakesink "
      "ai.text_src_1 ! application/x-json ! queue ! fakesink",
      uri);
}

static void
speak (Stage *stage)
{
  GstElement *voice = stage_get (stage, "voice");

  g_object_set (voice, "volume", 0.8, NULL);
  stage_wait (stage, "realtime2/speech-started");
  g_object_set (voice, "volume", 0.0, NULL);
  stage_wait (stage, "realtime2/speech-stopped");
  gst_object_unref (voice);
}

static void
converse (Stage *stage, Sandbox *sandbox)
{
  stage_play (stage);
  stage_wait (stage, "realtime2/session-updated");
  speak (stage);
  stage_wait (stage, "realtime2/item-started");
  speak (stage);
  stage_wait (stage, "realtime2/response-done");
  sandbox_close_all (sandbox, 0, NULL);
  stage_wait (stage, "realtime2/session-restored");
  speak (stage);
  stage_wait (stage, "realtime2/response-done");
}

static void
converse_twice (void)
{
  SandboxOptions options = { .script_json = SCRIPT, .pace = 8 };
  Sandbox *sandbox = stage_start_sandbox (&options);
  Stage *stage;

  stage = new_stage (sandbox_get_uri (sandbox));
  converse (stage, sandbox);
  gst_element_set_state (stage->pipeline, GST_STATE_READY);
  converse (stage, sandbox);
  gst_element_send_event (stage->pipeline, gst_event_new_eos ());
  stage_wait_eos (stage);
  stage_free (stage);
  sandbox_stop_thread (sandbox);
}

static void
fail (void)
{
  g_autofree gchar *uri = g_strdup_printf (
      "ws://127.0.0.1:%u/v1/realtime", test_peer_find_closed_port ());
  g_autoptr (Stage) stage = new_stage (uri);

  stage_play (stage);
  stage_wait_error (stage);
}

/* A pad comes and goes while the pipeline plays. */
static void
come_and_go (void)
{
  g_autofree gchar *uri = g_strdup_printf (
      "ws://127.0.0.1:%u/v1/realtime", test_peer_find_closed_port ());
  g_autoptr (Stage)
      stage = stage_new ("realtime2 name=ai uri=%s retries=-1 ! fakesink", uri);

  stage_play (stage);
  for (guint i = 0; i < 3; i++) {
    GstPad *pad = gst_element_request_pad_simple (stage->ai, "text_src_%u");

    stage_wait (stage, "realtime2/session-lost");
    gst_element_release_request_pad (stage->ai, pad);
    gst_object_unref (pad);
  }
}

static gint
run_watched (const gchar *what)
{
  if (g_str_equal (what, "clean")) {
    converse_twice ();
    fail ();
    come_and_go ();
  } else {
    /* What a leak looks like. */
    gst_object_ref_sink (gst_element_factory_make ("realtime2", NULL));
  }
  gst_deinit ();
  return 0;
}

/* -- the test
 * -------------------------------------------------------------------- */

static gchar *program;

static ChildResult *
watch (const gchar *what)
{
  const gchar *argv[] = { program, what, NULL };
  static const gchar *const environment[] = { "GST_TRACERS", "leaks",
    "GST_DEBUG", "GST_TRACER:7", "GST_DEBUG_NO_COLOR", "1", "G_DEBUG", "",
    NULL };

  return child_run (argv, environment);
}

/* The tracer's report of an object, or NULL. It also prints the form of such a
 * report. */
static const gchar *
find_leak (const ChildResult *result)
{
  static const gchar report[] = "object-alive, type-name=(string)";
  const gchar *at = result->output;

  while ((at = strstr (at, report)) != NULL) {
    at += strlen (report);
    if (*at != '%')
      return at;
  }
  return NULL;
}

static void
test_clean (void)
{
  g_autoptr (ChildResult) result = watch ("clean");

  if (result->status != 0 || find_leak (result) != NULL)
    g_error ("ended with %d: %s", result->status, result->output);
}

/* The tracer is there and sees a leak. */
static void
test_control (void)
{
  g_autoptr (ChildResult) result = watch ("leaking");

  g_assert_nonnull (find_leak (result));
  g_assert_nonnull (strstr (find_leak (result), "GstRealtime2"));
}

int
main (int argc, char *argv[])
{
  gst_init (&argc, &argv);
  program = argv[0];
  if (argc == 2 && argv[1][0] != '-')
    return run_watched (argv[1]);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/leaks/control", test_control);
  g_test_add_func ("/leaks/clean", test_clean);
  return g_test_run ();
}
