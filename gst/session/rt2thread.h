/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whose thread it is, watched in builds with debugging: a function that is
 * called on another one than it may be aborts at once, and says which function,
 * and on which thread. Without RT2_DEBUG it costs nothing.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#ifdef RT2_DEBUG
/* On the thread that owns @context, a GMainContext. */
#define RT2_ASSERT_OWNER(context) rt2_thread_need_owner ((context), G_STRFUNC)
/* On @thread, a GThread: that which made what is worked on. */
#define RT2_ASSERT_THREAD(thread) rt2_thread_need ((thread), G_STRFUNC)
#else
#define RT2_ASSERT_OWNER(context) ((void) 0)
#define RT2_ASSERT_THREAD(thread) ((void) 0)
#endif

/* @func, a function, was called: aborts if that was wrong. */
void rt2_thread_need_owner (GMainContext *context, const gchar *func);
void rt2_thread_need (GThread *thread, const gchar *func);

/* What the system calls this thread. New string. */
gchar *rt2_thread_name (void);

G_END_DECLS
