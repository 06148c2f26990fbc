/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The types of the element's enum and flags properties. Values are those of the
 * rooms that use them, so nothing has to be translated.
 */
#pragma once

#include <gst/gst.h>

#include "rt2caption.h"
#include "rt2protocol.h"

G_BEGIN_DECLS

/**
 * GstRealtime2State:
 * @GST_REALTIME2_STATE_DISCONNECTED: no connection and none being tried
 * @GST_REALTIME2_STATE_CONNECTING: connecting, or waiting to try again
 * @GST_REALTIME2_STATE_READY: the session is configured and nobody speaks
 * @GST_REALTIME2_STATE_LISTENING: the user speaks
 * @GST_REALTIME2_STATE_THINKING: an answer is due and not yet audible
 * @GST_REALTIME2_STATE_SPEAKING: the agent speaks
 */
typedef enum {
  GST_REALTIME2_STATE_DISCONNECTED,
  GST_REALTIME2_STATE_CONNECTING,
  GST_REALTIME2_STATE_READY,
  GST_REALTIME2_STATE_LISTENING,
  GST_REALTIME2_STATE_THINKING,
  GST_REALTIME2_STATE_SPEAKING,
} GstRealtime2State;

/**
 * GstRealtime2Leaky:
 * @GST_REALTIME2_LEAKY_AUTO: downstream if upstream is live, else no
 * @GST_REALTIME2_LEAKY_NO: upstream waits
 * @GST_REALTIME2_LEAKY_UPSTREAM: the newest audio is dropped
 * @GST_REALTIME2_LEAKY_DOWNSTREAM: the oldest audio is dropped
 */
typedef enum {
  GST_REALTIME2_LEAKY_AUTO,
  GST_REALTIME2_LEAKY_NO,
  GST_REALTIME2_LEAKY_UPSTREAM,
  GST_REALTIME2_LEAKY_DOWNSTREAM,
} GstRealtime2Leaky;

/**
 * GstRealtime2SyncInput:
 * @GST_REALTIME2_SYNC_INPUT_AUTO: yes unless upstream is live
 * @GST_REALTIME2_SYNC_INPUT_YES: input is taken at the speed of the clock
 * @GST_REALTIME2_SYNC_INPUT_NO: input is taken as it comes
 */
typedef enum {
  GST_REALTIME2_SYNC_INPUT_AUTO,
  GST_REALTIME2_SYNC_INPUT_YES,
  GST_REALTIME2_SYNC_INPUT_NO,
} GstRealtime2SyncInput;

/**
 * GstRealtime2Effort:
 * @GST_REALTIME2_EFFORT_DEFAULT: not sent; the model's own, and the only value
 *     for models that do not reason
 * @GST_REALTIME2_EFFORT_MINIMAL: minimal
 * @GST_REALTIME2_EFFORT_LOW: low
 * @GST_REALTIME2_EFFORT_MEDIUM: medium
 * @GST_REALTIME2_EFFORT_HIGH: high
 * @GST_REALTIME2_EFFORT_XHIGH: xhigh
 */
typedef enum {
  GST_REALTIME2_EFFORT_DEFAULT,
  GST_REALTIME2_EFFORT_MINIMAL,
  GST_REALTIME2_EFFORT_LOW,
  GST_REALTIME2_EFFORT_MEDIUM,
  GST_REALTIME2_EFFORT_HIGH,
  GST_REALTIME2_EFFORT_XHIGH,
} GstRealtime2Effort;

/**
 * GstRealtime2Eagerness:
 * @GST_REALTIME2_EAGERNESS_AUTO: same as medium
 * @GST_REALTIME2_EAGERNESS_LOW: lets the user take their time, up to 8 s
 * @GST_REALTIME2_EAGERNESS_MEDIUM: up to 4 s
 * @GST_REALTIME2_EAGERNESS_HIGH: answers as soon as possible, up to 2 s
 */
typedef enum {
  GST_REALTIME2_EAGERNESS_AUTO,
  GST_REALTIME2_EAGERNESS_LOW,
  GST_REALTIME2_EAGERNESS_MEDIUM,
  GST_REALTIME2_EAGERNESS_HIGH,
} GstRealtime2Eagerness;

/**
 * GstRealtime2Auth:
 * @GST_REALTIME2_AUTH_AUTO: as a header api-key to a host of Azure, else as a
 *     bearer token
 * @GST_REALTIME2_AUTH_BEARER: as a bearer token
 * @GST_REALTIME2_AUTH_API_KEY: as a header api-key
 */
typedef enum {
  GST_REALTIME2_AUTH_AUTO,
  GST_REALTIME2_AUTH_BEARER,
  GST_REALTIME2_AUTH_API_KEY,
} GstRealtime2Auth;

/**
 * GstRealtime2SessionType:
 * @GST_REALTIME2_SESSION_TYPE_AUTO: by the name of the model
 * @GST_REALTIME2_SESSION_TYPE_REALTIME: a conversation with a voice agent
 * @GST_REALTIME2_SESSION_TYPE_TRANSCRIPTION: speech to text
 * @GST_REALTIME2_SESSION_TYPE_TRANSLATION: speech to speech in another language
 */
typedef enum {
  GST_REALTIME2_SESSION_TYPE_AUTO,
  GST_REALTIME2_SESSION_TYPE_REALTIME,
  GST_REALTIME2_SESSION_TYPE_TRANSCRIPTION,
  GST_REALTIME2_SESSION_TYPE_TRANSLATION,
} GstRealtime2SessionType;

/**
 * GstRealtime2Modality:
 * @GST_REALTIME2_MODALITY_AUDIO: answers are spoken
 * @GST_REALTIME2_MODALITY_TEXT: answers are written
 */
typedef enum {
  GST_REALTIME2_MODALITY_AUDIO,
  GST_REALTIME2_MODALITY_TEXT,
} GstRealtime2Modality;

/**
 * GstRealtime2NoiseReduction:
 * @GST_REALTIME2_NOISE_REDUCTION_NONE: none
 * @GST_REALTIME2_NOISE_REDUCTION_NEAR_FIELD: for a headset
 * @GST_REALTIME2_NOISE_REDUCTION_FAR_FIELD: for a microphone across the room
 */
typedef enum {
  GST_REALTIME2_NOISE_REDUCTION_NONE,
  GST_REALTIME2_NOISE_REDUCTION_NEAR_FIELD,
  GST_REALTIME2_NOISE_REDUCTION_FAR_FIELD,
} GstRealtime2NoiseReduction;

/**
 * GstRealtime2Protect:
 * @GST_REALTIME2_PROTECT_GREETING: what the agent opens with
 * @GST_REALTIME2_PROTECT_COMMENTARY: what it says while it thinks
 * @GST_REALTIME2_PROTECT_ALL: everything
 */
typedef enum {
  GST_REALTIME2_PROTECT_GREETING = 1 << 0,
  GST_REALTIME2_PROTECT_COMMENTARY = 1 << 1,
  GST_REALTIME2_PROTECT_ALL = 1 << 2,
} GstRealtime2Protect;

/**
 * GstRealtime2Commentary:
 * @GST_REALTIME2_COMMENTARY_PLAY: it is spoken
 * @GST_REALTIME2_COMMENTARY_TEXT_ONLY: it goes to the text pads, unspoken
 * @GST_REALTIME2_COMMENTARY_DROP: it goes nowhere
 */
typedef enum {
  GST_REALTIME2_COMMENTARY_PLAY,
  GST_REALTIME2_COMMENTARY_TEXT_ONLY,
  GST_REALTIME2_COMMENTARY_DROP,
} GstRealtime2Commentary;

#define GST_TYPE_REALTIME2_AUTH (gst_realtime2_auth_get_type ())
#define GST_TYPE_REALTIME2_SESSION_TYPE (gst_realtime2_session_type_get_type ())
#define GST_TYPE_REALTIME2_MODALITY (gst_realtime2_modality_get_type ())
#define GST_TYPE_REALTIME2_NOISE_REDUCTION                                     \
  (gst_realtime2_noise_reduction_get_type ())
#define GST_TYPE_REALTIME2_STATE (gst_realtime2_state_get_type ())
#define GST_TYPE_REALTIME2_LEAKY (gst_realtime2_leaky_get_type ())
#define GST_TYPE_REALTIME2_SYNC_INPUT (gst_realtime2_sync_input_get_type ())
#define GST_TYPE_REALTIME2_EFFORT (gst_realtime2_effort_get_type ())
#define GST_TYPE_REALTIME2_EAGERNESS (gst_realtime2_eagerness_get_type ())
#define GST_TYPE_REALTIME2_TURN_DETECTION                                      \
  (gst_realtime2_turn_detection_get_type ())
#define GST_TYPE_REALTIME2_GRANULARITY (gst_realtime2_granularity_get_type ())
#define GST_TYPE_REALTIME2_TEXT_SYNC (gst_realtime2_text_sync_get_type ())
#define GST_TYPE_REALTIME2_ROLES (gst_realtime2_roles_get_type ())
#define GST_TYPE_REALTIME2_PHASES (gst_realtime2_phases_get_type ())
#define GST_TYPE_REALTIME2_PROTECT (gst_realtime2_protect_get_type ())
#define GST_TYPE_REALTIME2_COMMENTARY (gst_realtime2_commentary_get_type ())

GType gst_realtime2_auth_get_type (void);
GType gst_realtime2_session_type_get_type (void);
GType gst_realtime2_modality_get_type (void);
GType gst_realtime2_noise_reduction_get_type (void);
GType gst_realtime2_state_get_type (void);
GType gst_realtime2_leaky_get_type (void);
GType gst_realtime2_sync_input_get_type (void);
GType gst_realtime2_effort_get_type (void);
GType gst_realtime2_eagerness_get_type (void);
GType gst_realtime2_turn_detection_get_type (void);
GType gst_realtime2_granularity_get_type (void);
GType gst_realtime2_text_sync_get_type (void);
GType gst_realtime2_roles_get_type (void);
GType gst_realtime2_phases_get_type (void);
GType gst_realtime2_protect_get_type (void);
GType gst_realtime2_commentary_get_type (void);

/* The nick of @value in @type, static; NULL if there is none. */
const gchar *gst_realtime2_enum_nick (GType type, gint value);

G_END_DECLS
