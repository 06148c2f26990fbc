/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the looks at the file of a key come to: when the key in it really is
 * another one, and when the file is no good for long. Pure: knows no file and
 * no clock.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _Rt2KeyWatch Rt2KeyWatch;

typedef enum {
  RT2_KEY_NEWS_NONE,
  RT2_KEY_NEWS_CHANGED, /* there is another key than the one that serves */
  RT2_KEY_NEWS_BROKEN,  /* there has been no key for some time; said once */
} Rt2KeyNews;

/* Looks in a row that find the same other key before it counts: what is half
 * written at one is not at the next. */
#define RT2_KEY_WATCH_SAME 2
/* Looks in a row that find no key before that is told of. */
#define RT2_KEY_WATCH_BROKEN 10

/* No key serves yet. */
Rt2KeyWatch *rt2_key_watch_new (void);
/* Wipes what it knows. */
void rt2_key_watch_free (Rt2KeyWatch *watch);

/* @key is the one that serves from now on; NULL = none does. Makes a copy. */
void rt2_key_watch_serve (Rt2KeyWatch *watch, const gchar *key);

/* A look found @key; NULL if there was none. CHANGED is said again at each look
 * until that key serves. */
Rt2KeyNews rt2_key_watch_look (Rt2KeyWatch *watch, const gchar *key);

G_END_DECLS
