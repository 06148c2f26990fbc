/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The session: connection, configuration, the user's audio on its way up, and
 * the end of the conversation.
 */
#include "rt2session-private.h"

#include <string.h>

#include "rt2json.h"

/* Pieces sent in one go before the loop gets to look at other things. */
#define PIECES_PER_TURN 32
#define NS_PER_US 1000
#define FOREVER (-1)

/* --- options --- */

Rt2SessionOptions *
rt2_session_options_new (void)
{
  Rt2SessionOptions *options = g_new0 (Rt2SessionOptions, 1);

  options->transport = rt2_transport_config_new ();
  options->retries = RT2_RETRIES_AUTO;
  options->eos_silence = G_MAXUINT64;
  return options;
}

void
rt2_session_options_free (Rt2SessionOptions *options)
{
  rt2_transport_config_free (options->transport);
  g_free (options->model);
  g_free (options);
}

/* --- small things --- */

gchar *
rt2_session_new_event_id (Rt2Session *session)
{
  return g_strdup_printf ("rt2-%" G_GUINT64_FORMAT, session->next_id++);
}

void
rt2_session_send (Rt2Session *session, gchar *json)
{
  rt2_transport_send (session->transport, json);
  g_free (json);
}

static Rt2SessionState
current_state (Rt2Session *session)
{
  if (!session->configured)
    return RT2_SESSION_CONNECTING;
  if (session->speech_open)
    return RT2_SESSION_LISTENING;
  if (rt2_responses_is_busy (session->responses))
    return RT2_SESSION_THINKING;
  return RT2_SESSION_READY;
}

static void
set_state (Rt2Session *session, Rt2SessionState state)
{
  if (session->state == state)
    return;
  session->state = state;
  session->listener->state (session->owner, state);
}

void
rt2_session_update_state (Rt2Session *session)
{
  set_state (session, current_state (session));
}

static void
publish_stats (Rt2Session *session)
{
  session->stats.appended = rt2_input_clock_total (session->clock);
  rt2_transport_get_stats (session->transport, &session->stats.transport);
  g_mutex_lock (&session->lock);
  session->published = session->stats;
  g_mutex_unlock (&session->lock);
}

static void
clear_source (GSource **source)
{
  if (!*source)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

/* Calls @func once on the session's thread in @ns; replaces what *source was.
 */
static void
arm (Rt2Session *session, GSource **source, guint64 ns, GSourceFunc func)
{
  guint64 ms = (ns + 999999) / 1000000;

  clear_source (source);
  *source = g_timeout_source_new (MIN (ms, G_MAXUINT));
  g_source_set_callback (*source, func, session, NULL);
  g_source_attach (*source, session->context);
}

/* --- the end of the conversation --- */

/* How many us from now on the end must be looked at again; 0 = it is here. */
static gint64
time_to_settle (Rt2Session *session, gint64 now)
{
  gint64 turn_grace = RT2_SESSION_TURN_GRACE / NS_PER_US;
  gint64 transcript_grace = RT2_SESSION_TRANSCRIPT_GRACE / NS_PER_US;

  if (session->finish != RT2_FINISH_WAITING || session->speech_open
      || !session->configured || rt2_responses_is_busy (session->responses)) {
    session->settled_since = 0;
    return G_MAXINT64;
  }
  if (session->settled_since == 0)
    session->settled_since = now;
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

static gboolean on_finish_timer (gpointer data);

static void
check_finish (Rt2Session *session)
{
  gint64 now = g_get_monotonic_time ();
  gint64 settle, timeout;

  clear_source (&session->finish_timer);
  if (session->finish == RT2_FINISH_NONE || session->finish == RT2_FINISH_DONE)
    return;
  settle = time_to_settle (session, now);
  timeout = time_to_timeout (session, now);
  if (settle == 0 || timeout == 0) {
    session->finish = RT2_FINISH_DONE;
    session->listener->drained (session->owner, settle != 0);
    return;
  }
  /* Whether speech plays is asked at least every second. */
  arm (session, &session->finish_timer,
      MIN (MIN (settle, timeout), G_USEC_PER_SEC) * NS_PER_US, on_finish_timer);
}

static gboolean
on_finish_timer (gpointer data)
{
  check_finish (data);
  return G_SOURCE_REMOVE;
}

static void
append_audio (Rt2Session *session, const guint8 *data, gsize size, guint64 rt)
{
  guint64 duration = rt2_audio_format_bytes_to_ns (
      session->config->input_format, size);
  GString *json = g_string_sized_new (size * 4 / 3 + 64);

  rt2_build_append (json, data, size);
  rt2_transport_send (session->transport, json->str);
  g_string_free (json, TRUE);
  rt2_input_clock_append (session->clock, rt, duration);
  session->uncommitted += duration;
}

/* Lets the server's VAD hear that the user is done. */
static void
append_silence (Rt2Session *session, guint64 duration)
{
  Rt2AudioFormat format = session->config->input_format;
  guint64 samples = rt2_audio_format_ns_to_samples (format, duration);
  guint64 left = samples * rt2_audio_format_width (format);
  gsize piece = rt2_audio_format_rate (format) / 10
      * rt2_audio_format_width (format);
  guint8 *silence = g_malloc (piece);

  memset (silence, rt2_audio_format_silence (format), piece);
  while (left > 0) {
    gsize size = MIN (left, piece);

    append_audio (session, silence, size, G_MAXUINT64);
    left -= size;
  }
  g_free (silence);
}

static void
commit_turn (Rt2Session *session)
{
  rt2_session_send (
      session, rt2_build_commit (rt2_session_new_event_id (session)));
  session->uncommitted = 0;
  session->speech_open = FALSE;
  session->turn_end = g_get_monotonic_time ();
  rt2_responses_want (session->responses);
  rt2_session_send_wish (session);
}

/* All of the user's audio is sent: closes the turn that may be open. */
static void
end_uplink (Rt2Session *session)
{
  guint64 silence = session->options->eos_silence;

  if (session->finish >= RT2_FINISH_WAITING)
    return;
  switch (session->config->turn_detection) {
    case RT2_TURN_DETECTION_SERVER_VAD:
      if (silence == G_MAXUINT64)
        silence = session->config->vad_silence_duration + 200000000;
      if (session->uncommitted > 0)
        append_silence (session, silence);
      break;
    case RT2_TURN_DETECTION_SEMANTIC_VAD:
      if (silence != G_MAXUINT64 && session->uncommitted > 0)
        append_silence (session, silence);
      if (session->speech_open)
        commit_turn (session);
      break;
    case RT2_TURN_DETECTION_NONE:
      if (session->uncommitted >= RT2_SESSION_COMMIT_MIN)
        commit_turn (session);
      break;
  }
  session->finish = RT2_FINISH_WAITING;
  session->last_turn = g_get_monotonic_time ();
}

void
rt2_session_send_wish (Rt2Session *session)
{
  if (session->configured && rt2_responses_take_wish (session->responses))
    rt2_session_send (session,
        rt2_build_response_create (rt2_session_new_event_id (session)));
}

/* --- the way up --- */

static gboolean
may_send_audio (Rt2Session *session)
{
  return session->configured && !session->format_pending
      && session->finish < RT2_FINISH_WAITING
      && rt2_transport_is_writable (session->transport);
}

void
rt2_session_pump (Rt2Session *session)
{
  Rt2UplinkPiece piece;

  for (guint n = 0; may_send_audio (session); n++) {
    if (n == PIECES_PER_TURN) {
      rt2_session_wake (session);
      return;
    }
    if (!session->listener->pull (session->owner, &piece))
      return;
    session->last_alive = g_get_monotonic_time ();
    if (piece.kind == RT2_UPLINK_END) {
      end_uplink (session);
      return;
    }
    append_audio (session, g_bytes_get_data (piece.audio, NULL),
        g_bytes_get_size (piece.audio), piece.rt);
    g_bytes_unref (piece.audio);
  }
}

/* --- configuration --- */

/* Whether both say the same. */
static gboolean
equal_objects (JsonObject *a, JsonObject *b)
{
  gchar *text_a = rt2_json_to_text (a);
  gchar *text_b = rt2_json_to_text (b);
  gboolean equal = g_str_equal (text_a, text_b);

  g_free (text_a);
  g_free (text_b);
  return equal;
}

void
rt2_session_send_config (Rt2Session *session)
{
  JsonObject *now;

  if (!session->created || session->update_id)
    return;
  now = rt2_session_config_build (session->config, !session->voice_locked);
  if (session->sent_config) {
    rt2_session_config_clear_missing (now, session->sent_config);
    if (equal_objects (now, session->sent_config)) {
      json_object_unref (now);
      return;
    }
    json_object_unref (session->sent_config);
  }
  session->sent_config = now;
  session->update_id = rt2_session_new_event_id (session);
  rt2_session_send (
      session, rt2_build_session_update (now, session->update_id));
}

static void
take_config (Rt2Session *session, Rt2SessionConfig *config)
{
  if (config->input_format != session->config->input_format)
    session->format_pending = session->configured;
  rt2_session_config_free (session->config);
  session->config = config;
  rt2_session_send_config (session);
}

static Rt2Fault *
check_format (const gchar *direction, gboolean has, Rt2AudioFormat format,
    Rt2AudioFormat wanted)
{
  if (!has || format == wanted)
    return NULL;
  return rt2_fault_new (RT2_FAULT_SETTINGS,
      "The server set the %s audio to %s instead of %s.", direction,
      rt2_audio_format_name (format), rt2_audio_format_name (wanted));
}

void
rt2_session_configured (Rt2Session *session, const Rt2SessionInfo *info)
{
  gboolean first = !session->configured;
  gboolean reconnected = session->ever_configured;
  Rt2Fault *fault = check_format ("input", info->has_input_format,
      info->input_format, session->config->input_format);

  if (!fault)
    fault = check_format ("output", info->has_output_format,
        info->output_format, session->config->output_format);
  if (fault) {
    rt2_session_fault (session, fault);
    return;
  }
  session->format_pending = FALSE;
  session->configured = TRUE;
  session->ever_configured = TRUE;
  session->attempts = 0;
  if (first) {
    clear_source (&session->timer);
    session->listener->configured (session->owner, info, reconnected);
  }
  rt2_session_send_wish (session);
  rt2_session_pump (session);
}

/* --- the connection --- */

static gboolean
on_configure_timeout (gpointer data)
{
  Rt2Session *session = data;

  clear_source (&session->timer);
  rt2_session_fault (session,
      rt2_fault_new (RT2_FAULT_TIMEOUT,
          "The server took the connection but %s within the time allowed.",
          session->created ? "did not accept the configuration"
                           : "opened no session"));
  return G_SOURCE_REMOVE;
}

static void
on_opened (gpointer user_data)
{
  Rt2Session *session = user_data;

  if (session->options->transport->connect_timeout > 0)
    arm (session, &session->timer, session->options->transport->connect_timeout,
        on_configure_timeout);
}

static void
after_event (Rt2Session *session)
{
  rt2_session_send_wish (session);
  if (session->state != RT2_SESSION_DISCONNECTED)
    rt2_session_update_state (session);
  check_finish (session);
  publish_stats (session);
}

static void
on_message (gpointer user_data, const gchar *text, gsize size)
{
  Rt2Session *session = user_data;

  session->last_alive = g_get_monotonic_time ();
  rt2_session_handle_message (session, text, size);
  after_event (session);
}

static void
on_writable (gpointer user_data)
{
  Rt2Session *session = user_data;

  rt2_session_pump (session);
  after_event (session);
}

/* A close is explained best by the `error` event before it. */
static Rt2Fault *
explain_fault (Rt2Session *session, const Rt2Fault *fault)
{
  if (!session->error_code)
    return rt2_fault_copy (fault);
  return rt2_fault_from_close (fault->close_code, fault->debug,
      session->error_code, session->error_message);
}

static void
on_closed (gpointer user_data, const Rt2Fault *fault)
{
  Rt2Session *session = user_data;

  rt2_session_fault (session, explain_fault (session, fault));
  check_finish (session);
  publish_stats (session);
}

static const Rt2TransportListener transport_listener = {
  .opened = on_opened,
  .message = on_message,
  .writable = on_writable,
  .closed = on_closed,
};

static void
reset_connection (Rt2Session *session)
{
  clear_source (&session->timer);
  g_clear_pointer (&session->error_code, g_free);
  g_clear_pointer (&session->error_message, g_free);
  g_clear_pointer (&session->sent_config, json_object_unref);
  g_clear_pointer (&session->update_id, g_free);
  session->created = FALSE;
  session->configured = FALSE;
  session->format_pending = FALSE;
  session->voice_locked = FALSE;
  session->uncommitted = 0;
  session->speech_open = FALSE;
  rt2_input_clock_reset (session->clock);
  rt2_responses_reset (session->responses);
  rt2_conversation_clear (session->conversation);
  rt2_session_reset_events (session);
}

static gchar *
build_url (const gchar *base, const gchar *model)
{
  gchar *escaped, *url;

  if (!model || !*model || strstr (base, "?model=") || strstr (base, "&model="))
    return g_strdup (base);
  escaped = g_uri_escape_string (model, NULL, FALSE);
  url = g_strconcat (
      base, strchr (base, '?') ? "&" : "?", "model=", escaped, NULL);
  g_free (escaped);
  return url;
}

static void
connect_now (Rt2Session *session)
{
  Rt2TransportConfig *config = rt2_transport_config_copy (
      session->options->transport);
  gchar *url = build_url (
      config->url ? config->url : "", session->options->model);

  g_free (config->url);
  config->url = url;
  set_state (session, RT2_SESSION_CONNECTING);
  rt2_transport_connect (session->transport, config);
  rt2_transport_config_free (config);
}

static gboolean
on_retry (gpointer data)
{
  Rt2Session *session = data;

  clear_source (&session->timer);
  session->stats.reconnects++;
  connect_now (session);
  return G_SOURCE_REMOVE;
}

void
rt2_session_fault (Rt2Session *session, Rt2Fault *fault)
{
  guint64 delay;

  rt2_transport_close (session->transport);
  reset_connection (session);
  session->attempts++;
  if (!rt2_fault_should_retry (fault, session->options->retries,
          session->attempts, session->ever_configured)) {
    set_state (session, RT2_SESSION_DISCONNECTED);
    session->listener->failed (session->owner, fault);
  } else {
    delay = rt2_fault_backoff (fault, session->attempts,
        session->options->retry_backoff_max, g_random_double ());
    arm (session, &session->timer, delay, on_retry);
    set_state (session, RT2_SESSION_CONNECTING);
    session->listener->lost (session->owner, fault, delay);
  }
  rt2_fault_free (fault);
}

/* --- work left by other threads --- */

static gboolean
on_wakeup (gpointer data)
{
  Rt2Session *session = data;
  Rt2SessionConfig *config;
  gboolean finish;

  g_source_set_ready_time (session->wakeup, FOREVER);
  g_mutex_lock (&session->lock);
  config = g_steal_pointer (&session->new_config);
  finish = session->finish_asked;
  session->finish_asked = FALSE;
  g_mutex_unlock (&session->lock);

  if (config)
    take_config (session, config);
  if (finish && session->finish == RT2_FINISH_NONE) {
    session->finish = RT2_FINISH_ASKED;
    session->last_alive = g_get_monotonic_time ();
  }
  rt2_session_pump (session);
  after_event (session);
  return G_SOURCE_CONTINUE;
}

static gboolean
dispatch_wakeup (GSource *source, GSourceFunc callback, gpointer data)
{
  return callback (data);
}

static GSourceFuncs wakeup_funcs = {
  .dispatch = dispatch_wakeup,
};

void
rt2_session_wake (Rt2Session *session)
{
  g_source_set_ready_time (session->wakeup, 0);
}

void
rt2_session_set_config (Rt2Session *session, const Rt2SessionConfig *config)
{
  Rt2SessionConfig *copy = rt2_session_config_copy (config);

  g_mutex_lock (&session->lock);
  if (session->new_config)
    rt2_session_config_free (session->new_config);
  session->new_config = copy;
  g_mutex_unlock (&session->lock);
  rt2_session_wake (session);
}

void
rt2_session_finish (Rt2Session *session)
{
  g_mutex_lock (&session->lock);
  session->finish_asked = TRUE;
  g_mutex_unlock (&session->lock);
  rt2_session_wake (session);
}

void
rt2_session_get_stats (Rt2Session *session, Rt2SessionStats *stats)
{
  g_mutex_lock (&session->lock);
  *stats = session->published;
  g_mutex_unlock (&session->lock);
}

/* --- life --- */

Rt2Session *
rt2_session_new (const Rt2SessionListener *listener, gpointer owner,
    Rt2SessionOptions *options, const Rt2SessionConfig *config)
{
  Rt2Session *session = g_new0 (Rt2Session, 1);

  session->listener = listener;
  session->owner = owner;
  session->options = options;
  session->config = rt2_session_config_copy (config);
  session->context = g_main_context_ref_thread_default ();
  g_mutex_init (&session->lock);
  session->transport = rt2_transport_new (&transport_listener, session);
  session->clock = rt2_input_clock_new ();
  session->responses = rt2_responses_new ();
  session->conversation = rt2_conversation_new ();
  session->transcripts = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, NULL);
  session->utterances = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, g_free);
  session->next_id = 1;

  session->wakeup = g_source_new (&wakeup_funcs, sizeof (GSource));
  g_source_set_callback (session->wakeup, on_wakeup, session, NULL);
  g_source_attach (session->wakeup, session->context);
  return session;
}

void
rt2_session_start (Rt2Session *session)
{
  connect_now (session);
}

void
rt2_session_free (Rt2Session *session)
{
  clear_source (&session->wakeup);
  clear_source (&session->finish_timer);
  rt2_transport_free (session->transport);
  reset_connection (session);
  rt2_input_clock_free (session->clock);
  rt2_responses_free (session->responses);
  rt2_conversation_free (session->conversation);
  g_hash_table_unref (session->transcripts);
  g_hash_table_unref (session->utterances);
  g_clear_pointer (&session->new_config, rt2_session_config_free);
  rt2_session_config_free (session->config);
  rt2_session_options_free (session->options);
  g_main_context_unref (session->context);
  g_mutex_clear (&session->lock);
  g_free (session);
}
