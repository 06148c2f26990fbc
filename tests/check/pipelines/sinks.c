/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text and pictures in, through elements as users have them, and what the
 * sandbox saw of it: it looks at the pictures, and says what is on them.
 */
#include <gst/gst.h>
#include <string.h>
#include <unistd.h>

#include "sandbox.h"
#include "stage.h"

#define VOICE "/usr/share/sounds/alsa/Front_Center.wav"
#define WAIT_MS (STAGE_PATIENCE / GST_MSECOND)
#define ITEM "conversation.item.create"
#define COMMIT "input_audio_buffer.commit"
/* Until somebody stops it. */
#define SILENCE                                                                \
  "audiotestsrc is-live=true wave=silence ! audioconvert ! audioresample ! "

static Sandbox *
start (const gchar *script)
{
  SandboxOptions options = { .pace = 0, .script_json = script };
  g_autoptr (GError) error = NULL;
  Sandbox *sandbox = sandbox_start_thread (&options, &error);

  g_assert_no_error (error);
  return sandbox;
}

static void
finish (Stage *stage, Sandbox *sandbox)
{
  g_autoptr (GPtrArray) errors = NULL;

  stage_expect_no_error (stage);
  stage_free (stage);
  errors = sandbox_dup_errors (sandbox);
  if (errors->len > 0)
    g_error ("the server refused something: %s",
        ((SandboxError *) g_ptr_array_index (errors, 0))->message);
  sandbox_stop_thread (sandbox);
}

static void
wait_received (Sandbox *sandbox, const gchar *type, guint n)
{
  if (!sandbox_wait_received (sandbox, type, n, WAIT_MS))
    g_error ("no %u of %s in time", n, type);
}

/* So many are in the conversation, or were. */
static void
wait_items (Sandbox *sandbox, guint n)
{
  if (!sandbox_wait_sent (sandbox, "conversation.item.done", n, WAIT_MS))
    g_error ("no %u items in time", n);
}

/* What is said about it, once. */
static void
wait_response (Stage *stage, const gchar *words)
{
  const GstStructure *fields;

  do
    fields = stage_wait (stage, "realtime2/transcript");
  while (strstr (gst_structure_get_string (fields, "text"), words) == NULL);
}

static const SandboxImage *
image (GPtrArray *images, guint i)
{
  g_assert_cmpuint (images->len, >, i);
  return g_ptr_array_index (images, i);
}

static void
assert_colour (const SandboxImage *seen, const gchar *colour)
{
  if (seen->mean_known)
    g_assert_cmpstr (seen->colour, ==, colour);
}

/* The end of the pictures, seen on image_sink. */
typedef struct {
  GMutex lock;
  GCond changed;
  gboolean ended; /* under the lock */
} Watch;

static GstPadProbeReturn
on_event (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Watch *watch = data;

  if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) != GST_EVENT_EOS)
    return GST_PAD_PROBE_OK;
  g_mutex_lock (&watch->lock);
  watch->ended = TRUE;
  g_cond_signal (&watch->changed);
  g_mutex_unlock (&watch->lock);
  return GST_PAD_PROBE_OK;
}

static void
watch_images (Watch *watch, Stage *stage)
{
  GstPad *pad = stage_get_pad (stage, "ai", "image_sink");

  g_mutex_init (&watch->lock);
  g_cond_init (&watch->changed);
  watch->ended = FALSE;
  gst_pad_add_probe (
      pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_event, watch, NULL);
  gst_object_unref (pad);
}

static void
wait_ended (Watch *watch)
{
  gint64 deadline = g_get_monotonic_time () + STAGE_PATIENCE / GST_USECOND;

  g_mutex_lock (&watch->lock);
  while (!watch->ended)
    if (!g_cond_wait_until (&watch->changed, &watch->lock, deadline))
      g_error ("the pictures were held up");
  g_mutex_unlock (&watch->lock);
}

static void
watch_clear (Watch *watch)
{
  g_mutex_clear (&watch->lock);
  g_cond_clear (&watch->changed);
}

/* The voice waits for the first picture. */
typedef struct {
  GstPad *voice;
  gulong block;
  gint pictures; /* the image pad's streaming thread's */
} Order;

static GstPadProbeReturn
hold (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  return GST_PAD_PROBE_OK;
}

/* When the second picture comes the first has been taken. */
static GstPadProbeReturn
let_speak (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Order *order = data;

  if (++order->pictures < 2)
    return GST_PAD_PROBE_OK;
  gst_pad_remove_probe (order->voice, order->block);
  return GST_PAD_PROBE_REMOVE;
}

static void
play_in_order (Stage *stage, Order *order)
{
  GstPad *image = stage_get_pad (stage, "ai", "image_sink");

  order->voice = stage_get_pad (stage, "ai", "sink");
  order->pictures = 0;
  order->block = gst_pad_add_probe (order->voice,
      GST_PAD_PROBE_TYPE_BLOCK | GST_PAD_PROBE_TYPE_BUFFER, hold, NULL, NULL);
  gst_pad_add_probe (image, GST_PAD_PROBE_TYPE_BUFFER, let_speak, order, NULL);
  stage_play (stage);
  gst_object_unref (order->voice);
  gst_object_unref (image);
}

/* -- pictures -------------------------------------------------------------- */

/* The line of the documentation: the picture is there before the turn ends, and
 * the agent speaks of it. A camera that goes on and on is no part of the end.
 */
static void
test_camera (void)
{
  Sandbox *sandbox = start ("{\"turns\":[]}");
  Stage *stage = stage_new (
      "filesrc location=" VOICE " ! wavparse ! audioconvert ! audioresample "
      "! realtime2 name=ai uri=%s turn-detection=none ! fakesink "
      "videotestsrc is-live=true pattern=blue ! videorate ! jpegenc "
      "! ai.image_sink",
      sandbox_get_uri (sandbox));
  g_autoptr (GPtrArray) images = NULL, commits = NULL;
  Order order;

  play_in_order (stage, &order);
  wait_response (stage, "a JPEG picture of 320 by 240");
  stage_wait_eos (stage);
  images = sandbox_dup_images (sandbox);
  commits = sandbox_dup_received (sandbox, COMMIT);
  g_assert_cmpuint (images->len, ==, 1);
  g_assert_cmpuint (commits->len, ==, 1);
  g_assert_cmpstr (image (images, 0)->format, ==, "JPEG");
  g_assert_cmpuint (image (images, 0)->width, ==, 320);
  assert_colour (image (images, 0), "blue");
  g_assert_cmpuint (image (images, 0)->order, <,
      ((SandboxRecord *) g_ptr_array_index (commits, 0))->order);
  finish (stage, sandbox);
}

/* With the server's turns: it has the picture before it knows what was said. */
static void
test_camera_vad (void)
{
  Sandbox *sandbox = start ("{\"turns\":[]}");
  Stage *stage = stage_new ("filesrc location=" VOICE
                            " ! wavparse ! audioconvert ! audioresample "
                            "! realtime2 name=ai uri=%s ! fakesink "
                            "videotestsrc is-live=true pattern=red "
                            "! videorate ! pngenc ! ai.image_sink",
      sandbox_get_uri (sandbox));
  g_autoptr (GPtrArray) images = NULL, ends = NULL;
  Order order;

  play_in_order (stage, &order);
  wait_response (stage, "a PNG picture of 320 by 240");
  images = sandbox_dup_images (sandbox);
  ends = sandbox_dup_sent (sandbox, "input_audio_buffer.committed");
  g_assert_cmpuint (images->len, ==, 1);
  assert_colour (image (images, 0), "red");
  g_assert_cmpuint (image (images, 0)->order, <,
      ((SandboxRecord *) g_ptr_array_index (ends, 0))->order);
  finish (stage, sandbox);
}

/* Pictures without end: a few stay, the oldest go first. */
static void
test_interval (void)
{
  Sandbox *sandbox = start ("{\"turns\":[]}");
  Stage *stage = stage_new (SILENCE
      "realtime2 name=ai uri=%s image-mode=interval "
      "image-interval=50000000 image-keep=3 image-detail=low "
      "! fakesink videotestsrc is-live=true pattern=ball ! videorate "
      "! jpegenc ! ai.image_sink",
      sandbox_get_uri (sandbox));
  g_autoptr (GPtrArray) images = NULL;
  guint there = 0;

  stage_play (stage);
  wait_received (sandbox, ITEM, 10);
  if (!sandbox_wait_sent (sandbox, "conversation.item.deleted", 7, WAIT_MS))
    g_error ("old pictures are not deleted");
  images = sandbox_dup_images (sandbox);
  for (guint i = 0; i < images->len; i++) {
    g_assert_cmpstr (image (images, i)->detail, ==, "low");
    there += image (images, i)->deleted == 0;
    /* In the order in which they came. */
    if (i > 0 && image (images, i)->deleted > 0)
      g_assert_cmpuint (
          image (images, i)->deleted, >, image (images, i - 1)->deleted);
    if (i > 0 && image (images, i)->deleted > 0)
      g_assert_cmpuint (image (images, i - 1)->deleted, >, 0);
  }
  /* One may just have come whose predecessor goes now. */
  g_assert_cmpuint (there, >=, 3);
  g_assert_cmpuint (there, <=, 4);
  finish (stage, sandbox);
}

/* A still picture is shown once, whatever the interval. */
static void
test_still (void)
{
  Sandbox *sandbox = start ("{\"turns\":[]}");
  Stage *stage = stage_new (
      "realtime2 name=ai uri=%s image-mode=interval image-interval=0 "
      "! fakesink videotestsrc num-buffers=40 is-live=true pattern=green "
      "! video/x-raw,framerate=100/1 ! pngenc "
      "! ai.image_sink",
      sandbox_get_uri (sandbox));
  g_autoptr (GPtrArray) images = NULL;
  gboolean taken = FALSE;
  Watch watch;

  watch_images (&watch, stage);
  stage_play (stage);
  wait_ended (&watch);
  g_signal_emit_by_name (stage->ai, "send-text", "assistant", "Seen.", &taken);
  g_assert_true (taken);
  wait_items (sandbox, 2);
  images = sandbox_dup_images (sandbox);
  g_assert_cmpuint (images->len, ==, 1);
  g_assert_cmpstr (image (images, 0)->format, ==, "PNG");
  assert_colour (image (images, 0), "green");
  finish (stage, sandbox);
  watch_clear (&watch);
}

/* Pictures as fast as they can be made, to a server that is not there (yet):
 * all of them get through, and the last is the one that is sent. */
static void
test_flood (void)
{
  Sandbox *sandbox = start ("{\"turns\":[]}");
  Stage *stage = stage_new (
      "realtime2 name=ai uri=%s image-mode=demand ! fakesink "
      "videotestsrc num-buffers=1000 ! video/x-raw,width=64,height=48 "
      "! timeoverlay ! jpegenc ! ai.image_sink",
      sandbox_get_uri (sandbox));
  g_autoptr (GPtrArray) images = NULL;
  gboolean sent = FALSE;
  Watch watch;

  watch_images (&watch, stage);
  stage_play (stage);
  wait_ended (&watch);
  g_signal_emit_by_name (stage->ai, "send-image", NULL, NULL, &sent);
  g_assert_true (sent);
  wait_items (sandbox, 1);
  images = sandbox_dup_images (sandbox);
  g_assert_cmpuint (images->len, ==, 1);
  g_assert_cmpuint (image (images, 0)->width, ==, 64);
  finish (stage, sandbox);
  watch_clear (&watch);
}

/* -- text ------------------------------------------------------------------ */

static void
put (gint fd, const gchar *text)
{
  g_assert_cmpint (write (fd, text, strlen (text)), ==, (gssize) strlen (text));
}

/* Message number @i that is in the conversation. */
static void
assert_message (Sandbox *sandbox, guint i, const gchar *role, const gchar *text)
{
  g_autoptr (GPtrArray) items = sandbox_dup_items (sandbox, 0);
  const SandboxItem *item;

  g_assert_cmpuint (items->len, >, i);
  item = g_ptr_array_index (items, i);
  g_assert_cmpstr (item->role, ==, role);
  g_assert_cmpstr (item->text, ==, text);
}

/* Lines that are written to a pipe are spoken, one after the other, and the end
 * of the pipe is the end. */
static void
test_pipe (void)
{
  Sandbox *sandbox = start (
      "{\"turns\":[{\"say\":[{\"text\":\"One.\",\"tone_ms\":700}]},"
      "{\"say\":[{\"text\":\"Two.\",\"tone_ms\":600}]},"
      "{\"say\":[{\"text\":\"Three.\",\"tone_ms\":500}]}]}");
  gint fds[2];
  Stage *stage;

  g_assert_cmpint (pipe (fds), ==, 0);
  stage = stage_new ("fdsrc fd=%d ! text/x-raw,format=utf8 ! ai.text_sink "
                     "realtime2 name=ai uri=%s text_sink::role=system "
                     "! fakesink",
      fds[0], sandbox_get_uri (sandbox));
  stage_play (stage);
  put (fds[1], "Gr\xc3");
  wait_received (sandbox, "session.update", 1);
  put (fds[1],
      "\xbc\xc3\x9f"
      "e from platform 1.\r\nPlat");
  wait_response (stage, "One.");
  put (fds[1], "form 2 is closed.\n\nThat was all");
  wait_response (stage, "Two.");
  close (fds[1]);
  wait_response (stage, "Three.");
  stage_wait_eos (stage);
  assert_message (sandbox, 0, "system",
      "Gr\xc3\xbc\xc3\x9f"
      "e from platform 1.");
  assert_message (sandbox, 1, "assistant", "One.");
  assert_message (sandbox, 2, "system", "Platform 2 is closed.");
  assert_message (sandbox, 3, "assistant", "Two.");
  assert_message (sandbox, 4, "system", "That was all");
  g_assert_cmpuint (
      stage_stat (stage, "speech-played-time"), ==, 1800 * GST_MSECOND);
  g_assert_cmpuint (sandbox_count_received (sandbox, ITEM), ==, 3);
  finish (stage, sandbox);
  close (fds[0]);
}

/* A greeting comes before all else, in the agent's voice. */
static void
test_greeting (void)
{
  Sandbox *sandbox = start (
      "{\"turns\":[{\"say\":[{\"text\":\"Welcome.\",\"tone_ms\":300}]}]}");
  Stage *stage = stage_new (SILENCE
      "realtime2 name=ai uri=%s greeting=Welcome ! fakesink",
      sandbox_get_uri (sandbox));
  g_autoptr (GPtrArray) asked = NULL;
  const SandboxRecord *record;

  stage_play (stage);
  stage_wait (stage, "realtime2/response-heard");
  asked = sandbox_dup_received (sandbox, "response.create");
  g_assert_cmpuint (asked->len, ==, 1);
  record = g_ptr_array_index (asked, 0);
  g_assert_nonnull (strstr (record->json, "Welcome"));
  assert_message (sandbox, 0, "assistant", "Welcome.");
  g_assert_cmpuint (
      stage_stat (stage, "speech-played-time"), ==, 300 * GST_MSECOND);
  finish (stage, sandbox);
}

static const gchar *const asides[] = {
  "{\"conversation\":\"none\",\"output_modalities\":[\"text\"],\"input\":["
  "{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":"
  "\"input_text\",\"text\":\"What is the mood?\"}]}]}",
  "{\"conversation\":\"none\",\"input\":[{\"type\":\"message\",\"role\":"
  "\"user\",\"content\":[{\"type\":\"input_text\",\"text\":"
  "\"What is the mood?\"}]}]}",
};

/* A question aside, in writing or not: the answer is in a message, nobody hears
 * it, and the conversation knows nothing of it. */
static void
test_aside (gconstpointer data)
{
  Sandbox *sandbox = start (
      "{\"turns\":[{\"say\":[{\"text\":\"Hello.\",\"tone_ms\":300}]}]}");
  Stage *stage = stage_new (
      SILENCE "realtime2 name=ai uri=%s ! fakesink", sandbox_get_uri (sandbox));
  g_autoptr (GPtrArray) items = NULL;
  const GstStructure *done;
  gboolean taken = FALSE, aside = FALSE;

  stage_play (stage);
  stage_wait (stage, "realtime2/session-updated");
  g_signal_emit_by_name (stage->ai, "create-response", data, &taken);
  g_assert_true (taken);
  done = stage_wait (stage, "realtime2/response-done");
  g_assert_cmpstr (gst_structure_get_string (done, "status"), ==, "completed");
  g_assert_true (gst_structure_get_boolean (done, "out-of-band", &aside));
  g_assert_true (aside);
  g_assert_nonnull (strstr (gst_structure_get_string (done, "text"),
      ".\nYou wrote: What is the mood?"));
  /* An answer in band comes after it; only that is heard. */
  g_signal_emit_by_name (stage->ai, "send-text", "user", "Hello.", &taken);
  stage_wait (stage, "realtime2/response-heard");
  items = sandbox_dup_items (sandbox, 0);
  assert_message (sandbox, 0, "user", "Hello.");
  for (guint i = 0; i < items->len; i++)
    g_assert_null (
        strstr (((SandboxItem *) g_ptr_array_index (items, i))->text, "mood"));
  stage_collect (stage);
  g_assert_cmpuint (
      stage_count_element (stage, "realtime2/response-heard"), ==, 1);
  finish (stage, sandbox);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sinks/camera", test_camera);
  g_test_add_func ("/sinks/camera-vad", test_camera_vad);
  g_test_add_func ("/sinks/interval", test_interval);
  g_test_add_func ("/sinks/still", test_still);
  g_test_add_func ("/sinks/flood", test_flood);
  g_test_add_func ("/sinks/pipe", test_pipe);
  g_test_add_func ("/sinks/greeting", test_greeting);
  g_test_add_data_func ("/sinks/aside/text", asides[0], test_aside);
  g_test_add_data_func ("/sinks/aside/audio", asides[1], test_aside);
  return g_test_run ();
}
