/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Everything at once: threads that set and read all properties, give commands,
 * ask queries and come and go with pads, while speech and interruptions come
 * and the state changes. What is left must still talk. Finds most under
 * ThreadSanitizer.
 */
#include <gst/gst.h>

#include "agent.h"
#include "stage.h"

#define ROUNDS 30
/* Of an answer: half a second at 24 kHz, so that several rounds cut into it. */
#define SAMPLES 12000
/* Between two of a thread's doings, us: the others are to come in between. */
#define BREATH 500

typedef struct {
  GstElement *ai;
  gint over; /* atomic */
} Storm;

typedef struct {
  Storm *storm;
  void (*work) (Storm *storm, guint n);
} Worker;

/* -- properties ----------------------------------------------------------- */

/* A value that is not always the same; of texts the one that it has: without
 * `uri` there would be no server. */
static void
make_value (GObject *ai, GValue *value, GParamSpec *spec, guint n)
{
  g_value_init (value, spec->value_type);
  g_param_value_set_default (spec, value);
  if (G_IS_PARAM_SPEC_ENUM (spec)) {
    GEnumClass *klass = G_PARAM_SPEC_ENUM (spec)->enum_class;

    g_value_set_enum (value, klass->values[n % klass->n_values].value);
  } else if (G_IS_PARAM_SPEC_BOOLEAN (spec)) {
    g_value_set_boolean (value, n % 2);
  } else if (g_str_equal (spec->name, "instructions")) {
    g_value_take_string (value, g_strdup_printf ("Be number %u.", n));
  } else if (G_IS_PARAM_SPEC_STRING (spec) && spec->flags & G_PARAM_READABLE) {
    g_object_get_property (ai, spec->name, value);
  }
}

/* The session would move to another connection, and the agent speak on it while
 * it is in the background. */
static gboolean
moves (GParamSpec *spec)
{
  return g_str_equal (spec->name, "auth");
}

static void
set_properties (Storm *storm, guint n)
{
  GObjectClass *klass = G_OBJECT_GET_CLASS (storm->ai);
  g_autofree GParamSpec **specs = NULL;
  guint n_specs;

  specs = g_object_class_list_properties (klass, &n_specs);
  for (guint i = 0; i < n_specs; i++) {
    GValue value = G_VALUE_INIT;

    if (!(specs[i]->flags & GST_PARAM_MUTABLE_PLAYING)
        || !(specs[i]->flags & G_PARAM_WRITABLE) || moves (specs[i]))
      continue;
    make_value (G_OBJECT (storm->ai), &value, specs[i], n + i);
    g_object_set_property (G_OBJECT (storm->ai), specs[i]->name, &value);
    g_value_unset (&value);
    g_usleep (BREATH);
  }
}

static void
get_properties (Storm *storm, guint n)
{
  GObjectClass *klass = G_OBJECT_GET_CLASS (storm->ai);
  g_autofree GParamSpec **specs = NULL;
  guint n_specs;

  specs = g_object_class_list_properties (klass, &n_specs);
  for (guint i = 0; i < n_specs; i++) {
    GValue value = G_VALUE_INIT;

    if (!(specs[i]->flags & G_PARAM_READABLE))
      continue;
    g_object_get_property (G_OBJECT (storm->ai), specs[i]->name, &value);
    g_value_unset (&value);
    g_usleep (BREATH);
  }
}

/* -- commands and queries ------------------------------------------------- */

static void
give_commands (Storm *storm, guint n)
{
  gboolean taken;

  g_signal_emit_by_name (
      storm->ai, "send-text", "Hello.", n % 2 ? "user" : "system", &taken);
  g_usleep (BREATH);
  g_signal_emit_by_name (storm->ai, "create-response", NULL, &taken);
  g_usleep (BREATH);
  g_signal_emit_by_name (storm->ai, "commit-input", &taken);
  g_usleep (BREATH);
  g_signal_emit_by_name (storm->ai, "clear-input", &taken);
  g_usleep (BREATH);
  g_signal_emit_by_name (
      storm->ai, "send-function-result", "call_none", "{}", &taken);
  g_usleep (BREATH);
  g_signal_emit_by_name (
      storm->ai, "update-session", "{\"max_output_tokens\":99}", &taken);
  g_usleep (BREATH);
  if (n % 4 == 0)
    g_signal_emit_by_name (storm->ai, "cancel-response", &taken);
  /* The bound on what waits is not what is tested here. */
  g_usleep (10 * BREATH);
}

static void
ask_queries (Storm *storm, guint n)
{
  g_autoptr (GstPad) src = gst_element_get_static_pad (storm->ai, "src");
  g_autoptr (GstCaps) caps = gst_pad_query_caps (src, NULL);
  g_autoptr (GstQuery) latency = gst_query_new_latency ();
  gint64 position;

  gst_pad_query (src, latency);
  gst_pad_query_position (src, GST_FORMAT_TIME, &position);
  gst_pad_query_duration (src, GST_FORMAT_TIME, &position);
  g_usleep (BREATH);
}

/* -- pads ----------------------------------------------------------------- */

static void
write_text (GstPad *pad)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string ("text/x-raw,format=utf8");
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_send_event (pad, gst_event_new_stream_start ("storm"));
  gst_pad_send_event (pad, gst_event_new_caps (caps));
  gst_pad_send_event (pad, gst_event_new_segment (&segment));
  gst_pad_chain (pad, gst_buffer_new_memdup ("Hello.", 6));
}

static void
come_and_go (Storm *storm, guint n)
{
  GstPad *out = gst_element_request_pad_simple (storm->ai, "text_src_%u");
  GstPad *in = gst_element_request_pad_simple (storm->ai, "text_sink");

  g_assert_nonnull (out);
  g_assert_nonnull (in);
  gst_pad_set_active (out, TRUE);
  gst_pad_set_active (in, TRUE);
  g_object_set (out, "sync", n % 2, "roles", 1 + n % 3, NULL);
  g_object_set (in, "priority", (gint) n, "respond", n % 2 == 0, NULL);
  write_text (in);
  g_usleep (4 * BREATH);
  gst_element_release_request_pad (storm->ai, out);
  gst_element_release_request_pad (storm->ai, in);
  gst_object_unref (out);
  gst_object_unref (in);
}

/* -- the storm ------------------------------------------------------------ */

static gpointer
run_worker (gpointer data)
{
  Worker *worker = data;

  for (guint n = 0; !g_atomic_int_get (&worker->storm->over); n++)
    worker->work (worker->storm, n);
  return NULL;
}

static Stage *
new_stage (Agent *agent)
{
  g_autofree gchar *uri = agent_dup_uri (agent);

  return stage_new ("audiotestsrc is-live=true samplesperbuffer=480 ! "
                    "audio/x-raw,format=S16LE,rate=24000,channels=1 ! "
                    "realtime2 name=ai uri=%s retries=0 ! queue ! "
                    "fakesink name=out sync=true "
                    "ai.text_src_0 ! text/x-raw,format=utf8 ! queue ! fakesink "
                    "ai.text_src_1 ! application/x-json ! queue ! fakesink",
      uri);
}

/* What a server has to say: an answer, and now and then the user. */
static void
talk (Agent *agent, guint round)
{
  guint samples = SAMPLES;

  agent_say (agent, &samples, 1);
  g_usleep (40000);
  if (round % 3 != 0)
    return;
  agent_send (agent,
      "{\"type\":\"input_audio_buffer.speech_started\",\"event_id\":\"e\","
      "\"item_id\":\"user_%u\",\"audio_start_ms\":0}",
      round);
  agent_send (agent,
      "{\"type\":\"input_audio_buffer.speech_stopped\",\"event_id\":\"e\","
      "\"item_id\":\"user_%u\",\"audio_end_ms\":20}",
      round);
}

static void
change_state (Stage *stage, GstState state)
{
  g_assert_cmpint (gst_element_set_state (stage->pipeline, state), !=,
      GST_STATE_CHANGE_FAILURE);
}

static void
blow (Stage *stage, Agent *agent)
{
  for (guint i = 1; i <= ROUNDS; i++) {
    talk (agent, i);
    if (i % 5 == 0) {
      change_state (stage, GST_STATE_PAUSED);
      change_state (stage, GST_STATE_PLAYING);
    }
    if (i % 10 == 0) {
      change_state (stage, GST_STATE_READY);
      stage_collect (stage);
      stage_play (stage);
      stage_wait (stage, "realtime2/session-created");
    }
    stage_collect (stage);
  }
}

static void
expect_speech (Stage *stage, Agent *agent)
{
  guint64 before = stage_stat (stage, "speech-played-time");
  gint64 end = g_get_monotonic_time () + STAGE_PATIENCE / 1000;

  while (stage_stat (stage, "speech-played-time") <= before) {
    guint samples = SAMPLES;

    g_assert_cmpint (g_get_monotonic_time (), <, end);
    agent_say (agent, &samples, 1);
    g_usleep (100000);
  }
}

static void
test_storm (void)
{
  static void (*const works[]) (Storm *, guint) = { set_properties,
    get_properties, give_commands, ask_queries, come_and_go };
  g_autoptr (Agent) agent = agent_new ();
  g_autoptr (Stage) stage = new_stage (agent);
  Storm storm = { .ai = stage->ai };
  Worker workers[G_N_ELEMENTS (works)];
  GThread *threads[G_N_ELEMENTS (works)];

  stage_play (stage);
  stage_wait (stage, "realtime2/session-created");
  for (guint i = 0; i < G_N_ELEMENTS (works); i++) {
    workers[i] = (Worker){ &storm, works[i] };
    threads[i] = g_thread_new ("storm", run_worker, &workers[i]);
  }
  blow (stage, agent);
  g_atomic_int_set (&storm.over, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (works); i++)
    g_thread_join (threads[i]);
  expect_speech (stage, agent);
  stage_collect (stage);
  stage_expect_no_error (stage);
}

static void
activate (GstChildProxy *proxy, GObject *pad, const gchar *name, gpointer data)
{
  g_assert_true (gst_pad_set_active (GST_PAD (pad), TRUE));
}

/* A state change may activate a pad while another thread releases it: it must
 * not come to life: nobody would end its task. */
static void
test_activated_too_late (void)
{
  g_autoptr (Agent) agent = agent_new ();
  g_autoptr (Stage) stage = new_stage (agent);
  GstPad *out = gst_element_request_pad_simple (stage->ai, "text_src_%u");

  g_assert_nonnull (out);
  g_signal_connect (stage->ai, "child-removed", G_CALLBACK (activate), NULL);
  gst_element_release_request_pad (stage->ai, out);
  g_assert_cmpint (gst_pad_get_task_state (out), ==, GST_TASK_STOPPED);
  gst_object_unref (out);
}

int
main (int argc, char *argv[])
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/storm/everything-at-once", test_storm);
  g_test_add_func ("/storm/activated-too-late", test_activated_too_late);
  return g_test_run ();
}
