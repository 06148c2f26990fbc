/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Breaks and pauses: the cheapest way to go through both in order, by dynamic
 * programming. What costs: speech between two matches that is longer or shorter
 * than the text there asks for, a break whose text came at another time, a
 * break without a pause, a long pause without a break.
 */
#include "rt2match.h"

/* Breaks in a row that may have no pause. */
#define MAX_SKIPPED 4
#define SKIPPED_STRONG 4
#define SKIPPED_WEAK 1
/* A strong break at a short pause, a weak one at a long pause. */
#define TOO_SHORT 5
#define TOO_LONG 2
/* Of a pause as long as those after a sentence that is no break; pauses shorter
 * than that part of it are everywhere. */
#define PAUSE_COST 5
#define PLAIN_PART 0.4
/* Deviations beyond which each counts the same. */
#define ROBUST 1.5

typedef struct {
  gdouble cost;
  gint first; /* the pause of the first break on the way here, or -1 */
} Node;

typedef struct {
  const Rt2Match *match;
  /* Of all breaks and pauses before this one that are in no match. */
  gdouble breaks[RT2_MATCH_BREAKS + 1];
  gdouble gaps[RT2_MATCH_PAUSES + 1];
  /* The best way to a match of this break and that pause. */
  Node nodes[RT2_MATCH_BREAKS][RT2_MATCH_PAUSES];
} Table;

gdouble
rt2_match_deviation (gdouble spoken)
{
  return 0.18 * spoken + 70;
}

static gdouble
square (gdouble x)
{
  return x * x;
}

/* Numbers and abbreviations are longer than they look: what is far off is not
 * taken for impossible. */
static gdouble
cost_of_deviations (gdouble n)
{
  n = ABS (n);
  return n < ROBUST ? square (n) : ROBUST * (2 * n - ROBUST);
}

static gdouble
cost_of_span (gdouble wanted, gdouble heard)
{
  return cost_of_deviations ((heard - wanted) / rt2_match_deviation (wanted));
}

static void
table_init (Table *table, const Rt2Match *match)
{
  table->match = match;
  table->breaks[0] = table->gaps[0] = 0;
  for (guint k = 0; k < match->n_breaks; k++)
    table->breaks[k + 1] = table->breaks[k]
        + (match->breaks[k].strong ? SKIPPED_STRONG : SKIPPED_WEAK);
  for (guint j = 0; j < match->n_gaps; j++)
    table->gaps[j + 1] = table->gaps[j]
        + PAUSE_COST
            * CLAMP ((match->gaps[j].length / match->usual - PLAIN_PART)
                    / (1 - PLAIN_PART),
                0, 1);
}

/* Of break @k being pause @j, whatever is before. */
static gdouble
cost_of_match (const Rt2Match *match, guint k, guint j)
{
  const Rt2Break *b = &match->breaks[k];
  const Rt2Gap *gap = &match->gaps[j];
  gdouble cost = 0;

  if (b->arrival_deviation > 0)
    cost = cost_of_deviations ((gap->end - b->arrival) / b->arrival_deviation);
  if (b->strong)
    cost += TOO_SHORT * MAX (0, 1 - gap->length / match->usual);
  else if (gap->length > match->usual)
    cost += TOO_LONG;
  return cost;
}

/* From the match of break @a and pause @b to that of @k and @j. */
static gdouble
cost_of_step (const Table *table, guint a, guint b, guint k, guint j)
{
  const Rt2Break *breaks = table->match->breaks;
  const Rt2Gap *gaps = table->match->gaps;

  return table->nodes[a][b].cost + table->breaks[k] - table->breaks[a + 1]
      + table->gaps[j] - table->gaps[b + 1]
      + cost_of_span (
          breaks[k].spoken - breaks[a].spoken, gaps[j].spoken - gaps[b].spoken);
}

static void
find_way (Table *table, guint k, guint j)
{
  const Rt2Match *match = table->match;
  Node *node = &table->nodes[k][j];

  node->cost = table->breaks[k] + table->gaps[j]
      + cost_of_span (match->breaks[k].spoken, match->gaps[j].spoken);
  node->first = k == 0 ? (gint) j : -1;
  for (guint a = k > MAX_SKIPPED ? k - MAX_SKIPPED - 1 : 0; a < k; a++)
    for (guint b = 0; b < j; b++) {
      gdouble cost = cost_of_step (table, a, b, k, j);

      if (cost < node->cost) {
        node->cost = cost;
        node->first = table->nodes[a][b].first;
      }
    }
  node->cost += cost_of_match (match, k, j);
}

/* Of break @k being yet to come, @wanted after the last match, after which
 * @heard was heard. */
static gdouble
cost_of_waiting (const Rt2Match *match, guint k, gdouble wanted, gdouble heard)
{
  const Rt2Break *b = &match->breaks[k];
  gdouble cost = heard > wanted ? cost_of_span (wanted, heard) : 0;

  if (b->arrival_deviation > 0 && match->end > b->arrival)
    cost += cost_of_deviations (
        (match->end - b->arrival) / b->arrival_deviation);
  return cost;
}

/* What comes after the last match: break @k at pause @j, or -1 and -1. */
static gdouble
cost_of_rest (const Table *table, gint k, gint j)
{
  const Rt2Match *match = table->match;
  gdouble said = k < 0 ? 0 : match->breaks[k].spoken;
  gdouble heard = match->spoken_end - (j < 0 ? 0 : match->gaps[j].spoken);
  gdouble cost = table->gaps[match->n_gaps] - table->gaps[j + 1];

  if (match->complete)
    return cost + table->breaks[match->n_breaks] - table->breaks[k + 1]
        + cost_of_span (match->text_end - said, heard);
  if (k + 1 == (gint) match->n_breaks)
    return 0;
  return cost
      + cost_of_waiting (
          match, k + 1, match->breaks[k + 1].spoken - said, heard);
}

gint
rt2_match_first (const Rt2Match *match)
{
  Table table;
  Node best;

  table_init (&table, match);
  best.cost = cost_of_rest (&table, -1, -1);
  best.first = -1;
  for (guint k = 0; k < match->n_breaks; k++)
    for (guint j = 0; j < match->n_gaps; j++) {
      gdouble cost;

      find_way (&table, k, j);
      cost = table.nodes[k][j].cost + cost_of_rest (&table, k, j);
      if (cost < best.cost) {
        best.cost = cost;
        best.first = table.nodes[k][j].first;
      }
    }
  return best.first;
}
