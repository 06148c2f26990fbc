/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Another program, run to its end.
 */
#define _GNU_SOURCE /* dladdr() */
#include "child.h"

#include <dlfcn.h>

#define PATIENCE 30 /* s */

typedef struct {
  GSubprocess *process;
  gboolean done;
  gchar *output;
} Run;

/* The file of the library that defines @symbol, or NULL. */
static const gchar *
find_library (const gchar *symbol)
{
  void *entry = dlsym (RTLD_DEFAULT, symbol);
  Dl_info info;

  return entry != NULL && dladdr (entry, &info) != 0 ? info.dli_fname : NULL;
}

/* A sanitizer must be the first library of a process; under ThreadSanitizer
 * what makes GLib visible follows. gst-launch is not ours to leak. */
static void
preload_sanitizer (GSubprocessLauncher *launcher)
{
  const gchar *asan = find_library ("__asan_init");
  const gchar *tsan = find_library ("__tsan_init");
  const gchar *rest = g_getenv ("LD_PRELOAD");
  g_autofree gchar *libraries = NULL;

  if (asan == NULL && tsan == NULL)
    return;
  libraries = asan != NULL
      ? g_strdup (asan)
      : g_strconcat (tsan, " ", rest != NULL ? rest : "", NULL);
  g_subprocess_launcher_setenv (launcher, "LD_PRELOAD", libraries, TRUE);
  g_subprocess_launcher_setenv (
      launcher, "ASAN_OPTIONS", "detect_leaks=0", TRUE);
}

static void
on_output (GObject *process, GAsyncResult *result, gpointer data)
{
  Run *run = data;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  gconstpointer text;
  gsize size;

  g_subprocess_communicate_finish (run->process, result, &bytes, NULL, &error);
  g_assert_no_error (error);
  text = g_bytes_get_data (bytes, &size);
  run->output = g_utf8_make_valid (text ? text : "", size);
  run->done = TRUE;
}

static gboolean
on_late (gpointer data)
{
  Run *run = data;

  g_subprocess_force_exit (run->process);
  g_error ("a program did not end in %d s", PATIENCE);
  return G_SOURCE_REMOVE;
}

static void
wait (Run *run)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GSource) late = g_timeout_source_new_seconds (PATIENCE);

  g_main_context_push_thread_default (context);
  g_source_set_callback (late, on_late, run, NULL);
  g_source_attach (late, context);
  g_subprocess_communicate_async (run->process, NULL, NULL, on_output, run);
  while (!run->done)
    g_main_context_iteration (context, TRUE);
  g_source_destroy (late);
  g_main_context_pop_thread_default (context);
}

ChildResult *
child_run (const gchar *const *argv, const gchar *const *environment)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (
      G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE);
  g_autoptr (GError) error = NULL;
  ChildResult *result = g_new0 (ChildResult, 1);
  Run run = { 0 };

  preload_sanitizer (launcher);
  for (guint i = 0; environment[i] != NULL; i += 2)
    g_subprocess_launcher_setenv (
        launcher, environment[i], environment[i + 1], TRUE);
  run.process = g_subprocess_launcher_spawnv (launcher, argv, &error);
  g_assert_no_error (error);
  wait (&run);
  result->status = g_subprocess_get_if_exited (run.process)
      ? g_subprocess_get_exit_status (run.process)
      : -1;
  result->output = run.output;
  g_object_unref (run.process);
  return result;
}

void
child_result_free (ChildResult *result)
{
  g_free (result->output);
  g_free (result);
}
