/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Captions in time: no word before its sound, none after the listener broke in,
 * and only those that the pad asked for.
 */
#include "captionstage.h"

#include <string.h>

/* --- when it leaves --- */

static const gchar *three =
    "This is the first one. Here comes the second, longer one. Third.";
static const gsize three_ends[] = { 22, 57, 64 };

static void
check_in_time (gboolean gaps)
{
  Stage stage;
  Rt2Spoken *a;
  guint n = 0, ms = 4100;

  stage_init (&stage);
  stage.gaps = gaps;
  a = stage_whole (&stage, "r", 0, three, ms);
  for (guint step = 0; step < 250; step++) {
    guint64 now = rig_now (&stage.rig);
    gsize begin;

    stage_step (&stage);
    n = stage.left->len;
    begin = n == 0 ? 0 : n < 3 ? three_ends[n - 1] + 1 : 64;
    /* the next one is not yet due, so nothing came late */
    if (n < 3) {
      guint64 sample = rt2_align_sample_of (a, begin), rt;

      g_assert_false (rt2_spoken_time_of (a, sample, &rt)
          && rt + (n > 0 ? RT2_CAPTION_CAUTION : 0) <= now);
    }
  }
  stage_assert_left (&stage,
      "This is the first one.|Here comes the second, longer "
      "one.|Third.");
  stage_clear (&stage);
}

static void
test_in_time (void)
{
  check_in_time (FALSE);
  check_in_time (TRUE);
}

/* A last word that is shorter than what others wait leaves with the item. */
static void
test_short_end (void)
{
  Stage stage;
  guint ms = 1040;

  stage_init (&stage);
  stage_whole (&stage, "r", 0, "This is the first one. No.", ms);
  stage_run (&stage, ms + 20);
  stage_assert_left (&stage, "This is the first one.|No.");
  stage_clear (&stage);
}

/* The figures of a unit: each begins with its sound and lasts as long. */
static void
test_figures (void)
{
  Stage stage;
  guint ms = 6400;
  guint64 byte = 100 * MSECOND;

  stage_init (&stage);
  stage_whole (&stage, "r", 0, three, ms);
  stage_run (&stage, ms + 100);
  for (guint i = 0; i < 3; i++) {
    const Rt2Caption *caption = stage_nth (&stage, i);
    guint64 begin = i == 0 ? 0 : three_ends[i - 1] * byte;
    guint64 end = three_ends[i] * byte;

    g_assert_cmpuint (caption->offset, >=, begin);
    g_assert_cmpuint (caption->offset, <=, begin + byte);
    g_assert_cmpuint (caption->pts, >=, ODD_START + begin);
    g_assert_cmpuint (caption->pts, <=,
        ODD_START + begin + byte + PERIOD + (i > 0 ? RT2_CAPTION_CAUTION : 0));
    rig_assert_near (
        caption->pts + caption->duration, ODD_START + end, byte + PERIOD);
  }
  stage_clear (&stage);
}

/* What begins before the schedule placed it has no time, so it stays. */
static void
test_nothing_before_it_is_placed (void)
{
  Stage stage;
  Rt2Spoken *a;
  guint64 first;

  stage_init (&stage);
  a = stage_whole (&stage, "r", 0, three, 4000);
  g_assert_cmpuint (stage_poll (&stage, G_MAXUINT64 / 2), ==, 0);
  g_assert_true (rt2_caption_reader_is_waiting (stage.reader));
  for (guint i = 0; i < 50; i++)
    rig_skip (&stage.rig);
  g_assert_cmpuint (stage_poll (&stage, rig_now (&stage.rig)), ==, 0);
  first = rig_now (&stage.rig);
  rig_take (&stage.rig);
  g_assert_cmpuint (stage_poll (&stage, first - 1), ==, 0);
  g_assert_cmpuint (stage_poll (&stage, first), ==, 1);
  g_assert_cmpuint (stage_nth (&stage, 0)->pts, ==, first);
  g_assert_cmpuint (stage_nth (&stage, 0)->offset, ==, 0);
  g_assert_true (stage_nth (&stage, 0)->spoken == a);
  stage_clear (&stage);
}

/* No unit begins before the pad's position, not even one that is due. */
static void
test_position (void)
{
  Stage stage;

  stage_init (&stage);
  stage_whole (&stage, "r", 0, "One. Two.", 1000);
  stage.position = ODD_START + 5 * SECOND;
  g_assert_cmpuint (stage_step (&stage), ==, 1);
  g_assert_cmpuint (stage_nth (&stage, 0)->pts, ==, ODD_START + 5 * SECOND);
  stage_run (&stage, 1000);
  g_assert_cmpuint (stage.left->len, ==, 2);
  g_assert_cmpuint (stage_nth (&stage, 1)->pts, >=,
      stage_nth (&stage, 0)->pts + stage_nth (&stage, 0)->duration);
  stage_clear (&stage);
}

/* The end of a sentence that is not known is waited for, then no longer. */
static void
test_max_wait (void)
{
  Stage stage;
  Rt2Spoken *a;

  stage_init (&stage);
  stage.rules.max_wait = SECOND;
  a = stage_item (&stage, "r", 0);
  rig_append (&stage.rig, a, 0, 0, 3 * 24000);
  rt2_spoken_finish_audio (a);
  stage_say (a, "I am still ");
  stage_run (&stage, 1000);
  stage_assert_left (&stage, "");
  g_assert_cmpuint (stage_poll (&stage, ODD_START + SECOND - MSECOND), ==, 0);
  g_assert_cmpuint (stage_poll (&stage, ODD_START + SECOND + PERIOD), ==, 1);
  stage_assert_left (&stage, "I am still");
  g_assert_cmpuint (
      stage_nth (&stage, 0)->pts, ==, ODD_START + SECOND + PERIOD);
  g_assert_false (stage_nth (&stage, 0)->final);
  stage_say (a, "talking.");
  rt2_spoken_finish_text (a, NULL);
  stage_run (&stage, 3000);
  stage_assert_left (&stage, "I am still|talking.");
  g_assert_true (stage_nth (&stage, 1)->final);
  stage_clear (&stage);
}

/* What leaves unfinished is whole characters, and whole words if it has any. */
static void
check_unfinished (const gchar *text, const gchar *first)
{
  Stage stage;
  Rt2Spoken *a;

  stage_init (&stage);
  a = stage_item (&stage, "r", 0);
  rig_append (&stage.rig, a, 0, 0, 10 * 24000);
  stage_say (a, text);
  stage_run (&stage, 4000);
  g_assert_cmpuint (stage.left->len, >, 0);
  g_assert_cmpstr (stage_nth (&stage, 0)->text, ==, first);
  rt2_spoken_finish_text (a, text);
  rt2_spoken_finish_audio (a);
  stage_run (&stage, 7000);
  stage_assert_all_left (&stage, a);
  stage_clear (&stage);
}

static void
test_unfinished (void)
{
  check_unfinished ("Sch\xc3\xb6ne Gr\xc3\xbc\xc3\x9f", "Sch\xc3\xb6ne");
  check_unfinished ("\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xb8\x96",
      "\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xb8\x96");
}

/* The end becomes known within the wait: it leaves just then, and it begins
 * then: what the stream has passed is past. */
static void
test_known_in_time (void)
{
  Stage stage;
  Rt2Spoken *a;
  guint64 now;

  stage_init (&stage);
  a = stage_item (&stage, "r", 0);
  rig_append (&stage.rig, a, 0, 0, 240000);
  stage_say (a, "I am still");
  stage_run (&stage, 1000);
  stage_assert_left (&stage, "");
  stage_say (a, " here. And so");
  now = rig_now (&stage.rig);
  g_assert_cmpuint (stage_step (&stage), ==, 1);
  stage_assert_left (&stage, "I am still here.");
  g_assert_cmpuint (stage_nth (&stage, 0)->pts, ==, now);
  stage_clear (&stage);
}

/* The sound of the second sentence is late: its words wait, and the silence
 * that is put in belongs to nobody. */
static void
test_underrun (void)
{
  Stage stage;
  Rt2Spoken *a;
  guint64 resumed;

  stage_init (&stage);
  a = stage_item (&stage, "r", 0);
  stage_say (a, "It is raining. We stay here.");
  rig_append (&stage.rig, a, 0, 4000, 24000);
  stage_run (&stage, 3000);
  stage_assert_left (&stage, "It is raining.");
  g_assert_cmpuint (stage_nth (&stage, 0)->duration, <=, SECOND);
  resumed = rig_now (&stage.rig);
  rig_append (&stage.rig, a, 0, 4000, 24000);
  rt2_spoken_finish_text (a, NULL);
  rt2_spoken_finish_audio (a);
  stage_run (&stage, 2000);
  stage_assert_left (&stage, "It is raining.|We stay here.");
  rig_assert_near (
      stage_nth (&stage, 1)->pts, resumed + RT2_CAPTION_CAUTION, 100 * MSECOND);
  g_assert_cmpuint (stage_nth (&stage, 1)->pts, >=, resumed);
  stage_clear (&stage);
}

/* A server that sends the words when the sound is over loses none of them. */
static void
test_text_last (void)
{
  Stage stage;
  Rt2Spoken *a;
  guint64 now;

  stage_init (&stage);
  a = stage_item (&stage, "r", 0);
  rig_append (&stage.rig, a, 0, 0, 24000);
  rt2_spoken_finish_audio (a);
  stage_run (&stage, 8000);
  stage_assert_left (&stage, "");
  g_assert_true (rt2_caption_reader_is_waiting (stage.reader));
  rt2_spoken_finish_text (a, three);
  now = rig_now (&stage.rig);
  stage_run (&stage, 2000);
  g_assert_cmpuint (stage.left->len, ==, 3);
  g_assert_cmpuint (stage_nth (&stage, 0)->pts, ==, now);
  g_assert_cmpuint (g_array_index (stage.left_at, guint64, 2), ==, now);
  g_assert_false (rt2_caption_reader_is_waiting (stage.reader));
  stage_clear (&stage);
}

/* The words come while the sound plays: what is past leaves, the rest waits. */
static void
test_text_late (void)
{
  Stage stage;
  Rt2Spoken *a;

  stage_init (&stage);
  a = stage_item (&stage, "r", 0);
  rig_append (&stage.rig, a, 0, 0, 6400 * 24);
  rt2_spoken_finish_audio (a);
  stage_run (&stage, 2600);
  stage_assert_left (&stage, "");
  rt2_spoken_finish_text (a, three);
  stage_step (&stage);
  g_assert_cmpuint (stage.left->len, ==, 2);
  stage_run (&stage, 2000);
  g_assert_cmpuint (stage.left->len, ==, 2);
  stage_run (&stage, 2000);
  g_assert_cmpuint (stage.left->len, ==, 3);
  stage_clear (&stage);
}

/* A server that sends all the words first: they wait for the sound, even while
 * nobody knows how long it will be. 15 bytes a second is how people speak. */
static void
test_text_first (void)
{
  Stage stage;
  Rt2Spoken *a;
  guint total = strlen (three) * 24000 / 15, sent = 0;

  stage_init (&stage);
  a = stage_item (&stage, "r", 0);
  rt2_spoken_finish_text (a, three);
  stage_run (&stage, 200);
  stage_assert_left (&stage, "");
  for (guint step = 0; step < 300; step++) {
    if (step % 2 == 0 && sent < total) {
      guint n = MIN (2400, total - sent);

      rig_append (&stage.rig, a, 0, sent, n);
      sent += n;
    } else if (sent == total) {
      rt2_spoken_finish_audio (a);
    }
    stage_step (&stage);
  }
  g_assert_cmpuint (stage.left->len, ==, 3);
  for (guint i = 1; i < 3; i++) {
    guint64 at = g_array_index (stage.left_at, guint64, i);
    guint64 truth = rig_time_of (a, rt2_align_sample_of (a, three_ends[i - 1]));

    /* an estimate, but nowhere near the start of it all */
    g_assert_cmpuint (at - ODD_START, >, (truth - ODD_START) / 2);
  }
  stage_clear (&stage);
}

/* A transcript of a sound that never came is not lost. */
static void
test_no_sound (void)
{
  Stage stage;
  Rt2Spoken *a, *b;

  stage_init (&stage);
  a = stage_item (&stage, "r", 0);
  stage_say (a, "Silent.");
  rt2_spoken_finish_text (a, NULL);
  rt2_playout_finish_response (stage.rig.playout, "r");
  stage_step (&stage);
  stage_assert_left (&stage, "Silent.");
  b = stage_item (&stage, "s", 0);
  rt2_spoken_append_text (b, RT2_TEXT_TEXT, "Written. And");
  stage_step (&stage);
  stage_assert_left (&stage, "Silent.|Written.");
  rt2_spoken_finish_text (b, "Written. And done.");
  stage_step (&stage);
  stage_assert_left (&stage, "Silent.|Written.|And done.");
  stage_clear (&stage);
}

/* --- several items --- */

static void
test_two_items (void)
{
  Stage stage;
  Rt2Spoken *b;

  stage_init (&stage);
  stage_whole (&stage, "r", 0, "One. Two.", 1000);
  b = stage_whole (&stage, "r", 1, "Three. Four.", 1000);
  stage_run (&stage, 980);
  stage_assert_left (&stage, "One.|Two.");
  stage_run (&stage, 100);
  stage_assert_left (&stage, "One.|Two.|Three.");
  g_assert_true (stage_nth (&stage, 2)->spoken == b);
  g_assert_cmpuint (stage_nth (&stage, 2)->pts, ==, ODD_START + SECOND);
  stage_run (&stage, 1000);
  stage_assert_left (&stage, "One.|Two.|Three.|Four.");
  g_assert_true (stage_nth (&stage, 1)->final);
  g_assert_false (stage_nth (&stage, 2)->final);
  stage_clear (&stage);
}

/* One poll finds what is due behind all that gives nothing. */
static void
test_behind_nothing (void)
{
  Stage stage;
  Rt2Spoken *u;
  g_autoptr (GPtrArray) report = NULL;

  stage_init (&stage);
  stage.rules.phases = RT2_CAPTION_PHASE_FINAL_ANSWER;
  stage_whole (&stage, "r", 0, "Cancelled.", 1000);
  report = rt2_playout_interrupt (stage.rig.playout, ODD_START, FALSE);
  stage_whole (&stage, "s", 0, "Filtered.", 1000);
  stage_whole (&stage, "t", 0, " ", 1000);
  u = stage_add (&stage, rt2_playout_user_item (stage.rig.playout, "u"));
  rt2_spoken_finish_text (u, "\n");
  u = stage_add (&stage, rt2_playout_user_item (stage.rig.playout, "v"));
  rt2_spoken_finish_text (u, "Here.");
  stage_step (&stage);
  stage_assert_left (&stage, "Here.");
  stage_clear (&stage);
}

/* A transcript of the user that never comes holds up nobody. */
static void
test_user_item_pending (void)
{
  Stage stage;

  stage_init (&stage);
  stage_add (&stage, rt2_playout_user_item (stage.rig.playout, "u"));
  stage_whole (&stage, "r", 0, "One. Two.", 1000);
  g_assert_cmpuint (stage_step (&stage), ==, 1);
  stage_run (&stage, 1000);
  stage_assert_left (&stage, "One.|Two.");
  g_assert_true (rt2_caption_reader_is_waiting (stage.reader));
  stage_clear (&stage);
}

/* What the user said leaves at once, also while the agent still has plenty to
 * say. */
static void
test_user_leaves_at_once (void)
{
  Stage stage;
  Rt2Spoken *u;
  guint64 now;

  stage_init (&stage);
  stage_whole (&stage, "r", 0, three, 6400);
  stage_step (&stage);
  u = stage_add (&stage, rt2_playout_user_item (stage.rig.playout, "u"));
  stage_say (u, "Stop it. Now");
  now = MAX (stage.position, rig_now (&stage.rig));
  stage_step (&stage);
  stage_assert_left (&stage, "This is the first one.|Stop it.");
  g_assert_cmpuint (stage_nth (&stage, 1)->pts, ==, now);
  g_assert_cmpint (stage_nth (&stage, 1)->phase, ==, RT2_PHASE_UNKNOWN);
  rt2_spoken_finish_text (u, "Stop it. Now!");
  stage_step (&stage);
  stage_assert_left (&stage, "This is the first one.|Stop it.|Now!");
  g_assert_true (stage_nth (&stage, 2)->final);
  stage_clear (&stage);
}

/* An item whose text never ends holds up nobody for ever, nor is it lost. */
static void
test_text_never_ends (void)
{
  Stage stage;
  Rt2Spoken *a, *b;

  stage_init (&stage);
  a = stage_item (&stage, "r", 0);
  rig_append (&stage.rig, a, 0, 0, 12000);
  stage_say (a, "Where does this end");
  b = stage_whole (&stage, "r", 1, "One. Two.", 2000);
  stage_run (&stage, 8000);
  stage_assert_all_left (&stage, a);
  stage_assert_all_left (&stage, b);
  stage_clear (&stage);
}

static void
test_cancelled (void)
{
  Stage stage;
  g_autoptr (GPtrArray) report = NULL;

  stage_init (&stage);
  stage_whole (&stage, "r", 0, three, 6400);
  stage_whole (&stage, "r", 1, "Never. Ever.", 1000);
  stage_run (&stage, 300);
  stage_assert_left (&stage, "This is the first one.");
  report = rt2_playout_interrupt (
      stage.rig.playout, rig_now (&stage.rig), FALSE);
  stage_run (&stage, 9000);
  stage_assert_left (&stage, "This is the first one.");
  g_assert_false (rt2_caption_reader_is_waiting (stage.reader));
  stage_whole (&stage, "s", 0, "Again.", 500);
  stage_run (&stage, 600);
  stage_assert_left (&stage, "This is the first one.|Again.");
  stage_clear (&stage);
}

/* Not even at once: what was cut before its first word has none. */
static void
test_cancelled_before_it_began (void)
{
  for (guint sync = 0; sync < 2; sync++) {
    Stage stage;
    g_autoptr (GPtrArray) report = NULL;

    stage_init (&stage);
    stage.rules.sync = sync;
    stage_whole (&stage, "r", 0, three, 6400);
    report = rt2_playout_interrupt (
        stage.rig.playout, rig_now (&stage.rig), FALSE);
    stage_run (&stage, 4000);
    stage_assert_left (&stage, "");
    g_assert_false (rt2_caption_reader_is_waiting (stage.reader));
    stage_clear (&stage);
  }
}

/* --- what is left out --- */

static void
test_roles (void)
{
  Stage stage;
  Rt2Spoken *u;

  stage_init (&stage);
  stage.rules.roles = RT2_CAPTION_ROLE_ASSISTANT;
  u = stage_add (&stage, rt2_playout_user_item (stage.rig.playout, "u"));
  g_assert_false (rt2_caption_reader_is_waiting (stage.reader));
  rt2_spoken_finish_text (u, "Me.");
  stage_whole (&stage, "r", 0, "You.", 200);
  stage_run (&stage, 300);
  stage_assert_left (&stage, "You.");
  stage.rules.roles = RT2_CAPTION_ROLE_USER;
  stage_whole (&stage, "r", 1, "Not you.", 200);
  g_assert_false (rt2_caption_reader_is_waiting (stage.reader));
  u = stage_add (&stage, rt2_playout_user_item (stage.rig.playout, "v"));
  rt2_spoken_finish_text (u, "Me again.");
  stage_run (&stage, 300);
  stage_assert_left (&stage, "You.|Me again.");
  stage_clear (&stage);
}

/* One answer of each phase, and the user; only what the mask says leaves. */
static void
check_phases (guint phases, const gchar *expected)
{
  Stage stage;
  Rt2Spoken *u;

  stage_init (&stage);
  stage.rules.phases = phases;
  u = stage_add (&stage, rt2_playout_user_item (stage.rig.playout, "u"));
  rt2_spoken_finish_text (u, "User.");
  stage_whole (&stage, "r", 0, "Commentary.", 200);
  stage_whole (&stage, "r", 1, "Final.", 200);
  rt2_playout_finish_response (stage.rig.playout, "r");
  stage_whole (&stage, "s", 0, "Unknown.", 200);
  stage_run (&stage, 800);
  stage_assert_left (&stage, expected);
  g_assert_false (rt2_caption_reader_is_waiting (stage.reader));
  stage_clear (&stage);
}

static void
test_phases (void)
{
  check_phases (ALL_PHASES, "User.|Commentary.|Final.|Unknown.");
  check_phases (RT2_CAPTION_PHASE_COMMENTARY, "User.|Commentary.");
  check_phases (RT2_CAPTION_PHASE_FINAL_ANSWER, "User.|Final.");
  check_phases (RT2_CAPTION_PHASE_UNKNOWN, "User.|Unknown.");
  check_phases (0, "User.");
}

/* The phase counts that is known when the words leave, not when they came. */
static void
test_phase_known_late (void)
{
  Stage stage;
  Rt2Spoken *a;

  stage_init (&stage);
  a = stage_whole (&stage, "r", 0, "One. Two. Three.", 3000);
  stage_step (&stage);
  g_assert_cmpint (stage_nth (&stage, 0)->phase, ==, RT2_PHASE_UNKNOWN);
  a->stated_phase = RT2_PHASE_COMMENTARY;
  stage_run (&stage, 1500);
  g_assert_cmpint (stage_nth (&stage, 1)->phase, ==, RT2_PHASE_COMMENTARY);
  stage.rules.phases = RT2_CAPTION_PHASE_FINAL_ANSWER;
  stage_run (&stage, 2000);
  stage_assert_left (&stage, "One.|Two.");
  stage_clear (&stage);
}

/* --- granularity --- */

static void
test_item (void)
{
  Stage stage;
  Rt2Spoken *a;

  stage_init (&stage);
  stage.rules.granularity = RT2_GRANULARITY_ITEM;
  stage_whole (&stage, "r", 0, "One. Two\nlines.  Three. ", 2000);
  g_assert_cmpuint (stage_step (&stage), ==, 1);
  stage_assert_left (&stage, "One. Two\nlines.  Three.");
  g_assert_true (stage_nth (&stage, 0)->final);
  g_assert_cmpuint (stage_nth (&stage, 0)->duration, <=, 2 * SECOND);
  g_assert_cmpuint (stage_nth (&stage, 0)->duration, >, 1500 * MSECOND);
  stage_run (&stage, 2000);
  /* its end is known when the text is done, not when a sentence is */
  a = stage_item (&stage, "s", 0);
  rig_append (&stage.rig, a, 0, 0, 240000);
  stage_say (a, "Four. Five. ");
  stage_run (&stage, 1000);
  g_assert_cmpuint (stage.left->len, ==, 1);
  rt2_spoken_finish_text (a, "Four. Five. Six.");
  g_assert_cmpuint (stage_step (&stage), ==, 1);
  g_assert_cmpstr (stage_nth (&stage, 1)->text, ==, "Four. Five. Six.");
  stage_clear (&stage);
}

/* Word by word, each when its first sample sounds: at any instant those words
 * are out whose sound has begun, and no other. */
static void
test_delta (void)
{
  Stage stage;
  Rt2Spoken *a;
  gsize out;

  stage_init (&stage);
  stage.rules.granularity = RT2_GRANULARITY_DELTA;
  a = stage_whole (&stage, "r", 0, three, 6400);
  while (stage.left->len < 12) {
    guint64 rt, now = rig_now (&stage.rig);

    g_assert_cmpuint (now, <, ODD_START + 7 * SECOND);
    stage_step (&stage);
    out = GPOINTER_TO_SIZE (g_hash_table_lookup (stage.cursors, a));
    if (stage.left->len < 12)
      g_assert_false (
          rt2_spoken_time_of (a, rt2_align_sample_of (a, out + 1), &rt)
          && rt <= now);
  }
  stage_assert_left (&stage,
      "This|is|the|first|one.|Here|comes|the|second,|longer|"
      "one.|Third.");
  g_assert_true (stage_nth (&stage, 11)->final);
  g_assert_false (stage_nth (&stage, 10)->final);
  stage_clear (&stage);
}

/* --- on arrival --- */

static void
test_arrival (void)
{
  Stage stage;
  Rt2Spoken *a;

  stage_init (&stage);
  stage.rules.sync = RT2_CAPTION_SYNC_ARRIVAL;
  a = stage_item (&stage, "r", 0);
  stage_say (a, "One. Two. Thr");
  g_assert_cmpuint (stage_poll (&stage, ODD_START), ==, 2);
  g_assert_cmpuint (stage_nth (&stage, 0)->pts, ==, ODD_START);
  rt2_spoken_finish_text (a, "One. Two. Three.");
  stage.position = 0;
  g_assert_cmpuint (stage_poll (&stage, ODD_START + SECOND), ==, 1);
  g_assert_cmpuint (stage_nth (&stage, 2)->pts, ==, ODD_START + SECOND);
  g_assert_true (stage_nth (&stage, 2)->final);
  stage_assert_left (&stage, "One.|Two.|Three.");
  g_assert_false (rt2_caption_reader_is_waiting (stage.reader));
  stage_clear (&stage);
}

/* --- the reader --- */

static void
test_clear (void)
{
  Stage stage;

  stage_init (&stage);
  g_assert_false (rt2_caption_reader_is_waiting (stage.reader));
  g_assert_cmpuint (stage_poll (&stage, SECOND), ==, 0);
  stage_whole (&stage, "r", 0, three, 1000);
  stage_step (&stage);
  g_assert_true (rt2_caption_reader_is_waiting (stage.reader));
  rt2_caption_reader_clear (stage.reader);
  g_assert_false (rt2_caption_reader_is_waiting (stage.reader));
  stage_run (&stage, 2000);
  stage_assert_left (&stage, "This is the first one.");
  stage_clear (&stage);
}

static gboolean
add_numbered (Stage *stage, guint i)
{
  g_autofree gchar *id = g_strdup_printf ("u%u", i);

  return rt2_caption_reader_add (stage->reader, &stage->rules,
      rt2_playout_user_item (stage->rig.playout, id));
}

static void
finish_numbered (Stage *stage, guint i)
{
  g_autofree gchar *id = g_strdup_printf ("u%u", i);
  Rt2Spoken *spoken = rt2_playout_find (stage->rig.playout, id);

  g_assert_nonnull (spoken);
  rt2_spoken_finish_text (spoken, id);
}

/* Only so many may wait; the oldest goes, and only what waits counts. */
static void
test_bound (void)
{
  Stage stage;

  stage_init (&stage);
  for (guint i = 0; i < RT2_CAPTION_MAX_ITEMS; i++)
    g_assert_true (add_numbered (&stage, i));
  g_assert_false (add_numbered (&stage, RT2_CAPTION_MAX_ITEMS));
  for (guint i = 0; i <= RT2_CAPTION_MAX_ITEMS; i++)
    finish_numbered (&stage, i);
  g_assert_cmpuint (stage_poll (&stage, SECOND), ==, RT2_CAPTION_MAX_ITEMS);
  g_assert_cmpstr (stage_nth (&stage, 0)->text, ==, "u1");
  g_assert_cmpstr (
      stage_nth (&stage, RT2_CAPTION_MAX_ITEMS - 1)->text, ==, "u256");
  g_assert_false (rt2_caption_reader_is_waiting (stage.reader));
  for (guint i = 1000; i < 1000 + RT2_CAPTION_MAX_ITEMS; i++)
    g_assert_true (add_numbered (&stage, i));
  stage_clear (&stage);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/caption/time/exact", test_in_time);
  g_test_add_func ("/caption/time/short-end", test_short_end);
  g_test_add_func ("/caption/time/figures", test_figures);
  g_test_add_func ("/caption/time/placed", test_nothing_before_it_is_placed);
  g_test_add_func ("/caption/time/position", test_position);
  g_test_add_func ("/caption/time/max-wait", test_max_wait);
  g_test_add_func ("/caption/time/unfinished", test_unfinished);
  g_test_add_func ("/caption/time/known-in-time", test_known_in_time);
  g_test_add_func ("/caption/time/underrun", test_underrun);
  g_test_add_func ("/caption/time/text-last", test_text_last);
  g_test_add_func ("/caption/time/text-late", test_text_late);
  g_test_add_func ("/caption/time/text-first", test_text_first);
  g_test_add_func ("/caption/time/no-sound", test_no_sound);
  g_test_add_func ("/caption/items/two", test_two_items);
  g_test_add_func ("/caption/items/behind-nothing", test_behind_nothing);
  g_test_add_func ("/caption/items/user-pending", test_user_item_pending);
  g_test_add_func ("/caption/items/user-at-once", test_user_leaves_at_once);
  g_test_add_func ("/caption/items/never-ends", test_text_never_ends);
  g_test_add_func ("/caption/items/cancelled", test_cancelled);
  g_test_add_func (
      "/caption/items/cancelled-early", test_cancelled_before_it_began);
  g_test_add_func ("/caption/rules/roles", test_roles);
  g_test_add_func ("/caption/rules/phases", test_phases);
  g_test_add_func ("/caption/rules/phase-late", test_phase_known_late);
  g_test_add_func ("/caption/granularity/item", test_item);
  g_test_add_func ("/caption/granularity/delta", test_delta);
  g_test_add_func ("/caption/arrival", test_arrival);
  g_test_add_func ("/caption/reader/clear", test_clear);
  g_test_add_func ("/caption/reader/bound", test_bound);
  return g_test_run ();
}
