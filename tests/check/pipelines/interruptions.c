/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The server believes what the listener heard. The user barges in at random
 * instants of answers of one to four items; what the server was told of each
 * item is compared with the samples of it that a synchronised sink rendered.
 *
 * On a test clock nothing moves but when both sides wait for it, and the
 * difference may be one output period. In real time, with a server that listens
 * for itself, the difference is reported and gated loosely.
 */
#include <gst/check/gsttestclock.h>
#include <gst/gst.h>
#include <string.h>

#include "agent.h"
#include "figures.h"
#include "sandbox.h"
#include "stage.h"

#define RATE 24000
#define MS (RATE / 1000) /* samples */
#define PERIOD 20        /* ms */
#define MAX_ITEMS 4
#define CUT 8 /* ms that a cut takes */
#define PATIENCE_MS (STAGE_PATIENCE / GST_MSECOND)

static guint
random_between (guint first, guint last)
{
  return g_test_rand_int_range (first, last + 1);
}

/* -- on a test clock ----------------------------------------------------------
 */

#define ANSWERS 20 /* in each room */
/* The sanitizers take their time. */
#ifdef __SANITIZE_ADDRESS__
#define INTERRUPTIONS 100
#define FLUSHED_INTERRUPTIONS 40
#else
#define INTERRUPTIONS 1000
#define FLUSHED_INTERRUPTIONS 200
#endif
/* Samples at the end that may be faded. */
#define FADE (10 * MS)

/* What is not silence. */
typedef struct {
  gint16 value;
  GstClockTime end; /* running time at which it has sounded */
} Sound;

/* Who cuts the agent off. */
typedef enum {
  CUT_BY_SPEECH, /* the user, as the server hears */
  CUT_BY_TEXT,   /* the user, in writing */
  CUT_BY_APPLICATION,
  N_CUTS,
} CutBy;

/* One listener and one agent. */
typedef struct {
  Agent *agent;
  Stage *stage;
  GstTestClock *clock;
  gboolean flushes;     /* an interruption also flushes */
  GstClockTime latency; /* from src to the sink's rendering */
  CutBy cut_by;         /* of this turn */
  guint turn;           /* number of the conversation's next */
  GMutex lock;
  GCond changed;
  /* Under the lock, as all below. */
  gboolean hungry;      /* a flush has emptied the sink, which waits for more */
  GArray *heard;        /* Sound, of one answer */
  GstClockTime renders; /* PTS of the newest buffer, or NONE */
} Room;

/* What is not silent of @samples goes to the record. With the lock held. */
static void
hear (Room *room, const gint16 *samples, guint n)
{
  GstClockTime now = stage_now (room->stage);

  for (guint i = 0; i < n; i++) {
    Sound sound = { GINT16_FROM_LE (samples[i]),
      now + gst_util_uint64_scale_int (i + 1, GST_SECOND, RATE) };

    if (sound.value != 0)
      g_array_append_val (room->heard, sound);
  }
}

/* Since when there has been silence. With the lock held. */
static GstClockTime
quiet_since (Room *room)
{
  guint n = room->heard->len;

  return n > 0 ? g_array_index (room->heard, Sound, n - 1).end : 0;
}

/* A buffer that is sounding stops at once. With the lock held. */
static void
stop_sound (Room *room)
{
  GstClockTime now = stage_now (room->stage);

  while (quiet_since (room) > now)
    g_array_set_size (room->heard, room->heard->len - 1);
}

static void
on_rendered (GstElement *sink, GstBuffer *buffer, GstPad *pad, Room *room)
{
  GstMapInfo map;

  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  g_mutex_lock (&room->lock);
  hear (room, (const gint16 *) map.data, map.size / 2);
  room->renders = GST_BUFFER_PTS (buffer);
  g_mutex_unlock (&room->lock);
  gst_buffer_unmap (buffer, &map);
}

static GstPadProbeReturn
on_sink_data (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Room *room = data;
  gboolean flush = GST_IS_EVENT (info->data)
      && GST_EVENT_TYPE (info->data) == GST_EVENT_FLUSH_START;

  g_mutex_lock (&room->lock);
  if (flush || GST_IS_BUFFER (info->data))
    room->hungry = flush;
  if (flush)
    stop_sound (room);
  g_cond_signal (&room->changed);
  g_mutex_unlock (&room->lock);
  return GST_PAD_PROBE_OK;
}

static void
room_open (Room *room)
{
  g_autofree gchar *uri = agent_dup_uri (room->agent);
  GstElement *out;
  GstPad *pad;

  room->stage = stage_new (
      "realtime2 name=ai uri=%s flush-on-interrupt=%d "
      "playout-offset=%" G_GUINT64_FORMAT
      " ! queue ! fakesink name=out sync=true "
      "signal-handoffs=true processing-deadline=%" G_GUINT64_FORMAT,
      uri, room->flushes, random_between (0, 300) * GST_MSECOND,
      random_between (20, 500) * GST_MSECOND);
  gst_pipeline_use_clock (
      GST_PIPELINE (room->stage->pipeline), GST_CLOCK (room->clock));
  out = stage_get (room->stage, "out");
  g_signal_connect (out, "handoff", G_CALLBACK (on_rendered), room);
  pad = gst_element_get_static_pad (out, "sink");
  gst_pad_add_probe (pad,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_FLUSH, on_sink_data,
      room, NULL);
  gst_object_unref (pad);
  gst_object_unref (out);
  stage_play (room->stage);
  stage_wait (room->stage, "realtime2/session-updated");
}

static void
room_init (Room *room, gboolean flushes)
{
  *room = (Room){ .flushes = flushes, .renders = GST_CLOCK_TIME_NONE };
  g_mutex_init (&room->lock);
  g_cond_init (&room->changed);
  room->heard = g_array_new (FALSE, FALSE, sizeof (Sound));
  room->clock = GST_TEST_CLOCK (gst_test_clock_new ());
  room->agent = agent_new ();
  room_open (room);
}

static void
room_clear (Room *room)
{
  stage_expect_no_error (room->stage);
  g_assert_cmpuint (stage_stat (room->stage, "server-errors"), ==, 0);
  stage_free (room->stage);
  agent_free (room->agent);
  gst_object_unref (room->clock);
  g_array_unref (room->heard);
  g_mutex_clear (&room->lock);
  g_cond_clear (&room->changed);
}

/* Waits until so many wait for the clock, and nothing else can happen. */
static void
wait_waiters (Room *room, guint n)
{
  GList *ids = NULL;

  if (!gst_test_clock_timed_wait_for_multiple_pending_ids (
          room->clock, n, PATIENCE_MS, &ids))
    g_error ("nobody waits for the clock");
  g_assert_cmpuint (g_list_length (ids), ==, n);
  g_list_free_full (ids, (GDestroyNotify) gst_clock_id_unref);
}

/* The element and the sink both wait. */
static void
wait_idle (Room *room)
{
  wait_waiters (room, 2);
}

/* After a flush the sink waits for a buffer, not for the clock. */
static void
feed_sink (Room *room)
{
  gint64 deadline = g_get_monotonic_time () + STAGE_PATIENCE / GST_USECOND;

  g_mutex_lock (&room->lock);
  while (room->hungry) {
    g_mutex_unlock (&room->lock);
    wait_waiters (room, 1);
    g_assert_true (gst_test_clock_crank (room->clock));
    g_mutex_lock (&room->lock);
    while (room->hungry)
      if (!g_cond_wait_until (&room->changed, &room->lock, deadline))
        g_error ("no buffer after the flush");
  }
  g_mutex_unlock (&room->lock);
}

/* Lets the clock go on to the next thing that is due. */
static void
step (Room *room)
{
  wait_idle (room);
  g_assert_true (gst_test_clock_crank (room->clock));
}

static void
note_latency (Room *room)
{
  GstQuery *query = gst_query_new_latency ();

  wait_idle (room);
  g_assert_true (gst_element_query (room->stage->pipeline, query));
  gst_query_parse_latency (query, NULL, &room->latency, NULL);
  gst_query_unref (query);
}

static GstClockTime
get_renders (Room *room)
{
  GstClockTime pts;

  g_mutex_lock (&room->lock);
  pts = room->renders;
  g_mutex_unlock (&room->lock);
  return pts;
}

/* Goes on until @time was rendered. */
static void
go_on_until (Room *room, GstClockTime time)
{
  GstClockTime pts;

  do {
    step (room);
    wait_idle (room);
    pts = get_renders (room);
  } while (!GST_CLOCK_TIME_IS_VALID (pts) || pts < time);
}

/* Some instant between two things that are due. */
static void
go_astray (Room *room)
{
  GstClockTime now, next;

  wait_idle (room);
  now = gst_clock_get_time (GST_CLOCK (room->clock));
  next = gst_test_clock_get_next_entry_time (room->clock);
  if (next > now)
    gst_test_clock_set_time (
        room->clock, now + g_test_rand_double_range (0, 1) * (next - now));
}

/* Until running time @until, with the answer sent @pace times as fast as it
 * plays. */
static void
listen (Room *room, AgentAnswer *answer, gdouble pace, GstClockTime until)
{
  GstClockTime start = stage_now (room->stage), now;

  while ((now = stage_now (room->stage)) < until) {
    gdouble seconds = (gdouble) (now - start) / GST_SECOND;

    if (agent_answer_go_on (answer, 1 + seconds * pace * RATE))
      agent_sync (room->agent, room->stage);
    step (room);
  }
}

static void
speak_up (Room *room, const gchar *mark)
{
  agent_user_starts (room->agent, room->turn);
  stage_wait (room->stage, "realtime2/speech-started");
  /* What is sent for the interruption goes before this. */
  g_object_set (room->stage->ai, "instructions", mark, NULL);
}

/* How often it was seen at the server that a text had its effect. */
static guint
count_effects (Room *room)
{
  return agent_count (room->agent, "response.cancel")
      + agent_count (room->agent, "conversation.item.create");
}

/* Text goes the way of the audio, which other commands overtake. */
static void
write_up (Room *room)
{
  gint64 deadline = g_get_monotonic_time () + STAGE_PATIENCE / GST_USECOND;
  guint n = count_effects (room);
  gboolean taken;

  g_signal_emit_by_name (room->stage->ai, "send-text", "user", "Stop.", &taken);
  g_assert_true (taken);
  while (count_effects (room) == n) {
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    g_usleep (1000);
  }
}

static void
mark_place (Room *room, const gchar *mark)
{
  g_autofree gchar *json = g_strdup_printf (
      "{\"type\":\"session.update\",\"session\":{\"type\":\"realtime\","
      "\"instructions\":\"%s\"}}",
      mark);
  gboolean taken;

  g_signal_emit_by_name (room->stage->ai, "send-client-event", json, &taken);
  g_assert_true (taken);
}

/* Returns when the server knows all that there is to know of it. */
static void
barge_in (Room *room)
{
  g_autofree gchar *mark = g_strdup_printf ("Turn %u.", room->turn);
  gboolean taken;

  room->cut_by = random_between (0, N_CUTS - 1);
  if (room->cut_by == CUT_BY_SPEECH) {
    speak_up (room, mark);
  } else if (room->cut_by == CUT_BY_TEXT) {
    write_up (room);
    mark_place (room, mark);
  } else {
    g_signal_emit_by_name (room->stage->ai, "cancel-response", &taken);
    g_assert_true (taken);
    mark_place (room, mark);
  }
  agent_wait_update (room->agent, mark);
}

static void
end_turn (Room *room)
{
  if (room->cut_by == CUT_BY_SPEECH)
    agent_user_stops (room->agent, room->turn);
  room->turn++;
}

/* What an item of @sent samples was for the listener as far as the server
 * knows. @whole: the server is done with it. */
static guint
believed_of (const AgentVerdict *verdict, guint sent, gboolean whole)
{
  if (verdict->truncated) {
    g_assert_cmpuint (verdict->audio_end_ms, >, 0);
    g_assert_cmpuint (verdict->audio_end_ms * MS, <=, sent);
    return verdict->audio_end_ms * MS;
  }
  /* Nobody knows how an unfinished item would have ended. */
  g_assert_true (verdict->deleted || whole);
  return verdict->deleted ? 0 : sent;
}

/* Samples that were heard as far as the server knows. Items before a cut are
 * heard whole, those after it not at all. */
static guint64
believed (Room *room, AgentAnswer *answer, const guint *lengths,
    const guint *sent, guint n)
{
  guint64 samples = 0;
  gboolean cut = FALSE;

  for (guint i = 0; i < n; i++) {
    AgentVerdict verdict = agent_get_verdict (
        room->agent, agent_answer_first (answer) + i);

    if (cut)
      g_assert_true (verdict.deleted);
    cut = verdict.deleted || verdict.truncated;
    samples += believed_of (&verdict, sent[i], sent[i] == lengths[i]);
  }
  return samples;
}

/* What was rendered is the answer from its beginning on, whole and in order. */
static void
check_heard (Room *room, const guint *lengths, guint n)
{
  guint item = 0, at = 0;

  for (guint i = 0; i + FADE < room->heard->len; i++, at++) {
    while (item < n && at == lengths[item]) {
      item++;
      at = 0;
    }
    g_assert_cmpuint (item, <, n);
    g_assert_cmpint (
        g_array_index (room->heard, Sound, i).value, ==, agent_sample (at));
  }
}

/* The user spoke up at @event. The last buffer with speech begins to sound
 * within latency and one period, and what is in it is no more than a fade;
 * a flush stops what sounds. */
static void
check_silence (Room *room, GstClockTime event)
{
  GstClockTime limit = room->flushes ? 2 * PERIOD : PERIOD + CUT;

  if (!room->flushes)
    event += room->latency;
  g_assert_cmpuint (quiet_since (room), <=, event + limit * GST_MSECOND);
}

/* How many of the items the server has announced, and what it sent of each. */
static guint
count_sent (AgentAnswer *answer, guint *sent, guint n)
{
  guint announced = 0;

  while (
      announced < n && agent_answer_sent (answer, announced, &sent[announced]))
    announced++;
  return announced;
}

/* One answer, cut off at a random instant of it, or before or after. */
static void
hold_conversation (Room *room, Figures *figures)
{
  guint n = random_between (1, MAX_ITEMS), total = 0;
  guint lengths[MAX_ITEMS], sent[MAX_ITEMS];
  AgentAnswer *answer;
  GstClockTime until, event;
  gdouble difference;

  g_array_set_size (room->heard, 0);
  for (guint i = 0; i < n; i++)
    total += lengths[i] = random_between (10 * MS, 1200 * MS);
  answer = agent_answer_new (
      room->agent, lengths, n, random_between (20, 6000));
  until = stage_now (room->stage)
      + gst_util_uint64_scale_int (random_between (0, total), GST_SECOND, RATE);
  listen (room, answer, g_test_rand_double_range (1, 20), until);
  go_astray (room);

  event = stage_now (room->stage);
  n = count_sent (answer, sent, n);
  barge_in (room);
  agent_answer_cut (answer);
  feed_sink (room);
  go_on_until (room, event + 3 * PERIOD * GST_MSECOND);
  end_turn (room);

  check_heard (room, lengths, n);
  check_silence (room, event);
  difference = ((gdouble) believed (room, answer, lengths, sent, n)
                   - room->heard->len)
      / MS;
  figures_add (figures, ABS (difference));
  agent_answer_free (answer);
}

/* RT2_INTERRUPTIONS is how many there are instead of @n. */
static void
interrupt_often (guint n, gboolean flushes, const gchar *name)
{
  const gchar *wanted = g_getenv ("RT2_INTERRUPTIONS");
  Figures figures;

  if (wanted != NULL)
    n = g_ascii_strtoull (wanted, NULL, 10);
  figures_init (&figures);
  while (figures.values->len < n) {
    Room room;

    room_init (&room, flushes);
    note_latency (&room);
    for (guint i = 0; i < ANSWERS; i++)
      hold_conversation (&room, &figures);
    room_clear (&room);
  }
  figures_print (&figures, name);
  g_assert_cmpfloat (figures_percentile (&figures, 100), <=, PERIOD);
  figures_clear (&figures);
}

static void
test_test_clock (void)
{
  interrupt_often (INTERRUPTIONS, FALSE, "test clock, believed - rendered");
}

static void
test_flushed (void)
{
  interrupt_often (
      FLUSHED_INTERRUPTIONS, TRUE, "test clock, flushed, believed - rendered");
}

/* -- in real time -------------------------------------------------------------
 */

#define TALKS 10
#define TURNS 10                    /* interrupted ones, in each talk */
#define MAX_DIFFERENCE (3 * PERIOD) /* ms */

/* One user who cannot wait. */
typedef struct {
  Stage *stage;
  GstElement *voice;
  guint moments[TURNS]; /* ms of an answer after which he speaks up */
  GMutex lock;
  GCond changed;
  /* Under the lock, as all below. */
  GHashTable *rendered; /* item id -> samples up to the last rendered one */
  guint64 speech;       /* samples of speech since the last wait began */
} Talk;

static guint
count_speech (GstBuffer *buffer)
{
  GstMapInfo map;
  guint n;

  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  for (n = map.size / 2; n > 0; n--)
    if (((const gint16 *) map.data)[n - 1] != 0)
      break;
  gst_buffer_unmap (buffer, &map);
  return n;
}

static void
on_talk_rendered (GstElement *sink, GstBuffer *buffer, GstPad *pad, Talk *talk)
{
  GstCustomMeta *meta = gst_buffer_get_custom_meta (buffer, "GstRealtime2Meta");
  const GstStructure *fields;
  const gchar *id;
  guint64 offset, n = count_speech (buffer);

  if (meta == NULL)
    return;
  fields = gst_custom_meta_get_structure (meta);
  id = gst_structure_get_string (fields, "item-id");
  g_assert_true (gst_structure_get_uint64 (fields, "audio-offset", &offset));
  offset = gst_util_uint64_scale_int_round (offset, RATE, GST_SECOND);
  g_mutex_lock (&talk->lock);
  g_hash_table_insert (
      talk->rendered, g_strdup (id), GSIZE_TO_POINTER (offset + n));
  talk->speech += n;
  g_cond_signal (&talk->changed);
  g_mutex_unlock (&talk->lock);
}

static void
talk_init (Talk *talk, Sandbox *sandbox)
{
  GstElement *out;

  *talk = (Talk){ 0 };
  g_mutex_init (&talk->lock);
  g_cond_init (&talk->changed);
  talk->rendered = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < TURNS; i++)
    talk->moments[i] = random_between (1, 1200);
  talk->stage = stage_new (
      "audiotestsrc name=voice is-live=true samplesperbuffer=480 volume=0 ! "
      "audio/x-raw,format=S16LE,rate=24000,channels=1 ! "
      "realtime2 name=ai uri=%s vad-silence-duration=200000000 ! queue ! "
      "fakesink name=out sync=true signal-handoffs=true "
      "processing-deadline=%" G_GUINT64_FORMAT,
      sandbox_get_uri (sandbox), random_between (20, 500) * GST_MSECOND);
  talk->voice = stage_get (talk->stage, "voice");
  out = stage_get (talk->stage, "out");
  g_signal_connect (out, "handoff", G_CALLBACK (on_talk_rendered), talk);
  gst_object_unref (out);
}

static void
talk_clear (Talk *talk)
{
  gst_object_unref (talk->voice);
  stage_free (talk->stage);
  g_hash_table_unref (talk->rendered);
  g_mutex_clear (&talk->lock);
  g_cond_clear (&talk->changed);
}

/* Says something, which also ends what is being said to him. */
static void
speak (Talk *talk)
{
  g_object_set (talk->voice, "volume", 0.8, NULL);
  stage_wait (talk->stage, "realtime2/speech-started");
  g_object_set (talk->voice, "volume", 0.0, NULL);
  stage_wait (talk->stage, "realtime2/speech-stopped");
}

static void
listen_for (Talk *talk, guint ms)
{
  gint64 deadline = g_get_monotonic_time () + STAGE_PATIENCE / GST_USECOND;

  g_mutex_lock (&talk->lock);
  talk->speech = 0;
  while (talk->speech < ms * MS)
    if (!g_cond_wait_until (&talk->changed, &talk->lock, deadline))
      g_error ("no answer to listen to");
  g_mutex_unlock (&talk->lock);
}

static gpointer
run_talk (gpointer data)
{
  Talk *talk = data;

  stage_play (talk->stage);
  stage_wait (talk->stage, "realtime2/session-updated");
  speak (talk);
  for (guint i = 0; i < TURNS; i++) {
    listen_for (talk, talk->moments[i]);
    speak (talk);
  }
  /* The last answer is heard to its end. */
  stage_wait (talk->stage, "realtime2/response-done");
  stage_expect_no_error (talk->stage);
  gst_element_send_event (talk->stage->ai, gst_event_new_eos ());
  stage_wait_eos (talk->stage);
  return NULL;
}

static guint
rendered_of (Talk *talks, const gchar *item_id)
{
  for (guint i = 0; i < TALKS; i++) {
    gpointer samples;

    if (g_hash_table_lookup_extended (
            talks[i].rendered, item_id, NULL, &samples))
      return GPOINTER_TO_SIZE (samples);
  }
  return 0;
}

static void
compare_truncations (Sandbox *sandbox, Talk *talks, Figures *figures)
{
  g_autoptr (GPtrArray) truncations = sandbox_dup_truncations (sandbox);

  for (guint i = 0; i < truncations->len; i++) {
    const SandboxTruncation *truncation = g_ptr_array_index (truncations, i);
    gdouble rendered = rendered_of (talks, truncation->item_id);

    rendered = MIN (rendered / MS, truncation->generated_ms);
    figures_add (figures, ABS (truncation->audio_end_ms - rendered));
  }
}

static void
compare_deletions (Sandbox *sandbox, Talk *talks)
{
  g_auto (GStrv) deletions = sandbox_dup_deletions (sandbox);

  for (guint i = 0; deletions[i] != NULL; i++)
    g_assert_cmpuint (
        rendered_of (talks, deletions[i]), <=, MAX_DIFFERENCE * MS);
}

/* Answers of one to four items that last more than three seconds. */
static gchar *
make_script (void)
{
  GString *script = g_string_new ("{\"turns\":[");

  for (guint i = 0; i <= TURNS; i++) {
    guint n = random_between (1, MAX_ITEMS);

    g_string_append_printf (script, "%s{\"say\":[", i > 0 ? "," : "");
    for (guint k = 0; k < n; k++)
      g_string_append_printf (script,
          "%s{\"text\":\"Well.\",\"phase\":\"%s\",\"tone_ms\":%u}",
          k > 0 ? "," : "", k + 1 < n ? "commentary" : "final_answer",
          random_between (3500 / n, 4500 / n));
    g_string_append (script, "]}");
  }
  g_string_append (script, "]}");
  return g_string_free (script, FALSE);
}

static Sandbox *
start_sandbox (void)
{
  g_autofree gchar *script = make_script ();
  SandboxOptions options = { .script_json = script, .pace = 8 };

  return stage_start_sandbox (&options);
}

static void
expect_no_server_error (Sandbox *sandbox)
{
  g_autoptr (GPtrArray) errors = sandbox_dup_errors (sandbox);

  for (guint i = 0; i < errors->len; i++)
    g_error ("the server complained: %s",
        ((const SandboxError *) g_ptr_array_index (errors, i))->message);
}

static void
test_real_time (void)
{
  Sandbox *sandbox = start_sandbox ();
  GThread *threads[TALKS];
  Talk talks[TALKS];
  Figures figures;

  figures_init (&figures);
  for (guint i = 0; i < TALKS; i++) {
    talk_init (&talks[i], sandbox);
    threads[i] = g_thread_new ("talk", run_talk, &talks[i]);
  }
  for (guint i = 0; i < TALKS; i++)
    g_thread_join (threads[i]);
  compare_truncations (sandbox, talks, &figures);
  compare_deletions (sandbox, talks);
  figures_print (&figures, "real time, audio_end_ms - rendered");
  expect_no_server_error (sandbox);
  /* Hardly anyone came too late. */
  g_assert_cmpuint (figures.values->len, >=, TALKS * TURNS * 3 / 4);
  g_assert_cmpfloat (figures_percentile (&figures, 95), <=, MAX_DIFFERENCE);
  for (guint i = 0; i < TALKS; i++)
    talk_clear (&talks[i]);
  figures_clear (&figures);
  sandbox_stop_thread (sandbox);
}

int
main (int argc, char *argv[])
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/interruptions/test-clock", test_test_clock);
  g_test_add_func ("/interruptions/flushed", test_flushed);
  g_test_add_func ("/interruptions/real-time", test_real_time);
  return g_test_run ();
}
