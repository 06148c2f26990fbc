/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Audio turns: speech that starts and stops, commits, idle timeouts. */
#include "turns.h"

#include "call.h"
#include "hearing.h"
#include "items.h"
#include "respond.h"
#include "response.h"

#define COMMIT_MIN_MS 100

static void
send_position (Session *session, const gchar *type, const gchar *member,
    guint64 sample, const gchar *item_id)
{
  JsonObject *event = session_event (session, type);

  json_object_set_int_member (
      event, member, input_to_ms (session->input, sample));
  json_object_set_string_member (event, "item_id", item_id);
  session_send (session, event);
}

/* Makes an item of [start, end) of the input. */
static void
commit (Session *session, const gchar *item_id, guint64 start, guint64 end,
    gboolean hear)
{
  g_autoptr (GByteArray) audio = input_take (session->input, start, end);
  JsonObject *event = session_event (session, "input_audio_buffer.committed");
  Item *item = items_new_user_audio (item_id);

  item->format = session->config->input_format;
  wire_set_string (
      event, "previous_item_id", conversation_last (session->conversation));
  json_object_set_string_member (event, "item_id", item_id);
  conversation_insert (session->conversation, item, NULL);
  conversation_add_audio (session->conversation, item, audio->data, audio->len);
  session->user_turns++;
  session_send (session, event);
  session_send_item (session, "conversation.item.added", item, TRUE);
  session_send_item (session, "conversation.item.done", item, TRUE);
  if (hear)
    hearing_start (session, item);
  item_unref (item);
}

static void
on_started (guint64 start, gpointer user_data)
{
  Session *session = user_data;
  Response *response = response_find (session, NULL);

  g_free (session->speech_item_id);
  session->speech_item_id = wire_make_id (session->rand, "item");
  session->speech_start = start;
  session->idle_at = 0;
  send_position (session, "input_audio_buffer.speech_started", "audio_start_ms",
      start, session->speech_item_id);
  if (response != NULL && session->config->turns.interrupt_response)
    response_cancel (response, "turn_detected");
  if (session->call != NULL && session->config->turns.interrupt_response)
    call_cut (session->call);
}

static void
on_stopped (guint64 end, gpointer user_data)
{
  Session *session = user_data;
  g_autofree gchar *item_id = g_steal_pointer (&session->speech_item_id);

  send_position (session, "input_audio_buffer.speech_stopped", "audio_end_ms",
      end, item_id);
  commit (session, item_id, session->speech_start, end, TRUE);
  /* With interrupt_response off an answer may still be running. */
  if (session->config->kind == SESSION_REALTIME
      && session->config->turns.create_response && session->active == NULL)
    respond_alone (session, FALSE);
}

const InputListener turns_listener = { on_started, on_stopped };

gboolean
turns_commit (Session *session, Fault *fault)
{
  g_autofree gchar *item_id = NULL;
  gdouble pending = input_pending_ms (session->input);
  gchar text[G_ASCII_DTOSTR_BUF_SIZE];

  if (pending < COMMIT_MIN_MS) {
    g_ascii_formatd (text, sizeof text, "%.2f", pending);
    return fault_set (fault, "input_audio_buffer_commit_empty", NULL,
        "Error committing input audio buffer: buffer too small. Expected at "
        "least 100ms of audio, but buffer only has %sms of audio.",
        text);
  }
  item_id = g_steal_pointer (&session->speech_item_id);
  if (item_id == NULL)
    item_id = wire_make_id (session->rand, "item");
  vad_reset (&session->input->vad);
  commit (session, item_id, 0, session->input->total, TRUE);
  return TRUE;
}

void
turns_lose (Session *session)
{
  g_clear_pointer (&session->speech_item_id, g_free);
  hearing_drop (session);
  input_clear (session->input);
}

void
turns_clear (Session *session)
{
  turns_lose (session);
  session_send (session, session_event (session, "input_audio_buffer.cleared"));
}

void
turns_arm_idle (Session *session, guint64 from, guint audio_ms)
{
  const TurnSettings *turns = &session->config->turns;

  if (turns->idle_ms == 0 || session->speech_item_id != NULL)
    return;
  session->idle_at = MAX (1,
      from
          + (guint64) (audio_ms + turns->idle_ms)
              * audio_rate (session->input->format) / 1000);
}

void
turns_check_idle (Session *session)
{
  guint64 end = session->idle_at, silence;
  g_autofree gchar *item_id = NULL;
  JsonObject *event;

  if (end == 0 || session->input->total < end || session->active != NULL)
    return;
  silence = (guint64) session->config->turns.idle_ms
      * audio_rate (session->input->format) / 1000;
  session->idle_at = 0;
  item_id = wire_make_id (session->rand, "item");
  event = session_event (session, "input_audio_buffer.timeout_triggered");
  json_object_set_int_member (event, "audio_start_ms",
      input_to_ms (session->input, end - MIN (end, silence)));
  json_object_set_int_member (
      event, "audio_end_ms", input_to_ms (session->input, end));
  json_object_set_string_member (event, "item_id", item_id);
  session_send (session, event);
  commit (session, item_id, end - MIN (end, silence), end, FALSE);
  respond_alone (session, TRUE);
}

void
turns_configure (Session *session)
{
  Config *config = session->config;

  input_configure (session->input, config->input_format, &config->turns);
  if (!config->turns.listen)
    hearing_drop (session);
  /* The detector forgot speech in progress: its item will never come. */
  if (!session->input->vad.speaking && session->live == NULL)
    g_clear_pointer (&session->speech_item_id, g_free);
  if (config->turns.idle_ms == 0)
    session->idle_at = 0;
}
