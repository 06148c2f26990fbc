/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A session on the test's thread with a main context of its own, a server to
 * talk to, and a record of all that either of them was told. The server opens
 * sessions and accepts configurations by itself unless told otherwise; all
 * else that it says comes from the test.
 */
#pragma once

#include "rt2json.h"
#include "rt2session.h"
#include "testserver.h"

G_BEGIN_DECLS

#define RIG_MS (G_GUINT64_CONSTANT (1000000))
#define RIG_S (1000 * RIG_MS)

/* What has arrived at the server. */
typedef struct {
  guint connection;
  gchar *type;
  JsonObject *object;
} RigEvent;

typedef struct {
  GMainContext *context;
  TestServer *server;
  Rt2SessionOptions *options; /* to be changed before rig_start(); then NULL */
  Rt2SessionConfig *config;   /* likewise, and for rig_configure() */
  Rt2Session *session;        /* NULL before rig_start() and once freed */

  /* What the server does by itself; rig_set() changes them. */
  gint creates; /* sends session.created to whoever connects */
  gint accepts; /* answers session.update with session.updated */
  gint ends;    /* not 0: closes with this code who connects; -1: drops */
  gint lives;   /* not 0: its sessions expire in this many seconds */

  GMutex lock;
  /* Under the lock: RigEvent, in the order of their arrival. */
  GPtrArray *sent;
  guint sent_from; /* index of the first after rig_clear() */
  /* Under the lock: what the session may pull. Rt2UplinkPiece. */
  GQueue uplink;

  /* The connection that rig_send() and its kin use, and whose events are looked
   * at below; -1 = the newest, and all. */
  gint speaks_on, hears_on;

  /* The listener's side. */
  GPtrArray *log;    /* one line for each call, see the callbacks */
  GByteArray *audio; /* all that was reported */
  Rt2Fault *fault;   /* of the last `lost` or `failed` */
  guint64 delay;     /* of the last `lost`, ns */
  gint64 fault_time; /* of the last `lost` or `failed`, monotonic us */
  gint64 drained_time;
  guint64 left;          /* of the last `expiring`, ns */
  GPtrArray *heard;      /* what the next `interrupt` gives */
  guint64 instant;       /* what running_time says */
  guint pulls;           /* pieces that were taken */
  guint endless;         /* how many pieces of 40 ms follow the uplink's */
  guint playing;         /* how many more times is_playing says TRUE */
  guint asked;           /* how often is_playing was called */
  gboolean is_protected; /* what that function says */
  gboolean in_sentence;  /* likewise */
  guint64 session_time;  /* likewise, ns */
  const gchar *key;      /* what api_key says; NULL: that of the options */
  guint redacted;        /* sessions that were told with it as *** */
  gboolean listens;      /* every message of the server is logged */
  gboolean quiet;        /* nothing may be called back now */
  gboolean over;         /* `failed` was called */
  guint turns;           /* that ended, not in the log */
  guint64 speech_end;    /* of the last of them */
  guint marks;
  guint64 pushed; /* ms by rig_push_tone() and rig_push_silence() */
} Rig;

/* A server that opens and accepts, retries that take 20 ms at most, server VAD.
 */
Rig *rig_new (void);
/* Also checks that nothing is left of the session. */
void rig_free (Rig *rig);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rig, rig_free)

/* Another server that does what the rig's does; the caller frees it, before the
 * rig. What it gets is recorded with the rest. */
TestServer *rig_add_server (Rig *rig);

/* One of `creates`, `accepts` and `ends`. */
void rig_set (gint *what, gint value);

/* "ws://127.0.0.1:PORT/v1/realtime" and @query. */
void rig_set_url (Rig *rig, const gchar *query);

/* Makes the session and starts it. */
void rig_start (Rig *rig);
/* rig_start(), and waits until the session is ready; forgets what was said. */
void rig_start_ready (Rig *rig);
/* rt2_session_free(); nothing may be called back after it. */
void rig_free_session (Rig *rig);

/* rt2_session_set_config() with `config`. */
void rig_configure (Rig *rig);

/* -- the way up ----------------------------------------------------------- */

/* Any thread: puts a piece into the uplink, which takes it over, and wakes the
 * session. */
void rig_push_piece (Rig *rig, Rt2UplinkPiece *piece);
/* The same with audio. */
void rig_push (Rig *rig, gconstpointer bytes, gsize size, guint64 rt);
/* @ms of something that is not silence, in the configured format. */
void rig_push_ms (Rig *rig, guint ms, guint64 rt);
void rig_push_end (Rig *rig);
/* rt2_session_finish() and rig_push_end(). */
void rig_finish (Rig *rig);

/* -- what the server says ------------------------------------------------- */

/* On the newest connection. */
void rig_send (Rig *rig, const gchar *format, ...) G_GNUC_PRINTF (2, 3);
void rig_send_updated (Rig *rig, const gchar *input, const gchar *output);
void rig_send_speech_started (Rig *rig, const gchar *item, guint ms);
void rig_send_speech_stopped (Rig *rig, const gchar *item, guint ms);
void rig_send_committed (Rig *rig, const gchar *item);
void rig_send_response_created (Rig *rig, const gchar *response);
/* @done FALSE: response.output_item.added. */
void rig_send_item (Rig *rig, const gchar *response, guint index,
    const gchar *item, const gchar *type, gboolean done);
/* @n bytes. */
void rig_send_audio (
    Rig *rig, const gchar *response, const gchar *item, gsize n);
/* A response with one message of which audio came; it was taken in. */
void rig_speak (Rig *rig, const gchar *response, const gchar *item);
void rig_send_response_done (
    Rig *rig, const gchar *response, const gchar *status);
/* @event_id and @param may be NULL. */
void rig_send_error (
    Rig *rig, const gchar *code, const gchar *event_id, const gchar *param);
void rig_send_transcript (Rig *rig, const gchar *item, const gchar *text);
/* Ends the newest connection. */
void rig_drop (Rig *rig);

/* -- commands and calls ---------------------------------------------------- */

/* Hands @command over, which must be taken, and lets the session do with it
 * what it can do now. */
void rig_command (Rig *rig, Rt2Command *command);
/* The same, behind what was pushed before. */
void rig_push_command (Rig *rig, Rt2Command *command);
/* Until the session took all that was pushed. */
void rig_settle_up (Rig *rig);
/* Commands that are in order. */
Rt2Command *rig_text (const gchar *role, const gchar *text);
Rt2Command *rig_result (const gchar *call_id, const gchar *output);
Rt2Command *rig_event (const gchar *json);

/* What the listener heard of @item of @response, in samples, for the next
 * interruption; @received came so far, and more is to come. */
void rig_hear (Rig *rig, const gchar *response, const gchar *item,
    guint64 heard, guint64 received);

/* @ms of a tone of 200 Hz with this amplitude, or of silence, in the configured
 * format, which must be PCM; behind what these functions pushed before. */
void rig_push_tone (Rig *rig, guint ms, gint amplitude);
void rig_push_silence (Rig *rig, guint ms);

/* The server begins the response that the @n-th response.create (from 0, since
 * rig_clear()) asked for. */
void rig_send_answer (Rig *rig, const gchar *response, guint n);
/* A function call is complete. @arguments is JSON text. */
void rig_send_call (Rig *rig, const gchar *response, const gchar *call_id,
    const gchar *name, const gchar *arguments);

/* The @n-th event of this type is @json, but for the event_id, which must be
 * there. */
void rig_expect_event (Rig *rig, const gchar *type, guint n, const gchar *json);

/* -- looking and waiting -------------------------------------------------- */

/* Every wait runs the context and aborts the test after half a minute. */

/* Until the log has @n such lines. */
void rig_wait_n (Rig *rig, const gchar *line, guint n);
void rig_wait (Rig *rig, const gchar *line);
/* How many lines of the log are, or begin with, @prefix and a space. */
guint rig_count (Rig *rig, const gchar *prefix);
/* The last line of the log must be this. */
void rig_expect_last (Rig *rig, const gchar *line);
/* The log must be these lines; NULL-terminated. */
void rig_expect_log (Rig *rig, ...) G_GNUC_NULL_TERMINATED;

/* Until the server got @n events of this type. */
void rig_wait_sent (Rig *rig, const gchar *type, guint n);
guint rig_count_sent (Rig *rig, const gchar *type);
/* The @n-th (from 0) of this type, which must be there. Valid as long as the
 * rig. */
JsonObject *rig_get_sent (Rig *rig, const gchar *type, guint n);
/* All types in their order, in one line; appends in a row count once, and what
 * rig_flush_up() made does not count. */
void rig_expect_sent (Rig *rig, const gchar *types);
/* The audio of all appends. Caller owns it. */
GByteArray *rig_dup_sent_audio (Rig *rig);
/* Until the server has @size bytes of audio. */
void rig_wait_sent_audio (Rig *rig, gsize size);

/* Until the session has handled all that the server said so far. */
void rig_flush_down (Rig *rig);
/* Until all that the session sent so far is at the server. The session must be
 * ready and the server accept configurations. */
void rig_flush_up (Rig *rig);
/* Runs the context until nothing is ready. */
void rig_run_idle (Rig *rig);
/* Runs the context for @ms. Only to give what must not happen its chance. */
void rig_run_for (Rig *rig, guint ms);

/* Forgets log and events sent so far. */
void rig_clear (Rig *rig);

Rt2SessionStats rig_get_stats (Rig *rig);

G_END_DECLS
