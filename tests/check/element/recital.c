/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Somebody who talks, and of whom it is known when each word is said.
 */
#include "recital.h"

#include <espeak-ng/speak_lib.h>
#include <string.h>

#include "rt2sample.h"

/* Sentences per language. A # is a number. */
static const gchar *const english[] = {
  "Yes.",
  "Of course!",
  "One moment, please.",
  "The train to Edinburgh leaves at # from platform #.",
  "I have looked it up for you, and there are # seats left.",
  "Dr. Smith will see you in room # on the second floor.",
  "It costs $#, or a little less if you book today, which I would recommend.",
  "Do you want to go there by bus, by bike, or on foot?",
  "That is a very good question: nobody knows for certain, but most people "
  "who studied it, e.g. the team in Oslo, believe that the answer is yes.",
  "The meeting, which had been planned for Monday, was moved to the #th.",
  "Her flight, BA #, has landed; the bags are on belt #.",
  "We sold # copies in March and # in April, a rise of # percent.",
  "Please hold the line.",
  "No.",
  "Although it had been raining all night the river stayed within its banks "
  "and nobody in the village had to leave their house before the morning.",
  "Could you spell your name for me, please?",
  "Well... I am not sure about that.",
  "The UN and NATO have said so since #.",
};
static const gchar *const german[] = {
  "Ja, nat\xc3\xbcrlich.",
  "Einen Augenblick bitte.",
  "Der n\xc3\xa4"
  "chste Zug nach K\xc3\xb6ln f\xc3\xa4hrt um # Uhr von Gleis #.",
  "Das w\xc3\xa4ren dann # Euro, z.B. mit der Karte, oder in bar.",
  "K\xc3\xb6nnen Sie das bitte noch einmal wiederholen?",
  "Die Stra\xc3\x9f"
  "e ist gesperrt, weil gestern ein gro\xc3\x9f"
  "er Baum umgest\xc3\xbcrzt ist und die Feuerwehr noch aufr\xc3\xa4umt.",
  "Nein!",
  "Gr\xc3\xbc\xc3\x9f"
  "en Sie Ihre Schwester von mir.",
};
static const gchar *const french[] = {
  "Bien s\xc3\xbbr.",
  "Un instant, s'il vous pla\xc3\xaet.",
  "L'\xc3\xa9t\xc3\xa9 dernier, # personnes ont visit\xc3\xa9 le "
  "ch\xc3\xa2teau.",
  "Le prochain d\xc3\xa9part est pr\xc3\xa9vu \xc3\xa0 # heures, et il reste "
  "quelques places en premi\xc3\xa8re classe.",
  "Qu'est-ce que vous en pensez ?",
  "C'est d\xc3\xa9j\xc3\xa0 fait !",
  "Nous avons re\xc3\xa7u votre lettre, mais elle n'\xc3\xa9tait pas "
  "sign\xc3\xa9"
  "e.",
};
static const gchar *const russian[] = {
  "\xd0\x94\xd0\xb0.",
  "\xd0\x9a\xd0\xbe\xd0\xbd\xd0\xb5\xd1\x87\xd0\xbd\xd0\xbe, \xd1\x81\xd0\xb5"
  "\xd0\xb9\xd1\x87\xd0\xb0\xd1\x81 \xd0\xbf\xd0\xbe\xd1\x81\xd0\xbc\xd0\xbe"
  "\xd1\x82\xd1\x80\xd1\x8e.",
  "\xd0\x9f\xd0\xbe\xd0\xb5\xd0\xb7\xd0\xb4 \xd0\xb2 \xd0\x9c\xd0\xbe\xd1\x81"
  "\xd0\xba\xd0\xb2\xd1\x83 \xd1\x83\xd1\x85\xd0\xbe\xd0\xb4\xd0\xb8\xd1\x82 "
  "\xd1\x87\xd0\xb5\xd1\x80\xd0\xb5\xd0\xb7 # \xd0\xbc\xd0\xb8\xd0\xbd\xd1\x83"
  "\xd1\x82.",
  "\xd0\x92\xd1\x8b \xd1\x83\xd0\xb2\xd0\xb5\xd1\x80\xd0\xb5\xd0\xbd\xd1\x8b, "
  "\xd1\x87\xd1\x82\xd0\xbe \xd1\x8d\xd1\x82\xd0\xbe \xd0\xbf\xd1\x80\xd0\xb0"
  "\xd0\xb2\xd0\xb4\xd0\xb0?",
  "\xd0\x9e\xd0\xbd\xd0\xb0 \xd0\xb6\xd0\xb8\xd0\xb2\xd1\x91\xd1\x82 \xd0\xbd"
  "\xd0\xb0 \xd0\xb1\xd0\xb5\xd1\x80\xd0\xb5\xd0\xb3\xd1\x83 \xd0\xb1\xd0\xbe"
  "\xd0\xbb\xd1\x8c\xd1\x88\xd0\xbe\xd0\xb9 \xd1\x80\xd0\xb5\xd0\xba\xd0\xb8, "
  "\xd0\xb3\xd0\xb4\xd0\xb5 \xd0\xbb\xd0\xb5\xd1\x82\xd0\xbe\xd0\xbc \xd0\xbe"
  "\xd1\x87\xd0\xb5\xd0\xbd\xd1\x8c \xd1\x82\xd0\xb8\xd1\x85\xd0\xbe.",
};
static const gchar *const greek[] = {
  "\xce\x9d\xce\xb1\xce\xb9.",
  "\xce\x9a\xce\xb1\xce\xbb\xce\xb7\xce\xbc\xce\xad\xcf\x81\xce\xb1 "
  "\xcf\x83\xce\xb1\xcf\x82!",
  "\xce\x97 \xce\xb8\xce\xac\xce\xbb\xce\xb1\xcf\x83\xcf\x83\xce\xb1 "
  "\xce\xb5\xce\xaf\xce\xbd\xce\xb1\xce\xb9 \xce\xae\xcf\x81\xce\xb5\xce\xbc"
  "\xce\xb7 \xcf\x83\xce\xae\xce\xbc\xce\xb5\xcf\x81\xce\xb1, \xce\xbc\xce\xb5 "
  "# \xce\xb2\xce\xb1\xce\xb8\xce\xbc\xce\xbf\xcf\x8d\xcf\x82.",
  "\xce\xa4\xce\xbf \xcf\x80\xce\xbb\xce\xbf\xce\xaf\xce\xbf "
  "\xcf\x86\xce\xb5\xcf\x8d\xce\xb3\xce\xb5\xce\xb9 \xcf\x83\xcf\x84\xce\xb9"
  "\xcf\x82 #.",
};

#define LIST(array) array, G_N_ELEMENTS (array)

static const struct {
  const gchar *voice;
  const gchar *const *sentences;
  guint n;
} voices[] = {
  { "en-us+f3", LIST (english) },
  { "en-gb+m3", LIST (english) },
  { "en-us+m1", LIST (english) },
  { "de+f2", LIST (german) },
  { "fr-fr", LIST (french) },
  { "ru+m2", LIST (russian) },
  { "el", LIST (greek) },
};

/* espeak-ng is one per process and has no user data in its callback. */
static Recital *speaking;
static gint espeak_rate;
static GArray *espeak_samples;

/* --- what is said --- */

static void
add_sentence (GString *text, const gchar *sentence, GRand *rand)
{
  if (text->len > 0)
    g_string_append_c (text, ' ');
  for (const gchar *c = sentence; *c != '\0'; c++)
    if (*c == '#')
      g_string_append_printf (text, "%d",
          g_rand_int_range (rand, 1, g_rand_boolean (rand) ? 20 : 2500));
    else
      g_string_append_c (text, *c);
}

static gchar *
make_text (GRand *rand, guint voice, guint n)
{
  GString *text = g_string_new (NULL);

  while (n-- > 0)
    add_sentence (text,
        voices[voice].sentences[g_rand_int_range (rand, 0, voices[voice].n)],
        rand);
  return g_string_free (text, FALSE);
}

/* --- how it is said --- */

static gboolean
is_word_start (const gchar *text, gsize at)
{
  return text[at] != '\0' && text[at] != ' '
      && (at == 0 || text[at - 1] == ' ');
}

/* Only what begins a word of the text counts: a number is many words. */
static void
take_word (Recital *recital, const espeak_EVENT *event)
{
  glong at = event->text_position - 1;
  RecitalWord word;

  if (at < 0 || at >= g_utf8_strlen (recital->text, -1))
    return;
  word.text = g_utf8_offset_to_pointer (recital->text, at) - recital->text;
  word.sound = (guint64) event->sample * rt2_audio_format_rate (recital->format)
      / espeak_rate;
  if (!is_word_start (recital->text, word.text))
    return;
  if (recital->words->len > 0
      && g_array_index (recital->words, RecitalWord, recital->words->len - 1)
              .text
          >= word.text)
    return;
  g_array_append_val (recital->words, word);
}

static int
on_speech (short *samples, int n, espeak_EVENT *events)
{
  if (samples != NULL)
    g_array_append_vals (espeak_samples, samples, n);
  for (; events->type != espeakEVENT_LIST_TERMINATED; events++)
    if (events->type == espeakEVENT_WORD)
      take_word (speaking, events);
  return 0;
}

static void
start_espeak (void)
{
  if (espeak_rate > 0)
    return;
  espeak_rate = espeak_Initialize (
      AUDIO_OUTPUT_SYNCHRONOUS, 0, NULL, espeakINITIALIZE_DONT_EXIT);
  if (espeak_rate <= 0)
    g_error ("espeak-ng does not find its data");
  espeak_SetSynthCallback (on_speech);
}

static void
put_sample (Recital *recital, gint16 sample)
{
  guint8 bytes[2];

  rt2_sample_put (recital->format, bytes, 0, sample);
  g_byte_array_append (
      recital->sound, bytes, rt2_audio_format_width (recital->format));
}

/* In straight lines from sample to sample. */
static void
resample (Recital *recital, const GArray *from)
{
  guint rate = rt2_audio_format_rate (recital->format);

  recital->samples = (guint64) from->len * rate / espeak_rate;
  for (guint64 i = 0; i < recital->samples; i++) {
    guint64 at = i * espeak_rate / rate;
    gint part = i * espeak_rate % rate;
    gint a = g_array_index (from, gint16, at);
    gint b = at + 1 < from->len ? g_array_index (from, gint16, at + 1) : 0;

    put_sample (recital, a + (b - a) * part / (gint) rate);
  }
}

Recital *
recital_new (GRand *rand, guint n, Rt2AudioFormat format)
{
  guint voice = g_rand_int_range (rand, 0, G_N_ELEMENTS (voices));
  Recital *recital = g_new0 (Recital, 1);

  recital->text = make_text (rand, voice, n);
  recital->words = g_array_new (FALSE, FALSE, sizeof (RecitalWord));
  recital->format = format;
  recital->sound = g_byte_array_new ();
  start_espeak ();
  speaking = recital;
  espeak_samples = g_array_new (FALSE, FALSE, sizeof (gint16));
  espeak_SetVoiceByName (voices[voice].voice);
  espeak_SetParameter (espeakRATE, g_rand_int_range (rand, 130, 230), 0);
  espeak_Synth (recital->text, strlen (recital->text) + 1, 0, POS_CHARACTER, 0,
      espeakCHARS_UTF8 | espeakENDPAUSE, NULL, NULL);
  espeak_Synchronize ();
  resample (recital, espeak_samples);
  g_clear_pointer (&espeak_samples, g_array_unref);
  g_assert_cmpuint (recital->words->len, >, 0);
  return recital;
}

void
recital_free (Recital *recital)
{
  g_free (recital->text);
  g_array_unref (recital->words);
  g_byte_array_unref (recital->sound);
  g_free (recital);
}

/* --- what is known about it --- */

/* The index of the word that has byte @text in it. */
static guint
word_at (const Recital *recital, gsize text)
{
  guint i = 0;

  while (i + 1 < recital->words->len
      && g_array_index (recital->words, RecitalWord, i + 1).text <= text)
    i++;
  return i;
}

guint64
recital_sample_of (const Recital *recital, gsize text)
{
  return g_array_index (recital->words, RecitalWord, word_at (recital, text))
      .sound;
}

guint64
recital_sample_within (const Recital *recital, gsize text)
{
  guint i = word_at (recital, text);
  const RecitalWord *word = &g_array_index (recital->words, RecitalWord, i);
  RecitalWord end = { strlen (recital->text), recital->samples };

  if (i + 1 < recital->words->len)
    end = word[1];
  if (text <= word->text)
    return word->sound;
  return word->sound
      + (end.sound - word->sound) * (text - word->text)
      / (end.text - word->text);
}

guint
recital_words_until (const Recital *recital, guint64 samples)
{
  guint n = 0;

  while (n + 1 < recital->words->len
      && g_array_index (recital->words, RecitalWord, n + 1).sound <= samples)
    n++;
  return samples >= recital->samples ? recital->words->len : n;
}
