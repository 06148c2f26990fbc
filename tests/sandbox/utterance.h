/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One thing that is said in a translation session, and its translation. */
#ifndef SANDBOX_UTTERANCE_H
#define SANDBOX_UTTERANCE_H

#include "script.h"

G_BEGIN_DECLS

/* Counted, on one thread. */
typedef struct {
  const ScriptTurn *turn; /* or NULL */
  guint64 start;          /* sample of the input */
  gchar *source;          /* what is said; empty: not known yet */
  gsize heard;            /* bytes of it that were shown */
  guint words;            /* of it that were shown */
  gboolean silent;        /* no translation will come */

  gchar *text;       /* the translation; NULL: not known yet */
  guint64 place;     /* first sample of the output that it may begin at */
  GByteArray *audio; /* of the translation; NULL: still being made */
  gsize played;      /* bytes of the audio */
  gsize said;        /* bytes of the text */
} Utterance;

Utterance *utterance_new (const ScriptTurn *turn, guint64 start);
Utterance *utterance_ref (Utterance *utterance);
void utterance_unref (Utterance *utterance);

/* Numbers of the script's turn, and of "translate" in it. */
gint64 utterance_told (
    Utterance *utterance, const gchar *member, gint64 otherwise);
gint64 utterance_told_translation (
    Utterance *utterance, const gchar *member, gint64 otherwise);
/* The language that is spoken, if the script tells. */
const gchar *utterance_from (Utterance *utterance);
/* The script's translation, empty for none, or NULL: not in the script.
 * Transfer full. */
gchar *utterance_dup_translation (Utterance *utterance, const gchar *language);

G_END_DECLS

#endif
