/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs of secretsrun, and the search in all that they leave.
 */
#include "secretstage.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "stage.h"

#define MASK 0x5a
#define PASSWORD "Pa55+of/the=proxy"
#define PROXY "http://user:Pa55%2Bof%2Fthe%3Dproxy@127.0.0.1:9"
/* Is left behind on purpose. */
#define CONTROL "control=of+this/search,0123456789"
/* In the environment for the tool not to see. */
#define OTHER "sk-Other+key/in-the_environment=9876543210"

/* What the run gets, by name. */
static const struct {
  const gchar *name, *secret;
} secrets[] = {
  { "key", SECRET_KEY },
  { "new-key", SECRET_NEW_KEY },
  { "fallback-key", SECRET_FALLBACK_KEY },
  { "token", SECRET_TOKEN },
  { "proxy", PROXY },
  { "control", CONTROL },
};

/* What must be nowhere. */
static const gchar *const words[] = { SECRET_KEY, SECRET_NEW_KEY,
  SECRET_FALLBACK_KEY, SECRET_TOKEN, PASSWORD, "user:" PASSWORD, OTHER };

/* --- files --- */

void
secret_stage_init (SecretStage *stage)
{
  g_autofree gchar *pem = test_certificate_dup_ca ();

  stage->directory = stage_make_directory ();
  stage->key_file = g_build_filename (stage->directory, "key", NULL);
  stage->event_log = g_build_filename (stage->directory, "events", NULL);
  stage->ca = g_build_filename (stage->directory, "ca.pem", NULL);
  g_assert_true (g_file_set_contents_full (stage->key_file, SECRET_KEY "\n", -1,
      G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL));
  g_assert_true (g_file_set_contents (stage->ca, pem, -1, NULL));
}

void
secret_stage_clear (SecretStage *stage)
{
  stage_remove_directory (stage->directory);
  g_free (stage->key_file);
  g_free (stage->event_log);
  g_free (stage->ca);
}

/* --- searching --- */

static void
assert_absent (
    const gchar *text, gsize size, const gchar *secret, const gchar *where)
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
      g_error ("%s holds the secret %s, form %u: %.*s", where, secret, i, 200,
          found - MIN (100, found - text));
  }
}

static void
assert_clean (const gchar *text, gsize size, const gchar *where)
{
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    assert_absent (text, size, words[i], where);
}

static void
assert_file_clean (const gchar *path, const gchar *holds)
{
  g_autofree gchar *text = NULL;
  gsize size;

  g_assert_true (g_file_get_contents (path, &text, &size, NULL));
  g_assert_nonnull (g_strstr_len (text, size, holds));
  assert_clean (text, size, path);
}

/* Each of the dot files, of which there are some. */
static void
assert_dots_clean (const SecretStage *stage)
{
  g_autoptr (GDir) dir = g_dir_open (stage->directory, 0, NULL);
  const gchar *name;
  guint n = 0;

  while ((name = g_dir_read_name (dir))) {
    g_autofree gchar *path = g_build_filename (stage->directory, name, NULL);

    if (!g_str_has_suffix (name, ".dot"))
      continue;
    assert_file_clean (path, "GstRealtime2");
    n++;
  }
  g_assert_cmpuint (n, ==, 3);
}

/* What can't be read is not made up either. */
static void
assert_unreadable (const ChildResult *result)
{
  static const gchar *const names[] = { "api-key", "fallback-api-key", "proxy",
    "extra-headers" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree gchar *line = g_strdup_printf (
        "\nproperty %s: can't be read\n", names[i]);
    g_autofree gchar *notified = g_strdup_printf ("ai: %s = ", names[i]);

    g_assert_nonnull (strstr (result->output, line));
    g_assert_null (strstr (result->output, notified));
  }
  g_assert_nonnull (strstr (result->output, "\nproperty uri: "));
}

/* --- the run --- */

static gchar *
mask (const gchar *name, const gchar *secret)
{
  GString *text = g_string_new (NULL);

  g_string_printf (text, "@%s=", name);
  for (const gchar *c = secret; *c; c++)
    g_string_append_printf (text, "%02x", (guchar) *c ^ MASK);
  return g_string_free (text, FALSE);
}

/* NULL adds nothing. */
static void
add (GPtrArray *argv, const gchar *name, const gchar *value)
{
  if (value)
    g_ptr_array_add (argv, g_strconcat (name, value, NULL));
}

static GStrv
make_arguments (const SecretStage *stage, const SecretRun *run)
{
  GPtrArray *argv = g_ptr_array_new ();

  add (argv, "", SECRETS_RUN);
  add (argv, "", run->steps);
  add (argv, "uri=", run->uri);
  add (argv, "fallback-uri=", run->fallback_uri);
  add (argv, "api-key-file=", run->in_file ? stage->key_file : NULL);
  add (argv, "event-log=", stage->event_log);
  add (argv, "+", stage->ca);
  for (guint i = 0; i < G_N_ELEMENTS (secrets); i++)
    g_ptr_array_add (argv, mask (secrets[i].name, secrets[i].secret));
  g_ptr_array_add (argv, NULL);
  return (GStrv) g_ptr_array_free (argv, FALSE);
}

static ChildResult *
run_child (const SecretStage *stage, const SecretRun *run, gchar **argv)
{
  const gchar *const environment[] = { "GST_DEBUG", "*:9", "GST_DEBUG_NO_COLOR",
    "1", "G_MESSAGES_DEBUG", "all", "GST_DEBUG_DUMP_DOT_DIR", stage->directory,
    "OPENAI_API_KEY", OTHER, "AZURE_OPENAI_API_KEY", OTHER, "MALLOC_PERTURB_",
    "0", run->overwrite ? "SECRETS_OVERWRITE" : NULL, "1", NULL };

  return child_run ((const gchar *const *) argv, environment);
}

ChildResult *
secret_stage_run (SecretStage *stage, const SecretRun *run)
{
  g_auto (GStrv) argv = make_arguments (stage, run);
  ChildResult *result = run_child (stage, run, argv);

  g_assert_cmpint (result->status, ==, 0);
  assert_clean (result->output, strlen (result->output), "the output");
  assert_unreadable (result);
  assert_dots_clean (stage);
  assert_file_clean (stage->event_log, "127.0.0.1");
  /* The search finds what there is. */
  g_assert_cmpuint (secret_number (result, "left control"), >, 0);
  g_assert_cmpuint (secret_number (result, "others control"), ==, 1);
  return result;
}

/* --- figures --- */

guint
secret_number (const ChildResult *result, const gchar *what)
{
  g_autofree gchar *line = g_strdup_printf ("\n%s ", what);
  const gchar *at = g_strrstr (result->output, line);

  if (!at)
    g_error ("the run did not get to its end: %s",
        result->output + MAX (0, (gssize) strlen (result->output) - 2000));
  return atoi (at + strlen (line));
}

static guint
number_of (const ChildResult *result, const gchar *kind, guint secret)
{
  g_autofree gchar *what = g_strconcat (kind, " ", secrets[secret].name, NULL);

  return secret_number (result, what);
}

void
secret_assert_nothing_kept (const ChildResult *result)
{
  for (guint i = 0; i < G_N_ELEMENTS (secrets); i++) {
    if (g_str_equal (secrets[i].name, "control"))
      continue;
    g_assert_cmpuint (number_of (result, "left", i), ==, 0);
    if (g_str_has_suffix (secrets[i].name, "key"))
      g_assert_cmpuint (number_of (result, "freed", i), ==, 0);
  }
}

void
secret_print (const ChildResult *result)
{
  g_auto (GStrv) lines = g_strsplit (result->output, "\n", -1);

  for (guint i = 0; i < G_N_ELEMENTS (secrets); i++)
    g_test_message ("%s: %u copies left in memory; %u blocks were freed with "
                    "it by the element, %u by libraries",
        secrets[i].name, number_of (result, "left", i),
        number_of (result, "freed", i), number_of (result, "others", i));
  for (guint i = 0; g_test_verbose () && lines[i]; i++)
    if (g_str_has_prefix (lines[i], "stack "))
      g_test_message ("%s", lines[i]);
}

void
secret_assert_sent (
    TestServer *server, guint request, const gchar *key, const gchar *token)
{
  g_autofree gchar *sent_key = test_server_dup_header (
      server, request, "Authorization");
  g_autofree gchar *sent_token = test_server_dup_header (
      server, request, "X-Token");
  g_autofree gchar *bearer = g_strconcat ("Bearer ", key, NULL);

  g_assert_cmpstr (sent_key, ==, bearer);
  g_assert_cmpstr (sent_token, ==, token);
}
