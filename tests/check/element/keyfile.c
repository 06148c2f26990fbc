/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The key in a file: what goes before what, that each connection has what is in
 * the file by then, and what is said of files that are no good.
 */
#include "harness.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static gchar *path;

static void
write_key (const gchar *key)
{
  if (!path)
    path = g_strdup_printf ("%s/rt2-keyfile-%d", g_get_tmp_dir (), getpid ());
  fail_unless (g_file_set_contents (path, key, -1, NULL));
  fail_unless (g_chmod (path, 0600) == 0);
}

static void
assert_key (Talk *talk, guint i, const gchar *key)
{
  gchar *header = peer_dup_header (talk->peer, i, "Authorization");
  gchar *wanted = g_strconcat ("Bearer ", key, NULL);

  fail_unless_equals_string (header, wanted);
  g_free (wanted);
  g_free (header);
}

static Talk *
new_talk (const gchar *api_key)
{
  Talk *talk = talk_new ();

  g_object_set (talk->element, "api-key", api_key, "api-key-file", path, NULL);
  return talk;
}

static void
assert_warns (Talk *talk, guint i)
{
  GError *error;
  gchar *debug;

  gst_message_parse_warning (
      talk_message_of (talk, GST_MESSAGE_WARNING, i), &error, &debug);
  fail_unless (strstr (error->message, "api-key-file") != NULL);
  fail_if (strstr (error->message, "sk-"));
  fail_if (debug && strstr (debug, "sk-"));
  g_error_free (error);
  g_free (debug);
}

static void
cleanup (void)
{
  if (path)
    g_remove (path);
  g_clear_pointer (&path, g_free);
  g_unsetenv ("OPENAI_API_KEY");
}

GST_START_TEST (test_order)
{
  Talk *talk;

  g_setenv ("OPENAI_API_KEY", "sk-environment", TRUE);
  write_key ("  sk-file \nmore\n");
  talk = new_talk (NULL);
  talk_play (talk, &law_pcm);
  assert_key (talk, 0, "sk-file");
  talk_free (talk);

  talk = new_talk ("sk-property");
  talk_play (talk, &law_pcm);
  assert_key (talk, 0, "sk-property");
  talk_free (talk);

  talk = new_talk ("");
  g_object_set (talk->element, "api-key-file", "", NULL);
  talk_play (talk, &law_pcm);
  assert_key (talk, 0, "sk-environment");
  fail_unless_equals_int (
      talk_count_messages_of (talk, GST_MESSAGE_WARNING), 0);
  talk_free (talk);
}
GST_END_TEST;

/* Another key, another file, and none: then the last one serves. */
GST_START_TEST (test_rotated)
{
  Talk *talk;

  write_key ("sk-first");
  talk = new_talk (NULL);
  talk_play (talk, &law_pcm);
  write_key ("sk-second");
  peer_drop (talk->peer);
  talk_message (talk, "session-restored", 0);
  assert_key (talk, 0, "sk-first");
  assert_key (talk, 1, "sk-second");
  fail_unless_equals_int (
      talk_count_messages_of (talk, GST_MESSAGE_WARNING), 0);

  g_remove (path);
  peer_drop (talk->peer);
  talk_message (talk, "session-restored", 1);
  assert_key (talk, 2, "sk-second");
  assert_warns (talk, 0);

  write_key ("no key at all");
  peer_drop (talk->peer);
  talk_message (talk, "session-restored", 2);
  assert_key (talk, 3, "sk-second");
  assert_warns (talk, 1);

  g_object_set (talk->element, "api-key", "sk-third", NULL);
  peer_drop (talk->peer);
  talk_message (talk, "session-restored", 3);
  assert_key (talk, 4, "sk-third");
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_exposed)
{
  Talk *talk;

  write_key ("sk-file");
  fail_unless (g_chmod (path, 0644) == 0);
  talk = new_talk (NULL);
  talk_play (talk, &law_pcm);
  assert_warns (talk, 0);
  peer_drop (talk->peer);
  talk_message (talk, "session-restored", 0);
  fail_unless_equals_int (
      talk_count_messages_of (talk, GST_MESSAGE_WARNING), 1);
  talk_free (talk);
}
GST_END_TEST;

/* Nothing is tried with a key from elsewhere. */
GST_START_TEST (test_refused)
{
  static const gchar *const contents[] = { NULL, "", "\n", "two words",
    "sk-\x01" };

  g_setenv ("OPENAI_API_KEY", "sk-environment", TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (contents); i++) {
    Talk *talk;
    GError *error;
    gchar *debug;

    write_key (contents[i] ? contents[i] : "");
    if (!contents[i])
      g_remove (path);
    talk = new_talk (NULL);
    talk->fails = TRUE;
    fail_unless (gst_element_set_state (talk->element, GST_STATE_PAUSED)
        == GST_STATE_CHANGE_FAILURE);
    gst_message_parse_error (
        talk_message_of (talk, GST_MESSAGE_ERROR, 0), &error, &debug);
    fail_unless (g_error_matches (
        error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS));
    fail_unless (strstr (error->message, "api-key-file") != NULL);
    fail_if (strstr (error->message, "sk-") || strstr (debug, "sk-"));
    g_error_free (error);
    g_free (debug);
    talk_free (talk);
  }
}
GST_END_TEST;

/* `uri` and its key change, and the server in use is lost before the move: it
 * never sees the key that is for the other, nor the other its. */
static void
check_parted (const gchar *property, const gchar *other_key)
{
  Talk *talk = new_talk (NULL);
  Peer *other = peer_new ();
  gchar *url = peer_dup_url (other), *header;

  peer_hold_created (other, TRUE);
  talk_play (talk, &law_pcm);
  if (!property)
    write_key (other_key);
  g_object_set (talk->element, "uri", url, property, other_key, NULL);
  for (guint i = 0; i < 3; i++) {
    peer_drop (talk->peer);
    talk_message (talk, "session-restored", i);
    assert_key (talk, i + 1, "sk-first");
  }
  peer_hold_created (other, FALSE);
  talk_message (talk, "session-moved", 0);
  header = peer_dup_header (other, 0, "Authorization");
  fail_unless (g_str_has_suffix (header, other_key));
  g_free (header);
  talk_free (talk);
  peer_free (other);
  g_free (url);
}

GST_START_TEST (test_parted)
{
  write_key ("sk-first");
  check_parted ("api-key", "sk-other");
  write_key ("sk-first");
  check_parted (NULL, "sk-other");
}
GST_END_TEST;

/* The key in the file counts when `uri` changes, for the fallback too. Nothing
 * goes out: there is no such proxy. */
GST_START_TEST (test_vendor)
{
  Talk *talk;

  write_key ("sk-first");
  talk = new_talk (NULL);
  talk_play (talk, &law_pcm);
  g_object_set (talk->element, "proxy", "http://127.0.0.1:1", "uri",
      "wss://api.openai.com/v1/realtime", "fallback-uri",
      "wss://eu.api.openai.com/v1/realtime", NULL);
  fail_unless_equals_int (
      talk_count_messages_of (talk, GST_MESSAGE_WARNING), 0);
  talk_free (talk);
}
GST_END_TEST;

/* Of a file that is gone by then, the WARNING tells, and nothing moves. */
GST_START_TEST (test_vendor_gone)
{
  Talk *talk;

  write_key ("sk-first");
  talk = new_talk (NULL);
  talk_play (talk, &law_pcm);
  g_remove (path);
  g_object_set (talk->element, "uri", "wss://api.openai.com/v1/realtime", NULL);
  assert_warns (talk, 0);
  talk_free (talk);
}
GST_END_TEST;

static Suite *
keyfile_suite (void)
{
  Suite *suite = suite_create ("keyfile");
  TCase *files = tcase_create ("files");

  tcase_add_checked_fixture (files, NULL, cleanup);
  tcase_add_test (files, test_order);
  tcase_add_test (files, test_rotated);
  tcase_add_test (files, test_exposed);
  tcase_add_test (files, test_parted);
  tcase_add_test (files, test_vendor);
  tcase_add_test (files, test_vendor_gone);
  tcase_add_test (files, test_refused);
  suite_add_tcase (suite, files);
  return suite;
}

GST_CHECK_MAIN (keyfile);
