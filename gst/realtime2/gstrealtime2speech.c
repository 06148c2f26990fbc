/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is said. Each function updates what the element keeps, under self->lock,
 * then tells the bus, without it.
 */
#include "gstrealtime2speech.h"

#include "gstrealtime2audiosrc.h"
#include "gstrealtime2budget.h"
#include "gstrealtime2fields.h"
#include "gstrealtime2figures.h"
#include "gstrealtime2imagesink.h"
#include "gstrealtime2link.h"
#include "gstrealtime2messages.h"
#include "gstrealtime2overrun.h"
#include "rt2caption.h"

#define GST_CAT_DEFAULT gst_realtime2_debug

/* --- the user --- */

static void
post_utterance (
    GstRealtime2 *self, const gchar *name, const Rt2Utterance *utterance)
{
  GstStructure *fields = gst_structure_new (
      name, "item-id", G_TYPE_STRING, utterance->item_id, NULL);

  gst_realtime2_set_time (fields, "speech-start", utterance->start);
  gst_realtime2_set_time (fields, "speech-end", utterance->end);
  gst_realtime2_post_structure (self, fields);
}

void
gst_realtime2_on_speech_started (gpointer owner, const Rt2Utterance *utterance)
{
  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  gst_realtime2_show_turn (owner);
  post_utterance (owner, "realtime2/speech-started", utterance);
}

void
gst_realtime2_on_speech_stopped (gpointer owner, const Rt2Utterance *utterance)
{
  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  post_utterance (owner, "realtime2/speech-stopped", utterance);
}

void
gst_realtime2_on_turn_dismissed (
    gpointer owner, const gchar *item_id, guint64 duration)
{
  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  gst_realtime2_post (owner, "turn-dismissed", "item-id", G_TYPE_STRING,
      item_id, "speech-ms", G_TYPE_UINT64, duration / GST_MSECOND, NULL);
}

static void
post_transcript (GstRealtime2 *self, Rt2Role role, const gchar *item_id,
    const gchar *text, Rt2Phase phase)
{
  GstStructure *fields = gst_structure_new ("realtime2/transcript", "role",
      G_TYPE_STRING, rt2_role_name (role), "item-id", G_TYPE_STRING, item_id,
      "text", G_TYPE_STRING, text, "final", G_TYPE_BOOLEAN, TRUE, NULL);

  gst_realtime2_set_string (fields, "phase", rt2_phase_name (phase));
  gst_realtime2_post_structure (self, fields);
}

/* --- results that belong to an instant of the input --- */

/* Notes how long after the instant @due a result came, and reports it when it
 * is later than the latency allows. */
static void
note_delay (GstRealtime2 *self, guint64 due)
{
  guint64 now = gst_realtime2_running_time (self);
  guint64 delay = GST_CLOCK_TIME_IS_VALID (now) && now > due ? now - due : 0;
  gboolean longest, excessive;

  g_mutex_lock (&self->lock);
  longest = delay > self->max_observed_delay;
  excessive = longest && delay > self->delay;
  if (longest)
    self->max_observed_delay = delay;
  g_mutex_unlock (&self->lock);

  if (longest)
    g_object_notify (G_OBJECT (self), "max-observed-delay");
  if (excessive)
    gst_realtime2_post (self, "excessive-delay", "delay", G_TYPE_UINT64, delay,
        "latency", G_TYPE_UINT64, self->delay, NULL);
}

/* The instant for words that came with @due: the output of such a session is
 * behind the clock, so what has no instant leaves at once. */
static guint64
instant_of (GstRealtime2 *self, guint64 due)
{
  if (due != RT2_TIME_NONE || !self->timed_text)
    return due;
  return 0;
}

/* The item of what the user said, made and given to the text pads at the first
 * word. Called with self->lock. */
static Rt2Spoken *
user_item (GstRealtime2 *self, const Rt2Utterance *utterance)
{
  const gchar *id = utterance->item_id ? utterance->item_id : "";
  Rt2Spoken *spoken = rt2_playout_find (self->playout, id);

  if (!spoken) {
    spoken = rt2_playout_user_item (self->playout, id);
    gst_realtime2_add_text (self, spoken);
  }
  spoken->speech_start = utterance->start;
  spoken->speech_end = utterance->end;
  return spoken;
}

/* The instant of what is said anew: at the end of an utterance that is all of
 * it or nothing. Called with self->lock. */
static guint64
instant_of_user_text (const Rt2Spoken *spoken, const Rt2Utterance *utterance,
    const gchar *text, gboolean final)
{
  if (!final)
    return utterance->words;
  return text && *text && spoken->text->len == 0 ? utterance->start
                                                 : RT2_TIME_NONE;
}

void
gst_realtime2_on_user_text (gpointer owner, const Rt2Utterance *utterance,
    const gchar *text, gboolean final)
{
  GstRealtime2 *self = owner;
  Rt2Spoken *spoken;
  guint64 instant;
  gsize lost = 0;

  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  g_mutex_lock (&self->lock);
  spoken = user_item (self, utterance);
  instant = instant_of_user_text (spoken, utterance, text, final);
  if (!final || (self->timed_text && instant != RT2_TIME_NONE))
    lost = rt2_spoken_append_text_at (spoken, RT2_TEXT_TRANSCRIPT, text,
        self->timed_text ? instant_of (self, instant) : RT2_TIME_NONE);
  if (final)
    lost += rt2_spoken_finish_text (spoken, text);
  gst_realtime2_note_lost_text (self, lost);
  gst_realtime2_wake_text_pads (self);
  g_mutex_unlock (&self->lock);

  gst_realtime2_tell_overruns (self, FALSE);
  if (self->timed_text && instant != RT2_TIME_NONE)
    note_delay (self, instant);
  if (final && text && *text)
    post_transcript (
        self, RT2_ROLE_USER, utterance->item_id, text, RT2_PHASE_UNKNOWN);
}

/* --- the agent --- */

void
gst_realtime2_on_response_started (
    gpointer owner, const gchar *response_id, Rt2Opening opening)
{
  GstRealtime2 *self = owner;

  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  g_mutex_lock (&self->lock);
  rt2_figures_response_started (
      self->figures, response_id, opening != RT2_OPENING_NONE);
  if (opening != RT2_OPENING_NONE)
    rt2_playout_mark_opening (
        self->playout, response_id, opening == RT2_OPENING_DISCLOSURE);
  g_mutex_unlock (&self->lock);
  gst_realtime2_post (self, "response-started", "response-id", G_TYPE_STRING,
      response_id, "greeting", G_TYPE_BOOLEAN, opening == RT2_OPENING_GREETING,
      "disclosure", G_TYPE_BOOLEAN, opening == RT2_OPENING_DISCLOSURE, NULL);
}

/* The phase may be known only now. Called with self->lock. */
static void
take_phase (GstRealtime2 *self, const Rt2Item *item)
{
  Rt2Spoken *spoken = rt2_playout_find (self->playout, item->id);

  if (spoken && item->phase != RT2_PHASE_UNKNOWN)
    spoken->stated_phase = item->phase;
}

static void
post_phase (GstRealtime2 *self, const gchar *item_id, const gchar *response_id,
    Rt2Phase phase)
{
  gst_realtime2_post (self, "phase-changed", "item-id", G_TYPE_STRING, item_id,
      "response-id", G_TYPE_STRING, response_id, "phase", G_TYPE_STRING,
      rt2_phase_name (phase), NULL);
}

/* TRUE if the bus must be told of the phase as a correction: what is said may
 * have left with another, or with none. Called with self->lock. */
static gboolean
take_correction (Rt2Spoken *spoken)
{
  Rt2Phase told = spoken->told_phase;

  spoken->told_phase = rt2_spoken_phase (spoken);
  if (spoken->told_phase == told || spoken->told_phase == RT2_PHASE_UNKNOWN)
    return FALSE;
  return spoken->placed > 0
      || (spoken->kind == RT2_TEXT_TEXT && spoken->text->len > 0);
}

void
gst_realtime2_on_phase (gpointer owner, const gchar *item_id, Rt2Phase phase)
{
  GstRealtime2 *self = owner;
  gchar *response_id = NULL;
  Rt2Spoken *spoken;

  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  g_mutex_lock (&self->lock);
  spoken = rt2_playout_find (self->playout, item_id);
  if (spoken) {
    spoken->stated_phase = phase;
    if (take_correction (spoken))
      response_id = g_strdup (spoken->response_id);
  }
  g_mutex_unlock (&self->lock);

  if (response_id)
    post_phase (self, item_id, response_id, phase);
  g_free (response_id);
}

/* All that a response says, an item a line, new string. */
static gchar *
text_of (const Rt2Response *response)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < response->output->len; i++) {
    const Rt2Item *item = g_ptr_array_index (response->output, i);

    if (item->type != RT2_ITEM_MESSAGE || !item->text)
      continue;
    if (text->len > 0)
      g_string_append_c (text, '\n');
    g_string_append (text, item->text);
  }
  return g_string_free (text, FALSE);
}

/* What nobody heard is told here. */
static void
add_answer (GstStructure *fields, const Rt2Response *response)
{
  gchar *text = text_of (response);

  gst_structure_set (fields, "out-of-band", G_TYPE_BOOLEAN, TRUE, "text",
      G_TYPE_STRING, text, "metadata", G_TYPE_STRING, response->metadata, NULL);
  g_free (text);
}

static void
post_response_done (
    GstRealtime2 *self, const Rt2Response *response, gboolean out_of_band)
{
  const Rt2Usage *usage = &response->usage;
  GstStructure *fields = gst_structure_new ("realtime2/response-done",
      "response-id", G_TYPE_STRING, response->id, "status", G_TYPE_STRING,
      rt2_status_name (response->status), NULL);

  if (out_of_band)
    add_answer (fields, response);
  gst_realtime2_set_string (fields, "reason", response->reason);
  if (usage->known)
    gst_structure_set (fields, "total-tokens", G_TYPE_UINT64, usage->total,
        "input-tokens", G_TYPE_UINT64, usage->input, "output-tokens",
        G_TYPE_UINT64, usage->output, "input-text-tokens", G_TYPE_UINT64,
        usage->input_text, "input-audio-tokens", G_TYPE_UINT64,
        usage->input_audio, "input-image-tokens", G_TYPE_UINT64,
        usage->input_image, "cached-tokens", G_TYPE_UINT64, usage->cached,
        "output-text-tokens", G_TYPE_UINT64, usage->output_text,
        "output-audio-tokens", G_TYPE_UINT64, usage->output_audio, NULL);
  gst_realtime2_add_cost (self, usage, fields);
  gst_realtime2_add_figures (self, response->id, fields);
  gst_realtime2_post_structure (self, fields);
}

/* Items of @response of which something left with another phase. Strong
 * references. Called with self->lock. */
static GPtrArray *
collect_corrected (GstRealtime2 *self, const Rt2Response *response)
{
  GPtrArray *corrected = g_ptr_array_new_with_free_func (
      (GDestroyNotify) rt2_spoken_unref);

  for (guint i = 0; i < response->output->len; i++) {
    const Rt2Item *item = g_ptr_array_index (response->output, i);
    Rt2Spoken *spoken = rt2_playout_find (self->playout, item->id);

    if (spoken && take_correction (spoken))
      g_ptr_array_add (corrected, rt2_spoken_ref (spoken));
  }
  return corrected;
}

/* Text and speech may have left with no phase, or with another. */
static void
post_corrected (GstRealtime2 *self, const GPtrArray *corrected)
{
  for (guint i = 0; i < corrected->len; i++) {
    const Rt2Spoken *spoken = g_ptr_array_index (corrected, i);

    post_phase (self, spoken->id, spoken->response_id, spoken->told_phase);
  }
}

void
gst_realtime2_on_response_done (
    gpointer owner, const Rt2Response *response, gboolean out_of_band)
{
  GstRealtime2 *self = owner;
  GPtrArray *corrected;

  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  g_mutex_lock (&self->lock);
  for (guint i = 0; i < response->output->len; i++)
    take_phase (self, g_ptr_array_index (response->output, i));
  rt2_playout_finish_response (self->playout, response->id);
  corrected = collect_corrected (self, response);
  gst_realtime2_wake_text_pads (self);
  g_mutex_unlock (&self->lock);

  post_corrected (self, corrected);
  /* References of items are dropped like they are taken: under the lock. */
  g_mutex_lock (&self->lock);
  g_ptr_array_unref (corrected);
  g_mutex_unlock (&self->lock);
  gst_realtime2_tell_overruns (self, TRUE);
  post_response_done (self, response, out_of_band);
  gst_realtime2_finish_figures (
      self, response->id, response->status == RT2_STATUS_COMPLETED);
  if (response->status == RT2_STATUS_FAILED
      && !gst_realtime2_link_asked_itself (self->link))
    GST_ELEMENT_WARNING (self, RESOURCE, FAILED,
        ("The server failed to answer: %s",
            response->error_message ? response->error_message
                                    : "no reason given"),
        ("%s", response->error_code ? response->error_code : "no code"));
}

/* The item at @place, made and given to the text pads if it is new. Called with
 * self->lock. */
static Rt2Spoken *
spoken_at (GstRealtime2 *self, const Rt2Place *place)
{
  Rt2Spoken *spoken = rt2_playout_find (self->playout, place->item_id);

  if (spoken)
    return spoken;
  spoken = rt2_playout_item (
      self->playout, place->response_id, place->item_id, place->output_index);
  gst_realtime2_add_text (self, spoken);
  return spoken;
}

/* Called with self->lock. */
static void
finish_item (GstRealtime2 *self, Rt2Spoken *spoken, const Rt2Item *item)
{
  if (spoken->text->len == 0 && item->text)
    spoken->kind = item->has_audio ? RT2_TEXT_TRANSCRIPT : RT2_TEXT_TEXT;
  gst_realtime2_note_lost_text (
      self, rt2_spoken_finish_text (spoken, item->text));
  rt2_spoken_finish_audio (spoken);
}

static void
post_item (GstRealtime2 *self, const gchar *name, const Rt2Place *place,
    const Rt2Item *item, Rt2Phase phase)
{
  GstStructure *fields = gst_structure_new (name, "item-id", G_TYPE_STRING,
      place->item_id, "response-id", G_TYPE_STRING, place->response_id, NULL);

  gst_realtime2_set_string (fields, "phase", rt2_phase_name (phase));
  gst_realtime2_set_string (fields, "name", item->name);
  gst_realtime2_post_structure (self, fields);
}

void
gst_realtime2_on_item (
    gpointer owner, const Rt2Place *place, const Rt2Item *item, gboolean done)
{
  GstRealtime2 *self = owner;
  gboolean message = item->type == RT2_ITEM_MESSAGE;
  gboolean corrected = FALSE;
  Rt2Phase phase = RT2_PHASE_UNKNOWN;

  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  g_mutex_lock (&self->lock);
  if (message) {
    Rt2Spoken *spoken = spoken_at (self, place);

    take_phase (self, item);
    if (done)
      finish_item (self, spoken, item);
    corrected = take_correction (spoken);
    phase = spoken->told_phase;
  } else {
    rt2_playout_other_item (
        self->playout, place->response_id, place->output_index);
    if (item->type == RT2_ITEM_FUNCTION_CALL)
      rt2_figures_function_called (self->figures, place->response_id);
  }
  gst_realtime2_wake_text_pads (self);
  g_mutex_unlock (&self->lock);

  gst_realtime2_tell_overruns (self, FALSE);
  if (corrected)
    post_phase (self, place->item_id, place->response_id, phase);
  post_item (self, done ? "realtime2/item-done" : "realtime2/item-started",
      place, item, phase);
  if (done && message && item->text && *item->text)
    post_transcript (
        self, RT2_ROLE_ASSISTANT, place->item_id, item->text, phase);
}

void
gst_realtime2_on_audio (gpointer owner, const Rt2Place *place, GBytes *audio)
{
  GstRealtime2 *self = owner;
  guint64 now = gst_realtime2_running_time (self);
  Rt2Spoken *spoken;
  guint64 dropped;

  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  g_mutex_lock (&self->lock);
  /* Audio that belongs to an instant has its words in other items. */
  spoken = place->due == RT2_TIME_NONE
      ? spoken_at (self, place)
      : rt2_playout_item (self->playout, place->response_id, place->item_id,
          place->output_index);
  dropped = rt2_playout_append_audio_at (
      self->playout, spoken, audio, place->due);
  if (place->due == RT2_TIME_NONE && spoken->received > 0)
    rt2_figures_audio_came (self->figures, spoken, now);
  gst_realtime2_note_lost_speech (
      self, rt2_audio_format_samples_to_ns (self->output_format, dropped));
  g_mutex_unlock (&self->lock);

  if (place->due != RT2_TIME_NONE)
    note_delay (self, place->due);
  gst_realtime2_tell_overruns (self, FALSE);
}

void
gst_realtime2_on_audio_done (gpointer owner, const Rt2Place *place)
{
  GstRealtime2 *self = owner;

  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  Rt2Spoken *spoken;

  g_mutex_lock (&self->lock);
  spoken = rt2_playout_find (self->playout, place->item_id);
  if (spoken)
    rt2_spoken_finish_audio (spoken);
  g_mutex_unlock (&self->lock);
}

void
gst_realtime2_on_text (gpointer owner, const Rt2Place *place, Rt2TextKind kind,
    const gchar *text, gboolean final)
{
  GstRealtime2 *self = owner;
  Rt2Spoken *spoken;
  gsize lost;

  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  g_mutex_lock (&self->lock);
  spoken = spoken_at (self, place);
  if (spoken->text->len == 0)
    spoken->kind = kind;
  if (final)
    lost = rt2_spoken_finish_text (spoken, text);
  else
    lost = rt2_spoken_append_text_at (
        spoken, kind, text, instant_of (self, place->due));
  gst_realtime2_note_lost_text (self, lost);
  gst_realtime2_wake_text_pads (self);
  g_mutex_unlock (&self->lock);
  gst_realtime2_tell_overruns (self, FALSE);
}

/* --- interruption --- */

/* The item that was being heard: the last of which anything was. */
static const Rt2Heard *
heard_last (const GPtrArray *heard)
{
  const Rt2Heard *last = g_ptr_array_index (heard, 0);

  for (guint i = 1; i < heard->len; i++) {
    const Rt2Heard *h = g_ptr_array_index (heard, i);

    if (h->heard > 0)
      last = h;
  }
  return last;
}

static GstStructure *
interruption (const GPtrArray *heard)
{
  const Rt2Heard *last = heard_last (heard);
  guint64 dropped = 0;

  for (guint i = 0; i < heard->len; i++) {
    const Rt2Heard *h = g_ptr_array_index (heard, i);

    dropped += h->received - h->heard;
  }
  return gst_structure_new ("realtime2/interrupted", "item-id", G_TYPE_STRING,
      last->item_id, "response-id", G_TYPE_STRING, last->response_id,
      "played-ms", G_TYPE_UINT64, last->heard * 1000 / last->rate, "dropped-ms",
      G_TYPE_UINT64, dropped * 1000 / last->rate, "heard-text", G_TYPE_STRING,
      last->heard_text, NULL);
}

void
gst_realtime2_fill_heard_text (GstRealtime2 *self, GPtrArray *heard)
{
  GST_REALTIME2_ASSERT_LOCKED (self);
  for (guint i = 0; i < heard->len; i++) {
    Rt2Heard *h = g_ptr_array_index (heard, i);
    Rt2Spoken *spoken = rt2_playout_find (self->playout, h->item_id);

    if (spoken)
      h->heard_text = rt2_caption_text_until (spoken, h->heard);
  }
}

static gpointer
ref_pad (gconstpointer pad, gpointer unused)
{
  return gst_object_ref ((gpointer) pad);
}

/* Tells all src pads at once, overtaking what waits downstream. */
static void
push_oob (GstRealtime2 *self, const GstStructure *fields)
{
  GList *pads;

  GST_OBJECT_LOCK (self);
  pads = g_list_copy_deep (GST_ELEMENT (self)->srcpads, ref_pad, NULL);
  GST_OBJECT_UNLOCK (self);
  for (GList *l = pads; l; l = l->next)
    gst_pad_push_event (l->data,
        gst_event_new_custom (
            GST_EVENT_CUSTOM_DOWNSTREAM_OOB, gst_structure_copy (fields)));
  g_list_free_full (pads, gst_object_unref);
}

gboolean
gst_realtime2_on_is_protected (gpointer owner)
{
  GstRealtime2 *self = owner;
  gboolean is_protected;

  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  g_mutex_lock (&self->lock);
  is_protected = rt2_playout_is_protected (self->playout);
  g_mutex_unlock (&self->lock);
  return is_protected;
}

gboolean
gst_realtime2_on_retract (gpointer owner, const gchar *response_id)
{
  GstRealtime2 *self = owner;
  gboolean retracted;

  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  g_mutex_lock (&self->lock);
  retracted = rt2_playout_retract (self->playout, response_id);
  if (retracted)
    rt2_figures_retracted (self->figures, response_id);
  gst_realtime2_wake_text_pads (self);
  g_mutex_unlock (&self->lock);

  if (retracted)
    gst_realtime2_post (self, "response-retracted", "response-id",
        G_TYPE_STRING, response_id, NULL);
  return retracted;
}

static gboolean
wants_flush (GstRealtime2 *self)
{
  gboolean wanted;

  GST_OBJECT_LOCK (self);
  wanted = self->settings.flush_on_interrupt;
  GST_OBJECT_UNLOCK (self);
  return wanted;
}

GPtrArray *
gst_realtime2_on_interrupt (gpointer owner)
{
  GstRealtime2 *self = owner;
  guint64 running = gst_realtime2_running_time (self);
  guint64 now = GST_CLOCK_TIME_IS_VALID (running) ? running : 0;
  gboolean flush = wants_flush (self);
  GstStructure *fields = NULL;
  GPtrArray *heard;

  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  g_mutex_lock (&self->lock);
  flush = flush && rt2_playout_may_flush (self->playout, now)
      && gst_realtime2_audio_src_begin_flush (self->audio);
  heard = rt2_playout_interrupt (self->playout, now, flush);
  gst_realtime2_fill_heard_text (self, heard);
  gst_realtime2_budget_take_cut (self, heard);
  if (heard->len > 0) {
    fields = interruption (heard);
    gst_structure_set (fields, "running-time", G_TYPE_UINT64, now, NULL);
    gst_realtime2_audio_src_queue_event (self->audio,
        gst_event_new_custom (
            GST_EVENT_CUSTOM_DOWNSTREAM, gst_structure_copy (fields)));
  }
  g_mutex_unlock (&self->lock);

  /* Out of band goes before the flush: nothing passes while that lasts. */
  if (fields)
    push_oob (self, fields);
  if (flush)
    gst_realtime2_audio_src_flush (self->audio);
  if (fields)
    gst_realtime2_post_structure (self, fields);
  return heard;
}
