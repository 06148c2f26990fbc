/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The response sequencer: interruptions, what is dead, what comes too late, and
 * its bounds.
 */
#include "responserig.h"

/* --- interruptions --- */

static void
test_interrupt_running (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rr_expect_start (responses, "R1", NULL, RT2_START_NEW);
  rt2_responses_interrupt (responses);
  g_assert_true (rt2_responses_is_dead (responses, "R1"));
  rr_expect_active (responses, "");
  /* It still writes to the conversation until its end. */
  rr_want_plain (responses);
  rr_expect_busy (responses);
  rr_expect_none (responses);
  rr_end (responses, "R1");
  rr_take (responses, "m1");
  rr_expect_start (responses, "R2", "m1", RT2_START_NEW);
  g_assert_false (rt2_responses_is_dead (responses, "R2"));
}

/* One that is on its way is dead when it comes, once. */
static void
test_interrupt_due (void)
{
  static const gchar *const marks[] = { "m1", NULL };

  for (guint i = 0; i < G_N_ELEMENTS (marks); i++) {
    g_autoptr (Rt2Responses) responses = rt2_responses_new ();

    rr_want_plain (responses);
    rr_take (responses, "m1");
    rt2_responses_interrupt (responses);
    rr_expect_busy (responses);
    rr_expect_start (responses, "R1", marks[i], RT2_START_VOID);
    rr_expect_start (responses, "R1", marks[i], RT2_START_KNOWN);
    g_assert_true (rt2_responses_is_dead (responses, "R1"));
    rr_expect_active (responses, "");
    rr_end (responses, "R1");
    rr_expect_rest (responses);
  }
}

/* Refused, it is not asked for again. */
static void
test_interrupt_refused (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rr_want_plain (responses);
  rr_take (responses, "m1");
  rt2_responses_interrupt (responses);
  g_assert_true (rt2_responses_refused (responses, "m1", TRUE));
  rr_end (responses, "theirs");
  rr_expect_rest (responses);
}

static void
test_interrupt_expected (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rt2_responses_expect (responses);
  rt2_responses_interrupt (responses);
  g_assert_false (rt2_responses_is_busy (responses));
  rr_expect_start (responses, "R1", NULL, RT2_START_VOID);
  g_assert_true (rt2_responses_is_dead (responses, "R1"));
  rr_end (responses, "R1");
  /* Only that one. */
  rr_expect_start (responses, "R2", NULL, RT2_START_NEW);
  rr_end (responses, "R2");
  rr_expect_rest (responses);
}

/* The next turn's is wanted, although the last one's was not. */
static void
test_interrupt_then_expect (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rt2_responses_expect (responses);
  rt2_responses_interrupt (responses);
  rt2_responses_expect (responses);
  rr_expect_start (responses, "R1", NULL, RT2_START_NEW);
  g_assert_false (rt2_responses_is_dead (responses, "R1"));
}

static void
test_interrupt_wishes (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rr_expect_start (responses, "R1", NULL, RT2_START_NEW);
  rr_want_plain (responses);
  rr_want (responses, rr_new_asked ("{}"));
  rr_want (responses, rr_new_text ("stands"));
  rt2_responses_interrupt (responses);
  rr_end (responses, "R1");
  rr_take_as (responses, "m1", RT2_WISH_TEXT, "stands");
  rr_expect_start (responses, "R2", "m1", RT2_START_NEW);
  rr_end (responses, "R2");
  rr_expect_rest (responses);
}

/* A plain wish that stands makes all that it stands for do so. */
static void
test_interrupt_lasting_plain (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();
  Rt2Wish *wish = rt2_wish_new (RT2_WISH_TURN);

  rr_expect_start (responses, "R1", NULL, RT2_START_NEW);
  rr_want_plain (responses);
  wish->lasting = TRUE;
  rr_want (responses, wish);
  rt2_responses_interrupt (responses);
  rr_end (responses, "R1");
  rr_take (responses, "m1");
  rr_expect_none (responses);
}

static void
test_kill (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rr_expect_start (responses, "R1", NULL, RT2_START_NEW);
  rr_expect_start (responses, "R2", NULL, RT2_START_NEW);
  rr_want_plain (responses);
  rt2_responses_kill (responses, "R1");
  g_assert_true (rt2_responses_is_dead (responses, "R1"));
  g_assert_false (rt2_responses_is_dead (responses, "R2"));
  rr_expect_active (responses, "R2");
  rr_end (responses, "R1");
  rr_expect_none (responses);
  rr_end (responses, "R2");
  rr_take (responses, "m1");
}

/* --- stragglers and bounds --- */

static void
test_stragglers (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rr_expect_start (responses, "R1", NULL, RT2_START_NEW);
  rr_end (responses, "R1");
  rr_want_plain (responses);
  rr_take (responses, "m1");
  /* They say nothing about what is due. */
  rr_expect_start (responses, "R1", NULL, RT2_START_KNOWN);
  g_assert_false (rt2_responses_ended (responses, "R1"));
  g_assert_true (rt2_responses_is_dead (responses, "R1"));
  rr_expect_active (responses, "");
  rr_expect_busy (responses);
  rr_expect_start (responses, "R2", NULL, RT2_START_NEW);
  g_assert_nonnull (rt2_responses_wish_of (responses, "R2"));
}

/* One of the last thirty is still known. */
static void
test_remembered_stragglers (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  for (guint i = 0; i < 500; i++) {
    g_autofree gchar *id = g_strdup_printf ("R%u", i);
    g_autofree gchar *old = g_strdup_printf ("R%u", i > 30 ? i - 30 : 0);

    rr_expect_start (responses, id, NULL, RT2_START_NEW);
    rr_end (responses, id);
    g_assert_true (rt2_responses_is_dead (responses, old));
    rr_expect_start (responses, old, NULL, RT2_START_KNOWN);
  }
}

/* A server that opens responses and ends none must not make us grow, whatever
 * their ids. */
static void
test_flood (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();
  g_autofree gchar *tail = g_strnfill (200, 'x');
  GPtrArray *list;

  for (guint i = 0; i < 20000; i++) {
    g_autofree gchar *id = g_strdup_printf ("R%u%s", i, tail);

    rr_expect_start (responses, id, NULL, RT2_START_NEW);
    g_assert_false (rt2_responses_is_dead (responses, id));
  }
  list = rt2_responses_list_active (responses);
  g_assert_cmpuint (list->len, >=, 1);
  g_assert_cmpuint (list->len, <=, 1000);
  g_ptr_array_unref (list);
}

static void
test_reset (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rr_expect_start (responses, "R1", NULL, RT2_START_NEW);
  rr_expect_start (responses, "R2", NULL, RT2_START_NEW);
  rr_end (responses, "R2");
  rt2_responses_expect (responses);
  rt2_responses_interrupt (responses);
  rr_want_plain (responses);
  rr_want_apart (responses);
  rr_take (responses, "a1");
  rr_want (responses, rr_new_text ("text"));
  rt2_responses_expect (responses);
  rt2_responses_reset (responses);
  rr_expect_rest (responses);
  g_assert_false (rt2_responses_is_dead (responses, "R1"));
  g_assert_false (rt2_responses_is_dead (responses, "R2"));
  g_assert_false (rt2_responses_refused (responses, "a1", TRUE));
  /* The next server may give no marks back. */
  rr_want_plain (responses);
  rr_take (responses, "m1");
  rr_expect_start (responses, "R1", NULL, RT2_START_NEW);
  g_assert_nonnull (rt2_responses_wish_of (responses, "R1"));
}

/* --- of what kind --- */

static void
test_has (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  g_assert_false (rt2_responses_has (responses, RT2_WISH_GREETING));
  rr_want (responses, rt2_wish_new (RT2_WISH_GREETING));
  g_assert_true (rt2_responses_has (responses, RT2_WISH_GREETING));
  g_assert_false (rt2_responses_has (responses, RT2_WISH_TURN));
  rr_take (responses, "m1");
  g_assert_true (rt2_responses_has (responses, RT2_WISH_GREETING));
  rr_expect_start (responses, "R1", "m1", RT2_START_NEW);
  g_assert_true (rt2_responses_has (responses, RT2_WISH_GREETING));
  rr_end (responses, "R1");
  g_assert_false (rt2_responses_has (responses, RT2_WISH_GREETING));
}

#define ADD(NAME, FUNC) g_test_add_func ("/responses/" NAME, FUNC)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("interrupt-running", test_interrupt_running);
  ADD ("interrupt-due", test_interrupt_due);
  ADD ("interrupt-refused", test_interrupt_refused);
  ADD ("interrupt-expected", test_interrupt_expected);
  ADD ("interrupt-then-expect", test_interrupt_then_expect);
  ADD ("interrupt-wishes", test_interrupt_wishes);
  ADD ("interrupt-lasting-plain", test_interrupt_lasting_plain);
  ADD ("kill", test_kill);
  ADD ("stragglers", test_stragglers);
  ADD ("remembered-stragglers", test_remembered_stragglers);
  ADD ("flood", test_flood);
  ADD ("reset", test_reset);
  ADD ("has", test_has);
  return g_test_run ();
}
