/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The order of locks, watched: what each thread holds.
 */
#include "gstrealtime2locks.h"

#include <string.h>

#include "rt2thread.h"

#ifdef RT2_DEBUG

/* In the order of taking. */
typedef enum {
  RANK_ELEMENT = 1,
  RANK_OBJECT,
  RANK_LAST,
} Rank;

typedef struct {
  gconstpointer lock;
  const gchar *name; /* as it is written */
  const gchar *func; /* that took it */
  Rank rank;
} Held;

#define MAX_HELD 8

/* Of this thread; oldest first. */
static __thread Held held[MAX_HELD];
static __thread guint n_held;

static Rank
rank_of (const gchar *name)
{
  if (g_str_has_prefix (name, "GST_OBJECT_GET_LOCK"))
    return RANK_OBJECT;
  return g_str_has_suffix (name, "self->lock") ? RANK_ELEMENT : RANK_LAST;
}

static guint
find (gconstpointer lock)
{
  guint i = 0;

  while (i < n_held && held[i].lock != lock)
    i++;
  return i;
}

/* The caller, for messages: `loop() (file.c:12), on thread "name",`. New
 * string. */
static gchar *
caller (const gchar *func, const gchar *where)
{
  g_autofree gchar *thread = rt2_thread_name ();

  return g_strdup_printf ("%s() (%s), on thread \"%s\",", func, where, thread);
}

void
gst_realtime2_locks_take (gconstpointer lock, const gchar *name,
    const gchar *func, const gchar *where)
{
  Rank rank = rank_of (name);

  for (guint i = 0; i < n_held; i++)
    if (held[i].rank >= rank)
      g_error ("%s takes %s after %s, which %s() took", caller (func, where),
          name, held[i].name, held[i].func);
  if (n_held == MAX_HELD)
    g_error ("%s takes one lock too many: %s", caller (func, where), name);
  held[n_held++] = (Held){ lock, name, func, rank };
}

void
gst_realtime2_locks_give (
    gconstpointer lock, const gchar *func, const gchar *where)
{
  guint i = find (lock);

  if (i == n_held)
    g_error ("%s gives back a lock that this thread has not taken",
        caller (func, where));
  n_held--;
  memmove (&held[i], &held[i + 1], (n_held - i) * sizeof *held);
}

void
gst_realtime2_locks_wait (
    gconstpointer lock, const gchar *func, const gchar *where)
{
  const Held *other;

  gst_realtime2_locks_need (lock, func, where);
  other = &held[find (lock) == 0 ? 1 : 0];
  if (n_held > 1)
    g_error ("%s waits with %s held, which %s() took", caller (func, where),
        other->name, other->func);
}

void
gst_realtime2_locks_need (
    gconstpointer lock, const gchar *func, const gchar *where)
{
  if (find (lock) == n_held)
    g_error (
        "%s needs a lock that this thread has not taken", caller (func, where));
}

void
gst_realtime2_locks_none (
    const gchar *what, const gchar *func, const gchar *where)
{
  if (n_held > 0)
    g_error ("%s calls %s with %s held, which %s() took", caller (func, where),
        what, held[0].name, held[0].func);
}

#endif
