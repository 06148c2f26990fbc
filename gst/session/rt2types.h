/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Words that every room of the project uses: audio formats, roles, phases.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The audio formats of the Realtime API. All are mono. */
typedef enum {
  RT2_AUDIO_FORMAT_PCM16, /* "audio/pcm", S16LE, 24000 Hz */
  RT2_AUDIO_FORMAT_PCMU,  /* "audio/pcmu", mu-law, 8000 Hz */
  RT2_AUDIO_FORMAT_PCMA,  /* "audio/pcma", A-law, 8000 Hz */
} Rt2AudioFormat;

typedef enum {
  RT2_ROLE_UNKNOWN,
  RT2_ROLE_USER,
  RT2_ROLE_ASSISTANT,
  RT2_ROLE_SYSTEM,
} Rt2Role;

/* What an assistant message is within its response. */
typedef enum {
  RT2_PHASE_UNKNOWN,
  RT2_PHASE_COMMENTARY,
  RT2_PHASE_FINAL_ANSWER,
} Rt2Phase;

/* Where an item's words come from. */
typedef enum {
  RT2_TEXT_TRANSCRIPT, /* what the audio of the item says */
  RT2_TEXT_TEXT,       /* written text, there is no audio for it */
} Rt2TextKind;

/* What the listener will have heard of an item when an interruption is over. */
typedef struct {
  gchar *item_id;
  gchar *response_id;
  guint64 received;  /* samples that came from the server */
  guint64 heard;     /* samples, <= received */
  guint rate;        /* samples per second */
  gboolean complete; /* received is all there ever will be */
  gchar *heard_text; /* the words in `heard`, estimated */
} Rt2Heard;

/* Takes NULL. */
void rt2_heard_free (Rt2Heard *heard);

/* Samples per second. */
guint rt2_audio_format_rate (Rt2AudioFormat format);

/* Bytes per sample: 2 or 1. */
guint rt2_audio_format_width (Rt2AudioFormat format);

/* The byte that digital silence is made of: 0x00, 0xff or 0xd5. */
guint8 rt2_audio_format_silence (Rt2AudioFormat format);

/* The name on the wire: "audio/pcm", "audio/pcmu", "audio/pcma". */
const gchar *rt2_audio_format_name (Rt2AudioFormat format);

/* FALSE, and *format untouched, if @name is none of the three. */
gboolean rt2_audio_format_from_name (const gchar *name, Rt2AudioFormat *format);

/* Exact integer conversions, rounded down. @bytes need not be whole samples: 3
 * bytes of PCM last one and a half. What exceeds 64 bits gives G_MAXUINT64. */
guint64 rt2_audio_format_bytes_to_ns (Rt2AudioFormat format, guint64 bytes);
guint64 rt2_audio_format_ns_to_samples (Rt2AudioFormat format, guint64 ns);
guint64 rt2_audio_format_samples_to_ns (Rt2AudioFormat format, guint64 n);

/* "user", "assistant", "system"; NULL for unknown. */
const gchar *rt2_role_name (Rt2Role role);
Rt2Role rt2_role_from_name (const gchar *name);

/* "commentary", "final_answer"; NULL for unknown. An unknown name, or NULL,
 * gives RT2_PHASE_UNKNOWN. */
const gchar *rt2_phase_name (Rt2Phase phase);
Rt2Phase rt2_phase_from_name (const gchar *name);

/* Wipes @secret and frees it; NULL is fine. */
void rt2_secret_free (gpointer secret);

G_END_DECLS
