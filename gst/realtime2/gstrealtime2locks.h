/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The order of locks, watched in builds with debugging: whoever takes a lock
 * out of turn, or pushes, posts, emits, notifies, waits or joins with one held,
 * aborts at once, whether or not it would have come to a deadlock. Included by
 * gstrealtime2-private.h after all other headers: calls look as usual, and
 * without RT2_DEBUG they are.
 *
 * A lock is known by how it is written: `x->self->lock` and `self->lock` are
 * the element's, GST_OBJECT_LOCK any object's, all others are taken last of
 * all.
 */
#pragma once

#include <gst/gst.h>

#ifdef RT2_DEBUG

G_BEGIN_DECLS

/* This thread takes, or gives back, the lock that is written @name, in @func at
 * @where. Who does so wrongly aborts, and says who it was and on which thread.
 */
void gst_realtime2_locks_take (gconstpointer lock, const gchar *name,
    const gchar *func, const gchar *where);
void gst_realtime2_locks_give (
    gconstpointer lock, const gchar *func, const gchar *where);
/* It waits for a condition, and gives back @lock alone meanwhile. */
void gst_realtime2_locks_wait (
    gconstpointer lock, const gchar *func, const gchar *where);
/* It holds @lock. */
void gst_realtime2_locks_need (
    gconstpointer lock, const gchar *func, const gchar *where);
/* It holds none of them: @what may take any lock, or last. */
void gst_realtime2_locks_none (
    const gchar *what, const gchar *func, const gchar *where);

G_END_DECLS

#define g_mutex_lock(mutex)                                                    \
  (gst_realtime2_locks_take (mutex, #mutex, G_STRFUNC, G_STRLOC),              \
      (g_mutex_lock) (mutex))
#define g_mutex_unlock(mutex)                                                  \
  (gst_realtime2_locks_give (mutex, G_STRFUNC, G_STRLOC),                      \
      (g_mutex_unlock) (mutex))
#define g_cond_wait(cond, mutex)                                               \
  (gst_realtime2_locks_wait (mutex, G_STRFUNC, G_STRLOC),                      \
      (g_cond_wait) (cond, mutex))
#define g_rec_mutex_lock(mutex)                                                \
  (gst_realtime2_locks_none (#mutex, G_STRFUNC, G_STRLOC),                     \
      (g_rec_mutex_lock) (mutex))

#define GST_REALTIME2_UNLOCKED(func, ...)                                      \
  (gst_realtime2_locks_none (#func, G_STRFUNC, G_STRLOC), (func) (__VA_ARGS__))
#define gst_pad_push(...) GST_REALTIME2_UNLOCKED (gst_pad_push, __VA_ARGS__)
#define gst_pad_push_event(...)                                                \
  GST_REALTIME2_UNLOCKED (gst_pad_push_event, __VA_ARGS__)
#define gst_pad_peer_query(...)                                                \
  GST_REALTIME2_UNLOCKED (gst_pad_peer_query, __VA_ARGS__)
#define gst_pad_stop_task(...)                                                 \
  GST_REALTIME2_UNLOCKED (gst_pad_stop_task, __VA_ARGS__)
#define gst_pad_set_active(...)                                                \
  GST_REALTIME2_UNLOCKED (gst_pad_set_active, __VA_ARGS__)
#define gst_element_add_pad(...)                                               \
  GST_REALTIME2_UNLOCKED (gst_element_add_pad, __VA_ARGS__)
#define gst_element_remove_pad(...)                                            \
  GST_REALTIME2_UNLOCKED (gst_element_remove_pad, __VA_ARGS__)
#define gst_element_post_message(...)                                          \
  GST_REALTIME2_UNLOCKED (gst_element_post_message, __VA_ARGS__)
#define gst_clock_id_wait(...)                                                 \
  GST_REALTIME2_UNLOCKED (gst_clock_id_wait, __VA_ARGS__)
#define g_object_notify(...)                                                   \
  GST_REALTIME2_UNLOCKED (g_object_notify, __VA_ARGS__)
#define g_signal_emit(...) GST_REALTIME2_UNLOCKED (g_signal_emit, __VA_ARGS__)
#define g_thread_join(...) GST_REALTIME2_UNLOCKED (g_thread_join, __VA_ARGS__)

#define GST_REALTIME2_ASSERT_LOCKED(self)                                      \
  gst_realtime2_locks_need (&(self)->lock, G_STRFUNC, G_STRLOC)

#else

#define GST_REALTIME2_ASSERT_LOCKED(self) ((void) 0)

#endif
