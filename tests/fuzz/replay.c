/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs a fuzz target over each file of the directories that are its arguments:
 * what once broke a rule, and what reaches far.
 */
#include "fuzz.h"

static void
run_file (gconstpointer name)
{
  gchar *data;
  gsize size;

  g_assert_true (g_file_get_contents (name, &data, &size, NULL));
  LLVMFuzzerTestOneInput ((const guint8 *) data, size);
  g_free (data);
}

static void
add_directory (const gchar *directory)
{
  GDir *files = g_dir_open (directory, 0, NULL);
  gchar *parent = g_path_get_basename (directory);
  const gchar *name;

  g_assert_nonnull (files);
  while ((name = g_dir_read_name (files))) {
    gchar *test = g_strdup_printf ("/%s/%s", parent, name);

    g_test_add_data_func_full (
        test, g_build_filename (directory, name, NULL), run_file, g_free);
    g_free (test);
  }
  g_dir_close (files);
  g_free (parent);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gint i = 1; i < argc; i++)
    add_directory (argv[i]);
  return g_test_run ();
}
