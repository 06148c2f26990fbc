/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A text pad on a stage: asks for captions as the schedule plays, and checks
 * what every caption must fulfil.
 */
#include "captionstage.h"

#include <string.h>

void
stage_init (Stage *stage)
{
  memset (stage, 0, sizeof *stage);
  rig_init (&stage->rig, RT2_AUDIO_FORMAT_PCM16, 480, ODD_START);
  stage->reader = rt2_caption_reader_new ();
  stage->rules.granularity = RT2_GRANULARITY_SENTENCE;
  stage->rules.sync = RT2_CAPTION_SYNC_AUDIO;
  stage->rules.roles = RT2_CAPTION_ROLE_ASSISTANT | RT2_CAPTION_ROLE_USER;
  stage->rules.phases = ALL_PHASES;
  stage->rules.max_wait = 3 * SECOND;
  stage->left = g_ptr_array_new_with_free_func (
      (GDestroyNotify) rt2_caption_free);
  stage->left_at = g_array_new (FALSE, FALSE, sizeof (guint64));
  stage->cursors = g_hash_table_new (NULL, NULL);
}

void
stage_clear (Stage *stage)
{
  rt2_caption_reader_free (stage->reader);
  g_ptr_array_unref (stage->left);
  g_array_unref (stage->left_at);
  g_hash_table_unref (stage->cursors);
  rig_clear (&stage->rig);
}

Rt2Spoken *
stage_add (Stage *stage, Rt2Spoken *spoken)
{
  g_assert_true (rt2_caption_reader_add (stage->reader, &stage->rules, spoken));
  return spoken;
}

Rt2Spoken *
stage_item (Stage *stage, const gchar *response_id, guint index)
{
  return stage_add (stage, rig_item (&stage->rig, response_id, index));
}

void
stage_say (Rt2Spoken *spoken, const gchar *delta)
{
  rt2_spoken_append_text (spoken, RT2_TEXT_TRANSCRIPT, delta);
}

/* An item of which all is known: @ms of speech, @text. */
Rt2Spoken *
stage_whole (Stage *stage, const gchar *response_id, guint index,
    const gchar *text, guint ms)
{
  Rt2Spoken *spoken = stage_item (stage, response_id, index);

  stage_say (spoken, text);
  rt2_spoken_finish_text (spoken, text);
  rig_append (&stage->rig, spoken, 0, 0, ms * 24);
  rt2_spoken_finish_audio (spoken);
  return spoken;
}

static gsize
skip_white (const gchar *text, gsize from)
{
  while (
      text[from] != '\0' && g_unichar_isspace (g_utf8_get_char (text + from)))
    from = g_utf8_next_char (text + from) - text;
  return from;
}

/* Where the word begins that is the last of text[from, to). */
static gsize
last_word (const gchar *text, gsize from, gsize to)
{
  while (to > from && !g_ascii_isspace (text[to - 1]))
    to--;
  return to;
}

/* The sound of what begins at byte @from has begun by @now. What is estimated
 * beyond the end of the sound may leave when all of it has begun. */
static void
assert_sounds (const Rt2Spoken *spoken, gsize from, guint64 now)
{
  guint64 sample = rt2_align_sample_of (spoken, from);

  if (rt2_spoken_is_placed (spoken))
    sample = MIN (sample, spoken->received - 1);
  g_assert_cmpuint (rig_time_of (spoken, sample), <=, now);
}

static gboolean
follows_audio (const Stage *stage, const Rt2Spoken *spoken)
{
  return stage->rules.sync == RT2_CAPTION_SYNC_AUDIO
      && spoken->role == RT2_ROLE_ASSISTANT
      && spoken->kind == RT2_TEXT_TRANSCRIPT && spoken->received > 0;
}

/* Each unit is the next piece of its item's text, and its sound has begun. */
static void
check_piece (Stage *stage, const Rt2Caption *caption, guint64 now)
{
  Rt2Spoken *spoken = caption->spoken;
  gsize end = GPOINTER_TO_SIZE (g_hash_table_lookup (stage->cursors, spoken));
  gsize from = skip_white (spoken->text->str, end);
  gsize to = from + strlen (caption->text);

  g_assert_cmpuint (to, <=, spoken->text->len);
  g_assert_cmpmem (
      caption->text, to - from, spoken->text->str + from, to - from);
  if (follows_audio (stage, spoken)) {
    if (stage->rules.granularity == RT2_GRANULARITY_DELTA)
      end = MAX (end, last_word (spoken->text->str, from, to));
    assert_sounds (spoken, end, now);
  }
  g_hash_table_insert (stage->cursors, spoken, GSIZE_TO_POINTER (to));
}

static void
check_caption (Stage *stage, const Rt2Caption *caption, guint64 now)
{
  g_autofree gchar *trimmed = g_strstrip (g_strdup (caption->text));

  g_assert_true (g_utf8_validate (caption->text, -1, NULL));
  g_assert_cmpstr (caption->text, !=, "");
  g_assert_cmpstr (caption->text, ==, trimmed);
  g_assert_cmpuint (caption->pts, >=, stage->position);
  g_assert_cmpuint (caption->pts, <=, MAX (stage->position, now));
  g_assert_cmpuint (caption->duration, >, 0);
  g_assert_cmpuint (caption->duration, <, 3600 * SECOND);
  g_assert_cmpint (caption->phase, ==, rt2_spoken_phase (caption->spoken));
  g_assert_false (caption->spoken->cancelled);
  check_piece (stage, caption, now);
}

/* Lets everything leave that is due. Returns how many units left. */
guint
stage_poll (Stage *stage, guint64 now)
{
  Rt2Caption *caption;
  guint n = 0;

  if (stage->gaps)
    stage->position = MAX (stage->position, now);
  while ((caption = rt2_caption_reader_next (
              stage->reader, &stage->rules, stage->position, now))) {
    g_assert_cmpuint (++n, <, 10000);
    check_caption (stage, caption, now);
    stage->position = caption->pts + caption->duration;
    g_ptr_array_add (stage->left, caption);
    g_array_append_val (stage->left_at, now);
  }
  return n;
}

/* One period plays, then the pad is asked at the instant at which it began. */
guint
stage_step (Stage *stage)
{
  guint64 now = rig_now (&stage->rig);

  rig_take (&stage->rig);
  return stage_poll (stage, now);
}

void
stage_run (Stage *stage, guint ms)
{
  for (guint i = 0; i < ms / 20; i++)
    stage_step (stage);
}

Rt2Caption *
stage_nth (const Stage *stage, guint i)
{
  g_assert_cmpuint (i, <, stage->left->len);
  return g_ptr_array_index (stage->left, i);
}

/* All that left so far, separated by bars. */
void
stage_assert_left (const Stage *stage, const gchar *expected)
{
  g_autoptr (GString) all = g_string_new (NULL);

  for (guint i = 0; i < stage->left->len; i++)
    g_string_append_printf (
        all, "%s%s", i > 0 ? "|" : "", stage_nth (stage, i)->text);
  g_assert_cmpstr (all->str, ==, expected);
}

gsize
stage_cursor (const Stage *stage, Rt2Spoken *spoken)
{
  return GPOINTER_TO_SIZE (g_hash_table_lookup (stage->cursors, spoken));
}

/* Nothing of @spoken but white space at its end is left over. */
void
stage_assert_all_left (const Stage *stage, Rt2Spoken *spoken)
{
  gsize end = skip_white (spoken->text->str, stage_cursor (stage, spoken));

  g_assert_cmpuint (end, ==, spoken->text->len);
}
