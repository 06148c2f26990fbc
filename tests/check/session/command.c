/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Commands: each is checked when it is made, and keeps what it was given.
 */
#include "rt2command.h"

#include <string.h>

#include "rt2protocol.h"

/* @command was refused, with words for whoever asked. */
static void
expect_refused (Rt2Command *command, GError *error)
{
  g_assert_null (command);
  g_assert_error (error, RT2_COMMAND_ERROR, RT2_COMMAND_ERROR_VALUE);
  g_assert_cmpuint (strlen (error->message), >, 0);
  g_error_free (error);
}

static Rt2Command *
expect_taken (Rt2Command *command, GError *error, Rt2CommandKind kind)
{
  g_assert_no_error (error);
  g_assert_nonnull (command);
  g_assert_cmpint (command->kind, ==, kind);
  return command;
}

#define REFUSED(CALL)                                                          \
  do {                                                                         \
    GError *error = NULL;                                                      \
    Rt2Command *refused = CALL;                                                \
    expect_refused (refused, error);                                           \
  } while (0)

/* --- each kind --- */

static void
test_bare (void)
{
  static const Rt2CommandKind kinds[] = { RT2_COMMAND_COMMIT_INPUT,
    RT2_COMMAND_CLEAR_INPUT, RT2_COMMAND_CANCEL_RESPONSE };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++) {
    g_autoptr (Rt2Command) command = rt2_command_new (kinds[i]);

    g_assert_cmpint (command->kind, ==, kinds[i]);
    g_assert_null (command->id);
    g_assert_null (command->text);
    g_assert_false (rt2_command_is_out_of_band (command));
    g_assert_cmpuint (rt2_command_size (command), <, 1024);
  }
}

static void
test_text (void)
{
  static const struct {
    const gchar *name;
    Rt2Role role;
    gboolean respond;
  } rows[] = { { "user", RT2_ROLE_USER, TRUE },
    { "system", RT2_ROLE_SYSTEM, TRUE },
    { "assistant", RT2_ROLE_ASSISTANT, FALSE } };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    GError *error = NULL;
    g_autoptr (Rt2Command) command = expect_taken (
        rt2_command_new_text (rows[i].name, "  \xc3\xa4\n", &error), error,
        RT2_COMMAND_SEND_TEXT);

    g_assert_cmpint (command->role, ==, rows[i].role);
    g_assert_cmpstr (command->text, ==, "  \xc3\xa4\n");
    g_assert_cmpint (command->respond, ==, rows[i].respond);
    g_assert_cmpint (command->interrupt, ==, RT2_INTERRUPT_AUTO);
    g_assert_cmpint (command->priority, ==, 0);
    g_assert_cmpint (command->expires, ==, 0);
  }
}

static void
test_bad_text (void)
{
  REFUSED (rt2_command_new_text ("user", NULL, &error));
  REFUSED (rt2_command_new_text ("user", "", &error));
  REFUSED (rt2_command_new_text ("user", " \t\r\n", &error));
  REFUSED (rt2_command_new_text ("user", "\xff", &error));
  REFUSED (rt2_command_new_text ("user", "ok \xc3", &error));
  REFUSED (rt2_command_new_text (NULL, "text", &error));
  REFUSED (rt2_command_new_text ("", "text", &error));
  REFUSED (rt2_command_new_text ("User", "text", &error));
  REFUSED (rt2_command_new_text ("tool", "text", &error));
}

static void
test_long_text (void)
{
  g_autofree gchar *text = g_strnfill (RT2_COMMAND_MAX_TEXT + 1, 'x');
  g_autoptr (Rt2Command) most = NULL;
  g_autoptr (Rt2Command) result = NULL;

  REFUSED (rt2_command_new_text ("user", text, &error));
  REFUSED (rt2_command_new_result ("call", text, &error));
  text[RT2_COMMAND_MAX_TEXT] = '\0';
  most = rt2_command_new_text ("user", text, NULL);
  g_assert_nonnull (most);
  g_assert_cmpuint (rt2_command_size (most), >=, RT2_COMMAND_MAX_TEXT);
  result = rt2_command_new_result ("call", text, NULL);
  g_assert_nonnull (result);
}

static void
test_response (void)
{
  static const struct {
    const gchar *json;
    gboolean out_of_band;
  } rows[] = { { NULL, FALSE }, { "", FALSE }, { "{}", FALSE },
    { "{\"conversation\":\"none\"}", TRUE },
    { "{\"conversation\":\"auto\"}", FALSE },
    { "{\"conversation\":null}", FALSE },
    { "{\"metadata\":{\"conversation\":\"none\"}}", FALSE },
    { " { \"input\" : [ ] , \"conversation\" : \"none\" } ", TRUE } };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    GError *error = NULL;
    g_autoptr (Rt2Command)
        command = expect_taken (rt2_command_new_response (rows[i].json, &error),
            error, RT2_COMMAND_CREATE_RESPONSE);
    gboolean plain = !rows[i].json || !*rows[i].json;

    g_assert_cmpstr (command->text, ==, plain ? NULL : rows[i].json);
    g_assert_cmpint (
        rt2_command_is_out_of_band (command), ==, rows[i].out_of_band);
  }
}

static void
test_bad_response (void)
{
  REFUSED (rt2_command_new_response ("[]", &error));
  REFUSED (rt2_command_new_response ("null", &error));
  REFUSED (rt2_command_new_response ("{", &error));
  REFUSED (rt2_command_new_response ("{} {}", &error));
  REFUSED (rt2_command_new_response ("please", &error));
  REFUSED (rt2_command_new_response (" ", &error));
  REFUSED (rt2_command_new_response ("{\"instructions\":\"\xff\"}", &error));
}

static void
test_result (void)
{
  g_autofree gchar *id = g_strnfill (RT2_PROTOCOL_MAX_SERVER_ID + 1, 'c');
  g_autoptr (Rt2Command) command = rt2_command_new_result ("call_1", "", NULL);
  g_autoptr (Rt2Command) longest = NULL;

  g_assert_cmpint (command->kind, ==, RT2_COMMAND_FUNCTION_RESULT);
  g_assert_cmpstr (command->id, ==, "call_1");
  g_assert_cmpstr (command->text, ==, "");
  REFUSED (rt2_command_new_result (NULL, "x", &error));
  REFUSED (rt2_command_new_result ("", "x", &error));
  REFUSED (rt2_command_new_result ("\xff", "x", &error));
  REFUSED (rt2_command_new_result ("call_1", NULL, &error));
  REFUSED (rt2_command_new_result ("call_1", "\xff", &error));
  REFUSED (rt2_command_new_result (id, "x", &error));
  id[RT2_PROTOCOL_MAX_SERVER_ID] = '\0';
  longest = rt2_command_new_result (id, "x", NULL);
  g_assert_nonnull (longest);
}

static void
test_approval (void)
{
  g_autoptr (Rt2Command) yes = rt2_command_new_approval ("mcpr_1", TRUE, NULL);
  g_autoptr (Rt2Command) no = rt2_command_new_approval ("mcpr_1", FALSE, NULL);

  g_assert_cmpint (yes->kind, ==, RT2_COMMAND_APPROVE_MCP);
  g_assert_cmpstr (yes->id, ==, "mcpr_1");
  g_assert_true (yes->approve);
  g_assert_false (no->approve);
  REFUSED (rt2_command_new_approval (NULL, TRUE, &error));
  REFUSED (rt2_command_new_approval ("", TRUE, &error));
}

static void
test_event (void)
{
  static const gchar *json =
      "{\"type\":\"conversation.item.retrieve\",\"x\":1}";
  GError *none = NULL;
  g_autoptr (Rt2Command) command = expect_taken (
      rt2_command_new_event (json, &none), none, RT2_COMMAND_CLIENT_EVENT);

  g_assert_cmpstr (command->text, ==, json);
  REFUSED (rt2_command_new_event (NULL, &error));
  REFUSED (rt2_command_new_event ("", &error));
  REFUSED (rt2_command_new_event ("{}", &error));
  REFUSED (rt2_command_new_event ("{\"type\":\"\"}", &error));
  REFUSED (rt2_command_new_event ("{\"type\":7}", &error));
  REFUSED (rt2_command_new_event ("[{\"type\":\"x\"}]", &error));
  REFUSED (rt2_command_new_event ("{\"type\":\"x\"", &error));
  REFUSED (rt2_command_new_event ("{\"type\":\"\xff\"}", &error));
}

/* It may carry audio, so it may be longer than a text. */
static void
test_long_event (void)
{
  GString *json = g_string_new ("{\"type\":\"x\",\"audio\":\"");
  g_autofree gchar *audio = g_strnfill (2 * RT2_COMMAND_MAX_TEXT, 'A');
  Rt2Command *command;

  g_string_append_printf (json, "%s\"}", audio);
  command = rt2_command_new_event (json->str, NULL);
  g_assert_nonnull (command);
  g_assert_cmpuint (rt2_command_size (command), >=, json->len);
  rt2_command_free (command);
  while (json->len <= RT2_COMMAND_MAX_EVENT)
    g_string_append (json, "          ");
  REFUSED (rt2_command_new_event (json->str, &error));
  g_string_free (json, TRUE);
}

/* Who does not want to know why need not. */
static void
test_no_error (void)
{
  g_assert_null (rt2_command_new_text ("user", NULL, NULL));
  g_assert_null (rt2_command_new_response ("[", NULL));
  g_assert_null (rt2_command_new_event ("[", NULL));
  g_assert_null (rt2_command_new_result ("", "", NULL));
  g_assert_null (rt2_command_new_approval ("", TRUE, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/command/bare", test_bare);
  g_test_add_func ("/command/text", test_text);
  g_test_add_func ("/command/bad-text", test_bad_text);
  g_test_add_func ("/command/long-text", test_long_text);
  g_test_add_func ("/command/response", test_response);
  g_test_add_func ("/command/bad-response", test_bad_response);
  g_test_add_func ("/command/result", test_result);
  g_test_add_func ("/command/approval", test_approval);
  g_test_add_func ("/command/event", test_event);
  g_test_add_func ("/command/long-event", test_long_event);
  g_test_add_func ("/command/no-error", test_no_error);
  return g_test_run ();
}
