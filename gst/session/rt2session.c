/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The session: connection and configuration.
 */
#include "rt2session-private.h"

#include <string.h>

#include "rt2json.h"

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
  g_free (options->call_id);
  g_free (options->disclosure);
  g_free (options->greeting);
  g_free (options);
}

/* --- small things --- */

const gchar *
rt2_session_new_event_id (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  g_free (session->event_id);
  session->event_id = g_strdup_printf (
      "rt2-%" G_GUINT64_FORMAT, session->next_id++);
  return session->event_id;
}

void
rt2_session_send (Rt2Session *session, gchar *json)
{
  RT2_SESSION_ASSERT_THREAD (session);
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
  if (rt2_responses_is_busy (session->responses)
      || rt2_calls_n_open (session->calls) > 0)
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
  RT2_SESSION_ASSERT_THREAD (session);
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

void
rt2_session_disarm (GSource **source)
{
  if (!*source)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

void
rt2_session_arm (
    Rt2Session *session, GSource **source, guint64 ns, GSourceFunc func)
{
  guint64 ms = (ns + 999999) / 1000000;

  RT2_SESSION_ASSERT_THREAD (session);
  rt2_session_disarm (source);
  *source = g_timeout_source_new (MIN (ms, G_MAXUINT));
  g_source_set_callback (*source, func, session, NULL);
  g_source_attach (*source, session->context);
}

/* --- configuration --- */

/* Whether both say the same. Numbers that are none equal nothing, but are
 * written alike. */
static gboolean
equal_objects (JsonObject *a, JsonObject *b)
{
  gchar *text_a, *text_b;
  gboolean equal;

  if (json_object_equal (a, b))
    return TRUE;
  text_a = rt2_json_to_text (a);
  text_b = rt2_json_to_text (b);
  equal = g_str_equal (text_a, text_b);
  g_free (text_a);
  g_free (text_b);
  return equal;
}

/* The voice that is wanted as JSON text, new string; NULL if there is none. */
static gchar *
wanted_voice (Rt2Session *session)
{
  JsonObject *object = rt2_session_config_build (session->config, TRUE);
  JsonObject *audio;
  gchar *voice;

  rt2_refused_apply (session->refused, object);
  audio = rt2_json_object (object, "audio");
  voice = rt2_json_member_text (rt2_json_object (audio, "output"), "voice");
  json_object_unref (object);
  return voice;
}

static void
told_clear (Rt2Told *told)
{
  rt2_session_config_free (told->config);
  g_clear_pointer (&told->object, json_object_unref);
  g_free (told->voice);
  *told = (Rt2Told){ NULL };
}

/* The voice that the server is to be told: once, and again only if it is
 * another one and nothing was spoken yet. New string, or NULL. */
static gchar *
new_voice (Rt2Session *session)
{
  gchar *voice;

  if (session->voice_locked)
    return NULL;
  voice = wanted_voice (session);
  if (g_strcmp0 (voice, session->accepted.voice) == 0)
    g_clear_pointer (&voice, g_free);
  return voice;
}

/* The session that the configuration asks for, and what clears what the server
 * has and this one does not. */
static JsonObject *
build_session (Rt2Session *session, gboolean with_voice)
{
  JsonObject *object = rt2_session_config_build (session->config, with_voice);

  if (session->accepted.object)
    rt2_session_config_clear_missing (object, session->accepted.object);
  rt2_refused_apply (session->refused, object);
  return object;
}

static void
send_update (Rt2Session *session, gboolean with_voice)
{
  JsonObject *object = build_session (session, with_voice);

  session->update_id = g_strdup (rt2_session_new_event_id (session));
  rt2_session_send (
      session, rt2_build_session_update (object, session->update_id));
  json_object_unref (object);
}

void
rt2_session_send_config (Rt2Session *session)
{
  JsonObject *now;
  gchar *voice;

  RT2_SESSION_ASSERT_THREAD (session);
  if (!session->created || session->update_id)
    return;
  now = build_session (session, FALSE);
  voice = new_voice (session);
  if (!voice && session->accepted.object
      && equal_objects (now, session->accepted.object)) {
    /* What differs is not the server's to know. */
    rt2_session_config_free (session->accepted.config);
    session->accepted.config = rt2_session_config_copy (session->config);
    json_object_unref (now);
    return;
  }
  send_update (session, voice != NULL);
  session->sent = (Rt2Told){ rt2_session_config_copy (session->config), now,
    voice };
  session->config_changed = FALSE;
}

void
rt2_session_update_accepted (Rt2Session *session)
{
  g_clear_pointer (&session->update_id, g_free);
  if (!session->sent.voice)
    session->sent.voice = g_steal_pointer (&session->accepted.voice);
  told_clear (&session->accepted);
  session->accepted = session->sent;
  session->sent = (Rt2Told){ NULL };
  rt2_session_await_mcp (session);
}

/* What was told with its voice, for comparing. New. */
static JsonObject *
told_with_voice (const Rt2Told *told)
{
  gchar *text = rt2_json_to_text (told->object);
  JsonObject *object = rt2_json_parse_object (text, strlen (text), NULL);
  JsonObject *output = rt2_json_object (
      rt2_json_object (object, "audio"), "output");

  if (output && told->voice)
    json_object_set_member (output, "voice",
        rt2_json_parse (told->voice, strlen (told->voice), NULL));
  g_free (text);
  return object;
}

/* FALSE if @param does not tell which member it was. */
static gboolean
note_refused (Rt2Session *session, const gchar *param)
{
  JsonObject *sent, *accepted;
  gboolean known;

  if (!session->accepted.object)
    return FALSE;
  sent = told_with_voice (&session->sent);
  accepted = told_with_voice (&session->accepted);
  known = rt2_refused_note (session->refused, param, sent, accepted);
  json_object_unref (sent);
  json_object_unref (accepted);
  return known;
}

void
rt2_session_update_refused (
    Rt2Session *session, const gchar *param, gboolean but_voice)
{
  gboolean known = but_voice || note_refused (session, param);

  g_clear_pointer (&session->update_id, g_free);
  told_clear (&session->sent);
  if (known || session->config_changed || !session->accepted.config)
    return;
  rt2_session_config_free (session->config);
  session->config = rt2_session_config_copy (session->accepted.config);
}

gboolean
rt2_session_format_is_settled (Rt2Session *session)
{
  const Rt2SessionConfig *accepted = session->accepted.config;
  const Rt2SessionConfig *sent = session->sent.config;
  Rt2AudioFormat wanted = session->config->input_format;

  return accepted && accepted->input_format == wanted
      && (!sent || sent->input_format == wanted);
}

static void
take_config (Rt2Session *session, Rt2SessionConfig *config)
{
  JsonObject *wanted = rt2_session_config_build (config, TRUE);

  rt2_refused_review (session->refused, wanted);
  json_object_unref (wanted);
  rt2_session_config_free (session->config);
  session->config = config;
  session->config_changed = TRUE;
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

/* A response that says @words and nothing else. Its instructions stand in place
 * of the session's, so they hold these, too. */
static Rt2Command *
say (Rt2Session *session, const gchar *words)
{
  const gchar *instructions = session->config->instructions;
  JsonObject *response = json_object_new ();
  gchar *text, *json;
  Rt2Command *command;

  text = g_strdup_printf ("%s%sSay exactly this now, and nothing else: %s",
      instructions ? instructions : "",
      instructions && *instructions ? "\n\n" : "", words);
  json_object_set_string_member (response, "instructions", text);
  json = rt2_json_to_text (response);
  command = rt2_command_new_response (json, NULL);
  json_object_unref (response);
  g_free (json);
  g_free (text);
  return command;
}

static void
wish_for (Rt2Session *session, Rt2WishKind kind, const gchar *words)
{
  if (words && *words && session->type == RT2_SESSION_TYPE_REALTIME)
    rt2_session_want_command (session, kind, say (session, words));
}

/* What the agent says unasked when the conversation begins. */
static void
wish_for_opening (Rt2Session *session)
{
  if (session->discloses)
    wish_for (session, RT2_WISH_DISCLOSURE, session->options->disclosure);
  if (session->greets)
    wish_for (session, RT2_WISH_GREETING, session->options->greeting);
  session->discloses = session->greets = FALSE;
}

/* The connection is lost: what of the opening did not come in whole is said
 * again. */
static void
note_opening (Rt2Session *session)
{
  session->discloses |= rt2_responses_has (
      session->responses, RT2_WISH_DISCLOSURE);
  session->greets |= rt2_responses_has (session->responses, RT2_WISH_GREETING);
}

void
rt2_session_configured (Rt2Session *session, const Rt2SessionInfo *info)
{
  gboolean first = !session->configured;
  gboolean reconnected = session->ever_configured;
  Rt2Fault *fault = NULL;

  RT2_SESSION_ASSERT_THREAD (session);
  if (!session->options->call_id)
    fault = check_format ("input", info->has_input_format, info->input_format,
        session->accepted.config->input_format);
  if (!fault && session->type == RT2_SESSION_TYPE_REALTIME
      && !session->options->call_id)
    fault = check_format ("output", info->has_output_format,
        info->output_format, session->accepted.config->output_format);
  if (fault) {
    rt2_session_fault (session, fault);
    return;
  }
  session->configured = TRUE;
  session->ever_configured = TRUE;
  session->attempts = 0;
  if (first) {
    rt2_session_disarm (&session->timer);
    session->listener->configured (session->owner, info, reconnected);
    wish_for_opening (session);
  } else {
    session->listener->updated (session->owner, info);
  }
  rt2_session_run_commands (session);
  rt2_session_send_wishes (session);
  rt2_session_pump (session);
}

/* --- the connection --- */

static gboolean
on_configure_timeout (gpointer data)
{
  Rt2Session *session = data;

  rt2_session_disarm (&session->timer);
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
    rt2_session_arm (session, &session->timer,
        session->options->transport->connect_timeout, on_configure_timeout);
}

static void
after_event (Rt2Session *session)
{
  rt2_session_judge_speech (session);
  rt2_session_check_tools (session);
  rt2_session_forget_items (session);
  rt2_session_send_wishes (session);
  if (session->state != RT2_SESSION_DISCONNECTED)
    rt2_session_update_state (session);
  rt2_session_check_finish (session);
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

/* A sideband asks for a call, where others ask for a model. */
static Rt2Fault *
no_call_fault (const Rt2Fault *fault)
{
  Rt2Fault *told = rt2_fault_copy (fault);

  g_free (told->message);
  g_free (told->hint);
  told->message = g_strdup_printf (
      "The server knows no call of this id (HTTP %u).", fault->http_status);
  told->hint = g_strdup ("Check `call-id`: the call may be over. Joining one "
                         "takes a standard API key, not an ephemeral one.");
  return told;
}

/* A close is explained best by the `error` event before it. */
static Rt2Fault *
explain_fault (Rt2Session *session, const Rt2Fault *fault)
{
  if (session->options->call_id && fault->kind == RT2_FAULT_NOT_FOUND
      && fault->http_status != 0)
    return no_call_fault (fault);
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
  rt2_session_check_finish (session);
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
  rt2_session_disarm (&session->timer);
  g_clear_pointer (&session->error_code, g_free);
  g_clear_pointer (&session->error_message, g_free);
  g_clear_pointer (&session->update_id, g_free);
  told_clear (&session->sent);
  told_clear (&session->accepted);
  session->created = FALSE;
  session->configured = FALSE;
  session->voice_locked = FALSE;
  rt2_session_reset_uplink (session);
  rt2_input_clock_reset (session->clock);
  rt2_responses_reset (session->responses);
  rt2_calls_reset (session->calls);
  rt2_session_disarm (&session->mcp_timer);
  session->mcp_known = 0;
  session->mcp_waiting = 0;
  g_queue_clear_full (&session->images, g_free);
  rt2_conversation_clear (session->conversation);
  rt2_session_clear_forgotten (session);
  rt2_session_reset_events (session);
}

/* Whether the query of @url says already what to connect to. */
static gboolean
names_target (const gchar *url)
{
  static const gchar *const names[] = { "model=", "intent=", "call_id=" };
  const gchar *query = strchr (url, '?');

  for (guint i = 0; query && i < G_N_ELEMENTS (names); i++) {
    const gchar *found = strstr (query, names[i]);

    if (found && (found[-1] == '?' || found[-1] == '&'))
      return TRUE;
  }
  return FALSE;
}

/* @url with one more parameter; takes it over. */
static gchar *
add_parameter (gchar *url, const gchar *name, const gchar *value)
{
  gchar *escaped = g_uri_escape_string (value, NULL, FALSE);
  gchar *longer = g_strconcat (
      url, strchr (url, '?') ? "&" : "?", name, "=", escaped, NULL);

  g_free (escaped);
  g_free (url);
  return longer;
}

/* @base with "/translations" at the end of its path. */
static gchar *
translation_url (const gchar *base)
{
  gsize path = strcspn (base, "?");
  gsize end = path;

  while (end > 0 && base[end - 1] == '/')
    end--;
  if (end >= strlen ("/translations")
      && strncmp (base + end - strlen ("/translations"), "/translations",
             strlen ("/translations"))
          == 0)
    return g_strdup (base);
  return g_strdup_printf ("%.*s/translations%s", (gint) end, base, base + path);
}

/* Exactly one of call_id, intent and model belongs into the query. */
static gchar *
build_url (Rt2Session *session)
{
  const gchar *base = session->options->transport->url;
  const gchar *model = session->options->model;
  gchar *url = g_strdup (base ? base : "");

  if (names_target (url))
    return url;
  if (session->options->call_id)
    return add_parameter (url, "call_id", session->options->call_id);
  if (session->type == RT2_SESSION_TYPE_TRANSCRIPTION)
    return add_parameter (url, "intent", "transcription");
  if (session->type == RT2_SESSION_TYPE_TRANSLATION) {
    g_free (url);
    url = translation_url (base ? base : "");
  }
  return model && *model ? add_parameter (url, "model", model) : url;
}

static void
renew_key (Rt2Session *session)
{
  Rt2TransportConfig *transport = session->options->transport;

  if (!session->listener->api_key)
    return;
  if (transport->api_key)
    explicit_bzero (transport->api_key, strlen (transport->api_key));
  g_free (transport->api_key);
  transport->api_key = session->listener->api_key (session->owner);
}

static void
connect_now (Rt2Session *session)
{
  Rt2TransportConfig *config;

  renew_key (session);
  config = rt2_transport_config_copy (session->options->transport);
  g_free (config->url);
  config->url = build_url (session);
  set_state (session, RT2_SESSION_CONNECTING);
  rt2_transport_connect (session->transport, config);
  rt2_transport_config_free (config);
}

static gboolean
on_retry (gpointer data)
{
  Rt2Session *session = data;

  rt2_session_disarm (&session->timer);
  session->stats.reconnects++;
  connect_now (session);
  return G_SOURCE_REMOVE;
}

void
rt2_session_fault (Rt2Session *session, Rt2Fault *fault)
{
  guint64 delay, unanswered = rt2_session_unanswered (session);

  RT2_SESSION_ASSERT_THREAD (session);
  /* An `error` event may quote the key. */
  rt2_fault_redact (fault, session->options->transport->api_key);
  rt2_transport_close (session->transport);
  note_opening (session);
  rt2_session_drop_wishes (session);
  reset_connection (session);
  session->attempts++;
  if (unanswered > 0 && session->listener->turn_lost)
    session->listener->turn_lost (session->owner, unanswered);
  if (!rt2_fault_should_retry (fault, session->options->retries,
          session->attempts, session->ever_configured)) {
    session->finish = RT2_FINISH_DONE;
    set_state (session, RT2_SESSION_DISCONNECTED);
    session->listener->failed (session->owner, fault);
  } else {
    delay = rt2_fault_backoff (fault, session->attempts,
        session->options->retry_backoff_max, g_random_double ());
    rt2_session_arm (session, &session->timer, delay, on_retry);
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
  Rt2Command *command;
  gboolean finish;

  g_source_set_ready_time (session->wakeup, FOREVER);
  g_mutex_lock (&session->lock);
  config = g_steal_pointer (&session->new_config);
  finish = session->finish_asked;
  session->finish_asked = FALSE;
  while ((command = g_queue_pop_head (&session->new_commands)))
    g_queue_push_tail (&session->commands, command);
  g_mutex_unlock (&session->lock);

  if (config)
    take_config (session, config);
  rt2_session_run_commands (session);
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

gboolean
rt2_session_command (Rt2Session *session, Rt2Command *command)
{
  gsize size = rt2_command_size (command);
  gboolean taken;

  g_mutex_lock (&session->lock);
  taken = session->n_commands < RT2_SESSION_MAX_COMMANDS
      && session->command_bytes + size <= RT2_SESSION_MAX_COMMAND_BYTES;
  if (taken) {
    g_queue_push_tail (&session->new_commands, command);
    session->n_commands++;
    session->command_bytes += size;
  }
  g_mutex_unlock (&session->lock);

  if (taken)
    rt2_session_wake (session);
  else
    rt2_command_free (command);
  return taken;
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
  session->type = config->type;
  session->context = g_main_context_ref_thread_default ();
  g_mutex_init (&session->lock);
  session->transport = rt2_transport_new (&transport_listener, session);
  session->clock = rt2_input_clock_new ();
  session->pause = rt2_pause_new ();
  g_queue_init (&session->commits);
  g_queue_init (&session->commands);
  g_queue_init (&session->new_commands);
  g_queue_init (&session->images);
  session->loudness = rt2_loudness_new ();
  g_queue_init (&session->to_forget);
  session->refused = rt2_refused_new ();
  session->responses = rt2_responses_new ();
  session->calls = rt2_calls_new ();
  session->conversation = rt2_conversation_new ();
  session->transcripts = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, NULL);
  session->utterances = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, g_free);
  session->deleted = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, NULL);
  session->next_id = 1;
  session->discloses = session->greets = TRUE;
  session->translated_due = G_MAXUINT64;

  session->wakeup = g_source_new (&wakeup_funcs, sizeof (GSource));
  g_source_set_callback (session->wakeup, on_wakeup, session, NULL);
  g_source_attach (session->wakeup, session->context);
  return session;
}

void
rt2_session_start (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  connect_now (session);
}

void
rt2_session_free (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  rt2_session_disarm (&session->wakeup);
  rt2_session_disarm (&session->finish_timer);
  rt2_session_disarm (&session->flow_timer);
  rt2_session_disarm (&session->wish_timer);
  rt2_session_disarm (&session->tool_timer);
  rt2_transport_close (session->transport);
  rt2_transport_free (session->transport);
  reset_connection (session);
  rt2_input_clock_free (session->clock);
  rt2_pause_free (session->pause);
  g_queue_clear_full (&session->commits, g_free);
  g_queue_clear_full (
      &session->new_commands, (GDestroyNotify) rt2_command_free);
  g_queue_clear_full (&session->commands, (GDestroyNotify) rt2_command_free);
  rt2_loudness_free (session->loudness);
  rt2_refused_free (session->refused);
  rt2_responses_free (session->responses);
  rt2_calls_free (session->calls);
  g_hash_table_unref (session->deleted);
  rt2_conversation_free (session->conversation);
  g_hash_table_unref (session->transcripts);
  g_hash_table_unref (session->utterances);
  g_clear_pointer (&session->new_config, rt2_session_config_free);
  rt2_session_config_free (session->config);
  rt2_session_options_free (session->options);
  g_main_context_unref (session->context);
  g_mutex_clear (&session->lock);
  g_free (session->event_id);
  g_free (session);
}
