/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The figures. What was placed when is read from the items themselves; kept
 * here is only what they do not know: turns, and when things came.
 */
#include "rt2figures.h"

#include <stdlib.h>
#include <string.h>

/* Responses, and items of one, that are followed at a time: a server that ends
 * none must not make us grow. */
#define MAX_RESPONSES 32
#define MAX_ITEMS 64

/* Shared by the responses that answer it. */
typedef struct {
  guint64 speech_end;            /* when the user stopped speaking */
  guint64 over;                  /* when that was certain, >= speech_end */
  guint64 winner[RT2_N_ANSWERS]; /* number of the response in which this was
                                  * heard first; 0 = none yet */
} Turn;

/* An item that has samples. */
typedef struct {
  Rt2Spoken *spoken; /* a reference */
  guint64 came;      /* when its first samples did, or RT2_TIME_NONE */
  guint64 sounded;   /* when its first audible one does, or RT2_TIME_NONE */
  guint runs;        /* of its runs, those that were looked at */
  guint slips;       /* breaks between them */
  guint64 slip;      /* ns in all */
} Item;

typedef struct {
  guint64 number; /* from 1 */
  gchar *id;
  Turn *turn; /* that it answers; a reference, or NULL */
  gboolean done, complete;
  GArray *items; /* Item, in playing order */
} Response;

typedef struct {
  guint count;
  guint64 last, max;
  guint64 ring[RT2_FIGURES_WINDOW]; /* value number n is at n % size */
} Series;

struct _Rt2Figures {
  Turn *waiting;       /* ended, not answered yet; a reference, or NULL */
  GQueue responses;    /* Response*, by appearance */
  guint64 next_number; /* of the next response */
  guint64 latency;     /* ns from placing to sounding, as last told */
  guint slips;
  guint64 slip; /* ns */
  Series series[RT2_N_SERIES];
};

/* --- series --- */

static void
series_add (Series *series, guint64 value)
{
  series->ring[series->count++ % RT2_FIGURES_WINDOW] = value;
  series->last = value;
  series->max = MAX (series->max, value);
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  guint64 x = *(const guint64 *) a, y = *(const guint64 *) b;

  return (x > y) - (x < y);
}

static guint64
percentile (const guint64 *sorted, guint n, guint percent)
{
  return n == 0 ? 0 : sorted[(n * percent + 99) / 100 - 1];
}

void
rt2_figures_sum_up (
    const Rt2Figures *figures, Rt2Series which, Rt2Summary *summary)
{
  const Series *series = &figures->series[which];
  guint n = MIN (series->count, RT2_FIGURES_WINDOW);
  guint64 sorted[RT2_FIGURES_WINDOW];

  memcpy (sorted, series->ring, n * sizeof *sorted);
  qsort (sorted, n, sizeof *sorted, compare);
  *summary = (Rt2Summary){
    .count = series->count,
    .last = series->last,
    .p50 = percentile (sorted, n, 50),
    .p95 = percentile (sorted, n, 95),
    .max = series->max,
  };
}

void
rt2_figures_get_slips (const Rt2Figures *figures, guint *slips, guint64 *time)
{
  *slips = figures->slips;
  *time = figures->slip;
}

/* --- turns and responses --- */

static void
clear_item (gpointer data)
{
  Item *item = data;

  rt2_spoken_unref (item->spoken);
}

static void
response_free (Response *response)
{
  g_free (response->id);
  g_clear_pointer (&response->turn, g_rc_box_release);
  g_array_unref (response->items);
  g_free (response);
}

Rt2Figures *
rt2_figures_new (void)
{
  Rt2Figures *figures = g_new0 (Rt2Figures, 1);

  g_queue_init (&figures->responses);
  figures->next_number = 1;
  return figures;
}

void
rt2_figures_reset (Rt2Figures *figures)
{
  g_queue_clear_full (&figures->responses, (GDestroyNotify) response_free);
  g_clear_pointer (&figures->waiting, g_rc_box_release);
  *figures = (Rt2Figures){ .responses = G_QUEUE_INIT, .next_number = 1 };
}

void
rt2_figures_free (Rt2Figures *figures)
{
  rt2_figures_reset (figures);
  g_free (figures);
}

void
rt2_figures_turn_ended (Rt2Figures *figures, guint64 speech_end, guint64 now)
{
  g_clear_pointer (&figures->waiting, g_rc_box_release);
  if (speech_end == RT2_TIME_NONE || now == RT2_TIME_NONE)
    return;
  figures->waiting = g_rc_box_new0 (Turn);
  figures->waiting->over = now;
  /* Input that is not paced may be ahead of the clock. */
  figures->waiting->speech_end = MIN (speech_end, now);
}

static Response *
find_response (Rt2Figures *figures, const gchar *id)
{
  for (GList *l = figures->responses.tail; l; l = l->prev) {
    Response *response = l->data;

    if (g_strcmp0 (response->id, id) == 0)
      return response;
  }
  return NULL;
}

static Response *
add_response (Rt2Figures *figures, const gchar *id, gboolean aside)
{
  Response *response = g_new0 (Response, 1);

  response->number = figures->next_number++;
  response->id = g_strdup (id);
  response->items = g_array_new (FALSE, FALSE, sizeof (Item));
  g_array_set_clear_func (response->items, clear_item);
  if (!aside)
    response->turn = g_steal_pointer (&figures->waiting);
  g_queue_push_tail (&figures->responses, response);
  if (figures->responses.length > MAX_RESPONSES)
    response_free (g_queue_pop_head (&figures->responses));
  return response;
}

void
rt2_figures_response_started (
    Rt2Figures *figures, const gchar *response_id, gboolean aside)
{
  if (!find_response (figures, response_id))
    add_response (figures, response_id, aside);
}

void
rt2_figures_function_called (Rt2Figures *figures, const gchar *response_id)
{
  Response *response = find_response (figures, response_id);

  if (response && response->turn && !figures->waiting)
    figures->waiting = g_rc_box_acquire (response->turn);
}

void
rt2_figures_response_done (
    Rt2Figures *figures, const gchar *response_id, gboolean complete)
{
  for (GList *l = figures->responses.head; l; l = l->next) {
    Response *response = l->data;

    if (response->done
        || (response_id && g_strcmp0 (response->id, response_id) != 0))
      continue;
    response->done = TRUE;
    response->complete = complete;
  }
}

void
rt2_figures_retracted (Rt2Figures *figures, const gchar *response_id)
{
  Response *response = find_response (figures, response_id);

  if (!response)
    return;
  if (response->turn && !figures->waiting)
    figures->waiting = g_rc_box_acquire (response->turn);
  g_queue_remove (&figures->responses, response);
  response_free (response);
}

/* --- items --- */

static gboolean
has_item (const Response *response, const Rt2Spoken *spoken)
{
  for (guint i = 0; i < response->items->len; i++)
    if (g_array_index (response->items, Item, i).spoken == spoken)
      return TRUE;
  return FALSE;
}

void
rt2_figures_audio_came (Rt2Figures *figures, Rt2Spoken *spoken, guint64 now)
{
  Response *response = find_response (figures, spoken->response_id);
  Item item = { spoken, now, RT2_TIME_NONE, 0, 0, 0 };

  if (!response)
    response = add_response (figures, spoken->response_id, FALSE);
  if (has_item (response, spoken) || response->items->len == MAX_ITEMS)
    return;
  rt2_spoken_ref (spoken);
  g_array_append_val (response->items, item);
}

static guint64
end_of (const Item *item, guint i)
{
  const Rt2Run *run = &g_array_index (item->spoken->runs, Rt2Run, i);

  return run->rt
      + rt2_audio_format_samples_to_ns (item->spoken->format, run->n);
}

/* Counts the breaks between its runs that are new. */
static void
count_slips (Rt2Figures *figures, Item *item)
{
  const GArray *runs = item->spoken->runs;

  for (guint i = MAX (item->runs, 1); i < runs->len; i++) {
    guint64 begin = g_array_index (runs, Rt2Run, i).rt;
    guint64 end = end_of (item, i - 1);

    if (begin <= end)
      continue;
    item->slips++;
    item->slip += begin - end;
    figures->slips++;
    figures->slip += begin - end;
  }
  item->runs = runs->len;
}

/* TRUE if it sounds from now on. */
static gboolean
find_sound (const Rt2Figures *figures, Item *item)
{
  const Rt2Spoken *spoken = item->spoken;
  guint64 rt;

  if (item->sounded != RT2_TIME_NONE || spoken->audible == RT2_TIME_NONE
      || (spoken->cancelled && spoken->audible >= spoken->heard)
      || !rt2_spoken_time_of (spoken, spoken->audible, &rt))
    return FALSE;
  item->sounded = rt + figures->latency;
  return TRUE;
}

/* --- latencies --- */

static void
measure (const Turn *turn, const Item *item, Rt2Latency *latency)
{
  guint64 came = MAX (item->came, turn->over);
  guint64 sounded = MAX (item->sounded, came);

  *latency = (Rt2Latency){
    .known = TRUE,
    .total = sounded - turn->speech_end,
    .turn = turn->over - turn->speech_end,
    .server = came - turn->over,
    .output = sounded - came,
  };
}

static gboolean
is_a (const Item *item, Rt2Answer answer)
{
  switch (answer) {
    case RT2_ANSWER_COMMENTARY:
      return rt2_spoken_phase (item->spoken) == RT2_PHASE_COMMENTARY;
    case RT2_ANSWER_FINAL:
      return rt2_spoken_phase (item->spoken) == RT2_PHASE_FINAL_ANSWER;
    default:
      return TRUE;
  }
}

/* What the turn waited for until @answer sounded in @response. Not known if it
 * did not, or had been heard in an earlier response. */
static void
find_latency (const Response *response, Rt2Answer answer, Rt2Latency *latency)
{
  const Turn *turn = response->turn;
  guint64 winner = turn ? turn->winner[answer] : 0;

  *latency = (Rt2Latency){ 0 };
  if (!turn || (winner != 0 && winner != response->number))
    return;
  for (guint i = 0; i < response->items->len; i++) {
    const Item *item = &g_array_index (response->items, Item, i);

    if (item->sounded == RT2_TIME_NONE || item->came == RT2_TIME_NONE
        || !is_a (item, answer))
      continue;
    measure (turn, item, latency);
    return;
  }
}

/* Takes @answer of @response into the summary, once. FALSE if not now. */
static gboolean
settle (const Response *response, Rt2Answer answer, Rt2Latency *latency)
{
  Turn *turn = response->turn;

  if (!turn || turn->winner[answer] != 0)
    return FALSE;
  find_latency (response, answer, latency);
  if (!latency->known)
    return FALSE;
  turn->winner[answer] = response->number;
  return TRUE;
}

static void
settle_any (Rt2Figures *figures, const Response *response)
{
  Rt2Latency latency;

  if (!settle (response, RT2_ANSWER_ANY, &latency))
    return;
  series_add (&figures->series[RT2_SERIES_LATENCY], latency.total);
  series_add (&figures->series[RT2_SERIES_TURN], latency.turn);
  series_add (&figures->series[RT2_SERIES_SERVER], latency.server);
  series_add (&figures->series[RT2_SERIES_OUTPUT], latency.output);
}

/* Phases may be known, or change, until the end. */
static void
settle_phases (Rt2Figures *figures, const Response *response)
{
  Rt2Latency latency;

  if (settle (response, RT2_ANSWER_COMMENTARY, &latency))
    series_add (&figures->series[RT2_SERIES_COMMENTARY], latency.total);
  if (settle (response, RT2_ANSWER_FINAL, &latency))
    series_add (&figures->series[RT2_SERIES_FINAL], latency.total);
}

static void
look_at (Rt2Figures *figures, Response *response)
{
  gboolean sounded = FALSE;

  for (guint i = 0; i < response->items->len; i++) {
    Item *item = &g_array_index (response->items, Item, i);

    count_slips (figures, item);
    sounded |= find_sound (figures, item);
  }
  if (sounded)
    settle_any (figures, response);
}

void
rt2_figures_placed (Rt2Figures *figures, guint64 latency)
{
  figures->latency = latency;
  for (GList *l = figures->responses.head; l; l = l->next)
    look_at (figures, l->data);
}

/* --- what is known --- */

void
rt2_response_figures_clear (Rt2ResponseFigures *figures)
{
  g_clear_pointer (&figures->id, g_free);
}

/* When the last of it sounds; what fades out may not be placed yet. */
static guint64
end_of_item (const Rt2Figures *figures, const Item *item)
{
  const Rt2Spoken *spoken = item->spoken;
  guint64 fade = 0;

  if (spoken->runs->len == 0)
    return RT2_TIME_NONE;
  if (spoken->cancelled && spoken->heard > spoken->placed)
    fade = rt2_audio_format_samples_to_ns (
        spoken->format, spoken->heard - spoken->placed);
  return end_of (item, spoken->runs->len - 1) + fade + figures->latency;
}

static void
add_item (const Rt2Figures *figures, const Item *item, Rt2ResponseFigures *out)
{
  const Rt2Spoken *spoken = item->spoken;
  guint64 heard = spoken->cancelled ? spoken->heard : spoken->placed;
  guint64 end = end_of_item (figures, item);

  out->interrupted |= spoken->cancelled && heard < spoken->received;
  out->first = MIN (out->first, item->sounded);
  if (end != RT2_TIME_NONE)
    out->end = end;
  out->played += rt2_audio_format_samples_to_ns (spoken->format, heard);
  if (spoken->cancelled)
    out->dropped += rt2_audio_format_samples_to_ns (
        spoken->format, spoken->received - heard);
  out->underruns += spoken->underruns;
  out->underrun += rt2_audio_format_samples_to_ns (
      spoken->format, spoken->underrun_samples);
  out->slips += item->slips;
  out->slip += item->slip;
}

static void
describe (const Rt2Figures *figures, const Response *response,
    Rt2ResponseFigures *out)
{
  *out = (Rt2ResponseFigures){
    .id = g_strdup (response->id),
    .has_audio = response->items->len > 0,
    .complete = response->complete,
    .first = RT2_TIME_NONE,
    .end = RT2_TIME_NONE,
  };
  for (guint i = 0; i < response->items->len; i++)
    add_item (figures, &g_array_index (response->items, Item, i), out);
  for (guint i = 0; i < RT2_N_ANSWERS; i++)
    find_latency (response, i, &out->latencies[i]);
}

gboolean
rt2_figures_look_up (
    Rt2Figures *figures, const gchar *response_id, Rt2ResponseFigures *out)
{
  const Response *response = find_response (figures, response_id);

  if (!response)
    return FALSE;
  describe (figures, response, out);
  return TRUE;
}

static gboolean
is_over (const Response *response)
{
  for (guint i = 0; i < response->items->len; i++) {
    const Rt2Spoken *spoken = g_array_index (response->items, Item, i).spoken;

    if (!spoken->cancelled && !rt2_spoken_is_placed (spoken))
      return FALSE;
  }
  return response->done;
}

gboolean
rt2_figures_pop (Rt2Figures *figures, Rt2ResponseFigures *out)
{
  for (GList *l = figures->responses.head; l; l = l->next) {
    Response *response = l->data;

    if (!is_over (response))
      continue;
    look_at (figures, response);
    settle_phases (figures, response);
    describe (figures, response, out);
    g_queue_delete_link (&figures->responses, l);
    response_free (response);
    return TRUE;
  }
  return FALSE;
}
