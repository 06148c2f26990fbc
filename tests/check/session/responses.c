/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The response sequencer.
 */
#include "rt2responses.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rt2Responses, rt2_responses_free)

static void
want (Rt2Responses *responses)
{
  g_assert_true (rt2_responses_want (responses, rt2_wish_new (RT2_WISH_TURN)));
}

static gboolean
take (Rt2Responses *responses)
{
  return rt2_responses_take (responses, "mark") != NULL;
}

static gchar *
active_text (Rt2Responses *responses)
{
  GPtrArray *list = rt2_responses_list_active (responses);
  gchar *text;

  g_ptr_array_add (list, NULL);
  text = g_strjoinv (" ", (gchar **) list->pdata);
  g_ptr_array_unref (list);
  return text;
}

static void
expect_active (Rt2Responses *responses, const gchar *wanted)
{
  g_autofree gchar *text = active_text (responses);

  g_assert_cmpstr (text, ==, wanted);
}

static void
test_idle (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  g_assert_false (rt2_responses_is_busy (responses));
  g_assert_false (take (responses));
  g_assert_false (rt2_responses_is_dead (responses, "R1"));
  expect_active (responses, "");
  rt2_responses_interrupt (responses);
  g_assert_false (rt2_responses_is_busy (responses));
}

static void
test_wish (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  want (responses);
  g_assert_true (rt2_responses_is_busy (responses));
  g_assert_true (take (responses));
  /* Once. */
  g_assert_false (take (responses));
  g_assert_true (rt2_responses_is_busy (responses));
  rt2_responses_started (responses, "R1", NULL);
  expect_active (responses, "R1");
  g_assert_true (rt2_responses_is_busy (responses));
  rt2_responses_ended (responses, "R1");
  expect_active (responses, "");
  g_assert_false (rt2_responses_is_busy (responses));
  g_assert_false (take (responses));
}

static void
test_wish_waits (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rt2_responses_started (responses, "R1", NULL);
  want (responses);
  want (responses);
  g_assert_false (take (responses));
  rt2_responses_ended (responses, "R1");
  g_assert_true (rt2_responses_is_busy (responses));
  g_assert_true (take (responses));
  g_assert_false (take (responses));
}

/* A wish made while ours is due waits for that one. */
static void
test_wish_while_due (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  want (responses);
  g_assert_true (take (responses));
  want (responses);
  g_assert_false (take (responses));
  rt2_responses_started (responses, "R1", NULL);
  g_assert_false (take (responses));
  rt2_responses_ended (responses, "R1");
  g_assert_true (take (responses));
}

static void
test_expected (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rt2_responses_expect (responses);
  g_assert_true (rt2_responses_is_busy (responses));
  want (responses);
  g_assert_false (take (responses));
  rt2_responses_started (responses, "R1", NULL);
  g_assert_false (take (responses));
  rt2_responses_ended (responses, "R1");
  g_assert_true (take (responses));
}

/* An interrupted response still writes to the conversation until its end. */
static void
test_wish_waits_for_the_dead (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rt2_responses_started (responses, "R1", NULL);
  rt2_responses_interrupt (responses);
  want (responses);
  g_assert_true (rt2_responses_is_busy (responses));
  g_assert_false (take (responses));
  rt2_responses_ended (responses, "R1");
  g_assert_true (take (responses));
}

static void
test_refused_again (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  want (responses);
  g_assert_true (take (responses));
  rt2_responses_started (responses, "server's own", NULL);
  rt2_responses_refused (responses, NULL, TRUE);
  g_assert_false (take (responses));
  rt2_responses_ended (responses, "server's own");
  g_assert_true (take (responses));
  g_assert_false (take (responses));
}

/* The server says that one is under way of which we were told nothing. */
static void
test_refused_unannounced (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  want (responses);
  g_assert_true (take (responses));
  rt2_responses_refused (responses, NULL, TRUE);
  g_assert_true (rt2_responses_is_busy (responses));
  g_assert_false (take (responses));
  g_assert_true (rt2_responses_ended (responses, "R1"));
  g_assert_true (take (responses));
}

static void
test_refused_for_good (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  want (responses);
  g_assert_true (take (responses));
  rt2_responses_refused (responses, NULL, FALSE);
  g_assert_false (rt2_responses_is_busy (responses));
  g_assert_false (take (responses));
}

static void
test_kill (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rt2_responses_started (responses, "R1", NULL);
  rt2_responses_interrupt (responses);
  g_assert_true (rt2_responses_is_dead (responses, "R1"));
  expect_active (responses, "");
  /* One that begins after it lives, and is not touched by the dead. */
  rt2_responses_started (responses, "R2", NULL);
  g_assert_false (rt2_responses_is_dead (responses, "R2"));
  expect_active (responses, "R2");
  rt2_responses_ended (responses, "R1");
  g_assert_true (rt2_responses_is_dead (responses, "R1"));
  expect_active (responses, "R2");
  g_assert_true (rt2_responses_is_busy (responses));
}

/* Every event of a response says that it goes on. */
static void
test_repeated_start (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rt2_responses_started (responses, "R1", NULL);
  rt2_responses_started (responses, "R1", NULL);
  expect_active (responses, "R1");
  rt2_responses_interrupt (responses);
  rt2_responses_started (responses, "R1", NULL);
  g_assert_true (rt2_responses_is_dead (responses, "R1"));
  rt2_responses_ended (responses, "R1");
  g_assert_false (rt2_responses_is_busy (responses));
}

static void
test_stragglers (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rt2_responses_started (responses, "R1", NULL);
  rt2_responses_ended (responses, "R1");
  g_assert_true (rt2_responses_is_dead (responses, "R1"));
  rt2_responses_started (responses, "R1", NULL);
  g_assert_true (rt2_responses_is_dead (responses, "R1"));
  expect_active (responses, "");
  g_assert_false (rt2_responses_is_busy (responses));
  g_assert_false (rt2_responses_ended (responses, "R1"));
  g_assert_true (rt2_responses_is_dead (responses, "R1"));
}

/* One of the last thirty is still known. */
static void
test_remembered_stragglers (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  for (guint i = 0; i < 500; i++) {
    g_autofree gchar *id = g_strdup_printf ("R%u", i);
    g_autofree gchar *old = g_strdup_printf ("R%u", i > 30 ? i - 30 : 0);

    rt2_responses_started (responses, id, NULL);
    rt2_responses_ended (responses, id);
    g_assert_true (rt2_responses_is_dead (responses, old));
  }
}

/* One goes on while the server's next is due: events of the first say nothing
 * about the second. */
static void
test_due_behind_another (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rt2_responses_started (responses, "R1", NULL);
  rt2_responses_expect (responses);
  rt2_responses_started (responses, "R1", NULL);
  g_assert_true (rt2_responses_ended (responses, "R1"));
  g_assert_true (rt2_responses_is_busy (responses));
  rt2_responses_started (responses, "R2", NULL);
  g_assert_true (rt2_responses_ended (responses, "R2"));
  g_assert_false (rt2_responses_is_busy (responses));
}

/* A straggler says nothing about the response that is due. */
static void
test_straggler_while_due (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rt2_responses_started (responses, "R1", NULL);
  rt2_responses_ended (responses, "R1");
  want (responses);
  g_assert_true (take (responses));
  rt2_responses_started (responses, "R1", NULL);
  rt2_responses_ended (responses, "R1");
  g_assert_true (rt2_responses_is_busy (responses));
  want (responses);
  g_assert_false (take (responses));
}

/* response.done may be all that is ever heard of one. */
static void
test_end_without_start (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  want (responses);
  g_assert_true (take (responses));
  rt2_responses_ended (responses, "R1");
  g_assert_false (rt2_responses_is_busy (responses));
  g_assert_true (rt2_responses_is_dead (responses, "R1"));
}

static void
test_reset (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rt2_responses_started (responses, "R1", NULL);
  rt2_responses_started (responses, "R2", NULL);
  rt2_responses_ended (responses, "R2");
  rt2_responses_interrupt (responses);
  want (responses);
  rt2_responses_expect (responses);
  rt2_responses_reset (responses);
  g_assert_false (rt2_responses_is_busy (responses));
  g_assert_false (take (responses));
  g_assert_false (rt2_responses_is_dead (responses, "R1"));
  g_assert_false (rt2_responses_is_dead (responses, "R2"));
}

/* A server that opens responses and ends none must not make us grow. */
static void
test_flood (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();
  GPtrArray *list;

  for (guint i = 0; i < 20000; i++) {
    g_autofree gchar *id = g_strdup_printf ("R%u", i);

    rt2_responses_started (responses, id, NULL);
    g_assert_false (rt2_responses_is_dead (responses, id));
  }
  list = rt2_responses_list_active (responses);
  g_assert_cmpuint (list->len, >=, 1);
  g_assert_cmpuint (list->len, <=, 1000);
  g_ptr_array_unref (list);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/responses/idle", test_idle);
  g_test_add_func ("/responses/wish", test_wish);
  g_test_add_func ("/responses/wish-waits", test_wish_waits);
  g_test_add_func ("/responses/wish-while-due", test_wish_while_due);
  g_test_add_func ("/responses/expected", test_expected);
  g_test_add_func (
      "/responses/wish-waits-for-the-dead", test_wish_waits_for_the_dead);
  g_test_add_func ("/responses/refused-again", test_refused_again);
  g_test_add_func ("/responses/refused-unannounced", test_refused_unannounced);
  g_test_add_func ("/responses/refused-for-good", test_refused_for_good);
  g_test_add_func ("/responses/kill", test_kill);
  g_test_add_func ("/responses/repeated-start", test_repeated_start);
  g_test_add_func ("/responses/stragglers", test_stragglers);
  g_test_add_func (
      "/responses/remembered-stragglers", test_remembered_stragglers);
  g_test_add_func ("/responses/due-behind-another", test_due_behind_another);
  g_test_add_func ("/responses/straggler-while-due", test_straggler_while_due);
  g_test_add_func ("/responses/end-without-start", test_end_without_start);
  g_test_add_func ("/responses/reset", test_reset);
  g_test_add_func ("/responses/flood", test_flood);
  return g_test_run ();
}
