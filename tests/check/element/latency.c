/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How long the user waits for what can be heard, and how smoothly it is spoken:
 * what the bus and `stats` say, to the sample on the test's clock.
 */
#include "harness.h"

#include <string.h>

/* The first sample of law_fill() that is louder than -50 dB. */
#define AUDIBLE 103
/* What the pipeline takes from src to the ear, and what is behind it. */
#define LATENCY (220 * MS)
#define OFFSET (30 * MS)
/* The user stops speaking here; the VAD, which waits 500 ms, at 950 ms. */
#define SPEECH_END (450 * MS)
#define OVER (1200 * MS)
#define CAME (1500 * MS)

static const Spot spot_a = { "resp_1", 0, "item_a" };
static const Spot spot_b = { "resp_1", 1, "item_b" };
static const Spot spot_n = { "resp_2", 0, "item_n" };

static const gchar *const no_latency[] = { "latency", "latency-turn",
  "latency-server", "latency-output", "commentary-latency",
  "final-answer-latency", NULL };

/* --- helpers --- */

static Talk *
new_talk (void)
{
  Talk *talk = talk_new ();

  g_object_set (talk->element, "playout-offset", (guint64) OFFSET, NULL);
  talk_play (talk, &law_pcm);
  gst_harness_push_upstream_event (
      talk->harness, gst_event_new_latency (LATENCY));
  return talk;
}

/* Speaks for a second; the VAD tells at OVER. */
static void
end_turn (Talk *talk)
{
  talk_speak (talk, &law_pcm, 24000);
  peer_wait_audio (talk->peer, 48000);
  talk_run_to (talk, OVER);
  peer_user_starts (talk->peer, "item_u", 0);
  peer_user_stops (talk->peer, "item_u", 950);
  peer_committed (talk->peer, "item_u");
  talk_sync (talk);
}

static void
say (Talk *talk, const Spot *spot, const gchar *phase, guint64 n)
{
  peer_item (talk->peer, spot, phase);
  peer_speech (talk->peer, spot, talk->out, 0, n);
  peer_audio_done (talk->peer, spot);
}

static guint
get_uint (const GstStructure *fields, const gchar *name)
{
  guint value = 0;

  fail_unless (
      gst_structure_get_uint (fields, name, &value), "there is no %s", name);
  return value;
}

static void
assert_absent (const GstStructure *fields, const gchar *const *names)
{
  for (; *names; names++)
    fail_if (gst_structure_has_field (fields, *names), "there is %s", *names);
}

static guint64
get_part (const GstStructure *fields, const gchar *name, const gchar *part)
{
  gchar *full = g_strconcat (name, part, NULL);
  guint64 value = talk_uint64 (fields, full);

  g_free (full);
  return value;
}

/* @came: when the first audio came, @sounded: when it was heard. */
static void
assert_latency (const GstStructure *fields, const gchar *name, guint64 came,
    guint64 sounded)
{
  fail_unless_equals_uint64 (get_part (fields, name, ""), sounded - SPEECH_END);
  fail_unless_equals_uint64 (
      get_part (fields, name, "-turn"), OVER - SPEECH_END);
  fail_unless_equals_uint64 (get_part (fields, name, "-server"), came - OVER);
  fail_unless_equals_uint64 (
      get_part (fields, name, "-output"), sounded - came);
}

/* When sample @n of what is placed from @rt on is heard. */
static guint64
heard_at (guint64 rt, guint64 n)
{
  return rt + law_ns (&law_pcm, n) + LATENCY + OFFSET;
}

/* --- latency --- */

GST_START_TEST (test_vad_turn)
{
  Talk *talk = new_talk ();
  guint64 sounded = heard_at (CAME + 20 * MS, AUDIBLE);
  const GstStructure *fields;

  end_turn (talk);
  talk_run_to (talk, CAME);
  peer_begin (talk->peer, "resp_1");
  say (talk, &spot_a, NULL, 4800);
  talk_sync (talk);
  fail_unless_equals_uint64 (talk_stat (talk, "latency-count"), 0);
  talk_run_to (talk, CAME + 100 * MS);
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  fields = talk_message (talk, "response-done", 0);
  assert_latency (fields, "latency", CAME, sounded);
  fail_unless_equals_uint64 (talk_uint64 (fields, "first-audio"), sounded);
  fail_unless_equals_uint64 (talk_uint64 (fields, "played-ms"), 100);
  fail_unless_equals_int (talk_count_messages (talk, "response-heard"), 0);

  talk_run_to (talk, CAME + 200 * MS);
  fields = talk_message (talk, "response-heard", 0);
  fail_unless_equals_string (talk_string (fields, "response-id"), "resp_1");
  fail_unless_equals_string (talk_string (fields, "status"), "completed");
  assert_latency (fields, "latency", CAME, sounded);
  assert_latency (fields, "final-answer-latency", CAME, sounded);
  fail_if (gst_structure_has_field (fields, "commentary-latency"));
  fail_unless_equals_uint64 (
      talk_uint64 (fields, "running-time"), CAME + 200 * MS);
  fail_unless_equals_uint64 (talk_uint64 (fields, "first-audio"), sounded);
  fail_unless_equals_uint64 (
      talk_uint64 (fields, "last-audio"), heard_at (CAME + 20 * MS, 4800));
  fail_unless_equals_uint64 (talk_uint64 (fields, "played-ms"), 200);
  fail_unless_equals_uint64 (talk_uint64 (fields, "dropped-ms"), 0);
  fail_unless_equals_int (get_uint (fields, "underruns"), 0);
  fail_unless_equals_int (get_uint (fields, "slips"), 0);

  talk_run_to (talk, CAME + 400 * MS);
  fail_unless_equals_int (talk_count_messages (talk, "response-heard"), 1);
  fail_unless_equals_uint64 (talk_stat (talk, "latency-count"), 1);
  fail_unless_equals_uint64 (
      talk_stat (talk, "latency-last"), sounded - SPEECH_END);
  fail_unless_equals_uint64 (
      talk_stat (talk, "latency-server-p95"), CAME - OVER);
  fail_unless_equals_uint64 (
      talk_stat (talk, "final-answer-latency-max"), sounded - SPEECH_END);
  fail_unless_equals_uint64 (talk_stat (talk, "commentary-latency-count"), 0);
  talk_free (talk);
}
GST_END_TEST;

/* Counted from the last sample that was captured, not from the commit. */
GST_START_TEST (test_manual_turn)
{
  Talk *talk = talk_new ();
  const GstStructure *fields;

  gst_util_set_object_arg (G_OBJECT (talk->element), "turn-detection", "none");
  talk_play (talk, &law_pcm);
  talk_speak (talk, &law_pcm, 10801);
  talk_run_to (talk, OVER);
  fail_unless (gst_harness_push_event (talk->harness, gst_event_new_eos ()));
  peer_event (talk->peer, "response.create", 0);
  peer_committed (talk->peer, "item_u");
  talk_run_to (talk, CAME);
  peer_begin (talk->peer, "resp_1");
  say (talk, &spot_a, NULL, 480);
  peer_end (talk->peer, "resp_1", "completed");
  talk_run_to_eos (talk);
  fields = talk_message (talk, "response-heard", 0);
  fail_unless_equals_uint64 (
      talk_uint64 (fields, "latency-turn"), OVER - law_ns (&law_pcm, 10801));
  fail_unless_equals_uint64 (
      talk_uint64 (fields, "latency-server"), CAME - OVER);
  fail_unless_equals_uint64 (talk_uint64 (fields, "latency-output"),
      20 * MS + law_ns (&law_pcm, AUDIBLE));
  talk_free (talk);
}
GST_END_TEST;

/* Synthesized speech begins with silence, here in a delta of its own that ends
 * within a sample. */
GST_START_TEST (test_leading_silence)
{
  Talk *talk = new_talk ();
  GBytes *speech = law_speech (&law_pcm, 5000, 2400);
  guint8 quiet[2 * 1201] = { 0 };

  quiet[2400] = ((const guint8 *) g_bytes_get_data (speech, NULL))[0];
  end_turn (talk);
  talk_run_to (talk, CAME);
  peer_begin (talk->peer, "resp_1");
  peer_item (talk->peer, &spot_a, NULL);
  peer_audio (talk->peer, &spot_a, quiet, 2401);
  peer_audio (talk->peer, &spot_a,
      (const guint8 *) g_bytes_get_data (speech, NULL) + 1, 4799);
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  talk_run_to (talk, CAME + 40 * MS);
  fail_unless_equals_uint64 (talk_stat (talk, "latency-count"), 0);
  talk_run_to (talk, CAME + 200 * MS);
  talk_assert_silence (talk, 76 * 480, 1200);
  talk_assert_speech (talk, 76 * 480 + 1200, 5000, 2400);
  assert_latency (talk_message (talk, "response-heard", 0), "latency", CAME,
      heard_at (CAME + 20 * MS, 1200));
  g_bytes_unref (speech);
  talk_free (talk);
}
GST_END_TEST;

/* Nothing but silence: nobody has heard anything. */
GST_START_TEST (test_all_silent)
{
  static const guint8 quiet[9600];
  Talk *talk = new_talk ();
  const GstStructure *fields;

  end_turn (talk);
  peer_begin (talk->peer, "resp_1");
  peer_audio (talk->peer, &spot_a, quiet, sizeof quiet);
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  talk_run_to (talk, CAME + 200 * MS);
  fields = talk_message (talk, "response-heard", 0);
  assert_absent (fields, no_latency);
  fail_if (gst_structure_has_field (fields, "first-audio"));
  fail_unless_equals_uint64 (talk_uint64 (fields, "played-ms"), 200);
  fail_unless_equals_uint64 (talk_stat (talk, "latency-count"), 0);
  talk_free (talk);
}
GST_END_TEST;

/* The answer waits until the commentary was spoken: that is our part. */
GST_START_TEST (test_phases)
{
  Talk *talk = new_talk ();
  const GstStructure *fields;
  guint64 begun = heard_at (CAME + 20 * MS, AUDIBLE);
  guint64 answered = heard_at (CAME + 20 * MS, 9600 + AUDIBLE);

  end_turn (talk);
  talk_run_to (talk, CAME);
  peer_begin (talk->peer, "resp_1");
  say (talk, &spot_a, "commentary", 9600);
  talk_sync (talk);
  talk_run_to (talk, CAME + 60 * MS);
  say (talk, &spot_b, "final_answer", 4800);
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  fields = talk_message (talk, "response-done", 0);
  assert_latency (fields, "commentary-latency", CAME, begun);
  fail_if (gst_structure_has_field (fields, "final-answer-latency"));

  talk_run_to (talk, CAME + 700 * MS);
  fields = talk_message (talk, "response-heard", 0);
  assert_latency (fields, "latency", CAME, begun);
  assert_latency (fields, "commentary-latency", CAME, begun);
  assert_latency (fields, "final-answer-latency", CAME + 60 * MS, answered);
  fail_unless_equals_uint64 (
      talk_stat (talk, "commentary-latency-last"), begun - SPEECH_END);
  fail_unless_equals_uint64 (
      talk_stat (talk, "final-answer-latency-last"), answered - SPEECH_END);
  talk_free (talk);
}
GST_END_TEST;

/* The answer comes after a function was called, in a response of its own. */
GST_START_TEST (test_function)
{
  Talk *talk = new_talk ();
  const GstStructure *fields;

  end_turn (talk);
  talk_run_to (talk, CAME);
  peer_begin (talk->peer, "resp_1");
  say (talk, &spot_a, NULL, 960);
  peer_send (talk->peer,
      "{\"type\":\"response.output_item.done\",\"event_id\":\"event_f\","
      "\"response_id\":\"resp_1\",\"output_index\":1,\"item\":{"
      "\"id\":\"item_f\",\"type\":\"function_call\",\"status\":"
      "\"completed\",\"call_id\":\"call_1\",\"name\":\"f\","
      "\"arguments\":\"{}\"}}");
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  talk_run_to (talk, CAME + 500 * MS);
  peer_begin (talk->peer, "resp_2");
  say (talk, &spot_n, NULL, 960);
  peer_end (talk->peer, "resp_2", "completed");
  talk_sync (talk);
  talk_run_to (talk, CAME + 700 * MS);

  fields = talk_message (talk, "response-heard", 0);
  assert_latency (
      fields, "commentary-latency", CAME, heard_at (CAME + 20 * MS, AUDIBLE));
  fail_if (gst_structure_has_field (fields, "final-answer-latency"));
  fields = talk_message (talk, "response-heard", 1);
  fail_if (gst_structure_has_field (fields, "latency"));
  assert_latency (fields, "final-answer-latency", CAME + 500 * MS,
      heard_at (CAME + 520 * MS, AUDIBLE));
  fail_unless_equals_uint64 (talk_stat (talk, "latency-count"), 1);
  talk_free (talk);
}
GST_END_TEST;

/* What no turn asked for has nobody who waits for it. */
GST_START_TEST (test_no_turn)
{
  Talk *talk = new_talk ();
  const GstStructure *fields;

  peer_begin (talk->peer, "resp_2");
  say (talk, &spot_n, NULL, 960);
  peer_end (talk->peer, "resp_2", "completed");
  talk_sync (talk);
  end_turn (talk);
  fields = talk_message (talk, "response-heard", 0);
  assert_absent (fields, no_latency);
  fail_unless_equals_uint64 (
      talk_uint64 (fields, "first-audio"), heard_at (20 * MS, AUDIBLE));
  fail_unless_equals_uint64 (talk_stat (talk, "latency-count"), 0);
  talk_free (talk);
}
GST_END_TEST;

/* The response that the client asked for last is there, and says so. */
static void
begin_asked (Talk *talk, const gchar *response, guint i)
{
  JsonObject *create = peer_event (talk->peer, "response.create", i);
  JsonObject *params = json_object_get_object_member (create, "response");
  JsonObject *metadata = json_object_get_object_member (params, "metadata");

  peer_send (talk->peer,
      "{\"type\":\"response.created\",\"event_id\":\"event_1\",\"response\":{"
      "\"object\":\"realtime.response\",\"id\":\"%s\","
      "\"status\":\"in_progress\",\"output\":[],"
      "\"metadata\":{\"client_event_id\":\"%s\"}}}",
      response, json_object_get_string_member (metadata, "client_event_id"));
}

/* An opening that comes while the user's answer is due, and what is asked for
 * out of band meanwhile, do not answer. */
GST_START_TEST (test_between)
{
  Talk *talk = talk_new ();
  gboolean taken;

  g_object_set (talk->element, "greeting", "Say hello.", "interrupt-response",
      FALSE, NULL);
  talk_play (talk, &law_pcm);
  end_turn (talk);
  begin_asked (talk, "resp_2", 0);
  say (talk, &spot_n, NULL, 960);
  peer_end (talk->peer, "resp_2", "completed");
  talk_sync (talk);
  g_signal_emit_by_name (talk->element, "create-response",
      "{\"conversation\":\"none\",\"input\":[]}", &taken);
  fail_unless (taken);
  begin_asked (talk, "resp_x", 1);
  peer_end (talk->peer, "resp_x", "completed");
  talk_sync (talk);
  talk_run_to (talk, CAME);
  assert_absent (talk_message (talk, "response-heard", 0), no_latency);

  peer_begin (talk->peer, "resp_1");
  say (talk, &spot_a, NULL, 960);
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  talk_run_to (talk, CAME + 100 * MS);
  assert_latency (talk_message (talk, "response-heard", 1), "latency", CAME,
      CAME + 20 * MS + law_ns (&law_pcm, AUDIBLE));
  fail_unless_equals_int (talk_count_messages (talk, "response-heard"), 2);
  fail_unless_equals_uint64 (talk_stat (talk, "latency-count"), 1);
  talk_free (talk);
}
GST_END_TEST;

/* Written answers have nothing to hear. */
GST_START_TEST (test_written)
{
  Talk *talk = new_talk ();

  end_turn (talk);
  peer_begin (talk->peer, "resp_1");
  peer_item (talk->peer, &spot_a, NULL);
  peer_item_done (talk->peer, &spot_a, "Yes.", NULL);
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  talk_run_to (talk, CAME);
  assert_absent (talk_message (talk, "response-done", 0), no_latency);
  fail_unless_equals_int (talk_count_messages (talk, "response-heard"), 0);
  talk_free (talk);
}
GST_END_TEST;

/* --- how it ends --- */

GST_START_TEST (test_interrupted)
{
  Talk *talk = new_talk ();
  const GstStructure *fields;
  guint64 played;

  end_turn (talk);
  talk_run_to (talk, CAME);
  peer_begin (talk->peer, "resp_1");
  say (talk, &spot_a, NULL, 72000);
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  talk_run_to (talk, CAME + 400 * MS);
  fail_unless_equals_int (talk_count_messages (talk, "response-heard"), 0);
  peer_user_starts (talk->peer, "item_v", 960);
  talk_sync (talk);
  talk_run_to (talk, CAME + 600 * MS);
  fields = talk_message (talk, "response-heard", 0);
  fail_unless_equals_string (talk_string (fields, "status"), "interrupted");
  played = talk_uint64 (talk_message (talk, "interrupted", 0), "played-ms");
  fail_unless (played >= 400 && played <= 408);
  fail_unless_equals_uint64 (talk_uint64 (fields, "played-ms"), played);
  fail_unless_equals_uint64 (talk_uint64 (fields, "dropped-ms"), 3000 - played);
  assert_latency (
      fields, "final-answer-latency", CAME, heard_at (CAME + 20 * MS, AUDIBLE));
  fail_unless_equals_uint64 (talk_uint64 (fields, "last-audio"),
      heard_at (CAME + 20 * MS, 24 * played));
  fail_unless_equals_int (talk_count_messages (talk, "response-heard"), 1);
  talk_free (talk);
}
GST_END_TEST;

/* The connection goes in the middle: what came is heard, and it is told. */
GST_START_TEST (test_lost)
{
  Talk *talk = new_talk ();
  const GstStructure *fields;

  end_turn (talk);
  peer_begin (talk->peer, "resp_1");
  peer_speech (talk->peer, &spot_a, &law_pcm, 0, 4800);
  talk_sync (talk);
  talk_run_to (talk, CAME + 100 * MS);
  peer_drop (talk->peer);
  talk_message (talk, "session-lost", 0);
  talk_run_to (talk, CAME + 300 * MS);
  fields = talk_message (talk, "response-heard", 0);
  fail_unless_equals_string (talk_string (fields, "status"), "incomplete");
  fail_unless_equals_uint64 (talk_uint64 (fields, "played-ms"), 200);
  fail_unless_equals_int (talk_count_messages (talk, "response-retracted"), 0);
  talk_free (talk);
}
GST_END_TEST;

/* Not a sample of it had left: it was never there. */
GST_START_TEST (test_lost_unheard)
{
  Talk *talk = new_talk ();
  const GstStructure *fields;

  end_turn (talk);
  peer_begin (talk->peer, "resp_1");
  peer_speech (talk->peer, &spot_a, &law_pcm, 0, 4800);
  talk_sync (talk);
  peer_drop (talk->peer);
  fields = talk_message (talk, "response-retracted", 0);
  fail_unless_equals_string (talk_string (fields, "response-id"), "resp_1");
  talk_message (talk, "session-lost", 0);
  talk_run_to (talk, CAME + 300 * MS);
  fail_unless_equals_int (talk_count_messages (talk, "response-heard"), 0);
  talk_free (talk);
}
GST_END_TEST;

/* --- how smooth it is --- */

/* The server pauses between deltas: silence is put in, what comes late follows,
 * nothing is left out and nothing overlaps. */
GST_START_TEST (test_underruns)
{
  Talk *talk = new_talk ();
  guint64 missing = law_ns (&law_pcm, 4 * 480 - 500)
      + law_ns (&law_pcm, 3 * 480 - 700);
  const GstStructure *fields;

  peer_begin (talk->peer, "resp_1");
  peer_speech (talk->peer, &spot_a, &law_pcm, 0, 500);
  talk_sync (talk);
  talk_run_to (talk, 80 * MS);
  peer_speech (talk->peer, &spot_a, &law_pcm, 500, 700);
  talk_sync (talk);
  talk_run_to (talk, 140 * MS);
  peer_speech (talk->peer, &spot_a, &law_pcm, 1200, 480);
  talk_sync (talk);
  talk_run_to (talk, 160 * MS);
  fail_unless_equals_uint64 (talk_stat (talk, "underruns"), 2);
  fail_unless_equals_uint64 (
      talk_stat (talk, "underrun-time"), law_ns (&law_pcm, 7 * 480 - 1200));
  /* It dries up once more, but there was no more to come. */
  talk_run_to (talk, 260 * MS);
  fail_unless_equals_uint64 (talk_stat (talk, "underruns"), 3);
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  talk_run_to (talk, 300 * MS);

  talk_assert_speech (talk, 480, 0, 500);
  talk_assert_silence (talk, 980, 4 * 480 - 500);
  talk_assert_speech (talk, 5 * 480, 500, 700);
  talk_assert_silence (talk, 5 * 480 + 700, 3 * 480 - 700);
  talk_assert_speech (talk, 8 * 480, 1200, 480);
  talk_assert_silence (talk, 9 * 480, talk_count_samples (talk) - 9 * 480);
  talk_assert_stream (talk, 480, 0);

  fields = talk_message (talk, "response-heard", 0);
  fail_unless_equals_int (get_uint (fields, "underruns"), 2);
  fail_unless_equals_uint64 (
      talk_uint64 (fields, "underrun-time"), law_ns (&law_pcm, 7 * 480 - 1200));
  fail_unless_equals_int (get_uint (fields, "slips"), 2);
  fail_unless (talk_uint64 (fields, "slip-time") >= missing
      && talk_uint64 (fields, "slip-time") <= missing + 2);
  fail_unless_equals_uint64 (talk_uint64 (fields, "played-ms"), 70);
  fail_unless_equals_uint64 (talk_stat (talk, "underruns"), 2);
  fail_unless_equals_uint64 (
      talk_stat (talk, "underrun-time"), law_ns (&law_pcm, 7 * 480 - 1200));
  fail_unless_equals_uint64 (talk_stat (talk, "slips"), 2);
  fail_unless_equals_uint64 (
      talk_stat (talk, "slip-time"), talk_uint64 (fields, "slip-time"));
  talk_free (talk);
}
GST_END_TEST;

typedef struct {
  guint64 late;
  guint64 fills, filled, resyncs, jumped, slips, slip;
} Stall;

/* A neighbour takes that much longer than it may for the buffer at 120 ms; the
 * next one that is due when it is back carries on. */
static const Stall stalls[] = {
  { 180 * MS, 0, 0, 0, 0, 0, 0 },
  { 500 * MS, 1, 480 * MS, 0, 0, 1, 480 * MS },
  { 3000 * MS, 0, 0, 1, 2980 * MS, 1, 2980 * MS },
};

GST_START_TEST (test_slow_neighbour)
{
  const Stall *stall = &stalls[__i__];
  Talk *talk = new_talk ();
  const GstStructure *fields;

  peer_begin (talk->peer, "resp_1");
  say (talk, &spot_a, NULL, 24000);
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  talk_run_to (talk, 100 * MS);
  tap_hold (talk->src);
  gst_test_clock_set_time (talk->clock, TALK_BASE + 120 * MS);
  gst_test_clock_crank (talk->clock);
  tap_wait_held (talk->src);
  talk_jump_to (talk, 120 * MS + stall->late);
  tap_release (talk->src);
  talk_settle (talk);
  talk_run_to (talk, 5 * GST_SECOND);

  fields = talk_message (talk, "response-heard", 0);
  fail_unless_equals_int (get_uint (fields, "slips"), stall->slips);
  fail_unless_equals_uint64 (talk_uint64 (fields, "slip-time"), stall->slip);
  fail_unless_equals_int (get_uint (fields, "underruns"), 0);
  fail_unless_equals_uint64 (talk_stat (talk, "slips"), stall->slips);
  fail_unless_equals_uint64 (talk_stat (talk, "slip-time"), stall->slip);
  fail_unless_equals_uint64 (talk_stat (talk, "output-fills"), stall->fills);
  fail_unless_equals_uint64 (
      talk_stat (talk, "output-filled-time"), stall->filled);
  fail_unless_equals_uint64 (talk_stat (talk, "resyncs"), stall->resyncs);
  fail_unless_equals_uint64 (talk_stat (talk, "resync-time"), stall->jumped);
  talk_free (talk);
}
GST_END_TEST;

static Suite *
latency_suite (void)
{
  Suite *suite = suite_create ("latency");
  TCase *latency = tcase_create ("latency");
  TCase *end = tcase_create ("end");
  TCase *smooth = tcase_create ("smooth");

  suite_add_tcase (suite, latency);
  tcase_add_test (latency, test_vad_turn);
  tcase_add_test (latency, test_manual_turn);
  tcase_add_test (latency, test_leading_silence);
  tcase_add_test (latency, test_all_silent);
  tcase_add_test (latency, test_phases);
  tcase_add_test (latency, test_function);
  tcase_add_test (latency, test_no_turn);
  tcase_add_test (latency, test_between);
  tcase_add_test (latency, test_written);

  suite_add_tcase (suite, end);
  tcase_add_test (end, test_interrupted);
  tcase_add_test (end, test_lost);
  tcase_add_test (end, test_lost_unheard);

  suite_add_tcase (suite, smooth);
  tcase_add_test (smooth, test_underruns);
  tcase_add_loop_test (smooth, test_slow_neighbour, 0, G_N_ELEMENTS (stalls));
  return suite;
}

GST_CHECK_MAIN (latency);
