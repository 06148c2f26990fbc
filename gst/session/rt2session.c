/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The session: what it is made of, its state, and work from other threads.
 */
#include "rt2session-private.h"

#include <string.h>

#define FOREVER (-1)

#define HEALTHY_TIME (G_GUINT64_CONSTANT (10) * 1000000000)
#define FALLBACK_LOOK (G_GUINT64_CONSTANT (60) * 1000000000)

/* --- options --- */

Rt2SessionOptions *
rt2_session_options_new (void)
{
  Rt2SessionOptions *options = g_new0 (Rt2SessionOptions, 1);

  options->transport = rt2_transport_config_new ();
  options->retries = RT2_RETRIES_AUTO;
  options->healthy_time = HEALTHY_TIME;
  options->fallback_look = FALLBACK_LOOK;
  options->eos_silence = G_MAXUINT64;
  return options;
}

void
rt2_session_options_free (Rt2SessionOptions *options)
{
  rt2_transport_config_free (options->transport);
  rt2_transport_config_free (options->fallback);
  g_free (options->fallback_model);
  g_free (options->model);
  g_free (options->call_id);
  g_free (options->disclosure);
  g_free (options->greeting);
  rt2_pricing_free (options->pricing);
  g_free (options->event_log);
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

void
rt2_session_set_state (Rt2Session *session, Rt2SessionState state)
{
  RT2_SESSION_ASSERT_THREAD (session);
  if (session->state == state)
    return;
  session->state = state;
  session->listener->state (session->owner, state);
}

void
rt2_session_update_state (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  rt2_session_set_state (session, current_state (session));
}

void
rt2_session_publish_stats (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  session->stats.appended = rt2_input_clock_total (session->clock);
  session->stats.conversation_dropped = rt2_conversation_n_dropped (
      session->conversation);
  rt2_session_get_transport_stats (session, &session->stats.transport);
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

/* --- work left by other threads --- */

static gboolean
on_wakeup (gpointer data)
{
  Rt2Session *session = data;
  Rt2SessionConfig *config;
  Rt2TransportConfig *transport;
  Rt2MoveReason reason;
  Rt2Command *command;
  gboolean finish, budget_changed;
  Rt2Budget budget;
  gchar *model;

  g_source_set_ready_time (session->wakeup, FOREVER);
  g_mutex_lock (&session->lock);
  transport = g_steal_pointer (&session->new_transport);
  model = g_steal_pointer (&session->new_model);
  reason = session->new_reason;
  config = g_steal_pointer (&session->new_config);
  finish = session->finish_asked;
  session->finish_asked = FALSE;
  budget = session->new_budget;
  budget_changed = session->budget_changed;
  session->budget_changed = FALSE;
  while ((command = g_queue_pop_head (&session->new_commands)))
    g_queue_push_tail (&session->commands, command);
  g_mutex_unlock (&session->lock);

  if (budget_changed)
    rt2_session_take_budget (session, budget);
  rt2_session_take_log (session);
  if (config)
    rt2_session_take_config (session, config);
  if (transport)
    rt2_session_take_move (session, transport, model, reason);
  g_free (model);
  rt2_session_run_commands (session);
  if (finish && session->finish == RT2_FINISH_NONE) {
    session->finish = RT2_FINISH_ASKED;
    session->last_alive = g_get_monotonic_time ();
  }
  rt2_session_pump (session);
  rt2_session_after_event (session);
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
rt2_session_set_budget (Rt2Session *session, Rt2Budget budget)
{
  g_mutex_lock (&session->lock);
  session->new_budget = budget;
  session->budget_changed = TRUE;
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
  RT2_SESSION_ASSERT_THREAD (session);
  session->spending.limits = options->budget;
  rt2_session_init_endpoints (session);
  g_mutex_init (&session->lock);
  session->transport = rt2_transport_new (
      &rt2_session_transport_listener, session);
  rt2_session_make_log (session);
  session->clock = rt2_input_clock_new ();
  session->pause = rt2_pause_new ();
  g_queue_init (&session->commits);
  g_queue_init (&session->commands);
  g_queue_init (&session->new_commands);
  g_queue_init (&session->images);
  session->loudness = rt2_loudness_new ();
  session->replay = rt2_replay_new (options->max_turn_replay);
  g_queue_init (&session->again);
  g_queue_init (&session->to_forget);
  session->refused = rt2_refused_new ();
  session->responses = rt2_responses_new ();
  session->calls = rt2_calls_new ();
  session->conversation = rt2_conversation_new ();
  session->mover = rt2_mover_new ();
  session->transcripts = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, NULL);
  session->utterances = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, g_free);
  session->shown = rt2_shown_new ();
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
  rt2_session_begin_log (session);
  rt2_session_connect (session);
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
  rt2_session_clear_spending (session);
  rt2_transport_close (session->transport);
  rt2_transport_free (session->transport);
  rt2_session_reset_connection (session);
  rt2_input_clock_free (session->clock);
  rt2_pause_free (session->pause);
  g_queue_clear_full (&session->commits, g_free);
  g_queue_clear_full (
      &session->new_commands, (GDestroyNotify) rt2_command_free);
  g_queue_clear_full (&session->commands, (GDestroyNotify) rt2_command_free);
  rt2_loudness_free (session->loudness);
  rt2_session_clear_again (session);
  rt2_session_clear_forgotten (session);
  rt2_replay_free (session->replay);
  rt2_refused_free (session->refused);
  rt2_responses_free (session->responses);
  rt2_calls_free (session->calls);
  g_hash_table_unref (session->deleted);
  rt2_conversation_free (session->conversation);
  rt2_mover_free (session->mover);
  /* Every connection, also one in the background, has written its end. */
  rt2_session_end_log (session);
  rt2_transport_config_free (session->new_transport);
  g_free (session->new_model);
  g_free (session->summary);
  g_hash_table_unref (session->transcripts);
  g_hash_table_unref (session->utterances);
  rt2_shown_free (session->shown);
  g_clear_pointer (&session->new_config, rt2_session_config_free);
  rt2_session_config_free (session->config);
  rt2_session_clear_endpoints (session);
  rt2_session_options_free (session->options);
  g_main_context_unref (session->context);
  g_mutex_clear (&session->lock);
  g_free (session->event_id);
  g_free (session);
}
