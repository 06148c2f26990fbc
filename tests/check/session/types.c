/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tables and the arithmetic of audio formats.
 */
#include "rt2types.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)

static void
test_formats (void)
{
  g_assert_cmpuint (rt2_audio_format_rate (RT2_AUDIO_FORMAT_PCM16), ==, 24000);
  g_assert_cmpuint (rt2_audio_format_rate (RT2_AUDIO_FORMAT_PCMU), ==, 8000);
  g_assert_cmpuint (rt2_audio_format_rate (RT2_AUDIO_FORMAT_PCMA), ==, 8000);
  g_assert_cmpuint (rt2_audio_format_width (RT2_AUDIO_FORMAT_PCM16), ==, 2);
  g_assert_cmpuint (rt2_audio_format_width (RT2_AUDIO_FORMAT_PCMU), ==, 1);
  g_assert_cmpuint (rt2_audio_format_width (RT2_AUDIO_FORMAT_PCMA), ==, 1);
  g_assert_cmphex (rt2_audio_format_silence (RT2_AUDIO_FORMAT_PCM16), ==, 0);
  g_assert_cmphex (rt2_audio_format_silence (RT2_AUDIO_FORMAT_PCMU), ==, 0xff);
  g_assert_cmphex (rt2_audio_format_silence (RT2_AUDIO_FORMAT_PCMA), ==, 0xd5);
}

static void
test_format_names (void)
{
  static const gchar *const names[] = { "audio/pcm", "audio/pcmu",
    "audio/pcma" };
  Rt2AudioFormat format;

  for (guint i = 0; i < 3; i++) {
    g_assert_cmpstr (rt2_audio_format_name (i), ==, names[i]);
    format = (i + 1) % 3;
    g_assert_true (rt2_audio_format_from_name (names[i], &format));
    g_assert_cmpuint (format, ==, i);
  }
  format = RT2_AUDIO_FORMAT_PCMA;
  g_assert_false (rt2_audio_format_from_name ("pcm16", &format));
  g_assert_false (rt2_audio_format_from_name ("", &format));
  g_assert_false (rt2_audio_format_from_name (NULL, &format));
  g_assert_cmpuint (format, ==, RT2_AUDIO_FORMAT_PCMA);
}

static void
test_durations (void)
{
  Rt2AudioFormat pcm = RT2_AUDIO_FORMAT_PCM16, mulaw = RT2_AUDIO_FORMAT_PCMU;

  g_assert_cmpuint (rt2_audio_format_bytes_to_ns (pcm, 48000), ==, SECOND);
  g_assert_cmpuint (rt2_audio_format_bytes_to_ns (pcm, 960), ==, SECOND / 50);
  g_assert_cmpuint (rt2_audio_format_bytes_to_ns (pcm, 3), ==, 62500);
  g_assert_cmpuint (rt2_audio_format_bytes_to_ns (mulaw, 8000), ==, SECOND);
  g_assert_cmpuint (rt2_audio_format_samples_to_ns (pcm, 24000), ==, SECOND);
  g_assert_cmpuint (rt2_audio_format_samples_to_ns (pcm, 1), ==, 41666);
  g_assert_cmpuint (rt2_audio_format_samples_to_ns (pcm, 2), ==, 83333);
  g_assert_cmpuint (rt2_audio_format_ns_to_samples (pcm, SECOND), ==, 24000);
  g_assert_cmpuint (rt2_audio_format_ns_to_samples (pcm, 41666), ==, 0);
  g_assert_cmpuint (rt2_audio_format_ns_to_samples (pcm, 41667), ==, 1);
  g_assert_cmpuint (rt2_audio_format_ns_to_samples (mulaw, 124999), ==, 0);
  g_assert_cmpuint (rt2_audio_format_ns_to_samples (mulaw, 125000), ==, 1);
}

/* A year of samples is still exact, and nothing wraps around. */
static void
test_large_durations (void)
{
  const guint64 year = G_GUINT64_CONSTANT (31536000);
  Rt2AudioFormat pcm = RT2_AUDIO_FORMAT_PCM16;

  g_assert_cmpuint (rt2_audio_format_samples_to_ns (pcm, year * 24000 + 1), ==,
      year * SECOND + 41666);
  g_assert_cmpuint (
      rt2_audio_format_ns_to_samples (pcm, year * SECOND), ==, year * 24000);
  g_assert_cmpuint (rt2_audio_format_ns_to_samples (pcm, G_MAXUINT64), ==,
      G_GUINT64_CONSTANT (442721857769029));
  g_assert_cmpuint (rt2_audio_format_samples_to_ns (
                        pcm, G_GUINT64_CONSTANT (442721857769029)),
      ==, G_GUINT64_CONSTANT (18446744073709541666));
  g_assert_cmpuint (rt2_audio_format_samples_to_ns (
                        pcm, G_GUINT64_CONSTANT (442721857769030)),
      ==, G_MAXUINT64);
  g_assert_cmpuint (
      rt2_audio_format_samples_to_ns (pcm, G_MAXUINT64), ==, G_MAXUINT64);
  g_assert_cmpuint (
      rt2_audio_format_bytes_to_ns (pcm, G_MAXUINT64), ==, G_MAXUINT64);
}

static void
test_words (void)
{
  g_assert_cmpstr (rt2_role_name (RT2_ROLE_USER), ==, "user");
  g_assert_cmpstr (rt2_role_name (RT2_ROLE_ASSISTANT), ==, "assistant");
  g_assert_cmpstr (rt2_role_name (RT2_ROLE_SYSTEM), ==, "system");
  g_assert_null (rt2_role_name (RT2_ROLE_UNKNOWN));
  g_assert_cmpuint (rt2_role_from_name ("user"), ==, RT2_ROLE_USER);
  g_assert_cmpuint (rt2_role_from_name ("assistant"), ==, RT2_ROLE_ASSISTANT);
  g_assert_cmpuint (rt2_role_from_name ("system"), ==, RT2_ROLE_SYSTEM);
  g_assert_cmpuint (rt2_role_from_name ("User"), ==, RT2_ROLE_UNKNOWN);
  g_assert_cmpuint (rt2_role_from_name (NULL), ==, RT2_ROLE_UNKNOWN);
  g_assert_cmpstr (rt2_phase_name (RT2_PHASE_COMMENTARY), ==, "commentary");
  g_assert_cmpstr (rt2_phase_name (RT2_PHASE_FINAL_ANSWER), ==, "final_answer");
  g_assert_null (rt2_phase_name (RT2_PHASE_UNKNOWN));
  g_assert_cmpuint (
      rt2_phase_from_name ("commentary"), ==, RT2_PHASE_COMMENTARY);
  g_assert_cmpuint (
      rt2_phase_from_name ("final_answer"), ==, RT2_PHASE_FINAL_ANSWER);
  g_assert_cmpuint (rt2_phase_from_name ("preamble"), ==, RT2_PHASE_UNKNOWN);
  g_assert_cmpuint (rt2_phase_from_name (NULL), ==, RT2_PHASE_UNKNOWN);
}

static void
test_heard (void)
{
  Rt2Heard *heard = g_new0 (Rt2Heard, 1);

  heard->item_id = g_strdup ("item_1");
  heard->response_id = g_strdup ("resp_1");
  heard->heard_text = g_strdup ("The high");
  rt2_heard_free (heard);
  rt2_heard_free (g_new0 (Rt2Heard, 1));
  rt2_heard_free (NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/types/formats", test_formats);
  g_test_add_func ("/types/format-names", test_format_names);
  g_test_add_func ("/types/durations", test_durations);
  g_test_add_func ("/types/large-durations", test_large_durations);
  g_test_add_func ("/types/words", test_words);
  g_test_add_func ("/types/heard", test_heard);
  return g_test_run ();
}
