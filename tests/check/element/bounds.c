/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The schedule does not grow with the number of pieces that a server sends.
 */
#include <malloc.h>
#include <string.h>

#include "playoutrig.h"

/* What waits costs as much as it is, however small the pieces are that it came
 * in, and plays as it came. */
static void
test_tiny_pieces (void)
{
  Rig rig;
  Rt2Spoken *a;
  gsize before;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, 480, 0);
  a = rig_item (&rig, "r", 0);
  rig_append (&rig, a, 1, 0, 1);
  before = mallinfo2 ().uordblks;
  for (guint i = 1; i < 48000; i++)
    g_assert_cmpuint (rig_append (&rig, a, 1, i, 1), ==, 0);
#ifndef __SANITIZE_ADDRESS__
  g_assert_cmpuint (mallinfo2 ().uordblks - before, <, 5 * 48000);
#endif
  for (guint i = 0; i < 48000; i += 480) {
    g_assert_cmpuint (rig_take (&rig), ==, 480);
    rig_assert_out (&rig, 0, 1, i);
    rig_assert_out (&rig, 479, 1, i + 479);
  }
  g_assert_cmpuint (rig_take (&rig), ==, 0);
  rig_clear (&rig);
}

/* An item has its share of text, and the rest is not patched together. */
static void
test_too_much_text (void)
{
  g_autofree gchar *half = g_strnfill (RT2_SPOKEN_MAX_TEXT / 2 + 1, 'a');
  Rig rig;
  Rt2Spoken *a;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, 480, 0);
  a = rig_item (&rig, "r", 0);
  g_assert_cmpuint (
      rt2_spoken_append_text (a, RT2_TEXT_TRANSCRIPT, half), ==, 0);
  g_assert_cmpuint (rt2_spoken_append_text (a, RT2_TEXT_TRANSCRIPT, half), ==,
      RT2_SPOKEN_MAX_TEXT / 2 + 1);
  g_assert_cmpuint (
      rt2_spoken_append_text (a, RT2_TEXT_TRANSCRIPT, "b"), ==, 1);
  g_assert_cmpstr (a->text->str, ==, half);
  g_assert_cmpuint (rt2_spoken_finish_text (a, half), ==, 0);
  g_assert_true (a->text_done);
  rig_clear (&rig);
}

/* Where words came among the samples is kept for so many of them. */
static void
test_many_words (void)
{
  Rig rig;
  Rt2Spoken *a;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, 480, 0);
  a = rig_item (&rig, "r", 0);
  for (guint i = 0; i < 20000; i++) {
    rig_append (&rig, a, 0, i, 1);
    rt2_spoken_append_text (a, RT2_TEXT_TRANSCRIPT, "a");
    rt2_spoken_append_text (a, RT2_TEXT_TRANSCRIPT, " ");
  }
  g_assert_cmpuint (a->text->len, ==, 40000);
  g_assert_cmpuint (a->anchors->len, <=, 4096);
  rig_clear (&rig);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bounds/tiny-pieces", test_tiny_pieces);
  g_test_add_func ("/bounds/too-much-text", test_too_much_text);
  g_test_add_func ("/bounds/many-words", test_many_words);
  return g_test_run ();
}
