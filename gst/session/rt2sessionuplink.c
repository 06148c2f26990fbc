/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The way up: the user's audio, where its turns end, and the end of it all.
 */
#include "rt2session-private.h"

#include <string.h>

#define NS_PER_US 1000
#define NS_PER_MS G_GUINT64_CONSTANT (1000000)

/* Pieces sent in one go before the loop gets to look at other things. */
#define PIECES_PER_TURN 32
/* Servers lose what is uploaded faster than four times real time. */
#define MAX_UPLOAD_SPEED 3
/* What is sent again goes at most so many times as fast as it was said. */
#define REPLAY_SPEED 4
/* Commits that the server may owe an answer to; one more ends with the next. */
#define MAX_COMMITS 64
/* How long a translation's audio may not come before silence is put in. */
#define FLOW_SLACK (400 * NS_PER_MS)
#define FLOW_INTERVAL (200 * NS_PER_MS)
/* Added to vad_silence_duration at the end, so that the server is sure. */
#define END_MARGIN (200 * NS_PER_MS)

/* --- sending --- */

static gboolean
is_translation (Rt2Session *session)
{
  return session->type == RT2_SESSION_TYPE_TRANSLATION;
}

static void
append_audio (Rt2Session *session, GBytes *audio, guint64 rt)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (audio, &size);
  guint64 duration = rt2_audio_format_bytes_to_ns (
      session->config->input_format, size);
  GString *json = g_string_sized_new (size * 4 / 3 + 64);

  if (is_translation (session))
    rt2_build_translation_append (json, data, size);
  else
    rt2_build_append (json, data, size);
  rt2_transport_send (session->transport, json->str);
  g_string_free (json, TRUE);
  rt2_input_clock_append (session->clock, rt, duration);
  rt2_replay_append (session->replay, session->config->input_format, audio, rt);
  if (is_translation (session))
    rt2_session_charge_translation (session, duration);
  if (session->type != RT2_SESSION_TYPE_TRANSCRIPTION)
    rt2_loudness_feed (session->loudness, session->config->input_format, data,
        size, NULL, NULL);
  session->uncommitted += duration;
  session->last_audio = g_get_monotonic_time ();
  if (session->flow_start == 0)
    session->flow_start = session->last_audio;
}

static void
append_silence (Rt2Session *session, guint64 duration)
{
  Rt2AudioFormat format = session->config->input_format;
  guint width = rt2_audio_format_width (format);
  guint64 left = rt2_audio_format_ns_to_samples (format, duration) * width;
  gsize piece = rt2_audio_format_rate (format) / 10 * width;
  guint8 *silence = g_malloc (piece);

  memset (silence, rt2_audio_format_silence (format), piece);
  while (left > 0) {
    gsize size = MIN (left, piece);
    GBytes *audio = g_bytes_new (silence, size);

    append_audio (session, audio, G_MAXUINT64);
    g_bytes_unref (audio);
    left -= size;
  }
  g_free (silence);
}

/* --- turns --- */

/* Whether it is us who end the user's utterances while audio goes up. */
static gboolean
commits_at_pauses (Rt2Session *session)
{
  return session->type == RT2_SESSION_TYPE_TRANSCRIPTION
      && !rt2_session_config_has_vad (session->config);
}

/* What is committed; of what we cut at pauses ourselves, the speech in it. */
static Rt2Span *
new_span (Rt2Session *session)
{
  guint64 total = rt2_input_clock_total (session->clock);
  Rt2Span *span = g_new (Rt2Span, 1);
  guint64 begun, ended;

  span->start = total - session->uncommitted;
  span->end = total;
  if (!commits_at_pauses (session))
    return span;
  rt2_pause_get_speech (session->pause, &begun, &ended);
  if (begun < session->uncommitted)
    span->start = total - begun;
  if (ended < total - span->start)
    span->end = total - ended;
  return span;
}

guint64
rt2_session_instant_of_speech (Rt2Session *session, gboolean beginning)
{
  const Rt2Span *committed = g_queue_peek_head (&session->commits);
  Rt2Span *span;
  guint64 instant;

  RT2_SESSION_ASSERT_THREAD (session);
  if (!commits_at_pauses (session)
      || (!committed && !rt2_pause_has_speech (session->pause)))
    return G_MAXUINT64;
  span = committed ? g_memdup2 (committed, sizeof (Rt2Span))
                   : new_span (session);
  instant = rt2_input_clock_to_running_time (
      session->clock, (beginning ? span->start : span->end) / 1000000);
  g_free (span);
  return instant;
}

gboolean
rt2_session_has_many_commits (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  return session->commits.length >= MAX_COMMITS;
}

void
rt2_session_commit (Rt2Session *session)
{
  Rt2Span *span = new_span (session);

  RT2_SESSION_ASSERT_THREAD (session);
  g_queue_push_tail (&session->commits, span);
  rt2_session_send (
      session, rt2_build_commit (rt2_session_new_event_id (session)));
  rt2_replay_turn (session->replay, span->start, span->end, TRUE);
  session->uncommitted = 0;
  session->speech_open = FALSE;
  session->last_turn = session->turn_end = g_get_monotonic_time ();
  if (session->type == RT2_SESSION_TYPE_REALTIME
      && session->listener->turn_ended)
    session->listener->turn_ended (
        session->owner, rt2_input_clock_end (session->clock));
  if (session->type != RT2_SESSION_TYPE_REALTIME
      || !session->config->create_response)
    return;
  rt2_session_want (session, RT2_WISH_TURN);
}

/* --- the pump --- */

/* Takes a piece of the user's voice. */
static void
take_audio (Rt2Session *session, GBytes *audio, guint64 rt)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (audio, &size);

  /* The call that a sideband joins has its own audio. */
  if (session->options->call_id || session->spending.spent)
    return;
  append_audio (session, audio, rt);
  rt2_session_judge_speech (session);
  if (commits_at_pauses (session)
      && rt2_pause_feed (session->pause, session->config->input_format, data,
          size, session->config->vad_silence_duration)
      && session->uncommitted >= RT2_SESSION_COMMIT_MIN
      && !rt2_session_has_many_commits (session))
    rt2_session_commit (session);
}

static gboolean
is_semantic (Rt2Session *session)
{
  return session->config->turn_detection == RT2_TURN_DETECTION_SEMANTIC_VAD;
}

/* What the VAD must hear to know that the user is done. */
static void
append_end (Rt2Session *session)
{
  guint64 silence = session->options->eos_silence;

  if (silence == G_MAXUINT64)
    silence = is_semantic (session)
        ? 0
        : session->config->vad_silence_duration + END_MARGIN;
  append_silence (session, silence);
}

/* Let the VAD hear that the user is done. */
static void
end_vad_turn (Rt2Session *session)
{
  if (session->uncommitted > 0)
    append_end (session);
  if (is_semantic (session) && session->speech_open)
    rt2_session_commit (session);
}

void
rt2_session_end_late_turn (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  if (session->spending.spent)
    return;
  if (is_semantic (session))
    rt2_session_commit (session);
  else if (session->uncommitted == 0
      && rt2_session_config_has_vad (session->config)
      && !session->options->call_id)
    append_end (session);
}

/* All of the user's audio is sent: closes what may be open. */
static void
end_uplink (Rt2Session *session)
{
  if (session->finish >= RT2_FINISH_WAITING)
    return;
  session->finish = RT2_FINISH_WAITING;
  session->last_turn = g_get_monotonic_time ();
  rt2_session_disarm (&session->flow_timer);
  if (session->options->call_id)
    return;
  if (is_translation (session))
    rt2_session_send (
        session, rt2_build_session_close (rt2_session_new_event_id (session)));
  else if (rt2_session_config_has_vad (session->config))
    end_vad_turn (session);
  else if (session->uncommitted >= RT2_SESSION_COMMIT_MIN
      && (!commits_at_pauses (session)
          || rt2_pause_has_speech (session->pause)))
    rt2_session_commit (session);
}

/* How long, ns, until more may be sent again: it is paced from the first that a
 * connection takes. */
static guint64
time_to_replay (Rt2Session *session)
{
  guint64 sent = rt2_input_clock_total (session->clock), allowed;

  if (!session->paced || session->flow_start == 0)
    return 0;
  allowed = (g_get_monotonic_time () - session->flow_start) * NS_PER_US
      * REPLAY_SPEED;
  if (sent > allowed)
    return (sent - allowed) / REPLAY_SPEED;
  session->paced = session->again.length > 0;
  return 0;
}

/* How long, ns, until more may go up without being lost there. */
static guint64
time_to_upload (Rt2Session *session)
{
  guint64 elapsed, allowed, sent;

  if (session->type == RT2_SESSION_TYPE_REALTIME || session->flow_start == 0)
    return time_to_replay (session);
  elapsed = (g_get_monotonic_time () - session->flow_start) * NS_PER_US;
  allowed = (elapsed + FLOW_INTERVAL) * MAX_UPLOAD_SPEED;
  sent = rt2_input_clock_total (session->clock);
  return sent > allowed ? (sent - allowed) / MAX_UPLOAD_SPEED : 0;
}

static gboolean
may_send_audio (Rt2Session *session)
{
  return session->configured && session->mcp_waiting == 0
      && !rt2_session_is_draining (session)
      && rt2_session_format_is_settled (session)
      && session->finish < RT2_FINISH_WAITING
      && rt2_transport_is_writable (session->transport);
}

static gboolean
on_flow_timer (gpointer data)
{
  Rt2Session *session = data;

  rt2_session_disarm (&session->flow_timer);
  rt2_session_pump (session);
  rt2_session_after_event (session);
  return G_SOURCE_REMOVE;
}

/* A translator counts time in the audio it gets: silence is put in while the
 * user's audio does not come. That it does not come counts, not that there is
 * less of it than time has passed: its clock may be another than ours. */
static void
keep_flowing (Rt2Session *session)
{
  gint64 now = g_get_monotonic_time ();
  guint64 idle, elapsed, sent;

  if (!is_translation (session) || session->flow_start == 0
      || session->spending.spent || !may_send_audio (session))
    return;
  idle = (now - session->last_audio) * NS_PER_US;
  elapsed = (now - session->flow_start) * NS_PER_US;
  sent = rt2_input_clock_total (session->clock);
  if (idle > FLOW_SLACK && elapsed > sent + FLOW_SLACK)
    append_silence (session, MIN (idle, elapsed - sent - FLOW_SLACK / 2));
  rt2_session_arm (session, &session->flow_timer, FLOW_INTERVAL, on_flow_timer);
}

void
rt2_session_clear_turn (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  session->uncommitted = 0;
  session->speech_open = FALSE;
  rt2_replay_clear (session->replay);
  rt2_session_stop_judging (session);
  rt2_pause_reset (session->pause);
  if (!is_translation (session) && !session->options->call_id)
    rt2_session_send (
        session, rt2_build_clear (rt2_session_new_event_id (session)));
}

/* What was said before goes first. Meanwhile what is new is taken from the
 * owner as well, whose room is not made for so long a wait. */
static gboolean
next_piece (Rt2Session *session, Rt2UplinkPiece *piece)
{
  while (session->again.length > 0 && rt2_session_has_room_again (session)
      && session->listener->pull (session->owner, piece))
    rt2_session_add_again (session, piece);
  if (rt2_session_next_again (session, piece))
    return TRUE;
  if (!session->ends_again)
    return session->listener->pull (session->owner, piece);
  session->ends_again = FALSE;
  *piece = (Rt2UplinkPiece){ .kind = RT2_UPLINK_END };
  return TRUE;
}

/* The user's turn ended here, as it did on a connection before. Where we find
 * the ends ourselves we find it again. */
static void
commit_again (Rt2Session *session)
{
  if (!commits_at_pauses (session)
      && session->uncommitted >= RT2_SESSION_COMMIT_MIN
      && !rt2_session_has_many_commits (session))
    rt2_session_commit (session);
}

/* Sends one piece. FALSE if there is none, or it was the last. */
static gboolean
send_piece (Rt2Session *session)
{
  Rt2UplinkPiece piece;

  if (!next_piece (session, &piece))
    return FALSE;
  session->last_alive = g_get_monotonic_time ();
  switch (piece.kind) {
    case RT2_UPLINK_AUDIO:
      take_audio (session, piece.audio, piece.rt);
      g_bytes_unref (piece.audio);
      break;
    case RT2_UPLINK_CLEAR:
      rt2_session_clear_turn (session);
      break;
    case RT2_UPLINK_COMMAND:
      rt2_session_execute (session, piece.command);
      break;
    case RT2_UPLINK_COMMIT:
      commit_again (session);
      break;
    case RT2_UPLINK_END:
      end_uplink (session);
      break;
  }
  return piece.kind != RT2_UPLINK_END;
}

void
rt2_session_pump (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  for (guint n = 0; may_send_audio (session); n++) {
    guint64 wait = time_to_upload (session);

    if (wait > 0) {
      rt2_session_arm (session, &session->flow_timer, wait, on_flow_timer);
      return;
    }
    if (n == PIECES_PER_TURN) {
      rt2_session_wake (session);
      return;
    }
    if (!send_piece (session))
      break;
  }
  keep_flowing (session);
}

void
rt2_session_reset_uplink (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  session->uncommitted = 0;
  session->speech_open = FALSE;
  session->vad_commits = FALSE;
  session->vad_start = 0;
  session->vad_end = 0;
  session->flow_start = 0;
  rt2_pause_reset (session->pause);
  rt2_loudness_reset (session->loudness);
  session->turn = RT2_TURN_PLAIN;
  session->deferred = FALSE;
  session->floor_until = 0;
  g_queue_clear_full (&session->commits, g_free);
  rt2_session_disarm (&session->flow_timer);
}

/* --- the end --- */

/* Whether an answer, or the end of a turn, is still to come. */
static gboolean
is_unsettled (Rt2Session *session)
{
  if (session->finish != RT2_FINISH_WAITING || !session->configured)
    return TRUE;
  if (is_translation (session))
    return !session->closed;
  return session->speech_open || session->commits.length > 0
      || session->commands.length > 0 || rt2_calls_n_open (session->calls) > 0
      || rt2_responses_is_open (session->responses);
}

/* How many us from now on the end must be looked at again; 0 = it is here. */
static gint64
time_to_settle (Rt2Session *session, gint64 now)
{
  gint64 turn_grace = RT2_SESSION_TURN_GRACE / NS_PER_US;
  gint64 transcript_grace = RT2_SESSION_TRANSCRIPT_GRACE / NS_PER_US;
  gint64 until;

  if (is_unsettled (session)) {
    session->settled_since = 0;
    return G_MAXINT64;
  }
  if (session->settled_since == 0)
    session->settled_since = now;
  if (rt2_session_is_catching_up (session, now, &until))
    return until > 0 ? until - now : G_MAXINT64;
  if (rt2_session_config_has_vad (session->config) && session->uncommitted > 0
      && now < session->last_turn + turn_grace)
    return session->last_turn + turn_grace - now;
  if (g_hash_table_size (session->transcripts) > 0
      && now < session->settled_since + transcript_grace)
    return session->settled_since + transcript_grace - now;
  return 0;
}

/* Likewise for eos_timeout; speech that plays is a sign of life. */
static gint64
time_to_timeout (Rt2Session *session, gint64 now)
{
  gint64 timeout = session->options->eos_timeout / NS_PER_US;

  if (timeout == 0)
    return G_MAXINT64;
  if (session->listener->is_playing (session->owner))
    session->last_alive = now;
  return MAX (0, session->last_alive + timeout - now);
}

static gboolean
on_finish_timer (gpointer data)
{
  rt2_session_check_finish (data);
  return G_SOURCE_REMOVE;
}

/* What waits to be sent again will not be: nothing may wait for it. */
static void
drop_again (Rt2Session *session)
{
  guint64 lost = session->again_ns;
  Rt2UplinkPiece piece;

  while (rt2_session_next_again (session, &piece)) {
    if (piece.command)
      session->listener->command_failed (session->owner, piece.command,
          "the conversation ended before its turn came");
    g_clear_pointer (&piece.command, rt2_command_free);
    g_clear_pointer (&piece.audio, g_bytes_unref);
  }
  session->turns_again = 0;
  if (lost > 0 && session->listener->turn_lost)
    session->listener->turn_lost (session->owner, lost);
}

/* The end is here: from now on the user says nothing, whatever was going on. */
static void
stop_listening (Rt2Session *session)
{
  session->finish = RT2_FINISH_DONE;
  session->speech_open = FALSE;
  drop_again (session);
  if (session->state != RT2_SESSION_DISCONNECTED)
    rt2_session_update_state (session);
}

void
rt2_session_check_finish (Rt2Session *session)
{
  gint64 now = g_get_monotonic_time ();
  gint64 settle, timeout;

  RT2_SESSION_ASSERT_THREAD (session);
  rt2_session_disarm (&session->finish_timer);
  if (session->finish == RT2_FINISH_NONE || session->finish == RT2_FINISH_DONE)
    return;
  settle = time_to_settle (session, now);
  timeout = time_to_timeout (session, now);
  if (settle == 0 || timeout == 0) {
    stop_listening (session);
    session->listener->drained (session->owner, settle != 0);
    return;
  }
  /* Whether speech plays is asked at least every second. */
  rt2_session_arm (session, &session->finish_timer,
      MIN (MIN (settle, timeout), G_USEC_PER_SEC) * NS_PER_US, on_finish_timer);
}
