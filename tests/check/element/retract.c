/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An answer that is taken back because nothing of it has left: it leaves no
 * trace in the schedule nor in the figures, and its turn waits for another.
 */
#include "playoutrig.h"
#include "rt2figures.h"

#define PERIOD 480
#define TURN_END (2 * SECOND + 1)
#define OVER (TURN_END + 512 * MSECOND)

static Rt2Spoken *
say (Rig *rig, const gchar *response, guint index, guint n)
{
  Rt2Spoken *spoken = rig_item (rig, response, index);

  rig_append (rig, spoken, index, 0, n);
  return spoken;
}

/* --- the schedule --- */

static void
test_unheard (void)
{
  Rig rig;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, PERIOD, ODD_START);
  g_assert_true (rt2_playout_retract (rig.playout, "r"));
  say (&rig, "r", 0, 700);
  say (&rig, "r", 1, 300);
  g_assert_true (rt2_playout_retract (rig.playout, "r"));
  g_assert_cmpuint (rt2_playout_queued (rig.playout), ==, 0);
  g_assert_true (rt2_playout_find (rig.playout, "r-0")->cancelled);
  g_assert_true (rt2_playout_find (rig.playout, "r-1")->cancelled);
  g_assert_cmpuint (rig_take (&rig), ==, 0);
  rig_assert_marks (&rig, "");
  g_assert_false (rt2_playout_is_speaking (rig.playout));
  /* The next begins at once. */
  rt2_spoken_finish_audio (say (&rig, "s", 2, PERIOD));
  g_assert_cmpuint (rig_take (&rig), ==, PERIOD);
  rig_assert_out (&rig, 0, 2, 0);
  rig_clear (&rig);
}

/* One sample is enough, also of an item that is over; and one word. */
static void
check_left (gboolean placed, gboolean over)
{
  Rig rig;
  Rt2Spoken *first;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, PERIOD, ODD_START);
  first = say (&rig, "r", 0, 1);
  if (over)
    rt2_spoken_finish_audio (first);
  if (placed)
    rig_take (&rig);
  else
    first->shown = TRUE;
  say (&rig, "r", 1, PERIOD);
  if (placed && over)
    rig_take (&rig);
  g_assert_false (rt2_playout_retract (rig.playout, "r"));
  if (!placed) {
    rt2_spoken_finish_audio (first);
    g_assert_cmpuint (rt2_playout_queued (rig.playout), >, 0);
    g_assert_cmpuint (rig_take (&rig), ==, PERIOD);
  }
  rig_clear (&rig);
}

static void
test_left (void)
{
  check_left (TRUE, FALSE);
  check_left (TRUE, TRUE);
  check_left (FALSE, FALSE);
}

/* What others say stays as it is, before and behind. */
static void
test_others (void)
{
  Rig rig;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, PERIOD, ODD_START);
  rt2_spoken_finish_audio (say (&rig, "a", 1, 700));
  rt2_spoken_finish_audio (say (&rig, "r", 2, 5000));
  rt2_spoken_finish_audio (say (&rig, "b", 3, 2 * PERIOD - 700));
  rig_take (&rig);
  g_assert_true (rt2_playout_retract (rig.playout, "r"));
  g_assert_cmpuint (rig_take (&rig), ==, PERIOD);
  rig_assert_out (&rig, 0, 1, PERIOD);
  rig_assert_out (&rig, 700 - PERIOD, 3, 0);
  rig_assert_marks (&rig, "+a-1 -a-1 +b-3 -b-3");
  rig_clear (&rig);
}

/* --- the figures --- */

static void
test_figures (void)
{
  g_autoptr (Rt2Figures) figures = rt2_figures_new ();
  Rt2ResponseFigures out;
  Rt2Summary summary;
  Rig rig;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, PERIOD, ODD_START);
  rt2_figures_retracted (figures, "nobody");
  rt2_figures_turn_ended (figures, TURN_END, OVER);
  rt2_figures_response_started (figures, "r", FALSE);
  rt2_figures_audio_came (figures, say (&rig, "r", 0, 700), rig_now (&rig));
  g_assert_true (rt2_playout_retract (rig.playout, "r"));
  rt2_figures_retracted (figures, "r");
  g_assert_false (rt2_figures_look_up (figures, "r", &out));
  rig_take (&rig);
  rt2_figures_placed (figures, 0);
  g_assert_false (rt2_figures_pop (figures, &out));

  /* The turn's answer is the next one, counted once. */
  rt2_figures_response_started (figures, "s", FALSE);
  rt2_figures_audio_came (figures, say (&rig, "s", 1, PERIOD), rig_now (&rig));
  rt2_playout_finish_response (rig.playout, "s");
  rt2_figures_response_done (figures, "s", TRUE);
  rig_take (&rig);
  rt2_figures_placed (figures, 0);
  g_assert_true (rt2_figures_pop (figures, &out));
  g_assert_cmpstr (out.id, ==, "s");
  g_assert_true (out.latencies[RT2_ANSWER_ANY].known);
  g_assert_cmpuint (
      out.latencies[RT2_ANSWER_ANY].total, ==, out.first - TURN_END);
  g_assert_cmpuint (out.dropped, ==, 0);
  rt2_response_figures_clear (&out);
  rt2_figures_sum_up (figures, RT2_SERIES_LATENCY, &summary);
  g_assert_cmpuint (summary.count, ==, 1);
  rig_clear (&rig);
}

/* A turn that ended since goes before the one that came back. */
static void
test_newer_turn (void)
{
  g_autoptr (Rt2Figures) figures = rt2_figures_new ();
  Rt2ResponseFigures out;
  Rig rig;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, PERIOD, ODD_START);
  rt2_figures_turn_ended (figures, TURN_END, OVER);
  rt2_figures_response_started (figures, "r", FALSE);
  rt2_figures_turn_ended (figures, TURN_END + SECOND, OVER + SECOND);
  rt2_figures_retracted (figures, "r");
  rt2_figures_audio_came (figures, say (&rig, "s", 1, PERIOD), rig_now (&rig));
  rig_take (&rig);
  rt2_figures_placed (figures, 0);
  g_assert_true (rt2_figures_look_up (figures, "s", &out));
  g_assert_cmpuint (
      out.latencies[RT2_ANSWER_ANY].total, ==, out.first - TURN_END - SECOND);
  rt2_response_figures_clear (&out);
  rig_clear (&rig);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/retract/unheard", test_unheard);
  g_test_add_func ("/retract/left", test_left);
  g_test_add_func ("/retract/others", test_others);
  g_test_add_func ("/retract/figures", test_figures);
  g_test_add_func ("/retract/newer-turn", test_newer_turn);
  return g_test_run ();
}
