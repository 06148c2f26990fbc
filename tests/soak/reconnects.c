/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Connections that are cut at any moment and in any way, one after another:
 * none of them leaves anything behind.
 *
 * soak-reconnects [N]
 */
#include <gst/gst.h>

#include "soak.h"
#include "soakheap.h"

#define SHORT 60
#define WARM_UP(n) ((n) / 5)
#define LIMIT 1000 /* bytes per reconnect */
#define SAMPLES 2400

static SoakPeer *peer;
static guint n_reconnects = SHORT;

static Stage *
new_stage (void)
{
  g_autofree gchar *uri = soak_peer_dup_uri (soak_peer_do (peer, "port"));

  return stage_new (
      "audiotestsrc is-live=true samplesperbuffer=480 ! "
      "audio/x-raw,format=S16LE,rate=24000,channels=1 ! "
      "realtime2 name=ai uri=%s retries=-1 retry-backoff-max=5000000 "
      "transcription-model=gpt-4o-mini-transcribe ! queue ! fakesink sync=true "
      "ai.text_src_0 ! text/x-raw,format=utf8 ! queue ! fakesink "
      "ai.text_src_1 ! application/x-json ! queue ! fakesink",
      uri);
}

/* --- moments --- */

static void
speak (guint turn)
{
  soak_peer_do (peer, "starts %u", turn);
}

static void
take_a_turn (guint turn)
{
  soak_peer_do (peer, "starts %u", turn);
  soak_peer_do (peer, "stops %u", turn);
  soak_peer_do (peer,
      "send {\"type\":\"conversation.item.input_audio_transcription.delta\","
      "\"event_id\":\"e\",\"item_id\":\"item_user_%u\",\"content_index\":0,"
      "\"delta\":\"I had be\"}",
      turn);
}

static void
answer (guint turn)
{
  take_a_turn (turn);
  soak_peer_do (peer, "answer 4800 %u %u", SAMPLES, SAMPLES);
  soak_peer_do (
      peer, "go %u", (guint) g_test_rand_int_range (1, 2 * SAMPLES + 1));
}

static void
call (guint turn)
{
  soak_peer_do (peer, "answer 4800 %u", SAMPLES);
  soak_peer_do (peer,
      "send {\"type\":\"response.output_item.done\",\"event_id\":\"e\","
      "\"response_id\":\"resp_x%u\",\"output_index\":0,\"item\":{\"id\":\"f%u\","
      "\"type\":\"function_call\",\"status\":\"completed\",\"name\":\"look\","
      "\"call_id\":\"call_%u\",\"arguments\":\"{}\"}}",
      turn, turn, turn);
}

static void
cut (void)
{
  static const gchar *const ways[] = { "drop", "hangup", "close 1001",
    "close 1011" };

  soak_peer_do (
      peer, "%s", ways[g_test_rand_int_range (0, G_N_ELEMENTS (ways))]);
}

/* The connection number @n is there: it comes to some point, and is cut. */
static void
suffer (Stage *stage, guint n)
{
  static void (*const moments[]) (
      guint turn) = { NULL, speak, take_a_turn, answer, call };
  gint moment = g_test_rand_int_range (-1, G_N_ELEMENTS (moments));

  if (moment >= 0)
    stage_wait (stage, "realtime2/session-updated");
  if (moment >= 0 && moments[moment] != NULL)
    moments[moment](n);
  cut ();
  stage_wait (stage, "realtime2/session-lost");
}

/* What was said is kept for the next server, up to a bound: it is reached
 * before anything is measured. The voice of a turn without its transcript is,
 * too. */
static void
fill_conversation (Stage *stage)
{
  soak_fill_memory (peer, stage);
  for (guint i = 0; i < SOAK_MEMORY; i++) {
    take_a_turn (SOAK_MEMORY + n_reconnects + i);
    if (i % 50 == 0) {
      soak_sync (peer, stage);
      soak_forget (peer, stage);
    }
  }
  soak_sync (peer, stage);
}

static void
test_reconnects (void)
{
  g_autoptr (Stage) stage = new_stage ();
  SoakHeap heap;

  soak_heap_init (&heap, "reconnect");
  stage_play (stage);
  stage_wait (stage, "realtime2/session-updated");
  fill_conversation (stage);
  cut ();
  stage_wait (stage, "realtime2/session-lost");
  for (guint n = 2; n < n_reconnects + 2; n++) {
    soak_peer_do (peer, "connected %u", n);
    suffer (stage, n);
    soak_forget (peer, stage);
    soak_heap_note (&heap, n - 1);
  }
  soak_peer_do (peer, "connected %u", n_reconnects + 2);
  stage_wait (stage, "realtime2/session-restored");
  g_assert_cmpuint (stage_stat (stage, "reconnects"), >=, n_reconnects);
  soak_heap_check (&heap, WARM_UP (n_reconnects), LIMIT);
  soak_heap_clear (&heap);
}

int
main (int argc, char *argv[])
{
  peer = soak_init (argc, argv, &n_reconnects);
  g_test_add_func ("/soak/reconnects", test_reconnects);
  return soak_run (peer);
}
