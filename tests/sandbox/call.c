/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A telephone call that a sideband connection looks at: the caller speaks the
 * script's turns, and the sound of the answers goes to the caller only. */
#include "call.h"

#include <string.h>

#include "turns.h"
#include "voice.h"

/* How long the caller waits for a session.update, and between turns. */
#define PATIENCE_MS 2000
#define GAP_MS 400
/* The line carries a packet of this size at a time. */
#define PACKET_MS 20
/* Of speech that the script does not tell. */
#define SPEECH_MS 1000

struct _Call {
  Session *session;
  GSource *timer;    /* of the next packet */
  GByteArray *voice; /* of the caller, coded as the session wants; or NULL */
  gsize spoken;      /* bytes of it */
  gboolean asked;    /* the voice is being made */
  gboolean waiting;  /* for an answer to it */
  guint quiet_ms;    /* since anybody was heard */
  GCancellable *cancellable;

  gchar *playing;     /* response that the caller hears, or NULL */
  gint64 play_end_us; /* monotonic time when its sound so far ends */
  GSource *drain;     /* no more of it will come */
};

static void
stop (GSource **timer)
{
  if (*timer != NULL)
    g_source_destroy (*timer);
  g_clear_pointer (timer, g_source_unref);
}

Call *
call_new (Session *session)
{
  Call *call = g_new0 (Call, 1);

  call->session = session;
  call->cancellable = g_cancellable_new ();
  return call;
}

void
call_free (Call *call)
{
  stop (&call->timer);
  stop (&call->drain);
  g_cancellable_cancel (call->cancellable);
  g_object_unref (call->cancellable);
  g_clear_pointer (&call->voice, g_byte_array_unref);
  g_free (call->playing);
  g_free (call);
}

/* ---- what the caller says ---- */

typedef struct {
  Call *call; /* valid unless cancelled */
  Host *host;
  GPtrArray *lines; /* one VoiceLine */
  GCancellable *cancellable;
} VoiceCall;

static void
voice_made (GObject *source, GAsyncResult *result, gpointer data)
{
  VoiceCall *job = data;
  VoiceLine *line = g_ptr_array_index (job->lines, 0);
  gboolean fine = voice_say_finish (result, NULL);

  job->host->voices_at_work--;
  if (!g_cancellable_is_cancelled (job->cancellable)) {
    job->call->asked = FALSE;
    job->call->voice = fine ? g_steal_pointer (&line->audio)
                            : g_byte_array_new ();
    job->call->spoken = 0;
  }
  g_ptr_array_unref (job->lines);
  g_object_unref (job->cancellable);
  g_free (job);
}

static void
ask_for_voice (Call *call, const ScriptTurn *turn)
{
  g_autofree gchar *text = script_dup_heard (turn);
  gint64 ms = wire_integer (
      turn->json, "hear_ms", text != NULL ? -1 : SPEECH_MS);
  VoiceCall *job = g_new0 (VoiceCall, 1);

  job->call = call;
  job->host = call->session->host;
  job->cancellable = g_object_ref (call->cancellable);
  job->lines = g_ptr_array_new_with_free_func (
      (GDestroyNotify) voice_line_free);
  g_ptr_array_add (job->lines, voice_line_new (text, ms));
  call->asked = TRUE;
  call->waiting = TRUE;
  job->host->voices_at_work++;
  voice_say_async (job->lines, "cedar", 1, call->session->config->input_format,
      call->cancellable, voice_made, job);
}

static gboolean
is_quiet (Call *call)
{
  return call->voice == NULL && !call->asked && !call->waiting
      && call->session->active == NULL && call->playing == NULL;
}

/* The next packet of the caller's voice or of silence; transfer full. */
static GByteArray *
next_packet (Call *call)
{
  AudioFormat format = call->session->config->input_format;
  gsize n_samples = audio_rate (format) * PACKET_MS / 1000;
  gsize size = n_samples * audio_sample_bytes (format);
  g_autofree gint16 *silence = g_new0 (gint16, n_samples);
  GByteArray *packet = g_byte_array_new ();

  audio_encode (format, silence, n_samples, packet);
  if (call->voice == NULL)
    return packet;
  size = MIN (size, call->voice->len - call->spoken);
  if (size > 0)
    memcpy (packet->data, call->voice->data + call->spoken, size);
  call->spoken += size;
  if (call->spoken == call->voice->len)
    g_clear_pointer (&call->voice, g_byte_array_unref);
  return packet;
}

/* Faster than real time only while something is to be said. */
static guint
packet_time (Call *call, gboolean over)
{
  gdouble pace = call->session->host->pace;

  if (over)
    return PACKET_MS;
  return pace > 0 ? MAX (1, PACKET_MS / pace) : 1;
}

static gboolean
carry (gpointer data)
{
  Call *call = data;
  Session *session = call->session;
  const ScriptTurn *turn = script_peek (session->cursor);
  g_autoptr (GByteArray) packet = NULL;

  call->quiet_ms = is_quiet (call) ? call->quiet_ms + PACKET_MS : 0;
  if (call->quiet_ms >= GAP_MS && turn != NULL)
    ask_for_voice (call, turn);
  packet = next_packet (call);
  stop (&call->timer);
  call->timer = session_later (
      packet_time (call, turn == NULL && !call->waiting), carry, call);
  input_append (session->input, packet->data, packet->len);
  turns_check_idle (session);
  return G_SOURCE_REMOVE;
}

void
call_begin (Call *call)
{
  call->timer = session_later (PATIENCE_MS, carry, call);
}

void
call_go_on (Call *call)
{
  /* Once the line carries anything this is only a packet early. */
  if (call->session->input->total > 0)
    return;
  stop (&call->timer);
  call->timer = session_later (0, carry, call);
}

void
call_answered (Call *call)
{
  call->waiting = FALSE;
}

/* ---- what the caller hears ---- */

static void
tell (Call *call, const gchar *type, const gchar *response_id)
{
  JsonObject *event = session_event (call->session, type);

  json_object_set_string_member (event, "response_id", response_id);
  session_send (call->session, event);
}

static void
end_playing (Call *call, const gchar *type)
{
  g_autofree gchar *response_id = g_steal_pointer (&call->playing);

  stop (&call->drain);
  tell (call, type, response_id);
}

static gboolean
drained (gpointer data)
{
  end_playing (data, "output_audio_buffer.stopped");
  return G_SOURCE_REMOVE;
}

void
call_play (Call *call, const gchar *response_id, guint ms)
{
  if (g_strcmp0 (call->playing, response_id) != 0) {
    if (call->playing != NULL)
      drained (call);
    call->playing = g_strdup (response_id);
    call->play_end_us = g_get_monotonic_time ();
    tell (call, "output_audio_buffer.started", response_id);
  }
  call->play_end_us += (gint64) ms * 1000;
}

void
call_played (Call *call, const gchar *response_id)
{
  gint64 left;

  if (g_strcmp0 (call->playing, response_id) != 0)
    return;
  left = call->play_end_us - g_get_monotonic_time ();
  call->drain = session_later (MAX (left, 0) / 1000, drained, call);
}

void
call_cut (Call *call)
{
  if (call->playing != NULL)
    end_playing (call, "output_audio_buffer.cleared");
}
