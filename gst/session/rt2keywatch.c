/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the looks at the file of a key come to.
 */
#include "rt2keywatch.h"

#include "rt2types.h"

struct _Rt2KeyWatch {
  gchar *served; /* the key in use, or that was asked for last; or NULL */
  gchar *other;  /* another, that the last look found; or NULL */
  guint same;    /* looks in a row that found `other` */
  guint broken;  /* looks in a row that found none */
};

Rt2KeyWatch *
rt2_key_watch_new (void)
{
  return g_new0 (Rt2KeyWatch, 1);
}

static void
forget_other (Rt2KeyWatch *watch)
{
  g_clear_pointer (&watch->other, rt2_secret_free);
  watch->same = 0;
}

void
rt2_key_watch_free (Rt2KeyWatch *watch)
{
  forget_other (watch);
  rt2_secret_free (watch->served);
  g_free (watch);
}

void
rt2_key_watch_serve (Rt2KeyWatch *watch, const gchar *key)
{
  gchar *copy = g_strdup (key);

  rt2_secret_free (watch->served);
  watch->served = copy;
  watch->broken = 0;
  forget_other (watch);
}

static Rt2KeyNews
look_at_other (Rt2KeyWatch *watch, const gchar *key)
{
  if (g_strcmp0 (key, watch->other) != 0) {
    forget_other (watch);
    watch->other = g_strdup (key);
  }
  watch->same = MIN (watch->same + 1, RT2_KEY_WATCH_SAME);
  return watch->same == RT2_KEY_WATCH_SAME ? RT2_KEY_NEWS_CHANGED
                                           : RT2_KEY_NEWS_NONE;
}

Rt2KeyNews
rt2_key_watch_look (Rt2KeyWatch *watch, const gchar *key)
{
  if (!key) {
    forget_other (watch);
    watch->broken = MIN (watch->broken + 1, RT2_KEY_WATCH_BROKEN + 1);
    return watch->broken == RT2_KEY_WATCH_BROKEN ? RT2_KEY_NEWS_BROKEN
                                                 : RT2_KEY_NEWS_NONE;
  }
  watch->broken = 0;
  if (g_strcmp0 (key, watch->served) == 0) {
    forget_other (watch);
    return RT2_KEY_NEWS_NONE;
  }
  return look_at_other (watch, key);
}
