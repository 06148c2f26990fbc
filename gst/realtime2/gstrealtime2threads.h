/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which thread may call what, watched in builds with debugging: whoever calls
 * on a wrong one aborts at once, with the names of both. Included by
 * gstrealtime2-private.h; without RT2_DEBUG it costs nothing.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#ifdef RT2_DEBUG

/* On the session's thread; or, the second, when that has ended. @self may be
 * the `owner` of the session's listener. */
#define GST_REALTIME2_ASSERT_SESSION_THREAD(self)                              \
  gst_realtime2_threads_need_session ((self), FALSE, G_STRFUNC)
#define GST_REALTIME2_ASSERT_SESSION_THREAD_OR_NONE(self)                      \
  gst_realtime2_threads_need_session ((self), TRUE, G_STRFUNC)

/* The task of the src pad @pad runs on this thread, from here on; to here. */
#define GST_REALTIME2_BEGIN_TASK(pad) gst_realtime2_threads_set_task (pad)
#define GST_REALTIME2_END_TASK() gst_realtime2_threads_set_task (NULL)
/* On that task; on any other thread. */
#define GST_REALTIME2_ASSERT_TASK(pad)                                         \
  gst_realtime2_threads_need_task ((pad), TRUE, G_STRFUNC)
#define GST_REALTIME2_ASSERT_NOT_TASK(pad)                                     \
  gst_realtime2_threads_need_task ((pad), FALSE, G_STRFUNC)

#else

#define GST_REALTIME2_ASSERT_SESSION_THREAD(self) ((void) 0)
#define GST_REALTIME2_ASSERT_SESSION_THREAD_OR_NONE(self) ((void) 0)
#define GST_REALTIME2_BEGIN_TASK(pad) ((void) 0)
#define GST_REALTIME2_END_TASK() ((void) 0)
#define GST_REALTIME2_ASSERT_TASK(pad) ((void) 0)
#define GST_REALTIME2_ASSERT_NOT_TASK(pad) ((void) 0)

#endif

/* @func, a function, was called: aborts if that was wrong. @self is a
 * GstRealtime2; @or_none: it may have no session at all. */
void gst_realtime2_threads_need_session (
    gpointer self, gboolean or_none, const gchar *func);
/* @wanted: on that task, else on any other thread. */
void gst_realtime2_threads_need_task (
    GstPad *pad, gboolean wanted, const gchar *func);
void gst_realtime2_threads_set_task (GstPad *pad);

G_END_DECLS
