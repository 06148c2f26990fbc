/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * image_sink and send-image: which pictures are sent, and when.
 */
#include <string.h>

#include "pictures.h"

#define COMMIT "input_audio_buffer.commit"
#define FAILED "command-failed"
#define HOUR (3600 * GST_SECOND)

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
  Feed *feed = pictures_feed ("demand");
  Talk *talk = feed->talk;

  fail_if (pictures_show (talk));
  for (guint i = 0; i < 5; i++)
    pictures_push (feed, i);
  peer_user_starts (talk->peer, "item_u", 0);
  peer_user_stops (talk->peer, "item_u", 100);
  peer_committed (talk->peer, "item_u");
  talk_sync (talk);
  pictures_assert_no_more (talk, 0);
  fail_unless (pictures_show (talk));
  pictures_assert (talk, 1, 4);
  pictures_push (feed, 5);
  fail_unless (pictures_show (talk));
  pictures_assert (talk, 2, 5);
  pictures_assert_no_more (talk, 3);
  fail_unless_equals_int (peer_count (talk->peer, "response.create"), 0);
  pictures_free (feed);
}
GST_END_TEST;

/* A picture that the agent has before it is not sent again; one that was
 * another's successor is. */
GST_START_TEST (test_unchanged)
{
  Feed *feed = pictures_feed ("demand");
  Talk *talk = feed->talk;

  pictures_push (feed, 1);
  fail_unless (pictures_show (talk));
  fail_if (pictures_show (talk));
  pictures_push (feed, 1);
  fail_if (pictures_show (talk));
  pictures_push (feed, 2);
  pictures_push (feed, 1);
  fail_if (pictures_show (talk));
  pictures_push (feed, 2);
  fail_unless (pictures_show (talk));
  pictures_push (feed, 1);
  fail_unless (pictures_show (talk));
  for (guint i = 0; i < 3; i++)
    pictures_assert (talk, i, i == 1 ? 2 : 1);
  pictures_assert_no_more (talk, 3);
  pictures_free (feed);
}
GST_END_TEST;

/* By events: upstream into src, downstream into any sink pad. */
GST_START_TEST (test_events)
{
  Feed *feed = pictures_feed ("demand");
  Talk *talk = feed->talk;

  pictures_push (feed, 1);
  fail_unless (gst_harness_push_upstream_event (talk->harness,
      gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM,
          gst_structure_new_empty ("realtime2/send-image"))));
  pictures_assert (talk, 0, 1);
  pictures_push (feed, 2);
  fail_unless (gst_pad_push_event (feed->src,
      gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
          gst_structure_new_empty ("realtime2/send-image"))));
  pictures_assert (talk, 1, 2);
  pictures_push (feed, 3);
  fail_unless (gst_harness_push_event (talk->harness,
      gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
          gst_structure_new_empty ("realtime2/send-image"))));
  pictures_assert (talk, 2, 3);
  pictures_assert_no_more (talk, 3);
  pictures_free (feed);
}
GST_END_TEST;

/* A picture of the application's own, each time it is asked for. */
GST_START_TEST (test_given_picture)
{
  Talk *talk = talk_new_playing ();
  GByteArray *picture = pictures_make (PICTURE_PNG, 7, 100);
  GBytes *bytes = g_byte_array_free_to_bytes (picture);
  gboolean taken;

  for (guint i = 0; i < 2; i++) {
    taken = FALSE;
    g_signal_emit_by_name (
        talk->element, "send-image", bytes, "image/png", &taken);
    fail_unless (taken);
    pictures_assert_sized (talk, i, PICTURE_PNG, 7, 100);
  }
  g_signal_emit_by_name (
      talk->element, "send-image", bytes, "image/jpeg", &taken);
  fail_if (taken);
  talk_message (talk, FAILED, 0);
  g_object_set (talk->element, "image-max-size", 1024, NULL);
  g_bytes_unref (bytes);
  bytes = g_byte_array_free_to_bytes (pictures_make (PICTURE_PNG, 7, 1025));
  g_signal_emit_by_name (
      talk->element, "send-image", bytes, "image/png", &taken);
  fail_if (taken);
  fail_unless (strstr (talk_string (talk_message (talk, FAILED, 1), "reason"),
                   "image-max-size")
      != NULL);
  g_bytes_unref (bytes);
  pictures_assert_no_more (talk, 2);
  talk_free (talk);
}
GST_END_TEST;

static const gchar *const details[] = { "auto", "low", "high" };

GST_START_TEST (test_detail)
{
  Feed *feed = pictures_feed ("demand");
  Talk *talk = feed->talk;

  gst_util_set_object_arg (
      G_OBJECT (talk->element), "image-detail", details[__i__]);
  pictures_push (feed, 1);
  fail_unless (pictures_show (talk));
  fail_unless_equals_string (
      json_object_get_string_member (pictures_part (talk, 0), "detail"),
      details[__i__]);
  pictures_free (feed);
}
GST_END_TEST;

/* --- at each turn --- */

GST_START_TEST (test_turns_of_the_server)
{
  Feed *feed = pictures_feed ("turn");
  Talk *talk = feed->talk;

  for (guint i = 0; i < 3; i++) {
    gchar *item = g_strdup_printf ("item_u%u", i);

    pictures_push (feed, 10 * i);
    pictures_push (feed, 10 * i + 1);
    peer_user_starts (talk->peer, item, 1000 * i);
    pictures_assert (talk, i, 10 * i + 1);
    pictures_push (feed, 10 * i + 2);
    peer_user_stops (talk->peer, item, 1000 * i + 500);
    peer_committed (talk->peer, item);
    talk_sync (talk);
    g_free (item);
  }
  pictures_assert_no_more (talk, 3);
  pictures_free (feed);
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
  Feed *feed = pictures_feed_manual ("turn");
  Talk *talk = feed->talk;
  guint appends;

  pictures_push (feed, 1);
  talk_speak (talk, &law_pcm, 4810);
  pictures_push (feed, 2);
  ends[__i__](talk);
  peer_event (talk->peer, COMMIT, 0);
  pictures_assert (talk, 0, 2);
  fail_unless (peer_place (talk->peer, PICTURES_ITEM, 0)
      < peer_place (talk->peer, COMMIT, 0));
  appends = peer_count (talk->peer, "input_audio_buffer.append");
  fail_unless (peer_place (talk->peer, "input_audio_buffer.append", appends - 1)
      < peer_place (talk->peer, COMMIT, 0));
  fail_unless_equals_int (peer_count (talk->peer, PICTURES_ITEM), 1);
  pictures_free (feed);
}
GST_END_TEST;

/* Who writes takes a turn as well; a system does not. */
GST_START_TEST (test_written_turns)
{
  Feed *feed = pictures_feed ("turn");
  Talk *talk = feed->talk;
  gboolean taken;

  pictures_push (feed, 1);
  g_signal_emit_by_name (talk->element, "send-text", "system", "A.", &taken);
  peer_event (talk->peer, "response.create", 0);
  peer_begin (talk->peer, "resp_1");
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  g_signal_emit_by_name (talk->element, "send-text", "user", "B.", &taken);
  fail_unless_equals_string (
      json_object_get_string_member (pictures_part (talk, 0), "text"), "A.");
  pictures_assert (talk, 1, 1);
  fail_unless_equals_string (
      json_object_get_string_member (pictures_part (talk, 2), "text"), "B.");
  pictures_free (feed);
}
GST_END_TEST;

GST_START_TEST (test_mode_in_playing)
{
  Feed *feed = pictures_feed_manual ("demand");
  Talk *talk = feed->talk;

  pictures_push (feed, 1);
  talk_speak (talk, &law_pcm, 4810);
  gst_util_set_object_arg (G_OBJECT (talk->element), "image-mode", "interval");
  pictures_push (feed, 2);
  pictures_assert (talk, 0, 2);
  gst_util_set_object_arg (G_OBJECT (talk->element), "image-mode", "turn");
  pictures_push (feed, 3);
  pictures_assert_no_more (talk, 1);
  end_by_action (talk);
  pictures_assert (talk, 2, 3);
  pictures_free (feed);
}
GST_END_TEST;

/* --- from time to time --- */

GST_START_TEST (test_interval)
{
  Feed *feed = pictures_feed ("demand");
  Talk *talk = feed->talk;

  g_object_set (talk->element, "image-interval", HOUR, NULL);
  gst_util_set_object_arg (G_OBJECT (talk->element), "image-mode", "interval");
  for (guint i = 0; i < 50; i++)
    pictures_push (feed, i);
  pictures_assert (talk, 0, 0);
  pictures_assert_no_more (talk, 1);
  g_object_set (talk->element, "image-interval", (guint64) 0, NULL);
  pictures_push (feed, 50);
  pictures_assert (talk, 2, 50);
  pictures_push (feed, 50);
  pictures_push (feed, 51);
  pictures_assert (talk, 3, 51);
  pictures_assert_no_more (talk, 4);
  pictures_free (feed);
}
GST_END_TEST;

/* Not sooner than that: by the clock of the wall, since the last one. */
GST_START_TEST (test_interval_length)
{
  Feed *feed = pictures_feed ("demand");
  Talk *talk = feed->talk;
  gint64 begin = g_get_monotonic_time ();
  guint n = 0;

  g_object_set (talk->element, "image-interval", 200 * MS, NULL);
  gst_util_set_object_arg (G_OBJECT (talk->element), "image-mode", "interval");
  while (peer_count (talk->peer, PICTURES_ITEM) < 3) {
    fail_unless (g_get_monotonic_time () < begin + 30 * G_USEC_PER_SEC);
    pictures_push (feed, n++);
    g_usleep (1000);
  }
  fail_unless (g_get_monotonic_time () - begin >= 400 * 1000);
  pictures_free (feed);
}
GST_END_TEST;

/* --- what can't be shown --- */

GST_START_TEST (test_no_picture)
{
  Feed *feed = pictures_feed ("demand");
  Talk *talk = feed->talk;

  for (guint i = 0; i < 3; i++) {
    pictures_push_sized (feed, "GIF89a", i, 100);
    fail_if (pictures_show (talk));
  }
  fail_unless_equals_int (
      feed_push (feed, "", 0, GST_CLOCK_TIME_NONE), GST_FLOW_OK);
  fail_unless_equals_int (
      feed_push (feed, PICTURE_JPEG, 3, GST_CLOCK_TIME_NONE), GST_FLOW_OK);
  fail_if (pictures_show (talk));
  fail_unless (strstr (warning_text (talk, 0), "image/jpeg") != NULL);
  pictures_push (feed, 7);
  fail_unless (pictures_show (talk));
  pictures_assert (talk, 0, 7);
  talk_sync (talk);
  fail_unless_equals_int (
      talk_count_messages_of (talk, GST_MESSAGE_WARNING), 1);
  pictures_free (feed);
}
GST_END_TEST;

GST_START_TEST (test_too_large)
{
  Feed *feed = pictures_feed ("demand");
  Talk *talk = feed->talk;

  g_object_set (talk->element, "image-max-size", 2000, NULL);
  pictures_push_sized (feed, PICTURE_JPEG, 1, 2001);
  fail_if (pictures_show (talk));
  fail_unless (strstr (warning_text (talk, 0), "2001") != NULL);
  fail_unless (strstr (warning_text (talk, 0), "image-max-size") != NULL);
  pictures_push_sized (feed, PICTURE_JPEG, 2, 5000);
  fail_if (pictures_show (talk));
  pictures_push_sized (feed, PICTURE_JPEG, 3, 2000);
  fail_unless (pictures_show (talk));
  pictures_assert_sized (talk, 0, PICTURE_JPEG, 3, 2000);
  /* What was too large may not be any more. */
  pictures_push_sized (feed, PICTURE_JPEG, 4, 2001);
  fail_if (pictures_show (talk));
  g_object_set (talk->element, "image-max-size", 2001, NULL);
  fail_unless (pictures_show (talk));
  pictures_assert_sized (talk, 1, PICTURE_JPEG, 4, 2001);
  pictures_assert_no_more (talk, 2);
  fail_unless_equals_int (
      talk_count_messages_of (talk, GST_MESSAGE_WARNING), 1);
  pictures_free (feed);
}
GST_END_TEST;

/* A picture is never sent under the name of another format. */
GST_START_TEST (test_caps)
{
  Feed *feed = pictures_feed ("demand");
  Talk *talk = feed->talk;

  pictures_push (feed, 1);
  fail_unless (pictures_show (talk));
  pictures_push (feed, 2);
  feed_caps (feed, "image/png");
  fail_if (pictures_show (talk));
  pictures_push_sized (feed, PICTURE_PNG, 3, 100);
  fail_unless (pictures_show (talk));
  feed_caps (feed, "image/png,width=16");
  fail_if (pictures_show (talk));
  pictures_push_sized (feed, PICTURE_PNG, 4, 100);
  feed_caps (feed, "image/png,width=32");
  fail_unless (pictures_show (talk));
  pictures_assert (talk, 0, 1);
  pictures_assert_sized (talk, 1, PICTURE_PNG, 3, 100);
  pictures_assert_sized (talk, 2, PICTURE_PNG, 4, 100);
  pictures_push (feed, 5);
  fail_if (pictures_show (talk));
  warning_text (talk, 0);
  pictures_assert_no_more (talk, 3);
  pictures_free (feed);
}
GST_END_TEST;

/* --- the pad --- */

GST_START_TEST (test_one_only)
{
  Feed *feed = pictures_feed ("demand");
  Talk *talk = feed->talk;
  GstPadTemplate *templ = gst_element_get_pad_template (
      talk->element, "image_sink");

  fail_unless (
      gst_element_request_pad (talk->element, templ, NULL, NULL) == NULL);
  pictures_push (feed, 1);
  feed_free (feed);
  fail_if (pictures_show (talk));
  feed = pictures_feed_on (talk, "demand");
  fail_if (pictures_show (talk));
  pictures_push (feed, 2);
  fail_unless (pictures_show (talk));
  pictures_assert (talk, 0, 2);
  pictures_free (feed);
}
GST_END_TEST;

static gpointer
push_for_ever (gpointer data)
{
  Feed *feed = data;
  GstFlowReturn ret = GST_FLOW_OK;

  for (guint i = 0; ret == GST_FLOW_OK; i++) {
    GByteArray *picture = pictures_make (PICTURE_JPEG, i, 100);

    ret = feed_push (feed, picture->data, picture->len, GST_CLOCK_TIME_NONE);
    g_byte_array_unref (picture);
  }
  return GINT_TO_POINTER (ret);
}

GST_START_TEST (test_release_while_pushing)
{
  Feed *feed = pictures_feed ("interval");
  Talk *talk = feed->talk;
  GThread *thread;
  GstFlowReturn ret;

  g_object_set (talk->element, "image-interval", (guint64) 0, NULL);
  thread = g_thread_new ("push", push_for_ever, feed);
  peer_event (talk->peer, PICTURES_ITEM, 10);
  feed_release (feed);
  ret = GPOINTER_TO_INT (g_thread_join (thread));
  fail_unless (ret == GST_FLOW_FLUSHING || ret == GST_FLOW_NOT_LINKED);
  talk_run_to (talk, 100 * MS);
  talk_assert_stream (talk, 480, 0);
  pictures_free (feed);
}
GST_END_TEST;

/* Neither a flush nor its end is the conversation's business. */
GST_START_TEST (test_flush_and_end)
{
  Feed *feed = pictures_feed_manual ("demand");
  Talk *talk = feed->talk;

  feed_eos (feed);
  feed_flush (feed);
  feed_segment (feed, GST_FORMAT_TIME);
  pictures_push (feed, 1);
  fail_unless (pictures_show (talk));
  pictures_assert (talk, 0, 1);
  feed_eos (feed);
  talk_sync (talk);
  fail_if (talk_message_within (talk, "drained", 300));
  end_by_eos (talk);
  talk_run_to_eos (talk);
  pictures_free (feed);
}
GST_END_TEST;

/* The next run knows nothing of the one before. */
GST_START_TEST (test_second_run)
{
  Feed *feed = pictures_feed ("demand");
  Talk *talk = feed->talk;

  pictures_push (feed, 1);
  fail_unless (pictures_show (talk));
  pictures_assert (talk, 0, 1);
  fail_unless_equals_int (
      gst_element_set_state (talk->element, GST_STATE_READY),
      GST_STATE_CHANGE_SUCCESS);
  fail_if (pictures_show (talk));
  gst_element_set_state (talk->element, GST_STATE_PAUSED);
  talk_message (talk, "session-updated", 1);
  fail_if (pictures_show (talk));
  fail_unless (
      gst_pad_push_event (feed->src, gst_event_new_stream_start ("again")));
  feed_caps (feed, "image/jpeg");
  feed_segment (feed, GST_FORMAT_TIME);
  pictures_push (feed, 1);
  fail_unless (pictures_show (talk));
  pictures_assert (talk, 1, 1);
  pictures_free (feed);
}
GST_END_TEST;

static Suite *
imagesink_suite (void)
{
  Suite *suite = suite_create ("imagesink");
  TCase *modes = tcase_create ("modes");
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
