/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What text pads give: GAPs and words, and when.
 */
#include "harness.h"

#include <string.h>

#define PLAIN "text/x-raw, format=utf8"
#define JSON "application/x-json"

static const Spot spot_a = { "resp_1", 0, "item_a" };
static const Spot spot_b = { "resp_1", 1, "item_b" };

/* --- helpers --- */

/* What entry @entry of a record says about time. FALSE if nothing. */
static gboolean
span_of (GstMiniObject *entry, guint64 *start, guint64 *duration)
{
  if (GST_IS_BUFFER (entry)) {
    *start = GST_BUFFER_PTS (GST_BUFFER_CAST (entry));
    *duration = GST_BUFFER_DURATION (GST_BUFFER_CAST (entry));
    return TRUE;
  }
  if (GST_EVENT_TYPE (entry) != GST_EVENT_GAP)
    return FALSE;
  gst_event_parse_gap (GST_EVENT_CAST (entry), start, duration);
  return TRUE;
}

/* GAPs and buffers cover all of the time from 0 on, once; a GAP without length
 * only says again where the stream is. Returns until when they do. */
static guint64
assert_tiled (Tap *tap)
{
  guint n = tap_count (tap);
  guint64 position = 0, start, duration;

  for (guint i = 0; i < n; i++) {
    if (!span_of (tap_get (tap, i), &start, &duration))
      continue;
    fail_unless_equals_uint64 (start, position);
    fail_unless (GST_CLOCK_TIME_IS_VALID (duration));
    fail_unless (duration > 0 || !GST_IS_BUFFER (tap_get (tap, i)));
    position = start + duration;
  }
  return position;
}

/* Nothing tells of the future but the duration of a text. */
static void
assert_not_ahead (Talk *talk, Tap *tap)
{
  guint n = tap_count (tap);
  guint64 start, duration;

  for (guint i = 0; i < n; i++) {
    GstMiniObject *entry = tap_get (tap, i);

    if (!span_of (entry, &start, &duration) || duration == 0)
      continue;
    fail_unless (start <= talk_now (talk));
    if (!GST_IS_BUFFER (entry))
      fail_unless (start + duration <= talk_now (talk));
  }
}

/* Period by period to @until. */
static void
watch_until (Talk *talk, Tap *tap, guint64 until)
{
  while (talk_now (talk) < until) {
    talk_step (talk);
    assert_not_ahead (talk, tap);
  }
}

static void
assert_flag (const GstStructure *fields, const gchar *name, gboolean wanted)
{
  gboolean value;

  fail_unless (gst_structure_get_boolean (fields, name, &value));
  fail_unless_equals_int (value, wanted);
}

/* One message of @ms of speech with its words, all of it there. */
static void
say (Talk *talk, const Spot *spot, const gchar *text, guint ms,
    const gchar *phase)
{
  peer_item (talk->peer, spot, phase);
  peer_words (talk->peer, spot, text);
  peer_speech (talk->peer, spot, &law_pcm, 0, ms * 24);
  peer_words_done (talk->peer, spot, text);
  peer_audio_done (talk->peer, spot);
  peer_item_done (talk->peer, spot, text, phase);
}

static void
answer (Talk *talk, const gchar *text, guint ms)
{
  peer_begin (talk->peer, "resp_1");
  say (talk, &spot_a, text, ms, NULL);
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
}

/* A playing element with one text pad. */
static Talk *
new_talk (const gchar *caps, Tap **tap, GstPad **pad)
{
  Talk *talk = talk_new ();
  GstPad *text = talk_add_text (talk, NULL, caps);

  if (pad)
    *pad = text;
  talk_play (talk, &law_pcm);
  *tap = talk_tap_of (talk, text);
  return talk;
}

static void
set_pad (GstPad *pad, const gchar *property, const gchar *value)
{
  gst_util_set_object_arg (G_OBJECT (pad), property, value);
}

/* --- gaps --- */

GST_START_TEST (test_gaps)
{
  static const GstEventType order[] = { GST_EVENT_STREAM_START, GST_EVENT_CAPS,
    GST_EVENT_SEGMENT };
  const GstSegment *segment;
  Tap *tap;
  Talk *talk = new_talk (PLAIN, &tap, NULL);

  watch_until (talk, tap, 1 * GST_SECOND);
  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    fail_unless_equals_int (GST_EVENT_TYPE (tap_get (tap, i)), order[i]);
  gst_event_parse_segment (tap_event (tap, GST_EVENT_SEGMENT, 0), &segment);
  fail_unless_equals_int (segment->format, GST_FORMAT_TIME);
  fail_unless_equals_uint64 (segment->start, 0);
  fail_unless_equals_int (tap_count_events (tap, GST_EVENT_GAP), 10);
  for (guint i = 0; i < 10; i++) {
    guint64 start, duration;

    gst_event_parse_gap (tap_event (tap, GST_EVENT_GAP, i), &start, &duration);
    fail_unless_equals_uint64 (start, i * 100 * MS);
    fail_unless_equals_uint64 (duration, 100 * MS);
  }
  talk_free (talk);
}
GST_END_TEST;

/* Nobody has answered yet, and time does not begin at 0. */
GST_START_TEST (test_gaps_while_connecting)
{
  Talk *talk = talk_new ();
  GstPad *pad = talk_add_text (talk, NULL, PLAIN);
  guint64 start, duration;
  Tap *tap;

  peer_hold_created (talk->peer, TRUE);
  talk_play_unconnected (talk, &law_pcm, 1 * GST_SECOND);
  tap = talk_tap_of (talk, pad);
  talk_settle (talk);
  gst_event_parse_gap (tap_event (tap, GST_EVENT_GAP, 0), &start, &duration);
  fail_unless_equals_uint64 (start, 0);
  fail_unless_equals_uint64 (duration, 1 * GST_SECOND);
  talk_run_to (talk, 1500 * MS);
  fail_unless_equals_uint64 (assert_tiled (tap), 1500 * MS);
  fail_unless_equals_int (tap_count_events (tap, GST_EVENT_GAP), 6);
  talk_free (talk);
}
GST_END_TEST;

/* --- sentences --- */

GST_START_TEST (test_sentences)
{
  Tap *tap;
  Talk *talk = new_talk (PLAIN, &tap, NULL);

  talk_run_to (talk, 300 * MS);
  answer (talk, "Hello there. How are you? Fine.", 2000);
  fail_unless_equals_int (tap_count_buffers (tap), 0);
  talk_step (talk);
  /* Its first sample was placed: it is out, whole, and the others are not. */
  tap_assert_texts (tap, "Hello there.");
  fail_unless_equals_uint64 (GST_BUFFER_PTS (tap_buffer (tap, 0)), 320 * MS);
  watch_until (talk, tap, 320 * MS + 2000 * MS);
  tap_assert_texts (tap, "Hello there.|How are you?|Fine.");
  talk_run_to (talk, 3 * GST_SECOND);
  fail_unless_equals_uint64 (assert_tiled (tap), 3 * GST_SECOND);
  fail_unless (GST_BUFFER_PTS (tap_buffer (tap, 2)) < 2320 * MS);
  talk_free (talk);
}
GST_END_TEST;

/* Each leaves when it is spoken: within the period of its first sample. */
GST_START_TEST (test_sentences_leave_when_spoken)
{
  Tap *tap;
  Talk *talk = new_talk (PLAIN, &tap, NULL);
  guint seen = 0;

  answer (talk, "Hello there. How are you? Fine.", 2000);
  while (seen < 3) {
    talk_step (talk);
    for (; seen < tap_count_buffers (tap); seen++) {
      guint64 pts = GST_BUFFER_PTS (tap_buffer (tap, seen));

      fail_unless (pts <= talk_now (talk) && pts + 20 * MS > talk_now (talk));
    }
    fail_unless (talk_now (talk) < 2020 * MS);
  }
  talk_free (talk);
}
GST_END_TEST;

static void
assert_text_meta (GstBuffer *buffer, guint64 seq, gboolean final)
{
  const GstStructure *meta = talk_meta (buffer);
  guint64 offset = talk_uint64 (meta, "audio-offset");
  guint64 played = GST_BUFFER_PTS (buffer) - 20 * MS;

  fail_unless_equals_string (talk_string (meta, "item-id"), "item_a");
  fail_unless_equals_string (talk_string (meta, "response-id"), "resp_1");
  fail_unless_equals_string (talk_string (meta, "role"), "assistant");
  fail_unless_equals_string (talk_string (meta, "phase"), "final_answer");
  fail_unless_equals_string (talk_string (meta, "kind"), "transcript");
  fail_unless_equals_uint64 (talk_uint64 (meta, "seq"), seq);
  /* The item plays from 20 ms on; a unit leaves in the period after, one inside
   * the item somewhat later. */
  fail_unless (
      played >= offset && played < offset + 20 * MS + (seq > 0 ? 160 * MS : 0));
  fail_unless_equals_int (offset == 0, seq == 0);
  assert_flag (meta, "final", final);
}

GST_START_TEST (test_meta)
{
  Tap *tap;
  Talk *talk = new_talk (PLAIN, &tap, NULL);

  answer (talk, "Hello there. How are you?", 1000);
  talk_run_to (talk, 1100 * MS);
  fail_unless_equals_int (tap_count_buffers (tap), 2);
  assert_text_meta (tap_buffer (tap, 0), 0, FALSE);
  assert_text_meta (tap_buffer (tap, 1), 1, TRUE);
  talk_free (talk);
}
GST_END_TEST;

/* Words of another kind: a text-only message has no audio to wait for. */
GST_START_TEST (test_written_answer)
{
  Tap *tap;
  Talk *talk = new_talk (PLAIN, &tap, NULL);

  talk_run_to (talk, 250 * MS);
  peer_begin (talk->peer, "resp_1");
  peer_item (talk->peer, &spot_a, NULL);
  peer_send (talk->peer,
      "{\"type\":\"response.output_text.delta\",\"event_id\":\"e\","
      "\"response_id\":\"resp_1\",\"item_id\":\"item_a\",\"output_index\":0,"
      "\"content_index\":0,\"delta\":\"Read this.\"}");
  peer_send (talk->peer,
      "{\"type\":\"response.output_text.done\",\"event_id\":\"e\","
      "\"response_id\":\"resp_1\",\"item_id\":\"item_a\",\"output_index\":0,"
      "\"content_index\":0,\"text\":\"Read this.\"}");
  talk_sync (talk);
  tap_assert_texts (tap, "Read this.");
  fail_unless_equals_uint64 (GST_BUFFER_PTS (tap_buffer (tap, 0)), 250 * MS);
  fail_unless_equals_string (
      talk_string (talk_meta (tap_buffer (tap, 0)), "kind"), "text");
  talk_run_to (talk, 2 * GST_SECOND);
  assert_tiled (tap);
  talk_free (talk);
}
GST_END_TEST;

static JsonObject *
parse_line (Tap *tap, guint i)
{
  gchar *line = tap_dup_text (tap, i);
  JsonObject *object;
  JsonNode *node;

  fail_unless (g_str_has_suffix (line, "}\n"));
  fail_unless (strchr (line, '\n') == line + strlen (line) - 1);
  node = json_from_string (line, NULL);
  fail_unless (node && JSON_NODE_HOLDS_OBJECT (node));
  object = json_object_ref (json_node_get_object (node));
  json_node_unref (node);
  g_free (line);
  return object;
}

static void
assert_json (Tap *tap, guint i, const gchar *text, gboolean final)
{
  GstBuffer *buffer = tap_buffer (tap, i);
  JsonObject *o = parse_line (tap, i);

  fail_unless_equals_string (json_object_get_string_member (o, "text"), text);
  fail_unless_equals_string (
      json_object_get_string_member (o, "item-id"), "item_a");
  fail_unless_equals_string (
      json_object_get_string_member (o, "response-id"), "resp_1");
  fail_unless_equals_string (
      json_object_get_string_member (o, "role"), "assistant");
  fail_unless_equals_string (
      json_object_get_string_member (o, "phase"), "final_answer");
  fail_unless_equals_string (
      json_object_get_string_member (o, "kind"), "transcript");
  fail_unless_equals_int (json_object_get_boolean_member (o, "final"), final);
  fail_unless_equals_int64 (json_object_get_int_member (o, "seq"), i);
  fail_unless_equals_int64 (
      json_object_get_int_member (o, "pts"), GST_BUFFER_PTS (buffer));
  fail_unless_equals_int64 (
      json_object_get_int_member (o, "duration"), GST_BUFFER_DURATION (buffer));
  fail_unless_equals_uint64 (json_object_get_int_member (o, "audio-offset"),
      talk_uint64 (talk_meta (buffer), "audio-offset"));
  json_object_unref (o);
}

GST_START_TEST (test_json)
{
  Tap *tap;
  Talk *talk = new_talk (JSON, &tap, NULL);
  GstCaps *caps;

  gst_event_parse_caps (tap_event (tap, GST_EVENT_CAPS, 0), &caps);
  fail_unless (gst_structure_has_name (
      gst_caps_get_structure (caps, 0), "application/x-json"));
  answer (talk, "He said \"tsch\xc3\xbc\xc3\x9f\\\". Good.", 1000);
  talk_run_to (talk, 1200 * MS);
  fail_unless_equals_int (tap_count_buffers (tap), 2);
  assert_json (tap, 0, "He said \"tsch\xc3\xbc\xc3\x9f\\\".", FALSE);
  assert_json (tap, 1, "Good.", TRUE);
  talk_free (talk);
}
GST_END_TEST;

/* --- properties of the pad --- */

GST_START_TEST (test_granularity_item)
{
  Talk *talk = talk_new ();
  GstPad *pad = talk_add_text (talk, NULL, PLAIN);
  Tap *tap;

  set_pad (pad, "granularity", "item");
  talk_play (talk, &law_pcm);
  tap = talk_tap_of (talk, pad);
  answer (talk, "Hello there. How are you?", 1000);
  talk_run_to (talk, 2 * GST_SECOND);
  tap_assert_texts (tap, "Hello there. How are you?");
  fail_unless_equals_uint64 (GST_BUFFER_PTS (tap_buffer (tap, 0)), 20 * MS);
  assert_tiled (tap);
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_granularity_delta)
{
  Talk *talk = talk_new ();
  GstPad *pad = talk_add_text (talk, NULL, PLAIN);
  Tap *tap;

  set_pad (pad, "granularity", "delta");
  talk_play (talk, &law_pcm);
  tap = talk_tap_of (talk, pad);
  answer (talk, "Hello there. How are you?", 2500);
  watch_until (talk, tap, 3 * GST_SECOND);
  tap_assert_texts (tap, "Hello|there.|How|are|you?");
  assert_tiled (tap);
  talk_free (talk);
}
GST_END_TEST;

/* The end of the sentence does not come: what is there leaves in time. */
GST_START_TEST (test_max_wait)
{
  Talk *talk = talk_new ();
  GstPad *pad = talk_add_text (talk, NULL, PLAIN);
  Tap *tap;

  g_object_set (pad, "text-max-wait", (guint64) (400 * MS), NULL);
  talk_play (talk, &law_pcm);
  tap = talk_tap_of (talk, pad);
  peer_begin (talk->peer, "resp_1");
  peer_words (talk->peer, &spot_a, "Well I think that ");
  peer_speech (talk->peer, &spot_a, &law_pcm, 0, 48000);
  talk_sync (talk);
  talk_run_to (talk, 400 * MS);
  tap_assert_texts (tap, "");
  talk_run_to (talk, 540 * MS);
  tap_assert_texts (tap, "Well I think that");
  talk_run_to (talk, 3 * GST_SECOND);
  assert_tiled (tap);
  talk_free (talk);
}
GST_END_TEST;

/* Nothing has to be heard first. */
GST_START_TEST (test_sync_arrival)
{
  Talk *talk = talk_new ();
  GstPad *pad = talk_add_text (talk, NULL, PLAIN);
  Tap *tap;

  set_pad (pad, "sync", "arrival");
  talk_play (talk, &law_pcm);
  tap = talk_tap_of (talk, pad);
  talk_run_to (talk, 150 * MS);
  answer (talk, "Hello there. How are you?", 3000);
  tap_assert_texts (tap, "Hello there.|How are you?");
  fail_unless_equals_uint64 (GST_BUFFER_PTS (tap_buffer (tap, 0)), 150 * MS);
  talk_run_to (talk, 4 * GST_SECOND);
  assert_tiled (tap);
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_phases)
{
  static const gchar *const phases[] = { "commentary", "final-answer",
    "unknown", "commentary+final-answer" };
  static const gchar *const expected[] = { "One moment.", "It is ten.", "",
    "One moment.|It is ten." };
  Talk *talk = talk_new ();
  GstPad *pads[G_N_ELEMENTS (phases)];

  for (guint i = 0; i < G_N_ELEMENTS (phases); i++) {
    pads[i] = talk_add_text (talk, NULL, PLAIN);
    set_pad (pads[i], "phases", phases[i]);
  }
  talk_play (talk, &law_pcm);
  peer_begin (talk->peer, "resp_1");
  say (talk, &spot_a, "One moment.", 500, "commentary");
  say (talk, &spot_b, "It is ten.", 500, "final_answer");
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  talk_run_to (talk, 2 * GST_SECOND);
  for (guint i = 0; i < G_N_ELEMENTS (phases); i++) {
    tap_assert_texts (talk_tap_of (talk, pads[i]), expected[i]);
    assert_tiled (talk_tap_of (talk, pads[i]));
  }
  talk_free (talk);
}
GST_END_TEST;

/* --- the user's words --- */

/* One second of input of which the middle is speech, and its words. */
static void
ask (Talk *talk, const gchar *text)
{
  talk_speak (talk, &law_pcm, 24000);
  peer_wait_audio (talk->peer, 48000);
  peer_user_starts (talk->peer, "item_u", 200);
  peer_user_stops (talk->peer, "item_u", 800);
  peer_committed (talk->peer, "item_u");
  peer_user_said (talk->peer, "item_u", text);
  talk_sync (talk);
}

GST_START_TEST (test_roles)
{
  static const gchar *const roles[] = { "assistant", "user", "user+assistant" };
  static const gchar *const expected[] = { "Ten.", "What time?",
    "What time?|Ten." };
  Talk *talk = talk_new ();
  GstPad *pads[G_N_ELEMENTS (roles)];

  for (guint i = 0; i < G_N_ELEMENTS (roles); i++) {
    pads[i] = talk_add_text (talk, NULL, PLAIN);
    set_pad (pads[i], "roles", roles[i]);
  }
  talk_play (talk, &law_pcm);
  ask (talk, "What time?");
  answer (talk, "Ten.", 1000);
  talk_run_to (talk, 3 * GST_SECOND);
  for (guint i = 0; i < G_N_ELEMENTS (roles); i++) {
    tap_assert_texts (talk_tap_of (talk, pads[i]), expected[i]);
    assert_tiled (talk_tap_of (talk, pads[i]));
  }
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_user_text)
{
  Talk *talk = talk_new ();
  GstPad *pad = talk_add_text (talk, NULL, PLAIN);
  const GstStructure *meta;
  GstBuffer *buffer;
  Tap *tap;

  set_pad (pad, "roles", "user");
  talk_play (talk, &law_pcm);
  tap = talk_tap_of (talk, pad);
  talk_run_to (talk, 1130 * MS);
  ask (talk, "What time is it?");
  tap_assert_texts (tap, "What time is it?");
  buffer = tap_buffer (tap, 0);
  meta = talk_meta (buffer);
  fail_unless_equals_uint64 (GST_BUFFER_PTS (buffer), 1130 * MS);
  fail_unless_equals_string (talk_string (meta, "role"), "user");
  fail_unless_equals_string (talk_string (meta, "item-id"), "item_u");
  fail_unless_equals_string (talk_string (meta, "kind"), "transcript");
  fail_unless_equals_uint64 (talk_uint64 (meta, "speech-start"), 200 * MS);
  fail_unless_equals_uint64 (talk_uint64 (meta, "speech-end"), 800 * MS);
  fail_if (gst_structure_has_field (meta, "phase"));
  assert_flag (meta, "final", TRUE);
  talk_run_to (talk, 3 * GST_SECOND);
  assert_tiled (tap);
  talk_free (talk);
}
GST_END_TEST;

/* Somebody reads the user's words, so they are asked for. */
GST_START_TEST (test_user_text_is_asked_for)
{
  Talk *talk = talk_new_playing ();
  JsonObject *session, *input;
  GstPad *pad;

  session = json_object_get_object_member (
      peer_event (talk->peer, "session.update", 0), "session");
  input = json_object_get_object_member (
      json_object_get_object_member (session, "audio"), "input");
  fail_unless (json_object_get_null_member (input, "transcription"));

  pad = talk_add_text (talk, NULL, PLAIN);
  set_pad (pad, "roles", "user");
  session = json_object_get_object_member (
      peer_event (talk->peer, "session.update", 1), "session");
  input = json_object_get_object_member (
      json_object_get_object_member (session, "audio"), "input");
  fail_unless (
      json_object_get_string_member (
          json_object_get_object_member (input, "transcription"), "model")
      != NULL);
  talk_free (talk);
}
GST_END_TEST;

/* Who speaks, for neighbours that know nothing of us. */
GST_START_TEST (test_events_for_neighbours)
{
  Talk *talk = talk_new ();
  GstPad *pad = talk_add_text (talk, NULL, PLAIN);
  gint user, end, agent;
  Tap *tap;

  set_pad (pad, "roles", "user+assistant");
  talk_play (talk, &law_pcm);
  tap = talk_tap_of (talk, pad);
  ask (talk, "What time?");
  answer (talk, "Ten. Sharp.", 1000);
  talk_run_to (talk, 3 * GST_SECOND);
  user = tap_find_custom (tap, "rstranscribe/speaker-change", 0);
  end = tap_find_custom (tap, "rstranscribe/final-transcript", 0);
  fail_unless (user >= 0 && end > user);
  agent = tap_find_custom (tap, "rstranscribe/speaker-change", end);
  fail_unless (agent > end);
  fail_unless_equals_string (
      talk_string (
          gst_event_get_structure (GST_EVENT_CAST (tap_get (tap, user))),
          "speaker"),
      "user");
  fail_unless_equals_string (
      talk_string (
          gst_event_get_structure (GST_EVENT_CAST (tap_get (tap, agent))),
          "speaker"),
      "assistant");
  fail_unless (GST_IS_BUFFER (tap_get (tap, user + 1)));
  end = tap_find_custom (tap, "rstranscribe/final-transcript", agent);
  fail_unless (end > agent);
  fail_unless_equals_int (tap_count_buffers (tap), 3);
  for (guint i = end; i < tap_count (tap); i++)
    fail_if (GST_IS_BUFFER (tap_get (tap, i)));
  talk_free (talk);
}
GST_END_TEST;

/* --- pads that come and go --- */

GST_START_TEST (test_request_while_playing)
{
  Talk *talk = talk_new ();
  GstPad *early = talk_add_text (talk, NULL, PLAIN), *late;
  guint64 start, duration;
  Tap *tap;

  talk_play (talk, &law_pcm);
  answer (talk, "Old words.", 300);
  talk_run_to (talk, 730 * MS);
  tap_assert_texts (talk_tap_of (talk, early), "Old words.");

  late = talk_add_text (talk, NULL, PLAIN);
  tap = talk_tap_of (talk, late);
  talk_settle (talk);
  fail_unless_equals_int (
      GST_EVENT_TYPE (tap_get (tap, 0)), GST_EVENT_STREAM_START);
  fail_unless_equals_int (GST_EVENT_TYPE (tap_get (tap, 1)), GST_EVENT_CAPS);
  fail_unless_equals_int (GST_EVENT_TYPE (tap_get (tap, 2)), GST_EVENT_SEGMENT);
  fail_unless_equals_int (GST_EVENT_TYPE (tap_get (tap, 3)), GST_EVENT_GAP);
  gst_event_parse_gap (tap_event (tap, GST_EVENT_GAP, 0), &start, &duration);
  fail_unless_equals_uint64 (start, 0);
  fail_unless_equals_uint64 (duration, 730 * MS);

  talk_run_to (talk, 1 * GST_SECOND);
  tap_assert_texts (tap, "");
  fail_unless_equals_uint64 (assert_tiled (tap), 1 * GST_SECOND);
  talk_free (talk);
}
GST_END_TEST;

/* Whoever asks for a pad links it a little later: nothing of the stream may be
 * gone by then, and the format is what the peer takes. */
GST_START_TEST (test_link_while_playing)
{
  Talk *talk = talk_new_playing ();
  guint64 start, duration;
  GstCaps *caps;
  GstPad *pad;
  Tap *tap;

  talk_run_to (talk, 730 * MS);
  pad = gst_element_request_pad_simple (talk->element, "text_src_%u");
  /* Enough for its task to make a mistake: it would wait for a tick. */
  gst_test_clock_timed_wait_for_multiple_pending_ids (
      talk->clock, 2, 200, NULL);
  tap = talk_link_text (talk, pad, JSON);
  talk_settle (talk);
  gst_event_parse_caps (tap_event (tap, GST_EVENT_CAPS, 0), &caps);
  fail_unless (gst_structure_has_name (
      gst_caps_get_structure (caps, 0), "application/x-json"));
  gst_event_parse_gap (tap_event (tap, GST_EVENT_GAP, 0), &start, &duration);
  fail_unless_equals_uint64 (start, 0);
  fail_unless_equals_uint64 (duration, 730 * MS);
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_late_pad_gets_new_words)
{
  Talk *talk = talk_new_playing ();
  Tap *tap;

  answer (talk, "Old words.", 300);
  talk_run_to (talk, 500 * MS);
  tap = talk_tap_of (talk, talk_add_text (talk, NULL, PLAIN));
  talk_settle (talk);
  peer_begin (talk->peer, "resp_2");
  say (talk, &(Spot){ "resp_2", 0, "item_n" }, "New words.", 300, NULL);
  peer_end (talk->peer, "resp_2", "completed");
  talk_sync (talk);
  talk_run_to (talk, 2 * GST_SECOND);
  tap_assert_texts (tap, "New words.");
  assert_tiled (tap);
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_request_after_eos)
{
  Talk *talk = talk_new_playing ();
  GstEvent *eos = gst_event_new_eos ();
  guint32 seqnum = gst_event_get_seqnum (eos);
  Tap *tap;

  fail_unless (gst_harness_push_event (talk->harness, eos));
  talk_run_to_eos (talk);
  tap = talk_tap_of (talk, talk_add_text (talk, NULL, PLAIN));
  fail_unless_equals_int (
      gst_event_get_seqnum (tap_event (tap, GST_EVENT_EOS, 0)), seqnum);
  fail_unless_equals_int (tap_count_events (tap, GST_EVENT_STREAM_START), 1);
  fail_unless_equals_int (tap_count_events (tap, GST_EVENT_SEGMENT), 1);
  fail_unless_equals_int (tap_count_buffers (tap), 0);
  talk_free (talk);
}
GST_END_TEST;

static const GstState states[] = { GST_STATE_NULL, GST_STATE_READY,
  GST_STATE_PAUSED, GST_STATE_PLAYING };

GST_START_TEST (test_release)
{
  Talk *talk = talk_new ();
  GstPad *pad = talk_add_text (talk, NULL, PLAIN);
  guint n;

  if (states[__i__] == GST_STATE_PLAYING) {
    talk_play (talk, &law_pcm);
    answer (talk, "Words that wait. For their time.", 2000);
    talk_run_to (talk, 200 * MS);
  } else {
    gst_element_set_state (talk->element, states[__i__]);
  }
  talk_release_text (talk, pad);
  GST_OBJECT_LOCK (talk->element);
  n = talk->element->numsrcpads;
  GST_OBJECT_UNLOCK (talk->element);
  fail_unless_equals_int (n, 1);

  if (states[__i__] != GST_STATE_PLAYING)
    talk_play (talk, &law_pcm);
  talk_run_to (talk, 500 * MS);
  talk_assert_stream (talk, 480, 0);
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_names)
{
  Talk *talk = talk_new ();
  GstPad *five = talk_add_text (talk, "text_src_5", PLAIN);
  GstPad *zero = talk_add_text (talk, NULL, PLAIN);
  GstPad *one = talk_add_text (talk, NULL, PLAIN);

  fail_unless_equals_string (GST_PAD_NAME (five), "text_src_5");
  fail_unless_equals_string (GST_PAD_NAME (zero), "text_src_0");
  fail_unless_equals_string (GST_PAD_NAME (one), "text_src_1");
  talk_release_text (talk, zero);
  fail_unless_equals_string (
      GST_PAD_NAME (talk_add_text (talk, NULL, PLAIN)), "text_src_0");
  fail_unless_equals_string (
      GST_PAD_NAME (talk_add_text (talk, NULL, PLAIN)), "text_src_2");
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_launch_line)
{
  GError *error = NULL;
  GstElement *pipeline = gst_parse_launch (
      "realtime2 name=ai text_src_0::roles=user+assistant "
      "text_src_1::granularity=item ai.text_src_0 ! fakesink "
      "ai.text_src_1 ! fakesink",
      &error);
  GstElement *ai;
  guint roles, assistant;
  gint granularity;

  fail_unless (pipeline && !error);
  ai = gst_bin_get_by_name (GST_BIN (pipeline), "ai");
  gst_child_proxy_get (GST_CHILD_PROXY (ai), "text_src_0::roles", &roles, NULL);
  gst_child_proxy_get (
      GST_CHILD_PROXY (ai), "text_src_1::roles", &assistant, NULL);
  gst_child_proxy_get (
      GST_CHILD_PROXY (ai), "text_src_1::granularity", &granularity, NULL);
  fail_unless_equals_int (roles, 3);
  fail_unless_equals_int (assistant, 2);
  fail_unless_equals_int (granularity, 2);
  gst_object_unref (ai);
  gst_object_unref (pipeline);
}
GST_END_TEST;

#define COMINGS 3000

static gpointer
come_and_go (gpointer element)
{
  for (guint i = 0; i < COMINGS; i++) {
    GstPad *pad = gst_element_request_pad_simple (element, "text_src_%u");

    fail_unless (pad != NULL);
    gst_element_release_request_pad (element, pad);
    gst_object_unref (pad);
  }
  return NULL;
}

/* A name is free only when the element has it no more: another thread may ask
 * for it at once. */
GST_START_TEST (test_names_are_unique)
{
  GstElement *element = gst_element_factory_make ("realtime2", NULL);
  GThread *threads[3];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("pads", come_and_go, element);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  gst_object_unref (element);
}
GST_END_TEST;

static Suite *
texts_suite (void)
{
  Suite *suite = suite_create ("texts");
  TCase *words = tcase_create ("words");
  TCase *user = tcase_create ("user");
  TCase *pads = tcase_create ("pads");

  suite_add_tcase (suite, words);
  tcase_add_test (words, test_gaps);
  tcase_add_test (words, test_gaps_while_connecting);
  tcase_add_test (words, test_sentences);
  tcase_add_test (words, test_sentences_leave_when_spoken);
  tcase_add_test (words, test_meta);
  tcase_add_test (words, test_written_answer);
  tcase_add_test (words, test_json);
  tcase_add_test (words, test_granularity_item);
  tcase_add_test (words, test_granularity_delta);
  tcase_add_test (words, test_max_wait);
  tcase_add_test (words, test_sync_arrival);
  tcase_add_test (words, test_phases);

  suite_add_tcase (suite, user);
  tcase_add_test (user, test_roles);
  tcase_add_test (user, test_user_text);
  tcase_add_test (user, test_user_text_is_asked_for);
  tcase_add_test (user, test_events_for_neighbours);

  suite_add_tcase (suite, pads);
  tcase_add_test (pads, test_request_while_playing);
  tcase_add_test (pads, test_link_while_playing);
  tcase_add_test (pads, test_late_pad_gets_new_words);
  tcase_add_test (pads, test_request_after_eos);
  tcase_add_loop_test (pads, test_release, 0, G_N_ELEMENTS (states));
  tcase_add_test (pads, test_names);
  tcase_add_test (pads, test_launch_line);
  tcase_add_test (pads, test_names_are_unique);
  return suite;
}

GST_CHECK_MAIN (texts);
