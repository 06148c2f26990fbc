/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Timers with a ready time that can be moved.
 */
#include "rt2timer.h"

static gboolean
timer_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  g_source_set_ready_time (source, -1);
  return callback (user_data);
}

static GSourceFuncs timer_funcs = { NULL, NULL, timer_dispatch, NULL };

GSource *
rt2_timer_new (
    gint64 delay, gint priority, GSourceFunc callback, gpointer user_data)
{
  GSource *source = g_source_new (&timer_funcs, sizeof (GSource));

  g_source_set_priority (source, priority);
  g_source_set_callback (source, callback, user_data, NULL);
  g_source_set_ready_time (source, g_get_monotonic_time () + delay);
  g_source_attach (source, g_main_context_get_thread_default ());
  return source;
}

void
rt2_timer_clear (GSource **source)
{
  if (*source != NULL) {
    g_source_destroy (*source);
    g_source_unref (*source);
    *source = NULL;
  }
}
