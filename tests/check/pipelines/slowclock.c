/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A clock of real time that stands still while this process gets no processor.
 *
 * A thread looks in every few milliseconds. Between two looks the clock goes on
 * by MAX_STEP at most: when the thread is kept waiting, so is everybody else
 * here, and that time does not count.
 */
#include "slowclock.h"

#define TICK 5000                   /* us */
#define MAX_STEP (15 * GST_MSECOND) /* between two looks */

#define SLOW_TYPE_CLOCK (slow_clock_get_type ())
G_DECLARE_FINAL_TYPE (SlowClock, slow_clock, SLOW, CLOCK, GstSystemClock)

struct _SlowClock {
  GstSystemClock parent;

  GThread *ticker;
  GMutex lock;
  GCond stopped;
  /* Under the lock, as all below. */
  gboolean stop;
  GstClockTime time; /* ours at the last look */
  gint64 looked;     /* monotonic us of the last look */
};

G_DEFINE_FINAL_TYPE (SlowClock, slow_clock, GST_TYPE_SYSTEM_CLOCK)

/* With the lock held. */
static GstClockTime
time_now (SlowClock *clock)
{
  GstClockTime step = (g_get_monotonic_time () - clock->looked) * GST_USECOND;

  return clock->time + MIN (step, MAX_STEP);
}

static GstClockTime
get_internal_time (GstClock *base)
{
  SlowClock *clock = SLOW_CLOCK (base);
  GstClockTime now;

  g_mutex_lock (&clock->lock);
  now = time_now (clock);
  g_mutex_unlock (&clock->lock);
  return now;
}

static gpointer
tick (gpointer data)
{
  SlowClock *clock = data;

  g_mutex_lock (&clock->lock);
  while (!clock->stop) {
    clock->time = time_now (clock);
    clock->looked = g_get_monotonic_time ();
    g_cond_wait_until (&clock->stopped, &clock->lock, clock->looked + TICK);
  }
  g_mutex_unlock (&clock->lock);
  return NULL;
}

static void
finalize (GObject *object)
{
  SlowClock *clock = SLOW_CLOCK (object);

  g_mutex_lock (&clock->lock);
  clock->stop = TRUE;
  g_cond_signal (&clock->stopped);
  g_mutex_unlock (&clock->lock);
  g_thread_join (clock->ticker);
  g_mutex_clear (&clock->lock);
  g_cond_clear (&clock->stopped);
  G_OBJECT_CLASS (slow_clock_parent_class)->finalize (object);
}

static void
slow_clock_class_init (SlowClockClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = finalize;
  GST_CLOCK_CLASS (klass)->get_internal_time = get_internal_time;
}

static void
slow_clock_init (SlowClock *clock)
{
  g_mutex_init (&clock->lock);
  g_cond_init (&clock->stopped);
  clock->time = GST_SECOND;
  clock->looked = g_get_monotonic_time ();
  clock->ticker = g_thread_new ("ticker", tick, clock);
}

GstClock *
slow_clock_new (void)
{
  return gst_object_ref_sink (g_object_new (SLOW_TYPE_CLOCK, NULL));
}
