/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes down what passes a WebSocket. Works on text, so that an event which
 * no parser takes is on record too. */
#define _GNU_SOURCE /* memrchr() */
#include "wirelog.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Base64 that is longer is audio or an image, not an id or a word. */
#define LONGEST 128
#define LEFT 8 /* letters: two whole groups */

static int
open_file (void)
{
  const gchar *directory = g_getenv ("RT2_WIRE_LOG");
  const gchar *program = g_get_prgname ();
  g_autofree gchar *base = NULL, *name = NULL, *path = NULL;
  int fd;

  if (directory == NULL || *directory == '\0')
    return -1;
  /* It may be a path. */
  base = g_path_get_basename (program != NULL ? program : "program");
  name = g_strdup_printf ("%s-%d.jsonl", base, (int) getpid ());
  path = g_build_filename (directory, name, NULL);
  fd = open (path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0)
    g_printerr (
        "RT2_WIRE_LOG: %s cannot be written: %s\n", path, g_strerror (errno));
  return fd;
}

/* -1: not asked for, or not possible. Open until the process ends. */
static int
get_file (void)
{
  static gsize once;
  static int fd;

  if (g_once_init_enter (&once)) {
    fd = open_file ();
    g_once_init_leave (&once, 1);
  }
  return fd;
}

guint
wirelog_open (void)
{
  static gint last;

  return g_atomic_int_add (&last, 1) + 1;
}

static gboolean
is_base64 (const gchar *text, gsize length)
{
  gsize i, end = length;

  while (end > 0 && length - end < 2 && text[end - 1] == '=')
    end--;
  for (i = 0; i < end; i++)
    if (!g_ascii_isalnum (text[i]) && text[i] != '+' && text[i] != '/')
      return FALSE;
  return length % 4 == 0;
}

/* Cuts the string that ends here, if its last stretch is long base64: all of
 * it, or what follows "base64," in a data URI. */
static void
cut (GString *line, gsize start)
{
  const gchar *comma = memrchr (line->str + start, ',', line->len - start);
  gsize from = comma != NULL ? (gsize) (comma + 1 - line->str) : start;
  gsize length = line->len - from;

  if (length > LONGEST && is_base64 (line->str + from, length))
    g_string_truncate (line, from + LEFT);
}

/* Makes one line of it: a line break between two tokens is a space. */
static void
append_event (GString *line, const gchar *text)
{
  gboolean inside = FALSE, is_break;
  gsize start = 0;
  gsize i;

  for (i = 0; text[i] != '\0'; i++) {
    if (text[i] == '"') {
      if (inside)
        cut (line, start);
      inside = !inside;
      start = line->len + 1;
    }
    is_break = text[i] == '\n' || text[i] == '\r';
    /* In a string it is an error, and shall stay one. */
    g_string_append_c (line, is_break && !inside ? ' ' : text[i]);
    if (inside && text[i] == '\\' && text[i + 1] != '\0')
      g_string_append_c (line, text[++i]);
  }
}

void
wirelog_add (guint connection, const gchar *direction, const gchar *text)
{
  int fd = get_file ();
  GString *line;

  if (fd < 0)
    return;
  line = g_string_sized_new (512);
  g_string_printf (line,
      "{\"connection\":%u,\"dir\":\"%s\",\"event\":", connection, direction);
  append_event (line, text != NULL ? text : "");
  g_string_append (line, "}\n");
  /* In one piece: several threads and forks append. */
  if (write (fd, line->str, line->len) != (gssize) line->len)
    g_printerr ("RT2_WIRE_LOG: an event could not be written.\n");
  g_string_free (line, TRUE);
}
