/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which answer comes: the script's or the default one. */
#ifndef SANDBOX_RESPOND_H
#define SANDBOX_RESPOND_H

#include "session.h"

G_BEGIN_DECLS

/* To response.create: params are checked, or NULL. */
void respond_to (Session *session, JsonObject *params);
/* By itself, after the user spoke, or was silent for long (idle). */
void respond_alone (Session *session, gboolean idle);
/* The script wants that a client's response.create comes too late. */
gboolean respond_races (Session *session);

G_END_DECLS

#endif
