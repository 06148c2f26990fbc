/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Function calls: each is told once and answered once, after its response, and
 * one response follows from all calls of one.
 */
#include "sessionrig.h"

#include <string.h>

#define OUTPUT "conversation.item.create"
#define ANSWERED OUTPUT " response.create"

static Rig *
new_ready (void)
{
  Rig *rig = rig_new ();

  rig_start_ready (rig);
  return rig;
}

/* The server is through with the response. */
static void
end_response (Rig *rig, const gchar *response, const gchar *status)
{
  rig_send_response_done (rig, response, status);
  rig_flush_down (rig);
  rig_flush_up (rig);
}

/* The output number @n is this, word for word. */
static void
expect_output (Rig *rig, guint n, const gchar *call_id, const gchar *output)
{
  g_autoptr (GString) json = g_string_new (
      "{\"type\":\"" OUTPUT "\",\"item\":{\"type\":\"function_call_output\"");

  g_string_append (json, ",\"call_id\":");
  rt2_json_append_string (json, call_id);
  g_string_append (json, ",\"output\":");
  rt2_json_append_string (json, output);
  g_string_append (json, "}}");
  rig_expect_event (rig, OUTPUT, n, json->str);
}

/* A response that is done with the calls in its output. */
static void
send_done_with_call (Rig *rig, const gchar *response, const gchar *call_id)
{
  rig_send (rig,
      "{\"type\":\"response.done\",\"response\":{\"id\":\"%s\",\"status\":"
      "\"completed\",\"output\":[{\"id\":\"item-%s\",\"type\":"
      "\"function_call\",\"status\":\"completed\",\"name\":\"f\","
      "\"call_id\":\"%s\",\"arguments\":\"{}\"}]}}",
      response, call_id, call_id);
}

/* A call by R1, which is not done yet. */
static void
call_in_progress (Rig *rig)
{
  rig_send_response_created (rig, "R1");
  rig_send_call (rig, "R1", "c1", "f", "{\"a\":1}");
  rig_flush_down (rig);
  rig_clear (rig);
}

static void
test_once (void)
{
  static const gchar output[] = "{\"t\":\"12 \xc2\xb0\x43\"}\n\"";
  g_autoptr (Rig) rig = new_ready ();

  rig_send_response_created (rig, "R1");
  rig_send_item (rig, "R1", 0, "item-c1", "function_call", FALSE);
  rig_flush_down (rig);
  g_assert_cmpuint (rig_count (rig, "function-call"), ==, 0);
  rig_send_call (rig, "R1", "c1", "f", "{\"a\": 1}");
  rig_flush_down (rig);
  g_assert_cmpuint (rig_count (rig, "function-call c1 f {\"a\": 1}"), ==, 1);

  /* Its output is not to go before the response is done. */
  rig_command (rig, rig_result ("c1", output));
  rig_send_call (rig, "R1", "c1", "f", "{\"a\": 1}");
  rig_flush_down (rig);
  rig_flush_up (rig);
  rig_expect_sent (rig, "");
  g_assert_cmpuint (rig_count (rig, "function-output"), ==, 0);
  send_done_with_call (rig, "R1", "c1");
  rig_wait_sent (rig, "response.create", 1);
  rig_flush_up (rig);
  rig_expect_sent (rig, ANSWERED);
  expect_output (rig, 0, "c1", output);
  g_assert_cmpuint (rig_count (rig, "function-call"), ==, 1);
  g_assert_cmpuint (rig_count (rig, "function-output c1"), ==, 1);
  g_assert_cmpuint (rig_get_stats (rig).function_calls, ==, 1);
}

/* Of some calls the end of the response is all that is told. */
static void
test_only_in_done (void)
{
  g_autoptr (Rig) rig = new_ready ();

  rig_send_response_created (rig, "R1");
  send_done_with_call (rig, "R1", "c1");
  rig_flush_down (rig);
  g_assert_cmpuint (rig_count (rig, "function-call c1 f {}"), ==, 1);
  rig_command (rig, rig_result ("c1", "ok"));
  rig_flush_up (rig);
  rig_expect_sent (rig, ANSWERED);
  expect_output (rig, 0, "c1", "ok");
}

/* One before the end, one after, one much later; in another order. */
static void
test_batch (void)
{
  g_autoptr (Rig) rig = new_ready ();

  rig_send_response_created (rig, "R1");
  rig_send_call (rig, "R1", "c1", "f", "{}");
  rig_send_call (rig, "R1", "c2", "g", "{}");
  rig_send_call (rig, "R1", "c3", "f", "{}");
  rig_flush_down (rig);
  g_assert_cmpuint (rig_count (rig, "function-call"), ==, 3);
  rig_command (rig, rig_result ("c3", "three"));
  rig_flush_up (rig);
  rig_expect_sent (rig, "");
  end_response (rig, "R1", "completed");
  rig_expect_sent (rig, OUTPUT);
  expect_output (rig, 0, "c3", "three");
  rig_command (rig, rig_result ("c1", "one"));
  rig_flush_up (rig);
  rig_expect_sent (rig, OUTPUT " " OUTPUT);
  rig_command (rig, rig_result ("c2", "two"));
  rig_flush_up (rig);
  rig_expect_sent (rig, OUTPUT " " OUTPUT " " ANSWERED);
  expect_output (rig, 1, "c1", "one");
  expect_output (rig, 2, "c2", "two");
}

/* The answer waits for what goes on meanwhile, and the outputs do not. */
static void
test_other_response (void)
{
  g_autoptr (Rig) rig = new_ready ();

  rig_send_response_created (rig, "R1");
  rig_send_call (rig, "R1", "c1", "f", "{}");
  rig_send_response_done (rig, "R1", "completed");
  rig_send_response_created (rig, "R2");
  rig_flush_down (rig);
  rig_command (rig, rig_result ("c1", "one"));
  rig_flush_up (rig);
  rig_expect_sent (rig, OUTPUT);
  end_response (rig, "R2", "completed");
  rig_expect_sent (rig, ANSWERED);
}

static void
test_wrong_answers (void)
{
  g_autoptr (Rig) rig = new_ready ();

  call_in_progress (rig);
  rig_command (rig, rig_result ("c2", "x"));
  g_assert_cmpuint (rig_count (rig, "command-failed"), ==, 1);
  rig_command (rig, rig_result ("c1", "first"));
  rig_command (rig, rig_result ("c1", "second"));
  g_assert_cmpuint (rig_count (rig, "command-failed"), ==, 2);
  end_response (rig, "R1", "completed");
  rig_command (rig, rig_result ("c1", "third"));
  g_assert_cmpuint (rig_count (rig, "command-failed"), ==, 3);
  rig_flush_up (rig);
  rig_expect_sent (rig, ANSWERED);
  expect_output (rig, 0, "c1", "first");
}

/* -- time ----------------------------------------------------------------- */

static void
test_timeout (void)
{
  g_autoptr (Rig) rig = rig_new ();
  gint64 start;

  rig->options->tool_timeout = 80 * RIG_MS;
  rig_start_ready (rig);
  start = g_get_monotonic_time ();
  rig_send_response_created (rig, "R1");
  rig_send_call (rig, "R1", "c1", "f", "{}");
  rig_send_call (rig, "R1", "c2", "f", "{}");
  rig_send_response_done (rig, "R1", "completed");
  rig_flush_down (rig);
  rig_command (rig, rig_result ("c2", "ok"));
  rig_wait_sent (rig, "response.create", 1);
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 80000);
  rig_expect_sent (rig, OUTPUT " " ANSWERED);
  expect_output (rig, 0, "c2", "ok");
  expect_output (rig, 1, "c1", "{\"error\":\"timeout\"}");
  g_assert_cmpuint (
      rig_count (rig, "function-output c1 {\"error\":\"timeout\"}"), ==, 1);
  rig_command (rig, rig_result ("c1", "late"));
  g_assert_cmpuint (rig_count (rig, "command-failed"), ==, 1);
  rig_flush_up (rig);
  g_assert_cmpuint (rig_count_sent (rig, OUTPUT), ==, 2);
  g_assert_cmpuint (rig_get_stats (rig).function_timeouts, ==, 1);
}

/* It is too late for the application, but not yet time for the server. */
static void
test_timeout_before_done (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->options->tool_timeout = 20 * RIG_MS;
  rig_start_ready (rig);
  call_in_progress (rig);
  while (rig_get_stats (rig).function_timeouts == 0)
    rig_run_for (rig, 5);
  rig_flush_down (rig);
  rig_command (rig, rig_result ("c1", "late"));
  rig_flush_up (rig);
  rig_expect_sent (rig, "");
  g_assert_cmpuint (rig_count (rig, "command-failed"), ==, 1);
  end_response (rig, "R1", "completed");
  rig_expect_sent (rig, ANSWERED);
  expect_output (rig, 0, "c1", "{\"error\":\"timeout\"}");
}

static void
test_no_timeout (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->options->tool_timeout = 0;
  rig_start_ready (rig);
  call_in_progress (rig);
  end_response (rig, "R1", "completed");
  rig_run_for (rig, 100);
  rig_flush_up (rig);
  rig_expect_sent (rig, "");
}

/* -- interruptions -------------------------------------------------------- */

/* The turn is the user's: its calls get outputs, and nobody speaks about them.
 */
static void
test_interrupted (void)
{
  g_autoptr (Rig) rig = new_ready ();

  rig_send_response_created (rig, "R1");
  rig_send_call (rig, "R1", "c1", "f", "{}");
  rig_send_call (rig, "R1", "c2", "f", "{}");
  rig_send_speech_started (rig, "U1", 0);
  rig_send_call (rig, "R1", "c3", "f", "{}");
  rig_flush_down (rig);
  g_assert_cmpuint (rig_count (rig, "function-call"), ==, 2);
  rig_command (rig, rig_result ("c1", "one"));
  rig_flush_up (rig);
  rig_expect_sent (rig, "");
  end_response (rig, "R1", "cancelled");
  rig_expect_sent (rig, OUTPUT " " OUTPUT);
  rig_command (rig, rig_result ("c2", "two"));
  rig_flush_up (rig);
  rig_expect_sent (rig, OUTPUT " " OUTPUT " " OUTPUT);
  expect_output (rig, 0, "c1", "one");
  expect_output (rig, 1, "c3", "{\"error\":\"interrupted\"}");
  expect_output (rig, 2, "c2", "two");
}

/* The function was slow, its response is long done: the same. */
static void
test_interrupted_later (void)
{
  g_autoptr (Rig) rig = new_ready ();

  call_in_progress (rig);
  end_response (rig, "R1", "completed");
  rig_send_speech_started (rig, "U1", 0);
  rig_flush_down (rig);
  rig_command (rig, rig_result ("c1", "one"));
  rig_flush_up (rig);
  rig_expect_sent (rig, OUTPUT);

  /* The next response's calls are as good as any. */
  rig_send_speech_stopped (rig, "U1", 500);
  rig_send_committed (rig, "U1");
  rig_send_response_created (rig, "R2");
  rig_send_call (rig, "R2", "c2", "f", "{}");
  rig_flush_down (rig);
  rig_clear (rig);
  rig_command (rig, rig_result ("c2", "two"));
  end_response (rig, "R2", "completed");
  rig_expect_sent (rig, ANSWERED);
}

/* cancel-response is an interruption, too. */
static void
test_cancelled (void)
{
  g_autoptr (Rig) rig = new_ready ();

  call_in_progress (rig);
  rig_command (rig, rt2_command_new (RT2_COMMAND_CANCEL_RESPONSE));
  end_response (rig, "R1", "cancelled");
  rig_command (rig, rig_result ("c1", "one"));
  rig_flush_up (rig);
  rig_expect_sent (rig, "response.cancel " OUTPUT);
}

/* -- calls that do not run ------------------------------------------------ */

static void
test_repeated_id (void)
{
  g_autoptr (Rig) rig = new_ready ();

  call_in_progress (rig);
  rig_command (rig, rig_result ("c1", "one"));
  end_response (rig, "R1", "completed");
  rig_expect_sent (rig, ANSWERED);
  rig_send_answer (rig, "R2", 0);
  rig_clear (rig);
  rig_send_call (rig, "R2", "c1", "f", "{}");
  rig_send_call (rig, "R2", "c2", "f", "{}");
  send_done_with_call (rig, "R2", "c1");
  rig_flush_down (rig);
  g_assert_cmpuint (rig_count (rig, "function-call"), ==, 1);
  g_assert_cmpuint (rig_count (rig, "function-call c2"), ==, 1);
  rig_command (rig, rig_result ("c2", "two"));
  rig_flush_up (rig);
  rig_expect_sent (rig, ANSWERED);
  expect_output (rig, 0, "c2", "two");
}

static gchar *
long_arguments (gsize size)
{
  g_autofree gchar *filler = g_strnfill (size - strlen ("{\"a\":\"\"}"), 'x');

  return g_strdup_printf ("{\"a\":\"%s\"}", filler);
}

static void
test_long_arguments (void)
{
  g_autoptr (Rig) rig = new_ready ();
  g_autofree gchar *good = long_arguments (1024 * 1024);
  g_autofree gchar *bad = long_arguments (1024 * 1024 + 1);

  rig_send_response_created (rig, "R1");
  rig_send_call (rig, "R1", "c1", "f", good);
  rig_send_call (rig, "R1", "c2", "f", bad);
  rig_flush_down (rig);
  g_assert_cmpuint (rig_count (rig, "function-call"), ==, 1);
  g_assert_cmpuint (rig_count (rig, "function-call c1"), ==, 1);
  rig_command (rig, rig_result ("c1", "ok"));
  end_response (rig, "R1", "completed");
  rig_expect_sent (rig, OUTPUT " " ANSWERED);
  expect_output (rig, 0, "c1", "ok");
  expect_output (rig, 1, "c2", "{\"error\":\"the arguments are too long\"}");
}

/* A model that calls without end. No more run than can be kept track of; all
 * get an output each. */
static void
test_flood (void)
{
  g_autoptr (Rig) rig = new_ready ();
  guint n = RT2_CALLS_MAX_WAITING + 50;

  rig_send_response_created (rig, "R1");
  for (guint i = 0; i < n; i++) {
    g_autofree gchar *id = g_strdup_printf ("c%u", i);

    rig_send_call (rig, "R1", id, "f", "{}");
  }
  rig_flush_down (rig);
  g_assert_cmpuint (
      rig_count (rig, "function-call"), ==, RT2_CALLS_MAX_WAITING);
  for (guint i = 0; i < RT2_CALLS_MAX_WAITING; i++) {
    g_autofree gchar *id = g_strdup_printf ("c%u", i);

    rig_command (rig, rig_result (id, "ok"));
  }
  end_response (rig, "R1", "completed");
  g_assert_cmpuint (rig_count_sent (rig, OUTPUT), ==, n);
  expect_output (rig, 0, "c0", "ok");
  expect_output (rig, RT2_CALLS_MAX_WAITING, "c128",
      "{\"error\":\"too many calls at once\"}");
  g_assert_cmpuint (rig_count_sent (rig, "response.create"), ==, 1);
}

/* Nor can more be refused than so. What is left without an output is counted,
 * once for each. */
static void
test_deluge (void)
{
  g_autoptr (Rig) rig = new_ready ();

  rig_send_response_created (rig, "R1");
  for (guint i = 0; i < RT2_CALLS_MAX_OPEN + 3; i++) {
    g_autofree gchar *id = g_strdup_printf ("c%u", i);

    rig_send_call (rig, "R1", id, "f", "{}");
  }
  rig_send_call (rig, "R1", "c0", "f", "{}");
  rig_flush_down (rig);
  g_assert_cmpuint (rig_get_stats (rig).function_calls, ==, RT2_CALLS_MAX_OPEN);
  g_assert_cmpuint (rig_get_stats (rig).bad_events, ==, 3);
}

/* A call of nothing is one of a tool that there is not. */
static void
test_no_name (void)
{
  static const gchar *const names[] = { "", "\"name\":null,", "\"name\":5,",
    "\"name\":\"\"," };
  g_autoptr (Rig) rig = new_ready ();

  rig_send_response_created (rig, "R1");
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    rig_send (rig,
        "{\"type\":\"response.output_item.done\",\"response_id\":\"R1\","
        "\"output_index\":%u,\"item\":{\"id\":\"i%u\",%s"
        "\"type\":\"function_call\",\"status\":\"completed\","
        "\"call_id\":\"c%u\",\"arguments\":\"{}\"}}",
        i, i, names[i], i);
  end_response (rig, "R1", "completed");
  g_assert_cmpuint (rig_count (rig, "function-call"), ==, 0);
  rig_expect_sent (rig, OUTPUT " " OUTPUT " " OUTPUT " " OUTPUT);
  expect_output (rig, 3, "c3", "{\"error\":\"there is no such tool\"}");
}

/* -- sideband ------------------------------------------------------------- */

static void
test_sideband (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->options->call_id = g_strdup ("rtc_1");
  rig->options->tool_timeout = 30 * RIG_MS;
  rig->config->sideband = TRUE;
  rig->config->tools = g_strdup (
      "[{\"type\":\"function\",\"name\":\"mine\",\"parameters\":{}}]");
  rig_start_ready (rig);
  rig_send_response_created (rig, "R1");
  rig_send_call (rig, "R1", "c1", "theirs", "{}");
  rig_send_call (rig, "R1", "c2", "mine", "{}");
  rig_flush_down (rig);
  g_assert_cmpuint (rig_count (rig, "function-call"), ==, 1);
  rig_command (rig, rig_result ("c2", "ok"));
  end_response (rig, "R1", "completed");
  rig_command (rig, rig_result ("c1", "ok"));
  g_assert_cmpuint (rig_count (rig, "command-failed"), ==, 1);
  /* Nor is it answered for being late. */
  rig_run_for (rig, 100);
  rig_flush_up (rig);
  g_assert_cmpuint (rig_count_sent (rig, OUTPUT), ==, 1);
  expect_output (rig, 0, "c2", "ok");
}

/* -- ends ----------------------------------------------------------------- */

static void
test_end_waits (void)
{
  g_autoptr (Rig) rig = new_ready ();

  call_in_progress (rig);
  end_response (rig, "R1", "completed");
  rig_finish (rig);
  rig_run_for (rig, 1500);
  g_assert_cmpuint (rig_count (rig, "drained"), ==, 0);
  rig_command (rig, rig_result ("c1", "ok"));
  rig_wait_sent (rig, "response.create", 1);
  rig_run_for (rig, 200);
  g_assert_cmpuint (rig_count (rig, "drained"), ==, 0);
  rig_send_answer (rig, "R2", 0);
  rig_flush_down (rig);
  g_assert_cmpuint (rig_count (rig, "drained"), ==, 0);
  rig_send_response_done (rig, "R2", "completed");
  rig_wait (rig, "drained");
}

/* Another connection knows nothing of the call: it is told, once there is an
 * output to it, and one response follows from all of them. */
static void
test_lost (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->options->tool_timeout = 150 * RIG_MS;
  rig_start_ready (rig);
  rig_send_response_created (rig, "R1");
  rig_send_call (rig, "R1", "c1", "f", "{}");
  rig_send_call (rig, "R1", "c2", "f", "{}");
  rig_flush_down (rig);
  rig_command (rig, rig_result ("c2", "in time, but not sent"));
  rig_clear (rig);
  rig_drop (rig);
  rig_wait (rig, "configured again");
  /* The other is answered late, and for ever. That the response is asked for
   * after that, and not before, the order below says: on a slow machine the
   * time is up as soon as the session is back. */
  rig_wait_sent (rig, "response.create", 1);
  g_assert_cmpuint (rig_get_stats (rig).function_timeouts, ==, 1);
  rig_command (rig, rig_result ("c1", "too late"));
  g_assert_cmpuint (rig_count (rig, "command-failed"), ==, 1);
  rig_send_answer (rig, "R2", 0);
  rig_send_call (rig, "R2", "c1", "f", "{}");
  end_response (rig, "R2", "completed");
  g_assert_cmpuint (rig_count (rig, "function-call"), ==, 0);
  rig_expect_sent (rig,
      "session.update " OUTPUT " " OUTPUT " " OUTPUT " " OUTPUT
      " response.create");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add_func ("/session/tools/" name, function)
  ADD ("once", test_once);
  ADD ("only-in-done", test_only_in_done);
  ADD ("batch", test_batch);
  ADD ("other-response", test_other_response);
  ADD ("wrong-answers", test_wrong_answers);
  ADD ("timeout", test_timeout);
  ADD ("timeout/before-done", test_timeout_before_done);
  ADD ("timeout/none", test_no_timeout);
  ADD ("interrupted", test_interrupted);
  ADD ("interrupted/later", test_interrupted_later);
  ADD ("interrupted/cancelled", test_cancelled);
  ADD ("repeated-id", test_repeated_id);
  ADD ("long-arguments", test_long_arguments);
  ADD ("flood", test_flood);
  ADD ("deluge", test_deluge);
  ADD ("no-name", test_no_name);
  ADD ("sideband", test_sideband);
  ADD ("end-waits", test_end_waits);
  ADD ("lost", test_lost);
  return g_test_run ();
}
