/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an application asks the element to do: by action signals and by events,
 * in order with the audio, with bad arguments, at the wrong time, and from many
 * threads at once.
 */
#include "harness.h"

#include <string.h>

#define CREATE "conversation.item.create"
#define COMMIT "input_audio_buffer.commit"
#define CLEAR "input_audio_buffer.clear"

/* --- asking --- */

static gboolean
ask (Talk *talk, const gchar *name)
{
  gboolean taken = 7;

  g_signal_emit_by_name (talk->element, name, &taken);
  return taken;
}

static gboolean
ask_with (Talk *talk, const gchar *name, const gchar *argument)
{
  gboolean taken = 7;

  g_signal_emit_by_name (talk->element, name, argument, &taken);
  return taken;
}

static gboolean
ask_with_two (
    Talk *talk, const gchar *name, const gchar *first, const gchar *second)
{
  gboolean taken = 7;

  g_signal_emit_by_name (talk->element, name, first, second, &taken);
  return taken;
}

static gboolean
approve (Talk *talk, const gchar *id, gboolean yes)
{
  gboolean taken = 7;

  g_signal_emit_by_name (talk->element, "approve-mcp", id, yes, &taken);
  return taken;
}

static Talk *
new_push_to_talk (void)
{
  Talk *talk = talk_new ();

  gst_util_set_object_arg (G_OBJECT (talk->element), "turn-detection", "none");
  talk_play (talk, &law_pcm);
  return talk;
}

/* The text of the message number @i. */
static const gchar *
text_sent (Talk *talk, guint i)
{
  JsonObject *item = json_object_get_object_member (
      peer_event (talk->peer, CREATE, i), "item");
  JsonArray *content = json_object_get_array_member (item, "content");

  return json_object_get_string_member (
      json_array_get_object_element (content, 0), "text");
}

/* --- signals --- */

GST_START_TEST (test_signals)
{
  Talk *talk = new_push_to_talk ();
  JsonObject *item;

  talk_speak (talk, &law_pcm, 4800);
  fail_unless_equals_int (ask (talk, "commit-input"), TRUE);
  peer_event (talk->peer, COMMIT, 0);
  peer_event (talk->peer, "response.create", 0);
  fail_unless_equals_int (ask (talk, "clear-input"), TRUE);
  peer_event (talk->peer, CLEAR, 0);
  peer_begin (talk->peer, "resp_1");
  talk_sync (talk);
  fail_unless_equals_int (ask (talk, "cancel-response"), TRUE);
  fail_unless_equals_string (
      json_object_get_string_member (
          peer_event (talk->peer, "response.cancel", 0), "response_id"),
      "resp_1");
  peer_end (talk->peer, "resp_1", "cancelled");

  fail_unless_equals_int (
      ask_with_two (talk, "send-text", "assistant", "Yes."), TRUE);
  fail_unless_equals_string (text_sent (talk, 0), "Yes.");
  fail_unless_equals_int (approve (talk, "mcpr_1", TRUE), TRUE);
  item = json_object_get_object_member (
      peer_event (talk->peer, CREATE, 1), "item");
  fail_unless (json_object_get_boolean_member (item, "approve"));
  fail_unless_equals_int (
      ask_with (talk, "create-response", "{\"instructions\":\"Go.\"}"), TRUE);
  item = json_object_get_object_member (
      peer_event (talk->peer, "response.create", 1), "response");
  fail_unless_equals_string (
      json_object_get_string_member (item, "instructions"), "Go.");
  fail_unless_equals_int (
      ask_with (talk, "send-client-event", "{\"type\":\"x.y\",\"z\":[1]}"),
      TRUE);
  fail_unless_equals_int (
      json_object_get_size (peer_event (talk->peer, "x.y", 0)), 2);
  talk_sync_up (talk);
  fail_unless_equals_int (talk_count_messages (talk, "command-failed"), 0);
  talk_free (talk);
}
GST_END_TEST;

static void
assert_all_refused (Talk *talk)
{
  fail_unless_equals_int (ask (talk, "commit-input"), FALSE);
  fail_unless_equals_int (ask (talk, "clear-input"), FALSE);
  fail_unless_equals_int (ask (talk, "cancel-response"), FALSE);
  fail_unless_equals_int (
      ask_with_two (talk, "send-text", "user", "Hello?"), FALSE);
  fail_unless_equals_int (ask_with (talk, "create-response", NULL), FALSE);
  fail_unless_equals_int (
      ask_with_two (talk, "send-function-result", "call_1", "x"), FALSE);
  fail_unless_equals_int (approve (talk, "mcpr_1", TRUE), FALSE);
  fail_unless_equals_int (ask_with (talk, "update-session", "{}"), FALSE);
  fail_unless_equals_int (
      ask_with (talk, "send-client-event", "{\"type\":\"x\"}"), FALSE);
}

/* There is nobody to ask before PAUSED and after it, and none of it is done
 * later. */
GST_START_TEST (test_not_running)
{
  Talk *talk = talk_new ();

  assert_all_refused (talk);
  gst_element_set_state (talk->element, GST_STATE_READY);
  assert_all_refused (talk);
  talk_play (talk, &law_pcm);
  talk_sync_up (talk);
  fail_unless_equals_int (peer_count (talk->peer, CREATE), 0);
  fail_unless_equals_int (peer_count (talk->peer, "response.create"), 0);
  fail_unless_equals_int (peer_count (talk->peer, "x"), 0);
  gst_element_set_state (talk->element, GST_STATE_READY);
  assert_all_refused (talk);
  gst_element_set_state (talk->element, GST_STATE_NULL);
  assert_all_refused (talk);
  talk_free (talk);
}
GST_END_TEST;

/* What is asked while the connection is made is done when it is. */
GST_START_TEST (test_connecting)
{
  Talk *talk = talk_new ();

  peer_hold_updated (talk->peer, TRUE);
  talk_play_unconnected (talk, &law_pcm, 0);
  fail_unless_equals_int (
      ask_with_two (talk, "send-text", "assistant", "One."), TRUE);
  talk_message (talk, "session-created", 0);
  fail_unless_equals_int (
      ask_with_two (talk, "send-text", "assistant", "Two."), TRUE);
  fail_unless_equals_int (peer_count (talk->peer, CREATE), 0);
  peer_hold_updated (talk->peer, FALSE);
  fail_unless_equals_string (text_sent (talk, 0), "One.");
  fail_unless_equals_string (text_sent (talk, 1), "Two.");
  talk_free (talk);
}
GST_END_TEST;

/* --- bad arguments --- */

#define HUGE_TEXT "huge"
#define NOT_UTF8 "a\xff\xfe"

static const struct {
  const gchar *signal;
  gint n; /* of arguments */
  const gchar *first, *second;
  const gchar *names; /* what the reason must name */
} bad[] = {
  { "send-text", 2, NULL, "Hello.", "role" },
  { "send-text", 2, "robot", "Hello.", "role" },
  { "send-text", 2, "", "Hello.", "role" },
  { "send-text", 2, "user", NULL, "text" },
  { "send-text", 2, "user", "", "text" },
  { "send-text", 2, "user", " \n", "text" },
  { "send-text", 2, "user", NOT_UTF8, "text" },
  { "send-text", 2, "user", HUGE_TEXT, "text" },
  { "send-text", 2, NOT_UTF8, "Hello.", "role" },
  { "create-response", 1, "{", NULL, "response" },
  { "create-response", 1, "[]", NULL, "response" },
  { "create-response", 1, "\"x\"", NULL, "response" },
  { "create-response", 1, NOT_UTF8, NULL, "response" },
  { "create-response", 1, HUGE_TEXT, NULL, "response" },
  { "send-function-result", 2, NULL, "x", "call-id" },
  { "send-function-result", 2, "", "x", "call-id" },
  { "send-function-result", 2, HUGE_TEXT, "x", "call-id" },
  { "send-function-result", 2, "call_1", NULL, "output" },
  { "send-function-result", 2, "call_1", NOT_UTF8, "output" },
  { "send-function-result", 2, "call_1", HUGE_TEXT, "output" },
  { "approve-mcp", 0, NULL, NULL, "request-id" },
  { "approve-mcp", 0, "", NULL, "request-id" },
  { "approve-mcp", 0, NOT_UTF8, NULL, "request-id" },
  { "update-session", 1, "nonsense", NULL, "" },
  { "update-session", 1, "[1]", NULL, "" },
  { "update-session", 1, NOT_UTF8, NULL, "" },
  { "send-client-event", 1, NULL, NULL, "event" },
  { "send-client-event", 1, "", NULL, "event" },
  { "send-client-event", 1, "{}", NULL, "type" },
  { "send-client-event", 1, "{\"type\":7}", NULL, "type" },
  { "send-client-event", 1, "{\"type\":\"x\"}}", NULL, "event" },
  { "send-client-event", 1, NOT_UTF8, NULL, "event" },
};

static gboolean
ask_badly (Talk *talk, guint i, const gchar *huge)
{
  const gchar *first = bad[i].first, *second = bad[i].second;

  if (g_strcmp0 (first, HUGE_TEXT) == 0)
    first = huge;
  if (g_strcmp0 (second, HUGE_TEXT) == 0)
    second = huge;
  if (bad[i].n == 0)
    return approve (talk, first, TRUE);
  return bad[i].n == 1 ? ask_with (talk, bad[i].signal, first)
                       : ask_with_two (talk, bad[i].signal, first, second);
}

/* Refused at once, with a message that says what is wrong; nothing is sent. */
GST_START_TEST (test_bad_arguments)
{
  Talk *talk = talk_new_playing ();
  gchar *huge = g_strnfill (2 * 1024 * 1024, 'x');

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    const GstStructure *failure;

    fail_unless (
        !ask_badly (talk, i, huge), "%s number %u was taken", bad[i].signal, i);
    failure = talk_message (talk, "command-failed", i);
    fail_unless_equals_string (talk_string (failure, "command"), bad[i].signal);
    fail_unless (strstr (talk_string (failure, "reason"), bad[i].names) != NULL,
        "\"%s\" does not name %s", talk_string (failure, "reason"),
        bad[i].names);
    fail_unless (gst_structure_has_field (failure, "running-time"));
  }
  talk_sync_up (talk);
  fail_unless_equals_int (peer_count (talk->peer, CREATE), 0);
  fail_unless_equals_int (peer_count (talk->peer, "response.create"), 0);
  fail_unless_equals_int (peer_count (talk->peer, "x"), 0);
  fail_unless_equals_int (
      talk_count_messages (talk, "command-failed"), G_N_ELEMENTS (bad));
  g_free (huge);
  talk_free (talk);
}
GST_END_TEST;

/* What is right in itself, but can't be done. */
GST_START_TEST (test_failures)
{
  Talk *talk = new_push_to_talk ();
  const GstStructure *failure;

  fail_unless_equals_int (
      ask_with_two (talk, "send-function-result", "call_x", "1"), TRUE);
  failure = talk_message (talk, "command-failed", 0);
  fail_unless_equals_string (
      talk_string (failure, "command"), "send-function-result");
  fail_unless_equals_string (talk_string (failure, "id"), "call_x");
  talk_speak (talk, &law_pcm, 2399);
  fail_unless_equals_int (ask (talk, "commit-input"), TRUE);
  failure = talk_message (talk, "command-failed", 1);
  fail_unless_equals_string (talk_string (failure, "command"), "commit-input");
  fail_unless (strstr (talk_string (failure, "reason"), "100 ms") != NULL);
  talk_sync_up (talk);
  fail_unless_equals_int (peer_count (talk->peer, COMMIT), 0);
  talk_free (talk);
}
GST_END_TEST;

/* --- events --- */

typedef enum { TO_SRC, TO_TEXT, TO_SINK, TO_ELEMENT_UP, TO_ELEMENT_DOWN } Way;

#define N_WAYS 5

static gboolean
send (Talk *talk, Way way, const gchar *description)
{
  GstStructure *fields = gst_structure_from_string (description, NULL);
  gboolean down = way == TO_SINK || way == TO_ELEMENT_DOWN;
  GstEvent *event = gst_event_new_custom (
      down ? GST_EVENT_CUSTOM_DOWNSTREAM : GST_EVENT_CUSTOM_UPSTREAM, fields);
  const gchar *name = way == TO_SRC ? "src"
      : way == TO_TEXT              ? "text_src_0"
                                    : "sink";
  GstPad *pad;
  gboolean taken;

  fail_unless (fields != NULL, "%s is no structure", description);
  if (way == TO_ELEMENT_UP || way == TO_ELEMENT_DOWN)
    return gst_element_send_event (talk->element, event);
  pad = gst_element_get_static_pad (talk->element, name);
  taken = gst_pad_send_event (pad, event);
  gst_object_unref (pad);
  return taken;
}

/* Each command by this way. */
GST_START_TEST (test_events)
{
  Talk *talk = talk_new ();
  Way way = __i__;
  JsonObject *item;
  guint updates;

  gst_util_set_object_arg (G_OBJECT (talk->element), "turn-detection", "none");
  talk_add_text (talk, "text_src_0", "text/x-raw, format=utf8");
  talk_play (talk, &law_pcm);
  talk_speak (talk, &law_pcm, 4800);
  fail_unless (send (talk, way, "realtime2/commit-input;"));
  peer_event (talk->peer, COMMIT, 0);
  fail_unless (send (talk, way, "realtime2/clear-input;"));
  peer_event (talk->peer, CLEAR, 0);
  peer_event (talk->peer, "response.create", 0);
  peer_begin (talk->peer, "resp_1");
  talk_sync (talk);
  fail_unless (send (talk, way, "realtime2/cancel-response;"));
  peer_event (talk->peer, "response.cancel", 0);
  peer_end (talk->peer, "resp_1", "cancelled");
  fail_unless (send (talk, way,
      "realtime2/send-text, role=(string)assistant, text=(string)\"So.\";"));
  fail_unless_equals_string (text_sent (talk, 0), "So.");
  fail_unless (send (talk, way,
      "realtime2/approve-mcp, request-id=(string)r1, approve=(boolean)true;"));
  item = json_object_get_object_member (
      peer_event (talk->peer, CREATE, 1), "item");
  fail_unless_equals_string (
      json_object_get_string_member (item, "approval_request_id"), "r1");
  fail_unless (json_object_get_boolean_member (item, "approve"));
  fail_unless (send (
      talk, way, "realtime2/create-response, json=(string)\"{\\\"x\\\":1}\";"));
  item = json_object_get_object_member (
      peer_event (talk->peer, "response.create", 1), "response");
  fail_unless (json_object_has_member (item, "x"));
  fail_unless (send (talk, way,
      "realtime2/send-client-event, "
      "json=(string)\"{\\\"type\\\":\\\"x.y\\\"}\";"));
  peer_event (talk->peer, "x.y", 0);
  updates = peer_count (talk->peer, "session.update");
  fail_unless (send (
      talk, way, "realtime2/update-session, json=(string)\"{\\\"x\\\":2}\";"));
  item = json_object_get_object_member (
      peer_event (talk->peer, "session.update", updates), "session");
  fail_unless (json_object_has_member (item, "x"));
  fail_unless (send (talk, way,
      "realtime2/send-function-result, call-id=(string)c1, "
      "output=(string)o;"));
  talk_message (talk, "command-failed", 0);
  talk_free (talk);
}
GST_END_TEST;

/* What only an event can say. */
GST_START_TEST (test_event_fields)
{
  Talk *talk = talk_new_playing ();

  peer_begin (talk->peer, "resp_1");
  talk_sync (talk);
  fail_unless (send (talk, TO_SRC,
      "realtime2/send-text, text=(string)b, interrupt=(boolean)false;"));
  fail_unless (send (talk, TO_SRC,
      "realtime2/send-text, role=(string)system, text=(string)c, "
      "priority=(int)5;"));
  fail_unless (send (talk, TO_SRC,
      "realtime2/send-text, role=(string)system, text=(string)d, "
      "expires=(guint64)20000000;"));
  fail_unless_equals_string (
      talk_string (talk_message (talk, "command-failed", 0), "command"),
      "send-text");
  fail_unless (send (talk, TO_SRC,
      "realtime2/send-text, role=(string)user, text=(string)a, "
      "respond=(boolean)false;"));
  fail_unless_equals_string (text_sent (talk, 0), "a");
  talk_sync_up (talk);
  fail_unless_equals_int (peer_count (talk->peer, CREATE), 1);
  peer_end (talk->peer, "resp_1", "completed");
  fail_unless_equals_string (text_sent (talk, 1), "c");
  peer_begin (talk->peer, "resp_2");
  peer_end (talk->peer, "resp_2", "completed");
  fail_unless_equals_string (text_sent (talk, 2), "b");
  talk_sync_up (talk);
  fail_unless_equals_int (peer_count (talk->peer, CREATE), 3);
  fail_unless_equals_int (peer_count (talk->peer, "response.cancel"), 0);
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_bad_events)
{
  static const gchar *const events[] = {
    "realtime2/send-text;",
    "realtime2/send-text, role=(int)7, text=(boolean)true;",
    "realtime2/create-response, json=(string)\"[\";",
    "realtime2/approve-mcp, approve=(boolean)true;",
    "realtime2/send-function-result, output=(string)x;",
    "realtime2/send-client-event, json=(int)1;",
    "realtime2/update-session, json=(string)\"[\";",
  };
  Talk *talk = talk_new_playing ();

  for (guint i = 0; i < G_N_ELEMENTS (events); i++) {
    send (talk, i % 2 ? TO_SRC : TO_SINK, events[i]);
    fail_unless (
        strstr (events[i],
            talk_string (talk_message (talk, "command-failed", i), "command"))
        != NULL);
  }
  talk_sync_up (talk);
  fail_unless_equals_int (peer_count (talk->peer, CREATE), 0);
  fail_unless_equals_int (peer_count (talk->peer, "response.create"), 0);
  talk_free (talk);
}
GST_END_TEST;

/* --- order --- */

/* Samples that came before event number @i of @type. */
static guint64
samples_before (Talk *talk, const gchar *type, guint i)
{
  guint place = peer_place (talk->peer, type, i);
  guint n = peer_count (talk->peer, "input_audio_buffer.append");
  guint64 bytes = 0;

  for (guint k = 0; k < n; k++)
    if (peer_place (talk->peer, "input_audio_buffer.append", k) < place)
      bytes += peer_append_size (talk->peer, k);
  return bytes / 2;
}

static void
push (Talk *talk, guint64 at, guint64 n)
{
  fail_unless_equals_int (
      gst_harness_push (talk->harness, talk_input (&law_pcm, at, at, n)),
      GST_FLOW_OK);
}

/* Exactly what was pushed before it: chunks are cut where a command comes. */
GST_START_TEST (test_order)
{
  static const guint counts[] = { 2400, 3007, 4801, 961 * 3 };
  Talk *talk = talk_new ();
  gboolean by_event = __i__;
  guint64 at = 0;
  GByteArray *got;
  GBytes *expected;

  g_object_set (talk->element, "create-response", FALSE, NULL);
  gst_util_set_object_arg (G_OBJECT (talk->element), "turn-detection", "none");
  gst_util_set_object_arg (G_OBJECT (talk->element), "sync-input", "no");
  talk_play (talk, &law_pcm);
  gst_harness_set_src_caps_str (talk->harness, law_pcm.caps);
  for (guint i = 0; i < G_N_ELEMENTS (counts); i++) {
    push (talk, at, counts[i]);
    at += counts[i];
    if (by_event)
      fail_unless (send (talk, TO_SINK, "realtime2/commit-input;"));
    else
      fail_unless (ask (talk, "commit-input"));
  }
  push (talk, at, 9600);
  peer_wait_audio (talk->peer, (at + 9600) * 2);
  at = 0;
  for (guint i = 0; i < G_N_ELEMENTS (counts); i++) {
    at += counts[i];
    fail_unless_equals_uint64 (samples_before (talk, COMMIT, i), at);
  }
  got = peer_dup_audio (talk->peer);
  expected = law_speech (&law_pcm, 0, at + 9600);
  fail_unless_equals_int (got->len, (at + 9600) * 2);
  fail_unless (
      memcmp (got->data, g_bytes_get_data (expected, NULL), got->len) == 0);
  g_bytes_unref (expected);
  g_byte_array_unref (got);
  talk_free (talk);
}
GST_END_TEST;

/* While the connection is made, what was said and its end wait together. */
GST_START_TEST (test_order_while_connecting)
{
  Talk *talk = talk_new ();

  gst_util_set_object_arg (G_OBJECT (talk->element), "turn-detection", "none");
  gst_util_set_object_arg (G_OBJECT (talk->element), "sync-input", "no");
  peer_hold_updated (talk->peer, TRUE);
  talk_play_unconnected (talk, &law_pcm, 0);
  gst_harness_set_src_caps_str (talk->harness, law_pcm.caps);
  push (talk, 0, 5000);
  fail_unless (ask (talk, "commit-input"));
  push (talk, 5000, 4600);
  fail_unless (ask (talk, "clear-input"));
  push (talk, 9600, 960);
  talk_message (talk, "session-created", 0);
  peer_hold_updated (talk->peer, FALSE);
  peer_event (talk->peer, CLEAR, 0);
  fail_unless_equals_uint64 (samples_before (talk, COMMIT, 0), 5000);
  /* What is void need not be sent, but nothing else may be missing. */
  fail_unless (samples_before (talk, CLEAR, 0) <= 9600);
  fail_unless (samples_before (talk, CLEAR, 0) >= 5000);
  talk_free (talk);
}
GST_END_TEST;

/* --- update-session --- */

static JsonObject *
session_sent (Talk *talk, guint i)
{
  return json_object_get_object_member (
      peer_event (talk->peer, "session.update", i), "session");
}

GST_START_TEST (test_update_session)
{
  Talk *talk = talk_new_playing ();
  JsonObject *session, *inner;
  guint n = peer_count (talk->peer, "session.update");

  fail_unless (
      ask_with (talk, "update-session", "{\"o\":{\"a\":1},\"s\":\"x\"}"));
  session = session_sent (talk, n);
  fail_unless_equals_string (json_object_get_string_member (session, "s"), "x");
  talk_sync (talk);
  fail_unless (ask_with (talk, "update-session", "{\"o\":{\"b\":2}}"));
  inner = json_object_get_object_member (session_sent (talk, n + 1), "o");
  fail_unless_equals_int (json_object_get_int_member (inner, "a"), 1);
  fail_unless_equals_int (json_object_get_int_member (inner, "b"), 2);
  talk_sync (talk);

  /* It lies over what properties say, now and later. */
  fail_unless (
      ask_with (talk, "update-session", "{\"instructions\":\"Mine.\"}"));
  session_sent (talk, n + 2);
  talk_sync (talk);
  g_object_set (talk->element, "instructions", "Theirs.", "tool-choice",
      "required", NULL);
  n += 3;
  do {
    session = session_sent (talk, n++);
    fail_unless_equals_string (
        json_object_get_string_member (session, "instructions"), "Mine.");
  } while (!json_object_has_member (session, "tool_choice"));
  fail_unless (json_object_has_member (session, "o"));
  talk_sync (talk);

  /* What is no object changes nothing. */
  fail_unless (!ask_with (talk, "update-session", "{\"o\":"));
  talk_message (talk, "command-failed", 0);
  fail_unless (ask_with (talk, "update-session", NULL));

  gst_element_set_state (talk->element, GST_STATE_READY);
  n = peer_count (talk->peer, "session.update");
  gst_element_set_state (talk->element, GST_STATE_PLAYING);
  session = session_sent (talk, n);
  fail_unless (!json_object_has_member (session, "o"));
  fail_unless_equals_string (
      json_object_get_string_member (session, "instructions"), "Theirs.");
  talk_free (talk);
}
GST_END_TEST;

/* --- from everywhere --- */

#define N_THREADS 4
#define N_ROUNDS 200

typedef struct {
  GstElement *element;
  gint stop;
} Crowd;

static gpointer
shout (gpointer data)
{
  Crowd *crowd = data;
  GstPad *src = gst_element_get_static_pad (crowd->element, "src");
  gboolean taken;

  while (!g_atomic_int_get (&crowd->stop)) {
    g_signal_emit_by_name (
        crowd->element, "send-text", "system", "Now.", &taken);
    g_signal_emit_by_name (crowd->element, "commit-input", &taken);
    g_signal_emit_by_name (crowd->element, "clear-input", &taken);
    g_signal_emit_by_name (crowd->element, "cancel-response", &taken);
    g_signal_emit_by_name (crowd->element, "create-response",
        "{\"conversation\":\"none\"}", &taken);
    g_signal_emit_by_name (
        crowd->element, "send-function-result", "c", "x", &taken);
    g_signal_emit_by_name (
        crowd->element, "update-session", "{\"a\":1}", &taken);
    gst_pad_send_event (src,
        gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM,
            gst_structure_new_empty ("realtime2/clear-input")));
    g_usleep (500);
  }
  gst_object_unref (src);
  return NULL;
}

/* No crash, no dead end, and nobody holds the element afterwards. */
GST_START_TEST (test_storm)
{
  static const GstState states[] = { GST_STATE_PLAYING, GST_STATE_READY,
    GST_STATE_PAUSED, GST_STATE_NULL };
  Peer *peer = peer_new ();
  gchar *url = peer_dup_url (peer);
  GstElement *element = gst_element_factory_make ("realtime2", NULL);
  GstClock *clock = gst_system_clock_obtain ();
  Crowd crowd = { gst_object_ref_sink (element), FALSE };
  GThread *threads[N_THREADS];
  gpointer weak = element;

  g_object_add_weak_pointer (G_OBJECT (element), &weak);
  g_object_set (element, "uri", url, NULL);
  gst_element_set_clock (element, clock);
  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("shout", shout, &crowd);
  for (guint i = 0; i < N_ROUNDS; i++) {
    fail_unless (
        gst_element_set_state (element, states[i % G_N_ELEMENTS (states)])
        != GST_STATE_CHANGE_FAILURE);
    if (i % 8 == 0)
      g_usleep (20000);
  }
  g_atomic_int_set (&crowd.stop, TRUE);
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
  fail_unless_equals_int (gst_element_set_state (element, GST_STATE_NULL),
      GST_STATE_CHANGE_SUCCESS);
  gst_object_unref (element);
  fail_unless (weak == NULL);
  gst_object_unref (clock);
  g_free (url);
  peer_free (peer);
}
GST_END_TEST;

static Suite *
commands_suite (void)
{
  Suite *suite = suite_create ("commands");
  TCase *asking = tcase_create ("asking");
  TCase *order = tcase_create ("order");

  suite_add_tcase (suite, asking);
  tcase_add_test (asking, test_signals);
  tcase_add_test (asking, test_not_running);
  tcase_add_test (asking, test_connecting);
  tcase_add_test (asking, test_bad_arguments);
  tcase_add_test (asking, test_failures);
  tcase_add_loop_test (asking, test_events, 0, N_WAYS);
  tcase_add_test (asking, test_event_fields);
  tcase_add_test (asking, test_bad_events);
  tcase_add_test (asking, test_update_session);

  suite_add_tcase (suite, order);
  tcase_add_loop_test (order, test_order, 0, 2);
  tcase_add_test (order, test_order_while_connecting);
  tcase_add_test (order, test_storm);
  return suite;
}

GST_CHECK_MAIN (commands);
