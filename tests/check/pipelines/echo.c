/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A microphone that hears the loudspeaker: what the agent says comes back
 * 60 ms later at -10 dB, in a room with some noise. The server's turn detection
 * goes by level, so nothing but our measures keeps it from taking the agent for
 * the user. Without them it does.
 */
#include <gst/gst.h>
#include <math.h>
#include <string.h>

#include "audio.h"
#include "sandbox.h"
#include "stage.h"

#define QUESTION                                                               \
  "/usr/share/asterisk/sounds/en_US_f_Allison/number-not-answering.wav"
#define QUESTION_RATE 8000
#define WAV_HEADER 44
#define ROOM_RATE 48000
#define SERVER_RATE 24000
#define MS GST_MSECOND
#define PATIENCE_MS (STAGE_PATIENCE / MS)
#define STARTED "input_audio_buffer.speech_started"
#define STOPPED "input_audio_buffer.speech_stopped"

/* From src to its echo in the microphone: the latency of the pipeline, 40 ms,
 * then 60 ms through the room. */
#define ECHO_DELAY (100 * MS)
#define ROOM_DELAY_MS 60
#define ROOM_DELAY "60000000"
#define ECHO_DB -10

static const gchar script[] =
    "{\"loop\":true,\"turns\":[{\"hear\":\"Are you there?\",\"say\":[{"
    "\"phase\":\"final_answer\",\"text\":\"It is ten o'clock in the "
    "morning, and the train to the coast leaves in a quarter of an hour from "
    "the third platform. Please take your umbrella with you.\"}]}]}";

/* All samples of a stream. */
typedef struct {
  guint rate;
  GArray *samples;    /* gint16 */
  GstClockTime start; /* running time of the first */
} Track;

typedef struct {
  Sandbox *sandbox;
  Stage *stage;
  GArray *question; /* gint16, ROOM_RATE */
  gdouble echo_gain;

  GMutex lock;
  GCond changed;
  /* Under the lock, as all below. */
  gboolean gone; /* the pipeline is being stopped */
  guint asked;   /* samples of the question that were spoken; all of them:
                  * nobody speaks */
  Track speaker; /* what the loudspeaker plays; times are those of src */
  Track server;  /* what comes to sink */
  guint begun;   /* items that src began to play */
  guint heard;   /* items that it played to their end */
} House;

/* -- the house ---------------------------------------------------------------
 */

static GArray *
load_question (void)
{
  g_autofree gchar *wav = NULL;
  g_autoptr (GError) error = NULL;
  gsize size;

  g_file_get_contents (QUESTION, &wav, &size, &error);
  g_assert_no_error (error);
  return audio_resample ((gint16 *) (wav + WAV_HEADER), (size - WAV_HEADER) / 2,
      QUESTION_RATE, ROOM_RATE);
}

/* What the speaker played at @time of its track; waits for it. */
static gint16
play_at (House *house, GstClockTime time)
{
  const Track *track = &house->speaker;
  gsize at;

  while (!house->gone && track->samples->len == 0)
    g_cond_wait (&house->changed, &house->lock);
  if (house->gone || time < track->start)
    return 0;
  at = gst_util_uint64_scale_round (
      time - track->start, track->rate, GST_SECOND);
  while (!house->gone && at >= track->samples->len)
    g_cond_wait (&house->changed, &house->lock);
  return house->gone ? 0 : g_array_index (track->samples, gint16, at);
}

/* What is heard of the speaker and of the user at @time, in the noise. */
static gint16
hear_at (House *house, GstClockTime time, gint16 noise)
{
  gdouble sound = noise;

  if (time >= ECHO_DELAY)
    sound += house->echo_gain * play_at (house, time - ECHO_DELAY);
  if (house->asked < house->question->len)
    sound += g_array_index (house->question, gint16, house->asked++);
  return CLAMP (sound, G_MININT16, G_MAXINT16);
}

static GstPadProbeReturn
on_microphone (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GstBuffer *buffer = gst_buffer_make_writable (info->data);
  House *house = data;
  GstMapInfo map;
  gint16 *samples;

  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READWRITE));
  samples = (gint16 *) map.data;
  g_mutex_lock (&house->lock);
  for (gsize i = 0; i < map.size / 2; i++)
    samples[i] = hear_at (house,
        GST_BUFFER_PTS (buffer) + i * GST_SECOND / ROOM_RATE, samples[i]);
  g_mutex_unlock (&house->lock);
  gst_buffer_unmap (buffer, &map);
  info->data = buffer;
  return GST_PAD_PROBE_OK;
}

static void
record (House *house, Track *track, GstBuffer *buffer)
{
  GstMapInfo map;

  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  g_mutex_lock (&house->lock);
  if (track->samples->len == 0)
    track->start = GST_BUFFER_PTS (buffer);
  g_array_append_vals (track->samples, map.data, map.size / 2);
  g_cond_broadcast (&house->changed);
  g_mutex_unlock (&house->lock);
  gst_buffer_unmap (buffer, &map);
}

static GstPadProbeReturn
on_server (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  House *house = data;

  record (house, &house->server, GST_PAD_PROBE_INFO_BUFFER (info));
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_speaker (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  House *house = data;

  record (house, &house->speaker, GST_PAD_PROBE_INFO_BUFFER (info));
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_mark (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);
  House *house = data;

  g_mutex_lock (&house->lock);
  house->begun += gst_event_has_name (event, "realtime2/item-started");
  house->heard += gst_event_has_name (event, "realtime2/item-done");
  g_cond_broadcast (&house->changed);
  g_mutex_unlock (&house->lock);
  return GST_PAD_PROBE_OK;
}

static void
add_probe (House *house, const gchar *element, const gchar *name,
    GstPadProbeType type, GstPadProbeCallback callback)
{
  GstPad *pad = stage_get_pad (house->stage, element, name);

  gst_pad_add_probe (pad, type, callback, house, NULL);
  gst_object_unref (pad);
}

#define ROOM_CAPS "audio/x-raw,format=S16LE,rate=48000,channels=1"

/* @measure stands between the microphone and the element. */
static Stage *
build (Sandbox *sandbox, const gchar *measure, const gchar *speaker,
    const gchar *properties)
{
  return stage_new (
      "realtime2 name=ai uri=%s %s ! audioconvert ! audioresample ! " ROOM_CAPS
      " ! webrtcechoprobe name=probe ! queue ! fakesink sync=true %s "
      "audiotestsrc name=mic is-live=true wave=white-noise volume=0.001 "
      "samplesperbuffer=480 ! " ROOM_CAPS
      " ! %s ! audioconvert ! audioresample ! ai.",
      sandbox_get_uri (sandbox), properties, speaker, measure);
}

static void
track_init (Track *track, guint rate)
{
  track->rate = rate;
  track->samples = g_array_new (FALSE, FALSE, sizeof (gint16));
}

static void
house_init (House *house, const gchar *measure, const gchar *speaker,
    const gchar *properties)
{
  SandboxOptions options = { .pace = 8, .script_json = script };

  memset (house, 0, sizeof *house);
  g_mutex_init (&house->lock);
  g_cond_init (&house->changed);
  house->sandbox = stage_start_sandbox (&options);
  house->question = load_question ();
  house->asked = house->question->len;
  house->echo_gain = pow (10, ECHO_DB / 20.0);
  track_init (&house->speaker, ROOM_RATE);
  track_init (&house->server, SERVER_RATE);
  house->stage = build (house->sandbox, measure, speaker, properties);
  add_probe (house, "mic", "src", GST_PAD_PROBE_TYPE_BUFFER, on_microphone);
  add_probe (house, "ai", "sink", GST_PAD_PROBE_TYPE_BUFFER, on_server);
  add_probe (house, "probe", "src", GST_PAD_PROBE_TYPE_BUFFER, on_speaker);
  add_probe (house, "ai", "src", GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_mark);
  stage_play (house->stage);
  stage_wait (house->stage, "realtime2/session-updated");
}

static void
house_clear (House *house)
{
  stage_expect_no_error (house->stage);
  g_mutex_lock (&house->lock);
  house->gone = TRUE;
  g_cond_broadcast (&house->changed);
  g_mutex_unlock (&house->lock);
  stage_free (house->stage);
  sandbox_stop_thread (house->sandbox);
  g_array_unref (house->question);
  g_array_unref (house->speaker.samples);
  g_array_unref (house->server.samples);
  g_cond_clear (&house->changed);
  g_mutex_clear (&house->lock);
}

/* -- what happens in it ------------------------------------------------------
 */

/* The user asks, from now on. */
static void
ask (House *house)
{
  g_mutex_lock (&house->lock);
  house->asked = 0;
  g_mutex_unlock (&house->lock);
}

static void
wait_sent (House *house, const gchar *type, guint n)
{
  if (!sandbox_wait_sent (house->sandbox, type, n, PATIENCE_MS))
    g_error ("no %s number %u in time", type, n);
}

/* Until @count is @n. */
static void
wait_count (House *house, const guint *count, guint n)
{
  gint64 deadline = g_get_monotonic_time () + STAGE_PATIENCE / GST_USECOND;

  g_mutex_lock (&house->lock);
  while (*count < n)
    if (!g_cond_wait_until (&house->changed, &house->lock, deadline))
      g_error ("the agent's item number %u does not come", n);
  g_mutex_unlock (&house->lock);
}

/* Lets @ms more of the microphone come to the element. */
static void
wait_captured (House *house, guint ms)
{
  guint n;

  g_mutex_lock (&house->lock);
  n = house->server.samples->len + ms * (SERVER_RATE / 1000);
  g_mutex_unlock (&house->lock);
  wait_count (house, &house->server.samples->len, n);
}

static guint
count_turns (House *house)
{
  return sandbox_count_sent (house->sandbox, STARTED);
}

/* -- figures -----------------------------------------------------------------
 */

static const gint16 *
samples_at (const Track *track, GstClockTime time, guint n)
{
  gsize first = (time - track->start) * track->rate / GST_SECOND;

  g_assert_cmpuint (time, >=, track->start);
  g_assert_cmpuint (first + n, <=, track->samples->len);
  return &g_array_index (track->samples, gint16, first);
}

/* dB of full scale. */
static gdouble
level_of (const Track *track, GstClockTime from, GstClockTime to)
{
  guint n = (to - from) * track->rate / GST_SECOND;

  return audio_level (samples_at (track, from, n), n);
}

/* From when to when the agent was heard in its first answer, times of src. */
static void
find_answer (House *house, GstClockTime *from, GstClockTime *to)
{
  const Track *track = &house->speaker;
  gsize at = 0, last;

  g_mutex_lock (&house->lock);
  while (at < track->samples->len
      && g_array_index (track->samples, gint16, at) == 0)
    at++;
  *from = track->start + at * GST_SECOND / track->rate;
  for (last = at; at < track->samples->len && at < last + track->rate; at++)
    if (g_array_index (track->samples, gint16, at) != 0)
      last = at;
  *to = track->start + last * GST_SECOND / track->rate;
  g_mutex_unlock (&house->lock);
}

/* What the server gets of what the agent says from @from to @to. Returns by how
 * many dB it is quieter than the echo in the room. */
static gdouble
measure_echo (
    House *house, const gchar *name, GstClockTime from, GstClockTime to)
{
  gdouble attenuation, loudest = -100;

  g_mutex_lock (&house->lock);
  attenuation = level_of (&house->speaker, from, to) + ECHO_DB
      - level_of (&house->server, from + ECHO_DELAY, to + ECHO_DELAY);
  for (GstClockTime at = from; at + 20 * MS <= to; at += 20 * MS)
    loudest = MAX (loudest,
        level_of (&house->server, at + ECHO_DELAY, at + ECHO_DELAY + 20 * MS));
  g_mutex_unlock (&house->lock);
  g_print ("# %s: echo quieter by %.1f dB, loudest 20 ms %.1f dBFS\n", name,
      attenuation, loudest);
  return attenuation;
}

/* -- the tests ---------------------------------------------------------------
 */

/* The agent takes its own voice for the user's, stops, answers that, and so on
 * for ever. The element says why. */
static void
test_no_measure (void)
{
  const GstStructure *fields;
  guint64 delay;
  gdouble level;
  House house;

  house_init (&house, "identity", "", "");
  ask (&house);
  stage_wait (house.stage, "realtime2/interrupted");
  g_assert_cmpuint (count_turns (&house), >=, 2);
  fields = stage_wait (house.stage, "realtime2/echo-suspected");
  g_assert_true (gst_structure_get (fields, "delay-ms", G_TYPE_UINT64, &delay,
      "level-db", G_TYPE_DOUBLE, &level, NULL));
  g_print ("# echo suspected after %u interruptions: %u ms, %.1f dB\n",
      (guint) stage_stat (house.stage, "interruptions"), (guint) delay, level);
  g_assert_cmpuint (delay, >=, ROOM_DELAY_MS - 20);
  g_assert_cmpuint (delay, <=, ROOM_DELAY_MS + 20);
  g_assert_cmpfloat (ABS (level - ECHO_DB), <=, 3);
  g_assert_nonnull (
      strstr (gst_structure_get_string (fields, "hint"), "webrtcdsp"));
  house_clear (&house);
}

/* One question, one answer, and nobody cuts it. */
static void
expect_undisturbed (House *house)
{
  ask (house);
  wait_count (house, &house->heard, 1);
  wait_captured (house, 1500);
  g_assert_cmpuint (count_turns (house), ==, 1);
  g_assert_cmpuint (stage_stat (house->stage, "interruptions"), ==, 0);
}

/* Only that part of the delay which the pipeline knows of is made up for, so
 * the loudspeaker's sink is told of the room. */
static void
test_webrtcdsp (void)
{
  GstClockTime from, to;
  House house;

  house_init (&house,
      "webrtcdsp probe=probe gain-control=false echo-suppression-level=high",
      "render-delay=" ROOM_DELAY, "");
  expect_undisturbed (&house);
  find_answer (&house, &from, &to);
  g_assert_cmpfloat (
      measure_echo (&house, "webrtcdsp, first second", from, from + GST_SECOND),
      >=, 20);
  g_assert_cmpfloat (
      measure_echo (&house, "webrtcdsp, later", from + GST_SECOND, to), >=, 30);

  /* The user is heard, also while the agent speaks. */
  ask (&house);
  wait_sent (&house, STOPPED, 2);
  wait_count (&house, &house.begun, 2);
  wait_captured (&house, 2500);
  g_assert_cmpuint (count_turns (&house), ==, 2);
  ask (&house);
  stage_wait (house.stage, "realtime2/interrupted");
  g_assert_cmpuint (count_turns (&house), ==, 3);
  stage_collect (house.stage);
  g_assert_cmpuint (
      stage_count_element (house.stage, "realtime2/echo-suspected"), ==, 0);
  house_clear (&house);
}

static void
test_mute_while_speaking (void)
{
  guint64 played;
  House house;

  house_init (&house, "identity", "", "mute-while-speaking=true");
  expect_undisturbed (&house);
  played = stage_stat (house.stage, "speech-played-time");
  g_assert_cmpuint (
      stage_stat (house.stage, "input-muted-time"), >=, played + 300 * MS);
  g_assert_cmpuint (
      stage_stat (house.stage, "input-muted-time"), <=, played + 320 * MS);

  /* A question is heard after the answer and not while it is spoken. */
  ask (&house);
  wait_count (&house, &house.begun, 2);
  wait_captured (&house, 500);
  ask (&house);
  wait_count (&house, &house.heard, 2);
  wait_captured (&house, 1500);
  g_assert_cmpuint (count_turns (&house), ==, 2);
  g_assert_cmpuint (stage_stat (house.stage, "interruptions"), ==, 0);
  stage_collect (house.stage);
  g_assert_cmpuint (
      stage_count_element (house.stage, "realtime2/echo-suspected"), ==, 0);
  house_clear (&house);
}

int
main (int argc, char *argv[])
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/echo/no-measure", test_no_measure);
  g_test_add_func ("/echo/webrtcdsp", test_webrtcdsp);
  g_test_add_func ("/echo/mute-while-speaking", test_mute_while_speaking);
  return g_test_run ();
}
