/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * When a session is to be left for another.
 */
#include "rt2rollover.h"

#define NS_PER_US 1000
#define LONGEST ((gint64) (RT2_ROLLOVER_LONGEST / NS_PER_US))
#define SHORTEST ((gint64) (RT2_ROLLOVER_SHORTEST / NS_PER_US))
/* Clocks that agree within this, us, agree: a session of an hour may seem to be
 * this much longer. */
#define SLACK (60 * G_USEC_PER_SEC)

/* How long before the end, us and shares of the life. */
#define BEGIN_MOST (300 * G_USEC_PER_SEC)
#define BEGIN_SHARE 4
#define DEADLINE_MOST (20 * G_USEC_PER_SEC)
#define DEADLINE_SHARE 10
/* How long a move that somebody asked for waits until all is quiet, us. */
#define ASKED_PATIENCE (10 * G_USEC_PER_SEC)

const gchar *
rt2_move_reason_name (Rt2MoveReason reason)
{
  static const gchar *const names[] = { "expiring", "age", "settings", "key",
    "recovered", "fallback" };

  return names[reason];
}

/* us from the creation to the end, as the server says. */
static gint64
life_of_server (gint64 wall, guint64 expires_at)
{
  gint64 expires, left;

  if (expires_at == 0 || expires_at > G_MAXINT64 / G_USEC_PER_SEC)
    return LONGEST;
  expires = expires_at * G_USEC_PER_SEC;
  left = expires - wall;
  return wall < 0 || left < SHORTEST || left > LONGEST + SLACK ? LONGEST : left;
}

Rt2Life
rt2_life_new (gint64 now, gint64 wall, guint64 expires_at, guint64 max_age)
{
  gint64 left = life_of_server (wall, expires_at);
  Rt2Life life = { now, now + left, RT2_MOVE_EXPIRING };

  if (max_age > 0 && max_age / NS_PER_US < (guint64) left) {
    life.end = now + MAX (SHORTEST, (gint64) (max_age / NS_PER_US));
    life.reason = RT2_MOVE_AGE;
  }
  return life;
}

Rt2Plan
rt2_plan_of_life (const Rt2Life *life)
{
  gint64 length = life->end - life->created;
  Rt2Plan plan;

  plan.begin = life->end - MIN (length / BEGIN_SHARE, BEGIN_MOST);
  plan.deadline = life->end - MIN (length / DEADLINE_SHARE, DEADLINE_MOST);
  plan.patience = plan.begin + (plan.deadline - plan.begin) / 2;
  return plan;
}

Rt2Plan
rt2_plan_now (const Rt2Life *life, gint64 now)
{
  Rt2Plan plan = rt2_plan_of_life (life);

  plan.begin = now;
  plan.patience = MIN (now + ASKED_PATIENCE, plan.deadline);
  return plan;
}

static gboolean
is_good_enough (const Rt2Plan *plan, gint64 now, const Rt2Talk *talk)
{
  gboolean busy = talk->speaking || talk->answering || talk->writing;

  if (now >= plan->deadline)
    return TRUE;
  if (now >= plan->patience)
    return !busy;
  return !busy && !talk->sounding && !talk->playing;
}

Rt2RolloverStep
rt2_rollover_judge (const Rt2Plan *plan, gint64 now, const Rt2Talk *talk,
    gboolean ready, gint64 *next)
{
  if (now < plan->begin) {
    *next = plan->begin;
    return RT2_ROLLOVER_NOTHING;
  }
  if (now < plan->patience)
    *next = plan->patience;
  else
    *next = now < plan->deadline ? plan->deadline : G_MAXINT64;
  return ready && is_good_enough (plan, now, talk) ? RT2_ROLLOVER_TAKE
                                                   : RT2_ROLLOVER_OPEN;
}
