/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Captions. Each reader holds the items whose text has not all left its pad and
 * how far into each it is. A unit is due when its first sample is placed.
 */
#include "rt2caption.h"

#include <string.h>

#include "rt2align.h"

/* ns. What no audio gives a length is shown for so long per byte, and at least
 * so long; at most that if the agent's words are waiting. What comes late is
 * cut so that the next is not late as well, but not below the shortest. */
#define BYTE_DURATION (G_GUINT64_CONSTANT (60) * 1000000)
#define SILENT_DURATION (G_GUINT64_CONSTANT (500) * 1000000)
#define SHORTEST_DURATION (G_GUINT64_CONSTANT (100) * 1000000)

/* An item on its way out through one pad. */
typedef struct {
  Rt2Spoken *spoken; /* a reference */
  gsize pos;         /* bytes of its text that have left */
  guint64 due_since; /* running time since which the next unit waits
                      * for its end, or RT2_TIME_NONE */
} Pending;

struct _Rt2CaptionReader {
  GQueue pending; /* Pending*, by order of appearance */
};

/* --- characters and words --- */

/* The last position <= @offset that is not inside a UTF-8 sequence. */
static gsize
char_start (const gchar *text, gsize offset)
{
  while (offset > 0 && ((guchar) text[offset] & 0xc0) == 0x80)
    offset--;
  return offset;
}

static gboolean
is_space_at (const gchar *text, gsize len, gsize pos)
{
  return pos < len && g_unichar_isspace (g_utf8_get_char (text + pos));
}

gchar *
rt2_caption_text_until (const Rt2Spoken *spoken, guint64 samples)
{
  const gchar *text = spoken->text->str;
  gsize end = 0;

  /* Word by word: a word counts when the next one's start has been reached. */
  for (gsize pos = 0; pos < spoken->text->len;
       pos = g_utf8_next_char (text + pos) - text) {
    gsize next = g_utf8_next_char (text + pos) - text;
    gboolean boundary = next == spoken->text->len
        || is_space_at (text, spoken->text->len, next);

    if (!boundary || is_space_at (text, spoken->text->len, pos))
      continue;
    if (rt2_align_guess_of (spoken, next) > samples)
      break;
    end = next;
  }
  return g_strndup (text, end);
}

/* --- units --- */

/* TRUE for what ends a sentence if white space follows. */
static gboolean
is_terminator (gunichar c)
{
  return c == '.' || c == '!' || c == '?' || c == 0x2026 /* … */;
}

/* TRUE for what ends a sentence whatever follows: CJK, Devanagari. */
static gboolean
is_full_stop (gunichar c)
{
  return c == 0x3002 || c == 0xff01 || c == 0xff1f || c == 0xff0e
      || c == 0x0964;
}

/* TRUE for what may stand between a terminator and the white space. */
static gboolean
is_closer (gunichar c)
{
  return c == '"' || c == '\'' || c == ')' || c == ']' || c == 0x201d
      || c == 0x2019 || c == 0xbb || c == 0x300d || c == 0x300f;
}

/* The end of the first sentence of @text from @pos on; 0 if it is not there. A
 * full stop is known to be the end by what follows its closing marks. */
static gsize
sentence_end (const gchar *text, gsize len, gsize pos)
{
  gboolean ended = FALSE, stopped = FALSE;

  for (; pos < len; pos = g_utf8_next_char (text + pos) - text) {
    gunichar c = g_utf8_get_char (text + pos);

    if (c == '\n')
      return pos;
    /* What modifies a character stays with it. */
    if (g_unichar_ismark (c))
      continue;
    if (stopped && !is_closer (c) && !is_full_stop (c))
      return pos;
    if (ended && g_unichar_isspace (c))
      return pos;
    if (is_closer (c))
      continue;
    stopped = is_full_stop (c);
    ended = is_terminator (c);
  }
  return 0;
}

static gsize
word_end (const gchar *text, gsize len, gsize pos)
{
  while (pos < len && !is_space_at (text, len, pos))
    pos = g_utf8_next_char (text + pos) - text;
  return pos < len ? pos : 0;
}

static gsize
skip_space (const gchar *text, gsize len, gsize pos)
{
  while (is_space_at (text, len, pos))
    pos = g_utf8_next_char (text + pos) - text;
  return pos;
}

gsize
rt2_caption_sentence_end (const Rt2Spoken *spoken, guint64 samples)
{
  const GString *text = spoken->text;
  gsize end = 0;

  do {
    end = sentence_end (
        text->str, text->len, skip_space (text->str, text->len, end));
  } while (end > 0 && rt2_align_sample_of (spoken, end) <= samples);
  return end == 0 && spoken->text_done ? text->len : end;
}

/* The end of the unit that starts at @pos, or 0 if it is not known yet. */
static gsize
unit_end (const Rt2Spoken *spoken, Rt2Granularity granularity, gsize pos)
{
  const gchar *text = spoken->text->str;
  gsize len = spoken->text->len;
  gsize end = 0;

  if (granularity == RT2_GRANULARITY_SENTENCE)
    end = sentence_end (text, len, pos);
  else if (granularity == RT2_GRANULARITY_DELTA)
    end = word_end (text, len, pos);
  return end == 0 && spoken->text_done ? len : end;
}

/* Where to cut a unit that waited too long: after its last whole word. */
static gsize
forced_end (const Rt2Spoken *spoken, gsize pos)
{
  const gchar *text = spoken->text->str;
  gsize len = spoken->text->len;

  for (gsize end = len; end > pos; end = char_start (text, end - 1))
    if (is_space_at (text, len, end))
      return end;
  return len;
}

/* --- when --- */

static gboolean
follows_audio (const Rt2CaptionRules *rules, const Rt2Spoken *spoken)
{
  if (rules->sync != RT2_CAPTION_SYNC_AUDIO)
    return FALSE;
  if (spoken->timed)
    return TRUE;
  if (spoken->role != RT2_ROLE_ASSISTANT || spoken->kind != RT2_TEXT_TRANSCRIPT)
    return FALSE;
  /* A transcript whose audio never came has nothing to wait for. */
  return spoken->received > 0 || !spoken->audio_done;
}

/* The instant that the word at @pos belongs to, of text that has instants; 0 if
 * it has none and may leave at once. Once all of an utterance is known its
 * words are spread over it. */
static guint64
instant_of (const Rt2Spoken *spoken, gsize pos)
{
  guint64 due = 0;

  if (spoken->text_done && spoken->text->len > 0
      && spoken->speech_start != RT2_TIME_NONE
      && spoken->speech_end != RT2_TIME_NONE
      && spoken->speech_end > spoken->speech_start)
    return spoken->speech_start
        + (spoken->speech_end - spoken->speech_start) * pos / spoken->text->len;
  for (guint i = 0; i < spoken->anchors->len; i++) {
    const Rt2Anchor *anchor = &g_array_index (spoken->anchors, Rt2Anchor, i);

    if (anchor->text > pos)
      break;
    if (anchor->due != RT2_TIME_NONE)
      due = anchor->due;
  }
  return due;
}

/* The running time at which the word at @pos is spoken; FALSE if not placed. */
static gboolean
time_of_word (const Rt2Spoken *spoken, gsize pos, guint64 *rt)
{
  guint64 sample;

  if (spoken->timed) {
    *rt = instant_of (spoken, pos);
    return TRUE;
  }
  if (spoken->fate == RT2_FATE_READ) {
    *rt = spoken->read_at;
    return TRUE;
  }
  sample = rt2_align_sample_of (spoken, pos);
  if (spoken->audio_done && spoken->received > 0)
    sample = MIN (sample, spoken->received - 1);
  return rt2_spoken_time_of (spoken, sample, rt);
}

/* How long the text from @start to @end takes to say or to read, ns. */
static guint64
length_of (const Rt2CaptionRules *rules, const Rt2Spoken *spoken, gsize start,
    gsize end)
{
  guint64 first, last;

  if (!follows_audio (rules, spoken) || spoken->fate == RT2_FATE_READ)
    return MAX (SILENT_DURATION, (end - start) * BYTE_DURATION);
  if (spoken->timed)
    return MAX (SILENT_DURATION,
        instant_of (spoken, end)
            - MIN (instant_of (spoken, start), instant_of (spoken, end)));
  first = rt2_align_guess_of (spoken, start);
  last = rt2_align_guess_of (spoken, end);
  return rt2_audio_format_samples_to_ns (
      spoken->format, last - MIN (first, last));
}

static void
pending_free (Pending *pending)
{
  rt2_spoken_unref (pending->spoken);
  g_free (pending);
}

/* TRUE if nothing of it can leave any more. */
static gboolean
is_finished (const Pending *pending)
{
  const Rt2Spoken *spoken = pending->spoken;

  if (spoken->cancelled)
    return TRUE;
  return spoken->text_done
      && skip_space (spoken->text->str, spoken->text->len, pending->pos)
      >= spoken->text->len;
}

static gboolean
phase_is_wanted (
    const Rt2CaptionRules *rules, const Rt2Spoken *spoken, Rt2Phase phase)
{
  if (spoken->role != RT2_ROLE_ASSISTANT)
    return TRUE;
  switch (phase) {
    case RT2_PHASE_COMMENTARY:
      return rules->phases & RT2_CAPTION_PHASE_COMMENTARY;
    case RT2_PHASE_FINAL_ANSWER:
      return rules->phases & RT2_CAPTION_PHASE_FINAL_ANSWER;
    default:
      return rules->phases & RT2_CAPTION_PHASE_UNKNOWN;
  }
}

/* What is added, ns, to where the first word of a unit is estimated to be: its
 * words must not be shown before they are said, and where an item begins can be
 * heard, but where the sentences in it do is only as sure as pauses are. When
 * all of an item has played all of its words have begun. */
static guint64
caution (const Rt2CaptionRules *rules, const Rt2Spoken *spoken, gsize start)
{
  if (rules->granularity == RT2_GRANULARITY_DELTA || spoken->timed
      || spoken->fate == RT2_FATE_READ || rt2_spoken_is_placed (spoken)
      || skip_space (spoken->text->str, spoken->text->len, 0) == start)
    return 0;
  return RT2_CAPTION_CAUTION;
}

/* Finds the next unit of @pending that is due. FALSE if there is none. */
static gboolean
find_unit (Pending *pending, const Rt2CaptionRules *rules, guint64 max_wait,
    guint64 now, gsize *start, gsize *end, guint64 *rt)
{
  Rt2Spoken *spoken = pending->spoken;

  *start = skip_space (spoken->text->str, spoken->text->len, pending->pos);
  if (*start >= spoken->text->len)
    return FALSE;
  *rt = now;
  if (follows_audio (rules, spoken)
      && (!time_of_word (spoken, *start, rt)
          || *rt + caution (rules, spoken, *start) > now))
    return FALSE;

  *end = unit_end (spoken, rules->granularity, *start);
  if (*end > 0)
    return TRUE;
  if (pending->due_since == RT2_TIME_NONE)
    pending->due_since = now;
  if (now - pending->due_since < max_wait)
    return FALSE;
  *end = forced_end (spoken, *start);
  return TRUE;
}

/* The unit from @start to @end, which is spoken from @rt on, at @pts. */
static Rt2Caption *
make_caption (const Rt2CaptionRules *rules, Rt2Spoken *spoken, gsize start,
    gsize end, guint64 rt, guint64 pts)
{
  Rt2Caption *caption = g_new0 (Rt2Caption, 1);
  const gchar *text = spoken->text->str;
  guint64 until = rt + length_of (rules, spoken, start, end);

  caption->spoken = rt2_spoken_ref (spoken);
  caption->text = g_strndup (text + start, end - start);
  g_strchomp (caption->text);
  caption->phase = rt2_spoken_phase (spoken);
  caption->final = spoken->text_done
      && skip_space (text, spoken->text->len, end) >= spoken->text->len;
  if (spoken->received > 0)
    caption->offset = rt2_audio_format_samples_to_ns (
        spoken->format, rt2_align_sample_of (spoken, start));
  caption->pts = pts;
  caption->duration = MAX (until, pts + SHORTEST_DURATION) - pts;
  return caption;
}

/* --- readers --- */

void
rt2_caption_free (Rt2Caption *caption)
{
  rt2_spoken_unref (caption->spoken);
  g_free (caption->text);
  g_free (caption);
}

Rt2CaptionReader *
rt2_caption_reader_new (void)
{
  Rt2CaptionReader *reader = g_new0 (Rt2CaptionReader, 1);

  g_queue_init (&reader->pending);
  return reader;
}

void
rt2_caption_reader_clear (Rt2CaptionReader *reader)
{
  g_queue_clear_full (&reader->pending, (GDestroyNotify) pending_free);
}

void
rt2_caption_reader_free (Rt2CaptionReader *reader)
{
  rt2_caption_reader_clear (reader);
  g_free (reader);
}

gboolean
rt2_caption_reader_add (
    Rt2CaptionReader *reader, const Rt2CaptionRules *rules, Rt2Spoken *spoken)
{
  guint role = spoken->role == RT2_ROLE_USER ? RT2_CAPTION_ROLE_USER
                                             : RT2_CAPTION_ROLE_ASSISTANT;
  Pending *pending;

  if (!(rules->roles & role))
    return TRUE;
  pending = g_new0 (Pending, 1);
  pending->spoken = rt2_spoken_ref (spoken);
  pending->due_since = RT2_TIME_NONE;
  g_queue_push_tail (&reader->pending, pending);
  if (reader->pending.length <= RT2_CAPTION_MAX_ITEMS)
    return TRUE;
  pending_free (g_queue_pop_head (&reader->pending));
  return FALSE;
}

gboolean
rt2_caption_reader_is_waiting (const Rt2CaptionReader *reader)
{
  return reader->pending.length > 0;
}

static void
drop_finished (Rt2CaptionReader *reader)
{
  GList *next;

  for (GList *l = reader->pending.head; l; l = next) {
    next = l->next;
    if (is_finished (l->data)) {
      pending_free (l->data);
      g_queue_delete_link (&reader->pending, l);
    }
  }
}

/* Whether its words are not timed by the agent's voice: they make room for
 * those that are. */
static gboolean
is_unspoken (const Rt2Spoken *spoken)
{
  return spoken->role == RT2_ROLE_USER || spoken->fate == RT2_FATE_READ;
}

/* Whether the agent speaks words that this reader has yet to show. */
static gboolean
agent_is_waiting (const Rt2CaptionReader *reader)
{
  for (GList *l = reader->pending.head; l; l = l->next) {
    const Pending *pending = l->data;

    if (pending->spoken->role == RT2_ROLE_ASSISTANT
        && pending->spoken->received > 0
        && pending->spoken->fate != RT2_FATE_READ)
      return TRUE;
  }
  return FALSE;
}

/* Whether the agent has gone on to another item than that of @link. */
static gboolean
is_overtaken (const GList *link)
{
  const Pending *pending = link->data;

  if (pending->spoken->role != RT2_ROLE_ASSISTANT)
    return FALSE;
  for (const GList *l = link->next; l; l = l->next) {
    const Pending *later = l->data;

    if (later->spoken->role == RT2_ROLE_ASSISTANT && later->spoken->placed > 0)
      return TRUE;
  }
  return FALSE;
}

/* The text of @caption does not last into the words after it, as far as it is
 * known when those are said. */
static void
cut_short (const Rt2CaptionReader *reader, Rt2Caption *caption)
{
  for (const GList *l = reader->pending.head; l; l = l->next) {
    const Pending *pending = l->data;
    const Rt2Spoken *spoken = pending->spoken;
    gsize start = skip_space (
        spoken->text->str, spoken->text->len, pending->pos);
    guint64 due = spoken->timed && start < spoken->text->len
        ? instant_of (spoken, start)
        : 0;

    if (due > caption->pts)
      caption->duration = MIN (caption->duration, due - caption->pts);
  }
}

/* The next unit of the item at @link that is due and wanted, or NULL. */
static Rt2Caption *
next_of (
    GList *link, const Rt2CaptionRules *rules, guint64 position, guint64 now)
{
  Pending *pending = link->data;
  guint64 max_wait = rules->max_wait;
  gsize start, end;
  guint64 rt;

  /* Words with an instant have had the latency for their end to be known. */
  if ((pending->spoken->timed && instant_of (pending->spoken, pending->pos) > 0)
      || is_overtaken (link))
    max_wait = 0;
  while (find_unit (pending, rules, max_wait, now, &start, &end, &rt)) {
    pending->pos = end;
    pending->due_since = RT2_TIME_NONE;
    if (phase_is_wanted (
            rules, pending->spoken, rt2_spoken_phase (pending->spoken)))
      return make_caption (rules, pending->spoken, start, end, rt,
          MAX (position, pending->spoken->timed && rt > 0 ? rt : now));
  }
  return NULL;
}

Rt2Caption *
rt2_caption_reader_next (Rt2CaptionReader *reader, const Rt2CaptionRules *rules,
    guint64 position, guint64 now)
{
  Rt2Caption *caption = NULL;

  drop_finished (reader);
  for (GList *l = reader->pending.head; l && !caption; l = l->next)
    caption = next_of (l, rules, position, now);
  drop_finished (reader);
  if (caption && caption->spoken->timed)
    cut_short (reader, caption);
  if (caption && is_unspoken (caption->spoken) && agent_is_waiting (reader))
    caption->duration = MIN (caption->duration, SILENT_DURATION);
  return caption;
}
