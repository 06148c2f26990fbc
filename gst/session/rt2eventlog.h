/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The event log: a file to which all that passes the connections of a session
 * is appended, as JSON, a line for each event, and what happens to the
 * connections.
 *
 * Each line is one write() and is there before the event is acted on, so that a
 * process that dies leaves whole lines. What can't be written ends the log, not
 * the conversation. Lives on the session's thread. With no file open it does
 * nothing.
 */
#pragma once

#include "rt2fault.h"

G_BEGIN_DECLS

typedef struct _Rt2EventLog Rt2EventLog;

typedef struct {
  /* ns; G_MAXUINT64 = there is none now. */
  guint64 (*running_time) (gpointer owner);
  /* Nothing more is written; @message says why and what to do. Once for each
   * rt2_event_log_open(). */
  void (*failed) (gpointer owner, const gchar *message);
} Rt2EventLogOwner;

/* @owner must stay. */
Rt2EventLog *rt2_event_log_new (
    const Rt2EventLogOwner *functions, gpointer owner);
void rt2_event_log_free (Rt2EventLog *log);

/* Goes on in the file at @path, made with mode 0600 if it is not there; NULL or
 * "" = no log. Begins with a line that says what follows: @type and @model
 * (may be NULL). Again with the same path: only takes @with_audio. */
void rt2_event_log_open (Rt2EventLog *log, const gchar *path,
    gboolean with_audio, const gchar *type, const gchar *model);
gboolean rt2_event_log_is_on (Rt2EventLog *log);

/* Bytes of audio in a ms, either way. */
void rt2_event_log_set_rates (
    Rt2EventLog *log, guint input_rate, guint output_rate);

/* A connection to @where ("host:port", may be NULL) is tried. Returns its
 * number, from 1; no log is needed for that. */
guint rt2_event_log_connect (Rt2EventLog *log, const gchar *where);

typedef enum {
  RT2_LOG_OPENED,     /* the upgrade is through */
  RT2_LOG_CONFIGURED, /* the server took the configuration */
  RT2_LOG_TAKEOVER,   /* the conversation goes on on this connection */
} Rt2LogNote;

void rt2_event_log_note (Rt2EventLog *log, guint connection, Rt2LogNote note);
/* It ended, or never came to be; @fault NULL: we closed it. */
void rt2_event_log_closed (
    Rt2EventLog *log, guint connection, const Rt2Fault *fault);
/* The next try is in @delay ns. */
void rt2_event_log_retry (Rt2EventLog *log, guint connection, guint64 delay);

/* A message as it is on the wire. @secret, the key of this connection, is left
 * out; NULL = there is none. */
void rt2_event_log_event (Rt2EventLog *log, guint connection,
    gboolean from_server, const gchar *text, gsize size, const gchar *secret);

G_END_DECLS
