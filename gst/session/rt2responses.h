/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The response sequencer: who wishes the agent to speak, which response is
 * under way, which is due, which is dead. One response at a time may write to
 * the conversation, so a wish for another waits for its end. Those out of band
 * write to none and wait for nobody. Pure.
 */
#pragma once

#include "rt2command.h"

G_BEGIN_DECLS

typedef struct _Rt2Responses Rt2Responses;

typedef enum {
  RT2_WISH_DISCLOSURE, /* the agent says what it is */
  RT2_WISH_GREETING,   /* the agent opens the conversation */
  RT2_WISH_TURN,       /* the user ended a turn */
  RT2_WISH_TOOLS,      /* the outputs of all calls of a response are in */
  RT2_WISH_TEXT,       /* something written is to be answered */
  RT2_WISH_ASKED,      /* the application asks for a response */
  RT2_WISH_SUMMARY,    /* what was said is to be told to another server */
} Rt2WishKind;

/* A reason for a response. */
typedef struct {
  Rt2WishKind kind;
  gint priority;       /* the highest goes first; among equals the oldest */
  gint64 expires;      /* monotonic us after which it is void; 0 = never */
  Rt2Command *command; /* owned: a message to be sent right before, or the
                        * parameters of the response; NULL = neither */
  gboolean lasting;    /* it stands when the user interrupts */
  gboolean polite;     /* it waits while the user speaks */
  gboolean again;      /* it is from a connection that is gone, and what it is
                        * about was told to the next one first of all */
  gboolean out_of_band;
} Rt2Wish;

Rt2Wish *rt2_wish_new (Rt2WishKind kind);
void rt2_wish_free (Rt2Wish *wish);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rt2Wish, rt2_wish_free)

/* Wishes that may wait. */
#define RT2_RESPONSES_MAX_WISHES 256

Rt2Responses *rt2_responses_new (void);
void rt2_responses_free (Rt2Responses *responses);

/* Nothing is under way, due or wished for. */
void rt2_responses_reset (Rt2Responses *responses);
/* The connection is lost. What waits goes on waiting; what was asked for and is
 * neither dead nor done is wished for again. Not so what opens the
 * conversation, nor answers to the user's turns: turns come again, and bring
 * their wishes. What is plain then is served by any answer, also by one that
 * the server makes by itself. */
void rt2_responses_disconnected (Rt2Responses *responses);

/* --- wishes --- */

/* Takes @wish over. Any response answers all that was said before it: a plain
 * wish (without a command) adds nothing to one that waits already, and one
 * that waits is served by a later one. FALSE if too many wait: then it is gone.
 */
gboolean rt2_responses_want (Rt2Responses *responses, Rt2Wish *wish);

/* The user has the floor, or gives it back: meanwhile polite wishes wait. */
void rt2_responses_set_floor (Rt2Responses *responses, gboolean users);
/* TRUE if a wish with a command would be left out now. */
gboolean rt2_responses_is_full (const Rt2Responses *responses);
/* All wishes that wait, oldest first: Rt2Wish*, transfer full. */
GPtrArray *rt2_responses_drop (Rt2Responses *responses);

/* TRUE if there is a wish whose response.create may be sent now. */
gboolean rt2_responses_is_ready (const Rt2Responses *responses);
/* The wish whose response.create is to be sent now, marked @mark; NULL if there
 * is none, or another response is in its way. It is due from then on. Belongs
 * to @responses until it is refused, or its response ends. */
const Rt2Wish *rt2_responses_take (Rt2Responses *responses, const gchar *mark);

/* Wishes that have expired at @now (monotonic us), oldest first: Rt2Wish*,
 * transfer full; NULL if none has. */
GPtrArray *rt2_responses_expire (Rt2Responses *responses, gint64 now);
/* When the next one does; 0 = never. */
gint64 rt2_responses_next_expiry (const Rt2Responses *responses);

/* While @hold, nothing in band may begin: an interruption is still to come, and
 * must not end what was asked for after it. */
void rt2_responses_hold (Rt2Responses *responses, gboolean hold);

/* The server did not take the response.create marked @mark. @again: another
 * response was in its way; the wish stands until one has ended. @mark NULL: the
 * last in band, or the one that the server was to make by itself if that one
 * can't be meant. FALSE if no such is due. */
gboolean rt2_responses_refused (
    Rt2Responses *responses, const gchar *mark, gboolean again);

/* The server will make a response by itself: its VAD committed a turn. It can't
 * while one is under way: then this is a plain wish for one. */
void rt2_responses_expect (Rt2Responses *responses);

/* --- responses --- */

typedef enum {
  RT2_START_NEW,   /* it is to be heard, unless it is out of band */
  RT2_START_KNOWN, /* it has started, or ended, before */
  RT2_START_VOID,  /* its reason is gone: it is dead and should be cancelled */
} Rt2Start;

/* response.created, or the first event of one that was never announced. @mark
 * is the mark that it carries, or NULL: then it is the one that is expected,
 * else the one that is due. */
Rt2Start rt2_responses_started (
    Rt2Responses *responses, const gchar *id, const gchar *mark);
/* response.done. What still comes for it is a straggler. FALSE if it had ended
 * before. */
gboolean rt2_responses_ended (Rt2Responses *responses, const gchar *id);

/* The server said that @id begins. */
void rt2_responses_announced (Rt2Responses *responses, const gchar *id);
/* One under way that was never announced, only seen by what it says; NULL if
 * there is none. Owned by @responses. */
const gchar *rt2_responses_find_unannounced (const Rt2Responses *responses);

/* The cancel that was sent for @id last is marked @mark. */
void rt2_responses_cancelling (
    Rt2Responses *responses, const gchar *id, const gchar *mark);
/* The response that the cancel marked @mark is for, if it is under way; else
 * NULL. Owned by @responses. */
const gchar *rt2_responses_find_cancelled (
    const Rt2Responses *responses, const gchar *mark);

/* An interruption: all that is under way in band is dead, what is due or
 * expected will be, and wishes are dropped but for those that last. */
void rt2_responses_interrupt (Rt2Responses *responses);
/* What is under way goes on; what is due or expected will be dead. */
void rt2_responses_give_up (Rt2Responses *responses);
/* @id, and nothing else, is dead. */
void rt2_responses_kill (Rt2Responses *responses, const gchar *id);

/* TRUE if @id is under way, dead or not. */
gboolean rt2_responses_is_known (
    const Rt2Responses *responses, const gchar *id);
/* TRUE if nothing of @id is to be heard: killed, or ended. */
gboolean rt2_responses_is_dead (const Rt2Responses *responses, const gchar *id);
/* TRUE if @id was asked for out of band. */
gboolean rt2_responses_is_out_of_band (
    const Rt2Responses *responses, const gchar *id);
/* The wish that @id came from, or NULL; owned by @responses. */
const Rt2Wish *rt2_responses_wish_of (
    const Rt2Responses *responses, const gchar *id);

/* The wish whose response.create is marked @mark and due; NULL if there is
 * none.
 */
const Rt2Wish *rt2_responses_wish_marked (
    const Rt2Responses *responses, const gchar *mark);

/* TRUE if something of @kind is wished for, due or under way. */
gboolean rt2_responses_has (const Rt2Responses *responses, Rt2WishKind kind);

/* Ids in band, under way and not dead: gchar*, owned by @responses. */
GPtrArray *rt2_responses_list_active (const Rt2Responses *responses);

/* TRUE while one in band is under way (dead ones included), due, expected or
 * wished for. */
gboolean rt2_responses_is_busy (const Rt2Responses *responses);
/* The same, also of those out of band. */
gboolean rt2_responses_is_open (const Rt2Responses *responses);

G_END_DECLS
