/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A session, a user, an application and a server in one thread, with a clock
 * that stands still and a wire whose delay is the test's to choose. The server
 * is a model: it obeys the protocol, and so must whatever reaches it. The books
 * are kept twice: what the server did, and what of that the client was told.
 * Whoever breaks a rule ends the program, with all that happened before.
 *
 * world.c: the books, and the steps of time. worldwords.c: the user's words.
 * worldserver.c: the server. worldnext.c: the one that the session goes over
 * to. worldtold.c: what the client tells either of the conversation.
 * worldclient.c: judges each message that the client sends. worldowner.c: the
 * listener of the session, and what was played.
 */
#pragma once

#include "fakewire.h"
#include "rt2session-private.h"

G_BEGIN_DECLS

#define WORLD_MS G_GUINT64_CONSTANT (1000000)
/* All audio is G.711, one byte per sample. */
#define WORLD_SAMPLES_PER_MS 8
/* The pieces in which the user's audio goes up. */
#define WORLD_PIECE_MS 20
#define WORLD_SILENCE_MS 200 /* that ends a turn */
#define WORLD_PADDING_MS 100 /* before one */
#define WORLD_TOOL_TIMEOUT_S 20

/* --- reasons for a response --- */

typedef enum {
  REQUEST_GREETING,
  REQUEST_TEXT,  /* a message, and perhaps a response */
  REQUEST_ASKED, /* create-response */
} RequestKind;

typedef enum {
  REQUEST_QUEUED, /* the session was not configured then */
  REQUEST_MUST,   /* must be sent */
  REQUEST_MAY,    /* may be: an interruption came at the same time */
  REQUEST_SENT,   /* on its way, or answered */
  REQUEST_GONE,   /* must not be sent any more */
} RequestState;

typedef struct {
  RequestKind kind;
  RequestState state;
  guint number; /* its text, or tag, holds this */
  gboolean responds, out_of_band;
  gboolean lasting; /* it stands when the user interrupts */
  gint64 expires;   /* 0 = never */
} Request;

/* A response.create of the client's. */
typedef struct {
  gchar *mark;
  Request *request; /* NULL = a plain one */
  gboolean out_of_band;
  gboolean lasting; /* the plain wish that it came from */
  gboolean told;    /* likewise, see plain_told */
  gboolean dead;    /* the user interrupted since */
  gboolean refused;
} Create;

/* --- what the server makes --- */

typedef struct _Answer Answer;

typedef enum {
  ITEM_USER,
  ITEM_SPEECH,
  ITEM_WRITING,
  ITEM_CALL,
} ItemKind;

typedef struct {
  gchar *id;
  gchar *call_id; /* of a CALL */
  ItemKind kind;
  Answer *answer;   /* NULL of the user's */
  guint connection; /* its number */
  guint64 end;      /* of the user's: ms appended then */
  guint64 speech;   /* of the user's: ms of the longest stretch of sound */
  GArray *words;    /* of the user's: guint, numbers of those in it */
  Answer *covered;  /* likewise: by what the server answered it, or NULL */

  /* The server's side. */
  guint64 made;  /* samples */
  guint spoken;  /* words, see world_words_of() */
  gboolean done; /* nothing is added to it any more */

  /* The client's side. */
  guint64 told;            /* samples */
  guint words_told;        /* of those spoken or written */
  gboolean announced;      /* output_item.added, or any later */
  gboolean text_told;      /* words of a WRITING */
  gboolean called;         /* the owner was asked for an output */
  gboolean call_told;      /* output_item.done, or the response's */
  gboolean open;           /* no output of it was sent */
  gboolean answered;       /* the application gave one */
  gint64 deadline;         /* of the application's, monotonic us */
  guint outputs;           /* that were sent */
  guint truncations;       /* sent */
  guint deletions;         /* sent */
  gboolean dismissed;      /* the owner was told so */
  gboolean withdrawn;      /* nobody noticed it before its connection went */
  gchar *heard;            /* what the owner said of it when it was cut, if it
                            * had any words */
  gboolean reported;       /* at an interruption, with `played` */
  guint64 played;          /* samples */
  gboolean complete;       /* `told` is all that there will be */
  gboolean was_complete;   /* when it was reported */
  gboolean known;          /* of the user's: that it was committed */
  gboolean owed;           /* likewise: it is to be answered */
  gboolean over;           /* likewise: it is answered, or taken back */
  guint64 told_when_asked; /* `told` when it was reported */
} Item;

struct _Answer {
  gchar *id;
  Create *create; /* NULL = the server's own */
  gboolean out_of_band;
  guint connection;
  GPtrArray *items; /* Item*, borrowed */
  Item *current;    /* the one that is being made, or NULL */

  gboolean planned; /* the server will make it */
  gboolean running; /* the server makes it */

  gboolean expected; /* the client was told of the turn that it answers */
  gboolean told;     /* response.created was delivered */
  gboolean over;     /* response.done was delivered */
  gboolean dead;     /* nothing of it may be heard any more */
  gboolean born_dead;
  gboolean silent; /* nothing may follow from its calls */
  gboolean retracted;
  guint started; /* times that the owner was told so */
  guint cancels; /* sent */
  guint ends;    /* times that the owner was told so */
};

/* --- messages under way --- */

typedef enum {
  PACKET_OTHER,
  PACKET_SPEECH_STARTED,
  PACKET_SPEECH_STOPPED,
  PACKET_COMMITTED,
  PACKET_CREATED, /* and so on: of responses */
  PACKET_ADDED,
  PACKET_AUDIO,
  PACKET_WORDS, /* of what is spoken; TEXT: of what is written */
  PACKET_TEXT,
  PACKET_ITEM_DONE,
  PACKET_DONE,
  PACKET_REFUSAL,    /* of a response.create */
  PACKET_NO_ANSWER,  /* the server could not begin one of its own */
  PACKET_TRANSCRIPT, /* of the user's words */
} PacketKind;

typedef struct {
  PacketKind kind;
  gchar *json;
  Answer *answer;
  Item *item;
  gboolean by_vad; /* of a COMMITTED */
  guint64 samples; /* of an AUDIO */
  guint words;     /* of WORDS or TEXT: how many the client has then */
  Create *create;  /* of a REFUSAL */
  gboolean again;  /* likewise: another response was in its way */
} Packet;

/* A wish for a plain response. */
typedef enum {
  PLAIN_NONE,
  PLAIN_MAY,
  PLAIN_MUST,
} Plain;

/* --- the world --- */

/* How a schedule's session is set up. */
typedef struct {
  Rt2TurnDetection turn_detection;
  gboolean create_response, interrupt_response;
  guint min_interruption; /* ms */
  gboolean guards_speech;
  gboolean transcribes;
  gboolean greets;
  guint lives;          /* s: a session of the server's; 0 = an hour */
  guint max_age;        /* s: of a session, as the client wants it; 0 = any */
  gboolean moves;       /* the application asks for it */
  gboolean gives_marks; /* the server, in response.metadata */
  gboolean names_event; /* the server, in its errors */
} WorldSetup;

/* A session in the background. Its server says nothing by itself. */
typedef struct {
  guint number;     /* of its transport, see fakewire.h; 0 = there is none */
  guint connection; /* its number */
  GQueue up, down;  /* as in the world */
  GPtrArray *told;  /* likewise */
  gboolean has_vad, creates_answers, cancels_answers;
} Next;

typedef struct {
  WorldSetup setup;
  GRand *random; /* of the server's choices and the test's */
  GPtrArray *log;
  gchar *name; /* of the schedule, for who reads that it failed */

  GMainContext *context;
  Rt2Session *session;
  Rt2SessionConfig *config;

  /* Everything that ever was, owned. */
  GPtrArray *requests, *creates, *answers, *items;
  GArray *words;     /* all that the user says, see worldwords.c */
  guint transport;   /* that is in use, see fakewire.h */
  guint connection;  /* number of the one in use */
  guint connections; /* that there ever were */
  guint losses;      /* of them, that were lost in use */
  guint moves;       /* to another, without a loss */
  guint forced;      /* of them, while something was open */
  guint numbers;     /* of ids */
  GHashTable *marks; /* event ids that the client used, on any connection */
  GPtrArray *told;   /* JsonObject*, items as the client made them on the
                      * connection in use, in their order there */
  Next next;

  GQueue up;   /* JsonObject*, sent by the client */
  GQueue down; /* Packet*, sent by the server */

  /* The server. */
  gboolean configured; /* it took a session.update */
  gboolean creates_answers, cancels_answers, has_vad;
  guint64 appended;     /* ms */
  guint64 uncommitted;  /* ms */
  guint64 sound, quiet; /* ms: in the turn that goes on; since the last of it */
  guint64 sound_start;  /* ms appended when it began */
  guint64 stretch_start; /* when the last stretch without a gap did */
  guint64 longest;       /* ms: such stretch in this turn */
  guint64 turn_start;    /* ms appended that the turn going on begins with */
  guint64 turn_end;      /* ms appended when the last turn ended */
  gboolean hears;        /* speech_started was said, and its end not */
  GArray *heard;         /* HeardWord: words that were not committed yet */
  GQueue untranscribed;  /* Item*, borrowed */

  /* The client, as far as it was told. */
  gboolean ready; /* `configured` was called */
  Create *outstanding;
  Request *message; /* it was sent; its response.create must be next */
  Plain plain;
  gboolean plain_lasts;
  gboolean plain_again; /* from a connection that is gone: it may be sent */
  gboolean plain_told;  /* likewise: any answer is to it, also the server's */
  gboolean expects;     /* an answer that the server could not begin */
  gboolean speaks;      /* the user, to be judged: up to the end */
  gboolean turn_told;   /* of a turn that began and was not committed */
  gboolean floor;       /* the agent had the floor when the user began */
  guint interrupts_before;
  guint64 heard_until; /* ms appended when the last sound went up */
  guint64 sent;        /* ms appended */

  /* The application. */
  GQueue uplink; /* GBytes*; NULL data = the end */
  gboolean ended;
  gboolean is_protected;
  gboolean interrupts_now; /* something may interrupt, now, */
  gboolean owed;           /* or as soon as nothing is protected */
  GQueue playing;          /* Item*, borrowed */
  Rt2SessionState state;   /* as last told */
  guint interrupts;        /* times that interrupt() was called */
  guint failures_expected; /* of commands */
  guint failures_allowed;  /* likewise, besides */
  guint drained;
} World;

World *world_new (const gchar *name, guint32 seed, const WorldSetup *setup);
/* Also checks that everything ended well, see world_settle(). */
void world_free (World *world);

/* Fails the program unless @condition; tells what happened before. */
#define WORLD_CHECK(world, condition)                                          \
  do {                                                                         \
    if (!(condition))                                                          \
      world_fail ((world), G_STRLOC, #condition);                              \
  } while (0)
void world_fail (
    World *world, const gchar *where, const gchar *what) G_GNUC_NORETURN;
void world_log (World *world, const gchar *format, ...) G_GNUC_PRINTF (2, 3);

/* TRUE in @percent of all cases. */
gboolean world_chance (World *world, gint percent);

/* Runs the session's loop until nothing is ready. */
void world_run (World *world);
/* Lets time pass, timer by timer. */
void world_advance (World *world, gint64 us);
/* The session's connection is opened, if it waits for it. */
void world_connect (World *world);
/* The connection is lost. */
void world_drop (World *world);
/* The books of a connection that is gone. */
void world_forget_connection (World *world);

/* The session is to be elsewhere. */
void world_move (World *world);
/* No session ends, or is to end, by its age from now on. */
void world_stay (World *world);

/* Until nothing happens any more: the user is silent, the application answers
 * all calls, the server ends all responses. Then checks that nobody waits. */
void world_settle (World *world);

/* The wish for a plain response, as of now. */
void world_want_plain (World *world);

/* --- the server --- */

/* The first @n words that it says, or writes, of any item; new string. */
gchar *world_words_of (guint n);
/* session.created. New string. */
gchar *world_server_greeting (World *world);
/* session.updated. New string. */
gchar *world_server_acceptance (void);
/* What the turn detection in @update, a session.update, says. */
gboolean world_server_detection (
    JsonObject *update, gboolean *creates, gboolean *cancels);
/* Puts @json, taken over, behind what is on its way @down. */
Packet *world_packet (GQueue *down, PacketKind kind, gchar *json);
void world_packet_free (gpointer data);
void world_server_connected (World *world);
/* Takes the next message of the client; FALSE if there is none. */
gboolean world_server_take (World *world);
/* Something new of a response that is under way; FALSE if none is. */
gboolean world_server_work (World *world);
/* Makes the response that it owes for a turn; FALSE if there is none. */
gboolean world_server_answer (World *world);
/* Ends a response that is under way. */
gboolean world_server_end (World *world);
/* Transcribes what the user said; FALSE if there is nothing. */
gboolean world_server_transcribe (World *world);
/* The in-band response that is under way, or NULL. */
Answer *world_server_active (World *world);
/* The response that is owed for a turn. */
Answer *world_server_planned (World *world);

/* Delivers the next message to the client; FALSE if there is none. */
gboolean world_deliver (World *world);

/* --- the next server --- */

gboolean world_has_next (World *world);
/* It is asked for a connection: opens it. FALSE if it is not. */
gboolean world_next_connect (World *world);
/* Takes the next message of the client's, delivers the next to it. */
gboolean world_next_take (World *world);
gboolean world_next_deliver (World *world);
/* It refuses the connection, or closes it. */
void world_next_fail (World *world);
/* The client asks for the connection @number; sent it @object of @type. */
void world_next_asked (World *world, guint number);
void world_next_sent (World *world, JsonObject *object, const gchar *type);
/* It is in use from now on. */
void world_next_taken (World *world);
void world_next_forget (World *world);

/* --- what the client tells a server --- */

GPtrArray *world_told_new (void);
/* The client made the item in @create, or deletes one, which must not, or must,
 * be there. */
void world_told_make (World *world, GPtrArray *told, JsonObject *create);
void world_told_delete (World *world, GPtrArray *told, const gchar *id);
gboolean world_told_has (GPtrArray *told, const gchar *id);
/* The output of @call_id is there. */
gboolean world_told_has_output (GPtrArray *told, const gchar *call_id);
/* What the server in use believes of all before it is what happened. */
void world_told_check (World *world);

/* --- the client --- */

/* The client sent @text. */
void world_client_sent (World *world, const gchar *text);
/* The user interrupted: nothing of what is under way may be heard. */
void world_client_interrupted (World *world);
Answer *world_find_answer (World *world, const gchar *id);
Item *world_find_item (World *world, const gchar *id);
Item *world_find_call (World *world, const gchar *call_id);

/* --- the user's words --- */

/* One that the server heard, at @at ms appended. */
typedef struct {
  guint number;
  guint64 at;
} HeardWord;

GArray *world_words_new (void);
/* Fills @samples with the next. */
void world_words_say (World *world, guint8 *samples, gsize size);
/* The client sends them, commits what it sent, clears it, restores @item. */
void world_words_sent (World *world, const guint8 *audio, gsize size);
void world_words_commit (World *world);
void world_words_clear (World *world);
void world_words_restored (World *world, Item *item);
/* The server hears them, commits those since @from as @item, begins to answer
 * them. */
void world_words_heard (World *world, const guint8 *audio, gsize size);
void world_words_committed (World *world, Item *item, guint64 from);
void world_words_covered (World *world, Answer *answer);
/* The client is told that @item was committed, and took it back; that @answer
 * is over; the user interrupted; a response.create was refused for good. */
void world_words_told (World *world, Item *item);
void world_words_dismissed (World *world, Item *item);
void world_words_answered (World *world, const Answer *answer);
void world_words_interrupted (World *world);
void world_words_refused (World *world);
/* The connection is over in the midst of a turn that the client knows of. */
void world_words_cut_off (World *world);
/* What was said is not said again: the end came before its connection went. */
void world_words_end (World *world);
/* At the end: none is lost, and none waits for an answer. */
void world_words_check (World *world);

/* --- the application --- */

extern const Rt2SessionListener world_listener;

void world_say (World *world, guint ms, gboolean loud);
/* The user will say nothing more. */
void world_finish (World *world);
void world_play (World *world, guint ms);
/* A command of the application; takes it over. */
void world_command (World *world, Rt2Command *command);
void world_send_text (World *world, const gchar *role, gboolean respond,
    Rt2Interrupt interrupt, gint priority, gint64 expires);
void world_ask (World *world, gboolean out_of_band);
void world_cancel (World *world);
void world_commit (World *world);
void world_answer_call (World *world, Item *call);
void world_protect (World *world, gboolean is_protected);

G_END_DECLS
