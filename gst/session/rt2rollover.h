/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * When a session is to be left for another, and which gap in the talk is good
 * enough for that. Pure: the time and what goes on are handed in. Times are
 * monotonic us.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Why the conversation moves to another session. */
typedef enum {
  RT2_MOVE_EXPIRING,  /* the server will end this one */
  RT2_MOVE_AGE,       /* it is as old as it may get */
  RT2_MOVE_SETTINGS,  /* where or how to connect was changed */
  RT2_MOVE_KEY,       /* the key was, and nothing else */
  RT2_MOVE_RECOVERED, /* the first endpoint is well again */
  RT2_MOVE_FALLBACK,  /* the first one is not */
} Rt2MoveReason;

/* "expiring" ... as messages say it. Static. */
const gchar *rt2_move_reason_name (Rt2MoveReason reason);

/* The longest that a server is known to keep a session, and what is assumed if
 * it does not tell, ns. */
#define RT2_ROLLOVER_LONGEST (G_GUINT64_CONSTANT (3600) * 1000000000)

/* No life is shorter, ns: that would be a clock that is wrong, and a storm. */
#define RT2_ROLLOVER_SHORTEST (G_GUINT64_CONSTANT (2) * 1000000000)

/* The end of a session as far as it is known, and why it ends. */
typedef struct {
  gint64 created; /* session.created came */
  gint64 end;
  Rt2MoveReason reason; /* EXPIRING or AGE */
} Rt2Life;

/* Of a session that was created at @now, when the local clock said @wall (unix
 * us). @expires_at is what the server said, unix seconds, 0 = nothing. Nobody
 * knows whether both clocks agree: it only counts if it leaves a life that a
 * session may have. @max_age: ns, 0 = no limit. */
Rt2Life rt2_life_new (
    gint64 now, gint64 wall, guint64 expires_at, guint64 max_age);

/* The three instants of a move. */
typedef struct {
  gint64 begin;    /* the other session is opened; taken over when all is
                    * quiet */
  gint64 patience; /* from here on speech that only plays on is no obstacle */
  gint64 deadline; /* from here on nothing is; G_MAXINT64 = never comes */
} Rt2Plan;

/* The move that the end of @life asks for: shares of the life, the beginning 5
 * minutes before the end at most, the deadline 20 s. */
Rt2Plan rt2_plan_of_life (const Rt2Life *life);
/* A move that begins @now. It is never forced, but by the end of @life. */
Rt2Plan rt2_plan_now (const Rt2Life *life, gint64 now);

/* What goes on. */
typedef struct {
  gboolean speaking;  /* a turn of the user's is open, or not acknowledged */
  gboolean sounding;  /* the input is loud, though no turn is open */
  gboolean answering; /* a response is due or under way, or a call is open */
  gboolean writing;   /* transcripts are still to come */
  gboolean playing;   /* speech that came already plays on */
} Rt2Talk;

typedef enum {
  RT2_ROLLOVER_NOTHING, /* stay */
  RT2_ROLLOVER_OPEN,    /* have another session ready */
  RT2_ROLLOVER_TAKE,    /* go over to it */
} Rt2RolloverStep;

/* What to do at @now. @ready: the other session is there. *next is when to ask
 * again if nothing else happens: the next instant of the plan; G_MAXINT64 if
 * there is none. */
Rt2RolloverStep rt2_rollover_judge (const Rt2Plan *plan, gint64 now,
    const Rt2Talk *talk, gboolean ready, gint64 *next);

G_END_DECLS
