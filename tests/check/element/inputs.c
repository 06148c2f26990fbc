/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What goes into sink, and what of it the server gets: byte by byte.
 */
#include "harness.h"

#include <string.h>

#define APPEND "input_audio_buffer.append"
#define UPDATE "session.update"
#define COMMIT "input_audio_buffer.commit"

/* --- helpers --- */

/* Byte @at to @at + @size of what the server got is silence. */
static void
assert_zeros (Talk *talk, gsize at, gsize size, guint8 silence)
{
  GByteArray *audio = peer_dup_audio (talk->peer);

  fail_unless (audio->len >= at + size);
  for (gsize i = at; i < at + size; i++)
    fail_unless_equals_int (audio->data[i], silence);
  g_byte_array_unref (audio);
}

/* From byte @at on it is samples @first to @first + @n of the speech. */
static void
assert_got (Talk *talk, gsize at, const Law *law, guint64 first, guint64 n)
{
  GByteArray *audio = peer_dup_audio (talk->peer);
  GBytes *speech = law_speech (law, first, n);
  gsize size;
  gconstpointer data = g_bytes_get_data (speech, &size);

  fail_unless (audio->len >= at + size);
  fail_unless (memcmp (audio->data + at, data, size) == 0);
  g_bytes_unref (speech);
  g_byte_array_unref (audio);
}

/* The input ends: when the turn is committed the server has all that it will
 * ever have, and that is @size bytes. */
static void
end_with (Talk *talk, gsize size)
{
  GByteArray *audio;

  fail_unless (gst_harness_push_event (talk->harness, gst_event_new_eos ()));
  peer_event (talk->peer, COMMIT, 0);
  audio = peer_dup_audio (talk->peer);
  fail_unless_equals_int (audio->len, size);
  g_byte_array_unref (audio);
}

/* The end of a turn is the end of the input, and nothing is added to it. */
static Talk *
new_talk (void)
{
  Talk *talk = talk_new ();

  gst_util_set_object_arg (G_OBJECT (talk->element), "turn-detection", "none");
  return talk;
}

static Talk *
new_playing (void)
{
  Talk *talk = new_talk ();

  talk_play (talk, &law_pcm);
  gst_harness_set_src_caps_str (talk->harness, law_pcm.caps);
  return talk;
}

/* Samples @from to @from + @n, stamped @ms. */
static void
push (Talk *talk, const Law *law, guint ms, guint64 from, guint64 n)
{
  GstBuffer *buffer = talk_input (
      law, ms * (guint64) law->rate / 1000, from, n);

  fail_unless_equals_int (
      gst_harness_push (talk->harness, buffer), GST_FLOW_OK);
}

static const gchar *
input_format (JsonObject *update)
{
  JsonObject *session = json_object_get_object_member (update, "session");
  JsonObject *input = json_object_get_object_member (
      json_object_get_object_member (session, "audio"), "input");

  return json_object_get_string_member (
      json_object_get_object_member (input, "format"), "type");
}

/* --- before the session is ready --- */

/* What is captured while connecting is kept, and nothing of it is said before
 * the server has taken the configuration. */
GST_START_TEST (test_configuration_first)
{
  Talk *talk = new_talk ();

  peer_hold_created (talk->peer, TRUE);
  peer_hold_updated (talk->peer, TRUE);
  talk_play_unconnected (talk, &law_pcm, 0);
  talk_speak (talk, &law_pcm, 12480);
  peer_hold_created (talk->peer, FALSE);
  peer_event (talk->peer, UPDATE, 0);
  talk_sync (talk);
  fail_unless_equals_int (peer_count (talk->peer, APPEND), 0);

  peer_hold_updated (talk->peer, FALSE);
  peer_wait_audio (talk->peer, 24960);
  fail_unless_equals_int (peer_place (talk->peer, UPDATE, 0), 0);
  assert_got (talk, 0, &law_pcm, 0, 12480);
  end_with (talk, 24960);
  talk_free (talk);
}
GST_END_TEST;

/* --- pieces --- */

static const struct {
  const Law *law;
  guint64 duration; /* 0 = the default */
  gsize size;       /* of a piece */
} pieces[] = {
  { &law_pcm, 0, 1920 },
  { &law_pcm, 100 * MS, 4800 },
  { &law_pcm, 15 * MS, 720 },
  { &law_mulaw, 0, 320 },
  { &law_alaw, 20 * MS, 160 },
};

/* Buffers of any size become pieces of one; the last is what is left. */
GST_START_TEST (test_pieces)
{
  static const guint sizes[] = { 7, 1, 333, 2000, 64 };
  Talk *talk = new_talk ();
  const Law *law = pieces[__i__].law;
  gsize size = pieces[__i__].size;
  guint n = 0, whole;

  if (pieces[__i__].duration)
    g_object_set (
        talk->element, "chunk-duration", pieces[__i__].duration, NULL);
  talk_play (talk, &law_pcm);
  gst_harness_set_src_caps_str (talk->harness, law->caps);
  for (guint i = 0; i < 20; i++) {
    guint samples = sizes[i % G_N_ELEMENTS (sizes)];

    fail_unless_equals_int (
        gst_harness_push (talk->harness, talk_input (law, n, n, samples)),
        GST_FLOW_OK);
    n += samples;
  }
  end_with (talk, n * law->width);
  assert_got (talk, 0, law, 0, n);
  whole = n * law->width / size;
  for (guint i = 0; i < whole; i++)
    fail_unless_equals_int (peer_append_size (talk->peer, i), size);
  fail_unless_equals_int (
      peer_count (talk->peer, APPEND), whole + (n * law->width % size ? 1 : 0));
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_no_timestamps)
{
  Talk *talk = new_playing ();

  for (guint i = 0; i < 10; i++) {
    GstBuffer *buffer = talk_input (&law_pcm, 0, i * 480, 480);

    GST_BUFFER_PTS (buffer) = GST_CLOCK_TIME_NONE;
    GST_BUFFER_DURATION (buffer) = GST_CLOCK_TIME_NONE;
    fail_unless_equals_int (
        gst_harness_push (talk->harness, buffer), GST_FLOW_OK);
  }
  end_with (talk, 9600);
  assert_got (talk, 0, &law_pcm, 0, 4800);
  talk_free (talk);
}
GST_END_TEST;

/* --- holes --- */

/* Its content is nobody's to hear. */
GST_START_TEST (test_gap_buffer)
{
  Talk *talk = new_playing ();
  GstBuffer *gap = talk_input (&law_pcm, 2400, 5000, 2400);

  push (talk, &law_pcm, 0, 0, 2400);
  GST_BUFFER_FLAG_SET (gap, GST_BUFFER_FLAG_GAP);
  fail_unless_equals_int (gst_harness_push (talk->harness, gap), GST_FLOW_OK);
  push (talk, &law_pcm, 200, 2400, 2400);
  end_with (talk, 3 * 4800);
  assert_got (talk, 0, &law_pcm, 0, 2400);
  assert_zeros (talk, 4800, 4800, 0);
  assert_got (talk, 9600, &law_pcm, 2400, 2400);
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_gap_event)
{
  Talk *talk = new_playing ();

  push (talk, &law_pcm, 0, 0, 2400);
  fail_unless (gst_harness_push_event (
      talk->harness, gst_event_new_gap (100 * MS, 200 * MS)));
  push (talk, &law_pcm, 300, 2400, 2400);
  /* No buffer comes after this one to tell of the hole. */
  fail_unless (gst_harness_push_event (
      talk->harness, gst_event_new_gap (400 * MS, 100 * MS)));
  end_with (talk, 4800 + 9600 + 4800 + 4800);
  assert_got (talk, 0, &law_pcm, 0, 2400);
  assert_zeros (talk, 4800, 9600, 0);
  assert_got (talk, 14400, &law_pcm, 2400, 2400);
  assert_zeros (talk, 19200, 4800, 0);
  talk_free (talk);
}
GST_END_TEST;

/* 100 ms of speech, @hole ms of nothing, 100 ms of speech. */
static void
push_around (Talk *talk, const Law *law, guint hole)
{
  guint n = law->rate / 10;

  gst_harness_set_src_caps_str (talk->harness, law->caps);
  push (talk, law, 0, 0, n);
  push (talk, law, 100 + hole, n, n);
}

static const guint holes[] = { 100, 333, 2000 };

/* The server's audio keeps the time of ours. */
GST_START_TEST (test_hole)
{
  Talk *talk = new_playing ();
  gsize zeros = holes[__i__] * 48;

  push_around (talk, &law_pcm, holes[__i__]);
  end_with (talk, 9600 + zeros);
  assert_got (talk, 0, &law_pcm, 0, 2400);
  assert_zeros (talk, 4800, zeros, 0);
  assert_got (talk, 4800 + zeros, &law_pcm, 2400, 2400);
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_long_hole)
{
  Talk *talk = new_playing ();

  push_around (talk, &law_pcm, 2100);
  end_with (talk, 9600);
  assert_got (talk, 0, &law_pcm, 0, 4800);
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_hole_in_g711)
{
  Talk *talk = new_talk ();

  talk_play (talk, &law_pcm);
  push_around (talk, &law_alaw, 500);
  end_with (talk, 800 + 4000 + 800);
  assert_zeros (talk, 800, 4000, 0xd5);
  talk_free (talk);
}
GST_END_TEST;

/* --- the bound --- */

static guint64
sum_of_drops (Talk *talk)
{
  guint n = talk_count_messages (talk, "overrun");
  guint64 sum = 0;

  for (guint i = 0; i < n; i++) {
    const GstStructure *fields = talk_message (talk, "overrun", i);

    fail_unless_equals_uint64 (talk_uint64 (fields, "running-time"), 0);
    sum += talk_uint64 (fields, "dropped-ms");
  }
  return sum;
}

/* The last message, and no other, says that it is over, and how much it was. */
static void
assert_over (Talk *talk, guint64 total_ms)
{
  guint n = talk_count_messages (talk, "overrun");
  gboolean over;

  fail_unless (n > 0);
  for (guint i = 0; i < n; i++) {
    fail_unless (gst_structure_get_boolean (
        talk_message (talk, "overrun", i), "over", &over));
    fail_unless_equals_int (over, i == n - 1);
  }
  fail_unless_equals_uint64 (
      talk_uint64 (talk_message (talk, "overrun", n - 1), "total-ms"),
      total_ms);
}

/* A session that does not take audio yet, with room for 1 s. */
static Talk *
new_full (const gchar *leaky)
{
  Talk *talk = new_talk ();

  g_object_set (
      talk->element, "max-size-time", (guint64) (1 * GST_SECOND), NULL);
  gst_util_set_object_arg (G_OBJECT (talk->element), "leaky", leaky);
  gst_util_set_object_arg (G_OBJECT (talk->element), "sync-input", "no");
  peer_hold_updated (talk->peer, TRUE);
  talk_play_unconnected (talk, &law_pcm, 0);
  return talk;
}

static const gchar *const leaks[] = { "auto", "downstream" };

/* Who talks into a dead line is heard with what they said last. */
GST_START_TEST (test_oldest_is_dropped)
{
  Talk *talk = new_full (leaks[__i__]);

  talk_speak (talk, &law_pcm, 5 * 24000);
  fail_unless_equals_uint64 (
      talk_stat (talk, "input-queued-time"), 1 * GST_SECOND);
  fail_unless_equals_uint64 (
      talk_stat (talk, "input-dropped-time"), 4 * GST_SECOND);
  peer_hold_updated (talk->peer, FALSE);
  peer_wait_audio (talk->peer, 48000);
  end_with (talk, 48000);
  assert_got (talk, 0, &law_pcm, 4 * 24000, 24000);
  talk_free (talk);
}
GST_END_TEST;

/* The messages cover the input from its beginning to @end, each what follows on
 * the one before. */
static void
assert_stretch (Talk *talk, GstClockTime end)
{
  guint n = talk_count_messages (talk, "overrun");
  GstClockTime next = 0;

  for (guint i = 0; i < n; i++) {
    const GstStructure *fields = talk_message (talk, "overrun", i);

    fail_unless_equals_uint64 (talk_uint64 (fields, "dropped-start"), next);
    next = talk_uint64 (fields, "dropped-end");
    fail_unless_equals_uint64 (next - talk_uint64 (fields, "dropped-start"),
        talk_uint64 (fields, "dropped-ms") * GST_MSECOND);
  }
  fail_unless_equals_uint64 (next, end);
}

/* Every ms of it is told. */
GST_START_TEST (test_drops_are_told)
{
  Talk *talk = new_full ("auto");

  talk_speak (talk, &law_pcm, 5 * 24000);
  fail_unless (
      talk_uint64 (talk_message (talk, "overrun", 0), "dropped-ms") > 0);
  /* Told, and not shouted: a burst is a message or two. */
  fail_unless (talk_count_messages (talk, "overrun") < 10);
  peer_hold_updated (talk->peer, FALSE);
  end_with (talk, 48000);
  fail_unless_equals_uint64 (sum_of_drops (talk), 4000);
  assert_over (talk, 4000);
  assert_stretch (talk, 4 * GST_SECOND);
  talk_free (talk);
}
GST_END_TEST;

/* A run that is ended while audio is lost tells of all of it. */
GST_START_TEST (test_drops_are_told_at_the_end)
{
  Talk *talk = new_full ("auto");

  g_object_set (
      talk->element, "chunk-duration", (guint64) 10 * GST_MSECOND, NULL);
  talk_speak (talk, &law_pcm, 5 * 24000);
  fail_unless (sum_of_drops (talk) < 4000);
  gst_element_set_state (talk->element, GST_STATE_READY);
  talk_message (talk, "overrun", 1);
  assert_over (talk, 4000);
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_newest_is_dropped)
{
  Talk *talk = new_full ("upstream");

  talk_speak (talk, &law_pcm, 3 * 24000);
  peer_hold_updated (talk->peer, FALSE);
  peer_wait_audio (talk->peer, 48000);
  end_with (talk, 48000);
  assert_got (talk, 0, &law_pcm, 0, 24000);
  talk_free (talk);
}
GST_END_TEST;

/* --- a thread that pushes --- */

typedef struct {
  Talk *talk;
  guint n;        /* buffers to push */
  guint samples;  /* in each */
  gboolean paced; /* they wait on the clock */

  GMutex lock;
  GCond changed;
  /* Under the lock. */
  guint pushed;
  GstFlowReturn ret; /* of the last push */

  GThread *thread;
} Pusher;

static gpointer
run_pusher (gpointer data)
{
  Pusher *pusher = data;
  GstFlowReturn ret = GST_FLOW_OK;

  for (guint i = 0; i < pusher->n && ret == GST_FLOW_OK; i++) {
    guint64 at = i * pusher->samples;

    ret = gst_harness_push (
        pusher->talk->harness, talk_input (&law_pcm, at, at, pusher->samples));
    g_mutex_lock (&pusher->lock);
    pusher->ret = ret;
    pusher->pushed += ret == GST_FLOW_OK;
    g_cond_broadcast (&pusher->changed);
    g_mutex_unlock (&pusher->lock);
  }
  if (pusher->paced)
    talk_add_pusher (pusher->talk, -1);
  return NULL;
}

static void
pusher_start (
    Pusher *pusher, Talk *talk, guint n, guint samples, gboolean paced)
{
  memset (pusher, 0, sizeof *pusher);
  pusher->talk = talk;
  pusher->n = n;
  pusher->samples = samples;
  pusher->paced = paced;
  if (paced)
    talk_add_pusher (talk, 1);
  g_mutex_init (&pusher->lock);
  g_cond_init (&pusher->changed);
  gst_harness_set_src_caps_str (talk->harness, law_pcm.caps);
  pusher->thread = g_thread_new ("pusher", run_pusher, pusher);
}

/* What the last push returned. */
static GstFlowReturn
pusher_finish (Pusher *pusher)
{
  g_thread_join (pusher->thread);
  g_mutex_clear (&pusher->lock);
  g_cond_clear (&pusher->changed);
  return pusher->ret;
}

/* Waits until that many pushes are over. */
static void
pusher_wait (Pusher *pusher, guint n)
{
  gint64 deadline = g_get_monotonic_time () + PEER_PATIENCE;

  g_mutex_lock (&pusher->lock);
  while (pusher->pushed < n)
    if (!g_cond_wait_until (&pusher->changed, &pusher->lock, deadline))
      g_error ("%u of %u pushes are over", pusher->pushed, n);
  g_mutex_unlock (&pusher->lock);
}

static guint
pusher_count (Pusher *pusher)
{
  guint n;

  g_mutex_lock (&pusher->lock);
  n = pusher->pushed;
  g_mutex_unlock (&pusher->lock);
  return n;
}

/* A file that is read as fast as it goes, and a session that does not take
 * audio yet, with room for 1 s. */
static Talk *
new_fast_file (void)
{
  Talk *talk = new_full ("auto");

  gst_harness_set_live (talk->harness, FALSE);
  return talk;
}

/* Not a sample is dropped: upstream waits, because it can (a file), or because
 * it was told to. */
GST_START_TEST (test_upstream_waits)
{
  Talk *talk = __i__ ? new_full ("no") : new_fast_file ();
  Pusher pusher;

  pusher_start (&pusher, talk, 300, 240, FALSE);
  pusher_wait (&pusher, 100);
  peer_event (talk->peer, UPDATE, 0);
  talk_sync (talk);
  /* 1 s in the queue, a piece being filled, and a push that waits. */
  fail_unless (pusher_count (&pusher) <= 105);
  peer_hold_updated (talk->peer, FALSE);
  fail_unless_equals_int (pusher_finish (&pusher), GST_FLOW_OK);
  end_with (talk, 144000);
  assert_got (talk, 0, &law_pcm, 0, 72000);
  fail_unless_equals_int (talk_count_messages (talk, "overrun"), 0);
  talk_free (talk);
}
GST_END_TEST;

/* Each buffer is taken when its time comes. */
GST_START_TEST (test_file_keeps_time)
{
  Talk *talk = new_talk ();
  Pusher pusher;

  talk_play (talk, &law_pcm);
  gst_harness_set_live (talk->harness, FALSE);
  pusher_start (&pusher, talk, 8, 2400, TRUE);
  for (guint i = 0; i < 7; i++) {
    talk_run_to (talk, i * 100 * MS);
    fail_unless_equals_int (pusher_count (&pusher), i + 1);
  }
  talk_run_to (talk, 700 * MS);
  fail_unless_equals_int (pusher_finish (&pusher), GST_FLOW_OK);
  end_with (talk, 8 * 4800);
  assert_got (talk, 0, &law_pcm, 0, 19200);
  talk_free (talk);
}
GST_END_TEST;

/* Of a live input nothing waits for the clock. */
GST_START_TEST (test_live_keeps_its_own_time)
{
  Talk *talk = new_playing ();

  for (guint i = 0; i < 8; i++)
    push (talk, &law_pcm, i * 100, i * 2400, 2400);
  end_with (talk, 8 * 4800);
  talk_free (talk);
}
GST_END_TEST;

/* --- FLUSH --- */

GST_START_TEST (test_flush_unblocks)
{
  Talk *talk = new_fast_file ();
  GstHarness *harness = talk->harness;
  Pusher pusher;
  GstSegment segment;

  pusher_start (&pusher, talk, 300, 240, FALSE);
  pusher_wait (&pusher, 100);
  fail_unless (gst_harness_push_event (harness, gst_event_new_flush_start ()));
  fail_unless_equals_int (pusher_finish (&pusher), GST_FLOW_FLUSHING);
  fail_unless (
      gst_harness_push_event (harness, gst_event_new_flush_stop (TRUE)));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  fail_unless (
      gst_harness_push_event (harness, gst_event_new_segment (&segment)));

  /* Only what came after it is said. */
  push (talk, &law_pcm, 0, 20000, 2400);
  peer_hold_updated (talk->peer, FALSE);
  peer_wait_audio (talk->peer, 3840);
  end_with (talk, 4800);
  assert_got (talk, 0, &law_pcm, 20000, 2400);
  talk_free (talk);
}
GST_END_TEST;

/* A paced push waits on the clock; nobody moves it. */
GST_START_TEST (test_flush_unblocks_pacing)
{
  Talk *talk = new_talk ();
  Pusher pusher;

  talk_play (talk, &law_pcm);
  gst_harness_set_live (talk->harness, FALSE);
  pusher_start (&pusher, talk, 8, 2400, TRUE);
  talk_settle (talk);
  fail_unless (
      gst_harness_push_event (talk->harness, gst_event_new_flush_start ()));
  fail_unless_equals_int (pusher_finish (&pusher), GST_FLOW_FLUSHING);
  talk_free (talk);
}
GST_END_TEST;

/* The output has a time of its own. */
GST_START_TEST (test_flush_stays_upstream)
{
  Talk *talk = new_playing ();

  push (talk, &law_pcm, 0, 0, 2400);
  gst_harness_push_event (talk->harness, gst_event_new_flush_start ());
  talk_run_to (talk, 100 * MS);
  gst_harness_push_event (talk->harness, gst_event_new_flush_stop (TRUE));
  talk_run_to (talk, 200 * MS);
  talk_assert_stream (talk, 480, 0);
  fail_unless_equals_int (
      tap_count_events (talk->src, GST_EVENT_FLUSH_START), 0);
  fail_unless_equals_int (
      tap_count_events (talk->src, GST_EVENT_FLUSH_STOP), 0);
  fail_unless_equals_int (tap_count_events (talk->src, GST_EVENT_SEGMENT), 1);
  talk_free (talk);
}
GST_END_TEST;

/* What the server has of the turn is void as well. */
GST_START_TEST (test_flush_clears_the_server)
{
  Talk *talk = new_playing ();

  push (talk, &law_pcm, 0, 0, 4800);
  peer_wait_audio (talk->peer, 9600);
  gst_harness_push_event (talk->harness, gst_event_new_flush_start ());
  gst_harness_push_event (talk->harness, gst_event_new_flush_stop (TRUE));
  talk_sync_up (talk);
  fail_unless_equals_int (
      peer_count (talk->peer, "input_audio_buffer.clear"), 1);
  talk_free (talk);
}
GST_END_TEST;

/* --- caps and segments --- */

GST_START_TEST (test_caps_change)
{
  Talk *talk = new_playing ();

  push (talk, &law_pcm, 0, 0, 4800);
  peer_wait_audio (talk->peer, 9600);
  fail_unless_equals_string (
      input_format (peer_event (talk->peer, UPDATE, 0)), "audio/pcm");

  peer_hold_updated (talk->peer, TRUE);
  gst_harness_set_src_caps_str (talk->harness, law_mulaw.caps);
  fail_unless_equals_string (
      input_format (peer_event (talk->peer, UPDATE, 1)), "audio/pcmu");
  push (talk, &law_mulaw, 200, 0, 1600);
  talk_sync (talk);
  fail_unless_equals_int (peer_count (talk->peer, APPEND), 5);

  peer_hold_updated (talk->peer, FALSE);
  peer_wait_audio (talk->peer, 9600 + 1600);
  end_with (talk, 9600 + 1600);
  assert_got (talk, 0, &law_pcm, 0, 4800);
  assert_got (talk, 9600, &law_mulaw, 0, 1600);
  talk_free (talk);
}
GST_END_TEST;

/* The same again is no change. */
GST_START_TEST (test_same_caps)
{
  Talk *talk = new_playing ();
  GstCaps *caps = gst_caps_from_string (law_pcm.caps);

  push (talk, &law_pcm, 0, 0, 4800);
  gst_harness_push_event (talk->harness, gst_event_new_caps (caps));
  gst_caps_unref (caps);
  push (talk, &law_pcm, 200, 4800, 4800);
  end_with (talk, 19200);
  fail_unless_equals_int (peer_count (talk->peer, UPDATE), 1);
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_segment_in_bytes)
{
  Talk *talk = new_playing ();
  GstSegment segment;
  GError *error;

  talk->fails = TRUE;
  gst_segment_init (&segment, GST_FORMAT_BYTES);
  gst_harness_push_event (talk->harness, gst_event_new_segment (&segment));
  gst_message_parse_error (
      talk_message_of (talk, GST_MESSAGE_ERROR, 0), &error, NULL);
  fail_unless (
      g_error_matches (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT));
  g_error_free (error);
  talk_free (talk);
}
GST_END_TEST;

/* A segment that begins elsewhere: running time is what counts. */
GST_START_TEST (test_segment_start)
{
  Talk *talk = new_playing ();
  const GstStructure *fields;
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = segment.position = 10 * GST_SECOND;
  segment.base = 300 * MS;
  fail_unless (
      gst_harness_push_event (talk->harness, gst_event_new_segment (&segment)));
  push (talk, &law_pcm, 10000, 0, 24000);
  peer_wait_audio (talk->peer, 48000);
  peer_user_starts (talk->peer, "item_u", 250);
  fields = talk_message (talk, "speech-started", 0);
  fail_unless_equals_uint64 (talk_uint64 (fields, "speech-start"), 550 * MS);
  talk_free (talk);
}
GST_END_TEST;

static Suite *
inputs_suite (void)
{
  Suite *suite = suite_create ("inputs");
  TCase *audio = tcase_create ("audio");
  TCase *bound = tcase_create ("bound");
  TCase *events = tcase_create ("events");

  suite_add_tcase (suite, audio);
  tcase_add_test (audio, test_configuration_first);
  tcase_add_loop_test (audio, test_pieces, 0, G_N_ELEMENTS (pieces));
  tcase_add_test (audio, test_no_timestamps);
  tcase_add_test (audio, test_gap_buffer);
  tcase_add_test (audio, test_gap_event);
  tcase_add_loop_test (audio, test_hole, 0, G_N_ELEMENTS (holes));
  tcase_add_test (audio, test_long_hole);
  tcase_add_test (audio, test_hole_in_g711);

  suite_add_tcase (suite, bound);
  tcase_add_loop_test (bound, test_oldest_is_dropped, 0, G_N_ELEMENTS (leaks));
  tcase_add_test (bound, test_drops_are_told);
  tcase_add_test (bound, test_drops_are_told_at_the_end);
  tcase_add_test (bound, test_newest_is_dropped);
  tcase_add_loop_test (bound, test_upstream_waits, 0, 2);
  tcase_add_test (bound, test_file_keeps_time);
  tcase_add_test (bound, test_live_keeps_its_own_time);

  suite_add_tcase (suite, events);
  tcase_add_test (events, test_flush_unblocks);
  tcase_add_test (events, test_flush_unblocks_pacing);
  tcase_add_test (events, test_flush_stays_upstream);
  tcase_add_test (events, test_flush_clears_the_server);
  tcase_add_test (events, test_caps_change);
  tcase_add_test (events, test_same_caps);
  tcase_add_test (events, test_segment_in_bytes);
  tcase_add_test (events, test_segment_start);
  return suite;
}

GST_CHECK_MAIN (inputs);
