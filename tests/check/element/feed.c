/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A src pad of the test's own.
 */
#include "feed.h"

#define ITEM "conversation.item.create"
#define CREATE "response.create"

void
feed_segment (Feed *feed, GstFormat format)
{
  GstSegment segment;

  gst_segment_init (&segment, format);
  fail_unless (
      gst_pad_push_event (feed->src, gst_event_new_segment (&segment)));
}

void
feed_caps (Feed *feed, const gchar *caps)
{
  GstCaps *taken = gst_caps_from_string (caps);

  fail_unless (gst_pad_push_event (feed->src, gst_event_new_caps (taken)));
  gst_caps_unref (taken);
}

Feed *
feed_new (Talk *talk, const gchar *name, const gchar *caps, GstFormat format)
{
  Feed *feed = g_new0 (Feed, 1);

  feed->talk = talk;
  feed->sink = gst_element_request_pad_simple (talk->element, name);
  fail_unless (feed->sink != NULL, "no %s", name);
  feed->src = gst_pad_new ("src", GST_PAD_SRC);
  gst_object_ref_sink (feed->src);
  fail_unless_equals_int (
      gst_pad_link (feed->src, feed->sink), GST_PAD_LINK_OK);
  gst_pad_set_active (feed->src, TRUE);
  fail_unless (
      gst_pad_push_event (feed->src, gst_event_new_stream_start ("feed")));
  if (caps)
    feed_caps (feed, caps);
  feed_segment (feed, format);
  return feed;
}

void
feed_release (Feed *feed)
{
  gst_element_release_request_pad (feed->talk->element, feed->sink);
  gst_clear_object (&feed->sink);
}

void
feed_free (Feed *feed)
{
  fail_unless (feed->thread == NULL);
  if (feed->sink)
    feed_release (feed);
  gst_pad_set_active (feed->src, FALSE);
  gst_object_unref (feed->src);
  g_free (feed);
}

void
feed_flush (Feed *feed)
{
  fail_unless (gst_pad_push_event (feed->src, gst_event_new_flush_start ()));
  fail_unless (gst_pad_push_event (feed->src, gst_event_new_flush_stop (TRUE)));
}

void
feed_eos (Feed *feed)
{
  fail_unless (gst_pad_push_event (feed->src, gst_event_new_eos ()));
}

GstFlowReturn
feed_push (Feed *feed, gconstpointer data, gsize size, guint64 pts)
{
  GstBuffer *buffer = size > 0 ? gst_buffer_new_memdup (data, size)
                               : gst_buffer_new ();

  GST_BUFFER_PTS (buffer) = pts;
  return gst_pad_push (feed->src, buffer);
}

static gpointer
run_push (gpointer data)
{
  Feed *feed = data;
  GstFlowReturn ret = gst_pad_push (feed->src, feed->later);

  talk_add_pusher (feed->talk, -1);
  return GINT_TO_POINTER (ret);
}

void
feed_push_later (Feed *feed, GstBuffer *buffer)
{
  feed->later = buffer;
  talk_add_pusher (feed->talk, 1);
  feed->thread = g_thread_new ("feed", run_push, feed);
  talk_settle (feed->talk);
}

GstFlowReturn
feed_join (Feed *feed)
{
  GstFlowReturn ret = GPOINTER_TO_INT (g_thread_join (feed->thread));

  feed->thread = NULL;
  return ret;
}

/* --- messages --- */

JsonObject *
feed_message (Talk *talk, guint i)
{
  return json_object_get_object_member (
      peer_event (talk->peer, ITEM, i), "item");
}

void
feed_assert_text (Talk *talk, guint i, const gchar *role, const gchar *text)
{
  JsonObject *item = feed_message (talk, i);
  JsonArray *content = json_object_get_array_member (item, "content");
  JsonObject *part = json_array_get_object_element (content, 0);

  fail_unless_equals_int (json_array_get_length (content), 1);
  fail_unless_equals_string (
      json_object_get_string_member (item, "type"), "message");
  fail_unless_equals_string (
      json_object_get_string_member (item, "role"), role);
  fail_unless_equals_string (json_object_get_string_member (part, "type"),
      g_str_equal (role, "assistant") ? "output_text" : "input_text");
  fail_unless_equals_string (
      json_object_get_string_member (part, "text"), text);
}

void
feed_assert_no_more (Talk *talk, guint i)
{
  gboolean taken = FALSE;

  g_signal_emit_by_name (
      talk->element, "send-text", "assistant", "That was all.", &taken);
  fail_unless (taken);
  peer_event (talk->peer, ITEM, i);
  fail_unless_equals_string (
      json_object_get_string_member (feed_message (talk, i), "role"),
      "assistant");
}

void
feed_answer (Talk *talk, guint i)
{
  gchar *id = g_strdup_printf ("resp_n%u", i);

  peer_event (talk->peer, CREATE, i);
  peer_begin (talk->peer, id);
  peer_end (talk->peer, id, "completed");
  talk_sync (talk);
  g_free (id);
}
