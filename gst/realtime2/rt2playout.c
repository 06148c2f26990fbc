/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The schedule. What waits is a queue of segments, each a piece of one item as
 * the server sent it; take() cuts periods off its head and notes, per item,
 * the runs of samples that got their running time.
 */
#include "rt2playout-private.h"

#include <string.h>

#include "rt2sample.h"
#include "rt2sounding.h"

/* Items that can be found by id; the oldest are forgotten beyond it. */
#define MAX_ITEMS 512
/* Bytes up to which pieces of an item are put together as they come: what a
 * piece costs by itself may be more than what is in it. */
#define SMALL_PIECE 1024
/* Pieces that may wait: as many as RT2_PLAYOUT_MAX can be of an item. */
#define MAX_PIECES 200000
/* ns that audio with an instant may come early without waiting for it. */
#define DUE_SLACK 20000000
/* The largest sample of what is quiet, and how much of it, ns, is left of a
 * pause that is shortened. */
#define QUIET_LEVEL 64
#define PAUSE 100000000

typedef struct {
  Rt2MarkKind kind;
  Rt2Spoken *spoken; /* a reference */
} Mark;

/* --- the schedule as a whole --- */

static void
segment_free (Rt2Segment *segment)
{
  rt2_spoken_unref (segment->spoken);
  g_bytes_unref (segment->bytes);
  g_free (segment);
}

void
rt2_playout_drop_segment (Rt2Playout *playout, GList *link)
{
  Rt2Segment *segment = link->data;

  playout->queued -= (g_bytes_get_size (segment->bytes) - segment->pos)
      / rt2_audio_format_width (playout->format);
  segment_free (segment);
  g_queue_delete_link (&playout->segments, link);
}

static void
mark_free (Mark *mark)
{
  rt2_spoken_unref (mark->spoken);
  g_free (mark);
}

static void
push_mark (Rt2Playout *playout, Rt2MarkKind kind, Rt2Spoken *spoken)
{
  Mark *mark = g_new (Mark, 1);

  mark->kind = kind;
  mark->spoken = rt2_spoken_ref (spoken);
  g_queue_push_tail (&playout->marks, mark);
}

void
rt2_playout_clear_fade (Rt2Playout *playout)
{
  g_clear_pointer (&playout->fade, g_bytes_unref);
  g_clear_pointer (&playout->fading, rt2_spoken_unref);
  playout->fade_pos = 0;
}

static void
clear_queue (Rt2Playout *playout)
{
  g_queue_clear_full (&playout->segments, (GDestroyNotify) segment_free);
  playout->queued = 0;
  g_clear_pointer (&playout->current, rt2_spoken_unref);
  playout->starved = FALSE;
  playout->flowing = FALSE;
}

Rt2Playout *
rt2_playout_new (void)
{
  Rt2Playout *playout = g_new0 (Rt2Playout, 1);

  g_queue_init (&playout->items);
  g_queue_init (&playout->segments);
  g_queue_init (&playout->marks);
  rt2_playout_reset (playout, RT2_AUDIO_FORMAT_PCM16);
  return playout;
}

void
rt2_playout_clear (Rt2Playout *playout)
{
  clear_queue (playout);
  rt2_playout_clear_fade (playout);
  rt2_sounding_clear (&playout->sounding);
  g_queue_clear_full (&playout->marks, (GDestroyNotify) mark_free);
  g_queue_clear_full (&playout->items, (GDestroyNotify) rt2_spoken_unref);
}

void
rt2_playout_reset (Rt2Playout *playout, Rt2AudioFormat format)
{
  rt2_playout_clear (playout);
  memset (&playout->stats, 0, sizeof (playout->stats));
  g_clear_pointer (&playout->greeting, g_free);
  playout->format = format;
  playout->next_seq = 1;
}

void
rt2_playout_free (Rt2Playout *playout)
{
  rt2_playout_reset (playout, playout->format);
  g_free (playout);
}

void
rt2_playout_set_latency (Rt2Playout *playout, guint64 latency)
{
  playout->latency = latency;
}

guint64
rt2_playout_get_latency (const Rt2Playout *playout)
{
  return playout->latency;
}

void
rt2_playout_set_beyond (Rt2Playout *playout, guint64 beyond)
{
  playout->beyond = beyond;
}

void
rt2_playout_set_commentary (Rt2Playout *playout, Rt2CommentaryPolicy policy)
{
  playout->commentary = policy;
}

Rt2Spoken *
rt2_playout_find (Rt2Playout *playout, const gchar *item_id)
{
  for (GList *l = playout->items.tail; l; l = l->prev) {
    Rt2Spoken *spoken = l->data;

    if (g_strcmp0 (spoken->id, item_id) == 0)
      return spoken;
  }
  return NULL;
}

static Rt2Spoken *
add_item (Rt2Playout *playout, const gchar *item_id, Rt2Role role)
{
  Rt2Spoken *spoken = rt2_spoken_new (
      playout->next_seq++, playout->format, item_id);

  spoken->role = role;
  g_queue_push_tail (&playout->items, spoken);
  if (playout->items.length > MAX_ITEMS)
    rt2_spoken_unref (g_queue_pop_head (&playout->items));
  return spoken;
}

/* Items of @response_id before @output_index are followed by another. Returns
 * TRUE if there is one after it. */
static gboolean
note_order (Rt2Playout *playout, const gchar *response_id, guint output_index)
{
  gboolean followed = FALSE;

  for (GList *l = playout->items.head; l; l = l->next) {
    Rt2Spoken *spoken = l->data;

    if (spoken->role != RT2_ROLE_ASSISTANT
        || g_strcmp0 (spoken->response_id, response_id) != 0)
      continue;
    if (spoken->output_index < output_index)
      spoken->followed = TRUE;
    else if (spoken->output_index > output_index)
      followed = TRUE;
  }
  return followed;
}

Rt2Spoken *
rt2_playout_item (Rt2Playout *playout, const gchar *response_id,
    const gchar *item_id, guint output_index)
{
  Rt2Spoken *spoken = rt2_playout_find (playout, item_id);
  gboolean followed;

  if (spoken)
    return spoken;
  followed = note_order (playout, response_id, output_index);
  spoken = add_item (playout, item_id, RT2_ROLE_ASSISTANT);
  spoken->response_id = g_strdup (response_id);
  spoken->output_index = output_index;
  spoken->followed = followed;
  spoken->greeting = playout->greeting
      && g_strcmp0 (playout->greeting, response_id) == 0;
  spoken->shielded = spoken->greeting && playout->shielded;
  return spoken;
}

Rt2Spoken *
rt2_playout_user_item (Rt2Playout *playout, const gchar *item_id)
{
  Rt2Spoken *spoken = rt2_playout_find (playout, item_id);

  if (!spoken) {
    spoken = add_item (playout, item_id, RT2_ROLE_USER);
    spoken->audio_done = TRUE;
    spoken->ended = TRUE;
  }
  return spoken;
}

void
rt2_playout_other_item (
    Rt2Playout *playout, const gchar *response_id, guint output_index)
{
  note_order (playout, response_id, output_index);
}

/* Deltas come strictly in playing order: with the first sample of @spoken, all
 * earlier items of its response have theirs. */
static void
finish_earlier (Rt2Playout *playout, const Rt2Spoken *spoken)
{
  for (GList *l = playout->items.head; l; l = l->next) {
    Rt2Spoken *other = l->data;

    if (other->role == RT2_ROLE_ASSISTANT && other->seq < spoken->seq)
      other->audio_done = TRUE;
  }
}

/* @audio as whole samples: with the byte carried over from the last delta in
 * front, and the odd one at the end kept for the next. Transfer full. */
static GBytes *
whole_samples (Rt2Spoken *spoken, GBytes *audio)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (audio, &size);
  gsize n = size + (spoken->carry >= 0 ? 1 : 0);
  guint8 *joined;

  if (rt2_audio_format_width (spoken->format) == 1
      || (spoken->carry < 0 && size % 2 == 0))
    return g_bytes_ref (audio);

  joined = g_malloc (n);
  if (spoken->carry >= 0)
    joined[0] = spoken->carry;
  memcpy (joined + n - size, data, size);
  spoken->carry = n % 2 ? joined[n - 1] : -1;
  return g_bytes_new_take (joined, n & ~(gsize) 1);
}

/* Looks for the first sound of @spoken in the @n samples that come next. */
static void
find_sound (Rt2Spoken *spoken, GBytes *bytes, guint64 n)
{
  guint64 at;

  if (spoken->audible != RT2_TIME_NONE)
    return;
  at = rt2_sample_find (
      spoken->format, g_bytes_get_data (bytes, NULL), n, RT2_SAMPLE_INAUDIBLE);
  if (at < n)
    spoken->audible = spoken->received + at;
}

/* Puts @bytes (taken) at the end of the segment that waits last, if that is
 * small and of the same item, and both may play at once. */
static gboolean
join (Rt2Playout *playout, Rt2Spoken *spoken, GBytes *bytes, guint64 due)
{
  Rt2Segment *last = g_queue_peek_tail (&playout->segments);
  gsize size, more;
  const guint8 *data, *added = g_bytes_get_data (bytes, &more);
  guint8 *joined;

  if (!last || last->spoken != spoken || due != RT2_TIME_NONE
      || last->due != RT2_TIME_NONE)
    return FALSE;
  data = g_bytes_get_data (last->bytes, &size);
  if (size - last->pos + more > SMALL_PIECE)
    return FALSE;
  joined = g_malloc (size - last->pos + more);
  memcpy (joined, data + last->pos, size - last->pos);
  memcpy (joined + size - last->pos, added, more);
  g_bytes_unref (last->bytes);
  g_bytes_unref (bytes);
  last->bytes = g_bytes_new_take (joined, size - last->pos + more);
  last->pos = 0;
  return TRUE;
}

static void
push_segment (
    Rt2Playout *playout, Rt2Spoken *spoken, GBytes *bytes, guint64 due)
{
  Rt2Segment *segment;

  if (join (playout, spoken, bytes, due))
    return;
  segment = g_new0 (Rt2Segment, 1);
  segment->spoken = rt2_spoken_ref (spoken);
  segment->bytes = bytes;
  segment->due = due;
  g_queue_push_tail (&playout->segments, segment);
}

guint64
rt2_playout_append_audio_at (
    Rt2Playout *playout, Rt2Spoken *spoken, GBytes *audio, guint64 due)
{
  guint64 max = rt2_audio_format_ns_to_samples (
      playout->format, RT2_PLAYOUT_MAX);
  guint width = rt2_audio_format_width (spoken->format);
  GBytes *bytes;
  guint64 n;

  if (spoken->cancelled || g_bytes_get_size (audio) == 0)
    return 0;
  bytes = whole_samples (spoken, audio);
  n = g_bytes_get_size (bytes) / width;
  if (spoken->fate == RT2_FATE_READ) {
    spoken->received += n;
    n = 0;
  }
  if (n == 0 || playout->queued + n > max
      || playout->segments.length >= MAX_PIECES) {
    g_bytes_unref (bytes);
    return n;
  }
  if (spoken->received == 0)
    finish_earlier (playout, spoken);

  find_sound (spoken, bytes, n);
  rt2_pauses_feed (&spoken->sound, g_bytes_get_data (bytes, NULL), n * width);
  spoken->received += n;
  playout->queued += n;
  push_segment (playout, spoken, bytes, due);
  return 0;
}

guint64
rt2_playout_append_audio (Rt2Playout *playout, Rt2Spoken *spoken, GBytes *audio)
{
  return rt2_playout_append_audio_at (playout, spoken, audio, RT2_TIME_NONE);
}

/* An item that seemed to starve had ended: nobody missed anything. */
static void
forgive_underrun (Rt2Playout *playout)
{
  Rt2Spoken *current = playout->current;

  if (!playout->starved || !current || !rt2_spoken_is_placed (current))
    return;
  playout->stats.underruns--;
  playout->stats.underrun_samples -= playout->waited;
  current->underruns--;
  current->underrun_samples -= playout->waited;
  playout->starved = FALSE;
}

void
rt2_playout_finish_response (Rt2Playout *playout, const gchar *response_id)
{
  for (GList *l = playout->items.head; l; l = l->next) {
    Rt2Spoken *spoken = l->data;

    if (spoken->role != RT2_ROLE_ASSISTANT
        || (response_id && g_strcmp0 (spoken->response_id, response_id) != 0))
      continue;
    spoken->response_done = TRUE;
    spoken->audio_done = TRUE;
    spoken->text_done = TRUE;
  }
  forgive_underrun (playout);
}

/* --- commentary --- */

Rt2Fate
rt2_playout_fate_of (const Rt2Playout *playout, const Rt2Spoken *spoken)
{
  if (spoken->fate != RT2_FATE_OPEN)
    return spoken->fate;
  if (playout->commentary == RT2_COMMENTARY_PLAY
      || rt2_spoken_phase (spoken) != RT2_PHASE_COMMENTARY)
    return RT2_FATE_SPOKEN;
  return playout->commentary == RT2_COMMENTARY_DROP ? RT2_FATE_DROPPED
                                                    : RT2_FATE_READ;
}

/* The first sample of @spoken would play at @rt: decides whether it does. */
static void
settle_fate (Rt2Playout *playout, Rt2Spoken *spoken, guint64 rt)
{
  spoken->fate = rt2_playout_fate_of (playout, spoken);
  if (spoken->fate == RT2_FATE_SPOKEN)
    return;
  spoken->ended = TRUE;
  spoken->read_at = rt;
  spoken->cancelled = spoken->fate == RT2_FATE_DROPPED;
  push_mark (
      playout, spoken->cancelled ? RT2_MARK_DROPPED : RT2_MARK_READ, spoken);
}

/* Removes what is not to be spoken from the head of the queue. */
static void
skip_unspoken (Rt2Playout *playout, guint64 rt)
{
  Rt2Segment *segment;

  while ((segment = g_queue_peek_head (&playout->segments))) {
    if (segment->spoken->fate == RT2_FATE_OPEN)
      settle_fate (playout, segment->spoken, rt);
    if (segment->spoken->fate == RT2_FATE_SPOKEN)
      return;
    rt2_playout_drop_segment (playout, playout->segments.head);
  }
}

/* --- taking --- */

static void
end_current (Rt2Playout *playout)
{
  Rt2Spoken *spoken = playout->current;

  if (!spoken->cancelled && !spoken->ended)
    push_mark (playout, RT2_MARK_ENDED, spoken);
  spoken->ended = TRUE;
  g_clear_pointer (&playout->current, rt2_spoken_unref);
}

static void
begin_item (Rt2Playout *playout, Rt2Spoken *spoken)
{
  if (playout->current)
    end_current (playout);
  playout->current = rt2_spoken_ref (spoken);
  if (spoken->placed == 0)
    push_mark (playout, RT2_MARK_STARTED, spoken);
}

static void
note_speech (Rt2Slot *slot, Rt2Spoken *spoken, guint n)
{
  if (slot->n_speech == 0) {
    slot->spoken = spoken;
    slot->offset = spoken->placed;
  }
  slot->n_speech += n;
}

/* Notes that @n samples of @spoken, its next ones, play from @rt on. */
static void
place (Rt2Playout *playout, Rt2Spoken *spoken, guint64 rt, guint n)
{
  rt2_spoken_place (spoken, rt, n);
  rt2_sounding_add (&playout->sounding, rt,
      rt + rt2_audio_format_samples_to_ns (playout->format, n));
}

/* Places what is left of a fade. Returns the samples written. */
static guint
take_fade (Rt2Playout *playout, guint64 rt, guint8 *out, guint n, Rt2Slot *slot)
{
  guint width = rt2_audio_format_width (playout->format);
  const guint8 *data;
  gsize size;
  guint count;

  if (!playout->fade)
    return 0;
  data = g_bytes_get_data (playout->fade, &size);
  count = MIN (n, (size - playout->fade_pos) / width);
  memcpy (out, data + playout->fade_pos, count * width);
  playout->fade_pos += count * width;
  note_speech (slot, playout->fading, count);
  place (playout, playout->fading, rt, count);
  return count;
}

/* Places samples of the first segment. Returns how many, at most @n. */
static guint
take_segment (
    Rt2Playout *playout, guint64 rt, guint8 *out, guint n, Rt2Slot *slot)
{
  Rt2Segment *segment = g_queue_peek_head (&playout->segments);
  Rt2Spoken *spoken = segment->spoken;
  guint width = rt2_audio_format_width (playout->format);
  gsize size;
  const guint8 *data = g_bytes_get_data (segment->bytes, &size);
  guint count = MIN (n, (size - segment->pos) / width);

  if (playout->current != spoken)
    begin_item (playout, spoken);
  playout->starved = FALSE;
  memcpy (out, data + segment->pos, count * width);
  note_speech (slot, spoken, count);
  place (playout, spoken, rt, count);
  playout->queued -= count;
  segment->pos += count * width;
  if (segment->pos >= size)
    segment_free (g_queue_pop_head (&playout->segments));
  return count;
}

static void
put_silence (const Rt2Playout *playout, guint8 *out, guint n)
{
  memset (out, rt2_audio_format_silence (playout->format),
      n * rt2_audio_format_width (playout->format));
}

/* How many samples later than its instant the head of @segment would play at
 * @rt; 0 if it is on time. */
static guint64
samples_late (const Rt2Playout *playout, const Rt2Segment *segment, guint64 rt)
{
  guint width = rt2_audio_format_width (playout->format);
  guint64 due;

  if (segment->due == RT2_TIME_NONE)
    return 0;
  due = segment->due
      + rt2_audio_format_samples_to_ns (playout->format, segment->pos / width);
  if (rt <= due + DUE_SLACK)
    return 0;
  return rt2_audio_format_ns_to_samples (playout->format, rt - due);
}

/* Samples at the head of @segment that nobody misses: what a pause there has
 * beyond a short one. */
static guint64
spare_samples (const Rt2Playout *playout, const Rt2Segment *segment)
{
  guint64 pause = rt2_audio_format_ns_to_samples (playout->format, PAUSE);
  gsize size;
  const guint8 *data = g_bytes_get_data (segment->bytes, &size);
  guint64 n;

  if (playout->format != RT2_AUDIO_FORMAT_PCM16)
    return 0;
  n = rt2_sample_find (playout->format, data + segment->pos,
      (size - segment->pos) / 2, QUIET_LEVEL);
  return n > pause ? n - pause : 0;
}

/* What came late catches up in its pauses. */
static void
drop_late_pauses (Rt2Playout *playout, guint64 rt)
{
  Rt2Segment *segment;

  while ((segment = g_queue_peek_head (&playout->segments))) {
    guint64 n = samples_late (playout, segment, rt);
    guint64 spare = n > 0 ? spare_samples (playout, segment) : 0;

    n = MIN (n, spare);
    if (n == 0)
      return;
    segment->spoken->received -= n;
    playout->queued -= n;
    segment->pos += 2 * n;
    if (segment->pos >= g_bytes_get_size (segment->bytes))
      segment_free (g_queue_pop_head (&playout->segments));
  }
}

/* Samples of silence before the first segment may play, if the next sample
 * plays at @rt. Segments follow each other a little early or late because
 * instants are rounded: that is no reason for silence between them. */
static guint64
samples_until_due (Rt2Playout *playout, guint64 rt)
{
  const Rt2Segment *segment = g_queue_peek_head (&playout->segments);

  if (segment->due == RT2_TIME_NONE || segment->pos > 0)
    return 0;
  if (segment->due <= rt + (playout->flowing ? DUE_SLACK : 0))
    return 0;
  return rt2_audio_format_ns_to_samples (playout->format, segment->due - rt);
}

/* The last of the period, @missing samples, found nothing to play. */
static void
note_underrun (Rt2Playout *playout, guint missing)
{
  Rt2Spoken *current = playout->current;

  if (missing == 0 || !current || rt2_spoken_is_placed (current)) {
    playout->starved = FALSE;
    return;
  }
  if (!playout->starved) {
    playout->waited = 0;
    playout->stats.underruns++;
    current->underruns++;
  }
  playout->waited += missing;
  playout->stats.underrun_samples += missing;
  current->underrun_samples += missing;
  playout->starved = TRUE;
}

/* Nothing more can happen to it that anybody asks the schedule for. */
static gboolean
is_history (Rt2Playout *playout, Rt2Spoken *spoken, guint64 rt)
{
  const Rt2Run *last;
  guint64 end;

  if (spoken->role == RT2_ROLE_USER)
    return spoken->text_done;
  if (!spoken->response_done || !rt2_spoken_is_placed (spoken))
    return spoken->response_done && spoken->cancelled;
  if (spoken->runs->len == 0)
    return TRUE;
  last = &g_array_index (spoken->runs, Rt2Run, spoken->runs->len - 1);
  end = last->rt + rt2_audio_format_samples_to_ns (spoken->format, last->n);
  return end + playout->latency <= rt;
}

static void
forget_history (Rt2Playout *playout, guint64 rt)
{
  Rt2Spoken *spoken;

  while ((spoken = g_queue_peek_head (&playout->items))
      && is_history (playout, spoken, rt))
    rt2_spoken_unref (g_queue_pop_head (&playout->items));
}

void
rt2_playout_take (
    Rt2Playout *playout, guint64 rt, guint8 *out, guint n, Rt2Slot *slot)
{
  guint width = rt2_audio_format_width (playout->format);
  guint done;

  memset (slot, 0, sizeof (*slot));
  if (playout->fade && playout->fade_pos >= g_bytes_get_size (playout->fade))
    rt2_playout_clear_fade (playout);
  forget_history (playout, rt);
  forgive_underrun (playout);

  done = take_fade (playout, rt, out, n, slot);
  while (done < n && !g_queue_is_empty (&playout->segments)) {
    guint64 at = rt + rt2_audio_format_samples_to_ns (playout->format, done);
    guint64 wait;
    gboolean is_due;

    skip_unspoken (playout, at);
    drop_late_pauses (playout, at);
    if (g_queue_is_empty (&playout->segments))
      break;
    wait = MIN (samples_until_due (playout, at), n - done);
    is_due = wait == 0;

    if (!is_due)
      put_silence (playout, out + done * width, wait);
    else
      wait = take_segment (playout, at, out + done * width, n - done, slot);
    playout->flowing = is_due;
    done += wait;
  }
  playout->flowing &= done == n;
  playout->stats.spoken_samples += slot->n_speech;
  note_underrun (playout, n - done);
  put_silence (playout, out + done * width, n - done);

  slot->final = slot->spoken && rt2_spoken_is_placed (slot->spoken);
  if (playout->current && rt2_spoken_is_placed (playout->current))
    end_current (playout);
}

void
rt2_playout_skip (Rt2Playout *playout, guint8 *out, guint n)
{
  playout->flowing = FALSE;
  put_silence (playout, out, n);
}

gboolean
rt2_playout_pop_mark (
    Rt2Playout *playout, Rt2MarkKind *kind, Rt2Spoken **spoken)
{
  Mark *mark = g_queue_pop_head (&playout->marks);

  if (!mark)
    return FALSE;
  *kind = mark->kind;
  *spoken = rt2_spoken_ref (mark->spoken);
  mark_free (mark);
  return TRUE;
}

guint64
rt2_playout_queued (const Rt2Playout *playout)
{
  return rt2_audio_format_samples_to_ns (playout->format, playout->queued);
}

static gboolean
is_fading (const Rt2Playout *playout)
{
  return playout->fade && playout->fade_pos < g_bytes_get_size (playout->fade);
}

gboolean
rt2_playout_is_speaking (const Rt2Playout *playout)
{
  if (playout->queued > 0 || is_fading (playout))
    return TRUE;
  return playout->current && !rt2_spoken_is_placed (playout->current);
}

Rt2Spoken *
rt2_playout_speaker (const Rt2Playout *playout)
{
  if (is_fading (playout))
    return playout->fading;
  if (playout->current && !rt2_spoken_is_placed (playout->current))
    return playout->current;
  for (GList *l = playout->segments.head; l; l = l->next) {
    const Rt2Segment *segment = l->data;

    if (rt2_playout_fate_of (playout, segment->spoken) == RT2_FATE_SPOKEN)
      return segment->spoken;
  }
  return NULL;
}

void
rt2_playout_get_stats (const Rt2Playout *playout, Rt2PlayoutStats *stats)
{
  *stats = playout->stats;
}

/* --- the listener's ear --- */

guint64
rt2_playout_sounds_at (const Rt2Playout *playout, guint64 rt)
{
  return rt + playout->latency;
}

gboolean
rt2_playout_was_audible (const Rt2Playout *playout, guint64 from, guint64 to)
{
  if (to < playout->latency)
    return FALSE;
  return rt2_sounding_within (&playout->sounding,
      from > playout->latency ? from - playout->latency : 0,
      to - playout->latency);
}
