/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One conversation with a Realtime server: configure, turns, responses,
 * truncation, retries. Talks to its owner through one listener.
 *
 * Lives on one GMainContext and starts no thread, but for a second where a
 * server refuses it at unknown length, see rt2refusal.h. Unless a function says
 * otherwise it must be called on the thread that owns the context, with the
 * context pushed as the thread's default. Every callback comes from there, with
 * no lock held; none may free the session, all may call it.
 */
#pragma once

#include "rt2calls.h"
#include "rt2command.h"
#include "rt2pricing.h"
#include "rt2protocol.h"
#include "rt2rollover.h"
#include "rt2transport.h"

G_BEGIN_DECLS

typedef struct _Rt2Session Rt2Session;

typedef enum {
  RT2_SESSION_DISCONNECTED,
  RT2_SESSION_CONNECTING, /* also while waiting to try again */
  RT2_SESSION_READY,      /* configured; nobody speaks */
  RT2_SESSION_LISTENING,  /* the server hears the user speak */
  RT2_SESSION_THINKING,   /* a response is due or under way */
} Rt2SessionState;

typedef enum {
  RT2_UPLINK_AUDIO,   /* a piece of the user's voice */
  RT2_UPLINK_CLEAR,   /* what was sent and not committed is void */
  RT2_UPLINK_COMMAND, /* what is to be done after the audio before it */
  RT2_UPLINK_END,     /* there will be no more */
  RT2_UPLINK_COMMIT,  /* the user's turn ended here; of the session itself */
} Rt2UplinkKind;

/* What the owner has for the server. */
typedef struct {
  Rt2UplinkKind kind;
  GBytes *audio; /* in the configured input format */
  guint64 rt;    /* running time of its first sample, ns */
  Rt2Command *command;
} Rt2UplinkPiece;

/* Where words or samples belong. Strings are valid during the callback. */
typedef struct {
  const gchar *response_id;
  const gchar *item_id;
  guint output_index;
  /* Running time of the input that it belongs to, ns: for what translates;
   * G_MAXUINT64 = the time at which it comes. */
  guint64 due;
} Rt2Place;

/* A user's utterance. Times are the owner's running times of the input, ns;
 * G_MAXUINT64 = not known. */
typedef struct {
  const gchar *item_id;
  guint64 start, end;
  guint64 words; /* of a delta: when its words were said, as far as is known */
} Rt2Utterance;

/* What the agent says unasked when the conversation begins. */
typedef enum {
  RT2_OPENING_NONE, /* it was asked */
  RT2_OPENING_GREETING,
  RT2_OPENING_DISCLOSURE, /* must be heard to its end */
} Rt2Opening;

typedef struct {
  guint64 input_tokens, output_tokens, total_tokens;
  guint responses; /* done, whatever their status */
  guint interruptions;
  guint dismissals; /* turns that interrupted nothing */
  guint function_calls, function_timeouts;
  guint images;                  /* sent */
  guint64 transcription_tokens;  /* of models that bill tokens */
  guint64 transcription_seconds; /* of those that bill time, item by item */
  guint truncations, deletions;  /* sent */
  guint server_errors;           /* `error` events, benign ones included */
  guint reconnects;              /* after a loss */
  guint moves;                   /* to another session, without one */
  guint conversation_dropped;    /* items and voices of the conversation that
                                  * are too old to be kept for the next server */
  guint unknown_events, bad_events;
  Rt2Money cost_responses;     /* as far as prices are known */
  Rt2Money cost_transcription; /* of what the user said, likewise */
  Rt2Money cost_translation;   /* likewise */
  guint unpriced;              /* responses and transcripts of unknown cost */
  guint64 appended;            /* ns of audio sent in this connection */
  guint64 response_latency;    /* ns from the end of the turn to the first audio
                                * of the last response; 0 = none yet */
  Rt2TransportStats transport;
} Rt2SessionStats;

/* What may be spent in a run. */
typedef struct {
  Rt2Money max_cost;    /* 0 = no limit */
  guint64 max_duration; /* ns since the first session, 0 = no limit */
} Rt2Budget;

/* What of it is used when a limit is reached. */
typedef struct {
  gboolean by_cost; /* else by duration */
  Rt2Money cost;
  guint64 duration; /* ns */
  Rt2Budget budget;
} Rt2Spent;

typedef struct {
  void (*state) (gpointer owner, Rt2SessionState state);

  /* The key for the server at @url, asked for before each try; of the fallback
   * only if that shares the key, with the @url of the first: keys expire. *key:
   * new string, or NULL for none. FALSE: what the owner knows now is for
   * another server, and what was found for this one before serves on. The
   * function may be NULL: then the key of the options serves. */
  gboolean (*api_key) (gpointer owner, const gchar *url, gchar **key);

  /* Takes the next piece for the server; FALSE if there is none now. Only asked
   * while the session is configured and the socket takes data. The session owns
   * the bytes and the command. Call rt2_session_wake() when there is something
   * again. */
  gboolean (*pull) (gpointer owner, Rt2UplinkPiece *piece);

  /* The server opened a session, and then accepted the configuration.
   * @reconnected: it is not the first of this run. */
  void (*created) (gpointer owner, const Rt2SessionInfo *info);
  void (*configured) (
      gpointer owner, const Rt2SessionInfo *info, gboolean reconnected);
  /* It accepted another configuration since. */
  void (*updated) (gpointer owner, const Rt2SessionInfo *info);
  /* The session in use ends soon: another is opened in the background.
   * @expires_at: what the server said, unix s, 0 = nothing; @left: ns to the
   * end. @reason: EXPIRING or AGE. May be NULL, like the next two. */
  void (*expiring) (
      gpointer owner, guint64 expires_at, guint64 left, Rt2MoveReason reason);
  /* The conversation goes on in another session, @info, after `created` and
   * `updated` for it; or, if the one before was lost meanwhile, `configured`.
   * @from and @to: uris without query and user. What was under way in the old
   * one and was not complete gets no end. */
  void (*moved) (gpointer owner, const Rt2SessionInfo *info, const gchar *from,
      const gchar *to, Rt2MoveReason reason);
  /* Another session could not be opened; that in use stays. @again: it is tried
   * again, else what was asked for is forgotten. */
  void (*move_failed) (gpointer owner, const Rt2Fault *fault,
      Rt2MoveReason reason, gboolean again);
  /* The connection is gone and will be tried again in @delay ns. */
  void (*lost) (gpointer owner, const Rt2Fault *fault, guint64 delay);
  /* With a connection went what the user said last: @duration ns were sent,
   * not answered to the end, and are not kept (see max_turn_replay) or, before
   * `failed` and `drained`, of no more use. Before `lost` or one of those. */
  void (*turn_lost) (gpointer owner, guint64 duration);
  /* The connection is gone in the middle of the answer @response_id. If not a
   * sample or word of it has left, it is dropped, with all that is known of it,
   * and TRUE: what it answered will be answered anew. Else what came of it is
   * played out, and stands. The function may be NULL: then what came has left.
   */
  gboolean (*retract) (gpointer owner, const gchar *response_id);
  /* The end: no further try. The session is DISCONNECTED. */
  void (*failed) (gpointer owner, const Rt2Fault *fault);

  void (*speech_started) (gpointer owner, const Rt2Utterance *utterance);
  void (*speech_stopped) (gpointer owner, const Rt2Utterance *utterance);
  /* Words of the user. @final: @text is the whole transcript, or NULL if the
   * deltas were it; else @text is a delta. */
  void (*user_text) (gpointer owner, const Rt2Utterance *utterance,
      const gchar *text, gboolean final);

  /* A turn of the user's is over: the VAD heard so, or we committed it. The
   * user stopped speaking at the running time @speech_end, the silence that the
   * VAD waited for not counted; G_MAXUINT64 = not known. May be NULL. */
  void (*turn_ended) (gpointer owner, guint64 speech_end);

  /* What the user said was too short to interrupt, or came while it could not,
   * and is taken back: it is not answered. @duration: ns of speech. */
  void (*turn_dismissed) (
      gpointer owner, const gchar *item_id, guint64 duration);

  void (*response_started) (
      gpointer owner, const gchar *response_id, Rt2Opening opening);
  /* @out_of_band: it was asked for apart from the conversation. Nothing but
   * this is told of it. */
  void (*response_done) (
      gpointer owner, const Rt2Response *response, gboolean out_of_band);
  /* The phase of an item is stated outside its response. */
  void (*phase) (gpointer owner, const gchar *item_id, Rt2Phase phase);
  /* An output item appears, or is finished. */
  void (*item) (gpointer owner, const Rt2Place *place, const Rt2Item *item,
      gboolean done);
  void (*audio) (gpointer owner, const Rt2Place *place, GBytes *audio);
  void (*audio_done) (gpointer owner, const Rt2Place *place);
  /* @final: @text is all of the part's text, or NULL if the deltas were it;
   * else
   * @text is a delta. */
  void (*text) (gpointer owner, const Rt2Place *place, Rt2TextKind kind,
      const gchar *text, gboolean final);

  /* The model calls a function. One output is to follow, by a command, before
   * tool_timeout is over. */
  void (*function_call) (gpointer owner, const Rt2Call *call);
  /* Its output went to the server: the owner's, or an error that took its place
   * (call->reason). */
  void (*function_output) (gpointer owner, const Rt2Call *call);
  /* A command could not be carried out; @reason says why. */
  void (*command_failed) (
      gpointer owner, const Rt2Command *command, const gchar *reason);
  /* Whether what plays now, or is next to play, may not be interrupted. The
   * function may be NULL: nothing is protected. */
  gboolean (*is_protected) (gpointer owner);

  /* The user barges in: drop what is not heard yet, and tell what was. Returns
   * Rt2Heard* in playing order, transfer full; the session truncates and
   * deletes on the server accordingly. */
  GPtrArray *(*interrupt) (gpointer owner);

  /* An `error` event that does not end the session, or what failed of a single
   * item. Errors that are expected in normal use (cancel of a response that is
   * over, a commit that the server's VAD made first) are not reported. */
  void (*server_error) (gpointer owner, const Rt2ServerError *error);
  void (*rate_limits) (gpointer owner, const GPtrArray *limits);

  /* What the session only passes on; may be NULL. One of CONVERSATION_CREATED,
   * INPUT_TIMEOUT (@silence: its item and its place in the input; else NULL),
   * DTMF_RECEIVED, INPUT_TRANSCRIPT_SEGMENT, ITEM_RETRIEVED, ITEM_TRUNCATED,
   * MCP_..., OUTPUT_BUFFER_..., and of ITEM_..., OUTPUT_ITEM_... and
   * RESPONSE_DONE what brings items of MCP: the same item comes several times.
   * All is valid during the callback. */
  void (*notice) (
      gpointer owner, const Rt2Event *event, const Rt2Utterance *silence);
  /* Every message of the server, before it is handled; may be NULL. It is as it
   * came, audio and nonsense included, and with no NUL at its end: see
   * rt2_event_text() and rt2_session_redact(). */
  void (*server_event) (gpointer owner, const gchar *json, gsize size);

  /* The running time now, ns, for the event log; G_MAXUINT64 = there is none.
   * May be NULL. */
  guint64 (*running_time) (gpointer owner);
  /* The event log is not kept any more; @message says why and what to do. May
   * be NULL. */
  void (*log_failed) (gpointer owner, const gchar *message);

  /* After RT2_UPLINK_END: the last response has come in whole, or none is due.
   */
  void (*drained) (gpointer owner, gboolean timed_out);
  /* Whether speech is still being played, for the time-out of the end. */
  gboolean (*is_playing) (gpointer owner);

  /* A limit of the budget is reached. What is being said goes on to the end of
   * its sentence; no audio and no wish for a response goes to the server any
   * more, and what it answers by itself is cancelled. It stays so until a
   * limit is raised. May be NULL. */
  void (*budget_exceeded) (gpointer owner, const Rt2Spent *spent);
  /* It was raised, and the talk goes on. May be NULL. */
  void (*budget_raised) (gpointer owner);
  /* Whether the sentence that was being said when this was first asked, since
   * it last was not, goes on. NULL: never. */
  gboolean (*in_sentence) (gpointer owner);
  /* ns of the owner's time since this was first asked: it is from the first
   * session of a run on. NULL: no limit of duration holds. */
  guint64 (*session_time) (gpointer owner);
  /* There is no price for what @model did. Once in a run; may be NULL. */
  void (*unpriced) (gpointer owner, const gchar *model);
} Rt2SessionListener;

/* What the session needs besides its Rt2SessionConfig. */
typedef struct {
  Rt2TransportConfig *transport; /* url without the model query */
  gchar *call_id; /* NULL, or the call to join as a sideband: then no audio goes
                   * either way */
  gchar *model;
  gint retries;                 /* see rt2fault.h */
  guint64 retry_backoff_max;    /* ns */
  Rt2TransportConfig *fallback; /* NULL, or where to go when `transport` does
                                 * not do; with its own key, if any: that of
                                 * the listener is for `transport` */
  gchar *fallback_model;        /* instead of `model` there */
  gboolean fallback_shares_key; /* the key of `transport` is its key too, also
                                 * when that is renewed */
  guint64 fallback_look;   /* ns from one look at `transport` to the next while
                            * the fallback is in use, the shortest */
  guint64 healthy_time;    /* ns that a session must have lasted for its loss
                            * to be the first in a row */
  guint64 max_turn_replay; /* ns of the user's audio that are kept until they
                            * are answered, to be sent again on another
                            * connection; 0 = none */
  guint64 eos_silence;     /* ns appended at the end under server VAD;
                            * G_MAXUINT64 = vad_silence_duration + 200 ms */
  gchar *disclosure;       /* NULL, or what it says before all else */
  gchar *greeting;         /* NULL, or what the agent opens with */
  guint64 tool_timeout;    /* ns until an open function call is answered with
                            * an error; 0 = never */
  Rt2Pricing *pricing;     /* NULL: no price is known */
  Rt2Budget budget;
  guint64 eos_timeout;      /* ns without an event and without speech being
                             * played; 0 = for ever */
  gchar *event_log;         /* NULL, or the file to keep one in, see
                             * rt2eventlog.h */
  gboolean event_log_audio; /* with the audio and pictures */
} Rt2SessionOptions;

Rt2SessionOptions *rt2_session_options_new (void);
void rt2_session_options_free (Rt2SessionOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rt2SessionOptions, rt2_session_options_free)

/* Takes copies of @config; takes @options over. */
Rt2Session *rt2_session_new (const Rt2SessionListener *listener, gpointer owner,
    Rt2SessionOptions *options, const Rt2SessionConfig *config);

/* Closes the connection and waits for nothing. No callback follows. */
void rt2_session_free (Rt2Session *session);

/* Starts to connect. Failures come as `lost` or `failed`, never from inside. */
void rt2_session_start (Rt2Session *session);

/* Any thread: there is something to pull, or a new configuration. */
void rt2_session_wake (Rt2Session *session);

/* Any thread: what the session should be from now on; becomes one
 * session.update, however often it is called before the thread gets to it. The
 * voice is not changed once the server has spoken. Audio waits for the
 * acknowledgement if the input format changes. */
void rt2_session_set_config (
    Rt2Session *session, const Rt2SessionConfig *config);

/* Any thread: goes on with the event log in the file at @path, or with none
 * (NULL). */
void rt2_session_set_event_log (
    Rt2Session *session, const gchar *path, gboolean with_audio);

/* Any thread: from now on the session is to be at @transport (with its key,
 * NULL = the owner's; its url without the model) and @model. It is opened and
 * told of the conversation in the background and taken over in a gap of the
 * talk: `moved`. If it can't be had the old one stays: `move_failed`. If it is
 * lost before that, the next try goes to where it was. The newest call counts;
 * one that changes nothing does nothing. */
void rt2_session_move (Rt2Session *session, const Rt2TransportConfig *transport,
    const gchar *model, Rt2MoveReason reason);

/* Where the session is, or is to be next: without query and user. New string.
 */
gchar *rt2_session_dup_uri (Rt2Session *session);

/* Any thread: nobody heard or read anything of this item; the server is to
 * forget it. It is deleted once the response that it belongs to is over, so
 * that nothing is taken from under it. What is not in the conversation (any
 * more) is ignored, as is what is beyond RT2_SESSION_MAX_FORGOTTEN. */
void rt2_session_forget_item (Rt2Session *session, const gchar *item_id);
#define RT2_SESSION_MAX_FORGOTTEN 256

/* Any thread: RT2_UPLINK_END is on its way; eos_timeout counts from now. */
void rt2_session_finish (Rt2Session *session);

/* Any thread: takes @command over and carries it out as soon as the session is
 * configured, in the order of the calls. FALSE, and @command is freed, if
 * RT2_SESSION_MAX_COMMANDS wait already, or RT2_SESSION_MAX_COMMAND_BYTES. */
gboolean rt2_session_command (Rt2Session *session, Rt2Command *command);
#define RT2_SESSION_MAX_COMMANDS 256
#define RT2_SESSION_MAX_COMMAND_BYTES (32 * 1024 * 1024)

/* Any thread: another limit. One that is above what is used lets the talk go
 * on. */
void rt2_session_set_budget (Rt2Session *session, Rt2Budget budget);

/* What a response with @usage costs. FALSE if that is not known. */
gboolean rt2_session_price (
    Rt2Session *session, const Rt2Usage *usage, Rt2Money *cost);

/* From `configured` and `moved`: whether the newest picture of the conversation
 * is with the server that is in use now. TRUE if there is none. */
gboolean rt2_session_has_newest_image (Rt2Session *session);

/* From `configured` and `moved`: how many items of the conversation the server
 * in use was not told of, because they are too many. *summary: it was told a
 * summary of those that there were when that was asked for. */
guint rt2_session_get_left_out (Rt2Session *session, gboolean *summary);

/* From `response_done`: whether the session itself asked for this response, and
 * goes on without if there is nothing of use in it. */
gboolean rt2_session_asked_itself (Rt2Session *session);

/* Any thread; a snapshot of the last turn of the session's loop. */
void rt2_session_get_stats (Rt2Session *session, Rt2SessionStats *stats);

/* A copy of @text with *** for the key of the connection: a server may quote
 * what it was sent. */
gchar *rt2_session_redact (Rt2Session *session, const gchar *text);

/* The bound on what was sent and not answered at the end: with turn detection
 * on, no turn opened this long (ns) after the last audio means none will. */
#define RT2_SESSION_TURN_GRACE (G_GUINT64_CONSTANT (800) * 1000000)
/* How long (ns) the first words wait for MCP servers to list their tools. */
#define RT2_SESSION_MCP_WAIT (G_GUINT64_CONSTANT (4000) * 1000000)
/* How long (ns) the end waits for the user's transcript once all else is in. */
#define RT2_SESSION_TRANSCRIPT_GRACE (G_GUINT64_CONSTANT (3000) * 1000000)
/* How long (ns) a response whose beginning the server did not announce may be
 * silent until it is over. */
#define RT2_SESSION_UNANNOUNCED_SILENCE (G_GUINT64_CONSTANT (10000) * 1000000)
/* How long (ns) a sentence may still take once the budget is spent. */
#define RT2_SESSION_SENTENCE_MAX (G_GUINT64_CONSTANT (15000) * 1000000)
/* The server refuses to commit less (ns). */
#define RT2_SESSION_COMMIT_MIN (G_GUINT64_CONSTANT (100) * 1000000)

G_END_DECLS
