/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What waits to be sent again: what else waits with it, what ends it, and a
 * user who goes on talking when the session has to move.
 */
#include "sessionrig.h"

#include <string.h>

#define ASK "response.create"
/* ms: what is sent again in five seconds. */
#define LONG 20000
/* ms: a life of a session, see rt2rollover.h. */
#define LIFE 2400

static void
push_speech (Rig *rig, guint ms)
{
  for (guint i = 0; i < ms / 40; i++)
    rig_push_tone (rig, 40, 8000);
}

/* The user speaks, @ms so far. */
static void
speak (Rig *rig, guint ms)
{
  push_speech (rig, ms);
  rig_settle_up (rig);
  rig_send_speech_started (rig, "U1", 0);
  rig_flush_down (rig);
  rig_flush_up (rig);
  rig_clear (rig);
}

static Rig *
new_rig (void)
{
  Rig *rig = rig_new ();

  rig->options->max_turn_replay = 60 * RIG_S;
  return rig;
}

static guint
ms_sent (Rig *rig)
{
  g_autoptr (GByteArray) audio = rig_dup_sent_audio (rig);

  return audio->len / 48;
}

/* -- what else waits ------------------------------------------------------ */

/* All is spent: the audio is of no use, but what was asked for behind it is
 * answered for, and the end is the end. */
static void
test_spent (void)
{
  g_autoptr (Rig) rig = new_rig ();

  rig_start_ready (rig);
  speak (rig, LONG);
  rig_drop (rig);
  rig_wait (rig, "configured again");
  rig_push_command (rig, rig_text ("user", "Hello?"));
  rig_push_command (rig, rt2_command_new (RT2_COMMAND_COMMIT_INPUT));
  rig_finish (rig);
  rig_settle_up (rig);
  g_assert_cmpuint (rig_count (rig, "command-failed"), ==, 0);
  rig->session_time = 2 * RIG_S;
  rt2_session_set_budget (rig->session, (Rt2Budget){ 0, RIG_S });
  rig_wait (rig, "drained");
  g_assert_cmpuint (rig_count (rig, "budget-exceeded"), ==, 1);
  g_assert_cmpuint (rig_count (rig, "command-failed"), ==, 2);
  g_assert_cmpuint (rig_count_sent (rig, ASK), ==, 0);
  g_assert_cmpuint (ms_sent (rig), <, LONG);
}

/* The owner's bound of commands is not undone by taking them early. */
static void
test_bound (void)
{
  g_autoptr (Rig) rig = new_rig ();
  guint pulls;

  rig_start_ready (rig);
  speak (rig, LONG);
  pulls = rig->pulls;
  rig_drop (rig);
  rig_wait (rig, "lost lost");
  for (guint i = 0; i < 2 * RT2_SESSION_MAX_COMMANDS; i++)
    rig_push_command (rig, rig_text ("user", "Hello?"));
  rig_wait (rig, "configured again");
  rig_run_for (rig, 50);
  g_assert_cmpuint (rig->pulls - pulls, ==, RT2_SESSION_MAX_COMMANDS);
}

/* -- another format ------------------------------------------------------- */

/* What no server will take any more is lost, and that is told. */
static void
test_format_after_loss (void)
{
  g_autoptr (Rig) rig = new_rig ();

  rig_start_ready (rig);
  speak (rig, 2000);
  rig_drop (rig);
  rig_wait (rig, "lost lost");
  rig->config->input_format = RT2_AUDIO_FORMAT_PCMA;
  rig_configure (rig);
  rig_wait (rig, "configured again");
  g_assert_cmpuint (rig_count (rig, "turn-lost 2000"), ==, 1);
  rig_push_ms (rig, 400, 0);
  rig_settle_up (rig);
  rig_flush_up (rig);
  g_assert_cmpuint (ms_sent (rig), ==, 400 * 8 / 48);
  g_assert_cmpuint (rig_count (rig, "turn-lost"), ==, 1);
}

static void
test_format_before_loss (void)
{
  g_autoptr (Rig) rig = new_rig ();

  rig_start_ready (rig);
  speak (rig, 2000);
  rig->config->input_format = RT2_AUDIO_FORMAT_PCMA;
  rig_flush_up (rig);
  g_assert_cmpuint (rig_count (rig, "turn-lost"), ==, 0);
  rig_drop (rig);
  rig_wait (rig, "configured again");
  rig_flush_up (rig);
  g_assert_cmpuint (rig_count (rig, "turn-lost 2000"), ==, 1);
  g_assert_cmpuint (ms_sent (rig), ==, 0);
}

static void
test_format_before_move (void)
{
  g_autoptr (Rig) rig = new_rig ();

  rig->config->max_age = LIFE * RIG_MS;
  rig_start_ready (rig);
  speak (rig, 1200);
  rig->config->input_format = RT2_AUDIO_FORMAT_PCMA;
  rig_configure (rig);
  rig_wait (rig, "moved sess_2 age");
  g_assert_cmpuint (rig_count (rig, "turn-lost 1200"), ==, 1);
  g_assert_cmpuint (rig_count (rig, "lost"), ==, 0);
}

/* -- talk that never pauses ------------------------------------------------ */

static gboolean
on_talk (gpointer data)
{
  rig_push_tone (data, 40, 8000);
  return G_SOURCE_CONTINUE;
}

/* The user talks until the session has moved, and a little longer. */
static void
talk_on (Rig *rig)
{
  GSource *source = g_timeout_source_new (40);

  rig->config->max_age = LIFE * RIG_MS;
  rig_start_ready (rig);
  rig_push_tone (rig, 40, 8000);
  rig_settle_up (rig);
  rig_send_speech_started (rig, "U1", 0);
  g_source_set_callback (source, on_talk, rig, NULL);
  g_source_attach (source, rig->context);
  rig_wait (rig, "moved sess_2 age");
  rig->config->max_age = 0;
  rig_configure (rig);
  rig_run_for (rig, 200);
  g_source_destroy (source);
  g_source_unref (source);
  rig_settle_up (rig);
  rig_flush_up (rig);
}

/* The next server answers all of it, once, and nobody asks it to. */
static void
answer (Rig *rig)
{
  rig->speaks_on = rig->hears_on = 1;
  rig_send_speech_started (rig, "U2", 0);
  rig_send_speech_stopped (rig, "U2", ms_sent (rig));
  rig_send_committed (rig, "U2");
  rig_send_response_created (rig, "R2");
  rig_send_response_done (rig, "R2", "completed");
  rig_flush_down (rig);
  rig_flush_up (rig);
  g_assert_cmpuint (rig_count (rig, "response-started"), ==, 1);
  g_assert_cmpuint (rig_count_sent (rig, ASK), ==, 0);
  g_assert_cmpuint (rig_count (rig, "lost"), ==, 0);
}

/* Every sample that he said since his turn began. */
static void
test_talk (void)
{
  g_autoptr (Rig) rig = new_rig ();
  g_autoptr (GByteArray) before = NULL, after = NULL;

  talk_on (rig);
  rig->hears_on = 0;
  before = rig_dup_sent_audio (rig);
  g_assert_cmpuint (before->len, >, 0);
  rig->hears_on = 1;
  rig_wait_sent_audio (rig, rig->pushed * 48);
  after = rig_dup_sent_audio (rig);
  g_assert_cmpuint (after->len, ==, rig->pushed * 48);
  g_assert_true (memcmp (before->data, after->data, before->len) == 0);
  answer (rig);
  g_assert_cmpuint (rig_count (rig, "turn-lost"), ==, 0);
}

/* ms that were reported as lost. */
static guint64
lost (Rig *rig)
{
  const gchar *prefix = "turn-lost ";

  for (guint i = 0; i < rig->log->len; i++) {
    const gchar *line = g_ptr_array_index (rig->log, i);

    if (g_str_has_prefix (line, prefix))
      return g_ascii_strtoull (line + strlen (prefix), NULL, 10);
  }
  return 0;
}

/* What there was no room for is told, to the millisecond. */
static void
test_talk_bounded (void)
{
  g_autoptr (Rig) rig = new_rig ();

  rig->options->max_turn_replay = 500 * RIG_MS;
  talk_on (rig);
  rig->hears_on = 1;
  g_assert_cmpuint (rig_count (rig, "turn-lost"), ==, 1);
  g_assert_cmpuint (lost (rig), >, 0);
  rig_wait_sent_audio (rig, (rig->pushed - lost (rig)) * 48);
  rig_flush_up (rig);
  g_assert_cmpuint (ms_sent (rig), ==, rig->pushed - lost (rig));
  answer (rig);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add_func ("/session/again/" name, function)
  ADD ("spent", test_spent);
  ADD ("bound", test_bound);
  ADD ("format/after-loss", test_format_after_loss);
  ADD ("format/before-loss", test_format_before_loss);
  ADD ("format/before-move", test_format_before_move);
  ADD ("talk", test_talk);
  ADD ("talk/bounded", test_talk_bounded);
  return g_test_run ();
}
