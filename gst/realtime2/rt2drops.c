/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Losses, told a second at a time.
 */
#include "rt2drops.h"

/* us: from one news to the next, and without a loss until it is over. */
#define INTERVAL G_TIME_SPAN_SECOND
#define NS_PER_MS G_GUINT64_CONSTANT (1000000)

void
rt2_drops_add (Rt2Drops *drops, guint64 start, guint64 ns, gint64 now)
{
  if (ns == 0)
    return;
  if (!drops->any)
    drops->start = start;
  drops->end = start + ns;
  drops->any = TRUE;
  drops->lost += ns;
  drops->last = now;
  drops->going_on = TRUE;
}

gboolean
rt2_drops_tell (Rt2Drops *drops, gint64 now, gboolean end, Rt2DropsNews *news)
{
  if (!drops->going_on)
    return FALSE;
  news->first = !drops->begun;
  news->over = end || now - drops->last >= INTERVAL;
  if (!news->first && !news->over && now - drops->news < INTERVAL)
    return FALSE;
  news->ms = (drops->lost - drops->told) / NS_PER_MS;
  drops->told += news->ms * NS_PER_MS;
  news->total_ms = (drops->told - drops->before) / NS_PER_MS;
  news->start = drops->any ? drops->start : drops->end;
  news->end = drops->end;
  drops->any = FALSE;
  drops->news = now;
  drops->begun = drops->going_on = !news->over;
  if (news->over)
    drops->before = drops->told;
  return TRUE;
}
