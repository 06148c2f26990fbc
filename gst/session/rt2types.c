/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tables and arithmetic of the words that every room uses.
 */
#include "rt2types.h"

#include <string.h>

#define NS_PER_SECOND G_GUINT64_CONSTANT (1000000000)

static const struct {
  const gchar *name;
  guint rate;  /* samples per second */
  guint width; /* bytes per sample */
  guint8 silence;
} formats[] = {
  [RT2_AUDIO_FORMAT_PCM16] = { "audio/pcm", 24000, 2, 0x00 },
  [RT2_AUDIO_FORMAT_PCMU] = { "audio/pcmu", 8000, 1, 0xff },
  [RT2_AUDIO_FORMAT_PCMA] = { "audio/pcma", 8000, 1, 0xd5 },
};

static const gchar *const role_names[] = {
  [RT2_ROLE_UNKNOWN] = NULL,
  [RT2_ROLE_USER] = "user",
  [RT2_ROLE_ASSISTANT] = "assistant",
  [RT2_ROLE_SYSTEM] = "system",
};

static const gchar *const phase_names[] = {
  [RT2_PHASE_UNKNOWN] = NULL,
  [RT2_PHASE_COMMENTARY] = "commentary",
  [RT2_PHASE_FINAL_ANSWER] = "final_answer",
};

void
rt2_secret_free (gpointer secret)
{
  if (secret)
    explicit_bzero (secret, strlen (secret));
  g_free (secret);
}

void
rt2_heard_free (Rt2Heard *heard)
{
  if (!heard)
    return;
  g_free (heard->item_id);
  g_free (heard->response_id);
  g_free (heard->heard_text);
  g_free (heard);
}

guint
rt2_audio_format_rate (Rt2AudioFormat format)
{
  return formats[format].rate;
}

guint
rt2_audio_format_width (Rt2AudioFormat format)
{
  return formats[format].width;
}

guint8
rt2_audio_format_silence (Rt2AudioFormat format)
{
  return formats[format].silence;
}

const gchar *
rt2_audio_format_name (Rt2AudioFormat format)
{
  return formats[format].name;
}

gboolean
rt2_audio_format_from_name (const gchar *name, Rt2AudioFormat *format)
{
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    if (g_strcmp0 (name, formats[i].name) == 0) {
      *format = i;
      return TRUE;
    }
  }
  return FALSE;
}

/* floor (@n * 1 s / @rate); G_MAXUINT64 where that does not fit. Seconds and
 * the rest are converted apart, so that nothing in between overflows. */
static guint64
count_to_ns (guint64 n, guint64 rate)
{
  guint64 seconds = n / rate;
  guint64 rest = n % rate * NS_PER_SECOND / rate;

  if (seconds > (G_MAXUINT64 - rest) / NS_PER_SECOND)
    return G_MAXUINT64;
  return seconds * NS_PER_SECOND + rest;
}

guint64
rt2_audio_format_bytes_to_ns (Rt2AudioFormat format, guint64 bytes)
{
  return count_to_ns (bytes, formats[format].rate * formats[format].width);
}

guint64
rt2_audio_format_ns_to_samples (Rt2AudioFormat format, guint64 ns)
{
  guint64 rate = formats[format].rate;

  return ns / NS_PER_SECOND * rate + ns % NS_PER_SECOND * rate / NS_PER_SECOND;
}

guint64
rt2_audio_format_samples_to_ns (Rt2AudioFormat format, guint64 n)
{
  return count_to_ns (n, formats[format].rate);
}

/* The index of @name in @names, or 0, which is the unknown of every list. */
static guint
index_of (const gchar *const *names, guint n_names, const gchar *name)
{
  for (guint i = 1; name && i < n_names; i++) {
    if (g_str_equal (names[i], name))
      return i;
  }
  return 0;
}

const gchar *
rt2_role_name (Rt2Role role)
{
  return role_names[role];
}

Rt2Role
rt2_role_from_name (const gchar *name)
{
  return index_of (role_names, G_N_ELEMENTS (role_names), name);
}

const gchar *
rt2_phase_name (Rt2Phase phase)
{
  return phase_names[phase];
}

Rt2Phase
rt2_phase_from_name (const gchar *name)
{
  return index_of (phase_names, G_N_ELEMENTS (phase_names), name);
}
