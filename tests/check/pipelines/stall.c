/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The programme never stalls: a muxer that gets live video and the agent's
 * voice puts out its stream as steadily as one that gets an audiotestsrc in the
 * agent's place, whether the agent says nothing, thinks, is cut off or was
 * never there.
 *
 * The pipelines of one muxer run side by side on one clock; what is measured is
 * the longest time, on that clock, between two buffers of the muxer.
 */
#include <gst/gst.h>

#include "sandbox.h"
#include "slowclock.h"
#include "stage.h"
#include "testpeer.h"

/* How long the agent is silent, away or thinking. */
#define PAUSE (5 * GST_SECOND)
/* How much longer than the reference's longest stall ours may be. */
#define MAX_MORE (100 * GST_MSECOND)
/* A stall that nobody overlooks: what the control must show. */
#define CLEAR_STALL (2 * GST_SECOND)

typedef struct {
  const gchar *name;
  const gchar *video; /* encoder */
  const gchar *audio; /* encoder */
  const gchar *mux;
  gboolean waits;    /* for all its inputs, before it puts anything out */
  const gchar *text; /* how a text pad goes to the muxer, or NULL */
} Muxer;

static const Muxer matroska = { "matroska", "jpegenc", "identity",
  "matroskamux streamable=true name=mux", TRUE,
  "ai.text_src_0 ! text/x-raw,format=utf8 ! queue ! mux.subtitle_0 " };

static const Muxer mpegts = { "mpegts",
  "openh264enc complexity=low gop-size=25 ! h264parse",
  "audioconvert ! voaacenc ! aacparse", "mpegtsmux name=mux", TRUE, NULL };

static const Muxer flv = { "flv",
  "openh264enc complexity=low gop-size=25 ! h264parse",
  "audioconvert ! audioresample ! audio/x-raw,rate=44100 ! voaacenc ! aacparse",
  "flvmux streamable=true name=mux", FALSE, NULL };

/* -- one pipeline, measured ------------------------------------------------ */

typedef struct {
  const gchar *name;
  Stage *stage;
  GstClock *clock;
  GMutex lock;
  /* Under the lock, as all below. Running times. */
  guint buffers;
  GstClockTime first, last, longest;
  GstClockTime end; /* when it was measured */
} Show;

static GstPadProbeReturn
on_muxed (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Show *show = data;
  GstClockTime now = stage_now (show->stage);

  if (!GST_CLOCK_TIME_IS_VALID (now))
    return GST_PAD_PROBE_OK;
  g_mutex_lock (&show->lock);
  if (show->buffers++ == 0)
    show->first = now;
  else
    show->longest = MAX (show->longest, now - show->last);
  show->last = now;
  g_mutex_unlock (&show->lock);
  return GST_PAD_PROBE_OK;
}

/* @audio: what makes the sound, from its source on to before the encoder. */
static Show *
show_new (const gchar *name, GstClock *clock, const Muxer *muxer, gboolean text,
    const gchar *audio)
{
  Show *show = g_new0 (Show, 1);
  GstPad *pad;

  g_mutex_init (&show->lock);
  show->name = name;
  show->clock = clock;
  show->stage = stage_new ("%s ! fakesink sync=false async=false "
                           "videotestsrc is-live=true pattern=black ! "
                           "video/x-raw,format=I420,width=160,height=120,"
                           "framerate=25/1 ! %s ! queue ! mux. "
                           "%s ! %s ! queue ! mux. %s",
      muxer->mux, muxer->video, audio, muxer->audio,
      text && muxer->text ? muxer->text : "");
  gst_pipeline_use_clock (GST_PIPELINE (show->stage->pipeline), clock);
  pad = stage_get_pad (show->stage, "mux", "src");
  gst_pad_add_probe (pad,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, on_muxed,
      show, NULL);
  gst_object_unref (pad);
  return show;
}

static Show *
show_new_agent (const gchar *name, GstClock *clock, const Muxer *muxer,
    const gchar *uri, const gchar *properties)
{
  g_autofree gchar *audio = g_strdup_printf (
      "audiotestsrc name=voice is-live=true samplesperbuffer=480 volume=0 ! "
      "audio/x-raw,format=S16LE,rate=24000,channels=1 ! "
      "realtime2 name=ai uri=%s %s ! identity name=said",
      uri, properties);

  return show_new (name, clock, muxer, TRUE, audio);
}

static Show *
show_new_reference (GstClock *clock, const Muxer *muxer)
{
  return show_new ("reference", clock, muxer, FALSE,
      "audiotestsrc is-live=true wave=silence samplesperbuffer=480 ! "
      "audio/x-raw,format=S16LE,rate=24000,channels=1");
}

/* Audio that pauses as a naive agent's would. */
static Show *
show_new_control (GstClock *clock, const Muxer *muxer)
{
  return show_new ("control", clock, muxer, FALSE,
      "audiotestsrc is-live=true wave=silence samplesperbuffer=480 ! "
      "audio/x-raw,format=S16LE,rate=24000,channels=1 ! valve name=valve");
}

static void
show_free (Show *show)
{
  stage_free (show->stage);
  g_mutex_clear (&show->lock);
  g_free (show);
}

/* Waits until the show's running time is @time. */
static void
show_wait (Show *show, GstClockTime time)
{
  GstClockTime base = gst_element_get_base_time (show->stage->pipeline);
  GstClockID id = gst_clock_new_single_shot_id (show->clock, base + time);

  gst_clock_id_wait (id, NULL);
  gst_clock_id_unref (id);
}

/* A stall that has not ended counts too. */
static GstClockTime
show_measure (Show *show)
{
  GstClockTime now = stage_now (show->stage), longest;

  g_mutex_lock (&show->lock);
  g_assert_cmpuint (show->buffers, >, 0);
  show->end = now;
  longest = MAX (show->longest, now - show->last);
  g_print ("# %s: %u buffers, first after %u ms, longest stall %u ms\n",
      show->name, show->buffers, (guint) (show->first / GST_MSECOND),
      (guint) (longest / GST_MSECOND));
  g_mutex_unlock (&show->lock);
  return longest;
}

static void
set_volume (Show *show, gdouble volume)
{
  GstElement *voice = stage_get (show->stage, "voice");

  g_object_set (voice, "volume", volume, NULL);
  gst_object_unref (voice);
}

static void
set_drop (Show *show, gboolean drop)
{
  GstElement *valve = stage_get (show->stage, "valve");

  g_object_set (valve, "drop", drop, NULL);
  gst_object_unref (valve);
}

/* -- all of one muxer ------------------------------------------------------ */

enum { REFERENCE, CONTROL, SILENT, CUT_OFF, ABSENT, THINKING, N_SHOWS };

typedef struct {
  const Muxer *muxer;
  GstClock *clock;
  Sandbox *silent, *cut_off, *thinking;
  Show *shows[N_SHOWS];
} Studio;

static void
studio_init (Studio *studio, const Muxer *muxer)
{
  g_autofree gchar *nowhere = g_strdup_printf (
      "ws://127.0.0.1:%u/v1/realtime", test_peer_find_closed_port ());
  GstClock *clock = studio->clock = slow_clock_new ();
  Show **shows = studio->shows;

  studio->muxer = muxer;
  studio->silent = stage_start_sandbox (
      &(SandboxOptions){ .script_json = NULL });
  studio->cut_off = stage_start_sandbox (
      &(SandboxOptions){ .script_json = NULL });
  studio->thinking = stage_start_sandbox (&(SandboxOptions){
      .script_json = "{\"turns\":[{\"hold\":5000,\"say\":[{\"text\":\"Done.\","
                     "\"phase\":\"final_answer\",\"tone_ms\":700}]}]}" });
  shows[REFERENCE] = show_new_reference (clock, muxer);
  shows[CONTROL] = show_new_control (clock, muxer);
  shows[SILENT] = show_new_agent (
      "silent", clock, muxer, sandbox_get_uri (studio->silent), "");
  shows[CUT_OFF] = show_new_agent (
      "cut off", clock, muxer, sandbox_get_uri (studio->cut_off), "");
  shows[ABSENT] = show_new_agent (
      "absent", clock, muxer, nowhere, "retries=-1");
  shows[THINKING] = show_new_agent (
      "thinking", clock, muxer, sandbox_get_uri (studio->thinking), "");
}

static void
studio_clear (Studio *studio)
{
  for (guint i = 0; i < N_SHOWS; i++)
    show_free (studio->shows[i]);
  sandbox_stop_thread (studio->silent);
  sandbox_stop_thread (studio->thinking);
  gst_object_unref (studio->clock);
}

static void
go_on_air (Studio *studio)
{
  for (guint i = 0; i < N_SHOWS; i++)
    stage_play (studio->shows[i]->stage);
  for (guint i = SILENT; i < N_SHOWS; i++)
    if (i != ABSENT)
      stage_wait (studio->shows[i]->stage, "realtime2/session-updated");
}

/* The user asks; the agent will think for PAUSE, then speak. */
static void
ask (Show *show)
{
  set_volume (show, 0.8);
  stage_wait (show->stage, "realtime2/speech-started");
  set_volume (show, 0);
  stage_wait (show->stage, "realtime2/speech-stopped");
}

/* A stream that goes on is not enough: the sound must be in it. */
static gboolean
is_complete (const Show *show, const Show *reference)
{
  gdouble ours = (gdouble) show->buffers / (show->end - show->first);
  gdouble theirs = (gdouble) reference->buffers
      / (reference->end - reference->first);

  return ours >= theirs * 0.95;
}

static void
compare (const Show *show, const Show *reference, GstClockTime stall,
    GstClockTime reference_stall)
{
  if (stall > reference_stall + MAX_MORE)
    g_error ("%s: stalled for %u ms, the reference for %u ms", show->name,
        (guint) (stall / GST_MSECOND), (guint) (reference_stall / GST_MSECOND));
  g_assert_cmpuint (show->first, <=, reference->first + GST_SECOND);
  g_assert_true (is_complete (show, reference));
}

static void
check (Studio *studio)
{
  Show **shows = studio->shows;
  GstClockTime stalls[N_SHOWS];

  for (guint i = 0; i < N_SHOWS; i++) {
    stage_expect_no_error (shows[i]->stage);
    stalls[i] = show_measure (shows[i]);
  }
  g_assert_false (is_complete (shows[CONTROL], shows[REFERENCE]));
  if (studio->muxer->waits)
    g_assert_cmpuint (stalls[CONTROL], >, CLEAR_STALL);
  for (guint i = SILENT; i < N_SHOWS; i++)
    compare (shows[i], shows[REFERENCE], stalls[i], stalls[REFERENCE]);
  g_assert_cmpuint (
      stage_stat (shows[SILENT]->stage, "speech-played-time"), ==, 0);
  g_assert_cmpuint (
      stage_stat (shows[THINKING]->stage, "speech-played-time"), >, 0);
  g_assert_cmpuint (sandbox_count_connections (studio->silent), ==, 1);
}

static void
test_muxer (gconstpointer muxer)
{
  Studio studio;
  Show **shows = studio.shows;
  GstClockTime since;

  studio_init (&studio, muxer);
  go_on_air (&studio);
  /* A moment in which nothing happens. */
  show_wait (shows[CONTROL], stage_now (shows[CONTROL]->stage) + GST_SECOND);
  set_drop (shows[CONTROL], TRUE);
  ask (shows[THINKING]);
  sandbox_stop_thread (studio.cut_off);
  stage_wait (shows[CUT_OFF]->stage, "realtime2/session-lost");
  since = stage_now (shows[CUT_OFF]->stage);
  stage_wait (shows[THINKING]->stage, "realtime2/item-done");
  show_wait (shows[CUT_OFF], since + PAUSE);
  /* The answer is said in this time. */
  show_wait (shows[THINKING], stage_now (shows[THINKING]->stage) + GST_SECOND);
  check (&studio);
  studio_clear (&studio);
}

int
main (int argc, char *argv[])
{
  slow_clock_confine ();
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/stall/matroska", &matroska, test_muxer);
  g_test_add_data_func ("/stall/mpegts", &mpegts, test_muxer);
  g_test_add_data_func ("/stall/flv", &flv, test_muxer);
  return g_test_run ();
}
