/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The languages that a translation can have. */
#include "languages.h"

const gchar *const languages_codes[] = { "es", "pt", "fr", "ja", "ru", "zh",
  "de", "ko", "hi", "id", "vi", "it", "en", NULL };

/* In the order of the codes. */
static const struct {
  const gchar *voice;
  const gchar *before, *after; /* the number of seconds */
} languages[] = {
  { "es", "traducción de ", " segundos de voz" },
  { "pt", "tradução de ", " segundos de fala" },
  { "fr-fr", "traduction de ", " secondes de parole" },
  { "ja", "", "秒の音声の翻訳" },
  { "ru", "перевод ", " секунды речи" },
  { "cmn", "", "秒语音的翻译" },
  { "de", "Übersetzung von ", " Sekunden Sprache" },
  { "ko", "", "초 음성의 번역" },
  { "hi", "", " सेकंड की बोली का अनुवाद" },
  { "id", "terjemahan dari ", " detik ucapan" },
  { "vi", "bản dịch của ", " giây tiếng nói" },
  { "it", "traduzione di ", " secondi di parlato" },
  { "en-us", "translation of ", " seconds of speech" },
};

static gint
find (const gchar *code)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (languages); i++)
    if (g_strcmp0 (languages_codes[i], code) == 0)
      return i;
  return -1;
}

const gchar *
languages_voice (const gchar *code)
{
  gint index = find (code);

  return index >= 0 ? languages[index].voice : NULL;
}

gchar *
languages_describe_speech (const gchar *code, guint speech_ms)
{
  guint tenths = (speech_ms + 50) / 100;
  gint index = find (code);

  g_return_val_if_fail (index >= 0, NULL);
  return g_strdup_printf ("%s%u.%u%s", languages[index].before, tenths / 10,
      tenths % 10, languages[index].after);
}
