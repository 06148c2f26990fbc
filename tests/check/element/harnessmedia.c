/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What goes in and comes out, sample by sample.
 */
#include "harness.h"

#include <string.h>

/* --- out --- */

GByteArray *
talk_dup_output (Talk *talk)
{
  GByteArray *all = g_byte_array_new ();
  guint n = tap_count_buffers (talk->src);

  for (guint i = 0; i < n; i++) {
    GstBuffer *buffer = tap_buffer (talk->src, i);
    gsize size = gst_buffer_get_size (buffer);
    guint at = all->len;

    g_byte_array_set_size (all, at + size);
    gst_buffer_extract (buffer, 0, all->data + at, size);
  }
  return all;
}

guint64
talk_count_samples (Talk *talk)
{
  GByteArray *all = talk_dup_output (talk);
  guint64 n = all->len / talk->out->width;

  g_byte_array_unref (all);
  return n;
}

/* Samples @at to @at + @n of the output are @expected. */
static void
assert_output (Talk *talk, guint64 at, const guint8 *expected, guint64 n)
{
  GByteArray *all = talk_dup_output (talk);
  guint width = talk->out->width;

  fail_unless (all->len >= (at + n) * width,
      "%u bytes of output, samples up to %" G_GUINT64_FORMAT " wanted",
      all->len, at + n);
  for (guint64 i = 0; i < n; i++)
    fail_unless (
        memcmp (all->data + (at + i) * width, expected + i * width, width) == 0,
        "sample %" G_GUINT64_FORMAT " of the output begins with 0x%02x "
        "instead of 0x%02x",
        at + i, all->data[(at + i) * width], expected[i * width]);
  g_byte_array_unref (all);
}

void
talk_assert_speech (Talk *talk, guint64 at, guint64 first, guint64 n)
{
  GBytes *speech = law_speech (talk->out, first, n);

  assert_output (talk, at, g_bytes_get_data (speech, NULL), n);
  g_bytes_unref (speech);
}

void
talk_assert_silence (Talk *talk, guint64 at, guint64 n)
{
  guint8 *silence = g_malloc (n * talk->out->width);

  memset (silence, talk->out->silence, n * talk->out->width);
  assert_output (talk, at, silence, n);
  g_free (silence);
}

const GstStructure *
talk_meta (GstBuffer *buffer)
{
  GstCustomMeta *meta = gst_buffer_get_custom_meta (buffer, "GstRealtime2Meta");

  return meta ? gst_custom_meta_get_structure (meta) : NULL;
}

static gboolean
is_silent (GstBuffer *buffer, guint8 silence)
{
  GstMapInfo map;
  gboolean silent = TRUE;

  fail_unless (gst_buffer_map (buffer, &map, GST_MAP_READ));
  for (gsize i = 0; i < map.size; i++)
    silent &= map.data[i] == silence;
  gst_buffer_unmap (buffer, &map);
  return silent;
}

/* One buffer by itself. */
static void
assert_buffer (Talk *talk, GstBuffer *buffer, guint samples)
{
  gboolean silent = is_silent (buffer, talk->out->silence);
  gboolean gap = GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_GAP);

  fail_unless_equals_int (
      gst_buffer_get_size (buffer), samples * talk->out->width);
  fail_unless_equals_uint64 (
      GST_BUFFER_OFFSET_END (buffer), GST_BUFFER_OFFSET (buffer) + samples);
  fail_unless_equals_int (gap, silent);
  fail_unless_equals_int (talk_meta (buffer) == NULL, silent);
  fail_unless (!GST_BUFFER_DTS_IS_VALID (buffer));
}

/* Where counting began, and how far it is. */
typedef struct {
  guint64 pts;
  guint64 samples;
  guint64 offset;
} Position;

static void
assert_follows (Talk *talk, const Position *last, GstBuffer *buffer, guint n)
{
  guint64 begin = law_ns (talk->out, last->samples);

  fail_unless_equals_uint64 (GST_BUFFER_PTS (buffer), last->pts + begin);
  fail_unless_equals_uint64 (GST_BUFFER_DURATION (buffer),
      law_ns (talk->out, last->samples + n) - begin);
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET (buffer), last->offset);
}

void
talk_assert_stream (Talk *talk, guint samples, guint jumps)
{
  Position position = { 0 };
  guint n = tap_count_buffers (talk->src);
  guint disconts = 0;

  for (guint i = 0; i < n; i++) {
    GstBuffer *buffer = tap_buffer (talk->src, i);

    if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT)) {
      fail_unless (i == 0
          || GST_BUFFER_PTS (buffer)
              > position.pts + law_ns (talk->out, position.samples));
      position.pts = GST_BUFFER_PTS (buffer);
      position.samples = 0;
      disconts++;
    }
    assert_buffer (talk, buffer, samples);
    assert_follows (talk, &position, buffer, samples);
    position.samples += samples;
    position.offset += samples;
  }
  fail_unless_equals_int (disconts, 1 + jumps);
}

/* --- in --- */

GstBuffer *
talk_input (const Law *law, guint64 at, guint64 first, guint64 n)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, n * law->width, NULL);
  GstMapInfo map;

  fail_unless (gst_buffer_map (buffer, &map, GST_MAP_WRITE));
  law_fill (law, map.data, first, n);
  gst_buffer_unmap (buffer, &map);
  GST_BUFFER_PTS (buffer) = law_ns (law, at);
  GST_BUFFER_DURATION (buffer) = law_ns (law, at + n) - law_ns (law, at);
  return buffer;
}

void
talk_speak (Talk *talk, const Law *law, guint64 n)
{
  guint piece = law->rate / 100;

  gst_harness_set_src_caps_str (talk->harness, law->caps);
  for (guint64 at = 0; at < n; at += piece)
    fail_unless_equals_int (gst_harness_push (talk->harness,
                                talk_input (law, at, at, MIN (piece, n - at))),
        GST_FLOW_OK);
}

/* --- fields --- */

const gchar *
talk_string (const GstStructure *fields, const gchar *name)
{
  fail_unless (fields != NULL);
  return gst_structure_get_string (fields, name);
}

guint64
talk_uint64 (const GstStructure *fields, const gchar *name)
{
  guint64 value = 0;

  fail_unless (fields && gst_structure_get_uint64 (fields, name, &value),
      "there is no field %s", name);
  return value;
}

guint64
talk_stat (Talk *talk, const gchar *name)
{
  GstStructure *stats;
  const GValue *value;
  guint64 number;

  g_object_get (talk->element, "stats", &stats, NULL);
  value = gst_structure_get_value (stats, name);
  fail_unless (value != NULL, "there is no %s in the stats", name);
  number = G_VALUE_HOLDS_UINT (value) ? g_value_get_uint (value)
                                      : g_value_get_uint64 (value);
  gst_structure_free (stats);
  return number;
}
