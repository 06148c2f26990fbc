/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The wire: JSON text <-> typed events. Pure functions: no I/O, no globals, no
 * threads. Nothing here trusts its input: every event that a server may send
 * ends in a Rt2Event, in RT2_EVENT_UNKNOWN, or in a GError.
 *
 * Names of events and fields are those of the GA Realtime API.
 */
#pragma once

#include <glib.h>
#include "rt2config.h"
#include "rt2types.h"

G_BEGIN_DECLS

#define RT2_PROTOCOL_ERROR (rt2_protocol_error_quark ())
GQuark rt2_protocol_error_quark (void);

typedef enum {
  RT2_PROTOCOL_ERROR_TOO_BIG, /* longer than RT2_PROTOCOL_MAX_EVENT */
  RT2_PROTOCOL_ERROR_JSON,    /* not a JSON object (see rt2json.h) */
  RT2_PROTOCOL_ERROR_TYPE,    /* no string member "type", or an endless one */
  RT2_PROTOCOL_ERROR_FIELD,   /* a field without which the event is void */
} Rt2ProtocolError;

/* Bytes. A retrieved item carries all its audio, so this is generous. */
#define RT2_PROTOCOL_MAX_EVENT (32 * 1024 * 1024)
/* Bytes of any one id that we take from a server; longer ones are an
 * RT2_PROTOCOL_ERROR_FIELD. Empty ids count as absent. Marks that we gave the
 * server ourselves (client event ids) have no such limit. */
#define RT2_PROTOCOL_MAX_SERVER_ID 256

typedef enum {
  RT2_EVENT_UNKNOWN, /* a type that this version does not know */

  RT2_EVENT_ERROR,
  RT2_EVENT_SESSION_CREATED,
  RT2_EVENT_SESSION_UPDATED,
  RT2_EVENT_SESSION_CLOSED,
  RT2_EVENT_CONVERSATION_CREATED,
  RT2_EVENT_RATE_LIMITS_UPDATED,

  RT2_EVENT_SPEECH_STARTED,
  RT2_EVENT_SPEECH_STOPPED,
  RT2_EVENT_INPUT_COMMITTED,
  RT2_EVENT_INPUT_CLEARED,
  RT2_EVENT_INPUT_TIMEOUT,
  RT2_EVENT_DTMF_RECEIVED,

  RT2_EVENT_ITEM_ADDED, /* conversation.item.added, and .created */
  RT2_EVENT_ITEM_DONE,
  RT2_EVENT_ITEM_DELETED,
  RT2_EVENT_ITEM_RETRIEVED,
  RT2_EVENT_ITEM_TRUNCATED,
  RT2_EVENT_INPUT_TRANSCRIPT_DELTA,
  RT2_EVENT_INPUT_TRANSCRIPT_COMPLETED,
  RT2_EVENT_INPUT_TRANSCRIPT_FAILED,
  RT2_EVENT_INPUT_TRANSCRIPT_SEGMENT,

  RT2_EVENT_RESPONSE_CREATED,
  RT2_EVENT_RESPONSE_DONE,
  RT2_EVENT_OUTPUT_ITEM_ADDED,
  RT2_EVENT_OUTPUT_ITEM_DONE,
  RT2_EVENT_CONTENT_PART_ADDED,
  RT2_EVENT_CONTENT_PART_DONE,
  RT2_EVENT_TEXT_DELTA,
  RT2_EVENT_TEXT_DONE,
  RT2_EVENT_AUDIO_DELTA,
  RT2_EVENT_AUDIO_DONE,
  RT2_EVENT_TRANSCRIPT_DELTA,
  RT2_EVENT_TRANSCRIPT_DONE,
  RT2_EVENT_FUNCTION_ARGUMENTS_DELTA,
  RT2_EVENT_FUNCTION_ARGUMENTS_DONE,

  RT2_EVENT_MCP_ARGUMENTS_DELTA,
  RT2_EVENT_MCP_ARGUMENTS_DONE,
  RT2_EVENT_MCP_CALL_IN_PROGRESS,
  RT2_EVENT_MCP_CALL_COMPLETED,
  RT2_EVENT_MCP_CALL_FAILED,
  RT2_EVENT_MCP_LIST_IN_PROGRESS,
  RT2_EVENT_MCP_LIST_COMPLETED,
  RT2_EVENT_MCP_LIST_FAILED,

  RT2_EVENT_OUTPUT_BUFFER_STARTED, /* output_audio_buffer.*: SIP, WebRTC */
  RT2_EVENT_OUTPUT_BUFFER_STOPPED,
  RT2_EVENT_OUTPUT_BUFFER_CLEARED,

  RT2_EVENT_TRANSLATION_AUDIO_DELTA,  /* session.output_audio.delta */
  RT2_EVENT_TRANSLATION_OUTPUT_DELTA, /* session.output_transcript.delta */
  RT2_EVENT_TRANSLATION_INPUT_DELTA,  /* session.input_transcript.delta */

  RT2_N_EVENTS
} Rt2EventType;

typedef enum {
  RT2_ITEM_UNKNOWN,
  RT2_ITEM_MESSAGE,
  RT2_ITEM_FUNCTION_CALL,
  RT2_ITEM_FUNCTION_CALL_OUTPUT,
  RT2_ITEM_MCP_LIST_TOOLS,
  RT2_ITEM_MCP_CALL,
  RT2_ITEM_MCP_APPROVAL_REQUEST,
  RT2_ITEM_MCP_APPROVAL_RESPONSE,
} Rt2ItemType;

typedef enum {
  RT2_STATUS_UNKNOWN, /* absent, or a word that we do not know */
  RT2_STATUS_IN_PROGRESS,
  RT2_STATUS_COMPLETED,
  RT2_STATUS_CANCELLED,
  RT2_STATUS_INCOMPLETE,
  RT2_STATUS_FAILED,
} Rt2Status;

/* A conversation item as an event shows it. Strings are NULL if absent. */
typedef struct {
  gchar *id;
  Rt2ItemType type;
  Rt2Status status;
  Rt2Role role;
  Rt2Phase phase;
  gchar *text;        /* transcripts and texts of all parts, joined
                       * with nothing between; NULL if none */
  gboolean has_audio; /* a part of type audio or output_audio */
  gchar *call_id;
  gchar *name;      /* function or MCP tool */
  gchar *arguments; /* JSON text, unchecked. An object, which some
                     * servers send, is given as its text */
  gchar *server_label;
  gchar *approval_request_id; /* of an MCP call: what allowed it */
  gchar **tools; /* names of the tools that an MCP server has; NULL if
                  * it shows none */
  gchar *output; /* of a function or MCP tool */
  gchar *error;  /* why something of MCP failed: the message, or the
                  * whole error as JSON text */
} Rt2Item;

/* Token counts. A missing count is 0; `known` tells a missing usage. */
typedef struct {
  gboolean known;
  guint64 total, input, output;
  guint64 input_text, input_audio, input_image;
  guint64 cached, cached_text, cached_audio, cached_image;
  guint64 output_text, output_audio;
  guint64 seconds; /* transcription billed by duration, rounded
                    * up */
} Rt2Usage;

typedef struct {
  gchar *id;
  gchar *conversation_id; /* NULL: out of band */
  Rt2Status status;
  gchar *reason; /* status_details.reason, or status_details
                  * itself where it is a string */
  gchar *error_type, *error_code, *error_message; /* status failed */
  gchar *client_event_id; /* metadata.client_event_id, our own mark */
  gchar *metadata;        /* JSON object, or NULL */
  GPtrArray *output;      /* Rt2Item*, never NULL; items without an id
                           * are left out */
  Rt2Usage usage;
} Rt2Response;

/* What the server says the session is; all empty if it said nothing. */
typedef struct {
  gchar *id, *type, *model, *voice;
  guint64 expires_at; /* unix seconds, 0 = not said */
  gboolean has_input_format, has_output_format;
  Rt2AudioFormat input_format, output_format;
  /* It states a format that is none of ours; then has_..._format is FALSE. */
  gboolean foreign_input_format, foreign_output_format;
  gboolean has_turn_detection; /* the member was there and not null */
  gchar *json;                 /* the whole session object, one line */
} Rt2SessionInfo;

typedef struct {
  gchar *type, *code, *message, *param;
  gchar *event_id; /* the client event that caused it */
} Rt2ServerError;

typedef struct {
  gchar *name; /* never NULL */
  guint64 limit, remaining;
  gdouble reset_seconds;
} Rt2RateLimit;

/* One server event. Which fields are set goes by `type`; all others are 0.
 * Of an unknown event only the names and event_id are taken. `item`,
 * `response`, `session`, `error`, `rate_limits` and `audio` are never NULL on
 * the events that have them, nor are item->id, response->id, the item_id of
 * ITEM_DELETED and ITEM_TRUNCATED, and the text of a delta. What an error, a
 * session or a list of rate limits lacks is left empty, as is the text of an
 * INPUT_TRANSCRIPT_DELTA; without the others the event is void:
 * RT2_PROTOCOL_ERROR_FIELD. All further members may be missing. */
typedef struct {
  Rt2EventType type;
  gchar *type_name; /* as on the wire, also when unknown */
  gchar *event_id;  /* may be NULL */

  /* Addresses; NULL or 0 if the event has none. */
  gchar *response_id;
  gchar *item_id;
  gchar *previous_item_id;
  gchar *call_id;
  gchar *conversation_id; /* of CONVERSATION_CREATED */
  guint output_index, content_index;

  GBytes *audio; /* decoded delta: AUDIO_DELTA, TRANSLATION_… */
  gchar *text;   /* delta, transcript, text, or arguments; the
                  * key of DTMF_RECEIVED */
  gchar *name;   /* of a function; the speaker of a SEGMENT */

  /* Of a SEGMENT from `start` and `end`, which are seconds. */
  guint64 audio_start_ms, audio_end_ms;
  guint64 elapsed_ms; /* TRANSLATION_…; G_MAXUINT64 = not said */

  /* What the event carries; NULL if it has none. */
  Rt2Item *item;
  Rt2Response *response;
  Rt2SessionInfo *session;
  Rt2ServerError *error;  /* also of INPUT_TRANSCRIPT_FAILED */
  GPtrArray *rate_limits; /* Rt2RateLimit* */
  Rt2Usage usage;         /* INPUT_TRANSCRIPT_COMPLETED */

  guint64 received_at; /* DTMF_RECEIVED: unix seconds, 0 = not said */
} Rt2Event;

/* Parses one text message of @size bytes. An audio delta in the usual form is
 * found by a bounded walk over the top level and decoded in place; everything
 * else, and everything unusual, goes through the guarded general parser.
 * Numbers that are negative, fractional where whole ones are due, or out of
 * range count as absent. Audio that is not base64 is RT2_PROTOCOL_ERROR_FIELD.
 * Caller frees with rt2_event_free(). */
Rt2Event *rt2_event_parse (const gchar *text, gsize size, GError **error);
void rt2_event_free (Rt2Event *event);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rt2Event, rt2_event_free)

/* What @event says of the session, or of an error, also of a response's, with
 * *** for @secret, which may be NULL. The server may quote the key. */
void rt2_event_redact (Rt2Event *event, const gchar *secret);

/* "response.created" …; NULL for RT2_EVENT_UNKNOWN. */
const gchar *rt2_event_type_name (Rt2EventType type);
/* "in_progress" …; NULL for RT2_STATUS_UNKNOWN. */
const gchar *rt2_status_name (Rt2Status status);

/* --- client events: each returns one line of JSON, newly allocated --- */

/* @session is the object that rt2_session_config_build() makes. */
gchar *rt2_build_session_update (JsonObject *session, const gchar *event_id);

/* Appends one whole input_audio_buffer.append event to @out, framed directly.
 * @size must not be 0 and not exceed RT2_APPEND_MAX (15 MiB). */
#define RT2_APPEND_MAX (15 * 1024 * 1024)
void rt2_build_append (GString *out, const guint8 *audio, gsize size);

/* The same for a translation session: session.input_audio_buffer.append. */
void rt2_build_translation_append (
    GString *out, const guint8 *audio, gsize size);
/* Asks a translation session for what is left, then session.closed. */
gchar *rt2_build_session_close (const gchar *event_id);

gchar *rt2_build_commit (const gchar *event_id);
gchar *rt2_build_clear (const gchar *event_id);
/* Items. @item_id and @previous_item_id ("root": before all others; NULL:
 * behind them) may be NULL.
 *
 * A message of @role "user" or "system" (input_text) or "assistant"
 * (output_text). */
gchar *rt2_build_text_item (const gchar *item_id, const gchar *previous_item_id,
    Rt2Role role, const gchar *text, const gchar *event_id);
/* A user's message with a picture, which goes in as a data URI. */
gchar *rt2_build_image_item (const gchar *item_id,
    const gchar *previous_item_id, const gchar *media_type, GBytes *image,
    const gchar *detail, const gchar *event_id);
/* A user's message with audio, in the input format of the session. */
gchar *rt2_build_audio_item (const gchar *item_id,
    const gchar *previous_item_id, GBytes *audio, const gchar *event_id);
gchar *rt2_build_function_call (const gchar *item_id,
    const gchar *previous_item_id, const gchar *call_id, const gchar *name,
    const gchar *arguments, const gchar *event_id);
gchar *rt2_build_function_output (const gchar *item_id,
    const gchar *previous_item_id, const gchar *call_id, const gchar *output,
    const gchar *event_id);
gchar *rt2_build_delete (const gchar *item_id, const gchar *event_id);
/* @audio_end_ms must be > 0: an item of which nothing was heard is deleted. */
gchar *rt2_build_truncate (const gchar *item_id, guint content_index,
    guint64 audio_end_ms, const gchar *event_id);
/* @event_id is also put into response.metadata.client_event_id, because
 * response.created carries no other mark of what asked for it. */
/* @params: NULL, or a JSON object with the response's members. */
gchar *rt2_build_response_create (const gchar *params, const gchar *event_id);
/* Answers an mcp_approval_request. */
gchar *rt2_build_approval (const gchar *item_id, const gchar *request_id,
    gboolean approve, const gchar *event_id);
/* @response_id NULL: the active response of the conversation. */
gchar *rt2_build_response_cancel (
    const gchar *response_id, const gchar *event_id);

G_END_DECLS
