/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table of properties.
 */
#include "gstrealtime2settings.h"

#include <string.h>

#include "rt2types.h"

#define AUTO G_MAXUINT64

typedef enum {
  KIND_STRING,
  KIND_SECRET,   /* a string that can't be read back */
  KIND_DURATION, /* guint64 ns */
  KIND_DOUBLE,
  KIND_INT,
  KIND_BOOLEAN,
  KIND_ENUM,
  KIND_FLAGS,
  KIND_OBJECT,
  KIND_STRUCTURE, /* like a secret: people put tokens there */
} Kind;

typedef struct {
  const gchar *name;
  const gchar *nick;
  Kind kind;
  gsize offset;             /* in GstRealtime2Settings */
  GType (*type) (void);     /* of an enum, flags or object */
  const gchar *text;        /* default of a string */
  guint64 min, max, value;  /* range and default of a duration; default of an
                             * enum, flags or boolean */
  gdouble low, high, ratio; /* range and default of a double or an int */
  GstRealtime2Touches touches;
  const gchar *blurb;
} Property;

#define START GST_REALTIME2_TOUCHES_NOTHING
#define CONNECT GST_REALTIME2_TOUCHES_CONNECT
#define SESSION GST_REALTIME2_TOUCHES_SESSION
#define PLAYOUT GST_REALTIME2_TOUCHES_PLAYOUT
#define BUS GST_REALTIME2_TOUCHES_BUS
#define BUDGET GST_REALTIME2_TOUCHES_BUDGET
#define LOG GST_REALTIME2_TOUCHES_LOG

#define ENTRY(KIND, NAME, NICK, FIELD, TOUCHES, BLURB, ...)                    \
  {                                                                            \
    .name = NAME, .nick = NICK, .kind = KIND,                                  \
    .offset = G_STRUCT_OFFSET (GstRealtime2Settings, FIELD),                   \
    .touches = TOUCHES, .blurb = BLURB, __VA_ARGS__                            \
  }
#define STRING(NAME, NICK, FIELD, TEXT, TOUCHES, BLURB)                        \
  ENTRY (KIND_STRING, NAME, NICK, FIELD, TOUCHES, BLURB, .text = TEXT)
#define SECRET(NAME, NICK, FIELD, TOUCHES, BLURB)                              \
  ENTRY (KIND_SECRET, NAME, NICK, FIELD, TOUCHES, BLURB, .text = NULL)
#define DURATION(NAME, NICK, FIELD, MIN, MAX, VALUE, TOUCHES, BLURB)           \
  ENTRY (KIND_DURATION, NAME, NICK, FIELD, TOUCHES, BLURB, .min = MIN,         \
      .max = MAX, .value = VALUE)
#define DOUBLE(NAME, NICK, FIELD, LOW, HIGH, RATIO, TOUCHES, BLURB)            \
  ENTRY (KIND_DOUBLE, NAME, NICK, FIELD, TOUCHES, BLURB, .low = LOW,           \
      .high = HIGH, .ratio = RATIO)
#define INT(NAME, NICK, FIELD, LOW, HIGH, RATIO, TOUCHES, BLURB)               \
  ENTRY (KIND_INT, NAME, NICK, FIELD, TOUCHES, BLURB, .low = LOW,              \
      .high = HIGH, .ratio = RATIO)
#define BOOLEAN(NAME, NICK, FIELD, VALUE, TOUCHES, BLURB)                      \
  ENTRY (KIND_BOOLEAN, NAME, NICK, FIELD, TOUCHES, BLURB, .value = VALUE)
#define ENUM(NAME, NICK, FIELD, TYPE, VALUE, TOUCHES, BLURB)                   \
  ENTRY (KIND_ENUM, NAME, NICK, FIELD, TOUCHES, BLURB,                         \
      .type = gst_realtime2_##TYPE##_get_type, .value = VALUE)
#define FLAGS(NAME, NICK, FIELD, TYPE, VALUE, TOUCHES, BLURB)                  \
  ENTRY (KIND_FLAGS, NAME, NICK, FIELD, TOUCHES, BLURB,                        \
      .type = gst_realtime2_##TYPE##_get_type, .value = VALUE)
#define OBJECT(NAME, NICK, FIELD, TYPE, TOUCHES, BLURB)                        \
  ENTRY (KIND_OBJECT, NAME, NICK, FIELD, TOUCHES, BLURB, .type = TYPE)
#define STRUCTURE(NAME, NICK, FIELD, TOUCHES, BLURB)                           \
  ENTRY (KIND_STRUCTURE, NAME, NICK, FIELD, TOUCHES, BLURB, .text = NULL)

#define MS GST_MSECOND
#define S GST_SECOND

static const Property table[] = {
  /* Connection */
  STRING ("uri", "URI", uri, NULL, CONNECT,
      "Where the Realtime API is: wss://, ws://, https:// or http:// and the "
      "path, as in wss://RESOURCE.openai.azure.com/openai/v1/realtime. Unset: "
      "OPENAI_BASE_URL with /realtime appended, or AZURE_OPENAI_ENDPOINT if there "
      "is no key of OpenAI's, else " GST_REALTIME2_DEFAULT_URI
      ". A key goes over ws:// to a loopback host only. If this, or another "
      "property of the connection, is changed in PLAYING the conversation moves "
      "to a session there: see realtime2/session-moved. For another host, set "
      "api-key and extra-headers with it, or after it, if they are set: they go "
      "to no server that they were not set for"),
  SECRET ("api-key", "API key", api_key, CONNECT,
      "API key, or an ephemeral key (ek_...). Can't be read back. Unset: what "
      "is in api-key-file, or else the environment variable OPENAI_API_KEY (AZURE_OPENAI_API_KEY for a host of "
      "Azure), read at each connect. Prefer the variable: a command line can "
      "be seen by others"),
  STRING ("api-key-file", "API key file", api_key_file, NULL, CONNECT,
      "File whose first line is the API key. api-key comes before it, the "
      "environment after it. Read again at each connect and twice a second: "
      "when another key is in it for half a second the conversation moves to a "
      "session with that key, see realtime2/session-moved. A file that is empty "
      "or gone changes nothing. Nobody but its owner should be able to read it"),
  ENUM ("auth", "Auth", auth, auth, GST_REALTIME2_AUTH_AUTO, CONNECT,
      "How the key is sent"),
  STRING ("organization", "Organization", organization, NULL, CONNECT,
      "Organization that is billed (unset = OPENAI_ORG_ID)"),
  STRING ("project", "Project", project, NULL, CONNECT,
      "Project that is billed (unset = OPENAI_PROJECT_ID)"),
  STRING ("safety-identifier", "Safety identifier", safety_identifier, NULL,
      CONNECT, "Stable identifier of the end user, such as a hash; no name"),
  STRUCTURE ("extra-headers", "Extra headers", extra_headers, CONNECT,
      "More HTTP headers for the connection, as fields of a structure. Can't "
      "be read back"),
  STRING ("model", "Model", model, "gpt-realtime-2", CONNECT,
      "Name of the model; any that the server knows. In PLAYING only for one of "
      "the same kind of session"),
  ENUM ("session-type", "Session type", session_type, session_type,
      GST_REALTIME2_SESSION_TYPE_AUTO, START, "What kind of session this is"),
  STRING ("call-id", "Call ID", call_id, NULL, START,
      "Joins the SIP or WebRTC call of this id (rtc_...) as a sideband: no "
      "audio is sent or received, transcripts and control work. No model is "
      "sent then"),
  DURATION ("connect-timeout", "Connect timeout", connect_timeout, 0, 600 * S,
      10 * S, START,
      "How long connecting may take, and how long the server may take to "
      "accept the configuration, ns (0 = for ever)"),
  DURATION ("keepalive-interval", "Keepalive interval", keepalive_interval, 0,
      3600 * S, 15 * S, START,
      "Time between pings, ns; a connection without any sign of life for twice "
      "as long, or one that takes no data for as long, is taken for lost (0 = no "
      "pings, never)"),
  INT ("retries", "Retries", retries, RT2_RETRIES_AUTO, G_MAXINT,
      RT2_RETRIES_AUTO, START,
      "How often in a row to try again to connect (-1 = for ever, -2 = auto: "
      "not before the first success if the host can't be found or does not "
      "answer, for ever after it). A session of less than 10 s counts as a try "
      "that failed. What trying again can't mend, such as a refused key or a "
      "used-up quota, is never tried again"),
  DURATION ("retry-backoff-max", "Retry backoff max", retry_backoff_max, 0,
      3600 * S, 30 * S, START,
      "Longest pause between two tries, ns. Pauses are random, up to 0.5 s at "
      "first and twice as long from try to try, but never shorter than a server "
      "asks for with Retry-After, 5 min at most"),
  STRING ("fallback-uri", "Fallback URI", fallback_uri, NULL, START,
      "Where to go when `uri` does not do, such as another region: after two "
      "failures in a row, or at once where trying there again can't help (a "
      "refused key, no quota, an unknown model). Back in a gap of the talk once "
      "`uri` is well again, or in the same way. Not for a `call-id`. `proxy`, "
      "`tls-database` and `tls-pins` hold for both; `extra-headers`, "
      "`organization`, `project` and `client-certificate` are for the fallback "
      "only where the key of `uri` is, see fallback-api-key (unset = nowhere)"),
  SECRET ("fallback-api-key", "Fallback API key", fallback_api_key, START,
      "API key for fallback-uri, read at start. Can't be read back. Unset: that "
      "of `uri` if "
      "both are the same host and port or both are hosts of api.openai.com; "
      "else AZURE_OPENAI_API_KEY for a host of Azure, OPENAI_API_KEY for "
      "api.openai.com; no key for any other host"),
  STRING ("fallback-model", "Fallback model", fallback_model, NULL, START,
      "Name of the model, or deployment, at fallback-uri (unset = `model`)"),
  DURATION ("fallback-interval", "Fallback interval", fallback_interval, S,
      86400 * S, 60 * S, START,
      "While the fallback is in use: after how long a session at `uri` is tried "
      "in the background, ns; twice as long each time, up to ten times"),
  SECRET ("proxy", "Proxy", proxy, CONNECT,
      "HTTP proxy for wss://, as http://USER:PASSWORD@HOST:PORT. Can't be read "
      "back (unset = the "
      "system's, or https_proxy; never for a loopback host)"),
  OBJECT ("tls-database", "TLS database", tls_database, g_tls_database_get_type,
      CONNECT, "Certificate authorities to trust (unset = the system's)"),
  STRING ("tls-pins", "TLS pins", tls_pins, NULL, CONNECT,
      "The server's public key must be one of these, besides being trusted: "
      "sha256//BASE64, several with commas between"),
  OBJECT ("client-certificate", "Client certificate", client_certificate,
      g_tls_certificate_get_type, CONNECT,
      "Certificate, with its private key, to show to a server that asks"),
  DURATION ("session-max-age", "Session max age", session_max_age, 0, 86400 * S,
      0, SESSION,
      "How old a session gets before the conversation moves to another one, ns, "
      "2 s at least; sooner if the server says that it expires (0 = as old as "
      "the server allows)"),

  /* Session */
  STRING ("instructions", "Instructions", instructions, NULL, SESSION,
      "What the agent is told to be and do, or @ and the path of a file that "
      "says it (unset = the server's own)"),
  STRING ("voice", "Voice", voice, GST_REALTIME2_DEFAULT_VOICE, SESSION,
      "The agent's voice, such as marin or cedar. Can't change once the agent "
      "has spoken"),
  DOUBLE ("speed", "Speed", speed, 0.25, 1.5, 1.0, SESSION,
      "How fast the agent speaks; changes between two answers"),
  ENUM ("reasoning-effort", "Reasoning effort", reasoning_effort, effort,
      GST_REALTIME2_EFFORT_DEFAULT, SESSION,
      "How much the model thinks before it answers; only for models that "
      "reason"),
  ENUM ("output-modality", "Output modality", output_modality, modality,
      GST_REALTIME2_MODALITY_AUDIO, SESSION,
      "Whether answers are spoken or written"),
  INT ("max-output-tokens", "Max output tokens", max_output_tokens, 0, 4096, 0,
      SESSION, "Most tokens of one answer (0 = no limit)"),
  ENUM ("turn-detection", "Turn detection", turn_detection, turn_detection,
      RT2_TURN_DETECTION_SERVER_VAD, SESSION,
      "How the end of the user's turn is found"),
  DOUBLE ("vad-threshold", "VAD threshold", vad_threshold, 0.0, 1.0, 0.5,
      SESSION,
      "server-vad: how loud speech must be; higher suits noisy places"),
  DURATION ("vad-prefix-padding", "VAD prefix padding", vad_prefix_padding, 0,
      10 * S, 300 * MS, SESSION,
      "server-vad: audio before the detected start that belongs to the turn, "
      "ns"),
  DURATION ("vad-silence-duration", "VAD silence duration",
      vad_silence_duration, 0, 30 * S, 500 * MS, SESSION,
      "server-vad: silence that ends the turn, ns"),
  ENUM ("vad-eagerness", "VAD eagerness", vad_eagerness, eagerness,
      GST_REALTIME2_EAGERNESS_AUTO, SESSION,
      "semantic-vad: how soon the agent takes its turn"),
  DURATION ("idle-timeout", "Idle timeout", idle_timeout, 0, 30 * S, 0, SESSION,
      "server-vad: silence after which the agent speaks up by itself, 5 to "
      "30 s in ns (0 = never)"),
  BOOLEAN ("create-response", "Create response", create_response, TRUE, SESSION,
      "Whether the end of a detected turn is answered"),
  BOOLEAN ("interrupt-response", "Interrupt response", interrupt_response, TRUE,
      SESSION, "Whether the user's speech cuts the agent's"),
  ENUM ("noise-reduction", "Noise reduction", noise_reduction, noise_reduction,
      GST_REALTIME2_NOISE_REDUCTION_NONE, SESSION,
      "Noise reduction that the server does before it listens"),
  STRING ("transcription-model", "Transcription model", transcription_model,
      NULL, SESSION,
      "Model that writes down what the user says, such as " GST_REALTIME2_DEFAULT_TRANSCRIPTION_MODEL
      " (unset = that one if a text pad asks for the user's words, else none; "
      "empty = none)"),
  STRING ("transcription-language", "Transcription language",
      transcription_language, NULL, SESSION,
      "Language of the user's speech as ISO 639-1, such as en (unset = any)"),
  STRING ("transcription-prompt", "Transcription prompt", transcription_prompt,
      NULL, SESSION,
      "Words or context that help the transcription, or @ and the path of a "
      "file; not for every model"),
  ENUM ("transcription-delay", "Transcription delay", transcription_delay,
      effort, GST_REALTIME2_EFFORT_DEFAULT, SESSION,
      "How long a streaming transcriber waits for better words"),
  STRING ("language", "Language", language, NULL, SESSION,
      "Translation: the language to speak, such as es, pt, fr, ja, ru, zh, de, "
      "ko, hi, id, vi, it or en (unset = the server's own)"),
  STRING ("tools", "Tools", tools, NULL, SESSION,
      "Tools that the agent may use: @ and the path of a file with a JSON "
      "array, or the array itself. Functions are answered by tool-exec, "
      "tool-http, the signal function-call or send-function-result; tools of "
      "MCP servers are used by the server"),
  STRING ("tool-choice", "Tool choice", tool_choice, NULL, SESSION,
      "Whether and which tool to use: auto, none, required, or a JSON object, "
      "or @ and the path of a file"),
  BOOLEAN ("parallel-tool-calls", "Parallel tool calls", parallel_tool_calls,
      TRUE, SESSION, "Whether several tools may be called at once"),
  STRING ("truncation", "Truncation", truncation, NULL, SESSION,
      "What happens to a conversation that gets too long: auto, disabled, or a "
      "JSON object, or @ and the path of a file"),
  STRING ("prompt", "Prompt", prompt, NULL, SESSION,
      "A stored prompt: its id, or a JSON object, or @ and the path of a file"),
  STRING ("tracing", "Tracing", tracing, NULL, SESSION,
      "Tracing by the server: auto, or a JSON object, or @ and the path of a "
      "file"),
  STRING ("include", "Include", include, NULL, SESSION,
      "More fields to ask for, with commas between"),
  STRING ("instructions-file", "Instructions file", instructions_file, NULL,
      SESSION,
      "File with the instructions, if they are not set otherwise; read again "
      "by update-session"),
  STRING ("tools-file", "Tools file", tools_file, NULL, SESSION,
      "File with the tools, if they are not set otherwise; read again by "
      "update-session"),
  STRING ("disclosure", "Disclosure", disclosure, NULL, START,
      "A sentence that the agent speaks before all else, so that listeners "
      "know what it is; it can't be interrupted; @ and the path of a file"),
  STRING ("greeting", "Greeting", greeting, NULL, START,
      "What the agent opens the conversation with, in its own words; @ and the "
      "path of a file"),
  STRING ("session-config", "Session config", session_config, NULL, SESSION,
      "JSON object that is laid over the session that the properties make: @ "
      "and the path of a file, or the object itself"),

  /* Media */
  DURATION ("chunk-duration", "Chunk duration", chunk_duration, 10 * MS, 1 * S,
      40 * MS, START, "Length of the pieces in which audio is sent, ns"),
  DURATION ("output-buffer-duration", "Output buffer duration",
      output_buffer_duration, 5 * MS, 1 * S, 20 * MS, START,
      "Length of the buffers on the src pad, ns"),
  DURATION ("latency", "Latency", latency, 0, 60 * S, 4 * S, START,
      "Transcription and translation: results are presented at their input's "
      "time plus this, ns"),
  DURATION ("max-size-time", "Max size time", max_size_time, 200 * MS, 3600 * S,
      5 * S, START,
      "Most audio that waits to be sent, ns; see leaky for what happens beyond "
      "it"),
  ENUM ("leaky", "Leaky", leaky, leaky, GST_REALTIME2_LEAKY_AUTO, START,
      "What happens to audio beyond max-size-time; what is dropped is reported "
      "in a realtime2/overrun message"),
  ENUM ("sync-input", "Sync input", sync_input, sync_input,
      GST_REALTIME2_SYNC_INPUT_AUTO, START,
      "Whether input is taken at the speed of the clock, as a file must be for "
      "a conversation"),
  DURATION ("playout-offset", "Playout offset", playout_offset, 0, 60 * S, 0,
      PLAYOUT,
      "Delay between the end of this pipeline and the listener's ear, ns"),
  BOOLEAN ("flush-on-interrupt", "Flush on interrupt", flush_on_interrupt,
      FALSE, PLAYOUT,
      "An interruption also flushes what is downstream of src. Only for "
      "pipelines that end in a loudspeaker: a flush cuts files and moves the "
      "time of other branches"),
  DURATION ("min-interruption", "Min interruption", min_interruption, 0, 10 * S,
      0, SESSION,
      "How long the user must speak, as measured on the input, before the "
      "agent is interrupted, ns. What is shorter while it speaks, such as a "
      "cough, is taken back and not answered (0 = the server decides at once)"),
  FLAGS ("protect", "Protect", protect, protect, 0, SESSION,
      "What the user cannot interrupt; speech meanwhile is answered after it"),
  ENUM ("commentary", "Commentary", commentary, commentary,
      GST_REALTIME2_COMMENTARY_PLAY, PLAYOUT,
      "What becomes of what the agent says while it thinks (phase commentary), "
      "as far as the phase is known when it would be heard"),
  BOOLEAN ("mute-while-speaking", "Mute while speaking", mute_while_speaking,
      FALSE, PLAYOUT,
      "Send silence in place of the input while the agent is heard, that is "
      "while its voice is played, latency and playout-offset counted, and for "
      "echo-tail after it: for loudspeakers without echo cancellation. The user "
      "cannot interrupt then, and what is said meanwhile is lost"),
  DURATION ("echo-tail", "Echo tail", echo_tail, 0, 5 * S, 300 * MS, PLAYOUT,
      "mute-while-speaking: how long after the agent was heard the input stays "
      "muted, ns; a reverberant room or a slow loudspeaker needs more"),
  ENUM ("mcp-approval", "MCP approval", mcp_approval, mcp_approval,
      GST_REALTIME2_MCP_APPROVAL_ASK, PLAYOUT,
      "Who approves what tools on MCP servers are to do, where the server asks"),
  STRING ("tool-exec", "Tool exec", tool_exec, NULL, START,
      "Commands that answer function calls, without code: a JSON object with "
      "an array of words for each name, as in {\"now\": [\"date\", \"-u\"]}; @ "
      "and the path of a file, or the object itself. The arguments come on "
      "stdin, stdout is the answer. No shell; killed after tool-timeout"),
  STRING ("tool-http", "Tool HTTP", tool_http, NULL, START,
      "URLs that answer function calls: a JSON object with a URL for each "
      "name; @ and the path of a file, or the object itself. The arguments are "
      "posted, the body is the answer. No redirect is followed"),
  FLAGS ("builtin-tools", "Builtin tools", builtin_tools, builtin_tools, 0,
      SESSION, "Tools that need no code and that the agent is offered"),
  STRING ("tool-properties", "Tool properties", tool_properties, NULL, SESSION,
      "What the tool set_property may set in the pipeline: ELEMENT.PROPERTY, "
      "several with commas between"),
  DURATION ("tool-timeout", "Tool timeout", tool_timeout, 0, 3600 * S, 30 * S,
      START,
      "How long a function call may go unanswered before it is answered with "
      "an error, ns (0 = for ever)"),
  ENUM ("image-mode", "Image mode", image_mode, image_mode,
      GST_REALTIME2_IMAGE_MODE_TURN, PLAYOUT,
      "When the newest picture of image_sink is sent"),
  DURATION ("image-interval", "Image interval", image_interval, 0, 3600 * S,
      5 * S, PLAYOUT,
      "Shortest time between two pictures with image-mode=interval, ns"),
  ENUM ("image-detail", "Image detail", image_detail, image_detail,
      GST_REALTIME2_IMAGE_DETAIL_AUTO, PLAYOUT,
      "How closely the model looks at pictures"),
  INT ("image-keep", "Image keep", image_keep, 0, 1000, 4, SESSION,
      "How many pictures stay in the conversation: older ones are deleted (0 = "
      "all stay)"),
  INT ("history-limit", "History limit", history_limit, 0, 1000, 500, SESSION,
      "How many items of the conversation (what one side says in one go, "
      "pictures, calls and their results) a new session is told of when it goes "
      "on there, the newest; an hour of talk has some hundreds (0 = all)"),
  INT ("image-max-size", "Image max size", image_max_size, 1024,
      RT2_COMMAND_MAX_IMAGE, 4 * 1024 * 1024, PLAYOUT,
      "Largest picture that is sent, bytes; what is larger is left out with a "
      "warning"),
  DURATION ("max-turn-replay", "Max turn replay", max_turn_replay, 0,
      600 * GST_SECOND, 60 * GST_SECOND, START,
      "How much of what the user says is kept until it is answered, to be sent "
      "again if the connection is lost; what is older is reported in a "
      "realtime2/overrun message (0 = nothing is sent again)"),
  DURATION ("eos-silence", "EOS silence", eos_silence, 0, AUTO, AUTO, START,
      "Silence sent after the input has ended, so that the server finds the "
      "end of the turn, ns (-1 = auto: vad-silence-duration plus 200 ms with "
      "server-vad, else none)"),
  DURATION ("eos-timeout", "EOS timeout", eos_timeout, 0, 3600 * S, 30 * S,
      START,
      "After the input has ended: how long nothing may come from the server "
      "and nothing be played before the answer is given up, ns (0 = for ever)"),

  /* Budget */
  DOUBLE ("max-cost", "Max cost", max_cost, 0.0, 100000.0, 0.0, BUDGET,
      "What this run may cost, USD (0 = no limit). When it is reached the agent "
      "finishes its sentence and says no more; src goes on with silence. It "
      "counts from READY to PAUSED, over all connections; a higher limit lets "
      "the talk go on. What is known only afterwards comes on top: the answer "
      "that passes the limit is paid for in full"),
  DURATION ("max-duration", "Max duration", max_duration, 0, AUTO, 0, BUDGET,
      "How long the session may be used, ns of running time from its opening "
      "(0 = no limit). When it is over the same happens as with max-cost"),
  STRING ("pricing", "Pricing", pricing, NULL, START,
      "Prices that are laid over the published ones: a JSON object with an "
      "object for each model, USD for 1M tokens as text-in, text-cached, "
      "text-out, audio-in, audio-cached, audio-out, image-in, image-cached, and "
      "for a minute of audio as per-minute; @ and the path of a file, or the "
      "object itself"),

  /* Watching */
  BOOLEAN ("post-server-events", "Post server events", post_server_events,
      FALSE, BUS,
      "Post each event of the server as a message realtime2/server-event with "
      "its type and JSON, audio as its number of bytes. The application must "
      "read its bus: messages that nobody takes pile up there"),
  STRING ("event-log", "Event log", event_log, NULL, LOG,
      "File to which each event is appended, both ways, as a line of JSON; "
      "keys, sound and pictures are left out, words are not. It grows until "
      "this is unset. realtime2-sandbox --replay plays such a session again"),
  BOOLEAN ("event-log-audio", "Event log audio", event_log_audio, FALSE, LOG,
      "The event log has the sound and the pictures, too (base64)"),
};

#define N_PROPERTIES G_N_ELEMENTS (table)

static GParamFlags
flags_of (const Property *property)
{
  GParamFlags flags = G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS;

  if (property->kind != KIND_SECRET && property->kind != KIND_STRUCTURE)
    flags |= G_PARAM_READABLE;
  return flags
      | (property->touches == START ? GST_PARAM_MUTABLE_READY
                                    : GST_PARAM_MUTABLE_PLAYING);
}

static GParamSpec *
make_pspec (const Property *p)
{
  GParamFlags flags = flags_of (p);

  switch (p->kind) {
    case KIND_DURATION:
      return g_param_spec_uint64 (
          p->name, p->nick, p->blurb, p->min, p->max, p->value, flags);
    case KIND_DOUBLE:
      return g_param_spec_double (
          p->name, p->nick, p->blurb, p->low, p->high, p->ratio, flags);
    case KIND_INT:
      return g_param_spec_int (p->name, p->nick, p->blurb, (gint) p->low,
          (gint) p->high, (gint) p->ratio, flags);
    case KIND_BOOLEAN:
      return g_param_spec_boolean (
          p->name, p->nick, p->blurb, p->value != 0, flags);
    case KIND_ENUM:
      return g_param_spec_enum (
          p->name, p->nick, p->blurb, p->type (), (gint) p->value, flags);
    case KIND_FLAGS:
      return g_param_spec_flags (
          p->name, p->nick, p->blurb, p->type (), (guint) p->value, flags);
    case KIND_OBJECT:
      return g_param_spec_object (
          p->name, p->nick, p->blurb, p->type (), flags);
    case KIND_STRUCTURE:
      return g_param_spec_boxed (
          p->name, p->nick, p->blurb, GST_TYPE_STRUCTURE, flags);
    default:
      return g_param_spec_string (p->name, p->nick, p->blurb, p->text, flags);
  }
}

guint
gst_realtime2_settings_install (GObjectClass *klass)
{
  for (guint i = 0; i < N_PROPERTIES; i++)
    g_object_class_install_property (klass, i + 1, make_pspec (&table[i]));
  return N_PROPERTIES;
}

/* Not what is somebody else's. */
static gboolean
wipe_field (GQuark name, const GValue *value, gpointer unused)
{
  guint flags = G_VALUE_NOCOPY_CONTENTS | G_VALUE_INTERNED_STRING;
  const gchar *text = G_VALUE_HOLDS_STRING (value) ? g_value_get_string (value)
                                                   : NULL;

  if (text && !(value->data[1].v_uint & flags))
    explicit_bzero ((gpointer) text, strlen (text));
  return TRUE;
}

static void
wipe_structure (GstStructure *structure)
{
  gst_structure_foreach (structure, wipe_field, NULL);
  gst_structure_free (structure);
}

/* Gives back what a field holds and sets it to NULL; only for fields that are
 * pointers. */
static void
clear_field (const Property *property, gpointer field)
{
  switch (property->kind) {
    case KIND_STRING:
      g_clear_pointer ((gchar **) field, g_free);
      break;
    case KIND_SECRET:
      g_clear_pointer ((gchar **) field, rt2_secret_free);
      break;
    case KIND_OBJECT:
      g_clear_object ((GObject **) field);
      break;
    case KIND_STRUCTURE:
      g_clear_pointer ((GstStructure **) field, wipe_structure);
      break;
    default:
      break;
  }
}

/* Makes a field that was copied bit by bit its own. */
static void
own_field (const Property *property, gpointer field)
{
  GstStructure **structure = field;

  switch (property->kind) {
    case KIND_STRING:
    case KIND_SECRET:
      *(gchar **) field = g_strdup (*(gchar **) field);
      break;
    case KIND_OBJECT:
      if (*(GObject **) field)
        g_object_ref (*(GObject **) field);
      break;
    case KIND_STRUCTURE:
      *structure = *structure ? gst_structure_copy (*structure) : NULL;
      break;
    default:
      break;
  }
}

GstRealtime2Touches
gst_realtime2_settings_set (
    GstRealtime2Settings *settings, guint id, const GValue *value)
{
  const Property *property = &table[id - 1];
  gpointer field = G_STRUCT_MEMBER_P (settings, property->offset);

  clear_field (property, field);
  switch (property->kind) {
    case KIND_STRING:
    case KIND_SECRET:
      *(gchar **) field = g_value_dup_string (value);
      break;
    case KIND_DURATION:
      *(guint64 *) field = g_value_get_uint64 (value);
      break;
    case KIND_DOUBLE:
      *(gdouble *) field = g_value_get_double (value);
      break;
    case KIND_INT:
      *(gint *) field = g_value_get_int (value);
      break;
    case KIND_BOOLEAN:
      *(gboolean *) field = g_value_get_boolean (value);
      break;
    case KIND_ENUM:
      *(gint *) field = g_value_get_enum (value);
      break;
    case KIND_FLAGS:
      *(guint *) field = g_value_get_flags (value);
      break;
    case KIND_OBJECT:
      *(GObject **) field = g_value_dup_object (value);
      break;
    case KIND_STRUCTURE:
      *(GstStructure **) field = g_value_dup_boxed (value);
      break;
  }
  return property->touches;
}

GstRealtime2Touches
gst_realtime2_settings_touches (const gchar *name)
{
  for (guint i = 0; i < N_PROPERTIES; i++)
    if (g_str_equal (table[i].name, name))
      return table[i].touches;
  return GST_REALTIME2_TOUCHES_NOTHING;
}

void
gst_realtime2_settings_get (
    const GstRealtime2Settings *settings, guint id, GValue *value)
{
  const Property *property = &table[id - 1];
  gconstpointer field = G_STRUCT_MEMBER_P (settings, property->offset);

  switch (property->kind) {
    case KIND_STRING:
      g_value_set_string (value, *(gchar *const *) field);
      break;
    case KIND_DURATION:
      g_value_set_uint64 (value, *(const guint64 *) field);
      break;
    case KIND_DOUBLE:
      g_value_set_double (value, *(const gdouble *) field);
      break;
    case KIND_INT:
      g_value_set_int (value, *(const gint *) field);
      break;
    case KIND_BOOLEAN:
      g_value_set_boolean (value, *(const gboolean *) field);
      break;
    case KIND_ENUM:
      g_value_set_enum (value, *(const gint *) field);
      break;
    case KIND_FLAGS:
      g_value_set_flags (value, *(const guint *) field);
      break;
    case KIND_OBJECT:
      g_value_set_object (value, *(GObject *const *) field);
      break;
    case KIND_SECRET:
    case KIND_STRUCTURE:
      break;
  }
}

void
gst_realtime2_settings_init (GstRealtime2Settings *settings)
{
  memset (settings, 0, sizeof (*settings));
  for (guint i = 0; i < N_PROPERTIES; i++) {
    GParamSpec *pspec = g_param_spec_ref_sink (make_pspec (&table[i]));

    gst_realtime2_settings_set (
        settings, i + 1, g_param_spec_get_default_value (pspec));
    g_param_spec_unref (pspec);
  }
}

void
gst_realtime2_settings_clear (GstRealtime2Settings *settings)
{
  for (guint i = 0; i < N_PROPERTIES; i++)
    clear_field (&table[i], G_STRUCT_MEMBER_P (settings, table[i].offset));
}

GstRealtime2Settings *
gst_realtime2_settings_copy (const GstRealtime2Settings *settings)
{
  GstRealtime2Settings *copy = g_new (GstRealtime2Settings, 1);

  *copy = *settings;
  for (guint i = 0; i < N_PROPERTIES; i++)
    own_field (&table[i], G_STRUCT_MEMBER_P (copy, table[i].offset));
  return copy;
}

void
gst_realtime2_settings_free (GstRealtime2Settings *settings)
{
  gst_realtime2_settings_clear (settings);
  g_free (settings);
}
