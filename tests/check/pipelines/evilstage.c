/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One row at a time: a server, a pipeline, a judgement.
 */
#include "evilstage.h"

#include <string.h>

#include "stage.h"

#define KEY "sk-test-Hx7Qm2VbT9wLr4ZcKe5N"
/* The speech of an honest server: this value, so many samples. */
#define GOOD 12345
#define GOOD_SAMPLES 1440
/* To the end of speech, whatever was before. */
#define GOOD_LEAST (GOOD_SAMPLES - 480)
/* For a change of state to NULL, on a machine that is busy. */
#define AT_ONCE (1500 * G_TIME_SPAN_MILLISECOND)
/* How long what is left in the middle goes on before, us. */
#define IN_THE_MIDDLE 150000
/* Heap that a row may leave behind for the process: caches of the libraries. */
#define REMAINS (192 * 1024)
/* What ends a test at once. */
#define FATAL (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING)
#define MEGABYTE (1024 * 1024)

typedef struct {
  const EvilRow *row;
  GTlsCertificate *certificate; /* or NULL */
  EvilServer *server;
  Stage *stage;

  /* Of the streaming thread. */
  GstClockTime next; /* PTS of the next buffer */
  guint good;        /* samples of GOOD */
  guint gaps;
} Trial;

static EvilServer *other;

/* -- the honest part of a server --------------------------------------------
 */

gboolean
evil_peer_say_created (EvilPeer *peer)
{
  return evil_peer_text (peer,
      "{\"type\":\"session.created\",\"event_id\":\"event_c\",\"session\":{"
      "\"type\":\"realtime\",\"object\":\"realtime.session\",\"id\":\"sess_1\","
      "\"model\":\"gpt-realtime-2\",\"expires_at\":4102444800}}");
}

gboolean
evil_peer_say_updated (EvilPeer *peer)
{
  return evil_peer_wait_message (peer, "session.update")
      && evil_peer_text (peer,
          "{\"type\":\"session.updated\",\"event_id\":\"event_u\",\"session\":{"
          "\"type\":\"realtime\",\"object\":\"realtime.session\","
          "\"id\":\"sess_1\",\"model\":\"gpt-realtime-2\","
          "\"output_modalities\":[\"audio\"],\"audio\":{\"input\":{"
          "\"format\":{\"type\":\"audio/pcm\",\"rate\":24000}},\"output\":{"
          "\"format\":{\"type\":\"audio/pcm\",\"rate\":24000},"
          "\"voice\":\"marin\"}}}}");
}

#define RESPONSE                                                               \
  "{\"type\":\"response.%s\",\"event_id\":\"event_r\",\"response\":{"          \
  "\"object\":\"realtime.response\",\"id\":\"%s\",\"status\":\"%s\","          \
  "\"status_details\":null,\"output\":[],\"usage\":null}}"
#define ITEM                                                                   \
  "{\"type\":\"response.output_item.%s\",\"event_id\":\"event_i\","            \
  "\"response_id\":\"%s\",\"output_index\":0,\"item\":{\"id\":\"item_%s\","    \
  "\"type\":\"message\",\"status\":\"%s\",\"role\":\"assistant\","             \
  "\"content\":[]}}"

static gchar *
make_speech (guint samples)
{
  g_autofree guint16 *speech = g_new (guint16, samples);

  for (guint i = 0; i < samples; i++)
    speech[i] = GUINT16_TO_LE (GOOD);
  return g_base64_encode ((guchar *) speech, samples * sizeof *speech);
}

gboolean
evil_peer_begin_answer (EvilPeer *peer, const gchar *response, guint samples)
{
  g_autofree gchar *speech = make_speech (samples);

  return evil_peer_text (peer, RESPONSE, "created", response, "in_progress")
      && evil_peer_text (peer, ITEM, "added", response, response, "in_progress")
      && evil_peer_text (peer,
          "{\"type\":\"response.output_audio.delta\",\"event_id\":\"event_d\","
          "\"response_id\":\"%s\",\"item_id\":\"item_%s\",\"output_index\":0,"
          "\"content_index\":0,\"delta\":\"%s\"}",
          response, response, speech);
}

gboolean
evil_peer_end_answer (EvilPeer *peer, const gchar *response)
{
  return evil_peer_text (peer,
             "{\"type\":\"response.output_audio.done\",\"event_id\":\"event_d\""
             ",\"response_id\":\"%s\",\"item_id\":\"item_%s\","
             "\"output_index\":0,\"content_index\":0}",
             response, response)
      && evil_peer_text (peer, ITEM, "done", response, response, "completed")
      && evil_peer_text (peer, RESPONSE, "done", response, "completed");
}

/* The user speaks, which ends whatever was, and is answered. */
static gboolean
take_turn (EvilPeer *peer)
{
  return evil_peer_text (peer,
             "{\"type\":\"input_audio_buffer.speech_started\","
             "\"event_id\":\"event_s\",\"audio_start_ms\":0,"
             "\"item_id\":\"item_good_user\"}")
      && evil_peer_text (peer,
          "{\"type\":\"input_audio_buffer.speech_stopped\","
          "\"event_id\":\"event_s\",\"audio_end_ms\":20,"
          "\"item_id\":\"item_good_user\"}")
      && evil_peer_text (peer,
          "{\"type\":\"input_audio_buffer.committed\",\"event_id\":\"event_s\","
          "\"previous_item_id\":null,\"item_id\":\"item_good_user\"}")
      && evil_peer_begin_answer (peer, "good", GOOD_SAMPLES)
      && evil_peer_end_answer (peer, "good");
}

/* -- the server -------------------------------------------------------------
 */

/* From where an honest server is after @from to where it is after @to. */
static gboolean
go_on (EvilPeer *peer, const Trial *trial, EvilStart from, EvilStart to)
{
  return (from >= EVIL_UPGRADED || to < EVIL_UPGRADED
             || evil_peer_upgrade (peer))
      && (from >= EVIL_CREATED || to < EVIL_CREATED
          || evil_peer_say_created (peer))
      && (from >= EVIL_UPDATED || to < EVIL_UPDATED
          || evil_peer_say_updated (peer))
      && (from >= EVIL_ANSWERS || to < EVIL_ANSWERS
          || evil_peer_begin_answer (peer, "evil", 480));
}

static void
be_honest (EvilPeer *peer, const Trial *trial, EvilStart from)
{
  if (go_on (peer, trial, from, EVIL_UPDATED) && take_turn (peer))
    evil_peer_stay (peer);
}

static void
be_evil (EvilPeer *peer, const Trial *trial)
{
  const EvilRow *row = trial->row;

  if (!go_on (peer, trial, EVIL_AT_ONCE, row->start))
    return;
  evil_peer_note_act (peer);
  row->act (peer, row);
  if (row->outcome == EVIL_CARRIES_ON)
    be_honest (peer, trial, MAX (row->start, row->left));
}

static void
serve (EvilPeer *peer, gpointer data)
{
  const Trial *trial = data;

  gboolean is_evil = evil_peer_get_number (peer) == 0;

  if (trial->certificate != NULL && !(is_evil && trial->row->wss)
      && !evil_peer_start_tls (peer, trial->certificate))
    return;
  if (is_evil)
    be_evil (peer, trial);
  else
    be_honest (peer, trial, EVIL_AT_ONCE);
}

static void
serve_nobody (EvilPeer *peer, gpointer data)
{
  evil_peer_stay (peer);
}

guint16
evil_other_port (void)
{
  return evil_server_get_port (other);
}

/* -- the pipeline -----------------------------------------------------------
 */

static GstPadProbeReturn
on_buffer (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Trial *trial = data;
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  GstMapInfo map;

  if (GST_CLOCK_TIME_IS_VALID (trial->next)
      && trial->next != GST_BUFFER_PTS (buffer))
    trial->gaps++;
  trial->next = GST_BUFFER_PTS (buffer) + GST_BUFFER_DURATION (buffer);
  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  for (gsize i = 0; i + 1 < map.size; i += 2)
    if (GST_READ_UINT16_LE (map.data + i) == GOOD)
      trial->good++;
  gst_buffer_unmap (buffer, &map);
  return GST_PAD_PROBE_OK;
}

static Stage *
new_stage (Trial *trial)
{
  const EvilRow *row = trial->row;
  Stage *stage = stage_new (
      "audiotestsrc is-live=true samplesperbuffer=480 ! "
      "audio/x-raw,format=S16LE,rate=24000,channels=1 ! "
      "realtime2 name=ai uri=%s://localhost:%u/v1/realtime api-key=" KEY
      " connect-timeout=%" G_GUINT64_FORMAT
      " keepalive-interval=%" G_GUINT64_FORMAT
      " retries=-1 retry-backoff-max=20000000 transcription-model=whisper-1 ! "
      "fakesink sync=false ai.text_src_0 ! fakesink sync=false",
      row->wss || row->tls != TEST_TLS_NONE ? "wss" : "ws",
      evil_server_get_port (trial->server),
      row->times_out ? 300 * GST_MSECOND : 20 * GST_SECOND,
      row->times_out ? 1 * GST_SECOND : 20 * GST_SECOND);
  GstPad *src = stage_get_pad (stage, "ai", "src");

  trial->next = GST_CLOCK_TIME_NONE;
  gst_pad_add_probe (src, GST_PAD_PROBE_TYPE_BUFFER, on_buffer, trial, NULL);
  gst_object_unref (src);
  return stage;
}

/* -- what must come of it ---------------------------------------------------
 */

static void
expect_answer (Trial *trial)
{
  const GstStructure *heard;

  do
    heard = stage_wait (trial->stage, "realtime2/response-heard");
  while (g_strcmp0 (gst_structure_get_string (heard, "response-id"), "good"));
  g_assert_cmpstr (gst_structure_get_string (heard, "status"), ==, "completed");
}

static void
expect_error (Trial *trial)
{
  const EvilRow *row = trial->row;
  GQuark domain = row->stream ? GST_STREAM_ERROR : GST_RESOURCE_ERROR;
  GstMessage *message = stage_wait_error (trial->stage);
  g_autoptr (GError) error = NULL;
  g_autofree gchar *debug = NULL;

  gst_message_parse_error (message, &error, &debug);
  g_test_message ("%s (%s)", error->message, debug);
  g_assert_error (error, domain, row->code);
}

static void
expect_outcome (Trial *trial)
{
  EvilOutcome outcome = trial->row->outcome;
  guint lost;

  if (outcome == EVIL_IS_LEFT) {
    evil_server_wait_act (trial->server);
    g_usleep (IN_THE_MIDDLE);
    return;
  }
  if (outcome == EVIL_ENDS)
    expect_error (trial);
  else
    expect_answer (trial);
  stage_collect (trial->stage);
  g_assert_cmpuint (stage_count (trial->stage, GST_MESSAGE_ERROR), ==,
      outcome == EVIL_ENDS ? 1 : 0);
  lost = stage_count_element (trial->stage, "realtime2/session-lost");
  if (outcome == EVIL_RECONNECTS)
    g_assert_cmpuint (lost, >=, 1);
  else
    g_assert_cmpuint (lost, ==, 0);
  /* Little patience may be too little for an honest server on a busy machine.
   */
  if (!trial->row->times_out)
    g_assert_cmpuint (evil_server_count (trial->server), ==,
        outcome == EVIL_RECONNECTS ? 2 : 1);
}

/* -- what must never be -----------------------------------------------------
 */

static void
expect_no_key (Trial *trial)
{
  g_assert_cmpuint (evil_server_find_in_frames (trial->server, KEY), ==, 0);
  g_assert_cmpuint (evil_server_find (trial->server, KEY), <=,
      evil_server_count (trial->server));
  g_assert_cmpuint (evil_server_count (other), ==, 0);
  stage_collect (trial->stage);
  for (guint i = 0; i < trial->stage->messages->len; i++) {
    g_autofree gchar *dump = stage_message_dump (
        g_ptr_array_index (trial->stage->messages, i));

    g_assert_null (strstr (dump, KEY));
  }
}

static guint
count_threads (void)
{
  g_autoptr (GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (tasks) != NULL)
    n++;
  return n;
}

/* Threads that are over may take a moment to go. */
static void
expect_threads (guint before)
{
  gint64 deadline = g_get_monotonic_time () + STAGE_PATIENCE / GST_USECOND;

  do {
    g_thread_pool_stop_unused_threads ();
    g_usleep (500);
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
  } while (count_threads () > before);
}

static void
expect_heap (const EvilRow *row, gsize before, gsize peak)
{
  gsize after = evil_heap ();
  gsize limit = (row->heap_mb ? row->heap_mb : 24) * (gsize) MEGABYTE;

  g_test_message ("heap: %" G_GSSIZE_FORMAT
                  " kB more, at most %" G_GSSIZE_FORMAT " kB",
      (gssize) (after - before) / 1024, (gssize) (peak - before) / 1024);
  g_assert_cmpuint (after, <, before + REMAINS);
  g_assert_cmpuint (peak, <, before + limit);
}

static void
end_stage (Trial *trial)
{
  gint64 start = g_get_monotonic_time ();

  gst_element_set_state (trial->stage->pipeline, GST_STATE_NULL);
  g_assert_cmpint (g_get_monotonic_time () - start, <, AT_ONCE);
  g_assert_cmpuint (trial->gaps, ==, 0);
  if (trial->row->outcome < EVIL_ENDS)
    g_assert_cmpuint (trial->good, >=, GOOD_LEAST);
  expect_no_key (trial);
  stage_free (trial->stage);
}

/* @peak: the most heap that was in use. */
static void
run (const EvilRow *row, gsize *peak)
{
  Trial trial = { .row = row };

  if (row->wss || row->tls != TEST_TLS_NONE)
    trial.certificate = test_certificate_new (
        row->wss ? TEST_TLS_TRUSTED : row->tls);
  if (row->warns)
    g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  trial.server = evil_server_new (serve, &trial);
  trial.stage = new_stage (&trial);
  stage_play (trial.stage);
  expect_outcome (&trial);
  end_stage (&trial);
  *peak = evil_server_get_peak (trial.server);
  evil_server_free (trial.server);
  g_clear_object (&trial.certificate);
  g_log_set_always_fatal (FATAL);
}

static void
do_nothing (EvilPeer *peer, const EvilRow *row)
{
}

/* Caches are filled by rows that are not evil. */
static void
warm_up (void)
{
  static const EvilRow rows[] = {
    { "honest", EVIL_UPDATED, do_nothing, EVIL_CARRIES_ON },
    { "lost", EVIL_UPDATED, do_nothing, EVIL_RECONNECTS },
    { "honest-tls", EVIL_UPDATED, do_nothing, EVIL_CARRIES_ON,
        .tls = TEST_TLS_TRUSTED },
  };
  gsize peak;

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    run (&rows[i], &peak);
  g_thread_pool_stop_unused_threads ();
}

static void
test_row (gconstpointer data)
{
  const EvilRow *row = data;
  static gboolean warm;
  static guint threads;
  gsize before, peak;

  if (!warm) {
    warm_up ();
    g_usleep (20000);
    threads = count_threads ();
    warm = TRUE;
  }
  before = evil_heap ();
  run (row, &peak);
  expect_threads (threads);
  expect_heap (row, before, peak);
}

void
evil_add_rows (const gchar *table, const EvilRow *rows, guint n)
{
  if (other == NULL)
    other = evil_server_new (serve_nobody, NULL);
  for (guint i = 0; i < n; i++) {
    g_autofree gchar *path = g_strdup_printf (
        "/evil/%s/%s", table, rows[i].name);

    g_test_add_data_func (path, &rows[i], test_row);
  }
}

static void
drop_message (const gchar *domain, GLogLevelFlags level, const gchar *message,
    gpointer data)
{
}

void
evil_init (void)
{
  /* A line for each frame of a flood costs more than the flood. */
  g_log_set_handler ("libsoup", G_LOG_LEVEL_DEBUG, drop_message, NULL);
  g_log_set_handler ("realtime2", G_LOG_LEVEL_DEBUG, drop_message, NULL);
  test_certificate_trust_ca ();
}
