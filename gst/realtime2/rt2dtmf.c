/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Each key is the sum of two sines: one for its row, one for its column.
 */
#include "rt2dtmf.h"

#include <math.h>
#include <string.h>

#include "rt2sample.h"

/* Of each tone and each pause, ms. */
#define LENGTH 100
/* Of each sine; both together stay below full scale. */
#define AMPLITUDE 8000.0

static const gchar layout[] = "123A456B789C*0#D";
static const gdouble rows[] = { 697.0, 770.0, 852.0, 941.0 };
static const gdouble columns[] = { 1209.0, 1336.0, 1477.0, 1633.0 };

static gint16
sample_of (gchar key, guint i, guint rate)
{
  guint place = strchr (layout, key) - layout;
  gdouble t = 2.0 * G_PI * i / rate;

  return (gint16) (AMPLITUDE
      * (sin (t * rows[place / 4]) + sin (t * columns[place % 4])));
}

GBytes *
rt2_dtmf_make (Rt2AudioFormat format, const gchar *keys)
{
  guint rate = rt2_audio_format_rate (format);
  guint n = rate * LENGTH / 1000;
  gsize size = strlen (keys) * 2 * n * rt2_audio_format_width (format);
  guint8 *data = g_malloc (size);

  memset (data, rt2_audio_format_silence (format), size);
  for (guint k = 0; keys[k]; k++)
    for (guint i = 0; i < n; i++)
      rt2_sample_put (
          format, data, 2 * n * k + i, sample_of (keys[k], i, rate));
  return g_bytes_new_take (data, size);
}
