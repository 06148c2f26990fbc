/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The books of function calls.
 */
#include "rt2calls.h"

#include "rt2json.h"

struct _Rt2Calls {
  GQueue open;        /* Rt2Call*, oldest first */
  GQueue known;       /* ids ever opened, newest last */
  GHashTable *ids;    /* the same as a set; the strings are those of `known` */
  GHashTable *silent; /* response ids that no response follows from */
  GHashTable *spoken; /* response ids with an output to be spoken of */
};

Rt2Calls *
rt2_calls_new (void)
{
  Rt2Calls *calls = g_new0 (Rt2Calls, 1);

  g_queue_init (&calls->open);
  g_queue_init (&calls->known);
  calls->ids = g_hash_table_new (g_str_hash, g_str_equal);
  calls->silent = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  calls->spoken = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return calls;
}

void
rt2_call_free (Rt2Call *call)
{
  g_free (call->call_id);
  g_free (call->response_id);
  g_free (call->name);
  g_free (call->arguments);
  g_free (call->output);
  g_free (call->reason);
  g_free (call);
}

void
rt2_calls_reset (Rt2Calls *calls)
{
  g_queue_clear_full (&calls->open, (GDestroyNotify) rt2_call_free);
  g_hash_table_remove_all (calls->silent);
  g_hash_table_remove_all (calls->spoken);
}

void
rt2_calls_disconnected (Rt2Calls *calls)
{
  for (GList *l = calls->open.head; l; l = l->next)
    ((Rt2Call *) l->data)->may_send = TRUE;
}

void
rt2_calls_free (Rt2Calls *calls)
{
  rt2_calls_reset (calls);
  g_hash_table_unref (calls->ids);
  g_hash_table_unref (calls->silent);
  g_hash_table_unref (calls->spoken);
  g_queue_clear_full (&calls->known, g_free);
  g_free (calls);
}

gboolean
rt2_calls_is_known (const Rt2Calls *calls, const gchar *call_id)
{
  return g_hash_table_contains (calls->ids, call_id);
}

static void
note_id (Rt2Calls *calls, const gchar *call_id)
{
  gchar *id = g_strdup (call_id);

  g_queue_push_tail (&calls->known, id);
  g_hash_table_add (calls->ids, id);
  if (calls->known.length > RT2_CALLS_MAX_KNOWN) {
    gchar *oldest = g_queue_pop_head (&calls->known);

    g_hash_table_remove (calls->ids, oldest);
    g_free (oldest);
  }
}

const Rt2Call *
rt2_calls_open (Rt2Calls *calls, const gchar *call_id, const gchar *response_id,
    const gchar *name, const gchar *arguments, gint64 deadline)
{
  Rt2Call *call;

  if (rt2_calls_is_known (calls, call_id)
      || calls->open.length >= RT2_CALLS_MAX_OPEN)
    return NULL;
  note_id (calls, call_id);
  call = g_new0 (Rt2Call, 1);
  call->call_id = g_strdup (call_id);
  call->response_id = g_strdup (response_id);
  call->name = g_strdup (name);
  call->arguments = g_strdup (arguments ? arguments : "");
  call->deadline = deadline;
  g_queue_push_tail (&calls->open, call);
  return call;
}

/* The call @call_id if it has no output yet, else NULL. */
static Rt2Call *
find_unanswered (Rt2Calls *calls, const gchar *call_id)
{
  for (GList *l = calls->open.head; l; l = l->next) {
    Rt2Call *call = l->data;

    if (g_strcmp0 (call->call_id, call_id) == 0)
      return call->output ? NULL : call;
  }
  return NULL;
}

/* Nobody asks for the arguments of an answered call, and they may be long. */
static void
take_output (Rt2Call *call, gchar *output, gboolean silent)
{
  call->output = output;
  call->silent = silent;
  g_free (call->arguments);
  call->arguments = g_strdup ("");
}

gboolean
rt2_calls_answer (
    Rt2Calls *calls, const gchar *call_id, const gchar *output, gboolean silent)
{
  Rt2Call *call = find_unanswered (calls, call_id);

  if (!call)
    return FALSE;
  take_output (call, g_strdup (output), silent);
  return TRUE;
}

gboolean
rt2_calls_answer_error (
    Rt2Calls *calls, const gchar *call_id, const gchar *reason, gboolean silent)
{
  Rt2Call *call = find_unanswered (calls, call_id);
  GString *output;

  if (!call)
    return FALSE;
  output = g_string_new ("{\"error\":");
  rt2_json_append_string (output, reason);
  g_string_append_c (output, '}');
  take_output (call, g_string_free (output, FALSE), silent);
  call->reason = g_strdup (reason);
  return TRUE;
}

static gboolean
is_of (const Rt2Call *call, const gchar *response_id)
{
  return g_strcmp0 (call->response_id, response_id) == 0;
}

static gboolean
has_open_of (const Rt2Calls *calls, const gchar *response_id)
{
  for (GList *l = calls->open.head; l; l = l->next)
    if (is_of (l->data, response_id))
      return TRUE;
  return FALSE;
}

void
rt2_calls_response_done (Rt2Calls *calls, const gchar *id, gboolean silent)
{
  if (silent && has_open_of (calls, id))
    g_hash_table_add (calls->silent, g_strdup (id));
  for (GList *l = calls->open.head; l; l = l->next)
    if (is_of (l->data, id))
      ((Rt2Call *) l->data)->may_send = TRUE;
}

void
rt2_calls_silence (Rt2Calls *calls)
{
  for (GList *l = calls->open.head; l; l = l->next)
    g_hash_table_add (
        calls->silent, g_strdup (((Rt2Call *) l->data)->response_id));
}

void
rt2_calls_silence_of (Rt2Calls *calls, const gchar *response_id)
{
  if (has_open_of (calls, response_id))
    g_hash_table_add (calls->silent, g_strdup (response_id));
}

GPtrArray *
rt2_calls_list_responses (const Rt2Calls *calls)
{
  GPtrArray *list = g_ptr_array_new ();

  for (GList *l = calls->open.head; l; l = l->next)
    g_ptr_array_add (list, ((const Rt2Call *) l->data)->response_id);
  return list;
}

/* All calls of @response_id are answered. TRUE if a response is to follow. */
static gboolean
end_batch (Rt2Calls *calls, const gchar *response_id)
{
  gboolean silent = g_hash_table_remove (calls->silent, response_id);

  return g_hash_table_remove (calls->spoken, response_id) && !silent;
}

Rt2Call *
rt2_calls_take_output (Rt2Calls *calls, gboolean *batch_done)
{
  *batch_done = FALSE;
  for (GList *l = calls->open.head; l; l = l->next) {
    Rt2Call *call = l->data;

    if (!call->output || !call->may_send)
      continue;
    g_queue_delete_link (&calls->open, l);
    if (!call->silent)
      g_hash_table_add (calls->spoken, g_strdup (call->response_id));
    if (!has_open_of (calls, call->response_id))
      *batch_done = end_batch (calls, call->response_id);
    return call;
  }
  return NULL;
}

/* --- deadlines --- */

const Rt2Call *
rt2_calls_next_late (const Rt2Calls *calls, gint64 now)
{
  for (GList *l = calls->open.head; l; l = l->next) {
    const Rt2Call *call = l->data;

    if (!call->output && call->deadline != 0 && call->deadline <= now)
      return call;
  }
  return NULL;
}

gint64
rt2_calls_next_deadline (const Rt2Calls *calls)
{
  gint64 next = 0;

  for (GList *l = calls->open.head; l; l = l->next) {
    const Rt2Call *call = l->data;

    if (call->output || call->deadline == 0)
      continue;
    if (next == 0 || call->deadline < next)
      next = call->deadline;
  }
  return next;
}

guint
rt2_calls_n_waiting (const Rt2Calls *calls)
{
  guint n = 0;

  for (GList *l = calls->open.head; l; l = l->next)
    n += !((const Rt2Call *) l->data)->output;
  return n;
}

guint
rt2_calls_n_open (const Rt2Calls *calls)
{
  return calls->open.length;
}
