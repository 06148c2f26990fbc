/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small local Realtime server: for people without a key, for CI, and for
 * tests that run it in-process. */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <glib.h>

G_BEGIN_DECLS

typedef struct _Sandbox Sandbox;

typedef struct {
  guint port;               /* on 127.0.0.1; 0: any free port */
  gboolean tls;             /* wss:// with a certificate made at start */
  const gchar *script_file; /* what to hear and to say, or NULL */
  const gchar *script_json; /* the same as text; wins over the file */
  gdouble pace;             /* times real time; 0: as fast as it goes */
  gboolean verbose;         /* one line per event on stderr */
  guint seed;               /* of every id and random size */
  const gchar *api_key;     /* the only key let in, or NULL: any or none */
  guint session_seconds;    /* life of a session; 0: 3600 */
  guint secret_seconds;     /* life of a client secret; 0: as it is asked for */
  guint token_limit;        /* of responses, per minute; 0: none */
  gdouble upload_limit;     /* times real time; audio that comes faster is
                               lost. 0: none */
  const gchar *strange;     /* oddities, a list as of --strange; or NULL */
  const gchar *replay_file; /* an event log to play in place of all that, at
                             * its pace times `pace`; or NULL */
  const gchar *const *calls;  /* ids of calls in progress, or NULL */
  const gchar *const *faults; /* CODE[@PLACE[:N]], or NULL */
} SandboxOptions;

/* Listens at once. Runs on the caller's thread-default GMainContext, which
 * must stay the thread default while it is iterated and when it is freed.
 * options NULL: the command's defaults (pace 8). */
Sandbox *sandbox_new (const SandboxOptions *options, GError **error);

/* The same on a thread of its own; returns once it listens. */
Sandbox *sandbox_start_thread (const SandboxOptions *options, GError **error);

/* Frees what sandbox_new() made. Open connections are cut without a close
 * frame; see sandbox_close_all() for a polite end. */
void sandbox_free (Sandbox *sandbox);

/* Ends and frees what sandbox_start_thread() made. */
void sandbox_stop_thread (Sandbox *sandbox);

guint sandbox_get_port (Sandbox *sandbox);
/* ws://127.0.0.1:PORT/v1/realtime, or wss:// */
const gchar *sandbox_get_uri (Sandbox *sandbox);
/* PEM file with the certificate to trust, or NULL without TLS. Removed by
 * sandbox_free(). */
const gchar *sandbox_get_certificate_path (Sandbox *sandbox);

/* Both from any thread, done on the sandbox's context. Code 0 cuts the TCP
 * connection with no close frame; reason may be NULL. */
void sandbox_close_all (Sandbox *sandbox, guint code, const gchar *reason);
/* Sends text, valid UTF-8, as it is to every open session: for tests of a
 * client's care. Not in the books. */
void sandbox_send_raw (Sandbox *sandbox, const gchar *text);

/* ---- The books: what came and went. Every function from any thread. ---- */

typedef struct {
  guint connection; /* 1 for the first connection, and so on */
  guint64 order;    /* its number among all events, both ways, from 1 */
  gint64 time_us;   /* g_get_monotonic_time() */
  gchar *type;
  gchar *json;         /* the event with its audio payload left out */
  guint64 audio_bytes; /* decoded bytes of that payload */
} SandboxRecord;

typedef struct {
  gchar *code; /* or NULL */
  gchar *message;
  gchar *param;    /* or NULL */
  gchar *event_id; /* of the client event at fault, or NULL */
} SandboxError;

typedef struct {
  gchar *item_id;
  guint audio_end_ms; /* what the client said was heard */
  guint generated_ms; /* what had been sent */
} SandboxTruncation;

typedef struct {
  guint connection;
  gchar *id;
  gchar *type; /* message, function_call ... */
  gchar *role; /* or NULL */
  gchar *status;
  gchar *phase;      /* or NULL; what the sandbox holds, sent or not */
  gchar *text;       /* text, transcript, arguments or output; or NULL */
  guint audio_ms;    /* of the audio that is left after truncation */
  gint truncated_ms; /* where it was cut last; -1: it never was */
  gboolean restored; /* a connection before this one had an item of that id */
} SandboxItem;

/* A function call, by whomever it was made, or the outputs that came for none.
 * Orders are numbers of events as in SandboxRecord; 0: it did not happen. */
typedef struct {
  guint connection;
  gchar *call_id;
  gchar *item_id;         /* NULL: there is no such call */
  gchar *response_id;     /* NULL: the client put it there itself, or nobody */
  gchar *name;            /* NULL: there is no such call */
  gchar *arguments;       /* likewise; what was sent of them */
  gchar *status;          /* completed, incomplete; NULL: likewise */
  guint64 made;           /* order of its response.output_item.done */
  guint64 response_done;  /* order of its response.done */
  gboolean restored;      /* a connection before this one had it */
  guint outputs;          /* that came for it, refused ones too; not ... */
  guint restored_outputs; /* ... those that a connection before had */
  gchar *output;          /* the first, or NULL */
  guint64 answered;       /* order of the first output */
  guint64 followed;       /* order of the first response.create after that,
                             out-of-band ones left out */
} SandboxCall;

/* A wish to call a tool of an MCP server, or the answers to none. */
typedef struct {
  guint connection;
  gchar *request_id;
  gchar *server_label; /* NULL: nobody asked */
  gchar *name;         /* likewise */
  gchar *arguments;    /* likewise */
  guint64 asked;       /* order of its response.output_item.done */
  guint answers;       /* that came, refused ones too */
  gboolean approve;    /* of the first */
  gchar *reason;       /* of the first, or NULL */
  guint64 answered;    /* order of the first */
} SandboxApproval;

/* An image in an item, or in the input of a response. */
typedef struct {
  guint connection;
  gchar *item_id; /* NULL: of an input without an id */
  gchar *format;  /* "JPEG" or "PNG" */
  guint width, height;
  gsize bytes;         /* of the file */
  gboolean mean_known; /* only if the sandbox was built with gdk-pixbuf */
  guint8 mean[3];      /* red, green, blue */
  gchar *colour;       /* a word for it, or NULL */
  gchar *detail;       /* or NULL */
  guint64 order;       /* of the event that put it there */
  guint64 deleted;     /* order of conversation.item.deleted; 0: it is there */
} SandboxImage;

/* Each HTTP request. */
typedef struct {
  gchar *method;
  gchar *target;    /* path and query */
  gchar **headers;  /* name, value, ..., NULL, as they came */
  guint status;     /* of the answer; 101: upgraded */
  guint connection; /* that came of it, or 0 */
} SandboxRequest;

typedef struct {
  guint number;
  guint64 audio_bytes; /* appended, decoded, whether lost or not */
  guint64 lost_bytes;  /* of these, what came too fast */
  guint appends;       /* events */
  guint commits;       /* events, refused ones too */
  gboolean closed;
  guint close_code; /* of the client's close frame; 0: it sent none */
} SandboxConnection;

/* The newest 5000 of each. */
GPtrArray *sandbox_dup_requests (Sandbox *sandbox);    /* SandboxRequest */
GPtrArray *sandbox_dup_connections (Sandbox *sandbox); /* SandboxConnection */
/* The first header of a name, whatever its case; or NULL. */
const gchar *sandbox_request_header (
    const SandboxRequest *request, const gchar *name);
/* FALSE: it is still open after the timeout. */
gboolean sandbox_wait_closed (
    Sandbox *sandbox, guint connection, guint timeout_ms);

/* Exact counts since the start. type NULL: all events. */
guint64 sandbox_count_received (Sandbox *sandbox, const gchar *type);
guint64 sandbox_count_sent (Sandbox *sandbox, const gchar *type);
/* Decoded audio bytes of input_audio_buffer.append, and of audio deltas. */
guint64 sandbox_audio_bytes_received (Sandbox *sandbox);
guint64 sandbox_audio_bytes_sent (Sandbox *sandbox);
guint sandbox_count_connections (Sandbox *sandbox);

/* Copies in order; the newest 20000 of each direction are kept. type NULL:
 * all. Free with g_ptr_array_unref(). */
GPtrArray *sandbox_dup_received (Sandbox *sandbox, const gchar *type);
GPtrArray *sandbox_dup_sent (Sandbox *sandbox, const gchar *type);
GPtrArray *sandbox_dup_errors (Sandbox *sandbox);      /* SandboxError */
GPtrArray *sandbox_dup_truncations (Sandbox *sandbox); /* SandboxTruncation */
gchar **sandbox_dup_deletions (Sandbox *sandbox);      /* item ids */
GPtrArray *sandbox_dup_calls (Sandbox *sandbox);       /* SandboxCall */
GPtrArray *sandbox_dup_approvals (Sandbox *sandbox);   /* SandboxApproval */
GPtrArray *sandbox_dup_images (Sandbox *sandbox);      /* SandboxImage */
/* One connection's conversation as the server believes it to be now, 0: of
 * the newest: SandboxItem in order. */
GPtrArray *sandbox_dup_items (Sandbox *sandbox, guint connection);
/* Audio sent for an item, whatever was cut or deleted later. */
guint sandbox_item_audio_ms (Sandbox *sandbox, const gchar *item_id);

/* With replay_file: what the client did otherwise than in the log, a line of
 * text (gchar) each; and how many events of the log were not sent yet. */
GPtrArray *sandbox_dup_differences (Sandbox *sandbox);
guint sandbox_count_unsent (Sandbox *sandbox);

/* Wait until at least count events of a type came or went. FALSE: timeout.
 * Not on the sandbox's own thread. */
gboolean sandbox_wait_received (
    Sandbox *sandbox, const gchar *type, guint64 count, guint timeout_ms);
gboolean sandbox_wait_sent (
    Sandbox *sandbox, const gchar *type, guint64 count, guint timeout_ms);

G_END_DECLS

#endif
