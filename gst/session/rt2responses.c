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

/* A response.create that is on its way, or the response that came of it. */
typedef struct {
  gchar *id;          /* of the response; NULL while it is due */
  gchar *mark;        /* of our response.create; NULL if the server made it */
  gchar *cancel;      /* mark of our response.cancel; NULL = none */
  Rt2Wish *wish;      /* why; NULL if the server made it */
  gboolean announced; /* the server said that it begins */
  gboolean dead;      /* nothing of it is to be heard */
  gboolean guessed;   /* that it is ours: it carries no mark */
} Run;

struct _Rt2Responses {
  GQueue wishes;     /* Rt2Wish*, in the order of their coming */
  GQueue due;        /* Run*, asked for and not yet here */
  GHashTable *runs;  /* id -> Run*, under way */
  GQueue ended;      /* ids, newest last */
  gboolean floor;    /* it is the user who speaks */
  gboolean expected; /* the server's own will come */
  gboolean unwanted; /* the server's own, if it comes, comes too late */
  gboolean hopeless; /* the server's own can't come; it may say so */
  gboolean marks;    /* the server gives our marks back */
  gboolean blocked;  /* one that we were never told of is under way */
  gboolean held;     /* see hold() */
};

/* --- wishes --- */

Rt2Wish *
rt2_wish_new (Rt2WishKind kind)
{
  Rt2Wish *wish = g_new0 (Rt2Wish, 1);

  wish->kind = kind;
  return wish;
}

void
rt2_wish_free (Rt2Wish *wish)
{
  g_clear_pointer (&wish->command, rt2_command_free);
  g_free (wish);
}

static gboolean
is_plain (const Rt2Wish *wish)
{
  return !wish->command;
}

static gint
compare_plain (gconstpointer wish, gconstpointer unused)
{
  return is_plain (wish) ? 0 : 1;
}

/* --- life --- */

static void
run_free (Run *run)
{
  g_free (run->id);
  g_free (run->mark);
  g_free (run->cancel);
  g_clear_pointer (&run->wish, rt2_wish_free);
  g_free (run);
}

Rt2Responses *
rt2_responses_new (void)
{
  Rt2Responses *responses = g_new0 (Rt2Responses, 1);

  g_queue_init (&responses->wishes);
  g_queue_init (&responses->due);
  g_queue_init (&responses->ended);
  responses->runs = g_hash_table_new_full (
      g_str_hash, g_str_equal, NULL, (GDestroyNotify) run_free);
  return responses;
}

/* All but the wishes. */
static void
forget_connection (Rt2Responses *responses)
{
  g_queue_clear_full (&responses->due, (GDestroyNotify) run_free);
  g_queue_clear_full (&responses->ended, g_free);
  g_hash_table_remove_all (responses->runs);
  responses->floor = FALSE;
  responses->expected = FALSE;
  responses->unwanted = FALSE;
  responses->hopeless = FALSE;
  responses->marks = FALSE;
  responses->blocked = FALSE;
  responses->held = FALSE;
}

void
rt2_responses_reset (Rt2Responses *responses)
{
  g_queue_clear_full (&responses->wishes, (GDestroyNotify) rt2_wish_free);
  forget_connection (responses);
}

void
rt2_responses_free (Rt2Responses *responses)
{
  rt2_responses_reset (responses);
  g_hash_table_unref (responses->runs);
  g_free (responses);
}

/* --- what is under way --- */

static gboolean
is_in_band (const Run *run)
{
  return !run->wish || !run->wish->out_of_band;
}

static Run *
find_run (const Rt2Responses *responses, const gchar *id)
{
  return id ? g_hash_table_lookup (responses->runs, id) : NULL;
}

static gboolean
has_in_band_run (const Rt2Responses *responses)
{
  GHashTableIter iter;
  gpointer run;

  g_hash_table_iter_init (&iter, responses->runs);
  while (g_hash_table_iter_next (&iter, NULL, &run))
    if (is_in_band (run))
      return TRUE;
  return FALSE;
}

/* The first that is due in band, or NULL. */
static GList *
find_due_in_band (const Rt2Responses *responses)
{
  for (GList *l = responses->due.head; l; l = l->next)
    if (is_in_band (l->data))
      return l;
  return NULL;
}

static GList *
find_due (const Rt2Responses *responses, const gchar *mark)
{
  if (!mark)
    return find_due_in_band (responses);
  for (GList *l = responses->due.head; l; l = l->next)
    if (g_strcmp0 (((Run *) l->data)->mark, mark) == 0)
      return l;
  return NULL;
}

static gboolean
may_begin (const Rt2Responses *responses)
{
  return !responses->held && !responses->blocked && !responses->expected
      && !find_due_in_band (responses) && !has_in_band_run (responses);
}

/* --- wishes that wait --- */

static GList *
find_plain (Rt2Responses *responses)
{
  return g_queue_find_custom (&responses->wishes, NULL, compare_plain);
}

/* Whether a wish of this kind is made anew by whoever made it. */
static gboolean
comes_again (const Rt2Wish *wish)
{
  return wish->kind == RT2_WISH_TURN || wish->kind == RT2_WISH_GREETING
      || wish->kind == RT2_WISH_DISCLOSURE || wish->kind == RT2_WISH_SUMMARY;
}

/* One response will do for both. What is not made anew stands for both. */
static void
merge (Rt2Wish *wish, const Rt2Wish *other)
{
  if (comes_again (wish))
    wish->kind = other->kind;
  wish->again &= other->again;
  wish->lasting |= other->lasting;
  wish->priority = MAX (wish->priority, other->priority);
}

gboolean
rt2_responses_want (Rt2Responses *responses, Rt2Wish *wish)
{
  GList *plain = find_plain (responses);

  if (is_plain (wish) && plain) {
    merge (plain->data, wish);
    rt2_wish_free (wish);
    return TRUE;
  }
  if (rt2_responses_is_full (responses)) {
    rt2_wish_free (wish);
    return FALSE;
  }
  g_queue_push_tail (&responses->wishes, wish);
  return TRUE;
}

gboolean
rt2_responses_is_full (const Rt2Responses *responses)
{
  return responses->wishes.length >= RT2_RESPONSES_MAX_WISHES;
}

GPtrArray *
rt2_responses_drop (Rt2Responses *responses)
{
  GPtrArray *wishes = g_ptr_array_new_with_free_func (
      (GDestroyNotify) rt2_wish_free);
  Rt2Wish *wish;

  while ((wish = g_queue_pop_head (&responses->wishes)))
    g_ptr_array_add (wishes, wish);
  return wishes;
}

/* The next that may be sent: the first of the highest priority. */
static GList *
next_wish (const Rt2Responses *responses)
{
  gboolean free = may_begin (responses);
  GList *best = NULL;

  for (GList *l = responses->wishes.head; l; l = l->next) {
    const Rt2Wish *wish = l->data;

    if (!free && !wish->out_of_band)
      continue;
    if (wish->polite && responses->floor)
      continue;
    if (!best || wish->priority > ((Rt2Wish *) best->data)->priority)
      best = l;
  }
  return best;
}

/* What is plain is answered by any response in band, unless the application
 * chose what it reads. */
static void
drop_served (Rt2Responses *responses, const Rt2Wish *by)
{
  GList *plain = find_plain (responses);

  if (!plain || by->out_of_band || by->kind == RT2_WISH_ASKED)
    return;
  rt2_wish_free (plain->data);
  g_queue_delete_link (&responses->wishes, plain);
}

void
rt2_responses_set_floor (Rt2Responses *responses, gboolean users)
{
  responses->floor = users;
}

gboolean
rt2_responses_is_ready (const Rt2Responses *responses)
{
  return next_wish (responses) != NULL;
}

const Rt2Wish *
rt2_responses_take (Rt2Responses *responses, const gchar *mark)
{
  GList *link = next_wish (responses);
  Run *run;

  if (!link)
    return NULL;
  run = g_new0 (Run, 1);
  run->mark = g_strdup (mark);
  run->wish = link->data;
  g_queue_delete_link (&responses->wishes, link);
  drop_served (responses, run->wish);
  g_queue_push_tail (&responses->due, run);
  return run->wish;
}

GPtrArray *
rt2_responses_expire (Rt2Responses *responses, gint64 now)
{
  GPtrArray *expired = NULL;
  GList *next;

  for (GList *l = responses->wishes.head; l; l = next) {
    Rt2Wish *wish = l->data;

    next = l->next;
    if (wish->expires == 0 || wish->expires > now)
      continue;
    if (!expired)
      expired = g_ptr_array_new_with_free_func ((GDestroyNotify) rt2_wish_free);
    g_ptr_array_add (expired, wish);
    g_queue_delete_link (&responses->wishes, l);
  }
  return expired;
}

gint64
rt2_responses_next_expiry (const Rt2Responses *responses)
{
  gint64 next = 0;

  for (GList *l = responses->wishes.head; l; l = l->next) {
    gint64 expires = ((Rt2Wish *) l->data)->expires;

    if (expires != 0 && (next == 0 || expires < next))
      next = expires;
  }
  return next;
}

void
rt2_responses_hold (Rt2Responses *responses, gboolean hold)
{
  responses->held = hold;
}

/* --- what becomes of them --- */

/* The run that was taken for what came of @mark, wrongly as it turns out. */
static Run *
find_guessed (const Rt2Responses *responses, const gchar *mark)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, responses->runs);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    Run *run = value;

    if (run->guessed && (!mark || g_strcmp0 (run->mark, mark) == 0))
      return run;
  }
  return NULL;
}

/* Puts the wish of @run back in front of the others. Its message, if it has
 * one, is in the conversation by now and can't expire there. */
static void
wish_again (Rt2Responses *responses, Run *run)
{
  Rt2Wish *wish = g_steal_pointer (&run->wish);
  GList *plain = find_plain (responses);

  if (wish->kind == RT2_WISH_TEXT) {
    g_clear_pointer (&wish->command, rt2_command_free);
    wish->expires = 0;
  }
  if (is_plain (wish) && plain) {
    merge (wish, plain->data);
    rt2_wish_free (plain->data);
    g_queue_delete_link (&responses->wishes, plain);
  }
  g_queue_push_head (&responses->wishes, wish);
}

/* The server could not begin its own: if it is still wanted, we ask for it.
 * FALSE if none was to come. */
static gboolean
ask_for_expected (Rt2Responses *responses)
{
  gboolean expected = responses->expected;

  if (!expected && !responses->unwanted)
    return FALSE;
  responses->expected = FALSE;
  responses->unwanted = FALSE;
  if (expected)
    rt2_responses_want (responses, rt2_wish_new (RT2_WISH_TURN));
  return TRUE;
}

/* Whether a refusal that names no event is that of the server's own. If it is
 * one of ours that is refused, it is the server's own that is in its way, and
 * not awaited any more. */
static gboolean
is_of_expected (Rt2Responses *responses)
{
  if (responses->hopeless) {
    responses->hopeless = FALSE;
    return TRUE;
  }
  if (find_due_in_band (responses) && !has_in_band_run (responses))
    return FALSE;
  return ask_for_expected (responses);
}

gboolean
rt2_responses_refused (
    Rt2Responses *responses, const gchar *mark, gboolean again)
{
  GList *link;
  Run *run;

  if (!mark && again && is_of_expected (responses))
    return TRUE;
  link = find_due (responses, mark);
  run = link ? link->data : find_guessed (responses, mark);
  if (!run)
    return FALSE;
  if (again && !run->dead)
    wish_again (responses, run);
  if (link) {
    g_queue_delete_link (&responses->due, link);
    run_free (run);
  } else {
    g_clear_pointer (&run->wish, rt2_wish_free);
    run->guessed = FALSE;
  }
  responses->blocked = again && !has_in_band_run (responses);
  return TRUE;
}

/* Whether one that is heard is under way in band. */
static gboolean
has_living_run (const Rt2Responses *responses)
{
  GHashTableIter iter;
  gpointer run;

  g_hash_table_iter_init (&iter, responses->runs);
  while (g_hash_table_iter_next (&iter, NULL, &run))
    if (is_in_band (run) && !((Run *) run)->dead)
      return TRUE;
  return FALSE;
}

void
rt2_responses_expect (Rt2Responses *responses)
{
  if (has_living_run (responses)) {
    responses->hopeless = TRUE;
    rt2_responses_want (responses, rt2_wish_new (RT2_WISH_TURN));
    return;
  }
  responses->expected = TRUE;
  responses->unwanted = FALSE;
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

  g_hash_table_iter_init (&iter, responses->runs);
  if (g_hash_table_iter_next (&iter, NULL, NULL))
    g_hash_table_iter_remove (&iter);
}

/* What is due and came as a response with @mark; NULL if it is not ours. */
static Run *
claim_due (Rt2Responses *responses, const gchar *mark)
{
  GList *link = NULL;
  Run *run;

  if (mark)
    link = find_due (responses, mark);
  else if (!responses->expected && !responses->unwanted && !responses->marks)
    link = find_due_in_band (responses);
  if (!link)
    return NULL;
  run = link->data;
  run->guessed = mark == NULL;
  responses->marks |= mark != NULL;
  g_queue_delete_link (&responses->due, link);
  return run;
}

/* The run that a response with @mark belongs to, made if there is none. */
static Run *
claim_run (Rt2Responses *responses, const gchar *mark)
{
  Run *run = claim_due (responses, mark);

  if (run)
    return run;
  run = g_new0 (Run, 1);
  /* Another client of the same session marks what it asks for, too. */
  if (mark)
    return run;
  run->dead = responses->unwanted && !responses->expected;
  responses->expected = FALSE;
  responses->unwanted = FALSE;
  return run;
}

/* What one of the server's own that begins now has read from the first. */
static void
drop_again (Rt2Responses *responses)
{
  GList *plain = find_plain (responses);

  if (!plain || !((Rt2Wish *) plain->data)->again)
    return;
  rt2_wish_free (plain->data);
  g_queue_delete_link (&responses->wishes, plain);
}

Rt2Start
rt2_responses_started (
    Rt2Responses *responses, const gchar *id, const gchar *mark)
{
  Run *run;

  if (find_run (responses, id) || has_ended (responses, id))
    return RT2_START_KNOWN;
  if (g_hash_table_size (responses->runs) == MAX_ACTIVE)
    forget_one (responses);
  run = claim_run (responses, mark);
  run->id = g_strdup (id);
  g_hash_table_insert (responses->runs, run->id, run);
  if (!run->dead && !run->wish)
    drop_again (responses);
  return run->dead ? RT2_START_VOID : RT2_START_NEW;
}

gboolean
rt2_responses_ended (Rt2Responses *responses, const gchar *id)
{
  gboolean known = find_run (responses, id) != NULL;
  gchar *name;

  if (has_ended (responses, id))
    return FALSE;
  responses->blocked = FALSE;
  responses->hopeless = FALSE;
  /* Of some the end is all that is told. */
  if (!known)
    run_free (claim_run (responses, NULL));
  name = g_strdup (id);
  g_hash_table_remove (responses->runs, id);
  g_queue_push_tail (&responses->ended, name);
  if (responses->ended.length > MAX_ENDED)
    g_free (g_queue_pop_head (&responses->ended));
  return TRUE;
}

void
rt2_responses_announced (Rt2Responses *responses, const gchar *id)
{
  Run *run = find_run (responses, id);

  if (run)
    run->announced = TRUE;
}

const gchar *
rt2_responses_find_unannounced (const Rt2Responses *responses)
{
  GHashTableIter iter;
  gpointer id, run;

  g_hash_table_iter_init (&iter, responses->runs);
  while (g_hash_table_iter_next (&iter, &id, &run))
    if (!((Run *) run)->announced)
      return id;
  return NULL;
}

void
rt2_responses_cancelling (
    Rt2Responses *responses, const gchar *id, const gchar *mark)
{
  Run *run = find_run (responses, id);

  if (!run)
    return;
  g_free (run->cancel);
  run->cancel = g_strdup (mark);
}

const gchar *
rt2_responses_find_cancelled (const Rt2Responses *responses, const gchar *mark)
{
  GHashTableIter iter;
  gpointer id, run;

  g_hash_table_iter_init (&iter, responses->runs);
  while (mark && g_hash_table_iter_next (&iter, &id, &run))
    if (g_strcmp0 (((Run *) run)->cancel, mark) == 0)
      return id;
  return NULL;
}

/* --- interruption --- */

static void
drop_wishes (Rt2Responses *responses)
{
  GList *next;

  for (GList *l = responses->wishes.head; l; l = next) {
    Rt2Wish *wish = l->data;

    next = l->next;
    if (wish->lasting || wish->out_of_band)
      continue;
    rt2_wish_free (wish);
    g_queue_delete_link (&responses->wishes, l);
  }
}

void
rt2_responses_give_up (Rt2Responses *responses)
{
  for (GList *l = responses->due.head; l; l = l->next)
    ((Run *) l->data)->dead |= is_in_band (l->data);
  responses->unwanted |= responses->expected;
  responses->expected = FALSE;
}

void
rt2_responses_interrupt (Rt2Responses *responses)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, responses->runs);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    ((Run *) value)->dead |= is_in_band (value);
  rt2_responses_give_up (responses);
  drop_wishes (responses);
}

void
rt2_responses_kill (Rt2Responses *responses, const gchar *id)
{
  Run *run = find_run (responses, id);

  if (run)
    run->dead = TRUE;
}

/* --- a lost connection --- */

static void
drop_coming_again (Rt2Responses *responses)
{
  GList *next;

  for (GList *l = responses->wishes.head; l; l = next) {
    next = l->next;
    if (!comes_again (l->data))
      continue;
    rt2_wish_free (l->data);
    g_queue_delete_link (&responses->wishes, l);
  }
}

static void
retrieve_wish (Rt2Responses *responses, Run *run)
{
  if (run->wish && !run->dead && !comes_again (run->wish))
    wish_again (responses, run);
}

static void
mark_again (Rt2Wish *wish, gpointer unused)
{
  wish->again = is_plain (wish);
}

void
rt2_responses_disconnected (Rt2Responses *responses)
{
  GHashTableIter iter;
  gpointer run;

  drop_coming_again (responses);
  /* Each goes before the others: the last that was asked for comes first. */
  for (GList *l = responses->due.tail; l; l = l->prev)
    retrieve_wish (responses, l->data);
  g_hash_table_iter_init (&iter, responses->runs);
  while (g_hash_table_iter_next (&iter, NULL, &run))
    retrieve_wish (responses, run);
  g_queue_foreach (&responses->wishes, (GFunc) mark_again, NULL);
  forget_connection (responses);
}

/* --- questions --- */

gboolean
rt2_responses_is_known (const Rt2Responses *responses, const gchar *id)
{
  return find_run (responses, id) != NULL;
}

gboolean
rt2_responses_is_dead (const Rt2Responses *responses, const gchar *id)
{
  const Run *run = find_run (responses, id);

  return run ? run->dead : has_ended (responses, id);
}

gboolean
rt2_responses_is_out_of_band (const Rt2Responses *responses, const gchar *id)
{
  const Run *run = find_run (responses, id);

  return run && !is_in_band (run);
}

const Rt2Wish *
rt2_responses_wish_of (const Rt2Responses *responses, const gchar *id)
{
  const Run *run = find_run (responses, id);

  return run ? run->wish : NULL;
}

const Rt2Wish *
rt2_responses_wish_marked (const Rt2Responses *responses, const gchar *mark)
{
  GList *link = mark ? find_due (responses, mark) : NULL;

  return link ? ((Run *) link->data)->wish : NULL;
}

static gboolean
is_of_kind (const Run *run, Rt2WishKind kind)
{
  return !run->dead && run->wish && run->wish->kind == kind;
}

gboolean
rt2_responses_has (const Rt2Responses *responses, Rt2WishKind kind)
{
  GHashTableIter iter;
  gpointer run;

  g_hash_table_iter_init (&iter, responses->runs);
  while (g_hash_table_iter_next (&iter, NULL, &run))
    if (is_of_kind (run, kind))
      return TRUE;
  for (GList *l = responses->due.head; l; l = l->next)
    if (is_of_kind (l->data, kind))
      return TRUE;
  for (GList *l = responses->wishes.head; l; l = l->next)
    if (((Rt2Wish *) l->data)->kind == kind)
      return TRUE;
  return FALSE;
}

GPtrArray *
rt2_responses_list_active (const Rt2Responses *responses)
{
  GPtrArray *list = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, responses->runs);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    Run *run = value;

    if (!run->dead && is_in_band (run))
      g_ptr_array_add (list, run->id);
  }
  return list;
}

static gboolean
has_wish_in_band (const Rt2Responses *responses)
{
  for (GList *l = responses->wishes.head; l; l = l->next)
    if (!((Rt2Wish *) l->data)->out_of_band)
      return TRUE;
  return FALSE;
}

gboolean
rt2_responses_is_busy (const Rt2Responses *responses)
{
  return responses->expected || find_due_in_band (responses)
      || has_in_band_run (responses) || has_wish_in_band (responses);
}

gboolean
rt2_responses_is_open (const Rt2Responses *responses)
{
  return responses->expected || responses->due.length > 0
      || responses->wishes.length > 0
      || g_hash_table_size (responses->runs) > 0;
}
