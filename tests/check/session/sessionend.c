/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The end of the conversation: the last turn is closed, its answer awaited, and
 * `drained` called once, and not before.
 */
#include "sessionrig.h"

#include <string.h>

static gint64
ms_since (gint64 start)
{
  return (g_get_monotonic_time () - start) / 1000;
}

/* Nothing may have ended yet. */
static void
expect_not_drained (Rig *rig)
{
  rig_flush_down (rig);
  g_assert_cmpuint (rig_count (rig, "drained"), ==, 0);
}

/* `drained` came once, as it should, and never again. */
static void
expect_drained (Rig *rig)
{
  rig_wait (rig, "drained");
  rig_flush_down (rig);
  rig_flush_up (rig);
  g_assert_cmpuint (rig_count (rig, "drained"), ==, 1);
}

static Rig *
new_manual (void)
{
  Rig *rig = rig_new ();

  rig->config->turn_detection = RT2_TURN_DETECTION_NONE;
  return rig;
}

/* -- the silence that ends a turn under server VAD ------------------------ */

static const struct {
  Rt2AudioFormat format;
  guint64 vad_silence, eos_silence;
  gsize bytes;
} silences[] = {
  { RT2_AUDIO_FORMAT_PCM16, 500 * RIG_MS, G_MAXUINT64, 33600 },
  { RT2_AUDIO_FORMAT_PCMU, 500 * RIG_MS, G_MAXUINT64, 5600 },
  { RT2_AUDIO_FORMAT_PCMA, 500 * RIG_MS, G_MAXUINT64, 5600 },
  { RT2_AUDIO_FORMAT_PCM16, 0, G_MAXUINT64, 9600 },
  { RT2_AUDIO_FORMAT_PCMU, 1234 * RIG_MS, G_MAXUINT64, 11472 },
  { RT2_AUDIO_FORMAT_PCM16, 500 * RIG_MS, 123 * RIG_MS, 5904 },
  { RT2_AUDIO_FORMAT_PCMA, 500 * RIG_MS, 3 * RIG_S, 24000 },
  { RT2_AUDIO_FORMAT_PCM16, 500 * RIG_MS, RIG_S / 24000 * 7 + 7, 14 },
  { RT2_AUDIO_FORMAT_PCM16, 500 * RIG_MS, 1, 0 },
  { RT2_AUDIO_FORMAT_PCMU, 500 * RIG_MS, 0, 0 },
};

static void
check_silence (Rt2AudioFormat format, const GByteArray *audio, gsize from)
{
  static const guint8 zeros[] = { [RT2_AUDIO_FORMAT_PCM16] = 0,
    [RT2_AUDIO_FORMAT_PCMU] = 0xff,
    [RT2_AUDIO_FORMAT_PCMA] = 0xd5 };

  for (gsize i = 0; i < audio->len; i++)
    g_assert_cmphex (audio->data[i], ==, i < from ? 0x55 : zeros[format]);
}

static void
test_silence (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (silences); i++) {
    g_autoptr (Rig) rig = rig_new ();
    g_autoptr (GByteArray) got = NULL;
    gsize spoken = silences[i].format == RT2_AUDIO_FORMAT_PCM16 ? 4800 : 800;

    rig->config->input_format = silences[i].format;
    rig->config->vad_silence_duration = silences[i].vad_silence;
    rig->options->eos_silence = silences[i].eos_silence;
    rig_start_ready (rig);
    rig_push_ms (rig, 100, 0);
    rig_finish (rig);
    rig_wait_sent_audio (rig, spoken + silences[i].bytes);
    rig_flush_up (rig);
    got = rig_dup_sent_audio (rig);
    g_assert_cmpuint (got->len, ==, spoken + silences[i].bytes);
    check_silence (silences[i].format, got, spoken);
    rig_expect_sent (rig, "input_audio_buffer.append");
    g_assert_cmpuint (rig_get_stats (rig).appended, ==,
        rt2_audio_format_bytes_to_ns (silences[i].format, got->len));
  }
}

/* Where nobody spoke there is nothing to end. */
static void
test_no_audio (void)
{
  for (guint mode = 0; mode <= RT2_TURN_DETECTION_NONE; mode++) {
    g_autoptr (Rig) rig = rig_new ();

    rig->config->turn_detection = mode;
    rig_start_ready (rig);
    rig_finish (rig);
    expect_drained (rig);
    rig_expect_sent (rig, "");
  }
}

/* -- server VAD ----------------------------------------------------------- */

static void
start_vad (Rig *rig)
{
  rig_start_ready (rig);
  rig_push_ms (rig, 500, 0);
  rig_finish (rig);
  rig_wait_sent_audio (rig, 24000 + 33600);
}

/* Nobody spoke: the grace for a turn to begin, and no more. */
static void
test_vad_silence (void)
{
  g_autoptr (Rig) rig = rig_new ();
  gint64 start = g_get_monotonic_time ();

  start_vad (rig);
  expect_drained (rig);
  g_assert_cmpint (
      (rig->drained_time - start) * 1000, >=, (gint64) RT2_SESSION_TURN_GRACE);
  g_assert_cmpint (ms_since (start), <, 5000);
}

static void
test_vad_turn (void)
{
  g_autoptr (Rig) rig = rig_new ();

  start_vad (rig);
  rig_send_speech_started (rig, "U1", 100);
  expect_not_drained (rig);
  rig_run_for (rig, 1000);
  expect_not_drained (rig);
  rig_send_speech_stopped (rig, "U1", 900);
  rig_send_committed (rig, "U1");
  expect_not_drained (rig);
  rig_run_for (rig, 1000);
  expect_not_drained (rig);
  rig_send_response_created (rig, "R1");
  rig_send_audio (rig, "R1", "A1", 480);
  rig_send_item (rig, "R1", 0, "A1", "message", TRUE);
  expect_not_drained (rig);
  rig_send_response_done (rig, "R1", "completed");
  expect_drained (rig);
  rig_expect_sent (rig, "input_audio_buffer.append");
}

/* The response began before the end: its end is awaited. */
static void
test_vad_answering (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_send_response_created (rig, "R1");
  rig_flush_down (rig);
  rig_finish (rig);
  expect_not_drained (rig);
  rig_send_response_done (rig, "R1", "cancelled");
  expect_drained (rig);
}

/* The owner wants no answers: none is awaited. */
static void
test_vad_without_response (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->config->create_response = FALSE;
  start_vad (rig);
  rig_send_speech_started (rig, "U1", 100);
  rig_send_speech_stopped (rig, "U1", 900);
  rig_send_committed (rig, "U1");
  expect_drained (rig);
}

/* -- manual turns --------------------------------------------------------- */

static void
test_manual (void)
{
  g_autoptr (Rig) rig = new_manual ();

  rig_start_ready (rig);
  rig_push_ms (rig, 60, 0);
  rig_push_ms (rig, 40, 60 * RIG_MS);
  rig_finish (rig);
  rig_wait_sent (rig, "response.create", 1);
  rig_expect_sent (rig,
      "input_audio_buffer.append input_audio_buffer.commit response.create");
  rig_send_committed (rig, "U1");
  expect_not_drained (rig);
  rig_send_response_created (rig, "R1");
  rig_send_audio (rig, "R1", "A1", 480);
  expect_not_drained (rig);
  rig_send_response_done (rig, "R1", "completed");
  expect_drained (rig);
  rig_expect_sent (rig,
      "input_audio_buffer.append input_audio_buffer.commit response.create");
}

/* The server refuses to commit less than 100 ms. */
static void
test_manual_too_short (void)
{
  static const Rt2AudioFormat formats[] = { RT2_AUDIO_FORMAT_PCM16,
    RT2_AUDIO_FORMAT_PCMU };

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    g_autoptr (Rig) rig = new_manual ();

    rig->config->input_format = formats[i];
    rig_start_ready (rig);
    rig_push_ms (rig, 99, 0);
    rig_finish (rig);
    expect_drained (rig);
    rig_expect_sent (rig, "input_audio_buffer.append");
  }
}

static void
test_manual_just_enough (void)
{
  g_autoptr (Rig) rig = new_manual ();

  rig->config->input_format = RT2_AUDIO_FORMAT_PCMA;
  rig_start_ready (rig);
  rig_push_ms (rig, 100, 0);
  rig_finish (rig);
  rig_wait_sent (rig, "response.create", 1);
}

/* What the server's VAD committed is not to be committed again. */
static void
test_manual_after_vad (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->config->create_response = FALSE;
  rig_start_ready (rig);
  rig_push_ms (rig, 1000, 0);
  rig_wait_sent_audio (rig, 48000);
  rig_send_speech_started (rig, "U1", 0);
  rig_send_speech_stopped (rig, "U1", 1000);
  rig_send_committed (rig, "U1");
  rig_flush_down (rig);
  rig->config->turn_detection = RT2_TURN_DETECTION_NONE;
  rig_configure (rig);
  rig_flush_up (rig);
  rig_clear (rig);
  rig_push_ms (rig, 50, RIG_S);
  rig_finish (rig);
  expect_drained (rig);
  rig_expect_sent (rig, "input_audio_buffer.append");
}

/* -- semantic VAD --------------------------------------------------------- */

static Rig *
new_semantic (void)
{
  Rig *rig = rig_new ();

  rig->config->turn_detection = RT2_TURN_DETECTION_SEMANTIC_VAD;
  rig_start_ready (rig);
  rig_push_ms (rig, 500, 0);
  rig_wait_sent_audio (rig, 24000);
  return rig;
}

/* Silence would not end it: the turn that is open is committed. */
static void
test_semantic_open (void)
{
  g_autoptr (Rig) rig = new_semantic ();

  rig_send_speech_started (rig, "U1", 100);
  rig_flush_down (rig);
  rig_finish (rig);
  rig_wait_sent (rig, "response.create", 1);
  rig_send_committed (rig, "U1");
  expect_not_drained (rig);
  rig_send_response_created (rig, "R1");
  expect_not_drained (rig);
  rig_send_response_done (rig, "R1", "completed");
  expect_drained (rig);
  rig_expect_sent (rig,
      "input_audio_buffer.append input_audio_buffer.commit response.create");
}

/* The server ended the turn: it answers by itself. */
static void
test_semantic_committed (void)
{
  g_autoptr (Rig) rig = new_semantic ();

  rig_send_speech_started (rig, "U1", 100);
  rig_send_speech_stopped (rig, "U1", 400);
  rig_send_committed (rig, "U1");
  rig_flush_down (rig);
  rig_finish (rig);
  expect_not_drained (rig);
  rig_send_response_created (rig, "R1");
  expect_not_drained (rig);
  rig_send_response_done (rig, "R1", "completed");
  expect_drained (rig);
  rig_expect_sent (rig, "input_audio_buffer.append");
}

static void
test_semantic_silence (void)
{
  g_autoptr (Rig) rig = new_semantic ();

  rig_finish (rig);
  expect_drained (rig);
  rig_expect_sent (rig, "input_audio_buffer.append");
}

/* The last words were still on their way when the end was seen. */
static void
test_semantic_late (void)
{
  g_autoptr (Rig) rig = new_semantic ();

  rig_finish (rig);
  rig_flush_down (rig);
  rig_send_speech_started (rig, "U1", 100);
  rig_wait_sent (rig, "response.create", 1);
  rig_expect_sent (rig,
      "input_audio_buffer.append input_audio_buffer.commit response.create");
  rig_send_committed (rig, "U1");
  rig_send_response_created (rig, "R1");
  expect_not_drained (rig);
  rig_send_response_done (rig, "R1", "completed");
  expect_drained (rig);
}

/* -- transcripts ---------------------------------------------------------- */

static void
start_transcript (Rig *rig)
{
  rig->config->transcription_model = g_strdup ("whisper-1");
  start_vad (rig);
  rig_send_speech_started (rig, "U1", 100);
  rig_send_speech_stopped (rig, "U1", 900);
  rig_send_committed (rig, "U1");
  rig_send_response_created (rig, "R1");
  rig_send_response_done (rig, "R1", "completed");
  /* RT2_SESSION_TURN_GRACE counts from when these were heard of. */
  rig_flush_down (rig);
  rig_run_for (rig, 1000);
  expect_not_drained (rig);
}

static void
test_transcript_comes (void)
{
  g_autoptr (Rig) rig = rig_new ();

  start_transcript (rig);
  rig_send_transcript (rig, "U1", "Hello");
  rig_flush_down (rig);
  rig_expect_last (rig, "drained");
}

static void
test_transcript_fails (void)
{
  g_autoptr (Rig) rig = rig_new ();

  start_transcript (rig);
  rig_send (rig,
      "{\"type\":\"conversation.item.input_audio_transcription.failed\","
      "\"item_id\":\"U1\",\"content_index\":0,\"error\":{\"code\":\"x\"}}");
  rig_flush_down (rig);
  rig_expect_last (rig, "drained");
}

static void
test_transcript_never_comes (void)
{
  g_autoptr (Rig) rig = rig_new ();
  gint64 start = g_get_monotonic_time ();

  start_transcript (rig);
  expect_drained (rig);
  g_assert_cmpint ((rig->drained_time - start) * 1000, >=,
      (gint64) RT2_SESSION_TRANSCRIPT_GRACE);
  g_assert_cmpint (ms_since (start), <, 15000);
}

/* The wait begins when all else is in. */
static void
test_transcript_after_all_else (void)
{
  g_autoptr (Rig) rig = rig_new ();
  gint64 start;

  start_transcript (rig);
  rig_send_response_created (rig, "R2");
  rig_run_for (rig, 500);
  start = g_get_monotonic_time ();
  rig_send_response_done (rig, "R2", "completed");
  expect_drained (rig);
  g_assert_cmpint ((rig->drained_time - start) * 1000, >=,
      (gint64) RT2_SESSION_TRANSCRIPT_GRACE);
}

/* -- the time-out --------------------------------------------------------- */

/* A response is due, and the server says nothing. */
static Rig *
new_silent_server (guint64 timeout)
{
  Rig *rig = new_manual ();

  rig->options->eos_timeout = timeout;
  rig_start_ready (rig);
  return rig;
}

static void
test_timeout (void)
{
  g_autoptr (Rig) rig = new_silent_server (500 * RIG_MS);
  gint64 start = g_get_monotonic_time ();

  rig_push_ms (rig, 200, 0);
  rig_finish (rig);
  rig_wait (rig, "drained timed-out");
  g_assert_cmpint (ms_since (start), >=, 500);
  rig_expect_log (rig, "state thinking", "drained timed-out", NULL);
  rig_send_response_created (rig, "R1");
  rig_send_response_done (rig, "R1", "completed");
  rig_run_for (rig, 700);
  rig_flush_down (rig);
  g_assert_cmpuint (rig_count (rig, "drained"), ==, 1);
}

/* Speech that plays puts it off. */
static void
test_timeout_while_playing (void)
{
  g_autoptr (Rig) rig = new_silent_server (500 * RIG_MS);

  rig->playing = 5;
  rig_push_ms (rig, 200, 0);
  rig_finish (rig);
  rig_wait (rig, "drained timed-out");
  g_assert_cmpuint (rig->playing, ==, 0);
  g_assert_cmpuint (rig->asked, >, 5);
}

/* So does an event. */
static void
test_timeout_after_event (void)
{
  g_autoptr (Rig) rig = new_silent_server (2 * RIG_S);
  gint64 event;

  rig_push_ms (rig, 200, 0);
  rig_finish (rig);
  rig_wait_sent (rig, "response.create", 1);
  rig_run_for (rig, 700);
  event = g_get_monotonic_time ();
  rig_flush_down (rig);
  rig_wait (rig, "drained timed-out");
  g_assert_cmpint (rig->drained_time - event, >=, 2 * G_USEC_PER_SEC);
}

/* It counts from rt2_session_finish(), though the end is held up somewhere. */
static void
test_timeout_without_end (void)
{
  g_autoptr (Rig) rig = new_silent_server (300 * RIG_MS);
  gint64 start;

  rig_run_for (rig, 500);
  start = g_get_monotonic_time ();
  rt2_session_finish (rig->session);
  rig_wait (rig, "drained timed-out");
  g_assert_cmpint (ms_since (start), >=, 300);
}

static void
test_no_timeout (void)
{
  g_autoptr (Rig) rig = new_silent_server (0);

  rig_push_ms (rig, 200, 0);
  rig_finish (rig);
  rig_wait_sent (rig, "response.create", 1);
  rig_run_for (rig, 1200);
  expect_not_drained (rig);
}

/* -- odd moments ---------------------------------------------------------- */

static void
test_before_connected (void)
{
  g_autoptr (Rig) rig = new_manual ();

  rig_set (&rig->creates, FALSE);
  rig_start (rig);
  rig_push_ms (rig, 200, 0);
  rig_finish (rig);
  test_server_wait_connections (rig->server, 1);
  expect_not_drained (rig);
  rig_send (rig, "{\"type\":\"session.created\"}");
  rig_wait_sent (rig, "response.create", 1);
  rig_send_committed (rig, "U1");
  rig_send_response_created (rig, "R1");
  rig_send_response_done (rig, "R1", "completed");
  expect_drained (rig);
  rig_expect_sent (rig,
      "session.update input_audio_buffer.append input_audio_buffer.commit "
      "response.create");
}

static void
test_before_connected_without_audio (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start (rig);
  rig_finish (rig);
  expect_drained (rig);
}

/* However often the owner says it, and whatever comes after it. */
static void
test_once (void)
{
  g_autoptr (Rig) rig = rig_new ();
  guint pulls;

  rig_start_ready (rig);
  rig_finish (rig);
  rig_finish (rig);
  rig_wait (rig, "drained");
  pulls = rig->pulls;
  rig_finish (rig);
  rig_push_ms (rig, 200, 0);
  rig_send_speech_started (rig, "U1", 0);
  rig_send_speech_stopped (rig, "U1", 0);
  rig_send_response_created (rig, "R1");
  rig_send_response_done (rig, "R1", "completed");
  rig_run_for (rig, 300);
  rig_flush_down (rig);
  rig_flush_up (rig);
  g_assert_cmpuint (rig_count (rig, "drained"), ==, 1);
  g_assert_cmpuint (rig->pulls, ==, pulls);
  rig_expect_sent (rig, "");
}

/* Of the last answer nothing more will come. */
static void
test_lost (void)
{
  g_autoptr (Rig) rig = new_manual ();

  rig_start_ready (rig);
  rig_push_ms (rig, 200, 0);
  rig_finish (rig);
  rig_wait_sent (rig, "response.create", 1);
  rig_send_response_created (rig, "R1");
  expect_not_drained (rig);
  rig_drop (rig);
  rig_wait (rig, "drained");
  g_assert_cmpuint (rig_count (rig, "lost"), ==, 1);
  g_assert_cmpuint (rig_count (rig, "configured again"), ==, 1);
  expect_drained (rig);
}

static void
test_lost_for_long (void)
{
  g_autoptr (Rig) rig = new_silent_server (500 * RIG_MS);

  rig_push_ms (rig, 200, 0);
  rig_finish (rig);
  rig_wait_sent (rig, "response.create", 1);
  test_server_refuse (rig->server, 503, NULL, NULL);
  rig_drop (rig);
  rig_wait (rig, "drained timed-out");
  test_server_refuse (rig->server, 0, NULL, NULL);
  rig_wait (rig, "configured again");
  rig_flush_down (rig);
  g_assert_cmpuint (rig_count (rig, "drained"), ==, 1);
}

/* The turn that was open when the connection went is sent again, and waited
 * for, however late the next server finds it. */
static void
test_lost_open (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->config->turn_detection = RT2_TURN_DETECTION_SEMANTIC_VAD;
  rig->options->max_turn_replay = 60 * RIG_S;
  rig_start_ready (rig);
  rig_push_ms (rig, 500, 0);
  rig_wait_sent_audio (rig, 24000);
  rig_send_speech_started (rig, "U1", 0);
  rig_flush_down (rig);
  rig_clear (rig);
  rig_drop (rig);
  rig_wait (rig, "configured again");
  rig_finish (rig);
  rig_wait_sent_audio (rig, 24000);
  rig_run_for (rig, RT2_SESSION_TURN_GRACE / RIG_MS + 300);
  g_assert_cmpuint (rig_count (rig, "drained"), ==, 0);
  rig_send_speech_started (rig, "U2", 0);
  rig_wait_sent (rig, "response.create", 1);
  rig_send_committed (rig, "U2");
  rig_send_response_created (rig, "R1");
  rig_send_response_done (rig, "R1", "completed");
  expect_drained (rig);
}

/* -- after the end -------------------------------------------------------- */

/* Says something that waits while the user speaks, and is heard all the same.
 */
static void
expect_said (Rig *rig)
{
  Rt2Command *command = rt2_command_new_text ("system", "Say bye.", NULL);

  command->respond = TRUE;
  rig_command (rig, command);
  rig_wait_sent (rig, "response.create", 1);
  g_assert_cmpuint (rig_count (rig, "state listening"), ==, 0);
}

/* Speech that the server hears too late has no end. */
static void
test_speech_after (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->config->turn_detection = RT2_TURN_DETECTION_SEMANTIC_VAD;
  rig_start_ready (rig);
  rig_push_ms (rig, 200, 0);
  rig_finish (rig);
  rig_wait (rig, "drained");
  rig_send_speech_started (rig, "U1", 0);
  rig_flush_down (rig);
  expect_said (rig);
}

/* Nor has speech that goes on when the server is waited for no longer. */
static void
test_speech_at (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->options->eos_timeout = 300 * RIG_MS;
  rig_start_ready (rig);
  rig_push_ms (rig, 200, 0);
  rig_send_speech_started (rig, "U1", 0);
  rig_flush_down (rig);
  rig_finish (rig);
  rig_wait (rig, "drained timed-out");
  g_assert_cmpuint (rig_count (rig, "state ready"), ==, 1);
  rig_clear (rig);
  expect_said (rig);
}

/* What was too short for a turn is not sent again, and nothing waits for that.
 */
static void
test_lost_after (void)
{
  g_autoptr (Rig) rig = new_manual ();

  rig->options->max_turn_replay = 60 * RIG_S;
  rig_start_ready (rig);
  rig_push_ms (rig, 60, 0);
  rig_finish (rig);
  rig_wait (rig, "drained");
  rig_drop (rig);
  rig_wait (rig, "configured again");
  rig_clear (rig);
  expect_said (rig);
  g_assert_cmpuint (rig_count_sent (rig, "input_audio_buffer.append"), ==, 0);
}

/* What waits to be sent again when the server is waited for no longer is lost,
 * which is told, and nothing waits for it. */
static void
test_lost_at (void)
{
  g_autoptr (Rig) rig = new_manual ();

  rig->options->max_turn_replay = 60 * RIG_S;
  rig->options->eos_timeout = 500 * RIG_MS;
  rig_start_ready (rig);
  rig_push_ms (rig, 200, 0);
  rig_finish (rig);
  rig_wait_sent (rig, "response.create", 1);
  test_server_refuse (rig->server, 503, NULL, NULL);
  rig_drop (rig);
  rig_wait (rig, "drained timed-out");
  g_assert_cmpuint (rig_count (rig, "turn-lost 200"), ==, 1);
  test_server_refuse (rig->server, 0, NULL, NULL);
  rig_wait (rig, "configured again");
  rig_clear (rig);
  expect_said (rig);
  g_assert_cmpuint (rig_count_sent (rig, "input_audio_buffer.append"), ==, 0);
}

/* `failed` is the last that the owner hears; the rig sees to it. */
static void
test_failed (void)
{
  g_autoptr (Rig) rig = new_manual ();

  rig->options->retries = 0;
  rig->options->eos_timeout = 100 * RIG_MS;
  rig_start_ready (rig);
  rig_push_ms (rig, 200, 0);
  rig->playing = 3;
  rig_finish (rig);
  rig_wait_sent (rig, "response.create", 1);
  rig_drop (rig);
  rig_wait (rig, "failed lost");
  rig_run_for (rig, 1500);
  rig_expect_last (rig, "failed lost");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add_func ("/session/end/" name, function)
  ADD ("silence", test_silence);
  ADD ("no-audio", test_no_audio);
  ADD ("vad/silence", test_vad_silence);
  ADD ("vad/turn", test_vad_turn);
  ADD ("vad/answering", test_vad_answering);
  ADD ("vad/without-response", test_vad_without_response);
  ADD ("manual/turn", test_manual);
  ADD ("manual/too-short", test_manual_too_short);
  ADD ("manual/just-enough", test_manual_just_enough);
  ADD ("manual/after-vad", test_manual_after_vad);
  ADD ("semantic/open", test_semantic_open);
  ADD ("semantic/committed", test_semantic_committed);
  ADD ("semantic/silence", test_semantic_silence);
  ADD ("semantic/late", test_semantic_late);
  ADD ("transcript/comes", test_transcript_comes);
  ADD ("transcript/fails", test_transcript_fails);
  ADD ("transcript/never-comes", test_transcript_never_comes);
  ADD ("transcript/after-all-else", test_transcript_after_all_else);
  ADD ("timeout/silent-server", test_timeout);
  ADD ("timeout/while-playing", test_timeout_while_playing);
  ADD ("timeout/after-event", test_timeout_after_event);
  ADD ("timeout/without-end", test_timeout_without_end);
  ADD ("timeout/none", test_no_timeout);
  ADD ("before-connected", test_before_connected);
  ADD ("before-connected-without-audio", test_before_connected_without_audio);
  ADD ("once", test_once);
  ADD ("lost", test_lost);
  ADD ("lost-for-long", test_lost_for_long);
  ADD ("lost-open", test_lost_open);
  ADD ("speech-after", test_speech_after);
  ADD ("speech-at", test_speech_at);
  ADD ("lost-after", test_lost_after);
  ADD ("lost-at", test_lost_at);
  ADD ("failed", test_failed);
  return g_test_run ();
}
