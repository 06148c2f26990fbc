/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The response sequencer: wishes, what is due, and whose a response is, on
 * servers that give our marks back and on those that do not.
 */
#include "responserig.h"

/* --- wishes --- */

static void
test_idle (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rr_expect_rest (responses);
  rt2_responses_interrupt (responses);
  rr_expect_rest (responses);
  rt2_responses_kill (responses, "nobody");
  g_assert_false (rt2_responses_is_dead (responses, "nobody"));
  g_assert_false (rt2_responses_is_out_of_band (responses, "nobody"));
  g_assert_null (rt2_responses_wish_of (responses, "nobody"));
  g_assert_null (rt2_responses_expire (responses, G_MAXINT64));
  g_assert_cmpint (rt2_responses_next_expiry (responses), ==, 0);
  g_assert_false (rt2_responses_refused (responses, NULL, TRUE));
  g_assert_false (rt2_responses_refused (responses, "nobody", FALSE));
  rr_expect_rest (responses);
}

static void
test_wish (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();
  const Rt2Wish *wish;

  rr_want_plain (responses);
  rr_expect_busy (responses);
  wish = rr_take (responses, "m1");
  rr_expect_none (responses);
  rr_expect_busy (responses);
  rr_expect_active (responses, "");
  rr_expect_start (responses, "R1", "m1", RT2_START_NEW);
  g_assert_true (rt2_responses_wish_of (responses, "R1") == wish);
  rr_expect_active (responses, "R1");
  rr_expect_busy (responses);
  rr_end (responses, "R1");
  rr_expect_rest (responses);
}

/* Any response answers all that was said before it. */
static void
test_coalescing (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rr_want (responses, rt2_wish_new (RT2_WISH_TURN));
  rr_want (responses, rt2_wish_new (RT2_WISH_TOOLS));
  rr_want (responses, rt2_wish_new (RT2_WISH_TURN));
  rr_take (responses, "m1");
  rr_expect_none (responses);
  rr_expect_start (responses, "R1", "m1", RT2_START_NEW);
  rr_end (responses, "R1");
  rr_expect_rest (responses);
}

/* What was said while one was due, or under way, came after it. */
static void
test_wish_waits (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rr_want_plain (responses);
  rr_take (responses, "m1");
  rr_want_plain (responses);
  rr_expect_none (responses);
  rr_expect_start (responses, "R1", "m1", RT2_START_NEW);
  rr_expect_none (responses);
  rr_want_plain (responses);
  rr_expect_none (responses);
  rr_end (responses, "R1");
  rr_take (responses, "m2");
  rr_expect_none (responses);
}

/* A later message is answered together with what waits; what the application
 * asks for may be about something else. */
static void
test_served_by_later (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();
  Rt2Wish *first = rr_new_text ("first");

  rr_want_plain (responses);
  first->priority = 1;
  rr_want (responses, first);
  rr_take_as (responses, "m1", RT2_WISH_TEXT, "first");
  rr_expect_start (responses, "R1", "m1", RT2_START_NEW);
  rr_end (responses, "R1");
  rr_expect_rest (responses);

  first = rr_new_asked ("{\"instructions\":\"x\"}");
  first->priority = 1;
  rr_want_plain (responses);
  rr_want (responses, first);
  rr_take_as (responses, "m2", RT2_WISH_ASKED, "{\"instructions\":\"x\"}");
  rr_expect_start (responses, "R2", "m2", RT2_START_NEW);
  rr_end (responses, "R2");
  rr_take_as (responses, "m3", RT2_WISH_TURN, NULL);
}

/* Each message is sent, and each request of the application's. */
static void
test_commands_stay_apart (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();
  static const gchar *const texts[] = { "one", "two", "three" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    rr_want (responses, rr_new_text (texts[i]));
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    rr_take_as (responses, texts[i], RT2_WISH_TEXT, texts[i]);
    rr_expect_none (responses);
    rr_expect_start (responses, texts[i], texts[i], RT2_START_NEW);
    rr_end (responses, texts[i]);
  }
  rr_expect_rest (responses);
}

static void
test_priorities (void)
{
  static const struct {
    const gchar *text;
    gint priority;
  } rows[] = { { "low", -5 }, { "first", 0 }, { "high", 7 }, { "second", 0 },
    { "highest", G_MAXINT }, { "lowest", G_MININT } };
  static const gchar *const order[] = { "highest", "high", "first", "second",
    "low", "lowest" };
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    Rt2Wish *wish = rr_new_text (rows[i].text);

    wish->priority = rows[i].priority;
    rr_want (responses, wish);
  }
  for (guint i = 0; i < G_N_ELEMENTS (order); i++) {
    rr_take_as (responses, order[i], RT2_WISH_TEXT, order[i]);
    rr_expect_start (responses, order[i], order[i], RT2_START_NEW);
    rr_end (responses, order[i]);
  }
  rr_expect_rest (responses);
}

static void
test_too_many (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  for (guint i = 0; i < RT2_RESPONSES_MAX_WISHES; i++)
    rr_want (responses, rr_new_text ("one of many"));
  g_assert_false (rt2_responses_want (responses, rr_new_text ("too much")));
  rr_take (responses, "m1");
  rr_want (responses, rr_new_text ("room for this"));
  g_assert_false (rt2_responses_want (responses, rr_new_text ("too much")));
  /* One that adds nothing needs no room. */
  rt2_responses_reset (responses);
  rr_want_plain (responses);
  for (guint i = 1; i < RT2_RESPONSES_MAX_WISHES; i++)
    rr_want (responses, rr_new_text ("one of many"));
  rr_want_plain (responses);
  g_assert_false (rt2_responses_want (responses, rr_new_text ("too much")));
}

/* --- expiry --- */

static void
want_until (Rt2Responses *responses, const gchar *text, gint64 expires)
{
  Rt2Wish *wish = rr_new_text (text);

  wish->expires = expires;
  rr_want (responses, wish);
}

static const gchar *
text_of (const GPtrArray *wishes, guint i)
{
  return ((Rt2Wish *) g_ptr_array_index (wishes, i))->command->text;
}

static void
test_expiry (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();
  GPtrArray *gone;

  want_until (responses, "late", 3000);
  want_until (responses, "never", 0);
  want_until (responses, "early", 1000);
  want_until (responses, "soon", 2000);
  g_assert_cmpint (rt2_responses_next_expiry (responses), ==, 1000);
  g_assert_null (rt2_responses_expire (responses, 999));
  gone = rt2_responses_expire (responses, 1000);
  g_assert_nonnull (gone);
  g_assert_cmpuint (gone->len, ==, 1);
  g_assert_cmpstr (text_of (gone, 0), ==, "early");
  g_ptr_array_unref (gone);
  g_assert_cmpint (rt2_responses_next_expiry (responses), ==, 2000);
  gone = rt2_responses_expire (responses, 5000);
  g_assert_cmpuint (gone->len, ==, 2);
  g_assert_cmpstr (text_of (gone, 0), ==, "late");
  g_assert_cmpstr (text_of (gone, 1), ==, "soon");
  g_ptr_array_unref (gone);
  g_assert_cmpint (rt2_responses_next_expiry (responses), ==, 0);
  rr_take_as (responses, "m1", RT2_WISH_TEXT, "never");
  rr_expect_none (responses);
}

/* What is sent can't expire, not even if it must be asked for once more: then
 * the message is in the conversation, and only the answer is missing. */
static void
test_sent_does_not_expire (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  want_until (responses, "text", 1000);
  rr_take_as (responses, "m1", RT2_WISH_TEXT, "text");
  g_assert_cmpint (rt2_responses_next_expiry (responses), ==, 0);
  g_assert_null (rt2_responses_expire (responses, 2000));
  g_assert_true (rt2_responses_refused (responses, "m1", TRUE));
  g_assert_cmpint (rt2_responses_next_expiry (responses), ==, 0);
  g_assert_null (rt2_responses_expire (responses, 2000));
  rr_end (responses, "R1");
  rr_take_as (responses, "m2", RT2_WISH_TEXT, NULL);
}

/* --- refusals --- */

static void
test_refused_again (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rr_want_plain (responses);
  rr_take (responses, "m1");
  rr_expect_start (responses, "theirs", NULL, RT2_START_NEW);
  g_assert_true (rt2_responses_refused (responses, "m1", TRUE));
  g_assert_null (rt2_responses_wish_of (responses, "theirs"));
  rr_expect_none (responses);
  rr_end (responses, "theirs");
  rr_take_as (responses, "m2", RT2_WISH_TURN, NULL);
  rr_expect_none (responses);
  /* Once is enough. */
  g_assert_false (rt2_responses_refused (responses, "m1", TRUE));
}

/* The server says that one is under way of which we were told nothing. */
static void
test_refused_unannounced (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rr_want_plain (responses);
  rr_take (responses, "m1");
  g_assert_true (rt2_responses_refused (responses, NULL, TRUE));
  rr_expect_busy (responses);
  rr_expect_none (responses);
  rr_end (responses, "R1");
  rr_take (responses, "m2");
}

static void
test_refused_for_good (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rr_want_plain (responses);
  rr_take (responses, "m1");
  g_assert_true (rt2_responses_refused (responses, "m1", FALSE));
  rr_expect_rest (responses);
  rr_want_plain (responses);
  rr_take (responses, "m2");
  g_assert_true (rt2_responses_refused (responses, NULL, FALSE));
  rr_expect_rest (responses);
}

static void
test_refused_unknown (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rr_want_plain (responses);
  rr_take (responses, "m1");
  g_assert_false (rt2_responses_refused (responses, "other", TRUE));
  g_assert_false (rt2_responses_refused (responses, "other", FALSE));
  rr_expect_busy (responses);
  rr_expect_none (responses);
  rr_expect_start (responses, "R1", "m1", RT2_START_NEW);
  g_assert_nonnull (rt2_responses_wish_of (responses, "R1"));
}

/* What waits already goes with it. */
static void
test_refused_joins (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rr_want (responses, rr_new_text ("text"));
  rr_take (responses, "m1");
  rr_want_plain (responses);
  g_assert_true (rt2_responses_refused (responses, "m1", TRUE));
  rr_want_plain (responses);
  rr_end (responses, "theirs");
  rr_take_as (responses, "m2", RT2_WISH_TEXT, NULL);
  rr_expect_start (responses, "R1", "m2", RT2_START_NEW);
  rr_end (responses, "R1");
  rr_expect_rest (responses);
}

/* The parameters of what the application asked for are not in the conversation
 * and must be sent again. */
static void
test_refused_keeps_parameters (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rr_want (responses, rr_new_asked ("{\"instructions\":\"x\"}"));
  rr_take (responses, "m1");
  g_assert_true (rt2_responses_refused (responses, "m1", TRUE));
  rr_end (responses, "theirs");
  rr_take_as (responses, "m2", RT2_WISH_ASKED, "{\"instructions\":\"x\"}");
}

/* --- whose is it? --- */

/* It carries no mark and was taken for ours; then ours is refused. */
static void
test_wrong_guess (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rr_want_plain (responses);
  rr_take (responses, "m1");
  rr_expect_start (responses, "R1", NULL, RT2_START_NEW);
  g_assert_nonnull (rt2_responses_wish_of (responses, "R1"));
  g_assert_true (rt2_responses_refused (responses, "m1", TRUE));
  g_assert_null (rt2_responses_wish_of (responses, "R1"));
  rr_expect_active (responses, "R1");
  rr_expect_none (responses);
  rr_end (responses, "R1");
  rr_take (responses, "m2");
  rr_expect_none (responses);
}

/* A server that gave a mark back once always does. */
static void
test_no_guess (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rr_want_plain (responses);
  rr_take (responses, "m1");
  rr_expect_start (responses, "R1", "m1", RT2_START_NEW);
  rr_end (responses, "R1");
  rr_want_plain (responses);
  rr_take (responses, "m2");
  rr_expect_start (responses, "theirs", NULL, RT2_START_NEW);
  g_assert_null (rt2_responses_wish_of (responses, "theirs"));
  rr_end (responses, "theirs");
  rr_expect_busy (responses);
  rr_expect_none (responses);
  rr_expect_start (responses, "R2", "m2", RT2_START_NEW);
  g_assert_nonnull (rt2_responses_wish_of (responses, "R2"));
}

/* Another client of the session marks what it asks for, too. */
static void
test_mark_of_another (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rr_want_plain (responses);
  rr_take (responses, "m1");
  rr_expect_start (responses, "theirs", "x1", RT2_START_NEW);
  g_assert_null (rt2_responses_wish_of (responses, "theirs"));
  rr_expect_active (responses, "theirs");
  rr_end (responses, "theirs");
  rr_expect_none (responses);
  rr_expect_start (responses, "R1", "m1", RT2_START_NEW);
  rr_end (responses, "R1");
  rr_expect_rest (responses);
}

/* Every event of a response says that it goes on. */
static void
test_repeated_start (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rr_expect_start (responses, "R1", NULL, RT2_START_NEW);
  rr_expect_start (responses, "R1", NULL, RT2_START_KNOWN);
  rr_expect_start (responses, "R1", "m1", RT2_START_KNOWN);
  rr_expect_active (responses, "R1");
  rt2_responses_interrupt (responses);
  rr_expect_start (responses, "R1", NULL, RT2_START_KNOWN);
  g_assert_true (rt2_responses_is_dead (responses, "R1"));
  rr_end (responses, "R1");
  rr_expect_rest (responses);
}

/* response.done may be all that is ever told of one. */
static void
test_end_without_start (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rr_want_plain (responses);
  rr_take (responses, "m1");
  rr_end (responses, "R1");
  rr_expect_rest (responses);
  rt2_responses_expect (responses);
  rr_end (responses, "R2");
  rr_expect_rest (responses);
}

/* --- the server's own --- */

static void
test_expected (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rt2_responses_expect (responses);
  rr_expect_busy (responses);
  rr_want_plain (responses);
  rr_expect_none (responses);
  rr_expect_start (responses, "R1", NULL, RT2_START_NEW);
  g_assert_null (rt2_responses_wish_of (responses, "R1"));
  rr_expect_none (responses);
  rr_end (responses, "R1");
  rr_take (responses, "m1");
}

/* What is due goes on being due while the server's own comes first. */
static void
test_expected_before_due (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rr_want_plain (responses);
  rr_take (responses, "m1");
  rt2_responses_expect (responses);
  rr_expect_start (responses, "theirs", NULL, RT2_START_NEW);
  g_assert_null (rt2_responses_wish_of (responses, "theirs"));
  g_assert_true (rt2_responses_refused (responses, "m1", TRUE));
  rr_expect_none (responses);
  rr_end (responses, "theirs");
  rr_take (responses, "m2");
  rr_expect_none (responses);
}

/* The server can't begin its own while another is under way: we ask for it when
 * that is over, whether the server says so or not. */
static void
test_expected_behind_another (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  for (guint says = 0; says < 2; says++) {
    const gchar *first = says ? "R1" : "R3", *second = says ? "R2" : "R4";

    rr_expect_start (responses, first, NULL, RT2_START_NEW);
    rt2_responses_expect (responses);
    if (says)
      g_assert_true (rt2_responses_refused (responses, NULL, TRUE));
    rr_expect_none (responses);
    rr_end (responses, first);
    rr_take_as (responses, "m1", RT2_WISH_TURN, NULL);
    rr_expect_start (responses, second, "m1", RT2_START_NEW);
    rr_end (responses, second);
    rr_expect_rest (responses);
  }
}

/* The same where only the server knows that another is in the way. */
static void
test_expected_refused (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rr_expect_start (responses, "R1", NULL, RT2_START_NEW);
  rt2_responses_interrupt (responses);
  rt2_responses_expect (responses);
  g_assert_true (rt2_responses_refused (responses, NULL, TRUE));
  rr_expect_none (responses);
  rr_end (responses, "R1");
  rr_take_as (responses, "m1", RT2_WISH_TURN, NULL);
  rr_expect_start (responses, "R2", "m1", RT2_START_NEW);
  rr_end (responses, "R2");
  rr_expect_rest (responses);
}

/* Ours that is due is not meant while the one in the way is known. */
static void
test_expected_refused_while_due (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rr_want_plain (responses);
  rr_take (responses, "m1");
  rt2_responses_expect (responses);
  rr_expect_start (responses, "theirs", NULL, RT2_START_NEW);
  rt2_responses_interrupt (responses);
  rt2_responses_expect (responses);
  g_assert_true (rt2_responses_refused (responses, NULL, TRUE));
  rr_end (responses, "theirs");
  rr_expect_none (responses);
  rr_expect_start (responses, "R1", "m1", RT2_START_VOID);
  rr_end (responses, "R1");
  rr_take_as (responses, "m2", RT2_WISH_TURN, NULL);
}

/* --- out of band --- */

static void
test_out_of_band (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rr_want_plain (responses);
  rr_take (responses, "m1");
  rr_want_apart (responses);
  rr_want_apart (responses);
  rr_take_as (responses, "a1", RT2_WISH_ASKED, "{\"conversation\":\"none\"}");
  rr_take (responses, "a2");
  rr_expect_none (responses);
  rr_expect_start (responses, "R1", "m1", RT2_START_NEW);
  rr_expect_start (responses, "A2", "a2", RT2_START_NEW);
  rr_expect_start (responses, "A1", "a1", RT2_START_NEW);
  g_assert_true (rt2_responses_is_out_of_band (responses, "A1"));
  g_assert_true (rt2_responses_is_out_of_band (responses, "A2"));
  g_assert_false (rt2_responses_is_out_of_band (responses, "R1"));
  rr_expect_active (responses, "R1");
  rr_end (responses, "R1");
  /* They are in nobody's way, but they are there. */
  g_assert_false (rt2_responses_is_busy (responses));
  g_assert_true (rt2_responses_is_open (responses));
  rr_want_plain (responses);
  rr_take (responses, "m2");
  rr_expect_start (responses, "R2", "m2", RT2_START_NEW);
  rr_end (responses, "R2");
  rr_end (responses, "A1");
  g_assert_true (rt2_responses_is_open (responses));
  rr_end (responses, "A2");
  rr_expect_rest (responses);
}

static void
test_out_of_band_is_open (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rr_want_apart (responses);
  g_assert_false (rt2_responses_is_busy (responses));
  g_assert_true (rt2_responses_is_open (responses));
  rr_take (responses, "a1");
  g_assert_false (rt2_responses_is_busy (responses));
  g_assert_true (rt2_responses_is_open (responses));
  /* It answers nothing that was said. */
  rr_want_plain (responses);
  rr_take (responses, "m1");
  g_assert_true (rt2_responses_refused (responses, "a1", FALSE));
  rr_expect_start (responses, "R1", "m1", RT2_START_NEW);
  rr_end (responses, "R1");
  rr_expect_rest (responses);
}

/* An interruption is about what is heard. */
static void
test_out_of_band_interrupted (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rr_want_apart (responses);
  rr_take (responses, "a1");
  rr_expect_start (responses, "A1", "a1", RT2_START_NEW);
  rr_want_apart (responses);
  rr_take (responses, "a2");
  rr_want_apart (responses);
  rt2_responses_interrupt (responses);
  g_assert_false (rt2_responses_is_dead (responses, "A1"));
  rr_expect_start (responses, "A2", "a2", RT2_START_NEW);
  g_assert_false (rt2_responses_is_dead (responses, "A2"));
  rr_take (responses, "a3");
  rr_expect_none (responses);
}

#define ADD(NAME, FUNC) g_test_add_func ("/responses/" NAME, FUNC)

static void
add_wishes (void)
{
  ADD ("idle", test_idle);
  ADD ("wish", test_wish);
  ADD ("coalescing", test_coalescing);
  ADD ("wish-waits", test_wish_waits);
  ADD ("served-by-later", test_served_by_later);
  ADD ("commands-stay-apart", test_commands_stay_apart);
  ADD ("priorities", test_priorities);
  ADD ("too-many", test_too_many);
  ADD ("expiry", test_expiry);
  ADD ("sent-does-not-expire", test_sent_does_not_expire);
  ADD ("refused-again", test_refused_again);
  ADD ("refused-unannounced", test_refused_unannounced);
  ADD ("refused-for-good", test_refused_for_good);
  ADD ("refused-unknown", test_refused_unknown);
  ADD ("refused-joins", test_refused_joins);
  ADD ("refused-keeps-parameters", test_refused_keeps_parameters);
}

static void
add_responses (void)
{
  ADD ("wrong-guess", test_wrong_guess);
  ADD ("no-guess", test_no_guess);
  ADD ("mark-of-another", test_mark_of_another);
  ADD ("repeated-start", test_repeated_start);
  ADD ("end-without-start", test_end_without_start);
  ADD ("expected", test_expected);
  ADD ("expected-before-due", test_expected_before_due);
  ADD ("expected-behind-another", test_expected_behind_another);
  ADD ("expected-refused", test_expected_refused);
  ADD ("expected-refused-while-due", test_expected_refused_while_due);
  ADD ("out-of-band", test_out_of_band);
  ADD ("out-of-band-is-open", test_out_of_band_is_open);
  ADD ("out-of-band-interrupted", test_out_of_band_interrupted);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_wishes ();
  add_responses ();
  return g_test_run ();
}
