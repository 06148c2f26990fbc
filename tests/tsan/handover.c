/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Preloaded under ThreadSanitizer: tells it of what is handed over inside GLib
 * and GStreamer, under locks and by counts that cannot be seen from outside.
 * Who gives releases, who takes acquires. Nothing is ordered here that these
 * functions do not promise to order.
 */
#include "visibleglib.h"

#include <pthread.h>
#include <sanitizer/tsan_interface.h>

/* What is defined here must be a function. */
#undef g_once_init_leave
#undef g_atomic_ref_count_dec

/* Missing in a process that is not instrumented. */
#pragma weak __tsan_acquire
#pragma weak __tsan_release

static void
acquire (gconstpointer what)
{
  if (__tsan_acquire != NULL && what != NULL)
    __tsan_acquire ((void *) what);
}

static void
release (gconstpointer what)
{
  if (__tsan_release != NULL && what != NULL)
    __tsan_release ((void *) what);
}

/* -- done once ------------------------------------------------------------ */

/* Whoever finds it done looks at the same place with an atomic of its own, in
 * a macro of GLib's headers. */
void
g_once_init_leave (volatile void *location, gsize result)
{
  release ((void *) location);
  REAL (g_once_init_leave) (location, result);
}

typedef struct {
  GOnce *once;
  GThreadFunc func;
  gpointer data;
} Once;

static gpointer
do_once (gpointer data)
{
  Once *call = data;
  gpointer result = call->func (call->data);

  release ((void *) &call->once->status);
  return result;
}

gpointer
g_once_impl (GOnce *once, GThreadFunc func, gpointer data)
{
  Once call = { once, func, data };
  gpointer result = REAL (g_once_impl) (once, do_once, &call);

  acquire ((void *) &once->status);
  return result;
}

/* -- counted, queued ------------------------------------------------------ */

/* What was done with a thing by whoever held it comes before its end, wherever
 * that is; it does not order those who still share it. */
#define UNREF_FUNCTION(name, Result, Type, is_last)                            \
  Result name (Type *thing)                                                    \
  {                                                                            \
    release ((void *) thing);                                                  \
    if (is_last)                                                               \
      acquire ((void *) thing);                                                \
    return REAL (name) (thing);                                                \
  }
#define COUNT(Type) (g_atomic_int_get (&((Type *) thing)->ref_count) == 1)

UNREF_FUNCTION (g_object_unref, void, void, COUNT (GObject))
UNREF_FUNCTION (g_source_unref, void, GSource, COUNT (GSource))
UNREF_FUNCTION (g_atomic_ref_count_dec, gboolean, gatomicrefcount,
    g_atomic_ref_count_compare (thing, 1))
UNREF_FUNCTION (gst_mini_object_unref, void, GstMiniObject,
    GST_MINI_OBJECT_REFCOUNT_VALUE (thing) == 1)
/* Their counts are their own. */
UNREF_FUNCTION (g_bytes_unref, void, GBytes, TRUE)
UNREF_FUNCTION (g_ptr_array_unref, void, GPtrArray, TRUE)
UNREF_FUNCTION (g_hash_table_unref, void, GHashTable, TRUE)

void
g_async_queue_push (GAsyncQueue *queue, gpointer item)
{
  release (queue);
  REAL (g_async_queue_push) (queue, item);
}

gpointer
g_async_queue_pop (GAsyncQueue *queue)
{
  gpointer item = REAL (g_async_queue_pop) (queue);

  acquire (queue);
  return item;
}

gpointer
g_async_queue_try_pop (GAsyncQueue *queue)
{
  gpointer item = REAL (g_async_queue_try_pop) (queue);

  acquire (queue);
  return item;
}

/* A message of the bus carries its sender's work. */
#define POST_FUNCTION(name, Type)                                              \
  gboolean name (Type *way, GstMessage *message)                               \
  {                                                                            \
    release (message);                                                         \
    return REAL (name) (way, message);                                         \
  }

POST_FUNCTION (gst_element_post_message, GstElement)
POST_FUNCTION (gst_bus_post, GstBus)

GstMessage *
gst_bus_pop (GstBus *bus)
{
  GstMessage *message = REAL (gst_bus_pop) (bus);

  acquire (message);
  return message;
}

GstMessage *
gst_bus_timed_pop (GstBus *bus, GstClockTime time)
{
  GstMessage *message = REAL (gst_bus_timed_pop) (bus, time);

  acquire (message);
  return message;
}

GstMessage *
gst_bus_timed_pop_filtered (
    GstBus *bus, GstClockTime time, GstMessageType types)
{
  GstMessage *message = REAL (gst_bus_timed_pop_filtered) (bus, time, types);

  acquire (message);
  return message;
}

/* The pool's own function and data; never freed, as few as there are pools. */
typedef struct {
  GFunc func;
  gpointer data;
} Work;

static void
do_work (gpointer job, gpointer data)
{
  Work *work = data;

  acquire (work);
  work->func (job, work->data);
}

GThreadPool *
g_thread_pool_new (GFunc func, gpointer data, gint max_threads,
    gboolean exclusive, GError **error)
{
  Work *work = malloc (sizeof *work);

  *work = (Work){ func, data };
  return REAL (g_thread_pool_new) (
      do_work, work, max_threads, exclusive, error);
}

gboolean
g_thread_pool_push (GThreadPool *pool, gpointer job, GError **error)
{
  if (pool->func == do_work)
    release (pool->user_data);
  return REAL (g_thread_pool_push) (pool, job, error);
}

/* -- main loops ----------------------------------------------------------- */

/* The functions of a kind of source, with a dispatch() that takes what was
 * given with whatever was attached to its context. */
typedef struct {
  GSourceFuncs funcs; /* must be first: source->source_funcs */
  const GSourceFuncs *original;
  gboolean (*dispatch) (GSource *, GSourceFunc, gpointer);
} Kind;

#define KINDS 64
static Kind kinds[KINDS];
static guint n_kinds;
static pthread_mutex_t kinds_lock = PTHREAD_MUTEX_INITIALIZER;

static gboolean
dispatch (GSource *source, GSourceFunc func, gpointer data)
{
  gboolean (*real) (GSource *, GSourceFunc, gpointer) = NULL;
  guint i;

  pthread_mutex_lock (&kinds_lock);
  for (i = 0; real == NULL && i < n_kinds; i++)
    if (source->source_funcs == &kinds[i].funcs
        || source->source_funcs == kinds[i].original)
      real = kinds[i].dispatch;
  pthread_mutex_unlock (&kinds_lock);
  acquire (g_source_get_context (source));
  return real (source, func, data);
}

/* With kinds_lock held. */
static Kind *
get_kind (const GSourceFuncs *funcs)
{
  Kind *kind;
  guint i;

  for (i = 0; i < n_kinds; i++)
    if (kinds[i].original == funcs || &kinds[i].funcs == funcs)
      return &kinds[i];
  if (n_kinds == KINDS)
    abort ();
  kind = &kinds[n_kinds++];
  *kind = (Kind){ *funcs, funcs, funcs->dispatch };
  kind->funcs.dispatch = dispatch;
  return kind;
}

/* GLib knows its own kinds by their address: they stay where they are. */
static void __attribute__ ((constructor)) patch_own_kinds (void)
{
  GSourceFuncs *own[] = { &g_idle_funcs, &g_timeout_funcs, &g_unix_signal_funcs,
    &g_unix_fd_source_funcs, &g_child_watch_funcs, &g_io_watch_funcs };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (own); i++) {
    get_kind (own[i]);
    own[i]->dispatch = dispatch;
  }
}

static void
give (GMainContext *context)
{
  release (context ? context : g_main_context_default ());
}

guint
g_source_attach (GSource *source, GMainContext *context)
{
  if (source->source_funcs->dispatch != dispatch) {
    pthread_mutex_lock (&kinds_lock);
    source->source_funcs = &get_kind (source->source_funcs)->funcs;
    pthread_mutex_unlock (&kinds_lock);
  }
  give (context);
  return REAL (g_source_attach) (source, context);
}

void
g_source_set_ready_time (GSource *source, gint64 time)
{
  /* Not attached yet, it has no context. */
  if (!g_source_is_destroyed (source) && source->context != NULL)
    give (source->context);
  REAL (g_source_set_ready_time) (source, time);
}

void
g_main_context_invoke_full (GMainContext *context, gint priority,
    GSourceFunc func, gpointer data, GDestroyNotify notify)
{
  give (context);
  REAL (g_main_context_invoke_full) (context, priority, func, data, notify);
}

void
g_main_context_invoke (GMainContext *context, GSourceFunc func, gpointer data)
{
  give (context);
  REAL (g_main_context_invoke) (context, func, data);
}

guint
g_idle_add (GSourceFunc func, gpointer data)
{
  give (NULL);
  return REAL (g_idle_add) (func, data);
}

void
g_main_loop_quit (GMainLoop *loop)
{
  release (loop);
  REAL (g_main_loop_quit) (loop);
}

void
g_main_loop_run (GMainLoop *loop)
{
  REAL (g_main_loop_run) (loop);
  acquire (loop);
}
