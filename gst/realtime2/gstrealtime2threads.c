/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The watch over threads: what this one is.
 */
#include "gstrealtime2-private.h"

#include "gstrealtime2link.h"
#include "rt2thread.h"

/* Whose task runs on this thread, or NULL; not a reference. */
static __thread GstPad *task;

void
gst_realtime2_threads_need_session (
    gpointer self, gboolean or_none, const gchar *func)
{
  GMainContext *context = gst_realtime2_link_get_context (
      GST_REALTIME2 (self)->link);

  if (context)
    rt2_thread_need_owner (context, func);
  else if (!or_none)
    g_error ("%s() is the session's thread's, and was called on thread \"%s\" "
             "while there is no session",
        func, rt2_thread_name ());
}

void
gst_realtime2_threads_need_task (
    GstPad *pad, gboolean wanted, const gchar *func)
{
  if ((task == pad) != wanted)
    g_error ("%s() is %s the task of pad %s, and was called on thread \"%s\"",
        func, wanted ? "for" : "for any thread but", GST_PAD_NAME (pad),
        rt2_thread_name ());
}

void
gst_realtime2_threads_set_task (GstPad *pad)
{
  task = pad;
}
