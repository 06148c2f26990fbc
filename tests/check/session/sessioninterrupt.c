/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The user barges in: what the listener heard becomes what the server
 * remembers, and nothing more of what was cut off is reported.
 */
#include "sessionrig.h"

#include <string.h>

/* What the listener heard of @item, for the next interruption. */
static void
hear (Rig *rig, const gchar *response, const gchar *item, guint64 heard,
    guint64 received, gboolean complete)
{
  Rt2Heard *entry = g_new0 (Rt2Heard, 1);

  entry->item_id = g_strdup (item);
  entry->response_id = g_strdup (response);
  entry->heard = heard;
  entry->received = received;
  entry->rate = rt2_audio_format_rate (rig->config->output_format);
  entry->complete = complete;
  entry->heard_text = g_strdup ("Well");
  g_ptr_array_add (rig->heard, entry);
}

static void
barge_in (Rig *rig)
{
  rig_clear (rig);
  rig_send_speech_started (rig, "U1", 0);
  rig_flush_down (rig);
  rig_flush_up (rig);
}

static void
check_truncate (Rig *rig, guint n, const gchar *item, guint64 ms)
{
  JsonObject *event = rig_get_sent (rig, "conversation.item.truncate", n);
  JsonNode *end = json_object_get_member (event, "audio_end_ms");
  JsonNode *index = json_object_get_member (event, "content_index");

  g_assert_cmpstr (rt2_json_string (event, "item_id"), ==, item);
  g_assert_true (json_node_get_value_type (end) == G_TYPE_INT64);
  g_assert_cmpuint (json_node_get_int (end), ==, ms);
  g_assert_true (json_node_get_value_type (index) == G_TYPE_INT64);
  g_assert_cmpuint (json_node_get_int (index), ==, 0);
}

static const struct {
  Rt2AudioFormat format;
  guint64 heard, received;
  gboolean complete;
  guint64 ms; /* of the truncation, 0 = none */
  gboolean deleted;
} cuts[] = {
  { RT2_AUDIO_FORMAT_PCM16, 24000, 48000, TRUE, 1000, FALSE },
  { RT2_AUDIO_FORMAT_PCM16, 35999, 48000, TRUE, 1499, FALSE },
  { RT2_AUDIO_FORMAT_PCM16, 36000, 48000, TRUE, 1500, FALSE },
  { RT2_AUDIO_FORMAT_PCM16, 24, 48000, TRUE, 1, FALSE },
  { RT2_AUDIO_FORMAT_PCM16, 23, 48000, TRUE, 0, TRUE },
  { RT2_AUDIO_FORMAT_PCM16, 0, 48000, TRUE, 0, TRUE },
  { RT2_AUDIO_FORMAT_PCM16, 0, 48000, FALSE, 0, TRUE },
  { RT2_AUDIO_FORMAT_PCM16, 47999, 48000, TRUE, 1999, FALSE },
  { RT2_AUDIO_FORMAT_PCM16, 48000, 48000, TRUE, 0, FALSE },
  /* More was to come. */
  { RT2_AUDIO_FORMAT_PCM16, 48000, 48000, FALSE, 2000, FALSE },
  { RT2_AUDIO_FORMAT_PCM16, 10, 10, TRUE, 0, FALSE },
  { RT2_AUDIO_FORMAT_PCMU, 8000, 16000, TRUE, 1000, FALSE },
  { RT2_AUDIO_FORMAT_PCMU, 8007, 16000, TRUE, 1000, FALSE },
  { RT2_AUDIO_FORMAT_PCMA, 7, 16000, TRUE, 0, TRUE },
  { RT2_AUDIO_FORMAT_PCMA, 12, 16000, TRUE, 1, FALSE },
  /* Ten hours. */
  { RT2_AUDIO_FORMAT_PCM16, 863999999, 864000000, TRUE, 35999999, FALSE },
};

static void
test_cuts (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cuts); i++) {
    g_autoptr (Rig) rig = rig_new ();
    Rt2SessionStats stats;

    rig->config->output_format = cuts[i].format;
    rig_start_ready (rig);
    rig_speak (rig, "R1", "A1");
    hear (rig, "R1", "A1", cuts[i].heard, cuts[i].received, cuts[i].complete);
    barge_in (rig);
    g_assert_cmpuint (rig_count (rig, "interrupt"), ==, 1);
    if (cuts[i].ms > 0) {
      rig_expect_sent (rig, "conversation.item.truncate");
      check_truncate (rig, 0, "A1", cuts[i].ms);
    } else if (cuts[i].deleted) {
      rig_expect_sent (rig, "conversation.item.delete");
    } else {
      rig_expect_sent (rig, "");
    }
    stats = rig_get_stats (rig);
    g_assert_cmpuint (stats.truncations, ==, cuts[i].ms > 0);
    g_assert_cmpuint (stats.deletions, ==, cuts[i].deleted);
    g_assert_cmpuint (stats.interruptions, ==, 1);
  }
}

static void
check_deleted (Rig *rig, guint n, const gchar *item)
{
  g_assert_cmpstr (
      rt2_json_string (
          rig_get_sent (rig, "conversation.item.delete", n), "item_id"),
      ==, item);
}

/* Heard, cut, not begun, and only announced: one of each, twice asked. */
static void
test_several_items (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_send_response_created (rig, "R1");
  for (guint i = 0; i < 5; i++) {
    static const gchar *const ids[] = { "A1", "A2", "A3", "A4", "F1" };

    rig_send_item (
        rig, "R1", i, ids[i], i == 4 ? "function_call" : "message", FALSE);
    if (i < 3)
      rig_send_audio (rig, "R1", ids[i], 4800);
  }
  rig_flush_down (rig);
  hear (rig, "R1", "A1", 2400, 2400, TRUE);
  hear (rig, "R1", "A2", 1200, 2400, TRUE);
  hear (rig, "R1", "A3", 0, 2400, FALSE);
  hear (rig, "R1", "A4", 0, 0, FALSE);
  barge_in (rig);
  rig_expect_sent (rig,
      "conversation.item.truncate conversation.item.delete "
      "conversation.item.delete");
  check_truncate (rig, 0, "A2", 50);
  check_deleted (rig, 0, "A3");
  check_deleted (rig, 1, "A4");

  /* The same user goes on, the same answer is still dead. */
  barge_in (rig);
  rig_expect_sent (rig, "");
  g_assert_cmpuint (rig_get_stats (rig).interruptions, ==, 1);
}

/* Only messages are deleted as unheard, whatever the listener says. */
static void
test_function_call (void)
{
  static const gchar *const types[] = { "function_call", "mcp_call",
    "mcp_approval_request", "mcp_list_tools" };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++) {
    g_autoptr (Rig) rig = rig_new ();

    rig_start_ready (rig);
    rig_send_response_created (rig, "R1");
    rig_send_item (rig, "R1", 0, "F1", types[i], FALSE);
    rig_send_item (rig, "R1", 1, "F2", types[i], TRUE);
    rig_flush_down (rig);
    hear (rig, "R1", "F1", 0, 0, FALSE);
    barge_in (rig);
    rig_expect_sent (rig, "");
  }
}

/* Of what ended before nothing is deleted: it was not cut off. */
static void
test_ended_before (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_send_response_created (rig, "R1");
  rig_send_item (rig, "R1", 0, "A1", "message", FALSE);
  rig_send_item (rig, "R1", 0, "A1", "message", TRUE);
  rig_send_response_done (rig, "R1", "completed");
  rig_flush_down (rig);
  barge_in (rig);
  rig_expect_sent (rig, "");
  rig_expect_log (
      rig, "speech-started U1 -", "interrupt", "state listening", NULL);
  g_assert_cmpuint (rig_get_stats (rig).interruptions, ==, 0);
}

/* Sent in whole, still being played. */
static void
test_done_but_playing (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_speak (rig, "R1", "A1");
  rig_send_item (rig, "R1", 0, "A1", "message", TRUE);
  rig_send_response_done (rig, "R1", "completed");
  rig_flush_down (rig);
  hear (rig, "R1", "A1", 1200, 2400, TRUE);
  barge_in (rig);
  rig_expect_sent (rig, "conversation.item.truncate");
  check_truncate (rig, 0, "A1", 50);
  g_assert_cmpuint (rig_get_stats (rig).interruptions, ==, 1);
}

/* Never announced as an item: servers do that. */
static void
test_unannounced (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_send_audio (rig, "R1", "A1", 4800);
  rig_flush_down (rig);
  hear (rig, "R1", "A1", 1200, 2400, FALSE);
  barge_in (rig);
  rig_expect_sent (rig, "conversation.item.truncate");
}

static void
send_rest (Rig *rig, const gchar *response, const gchar *item)
{
  rig_send_audio (rig, response, item, 480);
  rig_send (rig,
      "{\"type\":\"response.output_audio_transcript.delta\",\"response_id\":"
      "\"%s\",\"item_id\":\"%s\",\"output_index\":0,\"delta\":\"x\"}",
      response, item);
  rig_send (rig,
      "{\"type\":\"response.output_audio.done\",\"response_id\":\"%s\","
      "\"item_id\":\"%s\",\"output_index\":0}",
      response, item);
  rig_send_item (rig, response, 0, item, "message", TRUE);
}

static void
test_dead (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_speak (rig, "R1", "A1");
  hear (rig, "R1", "A1", 1200, 2400, FALSE);
  barge_in (rig);
  rig_expect_log (
      rig, "speech-started U1 -", "interrupt", "state listening", NULL);
  rig_clear (rig);
  send_rest (rig, "R1", "A1");
  rig_send_item (rig, "R1", 1, "A2", "message", FALSE);
  rig_send_response_done (rig, "R1", "cancelled");
  send_rest (rig, "R1", "A1");
  rig_flush_down (rig);
  rig_expect_log (rig, "response-done R1 cancelled", NULL);

  rig_clear (rig);
  rig_speak (rig, "R2", "A3");
  rig_expect_log (rig, "response-started R2", "item R2 A3 0 added",
      "audio R2 A3 4800", NULL);
}

/* What begins while the interrupted one is not over yet is alive. */
static void
test_next_overlaps (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_speak (rig, "R1", "A1");
  barge_in (rig);
  rig_clear (rig);
  rig_speak (rig, "R2", "A2");
  send_rest (rig, "R1", "A1");
  rig_send_response_done (rig, "R1", "cancelled");
  rig_send_audio (rig, "R2", "A2", 480);
  rig_flush_down (rig);
  rig_expect_log (rig, "response-started R2", "item R2 A2 0 added",
      "audio R2 A2 4800", "response-done R1 cancelled", "audio R2 A2 480",
      NULL);
}

static void
test_not_wanted (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->config->interrupt_response = FALSE;
  rig_start_ready (rig);
  rig_speak (rig, "R1", "A1");
  rig_send_item (rig, "R1", 1, "A2", "message", FALSE);
  rig_flush_down (rig);
  hear (rig, "R1", "A1", 1200, 2400, FALSE);
  barge_in (rig);
  rig_send_audio (rig, "R1", "A1", 480);
  rig_flush_down (rig);
  rig_expect_log (
      rig, "speech-started U1 -", "state listening", "audio R1 A1 480", NULL);
  rig_expect_sent (rig, "");
  g_assert_cmpuint (rig_get_stats (rig).interruptions, ==, 0);

  /* Wanted again. */
  rig->config->interrupt_response = TRUE;
  rig_configure (rig);
  rig_flush_up (rig);
  barge_in (rig);
  rig_expect_sent (rig, "conversation.item.truncate conversation.item.delete");
}

/* The server deleted an item by itself: it needs no second time. */
static void
test_deleted_by_the_server (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_send_response_created (rig, "R1");
  rig_send_item (rig, "R1", 0, "A1", "message", FALSE);
  rig_send (rig, "{\"type\":\"conversation.item.deleted\",\"item_id\":\"A1\"}");
  rig_flush_down (rig);
  barge_in (rig);
  rig_expect_sent (rig, "");
}

/* What belonged to a lost connection means nothing to the next. */
static void
test_reconnected (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_send_response_created (rig, "R1");
  rig_send_item (rig, "R1", 0, "A1", "message", FALSE);
  rig_flush_down (rig);
  rig_drop (rig);
  rig_wait (rig, "configured again");
  /* A server may count its ids from the start again. */
  rig_send_response_created (rig, "R1");
  rig_flush_down (rig);
  barge_in (rig);
  rig_expect_sent (rig, "");
  g_assert_cmpuint (rig_count (rig, "interrupt"), ==, 1);
}

/* -- what nobody heard ---------------------------------------------------- */

/* Not before its response is over: nothing is taken from under it. */
static void
test_forget (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_speak (rig, "R1", "A1");
  rig_clear (rig);
  rt2_session_forget_item (rig->session, "A1");
  rt2_session_forget_item (rig->session, "nobody");
  rig_run_idle (rig);
  rig_flush_down (rig);
  rig_flush_up (rig);
  rig_expect_sent (rig, "");
  rig_send_response_done (rig, "R1", "completed");
  rig_flush_down (rig);
  rig_flush_up (rig);
  rig_expect_sent (rig, "conversation.item.delete");
  check_deleted (rig, 0, "A1");
  rt2_session_forget_item (rig->session, "A1");
  rig_run_idle (rig);
  rig_flush_up (rig);
  g_assert_cmpuint (rig_count_sent (rig, "conversation.item.delete"), ==, 1);
  g_assert_cmpuint (rig_get_stats (rig).deletions, ==, 1);
}

static gpointer
forget_many (gpointer data)
{
  Rig *rig = data;

  for (guint i = 0; i < 2 * RT2_SESSION_MAX_FORGOTTEN; i++)
    rt2_session_forget_item (rig->session, "A1");
  return NULL;
}

/* From any thread, and bounded; a response that was cut is over. */
static void
test_forget_many (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_speak (rig, "R1", "A1");
  barge_in (rig);
  rig_clear (rig);
  g_thread_join (g_thread_new ("forget", forget_many, rig));
  rig_run_idle (rig);
  rig_flush_up (rig);
  rig_expect_sent (rig, "conversation.item.delete");
  g_assert_cmpuint (rig_count_sent (rig, "conversation.item.delete"), ==, 1);
}

/* Another connection has another conversation. */
static void
test_forget_and_lose (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_speak (rig, "R1", "A1");
  rt2_session_forget_item (rig->session, "A1");
  rig_run_idle (rig);
  rig_drop (rig);
  rig_wait (rig, "configured again");
  rig_clear (rig);
  rig_send_response_created (rig, "R2");
  rig_send_response_done (rig, "R2", "completed");
  rig_flush_down (rig);
  rig_flush_up (rig);
  rig_expect_sent (rig, "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function)                                                    \
  g_test_add_func ("/session/interrupt/" name, function)
  ADD ("cuts", test_cuts);
  ADD ("several-items", test_several_items);
  ADD ("function-call", test_function_call);
  ADD ("ended-before", test_ended_before);
  ADD ("done-but-playing", test_done_but_playing);
  ADD ("unannounced", test_unannounced);
  ADD ("dead", test_dead);
  ADD ("next-overlaps", test_next_overlaps);
  ADD ("not-wanted", test_not_wanted);
  ADD ("deleted-by-the-server", test_deleted_by_the_server);
  ADD ("reconnected", test_reconnected);
  ADD ("forget", test_forget);
  ADD ("forget/many", test_forget_many);
  ADD ("forget/lost", test_forget_and_lose);
  return g_test_run ();
}
