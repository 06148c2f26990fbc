/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Words and samples. Breaks of the text (the ends of sentences, commas) are
 * matched with pauses of the sound, one after another, each as late as it can
 * be: by how much there is to say up to it, by when its text came among the
 * samples, and by what fits the breaks after it. Between two matches words are
 * spread over the speech, pauses left out.
 */
#include "rt2align.h"

#include "rt2match.h"

/* Text from byte @text on begins at @sample; so many letters of text, and
 * samples of speech, are before it. */
typedef struct {
  gsize text;
  guint64 sample;
  guint64 voiced;
  guint64 weight;
} Point;

struct _Rt2Align {
  GArray *points; /* Point, by text and by sample; the first is of byte 0 */
  gsize checked;  /* breaks before this byte have been matched, or never will */
  guint64 news;   /* sum of all that makes a difference, when it was last looked
                   * at */
  guint pauses;   /* that were known when matches were last reconsidered */
  guint64 rest;   /* letters of all text after the last point; 0: not counted */
};

/* Weights are letters. So many ns of speech each: as guessed before a voice is
 * known, and of the fastest that is taken for likely. */
#define LETTER 65000000
#define FAST_LETTER (1000000000 / 17)
/* The guess counts as much as so many letters that were heard. */
#define GUESS_WEIGHT 40
/* What is not a letter, in letters; digits also of hundreds and above. */
#define DIGIT_WEIGHT 4
#define HUNDREDS_WEIGHT 9
#define SYMBOL_WEIGHT 7
#define IDEOGRAPH_WEIGHT 3
/* ns: a voice that begins later than that does not make text wait. */
#define LONGEST_LEAD (G_GUINT64_CONSTANT (2) * 1000000000)
/* Pauses at the end of a sentence are as long as that part of the longest, and
 * so many ms at least. */
#define LONG_PART 0.7
#define LONG_PAUSE 160
/* ms: of when text comes. */
#define ARRIVAL_DEVIATION 150
/* ms: so much sound after a pause tells whether the text fits. */
#define LOOK_AHEAD 2000
/* A caption rather ends too early than to hold up the next. */
#define SHORT_PART 0.8
/* ms before a pause ends: when it is time to decide. */
#define EARLY 100
/* Matches that may turn out to be wrong. */
#define RECONSIDERED 4
/* Matches that tell how text and sound come apart. */
#define AVERAGE_POINTS 5
/* A pause may come as many deviations after it should. */
#define STRONG_LIMIT 3
#define WEAK_LIMIT 2

Rt2Align *
rt2_align_new (void)
{
  Rt2Align *align = g_new0 (Rt2Align, 1);

  align->points = g_array_new (FALSE, FALSE, sizeof (Point));
  return align;
}

void
rt2_align_free (Rt2Align *align)
{
  g_array_unref (align->points);
  g_free (align);
}

/* --- how much there is to say --- */

/* Of the character at @text. */
static guint
weight_of_char (const gchar *text)
{
  gunichar c = g_utf8_get_char (text);

  if (g_ascii_isdigit (text[0]))
    return g_ascii_isdigit (text[1]) && g_ascii_isdigit (text[2])
        ? HUNDREDS_WEIGHT
        : DIGIT_WEIGHT;
  if (c == '%' || g_unichar_type (c) == G_UNICODE_CURRENCY_SYMBOL)
    return SYMBOL_WEIGHT;
  return c >= 0x2e80 && c < 0xff00 ? IDEOGRAPH_WEIGHT : 1;
}

static guint64
weight_between (const Rt2Spoken *spoken, gsize from, gsize to)
{
  const gchar *text = spoken->text->str;
  guint64 weight = 0;

  while (from < to) {
    weight += weight_of_char (text + from);
    from = g_utf8_next_char (text + from) - text;
  }
  return weight;
}

static gdouble
to_samples (const Rt2Spoken *spoken, guint64 ns)
{
  return rt2_audio_format_ns_to_samples (spoken->format, ns);
}

static gdouble
to_ms (const Rt2Spoken *spoken, gdouble samples)
{
  return samples * 1000 / rt2_audio_format_rate (spoken->format);
}

static const Point *
last_point (const Rt2Spoken *spoken)
{
  return &g_array_index (
      spoken->align->points, Point, spoken->align->points->len - 1);
}

/* Samples of speech per letter of this voice, as far as it is known. */
static gdouble
letter_length (const Rt2Spoken *spoken)
{
  const Point *first = &g_array_index (spoken->align->points, Point, 0);
  const Point *last = last_point (spoken);

  return (last->voiced - first->voiced
             + GUESS_WEIGHT * to_samples (spoken, LETTER))
      / (last->weight - first->weight + GUESS_WEIGHT);
}

/* --- when text came --- */

/* The index of the last anchor that is not after byte @text. */
static guint
anchor_before (const Rt2Spoken *spoken, gsize text)
{
  guint low = 0, high = spoken->anchors->len;

  while (low + 1 < high) {
    guint middle = (low + high) / 2;

    if (g_array_index (spoken->anchors, Rt2Anchor, middle).text <= text)
      low = middle;
    else
      high = middle;
  }
  return low;
}

/* Samples that had been received when byte @text came. */
static guint64
arrival_of (const Rt2Spoken *spoken, gsize text)
{
  if (spoken->anchors->len == 0)
    return 0;
  return g_array_index (
      spoken->anchors, Rt2Anchor, anchor_before (spoken, text))
      .samples;
}

/* Samples that came right before byte @text, without any text. */
static guint64
arrival_step (const Rt2Spoken *spoken, gsize text)
{
  guint i = anchor_before (spoken, text);
  guint64 samples = g_array_index (spoken->anchors, Rt2Anchor, i).samples;

  while (i > 0)
    if (g_array_index (spoken->anchors, Rt2Anchor, --i).samples < samples)
      return samples - g_array_index (spoken->anchors, Rt2Anchor, i).samples;
  return samples;
}

/* --- breaks --- */

static gboolean
is_sentence_mark (gunichar c)
{
  return c == '.' || c == '!' || c == '?' || c == 0x2026 || c == 0x3002
      || c == 0xff01 || c == 0xff1f || c == 0xff0e || c == 0x0964;
}

static gboolean
is_clause_mark (gunichar c)
{
  return c == ',' || c == ';' || c == ':' || c == 0x2013 || c == 0x2014
      || c == 0x3001 || c == 0xff0c || c == 0x060c;
}

/* Marks that are no mark of their own: quotes and brackets. */
static gboolean
is_ornament (gunichar c)
{
  GUnicodeType type = g_unichar_type (c);

  return c == '"' || c == '\'' || type == G_UNICODE_CLOSE_PUNCTUATION
      || type == G_UNICODE_FINAL_PUNCTUATION;
}

/* The first byte after the next break from @from on, FALSE if what follows it
 * is not known. */
static gboolean
next_break (const Rt2Spoken *spoken, gsize from, gsize *at, gboolean *strong)
{
  const gchar *text = spoken->text->str;
  gunichar mark = 0;
  gboolean spaced = FALSE;

  for (gsize pos = from; pos < spoken->text->len;
       pos = g_utf8_next_char (text + pos) - text) {
    gunichar c = g_utf8_get_char (text + pos);

    if (g_unichar_isspace (c)) {
      spaced = TRUE;
      mark = c == '\n' ? '.' : mark;
    } else if (mark != 0 && !is_ornament (c) && (spaced || mark > 0x2fff)) {
      *at = pos;
      *strong = is_sentence_mark (mark);
      return TRUE;
    } else if (!is_ornament (c) || spaced) {
      mark = is_sentence_mark (c) || is_clause_mark (c) ? c : 0;
      spaced = FALSE;
    }
  }
  return FALSE;
}

/* --- matching them with pauses --- */

static gboolean
is_all_known (const Rt2Spoken *spoken)
{
  return spoken->text_done && spoken->audio_done;
}

/* The samples of speech up to where the speech ends. */
static guint64
voiced_end (const Rt2Spoken *spoken)
{
  return rt2_pauses_voiced_until (&spoken->sound, spoken->sound.received);
}

/* Of the text after the last point; worked out once when all is known. */
static guint64
weight_left (const Rt2Spoken *spoken)
{
  Rt2Align *align = spoken->align;

  if (align->rest == 0)
    align->rest = MAX (1,
        weight_between (spoken, last_point (spoken)->text, spoken->text->len));
  return align->rest;
}

/* By how many samples text was spoken after it came, on average of the last
 * matches: one that is wrong shall not mislead all that follow. */
static gdouble
average_delay (const Rt2Spoken *spoken)
{
  const GArray *points = spoken->align->points;
  guint n = MIN (points->len, AVERAGE_POINTS);
  gdouble sum = 0;

  for (guint i = points->len - n; i < points->len; i++) {
    const Point *point = &g_array_index (points, Point, i);

    sum += (gdouble) point->sample - arrival_of (spoken, point->text);
  }
  return sum / n;
}

static void
guess_by_arrival (const Rt2Spoken *spoken, gsize text, Rt2Break *b)
{
  guint64 arrival = arrival_of (spoken, text);

  b->arrival_deviation = 0;
  if (arrival <= arrival_of (spoken, last_point (spoken)->text))
    return;
  b->arrival = to_ms (spoken, arrival + average_delay (spoken));
  b->arrival_deviation = ARRIVAL_DEVIATION
      + to_ms (spoken, arrival_step (spoken, text)) / 3;
  /* The beginning tells little: what runs ahead cannot do so there. */
  if (spoken->align->points->len == 1)
    b->arrival_deviation += ARRIVAL_DEVIATION;
}

/* Samples of speech per letter in what comes now. */
static gdouble
expected_letter_length (const Rt2Spoken *spoken)
{
  if (!is_all_known (spoken))
    return letter_length (spoken);
  return (gdouble) (voiced_end (spoken) - last_point (spoken)->voiced)
      / weight_left (spoken);
}

/* The next breaks of the text. */
static void
collect_breaks (const Rt2Spoken *spoken, Rt2Match *match)
{
  const Point *last = last_point (spoken);
  gdouble letter = to_ms (spoken, expected_letter_length (spoken));
  gsize from = last->text, at = spoken->align->checked;
  guint64 weight = 0;

  match->n_breaks = 0;
  while (match->n_breaks < RT2_MATCH_BREAKS) {
    Rt2Break *b = &match->breaks[match->n_breaks];

    if (!next_break (spoken, at, &at, &b->strong))
      break;
    weight += weight_between (spoken, from, at);
    from = at;
    b->spoken = weight * letter;
    guess_by_arrival (spoken, at, b);
    match->n_breaks++;
  }
  match->complete = is_all_known (spoken) && match->n_breaks < RT2_MATCH_BREAKS;
  match->text_end = match->complete ? weight_left (spoken) * letter : 0;
}

/* The next pauses of the sound. Returns the index of the first. */
static guint
collect_gaps (const Rt2Spoken *spoken, Rt2Match *match)
{
  const Point *last = last_point (spoken);
  const GArray *pauses = spoken->sound.pauses;
  guint first = pauses->len;

  while (first > 0
      && g_array_index (pauses, Rt2Quiet, first - 1).start > last->sample)
    first--;
  match->n_gaps = MIN (pauses->len - first, RT2_MATCH_PAUSES);
  for (guint j = 0; j < match->n_gaps; j++) {
    const Rt2Quiet *pause = &g_array_index (pauses, Rt2Quiet, first + j);
    Rt2Gap *gap = &match->gaps[j];

    gap->end = to_ms (spoken, pause->end);
    gap->spoken = to_ms (spoken, pause->voiced - last->voiced);
    gap->length = to_ms (spoken, pause->end - pause->start);
  }
  match->spoken_end = to_ms (spoken, voiced_end (spoken) - last->voiced);
  match->end = to_ms (spoken, spoken->sound.received);
  if (first + match->n_gaps < pauses->len) {
    match->end = match->gaps[match->n_gaps - 1].end;
    match->spoken_end = match->gaps[match->n_gaps - 1].spoken;
    match->complete = FALSE;
  }
  return first;
}

/* ms: how long a pause is at the end of a sentence, as this voice speaks. */
static gdouble
usual_pause (const Rt2Match *match)
{
  gdouble longest = 0;

  for (guint j = 0; j < match->n_gaps; j++)
    longest = MAX (longest, match->gaps[j].length);
  return MAX (LONG_PAUSE, longest * LONG_PART);
}

/* Where the break should be, ms. */
static gdouble
expected_end (const Rt2Spoken *spoken, const Rt2Break *b)
{
  guint64 voiced = last_point (spoken)->voiced
      + to_samples (spoken, b->spoken * 1000000);

  return b->arrival_deviation > 0
      ? b->arrival
      : to_ms (spoken, rt2_pauses_sample_of (&spoken->sound, voiced));
}

/* TRUE if a pause that is yet to come may be that of the break. */
static gboolean
may_come (const Rt2Spoken *spoken, const Rt2Match *match)
{
  const Rt2Break *b = &match->breaks[0];
  gdouble limit = !b->strong && b->arrival_deviation > 0 ? WEAK_LIMIT
                                                         : STRONG_LIMIT;

  if (spoken->audio_done)
    return FALSE;
  return match->spoken_end < b->spoken + limit * rt2_match_deviation (b->spoken)
      && (b->arrival_deviation == 0
          || to_ms (spoken, spoken->sound.received)
              < b->arrival + limit * b->arrival_deviation);
}

/* TRUE if nothing better than @gap is to be expected: it is where it should be
 * and as long as such pauses are, or much was heard after it. */
static gboolean
is_beyond_doubt (
    const Rt2Spoken *spoken, const Rt2Match *match, const Rt2Gap *gap)
{
  const Rt2Break *b = &match->breaks[0];
  gdouble apart = (gap->spoken - b->spoken) / rt2_match_deviation (b->spoken);

  if (to_ms (spoken, spoken->sound.received) > gap->end + LOOK_AHEAD)
    return TRUE;
  if (b->arrival_deviation > 0)
    apart = (gap->end - b->arrival) / b->arrival_deviation;
  return b->strong && gap->length >= match->usual && ABS (apart) < 1.5;
}

/* Nothing is decided before it must be, or all is known. */
static gboolean
is_early (const Rt2Spoken *spoken, gdouble ms)
{
  return !is_all_known (spoken) && to_ms (spoken, spoken->placed) < ms - EARLY;
}

static void
add_point (const Rt2Spoken *spoken, gsize text, guint64 sample)
{
  Point point = { text, sample, 0, 0 };

  point.voiced = rt2_pauses_voiced_until (&spoken->sound, sample);
  if (spoken->align->points->len > 0)
    point.weight = last_point (spoken)->weight
        + weight_between (spoken, last_point (spoken)->text, text);
  g_array_append_val (spoken->align->points, point);
  spoken->align->rest = 0;
}

/* FALSE if it is too early to tell where the text begins in the sound. */
static gboolean
settle_onset (const Rt2Spoken *spoken)
{
  guint64 sample;

  if (spoken->align->points->len > 0)
    return TRUE;
  if (!rt2_pauses_onset (&spoken->sound, &sample)) {
    if (!spoken->audio_done
        && spoken->sound.received < to_samples (spoken, LONGEST_LEAD))
      return FALSE;
    sample = 0;
  }
  add_point (spoken, 0, sample);
  return TRUE;
}

/* Matches the next break of the text, if that can be done. */
static gboolean
settle_break (const Rt2Spoken *spoken)
{
  Rt2Align *align = spoken->align;
  const Rt2Gap *gap = NULL;
  Rt2Match match;
  guint first;
  gsize text;
  gint found;

  collect_breaks (spoken, &match);
  if (match.n_breaks == 0
      || is_early (spoken, expected_end (spoken, match.breaks)))
    return FALSE;
  first = collect_gaps (spoken, &match);
  match.usual = usual_pause (&match);
  found = rt2_match_first (&match);
  if (found >= 0)
    gap = &match.gaps[found];
  if (gap && is_early (spoken, gap->end))
    return FALSE;
  if (may_come (spoken, &match)
      && !(gap && is_beyond_doubt (spoken, &match, gap)))
    return FALSE;

  next_break (spoken, align->checked, &text, &match.breaks[0].strong);
  align->checked = text;
  if (!gap)
    return TRUE;
  add_point (spoken, text,
      g_array_index (spoken->sound.pauses, Rt2Quiet, first + found).end);
  return TRUE;
}

/* With each pause that is heard the last matches are looked at again: what was
 * settled without knowing what comes must not mislead all that follows. */
static void
reconsider (const Rt2Spoken *spoken)
{
  Rt2Align *align = spoken->align;
  guint n = align->points->len;

  if (align->pauses == spoken->sound.pauses->len)
    return;
  align->pauses = spoken->sound.pauses->len;
  if (n <= 1)
    return;
  g_array_set_size (align->points, n > RECONSIDERED ? n - RECONSIDERED : 1);
  align->checked = last_point (spoken)->text;
  align->rest = 0;
}

static void
settle (const Rt2Spoken *spoken)
{
  Rt2Align *align = spoken->align;
  guint64 news = spoken->text->len + spoken->received + spoken->placed
      + spoken->text_done + spoken->audio_done;

  if (news == align->news || !settle_onset (spoken))
    return;
  align->news = news;
  reconsider (spoken);
  while (settle_break (spoken))
    ;
}

/* --- where a word is --- */

static guint64
between (const Rt2Spoken *spoken, const Point *a, const Point *b, gsize offset)
{
  guint64 weight = weight_between (spoken, a->text, offset);
  guint64 voiced = a->voiced
      + (b->voiced - a->voiced) * weight / MAX (b->weight - a->weight, 1);

  return CLAMP (
      rt2_pauses_sample_of (&spoken->sound, voiced), a->sample, b->sample);
}

/* All is known: the rest of the text is the rest of the speech. */
static guint64
within_rest (const Rt2Spoken *spoken, gsize offset)
{
  const Point *last = last_point (spoken);
  guint64 weight = weight_between (spoken, last->text, offset);
  guint64 voiced = last->voiced
      + (voiced_end (spoken) - last->voiced) * weight / weight_left (spoken);

  return MAX (last->sample, rt2_pauses_sample_of (&spoken->sound, voiced));
}

/* No earlier than fast speech gets there. */
static guint64
in_the_open (const Rt2Spoken *spoken, gsize offset)
{
  const Point *last = last_point (spoken);
  gdouble letter = MIN (
      letter_length (spoken), to_samples (spoken, FAST_LETTER));
  guint64 voiced = last->voiced
      + weight_between (spoken, last->text, offset) * letter;

  return MAX (last->sample, rt2_pauses_sample_of (&spoken->sound, voiced));
}

/* The same, and no earlier than its arrival tells. */
static guint64
after_arrival (const Rt2Spoken *spoken, gsize offset)
{
  const Point *last = last_point (spoken);
  guint64 arrival = arrival_of (spoken, offset);
  guint64 before = arrival_of (spoken, last->text);

  return MAX (in_the_open (spoken, offset),
      last->sample + arrival - MIN (arrival, before));
}

/* Between two matches, or after the last if all is known. FALSE if it is
 * neither. */
static gboolean
find_settled (const Rt2Spoken *spoken, gsize offset, guint64 *sample)
{
  const GArray *points = spoken->align->points;

  for (guint i = points->len - 1; i > 0; i--) {
    const Point *a = &g_array_index (points, Point, i - 1);

    if (offset >= a[1].text)
      break;
    if (offset >= a->text) {
      *sample = between (spoken, a, a + 1, offset);
      return TRUE;
    }
  }
  if (is_all_known (spoken))
    *sample = within_rest (spoken, offset);
  else if (offset == last_point (spoken)->text)
    *sample = last_point (spoken)->sample;
  else
    return FALSE;
  return TRUE;
}

/* TRUE if byte @offset is in a later sentence than what is settled. */
static gboolean
waits_for_pause (const Rt2Spoken *spoken, gsize offset)
{
  gsize at = spoken->align->checked;
  gboolean strong = FALSE;

  while (!strong)
    if (!next_break (spoken, at, &at, &strong) || at > offset)
      return FALSE;
  return TRUE;
}

guint64
rt2_align_sample_of (const Rt2Spoken *spoken, gsize offset)
{
  guint64 sample;

  settle (spoken);
  if (spoken->align->points->len == 0)
    return spoken->received;
  if (find_settled (spoken, offset, &sample))
    return sample;
  sample = after_arrival (spoken, offset);
  if (waits_for_pause (spoken, offset))
    sample = MAX (sample, spoken->received);
  return sample;
}

guint64
rt2_align_guess_of (const Rt2Spoken *spoken, gsize offset)
{
  guint64 sample;

  settle (spoken);
  if (spoken->align->points->len == 0)
    return 0;
  if (find_settled (spoken, offset, &sample))
    return sample;
  sample = in_the_open (spoken, offset);
  return last_point (spoken)->sample
      + (sample - last_point (spoken)->sample) * SHORT_PART;
}
