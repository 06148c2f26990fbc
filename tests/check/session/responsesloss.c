/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The response sequencer when the connection is lost: what is wished for again,
 * what comes again by itself, and what one answer is to.
 */
#include "responserig.h"

static void
test_nothing (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rt2_responses_disconnected (responses);
  rr_expect_rest (responses);
}

/* What waits has been said nowhere: it keeps its words, its time, its order. */
static void
test_waiting (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();
  Rt2Wish *late = rr_new_text ("late");

  late->expires = 7;
  rr_expect_start (responses, "R1", NULL, RT2_START_NEW);
  rr_want (responses, late);
  rr_want (responses, rr_new_text ("b"));
  rt2_responses_disconnected (responses);
  g_assert_cmpint (rt2_responses_next_expiry (responses), ==, 7);
  rr_take_as (responses, "m1", RT2_WISH_TEXT, "late");
  rr_expect_start (responses, "R1", "m1", RT2_START_NEW);
  rr_end (responses, "R1");
  rr_take_as (responses, "m2", RT2_WISH_TEXT, "b");
}

/* What was asked for comes first, in the order of the asking. Messages are in
 * the conversation by now, and can't expire there. */
static void
test_due (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();
  Rt2Wish *text = rr_new_text ("a");

  text->expires = 7;
  rr_want (responses, text);
  rr_want_apart (responses);
  rr_take (responses, "m1");
  rr_take (responses, "m2");
  rr_want (responses, rr_new_text ("b"));
  rt2_responses_disconnected (responses);
  g_assert_cmpint (rt2_responses_next_expiry (responses), ==, 0);
  rr_take_as (responses, "m3", RT2_WISH_TEXT, NULL);
  rr_take_as (responses, "m4", RT2_WISH_ASKED, "{\"conversation\":\"none\"}");
  rr_expect_none (responses);
  rr_expect_start (responses, "R1", "m3", RT2_START_NEW);
  rr_end (responses, "R1");
  rr_take_as (responses, "m5", RT2_WISH_TEXT, "b");
}

/* One that was under way is asked for again unless it is dead. */
static void
check_running (gboolean dead, gboolean again)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rr_want (responses, rr_new_text ("a"));
  rr_take (responses, "m1");
  rr_expect_start (responses, "R1", "m1", RT2_START_NEW);
  if (dead)
    rt2_responses_kill (responses, "R1");
  rt2_responses_disconnected (responses);
  g_assert_false (rt2_responses_is_known (responses, "R1"));
  rr_expect_active (responses, "");
  if (again)
    rr_take_as (responses, "m2", RT2_WISH_TEXT, NULL);
  else
    rr_expect_rest (responses);
}

static void
test_running (void)
{
  check_running (FALSE, TRUE);
  check_running (TRUE, FALSE);
}

/* Turns bring their wishes again, and so does the opening. */
static void
test_comes_again (void)
{
  static const Rt2WishKind kinds[] = { RT2_WISH_TURN, RT2_WISH_GREETING,
    RT2_WISH_DISCLOSURE };

  for (guint i = 0; i < 3 * G_N_ELEMENTS (kinds); i++) {
    g_autoptr (Rt2Responses) responses = rt2_responses_new ();

    rr_want (responses, rt2_wish_new (kinds[i / 3]));
    if (i % 3 > 0)
      rr_take (responses, "m1");
    if (i % 3 > 1)
      rr_expect_start (responses, "R1", "m1", RT2_START_NEW);
    rt2_responses_disconnected (responses);
    rr_expect_rest (responses);
  }
}

/* A wish that stands for a turn, and for what does not come again, stands. */
static void
check_merged (Rt2WishKind first, Rt2WishKind second)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rr_want (responses, rt2_wish_new (first));
  rr_want (responses, rt2_wish_new (second));
  rt2_responses_disconnected (responses);
  rr_take_as (responses, "m1", RT2_WISH_TOOLS, NULL);
  rr_expect_none (responses);
}

static void
test_merged (void)
{
  check_merged (RT2_WISH_TURN, RT2_WISH_TOOLS);
  check_merged (RT2_WISH_TOOLS, RT2_WISH_TURN);
}

/* What stood in the way of others is gone, and what was to come does not. */
static void
test_forgotten (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rr_expect_start (responses, "R1", NULL, RT2_START_NEW);
  rr_end (responses, "R1");
  rt2_responses_expect (responses);
  rt2_responses_set_floor (responses, TRUE);
  rt2_responses_hold (responses, TRUE);
  rt2_responses_disconnected (responses);
  rr_expect_rest (responses);
  rr_want (responses, rt2_wish_new (RT2_WISH_TOOLS));
  rr_take (responses, "m1");
  rr_expect_start (responses, "R1", "m1", RT2_START_NEW);
}

static Rt2Responses *
new_with_again (void)
{
  Rt2Responses *responses = rt2_responses_new ();

  rr_want (responses, rr_new_text ("a"));
  rr_take (responses, "m1");
  rt2_responses_disconnected (responses);
  return responses;
}

/* The server's own reads what it was told from the first; one that comes to
 * nobody's ears, or is older than what waits, does not serve. */
static void
test_served (void)
{
  g_autoptr (Rt2Responses) own = new_with_again ();
  g_autoptr (Rt2Responses) dead = new_with_again ();
  g_autoptr (Rt2Responses) later = new_with_again ();

  rt2_responses_expect (own);
  rr_expect_start (own, "R1", NULL, RT2_START_NEW);
  rr_end (own, "R1");
  rr_expect_rest (own);

  rt2_responses_expect (dead);
  rt2_responses_give_up (dead);
  rr_expect_start (dead, "R1", NULL, RT2_START_VOID);
  rr_end (dead, "R1");
  rr_take_as (dead, "m2", RT2_WISH_TEXT, NULL);

  rt2_responses_expect (later);
  rr_want (later, rt2_wish_new (RT2_WISH_TOOLS));
  rr_expect_start (later, "R1", NULL, RT2_START_NEW);
  rr_end (later, "R1");
  rr_take (later, "m2");
  rr_expect_none (later);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add_func ("/responses/loss/" name, function)
  ADD ("nothing", test_nothing);
  ADD ("waiting", test_waiting);
  ADD ("due", test_due);
  ADD ("running", test_running);
  ADD ("comes-again", test_comes_again);
  ADD ("merged", test_merged);
  ADD ("forgotten", test_forgotten);
  ADD ("served", test_served);
  return g_test_run ();
}
