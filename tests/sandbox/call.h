/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A telephone call that a sideband connection looks at: the caller speaks the
 * script's turns, and the sound of the answers goes to the caller only. */
#ifndef SANDBOX_CALL_H
#define SANDBOX_CALL_H

#include "session.h"

G_BEGIN_DECLS

Call *call_new (Session *session);
void call_free (Call *call);

/* After session.created. The caller waits for a first session.update, but not
 * for ever. */
void call_begin (Call *call);
void call_go_on (Call *call);

/* The speech was answered, or will not be. */
void call_answered (Call *call);
/* More sound of a response for the caller. */
void call_play (Call *call, const gchar *response_id, guint ms);
/* No more of it will come. */
void call_played (Call *call, const gchar *response_id);
/* What is still to be heard is thrown away. */
void call_cut (Call *call);

G_END_DECLS

#endif
