/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The element's properties: one table says name, type, range, default, when it
 * may change and what it means; one struct holds the values.
 */
#pragma once

#include <gio/gio.h>
#include <gst/gst.h>

#include "gstrealtime2enums.h"
#include "rt2fault.h"

G_BEGIN_DECLS

#define GST_REALTIME2_DEFAULT_URI "wss://api.openai.com/v1/realtime"
#define GST_REALTIME2_DEFAULT_VOICE "marin"
#define GST_REALTIME2_DEFAULT_TRANSCRIPTION_MODEL "gpt-realtime-whisper"

/* Guarded by the element's OBJECT_LOCK. Pointers may be NULL. Durations are ns,
 * G_MAXUINT64 = auto. */
typedef struct {
  gchar *uri;
  gchar *api_key;
  gchar *api_key_file;
  gint auth; /* GstRealtime2Auth */
  gchar *organization;
  gchar *project;
  gchar *safety_identifier;
  GstStructure *extra_headers;
  gchar *model;
  gint session_type; /* GstRealtime2SessionType */
  gchar *call_id;
  guint64 connect_timeout;
  guint64 keepalive_interval;
  gint retries;
  guint64 retry_backoff_max;
  gchar *fallback_uri;
  gchar *fallback_api_key;
  gchar *fallback_model;
  guint64 fallback_interval;
  gchar *proxy;
  GTlsDatabase *tls_database;
  gchar *tls_pins;
  GTlsCertificate *client_certificate;
  guint64 session_max_age;

  gchar *instructions;
  gchar *voice;
  gdouble speed;
  gint reasoning_effort; /* GstRealtime2Effort */
  gint output_modality;  /* GstRealtime2Modality */
  gint max_output_tokens;
  gint turn_detection; /* Rt2TurnDetection */
  gdouble vad_threshold;
  guint64 vad_prefix_padding;
  guint64 vad_silence_duration;
  gint vad_eagerness; /* GstRealtime2Eagerness */
  guint64 idle_timeout;
  gboolean create_response;
  gboolean interrupt_response;
  gint noise_reduction; /* GstRealtime2NoiseReduction */
  gchar *transcription_model;
  gchar *transcription_language;
  gchar *transcription_prompt;
  gint transcription_delay; /* GstRealtime2Effort */
  gchar *language;
  gchar *tools;
  gchar *tool_choice;
  gboolean parallel_tool_calls;
  gchar *truncation;
  gchar *prompt;
  gchar *tracing;
  gchar *include;
  gchar *instructions_file;
  gchar *tools_file;
  gchar *disclosure;
  gchar *greeting;
  gchar *session_config;

  guint64 chunk_duration;
  guint64 output_buffer_duration;
  guint64 latency;
  guint64 max_size_time;
  gint leaky;      /* GstRealtime2Leaky */
  gint sync_input; /* GstRealtime2SyncInput */
  guint64 playout_offset;
  gboolean flush_on_interrupt;
  guint64 min_interruption;
  guint protect;   /* GstRealtime2Protect */
  gint commentary; /* GstRealtime2Commentary */
  gboolean mute_while_speaking;
  guint64 echo_tail;
  gint mcp_approval; /* GstRealtime2McpApproval */
  gchar *tool_exec;
  gchar *tool_http;
  guint builtin_tools; /* GstRealtime2BuiltinTools */
  gchar *tool_properties;
  guint64 tool_timeout;
  gint image_mode; /* GstRealtime2ImageMode */
  guint64 image_interval;
  gint image_detail; /* GstRealtime2ImageDetail */
  gint image_keep;
  gint history_limit;
  gint image_max_size;
  guint64 max_turn_replay;
  guint64 eos_silence;
  guint64 eos_timeout;

  gdouble max_cost;
  guint64 max_duration;
  gchar *pricing;

  gboolean post_server_events;
  gchar *event_log;
  gboolean event_log_audio;
} GstRealtime2Settings;

/* What a change of a property touches while the element runs. */
typedef enum {
  GST_REALTIME2_TOUCHES_NOTHING, /* read at the next READY->PAUSED */
  GST_REALTIME2_TOUCHES_CONNECT, /* where and how to connect: the conversation
                                  * moves */
  GST_REALTIME2_TOUCHES_SESSION, /* the session's configuration */
  GST_REALTIME2_TOUCHES_PLAYOUT, /* the schedule and the input's gate */
  GST_REALTIME2_TOUCHES_BUDGET,  /* what may be spent */
  GST_REALTIME2_TOUCHES_BUS,     /* read when there is something to say */
  GST_REALTIME2_TOUCHES_LOG,     /* where the event log goes */
} GstRealtime2Touches;

/* Installs the properties of the table as numbers 1 to the returned one. */
guint gst_realtime2_settings_install (GObjectClass *klass);

void gst_realtime2_settings_init (GstRealtime2Settings *settings);
/* Wipes the key. */
void gst_realtime2_settings_clear (GstRealtime2Settings *settings);

/* Property number @id of the table. Called with the OBJECT_LOCK held. */
GstRealtime2Touches gst_realtime2_settings_set (
    GstRealtime2Settings *settings, guint id, const GValue *value);
/* What the property @name touches; NOTHING if it is not in the table. */
GstRealtime2Touches gst_realtime2_settings_touches (const gchar *name);
void gst_realtime2_settings_get (
    const GstRealtime2Settings *settings, guint id, GValue *value);

GstRealtime2Settings *gst_realtime2_settings_copy (
    const GstRealtime2Settings *settings);
void gst_realtime2_settings_free (GstRealtime2Settings *settings);

G_END_DECLS
