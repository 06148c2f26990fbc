/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which tool is answered by what: every wrong form is refused by the name of
 * the property and of the tool.
 */
#include "rt2toolbox.h"

#include <string.h>

#include "testweb.h"

#define PATIENCE (30 * G_GUINT64_CONSTANT (1000000000))

static Rt2Toolbox *
make (const gchar *exec, const gchar *http)
{
  g_autoptr (GError) error = NULL;
  const gchar *member = NULL;
  Rt2Toolbox *toolbox = rt2_toolbox_new (exec, http, &member, &error);

  g_assert_no_error (error);
  g_assert_nonnull (toolbox);
  return toolbox;
}

static void
assert_refused (const gchar *exec, const gchar *http, const gchar *property,
    const gchar *tool)
{
  g_autoptr (GError) error = NULL;
  const gchar *member = NULL;

  if (rt2_toolbox_new (exec, http, &member, &error))
    g_error ("taken: %s %s", exec, http);
  g_assert_cmpstr (member, ==, property);
  g_assert_nonnull (error);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  if (tool && !strstr (error->message, tool))
    g_error ("\"%s\" does not name %s", error->message, tool);
}

static void
test_nothing (void)
{
  static const gchar *const nothing[] = { NULL, "", "{}", " { } " };

  for (guint i = 0; i < G_N_ELEMENTS (nothing); i++) {
    g_autoptr (Rt2Toolbox) toolbox = make (nothing[i], nothing[i]);

    g_assert_false (rt2_toolbox_has (toolbox, "now"));
    g_assert_false (rt2_toolbox_has (toolbox, ""));
  }
}

static void
test_names (void)
{
  g_autoptr (Rt2Toolbox)
      toolbox = make ("{\"now\":[\"date\"],\"in_utc\":[\"date\",\"-u\"]}",
          "{\"weather\":\"https://example.net/a?b=c\",\"Far\":\"HTTP://x/\"}");

  g_assert_true (rt2_toolbox_has (toolbox, "now"));
  g_assert_true (rt2_toolbox_has (toolbox, "in_utc"));
  g_assert_true (rt2_toolbox_has (toolbox, "weather"));
  g_assert_true (rt2_toolbox_has (toolbox, "Far"));
  g_assert_false (rt2_toolbox_has (toolbox, "Now"));
  g_assert_false (rt2_toolbox_has (toolbox, "date"));
  g_assert_false (rt2_toolbox_has (toolbox, "../now"));
  g_assert_false (rt2_toolbox_has (toolbox, "now\n"));
}

/* Neither a name nor arguments become part of what is run. */
static void
test_run (void)
{
  g_autoptr (TestWeb) web = test_web_new ();
  g_autofree gchar *url = test_web_dup_url (web, "/echo");
  g_autofree gchar *http = g_strdup_printf ("{\"web\":\"%s\"}", url);
  g_autoptr (Rt2Toolbox) toolbox = make (
      "{\"say\":[\"printf\",\"%s|\",\"a b\",\"\",\"$(id)\",\"\\u00e9\"],"
      "\"copy\":[\"cat\"]}",
      http);
  g_autofree gchar *said = rt2_toolbox_run (
      toolbox, "say", "{}", PATIENCE, NULL);
  g_autofree gchar *copied = rt2_toolbox_run (
      toolbox, "copy", "{\"a\":\"; id\"}", PATIENCE, NULL);
  g_autofree gchar *echoed = rt2_toolbox_run (
      toolbox, "web", "{\"b\":1}", PATIENCE, NULL);

  g_assert_cmpstr (said, ==, "a b||$(id)|\xc3\xa9|");
  g_assert_cmpstr (copied, ==, "{\"a\":\"; id\"}");
  g_assert_cmpstr (echoed, ==, "{\"b\":1}");
}

static const gchar *const no_objects[] = { "[", "[]", "1", "\"date\"", "null",
  "{\"a\":}", "{'a':1}", "{} {}", "x" };

static void
test_no_objects (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (no_objects); i++) {
    assert_refused (no_objects[i], NULL, "tool-exec", NULL);
    assert_refused (NULL, no_objects[i], "tool-http", NULL);
    assert_refused (no_objects[i], no_objects[i], "tool-exec", NULL);
  }
}

static void
test_no_commands (void)
{
  static const gchar *const wrong[] = { "null", "1", "true", "\"date\"", "{}",
    "[]", "[\"\"]", "[\"\",\"a\"]", "[1]", "[null]", "[\"date\",1]",
    "[\"date\",null]", "[\"date\",[\"-u\"]]", "[\"date\",{}]", "[[\"date\"]]" };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autofree gchar *exec = g_strdup_printf (
        "{\"good\":[\"date\"],\"bad\":%s}", wrong[i]);

    assert_refused (exec, NULL, "tool-exec", "bad");
  }
}

static void
test_no_urls (void)
{
  static const gchar *const wrong[] = { "null", "1", "[\"http://x/\"]", "{}",
    "\"\"", "\"example.net\"", "\"/tool\"", "\"ftp://x/\"", "\"file:///x\"",
    "\"javascript:x\"", "\"http:\"", "\"http://\"", "\"http:///tool\"",
    "\"http://x:99999/\"", "\"http://a b/\"", "\"https:x\"" };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autofree gchar *http = g_strdup_printf (
        "{\"good\":\"http://x/\",\"bad\":%s}", wrong[i]);

    assert_refused (NULL, http, "tool-http", "bad");
  }
}

static void
test_refs (void)
{
  Rt2Toolbox *toolbox = make ("{\"now\":[\"date\"]}", NULL);

  rt2_toolbox_unref (rt2_toolbox_ref (toolbox));
  g_assert_true (rt2_toolbox_has (toolbox, "now"));
  rt2_toolbox_unref (toolbox);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/toolbox/nothing", test_nothing);
  g_test_add_func ("/toolbox/names", test_names);
  g_test_add_func ("/toolbox/run", test_run);
  g_test_add_func ("/toolbox/no-objects", test_no_objects);
  g_test_add_func ("/toolbox/no-commands", test_no_commands);
  g_test_add_func ("/toolbox/no-urls", test_no_urls);
  g_test_add_func ("/toolbox/refs", test_refs);
  return g_test_run ();
}
