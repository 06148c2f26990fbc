/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The figures say what the listener knows. A synchronised sink notes when it
 * renders the first sound of each answer; `response-heard` must say the same.
 *
 * On a test clock nothing moves but when both sides wait for it, and the
 * difference may be one output period. In real time the server's own delay is
 * known from its script, and no part may be shorter than what makes it up; how
 * much longer it is depends on the machine and is reported.
 */
#include <gst/check/gsttestclock.h>
#include <gst/gst.h>
#include <string.h>

#include "agent.h"
#include "sandbox.h"
#include "stage.h"

#define MS GST_MSECOND
#define PERIOD (20 * MS)
#define PATIENCE_MS (STAGE_PATIENCE / MS)
#define VOICE                                                                  \
  "audio/x-raw,format=S16LE,rate=24000,channels=1,layout=interleaved"
/* Louder than this is no silence: -50 dB. */
#define QUIET 103

/* -- who listens --------------------------------------------------------------
 */

typedef struct {
  Stage *stage;
  GstClock *clock;
  GMutex lock;
  /* Under the lock, as all below. Running times. */
  GArray *sounds;       /* GstClockTime: when sound began after silence */
  GstClockTime quiet;   /* samples of silence since the last sound, as time */
  GstClockTime renders; /* when the newest buffer was rendered, or NONE */
} Listener;

/* A pause that no answer has within itself. */
#define PAUSE (200 * MS)

static void
listen_to (Listener *listener, const gint16 *samples, gsize n, guint64 now)
{
  for (gsize i = 0; i < n; i++) {
    GstClockTime at = now + gst_util_uint64_scale (i, GST_SECOND, 24000);

    if (ABS (GINT16_FROM_LE (samples[i])) <= QUIET) {
      listener->quiet += GST_SECOND / 24000;
      continue;
    }
    if (listener->quiet >= PAUSE)
      g_array_append_val (listener->sounds, at);
    listener->quiet = 0;
  }
}

static void
on_rendered (
    GstElement *sink, GstBuffer *buffer, GstPad *pad, Listener *listener)
{
  GstClockTime base = gst_element_get_base_time (sink);
  GstClockTime now = gst_clock_get_time (listener->clock) - base;
  GstMapInfo map;

  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  g_mutex_lock (&listener->lock);
  listen_to (listener, (const gint16 *) map.data, map.size / 2, now);
  listener->renders = now;
  g_mutex_unlock (&listener->lock);
  gst_buffer_unmap (buffer, &map);
}

/* Plays @line, which has an `ai` and a sink `out`, by @clock (transfer full).
 */
static void
listener_init (Listener *listener, Stage *stage, GstClock *clock)
{
  GstElement *out = stage_get (stage, "out");

  g_mutex_init (&listener->lock);
  listener->stage = stage;
  listener->clock = clock;
  listener->sounds = g_array_new (FALSE, FALSE, sizeof (GstClockTime));
  listener->quiet = PAUSE;
  listener->renders = GST_CLOCK_TIME_NONE;
  g_signal_connect (out, "handoff", G_CALLBACK (on_rendered), listener);
  gst_object_unref (out);
  gst_pipeline_use_clock (GST_PIPELINE (stage->pipeline), clock);
}

static void
listener_clear (Listener *listener)
{
  stage_expect_no_error (listener->stage);
  stage_free (listener->stage);
  gst_object_unref (listener->clock);
  g_array_unref (listener->sounds);
  g_mutex_clear (&listener->lock);
}

static guint
count_sounds (Listener *listener)
{
  guint n;

  g_mutex_lock (&listener->lock);
  n = listener->sounds->len;
  g_mutex_unlock (&listener->lock);
  return n;
}

/* When the first sound after the @i-th pause was heard. */
static GstClockTime
get_sound (Listener *listener, guint i)
{
  GstClockTime at;

  g_mutex_lock (&listener->lock);
  g_assert_cmpuint (i, <, listener->sounds->len);
  at = g_array_index (listener->sounds, GstClockTime, i);
  g_mutex_unlock (&listener->lock);
  return at;
}

static guint64
get_time (const GstStructure *fields, const gchar *name)
{
  guint64 value;

  if (!gst_structure_get_uint64 (fields, name, &value))
    g_error ("%s has no %s", gst_structure_get_name (fields), name);
  return value;
}

static void
assert_within (guint64 a, guint64 b, guint64 tolerance)
{
  if (MAX (a, b) - MIN (a, b) > tolerance)
    g_error ("%" GST_TIME_FORMAT " and %" GST_TIME_FORMAT " are too far apart",
        GST_TIME_ARGS (a), GST_TIME_ARGS (b));
}

static void
assert_adds_up (const GstStructure *fields)
{
  g_assert_cmpuint (get_time (fields, "latency"), ==,
      get_time (fields, "latency-turn") + get_time (fields, "latency-server")
          + get_time (fields, "latency-output"));
}

/* -- on a test clock ----------------------------------------------------------
 */

typedef struct {
  Listener listener;
  Agent *agent;
  GstTestClock *clock;
  guint syncs;
} Room;

static void
push_voice (Room *room, guint ms)
{
  GstElement *voice = stage_get (room->listener.stage, "voice");
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, ms * 48, NULL);
  gint64 deadline = g_get_monotonic_time () + STAGE_PATIENCE / GST_USECOND;
  GstFlowReturn ret;

  gst_buffer_memset (buffer, 0, 1, ms * 48);
  GST_BUFFER_PTS (buffer) = 0;
  GST_BUFFER_DURATION (buffer) = ms * MS;
  g_signal_emit_by_name (voice, "push-buffer", buffer, &ret);
  g_assert_cmpint (ret, ==, GST_FLOW_OK);
  gst_buffer_unref (buffer);
  gst_object_unref (voice);
  /* Chunks are of 40 ms. */
  while (agent_count (room->agent, "input_audio_buffer.append") < ms / 40) {
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    g_thread_yield ();
  }
}

static void
room_init (Room *room, guint deadline)
{
  g_autofree gchar *uri = NULL;

  memset (room, 0, sizeof *room);
  room->agent = agent_new ();
  room->clock = GST_TEST_CLOCK (gst_test_clock_new ());
  uri = agent_dup_uri (room->agent);
  listener_init (&room->listener,
      stage_new ("appsrc name=voice is-live=true format=time caps=" VOICE
                 " ! realtime2 name=ai uri=%s ! queue ! fakesink name=out "
                 "sync=true signal-handoffs=true "
                 "processing-deadline=%" G_GUINT64_FORMAT,
          uri, deadline * MS),
      GST_CLOCK (room->clock));
  stage_play (room->listener.stage);
  stage_wait (room->listener.stage, "realtime2/session-updated");
}

static void
room_clear (Room *room)
{
  listener_clear (&room->listener);
  agent_free (room->agent);
}

/* Lets the clock go on to the next thing that is due, once the element and the
 * sink both wait for it. */
static void
step (Room *room)
{
  GList *ids = NULL;

  if (!gst_test_clock_timed_wait_for_multiple_pending_ids (
          room->clock, 2, PATIENCE_MS, &ids))
    g_error ("nobody waits for the clock");
  g_list_free_full (ids, (GDestroyNotify) gst_clock_id_unref);
  g_assert_true (gst_test_clock_crank (room->clock));
}

static void
run_to (Room *room, GstClockTime time)
{
  while (stage_now (room->listener.stage) < time)
    step (room);
}

/* All that the agent has said was taken in. */
static void
sync_room (Room *room)
{
  for (guint i = 0; i < 2; i++) {
    agent_send (room->agent,
        "{\"type\":\"rate_limits.updated\",\"event_id\":\"event_0\","
        "\"rate_limits\":[{\"name\":\"sync\",\"limit\":1,\"remaining\":%u,"
        "\"reset_seconds\":0}]}",
        room->syncs++);
    stage_wait (room->listener.stage, "realtime2/rate-limits");
  }
}

/* The user stops speaking at @end ms, which the VAD tells now. */
static void
end_turn (Room *room, guint end)
{
  agent_send (room->agent,
      "{\"type\":\"input_audio_buffer.speech_started\",\"event_id\":\"e\","
      "\"audio_start_ms\":0,\"item_id\":\"user\"}");
  agent_send (room->agent,
      "{\"type\":\"input_audio_buffer.speech_stopped\",\"event_id\":\"e\","
      "\"audio_end_ms\":%u,\"item_id\":\"user\"}",
      end + 500);
  sync_room (room);
}

/* Sinks of some latencies; speech that ends at odd instants. */
static void
test_test_clock (void)
{
  static const guint deadlines[] = { 20, 137, 480 };

  for (guint i = 0; i < G_N_ELEMENTS (deadlines); i++) {
    const guint samples[] = { 9600 + 7 * i };
    guint end = 313 + 77 * i;
    const GstStructure *heard;
    Room room;
    guint64 over, came;

    room_init (&room, deadlines[i]);
    push_voice (&room, 1000);
    run_to (&room, 1000 * MS);
    over = stage_now (room.listener.stage);
    end_turn (&room, end);
    run_to (&room, 1400 * MS);
    came = stage_now (room.listener.stage);
    agent_say (room.agent, samples, 1);
    sync_room (&room);
    run_to (&room, 2500 * MS);

    heard = stage_wait (room.listener.stage, "realtime2/response-heard");
    g_assert_cmpuint (count_sounds (&room.listener), ==, 1);
    assert_within (
        get_time (heard, "first-audio"), get_sound (&room.listener, 0), PERIOD);
    assert_within (get_time (heard, "latency"),
        get_sound (&room.listener, 0) - end * MS, PERIOD);
    g_assert_cmpuint (get_time (heard, "latency-turn"), ==, over - end * MS);
    g_assert_cmpuint (get_time (heard, "latency-server"), ==, came - over);
    assert_adds_up (heard);
    room_clear (&room);
  }
}

/* -- in real time -------------------------------------------------------------
 */

#define SERVER_DELAY 400
#define SPEECH_MS 1000
#define COMMENTARY_MS 300
/* How much longer anything may take on a machine that is busy. */
#define BUSY (5 * GST_SECOND)

static const gchar script[] = "{\"turns\":[{\"delay_ms\":400,\"say\":["
                              "{\"phase\":\"commentary\",\"text\":\"Hm.\","
                              "\"tone_ms\":300},"
                              "{\"phase\":\"final_answer\",\"text\":\"Yes.\","
                              "\"tone_ms\":400}]}]}";

/* What is said ends at SPEECH_MS. */
static GstPadProbeReturn
on_voice (GstPad *pad, GstPadProbeInfo *info, gpointer unused)
{
  GstBuffer *buffer = gst_buffer_make_writable (
      GST_PAD_PROBE_INFO_BUFFER (info));

  if (GST_BUFFER_PTS (buffer) >= SPEECH_MS * MS)
    gst_buffer_memset (buffer, 0, 0, gst_buffer_get_size (buffer));
  info->data = buffer;
  return GST_PAD_PROBE_OK;
}

static void
start (Listener *listener, Sandbox *sandbox, const gchar *source,
    const gchar *properties)
{
  GstPad *pad;

  memset (listener, 0, sizeof *listener);
  listener_init (listener,
      stage_new ("audiotestsrc name=voice is-live=true samplesperbuffer=480 %s "
                 "! " VOICE " ! realtime2 name=ai uri=%s %s ! queue ! "
                 "fakesink name=out sync=true signal-handoffs=true",
          source, sandbox_get_uri (sandbox), properties),
      gst_system_clock_obtain ());
  pad = stage_get_pad (listener->stage, "voice", "src");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, on_voice, NULL, NULL);
  gst_object_unref (pad);
  stage_play (listener->stage);
}

static void
assert_between (const GstStructure *fields, const gchar *name, guint64 least)
{
  guint64 value = get_time (fields, name);

  g_test_message ("%s %u ms", name, (guint) (value / MS));
  if (value < least || value > least + BUSY)
    g_error ("%s is %" GST_TIME_FORMAT, name, GST_TIME_ARGS (value));
}

/* What the sink saw, and what cannot take less. @turn: ms from the end of the
 * speech until the turn was over; @end: ms at which the speech ended. */
static void
assert_figures (Listener *listener, guint end, guint turn)
{
  const GstStructure *heard = stage_wait (
      listener->stage, "realtime2/response-heard");
  gint64 deadline = g_get_monotonic_time () + STAGE_PATIENCE / GST_USECOND;
  GstClockTime sound, first_audio = get_time (heard, "first-audio");

  while (count_sounds (listener) == 0) {
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    g_usleep (1000);
  }
  sound = get_sound (listener, 0);
  /* A sink is late on a busy machine, never early. */
  g_assert_cmpuint (sound + PERIOD, >=, first_audio);
  g_assert_cmpuint (sound, <, first_audio + BUSY);
  assert_within (first_audio - end * MS, get_time (heard, "latency"), PERIOD);
  g_assert_cmpuint (
      get_time (heard, "latency"), ==, get_time (heard, "commentary-latency"));
  /* It waits for the end of the commentary. */
  g_assert_cmpuint (get_time (heard, "final-answer-latency") + PERIOD, >=,
      get_time (heard, "latency") + COMMENTARY_MS * MS);
  assert_between (heard, "latency-turn", turn * MS);
  assert_between (heard, "latency-server", SERVER_DELAY * MS);
  assert_between (heard, "latency-output", 0);
  assert_adds_up (heard);
  g_assert_cmpuint (stage_stat (listener->stage, "latency-last"), ==,
      get_time (heard, "latency"));
}

/* The server hears for itself that the turn is over. */
static void
test_server_vad (void)
{
  Sandbox *sandbox = stage_start_sandbox (
      &(SandboxOptions){ .script_json = script });
  Listener listener;

  start (&listener, sandbox, "", "");
  assert_figures (&listener, SPEECH_MS, 500 - PERIOD / MS);
  listener_clear (&listener);
  sandbox_stop_thread (sandbox);
}

/* The end of the input is the end of the turn. */
static void
test_manual (void)
{
  Sandbox *sandbox = stage_start_sandbox (
      &(SandboxOptions){ .script_json = script });
  Listener listener;

  start (&listener, sandbox, "num-buffers=45", "turn-detection=none");
  assert_figures (&listener, 900, 0);
  stage_wait_eos (listener.stage);
  listener_clear (&listener);
  sandbox_stop_thread (sandbox);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/heard/test-clock", test_test_clock);
  g_test_add_func ("/heard/server-vad", test_server_vad);
  g_test_add_func ("/heard/manual", test_manual);
  return g_test_run ();
}
