/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tables of what may happen. What takes a while is brought to its end later, by
 * a list of what is due.
 */
#include "chaosfaults.h"

#include "chaosaudit.h"

/* us. Until a fault of the network, after the connection is back, or after
 * this time in any case: if the last one cuts nothing, or should have. */
#define NETWORK_LEAST 1000000
#define NETWORK_MOST 6000000
#define NETWORK_HARMLESS 5000000
#define NETWORK_ANYWAY 15000000
/* Between two doings of the application. */
#define USE_LEAST 150000
#define USE_MOST 1800000

typedef struct {
  const gchar *name;
  guint weight;
  void (*func) (ChaosFaults *faults);
  gboolean harmless; /* it cuts no connection by itself */
  guint times;
} Kind;

typedef struct {
  gint64 at; /* us */
  void (*func) (ChaosFaults *faults, gpointer data);
  gpointer data;
} Due;

struct _ChaosFaults {
  SoakPeer *peer;
  ChaosStage *stage;
  GstElement *ai;  /* the stage's */
  GRand *seeds[2]; /* of the seeds of each network fault, and each use */
  GRand *rand;     /* of the one that is chosen */
  gboolean verbose;
  gint64 begun;
  GArray *due;
  gint64 next_network, next_use;
  guint road; /* that `uri` is set to */
  guint keys, texts, pauses, excuses;
  gboolean paused, stopped;
};

static gint
roll (ChaosFaults *faults, gint least, gint most)
{
  return g_rand_int_range (faults->rand, least, most + 1);
}

static void
later (ChaosFaults *faults, guint ms,
    void (*func) (ChaosFaults *faults, gpointer data), gpointer data)
{
  Due due = { g_get_monotonic_time () + ms * 1000, func, data };

  g_array_append_val (faults->due, due);
}

/* --- the network --- */

static void
do_reset (ChaosFaults *faults)
{
  soak_peer_do (faults->peer, "reset *");
}

static void
do_hangup (ChaosFaults *faults)
{
  soak_peer_do (faults->peer, "hangup *");
}

static void
do_close (ChaosFaults *faults)
{
  static const guint codes[] = { 1001, 1011, 1012, 1013 };

  soak_peer_do (faults->peer, "close * %u",
      codes[roll (faults, 0, G_N_ELEMENTS (codes) - 1)]);
}

static void
end_half_open (ChaosFaults *faults, gpointer data)
{
  soak_peer_do (faults->peer, "stop * 0 0");
  faults->stopped = FALSE;
}

static void
do_half_open (ChaosFaults *faults)
{
  gint ways = roll (faults, 1, 3);

  soak_peer_do (faults->peer, "stop * %d %d", ways & 1, ways >> 1);
  faults->stopped = TRUE;
  later (faults, roll (faults, 500, 7000), end_half_open, NULL);
}

static void
end_refusal (ChaosFaults *faults, gpointer data)
{
  soak_peer_do (faults->peer, "refuse * 0 0 0");
}

static void
do_refuse (ChaosFaults *faults)
{
  static const guint statuses[] = { 0, 408, 429, 429, 500, 502, 503, 503, 504 };
  guint status = statuses[roll (faults, 0, G_N_ELEMENTS (statuses) - 1)];

  soak_peer_do (faults->peer, "refuse * %d %u %d", roll (faults, 1, 4), status,
      roll (faults, 0, 2));
  do_reset (faults);
  later (faults, 4000, end_refusal, NULL);
}

/* The second server is the way out. */
static void
do_fallback (ChaosFaults *faults)
{
  static const guint statuses[] = { 401, 403, 404 };
  guint status = statuses[roll (faults, 0, G_N_ELEMENTS (statuses) - 1)];

  for (guint road = 0; road < CHAOS_ROAD_FALLBACK; road++) {
    soak_peer_do (faults->peer, "refuse %u 99 %u 0", road, status);
    soak_peer_do (faults->peer, "reset %u", road);
  }
  later (faults, roll (faults, 1000, 4000), end_refusal, NULL);
}

static void
do_outage (ChaosFaults *faults)
{
  soak_peer_do (faults->peer, "refuse * 99 0 0");
  do_reset (faults);
  later (faults, roll (faults, 1000, 8000), end_refusal, NULL);
}

static void
end_slow (ChaosFaults *faults, gpointer data)
{
  soak_peer_do (faults->peer, "rates * 0 0");
  soak_peer_do (faults->peer, "burst * 0");
}

static void
do_slow_uplink (ChaosFaults *faults)
{
  soak_peer_do (faults->peer, "rates * %d 0", roll (faults, 20000, 90000));
  later (faults, roll (faults, 2000, 8000), end_slow, NULL);
}

static void
do_slow_downlink (ChaosFaults *faults)
{
  soak_peer_do (faults->peer, "rates * 0 %d", roll (faults, 15000, 90000));
  later (faults, roll (faults, 2000, 8000), end_slow, NULL);
}

static void
do_bursts (ChaosFaults *faults)
{
  soak_peer_do (faults->peer, "burst * %d", roll (faults, 200, 1500));
  later (faults, roll (faults, 2000, 8000), end_slow, NULL);
}

static void
do_new_key (ChaosFaults *faults)
{
  g_autofree gchar *key = g_strdup_printf ("sk-%u", ++faults->keys);

  g_object_set (faults->ai, "api-key", key, NULL);
}

/* With a key: none goes to a server that it was not set for. */
static void
do_new_uri (ChaosFaults *faults)
{
  g_autofree gchar *key = g_strdup_printf ("sk-%u", ++faults->keys);
  g_autofree gchar *uri = NULL;

  faults->road = faults->road == CHAOS_ROAD_MAIN ? CHAOS_ROAD_DETOUR
                                                 : CHAOS_ROAD_MAIN;
  uri = chaos_stage_dup_uri (faults->peer, faults->road);
  g_object_set (faults->ai, "uri", uri, "api-key", key, NULL);
}

/* --- the servers --- */

static void
do_error_event (ChaosFaults *faults)
{
  soak_peer_do (faults->peer,
      "send {\"type\":\"error\",\"event_id\":\"e\",\"error\":{\"type\":"
      "\"server_error\",\"code\":\"server_error\",\"message\":\"Oh.\","
      "\"param\":null,\"event_id\":null}}");
}

static void
do_evil_event (ChaosFaults *faults)
{
  static const gchar *const events[] = {
    "[]",
    "null",
    "{\"type\":5}",
    "{\"type\":\"nobody.knows\",\"x\":[1,2,{\"y\":null}]}",
    "{\"type\":\"response.output_audio.delta\",\"event_id\":\"e\","
    "\"response_id\":\"resp_no\",\"item_id\":\"item_no\",\"output_index\":0,"
    "\"content_index\":0,\"delta\":\"AAAAAAAA\"}",
    "{\"type\":\"response.output_audio.delta\",\"delta\":7,\"item_id\":{}}",
    "{\"type\":\"response.output_audio_transcript.delta\",\"event_id\":\"e\","
    "\"response_id\":\"resp_no\",\"item_id\":\"item_no\",\"output_index\":-1,"
    "\"content_index\":0,\"delta\":\"No.\"}",
    "{\"type\":\"response.done\",\"event_id\":\"e\",\"response\":{\"id\":"
    "\"resp_no\",\"object\":\"realtime.response\",\"status\":\"completed\","
    "\"output\":[]}}",
    "{\"type\":\"response.output_item.added\",\"response_id\":\"resp_no\","
    "\"output_index\":-3,\"item\":[]}",
    "{\"type\":\"conversation.item.truncated\",\"item_id\":\"item_no\","
    "\"content_index\":0,\"audio_end_ms\":-5}",
    "{\"type\":\"conversation.item.deleted\",\"item_id\":\"item_no\"}",
    "{\"type\":\"conversation.item.input_audio_transcription.completed\","
    "\"item_id\":\"item_no\",\"content_index\":0,\"transcript\":12}",
    "{\"type\":\"response.function_call_arguments.done\",\"call_id\":"
    "\"call_no\",\"response_id\":\"resp_no\",\"arguments\":\"{}\"}",
    "{\"type\":\"rate_limits.updated\",\"rate_limits\":\"none\"}",
    "{\"type\":\"input_audio_buffer.speech_stopped\",\"item_id\":\"item_no\","
    "\"audio_end_ms\":-1}",
  };

  soak_peer_do (faults->peer, "send %s",
      events[roll (faults, 0, G_N_ELEMENTS (events) - 1)]);
}

/* --- the application --- */

static void
emit_text (ChaosFaults *faults, const gchar *role, const gchar *text)
{
  gboolean taken;

  g_signal_emit_by_name (faults->ai, "send-text", role, text, &taken);
  g_assert_true (taken);
}

static void
do_send_text (ChaosFaults *faults)
{
  g_autofree gchar *text = g_strdup_printf (CHAOS_AUDIT_TEXT, faults->texts++);

  emit_text (faults, "user", text);
}

static void
do_send_cue (ChaosFaults *faults)
{
  emit_text (faults, "system", "It rains.");
}

static void
do_cancel (ChaosFaults *faults)
{
  gboolean taken;

  faults->excuses++;
  g_signal_emit_by_name (faults->ai, "cancel-response", &taken);
}

static void
do_ask_apart (ChaosFaults *faults)
{
  gboolean taken;

  g_signal_emit_by_name (faults->ai, "create-response",
      "{\"conversation\":\"none\",\"output_modalities\":[\"text\"]}", &taken);
}

static void
do_send_image (ChaosFaults *faults)
{
  static const gchar png[] =
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGA"
      "WjR9awAAAABJRU5ErkJggg==";
  gsize size;
  guchar *data = g_base64_decode (png, &size);
  g_autoptr (GBytes) bytes = g_bytes_new_take (data, size);
  gboolean taken;

  g_signal_emit_by_name (faults->ai, "send-image", bytes, "image/png", &taken);
}

static void
do_wrong_result (ChaosFaults *faults)
{
  gboolean taken;

  g_signal_emit_by_name (
      faults->ai, "send-function-result", "call_no", "{}", &taken);
}

static void
do_instruct (ChaosFaults *faults)
{
  g_autofree gchar *text = g_strdup_printf (
      "Be number %d.", roll (faults, 0, 99));

  g_object_set (faults->ai, "instructions", text, NULL);
}

static void
end_stop (ChaosFaults *faults, gpointer data)
{
  gst_element_set_state (faults->stage->stage->pipeline, GST_STATE_PLAYING);
  faults->paused = FALSE;
}

static void
do_pause (ChaosFaults *faults)
{
  if (faults->paused)
    return;
  faults->paused = TRUE;
  faults->pauses++;
  gst_element_set_state (faults->stage->stage->pipeline, GST_STATE_PAUSED);
  later (faults, roll (faults, 50, 2500), end_stop, NULL);
}

static void
do_stall (ChaosFaults *faults)
{
  chaos_stage_stall (faults->stage, roll (faults, 50, 1500));
}

static void
do_long_stall (ChaosFaults *faults)
{
  chaos_stage_stall (faults->stage, roll (faults, 2100, 3000));
}

static void
end_text_pad (ChaosFaults *faults, gpointer data)
{
  GstElement *sink = data;
  GstPad *pad = gst_element_get_static_pad (sink, "sink");
  GstPad *src = gst_pad_get_peer (pad);

  gst_element_release_request_pad (faults->ai, src);
  gst_element_set_state (sink, GST_STATE_NULL);
  gst_bin_remove (GST_BIN (faults->stage->stage->pipeline), sink);
  gst_object_unref (src);
  gst_object_unref (pad);
}

static void
do_text_pad (ChaosFaults *faults)
{
  GstElement *sink = gst_element_factory_make ("fakesink", NULL);
  GstPad *src = gst_element_request_pad_simple (faults->ai, "text_src_%u");
  GstPad *pad = gst_element_get_static_pad (sink, "sink");

  g_object_set (sink, "sync", FALSE, "async", FALSE, NULL);
  gst_bin_add (GST_BIN (faults->stage->stage->pipeline), sink);
  gst_element_sync_state_with_parent (sink);
  chaos_stage_watch_text (faults->stage, src);
  g_assert_cmpint (gst_pad_link (src, pad), ==, GST_PAD_LINK_OK);
  gst_object_unref (pad);
  gst_object_unref (src);
  later (faults, roll (faults, 20, 4000), end_text_pad, sink);
}

/* --- tables --- */

/* Only one of these at a time. */
static Kind network[] = {
  { .name = "reset", .weight = 4, .func = do_reset },
  { .name = "hangup", .weight = 3, .func = do_hangup },
  { .name = "close code", .weight = 4, .func = do_close },
  { .name = "half-open", .weight = 4, .func = do_half_open },
  { .name = "refused", .weight = 4, .func = do_refuse },
  { .name = "to the fallback", .weight = 3, .func = do_fallback },
  { .name = "outage", .weight = 2, .func = do_outage },
  { .name = "slow uplink",
      .weight = 2,
      .func = do_slow_uplink,
      .harmless = TRUE },
  { .name = "slow downlink",
      .weight = 2,
      .func = do_slow_downlink,
      .harmless = TRUE },
  { .name = "bursts", .weight = 2, .func = do_bursts, .harmless = TRUE },
  { .name = "new key", .weight = 3, .func = do_new_key, .harmless = TRUE },
  { .name = "new uri", .weight = 3, .func = do_new_uri, .harmless = TRUE },
  { NULL },
};

static Kind uses[] = {
  { .name = "error event", .weight = 2, .func = do_error_event },
  { .name = "evil event", .weight = 6, .func = do_evil_event },
  { .name = "send-text", .weight = 2, .func = do_send_text },
  { .name = "send-text as a cue", .weight = 2, .func = do_send_cue },
  { .name = "cancel-response", .weight = 2, .func = do_cancel },
  { .name = "out of band", .weight = 2, .func = do_ask_apart },
  { .name = "send-image", .weight = 2, .func = do_send_image },
  { .name = "result of no call", .weight = 1, .func = do_wrong_result },
  { .name = "instructions", .weight = 3, .func = do_instruct },
  { .name = "PAUSED", .weight = 2, .func = do_pause },
  { .name = "stall of src", .weight = 3, .func = do_stall },
  { .name = "long stall of src", .weight = 1, .func = do_long_stall },
  { .name = "text pad", .weight = 4, .func = do_text_pad },
  { NULL },
};

static Kind *
choose (ChaosFaults *faults, Kind *kinds)
{
  guint total = 0, at;

  for (guint i = 0; kinds[i].name != NULL; i++)
    total += kinds[i].weight;
  at = roll (faults, 0, total - 1);
  while (at >= kinds->weight)
    at -= kinds++->weight;
  return kinds;
}

/* What happens next depends on the seed alone; not on when, nor on what else
 * happens meanwhile. */
static const Kind *
happen (ChaosFaults *faults, guint table)
{
  static Kind *const tables[] = { network, uses };
  Kind *kind;

  g_rand_set_seed (faults->rand, g_rand_int (faults->seeds[table]));
  kind = choose (faults, tables[table]);
  kind->times++;
  if (faults->verbose)
    g_print ("# %.3f %s\n", (g_get_monotonic_time () - faults->begun) / 1e6,
        kind->name);
  kind->func (faults);
  return kind;
}

/* --- its course --- */

ChaosFaults *
chaos_faults_new (
    SoakPeer *peer, ChaosStage *stage, guint seed, gboolean verbose)
{
  ChaosFaults *faults = g_new0 (ChaosFaults, 1);

  faults->peer = peer;
  faults->stage = stage;
  faults->ai = stage->stage->ai;
  for (guint i = 0; i < G_N_ELEMENTS (faults->seeds); i++)
    faults->seeds[i] = g_rand_new_with_seed (seed + i);
  faults->rand = g_rand_new_with_seed (seed);
  faults->verbose = verbose;
  faults->begun = g_get_monotonic_time ();
  faults->due = g_array_new (FALSE, FALSE, sizeof (Due));
  faults->next_network = faults->begun + NETWORK_LEAST;
  faults->next_use = faults->begun + USE_LEAST;
  return faults;
}

void
chaos_faults_free (ChaosFaults *faults)
{
  g_array_unref (faults->due);
  for (guint i = 0; i < G_N_ELEMENTS (faults->seeds); i++)
    g_rand_free (faults->seeds[i]);
  g_rand_free (faults->rand);
  g_free (faults);
}

static void
do_due (ChaosFaults *faults, gint64 now)
{
  for (guint i = faults->due->len; i > 0; i--) {
    Due due = g_array_index (faults->due, Due, i - 1);

    if (due.at > now)
      continue;
    g_array_remove_index_fast (faults->due, i - 1);
    due.func (faults, due.data);
  }
}

void
chaos_faults_go_on (ChaosFaults *faults, gboolean more)
{
  gint64 now = g_get_monotonic_time ();

  do_due (faults, now);
  if (more && now >= faults->next_network) {
    faults->next_network = now
        + (happen (faults, 0)->harmless ? NETWORK_HARMLESS : NETWORK_ANYWAY);
  }
  if (more && now >= faults->next_use && !faults->paused) {
    faults->next_use = now + roll (faults, USE_LEAST, USE_MOST);
    happen (faults, 1);
  }
}

void
chaos_faults_restored (ChaosFaults *faults)
{
  gint64 next = g_get_monotonic_time ()
      + roll (faults, NETWORK_LEAST, NETWORK_MOST);

  faults->next_network = MIN (faults->next_network, next);
}

guint
chaos_faults_count_excuses (ChaosFaults *faults)
{
  return faults->excuses;
}

gboolean
chaos_faults_is_paused (ChaosFaults *faults)
{
  return faults->paused;
}

guint
chaos_faults_count_texts (ChaosFaults *faults)
{
  return faults->texts;
}

guint
chaos_faults_count_pauses (ChaosFaults *faults)
{
  return faults->pauses;
}

void
chaos_faults_print (ChaosFaults *faults)
{
  static const Kind *const tables[] = { network, uses };

  for (guint i = 0; i < G_N_ELEMENTS (tables); i++)
    for (const Kind *kind = tables[i]; kind->name != NULL; kind++)
      g_print ("#   %-20s %4u\n", kind->name, kind->times);
}
