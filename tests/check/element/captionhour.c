/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An hour of talk, delivered in the ways in which servers may: how far captions
 * are from the words that are heard. The truth comes from the voice itself,
 * which tells when it begins each word; the schedule and the captions see only
 * what a server sends. No clock runs: the hour takes as long as the arithmetic.
 */
#include <stdlib.h>
#include <string.h>

#include "captionstage.h"
#include "recital.h"

/* ms of talk; as many for every way as RT2_HOUR_MS says, if it is set. */
#define HOUR 3600000
#define PART 400000
#define MAX_SENTENCES 9
/* ms: by how much captions may be away from the sound of their first word, or
 * from when they are known if that is later. A way that tells nothing of time
 * has no bound but that of its own. */
#define MEDIAN 250
#define MOST 600
/* ms: what is before the sound by more is early. */
#define EARLY -100
/* ms */
#define LEAD -200
#define DELTA_MIN 40
#define DELTA_MAX 400
#define STALL 2500
/* One in so many pieces. */
#define STALL_EVERY 40

#define SENTENCE RT2_GRANULARITY_SENTENCE
#define WORD RT2_GRANULARITY_DELTA

/* How a server sends one item. */
typedef struct {
  const gchar *name;
  gboolean text_first;   /* all text, then all sound; else side by side */
  gboolean tokens;       /* 3 to 5 characters; else words */
  gint lag_min, lag_max; /* ms of the text behind its sound, by item */
  gdouble pace;          /* times real time; 0: changes between 1 and 20 */
  guint length;          /* ms of talk */
  Rt2Granularity granularity;
  Rt2AudioFormat format;
  gboolean stalls; /* for up to STALL now and then: the sound runs out */
} Way;

/* Errors. */
typedef struct {
  GArray *sizes; /* gdouble, absolute */
  gdouble least; /* most negative */
  guint n_early; /* below EARLY */
} Figures;

/* One piece on the wire. */
typedef struct {
  gdouble at; /* ms after the response began */
  gboolean is_text;
  gsize from, to; /* bytes of the text, samples of the sound */
} Piece;

/* Text up to a byte was known at an instant. */
typedef struct {
  gsize text;
  guint64 at;
} Known;

typedef struct {
  const Way *way;
  GRand *rand;
  Stage stage;
  guint n_items, n_units;
  guint64 said;  /* ms */
  Figures sound; /* against the word's first sample */
  Figures known; /* against that or when the unit was known */
  /* of the item in progress: */
  Recital *recital;
  Rt2Spoken *spoken;
  GArray *pieces; /* Piece, by time */
  GArray *log;    /* Known, by both */
  guint64 done;   /* when all of its text was known */
} Hour;

/* --- figures --- */

static gint
compare_doubles (gconstpointer a, gconstpointer b)
{
  gdouble x = *(const gdouble *) a, y = *(const gdouble *) b;

  return x < y ? -1 : x > y;
}

static void
figures_add (Figures *figures, gdouble error)
{
  gdouble absolute = ABS (error);

  g_array_append_val (figures->sizes, absolute);
  figures->least = MIN (figures->least, error);
  figures->n_early += error < EARLY;
}

static gdouble
ms_between (guint64 from, guint64 to)
{
  return ((gdouble) to - (gdouble) from) / MSECOND;
}

static gdouble
percentile (const Figures *figures, guint percent)
{
  guint last = figures->sizes->len - 1;

  g_array_sort (figures->sizes, compare_doubles);
  return g_array_index (figures->sizes, gdouble, last * percent / 100);
}

/* --- what a server sends --- */

static gdouble
ms_of (const Recital *recital, guint64 samples)
{
  return samples * 1000.0 / rt2_audio_format_rate (recital->format);
}

static void
add_piece (Hour *hour, gdouble at, gboolean is_text, gsize from, gsize to)
{
  Piece piece = { MAX (at, 0), is_text, from, to };

  g_array_append_val (hour->pieces, piece);
}

/* Where the piece of text ends that begins at @from: a word with the blanks in
 * front of it, or a few characters. */
static gsize
piece_end (Hour *hour, gsize from)
{
  const gchar *text = hour->recital->text, *at = text + from;
  guint n = g_rand_int_range (hour->rand, 3, 6);

  if (hour->way->tokens) {
    while (n-- > 0 && *at != '\0')
      at = g_utf8_next_char (at);
    return at - text;
  }
  at += strspn (at, " ");
  return at - text + strcspn (at, " ");
}

static void
plan_text (Hour *hour)
{
  gint lag = g_rand_int_range (
      hour->rand, hour->way->lag_min, hour->way->lag_max + 1);
  gsize len = strlen (hour->recital->text), end;

  for (gsize from = 0; from < len; from = end) {
    gsize word = from + strspn (hour->recital->text + from, " ");
    guint64 sample = recital_sample_within (hour->recital, word);

    end = piece_end (hour, from);
    add_piece (hour,
        hour->way->text_first ? 0 : ms_of (hour->recital, sample) + lag, TRUE,
        from, end);
  }
}

static void
plan_sound (Hour *hour)
{
  guint rate = rt2_audio_format_rate (hour->way->format);
  guint64 end;

  for (guint64 from = 0; from < hour->recital->samples; from = end) {
    end = from
        + g_rand_int_range (hour->rand, DELTA_MIN, DELTA_MAX) * rate / 1000;
    end = MIN (end, hour->recital->samples);
    add_piece (hour, ms_of (hour->recital, from), FALSE, from, end);
  }
}

static gint
compare_pieces (gconstpointer a, gconstpointer b)
{
  const Piece *x = a, *y = b;

  if (x->at != y->at)
    return x->at < y->at ? -1 : 1;
  if (x->is_text != y->is_text)
    return y->is_text - x->is_text;
  return x->from < y->from ? -1 : x->from > y->from;
}

/* From the time of the sound to that of the wire. */
static void
apply_pace (Hour *hour)
{
  gdouble at = 0, before = 0, until = 0, pace = hour->way->pace;

  for (guint i = 0; i < hour->pieces->len; i++) {
    Piece *piece = &g_array_index (hour->pieces, Piece, i);
    gdouble sound = piece->at;

    if (hour->way->pace == 0 && sound >= until) {
      pace = g_rand_double_range (hour->rand, 1, 20);
      until = sound + g_rand_int_range (hour->rand, 500, 4000);
    }
    at += (sound - before) / pace;
    before = sound;
    if (hour->way->stalls && g_rand_int_range (hour->rand, 0, STALL_EVERY) == 0)
      at += g_rand_int_range (hour->rand, 500, STALL);
    piece->at = at;
  }
}

static void
plan (Hour *hour)
{
  g_array_set_size (hour->pieces, 0);
  plan_text (hour);
  plan_sound (hour);
  g_array_sort (hour->pieces, compare_pieces);
  apply_pace (hour);
}

static void
send_piece (Hour *hour, const Piece *piece)
{
  guint width = rt2_audio_format_width (hour->way->format);
  Known known = { piece->to, rig_now (&hour->stage.rig) };

  if (piece->is_text) {
    g_autofree gchar *delta = g_strndup (
        hour->recital->text + piece->from, piece->to - piece->from);

    stage_say (hour->spoken, delta);
    g_array_append_val (hour->log, known);
  } else {
    g_autoptr (GBytes)
        sound = g_bytes_new (hour->recital->sound->data + piece->from * width,
            (piece->to - piece->from) * width);

    g_assert_cmpuint (
        rt2_playout_append_audio (hour->stage.rig.playout, hour->spoken, sound),
        ==, 0);
  }
}

/* Sends what is due @ms after the response began. Returns whether there is
 * more. */
static gboolean
send_due (Hour *hour, guint *next, gdouble ms)
{
  while (*next < hour->pieces->len) {
    const Piece *piece = &g_array_index (hour->pieces, Piece, *next);

    if (piece->at > ms)
      return TRUE;
    send_piece (hour, piece);
    ++*next;
  }
  return FALSE;
}

/* --- one item --- */

static void
begin_item (Hour *hour)
{
  g_autofree gchar *response = g_strdup_printf ("r%u", hour->n_items++);
  guint n = g_rand_int_range (hour->rand, 1, MAX_SENTENCES + 1);

  hour->recital = recital_new (hour->rand, n, hour->way->format);
  hour->said += ms_of (hour->recital, hour->recital->samples);
  hour->spoken = rt2_spoken_ref (stage_item (&hour->stage, response, 0));
  g_array_set_size (hour->log, 0);
  plan (hour);
}

static void
finish_item (Hour *hour)
{
  rt2_spoken_finish_text (hour->spoken, hour->recital->text);
  rt2_spoken_finish_audio (hour->spoken);
  rt2_playout_finish_response (
      hour->stage.rig.playout, hour->spoken->response_id);
  hour->done = rig_now (&hour->stage.rig);
}

static void
play_item (Hour *hour)
{
  guint64 start = rig_now (&hour->stage.rig);
  gboolean more = TRUE;
  guint next = 0;

  while (more || rt2_playout_is_speaking (hour->stage.rig.playout)
      || rt2_caption_reader_is_waiting (hour->stage.reader)) {
    gdouble ms = ms_between (start, rig_now (&hour->stage.rig));

    g_assert_cmpfloat (ms, <, 1000000);
    if (more && !(more = send_due (hour, &next, ms)))
      finish_item (hour);
    stage_step (&hour->stage);
  }
}

static guint64
known_at (const Hour *hour, gsize end)
{
  for (guint i = 0; i < hour->log->len; i++) {
    const Known *known = &g_array_index (hour->log, Known, i);

    if (known->text > end)
      return known->at;
  }
  return hour->done;
}

/* What follows "e.g." or "Dr." is none. */
static gboolean
begins_sentence (const gchar *text, gsize at)
{
  gsize before = at;

  if (at == 0 || text[at] == '\0')
    return TRUE;
  while (before > 0 && text[before - 1] == ' ')
    before--;
  return strchr (".!?", text[before - 1]) != NULL
      && !g_unichar_islower (g_utf8_get_char (text + at))
      && !(before >= 3 && strncmp (text + before - 3, "Dr.", 3) == 0);
}

static gboolean
ends_sentence (const gchar *text, gsize at)
{
  return strchr (".!?", text[at - 1]) != NULL;
}

static void
check_unit (Hour *hour, const Rt2Caption *caption, gsize from, gsize to)
{
  guint64 truth = rig_time_of (
      hour->spoken, recital_sample_of (hour->recital, from));
  guint64 known = known_at (hour, to);

  figures_add (&hour->sound, ms_between (truth, caption->pts));
  figures_add (&hour->known, ms_between (MAX (truth, known), caption->pts));
}

/* What left is all of the text, in order and without overlap. */
static void
check_item (Hour *hour)
{
  const gchar *text = hour->recital->text;
  guint64 position = 0;
  gsize at = 0;

  for (guint i = 0; i < hour->stage.left->len; i++) {
    const Rt2Caption *caption = stage_nth (&hour->stage, i);

    at += strspn (text + at, " ");
    g_assert_true (g_str_has_prefix (text + at, caption->text));
    g_assert_cmpuint (caption->pts, >=, position);
    position = caption->pts + caption->duration;
    if (begins_sentence (text, at)
        && (ends_sentence (text, at + strlen (caption->text))
            || hour->way->granularity != RT2_GRANULARITY_SENTENCE))
      check_unit (hour, caption, at, at + strlen (caption->text));
    at += strlen (caption->text);
  }
  g_assert_cmpuint (at, ==, strlen (text));
}

static void
end_item (Hour *hour)
{
  hour->n_units += hour->stage.left->len;
  g_ptr_array_set_size (hour->stage.left, 0);
  g_array_set_size (hour->stage.left_at, 0);
  g_hash_table_remove_all (hour->stage.cursors);
  rt2_spoken_unref (hour->spoken);
  g_clear_pointer (&hour->recital, recital_free);
  stage_run (&hour->stage, g_rand_int_range (hour->rand, 100, 1500));
}

/* --- hours --- */

static guint64
length_of (const Way *way)
{
  const gchar *ms = g_getenv ("RT2_HOUR_MS");

  return ms ? g_ascii_strtoull (ms, NULL, 10) : way->length;
}

static void
hour_init (Hour *hour, const Way *way)
{
  guint rate = rt2_audio_format_rate (way->format);

  memset (hour, 0, sizeof *hour);
  hour->way = way;
  hour->rand = g_rand_new_with_seed (1876);
  stage_init (&hour->stage);
  rig_clear (&hour->stage.rig);
  rig_init (&hour->stage.rig, way->format, rate / 50, ODD_START);
  hour->stage.rules.granularity = way->granularity;
  hour->pieces = g_array_new (FALSE, FALSE, sizeof (Piece));
  hour->log = g_array_new (FALSE, FALSE, sizeof (Known));
  hour->sound.sizes = g_array_new (FALSE, FALSE, sizeof (gdouble));
  hour->known.sizes = g_array_new (FALSE, FALSE, sizeof (gdouble));
}

static void
hour_clear (Hour *hour)
{
  g_array_unref (hour->pieces);
  g_array_unref (hour->log);
  g_array_unref (hour->sound.sizes);
  g_array_unref (hour->known.sizes);
  g_rand_free (hour->rand);
  stage_clear (&hour->stage);
}

static void
print_figures (Figures *figures, const gchar *name)
{
  g_test_message (
      "%s: p50 %.0f p95 %.0f max %.0f ms; %u early, at most %.0f ms", name,
      percentile (figures, 50), percentile (figures, 95),
      percentile (figures, 100), figures->n_early, -figures->least);
}

static void
check_figures (Hour *hour)
{
  guint n = hour->known.sizes->len;

  g_test_message ("%u sentences in %u items", n, hour->n_items);
  print_figures (&hour->sound, "after the word begins");
  print_figures (&hour->known, "after it begins and is known");
  if (hour->way->text_first && hour->way->pace < 2)
    return;
  g_assert_cmpfloat (percentile (&hour->known, 50), <, MEDIAN);
  g_assert_cmpfloat (percentile (&hour->known, 95), <, MOST);
  g_assert_cmpfloat (percentile (&hour->sound, 50),
      <, hour->way->pace> 4 || hour->way->granularity == WORD ? MEDIAN
                                                              : G_MAXDOUBLE);
  g_assert_cmpuint (hour->sound.n_early * 100, <=, n * 2);
  if (hour->way->length == HOUR)
    g_assert_cmpfloat (hour->sound.least, >=, 0);
}

static void
test_hour (gconstpointer data)
{
  Hour hour;

  hour_init (&hour, data);
  while (hour.said < length_of (data)) {
    begin_item (&hour);
    play_item (&hour);
    check_item (&hour);
    end_item (&hour);
  }
  check_figures (&hour);
  hour_clear (&hour);
}

static const Way ways[] = {
  { "words-ahead-1x", FALSE, FALSE, LEAD, LEAD, 1, PART, SENTENCE },
  { "words-ahead-3x", FALSE, FALSE, LEAD, LEAD, 3, PART, SENTENCE },
  { "words-ahead-20x", FALSE, FALSE, LEAD, LEAD, 20, PART, SENTENCE },
  { "words-ahead-bursts", FALSE, FALSE, LEAD, LEAD, 0, HOUR, SENTENCE },
  { "tokens-ahead-8x", FALSE, TRUE, LEAD, LEAD, 8, PART, SENTENCE },
  { "tokens-ahead-1x-by-word", FALSE, TRUE, LEAD, LEAD, 1, PART, WORD },
  { "words-ahead-8x-by-word", FALSE, FALSE, LEAD, LEAD, 8, PART, WORD },
  { "words-ahead-8x-ulaw", FALSE, FALSE, LEAD, LEAD, 8, PART, SENTENCE,
      RT2_AUDIO_FORMAT_PCMU },
  { "words-ahead-stalls", FALSE, FALSE, LEAD, LEAD, 2, PART, SENTENCE,
      RT2_AUDIO_FORMAT_PCM16, TRUE },
  { "words-behind-1x", FALSE, FALSE, 0, 1000, 1, PART, SENTENCE },
  { "words-behind-8x", FALSE, FALSE, 0, 1000, 8, PART, SENTENCE },
  { "tokens-behind-bursts", FALSE, TRUE, 0, 1000, 0, PART, SENTENCE },
  { "text-first-1x", TRUE, FALSE, 0, 0, 1, PART, SENTENCE },
  { "text-first-8x", TRUE, FALSE, 0, 0, 8, PART, SENTENCE },
  { "text-first-20x", TRUE, FALSE, 0, 0, 20, PART, SENTENCE },
};

/* --- the listener breaks in --- */

static guint
count_words (const gchar *text, gsize len)
{
  guint n = 0;

  for (gsize i = 0; i < len; i++)
    n += text[i] != ' ' && (i + 1 == len || text[i + 1] == ' ');
  return n;
}

/* Words that were over, or had begun, when @samples had been heard. */
static guint
words_over (const Hour *hour, guint64 samples, gboolean begun)
{
  const gchar *text = hour->recital->text;
  const GArray *words = hour->recital->words;
  guint n = recital_words_until (hour->recital, samples) + begun;

  if (n >= words->len)
    return count_words (text, strlen (text));
  return count_words (text, g_array_index (words, RecitalWord, n).text);
}

/* Plays until a random instant, then breaks in. */
static Rt2Heard *
break_in (Hour *hour)
{
  guint64 start = rig_now (&hour->stage.rig);
  guint64 until = g_rand_double (hour->rand) * hour->recital->samples;
  g_autoptr (GPtrArray) report = NULL;
  gboolean more = TRUE;
  guint next = 0;

  while (more || rt2_playout_is_speaking (hour->stage.rig.playout)) {
    guint64 now = rig_now (&hour->stage.rig);

    if (more && !(more = send_due (hour, &next, ms_between (start, now))))
      finish_item (hour);
    if (hour->spoken->placed > until)
      break;
    stage_step (&hour->stage);
  }
  report = rt2_playout_interrupt (
      hour->stage.rig.playout, rig_now (&hour->stage.rig), FALSE);
  g_assert_cmpuint (report->len, <=, 1);
  return report->len > 0 ? g_ptr_array_steal_index (report, 0) : NULL;
}

/* Of the words that were heard, by truth and by what is reported; and of those
 * that were shown but had not begun. */
static void
check_heard (Hour *hour, const Rt2Heard *heard)
{
  g_autofree gchar *text = rt2_caption_text_until (hour->spoken, heard->heard);
  gint said = words_over (hour, heard->heard, FALSE);
  gint shown = count_words (
      hour->recital->text, stage_cursor (&hour->stage, hour->spoken));
  guint n = hour->stage.left->len;

  g_assert_true (g_str_has_prefix (hour->recital->text, text));
  figures_add (&hour->known, (gint) count_words (text, strlen (text)) - said);
  figures_add (&hour->sound,
      MAX (0, shown - (gint) words_over (hour, heard->heard, TRUE)));
  stage_run (&hour->stage, 1000);
  finish_item (hour);
  stage_run (&hour->stage, 4000);
  g_assert_cmpuint (hour->stage.left->len, ==, n);
}

/* What the server is told was heard is what was heard: right to the word most
 * of the time. Words shown one by one run ahead by one at most as often. */
static void
test_interrupted (gconstpointer data)
{
  Hour hour;

  hour_init (&hour, data);
  while (hour.said < PART) {
    Rt2Heard *heard;

    begin_item (&hour);
    heard = break_in (&hour);
    if (heard)
      check_heard (&hour, heard);
    else
      finish_item (&hour);
    g_clear_pointer (&heard, rt2_heard_free);
    end_item (&hour);
  }
  g_test_message ("%u interruptions: heard text wrong by p50 %.0f p95 %.0f max "
                  "%.0f words; shown unspoken p95 %.0f max %.0f",
      hour.known.sizes->len, percentile (&hour.known, 50),
      percentile (&hour.known, 95), percentile (&hour.known, 100),
      percentile (&hour.sound, 95), percentile (&hour.sound, 100));
  g_assert_cmpfloat (percentile (&hour.known, 50), <=, 1);
  g_assert_cmpfloat (percentile (&hour.known, 95), <=, 3);
  g_assert_cmpfloat (percentile (&hour.sound, 95), <=, 1);
  hour_clear (&hour);
}

static const Way interrupted_ways[] = {
  { "words-ahead-8x", FALSE, FALSE, LEAD, LEAD, 8, 0, WORD },
  { "words-ahead-1x", FALSE, FALSE, LEAD, LEAD, 1, 0, WORD },
  { "tokens-behind-bursts", FALSE, TRUE, 0, 1000, 0, 0, WORD },
  { "text-first-8x", TRUE, FALSE, 0, 0, 8, 0, WORD },
};

static void
add_tests (const gchar *folder, const Way *list, guint n, GTestDataFunc func)
{
  for (guint i = 0; i < n; i++) {
    g_autofree gchar *path = g_strconcat (
        "/captionhour/", folder, "/", list[i].name, NULL);

    g_test_add_data_func (path, &list[i], func);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_tests ("starts", ways, G_N_ELEMENTS (ways), test_hour);
  add_tests ("interrupted", interrupted_ways, G_N_ELEMENTS (interrupted_ways),
      test_interrupted);
  return g_test_run ();
}
