/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stretches of the input whose words were shown.
 */
#include "rt2shown.h"

typedef struct {
  gchar *item_id;
  guint64 start, end; /* running times; the end may be unknown */
  gboolean whole;     /* all its words were shown */
  gboolean past;      /* on a connection that is over */
} Entry;

struct _Rt2Shown {
  GQueue entries; /* Entry*, oldest first */
};

static void
entry_free (Entry *entry)
{
  g_free (entry->item_id);
  g_free (entry);
}

Rt2Shown *
rt2_shown_new (void)
{
  Rt2Shown *shown = g_new0 (Rt2Shown, 1);

  g_queue_init (&shown->entries);
  return shown;
}

void
rt2_shown_free (Rt2Shown *shown)
{
  g_queue_clear_full (&shown->entries, (GDestroyNotify) entry_free);
  g_free (shown);
}

/* The newest of that item, or a new one. */
static Entry *
entry_of (Rt2Shown *shown, const gchar *item_id)
{
  Entry *entry;

  for (GList *l = shown->entries.tail; l; l = l->prev)
    if (g_str_equal (((Entry *) l->data)->item_id, item_id))
      return l->data;
  entry = g_new0 (Entry, 1);
  entry->item_id = g_strdup (item_id);
  g_queue_push_tail (&shown->entries, entry);
  if (shown->entries.length > RT2_SHOWN_MAX)
    entry_free (g_queue_pop_head (&shown->entries));
  return entry;
}

void
rt2_shown_note (Rt2Shown *shown, const gchar *item_id, guint64 start,
    guint64 end, gboolean whole)
{
  Entry *entry;

  if (start == G_MAXUINT64 || !item_id)
    return;
  entry = entry_of (shown, item_id);
  entry->start = start;
  entry->end = end == G_MAXUINT64 ? end : MAX (start, end);
  /* There is no telling how much of it is all of it. */
  entry->whole = whole && end != G_MAXUINT64;
}

void
rt2_shown_disconnected (Rt2Shown *shown)
{
  for (GList *l = shown->entries.head; l; l = l->next)
    ((Entry *) l->data)->past = TRUE;
}

/* --- questions --- */

static guint64
distance (guint64 a, guint64 b)
{
  return MAX (a, b) - MIN (a, b);
}

/* The item whose first words were shown, that begins where @start is. */
static const Entry *
find_part (Rt2Shown *shown, guint64 start)
{
  for (GList *l = shown->entries.tail; l; l = l->prev) {
    const Entry *entry = l->data;

    if (entry->past && !entry->whole
        && distance (entry->start, start) <= RT2_SHOWN_TOLERANCE)
      return entry;
  }
  return NULL;
}

/* ns that both have in common. */
static guint64
overlap (const Entry *entry, guint64 start, guint64 end)
{
  guint64 from = MAX (entry->start, start), to = MIN (entry->end, end);

  return to > from ? to - from : 0;
}

/* Whether what was shown in whole begins and ends where this does, and has most
 * of it: several turns may have become one. */
static gboolean
is_covered (Rt2Shown *shown, guint64 start, guint64 end)
{
  guint64 first = G_MAXUINT64, last = 0, common = 0;

  for (GList *l = shown->entries.head; l; l = l->next) {
    const Entry *entry = l->data;
    guint64 part = entry->past && entry->whole ? overlap (entry, start, end)
                                               : 0;

    if (part == 0)
      continue;
    common += part;
    first = MIN (first, entry->start);
    last = MAX (last, entry->end);
  }
  return common > 0 && common >= (end - start) / 2
      && first <= start + RT2_SHOWN_TOLERANCE
      && end <= last + RT2_SHOWN_TOLERANCE;
}

gboolean
rt2_shown_may_repeat (Rt2Shown *shown, guint64 start)
{
  if (start == G_MAXUINT64)
    return FALSE;
  for (GList *l = shown->entries.head; l; l = l->next) {
    const Entry *entry = l->data;

    if (entry->past && entry->whole
        && start + RT2_SHOWN_TOLERANCE >= entry->start && start < entry->end)
      return TRUE;
  }
  return find_part (shown, start) != NULL;
}

Rt2ShownKind
rt2_shown_judge (
    Rt2Shown *shown, guint64 start, guint64 end, const gchar **item_id)
{
  const Entry *part;

  *item_id = NULL;
  if (start == G_MAXUINT64)
    return RT2_SHOWN_NOT;
  if (end != G_MAXUINT64 && end >= start && is_covered (shown, start, end))
    return RT2_SHOWN_WHOLE;
  part = find_part (shown, start);
  if (!part)
    return RT2_SHOWN_NOT;
  *item_id = part->item_id;
  return RT2_SHOWN_PART;
}
