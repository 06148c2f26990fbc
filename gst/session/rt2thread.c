/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The watch over threads.
 */
#define _GNU_SOURCE /* pthread_getname_np() */

#include "rt2thread.h"

#include <pthread.h>

/* Bytes of a name, as the kernel keeps it. */
#define NAME_SIZE 16

gchar *
rt2_thread_name (void)
{
  gchar name[NAME_SIZE] = "";

  pthread_getname_np (pthread_self (), name, sizeof name);
  return g_strdup (*name ? name : "without a name");
}

void
rt2_thread_need_owner (GMainContext *context, const gchar *func)
{
  if (!g_main_context_is_owner (context))
    g_error ("%s() is the session's thread's, and was called on thread \"%s\"",
        func, rt2_thread_name ());
}

void
rt2_thread_need (GThread *thread, const gchar *func)
{
  if (thread != g_thread_self ())
    g_error ("%s() is for the thread that made what it works on, and was "
             "called on thread \"%s\"",
        func, rt2_thread_name ());
}
