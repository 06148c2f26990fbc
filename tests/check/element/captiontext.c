/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The text of captions: where a unit ends, where in the sound a word is, and
 * that no server, however it slices what it sends, loses or doubles a word.
 */
#include "captionstage.h"

#include <string.h>

/* --- where a sentence ends --- */

typedef struct {
  const gchar *text;
  const gchar *units; /* separated by bars */
} Split;

static const Split splits[] = {
  { "One. Two.", "One.|Two." },
  { "Really? Yes! Good.", "Really?|Yes!|Good." },
  { "It costs 3.5 euros. Fine.", "It costs 3.5 euros.|Fine." },
  { "See www.example.com or 1.2.3. Ok", "See www.example.com or 1.2.3.|Ok" },
  { "No end at all", "No end at all" },
  { "  In front, behind.  ", "In front, behind." },
  { "Two.   Blanks.", "Two.|Blanks." },
  { "A line\nAnother line", "A line|Another line" },
  { "A line.\n\nAnother.\n", "A line.|Another." },
  { "\xe4\xbd\xa0\xe5\xa5\xbd\xe3\x80\x82\xe4\xb8\x96\xe7\x95\x8c\xe3\x80\x82",
      "\xe4\xbd\xa0\xe5\xa5\xbd\xe3\x80\x82|\xe4\xb8\x96\xe7\x95\x8c"
      "\xe3\x80\x82" },
  { "He said \"stop.\" Then he left.", "He said \"stop.\"|Then he left." },
  { "\xe2\x80\x9cGo.\xe2\x80\x9d She went.",
      "\xe2\x80\x9cGo.\xe2\x80\x9d|She went." },
  { "(Yes.) 'No.' [Why?] So.", "(Yes.)|'No.'|[Why?]|So." },
  { "\xef\xbc\x81\xe4\xbd\xa0\xef\xbc\x9f\xe5\xa5\xbd",
      "\xef\xbc\x81|\xe4\xbd\xa0\xef\xbc\x9f|\xe5\xa5\xbd" },
  { "\xe3\x80\x8c\xe4\xbd\xa0\xe3\x80\x82\xe3\x80\x8d\xe5\xa5\xbd",
      "\xe3\x80\x8c\xe4\xbd\xa0\xe3\x80\x82\xe3\x80\x8d|\xe5\xa5\xbd" },
  { "\xe4\xbd\xa0\xe3\x80\x82\xef\xb8\x80\xe5\xa5\xbd",
      "\xe4\xbd\xa0\xe3\x80\x82\xef\xb8\x80|\xe5\xa5\xbd" },
  { "Gr\xc3\xbc\xc3\x9f Gott. S\xc3\xa9.",
      "Gr\xc3\xbc\xc3\x9f Gott.|S\xc3\xa9." },
  { "", "" },
  { " ", "" },
  { " \n\t  \n", "" },
};

/* The same whether it all leaves on arrival or sentence by sentence when
 * heard. */
static void
check_split (const Split *split, Rt2CaptionSync sync)
{
  Stage stage;
  Rt2Spoken *spoken;

  stage_init (&stage);
  stage.rules.sync = sync;
  spoken = stage_whole (&stage, "r", 0, split->text, 1000);
  stage_run (&stage, 1200);
  stage_assert_left (&stage, split->units);
  stage_assert_all_left (&stage, spoken);
  for (guint i = 0; i < stage.left->len; i++)
    g_assert_cmpint (
        !!stage_nth (&stage, i)->final, ==, i + 1 == stage.left->len);
  g_assert_false (rt2_caption_reader_is_waiting (stage.reader));
  stage_clear (&stage);
}

static void
test_split (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (splits); i++) {
    check_split (&splits[i], RT2_CAPTION_SYNC_ARRIVAL);
    check_split (&splits[i], RT2_CAPTION_SYNC_AUDIO);
  }
}

/* A full stop at the end of what is known may turn out to be within a number,
 * or before a closing quote. */
static void
test_split_across_deltas (void)
{
  static const gchar *deltas[] = { "It is 3", ".", "5 eu", "ros", ".", "\"",
    " And", " more" };
  Stage stage;
  Rt2Spoken *a;

  stage_init (&stage);
  stage.rules.sync = RT2_CAPTION_SYNC_ARRIVAL;
  stage.rules.max_wait = 3600 * SECOND;
  a = stage_item (&stage, "r", 0);
  for (guint i = 0; i < G_N_ELEMENTS (deltas); i++) {
    stage_say (a, deltas[i]);
    stage_poll (&stage, ODD_START + i * PERIOD);
    if (i < 6)
      stage_assert_left (&stage, "");
  }
  stage_assert_left (&stage, "It is 3.5 euros.\"");
  g_assert_true (rt2_caption_reader_is_waiting (stage.reader));
  rt2_spoken_finish_text (a, "It is 3.5 euros.\" And more");
  stage_poll (&stage, ODD_START + SECOND);
  stage_assert_left (&stage, "It is 3.5 euros.\"|And more");
  g_assert_true (stage_nth (&stage, 1)->final);
  stage_clear (&stage);
}

/* --- where in the sound a word is --- */

static const gchar *three =
    "This is the first one. Here comes the second, longer one. Third.";

/* Where the speech of the rig is loud. */
#define LOUD 4000
/* Samples by which it is clear that there is a voice. */
#define BEGINNING 720

static void
check_proportion (const gchar *text, guint samples)
{
  Rig rig;
  Rt2Spoken *a;
  gsize len = strlen (text);
  guint64 previous = 0;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, 480, 0);
  a = rig_item (&rig, "r", 0);
  for (gsize i = 0; i < len; i = g_utf8_next_char (text + i) - text) {
    g_autofree gchar *one = g_strndup (
        text + i, g_utf8_next_char (text + i) - (text + i));

    stage_say (a, one);
    rig_append (&rig, a, 0, LOUD, i * samples % 97);
  }
  rig_append (&rig, a, 0, LOUD, samples);
  rt2_spoken_finish_text (a, text);
  rt2_spoken_finish_audio (a);
  for (gsize i = 0; i <= len; i++) {
    guint64 sample = rt2_align_sample_of (a, i);

    g_assert_cmpuint (sample, >=, previous);
    rig_assert_near (sample, i * a->received / len, 1);
    previous = sample;
  }
  g_assert_cmpuint (rt2_align_sample_of (a, 0), ==, 0);
  g_assert_cmpuint (rt2_align_sample_of (a, len), ==, a->received);
  rig_clear (&rig);
}

static void
test_proportion (void)
{
  check_proportion (three, 100001);
  check_proportion (three, 7);
  check_proportion ("x", 24000);
  check_proportion ("xy z", 0);
}

/* An estimate, while the text streams in: in order, from the start. */
static void
test_estimate (void)
{
  Rig rig;
  Rt2Spoken *a;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, 480, 0);
  a = rig_item (&rig, "r", 0);
  g_assert_cmpuint (rt2_align_sample_of (a, 0), ==, 0);
  for (guint i = 0; three[i] != '\0'; i++) {
    gchar one[2] = { three[i], '\0' };
    guint64 previous = 0;

    stage_say (a, one);
    if (i % 3 == 0)
      rig_append (&rig, a, 0, LOUD, 1 + i * 311 % 4000);
    /* the text begins with the voice, of which a little must be there */
    g_assert_cmpuint (rt2_align_sample_of (a, 0), ==,
        a->received < BEGINNING ? a->received : 0);
    for (gsize k = 0; k <= a->text->len; k++) {
      guint64 sample = rt2_align_sample_of (a, k);

      g_assert_cmpuint (sample, >=, previous);
      previous = sample;
    }
  }
  rig_clear (&rig);
}

/* Text and sound that come side by side are taken to belong together. */
static void
test_estimate_by_arrival (void)
{
  static const gchar text[] = "Text and sound that come to us side by side";
  Rig rig;
  Rt2Spoken *a;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, 480, 0);
  a = rig_item (&rig, "r", 0);
  for (guint i = 0; i < 40; i++) {
    gchar one[2] = { text[i], '\0' };

    stage_say (a, one);
    /* a slow start, then twice as fast */
    rig_append (&rig, a, 0, 0, i < 20 ? 3000 : 1500);
  }
  for (guint i = 0; i < 40; i++)
    rig_assert_near (
        rt2_align_sample_of (a, i), i < 20 ? i * 3000 : 30000 + i * 1500, 6000);
  rig_clear (&rig);
}

/* Whole words, whole characters, nothing that sounds later. */
static void
check_text_until (const Rt2Spoken *a, gboolean has_spaces)
{
  gsize previous = 0;

  for (guint64 n = 0; n <= a->received; n += 7) {
    g_autofree gchar *text = rt2_caption_text_until (a, n);
    gsize len = strlen (text);
    gchar next = a->text->str[len];

    g_assert_true (g_utf8_validate (text, -1, NULL));
    g_assert_true (g_str_has_prefix (a->text->str, text));
    g_assert_cmpuint (len, >=, previous);
    g_assert_cmpuint (rt2_align_sample_of (a, len), <=, n);
    if (has_spaces && len > 0)
      g_assert_true (next == ' ' || next == '\0' || text[len - 1] == ' ');
    previous = len;
  }
}

static void
test_text_until (void)
{
  static const gchar *texts[] = { "One two, three. Four",
    "\xc3\x9c"
    "ber s\xc3\xbc\xc3\x9f"
    "e \xc3\x84pfel",
    "\xe4\xbd\xa0\xe5\xa5\xbd\xe3\x80\x82\xe4\xb8\x96\xe7\x95\x8c\xe3\x80\x82",
    "\xf0\x9f\x98\x80 \xf0\x9f\x98\x81" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    Stage stage;
    Rt2Spoken *a;
    g_autofree gchar *all = NULL, *none = NULL, *beyond = NULL;

    stage_init (&stage);
    a = stage_whole (&stage, "r", 0, texts[i], 300);
    check_text_until (a, strchr (texts[i], ' ') != NULL);
    all = rt2_caption_text_until (a, a->received);
    g_assert_cmpstr (all, ==, texts[i]);
    beyond = rt2_caption_text_until (a, G_MAXUINT64);
    g_assert_cmpstr (beyond, ==, texts[i]);
    none = rt2_caption_text_until (a, 0);
    g_assert_cmpstr (none, ==, "");
    stage_clear (&stage);
  }
}

/* --- any server --- */

#define N_STREAMS 300

typedef struct {
  Stage stage;
  GRand *rand;
  Rt2Spoken *spoken;
  GString *text;
  gsize said;          /* bytes of the text that came */
  guint samples, sent; /* of the audio: in all, and that came */
} Stream;

/* Sentences of random words; @units is what must leave. */
static void
stream_invent (Stream *stream, GString *units)
{
  static const gchar *words[] = { "a", "the", "3.5",
    "Gr\xc3\xbc\xc3\x9f"
    "e,",
    "internationalisation", "\xe2\x80\x9cyes\xe2\x80\x9d", "it's" };
  static const gchar *ends[] = { ".", "!", "?", ".\"" };
  guint n_sentences = g_rand_int_range (stream->rand, 1, 5);

  stream->text = g_string_new (NULL);
  for (guint s = 0; s < n_sentences; s++) {
    guint n_words = g_rand_int_range (stream->rand, 1, 9);

    for (guint w = 0; w < n_words; w++) {
      const gchar *word =
          words[g_rand_int_range (stream->rand, 0, G_N_ELEMENTS (words))];
      const gchar *end = w + 1 < n_words
          ? ""
          : ends[g_rand_int_range (stream->rand, 0, G_N_ELEMENTS (ends))];

      if (stream->text->len > 0) {
        gboolean new_unit = stream->stage.rules.granularity
                == RT2_GRANULARITY_DELTA
            || w == 0;

        if (stream->stage.rules.granularity == RT2_GRANULARITY_ITEM)
          new_unit = FALSE;
        g_string_append_c (stream->text, ' ');
        g_string_append_c (units, new_unit ? '|' : ' ');
      }
      g_string_append_printf (stream->text, "%s%s", word, end);
      g_string_append_printf (units, "%s%s", word, end);
    }
  }
}

/* The next few characters. */
static void
stream_say (Stream *stream)
{
  const gchar *from = stream->text->str + stream->said, *to = from;
  guint n = g_rand_int_range (stream->rand, 1, 12);
  g_autofree gchar *delta = NULL;

  while (n-- > 0 && *to != '\0')
    to = g_utf8_next_char (to);
  delta = g_strndup (from, to - from);
  if (to > from)
    stage_say (stream->spoken, delta);
  stream->said += to - from;
}

static void
stream_sound (Stream *stream)
{
  guint n = g_rand_int_range (stream->rand, 1, 4800);

  n = MIN (n, stream->samples - stream->sent);
  rig_append (&stream->stage.rig, stream->spoken, 0, stream->sent, n);
  stream->sent += n;
}

/* @text_weight of 8 steps are text, as long as there is any. */
static void
stream_play (Stream *stream, gint text_weight)
{
  guint steps = 0;

  while (stream->said < stream->text->len || stream->sent < stream->samples) {
    gboolean text = g_rand_int_range (stream->rand, 0, 8) < text_weight;

    if (stream->sent == stream->samples)
      text = TRUE;
    if (text && stream->said < stream->text->len)
      stream_say (stream);
    else if (stream->sent < stream->samples)
      stream_sound (stream);
    if (g_rand_boolean (stream->rand))
      stage_step (&stream->stage);
    g_assert_cmpuint (++steps, <, 100000);
  }
}

static void
stream_finish (Stream *stream)
{
  if (g_rand_boolean (stream->rand))
    rt2_spoken_finish_audio (stream->spoken);
  if (g_rand_boolean (stream->rand))
    rt2_spoken_finish_text (stream->spoken,
        g_rand_boolean (stream->rand) ? stream->text->str : NULL);
  stage_step (&stream->stage);
  rt2_playout_finish_response (stream->stage.rig.playout, "r");
  stage_run (&stream->stage, 20 + stream->samples / 24 + 20);
}

static void
check_stream (GRand *rand, Rt2Granularity granularity, gint text_weight)
{
  Stream stream = { 0 };
  g_autoptr (GString) units = g_string_new (NULL);
  const Rt2Caption *last;

  stage_init (&stream.stage);
  stream.rand = rand;
  stream.stage.rules.granularity = granularity;
  stream.stage.rules.max_wait = 3600 * SECOND;
  stream.stage.gaps = g_rand_boolean (rand);
  stream_invent (&stream, units);
  stream.samples = stream.text->len * g_rand_int_range (rand, 400, 3000);
  stream.spoken = stage_item (&stream.stage, "r", 0);
  stream_play (&stream, text_weight);
  stream_finish (&stream);
  stage_assert_left (&stream.stage, units->str);
  g_assert_false (rt2_caption_reader_is_waiting (stream.stage.reader));
  last = stage_nth (&stream.stage, stream.stage.left->len - 1);
  g_assert_cmpuint (last->offset, <=, rig_exact_ns (stream.samples, 24000));
  g_string_free (stream.text, TRUE);
  stage_clear (&stream.stage);
}

/* Text first (8), last (0) or mixed, in pieces of any size. */
static void
test_any_server (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (0xcab);

  for (guint i = 0; i < N_STREAMS; i++)
    check_stream (rand, i % 3, i / 3 % 9);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/captiontext/split/table", test_split);
  g_test_add_func ("/captiontext/split/deltas", test_split_across_deltas);
  g_test_add_func ("/captiontext/samples/proportion", test_proportion);
  g_test_add_func ("/captiontext/samples/estimate", test_estimate);
  g_test_add_func ("/captiontext/samples/by-arrival", test_estimate_by_arrival);
  g_test_add_func ("/captiontext/samples/text-until", test_text_until);
  g_test_add_func ("/captiontext/any-server", test_any_server);
  return g_test_run ();
}
