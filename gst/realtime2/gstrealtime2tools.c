/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Function calls.
 */
#include "gstrealtime2tools.h"

#include "gstrealtime2commands.h"
#include "gstrealtime2messages.h"

#define GST_CAT_DEFAULT gst_realtime2_debug

static guint function_call_signal;

/* A call on its way to the handlers. */
typedef struct {
  GstRealtime2 *self; /* a reference */
  gint run;           /* that it belongs to */
  gchar *call_id, *name, *arguments;
} Job;

static void
job_free (Job *job)
{
  gst_object_unref (job->self);
  g_free (job->call_id);
  g_free (job->name);
  g_free (job->arguments);
  g_free (job);
}

static gboolean
is_current (const Job *job)
{
  return g_atomic_int_get (&job->self->run) == job->run;
}

static void
answer (Job *job, const gchar *output)
{
  GError *error = NULL;
  Rt2Command *command = rt2_command_new_result (job->call_id, output, &error);

  if (command) {
    gst_realtime2_submit (job->self, command);
    return;
  }
  GST_WARNING_OBJECT (job->self, "what %s returned is of no use: %s", job->name,
      error->message);
  g_error_free (error);
  command = rt2_command_new_result (
      job->call_id, "{\"error\":\"the output is of no use\"}", NULL);
  gst_realtime2_submit (job->self, command);
}

static void
run_job (gpointer data, gpointer unused)
{
  Job *job = data;
  gchar *output = NULL;

  if (is_current (job))
    g_signal_emit (job->self, function_call_signal, 0, job->call_id, job->name,
        job->arguments, &output);
  if (output && is_current (job))
    answer (job, output);
  g_free (output);
  job_free (job);
}

void
gst_realtime2_on_function_call (gpointer owner, const Rt2Call *call)
{
  GstRealtime2 *self = owner;
  Job *job;

  gst_realtime2_post (self, "function-call", "call-id", G_TYPE_STRING,
      call->call_id, "name", G_TYPE_STRING, call->name, "arguments",
      G_TYPE_STRING, call->arguments, "response-id", G_TYPE_STRING,
      call->response_id, NULL);
  if (!g_signal_has_handler_pending (self, function_call_signal, 0, FALSE))
    return;
  job = g_new0 (Job, 1);
  job->self = gst_object_ref (self);
  job->run = g_atomic_int_get (&self->run);
  job->call_id = g_strdup (call->call_id);
  job->name = g_strdup (call->name);
  job->arguments = g_strdup (call->arguments);
  g_thread_pool_push (self->tools, job, NULL);
}

void
gst_realtime2_on_function_output (gpointer owner, const Rt2Call *call)
{
  if (call->reason)
    GST_WARNING_OBJECT (owner, "%s (%s) was answered with an error: %s",
        call->name, call->call_id, call->reason);
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

GThreadPool *
gst_realtime2_tools_new (void)
{
  return g_thread_pool_new (run_job, NULL, 1, FALSE, NULL);
}

void
gst_realtime2_tools_free (GThreadPool *tools)
{
  g_thread_pool_free (tools, FALSE, FALSE);
}
