/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the server says besides the conversation, as messages on the bus, each
 * with all its fields and no others.
 */
#include "harness.h"

#include <string.h>

static void
send_quoted (Talk *talk, const gchar *event)
{
  gchar *json = g_strdelimit (g_strdup (event), "'", '"');

  peer_send (talk->peer, "%s", json);
  g_free (json);
}

/* Message "realtime2/@name" number @i has the fields of @expected, and, besides
 * `running-time`, no others. */
static void
assert_message (Talk *talk, const gchar *name, guint i, const gchar *expected)
{
  gchar *text = g_strdup_printf (
      "realtime2/%s%s%s", name, *expected ? ", " : "", expected);
  GstStructure *wanted = gst_structure_from_string (text, NULL);
  GstStructure *got = gst_structure_copy (talk_message (talk, name, i));
  gchar *shown = gst_structure_to_string (got);

  fail_unless (wanted != NULL, "no structure: %s", text);
  fail_unless (
      gst_structure_has_field_typed (got, "running-time", G_TYPE_UINT64));
  gst_structure_remove_field (got, "running-time");
  fail_unless (
      gst_structure_is_equal (got, wanted), "%s is not %s", shown, text);
  g_free (shown);
  g_free (text);
  gst_structure_free (got);
  gst_structure_free (wanted);
}

/* --- single events --- */

static const struct {
  const gchar *event;
  const gchar *name;
  const gchar *fields;
} notices[] = {
  { "{'type':'conversation.created','conversation':{'id':'conv_1'}}",
      "conversation-created", "conversation-id=(string)conv_1" },
  { "{'type':'conversation.created'}", "conversation-created", "" },
  { "{'type':'input_audio_buffer.dtmf_event_received','event':'#',"
    "'received_at':1763605109}",
      "dtmf", "key=(string)\"#\", received-at=(guint64)1763605109" },
  { "{'type':'input_audio_buffer.dtmf_event_received'}", "dtmf",
      "key=(string)\"\", received-at=(guint64)0" },
  { "{'type':'conversation.item.input_audio_transcription.segment',"
    "'item_id':'U1','content_index':0,'id':'seg_1','text':'hello',"
    "'speaker':'spk_1','start':0.5,'end':0.95}",
      "transcript-segment",
      "item-id=(string)U1, speaker=(string)spk_1, text=(string)hello, "
      "start-ms=(guint64)500, end-ms=(guint64)950" },
  { "{'type':'conversation.item.input_audio_transcription.segment'}",
      "transcript-segment",
      "text=(string)\"\", start-ms=(guint64)0, end-ms=(guint64)0" },
  { "{'type':'conversation.item.retrieved','item':{'id':'A1',"
    "'type':'message','role':'assistant','content':[{'type':'output_audio',"
    "'transcript':'Yes.','audio':'AAAA'}]}}",
      "item-retrieved",
      "item-id=(string)A1, role=(string)assistant, text=(string)\"Yes.\"" },
  { "{'type':'conversation.item.retrieved','item':{'id':'A1'}}",
      "item-retrieved", "item-id=(string)A1" },
  { "{'type':'conversation.item.truncated','item_id':'A1','content_index':0,"
    "'audio_end_ms':1480}",
      "item-truncated", "item-id=(string)A1, audio-end-ms=(guint64)1480" },
  { "{'type':'output_audio_buffer.started','response_id':'R1'}", "call-audio",
      "response-id=(string)R1, status=(string)started" },
  { "{'type':'output_audio_buffer.stopped','response_id':'R1'}", "call-audio",
      "response-id=(string)R1, status=(string)stopped" },
  { "{'type':'output_audio_buffer.cleared'}", "call-audio",
      "status=(string)cleared" },
};

GST_START_TEST (test_notice)
{
  Talk *talk = talk_new_playing ();

  send_quoted (talk, notices[__i__].event);
  talk_sync (talk);
  assert_message (talk, notices[__i__].name, 0, notices[__i__].fields);
  fail_unless_equals_int (talk_count_messages (talk, notices[__i__].name), 1);
  talk_free (talk);
}
GST_END_TEST;

/* --- the idle timeout --- */

#define TIMEOUT                                                                \
  "{'type':'input_audio_buffer.timeout_triggered','audio_start_ms':20,"        \
  "'audio_end_ms':80,'item_id':'U1'}"

/* The silence has its place on the clock, and the agent thinks at once. */
GST_START_TEST (test_idle_timeout)
{
  Talk *talk = talk_new_playing ();
  guint from = talk->states->len;

  talk_speak (talk, &law_pcm, 2400);
  peer_wait_audio (talk->peer, 3840);
  send_quoted (talk, TIMEOUT);
  talk_wait_state (talk, "thinking", &from);
  talk_sync (talk);
  assert_message (talk, "idle-timeout", 0,
      "item-id=(string)U1, speech-start=(guint64)20000000, "
      "speech-end=(guint64)80000000");
  peer_committed (talk->peer, "U1");
  peer_begin (talk->peer, "R1");
  peer_end (talk->peer, "R1", "completed");
  talk_wait_state (talk, "ready", &from);
  fail_unless_equals_int (peer_count (talk->peer, "response.create"), 0);
  talk_free (talk);
}
GST_END_TEST;

/* Nothing that the user said is lost with a silence. */
GST_START_TEST (test_idle_timeout_lost)
{
  Talk *talk = talk_new_playing ();

  g_object_set (
      talk->element, "retry-backoff-max", G_GUINT64_CONSTANT (0), NULL);
  peer_user_starts (talk->peer, "U0", 0);
  peer_user_stops (talk->peer, "U0", 60);
  peer_committed (talk->peer, "U0");
  peer_begin (talk->peer, "R0");
  peer_end (talk->peer, "R0", "completed");
  send_quoted (talk, TIMEOUT);
  peer_committed (talk->peer, "U1");
  talk_sync (talk);
  peer_drop (talk->peer);
  talk_message (talk, "session-lost", 0);
  fail_unless_equals_int (talk_count_messages (talk, "overrun"), 0);
  talk_free (talk);
}
GST_END_TEST;

/* --- MCP --- */

#define ITEM_DONE "{'type':'conversation.item.done','item':"
#define LIST(MEMBERS)                                                          \
  "{'id':'L1','type':'mcp_list_tools','server_label':'docs'," MEMBERS "}"

GST_START_TEST (test_tools)
{
  Talk *talk = talk_new_playing ();

  send_quoted (talk, "{'type':'mcp_list_tools.in_progress','item_id':'L1'}");
  send_quoted (talk,
      "{'type':'conversation.item.added','item':" LIST ("'tools':[]") "}");
  send_quoted (talk,
      ITEM_DONE LIST ("'tools':[{'name':'search'},"
                      "{'name':'open it'}]") "}");
  send_quoted (talk, "{'type':'mcp_list_tools.completed','item_id':'L1'}");
  talk_sync (talk);
  assert_message (
      talk, "mcp-tools", 0, "item-id=(string)L1, status=(string)in-progress");
  assert_message (talk, "mcp-tools", 1,
      "item-id=(string)L1, status=(string)completed, server-label=(string)docs,"
      " tools=(string)<search, \"open it\">");
  fail_unless_equals_int (talk_count_messages (talk, "mcp-tools"), 2);
  talk_free (talk);
}
GST_END_TEST;

/* The word that it is complete may come before the item. */
GST_START_TEST (test_tools_late)
{
  Talk *talk = talk_new_playing ();

  send_quoted (talk, "{'type':'mcp_list_tools.completed','item_id':'L1'}");
  send_quoted (talk, ITEM_DONE LIST ("'tools':[{'name':'search'}]") "}");
  talk_sync (talk);
  assert_message (
      talk, "mcp-tools", 0, "item-id=(string)L1, status=(string)completed");
  assert_message (talk, "mcp-tools", 1,
      "item-id=(string)L1, status=(string)completed, server-label=(string)docs,"
      " tools=(string)<search>");
  fail_unless_equals_int (talk_count_messages (talk, "mcp-tools"), 2);
  talk_free (talk);
}
GST_END_TEST;

/* An item without tools does not tell whether that is all or a failure. */
GST_START_TEST (test_tools_failed)
{
  Talk *talk = talk_new_playing ();

  send_quoted (talk, ITEM_DONE LIST ("'tools':[]") "}");
  send_quoted (talk, "{'type':'mcp_list_tools.failed','item_id':'L1'}");
  send_quoted (talk,
      ITEM_DONE "{'id':'L2','type':'mcp_list_tools','tools':[],"
                "'error':'unreachable'}}");
  send_quoted (talk, "{'type':'mcp_list_tools.failed','item_id':'L2'}");
  talk_sync (talk);
  assert_message (talk, "mcp-tools", 0,
      "item-id=(string)L1, status=(string)failed, server-label=(string)docs");
  assert_message (talk, "mcp-tools", 1,
      "item-id=(string)L2, status=(string)failed, error=(string)unreachable");
  fail_unless_equals_int (talk_count_messages (talk, "mcp-tools"), 2);
  fail_unless_equals_int (talk_count_messages (talk, "server-error"), 0);
  talk_free (talk);
}
GST_END_TEST;

#define CALL(MEMBERS)                                                           \
  "{'id':'M1','type':'mcp_call','server_label':'docs','name':'search'," MEMBERS \
  "}"

static void
begin_call (Talk *talk)
{
  peer_begin (talk->peer, "R1");
  send_quoted (talk,
      "{'type':'response.output_item.added','response_id':'R1',"
      "'item':" CALL ("'arguments':''") "}");
  send_quoted (talk,
      "{'type':'response.mcp_call.in_progress',"
      "'item_id':'M1','output_index':0}");
  send_quoted (talk,
      "{'type':'response.mcp_call_arguments.done',"
      "'response_id':'R1','item_id':'M1','arguments':'[7]'}");
}

/* The same item in three events. */
static void
send_item (Talk *talk, const gchar *item)
{
  gchar *json = g_strconcat ("{'type':'response.output_item.done',"
                             "'response_id':'R1','item':",
      item, "}", NULL);

  send_quoted (talk, json);
  g_free (json);
  json = g_strconcat (ITEM_DONE, item, "}", NULL);
  send_quoted (talk, json);
  g_free (json);
  json = g_strconcat ("{'type':'response.done','response':{'id':'R1',"
                      "'status':'completed','output':[",
      item, "]}}", NULL);
  send_quoted (talk, json);
  g_free (json);
}

#define CALL_FIELDS(STATUS)                                                    \
  "item-id=(string)M1, status=(string)" STATUS ", name=(string)search, "       \
  "server-label=(string)docs"

GST_START_TEST (test_call)
{
  Talk *talk = talk_new_playing ();

  begin_call (talk);
  send_quoted (talk, "{'type':'response.mcp_call.completed','item_id':'M1'}");
  send_item (talk,
      CALL ("'arguments':'[7]','approval_request_id':'Q1',"
            "'output':'3 hits','error':null"));
  talk_sync (talk);
  assert_message (talk, "mcp-call", 0, CALL_FIELDS ("in-progress"));
  assert_message (talk, "mcp-call", 1,
      CALL_FIELDS ("in-progress") ", arguments=(string)\"[7]\"");
  assert_message (talk, "mcp-call", 2, CALL_FIELDS ("completed"));
  assert_message (talk, "mcp-call", 3,
      CALL_FIELDS (
          "completed") ", arguments=(string)\"[7]\", "
                       "output=(string)\"3 hits\", approval-request-id=(string)Q1");
  fail_unless_equals_int (talk_count_messages (talk, "mcp-call"), 4);
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_call_failed)
{
  Talk *talk = talk_new_playing ();

  begin_call (talk);
  send_item (talk,
      CALL ("'arguments':'[7]','error':{'type':'http_error',"
            "'code':503,'message':'Unavailable'}"));
  send_quoted (talk, "{'type':'response.mcp_call.failed','item_id':'M1'}");
  talk_sync (talk);
  assert_message (talk, "mcp-call", 2,
      CALL_FIELDS ("failed") ", arguments=(string)\"[7]\", "
                             "error=(string)Unavailable");
  fail_unless_equals_int (talk_count_messages (talk, "mcp-call"), 3);
  fail_unless_equals_int (talk_count_messages (talk, "server-error"), 0);
  talk_free (talk);
}
GST_END_TEST;

#define REQUEST(ID)                                                            \
  "{'id':'" ID "','type':'mcp_approval_request','server_label':'docs',"        \
  "'name':'search','arguments':'[7]'}"

GST_START_TEST (test_approval_request)
{
  Talk *talk = talk_new_playing ();

  peer_begin (talk->peer, "R1");
  send_quoted (talk,
      "{'type':'conversation.item.added','item':{'id':'Q1',"
      "'type':'mcp_approval_request','server_label':'docs','name':'search'}}");
  talk_sync (talk);
  fail_unless_equals_int (
      talk_count_messages (talk, "mcp-approval-request"), 0);
  send_item (talk, REQUEST ("Q1"));
  send_quoted (talk, ITEM_DONE REQUEST ("Q2") "}");
  talk_sync (talk);
  assert_message (talk, "mcp-approval-request", 0,
      "request-id=(string)Q1, server-label=(string)docs, name=(string)search, "
      "arguments=(string)\"[7]\"");
  fail_unless_equals_string (
      talk_string (
          talk_message (talk, "mcp-approval-request", 1), "request-id"),
      "Q2");
  fail_unless_equals_int (
      talk_count_messages (talk, "mcp-approval-request"), 2);
  talk_free (talk);
}
GST_END_TEST;

/* Each of the three events alone is enough, but not half a request. */
GST_START_TEST (test_approval_request_poor)
{
  static const gchar *const events[] = {
    ITEM_DONE REQUEST ("Q1") "}",
    "{'type':'response.output_item.done','response_id':'R1','item':" REQUEST (
        "Q2") "}",
    "{'type':'response.done','response':{'id':'R1','output':[" REQUEST (
        "Q3") "]}}",
    ITEM_DONE "{'id':'Q4','type':'mcp_approval_request',"
              "'status':'incomplete','arguments':'['}}",
  };
  Talk *talk = talk_new_playing ();

  for (guint i = 0; i < G_N_ELEMENTS (events); i++)
    send_quoted (talk, events[i]);
  talk_sync (talk);
  fail_unless_equals_int (
      talk_count_messages (talk, "mcp-approval-request"), 3);
  talk_free (talk);
}
GST_END_TEST;

/* A new session may use the same ids again. */
GST_START_TEST (test_approval_request_again)
{
  Talk *talk = talk_new ();

  g_object_set (
      talk->element, "retry-backoff-max", G_GUINT64_CONSTANT (1000000), NULL);
  talk_play (talk, &law_pcm);
  send_quoted (talk, ITEM_DONE REQUEST ("Q1") "}");
  talk_sync (talk);
  peer_drop (talk->peer);
  talk_message (talk, "session-restored", 0);
  send_quoted (talk, ITEM_DONE REQUEST ("Q1") "}");
  talk_sync (talk);
  fail_unless_equals_int (
      talk_count_messages (talk, "mcp-approval-request"), 2);
  talk_free (talk);
}
GST_END_TEST;

/* More items than are remembered: the last ones are. */
GST_START_TEST (test_many_items)
{
  Talk *talk = talk_new_playing ();

  for (guint i = 0; i < 2; i++) {
    for (guint k = 0; k < 200; k++)
      peer_send (talk->peer,
          "{\"type\":\"mcp_list_tools.in_progress\",\"item_id\":\"L%u\"}", k);
    for (guint k = 150; k < 200; k++)
      peer_send (talk->peer,
          "{\"type\":\"mcp_list_tools.in_progress\",\"item_id\":\"L%u\"}", k);
  }
  talk_sync (talk);
  fail_unless_equals_int (talk_count_messages (talk, "mcp-tools"), 400);
  talk_free (talk);
}
GST_END_TEST;

/* --- every event --- */

/* The JSON of message "server-event" number @i is @expected. */
static void
assert_event (Talk *talk, guint i, const gchar *type, const gchar *expected)
{
  const GstStructure *fields = talk_message (talk, "server-event", i);
  gchar *json = g_strdelimit (g_strdup (expected), "'", '"');

  fail_unless_equals_string (talk_string (fields, "type"), type);
  fail_unless_equals_string (talk_string (fields, "json"), json);
  fail_unless (
      gst_structure_has_field_typed (fields, "running-time", G_TYPE_UINT64));
  fail_unless_equals_int (gst_structure_n_fields (fields), 3);
  g_free (json);
}

GST_START_TEST (test_server_events)
{
  Talk *talk = talk_new_playing ();
  guint n;

  fail_unless_equals_int (talk_count_messages (talk, "server-event"), 0);
  g_object_set (talk->element, "post-server-events", TRUE, NULL);
  send_quoted (talk,
      "{'type':'response.output_audio.delta','response_id':'R1',"
      "'item_id':'A1','delta':'AAAAAAAA'}");
  send_quoted (talk,
      "{'type':'conversation.item.retrieved','item':{'id':'A1','content':["
      "{'type':'output_audio','transcript':'Yes.','audio':'AAAA'}]}}");
  send_quoted (talk, "{'type':'response.sparkle','x':[1.5,null]}");
  send_quoted (talk, "{nonsense");
  send_quoted (talk, "{'type':'input_audio_buffer.cleared'}");
  talk_sync (talk);
  g_object_set (talk->element, "post-server-events", FALSE, NULL);
  assert_event (talk, 0, "response.output_audio.delta",
      "{'type':'response.output_audio.delta','response_id':'R1',"
      "'item_id':'A1','delta':6}");
  assert_event (talk, 1, "conversation.item.retrieved",
      "{'type':'conversation.item.retrieved','item':{'id':'A1','content':["
      "{'type':'output_audio','transcript':'Yes.','audio':3}]}}");
  assert_event (talk, 2, "response.sparkle",
      "{'type':'response.sparkle','x':[1.5,null]}");
  assert_event (talk, 3, "input_audio_buffer.cleared",
      "{'type':'input_audio_buffer.cleared'}");
  n = talk_count_messages (talk, "server-event");
  talk_sync (talk);
  fail_unless_equals_int (talk_count_messages (talk, "server-event"), n);
  fail_unless_equals_int (peer_count (talk->peer, "session.update"), 1);
  talk_free (talk);
}
GST_END_TEST;

/* From the first event on, and before what follows from it. */
GST_START_TEST (test_server_events_from_start)
{
  Talk *talk = talk_new ();
  guint created = 0;

  g_object_set (talk->element, "post-server-events", TRUE, NULL);
  talk_play (talk, &law_pcm);
  fail_unless_equals_string (
      talk_string (talk_message (talk, "server-event", 0), "type"),
      "session.created");
  g_mutex_lock (&talk->lock);
  for (guint i = 0; i < talk->messages->len; i++) {
    const GstStructure *fields = gst_message_get_structure (
        g_ptr_array_index (talk->messages, i));

    if (gst_structure_has_name (fields, "realtime2/session-created"))
      created = i;
    if (gst_structure_has_name (fields, "realtime2/server-event"))
      break;
  }
  g_mutex_unlock (&talk->lock);
  fail_unless_equals_int (created, 0);
  talk_free (talk);
}
GST_END_TEST;

/* A server that quotes the key does not put it on the bus. */
GST_START_TEST (test_server_events_redacted)
{
  Talk *talk = talk_new ();

  g_object_set (talk->element, "post-server-events", TRUE, "api-key",
      "sk-very-secret", NULL);
  talk_play (talk, &law_pcm);
  /* The connection has the old key still. */
  g_object_set (talk->element, "api-key", "sk-another", NULL);
  send_quoted (talk, "{'type':'x','a':'of sk-very-secret'}");
  talk_sync (talk);
  for (guint i = 0; i < talk_count_messages (talk, "server-event"); i++) {
    const GstStructure *fields = talk_message (talk, "server-event", i);

    fail_if (strstr (talk_string (fields, "json"), "very-secret"));
    if (g_str_equal (talk_string (fields, "type"), "x"))
      assert_event (talk, i, "x", "{'type':'x','a':'of ***'}");
  }
  talk_free (talk);
}
GST_END_TEST;

static Suite *
notices_suite (void)
{
  Suite *suite = suite_create ("notices");
  TCase *events = tcase_create ("events");
  TCase *mcp = tcase_create ("mcp");
  TCase *all = tcase_create ("all");

  suite_add_tcase (suite, events);
  tcase_add_loop_test (events, test_notice, 0, G_N_ELEMENTS (notices));
  tcase_add_test (events, test_idle_timeout);
  tcase_add_test (events, test_idle_timeout_lost);

  suite_add_tcase (suite, mcp);
  tcase_add_test (mcp, test_tools);
  tcase_add_test (mcp, test_tools_late);
  tcase_add_test (mcp, test_tools_failed);
  tcase_add_test (mcp, test_call);
  tcase_add_test (mcp, test_call_failed);
  tcase_add_test (mcp, test_approval_request);
  tcase_add_test (mcp, test_approval_request_poor);
  tcase_add_test (mcp, test_approval_request_again);
  tcase_add_test (mcp, test_many_items);

  suite_add_tcase (suite, all);
  tcase_add_test (all, test_server_events);
  tcase_add_test (all, test_server_events_from_start);
  tcase_add_test (all, test_server_events_redacted);
  return suite;
}

GST_CHECK_MAIN (notices);
