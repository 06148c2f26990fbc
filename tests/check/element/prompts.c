/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Instructions and tools from files, which are read again on request; and what
 * is said when the two do not fit together.
 */
#include <glib/gstdio.h>
#include <string.h>

#include "harness.h"
#include "rt2json.h"

#define UPDATE "session.update"
#define OFFER(NAME)                                                            \
  "[{\"type\":\"function\",\"name\":\"" NAME "\",\"parameters\":{}}]"

/* A file with @text, whose name the caller frees. */
static gchar *
make_file (const gchar *text)
{
  gchar *path = NULL;
  gint fd = g_file_open_tmp ("realtime2-test-XXXXXX", &path, NULL);

  fail_unless (fd >= 0);
  g_close (fd, NULL);
  fail_unless (g_file_set_contents (path, text, -1, NULL));
  return path;
}

static void
rewrite (const gchar *path, const gchar *text)
{
  fail_unless (g_file_set_contents (path, text, -1, NULL));
}

static void
drop_file (gchar *path)
{
  g_unlink (path);
  g_free (path);
}

/* A member of the session in update number @i, which it waits for, as text.
 * Caller frees it. */
static gchar *
told (Talk *talk, guint i, const gchar *member)
{
  JsonObject *session = rt2_json_object (
      peer_event (talk->peer, UPDATE, i), "session");
  const gchar *text = rt2_json_string (session, member);

  return text ? g_strdup (text) : rt2_json_member_text (session, member);
}

static void
assert_told (Talk *talk, guint i, const gchar *member, const gchar *words)
{
  gchar *text = told (talk, i, member);

  fail_unless (text && strstr (text, words), "%s: %s", member, text);
  g_free (text);
}

static void
update (Talk *talk, const gchar *json)
{
  gboolean taken = FALSE;

  g_signal_emit_by_name (talk->element, "update-session", json, &taken);
  fail_unless (taken);
}

/* Warning number @i speaks of @words, and there is no more. */
static void
assert_warning (Talk *talk, guint i, const gchar *words)
{
  GError *error = NULL;

  gst_message_parse_warning (
      talk_message_of (talk, GST_MESSAGE_WARNING, i), &error, NULL);
  fail_unless (strstr (error->message, words), "%s", error->message);
  fail_unless (
      g_error_matches (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS));
  g_error_free (error);
}

static void
assert_warnings (Talk *talk, guint n)
{
  talk_sync (talk);
  fail_unless_equals_int (
      talk_count_messages_of (talk, GST_MESSAGE_WARNING), n);
}

/* --- files --- */

GST_START_TEST (test_instructions_file)
{
  gchar *path = make_file ("Be brief.\n");
  Talk *talk = talk_new ();

  g_object_set (talk->element, "instructions-file", path, NULL);
  talk_play (talk, &law_pcm);
  assert_told (talk, 0, "instructions", "Be brief.");
  rewrite (path, "Be verbose.\n");
  talk_sync (talk);
  fail_unless_equals_int (peer_count (talk->peer, UPDATE), 1);
  update (talk, NULL);
  assert_told (talk, 1, "instructions", "Be verbose.");
  rewrite (path, "Be silent.\n");
  update (talk, "{}");
  assert_told (talk, 2, "instructions", "Be silent.");
  talk_message (talk, "session-updated", 2);
  assert_warnings (talk, 0);
  talk_free (talk);
  drop_file (path);
}
GST_END_TEST;

GST_START_TEST (test_tools_file)
{
  gchar *path = make_file (OFFER ("first"));
  Talk *talk = talk_new ();

  g_object_set (talk->element, "tools-file", path, NULL);
  talk_play (talk, &law_pcm);
  assert_told (talk, 0, "tools", "\"first\"");
  rewrite (path, OFFER ("second"));
  update (talk, "{}");
  assert_told (talk, 1, "tools", "\"second\"");
  assert_warnings (talk, 0);
  talk_free (talk);
  drop_file (path);
}
GST_END_TEST;

/* What is set otherwise wins, until it is set to nothing. */
GST_START_TEST (test_property_wins)
{
  gchar *path = make_file ("Of the file.");
  Talk *talk = talk_new ();

  g_object_set (talk->element, "instructions-file", path, "instructions",
      "Of the property.", NULL);
  talk_play (talk, &law_pcm);
  assert_told (talk, 0, "instructions", "Of the property.");
  g_object_set (talk->element, "instructions", NULL, NULL);
  assert_told (talk, 1, "instructions", "Of the file.");
  talk_free (talk);
  drop_file (path);
}
GST_END_TEST;

/* The session goes on as it was. */
GST_START_TEST (test_file_gone)
{
  gchar *path = make_file ("Be brief.");
  gboolean taken;
  Talk *talk = talk_new ();

  g_object_set (talk->element, "instructions-file", path, NULL);
  talk_play (talk, &law_pcm);
  g_unlink (path);
  g_signal_emit_by_name (talk->element, "update-session", "{}", &taken);
  assert_warning (talk, 0, "instructions-file");
  assert_warning (talk, 0, path);
  assert_warnings (talk, 1);
  fail_unless_equals_int (peer_count (talk->peer, UPDATE), 1);
  rewrite (path, "Back again.");
  update (talk, "{}");
  assert_told (talk, 1, "instructions", "Back again.");
  talk_free (talk);
  drop_file (path);
}
GST_END_TEST;

/* --- what does not fit --- */

GST_START_TEST (test_unknown_tool)
{
  Talk *talk = talk_new ();

  g_object_set (
      talk->element, "instructions", "Call book_room, then book_room.", NULL);
  talk_play (talk, &law_pcm);
  assert_warning (talk, 0, "\"book_room\"");
  assert_warnings (talk, 1);
  /* Told once. */
  g_object_set (talk->element, "instructions", "Just call book_room.", NULL);
  peer_event (talk->peer, UPDATE, 1);
  assert_warnings (talk, 1);
  g_object_set (talk->element, "instructions", "Call sell_room.", NULL);
  assert_warning (talk, 1, "\"sell_room\"");
  assert_warnings (talk, 2);
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_tool_taken_away)
{
  Talk *talk = talk_new ();

  g_object_set (talk->element, "instructions", "Call book_room.", "tools",
      OFFER ("book_room"), NULL);
  talk_play (talk, &law_pcm);
  assert_warnings (talk, 0);
  g_object_set (talk->element, "tools", OFFER ("other"), NULL);
  assert_warning (talk, 0, "\"book_room\"");
  assert_warnings (talk, 1);
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_builtin_unmentioned)
{
  Talk *talk = talk_new ();

  gst_util_set_object_arg (
      G_OBJECT (talk->element), "builtin-tools", "wait-for-user+end-session");
  g_object_set (
      talk->element, "instructions", "Call end_session after goodbye.", NULL);
  talk_play (talk, &law_pcm);
  assert_warning (talk, 0, "\"wait_for_user\"");
  assert_warnings (talk, 1);
  talk_free (talk);
}
GST_END_TEST;

/* However the instructions came. */
GST_START_TEST (test_unknown_tool_by_update)
{
  Talk *talk = talk_new_playing ();

  update (talk, "{\"instructions\":\"Call book_room.\"}");
  assert_warning (talk, 0, "\"book_room\"");
  assert_warnings (talk, 1);
  talk_free (talk);
}
GST_END_TEST;

static Suite *
prompts_suite (void)
{
  Suite *suite = suite_create ("prompts");
  TCase *files = tcase_create ("files");
  TCase *checks = tcase_create ("checks");

  suite_add_tcase (suite, files);
  tcase_add_test (files, test_instructions_file);
  tcase_add_test (files, test_tools_file);
  tcase_add_test (files, test_property_wins);
  tcase_add_test (files, test_file_gone);
  suite_add_tcase (suite, checks);
  tcase_add_test (checks, test_unknown_tool);
  tcase_add_test (checks, test_tool_taken_away);
  tcase_add_test (checks, test_builtin_unmentioned);
  tcase_add_test (checks, test_unknown_tool_by_update);
  return suite;
}

GST_CHECK_MAIN (prompts);
