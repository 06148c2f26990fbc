/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ring of the user's audio, and the turns in it.
 */
#include "rt2replay.h"

#include "rt2loudness.h"

/* Kept before what is settled, ns: a VAD wants to hear it begin. */
#define LEAD (G_GUINT64_CONSTANT (2000) * 1000000)

typedef struct {
  GBytes *audio;
  Rt2AudioFormat format;
  guint64 rt;
  guint64 start, end; /* positions */
} Piece;

/* One that was committed and is not answered. */
typedef struct {
  guint64 start, end;
  gboolean known;     /* the server has it */
  gchar *item_id;     /* there; NULL = not known */
  gboolean ours;      /* committed by us, at its end */
  gboolean answering; /* a response to it is under way */
  gboolean unwanted;  /* it needs no answer once the server has it */
} Turn;

struct _Rt2Replay {
  guint64 limit;         /* ns of pieces */
  GQueue pieces;         /* Piece*, in order */
  guint64 total;         /* ns appended */
  guint64 settled;       /* nothing before it is needed, but for turns */
  guint64 alive;         /* the server has heard what is before it */
  guint64 open;          /* where the speech that goes on began, or MAX */
  GQueue turns;          /* Turn*, in order */
  Rt2Loudness *loudness; /* of what was appended */
  guint64 loud;          /* the first that was, after all turns, or MAX */
};

static void
piece_free (Piece *piece)
{
  g_bytes_unref (piece->audio);
  g_free (piece);
}

static void
turn_free (Turn *turn)
{
  g_free (turn->item_id);
  g_free (turn);
}

void
rt2_replay_step_free (Rt2ReplayStep *step)
{
  g_clear_pointer (&step->audio, g_bytes_unref);
  g_free (step);
}

static void
reset (Rt2Replay *replay)
{
  g_queue_clear_full (&replay->pieces, (GDestroyNotify) piece_free);
  g_queue_clear_full (&replay->turns, (GDestroyNotify) turn_free);
  replay->total = replay->settled = replay->alive = 0;
  replay->open = replay->loud = G_MAXUINT64;
  rt2_loudness_reset (replay->loudness);
}

Rt2Replay *
rt2_replay_new (guint64 limit)
{
  Rt2Replay *replay = g_new0 (Rt2Replay, 1);

  replay->limit = limit;
  g_queue_init (&replay->pieces);
  g_queue_init (&replay->turns);
  replay->loudness = rt2_loudness_new ();
  reset (replay);
  return replay;
}

void
rt2_replay_free (Rt2Replay *replay)
{
  reset (replay);
  rt2_loudness_free (replay->loudness);
  g_free (replay);
}

/* --- the ring --- */

/* Where what is kept begins. */
static guint64
first_kept (const Rt2Replay *replay)
{
  const Piece *piece = g_queue_peek_head ((GQueue *) &replay->pieces);

  return piece ? piece->start : replay->total;
}

/* Drops what nobody needs, and what is too much. */
static void
trim (Rt2Replay *replay)
{
  const Turn *turn = g_queue_peek_head (&replay->turns);
  guint64 needed = MIN (replay->settled, replay->open);
  Piece *piece;

  if (turn)
    needed = MIN (needed, turn->start);
  needed -= MIN (needed, LEAD);
  while ((piece = g_queue_peek_head (&replay->pieces))
      && (piece->end <= needed || replay->total - piece->start > replay->limit))
    piece_free (g_queue_pop_head (&replay->pieces));
}

/* The part of @piece from @start to @end; NULL if there is none. */
static GBytes *
cut (const Piece *piece, guint64 start, guint64 end)
{
  guint width = rt2_audio_format_width (piece->format);
  gsize size = g_bytes_get_size (piece->audio), from = 0, to = size;

  if (start > piece->start)
    from = width
        * rt2_audio_format_ns_to_samples (piece->format, start - piece->start);
  if (end < piece->end)
    to = width
        * rt2_audio_format_ns_to_samples (
            piece->format, end - MIN (end, piece->start));
  to = MIN (to, size);
  return from < to ? g_bytes_new_from_bytes (piece->audio, from, to - from)
                   : NULL;
}

/* Keeps that of the piece at @link, before it. */
static void
keep_part (Rt2Replay *replay, GList *link, guint64 start, guint64 end)
{
  const Piece *piece = link->data;
  GBytes *audio = start < end ? cut (piece, start, end) : NULL;
  Piece *part;

  if (!audio)
    return;
  part = g_memdup2 (piece, sizeof *piece);
  part->audio = audio;
  part->start = start;
  part->end = end;
  if (part->rt != G_MAXUINT64)
    part->rt += start - piece->start;
  g_queue_insert_before (&replay->pieces, link, part);
}

/* What is from @start to @end is not to be said again. */
static void
cut_out (Rt2Replay *replay, guint64 start, guint64 end)
{
  GList *next;

  for (GList *l = replay->pieces.head; l; l = next) {
    const Piece *piece = l->data;

    next = l->next;
    if (piece->end <= start || piece->start >= end)
      continue;
    keep_part (replay, l, piece->start, start);
    keep_part (replay, l, end, piece->end);
    piece_free (l->data);
    g_queue_delete_link (&replay->pieces, l);
  }
}

/* Where what was sent after all turns begins. */
static guint64
rest_of (const Rt2Replay *replay)
{
  const Turn *last = g_queue_peek_tail ((GQueue *) &replay->turns);

  return last ? MAX (last->end, replay->settled) : replay->settled;
}

/* The level remembers less than may be needed. */
static void
note_loud (Rt2Replay *replay, guint64 appended)
{
  guint64 rest = rest_of (replay);
  guint64 from = appended - MIN (appended, RT2_LOUDNESS_FRAME);

  if (replay->loud == G_MAXUINT64)
    replay->loud = rt2_loudness_first (replay->loudness, MAX (rest, from));
  else if (replay->loud < rest)
    replay->loud = rt2_loudness_first (replay->loudness, rest);
}

void
rt2_replay_append (
    Rt2Replay *replay, Rt2AudioFormat format, GBytes *audio, guint64 rt)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (audio, &size);
  Piece *piece = g_new (Piece, 1);

  *piece = (Piece){ g_bytes_ref (audio), format, rt, replay->total,
    replay->total + rt2_audio_format_bytes_to_ns (format, size) };
  replay->total = piece->end;
  g_queue_push_tail (&replay->pieces, piece);
  rt2_loudness_feed (replay->loudness, format, data, size, NULL, NULL);
  note_loud (replay, piece->start);
  trim (replay);
}

/* --- turns --- */

void
rt2_replay_speech (Rt2Replay *replay, guint64 start)
{
  replay->open = MIN (start, replay->total);
}

static GList *
find_unknown (Rt2Replay *replay, gboolean ours)
{
  GList *l = replay->turns.head;

  while (l && (((Turn *) l->data)->known || ((Turn *) l->data)->ours != ours))
    l = l->next;
  return l;
}

/* The VAD committed @turn before the server got what we committed: it has not
 * the beginning of that. */
static void
put_before_ours (Rt2Replay *replay, Turn *turn)
{
  GList *first = find_unknown (replay, TRUE);

  g_queue_insert_before (&replay->turns, first, turn);
  for (GList *l = first; l; l = l->next) {
    Turn *later = l->data;

    later->start = CLAMP (turn->end, later->start, later->end);
  }
}

void
rt2_replay_turn (Rt2Replay *replay, guint64 start, guint64 end, gboolean ours)
{
  Turn *turn;

  replay->open = G_MAXUINT64;
  if (replay->turns.length == RT2_REPLAY_MAX_TURNS) {
    turn = g_queue_pop_head (&replay->turns);
    ((Turn *) g_queue_peek_head (&replay->turns))->start = turn->start;
    turn_free (turn);
  }
  turn = g_new0 (Turn, 1);
  turn->start = MIN (start, replay->total);
  turn->end = CLAMP (end, turn->start, replay->total);
  turn->ours = ours;
  if (ours)
    g_queue_push_tail (&replay->turns, turn);
  else
    put_before_ours (replay, turn);
}

void
rt2_replay_refused (Rt2Replay *replay)
{
  GList *link = find_unknown (replay, TRUE);

  if (!link)
    return;
  turn_free (link->data);
  g_queue_delete_link (&replay->turns, link);
}

static void
settle_link (Rt2Replay *replay, GList *link)
{
  Turn *turn = link->data;

  replay->settled = MAX (replay->settled, turn->end);
  cut_out (replay, turn->start, turn->end);
  turn_free (turn);
  g_queue_delete_link (&replay->turns, link);
}

void
rt2_replay_name (Rt2Replay *replay, gboolean ours, const gchar *item_id)
{
  GList *link = find_unknown (replay, ours);
  Turn *turn;

  if (!link)
    return;
  turn = link->data;
  turn->known = TRUE;
  turn->item_id = g_strdup (item_id);
  if (replay->open < turn->end)
    replay->open = G_MAXUINT64;
  if (turn->unwanted)
    settle_link (replay, link);
  trim (replay);
}

void
rt2_replay_interrupted (Rt2Replay *replay)
{
  GList *next;

  for (GList *l = replay->turns.head; l; l = next) {
    Turn *turn = l->data;

    next = l->next;
    turn->unwanted = TRUE;
    if (turn->known)
      settle_link (replay, l);
  }
  trim (replay);
}

void
rt2_replay_settle (Rt2Replay *replay, const gchar *item_id)
{
  for (GList *l = replay->turns.head; l; l = l->next) {
    const Turn *turn = l->data;

    if (!turn->known || g_strcmp0 (turn->item_id, item_id) != 0)
      continue;
    settle_link (replay, l);
    break;
  }
  trim (replay);
}

void
rt2_replay_settle_until (Rt2Replay *replay, guint64 position)
{
  GList *next;

  position = MIN (position, replay->total);
  replay->settled = MAX (replay->settled, position);
  for (GList *l = replay->turns.head; l; l = next) {
    next = l->next;
    if (((Turn *) l->data)->end <= position)
      settle_link (replay, l);
  }
  trim (replay);
}

void
rt2_replay_clear (Rt2Replay *replay)
{
  guint64 from = 0;

  for (GList *l = replay->turns.head; l; l = l->next)
    from = MAX (from, ((Turn *) l->data)->end);
  cut_out (replay, from, replay->total);
  replay->open = G_MAXUINT64;
  replay->settled = replay->total;
}

void
rt2_replay_answering (Rt2Replay *replay)
{
  for (GList *l = replay->turns.head; l; l = l->next)
    ((Turn *) l->data)->answering = ((Turn *) l->data)->known;
}

void
rt2_replay_answered (Rt2Replay *replay)
{
  GList *next;

  for (GList *l = replay->turns.head; l; l = next) {
    next = l->next;
    if (((Turn *) l->data)->answering)
      settle_link (replay, l);
  }
  trim (replay);
}

void
rt2_replay_alive (Rt2Replay *replay)
{
  replay->alive = replay->total - MIN (replay->total, RT2_REPLAY_HEARD_AFTER);
}

/* --- what is asked --- */

GBytes *
rt2_replay_get (
    Rt2Replay *replay, guint64 start, guint64 end, Rt2AudioFormat *format)
{
  GByteArray *all = g_byte_array_new ();
  GBytes *audio = NULL;

  for (GList *l = replay->pieces.head; l; l = l->next) {
    const Piece *piece = l->data;
    GBytes *part = cut (piece, start, end);
    gsize size;
    gconstpointer data;

    if (!part)
      continue;
    if (all->len > 0 && *format != piece->format)
      g_byte_array_set_size (all, 0);
    *format = piece->format;
    data = g_bytes_get_data (part, &size);
    g_byte_array_append (all, data, size);
    g_bytes_unref (part);
  }
  /* The array may be twice as large as what is in it, and this is kept. */
  if (all->len > 0)
    audio = g_bytes_new (all->data, all->len);
  g_byte_array_unref (all);
  return audio;
}

GPtrArray *
rt2_replay_list (Rt2Replay *replay)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (g_free);

  for (GList *l = replay->turns.head; l; l = l->next)
    if (((Turn *) l->data)->item_id)
      g_ptr_array_add (list, g_strdup (((Turn *) l->data)->item_id));
  return list;
}

guint
rt2_replay_n_found (const Rt2Replay *replay)
{
  guint n = 0;

  for (GList *l = replay->turns.head; l; l = l->next)
    n += !((Turn *) l->data)->ours;
  return n;
}

/* --- again --- */

/* ns from @start to @end that are before @first. */
static guint64
part_before (guint64 start, guint64 end, guint64 first)
{
  return start < first ? MIN (first, end) - start : 0;
}

/* ns of what was said and not answered, before the position @first. */
static guint64
count_unanswered (const Rt2Replay *replay, Rt2ReplayMode mode, guint64 first)
{
  guint64 open = replay->open, sum = 0;

  for (GList *l = replay->turns.head; l; l = l->next) {
    const Turn *turn = l->data;

    sum += part_before (turn->start, turn->end, first);
  }
  if (open == G_MAXUINT64 && mode == RT2_REPLAY_ALL)
    open = rest_of (replay);
  if (open != G_MAXUINT64)
    sum += part_before (open, replay->total, first);
  return sum;
}

guint64
rt2_replay_unanswered (Rt2Replay *replay, Rt2ReplayMode mode)
{
  return count_unanswered (replay, mode, G_MAXUINT64);
}

gboolean
rt2_replay_lacks_words (Rt2Replay *replay, Rt2ReplayMode mode)
{
  guint64 first = first_kept (replay), rest = rest_of (replay);

  if (mode == RT2_REPLAY_ALL && replay->loud != G_MAXUINT64
      && replay->loud + RT2_LOUDNESS_FRAME > rest && replay->loud < first)
    return TRUE;
  return count_unanswered (replay, RT2_REPLAY_SPEECH, first) > 0;
}

/* Where what must be sent again begins, MAX if there is nothing. */
static guint64
find_start (const Rt2Replay *replay, Rt2ReplayMode mode)
{
  const Turn *turn = g_queue_peek_head ((GQueue *) &replay->turns);
  guint64 start = turn ? MIN (replay->open, turn->start) : replay->open;

  return mode == RT2_REPLAY_ALL ? MIN (start, rest_of (replay)) : start;
}

/* Speech that nobody has told us of. */
static guint64
find_loud (const Rt2Replay *replay)
{
  guint64 from = MAX (replay->settled, replay->alive);

  return rt2_loudness_first (replay->loudness, MAX (from, first_kept (replay)));
}

static void
add_step (GPtrArray *steps, GBytes *audio, Rt2AudioFormat format, guint64 rt)
{
  Rt2ReplayStep *step = g_new (Rt2ReplayStep, 1);

  *step = (Rt2ReplayStep){ audio, format, rt };
  g_ptr_array_add (steps, step);
}

/* Adds what is kept from @start to @end. */
static void
add_audio (Rt2Replay *replay, GPtrArray *steps, guint64 start, guint64 end)
{
  for (GList *l = replay->pieces.head; l && start < end; l = l->next) {
    const Piece *piece = l->data;
    GBytes *part = cut (piece, start, end);
    guint64 rt = piece->rt;

    if (!part)
      continue;
    if (rt != G_MAXUINT64 && start > piece->start)
      rt += start - piece->start;
    add_step (steps, part, piece->format, rt);
  }
}

static GPtrArray *
list_steps (Rt2Replay *replay, guint64 start)
{
  GPtrArray *steps = g_ptr_array_new_with_free_func (
      (GDestroyNotify) rt2_replay_step_free);

  for (GList *l = replay->turns.head; l; l = l->next) {
    const Turn *turn = l->data;

    if (!turn->ours)
      continue;
    add_audio (replay, steps, start, turn->end);
    start = turn->end;
    if (steps->len > 0)
      add_step (steps, NULL, RT2_AUDIO_FORMAT_PCM16, G_MAXUINT64);
  }
  add_audio (replay, steps, start, replay->total);
  return steps;
}

/* The same with what a VAD needs to find it, but not what is settled. */
static guint64
find_speech (const Rt2Replay *replay, guint64 padding)
{
  guint64 start = find_start (replay, RT2_REPLAY_SPEECH);
  guint64 settled;

  if (start == G_MAXUINT64)
    start = find_loud (replay);
  if (start == G_MAXUINT64)
    return start;
  settled = replay->settled <= start ? replay->settled : 0;
  return MAX (start - MIN (start, padding), settled);
}

GPtrArray *
rt2_replay_take (
    Rt2Replay *replay, Rt2ReplayMode mode, guint64 padding, guint64 *missing)
{
  guint64 start = mode == RT2_REPLAY_SPEECH ? find_speech (replay, padding)
                                            : find_start (replay, mode);
  GPtrArray *steps;

  *missing = count_unanswered (replay, mode, first_kept (replay));
  steps = list_steps (replay, start);
  reset (replay);
  return steps;
}
