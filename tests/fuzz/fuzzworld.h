/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A session among people who may do anything: a server that says what the input
 * says, an application that asks for what the input asks. Only the session and
 * its listener keep to the rules, and are held to them. No socket, and time
 * stands still but where the input lets it pass.
 *
 * fuzzworld.c: life and time. fuzzowner.c: the session's listener, and what it
 * may be told. fuzzwire.c: what may be sent.
 */
#pragma once

#include "../check/session/fakewire.h"
#include "fuzz.h"
#include "rt2session-private.h"

G_BEGIN_DECLS

#define FUZZ_MS G_GUINT64_CONSTANT (1000000)
#define FUZZ_SECRET "sk-fuzz-0123456789"
/* Up to so many ids the session must know them all. */
#define FUZZ_MANY 60

/* What an input may choose of the setup; bits of a number, see
 * fuzz_world_new().
 */
typedef enum {
  FUZZ_SEMANTIC = 1 << 0,  /* VAD; else by level */
  FUZZ_NO_VAD = 1 << 1,    /* none at all */
  FUZZ_NO_CREATE = 1 << 2, /* create_response, interrupt_response FALSE */
  FUZZ_NO_INTERRUPT = 1 << 3,
  FUZZ_MIN_SPEECH = 1 << 4, /* min_interruption */
  FUZZ_GUARDED = 1 << 5,    /* the owner may refuse an interruption */
  FUZZ_TRANSCRIBED = 1 << 6,
  FUZZ_GREETS = 1 << 7,
  FUZZ_DISCLOSES = 1 << 8,
  FUZZ_TOOLS = 1 << 9,
  FUZZ_MCP = 1 << 10,
  FUZZ_TRANSCRIPTION = 1 << 11, /* the type of session; else realtime */
  FUZZ_TRANSLATION = 1 << 12,
  FUZZ_CALL = 1 << 13,     /* a sideband of one */
  FUZZ_PCM = 1 << 14,      /* else mu-law */
  FUZZ_STUBBORN = 1 << 15, /* retries for ever, else as by default */
  FUZZ_MUTE = 1 << 16,     /* the server opens and accepts nothing by itself */
  FUZZ_IMAGES = 1 << 17,   /* few are kept */
  FUZZ_TIMEOUTS = 1 << 18, /* of tools and of the end */
  FUZZ_EXPIRES = 1 << 19,  /* the server's sessions do, soon */
  FUZZ_BUDGET = 1 << 20,   /* there is one, a small one */
  FUZZ_AGES = 1 << 21,     /* a session is left at some age */
  FUZZ_FALLBACK = 1 << 22, /* there is another server to go to */
  FUZZ_REPLAYS = 1 << 23,  /* what was not answered is sent again */
} FuzzSetup;

/* A response as the owner was told of it. */
typedef enum {
  FUZZ_UNHEARD_OF, /* not in the table */
  FUZZ_STARTED,
  FUZZ_DEAD, /* interrupted */
  FUZZ_DONE,
} FuzzLife;

/* What an item says, as the owner plays it. */
typedef struct {
  gchar *id, *response_id;
  guint64 told, played; /* samples */
  gboolean complete;    /* no more will come */
} FuzzSpeech;

/* A connection, as what was sent on it is judged. */
typedef struct {
  gboolean wants_update; /* a session.update waits for its answer */
  gboolean outstanding;  /* a response.create in band that is not answered */
  GHashTable *outputs;   /* ids of calls that were answered -> item id */
  GHashTable *made;      /* ids of items that we made there */
} FuzzLine;

typedef struct {
  guint setup; /* FuzzSetup */
  GMainContext *context;
  Rt2Session *session;
  Rt2SessionConfig *config; /* as last set */

  /* The owner. */
  Rt2SessionState state; /* as last told */
  gboolean spent;        /* it was told that its budget is: nothing may cost */
  gint64 first_asked;    /* monotonic us when its time was; 0 = never */
  Rt2Budget budget;
  gboolean failed;       /* it was told so: nothing may follow */
  guint drained;         /* times */
  gboolean ended;        /* the user will say nothing more */
  gboolean is_protected; /* nothing may interrupt */
  GQueue uplink;         /* GBytes*; empty = the end */
  guint64 running;       /* running time of what the user says next, ns */
  guint64 sent;          /* ns of audio that went up, ever */
  guint64 taken;         /* ns of audio that the session took */
  GHashTable *lives;     /* response id -> FuzzLife */
  guint n_lives;         /* responses that were ever told of, at most */
  GQueue playing;        /* FuzzSpeech* */
  GHashTable *told;      /* item id -> samples, of this connection */
  GHashTable *former;    /* ids of those of earlier connections: who uses one
                          * again mixes up what was heard of which */
  GHashTable *calls;     /* ids of calls that were told, ever */

  /* The wire. */
  guint sessions;        /* that were opened */
  guint appends;         /* that were sent */
  guint server;          /* who speaks: 0 = in use, 1 = in the background */
  GHashTable *lines;     /* number of a connection -> FuzzLine* */
  GHashTable *verbatim;  /* events of the application, as they are */
  GHashTable *functions; /* item ids, shown as function calls */
  GHashTable *others;    /* item ids, shown as anything else */
} FuzzWorld;

FuzzWorld *fuzz_world_new (guint setup);
void fuzz_world_free (FuzzWorld *world);

/* Runs the session's loop until nothing is ready. */
void fuzz_world_run (FuzzWorld *world);
/* Time passes. */
void fuzz_world_advance (FuzzWorld *world, guint ms);
/* The servers take connections, and answer what they have to, unless MUTE. */
void fuzz_world_serve (FuzzWorld *world);
/* A message of the server's; what is not UTF-8 does not reach a client. */
void fuzz_world_deliver (FuzzWorld *world, const gchar *frame, gsize size);
/* The connection ends with @code; 0 = it is cut. */
void fuzz_world_close (FuzzWorld *world, guint code);
/* Everything is as large as it may be, at most. */
void fuzz_world_check (FuzzWorld *world);

/* --- the wire --- */

extern const FakeWireWatch fuzz_wire_watch;
/* The client is about to be told of @frame. */
void fuzz_wire_note (FuzzWorld *world, const gchar *frame, gsize size);
/* What is known of the connection @number; made if there is nothing. */
FuzzLine *fuzz_wire_line (FuzzWorld *world, guint number);
void fuzz_line_free (FuzzLine *line);

/* --- the owner --- */

extern const Rt2SessionListener fuzz_listener;
void fuzz_speech_free (FuzzSpeech *speech);
void fuzz_owner_forget (FuzzWorld *world);
/* The loudspeaker goes on. */
void fuzz_owner_play (FuzzWorld *world, guint ms);
/* The user speaks, or does not. */
void fuzz_owner_say (FuzzWorld *world, guint ms, gboolean loud);
void fuzz_owner_finish (FuzzWorld *world);
/* There is more to be spent. */
void fuzz_owner_pay (FuzzWorld *world);

G_END_DECLS
