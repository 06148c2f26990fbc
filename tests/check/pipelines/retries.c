/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Trying again: as often as was asked for, and for ever once a conversation has
 * begun, while the stream on src goes on without a gap.
 */
#include <gst/gst.h>
#include <string.h>

#include "agent.h"
#include "sandbox.h"
#include "stage.h"

#define LINE_OF(wave)                                                          \
  "audiotestsrc is-live=true samplesperbuffer=480 wave=" wave " ! "            \
  "audio/x-raw,format=S16LE,rate=24000,channels=1 ! "                          \
  "realtime2 name=ai uri=%s retry-backoff-max=100000000 %s ! "                 \
  "fakesink name=out sync=true signal-handoffs=true"
#define LINE LINE_OF ("sine")
/* A user who leaves gaps. */
#define QUIET_LINE LINE_OF ("silence")

/* -- counted -----------------------------------------------------------------
 */

/* @retries is the property; @requests is how many upgrades the server sees
 * before the pipeline has its error. */
static void
expect_requests (const gchar *retries, guint status, guint requests)
{
  g_autoptr (TestServer) server = test_server_new (TEST_TLS_NONE, NULL, NULL);
  g_autofree gchar *uri = test_server_dup_url (server);
  g_autoptr (Stage) stage = stage_new (LINE, uri, retries);
  g_autoptr (GError) error = NULL;

  test_server_refuse (server, status, NULL, NULL);
  stage_play (stage);
  gst_message_parse_error (stage_wait_error (stage), &error, NULL);
  g_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_BUSY);
  stage_collect (stage);
  g_assert_cmpuint (test_server_count_requests (server), ==, requests);
  g_assert_cmpuint (
      stage_count_element (stage, "realtime2/session-lost"), ==, requests - 1);
  g_assert_cmpuint (stage_count (stage, GST_MESSAGE_ERROR), ==, 1);
}

static void
test_counted (void)
{
  expect_requests ("retries=3", 503, 4);
  expect_requests ("retries=1", 429, 2);
  expect_requests ("retries=0", 503, 1);
}

/* -- the stream ---------------------------------------------------------------
 */

/* What arrives at the sink. */
typedef struct {
  GMutex lock;
  GCond changed;
  /* Under the lock, as all below. */
  guint buffers, gaps, disconts;
  GstClockTime next; /* PTS that must come, or NONE */
} Stream;

static void
on_buffer (GstElement *sink, GstBuffer *buffer, GstPad *pad, Stream *stream)
{
  GstClockTime pts = GST_BUFFER_PTS (buffer);

  g_mutex_lock (&stream->lock);
  if (GST_CLOCK_TIME_IS_VALID (stream->next) && pts != stream->next)
    stream->gaps++;
  if (stream->buffers++ > 0 && GST_BUFFER_IS_DISCONT (buffer))
    stream->disconts++;
  stream->next = pts + GST_BUFFER_DURATION (buffer);
  g_cond_signal (&stream->changed);
  g_mutex_unlock (&stream->lock);
}

static void
stream_init (Stream *stream, Stage *stage)
{
  GstElement *out = stage_get (stage, "out");

  *stream = (Stream){ .next = GST_CLOCK_TIME_NONE };
  g_mutex_init (&stream->lock);
  g_cond_init (&stream->changed);
  g_signal_connect (out, "handoff", G_CALLBACK (on_buffer), stream);
  gst_object_unref (out);
}

/* Waits until this many more have come. */
static void
stream_wait (Stream *stream, guint n)
{
  gint64 deadline = g_get_monotonic_time () + STAGE_PATIENCE / GST_USECOND;

  g_mutex_lock (&stream->lock);
  n += stream->buffers;
  while (stream->buffers < n)
    if (!g_cond_wait_until (&stream->changed, &stream->lock, deadline))
      g_error ("the stream has stopped");
  g_mutex_unlock (&stream->lock);
}

/* Ends the pipeline and checks that nothing was missing. */
static void
stream_clear (Stream *stream, Stage *stage)
{
  stage_expect_no_error (stage);
  gst_element_set_state (stage->pipeline, GST_STATE_NULL);
  g_assert_cmpuint (stream->gaps, ==, 0);
  g_assert_cmpuint (stream->disconts, ==, 0);
  g_mutex_clear (&stream->lock);
  g_cond_clear (&stream->changed);
}

/* -- lost and restored --------------------------------------------------------
 */

static Sandbox *
start_sandbox (guint port)
{
  SandboxOptions options = { .port = port, .pace = 8 };

  return stage_start_sandbox (&options);
}

static void
expect_restored (Stage *stage)
{
  const GstStructure *lost = stage_wait (stage, "realtime2/session-lost");
  guint64 when;

  g_assert_nonnull (gst_structure_get_string (lost, "message"));
  g_assert_true (gst_structure_get_uint64 (lost, "running-time", &when));
  stage_wait (stage, "realtime2/session-restored");
}

/* The server goes away, and comes back where it was. */
static void
lose_server (const gchar *retries)
{
  Sandbox *sandbox = start_sandbox (0);
  guint port = sandbox_get_port (sandbox);
  Stage *stage = stage_new (LINE, sandbox_get_uri (sandbox), retries);
  Stream stream;

  stream_init (&stream, stage);
  stage_play (stage);
  stage_wait (stage, "realtime2/session-updated");
  for (guint i = 0; i < 2; i++) {
    sandbox_stop_thread (sandbox);
    /* The first try finds nobody; the stream goes on all the same. */
    stage_wait (stage, "realtime2/session-lost");
    stream_wait (&stream, 10);
    stage_wait (stage, "realtime2/session-lost");
    sandbox = start_sandbox (port);
    stage_wait (stage, "realtime2/session-restored");
  }
  stream_clear (&stream, stage);
  stage_free (stage);
  sandbox_stop_thread (sandbox);
}

static void
test_server_restarted (void)
{
  lose_server ("");
  lose_server ("retries=-1");
  lose_server ("retries=50");
}

/* The server ends the connection in every way that is no verdict. */
static void
test_connection_lost (void)
{
  static const guint codes[] = { 0, 1001, 1011 };
  Sandbox *sandbox = start_sandbox (0);
  Stage *stage = stage_new (LINE, sandbox_get_uri (sandbox), "");
  Stream stream;

  stream_init (&stream, stage);
  stage_play (stage);
  stage_wait (stage, "realtime2/session-updated");
  for (guint i = 0; i < G_N_ELEMENTS (codes); i++) {
    sandbox_close_all (sandbox, codes[i], "");
    expect_restored (stage);
    stream_wait (&stream, 10);
  }
  g_assert_cmpuint (
      sandbox_count_connections (sandbox), ==, 1 + G_N_ELEMENTS (codes));
  stream_clear (&stream, stage);
  stage_free (stage);
  sandbox_stop_thread (sandbox);
}

/* A limit holds for tries in a row after a success as well. */
static void
test_lost_for_good (void)
{
  Sandbox *sandbox = start_sandbox (0);
  Stage *stage = stage_new (LINE, sandbox_get_uri (sandbox), "retries=3");
  g_autoptr (GError) error = NULL;

  stage_play (stage);
  stage_wait (stage, "realtime2/session-updated");
  sandbox_stop_thread (sandbox);
  gst_message_parse_error (stage_wait_error (stage), &error, NULL);
  g_assert_true (error->domain == GST_RESOURCE_ERROR);
  stage_collect (stage);
  g_assert_cmpuint (
      stage_count_element (stage, "realtime2/session-lost"), ==, 3);
  stage_free (stage);
}

/* -- another server -----------------------------------------------------------
 */

static void
expect_moved (Stage *stage, const gchar *reason)
{
  const GstStructure *moved = stage_wait (stage, "realtime2/session-moved");
  const gchar *from = gst_structure_get_string (moved, "from");
  const gchar *to = gst_structure_get_string (moved, "to");

  g_assert_cmpstr (gst_structure_get_string (moved, "reason"), ==, reason);
  g_assert_nonnull (gst_structure_get_string (moved, "session-id"));
  g_assert_cmpstr (from, !=, to);
  g_assert_null (strpbrk (from, "?@"));
  g_assert_null (strpbrk (to, "?@"));
}

/* There when the first is gone, and back when it is well again. */
static void
test_fallback (void)
{
  Sandbox *first = start_sandbox (0), *other = start_sandbox (0);
  guint port = sandbox_get_port (first);
  g_autofree gchar *more = g_strdup_printf (
      "fallback-uri=%s fallback-interval=1000000000", sandbox_get_uri (other));
  Stage *stage = stage_new (QUIET_LINE, sandbox_get_uri (first), more);
  Stream stream;

  stream_init (&stream, stage);
  stage_play (stage);
  stage_wait (stage, "realtime2/session-updated");
  sandbox_stop_thread (first);
  expect_moved (stage, "fallback");
  stream_wait (&stream, 10);
  g_assert_cmpuint (sandbox_count_connections (other), ==, 1);
  first = start_sandbox (port);
  expect_moved (stage, "recovered");
  stream_wait (&stream, 10);
  g_assert_cmpuint (
      stage_count_element (stage, "realtime2/session-lost"), ==, 2);
  stream_clear (&stream, stage);
  stage_free (stage);
  sandbox_stop_thread (first);
  sandbox_stop_thread (other);
}

/* Each server only sees its own key, whatever becomes of the other. */
static void
test_fallback_keys (void)
{
  g_autoptr (TestServer) first = test_server_new (TEST_TLS_NONE, NULL, NULL);
  g_autoptr (TestServer) other = test_server_new (TEST_TLS_NONE, NULL, NULL);
  g_autofree gchar *uri = test_server_dup_url (first);
  g_autofree gchar *fallback = test_server_dup_url (other);
  g_autofree gchar *more = g_strdup_printf (
      "api-key=sk-first fallback-uri=%s", fallback);
  Stage *stage = stage_new (LINE, uri, more);
  g_autofree gchar *to_first = NULL, *to_other = NULL;

  test_server_refuse (first, 401, NULL, NULL);
  test_server_refuse (other, 404, NULL, NULL);
  stage_play (stage);
  stage_wait_error (stage);
  to_first = test_server_dup_header (first, 0, "Authorization");
  to_other = test_server_dup_header (other, 0, "Authorization");
  g_assert_cmpstr (to_first, ==, "Bearer sk-first");
  g_assert_cmpstr (to_other, ==, NULL);
  stage_free (stage);
}

/* A pause of minutes is no reason to keep a state change waiting. */
static void
test_stopped_in_a_pause (void)
{
  static const gchar *const headers[] = { "Retry-After: 300", NULL };
  g_autoptr (TestServer) server = test_server_new (TEST_TLS_NONE, NULL, NULL);
  g_autofree gchar *uri = test_server_dup_url (server);
  Stage *stage = stage_new (LINE, uri, "retries=5");
  guint64 pause;

  test_server_refuse (server, 503, NULL, headers);
  stage_play (stage);
  g_assert_true (gst_structure_get_uint64 (
      stage_wait (stage, "realtime2/session-lost"), "retry-ms", &pause));
  g_assert_cmpuint (pause, ==, 300000);
  g_assert_cmpint (gst_element_set_state (stage->pipeline, GST_STATE_READY), ==,
      GST_STATE_CHANGE_SUCCESS);
  stage_free (stage);
}

int
main (int argc, char *argv[])
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/retries/counted", test_counted);
  g_test_add_func ("/retries/server-restarted", test_server_restarted);
  g_test_add_func ("/retries/connection-lost", test_connection_lost);
  g_test_add_func ("/retries/lost-for-good", test_lost_for_good);
  g_test_add_func ("/retries/fallback", test_fallback);
  g_test_add_func ("/retries/fallback-keys", test_fallback_keys);
  g_test_add_func ("/retries/stopped-in-a-pause", test_stopped_in_a_pause);
  return g_test_run ();
}
