/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Translation sessions: audio in, audio of the same length out, with the
 * translations of what was said in it. */
#ifndef SANDBOX_TRANSLATION_H
#define SANDBOX_TRANSLATION_H

#include "session.h"

G_BEGIN_DECLS

Translation *translation_new (Session *session);
void translation_free (Translation *translation);

/* Its input's; user data: the session. */
extern const InputListener translation_listener;

/* session.input_audio_buffer.append and session.close */
gboolean translation_append (
    Session *session, const guint8 *data, gsize size, Fault *fault);
gboolean translation_close (Session *session, Fault *fault);

G_END_DECLS

#endif
