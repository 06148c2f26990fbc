/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * When the user stopped speaking, as the owner is told: without the silence
 * that the VAD waited for, in the owner's time, and for turns only.
 */
#include "sessionrig.h"

static void
start (Rig *rig, guint ms, guint64 rt)
{
  rig_start_ready (rig);
  rig_push_ms (rig, ms, rt);
  rig_wait_sent_audio (rig, ms * 48);
}

static void
end_speech (Rig *rig, guint ms)
{
  rig_send_speech_started (rig, "U1", 0);
  rig_send_speech_stopped (rig, "U1", ms);
  rig_flush_down (rig);
}

static void
assert_turns (Rig *rig, guint n, guint64 speech_end)
{
  g_assert_cmpuint (rig->turns, ==, n);
  g_assert_cmpuint (rig->speech_end, ==, speech_end);
}

/* 500 ms of silence, unless told otherwise. */
static void
test_server_vad (void)
{
  g_autoptr (Rig) rig = rig_new ();

  start (rig, 2000, 5 * RIG_S);
  end_speech (rig, 1900);
  assert_turns (rig, 1, 6400 * RIG_MS);
  /* The commit is the same turn. */
  rig_send_committed (rig, "U1");
  rig_flush_down (rig);
  assert_turns (rig, 1, 6400 * RIG_MS);
}

static void
test_silence_duration (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->config->vad_silence_duration = 240 * RIG_MS;
  start (rig, 2000, 5 * RIG_S);
  end_speech (rig, 1900);
  assert_turns (rig, 1, 6660 * RIG_MS);
}

/* What the server was told counts, by whatever way. */
static void
test_overlay (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->config->overlay = g_strdup ("{\"audio\":{\"input\":{\"turn_detection\":{"
                                   "\"silence_duration_ms\":100}}}}");
  start (rig, 2000, 5 * RIG_S);
  end_speech (rig, 1900);
  assert_turns (rig, 1, 6800 * RIG_MS);
}

static void
test_semantic_vad (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->config->turn_detection = RT2_TURN_DETECTION_SEMANTIC_VAD;
  start (rig, 2000, 5 * RIG_S);
  end_speech (rig, 1900);
  assert_turns (rig, 1, 6900 * RIG_MS);
}

/* The silence lies in another piece than the speech. */
static void
test_hole (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_push_ms (rig, 1000, 5 * RIG_S);
  rig_push_ms (rig, 1000, 60 * RIG_S);
  rig_wait_sent_audio (rig, 96000);
  end_speech (rig, 1300);
  assert_turns (rig, 1, 5800 * RIG_MS);
}

/* Less than the silence: nothing is below zero. */
static void
test_short (void)
{
  g_autoptr (Rig) rig = rig_new ();

  start (rig, 1000, 5 * RIG_S);
  end_speech (rig, 300);
  assert_turns (rig, 1, 5 * RIG_S);
}

static void
test_commit (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->config->turn_detection = RT2_TURN_DETECTION_NONE;
  start (rig, 1000, 5 * RIG_S);
  g_assert_cmpuint (rig->turns, ==, 0);
  rig_finish (rig);
  rig_wait_sent (rig, "input_audio_buffer.commit", 1);
  assert_turns (rig, 1, 6 * RIG_S);
}

/* At the end the VAD hears silence that we make: it has no time, but the speech
 * before it has. */
static void
test_made_silence (void)
{
  g_autoptr (Rig) rig = rig_new ();

  start (rig, 1000, 5 * RIG_S);
  rig_finish (rig);
  rig_wait_sent_audio (rig, 48000 + 700 * 48);
  end_speech (rig, 1480);
  assert_turns (rig, 1, 5980 * RIG_MS);
}

static void
test_transcription (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->config->turn_detection = RT2_TURN_DETECTION_NONE;
  rig->config->type = RT2_SESSION_TYPE_TRANSCRIPTION;
  start (rig, 1000, 5 * RIG_S);
  rig_finish (rig);
  rig_wait_sent (rig, "input_audio_buffer.commit", 1);
  g_assert_cmpuint (rig->turns, ==, 0);
}

/* Too short to interrupt what plays: it is taken back, and answered by none. */
static void
test_dismissed (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig->config->min_interruption = 5 * RIG_S;
  rig->playing = 1;
  start (rig, 2000, 5 * RIG_S);
  end_speech (rig, 900);
  g_assert_cmpuint (rig->turns, ==, 0);
  rig_send_committed (rig, "U1");
  rig_send_speech_started (rig, "U2", 1000);
  rig_send_speech_stopped (rig, "U2", 1900);
  rig_flush_down (rig);
  assert_turns (rig, 1, 6400 * RIG_MS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/turnend/server-vad", test_server_vad);
  g_test_add_func ("/turnend/silence-duration", test_silence_duration);
  g_test_add_func ("/turnend/overlay", test_overlay);
  g_test_add_func ("/turnend/semantic-vad", test_semantic_vad);
  g_test_add_func ("/turnend/hole", test_hole);
  g_test_add_func ("/turnend/short", test_short);
  g_test_add_func ("/turnend/commit", test_commit);
  g_test_add_func ("/turnend/made-silence", test_made_silence);
  g_test_add_func ("/turnend/transcription", test_transcription);
  g_test_add_func ("/turnend/dismissed", test_dismissed);
  return g_test_run ();
}
