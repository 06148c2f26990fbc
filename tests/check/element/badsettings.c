/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Nonsense in every property, before PLAYING and in it: it is refused with the
 * name of the property, and nothing of it takes effect.
 */
#include "harness.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "rt2json.h"

#define UPDATE "session.update"
#define NOT_UTF8 "a\xff\xfe"

/* Writable properties of the element, but not "name". */
static GParamSpec **
list_properties (guint *n)
{
  GstElement *element = gst_element_factory_make ("realtime2", NULL);
  GParamSpec **all = g_object_class_list_properties (
      G_OBJECT_GET_CLASS (element), n);
  guint kept = 0;

  for (guint i = 0; i < *n; i++)
    if ((all[i]->flags & G_PARAM_WRITABLE)
        && all[i]->owner_type == G_OBJECT_TYPE (element))
      all[kept++] = all[i];
  *n = kept;
  gst_object_unref (element);
  return all;
}

static gboolean
is_session_property (const GParamSpec *pspec)
{
  return (pspec->flags & GST_PARAM_MUTABLE_PLAYING)
      && !g_str_equal (pspec->name, "api-key")
      && !g_str_equal (pspec->name, "api-key-file")
      && !g_str_equal (pspec->name, "playout-offset");
}

/* @message is about @name. */
static void
assert_names (GstMessage *message, const gchar *name)
{
  GError *error = NULL;
  gchar *debug = NULL;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &error, &debug);
  else
    gst_message_parse_warning (message, &error, &debug);
  fail_unless (strstr (error->message, name) != NULL, "\"%s\" does not name %s",
      error->message, name);
  fail_unless (g_utf8_validate (error->message, -1, NULL));
  fail_unless (!debug || g_utf8_validate (debug, -1, NULL));
  fail_unless (
      g_error_matches (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS),
      "%s: wrong kind of error for %s", error->message, name);
  g_error_free (error);
  g_free (debug);
}

/* The element does not come up, and says that it is because of @name. */
static void
assert_no_start (Talk *talk, const gchar *name)
{
  talk->fails = TRUE;
  gst_element_set_state (talk->element, GST_STATE_PLAYING);
  assert_names (talk_message_of (talk, GST_MESSAGE_ERROR, 0), name);
  fail_unless_equals_int (talk_count_messages (talk, "session-updated"), 0);
  fail_unless_equals_int (peer_count (talk->peer, UPDATE), 0);
}

/* What @pspec has now, to be put back. What can't be read back was not set. */
static void
save_property (Talk *talk, GParamSpec *pspec, GValue *value)
{
  g_value_init (value, pspec->value_type);
  if (pspec->flags & G_PARAM_READABLE)
    g_object_get_property (G_OBJECT (talk->element), pspec->name, value);
  else
    g_param_value_set_default (pspec, value);
}

static void
put_back_property (Talk *talk, GParamSpec *pspec, GValue *value)
{
  g_object_set_property (G_OBJECT (talk->element), pspec->name, value);
  g_value_unset (value);
}

/* --- what is no text --- */

GST_START_TEST (test_not_utf8)
{
  guint n;
  GParamSpec **pspecs = list_properties (&n);

  for (guint i = 0; i < n; i++) {
    Talk *talk;

    if (pspecs[i]->value_type != G_TYPE_STRING)
      continue;
    talk = talk_new ();
    g_object_set (talk->element, pspecs[i]->name, NOT_UTF8, NULL);
    assert_no_start (talk, pspecs[i]->name);
    talk_free (talk);
  }
  g_free (pspecs);
}
GST_END_TEST;

GST_START_TEST (test_not_utf8_in_playing)
{
  Talk *talk = talk_new_playing ();
  guint n, warnings = 0;
  GParamSpec **pspecs = list_properties (&n);

  for (guint i = 0; i < n; i++) {
    GValue value = G_VALUE_INIT;

    if (pspecs[i]->value_type != G_TYPE_STRING
        || !is_session_property (pspecs[i]))
      continue;
    save_property (talk, pspecs[i], &value);
    g_object_set (talk->element, pspecs[i]->name, NOT_UTF8, NULL);
    assert_names (talk_message_of (talk, GST_MESSAGE_WARNING, warnings++),
        pspecs[i]->name);
    fail_unless_equals_int (peer_count (talk->peer, UPDATE), 1);
    put_back_property (talk, pspecs[i], &value);
  }
  talk_sync_up (talk);
  fail_unless_equals_int (peer_count (talk->peer, UPDATE), 2);
  fail_unless_equals_int (
      talk_count_messages_of (talk, GST_MESSAGE_WARNING), warnings);
  g_free (pspecs);
  talk_free (talk);
}
GST_END_TEST;

/* --- what is no JSON --- */

static const struct {
  const gchar *name;
  const gchar *wrong; /* JSON of another type */
} json_properties[] = {
  { "tools", "{}" },
  { "tool-choice", "[1]" },
  { "truncation", "[1]" },
  { "prompt", "[1]" },
  { "tracing", "[1]" },
  { "include", "{}" },
  { "session-config", "[1]" },
};

static const gchar *const no_json[] = { "[", "{\"a\":}", "[] []", "{'a':1}",
  "[1e]", "{\"a\":\"\x01\"}" };

GST_START_TEST (test_no_json)
{
  for (guint i = 0; i < G_N_ELEMENTS (json_properties); i++) {
    Talk *talk = talk_new ();

    g_object_set (talk->element, json_properties[i].name,
        no_json[i % G_N_ELEMENTS (no_json)], NULL);
    assert_no_start (talk, json_properties[i].name);
    talk_free (talk);
  }
}
GST_END_TEST;

/* In PLAYING the session goes on as it was, and what was right in the end is
 * told as a whole. */
GST_START_TEST (test_no_json_in_playing)
{
  const gchar *name = json_properties[__i__].name;
  Talk *talk = talk_new_playing ();
  guint warnings = 0;
  JsonObject *session;

  for (guint i = 0; i < G_N_ELEMENTS (no_json); i++) {
    g_object_set (talk->element, name, no_json[i], NULL);
    assert_names (
        talk_message_of (talk, GST_MESSAGE_WARNING, warnings++), name);
  }
  g_object_set (talk->element, name, json_properties[__i__].wrong, NULL);
  assert_names (talk_message_of (talk, GST_MESSAGE_WARNING, warnings++), name);
  talk_sync (talk);
  fail_unless_equals_int (peer_count (talk->peer, UPDATE), 1);

  g_object_set (talk->element, name, NULL, "instructions", "on", NULL);
  session = json_object_get_object_member (
      peer_event (talk->peer, UPDATE, 1), "session");
  if (!json_object_has_member (session, "instructions"))
    session = json_object_get_object_member (
        peer_event (talk->peer, UPDATE, 2), "session");
  fail_unless_equals_string (
      json_object_get_string_member (session, "instructions"), "on");
  talk_sync (talk);
  fail_unless_equals_int (
      talk_count_messages_of (talk, GST_MESSAGE_WARNING), warnings);
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_no_file)
{
  static const gchar *const names[] = { "instructions", "transcription-prompt",
    "tools", "tool-choice", "truncation", "prompt", "tracing", "include",
    "session-config", "tool-exec", "tool-http" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    Talk *talk = talk_new ();

    g_object_set (talk->element, names[i], "@/nowhere/at-all.json", NULL);
    assert_no_start (talk, names[i]);
    talk_free (talk);
  }
}
GST_END_TEST;

/* These take the path itself. */
static const gchar *const file_properties[] = { "instructions-file",
  "tools-file" };

GST_START_TEST (test_no_such_file)
{
  const gchar *name = file_properties[__i__];
  Talk *talk = talk_new ();

  g_object_set (talk->element, name, "/nowhere/at-all.json", NULL);
  assert_no_start (talk, name);
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_no_such_file_in_playing)
{
  const gchar *name = file_properties[__i__];
  Talk *talk = talk_new_playing ();

  g_object_set (talk->element, name, "/nowhere/at-all.json", NULL);
  assert_names (talk_message_of (talk, GST_MESSAGE_WARNING, 0), name);
  fail_unless_equals_int (peer_count (talk->peer, UPDATE), 1);
  talk_free (talk);
}
GST_END_TEST;

/* The file is there, but not what should be in it. */
GST_START_TEST (test_nonsense_in_a_file)
{
  static const gchar *const nonsense[] = { "[", "{}", NOT_UTF8 };
  gchar *path = NULL;
  gint fd = g_file_open_tmp ("realtime2-test-XXXXXX", &path, NULL);
  Talk *talk = talk_new ();

  g_close (fd, NULL);
  g_file_set_contents (path, nonsense[__i__], -1, NULL);
  g_object_set (talk->element, "tools-file", path, NULL);
  assert_no_start (talk, "tools-file");
  talk_free (talk);
  g_unlink (path);
  g_free (path);
}
GST_END_TEST;

/* --- tools without code --- */

static const struct {
  const gchar *name, *value;
} toolboxes[] = {
  { "tool-exec", "date" },
  { "tool-exec", "[\"date\"]" },
  { "tool-exec", "{\"now\":\"date\"}" },
  { "tool-exec", "{\"now\":[]}" },
  { "tool-exec", "{\"now\":[\"\"]}" },
  { "tool-exec", "{\"now\":[1]}" },
  { "tool-http", "http://127.0.0.1/" },
  { "tool-http", "[\"http://127.0.0.1/\"]" },
  { "tool-http", "{\"now\":[\"http://127.0.0.1/\"]}" },
  { "tool-http", "{\"now\":\"ftp://127.0.0.1/\"}" },
  { "tool-http", "{\"now\":\"file:///etc/passwd\"}" },
  { "tool-http", "{\"now\":\"http://\"}" },
};

GST_START_TEST (test_toolbox)
{
  Talk *talk = talk_new ();

  g_object_set (
      talk->element, toolboxes[__i__].name, toolboxes[__i__].value, NULL);
  assert_no_start (talk, toolboxes[__i__].name);
  talk_free (talk);
}
GST_END_TEST;

/* --- what is too much --- */

/* A text of a megabyte is a text; what can't be is told. */
GST_START_TEST (test_megabyte)
{
  gchar *text = g_strnfill (1024 * 1024, 'a');
  guint n;
  GParamSpec **pspecs = list_properties (&n);

  for (guint i = 0; i < n; i++) {
    Talk *talk;

    if (pspecs[i]->value_type != G_TYPE_STRING)
      continue;
    talk = talk_new ();
    talk->fails = TRUE;
    g_object_set (talk->element, pspecs[i]->name, text, NULL);
    gst_element_set_state (talk->element, GST_STATE_PLAYING);
    while (talk_count_messages_of (talk, GST_MESSAGE_ERROR) == 0
        && talk_count_messages (talk, "session-updated") == 0)
      g_usleep (1000);
    if (talk_count_messages_of (talk, GST_MESSAGE_ERROR) > 0)
      assert_names (
          talk_message_of (talk, GST_MESSAGE_ERROR, 0), pspecs[i]->name);
    talk_free (talk);
  }
  g_free (pspecs);
  g_free (text);
}
GST_END_TEST;

/* The session as the server was told it last. */
static gchar *
last_session (Talk *talk)
{
  JsonObject *update = peer_event (
      talk->peer, UPDATE, peer_count (talk->peer, UPDATE) - 1);

  return rt2_json_member_text (update, "session");
}

/* In PLAYING too; and what is set back is as if it had never been. */
GST_START_TEST (test_megabyte_in_playing)
{
  gchar *text = g_strnfill (1024 * 1024, 'a');
  Talk *talk = talk_new_playing ();
  guint n, warnings = 0;
  GParamSpec **pspecs = list_properties (&n);
  gchar *session;

  for (guint i = 0; i < n; i++) {
    GValue value = G_VALUE_INIT;

    /* The file is read at each connect, and may be told of more than once. */
    if (pspecs[i]->value_type != G_TYPE_STRING
        || g_str_equal (pspecs[i]->name, "api-key-file"))
      continue;
    save_property (talk, pspecs[i], &value);
    g_object_set (talk->element, pspecs[i]->name, text, NULL);
    talk_sync (talk);
    if (talk_count_messages_of (talk, GST_MESSAGE_WARNING) > warnings)
      assert_names (talk_message_of (talk, GST_MESSAGE_WARNING, warnings++),
          pspecs[i]->name);
    fail_unless_equals_int (
        talk_count_messages_of (talk, GST_MESSAGE_WARNING), warnings);
    put_back_property (talk, pspecs[i], &value);
  }
  talk_sync_up (talk);
  session = last_session (talk);
  fail_if (strstr (session, "aaaa"), "left over: %.2000s", session);
  fail_unless_equals_int (talk_count_messages (talk, "session-lost"), 0);
  g_free (session);
  g_free (pspecs);
  g_free (text);
  talk_free (talk);
}
GST_END_TEST;

/* --- keys --- */

#define SECRET "nonsense-secret"

static const gchar *const bad_keys[] = { "sk-" SECRET " b",
  "sk-" SECRET "\r\nX-Evil: 1", SECRET NOT_UTF8, SECRET };

/* Number @i, which may be a megabyte. */
static gchar *
make_bad_key (guint i)
{
  gchar *rest = g_strnfill (
      i + 1 < G_N_ELEMENTS (bad_keys) ? 0 : 1024 * 1024, 'k');
  gchar *key = g_strconcat (bad_keys[i], rest, NULL);

  g_free (rest);
  return key;
}

static gint leaks;

static void
look_for_secret (GstDebugCategory *category, GstDebugLevel level,
    const gchar *file, const gchar *function, gint line, GObject *object,
    GstDebugMessage *message, gpointer unused)
{
  if (strstr (gst_debug_message_get (message), SECRET))
    g_atomic_int_inc (&leaks);
}

/* No log and no message holds the key. */
static void
assert_secret_kept (Talk *talk)
{
  g_mutex_lock (&talk->lock);
  for (guint i = 0; i < talk->messages->len; i++) {
    const GstStructure *fields = gst_message_get_structure (
        g_ptr_array_index (talk->messages, i));
    gchar *text = fields ? gst_structure_to_string (fields) : NULL;

    fail_if (text && strstr (text, SECRET), "%.2000s", text);
    g_free (text);
  }
  g_mutex_unlock (&talk->lock);
  fail_unless_equals_int (g_atomic_int_get (&leaks), 0);
}

static void
watch_logs (void)
{
  leaks = 0;
  gst_debug_set_active (TRUE);
  gst_debug_set_default_threshold (GST_LEVEL_LOG);
  gst_debug_remove_log_function (gst_debug_log_default);
  gst_debug_add_log_function (look_for_secret, NULL, NULL);
}

/* A key is for the next connection: in PLAYING it changes nothing, and there it
 * is refused by its name. */
GST_START_TEST (test_key_in_playing)
{
  gchar *key = make_bad_key (__i__);
  Talk *talk;

  watch_logs ();
  talk = talk_new_playing ();
  talk->fails = TRUE;
  g_object_set (talk->element, "api-key", key, NULL);
  talk_sync_up (talk);
  fail_unless_equals_int (
      talk_count_messages_of (talk, GST_MESSAGE_WARNING), 0);
  fail_unless_equals_int (talk_count_messages_of (talk, GST_MESSAGE_ERROR), 0);
  peer_drop (talk->peer);
  assert_names (talk_message_of (talk, GST_MESSAGE_ERROR, 0), "api-key");
  fail_unless_equals_int (talk_count_messages (talk, "session-restored"), 0);
  assert_secret_kept (talk);
  talk_free (talk);
  g_free (key);
}
GST_END_TEST;

/* One that is set right again in time was never there. */
GST_START_TEST (test_key_set_back)
{
  gchar *key = make_bad_key (__i__);
  Talk *talk;

  watch_logs ();
  talk = talk_new_playing ();
  g_object_set (talk->element, "api-key", key, NULL);
  talk_sync (talk);
  g_object_set (talk->element, "api-key", "sk-good", NULL);
  peer_drop (talk->peer);
  talk_message (talk, "session-restored", 0);
  assert_secret_kept (talk);
  talk_free (talk);
  g_free (key);
}
GST_END_TEST;

/* --- what is out of range --- */

/* Between 0 and the least that the server takes there is nothing; GObject knows
 * no such range. */
static const guint64 idle_timeouts[] = { 1, GST_SECOND, 5 * GST_SECOND - 1 };

GST_START_TEST (test_idle_timeout)
{
  Talk *talk = talk_new ();

  g_object_set (talk->element, "idle-timeout", idle_timeouts[__i__], NULL);
  assert_no_start (talk, "idle-timeout must be 0, or from 5 s to 30 s");
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_idle_timeout_in_playing)
{
  Talk *talk = talk_new_playing ();
  gchar *session;

  for (guint i = 0; i < G_N_ELEMENTS (idle_timeouts); i++) {
    g_object_set (talk->element, "idle-timeout", idle_timeouts[i], NULL);
    assert_names (talk_message_of (talk, GST_MESSAGE_WARNING, i),
        "idle-timeout must be 0, or from 5 s to 30 s");
  }
  talk_sync (talk);
  fail_unless_equals_int (peer_count (talk->peer, UPDATE), 1);
  g_object_set (talk->element, "idle-timeout", 5 * GST_SECOND, NULL);
  peer_event (talk->peer, UPDATE, 1);
  session = last_session (talk);
  fail_unless (
      strstr (session, "\"idle_timeout_ms\":5000") != NULL, "%s", session);
  g_free (session);
  talk_free (talk);
}
GST_END_TEST;

static gboolean
has_nicks (const GParamSpec *pspec)
{
  return G_IS_PARAM_SPEC_ENUM (pspec) || G_IS_PARAM_SPEC_FLAGS (pspec);
}

/* A pipeline description with a wrong word is refused with the names of
 * property and word. */
GST_START_TEST (test_no_nick)
{
  guint n;
  GParamSpec **pspecs = list_properties (&n);

  for (guint i = 0; i < n; i++) {
    gchar *line = g_strdup_printf ("realtime2 %s=bogus", pspecs[i]->name);
    GError *error = NULL;
    GstElement *element;

    if (has_nicks (pspecs[i])) {
      element = gst_parse_launch_full (
          line, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);
      fail_unless (element == NULL, "%s is taken", line);
      fail_unless (g_error_matches (
          error, GST_PARSE_ERROR, GST_PARSE_ERROR_COULD_NOT_SET_PROPERTY));
      fail_unless (strstr (error->message, pspecs[i]->name) != NULL
              && strstr (error->message, "bogus") != NULL,
          "%s", error->message);
    }
    g_clear_error (&error);
    g_free (line);
  }
  g_free (pspecs);
}
GST_END_TEST;

/* Set by hand it is not: the property stays what it was, and nobody is told. */
GST_START_TEST (test_no_nick_by_hand)
{
  Talk *talk = __i__ ? talk_new_playing () : talk_new ();
  guint n;
  GParamSpec **pspecs = list_properties (&n);

  for (guint i = 0; i < n; i++) {
    GValue value = G_VALUE_INIT;

    if (!has_nicks (pspecs[i]))
      continue;
    gst_util_set_object_arg (
        G_OBJECT (talk->element), pspecs[i]->name, "bogus");
    g_object_get_property (G_OBJECT (talk->element), pspecs[i]->name, &value);
    fail_unless (g_param_value_defaults (pspecs[i], &value), "%s has changed",
        pspecs[i]->name);
    g_value_unset (&value);
  }
  if (__i__) {
    talk_sync (talk);
    fail_unless_equals_int (peer_count (talk->peer, UPDATE), 1);
  }
  g_free (pspecs);
  talk_free (talk);
}
GST_END_TEST;

/* Values beyond the range of @pspec. FALSE if there are none. */
static gboolean
below (const GParamSpec *pspec, GValue *value)
{
  if (G_IS_PARAM_SPEC_INT (pspec))
    g_value_set_int (value, G_PARAM_SPEC_INT (pspec)->minimum - 1);
  else if (G_IS_PARAM_SPEC_DOUBLE (pspec))
    g_value_set_double (value, G_PARAM_SPEC_DOUBLE (pspec)->minimum - 0.01);
  else if (G_IS_PARAM_SPEC_ENUM (pspec))
    g_value_set_enum (value, -1);
  else if (G_IS_PARAM_SPEC_UINT64 (pspec)
      && G_PARAM_SPEC_UINT64 (pspec)->minimum > 0)
    g_value_set_uint64 (value, G_PARAM_SPEC_UINT64 (pspec)->minimum - 1);
  else
    return FALSE;
  return TRUE;
}

static gboolean
above (const GParamSpec *pspec, GValue *value)
{
  if (G_IS_PARAM_SPEC_INT (pspec)
      && G_PARAM_SPEC_INT (pspec)->maximum < G_MAXINT)
    g_value_set_int (value, G_PARAM_SPEC_INT (pspec)->maximum + 1);
  else if (G_IS_PARAM_SPEC_DOUBLE (pspec))
    g_value_set_double (value, G_PARAM_SPEC_DOUBLE (pspec)->maximum + 0.01);
  else if (G_IS_PARAM_SPEC_ENUM (pspec))
    g_value_set_enum (value, 99);
  else if (G_IS_PARAM_SPEC_UINT64 (pspec)
      && G_PARAM_SPEC_UINT64 (pspec)->maximum < G_MAXUINT64)
    g_value_set_uint64 (value, G_MAXUINT64);
  else
    return FALSE;
  return TRUE;
}

static gboolean
beside (const GParamSpec *pspec, GValue *value)
{
  if (!G_IS_PARAM_SPEC_DOUBLE (pspec))
    return FALSE;
  g_value_set_double (value, NAN);
  return TRUE;
}

/* GObject refuses it, by name, and the property is what it was. */
static void
assert_out_of_range (GstElement *element, GParamSpec *pspec,
    gboolean (*beyond) (const GParamSpec *pspec, GValue *value))
{
  GValue value = G_VALUE_INIT, before = G_VALUE_INIT, after = G_VALUE_INIT;
  gchar *pattern = g_strdup_printf ("*out of range*'%s'*", pspec->name);

  g_value_init (&value, pspec->value_type);
  if (beyond (pspec, &value)) {
    g_value_init (&before, pspec->value_type);
    g_value_init (&after, pspec->value_type);
    g_object_get_property (G_OBJECT (element), pspec->name, &before);
    g_test_expect_message ("GLib-GObject", G_LOG_LEVEL_WARNING, pattern);
    g_object_set_property (G_OBJECT (element), pspec->name, &value);
    g_test_assert_expected_messages ();
    g_object_get_property (G_OBJECT (element), pspec->name, &after);
    fail_unless_equals_int (g_param_values_cmp (pspec, &before, &after), 0);
    g_value_unset (&before);
    g_value_unset (&after);
  }
  g_value_unset (&value);
  g_free (pattern);
}

GST_START_TEST (test_out_of_range)
{
  Talk *talk = __i__ ? talk_new_playing () : talk_new ();
  guint n;
  GParamSpec **pspecs = list_properties (&n);

  for (guint i = 0; i < n; i++) {
    assert_out_of_range (talk->element, pspecs[i], below);
    assert_out_of_range (talk->element, pspecs[i], above);
    assert_out_of_range (talk->element, pspecs[i], beside);
  }
  if (__i__) {
    talk_sync (talk);
    fail_unless_equals_int (peer_count (talk->peer, UPDATE), 1);
  }
  g_free (pspecs);
  talk_free (talk);
}
GST_END_TEST;

/* --- connections --- */

static const struct {
  const gchar *name, *value;
} connections[] = {
  { "uri", "not a uri" },
  { "uri", "ftp://127.0.0.1/realtime" },
  { "uri", "wss://" },
  { "uri", "ws://user:password@127.0.0.1/" },
  { "uri", "ws://127.0.0.1:99999/" },
  { "api-key", "sk-a b" },
  { "api-key", "sk-a\r\nX-Evil: 1" },
  { "organization", "a\nb" },
  { "project", "a\nb" },
  { "safety-identifier", "a\nb" },
  { "tls-pins", "sha256//short" },
  { "proxy", "not a proxy" },
  { "proxy", "ftp://127.0.0.1:1" },
};

GST_START_TEST (test_connection)
{
  Talk *talk = talk_new ();

  g_object_set (
      talk->element, connections[__i__].name, connections[__i__].value, NULL);
  assert_no_start (talk, connections[__i__].name);
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_extra_headers)
{
  GstStructure *headers = gst_structure_new (
      "headers", "X-Good", G_TYPE_STRING, "a\r\nX-Evil: 1", NULL);
  Talk *talk = talk_new ();

  g_object_set (talk->element, "extra-headers", headers, NULL);
  assert_no_start (talk, "extra-headers");
  gst_structure_free (headers);
  talk_free (talk);
}
GST_END_TEST;

static Suite *
badsettings_suite (void)
{
  Suite *suite = suite_create ("badsettings");
  TCase *texts = tcase_create ("texts");
  TCase *keys = tcase_create ("keys");
  TCase *values = tcase_create ("values");

  suite_add_tcase (suite, texts);
  tcase_add_test (texts, test_not_utf8);
  tcase_add_test (texts, test_not_utf8_in_playing);
  tcase_add_test (texts, test_no_json);
  tcase_add_loop_test (
      texts, test_no_json_in_playing, 0, G_N_ELEMENTS (json_properties));
  tcase_add_test (texts, test_no_file);
  tcase_add_loop_test (
      texts, test_no_such_file, 0, G_N_ELEMENTS (file_properties));
  tcase_add_loop_test (
      texts, test_no_such_file_in_playing, 0, G_N_ELEMENTS (file_properties));
  tcase_add_loop_test (texts, test_nonsense_in_a_file, 0, 3);
  tcase_add_loop_test (texts, test_toolbox, 0, G_N_ELEMENTS (toolboxes));
  tcase_add_test (texts, test_megabyte);
  tcase_add_test (texts, test_megabyte_in_playing);

  suite_add_tcase (suite, keys);
  tcase_add_loop_test (keys, test_key_in_playing, 0, G_N_ELEMENTS (bad_keys));
  tcase_add_loop_test (keys, test_key_set_back, 0, G_N_ELEMENTS (bad_keys));

  suite_add_tcase (suite, values);
  tcase_add_loop_test (values, test_out_of_range, 0, 2);
  tcase_add_loop_test (
      values, test_idle_timeout, 0, G_N_ELEMENTS (idle_timeouts));
  tcase_add_test (values, test_idle_timeout_in_playing);
  tcase_add_test (values, test_no_nick);
  tcase_add_loop_test (values, test_no_nick_by_hand, 0, 2);
  tcase_add_loop_test (values, test_connection, 0, G_N_ELEMENTS (connections));
  tcase_add_test (values, test_extra_headers);
  return suite;
}

GST_CHECK_MAIN (badsettings);
