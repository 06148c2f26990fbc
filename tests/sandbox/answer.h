/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The answer without a script: what a server that understands no speech can
 * truthfully say. */
#ifndef SANDBOX_ANSWER_H
#define SANDBOX_ANSWER_H

#include "session.h"

G_BEGIN_DECLS

/* params: of response.create, checked; or NULL. Transfer full. */
Reply *answer_make (Session *session, JsonObject *params);
/* After an idle timeout. */
Reply *answer_make_idle (void);
/* What was heard, for a transcript; transfer full. */
gchar *answer_describe_speech (guint speech_ms);

G_END_DECLS

#endif
