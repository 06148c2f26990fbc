/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The budget: what was spent, and what happens once all of it is. Then the
 * connection stays, for what it does not cost: no audio goes up, the server's
 * turn detection is off, so that it answers nothing by itself, and no response
 * is asked for. What is being said is cut at the end of its sentence.
 */
#include "rt2session-private.h"

#include <string.h>

#include "rt2json.h"

#define NS_PER_MS G_GUINT64_CONSTANT (1000000)
/* ns between two looks at the time; the owner's may run at another speed. */
#define TIME_INTERVAL (100 * NS_PER_MS)
/* ns between two looks at the sentence that is being said. */
#define SENTENCE_INTERVAL (20 * NS_PER_MS)

/* --- costs --- */

/* The model whose prices hold: as the server calls it, or as we do where that
 * is the name of somebody's deployment of it. */
static const gchar *
priced_model (Rt2Session *session)
{
  const gchar *model = session->spending.model;

  return rt2_pricing_knows (session->options->pricing, model)
      ? model
      : session->options->model;
}

static const gchar *
transcriber (Rt2Session *session)
{
  const Rt2SessionConfig *config = session->config;

  return session->type == RT2_SESSION_TYPE_TRANSCRIPTION
      ? config->model
      : config->transcription_model;
}

gboolean
rt2_session_price (Rt2Session *session, const Rt2Usage *usage, Rt2Money *cost)
{
  const Rt2Pricing *pricing = session->options->pricing;

  RT2_SESSION_ASSERT_THREAD (session);
  return pricing
      && rt2_pricing_of_response (pricing, priced_model (session), usage, cost);
}

/* Adds @cost to *sum if it is known; says once if not. */
static void
charge (Rt2Session *session, gboolean known, Rt2Money cost, Rt2Money *sum,
    const gchar *model)
{
  Rt2Spending *spending = &session->spending;

  if (known) {
    *sum = rt2_money_add (*sum, cost);
    return;
  }
  session->stats.unpriced++;
  if (!spending->told && session->listener->unpriced)
    session->listener->unpriced (session->owner, model ? model : "");
  spending->told = TRUE;
}

void
rt2_session_charge_response (Rt2Session *session, const Rt2Usage *usage)
{
  Rt2Money cost = 0;
  gboolean known = rt2_session_price (session, usage, &cost);

  RT2_SESSION_ASSERT_THREAD (session);
  if (session->options->pricing)
    charge (session, known, cost, &session->stats.cost_responses,
        priced_model (session));
}

void
rt2_session_charge_transcript (Rt2Session *session, const Rt2Usage *usage)
{
  const Rt2Pricing *pricing = session->options->pricing;
  const gchar *model = transcriber (session);
  Rt2Money cost = 0;
  gboolean known;

  RT2_SESSION_ASSERT_THREAD (session);
  if (!pricing)
    return;
  known = rt2_pricing_of_transcription (pricing, model, usage, &cost);
  charge (session, known, cost, &session->stats.cost_transcription, model);
}

/* Of the whole time, so that nothing is lost in rounding its pieces. */
void
rt2_session_charge_translation (Rt2Session *session, guint64 ns)
{
  const Rt2Pricing *pricing = session->options->pricing;
  const gchar *model = session->options->model;
  Rt2Money cost;

  RT2_SESSION_ASSERT_THREAD (session);
  if (!pricing)
    return;
  session->spending.translated += ns;
  if (rt2_pricing_of_time (
          pricing, priced_model (session), session->spending.translated, &cost))
    session->stats.cost_translation = cost;
  else if (!session->spending.told)
    charge (session, FALSE, 0, NULL, model);
}

void
rt2_session_note_model (Rt2Session *session, const gchar *model)
{
  RT2_SESSION_ASSERT_THREAD (session);
  session->spending.begun = TRUE;
  g_free (session->spending.model);
  session->spending.model = g_strdup (model);
}

/* --- limits --- */

static void
take_stock (Rt2Session *session, Rt2Spent *spent)
{
  const Rt2SessionStats *stats = &session->stats;
  const Rt2Spending *spending = &session->spending;

  *spent = (Rt2Spent){ .budget = spending->limits };
  spent->cost = rt2_money_add (stats->cost_responses,
      rt2_money_add (stats->cost_transcription, stats->cost_translation));
  if (spending->begun && session->listener->session_time)
    spent->duration = session->listener->session_time (session->owner);
  spent->by_cost = spending->limits.max_cost > 0
      && spent->cost >= spending->limits.max_cost;
}

static gboolean
is_all_spent (const Rt2Spent *spent)
{
  return spent->by_cost
      || (spent->budget.max_duration > 0
          && spent->duration >= spent->budget.max_duration);
}

static gboolean
is_conversation (Rt2Session *session)
{
  return session->type == RT2_SESSION_TYPE_REALTIME;
}

/* Nothing that costs goes to the server from here on. */
static void
stop_spending (Rt2Session *session, const Rt2Spent *spent)
{
  session->spending.spent = TRUE;
  rt2_session_drop_wishes (session, RT2_SESSION_SPENT);
  rt2_responses_give_up (session->responses);
  if (session->configured) {
    rt2_session_clear_turn (session);
    rt2_session_send_config (session);
  }
  rt2_session_mute_again (session);
  rt2_replay_clear (session->replay);
  rt2_replay_settle_until (session->replay, G_MAXUINT64);
  if (session->listener->budget_exceeded)
    session->listener->budget_exceeded (session->owner, spent);
  if (is_conversation (session))
    session->spending.sentence_until = g_get_monotonic_time ()
        + RT2_SESSION_SENTENCE_MAX / 1000;
  /* What waited behind the user's words has its turn. */
  rt2_session_wake (session);
}

static void
go_on_spending (Rt2Session *session)
{
  session->spending.spent = FALSE;
  session->spending.sentence_until = 0;
  if (session->listener->budget_raised)
    session->listener->budget_raised (session->owner);
  rt2_session_send_config (session);
}

/* Cuts what is said once its sentence is over. */
static void
check_sentence (Rt2Session *session)
{
  Rt2Spending *spending = &session->spending;

  if (spending->sentence_until == 0)
    return;
  if (session->listener->in_sentence
      && session->listener->in_sentence (session->owner)
      && g_get_monotonic_time () < spending->sentence_until)
    return;
  spending->sentence_until = 0;
  rt2_session_interrupt_when_allowed (session);
}

static gboolean
on_timer (gpointer data)
{
  Rt2Session *session = data;

  rt2_session_disarm (&session->spending.timer);
  if (session->state != RT2_SESSION_DISCONNECTED)
    rt2_session_after_event (session);
  return G_SOURCE_REMOVE;
}

/* Comes back when there is something to look at. */
static void
await_next (Rt2Session *session, const Rt2Spent *spent)
{
  Rt2Spending *spending = &session->spending;
  guint64 limit = spent->budget.max_duration;

  if (spending->timer)
    return;
  if (spending->sentence_until != 0 || (spending->spent && session->deferred))
    rt2_session_arm (session, &spending->timer, SENTENCE_INTERVAL, on_timer);
  else if (!spending->spent && limit > 0 && spending->begun)
    rt2_session_arm (session, &spending->timer,
        MIN (limit - spent->duration, TIME_INTERVAL), on_timer);
}

void
rt2_session_check_budget (Rt2Session *session)
{
  Rt2Spending *spending = &session->spending;
  Rt2Spent spent;

  RT2_SESSION_ASSERT_THREAD (session);
  if (session->state == RT2_SESSION_DISCONNECTED)
    return;
  take_stock (session, &spent);
  if (!spending->spent && is_all_spent (&spent))
    stop_spending (session, &spent);
  else if (spending->spent && !is_all_spent (&spent))
    go_on_spending (session);
  check_sentence (session);
  await_next (session, &spent);
}

void
rt2_session_take_budget (Rt2Session *session, Rt2Budget budget)
{
  RT2_SESSION_ASSERT_THREAD (session);
  session->spending.limits = budget;
  rt2_session_disarm (&session->spending.timer);
}

void
rt2_session_clear_spending (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  rt2_session_disarm (&session->spending.timer);
  g_clear_pointer (&session->spending.model, g_free);
}

/* --- what is not done any more --- */

void
rt2_session_silence (Rt2Session *session, JsonObject *object)
{
  JsonObject *input = rt2_json_object (
      rt2_json_object (object, "audio"), "input");

  RT2_SESSION_ASSERT_THREAD (session);
  if (session->spending.spent && input
      && json_object_has_member (input, "turn_detection"))
    json_object_set_null_member (input, "turn_detection");
}

gboolean
rt2_session_is_unaffordable (Rt2Session *session, const Rt2Command *command)
{
  RT2_SESSION_ASSERT_THREAD (session);
  if (!session->spending.spent)
    return FALSE;
  switch (command->kind) {
    case RT2_COMMAND_SEND_TEXT:
      return command->respond;
    case RT2_COMMAND_APPROVE_MCP:
      return command->approve;
    case RT2_COMMAND_CREATE_RESPONSE:
    case RT2_COMMAND_CLIENT_EVENT:
      return TRUE;
    default:
      return FALSE;
  }
}
