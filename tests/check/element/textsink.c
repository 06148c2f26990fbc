/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * text_sink: which lines become messages, of whom, when, and in which order.
 */
#include <string.h>

#include "feed.h"

#define ITEM "conversation.item.create"
#define CREATE "response.create"
#define CANCEL "response.cancel"
#define FAILED "command-failed"

static const Spot spot_a = { "resp_1", 0, "item_a" };

/* --- helpers --- */

static Feed *
open_text (Talk *talk, GstFormat format)
{
  return feed_new (talk, "text_sink", "text/x-raw,format=utf8", format);
}

/* A playing element that reads lines and does not answer them. */
static Feed *
new_reader (GstFormat format)
{
  Feed *feed = open_text (talk_new_playing (), format);

  g_object_set (feed->sink, "respond", FALSE, NULL);
  return feed;
}

static void
free_all (Feed *feed)
{
  Talk *talk = feed->talk;

  feed_free (feed);
  talk_free (talk);
}

static GstFlowReturn
push_at (Feed *feed, const gchar *text, guint64 pts)
{
  return feed_push (feed, text, strlen (text), pts);
}

static void
push (Feed *feed, const gchar *text)
{
  fail_unless_equals_int (
      push_at (feed, text, GST_CLOCK_TIME_NONE), GST_FLOW_OK);
}

/* The agent is speaking, and not done. */
static void
begin_answer (Talk *talk)
{
  peer_begin (talk->peer, "resp_1");
  peer_item (talk->peer, &spot_a, NULL);
  peer_speech (talk->peer, &spot_a, &law_pcm, 0, 48000);
  talk_sync (talk);
}

static void
end_answer (Talk *talk)
{
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
}

static GstBuffer *
new_buffer (const gchar *text, guint64 pts)
{
  GstBuffer *buffer = gst_buffer_new_memdup (text, strlen (text));

  GST_BUFFER_PTS (buffer) = pts;
  return buffer;
}

/* --- lines of a stream of bytes --- */

static const struct {
  const gchar *pieces[6];
  const gchar *lines[4];
} streams[] = {
  { { "One line.\n" }, { "One line." } },
  { { "Cut ", "in th", "ree.\n" }, { "Cut in three." } },
  { { "Gr\xc3", "\xbc\xc3", "\x9f", "e \xe2\x82", "\xac.\n" },
      { "Gr\xc3\xbc\xc3\x9f"
        "e \xe2\x82\xac." } },
  { { "A.\nB.\nC.", "\n" }, { "A.", "B.", "C." } },
  { { "A.\r\nB.\r", "\nC.\r\n" }, { "A.", "B.", "C." } },
  { { "\n\n", "  \t\n\r\nA.\n\n \n", "\n" }, { "A." } },
  { { "A.\nThe last has no end" }, { "A.", "The last has no end" } },
  { { "A.\nB.\n" }, { "A.", "B." } },
  { { "", "A", "", ".\n" }, { "A." } },
};

GST_START_TEST (test_lines)
{
  Feed *feed = new_reader (GST_FORMAT_BYTES);
  guint n = 0;

  for (guint i = 0; streams[__i__].pieces[i]; i++)
    push (feed, streams[__i__].pieces[i]);
  feed_eos (feed);
  for (; streams[__i__].lines[n]; n++)
    feed_assert_text (feed->talk, n, "user", streams[__i__].lines[n]);
  feed_assert_no_more (feed->talk, n);
  fail_unless_equals_int (talk_count_messages (feed->talk, FAILED), 0);
  fail_unless_equals_int (peer_count (feed->talk->peer, CREATE), 0);
  free_all (feed);
}
GST_END_TEST;

/* Every way to cut a text in two gives the same lines. */
GST_START_TEST (test_any_cut)
{
  static const gchar text[] = "\xc3\x84 \xf0\x9f\x9a\x86.\r\n\xe2\x82\xac\n";
  Feed *feed = new_reader (GST_FORMAT_BYTES);
  guint n = strlen (text);

  for (guint cut = 0; cut <= n; cut++) {
    feed_push (feed, text, cut, GST_CLOCK_TIME_NONE);
    feed_push (feed, text + cut, n - cut, GST_CLOCK_TIME_NONE);
    feed_assert_text (
        feed->talk, 2 * cut, "user", "\xc3\x84 \xf0\x9f\x9a\x86.");
    feed_assert_text (feed->talk, 2 * cut + 1, "user", "\xe2\x82\xac");
  }
  feed_assert_no_more (feed->talk, 2 * (n + 1));
  free_all (feed);
}
GST_END_TEST;

/* A line is sent when it ends, not before, and not later. */
GST_START_TEST (test_half_line)
{
  Feed *feed = new_reader (GST_FORMAT_BYTES);

  push (feed, "Whole.\nHalf");
  feed_assert_text (feed->talk, 0, "user", "Whole.");
  feed_assert_no_more (feed->talk, 1);
  push (feed, " a line.\n");
  feed_assert_text (feed->talk, 2, "user", "Half a line.");
  free_all (feed);
}
GST_END_TEST;

/* Other formats are streams of bytes as well. */
GST_START_TEST (test_default_format)
{
  Feed *feed = new_reader (GST_FORMAT_DEFAULT);

  push (feed, "One ");
  push (feed, "line.\n");
  feed_assert_text (feed->talk, 0, "user", "One line.");
  free_all (feed);
}
GST_END_TEST;

/* --- texts of a stream in time --- */

GST_START_TEST (test_timed_texts)
{
  Feed *feed = new_reader (GST_FORMAT_TIME);

  push (feed, "No newline");
  push (feed, "Two\r\nlines");
  push (feed, "");
  push (feed, "One newline\n");
  feed_assert_text (feed->talk, 0, "user", "No newline");
  feed_assert_text (feed->talk, 1, "user", "Two");
  feed_assert_text (feed->talk, 2, "user", "lines");
  feed_assert_text (feed->talk, 3, "user", "One newline");
  feed_assert_no_more (feed->talk, 4);
  free_all (feed);
}
GST_END_TEST;

/* To the nanosecond. */
GST_START_TEST (test_waits_for_its_time)
{
  Feed *feed = new_reader (GST_FORMAT_TIME);
  Talk *talk = feed->talk;

  feed_push_later (feed, new_buffer ("It is time.", 500 * MS));
  talk_run_to (talk, 500 * MS - 1);
  feed_assert_no_more (talk, 0);
  talk_run_to (talk, 500 * MS);
  fail_unless_equals_int (feed_join (feed), GST_FLOW_OK);
  feed_assert_text (talk, 1, "user", "It is time.");
  free_all (feed);
}
GST_END_TEST;

/* The segment says what a timestamp means. */
GST_START_TEST (test_waits_in_its_segment)
{
  Feed *feed = new_reader (GST_FORMAT_TIME);
  Talk *talk = feed->talk;
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = 10 * GST_SECOND;
  segment.base = 100 * MS;
  fail_unless (
      gst_pad_push_event (feed->src, gst_event_new_segment (&segment)));
  feed_push_later (feed, new_buffer ("Now.", 10 * GST_SECOND + 200 * MS));
  talk_run_to (talk, 300 * MS - 1);
  feed_assert_no_more (talk, 0);
  talk_run_to (talk, 300 * MS);
  fail_unless_equals_int (feed_join (feed), GST_FLOW_OK);
  feed_assert_text (talk, 1, "user", "Now.");
  free_all (feed);
}
GST_END_TEST;

/* These do not wait: feed_push() would never return. */
GST_START_TEST (test_does_not_wait)
{
  Feed *feed = new_reader (GST_FORMAT_TIME);
  Talk *talk = feed->talk;

  talk_run_to (talk, 200 * MS);
  fail_unless_equals_int (push_at (feed, "Late.", 100 * MS), GST_FLOW_OK);
  fail_unless_equals_int (push_at (feed, "Just so.", 200 * MS), GST_FLOW_OK);
  push (feed, "Any time.");
  g_object_set (feed->sink, "sync", FALSE, NULL);
  fail_unless_equals_int (push_at (feed, "At once.", 900 * MS), GST_FLOW_OK);
  g_object_set (feed->sink, "sync", TRUE, NULL);
  feed_segment (feed, GST_FORMAT_BYTES);
  fail_unless_equals_int (push_at (feed, "Bytes.\n", 900 * MS), GST_FLOW_OK);
  feed_assert_text (talk, 0, "user", "Late.");
  feed_assert_text (talk, 1, "user", "Just so.");
  feed_assert_text (talk, 2, "user", "Any time.");
  feed_assert_text (talk, 3, "user", "At once.");
  feed_assert_text (talk, 4, "user", "Bytes.");
  free_all (feed);
}
GST_END_TEST;

/* --- what is no text --- */

GST_START_TEST (test_too_long)
{
  Feed *feed = new_reader (GST_FORMAT_BYTES);
  const GstStructure *fields;
  gchar *piece = g_strnfill (64 * 1024, 'x');

  for (guint i = 0; i < 32; i++)
    push (feed, piece);
  fail_unless_equals_int (talk_count_messages (feed->talk, FAILED), 0);
  push (feed, "\nShort.\n");
  fields = talk_message (feed->talk, FAILED, 0);
  fail_unless_equals_string (talk_string (fields, "command"), "send-text");
  fail_unless (strstr (talk_string (fields, "reason"), "too long") != NULL);
  feed_assert_text (feed->talk, 0, "user", "Short.");
  feed_assert_no_more (feed->talk, 1);
  fail_unless_equals_int (talk_count_messages (feed->talk, FAILED), 1);
  g_free (piece);
  free_all (feed);
}
GST_END_TEST;

/* All that may be sent is sent whole. */
GST_START_TEST (test_just_not_too_long)
{
  Feed *feed = new_reader (GST_FORMAT_BYTES);
  gchar *text = g_strnfill (1024 * 1024, 'x');

  push (feed, text);
  push (feed, "\r\n");
  push (feed, text);
  push (feed, "x\n");
  talk_message (feed->talk, FAILED, 0);
  feed_assert_text (feed->talk, 0, "user", text);
  feed_assert_no_more (feed->talk, 1);
  g_free (text);
  free_all (feed);
}
GST_END_TEST;

static const gchar *const no_texts[] = { "\xff\xfe of UTF-16\n",
  "half of \xc3\n", "alone \x80.\n", "\xed\xa0\x80\n", "\xc0\xaf\n" };

GST_START_TEST (test_invalid_utf8)
{
  Feed *feed = new_reader (GST_FORMAT_BYTES);
  const GstStructure *fields;

  push (feed, "Before.\n");
  push (feed, no_texts[__i__]);
  push (feed, "After.\n");
  feed_assert_text (feed->talk, 0, "user", "Before.");
  feed_assert_text (feed->talk, 1, "user", "After.");
  feed_assert_no_more (feed->talk, 2);
  fields = talk_message (feed->talk, FAILED, 0);
  fail_unless_equals_string (talk_string (fields, "command"), "send-text");
  fail_unless (strstr (talk_string (fields, "reason"), "UTF-8") != NULL);
  fail_unless_equals_int (talk_count_messages (feed->talk, FAILED), 1);
  free_all (feed);
}
GST_END_TEST;

/* More than can wait: what goes is the oldest, what does not is counted. */
GST_START_TEST (test_flood)
{
  Talk *talk = talk_new ();
  guint n = 700, sent, failed;
  Feed *feed;

  peer_hold_updated (talk->peer, TRUE);
  talk_play_unconnected (talk, &law_pcm, 0);
  feed = open_text (talk, GST_FORMAT_BYTES);
  g_object_set (feed->sink, "respond", FALSE, NULL);
  for (guint i = 0; i < n; i++) {
    gchar *text = g_strdup_printf ("Line %u.\n", i);

    push (feed, text);
    g_free (text);
  }
  failed = talk_count_messages (talk, FAILED);
  fail_unless (failed > 0 && failed < n);
  sent = n - failed;
  peer_hold_updated (talk->peer, FALSE);
  peer_event (talk->peer, ITEM, sent - 1);
  feed_assert_text (talk, 0, "user", "Line 0.");
  feed_assert_no_more (talk, sent);
  fail_unless_equals_int (talk_count_messages (talk, FAILED), failed);
  free_all (feed);
}
GST_END_TEST;

/* Each waits for an answer, and the agent is busy. */
GST_START_TEST (test_flood_of_cues)
{
  Talk *talk = talk_new_playing ();
  Feed *feed = open_text (talk, GST_FORMAT_BYTES);
  guint n = 600, waiting;

  gst_util_set_object_arg (G_OBJECT (feed->sink), "role", "system");
  begin_answer (talk);
  for (guint i = 0; i < n; i++) {
    push (feed, "A cue.\n");
    if (i % 100 == 99)
      talk_sync (talk);
  }
  feed_assert_no_more (talk, 0);
  talk_sync (talk);
  waiting = n - talk_count_messages (talk, FAILED);
  fail_unless (waiting > 0 && waiting < n);
  end_answer (talk);
  for (guint i = 0; i < waiting; i++)
    feed_answer (talk, i);
  feed_assert_no_more (talk, waiting + 1);
  fail_unless_equals_int (peer_count (talk->peer, CREATE), waiting);
  free_all (feed);
}
GST_END_TEST;

/* --- flushes --- */

GST_START_TEST (test_flush_drops_half_a_line)
{
  Feed *feed = new_reader (GST_FORMAT_BYTES);

  push (feed, "Never mind");
  feed_flush (feed);
  feed_segment (feed, GST_FORMAT_BYTES);
  push (feed, "A new line.\n");
  feed_assert_text (feed->talk, 0, "user", "A new line.");
  feed_assert_no_more (feed->talk, 1);
  free_all (feed);
}
GST_END_TEST;

GST_START_TEST (test_flush_ends_the_wait)
{
  Feed *feed = new_reader (GST_FORMAT_TIME);
  Talk *talk = feed->talk;

  feed_push_later (feed, new_buffer ("Never.", 500 * MS));
  fail_unless (gst_pad_push_event (feed->src, gst_event_new_flush_start ()));
  fail_unless_equals_int (feed_join (feed), GST_FLOW_FLUSHING);
  fail_unless (gst_pad_push_event (feed->src, gst_event_new_flush_stop (TRUE)));
  feed_segment (feed, GST_FORMAT_TIME);
  talk_run_to (talk, 600 * MS);
  push (feed, "Go on.");
  feed_assert_text (talk, 0, "user", "Go on.");
  feed_assert_no_more (talk, 1);
  free_all (feed);
}
GST_END_TEST;

/* --- whose, and when --- */

GST_START_TEST (test_properties)
{
  Talk *talk = talk_new ();
  Feed *feed;
  gboolean respond, sync;
  gint role, interrupt, priority;
  guint64 expires;

  feed = open_text (talk, GST_FORMAT_BYTES);
  g_object_get (feed->sink, "respond", &respond, "sync", &sync, "role", &role,
      "interrupt", &interrupt, "priority", &priority, "expires", &expires,
      NULL);
  fail_unless (respond && sync);
  fail_unless_equals_int (role, 0);
  fail_unless_equals_int (interrupt, 0);
  fail_unless_equals_int (priority, 0);
  fail_unless_equals_uint64 (expires, 0);

  talk_play (talk, &law_pcm);
  feed_segment (feed, GST_FORMAT_BYTES);
  push (feed, "Of the user.\n");
  feed_assert_text (talk, 0, "user", "Of the user.");
  feed_answer (talk, 0);
  gst_util_set_object_arg (G_OBJECT (feed->sink), "role", "system");
  push (feed, "Of a system.\n");
  feed_assert_text (talk, 1, "system", "Of a system.");
  feed_answer (talk, 1);
  g_object_set (feed->sink, "respond", FALSE, NULL);
  push (feed, "Just to know.\n");
  feed_assert_text (talk, 2, "system", "Just to know.");
  feed_assert_no_more (talk, 3);
  fail_unless_equals_int (peer_count (talk->peer, CREATE), 2);
  free_all (feed);
}
GST_END_TEST;

/* A text with the meta's fields of @fields. */
static void
push_meta (Feed *feed, const gchar *text, const gchar *fields)
{
  GstBuffer *buffer = new_buffer (text, GST_CLOCK_TIME_NONE);
  GstCustomMeta *meta = gst_buffer_add_custom_meta (buffer, "GstRealtime2Meta");
  GstStructure *from = gst_structure_from_string (fields, NULL);

  fail_unless (meta != NULL && from != NULL);
  for (gint i = 0; i < gst_structure_n_fields (from); i++) {
    const gchar *name = gst_structure_nth_field_name (from, i);

    gst_structure_set_value (gst_custom_meta_get_structure (meta), name,
        gst_structure_get_value (from, name));
  }
  gst_structure_free (from);
  fail_unless_equals_int (gst_pad_push (feed->src, buffer), GST_FLOW_OK);
}

GST_START_TEST (test_meta_role)
{
  Feed *feed = new_reader (GST_FORMAT_TIME);

  push_meta (feed, "A cue.", "x,role=system");
  push_meta (feed, "Said before.", "x,role=assistant");
  push_meta (feed, "By nobody.", "x,role=nobody");
  push (feed, "By the user.");
  feed_assert_text (feed->talk, 0, "system", "A cue.");
  feed_assert_text (feed->talk, 1, "assistant", "Said before.");
  feed_assert_text (feed->talk, 2, "user", "By the user.");
  fail_unless (
      strstr (
          talk_string (talk_message (feed->talk, FAILED, 0), "reason"), "role")
      != NULL);
  fail_unless_equals_int (peer_count (feed->talk->peer, CREATE), 0);
  free_all (feed);
}
GST_END_TEST;

/* What another agent says is said to this one, whoever it was there. */
GST_START_TEST (test_meta_of_another_agent)
{
  Feed *feed = new_reader (GST_FORMAT_TIME);

  push_meta (feed, "Hello.", "x,role=assistant,item-id=item_a");
  feed_assert_text (feed->talk, 0, "user", "Hello.");
  free_all (feed);
}
GST_END_TEST;

/* Over what the property says, in both directions. */
GST_START_TEST (test_meta_respond)
{
  Feed *feed = new_reader (GST_FORMAT_TIME);
  Talk *talk = feed->talk;

  push_meta (feed, "Answer.", "x,respond=true");
  feed_answer (talk, 0);
  g_object_set (feed->sink, "respond", TRUE, NULL);
  push_meta (feed, "Do not.", "x,respond=false");
  feed_assert_no_more (talk, 2);
  fail_unless_equals_int (peer_count (talk->peer, CREATE), 1);
  free_all (feed);
}
GST_END_TEST;

/* Text, property `interrupt`, meta, and whether it cuts the agent off. */
static const struct {
  const gchar *role, *interrupt, *meta;
  gboolean cuts;
} interruptions[] = {
  { "user", "auto", "x", TRUE },
  { "user", "no", "x", FALSE },
  { "system", "auto", "x", FALSE },
  { "system", "yes", "x", TRUE },
  { "user", "auto", "x,interrupt=false", FALSE },
  { "system", "no", "x,interrupt=true", TRUE },
  { "user", "auto", "x,role=system", FALSE },
};

GST_START_TEST (test_interrupt)
{
  Talk *talk = talk_new_playing ();
  Feed *feed = open_text (talk, GST_FORMAT_TIME);

  gst_util_set_object_arg (
      G_OBJECT (feed->sink), "role", interruptions[__i__].role);
  gst_util_set_object_arg (
      G_OBJECT (feed->sink), "interrupt", interruptions[__i__].interrupt);
  begin_answer (talk);
  talk_run_to (talk, 200 * MS);
  push_meta (feed, "Stop.", interruptions[__i__].meta);
  if (interruptions[__i__].cuts) {
    peer_event (talk->peer, CANCEL, 0);
    talk_message (talk, "interrupted", 0);
    peer_end (talk->peer, "resp_1", "cancelled");
  } else {
    talk_sync_up (talk);
    talk_sync (talk);
    fail_unless_equals_int (peer_count (talk->peer, ITEM), 0);
    end_answer (talk);
  }
  feed_answer (talk, 0);
  fail_unless_equals_int (
      peer_count (talk->peer, CANCEL), interruptions[__i__].cuts);
  fail_unless (
      peer_place (talk->peer, ITEM, 0) < peer_place (talk->peer, CREATE, 0));
  if (interruptions[__i__].cuts)
    fail_unless (
        peer_place (talk->peer, CANCEL, 0) < peer_place (talk->peer, ITEM, 0));
  free_all (feed);
}
GST_END_TEST;

/* Of those that wait the most urgent goes first, among equals the oldest; each
 * is sent right before its answer. */
GST_START_TEST (test_priority)
{
  static const gchar *const order[] = { "C", "E", "A", "D", "B" };
  Talk *talk = talk_new_playing ();
  Feed *feed = open_text (talk, GST_FORMAT_TIME);

  gst_util_set_object_arg (G_OBJECT (feed->sink), "role", "system");
  begin_answer (talk);
  push (feed, "A");
  push_meta (feed, "B", "x,priority=-1");
  push_meta (feed, "C", "x,priority=7");
  push (feed, "D");
  g_object_set (feed->sink, "priority", 7, NULL);
  push (feed, "E");
  feed_assert_no_more (talk, 0);
  end_answer (talk);
  for (guint i = 0; i < G_N_ELEMENTS (order); i++) {
    feed_answer (talk, i);
    feed_assert_text (talk, i + 1, "system", order[i]);
    fail_unless (peer_place (talk->peer, ITEM, i + 1) + 1
        == peer_place (talk->peer, CREATE, i));
  }
  free_all (feed);
}
GST_END_TEST;

GST_START_TEST (test_expires)
{
  static const gchar *const late[] = { "Late by meta.", "Late by property." };
  Talk *talk = talk_new_playing ();
  Feed *feed = open_text (talk, GST_FORMAT_TIME);
  const GstStructure *fields;

  gst_util_set_object_arg (G_OBJECT (feed->sink), "role", "system");
  begin_answer (talk);
  push_meta (feed, late[0], "x,expires=(guint64)20000000");
  g_object_set (feed->sink, "expires", 20 * MS, NULL);
  push (feed, late[1]);
  push_meta (feed, "Never late.", "x,expires=(guint64)0");
  push_meta (feed, "In time.", "x,expires=(guint64)3600000000000");
  for (guint i = 0; i < 2; i++) {
    fields = talk_message (talk, FAILED, i);
    fail_unless_equals_string (talk_string (fields, "command"), "send-text");
    fail_unless_equals_string (talk_string (fields, "text"), late[i]);
    fail_unless (strstr (talk_string (fields, "reason"), "expired") != NULL);
  }
  end_answer (talk);
  feed_answer (talk, 0);
  feed_answer (talk, 1);
  feed_assert_text (talk, 0, "system", "Never late.");
  feed_assert_text (talk, 1, "system", "In time.");
  feed_assert_no_more (talk, 2);
  fail_unless_equals_int (peer_count (talk->peer, CREATE), 2);
  fail_unless_equals_int (talk_count_messages (talk, FAILED), 2);
  free_all (feed);
}
GST_END_TEST;

/* The way there took too long, whether it is to be answered or not. */
GST_START_TEST (test_expires_while_connecting)
{
  Talk *talk = talk_new ();
  Feed *feed;

  peer_hold_updated (talk->peer, TRUE);
  talk_play_unconnected (talk, &law_pcm, 0);
  feed = open_text (talk, GST_FORMAT_TIME);
  push_meta (feed, "Late.", "x,expires=(guint64)1");
  push_meta (feed, "Late as well.", "x,expires=(guint64)1,respond=false");
  push_meta (feed, "Still true.", "x,respond=false");
  peer_hold_updated (talk->peer, FALSE);
  talk_message (talk, FAILED, 1);
  feed_assert_text (talk, 0, "user", "Still true.");
  feed_assert_no_more (talk, 1);
  fail_unless_equals_int (peer_count (talk->peer, CREATE), 0);
  free_all (feed);
}
GST_END_TEST;

/* A cue that waits when the connection is lost goes on waiting, and goes to the
 * next. */
GST_START_TEST (test_reconnect)
{
  Talk *talk = talk_new_playing ();
  Feed *feed = open_text (talk, GST_FORMAT_TIME);

  gst_util_set_object_arg (G_OBJECT (feed->sink), "role", "system");
  begin_answer (talk);
  push (feed, "Of the old one.");
  feed_assert_no_more (talk, 0);
  peer_drop (talk->peer);
  talk_message (talk, "session-restored", 0);
  /* First it is told what was said. */
  feed_assert_text (talk, 3, "system", "Of the old one.");
  feed_answer (talk, 0);
  push (feed, "Of the new one.");
  feed_assert_text (talk, 4, "system", "Of the new one.");
  fail_unless_equals_int (talk_count_messages (talk, FAILED), 0);
  free_all (feed);
}
GST_END_TEST;

/* The same fields, in an event. */
GST_START_TEST (test_event)
{
  Talk *talk = talk_new_playing ();
  Feed *feed = open_text (talk, GST_FORMAT_TIME);
  GstEvent *event = gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
      gst_structure_new ("realtime2/send-text", "role", G_TYPE_STRING, "system",
          "text", G_TYPE_STRING, "By event.", "respond", G_TYPE_BOOLEAN, FALSE,
          NULL));

  fail_unless (gst_pad_push_event (feed->src, event));
  push (feed, "By buffer.");
  feed_assert_text (talk, 0, "system", "By event.");
  feed_answer (talk, 0);
  feed_assert_text (talk, 1, "user", "By buffer.");
  fail_unless_equals_int (peer_count (talk->peer, CREATE), 1);
  free_all (feed);
}
GST_END_TEST;

/* --- the pad --- */

GST_START_TEST (test_one_only)
{
  Feed *feed = new_reader (GST_FORMAT_BYTES);
  Talk *talk = feed->talk;
  GstPadTemplate *templ = gst_element_get_pad_template (
      talk->element, "text_sink");

  fail_unless (
      gst_element_request_pad (talk->element, templ, NULL, NULL) == NULL);
  push (feed, "Half a");
  feed_free (feed);
  feed = open_text (talk, GST_FORMAT_BYTES);
  g_object_set (feed->sink, "respond", FALSE, NULL);
  push (feed, "Another pad.\n");
  feed_assert_text (talk, 0, "user", "Another pad.");
  free_all (feed);
}
GST_END_TEST;

static gpointer
push_for_ever (gpointer data)
{
  Feed *feed = data;
  GstFlowReturn ret;

  do
    ret = feed_push (feed, "More.\n", 6, GST_CLOCK_TIME_NONE);
  while (ret == GST_FLOW_OK);
  return GINT_TO_POINTER (ret);
}

GST_START_TEST (test_release_while_pushing)
{
  Feed *feed = new_reader (GST_FORMAT_BYTES);
  Talk *talk = feed->talk;
  GThread *thread = g_thread_new ("push", push_for_ever, feed);
  GstFlowReturn ret;

  peer_event (talk->peer, ITEM, 10);
  feed_release (feed);
  ret = GPOINTER_TO_INT (g_thread_join (thread));
  fail_unless (ret == GST_FLOW_FLUSHING || ret == GST_FLOW_NOT_LINKED);
  talk_run_to (talk, 100 * MS);
  talk_assert_stream (talk, 480, 0);
  free_all (feed);
}
GST_END_TEST;

GST_START_TEST (test_release_while_waiting)
{
  Feed *feed = new_reader (GST_FORMAT_TIME);

  feed_push_later (feed, new_buffer ("Never.", 500 * MS));
  feed_release (feed);
  fail_unless_equals_int (feed_join (feed), GST_FLOW_FLUSHING);
  talk_run_to (feed->talk, 600 * MS);
  feed_assert_no_more (feed->talk, 0);
  free_all (feed);
}
GST_END_TEST;

/* The wait ends with the state, too. */
GST_START_TEST (test_stop_while_waiting)
{
  Feed *feed = new_reader (GST_FORMAT_TIME);

  feed_push_later (feed, new_buffer ("Never.", 500 * MS));
  fail_unless_equals_int (
      gst_element_set_state (feed->talk->element, GST_STATE_READY),
      GST_STATE_CHANGE_SUCCESS);
  fail_unless_equals_int (feed_join (feed), GST_FLOW_FLUSHING);
  free_all (feed);
}
GST_END_TEST;

static Suite *
textsink_suite (void)
{
  Suite *suite = suite_create ("textsink");
  TCase *lines = tcase_create ("lines");
  TCase *turns = tcase_create ("turns");
  TCase *pad = tcase_create ("pad");

  suite_add_tcase (suite, lines);
  tcase_add_loop_test (lines, test_lines, 0, G_N_ELEMENTS (streams));
  tcase_add_test (lines, test_any_cut);
  tcase_add_test (lines, test_half_line);
  tcase_add_test (lines, test_default_format);
  tcase_add_test (lines, test_timed_texts);
  tcase_add_test (lines, test_waits_for_its_time);
  tcase_add_test (lines, test_waits_in_its_segment);
  tcase_add_test (lines, test_does_not_wait);
  tcase_add_test (lines, test_too_long);
  tcase_add_test (lines, test_just_not_too_long);
  tcase_add_loop_test (lines, test_invalid_utf8, 0, G_N_ELEMENTS (no_texts));
  tcase_add_test (lines, test_flood);
  tcase_add_test (lines, test_flood_of_cues);
  tcase_add_test (lines, test_flush_drops_half_a_line);
  tcase_add_test (lines, test_flush_ends_the_wait);

  suite_add_tcase (suite, turns);
  tcase_add_test (turns, test_properties);
  tcase_add_test (turns, test_meta_role);
  tcase_add_test (turns, test_meta_of_another_agent);
  tcase_add_test (turns, test_meta_respond);
  tcase_add_loop_test (turns, test_interrupt, 0, G_N_ELEMENTS (interruptions));
  tcase_add_test (turns, test_priority);
  tcase_add_test (turns, test_expires);
  tcase_add_test (turns, test_expires_while_connecting);
  tcase_add_test (turns, test_reconnect);
  tcase_add_test (turns, test_event);

  suite_add_tcase (suite, pad);
  tcase_add_test (pad, test_one_only);
  tcase_add_test (pad, test_release_while_pushing);
  tcase_add_test (pad, test_release_while_waiting);
  tcase_add_test (pad, test_stop_while_waiting);
  return suite;
}

GST_CHECK_MAIN (textsink);
