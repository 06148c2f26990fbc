/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Asks for moves, waits for them, and says a turn on either side of one.
 */
#include "moverig.h"

void
moverig_set_age (Rig *rig, guint64 ms)
{
  rig->config->max_age = ms * RIG_MS;
}

void
moverig_stay (Rig *rig)
{
  moverig_set_age (rig, 0);
  rig_configure (rig);
}

void
moverig_move (
    Rig *rig, const gchar *path, const gchar *key, Rt2MoveReason reason)
{
  Rt2TransportConfig *config = rt2_transport_config_new ();

  config->url = g_strdup_printf (
      "ws://127.0.0.1:%u%s", test_server_get_port (rig->server), path);
  config->api_key = g_strdup (key);
  config->connect_timeout = 60 * RIG_S;
  rt2_session_move (rig->session, config, "gpt-realtime-2", reason);
  rt2_transport_config_free (config);
}

void
moverig_move_away (Rig *rig)
{
  moverig_move (rig, "/v1/elsewhere", NULL, RT2_MOVE_SETTINGS);
}

/* The error is sent behind the answer to the session.update: once it is told,
 * the seed is on its way, and all that is left is a timer of no time. */
void
moverig_wait_standby (Rig *rig)
{
  guint told = rig_count (rig, "server-error seeded");

  test_server_wait_connections (rig->server, 2);
  test_server_wait_messages (rig->server, 1, 1);
  test_server_send (rig->server, 1,
      "{\"type\":\"error\",\"event_id\":\"e\",\"error\":{\"type\":\"x\","
      "\"code\":\"seeded\",\"message\":\"m\",\"event_id\":\"none\"}}");
  rig_wait_n (rig, "server-error seeded", told + 1);
  rig_run_idle (rig);
}

void
moverig_expect_undisturbed (Rig *rig)
{
  Rt2SessionStats stats = rig_get_stats (rig);

  g_assert_cmpuint (rig_count (rig, "lost"), ==, 0);
  g_assert_cmpuint (rig_count (rig, "failed"), ==, 0);
  g_assert_cmpuint (rig_count (rig, "configured"), ==, 0);
  g_assert_cmpuint (rig_count (rig, "state connecting"), ==, 0);
  g_assert_cmpuint (stats.reconnects, ==, 0);
}

void
moverig_expect_moved (Rig *rig)
{
  rig_wait (rig, "moved sess_2 settings elsewhere");
  moverig_expect_undisturbed (rig);
  test_server_wait_closed (rig->server, 0);
  g_assert_cmpuint (test_server_get_close_code (rig->server, 0), ==, 1000);
  rig->speaks_on = rig->hears_on = 1;
  rig_push_ms (rig, 40, 9 * RIG_S);
  rig_wait_sent (rig, "input_audio_buffer.append", 1);
}

void
moverig_say_turn (Rig *rig, const gchar *user, const gchar *response,
    const gchar *item, const gchar *words)
{
  g_autofree gchar *text = g_strdup_printf ("%s?", words);

  rig_send_speech_started (rig, user, 0);
  rig_send_speech_stopped (rig, user, 100);
  rig_send_committed (rig, user);
  rig_send (rig,
      "{\"type\":\"conversation.item.added\",\"event_id\":\"e\",\"item\":{"
      "\"id\":\"%s\",\"type\":\"message\",\"role\":\"user\",\"content\":[]}}",
      user);
  rig_send_transcript (rig, user, text);
  rig_speak (rig, response, item);
  rig_send (rig,
      "{\"type\":\"response.output_item.done\",\"event_id\":\"e\","
      "\"response_id\":\"%s\",\"output_index\":0,\"item\":{\"id\":\"%s\","
      "\"type\":\"message\",\"role\":\"assistant\",\"status\":\"completed\","
      "\"content\":[{\"type\":\"output_audio\",\"transcript\":\"%s.\"}]}}",
      response, item, words);
  rig_send_response_done (rig, response, "completed");
  rig_flush_down (rig);
}
