/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The session's thread, and the listener that it calls. Each function of the
 * listener updates what the element keeps, under self->lock, then tells the
 * world, without it.
 */
#include "gstrealtime2link.h"

#include <string.h>

#include "gstrealtime2budget.h"
#include "gstrealtime2commands.h"
#include "gstrealtime2configure.h"
#include "gstrealtime2fields.h"
#include "gstrealtime2figures.h"
#include "gstrealtime2imagesink.h"
#include "gstrealtime2input.h"
#include "gstrealtime2key.h"
#include "gstrealtime2messages.h"
#include "gstrealtime2move.h"
#include "gstrealtime2notices.h"
#include "gstrealtime2overrun.h"
#include "gstrealtime2speech.h"
#include "gstrealtime2tools.h"

#define GST_CAT_DEFAULT gst_realtime2_debug

/* How long an error waits for PLAYING. */
#define FAULT_DELAY_MS 1000

/* Bytes of its stack that the thread may have used. */
#define STACK_USED (64 * 1024)

struct _GstRealtime2Link {
  GstRealtime2 *self;
  GThread *thread;            /* of the session; the application's to join */
  GMainContext *context;      /* the thread's */
  GMainLoop *loop;            /* runs while the element is not stopped */
  Rt2SessionOptions *options; /* on their way to the thread */
  Rt2SessionConfig *config;   /* likewise */

  GMutex lock;                /* guards the rest; taken last of all */
  GCond cond;                 /* `session` was set */
  Rt2Session *session;        /* while the thread runs its loop */
  Rt2SessionStats last_stats; /* of the session before, once it is over */
  Rt2Fault *fault;            /* the end of the session, not posted yet */
  GSource *fault_timer;       /* posts it, see on_failed() */
  Rt2SessionType type;        /* of the session, or the last */
  gchar *moving;              /* properties that a move was asked for by */
  gchar *uri;                 /* of the server in use, or the last; or NULL */
  gboolean told_of_move;      /* that the next move failed */
  gboolean warned_of_move;    /* and that trying again will not mend it */
  gboolean in_progress;       /* PROGRESS START was posted and not its end */
  gboolean ready;             /* the session was configured at least once */
};

/* --- progress of the connection --- */

/* gst-launch-1.0 does not go to PLAYING between START and COMPLETE. A programme
 * must not wait for our server, so START is posted in PLAYING, or together with
 * the end of the connecting. */
static void
begin_progress (GstRealtime2Link *link)
{
  gboolean first;

  g_mutex_lock (&link->lock);
  first = !link->in_progress;
  link->in_progress = TRUE;
  g_mutex_unlock (&link->lock);
  if (first)
    gst_realtime2_post_progress (
        link->self, GST_PROGRESS_TYPE_START, "Connecting");
}

static void
end_progress (GstRealtime2Link *link, GstProgressType type, const gchar *text)
{
  begin_progress (link);
  g_mutex_lock (&link->lock);
  link->in_progress = FALSE;
  link->ready = link->ready || type == GST_PROGRESS_TYPE_COMPLETE;
  g_mutex_unlock (&link->lock);
  gst_realtime2_post_progress (link->self, type, text);
}

/* Connecting goes on: @text says why it takes so long. */
static void
continue_progress (GstRealtime2Link *link, const gchar *text)
{
  gboolean playing;

  g_mutex_lock (&link->self->lock);
  playing = link->self->playing;
  g_mutex_unlock (&link->self->lock);
  if (!playing)
    return;
  begin_progress (link);
  gst_realtime2_post_progress (link->self, GST_PROGRESS_TYPE_CONTINUE, text);
}

/* --- state of the session --- */

static void
on_state (gpointer owner, Rt2SessionState state)
{
  GstRealtime2 *self = owner;

  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  g_mutex_lock (&self->lock);
  self->session_state = state;
  g_mutex_unlock (&self->lock);
  gst_realtime2_update_state (self);
}

static gboolean
on_api_key (gpointer owner, const gchar *url, gchar **key)
{
  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  return gst_realtime2_newest_key (owner, url, key);
}

static gboolean
on_pull (gpointer owner, Rt2UplinkPiece *piece)
{
  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  return gst_realtime2_input_pull (GST_REALTIME2 (owner)->input, piece);
}

static void
on_created (gpointer owner, const Rt2SessionInfo *info)
{
  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  gst_realtime2_notices_clear (GST_REALTIME2 (owner)->notices);
  gst_realtime2_post (owner, "session-created", "session-id", G_TYPE_STRING,
      info->id, "model", G_TYPE_STRING, info->model, "expires-at",
      G_TYPE_UINT64, info->expires_at, NULL);
}

static void
on_updated (gpointer owner, const Rt2SessionInfo *info)
{
  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  gst_realtime2_post (owner, "session-updated", "session-id", G_TYPE_STRING,
      info->id, "session", G_TYPE_STRING, info->json, NULL);
}

/* The session is at a server, perhaps another one. */
static void
note_place (GstRealtime2Link *link)
{
  gchar *uri = rt2_session_dup_uri (link->session);

  g_mutex_lock (&link->lock);
  g_free (link->uri);
  link->uri = uri;
  link->told_of_move = link->warned_of_move = FALSE;
  g_mutex_unlock (&link->lock);
}

/* A picture that this server was not told of may be shown to it anew. */
static void
note_images (GstRealtime2 *self)
{
  if (!rt2_session_has_newest_image (self->link->session))
    gst_realtime2_forget_sent_image (self);
}

/* What the server that the conversation goes on at does not know of it. */
static void
set_left_out (GstRealtime2 *self, GstStructure *fields)
{
  gboolean summary;
  guint n = rt2_session_get_left_out (self->link->session, &summary);

  if (n > 0)
    gst_structure_set (fields, "left-out", G_TYPE_UINT, n, "summary",
        G_TYPE_BOOLEAN, summary, NULL);
}

static void
post_restored (GstRealtime2 *self, const Rt2SessionInfo *info)
{
  GstStructure *fields = gst_structure_new_empty ("realtime2/session-restored");

  gst_realtime2_set_string (fields, "session-id", info->id);
  gst_realtime2_set_string (fields, "uri", self->link->uri);
  set_left_out (self, fields);
  gst_realtime2_post_structure (self, fields);
}

static void
on_configured (gpointer owner, const Rt2SessionInfo *info, gboolean reconnected)
{
  GstRealtime2 *self = owner;

  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  note_place (self->link);
  on_updated (owner, info);
  if (reconnected)
    note_images (self);
  if (reconnected)
    post_restored (self, info);
  end_progress (self->link, GST_PROGRESS_TYPE_COMPLETE, "Session is ready");
}

/* --- to another session --- */

static void
on_expiring (
    gpointer owner, guint64 expires_at, guint64 left, Rt2MoveReason reason)
{
  GstStructure *fields = gst_structure_new ("realtime2/session-expiring",
      "left-ms", G_TYPE_UINT64, left / GST_MSECOND, "reason", G_TYPE_STRING,
      rt2_move_reason_name (reason), NULL);

  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  if (expires_at != 0)
    gst_structure_set (fields, "expires-at", G_TYPE_UINT64, expires_at, NULL);
  gst_realtime2_post_structure (owner, fields);
}

/* What was asked for by setting @names is forgotten. */
static void
give_up_move (GstRealtime2 *self, const gchar *names, Rt2MoveReason reason,
    const Rt2Fault *fault)
{
  gchar *text = gst_realtime2_fault_text (fault), *uri;

  gst_realtime2_post_move_failed (self, names, reason, text, FALSE);
  uri = gst_realtime2_link_dup_uri (self->link);
  GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS,
      ("No session can be had after the change of %s: %s The conversation "
       "goes on where it was, at %s; change it again.",
          names, text, uri),
      ("%s", fault->debug ? fault->debug : "no details"));
  g_free (uri);
  g_free (text);
}

/* The session in use ends, and there is no other yet. Told once, and once if
 * nothing mends it by itself. */
static void
tell_of_end (GstRealtime2 *self, Rt2MoveReason reason, const Rt2Fault *fault)
{
  GstRealtime2Link *link = self->link;
  gboolean lasting = !rt2_fault_should_retry (
      fault, RT2_RETRIES_FOREVER, 1, TRUE);
  gboolean tell, warn;
  gchar *text;

  g_mutex_lock (&link->lock);
  tell = !link->told_of_move;
  warn = lasting && !link->warned_of_move;
  link->told_of_move = TRUE;
  link->warned_of_move |= lasting;
  g_mutex_unlock (&link->lock);
  text = gst_realtime2_fault_text (fault);
  if (tell || warn)
    gst_realtime2_post_move_failed (self, NULL, reason, text, TRUE);
  if (warn)
    gst_realtime2_post_fault_warning (self, fault,
        "The session in use is to be left, and no other can be had: %s It is "
        "tried again. If it still fails when this session ends, the "
        "conversation ends with this error, unless fallback-uri takes it.",
        text);
  g_free (text);
}

static void
on_move_failed (
    gpointer owner, const Rt2Fault *fault, Rt2MoveReason reason, gboolean again)
{
  GstRealtime2 *self = owner;
  gchar *names;

  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  GST_WARNING_OBJECT (self, "no other session (%s): %s%s",
      rt2_move_reason_name (reason), fault->message,
      again ? " Trying again." : "");
  g_mutex_lock (&self->link->lock);
  names = g_strdup (self->link->moving);
  g_mutex_unlock (&self->link->lock);
  if (reason == RT2_MOVE_EXPIRING || reason == RT2_MOVE_AGE)
    tell_of_end (self, reason, fault);
  else if (!again && names)
    give_up_move (self, names, reason, fault);
  g_free (names);
}

/* Nothing more comes for what was under way; what came is played out. */
static void
end_responses (GstRealtime2 *self)
{
  g_mutex_lock (&self->lock);
  rt2_playout_finish_response (self->playout, NULL);
  g_clear_pointer (&self->last_words, rt2_spoken_unref);
  g_mutex_unlock (&self->lock);
  gst_realtime2_tell_overruns (self, TRUE);
  gst_realtime2_finish_figures (self, NULL, FALSE);
}

static void
on_moved (gpointer owner, const Rt2SessionInfo *info, const gchar *from,
    const gchar *to, Rt2MoveReason reason)
{
  GstStructure *fields = gst_structure_new_empty ("realtime2/session-moved");

  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  end_responses (owner);
  note_place (GST_REALTIME2 (owner)->link);
  note_images (owner);
  gst_realtime2_set_string (fields, "session-id", info->id);
  gst_structure_set (fields, "from", G_TYPE_STRING, from, "to", G_TYPE_STRING,
      to, "reason", G_TYPE_STRING, rt2_move_reason_name (reason), NULL);
  set_left_out (owner, fields);
  gst_realtime2_post_structure (owner, fields);
}

static void
on_lost (gpointer owner, const Rt2Fault *fault, guint64 delay)
{
  GstRealtime2 *self = owner;
  gchar *text = gst_realtime2_fault_text (fault);

  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  end_responses (self);
  GST_WARNING_OBJECT (self, "%s Trying again in %" GST_TIME_FORMAT, text,
      GST_TIME_ARGS (delay));
  gst_realtime2_post (self, "session-lost", "message", G_TYPE_STRING, text,
      "close-code", G_TYPE_UINT, fault->close_code, "retry-ms", G_TYPE_UINT64,
      delay / GST_MSECOND, NULL);
  continue_progress (self->link, text);
  g_free (text);
}

/* That much is not kept to be sent again: the words are gone. */
static void
on_turn_lost (gpointer owner, guint64 duration)
{
  GstRealtime2 *self = owner;

  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  gst_realtime2_post (self, "overrun", "dropped-ms", G_TYPE_UINT64,
      duration / GST_MSECOND, "reason", G_TYPE_STRING, "session-lost", NULL);
  GST_ELEMENT_WARNING (self, RESOURCE, READ,
      ("Some of what the user said is lost: it was not answered, and not kept "
       "for the next session. See max-turn-replay."),
      ("%" GST_TIME_FORMAT " of the user's speech went unanswered",
          GST_TIME_ARGS (duration)));
}

static gboolean
post_fault (gpointer data)
{
  GstRealtime2Link *link = data;
  Rt2Fault *fault;

  g_mutex_lock (&link->lock);
  fault = g_steal_pointer (&link->fault);
  g_clear_pointer (&link->fault_timer, g_source_unref);
  g_mutex_unlock (&link->lock);
  if (!fault)
    return G_SOURCE_REMOVE;
  end_progress (link, GST_PROGRESS_TYPE_ERROR, fault->message);
  gst_realtime2_post_fault (link->self, fault);
  rt2_fault_free (fault);
  return G_SOURCE_REMOVE;
}

/* An error that is posted while the state is still being changed can be lost on
 * its reader: gst-launch-1.0 quits a main loop that it has not entered yet, and
 * then hangs. So it waits for PLAYING, but not for long. */
static void
on_failed (gpointer owner, const Rt2Fault *fault)
{
  GstRealtime2 *self = owner;
  GstRealtime2Link *link = self->link;
  gboolean playing;

  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  g_mutex_lock (&self->lock);
  playing = self->playing;
  g_mutex_unlock (&self->lock);
  end_responses (self);

  g_mutex_lock (&link->lock);
  link->fault = rt2_fault_copy (fault);
  link->fault_timer = g_timeout_source_new (playing ? 0 : FAULT_DELAY_MS);
  g_source_set_callback (link->fault_timer, post_fault, link, NULL);
  g_source_attach (link->fault_timer, link->context);
  g_mutex_unlock (&link->lock);
}

void
gst_realtime2_link_set_playing (GstRealtime2Link *link)
{
  gboolean connecting;

  g_mutex_lock (&link->lock);
  if (link->fault_timer)
    g_source_set_ready_time (link->fault_timer, 0);
  connecting = link->session && !link->ready && !link->fault;
  g_mutex_unlock (&link->lock);
  if (connecting)
    begin_progress (link);
}

static void
on_server_error (gpointer owner, const Rt2ServerError *error)
{
  GstRealtime2 *self = owner;

  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  GST_WARNING_OBJECT (self, "server: %s: %s", error->code, error->message);
  gst_realtime2_post (self, "server-error", "code", G_TYPE_STRING, error->code,
      "message", G_TYPE_STRING, error->message, "param", G_TYPE_STRING,
      error->param, NULL);
}

static void
on_rate_limits (gpointer owner, const GPtrArray *limits)
{
  GstStructure *fields = gst_structure_new_empty ("realtime2/rate-limits");

  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  for (guint i = 0; i < limits->len; i++) {
    const Rt2RateLimit *limit = g_ptr_array_index (limits, i);
    GstStructure *entry;

    if (!limit->name)
      continue;
    entry = gst_structure_new ("limit", "limit", G_TYPE_UINT64, limit->limit,
        "remaining", G_TYPE_UINT64, limit->remaining, "reset-seconds",
        G_TYPE_DOUBLE, limit->reset_seconds, NULL);
    gst_structure_set (fields, limit->name, GST_TYPE_STRUCTURE, entry, NULL);
    gst_structure_free (entry);
  }
  gst_realtime2_post_structure (owner, fields);
}

/* --- the event log --- */

static guint64
on_running_time (gpointer owner)
{
  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  return gst_realtime2_running_time (owner);
}

static void
on_log_failed (gpointer owner, const gchar *message)
{
  GstRealtime2 *self = owner;

  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  GST_ELEMENT_WARNING (self, RESOURCE, WRITE, ("%s", message),
      ("the conversation goes on without it"));
}

/* --- the end --- */

static void
on_drained (gpointer owner, gboolean timed_out)
{
  GstRealtime2 *self = owner;
  guint64 now = gst_realtime2_running_time (self);

  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  if (timed_out)
    GST_ELEMENT_WARNING (self, RESOURCE, READ,
        ("The server did not finish its answer in time; ending without it."),
        ("nothing came for as long as eos-timeout allows"));
  end_responses (self);
  g_mutex_lock (&self->lock);
  self->drained = TRUE;
  self->drained_time = now;
  g_mutex_unlock (&self->lock);
  gst_realtime2_post (
      self, "drained", "timed-out", G_TYPE_BOOLEAN, timed_out, NULL);
}

static gboolean
on_is_playing (gpointer owner)
{
  GstRealtime2 *self = owner;
  gboolean playing;

  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  /* An answer that has run dry is a server that is silent. */
  g_mutex_lock (&self->lock);
  playing = rt2_playout_queued (self->playout) > 0;
  g_mutex_unlock (&self->lock);
  return playing;
}

static const Rt2SessionListener listener = {
  .state = on_state,
  .api_key = on_api_key,
  .pull = on_pull,
  .created = on_created,
  .configured = on_configured,
  .updated = on_updated,
  .expiring = on_expiring,
  .moved = on_moved,
  .move_failed = on_move_failed,
  .lost = on_lost,
  .turn_lost = on_turn_lost,
  .retract = gst_realtime2_on_retract,
  .failed = on_failed,
  .speech_started = gst_realtime2_on_speech_started,
  .speech_stopped = gst_realtime2_on_speech_stopped,
  .user_text = gst_realtime2_on_user_text,
  .turn_ended = gst_realtime2_on_turn_ended,
  .response_started = gst_realtime2_on_response_started,
  .response_done = gst_realtime2_on_response_done,
  .phase = gst_realtime2_on_phase,
  .item = gst_realtime2_on_item,
  .audio = gst_realtime2_on_audio,
  .audio_done = gst_realtime2_on_audio_done,
  .text = gst_realtime2_on_text,
  .turn_dismissed = gst_realtime2_on_turn_dismissed,
  .function_call = gst_realtime2_on_function_call,
  .function_output = gst_realtime2_on_function_output,
  .command_failed = gst_realtime2_on_command_failed,
  .interrupt = gst_realtime2_on_interrupt,
  .is_protected = gst_realtime2_on_is_protected,
  .server_error = on_server_error,
  .rate_limits = on_rate_limits,
  .notice = gst_realtime2_on_notice,
  .server_event = gst_realtime2_on_server_event,
  .running_time = on_running_time,
  .log_failed = on_log_failed,
  .drained = on_drained,
  .is_playing = on_is_playing,
  .budget_exceeded = gst_realtime2_on_budget_exceeded,
  .budget_raised = gst_realtime2_on_budget_raised,
  .in_sentence = gst_realtime2_on_in_sentence,
  .session_time = gst_realtime2_on_session_time,
  .unpriced = gst_realtime2_on_unpriced,
};

/* --- the thread --- */

static void
set_session (GstRealtime2Link *link, Rt2Session *session)
{
  g_mutex_lock (&link->lock);
  if (link->session)
    rt2_session_get_stats (link->session, &link->last_stats);
  link->session = session;
  g_cond_broadcast (&link->cond);
  g_mutex_unlock (&link->lock);
}

static void
clear_fault (GstRealtime2Link *link)
{
  g_mutex_lock (&link->lock);
  if (link->fault_timer)
    g_source_destroy (link->fault_timer);
  g_clear_pointer (&link->fault_timer, g_source_unref);
  g_clear_pointer (&link->fault, rt2_fault_free);
  g_mutex_unlock (&link->lock);
}

/* libsoup reads what servers say into buffers on the stack, and libc keeps the
 * stacks of threads that are gone. Must be a function, and be called. */
static G_GNUC_NO_INLINE void
wipe_stack (void)
{
  guint8 used[STACK_USED];

  explicit_bzero (used, sizeof used);
}

static gpointer
run_thread (gpointer data)
{
  GstRealtime2Link *link = data;
  Rt2Session *session;
  GSource *watch;

  g_main_context_push_thread_default (link->context);
  session = rt2_session_new (
      &listener, link->self, g_steal_pointer (&link->options), link->config);
  set_session (link, session);

  rt2_session_start (session);
  watch = gst_realtime2_watch_key (link->self);
  g_main_loop_run (link->loop);
  g_source_destroy (watch);
  g_source_unref (watch);

  set_session (link, NULL);
  rt2_session_free (session);
  clear_fault (link);
  rt2_transport_settle ();
  wipe_stack ();
  g_main_context_pop_thread_default (link->context);
  return NULL;
}

void
gst_realtime2_link_start (GstRealtime2Link *link, Rt2SessionOptions *options,
    const Rt2SessionConfig *config)
{
  link->options = options;
  link->config = rt2_session_config_copy (config);
  link->context = g_main_context_new ();
  link->loop = g_main_loop_new (link->context, FALSE);
  g_mutex_lock (&link->lock);
  link->ready = FALSE;
  link->in_progress = FALSE;
  link->type = config->type;
  g_clear_pointer (&link->uri, g_free);
  g_mutex_unlock (&link->lock);
  link->thread = g_thread_new ("rt2:ws", run_thread, link);

  /* Making a session does no I/O: this is a matter of microseconds. */
  g_mutex_lock (&link->lock);
  while (!link->session)
    g_cond_wait (&link->cond, &link->lock);
  g_mutex_unlock (&link->lock);
}

static gboolean
quit (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_REMOVE;
}

void
gst_realtime2_link_stop (GstRealtime2Link *link)
{
  GSource *source;

  if (!link->thread)
    return;
  /* From inside the loop: quitting one that does not run yet would be lost. */
  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_HIGH);
  g_source_set_callback (source, quit, link->loop, NULL);
  g_source_attach (source, link->context);
  g_source_unref (source);

  g_thread_join (g_steal_pointer (&link->thread));
  if (link->in_progress)
    end_progress (link, GST_PROGRESS_TYPE_CANCELED, "Stopped");
  g_clear_pointer (&link->loop, g_main_loop_unref);
  g_clear_pointer (&link->context, g_main_context_unref);
  g_clear_pointer (&link->config, rt2_session_config_free);
}

/* --- calls from other threads --- */

void
gst_realtime2_link_wake (GstRealtime2Link *link)
{
  g_mutex_lock (&link->lock);
  if (link->session)
    rt2_session_wake (link->session);
  g_mutex_unlock (&link->lock);
}

void
gst_realtime2_link_finish (GstRealtime2Link *link)
{
  g_mutex_lock (&link->lock);
  if (link->session)
    rt2_session_finish (link->session);
  g_mutex_unlock (&link->lock);
}

void
gst_realtime2_link_set_config (
    GstRealtime2Link *link, const Rt2SessionConfig *config)
{
  g_mutex_lock (&link->lock);
  if (link->session)
    rt2_session_set_config (link->session, config);
  g_mutex_unlock (&link->lock);
}

void
gst_realtime2_link_set_budget (GstRealtime2Link *link, Rt2Budget budget)
{
  g_mutex_lock (&link->lock);
  if (link->session)
    rt2_session_set_budget (link->session, budget);
  g_mutex_unlock (&link->lock);
}

gboolean
gst_realtime2_link_price (
    GstRealtime2Link *link, const Rt2Usage *usage, Rt2Money *cost)
{
  return rt2_session_price (link->session, usage, cost);
}

void
gst_realtime2_link_set_event_log (
    GstRealtime2Link *link, const gchar *path, gboolean with_audio)
{
  g_mutex_lock (&link->lock);
  if (link->session)
    rt2_session_set_event_log (link->session, path, with_audio);
  g_mutex_unlock (&link->lock);
}

void
gst_realtime2_link_move (GstRealtime2Link *link,
    const Rt2SessionOptions *options, Rt2MoveReason reason, const gchar *names)
{
  g_mutex_lock (&link->lock);
  if (link->session) {
    g_free (link->moving);
    link->moving = g_strdup (names);
    rt2_session_move (
        link->session, options->transport, options->model, reason);
  }
  g_mutex_unlock (&link->lock);
}

gchar *
gst_realtime2_link_dup_uri (GstRealtime2Link *link)
{
  gchar *uri;

  g_mutex_lock (&link->lock);
  uri = g_strdup (link->uri);
  g_mutex_unlock (&link->lock);
  return uri;
}

Rt2SessionType
gst_realtime2_link_get_type (GstRealtime2Link *link)
{
  Rt2SessionType type;

  g_mutex_lock (&link->lock);
  type = link->type;
  g_mutex_unlock (&link->lock);
  return type;
}

gchar *
gst_realtime2_link_redact (GstRealtime2Link *link, const gchar *text)
{
  return rt2_session_redact (link->session, text);
}

void
gst_realtime2_link_forget_item (GstRealtime2Link *link, const gchar *item_id)
{
  g_mutex_lock (&link->lock);
  if (link->session)
    rt2_session_forget_item (link->session, item_id);
  g_mutex_unlock (&link->lock);
}

gboolean
gst_realtime2_link_command (GstRealtime2Link *link, Rt2Command *command)
{
  gboolean taken = FALSE;

  g_mutex_lock (&link->lock);
  if (link->session)
    taken = rt2_session_command (link->session, command);
  else
    rt2_command_free (command);
  g_mutex_unlock (&link->lock);
  return taken;
}

GMainContext *
gst_realtime2_link_get_context (GstRealtime2Link *link)
{
  return link->context;
}

gboolean
gst_realtime2_link_asked_itself (GstRealtime2Link *link)
{
  return rt2_session_asked_itself (link->session);
}

gboolean
gst_realtime2_link_is_running (GstRealtime2Link *link)
{
  gboolean running;

  g_mutex_lock (&link->lock);
  running = link->session != NULL;
  g_mutex_unlock (&link->lock);
  return running;
}

void
gst_realtime2_link_get_stats (GstRealtime2Link *link, Rt2SessionStats *stats)
{
  g_mutex_lock (&link->lock);
  if (link->session)
    rt2_session_get_stats (link->session, stats);
  else
    *stats = link->last_stats;
  g_mutex_unlock (&link->lock);
}

GstRealtime2Link *
gst_realtime2_link_new (GstRealtime2 *self)
{
  GstRealtime2Link *link = g_new0 (GstRealtime2Link, 1);

  link->self = self;
  g_mutex_init (&link->lock);
  g_cond_init (&link->cond);
  return link;
}

void
gst_realtime2_link_free (GstRealtime2Link *link)
{
  g_mutex_clear (&link->lock);
  g_cond_clear (&link->cond);
  g_free (link->moving);
  g_free (link->uri);
  g_free (link);
}
