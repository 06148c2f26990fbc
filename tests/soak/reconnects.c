/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Connections that are cut at any moment and in any way, one after another:
 * none of them leaves anything behind. Without TLS, and with it.
 *
 * soak-reconnects [N]: of each
 */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <gst/gst.h>
#include <unistd.h>

#include "soak.h"
#include "soakheap.h"

#define SHORT 60
#define WARM_UP(n) ((n) / 5)
/* glib-networking keeps the last 50 TLS sessions, to resume them. */
#define TLS_SESSIONS 60
#define LIMIT 1000 /* bytes per reconnect */
#define SAMPLES 2400
/* Reconnects of which the least that was in use counts: what a connection that
 * is not quite over still holds, goes. */
#define WINDOW 6

static SoakPeer *peer;
static guint n_reconnects = SHORT;
/* Of the runs before: connections, and turns, whose numbers are not used again.
 */
static guint n_connections, n_turns;
static gchar *ca_file; /* of the gate, as long as it is of use; or NULL */

/* What the user said and nobody answered is kept, too, and what waits for a
 * server: little of it here, so that these bounds are reached soon. */
static Stage *
new_stage (const gchar *uri)
{
  return stage_new (
      "audiotestsrc is-live=true samplesperbuffer=480 ! "
      "audio/x-raw,format=S16LE,rate=24000,channels=1 ! "
      "realtime2 name=ai uri=%s retries=-1 retry-backoff-max=5000000 "
      "history-limit=0 max-turn-replay=200000000 max-size-time=200000000 "
      "transcription-model=gpt-4o-mini-transcribe ! queue ! fakesink sync=true "
      "ai.text_src_0 ! text/x-raw,format=utf8 ! queue ! fakesink "
      "ai.text_src_1 ! application/x-json ! queue ! fakesink",
      uri);
}

static Stage *
new_plain_stage (void)
{
  g_autofree gchar *uri = soak_peer_dup_uri (soak_peer_do (peer, "port"));

  return new_stage (uri);
}

/* Through a gate whose certificate is the only one that it trusts. */
static Stage *
new_secure_stage (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GTlsDatabase) database = NULL;
  g_autofree gchar *uri = NULL;
  Stage *stage;

  close (g_file_open_tmp ("rt2-soak-XXXXXX.pem", &ca_file, &error));
  g_assert_no_error (error);
  uri = g_strdup_printf ("wss://127.0.0.1:%" G_GINT64_FORMAT "/v1/realtime",
      soak_peer_do (peer, "secure %s", ca_file));
  database = g_tls_file_database_new (ca_file, &error);
  g_assert_no_error (error);
  stage = new_stage (uri);
  g_object_set (
      stage->ai, "tls-database", database, "api-key", "sk-soak", NULL);
  return stage;
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

/* A connection is there: it comes to some point, and is cut. */
static void
suffer (Stage *stage)
{
  static void (*const moments[]) (
      guint turn) = { NULL, speak, take_a_turn, answer, call };
  gint moment = g_test_rand_int_range (-1, G_N_ELEMENTS (moments));

  if (moment >= 0)
    stage_wait (stage, "realtime2/session-updated");
  if (moment >= 0 && moments[moment] != NULL)
    moments[moment](++n_turns);
  cut ();
  stage_wait (stage, "realtime2/session-lost");
}

/* What was said is kept for the next server, up to a bound: it is reached
 * before anything is measured. The voice of a turn without its transcript is,
 * too: up to a bound in bytes, where none is too old to be told. */
static void
fill_conversation (Stage *stage)
{
  soak_fill_memory (peer, stage);
  for (guint i = 0; i < SOAK_MEMORY; i++) {
    take_a_turn (++n_turns);
    if (i % 50 == 0) {
      soak_sync (peer, stage);
      soak_forget (peer, stage);
    }
  }
  soak_sync (peer, stage);
}

static void
connected (void)
{
  soak_peer_do (peer, "connected %u", ++n_connections);
}

static void
test_reconnects (gconstpointer secure)
{
  g_autoptr (Stage) stage = secure ? new_secure_stage () : new_plain_stage ();
  guint more = secure ? TLS_SESSIONS : 0;
  guint n = n_reconnects + more;
  gsize least = G_MAXSIZE;
  SoakHeap heap;

  soak_heap_init (&heap, "reconnect");
  stage_play (stage);
  connected ();
  stage_wait (stage, "realtime2/session-updated");
  fill_conversation (stage);
  cut ();
  stage_wait (stage, "realtime2/session-lost");
  for (guint i = 1; i <= n; i++) {
    connected ();
    suffer (stage);
    soak_forget (peer, stage);
    least = MIN (least, soak_heap_now ());
    if (i % WINDOW > 0)
      continue;
    soak_heap_add (&heap, i, least);
    least = G_MAXSIZE;
  }
  connected ();
  stage_wait (stage, "realtime2/session-restored");
  g_assert_cmpuint (stage_stat (stage, "reconnects"), >=, n);
  if (ca_file != NULL)
    g_unlink (ca_file);
  g_clear_pointer (&ca_file, g_free);
  soak_heap_check (&heap, more + WARM_UP (n_reconnects), LIMIT);
  soak_heap_clear (&heap);
}

int
main (int argc, char *argv[])
{
  peer = soak_init (argc, argv, &n_reconnects);
  g_test_add_data_func (
      "/soak/reconnects/plain", GINT_TO_POINTER (FALSE), test_reconnects);
  g_test_add_data_func (
      "/soak/reconnects/tls", GINT_TO_POINTER (TRUE), test_reconnects);
  return soak_run (peer);
}
