/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Eight functions at once, answered in any order, late, twice, from several
 * threads, with an interruption or a cut connection in the middle: what counts
 * is what the server's books say of each call.
 */
#include <gst/gst.h>

#include "sandbox.h"
#include "stage.h"

#define N_CALLS 8
#define PATIENCE_MS (STAGE_PATIENCE / GST_MSECOND)
#define CALL "{\"call\":{\"name\":\"f\",\"arguments\":{}}}"
#define CALLS                                                                  \
  CALL "," CALL "," CALL "," CALL "," CALL "," CALL "," CALL "," CALL
#define SCRIPT(say)                                                            \
  "{\"scope\":\"server\",\"turns\":[{\"say\":[" say "]},"                      \
  "{\"say\":[{\"text\":\"Done.\",\"tone_ms\":200}]}]}"

static const gchar calls_only[] = SCRIPT (CALLS);
/* It talks for long enough to be in the middle of it on a slow machine, too. */
static const gchar calls_then_talk[] = SCRIPT (
    CALLS ",{\"text\":\"Let me see.\",\"tone_ms\":120000}");

typedef struct {
  Sandbox *sandbox;
  Stage *stage;
  gchar *ids[N_CALLS]; /* in an order of chance */
} Storm;

/* -- the application ---------------------------------------------------------
 */

static gboolean
answer (Storm *storm, const gchar *id, const gchar *output)
{
  gboolean taken = FALSE;

  g_signal_emit_by_name (
      storm->stage->ai, "send-function-result", id, output, &taken);
  return taken;
}

typedef struct {
  Storm *storm;
  guint first, step;
} Worker;

/* Each call twice. */
static gpointer
work (gpointer data)
{
  Worker *worker = data;

  for (guint i = worker->first; i < N_CALLS; i += worker->step) {
    g_assert_true (answer (worker->storm, worker->storm->ids[i], "good"));
    g_assert_true (answer (worker->storm, worker->storm->ids[i], "again"));
  }
  return NULL;
}

/* All calls, by so many threads. */
static void
answer_all (Storm *storm, guint n_threads)
{
  GThread *threads[N_CALLS];
  Worker workers[N_CALLS];

  for (guint i = 0; i < n_threads; i++) {
    workers[i] = (Worker){ storm, i, n_threads };
    threads[i] = g_thread_new ("answer", work, &workers[i]);
  }
  for (guint i = 0; i < n_threads; i++)
    g_thread_join (threads[i]);
}

static void
shuffle (Storm *storm)
{
  for (guint i = N_CALLS - 1; i > 0; i--) {
    guint k = g_test_rand_int_range (0, i + 1);
    gchar *id = storm->ids[i];

    storm->ids[i] = storm->ids[k];
    storm->ids[k] = id;
  }
}

static void
storm_init (Storm *storm, const gchar *script, const gchar *properties)
{
  const SandboxOptions options = { .script_json = script, .pace = 8 };
  g_autoptr (GError) error = NULL;
  gboolean taken = FALSE;

  storm->sandbox = sandbox_start_thread (&options, &error);
  g_assert_no_error (error);
  storm->stage = stage_new ("audiotestsrc is-live=true wave=silence ! "
                            "realtime2 name=ai uri=%s %s ! fakesink sync=true",
      sandbox_get_uri (storm->sandbox), properties);
  stage_play (storm->stage);
  stage_wait (storm->stage, "realtime2/session-updated");
  g_signal_emit_by_name (
      storm->stage->ai, "send-text", "user", "All of them.", &taken);
  g_assert_true (taken);
  for (guint i = 0; i < N_CALLS; i++)
    storm->ids[i] = g_strdup (gst_structure_get_string (
        stage_wait (storm->stage, "realtime2/function-call"), "call-id"));
  shuffle (storm);
}

static void
storm_clear (Storm *storm)
{
  stage_collect (storm->stage);
  stage_expect_no_error (storm->stage);
  g_assert_cmpuint (
      stage_count_element (storm->stage, "realtime2/function-call"), ==,
      N_CALLS);
  stage_free (storm->stage);
  for (guint i = 0; i < N_CALLS; i++)
    g_free (storm->ids[i]);
  sandbox_stop_thread (storm->sandbox);
}

/* -- the books ---------------------------------------------------------------
 */

/* Messages of one kind, once there are so many. */
static void
wait_messages (Storm *storm, const gchar *name, guint n)
{
  for (stage_collect (storm->stage);
       stage_count_element (storm->stage, name) < n;)
    stage_wait (storm->stage, name);
}

/* Each call has so many outputs, the first of which is this, after the end of
 * its response. */
static void
expect_calls (Storm *storm, guint outputs, const gchar *output)
{
  g_autoptr (GPtrArray) calls = sandbox_dup_calls (storm->sandbox);

  g_assert_cmpuint (calls->len, ==, N_CALLS);
  for (guint i = 0; i < calls->len; i++) {
    const SandboxCall *call = g_ptr_array_index (calls, i);

    g_assert_nonnull (call->item_id);
    g_assert_cmpuint (call->outputs, ==, outputs);
    if (outputs == 0)
      continue;
    g_assert_cmpstr (call->output, ==, output);
    g_assert_cmpuint (call->answered, >, call->response_done);
    g_assert_cmpuint (call->response_done, >, 0);
  }
}

/* All outputs of a call, on whichever connection. */
static guint
count_outputs (GPtrArray *calls, const gchar *call_id)
{
  guint n = 0;

  for (guint i = 0; i < calls->len; i++) {
    const SandboxCall *call = g_ptr_array_index (calls, i);

    if (g_strcmp0 (call->call_id, call_id) == 0)
      n += call->outputs;
  }
  return n;
}

/* Each call was made once, restored once, and has one output on all
 * connections together, to a call that is there. */
static void
expect_restored (Storm *storm)
{
  g_autoptr (GPtrArray) calls = sandbox_dup_calls (storm->sandbox);
  g_autoptr (GPtrArray) errors = sandbox_dup_errors (storm->sandbox);
  guint restored = 0;

  for (guint i = 0; i < calls->len; i++) {
    const SandboxCall *call = g_ptr_array_index (calls, i);

    g_assert_nonnull (call->item_id);
    g_assert_cmpuint (call->connection, ==, call->restored ? 2 : 1);
    g_assert_cmpuint (call->restored_outputs, ==, 0);
    restored += call->restored;
  }
  g_assert_cmpuint (restored, ==, N_CALLS);
  g_assert_cmpuint (calls->len, ==, 2 * N_CALLS);
  for (guint i = 0; i < N_CALLS; i++)
    g_assert_cmpuint (count_outputs (calls, storm->ids[i]), ==, 1);
  g_assert_cmpuint (errors->len, ==, 0);
}

static guint64
last_answer (Storm *storm)
{
  g_autoptr (GPtrArray) calls = sandbox_dup_calls (storm->sandbox);
  guint64 last = 0;

  for (guint i = 0; i < calls->len; i++)
    last = MAX (
        last, ((const SandboxCall *) g_ptr_array_index (calls, i))->answered);
  return last;
}

/* The second response was asked for after the last output, and the server had
 * nothing to complain of. */
static void
expect_followed (Storm *storm)
{
  g_autoptr (GPtrArray)
      creates = sandbox_dup_received (storm->sandbox, "response.create");
  g_autoptr (GPtrArray) errors = sandbox_dup_errors (storm->sandbox);
  const SandboxRecord *second;

  g_assert_cmpuint (creates->len, ==, 2);
  second = g_ptr_array_index (creates, 1);
  g_assert_cmpuint (second->order, >, last_answer (storm));
  g_assert_cmpuint (errors->len, ==, 0);
}

/* One response follows, from all of them together. */
static void
test_order (gconstpointer data)
{
  Storm storm;

  storm_init (&storm, calls_only, "");
  answer_all (&storm, GPOINTER_TO_UINT (data));
  g_assert_true (
      sandbox_wait_sent (storm.sandbox, "response.done", 2, PATIENCE_MS));
  wait_messages (&storm, "realtime2/command-failed", N_CALLS);
  expect_calls (&storm, 1, "good");
  expect_followed (&storm);
  storm_clear (&storm);
}

/* Too late, all of them: answered by tool-timeout, and by nothing else. */
static void
test_late (void)
{
  Storm storm;

  storm_init (&storm, calls_only, "tool-timeout=100000000");
  wait_messages (&storm, "realtime2/function-output", N_CALLS);
  answer_all (&storm, 2);
  wait_messages (&storm, "realtime2/command-failed", 2 * N_CALLS);
  g_assert_true (
      sandbox_wait_sent (storm.sandbox, "response.done", 2, PATIENCE_MS));
  expect_calls (&storm, 1, "{\"error\":\"timeout\"}");
  storm_clear (&storm);
}

/* The response goes on, and is interrupted when half of its calls are answered:
 * all get their outputs, and nobody speaks about them. */
static void
test_interrupted (void)
{
  gboolean taken = FALSE;
  Storm storm;

  storm_init (&storm, calls_then_talk, "");
  for (guint i = 0; i < N_CALLS / 2; i++)
    g_assert_true (answer (&storm, storm.ids[i], "good"));
  g_signal_emit_by_name (storm.stage->ai, "cancel-response", &taken);
  g_assert_true (taken);
  for (guint i = N_CALLS / 2; i < N_CALLS; i++)
    g_assert_true (answer (&storm, storm.ids[i], "good"));
  wait_messages (&storm, "realtime2/function-output", N_CALLS);
  /* Another word of ours is behind all that there would be. */
  g_signal_emit_by_name (storm.stage->ai, "send-client-event",
      "{\"type\":\"input_audio_buffer.clear\"}", &taken);
  g_assert_true (sandbox_wait_received (
      storm.sandbox, "input_audio_buffer.clear", 1, PATIENCE_MS));
  expect_calls (&storm, 1, "good");
  g_assert_cmpuint (
      sandbox_count_received (storm.sandbox, "response.create"), ==, 1);
  storm_clear (&storm);
}

/* The connection is lost: the calls go on with the next, which is told of each
 * together with its one output. */
static void
test_cut (void)
{
  gboolean taken = FALSE;
  Storm storm;

  storm_init (&storm, calls_then_talk, "");
  g_assert_true (answer (&storm, storm.ids[0], "not sent in time"));
  sandbox_close_all (storm.sandbox, 0, NULL);
  stage_wait (storm.stage, "realtime2/session-lost");
  stage_wait (storm.stage, "realtime2/session-updated");
  answer_all (&storm, 4);
  /* All go on there, the one that was answered before as well. */
  wait_messages (&storm, "realtime2/function-output", N_CALLS);
  wait_messages (&storm, "realtime2/command-failed", N_CALLS + 1);
  g_signal_emit_by_name (storm.stage->ai, "send-client-event",
      "{\"type\":\"input_audio_buffer.clear\"}", &taken);
  g_assert_true (sandbox_wait_received (
      storm.sandbox, "input_audio_buffer.clear", 1, PATIENCE_MS));
  expect_restored (&storm);
  g_assert_cmpuint (
      stage_count_element (storm.stage, "realtime2/function-output"), ==,
      N_CALLS);
  g_assert_cmpuint (sandbox_count_connections (storm.sandbox), ==, 2);
  storm_clear (&storm);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  g_test_add_data_func (
      "/pipelines/toolstorm/one-thread", GUINT_TO_POINTER (1), test_order);
  g_test_add_data_func (
      "/pipelines/toolstorm/eight-threads", GUINT_TO_POINTER (8), test_order);
  g_test_add_func ("/pipelines/toolstorm/late", test_late);
  g_test_add_func ("/pipelines/toolstorm/interrupted", test_interrupted);
  g_test_add_func ("/pipelines/toolstorm/cut", test_cut);
  return g_test_run ();
}
