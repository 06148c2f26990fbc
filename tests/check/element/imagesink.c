/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * image_sink and send-image: which pictures are sent, when, and how long they
 * stay in the conversation.
 */
#include <malloc.h>
#include <string.h>

#include "feed.h"

#define ITEM "conversation.item.create"
#define DELETE "conversation.item.delete"
#define COMMIT "input_audio_buffer.commit"
#define FAILED "command-failed"
#define HOUR (3600 * GST_SECOND)

/* --- pictures: nobody here looks further than at the first bytes --- */

#define JPEG "\xff\xd8\xff"
#define PNG "\x89PNG\r\n\x1a\n"

/* Picture number @number, @size bytes. */
static GByteArray *
make_picture (const gchar *magic, guint number, gsize size)
{
  GByteArray *picture = g_byte_array_new ();
  gsize head;

  g_byte_array_append (picture, (const guint8 *) magic, strlen (magic));
  g_byte_array_append (picture, (const guint8 *) &number, sizeof number);
  head = picture->len;
  g_byte_array_set_size (picture, size);
  if (size > head)
    memset (picture->data + head, 'x', size - head);
  return picture;
}

/* Its data URI. */
static gchar *
make_uri (const gchar *magic, guint number, gsize size)
{
  GByteArray *picture = make_picture (magic, number, size);
  gchar *base64 = g_base64_encode (picture->data, picture->len);
  gchar *uri = g_strconcat (
      "data:image/", *magic == *PNG ? "png" : "jpeg", ";base64,", base64, NULL);

  g_free (base64);
  g_byte_array_unref (picture);
  return uri;
}

/* --- helpers --- */

static Feed *
new_showing_on (Talk *talk, const gchar *mode)
{
  Feed *feed = feed_new (talk, "image_sink", "image/jpeg", GST_FORMAT_TIME);

  gst_util_set_object_arg (G_OBJECT (talk->element), "image-mode", mode);
  return feed;
}

static Feed *
new_showing (const gchar *mode)
{
  return new_showing_on (talk_new_playing (), mode);
}

/* A turn is what is committed. */
static Feed *
new_manual (const gchar *mode)
{
  Talk *talk = talk_new ();

  gst_util_set_object_arg (G_OBJECT (talk->element), "turn-detection", "none");
  talk_play (talk, &law_pcm);
  return new_showing_on (talk, mode);
}

static void
free_all (Feed *feed)
{
  Talk *talk = feed->talk;

  feed_free (feed);
  talk_free (talk);
}

static void
push_sized (Feed *feed, const gchar *magic, guint number, gsize size)
{
  GByteArray *picture = make_picture (magic, number, size);

  fail_unless_equals_int (
      feed_push (feed, picture->data, picture->len, GST_CLOCK_TIME_NONE),
      GST_FLOW_OK);
  g_byte_array_unref (picture);
}

static void
push (Feed *feed, guint number)
{
  push_sized (feed, JPEG, number, 100);
}

/* Asks for the newest picture. */
static gboolean
show (Talk *talk)
{
  gboolean taken = FALSE;

  g_signal_emit_by_name (talk->element, "send-image", NULL, NULL, &taken);
  return taken;
}

static JsonObject *
part_of (Talk *talk, guint i)
{
  JsonObject *item = json_object_get_object_member (
      peer_event (talk->peer, ITEM, i), "item");

  return json_array_get_object_element (
      json_object_get_array_member (item, "content"), 0);
}

static const gchar *
id_of (Talk *talk, guint i)
{
  return json_object_get_string_member (
      json_object_get_object_member (peer_event (talk->peer, ITEM, i), "item"),
      "id");
}

/* Item number @i shows this picture. */
static void
assert_sized (Talk *talk, guint i, const gchar *magic, guint number, gsize size)
{
  JsonObject *part = part_of (talk, i);
  gchar *uri = make_uri (magic, number, size);

  fail_unless_equals_string (
      json_object_get_string_member (part, "type"), "input_image");
  fail_unless_equals_string (
      json_object_get_string_member (part, "image_url"), uri);
  g_free (uri);
}

static void
assert_picture (Talk *talk, guint i, guint number)
{
  assert_sized (talk, i, JPEG, number, 100);
}

/* What was to be sent by now is: a text that goes the same way, and takes no
 * turn, is item number @i. */
static void
assert_no_more (Talk *talk, guint i)
{
  gboolean taken = FALSE;

  g_signal_emit_by_name (
      talk->element, "send-text", "assistant", "That was all.", &taken);
  fail_unless (taken);
  fail_unless_equals_string (
      json_object_get_string_member (part_of (talk, i), "text"),
      "That was all.");
}

static const gchar *
warning_text (Talk *talk, guint i)
{
  GError *error;
  const gchar *text;

  gst_message_parse_warning (
      talk_message_of (talk, GST_MESSAGE_WARNING, i), &error, NULL);
  text = g_intern_string (error->message);
  g_error_free (error);
  return text;
}

/* --- on demand --- */

GST_START_TEST (test_demand)
{
  Feed *feed = new_showing ("demand");
  Talk *talk = feed->talk;

  fail_if (show (talk));
  for (guint i = 0; i < 5; i++)
    push (feed, i);
  peer_user_starts (talk->peer, "item_u", 0);
  peer_user_stops (talk->peer, "item_u", 100);
  peer_committed (talk->peer, "item_u");
  talk_sync (talk);
  assert_no_more (talk, 0);
  fail_unless (show (talk));
  assert_picture (talk, 1, 4);
  push (feed, 5);
  fail_unless (show (talk));
  assert_picture (talk, 2, 5);
  assert_no_more (talk, 3);
  fail_unless_equals_int (peer_count (talk->peer, "response.create"), 0);
  free_all (feed);
}
GST_END_TEST;

/* A picture that the agent has before it is not sent again; one that was
 * another's successor is. */
GST_START_TEST (test_unchanged)
{
  Feed *feed = new_showing ("demand");
  Talk *talk = feed->talk;

  push (feed, 1);
  fail_unless (show (talk));
  fail_if (show (talk));
  push (feed, 1);
  fail_if (show (talk));
  push (feed, 2);
  push (feed, 1);
  fail_if (show (talk));
  push (feed, 2);
  fail_unless (show (talk));
  push (feed, 1);
  fail_unless (show (talk));
  for (guint i = 0; i < 3; i++)
    assert_picture (talk, i, i == 1 ? 2 : 1);
  assert_no_more (talk, 3);
  free_all (feed);
}
GST_END_TEST;

/* By events: upstream into src, downstream into any sink pad. */
GST_START_TEST (test_events)
{
  Feed *feed = new_showing ("demand");
  Talk *talk = feed->talk;

  push (feed, 1);
  fail_unless (gst_harness_push_upstream_event (talk->harness,
      gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM,
          gst_structure_new_empty ("realtime2/send-image"))));
  assert_picture (talk, 0, 1);
  push (feed, 2);
  fail_unless (gst_pad_push_event (feed->src,
      gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
          gst_structure_new_empty ("realtime2/send-image"))));
  assert_picture (talk, 1, 2);
  push (feed, 3);
  fail_unless (gst_harness_push_event (talk->harness,
      gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
          gst_structure_new_empty ("realtime2/send-image"))));
  assert_picture (talk, 2, 3);
  assert_no_more (talk, 3);
  free_all (feed);
}
GST_END_TEST;

/* A picture of the application's own, each time it is asked for. */
GST_START_TEST (test_given_picture)
{
  Talk *talk = talk_new_playing ();
  GByteArray *picture = make_picture (PNG, 7, 100);
  GBytes *bytes = g_byte_array_free_to_bytes (picture);
  gboolean taken;

  for (guint i = 0; i < 2; i++) {
    taken = FALSE;
    g_signal_emit_by_name (
        talk->element, "send-image", bytes, "image/png", &taken);
    fail_unless (taken);
    assert_sized (talk, i, PNG, 7, 100);
  }
  g_signal_emit_by_name (
      talk->element, "send-image", bytes, "image/jpeg", &taken);
  fail_if (taken);
  talk_message (talk, FAILED, 0);
  g_object_set (talk->element, "image-max-size", 1024, NULL);
  g_bytes_unref (bytes);
  bytes = g_byte_array_free_to_bytes (make_picture (PNG, 7, 1025));
  g_signal_emit_by_name (
      talk->element, "send-image", bytes, "image/png", &taken);
  fail_if (taken);
  fail_unless (strstr (talk_string (talk_message (talk, FAILED, 1), "reason"),
                   "image-max-size")
      != NULL);
  g_bytes_unref (bytes);
  assert_no_more (talk, 2);
  talk_free (talk);
}
GST_END_TEST;

static const gchar *const details[] = { "auto", "low", "high" };

GST_START_TEST (test_detail)
{
  Feed *feed = new_showing ("demand");
  Talk *talk = feed->talk;

  gst_util_set_object_arg (
      G_OBJECT (talk->element), "image-detail", details[__i__]);
  push (feed, 1);
  fail_unless (show (talk));
  fail_unless_equals_string (
      json_object_get_string_member (part_of (talk, 0), "detail"),
      details[__i__]);
  free_all (feed);
}
GST_END_TEST;

/* --- at each turn --- */

GST_START_TEST (test_turns_of_the_server)
{
  Feed *feed = new_showing ("turn");
  Talk *talk = feed->talk;

  for (guint i = 0; i < 3; i++) {
    gchar *item = g_strdup_printf ("item_u%u", i);

    push (feed, 10 * i);
    push (feed, 10 * i + 1);
    peer_user_starts (talk->peer, item, 1000 * i);
    assert_picture (talk, i, 10 * i + 1);
    push (feed, 10 * i + 2);
    peer_user_stops (talk->peer, item, 1000 * i + 500);
    peer_committed (talk->peer, item);
    talk_sync (talk);
    g_free (item);
  }
  assert_no_more (talk, 3);
  free_all (feed);
}
GST_END_TEST;

/* How the user's turn ends: all audio, the picture, the commit. */
typedef void (*EndTurn) (Talk *talk);

static void
end_by_action (Talk *talk)
{
  gboolean taken = FALSE;

  g_signal_emit_by_name (talk->element, "commit-input", &taken);
  fail_unless (taken);
}

static void
end_by_event (Talk *talk)
{
  fail_unless (gst_harness_push_event (talk->harness,
      gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
          gst_structure_new_empty ("realtime2/commit-input"))));
}

static void
end_by_eos (Talk *talk)
{
  fail_unless (gst_harness_push_event (talk->harness, gst_event_new_eos ()));
}

static const EndTurn ends[] = { end_by_action, end_by_event, end_by_eos };

GST_START_TEST (test_turns_of_ours)
{
  Feed *feed = new_manual ("turn");
  Talk *talk = feed->talk;
  guint appends;

  push (feed, 1);
  talk_speak (talk, &law_pcm, 4810);
  push (feed, 2);
  ends[__i__](talk);
  peer_event (talk->peer, COMMIT, 0);
  assert_picture (talk, 0, 2);
  fail_unless (
      peer_place (talk->peer, ITEM, 0) < peer_place (talk->peer, COMMIT, 0));
  appends = peer_count (talk->peer, "input_audio_buffer.append");
  fail_unless (peer_place (talk->peer, "input_audio_buffer.append", appends - 1)
      < peer_place (talk->peer, COMMIT, 0));
  fail_unless_equals_int (peer_count (talk->peer, ITEM), 1);
  free_all (feed);
}
GST_END_TEST;

/* Who writes takes a turn as well; a system does not. */
GST_START_TEST (test_written_turns)
{
  Feed *feed = new_showing ("turn");
  Talk *talk = feed->talk;
  gboolean taken;

  push (feed, 1);
  g_signal_emit_by_name (talk->element, "send-text", "system", "A.", &taken);
  peer_event (talk->peer, "response.create", 0);
  peer_begin (talk->peer, "resp_1");
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  g_signal_emit_by_name (talk->element, "send-text", "user", "B.", &taken);
  fail_unless_equals_string (
      json_object_get_string_member (part_of (talk, 0), "text"), "A.");
  assert_picture (talk, 1, 1);
  fail_unless_equals_string (
      json_object_get_string_member (part_of (talk, 2), "text"), "B.");
  free_all (feed);
}
GST_END_TEST;

GST_START_TEST (test_mode_in_playing)
{
  Feed *feed = new_manual ("demand");
  Talk *talk = feed->talk;

  push (feed, 1);
  talk_speak (talk, &law_pcm, 4810);
  gst_util_set_object_arg (G_OBJECT (talk->element), "image-mode", "interval");
  push (feed, 2);
  assert_picture (talk, 0, 2);
  gst_util_set_object_arg (G_OBJECT (talk->element), "image-mode", "turn");
  push (feed, 3);
  assert_no_more (talk, 1);
  end_by_action (talk);
  assert_picture (talk, 2, 3);
  free_all (feed);
}
GST_END_TEST;

/* --- from time to time --- */

GST_START_TEST (test_interval)
{
  Feed *feed = new_showing ("demand");
  Talk *talk = feed->talk;

  g_object_set (talk->element, "image-interval", HOUR, NULL);
  gst_util_set_object_arg (G_OBJECT (talk->element), "image-mode", "interval");
  for (guint i = 0; i < 50; i++)
    push (feed, i);
  assert_picture (talk, 0, 0);
  assert_no_more (talk, 1);
  g_object_set (talk->element, "image-interval", (guint64) 0, NULL);
  push (feed, 50);
  assert_picture (talk, 2, 50);
  push (feed, 50);
  push (feed, 51);
  assert_picture (talk, 3, 51);
  assert_no_more (talk, 4);
  free_all (feed);
}
GST_END_TEST;

/* Not sooner than that: by the clock of the wall, since the last one. */
GST_START_TEST (test_interval_length)
{
  Feed *feed = new_showing ("demand");
  Talk *talk = feed->talk;
  gint64 begin = g_get_monotonic_time ();
  guint n = 0;

  g_object_set (talk->element, "image-interval", 200 * MS, NULL);
  gst_util_set_object_arg (G_OBJECT (talk->element), "image-mode", "interval");
  while (peer_count (talk->peer, ITEM) < 3) {
    fail_unless (g_get_monotonic_time () < begin + 30 * G_USEC_PER_SEC);
    push (feed, n++);
    g_usleep (1000);
  }
  fail_unless (g_get_monotonic_time () - begin >= 400 * 1000);
  free_all (feed);
}
GST_END_TEST;

/* --- a slow server --- */

/* While nothing can be sent the newest takes the place of the one before. */
GST_START_TEST (test_newest_wins)
{
  Talk *talk = talk_new ();
  Feed *feed;

  peer_hold_updated (talk->peer, TRUE);
  talk_play_unconnected (talk, &law_pcm, 0);
  feed = new_showing_on (talk, "interval");
  g_object_set (talk->element, "image-interval", (guint64) 0, NULL);
  for (guint i = 0; i < 1000; i++)
    push (feed, i);
  peer_hold_updated (talk->peer, FALSE);
  assert_picture (talk, 0, 999);
  assert_no_more (talk, 1);
  free_all (feed);
}
GST_END_TEST;

/* Those that the application gives are all wanted. */
GST_START_TEST (test_given_pictures_wait)
{
  Talk *talk = talk_new ();
  Feed *feed;

  peer_hold_updated (talk->peer, TRUE);
  talk_play_unconnected (talk, &law_pcm, 0);
  feed = new_showing_on (talk, "interval");
  g_object_set (talk->element, "image-interval", (guint64) 0, NULL);
  for (guint i = 0; i < 3; i++) {
    GBytes *bytes = g_byte_array_free_to_bytes (make_picture (JPEG, i, 100));
    gboolean taken;

    g_signal_emit_by_name (
        talk->element, "send-image", bytes, "image/jpeg", &taken);
    fail_unless (taken);
    g_bytes_unref (bytes);
  }
  push (feed, 10);
  push (feed, 11);
  peer_hold_updated (talk->peer, FALSE);
  for (guint i = 0; i < 3; i++)
    assert_picture (talk, i, i);
  assert_picture (talk, 3, 11);
  assert_no_more (talk, 4);
  free_all (feed);
}
GST_END_TEST;

static gsize
heap_in_use (void)
{
  struct mallinfo2 info = mallinfo2 ();

  return info.uordblks + info.hblkhd;
}

/* As fast as it goes, connected or not, in each mode: nobody waits, and what is
 * kept is a handful of pictures. */
static const struct {
  const gchar *mode;
  gboolean connected;
} floods[] = {
  { "demand", TRUE },
  { "turn", FALSE },
  { "interval", FALSE },
  { "interval", TRUE },
};

GST_START_TEST (test_flood)
{
  Talk *talk = talk_new ();
  gsize size = 256 * 1024, before;
  Feed *feed;

  g_object_set (talk->element, "connect-timeout", 60 * GST_SECOND, NULL);
  peer_hold_updated (talk->peer, !floods[__i__].connected);
  if (floods[__i__].connected)
    talk_play (talk, &law_pcm);
  else
    talk_play_unconnected (talk, &law_pcm, 0);
  peer_event (talk->peer, "session.update", 0);
  feed = new_showing_on (talk, floods[__i__].mode);
  g_object_set (talk->element, "image-interval",
      floods[__i__].connected ? HOUR : 0, NULL);
  push_sized (feed, JPEG, 0, size);
  before = heap_in_use ();
  for (guint i = 1; i < 2000; i++)
    push_sized (feed, JPEG, i, size);
  fail_unless (heap_in_use () < before + 16 * size);
  fail_unless_equals_int (
      talk_count_messages_of (talk, GST_MESSAGE_WARNING), 0);
  free_all (feed);
}
GST_END_TEST;

/* Many of the application's wait as well, but only up to a bound. */
GST_START_TEST (test_flood_of_given_pictures)
{
  Talk *talk = talk_new ();
  GBytes *bytes = g_byte_array_free_to_bytes (
      make_picture (JPEG, 0, 4 * 1024 * 1024));
  gboolean taken = TRUE;
  guint n = 0;

  peer_hold_updated (talk->peer, TRUE);
  talk_play_unconnected (talk, &law_pcm, 0);
  for (; taken && n < 256; n++)
    g_signal_emit_by_name (
        talk->element, "send-image", bytes, "image/jpeg", &taken);
  fail_if (taken);
  fail_unless (n < 32);
  g_bytes_unref (bytes);
  talk_free (talk);
}
GST_END_TEST;

/* --- old pictures --- */

static void
assert_deleted (Talk *talk, guint n)
{
  talk_sync_up (talk);
  fail_unless_equals_int (peer_count (talk->peer, DELETE), n);
  for (guint i = 0; i < n; i++)
    fail_unless_equals_string (
        json_object_get_string_member (
            peer_event (talk->peer, DELETE, i), "item_id"),
        id_of (talk, i));
}

static void
push_and_show (Feed *feed, guint from, guint n)
{
  for (guint i = from; i < from + n; i++) {
    push (feed, i);
    fail_unless (show (feed->talk));
    assert_picture (feed->talk, i, i);
  }
  talk_sync_up (feed->talk);
}

GST_START_TEST (test_keep)
{
  Feed *feed = new_showing ("demand");

  push_and_show (feed, 0, 4);
  assert_deleted (feed->talk, 0);
  push_and_show (feed, 4, 3);
  assert_deleted (feed->talk, 3);
  free_all (feed);
}
GST_END_TEST;

GST_START_TEST (test_keep_all)
{
  Feed *feed = new_showing ("demand");

  g_object_set (feed->talk->element, "image-keep", 0, NULL);
  talk_sync_up (feed->talk);
  push_and_show (feed, 0, 20);
  assert_deleted (feed->talk, 0);
  free_all (feed);
}
GST_END_TEST;

GST_START_TEST (test_keep_in_playing)
{
  Feed *feed = new_showing ("demand");
  Talk *talk = feed->talk;

  push_and_show (feed, 0, 4);
  g_object_set (talk->element, "image-keep", 1, NULL);
  talk_sync_up (talk);
  push_and_show (feed, 4, 1);
  assert_deleted (talk, 4);
  g_object_set (talk->element, "image-keep", 2, NULL);
  talk_sync_up (talk);
  push_and_show (feed, 5, 1);
  assert_deleted (talk, 4);
  push_and_show (feed, 6, 1);
  assert_deleted (talk, 5);
  free_all (feed);
}
GST_END_TEST;

/* The next server is told of the picture: it is not sent again. */
GST_START_TEST (test_reconnect)
{
  Feed *feed = new_showing ("demand");
  Talk *talk = feed->talk;

  g_object_set (talk->element, "image-keep", 1, NULL);
  talk_sync_up (talk);
  push (feed, 0);
  fail_unless (show (talk));
  assert_picture (talk, 0, 0);
  peer_drop (talk->peer);
  talk_message (talk, "session-lost", 0);
  talk_message (talk, "session-restored", 0);
  talk_sync (talk);
  fail_if (show (talk));
  /* Before it, a note. */
  assert_picture (talk, 2, 0);
  assert_no_more (talk, 3);
  /* Another takes its place. */
  push (feed, 1);
  fail_unless (show (talk));
  assert_picture (talk, 4, 1);
  talk_sync_up (talk);
  fail_unless_equals_int (peer_count (talk->peer, DELETE), 1);
  free_all (feed);
}
GST_END_TEST;

/* It is not told of one that is too long ago: that one may be sent again. */
GST_START_TEST (test_reconnect_without)
{
  Feed *feed = new_showing ("demand");
  Talk *talk = feed->talk;
  gboolean taken = FALSE;

  g_object_set (talk->element, "history-limit", 1, NULL);
  talk_sync_up (talk);
  push (feed, 0);
  fail_unless (show (talk));
  assert_picture (talk, 0, 0);
  g_signal_emit_by_name (talk->element, "send-text", "user", "Thanks.", &taken);
  fail_unless (taken);
  talk_sync_up (talk);
  peer_drop (talk->peer);
  talk_message (talk, "session-lost", 0);
  talk_message (talk, "session-restored", 0);
  talk_sync (talk);
  fail_unless (show (talk));
  fail_if (show (talk));
  /* Before it: its message, a note, that message again. */
  assert_picture (talk, 4, 0);
  free_all (feed);
}
GST_END_TEST;

/* --- what can't be shown --- */

GST_START_TEST (test_no_picture)
{
  Feed *feed = new_showing ("demand");
  Talk *talk = feed->talk;

  for (guint i = 0; i < 3; i++) {
    push_sized (feed, "GIF89a", i, 100);
    fail_if (show (talk));
  }
  fail_unless_equals_int (
      feed_push (feed, "", 0, GST_CLOCK_TIME_NONE), GST_FLOW_OK);
  fail_unless_equals_int (
      feed_push (feed, JPEG, 3, GST_CLOCK_TIME_NONE), GST_FLOW_OK);
  fail_if (show (talk));
  fail_unless (strstr (warning_text (talk, 0), "image/jpeg") != NULL);
  push (feed, 7);
  fail_unless (show (talk));
  assert_picture (talk, 0, 7);
  talk_sync (talk);
  fail_unless_equals_int (
      talk_count_messages_of (talk, GST_MESSAGE_WARNING), 1);
  free_all (feed);
}
GST_END_TEST;

GST_START_TEST (test_too_large)
{
  Feed *feed = new_showing ("demand");
  Talk *talk = feed->talk;

  g_object_set (talk->element, "image-max-size", 2000, NULL);
  push_sized (feed, JPEG, 1, 2001);
  fail_if (show (talk));
  fail_unless (strstr (warning_text (talk, 0), "2001") != NULL);
  fail_unless (strstr (warning_text (talk, 0), "image-max-size") != NULL);
  push_sized (feed, JPEG, 2, 5000);
  fail_if (show (talk));
  push_sized (feed, JPEG, 3, 2000);
  fail_unless (show (talk));
  assert_sized (talk, 0, JPEG, 3, 2000);
  /* What was too large may not be any more. */
  push_sized (feed, JPEG, 4, 2001);
  fail_if (show (talk));
  g_object_set (talk->element, "image-max-size", 2001, NULL);
  fail_unless (show (talk));
  assert_sized (talk, 1, JPEG, 4, 2001);
  assert_no_more (talk, 2);
  fail_unless_equals_int (
      talk_count_messages_of (talk, GST_MESSAGE_WARNING), 1);
  free_all (feed);
}
GST_END_TEST;

/* A picture is never sent under the name of another format. */
GST_START_TEST (test_caps)
{
  Feed *feed = new_showing ("demand");
  Talk *talk = feed->talk;

  push (feed, 1);
  fail_unless (show (talk));
  push (feed, 2);
  feed_caps (feed, "image/png");
  fail_if (show (talk));
  push_sized (feed, PNG, 3, 100);
  fail_unless (show (talk));
  feed_caps (feed, "image/png,width=16");
  fail_if (show (talk));
  push_sized (feed, PNG, 4, 100);
  feed_caps (feed, "image/png,width=32");
  fail_unless (show (talk));
  assert_picture (talk, 0, 1);
  assert_sized (talk, 1, PNG, 3, 100);
  assert_sized (talk, 2, PNG, 4, 100);
  push (feed, 5);
  fail_if (show (talk));
  warning_text (talk, 0);
  assert_no_more (talk, 3);
  free_all (feed);
}
GST_END_TEST;

/* --- the pad --- */

GST_START_TEST (test_one_only)
{
  Feed *feed = new_showing ("demand");
  Talk *talk = feed->talk;
  GstPadTemplate *templ = gst_element_get_pad_template (
      talk->element, "image_sink");

  fail_unless (
      gst_element_request_pad (talk->element, templ, NULL, NULL) == NULL);
  push (feed, 1);
  feed_free (feed);
  fail_if (show (talk));
  feed = new_showing_on (talk, "demand");
  fail_if (show (talk));
  push (feed, 2);
  fail_unless (show (talk));
  assert_picture (talk, 0, 2);
  free_all (feed);
}
GST_END_TEST;

static gpointer
push_for_ever (gpointer data)
{
  Feed *feed = data;
  GstFlowReturn ret = GST_FLOW_OK;

  for (guint i = 0; ret == GST_FLOW_OK; i++) {
    GByteArray *picture = make_picture (JPEG, i, 100);

    ret = feed_push (feed, picture->data, picture->len, GST_CLOCK_TIME_NONE);
    g_byte_array_unref (picture);
  }
  return GINT_TO_POINTER (ret);
}

GST_START_TEST (test_release_while_pushing)
{
  Feed *feed = new_showing ("interval");
  Talk *talk = feed->talk;
  GThread *thread;
  GstFlowReturn ret;

  g_object_set (talk->element, "image-interval", (guint64) 0, NULL);
  thread = g_thread_new ("push", push_for_ever, feed);
  peer_event (talk->peer, ITEM, 10);
  feed_release (feed);
  ret = GPOINTER_TO_INT (g_thread_join (thread));
  fail_unless (ret == GST_FLOW_FLUSHING || ret == GST_FLOW_NOT_LINKED);
  talk_run_to (talk, 100 * MS);
  talk_assert_stream (talk, 480, 0);
  free_all (feed);
}
GST_END_TEST;

/* Neither a flush nor its end is the conversation's business. */
GST_START_TEST (test_flush_and_end)
{
  Feed *feed = new_manual ("demand");
  Talk *talk = feed->talk;

  feed_eos (feed);
  feed_flush (feed);
  feed_segment (feed, GST_FORMAT_TIME);
  push (feed, 1);
  fail_unless (show (talk));
  assert_picture (talk, 0, 1);
  feed_eos (feed);
  talk_sync (talk);
  fail_if (talk_message_within (talk, "drained", 300));
  end_by_eos (talk);
  talk_run_to_eos (talk);
  free_all (feed);
}
GST_END_TEST;

/* The next run knows nothing of the one before. */
GST_START_TEST (test_second_run)
{
  Feed *feed = new_showing ("demand");
  Talk *talk = feed->talk;

  push (feed, 1);
  fail_unless (show (talk));
  assert_picture (talk, 0, 1);
  fail_unless_equals_int (
      gst_element_set_state (talk->element, GST_STATE_READY),
      GST_STATE_CHANGE_SUCCESS);
  fail_if (show (talk));
  gst_element_set_state (talk->element, GST_STATE_PAUSED);
  talk_message (talk, "session-updated", 1);
  fail_if (show (talk));
  fail_unless (
      gst_pad_push_event (feed->src, gst_event_new_stream_start ("again")));
  feed_caps (feed, "image/jpeg");
  feed_segment (feed, GST_FORMAT_TIME);
  push (feed, 1);
  fail_unless (show (talk));
  assert_picture (talk, 1, 1);
  free_all (feed);
}
GST_END_TEST;

static Suite *
imagesink_suite (void)
{
  Suite *suite = suite_create ("imagesink");
  TCase *modes = tcase_create ("modes");
  TCase *slow = tcase_create ("slow");
  TCase *old = tcase_create ("old");
  TCase *bad = tcase_create ("bad");
  TCase *pad = tcase_create ("pad");

  suite_add_tcase (suite, modes);
  tcase_add_test (modes, test_demand);
  tcase_add_test (modes, test_unchanged);
  tcase_add_test (modes, test_events);
  tcase_add_test (modes, test_given_picture);
  tcase_add_loop_test (modes, test_detail, 0, G_N_ELEMENTS (details));
  tcase_add_test (modes, test_turns_of_the_server);
  tcase_add_loop_test (modes, test_turns_of_ours, 0, G_N_ELEMENTS (ends));
  tcase_add_test (modes, test_written_turns);
  tcase_add_test (modes, test_mode_in_playing);
  tcase_add_test (modes, test_interval);
  tcase_add_test (modes, test_interval_length);

  suite_add_tcase (suite, slow);
  tcase_add_test (slow, test_newest_wins);
  tcase_add_test (slow, test_given_pictures_wait);
  tcase_add_loop_test (slow, test_flood, 0, G_N_ELEMENTS (floods));
  tcase_add_test (slow, test_flood_of_given_pictures);

  suite_add_tcase (suite, old);
  tcase_add_test (old, test_keep);
  tcase_add_test (old, test_keep_all);
  tcase_add_test (old, test_keep_in_playing);
  tcase_add_test (old, test_reconnect);
  tcase_add_test (old, test_reconnect_without);

  suite_add_tcase (suite, bad);
  tcase_add_test (bad, test_no_picture);
  tcase_add_test (bad, test_too_large);
  tcase_add_test (bad, test_caps);

  suite_add_tcase (suite, pad);
  tcase_add_test (pad, test_one_only);
  tcase_add_test (pad, test_release_while_pushing);
  tcase_add_test (pad, test_flush_and_end);
  tcase_add_test (pad, test_second_run);
  return suite;
}

GST_CHECK_MAIN (imagesink);
