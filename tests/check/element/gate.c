/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mute-while-speaking: which samples of the input the server gets, and which
 * are silence because the agent was heard, to the sample.
 */
#include "harness.h"

#include <string.h>

#define COMMIT "input_audio_buffer.commit"
/* Between src and the ear. */
#define PIPELINE (120 * MS)
#define BEYOND (80 * MS)

static const Spot spot = { "resp_1", 0, "item_1" };

/* --- helpers --- */

static Talk *
new_talk (const Law *law, gboolean mute, guint64 tail)
{
  Talk *talk = talk_new ();

  gst_util_set_object_arg (G_OBJECT (talk->element), "turn-detection", "none");
  g_object_set (talk->element, "mute-while-speaking", mute, "echo-tail", tail,
      "playout-offset", BEYOND, NULL);
  talk_play (talk, law);
  fail_unless (gst_harness_push_upstream_event (
      talk->harness, gst_event_new_latency (PIPELINE)));
  gst_harness_set_src_caps_str (talk->harness, law->caps);
  return talk;
}

/* The agent says @n samples at once. */
static void
say (Talk *talk, guint64 n)
{
  peer_begin (talk->peer, spot.response);
  peer_item (talk->peer, &spot, NULL);
  peer_speech (talk->peer, &spot, talk->out, 0, n);
  peer_audio_done (talk->peer, &spot);
  peer_end (talk->peer, spot.response, "completed");
  talk_sync (talk);
}

/* Running time at which the first sample of speech sounds. */
static guint64
first_sound (Talk *talk)
{
  for (guint i = 0; i < tap_count_buffers (talk->src); i++) {
    GstBuffer *buffer = tap_buffer (talk->src, i);

    if (!GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_GAP))
      return GST_BUFFER_PTS (buffer) + PIPELINE + BEYOND;
  }
  g_assert_not_reached ();
}

/* What was captured from @from to @to ms, in buffers of @piece samples. */
static void
capture (Talk *talk, const Law *law, guint from, guint to, guint piece)
{
  guint64 end = (guint64) to * law->rate / 1000;

  for (guint64 at = (guint64) from * law->rate / 1000; at < end; at += piece)
    fail_unless_equals_int (
        gst_harness_push (
            talk->harness, talk_input (law, at, at, MIN (piece, end - at))),
        GST_FLOW_OK);
}

static gboolean
is_quiet (const Law *law, const guint8 *sample)
{
  for (guint i = 0; i < law->width; i++)
    if (sample[i] != law->silence)
      return FALSE;
  return TRUE;
}

typedef struct {
  guint64 from, to; /* running time */
} Span;

/* The input from 0 on is @n samples; those captured in one of the @spans are
 * silence, all others are untouched. */
static void
assert_muted (
    Talk *talk, const Law *law, guint64 n, const Span *spans, guint n_spans)
{
  GByteArray *got;
  guint8 *sent = g_malloc (n * law->width);
  guint64 muted = 0;

  fail_unless (gst_harness_push_event (talk->harness, gst_event_new_eos ()));
  peer_event (talk->peer, COMMIT, 0);
  got = peer_dup_audio (talk->peer);
  fail_unless_equals_int (got->len, n * law->width);
  law_fill (law, sent, 0, n);
  for (guint64 i = 0; i < n; i++) {
    const guint8 *sample = got->data + i * law->width;
    guint64 at = law_ns (law, i);
    gboolean quiet = FALSE;

    for (guint j = 0; j < n_spans; j++)
      quiet |= at >= spans[j].from && at < spans[j].to;
    muted += quiet;
    if (quiet)
      fail_unless (is_quiet (law, sample), "sample %u is heard", (guint) i);
    else
      fail_unless (memcmp (sample, sent + i * law->width, law->width) == 0,
          "sample %u is not what was captured", (guint) i);
  }
  fail_unless_equals_uint64 (
      talk_stat (talk, "input-muted-time"), law_ns (law, muted));
  g_free (sent);
  g_byte_array_unref (got);
}

/* --- when --- */

GST_START_TEST (test_off)
{
  Talk *talk = new_talk (&law_pcm, FALSE, 300 * MS);

  say (talk, 24000);
  talk_run_to (talk, 2000 * MS);
  capture (talk, &law_pcm, 0, 2000, 480);
  assert_muted (talk, &law_pcm, 48000, NULL, 0);
  talk_free (talk);
}
GST_END_TEST;

static const struct {
  const Law *law;
  guint64 tail;
  guint piece; /* samples of a captured buffer */
} cases[] = {
  { &law_pcm, 0, 480 },
  { &law_pcm, 300 * MS, 240 },
  { &law_pcm, 300 * MS, 48000 },
  { &law_pcm, 1000 * MS, 2400 },
  { &law_mulaw, 0, 80 },
  { &law_mulaw, 300 * MS, 800 },
  { &law_alaw, 300 * MS, 160 },
};

/* From the first sound at the ear until the last one and the tail. */
GST_START_TEST (test_heard)
{
  const Law *law = cases[__i__].law;
  Talk *talk = new_talk (law, TRUE, cases[__i__].tail);
  Span span;

  talk_run_to (talk, 500 * MS);
  say (talk, law->rate / 2);
  talk_run_to (talk, 3000 * MS);
  capture (talk, law, 0, 3000, cases[__i__].piece);
  span.from = first_sound (talk);
  span.to = span.from + 500 * MS + cases[__i__].tail;
  assert_muted (talk, law, 3 * law->rate, &span, 1);
  talk_free (talk);
}
GST_END_TEST;

/* A pause of the network that is longer than the tail lets the user through. */
GST_START_TEST (test_pause)
{
  Talk *talk = new_talk (&law_pcm, TRUE, 100 * MS);
  Span spans[2];

  peer_begin (talk->peer, spot.response);
  peer_item (talk->peer, &spot, NULL);
  peer_speech (talk->peer, &spot, talk->out, 0, 9600);
  talk_sync (talk);
  talk_run_to (talk, 1000 * MS);
  peer_speech (talk->peer, &spot, talk->out, 9600, 4800);
  talk_sync (talk);
  talk_run_to (talk, 2000 * MS);
  capture (talk, &law_pcm, 0, 2000, 480);
  spans[0].from = first_sound (talk);
  spans[0].to = spans[0].from + 500 * MS;
  spans[1].from = 1020 * MS + PIPELINE + BEYOND;
  spans[1].to = spans[1].from + 300 * MS;
  assert_muted (talk, &law_pcm, 48000, spans, 2);
  talk_free (talk);
}
GST_END_TEST;

/* What was dropped was not heard; the fade was. */
GST_START_TEST (test_interrupted)
{
  Talk *talk = new_talk (&law_pcm, TRUE, 0);
  Span span;

  say (talk, 72000);
  talk_run_to (talk, 400 * MS);
  peer_user_starts (talk->peer, "item_u", 0);
  talk_sync (talk);
  talk_run_to (talk, 2000 * MS);
  capture (talk, &law_pcm, 0, 2000, 480);
  span.from = first_sound (talk);
  /* The period of 400 ms and a fade of 8 ms, in grains of 10 ms. */
  span.to = 430 * MS + PIPELINE + BEYOND;
  assert_muted (talk, &law_pcm, 48000, &span, 1);
  talk_free (talk);
}
GST_END_TEST;

/* Both properties count from the next sample on. */
GST_START_TEST (test_set_in_playing)
{
  Talk *talk = new_talk (&law_pcm, FALSE, 0);
  Span spans[2];

  say (talk, 72000);
  talk_run_to (talk, 3000 * MS);
  spans[0].from = 1000 * MS;
  spans[0].to = 2000 * MS;
  capture (talk, &law_pcm, 0, 1000, 480);
  g_object_set (talk->element, "mute-while-speaking", TRUE, NULL);
  capture (talk, &law_pcm, 1000, 2000, 480);
  g_object_set (talk->element, "mute-while-speaking", FALSE, NULL);
  capture (talk, &law_pcm, 2000, 3000, 480);
  talk_run_to (talk, 4500 * MS);
  g_object_set (
      talk->element, "mute-while-speaking", TRUE, "echo-tail", 500 * MS, NULL);
  capture (talk, &law_pcm, 3000, 4500, 480);
  spans[1].from = 3000 * MS;
  spans[1].to = first_sound (talk) + 3500 * MS;
  assert_muted (talk, &law_pcm, 4.5 * 24000, spans, 2);
  talk_free (talk);
}
GST_END_TEST;

static gpointer
push_file (gpointer data)
{
  Talk *talk = data;

  capture (talk, &law_pcm, 0, 2000, 48000);
  talk_add_pusher (talk, -1);
  return NULL;
}

/* A file keeps the time of the clock: what the agent says while a long buffer
 * is on its way counts. */
GST_START_TEST (test_paced)
{
  Talk *talk = new_talk (&law_pcm, TRUE, 0);
  GThread *thread;
  Span span;

  gst_harness_set_live (talk->harness, FALSE);
  talk_add_pusher (talk, 1);
  thread = g_thread_new ("file", push_file, talk);
  talk_run_to (talk, 500 * MS);
  say (talk, 12000);
  talk_run_to (talk, 2100 * MS);
  g_thread_join (thread);
  span.from = first_sound (talk);
  span.to = span.from + 500 * MS;
  assert_muted (talk, &law_pcm, 48000, &span, 1);
  talk_free (talk);
}
GST_END_TEST;

/* Half a second of a translation, at once. */
static void
translate (Talk *talk)
{
  GBytes *speech = law_speech (&law_pcm, 0, 12000);
  gsize size;
  gconstpointer data = g_bytes_get_data (speech, &size);
  gchar *delta = g_base64_encode (data, size);

  peer_send (talk->peer,
      "{\"type\":\"session.output_audio.delta\",\"event_id\":\"event_1\","
      "\"delta\":\"%s\",\"elapsed_ms\":500}",
      delta);
  talk_sync (talk);
  g_free (delta);
  g_bytes_unref (speech);
}

/* The input's second number @i as the server got it. */
static guchar *
second_of_translation (Talk *talk, guint i)
{
  JsonObject *event = peer_event (
      talk->peer, "session.input_audio_buffer.append", i);
  gsize size;
  guchar *audio = g_base64_decode (
      json_object_get_string_member (event, "audio"), &size);

  fail_unless_equals_int (size, 48000);
  return audio;
}

/* A translation runs behind the clock, and the latency of the pipeline tells by
 * how much. */
GST_START_TEST (test_translation)
{
  const guint64 latency = 2000 * MS;
  Talk *talk = talk_new ();

  g_object_set (talk->element, "model", "gpt-realtime-translate", "latency",
      latency, "chunk-duration", GST_SECOND, "mute-while-speaking", TRUE,
      "echo-tail", 100 * MS, NULL);
  talk_play (talk, &law_pcm);
  fail_unless (gst_harness_push_upstream_event (
      talk->harness, gst_event_new_latency (latency + 100 * MS)));
  gst_harness_set_src_caps_str (talk->harness, law_pcm.caps);
  capture (talk, &law_pcm, 0, 1000, 24000);
  g_free (second_of_translation (talk, 0));
  translate (talk);
  talk_run_to (talk, 3000 * MS);
  capture (talk, &law_pcm, 1000, 3000, 24000);
  for (guint i = 0; i < 3; i++) {
    guchar *audio = second_of_translation (talk, i);

    for (guint ms = 0; ms < 1000; ms++) {
      guint64 at = (i * 1000 + ms) * MS;

      /* Sample 0 of the stream sounds at the latency. */
      fail_unless_equals_int (is_quiet (&law_pcm, audio + 48 * ms),
          at >= latency + 100 * MS && at < latency + 700 * MS);
    }
    g_free (audio);
  }
  talk_free (talk);
}
GST_END_TEST;

static Suite *
gate_suite (void)
{
  Suite *s = suite_create ("gate");
  TCase *tc = tcase_create ("gate");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_off);
  tcase_add_loop_test (tc, test_heard, 0, G_N_ELEMENTS (cases));
  tcase_add_test (tc, test_pause);
  tcase_add_test (tc, test_interrupted);
  tcase_add_test (tc, test_set_in_playing);
  tcase_add_test (tc, test_paced);
  tcase_add_test (tc, test_translation);
  return s;
}

GST_CHECK_MAIN (gate);
