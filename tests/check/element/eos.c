/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The input ends: the turn is closed, the answer is played, the stream ends.
 */
#include "harness.h"

#include <string.h>

#define COMMIT "input_audio_buffer.commit"
#define APPEND "input_audio_buffer.append"
#define CREATE "response.create"

static const Spot spot_a = { "resp_1", 0, "item_a" };

/* --- helpers --- */

static Talk *
new_talk (const gchar *turn_detection)
{
  Talk *talk = talk_new ();

  gst_util_set_object_arg (
      G_OBJECT (talk->element), "turn-detection", turn_detection);
  talk_play (talk, &law_pcm);
  return talk;
}

/* Returns the seqnum. */
static guint32
end_input (Talk *talk)
{
  GstEvent *eos = gst_event_new_eos ();
  guint32 seqnum = gst_event_get_seqnum (eos);

  fail_unless (gst_harness_push_event (talk->harness, eos));
  return seqnum;
}

static void
answer (Talk *talk, guint64 n)
{
  peer_begin (talk->peer, "resp_1");
  peer_item (talk->peer, &spot_a, NULL);
  peer_speech (talk->peer, &spot_a, talk->out, 0, n);
  peer_audio_done (talk->peer, &spot_a);
  peer_item_done (talk->peer, &spot_a, "Yes.", NULL);
  peer_end (talk->peer, "resp_1", "completed");
}

/* EOS is the last thing on the pad, and comes once. */
static void
assert_end (Tap *tap, guint32 seqnum)
{
  GstEvent *eos = tap_event (tap, GST_EVENT_EOS, 0);

  fail_unless_equals_int (gst_event_get_seqnum (eos), seqnum);
  fail_unless_equals_int (tap_count_events (tap, GST_EVENT_EOS), 1);
  fail_unless (
      tap_get (tap, tap_count (tap) - 1) == GST_MINI_OBJECT_CAST (eos));
  fail_unless_equals_int (tap_count_events (tap, GST_EVENT_STREAM_START), 1);
  fail_unless_equals_int (tap_count_events (tap, GST_EVENT_CAPS), 1);
  fail_unless_equals_int (tap_count_events (tap, GST_EVENT_SEGMENT), 1);
}

static void
assert_drained (Talk *talk, gboolean wanted)
{
  const GstStructure *fields = talk_message (talk, "drained", 0);
  gboolean timed_out;

  fail_unless (gst_structure_get_boolean (fields, "timed-out", &timed_out));
  fail_unless_equals_int (timed_out, wanted);
  fail_unless (talk_uint64 (fields, "running-time") <= talk_now (talk));
  fail_unless_equals_int (
      talk_count_messages_of (talk, GST_MESSAGE_WARNING), wanted ? 1 : 0);
}

/* The input's audio, then @zeros bytes of silence, and no more. */
static void
assert_uplink (Talk *talk, const Law *law, guint64 samples, gsize zeros)
{
  gsize size = samples * law->width;
  GBytes *speech = law_speech (law, 0, samples);
  GByteArray *audio;

  peer_wait_audio (talk->peer, size + zeros);
  talk_sync_up (talk);
  audio = peer_dup_audio (talk->peer);
  fail_unless_equals_int (audio->len, size + zeros);
  fail_unless (
      memcmp (audio->data, g_bytes_get_data (speech, NULL), size) == 0);
  for (gsize i = size; i < audio->len; i++)
    fail_unless_equals_int (audio->data[i], law->silence);
  g_byte_array_unref (audio);
  g_bytes_unref (speech);
}

/* --- no turn detection --- */

GST_START_TEST (test_manual_turn)
{
  Talk *talk = new_talk ("none");
  guint32 seqnum;

  talk_speak (talk, &law_pcm, 4810);
  seqnum = end_input (talk);
  peer_event (talk->peer, CREATE, 0);
  assert_uplink (talk, &law_pcm, 4810, 0);
  fail_unless (peer_place (talk->peer, COMMIT, 0)
      > peer_place (talk->peer, APPEND, peer_count (talk->peer, APPEND) - 1));
  fail_unless (
      peer_place (talk->peer, CREATE, 0) > peer_place (talk->peer, COMMIT, 0));
  peer_committed (talk->peer, "item_u");
  talk_sync (talk);
  fail_unless_equals_int (talk_count_messages (talk, "drained"), 0);

  answer (talk, 12345);
  talk_run_to_eos (talk);
  assert_drained (talk, FALSE);
  assert_end (talk->src, seqnum);
  talk_assert_speech (talk, 480, 0, 12345);
  /* Ends with the period of its last sample: 26 of them, after one. */
  fail_unless_equals_uint64 (talk_count_samples (talk), 27 * 480);
  talk_assert_stream (talk, 480, 0);
  fail_unless_equals_int (peer_count (talk->peer, COMMIT), 1);
  fail_unless_equals_int (peer_count (talk->peer, CREATE), 1);
  talk_free (talk);
}
GST_END_TEST;

/* Servers refuse to commit so little. */
GST_START_TEST (test_too_short)
{
  Talk *talk = new_talk ("none");
  guint32 seqnum;

  talk_speak (talk, &law_pcm, 2390);
  seqnum = end_input (talk);
  talk_run_to_eos (talk);
  assert_drained (talk, FALSE);
  assert_end (talk->src, seqnum);
  assert_uplink (talk, &law_pcm, 2390, 0);
  fail_unless_equals_int (peer_count (talk->peer, COMMIT), 0);
  fail_unless_equals_int (peer_count (talk->peer, CREATE), 0);
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_just_enough)
{
  Talk *talk = new_talk ("none");

  talk_speak (talk, &law_pcm, 2400);
  end_input (talk);
  peer_event (talk->peer, COMMIT, 0);
  peer_event (talk->peer, CREATE, 0);
  talk_free (talk);
}
GST_END_TEST;

/* --- text pads --- */

GST_START_TEST (test_text_pads)
{
  Talk *talk = talk_new ();
  GstPad *pads[2];
  guint32 seqnum;

  gst_util_set_object_arg (G_OBJECT (talk->element), "turn-detection", "none");
  for (guint i = 0; i < 2; i++)
    pads[i] = talk_add_text (talk, NULL, "text/x-raw, format=utf8");
  talk_play (talk, &law_pcm);
  talk_speak (talk, &law_pcm, 4800);
  seqnum = end_input (talk);
  peer_event (talk->peer, CREATE, 0);
  peer_committed (talk->peer, "item_u");
  answer (talk, 24000);
  talk_run_to_eos (talk);
  assert_end (talk->src, seqnum);
  for (guint i = 0; i < 2; i++) {
    Tap *tap = talk_tap_of (talk, pads[i]);

    tap_event (tap, GST_EVENT_EOS, 0);
    assert_end (tap, seqnum);
    fail_unless_equals_int (tap_count_buffers (tap), 1);
  }
  talk_free (talk);
}
GST_END_TEST;

/* --- server-vad --- */

static const struct {
  const gchar *property;
  guint64 value;   /* ns */
  guint64 silence; /* ms */
} silences[] = {
  { "vad-silence-duration", 500 * MS, 700 },
  { "vad-silence-duration", 300 * MS, 500 },
  { "vad-silence-duration", 1230 * MS, 1430 },
  { "eos-silence", 1000 * MS, 1000 },
  { "eos-silence", 10 * MS, 10 },
  { "eos-silence", 0, 0 },
};

/* The server can hear that the user is done. */
GST_START_TEST (test_silence_at_the_end)
{
  Talk *talk = talk_new ();
  guint32 seqnum;

  g_object_set (
      talk->element, silences[__i__].property, silences[__i__].value, NULL);
  talk_play (talk, &law_pcm);
  talk_speak (talk, &law_pcm, 4800);
  seqnum = end_input (talk);
  assert_uplink (talk, &law_pcm, 4800, silences[__i__].silence * 48);
  talk_run_to_eos (talk);
  assert_drained (talk, FALSE);
  assert_end (talk->src, seqnum);
  fail_unless_equals_int (peer_count (talk->peer, COMMIT), 0);
  fail_unless_equals_int (peer_count (talk->peer, CREATE), 0);
  talk_free (talk);
}
GST_END_TEST;

static const Law *const laws[] = { &law_mulaw, &law_alaw };

GST_START_TEST (test_silence_in_g711)
{
  Talk *talk = talk_new_playing ();

  talk_speak (talk, laws[__i__], 1600);
  end_input (talk);
  assert_uplink (talk, laws[__i__], 1600, 700 * 8);
  talk_free (talk);
}
GST_END_TEST;

/* The server finds the end of the turn in the silence, and answers. */
GST_START_TEST (test_turn_is_open)
{
  Talk *talk = new_talk ("server-vad");
  guint32 seqnum;

  talk_speak (talk, &law_pcm, 4800);
  peer_wait_audio (talk->peer, 9600);
  peer_user_starts (talk->peer, "item_u", 0);
  talk_sync (talk);
  seqnum = end_input (talk);
  peer_wait_audio (talk->peer, 9600 + 700 * 48);
  /* Longer than a turn that never opens is waited for. */
  fail_if (talk_message_within (talk, "drained", 1200));
  peer_user_stops (talk->peer, "item_u", 200);
  peer_committed (talk->peer, "item_u");
  answer (talk, 4800);
  talk_run_to_eos (talk);
  assert_drained (talk, FALSE);
  assert_end (talk->src, seqnum);
  talk_assert_speech (talk, 480, 0, 4800);
  fail_unless_equals_int (peer_count (talk->peer, COMMIT), 0);
  fail_unless_equals_int (peer_count (talk->peer, CREATE), 0);
  talk_free (talk);
}
GST_END_TEST;

/* The turn was over before the input was; its answer is on its way. */
GST_START_TEST (test_answer_is_due)
{
  Talk *talk = new_talk ("server-vad");

  talk_speak (talk, &law_pcm, 4800);
  peer_wait_audio (talk->peer, 9600);
  peer_user_starts (talk->peer, "item_u", 0);
  peer_user_stops (talk->peer, "item_u", 200);
  peer_committed (talk->peer, "item_u");
  talk_sync (talk);
  end_input (talk);
  fail_if (talk_message_within (talk, "drained", 1200));
  answer (talk, 4800);
  talk_run_to_eos (talk);
  talk_assert_speech (talk, 480, 0, 4800);
  talk_free (talk);
}
GST_END_TEST;

/* --- semantic-vad --- */

GST_START_TEST (test_semantic_turn)
{
  Talk *talk = new_talk ("semantic-vad");

  talk_speak (talk, &law_pcm, 4800);
  peer_wait_audio (talk->peer, 9600);
  peer_user_starts (talk->peer, "item_u", 0);
  talk_sync (talk);
  end_input (talk);
  peer_event (talk->peer, CREATE, 0);
  assert_uplink (talk, &law_pcm, 4800, 0);
  fail_unless (
      peer_place (talk->peer, CREATE, 0) > peer_place (talk->peer, COMMIT, 0));
  peer_committed (talk->peer, "item_u");
  answer (talk, 4800);
  talk_run_to_eos (talk);
  assert_drained (talk, FALSE);
  talk_assert_speech (talk, 480, 0, 4800);
  fail_unless_equals_int (peer_count (talk->peer, COMMIT), 1);
  fail_unless_equals_int (peer_count (talk->peer, CREATE), 1);
  talk_free (talk);
}
GST_END_TEST;

/* --- nothing to wait for --- */

static const gchar *const detections[] = { "none", "server-vad",
  "semantic-vad" };

/* Not a sample, not even caps. */
GST_START_TEST (test_nothing_said)
{
  Talk *talk = new_talk (detections[__i__]);
  gint64 begin = g_get_monotonic_time ();
  guint32 seqnum = end_input (talk);

  talk_run_to_eos (talk);
  fail_unless (g_get_monotonic_time () - begin < 5 * G_USEC_PER_SEC);
  assert_drained (talk, FALSE);
  assert_end (talk->src, seqnum);
  talk_sync_up (talk);
  fail_unless_equals_int (peer_count (talk->peer, APPEND), 0);
  fail_unless_equals_int (peer_count (talk->peer, COMMIT), 0);
  talk_free (talk);
}
GST_END_TEST;

/* All that was said is silence to the server. */
GST_START_TEST (test_nothing_heard)
{
  Talk *talk = new_talk ("server-vad");
  gint64 begin;

  talk_speak (talk, &law_pcm, 24000);
  begin = g_get_monotonic_time ();
  end_input (talk);
  talk_run_to_eos (talk);
  fail_unless (g_get_monotonic_time () - begin < 5 * G_USEC_PER_SEC);
  assert_drained (talk, FALSE);
  talk_free (talk);
}
GST_END_TEST;

/* The end comes before there is a session: what was said is said first. */
GST_START_TEST (test_while_connecting)
{
  Talk *talk = talk_new ();
  guint32 seqnum;

  gst_util_set_object_arg (G_OBJECT (talk->element), "turn-detection", "none");
  peer_hold_created (talk->peer, TRUE);
  talk_play_unconnected (talk, &law_pcm, 0);
  talk_speak (talk, &law_pcm, 4800);
  seqnum = end_input (talk);
  talk_run_to (talk, 200 * MS);
  fail_unless (tap_is_live (talk->src));
  peer_hold_created (talk->peer, FALSE);
  peer_event (talk->peer, CREATE, 0);
  assert_uplink (talk, &law_pcm, 4800, 0);
  peer_committed (talk->peer, "item_u");
  answer (talk, 4800);
  talk_run_to_eos (talk);
  assert_end (talk->src, seqnum);
  talk_assert_speech (talk, 11 * 480, 0, 4800);
  talk_free (talk);
}
GST_END_TEST;

/* --- a server that does not answer --- */

static Talk *
new_impatient (guint64 timeout)
{
  Talk *talk = talk_new ();

  g_object_set (talk->element, "eos-timeout", timeout, NULL);
  gst_util_set_object_arg (G_OBJECT (talk->element), "turn-detection", "none");
  talk_play (talk, &law_pcm);
  talk_speak (talk, &law_pcm, 4800);
  return talk;
}

GST_START_TEST (test_timeout)
{
  Talk *talk = new_impatient (400 * MS);
  gint64 begin = g_get_monotonic_time ();
  guint32 seqnum = end_input (talk);
  GError *error;

  talk_run_to_eos (talk);
  fail_unless (g_get_monotonic_time () - begin >= 400000);
  assert_drained (talk, TRUE);
  assert_end (talk->src, seqnum);
  gst_message_parse_warning (
      talk_message_of (talk, GST_MESSAGE_WARNING, 0), &error, NULL);
  fail_unless (error->message[0] != '\0');
  g_error_free (error);
  talk_free (talk);
}
GST_END_TEST;

/* A long answer plays for longer than that; the time-out is none of it. */
GST_START_TEST (test_no_timeout_while_speaking)
{
  Talk *talk = new_impatient (300 * MS);
  guint32 seqnum = end_input (talk);

  peer_event (talk->peer, CREATE, 0);
  peer_committed (talk->peer, "item_u");
  peer_begin (talk->peer, "resp_1");
  peer_item (talk->peer, &spot_a, NULL);
  peer_speech (talk->peer, &spot_a, &law_pcm, 0, 48000);
  talk_sync (talk);
  talk_run_to (talk, 400 * MS);
  fail_if (talk_message_within (talk, "drained", 1500));
  peer_end (talk->peer, "resp_1", "completed");
  talk_run_to_eos (talk);
  assert_drained (talk, FALSE);
  assert_end (talk->src, seqnum);
  talk_assert_speech (talk, 480, 0, 48000);
  talk_free (talk);
}
GST_END_TEST;

/* What came was played, the rest never comes: that is no speech playing. */
GST_START_TEST (test_timeout_in_mid_answer)
{
  Talk *talk = new_impatient (300 * MS);
  guint32 seqnum = end_input (talk);

  peer_event (talk->peer, CREATE, 0);
  peer_begin (talk->peer, "resp_1");
  peer_item (talk->peer, &spot_a, NULL);
  peer_speech (talk->peer, &spot_a, &law_pcm, 0, 9600);
  talk_sync (talk);
  talk_run_to (talk, 1 * GST_SECOND);
  talk_run_to_eos (talk);
  assert_drained (talk, TRUE);
  assert_end (talk->src, seqnum);
  talk_assert_speech (talk, 480, 0, 9600);
  talk_free (talk);
}
GST_END_TEST;

/* --- other ways to end --- */

GST_START_TEST (test_event_to_the_element)
{
  Talk *talk = new_talk ("none");
  GstEvent *eos = gst_event_new_eos ();
  guint32 seqnum = gst_event_get_seqnum (eos);

  talk_speak (talk, &law_pcm, 4800);
  fail_unless (gst_element_send_event (talk->element, eos));
  peer_event (talk->peer, CREATE, 0);
  assert_uplink (talk, &law_pcm, 4800, 0);
  fail_unless_equals_int (
      gst_harness_push (talk->harness, talk_input (&law_pcm, 4800, 0, 240)),
      GST_FLOW_EOS);
  peer_committed (talk->peer, "item_u");
  answer (talk, 4800);
  talk_run_to_eos (talk);
  assert_end (talk->src, seqnum);
  assert_uplink (talk, &law_pcm, 4800, 0);
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_twice)
{
  Talk *talk = new_talk ("none");
  guint32 seqnum;

  talk_speak (talk, &law_pcm, 4800);
  seqnum = end_input (talk);
  fail_unless (gst_element_send_event (talk->element, gst_event_new_eos ()));
  peer_event (talk->peer, CREATE, 0);
  peer_committed (talk->peer, "item_u");
  answer (talk, 4800);
  talk_run_to_eos (talk);
  assert_end (talk->src, seqnum);
  talk_sync_up (talk);
  fail_unless_equals_int (peer_count (talk->peer, COMMIT), 1);
  fail_unless_equals_int (peer_count (talk->peer, CREATE), 1);
  talk_free (talk);
}
GST_END_TEST;

static Suite *
eos_suite (void)
{
  Suite *suite = suite_create ("eos");
  TCase *turn = tcase_create ("turn");
  TCase *end = tcase_create ("end");

  suite_add_tcase (suite, turn);
  tcase_add_test (turn, test_manual_turn);
  tcase_add_test (turn, test_too_short);
  tcase_add_test (turn, test_just_enough);
  tcase_add_test (turn, test_text_pads);
  tcase_add_loop_test (
      turn, test_silence_at_the_end, 0, G_N_ELEMENTS (silences));
  tcase_add_loop_test (turn, test_silence_in_g711, 0, G_N_ELEMENTS (laws));
  tcase_add_test (turn, test_turn_is_open);
  tcase_add_test (turn, test_answer_is_due);
  tcase_add_test (turn, test_semantic_turn);

  suite_add_tcase (suite, end);
  tcase_add_loop_test (end, test_nothing_said, 0, G_N_ELEMENTS (detections));
  tcase_add_test (end, test_nothing_heard);
  tcase_add_test (end, test_while_connecting);
  tcase_add_test (end, test_timeout);
  tcase_add_test (end, test_no_timeout_while_speaking);
  tcase_add_test (end, test_timeout_in_mid_answer);
  tcase_add_test (end, test_event_to_the_element);
  tcase_add_test (end, test_twice);
  return suite;
}

GST_CHECK_MAIN (eos);
