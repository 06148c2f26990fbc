/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a session should be, and how the server is told: the `session` object of
 * session.update, for each type of session. Pure.
 */
#pragma once

#include <json-glib/json-glib.h>
#include "rt2types.h"

G_BEGIN_DECLS

typedef enum {
  RT2_SESSION_TYPE_REALTIME,      /* a conversation with a voice agent */
  RT2_SESSION_TYPE_TRANSCRIPTION, /* speech to text, no answers */
  RT2_SESSION_TYPE_TRANSLATION,   /* speech to speech in another language */
} Rt2SessionType;

/* By the name of the model; what is not known is a conversation. */
Rt2SessionType rt2_session_type_of_model (const gchar *model);

typedef enum {
  RT2_TURN_DETECTION_SERVER_VAD,
  RT2_TURN_DETECTION_SEMANTIC_VAD,
  RT2_TURN_DETECTION_NONE,
} Rt2TurnDetection;

/* Tools that the owner brings along. */
typedef enum {
  RT2_BUILTIN_WAIT_FOR_USER = 1
      << 0,                          /* wait_for_user: the turn ends silently */
  RT2_BUILTIN_END_SESSION = 1 << 1,  /* end_session: after the last word */
  RT2_BUILTIN_SET_PROPERTY = 1 << 2, /* set_property, of those listed */
  RT2_BUILTIN_SEND_DTMF = 1 << 3,    /* send_dtmf: keys of a telephone */
} Rt2Builtin;

/* The name of one of them on the wire. */
const gchar *rt2_builtin_name (Rt2Builtin tool);
/* 0 if @name is none of them. */
Rt2Builtin rt2_builtin_from_name (const gchar *name);

/* Strings that are NULL or empty are left out, and so is what is not of the
 * session's type. Durations are nanoseconds here and whole milliseconds on the
 * wire. Members called "JSON" hold JSON text of that member of the session. */
typedef struct {
  Rt2SessionType type;
  gboolean sideband;       /* of a call whose audio is settled elsewhere */
  gchar *model;            /* of the session; names the transcriber in a
                            * transcription session, else told by the url */
  gchar *instructions;     /* "" is sent: it clears them */
  gchar *voice;            /* locked by the server at its first audio */
  gchar *reasoning_effort; /* "minimal" ... "xhigh" */
  gboolean text_only;      /* answers are written, not spoken */
  gdouble speed;           /* 0.25 to 1.5; 1.0 is not sent */
  guint max_output_tokens; /* 0 = no limit, not sent */
  Rt2AudioFormat input_format, output_format;
  gchar *noise_reduction; /* "near_field", "far_field" */

  Rt2TurnDetection turn_detection;
  gdouble vad_threshold; /* 0.0 to 1.0 */
  guint64 vad_prefix_padding;
  guint64 vad_silence_duration;
  gchar *vad_eagerness; /* "auto", "low", "medium", "high" */
  guint64 idle_timeout; /* 0 = off */
  gboolean create_response;
  gboolean interrupt_response;
  guint64 min_interruption; /* shorter speech, ns, interrupts nothing; 0 = the
                             * server decides */
  guint image_keep;    /* pictures that stay in the conversation, 0 = all */
  guint64 max_age;     /* of a session, ns; 0 = as the server allows */
  guint history_limit; /* items that a new session is told of, 0 = all */
  gboolean guards_greeting; /* it may not be interrupted, nor prevented */
  gboolean guards_speech;   /* the owner may refuse an interruption */

  gchar *transcription_model;
  gchar *transcription_language;
  gchar *transcription_prompt;
  gchar *transcription_delay; /* "minimal" ... "xhigh" */
  gchar *language;            /* of a translation */

  gchar *tools;                 /* JSON array */
  guint builtin_tools;          /* Rt2Builtin, added to them */
  gchar *settable;              /* for set_property: ELEMENT.PROPERTY, several
                                 * with commas between */
  gchar *tool_choice;           /* a word, or JSON object */
  gboolean parallel_tool_calls; /* TRUE is not sent */
  gchar *truncation;            /* a word, or JSON object */
  gchar *prompt;                /* an id, or JSON object */
  gchar *tracing;               /* a word, or JSON object */
  gchar *include;               /* words with commas between, or JSON array */
  gchar *overlay;               /* JSON object, laid over all of the above */
  gchar *update;                /* likewise, over that */
} Rt2SessionConfig;

/* With the defaults of the API's documentation. */
Rt2SessionConfig *rt2_session_config_new (void);
Rt2SessionConfig *rt2_session_config_copy (const Rt2SessionConfig *config);
void rt2_session_config_free (Rt2SessionConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rt2SessionConfig, rt2_session_config_free)

/* Whether each member that holds JSON does. If not, *member is the name of the
 * first that does not, static, and @error says why. */
gboolean rt2_session_config_check (
    const Rt2SessionConfig *config, const gchar **member, GError **error);

/* The `session` object. @with_voice FALSE leaves the voice out, also one of the
 * overlay: after the server's first audio another voice makes it refuse the
 * whole update (cannot_update_voice). Caller owns it. */
JsonObject *rt2_session_config_build (
    const Rt2SessionConfig *config, gboolean with_voice);

/* Adds to @now what clears each member that @before had and @now has not: the
 * server leaves alone what an update does not name. */
void rt2_session_config_clear_missing (JsonObject *now, JsonObject *before);

/* @more laid over @update, both JSON objects; @update may be NULL. New text, or
 * NULL and @error if @more is none. */
gchar *rt2_session_config_merge_update (
    const gchar *update, const gchar *more, GError **error);

/* Whether we decide what speech of the user's interrupts and is answered, and
 * not the server: its VAD only tells. */
gboolean rt2_session_config_decides (const Rt2SessionConfig *config);

/* Whether a server VAD ends the turns: it is set, and the session has one. */
gboolean rt2_session_config_has_vad (const Rt2SessionConfig *config);

G_END_DECLS
