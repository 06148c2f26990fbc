/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A schedule under test: recognisable speech goes in, periods come out.
 */
#include "playoutrig.h"

#include <string.h>

__extension__ typedef unsigned __int128 u128;

/* --- exact arithmetic to compare with --- */

guint64
rig_exact_ns (guint64 samples, guint rate)
{
  return (guint64) ((u128) samples * SECOND / rate);
}

guint64
rig_exact_samples (guint64 ns, guint rate)
{
  return (guint64) ((u128) ns * rate / SECOND);
}

void
rig_assert_near (guint64 a, guint64 b, guint64 tolerance)
{
  guint64 distance = a > b ? a - b : b - a;

  if (distance > tolerance)
    g_error ("%" G_GUINT64_FORMAT " is not within %" G_GUINT64_FORMAT
             " of %" G_GUINT64_FORMAT,
        a, tolerance, b);
}

/* --- speech whose every sample tells where it comes from --- */

/* Sample @pos of the item @tag (0 to 7); never a byte of silence in G.711,
 * never zero in PCM. */
gint16
rig_sample (Rt2AudioFormat format, guint tag, guint64 pos)
{
  if (format == RT2_AUDIO_FORMAT_PCM16)
    return (gint16) (tag << 13 | (1 + pos % 8191));
  return (tag << 4 | pos % 15) & 0x7f;
}

void
rig_put_sample (Rt2AudioFormat format, guint8 *out, guint i, gint16 value)
{
  if (format == RT2_AUDIO_FORMAT_PCM16) {
    out[2 * i] = value & 0xff;
    out[2 * i + 1] = (guint16) value >> 8;
  } else {
    out[i] = value;
  }
}

gint16
rig_get_sample (Rt2AudioFormat format, const guint8 *out, guint i)
{
  if (format == RT2_AUDIO_FORMAT_PCM16)
    return (gint16) (out[2 * i] | out[2 * i + 1] << 8);
  return out[i];
}

GBytes *
rig_speech (Rt2AudioFormat format, guint tag, guint64 first, guint n)
{
  gsize size = (gsize) n * rt2_audio_format_width (format);
  guint8 *data = g_malloc (size + 1);

  for (guint i = 0; i < n; i++)
    rig_put_sample (format, data, i, rig_sample (format, tag, first + i));
  return g_bytes_new_take (data, size);
}

void
rig_init (Rig *rig, Rt2AudioFormat format, guint period, guint64 start)
{
  memset (rig, 0, sizeof *rig);
  rig->playout = rt2_playout_new ();
  rt2_playout_reset (rig->playout, format);
  rig->format = format;
  rig->rate = rt2_audio_format_rate (format);
  rig->width = rt2_audio_format_width (format);
  rig->period = period;
  rig->start = start;
}

void
rig_clear (Rig *rig)
{
  rt2_playout_free (rig->playout);
}

guint64
rig_now (const Rig *rig)
{
  return rig->start + rig_exact_ns (rig->taken, rig->rate);
}

/* What is beyond the speech of the period is digital silence. */
static void
assert_silence_from (const Rig *rig, guint first)
{
  guint8 silence = rt2_audio_format_silence (rig->format);

  for (guint i = first * rig->width; i < rig->period * rig->width; i++)
    g_assert_cmphex (rig->out[i], ==, silence);
}

guint
rig_take (Rig *rig)
{
  guint size = rig->period * rig->width;

  g_assert_cmpuint (rig->period, <=, MAX_PERIOD);
  memset (rig->out, 0x5a, sizeof rig->out);
  memset (&rig->slot, 0x5a, sizeof rig->slot);
  rt2_playout_take (
      rig->playout, rig_now (rig), rig->out, rig->period, &rig->slot);
  rig->taken += rig->period;
  for (guint i = size; i < sizeof rig->out; i++)
    g_assert_cmphex (rig->out[i], ==, 0x5a);
  g_assert_cmpuint (rig->slot.n_speech, <=, rig->period);
  g_assert_true ((rig->slot.spoken == NULL) == (rig->slot.n_speech == 0));
  assert_silence_from (rig, rig->slot.n_speech);
  return rig->slot.n_speech;
}

void
rig_skip (Rig *rig)
{
  memset (rig->out, 0x5a, sizeof rig->out);
  rt2_playout_skip (rig->playout, rig->out, rig->period);
  rig->taken += rig->period;
  assert_silence_from (rig, 0);
}

Rt2Spoken *
rig_item (Rig *rig, const gchar *response_id, guint index)
{
  gchar id[32];

  g_snprintf (id, sizeof id, "%s-%u", response_id, index);
  return rt2_playout_item (rig->playout, response_id, id, index);
}

guint64
rig_append (Rig *rig, Rt2Spoken *spoken, guint tag, guint64 first, guint n)
{
  g_autoptr (GBytes) audio = rig_speech (rig->format, tag, first, n);

  return rt2_playout_append_audio (rig->playout, spoken, audio);
}

void
rig_assert_out (const Rig *rig, guint i, guint tag, guint64 pos)
{
  g_assert_cmpint (rig_get_sample (rig->format, rig->out, i), ==,
      rig_sample (rig->format, tag, pos));
}

/* All marks since the last call, as "+r-0 -r-0 +r-1": + started, - ended. */
gchar *
rig_marks (Rig *rig)
{
  GString *all = g_string_new (NULL);
  Rt2MarkKind kind;
  Rt2Spoken *spoken;

  while (rt2_playout_pop_mark (rig->playout, &kind, &spoken)) {
    g_string_append_printf (all, "%s%c%s", all->len > 0 ? " " : "",
        kind == RT2_MARK_STARTED ? '+' : '-', spoken->id);
    rt2_spoken_unref (spoken);
  }
  return g_string_free (all, FALSE);
}

void
rig_assert_marks (Rig *rig, const gchar *expected)
{
  g_autofree gchar *marks = rig_marks (rig);

  g_assert_cmpstr (marks, ==, expected);
}

/* The runs of an item cover [0, placed) in order of time and never overlap. */
void
rig_assert_runs (const Rt2Spoken *spoken)
{
  guint rate = rt2_audio_format_rate (spoken->format);
  guint64 offset = 0, end = 0;

  for (guint i = 0; i < spoken->runs->len; i++) {
    const Rt2Run *run = &g_array_index (spoken->runs, Rt2Run, i);

    g_assert_cmpuint (run->n, >, 0);
    g_assert_cmpuint (run->offset, ==, offset);
    g_assert_cmpuint (run->rt + 2, >=, end);
    offset += run->n;
    end = run->rt + rig_exact_ns (run->n, rate);
  }
  g_assert_cmpuint (offset, ==, spoken->placed);
  g_assert_cmpuint (spoken->placed, <=, spoken->received);
}

guint64
rig_time_of (const Rt2Spoken *spoken, guint64 offset)
{
  guint64 rt = RT2_TIME_NONE;

  g_assert_true (rt2_spoken_time_of (spoken, offset, &rt));
  return rt;
}

void
rig_assert_no_time (const Rt2Spoken *spoken, guint64 offset)
{
  guint64 rt;

  g_assert_false (rt2_spoken_time_of (spoken, offset, &rt));
}
