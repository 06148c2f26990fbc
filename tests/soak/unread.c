/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An application that never reads its bus: GStreamer keeps every message, so
 * what is posted is bounded by what happens, not by time. While nothing happens
 * nothing is posted, and each turn costs a known sum.
 *
 * soak-unread [N]: minutes in which nothing happens, and turns
 */
#include "soakclock.h"
#include "soakheap.h"

#define SHORT 20
/* Of a turn with two items. */
#define MESSAGES_PER_TURN 30
#define BYTES_PER_TURN (40 * 1024)
/* Bytes that may be gained besides. */
#define SLACK (256 * 1024)
#define ITEMS "2400 2400"

static SoakPeer *peer;
static guint n_rounds = SHORT;

/* Empties the bus; how many there were. */
static guint
read_bus (Stage *stage)
{
  GstMessage *message;
  guint n = 0;

  while ((message = gst_bus_pop (stage->bus)) != NULL) {
    g_assert_cmpint (GST_MESSAGE_TYPE (message), !=, GST_MESSAGE_ERROR);
    gst_message_unref (message);
    n++;
  }
  return n;
}

static void
take_turn (SoakClock *clock, guint turn)
{
  gint64 deadline = g_get_monotonic_time () + STAGE_PATIENCE / 1000;

  soak_peer_do (peer, "starts %u", turn);
  soak_peer_do (peer, "stops %u", turn);
  soak_peer_do (peer,
      "send {\"type\":\"conversation.item.input_audio_transcription.completed\","
      "\"event_id\":\"e\",\"item_id\":\"item_user_%u\",\"content_index\":0,"
      "\"transcript\":\"One more thing, please.\"}",
      turn);
  soak_peer_do (peer, "answer 1200 " ITEMS);
  soak_peer_do (peer, "go 1000000");
  while (stage_stat (clock->stage, "responses") <= turn) {
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    g_usleep (200);
  }
  soak_clock_go_on_until (clock, stage_now (clock->stage) + GST_SECOND);
}

static void
test_unread (void)
{
  SoakClock clock;
  gsize before, talked;
  guint n;

  soak_clock_init (&clock, peer, "transcription-model=gpt-4o-mini-transcribe");
  soak_clock_go_on_until (&clock, GST_SECOND);
  soak_forget (peer, clock.stage);
  read_bus (clock.stage);

  soak_clock_go_on_until (
      &clock, stage_now (clock.stage) + n_rounds * 60 * GST_SECOND);
  n = read_bus (clock.stage);
  g_print (
      "# %u messages in %u minutes in which nothing happens\n", n, n_rounds);
  g_assert_cmpuint (n, ==, 0);

  before = soak_heap_now ();
  for (guint turn = 0; turn < n_rounds; turn++)
    take_turn (&clock, turn);
  talked = soak_heap_now ();
  n = read_bus (clock.stage);
  g_print ("# %.1f messages and %.0f bytes for each of %u turns\n",
      (gdouble) n / n_rounds, ((gdouble) talked - soak_heap_now ()) / n_rounds,
      n_rounds);
  g_assert_cmpuint (n, <=, MESSAGES_PER_TURN * n_rounds);
  if (SOAK_HEAP_COUNTS) {
    g_assert_cmpint (talked, <, before + SLACK + BYTES_PER_TURN * n_rounds);
    /* It was the bus, and nothing else. */
    g_assert_cmpint (soak_heap_now (), <, before + SLACK);
  }
  soak_clock_clear (&clock);
}

int
main (int argc, char *argv[])
{
  peer = soak_init (argc, argv, &n_rounds);
  g_test_add_func ("/soak/unread", test_unread);
  return soak_run (peer);
}
