/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What each event of the server means for the session. One small function per
 * event; all state is that of rt2session-private.h.
 */
#include "rt2session-private.h"

#include <string.h>

/* The error for a response.create that came while another was under way. */
#define ACTIVE_RESPONSE "conversation_already_has_active_response"
/* Utterances whose times are remembered for their transcripts. */
#define MAX_UTTERANCES 64

/* Running times, ns, of what the user said; G_MAXUINT64 = not known. */
typedef struct {
  guint64 start, end;
} Times;

typedef void (*Handler) (Rt2Session *session, const Rt2Event *event);

static Rt2Place
place_of (const Rt2Event *event)
{
  Rt2Place place = { event->response_id, event->item_id, event->output_index,
    G_MAXUINT64 };

  return place;
}

/* --- the session itself --- */

static void
on_session_created (Rt2Session *session, const Rt2Event *event)
{
  if (session->created)
    return;
  session->created = TRUE;
  session->listener->created (session->owner, event->session);
  rt2_session_send_config (session);
}

static void
on_session_updated (Rt2Session *session, const Rt2Event *event)
{
  if (!session->update_id)
    return;
  rt2_session_update_accepted (session);
  rt2_session_configured (session, event->session);
  rt2_session_send_config (session);
}

/* Errors that belong to normal use: a race between us and the server. */
static gboolean
is_benign (const gchar *code)
{
  static const gchar *const codes[] = { "response_cancel_not_active",
    "input_audio_buffer_commit_empty", ACTIVE_RESPONSE, NULL };

  return code && g_strv_contains (codes, code);
}

/* Reports @error, in which the server may have quoted our key. */
static void
report_error (Rt2Session *session, const Rt2ServerError *error)
{
  const gchar *key = session->options->transport->api_key;
  Rt2ServerError clean = *error;

  clean.code = rt2_redact (error->code, key);
  clean.message = rt2_redact (error->message, key);
  clean.param = rt2_redact (error->param, key);
  session->listener->server_error (session->owner, &clean);
  g_free (clean.code);
  g_free (clean.message);
  g_free (clean.param);
}

/* The configuration was refused as a whole. */
static void
on_update_refused (Rt2Session *session, const Rt2ServerError *error)
{
  gboolean late_voice = session->sent.voice && session->voice_locked
      && g_strcmp0 (error->code, "cannot_update_voice") == 0;

  if (!session->configured
      || session->sent.config->input_format
          != session->accepted.config->input_format) {
    Rt2Fault *fault = rt2_fault_new (RT2_FAULT_SETTINGS,
        "The server refused the configuration%s%s: %s",
        error->param ? " at " : "", error->param ? error->param : "",
        error->message ? error->message : "no reason given");

    fault->hint = g_strdup ("Change the property that sets this field.");
    fault->server_code = g_strdup (error->code);
    rt2_session_fault (session, fault);
    return;
  }
  rt2_session_update_refused (session, late_voice);
  if (!late_voice)
    report_error (session, error);
  rt2_session_send_config (session);
}

/* TRUE, once, for what answers our response.create. Not every server says which
 * event it means. */
static gboolean
is_about_create (Rt2Session *session, const Rt2ServerError *error)
{
  if (!session->create_id)
    return FALSE;
  if (g_strcmp0 (error->code, ACTIVE_RESPONSE) != 0
      && g_strcmp0 (error->event_id, session->create_id) != 0)
    return FALSE;
  g_clear_pointer (&session->create_id, g_free);
  return TRUE;
}

/* A close that follows will be for this reason. */
static void
note_reason (Rt2Session *session, const Rt2ServerError *error)
{
  g_free (session->error_code);
  g_free (session->error_message);
  session->error_code = g_strdup (error->code);
  session->error_message = g_strdup (error->message);
}

static gboolean
is_code (const Rt2ServerError *error, const gchar *code)
{
  return g_strcmp0 (error->code, code) == 0;
}

/* What the refusal of one of our events means for what it was to do. */
static void
undo_event (Rt2Session *session, const Rt2ServerError *error)
{
  if (is_about_create (session, error))
    rt2_responses_refused (
        session->responses, is_code (error, ACTIVE_RESPONSE));
  if (is_code (error, "input_audio_buffer_commit_empty"))
    g_free (g_queue_pop_head (&session->commits));
}

/* Codes that say that what a client sent is wrong. */
static gboolean
is_refusal (const Rt2ServerError *error)
{
  return error->code
      && (g_str_has_prefix (error->code, "invalid_")
          || g_str_has_prefix (error->code, "unknown_parameter")
          || g_str_has_prefix (error->code, "missing_"));
}

/* Whether @error answers our session.update. Not every server says which event
 * it means; before the first is accepted there is nothing else to refuse. */
static gboolean
is_about_update (Rt2Session *session, const Rt2ServerError *error)
{
  if (!session->update_id)
    return FALSE;
  if (error->event_id)
    return g_str_equal (error->event_id, session->update_id);
  return !session->configured && is_refusal (error);
}

static void
on_error (Rt2Session *session, const Rt2Event *event)
{
  const Rt2ServerError *error = event->error;

  session->stats.server_errors++;
  if (rt2_fault_code_is_fatal (error->code)) {
    rt2_session_fault (
        session, rt2_fault_from_close (0, NULL, error->code, error->message));
    return;
  }
  if (is_code (error, "session_expired"))
    note_reason (session, error);
  if (is_about_update (session, error)) {
    on_update_refused (session, error);
    return;
  }
  undo_event (session, error);
  if (is_benign (error->code))
    g_debug ("server: %s", error->code);
  else
    report_error (session, error);
}

static void
on_rate_limits (Rt2Session *session, const Rt2Event *event)
{
  session->listener->rate_limits (session->owner, event->rate_limits);
}

/* --- the user's turns --- */

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

static Rt2Utterance
utterance_of (Rt2Session *session, const gchar *item_id)
{
  Rt2Utterance utterance = { item_id, G_MAXUINT64, G_MAXUINT64, G_MAXUINT64 };
  Times *times = item_id ? g_hash_table_lookup (session->utterances, item_id)
                         : NULL;

  if (times) {
    utterance.start = times->start;
    utterance.end = times->end;
  }
  return utterance;
}

static void
delete_item (Rt2Session *session, const gchar *item_id)
{
  rt2_session_send (
      session, rt2_build_delete (item_id, rt2_session_new_event_id (session)));
  rt2_conversation_remove (session->conversation, item_id);
  session->stats.deletions++;
}

/* Makes the server's memory of an item what the listener heard of it. */
static void
truncate_item (Rt2Session *session, const Rt2Heard *heard)
{
  Rt2ConversationItem *item = rt2_conversation_find (
      session->conversation, heard->item_id);
  guint64 ms = heard->heard * 1000 / heard->rate;

  if (item && item->type != RT2_ITEM_MESSAGE)
    return;
  if (heard->complete && heard->heard >= heard->received)
    return;
  if (ms == 0) {
    delete_item (session, heard->item_id);
    return;
  }
  rt2_session_send (session,
      rt2_build_truncate (
          heard->item_id, 0, ms, rt2_session_new_event_id (session)));
  if (item)
    rt2_conversation_set_text (
        session->conversation, heard->item_id, heard->heard_text);
  session->stats.truncations++;
}

/* Messages that were announced but of which not a sample came. */
static void
delete_unbegun (Rt2Session *session, const gchar *response_id)
{
  GPtrArray *items = rt2_conversation_messages_of (
      session->conversation, response_id);

  for (guint i = 0; i < items->len; i++) {
    Rt2ConversationItem *item = g_ptr_array_index (items, i);

    if (!item->has_audio && !item->text)
      delete_item (session, item->id);
  }
  g_ptr_array_unref (items);
}

static void
interrupt (Rt2Session *session)
{
  GPtrArray *heard = session->listener->interrupt (session->owner);
  GPtrArray *active = rt2_responses_list_active (session->responses);

  if (heard->len > 0 || active->len > 0)
    session->stats.interruptions++;
  for (guint i = 0; i < heard->len; i++)
    truncate_item (session, g_ptr_array_index (heard, i));
  for (guint i = 0; i < active->len; i++)
    delete_unbegun (session, g_ptr_array_index (active, i));
  rt2_responses_kill (session->responses);
  g_ptr_array_unref (active);
  g_ptr_array_unref (heard);
}

static void
on_speech_started (Rt2Session *session, const Rt2Event *event)
{
  Rt2Utterance utterance = { event->item_id, G_MAXUINT64, G_MAXUINT64,
    G_MAXUINT64 };

  session->vad_start = event->audio_start_ms * 1000000;
  session->speech_open = TRUE;
  session->last_turn = g_get_monotonic_time ();
  utterance.start = rt2_input_clock_to_running_time (
      session->clock, event->audio_start_ms);
  if (event->item_id)
    utterance_times (session, event->item_id)->start = utterance.start;
  session->listener->speech_started (session->owner, &utterance);
  if (session->finish == RT2_FINISH_WAITING
      && session->config->turn_detection == RT2_TURN_DETECTION_SEMANTIC_VAD)
    rt2_session_commit (session);
  /* Whoever carries the audio of a call knows what was heard of it. */
  if (session->config->interrupt_response && !session->options->call_id)
    interrupt (session);
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

static void
on_speech_stopped (Rt2Session *session, const Rt2Event *event)
{
  Rt2Utterance utterance;
  guint64 end = end_time (session, event->audio_end_ms);

  session->speech_open = FALSE;
  session->vad_end = event->audio_end_ms * 1000000;
  session->last_turn = session->turn_end = g_get_monotonic_time ();
  if (event->item_id)
    utterance_times (session, event->item_id)->end = end;
  utterance = utterance_of (session, event->item_id);
  utterance.end = end;
  session->listener->speech_stopped (session->owner, &utterance);
}

/* Whether the server answers a turn that it committed. One that we committed
 * is answered because we ask for it. */
static gboolean
is_answered (Rt2Session *session, gboolean ours)
{
  return session->type == RT2_SESSION_TYPE_REALTIME && !ours
      && rt2_session_config_has_vad (session->config)
      && session->config->create_response;
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
note_committed (Rt2Session *session)
{
  guint64 total = rt2_input_clock_total (session->clock);

  session->uncommitted = MIN (
      session->uncommitted, total - MIN (total, session->vad_end));
}

static void
on_committed (Rt2Session *session, const Rt2Event *event)
{
  Rt2Span *ours = g_queue_pop_head (&session->commits);

  session->last_turn = g_get_monotonic_time ();
  session->speech_open = FALSE;
  if (is_answered (session, ours != NULL)) {
    rt2_responses_expect (session->responses);
    session->unanswered += session->vad_end
        - MIN (session->vad_end, session->vad_start);
  }
  if (!ours)
    note_committed (session);
  if (ours && event->item_id)
    note_span (session, event->item_id, ours);
  if (is_transcribed (session) && event->item_id
      && g_hash_table_size (session->transcripts) < MAX_UTTERANCES)
    g_hash_table_add (session->transcripts, g_strdup (event->item_id));
  g_free (ours);
}

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

static void
on_input_transcript_delta (Rt2Session *session, const Rt2Event *event)
{
  Rt2Utterance utterance = utterance_of (session, event->item_id);

  utterance.words = instant_of_words (session, &utterance);
  session->listener->user_text (session->owner, &utterance, event->text, FALSE);
}

static void
end_transcript (Rt2Session *session, const Rt2Event *event, const gchar *text)
{
  Rt2Utterance utterance = utterance_of (session, event->item_id);

  session->listener->user_text (session->owner, &utterance, text, TRUE);
  if (!event->item_id)
    return;
  rt2_conversation_set_text (session->conversation, event->item_id, text);
  g_hash_table_remove (session->transcripts, event->item_id);
  g_hash_table_remove (session->utterances, event->item_id);
}

static void
on_input_transcript_completed (Rt2Session *session, const Rt2Event *event)
{
  end_transcript (session, event, event->text ? event->text : "");
}

static void
on_input_transcript_failed (Rt2Session *session, const Rt2Event *event)
{
  end_transcript (session, event, "");
  if (event->error)
    report_error (session, event->error);
}

/* --- items --- */

/* Some servers tell the phase of an item only here. */
static void
on_item_event (Rt2Session *session, const Rt2Event *event)
{
  rt2_conversation_note (
      session->conversation, event->item, event->previous_item_id, NULL, 0);
  if (event->item->phase != RT2_PHASE_UNKNOWN)
    session->listener->phase (
        session->owner, event->item->id, event->item->phase);
}

static void
on_item_deleted (Rt2Session *session, const Rt2Event *event)
{
  rt2_conversation_remove (session->conversation, event->item_id);
}

static void
report_output_item (Rt2Session *session, const Rt2Event *event, gboolean done)
{
  Rt2Place place = { event->response_id, event->item->id, event->output_index,
    G_MAXUINT64 };

  if (!event->response_id
      || rt2_responses_is_dead (session->responses, event->response_id))
    return;
  rt2_responses_started (session->responses, event->response_id);
  rt2_conversation_note (session->conversation, event->item, NULL,
      event->response_id, event->output_index);
  session->listener->item (session->owner, &place, event->item, done);
}

static void
on_output_item_added (Rt2Session *session, const Rt2Event *event)
{
  report_output_item (session, event, FALSE);
}

static void
on_output_item_done (Rt2Session *session, const Rt2Event *event)
{
  report_output_item (session, event, TRUE);
}

/* --- responses --- */

static void
on_response_created (Rt2Session *session, const Rt2Event *event)
{
  if (rt2_responses_is_dead (session->responses, event->response->id))
    return;
  rt2_responses_started (session->responses, event->response->id);
  session->listener->response_started (session->owner, event->response->id);
}

static void
add_usage (Rt2Session *session, const Rt2Usage *usage)
{
  session->stats.input_tokens += usage->input;
  session->stats.output_tokens += usage->output;
  session->stats.total_tokens += usage->total;
}

static void
on_response_done (Rt2Session *session, const Rt2Event *event)
{
  const Rt2Response *response = event->response;

  if (!rt2_responses_ended (session->responses, response->id))
    return;
  session->stats.responses++;
  session->unanswered = 0;
  add_usage (session, &response->usage);
  for (guint i = 0; i < response->output->len; i++)
    rt2_conversation_note (session->conversation,
        g_ptr_array_index (response->output, i), NULL, response->id, i);
  session->listener->response_done (session->owner, response);
  if (response->status == RT2_STATUS_FAILED
      && rt2_fault_code_is_fatal (response->error_code))
    rt2_session_fault (session,
        rt2_fault_from_close (
            0, NULL, response->error_code, response->error_message));
}

/* TRUE if what @event brings belongs to a response that is to be heard. */
static gboolean
is_wanted (Rt2Session *session, const Rt2Event *event)
{
  if (!event->response_id || !event->item_id)
    return FALSE;
  if (rt2_responses_is_dead (session->responses, event->response_id))
    return FALSE;
  rt2_responses_started (session->responses, event->response_id);
  return TRUE;
}

static void
note_latency (Rt2Session *session)
{
  if (session->turn_end == 0)
    return;
  session->stats.response_latency = (g_get_monotonic_time ()
                                        - session->turn_end)
      * 1000;
  session->turn_end = 0;
}

static void
on_audio_delta (Rt2Session *session, const Rt2Event *event)
{
  Rt2Place place = place_of (event);

  session->voice_locked = TRUE;
  if (!is_wanted (session, event))
    return;
  note_latency (session);
  rt2_conversation_set_has_audio (session->conversation, event->item_id);
  session->listener->audio (session->owner, &place, event->audio);
}

static void
on_audio_done (Rt2Session *session, const Rt2Event *event)
{
  Rt2Place place = place_of (event);

  if (is_wanted (session, event))
    session->listener->audio_done (session->owner, &place);
}

static void
report_text (Rt2Session *session, const Rt2Event *event, Rt2TextKind kind,
    gboolean final)
{
  Rt2Place place = place_of (event);
  Rt2ConversationItem *item;

  if (!event->text || !is_wanted (session, event))
    return;
  item = rt2_conversation_find (session->conversation, event->item_id);
  /* Written words have been read: an interruption does not take them back. */
  if (kind == RT2_TEXT_TEXT && item && !item->text)
    item->text = g_strdup (event->text);
  session->listener->text (session->owner, &place, kind, event->text, final);
}

static void
on_text_delta (Rt2Session *session, const Rt2Event *event)
{
  report_text (session, event, RT2_TEXT_TEXT, FALSE);
}

static void
on_text_done (Rt2Session *session, const Rt2Event *event)
{
  report_text (session, event, RT2_TEXT_TEXT, TRUE);
}

static void
on_transcript_delta (Rt2Session *session, const Rt2Event *event)
{
  report_text (session, event, RT2_TEXT_TRANSCRIPT, FALSE);
}

static void
on_transcript_done (Rt2Session *session, const Rt2Event *event)
{
  report_text (session, event, RT2_TEXT_TRANSCRIPT, TRUE);
}

/* --- dispatch --- */

static const Handler handlers[RT2_N_EVENTS] = {
  [RT2_EVENT_ERROR] = on_error,
  [RT2_EVENT_SESSION_CREATED] = on_session_created,
  [RT2_EVENT_SESSION_UPDATED] = on_session_updated,
  [RT2_EVENT_RATE_LIMITS_UPDATED] = on_rate_limits,
  [RT2_EVENT_SPEECH_STARTED] = on_speech_started,
  [RT2_EVENT_SPEECH_STOPPED] = on_speech_stopped,
  [RT2_EVENT_INPUT_COMMITTED] = on_committed,
  [RT2_EVENT_ITEM_ADDED] = on_item_event,
  [RT2_EVENT_ITEM_DONE] = on_item_event,
  [RT2_EVENT_ITEM_DELETED] = on_item_deleted,
  [RT2_EVENT_INPUT_TRANSCRIPT_DELTA] = on_input_transcript_delta,
  [RT2_EVENT_INPUT_TRANSCRIPT_COMPLETED] = on_input_transcript_completed,
  [RT2_EVENT_INPUT_TRANSCRIPT_FAILED] = on_input_transcript_failed,
  [RT2_EVENT_RESPONSE_CREATED] = on_response_created,
  [RT2_EVENT_RESPONSE_DONE] = on_response_done,
  [RT2_EVENT_OUTPUT_ITEM_ADDED] = on_output_item_added,
  [RT2_EVENT_OUTPUT_ITEM_DONE] = on_output_item_done,
  [RT2_EVENT_TEXT_DELTA] = on_text_delta,
  [RT2_EVENT_TEXT_DONE] = on_text_done,
  [RT2_EVENT_AUDIO_DELTA] = on_audio_delta,
  [RT2_EVENT_AUDIO_DONE] = on_audio_done,
  [RT2_EVENT_TRANSCRIPT_DELTA] = on_transcript_delta,
  [RT2_EVENT_TRANSCRIPT_DONE] = on_transcript_done,
  [RT2_EVENT_SESSION_CLOSED] = rt2_session_on_closed,
  [RT2_EVENT_TRANSLATION_AUDIO_DELTA] = rt2_session_on_translated_audio,
  [RT2_EVENT_TRANSLATION_OUTPUT_DELTA] = rt2_session_on_translated_text,
  [RT2_EVENT_TRANSLATION_INPUT_DELTA] = rt2_session_on_source_text,
};

void
rt2_session_handle_message (Rt2Session *session, const gchar *text, gsize size)
{
  GError *error = NULL;
  Rt2Event *event = rt2_event_parse (text, size, &error);

  if (!event) {
    g_debug (
        "bad event of %" G_GSIZE_FORMAT " bytes: %s", size, error->message);
    g_error_free (error);
    session->stats.bad_events++;
    return;
  }
  if (event->type == RT2_EVENT_UNKNOWN) {
    g_debug ("unknown event %s", event->type_name);
    session->stats.unknown_events++;
  } else if (handlers[event->type]) {
    handlers[event->type](session, event);
  }
  rt2_event_free (event);
}

void
rt2_session_reset_events (Rt2Session *session)
{
  g_hash_table_remove_all (session->transcripts);
  g_hash_table_remove_all (session->utterances);
  session->turn_end = 0;
  session->closed = FALSE;
  session->translated = 0;
  session->translated_due = G_MAXUINT64;
}
