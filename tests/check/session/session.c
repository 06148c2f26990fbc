/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The session's beginning: where it connects, how it configures, and that no
 * audio goes out in the wrong format or too early.
 */
#include "sessionrig.h"

#include <string.h>

static JsonObject *
get_update (Rig *rig, guint n)
{
  JsonObject *session = rt2_json_object (
      rig_get_sent (rig, "session.update", n), "session");

  g_assert_nonnull (session);
  return session;
}

static JsonObject *
get_direction (JsonObject *session, const gchar *direction)
{
  return rt2_json_object (rt2_json_object (session, "audio"), direction);
}

static const gchar *
get_voice (JsonObject *session)
{
  return rt2_json_string (get_direction (session, "output"), "voice");
}

static const gchar *
get_format (JsonObject *session, const gchar *direction)
{
  return rt2_json_string (
      rt2_json_object (get_direction (session, direction), "format"), "type");
}

static void
set_text (gchar **field, const gchar *text)
{
  g_free (*field);
  *field = g_strdup (text);
}

/* -- connecting ----------------------------------------------------------- */

static void
test_order (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_set (&rig->creates, FALSE);
  rig_set (&rig->accepts, FALSE);
  rig_push_ms (rig, 100, 0);
  rig_start (rig);
  rig_push_ms (rig, 100, 100 * RIG_MS);
  test_server_wait_connections (rig->server, 1);
  rig_flush_down (rig);
  rig_expect_log (rig, "state connecting", NULL);
  rig_expect_sent (rig, "");

  rig_send (rig, "{\"type\":\"session.created\",\"session\":{\"id\":\"s\"}}");
  rig_wait_sent (rig, "session.update", 1);
  rig_flush_down (rig);
  rig_expect_log (rig, "state connecting", "created", NULL);
  g_assert_cmpuint (rig->pulls, ==, 0);

  rig_send_updated (rig, "audio/pcm", "audio/pcm");
  rig_wait_sent_audio (rig, 9600);
  rig_expect_sent (rig, "session.update input_audio_buffer.append");
  rig_expect_log (
      rig, "state connecting", "created", "configured", "state ready", NULL);
}

/* Whoever opens no session is told nothing. */
static void
test_never_created (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_set (&rig->creates, FALSE);
  rig->options->transport->connect_timeout = RIG_S;
  rig_push_ms (rig, 100, 0);
  rig_start (rig);
  rig_wait (rig, "failed timeout");
  test_server_wait_closed (rig->server, 0);
  rig_expect_sent (rig, "");
  rig_expect_log (
      rig, "state connecting", "state disconnected", "failed timeout", NULL);
  g_assert_cmpuint (rig->pulls, ==, 0);
}

static void
test_never_updated (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_set (&rig->accepts, FALSE);
  rig->options->transport->connect_timeout = 2 * RIG_S;
  rig_push_ms (rig, 100, 0);
  rig_start (rig);
  rig_wait (rig, "failed timeout");
  test_server_wait_closed (rig->server, 0);
  rig_expect_sent (rig, "session.update");
  rig_expect_log (rig, "state connecting", "created", "state disconnected",
      "failed timeout", NULL);
}

/* A time-out of the connection does not strike an established session. */
static void
test_timeout_is_over (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->options->transport->connect_timeout = RIG_S;
  rig_start (rig);
  rig_wait (rig, "state ready");
  rig_run_for (rig, 1300);
  rig_flush_down (rig);
  rig_expect_last (rig, "state ready");
}

static void
test_first_update (void)
{
  g_autoptr (Rig) rig = rig_new ();
  JsonObject *update;

  set_text (&rig->config->voice, "cedar");
  set_text (&rig->config->instructions, "Be brief.");
  rig->config->input_format = RT2_AUDIO_FORMAT_PCMU;
  rig_start (rig);
  rig_wait (rig, "state ready");
  rig_flush_up (rig);
  rig_expect_sent (rig, "session.update");
  update = get_update (rig, 0);
  g_assert_cmpstr (rt2_json_string (update, "type"), ==, "realtime");
  g_assert_cmpstr (rt2_json_string (update, "instructions"), ==, "Be brief.");
  g_assert_cmpstr (get_voice (update), ==, "cedar");
  g_assert_cmpstr (get_format (update, "input"), ==, "audio/pcmu");
  g_assert_cmpstr (get_format (update, "output"), ==, "audio/pcm");
  g_assert_false (json_object_has_member (update, "model"));
}

/* A second session.created, or a session.updated that nobody asked for. */
static void
test_odd_server (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_set (&rig->creates, FALSE);
  rig_start (rig);
  test_server_wait_connections (rig->server, 1);
  rig_send (rig, "{\"type\":\"session.updated\",\"session\":{}}");
  rig_flush_down (rig);
  rig_expect_log (rig, "state connecting", NULL);
  rig_send (rig, "{\"type\":\"session.created\"}");
  rig_send (rig, "{\"type\":\"session.created\",\"session\":null}");
  rig_wait (rig, "state ready");
  rig_send (rig, "{\"type\":\"session.updated\",\"session\":{}}");
  rig_send (rig, "{\"type\":\"session.created\"}");
  rig_flush_down (rig);
  rig_flush_up (rig);
  rig_expect_sent (rig, "session.update");
  rig_expect_log (
      rig, "state connecting", "created", "configured", "state ready", NULL);
}

static const struct {
  const gchar *query, *model, *target;
} urls[] = {
  { "", "gpt-realtime-2", "?model=gpt-realtime-2" },
  { "", "a b/c&d=\xc3\xa9#?+%", "?model=a%20b%2Fc%26d%3D%C3%A9%23%3F%2B%25" },
  { "?api-version=1", "m", "?api-version=1&model=m" },
  { "?x=a%20b&y=%26", "m", "?x=a%20b&y=%26&model=m" },
  { "?xmodel=1", "m", "?xmodel=1&model=m" },
  { "?model=mine", "m", "?model=mine" },
  { "?x=1&model=mine&y=2", "m", "?x=1&model=mine&y=2" },
  { "?x=1", NULL, "?x=1" },
  { "?x=1", "", "?x=1" },
  { "", NULL, "" },
};

static void
test_url (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (urls); i++) {
    g_autoptr (Rig) rig = rig_new ();
    g_autofree gchar *wanted = g_strconcat (
        "/v1/realtime", urls[i].target, NULL);
    g_autofree gchar *target = NULL;

    rig_set_url (rig, urls[i].query);
    set_text (&rig->options->model, urls[i].model);
    rig_start (rig);
    test_server_wait_requests (rig->server, 1);
    target = test_server_dup_target (rig->server, 0);
    g_assert_cmpstr (target, ==, wanted);
  }
}

/* -- refused -------------------------------------------------------------- */

static void
test_refused (void)
{
  g_autoptr (Rig) rig = rig_new ();
  const gchar *event_id;

  rig_set (&rig->accepts, FALSE);
  rig->options->retries = RT2_RETRIES_FOREVER;
  rig_start (rig);
  rig_wait_sent (rig, "session.update", 1);
  event_id = rt2_json_string (
      rig_get_sent (rig, "session.update", 0), "event_id");
  g_assert_nonnull (event_id);
  rig_send_error (rig, "invalid_value", event_id, "session.audio.output.voice");
  rig_wait (rig, "failed settings");
  rig_expect_log (rig, "state connecting", "created", "state disconnected",
      "failed settings", NULL);
  g_assert_nonnull (strstr (rig->fault->message, "session.audio.output.voice"));
  g_assert_nonnull (rig->fault->hint);
  g_assert_cmpstr (rig->fault->server_code, ==, "invalid_value");
  rig_run_for (rig, 100);
  g_assert_cmpuint (test_server_count_connections (rig->server), ==, 1);
}

/* Errors about anything else do not fail the configuration. */
static void
test_other_error (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_set (&rig->accepts, FALSE);
  rig_start (rig);
  rig_wait_sent (rig, "session.update", 1);
  rig_send_error (rig, "server_error", NULL, NULL);
  rig_send_error (rig, "invalid_value", "no-event-of-ours", "x");
  rig_flush_down (rig);
  rig_send_updated (rig, "audio/pcm", "audio/pcm");
  rig_wait (rig, "state ready");
  rig_expect_log (rig, "state connecting", "created",
      "server-error server_error", "server-error invalid_value", "configured",
      "state ready", NULL);
}

static void
check_mismatch (const gchar *input, const gchar *output, const gchar *named)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_set (&rig->accepts, FALSE);
  rig->options->retries = RT2_RETRIES_FOREVER;
  rig_push_ms (rig, 100, 0);
  rig_start (rig);
  rig_wait_sent (rig, "session.update", 1);
  rig_send_updated (rig, input, output);
  rig_wait (rig, "failed settings");
  g_assert_nonnull (strstr (rig->fault->message, named));
  g_assert_cmpuint (rig->pulls, ==, 0);
  g_assert_cmpuint (rig_count (rig, "configured"), ==, 0);
}

static void
test_mismatch (void)
{
  check_mismatch ("audio/pcmu", "audio/pcm", "input");
  check_mismatch ("audio/pcm", "audio/pcma", "output");
}

/* Other people's servers echo little or nothing. */
static void
test_poor_echo (void)
{
  static const gchar *const echoes[] = { "{\"type\":\"session.updated\"}",
    "{\"type\":\"session.updated\",\"session\":null}",
    "{\"type\":\"session.updated\",\"session\":{}}",
    "{\"type\":\"session.updated\",\"session\":{\"audio\":null}}",
    "{\"type\":\"session.updated\",\"session\":{\"audio\":{\"input\":{}}}}" };

  for (guint i = 0; i < G_N_ELEMENTS (echoes); i++) {
    g_autoptr (Rig) rig = rig_new ();

    rig_set (&rig->accepts, FALSE);
    rig_start (rig);
    rig_wait_sent (rig, "session.update", 1);
    rig_send (rig, "%s", echoes[i]);
    rig_wait (rig, "state ready");
  }
}

/* -- changes -------------------------------------------------------------- */

typedef struct {
  Rig *rig;
  guint first, n;
} Storm;

/* Many changes, "N" in each. */
static gpointer
configure_often (gpointer data)
{
  Storm *storm = data;
  Rt2SessionConfig *config = rt2_session_config_copy (storm->rig->config);

  for (guint i = 0; i < storm->n; i++) {
    g_free (config->instructions);
    config->instructions = g_strdup_printf ("%u", storm->first + i);
    rt2_session_set_config (storm->rig->session, config);
  }
  rt2_session_config_free (config);
  return NULL;
}

static const gchar *
get_instructions (Rig *rig, guint n)
{
  return rt2_json_string (get_update (rig, n), "instructions");
}

/* Changes while an update is in flight become one, the last, after it. */
static void
test_coalesced (void)
{
  g_autoptr (Rig) rig = rig_new ();
  Storm storm = { rig, 100, 200 };
  GThread *thread;

  rig_start_ready (rig);
  rig_set (&rig->accepts, FALSE);
  set_text (&rig->config->instructions, "first");
  rig_configure (rig);
  rig_wait_sent (rig, "session.update", 1);
  thread = g_thread_new ("configure", configure_often, &storm);
  rig_run_for (rig, 20);
  g_thread_join (thread);
  rig_flush_down (rig);
  rig_set (&rig->accepts, TRUE);
  rig_send_updated (rig, "audio/pcm", "audio/pcm");
  rig_wait_sent (rig, "session.update", 2);
  rig_flush_up (rig);
  rig_expect_sent (rig, "session.update session.update");
  g_assert_cmpstr (get_instructions (rig, 0), ==, "first");
  g_assert_cmpstr (get_instructions (rig, 1), ==, "299");
}

/* What is said before the server asks is all in the first update. */
static void
test_coalesced_at_first (void)
{
  g_autoptr (Rig) rig = rig_new ();
  Storm storm = { rig, 100, 50 };

  rig_set (&rig->creates, FALSE);
  rig_start (rig);
  g_thread_join (g_thread_new ("configure", configure_often, &storm));
  test_server_wait_connections (rig->server, 1);
  rig_flush_down (rig);
  storm.first = 200;
  g_thread_join (g_thread_new ("configure", configure_often, &storm));
  rig_flush_down (rig);
  rig_send (rig, "{\"type\":\"session.created\",\"session\":{\"id\":\"s\"}}");
  rig_wait (rig, "state ready");
  rig_flush_up (rig);
  rig_expect_sent (rig, "session.update");
  g_assert_cmpstr (get_instructions (rig, 0), ==, "249");
}

/* The server says no; the conversation goes on as it was. */
static void
test_change_refused (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_set (&rig->accepts, FALSE);
  set_text (&rig->config->reasoning_effort, "enormous");
  rig_configure (rig);
  rig_wait_sent (rig, "session.update", 1);
  rig_send_error (rig, "invalid_value",
      rt2_json_string (rig_get_sent (rig, "session.update", 0), "event_id"),
      "session.reasoning.effort");
  rig_flush_down (rig);
  rig_expect_log (rig, "server-error invalid_value", NULL);
  rig_set (&rig->accepts, TRUE);
  rig_push_ms (rig, 100, 0);
  rig_wait_sent_audio (rig, 4800);
  set_text (&rig->config->reasoning_effort, "high");
  rig_configure (rig);
  rig_wait_sent (rig, "session.update", 2);
  rig_flush_up (rig);
  rig_expect_sent (
      rig, "session.update input_audio_buffer.append session.update");
}

static void
make_it_speak (Rig *rig, const gchar *response)
{
  rig_send_response_created (rig, response);
  rig_send_audio (rig, response, "I", 480);
  rig_send_response_done (rig, response, "completed");
  rig_flush_down (rig);
}

static void
test_voice (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  set_text (&rig->config->voice, "alloy");
  rig_configure (rig);
  rig_wait_sent (rig, "session.update", 1);
  g_assert_cmpstr (get_voice (get_update (rig, 0)), ==, "alloy");
  rig_flush_down (rig);

  /* It is told once. */
  for (guint i = 1; i <= 2; i++) {
    set_text (&rig->config->instructions, i == 1 ? "Hum." : "Speak.");
    rig_configure (rig);
    rig_wait_sent (rig, "session.update", i + 1);
    g_assert_cmpstr (get_voice (get_update (rig, i)), ==, NULL);
    rig_flush_down (rig);
  }

  make_it_speak (rig, "R1");
  set_text (&rig->config->voice, "echo");
  set_text (&rig->config->instructions, "Sing.");
  rig_configure (rig);
  rig_wait_sent (rig, "session.update", 4);
  g_assert_cmpstr (get_voice (get_update (rig, 3)), ==, NULL);
  g_assert_cmpstr (get_instructions (rig, 3), ==, "Sing.");
  rig_flush_down (rig);

  /* A new session has not spoken yet. */
  rig_clear (rig);
  rig_drop (rig);
  rig_wait (rig, "configured again");
  g_assert_cmpstr (get_voice (get_update (rig, 0)), ==, "echo");
}

/* The server spoke before it saw the new voice: all else must still arrive. */
static void
test_voice_race (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_set (&rig->accepts, FALSE);
  set_text (&rig->config->voice, "echo");
  set_text (&rig->config->instructions, "Sing.");
  rig_configure (rig);
  rig_wait_sent (rig, "session.update", 1);
  make_it_speak (rig, "R1");
  rig_set (&rig->accepts, TRUE);
  rig_send_error (rig, "cannot_update_voice",
      rt2_json_string (rig_get_sent (rig, "session.update", 0), "event_id"),
      "session.audio.output.voice");
  rig_wait_sent (rig, "session.update", 2);
  g_assert_cmpstr (get_voice (get_update (rig, 1)), ==, NULL);
  g_assert_cmpstr (get_instructions (rig, 1), ==, "Sing.");
}

/* -- the format of the input ---------------------------------------------- */

static void
change_input (Rig *rig, Rt2AudioFormat format)
{
  rig->config->input_format = format;
  rig_configure (rig);
}

static void
test_format_change (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_set (&rig->accepts, FALSE);
  change_input (rig, RT2_AUDIO_FORMAT_PCMU);
  rig_push_ms (rig, 100, 0);
  rig_wait_sent (rig, "session.update", 1);
  rig_flush_down (rig);
  g_assert_cmpuint (rig->pulls, ==, 0);
  rig_set (&rig->accepts, TRUE);
  rig_send_updated (rig, "audio/pcmu", "audio/pcm");
  rig_wait_sent_audio (rig, 800);
  rig_expect_sent (rig, "session.update input_audio_buffer.append");
  rig_flush_down (rig);
  g_assert_cmpuint (rig_get_stats (rig).appended, ==, 100 * RIG_MS);
}

/* Changed while the server still works on the first configuration. */
static void
test_format_change_at_first (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_set (&rig->accepts, FALSE);
  rig_start (rig);
  rig_wait_sent (rig, "session.update", 1);
  change_input (rig, RT2_AUDIO_FORMAT_PCMU);
  rig_push_ms (rig, 100, 0);
  rig_flush_down (rig);
  rig_send_updated (rig, "audio/pcm", "audio/pcm");
  rig_wait_sent (rig, "session.update", 2);
  rig_flush_down (rig);
  g_assert_cmpuint (rig->pulls, ==, 0);
  rig_send_updated (rig, "audio/pcmu", "audio/pcm");
  rig_wait_sent_audio (rig, 800);
  rig_expect_sent (
      rig, "session.update session.update input_audio_buffer.append");
}

/* Changed while another change is in flight. */
static void
test_format_change_in_flight (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_set (&rig->accepts, FALSE);
  set_text (&rig->config->instructions, "Sing.");
  rig_configure (rig);
  rig_wait_sent (rig, "session.update", 1);
  change_input (rig, RT2_AUDIO_FORMAT_PCMA);
  rig_push_ms (rig, 100, 0);
  rig_flush_down (rig);
  rig_send_updated (rig, "audio/pcm", "audio/pcm");
  rig_wait_sent (rig, "session.update", 2);
  rig_flush_down (rig);
  g_assert_cmpuint (rig->pulls, ==, 0);
  rig_send_updated (rig, "audio/pcma", "audio/pcm");
  rig_wait_sent_audio (rig, 800);
  rig_expect_sent (
      rig, "session.update session.update input_audio_buffer.append");
}

/* Sent, and taken back before the answer came. */
static void
test_format_change_back (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_set (&rig->accepts, FALSE);
  change_input (rig, RT2_AUDIO_FORMAT_PCMU);
  rig_wait_sent (rig, "session.update", 1);
  change_input (rig, RT2_AUDIO_FORMAT_PCM16);
  rig_push_ms (rig, 100, 0);
  rig_flush_down (rig);
  rig_send_updated (rig, "audio/pcmu", "audio/pcm");
  rig_wait_sent (rig, "session.update", 2);
  rig_flush_down (rig);
  g_assert_cmpuint (rig->pulls, ==, 0);
  rig_send_updated (rig, "audio/pcm", "audio/pcm");
  rig_wait_sent_audio (rig, 4800);
  rig_expect_sent (
      rig, "session.update session.update input_audio_buffer.append");
}

/* There and back before anybody looked: there is nothing to wait for. */
static void
test_format_unchanged (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  change_input (rig, RT2_AUDIO_FORMAT_PCMU);
  change_input (rig, RT2_AUDIO_FORMAT_PCM16);
  rig_push_ms (rig, 100, 0);
  rig_wait_sent_audio (rig, 4800);
}

/* Taken back while an update that knew nothing of it is in flight. */
static void
test_format_unchanged_in_flight (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_set (&rig->accepts, FALSE);
  set_text (&rig->config->instructions, "Sing.");
  rig_configure (rig);
  rig_wait_sent (rig, "session.update", 1);
  change_input (rig, RT2_AUDIO_FORMAT_PCMU);
  rig_flush_down (rig);
  change_input (rig, RT2_AUDIO_FORMAT_PCM16);
  rig_flush_down (rig);
  rig_send_updated (rig, "audio/pcm", "audio/pcm");
  rig_push_ms (rig, 100, 0);
  rig_wait_sent_audio (rig, 4800);
  rig_expect_sent (rig, "session.update input_audio_buffer.append");
}

static void
test_output_change_in_flight (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_set (&rig->accepts, FALSE);
  set_text (&rig->config->instructions, "Sing.");
  rig_configure (rig);
  rig_wait_sent (rig, "session.update", 1);
  rig->config->output_format = RT2_AUDIO_FORMAT_PCMU;
  rig_configure (rig);
  rig_flush_down (rig);
  rig_send_updated (rig, "audio/pcm", "audio/pcm");
  rig_wait_sent (rig, "session.update", 2);
  rig_send_updated (rig, "audio/pcm", "audio/pcmu");
  rig_flush_down (rig);
  rig_expect_log (rig, NULL);
}

/* A server that takes a change of the format and does not do it. */
static void
test_format_change_ignored (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_set (&rig->accepts, FALSE);
  change_input (rig, RT2_AUDIO_FORMAT_PCMU);
  rig_push_ms (rig, 100, 0);
  rig_wait_sent (rig, "session.update", 1);
  rig_send_updated (rig, "audio/pcm", "audio/pcm");
  rig_wait (rig, "failed settings");
  g_assert_cmpuint (rig->pulls, ==, 0);
}

static void
test_format_change_refused (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_set (&rig->accepts, FALSE);
  change_input (rig, RT2_AUDIO_FORMAT_PCMU);
  rig_push_ms (rig, 100, 0);
  rig_wait_sent (rig, "session.update", 1);
  rig_send_error (rig, "invalid_value",
      rt2_json_string (rig_get_sent (rig, "session.update", 0), "event_id"),
      "session.audio.input.format");
  rig_wait (rig, "failed settings");
  g_assert_nonnull (strstr (rig->fault->message, "session.audio.input.format"));
  g_assert_cmpuint (rig->pulls, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add_func ("/session/" name, function)
  ADD ("connect/order", test_order);
  ADD ("connect/never-created", test_never_created);
  ADD ("connect/never-updated", test_never_updated);
  ADD ("connect/timeout-is-over", test_timeout_is_over);
  ADD ("connect/first-update", test_first_update);
  ADD ("connect/odd-server", test_odd_server);
  ADD ("connect/url", test_url);
  ADD ("connect/refused", test_refused);
  ADD ("connect/other-error", test_other_error);
  ADD ("connect/mismatch", test_mismatch);
  ADD ("connect/poor-echo", test_poor_echo);
  ADD ("configure/coalesced", test_coalesced);
  ADD ("configure/coalesced-at-first", test_coalesced_at_first);
  ADD ("configure/refused", test_change_refused);
  ADD ("configure/voice", test_voice);
  ADD ("configure/voice-race", test_voice_race);
  ADD ("format/change", test_format_change);
  ADD ("format/change-at-first", test_format_change_at_first);
  ADD ("format/change-in-flight", test_format_change_in_flight);
  ADD ("format/change-back", test_format_change_back);
  ADD ("format/unchanged", test_format_unchanged);
  ADD ("format/unchanged-in-flight", test_format_unchanged_in_flight);
  ADD ("format/output-change-in-flight", test_output_change_in_flight);
  ADD ("format/change-ignored", test_format_change_ignored);
  ADD ("format/change-refused", test_format_change_refused);
  return g_test_run ();
}
