/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the session passes on: each event that it has no use for itself, every
 * message as it came, and the silence that the server answers.
 */
#include "sessionrig.h"

#include <string.h>

/* -- events --------------------------------------------------------------- */

#define TRANSCRIPTION "conversation.item.input_audio_transcription."

static const struct {
  const gchar *event;
  const gchar *notice;
} events[] = {
  { "{'type':'conversation.created','conversation':{'id':'conv_1'}}",
      "conversation.created -" },
  { "{'type':'input_audio_buffer.dtmf_event_received','event':'9'}",
      "input_audio_buffer.dtmf_event_received -" },
  { "{'type':'" TRANSCRIPTION "segment','item_id':'U1','text':'a'}",
      TRANSCRIPTION "segment U1" },
  { "{'type':'conversation.item.retrieved','item':{'id':'A1'}}",
      "conversation.item.retrieved A1" },
  { "{'type':'conversation.item.truncated','item_id':'A1'}",
      "conversation.item.truncated A1" },
  { "{'type':'mcp_list_tools.in_progress','item_id':'L1'}",
      "mcp_list_tools.in_progress L1" },
  { "{'type':'mcp_list_tools.completed','item_id':'L1'}",
      "mcp_list_tools.completed L1" },
  { "{'type':'mcp_list_tools.failed','item_id':'L1'}",
      "mcp_list_tools.failed L1" },
  { "{'type':'response.mcp_call_arguments.done','item_id':'M1',"
    "'response_id':'R1','arguments':'{}'}",
      "response.mcp_call_arguments.done M1" },
  { "{'type':'response.mcp_call.in_progress','item_id':'M1'}",
      "response.mcp_call.in_progress M1" },
  { "{'type':'response.mcp_call.completed','item_id':'M1'}",
      "response.mcp_call.completed M1" },
  { "{'type':'response.mcp_call.failed','item_id':'M1'}",
      "response.mcp_call.failed M1" },
  { "{'type':'output_audio_buffer.started','response_id':'R1'}",
      "output_audio_buffer.started R1" },
  { "{'type':'output_audio_buffer.stopped','response_id':'R1'}",
      "output_audio_buffer.stopped R1" },
  { "{'type':'output_audio_buffer.cleared','response_id':'R1'}",
      "output_audio_buffer.cleared R1" },
  { "{'type':'conversation.item.added','item':{'id':'M1','type':'mcp_call'}}",
      "conversation.item.added M1" },
  { "{'type':'conversation.item.done','item':{'id':'L1',"
    "'type':'mcp_list_tools'}}",
      "conversation.item.done L1" },
  { "{'type':'conversation.item.done','item':{'id':'Q1',"
    "'type':'mcp_approval_request'}}",
      "conversation.item.done Q1" },
};

static void
send_quoted (Rig *rig, const gchar *event)
{
  g_autofree gchar *json = g_strdelimit (g_strdup (event), "'", '"');

  rig_send (rig, "%s", json);
}

/* Each is told, and does nothing else. */
static void
test_events (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (events); i++) {
    g_autoptr (Rig) rig = rig_new ();
    g_autofree gchar *line = g_strconcat ("notice ", events[i].notice, NULL);

    rig_start_ready (rig);
    send_quoted (rig, events[i].event);
    rig_flush_down (rig);
    rig_flush_up (rig);
    rig_expect_log (rig, line, NULL);
    rig_expect_sent (rig, "");
  }
}

/* Items of a response, each time that they come; other items are no notice. */
static void
test_items (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_send_response_created (rig, "R1");
  rig_send_item (rig, "R1", 0, "A1", "message", FALSE);
  rig_send_item (rig, "R1", 0, "A1", "message", TRUE);
  rig_send_item (rig, "R1", 1, "M1", "mcp_call", FALSE);
  rig_send_item (rig, "R1", 1, "M1", "mcp_call", TRUE);
  send_quoted (rig,
      "{'type':'conversation.item.done','item':{'id':'A1','type':'message'}}");
  send_quoted (rig,
      "{'type':'response.done','response':{'id':'R1','status':'completed',"
      "'output':[{'id':'A1','type':'message'},"
      "{'id':'M1','type':'mcp_call'}]}}");
  rig_flush_down (rig);
  rig_expect_log (rig, "response-started R1", "state thinking",
      "item R1 A1 0 added", "item R1 A1 0 done",
      "notice response.output_item.added M1", "item R1 M1 1 added",
      "notice response.output_item.done M1", "item R1 M1 1 done",
      "notice response.done R1", "response-done R1 completed", "state ready",
      NULL);
}

/* What an interruption cut off is still known: a request stands. */
static void
test_items_of_dead (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_send_response_created (rig, "R1");
  rig_send_speech_started (rig, "U1", 0);
  rig_flush_down (rig);
  rig_clear (rig);
  rig_send_item (rig, "R1", 0, "Q1", "mcp_approval_request", TRUE);
  rig_flush_down (rig);
  rig_expect_log (rig, "notice response.output_item.done Q1", NULL);
}

/* -- messages ------------------------------------------------------------- */

/* In full, before what follows from it, be it an event or not. */
static void
test_messages (void)
{
  static const gchar *const audio =
      "{\"type\":\"response.output_audio.delta\",\"response_id\":\"R1\","
      "\"item_id\":\"A1\",\"delta\":\"AAAA\"}";
  g_autoptr (Rig) rig = rig_new ();
  g_autofree gchar *line = g_strconcat ("server-event ", audio, NULL);

  rig_start_ready (rig);
  rig->listens = TRUE;
  rig_send (rig, "%s", "{nonsense");
  rig_send (rig, "%s", audio);
  rig_wait (rig, "audio R1 A1 3");
  rig->listens = FALSE;
  rig_flush_down (rig);
  rig_expect_log (rig, "server-event {nonsense", line, "response-started R1",
      "audio R1 A1 3", "state thinking", NULL);
}

/* From the first of a connection on. */
static void
test_first_message (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->listens = TRUE;
  rig_start (rig);
  rig_wait (rig, "created");
  g_assert_cmpstr (rig->log->pdata[0], ==, "state connecting");
  g_assert_true (g_str_has_prefix (
      rig->log->pdata[1], "server-event {\"type\":\"session.created\""));
  g_assert_cmpstr (rig->log->pdata[2], ==, "created");
}

static void
test_redact (void)
{
  g_autoptr (Rig) rig = rig_new ();
  g_autofree gchar *clean = NULL;

  rig->options->transport->api_key = g_strdup ("sk-very-secret");
  rig_start_ready (rig);
  clean = rt2_session_redact (rig->session, "a sk-very-secret b");
  g_assert_cmpstr (clean, ==, "a *** b");
}

/* -- the idle timeout ----------------------------------------------------- */

#define TIMEOUT "notice input_audio_buffer.timeout_triggered "

static void
send_timeout (Rig *rig, const gchar *item, guint start, guint end)
{
  rig_send (rig,
      "{\"type\":\"input_audio_buffer.timeout_triggered\",\"audio_start_ms\":"
      "%u,\"audio_end_ms\":%u,\"item_id\":\"%s\"}",
      start, end, item);
}

/* The server answers at once: nobody may ask for an answer in between. */
static void
test_timeout (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_push_ms (rig, 1000, 5 * RIG_S);
  rig_wait_sent_audio (rig, 48000);
  send_timeout (rig, "U1", 200, 900);
  rig_send_committed (rig, "U1");
  rig_send_response_created (rig, "R1");
  rig_send_audio (rig, "R1", "A1", 480);
  rig_send_response_done (rig, "R1", "completed");
  rig_send_transcript (rig, "U1", "");
  rig_flush_down (rig);
  rig_expect_log (rig, TIMEOUT "U1 5200 5900", "state thinking",
      "response-started R1", "audio R1 A1 480", "response-done R1 completed",
      "state ready", "user-text U1 5200 5900 final ", NULL);
  g_assert_cmpuint (rig_get_stats (rig).response_latency, >, 0);
}

/* Where the server is not to answer by itself it may keep silent: nobody waits
 * for it, and nobody asks in its place. If it does speak it is heard. */
static void
test_timeout_unanswered (void)
{
  for (guint i = 0; i < 4; i++) {
    g_autoptr (Rig) rig = rig_new ();

    rig->config->create_response = i != 0;
    rig->config->min_interruption = i == 1 ? 300 * RIG_MS : 0;
    rig->config->guards_speech = i == 2;
    if (i == 3)
      rig->config->type = RT2_SESSION_TYPE_TRANSCRIPTION;
    rig_start_ready (rig);
    send_timeout (rig, "U1", 0, 0);
    rig_send_committed (rig, "U1");
    rig_flush_down (rig);
    rig_expect_log (rig, TIMEOUT "U1 - -", NULL);
    if (i < 3) {
      rig_flush_up (rig);
      rig_expect_sent (rig, "");
    }
    rig_send_audio (rig, "R1", "A1", 480);
    rig_wait (rig, "audio R1 A1 480");
  }
}

/* The turn after a silence is one like any other. */
static void
test_turn_after_timeout (void)
{
  for (guint i = 0; i < 4; i++) {
    gboolean decides = i % 2, commits = i / 2;
    g_autoptr (Rig) rig = rig_new ();

    rig->config->min_interruption = decides ? 300 * RIG_MS : 0;
    rig_start_ready (rig);
    send_timeout (rig, "U1", 0, 0);
    if (commits)
      rig_send_committed (rig, "U1");
    rig_send_response_created (rig, "R1");
    rig_send_response_done (rig, "R1", "completed");
    rig_send_speech_started (rig, "U2", 100);
    rig_send_speech_stopped (rig, "U2", 900);
    rig_send_committed (rig, "U2");
    rig_flush_down (rig);
    rig_expect_last (rig, "state thinking");
    rig_flush_up (rig);
    rig_expect_sent (rig, decides ? "response.create" : "");
  }
}

/* A server that commits only after its answer is not waited for again. */
static void
test_timeout_committed_late (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  send_timeout (rig, "U1", 0, 0);
  rig_send_response_created (rig, "R1");
  rig_send_response_done (rig, "R1", "completed");
  rig_send_committed (rig, "U1");
  rig_flush_down (rig);
  rig_expect_last (rig, "state ready");
}

/* After the end of the input: its answer is awaited, and then it is over. */
static void
test_timeout_at_end (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_push_ms (rig, 500, 0);
  rig_finish (rig);
  rig_wait_sent_audio (rig, 24000 + 33600);
  send_timeout (rig, "U1", 0, 1200);
  rig_flush_down (rig);
  rig_run_for (rig, 1000);
  g_assert_cmpuint (rig_count (rig, "drained"), ==, 0);
  rig_send_committed (rig, "U1");
  rig_flush_down (rig);
  g_assert_cmpuint (rig_count (rig, "drained"), ==, 0);
  rig_send_response_created (rig, "R1");
  rig_send_response_done (rig, "R1", "completed");
  rig_wait (rig, "drained");
}

/* An answer that never comes ends by eos_timeout, like any other. */
static void
test_timeout_at_end_unanswered (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->options->eos_timeout = 1200 * RIG_MS;
  rig_start_ready (rig);
  rig_push_ms (rig, 500, 0);
  rig_finish (rig);
  rig_wait_sent_audio (rig, 24000 + 33600);
  send_timeout (rig, "U1", 0, 1200);
  rig_send_committed (rig, "U1");
  rig_wait (rig, "drained timed-out");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add_func ("/notices/" name, function)
  ADD ("events", test_events);
  ADD ("items", test_items);
  ADD ("items-of-dead", test_items_of_dead);
  ADD ("messages", test_messages);
  ADD ("first-message", test_first_message);
  ADD ("redact", test_redact);
  ADD ("timeout", test_timeout);
  ADD ("timeout-unanswered", test_timeout_unanswered);
  ADD ("timeout-committed-late", test_timeout_committed_late);
  ADD ("turn-after-timeout", test_turn_after_timeout);
  ADD ("timeout-at-end", test_timeout_at_end);
  ADD ("timeout-at-end-unanswered", test_timeout_at_end_unanswered);
  return g_test_run ();
}
