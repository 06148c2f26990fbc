/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One thing that is said in a translation session, and its translation. */
#include "utterance.h"

Utterance *
utterance_new (const ScriptTurn *turn, guint64 start)
{
  Utterance *utterance = g_rc_box_new0 (Utterance);

  utterance->turn = turn;
  utterance->start = start;
  utterance->source = g_strdup ("");
  return utterance;
}

Utterance *
utterance_ref (Utterance *utterance)
{
  return g_rc_box_acquire (utterance);
}

static void
utterance_clear (gpointer data)
{
  Utterance *utterance = data;

  g_free (utterance->source);
  g_free (utterance->text);
  g_clear_pointer (&utterance->audio, g_byte_array_unref);
}

void
utterance_unref (Utterance *utterance)
{
  g_rc_box_release_full (utterance, utterance_clear);
}

/* "translate" of the turn, or NULL. */
static JsonObject *
translation_of (Utterance *utterance)
{
  return utterance->turn != NULL
      ? wire_object (utterance->turn->json, "translate")
      : NULL;
}

gint64
utterance_told (Utterance *utterance, const gchar *member, gint64 otherwise)
{
  return utterance->turn != NULL
      ? wire_integer (utterance->turn->json, member, otherwise)
      : otherwise;
}

gint64
utterance_told_translation (
    Utterance *utterance, const gchar *member, gint64 otherwise)
{
  JsonObject *told = translation_of (utterance);

  return told != NULL ? wire_integer (told, member, otherwise) : otherwise;
}

const gchar *
utterance_from (Utterance *utterance)
{
  JsonObject *told = translation_of (utterance);

  return told != NULL ? wire_string (told, "from") : NULL;
}

gchar *
utterance_dup_translation (Utterance *utterance, const gchar *language)
{
  JsonObject *told = translation_of (utterance);
  JsonObject *texts = told != NULL ? wire_object (told, "text") : NULL;

  if (told == NULL)
    return NULL;
  if (texts != NULL)
    return g_strdup (wire_string (texts, language));
  return g_strdup (wire_string (told, "text"));
}
