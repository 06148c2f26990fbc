/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The languages that a translation can have. */
#ifndef SANDBOX_LANGUAGES_H
#define SANDBOX_LANGUAGES_H

#include <glib.h>

G_BEGIN_DECLS

/* ISO 639-1, NULL at the end. */
extern const gchar *const languages_codes[];

/* espeak-ng's name of a voice for it; NULL: not one of them. */
const gchar *languages_voice (const gchar *code);
/* "translation of 2.4 seconds of speech" in that language: all that can be
 * said truthfully without understanding. Transfer full. */
gchar *languages_describe_speech (const gchar *code, guint speech_ms);

G_END_DECLS

#endif
