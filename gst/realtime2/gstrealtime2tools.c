/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Function calls.
 */
#include "gstrealtime2tools.h"

#include <string.h>

#include "gstrealtime2builtins.h"
#include "gstrealtime2commands.h"
#include "gstrealtime2messages.h"
#include "rt2json.h"

#define GST_CAT_DEFAULT gst_realtime2_debug

/* Commands, URLs and tools of our own that run at a time. */
#define MAX_WORKERS 8

static guint function_call_signal;

struct _GstRealtime2Tools {
  GThreadPool *handlers; /* one thread */
  GThreadPool *workers;  /* some threads */

  GMutex lock; /* guards the rest: what this run has */
  Rt2Toolbox *toolbox;
  GCancellable *cancellable; /* ends commands and requests */
};

/* A call on its way to whoever answers it. */
typedef struct {
  GstRealtime2 *self; /* a reference */
  gint run;           /* that it belongs to */
  gchar *call_id, *name, *arguments;
  Rt2Toolbox *toolbox; /* a reference, or NULL */
  GCancellable *cancellable;
  gint64 deadline;    /* monotonic us: it is answered then; 0 = none */
  Rt2Builtin builtin; /* 0 = none */
} Job;

static Job *
job_new (GstRealtime2 *self, const Rt2Call *call)
{
  GstRealtime2Tools *tools = self->tools;
  Job *job = g_new0 (Job, 1);

  job->self = gst_object_ref (self);
  job->run = g_atomic_int_get (&self->run);
  job->call_id = g_strdup (call->call_id);
  job->name = g_strdup (call->name);
  job->arguments = g_strdup (*call->arguments ? call->arguments : "{}");
  job->deadline = call->deadline;
  job->builtin = gst_realtime2_find_builtin (self, call->name);
  g_mutex_lock (&tools->lock);
  if (tools->toolbox && rt2_toolbox_has (tools->toolbox, call->name))
    job->toolbox = rt2_toolbox_ref (tools->toolbox);
  job->cancellable = tools->cancellable ? g_object_ref (tools->cancellable)
                                        : NULL;
  g_mutex_unlock (&tools->lock);
  return job;
}

static void
job_free (Job *job)
{
  g_clear_pointer (&job->toolbox, rt2_toolbox_unref);
  g_clear_object (&job->cancellable);
  g_free (job->call_id);
  g_free (job->name);
  g_free (job->arguments);
  gst_object_unref (job->self);
  g_free (job);
}

static gboolean
is_current (const Job *job)
{
  return g_atomic_int_get (&job->self->run) == job->run;
}

/* Whether there is a point in running it: a call that waited behind others
 * until its time was up has been answered, and must not be acted on. */
static gboolean
is_wanted (const Job *job)
{
  if (!is_current (job))
    return FALSE;
  if (job->deadline == 0 || g_get_monotonic_time () < job->deadline)
    return TRUE;
  GST_WARNING_OBJECT (
      job->self, "%s was not run: others took all of tool-timeout", job->name);
  return FALSE;
}

/* What is left of tool-timeout, ns; 0 = no bound. */
static guint64
time_left (const Job *job)
{
  if (job->deadline == 0)
    return 0;
  return MAX (job->deadline - g_get_monotonic_time (), 1)
      * G_GUINT64_CONSTANT (1000);
}

static void
answer (Job *job, const gchar *output, gboolean silent)
{
  GError *error = NULL;
  Rt2Command *command;

  if (!is_current (job))
    return;
  command = rt2_command_new_result (job->call_id, output, &error);
  if (!command) {
    GST_WARNING_OBJECT (job->self, "what %s returned is of no use: %s",
        job->name, error->message);
    g_error_free (error);
    command = rt2_command_new_result (
        job->call_id, "{\"error\":\"the output is of no use\"}", NULL);
  }
  command->silent = silent;
  gst_realtime2_submit (job->self, command);
}

static void
run_handlers (gpointer data, gpointer unused)
{
  Job *job = data;
  gchar *output = NULL;

  if (is_wanted (job))
    g_signal_emit (job->self, function_call_signal, 0, job->call_id, job->name,
        job->arguments, &output);
  if (output)
    answer (job, output, FALSE);
  g_free (output);
  job_free (job);
}

/* What is not ours to say may hold anything, lines of a log for one. */
static void
warn_of_call (GstRealtime2 *self, const gchar *name, const gchar *call_id,
    const gchar *what, const gchar *why)
{
  gchar *safe_name = g_strescape (name, NULL);
  gchar *safe_id = g_strescape (call_id, NULL);
  gchar *safe_why = g_strescape (why, NULL);

  GST_WARNING_OBJECT (
      self, "%s (%s) %s: %s", safe_name, safe_id, what, safe_why);
  g_free (safe_name);
  g_free (safe_id);
  g_free (safe_why);
}

/* The model is told by @output itself if the tool failed; tell the log too. */
static void
log_failure (const Job *job, const gchar *output)
{
  JsonObject *object = rt2_json_parse_object (output, strlen (output), NULL);
  const gchar *error = rt2_json_string (object, "error");

  if (error)
    warn_of_call (job->self, job->name, job->call_id, "failed", error);
  g_clear_pointer (&object, json_object_unref);
}

static gchar *
run (Job *job, gboolean *silent)
{
  if (job->builtin)
    return gst_realtime2_run_builtin (
        job->self, job->builtin, job->call_id, job->arguments, silent);
  return rt2_toolbox_run (job->toolbox, job->name, job->arguments,
      time_left (job), job->cancellable);
}

static void
run_worker (gpointer data, gpointer unused)
{
  Job *job = data;
  gboolean silent = FALSE;
  gchar *output = is_wanted (job) ? run (job, &silent) : NULL;

  if (output) {
    log_failure (job, output);
    answer (job, output, silent);
  }
  g_free (output);
  job_free (job);
}

void
gst_realtime2_on_function_call (gpointer owner, const Rt2Call *call)
{
  GstRealtime2 *self = owner;
  Job *job = job_new (self, call);

  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  gst_realtime2_post (self, "function-call", "call-id", G_TYPE_STRING,
      call->call_id, "name", G_TYPE_STRING, call->name, "arguments",
      G_TYPE_STRING, call->arguments, "response-id", G_TYPE_STRING,
      call->response_id, NULL);
  if (job->builtin || job->toolbox)
    g_thread_pool_push (self->tools->workers, job, NULL);
  else if (g_signal_has_handler_pending (self, function_call_signal, 0, FALSE))
    g_thread_pool_push (self->tools->handlers, job, NULL);
  else
    job_free (job);
}

void
gst_realtime2_on_function_output (gpointer owner, const Rt2Call *call)
{
  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  if (call->reason)
    warn_of_call (owner, call->name, call->call_id,
        "was answered with an error", call->reason);
  gst_realtime2_post (owner, "function-output", "call-id", G_TYPE_STRING,
      call->call_id, "name", G_TYPE_STRING, call->name, "output", G_TYPE_STRING,
      call->output, "error", G_TYPE_STRING, call->reason, NULL);
}

/* The first handler that answers is the last that is asked. */
static gboolean
take_first_answer (GSignalInvocationHint *hint, GValue *result,
    const GValue *answer, gpointer unused)
{
  if (!g_value_get_string (answer))
    return TRUE;
  g_value_copy (answer, result);
  return FALSE;
}

/**
 * GstRealtime2::function-call:
 * @call_id: to be given back
 * @name: of the function, as the model wrote it
 * @arguments: as the model wrote them: JSON if all went well
 *
 * The model calls a function. Emitted on a thread of its own, one call at a
 * time, so a handler may take its time, up to tool-timeout; long work should
 * return %NULL and answer later by #GstRealtime2::send-function-result.
 *
 * Returns: (nullable): what the function returns, or %NULL for later
 */
void
gst_realtime2_install_tools (GObjectClass *klass)
{
  function_call_signal = g_signal_new ("function-call",
      G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, take_first_answer, NULL,
      NULL, G_TYPE_STRING, 3, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_STRING);
}

void
gst_realtime2_tools_start (GstRealtime2Tools *tools, Rt2Toolbox *toolbox)
{
  g_mutex_lock (&tools->lock);
  g_clear_pointer (&tools->toolbox, rt2_toolbox_unref);
  g_clear_object (&tools->cancellable);
  tools->toolbox = toolbox;
  tools->cancellable = g_cancellable_new ();
  g_mutex_unlock (&tools->lock);
}

void
gst_realtime2_tools_stop (GstRealtime2Tools *tools)
{
  GCancellable *cancellable;

  g_mutex_lock (&tools->lock);
  cancellable = g_steal_pointer (&tools->cancellable);
  g_mutex_unlock (&tools->lock);
  if (!cancellable)
    return;
  g_cancellable_cancel (cancellable);
  g_object_unref (cancellable);
}

GstRealtime2Tools *
gst_realtime2_tools_new (void)
{
  GstRealtime2Tools *tools = g_new0 (GstRealtime2Tools, 1);

  g_mutex_init (&tools->lock);
  tools->handlers = g_thread_pool_new (run_handlers, NULL, 1, FALSE, NULL);
  tools->workers = g_thread_pool_new (
      run_worker, NULL, MAX_WORKERS, FALSE, NULL);
  return tools;
}

void
gst_realtime2_tools_free (GstRealtime2Tools *tools)
{
  gst_realtime2_tools_stop (tools);
  g_thread_pool_free (tools->handlers, FALSE, FALSE);
  g_thread_pool_free (tools->workers, FALSE, FALSE);
  g_clear_pointer (&tools->toolbox, rt2_toolbox_unref);
  g_mutex_clear (&tools->lock);
  g_free (tools);
}
