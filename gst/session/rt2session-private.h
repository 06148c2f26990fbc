/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the parts of the session share. rt2sessionconnect.c keeps the
 * connection, rt2sessionconfigure.c the configuration, rt2sessionuplink.c the
 * way up and the end; rt2sessionevents.c says what each event of the server
 * means. The others, rt2session*.c, do what one kind of event or command asks
 * for. All of it is the session's thread's, but what `lock` guards.
 */
#pragma once

#include "rt2session.h"

#include "rt2conversation.h"
#include "rt2endpoints.h"
#include "rt2eventlog.h"
#include "rt2inputclock.h"
#include "rt2loudness.h"
#include "rt2pause.h"
#include "rt2refused.h"
#include "rt2responses.h"
#include "rt2replay.h"
#include "rt2seed.h"
#include "rt2shown.h"
#include "rt2thread.h"

G_BEGIN_DECLS

/* All but what rt2session.h gives to any thread runs where the context is
 * owned; builds with debugging make sure. */
#define RT2_SESSION_ASSERT_THREAD(session) RT2_ASSERT_OWNER ((session)->context)

/* How far the end of the conversation has come. */
typedef enum {
  RT2_FINISH_NONE,
  RT2_FINISH_ASKED,   /* rt2_session_finish(); audio still goes up */
  RT2_FINISH_WAITING, /* all is sent; answers are awaited */
  RT2_FINISH_DONE,    /* `drained` or `failed` was called */
} Rt2Finish;

/* A stretch of the user's audio in the server's count, ns appended. */
typedef struct {
  guint64 start, end;
} Rt2Span;

/* The words of one side of a translation, cut into items. */
typedef struct {
  guint number;      /* of the item that is open */
  gboolean complete; /* its last words ended a sentence */
  guint64 last;      /* instant of its last words, running time */
} Rt2Sentence;

/* What is to become of the speech that goes on, or was last. */
typedef enum {
  RT2_TURN_PLAIN,     /* it was in nobody's way: a turn like any other */
  RT2_TURN_PENDING,   /* the agent speaks, and it is too short to interrupt */
  RT2_TURN_CONFIRMED, /* it was long enough */
  RT2_TURN_DISMISSED, /* it was not: to be taken back */
  RT2_TURN_SILENCE,   /* nothing was said: the server may answer by itself */
} Rt2TurnKind;

/* What may be spent, and what became of it. */
typedef struct {
  Rt2Budget limits;
  gchar *model;          /* as the server calls it; NULL if it did not say */
  guint64 translated;    /* ns of audio sent to a translator in this run */
  gboolean begun;        /* a session was opened in this run */
  gboolean told;         /* that there is no price for something */
  gboolean spent;        /* a limit is reached: nothing that costs is done */
  gint64 sentence_until; /* monotonic us by which the sentence that is being
                          * said has to end; 0 = none is awaited */
  GSource *timer;        /* looks again at the time, or the sentence */
} Rt2Spending;

/* Going over to another session: see rt2sessionrollover.c. */
typedef struct _Rt2Mover Rt2Mover;

/* A configuration as the server was told it; all NULL if it was not. */
typedef struct {
  Rt2SessionConfig *config;
  JsonObject *object; /* the session, without the voice */
  gchar *voice;       /* JSON text */
} Rt2Told;

struct _Rt2Session {
  const Rt2SessionListener *listener; /* static */
  gpointer owner;                     /* of the listener's calls */
  Rt2SessionType type; /* of the configuration at the start; never changes */
  Rt2SessionOptions *options; /* never changes, but for the key */
  GMainContext *context;      /* the thread's; all sources are attached here */
  GSource *wakeup;            /* fires when another thread has left work */
  GSource *timer;             /* of configuring, or of the next try */
  GSource *flow_timer;        /* keeps a translation's audio flowing */
  GSource *finish_timer;      /* fires when the end is to be looked at */
  GSource *wish_timer;        /* fires when a wish expires */
  GSource *tool_timer;        /* fires when a function call is late */

  GMutex lock;                  /* guards the next thirteen, nothing else */
  GQueue new_commands;          /* Rt2Command*, left by command() */
  guint n_commands;             /* that wait, here and in `commands` */
  gsize command_bytes;          /* likewise */
  Rt2SessionConfig *new_config; /* left by set_config(), or NULL */
  gboolean finish_asked;        /* left by finish() */
  GQueue to_forget;             /* gchar*, left by forget_item() */
  Rt2Budget new_budget;         /* left by set_budget() */
  gboolean budget_changed;      /* likewise */
  gchar **new_log; /* left by set_event_log(): path and "audio", or less */
  Rt2TransportConfig *new_transport; /* left by move(), or NULL */
  gchar *new_model;                  /* likewise */
  Rt2MoveReason new_reason;          /* likewise */
  Rt2SessionStats published;         /* what get_stats() gives */

  Rt2EventLog *log; /* of all connections; always there */
  Rt2Transport *transport;
  GQueue commands;          /* Rt2Command*, to be carried out in this order */
  Rt2SessionState state;    /* as last reported */
  guint attempts;           /* tries in a row that failed, or did not last */
  gint64 configured_since;  /* monotonic us, of this connection; 0 = it is not
                             * configured yet */
  gboolean resting;         /* between two tries: there is no connection */
  gboolean ever_configured; /* one session.updated came in this run */
  gchar *error_code;        /* of an `error` event that a close will follow */
  gchar *error_message;     /* likewise */

  /* Configuration. */
  Rt2SessionConfig *config; /* what the session should be */
  Rt2Told sent;             /* in the update that is not answered yet */
  Rt2Told accepted;         /* what the server took last */
  Rt2Refused *refused;      /* what it did not take of `config` */
  gboolean config_changed;  /* `config` is newer than the last update sent */
  gchar *update_id;         /* of the update that is not answered yet */
  gboolean created;         /* session.created came */
  gboolean configured;      /* the server took our configuration */
  gboolean voice_locked;    /* the server has spoken */
  gboolean discloses;       /* the disclosure is still to be asked for */
  gboolean greets;          /* likewise the greeting */
  guint64 next_id;          /* of our event ids */
  gchar *event_id;          /* the newest of them */

  /* Turns. */
  Rt2InputClock *clock;   /* of the audio appended */
  guint64 uncommitted;    /* ns appended since we last committed */
  GQueue commits;         /* Rt2Span*, ours that were not acknowledged yet */
  Rt2Pause *pause;        /* finds where to commit for a model without a VAD */
  gint64 flow_start;      /* monotonic us when the first audio went up, or 0 */
  gint64 last_audio;      /* monotonic us when the last went up */
  gboolean closed;        /* session.closed came: a translation is through */
  guint64 translated;     /* ns of translated audio that came */
  guint64 translated_due; /* instant of the last of it that has one */
  Rt2Sentence output_sentence, input_sentence; /* of a translation */
  gboolean speech_open;  /* speech_started without its end */
  gboolean vad_commits;  /* speech_stopped without its commit */
  Rt2Loudness *loudness; /* of the audio appended */
  Rt2TurnKind turn;      /* of the speech that is open, or was last */
  guint64 turn_from;     /* ns appended when that speech began */
  guint64 turn_length;   /* ns of that speech, measured at its end */
  gint64 floor_until;    /* monotonic us until which the user's turn may still
                          * be committed */
  gboolean deferred;     /* an interruption waits for the end of what is
                          * protected */
  GHashTable *deleted;   /* ids of items that we took back */
  guint64 vad_start;     /* ns appended when it last saw a start */
  guint64 vad_end;       /* ns appended when the server's VAD last saw an end */
  Rt2Replay *replay;     /* of the turns that are not answered */
  GQueue again;          /* Rt2UplinkPiece*, to be sent before all new ones */
  guint64 again_ns;      /* of audio in it */
  guint again_others;    /* pieces in it that are no audio */
  gsize again_bytes;     /* of commands in it */
  guint turns_again;     /* of the VAD's in it that were not committed yet */
  gint64 again_since;    /* monotonic us when the last of it was sent; 0 = some
                          * of it was not */
  gboolean paced;        /* some of it was sent faster than it was said */
  gboolean ends_again;   /* the end was sent on a connection that is gone */

  /* Answers. */
  Rt2Responses *responses; /* who wishes for one, which is under way */
  Rt2Calls *calls;         /* of functions, and their outputs */
  guint mcp_known;    /* MCP servers in the configuration that was accepted */
  guint mcp_waiting;  /* of them, those that have not listed their tools */
  GSource *mcp_timer; /* waits no longer for them */
  gint64 last_word;   /* monotonic us of the last event of a response */
  GQueue images; /* item ids of pictures in the conversation, oldest first */
  Rt2Conversation *conversation;
  gchar *summary;          /* of its oldest items, in place of them; or NULL */
  guint summary_of;        /* so many items it tells of, see rt2_seed_count() */
  gint64 summary_until;    /* monotonic us until which a move waits for one
                            * that was asked for; 0 = this one did not ask */
  gboolean summary_done;   /* the response that is being told of was it */
  GHashTable *transcripts; /* item ids whose transcript is still to come */
  GHashTable *utterances;  /* item id -> Times, see rt2sessionturns.c */
  Rt2Shown *shown;         /* which of the user's words were */
  gint64 turn_end;         /* monotonic us when the last turn ended, or 0 */

  Rt2Spending spending;
  Rt2Mover *mover; /* of the next move to another session */

  /* Where it is. The options' `transport` and `model` are those in use. */
  Rt2Endpoints *endpoints;
  Rt2EndpointId used;        /* where it was last configured */
  Rt2TransportConfig *first; /* the options of the first, while those in use are
                              * the fallback's; else NULL */
  gchar *first_model;        /* likewise */
  GSource *look_timer;       /* looks at the first */

  /* The end. */
  Rt2Finish finish;
  gint64 last_alive;    /* monotonic us of the last sign of life */
  gint64 last_turn;     /* monotonic us of the last event about a turn */
  gint64 settled_since; /* monotonic us, 0 = not settled */

  Rt2SessionStats stats; /* published after each turn of the loop */
};

/* Reports the state if it changed: as it is now, or @state. */
void rt2_session_update_state (Rt2Session *session);
void rt2_session_set_state (Rt2Session *session, Rt2SessionState state);

/* What follows from any news: judges, sends, reports and publishes. */
void rt2_session_after_event (Rt2Session *session);
void rt2_session_publish_stats (Rt2Session *session);

/* "rt2-N", new for each event of ours that an error may refer to. Valid until
 * the next call. */
const gchar *rt2_session_new_event_id (Rt2Session *session);

/* Sends @json and frees it. */
void rt2_session_send (Rt2Session *session, gchar *json);

/* The event log: made with the session; begun with what the options say, before
 * the first connection; what other threads left; and how it reads audio, from
 * the configuration. */
void rt2_session_make_log (Rt2Session *session);
void rt2_session_begin_log (Rt2Session *session);
void rt2_session_take_log (Rt2Session *session);
void rt2_session_set_log_rates (Rt2Session *session);
void rt2_session_end_log (Rt2Session *session);

/* Sends session.update if what is wanted is not what was last sent. */
void rt2_session_send_config (Rt2Session *session);

/* What is wanted from now on; takes @config over. */
void rt2_session_take_config (Rt2Session *session, Rt2SessionConfig *config);
void rt2_told_clear (Rt2Told *told);

/* The session.update for a server that was told nothing yet, with a new event
 * id, the newest; *told is what it says. New string. */
gchar *rt2_session_build_first_update (Rt2Session *session, Rt2Told *told);
/* Whether the server set the audio formats of @told; NULL, or what is wrong. */
Rt2Fault *rt2_session_find_format_fault (
    Rt2Session *session, const Rt2Told *told, const Rt2SessionInfo *info);

/* The server took, or refused, the update that was sent last. After a refusal
 * the member at @param, a path or NULL, stays at what was accepted before. If
 * that does not tell which it is, all of them do, unless there is something
 * newer, or only the voice came too late: @but_voice. */
void rt2_session_update_accepted (Rt2Session *session);
void rt2_session_update_refused (
    Rt2Session *session, const gchar *param, gboolean but_voice);

/* Whether the server takes, and will take, audio in the wanted format. */
gboolean rt2_session_format_is_settled (Rt2Session *session);

/* Wishes for a response; reports it if there are too many wishes. */
void rt2_session_want (Rt2Session *session, Rt2WishKind kind);
void rt2_session_want_command (
    Rt2Session *session, Rt2WishKind kind, Rt2Command *command);
/* Sends response.create for what is wished for and has nothing in its way. */
void rt2_session_send_wishes (Rt2Session *session);
/* Tells of each command that its turn will not come, because of @reason. */
void rt2_session_drop_wishes (Rt2Session *session, const gchar *reason);

/* The server refused the event @event_id: the item that it was to make is not
 * there. */
void rt2_session_forget_refused (Rt2Session *session, const gchar *event_id);
/* The id of an item that the newest of our events makes. New string. */
gchar *rt2_session_new_item_id (Rt2Session *session, const gchar *kind);

/* Carries out what waits, if the session is configured. */
void rt2_session_run_commands (Rt2Session *session);
/* Carries out @command, which it takes over. */
void rt2_session_execute (Rt2Session *session, Rt2Command *command);

/* Calls @func once on the session's thread in @ns; replaces what *source was.
 */
void rt2_session_arm (
    Rt2Session *session, GSource **source, guint64 ns, GSourceFunc func);
void rt2_session_disarm (GSource **source);

/* Looks whether the end has come, and reports it. */
void rt2_session_check_finish (Rt2Session *session);

/* Commits what was appended since the last commit, and wishes for a response if
 * the session gives any. */
void rt2_session_commit (Rt2Session *session);
/* The server acknowledged none of so many that no other is to be sent now. */
gboolean rt2_session_has_many_commits (Rt2Session *session);

/* The VAD hears speech begin although all is sent: ends it. It has heard no
 * silence if all seemed to be committed by then. */
void rt2_session_end_late_turn (Rt2Session *session);

/* The server forgets the audio of the turn that is open. */
void rt2_session_clear_turn (Rt2Session *session);

/* The running time at which the speech that is not acknowledged yet began, or
 * at which it is now; G_MAXUINT64 if that is not known. */
guint64 rt2_session_instant_of_speech (Rt2Session *session, gboolean beginning);

/* Asks the server to end the response @id. */
void rt2_session_cancel_response (Rt2Session *session, const gchar *id);
/* The end of what was never announced can't be relied upon: without a word of
 * it for RT2_SESSION_UNANNOUNCED_SILENCE it is over. *next: monotonic us when
 * to look again, unless that is earlier already; 0 = never. */
void rt2_session_end_unannounced (
    Rt2Session *session, gint64 now, gint64 *next);
/* Takes back all that was not heard, here and on the server, and ends what is
 * under way. @cancel: the server does not do so by itself. */
void rt2_session_interrupt (Rt2Session *session, gboolean cancel);
/* The same, or as soon as what plays is not protected any more. */
void rt2_session_interrupt_when_allowed (Rt2Session *session);
/* The VAD committed a turn: perhaps one that was sent again. */
void rt2_session_note_turn_again (Rt2Session *session);
/* Looks whether the speech that goes on interrupts by now, and whether what
 * was protected is over. Called whenever there is news. */
void rt2_session_judge_speech (Rt2Session *session);
/* The application takes back the speech that goes on. */
void rt2_session_stop_judging (Rt2Session *session);
void rt2_session_delete_item (Rt2Session *session, const gchar *item_id);
/* Whether we took @item_id back. */
gboolean rt2_session_is_deleted (Rt2Session *session, const gchar *item_id);
Rt2Utterance rt2_session_utterance (Rt2Session *session, const gchar *item_id);

/* Events about the user's turns. */
void rt2_session_on_speech_started (Rt2Session *session, const Rt2Event *event);
void rt2_session_on_speech_stopped (Rt2Session *session, const Rt2Event *event);
void rt2_session_on_input_timeout (Rt2Session *session, const Rt2Event *event);
void rt2_session_on_committed (Rt2Session *session, const Rt2Event *event);
void rt2_session_on_input_transcript_delta (
    Rt2Session *session, const Rt2Event *event);
void rt2_session_on_input_transcript_completed (
    Rt2Session *session, const Rt2Event *event);
void rt2_session_on_input_transcript_failed (
    Rt2Session *session, const Rt2Event *event);
/* Reports @error, of an event in which there is no key any more. */
void rt2_session_report_error (
    Rt2Session *session, const Rt2ServerError *error);

/* What is spoken waits until the MCP servers that are new in the configuration
 * have listed their tools, RT2_SESSION_MCP_WAIT at most. */
void rt2_session_await_mcp (Rt2Session *session);
void rt2_session_on_mcp_listed (Rt2Session *session, const Rt2Event *event);
/* The server uses a tool, or has: what it does is done. */
void rt2_session_on_mcp_called (Rt2Session *session, const Rt2Event *event);
/* MCP servers in @object, a session. */
guint rt2_session_count_mcp (JsonObject *object);

/* The model calls a function: @item, of the response @response_id, is done.
 * @dead: the user interrupted it. */
void rt2_session_on_function_call (Rt2Session *session, const Rt2Item *item,
    const gchar *response_id, gboolean dead);
/* Sends the outputs that may be sent now. */
void rt2_session_send_outputs (Rt2Session *session);
/* Answers what is late, and waits for what will be. */
void rt2_session_check_tools (Rt2Session *session);
/* Deletes what forget_item() left, as far as its response is over. */
void rt2_session_forget_items (Rt2Session *session);
void rt2_session_clear_forgotten (Rt2Session *session);

/* --- the budget --- */

/* Looks whether a limit is reached, or is not any more, and how far the last
 * sentence is. */
void rt2_session_check_budget (Rt2Session *session);
/* Another budget is set. */
void rt2_session_take_budget (Rt2Session *session, Rt2Budget budget);
void rt2_session_clear_spending (Rt2Session *session);
/* The server opened a session with @model, which may be NULL. */
void rt2_session_note_model (Rt2Session *session, const gchar *model);
/* Adds the cost of a response, of a transcript, of @ns of audio that went to a
 * translator. */
void rt2_session_charge_response (Rt2Session *session, const Rt2Usage *usage);
void rt2_session_charge_transcript (Rt2Session *session, const Rt2Usage *usage);
void rt2_session_charge_translation (Rt2Session *session, guint64 ns);
/* Takes out of @object, a session, what lets the server speak by itself, once
 * the budget is spent. */
void rt2_session_silence (Rt2Session *session, JsonObject *object);
/* Whether the budget is spent and @command would cost something. */
gboolean rt2_session_is_unaffordable (
    Rt2Session *session, const Rt2Command *command);
/* Why not, for the owner. */
#define RT2_SESSION_SPENT                                                      \
  "the budget is spent: a higher max-cost or max-duration lets the talk go on"

/* Forgets what was on its way up. */
void rt2_session_reset_uplink (Rt2Session *session);

/* Sends what there is, as long as the socket takes it. */
void rt2_session_pump (Rt2Session *session);

/* Connects, with the newest key. */
void rt2_session_connect (Rt2Session *session);
/* The connection is over, and another will take its place: what was under way
 * is wished for again, taken back, or stands as it is. Returns ns of what the
 * user said that are lost. Then reset_connection() may follow. */
guint64 rt2_session_part (Rt2Session *session);
/* Whether something that the user said, and that a server may need, is not kept
 * any more: no other server can be told. */
gboolean rt2_session_lacks_words (Rt2Session *session);
/* ns of what the user said and nobody answered: lost if nothing follows. */
guint64 rt2_session_unanswered (Rt2Session *session);
/* A server is configured that knows nothing: tells it of the conversation. */
void rt2_session_restore (Rt2Session *session);
/* The next piece to be sent again, transfer full; FALSE if there is none. */
gboolean rt2_session_next_again (Rt2Session *session, Rt2UplinkPiece *piece);
/* Puts a piece behind those; takes it over. */
void rt2_session_add_again (Rt2Session *session, const Rt2UplinkPiece *piece);
/* The last of them but for the end, or NULL; puts @command, taken over, behind
 * that. */
const Rt2UplinkPiece *rt2_session_last_again (Rt2Session *session);
void rt2_session_put_again (Rt2Session *session, Rt2Command *command);
void rt2_session_clear_again (Rt2Session *session);
/* Whether there is room for another piece. */
gboolean rt2_session_has_room_again (Rt2Session *session);
/* Takes out the audio, and the ends of its turns; what the application asked
 * for meanwhile, and the end of it all, stay. Returns ns of audio. */
guint64 rt2_session_mute_again (Rt2Session *session);
/* Whether what the user said before is still to be sent again, or to be
 * committed, so that what else is to be answered waits: one answer is to all of
 * it. *until: monotonic us when to look again, 0 if that is not known. */
gboolean rt2_session_is_catching_up (
    Rt2Session *session, gint64 now, gint64 *until);
/* Makes the server's item, which has no audio, say what was heard of it. */
void rt2_session_shorten_item (
    Rt2Session *session, Rt2ConversationItem *item, const gchar *text);
/* The turn @item_id, committed from @start to @end (ns appended), is in the
 * conversation. */
void rt2_session_keep_turn (
    Rt2Session *session, const Rt2Event *event, guint64 start, guint64 end);

/* Tells the server at @transport what it does not know yet of the conversation:
 * @seed is what it was told. If it is the connection in use, what is told is
 * present from then on. Nothing where the conversation is not ours to keep. */
void rt2_session_seed (
    Rt2Session *session, Rt2Transport *transport, Rt2Seed *seed);

/* Items that the next server is not told of, because there are too many. */
guint rt2_session_count_left_out (Rt2Session *session);
/* A summary of all that was said until now is asked for. */
void rt2_session_note_summary (Rt2Session *session);

/* Asks the server in use for a summary of the conversation, once for each move,
 * if the next one is not told of all. */
void rt2_session_ask_summary (Rt2Session *session);
/* Another move is planned: it may ask again. */
void rt2_session_forget_summary (Rt2Session *session);
/* Whether it was asked for, and has had its time. */
gboolean rt2_session_is_summary_late (Rt2Session *session);
/* @response, which is over, was asked for it. */
void rt2_session_take_summary (
    Rt2Session *session, const Rt2Response *response);

/* Asks for the key that serves now, for the options' transport; the fallback
 * keeps its own, if it has one. */
void rt2_session_renew_key (Rt2Session *session);
/* Asks for that of the server that @transport leads to. */
void rt2_session_put_key (Rt2Session *session, Rt2TransportConfig *transport);
/* The keys that a server may quote: of the connection in use, and the others
 * that are known. The last is NULL; those that there are not are "". */
typedef struct {
  const gchar *keys[4];
} Rt2Keys;
Rt2Keys rt2_session_keys (const Rt2Session *session);
/* Forgets what belongs to a connection that is over. */
void rt2_session_reset_connection (Rt2Session *session);
/* Of that, what only the connection knew: turns and answers stay as they are.
 */
void rt2_session_reset_link (Rt2Session *session);
/* What the agent says unasked when the conversation begins, as far as it is
 * still to be said. */
void rt2_session_wish_for_opening (Rt2Session *session);
/* The connection is lost: what of the opening did not come in whole is said
 * again. */
void rt2_session_note_opening (Rt2Session *session);
/* Of the connection in use; its data is the session. */
extern const Rt2TransportListener rt2_session_transport_listener;

/* --- two endpoints --- */

void rt2_session_init_endpoints (Rt2Session *session);
void rt2_session_clear_endpoints (Rt2Session *session);
gboolean rt2_session_is_at_fallback (Rt2Session *session);
/* What to do after @fault; the options are those of the endpoint to try next.
 */
Rt2EndpointsStep rt2_session_judge_fault (
    Rt2Session *session, const Rt2Fault *fault);
/* What to say at the end, which came with @fault. New. */
Rt2Fault *rt2_session_last_word (Rt2Session *session, const Rt2Fault *fault);
/* The session @info is configured: tells if it is not where the last was. */
void rt2_session_note_endpoint (
    Rt2Session *session, const Rt2SessionInfo *info);
/* The options are those of the first from now on, whatever they were. */
void rt2_session_note_first (Rt2Session *session);

/* --- going over to another session --- */

/* Whether a session is opened, or is to be opened, in the background. */
gboolean rt2_session_is_moving (Rt2Session *session);
/* There is no way back to be gone any more. */
void rt2_session_forget_recovery (Rt2Session *session);
/* Another try begins: perhaps of the server that the session is to move to. */
void rt2_session_judge_retry (Rt2Session *session);

/* The session @info is configured after a loss: tells if that is where a move
 * was to go. */
void rt2_session_note_arrival (Rt2Session *session, const Rt2SessionInfo *info);

Rt2Mover *rt2_mover_new (void);
void rt2_mover_free (Rt2Mover *mover);
/* session.created came on the connection in use. */
void rt2_session_note_created (Rt2Session *session, const Rt2SessionInfo *info);
/* The configuration says something else about when to move. */
void rt2_session_replan (Rt2Session *session);
/* Looks whether this is the gap in which to move. Called whenever there is
 * news. */
void rt2_session_judge_move (Rt2Session *session);
/* What rt2_session_move() left; takes @transport over. */
void rt2_session_take_move (Rt2Session *session, Rt2TransportConfig *transport,
    const gchar *model, Rt2MoveReason reason);
/* The connection in use is lost for @fault. TRUE if another session was ready
 * and is in use now; FALSE, and there is none any more. */
gboolean rt2_session_survives (Rt2Session *session, const Rt2Fault *fault);
/* Whether a translation is being ended for the next one; it has ended. */
gboolean rt2_session_is_draining (Rt2Session *session);
void rt2_session_drained (Rt2Session *session);
/* Of all connections up to now. */
void rt2_session_get_transport_stats (
    Rt2Session *session, Rt2TransportStats *stats);

/* Cuts the connection and reports @fault (transfer full) to the owner; tries
 * again if that can help. */
void rt2_session_fault (Rt2Session *session, Rt2Fault *fault);

/* FALSE: the server states audio formats that are not those which it accepted,
 * and the session has ended with a fault. */
gboolean rt2_session_check_formats (
    Rt2Session *session, const Rt2SessionInfo *info);
/* The server took the configuration: the first session.updated, or a later. */
void rt2_session_configured (Rt2Session *session, const Rt2SessionInfo *info);

/* Takes a message of the server. */
void rt2_session_handle_message (
    Rt2Session *session, const gchar *text, gsize size);

/* Passes @event on to the owner; the second if it brings items of MCP. */
void rt2_session_on_notice (Rt2Session *session, const Rt2Event *event);
void rt2_session_notice_items (Rt2Session *session, const Rt2Event *event);

/* Events of a translation session. */
void rt2_session_on_translated_text (
    Rt2Session *session, const Rt2Event *event);
void rt2_session_on_source_text (Rt2Session *session, const Rt2Event *event);
void rt2_session_on_translated_audio (
    Rt2Session *session, const Rt2Event *event);
void rt2_session_on_closed (Rt2Session *session, const Rt2Event *event);

/* Forgets what belongs to a connection that is over. */
void rt2_session_reset_events (Rt2Session *session);

G_END_DECLS
