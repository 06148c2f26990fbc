/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Responses: from response.created to response.done. */
#ifndef SANDBOX_RESPONSE_H
#define SANDBOX_RESPONSE_H

#include "session.h"

G_BEGIN_DECLS

/* reply: what to say (taken). params: of response.create, checked; or NULL. */
void response_start (Session *session, Reply *reply, JsonObject *params);
/* Unfinished items end as incomplete, then response.done. */
void response_cancel (Response *response, const gchar *reason);
/* The one with this id, or the active one if that is NULL; NULL until it was
 * announced. */
Response *response_find (Session *session, const gchar *id);
const gchar *response_get_id (Response *response);
/* Stops and forgets all, sending nothing: the session is about to go. */
void response_abandon_all (Session *session);

G_END_DECLS

#endif
