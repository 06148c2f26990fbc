/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Members of the session that the server refused: one bad member makes it
 * refuse all that came with it, so each is left at what was accepted before
 * until something else is asked for. Pure; not thread-safe.
 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

typedef struct _Rt2Refused Rt2Refused;

Rt2Refused *rt2_refused_new (void);
void rt2_refused_free (Rt2Refused *refused);

/* The server refused what the session @sent has at @param, the path in an
 * error ("session.audio.output.speed"; may be NULL). FALSE if that names
 * nothing in which @sent differs from @accepted. */
gboolean rt2_refused_note (Rt2Refused *refused, const gchar *param,
    JsonObject *sent, JsonObject *accepted);

/* Forgets the members of which @wanted, a whole session, has another value. */
void rt2_refused_review (Rt2Refused *refused, JsonObject *wanted);

/* Gives refused members of @session the value that was accepted, or takes them
 * out if there was none. */
void rt2_refused_apply (Rt2Refused *refused, JsonObject *session);

G_END_DECLS
