/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The conversation moves, and the next server is not told of all of it: the one
 * in use is asked for a summary, which nothing depends on.
 */
#include "sessionrig.h"

#include <string.h>

#define MAKE "conversation.item.create"
#define ASK "response.create"

static void
send_item (Rig *rig, const gchar *id, const gchar *role, const gchar *kind,
    const gchar *text)
{
  rig_send (rig,
      "{\"type\":\"conversation.item.done\",\"item\":{\"id\":\"%s\",\"type\":"
      "\"message\",\"role\":\"%s\",\"content\":[{\"type\":\"%s\",\"text\":"
      "\"%s\"}]}}",
      id, role, kind, text);
}

/* A talk of three items, of which @limit are told. */
static Rig *
new_talk (guint limit)
{
  Rig *rig = rig_new ();

  rig->config->history_limit = limit;
  rig_start_ready (rig);
  send_item (rig, "U1", "user", "input_text", "I am Ann.");
  send_item (rig, "A1", "assistant", "output_text", "Hi, Ann.");
  send_item (rig, "U2", "user", "input_text", "Good bye.");
  rig_flush_down (rig);
  return rig;
}

static void
move_away (Rig *rig)
{
  Rt2TransportConfig *config = rt2_transport_config_new ();

  config->url = g_strdup_printf (
      "ws://127.0.0.1:%u/v1/elsewhere", test_server_get_port (rig->server));
  config->connect_timeout = 60 * RIG_S;
  rt2_session_move (rig->session, config, "gpt-realtime-2", RT2_MOVE_SETTINGS);
  rt2_transport_config_free (config);
}

/* The old connection is asked, and speaks. */
static void
wait_asked (Rig *rig)
{
  rig->hears_on = rig->speaks_on = 0;
  rig_wait_sent (rig, ASK, 1);
}

/* The response that was asked for ends with @output, JSON. */
static void
answer (Rig *rig, const gchar *status, const gchar *output)
{
  rig_send_answer (rig, "R9", 0);
  rig_send (rig,
      "{\"type\":\"response.done\",\"response\":{\"id\":\"R9\",\"status\":"
      "\"%s\",\"conversation_id\":null,\"output\":[%s],\"usage\":{"
      "\"total_tokens\":50,\"input_tokens\":40,\"output_tokens\":10}}}",
      status, output);
}

#define WORDS(text)                                                            \
  "{\"id\":\"S1\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[{"  \
  "\"type\":\"output_text\",\"text\":\"" text "\"}]}"

/* What the newest note says on the connection that is heard. */
static const gchar *
find_note (Rig *rig)
{
  const gchar *text = NULL;
  guint n = rig_count_sent (rig, MAKE);

  for (guint i = 0; i < n; i++) {
    JsonObject *item = rt2_json_object (rig_get_sent (rig, MAKE, i), "item");

    if (g_strcmp0 (rt2_json_string (item, "id"), "rt2_note") == 0)
      text = rt2_json_string (
          rt2_json_array_object (rt2_json_array (item, "content"), 0), "text");
  }
  g_assert_nonnull (text);
  return text;
}

/* The same, on the one that was moved to. */
static const gchar *
wait_note (Rig *rig)
{
  rig_wait (rig, "moved sess_2 settings elsewhere");
  rig->hears_on = rig->speaks_on = 1;
  rig_flush_up (rig);
  return find_note (rig);
}

/* Nothing of it is an error to the owner. */
static void
expect_none (Rig *rig)
{
  const gchar *note = wait_note (rig);

  g_assert_cmpuint (rig_count (rig, "server-error"), ==, 0);

  g_assert_nonnull (strstr (note, " 2 older items"));
  g_assert_null (strstr (note, "summary"));
}

/* In writing, apart from the conversation, bounded, without tools. */
static void
test_asked (void)
{
  g_autoptr (Rig) rig = new_talk (1);
  JsonObject *response;
  const gchar *note;

  move_away (rig);
  wait_asked (rig);
  response = rt2_json_object (rig_get_sent (rig, ASK, 0), "response");
  g_assert_cmpstr (rt2_json_string (response, "conversation"), ==, "none");
  g_assert_cmpstr (json_array_get_string_element (
                       rt2_json_array (response, "output_modalities"), 0),
      ==, "text");
  g_assert_cmpstr (rt2_json_string (response, "tool_choice"), ==, "none");
  g_assert_cmpuint (
      rt2_json_uint (response, "max_output_tokens", G_MAXUINT64), <=, 4096);
  g_assert_false (json_object_has_member (response, "input"));
  /* It is waited for. */
  rig_run_for (rig, 200);
  g_assert_cmpuint (rig_count (rig, "moved"), ==, 0);
  answer (rig, "completed", WORDS ("The user is Ann."));
  note = wait_note (rig);
  g_assert_nonnull (strstr (note, "The user is Ann."));
  g_assert_null (strstr (note, "older items"));
  /* It was asked once, is paid for, and is not heard. */
  rig->hears_on = -1;
  g_assert_cmpuint (rig_count_sent (rig, ASK), ==, 1);
  g_assert_cmpuint (rig_get_stats (rig).total_tokens, ==, 50);
  g_assert_cmpuint (rig_count (rig, "response-started"), ==, 0);
  g_assert_cmpuint (rig_count (rig, "text"), ==, 0);
}

/* What is said after it, and is too much at a loss, is not in it. */
static void
test_old (void)
{
  g_autoptr (Rig) rig = new_talk (1);
  const gchar *note;

  move_away (rig);
  wait_asked (rig);
  answer (rig, "completed", WORDS ("The user is Ann."));
  note = wait_note (rig);
  g_assert_null (strstr (note, "left out"));
  send_item (rig, "U3", "user", "input_text", "One more thing.");
  send_item (rig, "A3", "assistant", "output_text", "Yes?");
  send_item (rig, "U4", "user", "input_text", "Nothing.");
  rig_flush_down (rig);
  rig_drop (rig);
  rig->hears_on = rig->speaks_on = -1;
  rig_wait (rig, "configured again");
  rig_flush_up (rig);
  note = find_note (rig);
  g_assert_nonnull (strstr (note, "The user is Ann."));
  g_assert_nonnull (strstr (note, " 2 items are left out"));
}

/* All is told: nothing to sum up. */
static void
test_needless (void)
{
  g_autoptr (Rig) rig = new_talk (3);
  const gchar *note;

  move_away (rig);
  note = wait_note (rig);
  g_assert_null (strstr (note, "older items"));
  rig->hears_on = -1;
  g_assert_cmpuint (rig_count_sent (rig, ASK), ==, 0);
}

static void
test_failed (void)
{
  g_autoptr (Rig) rig = new_talk (1);

  move_away (rig);
  wait_asked (rig);
  answer (rig, "failed", "");
  expect_none (rig);
  g_assert_cmpuint (
      rig_count (rig, "response-done R9 failed out-of-band itself"), ==, 1);
}

/* Nothing was written. */
static void
test_empty (void)
{
  g_autoptr (Rig) rig = new_talk (1);

  move_away (rig);
  wait_asked (rig);
  answer (rig, "completed", "");
  expect_none (rig);
}

static void
test_refused (void)
{
  g_autoptr (Rig) rig = new_talk (1);

  move_away (rig);
  wait_asked (rig);
  rig_send_error (rig, "invalid_value",
      rt2_json_string (rig_get_sent (rig, ASK, 0), "event_id"), NULL);
  expect_none (rig);
}

/* What is too long is cut between characters. */
static void
test_long (void)
{
  g_autoptr (Rig) rig = new_talk (1);
  GString *words = g_string_new (NULL);
  g_autofree gchar *output = NULL;
  const gchar *note;

  for (guint i = 0; i < 5000; i++)
    g_string_append (words, "\u00e9");
  output = g_strdup_printf ("{\"id\":\"S1\",\"type\":\"message\",\"role\":"
                            "\"assistant\",\"content\":[{\"type\":"
                            "\"output_text\",\"text\":\"x%s\"}]}",
      words->str);
  g_string_free (words, TRUE);
  move_away (rig);
  wait_asked (rig);
  answer (rig, "incomplete", output);
  note = wait_note (rig);
  g_assert_true (g_utf8_validate (note, -1, NULL));
  g_assert_nonnull (strstr (note, "\u00e9\u00e9"));
  g_assert_cmpuint (strlen (note), <, 5000);
}

/* A server that never answers keeps nobody: not for ever ... */
static void
test_late (void)
{
  g_autoptr (Rig) rig = new_talk (1);

  move_away (rig);
  wait_asked (rig);
  expect_none (rig);
}

/* ... and not beyond the end of the session. What was asked for is not asked
 * for again. */
static void
test_deadline (void)
{
  g_autoptr (Rig) rig = new_talk (1);
  gint64 begin = g_get_monotonic_time ();

  rig->config->max_age = 2400 * RIG_MS;
  rig_configure (rig);
  wait_asked (rig);
  rig_wait (rig, "moved sess_2 age");
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 8 * G_USEC_PER_SEC);
  rig->config->max_age = 0;
  rig_configure (rig);
  rig->hears_on = rig->speaks_on = 1;
  rig_flush_up (rig);
  g_assert_cmpuint (rig_count_sent (rig, ASK), ==, 0);
  g_assert_cmpuint (rig_count (rig, "lost"), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add_func ("/session/summary/" name, function)
  ADD ("asked", test_asked);
  ADD ("old", test_old);
  ADD ("needless", test_needless);
  ADD ("failed", test_failed);
  ADD ("empty", test_empty);
  ADD ("refused", test_refused);
  ADD ("long", test_long);
  ADD ("late", test_late);
  ADD ("deadline", test_deadline);
  return g_test_run ();
}
