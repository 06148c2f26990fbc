/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Words that were shown are not shown again; words that are new are, however
 * close by they were said.
 */
#include "rt2shown.h"

#define MS G_GUINT64_CONSTANT (1000000)
#define NONE G_MAXUINT64

static Rt2ShownKind
judge (Rt2Shown *shown, guint64 start_ms, guint64 end_ms)
{
  const gchar *item_id;
  Rt2ShownKind kind = rt2_shown_judge (
      shown, start_ms * MS, end_ms * MS, &item_id);

  g_assert_true ((item_id != NULL) == (kind == RT2_SHOWN_PART));
  return kind;
}

static void
note (Rt2Shown *shown, const gchar *id, guint start_ms, guint end_ms)
{
  rt2_shown_note (shown, id, start_ms * MS, end_ms * MS, TRUE);
}

/* What one connection shows, it shows. */
static void
test_one_connection (void)
{
  g_autoptr (Rt2Shown) shown = rt2_shown_new ();

  g_assert_cmpint (judge (shown, 0, 1000), ==, RT2_SHOWN_NOT);
  note (shown, "a", 1000, 2000);
  g_assert_cmpint (judge (shown, 1000, 2000), ==, RT2_SHOWN_NOT);
  g_assert_false (rt2_shown_may_repeat (shown, 1000 * MS));
}

/* On the next: the same instants, give or take what a VAD sees otherwise. */
static void
test_again (void)
{
  static const struct {
    guint start, end;
    Rt2ShownKind kind;
  } cases[] = {
    { 2000, 3000, RT2_SHOWN_WHOLE },
    { 1600, 3400, RT2_SHOWN_WHOLE },
    { 2300, 2900, RT2_SHOWN_WHOLE },
    /* More was said before or after it. */
    { 1400, 3000, RT2_SHOWN_NOT },
    { 2000, 3600, RT2_SHOWN_NOT },
    /* Hardly any of it is the same. */
    { 2900, 3400, RT2_SHOWN_NOT },
    { 1600, 2100, RT2_SHOWN_NOT },
    /* Something else. */
    { 3000, 3300, RT2_SHOWN_NOT },
    { 3100, 4000, RT2_SHOWN_NOT },
    { 1000, 2000, RT2_SHOWN_NOT },
  };
  g_autoptr (Rt2Shown) shown = rt2_shown_new ();

  note (shown, "a", 2000, 3000);
  rt2_shown_disconnected (shown);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_test_message ("%u to %u", cases[i].start, cases[i].end);
    g_assert_cmpint (
        judge (shown, cases[i].start, cases[i].end), ==, cases[i].kind);
  }
  g_assert_true (rt2_shown_may_repeat (shown, 1600 * MS));
  g_assert_true (rt2_shown_may_repeat (shown, 2999 * MS));
  g_assert_false (rt2_shown_may_repeat (shown, 3000 * MS));
  g_assert_false (rt2_shown_may_repeat (shown, 1400 * MS));
}

/* Two turns that became one were shown if both were. */
static void
test_joined (void)
{
  g_autoptr (Rt2Shown) shown = rt2_shown_new ();

  note (shown, "a", 2000, 3000);
  rt2_shown_disconnected (shown);
  g_assert_cmpint (judge (shown, 2000, 4500), ==, RT2_SHOWN_NOT);
  note (shown, "b", 3400, 4400);
  rt2_shown_disconnected (shown);
  g_assert_cmpint (judge (shown, 2000, 4500), ==, RT2_SHOWN_WHOLE);
}

/* What was begun is completed as what it was. */
static void
test_part (void)
{
  g_autoptr (Rt2Shown) shown = rt2_shown_new ();
  const gchar *id;

  rt2_shown_note (shown, "a", 2000 * MS, NONE, FALSE);
  rt2_shown_disconnected (shown);
  g_assert_true (rt2_shown_may_repeat (shown, 2200 * MS));
  g_assert_false (rt2_shown_may_repeat (shown, 2800 * MS));
  g_assert_cmpint (
      rt2_shown_judge (shown, 2200 * MS, 3000 * MS, &id), ==, RT2_SHOWN_PART);
  g_assert_cmpstr (id, ==, "a");
  g_assert_cmpint (judge (shown, 2800, 3600), ==, RT2_SHOWN_NOT);
  /* Then all of it is shown. */
  note (shown, "a", 2200, 3000);
  g_assert_cmpint (judge (shown, 2200, 3000), ==, RT2_SHOWN_WHOLE);
}

/* Nothing is known of what has no instants. */
static void
test_unknown (void)
{
  g_autoptr (Rt2Shown) shown = rt2_shown_new ();
  const gchar *id;

  rt2_shown_note (shown, "a", NONE, NONE, TRUE);
  rt2_shown_note (shown, NULL, 0, MS, TRUE);
  rt2_shown_disconnected (shown);
  g_assert_false (rt2_shown_may_repeat (shown, NONE));
  g_assert_cmpint (rt2_shown_judge (shown, NONE, NONE, &id), ==, RT2_SHOWN_NOT);
  g_assert_cmpint (rt2_shown_judge (shown, 0, NONE, &id), ==, RT2_SHOWN_NOT);
  g_assert_null (id);
}

/* The oldest are forgotten. */
static void
test_bound (void)
{
  g_autoptr (Rt2Shown) shown = rt2_shown_new ();

  for (guint i = 0; i <= RT2_SHOWN_MAX; i++) {
    g_autofree gchar *id = g_strdup_printf ("item-%u", i);

    note (shown, id, i * 2000, i * 2000 + 1000);
  }
  rt2_shown_disconnected (shown);
  g_assert_cmpint (judge (shown, 0, 1000), ==, RT2_SHOWN_NOT);
  g_assert_cmpint (judge (shown, 2000, 3000), ==, RT2_SHOWN_WHOLE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/shown/one-connection", test_one_connection);
  g_test_add_func ("/shown/again", test_again);
  g_test_add_func ("/shown/joined", test_joined);
  g_test_add_func ("/shown/part", test_part);
  g_test_add_func ("/shown/unknown", test_unknown);
  g_test_add_func ("/shown/bound", test_bound);
  return g_test_run ();
}
