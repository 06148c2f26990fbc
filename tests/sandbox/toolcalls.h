/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of a reply may be said under tool_choice and parallel_tool_calls. */
#ifndef SANDBOX_TOOLCALLS_H
#define SANDBOX_TOOLCALLS_H

#include "session.h"

G_BEGIN_DECLS

/* Takes the reply and gives back one that keeps the rules of the session and
 * of params (of response.create, or NULL). by_default: the reply is nobody's
 * script, so a call that is required may take its place. */
Reply *toolcalls_prepare (
    Session *session, Reply *reply, JsonObject *params, gboolean by_default);

G_END_DECLS

#endif
