/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Transcription and translation: every result has the time of the input that it
 * belongs to, and leaves when the clock is there plus the latency.
 */
#include "harness.h"

#include <string.h>

#define PLAIN "text/x-raw, format=utf8"
#define TRANSLATE "gpt-realtime-translate"
#define LATENCY (2 * GST_SECOND)

/* --- the stage --- */

/* Input goes up in pieces of a second, so that a session that keeps its audio
 * flowing has no reason to put silence into one. */
static Talk *
new_talk (const gchar *model)
{
  Talk *talk = talk_new ();

  g_object_set (talk->element, "model", model, "latency", LATENCY,
      "chunk-duration", GST_SECOND, NULL);
  return talk;
}

static Tap *
add_text (Talk *talk, guint roles)
{
  GstPad *pad = talk_add_text (talk, NULL, PLAIN);

  g_object_set (pad, "roles", roles, NULL);
  return talk_tap_of (talk, pad);
}

#define USER 1
#define ASSISTANT 2

/* A second of speech, the first sample at running time @at. */
static void
hear (Talk *talk, const gchar *append, guint64 at)
{
  guint n = peer_count (talk->peer, append);

  gst_harness_set_src_caps_str (talk->harness, law_pcm.caps);
  fail_unless_equals_int (gst_harness_push (talk->harness,
                              talk_input (&law_pcm, at * 24 / MS, 0, 24000)),
      GST_FLOW_OK);
  peer_event (talk->peer, append, n);
}

#define APPEND "input_audio_buffer.append"
#define SESSION_APPEND "session." APPEND

/* Samples @first to @first + @n of the speech that all tests speak. */
static void
say (Talk *talk, guint64 first, guint64 n)
{
  GBytes *speech = law_speech (&law_pcm, first, n);
  gsize size;
  gconstpointer data = g_bytes_get_data (speech, &size);
  gchar *delta = g_base64_encode (data, size);

  peer_send (talk->peer,
      "{\"type\":\"session.output_audio.delta\",\"event_id\":\"event_1\","
      "\"delta\":\"%s\",\"elapsed_ms\":4711}",
      delta);
  g_free (delta);
  g_bytes_unref (speech);
}

static void
say_words (Talk *talk, const gchar *side, const gchar *words, guint ms)
{
  peer_send (talk->peer,
      "{\"type\":\"session.%s_transcript.delta\",\"event_id\":\"event_2\","
      "\"delta\":\"%s\",\"elapsed_ms\":%u}",
      side, words, ms);
}

static void
said (Talk *talk, const gchar *item, const gchar *delta)
{
  peer_send (talk->peer,
      "{\"type\":\"conversation.item.input_audio_transcription.delta\","
      "\"event_id\":\"event_3\",\"item_id\":\"%s\",\"content_index\":0,"
      "\"delta\":\"%s\"}",
      item, delta);
}

/* Steps up to @until; each buffer of @tap must leave at its PTS + LATENCY, but
 * not before running time @earliest. */
static void
watch (Talk *talk, Tap *tap, guint64 until, guint64 earliest)
{
  guint n = tap_count_buffers (tap);

  while (talk_now (talk) < until) {
    talk_step (talk);
    for (; n < tap_count_buffers (tap); n++) {
      guint64 pts = GST_BUFFER_PTS (tap_buffer (tap, n));

      fail_unless_equals_uint64 (
          talk_now (talk), MAX (pts + LATENCY, earliest));
    }
  }
}

static guint64
observed_delay (Talk *talk)
{
  guint64 delay;

  g_object_get (talk->element, "max-observed-delay", &delay, NULL);
  return delay;
}

/* --- latency --- */

static void
assert_latency (GstPad *pad, guint64 wanted)
{
  GstQuery *query = gst_query_new_latency ();
  gboolean live;
  guint64 min, max;

  fail_unless (gst_pad_query (pad, query));
  gst_query_parse_latency (query, &live, &min, &max);
  fail_unless (live);
  fail_unless_equals_uint64 (min, wanted);
  fail_unless_equals_uint64 (max, GST_CLOCK_TIME_NONE);
  gst_query_unref (query);
}

GST_START_TEST (test_latency)
{
  static const struct {
    const gchar *model;
    guint64 latency;
  } models[] = {
    { "gpt-realtime-2", 20 * MS },
    { TRANSLATE, LATENCY },
    { "gpt-realtime-whisper", LATENCY },
  };
  Talk *talk = new_talk (models[__i__].model);
  GstPad *src = gst_element_get_static_pad (talk->element, "src");
  GstPad *text = talk_add_text (talk, NULL, PLAIN);

  talk_play (talk, &law_pcm);
  assert_latency (src, models[__i__].latency);
  assert_latency (text, models[__i__].latency);
  gst_object_unref (src);
  talk_free (talk);
}
GST_END_TEST;

/* --- translation --- */

/* Buffers, silence included, are on time behind the latency; translated audio
 * has the time of its input. */
GST_START_TEST (test_audio)
{
  Talk *talk = new_talk (TRANSLATE);

  talk_play (talk, &law_pcm);
  hear (talk, SESSION_APPEND, 0);
  say (talk, 0, 4800);
  say (talk, 4800, 9600);
  talk_sync (talk);
  watch (talk, talk->src, LATENCY + 1000 * MS, 0);
  talk_assert_stream (talk, 480, 0);
  talk_assert_speech (talk, 0, 0, 14400);
  talk_assert_silence (talk, 14400, 4800);
  fail_unless_equals_uint64 (GST_BUFFER_PTS (tap_buffer (talk->src, 0)), 0);
  fail_unless_equals_uint64 (observed_delay (talk), 0);
  talk_free (talk);
}
GST_END_TEST;

/* The input began later than the stream. */
GST_START_TEST (test_audio_of_later)
{
  Talk *talk = new_talk (TRANSLATE);

  talk_play (talk, &law_pcm);
  talk_run_to (talk, 700 * MS);
  hear (talk, SESSION_APPEND, 500 * MS);
  talk_run_to (talk, 1100 * MS);
  say (talk, 0, 4800);
  talk_sync (talk);
  watch (talk, talk->src, LATENCY + 1000 * MS, 0);
  talk_assert_silence (talk, 0, 12000);
  talk_assert_speech (talk, 12000, 0, 4800);
  talk_assert_silence (talk, 16800, 4800);
  talk_assert_stream (talk, 480, 0);
  fail_unless_equals_uint64 (observed_delay (talk), 600 * MS);
  fail_unless_equals_int (talk_count_messages (talk, "excessive-delay"), 0);
  talk_free (talk);
}
GST_END_TEST;

static void
on_notify (GstElement *element, GParamSpec *pspec, guint *n)
{
  g_atomic_int_inc ((gint *) n);
}

/* What comes too late shifts, as a whole and without an overlap, and says so:
 * once, and again only if it gets worse. */
GST_START_TEST (test_late)
{
  Talk *talk = new_talk (TRANSLATE);
  const GstStructure *fields;
  guint notified = 0;

  g_signal_connect (talk->element, "notify::max-observed-delay",
      G_CALLBACK (on_notify), &notified);
  talk_play (talk, &law_pcm);
  hear (talk, SESSION_APPEND, 0);
  talk_run_to (talk, LATENCY + 1010 * MS);
  say (talk, 0, 4800);
  say (talk, 4800, 4800);
  talk_sync (talk);
  fields = talk_message (talk, "excessive-delay", 0);
  fail_unless_equals_uint64 (
      talk_uint64 (fields, "delay"), LATENCY + 1010 * MS);
  fail_unless_equals_uint64 (talk_uint64 (fields, "latency"), LATENCY);
  fail_unless_equals_uint64 (observed_delay (talk), LATENCY + 1010 * MS);
  fail_unless_equals_int (talk_count_messages (talk, "excessive-delay"), 1);
  fail_unless_equals_int (g_atomic_int_get ((gint *) &notified), 1);

  watch (talk, talk->src, LATENCY + 2000 * MS, 0);
  talk_assert_stream (talk, 480, 0);
  talk_assert_silence (talk, 0, 1020 * 24);
  talk_assert_speech (talk, 1020 * 24, 0, 9600);
  talk_assert_silence (talk, 1420 * 24, 4800);
  g_signal_handlers_disconnect_by_data (talk->element, &notified);
  talk_free (talk);
}
GST_END_TEST;

/* Both sides of it, each on its own pad, at the instants that the server
 * says. */
GST_START_TEST (test_words)
{
  Talk *talk = new_talk (TRANSLATE);
  Tap *user = add_text (talk, USER);
  Tap *assistant = add_text (talk, ASSISTANT);
  const GstStructure *fields;

  talk_play (talk, &law_pcm);
  hear (talk, SESSION_APPEND, 0);
  say_words (talk, "output", "Bonjour.", 300);
  say_words (talk, "input", "Hello.", 250);
  say_words (talk, "output", " Oui.", 600);
  say_words (talk, "output", " Non", 900);
  talk_sync (talk);
  watch (talk, assistant, LATENCY + 880 * MS, 0);
  fail_unless_equals_int (tap_count_buffers (assistant), 2);
  tap_assert_text (assistant, 0, "Bonjour.", 300 * MS);
  tap_assert_text (assistant, 1, "Oui.", 600 * MS);
  fail_unless_equals_int (tap_count_buffers (user), 1);
  tap_assert_text (user, 0, "Hello.", 250 * MS);

  fields = talk_meta (tap_buffer (assistant, 0));
  fail_unless_equals_string (talk_string (fields, "role"), "assistant");
  fields = talk_meta (tap_buffer (user, 0));
  fail_unless_equals_string (talk_string (fields, "role"), "user");
  talk_free (talk);
}
GST_END_TEST;

/* Source words are asked for by whoever reads them. */
GST_START_TEST (test_source_is_asked_for)
{
  Talk *talk = new_talk (TRANSLATE);
  JsonObject *object;

  add_text (talk, USER);
  talk_play (talk, &law_pcm);
  object = json_object_get_object_member (
      peer_event (talk->peer, "session.update", 0), "session");
  object = json_object_get_object_member (object, "audio");
  object = json_object_get_object_member (object, "input");
  object = json_object_get_object_member (object, "transcription");
  fail_unless_equals_string (
      json_object_get_string_member (object, "model"), "gpt-realtime-whisper");
  talk_free (talk);
}
GST_END_TEST;

/* The end waits for all that was translated, and for its time. */
GST_START_TEST (test_translation_end)
{
  Talk *talk = new_talk (TRANSLATE);
  Tap *words = add_text (talk, ASSISTANT);

  talk_play (talk, &law_pcm);
  hear (talk, SESSION_APPEND, 0);
  gst_harness_push_event (talk->harness, gst_event_new_eos ());
  peer_event (talk->peer, "session.close", 0);
  say (talk, 0, 9600);
  say_words (talk, "output", "Fin.", 800);
  peer_send (
      talk->peer, "{\"type\":\"session.closed\",\"event_id\":\"event_9\"}");
  talk_message (talk, "drained", 0);
  fail_unless_equals_int (tap_count_events (talk->src, GST_EVENT_EOS), 0);
  talk_run_to_eos (talk);
  talk_assert_speech (talk, 0, 0, 9600);
  talk_assert_stream (talk, 480, 0);
  tap_event (words, GST_EVENT_EOS, 0);
  tap_assert_text (words, 0, "Fin.", 800 * MS);
  fail_unless_equals_int (peer_count (talk->peer, APPEND), 0);
  fail_unless_equals_int (
      peer_count (talk->peer, "input_audio_buffer.commit"), 0);
  talk_free (talk);
}
GST_END_TEST;

/* --- transcription --- */

/* The two ways in which servers say what was said. */
typedef enum {
  DELTAS,
  COMPLETED,
} Way;

static void
transcribe (Talk *talk, Way way)
{
  peer_user_starts (talk->peer, "item_u", 400);
  peer_user_stops (talk->peer, "item_u", 900);
  peer_committed (talk->peer, "item_u");
  if (way == DELTAS) {
    said (talk, "item_u", "One");
    said (talk, "item_u", " two.");
  }
  peer_user_said (talk->peer, "item_u", "One two.");
  talk_sync (talk);
}

/* Text has the time of its speech; src gives silence and nothing else. */
GST_START_TEST (test_speech)
{
  Talk *talk = new_talk ("gpt-4o-transcribe");
  Tap *words = add_text (talk, USER);
  const GstStructure *fields;

  talk_play (talk, &law_pcm);
  hear (talk, APPEND, 0);
  talk_run_to (talk, 1200 * MS);
  transcribe (talk, __i__);
  watch (talk, words, LATENCY + 1000 * MS, 0);
  fail_unless_equals_int (tap_count_buffers (words), 1);
  tap_assert_text (words, 0, "One two.", 400 * MS);
  fields = talk_meta (tap_buffer (words, 0));
  fail_unless_equals_string (talk_string (fields, "role"), "user");
  fail_unless_equals_uint64 (talk_uint64 (fields, "speech-start"), 400 * MS);
  fail_unless_equals_uint64 (talk_uint64 (fields, "speech-end"), 900 * MS);
  talk_assert_silence (talk, 0, 24000);
  talk_assert_stream (talk, 480, 0);
  talk_free (talk);
}
GST_END_TEST;

/* A model that streams and has no VAD: words come before anybody has said where
 * the utterance is. They are of the speech that is going on. */
GST_START_TEST (test_live_words)
{
  Talk *talk = new_talk ("gpt-live-transcribe");
  Tap *words = add_text (talk, USER);
  guint64 pts;

  talk_play (talk, &law_pcm);
  hear (talk, APPEND, 500 * MS);
  talk_run_to (talk, 1600 * MS);
  said (talk, "item_u", "One two.");
  said (talk, "item_u", " Three");
  talk_sync (talk);
  watch (talk, words, LATENCY + 700 * MS, 0);
  fail_unless_equals_int (tap_count_buffers (words), 1);
  pts = GST_BUFFER_PTS (tap_buffer (words, 0));
  fail_unless (pts >= 460 * MS && pts <= 560 * MS, "PTS is %" GST_TIME_FORMAT,
      GST_TIME_ARGS (pts));
  talk_free (talk);
}
GST_END_TEST;

/* Text later than the latency allows leaves at once, and never before what has
 * left already. */
GST_START_TEST (test_late_text)
{
  Talk *talk = new_talk ("gpt-4o-transcribe");
  Tap *words = add_text (talk, USER);
  guint64 late = LATENCY + 1050 * MS;
  guint64 pts;
  const GstStructure *fields;

  talk_play (talk, &law_pcm);
  hear (talk, APPEND, 0);
  talk_run_to (talk, late);
  transcribe (talk, COMPLETED);
  fields = talk_message (talk, "excessive-delay", 0);
  fail_unless_equals_uint64 (talk_uint64 (fields, "delay"), late - 400 * MS);
  talk_step (talk);
  pts = GST_BUFFER_PTS (tap_buffer (words, 0));
  fail_unless (pts >= 1000 * MS && pts <= 1050 * MS);
  talk_free (talk);
}
GST_END_TEST;

/* The last words come out, however long their time is off. */
GST_START_TEST (test_transcription_end)
{
  Talk *talk = new_talk ("gpt-4o-transcribe");
  Tap *words = add_text (talk, USER);

  talk_play (talk, &law_pcm);
  hear (talk, APPEND, 0);
  gst_harness_push_event (talk->harness, gst_event_new_eos ());
  transcribe (talk, COMPLETED);
  talk_run_to_eos (talk);
  tap_event (words, GST_EVENT_EOS, 0);
  fail_unless_equals_int (tap_count_buffers (words), 1);
  tap_assert_text (words, 0, "One two.", 400 * MS);
  talk_free (talk);
}
GST_END_TEST;

/* --- sideband --- */

/* No audio goes up; what is said in the call can be read. */
GST_START_TEST (test_sideband)
{
  static const Spot spot = { "resp_1", 0, "item_a" };
  Talk *talk = talk_new ();
  Tap *user = add_text (talk, USER);
  Tap *assistant = add_text (talk, ASSISTANT);

  g_object_set (talk->element, "call-id", "rtc_1", NULL);
  talk_play (talk, &law_pcm);
  talk_speak (talk, &law_pcm, 24000);
  talk_run_to (talk, 500 * MS);
  peer_user_starts (talk->peer, "item_u", 100);
  peer_user_stops (talk->peer, "item_u", 400);
  peer_committed (talk->peer, "item_u");
  peer_user_said (talk->peer, "item_u", "Hello?");
  peer_begin (talk->peer, "resp_1");
  peer_item (talk->peer, &spot, NULL);
  peer_words (talk->peer, &spot, "Yes, hello.");
  peer_words_done (talk->peer, &spot, "Yes, hello.");
  peer_item_done (talk->peer, &spot, "Yes, hello.", NULL);
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  talk_run_to (talk, 4000 * MS);
  fail_unless_equals_int (tap_count_buffers (user), 1);
  fail_unless_equals_int (tap_count_buffers (assistant), 1);
  talk_assert_silence (talk, 0, 24000);
  talk_sync_up (talk);
  fail_unless_equals_int (peer_count (talk->peer, APPEND), 0);
  talk_free (talk);
}
GST_END_TEST;

static Suite *
types_suite (void)
{
  Suite *suite = suite_create ("types");
  TCase *translation = tcase_create ("translation");
  TCase *transcription = tcase_create ("transcription");

  suite_add_tcase (suite, translation);
  tcase_add_loop_test (translation, test_latency, 0, 3);
  tcase_add_test (translation, test_audio);
  tcase_add_test (translation, test_audio_of_later);
  tcase_add_test (translation, test_late);
  tcase_add_test (translation, test_words);
  tcase_add_test (translation, test_source_is_asked_for);
  tcase_add_test (translation, test_translation_end);

  suite_add_tcase (suite, transcription);
  tcase_add_loop_test (transcription, test_speech, 0, 2);
  tcase_add_test (transcription, test_live_words);
  tcase_add_test (transcription, test_late_text);
  tcase_add_test (transcription, test_transcription_end);
  tcase_add_test (transcription, test_sideband);
  return suite;
}

GST_CHECK_MAIN (types);
