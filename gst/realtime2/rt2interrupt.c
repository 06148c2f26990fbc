/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Interruptions: which items are cut and which are protected, what of each was
 * heard, and a fade where the cut falls.
 */
#include "rt2playout-private.h"

#include "rt2sample.h"

/* --- the fade --- */

static gint16
fade_sample (gint32 sample, guint i, guint n)
{
  return (gint16) (sample * (gint32) (n - 1 - i) / (gint32) n);
}

/* A straight line from full level down to silence over @n samples. */
static void
ramp_down (Rt2AudioFormat format, guint8 *data, guint n)
{
  for (guint i = 0; i < n; i++) {
    gint16 sample = rt2_sample_get (format, data, i);

    rt2_sample_put (format, data, i, fade_sample (sample, i, n));
  }
}

/* The next samples of the item that is being spoken, as many as a fade has. */
static GByteArray *
copy_tail (Rt2Playout *playout)
{
  GByteArray *tail = g_byte_array_new ();
  gsize wanted = rt2_audio_format_width (playout->format)
      * rt2_audio_format_ns_to_samples (playout->format, RT2_PLAYOUT_FADE);

  for (GList *l = playout->segments.head; l && tail->len < wanted;
       l = l->next) {
    Rt2Segment *segment = l->data;
    gsize size;
    const guint8 *data = g_bytes_get_data (segment->bytes, &size);

    if (segment->spoken != playout->current)
      break;
    g_byte_array_append (tail, data + segment->pos,
        MIN (size - segment->pos, wanted - tail->len));
  }
  return tail;
}

/* Keeps a fade of the item that is being spoken. Returns its samples. */
static guint
prepare_fade (Rt2Playout *playout)
{
  GByteArray *tail = copy_tail (playout);
  guint n = tail->len / rt2_audio_format_width (playout->format);

  if (n == 0) {
    g_byte_array_unref (tail);
    return 0;
  }
  ramp_down (playout->format, tail->data, n);
  rt2_playout_clear_fade (playout);
  playout->fading = rt2_spoken_ref (playout->current);
  playout->fade = g_byte_array_free_to_bytes (tail);
  return n;
}

/* --- protection --- */

void
rt2_playout_set_protect (Rt2Playout *playout, Rt2Protect protect)
{
  playout->protect = protect;
}

void
rt2_playout_mark_opening (
    Rt2Playout *playout, const gchar *response_id, gboolean always)
{
  g_free (playout->greeting);
  playout->greeting = g_strdup (response_id);
  playout->shielded = always;
  for (GList *l = playout->items.head; l; l = l->next) {
    Rt2Spoken *spoken = l->data;

    if (spoken->role == RT2_ROLE_ASSISTANT
        && g_strcmp0 (spoken->response_id, response_id) == 0) {
      spoken->greeting = TRUE;
      spoken->shielded = always;
    }
  }
}

static gboolean
is_protected (const Rt2Playout *playout, const Rt2Spoken *spoken)
{
  if (spoken->shielded || (playout->protect & RT2_PROTECT_ALL))
    return TRUE;
  if ((playout->protect & RT2_PROTECT_GREETING) && spoken->greeting)
    return TRUE;
  return (playout->protect & RT2_PROTECT_COMMENTARY)
      && rt2_spoken_phase (spoken) == RT2_PHASE_COMMENTARY;
}

/* --- what can be taken back --- */

/* The time of the stream at the end of the pipeline when running time is @now:
 * what comes before it is out of a flush's reach. */
static guint64
exit_time (const Rt2Playout *playout, guint64 now)
{
  guint64 inside = playout->latency - MIN (playout->beyond, playout->latency);

  return now > inside ? now - inside : 0;
}

static gboolean
is_interruptible (const Rt2Playout *playout, const Rt2Spoken *spoken,
    guint64 now, gboolean flush)
{
  if (spoken->role != RT2_ROLE_ASSISTANT || spoken->cancelled
      || spoken->fate == RT2_FATE_READ)
    return FALSE;
  if (spoken->kind == RT2_TEXT_TEXT && spoken->received == 0)
    return FALSE;
  if (!rt2_spoken_is_placed (spoken))
    return TRUE;
  return flush
      && rt2_spoken_played (spoken, exit_time (playout, now))
      < spoken->received;
}

static gboolean
will_sound (const Rt2Playout *playout, const Rt2Spoken *spoken)
{
  return rt2_playout_fate_of (playout, spoken) == RT2_FATE_SPOKEN;
}

gboolean
rt2_playout_is_protected (Rt2Playout *playout)
{
  for (GList *l = playout->items.head; l; l = l->next)
    if (is_interruptible (playout, l->data, 0, FALSE)
        && will_sound (playout, l->data))
      return is_protected (playout, l->data);
  return FALSE;
}

gboolean
rt2_playout_may_flush (Rt2Playout *playout, guint64 now)
{
  guint64 gone = exit_time (playout, now);

  for (GList *l = playout->items.head; l; l = l->next) {
    const Rt2Spoken *spoken = l->data;

    if (is_interruptible (playout, spoken, now, TRUE)
        && rt2_spoken_played (spoken, gone) < spoken->placed)
      return !is_protected (playout, spoken);
  }
  return FALSE;
}

/* --- the cut --- */

/* No more words of @spoken, which leaves to be read, unless it is protected. */
static void
stop_reading (
    const Rt2Playout *playout, Rt2Spoken *spoken, gboolean after_the_cut)
{
  if (spoken->fate == RT2_FATE_READ
      && (after_the_cut || !is_protected (playout, spoken)))
    spoken->cancelled = TRUE;
}

/* The items to be cut, in playing order; not references. */
static GPtrArray *
choose_cut (Rt2Playout *playout, guint64 now, gboolean flush)
{
  GPtrArray *cut = g_ptr_array_new ();
  gboolean cutting = FALSE;

  for (GList *l = playout->items.head; l; l = l->next) {
    Rt2Spoken *spoken = l->data;
    gboolean sounds = will_sound (playout, spoken);

    stop_reading (playout, spoken, cutting);
    if (!is_interruptible (playout, spoken, now, flush))
      continue;
    if (!cutting && sounds && is_protected (playout, spoken))
      continue;
    cutting = cutting || sounds;
    g_ptr_array_add (cut, spoken);
  }
  return cut;
}

static Rt2Heard *
cancel_item (Rt2Playout *playout, Rt2Spoken *spoken, guint64 heard)
{
  Rt2Heard *h = g_new0 (Rt2Heard, 1);

  spoken->cancelled = TRUE;
  spoken->ended = TRUE;
  spoken->heard = MIN (heard, spoken->received);
  playout->stats.dropped_samples += spoken->received - spoken->heard;

  h->item_id = g_strdup (spoken->id);
  h->response_id = g_strdup (spoken->response_id);
  h->received = spoken->received;
  h->heard = spoken->heard;
  h->rate = rt2_audio_format_rate (spoken->format);
  h->complete = spoken->audio_done;
  return h;
}

static void
drop_cancelled (Rt2Playout *playout)
{
  GList *next;

  for (GList *l = playout->segments.head; l; l = next) {
    const Rt2Segment *segment = l->data;

    next = l->next;
    if (segment->spoken->cancelled)
      rt2_playout_drop_segment (playout, l);
  }
  if (!playout->current || !playout->current->cancelled)
    return;
  g_clear_pointer (&playout->current, rt2_spoken_unref);
  playout->starved = FALSE;
  playout->flowing = FALSE;
}

GPtrArray *
rt2_playout_interrupt (Rt2Playout *playout, guint64 now, gboolean flush)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (
      (GDestroyNotify) rt2_heard_free);
  GPtrArray *cut = choose_cut (playout, now, flush);
  guint64 gone = exit_time (playout, now);
  guint fade = 0;

  if (!flush && g_ptr_array_find (cut, playout->current, NULL))
    fade = prepare_fade (playout);
  for (guint i = 0; i < cut->len; i++) {
    Rt2Spoken *spoken = g_ptr_array_index (cut, i);
    guint64 heard = flush ? rt2_spoken_played (spoken, gone) : spoken->placed;
    Rt2Heard *h;

    if (fade > 0 && spoken == playout->fading)
      heard += fade;
    h = cancel_item (playout, spoken, heard);
    if (spoken->local)
      rt2_heard_free (h);
    else
      g_ptr_array_add (list, h);
  }
  if (flush)
    rt2_playout_clear_fade (playout);
  drop_cancelled (playout);
  g_ptr_array_unref (cut);
  return list;
}

/* --- an answer that breaks off --- */

static gboolean
is_of (const Rt2Spoken *spoken, const gchar *response_id)
{
  return spoken->role == RT2_ROLE_ASSISTANT
      && g_strcmp0 (spoken->response_id, response_id) == 0;
}

gboolean
rt2_playout_retract (Rt2Playout *playout, const gchar *response_id)
{
  for (GList *l = playout->items.head; l; l = l->next) {
    const Rt2Spoken *spoken = l->data;

    if (is_of (spoken, response_id) && (spoken->placed > 0 || spoken->shown))
      return FALSE;
  }
  for (GList *l = playout->items.head; l; l = l->next) {
    Rt2Spoken *spoken = l->data;

    if (is_of (spoken, response_id) && !spoken->cancelled)
      rt2_heard_free (cancel_item (playout, spoken, 0));
  }
  drop_cancelled (playout);
  return TRUE;
}
