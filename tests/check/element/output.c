/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What src gives, sample by sample: silence, speech, its neighbours, states.
 */
#include "harness.h"

static const Spot spot_a = { "resp_1", 0, "item_a" };
static const Spot spot_b = { "resp_1", 1, "item_b" };

/* --- the beginning --- */

GST_START_TEST (test_begins_with_sticky_events)
{
  static const GstEventType order[] = { GST_EVENT_STREAM_START, GST_EVENT_CAPS,
    GST_EVENT_SEGMENT };
  Talk *talk = talk_new_playing ();
  const GstSegment *segment;
  const gchar *id;
  GstCaps *caps, *wanted = gst_caps_from_string (law_pcm.caps);

  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    fail_unless_equals_int (GST_EVENT_TYPE (tap_get (talk->src, i)), order[i]);
  fail_unless (GST_IS_BUFFER (tap_get (talk->src, 3)));

  gst_event_parse_stream_start (
      tap_event (talk->src, GST_EVENT_STREAM_START, 0), &id);
  fail_unless (id && *id);
  gst_event_parse_caps (tap_event (talk->src, GST_EVENT_CAPS, 0), &caps);
  fail_unless (gst_caps_is_equal (caps, wanted));
  gst_event_parse_segment (
      tap_event (talk->src, GST_EVENT_SEGMENT, 0), &segment);
  fail_unless_equals_int (segment->format, GST_FORMAT_TIME);
  fail_unless_equals_uint64 (segment->start, 0);
  fail_unless_equals_uint64 (segment->stop, GST_CLOCK_TIME_NONE);
  fail_unless_equals_uint64 (segment->base, 0);
  gst_caps_unref (wanted);
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_shares_the_group)
{
  Talk *talk = talk_new ();
  GstPad *pads[2];
  guint group, other;
  const gchar *id, *ids[2];

  for (guint i = 0; i < 2; i++)
    pads[i] = talk_add_text (talk, NULL, "text/x-raw, format=utf8");
  talk_play (talk, &law_pcm);
  gst_event_parse_stream_start (
      tap_event (talk->src, GST_EVENT_STREAM_START, 0), &id);
  fail_unless (gst_event_parse_group_id (
      tap_event (talk->src, GST_EVENT_STREAM_START, 0), &group));
  for (guint i = 0; i < 2; i++) {
    GstEvent *event = tap_event (
        talk_tap_of (talk, pads[i]), GST_EVENT_STREAM_START, 0);

    gst_event_parse_stream_start (event, &ids[i]);
    fail_unless (gst_event_parse_group_id (event, &other));
    fail_unless_equals_int (other, group);
    fail_if (g_str_equal (ids[i], id));
  }
  fail_if (g_str_equal (ids[0], ids[1]));
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_silence)
{
  Talk *talk = talk_new_playing ();

  talk_run_to (talk, 1 * GST_SECOND);
  fail_unless_equals_int (tap_count_buffers (talk->src), 51);
  fail_unless_equals_uint64 (GST_BUFFER_PTS (tap_buffer (talk->src, 0)), 0);
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET (tap_buffer (talk->src, 0)), 0);
  talk_assert_silence (talk, 0, 51 * 480);
  talk_assert_stream (talk, 480, 0);
  talk_free (talk);
}
GST_END_TEST;

/* The network does not matter: nobody has answered yet. */
GST_START_TEST (test_silence_while_connecting)
{
  Talk *talk = talk_new ();

  peer_hold_created (talk->peer, TRUE);
  talk_play_unconnected (talk, &law_pcm, 1 * GST_SECOND);
  talk_run_to (talk, 1500 * MS);
  fail_unless_equals_uint64 (
      GST_BUFFER_PTS (tap_buffer (talk->src, 0)), 1 * GST_SECOND);
  fail_unless_equals_int (tap_count_buffers (talk->src), 26);
  talk_assert_stream (talk, 480, 0);
  talk_free (talk);
}
GST_END_TEST;

/* A buffer leaves when its time comes, not before. */
GST_START_TEST (test_keeps_to_the_clock)
{
  Talk *talk = talk_new_playing ();

  peer_begin (talk->peer, "resp_1");
  peer_speech (talk->peer, &spot_a, &law_pcm, 0, 24000);
  talk_sync (talk);
  for (guint i = 1; i < 60; i++) {
    fail_unless_equals_int (tap_count_buffers (talk->src), i);
    talk_step (talk);
    fail_unless_equals_uint64 (talk_now (talk), i * 20 * MS);
    fail_unless_equals_uint64 (
        GST_BUFFER_PTS (tap_buffer (talk->src, i)), i * 20 * MS);
  }
  talk_assert_speech (talk, 480, 0, 24000);
  talk_free (talk);
}
GST_END_TEST;

/* --- speech --- */

/* 1001 samples in deltas of odd sizes, samples split between them. */
static void
say_in_odd_pieces (Talk *talk, const Law *law)
{
  static const gsize sizes[] = { 1, 2, 3, 479, 7, 1, 333 };
  GBytes *speech = law_speech (law, 0, 1001);
  gsize size, at = 0;
  const guint8 *data = g_bytes_get_data (speech, &size);

  peer_begin (talk->peer, "resp_1");
  peer_item (talk->peer, &spot_a, NULL);
  for (guint i = 0; at < size; i++) {
    gsize n = MIN (sizes[i % G_N_ELEMENTS (sizes)], size - at);

    peer_audio (talk->peer, &spot_a, data + at, n);
    at += n;
  }
  peer_audio_done (talk->peer, &spot_a);
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  g_bytes_unref (speech);
}

static const struct {
  const Law *law;
  guint64 period; /* ns */
  guint samples;
} forms[] = {
  { &law_pcm, 20 * MS, 480 },
  { &law_pcm, 10 * MS, 240 },
  { &law_pcm, 25 * MS, 600 },
  { &law_pcm, 33333333, 799 },
  { &law_mulaw, 20 * MS, 160 },
  { &law_mulaw, 25 * MS, 200 },
  { &law_alaw, 20 * MS, 160 },
  { &law_alaw, 10 * MS, 80 },
};

GST_START_TEST (test_speech)
{
  Talk *talk = talk_new ();
  const Law *law = forms[__i__].law;
  guint samples = forms[__i__].samples;
  guint periods = 1001 / samples + 1;
  guint64 at = samples;

  g_object_set (
      talk->element, "output-buffer-duration", forms[__i__].period, NULL);
  talk_play (talk, law);
  say_in_odd_pieces (talk, law);
  for (guint i = 0; i < periods + 3; i++)
    talk_step (talk);
  talk_assert_silence (talk, 0, at);
  talk_assert_speech (talk, at, 0, 1001);
  talk_assert_silence (talk, at + 1001, (periods + 3) * samples - 1001);
  talk_assert_stream (talk, samples, 0);
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_negotiates_what_the_peer_takes)
{
  Talk *talk = talk_new ();
  JsonObject *audio, *output, *format;

  talk_play (talk, forms[__i__].law);
  audio = json_object_get_object_member (
      json_object_get_object_member (
          peer_event (talk->peer, "session.update", 0), "session"),
      "audio");
  output = json_object_get_object_member (audio, "output");
  format = json_object_get_object_member (output, "format");
  fail_unless_equals_string (
      json_object_get_string_member (format, "type"), forms[__i__].law->wire);
  talk_free (talk);
}
GST_END_TEST;

/* The item's audio is said to be over only after the next one's has begun. */
static void
say_two_items (Talk *talk)
{
  peer_begin (talk->peer, "resp_1");
  peer_item (talk->peer, &spot_a, NULL);
  peer_speech (talk->peer, &spot_a, &law_pcm, 0, 777);
  peer_item (talk->peer, &spot_b, NULL);
  peer_speech (talk->peer, &spot_b, &law_pcm, 777, 500);
  peer_audio_done (talk->peer, &spot_a);
  peer_speech (talk->peer, &spot_b, &law_pcm, 1277, 223);
  peer_audio_done (talk->peer, &spot_b);
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
}

static void
assert_audio_meta (GstBuffer *buffer, const gchar *item, guint64 sample,
    gboolean final, guint64 seq)
{
  const GstStructure *meta = talk_meta (buffer);
  gboolean is_final;

  fail_unless_equals_string (talk_string (meta, "item-id"), item);
  fail_unless_equals_string (talk_string (meta, "response-id"), "resp_1");
  fail_unless_equals_string (talk_string (meta, "role"), "assistant");
  fail_unless_equals_string (talk_string (meta, "kind"), "audio");
  fail_unless_equals_uint64 (
      talk_uint64 (meta, "audio-offset"), law_ns (&law_pcm, sample));
  fail_unless_equals_uint64 (talk_uint64 (meta, "seq"), seq);
  fail_unless (gst_structure_get_boolean (meta, "final", &is_final));
  fail_unless_equals_int (is_final, final);
}

GST_START_TEST (test_two_items)
{
  Talk *talk = talk_new_playing ();

  say_two_items (talk);
  talk_run_to (talk, 200 * MS);
  talk_assert_speech (talk, 480, 0, 1500);
  talk_assert_silence (talk, 1980, 480);
  talk_assert_stream (talk, 480, 0);
  /* 480 | 297 of A, 183 of B | 480 of B | 60 of B */
  assert_audio_meta (tap_buffer (talk->src, 1), "item_a", 0, FALSE, 0);
  assert_audio_meta (tap_buffer (talk->src, 2), "item_a", 480, TRUE, 1);
  assert_audio_meta (tap_buffer (talk->src, 3), "item_b", 183, FALSE, 2);
  assert_audio_meta (tap_buffer (talk->src, 4), "item_b", 663, TRUE, 3);
  fail_unless (talk_meta (tap_buffer (talk->src, 5)) == NULL);
  talk_free (talk);
}
GST_END_TEST;

static const gchar *
event_item (Tap *tap, gint at)
{
  return talk_string (
      gst_event_get_structure (GST_EVENT_CAST (tap_get (tap, at))), "item-id");
}

/* Items begin and end downstream, in the order of the stream. */
GST_START_TEST (test_item_events)
{
  Talk *talk = talk_new_playing ();
  gint begin, end, next;

  say_two_items (talk);
  talk_run_to (talk, 200 * MS);
  begin = tap_find_custom (talk->src, "realtime2/item-started", 0);
  end = tap_find_custom (talk->src, "realtime2/item-done", begin + 1);
  next = tap_find_custom (talk->src, "realtime2/item-started", begin + 1);
  fail_unless (begin >= 0 && end > begin && next > end);
  fail_unless_equals_string (event_item (talk->src, begin), "item_a");
  fail_unless_equals_string (event_item (talk->src, end), "item_a");
  fail_unless_equals_string (event_item (talk->src, next), "item_b");
  fail_unless (tap_get (talk->src, begin + 1)
      == GST_MINI_OBJECT_CAST (tap_buffer (talk->src, 1)));
  end = tap_find_custom (talk->src, "realtime2/item-done", end + 1);
  fail_unless_equals_string (event_item (talk->src, end), "item_b");
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_underrun)
{
  Talk *talk = talk_new_playing ();

  peer_begin (talk->peer, "resp_1");
  peer_speech (talk->peer, &spot_a, &law_pcm, 0, 500);
  talk_sync (talk);
  talk_run_to (talk, 100 * MS);
  talk_assert_speech (talk, 480, 0, 500);
  talk_assert_silence (talk, 980, 2880 - 980);
  fail_unless_equals_int (talk_stat (talk, "underruns"), 1);

  peer_speech (talk->peer, &spot_a, &law_pcm, 500, 480);
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  talk_run_to (talk, 200 * MS);
  talk_assert_speech (talk, 2880, 500, 480);
  assert_audio_meta (tap_buffer (talk->src, 6), "item_a", 500, TRUE, 2);
  talk_assert_stream (talk, 480, 0);
  fail_unless_equals_int (talk_stat (talk, "underruns"), 1);
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_next_answer)
{
  static const Spot next = { "resp_2", 0, "item_n" };
  Talk *talk = talk_new_playing ();

  say_two_items (talk);
  talk_run_to (talk, 200 * MS);
  peer_begin (talk->peer, "resp_2");
  peer_speech (talk->peer, &next, &law_pcm, 5000, 960);
  peer_end (talk->peer, "resp_2", "completed");
  talk_sync (talk);
  talk_run_to (talk, 300 * MS);
  talk_assert_silence (talk, 1980, 11 * 480 - 1980);
  talk_assert_speech (talk, 11 * 480, 5000, 960);
  talk_assert_silence (talk, 13 * 480, 3 * 480);
  fail_unless_equals_string (
      talk_string (talk_meta (tap_buffer (talk->src, 11)), "item-id"),
      "item_n");
  talk_assert_stream (talk, 480, 0);
  talk_free (talk);
}
GST_END_TEST;

/* Two responses one upon the other play one after the other. */
GST_START_TEST (test_answers_queue_up)
{
  static const Spot next = { "resp_2", 0, "item_n" };
  Talk *talk = talk_new_playing ();

  say_two_items (talk);
  peer_begin (talk->peer, "resp_2");
  peer_speech (talk->peer, &next, &law_pcm, 1500, 1000);
  peer_end (talk->peer, "resp_2", "completed");
  talk_sync (talk);
  talk_run_to (talk, 200 * MS);
  talk_assert_speech (talk, 480, 0, 2500);
  talk_assert_stream (talk, 480, 0);
  talk_free (talk);
}
GST_END_TEST;

/* Servers that announce nothing: a delta is enough. */
GST_START_TEST (test_audio_out_of_nowhere)
{
  Talk *talk = talk_new_playing ();

  peer_speech (talk->peer, &spot_a, &law_pcm, 0, 480);
  talk_sync (talk);
  talk_step (talk);
  talk_assert_speech (talk, 480, 0, 480);
  talk_free (talk);
}
GST_END_TEST;

/* --- the phase --- */

enum {
  PHASE_ADDED,
  PHASE_DONE,
  PHASE_CONVERSATION_ADDED,
  PHASE_CONVERSATION_DONE,
  PHASE_RESPONSE_DONE,
  N_PHASES
};

static void
state_in_conversation (Talk *talk, const gchar *type)
{
  peer_send (talk->peer,
      "{\"type\":\"%s\",\"event_id\":\"event_p\","
      "\"previous_item_id\":null,\"item\":{\"id\":\"item_a\",\"type\":"
      "\"message\",\"status\":\"completed\",\"role\":\"assistant\","
      "\"phase\":\"commentary\",\"content\":[]}}",
      type);
}

static void
state_in_response_done (Talk *talk)
{
  peer_send (talk->peer,
      "{\"type\":\"response.done\",\"event_id\":\"event_p\",\"response\":{"
      "\"object\":\"realtime.response\",\"id\":\"resp_1\","
      "\"status\":\"completed\",\"status_details\":null,\"usage\":null,"
      "\"output\":[{\"id\":\"item_a\",\"type\":\"message\","
      "\"status\":\"completed\",\"role\":\"assistant\","
      "\"phase\":\"commentary\",\"content\":[]}]}}");
}

/* Says in one place only that the item is commentary, although it is the last
 * of its response and would be the final answer. */
static void
state_phase (Talk *talk, gint where)
{
  peer_begin (talk->peer, "resp_1");
  peer_item (talk->peer, &spot_a, where == PHASE_ADDED ? "commentary" : NULL);
  if (where == PHASE_CONVERSATION_ADDED)
    state_in_conversation (talk, "conversation.item.added");
  peer_speech (talk->peer, &spot_a, &law_pcm, 0, 960);
  peer_item_done (
      talk->peer, &spot_a, "Hm.", where == PHASE_DONE ? "commentary" : NULL);
  if (where == PHASE_CONVERSATION_DONE)
    state_in_conversation (talk, "conversation.item.done");
  if (where == PHASE_RESPONSE_DONE)
    state_in_response_done (talk);
  else
    peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
}

static const gchar *
phase_of (Talk *talk, guint buffer)
{
  return talk_string (talk_meta (tap_buffer (talk->src, buffer)), "phase");
}

GST_START_TEST (test_phase_stated)
{
  Talk *talk = talk_new_playing ();

  state_phase (talk, __i__);
  talk_run_to (talk, 40 * MS);
  fail_unless_equals_string (phase_of (talk, 1), "commentary");
  fail_unless_equals_string (phase_of (talk, 2), "commentary");
  talk_free (talk);
}
GST_END_TEST;

/* Nowhere: what is known grows while it plays. */
GST_START_TEST (test_phase_inferred)
{
  Talk *talk = talk_new_playing ();

  peer_begin (talk->peer, "resp_1");
  peer_item (talk->peer, &spot_a, NULL);
  peer_speech (talk->peer, &spot_a, &law_pcm, 0, 960);
  talk_sync (talk);
  talk_step (talk);
  fail_if (
      gst_structure_has_field (talk_meta (tap_buffer (talk->src, 1)), "phase"));

  peer_item (talk->peer, &spot_b, NULL);
  peer_speech (talk->peer, &spot_b, &law_pcm, 960, 960);
  talk_sync (talk);
  talk_step (talk);
  talk_step (talk);
  fail_unless_equals_string (phase_of (talk, 2), "commentary");
  fail_if (
      gst_structure_has_field (talk_meta (tap_buffer (talk->src, 3)), "phase"));

  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  talk_step (talk);
  fail_unless_equals_string (phase_of (talk, 4), "final_answer");
  talk_free (talk);
}
GST_END_TEST;

/* A function call after the message makes it commentary. */
GST_START_TEST (test_phase_before_a_call)
{
  Talk *talk = talk_new_playing ();

  peer_begin (talk->peer, "resp_1");
  peer_item (talk->peer, &spot_a, NULL);
  peer_speech (talk->peer, &spot_a, &law_pcm, 0, 480);
  peer_send (talk->peer,
      "{\"type\":\"response.output_item.added\",\"event_id\":\"event_f\","
      "\"response_id\":\"resp_1\",\"output_index\":1,\"item\":{"
      "\"id\":\"item_f\",\"type\":\"function_call\",\"status\":"
      "\"in_progress\",\"call_id\":\"call_1\",\"name\":\"f\","
      "\"arguments\":\"\"}}");
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  talk_step (talk);
  fail_unless_equals_string (phase_of (talk, 1), "commentary");
  talk_free (talk);
}
GST_END_TEST;

/* --- queries and events from downstream --- */

static void
assert_latency (Talk *talk, guint64 period)
{
  GstQuery *query = gst_query_new_latency ();
  GstClockTime min, max;
  gboolean live;
  GstPad *pad = gst_element_get_static_pad (talk->element, "src");

  fail_unless (gst_pad_query (pad, query));
  gst_query_parse_latency (query, &live, &min, &max);
  fail_unless (live);
  fail_unless_equals_uint64 (min, period);
  fail_unless_equals_uint64 (max, GST_CLOCK_TIME_NONE);
  gst_query_unref (query);
  gst_object_unref (pad);
}

GST_START_TEST (test_latency_query)
{
  Talk *talk = talk_new ();
  GstQuery *query = gst_query_new_latency ();
  GstClockTime min, max;
  gboolean live;
  GstPad *text;

  assert_latency (talk, 20 * MS);
  g_object_set (
      talk->element, "output-buffer-duration", (guint64) (25 * MS), NULL);
  assert_latency (talk, 25 * MS);
  text = talk_add_text (talk, NULL, "text/x-raw, format=utf8");
  talk_play (talk, &law_pcm);
  /* Not added to what lies upstream. */
  gst_harness_set_upstream_latency (talk->harness, 700 * MS);
  assert_latency (talk, 25 * MS);

  fail_unless (gst_pad_query (text, query));
  gst_query_parse_latency (query, &live, &min, &max);
  fail_unless (live);
  fail_unless_equals_uint64 (min, 25 * MS);
  fail_unless_equals_uint64 (max, GST_CLOCK_TIME_NONE);
  gst_query_unref (query);
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_seek_is_refused)
{
  Talk *talk = talk_new ();
  GstPad *text = talk_add_text (talk, NULL, "text/x-raw, format=utf8");
  guint received;

  talk_play (talk, &law_pcm);
  received = gst_harness_upstream_events_received (talk->harness);
  fail_if (gst_harness_push_upstream_event (talk->harness,
      gst_event_new_seek (1.0, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH,
          GST_SEEK_TYPE_SET, 0, GST_SEEK_TYPE_NONE, 0)));
  fail_if (gst_pad_send_event (text,
      gst_event_new_seek (1.0, GST_FORMAT_TIME, GST_SEEK_FLAG_NONE,
          GST_SEEK_TYPE_SET, 0, GST_SEEK_TYPE_NONE, 0)));
  fail_unless_equals_int (
      gst_harness_upstream_events_received (talk->harness), received);
  talk_run_to (talk, 100 * MS);
  talk_assert_stream (talk, 480, 0);
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_latency_event_goes_upstream)
{
  Talk *talk = talk_new_playing ();
  GstEvent *event;
  GstClockTime latency;

  fail_unless (gst_harness_push_upstream_event (
      talk->harness, gst_event_new_latency (220 * MS)));
  do {
    event = gst_harness_try_pull_upstream_event (talk->harness);
    fail_unless (event != NULL);
    if (GST_EVENT_TYPE (event) == GST_EVENT_LATENCY)
      break;
    gst_event_unref (event);
  } while (TRUE);
  gst_event_parse_latency (event, &latency);
  fail_unless_equals_uint64 (latency, 220 * MS);
  gst_event_unref (event);
  talk_free (talk);
}
GST_END_TEST;

/* Where the input hears the output it comes back, and must not go round. */
GST_START_TEST (test_event_goes_upstream_once)
{
  Talk *talk = talk_new_playing ();
  GstEvent *event = gst_event_new_latency (220 * MS);
  guint received = gst_harness_upstream_events_received (talk->harness);

  for (guint i = 0; i < 3; i++)
    fail_unless (
        gst_harness_push_upstream_event (talk->harness, gst_event_ref (event)));
  fail_unless_equals_int (
      gst_harness_upstream_events_received (talk->harness), received + 1);
  fail_unless (gst_harness_push_upstream_event (
      talk->harness, gst_event_new_latency (220 * MS)));
  fail_unless_equals_int (
      gst_harness_upstream_events_received (talk->harness), received + 2);
  gst_event_unref (event);
  talk_free (talk);
}
GST_END_TEST;

/* --- states --- */

GST_START_TEST (test_no_preroll)
{
  Talk *talk = talk_new ();

  fail_unless_equals_int (
      gst_element_set_state (talk->element, GST_STATE_READY),
      GST_STATE_CHANGE_SUCCESS);
  fail_unless_equals_int (
      gst_element_set_state (talk->element, GST_STATE_PAUSED),
      GST_STATE_CHANGE_NO_PREROLL);
  talk_play (talk, &law_pcm);
  fail_unless_equals_int (
      gst_element_set_state (talk->element, GST_STATE_PAUSED),
      GST_STATE_CHANGE_NO_PREROLL);
  fail_unless_equals_int (
      gst_element_set_state (talk->element, GST_STATE_READY),
      GST_STATE_CHANGE_SUCCESS);
  talk_free (talk);
}
GST_END_TEST;

/* A pause is no time of the stream's: it goes on where it was. */
GST_START_TEST (test_pause)
{
  Talk *talk = talk_new_playing ();
  guint n;

  peer_begin (talk->peer, "resp_1");
  peer_speech (talk->peer, &spot_a, &law_pcm, 0, 4800);
  talk_sync (talk);
  talk_run_to (talk, 100 * MS);
  gst_element_set_state (talk->element, GST_STATE_PAUSED);
  n = tap_count_buffers (talk->src);
  gst_test_clock_advance_time (talk->clock, 3 * GST_SECOND);
  fail_unless_equals_int (tap_count_buffers (talk->src), n);

  gst_element_set_base_time (talk->element, TALK_BASE + 3 * GST_SECOND);
  gst_element_set_state (talk->element, GST_STATE_PLAYING);
  for (guint i = 0; i < 10; i++)
    talk_step (talk);
  fail_unless_equals_int (tap_count_buffers (talk->src), n + 10);
  talk_assert_speech (talk, 480, 0, 4800);
  talk_assert_stream (talk, 480, 0);
  fail_unless_equals_int (
      tap_count_events (talk->src, GST_EVENT_STREAM_START), 1);
  fail_unless_equals_int (tap_count_events (talk->src, GST_EVENT_SEGMENT), 1);
  talk_free (talk);
}
GST_END_TEST;

/* READY forgets everything: speech, offsets, sticky events. */
GST_START_TEST (test_starts_afresh)
{
  Talk *talk = talk_new_playing ();
  GstBuffer *begin;
  guint n;

  peer_begin (talk->peer, "resp_1");
  peer_speech (talk->peer, &spot_a, &law_pcm, 0, 48000);
  talk_sync (talk);
  talk_run_to (talk, 100 * MS);
  gst_element_set_state (talk->element, GST_STATE_READY);
  n = tap_count_buffers (talk->src);
  gst_element_set_state (talk->element, GST_STATE_PLAYING);
  talk_message (talk, "session-updated", 1);
  talk_sync (talk);
  talk_step (talk);

  begin = tap_buffer (talk->src, n);
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET (begin), 0);
  fail_unless (GST_BUFFER_FLAG_IS_SET (begin, GST_BUFFER_FLAG_DISCONT));
  fail_unless (GST_BUFFER_FLAG_IS_SET (begin, GST_BUFFER_FLAG_GAP));
  fail_unless_equals_int (
      tap_count_events (talk->src, GST_EVENT_STREAM_START), 2);
  fail_unless_equals_int (tap_count_events (talk->src, GST_EVENT_SEGMENT), 2);
  talk_assert_silence (talk, n * 480, 2 * 480);
  talk_free (talk);
}
GST_END_TEST;

/* --- neighbours --- */

/* NOT_LINKED is no error: the schedule runs on. */
GST_START_TEST (test_not_linked)
{
  Talk *talk = talk_new_playing ();
  GstPad *pad = gst_element_get_static_pad (talk->element, "src");

  talk_run_to (talk, 100 * MS);
  fail_unless (gst_pad_unlink (pad, talk->harness->sinkpad));
  peer_begin (talk->peer, "resp_1");
  peer_speech (talk->peer, &spot_a, &law_pcm, 0, 960);
  talk_sync (talk);
  talk_run_to (talk, 300 * MS);
  fail_unless_equals_int (
      gst_pad_link (pad, talk->harness->sinkpad), GST_PAD_LINK_OK);
  talk_run_to (talk, 400 * MS);
  talk_assert_stream (talk, 480, 0);
  talk_assert_speech (talk, 6 * 480, 0, 960);
  gst_object_unref (pad);
  talk_free (talk);
}
GST_END_TEST;

/* A push that takes @late: what it was to take meanwhile is speech. */
static void
block_for (Talk *talk, guint64 late)
{
  peer_begin (talk->peer, "resp_1");
  peer_speech (talk->peer, &spot_a, &law_pcm, 0, 24000);
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  talk_run_to (talk, 100 * MS);

  tap_hold (talk->src);
  gst_test_clock_set_time (talk->clock, TALK_BASE + 120 * MS);
  gst_test_clock_crank (talk->clock);
  tap_wait_held (talk->src);
  talk_jump_to (talk, 120 * MS + late);
  tap_release (talk->src);
  talk_settle (talk);
}

/* At most 200 ms late: nothing is put in, the speech is late by nothing. */
GST_START_TEST (test_slow_neighbour_a_little)
{
  Talk *talk = talk_new_playing ();

  block_for (talk, 180 * MS);
  talk_run_to (talk, 1300 * MS);
  talk_assert_speech (talk, 480, 0, 24000);
  talk_assert_stream (talk, 480, 0);
  talk_free (talk);
}
GST_END_TEST;

/* Where the first silence after sample @from is. */
static guint64
find_silence (Talk *talk, guint64 from)
{
  GByteArray *all = talk_dup_output (talk);
  const guint16 *samples = (const guint16 *) all->data;
  guint64 at = from;

  while (at < all->len / 2 && samples[at] != 0)
    at++;
  g_byte_array_unref (all);
  return at;
}

/* The time that was missed is silence; speech waits, and none is lost. */
GST_START_TEST (test_slow_neighbour)
{
  Talk *talk = talk_new_playing ();
  guint64 hole, until;
  guint64 filled = 0;

  block_for (talk, 500 * MS);
  fail_unless_equals_uint64 (GST_BUFFER_PTS (tap_buffer (
                                 talk->src, tap_count_buffers (talk->src) - 1)),
      620 * MS);
  talk_run_to (talk, 2 * GST_SECOND);
  talk_assert_stream (talk, 480, 0);
  fail_unless_equals_int (
      talk_count_messages_of (talk, GST_MESSAGE_WARNING), 0);

  hole = find_silence (talk, 480);
  fail_unless_equals_uint64 (hole, 7 * 480);
  talk_assert_speech (talk, 480, 0, hole - 480);
  filled = talk_stat (talk, "output-filled-time");
  fail_unless (filled >= 480 * MS && filled <= 500 * MS);
  until = hole + filled * 24 / MS;
  talk_assert_silence (talk, hole, until - hole);
  talk_assert_speech (talk, until, hole - 480, 24000 - (hole - 480));
  talk_free (talk);
}
GST_END_TEST;

/* Beyond 2 s the stream jumps, says so, and still loses no speech. */
GST_START_TEST (test_stuck_neighbour)
{
  Talk *talk = talk_new_playing ();
  GstBuffer *jump;
  GError *error;

  block_for (talk, 3 * GST_SECOND);
  jump = tap_buffer (talk->src, 7);
  fail_unless (GST_BUFFER_FLAG_IS_SET (jump, GST_BUFFER_FLAG_DISCONT));
  fail_unless_equals_uint64 (GST_BUFFER_PTS (jump), 3120 * MS);
  gst_message_parse_warning (
      talk_message_of (talk, GST_MESSAGE_WARNING, 0), &error, NULL);
  fail_unless (error->message[0] != '\0');
  g_error_free (error);

  talk_run_to (talk, 4500 * MS);
  talk_assert_stream (talk, 480, 1);
  talk_assert_speech (talk, 480, 0, 24000);
  fail_unless_equals_int (
      talk_count_messages_of (talk, GST_MESSAGE_WARNING), 1);
  fail_unless_equals_int (talk_stat (talk, "resyncs"), 1);
  talk_free (talk);
}
GST_END_TEST;

static Suite *
output_suite (void)
{
  Suite *suite = suite_create ("output");
  TCase *begin = tcase_create ("begin");
  TCase *speech = tcase_create ("speech");
  TCase *phase = tcase_create ("phase");
  TCase *control = tcase_create ("control");

  suite_add_tcase (suite, begin);
  tcase_add_test (begin, test_begins_with_sticky_events);
  tcase_add_test (begin, test_shares_the_group);
  tcase_add_test (begin, test_silence);
  tcase_add_test (begin, test_silence_while_connecting);
  tcase_add_test (begin, test_keeps_to_the_clock);

  suite_add_tcase (suite, speech);
  tcase_add_loop_test (speech, test_speech, 0, G_N_ELEMENTS (forms));
  tcase_add_loop_test (
      speech, test_negotiates_what_the_peer_takes, 3, G_N_ELEMENTS (forms));
  tcase_add_test (speech, test_two_items);
  tcase_add_test (speech, test_item_events);
  tcase_add_test (speech, test_underrun);
  tcase_add_test (speech, test_next_answer);
  tcase_add_test (speech, test_answers_queue_up);
  tcase_add_test (speech, test_audio_out_of_nowhere);

  suite_add_tcase (suite, phase);
  tcase_add_loop_test (phase, test_phase_stated, 0, N_PHASES);
  tcase_add_test (phase, test_phase_inferred);
  tcase_add_test (phase, test_phase_before_a_call);

  suite_add_tcase (suite, control);
  tcase_add_test (control, test_latency_query);
  tcase_add_test (control, test_seek_is_refused);
  tcase_add_test (control, test_latency_event_goes_upstream);
  tcase_add_test (control, test_event_goes_upstream_once);
  tcase_add_test (control, test_no_preroll);
  tcase_add_test (control, test_pause);
  tcase_add_test (control, test_starts_afresh);
  tcase_add_test (control, test_not_linked);
  tcase_add_test (control, test_slow_neighbour_a_little);
  tcase_add_test (control, test_slow_neighbour);
  tcase_add_test (control, test_stuck_neighbour);
  return suite;
}

GST_CHECK_MAIN (output);
