/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is known of an item: its text as it comes, and the runs of its samples
 * that got their running time.
 */
#include "rt2playout-private.h"

#include <string.h>

#include "rt2align.h"

/* Places of an item's text whose time of coming is known. */
#define MAX_ANCHORS 4096

Rt2Spoken *
rt2_spoken_new (guint64 seq, Rt2AudioFormat format, const gchar *id)
{
  Rt2Spoken *spoken = g_new0 (Rt2Spoken, 1);

  g_ref_count_init (&spoken->refs);
  spoken->seq = seq;
  spoken->format = format;
  spoken->id = g_strdup (id);
  spoken->text = g_string_new (NULL);
  spoken->anchors = g_array_new (FALSE, FALSE, sizeof (Rt2Anchor));
  spoken->align = rt2_align_new ();
  rt2_pauses_init (&spoken->sound, format);
  spoken->runs = g_array_new (FALSE, FALSE, sizeof (Rt2Run));
  spoken->carry = -1;
  spoken->audible = RT2_TIME_NONE;
  spoken->speech_start = spoken->speech_end = RT2_TIME_NONE;
  return spoken;
}

Rt2Spoken *
rt2_spoken_ref (Rt2Spoken *spoken)
{
  g_ref_count_inc (&spoken->refs);
  return spoken;
}

void
rt2_spoken_unref (Rt2Spoken *spoken)
{
  if (!g_ref_count_dec (&spoken->refs))
    return;
  g_free (spoken->id);
  g_free (spoken->response_id);
  g_string_free (spoken->text, TRUE);
  g_array_unref (spoken->anchors);
  rt2_align_free (spoken->align);
  rt2_pauses_clear (&spoken->sound);
  g_array_unref (spoken->runs);
  g_free (spoken);
}

Rt2Phase
rt2_spoken_phase (const Rt2Spoken *spoken)
{
  if (spoken->role != RT2_ROLE_ASSISTANT)
    return RT2_PHASE_UNKNOWN;
  if (spoken->stated_phase != RT2_PHASE_UNKNOWN || !spoken->response_id)
    return spoken->stated_phase;
  if (spoken->followed)
    return RT2_PHASE_COMMENTARY;
  return spoken->response_done ? RT2_PHASE_FINAL_ANSWER : RT2_PHASE_UNKNOWN;
}

gboolean
rt2_spoken_time_of (const Rt2Spoken *spoken, guint64 offset, guint64 *rt)
{
  for (guint i = spoken->runs->len; i > 0; i--) {
    const Rt2Run *run = &g_array_index (spoken->runs, Rt2Run, i - 1);

    if (offset < run->offset)
      continue;
    if (offset >= run->offset + run->n)
      return FALSE;
    *rt = run->rt
        + rt2_audio_format_samples_to_ns (spoken->format, offset - run->offset);
    return TRUE;
  }
  return FALSE;
}

guint64
rt2_spoken_played (const Rt2Spoken *spoken, guint64 rt)
{
  guint64 played = 0;

  for (guint i = 0; i < spoken->runs->len; i++) {
    const Rt2Run *run = &g_array_index (spoken->runs, Rt2Run, i);

    if (rt <= run->rt)
      break;
    played += MIN (
        run->n, rt2_audio_format_ns_to_samples (spoken->format, rt - run->rt));
  }
  return played;
}

gboolean
rt2_spoken_is_placed (const Rt2Spoken *spoken)
{
  if (!spoken->audio_done)
    return FALSE;
  return spoken->placed >= spoken->received || spoken->fate == RT2_FATE_READ
      || spoken->fate == RT2_FATE_DROPPED;
}

/* The text that comes next belongs to the instant @due, and came after the
 * samples that are there. What came with the same has an anchor already;
 * without one of its own it is as if it had come with what was before it. */
static void
add_anchor (Rt2Spoken *spoken, guint64 due)
{
  Rt2Anchor anchor = { spoken->text->len, spoken->received, due };
  guint n = spoken->anchors->len;
  const Rt2Anchor *last = n > 0
      ? &g_array_index (spoken->anchors, Rt2Anchor, n - 1)
      : NULL;

  if (last && last->samples == anchor.samples && last->due == due)
    return;
  if (n < MAX_ANCHORS)
    g_array_append_val (spoken->anchors, anchor);
}

gsize
rt2_spoken_append_text_at (
    Rt2Spoken *spoken, Rt2TextKind kind, const gchar *delta, guint64 due)
{
  gsize size = strlen (delta);

  if (spoken->text_done)
    return 0;
  spoken->kind = kind;
  spoken->timed |= due != RT2_TIME_NONE;
  spoken->text_full |= spoken->text->len + size > RT2_SPOKEN_MAX_TEXT;
  if (spoken->text_full)
    return size;
  add_anchor (spoken, due);
  g_string_append_len (spoken->text, delta, size);
  return 0;
}

gsize
rt2_spoken_append_text (Rt2Spoken *spoken, Rt2TextKind kind, const gchar *delta)
{
  return rt2_spoken_append_text_at (spoken, kind, delta, RT2_TIME_NONE);
}

gsize
rt2_spoken_finish_text (Rt2Spoken *spoken, const gchar *text)
{
  gsize dropped = 0;

  /* What already left can't be taken back: only a longer text counts. */
  if (text && !spoken->text_done && g_str_has_prefix (text, spoken->text->str))
    dropped = rt2_spoken_append_text (
        spoken, spoken->kind, text + spoken->text->len);
  spoken->text_done = TRUE;
  return dropped;
}

void
rt2_spoken_finish_audio (Rt2Spoken *spoken)
{
  spoken->audio_done = TRUE;
}

void
rt2_spoken_place (Rt2Spoken *spoken, guint64 rt, guint64 n)
{
  Rt2Run run = { rt, spoken->placed, n };
  guint64 half = 500000000 / rt2_audio_format_rate (spoken->format);

  if (spoken->runs->len > 0) {
    Rt2Run *last = &g_array_index (spoken->runs, Rt2Run, spoken->runs->len - 1);
    guint64 end = last->rt
        + rt2_audio_format_samples_to_ns (spoken->format, last->n);

    if (MAX (rt, end) - MIN (rt, end) <= half) {
      last->n += n;
      spoken->placed += n;
      return;
    }
  }
  g_array_append_val (spoken->runs, run);
  spoken->placed += n;
}
