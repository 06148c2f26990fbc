/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What each event of the server means for the session. One small function per
 * event; all state is that of rt2session-private.h.
 */
#include "rt2session-private.h"

#include <string.h>

/* The error for a response.create that came while another was under way. */
#define ACTIVE_RESPONSE "conversation_already_has_active_response"
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
  rt2_session_note_model (session, event->session->model);
  session->listener->created (session->owner, event->session);
  rt2_session_note_created (session, event->session);
  rt2_session_send_config (session);
}

static void
on_session_updated (Rt2Session *session, const Rt2Event *event)
{
  /* One that was not asked for may still say that what follows is noise. */
  if (!session->update_id) {
    rt2_session_check_formats (session, event->session);
    return;
  }
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

void
rt2_session_report_error (Rt2Session *session, const Rt2ServerError *error)
{
  RT2_SESSION_ASSERT_THREAD (session);
  session->listener->server_error (session->owner, error);
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
  rt2_session_update_refused (session, error->param, late_voice);
  if (!late_voice)
    rt2_session_report_error (session, error);
  rt2_session_send_config (session);
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

static void
on_rate_limits (Rt2Session *session, const Rt2Event *event)
{
  session->listener->rate_limits (session->owner, event->rate_limits);
}

/* --- items --- */

/* Some servers tell the phase of an item only here. */
static void
on_item_event (Rt2Session *session, const Rt2Event *event)
{
  rt2_session_notice_items (session, event);
  if (g_str_equal (event->item->id, RT2_SEED_NOTE_ID))
    return;
  rt2_conversation_note (
      session->conversation, event->item, event->previous_item_id, NULL, 0);
  if (event->item->phase != RT2_PHASE_UNKNOWN)
    session->listener->phase (
        session->owner, event->item->id, event->item->phase);
}

static void
on_item_deleted (Rt2Session *session, const Rt2Event *event)
{
  rt2_conversation_deleted (session->conversation, event->item_id);
}

static Rt2Opening
opening_of (const Rt2Wish *wish)
{
  if (wish && wish->kind == RT2_WISH_DISCLOSURE)
    return RT2_OPENING_DISCLOSURE;
  if (wish && wish->kind == RT2_WISH_GREETING)
    return RT2_OPENING_GREETING;
  return RT2_OPENING_NONE;
}

/* A response is under way: its first event, whichever it is. One whose reason
 * is gone, or that nobody wants to pay for, is called back. */
static void
start_response (Rt2Session *session, const gchar *id, const gchar *mark)
{
  Rt2Start start = rt2_responses_started (session->responses, id, mark);
  const Rt2Wish *wish = rt2_responses_wish_of (session->responses, id);

  session->last_word = g_get_monotonic_time ();
  if (start == RT2_START_NEW && session->spending.spent) {
    rt2_responses_kill (session->responses, id);
    start = RT2_START_VOID;
  }
  if (start == RT2_START_VOID)
    rt2_session_cancel_response (session, id);
  if (start == RT2_START_NEW && !(wish && wish->out_of_band)) {
    rt2_replay_answering (session->replay);
    session->listener->response_started (session->owner, id, opening_of (wish));
  }
}

static void
note_output (Rt2Session *session, const Rt2Item *item, const Rt2Event *event)
{
  rt2_conversation_note (session->conversation, item, NULL, event->response_id,
      event->output_index);
}

static void
report_output_item (Rt2Session *session, const Rt2Event *event, gboolean done)
{
  Rt2Place place = { event->response_id, event->item->id, event->output_index,
    G_MAXUINT64 };
  gboolean dead;

  if (!event->response_id)
    return;
  start_response (session, event->response_id, NULL);
  if (rt2_responses_is_out_of_band (session->responses, event->response_id))
    return;
  dead = rt2_responses_is_dead (session->responses, event->response_id);
  /* A call is answered in any case. */
  if (!dead || event->item->type == RT2_ITEM_FUNCTION_CALL)
    note_output (session, event->item, event);
  if (!dead) {
    session->listener->item (session->owner, &place, event->item, done);
  }
  if (done && event->item->type == RT2_ITEM_MCP_CALL)
    rt2_conversation_set_ran (session->conversation, event->item->id);
  if (done && event->item->type == RT2_ITEM_FUNCTION_CALL)
    rt2_session_on_function_call (
        session, event->item, event->response_id, dead);
}

static void
on_output_item_added (Rt2Session *session, const Rt2Event *event)
{
  rt2_session_notice_items (session, event);
  report_output_item (session, event, FALSE);
}

static void
on_output_item_done (Rt2Session *session, const Rt2Event *event)
{
  rt2_session_notice_items (session, event);
  report_output_item (session, event, TRUE);
}

/* --- responses --- */

static void
on_response_created (Rt2Session *session, const Rt2Event *event)
{
  start_response (
      session, event->response->id, event->response->client_event_id);
  rt2_responses_announced (session->responses, event->response->id);
}

static void
add_usage (Rt2Session *session, const Rt2Usage *usage)
{
  session->stats.input_tokens += usage->input;
  session->stats.output_tokens += usage->output;
  session->stats.total_tokens += usage->total;
  rt2_session_charge_response (session, usage);
}

/* What a dead response said that nobody was told of is not in anybody's
 * memory, so it must not be in the server's. What was heard of a call is for
 * others to know. */
static void
delete_unheard (Rt2Session *session, const Rt2Response *response)
{
  for (guint i = 0; i < response->output->len; i++) {
    const Rt2Item *item = g_ptr_array_index (response->output, i);
    const Rt2ConversationItem *known = rt2_conversation_find (
        session->conversation, item->id);

    if (item->type == RT2_ITEM_MESSAGE && !(known && known->response_id)
        && !rt2_session_is_deleted (session, item->id))
      rt2_session_delete_item (session, item->id);
  }
}

/* Calls that were not told of one by one. */
static void
take_calls (Rt2Session *session, const Rt2Response *response, gboolean dead)
{
  for (guint i = 0; i < response->output->len; i++) {
    const Rt2Item *item = g_ptr_array_index (response->output, i);

    if (item->type != RT2_ITEM_FUNCTION_CALL)
      continue;
    rt2_conversation_note (session->conversation, item, NULL, response->id, i);
    rt2_session_on_function_call (session, item, response->id, dead);
  }
}

static void
note_outputs (Rt2Session *session, const Rt2Response *response)
{
  for (guint i = 0; i < response->output->len; i++)
    rt2_conversation_note (session->conversation,
        g_ptr_array_index (response->output, i), NULL, response->id, i);
}

static void
conclude (Rt2Session *session, const Rt2Response *response, gboolean dead,
    gboolean apart)
{
  if (!apart) {
    take_calls (session, response, dead);
    rt2_calls_response_done (session->calls, response->id, dead);
    if (dead && !session->options->call_id)
      delete_unheard (session, response);
    else if (!dead)
      note_outputs (session, response);
  }
  session->listener->response_done (session->owner, response, apart);
}

static void
on_response_done (Rt2Session *session, const Rt2Event *event)
{
  const Rt2Response *response = event->response;
  gboolean apart = rt2_responses_is_out_of_band (
      session->responses, response->id);
  gboolean dead = rt2_responses_is_dead (session->responses, response->id);
  gboolean known = rt2_responses_is_known (session->responses, response->id);
  const Rt2Wish *wish = rt2_responses_wish_of (
      session->responses, response->id);
  gboolean summary = wish && wish->kind == RT2_WISH_SUMMARY;

  rt2_session_notice_items (session, event);
  if (!rt2_responses_ended (session->responses, response->id))
    return;
  session->stats.responses++;
  add_usage (session, &response->usage);
  if (summary)
    rt2_session_take_summary (session, response);
  if (!apart && !known)
    rt2_replay_answering (session->replay);
  if (!apart)
    rt2_replay_answered (session->replay);
  session->summary_done = summary;
  conclude (session, response, dead, apart);
  session->summary_done = FALSE;
  if (response->status == RT2_STATUS_FAILED
      && rt2_fault_code_is_fatal (response->error_code))
    rt2_session_fault (session,
        rt2_fault_from_close (
            0, NULL, response->error_code, response->error_message));
}

/* What was said before is answered, unless it is by another that is under way:
 * this one may never have been meant for it. */
static void
settle_turns (Rt2Session *session)
{
  GPtrArray *others = rt2_responses_list_active (session->responses);

  if (others->len == 0)
    rt2_replay_answered (session->replay);
  g_ptr_array_unref (others);
}

/* @id is over, though the server tells of no end. */
static void
end_response (Rt2Session *session, const gchar *id, Rt2Status status)
{
  gboolean apart = rt2_responses_is_out_of_band (session->responses, id);
  gboolean dead = rt2_responses_is_dead (session->responses, id);
  Rt2Response response = {
    .id = g_strdup (id), .status = status, .output = g_ptr_array_new ()
  };

  rt2_responses_ended (session->responses, id);
  if (!apart)
    settle_turns (session);
  conclude (session, &response, dead, apart);
  g_ptr_array_unref (response.output);
  g_free (response.id);
}

void
rt2_session_end_unannounced (Rt2Session *session, gint64 now, gint64 *next)
{
  gint64 until = session->last_word + RT2_SESSION_UNANNOUNCED_SILENCE / 1000;
  const gchar *id;

  RT2_SESSION_ASSERT_THREAD (session);
  while ((id = rt2_responses_find_unannounced (session->responses))
      && now >= until) {
    end_response (session, id, RT2_STATUS_INCOMPLETE);
    /* They waited for that, and no event may follow. */
    rt2_session_send_outputs (session);
  }
  if (id && (*next == 0 || until < *next))
    *next = until;
}

void
rt2_session_cancel_response (Rt2Session *session, const gchar *id)
{
  const gchar *mark = rt2_session_new_event_id (session);

  RT2_SESSION_ASSERT_THREAD (session);
  rt2_responses_cancelling (session->responses, id, mark);
  rt2_session_send (session, rt2_build_response_cancel (id, mark));
}

/* TRUE if what @event brings belongs to a response that is to be heard. */
static gboolean
is_wanted (Rt2Session *session, const Rt2Event *event)
{
  if (!event->response_id || !event->item_id)
    return FALSE;
  start_response (session, event->response_id, NULL);
  if (rt2_responses_is_out_of_band (session->responses, event->response_id))
    return FALSE;
  return !rt2_responses_is_dead (session->responses, event->response_id);
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
  Rt2Item unannounced = {
    .id = event->item_id, .type = RT2_ITEM_MESSAGE, .role = RT2_ROLE_ASSISTANT
  };

  session->voice_locked = TRUE;
  if (!is_wanted (session, event))
    return;
  note_latency (session);
  note_output (session, &unannounced, event);
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

/* What an answer says is known as far as it came: it may break off. */
static void
note_words (Rt2Session *session, const Rt2Event *event, Rt2TextKind kind,
    gboolean final)
{
  Rt2ConversationItem *item = rt2_conversation_find (
      session->conversation, event->item_id);

  if (!item)
    return;
  /* Written words have been read: an interruption does not take them back. */
  item->written |= kind == RT2_TEXT_TEXT;
  if (!final)
    rt2_conversation_add_text (
        session->conversation, event->item_id, event->text);
  else if (event->content_index == 0)
    rt2_conversation_set_text (
        session->conversation, event->item_id, event->text);
}

static void
report_text (Rt2Session *session, const Rt2Event *event, Rt2TextKind kind,
    gboolean final)
{
  Rt2Place place = place_of (event);

  if (!event->text || !is_wanted (session, event))
    return;
  note_words (session, event, kind, final);
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

/* --- errors --- */

/* What the refusal of one of our events means for what it was to do. */
static void
undo_event (Rt2Session *session, const Rt2ServerError *error)
{
  gboolean again = is_code (error, ACTIVE_RESPONSE);

  if (error->event_id)
    rt2_session_forget_refused (session, error->event_id);
  /* Not every server says which event it means. */
  if (error->event_id || again)
    rt2_responses_refused (session->responses, error->event_id, again);
  if (is_code (error, "input_audio_buffer_commit_empty")) {
    g_free (g_queue_pop_head (&session->commits));
    rt2_replay_refused (session->replay);
  }
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

/* Nobody else asked for that, and it is no loss but to the next server. */
static gboolean
is_about_summary (Rt2Session *session, const Rt2ServerError *error)
{
  const Rt2Wish *wish = rt2_responses_wish_marked (
      session->responses, error->event_id);

  return wish && wish->kind == RT2_WISH_SUMMARY;
}

/* The server knows nothing of the response that the event @mark was to cancel:
 * no end of it will come, or it would have come before this. */
static void
forget_cancelled (Rt2Session *session, const gchar *mark)
{
  const gchar *id = rt2_responses_find_cancelled (session->responses, mark);

  if (id)
    end_response (session, id, RT2_STATUS_CANCELLED);
}

static void
on_error (Rt2Session *session, const Rt2Event *event)
{
  const Rt2ServerError *error = event->error;
  gboolean silent;

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
  silent = is_benign (error->code) || is_about_summary (session, error);
  undo_event (session, error);
  if (is_code (error, "response_cancel_not_active"))
    forget_cancelled (session, error->event_id);
  if (silent)
    g_debug ("server: %s", error->code);
  else
    rt2_session_report_error (session, error);
}

/* --- dispatch --- */

static const Handler handlers[RT2_N_EVENTS] = {
  [RT2_EVENT_ERROR] = on_error,
  [RT2_EVENT_SESSION_CREATED] = on_session_created,
  [RT2_EVENT_SESSION_UPDATED] = on_session_updated,
  [RT2_EVENT_RATE_LIMITS_UPDATED] = on_rate_limits,
  [RT2_EVENT_SPEECH_STARTED] = rt2_session_on_speech_started,
  [RT2_EVENT_SPEECH_STOPPED] = rt2_session_on_speech_stopped,
  [RT2_EVENT_INPUT_COMMITTED] = rt2_session_on_committed,
  [RT2_EVENT_ITEM_ADDED] = on_item_event,
  [RT2_EVENT_ITEM_DONE] = on_item_event,
  [RT2_EVENT_ITEM_DELETED] = on_item_deleted,
  [RT2_EVENT_INPUT_TRANSCRIPT_DELTA] = rt2_session_on_input_transcript_delta,
  [RT2_EVENT_INPUT_TRANSCRIPT_COMPLETED] =
      rt2_session_on_input_transcript_completed,
  [RT2_EVENT_INPUT_TRANSCRIPT_FAILED] = rt2_session_on_input_transcript_failed,
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
  [RT2_EVENT_CONVERSATION_CREATED] = rt2_session_on_notice,
  [RT2_EVENT_INPUT_TIMEOUT] = rt2_session_on_input_timeout,
  [RT2_EVENT_DTMF_RECEIVED] = rt2_session_on_notice,
  [RT2_EVENT_ITEM_RETRIEVED] = rt2_session_on_notice,
  [RT2_EVENT_ITEM_TRUNCATED] = rt2_session_on_notice,
  [RT2_EVENT_INPUT_TRANSCRIPT_SEGMENT] = rt2_session_on_notice,
  [RT2_EVENT_MCP_ARGUMENTS_DONE] = rt2_session_on_notice,
  [RT2_EVENT_MCP_CALL_IN_PROGRESS] = rt2_session_on_mcp_called,
  [RT2_EVENT_MCP_CALL_COMPLETED] = rt2_session_on_mcp_called,
  [RT2_EVENT_MCP_CALL_FAILED] = rt2_session_on_mcp_called,
  [RT2_EVENT_MCP_LIST_IN_PROGRESS] = rt2_session_on_notice,
  [RT2_EVENT_MCP_LIST_COMPLETED] = rt2_session_on_mcp_listed,
  [RT2_EVENT_MCP_LIST_FAILED] = rt2_session_on_mcp_listed,
  [RT2_EVENT_OUTPUT_BUFFER_STARTED] = rt2_session_on_notice,
  [RT2_EVENT_OUTPUT_BUFFER_STOPPED] = rt2_session_on_notice,
  [RT2_EVENT_OUTPUT_BUFFER_CLEARED] = rt2_session_on_notice,
  [RT2_EVENT_SESSION_CLOSED] = rt2_session_on_closed,
  [RT2_EVENT_TRANSLATION_AUDIO_DELTA] = rt2_session_on_translated_audio,
  [RT2_EVENT_TRANSLATION_OUTPUT_DELTA] = rt2_session_on_translated_text,
  [RT2_EVENT_TRANSLATION_INPUT_DELTA] = rt2_session_on_source_text,
};

/* What only a session that translates knows: elsewhere it would speak past all
 * that keeps the books of answers. */
static gboolean
is_foreign (Rt2Session *session, Rt2EventType type)
{
  if (session->type == RT2_SESSION_TYPE_TRANSLATION)
    return FALSE;
  return type == RT2_EVENT_SESSION_CLOSED
      || type == RT2_EVENT_TRANSLATION_AUDIO_DELTA
      || type == RT2_EVENT_TRANSLATION_OUTPUT_DELTA
      || type == RT2_EVENT_TRANSLATION_INPUT_DELTA;
}

void
rt2_session_handle_message (Rt2Session *session, const gchar *text, gsize size)
{
  Rt2Keys keys = rt2_session_keys (session);
  GError *error = NULL;
  Rt2Event *event;

  RT2_SESSION_ASSERT_THREAD (session);
  if (session->listener->server_event)
    session->listener->server_event (session->owner, text, size);
  event = rt2_event_parse (text, size, &error);
  if (!event) {
    g_debug (
        "bad event of %" G_GSIZE_FORMAT " bytes: %s", size, error->message);
    g_error_free (error);
    session->stats.bad_events++;
    return;
  }
  for (guint i = 0; keys.keys[i]; i++)
    rt2_event_redact (event, keys.keys[i]);
  if (event->type == RT2_EVENT_UNKNOWN || is_foreign (session, event->type)) {
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
  RT2_SESSION_ASSERT_THREAD (session);
  g_hash_table_remove_all (session->transcripts);
  g_hash_table_remove_all (session->utterances);
  rt2_shown_disconnected (session->shown);
  g_hash_table_remove_all (session->deleted);
  session->turn_end = 0;
  session->closed = FALSE;
  session->translated = 0;
  session->translated_due = G_MAXUINT64;
}
