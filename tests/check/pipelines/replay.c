/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Field problems as tests: logs that the element wrote, played to it again. It
 * must say the same, in the same order, and send what it sent then.
 *
 * A case is data/NAME.jsonl, the log, and data/NAME.expected, what the bus
 * said. With RT2_RECORD=DIR both are made anew there by talking to the sandbox,
 * for the cases that have a script; those without one were written by hand.
 */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <gst/gst.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "sandbox.h"
#include "stage.h"

#define RATE 24000

typedef struct {
  const gchar *name;
  const gchar *script; /* of the sandbox that it was recorded with, or NULL */
  const gchar *input;  /* ms of tone and of silence in turn */
  const gchar *properties;
  const gchar *end; /* the message after which it is over, and ... */
  guint n_ends;     /* ... how many of them */
} Case;

static const Case cases[] = {
  { "bargein",
      "{\"turns\":[{\"hear\":\"Tell me a story.\",\"delta_ms\":200,\"say\":["
      "{\"phase\":\"commentary\",\"text\":\"Let me think.\",\"tone_ms\":300},"
      "{\"phase\":\"final_answer\",\"text\":\"Once upon a time.\","
      "\"tone_ms\":4000}]},"
      "{\"hear\":\"Stop.\",\"say\":[{\"text\":\"Fine.\",\"tone_ms\":200}]}]}",
      "400 1100 400 900",
      "vad-silence-duration=200000000 transcription-model=whisper-1",
      "response-done", 2 },
  { "tools",
      "{\"turns\":[{\"say\":["
      "{\"call\":{\"name\":\"left\",\"arguments\":{\"n\":1},"
      "\"call_id\":\"call_1\"}},"
      "{\"call\":{\"name\":\"right\",\"arguments\":{\"n\":2},"
      "\"call_id\":\"call_2\"}}]},"
      "{\"say\":[{\"text\":\"One and two.\","
      "\"tone_ms\":300}]}]}",
      "400 5000",
      "vad-silence-duration=200000000 "
      "tools=\"[{\\\"type\\\":\\\"function\\\",\\\"name\\\":\\\"left\\\"},"
      "{\\\"type\\\":\\\"function\\\",\\\"name\\\":\\\"right\\\"}]\" "
      "tool-exec=\"{\\\"left\\\":[\\\"printf\\\",\\\"one\\\"],"
      "\\\"right\\\":[\\\"printf\\\",\\\"two\\\"]}\"",
      "response-done", 2 },
  { "reconnect",
      "{\"scope\":\"server\",\"turns\":[{\"hear\":\"Count.\","
      "\"hear_after_ms\":100,\"delta_ms\":200,"
      "\"say\":[{\"text\":\"One, two, three, four.\",\"tone_ms\":3000}],"
      "\"close\":{\"code\":1011,\"after_ms\":2400}},"
      "{\"hear\":\"Go on.\",\"say\":[{\"text\":\"Five.\",\"tone_ms\":200}]}]}",
      "400 1600 400 900",
      "vad-silence-duration=200000000 transcription-model=whisper-1 "
      "retry-backoff-max=50000000",
      "response-done", 1 },
  /* A server that had a bad day: a refused upgrade, nonsense, an answer that
   * failed, an answer without an end, a close. */
  { "badday", NULL, "400 5000",
      "turn-detection=none greeting=Hello retry-backoff-max=50000000 "
      "retries=5",
      "response-done", 2 },
};

/* -- what is said ---------------------------------------------------------- */

/* What is the same whenever it happens: no times, no figures. */
static const struct {
  const gchar *message;
  const gchar *fields[5];
} told[] = {
  { "session-created", { "session-id" } },
  { "session-lost", { "close-code" } },
  { "session-restored", { NULL } },
  { "speech-started", { "item-id" } },
  { "speech-stopped", { "item-id" } },
  { "response-started", { "response-id" } },
  { "response-done", { "response-id", "status" } },
  { "item-done", { "item-id", "phase" } },
  { "transcript", { "role", "text", "final", "phase" } },
  { "interrupted", { "item-id" } },
  { "function-call", { "call-id", "name", "arguments" } },
  { "function-output", { "call-id", "output" } },
  { "server-error", { "code" } },
};

static void
tell_message (GString *out, const GstStructure *structure)
{
  const gchar *name = gst_structure_get_name (structure);

  for (guint i = 0; i < G_N_ELEMENTS (told); i++) {
    if (!g_str_has_prefix (name, "realtime2/")
        || !g_str_equal (name + strlen ("realtime2/"), told[i].message))
      continue;
    g_string_append (out, told[i].message);
    for (guint k = 0; k < 5 && told[i].fields[k]; k++) {
      const GValue *value = gst_structure_get_value (
          structure, told[i].fields[k]);
      g_autofree gchar *text = value ? gst_value_serialize (value) : NULL;

      if (text)
        g_string_append_printf (out, " %s=%s", told[i].fields[k], text);
    }
    g_string_append_c (out, '\n');
  }
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  return strcmp (*(gchar *const *) a, *(gchar *const *) b);
}

/* Tools that run at the same time are done in any order. */
static gchar *
sort_outputs (const gchar *said)
{
  g_auto (GStrv) lines = g_strsplit (said, "\n", -1);

  for (guint i = 0, n; lines[i]; i += MAX (n, 1)) {
    for (n = 0; lines[i + n]; n++)
      if (!g_str_has_prefix (lines[i + n], "function-output"))
        break;
    qsort (lines + i, n, sizeof (gchar *), compare);
  }
  return g_strjoinv ("\n", lines);
}

static gchar *
tell (Stage *stage)
{
  GString *out = g_string_new (NULL);
  gchar *sorted;

  stage_collect (stage);
  for (guint i = 0; i < stage->messages->len; i++) {
    GstMessage *message = g_ptr_array_index (stage->messages, i);

    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ELEMENT)
      tell_message (out, gst_message_get_structure (message));
  }
  sorted = sort_outputs (out->str);
  g_string_free (out, TRUE);
  return sorted;
}

/* -- what is heard --------------------------------------------------------- */

static void
add_ms (GByteArray *bytes, guint ms, gboolean tone)
{
  for (guint i = 0; i < ms * RATE / 1000; i++) {
    gint16 sample = tone ? 8000 * sin (2 * G_PI * 300 * i / RATE) : 0;

    sample = GINT16_TO_LE (sample);
    g_byte_array_append (bytes, (const guint8 *) &sample, sizeof (sample));
  }
}

/* The user's voice, in a file. */
static gchar *
make_input (const gchar *directory, const gchar *pattern)
{
  gchar *path = g_build_filename (directory, "input.raw", NULL);
  g_auto (GStrv) lengths = g_strsplit (pattern, " ", -1);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (GError) error = NULL;

  for (guint i = 0; lengths[i]; i++)
    add_ms (bytes, atoi (lengths[i]), i % 2 == 0);
  g_file_set_contents (path, (gchar *) bytes->data, bytes->len, &error);
  g_assert_no_error (error);
  return path;
}

static gchar *
make_line (const Case *c, const gchar *directory, const gchar *uri)
{
  g_autofree gchar *input = make_input (directory, c->input);

  return g_strdup_printf (
      "filesrc location=%s blocksize=4800 ! rawaudioparse format=pcm pcm-format=s16le "
      "sample-rate=24000 num-channels=1 ! "
      "realtime2 name=ai chunk-duration=100000000 uri=%s %s ! fakesink sync=true",
      input, uri, c->properties);
}

static void
wait_unsent (Sandbox *sandbox, gint64 deadline)
{
  while (
      sandbox_count_unsent (sandbox) > 0 && g_get_monotonic_time () < deadline)
    g_usleep (10000);
}

/* Plays it, and returns what the bus said. @log: NULL, or the file to keep. */
static gchar *
run (const Case *c, Sandbox *sandbox, const gchar *log)
{
  gchar *directory = stage_make_directory ();
  g_autofree gchar *line = make_line (c, directory, sandbox_get_uri (sandbox));
  g_autofree gchar *end = g_strconcat ("realtime2/", c->end, NULL);
  Stage *stage = stage_new ("%s", line);
  gchar *said;

  if (log)
    g_object_set (stage->ai, "event-log", log, NULL);
  gst_element_set_state (stage->pipeline, GST_STATE_PAUSED);
  stage_wait (stage, "realtime2/session-updated");
  stage_play (stage);
  for (guint i = 0; i < c->n_ends; i++)
    stage_wait (stage, end);
  wait_unsent (sandbox, g_get_monotonic_time () + 5 * G_USEC_PER_SEC);
  gst_element_set_state (stage->pipeline, GST_STATE_NULL);
  stage_expect_no_error (stage);
  said = tell (stage);
  stage_free (stage);
  stage_remove_directory (directory);
  return said;
}

/* -- recorded -------------------------------------------------------------- */

static gchar *
data_file (const gchar *directory, const Case *c, const gchar *ending)
{
  g_autofree gchar *name = g_strconcat (c->name, ending, NULL);

  return g_build_filename (directory, name, NULL);
}

static void
record (const Case *c, const gchar *directory)
{
  SandboxOptions options = { .pace = 8, .script_json = c->script };
  Sandbox *sandbox = stage_start_sandbox (&options);
  g_autofree gchar *log = data_file (directory, c, ".jsonl");
  g_autofree gchar *expected = data_file (directory, c, ".expected");
  g_autofree gchar *said = NULL;

  g_unlink (log);
  said = run (c, sandbox, log);
  g_assert_true (g_file_set_contents (expected, said, -1, NULL));
  sandbox_stop_thread (sandbox);
}

/* -- replayed -------------------------------------------------------------- */

static void
assert_alike (const Case *c, Sandbox *sandbox)
{
  g_autoptr (GPtrArray) differences = sandbox_dup_differences (sandbox);

  if (differences->len > 0)
    g_error ("%s: %s", c->name, (gchar *) g_ptr_array_index (differences, 0));
  g_assert_cmpuint (sandbox_count_unsent (sandbox), ==, 0);
}

static void
replay (const Case *c, const gchar *directory)
{
  g_autofree gchar *log = data_file (directory, c, ".jsonl");
  g_autofree gchar *path = data_file (directory, c, ".expected");
  SandboxOptions options = { .pace = 1, .replay_file = log };
  Sandbox *sandbox = stage_start_sandbox (&options);
  g_autofree gchar *said = run (c, sandbox, NULL);
  g_autofree gchar *expected = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &expected, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (said, ==, expected);
  assert_alike (c, sandbox);
  sandbox_stop_thread (sandbox);
}

static void
test_case (gconstpointer data)
{
  const Case *c = data;
  const gchar *directory = g_getenv ("RT2_RECORD");

  if (directory && c->script)
    record (c, directory);
  replay (c, directory && c->script ? directory : REPLAY_DATA);
}

/* What is written now can be played now. */
static void
test_round (void)
{
  gchar *directory = stage_make_directory ();

  record (&cases[1], directory);
  replay (&cases[1], directory);
  stage_remove_directory (directory);
}

/* -- otherwise than in the log --------------------------------------------- */

/* The client is another one than then: that is seen, and it goes on. */
static void
test_difference (void)
{
  Case other = cases[1];
  g_autofree gchar *log = data_file (REPLAY_DATA, &other, ".jsonl");
  SandboxOptions options = { .pace = 0, .replay_file = log };
  Sandbox *sandbox = stage_start_sandbox (&options);
  g_autoptr (GPtrArray) differences = NULL;
  g_autofree gchar *said = NULL;

  other.properties = "turn-detection=none greeting=Hello "
                     "tools=\"[{\\\"type\\\":\\\"function\\\","
                     "\\\"name\\\":\\\"left\\\"}]\"";
  said = run (&other, sandbox, NULL);
  differences = sandbox_dup_differences (sandbox);
  g_assert_cmpuint (differences->len, >, 0);
  g_assert_nonnull (strstr (g_ptr_array_index (differences, 0), "response."));
  sandbox_stop_thread (sandbox);
}

/* More connections than the log has. */
static void
test_no_more (void)
{
  g_autofree gchar *log = data_file (REPLAY_DATA, &cases[1], ".jsonl");
  SandboxOptions options = { .pace = 0, .replay_file = log };
  Sandbox *sandbox = stage_start_sandbox (&options);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 2; i++) {
    g_autoptr (Stage)
        stage = stage_new ("audiotestsrc is-live=true wave=silence ! "
                           "realtime2 name=ai uri=%s ! fakesink",
            sandbox_get_uri (sandbox));

    stage_play (stage);
    if (i == 0)
      stage_wait (stage, "realtime2/session-created");
    else
      gst_message_parse_error (stage_wait_error (stage), &error, NULL);
  }
  g_assert_nonnull (error);
  sandbox_stop_thread (sandbox);
}

static void
test_no_log (void)
{
  gchar *directory = stage_make_directory ();
  g_autofree gchar *path = g_build_filename (directory, "log", NULL);
  static const gchar *const wrong[] = { "", "hello\n", "{}\n",
    "{\"log\":\"realtime2\"}\n", "{\"log\":\"realtime2\"}\n{\"a\":\n" };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    SandboxOptions options = { .replay_file = path };
    g_autoptr (GError) error = NULL;

    g_assert_true (g_file_set_contents (path, wrong[i], -1, NULL));
    g_assert_null (sandbox_start_thread (&options, &error));
    g_assert_nonnull (strstr (error->message, path));
  }
  stage_remove_directory (directory);
}

/* -- crashed --------------------------------------------------------------- */

static gsize
file_size (const gchar *path)
{
  GStatBuf found;

  return g_stat (path, &found) == 0 ? (gsize) found.st_size : 0;
}

static void
assert_whole_lines (const gchar *path)
{
  g_autofree gchar *content = NULL;
  g_auto (GStrv) lines = NULL;
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;
  guint n;

  g_assert_true (g_file_get_contents (path, &content, NULL, NULL));
  g_assert_true (g_str_has_suffix (content, "\n"));
  lines = g_strsplit (content, "\n", -1);
  n = g_strv_length (lines) - 1;
  g_assert_cmpuint (n, >, 20);
  for (guint i = 0; i < n; i++) {
    json_parser_load_from_data (parser, lines[i], -1, &error);
    g_assert_no_error (error);
  }
}

/* This program again, as one that talks until it is killed. */
static int
talk (const gchar *uri, const gchar *log)
{
  g_autofree gchar *line = g_strdup_printf (
      "audiotestsrc is-live=true ! realtime2 uri=%s event-log=%s ! fakesink",
      uri, log);
  GstElement *pipeline = gst_parse_launch (line, NULL);

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  g_main_loop_run (g_main_loop_new (NULL, FALSE));
  return 0;
}

/* A process that talks is killed: its log has whole lines, and can be played.
 */
static void
test_killed (void)
{
  gchar *directory = stage_make_directory ();
  g_autofree gchar *log = g_build_filename (directory, "log.jsonl", NULL);
  SandboxOptions options = { .pace = 8 };
  SandboxOptions again = { .pace = 0, .replay_file = log };
  Sandbox *sandbox = stage_start_sandbox (&options);
  const gchar *argv[] = { "/proc/self/exe", "--talk", sandbox_get_uri (sandbox),
    log, NULL };
  g_autoptr (GError) error = NULL;
  GPid child;
  gint64 deadline = g_get_monotonic_time () + STAGE_PATIENCE / GST_USECOND;

  g_spawn_async (NULL, (gchar **) argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL,
      NULL, &child, &error);
  g_assert_no_error (error);
  while (file_size (log) < 20000 && g_get_monotonic_time () < deadline)
    g_usleep (5000);
  kill (child, SIGKILL);
  g_assert_cmpint (waitpid (child, NULL, 0), ==, child);
  assert_whole_lines (log);
  sandbox_stop_thread (sandbox);

  sandbox = stage_start_sandbox (&again);
  sandbox_stop_thread (sandbox);
  stage_remove_directory (directory);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  if (argc == 4 && g_str_equal (argv[1], "--talk"))
    return talk (argv[2], argv[3]);
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree gchar *path = g_strconcat ("/replay/", cases[i].name, NULL);

    g_test_add_data_func (path, &cases[i], test_case);
  }
  g_test_add_func ("/replay/round", test_round);
  g_test_add_func ("/replay/difference", test_difference);
  g_test_add_func ("/replay/no-more", test_no_more);
  g_test_add_func ("/replay/no-log", test_no_log);
  g_test_add_func ("/replay/killed", test_killed);
  return g_test_run ();
}
