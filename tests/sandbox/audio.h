/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The three audio formats of the wire, tones and rate conversion. */
#ifndef SANDBOX_AUDIO_H
#define SANDBOX_AUDIO_H

#include <glib.h>

G_BEGIN_DECLS

typedef enum { AUDIO_PCM, AUDIO_PCMU, AUDIO_PCMA } AudioFormat;

AudioFormat audio_format_from_name (const gchar *name);
guint audio_rate (AudioFormat format);         /* Hz */
guint audio_sample_bytes (AudioFormat format); /* 2 or 1 */
gsize audio_bytes_to_ms (AudioFormat format, guint64 bytes);

/* Appends n_samples decoded samples. */
void audio_decode (
    AudioFormat format, const guint8 *data, gsize n_samples, GArray *samples);
/* Appends the coded form. */
void audio_encode (AudioFormat format, const gint16 *samples, gsize n_samples,
    GByteArray *bytes);

/* A sine of exactly ms * rate / 1000 samples; gint16. */
GArray *audio_tone (guint rate, guint ms);
/* Band-limited rate conversion; gint16. */
GArray *audio_resample (
    const gint16 *samples, gsize n_samples, guint rate_in, guint rate_out);
/* dB relative to full scale, -100 for silence. */
gdouble audio_level (const gint16 *samples, gsize n_samples);

/* One sample, ITU-T G.711. */
guint8 g711_encode_mulaw (gint16 sample);
gint16 g711_decode_mulaw (guint8 code);
guint8 g711_encode_alaw (gint16 sample);
gint16 g711_decode_alaw (guint8 code);

G_END_DECLS

#endif
