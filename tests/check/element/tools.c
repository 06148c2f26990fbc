/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Function calls as an application sees them: handlers that answer now, later,
 * never, too late, or block; messages; and that nothing waits for a handler.
 */
#include "harness.h"

#include <string.h>

#define OUTPUT "conversation.item.create"

/* What a handler does and saw. */
typedef struct {
  Talk *talk;
  const gchar *answer; /* NULL = later */
  gboolean blocks;     /* until let_go() */

  GMutex lock;
  GCond changed;
  /* Under the lock, as all below. */
  guint called, inside, most_inside;
  gboolean go;
  gchar *call_id, *name, *arguments; /* of the last call */
  GThread *thread;
} Handler;

static void
handler_init (Handler *handler, Talk *talk, const gchar *answer)
{
  memset (handler, 0, sizeof *handler);
  handler->talk = talk;
  handler->answer = answer;
  g_mutex_init (&handler->lock);
  g_cond_init (&handler->changed);
}

static void
handler_clear (Handler *handler)
{
  g_free (handler->call_id);
  g_free (handler->name);
  g_free (handler->arguments);
  g_mutex_clear (&handler->lock);
  g_cond_clear (&handler->changed);
}

static gchar *
on_call (GstElement *element, const gchar *call_id, const gchar *name,
    const gchar *arguments, gpointer data)
{
  Handler *handler = data;
  gchar *answer;

  g_mutex_lock (&handler->lock);
  handler->called++;
  handler->inside++;
  handler->most_inside = MAX (handler->most_inside, handler->inside);
  g_free (handler->call_id);
  g_free (handler->name);
  g_free (handler->arguments);
  handler->call_id = g_strdup (call_id);
  handler->name = g_strdup (name);
  handler->arguments = g_strdup (arguments);
  handler->thread = g_thread_self ();
  g_cond_broadcast (&handler->changed);
  while (handler->blocks && !handler->go)
    g_cond_wait (&handler->changed, &handler->lock);
  answer = g_strdup (handler->answer);
  handler->inside--;
  g_cond_broadcast (&handler->changed);
  g_mutex_unlock (&handler->lock);
  return answer;
}

static void
connect_handler (Handler *handler, Talk *talk, const gchar *answer)
{
  handler_init (handler, talk, answer);
  g_signal_connect (
      talk->element, "function-call", G_CALLBACK (on_call), handler);
}

static void
wait_called (Handler *handler, guint n)
{
  gint64 deadline = g_get_monotonic_time () + PEER_PATIENCE;
  gboolean called = TRUE;

  g_mutex_lock (&handler->lock);
  while (called && handler->called < n)
    called = g_cond_wait_until (&handler->changed, &handler->lock, deadline);
  g_mutex_unlock (&handler->lock);
  fail_unless (called, "the handler was never called");
}

/* Lets it return, and waits until nobody is inside. */
static void
let_go (Handler *handler)
{
  g_mutex_lock (&handler->lock);
  handler->go = TRUE;
  g_cond_broadcast (&handler->changed);
  while (handler->inside > 0)
    g_cond_wait (&handler->changed, &handler->lock);
  g_mutex_unlock (&handler->lock);
}

/* --- the server --- */

/* The response calls the function f, and is not done. */
static void
call (Talk *talk, const gchar *response, const gchar *call_id)
{
  peer_begin (talk->peer, response);
  peer_send (talk->peer,
      "{\"type\":\"response.output_item.done\",\"event_id\":\"event_9\","
      "\"response_id\":\"%s\",\"output_index\":0,\"item\":{\"id\":\"item_%s\","
      "\"type\":\"function_call\",\"status\":\"completed\",\"name\":\"f\","
      "\"call_id\":\"%s\",\"arguments\":\"{\\\"a\\\":1}\"}}",
      response, call_id, call_id);
}

/* The same, whole. */
static void
call_and_end (Talk *talk, const gchar *response, const gchar *call_id)
{
  call (talk, response, call_id);
  peer_end (talk->peer, response, "completed");
}

/* Output number @i is this. */
static void
assert_output (Talk *talk, guint i, const gchar *call_id, const gchar *output)
{
  JsonObject *item = json_object_get_object_member (
      peer_event (talk->peer, OUTPUT, i), "item");

  fail_unless_equals_string (
      json_object_get_string_member (item, "call_id"), call_id);
  fail_unless_equals_string (
      json_object_get_string_member (item, "output"), output);
}

static gboolean
send_result (Talk *talk, const gchar *call_id, const gchar *output)
{
  gboolean taken = FALSE;

  g_signal_emit_by_name (
      talk->element, "send-function-result", call_id, output, &taken);
  return taken;
}

/* --- answers --- */

GST_START_TEST (test_now)
{
  Talk *talk = talk_new_playing ();
  const GstStructure *message;
  Handler handler;

  connect_handler (&handler, talk, "42");
  call_and_end (talk, "resp_1", "c1");
  assert_output (talk, 0, "c1", "42");
  peer_event (talk->peer, "response.create", 0);
  fail_unless_equals_string (handler.call_id, "c1");
  fail_unless_equals_string (handler.name, "f");
  fail_unless_equals_string (handler.arguments, "{\"a\":1}");
  fail_unless (handler.thread != g_thread_self ());
  message = talk_message (talk, "function-call", 0);
  fail_unless_equals_string (talk_string (message, "call-id"), "c1");
  fail_unless_equals_string (talk_string (message, "name"), "f");
  fail_unless_equals_string (talk_string (message, "arguments"), "{\"a\":1}");
  fail_unless_equals_string (talk_string (message, "response-id"), "resp_1");
  fail_unless (gst_structure_has_field (message, "running-time"));
  message = talk_message (talk, "function-output", 0);
  fail_unless_equals_string (talk_string (message, "call-id"), "c1");
  fail_unless_equals_string (talk_string (message, "name"), "f");
  fail_unless_equals_string (talk_string (message, "output"), "42");
  fail_unless (!gst_structure_has_field (message, "error"));
  talk_sync_up (talk);
  fail_unless_equals_int (peer_count (talk->peer, OUTPUT), 1);
  fail_unless_equals_int (handler.called, 1);
  talk_free (talk);
  handler_clear (&handler);
}
GST_END_TEST;

static gpointer
answer_later (gpointer data)
{
  fail_unless (send_result (data, "c1", "later"));
  return NULL;
}

GST_START_TEST (test_later)
{
  Talk *talk = talk_new_playing ();
  Handler handler;

  connect_handler (&handler, talk, NULL);
  call_and_end (talk, "resp_1", "c1");
  wait_called (&handler, 1);
  talk_sync_up (talk);
  fail_unless_equals_int (peer_count (talk->peer, OUTPUT), 0);
  g_thread_join (g_thread_new ("later", answer_later, talk));
  assert_output (talk, 0, "c1", "later");
  talk_free (talk);
  handler_clear (&handler);
}
GST_END_TEST;

/* Without a handler the message is all there is. */
GST_START_TEST (test_by_message)
{
  Talk *talk = talk_new_playing ();

  call_and_end (talk, "resp_1", "c1");
  fail_unless (send_result (talk,
      talk_string (talk_message (talk, "function-call", 0), "call-id"), "x"));
  assert_output (talk, 0, "c1", "x");
  talk_free (talk);
}
GST_END_TEST;

/* Never, and too late: the server waits no longer than tool-timeout. */
GST_START_TEST (test_timeout)
{
  Talk *talk = talk_new ();
  const GstStructure *message;
  Handler handler;

  g_object_set (talk->element, "tool-timeout", 100 * MS, NULL);
  talk_play (talk, &law_pcm);
  connect_handler (&handler, talk, "too late");
  handler.blocks = TRUE;
  call_and_end (talk, "resp_1", "c1");
  wait_called (&handler, 1);
  assert_output (talk, 0, "c1", "{\"error\":\"timeout\"}");
  message = talk_message (talk, "function-output", 0);
  fail_unless_equals_string (talk_string (message, "error"), "timeout");
  fail_unless_equals_string (
      talk_string (message, "output"), "{\"error\":\"timeout\"}");
  peer_event (talk->peer, "response.create", 0);
  let_go (&handler);
  talk_message (talk, "command-failed", 0);
  talk_sync_up (talk);
  fail_unless_equals_int (peer_count (talk->peer, OUTPUT), 1);
  fail_unless_equals_int (peer_count (talk->peer, "response.create"), 1);
  talk_free (talk);
  handler_clear (&handler);
}
GST_END_TEST;

/* A call whose time was up while it waited behind another was answered: it is
 * not acted on any more. */
GST_START_TEST (test_waited_too_long)
{
  Talk *talk = talk_new ();
  Handler handler;

  g_object_set (talk->element, "tool-timeout", 2 * GST_SECOND, NULL);
  talk_play (talk, &law_pcm);
  connect_handler (&handler, talk, "x");
  handler.blocks = TRUE;
  call_and_end (talk, "resp_1", "c1");
  wait_called (&handler, 1);
  call_and_end (talk, "resp_2", "c2");
  assert_output (talk, 0, "c1", "{\"error\":\"timeout\"}");
  assert_output (talk, 1, "c2", "{\"error\":\"timeout\"}");
  let_go (&handler);
  call_and_end (talk, "resp_3", "c3");
  wait_called (&handler, 2);
  fail_unless_equals_string (handler.call_id, "c3");
  assert_output (talk, 2, "c3", "x");
  fail_unless_equals_int (handler.called, 2);
  talk_free (talk);
  handler_clear (&handler);
}
GST_END_TEST;

static void
note_line (GstDebugCategory *category, GstDebugLevel level, const gchar *file,
    const gchar *function, gint line, GObject *object, GstDebugMessage *message,
    gpointer data)
{
  const gchar *text = gst_debug_message_get (message);

  if (strstr (text, "failed: "))
    g_async_queue_push (data, g_strdup (text));
}

/* What a tool says of its failure is one line of the log, whatever is in it. */
GST_START_TEST (test_log)
{
  Talk *talk = talk_new ();
  GAsyncQueue *lines = g_async_queue_new_full (g_free);
  gchar *line;

  gst_debug_set_threshold_for_name ("realtime2", GST_LEVEL_WARNING);
  gst_debug_add_log_function (note_line, lines, NULL);
  g_object_set (talk->element, "tool-exec",
      "{\"f\":[\"echo\",\"{\\\"error\\\":\\\"a\\\\nERROR b\\\\u001b[2J\\\"}\"]}",
      NULL);
  talk_play (talk, &law_pcm);
  call_and_end (talk, "resp_1", "c1\\n2");
  peer_event (talk->peer, OUTPUT, 0);
  gst_debug_remove_log_function (note_line);
  line = g_async_queue_try_pop (lines);
  fail_unless_equals_string (line, "f (c1\\n2) failed: a\\nERROR b\\033[2J");
  g_free (line);
  talk_free (talk);
  g_async_queue_unref (lines);
}
GST_END_TEST;

/* Of several, the first that answers is the last that is asked. */
GST_START_TEST (test_several)
{
  Talk *talk = talk_new_playing ();
  Handler handlers[3];

  connect_handler (&handlers[0], talk, NULL);
  connect_handler (&handlers[1], talk, "second");
  connect_handler (&handlers[2], talk, "third");
  call_and_end (talk, "resp_1", "c1");
  assert_output (talk, 0, "c1", "second");
  call_and_end (talk, "resp_2", "c2");
  assert_output (talk, 1, "c2", "second");
  fail_unless_equals_int (handlers[0].called, 2);
  fail_unless_equals_int (handlers[2].called, 0);
  talk_free (talk);
  for (guint i = 0; i < 3; i++)
    handler_clear (&handlers[i]);
}
GST_END_TEST;

/* "" is an answer; what can't be sent is an error for the model, not a call
 * that nobody answers. */
GST_START_TEST (test_answers)
{
  Talk *talk = talk_new_playing ();
  gchar *huge = g_strnfill (2 * 1024 * 1024, 'x');
  const gchar *const odd[] = { "a\xff", huge };
  Handler handler;

  connect_handler (&handler, talk, "");
  call_and_end (talk, "resp_0", "c0");
  assert_output (talk, 0, "c0", "");
  peer_event (talk->peer, "response.create", 0);
  for (guint i = 0; i < G_N_ELEMENTS (odd); i++) {
    gchar *response = g_strdup_printf ("resp_%u", i + 1);
    gchar *id = g_strdup_printf ("c%u", i + 1);
    JsonObject *item;

    handler.answer = odd[i];
    call_and_end (talk, response, id);
    item = json_object_get_object_member (
        peer_event (talk->peer, OUTPUT, i + 1), "item");
    fail_unless (g_str_has_prefix (
        json_object_get_string_member (item, "output"), "{\"error\":"));
    g_free (response);
    g_free (id);
  }
  talk_free (talk);
  handler_clear (&handler);
  g_free (huge);
}
GST_END_TEST;

/* One at a time, in the order of the calls. */
GST_START_TEST (test_one_at_a_time)
{
  Talk *talk = talk_new_playing ();
  Handler handler;

  connect_handler (&handler, talk, "x");
  handler.blocks = TRUE;
  call (talk, "resp_1", "c1");
  call (talk, "resp_1", "c2");
  call (talk, "resp_1", "c3");
  peer_end (talk->peer, "resp_1", "completed");
  talk_message (talk, "function-call", 2);
  wait_called (&handler, 1);
  fail_unless_equals_string (handler.call_id, "c1");
  let_go (&handler);
  assert_output (talk, 0, "c1", "x");
  assert_output (talk, 1, "c2", "x");
  assert_output (talk, 2, "c3", "x");
  peer_event (talk->peer, "response.create", 0);
  talk_sync_up (talk);
  fail_unless_equals_int (peer_count (talk->peer, "response.create"), 1);
  fail_unless_equals_int (handler.most_inside, 1);
  talk_free (talk);
  handler_clear (&handler);
}
GST_END_TEST;

/* --- nothing waits for a handler --- */

/* 5 s of running time pass, with speech in them. */
GST_START_TEST (test_programme_goes_on)
{
  static const Spot spot = { "resp_2", 0, "item_a" };
  Talk *talk = talk_new_playing ();
  Handler handler;

  connect_handler (&handler, talk, "x");
  handler.blocks = TRUE;
  call_and_end (talk, "resp_1", "c1");
  wait_called (&handler, 1);
  talk_run_to (talk, 1 * GST_SECOND);
  peer_begin (talk->peer, "resp_2");
  peer_item (talk->peer, &spot, NULL);
  peer_speech (talk->peer, &spot, &law_pcm, 0, 48000);
  peer_audio_done (talk->peer, &spot);
  peer_end (talk->peer, "resp_2", "completed");
  talk_sync (talk);
  talk_run_to (talk, 5 * GST_SECOND);
  talk_assert_stream (talk, 480, 0);
  talk_assert_speech (talk, 24000 + 480, 0, 48000);
  fail_unless_equals_int (handler.inside, 1);
  let_go (&handler);
  assert_output (talk, 0, "c1", "x");
  talk_free (talk);
  handler_clear (&handler);
}
GST_END_TEST;

static void
set_state_quickly (Talk *talk, GstState state)
{
  gint64 start = g_get_monotonic_time ();

  fail_unless (
      gst_element_set_state (talk->element, state) != GST_STATE_CHANGE_FAILURE);
  fail_unless (g_get_monotonic_time () - start < G_USEC_PER_SEC);
}

/* What a handler says of an earlier run is nobody's answer in the next, even
 * if a call there has the same id. */
GST_START_TEST (test_earlier_run)
{
  Talk *talk = talk_new_playing ();
  Handler handler;

  connect_handler (&handler, talk, "old");
  handler.blocks = TRUE;
  call_and_end (talk, "resp_1", "c1");
  call_and_end (talk, "resp_2", "c2");
  wait_called (&handler, 1);
  talk_message (talk, "function-call", 1);
  set_state_quickly (talk, GST_STATE_READY);
  set_state_quickly (talk, GST_STATE_PLAYING);
  talk_message (talk, "session-updated", 1);
  call_and_end (talk, "resp_1", "c1");
  talk_message (talk, "function-call", 2);
  g_mutex_lock (&handler.lock);
  handler.go = TRUE;
  handler.answer = NULL;
  g_cond_broadcast (&handler.changed);
  g_mutex_unlock (&handler.lock);
  wait_called (&handler, 2);
  fail_unless (send_result (talk, "c1", "new"));
  assert_output (talk, 0, "c1", "new");
  talk_sync_up (talk);
  fail_unless_equals_int (peer_count (talk->peer, OUTPUT), 1);
  /* Not asked about what nobody waits for any more. */
  fail_unless_equals_int (handler.called, 2);
  talk_free (talk);
  handler_clear (&handler);
}
GST_END_TEST;

/* The same with an answer. */
GST_START_TEST (test_answer_of_earlier_run)
{
  Talk *talk = talk_new_playing ();
  Handler handler;

  connect_handler (&handler, talk, "old");
  handler.blocks = TRUE;
  call_and_end (talk, "resp_1", "c1");
  wait_called (&handler, 1);
  set_state_quickly (talk, GST_STATE_READY);
  set_state_quickly (talk, GST_STATE_PLAYING);
  talk_message (talk, "session-updated", 1);
  let_go (&handler);
  talk_sync_up (talk);
  fail_unless_equals_int (peer_count (talk->peer, OUTPUT), 0);
  fail_unless_equals_int (talk_count_messages (talk, "function-output"), 0);
  talk_free (talk);
  handler_clear (&handler);
}
GST_END_TEST;

static void
on_gone (gpointer data, GObject *where)
{
  g_atomic_int_set ((gint *) data, TRUE);
}

/* Not even the end of the element waits, and it is gone when the handler
 * returns. */
GST_START_TEST (test_outlives_element)
{
  Talk *talk = talk_new_playing ();
  GstElement *element = talk->element;
  gint64 start, deadline;
  gint gone = FALSE;
  Handler handler;

  connect_handler (&handler, talk, "x");
  handler.blocks = TRUE;
  call_and_end (talk, "resp_1", "c1");
  wait_called (&handler, 1);
  g_object_weak_ref (G_OBJECT (element), on_gone, &gone);
  start = g_get_monotonic_time ();
  set_state_quickly (talk, GST_STATE_NULL);
  talk_free (talk);
  fail_unless (g_get_monotonic_time () - start < 2 * G_USEC_PER_SEC);
  fail_unless (!g_atomic_int_get (&gone));
  let_go (&handler);
  deadline = g_get_monotonic_time () + PEER_PATIENCE;
  while (!g_atomic_int_get (&gone)) {
    fail_unless (g_get_monotonic_time () < deadline);
  }
  handler_clear (&handler);
}
GST_END_TEST;

/* --- the connection --- */

/* A call whose connection is cut goes on: the next server is told of it and of
 * its output, and asked to go on. */
GST_START_TEST (test_cut)
{
  Talk *talk = talk_new_playing ();

  call_and_end (talk, "resp_1", "c1");
  talk_message (talk, "function-call", 0);
  peer_drop (talk->peer);
  talk_message (talk, "session-lost", 0);
  talk_message (talk, "session-updated", 1);
  fail_unless (send_result (talk, "c1", "x"));
  fail_unless_equals_string (
      talk_string (talk_message (talk, "function-output", 0), "call-id"), "c1");
  talk_sync_up (talk);
  fail_unless_equals_int (peer_count (talk->peer, OUTPUT), 2);
  fail_unless_equals_int (talk_count_messages (talk, "command-failed"), 0);
  talk_free (talk);
}
GST_END_TEST;

static Suite *
tools_suite (void)
{
  Suite *suite = suite_create ("tools");
  TCase *answers = tcase_create ("answers");
  TCase *waits = tcase_create ("waits");

  suite_add_tcase (suite, answers);
  tcase_add_test (answers, test_now);
  tcase_add_test (answers, test_later);
  tcase_add_test (answers, test_by_message);
  tcase_add_test (answers, test_timeout);
  tcase_add_test (answers, test_waited_too_long);
  tcase_add_test (answers, test_log);
  tcase_add_test (answers, test_several);
  tcase_add_test (answers, test_answers);
  tcase_add_test (answers, test_one_at_a_time);

  suite_add_tcase (suite, waits);
  tcase_add_test (waits, test_programme_goes_on);
  tcase_add_test (waits, test_earlier_run);
  tcase_add_test (waits, test_answer_of_earlier_run);
  tcase_add_test (waits, test_outlives_element);
  tcase_add_test (waits, test_cut);
  return suite;
}

GST_CHECK_MAIN (tools);
