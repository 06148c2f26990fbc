/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Real speech.
 */
#include "voices.h"

#include "audio.h"
#include "voice.h"

#define RECORDINGS "/usr/share/asterisk/sounds/en_US_f_Allison/"
#define RECORDED_RATE 8000
#define WAV_HEADER 44

static const gchar text[] =
    "Good morning. I looked at the calendar, and there are three meetings "
    "today. The first one begins at nine, with the people from the "
    "warehouse; they want to talk about the delivery that was late. After "
    "that you have lunch with Martha, in the small place near the station, "
    "and she asked you to bring the drawings. In the afternoon there is the "
    "call with the insurance. It may take longer than planned, so I moved "
    "the dentist to Thursday. Would you like to hear what the weather will "
    "be? It rains in the morning; later the wind turns to the west, and it "
    "gets warmer. The printer on the second floor is out of paper again, and "
    "nobody seems to know where the key of the cupboard is. If you want, I "
    "can write to the office and ask. There is also a letter from your "
    "sister: she comes on Saturday with the children and stays until Monday "
    "evening. The shop called, and the lamp that you ordered is there. They "
    "are open until half past six. Shall I remind you when you leave?";

static void
on_said (GObject *source, GAsyncResult *result, gpointer loop)
{
  g_autoptr (GError) error = NULL;

  voice_say_finish (result, &error);
  g_assert_no_error (error);
  g_main_loop_quit (loop);
}

GArray *
voices_agent (const gchar *voice)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GPtrArray)
      lines = g_ptr_array_new_with_free_func ((GDestroyNotify) voice_line_free);
  GArray *samples = g_array_new (FALSE, FALSE, sizeof (gint16));
  VoiceLine *line = voice_line_new (text, -1);

  g_ptr_array_add (lines, line);
  voice_say_async (lines, voice, 1.0, AUDIO_PCM, NULL, on_said, loop);
  g_main_loop_run (loop);
  audio_decode (AUDIO_PCM, line->audio->data, line->audio->len / 2, samples);
  return samples;
}

GArray *
voices_human (void)
{
  static const gchar *const names[] = { "demo-instruct", "demo-congrats",
    "priv-callee-options", "basic-pbx-ivr-main", "demo-echotest",
    "screen-callee-options", "conf-adminmenu-18" };
  g_autoptr (GArray) samples = g_array_new (FALSE, FALSE, sizeof (gint16));

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree gchar *path = g_strconcat (RECORDINGS, names[i], ".wav", NULL);
    g_autofree gchar *wav = NULL;
    g_autoptr (GError) error = NULL;
    gsize size;

    g_file_get_contents (path, &wav, &size, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (size, >, WAV_HEADER);
    audio_decode (AUDIO_PCM, (guint8 *) wav + WAV_HEADER,
        (size - WAV_HEADER) / 2, samples);
  }
  return audio_resample (
      (gint16 *) samples->data, samples->len, RECORDED_RATE, VOICES_RATE);
}
