/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The response sequencer: wishes, what is due, what is under way, what is dead,
 * on servers that give our marks back and on those that do not.
 */
#include "rt2responses.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rt2Responses, rt2_responses_free)

/* --- saying it --- */

static Rt2Wish *
new_text (const gchar *text)
{
  Rt2Wish *wish = rt2_wish_new (RT2_WISH_TEXT);

  wish->command = rt2_command_new_text ("user", text, NULL);
  wish->lasting = TRUE;
  return wish;
}

static Rt2Wish *
new_asked (const gchar *json)
{
  Rt2Wish *wish = rt2_wish_new (RT2_WISH_ASKED);

  wish->command = rt2_command_new_response (json, NULL);
  wish->out_of_band = rt2_command_is_out_of_band (wish->command);
  return wish;
}

static void
want (Rt2Responses *responses, Rt2Wish *wish)
{
  g_assert_true (rt2_responses_want (responses, wish));
}

static void
want_plain (Rt2Responses *responses)
{
  want (responses, rt2_wish_new (RT2_WISH_TURN));
}

static void
want_apart (Rt2Responses *responses)
{
  want (responses, new_asked ("{\"conversation\":\"none\"}"));
}

/* The next wish may not be taken. */
static void
expect_none (Rt2Responses *responses)
{
  g_assert_false (rt2_responses_is_ready (responses));
  g_assert_null (rt2_responses_take (responses, "none"));
}

static const Rt2Wish *
take (Rt2Responses *responses, const gchar *mark)
{
  const Rt2Wish *wish;

  g_assert_true (rt2_responses_is_ready (responses));
  wish = rt2_responses_take (responses, mark);
  g_assert_nonnull (wish);
  return wish;
}

/* The next wish is one of @kind with the command @text, or without. */
static void
take_as (Rt2Responses *responses, const gchar *mark, Rt2WishKind kind,
    const gchar *text)
{
  const Rt2Wish *wish = take (responses, mark);

  g_assert_cmpint (wish->kind, ==, kind);
  g_assert_cmpstr (wish->command ? wish->command->text : NULL, ==, text);
}

static void
expect_start (Rt2Responses *responses, const gchar *id, const gchar *mark,
    Rt2Start wanted)
{
  g_assert_cmpint (rt2_responses_started (responses, id, mark), ==, wanted);
}

static void
end (Rt2Responses *responses, const gchar *id)
{
  g_assert_true (rt2_responses_ended (responses, id));
  g_assert_true (rt2_responses_is_dead (responses, id));
}

static void
expect_active (Rt2Responses *responses, const gchar *wanted)
{
  GPtrArray *list = rt2_responses_list_active (responses);
  gchar *text;

  g_ptr_array_add (list, NULL);
  text = g_strjoinv (" ", (gchar **) list->pdata);
  g_assert_cmpstr (text, ==, wanted);
  g_free (text);
  g_ptr_array_unref (list);
}

/* Nothing is under way, and nobody waits. */
static void
expect_rest (Rt2Responses *responses)
{
  expect_none (responses);
  expect_active (responses, "");
  g_assert_false (rt2_responses_is_busy (responses));
  g_assert_false (rt2_responses_is_open (responses));
}

static void
expect_busy (Rt2Responses *responses)
{
  g_assert_true (rt2_responses_is_busy (responses));
  g_assert_true (rt2_responses_is_open (responses));
}

/* --- wishes --- */

static void
test_idle (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  expect_rest (responses);
  rt2_responses_interrupt (responses);
  expect_rest (responses);
  rt2_responses_kill (responses, "nobody");
  g_assert_false (rt2_responses_is_dead (responses, "nobody"));
  g_assert_false (rt2_responses_is_out_of_band (responses, "nobody"));
  g_assert_null (rt2_responses_wish_of (responses, "nobody"));
  g_assert_null (rt2_responses_expire (responses, G_MAXINT64));
  g_assert_cmpint (rt2_responses_next_expiry (responses), ==, 0);
  g_assert_false (rt2_responses_refused (responses, NULL, TRUE));
  g_assert_false (rt2_responses_refused (responses, "nobody", FALSE));
  expect_rest (responses);
}

static void
test_wish (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();
  const Rt2Wish *wish;

  want_plain (responses);
  expect_busy (responses);
  wish = take (responses, "m1");
  expect_none (responses);
  expect_busy (responses);
  expect_active (responses, "");
  expect_start (responses, "R1", "m1", RT2_START_NEW);
  g_assert_true (rt2_responses_wish_of (responses, "R1") == wish);
  expect_active (responses, "R1");
  expect_busy (responses);
  end (responses, "R1");
  expect_rest (responses);
}

/* Any response answers all that was said before it. */
static void
test_coalescing (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  want (responses, rt2_wish_new (RT2_WISH_TURN));
  want (responses, rt2_wish_new (RT2_WISH_TOOLS));
  want (responses, rt2_wish_new (RT2_WISH_TURN));
  take (responses, "m1");
  expect_none (responses);
  expect_start (responses, "R1", "m1", RT2_START_NEW);
  end (responses, "R1");
  expect_rest (responses);
}

/* What was said while one was due, or under way, came after it. */
static void
test_wish_waits (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  want_plain (responses);
  take (responses, "m1");
  want_plain (responses);
  expect_none (responses);
  expect_start (responses, "R1", "m1", RT2_START_NEW);
  expect_none (responses);
  want_plain (responses);
  expect_none (responses);
  end (responses, "R1");
  take (responses, "m2");
  expect_none (responses);
}

/* A later message is answered together with what waits; what the application
 * asks for may be about something else. */
static void
test_served_by_later (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();
  Rt2Wish *first = new_text ("first");

  want_plain (responses);
  first->priority = 1;
  want (responses, first);
  take_as (responses, "m1", RT2_WISH_TEXT, "first");
  expect_start (responses, "R1", "m1", RT2_START_NEW);
  end (responses, "R1");
  expect_rest (responses);

  first = new_asked ("{\"instructions\":\"x\"}");
  first->priority = 1;
  want_plain (responses);
  want (responses, first);
  take_as (responses, "m2", RT2_WISH_ASKED, "{\"instructions\":\"x\"}");
  expect_start (responses, "R2", "m2", RT2_START_NEW);
  end (responses, "R2");
  take_as (responses, "m3", RT2_WISH_TURN, NULL);
}

/* Each message is sent, and each request of the application's. */
static void
test_commands_stay_apart (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();
  static const gchar *const texts[] = { "one", "two", "three" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    want (responses, new_text (texts[i]));
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    take_as (responses, texts[i], RT2_WISH_TEXT, texts[i]);
    expect_none (responses);
    expect_start (responses, texts[i], texts[i], RT2_START_NEW);
    end (responses, texts[i]);
  }
  expect_rest (responses);
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
    Rt2Wish *wish = new_text (rows[i].text);

    wish->priority = rows[i].priority;
    want (responses, wish);
  }
  for (guint i = 0; i < G_N_ELEMENTS (order); i++) {
    take_as (responses, order[i], RT2_WISH_TEXT, order[i]);
    expect_start (responses, order[i], order[i], RT2_START_NEW);
    end (responses, order[i]);
  }
  expect_rest (responses);
}

static void
test_too_many (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  for (guint i = 0; i < RT2_RESPONSES_MAX_WISHES; i++)
    want (responses, new_text ("one of many"));
  g_assert_false (rt2_responses_want (responses, new_text ("too much")));
  take (responses, "m1");
  want (responses, new_text ("room for this"));
  g_assert_false (rt2_responses_want (responses, new_text ("too much")));
  /* One that adds nothing needs no room. */
  rt2_responses_reset (responses);
  want_plain (responses);
  for (guint i = 1; i < RT2_RESPONSES_MAX_WISHES; i++)
    want (responses, new_text ("one of many"));
  want_plain (responses);
  g_assert_false (rt2_responses_want (responses, new_text ("too much")));
}

/* --- expiry --- */

static void
want_until (Rt2Responses *responses, const gchar *text, gint64 expires)
{
  Rt2Wish *wish = new_text (text);

  wish->expires = expires;
  want (responses, wish);
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
  take_as (responses, "m1", RT2_WISH_TEXT, "never");
  expect_none (responses);
}

/* What is sent can't expire, not even if it must be asked for once more: then
 * the message is in the conversation, and only the answer is missing. */
static void
test_sent_does_not_expire (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  want_until (responses, "text", 1000);
  take_as (responses, "m1", RT2_WISH_TEXT, "text");
  g_assert_cmpint (rt2_responses_next_expiry (responses), ==, 0);
  g_assert_null (rt2_responses_expire (responses, 2000));
  g_assert_true (rt2_responses_refused (responses, "m1", TRUE));
  g_assert_cmpint (rt2_responses_next_expiry (responses), ==, 0);
  g_assert_null (rt2_responses_expire (responses, 2000));
  end (responses, "R1");
  take_as (responses, "m2", RT2_WISH_TEXT, NULL);
}

/* --- refusals --- */

static void
test_refused_again (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  want_plain (responses);
  take (responses, "m1");
  expect_start (responses, "theirs", NULL, RT2_START_NEW);
  g_assert_true (rt2_responses_refused (responses, "m1", TRUE));
  g_assert_null (rt2_responses_wish_of (responses, "theirs"));
  expect_none (responses);
  end (responses, "theirs");
  take_as (responses, "m2", RT2_WISH_TURN, NULL);
  expect_none (responses);
  /* Once is enough. */
  g_assert_false (rt2_responses_refused (responses, "m1", TRUE));
}

/* The server says that one is under way of which we were told nothing. */
static void
test_refused_unannounced (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  want_plain (responses);
  take (responses, "m1");
  g_assert_true (rt2_responses_refused (responses, NULL, TRUE));
  expect_busy (responses);
  expect_none (responses);
  end (responses, "R1");
  take (responses, "m2");
}

static void
test_refused_for_good (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  want_plain (responses);
  take (responses, "m1");
  g_assert_true (rt2_responses_refused (responses, "m1", FALSE));
  expect_rest (responses);
  want_plain (responses);
  take (responses, "m2");
  g_assert_true (rt2_responses_refused (responses, NULL, FALSE));
  expect_rest (responses);
}

static void
test_refused_unknown (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  want_plain (responses);
  take (responses, "m1");
  g_assert_false (rt2_responses_refused (responses, "other", TRUE));
  g_assert_false (rt2_responses_refused (responses, "other", FALSE));
  expect_busy (responses);
  expect_none (responses);
  expect_start (responses, "R1", "m1", RT2_START_NEW);
  g_assert_nonnull (rt2_responses_wish_of (responses, "R1"));
}

/* What waits already goes with it. */
static void
test_refused_joins (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  want (responses, new_text ("text"));
  take (responses, "m1");
  want_plain (responses);
  g_assert_true (rt2_responses_refused (responses, "m1", TRUE));
  want_plain (responses);
  end (responses, "theirs");
  take_as (responses, "m2", RT2_WISH_TEXT, NULL);
  expect_start (responses, "R1", "m2", RT2_START_NEW);
  end (responses, "R1");
  expect_rest (responses);
}

/* The parameters of what the application asked for are not in the conversation
 * and must be sent again. */
static void
test_refused_keeps_parameters (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  want (responses, new_asked ("{\"instructions\":\"x\"}"));
  take (responses, "m1");
  g_assert_true (rt2_responses_refused (responses, "m1", TRUE));
  end (responses, "theirs");
  take_as (responses, "m2", RT2_WISH_ASKED, "{\"instructions\":\"x\"}");
}

/* --- whose is it? --- */

/* It carries no mark and was taken for ours; then ours is refused. */
static void
test_wrong_guess (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  want_plain (responses);
  take (responses, "m1");
  expect_start (responses, "R1", NULL, RT2_START_NEW);
  g_assert_nonnull (rt2_responses_wish_of (responses, "R1"));
  g_assert_true (rt2_responses_refused (responses, "m1", TRUE));
  g_assert_null (rt2_responses_wish_of (responses, "R1"));
  expect_active (responses, "R1");
  expect_none (responses);
  end (responses, "R1");
  take (responses, "m2");
  expect_none (responses);
}

/* A server that gave a mark back once always does. */
static void
test_no_guess (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  want_plain (responses);
  take (responses, "m1");
  expect_start (responses, "R1", "m1", RT2_START_NEW);
  end (responses, "R1");
  want_plain (responses);
  take (responses, "m2");
  expect_start (responses, "theirs", NULL, RT2_START_NEW);
  g_assert_null (rt2_responses_wish_of (responses, "theirs"));
  end (responses, "theirs");
  expect_busy (responses);
  expect_none (responses);
  expect_start (responses, "R2", "m2", RT2_START_NEW);
  g_assert_nonnull (rt2_responses_wish_of (responses, "R2"));
}

/* Another client of the session marks what it asks for, too. */
static void
test_mark_of_another (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  want_plain (responses);
  take (responses, "m1");
  expect_start (responses, "theirs", "x1", RT2_START_NEW);
  g_assert_null (rt2_responses_wish_of (responses, "theirs"));
  expect_active (responses, "theirs");
  end (responses, "theirs");
  expect_none (responses);
  expect_start (responses, "R1", "m1", RT2_START_NEW);
  end (responses, "R1");
  expect_rest (responses);
}

/* Every event of a response says that it goes on. */
static void
test_repeated_start (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  expect_start (responses, "R1", NULL, RT2_START_NEW);
  expect_start (responses, "R1", NULL, RT2_START_KNOWN);
  expect_start (responses, "R1", "m1", RT2_START_KNOWN);
  expect_active (responses, "R1");
  rt2_responses_interrupt (responses);
  expect_start (responses, "R1", NULL, RT2_START_KNOWN);
  g_assert_true (rt2_responses_is_dead (responses, "R1"));
  end (responses, "R1");
  expect_rest (responses);
}

/* response.done may be all that is ever told of one. */
static void
test_end_without_start (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  want_plain (responses);
  take (responses, "m1");
  end (responses, "R1");
  expect_rest (responses);
  rt2_responses_expect (responses);
  end (responses, "R2");
  expect_rest (responses);
}

/* --- the server's own --- */

static void
test_expected (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rt2_responses_expect (responses);
  expect_busy (responses);
  want_plain (responses);
  expect_none (responses);
  expect_start (responses, "R1", NULL, RT2_START_NEW);
  g_assert_null (rt2_responses_wish_of (responses, "R1"));
  expect_none (responses);
  end (responses, "R1");
  take (responses, "m1");
}

/* What is due goes on being due while the server's own comes first. */
static void
test_expected_before_due (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  want_plain (responses);
  take (responses, "m1");
  rt2_responses_expect (responses);
  expect_start (responses, "theirs", NULL, RT2_START_NEW);
  g_assert_null (rt2_responses_wish_of (responses, "theirs"));
  g_assert_true (rt2_responses_refused (responses, "m1", TRUE));
  expect_none (responses);
  end (responses, "theirs");
  take (responses, "m2");
  expect_none (responses);
}

/* The server can't begin its own while another is under way: we ask for it when
 * that is over, whether the server says so or not. */
static void
test_expected_behind_another (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  for (guint says = 0; says < 2; says++) {
    const gchar *first = says ? "R1" : "R3", *second = says ? "R2" : "R4";

    expect_start (responses, first, NULL, RT2_START_NEW);
    rt2_responses_expect (responses);
    if (says)
      g_assert_true (rt2_responses_refused (responses, NULL, TRUE));
    expect_none (responses);
    end (responses, first);
    take_as (responses, "m1", RT2_WISH_TURN, NULL);
    expect_start (responses, second, "m1", RT2_START_NEW);
    end (responses, second);
    expect_rest (responses);
  }
}

/* The same where only the server knows that another is in the way. */
static void
test_expected_refused (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  expect_start (responses, "R1", NULL, RT2_START_NEW);
  rt2_responses_interrupt (responses);
  rt2_responses_expect (responses);
  g_assert_true (rt2_responses_refused (responses, NULL, TRUE));
  expect_none (responses);
  end (responses, "R1");
  take_as (responses, "m1", RT2_WISH_TURN, NULL);
  expect_start (responses, "R2", "m1", RT2_START_NEW);
  end (responses, "R2");
  expect_rest (responses);
}

/* Ours that is due is not meant while the one in the way is known. */
static void
test_expected_refused_while_due (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  want_plain (responses);
  take (responses, "m1");
  rt2_responses_expect (responses);
  expect_start (responses, "theirs", NULL, RT2_START_NEW);
  rt2_responses_interrupt (responses);
  rt2_responses_expect (responses);
  g_assert_true (rt2_responses_refused (responses, NULL, TRUE));
  end (responses, "theirs");
  expect_none (responses);
  expect_start (responses, "R1", "m1", RT2_START_VOID);
  end (responses, "R1");
  take_as (responses, "m2", RT2_WISH_TURN, NULL);
}

/* --- out of band --- */

static void
test_out_of_band (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  want_plain (responses);
  take (responses, "m1");
  want_apart (responses);
  want_apart (responses);
  take_as (responses, "a1", RT2_WISH_ASKED, "{\"conversation\":\"none\"}");
  take (responses, "a2");
  expect_none (responses);
  expect_start (responses, "R1", "m1", RT2_START_NEW);
  expect_start (responses, "A2", "a2", RT2_START_NEW);
  expect_start (responses, "A1", "a1", RT2_START_NEW);
  g_assert_true (rt2_responses_is_out_of_band (responses, "A1"));
  g_assert_true (rt2_responses_is_out_of_band (responses, "A2"));
  g_assert_false (rt2_responses_is_out_of_band (responses, "R1"));
  expect_active (responses, "R1");
  end (responses, "R1");
  /* They are in nobody's way, but they are there. */
  g_assert_false (rt2_responses_is_busy (responses));
  g_assert_true (rt2_responses_is_open (responses));
  want_plain (responses);
  take (responses, "m2");
  expect_start (responses, "R2", "m2", RT2_START_NEW);
  end (responses, "R2");
  end (responses, "A1");
  g_assert_true (rt2_responses_is_open (responses));
  end (responses, "A2");
  expect_rest (responses);
}

static void
test_out_of_band_is_open (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  want_apart (responses);
  g_assert_false (rt2_responses_is_busy (responses));
  g_assert_true (rt2_responses_is_open (responses));
  take (responses, "a1");
  g_assert_false (rt2_responses_is_busy (responses));
  g_assert_true (rt2_responses_is_open (responses));
  /* It answers nothing that was said. */
  want_plain (responses);
  take (responses, "m1");
  g_assert_true (rt2_responses_refused (responses, "a1", FALSE));
  expect_start (responses, "R1", "m1", RT2_START_NEW);
  end (responses, "R1");
  expect_rest (responses);
}

/* An interruption is about what is heard. */
static void
test_out_of_band_interrupted (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  want_apart (responses);
  take (responses, "a1");
  expect_start (responses, "A1", "a1", RT2_START_NEW);
  want_apart (responses);
  take (responses, "a2");
  want_apart (responses);
  rt2_responses_interrupt (responses);
  g_assert_false (rt2_responses_is_dead (responses, "A1"));
  expect_start (responses, "A2", "a2", RT2_START_NEW);
  g_assert_false (rt2_responses_is_dead (responses, "A2"));
  take (responses, "a3");
  expect_none (responses);
}

/* --- interruptions --- */

static void
test_interrupt_running (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  expect_start (responses, "R1", NULL, RT2_START_NEW);
  rt2_responses_interrupt (responses);
  g_assert_true (rt2_responses_is_dead (responses, "R1"));
  expect_active (responses, "");
  /* It still writes to the conversation until its end. */
  want_plain (responses);
  expect_busy (responses);
  expect_none (responses);
  end (responses, "R1");
  take (responses, "m1");
  expect_start (responses, "R2", "m1", RT2_START_NEW);
  g_assert_false (rt2_responses_is_dead (responses, "R2"));
}

/* One that is on its way is dead when it comes, once. */
static void
test_interrupt_due (void)
{
  static const gchar *const marks[] = { "m1", NULL };

  for (guint i = 0; i < G_N_ELEMENTS (marks); i++) {
    g_autoptr (Rt2Responses) responses = rt2_responses_new ();

    want_plain (responses);
    take (responses, "m1");
    rt2_responses_interrupt (responses);
    expect_busy (responses);
    expect_start (responses, "R1", marks[i], RT2_START_VOID);
    expect_start (responses, "R1", marks[i], RT2_START_KNOWN);
    g_assert_true (rt2_responses_is_dead (responses, "R1"));
    expect_active (responses, "");
    end (responses, "R1");
    expect_rest (responses);
  }
}

/* Refused, it is not asked for again. */
static void
test_interrupt_refused (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  want_plain (responses);
  take (responses, "m1");
  rt2_responses_interrupt (responses);
  g_assert_true (rt2_responses_refused (responses, "m1", TRUE));
  end (responses, "theirs");
  expect_rest (responses);
}

static void
test_interrupt_expected (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rt2_responses_expect (responses);
  rt2_responses_interrupt (responses);
  g_assert_false (rt2_responses_is_busy (responses));
  expect_start (responses, "R1", NULL, RT2_START_VOID);
  g_assert_true (rt2_responses_is_dead (responses, "R1"));
  end (responses, "R1");
  /* Only that one. */
  expect_start (responses, "R2", NULL, RT2_START_NEW);
  end (responses, "R2");
  expect_rest (responses);
}

/* The next turn's is wanted, although the last one's was not. */
static void
test_interrupt_then_expect (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  rt2_responses_expect (responses);
  rt2_responses_interrupt (responses);
  rt2_responses_expect (responses);
  expect_start (responses, "R1", NULL, RT2_START_NEW);
  g_assert_false (rt2_responses_is_dead (responses, "R1"));
}

static void
test_interrupt_wishes (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  expect_start (responses, "R1", NULL, RT2_START_NEW);
  want_plain (responses);
  want (responses, new_asked ("{}"));
  want (responses, new_text ("stands"));
  rt2_responses_interrupt (responses);
  end (responses, "R1");
  take_as (responses, "m1", RT2_WISH_TEXT, "stands");
  expect_start (responses, "R2", "m1", RT2_START_NEW);
  end (responses, "R2");
  expect_rest (responses);
}

/* A plain wish that stands makes all that it stands for do so. */
static void
test_interrupt_lasting_plain (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();
  Rt2Wish *wish = rt2_wish_new (RT2_WISH_TURN);

  expect_start (responses, "R1", NULL, RT2_START_NEW);
  want_plain (responses);
  wish->lasting = TRUE;
  want (responses, wish);
  rt2_responses_interrupt (responses);
  end (responses, "R1");
  take (responses, "m1");
  expect_none (responses);
}

static void
test_kill (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  expect_start (responses, "R1", NULL, RT2_START_NEW);
  expect_start (responses, "R2", NULL, RT2_START_NEW);
  want_plain (responses);
  rt2_responses_kill (responses, "R1");
  g_assert_true (rt2_responses_is_dead (responses, "R1"));
  g_assert_false (rt2_responses_is_dead (responses, "R2"));
  expect_active (responses, "R2");
  end (responses, "R1");
  expect_none (responses);
  end (responses, "R2");
  take (responses, "m1");
}

/* --- stragglers and bounds --- */

static void
test_stragglers (void)
{
  g_autoptr (Rt2Responses) responses = rt2_responses_new ();

  expect_start (responses, "R1", NULL, RT2_START_NEW);
  end (responses, "R1");
  want_plain (responses);
  take (responses, "m1");
  /* They say nothing about what is due. */
  expect_start (responses, "R1", NULL, RT2_START_KNOWN);
  g_assert_false (rt2_responses_ended (responses, "R1"));
  g_assert_true (rt2_responses_is_dead (responses, "R1"));
  expect_active (responses, "");
  expect_busy (responses);
  expect_start (responses, "R2", NULL, RT2_START_NEW);
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

    expect_start (responses, id, NULL, RT2_START_NEW);
    end (responses, id);
    g_assert_true (rt2_responses_is_dead (responses, old));
    expect_start (responses, old, NULL, RT2_START_KNOWN);
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

    expect_start (responses, id, NULL, RT2_START_NEW);
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

  expect_start (responses, "R1", NULL, RT2_START_NEW);
  expect_start (responses, "R2", NULL, RT2_START_NEW);
  end (responses, "R2");
  rt2_responses_expect (responses);
  rt2_responses_interrupt (responses);
  want_plain (responses);
  want_apart (responses);
  take (responses, "a1");
  want (responses, new_text ("text"));
  rt2_responses_expect (responses);
  rt2_responses_reset (responses);
  expect_rest (responses);
  g_assert_false (rt2_responses_is_dead (responses, "R1"));
  g_assert_false (rt2_responses_is_dead (responses, "R2"));
  g_assert_false (rt2_responses_refused (responses, "a1", TRUE));
  /* The next server may give no marks back. */
  want_plain (responses);
  take (responses, "m1");
  expect_start (responses, "R1", NULL, RT2_START_NEW);
  g_assert_nonnull (rt2_responses_wish_of (responses, "R1"));
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
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_wishes ();
  add_responses ();
  return g_test_run ();
}
