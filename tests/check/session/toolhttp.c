/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Web servers as tools: what they are told, what is made of their answers, and
 * that the worst of them is bounded.
 */
#include "rt2toolhttp.h"

#include <string.h>

#include "rt2json.h"
#include "rt2toolexec.h"
#include "testpeer.h"
#include "testweb.h"

#define S G_GUINT64_CONSTANT (1000000000)
/* How long anything may take on a machine that is busy with other things. */
#define PATIENCE (30 * S)
/* What is bounded ends long before. */
#define SOON (15 * G_USEC_PER_SEC)
#define MEGABYTE (1024 * 1024)

typedef struct {
  TestWeb *web;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->web = test_web_new ();
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  test_web_free (fixture->web);
}

static gchar *
ask_full (Fixture *fixture, const gchar *path, const gchar *arguments,
    guint64 timeout, GCancellable *cancellable)
{
  g_autofree gchar *url = test_web_dup_url (fixture->web, path);

  return rt2_tool_http (url, arguments, timeout, cancellable);
}

static gchar *
ask (Fixture *fixture, const gchar *path)
{
  return ask_full (fixture, path, "{}", PATIENCE, NULL);
}

/* A member of the JSON object @answer, or NULL. Caller frees it. */
static gchar *
member_of (const gchar *answer, const gchar *name)
{
  g_autoptr (GError) error = NULL;
  JsonObject *object = rt2_json_parse_object (answer, strlen (answer), &error);
  gchar *value;

  g_assert_no_error (error);
  value = g_strdup (rt2_json_string (object, name));
  json_object_unref (object);
  return value;
}

static void
assert_error (const gchar *answer, const gchar *words, const gchar *output)
{
  g_autofree gchar *error = member_of (answer, "error");
  g_autofree gchar *text = member_of (answer, "output");

  g_assert_nonnull (error);
  g_assert_true (g_utf8_validate (error, -1, NULL));
  if (words && !strstr (error, words))
    g_error ("\"%s\" does not say \"%s\"", error, words);
  g_assert_cmpstr (text, ==, output);
}

/* --- what is asked --- */

static void
test_request (Fixture *fixture, gconstpointer data)
{
  static const gchar arguments[] = "{\"city\":\"Z\xc3\xbcrich\"}";
  g_autofree gchar *answer = ask_full (
      fixture, "/sunny", arguments, PATIENCE, NULL);
  g_autofree gchar *request = test_web_dup_request (fixture->web, 0);
  g_autofree gchar *lower = g_ascii_strdown (request, -1);

  g_assert_true (g_str_has_prefix (request, "POST /sunny HTTP/1.1\r\n"));
  g_assert_true (g_str_has_suffix (request, arguments));
  g_assert_nonnull (strstr (lower, "\r\ncontent-type: application/json"));
}

static void
test_megabyte (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *arguments = g_strnfill (MEGABYTE, 'a');
  g_autofree gchar *answer = ask_full (
      fixture, "/sunny", arguments, PATIENCE, NULL);
  g_autofree gchar *request = test_web_dup_request (fixture->web, 0);

  g_assert_cmpstr (answer, ==, "sunny");
  g_assert_true (g_str_has_suffix (request, arguments));
}

/* Nothing that only the service should know goes along, and nothing that this
 * server said before. */
static void
test_no_secrets (Fixture *fixture, gconstpointer data)
{
  g_free (ask (fixture, "/cookie"));
  g_free (ask (fixture, "/cookie"));
  for (guint i = 0; i < 2; i++) {
    g_autofree gchar *request = test_web_dup_request (fixture->web, i);
    g_autofree gchar *lower = g_ascii_strdown (request, -1);

    g_assert_null (strstr (lower, "secret"));
    g_assert_null (strstr (lower, "\r\ncookie"));
    g_assert_null (strstr (lower, "\r\nauthorization"));
    g_assert_null (strstr (lower, "\r\napi-key"));
  }
}

/* --- what is answered --- */

static void
test_answers (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const gchar *path, *answer;
  } table[] = {
    { "/sunny", "sunny" },
    { "/chunks", "sunny" },
    { "/newline", "sunny\n" },
    { "/empty", "" },
    { "/none", "" },
    { "/created", "made" },
    { "/echo", "{}" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autofree gchar *answer = ask (fixture, table[i].path);

    g_assert_cmpstr (answer, ==, table[i].answer);
  }
}

static void
test_statuses (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *broken = ask (fixture, "/broken");
  g_autofree gchar *missing = ask (fixture, "/missing");
  g_autofree gchar *private = ask (fixture, "/private");

  assert_error (broken, "500", "broken");
  assert_error (missing, "404", NULL);
  assert_error (private, "401", "who");
  g_assert_cmpuint (test_web_count (fixture->web), ==, 3);
}

/* The arguments go nowhere but where they were to go. */
static void
test_redirects (Fixture *fixture, gconstpointer data)
{
  static const gchar *const statuses[] = { "301", "302", "303", "307", "308" };

  for (guint i = 0; i < G_N_ELEMENTS (statuses); i++) {
    g_autofree gchar *path = g_strconcat ("/redirect", statuses[i], NULL);
    g_autofree gchar *answer = ask (fixture, path);
    g_autofree gchar *request = test_web_dup_request (fixture->web, i);

    assert_error (answer, statuses[i], "see");
    g_assert_null (strstr (request, "stolen"));
    g_assert_cmpuint (test_web_count (fixture->web), ==, i + 1);
  }
}

static void
test_not_utf8 (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *answer = ask (fixture, "/not-utf8");
  g_autofree gchar *nul = ask (fixture, "/nul");

  g_assert_true (g_utf8_validate (answer, -1, NULL));
  g_assert_true (g_str_has_prefix (answer, "a"));
  g_assert_true (g_str_has_suffix (answer, "z"));
  g_assert_true (g_utf8_validate (nul, -1, NULL));
  g_assert_true (g_str_has_suffix (nul, "z"));
}

static void
test_broken_off (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *cut = ask (fixture, "/cut");
  g_autofree gchar *nonsense = ask (fixture, "/nonsense");
  g_autofree gchar *nothing = ask (fixture, "/no-such-path");

  assert_error (cut, NULL, NULL);
  assert_error (nonsense, NULL, NULL);
  assert_error (nothing, NULL, NULL);
}

/* --- what does not answer --- */

static void
test_refused (void)
{
  g_autofree gchar *url = g_strdup_printf (
      "http://127.0.0.1:%u/", test_peer_find_closed_port ());
  g_autofree gchar *answer = rt2_tool_http (url, "{}", PATIENCE, NULL);

  assert_error (answer, NULL, NULL);
}

/* However slowly it goes on, all of it together is bounded. */
static void
test_timeouts (Fixture *fixture, gconstpointer data)
{
  static const gchar *const paths[] = { "/silent", "/drip", "/drip-head" };

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++) {
    gint64 begin = g_get_monotonic_time ();
    g_autofree gchar *answer = ask_full (fixture, paths[i], "{}", S / 2, NULL);
    gint64 took = g_get_monotonic_time () - begin;

    assert_error (answer, "timeout", NULL);
    g_assert_cmpint (took, >=, G_USEC_PER_SEC / 2 - 1000);
    g_assert_cmpint (took, <, SOON);
    test_web_wait_idle (fixture->web);
  }
}

static void
test_limit (Fixture *fixture, gconstpointer data)
{
  gint64 begin = g_get_monotonic_time ();
  g_autofree gchar *full = ask (fixture, "/flood262144");
  g_autofree gchar *more = ask (fixture, "/flood262145");
  g_autofree gchar *endless = ask_full (fixture, "/endless", "{}", 0, NULL);

  g_assert_cmpuint (RT2_TOOL_MAX_OUTPUT, ==, 262144);
  g_assert_cmpuint (strlen (full), ==, RT2_TOOL_MAX_OUTPUT);
  assert_error (more, "too long", NULL);
  assert_error (endless, "too long", NULL);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, SOON);
  test_web_wait_idle (fixture->web);
}

typedef struct {
  TestWeb *web;
  guint requests; /* to wait for */
  GCancellable *cancellable;
} Canceller;

static gpointer
cancel (gpointer data)
{
  Canceller *canceller = data;

  test_web_wait (canceller->web, canceller->requests);
  g_cancellable_cancel (canceller->cancellable);
  return NULL;
}

static void
test_cancelled (Fixture *fixture, gconstpointer data)
{
  static const gchar *const paths[] = { "/silent", "/drip", "/drip-head" };
  gint64 begin = g_get_monotonic_time ();

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++) {
    g_autoptr (GCancellable) cancellable = g_cancellable_new ();
    Canceller canceller = { fixture->web, i + 1, cancellable };
    GThread *thread = g_thread_new ("cancel", cancel, &canceller);
    g_autofree gchar *answer = ask_full (
        fixture, paths[i], "{}", 0, cancellable);

    g_thread_join (thread);
    assert_error (answer, "cancel", NULL);
    test_web_wait_idle (fixture->web);
  }
  g_assert_cmpint (g_get_monotonic_time () - begin, <, SOON);
}

static void
test_cancelled_before (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autofree gchar *answer = NULL;

  g_cancellable_cancel (cancellable);
  answer = ask_full (fixture, "/sunny", "{}", PATIENCE, cancellable);
  assert_error (answer, "cancel", NULL);
  g_assert_cmpuint (test_web_count (fixture->web), ==, 0);
}

static void
test_no_url (void)
{
  static const gchar *const urls[] = { "", "not a url", "http://",
    "http://127.0.0.1:99999/" };

  for (guint i = 0; i < G_N_ELEMENTS (urls); i++) {
    g_autofree gchar *answer = rt2_tool_http (urls[i], "{}", PATIENCE, NULL);

    assert_error (answer, NULL, NULL);
  }
}

/* --- many at a time, nothing left over --- */

#define THREADS 8

static gpointer
ask_some (gpointer data)
{
  for (guint i = 0; i < 5; i++) {
    g_autofree gchar *word = g_strdup_printf ("{\"%p\":%u}", (void *) &i, i);
    g_autofree gchar *answer = ask_full (data, "/echo", word, PATIENCE, NULL);

    g_assert_cmpstr (answer, ==, word);
  }
  return NULL;
}

static void
test_threads (Fixture *fixture, gconstpointer data)
{
  GThread *threads[THREADS];

  for (guint i = 0; i < THREADS; i++)
    threads[i] = g_thread_new ("ask", ask_some, fixture);
  for (guint i = 0; i < THREADS; i++)
    g_thread_join (threads[i]);
  test_web_wait_idle (fixture->web);
}

#define ADD(PATH, FUNC)                                                        \
  g_test_add ("/toolhttp/" PATH, Fixture, NULL, set_up, FUNC, tear_down)

int
main (int argc, char **argv)
{
  g_setenv ("OPENAI_API_KEY", "sk-secret-1", TRUE);
  g_setenv ("AZURE_OPENAI_API_KEY", "sk-secret-2", TRUE);
  g_test_init (&argc, &argv, NULL);
  ADD ("request", test_request);
  ADD ("megabyte", test_megabyte);
  ADD ("no-secrets", test_no_secrets);
  ADD ("answers", test_answers);
  ADD ("statuses", test_statuses);
  ADD ("redirects", test_redirects);
  ADD ("not-utf8", test_not_utf8);
  ADD ("broken-off", test_broken_off);
  g_test_add_func ("/toolhttp/refused", test_refused);
  ADD ("timeouts", test_timeouts);
  ADD ("limit", test_limit);
  ADD ("cancelled", test_cancelled);
  ADD ("cancelled-before", test_cancelled_before);
  g_test_add_func ("/toolhttp/no-url", test_no_url);
  ADD ("threads", test_threads);
  return g_test_run ();
}
