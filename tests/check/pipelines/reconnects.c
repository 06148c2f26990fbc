/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A conversation whose connection is cut again and again: before a word, while
 * the user speaks, before the answer, and in the middle of it. Each of the
 * user's turns is with the last server, whole; each has one answer that is
 * heard, and the greeting is heard once; the stream has no gap. And an outage:
 * what is said meanwhile is kept, up to a bound, and counted beyond it.
 */
#include <json-glib/json-glib.h>
#include <string.h>

#include "stage.h"

#define RATE 24000
#define PIECE 20    /* ms of an input buffer */
#define SPEECH 900  /* ms of each turn of the user's */
#define ANSWER 2000 /* ms of each answer */
#define MAX_ID 32   /* characters of an id that a server takes */
#define BYTES(ms) ((guint64) (ms) * (RATE / 1000) * 2)

/* -- the stream ----------------------------------------------------------- */

/* The agent's speech, from one silence to the next. */
typedef struct {
  GstClockTime begin; /* running time of its first sample */
  guint64 samples;    /* that are not zero */
} Burst;

typedef struct {
  gint taken; /* atomic: ms of the user's voice that came to the element */
  GMutex lock;
  GCond changed;
  /* Under the lock, as all below. */
  guint64 buffers, breaks;
  guint64 gap;       /* samples of silence since the last sound */
  GstClockTime next; /* PTS that must come */
  GArray *bursts;    /* Burst */
} Stream;

/* A tone has zeros of its own, and a server that is late leaves holes. */
#define SILENCE (RATE / 2)

static void
add_samples (Stream *stream, GstClockTime pts, const gint16 *samples, gsize n)
{
  for (gsize i = 0; i < n; i++) {
    Burst burst = { pts + i * GST_SECOND / RATE, 0 };

    stream->gap++;
    if (samples[i] == 0)
      continue;
    if (stream->bursts->len == 0 || stream->gap > SILENCE)
      g_array_append_val (stream->bursts, burst);
    g_array_index (stream->bursts, Burst, stream->bursts->len - 1).samples++;
    stream->gap = 0;
  }
}

static GstPadProbeReturn
on_buffer (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  Stream *stream = data;
  GstMapInfo map;

  g_mutex_lock (&stream->lock);
  if (stream->buffers++ > 0 && GST_BUFFER_PTS (buffer) != stream->next)
    stream->breaks++;
  stream->next = GST_BUFFER_PTS (buffer) + GST_BUFFER_DURATION (buffer);
  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  add_samples (
      stream, GST_BUFFER_PTS (buffer), (const gint16 *) map.data, map.size / 2);
  gst_buffer_unmap (buffer, &map);
  g_cond_signal (&stream->changed);
  g_mutex_unlock (&stream->lock);
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_voice (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Stream *stream = data;
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);

  g_atomic_int_add (&stream->taken, GST_BUFFER_DURATION (buffer) / GST_MSECOND);
  return GST_PAD_PROBE_OK;
}

static void
stream_init (Stream *stream, Stage *stage)
{
  GstPad *src = stage_get_pad (stage, "ai", "src");
  GstPad *sink = stage_get_pad (stage, "ai", "sink");

  *stream = (Stream){ .bursts = g_array_new (FALSE, FALSE, sizeof (Burst)) };
  g_mutex_init (&stream->lock);
  g_cond_init (&stream->changed);
  gst_pad_add_probe (src, GST_PAD_PROBE_TYPE_BUFFER, on_buffer, stream, NULL);
  gst_pad_add_probe (sink, GST_PAD_PROBE_TYPE_BUFFER, on_voice, stream, NULL);
  gst_object_unref (sink);
  gst_object_unref (src);
}

/* Ends the pipeline, too. */
static void
stream_clear (Stream *stream, Stage *stage)
{
  gst_element_set_state (stage->pipeline, GST_STATE_NULL);
  g_assert_cmpuint (stream->breaks, ==, 0);
  g_array_unref (stream->bursts);
  g_mutex_clear (&stream->lock);
  g_cond_clear (&stream->changed);
}

static void
wait_change (Stream *stream)
{
  gint64 deadline = g_get_monotonic_time () + STAGE_PATIENCE / GST_USECOND;

  if (!g_cond_wait_until (&stream->changed, &stream->lock, deadline))
    g_error ("the stream has stopped");
}

/* Until @ms of the answer @n are out. */
static void
wait_speech (Stream *stream, guint n, guint ms)
{
  g_mutex_lock (&stream->lock);
  while (stream->bursts->len <= n
      || g_array_index (stream->bursts, Burst, n).samples < ms * RATE / 1000)
    wait_change (stream);
  g_mutex_unlock (&stream->lock);
}

/* Until @n more buffers are out. */
static void
wait_buffers (Stream *stream, guint n)
{
  guint64 end;

  g_mutex_lock (&stream->lock);
  end = stream->buffers + n;
  while (stream->buffers < end)
    wait_change (stream);
  g_mutex_unlock (&stream->lock);
}

/* -- the user ------------------------------------------------------------- */

/* ms of running time at which the turns begin. */
static const guint turns[] = { 4000, 9500, 15000, 20000 };
#define TURNS G_N_ELEMENTS (turns)
#define END 22000

#define LINE                                                                   \
  "appsrc name=user format=time max-bytes=0 caps=audio/x-raw,format=S16LE,"    \
  "rate=24000,channels=1,layout=interleaved ! "                                \
  "realtime2 name=ai uri=%s retry-backoff-max=50000000 retries=-1 %s ! "       \
  "fakesink sync=false"

static gboolean
is_turn (guint ms)
{
  for (guint i = 0; i < TURNS; i++)
    if (ms >= turns[i] && ms < turns[i] + SPEECH)
      return TRUE;
  return FALSE;
}

static void
push (GstElement *user, guint ms, gboolean loud)
{
  const guint n = PIECE * RATE / 1000;
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, n * 2, NULL);
  GstFlowReturn ret;
  GstMapInfo map;

  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_WRITE));
  for (guint i = 0; i < n; i++)
    ((gint16 *) map.data)[i] = !loud
        ? 0
        : GINT16_TO_LE (i % 120 < 60 ? 9000 : -9000);
  gst_buffer_unmap (buffer, &map);
  GST_BUFFER_PTS (buffer) = ms * GST_MSECOND;
  GST_BUFFER_DURATION (buffer) = PIECE * GST_MSECOND;
  g_signal_emit_by_name (user, "push-buffer", buffer, &ret);
  gst_buffer_unref (buffer);
  g_assert_cmpint (ret, ==, GST_FLOW_OK);
}

static void
end_talk (Stage *stage)
{
  GstElement *user = stage_get (stage, "user");
  GstFlowReturn ret;

  g_signal_emit_by_name (user, "end-of-stream", &ret);
  gst_object_unref (user);
}

/* All at once: sync-input paces it. */
static void
push_talk (Stage *stage)
{
  GstElement *user = stage_get (stage, "user");

  for (guint ms = 0; ms < END; ms += PIECE)
    push (user, ms, is_turn (ms));
  gst_object_unref (user);
  end_talk (stage);
}

/* -- what the servers were told ------------------------------------------- */

static JsonObject *
parse (const gchar *json)
{
  g_autoptr (JsonParser) parser = json_parser_new ();

  g_assert_true (json_parser_load_from_data (parser, json, -1, NULL));
  return json_object_ref (json_node_get_object (json_parser_get_root (parser)));
}

/* Whether @object, a session or the parameters of a response, asks for speech;
 * if it says nothing it is as it was: @unsaid. */
static gboolean
asks_for_speech (JsonObject *object, gboolean unsaid)
{
  JsonArray *modalities;

  if (!object || !json_object_has_member (object, "output_modalities"))
    return unsaid;
  modalities = json_object_get_array_member (object, "output_modalities");
  return json_array_get_length (modalities) == 1
      && g_str_equal (json_array_get_string_element (modalities, 0), "audio");
}

/* The session of each connection is one of speech, and so is each response. */
static void
check_modalities (Sandbox *sandbox, guint connections)
{
  g_autoptr (GPtrArray) events = sandbox_dup_received (sandbox, NULL);
  guint sessions = 0;

  for (guint i = 0; i < events->len; i++) {
    const SandboxRecord *record = g_ptr_array_index (events, i);
    g_autoptr (JsonObject) event = parse (record->json);
    gboolean update = g_str_equal (record->type, "session.update");

    if (update && record->connection > sessions) {
      sessions = record->connection;
      g_assert_true (asks_for_speech (
          json_object_get_object_member (event, "session"), FALSE));
    } else if (g_str_equal (record->type, "response.create")) {
      g_assert_true (asks_for_speech (json_object_has_member (event, "response")
              ? json_object_get_object_member (event, "response")
              : NULL,
          TRUE));
    }
  }
  g_assert_cmpuint (sessions, ==, connections);
}

/* Where @id is among @items, or -1. */
static gint
place_of (GPtrArray *items, const gchar *id)
{
  for (guint i = 0; i < items->len; i++)
    if (g_str_equal (((SandboxItem *) g_ptr_array_index (items, i))->id, id))
      return i;
  return -1;
}

/* What connection @n was told is what the one before had, in that order, each
 * once, before all that is new; a note of ours comes first. */
static void
check_seed (Sandbox *sandbox, guint n)
{
  g_autoptr (GPtrArray) before = sandbox_dup_items (sandbox, n - 1);
  g_autoptr (GPtrArray) items = sandbox_dup_items (sandbox, n);
  g_autoptr (GHashTable) ids = g_hash_table_new (g_str_hash, g_str_equal);
  gboolean is_new = FALSE;
  gint last = -1;

  for (guint i = 0; i < items->len; i++) {
    const SandboxItem *item = g_ptr_array_index (items, i);

    g_assert_cmpuint (strlen (item->id), <=, MAX_ID);
    g_assert_true (g_hash_table_add (ids, item->id));
    if (g_strcmp0 (item->role, "system") == 0) {
      g_assert_cmpuint (i, ==, 0);
      continue;
    }
    if (!item->restored) {
      is_new = TRUE;
      continue;
    }
    g_assert_false (is_new);
    g_assert_cmpint (place_of (before, item->id), >, last);
    last = place_of (before, item->id);
    /* What the agent says again is written. */
    g_assert_true ((item->audio_ms > 0) == g_str_equal (item->role, "user"));
  }
}

/* The last server knows all that was said, in order. */
static void
check_conversation (Sandbox *sandbox)
{
  g_autoptr (GPtrArray) items = sandbox_dup_items (sandbox, 0);
  /* The note, the greeting, then turn and answer. */
  const guint expected = 2 + 2 * TURNS;

  g_assert_cmpuint (items->len, ==, expected);
  for (guint i = 1; i < items->len; i++) {
    const SandboxItem *item = g_ptr_array_index (items, i);
    gboolean users = i % 2 == 0;

    g_assert_cmpstr (item->role, ==, users ? "user" : "assistant");
    if (users)
      g_assert_cmpuint (item->audio_ms, >=, SPEECH);
    else
      g_assert_true (item->text && g_str_has_prefix ("This.", item->text));
  }
}

/* -- what was heard ------------------------------------------------------- */

static GstClockTime
turn_begin (guint n)
{
  return n < TURNS ? turns[n] * GST_MSECOND : G_MAXUINT64;
}

/* Answer 0 is the greeting; answer n comes between the turn before and the
 * next. @broken is the one that was cut. */
static void
check_answers (const Stream *stream, guint broken)
{
  /* A tone of 440 Hz has a zero in every 25 ms, at least. */
  const guint64 whole = ANSWER * RATE / 1000, zeros = ANSWER / 10;

  for (guint i = 0; i < stream->bursts->len; i++) {
    const Burst *burst = &g_array_index (stream->bursts, Burst, i);

    g_test_message ("answer %u: at %" GST_TIME_FORMAT ", %" G_GUINT64_FORMAT
                    " samples",
        i, GST_TIME_ARGS (burst->begin), burst->samples);
  }
  g_assert_cmpuint (stream->bursts->len, ==, 1 + TURNS);
  for (guint i = 0; i < stream->bursts->len; i++) {
    const Burst *burst = &g_array_index (stream->bursts, Burst, i);

    if (i > 0)
      g_assert_cmpuint (
          burst->begin, >, turn_begin (i - 1) + SPEECH * GST_MSECOND);
    g_assert_cmpuint (burst->begin, <, turn_begin (i));
    g_assert_cmpuint (burst->samples, <=, whole);
    g_assert_true ((burst->samples >= whole - zeros) == (i != broken));
  }
}

static guint
count_greetings (Stage *stage)
{
  guint n = 0;

  for (guint i = 0; i < stage->messages->len; i++) {
    const GstStructure *fields = gst_message_get_structure (
        g_ptr_array_index (stage->messages, i));
    gboolean greeting = FALSE;

    if (fields && gst_structure_has_name (fields, "realtime2/response-started")
        && gst_structure_get_boolean (fields, "greeting", &greeting))
      n += greeting;
  }
  return n;
}

/* -- the conversation ------------------------------------------------------ */

/* Every response takes a while to begin. */
static const gchar script[] =
    "{\"loop\":true,\"turns\":[{\"delay_created_ms\":700,\"say\":["
    "{\"text\":\"This.\",\"tone_ms\":2000}]}]}";

#define PATIENCE_MS (STAGE_PATIENCE / GST_MSECOND)

static void
cut (Stage *stage, Sandbox *sandbox, guint code)
{
  sandbox_close_all (sandbox, code, "");
  stage_wait (stage, "realtime2/session-lost");
  stage_wait (stage, "realtime2/session-restored");
}

static void
wait_committed (Sandbox *sandbox, guint n)
{
  g_assert_true (sandbox_wait_sent (
      sandbox, "input_audio_buffer.committed", n, PATIENCE_MS));
}

/* Before a word was said; while the user speaks; when the turn is committed;
 * while the answer is heard. */
static void
cut_four_times (Stage *stage, Sandbox *sandbox, Stream *stream)
{
  g_assert_true (
      sandbox_wait_received (sandbox, "response.create", 1, PATIENCE_MS));
  cut (stage, sandbox, 0);
  stage_wait (stage, "realtime2/speech-started");
  cut (stage, sandbox, 1011);
  wait_committed (sandbox, 2);
  cut (stage, sandbox, 1001);
  wait_speech (stream, 3, 400);
  cut (stage, sandbox, 0);
}

static void
check (Stage *stage, Sandbox *sandbox, const Stream *stream)
{
  g_autoptr (GPtrArray) errors = sandbox_dup_errors (sandbox);
  const guint connections = sandbox_count_connections (sandbox);

  stage_expect_no_error (stage);
  g_assert_cmpuint (connections, ==, 5);
  g_assert_cmpuint (errors->len, ==, 0);
  g_assert_cmpuint (stage_count_element (stage, "realtime2/overrun"), ==, 0);
  g_assert_cmpuint (
      stage_count_element (stage, "realtime2/session-lost"), ==, 4);
  check_answers (stream, 3);
  g_assert_cmpuint (count_greetings (stage), ==, 1);
  check_conversation (sandbox);
  for (guint i = 2; i <= connections; i++)
    check_seed (sandbox, i);
  check_modalities (sandbox, connections);
}

static void
test_cuts (void)
{
  SandboxOptions options = { .script_json = script, .pace = 2 };
  Sandbox *sandbox = stage_start_sandbox (&options);
  Stage *stage = stage_new (LINE, sandbox_get_uri (sandbox),
      "greeting=Hello vad-silence-duration=400000000");
  Stream stream;

  stream_init (&stream, stage);
  push_talk (stage);
  stage_play (stage);
  cut_four_times (stage, sandbox, &stream);
  stage_wait_eos (stage);
  check (stage, sandbox, &stream);
  stream_clear (&stream, stage);
  stage_free (stage);
  sandbox_stop_thread (sandbox);
}

/* -- an outage ------------------------------------------------------------- */

#define BEFORE 400 /* ms that are said while the server is there */

static void
push_span (Stage *stage, guint from, guint to)
{
  GstElement *user = stage_get (stage, "user");

  for (guint ms = from; ms < to; ms += PIECE)
    push (user, ms, TRUE);
  gst_object_unref (user);
}

/* Until the server has @ms of it. */
static void
wait_audio (Sandbox *sandbox, guint ms)
{
  gint64 deadline = g_get_monotonic_time () + STAGE_PATIENCE / GST_USECOND;

  while (sandbox_audio_bytes_received (sandbox) < BYTES (ms)) {
    if (g_get_monotonic_time () > deadline)
      g_error ("of %u ms %" G_GUINT64_FORMAT " bytes came", ms,
          sandbox_audio_bytes_received (sandbox));
    g_usleep (5000);
  }
}

/* Until the element has taken so much, and could not keep so much. */
static void
wait_dropped (Stage *stage, Stream *stream, guint taken, guint dropped)
{
  gint64 deadline = g_get_monotonic_time () + STAGE_PATIENCE / GST_USECOND;
  guint64 seen = 0;

  while ((guint) g_atomic_int_get (&stream->taken) < taken
      || (seen = stage_stat (stage, "input-dropped-time"))
          < dropped * GST_MSECOND) {
    if (g_get_monotonic_time () > deadline)
      g_error ("%" G_GUINT64_FORMAT " ns are lost", seen);
    g_usleep (5000);
  }
  g_assert_cmpuint (seen, ==, dropped * GST_MSECOND);
}

/* What is lost is told, in parts, and as nothing else. */
static guint64
told_lost (Stage *stage)
{
  guint64 sum = 0;

  stage_collect (stage);
  for (guint i = 0; i < stage->messages->len; i++) {
    const GstStructure *fields = gst_message_get_structure (
        g_ptr_array_index (stage->messages, i));
    guint64 dropped;

    if (!fields || !gst_structure_has_name (fields, "realtime2/overrun"))
      continue;
    g_assert_cmpstr (
        gst_structure_get_string (fields, "reason"), ==, "max-size-time");
    g_assert_true (gst_structure_get_uint64 (fields, "dropped-ms", &dropped));
    sum += dropped;
  }
  return sum;
}

/* All that the turn holds, as the server hears it. */
static void
expect_turn (Stage *stage, Sandbox *sandbox, guint ms)
{
  g_autoptr (GPtrArray) items = NULL;
  const SandboxItem *item;
  gboolean taken = FALSE;

  g_signal_emit_by_name (stage->ai, "commit-input", &taken);
  g_assert_true (taken);
  g_assert_true (
      sandbox_wait_sent (sandbox, "conversation.item.done", 1, PATIENCE_MS));
  items = sandbox_dup_items (sandbox, 0);
  g_assert_cmpuint (items->len, >=, 1);
  item = g_ptr_array_index (items, 0);
  g_assert_cmpstr (item->role, ==, "user");
  g_assert_cmpuint (item->audio_ms, ==, ms);
  g_assert_cmpuint (sandbox_audio_bytes_received (sandbox), ==, BYTES (ms));
}

/* The server is away while the user says @said ms, of which @kept can be. */
static void
outage (guint said, guint kept)
{
  SandboxOptions options = { .pace = 8, .script_json = script };
  Sandbox *sandbox = stage_start_sandbox (&options);
  Stage *stage = stage_new (LINE, sandbox_get_uri (sandbox),
      "turn-detection=none sync-input=no leaky=downstream "
      "max-size-time=1000000000 chunk-duration=20000000");
  Stream stream;

  options.port = sandbox_get_port (sandbox);
  stream_init (&stream, stage);
  stage_play (stage);
  stage_wait (stage, "realtime2/session-updated");
  push_span (stage, 0, BEFORE);
  wait_audio (sandbox, BEFORE);
  sandbox_stop_thread (sandbox);
  stage_wait (stage, "realtime2/session-lost");
  push_span (stage, BEFORE, BEFORE + said);
  wait_dropped (stage, &stream, BEFORE + said, said - kept);
  /* Silence flows meanwhile. */
  wait_buffers (&stream, 50);
  g_assert_cmpuint (stream.bursts->len, ==, 0);
  sandbox = stage_start_sandbox (&options);
  stage_wait (stage, "realtime2/session-restored");
  wait_audio (sandbox, BEFORE + kept);
  expect_turn (stage, sandbox, BEFORE + kept);
  end_talk (stage);
  stage_wait_eos (stage);
  g_assert_cmpuint (told_lost (stage), ==, said - kept);
  stage_expect_no_error (stage);
  stream_clear (&stream, stage);
  stage_free (stage);
  sandbox_stop_thread (sandbox);
}

static void
test_outage (void)
{
  outage (600, 600);
}

static void
test_long_outage (void)
{
  outage (1600, 1000);
}

int
main (int argc, char *argv[])
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/reconnects/cuts", test_cuts);
  g_test_add_func ("/reconnects/outage", test_outage);
  g_test_add_func ("/reconnects/long-outage", test_long_outage);
  return g_test_run ();
}
