/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Going over to another session while the conversation goes on: it is opened,
 * configured and told of the conversation in the background, and takes the
 * place of the one in use in a gap of the talk. Nothing is lost by it, so
 * nothing is reported as lost.
 */
#include "rt2session-private.h"

#include <string.h>

#include "rt2endpoint.h"
#include "rt2standby.h"

#define NS_PER_US 1000
/* While the other session waits for a gap: how often the playing is looked at,
 * which tells nobody of its end, ns. */
#define LOOK_INTERVAL (G_GUINT64_CONSTANT (50) * 1000000)
/* Sound this long ago, ns, may be the beginning of a turn that the server has
 * not told of yet. */
#define SOUND_MEMORY (G_GUINT64_CONSTANT (600) * 1000000)
/* A translation has this long, ns, to say what is left. The user's audio waits
 * meanwhile. */
#define DRAIN_LIMIT (G_GUINT64_CONSTANT (3000) * 1000000)
/* Tries for a move that was asked for; one that the end of the session asks for
 * is tried until then. */
#define ASKED_TRIES 3
/* How long, us, a move that was asked for waits for more of what is changed. */
#define ASKED_DELAY (100 * G_TIME_SPAN_MILLISECOND)

struct _Rt2Mover {
  Rt2Life life;               /* of the session in use */
  gint64 wall;                /* unix us when it was created */
  guint64 max_age;            /* ns, that `life` goes by */
  guint64 expires_at;         /* as the server said, unix s */
  gboolean planned;           /* `plan` is valid: a session is in use */
  Rt2Plan plan;               /* of the next move */
  Rt2MoveReason reason;       /* likewise */
  gboolean told;              /* the owner was told that it begins */
  Rt2TransportConfig *wanted; /* where to go; NULL = where we are */
  gchar *wanted_model;        /* if `wanted` */
  Rt2Standby *standby;        /* NULL = none is open */
  Rt2Told standby_told;       /* what it was configured with */
  Rt2Seed *seed;              /* what it was told of the conversation */
  guint attempts;             /* of this move that failed */
  gint64 retry_at;            /* monotonic us; not before it comes another */
  guint retries;              /* of the server in use since `wanted` was set */
  gchar *left;                /* uri of the server that was lost before a move,
                               * which goes without it; NULL = none was */
  Rt2MoveReason left_for;     /* the reason of that move */
  gboolean draining;          /* a translation says what is left */
  GSource *timer;             /* the next look */
  Rt2TransportStats past;     /* of connections that were left */
};

static gboolean on_step (gpointer data);

Rt2Mover *
rt2_mover_new (void)
{
  return g_new0 (Rt2Mover, 1);
}

/* Without a word to anybody: what is open in the background is given up. */
static void
drop_standby (Rt2Mover *mover)
{
  g_clear_pointer (&mover->standby, rt2_standby_free);
  g_clear_pointer (&mover->seed, rt2_seed_free);
  rt2_told_clear (&mover->standby_told);
}

static void
drop_wanted (Rt2Mover *mover)
{
  g_clear_pointer (&mover->wanted, rt2_transport_config_free);
  g_clear_pointer (&mover->wanted_model, g_free);
}

void
rt2_mover_free (Rt2Mover *mover)
{
  rt2_session_disarm (&mover->timer);
  drop_standby (mover);
  drop_wanted (mover);
  g_free (mover->left);
  g_free (mover);
}

static void
add_stats (Rt2TransportStats *sum, Rt2Transport *transport)
{
  Rt2TransportStats stats;

  rt2_transport_get_stats (transport, &stats);
  sum->messages_sent += stats.messages_sent;
  sum->messages_received += stats.messages_received;
  sum->bytes_sent += stats.bytes_sent;
  sum->bytes_received += stats.bytes_received;
}

void
rt2_session_get_transport_stats (Rt2Session *session, Rt2TransportStats *stats)
{
  RT2_SESSION_ASSERT_THREAD (session);
  *stats = session->mover->past;
  add_stats (stats, session->transport);
}

/* --- what goes on --- */

/* Whether the input was loud a moment ago. */
static gboolean
is_sounding (Rt2Session *session)
{
  guint64 total = rt2_input_clock_total (session->clock);

  return rt2_loudness_span (
             session->loudness, total - MIN (total, SOUND_MEMORY))
      > 0;
}

/* Whether the user's turn is open, or was not acknowledged yet. Where it is the
 * application that ends turns, only the sound tells. */
static gboolean
is_speaking (Rt2Session *session)
{
  if (session->speech_open || session->vad_commits
      || session->commits.length > 0)
    return TRUE;
  if (session->type == RT2_SESSION_TYPE_TRANSLATION
      || rt2_session_config_has_vad (session->config))
    return FALSE;
  if (session->type == RT2_SESSION_TYPE_TRANSCRIPTION)
    return rt2_pause_has_speech (session->pause);
  return session->uncommitted > 0 && is_sounding (session);
}

/* Whether a response is due or under way that is worth waiting for. */
static gboolean
is_answering (Rt2Session *session)
{
  return rt2_session_is_summary_late (session)
      ? rt2_responses_is_busy (session->responses)
      : rt2_responses_is_open (session->responses);
}

static Rt2Talk
look_around (Rt2Session *session)
{
  Rt2Talk talk = {
    .speaking = is_speaking (session) || rt2_session_lacks_words (session),
    .sounding = is_sounding (session),
    .answering = is_answering (session) || rt2_calls_n_open (session->calls) > 0
        || session->commands.length > 0,
    .writing = g_hash_table_size (session->transcripts) > 0,
    .playing = session->type == RT2_SESSION_TYPE_REALTIME
        && session->listener->is_playing (session->owner),
  };

  return talk;
}

static gboolean
is_ready (const Rt2Mover *mover)
{
  return mover->standby
      && rt2_standby_get_state (mover->standby) == RT2_STANDBY_READY;
}

static Rt2RolloverStep
judge (Rt2Session *session, gint64 *next)
{
  Rt2Mover *mover = session->mover;
  Rt2Talk talk = { FALSE };
  gboolean ready = is_ready (mover);

  if (ready)
    talk = look_around (session);
  return rt2_rollover_judge (
      &mover->plan, g_get_monotonic_time (), &talk, ready, next);
}

/* Whether there is a session to leave, and somebody to leave it. */
static gboolean
may_move (Rt2Session *session)
{
  return session->mover->planned && session->configured
      && session->finish < RT2_FINISH_WAITING && !session->options->call_id
      && !session->mover->draining;
}

/* --- the other session --- */

static void
look_in (Rt2Session *session, guint64 ns)
{
  rt2_session_arm (session, &session->mover->timer, ns, on_step);
}

static void
on_standby_ready (gpointer owner)
{
  look_in (owner, 0);
}

static void
on_standby_error (gpointer owner, const Rt2ServerError *error)
{
  Rt2Session *session = owner;

  session->stats.server_errors++;
  rt2_session_report_error (session, error);
}

/* Whether a move that failed like this is tried again. The end of a session
 * leaves no choice. */
static gboolean
is_tried_again (const Rt2Mover *mover, const Rt2Fault *fault)
{
  if (mover->reason == RT2_MOVE_EXPIRING || mover->reason == RT2_MOVE_AGE)
    return TRUE;
  return mover->reason != RT2_MOVE_RECOVERED && mover->attempts < ASKED_TRIES
      && rt2_fault_should_retry (
          fault, RT2_RETRIES_FOREVER, mover->attempts, TRUE);
}

/* How long the session in use has. */
static void
note_life (Rt2Session *session)
{
  Rt2Mover *mover = session->mover;

  mover->max_age = session->config->max_age;
  mover->life = rt2_life_new (
      mover->life.created, mover->wall, mover->expires_at, mover->max_age);
}

/* The next move is that which the end of the session asks for. An age that it
 * has already, because the limit was set anew, forces nothing. */
static void
plan_life (Rt2Session *session)
{
  Rt2Mover *mover = session->mover;
  gint64 now = g_get_monotonic_time ();

  drop_wanted (mover);
  rt2_session_forget_summary (session);
  mover->plan = rt2_plan_of_life (&mover->life);
  if (mover->life.reason == RT2_MOVE_AGE && mover->plan.begin < now) {
    Rt2Life whole = rt2_life_new (
        mover->life.created, mover->wall, mover->expires_at, 0);

    mover->plan = rt2_plan_now (&whole, now);
  }
  mover->reason = mover->life.reason;
  mover->attempts = 0;
  mover->retry_at = 0;
  mover->told = FALSE;
}

static void
on_standby_failed (gpointer owner, const Rt2Fault *fault)
{
  Rt2Session *session = owner;
  Rt2Mover *mover = session->mover;
  Rt2MoveReason reason = mover->reason;
  gboolean again;

  mover->attempts++;
  again = is_tried_again (mover, fault);
  add_stats (&mover->past, rt2_standby_get_transport (mover->standby));
  drop_standby (mover);
  if (again)
    mover->retry_at = g_get_monotonic_time ()
        + rt2_fault_backoff (fault, mover->attempts,
              session->options->retry_backoff_max, g_random_double ())
            / NS_PER_US;
  else
    plan_life (session);
  if (!mover->draining)
    look_in (session, 0);
  /* That it is not well yet is no news. */
  if (session->listener->move_failed && reason != RT2_MOVE_RECOVERED)
    session->listener->move_failed (session->owner, fault, reason, again);
}

static void
on_standby_configured (gpointer owner, const Rt2SessionInfo *info)
{
  Rt2Session *session = owner;
  Rt2Mover *mover = session->mover;
  Rt2Fault *fault = rt2_session_find_format_fault (
      session, &mover->standby_told, info);

  if (fault) {
    on_standby_failed (session, fault);
    rt2_fault_free (fault);
    return;
  }
  rt2_event_log_note (session->log,
      rt2_transport_get_number (rt2_standby_get_transport (mover->standby)),
      RT2_LOG_CONFIGURED);
  mover->seed = rt2_seed_new ();
  rt2_session_seed (
      session, rt2_standby_get_transport (mover->standby), mover->seed);
}

static const Rt2StandbyListener standby_listener = {
  .configured = on_standby_configured,
  .ready = on_standby_ready,
  .error = on_standby_error,
  .failed = on_standby_failed,
};

/* Where the move goes, with the key for it and the url in full. New. */
static Rt2TransportConfig *
destination (Rt2Session *session)
{
  Rt2Mover *mover = session->mover;
  Rt2TransportConfig *config;
  const gchar *model;
  gchar *url;

  if (!mover->wanted)
    rt2_session_renew_key (session);
  config = rt2_transport_config_copy (
      mover->wanted ? mover->wanted : session->options->transport);
  model = mover->wanted ? mover->wanted_model : session->options->model;
  url = rt2_endpoint_url (config->url, session->type, model, NULL);
  g_free (config->url);
  config->url = url;
  return config;
}

static void
open_standby (Rt2Session *session)
{
  Rt2Mover *mover = session->mover;
  Rt2TransportConfig *config = destination (session);
  gchar *update = rt2_session_build_first_update (
      session, &mover->standby_told);

  mover->standby = rt2_standby_new (&standby_listener, session, config, update,
      session->event_id, rt2_session_count_mcp (mover->standby_told.object));
  rt2_transport_config_free (config);
  g_free (update);
}

static void
tell_beginning (Rt2Session *session, gint64 now)
{
  Rt2Mover *mover = session->mover;
  guint64 left = MAX (0, mover->life.end - now) * NS_PER_US;

  if (mover->told
      || (mover->reason != RT2_MOVE_EXPIRING && mover->reason != RT2_MOVE_AGE))
    return;
  mover->told = TRUE;
  if (session->listener->expiring)
    session->listener->expiring (
        session->owner, mover->expires_at, left, mover->reason);
}

/* --- taking over --- */

/* The options are those of the session that is in use from now on. */
static void
adopt_wanted (Rt2Session *session)
{
  Rt2Mover *mover = session->mover;
  Rt2SessionOptions *options = session->options;

  if (!mover->wanted)
    return;
  rt2_transport_config_free (options->transport);
  g_free (options->model);
  options->transport = g_steal_pointer (&mover->wanted);
  options->model = g_steal_pointer (&mover->wanted_model);
  rt2_session_note_first (session);
}

/* The connection of the standby is that of the session. Returns the old one,
 * which is still open. */
static Rt2Transport *
swap_connection (Rt2Session *session)
{
  Rt2Mover *mover = session->mover;
  Rt2Transport *old = session->transport;

  rt2_session_reset_link (session);
  session->transport = rt2_standby_steal (
      mover->standby, &rt2_session_transport_listener, session);
  session->created = session->configured = TRUE;
  rt2_event_log_note (session->log,
      rt2_transport_get_number (session->transport), RT2_LOG_TAKEOVER);
  session->attempts = 0;
  session->configured_since = g_get_monotonic_time ();
  session->accepted = mover->standby_told;
  mover->standby_told = (Rt2Told){ NULL };
  session->mcp_known = rt2_session_count_mcp (session->accepted.object);
  return old;
}

static void
tell_move (Rt2Session *session, const Rt2Standby *standby, const gchar *from,
    Rt2MoveReason reason)
{
  const Rt2SessionListener *listener = session->listener;
  const Rt2SessionInfo *created = rt2_standby_get_created (standby);
  gchar *to = rt2_session_dup_uri (session);

  rt2_session_note_model (session, created->model);
  listener->created (session->owner, created);
  listener->updated (session->owner, rt2_standby_get_info (standby));
  if (listener->moved)
    listener->moved (session->owner, created, from, to, reason);
  g_free (to);
}

/* What the server in use may not have finished with goes to the next. What is
 * under way here gets no end: as after a loss. A translator that was asked for
 * what is left has said all. */
static void
hand_over (Rt2Session *session)
{
  gboolean words = rt2_session_lacks_words (session)
      || rt2_replay_unanswered (session->replay, RT2_REPLAY_SPEECH) > 0;
  guint64 lost;

  if (session->mover->draining)
    rt2_replay_settle_until (session->replay, G_MAXUINT64);
  lost = rt2_session_part (session);
  /* Silence is nothing to be missed. */
  if (lost > 0 && words && session->listener->turn_lost)
    session->listener->turn_lost (session->owner, lost);
}

/* What was asked for meanwhile has its turn now. */
static void
end_drain (Rt2Session *session)
{
  if (!session->mover->draining)
    return;
  session->mover->draining = FALSE;
  rt2_session_wake (session);
}

static void
take_over (Rt2Session *session)
{
  Rt2Mover *mover = session->mover;
  Rt2Standby *standby = mover->standby;
  Rt2MoveReason reason = mover->reason;
  gchar *from = rt2_session_dup_uri (session);
  Rt2Transport *old;

  hand_over (session);
  end_drain (session);
  adopt_wanted (session);
  old = swap_connection (session);
  mover->standby = NULL;
  session->stats.moves++;
  mover->expires_at = rt2_standby_get_created (standby)->expires_at;
  mover->life.created = rt2_standby_get_birth (standby, &mover->wall);
  note_life (session);
  plan_life (session);
  rt2_session_seed (session, session->transport, mover->seed);
  tell_move (session, standby, from, reason);
  rt2_session_wish_for_opening (session);
  rt2_session_send_config (session);
  rt2_session_run_commands (session);
  rt2_session_pump (session);
  add_stats (&mover->past, old);
  rt2_transport_close (old);
  rt2_transport_free (old);
  rt2_standby_free (standby);
  drop_standby (mover);
  g_free (from);
  rt2_session_after_event (session);
  look_in (session, 0);
}

/* --- a translation says what is left --- */

/* All is said, or it takes too long. The next session may be gone by now. */
static gboolean
on_drained (gpointer data)
{
  Rt2Session *session = data;

  if (is_ready (session->mover))
    take_over (session);
  else
    rt2_session_fault (session,
        rt2_fault_new (RT2_FAULT_EXPIRED,
            "The session was ended, and the next one was closed."));
  return G_SOURCE_REMOVE;
}

/* Its server is not asked to translate more; what the user says meanwhile
 * waits for the next one. */
static void
drain (Rt2Session *session)
{
  session->mover->draining = TRUE;
  rt2_session_disarm (&session->flow_timer);
  rt2_session_send (
      session, rt2_build_session_close (rt2_session_new_event_id (session)));
  rt2_session_arm (session, &session->mover->timer, DRAIN_LIMIT, on_drained);
}

gboolean
rt2_session_is_draining (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  return session->mover->draining;
}

void
rt2_session_drained (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  rt2_session_arm (session, &session->mover->timer, 0, on_drained);
}

/* --- when --- */

static void
leave (Rt2Session *session)
{
  if (session->type == RT2_SESSION_TYPE_TRANSLATION)
    drain (session);
  else
    take_over (session);
}

/* When to look again: at @next, the next instant of the plan, or before. */
static void
look_later (Rt2Session *session, gint64 now, gint64 next)
{
  Rt2Mover *mover = session->mover;
  gint64 due = next;

  if (is_ready (mover))
    due = MIN (due, now + (gint64) (LOOK_INTERVAL / NS_PER_US));
  else if (!mover->standby && now >= mover->plan.begin)
    due = MIN (due, MAX (mover->retry_at, now));
  if (due < G_MAXINT64)
    look_in (session, MAX (0, due - now) * NS_PER_US);
}

static gboolean
on_step (gpointer data)
{
  Rt2Session *session = data;
  Rt2Mover *mover = session->mover;
  gint64 now = g_get_monotonic_time (), next;
  Rt2RolloverStep step;

  rt2_session_disarm (&mover->timer);
  if (!may_move (session))
    return G_SOURCE_REMOVE;
  step = judge (session, &next);
  if (step == RT2_ROLLOVER_TAKE) {
    leave (session);
    return G_SOURCE_REMOVE;
  }
  if (step == RT2_ROLLOVER_NOTHING)
    drop_standby (mover);
  else
    tell_beginning (session, now);
  if (step == RT2_ROLLOVER_OPEN)
    rt2_session_ask_summary (session);
  if (step == RT2_ROLLOVER_OPEN && !mover->standby && now >= mover->retry_at)
    open_standby (session);
  look_later (session, now, next);
  return G_SOURCE_REMOVE;
}

void
rt2_session_judge_move (Rt2Session *session)
{
  gint64 next;

  RT2_SESSION_ASSERT_THREAD (session);
  if (is_ready (session->mover) && may_move (session)
      && judge (session, &next) == RT2_ROLLOVER_TAKE)
    look_in (session, 0);
}

/* --- what is asked for --- */

static gboolean
equal_strv (gchar **a, gchar **b)
{
  static gchar *none[] = { NULL };

  return g_strv_equal ((const gchar *const *) (a ? a : none),
      (const gchar *const *) (b ? b : none));
}

/* Whether both lead to the same server in the same way, the key apart. */
static gboolean
is_same_way (const Rt2TransportConfig *a, const Rt2TransportConfig *b)
{
  return g_strcmp0 (a->url, b->url) == 0 && a->key_in_header == b->key_in_header
      && equal_strv (a->headers, b->headers) && equal_strv (a->pins, b->pins)
      && g_strcmp0 (a->proxy, b->proxy) == 0
      && a->tls_database == b->tls_database
      && a->client_certificate == b->client_certificate;
}

static gboolean
is_where_we_are (Rt2Session *session, const Rt2TransportConfig *transport,
    const gchar *model)
{
  const Rt2SessionOptions *options = session->options;

  return is_same_way (transport, options->transport)
      && g_strcmp0 (transport->api_key, options->transport->api_key) == 0
      && g_strcmp0 (model, options->model) == 0;
}

/* --- what the session tells --- */

/* The move that was asked for begins; in a moment, for what is changed step by
 * step. */
static void
plan_asked (Rt2Session *session)
{
  Rt2Mover *mover = session->mover;

  rt2_session_forget_summary (session);
  mover->plan = rt2_plan_now (
      &mover->life, g_get_monotonic_time () + ASKED_DELAY);
  mover->attempts = 0;
  mover->retry_at = 0;
}

void
rt2_session_note_created (Rt2Session *session, const Rt2SessionInfo *info)
{
  Rt2Mover *mover = session->mover;
  Rt2MoveReason asked = mover->reason;

  RT2_SESSION_ASSERT_THREAD (session);
  mover->wall = g_get_real_time ();
  mover->expires_at = info->expires_at;
  mover->life.created = g_get_monotonic_time ();
  note_life (session);
  mover->planned = TRUE;
  mover->retries = 0;
  if (mover->wanted
      && !is_where_we_are (session, mover->wanted, mover->wanted_model)) {
    plan_asked (session);
    mover->reason = asked;
  } else {
    plan_life (session);
  }
}

void
rt2_session_replan (Rt2Session *session)
{
  Rt2Mover *mover = session->mover;
  gboolean of_life = mover->reason == RT2_MOVE_EXPIRING
      || mover->reason == RT2_MOVE_AGE;

  RT2_SESSION_ASSERT_THREAD (session);
  if (!mover->planned || mover->draining)
    return;
  if (mover->max_age != session->config->max_age) {
    note_life (session);
    if (of_life)
      plan_life (session);
  }
  look_in (session, 0);
}

gboolean
rt2_session_survives (Rt2Session *session, const Rt2Fault *fault)
{
  Rt2Mover *mover = session->mover;

  RT2_SESSION_ASSERT_THREAD (session);
  if (is_ready (mover) && session->finish < RT2_FINISH_WAITING
      && rt2_fault_should_retry (fault, RT2_RETRIES_FOREVER, 1, TRUE)) {
    take_over (session);
    return TRUE;
  }
  rt2_session_disarm (&mover->timer);
  drop_standby (mover);
  mover->planned = FALSE;
  end_drain (session);
  return FALSE;
}

/* A server that is to be left, and can't be had, is tried once more. One that
 * never was had is not. */
void
rt2_session_judge_retry (Rt2Session *session)
{
  Rt2Mover *mover = session->mover;

  RT2_SESSION_ASSERT_THREAD (session);
  if (!mover->wanted || mover->reason == RT2_MOVE_RECOVERED)
    return;
  if (session->ever_configured && mover->retries++ == 0)
    return;
  if (session->ever_configured && !mover->left)
    mover->left = rt2_session_dup_uri (session);
  mover->left_for = mover->reason;
  adopt_wanted (session);
}

/* At the fallback it did not arrive: that is told of all the same. */
void
rt2_session_note_arrival (Rt2Session *session, const Rt2SessionInfo *info)
{
  gchar *from = g_steal_pointer (&session->mover->left), *to;

  RT2_SESSION_ASSERT_THREAD (session);
  if (from && session->listener->moved
      && !rt2_session_is_at_fallback (session)) {
    to = rt2_session_dup_uri (session);
    session->listener->moved (
        session->owner, info, from, to, session->mover->left_for);
    g_free (to);
  }
  g_free (from);
}

void
rt2_session_forget_recovery (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  if (session->mover->reason == RT2_MOVE_RECOVERED)
    drop_wanted (session->mover);
}

gboolean
rt2_session_is_moving (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  return session->mover->standby || session->mover->wanted
      || session->mover->draining;
}

/* --- asked for --- */

/* Back to where it came from, unless there is a newer one. */
static void
put_move_back (Rt2Session *session, Rt2TransportConfig *transport,
    const gchar *model, Rt2MoveReason reason)
{
  g_mutex_lock (&session->lock);
  if (session->new_transport) {
    rt2_transport_config_free (transport);
  } else {
    session->new_transport = transport;
    session->new_model = g_strdup (model);
    session->new_reason = reason;
  }
  g_mutex_unlock (&session->lock);
}

void
rt2_session_take_move (Rt2Session *session, Rt2TransportConfig *transport,
    const gchar *model, Rt2MoveReason reason)
{
  Rt2Mover *mover = session->mover;

  RT2_SESSION_ASSERT_THREAD (session);
  if (mover->draining) {
    put_move_back (session, transport, model, reason);
    return;
  }
  if (!transport->api_key)
    rt2_session_put_key (session, transport);
  drop_standby (mover);
  drop_wanted (mover);
  if (is_where_we_are (session, transport, model)) {
    rt2_transport_config_free (transport);
    if (mover->planned)
      plan_life (session);
  } else {
    mover->wanted = transport;
    mover->wanted->log = session->log;
    mover->wanted_model = g_strdup (model);
    mover->reason = reason;
    mover->retries = 0;
    if (session->options->call_id
        || (session->resting && !session->ever_configured))
      adopt_wanted (session);
    else if (mover->planned)
      plan_asked (session);
  }
  if (mover->planned)
    look_in (session, 0);
}

void
rt2_session_move (Rt2Session *session, const Rt2TransportConfig *transport,
    const gchar *model, Rt2MoveReason reason)
{
  g_mutex_lock (&session->lock);
  rt2_transport_config_free (session->new_transport);
  g_free (session->new_model);
  session->new_transport = rt2_transport_config_copy (transport);
  session->new_model = g_strdup (model);
  session->new_reason = reason;
  g_mutex_unlock (&session->lock);
  rt2_session_wake (session);
}
