/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One session: what its rooms (dispatch, turns, hearing, response) share. All
 * of it lives on the server's context. */
#ifndef SANDBOX_SESSION_H
#define SANDBOX_SESSION_H

#include "books.h"
#include "config.h"
#include "conversation.h"
#include "faults.h"
#include "input.h"
#include "script.h"
#include "strange.h"
#include "visits.h"

G_BEGIN_DECLS

typedef struct _Session Session;
typedef struct _Response Response;
typedef struct _Translation Translation;
typedef struct _Hearing Hearing;
typedef struct _Mcp Mcp;
typedef struct _Call Call;
typedef struct _Replay Replay;

/* What the way in said about a session. */
typedef struct {
  SessionKind kind;
  gboolean azure;     /* models are deployments, with names of their own */
  gchar *model;       /* NULL in a transcription session */
  gchar *call_id;     /* of a call to look at; NULL: a connection of its own */
  JsonObject *preset; /* session parameters of a client secret, or NULL */
} Admission;

void admission_clear (Admission *admission);

/* What the sessions of one server share; owned by the server. */
typedef struct {
  Books *books;
  Visits *visits;
  Faults *faults;
  guint strange;       /* flags of strange.h */
  Script *script;      /* or NULL */
  ScriptCursor cursor; /* of a script that is shared */
  gdouble pace;        /* 0: no pacing */
  guint session_seconds;
  guint token_limit; /* of responses, per minute; 0: as announced, not kept */
  gdouble upload_limit; /* times real time; audio beyond is lost; 0: none */
  Replay *replay;       /* in place of sessions, or NULL */
  guint voices_at_work; /* worker calls whose callback is still to come */
} Host;

/* How a session reaches its client. */
typedef struct {
  void (*send) (gpointer link, JsonObject *event);
  /* What is no event. */
  void (*send_text) (gpointer link, const gchar *text);
  /* code 0: no close frame */
  void (*close) (gpointer link, guint code, const gchar *reason);
} SessionOutlet;

struct _Session {
  Host *host;
  const SessionOutlet *outlet;
  gpointer link;
  guint connection; /* its number in the books */
  GRand *rand;
  gchar *conversation_id;
  Config *config;
  Conversation *conversation;
  Input *input;
  ScriptCursor own_cursor;
  ScriptCursor *cursor; /* own or the host's */

  Translation *translation; /* of a translation session, or NULL */
  Hearing *live;            /* transcript of the audio in the buffer, or NULL */
  gint64 upload_us;         /* monotonic time when upload_credit was counted */
  gdouble upload_credit;    /* ms of audio that may come at once */

  Response *active;    /* writes to the conversation; or NULL */
  GPtrArray *aside;    /* Response, out of band */
  gboolean audio_sent; /* the voice is locked */
  Mcp *mcp;
  guint cached_tokens; /* text tokens that the last response read */

  gchar *speech_item_id; /* announced by speech_started, or NULL */
  guint64 speech_start;  /* sample */
  guint user_turns;      /* user messages so far */
  guint64 idle_at;       /* sample of the idle timeout; 0: not waiting */
  GPtrArray *hearings;   /* transcriptions in progress */

  Call *call;        /* that this looks at, or NULL */
  guint events_sent; /* for the oddities */
  guint tokens_used; /* in the window of the rate limit */
  gint64 window_us;  /* monotonic time when that began */
  GSource *expiry;
};

Session *session_new (Host *host, const SessionOutlet *outlet, gpointer link,
    guint connection, guint seed, const Admission *admission);
void session_free (Session *session);

/* Sends session.created. */
void session_start (Session *session);
/* A message from the client. */
void session_receive (Session *session, const gchar *text, gsize size);
void session_receive_binary (Session *session);

/* ---- for the rooms ---- */

/* Takes the event. */
void session_send (Session *session, JsonObject *event);
JsonObject *session_event (Session *session, const gchar *type);
void session_close (Session *session, guint code, const gchar *reason);
/* Clears the fault. event_id may be NULL. */
void session_refuse (
    Session *session, const gchar *type, Fault *fault, const gchar *event_id);
/* conversation.item.added or .done */
void session_send_item (
    Session *session, const gchar *type, Item *item, gboolean with_phase);
/* Tells the books what the conversation looks like. */
void session_publish (Session *session);

/* A one-shot timer on the thread-default context. Destroy and unref. */
GSource *session_later (guint64 ms, GSourceFunc function, gpointer data);

G_END_DECLS

#endif
