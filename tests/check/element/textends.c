/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * When the input as a whole is at its end: of audio, of text, of both.
 */
#include <string.h>

#include "feed.h"

static Feed *
open_text (Talk *talk, GstFormat format)
{
  return feed_new (talk, "text_sink", "text/x-raw,format=utf8", format);
}

static void
free_all (Feed *feed)
{
  Talk *talk = feed->talk;

  feed_free (feed);
  talk_free (talk);
}

static void
push (Feed *feed, const gchar *text)
{
  fail_unless_equals_int (
      feed_push (feed, text, strlen (text), GST_CLOCK_TIME_NONE), GST_FLOW_OK);
}

static void
unlink_audio (Talk *talk)
{
  GstPad *sink = gst_element_get_static_pad (talk->element, "sink");
  GstPad *peer = gst_pad_get_peer (sink);

  fail_unless (gst_pad_unlink (peer, sink));
  gst_object_unref (peer);
  gst_object_unref (sink);
}

static void
end_audio (Talk *talk)
{
  fail_unless (gst_harness_push_event (talk->harness, gst_event_new_eos ()));
}

/* Wall-clock time after which an end would have been noticed. */
static void
assert_goes_on (Talk *talk)
{
  talk_sync (talk);
  fail_if (talk_message_within (talk, "drained", 300));
}

static Feed *
new_ending (void)
{
  Feed *feed;
  Talk *talk = talk_new ();

  gst_util_set_object_arg (G_OBJECT (talk->element), "turn-detection", "none");
  talk_play (talk, &law_pcm);
  feed = open_text (talk, GST_FORMAT_BYTES);
  return feed;
}

GST_START_TEST (test_end_of_audio_then_text)
{
  Feed *feed = new_ending ();

  end_audio (feed->talk);
  assert_goes_on (feed->talk);
  push (feed, "Last words");
  feed_eos (feed);
  feed_answer (feed->talk, 0);
  feed_assert_text (feed->talk, 0, "user", "Last words");
  talk_run_to_eos (feed->talk);
  fail_unless_equals_int (tap_count_events (feed->talk->src, GST_EVENT_EOS), 1);
  free_all (feed);
}
GST_END_TEST;

GST_START_TEST (test_end_of_text_then_audio)
{
  Feed *feed = new_ending ();

  push (feed, "Hello.\n");
  feed_eos (feed);
  feed_answer (feed->talk, 0);
  assert_goes_on (feed->talk);
  end_audio (feed->talk);
  talk_run_to_eos (feed->talk);
  free_all (feed);
}
GST_END_TEST;

/* Audio that is not linked does not count, nor does a picture. */
GST_START_TEST (test_end_of_text_alone)
{
  Feed *feed = new_ending (), *pictures;

  unlink_audio (feed->talk);
  pictures = feed_new (feed->talk, "image_sink", "image/jpeg", GST_FORMAT_TIME);
  push (feed, "Only words.\n");
  feed_eos (feed);
  peer_event (feed->talk->peer, "response.create", 0);
  assert_goes_on (feed->talk);
  feed_answer (feed->talk, 0);
  talk_run_to_eos (feed->talk);
  feed_free (pictures);
  free_all (feed);
}
GST_END_TEST;

/* A text_sink that nobody is linked to does not count either. */
GST_START_TEST (test_end_with_text_unlinked)
{
  Feed *feed = new_ending ();

  fail_unless (gst_pad_unlink (feed->src, feed->sink));
  end_audio (feed->talk);
  talk_run_to_eos (feed->talk);
  free_all (feed);
}
GST_END_TEST;

/* Nothing is left to wait for. */
GST_START_TEST (test_end_by_release)
{
  Feed *feed = new_ending ();

  end_audio (feed->talk);
  assert_goes_on (feed->talk);
  feed_release (feed);
  talk_run_to_eos (feed->talk);
  fail_unless_equals_int (tap_count_events (feed->talk->src, GST_EVENT_EOS), 1);
  free_all (feed);
}
GST_END_TEST;

/* The audio is still there. */
GST_START_TEST (test_release_is_no_end)
{
  Feed *feed = new_ending ();

  feed_release (feed);
  assert_goes_on (feed->talk);
  free_all (feed);
}
GST_END_TEST;

/* A flush takes back the end of the text. */
GST_START_TEST (test_flush_after_the_end)
{
  Feed *feed = new_ending ();

  feed_eos (feed);
  feed_flush (feed);
  feed_segment (feed, GST_FORMAT_BYTES);
  end_audio (feed->talk);
  assert_goes_on (feed->talk);
  push (feed, "One more thing.\n");
  feed_eos (feed);
  feed_answer (feed->talk, 0);
  feed_assert_text (feed->talk, 0, "user", "One more thing.");
  talk_run_to_eos (feed->talk);
  free_all (feed);
}
GST_END_TEST;

static Suite *
textends_suite (void)
{
  Suite *suite = suite_create ("textends");
  TCase *end = tcase_create ("end");

  suite_add_tcase (suite, end);
  tcase_add_test (end, test_end_of_audio_then_text);
  tcase_add_test (end, test_end_of_text_then_audio);
  tcase_add_test (end, test_end_of_text_alone);
  tcase_add_test (end, test_end_with_text_unlinked);
  tcase_add_test (end, test_end_by_release);
  tcase_add_test (end, test_release_is_no_end);
  tcase_add_test (end, test_flush_after_the_end);
  return suite;
}

GST_CHECK_MAIN (textends);
