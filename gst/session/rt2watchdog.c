/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One timer, and the times of the last signs of life.
 */
#include "rt2watchdog.h"

#include "rt2timer.h"

/* A main loop that is this late, in us, has stood still. */
#define LATE_LOOP (1 * G_USEC_PER_SEC)

/* How often in a limit it is looked whether anything is taken. */
#define LOOKS 8

/* All times are monotonic, us. */
struct _Rt2Watchdog {
  gint64 limit;
  const Rt2WatchdogOwner *owner;
  gpointer user_data;
  GSource *timer;
  gint64 next_look;  /* when it fires */
  gint64 last_life;  /* when something came */
  gint64 last_taken; /* while `waiting`: when some of what waits was taken */
  gboolean waiting;
};

/* While something waits no ping gets past it, so nothing need come; but a peer
 * that goes on talking and reads nothing is no good either. */
static gint64
deadline_of (const Rt2Watchdog *watchdog)
{
  return watchdog->limit
      + (watchdog->waiting ? watchdog->last_taken : watchdog->last_life);
}

static void
sleep_until (Rt2Watchdog *watchdog, gint64 time)
{
  watchdog->next_look = time;
  g_source_set_ready_time (watchdog->timer, time);
}

static void
look (Rt2Watchdog *watchdog)
{
  gint64 soon = g_get_monotonic_time () + watchdog->limit / LOOKS;

  if (watchdog->waiting)
    watchdog->owner->look (watchdog->user_data);
  else
    soon = G_MAXINT64;
  sleep_until (watchdog, MIN (deadline_of (watchdog), soon));
}

/* While our own loop stood still no ping went out that could have been
 * answered: the peer gets the time for one. */
static void
forgive (Rt2Watchdog *watchdog, gint64 now)
{
  gint64 since = now - watchdog->limit / 2;

  watchdog->last_life = MAX (watchdog->last_life, since);
  watchdog->last_taken = MAX (watchdog->last_taken, since);
}

static gboolean
on_timer (gpointer user_data)
{
  Rt2Watchdog *watchdog = user_data;
  gint64 now = g_get_monotonic_time ();

  if (now - watchdog->next_look > LATE_LOOP)
    forgive (watchdog, now);
  if (now < deadline_of (watchdog)) {
    look (watchdog);
    return G_SOURCE_CONTINUE;
  }
  watchdog->owner->bark (
      watchdog->waiting ? "took no data" : "sent nothing", watchdog->user_data);
  return G_SOURCE_REMOVE;
}

Rt2Watchdog *
rt2_watchdog_new (
    gint64 limit, const Rt2WatchdogOwner *owner, gpointer user_data)
{
  Rt2Watchdog *watchdog = g_new0 (Rt2Watchdog, 1);

  watchdog->limit = limit;
  watchdog->owner = owner;
  watchdog->user_data = user_data;
  watchdog->last_life = g_get_monotonic_time ();
  watchdog->next_look = deadline_of (watchdog);
  watchdog->timer = rt2_timer_new (
      limit, RT2_TIMER_PRIORITY_DEADLINE, on_timer, watchdog);
  return watchdog;
}

void
rt2_watchdog_free (Rt2Watchdog *watchdog)
{
  if (watchdog == NULL)
    return;

  rt2_timer_clear (&watchdog->timer);
  g_free (watchdog);
}

void
rt2_watchdog_alive (Rt2Watchdog *watchdog)
{
  if (watchdog != NULL)
    watchdog->last_life = g_get_monotonic_time ();
}

void
rt2_watchdog_waits (Rt2Watchdog *watchdog)
{
  if (watchdog == NULL)
    return;
  watchdog->waiting = TRUE;
  watchdog->last_taken = watchdog->last_life;
  look (watchdog);
}

void
rt2_watchdog_taken (Rt2Watchdog *watchdog)
{
  if (watchdog != NULL)
    watchdog->last_taken = g_get_monotonic_time ();
}

void
rt2_watchdog_flows (Rt2Watchdog *watchdog)
{
  if (watchdog == NULL)
    return;
  watchdog->waiting = FALSE;
  watchdog->last_life = MAX (watchdog->last_life, watchdog->last_taken);
  look (watchdog);
}
