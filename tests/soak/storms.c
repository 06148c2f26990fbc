/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Storms of state changes: three threads change states, pads, properties, keys
 * and servers, give commands, flush and end streams, while a fourth lets the
 * network fail. Whatever they do, each storm ends in NULL in time and leaves no
 * thread and nothing on the heap.
 *
 * soak-storms [N]: storms; the same ones again with --seed
 */
#include <glib/gstdio.h>
#include <unistd.h>

#include "soak.h"
#include "soakheap.h"
#include "soakwatch.h"

#define SHORT 20
#define THREADS 3
/* Doings of a thread in one storm, and us between two at most. */
#define DOINGS 40
#define BREATH 4000
/* us until a storm must be over, and until its threads must be gone. */
#define PATIENCE (60 * G_USEC_PER_SEC)
#define LIMIT 2048 /* bytes per storm */
#define WARM_UP 5

static SoakPeer *peer;
static guint n_storms = SHORT;
static gint64 longest; /* us that a storm took */
static gchar *uris[3]; /* two of the server's, and one where nobody is */
static gchar *key_files[2];

typedef struct {
  GstElement *pipeline, *ai;
} Storm;

typedef struct {
  Storm *storm;
  GRand *rand;
} Sailor;

/* --- what is done --- */

static void
change_state (Storm *storm, GRand *rand)
{
  static const GstState states[] = { GST_STATE_NULL, GST_STATE_READY,
    GST_STATE_PAUSED, GST_STATE_PLAYING, GST_STATE_PLAYING };

  gst_element_set_state (storm->pipeline,
      states[g_rand_int_range (rand, 0, G_N_ELEMENTS (states))]);
}

static void
use_pad (Storm *storm, GRand *rand, const gchar *name)
{
  GstPad *pad = gst_element_request_pad_simple (storm->ai, name);

  g_assert_nonnull (pad);
  gst_pad_set_active (pad, TRUE);
  g_usleep (g_rand_int_range (rand, 0, BREATH));
  gst_element_release_request_pad (storm->ai, pad);
  gst_object_unref (pad);
}

static void
come_and_go (Storm *storm, GRand *rand)
{
  static const gchar *const only[] = { "text_sink", "image_sink" };
  static GMutex locks[G_N_ELEMENTS (only)];
  gint i = g_rand_int_range (rand, -2, G_N_ELEMENTS (only));

  if (i < 0) {
    use_pad (storm, rand, "text_src_%u");
  } else if (g_mutex_trylock (&locks[i])) {
    /* GStreamer does not want to be asked for it twice. */
    use_pad (storm, rand, only[i]);
    g_mutex_unlock (&locks[i]);
  }
}

static void
give_command (Storm *storm, GRand *rand)
{
  gboolean taken;

  switch (g_rand_int_range (rand, 0, 5)) {
    case 0:
      g_signal_emit_by_name (storm->ai, "send-text", "user", "Hello.", &taken);
      break;
    case 1:
      g_signal_emit_by_name (storm->ai, "create-response", NULL, &taken);
      break;
    case 2:
      g_signal_emit_by_name (storm->ai, "commit-input", &taken);
      break;
    case 3:
      g_signal_emit_by_name (storm->ai, "clear-input", &taken);
      break;
    default:
      g_signal_emit_by_name (storm->ai, "cancel-response", &taken);
  }
}

static void
change_property (Storm *storm, GRand *rand)
{
  g_autofree gchar *text = g_strdup_printf (
      "Be number %u.", g_rand_int_range (rand, 0, 100));

  if (g_rand_boolean (rand))
    g_object_set (storm->ai, "instructions", text, NULL);
  else
    g_object_set (storm->ai, "vad-silence-duration",
        g_rand_int_range (rand, 200, 900) * GST_MSECOND, NULL);
}

/* Another server, the same by another name, or none. */
static const gchar *
choose_uri (GRand *rand)
{
  return uris[g_rand_int_range (rand, 0, G_N_ELEMENTS (uris))];
}

static void
write_key (GRand *rand, const gchar *path)
{
  g_autofree gchar *key = g_strdup_printf (
      "sk-%u\n", g_rand_int_range (rand, 0, 100));

  g_assert_true (g_file_set_contents (path, key, -1, NULL));
}

/* A file that is written, or another one, or none. */
static void
change_key_file (Storm *storm, GRand *rand)
{
  gint i = g_rand_int_range (rand, -1, 2 * G_N_ELEMENTS (key_files));

  if (i >= (gint) G_N_ELEMENTS (key_files))
    write_key (rand, key_files[i - G_N_ELEMENTS (key_files)]);
  else
    g_object_set (storm->ai, "api-key-file", i < 0 ? NULL : key_files[i], NULL);
}

static void
change_connection (Storm *storm, GRand *rand)
{
  g_autofree gchar *key = g_strdup_printf (
      "sk-%u", g_rand_int_range (rand, 0, 100));

  switch (g_rand_int_range (rand, 0, 5)) {
    case 0:
      g_object_set (storm->ai, "uri", choose_uri (rand), NULL);
      break;
    case 1:
      g_object_set (
          storm->ai, "api-key", g_rand_boolean (rand) ? key : NULL, NULL);
      break;
    case 2:
      g_object_set (storm->ai, "fallback-uri",
          g_rand_boolean (rand) ? choose_uri (rand) : NULL, NULL);
      break;
    case 3:
      g_object_set (storm->ai, "session-max-age",
          g_rand_int_range (rand, 0, 100) * GST_MSECOND, NULL);
      break;
    default:
      change_key_file (storm, rand);
  }
}

static void
look (Storm *storm, GRand *rand)
{
  GstStructure *stats;
  gint64 position;

  g_object_get (storm->ai, "stats", &stats, NULL);
  gst_structure_free (stats);
  gst_element_query_position (storm->pipeline, GST_FORMAT_TIME, &position);
}

/* Not by the pipeline: a basesrc of GStreamer 1.22 that is stopped before it
 * has passed an EOS on loses that, 104 bytes each. */
static void
end_stream (Storm *storm, GRand *rand)
{
  GstPad *pad;

  if (g_rand_boolean (rand)) {
    gst_element_send_event (storm->ai, gst_event_new_eos ());
    return;
  }
  pad = gst_element_get_static_pad (storm->ai, "sink");
  gst_pad_send_event (pad, gst_event_new_eos ());
  gst_object_unref (pad);
}

/* As a source would, that begins with a segment again before its next buffer;
 * the real one knows nothing of it, and may be at any point. */
static void
flush (Storm *storm, GRand *rand)
{
  GstPad *pad = gst_element_get_static_pad (storm->ai, "sink");
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_send_event (pad, gst_event_new_flush_start ());
  g_usleep (g_rand_int_range (rand, 0, BREATH));
  GST_PAD_STREAM_LOCK (pad);
  gst_pad_send_event (pad, gst_event_new_flush_stop (FALSE));
  if (gst_pad_has_current_caps (pad))
    gst_pad_send_event (pad, gst_event_new_segment (&segment));
  GST_PAD_STREAM_UNLOCK (pad);
  gst_object_unref (pad);
}

static gpointer
run_sailor (gpointer data)
{
  static void (*const doings[]) (Storm *, GRand *) = { change_state,
    change_state, change_state, come_and_go, come_and_go, give_command,
    give_command, change_property, change_connection, change_connection, look,
    end_stream, flush };
  Sailor *sailor = data;

  for (guint i = 0; i < DOINGS; i++) {
    doings[g_rand_int_range (sailor->rand, 0, G_N_ELEMENTS (doings))](
        sailor->storm, sailor->rand);
    g_usleep (g_rand_int_range (sailor->rand, 0, BREATH));
  }
  return NULL;
}

/* --- the network --- */

static gpointer
run_weather (gpointer data)
{
  static const gchar *const weather[] = { "fault drop", "fault hangup",
    "fault close 1011", "refuse 503", "refuse 0", "refuse 0", "stall",
    "fault say" };
  Sailor *sailor = data;

  for (guint i = 0; i < DOINGS; i++) {
    soak_peer_do (peer, "%s",
        weather[g_rand_int_range (sailor->rand, 0, G_N_ELEMENTS (weather))]);
    g_usleep (g_rand_int_range (sailor->rand, 0, BREATH));
  }
  soak_peer_do (peer, "refuse 0");
  return NULL;
}

/* --- a storm --- */

static GstElement *
new_pipeline (void)
{
  g_autofree gchar *line = g_strdup_printf (
      "audiotestsrc is-live=true samplesperbuffer=480 ! "
      "audio/x-raw,format=S16LE,rate=24000,channels=1 ! "
      "realtime2 name=ai uri=%s retries=-1 retry-backoff-max=5000000 "
      "eos-timeout=100000000 ! queue ! fakesink sync=true "
      "ai.text_src_0 ! text/x-raw,format=utf8 ! queue ! fakesink",
      uris[0]);
  g_autoptr (GError) error = NULL;
  GstElement *pipeline = gst_parse_launch (line, &error);

  g_assert_no_error (error);
  return pipeline;
}

static void
blow (guint32 seed)
{
  GstElement *pipeline = new_pipeline ();
  Storm storm = { pipeline, gst_bin_get_by_name (GST_BIN (pipeline), "ai") };
  Sailor sailors[THREADS + 1];
  GThread *threads[THREADS + 1];

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  for (guint i = 0; i <= THREADS; i++) {
    sailors[i] = (Sailor){ &storm, g_rand_new_with_seed (seed + i) };
    threads[i] = g_thread_new (
        "sailor", i < THREADS ? run_sailor : run_weather, &sailors[i]);
  }
  for (guint i = 0; i <= THREADS; i++) {
    g_thread_join (threads[i]);
    g_rand_free (sailors[i].rand);
  }
  gst_object_unref (storm.ai);
  stage_free (stage_new_of (pipeline));
}

/* --- what is left --- */

/* New string, NULL if there is no such thread any more. */
static gchar *
name_of (const gchar *task)
{
  g_autofree gchar *path = g_build_filename (
      "/proc/self/task", task, "comm", NULL);
  gchar *name;

  return g_file_get_contents (path, &name, NULL, NULL) ? name : NULL;
}

/* Whether it is one of GLib's, which stay, or called like the process: the
 * first one, and what the sanitizers have. */
static gboolean
is_known (const gchar *task)
{
  static const gchar *const known[] = { "gmain\n", "pool-spawner\n" };
  g_autofree gchar *pid = g_strdup_printf ("%d", getpid ());
  g_autofree gchar *first = name_of (pid), *name = name_of (task);

  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    if (g_strcmp0 (name, known[i]) == 0)
      return TRUE;
  return name == NULL || g_str_equal (name, first);
}

static gboolean
any_thread (void)
{
  GDir *dir = g_dir_open ("/proc/self/task", 0, NULL);
  gboolean any = FALSE;
  const gchar *task;

  while ((task = g_dir_read_name (dir)) != NULL)
    any |= !is_known (task);
  g_dir_close (dir);
  return any;
}

/* Those of an end that is not quite over are waited for. */
static void
expect_no_thread (void)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE;

  while (any_thread ()) {
    if (g_get_monotonic_time () >= deadline) {
      soak_watch_print_stacks ();
      g_error ("a storm leaves threads");
    }
    g_usleep (1000);
  }
}

static void
choose_places (void)
{
  gint64 port = soak_peer_do (peer, "port");

  uris[0] = soak_peer_dup_uri (port);
  uris[1] = g_strconcat (uris[0], "?by=another", NULL);
  uris[2] = soak_peer_dup_uri (1);
  for (guint i = 0; i < G_N_ELEMENTS (key_files); i++) {
    close (g_file_open_tmp ("rt2-storm-XXXXXX", &key_files[i], NULL));
    g_assert_true (g_file_set_contents (key_files[i], "sk-0\n", -1, NULL));
  }
}

static void
leave_places (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (key_files); i++) {
    g_unlink (key_files[i]);
    g_free (key_files[i]);
  }
  for (guint i = 0; i < G_N_ELEMENTS (uris); i++)
    g_free (uris[i]);
}

static void
weather_storm (guint number, guint32 seed)
{
  g_autofree gchar *what = g_strdup_printf ("storm %u", number);
  SoakWatch *watch = soak_watch_begin (what, PATIENCE);
  gint64 begun = g_get_monotonic_time ();

  g_print ("# %s, seed %u\n", what, seed);
  blow (seed);
  longest = MAX (longest, g_get_monotonic_time () - begun);
  soak_watch_end (watch);
  soak_peer_do (peer, "forget");
  expect_no_thread ();
}

static void
test_storms (void)
{
  SoakHeap heap;

  choose_places ();
  soak_heap_init (&heap, "storm");
  /* What nobody works in is not kept for later. */
  g_thread_pool_set_max_unused_threads (0);
  for (guint i = 1; i <= n_storms; i++) {
    weather_storm (i, (guint32) g_test_rand_int ());
    soak_heap_note (&heap, i);
  }
  g_print ("# the longest storm took %.1f s\n", longest / 1e6);
  if (n_storms > 2 * WARM_UP)
    soak_heap_check (&heap, WARM_UP, LIMIT);
  soak_heap_clear (&heap);
  leave_places ();
}

int
main (int argc, char *argv[])
{
  peer = soak_init (argc, argv, &n_storms);
  g_test_add_func ("/soak/storms", test_storms);
  return soak_run (peer);
}
