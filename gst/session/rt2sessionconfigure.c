/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The configuration: what the server is told, what it took and what it refused,
 * and what the agent says first once it has taken it.
 */
#include "rt2session-private.h"

#include <string.h>

#include "rt2json.h"

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

void
rt2_told_clear (Rt2Told *told)
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
 * has, @before, and this one does not. */
static JsonObject *
build_session (Rt2Session *session, gboolean with_voice, JsonObject *before)
{
  JsonObject *object = rt2_session_config_build (session->config, with_voice);

  if (before)
    rt2_session_config_clear_missing (object, before);
  rt2_refused_apply (session->refused, object);
  rt2_session_silence (session, object);
  return object;
}

static void
send_update (Rt2Session *session, gboolean with_voice)
{
  JsonObject *object = build_session (
      session, with_voice, session->accepted.object);

  session->update_id = g_strdup (rt2_session_new_event_id (session));
  rt2_session_send (
      session, rt2_build_session_update (object, session->update_id));
  json_object_unref (object);
}

gchar *
rt2_session_build_first_update (Rt2Session *session, Rt2Told *told)
{
  JsonObject *object = build_session (session, TRUE, NULL);
  gchar *json;

  RT2_SESSION_ASSERT_THREAD (session);
  rt2_told_clear (told);
  told->config = rt2_session_config_copy (session->config);
  told->object = build_session (session, FALSE, NULL);
  told->voice = wanted_voice (session);
  json = rt2_build_session_update (object, rt2_session_new_event_id (session));
  json_object_unref (object);
  return json;
}

void
rt2_session_send_config (Rt2Session *session)
{
  JsonObject *now;
  gchar *voice;

  RT2_SESSION_ASSERT_THREAD (session);
  if (!session->created || session->update_id)
    return;
  now = build_session (session, FALSE, session->accepted.object);
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
  RT2_SESSION_ASSERT_THREAD (session);
  g_clear_pointer (&session->update_id, g_free);
  if (!session->sent.voice)
    session->sent.voice = g_steal_pointer (&session->accepted.voice);
  rt2_told_clear (&session->accepted);
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

  RT2_SESSION_ASSERT_THREAD (session);
  g_clear_pointer (&session->update_id, g_free);
  rt2_told_clear (&session->sent);
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

  RT2_SESSION_ASSERT_THREAD (session);
  return accepted && accepted->input_format == wanted
      && (!sent || sent->input_format == wanted);
}

/* What waits to be sent again is in a format that no server will take: of no
 * use from here on. */
static void
drop_again (Rt2Session *session)
{
  guint64 lost = rt2_session_mute_again (session);

  if (lost > 0 && session->listener->turn_lost)
    session->listener->turn_lost (session->owner, lost);
}

void
rt2_session_take_config (Rt2Session *session, Rt2SessionConfig *config)
{
  JsonObject *wanted = rt2_session_config_build (config, TRUE);

  RT2_SESSION_ASSERT_THREAD (session);
  rt2_refused_review (session->refused, wanted);
  json_object_unref (wanted);
  if (config->input_format != session->config->input_format)
    drop_again (session);
  rt2_session_config_free (session->config);
  session->config = config;
  session->config_changed = TRUE;
  rt2_session_set_log_rates (session);
  rt2_session_send_config (session);
  rt2_session_replan (session);
}

static Rt2Fault *
check_format (
    const gchar *direction, const gchar *stated, Rt2AudioFormat wanted)
{
  const gchar *name = rt2_audio_format_name (wanted);

  if (!stated || g_str_equal (stated, name))
    return NULL;
  return rt2_fault_new (RT2_FAULT_SETTINGS,
      "The server set the %s audio to %s instead of %s.", direction, stated,
      name);
}

/* NULL: the server did not state it. */
static const gchar *
stated_format (gboolean has, Rt2AudioFormat format, gboolean foreign)
{
  if (has)
    return rt2_audio_format_name (format);
  return foreign ? "an unknown format" : NULL;
}

Rt2Fault *
rt2_session_find_format_fault (
    Rt2Session *session, const Rt2Told *told, const Rt2SessionInfo *info)
{
  Rt2Fault *fault;

  RT2_SESSION_ASSERT_THREAD (session);
  if (session->options->call_id || !told->config)
    return NULL;
  fault = check_format ("input",
      stated_format (info->has_input_format, info->input_format,
          info->foreign_input_format),
      told->config->input_format);
  if (!fault && session->type == RT2_SESSION_TYPE_REALTIME)
    fault = check_format ("output",
        stated_format (info->has_output_format, info->output_format,
            info->foreign_output_format),
        told->config->output_format);
  return fault;
}

gboolean
rt2_session_check_formats (Rt2Session *session, const Rt2SessionInfo *info)
{
  Rt2Fault *fault = rt2_session_find_format_fault (
      session, &session->accepted, info);

  RT2_SESSION_ASSERT_THREAD (session);
  if (fault)
    rt2_session_fault (session, fault);
  return !fault;
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

void
rt2_session_wish_for_opening (Rt2Session *session)
{
  if (session->discloses)
    wish_for (session, RT2_WISH_DISCLOSURE, session->options->disclosure);
  if (session->greets)
    wish_for (session, RT2_WISH_GREETING, session->options->greeting);
  session->discloses = session->greets = FALSE;
}

void
rt2_session_note_opening (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  session->discloses |= rt2_responses_has (
      session->responses, RT2_WISH_DISCLOSURE);
  session->greets |= rt2_responses_has (session->responses, RT2_WISH_GREETING);
}

void
rt2_session_configured (Rt2Session *session, const Rt2SessionInfo *info)
{
  gboolean first = !session->configured;
  gboolean reconnected = session->ever_configured;

  RT2_SESSION_ASSERT_THREAD (session);
  if (!rt2_session_check_formats (session, info))
    return;
  session->configured = TRUE;
  session->ever_configured = TRUE;
  if (first) {
    session->configured_since = g_get_monotonic_time ();
    rt2_session_disarm (&session->timer);
    rt2_event_log_note (session->log,
        rt2_transport_get_number (session->transport), RT2_LOG_CONFIGURED);
    rt2_session_restore (session);
    session->listener->configured (session->owner, info, reconnected);
    rt2_session_note_arrival (session, info);
    rt2_session_note_endpoint (session, info);
    rt2_session_wish_for_opening (session);
    rt2_session_replan (session);
  } else {
    session->listener->updated (session->owner, info);
  }
  rt2_session_run_commands (session);
  rt2_session_send_wishes (session);
  rt2_session_pump (session);
}
