/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A line that takes an eighth of what the user says (64 kbit/s; 24 kHz need 512
 * as base64): what waits is bounded, what is dropped is the oldest, the sum of
 * it is told, and the element goes on answering.
 *
 * soak-uplink [N]: seconds
 */
#include "soak.h"
#include "soakheap.h"

#define SHORT 15
#define LONG 600 /* seconds from which on the limit holds */
#define BYTES_PER_SECOND 8000
#define PERIOD (20 * GST_MSECOND)
#define MAX_SIZE_TIME (2 * GST_SECOND)
#define MAX_SIZE_TEXT "2000000000"
/* ns; what was sent is kept for so long: full before anything is measured. */
#define MAX_TURN_REPLAY "1000000000"
/* What may be on its way in sockets: 16 KiB that the kernel takes before it
 * says no, a few more of the relay's, at 8 kB/s. */
#define ON_THE_WAY (6 * GST_SECOND)
/* The agent is heard within. */
#define ANSWER (5 * GST_SECOND)
#define LIMIT 128 /* bytes per second */
/* What waits for the line goes up and down by some 10 KB: a slope, over a few
 * minutes. */
#define ROUGH_LIMIT 2048

static SoakPeer *peer;
static guint n_seconds = SHORT;

/* Each sample tells the number of its buffer. */
static GstPadProbeReturn
number_buffer (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GstBuffer *buffer = gst_buffer_make_writable (
      GST_PAD_PROBE_INFO_BUFFER (info));
  gint *number = data;
  GstMapInfo map;

  g_atomic_int_inc (number);
  gst_buffer_map (buffer, &map, GST_MAP_WRITE);
  for (gsize i = 0; i + 1 < map.size; i += 2)
    GST_WRITE_UINT16_LE (map.data + i, *number & 0xffff);
  gst_buffer_unmap (buffer, &map);
  info->data = buffer;
  return GST_PAD_PROBE_OK;
}

static Stage *
new_stage (gint *number)
{
  g_autofree gchar *uri = soak_peer_dup_uri (
      soak_peer_do (peer, "slow %u", BYTES_PER_SECOND));
  Stage *stage = stage_new (
      "audiotestsrc is-live=true samplesperbuffer=480 ! "
      "audio/x-raw,format=S16LE,rate=24000,channels=1 ! "
      "realtime2 name=ai uri=%s max-size-time=" MAX_SIZE_TEXT " "
      "max-turn-replay=" MAX_TURN_REPLAY " ! queue ! fakesink sync=true",
      uri);
  GstPad *pad = stage_get_pad (stage, "ai", "sink");

  gst_pad_add_probe (
      pad, GST_PAD_PROBE_TYPE_BUFFER, number_buffer, number, NULL);
  gst_object_unref (pad);
  stage_play (stage);
  stage_wait (stage, "realtime2/session-updated");
  return stage;
}

static guint64
told_of (Stage *stage)
{
  guint64 sum = 0, ms;

  stage_collect (stage);
  for (; stage->next < stage->messages->len; stage->next++) {
    const GstStructure *fields = gst_message_get_structure (
        g_ptr_array_index (stage->messages, stage->next));

    if (fields && gst_structure_has_name (fields, "realtime2/overrun")
        && gst_structure_get_uint64 (fields, "dropped-ms", &ms))
      sum += ms;
  }
  return sum;
}

/* What the server has last is not older than what may wait. */
static void
check_age (gint number)
{
  gint64 last = soak_peer_do (peer, "newest");
  guint64 age = ((number - last) & 0xffff) * PERIOD;

  g_assert_cmpint (last, >=, 0);
  g_print ("# the newest that has come is %" G_GUINT64_FORMAT " ms old\n",
      age / GST_MSECOND);
  g_assert_cmpuint (age, <=, MAX_SIZE_TIME + ON_THE_WAY);
}

static void
check_answer (Stage *stage)
{
  guint64 before = stage_stat (stage, "speech-played-time");
  gint64 start = g_get_monotonic_time ();

  soak_peer_do (peer, "answer 4800 4800");
  soak_peer_do (peer, "go 4800");
  while (stage_stat (stage, "speech-played-time") == before) {
    g_assert_cmpint (g_get_monotonic_time () - start, <, ANSWER / 1000);
    g_usleep (1000);
  }
}

static void
test_uplink (void)
{
  gint number = 0;
  guint64 told = 0, dropped, sent;
  Stage *stage = new_stage (&number);
  SoakHeap heap;
  gint64 start;

  soak_heap_init (&heap, "second");
  for (guint second = 1; second <= n_seconds; second++) {
    while (stage_now (stage) < second * GST_SECOND) {
      g_assert_cmpuint (
          stage_stat (stage, "input-queued-time"), <=, MAX_SIZE_TIME);
      g_usleep (10000);
    }
    told += told_of (stage);
    g_ptr_array_set_size (stage->messages, 0);
    stage->next = 0;
    soak_heap_note (&heap, second);
  }
  check_age (g_atomic_int_get (&number));
  check_answer (stage);
  dropped = stage_stat (stage, "input-dropped-time") / GST_MSECOND;
  sent = stage_stat (stage, "input-sent-time") / GST_MSECOND;
  told += told_of (stage);
  g_print ("# of %u s: %" G_GUINT64_FORMAT " ms sent, %" G_GUINT64_FORMAT
           " ms dropped, %" G_GUINT64_FORMAT " ms of them told\n",
      n_seconds, sent, dropped, told);
  g_assert_cmpuint (dropped, >, n_seconds * 1000 / 4);
  g_assert_cmpuint (told, <=, dropped);
  /* What was dropped since the last second is told with the next. */
  g_assert_cmpuint (told + 1200, >=, dropped);
  soak_heap_check (
      &heap, n_seconds / 2.0, n_seconds < LONG ? ROUGH_LIMIT : LIMIT);
  soak_heap_clear (&heap);
  start = g_get_monotonic_time ();
  stage_free (stage);
  g_assert_cmpint (g_get_monotonic_time () - start, <, ANSWER / 1000);
}

int
main (int argc, char *argv[])
{
  peer = soak_init (argc, argv, &n_seconds);
  g_test_add_func ("/soak/uplink", test_uplink);
  return soak_run (peer);
}
