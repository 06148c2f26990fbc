/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Audio turns: speech that starts and stops, commits, idle timeouts. */
#ifndef SANDBOX_TURNS_H
#define SANDBOX_TURNS_H

#include "session.h"

G_BEGIN_DECLS

extern const InputListener turns_listener; /* user data: the session */

/* input_audio_buffer.commit and .clear */
gboolean turns_commit (Session *session, Fault *fault);
void turns_clear (Session *session);
/* The same without a word: the service loses the audio that waits in the
 * buffer when a transcription session is updated. */
void turns_lose (Session *session);
/* After audio was appended. */
void turns_check_idle (Session *session);
/* After a response that was created at an input sample and speaks so long. */
void turns_arm_idle (Session *session, guint64 from, guint audio_ms);
/* The session's settings changed. */
void turns_configure (Session *session);

G_END_DECLS

#endif
