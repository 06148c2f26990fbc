/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the user says while the agent speaks, judged here: by the length of the
 * speech in the audio that was sent, and by what may not be interrupted.
 */
#include "sessionrig.h"

#define MIN_MS 400
/* Audio goes up in such pieces; the level is measured in frames of 20 ms. */
#define CHUNK_MS 40
#define FRAME_MS 20
#define LOUD 8000
/* A whisper: the server's VAD may hear it, the level meter does not. */
#define QUIET 60

#define CUT "response.cancel conversation.item.truncate"

static Rig *
new_rig (void)
{
  Rig *rig = rig_new ();

  rig->config->min_interruption = MIN_MS * RIG_MS;
  return rig;
}

/* The agent speaks, and of A1 50 of 100 ms were heard. */
static void
let_agent_speak (Rig *rig)
{
  rig_send_response_created (rig, "R1");
  rig_send_item (rig, "R1", 0, "A1", "message", FALSE);
  rig_send_audio (rig, "R1", "A1", 4800);
  rig_hear (rig, "R1", "A1", 1200, 2400);
  rig_flush_down (rig);
  rig_clear (rig);
}

/* In pieces, as it comes from a microphone. */
static void
say (Rig *rig, guint ms, gint amplitude)
{
  for (guint i = 0; i < ms; i += CHUNK_MS)
    rig_push_tone (rig, MIN (CHUNK_MS, ms - i), amplitude);
  rig_settle_up (rig);
}

/* What a server VAD makes of speech that was pushed from @from to @to, both ms
 * pushed: 300 ms of padding before it and 500 ms of silence after. */
static void
server_hears_start (Rig *rig, const gchar *item, guint from)
{
  rig_send_speech_started (rig, item, from > 300 ? from - 300 : 0);
  rig_flush_down (rig);
}

static void
server_hears_end (Rig *rig, const gchar *item, guint to)
{
  rig_send_speech_stopped (rig, item, to + 500);
  rig_send_committed (rig, item);
  rig_flush_down (rig);
}

static void
expect_dismissed (Rig *rig, const gchar *item, guint ms)
{
  g_autofree gchar *prefix = g_strdup_printf ("turn-dismissed %s", item);
  guint64 told = G_MAXUINT64;

  g_assert_cmpuint (rig_count (rig, "turn-dismissed"), ==, 1);
  g_assert_cmpuint (rig_count (rig, prefix), ==, 1);
  for (guint i = 0; i < rig->log->len; i++) {
    const gchar *line = g_ptr_array_index (rig->log, i);

    if (g_str_has_prefix (line, prefix))
      told = g_ascii_strtoull (line + strlen (prefix), NULL, 10);
  }
  g_assert_cmpuint (told + 2 * FRAME_MS, >=, ms);
  g_assert_cmpuint (told, <=, ms + 2 * FRAME_MS);
  g_assert_cmpstr (
      rt2_json_string (
          rig_get_sent (rig, "conversation.item.delete", 0), "item_id"),
      ==, item);
  g_assert_cmpuint (rig_count (rig, "interrupt"), ==, 0);
}

/* Nothing was cut, the item is taken back, and what is said goes on. */
static void
expect_only_dismissed (Rig *rig, guint ms)
{
  rig_flush_up (rig);
  rig_expect_sent (rig, "input_audio_buffer.append conversation.item.delete");
  expect_dismissed (rig, "U1", ms);
  g_assert_cmpuint (rig_get_stats (rig).dismissals, ==, 1);
  g_assert_cmpuint (rig_get_stats (rig).interruptions, ==, 0);
  rig_send_audio (rig, "R1", "A1", 480);
  rig_send_response_done (rig, "R1", "completed");
  rig_flush_down (rig);
  g_assert_cmpuint (rig_count (rig, "audio"), ==, 1);
  rig_flush_up (rig);
  g_assert_cmpuint (rig_count_sent (rig, "response.create"), ==, 0);
}

/* -- the wire ------------------------------------------------------------- */

static JsonObject *
turn_detection_sent (Rig *rig)
{
  JsonObject *session = rt2_json_object (
      rig_get_sent (rig, "session.update", 0), "session");
  JsonObject *audio = rt2_json_object (session, "audio");

  return rt2_json_object (rt2_json_object (audio, "input"), "turn_detection");
}

static const struct {
  guint64 min;
  gboolean guards, semantic, create, interrupt, ours;
} wires[] = {
  { 0, FALSE, FALSE, TRUE, TRUE, FALSE },
  { 1, FALSE, FALSE, TRUE, TRUE, TRUE },
  { 0, TRUE, FALSE, TRUE, TRUE, TRUE },
  { MIN_MS, TRUE, TRUE, TRUE, TRUE, TRUE },
  { MIN_MS, FALSE, FALSE, FALSE, TRUE, TRUE },
  { MIN_MS, FALSE, TRUE, TRUE, FALSE, TRUE },
  { 0, FALSE, TRUE, FALSE, FALSE, FALSE },
};

/* The server must not do by itself what is for us to decide. */
static void
test_wire (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (wires); i++) {
    g_autoptr (Rig) rig = rig_new ();
    JsonObject *detection;

    rig->config->min_interruption = wires[i].min * RIG_MS;
    rig->config->guards_speech = wires[i].guards;
    rig->config->create_response = wires[i].create;
    rig->config->interrupt_response = wires[i].interrupt;
    if (wires[i].semantic)
      rig->config->turn_detection = RT2_TURN_DETECTION_SEMANTIC_VAD;
    rig_start (rig);
    rig_wait (rig, "state ready");
    detection = turn_detection_sent (rig);
    g_assert_nonnull (detection);
    g_assert_cmpint (rt2_json_boolean (detection, "create_response", 2), ==,
        wires[i].create && !wires[i].ours);
    g_assert_cmpint (rt2_json_boolean (detection, "interrupt_response", 2), ==,
        wires[i].interrupt && !wires[i].ours);
  }
}

/* -- too short ------------------------------------------------------------ */

static void
test_cough (void)
{
  static const guint lengths[] = { 20, 100, 200, 360 };

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++) {
    g_autoptr (Rig) rig = new_rig ();

    rig_start_ready (rig);
    let_agent_speak (rig);
    say (rig, 400, 0);
    say (rig, lengths[i], LOUD);
    server_hears_start (rig, "U1", 400);
    say (rig, 640, 0);
    server_hears_end (rig, "U1", 400 + lengths[i]);
    expect_only_dismissed (rig, lengths[i]);
  }
}

/* All the server's events come when all is long said. */
static void
test_cough_told_late (void)
{
  g_autoptr (Rig) rig = new_rig ();

  rig_start_ready (rig);
  let_agent_speak (rig);
  say (rig, 400, 0);
  say (rig, 200, LOUD);
  say (rig, 2000, 0);
  server_hears_start (rig, "U1", 400);
  server_hears_end (rig, "U1", 600);
  expect_only_dismissed (rig, 200);
}

/* Two coughs are two, however much they are together. */
static void
test_two_coughs (void)
{
  g_autoptr (Rig) rig = new_rig ();

  rig_start_ready (rig);
  let_agent_speak (rig);
  say (rig, 400, 0);
  say (rig, 240, LOUD);
  server_hears_start (rig, "U1", 400);
  say (rig, 400, 0);
  say (rig, 240, LOUD);
  say (rig, 600, 0);
  server_hears_end (rig, "U1", 1280);
  expect_only_dismissed (rig, 240);
}

/* The words of what was taken back are nobody's, and no end waits for them. */
static void
test_words_of_a_cough (void)
{
  g_autoptr (Rig) rig = new_rig ();

  g_free (rig->config->transcription_model);
  rig->config->transcription_model = g_strdup ("gpt-4o-transcribe");
  rig_start_ready (rig);
  let_agent_speak (rig);
  say (rig, 200, LOUD);
  server_hears_start (rig, "U1", 0);
  say (rig, 640, 0);
  server_hears_end (rig, "U1", 200);
  rig_send_transcript (rig, "U1", "Ahem.");
  rig_send_response_done (rig, "R1", "completed");
  rig_flush_down (rig);
  g_assert_cmpuint (rig_count (rig, "user-text"), ==, 0);
  g_assert_cmpuint (rig_count (rig, "turn-dismissed"), ==, 1);
  rig_finish (rig);
  rig_wait (rig, "drained");
}

/* The next one counts from its own start. */
static void
test_cough_and_word (void)
{
  g_autoptr (Rig) rig = new_rig ();

  rig_start_ready (rig);
  let_agent_speak (rig);
  say (rig, 320, LOUD);
  server_hears_start (rig, "U1", 0);
  say (rig, 600, 0);
  server_hears_end (rig, "U1", 320);
  server_hears_start (rig, "U2", 920);
  say (rig, 320, LOUD);
  g_assert_cmpuint (rig_count (rig, "interrupt"), ==, 0);
  say (rig, 200, LOUD);
  g_assert_cmpuint (rig_count (rig, "interrupt"), ==, 1);
}

/* -- long enough ---------------------------------------------------------- */

/* Cut within a piece and a frame of when it is long enough, not before. */
static void
test_cut (void)
{
  g_autoptr (Rig) rig = new_rig ();
  guint ms = 0;

  rig_start_ready (rig);
  let_agent_speak (rig);
  say (rig, 400, 0);
  say (rig, CHUNK_MS, LOUD);
  ms += CHUNK_MS;
  server_hears_start (rig, "U1", 400);
  while (rig_count (rig, "interrupt") == 0) {
    g_assert_cmpuint (ms, <, 2 * MIN_MS);
    say (rig, CHUNK_MS, LOUD);
    ms += CHUNK_MS;
  }
  g_assert_cmpuint (ms, >=, MIN_MS);
  g_assert_cmpuint (ms, <=, MIN_MS + CHUNK_MS + FRAME_MS);
  rig_flush_up (rig);
  rig_expect_sent (rig, "input_audio_buffer.append " CUT);
  rig_clear (rig);
  rig_send_audio (rig, "R1", "A1", 480);
  rig_send_response_done (rig, "R1", "cancelled");
  say (rig, 600, 0);
  rig_flush_down (rig);
  rig_flush_up (rig);
  rig_expect_sent (rig, "input_audio_buffer.append");
  server_hears_end (rig, "U1", 400 + ms);
  rig_flush_up (rig);
  rig_expect_sent (rig, "input_audio_buffer.append response.create");
  g_assert_cmpuint (rig_count (rig, "audio"), ==, 0);
  g_assert_cmpuint (rig_count (rig, "turn-dismissed"), ==, 0);
  g_assert_cmpuint (rig_get_stats (rig).interruptions, ==, 1);
}

/* Words have gaps. */
static void
test_cut_with_gaps (void)
{
  g_autoptr (Rig) rig = new_rig ();

  rig_start_ready (rig);
  let_agent_speak (rig);
  server_hears_start (rig, "U1", 0);
  for (guint i = 0; i < 3; i++) {
    g_assert_cmpuint (rig_count (rig, "interrupt"), ==, 0);
    say (rig, 80, LOUD);
    say (rig, 80, 0);
  }
  say (rig, 80, LOUD);
  g_assert_cmpuint (rig_count (rig, "interrupt"), ==, 1);
}

/* The server is late with its start: cut at once. */
static void
test_cut_told_late (void)
{
  g_autoptr (Rig) rig = new_rig ();

  rig_start_ready (rig);
  let_agent_speak (rig);
  say (rig, 600, LOUD);
  say (rig, 600, 0);
  g_assert_cmpuint (rig_count (rig, "interrupt"), ==, 0);
  server_hears_start (rig, "U1", 0);
  g_assert_cmpuint (rig_count (rig, "interrupt"), ==, 1);
  rig_flush_up (rig);
  rig_expect_sent (rig, "input_audio_buffer.append " CUT);
  server_hears_end (rig, "U1", 600);
  rig_send_response_done (rig, "R1", "cancelled");
  rig_wait_sent (rig, "response.create", 1);
}

/* What was said before this speech began is none of it. */
static void
test_old_speech (void)
{
  g_autoptr (Rig) rig = new_rig ();

  rig_start_ready (rig);
  say (rig, 1200, LOUD);
  say (rig, 600, 0);
  let_agent_speak (rig);
  say (rig, 400, 0);
  say (rig, 200, LOUD);
  server_hears_start (rig, "U1", 2200);
  g_assert_cmpuint (rig_count (rig, "interrupt"), ==, 0);
  say (rig, 600, 0);
  server_hears_end (rig, "U1", 2400);
  expect_only_dismissed (rig, 200);
}

/* Too quiet for the meter: then it is the server's figure that counts. */
static void
test_quiet (void)
{
  static const guint lengths[] = { 200, 600 };

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++) {
    g_autoptr (Rig) rig = new_rig ();

    rig_start_ready (rig);
    let_agent_speak (rig);
    say (rig, 400, 0);
    say (rig, lengths[i], QUIET);
    server_hears_start (rig, "U1", 400);
    say (rig, 600, 0);
    g_assert_cmpuint (rig_count (rig, "interrupt"), ==, 0);
    server_hears_end (rig, "U1", 400 + lengths[i]);
    if (lengths[i] < MIN_MS) {
      expect_only_dismissed (rig, lengths[i]);
      continue;
    }
    rig_flush_up (rig);
    rig_expect_sent (rig, "input_audio_buffer.append " CUT);
    rig_send_response_done (rig, "R1", "cancelled");
    rig_wait_sent (rig, "response.create", 1);
    g_assert_cmpuint (rig_count (rig, "turn-dismissed"), ==, 0);
  }
}

/* -- nobody to interrupt -------------------------------------------------- */

static void
test_silent_agent (void)
{
  g_autoptr (Rig) rig = new_rig ();

  rig_start_ready (rig);
  say (rig, 200, LOUD);
  server_hears_start (rig, "U1", 0);
  say (rig, 600, 0);
  server_hears_end (rig, "U1", 200);
  rig_flush_up (rig);
  rig_expect_sent (rig, "input_audio_buffer.append response.create");
  g_assert_cmpuint (rig_count (rig, "turn-dismissed"), ==, 0);
}

/* All has come, but the listener still hears it. */
static void
test_playing_agent (void)
{
  g_autoptr (Rig) rig = new_rig ();

  rig_start_ready (rig);
  let_agent_speak (rig);
  rig_send_response_done (rig, "R1", "completed");
  rig_flush_down (rig);
  rig_clear (rig);
  rig->playing = G_MAXUINT;
  say (rig, 200, LOUD);
  server_hears_start (rig, "U1", 0);
  say (rig, 600, 0);
  server_hears_end (rig, "U1", 200);
  rig_flush_up (rig);
  rig_expect_sent (rig, "input_audio_buffer.append conversation.item.delete");
  expect_dismissed (rig, "U1", 200);
}

/* Its answer is wished for, and nobody gives one. */
static void
test_no_answers (void)
{
  g_autoptr (Rig) rig = new_rig ();

  rig->config->create_response = FALSE;
  rig_start_ready (rig);
  say (rig, 200, LOUD);
  server_hears_start (rig, "U1", 0);
  say (rig, 600, 0);
  server_hears_end (rig, "U1", 200);
  rig_flush_up (rig);
  rig_expect_sent (rig, "input_audio_buffer.append");
}

/* -- not to be interrupted ------------------------------------------------ */

static void
speak_long (Rig *rig)
{
  say (rig, 600, LOUD);
  server_hears_start (rig, "U1", 0);
  say (rig, 600, 0);
  server_hears_end (rig, "U1", 600);
}

static void
test_never (void)
{
  g_autoptr (Rig) rig = new_rig ();

  rig->config->interrupt_response = FALSE;
  rig_start_ready (rig);
  let_agent_speak (rig);
  speak_long (rig);
  rig_send_audio (rig, "R1", "A1", 480);
  rig_flush_down (rig);
  rig_flush_up (rig);
  rig_expect_sent (rig, "input_audio_buffer.append");
  g_assert_cmpuint (rig_count (rig, "interrupt"), ==, 0);
  g_assert_cmpuint (rig_count (rig, "audio"), ==, 1);
  rig_send_response_done (rig, "R1", "completed");
  rig_wait_sent (rig, "response.create", 1);
  rig_flush_up (rig);
  rig_expect_sent (rig, "input_audio_buffer.append response.create");
}

static Rig *
new_protected (guint64 min)
{
  Rig *rig = rig_new ();

  rig->config->min_interruption = min * RIG_MS;
  rig->config->guards_speech = TRUE;
  rig->is_protected = TRUE;
  rig_start_ready (rig);
  let_agent_speak (rig);
  return rig;
}

/* Not cut, answered afterwards; and the answer is not what is cut then. */
static void
test_protected (void)
{
  static const guint64 mins[] = { 0, MIN_MS };

  for (guint i = 0; i < G_N_ELEMENTS (mins); i++) {
    g_autoptr (Rig) rig = new_protected (mins[i]);

    speak_long (rig);
    rig_send_audio (rig, "R1", "A1", 480);
    rig_flush_down (rig);
    rig_flush_up (rig);
    rig_expect_sent (rig, "input_audio_buffer.append");
    g_assert_cmpuint (rig_count (rig, "audio"), ==, 1);
    rig_send_response_done (rig, "R1", "completed");
    rig_flush_down (rig);
    rig_flush_up (rig);
    /* What was protected has been heard to its end. */
    g_ptr_array_set_size (rig->heard, 0);
    rig->is_protected = FALSE;
    rt2_session_wake (rig->session);
    rig_wait_sent (rig, "response.create", 1);
    rig_send_answer (rig, "R2", 0);
    rig_send_item (rig, "R2", 0, "A2", "message", FALSE);
    rig_send_audio (rig, "R2", "A2", 480);
    say (rig, 200, 0);
    rig_send_audio (rig, "R2", "A2", 480);
    rig_send_response_done (rig, "R2", "completed");
    rig_flush_down (rig);
    rig_flush_up (rig);
    g_assert_cmpuint (rig_count (rig, "audio R2 A2"), ==, 2);
    g_assert_cmpuint (rig_count_sent (rig, "response.create"), ==, 1);
    g_assert_cmpuint (rig_count_sent (rig, "response.cancel"), ==, 0);
    g_assert_cmpuint (rig_count_sent (rig, "conversation.item.delete"), ==, 0);
  }
}

/* The server has said all that is protected long before it is heard: if the
 * answer comes meanwhile, it is not lost when the protection ends. */
static void
test_protected_answer_early (void)
{
  g_autoptr (Rig) rig = new_protected (0);

  speak_long (rig);
  rig_send_response_done (rig, "R1", "completed");
  rig_flush_down (rig);
  rig_flush_up (rig);
  if (rig_count_sent (rig, "response.create") == 0)
    return;
  rig_send_answer (rig, "R2", 0);
  rig_send_item (rig, "R2", 0, "A2", "message", FALSE);
  rig_send_audio (rig, "R2", "A2", 480);
  rig_flush_down (rig);
  rig->is_protected = FALSE;
  say (rig, 200, 0);
  rig_send_audio (rig, "R2", "A2", 480);
  rig_flush_down (rig);
  rig_flush_up (rig);
  g_assert_cmpuint (rig_count (rig, "interrupt"), ==, 0);
  g_assert_cmpuint (rig_count (rig, "audio R2 A2"), ==, 2);
  g_assert_cmpuint (rig_count_sent (rig, "response.cancel"), ==, 0);
}

/* The protection ends while the agent goes on: then it is cut. */
static void
test_protection_ends (void)
{
  g_autoptr (Rig) rig = new_protected (0);

  say (rig, 600, LOUD);
  server_hears_start (rig, "U1", 0);
  g_assert_cmpuint (rig_count (rig, "interrupt"), ==, 0);
  rig->is_protected = FALSE;
  say (rig, CHUNK_MS, LOUD);
  g_assert_cmpuint (rig_count (rig, "interrupt"), ==, 1);
  rig_flush_up (rig);
  rig_expect_sent (rig, "input_audio_buffer.append " CUT);
  server_hears_end (rig, "U1", 640);
  rig_send_response_done (rig, "R1", "cancelled");
  rig_wait_sent (rig, "response.create", 1);
}

/* The same after the user's last word: who waits need not say it again. */
static void
test_protection_ends_later (void)
{
  g_autoptr (Rig) rig = new_protected (0);

  speak_long (rig);
  g_assert_cmpuint (rig_count (rig, "interrupt"), ==, 0);
  rig->is_protected = FALSE;
  rt2_session_wake (rig->session);
  rig_run_idle (rig);
  g_assert_cmpuint (rig_count (rig, "interrupt"), ==, 1);
  rig_flush_up (rig);
  rig_expect_sent (rig, "input_audio_buffer.append " CUT);
  rig_send_response_done (rig, "R1", "cancelled");
  rig_wait_sent (rig, "response.create", 1);
  g_assert_cmpuint (rig_count_sent (rig, "response.create"), ==, 1);
}

/* A cough is no interruption that waits. */
static void
test_protected_cough (void)
{
  g_autoptr (Rig) rig = new_protected (MIN_MS);

  say (rig, 200, LOUD);
  server_hears_start (rig, "U1", 0);
  say (rig, 600, 0);
  server_hears_end (rig, "U1", 200);
  rig->is_protected = FALSE;
  rt2_session_wake (rig->session);
  rig_run_idle (rig);
  expect_only_dismissed (rig, 200);
}

/* Writing is no way around it, and is answered as well. */
static void
test_protected_from_text (void)
{
  g_autoptr (Rig) rig = new_protected (0);

  rig_command (rig, rig_text ("user", "Be quiet."));
  rig_flush_up (rig);
  g_assert_cmpuint (rig_count (rig, "interrupt"), ==, 0);
  rig_expect_sent (rig, "");
  rig->is_protected = FALSE;
  rt2_session_wake (rig->session);
  rig_run_idle (rig);
  rig_flush_up (rig);
  rig_expect_sent (rig, CUT);
  rig_send_response_done (rig, "R1", "cancelled");
  rig_wait_sent (rig, "response.create", 1);
  rig_expect_sent (rig, CUT " conversation.item.create response.create");
}

/* Nor is cancelling: it is like an interruption by the user. */
static void
test_protected_from_cancel (void)
{
  g_autoptr (Rig) rig = new_protected (0);

  rig_command (rig, rt2_command_new (RT2_COMMAND_CANCEL_RESPONSE));
  rig_flush_up (rig);
  rig_expect_sent (rig, "");
  rig->is_protected = FALSE;
  rt2_session_wake (rig->session);
  rig_run_idle (rig);
  rig_flush_up (rig);
  rig_expect_sent (rig, CUT);
}

/* What waited belonged to the connection. */
static void
test_lost (void)
{
  g_autoptr (Rig) rig = new_protected (0);

  say (rig, 600, LOUD);
  server_hears_start (rig, "U1", 0);
  rig_drop (rig);
  rig_wait (rig, "configured again");
  rig_clear (rig);
  rig_send_response_created (rig, "R1");
  rig_send_audio (rig, "R1", "A1", 480);
  rig->is_protected = FALSE;
  say (rig, 80, 0);
  rig_flush_down (rig);
  rig_flush_up (rig);
  g_assert_cmpuint (rig_count (rig, "interrupt"), ==, 0);
  rig_expect_sent (rig, "input_audio_buffer.append");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add_func ("/session/judge/" name, function)
  ADD ("wire", test_wire);
  ADD ("cough", test_cough);
  ADD ("cough/late", test_cough_told_late);
  ADD ("cough/two", test_two_coughs);
  ADD ("cough/words", test_words_of_a_cough);
  ADD ("cough/and-word", test_cough_and_word);
  ADD ("cut", test_cut);
  ADD ("cut/gaps", test_cut_with_gaps);
  ADD ("cut/late", test_cut_told_late);
  ADD ("old-speech", test_old_speech);
  ADD ("quiet", test_quiet);
  ADD ("silent-agent", test_silent_agent);
  ADD ("playing-agent", test_playing_agent);
  ADD ("no-answers", test_no_answers);
  ADD ("never", test_never);
  ADD ("protected", test_protected);
  ADD ("protected/early-answer", test_protected_answer_early);
  ADD ("protected/ends", test_protection_ends);
  ADD ("protected/ends-later", test_protection_ends_later);
  ADD ("protected/cough", test_protected_cough);
  ADD ("protected/text", test_protected_from_text);
  ADD ("protected/cancel", test_protected_from_cancel);
  ADD ("lost", test_lost);
  return g_test_run ();
}
