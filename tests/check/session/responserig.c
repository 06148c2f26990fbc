/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What tests of the response sequencer do and look at.
 */
#include "responserig.h"

Rt2Wish *
rr_new_text (const gchar *text)
{
  Rt2Wish *wish = rt2_wish_new (RT2_WISH_TEXT);

  wish->command = rt2_command_new_text ("user", text, NULL);
  wish->lasting = TRUE;
  return wish;
}

Rt2Wish *
rr_new_asked (const gchar *json)
{
  Rt2Wish *wish = rt2_wish_new (RT2_WISH_ASKED);

  wish->command = rt2_command_new_response (json, NULL);
  wish->out_of_band = rt2_command_is_out_of_band (wish->command);
  return wish;
}

void
rr_want (Rt2Responses *responses, Rt2Wish *wish)
{
  g_assert_true (rt2_responses_want (responses, wish));
}

void
rr_want_plain (Rt2Responses *responses)
{
  rr_want (responses, rt2_wish_new (RT2_WISH_TURN));
}

void
rr_want_apart (Rt2Responses *responses)
{
  rr_want (responses, rr_new_asked ("{\"conversation\":\"none\"}"));
}

/* The next wish may not be taken. */
void
rr_expect_none (Rt2Responses *responses)
{
  g_assert_false (rt2_responses_is_ready (responses));
  g_assert_null (rt2_responses_take (responses, "none"));
}

const Rt2Wish *
rr_take (Rt2Responses *responses, const gchar *mark)
{
  const Rt2Wish *wish;

  g_assert_true (rt2_responses_is_ready (responses));
  wish = rt2_responses_take (responses, mark);
  g_assert_nonnull (wish);
  return wish;
}

/* The next wish is one of @kind with the command @text, or without. */
void
rr_take_as (Rt2Responses *responses, const gchar *mark, Rt2WishKind kind,
    const gchar *text)
{
  const Rt2Wish *wish = rr_take (responses, mark);

  g_assert_cmpint (wish->kind, ==, kind);
  g_assert_cmpstr (wish->command ? wish->command->text : NULL, ==, text);
}

void
rr_expect_start (Rt2Responses *responses, const gchar *id, const gchar *mark,
    Rt2Start wanted)
{
  g_assert_cmpint (rt2_responses_started (responses, id, mark), ==, wanted);
}

void
rr_end (Rt2Responses *responses, const gchar *id)
{
  g_assert_true (rt2_responses_ended (responses, id));
  g_assert_true (rt2_responses_is_dead (responses, id));
}

void
rr_expect_active (Rt2Responses *responses, const gchar *wanted)
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
void
rr_expect_rest (Rt2Responses *responses)
{
  rr_expect_none (responses);
  rr_expect_active (responses, "");
  g_assert_false (rt2_responses_is_busy (responses));
  g_assert_false (rt2_responses_is_open (responses));
}

void
rr_expect_busy (Rt2Responses *responses)
{
  g_assert_true (rt2_responses_is_busy (responses));
  g_assert_true (rt2_responses_is_open (responses));
}
