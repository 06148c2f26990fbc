/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The element's properties: one table says name, type, range, default, when it
 * may change and what it means; one struct holds the values.
 */
#pragma once

#include <gst/gst.h>

#include "gstrealtime2enums.h"
#include "rt2session.h"

G_BEGIN_DECLS

/* Guarded by the element's OBJECT_LOCK. Strings may be NULL. Durations are ns,
 * G_MAXUINT64 = auto. */
typedef struct {
  gchar *uri;
  gchar *api_key;
  gchar *model;
  guint64 connect_timeout;
  guint64 keepalive_interval;
  gint retries;
  guint64 retry_backoff_max;

  gchar *instructions;
  gchar *voice;
  gint reasoning_effort; /* GstRealtime2Effort */
  gint turn_detection;   /* Rt2TurnDetection */
  gdouble vad_threshold;
  guint64 vad_prefix_padding;
  guint64 vad_silence_duration;
  gint vad_eagerness; /* GstRealtime2Eagerness */
  guint64 idle_timeout;
  gboolean create_response;
  gboolean interrupt_response;
  gchar *transcription_model;

  guint64 chunk_duration;
  guint64 output_buffer_duration;
  guint64 max_size_time;
  gint leaky;      /* GstRealtime2Leaky */
  gint sync_input; /* GstRealtime2SyncInput */
  guint64 playout_offset;
  guint64 eos_silence;
  guint64 eos_timeout;
} GstRealtime2Settings;

/* What a change of a property touches while the element runs. */
typedef enum {
  GST_REALTIME2_TOUCHES_NOTHING, /* read at the next READY->PAUSED */
  GST_REALTIME2_TOUCHES_SESSION, /* the session's configuration */
  GST_REALTIME2_TOUCHES_PLAYOUT, /* the schedule's latency */
} GstRealtime2Touches;

/* Installs the properties of the table as numbers 1 to the returned one. */
guint gst_realtime2_settings_install (GObjectClass *klass);

void gst_realtime2_settings_init (GstRealtime2Settings *settings);
/* Wipes the key. */
void gst_realtime2_settings_clear (GstRealtime2Settings *settings);

/* Property number @id of the table. Called with the OBJECT_LOCK held. */
GstRealtime2Touches gst_realtime2_settings_set (
    GstRealtime2Settings *settings, guint id, const GValue *value);
void gst_realtime2_settings_get (
    const GstRealtime2Settings *settings, guint id, GValue *value);

/* What a session needs, from the settings and the environment. Called without
 * locks on a copy made by gst_realtime2_settings_copy(). NULL and a fault that
 * names the property if something is wrong. */
GstRealtime2Settings *gst_realtime2_settings_copy (
    const GstRealtime2Settings *settings);
void gst_realtime2_settings_free (GstRealtime2Settings *settings);
Rt2SessionOptions *gst_realtime2_settings_make_options (
    const GstRealtime2Settings *settings, Rt2Fault **fault);
/* @wants_user_text: somebody wants to read the user's words, so transcription
 * is on even if no model is set. */
Rt2SessionConfig *gst_realtime2_settings_make_config (
    const GstRealtime2Settings *settings, Rt2AudioFormat input_format,
    Rt2AudioFormat output_format, gboolean wants_user_text, Rt2Fault **fault);

G_END_DECLS
