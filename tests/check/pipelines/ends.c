/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ways in which a stream ends, and what is said when it does: an end that
 * comes while the input is full, a neighbour that wants no more, an end of the
 * application, a connection that is cut after the end.
 */
#include <gst/gst.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "agent.h"
#include "stage.h"
#include "testpeer.h"

/* The longest that anything which does not wait may take. */
#define AT_ONCE G_USEC_PER_SEC
/* The same for a sink that wants a second of buffers. */
#define SOON (3 * G_USEC_PER_SEC)
#define RATE 24000
#define CHUNK_MS 40
#define FORMAT "audio/x-raw,format=S16LE,rate=24000,channels=1"
/* Words may follow the sound so much later. */
#define LATE (200 * GST_MSECOND)
/* Samples of a buffer: some chunks and a part of one. */
#define LONG_BUFFER 5000
/* max-size-time holds so many whole chunks. */
#define ROOM_MS 500
#define ROOM_CHUNKS (ROOM_MS / CHUNK_MS)

/* -- time ------------------------------------------------------------------ */

static void
expect_took (gint64 start, gint64 limit, const gchar *what)
{
  gint64 took = g_get_monotonic_time () - start;

  if (took > limit)
    g_error ("%s took %u ms", what, (guint) (took / 1000));
}

static gint64
deadline_of (void)
{
  return g_get_monotonic_time () + STAGE_PATIENCE / GST_USECOND;
}

/* Between two looks at something that tells nobody of its changes. */
static void
look_again (gint64 deadline, const gchar *wanted)
{
  if (g_get_monotonic_time () > deadline)
    g_error ("no %s in time", wanted);
  g_usleep (1000);
}

static void
wait_event (Agent *agent, const gchar *type)
{
  gint64 deadline = deadline_of ();

  while (agent_count (agent, type) == 0)
    look_again (deadline, type);
}

static void
go_to (Stage *stage, GstState state)
{
  gint64 start = g_get_monotonic_time ();

  g_assert_cmpint (gst_element_set_state (stage->pipeline, state), !=,
      GST_STATE_CHANGE_FAILURE);
  expect_took (start, AT_ONCE, gst_element_state_get_name (state));
}

/* -- an upstream that is not live ------------------------------------------ */

typedef struct {
  GstPad *pad;
  GThread *thread;
  guint limit; /* of buffers */
  guint size;  /* samples of each */

  GMutex lock;
  /* Under the lock, as all below. */
  guint begun, taken; /* buffers: pushed, and accepted */
  gboolean done;      /* the last push has returned */
  GstFlowReturn last; /* what it returned */
} Voice;

static GstBuffer *
make_buffer (guint64 first, guint n)
{
  gint16 *samples = g_new (gint16, n);
  GstBuffer *buffer;

  for (guint i = 0; i < n; i++)
    samples[i] = GINT16_TO_LE (agent_sample (first + i));
  buffer = gst_buffer_new_wrapped (samples, n * sizeof *samples);
  GST_BUFFER_PTS (buffer) = gst_util_uint64_scale (first, GST_SECOND, RATE);
  GST_BUFFER_DURATION (buffer) = gst_util_uint64_scale (n, GST_SECOND, RATE);
  return buffer;
}

static gpointer
push_all (gpointer data)
{
  Voice *voice = data;
  GstFlowReturn ret = GST_FLOW_OK;

  for (guint i = 0; i < voice->limit && ret == GST_FLOW_OK; i++) {
    g_mutex_lock (&voice->lock);
    voice->begun++;
    g_mutex_unlock (&voice->lock);
    ret = gst_pad_push (
        voice->pad, make_buffer ((guint64) i * voice->size, voice->size));
    g_mutex_lock (&voice->lock);
    voice->last = ret;
    if (ret == GST_FLOW_OK)
      voice->taken++;
    g_mutex_unlock (&voice->lock);
  }
  g_mutex_lock (&voice->lock);
  voice->done = TRUE;
  g_mutex_unlock (&voice->lock);
  return NULL;
}

static void
push_header (GstPad *pad)
{
  g_autoptr (GstCaps)
      caps = gst_caps_from_string (FORMAT ",layout=interleaved");
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (pad, gst_event_new_stream_start ("voice"));
  gst_pad_push_event (pad, gst_event_new_caps (caps));
  gst_pad_push_event (pad, gst_event_new_segment (&segment));
}

/* The stage must be in PAUSED or more when voice_start() comes. */
static void
voice_init (Voice *voice, Stage *stage, guint limit, guint size)
{
  GstPad *sink = stage_get_pad (stage, "ai", "sink");

  *voice = (Voice){ .limit = limit, .size = size };
  g_mutex_init (&voice->lock);
  voice->pad = gst_pad_new ("voice", GST_PAD_SRC);
  gst_pad_set_active (voice->pad, TRUE);
  g_assert_cmpint (gst_pad_link (voice->pad, sink), ==, GST_PAD_LINK_OK);
  gst_object_unref (sink);
}

static void
voice_start (Voice *voice)
{
  push_header (voice->pad);
  voice->thread = g_thread_new ("voice", push_all, voice);
}

/* After the stage was freed. */
static void
voice_clear (Voice *voice)
{
  g_thread_join (voice->thread);
  gst_object_unref (voice->pad);
  g_mutex_clear (&voice->lock);
}

/* Waits until the thread stands in the push that finds no room. */
static void
voice_wait_full (Voice *voice, Stage *stage)
{
  gint64 deadline = deadline_of ();
  /* The push that completes one chunk more than there is room for. */
  guint needed = (ROOM_CHUNKS + 1) * CHUNK_MS * (RATE / 1000);
  guint last = (needed - 1) / voice->size;
  gboolean full = FALSE;

  for (; !full; look_again (deadline, "full input")) {
    g_mutex_lock (&voice->lock);
    full = voice->begun == last + 1 && voice->taken == last;
    g_mutex_unlock (&voice->lock);
    full = full
        && stage_stat (stage, "input-queued-time")
            == ROOM_CHUNKS * CHUNK_MS * GST_MSECOND;
  }
}

/* Waits until no push is left, and returns what the last one said. */
static GstFlowReturn
voice_wait_done (Voice *voice)
{
  gint64 deadline = deadline_of ();
  GstFlowReturn last;
  gboolean done;

  for (;;) {
    g_mutex_lock (&voice->lock);
    done = voice->done;
    last = voice->last;
    g_mutex_unlock (&voice->lock);
    if (done)
      return last;
    look_again (deadline, "end of pushing");
  }
}

static void
end_element (GstElement *element)
{
  gint64 start = g_get_monotonic_time ();

  g_assert_true (gst_element_send_event (element, gst_event_new_eos ()));
  expect_took (start, AT_ONCE, "sending EOS");
}

/* The end comes while a push waits for room. */
static void
end_while_full (Stage *stage, Voice *voice)
{
  gint64 start;

  stage_play (stage);
  voice_start (voice);
  voice_wait_full (voice, stage);
  start = g_get_monotonic_time ();
  end_element (stage->ai);
  g_assert_cmpint (voice_wait_done (voice), ==, GST_FLOW_EOS);
  expect_took (start, AT_ONCE, "the end of the push");
}

#define FULL_LINE                                                              \
  "realtime2 name=ai uri=%s retries=-1 retry-backoff-max=100000000 "           \
  "max-size-time=500000000 sync-input=no turn-detection=none ! "               \
  "fakesink sync=true"

static void
test_full_without_server (void)
{
  static const guint sizes[] = { 480, 1024, LONG_BUFFER };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autofree gchar *uri = g_strdup_printf (
        "ws://127.0.0.1:%u/v1/realtime", test_peer_find_closed_port ());
    Stage *stage = stage_new (FULL_LINE, uri);
    Voice voice;

    voice_init (&voice, stage, 500, sizes[i]);
    end_while_full (stage, &voice);
    stage_expect_no_error (stage);
    go_to (stage, GST_STATE_NULL);
    stage_free (stage);
    voice_clear (&voice);
  }
}

/* The same as users have it: a whole pipeline with a source that is not live,
 * which ends by itself when its push does. */
static void
test_full_source (void)
{
  g_autofree gchar *uri = g_strdup_printf (
      "ws://127.0.0.1:%u/v1/realtime", test_peer_find_closed_port ());
  g_autoptr (Stage) stage = stage_new (
      "audiotestsrc num-buffers=1000 name=voice ! " FORMAT " ! " FULL_LINE,
      uri);
  GstPad *pad = stage_get_pad (stage, "ai", "sink");
  GstPad *peer = gst_pad_get_peer (pad);
  gint64 start, deadline = deadline_of ();

  stage_play (stage);
  while (stage_stat (stage, "input-queued-time")
      != ROOM_CHUNKS * CHUNK_MS * GST_MSECOND)
    look_again (deadline, "full input");
  start = g_get_monotonic_time ();
  end_element (stage->ai);
  while (gst_pad_get_last_flow_return (peer) != GST_FLOW_EOS)
    look_again (deadline, "EOS upstream");
  expect_took (start, AT_ONCE, "the end of the source");
  gst_object_unref (peer);
  gst_object_unref (pad);
  go_to (stage, GST_STATE_NULL);
}

/* -- what the server got --------------------------------------------------- */

/* All audio before the commit. Checks that none comes after it. */
static GByteArray *
collect_audio (Agent *agent, guint connection)
{
  TestServer *server = agent_get_server (agent);
  guint n = test_server_count_messages (server, connection), commits = 0;
  GByteArray *audio = g_byte_array_new ();

  for (guint i = 0; i < n; i++) {
    g_autofree gchar *text = test_server_dup_message (server, connection, i);
    g_autoptr (JsonNode) node = json_from_string (text, NULL);
    JsonObject *event = json_node_get_object (node);
    const gchar *type = json_object_get_string_member (event, "type");

    if (g_str_equal (type, "input_audio_buffer.commit")) {
      commits++;
    } else if (g_str_equal (type, "input_audio_buffer.append")) {
      gsize size;
      g_autofree guchar *bytes = g_base64_decode (
          json_object_get_string_member (event, "audio"), &size);

      g_assert_cmpuint (commits, ==, 0);
      g_byte_array_append (audio, bytes, size);
    }
  }
  g_assert_cmpuint (commits, ==, 1);
  return audio;
}

/* Every buffer that was accepted came; the rest of one that was not may have.
 */
static void
expect_heard (Agent *agent, Voice *voice)
{
  g_autoptr (GByteArray) audio = collect_audio (agent, 0);
  const gint16 *samples = (const gint16 *) (const void *) audio->data;
  guint n = audio->len / 2;

  g_assert_cmpuint (audio->len % 2, ==, 0);
  for (guint i = 0; i < n; i++)
    if (GINT16_FROM_LE (samples[i]) != agent_sample (i))
      g_error ("sample %u of %u is out of its place", i, n);
  g_assert_cmpuint (n, >=, voice->taken * voice->size);
  g_assert_cmpuint (n, <=, voice->begun * voice->size);
}

/* The server begins to listen when the input has ended. */
static void
expect_full_heard (guint size)
{
  Agent *agent = agent_new ();
  TestServer *server = agent_get_server (agent);
  g_autofree gchar *uri = agent_dup_uri (agent);
  Stage *stage = stage_new (FULL_LINE, uri);
  Voice voice;

  voice_init (&voice, stage, 500, size);
  test_server_pause (server);
  end_while_full (stage, &voice);
  test_server_resume (server);
  wait_event (agent, "input_audio_buffer.commit");
  wait_event (agent, "response.create");
  go_to (stage, GST_STATE_NULL);
  test_server_wait_closed (server, 0);
  expect_heard (agent, &voice);
  stage_free (stage);
  voice_clear (&voice);
  agent_free (agent);
}

static void
test_full_heard (void)
{
  expect_full_heard (960);
  expect_full_heard (480);
}

/* Buffers that are no whole number of chunks. */
static void
test_full_heard_odd (void)
{
  expect_full_heard (1024);
  expect_full_heard (1000);
}

/* Buffers of several chunks. */
static void
test_full_heard_long (void)
{
  expect_full_heard (2 * 960);
  expect_full_heard (LONG_BUFFER);
}

/* -- a downstream that wants no more --------------------------------------- */

static void
expect_downstream_end (const gchar *uri, const gchar *downstream)
{
  g_autoptr (Stage) stage = stage_new (
      "realtime2 name=ai uri=%s retries=-1 ! %s", uri, downstream);
  gint64 start = g_get_monotonic_time ();

  stage_play (stage);
  stage_wait_eos (stage);
  expect_took (start, SOON, downstream);
  stage_expect_no_error (stage);
  g_assert_cmpuint (stage_count (stage, GST_MESSAGE_EOS), ==, 1);
  go_to (stage, GST_STATE_NULL);
}

static void
test_downstream (void)
{
  Agent *agent = agent_new ();
  g_autofree gchar *uri = agent_dup_uri (agent);
  g_autofree gchar *nobody = g_strdup_printf (
      "ws://127.0.0.1:%u/v1/realtime", test_peer_find_closed_port ());

  expect_downstream_end (uri, "fakesink num-buffers=50");
  expect_downstream_end (uri, "identity eos-after=20 ! fakesink");
  expect_downstream_end (nobody, "fakesink num-buffers=50");
  agent_free (agent);
}

/* -- an end of the application --------------------------------------------- */

static void
test_application (void)
{
  Agent *agent = agent_new ();
  g_autofree gchar *uri = agent_dup_uri (agent);
  Stage *stage = stage_new ("realtime2 name=ai uri=%s ! fakesink", uri);

  stage_play (stage);
  stage_wait (stage, "realtime2/session-updated");
  end_element (stage->pipeline);
  stage_wait_eos (stage);
  stage_expect_no_error (stage);
  g_assert_cmpuint (stage_count_element (stage, "realtime2/drained"), ==, 1);
  stage_free (stage);
  agent_free (agent);
}

static gboolean
is_source (GstElement *element)
{
  return GST_OBJECT_FLAG_IS_SET (element, GST_ELEMENT_FLAG_SOURCE);
}

static void
test_source_flag (void)
{
  g_autoptr (Stage) stage = stage_new ("realtime2 name=ai ! fakesink name=out "
                                       "identity name=before");
  GstElement *before = stage_get (stage, "before");

  for (guint i = 0; i < 2; i++) {
    g_assert_true (is_source (stage->ai));
    g_assert_true (gst_element_link (before, stage->ai));
    g_assert_false (is_source (stage->ai));
    gst_element_unlink (before, stage->ai);
  }
  g_assert_true (is_source (stage->ai));
  gst_object_unref (before);
}

/* -- progress -------------------------------------------------------------- */

/* What was said after @from, by its letters: S, then dots for what continues,
 * and C, X or E for COMPLETE, CANCELED or ERROR. Caller frees it. */
static gchar *
dup_progress (Stage *stage, guint from)
{
  GString *said = g_string_new (NULL);

  stage_collect (stage);
  for (guint i = from; i < stage->messages->len; i++) {
    GstMessage *message = g_ptr_array_index (stage->messages, i);
    g_autofree gchar *code = NULL;
    GstProgressType type;

    if (GST_MESSAGE_TYPE (message) != GST_MESSAGE_PROGRESS)
      continue;
    gst_message_parse_progress (message, &type, &code, NULL);
    g_assert_cmpstr (code, ==, "connect");
    g_assert_cmpuint (type, <=, GST_PROGRESS_TYPE_ERROR);
    g_string_append_c (said, "S.CXE"[type]);
  }
  return g_string_free (said, FALSE);
}

static void
wait_progress (Stage *stage, guint from, const gchar *wanted)
{
  gint64 deadline = deadline_of ();

  for (;;) {
    g_autofree gchar *said = dup_progress (stage, from);

    if (g_str_equal (said, wanted))
      return;
    g_assert_true (g_str_has_prefix (wanted, said));
    look_again (deadline, wanted);
  }
}

static void
expect_progress (Stage *stage, guint from, const gchar *wanted)
{
  g_autofree gchar *said = dup_progress (stage, from);

  g_assert_cmpstr (said, ==, wanted);
}

#define PROGRESS_LINE                                                          \
  "realtime2 name=ai uri=%s retries=-1 ! fakesink sync=true async=false"

/* The stage's bus keeps what is said on the way to NULL. */
static Stage *
new_progress_stage (Agent *agent)
{
  g_autofree gchar *uri = agent_dup_uri (agent);
  Stage *stage = stage_new (PROGRESS_LINE, uri);

  gst_pipeline_set_auto_flush_bus (GST_PIPELINE (stage->pipeline), FALSE);
  return stage;
}

/* From PLAYING with a session that is ready, to the end of the run. */
static void
finish_run (Stage *stage, guint from)
{
  stage_wait (stage, "realtime2/session-updated");
  wait_progress (stage, from, "SC");
  end_element (stage->pipeline);
  stage_wait_eos (stage);
  expect_progress (stage, from, "SC");
  go_to (stage, GST_STATE_NULL);
  expect_progress (stage, from, "SC");
}

static void
test_progress_ready_before (void)
{
  Agent *agent = agent_new ();
  Stage *stage = new_progress_stage (agent);

  for (guint run = 0; run < 2; run++) {
    guint from;

    stage_collect (stage);
    from = stage->messages->len;
    go_to (stage, GST_STATE_PAUSED);
    wait_progress (stage, from, "SC");
    stage_play (stage);
    finish_run (stage, from);
  }
  stage_free (stage);
  agent_free (agent);
}

static void
test_progress_ready_after (void)
{
  Agent *agent = agent_new ();
  Stage *stage = new_progress_stage (agent);

  for (guint run = 0; run < 2; run++) {
    guint from;

    stage_collect (stage);
    from = stage->messages->len;
    test_server_pause (agent_get_server (agent));
    stage_play (stage);
    wait_progress (stage, from, "S");
    test_server_resume (agent_get_server (agent));
    finish_run (stage, from);
  }
  stage_free (stage);
  agent_free (agent);
}

static void
test_progress_stopped (void)
{
  Agent *agent = agent_new ();
  Stage *stage = new_progress_stage (agent);

  test_server_pause (agent_get_server (agent));
  stage_play (stage);
  wait_progress (stage, 0, "S");
  go_to (stage, GST_STATE_NULL);
  expect_progress (stage, 0, "SX");
  test_server_resume (agent_get_server (agent));
  stage_free (stage);
  agent_free (agent);
}

/* -- captions -------------------------------------------------------------- */

#define ITEM                                                                   \
  "{\"type\":\"response.output_item.%s\",\"event_id\":\"event_i\","            \
  "\"response_id\":\"resp_w\",\"output_index\":%u,\"item\":{"                  \
  "\"id\":\"%s\",\"type\":\"message\",\"status\":\"%s\","                      \
  "\"role\":\"assistant\",\"content\":[%s]}}"
#define PART                                                                   \
  "\"event_id\":\"event_p\",\"response_id\":\"resp_w\",\"item_id\":\"%s\","    \
  "\"output_index\":%u,\"content_index\":0"
#define RESPONSE                                                               \
  "{\"type\":\"response.%s\",\"event_id\":\"event_r\",\"response\":{"          \
  "\"object\":\"realtime.response\",\"id\":\"resp_w\",\"status\":\"%s\","      \
  "\"status_details\":null,\"output\":[],\"usage\":null}}"

static const gchar *const ids[] = { "item_first", "item_second" };

/* A second of sound, whose words come before it. */
static void
say_item (Agent *agent, guint index, const gchar *id)
{
  GstBuffer *buffer = make_buffer (0, RATE);
  g_autofree gchar *audio = NULL;
  GstMapInfo map;

  gst_buffer_map (buffer, &map, GST_MAP_READ);
  audio = g_base64_encode (map.data, map.size);
  gst_buffer_unmap (buffer, &map);
  gst_buffer_unref (buffer);
  agent_send (agent, ITEM, "added", index, id, "in_progress", "");
  agent_send (agent,
      "{\"type\":\"response.output_audio_transcript.delta\"," PART
      ",\"delta\":\"Said.\"}",
      id, index);
  agent_send (agent,
      "{\"type\":\"response.output_audio.delta\"," PART ",\"delta\":\"%s\"}",
      id, index, audio);
  agent_send (
      agent, "{\"type\":\"response.output_audio.done\"," PART "}", id, index);
  agent_send (agent,
      "{\"type\":\"response.output_audio_transcript.done\"," PART
      ",\"transcript\":\"Said.\"}",
      id, index);
  agent_send (agent, ITEM, "done", index, id, "completed",
      "{\"type\":\"output_audio\",\"transcript\":\"Said.\"}");
}

static void
say_words (Agent *agent)
{
  agent_send (agent, RESPONSE, "created", "in_progress");
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    say_item (agent, i, ids[i]);
  agent_send (agent, RESPONSE, "done", "completed");
}

/* Where the items begin on the pads. */
typedef struct {
  GMutex lock;
  /* Under the lock. */
  GstClockTime audio[2], text[2];
} Captions;

static void
note (Captions *captions, GstClockTime *times, GstBuffer *buffer)
{
  GstCustomMeta *meta = gst_buffer_get_custom_meta (buffer, "GstRealtime2Meta");
  const gchar *id;

  if (meta == NULL)
    return;
  id = gst_structure_get_string (
      gst_custom_meta_get_structure (meta), "item-id");
  g_mutex_lock (&captions->lock);
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    if (g_strcmp0 (ids[i], id) == 0 && !GST_CLOCK_TIME_IS_VALID (times[i]))
      times[i] = GST_BUFFER_PTS (buffer);
  g_mutex_unlock (&captions->lock);
}

static GstPadProbeReturn
on_audio (GstPad *pad, GstPadProbeInfo *info, gpointer captions)
{
  note (captions, ((Captions *) captions)->audio,
      GST_PAD_PROBE_INFO_BUFFER (info));
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_text (GstPad *pad, GstPadProbeInfo *info, gpointer captions)
{
  note (captions, ((Captions *) captions)->text,
      GST_PAD_PROBE_INFO_BUFFER (info));
  return GST_PAD_PROBE_OK;
}

static void
watch (Stage *stage, const gchar *name, GstPadProbeCallback callback,
    Captions *captions)
{
  GstPad *pad = stage_get_pad (stage, "ai", name);

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, callback, captions, NULL);
  gst_object_unref (pad);
}

static void
captions_init (Captions *captions, Stage *stage)
{
  *captions = (Captions){ .audio = { GST_CLOCK_TIME_NONE, GST_CLOCK_TIME_NONE },
    .text = { GST_CLOCK_TIME_NONE, GST_CLOCK_TIME_NONE } };
  g_mutex_init (&captions->lock);
  watch (stage, "src", on_audio, captions);
  watch (stage, "text_src_0", on_text, captions);
}

static void
captions_wait (Captions *captions)
{
  gint64 deadline = deadline_of ();
  gboolean all;

  for (;;) {
    g_mutex_lock (&captions->lock);
    all = GST_CLOCK_TIME_IS_VALID (captions->audio[1])
        && GST_CLOCK_TIME_IS_VALID (captions->text[1]);
    g_mutex_unlock (&captions->lock);
    if (all)
      return;
    look_again (deadline, "caption");
  }
}

static void
captions_clear (Captions *captions)
{
  g_mutex_clear (&captions->lock);
}

/* An empty call-id is none: two items of a second each come at once, and the
 * words of both leave with their sound. */
static void
expect_captions (const gchar *properties)
{
  Agent *agent = agent_new ();
  g_autofree gchar *uri = agent_dup_uri (agent);
  Stage *stage = stage_new ("realtime2 name=ai uri=%s %s ! fakesink sync=true "
                            "ai.text_src_0 ! text/x-raw,format=utf8 ! fakesink "
                            "sync=true async=false",
      uri, properties);
  Captions captions;

  captions_init (&captions, stage);
  stage_play (stage);
  stage_wait (stage, "realtime2/session-updated");
  say_words (agent);
  captions_wait (&captions);
  stage_expect_no_error (stage);
  go_to (stage, GST_STATE_NULL);
  /* The first words may come a moment after the sound that waited for none,
   * and push the next ones back. */
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++) {
    g_assert_cmpuint (captions.text[i], >=, captions.audio[i]);
    g_assert_cmpuint (captions.text[i], <=, captions.audio[i] + LATE);
  }
  g_assert_cmpuint (
      captions.audio[1], >=, captions.audio[0] + 980 * GST_MSECOND);
  stage_free (stage);
  captions_clear (&captions);
  agent_free (agent);
}

static void
test_no_sideband (void)
{
  expect_captions ("");
  expect_captions ("call-id=\"\"");
}

/* -- cut off after the end ------------------------------------------------- */

#define CUT_LINE                                                               \
  "realtime2 name=ai uri=%s retries=-1 retry-backoff-max=100000000 "           \
  "sync-input=no turn-detection=none ! fakesink sync=true"

/* The turn that was cut off comes again on the next connection, with its end,
 * and is answered there. @acknowledged: the server said that it has it. */
static void
cut_after_end (guint spoken_ms, gboolean acknowledged)
{
  guint size = RATE / 50;
  Agent *agent = agent_new ();
  g_autofree gchar *uri = agent_dup_uri (agent);
  Stage *stage = stage_new (CUT_LINE, uri);
  Voice voice;

  voice_init (&voice, stage, spoken_ms / 20, size);
  stage_play (stage);
  voice_start (&voice);
  g_assert_cmpint (voice_wait_done (&voice), ==, GST_FLOW_OK);
  gst_pad_push_event (voice.pad, gst_event_new_eos ());
  wait_event (agent, "input_audio_buffer.commit");
  wait_event (agent, "response.create");
  if (acknowledged)
    agent_send (agent,
        "{\"type\":\"input_audio_buffer.committed\",\"event_id\":\"event_k\","
        "\"previous_item_id\":null,\"item_id\":\"item_user\"}");
  agent_forget (agent);
  test_server_drop (agent_get_server (agent), 0);
  stage_wait (stage, "realtime2/session-lost");
  wait_event (agent, "input_audio_buffer.commit");
  wait_event (agent, "response.create");
  agent_send (agent,
      "{\"type\":\"input_audio_buffer.committed\",\"event_id\":\"event_l\","
      "\"previous_item_id\":null,\"item_id\":\"item_again\"}");
  agent_send (agent,
      "{\"type\":\"response.created\",\"event_id\":\"event_m\",\"response\":"
      "{\"id\":\"resp_again\",\"status\":\"in_progress\",\"output\":[]}}");
  agent_send (agent,
      "{\"type\":\"response.done\",\"event_id\":\"event_n\",\"response\":"
      "{\"id\":\"resp_again\",\"status\":\"completed\",\"output\":[]}}");
  stage_wait_eos (stage);
  stage_expect_no_error (stage);

  g_assert_cmpuint (
      agent_count (agent, "input_audio_buffer.append"), >=, spoken_ms / 50);
  g_assert_cmpuint (stage_count_element (stage, "realtime2/overrun"), ==, 0);
  g_assert_cmpuint (stage_count (stage, GST_MESSAGE_WARNING), ==, 0);
  stage_free (stage);
  voice_clear (&voice);
  agent_free (agent);
}

static void
test_cut (void)
{
  cut_after_end (1000, FALSE);
  cut_after_end (2600, FALSE);
}

static void
test_cut_acknowledged (void)
{
  cut_after_end (1000, TRUE);
}

int
main (int argc, char *argv[])
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ends/full/without-server", test_full_without_server);
  g_test_add_func ("/ends/full/source", test_full_source);
  g_test_add_func ("/ends/full/heard", test_full_heard);
  g_test_add_func ("/ends/full/heard-odd", test_full_heard_odd);
  g_test_add_func ("/ends/full/heard-long", test_full_heard_long);
  g_test_add_func ("/ends/downstream", test_downstream);
  g_test_add_func ("/ends/application", test_application);
  g_test_add_func ("/ends/source-flag", test_source_flag);
  g_test_add_func ("/ends/progress/ready-before", test_progress_ready_before);
  g_test_add_func ("/ends/progress/ready-after", test_progress_ready_after);
  g_test_add_func ("/ends/progress/stopped", test_progress_stopped);
  g_test_add_func ("/ends/captions/no-sideband", test_no_sideband);
  g_test_add_func ("/ends/cut/unanswered", test_cut);
  g_test_add_func ("/ends/cut/acknowledged", test_cut_acknowledged);
  return g_test_run ();
}
