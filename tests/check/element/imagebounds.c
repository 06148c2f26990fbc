/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How many pictures are kept: here while the server takes none, and in the
 * conversation.
 */
#include <malloc.h>

#include "pictures.h"

#define DELETE "conversation.item.delete"
#define HOUR (3600 * GST_SECOND)

/* --- a slow server --- */

/* While nothing can be sent the newest takes the place of the one before. */
GST_START_TEST (test_newest_wins)
{
  Talk *talk = talk_new ();
  Feed *feed;

  peer_hold_updated (talk->peer, TRUE);
  talk_play_unconnected (talk, &law_pcm, 0);
  feed = pictures_feed_on (talk, "interval");
  g_object_set (talk->element, "image-interval", (guint64) 0, NULL);
  for (guint i = 0; i < 1000; i++)
    pictures_push (feed, i);
  peer_hold_updated (talk->peer, FALSE);
  pictures_assert (talk, 0, 999);
  pictures_assert_no_more (talk, 1);
  pictures_free (feed);
}
GST_END_TEST;

/* Those that the application gives are all wanted. */
GST_START_TEST (test_given_pictures_wait)
{
  Talk *talk = talk_new ();
  Feed *feed;

  peer_hold_updated (talk->peer, TRUE);
  talk_play_unconnected (talk, &law_pcm, 0);
  feed = pictures_feed_on (talk, "interval");
  g_object_set (talk->element, "image-interval", (guint64) 0, NULL);
  for (guint i = 0; i < 3; i++) {
    GBytes *bytes = g_byte_array_free_to_bytes (
        pictures_make (PICTURE_JPEG, i, 100));
    gboolean taken;

    g_signal_emit_by_name (
        talk->element, "send-image", bytes, "image/jpeg", &taken);
    fail_unless (taken);
    g_bytes_unref (bytes);
  }
  pictures_push (feed, 10);
  pictures_push (feed, 11);
  peer_hold_updated (talk->peer, FALSE);
  for (guint i = 0; i < 3; i++)
    pictures_assert (talk, i, i);
  pictures_assert (talk, 3, 11);
  pictures_assert_no_more (talk, 4);
  pictures_free (feed);
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
  feed = pictures_feed_on (talk, floods[__i__].mode);
  g_object_set (talk->element, "image-interval",
      floods[__i__].connected ? HOUR : 0, NULL);
  pictures_push_sized (feed, PICTURE_JPEG, 0, size);
  before = heap_in_use ();
  for (guint i = 1; i < 2000; i++)
    pictures_push_sized (feed, PICTURE_JPEG, i, size);
  fail_unless (heap_in_use () < before + 16 * size);
  fail_unless_equals_int (
      talk_count_messages_of (talk, GST_MESSAGE_WARNING), 0);
  pictures_free (feed);
}
GST_END_TEST;

/* Many of the application's wait as well, but only up to a bound. */
GST_START_TEST (test_flood_of_given_pictures)
{
  Talk *talk = talk_new ();
  GBytes *bytes = g_byte_array_free_to_bytes (
      pictures_make (PICTURE_JPEG, 0, 4 * 1024 * 1024));
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
        pictures_id (talk, i));
}

static void
push_and_show (Feed *feed, guint from, guint n)
{
  for (guint i = from; i < from + n; i++) {
    pictures_push (feed, i);
    fail_unless (pictures_show (feed->talk));
    pictures_assert (feed->talk, i, i);
  }
  talk_sync_up (feed->talk);
}

GST_START_TEST (test_keep)
{
  Feed *feed = pictures_feed ("demand");

  push_and_show (feed, 0, 4);
  assert_deleted (feed->talk, 0);
  push_and_show (feed, 4, 3);
  assert_deleted (feed->talk, 3);
  pictures_free (feed);
}
GST_END_TEST;

GST_START_TEST (test_keep_all)
{
  Feed *feed = pictures_feed ("demand");

  g_object_set (feed->talk->element, "image-keep", 0, NULL);
  talk_sync_up (feed->talk);
  push_and_show (feed, 0, 20);
  assert_deleted (feed->talk, 0);
  pictures_free (feed);
}
GST_END_TEST;

GST_START_TEST (test_keep_in_playing)
{
  Feed *feed = pictures_feed ("demand");
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
  pictures_free (feed);
}
GST_END_TEST;

/* The next server is told of the picture: it is not sent again. */
GST_START_TEST (test_reconnect)
{
  Feed *feed = pictures_feed ("demand");
  Talk *talk = feed->talk;

  g_object_set (talk->element, "image-keep", 1, NULL);
  talk_sync_up (talk);
  pictures_push (feed, 0);
  fail_unless (pictures_show (talk));
  pictures_assert (talk, 0, 0);
  peer_drop (talk->peer);
  talk_message (talk, "session-lost", 0);
  talk_message (talk, "session-restored", 0);
  talk_sync (talk);
  fail_if (pictures_show (talk));
  /* Before it, a note. */
  pictures_assert (talk, 2, 0);
  pictures_assert_no_more (talk, 3);
  /* Another takes its place. */
  pictures_push (feed, 1);
  fail_unless (pictures_show (talk));
  pictures_assert (talk, 4, 1);
  talk_sync_up (talk);
  fail_unless_equals_int (peer_count (talk->peer, DELETE), 1);
  pictures_free (feed);
}
GST_END_TEST;

/* It is not told of one that is too long ago: that one may be sent again. */
GST_START_TEST (test_reconnect_without)
{
  Feed *feed = pictures_feed ("demand");
  Talk *talk = feed->talk;
  gboolean taken = FALSE;

  g_object_set (talk->element, "history-limit", 1, NULL);
  talk_sync_up (talk);
  pictures_push (feed, 0);
  fail_unless (pictures_show (talk));
  pictures_assert (talk, 0, 0);
  g_signal_emit_by_name (talk->element, "send-text", "user", "Thanks.", &taken);
  fail_unless (taken);
  talk_sync_up (talk);
  peer_drop (talk->peer);
  talk_message (talk, "session-lost", 0);
  talk_message (talk, "session-restored", 0);
  talk_sync (talk);
  fail_unless (pictures_show (talk));
  fail_if (pictures_show (talk));
  /* Before it: its message, a note, that message again. */
  pictures_assert (talk, 4, 0);
  pictures_free (feed);
}
GST_END_TEST;

static Suite *
imagebounds_suite (void)
{
  Suite *suite = suite_create ("imagebounds");
  TCase *slow = tcase_create ("slow");
  TCase *old = tcase_create ("old");

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
  return suite;
}

GST_CHECK_MAIN (imagebounds);
