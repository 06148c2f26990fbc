/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Waiting on the clock.
 */
#include "gstrealtime2pacer.h"

/* Waits until the element plays and has a clock. FALSE if flushing. @running is
 * the running time after it. */
static gboolean
wait_running (GstRealtime2 *self, GstRealtime2Pacer *pacer, guint64 *running)
{
  do {
    while (!self->playing && !pacer->flushing)
      g_cond_wait (&self->playing_cond, &self->lock);
    if (pacer->flushing)
      return FALSE;
    *running = gst_realtime2_running_time (self);
    /* A clock that was taken away comes back with the next PLAYING. */
    if (!GST_CLOCK_TIME_IS_VALID (*running))
      g_cond_wait (&self->playing_cond, &self->lock);
  } while (!GST_CLOCK_TIME_IS_VALID (*running));
  return TRUE;
}

static guint64
stream_time (const GstRealtime2Pacer *pacer, guint64 running)
{
  return running > pacer->delay ? running - pacer->delay : 0;
}

gboolean
gst_realtime2_pacer_wait_playing (
    GstRealtime2 *self, GstRealtime2Pacer *pacer, guint64 *now)
{
  guint64 running;

  GST_REALTIME2_ASSERT_LOCKED (self);
  if (!wait_running (self, pacer, &running))
    return FALSE;
  *now = stream_time (pacer, running);
  return TRUE;
}

/* One wait on the clock. Called with self->lock, which is released. */
static void
wait_once (GstRealtime2 *self, GstRealtime2Pacer *pacer, guint64 running)
{
  GstClock *clock = gst_element_get_clock (GST_ELEMENT (self));
  GstClockTime base = gst_element_get_base_time (GST_ELEMENT (self));
  GstClockID id;

  if (!clock)
    return;
  id = gst_clock_new_single_shot_id (clock, base + running);
  pacer->id = id;
  g_mutex_unlock (&self->lock);
  gst_clock_id_wait (id, NULL);
  g_mutex_lock (&self->lock);
  pacer->id = NULL;
  gst_clock_id_unref (id);
  gst_object_unref (clock);
}

gboolean
gst_realtime2_pacer_wait (
    GstRealtime2 *self, GstRealtime2Pacer *pacer, guint64 rt, guint64 *now)
{
  guint64 running;

  GST_REALTIME2_ASSERT_LOCKED (self);
  while (wait_running (self, pacer, &running)) {
    if (running >= rt + pacer->delay || pacer->woken) {
      pacer->woken = FALSE;
      *now = stream_time (pacer, running);
      return TRUE;
    }
    wait_once (self, pacer, rt + pacer->delay);
  }
  return FALSE;
}

void
gst_realtime2_pacer_interrupt (GstRealtime2Pacer *pacer)
{
  if (pacer->id)
    gst_clock_id_unschedule (pacer->id);
}

void
gst_realtime2_pacer_set_flushing (
    GstRealtime2 *self, GstRealtime2Pacer *pacer, gboolean flushing)
{
  GST_REALTIME2_ASSERT_LOCKED (self);
  pacer->flushing = flushing || pacer->closed;
  gst_realtime2_pacer_interrupt (pacer);
  g_cond_broadcast (&self->playing_cond);
}

void
gst_realtime2_pacer_close (GstRealtime2 *self, GstRealtime2Pacer *pacer)
{
  pacer->closed = TRUE;
  gst_realtime2_pacer_set_flushing (self, pacer, TRUE);
}

void
gst_realtime2_pacer_wake (GstRealtime2Pacer *pacer)
{
  pacer->woken = TRUE;
  gst_realtime2_pacer_interrupt (pacer);
}
