/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A clock of real time that stands still while any processor is kept from us.
 *
 * On each processor a thread looks in every few milliseconds. The clock goes on
 * by MAX_STEP at most until each of them has looked in again: when one is kept
 * waiting, by other programs or by the host of this machine, then so are
 * threads of the pipelines, and that time does not count.
 */
#define _GNU_SOURCE /* cpu sets */
#include "slowclock.h"

#include <sched.h>

#define MAX_PROCESSORS 2
#define TICK 5000                   /* us */
#define MAX_STEP (15 * GST_MSECOND) /* until all have looked in */

#define SLOW_TYPE_CLOCK (slow_clock_get_type ())
G_DECLARE_FINAL_TYPE (SlowClock, slow_clock, SLOW, CLOCK, GstSystemClock)

typedef struct {
  SlowClock *clock;
  GThread *thread;
  guint processor;
  guint64 looks; /* under the clock's lock */
} Ticker;

struct _SlowClock {
  GstSystemClock parent;

  Ticker tickers[MAX_PROCESSORS];
  guint n_tickers;
  GMutex lock;
  GCond stopped;
  /* Under the lock, as all below. */
  gboolean stop;
  guint64 rounds;    /* times that all have looked in */
  GstClockTime time; /* ours at the last of them */
  gint64 looked;     /* its monotonic us */
};

G_DEFINE_FINAL_TYPE (SlowClock, slow_clock, GST_TYPE_SYSTEM_CLOCK)

void
slow_clock_confine (void)
{
  cpu_set_t allowed, few;
  guint n = 0;

  CPU_ZERO (&few);
  g_assert_cmpint (sched_getaffinity (0, sizeof allowed, &allowed), ==, 0);
  for (guint i = 0; i < CPU_SETSIZE && n < MAX_PROCESSORS; i++) {
    if (!CPU_ISSET (i, &allowed))
      continue;
    CPU_SET (i, &few);
    n++;
  }
  g_assert_cmpint (sched_setaffinity (0, sizeof few, &few), ==, 0);
}

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

/* With the lock held. */
static void
look (SlowClock *clock, Ticker *ticker)
{
  ticker->looks = clock->rounds + 1;
  for (guint i = 0; i < clock->n_tickers; i++)
    if (clock->tickers[i].looks <= clock->rounds)
      return;
  clock->rounds++;
  clock->time = time_now (clock);
  clock->looked = g_get_monotonic_time ();
}

static gpointer
tick (gpointer data)
{
  Ticker *ticker = data;
  SlowClock *clock = ticker->clock;
  cpu_set_t own;

  CPU_ZERO (&own);
  CPU_SET (ticker->processor, &own);
  g_assert_cmpint (sched_setaffinity (0, sizeof own, &own), ==, 0);
  g_mutex_lock (&clock->lock);
  while (!clock->stop) {
    look (clock, ticker);
    g_cond_wait_until (
        &clock->stopped, &clock->lock, g_get_monotonic_time () + TICK);
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
  g_cond_broadcast (&clock->stopped);
  g_mutex_unlock (&clock->lock);
  for (guint i = 0; i < clock->n_tickers; i++)
    g_thread_join (clock->tickers[i].thread);
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
  cpu_set_t allowed;
  guint n = 0;

  g_mutex_init (&clock->lock);
  g_cond_init (&clock->stopped);
  clock->time = GST_SECOND;
  clock->looked = g_get_monotonic_time ();
  g_assert_cmpint (sched_getaffinity (0, sizeof allowed, &allowed), ==, 0);
  g_assert_cmpint (CPU_COUNT (&allowed), <=, MAX_PROCESSORS);
  for (guint i = 0; i < CPU_SETSIZE; i++)
    if (CPU_ISSET (i, &allowed))
      clock->tickers[n++] = (Ticker){ .clock = clock, .processor = i };
  clock->n_tickers = n;
  for (guint i = 0; i < n; i++)
    clock->tickers[i].thread = g_thread_new (
        "ticker", tick, &clock->tickers[i]);
}

GstClock *
slow_clock_new (void)
{
  return gst_object_ref_sink (g_object_new (SLOW_TYPE_CLOCK, NULL));
}
