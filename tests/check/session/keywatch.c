/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What looks at a file with a key come to: a key that stays there is news until
 * it serves, one that is there for a moment is not, nor is a file that is no
 * good for a moment.
 */
#include "rt2keywatch.h"

/* Looks, a word each: a key, or "-" for none. What they come to, a letter each:
 * Changed, Broken, or a dot. */
typedef struct {
  const gchar *served, *looks, *news;
} Case;

/* One less than are told of. */
#define NONE_9 "- - - - - - - - -"
G_STATIC_ASSERT (RT2_KEY_WATCH_BROKEN == 10);

static const Case cases[] = {
  { "a", "a a a", "..." },
  { "a", "b b", ".C" },
  /* Until it serves. */
  { "a", "b b b b", ".CCC" },
  /* Half of it, and the rest. */
  { "a", "b bc bc", "..C" },
  { "a", "- b - bc - bcd bcd", "......C" },
  /* A burst: only the last stays. */
  { "a", "b c d e e", "....C" },
  { "a", "b a b a b a", "......" },
  /* Back before anything came of it. */
  { "a", "b a a a", "...." },
  { "a", "b b a", ".C." },
  { "a", "b b c c", ".C.C" },
  /* What differs by its end, its beginning or its case is another one. */
  { "ab", "abc abc", ".C" },
  { "ab", "a a", ".C" },
  { "ab", "AB AB", ".C" },
  /* A file that is away for a while, and comes again. */
  { "a", "- a", ".." },
  { "a", NONE_9 " a",
      "........."
      "." },
  { "a", NONE_9 " b b",
      "........."
      ".C" },
  { "a", NONE_9 " - - - -",
      "........."
      "B..." },
  { "a", NONE_9 " - a " NONE_9 " -",
      "........."
      "B."
      "........."
      "B" },
  { "a", NONE_9 " - b b",
      "........."
      "B.C" },
  { "a", NONE_9 " b " NONE_9 " -",
      "........."
      "."
      "........."
      "B" },
  /* None was known. */
  { NULL, "b b", ".C" },
  { NULL, "- - b b", "...C" },
};

static void
test_looks (void)
{
  static const gchar letters[] = ".CB";

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    Rt2KeyWatch *watch = rt2_key_watch_new ();
    g_auto (GStrv) looks = g_strsplit (cases[i].looks, " ", -1);
    g_autoptr (GString) news = g_string_new (NULL);

    rt2_key_watch_serve (watch, cases[i].served);
    for (guint k = 0; looks[k]; k++)
      g_string_append_c (news,
          letters[rt2_key_watch_look (
              watch, looks[k][0] == '-' ? NULL : looks[k])]);
    if (!g_str_equal (news->str, cases[i].news))
      g_error ("after %s, %s comes to %s, and not to %s", cases[i].served,
          cases[i].looks, news->str, cases[i].news);
    rt2_key_watch_free (watch);
  }
}

static void
test_served (void)
{
  Rt2KeyWatch *watch = rt2_key_watch_new ();

  rt2_key_watch_serve (watch, "a");
  rt2_key_watch_look (watch, "b");
  rt2_key_watch_serve (watch, "b");
  for (guint i = 0; i < 3; i++)
    g_assert_cmpint (rt2_key_watch_look (watch, "b"), ==, RT2_KEY_NEWS_NONE);
  /* The first is another one by now, and has its own two looks. */
  g_assert_cmpint (rt2_key_watch_look (watch, "a"), ==, RT2_KEY_NEWS_NONE);
  g_assert_cmpint (rt2_key_watch_look (watch, "a"), ==, RT2_KEY_NEWS_CHANGED);
  /* A look that was taken before another served does not count. */
  rt2_key_watch_serve (watch, "c");
  g_assert_cmpint (rt2_key_watch_look (watch, "a"), ==, RT2_KEY_NEWS_NONE);
  g_assert_cmpint (rt2_key_watch_look (watch, "a"), ==, RT2_KEY_NEWS_CHANGED);
  rt2_key_watch_free (watch);
}

/* What serves is read from elsewhere: the file was good then. */
static void
test_served_meanwhile (void)
{
  Rt2KeyWatch *watch = rt2_key_watch_new ();

  for (guint i = 1; i < RT2_KEY_WATCH_BROKEN; i++)
    rt2_key_watch_look (watch, NULL);
  rt2_key_watch_serve (watch, "a");
  g_assert_cmpint (rt2_key_watch_look (watch, NULL), ==, RT2_KEY_NEWS_NONE);
  rt2_key_watch_free (watch);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/keywatch/looks", test_looks);
  g_test_add_func ("/keywatch/served", test_served);
  g_test_add_func ("/keywatch/served-meanwhile", test_served_meanwhile);
  return g_test_run ();
}
