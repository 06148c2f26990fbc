/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A server that does not stop sending: pieces of sound and of text without end,
 * in one response and in many. What it costs is bounded by what is in them, and
 * what does not fit is told of in a few messages.
 *
 * soak-deltas [N]: so many deltas in each test
 */
#include "soak.h"
#include "soakheap.h"

#define SHORT 50000
#define BATCH 1000 /* deltas between two looks at whether they are taken in */
/* What a test may gain besides what it sends: tables, caches, the network. */
#define SLACK (2 * 1024 * 1024)
/* Two samples, 1 and 2, in base64. */
#define TWO_SAMPLES "AQACAA=="
/* s of speech that may wait, see rt2playout.h, and that are sent. */
#define SPEECH_MAX (30 * 60)
#define SPEECH_SENT (SPEECH_MAX + 300)
/* In each of many responses. */
#define DELTAS 10
/* Responses after which all that remembers the last so many is full. */
#define WARM_UP 5000

#define MIB (1024 * 1024)

static SoakPeer *peer;
static guint n_deltas = SHORT;

static Stage *
new_stage (void)
{
  g_autofree gchar *uri = soak_peer_dup_uri (soak_peer_do (peer, "port"));
  Stage *stage = stage_new (
      "realtime2 name=ai uri=%s ! queue ! fakesink sync=true "
      "ai.text_src_0 ! text/x-raw,format=utf8 ! queue ! fakesink",
      uri);

  stage_play (stage);
  stage_wait (stage, "realtime2/session-updated");
  soak_sync (peer, stage);
  return stage;
}

/* --- events --- */

static void
begin (guint response)
{
  soak_peer_do (peer,
      "send {\"type\":\"response.created\",\"event_id\":\"e\",\"response\":{"
      "\"object\":\"realtime.response\",\"id\":\"r%u\","
      "\"status\":\"in_progress\",\"output\":[]}}",
      response);
  soak_peer_do (peer,
      "send {\"type\":\"response.output_item.added\",\"event_id\":\"e\","
      "\"response_id\":\"r%u\",\"output_index\":0,\"item\":{\"id\":\"i%u\","
      "\"type\":\"message\",\"status\":\"in_progress\",\"role\":\"assistant\","
      "\"content\":[]}}",
      response, response);
}

static void
send_deltas (guint response, guint n, const gchar *type, const gchar *delta)
{
  soak_peer_do (peer,
      "repeat %u {\"type\":\"response.%s.delta\",\"event_id\":\"e\","
      "\"response_id\":\"r%u\",\"item_id\":\"i%u\",\"output_index\":0,"
      "\"content_index\":0,\"delta\":\"%s\"}",
      n, type, response, response, delta);
}

static void
end (guint response)
{
  soak_peer_do (peer,
      "send {\"type\":\"response.done\",\"event_id\":\"e\",\"response\":{"
      "\"object\":\"realtime.response\",\"id\":\"r%u\","
      "\"status\":\"completed\",\"output\":[]}}",
      response);
}

/* All deltas of a test in one response. */
static void
flood (Stage *stage, guint n, const gchar *type, const gchar *delta)
{
  begin (0);
  for (guint sent = 0; sent < n; sent += BATCH) {
    send_deltas (0, MIN (BATCH, n - sent), type, delta);
    soak_sync (peer, stage);
  }
  end (0);
  stage_wait (stage, "realtime2/response-done");
}

/* --- what was told of it --- */

typedef struct {
  guint messages;
  guint64 ms, bytes;
} Overruns;

static Overruns
overruns_of (Stage *stage, const gchar *reason)
{
  Overruns sum = { 0 };

  stage_collect (stage);
  for (guint i = 0; i < stage->messages->len; i++) {
    const GstStructure *fields = gst_message_get_structure (
        g_ptr_array_index (stage->messages, i));
    guint64 value;

    if (!fields || !gst_structure_has_name (fields, "realtime2/overrun")
        || g_strcmp0 (gst_structure_get_string (fields, "reason"), reason))
      continue;
    sum.messages++;
    if (gst_structure_get_uint64 (fields, "dropped-ms", &value))
      sum.ms += value;
    if (gst_structure_get_uint64 (fields, "dropped-bytes", &value))
      sum.bytes += value;
  }
  return sum;
}

static void
check_gain (gsize before, gsize allowed)
{
  gint64 gain = (gint64) soak_heap_now () - (gint64) before;

  g_print ("# heap: %" G_GINT64_FORMAT " bytes more (limit %" G_GSIZE_FORMAT
           ")\n",
      gain, allowed);
  if (SOAK_HEAP_COUNTS)
    g_assert_cmpint (gain, <=, (gint64) allowed);
}

/* --- tests --- */

static void
test_sound_in_one_response (void)
{
  g_autoptr (Stage) stage = new_stage ();
  gsize before = soak_heap_now ();

  flood (stage, n_deltas, "output_audio", TWO_SAMPLES);
  soak_forget (peer, stage);
  /* Four bytes of sound each, and as much again. */
  check_gain (before, SLACK + 8 * (gsize) n_deltas);
}

static void
test_too_much_sound (void)
{
  g_autoptr (Stage) stage = new_stage ();
  g_autofree gchar *second = g_strnfill (64000, 'A');
  gint64 started = g_get_monotonic_time ();
  gsize before = soak_heap_now ();
  Overruns lost;
  gint64 seconds;

  begin (0);
  for (guint i = 0; i < SPEECH_SENT; i++) {
    send_deltas (0, 1, "output_audio", second);
    if (i % 10 == 0)
      soak_sync (peer, stage);
  }
  end (0);
  stage_wait (stage, "realtime2/response-done");
  seconds = (g_get_monotonic_time () - started) / G_USEC_PER_SEC + 1;
  lost = overruns_of (stage, "speech-queue");
  g_print ("# %d s of speech sent: %" G_GUINT64_FORMAT
           " ms told to be lost in %u messages\n",
      SPEECH_SENT, lost.ms, lost.messages);
  /* Some was played meanwhile. */
  g_assert_cmpuint (lost.ms, <=, (SPEECH_SENT - SPEECH_MAX) * 1000);
  g_assert_cmpuint (
      lost.ms, >=, (SPEECH_SENT - SPEECH_MAX - seconds - 2) * 1000);
  g_assert_cmpuint (lost.messages, >=, 1);
  g_assert_cmpuint (lost.messages, <=, seconds + 2);
  soak_forget (peer, stage);
  check_gain (before, SLACK + SPEECH_MAX * 48000);
}

static void
test_text_in_one_response (void)
{
  g_autoptr (Stage) stage = new_stage ();
  gint64 started = g_get_monotonic_time ();
  gsize before = soak_heap_now ();
  guint64 sent = 8 * (guint64) n_deltas, kept = 256 * 1024;
  Overruns lost;

  flood (stage, n_deltas, "output_audio_transcript", "and, so ");
  lost = overruns_of (stage, "text-length");
  g_print ("# %" G_GUINT64_FORMAT " bytes of text sent: %" G_GUINT64_FORMAT
           " told to be lost in %u messages\n",
      sent, lost.bytes, lost.messages);
  g_assert_cmpuint (lost.bytes, ==, sent - MIN (sent, kept));
  g_assert_cmpuint (lost.messages, <=,
      (g_get_monotonic_time () - started) / G_USEC_PER_SEC + 2);
  soak_forget (peer, stage);
  check_gain (before, SLACK);
}

static void
test_in_many_responses (void)
{
  g_autoptr (Stage) stage = new_stage ();
  guint n = MAX (n_deltas / DELTAS, 2 * WARM_UP);
  SoakHeap heap;

  soak_heap_init (&heap, "response");
  for (guint i = 0; i < n; i++) {
    begin (i);
    send_deltas (i, DELTAS / 2, "output_audio", TWO_SAMPLES);
    send_deltas (i, DELTAS / 2, "output_audio_transcript", "word ");
    end (i);
    if (i % 20 != 19)
      continue;
    /* What was not played by then is dropped. */
    soak_peer_do (peer, "starts %u", i);
    soak_peer_do (peer, "stops %u", i);
    soak_sync (peer, stage);
    soak_forget (peer, stage);
    soak_heap_note (&heap, i);
  }
  soak_heap_check (&heap, MAX (n / 2, WARM_UP), 100);
  soak_heap_clear (&heap);
}

int
main (int argc, char *argv[])
{
  peer = soak_init (argc, argv, &n_deltas);
  g_test_add_func ("/soak/deltas/sound", test_sound_in_one_response);
  g_test_add_func ("/soak/deltas/too-much-sound", test_too_much_sound);
  g_test_add_func ("/soak/deltas/text", test_text_in_one_response);
  g_test_add_func ("/soak/deltas/many-responses", test_in_many_responses);
  return soak_run (peer);
}
