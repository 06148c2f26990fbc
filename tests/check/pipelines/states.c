/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * State changes: whatever the server does or does not do, each returns at once
 * and none hangs. Every pipeline has a voice going in, a voice and texts coming
 * out.
 */
#include <gst/gst.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent.h"
#include "sandbox.h"
#include "stage.h"
#include "testpeer.h"

#define CYCLES 20
#define WALKS 25
/* The longest that gst_element_set_state() may take. */
#define AT_ONCE G_USEC_PER_SEC
/* How long a slow server takes to answer the upgrade. */
#define SLOW (2 * GST_SECOND)

/* -- an address that swallows what is sent to it ----------------------------
 */

/* A listening socket whose queue is full: the kernel drops every SYN. */
typedef struct {
  int listener;
  int fill[8];
  guint port;
} BlackHole;

static int
connect_in_background (const struct sockaddr_in *address)
{
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  g_assert_cmpint (fd, >=, 0);
  /* Some of them are meant to stay in progress for ever. */
  (void) !connect (fd, (const struct sockaddr *) address, sizeof *address);
  return fd;
}

static void
black_hole_init (BlackHole *hole)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
    .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t size = sizeof address;

  hole->listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (hole->listener, >=, 0);
  g_assert_cmpint (
      bind (hole->listener, (struct sockaddr *) &address, size), ==, 0);
  g_assert_cmpint (listen (hole->listener, 0), ==, 0);
  g_assert_cmpint (
      getsockname (hole->listener, (struct sockaddr *) &address, &size), ==, 0);
  hole->port = ntohs (address.sin_port);
  for (guint i = 0; i < G_N_ELEMENTS (hole->fill); i++)
    hole->fill[i] = connect_in_background (&address);
}

static void
black_hole_clear (BlackHole *hole)
{
  for (guint i = 0; i < G_N_ELEMENTS (hole->fill); i++)
    close (hole->fill[i]);
  close (hole->listener);
}

/* -- pipelines --------------------------------------------------------------
 */

static gchar *
uri_of_port (guint port)
{
  return g_strdup_printf ("ws://127.0.0.1:%u/v1/realtime", port);
}

static Stage *
new_stage (const gchar *uri, gint retries)
{
  return stage_new (
      "audiotestsrc is-live=true samplesperbuffer=480 ! "
      "audio/x-raw,format=S16LE,rate=24000,channels=1 ! "
      "realtime2 name=ai uri=%s retries=%d ! queue ! fakesink name=out "
      "ai.text_src_0 ! text/x-raw,format=utf8 ! queue ! fakesink "
      "ai.text_src_1 ! application/x-json ! queue ! fakesink",
      uri, retries);
}

/* Which element refused, and what was said. */
static void
explain_failure (Stage *stage, GstState state)
{
  GstBin *bin = GST_BIN (stage->pipeline);

  for (GList *l = bin->children; l != NULL; l = l->next)
    if (GST_STATE_RETURN (l->data) == GST_STATE_CHANGE_FAILURE)
      g_printerr ("%s failed in %s\n", GST_OBJECT_NAME (l->data),
          gst_element_state_get_name (GST_STATE (l->data)));
  stage_expect_no_error (stage);
  g_error ("to %s failed", gst_element_state_get_name (state));
}

static void
change_state (Stage *stage, GstState state)
{
  gint64 start = g_get_monotonic_time (), took;

  if (gst_element_set_state (stage->pipeline, state)
      == GST_STATE_CHANGE_FAILURE)
    explain_failure (stage, state);
  took = g_get_monotonic_time () - start;
  if (took > AT_ONCE)
    g_error ("to %s took %u ms", gst_element_state_get_name (state),
        (guint) (took / 1000));
}

/* Lets a random time pass, so that the next change comes at any instant. */
static void
linger (Stage *stage, guint max_ms)
{
  gst_bus_timed_pop_filtered (stage->bus,
      g_random_int_range (0, max_ms) * GST_MSECOND, GST_MESSAGE_QOS);
  stage_collect (stage);
}

static void
cycle (const gchar *uri, gint retries)
{
  g_autoptr (Stage) stage = new_stage (uri, retries);

  for (guint i = 0; i < CYCLES; i++) {
    change_state (stage, GST_STATE_PLAYING);
    linger (stage, 40);
    change_state (stage, GST_STATE_NULL);
  }
}

static void
walk (const gchar *uri, gint retries)
{
  static const GstState states[] = { GST_STATE_NULL, GST_STATE_READY,
    GST_STATE_PAUSED, GST_STATE_PLAYING };
  g_autoptr (Stage) stage = new_stage (uri, retries);

  for (guint i = 0; i < WALKS; i++) {
    change_state (stage, states[g_random_int_range (0, 4)]);
    linger (stage, 40);
  }
  change_state (stage, GST_STATE_NULL);
}

static void
cycle_and_walk (const gchar *uri)
{
  cycle (uri, -2);
  cycle (uri, -1);
  walk (uri, -2);
  walk (uri, -1);
}

/* After all that the element still works. */
static void
converse (const gchar *uri)
{
  g_autoptr (Stage) stage = new_stage (uri, -2);

  for (guint i = 0; i < 3; i++) {
    change_state (stage, GST_STATE_PLAYING);
    stage_wait (stage, "realtime2/session-updated");
    change_state (stage, i == 0 ? GST_STATE_READY : GST_STATE_NULL);
  }
}

/* -- servers ----------------------------------------------------------------
 */

static void
test_dead (void)
{
  g_autofree gchar *uri = uri_of_port (test_peer_find_closed_port ());

  cycle_and_walk (uri);
}

static void
test_mute (void)
{
  g_autoptr (TestPeer) peer = test_peer_new (TEST_PEER_SILENT, NULL);
  g_autofree gchar *uri = uri_of_port (test_peer_get_port (peer));

  cycle_and_walk (uri);
}

static void
test_absent (void)
{
  g_autofree gchar *uri = NULL;
  BlackHole hole;

  black_hole_init (&hole);
  uri = uri_of_port (hole.port);
  cycle_and_walk (uri);
  black_hole_clear (&hole);
}

static void
count_buffer (GstElement *sink, GstBuffer *buffer, GstPad *pad, gpointer count)
{
  g_atomic_int_inc ((gint *) count);
}

/* The connection stands, the answer to the upgrade takes its time; silence
 * flows all the while. */
static void
test_slow (void)
{
  g_autoptr (Agent) agent = agent_new ();
  TestServer *server = agent_get_server (agent);
  g_autofree gchar *uri = agent_dup_uri (agent);
  g_autoptr (Stage) stage = new_stage (uri, -2);
  GstElement *out = stage_get (stage, "out");
  gint buffers = 0;

  g_object_set (out, "signal-handoffs", TRUE, NULL);
  g_signal_connect (out, "handoff", G_CALLBACK (count_buffer), &buffers);
  for (guint i = 0; i < 2; i++) {
    test_server_pause (server);
    change_state (stage, GST_STATE_PLAYING);
    g_assert_null (gst_bus_timed_pop_filtered (
        stage->bus, SLOW, GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
    g_assert_cmpint (g_atomic_int_get (&buffers), >, 0);
    test_server_resume (server);
    stage_wait (stage, "realtime2/session-updated");
    stage_expect_no_error (stage);
    change_state (stage, GST_STATE_NULL);
    g_atomic_int_set (&buffers, 0);
  }
  gst_object_unref (out);

  /* Broken off before it answers. */
  test_server_pause (server);
  cycle (uri, -2);
  walk (uri, -1);
  test_server_resume (server);
  converse (uri);
}

static void
test_fine (void)
{
  g_autoptr (GError) error = NULL;
  Sandbox *sandbox = sandbox_start_thread (NULL, &error);

  g_assert_no_error (error);
  cycle_and_walk (sandbox_get_uri (sandbox));
  converse (sandbox_get_uri (sandbox));
  sandbox_stop_thread (sandbox);
}

/* Reading the certificates of the system takes a moment, once in a process,
 * and much longer under a sanitizer: that is no state change's fault. */
static void
read_certificates (void)
{
  GTlsDatabase *database = g_tls_backend_get_default_database (
      g_tls_backend_get_default ());

  g_clear_object (&database);
}

int
main (int argc, char *argv[])
{
  gst_init (&argc, &argv);
  read_certificates ();
  g_test_init (&argc, &argv, NULL);
  g_random_set_seed (g_test_rand_int ());
  g_test_add_func ("/states/server-dead", test_dead);
  g_test_add_func ("/states/server-mute", test_mute);
  g_test_add_func ("/states/server-absent", test_absent);
  g_test_add_func ("/states/server-slow", test_slow);
  g_test_add_func ("/states/server-fine", test_fine);
  return g_test_run ();
}
