/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Waiting on the clock.
 */
#include "gstrealtime2pacer.h"

gboolean
gst_realtime2_pacer_wait_playing (
    GstRealtime2 *self, GstRealtime2Pacer *pacer, guint64 *now)
{
  do {
    while (!self->playing && !pacer->flushing)
      g_cond_wait (&self->playing_cond, &self->lock);
    if (pacer->flushing)
      return FALSE;
    *now = gst_realtime2_running_time (self);
    /* A clock that was taken away comes back with the next PLAYING. */
    if (!GST_CLOCK_TIME_IS_VALID (*now))
      g_cond_wait (&self->playing_cond, &self->lock);
  } while (!GST_CLOCK_TIME_IS_VALID (*now));
  return TRUE;
}

/* One wait on the clock. Called with self->lock, which is released. */
static void
wait_once (GstRealtime2 *self, GstRealtime2Pacer *pacer, guint64 rt)
{
  GstClock *clock = gst_element_get_clock (GST_ELEMENT (self));
  GstClockTime base = gst_element_get_base_time (GST_ELEMENT (self));
  GstClockID id;

  if (!clock)
    return;
  id = gst_clock_new_single_shot_id (clock, base + rt);
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
  while (gst_realtime2_pacer_wait_playing (self, pacer, now)) {
    if (*now >= rt || pacer->woken) {
      pacer->woken = FALSE;
      return TRUE;
    }
    wait_once (self, pacer, rt);
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
  pacer->flushing = flushing;
  gst_realtime2_pacer_interrupt (pacer);
  g_cond_broadcast (&self->playing_cond);
}

void
gst_realtime2_pacer_wake (GstRealtime2Pacer *pacer)
{
  pacer->woken = TRUE;
  gst_realtime2_pacer_interrupt (pacer);
}
