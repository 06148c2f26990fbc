/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The response sequencer: which response is under way, which is due, which is
 * dead. One response at a time may write to the conversation, so a wish for
 * another waits for its end. Pure.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _Rt2Responses Rt2Responses;

Rt2Responses *rt2_responses_new (void);
void rt2_responses_free (Rt2Responses *responses);

/* A new connection: nothing is under way, due or wished. */
void rt2_responses_reset (Rt2Responses *responses);

/* The owner wishes for a response. */
void rt2_responses_want (Rt2Responses *responses);
/* TRUE, once, if response.create is to be sent now: one is wished for and none
 * is under way or due. It is due from then on. */
gboolean rt2_responses_take_wish (Rt2Responses *responses);
/* The server took our response.create for one too many, or refused it. @again:
 * the wish stands until a response has ended. */
void rt2_responses_refused (Rt2Responses *responses, gboolean again);
/* The server will make one by itself: a turn was committed by its VAD. */
void rt2_responses_expect (Rt2Responses *responses);

/* response.created, or the first event of one that was never announced. */
void rt2_responses_started (Rt2Responses *responses, const gchar *id);
/* response.done. What still comes for it is a straggler. FALSE if it had ended
 * before. */
gboolean rt2_responses_ended (Rt2Responses *responses, const gchar *id);

/* All that is under way is dead: cut off by an interruption. */
void rt2_responses_kill (Rt2Responses *responses);
/* TRUE if nothing of @id is to be heard: killed, or ended. */
gboolean rt2_responses_is_dead (const Rt2Responses *responses, const gchar *id);

/* Ids under way and not dead: gchar*, owned by @responses. */
GPtrArray *rt2_responses_list_active (const Rt2Responses *responses);

/* TRUE while one is under way (dead ones included), due or wished for. */
gboolean rt2_responses_is_busy (const Rt2Responses *responses);

G_END_DECLS
