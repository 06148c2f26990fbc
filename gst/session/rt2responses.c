/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The response sequencer.
 */
#include "rt2responses.h"

/* Responses under way at a time. A server that ends none must not make us grow.
 */
#define MAX_ACTIVE 64
/* Ids of ended responses that are remembered, to know their stragglers. */
#define MAX_ENDED 64

struct _Rt2Responses {
  GHashTable *active; /* id -> NULL, or the id again if killed */
  GQueue ended;       /* ids, newest last */
  gboolean wanted;    /* response.create waits for its turn */
  gboolean due;       /* asked for, or the server's own; not yet here */
  gboolean blocked;   /* one that we were never told of is under way */
};

Rt2Responses *
rt2_responses_new (void)
{
  Rt2Responses *responses = g_new0 (Rt2Responses, 1);

  responses->active = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, NULL);
  g_queue_init (&responses->ended);
  return responses;
}

void
rt2_responses_reset (Rt2Responses *responses)
{
  g_hash_table_remove_all (responses->active);
  g_queue_clear_full (&responses->ended, g_free);
  responses->wanted = FALSE;
  responses->due = FALSE;
  responses->blocked = FALSE;
}

void
rt2_responses_free (Rt2Responses *responses)
{
  rt2_responses_reset (responses);
  g_hash_table_unref (responses->active);
  g_free (responses);
}

void
rt2_responses_want (Rt2Responses *responses)
{
  responses->wanted = TRUE;
}

gboolean
rt2_responses_take_wish (Rt2Responses *responses)
{
  if (!responses->wanted || responses->due || responses->blocked
      || g_hash_table_size (responses->active) > 0)
    return FALSE;
  responses->wanted = FALSE;
  responses->due = TRUE;
  return TRUE;
}

void
rt2_responses_refused (Rt2Responses *responses, gboolean again)
{
  responses->due = FALSE;
  responses->wanted |= again;
  responses->blocked = again && g_hash_table_size (responses->active) == 0;
}

void
rt2_responses_expect (Rt2Responses *responses)
{
  responses->due = TRUE;
}

static gboolean
has_ended (const Rt2Responses *responses, const gchar *id)
{
  return g_queue_find_custom (
             (GQueue *) &responses->ended, id, (GCompareFunc) g_strcmp0)
      != NULL;
}

static void
forget_one (Rt2Responses *responses)
{
  GHashTableIter iter;
  gpointer id;

  g_hash_table_iter_init (&iter, responses->active);
  if (g_hash_table_iter_next (&iter, &id, NULL))
    g_hash_table_iter_remove (&iter);
}

void
rt2_responses_started (Rt2Responses *responses, const gchar *id)
{
  if (g_hash_table_contains (responses->active, id)
      || has_ended (responses, id))
    return;
  if (g_hash_table_size (responses->active) == MAX_ACTIVE)
    forget_one (responses);
  responses->due = FALSE;
  g_hash_table_insert (responses->active, g_strdup (id), NULL);
}

gboolean
rt2_responses_ended (Rt2Responses *responses, const gchar *id)
{
  gboolean known = g_hash_table_remove (responses->active, id);

  if (has_ended (responses, id))
    return FALSE;
  responses->blocked = FALSE;
  /* Of some the end is all that is told. */
  if (!known)
    responses->due = FALSE;
  g_queue_push_tail (&responses->ended, g_strdup (id));
  if (responses->ended.length > MAX_ENDED)
    g_free (g_queue_pop_head (&responses->ended));
  return TRUE;
}

void
rt2_responses_kill (Rt2Responses *responses)
{
  GHashTableIter iter;
  gpointer id;

  g_hash_table_iter_init (&iter, responses->active);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    g_hash_table_iter_replace (&iter, id);
}

gboolean
rt2_responses_is_dead (const Rt2Responses *responses, const gchar *id)
{
  if (g_hash_table_contains (responses->active, id))
    return g_hash_table_lookup (responses->active, id) != NULL;
  return has_ended (responses, id);
}

GPtrArray *
rt2_responses_list_active (const Rt2Responses *responses)
{
  GPtrArray *list = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer id, killed;

  g_hash_table_iter_init (&iter, responses->active);
  while (g_hash_table_iter_next (&iter, &id, &killed))
    if (!killed)
      g_ptr_array_add (list, id);
  return list;
}

gboolean
rt2_responses_is_busy (const Rt2Responses *responses)
{
  return responses->wanted || responses->due
      || g_hash_table_size (responses->active) > 0;
}
