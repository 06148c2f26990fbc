/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * No secret is anywhere but where it has to be. A run in another process, which
 * is as loud as it can be: logs at level 9 of GStreamer and of GLib, all
 * messages, dot files, stats, and the environment and command line of what a
 * tool starts. None of it holds the key, a token of extra-headers or the
 * password of the proxy, in clear, as base64 or as in a URL; not even where the
 * server quotes them.
 *
 * Nor may any of it be in use in the memory of that process once the element is
 * gone, nor in a block that the element gives back. All that is given back is
 * overwritten there, or it would be no more than chance what is found; as-is
 * does not. What this can't hold, because libraries give back blocks as they
 * are; how many is counted, printed, and for the key judged:
 * - of each connection, libsoup the line of the head with the key in it, and
 * the buffer that the head is sent from;
 * - of a refusal that quotes the key, libsoup what it reads of it, three times;
 * - of each connection, libsoup three copies of each of extra-headers, and GIO
 *   one of the uri of a proxy.
 * With --verbose it is told who gives them back.
 *
 * Nor can it hold:
 * - TLS is not part of it, nor is a proxy that is used.
 */
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "child.h"
#include "testserver.h"

#define MASK 0x5a
#define KEY "sk-Secret+key/of-this_test=0123456789abcdef"
#define TOKEN "token+that/is_nobody=else's"
#define PASSWORD "Pa55+of/the=proxy"
#define PROXY "http://user:Pa55%2Bof%2Fthe%3Dproxy@127.0.0.1:9"
/* Is left behind on purpose. */
#define CONTROL "control=of+this/search,0123456789"
/* In the environment for the tool not to see. */
#define OTHER "sk-Other+key/in-the_environment=9876543210"

/* --- the server --- */

static void
send_session (TestServer *server, guint connection)
{
  g_autofree gchar *quoted = test_server_dup_header (
      server, connection, "Authorization");
  g_autofree gchar *text = g_strdup_printf (
      "{\"type\":\"error\",\"event_id\":\"e\",\"error\":{\"type\":"
      "\"invalid_request_error\",\"code\":\"odd\",\"message\":\"You sent %s.\","
      "\"param\":\"%s\",\"event_id\":null}}",
      quoted, quoted);

  test_server_send (server, connection, text);
  test_server_send (server, connection,
      "{\"type\":\"response.created\",\"event_id\":\"e\",\"response\":"
      "{\"id\":\"R1\",\"status\":\"in_progress\",\"output\":[]}}");
  test_server_send (server, connection,
      "{\"type\":\"response.output_item.done\",\"event_id\":\"e\","
      "\"response_id\":\"R1\",\"output_index\":0,\"item\":{\"id\":\"F1\","
      "\"type\":\"function_call\",\"status\":\"completed\",\"call_id\":\"c1\","
      "\"name\":\"look\",\"arguments\":\"{}\"}}");
  test_server_send (server, connection,
      "{\"type\":\"response.done\",\"event_id\":\"e\",\"response\":"
      "{\"id\":\"R1\",\"status\":\"completed\",\"output\":[]}}");
}

static void
on_opened (TestServer *server, guint connection, gpointer unused)
{
  test_server_send (server, connection,
      "{\"type\":\"session.created\",\"event_id\":\"e\",\"session\":"
      "{\"type\":\"realtime\",\"id\":\"s\"}}");
}

/* Drops the first connection once it is configured, and quotes the key and
 * calls a function in the second. */
static void
on_message (
    TestServer *server, guint connection, const gchar *text, gpointer unused)
{
  if (!strstr (text, "\"session.update\""))
    return;
  test_server_send (server, connection,
      "{\"type\":\"session.updated\",\"event_id\":\"e\",\"session\":{}}");
  if (connection == 0)
    test_server_drop (server, connection);
  else
    send_session (server, connection);
}

static const TestServerScript script = {
  .opened = on_opened,
  .on_message = on_message,
};

/* --- the run --- */

typedef struct {
  gchar *directory; /* of the dot files, and of the key */
  gchar *key_file;
  TestServer *server;
} Stand;

static void
stand_init (Stand *stand)
{
  stand->directory = g_dir_make_tmp ("rt2-secrets-XXXXXX", NULL);
  stand->key_file = g_build_filename (stand->directory, "key", NULL);
  g_assert_true (g_file_set_contents (stand->key_file, KEY "\n", -1, NULL));
  g_assert_cmpint (g_chmod (stand->key_file, 0600), ==, 0);
  stand->server = test_server_new (TEST_TLS_NONE, &script, NULL);
}

static void
stand_clear (Stand *stand)
{
  g_autoptr (GDir) dir = g_dir_open (stand->directory, 0, NULL);
  const gchar *name;

  while ((name = g_dir_read_name (dir))) {
    g_autofree gchar *path = g_build_filename (stand->directory, name, NULL);

    g_remove (path);
  }
  g_rmdir (stand->directory);
  g_free (stand->directory);
  g_free (stand->key_file);
  test_server_free (stand->server);
}

static gchar *
mask (const gchar *secret)
{
  GString *hex = g_string_new (NULL);

  for (const gchar *c = secret; *c; c++)
    g_string_append_printf (hex, "%02x", (guchar) *c ^ MASK);
  return g_string_free (hex, FALSE);
}

static ChildResult *
run (Stand *stand, gboolean in_file, gboolean overwrite, const gchar *events)
{
  g_autofree gchar *uri = test_server_dup_url (stand->server);
  g_autofree gchar *key = mask (KEY), *token = mask (TOKEN);
  g_autofree gchar *proxy = mask (PROXY), *control = mask (CONTROL);
  const gchar *const argv[] = { SECRETS_RUN, uri,
    in_file ? stand->key_file : "-", key, token, proxy, control, events, NULL };
  const gchar *const environment[] = { "GST_DEBUG", "*:9", "GST_DEBUG_NO_COLOR",
    "1", "G_MESSAGES_DEBUG", "all", "GST_DEBUG_DUMP_DOT_DIR", stand->directory,
    "OPENAI_API_KEY", OTHER, "AZURE_OPENAI_API_KEY", OTHER, "MALLOC_PERTURB_",
    "0", overwrite ? "SECRETS_OVERWRITE" : NULL, "1", NULL };

  return child_run (argv, environment);
}

/* --- searching --- */

static void
assert_absent (const gchar *text, gsize size, const gchar *secret,
    const gchar *name, const gchar *where)
{
  g_autofree gchar *base64 = g_base64_encode (
      (const guchar *) secret, strlen (secret));
  g_autofree gchar *escaped = g_uri_escape_string (secret, NULL, FALSE);
  /* Whole groups of three bytes read the same whatever follows them. */
  const gchar *const forms[] = { secret, base64, escaped };

  base64[strlen (secret) / 3 * 4] = '\0';
  for (guint i = 0; i < G_N_ELEMENTS (forms); i++) {
    const gchar *found = g_strstr_len (text, size, forms[i]);

    if (found)
      g_error ("%s holds the %s, form %u: %.*s", where, name, i, 200,
          found - MIN (100, found - text));
  }
}

static void
assert_clean (const gchar *text, gsize size, const gchar *where)
{
  assert_absent (text, size, KEY, "key", where);
  assert_absent (text, size, TOKEN, "token", where);
  assert_absent (text, size, PASSWORD, "password", where);
  assert_absent (text, size, OTHER, "other key", where);
  assert_absent (text, size, "user:" PASSWORD, "login", where);
}

/* Each of the dot files, of which there are some. */
static void
assert_files_clean (const Stand *stand)
{
  g_autoptr (GDir) dir = g_dir_open (stand->directory, 0, NULL);
  const gchar *name;
  guint n = 0;

  while ((name = g_dir_read_name (dir))) {
    g_autofree gchar *path = g_build_filename (stand->directory, name, NULL);
    g_autofree gchar *text = NULL;
    gsize size;

    if (!g_str_has_suffix (name, ".dot"))
      continue;
    g_assert_true (g_file_get_contents (path, &text, &size, NULL));
    g_assert_nonnull (strstr (text, "GstRealtime2"));
    assert_clean (text, size, name);
    n++;
  }
  g_assert_cmpuint (n, ==, 3);
}

static guint
number (const ChildResult *result, const gchar *what)
{
  g_autofree gchar *line = g_strdup_printf ("\n%s ", what);
  const gchar *at = g_strrstr (result->output, line);

  if (!at)
    g_error ("the run did not get to its end: %s",
        result->output + MAX (0, (gssize) strlen (result->output) - 2000));
  return atoi (at + strlen (line));
}

static void
assert_run_clean (const Stand *stand, const ChildResult *result)
{
  g_assert_cmpint (result->status, ==, 0);
  assert_clean (result->output, strlen (result->output), "the output");
  assert_files_clean (stand);
  g_assert_cmpuint (number (result, "left control"), >, 0);
  g_assert_cmpuint (number (result, "others control"), ==, 1);
}

/* What the server was sent must be there, or the search means nothing. */
static void
assert_sent (Stand *stand, guint request)
{
  g_autofree gchar *key = test_server_dup_header (
      stand->server, request, "Authorization");
  g_autofree gchar *token = test_server_dup_header (
      stand->server, request, "X-Token");

  g_assert_cmpstr (key, ==, "Bearer " KEY);
  g_assert_cmpstr (token, ==, TOKEN);
}

/* Of what is still in use, nothing is a secret. */
static void
assert_nothing_kept (const ChildResult *result)
{
  g_assert_cmpuint (number (result, "left key"), ==, 0);
  g_assert_cmpuint (number (result, "left token"), ==, 0);
  g_assert_cmpuint (number (result, "left proxy"), ==, 0);
}

#define TALK                                                                   \
  "realtime2/session-lost,realtime2/session-restored,"                         \
  "realtime2/server-error,realtime2/function-output"

/* Who gave them back. */
static void
print_stacks (const ChildResult *result)
{
  g_auto (GStrv) lines = g_strsplit (result->output, "\n", -1);

  for (guint i = 0; g_test_verbose () && lines[i]; i++)
    if (g_str_has_prefix (lines[i], "stack "))
      g_test_message ("%s", lines[i]);
}

/* Of @connections, the last of which may be refused with the key in it. */
static void
assert_few_freed (const ChildResult *result, guint connections, gboolean quoted)
{
  g_assert_cmpuint (number (result, "freed key"), ==, 0);
  g_assert_cmpuint (
      number (result, "others key"), <=, 2 * connections + (quoted ? 3 : 0));
}

static void
print_left (const ChildResult *result)
{
  static const gchar *const names[] = { "key", "token", "proxy" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree gchar *left = g_strconcat ("left ", names[i], NULL);
    g_autofree gchar *freed = g_strconcat ("freed ", names[i], NULL);
    g_autofree gchar *others = g_strconcat ("others ", names[i], NULL);

    g_test_message ("%s: %u copies left in memory; %u blocks were freed with "
                    "it by the element, %u by libraries",
        names[i], number (result, left), number (result, freed),
        number (result, others));
  }
  print_stacks (result);
}

/* Where the key is, and whether libc overwrites what is freed, as it can be
 * told to: then all that is left is in use. */
typedef struct {
  gboolean in_file, overwrite;
} Way;

static const Way file = { TRUE, TRUE }, property = { FALSE, TRUE },
                 as_is = { TRUE, FALSE };

/* A connection that is lost, one that is made anew, a server that quotes the
 * key, and a tool that shows its environment. */
static void
test_talk (gconstpointer data)
{
  const Way *way = data;
  Stand stand;
  g_autoptr (ChildResult) result = NULL;

  stand_init (&stand);
  result = run (&stand, way->in_file, way->overwrite, TALK);
  assert_run_clean (&stand, result);
  assert_sent (&stand, 0);
  assert_sent (&stand, 1);
  g_assert_nonnull (strstr (result->output, "You sent Bearer ***."));
  g_assert_nonnull (strstr (result->output, "function-output"));
  print_left (result);
  if (way->overwrite)
    assert_nothing_kept (result);
  assert_few_freed (result, 2, FALSE);
  stand_clear (&stand);
}

/* The server refuses the key, and quotes it. */
static void
test_refused (void)
{
  Stand stand;
  g_autoptr (ChildResult) result = NULL;

  stand_init (&stand);
  test_server_refuse (stand.server, 401,
      "{\"error\":{\"code\":\"invalid_api_key\",\"message\":\"Incorrect API key "
      "provided: " KEY "\"}}",
      NULL);
  result = run (&stand, TRUE, TRUE, "realtime2/session-created");
  assert_run_clean (&stand, result);
  assert_sent (&stand, 0);
  g_assert_nonnull (strstr (result->output, "error GstMessageError"));
  print_left (result);
  assert_nothing_kept (result);
  assert_few_freed (result, 1, TRUE);
  stand_clear (&stand);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/secrets/file", &file, test_talk);
  g_test_add_data_func ("/secrets/property", &property, test_talk);
  g_test_add_data_func ("/secrets/as-is", &as_is, test_talk);
  g_test_add_func ("/secrets/refused", test_refused);
  return g_test_run ();
}
