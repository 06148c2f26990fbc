/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The books of function calls: each call gets exactly one output, after the
 * response that made it is done, and all calls of a response together one wish
 * for the next. Pure. Times are monotonic us.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _Rt2Calls Rt2Calls;

typedef struct {
  gchar *call_id;
  gchar *response_id;
  gchar *name;
  gchar *arguments;  /* as the model wrote them, unchecked; "" if none, and
                      * once there is an output */
  gchar *output;     /* NULL until it is answered */
  gchar *reason;     /* why the output is an error of ours; NULL if it is not */
  gint64 deadline;   /* 0 = none */
  gboolean may_send; /* its response is done */
  gboolean silent;   /* nobody needs to hear of its output */
} Rt2Call;

/* Calls that may wait for an output of somebody's at a time; those that may be
 * open, answered with an error and waiting for the end of their response; and
 * ids that are remembered. */
#define RT2_CALLS_MAX_WAITING 128
#define RT2_CALLS_MAX_OPEN 1024
#define RT2_CALLS_MAX_KNOWN 1024

Rt2Calls *rt2_calls_new (void);
void rt2_calls_free (Rt2Calls *calls);
/* No call is open, all ids stay known. */
void rt2_calls_reset (Rt2Calls *calls);
/* The connection is lost, and with it all responses: what they called for may
 * be answered. */
void rt2_calls_disconnected (Rt2Calls *calls);
/* No response follows from the calls of @response_id. */
void rt2_calls_silence_of (Rt2Calls *calls, const gchar *response_id);
/* The ids of the responses that open calls are of: gchar*, the calls', once for
 * each call; the array is the caller's. */
GPtrArray *rt2_calls_list_responses (const Rt2Calls *calls);

/* Opens a call. NULL if its id was used before, or too many are open: then it
 * must not run. Owned by @calls until its output is taken. */
const Rt2Call *rt2_calls_open (Rt2Calls *calls, const gchar *call_id,
    const gchar *response_id, const gchar *name, const gchar *arguments,
    gint64 deadline);

/* TRUE if @call_id was ever opened. */
gboolean rt2_calls_is_known (const Rt2Calls *calls, const gchar *call_id);

/* Notes the output of a call. FALSE if no such call waits for one. @silent: it
 * is no reason for a response. */
gboolean rt2_calls_answer (Rt2Calls *calls, const gchar *call_id,
    const gchar *output, gboolean silent);

/* The same with {"error": @reason} as the output. */
gboolean rt2_calls_answer_error (Rt2Calls *calls, const gchar *call_id,
    const gchar *reason, gboolean silent);

/* The response @id is done: what it called for may be answered. @silent: the
 * user interrupted it, so no response follows from its calls. */
void rt2_calls_response_done (
    Rt2Calls *calls, const gchar *id, gboolean silent);
/* The user interrupted: no response follows from any call that is open. */
void rt2_calls_silence (Rt2Calls *calls);

/* The next call whose output is to be sent now, oldest first; NULL if there is
 * none. @batch_done: it was the last of its response, and a response is to
 * follow: one of them was not silent, and the user did not interrupt. Transfer
 * full. */
Rt2Call *rt2_calls_take_output (Rt2Calls *calls, gboolean *batch_done);
void rt2_call_free (Rt2Call *call);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rt2Call, rt2_call_free)

/* A call that has no output at @now and should; NULL if there is none. */
const Rt2Call *rt2_calls_next_late (const Rt2Calls *calls, gint64 now);
/* The next deadline of a call without an output; 0 = none. */
gint64 rt2_calls_next_deadline (const Rt2Calls *calls);

/* Calls without an output. */
guint rt2_calls_n_waiting (const Rt2Calls *calls);
/* Calls without an output, or whose output waits. */
guint rt2_calls_n_open (const Rt2Calls *calls);

G_END_DECLS
