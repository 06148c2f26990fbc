/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A thread that waits, and a signal that makes each thread tell where it is.
 */
#include "soakwatch.h"

#include <execinfo.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define FRAMES 64
/* us that a thread has to print its stack. */
#define TURN 200000

struct _SoakWatch {
  GThread *thread;
  gchar *what;
  gint64 limit; /* monotonic us */
  GMutex lock;
  GCond cond;
  gboolean over; /* under the lock */
};

/* --- stacks --- */

static void
on_asked (int number)
{
  void *frames[FRAMES];

  backtrace_symbols_fd (frames, backtrace (frames, FRAMES), STDERR_FILENO);
}

/* Where the kernel has it, for one that does not answer. */
static void
print_thread (const gchar *task)
{
  static const gchar *const files[] = { "comm", "wchan", "syscall" };

  g_printerr ("thread %s", task);
  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree gchar *path = g_build_filename (
        "/proc/self/task", task, files[i], NULL);
    g_autofree gchar *text = NULL;

    if (g_file_get_contents (path, &text, NULL, NULL))
      g_printerr (" %s", g_strchomp (text));
  }
  g_printerr ("\n");
}

static void
ask_threads (void)
{
  struct sigaction action = { .sa_handler = on_asked, .sa_flags = SA_RESTART };
  GDir *dir = g_dir_open ("/proc/self/task", 0, NULL);
  const gchar *task;
  void *frame;

  /* So that the handler need not load what unwinds. */
  backtrace (&frame, 1);
  sigaction (SIGUSR2, &action, NULL);
  while ((task = g_dir_read_name (dir)) != NULL) {
    print_thread (task);
    syscall (SYS_tgkill, getpid (), atoi (task), SIGUSR2);
    g_usleep (TURN);
  }
  g_dir_close (dir);
}

/* FALSE if there is no gdb, or it may not look. */
static gboolean
run_gdb (void)
{
  g_autofree gchar *pid = g_strdup_printf ("%d", getpid ());
  const gchar *argv[] = { "gdb", "-nx", "-batch", "-p", pid, "-ex",
    "thread apply all backtrace", NULL };
  gint status;

  prctl (PR_SET_PTRACER, PR_SET_PTRACER_ANY);
  return g_spawn_sync (NULL, (gchar **) argv, NULL,
             G_SPAWN_SEARCH_PATH | G_SPAWN_CHILD_INHERITS_STDIN, NULL, NULL,
             NULL, NULL, &status, NULL)
      && WIFEXITED (status) && WEXITSTATUS (status) == 0;
}

void
soak_watch_print_stacks (void)
{
  if (!run_gdb ())
    ask_threads ();
}

/* --- the watch --- */

static gpointer
run (gpointer data)
{
  SoakWatch *watch = data;

  g_mutex_lock (&watch->lock);
  while (!watch->over
      && g_cond_wait_until (&watch->cond, &watch->lock, watch->limit))
    ;
  if (!watch->over) {
    g_printerr ("%s does not end\n", watch->what);
    soak_watch_print_stacks ();
    g_error ("%s does not end", watch->what);
  }
  g_mutex_unlock (&watch->lock);
  return NULL;
}

SoakWatch *
soak_watch_begin (const gchar *what, gint64 limit)
{
  SoakWatch *watch = g_new0 (SoakWatch, 1);

  watch->what = g_strdup (what);
  watch->limit = g_get_monotonic_time () + limit;
  g_mutex_init (&watch->lock);
  g_cond_init (&watch->cond);
  watch->thread = g_thread_new ("watch", run, watch);
  return watch;
}

void
soak_watch_end (SoakWatch *watch)
{
  g_mutex_lock (&watch->lock);
  watch->over = TRUE;
  g_cond_signal (&watch->cond);
  g_mutex_unlock (&watch->lock);
  g_thread_join (watch->thread);
  g_mutex_clear (&watch->lock);
  g_cond_clear (&watch->cond);
  g_free (watch->what);
  g_free (watch);
}
