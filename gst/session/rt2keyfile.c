/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads a key without any buffering but our own, so that all of it is wiped.
 */
#include "rt2keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* White space around the key may take so much. */
#define MAX_BLANK 1024
#define BUFFER_SIZE (RT2_KEY_FILE_MAX + MAX_BLANK)

static void
set_system_error (GError **error)
{
  g_set_error_literal (
      error, G_IO_ERROR, g_io_error_from_errno (errno), g_strerror (errno));
}

/* What the file begins with, as far as it fits; the number of bytes, or -1. It
 * does not wait for what is no plain file to be written to. */
static gssize
read_start (const gchar *path, gchar *buffer, gboolean *exposed, GError **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat status;
  gssize size = 0, n = -1;

  if (fd >= 0 && fstat (fd, &status) == 0) {
    *exposed = (status.st_mode & S_IROTH) != 0;
    do {
      n = read (fd, buffer + size, BUFFER_SIZE - size);
      size += MAX (n, 0);
    } while ((n > 0 && size < BUFFER_SIZE) || (n < 0 && errno == EINTR));
  }
  if (n < 0)
    set_system_error (error);
  if (fd >= 0)
    close (fd);
  return n < 0 ? -1 : size;
}

/* The key in @buffer, or NULL. */
static gchar *
take_key (const gchar *buffer, gsize size, GError **error)
{
  const gchar *end = memchr (buffer, '\n', size);
  gsize from = 0, to = end ? (gsize) (end - buffer) : size;
  const gchar *wrong = NULL;

  while (to > 0 && g_ascii_isspace (buffer[to - 1]))
    to--;
  while (from < to && g_ascii_isspace (buffer[from]))
    from++;
  if (from == to)
    wrong = "there is no key in its first line";
  else if (to - from > RT2_KEY_FILE_MAX || (!end && size == BUFFER_SIZE))
    wrong = "its first line is too long for a key";
  for (gsize i = from; i < to && !wrong; i++)
    if (!g_ascii_isgraph (buffer[i]))
      wrong = "its first line is not a key, which has neither blanks nor "
              "anything but printable ASCII in it";
  if (!wrong)
    return g_strndup (buffer + from, to - from);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, wrong);
  return NULL;
}

gchar *
rt2_key_file_read (const gchar *path, gboolean *exposed, GError **error)
{
  gchar *buffer = g_malloc (BUFFER_SIZE);
  gchar *key = NULL;
  gssize size;

  *exposed = FALSE;
  size = read_start (path, buffer, exposed, error);
  if (size >= 0)
    key = take_key (buffer, size, error);
  explicit_bzero (buffer, BUFFER_SIZE);
  g_free (buffer);
  return key;
}
