/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The session's event log: whose it is, and when another one is wanted.
 */
#include "rt2session-private.h"

static guint64
running_time (gpointer owner)
{
  Rt2Session *session = owner;

  return session->listener->running_time
      ? session->listener->running_time (session->owner)
      : G_MAXUINT64;
}

static void
failed (gpointer owner, const gchar *message)
{
  Rt2Session *session = owner;

  if (session->listener->log_failed)
    session->listener->log_failed (session->owner, message);
}

static const Rt2EventLogOwner functions = {
  .running_time = running_time,
  .failed = failed,
};

static void
open_log (Rt2Session *session, const gchar *path, gboolean with_audio)
{
  static const gchar *const types[] = {
    [RT2_SESSION_TYPE_REALTIME] = "realtime",
    [RT2_SESSION_TYPE_TRANSCRIPTION] = "transcription",
    [RT2_SESSION_TYPE_TRANSLATION] = "translation",
  };

  rt2_event_log_open (session->log, path, with_audio, types[session->type],
      session->options->model);
}

static guint
rate_of (Rt2AudioFormat format)
{
  return rt2_audio_format_rate (format) / 1000
      * rt2_audio_format_width (format);
}

void
rt2_session_set_log_rates (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  rt2_event_log_set_rates (session->log,
      rate_of (session->config->input_format),
      rate_of (session->config->output_format));
}

void
rt2_session_make_log (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  session->log = rt2_event_log_new (&functions, session);
  session->options->transport->log = session->log;
  if (session->options->fallback)
    session->options->fallback->log = session->log;
  rt2_session_set_log_rates (session);
}

void
rt2_session_begin_log (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  open_log (
      session, session->options->event_log, session->options->event_log_audio);
}

void
rt2_session_set_event_log (
    Rt2Session *session, const gchar *path, gboolean with_audio)
{
  const gchar *wanted[] = { path ? path : "", with_audio ? "audio" : NULL,
    NULL };

  g_mutex_lock (&session->lock);
  g_strfreev (session->new_log);
  session->new_log = g_strdupv ((gchar **) wanted);
  g_mutex_unlock (&session->lock);
  rt2_session_wake (session);
}

void
rt2_session_take_log (Rt2Session *session)
{
  gchar **wanted;

  RT2_SESSION_ASSERT_THREAD (session);
  g_mutex_lock (&session->lock);
  wanted = g_steal_pointer (&session->new_log);
  g_mutex_unlock (&session->lock);
  if (wanted)
    open_log (session, wanted[0], wanted[1] != NULL);
  g_strfreev (wanted);
}

void
rt2_session_end_log (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  g_clear_pointer (&session->log, rt2_event_log_free);
  g_clear_pointer (&session->new_log, g_strfreev);
}
