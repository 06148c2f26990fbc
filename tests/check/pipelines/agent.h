/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A server that says exactly what a test wants at the moment it wants it. It
 * greets, accepts every configuration, acknowledges truncations and deletions,
 * and refuses those that make no sense with an `error` event.
 *
 * Items have ids that no two agents of a process share. Their samples are a
 * ramp that is never silent: see agent_sample().
 */
#pragma once

#include "stage.h"
#include "testserver.h"

G_BEGIN_DECLS

typedef struct _Agent Agent;

/* What the client told the agent about one item. */
typedef struct {
  gboolean deleted;
  gboolean truncated;
  guint audio_end_ms; /* if truncated */
} AgentVerdict;

Agent *agent_new (void);
void agent_free (Agent *agent);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Agent, agent_free)

TestServer *agent_get_server (Agent *agent);
/* Caller frees it. */
gchar *agent_dup_uri (Agent *agent);

/* To the newest connection. */
void agent_send (Agent *agent, const gchar *format, ...) G_GNUC_PRINTF (2, 3);

/* Returns when the element in @stage has taken in all that was sent. */
void agent_sync (Agent *agent, Stage *stage);

/* The VAD hears the user begin turn number @turn, or end it and commits it. */
void agent_user_starts (Agent *agent, guint turn);
void agent_user_stops (Agent *agent, guint turn);

/* Sample @i of an item. */
gint16 agent_sample (guint64 i);

/* A whole response of @n items of so many samples each, all sent at once.
 * Returns the number of the first item; the others follow. */
guint agent_say (Agent *agent, const guint *samples, guint n);
/* The same, sent piece by piece: a server sends at some pace, in deltas of any
 * size. */
typedef struct _AgentAnswer AgentAnswer;

/* @largest: samples of a delta. Nothing is sent yet but that there will be a
 * response. */
AgentAnswer *agent_answer_new (
    Agent *agent, const guint *samples, guint n, guint largest);
void agent_answer_free (AgentAnswer *answer);
/* The number of its first item; the others follow. */
guint agent_answer_first (AgentAnswer *answer);
/* Sends until so many samples are sent in all, or all is. Returns whether there
 * was anything to send. */
gboolean agent_answer_go_on (AgentAnswer *answer, guint64 samples);
/* Samples of item @i that are sent, FALSE if it was not even announced. */
gboolean agent_answer_sent (AgentAnswer *answer, guint i, guint *samples);
/* The server stops: a few more deltas may have been on their way. */
void agent_answer_cut (AgentAnswer *answer);

/* The id of an item. Caller frees it. */
gchar *agent_dup_item_id (Agent *agent, guint item);

/* Waits until a session.update came whose session holds @text somewhere. */
void agent_wait_update (Agent *agent, const gchar *text);
/* What came about an item so far. */
AgentVerdict agent_get_verdict (Agent *agent, guint item);
/* Events of this type that came so far. */
guint agent_count (Agent *agent, const gchar *type);
/* Forgets what came so far. */
void agent_forget (Agent *agent);

G_END_DECLS
