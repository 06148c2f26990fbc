/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Another listener on the rig.
 */
#include "typerig.h"

#include <string.h>

#define BYTES_PER_MS 48

static const gchar *const state_names[] = { "disconnected", "connecting",
  "ready", "listening", "thinking" };

/* -- the listener --------------------------------------------------------- */

static void log_line (TypeRig *t, const gchar *format, ...)
    G_GNUC_PRINTF (2, 3);

static void
log_line (TypeRig *t, const gchar *format, ...)
{
  va_list args;
  gchar *line;

  va_start (args, format);
  line = g_strdup_vprintf (format, args);
  va_end (args);
  if (t->rig->quiet || t->rig->over)
    g_error ("called back after the end: %s", line);
  g_test_message ("%s", line);
  g_ptr_array_add (t->rig->log, line);
}

/* Valid until the fourth call after this. */
static const gchar *
ms_text (guint64 ns)
{
  static gchar texts[4][32];
  static guint next;
  gchar *text = texts[next++ % G_N_ELEMENTS (texts)];

  if (ns == G_MAXUINT64)
    g_strlcpy (text, "-", sizeof texts[0]);
  else
    g_snprintf (text, sizeof texts[0], "%" G_GUINT64_FORMAT, ns / RIG_MS);
  return text;
}

/* The number of @id. */
static guint
number_of (TypeRig *t, const gchar *id)
{
  g_assert_nonnull (id);
  for (guint i = 0; i < t->ids->len; i++)
    if (g_str_equal (g_ptr_array_index (t->ids, i), id))
      return i + 1;
  g_ptr_array_add (t->ids, g_strdup (id));
  return t->ids->len;
}

static void
on_state (gpointer owner, Rt2SessionState state)
{
  log_line (owner, "state %s", state_names[state]);
}

static gboolean
on_api_key (gpointer owner, const gchar *url, gchar **key)
{
  TypeRig *t = owner;

  *key = g_strdup_printf ("sk-try-%u", t->keys++);
  return TRUE;
}

static GBytes *
loud_bytes (guint ms, gboolean loud)
{
  gsize n = ms * BYTES_PER_MS / 2;
  gint16 *samples = g_new0 (gint16, n);

  for (gsize i = 0; loud && i < n; i++)
    samples[i] = GINT16_TO_LE (i % 10 < 5 ? 8000 : -8000);
  return g_bytes_new_take (samples, n * 2);
}

static gboolean
on_pull (gpointer owner, Rt2UplinkPiece *piece)
{
  Rig *rig = ((TypeRig *) owner)->rig;
  Rt2UplinkPiece *next;

  g_assert_false (rig->quiet || rig->over);
  g_mutex_lock (&rig->lock);
  next = g_queue_pop_head (&rig->uplink);
  g_mutex_unlock (&rig->lock);
  if (next) {
    *piece = *next;
    g_free (next);
  } else if (rig->endless > 0) {
    rig->endless--;
    *piece = (Rt2UplinkPiece){ RT2_UPLINK_AUDIO, loud_bytes (40, TRUE),
      rig->pulls * 40 * RIG_MS };
  } else {
    return FALSE;
  }
  rig->pulls++;
  return TRUE;
}

static void
on_created (gpointer owner, const Rt2SessionInfo *info)
{
}

static void
on_configured (gpointer owner, const Rt2SessionInfo *info, gboolean reconnected)
{
  log_line (owner, reconnected ? "configured again" : "configured");
}

static void
note_fault (TypeRig *t, const Rt2Fault *fault)
{
  rt2_fault_free (t->rig->fault);
  t->rig->fault = rt2_fault_copy (fault);
}

static void
on_lost (gpointer owner, const Rt2Fault *fault, guint64 delay)
{
  note_fault (owner, fault);
  log_line (owner, "lost");
}

static void
on_failed (gpointer owner, const Rt2Fault *fault)
{
  TypeRig *t = owner;

  note_fault (t, fault);
  log_line (t, "failed");
  t->rig->over = TRUE;
}

static void
on_speech_started (gpointer owner, const Rt2Utterance *utterance)
{
  log_line (owner, "speech-started #%u %s",
      number_of (owner, utterance->item_id), ms_text (utterance->start));
}

static void
on_speech_stopped (gpointer owner, const Rt2Utterance *utterance)
{
  log_line (owner, "speech-stopped #%u %s %s",
      number_of (owner, utterance->item_id), ms_text (utterance->start),
      ms_text (utterance->end));
}

static void
on_user_text (gpointer owner, const Rt2Utterance *utterance, const gchar *text,
    gboolean final)
{
  TypeRig *t = owner;

  if (final) {
    t->start = utterance->start;
    t->end = utterance->end;
  }
  log_line (t, "user-text #%u %s %s %s %s", number_of (t, utterance->item_id),
      ms_text (utterance->start), ms_text (utterance->end),
      final ? "final" : "delta", text ? text : "(said)");
}

static void
on_response_started (
    gpointer owner, const gchar *response_id, Rt2Opening opening)
{
  log_line (owner, "response-started %s", response_id);
}

static void
on_turn_dismissed (gpointer owner, const gchar *item_id, guint64 duration)
{
  log_line (owner, "turn-dismissed %s", item_id);
}

static void
on_function_call (gpointer owner, const Rt2Call *call)
{
  log_line (owner, "function-call %s", call->call_id);
}

static void
on_function_output (gpointer owner, const Rt2Call *call)
{
  log_line (owner, "function-output %s", call->call_id);
}

static void
on_command_failed (
    gpointer owner, const Rt2Command *command, const gchar *reason)
{
  log_line (owner, "command-failed %s", reason);
}

static void
on_response_done (
    gpointer owner, const Rt2Response *response, gboolean out_of_band)
{
  log_line (owner, "response-done %s", response->id);
}

static void
on_phase (gpointer owner, const gchar *item_id, Rt2Phase phase)
{
}

static void
on_item (
    gpointer owner, const Rt2Place *place, const Rt2Item *item, gboolean done)
{
}

static void
on_audio (gpointer owner, const Rt2Place *place, GBytes *audio)
{
  log_line (owner, "audio #%u %" G_GSIZE_FORMAT " %s",
      number_of (owner, place->item_id), g_bytes_get_size (audio),
      ms_text (place->due));
}

static void
on_audio_done (gpointer owner, const Rt2Place *place)
{
  log_line (owner, "audio-done #%u", number_of (owner, place->item_id));
}

static void
on_text (gpointer owner, const Rt2Place *place, Rt2TextKind kind,
    const gchar *text, gboolean final)
{
  log_line (owner, "text #%u %s %s %s", number_of (owner, place->item_id),
      final ? "final" : "delta", ms_text (place->due), text ? text : "(said)");
}

static GPtrArray *
on_interrupt (gpointer owner)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) rt2_heard_free);
}

static void
on_server_error (gpointer owner, const Rt2ServerError *error)
{
  log_line (owner, "server-error %s", error->code);
}

static void
on_rate_limits (gpointer owner, const GPtrArray *limits)
{
  const Rt2RateLimit *first = g_ptr_array_index (limits, 0);

  log_line (owner, "rate-limits %s", first->name);
}

static void
on_drained (gpointer owner, gboolean timed_out)
{
  log_line (owner, timed_out ? "drained timed-out" : "drained");
}

static gboolean
on_is_playing (gpointer owner)
{
  return FALSE;
}

static void
on_updated (gpointer owner, const Rt2SessionInfo *info)
{
  g_assert_nonnull (info->json);
}

static const Rt2SessionListener listener = {
  .state = on_state,
  .api_key = on_api_key,
  .pull = on_pull,
  .created = on_created,
  .configured = on_configured,
  .updated = on_updated,
  .lost = on_lost,
  .failed = on_failed,
  .speech_started = on_speech_started,
  .speech_stopped = on_speech_stopped,
  .user_text = on_user_text,
  .response_started = on_response_started,
  .response_done = on_response_done,
  .turn_dismissed = on_turn_dismissed,
  .function_call = on_function_call,
  .function_output = on_function_output,
  .command_failed = on_command_failed,
  .phase = on_phase,
  .item = on_item,
  .audio = on_audio,
  .audio_done = on_audio_done,
  .text = on_text,
  .interrupt = on_interrupt,
  .server_error = on_server_error,
  .rate_limits = on_rate_limits,
  .drained = on_drained,
  .is_playing = on_is_playing,
};

/* -- life ----------------------------------------------------------------- */

TypeRig *
typerig_new (Rt2SessionType type, const gchar *model)
{
  TypeRig *t = g_new0 (TypeRig, 1);

  t->rig = rig_new ();
  t->ids = g_ptr_array_new_with_free_func (g_free);
  t->rig->config->type = type;
  t->rig->config->model = g_strdup (model);
  g_free (t->rig->options->model);
  t->rig->options->model = g_strdup (model);
  return t;
}

void
typerig_free (TypeRig *t)
{
  if (!t)
    return;
  rig_free (t->rig);
  g_ptr_array_unref (t->ids);
  g_free (t);
}

void
typerig_start (TypeRig *t)
{
  Rig *rig = t->rig;

  rig->session = rt2_session_new (
      &listener, t, g_steal_pointer (&rig->options), rig->config);
  rt2_session_start (rig->session);
}

void
typerig_start_ready (TypeRig *t)
{
  typerig_start (t);
  rig_wait (t->rig, "state ready");
  rig_clear (t->rig);
}

/* -- the way up ----------------------------------------------------------- */

void
typerig_push (TypeRig *t, guint ms, guint64 *rt, gboolean loud)
{
  for (; ms > 0; ms -= MIN (ms, 40)) {
    guint piece = MIN (ms, 40);
    g_autoptr (GBytes) bytes = loud_bytes (piece, loud);
    gsize size;
    gconstpointer data = g_bytes_get_data (bytes, &size);

    rig_push (t->rig, data, size, *rt);
    *rt += piece * RIG_MS;
  }
}

/* Appends the audio of @event, if it has some, to @all. */
static void
take_audio (GByteArray *all, const RigEvent *event)
{
  g_autofree guchar *bytes = NULL;
  gsize size;

  if (!g_str_has_suffix (event->type, "input_audio_buffer.append"))
    return;
  bytes = g_base64_decode (rt2_json_string (event->object, "audio"), &size);
  g_byte_array_append (all, bytes, size);
}

GByteArray *
typerig_dup_audio (TypeRig *t)
{
  GByteArray *all = g_byte_array_new ();
  Rig *rig = t->rig;

  g_mutex_lock (&rig->lock);
  for (guint i = rig->sent_from; i < rig->sent->len; i++)
    take_audio (all, g_ptr_array_index (rig->sent, i));
  g_mutex_unlock (&rig->lock);
  return all;
}

guint
typerig_ms_before (TypeRig *t, const gchar *type, guint n)
{
  g_autoptr (GByteArray) all = g_byte_array_new ();
  Rig *rig = t->rig;
  guint ms = G_MAXUINT;

  g_mutex_lock (&rig->lock);
  for (guint i = rig->sent_from; i < rig->sent->len && ms == G_MAXUINT; i++) {
    const RigEvent *event = g_ptr_array_index (rig->sent, i);

    take_audio (all, event);
    if (g_str_equal (event->type, type) && n-- == 0)
      ms = all->len / BYTES_PER_MS;
  }
  g_mutex_unlock (&rig->lock);
  g_assert_cmpuint (ms, !=, G_MAXUINT);
  return ms;
}

void
typerig_wait_audio (TypeRig *t, guint ms)
{
  gint64 deadline = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;
  gsize size;

  do {
    g_autoptr (GByteArray) all = typerig_dup_audio (t);

    size = all->len;
    if (size < ms * BYTES_PER_MS)
      rig_run_for (t->rig, 5);
  } while (size < ms * BYTES_PER_MS && g_get_monotonic_time () < deadline);
  g_assert_cmpuint (size, >=, ms * BYTES_PER_MS);
}

/* -- what the server says ------------------------------------------------- */

void
typerig_say_audio (TypeRig *t, guint ms)
{
  g_autofree guchar *bytes = g_malloc0 (ms * BYTES_PER_MS);
  g_autofree gchar *delta = g_base64_encode (bytes, ms * BYTES_PER_MS);

  /* The time that it says is wrong, as measured. */
  rig_send (t->rig,
      "{\"type\":\"session.output_audio.delta\",\"event_id\":\"e\",\"delta\":"
      "\"%s\",\"sample_rate\":24000,\"channels\":1,\"format\":\"pcm16\","
      "\"elapsed_ms\":77777}",
      delta);
}

void
typerig_say_words (
    TypeRig *t, const gchar *side, const gchar *words, gint elapsed_ms)
{
  g_autofree gchar *elapsed = elapsed_ms < 0
      ? g_strdup ("null")
      : g_strdup_printf ("%d", elapsed_ms);

  rig_send (t->rig,
      "{\"type\":\"session.%s_transcript.delta\",\"event_id\":\"e\","
      "\"delta\":\"%s\",\"elapsed_ms\":%s}",
      side, words, elapsed);
}
