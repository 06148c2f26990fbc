/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Registration of the enum and flags types. The second string of a value is
 * what gst-inspect-1.0 explains, the third what users write.
 */
#include "gstrealtime2enums.h"

#define DEFINE_TYPE(kind, type_name, func, values)                             \
  GType func (void)                                                            \
  {                                                                            \
    static gsize type = 0;                                                     \
                                                                               \
    if (g_once_init_enter (&type)) {                                           \
      GType new_type = g_##kind##_register_static (type_name, values);         \
                                                                               \
      gst_type_mark_as_plugin_api (new_type, 0);                               \
      g_once_init_leave (&type, new_type);                                     \
    }                                                                          \
    return type;                                                               \
  }

static const GEnumValue auth_values[] = {
  { GST_REALTIME2_AUTH_AUTO, "api-key to a host of Azure, else bearer",
      "auto" },
  { GST_REALTIME2_AUTH_BEARER, "Authorization: Bearer", "bearer" },
  { GST_REALTIME2_AUTH_API_KEY, "A header api-key", "api-key" },
  { 0, NULL, NULL },
};

static const GEnumValue session_type_values[] = {
  { GST_REALTIME2_SESSION_TYPE_AUTO, "By the name of the model", "auto" },
  { GST_REALTIME2_SESSION_TYPE_REALTIME, "A conversation", "realtime" },
  { GST_REALTIME2_SESSION_TYPE_TRANSCRIPTION, "Speech to text",
      "transcription" },
  { GST_REALTIME2_SESSION_TYPE_TRANSLATION, "Speech to another language",
      "translation" },
  { 0, NULL, NULL },
};

static const GEnumValue image_mode_values[] = {
  { GST_REALTIME2_IMAGE_MODE_DEMAND, "When the application asks for it",
      "demand" },
  { GST_REALTIME2_IMAGE_MODE_TURN,
      "When the user takes a turn, spoken or written", "turn" },
  { GST_REALTIME2_IMAGE_MODE_INTERVAL, "Every image-interval", "interval" },
  { 0, NULL, NULL },
};

static const GEnumValue image_detail_values[] = {
  { GST_REALTIME2_IMAGE_DETAIL_AUTO, "The server's choice", "auto" },
  { GST_REALTIME2_IMAGE_DETAIL_LOW, "Few tokens", "low" },
  { GST_REALTIME2_IMAGE_DETAIL_HIGH, "All there is", "high" },
  { 0, NULL, NULL },
};

static const GFlagsValue builtin_tools_values[] = {
  { GST_REALTIME2_BUILTIN_TOOLS_WAIT_FOR_USER,
      "wait_for_user: nothing is answered to what was not meant for the agent",
      "wait-for-user" },
  { GST_REALTIME2_BUILTIN_TOOLS_END_SESSION,
      "end_session: EOS after the last word is heard", "end-session" },
  { GST_REALTIME2_BUILTIN_TOOLS_SET_PROPERTY,
      "set_property: sets what tool-properties lists", "set-property" },
  { GST_REALTIME2_BUILTIN_TOOLS_SEND_DTMF,
      "send_dtmf: tones of a telephone's keys on src", "send-dtmf" },
  { 0, NULL, NULL },
};

static const GEnumValue mcp_approval_values[] = {
  { GST_REALTIME2_MCP_APPROVAL_ASK, "The application, by approve-mcp", "ask" },
  { GST_REALTIME2_MCP_APPROVAL_ALWAYS, "Everything is approved", "always" },
  { GST_REALTIME2_MCP_APPROVAL_NEVER, "Nothing is", "never" },
  { 0, NULL, NULL },
};

static const GEnumValue text_role_values[] = {
  { GST_REALTIME2_TEXT_ROLE_USER, "The user", "user" },
  { GST_REALTIME2_TEXT_ROLE_SYSTEM, "A system: a cue for the agent", "system" },
  { 0, NULL, NULL },
};

static const GEnumValue interrupt_values[] = {
  { GST_REALTIME2_INTERRUPT_AUTO, "The user's does, a system's waits", "auto" },
  { GST_REALTIME2_INTERRUPT_YES, "It does", "yes" },
  { GST_REALTIME2_INTERRUPT_NO, "It waits for its turn", "no" },
  { 0, NULL, NULL },
};

static const GFlagsValue protect_values[] = {
  { GST_REALTIME2_PROTECT_GREETING, "What the agent opens with", "greeting" },
  { GST_REALTIME2_PROTECT_COMMENTARY, "What it says while it thinks",
      "commentary" },
  { GST_REALTIME2_PROTECT_ALL, "Everything", "all" },
  { 0, NULL, NULL },
};

static const GEnumValue commentary_values[] = {
  { GST_REALTIME2_COMMENTARY_PLAY, "Spoken", "play" },
  { GST_REALTIME2_COMMENTARY_TEXT_ONLY, "On text pads only", "text-only" },
  { GST_REALTIME2_COMMENTARY_DROP, "Nowhere", "drop" },
  { 0, NULL, NULL },
};

static const GEnumValue modality_values[] = {
  { GST_REALTIME2_MODALITY_AUDIO, "Answers are spoken", "audio" },
  { GST_REALTIME2_MODALITY_TEXT, "Answers are written", "text" },
  { 0, NULL, NULL },
};

static const GEnumValue noise_reduction_values[] = {
  { GST_REALTIME2_NOISE_REDUCTION_NONE, "None", "none" },
  { GST_REALTIME2_NOISE_REDUCTION_NEAR_FIELD, "For a headset", "near-field" },
  { GST_REALTIME2_NOISE_REDUCTION_FAR_FIELD, "For a microphone far away",
      "far-field" },
  { 0, NULL, NULL },
};

static const GEnumValue state_values[] = {
  { GST_REALTIME2_STATE_DISCONNECTED, "No connection", "disconnected" },
  { GST_REALTIME2_STATE_CONNECTING, "Connecting, or waiting to try again",
      "connecting" },
  { GST_REALTIME2_STATE_READY, "Configured, nobody speaks", "ready" },
  { GST_REALTIME2_STATE_LISTENING, "The user speaks", "listening" },
  { GST_REALTIME2_STATE_THINKING, "An answer is due", "thinking" },
  { GST_REALTIME2_STATE_SPEAKING, "The agent speaks", "speaking" },
  { 0, NULL, NULL }
};

static const GEnumValue leaky_values[] = {
  { GST_REALTIME2_LEAKY_AUTO, "Downstream if upstream is live, else no",
      "auto" },
  { GST_REALTIME2_LEAKY_NO, "Upstream waits", "no" },
  { GST_REALTIME2_LEAKY_UPSTREAM, "Drop the newest audio", "upstream" },
  { GST_REALTIME2_LEAKY_DOWNSTREAM, "Drop the oldest audio", "downstream" },
  { 0, NULL, NULL }
};

static const GEnumValue sync_input_values[] = {
  { GST_REALTIME2_SYNC_INPUT_AUTO, "Yes unless upstream is live", "auto" },
  { GST_REALTIME2_SYNC_INPUT_YES, "Take input at the speed of the clock",
      "yes" },
  { GST_REALTIME2_SYNC_INPUT_NO, "Take input as it comes", "no" },
  { 0, NULL, NULL }
};

static const GEnumValue effort_values[] = {
  { GST_REALTIME2_EFFORT_DEFAULT, "Not sent: the model's own", "default" },
  { GST_REALTIME2_EFFORT_MINIMAL, "Minimal", "minimal" },
  { GST_REALTIME2_EFFORT_LOW, "Low", "low" },
  { GST_REALTIME2_EFFORT_MEDIUM, "Medium", "medium" },
  { GST_REALTIME2_EFFORT_HIGH, "High", "high" },
  { GST_REALTIME2_EFFORT_XHIGH, "Extra high", "xhigh" }, { 0, NULL, NULL }
};

static const GEnumValue eagerness_values[] = {
  { GST_REALTIME2_EAGERNESS_AUTO, "Same as medium", "auto" },
  { GST_REALTIME2_EAGERNESS_LOW, "Waits up to 8 s", "low" },
  { GST_REALTIME2_EAGERNESS_MEDIUM, "Waits up to 4 s", "medium" },
  { GST_REALTIME2_EAGERNESS_HIGH, "Waits up to 2 s", "high" }, { 0, NULL, NULL }
};

static const GEnumValue turn_detection_values[] = {
  { RT2_TURN_DETECTION_SERVER_VAD, "By silence after speech", "server-vad" },
  { RT2_TURN_DETECTION_SEMANTIC_VAD, "By what is said", "semantic-vad" },
  { RT2_TURN_DETECTION_NONE, "Turns are ended by EOS or commit-input", "none" },
  { 0, NULL, NULL }
};

static const GEnumValue granularity_values[] = { { RT2_GRANULARITY_DELTA,
                                                     "Word by word", "delta" },
  { RT2_GRANULARITY_SENTENCE, "Sentence by sentence", "sentence" },
  { RT2_GRANULARITY_ITEM, "Item by item", "item" }, { 0, NULL, NULL } };

static const GEnumValue text_sync_values[] = {
  { RT2_CAPTION_SYNC_AUDIO, "When it is heard", "audio" },
  { RT2_CAPTION_SYNC_ARRIVAL, "As soon as it is known", "arrival" },
  { 0, NULL, NULL }
};

static const GFlagsValue roles_values[] = { { RT2_CAPTION_ROLE_USER,
                                                "What the user says", "user" },
  { RT2_CAPTION_ROLE_ASSISTANT, "What the agent says", "assistant" },
  { 0, NULL, NULL } };

static const GFlagsValue phases_values[] = {
  { RT2_CAPTION_PHASE_COMMENTARY, "Preambles and remarks on the way",
      "commentary" },
  { RT2_CAPTION_PHASE_FINAL_ANSWER, "The answer", "final-answer" },
  { RT2_CAPTION_PHASE_UNKNOWN, "Not known when the text leaves", "unknown" },
  { 0, NULL, NULL }
};

DEFINE_TYPE (enum, "GstRealtime2ImageMode", gst_realtime2_image_mode_get_type,
    image_mode_values)
DEFINE_TYPE (enum, "GstRealtime2ImageDetail",
    gst_realtime2_image_detail_get_type, image_detail_values)
DEFINE_TYPE (flags, "GstRealtime2BuiltinTools",
    gst_realtime2_builtin_tools_get_type, builtin_tools_values)
DEFINE_TYPE (enum, "GstRealtime2McpApproval",
    gst_realtime2_mcp_approval_get_type, mcp_approval_values)
DEFINE_TYPE (enum, "GstRealtime2TextRole", gst_realtime2_text_role_get_type,
    text_role_values)
DEFINE_TYPE (enum, "GstRealtime2Interrupt", gst_realtime2_interrupt_get_type,
    interrupt_values)
DEFINE_TYPE (flags, "GstRealtime2Protect", gst_realtime2_protect_get_type,
    protect_values)
DEFINE_TYPE (enum, "GstRealtime2Commentary", gst_realtime2_commentary_get_type,
    commentary_values)
DEFINE_TYPE (enum, "GstRealtime2Auth", gst_realtime2_auth_get_type, auth_values)
DEFINE_TYPE (enum, "GstRealtime2SessionType",
    gst_realtime2_session_type_get_type, session_type_values)
DEFINE_TYPE (enum, "GstRealtime2Modality", gst_realtime2_modality_get_type,
    modality_values)
DEFINE_TYPE (enum, "GstRealtime2NoiseReduction",
    gst_realtime2_noise_reduction_get_type, noise_reduction_values)
DEFINE_TYPE (
    enum, "GstRealtime2State", gst_realtime2_state_get_type, state_values)
DEFINE_TYPE (
    enum, "GstRealtime2Leaky", gst_realtime2_leaky_get_type, leaky_values)
DEFINE_TYPE (enum, "GstRealtime2SyncInput", gst_realtime2_sync_input_get_type,
    sync_input_values)
DEFINE_TYPE (
    enum, "GstRealtime2Effort", gst_realtime2_effort_get_type, effort_values)
DEFINE_TYPE (enum, "GstRealtime2Eagerness", gst_realtime2_eagerness_get_type,
    eagerness_values)
DEFINE_TYPE (enum, "GstRealtime2TurnDetection",
    gst_realtime2_turn_detection_get_type, turn_detection_values)
DEFINE_TYPE (enum, "GstRealtime2Granularity",
    gst_realtime2_granularity_get_type, granularity_values)
DEFINE_TYPE (enum, "GstRealtime2TextSync", gst_realtime2_text_sync_get_type,
    text_sync_values)
DEFINE_TYPE (
    flags, "GstRealtime2Roles", gst_realtime2_roles_get_type, roles_values)
DEFINE_TYPE (
    flags, "GstRealtime2Phases", gst_realtime2_phases_get_type, phases_values)

const gchar *
gst_realtime2_enum_nick (GType type, gint value)
{
  GEnumClass *klass = g_type_class_ref (type);
  GEnumValue *found = g_enum_get_value (klass, value);

  /* Static types keep their values when the class is let go. */
  g_type_class_unref (klass);
  return found ? found->value_nick : NULL;
}
