/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Transcripts of what the user said, from the script or from a measurement. */
#ifndef SANDBOX_HEARING_H
#define SANDBOX_HEARING_H

#include "session.h"

G_BEGIN_DECLS

/* After audio was appended: a live model shows the words that are due. */
void hearing_listen (Session *session);
/* The audio is gone that a live model was hearing. */
void hearing_drop (Session *session);
/* Audio was committed. Uses up the script's turn, unless a live model has
 * done so; sends events only if the session wants them. */
void hearing_start (Session *session, Item *item);
void hearing_free (gpointer hearing);

G_END_DECLS

#endif
