/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Costs and limits on the element's side.
 */
#include "gstrealtime2budget.h"

#include "gstrealtime2configure.h"
#include "gstrealtime2link.h"
#include "gstrealtime2messages.h"
#include "gstrealtime2speech.h"
#include "rt2align.h"
#include "rt2caption.h"

#define GST_CAT_DEFAULT gst_realtime2_debug

/* --- how long --- */

void
gst_realtime2_budget_reset (GstRealtime2 *self)
{
  GST_REALTIME2_ASSERT_LOCKED (self);
  self->usage_start = GST_CLOCK_TIME_NONE;
  self->usage_time = 0;
  g_clear_pointer (&self->last_words, rt2_spoken_unref);
  g_clear_pointer (&self->last_cut, g_ptr_array_unref);
}

/* It stands still while the element does not play: running time comes back to
 * where it was paused. */
guint64
gst_realtime2_on_session_time (gpointer owner)
{
  GstRealtime2 *self = owner;
  guint64 now = gst_realtime2_running_time (self);
  guint64 used;

  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  g_mutex_lock (&self->lock);
  if (self->playing && GST_CLOCK_TIME_IS_VALID (now)) {
    if (!GST_CLOCK_TIME_IS_VALID (self->usage_start))
      self->usage_start = now;
    self->usage_time = MAX (
        self->usage_time, now - MIN (now, self->usage_start));
  }
  used = self->usage_time;
  g_mutex_unlock (&self->lock);
  return used;
}

/* --- the last sentence --- */

/* What is being said now, noted. FALSE if that is nothing, or not to be cut.
 * Called with self->lock. */
static gboolean
note_last_words (GstRealtime2 *self)
{
  Rt2Spoken *spoken = rt2_playout_speaker (self->playout);

  if (self->last_words)
    return TRUE;
  if (!spoken || spoken->placed == 0
      || rt2_playout_is_protected (self->playout))
    return FALSE;
  self->last_words = rt2_spoken_ref (spoken);
  self->last_words_from = spoken->placed;
  self->last_words_end = 0;
  return TRUE;
}

static void
forget_last_words (GstRealtime2 *self)
{
  g_clear_pointer (&self->last_words, rt2_spoken_unref);
}

/* Called with self->lock, while there are last words. */
static gboolean
is_in_last_words (GstRealtime2 *self)
{
  const Rt2Spoken *spoken = self->last_words;

  if (self->last_words_end == 0)
    self->last_words_end = rt2_caption_sentence_end (
        spoken, self->last_words_from);
  if (spoken->cancelled || spoken->ended || rt2_spoken_is_placed (spoken))
    return FALSE;
  return self->last_words_end == 0
      || spoken->placed < rt2_align_sample_of (spoken, self->last_words_end);
}

/* Cuts right here, where no sample of the next sentence is placed yet; the
 * session is told of it when it asks for the cut. */
gboolean
gst_realtime2_budget_cut (GstRealtime2 *self, guint64 now)
{
  GST_REALTIME2_ASSERT_TASK (self->srcpad);
  GST_REALTIME2_ASSERT_LOCKED (self);
  if (!self->last_words || is_in_last_words (self))
    return FALSE;
  forget_last_words (self);
  self->last_cut = rt2_playout_interrupt (self->playout, now, FALSE);
  gst_realtime2_fill_heard_text (self, self->last_cut);
  return TRUE;
}

gboolean
gst_realtime2_on_in_sentence (gpointer owner)
{
  GstRealtime2 *self = owner;
  gboolean goes_on;

  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  g_mutex_lock (&self->lock);
  goes_on = !self->last_cut && note_last_words (self);
  g_mutex_unlock (&self->lock);
  return goes_on;
}

void
gst_realtime2_on_budget_raised (gpointer owner)
{
  GstRealtime2 *self = owner;

  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  g_mutex_lock (&self->lock);
  forget_last_words (self);
  g_mutex_unlock (&self->lock);
}

void
gst_realtime2_budget_take_cut (GstRealtime2 *self, GPtrArray *heard)
{
  GPtrArray *cut = g_steal_pointer (&self->last_cut);

  GST_REALTIME2_ASSERT_LOCKED (self);
  forget_last_words (self);
  if (!cut)
    return;
  g_ptr_array_set_free_func (cut, NULL);
  for (guint i = 0; i < cut->len; i++)
    g_ptr_array_insert (heard, i, g_ptr_array_index (cut, i));
  g_ptr_array_unref (cut);
}

/* --- limits --- */

static Rt2Budget
budget_of (const GstRealtime2Settings *settings)
{
  return (Rt2Budget){ rt2_money_from_usd (settings->max_cost),
    settings->max_duration };
}

void
gst_realtime2_update_budget (GstRealtime2 *self)
{
  Rt2Budget budget;

  GST_OBJECT_LOCK (self);
  budget = budget_of (&self->settings);
  GST_OBJECT_UNLOCK (self);
  gst_realtime2_link_set_budget (self->link, budget);
}

static void
warn_of_model (GstRealtime2 *self, const gchar *model)
{
  GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS,
      ("max-cost can't hold: there is no price for the model \"%s\". Set "
       "pricing, or max-duration, which needs none.",
          model ? model : ""),
      ("what its use costs is not counted"));
}

/* Who writes down what the user says besides; NULL if nobody does. */
static const gchar *
transcriber_of (const Rt2SessionConfig *config)
{
  const gchar *model = config->transcription_model;

  return config->type == RT2_SESSION_TYPE_REALTIME && model && *model ? model
                                                                      : NULL;
}

void
gst_realtime2_check_prices (GstRealtime2 *self,
    const GstRealtime2Settings *settings, const Rt2SessionOptions *options,
    const Rt2SessionConfig *config)
{
  const gchar *model = config->type == RT2_SESSION_TYPE_TRANSCRIPTION
      ? config->model
      : options->model;
  const gchar *transcriber = transcriber_of (config);

  if (settings->max_cost == 0)
    return;
  if (!rt2_pricing_knows (options->pricing, model))
    warn_of_model (self, model);
  if (transcriber && !rt2_pricing_knows (options->pricing, transcriber))
    warn_of_model (self, transcriber);
}

void
gst_realtime2_on_budget_exceeded (gpointer owner, const Rt2Spent *spent)
{
  GstRealtime2 *self = owner;
  gdouble cost = rt2_money_to_usd (spent->cost);
  gdouble limit = rt2_money_to_usd (spent->budget.max_cost);
  GstStructure *fields = gst_structure_new ("realtime2/budget-exceeded",
      "reason", G_TYPE_STRING, spent->by_cost ? "cost" : "duration", "cost",
      G_TYPE_DOUBLE, cost, "duration", G_TYPE_UINT64, spent->duration, NULL);

  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  if (spent->by_cost)
    gst_structure_set (fields, "limit", G_TYPE_DOUBLE, limit, NULL);
  else
    gst_structure_set (
        fields, "limit", G_TYPE_UINT64, spent->budget.max_duration, NULL);
  gst_realtime2_post_structure (self, fields);
  GST_ELEMENT_WARNING (self, RESOURCE, FAILED,
      ("The budget is spent: the agent says no more. A higher %s lets it go "
       "on.",
          spent->by_cost ? "max-cost" : "max-duration"),
      ("%f USD in %" GST_TIME_FORMAT, cost, GST_TIME_ARGS (spent->duration)));
}

void
gst_realtime2_on_unpriced (gpointer owner, const gchar *model)
{
  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  GST_WARNING_OBJECT (owner,
      "no price for all that \"%s\" does: its cost is not known; see pricing",
      model);
}

/* --- costs --- */

void
gst_realtime2_add_cost (
    GstRealtime2 *self, const Rt2Usage *usage, GstStructure *fields)
{
  Rt2Money cost;

  if (gst_realtime2_link_price (self->link, usage, &cost))
    gst_structure_set (
        fields, "cost", G_TYPE_DOUBLE, rt2_money_to_usd (cost), NULL);
}

void
gst_realtime2_add_cost_stats (const Rt2SessionStats *s, GstStructure *stats)
{
  Rt2Money sum = rt2_money_add (s->cost_responses,
      rt2_money_add (s->cost_transcription, s->cost_translation));

  gst_structure_set (stats, "cost", G_TYPE_DOUBLE, rt2_money_to_usd (sum),
      "cost-responses", G_TYPE_DOUBLE, rt2_money_to_usd (s->cost_responses),
      "cost-transcription", G_TYPE_DOUBLE,
      rt2_money_to_usd (s->cost_transcription), "cost-translation",
      G_TYPE_DOUBLE, rt2_money_to_usd (s->cost_translation), "cost-unknown",
      G_TYPE_UINT, s->unpriced, NULL);
}
