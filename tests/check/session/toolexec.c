/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Commands as tools: what goes in and comes out, and that none of them gets
 * away. SIGPIPE kills this program, as it kills an application that does
 * nothing about it.
 */
#include "rt2toolexec.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rt2json.h"

#define S G_GUINT64_CONSTANT (1000000000)
/* How long anything may take on a machine that is busy with other things. */
#define PATIENCE (30 * S)
/* What must end at once ends long before. */
#define SOON (15 * G_USEC_PER_SEC)
#define MEGABYTE (1024 * 1024)

static gchar *directory;

/* A file of the test's. Caller frees the name. */
static gchar *
path_of (const gchar *name)
{
  return g_build_filename (directory, name, NULL);
}

/* Runs @script, whose $1 is the test's directory. */
static gchar *
run_full (const gchar *script, const gchar *arguments, guint64 timeout,
    GCancellable *cancellable)
{
  const gchar *argv[] = { "/bin/sh", "-c", script, "sh", directory, NULL };

  return rt2_tool_exec (argv, arguments, timeout, cancellable);
}

static gchar *
run (const gchar *script, const gchar *arguments)
{
  return run_full (script, arguments, PATIENCE, NULL);
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

/* @answer is an error that says @words, with @output. */
static void
assert_error (const gchar *answer, const gchar *words, const gchar *output)
{
  g_autofree gchar *error = member_of (answer, "error");
  g_autofree gchar *text = member_of (answer, "output");

  g_assert_nonnull (error);
  if (!strstr (error, words))
    g_error ("\"%s\" does not say \"%s\"", error, words);
  g_assert_cmpstr (text, ==, output);
}

static void
assert_answer (
    const gchar *script, const gchar *arguments, const gchar *expected)
{
  g_autofree gchar *answer = run (script, arguments);

  g_assert_cmpstr (answer, ==, expected);
}

/* --- what comes out --- */

static void
test_answer (void)
{
  assert_answer ("echo hello", "{}", "hello");
  assert_answer ("printf hello", "{}", "hello");
  assert_answer ("true", "{}", "");
  assert_answer ("printf 'a\\nb\\n'", "{}", "a\nb");
  assert_answer ("printf '  a  \\n'", "{}", "  a  ");
  assert_answer ("echo answer; echo complaint >&2", "{}", "answer");
  assert_answer (
      "sleep 0.2; echo late; sleep 0.2; echo later", "{}", "late\nlater");
}

static void
test_status (void)
{
  g_autofree gchar *status = run ("echo half; exit 3", "{}");
  g_autofree gchar *silent = run ("exit 4", "{}");
  g_autofree gchar *killed = run ("echo half; kill -11 $$", "{}");

  assert_error (status, "3", "half");
  assert_error (silent, "4", NULL);
  assert_error (killed, "signal 11", "half");
}

static void
test_no_command (void)
{
  const gchar *no_file[] = { "/nowhere/at-all", NULL };
  const gchar *no_name[] = { "realtime2-no-such-command", NULL };
  const gchar *no_program[] = { directory, NULL };
  g_autofree gchar *file = rt2_tool_exec (no_file, "{}", PATIENCE, NULL);
  g_autofree gchar *name = rt2_tool_exec (no_name, "{}", PATIENCE, NULL);
  g_autofree gchar *program = rt2_tool_exec (no_program, "{}", PATIENCE, NULL);

  assert_error (file, "/nowhere/at-all", NULL);
  assert_error (name, "realtime2-no-such-command", NULL);
  assert_error (program, directory, NULL);
}

static void
test_not_utf8 (void)
{
  g_autofree gchar *answer = run ("printf 'a\\377\\300z'", "{}");
  g_autofree gchar *nul = run ("printf 'a\\000z'", "{}");
  g_autofree gchar *failed = run ("printf 'a\\377z\\033'; exit 1", "{}");
  g_autofree gchar *output = member_of (failed, "output");

  g_assert_true (g_utf8_validate (answer, -1, NULL));
  g_assert_true (g_str_has_prefix (answer, "a"));
  g_assert_true (g_str_has_suffix (answer, "z"));
  g_assert_true (g_utf8_validate (nul, -1, NULL));
  g_assert_true (g_str_has_suffix (nul, "z"));
  g_assert_true (g_str_has_suffix (output, "z\033"));
}

/* --- what goes in --- */

/* Arguments of @size bytes. */
static gchar *
make_arguments (gsize size)
{
  gchar *arguments = g_malloc (size + 1);

  for (gsize i = 0; i < size; i++)
    arguments[i] = 'a' + i % 23;
  arguments[size] = '\0';
  return arguments;
}

static void
test_stdin (void)
{
  g_autofree gchar *large = make_arguments (RT2_TOOL_MAX_OUTPUT);
  g_autofree gchar *megabyte = make_arguments (MEGABYTE);

  assert_answer ("cat", "{\"a\":\"\xc3\xa9\"}", "{\"a\":\"\xc3\xa9\"}");
  assert_answer ("cat", "", "");
  assert_answer ("cat", large, large);
  assert_answer ("wc -c", megabyte, "1048576");
}

/* All of it comes, however slowly it is taken. */
static void
test_slow_reader (void)
{
  g_autofree gchar *megabyte = make_arguments (MEGABYTE);
  g_autofree gchar *sum = g_compute_checksum_for_string (
      G_CHECKSUM_SHA256, megabyte, -1);
  g_autofree gchar *answer = run (
      "{ for i in 1 2 3 4 5 6 7 8; do dd bs=5000 count=1 2>/dev/null; "
      "sleep 0.03; done; cat; } | sha256sum",
      megabyte);

  g_assert_cmpint (strncmp (answer, sum, strlen (sum)), ==, 0);
}

/* It need not read, and may say so at any moment. */
static void
test_no_reader (void)
{
  g_autofree gchar *megabyte = make_arguments (MEGABYTE);

  assert_answer ("echo done", megabyte, "done");
  assert_answer ("sleep 0.3; echo done", megabyte, "done");
  assert_answer ("exec <&-; sleep 0.3; echo done", megabyte, "done");
  assert_answer ("head -c 100000 >/dev/null; exec <&-; sleep 0.3; echo done",
      megabyte, "done");
}

/* A command that has said all it has to say still gets all of its input. */
static void
test_closes_stdout (void)
{
  g_autofree gchar *megabyte = make_arguments (MEGABYTE);

  assert_answer (
      "echo said; exec >&-; sleep 0.2; wc -c > $1/size", megabyte, "said");
  assert_answer ("cat $1/size", "", "1048576");
}

/* --- limits --- */

static void
test_limit (void)
{
  g_autofree gchar *full = run (
      "head -c 262144 /dev/zero | tr '\\000' x", "{}");
  g_autofree gchar *more = run (
      "head -c 262145 /dev/zero | tr '\\000' x", "{}");
  gint64 begin = g_get_monotonic_time ();
  g_autofree gchar *endless = run_full ("exec yes", "{}", 0, NULL);

  g_assert_cmpuint (RT2_TOOL_MAX_OUTPUT, ==, 262144);
  g_assert_cmpuint (strlen (full), ==, RT2_TOOL_MAX_OUTPUT);
  assert_error (more, "too long", NULL);
  assert_error (endless, "too long", NULL);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, SOON);
}

/* What is made valid does not grow beyond the limit either. */
static void
test_limit_of_repairs (void)
{
  g_autofree gchar *answer = run (
      "head -c 200000 /dev/zero | tr '\\000' '\\377'", "{}");

  g_assert_cmpuint (strlen (answer), <=, RT2_TOOL_MAX_OUTPUT);
  g_assert_true (g_utf8_validate (answer, -1, NULL));
}

/* --- nobody gets away --- */

/* TRUE if @pid is no process, or one that nobody has buried yet. */
static gboolean
is_dead (const gchar *pid)
{
  g_autofree gchar *path = g_strdup_printf ("/proc/%s/stat", pid);
  g_autofree gchar *stat = NULL;
  const gchar *state;

  if (!g_file_get_contents (path, &stat, NULL, NULL))
    return TRUE;
  state = strrchr (stat, ')');
  return state && state[2] == 'Z';
}

/* The @n processes whose numbers are in the file @name are dead, or will be in
 * a moment: a signal takes its time. */
static void
assert_dead (const gchar *name, guint n)
{
  gint64 deadline = g_get_monotonic_time () + SOON;
  g_autofree gchar *path = path_of (name), *text = NULL;
  g_auto (GStrv) pids = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_unlink (path);
  pids = g_strsplit (g_strchomp (text), "\n", -1);
  g_assert_cmpuint (g_strv_length (pids), ==, n);
  for (guint i = 0; i < n; i++)
    while (!is_dead (pids[i])) {
      if (g_get_monotonic_time () > deadline)
        g_error ("process %s lives on", pids[i]);
      g_usleep (1000);
    }
}

/* Children, grandchildren, deaf to SIGTERM, with stdout in their hands. */
#define FAMILY                                                                 \
  "trap '' TERM HUP INT; echo $$ >> $1/family; export D=$1; "                  \
  "sh -c 'echo $$ >> $D/family; sh -c \"echo \\$\\$ >> $D/family; "            \
  "exec sleep 1000\" & exec sleep 1000' & "                                    \
  "while [ $(wc -l < $1/family) -lt 3 ]; do sleep 0.01; done; "

static void
test_timeout (void)
{
  gint64 begin = g_get_monotonic_time ();
  g_autofree gchar *answer = run_full (
      FAMILY "echo begun; wait", "{}", 3 * S, NULL);

  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 3 * G_USEC_PER_SEC);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, SOON);
  assert_error (answer, "timeout", NULL);
  assert_dead ("family", 3);
}

/* Not even by closing its ends of the pipes. */
static void
test_timeout_of_the_silent (void)
{
  gint64 begin = g_get_monotonic_time ();
  g_autofree gchar *answer = run_full (
      "exec <&- >&-; echo $$ > $1/silent; sleep 1000", "{}", S, NULL);

  g_assert_cmpint (g_get_monotonic_time () - begin, <, SOON);
  assert_error (answer, "timeout", NULL);
  assert_dead ("silent", 1);
}

/* Nor by saying something all the time. */
static void
test_timeout_of_the_talkative (void)
{
  gint64 begin = g_get_monotonic_time ();
  g_autofree gchar *answer = run_full (
      "while :; do echo x; sleep 0.01; done", "{}", S, NULL);

  g_assert_cmpint (g_get_monotonic_time () - begin, <, SOON);
  assert_error (answer, "timeout", NULL);
}

/* The answer is there when the command has ended, whoever holds its stdout. */
static void
test_left_behind (void)
{
  gint64 begin = g_get_monotonic_time ();

  assert_answer ("sleep 1000 & echo $! > $1/left; echo answer", "{}", "answer");
  assert_dead ("left", 1);
  assert_answer (
      "sleep 1000 </dev/null >/dev/null 2>&1 & echo $! > $1/left; echo answer",
      "{}", "answer");
  assert_dead ("left", 1);
  assert_answer (FAMILY "echo answer", "{}", "answer");
  assert_dead ("family", 3);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, SOON);
}

/* All of a long answer comes, though somebody holds the pipe. */
static void
test_left_behind_with_much (void)
{
  g_autofree gchar *answer = run (
      "sleep 1000 & head -c 200000 /dev/zero | tr '\\000' x", "{}");

  g_assert_cmpuint (strlen (answer), ==, 200000);
}

/* A command that makes others as fast as it can is gone with all of them. */
static void
test_forks (void)
{
  g_autofree gchar *answer = run_full (
      "for i in 1 2 3 4 5 6 7 8 9; do "
      "sh -c 'echo $$ >> $0/forks; while :; do sleep 0.05; done' $1 & done; "
      "while [ $(wc -l < $1/forks) -lt 9 ]; do sleep 0.01; done; "
      "while :; do sleep 1000 & sleep 0.02; done",
      "{}", 2 * S, NULL);

  assert_error (answer, "timeout", NULL);
  assert_dead ("forks", 9);
}

/* --- cancelled --- */

static gpointer
cancel_family (gpointer data)
{
  g_autofree gchar *path = path_of ("family");
  gint64 deadline = g_get_monotonic_time () + SOON;
  guint lines = 0;

  while (lines < 3) {
    g_autofree gchar *text = NULL;

    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    lines = 0;
    if (g_file_get_contents (path, &text, NULL, NULL))
      for (const gchar *c = text; *c; c++)
        lines += *c == '\n';
    g_usleep (1000);
  }
  g_cancellable_cancel (data);
  return NULL;
}

static void
test_cancelled (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GThread *thread = g_thread_new ("cancel", cancel_family, cancellable);
  gint64 begin = g_get_monotonic_time ();
  g_autofree gchar *answer = run_full (FAMILY "wait", "{}", 0, cancellable);
  g_autofree gchar *second = NULL;

  g_thread_join (thread);
  assert_error (answer, "cancel", NULL);
  assert_dead ("family", 3);
  second = run_full ("sleep 1000", "{}", 0, cancellable);
  assert_error (second, "cancel", NULL);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 2 * SOON);
}

/* --- what it gets to know --- */

static void
test_environment (void)
{
  g_autofree gchar *answer = run (
      "env; cat /proc/self/environ /proc/$$/environ", "{}");

  g_assert_null (strstr (answer, "sk-secret"));
  g_assert_nonnull (strstr (answer, "RT2_TEST_WORD=kept"));
  g_assert_cmpstr (g_getenv ("OPENAI_API_KEY"), ==, "sk-secret-1");
}

static void
test_no_shell (void)
{
  const gchar *argv[] = { "printf", "%s|", "$(echo no)", "`echo no`", ";",
    "&& echo no", "../../etc", "*", "a b", "", "$HOME", "'", NULL };
  g_autofree gchar *answer = rt2_tool_exec (argv, "$(echo no)", PATIENCE, NULL);

  g_assert_cmpstr (answer, ==,
      "$(echo no)|`echo no`|;|&& echo no|../../etc|*|a b||$HOME|'|");
}

/* A group of its own, that nothing sent to ours reaches. */
static void
test_group (void)
{
  g_autofree gchar *answer = run (
      "read a b c d group rest < /proc/$$/stat; [ $group = $$ ] && echo own",
      "{}");

  g_assert_cmpstr (answer, ==, "own");
}

/* Its signals are as in a new program. */
static void
test_signals (void)
{
  assert_answer ("yes | head -n 1", "{}", "y");
  assert_answer ("grep SigBlk /proc/self/status | tr -d '\\t'", "{}",
      "SigBlk:0000000000000000");
}

/* --- nothing is left over --- */

static guint
count_fds (void)
{
  GDir *dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir))
    n++;
  g_dir_close (dir);
  return n;
}

static void
test_fds_of_ours (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autofree gchar *megabyte = make_arguments (MEGABYTE);
  static const gchar *const scripts[] = { "echo a", "exit 1", "cat", "exec yes",
    "exec <&-", "exec >&-; sleep 0.1", "sleep 1000", "sleep 1000 & true" };
  const gchar *nothing[] = { "/nowhere/at-all", NULL };
  guint before = count_fds ();

  for (guint i = 0; i < G_N_ELEMENTS (scripts); i++) {
    g_autofree gchar *answer = run_full (
        scripts[i], megabyte, S / 2, cancellable);
    g_autofree gchar *none = rt2_tool_exec (nothing, "{}", S, cancellable);

    g_assert_true (g_utf8_validate (answer, -1, NULL));
  }
  g_assert_cmpuint (count_fds (), ==, before);
}

static void
test_fds_of_the_child (void)
{
  g_autofree gchar *path = path_of ("open-file");
  gint fd = open (path, O_RDWR | O_CREAT, 0600);
  gint copy = dup2 (fd, 77);
  g_autofree gchar *answer = run ("ls -l /proc/self/fd/ /proc/$$/fd/", "{}");

  g_assert_cmpint (copy, ==, 77);
  g_assert_nonnull (strstr (answer, "0 ->"));
  g_assert_null (strstr (answer, "open-file"));
  close (fd);
  close (copy);
}

static void
test_no_zombies (void)
{
  assert_answer ("echo a", "{}", "a");
  g_free (run ("exit 1", "{}"));
  g_free (run_full ("sleep 1000", "{}", S / 10, NULL));
  g_free (run_full ("exec yes", "{}", PATIENCE, NULL));
  errno = 0;
  g_assert_cmpint (waitpid (-1, NULL, WNOHANG), ==, -1);
  g_assert_cmpint (errno, ==, ECHILD);
}

/* --- many at a time --- */

#define THREADS 8
#define RUNS 5

static gpointer
run_some (gpointer data)
{
  for (guint i = 0; i < RUNS; i++) {
    g_autofree gchar *word = g_strdup_printf (
        "{\"thread\":%u,\"run\":%u}", GPOINTER_TO_UINT (data), i);

    assert_answer ("sleep 0.05; cat; sleep 0.05", word, word);
  }
  return NULL;
}

static void
test_threads (void)
{
  guint before = count_fds ();
  GThread *threads[THREADS];

  for (guint i = 0; i < THREADS; i++)
    threads[i] = g_thread_new ("run", run_some, GUINT_TO_POINTER (i));
  for (guint i = 0; i < THREADS; i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (count_fds (), ==, before);
  g_assert_cmpint (waitpid (-1, NULL, WNOHANG), ==, -1);
}

/* --- errors as JSON --- */

static void
test_error (void)
{
  g_autofree gchar *plain = rt2_tool_error ("a \"b\"\n", NULL);
  g_autofree gchar *full = rt2_tool_error ("why", "x\\\"\x01\t\x7f");

  assert_error (plain, "a \"b\"\n", NULL);
  assert_error (full, "why", "x\\\"\x01\t\x7f");
}

static void
remove_directory (void)
{
  GDir *dir = g_dir_open (directory, 0, NULL);
  const gchar *name;

  while ((name = g_dir_read_name (dir))) {
    g_autofree gchar *path = path_of (name);

    g_unlink (path);
  }
  g_dir_close (dir);
  g_rmdir (directory);
  g_free (directory);
}

int
main (int argc, char **argv)
{
  gint result;

  signal (SIGPIPE, SIG_DFL);
  g_setenv ("OPENAI_API_KEY", "sk-secret-1", TRUE);
  g_setenv ("AZURE_OPENAI_API_KEY", "sk-secret-2", TRUE);
  g_setenv ("RT2_TEST_WORD", "kept", TRUE);
  g_test_init (&argc, &argv, NULL);
  directory = g_dir_make_tmp ("realtime2-test-XXXXXX", NULL);
  g_test_add_func ("/toolexec/answer", test_answer);
  g_test_add_func ("/toolexec/status", test_status);
  g_test_add_func ("/toolexec/no-command", test_no_command);
  g_test_add_func ("/toolexec/not-utf8", test_not_utf8);
  g_test_add_func ("/toolexec/stdin", test_stdin);
  g_test_add_func ("/toolexec/slow-reader", test_slow_reader);
  g_test_add_func ("/toolexec/no-reader", test_no_reader);
  g_test_add_func ("/toolexec/closes-stdout", test_closes_stdout);
  g_test_add_func ("/toolexec/limit", test_limit);
  g_test_add_func ("/toolexec/limit-of-repairs", test_limit_of_repairs);
  g_test_add_func ("/toolexec/timeout", test_timeout);
  g_test_add_func ("/toolexec/timeout-silent", test_timeout_of_the_silent);
  g_test_add_func (
      "/toolexec/timeout-talkative", test_timeout_of_the_talkative);
  g_test_add_func ("/toolexec/left-behind", test_left_behind);
  g_test_add_func ("/toolexec/left-behind-much", test_left_behind_with_much);
  g_test_add_func ("/toolexec/forks", test_forks);
  g_test_add_func ("/toolexec/cancelled", test_cancelled);
  g_test_add_func ("/toolexec/environment", test_environment);
  g_test_add_func ("/toolexec/no-shell", test_no_shell);
  g_test_add_func ("/toolexec/group", test_group);
  g_test_add_func ("/toolexec/signals", test_signals);
  g_test_add_func ("/toolexec/fds-of-ours", test_fds_of_ours);
  g_test_add_func ("/toolexec/fds-of-the-child", test_fds_of_the_child);
  g_test_add_func ("/toolexec/no-zombies", test_no_zombies);
  g_test_add_func ("/toolexec/threads", test_threads);
  g_test_add_func ("/toolexec/error", test_error);
  result = g_test_run ();
  remove_directory ();
  return result;
}
