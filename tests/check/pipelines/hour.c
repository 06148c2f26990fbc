/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An hour of conversation on a clock that need not be waited for: talk,
 * interruptions, answers that run dry, commentary that nobody hears. At the end
 * every sample is where arithmetic says it is, and the heap is as full as it
 * was after ten minutes.
 */
#include <gst/check/gsttestclock.h>
#include <gst/gst.h>
#include <malloc.h>

#include "agent.h"
#include "stage.h"

#define RATE 24000
#define MS (RATE / 1000) /* samples */
#define PERIOD 480       /* samples */
/* The sanitizers take their time, and have their own heap. */
#ifdef __SANITIZE_ADDRESS__
#define MINUTES 4
#else
#define MINUTES 60
#endif
#define FIRST_MINUTE (MINUTES / 6) /* from which on the heap must not grow */
#define MAX_ITEMS 4
#define WAITERS 2 /* the tasks of src and of the text pad */
#define PATIENCE_MS (STAGE_PATIENCE / GST_MSECOND)
/* What the heap may gain, bytes per minute: 20 for each response. It goes up
 * and down by some 20 KB. */
#define MAX_SLOPE 2048

typedef struct {
  Agent *agent;
  Stage *stage;
  GstTestClock *clock;
  guint turn;
  gsize heap[MINUTES + 1]; /* bytes in use at each full minute */
  GMutex lock;
  /* Under the lock, as all below. */
  GstClockTime first; /* PTS of the first buffer, or NONE */
  guint64 samples;    /* that src gave */
  guint64 speech;     /* buffers with speech in them */
} Hour;

/* Each buffer is where the samples before it end, exactly. */
static GstPadProbeReturn
on_buffer (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Hour *hour = data;
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);

  g_mutex_lock (&hour->lock);
  if (!GST_CLOCK_TIME_IS_VALID (hour->first))
    hour->first = GST_BUFFER_PTS (buffer);
  else
    g_assert_false (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT));
  g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==,
      hour->first + gst_util_uint64_scale (hour->samples, GST_SECOND, RATE));
  g_assert_cmpuint (gst_buffer_get_size (buffer), ==, 2 * PERIOD);
  hour->samples += PERIOD;
  hour->speech += !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_GAP);
  g_mutex_unlock (&hour->lock);
  return GST_PAD_PROBE_OK;
}

static void
hour_init (Hour *hour)
{
  g_autofree gchar *uri = NULL;
  GstPad *pad;

  *hour = (Hour){ .first = GST_CLOCK_TIME_NONE };
  g_mutex_init (&hour->lock);
  hour->clock = GST_TEST_CLOCK (gst_test_clock_new ());
  hour->agent = agent_new ();
  uri = agent_dup_uri (hour->agent);
  hour->stage = stage_new (
      "realtime2 name=ai uri=%s ! fakesink sync=false async=false "
      "ai.text_src_0 ! text/x-raw,format=utf8 ! fakesink sync=false "
      "async=false",
      uri);
  gst_pipeline_use_clock (
      GST_PIPELINE (hour->stage->pipeline), GST_CLOCK (hour->clock));
  pad = stage_get_pad (hour->stage, "ai", "src");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, on_buffer, hour, NULL);
  gst_object_unref (pad);
  stage_play (hour->stage);
  stage_wait (hour->stage, "realtime2/session-updated");
}

static void
hour_clear (Hour *hour)
{
  stage_free (hour->stage);
  agent_free (hour->agent);
  gst_object_unref (hour->clock);
  g_mutex_clear (&hour->lock);
}

/* --- time --- */

static void
wait_idle (Hour *hour)
{
  if (!gst_test_clock_timed_wait_for_multiple_pending_ids (
          hour->clock, WAITERS, PATIENCE_MS, NULL))
    g_error ("nobody waits for the clock");
}

/* What the test itself keeps does not count. */
static void
note_heap (Hour *hour, guint minute)
{
  stage_expect_no_error (hour->stage);
  g_ptr_array_set_size (hour->stage->messages, 0);
  hour->stage->next = 0;
  agent_forget (hour->agent);
  hour->heap[minute] = mallinfo2 ().uordblks;
}

/* To the next thing that is due. */
static void
step (Hour *hour)
{
  wait_idle (hour);
  g_assert_true (gst_test_clock_crank (hour->clock));
}

static void
go_on_until (Hour *hour, GstClockTime until)
{
  while (stage_now (hour->stage) < until)
    step (hour);
  wait_idle (hour);
}

/* --- talk --- */

static void
start_turn (Hour *hour)
{
  agent_user_starts (hour->agent, hour->turn);
  agent_sync (hour->agent, hour->stage);
}

static void
end_turn (Hour *hour)
{
  agent_user_stops (hour->agent, hour->turn++);
}

/* One answer, sent slower or faster than it plays, until @until. */
static void
listen (Hour *hour, AgentAnswer *answer, gdouble pace, GstClockTime until)
{
  GstClockTime start = stage_now (hour->stage), now;

  while ((now = stage_now (hour->stage)) < until) {
    gdouble seconds = (gdouble) (now - start) / GST_SECOND;

    if (agent_answer_go_on (answer, 1 + seconds * pace * RATE))
      agent_sync (hour->agent, hour->stage);
    step (hour);
  }
  wait_idle (hour);
}

static void
set_commentary (Hour *hour)
{
  static const gchar *const values[] = { "play", "text-only", "drop" };

  gst_util_set_object_arg (G_OBJECT (hour->stage->ai), "commentary",
      values[g_test_rand_int_range (0, G_N_ELEMENTS (values))]);
}

/* A turn of the user and an answer, which may be cut off. */
static void
hold_conversation (Hour *hour)
{
  guint n = g_test_rand_int_range (1, MAX_ITEMS + 1), lengths[MAX_ITEMS];
  GstClockTime patience = g_test_rand_int_range (0, 1200) * GST_MSECOND;
  AgentAnswer *answer;

  set_commentary (hour);
  for (guint i = 0; i < n; i++)
    lengths[i] = g_test_rand_int_range (30 * MS, 400 * MS);
  start_turn (hour);
  end_turn (hour);
  answer = agent_answer_new (hour->agent, lengths, n, 4800);
  listen (hour, answer, g_test_rand_double_range (0.5, 8),
      stage_now (hour->stage) + patience);
  if (g_test_rand_bit ())
    agent_answer_go_on (answer, G_MAXUINT64);
  else
    start_turn (hour);
  agent_answer_cut (answer);
  agent_sync (hour->agent, hour->stage);
  agent_answer_free (answer);
}

/* --- the heap --- */

/* Bytes per minute, the line of least squares. */
static gdouble
slope_of (const Hour *hour)
{
  gdouble n = MINUTES - FIRST_MINUTE + 1, x = 0, y = 0, xy = 0, xx = 0;

  for (guint i = FIRST_MINUTE; i <= MINUTES; i++) {
    x += i;
    y += hour->heap[i];
    xy += (gdouble) i * hour->heap[i];
    xx += (gdouble) i * i;
  }
  return (n * xy - x * y) / (n * xx - x * x);
}

static void
check_heap (const Hour *hour)
{
  gdouble slope = slope_of (hour);

  g_print ("# heap: %" G_GSIZE_FORMAT " bytes after %d min, %" G_GSIZE_FORMAT
           " after %d, %.1f bytes per minute\n",
      hour->heap[FIRST_MINUTE], FIRST_MINUTE, hour->heap[MINUTES], MINUTES,
      slope);
#ifndef __SANITIZE_ADDRESS__
  g_assert_cmpfloat (slope, <=, MAX_SLOPE);
#endif
}

/* The hour had some of everything. */
static void
check_variety (Hour *hour)
{
  static const gchar *const fields[] = { "responses", "interruptions",
    "truncations", "deletions", "underruns" };

  g_print ("# %" G_GUINT64_FORMAT " buffers with speech", hour->speech);
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
    guint64 n = stage_stat (hour->stage, fields[i]);

    g_print (", %" G_GUINT64_FORMAT " %s", n, fields[i]);
    g_assert_cmpuint (n, >, MINUTES);
  }
  g_print ("\n");
  g_assert_cmpuint (stage_stat (hour->stage, "server-errors"), ==, 0);
  g_assert_cmpuint (stage_stat (hour->stage, "resyncs"), ==, 0);
  g_assert_cmpuint (stage_stat (hour->stage, "output-filled-time"), ==, 0);
}

static void
test_hour (void)
{
  Hour hour;

  hour_init (&hour);
  for (guint minute = 1; minute <= MINUTES; minute++) {
    GstClockTime end = minute * 60 * GST_SECOND;

    while (stage_now (hour.stage) < end - 5 * GST_SECOND)
      hold_conversation (&hour);
    go_on_until (&hour, end);
    agent_sync (hour.agent, hour.stage);
    note_heap (&hour, minute);
  }
  /* The buffer that begins with the end of the hour is out, too. */
  g_mutex_lock (&hour.lock);
  g_assert_cmpuint (hour.first, ==, 0);
  g_assert_cmpuint (hour.samples, ==, MINUTES * 60 * RATE + PERIOD);
  g_mutex_unlock (&hour.lock);
  check_variety (&hour);
  check_heap (&hour);
  hour_clear (&hour);
}

int
main (int argc, char *argv[])
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hour", test_hour);
  return g_test_run ();
}
