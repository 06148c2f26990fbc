/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keys that a server quotes, taken out of its words.
 */
#define _GNU_SOURCE /* memmem() */
#include "rt2mask.h"

#include <string.h>

#define MASK "***"
/* Bytes of the shortest key that is taken out. */
#define SHORTEST 16

/* Of numbers and of the words true, false and null none is so long, but a
 * number may have any length. */
gboolean
rt2_mask_is_safe (const gchar *key)
{
  gboolean has_letter = FALSE;
  gsize size = 0;

  for (; key && key[size]; size++) {
    gchar c = key[size];

    if (!g_ascii_isalnum (c) && !strchr ("-_.~+/=", c))
      return FALSE;
    has_letter |= g_ascii_isalpha (c) && g_ascii_tolower (c) != 'e';
  }
  return size >= SHORTEST && has_letter;
}

GBytes *
rt2_mask_bytes (GBytes *text, const gchar *key)
{
  gsize size, length = strlen (key);
  const gchar *from = g_bytes_get_data (text, &size), *end = from + size, *at;
  GString *clean;

  at = size > 0 ? memmem (from, size, key, length) : NULL;
  if (!at)
    return text;
  clean = g_string_sized_new (size);
  for (; at; at = memmem (from, end - from, key, length)) {
    g_string_append_len (clean, from, at - from);
    g_string_append (clean, MASK);
    explicit_bzero ((gpointer) at, length);
    from = at + length;
  }
  g_string_append_len (clean, from, end - from);
  g_bytes_unref (text);
  return g_string_free_to_bytes (clean);
}

void
rt2_mask_string (GString *text, const gchar *key)
{
  gsize length = strlen (key);
  gchar *at = text->str;

  while ((at = memmem (at, text->str + text->len - at, key, length))) {
    gsize rest = text->str + text->len - (at + length);

    memcpy (at, MASK, strlen (MASK));
    memmove (at + strlen (MASK), at + length, rest);
    explicit_bzero (at + strlen (MASK) + rest, length - strlen (MASK));
    text->len -= length - strlen (MASK);
    at += strlen (MASK);
  }
}
