/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A pipeline on a test clock.
 */
#include "soakclock.h"

#define WAITERS 3 /* the source, and the tasks of src and of the text pad */
#define PATIENCE_MS (STAGE_PATIENCE / GST_MSECOND)
/* ns of the input that may wait for the session's thread, which is not on this
 * clock: far less than would be dropped. */
#define BACKLOG (500 * GST_MSECOND)

void
soak_clock_init (SoakClock *clock, SoakPeer *peer, const gchar *options)
{
  g_autofree gchar *uri = soak_peer_dup_uri (soak_peer_do (peer, "port"));

  clock->peer = peer;
  clock->clock = GST_TEST_CLOCK (gst_test_clock_new ());
  clock->stage = stage_new (
      "audiotestsrc is-live=true wave=silence samplesperbuffer=480 ! "
      "audio/x-raw,format=S16LE,rate=24000,channels=1 ! "
      "realtime2 name=ai uri=%s %s ! fakesink sync=false async=false "
      "ai.text_src_0 ! text/x-raw,format=utf8 ! fakesink sync=false "
      "async=false",
      uri, options);
  gst_pipeline_use_clock (
      GST_PIPELINE (clock->stage->pipeline), GST_CLOCK (clock->clock));
  stage_play (clock->stage);
  stage_wait (clock->stage, "realtime2/session-updated");
}

void
soak_clock_clear (SoakClock *clock)
{
  stage_free (clock->stage);
  gst_object_unref (clock->clock);
}

static void
wait_idle (SoakClock *clock)
{
  if (!gst_test_clock_timed_wait_for_multiple_pending_ids (
          clock->clock, WAITERS, PATIENCE_MS, NULL))
    g_error ("nobody waits for the clock");
}

/* The network is not on this clock. */
static void
wait_sent (SoakClock *clock)
{
  gint64 deadline = g_get_monotonic_time () + STAGE_PATIENCE / 1000;

  while (stage_stat (clock->stage, "input-queued-time") > BACKLOG) {
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    g_usleep (200);
  }
}

void
soak_clock_step (SoakClock *clock)
{
  GstClockTime before = stage_now (clock->stage);

  wait_idle (clock);
  g_assert_true (gst_test_clock_crank (clock->clock));
  if (before / BACKLOG == stage_now (clock->stage) / BACKLOG)
    return;
  wait_sent (clock);
  soak_peer_do (clock->peer, "forget");
}

void
soak_clock_go_on_until (SoakClock *clock, GstClockTime until)
{
  while (stage_now (clock->stage) < until)
    soak_clock_step (clock);
  wait_idle (clock);
}
