/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The books of function calls: one output each, none too early, and one wish
 * for a response per batch.
 */
#include "rt2calls.h"

#include <string.h>

#include "rt2json.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rt2Calls, rt2_calls_free)

/* --- saying it --- */

static void
open_call (Rt2Calls *calls, const gchar *id, const gchar *response)
{
  g_assert_nonnull (rt2_calls_open (calls, id, response, "look", "{}", 0));
}

/* Nothing may be sent now. */
static void
expect_nothing (Rt2Calls *calls)
{
  gboolean batch_done = FALSE;

  g_assert_null (rt2_calls_take_output (calls, &batch_done));
  g_assert_false (batch_done);
}

/* The next output is that of @id. */
static void
expect_output (
    Rt2Calls *calls, const gchar *id, const gchar *output, gboolean batch_done)
{
  gboolean done = !batch_done;
  g_autoptr (Rt2Call) call = rt2_calls_take_output (calls, &done);

  g_assert_nonnull (call);
  g_assert_cmpstr (call->call_id, ==, id);
  g_assert_cmpstr (call->output, ==, output);
  g_assert_cmpint (done, ==, batch_done);
}

static void
answer (Rt2Calls *calls, const gchar *id)
{
  g_assert_true (rt2_calls_answer (calls, id, id, FALSE));
}

/* --- one call --- */

static void
test_open (void)
{
  g_autoptr (Rt2Calls) calls = rt2_calls_new ();
  const Rt2Call *call = rt2_calls_open (
      calls, "c1", "r1", "look", "{\"x\": 1}", 7);

  g_assert_cmpstr (call->call_id, ==, "c1");
  g_assert_cmpstr (call->response_id, ==, "r1");
  g_assert_cmpstr (call->name, ==, "look");
  g_assert_cmpstr (call->arguments, ==, "{\"x\": 1}");
  g_assert_null (call->output);
  g_assert_null (call->reason);
  g_assert_cmpint (call->deadline, ==, 7);
  g_assert_false (call->may_send);
  call = rt2_calls_open (calls, "c2", "r1", "look", NULL, 0);
  g_assert_cmpstr (call->arguments, ==, "");
  g_assert_cmpuint (rt2_calls_n_open (calls), ==, 2);
  g_assert_true (rt2_calls_is_known (calls, "c1"));
  g_assert_false (rt2_calls_is_known (calls, "c3"));
}

/* The output waits for the end of the response, early or late. */
static void
test_order (void)
{
  g_autoptr (Rt2Calls) calls = rt2_calls_new ();

  open_call (calls, "early", "r1");
  open_call (calls, "late", "r1");
  answer (calls, "early");
  expect_nothing (calls);
  rt2_calls_response_done (calls, "r2", FALSE);
  expect_nothing (calls);
  rt2_calls_response_done (calls, "r1", FALSE);
  expect_output (calls, "early", "early", FALSE);
  expect_nothing (calls);
  g_assert_cmpuint (rt2_calls_n_open (calls), ==, 1);
  answer (calls, "late");
  expect_output (calls, "late", "late", TRUE);
  expect_nothing (calls);
  g_assert_cmpuint (rt2_calls_n_open (calls), ==, 0);
}

static void
test_once (void)
{
  g_autoptr (Rt2Calls) calls = rt2_calls_new ();

  g_assert_false (rt2_calls_answer (calls, "c1", "nobody asked", FALSE));
  g_assert_false (rt2_calls_answer_error (calls, "c1", "nobody asked", FALSE));
  open_call (calls, "c1", "r1");
  g_assert_null (rt2_calls_open (calls, "c1", "r1", "look", "{}", 0));
  g_assert_null (rt2_calls_open (calls, "c1", "r2", "other", "", 0));
  answer (calls, "c1");
  g_assert_false (rt2_calls_answer (calls, "c1", "twice", FALSE));
  g_assert_false (rt2_calls_answer_error (calls, "c1", "twice", FALSE));
  rt2_calls_response_done (calls, "r1", FALSE);
  expect_output (calls, "c1", "c1", TRUE);
  g_assert_false (rt2_calls_answer (calls, "c1", "too late", FALSE));
  g_assert_null (rt2_calls_open (calls, "c1", "r3", "look", "{}", 0));
  rt2_calls_response_done (calls, "r1", FALSE);
  expect_nothing (calls);
}

/* {"error": reason}, whatever is in the reason. */
static void
test_error (void)
{
  static const gchar *const reasons[] = { "timeout", "", "a \"quote\" \\ \n",
    "\xe2\x82\xac" };
  g_autoptr (Rt2Calls) calls = rt2_calls_new ();

  for (guint i = 0; i < G_N_ELEMENTS (reasons); i++) {
    g_autofree gchar *id = g_strdup_printf ("c%u", i);
    g_autoptr (Rt2Call) call = NULL;
    g_autoptr (JsonObject) object = NULL;
    gboolean done;

    open_call (calls, id, "r1");
    g_assert_true (rt2_calls_answer_error (calls, id, reasons[i], FALSE));
    g_assert_false (rt2_calls_answer (calls, id, "late", FALSE));
    rt2_calls_response_done (calls, "r1", FALSE);
    call = rt2_calls_take_output (calls, &done);
    g_assert_cmpstr (call->reason, ==, reasons[i]);
    object = rt2_json_parse_object (call->output, strlen (call->output), NULL);
    g_assert_nonnull (object);
    g_assert_cmpuint (json_object_get_size (object), ==, 1);
    g_assert_cmpstr (
        json_object_get_string_member (object, "error"), ==, reasons[i]);
  }
}

/* --- batches --- */

static void
test_batches (void)
{
  g_autoptr (Rt2Calls) calls = rt2_calls_new ();

  open_call (calls, "a1", "ra");
  open_call (calls, "b1", "rb");
  open_call (calls, "a2", "ra");
  open_call (calls, "b2", "rb");
  rt2_calls_response_done (calls, "ra", FALSE);
  rt2_calls_response_done (calls, "rb", FALSE);
  answer (calls, "b2");
  answer (calls, "a2");
  answer (calls, "a1");
  /* The oldest first. */
  expect_output (calls, "a1", "a1", FALSE);
  expect_output (calls, "a2", "a2", TRUE);
  expect_output (calls, "b2", "b2", FALSE);
  expect_nothing (calls);
  g_assert_true (rt2_calls_answer_error (calls, "b1", "timeout", FALSE));
  expect_output (calls, "b1", "{\"error\":\"timeout\"}", TRUE);
}

/* The user interrupted the response: outputs, but nothing follows. */
static void
test_silent_response (void)
{
  g_autoptr (Rt2Calls) calls = rt2_calls_new ();

  open_call (calls, "a1", "ra");
  open_call (calls, "a2", "ra");
  open_call (calls, "b1", "rb");
  answer (calls, "a1");
  rt2_calls_response_done (calls, "ra", TRUE);
  rt2_calls_response_done (calls, "rb", FALSE);
  expect_output (calls, "a1", "a1", FALSE);
  answer (calls, "a2");
  answer (calls, "b1");
  expect_output (calls, "a2", "a2", FALSE);
  expect_output (calls, "b1", "b1", TRUE);
}

/* The same for whatever was open then, and nothing later. */
static void
test_silence (void)
{
  g_autoptr (Rt2Calls) calls = rt2_calls_new ();

  open_call (calls, "a1", "ra");
  open_call (calls, "b1", "rb");
  rt2_calls_response_done (calls, "rb", FALSE);
  rt2_calls_silence (calls);
  open_call (calls, "c1", "rc");
  answer (calls, "a1");
  answer (calls, "b1");
  answer (calls, "c1");
  rt2_calls_response_done (calls, "ra", FALSE);
  rt2_calls_response_done (calls, "rc", FALSE);
  expect_output (calls, "a1", "a1", FALSE);
  expect_output (calls, "b1", "b1", FALSE);
  expect_output (calls, "c1", "c1", TRUE);
  /* With nothing open it means nothing. */
  rt2_calls_silence (calls);
  open_call (calls, "d1", "rd");
  answer (calls, "d1");
  rt2_calls_response_done (calls, "rd", FALSE);
  expect_output (calls, "d1", "d1", TRUE);
}

/* A response follows if one of them is worth it, whichever was answered last,
 * and whether an error or not. */
static void
test_silent_outputs (void)
{
  for (guint worth = 0; worth <= 3; worth++) {
    g_autoptr (Rt2Calls) calls = rt2_calls_new ();

    open_call (calls, "c0", "r1");
    open_call (calls, "c1", "r1");
    open_call (calls, "c2", "r1");
    g_assert_true (rt2_calls_answer (calls, "c2", "x", worth != 2));
    g_assert_true (rt2_calls_answer (calls, "c0", "x", worth != 0));
    rt2_calls_response_done (calls, "r1", FALSE);
    expect_output (calls, "c0", "x", FALSE);
    expect_output (calls, "c2", "x", FALSE);
    g_assert_true (rt2_calls_answer_error (calls, "c1", "e", worth != 1));
    expect_output (calls, "c1", "{\"error\":\"e\"}", worth < 3);
    /* It says nothing about the next response of that name. */
    open_call (calls, "c3", "r1");
    answer (calls, "c3");
    rt2_calls_response_done (calls, "r1", FALSE);
    expect_output (calls, "c3", "c3", TRUE);
  }
}

/* --- deadlines --- */

static void
test_deadlines (void)
{
  g_autoptr (Rt2Calls) calls = rt2_calls_new ();

  g_assert_cmpint (rt2_calls_next_deadline (calls), ==, 0);
  g_assert_null (rt2_calls_next_late (calls, G_MAXINT64));
  rt2_calls_open (calls, "never", "r1", "look", "", 0);
  g_assert_cmpint (rt2_calls_next_deadline (calls), ==, 0);
  rt2_calls_open (calls, "later", "r1", "look", "", 2000);
  rt2_calls_open (calls, "soon", "r1", "look", "", 1000);
  g_assert_cmpint (rt2_calls_next_deadline (calls), ==, 1000);
  g_assert_null (rt2_calls_next_late (calls, 999));
  g_assert_cmpstr (rt2_calls_next_late (calls, 1000)->call_id, ==, "soon");
  g_assert_true (rt2_calls_answer_error (calls, "soon", "timeout", FALSE));
  g_assert_null (rt2_calls_next_late (calls, 1999));
  g_assert_cmpint (rt2_calls_next_deadline (calls), ==, 2000);
  answer (calls, "later");
  g_assert_cmpint (rt2_calls_next_deadline (calls), ==, 0);
  g_assert_null (rt2_calls_next_late (calls, G_MAXINT64));
}

/* --- bounds --- */

static void
test_too_many (void)
{
  g_autoptr (Rt2Calls) calls = rt2_calls_new ();

  for (guint i = 0; i < RT2_CALLS_MAX_OPEN; i++) {
    g_autofree gchar *id = g_strdup_printf ("c%u", i);

    open_call (calls, id, "r1");
  }
  g_assert_null (rt2_calls_open (calls, "more", "r1", "look", "", 0));
  g_assert_false (rt2_calls_answer (calls, "more", "x", FALSE));
  g_assert_cmpuint (rt2_calls_n_open (calls), ==, RT2_CALLS_MAX_OPEN);
  answer (calls, "c0");
  g_assert_null (rt2_calls_open (calls, "more", "r1", "look", "", 0));
  rt2_calls_response_done (calls, "r1", FALSE);
  expect_output (calls, "c0", "c0", FALSE);
  g_assert_nonnull (rt2_calls_open (calls, "yet more", "r2", "look", "", 0));
}

/* The newest ids are remembered, the oldest forgotten. */
static void
test_known (void)
{
  g_autoptr (Rt2Calls) calls = rt2_calls_new ();

  for (guint i = 0; i < 3 * RT2_CALLS_MAX_KNOWN; i++) {
    g_autofree gchar *id = g_strdup_printf ("c%u", i);

    open_call (calls, id, "r1");
    answer (calls, id);
    rt2_calls_response_done (calls, "r1", i % 2);
    expect_output (calls, id, id, i % 2 == 0);
  }
  g_assert_false (rt2_calls_is_known (calls, "c0"));
  for (guint i = 2 * RT2_CALLS_MAX_KNOWN; i < 3 * RT2_CALLS_MAX_KNOWN; i++) {
    g_autofree gchar *id = g_strdup_printf ("c%u", i);

    g_assert_null (rt2_calls_open (calls, id, "r1", "look", "", 0));
  }
}

static void
test_reset (void)
{
  g_autoptr (Rt2Calls) calls = rt2_calls_new ();

  open_call (calls, "c1", "r1");
  open_call (calls, "c2", "r1");
  answer (calls, "c1");
  rt2_calls_response_done (calls, "r1", TRUE);
  rt2_calls_reset (calls);
  expect_nothing (calls);
  g_assert_cmpuint (rt2_calls_n_open (calls), ==, 0);
  g_assert_false (rt2_calls_answer (calls, "c2", "too late", FALSE));
  g_assert_true (rt2_calls_is_known (calls, "c1"));
  g_assert_null (rt2_calls_open (calls, "c2", "r9", "look", "", 0));
  /* What was silent was another response of that name. */
  open_call (calls, "c3", "r1");
  answer (calls, "c3");
  rt2_calls_response_done (calls, "r1", FALSE);
  expect_output (calls, "c3", "c3", TRUE);
}

/* No end of a response comes any more: outputs go when they are there. */
static void
test_disconnected (void)
{
  g_autoptr (Rt2Calls) calls = rt2_calls_new ();
  GPtrArray *responses;

  rt2_calls_disconnected (calls);
  open_call (calls, "c1", "r1");
  open_call (calls, "c2", "r1");
  answer (calls, "c1");
  expect_nothing (calls);
  rt2_calls_disconnected (calls);
  g_assert_cmpuint (rt2_calls_n_open (calls), ==, 2);
  expect_output (calls, "c1", "c1", FALSE);
  expect_nothing (calls);
  g_assert_cmpuint (rt2_calls_n_waiting (calls), ==, 1);
  answer (calls, "c2");
  expect_output (calls, "c2", "c2", TRUE);
  /* Only what was open then. */
  open_call (calls, "c3", "r1");
  answer (calls, "c3");
  expect_nothing (calls);
  responses = rt2_calls_list_responses (calls);
  g_assert_cmpuint (responses->len, ==, 1);
  g_assert_cmpstr (g_ptr_array_index (responses, 0), ==, "r1");
  g_ptr_array_unref (responses);
}

/* Of what the user interrupted nothing is spoken, on any connection. */
static void
test_disconnected_silent (void)
{
  g_autoptr (Rt2Calls) calls = rt2_calls_new ();

  open_call (calls, "c1", "r1");
  open_call (calls, "c2", "r2");
  rt2_calls_silence_of (calls, "r1");
  rt2_calls_silence_of (calls, "nobody");
  rt2_calls_disconnected (calls);
  answer (calls, "c1");
  answer (calls, "c2");
  expect_output (calls, "c1", "c1", FALSE);
  expect_output (calls, "c2", "c2", TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/calls/open", test_open);
  g_test_add_func ("/calls/order", test_order);
  g_test_add_func ("/calls/once", test_once);
  g_test_add_func ("/calls/error", test_error);
  g_test_add_func ("/calls/batches", test_batches);
  g_test_add_func ("/calls/silent-response", test_silent_response);
  g_test_add_func ("/calls/silent-outputs", test_silent_outputs);
  g_test_add_func ("/calls/silence", test_silence);
  g_test_add_func ("/calls/deadlines", test_deadlines);
  g_test_add_func ("/calls/too-many", test_too_many);
  g_test_add_func ("/calls/known", test_known);
  g_test_add_func ("/calls/reset", test_reset);
  g_test_add_func ("/calls/disconnected", test_disconnected);
  g_test_add_func ("/calls/disconnected-silent", test_disconnected_silent);
  return g_test_run ();
}
