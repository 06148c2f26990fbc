/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Preloaded under ThreadSanitizer: tells it of GLib's locks.
 *
 * TSan knows what pthreads and the atomics of instrumented code order. GLib is
 * not instrumented and waits in futexes of its own, so that everything that a
 * GMutex guards would look like a race. The locks stay GLib's; around each call
 * TSan is told what it does, by which it also sees in which order they are
 * taken.
 *
 * Calls inside libglib do not come by here: they are on locks that nobody else
 * knows.
 */
#include "visibleglib.h"

#include <sanitizer/tsan_interface.h>

#define PLAIN 0
#define READ __tsan_mutex_read_lock
#define TRY __tsan_mutex_try_lock
#define FAILED __tsan_mutex_try_lock_failed
#define REENTRANT __tsan_mutex_write_reentrant

/* Missing in a process that is not instrumented. */
#pragma weak __tsan_mutex_destroy
#pragma weak __tsan_mutex_pre_lock
#pragma weak __tsan_mutex_post_lock
#pragma weak __tsan_mutex_pre_unlock
#pragma weak __tsan_mutex_post_unlock

static void
before_lock (void *lock, unsigned flags)
{
  if (__tsan_mutex_pre_lock != NULL)
    __tsan_mutex_pre_lock (lock, flags);
}

static void
after_lock (void *lock, unsigned flags)
{
  if (__tsan_mutex_post_lock != NULL)
    __tsan_mutex_post_lock (lock, flags, 1);
}

static void
before_unlock (void *lock, unsigned flags)
{
  if (__tsan_mutex_pre_unlock != NULL)
    __tsan_mutex_pre_unlock (lock, flags);
}

static void
after_unlock (void *lock, unsigned flags)
{
  if (__tsan_mutex_post_unlock != NULL)
    __tsan_mutex_post_unlock (lock, flags);
}

#define CLEAR_FUNCTION(name, Type)                                             \
  void name (Type *lock)                                                       \
  {                                                                            \
    if (__tsan_mutex_destroy != NULL)                                          \
      __tsan_mutex_destroy (lock, PLAIN);                                      \
    REAL (name) (lock);                                                        \
  }
#define LOCK_FUNCTION(name, Type, flags)                                       \
  void name (Type *lock)                                                       \
  {                                                                            \
    before_lock (lock, flags);                                                 \
    REAL (name) (lock);                                                        \
    after_lock (lock, flags);                                                  \
  }
#define TRYLOCK_FUNCTION(name, Type, flags)                                    \
  gboolean name (Type *lock)                                                   \
  {                                                                            \
    gboolean locked;                                                           \
                                                                               \
    before_lock (lock, (flags) | TRY);                                         \
    locked = REAL (name) (lock);                                               \
    after_lock (lock, (flags) | TRY | (locked ? 0 : FAILED));                  \
    return locked;                                                             \
  }
#define UNLOCK_FUNCTION(name, Type, flags)                                     \
  void name (Type *lock)                                                       \
  {                                                                            \
    before_unlock (lock, flags);                                               \
    REAL (name) (lock);                                                        \
    after_unlock (lock, flags);                                                \
  }

CLEAR_FUNCTION (g_mutex_clear, GMutex)
LOCK_FUNCTION (g_mutex_lock, GMutex, PLAIN)
TRYLOCK_FUNCTION (g_mutex_trylock, GMutex, PLAIN)
UNLOCK_FUNCTION (g_mutex_unlock, GMutex, PLAIN)

CLEAR_FUNCTION (g_rec_mutex_clear, GRecMutex)
LOCK_FUNCTION (g_rec_mutex_lock, GRecMutex, REENTRANT)
TRYLOCK_FUNCTION (g_rec_mutex_trylock, GRecMutex, REENTRANT)
UNLOCK_FUNCTION (g_rec_mutex_unlock, GRecMutex, REENTRANT)

CLEAR_FUNCTION (g_rw_lock_clear, GRWLock)
LOCK_FUNCTION (g_rw_lock_writer_lock, GRWLock, PLAIN)
TRYLOCK_FUNCTION (g_rw_lock_writer_trylock, GRWLock, PLAIN)
UNLOCK_FUNCTION (g_rw_lock_writer_unlock, GRWLock, PLAIN)
LOCK_FUNCTION (g_rw_lock_reader_lock, GRWLock, READ)
TRYLOCK_FUNCTION (g_rw_lock_reader_trylock, GRWLock, READ)
UNLOCK_FUNCTION (g_rw_lock_reader_unlock, GRWLock, READ)

/* A wait lets go of the mutex and takes it again, by a way that is not seen. */
static void
before_wait (GMutex *mutex)
{
  before_unlock (mutex, PLAIN);
  after_unlock (mutex, PLAIN);
}

static void
after_wait (GMutex *mutex)
{
  before_lock (mutex, PLAIN);
  after_lock (mutex, PLAIN);
}

void
g_cond_wait (GCond *cond, GMutex *mutex)
{
  before_wait (mutex);
  REAL (g_cond_wait) (cond, mutex);
  after_wait (mutex);
}

gboolean
g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end)
{
  gboolean woken;

  before_wait (mutex);
  woken = REAL (g_cond_wait_until) (cond, mutex, end);
  after_wait (mutex);
  return woken;
}
