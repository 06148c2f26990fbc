/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The figures of a conversation: from the end of the user's speech to the first
 * audible sample, split into parts that add up; and how smoothly it was spoken.
 * All of it to the nanosecond, at instants that round badly.
 */
#include <string.h>

#include "playoutrig.h"
#include "rt2figures.h"

#define PERIOD 480
#define LATENCY (37 * MSECOND + 5)
#define TURN_END (2 * SECOND + 1)
#define OVER (TURN_END + 512 * MSECOND)

typedef struct {
  Rig rig;
  Rt2Figures *figures;
} Stage;

static void
stage_init (Stage *stage)
{
  rig_init (&stage->rig, RT2_AUDIO_FORMAT_PCM16, PERIOD, ODD_START);
  stage->figures = rt2_figures_new ();
}

static void
stage_clear (Stage *stage)
{
  rt2_figures_free (stage->figures);
  rig_clear (&stage->rig);
}

static void
take (Stage *stage, guint n)
{
  while (n-- > 0) {
    rig_take (&stage->rig);
    rt2_figures_placed (stage->figures, LATENCY);
  }
}

/* @n samples of the level @level arrive now. */
static void
say_level (Stage *stage, Rt2Spoken *spoken, gint16 level, guint n)
{
  g_autofree guint8 *data = g_malloc (2 * n);
  g_autoptr (GBytes) bytes = NULL;

  for (guint i = 0; i < n; i++)
    rig_put_sample (RT2_AUDIO_FORMAT_PCM16, data, i, level);
  bytes = g_bytes_new (data, 2 * n);
  rt2_playout_append_audio (stage->rig.playout, spoken, bytes);
  rt2_figures_audio_came (stage->figures, spoken, rig_now (&stage->rig));
}

static void
end_turn (Stage *stage)
{
  rt2_figures_turn_ended (stage->figures, TURN_END, OVER);
}

static void
end_response (Stage *stage, const gchar *id)
{
  rt2_playout_finish_response (stage->rig.playout, id);
  rt2_figures_response_done (stage->figures, id, TRUE);
}

static Rt2ResponseFigures
look_up (Stage *stage, const gchar *id)
{
  Rt2ResponseFigures figures;

  g_assert_true (rt2_figures_look_up (stage->figures, id, &figures));
  g_assert_cmpstr (figures.id, ==, id);
  rt2_response_figures_clear (&figures);
  return figures;
}

static Rt2ResponseFigures
pop (Stage *stage, const gchar *id)
{
  Rt2ResponseFigures figures;

  g_assert_true (rt2_figures_pop (stage->figures, &figures));
  g_assert_cmpstr (figures.id, ==, id);
  rt2_response_figures_clear (&figures);
  return figures;
}

static void
assert_none_over (Stage *stage)
{
  Rt2ResponseFigures figures;

  g_assert_false (rt2_figures_pop (stage->figures, &figures));
}

static void
assert_latency (const Rt2Latency *latency, guint64 came, guint64 sounded)
{
  g_assert_true (latency->known);
  g_assert_cmpuint (latency->turn, ==, OVER - TURN_END);
  g_assert_cmpuint (latency->server, ==, came - OVER);
  g_assert_cmpuint (latency->output, ==, sounded - came);
  g_assert_cmpuint (latency->total, ==, sounded - TURN_END);
  g_assert_cmpuint (
      latency->total, ==, latency->turn + latency->server + latency->output);
}

static Rt2Summary
sum_up (Stage *stage, Rt2Series series)
{
  Rt2Summary summary;

  rt2_figures_sum_up (stage->figures, series, &summary);
  return summary;
}

/* --- latency --- */

static void
test_parts_add_up (void)
{
  Stage stage;
  Rt2Spoken *a;
  Rt2ResponseFigures figures;
  guint64 came;

  stage_init (&stage);
  end_turn (&stage);
  rt2_figures_response_started (stage.figures, "r", FALSE);
  take (&stage, 3);
  a = rig_item (&stage.rig, "r", 0);
  came = rig_now (&stage.rig);
  say_level (&stage, a, 50, 1000);
  g_assert_false (look_up (&stage, "r").latencies[RT2_ANSWER_ANY].known);
  take (&stage, 2);
  figures = look_up (&stage, "r");
  g_assert_false (figures.latencies[RT2_ANSWER_ANY].known);
  g_assert_cmpuint (figures.first, ==, RT2_TIME_NONE);
  say_level (&stage, a, 2000, 1000);
  take (&stage, 1);

  figures = look_up (&stage, "r");
  assert_latency (&figures.latencies[RT2_ANSWER_ANY], came,
      rig_time_of (a, 1000) + LATENCY);
  g_assert_cmpuint (figures.first, ==, rig_time_of (a, 1000) + LATENCY);
  g_assert_false (figures.latencies[RT2_ANSWER_COMMENTARY].known);
  g_assert_false (figures.latencies[RT2_ANSWER_FINAL].known);
  stage_clear (&stage);
}

/* Of what is said first, and of what is said last; the phase of neither is
 * known before the end. */
static void
test_phases (void)
{
  Stage stage;
  Rt2Spoken *a, *b;
  Rt2ResponseFigures figures;
  guint64 came, came_b;

  stage_init (&stage);
  end_turn (&stage);
  a = rig_item (&stage.rig, "r", 0);
  came = rig_now (&stage.rig);
  say_level (&stage, a, 900, 1500);
  take (&stage, 1);
  b = rig_item (&stage.rig, "r", 1);
  came_b = rig_now (&stage.rig);
  say_level (&stage, b, 900, 700);
  end_response (&stage, "r");
  take (&stage, 3);
  assert_none_over (&stage);
  g_assert_cmpuint (sum_up (&stage, RT2_SERIES_LATENCY).count, ==, 1);
  g_assert_cmpuint (sum_up (&stage, RT2_SERIES_FINAL).count, ==, 0);
  take (&stage, 1);

  figures = pop (&stage, "r");
  assert_latency (
      &figures.latencies[RT2_ANSWER_ANY], came, rig_time_of (a, 0) + LATENCY);
  assert_latency (&figures.latencies[RT2_ANSWER_COMMENTARY], came,
      rig_time_of (a, 0) + LATENCY);
  assert_latency (&figures.latencies[RT2_ANSWER_FINAL], came_b,
      rig_time_of (b, 0) + LATENCY);
  g_assert_cmpuint (
      rig_time_of (b, 0), ==, rig_time_of (a, 0) + rig_exact_ns (1500, 24000));
  g_assert_cmpuint (sum_up (&stage, RT2_SERIES_COMMENTARY).last, ==,
      figures.latencies[RT2_ANSWER_COMMENTARY].total);
  g_assert_cmpuint (sum_up (&stage, RT2_SERIES_FINAL).last, ==,
      figures.latencies[RT2_ANSWER_FINAL].total);
  g_assert_true (figures.complete && !figures.interrupted);
  assert_none_over (&stage);
  g_assert_false (rt2_figures_look_up (stage.figures, "r", &figures));
  stage_clear (&stage);
}

/* One response of 480 samples from the next period on, heard. */
static Rt2ResponseFigures
hear (Stage *stage, const gchar *id, gboolean aside)
{
  if (aside)
    rt2_figures_response_started (stage->figures, id, TRUE);
  say_level (stage, rig_item (&stage->rig, id, 0), 5000, PERIOD);
  end_response (stage, id);
  take (stage, 1);
  return pop (stage, id);
}

static void
test_no_turn (void)
{
  Stage stage;

  stage_init (&stage);
  g_assert_false (hear (&stage, "g", FALSE).latencies[RT2_ANSWER_ANY].known);
  end_turn (&stage);
  g_assert_false (hear (&stage, "x", TRUE).latencies[RT2_ANSWER_ANY].known);
  g_assert_true (hear (&stage, "r", FALSE).latencies[RT2_ANSWER_ANY].known);
  g_assert_false (hear (&stage, "s", FALSE).latencies[RT2_ANSWER_ANY].known);
  rt2_figures_turn_ended (stage.figures, RT2_TIME_NONE, OVER);
  g_assert_false (hear (&stage, "t", FALSE).latencies[RT2_ANSWER_FINAL].known);
  rt2_figures_turn_ended (stage.figures, TURN_END, RT2_TIME_NONE);
  g_assert_false (hear (&stage, "u", FALSE).latencies[RT2_ANSWER_ANY].known);
  g_assert_cmpuint (sum_up (&stage, RT2_SERIES_LATENCY).count, ==, 1);
  g_assert_cmpuint (sum_up (&stage, RT2_SERIES_FINAL).count, ==, 1);
  g_assert_cmpuint (sum_up (&stage, RT2_SERIES_COMMENTARY).count, ==, 0);
  stage_clear (&stage);
}

/* The user went on: the last end counts. */
static void
test_last_turn (void)
{
  Stage stage;
  Rt2ResponseFigures figures;

  stage_init (&stage);
  rt2_figures_turn_ended (stage.figures, SECOND, SECOND);
  end_turn (&stage);
  figures = hear (&stage, "r", FALSE);
  g_assert_cmpuint (
      figures.latencies[RT2_ANSWER_ANY].turn, ==, OVER - TURN_END);
  stage_clear (&stage);
}

/* Input that is ahead of the clock: no part is below zero. */
static void
test_early_input (void)
{
  Stage stage;
  Rt2ResponseFigures figures;

  stage_init (&stage);
  rt2_figures_turn_ended (stage.figures, OVER + SECOND, OVER);
  figures = hear (&stage, "r", FALSE);
  g_assert_cmpuint (figures.latencies[RT2_ANSWER_ANY].turn, ==, 0);
  g_assert_cmpuint (
      figures.latencies[RT2_ANSWER_ANY].total, ==, ODD_START + LATENCY - OVER);
  stage_clear (&stage);
}

/* A response that calls a function is the first part of the answer. */
static void
test_function (void)
{
  Stage stage;
  Rt2Spoken *a;
  Rt2ResponseFigures figures;

  stage_init (&stage);
  end_turn (&stage);
  a = rig_item (&stage.rig, "r", 0);
  say_level (&stage, a, 900, PERIOD);
  rt2_playout_other_item (stage.rig.playout, "r", 1);
  rt2_figures_function_called (stage.figures, "r");
  end_response (&stage, "r");
  take (&stage, 10);
  figures = pop (&stage, "r");
  g_assert_true (figures.latencies[RT2_ANSWER_ANY].known);
  g_assert_true (figures.latencies[RT2_ANSWER_COMMENTARY].known);
  g_assert_false (figures.latencies[RT2_ANSWER_FINAL].known);

  figures = hear (&stage, "s", FALSE);
  g_assert_false (figures.latencies[RT2_ANSWER_ANY].known);
  g_assert_false (figures.latencies[RT2_ANSWER_COMMENTARY].known);
  assert_latency (&figures.latencies[RT2_ANSWER_FINAL],
      ODD_START + 10 * 20 * MSECOND, ODD_START + 10 * 20 * MSECOND + LATENCY);
  g_assert_cmpuint (sum_up (&stage, RT2_SERIES_LATENCY).count, ==, 1);
  g_assert_cmpuint (sum_up (&stage, RT2_SERIES_COMMENTARY).count, ==, 1);
  g_assert_cmpuint (sum_up (&stage, RT2_SERIES_FINAL).count, ==, 1);
  g_assert_false (hear (&stage, "t", FALSE).latencies[RT2_ANSWER_FINAL].known);
  stage_clear (&stage);
}

/* A new turn is not taken for the old one that waits for a function. */
static void
test_function_and_turn (void)
{
  Stage stage;

  stage_init (&stage);
  rt2_figures_turn_ended (stage.figures, SECOND, SECOND);
  rt2_figures_response_started (stage.figures, "r", FALSE);
  end_turn (&stage);
  rt2_figures_function_called (stage.figures, "r");
  g_assert_cmpuint (hear (&stage, "s", FALSE).latencies[RT2_ANSWER_ANY].turn,
      ==, OVER - TURN_END);
  stage_clear (&stage);
}

/* --- how it was spoken --- */

static void
test_underruns (void)
{
  Stage stage;
  Rt2Spoken *a;
  Rt2ResponseFigures figures;
  Rt2PlayoutStats stats;
  guint slips;
  guint64 slip;

  stage_init (&stage);
  a = rig_item (&stage.rig, "r", 0);
  say_level (&stage, a, 900, 500);
  take (&stage, 3);
  say_level (&stage, a, 900, 100);
  take (&stage, 2);
  say_level (&stage, a, 900, PERIOD);
  end_response (&stage, "r");
  take (&stage, 1);

  figures = pop (&stage, "r");
  g_assert_cmpuint (figures.underruns, ==, 2);
  g_assert_cmpuint (
      figures.underrun, ==, rig_exact_ns (460 + 480 + 380 + 480, 24000));
  g_assert_cmpuint (figures.slips, ==, 2);
  rig_assert_near (figures.slip, figures.underrun, 2);
  g_assert_cmpuint (figures.played, ==, rig_exact_ns (1080, 24000));
  g_assert_cmpuint (figures.dropped, ==, 0);
  g_assert_cmpuint (figures.end, ==, rig_now (&stage.rig) + LATENCY);
  rt2_playout_get_stats (stage.rig.playout, &stats);
  g_assert_cmpuint (stats.underruns, ==, 2);
  g_assert_cmpuint (stats.underrun_samples, ==, 460 + 480 + 380 + 480);
  rt2_figures_get_slips (stage.figures, &slips, &slip);
  g_assert_cmpuint (slips, ==, 2);
  g_assert_cmpuint (slip, ==, figures.slip);
  rig_assert_runs (a);
  stage_clear (&stage);
}

/* The server is slow to say that there is no more: nobody missed anything. */
static void
test_slow_end (gconstpointer data)
{
  gboolean all = GPOINTER_TO_INT (data);
  Stage stage;
  Rt2Spoken *a;
  Rt2PlayoutStats stats;
  Rt2ResponseFigures figures;

  stage_init (&stage);
  a = rig_item (&stage.rig, "r", 0);
  say_level (&stage, a, 900, 500);
  take (&stage, 2);
  say_level (&stage, a, 900, 500);
  take (&stage, 5);
  rt2_playout_get_stats (stage.rig.playout, &stats);
  g_assert_cmpuint (stats.underruns, ==, 2);
  /* By whatever of the two ends comes first. */
  if (all)
    end_response (&stage, "r");
  else
    rt2_spoken_finish_audio (a);
  if (!all)
    take (&stage, 1);
  rt2_playout_get_stats (stage.rig.playout, &stats);
  g_assert_cmpuint (stats.underruns, ==, 1);
  g_assert_cmpuint (stats.underrun_samples, ==, 460);
  end_response (&stage, "r");
  figures = pop (&stage, "r");
  g_assert_cmpuint (figures.underruns, ==, 1);
  g_assert_cmpuint (figures.underrun, ==, rig_exact_ns (460, 24000));
  g_assert_cmpuint (figures.slips, ==, 1);
  stage_clear (&stage);
}

/* Silence for a slow neighbour is no underrun, but the speech slips. */
static void
test_skip (void)
{
  Stage stage;
  Rt2Spoken *a;
  Rt2ResponseFigures figures;

  stage_init (&stage);
  a = rig_item (&stage.rig, "r", 0);
  say_level (&stage, a, 900, 3 * PERIOD);
  end_response (&stage, "r");
  take (&stage, 1);
  rig_skip (&stage.rig);
  rig_skip (&stage.rig);
  take (&stage, 2);
  figures = pop (&stage, "r");
  g_assert_cmpuint (figures.underruns, ==, 0);
  g_assert_cmpuint (figures.slips, ==, 1);
  g_assert_cmpuint (figures.slip, ==, 40 * MSECOND);
  stage_clear (&stage);
}

static void
test_interrupted (void)
{
  Stage stage;
  Rt2Spoken *a;
  Rt2ResponseFigures figures;
  guint64 fade = rig_exact_samples (RT2_PLAYOUT_FADE, 24000);

  stage_init (&stage);
  end_turn (&stage);
  a = rig_item (&stage.rig, "r", 0);
  say_level (&stage, a, 900, 10 * PERIOD);
  say_level (&stage, rig_item (&stage.rig, "r", 1), 900, PERIOD);
  take (&stage, 2);
  g_ptr_array_unref (
      rt2_playout_interrupt (stage.rig.playout, rig_now (&stage.rig), FALSE));
  assert_none_over (&stage);
  rt2_playout_finish_response (stage.rig.playout, "r");
  rt2_figures_response_done (stage.figures, "r", FALSE);
  figures = pop (&stage, "r");
  g_assert_true (figures.interrupted && !figures.complete);
  g_assert_cmpuint (figures.played, ==, rig_exact_ns (960 + fade, 24000));
  g_assert_cmpuint (figures.dropped, ==,
      rig_exact_ns (8 * 480 - fade, 24000) + rig_exact_ns (480, 24000));
  g_assert_cmpuint (
      figures.end, ==, rig_now (&stage.rig) + RT2_PLAYOUT_FADE + LATENCY);
  g_assert_true (figures.latencies[RT2_ANSWER_COMMENTARY].known);
  g_assert_false (figures.latencies[RT2_ANSWER_FINAL].known);
  take (&stage, 2);
  assert_none_over (&stage);
  stage_clear (&stage);
}

/* What was flushed before it could be heard is not heard. */
static void
test_interrupted_before_it_sounds (void)
{
  Stage stage;
  Rt2Spoken *a;
  Rt2ResponseFigures figures;

  stage_init (&stage);
  end_turn (&stage);
  a = rig_item (&stage.rig, "r", 0);
  rt2_playout_set_latency (stage.rig.playout, LATENCY);
  say_level (&stage, a, 10, PERIOD);
  say_level (&stage, a, 900, PERIOD);
  take (&stage, 1);
  rig_take (&stage.rig);
  g_ptr_array_unref (
      rt2_playout_interrupt (stage.rig.playout, rig_now (&stage.rig), TRUE));
  rt2_figures_placed (stage.figures, LATENCY);
  end_response (&stage, "r");
  figures = pop (&stage, "r");
  g_assert_true (figures.interrupted);
  g_assert_false (figures.latencies[RT2_ANSWER_ANY].known);
  g_assert_cmpuint (figures.first, ==, RT2_TIME_NONE);
  stage_clear (&stage);
}

/* Written answers, and those that fail, are over at once and have no audio. */
static void
test_no_audio (void)
{
  Stage stage;
  Rt2ResponseFigures figures;

  stage_init (&stage);
  end_turn (&stage);
  rt2_figures_response_started (stage.figures, "r", FALSE);
  assert_none_over (&stage);
  rt2_figures_response_done (stage.figures, "r", FALSE);
  figures = pop (&stage, "r");
  g_assert_false (figures.has_audio || figures.complete || figures.interrupted);
  g_assert_cmpuint (figures.end, ==, RT2_TIME_NONE);
  g_assert_false (hear (&stage, "s", FALSE).latencies[RT2_ANSWER_ANY].known);
  stage_clear (&stage);
}

static void
test_all_done (void)
{
  Stage stage;

  stage_init (&stage);
  rt2_figures_response_started (stage.figures, "r", FALSE);
  rt2_figures_response_started (stage.figures, "s", FALSE);
  rt2_figures_response_done (stage.figures, "r", TRUE);
  rt2_figures_response_done (stage.figures, NULL, FALSE);
  g_assert_true (pop (&stage, "r").complete);
  g_assert_false (pop (&stage, "s").complete);
  stage_clear (&stage);
}

/* --- sums --- */

/* Turns that waited for 1, 2... 300 ms, the longest first. */
static void
test_summary (void)
{
  Stage stage;
  Rt2Summary summary;

  stage_init (&stage);
  summary = sum_up (&stage, RT2_SERIES_TURN);
  g_assert_cmpuint (summary.count, ==, 0);
  g_assert_cmpuint (summary.p50, ==, 0);
  g_assert_cmpuint (summary.max, ==, 0);
  for (guint i = 300; i > 0; i--) {
    g_autofree gchar *id = g_strdup_printf ("r%u", i);

    rt2_figures_turn_ended (stage.figures, SECOND, SECOND + i * MSECOND);
    hear (&stage, id, FALSE);
    if (i == 300) {
      summary = sum_up (&stage, RT2_SERIES_TURN);
      g_assert_cmpuint (summary.p50, ==, 300 * MSECOND);
      g_assert_cmpuint (summary.p95, ==, 300 * MSECOND);
    }
  }
  summary = sum_up (&stage, RT2_SERIES_TURN);
  g_assert_cmpuint (summary.count, ==, 300);
  g_assert_cmpuint (summary.last, ==, MSECOND);
  g_assert_cmpuint (summary.max, ==, 300 * MSECOND);
  g_assert_cmpuint (summary.p50, ==, 128 * MSECOND);
  g_assert_cmpuint (summary.p95, ==, 244 * MSECOND);
  rt2_figures_reset (stage.figures);
  g_assert_cmpuint (sum_up (&stage, RT2_SERIES_TURN).count, ==, 0);
  stage_clear (&stage);
}

/* A server that ends nothing, and one that cuts an item into thousands. */
static void
test_bounds (void)
{
  Stage stage;
  Rt2ResponseFigures figures;
  guint known = 0;

  stage_init (&stage);
  for (guint i = 0; i < 1000; i++) {
    g_autofree gchar *id = g_strdup_printf ("r%u", i);

    rt2_figures_response_started (stage.figures, id, FALSE);
  }
  for (guint i = 0; i < 1000; i++) {
    g_autofree gchar *id = g_strdup_printf ("r%u", i);

    if (!rt2_figures_look_up (stage.figures, id, &figures))
      continue;
    rt2_response_figures_clear (&figures);
    known++;
  }
  g_assert_cmpuint (known, >=, 16);
  g_assert_cmpuint (known, <=, 64);
  for (guint i = 0; i < 1000; i++)
    say_level (&stage, rig_item (&stage.rig, "many", i), 900, 1);
  end_response (&stage, "many");
  take (&stage, 3);
  g_assert_true (rt2_figures_look_up (stage.figures, "many", &figures));
  g_assert_cmpuint (figures.played, <, rig_exact_ns (1000, 24000));
  rt2_response_figures_clear (&figures);
  stage_clear (&stage);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/figures/parts-add-up", test_parts_add_up);
  g_test_add_func ("/figures/phases", test_phases);
  g_test_add_func ("/figures/no-turn", test_no_turn);
  g_test_add_func ("/figures/last-turn", test_last_turn);
  g_test_add_func ("/figures/early-input", test_early_input);
  g_test_add_func ("/figures/function", test_function);
  g_test_add_func ("/figures/function-and-turn", test_function_and_turn);
  g_test_add_func ("/figures/underruns", test_underruns);
  g_test_add_data_func (
      "/figures/slow-end/item", GINT_TO_POINTER (FALSE), test_slow_end);
  g_test_add_data_func (
      "/figures/slow-end/response", GINT_TO_POINTER (TRUE), test_slow_end);
  g_test_add_func ("/figures/skip", test_skip);
  g_test_add_func ("/figures/interrupted", test_interrupted);
  g_test_add_func ("/figures/interrupted-before-it-sounds",
      test_interrupted_before_it_sounds);
  g_test_add_func ("/figures/no-audio", test_no_audio);
  g_test_add_func ("/figures/all-done", test_all_done);
  g_test_add_func ("/figures/summary", test_summary);
  g_test_add_func ("/figures/bounds", test_bounds);
  return g_test_run ();
}
