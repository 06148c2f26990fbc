/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Talk that never stops, with sessions that live for seconds: each of the
 * user's turns is heard once and answered once, the stream has no gap, the
 * answers are whole to the sample, and nobody is told of a loss.
 */
#include "stage.h"

#include <string.h>

#define LIFE 8      /* s of a session */
#define TURNS 9     /* of the user's */
#define SPEECH 900  /* ms of each */
#define PAUSE 2300  /* ms until the next */
#define ANSWER 1000 /* ms of each answer */
#define RATE 24000
#define PIECE 40 /* ms of an input buffer */
#define HEARD "What now?"

static const gchar script[] =
    "{\"loop\":true,\"turns\":[{\"hear\":\"" HEARD "\",\"say\":["
    "{\"text\":\"This.\",\"phase\":\"final_answer\",\"tone_ms\":1000}]}]}";

/* What was seen on src. */
typedef struct {
  GMutex lock;
  /* Under the lock, as all below. */
  guint64 buffers, breaks;
  gboolean spoke;       /* there was speech before */
  guint64 gap, longest; /* samples of silence in a row: now; between samples of
                         * one answer */
  GstClockTime next;    /* PTS that must come */
} Watch;

/* Answers are further apart than they are long. */
static void
watch_samples (Watch *watch, const gint16 *samples, gsize n)
{
  for (gsize i = 0; i < n; i++) {
    if (samples[i] == 0) {
      watch->gap++;
      continue;
    }
    if (watch->spoke && watch->gap < ANSWER * (RATE / 1000))
      watch->longest = MAX (watch->longest, watch->gap);
    watch->spoke = TRUE;
    watch->gap = 0;
  }
}

static GstPadProbeReturn
on_buffer (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  Watch *watch = data;
  GstMapInfo map;

  g_mutex_lock (&watch->lock);
  if (watch->buffers++ > 0 && GST_BUFFER_PTS (buffer) != watch->next)
    watch->breaks++;
  watch->next = GST_BUFFER_PTS (buffer) + GST_BUFFER_DURATION (buffer);
  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  watch_samples (watch, (const gint16 *) map.data, map.size / 2);
  gst_buffer_unmap (buffer, &map);
  g_mutex_unlock (&watch->lock);
  return GST_PAD_PROBE_OK;
}

/* -- the user ------------------------------------------------------------- */

static void
fill (gint16 *samples, guint n, gboolean loud)
{
  for (guint i = 0; i < n; i++)
    samples[i] = !loud ? 0 : GINT16_TO_LE (i % 120 < 60 ? 9000 : -9000);
}

/* Turn after turn, faster than it is taken: sync-input paces it. */
static void
push_talk (GstElement *user)
{
  const guint n = PIECE * RATE / 1000, total = SPEECH + PAUSE;

  for (guint ms = 0; ms < TURNS * total; ms += PIECE) {
    GstBuffer *buffer = gst_buffer_new_allocate (NULL, n * 2, NULL);
    GstFlowReturn ret;
    GstMapInfo map;

    g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_WRITE));
    fill ((gint16 *) map.data, n, ms % total < SPEECH);
    gst_buffer_unmap (buffer, &map);
    GST_BUFFER_PTS (buffer) = ms * GST_MSECOND;
    GST_BUFFER_DURATION (buffer) = PIECE * GST_MSECOND;
    g_signal_emit_by_name (user, "push-buffer", buffer, &ret);
    gst_buffer_unref (buffer);
    g_assert_cmpint (ret, ==, GST_FLOW_OK);
  }
}

static void
end_talk (GstElement *user)
{
  GstFlowReturn ret;

  g_signal_emit_by_name (user, "end-of-stream", &ret);
}

/* -- what it came to ------------------------------------------------------ */

static guint
count_answers (Stage *stage)
{
  guint n = 0;

  for (guint i = 0; i < stage->messages->len; i++) {
    const GstStructure *fields = gst_message_get_structure (
        g_ptr_array_index (stage->messages, i));

    n += fields && gst_structure_has_name (fields, "realtime2/response-done")
        && g_strcmp0 (gst_structure_get_string (fields, "status"), "completed")
            == 0;
  }
  return n;
}

static void
check (Stage *stage, Sandbox *sandbox, const Watch *watch)
{
  guint moves = stage_count_element (stage, "realtime2/session-moved");
  g_autoptr (GPtrArray) errors = sandbox_dup_errors (sandbox);

  g_test_message ("%u moves in %u s, %u turns: %u heard, %u answered, %u lost "
                  "connections; longest silence in an answer %" G_GUINT64_FORMAT
                  " samples, %" G_GUINT64_FORMAT " breaks of PTS",
      moves, TURNS * (SPEECH + PAUSE) / 1000, TURNS,
      stage_count_element (stage, "realtime2/speech-stopped"),
      count_answers (stage),
      stage_count_element (stage, "realtime2/session-lost"), watch->longest,
      watch->breaks);
  g_assert_cmpuint (moves, >=, 3);
  g_assert_cmpuint (
      stage_count_element (stage, "realtime2/session-expiring"), >=, moves);
  g_assert_cmpuint (stage_stat (stage, "moves"), ==, moves);
  g_assert_cmpuint (
      stage_count_element (stage, "realtime2/session-lost"), ==, 0);
  g_assert_cmpuint (stage_count_element (stage, "realtime2/overrun"), ==, 0);
  g_assert_cmpuint (
      stage_count_element (stage, "realtime2/speech-stopped"), ==, TURNS);
  g_assert_cmpuint (count_answers (stage), ==, TURNS);
  g_assert_cmpuint (
      stage_count_element (stage, "realtime2/session-created"), ==, moves + 1);
  g_assert_cmpuint (watch->breaks, ==, 0);
  g_assert_cmpuint (watch->longest, <=, RATE / 50);
  g_assert_cmpuint (stage_stat (stage, "responses"), ==, TURNS);
  g_assert_cmpuint (stage_stat (stage, "speech-dropped-time"), ==, 0);
  g_assert_cmpuint (stage_stat (stage, "speech-played-time"), ==,
      (guint64) TURNS * ANSWER * GST_MSECOND);
  g_assert_cmpuint (errors->len, ==, 0);
}

/* The tokens of all sessions are in the sum. */
static void
check_usage (Stage *stage)
{
  guint64 sum = 0;

  for (guint i = 0; i < stage->messages->len; i++) {
    const GstStructure *fields = gst_message_get_structure (
        g_ptr_array_index (stage->messages, i));
    guint64 tokens = 0;

    if (fields && gst_structure_has_name (fields, "realtime2/response-done")
        && gst_structure_get_uint64 (fields, "output-tokens", &tokens))
      sum += tokens;
  }
  g_assert_cmpuint (sum, >, 0);
  g_assert_cmpuint (stage_stat (stage, "output-tokens"), ==, sum);
}

static void
test_rollovers (void)
{
  SandboxOptions options = { .script_json = script, .session_seconds = LIFE };
  Sandbox *sandbox = stage_start_sandbox (&options);
  g_autoptr (Stage) stage = stage_new (
      "appsrc name=user format=time max-bytes=0 caps=audio/x-raw,format=S16LE,"
      "rate=24000,channels=1,layout=interleaved ! "
      "realtime2 name=ai uri=%s vad-silence-duration=400000000 ! "
      "fakesink sync=false",
      sandbox_get_uri (sandbox));
  GstElement *user = stage_get (stage, "user");
  GstPad *src = stage_get_pad (stage, "ai", "src");
  Watch watch = { .buffers = 0 };

  g_mutex_init (&watch.lock);
  gst_pad_add_probe (src, GST_PAD_PROBE_TYPE_BUFFER, on_buffer, &watch, NULL);
  push_talk (user);
  end_talk (user);
  stage_play (stage);
  for (guint i = 0; i < TURNS; i++)
    stage_wait (stage, "realtime2/response-heard");
  stage_wait_eos (stage);
  stage_expect_no_error (stage);
  check (stage, sandbox, &watch);
  check_usage (stage);
  gst_object_unref (src);
  gst_object_unref (user);
  gst_element_set_state (stage->pipeline, GST_STATE_NULL);
  g_mutex_clear (&watch.lock);
  sandbox_stop_thread (sandbox);
}

/* -- changed in PLAYING ---------------------------------------------------- */

/* @left_out: the server there is not told of all. */
static void
expect_move (Stage *stage, const gchar *reason, const gchar *from,
    const gchar *to, gboolean left_out)
{
  const GstStructure *fields = stage_wait (stage, "realtime2/session-moved");

  g_assert_cmpstr (gst_structure_get_string (fields, "reason"), ==, reason);
  g_assert_cmpstr (gst_structure_get_string (fields, "from"), ==, from);
  g_assert_cmpstr (gst_structure_get_string (fields, "to"), ==, to);
  g_assert_nonnull (gst_structure_get_string (fields, "session-id"));
  g_assert_cmpint (gst_structure_has_field (fields, "left-out"), ==, left_out);
}

/* Until there are @n warnings; the last one says @text. */
static void
expect_warning (Stage *stage, guint n, const gchar *text)
{
  g_autoptr (GError) error = NULL;

  for (guint i = 0; stage_count (stage, GST_MESSAGE_WARNING) < n; i++) {
    g_assert_cmpuint (i, <, 3000);
    g_usleep (10000);
    stage_collect (stage);
  }
  for (guint i = 0; i < stage->messages->len; i++) {
    GstMessage *message = g_ptr_array_index (stage->messages, i);

    if (GST_MESSAGE_TYPE (message) != GST_MESSAGE_WARNING)
      continue;
    g_clear_error (&error);
    gst_message_parse_warning (message, &error, NULL);
  }
  if (!strstr (error->message, text))
    g_error ("\"%s\" does not say \"%s\"", error->message, text);
}

static void
test_changes (void)
{
  SandboxOptions options = { .script_json = script };
  SandboxOptions locked = { .script_json = script, .api_key = "sk-right" };
  Sandbox *first = stage_start_sandbox (&options);
  Sandbox *second = stage_start_sandbox (&options);
  Sandbox *closed = stage_start_sandbox (&locked);
  const gchar *a = sandbox_get_uri (first), *b = sandbox_get_uri (second);
  const gchar *c = sandbox_get_uri (closed);
  g_autoptr (Stage) stage = stage_new (
      "audiotestsrc is-live=true wave=silence ! realtime2 name=ai uri=%s ! "
      "fakesink sync=false",
      a);

  stage_play (stage);
  stage_wait (stage, "realtime2/session-updated");
  g_object_set (stage->ai, "uri", b, NULL);
  expect_move (stage, "settings", a, b, FALSE);
  g_object_set (stage->ai, "api-key", "sk-right", NULL);
  expect_move (stage, "key", b, b, FALSE);
  g_object_set (stage->ai, "session-max-age", 2 * GST_SECOND, NULL);
  expect_move (stage, "age", b, b, FALSE);
  g_object_set (stage->ai, "session-max-age", (guint64) 0, NULL);
  g_object_set (stage->ai, "model", "gpt-realtime-translate", NULL);
  expect_warning (stage, 1, "model");
  g_object_set (
      stage->ai, "model", "gpt-realtime-2", "uri", c, "api-key", "wrong", NULL);
  expect_warning (stage, 2, "uri");
  g_object_set (stage->ai, "tls-pins", "nonsense", NULL);
  expect_warning (stage, 3, "tls-pins");
  g_object_set (stage->ai, "tls-pins", NULL, "api-key", "sk-right", NULL);
  expect_move (stage, "settings", b, c, FALSE);
  stage_expect_no_error (stage);
  g_assert_cmpuint (
      stage_count_element (stage, "realtime2/session-lost"), ==, 0);
  gst_element_set_state (stage->pipeline, GST_STATE_NULL);
  sandbox_stop_thread (first);
  sandbox_stop_thread (second);
  sandbox_stop_thread (closed);
}

/* -- more than the next server is told of ---------------------------------- */

#define TEXTS 3

/* What was written apart from the conversation, which must be the summary. */
static const gchar *
find_summary (Stage *stage)
{
  const gchar *text = NULL;

  stage_collect (stage);
  for (guint i = 0; i < stage->messages->len; i++) {
    const GstStructure *fields = gst_message_get_structure (
        g_ptr_array_index (stage->messages, i));

    if (!fields || !gst_structure_has_name (fields, "realtime2/response-done")
        || !gst_structure_has_field (fields, "out-of-band"))
      continue;
    g_assert_null (text);
    text = gst_structure_get_string (fields, "text");
    g_assert_nonnull (
        strstr (gst_structure_get_string (fields, "metadata"), "\"summary\""));
    g_assert_true (gst_structure_has_field (fields, "output-tokens"));
  }
  return text;
}

/* A note with the summary, and the two newest items. */
static gboolean
is_told (Sandbox *sandbox, const gchar *summary)
{
  g_autoptr (GPtrArray) told = sandbox_dup_items (sandbox, 0);
  const SandboxItem *note = told->len > 0 ? g_ptr_array_index (told, 0) : NULL;

  return told->len == 3 && g_strcmp0 (note->role, "system") == 0
      && strstr (note->text, summary);
}

static void
wait_told (Sandbox *sandbox, const gchar *summary)
{
  for (guint i = 0; !is_told (sandbox, summary); i++) {
    g_assert_cmpuint (i, <, 3000);
    g_usleep (10000);
  }
}

static void
test_summary (void)
{
  SandboxOptions options = { .script_json = script };
  Sandbox *first = stage_start_sandbox (&options);
  Sandbox *second = stage_start_sandbox (&options);
  g_autoptr (Stage) stage = stage_new (
      "audiotestsrc is-live=true wave=silence ! realtime2 name=ai uri=%s "
      "history-limit=2 ! fakesink sync=false",
      sandbox_get_uri (first));
  const gchar *summary;

  stage_play (stage);
  stage_wait (stage, "realtime2/session-updated");
  for (guint i = 0; i < TEXTS; i++) {
    gboolean taken = FALSE;

    g_signal_emit_by_name (stage->ai, "send-text", "user", "Well?", &taken);
    g_assert_true (taken);
    stage_wait (stage, "realtime2/response-heard");
  }
  g_object_set (stage->ai, "uri", sandbox_get_uri (second), NULL);
  expect_move (stage, "settings", sandbox_get_uri (first),
      sandbox_get_uri (second), TRUE);
  summary = find_summary (stage);
  g_assert_true (summary && *summary);
  wait_told (second, summary);
  stage_expect_no_error (stage);
  g_assert_cmpuint (stage_stat (stage, "responses"), ==, TEXTS + 1);
  g_assert_cmpuint (
      stage_count_element (stage, "realtime2/response-started"), ==, TEXTS);
  gst_element_set_state (stage->pipeline, GST_STATE_NULL);
  sandbox_stop_thread (first);
  sandbox_stop_thread (second);
}

int
main (int argc, char *argv[])
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rollover/talk", test_rollovers);
  g_test_add_func ("/rollover/changes", test_changes);
  g_test_add_func ("/rollover/summary", test_summary);
  return g_test_run ();
}
