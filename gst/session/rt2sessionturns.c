/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The user's turns: where their speech begins and ends, whether it interrupts,
 * what was heard of what it interrupts, and its words.
 */
#include "rt2session-private.h"

#include "rt2json.h"

/* Utterances whose times are remembered for their transcripts. */
#define MAX_UTTERANCES 64
/* Ids of items that we took back and remember. */
#define MAX_DELETED 256
/* us: how long after the end of speech a server's VAD may take to commit it. */
#define COMMIT_WAIT 1000000
#define NS_PER_MS G_GUINT64_CONSTANT (1000000)

/* Running times, ns, of what the user said; G_MAXUINT64 = not known. */
typedef struct {
  guint64 start, end;
} Times;

/* --- when it was said --- */

static Times *
utterance_times (Rt2Session *session, const gchar *item_id)
{
  Times *times = g_hash_table_lookup (session->utterances, item_id);

  if (times)
    return times;
  if (g_hash_table_size (session->utterances) >= MAX_UTTERANCES)
    g_hash_table_remove_all (session->utterances);
  times = g_new (Times, 1);
  times->start = times->end = G_MAXUINT64;
  g_hash_table_insert (session->utterances, g_strdup (item_id), times);
  return times;
}

Rt2Utterance
rt2_session_utterance (Rt2Session *session, const gchar *item_id)
{
  Rt2Utterance utterance = { item_id, G_MAXUINT64, G_MAXUINT64, G_MAXUINT64 };
  Times *times = item_id ? g_hash_table_lookup (session->utterances, item_id)
                         : NULL;

  RT2_SESSION_ASSERT_THREAD (session);
  if (times) {
    utterance.start = times->start;
    utterance.end = times->end;
  }
  return utterance;
}

/* --- what was heard of the agent --- */

gboolean
rt2_session_is_deleted (Rt2Session *session, const gchar *item_id)
{
  RT2_SESSION_ASSERT_THREAD (session);
  return item_id && g_hash_table_contains (session->deleted, item_id);
}

void
rt2_session_delete_item (Rt2Session *session, const gchar *item_id)
{
  const Rt2ConversationItem *item = rt2_conversation_find (
      session->conversation, item_id);

  RT2_SESSION_ASSERT_THREAD (session);
  /* Nothing to delete where it never was. */
  if (!item || item->present)
    rt2_session_send (session,
        rt2_build_delete (
            item ? item->id : item_id, rt2_session_new_event_id (session)));
  if (g_hash_table_size (session->deleted) >= MAX_DELETED)
    g_hash_table_remove_all (session->deleted);
  g_hash_table_add (session->deleted, g_strdup (item_id));
  session->stats.deletions++;
  /* Last: the id may be that of the item itself. */
  rt2_conversation_remove (session->conversation, item_id);
}

/* Makes the server's memory of an item what the listener heard of it. */
static void
truncate_item (Rt2Session *session, const Rt2Heard *heard)
{
  Rt2ConversationItem *item = rt2_conversation_find (
      session->conversation, heard->item_id);
  guint64 ms = heard->heard * 1000 / heard->rate;

  if (!item || item->type != RT2_ITEM_MESSAGE)
    return;
  if (heard->complete && heard->heard >= heard->received)
    return;
  if (ms == 0) {
    rt2_session_delete_item (session, heard->item_id);
    return;
  }
  if (item->restored || !item->present) {
    rt2_session_shorten_item (session, item, heard->heard_text);
    return;
  }
  rt2_session_send (session,
      rt2_build_truncate (
          heard->item_id, 0, ms, rt2_session_new_event_id (session)));
  rt2_conversation_set_heard (
      session->conversation, heard->item_id, heard->heard_text);
  session->stats.truncations++;
}

/* Messages that were announced but of which not a sample came. Not on a call:
 * none comes to us. */
static void
delete_unbegun (Rt2Session *session, const gchar *response_id)
{
  GPtrArray *items = rt2_conversation_messages_of (
      session->conversation, response_id);

  for (guint i = 0; i < items->len; i++) {
    Rt2ConversationItem *item = g_ptr_array_index (items, i);

    if (!item->has_audio && !item->stated && !item->written)
      rt2_session_delete_item (session, item->id);
  }
  g_ptr_array_unref (items);
}

/* The server does not end by itself what it has begun. */
static void
cancel_responses (Rt2Session *session, const GPtrArray *active)
{
  for (guint i = 0; i < active->len; i++)
    rt2_session_cancel_response (session, g_ptr_array_index (active, i));
}

void
rt2_session_interrupt (Rt2Session *session, gboolean cancel)
{
  GPtrArray *heard = session->listener->interrupt (session->owner);
  GPtrArray *active = rt2_responses_list_active (session->responses);

  RT2_SESSION_ASSERT_THREAD (session);
  session->deferred = FALSE;
  if (heard->len > 0 || active->len > 0)
    session->stats.interruptions++;
  if (cancel)
    cancel_responses (session, active);
  for (guint i = 0; i < heard->len; i++)
    truncate_item (session, g_ptr_array_index (heard, i));
  for (guint i = 0; !session->options->call_id && i < active->len; i++)
    delete_unbegun (session, g_ptr_array_index (active, i));
  rt2_responses_interrupt (session->responses);
  if (rt2_responses_has (session->responses, RT2_WISH_TURN))
    rt2_replay_answered (session->replay);
  else
    rt2_replay_interrupted (session->replay);
  rt2_calls_silence (session->calls);
  g_ptr_array_unref (active);
  g_ptr_array_unref (heard);
}

/* --- who decides --- */

/* The configuration that the server went by when it said what is handled now:
 * the wanted one may not have reached it yet. */
static const Rt2SessionConfig *
config_in_force (Rt2Session *session)
{
  return session->accepted.config ? session->accepted.config : session->config;
}

static JsonObject *
turn_detection_in_force (Rt2Session *session)
{
  JsonObject *audio = rt2_json_object (session->accepted.object, "audio");

  return rt2_json_object (rt2_json_object (audio, "input"), "turn_detection");
}

/* Whether it is us who decide what speech means. */
static gboolean
we_decide (Rt2Session *session)
{
  return rt2_session_config_decides (config_in_force (session));
}

/* Whether the server cancels what it says when speech begins. */
static gboolean
server_interrupts (Rt2Session *session)
{
  return rt2_json_boolean (turn_detection_in_force (session),
      "interrupt_response", config_in_force (session)->interrupt_response);
}

/* Whether the server answers the turns that it commits. */
static gboolean
server_answers (Rt2Session *session)
{
  return !session->spending.spent
      && rt2_json_boolean (turn_detection_in_force (session), "create_response",
          config_in_force (session)->create_response);
}

/* --- whether it interrupts --- */

/* Whether what plays, or what is on its way to open the conversation, may not
 * be interrupted. */
static gboolean
is_protected (Rt2Session *session)
{
  if (rt2_responses_has (session->responses, RT2_WISH_DISCLOSURE)
      || (session->config->guards_greeting
          && rt2_responses_has (session->responses, RT2_WISH_GREETING)))
    return TRUE;
  return session->listener->is_protected
      && session->listener->is_protected (session->owner);
}

void
rt2_session_interrupt_when_allowed (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  if (is_protected (session))
    session->deferred = TRUE;
  else
    rt2_session_interrupt (session, TRUE);
}

/* Whether there is something that speech of the user's could interrupt. While a
 * function is at work the agent is not done. */
static gboolean
agent_has_the_floor (Rt2Session *session)
{
  return rt2_responses_is_busy (session->responses)
      || rt2_calls_n_open (session->calls) > 0
      || session->listener->is_playing (session->owner);
}

static void
confirm_turn (Rt2Session *session)
{
  session->turn = RT2_TURN_CONFIRMED;
  if (session->config->interrupt_response)
    rt2_session_interrupt_when_allowed (session);
}

void
rt2_session_judge_speech (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  if (session->deferred && !is_protected (session))
    rt2_session_interrupt (session, TRUE);
  if (session->turn == RT2_TURN_PENDING
      && rt2_loudness_span (session->loudness, session->turn_from)
          >= session->config->min_interruption)
    confirm_turn (session);
}

/* Speech has begun, and it is us who decide what that means. */
static void
begin_judging (Rt2Session *session)
{
  session->turn_from = session->vad_start;
  session->turn = agent_has_the_floor (session) ? RT2_TURN_PENDING
                                                : RT2_TURN_PLAIN;
  rt2_session_judge_speech (session);
}

/* The length of the speech that is over, ns: as measured here or, if it was too
 * quiet for that, as the server's VAD saw it. */
static guint64
length_of_speech (Rt2Session *session)
{
  const Rt2SessionConfig *config = session->config;
  guint64 padding = config->vad_prefix_padding + config->vad_silence_duration;
  guint64 span = rt2_loudness_span (session->loudness, session->turn_from);
  guint64 total = session->vad_end - MIN (session->vad_end, session->vad_start);

  if (span > 0 || config->turn_detection != RT2_TURN_DETECTION_SERVER_VAD)
    return span;
  return total - MIN (total, padding);
}

/* The speech that was judged is over. */
static void
end_judging (Rt2Session *session)
{
  if (session->turn != RT2_TURN_PENDING)
    return;
  session->turn_length = length_of_speech (session);
  if (session->turn_length >= session->config->min_interruption)
    confirm_turn (session);
  else
    session->turn = RT2_TURN_DISMISSED;
}

void
rt2_session_stop_judging (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  if (session->turn == RT2_TURN_PENDING)
    session->turn = RT2_TURN_PLAIN;
}

/* The turn @item_id was committed, and is taken back. */
static void
dismiss_turn (Rt2Session *session, const gchar *item_id)
{
  session->turn = RT2_TURN_PLAIN;
  session->stats.dismissals++;
  if (!item_id)
    return;
  rt2_session_delete_item (session, item_id);
  session->listener->turn_dismissed (
      session->owner, item_id, session->turn_length);
}

/* --- events --- */

/* The instant @ms of the server's count, ns appended: not beyond what was sent.
 * The audio of a call is sent by others. */
static guint64
instant (Rt2Session *session, guint64 ms)
{
  guint64 end = session->options->call_id
      ? G_MAXINT64
      : rt2_input_clock_total (session->clock);

  return MIN (ms, end / NS_PER_MS) * NS_PER_MS;
}

void
rt2_session_on_speech_started (Rt2Session *session, const Rt2Event *event)
{
  Rt2Utterance utterance = { event->item_id, G_MAXUINT64, G_MAXUINT64,
    G_MAXUINT64 };

  RT2_SESSION_ASSERT_THREAD (session);
  session->vad_start = instant (session, event->audio_start_ms);
  session->turn = RT2_TURN_PLAIN;
  /* After the end nobody listens: what begins then would have no end. */
  session->speech_open = session->finish != RT2_FINISH_DONE;
  rt2_replay_speech (session->replay, session->vad_start);
  session->vad_commits = FALSE;
  session->last_turn = g_get_monotonic_time ();
  utterance.start = rt2_input_clock_to_running_time (
      session->clock, event->audio_start_ms);
  if (event->item_id)
    utterance_times (session, event->item_id)->start = utterance.start;
  session->listener->speech_started (session->owner, &utterance);
  if (we_decide (session))
    begin_judging (session);
  /* Whoever carries the audio of a call knows what was heard of it. */
  else if (server_interrupts (session) && !session->options->call_id)
    rt2_session_interrupt (session, FALSE);
  if (session->finish == RT2_FINISH_WAITING)
    rt2_session_end_late_turn (session);
}

/* The running time of the end of what ends at @ms: that of what comes next is
 * another if the input jumps there, or ends. */
static guint64
end_time (Rt2Session *session, guint64 ms)
{
  guint64 last;

  if (ms == 0)
    return rt2_input_clock_to_running_time (session->clock, 0);
  last = rt2_input_clock_to_running_time (session->clock, ms - 1);
  return last == G_MAXUINT64 ? last : last + 1000000;
}

/* How long, ms, the server's VAD waits before it says that speech has ended: it
 * counts that in. Only that of level tells. */
static guint64
silence_of_vad (Rt2Session *session)
{
  return rt2_json_uint (
      turn_detection_in_force (session), "silence_duration_ms", 0);
}

/* What the user said last, and what is not taken back, ended at @ms of what was
 * appended. */
static void
report_turn (Rt2Session *session, guint64 ms)
{
  guint64 silence = silence_of_vad (session);

  if (session->turn != RT2_TURN_DISMISSED && session->listener->turn_ended)
    session->listener->turn_ended (
        session->owner, end_time (session, ms - MIN (ms, silence)));
}

void
rt2_session_on_speech_stopped (Rt2Session *session, const Rt2Event *event)
{
  Rt2Utterance utterance;
  guint64 end = end_time (session, event->audio_end_ms);

  RT2_SESSION_ASSERT_THREAD (session);
  session->speech_open = FALSE;
  session->floor_until = g_get_monotonic_time () + COMMIT_WAIT;
  session->vad_commits = TRUE;
  session->vad_end = instant (session, event->audio_end_ms);
  session->last_turn = session->turn_end = g_get_monotonic_time ();
  if (event->item_id)
    utterance_times (session, event->item_id)->end = end;
  utterance = rt2_session_utterance (session, event->item_id);
  utterance.end = end;
  session->listener->speech_stopped (session->owner, &utterance);
  end_judging (session);
  report_turn (session, event->audio_end_ms);
}

/* The server's VAD committed a turn. Who answers it? FALSE if nobody does. */
static gboolean
expect_answer (Rt2Session *session)
{
  const Rt2SessionConfig *config = config_in_force (session);

  if (session->type != RT2_SESSION_TYPE_REALTIME
      || !rt2_session_config_has_vad (config))
    return FALSE;
  if (server_answers (session))
    rt2_responses_expect (session->responses);
  else if (we_decide (session) && config->create_response)
    rt2_session_want (session, RT2_WISH_TURN);
  else
    return FALSE;
  return TRUE;
}

static gboolean
is_transcribed (Rt2Session *session)
{
  const gchar *model = session->config->transcription_model;

  return session->type == RT2_SESSION_TYPE_TRANSCRIPTION || (model && *model);
}

/* What we committed is as long as we know. */
static void
note_span (Rt2Session *session, const gchar *item_id, const Rt2Span *span)
{
  Times *times = utterance_times (session, item_id);

  times->start = rt2_input_clock_to_running_time (
      session->clock, span->start / 1000000);
  times->end = end_time (session, span->end / 1000000);
}

/* The server committed up to where its VAD saw the end. */
static void
note_vad_turn (Rt2Session *session)
{
  guint64 total = rt2_input_clock_total (session->clock);

  rt2_replay_turn (
      session->replay, session->vad_start, session->vad_end, FALSE);
  session->uncommitted = MIN (
      session->uncommitted, total - MIN (total, session->vad_end));
}

/* A transcript of @item_id will come. */
static void
expect_transcript (Rt2Session *session, const gchar *item_id)
{
  if (is_transcribed (session) && item_id
      && g_hash_table_size (session->transcripts) < MAX_UTTERANCES)
    g_hash_table_add (session->transcripts, g_strdup (item_id));
}

/* The user said nothing for long: the server commits the silence and answers it
 * by itself. Nothing that was said is in it. A server that is not to answer by
 * itself may do so here or not: that is not waited for. */
void
rt2_session_on_input_timeout (Rt2Session *session, const Rt2Event *event)
{
  Rt2Utterance silence = { event->item_id,
    rt2_input_clock_to_running_time (session->clock, event->audio_start_ms),
    end_time (session, event->audio_end_ms), G_MAXUINT64 };

  RT2_SESSION_ASSERT_THREAD (session);
  session->turn = RT2_TURN_SILENCE;
  session->vad_start = session->vad_end = instant (
      session, event->audio_end_ms);
  session->last_turn = session->turn_end = g_get_monotonic_time ();
  if (session->type == RT2_SESSION_TYPE_REALTIME && !we_decide (session)
      && server_answers (session))
    rt2_responses_expect (session->responses);
  if (event->item_id) {
    Times *times = utterance_times (session, event->item_id);

    times->start = silence.start;
    times->end = silence.end;
  }
  if (session->listener->notice)
    session->listener->notice (session->owner, event, &silence);
}

/* A turn of which nobody waits for anything is not to be sent again. */
static gboolean
is_awaited (Rt2Session *session, const Rt2Span *ours)
{
  if (session->type == RT2_SESSION_TYPE_TRANSCRIPTION)
    return TRUE;
  if (ours)
    return session->config->create_response;
  if (session->turn != RT2_TURN_SILENCE)
    return expect_answer (session);
  session->turn = RT2_TURN_PLAIN;
  return FALSE;
}

void
rt2_session_on_committed (Rt2Session *session, const Rt2Event *event)
{
  Rt2Span *ours = NULL;

  RT2_SESSION_ASSERT_THREAD (session);
  /* Ours may be on its way while the VAD commits. */
  if (!session->vad_commits)
    ours = g_queue_pop_head (&session->commits);
  session->vad_commits = FALSE;
  session->last_turn = g_get_monotonic_time ();
  session->floor_until = 0;
  session->speech_open = FALSE;
  if (ours && event->item_id)
    note_span (session, event->item_id, ours);
  if (!ours) {
    note_vad_turn (session);
    rt2_session_note_turn_again (session);
  }
  if (!ours && session->turn == RT2_TURN_DISMISSED) {
    rt2_replay_name (session->replay, FALSE, event->item_id);
    rt2_replay_settle (session->replay, event->item_id);
    dismiss_turn (session, event->item_id);
    return;
  }
  rt2_session_keep_turn (session, event,
      ours ? ours->start : session->vad_start,
      ours ? ours->end : session->vad_end);
  rt2_replay_name (session->replay, ours != NULL, event->item_id);
  if (!is_awaited (session, ours))
    rt2_replay_settle (session->replay, event->item_id);
  expect_transcript (session, event->item_id);
  g_free (ours);
}

/* --- words --- */

/* Some models send words while they are spoken, before anything tells where
 * their item is: the first are those that the speech going on began with. */
static guint64
instant_of_words (Rt2Session *session, const Rt2Utterance *utterance)
{
  gboolean first;

  if (utterance->start != G_MAXUINT64 || !utterance->item_id)
    return utterance->start;
  first = !g_hash_table_contains (session->utterances, utterance->item_id);
  utterance_times (session, utterance->item_id);
  return rt2_session_instant_of_speech (session, first);
}

void
rt2_session_on_input_transcript_delta (
    Rt2Session *session, const Rt2Event *event)
{
  Rt2Utterance utterance = rt2_session_utterance (session, event->item_id);
  guint64 start;

  RT2_SESSION_ASSERT_THREAD (session);
  if (rt2_session_is_deleted (session, event->item_id))
    return;
  utterance.words = instant_of_words (session, &utterance);
  start = utterance.start != G_MAXUINT64 ? utterance.start : utterance.words;
  if (rt2_shown_may_repeat (session->shown, start))
    return;
  rt2_shown_note (session->shown, event->item_id, start, utterance.end, FALSE);
  session->listener->user_text (session->owner, &utterance, event->text, FALSE);
}

/* Shows all that was said in @utterance, unless it was before, on a connection
 * that was lost: this is what was sent again. */
static void
show_whole (Rt2Session *session, Rt2Utterance utterance, const gchar *text)
{
  const gchar *begun;
  Rt2ShownKind kind = rt2_shown_judge (
      session->shown, utterance.start, utterance.end, &begun);
  gchar *item_id = NULL;

  if (kind == RT2_SHOWN_WHOLE)
    return;
  if (kind == RT2_SHOWN_PART)
    utterance.item_id = item_id = g_strdup (begun);
  if (*text)
    rt2_shown_note (session->shown, utterance.item_id, utterance.start,
        utterance.end, TRUE);
  session->listener->user_text (session->owner, &utterance, text, TRUE);
  g_free (item_id);
}

static void
end_transcript (Rt2Session *session, const Rt2Event *event, const gchar *text)
{
  if (rt2_session_is_deleted (session, event->item_id))
    return;
  show_whole (session, rt2_session_utterance (session, event->item_id), text);
  if (!event->item_id)
    return;
  rt2_conversation_set_text (session->conversation, event->item_id, text);
  if (event->type == RT2_EVENT_INPUT_TRANSCRIPT_COMPLETED)
    rt2_conversation_set_audio (session->conversation, event->item_id, NULL, 0);
  if (session->type == RT2_SESSION_TYPE_TRANSCRIPTION)
    rt2_replay_settle (session->replay, event->item_id);
  g_hash_table_remove (session->transcripts, event->item_id);
  g_hash_table_remove (session->utterances, event->item_id);
}

void
rt2_session_on_input_transcript_completed (
    Rt2Session *session, const Rt2Event *event)
{
  RT2_SESSION_ASSERT_THREAD (session);
  session->stats.transcription_tokens += event->usage.total;
  session->stats.transcription_seconds += event->usage.seconds;
  rt2_session_charge_transcript (session, &event->usage);
  end_transcript (session, event, event->text ? event->text : "");
}

void
rt2_session_on_input_transcript_failed (
    Rt2Session *session, const Rt2Event *event)
{
  RT2_SESSION_ASSERT_THREAD (session);
  end_transcript (session, event, "");
  if (event->error)
    rt2_session_report_error (session, event->error);
}
