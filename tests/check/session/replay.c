/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What of the user's audio is sent again on another connection.
 */
#include "rt2replay.h"

#include <string.h>

#define MS (G_GUINT64_CONSTANT (1000000))
#define PIECE_MS 20
/* G.711: 8 bytes a millisecond. */
#define FORMAT RT2_AUDIO_FORMAT_PCMU

/* Appends @ms; the running time of each piece is its position plus one hour. */
#define RT0 (G_GUINT64_CONSTANT (3600000) * MS)

typedef struct {
  Rt2Replay *replay;
  guint at; /* ms appended */
} Tape;

static Tape *
tape_new (guint limit_ms)
{
  Tape *tape = g_new0 (Tape, 1);

  tape->replay = rt2_replay_new (limit_ms * MS);
  return tape;
}

static void
tape_free (Tape *tape)
{
  rt2_replay_free (tape->replay);
  g_free (tape);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Tape, tape_free)

static void
say (Tape *tape, guint ms, gboolean loud)
{
  guint8 bytes[PIECE_MS * 8];

  for (guint i = 0; i < sizeof bytes; i++)
    bytes[i] = !loud ? 0xff : i % 16 < 8 ? 0x10 : 0x90;
  for (guint end = tape->at + ms; tape->at < end; tape->at += PIECE_MS) {
    g_autoptr (GBytes) audio = g_bytes_new (bytes, sizeof bytes);

    rt2_replay_append (tape->replay, FORMAT, audio, RT0 + tape->at * MS);
  }
}

/* What is sent again: "from-to" in ms for stretches, "C" for commits; then "-N"
 * if N ms are missing. */
static void
assert_again (Tape *tape, Rt2ReplayMode mode, const gchar *expected)
{
  g_autoptr (GString) all = g_string_new (NULL);
  guint64 missing, from = 0, to = 0;
  g_autoptr (GPtrArray)
      steps = rt2_replay_take (tape->replay, mode, 100 * MS, &missing);

  for (guint i = 0; i <= steps->len; i++) {
    const Rt2ReplayStep *step = i < steps->len ? g_ptr_array_index (steps, i)
                                               : NULL;
    guint64 rt = step && step->audio ? (step->rt - RT0) / MS : G_MAXUINT64;

    if (to > from && rt != to) {
      g_string_append_printf (
          all, "%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT " ", from, to);
      from = to = 0;
    }
    if (!step)
      break;
    if (!step->audio) {
      g_string_append (all, "C ");
      continue;
    }
    if (to == 0)
      from = rt;
    to = rt + g_bytes_get_size (step->audio) / 8;
  }
  if (missing > 0)
    g_string_append_printf (all, "-%" G_GUINT64_FORMAT " ", missing / MS);
  g_assert_cmpstr (g_strchomp (all->str), ==, expected);
  g_assert_cmpuint (
      rt2_replay_unanswered (tape->replay, RT2_REPLAY_ALL), ==, 0);
}

static void
turn (Tape *tape, guint start, guint end, gboolean ours, const gchar *id)
{
  rt2_replay_turn (tape->replay, start * MS, end * MS, ours);
  rt2_replay_name (tape->replay, ours, id);
}

static void
test_silence (void)
{
  g_autoptr (Tape) tape = tape_new (60000);

  say (tape, 5000, FALSE);
  g_assert_cmpuint (
      rt2_replay_unanswered (tape->replay, RT2_REPLAY_SPEECH), ==, 0);
  assert_again (tape, RT2_REPLAY_SPEECH, "");
}

/* The link was dead before the server could tell of speech. */
static void
test_untold (void)
{
  g_autoptr (Tape) tape = tape_new (60000);

  say (tape, 5000, FALSE);
  say (tape, 400, TRUE);
  say (tape, 600, FALSE);
  assert_again (tape, RT2_REPLAY_SPEECH, "4900-6000");
}

/* A server that lived long after it heard would have told of it, also over a
 * line that is slow. */
static void
test_heard (void)
{
  g_autoptr (Tape) tape = tape_new (60000);

  say (tape, 400, TRUE);
  say (tape, 11000, FALSE);
  rt2_replay_alive (tape->replay);
  assert_again (tape, RT2_REPLAY_SPEECH, "");
  tape->at = 0;
  say (tape, 400, TRUE);
  say (tape, 8400, FALSE);
  rt2_replay_alive (tape->replay);
  assert_again (tape, RT2_REPLAY_SPEECH, "0-8800");
}

static void
test_open (void)
{
  g_autoptr (Tape) tape = tape_new (60000);

  say (tape, 1000, TRUE);
  rt2_replay_speech (tape->replay, 500 * MS);
  say (tape, 500, TRUE);
  g_assert_cmpuint (
      rt2_replay_unanswered (tape->replay, RT2_REPLAY_SPEECH), ==, 1000 * MS);
  assert_again (tape, RT2_REPLAY_SPEECH, "400-1500");
}

/* Answered in whole, in part, not at all. */
static void
test_turns (void)
{
  g_autoptr (Tape) tape = tape_new (60000);

  say (tape, 3000, TRUE);
  turn (tape, 200, 900, FALSE, "A");
  rt2_replay_answering (tape->replay);
  turn (tape, 1500, 2000, FALSE, "B");
  rt2_replay_answered (tape->replay);
  rt2_replay_answered (tape->replay);
  g_assert_cmpuint (
      rt2_replay_unanswered (tape->replay, RT2_REPLAY_SPEECH), ==, 500 * MS);
  assert_again (tape, RT2_REPLAY_SPEECH, "1400-3000");

  tape->at = 0;
  say (tape, 3000, TRUE);
  turn (tape, 200, 900, FALSE, "A");
  turn (tape, 1500, 2000, FALSE, "B");
  rt2_replay_settle (tape->replay, "B");
  assert_again (tape, RT2_REPLAY_SPEECH, "100-1500 2000-3000");
}

/* What is settled is not heard again for the sake of the padding. */
static void
test_padding (void)
{
  g_autoptr (Tape) tape = tape_new (60000);

  say (tape, 3000, TRUE);
  turn (tape, 200, 1000, FALSE, "A");
  rt2_replay_settle (tape->replay, "A");
  rt2_replay_speech (tape->replay, 1040 * MS);
  assert_again (tape, RT2_REPLAY_SPEECH, "1000-3000");
}

static void
test_manual (void)
{
  g_autoptr (Tape) tape = tape_new (60000);

  say (tape, 1000, FALSE);
  turn (tape, 0, 1000, TRUE, "A");
  rt2_replay_answering (tape->replay);
  rt2_replay_answered (tape->replay);
  say (tape, 500, TRUE);
  turn (tape, 1000, 1500, TRUE, "B");
  say (tape, 300, FALSE);
  g_assert_cmpuint (
      rt2_replay_unanswered (tape->replay, RT2_REPLAY_ALL), ==, 800 * MS);
  assert_again (tape, RT2_REPLAY_ALL, "1000-1500 C 1500-1800");

  tape->at = 0;
  say (tape, 500, TRUE);
  rt2_replay_clear (tape->replay);
  say (tape, 300, TRUE);
  assert_again (tape, RT2_REPLAY_ALL, "500-800");
}

/* The VAD and we end turns at once: each is told of by its own kind, and ours
 * begins where the VAD's ended. */
static void
test_both (void)
{
  g_autoptr (Tape) tape = tape_new (60000);

  say (tape, 2000, TRUE);
  rt2_replay_turn (tape->replay, 0, 2000 * MS, TRUE);
  rt2_replay_turn (tape->replay, 0, 1200 * MS, FALSE);
  rt2_replay_name (tape->replay, FALSE, "V");
  rt2_replay_settle (tape->replay, "V");
  assert_again (tape, RT2_REPLAY_SPEECH, "1200-2000 C");

  /* Nothing was left for ours. */
  tape->at = 0;
  say (tape, 2000, TRUE);
  rt2_replay_turn (tape->replay, 0, 1000 * MS, TRUE);
  rt2_replay_turn (tape->replay, 1000 * MS, 2000 * MS, TRUE);
  rt2_replay_refused (tape->replay);
  rt2_replay_name (tape->replay, TRUE, "B");
  rt2_replay_settle (tape->replay, "A");
  assert_again (tape, RT2_REPLAY_SPEECH, "900-2000 C");
}

/* No answer of its own any more, also not for one that is told of later. */
static void
test_interrupted (void)
{
  g_autoptr (Tape) tape = tape_new (60000);

  say (tape, 3000, TRUE);
  turn (tape, 0, 500, FALSE, "A");
  rt2_replay_turn (tape->replay, 500 * MS, 1000 * MS, TRUE);
  rt2_replay_interrupted (tape->replay);
  turn (tape, 1500, 2000, FALSE, "C");
  rt2_replay_name (tape->replay, TRUE, "B");
  assert_again (tape, RT2_REPLAY_SPEECH, "1400-3000");
}

/* News of speech that our commit has ended already. */
static void
test_late_news (void)
{
  g_autoptr (Tape) tape = tape_new (60000);

  say (tape, 1000, TRUE);
  rt2_replay_turn (tape->replay, 0, 1000 * MS, TRUE);
  rt2_replay_speech (tape->replay, 0);
  rt2_replay_name (tape->replay, TRUE, NULL);
  rt2_replay_answering (tape->replay);
  rt2_replay_answered (tape->replay);
  say (tape, 3000, FALSE);
  rt2_replay_alive (tape->replay);
  assert_again (tape, RT2_REPLAY_SPEECH, "");
}

/* A turn waits; what came after it was cleared. */
static void
test_cleared (void)
{
  g_autoptr (Tape) tape = tape_new (60000);

  say (tape, 1000, TRUE);
  turn (tape, 0, 1000, TRUE, "A");
  say (tape, 500, TRUE);
  rt2_replay_clear (tape->replay);
  say (tape, 300, TRUE);
  assert_again (tape, RT2_REPLAY_ALL, "0-1000 C 1500-1800");
}

/* Silence is not missed; words are, however long ago they were. */
static void
test_lacking (void)
{
  g_autoptr (Tape) tape = tape_new (1000);

  say (tape, 5000, FALSE);
  g_assert_false (rt2_replay_lacks_words (tape->replay, RT2_REPLAY_ALL));
  say (tape, 500, TRUE);
  g_assert_false (rt2_replay_lacks_words (tape->replay, RT2_REPLAY_ALL));
  say (tape, 80000, FALSE);
  g_assert_true (rt2_replay_lacks_words (tape->replay, RT2_REPLAY_ALL));
  g_assert_false (rt2_replay_lacks_words (tape->replay, RT2_REPLAY_SPEECH));
  turn (tape, 0, 85500, TRUE, "A");
  g_assert_true (rt2_replay_lacks_words (tape->replay, RT2_REPLAY_SPEECH));
  rt2_replay_settle (tape->replay, "A");
  g_assert_false (rt2_replay_lacks_words (tape->replay, RT2_REPLAY_ALL));
}

static void
test_bounded (void)
{
  g_autoptr (Tape) tape = tape_new (2000);

  say (tape, 3000, TRUE);
  rt2_replay_speech (tape->replay, 500 * MS);
  assert_again (tape, RT2_REPLAY_SPEECH, "1000-3000 -500");

  tape->at = 0;
  say (tape, 3000, TRUE);
  turn (tape, 0, 600, TRUE, "A");
  turn (tape, 600, 1600, TRUE, "B");
  assert_again (tape, RT2_REPLAY_ALL, "1000-1600 C 1600-3000 -1000");
}

static void
test_off (void)
{
  g_autoptr (Tape) tape = tape_new (0);
  Rt2AudioFormat format;

  say (tape, 1000, TRUE);
  turn (tape, 200, 700, FALSE, "A");
  g_assert_null (rt2_replay_get (tape->replay, 0, 1000 * MS, &format));
  assert_again (tape, RT2_REPLAY_SPEECH, "-500");
}

static void
test_get (void)
{
  g_autoptr (Tape) tape = tape_new (60000);
  g_autoptr (GBytes) part = NULL;
  Rt2AudioFormat format = RT2_AUDIO_FORMAT_PCM16;

  say (tape, 1000, TRUE);
  part = rt2_replay_get (tape->replay, 110 * MS, 355 * MS, &format);
  g_assert_cmpuint (g_bytes_get_size (part), ==, 245 * 8);
  g_assert_cmpint (format, ==, FORMAT);
  g_assert_null (rt2_replay_get (tape->replay, 2000 * MS, 3000 * MS, &format));
}

/* A server that commits turns and answers none. */
static void
test_many (void)
{
  g_autoptr (Tape) tape = tape_new (60000);

  for (guint i = 0; i < 3 * RT2_REPLAY_MAX_TURNS; i++) {
    g_autofree gchar *id = g_strdup_printf ("U%u", i);

    say (tape, 100, TRUE);
    turn (tape, tape->at - 100, tape->at, FALSE, id);
  }
  assert_again (tape, RT2_REPLAY_SPEECH, "0-19200");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add_func ("/replay/" name, function)
  ADD ("silence", test_silence);
  ADD ("untold", test_untold);
  ADD ("heard", test_heard);
  ADD ("open", test_open);
  ADD ("turns", test_turns);
  ADD ("padding", test_padding);
  ADD ("manual", test_manual);
  ADD ("bounded", test_bounded);
  ADD ("both", test_both);
  ADD ("interrupted", test_interrupted);
  ADD ("late-news", test_late_news);
  ADD ("cleared", test_cleared);
  ADD ("lacking", test_lacking);
  ADD ("off", test_off);
  ADD ("get", test_get);
  ADD ("many", test_many);
  return g_test_run ();
}
