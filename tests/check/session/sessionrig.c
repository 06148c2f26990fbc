/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A session between a recording listener and a recording server.
 */
#include "sessionrig.h"

#include <string.h>

/* Longer than any wait of the rig, so that it never decides a test. */
#define CONNECT_SECONDS 60

static const gchar *const state_names[] = { "disconnected", "connecting",
  "ready", "listening", "thinking" };

static const gchar *const fault_names[] = { "none", "settings", "dns",
  "refused", "timeout", "tls", "http", "auth", "not-found", "quota", "busy",
  "rejected", "expired", "lost", "closed", "stalled", "protocol" };

/* -- the listener --------------------------------------------------------- */

static void log_line (Rig *rig, const gchar *format, ...) G_GNUC_PRINTF (2, 3);

static void
log_line (Rig *rig, const gchar *format, ...)
{
  va_list args;
  gchar *line;

  va_start (args, format);
  line = g_strdup_vprintf (format, args);
  va_end (args);
  if (rig->quiet || rig->over)
    g_error ("called back after the end: %s", line);
  /* TAP wants short lines. */
  g_test_message ("%.300s", line);
  g_ptr_array_add (rig->log, line);
}

/* Milliseconds, "-" if not known. Valid until the fourth call after this. */
static const gchar *
time_text (guint64 ns)
{
  static gchar texts[4][40];
  static guint next;
  gchar *text = texts[next++ % G_N_ELEMENTS (texts)];

  if (ns == G_MAXUINT64)
    g_strlcpy (text, "-", sizeof texts[0]);
  else if (ns % RIG_MS == 0)
    g_snprintf (text, sizeof texts[0], "%" G_GUINT64_FORMAT, ns / RIG_MS);
  else
    g_snprintf (text, sizeof texts[0], "%" G_GUINT64_FORMAT "ns", ns);
  return text;
}

static const gchar *
id_text (const gchar *id)
{
  return id ? id : "-";
}

/* Who plays needs to know what: both ids. */
static void
check_place (const Rt2Place *place)
{
  g_assert_nonnull (place->response_id);
  g_assert_nonnull (place->item_id);
  g_assert_cmpuint (place->due, ==, G_MAXUINT64);
}

static void
on_state (gpointer owner, Rt2SessionState state)
{
  log_line (owner, "state %s", state_names[state]);
}

static Rt2UplinkPiece *
make_piece (gconstpointer bytes, gsize size, guint64 rt)
{
  Rt2UplinkPiece *piece = g_new0 (Rt2UplinkPiece, 1);

  piece->kind = RT2_UPLINK_AUDIO;
  piece->audio = g_bytes_new (bytes, size);
  piece->rt = rt;
  return piece;
}

/* 40 ms of PCM that say which piece it is. */
static Rt2UplinkPiece *
make_endless_piece (Rig *rig)
{
  guint16 samples[960];

  for (guint i = 0; i < G_N_ELEMENTS (samples); i++)
    samples[i] = GUINT16_TO_LE (rig->pulls);
  return make_piece (samples, sizeof samples, rig->pulls * 40 * RIG_MS);
}

static gboolean
on_pull (gpointer owner, Rt2UplinkPiece *piece)
{
  Rig *rig = owner;
  Rt2UplinkPiece *next;

  g_assert_false (rig->quiet || rig->over);
  g_mutex_lock (&rig->lock);
  next = g_queue_pop_head (&rig->uplink);
  g_mutex_unlock (&rig->lock);
  if (!next && rig->endless > 0) {
    next = make_endless_piece (rig);
    rig->endless--;
  }
  if (!next)
    return FALSE;
  *piece = *next;
  g_free (next);
  rig->pulls++;
  return TRUE;
}

static void
on_created (gpointer owner, const Rt2SessionInfo *info)
{
  g_assert_nonnull (info);
  log_line (owner, "created");
}

static gboolean
on_api_key (gpointer owner, const gchar *url, gchar **key)
{
  *key = g_strdup (((Rig *) owner)->key);
  return *key != NULL;
}

static void
on_configured (gpointer owner, const Rt2SessionInfo *info, gboolean reconnected)
{
  Rig *rig = owner;

  g_assert_nonnull (info);
  if (rig->key && info->json) {
    g_assert_null (strstr (info->json, rig->key));
    rig->redacted += strstr (info->json, "***") != NULL;
  }
  log_line (owner, reconnected ? "configured again" : "configured");
}

static void
note_fault (Rig *rig, const Rt2Fault *fault)
{
  g_assert_nonnull (fault);
  g_assert_nonnull (fault->message);
  rt2_fault_free (rig->fault);
  rig->fault = rt2_fault_copy (fault);
  rig->fault_time = g_get_monotonic_time ();
}

static void
on_lost (gpointer owner, const Rt2Fault *fault, guint64 delay)
{
  Rig *rig = owner;

  note_fault (rig, fault);
  rig->delay = delay;
  log_line (rig, "lost %s", fault_names[fault->kind]);
}

static void
on_turn_lost (gpointer owner, guint64 duration)
{
  log_line (owner, "turn-lost %" G_GUINT64_FORMAT, duration / RIG_MS);
}

static void
on_failed (gpointer owner, const Rt2Fault *fault)
{
  Rig *rig = owner;

  note_fault (rig, fault);
  log_line (rig, "failed %s", fault_names[fault->kind]);
  rig->over = TRUE;
}

static void
on_expiring (
    gpointer owner, guint64 expires_at, guint64 left, Rt2MoveReason reason)
{
  Rig *rig = owner;

  rig->left = left;
  log_line (rig, "expiring %s", rt2_move_reason_name (reason));
}

static void
on_moved (gpointer owner, const Rt2SessionInfo *info, const gchar *from,
    const gchar *to, Rt2MoveReason reason)
{
  g_assert_null (strpbrk (from, "?@"));
  g_assert_null (strpbrk (to, "?@"));
  log_line (owner, "moved %s %s%s", id_text (info->id),
      rt2_move_reason_name (reason),
      g_str_equal (from, to) ? "" : " elsewhere");
}

static void
on_move_failed (
    gpointer owner, const Rt2Fault *fault, Rt2MoveReason reason, gboolean again)
{
  log_line (owner, "move-failed %s %s%s", rt2_move_reason_name (reason),
      fault_names[fault->kind], again ? " again" : "");
}

static void
on_speech_started (gpointer owner, const Rt2Utterance *utterance)
{
  log_line (owner, "speech-started %s %s", id_text (utterance->item_id),
      time_text (utterance->start));
}

static void
on_speech_stopped (gpointer owner, const Rt2Utterance *utterance)
{
  log_line (owner, "speech-stopped %s %s %s", id_text (utterance->item_id),
      time_text (utterance->start), time_text (utterance->end));
}

static void
on_user_text (gpointer owner, const Rt2Utterance *utterance, const gchar *text,
    gboolean final)
{
  log_line (owner, "user-text %s %s %s %s %s", id_text (utterance->item_id),
      time_text (utterance->start), time_text (utterance->end),
      final ? "final" : "delta", id_text (text));
}

static void
on_response_started (
    gpointer owner, const gchar *response_id, Rt2Opening opening)
{
  log_line (owner, "response-started %s%s", response_id,
      opening == RT2_OPENING_GREETING         ? " greeting"
          : opening == RT2_OPENING_DISCLOSURE ? " disclosure"
                                              : "");
}

static void
on_turn_dismissed (gpointer owner, const gchar *item_id, guint64 duration)
{
  log_line (owner, "turn-dismissed %s %" G_GUINT64_FORMAT, id_text (item_id),
      duration / RIG_MS);
}

static void
on_function_call (gpointer owner, const Rt2Call *call)
{
  log_line (owner, "function-call %s %s %s", call->call_id, call->name,
      call->arguments);
}

static void
on_function_output (gpointer owner, const Rt2Call *call)
{
  log_line (owner, "function-output %s %s", call->call_id, call->output);
}

static void
on_command_failed (
    gpointer owner, const Rt2Command *command, const gchar *reason)
{
  log_line (owner, "command-failed %d %s", command->kind, reason);
}

static gboolean
on_is_protected (gpointer owner)
{
  return ((Rig *) owner)->is_protected;
}

static void
on_budget_exceeded (gpointer owner, const Rt2Spent *spent)
{
  if (spent->by_cost)
    log_line (owner, "budget-exceeded cost %" G_GUINT64_FORMAT, spent->cost);
  else
    log_line (
        owner, "budget-exceeded duration %s", time_text (spent->duration));
}

static gboolean
on_in_sentence (gpointer owner)
{
  return ((Rig *) owner)->in_sentence;
}

static guint64
on_session_time (gpointer owner)
{
  return ((Rig *) owner)->session_time;
}

static void
on_unpriced (gpointer owner, const gchar *model)
{
  log_line (owner, "unpriced %s", model);
}

static void
on_response_done (
    gpointer owner, const Rt2Response *response, gboolean out_of_band)
{
  const gchar *status = rt2_status_name (response->status);

  log_line (owner, "response-done %s %s%s%s", response->id,
      status ? status : "?", out_of_band ? " out-of-band" : "",
      rt2_session_asked_itself (((Rig *) owner)->session) ? " itself" : "");
}

static void
on_phase (gpointer owner, const gchar *item_id, Rt2Phase phase)
{
  g_assert_nonnull (item_id);
  log_line (owner, "phase %s %s", item_id, id_text (rt2_phase_name (phase)));
}

static void
on_item (
    gpointer owner, const Rt2Place *place, const Rt2Item *item, gboolean done)
{
  check_place (place);
  g_assert_cmpstr (place->item_id, ==, item->id);
  log_line (owner, "item %s %s %u %s", place->response_id, place->item_id,
      place->output_index, done ? "done" : "added");
}

static void
on_audio (gpointer owner, const Rt2Place *place, GBytes *audio)
{
  Rig *rig = owner;
  gsize size;
  gconstpointer data = g_bytes_get_data (audio, &size);

  check_place (place);
  g_byte_array_append (rig->audio, data, size);
  log_line (rig, "audio %s %s %" G_GSIZE_FORMAT, place->response_id,
      place->item_id, size);
}

static void
on_audio_done (gpointer owner, const Rt2Place *place)
{
  check_place (place);
  log_line (owner, "audio-done %s %s", place->response_id, place->item_id);
}

static void
on_text (gpointer owner, const Rt2Place *place, Rt2TextKind kind,
    const gchar *text, gboolean final)
{
  check_place (place);
  log_line (owner, "text %s %s %s %s %s", place->response_id, place->item_id,
      kind == RT2_TEXT_TEXT ? "text" : "transcript", final ? "final" : "delta",
      id_text (text));
}

static GPtrArray *
new_heard (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) rt2_heard_free);
}

static GPtrArray *
on_interrupt (gpointer owner)
{
  Rig *rig = owner;
  GPtrArray *heard = g_steal_pointer (&rig->heard);

  log_line (rig, "interrupt");
  rig->heard = new_heard ();
  return heard;
}

static void
on_server_error (gpointer owner, const Rt2ServerError *error)
{
  log_line (owner, "server-error %s", id_text (error->code));
}

static void
on_rate_limits (gpointer owner, const GPtrArray *limits)
{
  const Rt2RateLimit *first = g_ptr_array_index (limits, 0);

  log_line (owner, "rate-limits %s", first->name);
}

/* Of what, and of the silence where it is. */
static void
on_notice (gpointer owner, const Rt2Event *event, const Rt2Utterance *silence)
{
  const gchar *id = event->item_id ? event->item_id : event->response_id;

  if (event->item)
    id = event->item->id;
  if (event->response)
    id = event->response->id;
  g_assert_true ((event->type == RT2_EVENT_INPUT_TIMEOUT) == (silence != NULL));
  if (silence)
    log_line (owner, "notice %s %s %s %s", event->type_name,
        id_text (silence->item_id), time_text (silence->start),
        time_text (silence->end));
  else
    log_line (owner, "notice %s %s", event->type_name, id_text (id));
}

static void
on_server_event (gpointer owner, const gchar *json, gsize size)
{
  Rig *rig = owner;
  g_autofree gchar *text = g_strndup (json, size);

  if (rig->listens)
    log_line (rig, "server-event %s", text);
}

static void
on_drained (gpointer owner, gboolean timed_out)
{
  Rig *rig = owner;

  rig->drained_time = g_get_monotonic_time ();
  log_line (rig, timed_out ? "drained timed-out" : "drained");
}

static gboolean
on_is_playing (gpointer owner)
{
  Rig *rig = owner;

  g_assert_false (rig->quiet);
  rig->asked++;
  if (rig->playing == 0)
    return FALSE;
  rig->playing--;
  return TRUE;
}

static void
on_turn_ended (gpointer owner, guint64 speech_end)
{
  Rig *rig = owner;

  g_assert_false (rig->quiet || rig->over);
  rig->turns++;
  rig->speech_end = speech_end;
}

static void
on_updated (gpointer owner, const Rt2SessionInfo *info)
{
  g_assert_nonnull (info->json);
}

static guint64
on_running_time (gpointer owner)
{
  return ((Rig *) owner)->instant;
}

static void
on_log_failed (gpointer owner, const gchar *message)
{
  log_line (owner, "log-failed %s", message);
}

static const Rt2SessionListener listener = {
  .state = on_state,
  .api_key = on_api_key,
  .pull = on_pull,
  .created = on_created,
  .configured = on_configured,
  .updated = on_updated,
  .lost = on_lost,
  .turn_lost = on_turn_lost,
  .failed = on_failed,
  .expiring = on_expiring,
  .moved = on_moved,
  .move_failed = on_move_failed,
  .speech_started = on_speech_started,
  .speech_stopped = on_speech_stopped,
  .user_text = on_user_text,
  .turn_ended = on_turn_ended,
  .response_started = on_response_started,
  .response_done = on_response_done,
  .turn_dismissed = on_turn_dismissed,
  .function_call = on_function_call,
  .function_output = on_function_output,
  .command_failed = on_command_failed,
  .is_protected = on_is_protected,
  .budget_exceeded = on_budget_exceeded,
  .in_sentence = on_in_sentence,
  .session_time = on_session_time,
  .unpriced = on_unpriced,
  .phase = on_phase,
  .item = on_item,
  .audio = on_audio,
  .audio_done = on_audio_done,
  .text = on_text,
  .interrupt = on_interrupt,
  .server_error = on_server_error,
  .rate_limits = on_rate_limits,
  .notice = on_notice,
  .server_event = on_server_event,
  .drained = on_drained,
  .is_playing = on_is_playing,
  .running_time = on_running_time,
  .log_failed = on_log_failed,
};

/* -- the server, on its thread -------------------------------------------- */

static void
sent_event_free (gpointer data)
{
  RigEvent *event = data;

  g_free (event->type);
  json_object_unref (event->object);
  g_free (event);
}

static void
open_session (Rig *rig, TestServer *server, guint connection)
{
  gint lives = g_atomic_int_get (&rig->lives);
  gint64 end = lives ? g_get_real_time () / G_USEC_PER_SEC + lives : 0;
  g_autofree gchar *text = g_strdup_printf (
      "{\"type\":\"session.created\",\"event_id\":\"e0\",\"session\":"
      "{\"type\":\"realtime\",\"id\":\"sess_%u\",\"expires_at\":"
      "%" G_GINT64_FORMAT "}}",
      connection + 1, end);

  test_server_send (server, connection, text);
}

static void
server_opened (TestServer *server, guint connection, gpointer user_data)
{
  Rig *rig = user_data;
  gint ends = g_atomic_int_get (&rig->ends);

  if (ends < 0)
    test_server_drop (server, connection);
  else if (ends > 0)
    test_server_close (server, connection, ends, NULL);
  else if (g_atomic_int_get (&rig->creates))
    open_session (rig, server, connection);
}

/* The server's session becomes what was asked for. */
static void
accept_update (TestServer *server, guint connection, JsonObject *update)
{
  g_autofree gchar *session = rt2_json_member_text (update, "session");
  g_autofree gchar *text = g_strconcat (
      "{\"type\":\"session.updated\",\"event_id\":\"e1\",\"session\":", session,
      "}", NULL);

  test_server_send (server, connection, text);
}

static void
server_on_message (
    TestServer *server, guint connection, const gchar *text, gpointer user_data)
{
  Rig *rig = user_data;
  g_autoptr (GError) error = NULL;
  RigEvent *event = g_new0 (RigEvent, 1);

  event->object = rt2_json_parse_object (text, strlen (text), &error);
  g_assert_no_error (error);
  event->connection = connection;
  event->type = g_strdup (rt2_json_string (event->object, "type"));
  g_assert_nonnull (event->type);
  g_mutex_lock (&rig->lock);
  g_ptr_array_add (rig->sent, event);
  g_mutex_unlock (&rig->lock);
  if (g_str_equal (event->type, "session.update")
      && g_atomic_int_get (&rig->accepts))
    accept_update (server, connection, event->object);
  g_main_context_wakeup (rig->context);
}

static const TestServerScript script = {
  .opened = server_opened,
  .on_message = server_on_message,
};

/* -- life ----------------------------------------------------------------- */

static Rt2SessionOptions *
make_options (void)
{
  Rt2SessionOptions *options = rt2_session_options_new ();

  options->model = g_strdup ("gpt-realtime-2");
  options->transport->connect_timeout = CONNECT_SECONDS * RIG_S;
  options->retry_backoff_max = 20 * RIG_MS;
  return options;
}

TestServer *
rig_add_server (Rig *rig)
{
  TestServer *server = test_server_new (TEST_TLS_NONE, &script, rig);

  test_server_set_context (server, rig->context);
  return server;
}

Rig *
rig_new (void)
{
  Rig *rig = g_new0 (Rig, 1);

  rig->context = g_main_context_new ();
  g_main_context_push_thread_default (rig->context);
  g_mutex_init (&rig->lock);
  rig->sent = g_ptr_array_new_with_free_func (sent_event_free);
  g_queue_init (&rig->uplink);
  rig->log = g_ptr_array_new_with_free_func (g_free);
  rig->audio = g_byte_array_new ();
  rig->heard = new_heard ();
  rig->config = rt2_session_config_new ();
  rig->options = make_options ();
  rig->creates = rig->accepts = TRUE;
  rig->speaks_on = rig->hears_on = -1;
  rig->server = rig_add_server (rig);
  rig_set_url (rig, "");
  return rig;
}

static void
piece_free (gpointer data)
{
  Rt2UplinkPiece *piece = data;

  g_clear_pointer (&piece->audio, g_bytes_unref);
  g_clear_pointer (&piece->command, rt2_command_free);
  g_free (piece);
}

/* No timer of the session may be left behind. */
static void
check_no_timers (GMainContext *context)
{
  gint priority, timeout;

  g_assert_true (g_main_context_acquire (context));
  g_main_context_prepare (context, &priority);
  g_main_context_query (context, G_MAXINT, &timeout, NULL, 0);
  g_main_context_release (context);
  g_assert_cmpint (timeout, ==, -1);
}

void
rig_free (Rig *rig)
{
  if (!rig)
    return;
  rig_free_session (rig);
  rt2_transport_settle ();
  rig_run_idle (rig);
  check_no_timers (rig->context);
  test_server_free (rig->server);
  g_main_context_pop_thread_default (rig->context);
  g_main_context_unref (rig->context);
  g_clear_pointer (&rig->options, rt2_session_options_free);
  rt2_session_config_free (rig->config);
  rt2_fault_free (rig->fault);
  g_ptr_array_unref (rig->sent);
  g_queue_clear_full (&rig->uplink, piece_free);
  g_ptr_array_unref (rig->log);
  g_byte_array_unref (rig->audio);
  g_ptr_array_unref (rig->heard);
  g_mutex_clear (&rig->lock);
  g_free (rig);
}

void
rig_set (gint *what, gint value)
{
  g_atomic_int_set (what, value);
}

void
rig_set_url (Rig *rig, const gchar *query)
{
  g_free (rig->options->transport->url);
  rig->options->transport->url = g_strdup_printf (
      "ws://127.0.0.1:%u/v1/realtime%s", test_server_get_port (rig->server),
      query);
}

void
rig_start (Rig *rig)
{
  rig->session = rt2_session_new (
      &listener, rig, g_steal_pointer (&rig->options), rig->config);
  rt2_session_start (rig->session);
}

void
rig_start_ready (Rig *rig)
{
  rig_start (rig);
  rig_wait (rig, "state ready");
  rig_clear (rig);
}

void
rig_free_session (Rig *rig)
{
  rig->quiet = TRUE;
  g_clear_pointer (&rig->session, rt2_session_free);
}

void
rig_configure (Rig *rig)
{
  rt2_session_set_config (rig->session, rig->config);
}

/* -- the way up ----------------------------------------------------------- */

void
rig_push_piece (Rig *rig, Rt2UplinkPiece *piece)
{
  g_mutex_lock (&rig->lock);
  g_queue_push_tail (&rig->uplink, piece);
  g_mutex_unlock (&rig->lock);
  if (rig->session)
    rt2_session_wake (rig->session);
}

void
rig_push (Rig *rig, gconstpointer bytes, gsize size, guint64 rt)
{
  rig_push_piece (rig, make_piece (bytes, size, rt));
}

void
rig_push_ms (Rig *rig, guint ms, guint64 rt)
{
  gsize size = rt2_audio_format_rate (rig->config->input_format)
      * rt2_audio_format_width (rig->config->input_format) * ms / 1000;
  guint8 *bytes = g_malloc (size);

  memset (bytes, 0x55, size);
  rig_push (rig, bytes, size, rt);
  g_free (bytes);
}

void
rig_push_end (Rig *rig)
{
  Rt2UplinkPiece *piece = g_new0 (Rt2UplinkPiece, 1);

  piece->kind = RT2_UPLINK_END;
  rig_push_piece (rig, piece);
}

void
rig_finish (Rig *rig)
{
  rt2_session_finish (rig->session);
  rig_push_end (rig);
}
