/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The types of the element's enum and flags properties. Values are those of the
 * rooms that use them, so nothing has to be translated.
 */
#pragma once

#include <gst/gst.h>

#include "rt2caption.h"
#include "rt2command.h"
#include "rt2config.h"
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
 * GstRealtime2Protect: the values of Rt2Protect
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
 * GstRealtime2Commentary: the values of Rt2CommentaryPolicy
 * @GST_REALTIME2_COMMENTARY_PLAY: it is spoken
 * @GST_REALTIME2_COMMENTARY_TEXT_ONLY: it goes to the text pads, unspoken
 * @GST_REALTIME2_COMMENTARY_DROP: it goes nowhere
 */
typedef enum {
  GST_REALTIME2_COMMENTARY_PLAY,
  GST_REALTIME2_COMMENTARY_TEXT_ONLY,
  GST_REALTIME2_COMMENTARY_DROP,
} GstRealtime2Commentary;

/**
 * GstRealtime2ImageMode:
 * @GST_REALTIME2_IMAGE_MODE_DEMAND: when the application asks for it
 * @GST_REALTIME2_IMAGE_MODE_TURN: when the user takes a turn
 * @GST_REALTIME2_IMAGE_MODE_INTERVAL: every image-interval
 */
typedef enum {
  GST_REALTIME2_IMAGE_MODE_DEMAND,
  GST_REALTIME2_IMAGE_MODE_TURN,
  GST_REALTIME2_IMAGE_MODE_INTERVAL,
} GstRealtime2ImageMode;

/**
 * GstRealtime2ImageDetail:
 * @GST_REALTIME2_IMAGE_DETAIL_AUTO: the server's choice
 * @GST_REALTIME2_IMAGE_DETAIL_LOW: few tokens
 * @GST_REALTIME2_IMAGE_DETAIL_HIGH: all there is
 */
typedef enum {
  GST_REALTIME2_IMAGE_DETAIL_AUTO,
  GST_REALTIME2_IMAGE_DETAIL_LOW,
  GST_REALTIME2_IMAGE_DETAIL_HIGH,
} GstRealtime2ImageDetail;

/**
 * GstRealtime2BuiltinTools:
 * @GST_REALTIME2_BUILTIN_TOOLS_WAIT_FOR_USER: wait_for_user
 * @GST_REALTIME2_BUILTIN_TOOLS_END_SESSION: end_session
 * @GST_REALTIME2_BUILTIN_TOOLS_SET_PROPERTY: set_property
 * @GST_REALTIME2_BUILTIN_TOOLS_SEND_DTMF: send_dtmf
 */
typedef enum {
  GST_REALTIME2_BUILTIN_TOOLS_WAIT_FOR_USER = RT2_BUILTIN_WAIT_FOR_USER,
  GST_REALTIME2_BUILTIN_TOOLS_END_SESSION = RT2_BUILTIN_END_SESSION,
  GST_REALTIME2_BUILTIN_TOOLS_SET_PROPERTY = RT2_BUILTIN_SET_PROPERTY,
  GST_REALTIME2_BUILTIN_TOOLS_SEND_DTMF = RT2_BUILTIN_SEND_DTMF,
} GstRealtime2BuiltinTools;

/**
 * GstRealtime2McpApproval:
 * @GST_REALTIME2_MCP_APPROVAL_ASK: the application, by approve-mcp
 * @GST_REALTIME2_MCP_APPROVAL_ALWAYS: everything is approved
 * @GST_REALTIME2_MCP_APPROVAL_NEVER: nothing is
 */
typedef enum {
  GST_REALTIME2_MCP_APPROVAL_ASK,
  GST_REALTIME2_MCP_APPROVAL_ALWAYS,
  GST_REALTIME2_MCP_APPROVAL_NEVER,
} GstRealtime2McpApproval;

/**
 * GstRealtime2TextRole:
 * @GST_REALTIME2_TEXT_ROLE_USER: the user
 * @GST_REALTIME2_TEXT_ROLE_SYSTEM: a system: a cue for the agent
 */
typedef enum {
  GST_REALTIME2_TEXT_ROLE_USER,
  GST_REALTIME2_TEXT_ROLE_SYSTEM,
} GstRealtime2TextRole;

/**
 * GstRealtime2Interrupt:
 * @GST_REALTIME2_INTERRUPT_AUTO: the user's text does, a system's waits
 * @GST_REALTIME2_INTERRUPT_YES: it does
 * @GST_REALTIME2_INTERRUPT_NO: it waits for its turn
 */
typedef enum {
  GST_REALTIME2_INTERRUPT_AUTO = RT2_INTERRUPT_AUTO,
  GST_REALTIME2_INTERRUPT_YES = RT2_INTERRUPT_YES,
  GST_REALTIME2_INTERRUPT_NO = RT2_INTERRUPT_NO,
} GstRealtime2Interrupt;

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
#define GST_TYPE_REALTIME2_IMAGE_MODE (gst_realtime2_image_mode_get_type ())
#define GST_TYPE_REALTIME2_IMAGE_DETAIL (gst_realtime2_image_detail_get_type ())
#define GST_TYPE_REALTIME2_BUILTIN_TOOLS                                       \
  (gst_realtime2_builtin_tools_get_type ())
#define GST_TYPE_REALTIME2_MCP_APPROVAL (gst_realtime2_mcp_approval_get_type ())
#define GST_TYPE_REALTIME2_TEXT_ROLE (gst_realtime2_text_role_get_type ())
#define GST_TYPE_REALTIME2_INTERRUPT (gst_realtime2_interrupt_get_type ())
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
GType gst_realtime2_image_mode_get_type (void);
GType gst_realtime2_image_detail_get_type (void);
GType gst_realtime2_builtin_tools_get_type (void);
GType gst_realtime2_mcp_approval_get_type (void);
GType gst_realtime2_text_role_get_type (void);
GType gst_realtime2_interrupt_get_type (void);
GType gst_realtime2_protect_get_type (void);
GType gst_realtime2_commentary_get_type (void);

/* The nick of @value in @type, static; NULL if there is none. */
const gchar *gst_realtime2_enum_nick (GType type, gint value);

G_END_DECLS
