/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The key in a file: its first line, and nothing that is no key. No error
 * quotes what is in the file.
 */
#include "rt2keyfile.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

static gchar *directory;

static gchar *
write_file (gconstpointer content, gssize size)
{
  gchar *path = g_build_filename (directory, "key", NULL);

  g_assert_true (g_file_set_contents (path, content, size, NULL));
  g_assert_cmpint (g_chmod (path, 0600), ==, 0);
  return path;
}

static void
test_taken (void)
{
  static const struct {
    const gchar *content;
    const gchar *key;
  } cases[] = {
    { "sk-1", "sk-1" },
    { "sk-1\n", "sk-1" },
    { "  sk-1 \t\r\nsecond line\n", "sk-1" },
    { "sk-1\n\xff\xfe", "sk-1" },
    { "~!\"#", "~!\"#" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree gchar *path = write_file (cases[i].content, -1);
    g_autoptr (GError) error = NULL;
    gboolean exposed = TRUE;
    g_autofree gchar *key = rt2_key_file_read (path, &exposed, &error);

    g_assert_no_error (error);
    g_assert_cmpstr (key, ==, cases[i].key);
    g_assert_false (exposed);
  }
}

static void
assert_refused (const gchar *path, const gchar *word)
{
  g_autoptr (GError) error = NULL;
  gboolean exposed;

  g_assert_null (rt2_key_file_read (path, &exposed, &error));
  g_assert_nonnull (error);
  if (!strstr (error->message, word))
    g_error ("\"%s\" does not say %s", error->message, word);
  g_assert_null (strstr (error->message, "sk-"));
}

static void
test_refused (void)
{
  static const struct {
    const gchar *content;
    gssize size;
    const gchar *word;
  } cases[] = {
    { "", 0, "no key" },
    { "\n", 1, "no key" },
    { " \t\nsk-1", 7, "no key" },
    { "sk-1 2", 6, "not a key" },
    { "sk-\0001", 5, "not a key" },
    { "sk-\xc3\xa4", 5, "not a key" },
    { "\x7f"
      "ELF",
        4, "not a key" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree gchar *path = write_file (cases[i].content, cases[i].size);

    assert_refused (path, cases[i].word);
  }
}

static void
test_length (void)
{
  g_autofree gchar *longest = g_strnfill (RT2_KEY_FILE_MAX, 'k');
  g_autofree gchar *longer = g_strnfill (RT2_KEY_FILE_MAX + 1, 'k');
  g_autofree gchar *huge = g_strnfill (1000000, 'k');
  g_autofree gchar *path = write_file (longest, -1);
  gboolean exposed;
  g_autofree gchar *key = rt2_key_file_read (path, &exposed, NULL);

  g_assert_cmpstr (key, ==, longest);
  g_free (write_file (longer, -1));
  assert_refused (path, "too long");
  g_free (write_file (huge, -1));
  assert_refused (path, "too long");
}

/* A directory, nothing, and what nobody writes to. */
static void
test_unreadable (void)
{
  g_autofree gchar *missing = g_build_filename (directory, "no", NULL);
  g_autofree gchar *fifo = g_build_filename (directory, "fifo", NULL);

  assert_refused (missing, "No such file");
  assert_refused (directory, "directory");
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  assert_refused (fifo, "no key");
  g_remove (fifo);
}

static void
test_exposed (void)
{
  g_autofree gchar *path = write_file ("sk-1", -1);
  static const struct {
    gint mode;
    gboolean exposed;
  } cases[] = { { 0644, TRUE }, { 0604, TRUE }, { 0640, FALSE },
    { 0400, FALSE } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    gboolean exposed;
    g_autofree gchar *key = NULL;

    g_assert_cmpint (g_chmod (path, cases[i].mode), ==, 0);
    key = rt2_key_file_read (path, &exposed, NULL);
    g_assert_cmpstr (key, ==, "sk-1");
    g_assert_cmpint (exposed, ==, cases[i].exposed);
  }
}

int
main (int argc, char **argv)
{
  g_autofree gchar *path = NULL;
  int result;

  g_test_init (&argc, &argv, NULL);
  g_setenv ("LC_ALL", "C", TRUE);
  directory = g_dir_make_tmp ("rt2-key-XXXXXX", NULL);
  g_test_add_func ("/keyfile/taken", test_taken);
  g_test_add_func ("/keyfile/refused", test_refused);
  g_test_add_func ("/keyfile/length", test_length);
  g_test_add_func ("/keyfile/unreadable", test_unreadable);
  g_test_add_func ("/keyfile/exposed", test_exposed);
  result = g_test_run ();
  path = g_build_filename (directory, "key", NULL);
  g_remove (path);
  g_rmdir (directory);
  g_free (directory);
  return result;
}
