/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is not spoken although it came, and what an interruption leaves alone.
 */
#include "playoutrig.h"

#include "rt2caption.h"

#define N 960 /* samples of an item: two periods */

static void
policy_init (Rig *rig, Rt2CommentaryPolicy policy)
{
  rig_init (rig, RT2_AUDIO_FORMAT_PCM16, 480, ODD_START);
  rt2_playout_set_commentary (rig->playout, policy);
}

/* Item @index of response @response, whole, of @n samples of speech @index. */
static Rt2Spoken *
add (Rig *rig, const gchar *response, guint index, Rt2Phase phase, guint n)
{
  Rt2Spoken *spoken = rig_item (rig, response, index);

  spoken->stated_phase = phase;
  rig_append (rig, spoken, index, 0, n);
  rt2_spoken_append_text (spoken, RT2_TEXT_TRANSCRIPT, "One. Two.");
  rt2_spoken_finish_text (spoken, NULL);
  rt2_spoken_finish_audio (spoken);
  return spoken;
}

/* Takes until nobody speaks: the samples of speech that came, all of them of
 * @tag from @first on. */
static guint
take_all (Rig *rig, guint tag, guint first)
{
  guint all = 0, n;

  while ((n = rig_take (rig)) > 0)
    for (guint i = 0; i < n; i++)
      rig_assert_out (rig, i, tag, first + all++);
  return all;
}

static gchar *
marks_of (Rig *rig)
{
  static const gchar signs[] = { '+', '-', 'r', 'd' };
  GString *all = g_string_new (NULL);
  Rt2MarkKind kind;
  Rt2Spoken *spoken;

  while (rt2_playout_pop_mark (rig->playout, &kind, &spoken)) {
    g_string_append_printf (all, "%c%s ", signs[kind], spoken->id);
    rt2_spoken_unref (spoken);
  }
  return g_string_free (all, FALSE);
}

static void
assert_marks (Rig *rig, const gchar *expected)
{
  g_autofree gchar *marks = marks_of (rig);

  g_assert_cmpstr (marks, ==, expected);
}

/* --- commentary --- */

static void
test_play (void)
{
  Rig rig;

  policy_init (&rig, RT2_COMMENTARY_PLAY);
  add (&rig, "r", 0, RT2_PHASE_COMMENTARY, N);
  g_assert_cmpuint (take_all (&rig, 0, 0), ==, N);
  assert_marks (&rig, "+r-0 -r-0 ");
  rig_clear (&rig);
}

/* The answer takes the place of the commentary, to the sample. */
static void
check_left_out (Rt2CommentaryPolicy policy, const gchar *marks)
{
  Rig rig;
  Rt2Spoken *comment;
  Rt2PlayoutStats stats;

  policy_init (&rig, policy);
  comment = rt2_spoken_ref (add (&rig, "r", 0, RT2_PHASE_COMMENTARY, 1000));
  add (&rig, "r", 1, RT2_PHASE_FINAL_ANSWER, N);
  g_assert_cmpuint (take_all (&rig, 1, 0), ==, N);
  assert_marks (&rig, marks);
  rig_assert_no_time (comment, 0);
  g_assert_cmpuint (comment->placed, ==, 0);
  g_assert_true (rt2_spoken_is_placed (comment));
  g_assert_cmpuint (rt2_playout_queued (rig.playout), ==, 0);
  g_assert_false (rt2_playout_is_speaking (rig.playout));
  rt2_playout_get_stats (rig.playout, &stats);
  g_assert_cmpuint (stats.underruns, ==, 0);
  g_assert_cmpuint (stats.spoken_samples, ==, N);
  rt2_spoken_unref (comment);
  rig_clear (&rig);
}

static void
test_left_out (void)
{
  check_left_out (RT2_COMMENTARY_TEXT_ONLY, "rr-0 +r-1 -r-1 ");
  check_left_out (RT2_COMMENTARY_DROP, "dr-0 +r-1 -r-1 ");
}

/* Only what is known to be commentary; what is not known is played. */
static void
test_unknown_plays (void)
{
  Rig rig;

  policy_init (&rig, RT2_COMMENTARY_DROP);
  add (&rig, "r", 0, RT2_PHASE_UNKNOWN, N);
  g_assert_cmpuint (take_all (&rig, 0, 0), ==, N);
  rig_clear (&rig);
}

/* A tool call behind it makes it commentary, if that is known in time. */
static void
test_followed (void)
{
  Rig rig;

  policy_init (&rig, RT2_COMMENTARY_DROP);
  add (&rig, "r", 0, RT2_PHASE_UNKNOWN, N);
  rt2_playout_other_item (rig.playout, "r", 1);
  g_assert_cmpuint (take_all (&rig, 0, 0), ==, 0);
  assert_marks (&rig, "dr-0 ");
  rig_clear (&rig);
}

/* Once begun nothing changes: neither the phase nor the policy. */
static void
test_begun (void)
{
  Rig rig;
  Rt2Spoken *a;

  policy_init (&rig, RT2_COMMENTARY_PLAY);
  a = add (&rig, "r", 0, RT2_PHASE_COMMENTARY, N);
  rig_take (&rig);
  rt2_playout_set_commentary (rig.playout, RT2_COMMENTARY_DROP);
  g_assert_cmpuint (take_all (&rig, 0, 480), ==, N - 480);
  add (&rig, "s", 0, RT2_PHASE_UNKNOWN, N);
  rig_take (&rig);
  rt2_playout_find (rig.playout, "s-0")->stated_phase = RT2_PHASE_COMMENTARY;
  g_assert_cmpuint (take_all (&rig, 0, 480), ==, N - 480);
  add (&rig, "t", 0, RT2_PHASE_COMMENTARY, N);
  g_assert_cmpuint (take_all (&rig, 0, 0), ==, 0);
  g_assert_false (a->cancelled);
  rig_clear (&rig);
}

/* Decided at its first sample: what comes later of it goes the same way, even
 * if the policy is another by then. */
static void
check_comes_later (Rt2CommentaryPolicy policy)
{
  Rig rig;
  Rt2Spoken *a;

  policy_init (&rig, policy);
  a = rt2_spoken_ref (rig_item (&rig, "r", 0));
  a->stated_phase = RT2_PHASE_COMMENTARY;
  rig_append (&rig, a, 0, 0, 100);
  rig_take (&rig);
  rt2_playout_set_commentary (rig.playout, RT2_COMMENTARY_PLAY);
  rig_append (&rig, a, 0, 100, 5000);
  g_assert_cmpuint (take_all (&rig, 0, 0), ==, 0);
  g_assert_cmpuint (rt2_playout_queued (rig.playout), ==, 0);
  g_assert_false (rt2_playout_is_speaking (rig.playout));
  if (policy == RT2_COMMENTARY_TEXT_ONLY)
    g_assert_cmpuint (a->received, ==, 5100);
  rt2_spoken_unref (a);
  rig_clear (&rig);
}

static void
test_comes_later (void)
{
  check_comes_later (RT2_COMMENTARY_TEXT_ONLY);
  check_comes_later (RT2_COMMENTARY_DROP);
}

/* Not judged before its turn: behind what is spoken it waits, unknown. */
static void
test_judged_in_its_turn (void)
{
  Rig rig;
  Rt2Spoken *b;

  policy_init (&rig, RT2_COMMENTARY_DROP);
  add (&rig, "r", 0, RT2_PHASE_FINAL_ANSWER, N);
  b = add (&rig, "s", 1, RT2_PHASE_COMMENTARY, N);
  rig_take (&rig);
  g_assert_cmpint (b->fate, ==, RT2_FATE_OPEN);
  b->stated_phase = RT2_PHASE_FINAL_ANSWER;
  rig_take (&rig);
  g_assert_cmpuint (take_all (&rig, 1, 0), ==, N);
  rig_clear (&rig);
}

/* Who is speaking, or comes next. */
static void
test_speaker (void)
{
  Rig rig;
  Rt2Spoken *b;

  policy_init (&rig, RT2_COMMENTARY_DROP);
  g_assert_null (rt2_playout_speaker (rig.playout));
  add (&rig, "r", 0, RT2_PHASE_COMMENTARY, N);
  g_assert_null (rt2_playout_speaker (rig.playout));
  b = add (&rig, "r", 1, RT2_PHASE_FINAL_ANSWER, N);
  g_assert_true (rt2_playout_speaker (rig.playout) == b);
  rig_take (&rig);
  g_assert_true (rt2_playout_speaker (rig.playout) == b);
  rig_take (&rig);
  g_assert_null (rt2_playout_speaker (rig.playout));
  rig_clear (&rig);
}

/* --- the words of what is only read --- */

static const Rt2CaptionRules rules = { RT2_GRANULARITY_SENTENCE,
  RT2_CAPTION_SYNC_AUDIO, RT2_CAPTION_ROLE_ASSISTANT,
  RT2_CAPTION_PHASE_COMMENTARY | RT2_CAPTION_PHASE_FINAL_ANSWER, 3 * SECOND };

static void
assert_caption (
    Rt2CaptionReader *reader, guint64 position, guint64 now, const gchar *text)
{
  g_autoptr (Rt2Caption)
      caption = rt2_caption_reader_next (reader, &rules, position, now);

  if (!text) {
    g_assert_null (caption);
    return;
  }
  g_assert_nonnull (caption);
  g_assert_cmpstr (caption->text, ==, text);
  g_assert_cmpint (caption->phase, ==, RT2_PHASE_COMMENTARY);
  g_assert_cmpuint (caption->pts, ==, MAX (position, now));
  g_assert_cmpuint (caption->duration, >, 0);
}

/* They leave when the first sample would have played: not when they came. */
static void
test_read (void)
{
  Rig rig;
  Rt2CaptionReader *reader = rt2_caption_reader_new ();
  Rt2Spoken *b;
  guint64 begin;

  policy_init (&rig, RT2_COMMENTARY_TEXT_ONLY);
  add (&rig, "r", 0, RT2_PHASE_FINAL_ANSWER, 700);
  b = add (&rig, "s", 1, RT2_PHASE_COMMENTARY, 5000);
  rt2_caption_reader_add (reader, &rules, b);
  rig_take (&rig);
  assert_caption (reader, 0, rig_now (&rig), NULL);
  begin = rig_now (&rig) + rig_exact_ns (700 - 480, 24000);
  rig_take (&rig);
  assert_caption (reader, 0, begin - 1, NULL);
  assert_caption (reader, 0, begin, "One.");
  assert_caption (reader, begin + 5, begin, "Two.");
  g_assert_false (rt2_caption_reader_is_waiting (reader));
  rt2_caption_reader_free (reader);
  rig_clear (&rig);
}

static void
test_dropped_is_not_read (void)
{
  Rig rig;
  Rt2CaptionReader *reader = rt2_caption_reader_new ();

  policy_init (&rig, RT2_COMMENTARY_DROP);
  rt2_caption_reader_add (
      reader, &rules, add (&rig, "r", 0, RT2_PHASE_COMMENTARY, N));
  rig_take (&rig);
  assert_caption (reader, 0, rig_now (&rig) + SECOND, NULL);
  g_assert_false (rt2_caption_reader_is_waiting (reader));
  rt2_caption_reader_free (reader);
  rig_clear (&rig);
}

/* --- interruptions --- */

static void
assert_cut (Rig *rig, const gchar *expected)
{
  g_autoptr (GPtrArray)
      list = rt2_playout_interrupt (rig->playout, rig_now (rig), FALSE);
  GString *ids = g_string_new (NULL);

  for (guint i = 0; i < list->len; i++)
    g_string_append_printf (
        ids, "%s ", ((const Rt2Heard *) g_ptr_array_index (list, i))->item_id);
  g_assert_cmpstr (ids->str, ==, expected);
  g_string_free (ids, TRUE);
}

/* What was read was read: the server need not be told. But no more of it. */
static void
test_interrupt_read (void)
{
  Rig rig;
  Rt2CaptionReader *reader = rt2_caption_reader_new ();
  Rt2Spoken *a;

  policy_init (&rig, RT2_COMMENTARY_TEXT_ONLY);
  a = add (&rig, "r", 0, RT2_PHASE_COMMENTARY, N);
  rt2_caption_reader_add (reader, &rules, a);
  add (&rig, "r", 1, RT2_PHASE_FINAL_ANSWER, 5000);
  rig_take (&rig);
  assert_caption (reader, 0, rig_now (&rig), "One.");
  assert_cut (&rig, "r-1 ");
  assert_caption (reader, 0, rig_now (&rig), NULL);
  rt2_caption_reader_free (reader);
  rig_clear (&rig);
}

/* What had no turn yet was neither heard nor read. */
static void
test_interrupt_before_the_turn (void)
{
  Rig rig;

  policy_init (&rig, RT2_COMMENTARY_TEXT_ONLY);
  add (&rig, "r", 0, RT2_PHASE_FINAL_ANSWER, 5000);
  add (&rig, "s", 1, RT2_PHASE_COMMENTARY, N);
  rig_take (&rig);
  assert_cut (&rig, "r-0 s-1 ");
  rig_take (&rig);
  assert_marks (&rig, "+r-0 ");
  rig_clear (&rig);
}

static void
test_protect_nothing (void)
{
  Rig rig;

  policy_init (&rig, RT2_COMMENTARY_PLAY);
  g_assert_false (rt2_playout_is_protected (rig.playout));
  add (&rig, "r", 0, RT2_PHASE_COMMENTARY, N);
  g_assert_false (rt2_playout_is_protected (rig.playout));
  assert_cut (&rig, "r-0 ");
  rig_clear (&rig);
}

/* Commentary plays to its end, every sample; the answer behind it is cut. */
static void
check_protect_commentary (guint taken)
{
  Rig rig;

  policy_init (&rig, RT2_COMMENTARY_PLAY);
  rt2_playout_set_protect (rig.playout, RT2_PROTECT_COMMENTARY);
  add (&rig, "r", 0, RT2_PHASE_COMMENTARY, 3 * N);
  add (&rig, "r", 1, RT2_PHASE_FINAL_ANSWER, N);
  add (&rig, "r", 2, RT2_PHASE_COMMENTARY, N);
  for (guint i = 0; i < taken; i++)
    rig_take (&rig);
  g_assert_true (rt2_playout_is_protected (rig.playout));
  assert_cut (&rig, "r-1 r-2 ");
  g_assert_true (rt2_playout_is_protected (rig.playout));
  assert_cut (&rig, "");
  g_assert_cmpuint (take_all (&rig, 0, 480 * taken), ==, 3 * N - 480 * taken);
  g_assert_false (rt2_playout_is_protected (rig.playout));
  assert_marks (&rig, "+r-0 -r-0 ");
  rig_clear (&rig);
}

static void
test_protect_commentary (void)
{
  check_protect_commentary (0);
  check_protect_commentary (1);
  check_protect_commentary (5);
}

/* Its turn is over: the answer is next, and not protected. */
static void
test_protect_is_over (void)
{
  Rig rig;

  policy_init (&rig, RT2_COMMENTARY_PLAY);
  rt2_playout_set_protect (rig.playout, RT2_PROTECT_COMMENTARY);
  add (&rig, "r", 0, RT2_PHASE_COMMENTARY, 480);
  add (&rig, "r", 1, RT2_PHASE_FINAL_ANSWER, N);
  rig_take (&rig);
  g_assert_false (rt2_playout_is_protected (rig.playout));
  assert_cut (&rig, "r-1 ");
  g_assert_cmpuint (rig_take (&rig), ==, 0);
  rig_clear (&rig);
}

/* The greeting is a response, also as far as it is still to come. */
static void
test_protect_greeting (void)
{
  Rig rig;

  policy_init (&rig, RT2_COMMENTARY_PLAY);
  rt2_playout_set_protect (rig.playout, RT2_PROTECT_GREETING);
  add (&rig, "r", 0, RT2_PHASE_FINAL_ANSWER, N);
  g_assert_false (rt2_playout_is_protected (rig.playout));
  rt2_playout_mark_opening (rig.playout, "r", FALSE);
  g_assert_true (rt2_playout_is_protected (rig.playout));
  add (&rig, "r", 1, RT2_PHASE_FINAL_ANSWER, N);
  add (&rig, "s", 2, RT2_PHASE_FINAL_ANSWER, N);
  assert_cut (&rig, "s-2 ");
  rig_take (&rig);
  rig_take (&rig);
  g_assert_true (rt2_playout_is_protected (rig.playout));
  g_assert_cmpuint (take_all (&rig, 1, 0), ==, N);
  rt2_playout_reset (rig.playout, RT2_AUDIO_FORMAT_PCM16);
  add (&rig, "r", 0, RT2_PHASE_FINAL_ANSWER, N);
  g_assert_false (rt2_playout_is_protected (rig.playout));
  rig_clear (&rig);
}

static void
test_protect_all (void)
{
  Rig rig;

  policy_init (&rig, RT2_COMMENTARY_PLAY);
  rt2_playout_set_protect (rig.playout, RT2_PROTECT_ALL);
  g_assert_false (rt2_playout_is_protected (rig.playout));
  add (&rig, "r", 0, RT2_PHASE_UNKNOWN, N);
  g_assert_true (rt2_playout_is_protected (rig.playout));
  rig_take (&rig);
  assert_cut (&rig, "");
  g_assert_cmpuint (take_all (&rig, 0, 480), ==, N - 480);
  g_assert_false (rt2_playout_is_protected (rig.playout));
  rig_clear (&rig);
}

/* What will not sound protects nothing, and is no reason to cut what does. */
static void
test_protect_unspoken (void)
{
  Rig rig;

  policy_init (&rig, RT2_COMMENTARY_DROP);
  rt2_playout_set_protect (
      rig.playout, RT2_PROTECT_COMMENTARY | RT2_PROTECT_GREETING);
  rt2_playout_mark_opening (rig.playout, "s", FALSE);
  add (&rig, "r", 0, RT2_PHASE_COMMENTARY, N);
  g_assert_false (rt2_playout_is_protected (rig.playout));
  add (&rig, "s", 1, RT2_PHASE_FINAL_ANSWER, N);
  g_assert_true (rt2_playout_is_protected (rig.playout));
  assert_cut (&rig, "r-0 ");
  g_assert_cmpuint (take_all (&rig, 1, 0), ==, N);
  assert_marks (&rig, "+s-1 -s-1 ");
  rig_clear (&rig);
}

/* --- a flush --- */

/* It is of use while something is on its way, and must not take away what is
 * protected. */
static void
test_may_flush (void)
{
  Rig rig;
  guint64 end;

  policy_init (&rig, RT2_COMMENTARY_PLAY);
  rt2_playout_set_latency (rig.playout, SECOND);
  add (&rig, "r", 0, RT2_PHASE_COMMENTARY, 480);
  g_assert_false (rt2_playout_may_flush (rig.playout, rig_now (&rig)));
  add (&rig, "r", 1, RT2_PHASE_FINAL_ANSWER, 480);
  rig_take (&rig);
  end = rig_now (&rig) + SECOND;
  g_assert_true (rt2_playout_may_flush (rig.playout, rig_now (&rig)));
  g_assert_true (rt2_playout_may_flush (rig.playout, end - 1));
  g_assert_false (rt2_playout_may_flush (rig.playout, end));
  rt2_playout_set_protect (rig.playout, RT2_PROTECT_COMMENTARY);
  rig_take (&rig);
  g_assert_false (rt2_playout_is_protected (rig.playout));
  /* the commentary, placed to its end, is on its way */
  g_assert_false (rt2_playout_may_flush (rig.playout, end - 1));
  g_assert_true (rt2_playout_may_flush (rig.playout, end));
  g_assert_false (rt2_playout_may_flush (rig.playout, end + 20 * MSECOND));
  rig_clear (&rig);
}

/* What has left the pipeline is out of a flush's reach, heard or not. */
static void
test_beyond (void)
{
  Rig rig;
  g_autoptr (GPtrArray) list = NULL;
  const Rt2Heard *heard;

  policy_init (&rig, RT2_COMMENTARY_PLAY);
  rt2_playout_set_latency (rig.playout, 500 * MSECOND);
  rt2_playout_set_beyond (rig.playout, 300 * MSECOND);
  add (&rig, "r", 0, RT2_PHASE_UNKNOWN, 24000);
  for (guint i = 0; i < 25; i++)
    rig_take (&rig);
  list = rt2_playout_interrupt (rig.playout, ODD_START + 500 * MSECOND, TRUE);
  g_assert_cmpuint (list->len, ==, 1);
  heard = g_ptr_array_index (list, 0);
  g_assert_cmpuint (heard->heard, ==, 300 * 24);
  rig_clear (&rig);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/policy/play", test_play);
  g_test_add_func ("/policy/left-out", test_left_out);
  g_test_add_func ("/policy/unknown", test_unknown_plays);
  g_test_add_func ("/policy/followed", test_followed);
  g_test_add_func ("/policy/begun", test_begun);
  g_test_add_func ("/policy/comes-later", test_comes_later);
  g_test_add_func ("/policy/turn", test_judged_in_its_turn);
  g_test_add_func ("/policy/speaker", test_speaker);
  g_test_add_func ("/policy/read", test_read);
  g_test_add_func ("/policy/dropped", test_dropped_is_not_read);
  g_test_add_func ("/policy/interrupt/read", test_interrupt_read);
  g_test_add_func ("/policy/interrupt/turn", test_interrupt_before_the_turn);
  g_test_add_func ("/policy/protect/nothing", test_protect_nothing);
  g_test_add_func ("/policy/protect/commentary", test_protect_commentary);
  g_test_add_func ("/policy/protect/over", test_protect_is_over);
  g_test_add_func ("/policy/protect/greeting", test_protect_greeting);
  g_test_add_func ("/policy/protect/all", test_protect_all);
  g_test_add_func ("/policy/protect/unspoken", test_protect_unspoken);
  g_test_add_func ("/policy/flush/may", test_may_flush);
  g_test_add_func ("/policy/flush/beyond", test_beyond);
  return g_test_run ();
}
