/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An event log of realtime2, read: what each connection was sent and when. */
#ifndef SANDBOX_REPLAYLOG_H
#define SANDBOX_REPLAYLOG_H

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

typedef enum {
  STEP_CLIENT, /* the client sent this */
  STEP_AUDIO,  /* likewise; a piece of its audio */
  STEP_SERVER, /* the server did */
  STEP_CLOSE,  /* the server, or the net, ended the connection */
} StepKind;

typedef struct {
  StepKind kind;
  guint line;        /* of the log, from 1 */
  gint64 elapsed_us; /* since the log began */
  gint64 time;       /* wall clock, unix s */
  JsonObject *event; /* NULL: of a close, or what was no event */
  gchar *text;       /* what was no event, or NULL */
  guint64 audio_end; /* bytes of audio up to the end of this piece */
  guint code;        /* of a close; 0: without a close frame */
  gchar *reason;     /* likewise, or NULL */
  gint64 met_us;     /* monotonic time when the live client sent it, or it was
                        given up; 0: not yet. The player's */
} Step;

typedef struct {
  gboolean opened;      /* FALSE: it was refused */
  guint http_status;    /* then; 0: there was no answer */
  gint64 opened_us;     /* elapsed */
  gboolean client_ends; /* the client closed it */
  GPtrArray *steps;     /* Step */
} Recording;

/* Recording, in the order in which they were opened or refused. NULL: error is
 * set. */
GPtrArray *replay_log_load (const gchar *file, GError **error);

/* The type of the event, or what stands for it. */
const gchar *step_type (const Step *step);

G_END_DECLS

#endif
