/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The session's thread, and the listener that it calls. Each function of the
 * listener updates what the element keeps, under self->lock, then tells the
 * world, without it.
 */
#include "gstrealtime2link.h"

#include "gstrealtime2audiosrc.h"
#include "gstrealtime2configure.h"
#include "gstrealtime2input.h"
#include "gstrealtime2messages.h"
#include "rt2caption.h"

#define GST_CAT_DEFAULT gst_realtime2_debug

/* How long an error waits for PLAYING. */
#define FAULT_DELAY_MS 1000

struct _GstRealtime2Link {
  GstRealtime2 *self;
  GThread *thread;            /* of the session; the application's to join */
  GMainContext *context;      /* the thread's */
  GMainLoop *loop;            /* runs while the element is not stopped */
  Rt2SessionOptions *options; /* on their way to the thread */
  Rt2SessionConfig *config;   /* likewise */

  GMutex lock;                /* guards the rest; taken last of all */
  GCond cond;                 /* `session` was set */
  Rt2Session *session;        /* while the thread runs its loop */
  Rt2SessionStats last_stats; /* of the session before, once it is over */
  Rt2Fault *fault;            /* the end of the session, not posted yet */
  GSource *fault_timer;       /* posts it, see on_failed() */
  gboolean in_progress;       /* PROGRESS START was posted and not its end */
  gboolean ready;             /* the session was configured at least once */
};

/* --- progress of the connection --- */

/* gst-launch-1.0 does not go to PLAYING between START and COMPLETE. A programme
 * must not wait for our server, so START is posted in PLAYING, or together with
 * the end of the connecting. */
static void
begin_progress (GstRealtime2Link *link)
{
  gboolean first;

  g_mutex_lock (&link->lock);
  first = !link->in_progress;
  link->in_progress = TRUE;
  g_mutex_unlock (&link->lock);
  if (first)
    gst_realtime2_post_progress (
        link->self, GST_PROGRESS_TYPE_START, "Connecting");
}

static void
end_progress (GstRealtime2Link *link, GstProgressType type, const gchar *text)
{
  begin_progress (link);
  g_mutex_lock (&link->lock);
  link->in_progress = FALSE;
  link->ready = link->ready || type == GST_PROGRESS_TYPE_COMPLETE;
  g_mutex_unlock (&link->lock);
  gst_realtime2_post_progress (link->self, type, text);
}

/* Connecting goes on: @text says why it takes so long. */
static void
continue_progress (GstRealtime2Link *link, const gchar *text)
{
  gboolean playing;

  g_mutex_lock (&link->self->lock);
  playing = link->self->playing;
  g_mutex_unlock (&link->self->lock);
  if (!playing)
    return;
  begin_progress (link);
  gst_realtime2_post_progress (link->self, GST_PROGRESS_TYPE_CONTINUE, text);
}

/* --- state of the session --- */

static void
on_state (gpointer owner, Rt2SessionState state)
{
  GstRealtime2 *self = owner;

  g_mutex_lock (&self->lock);
  self->session_state = state;
  g_mutex_unlock (&self->lock);
  gst_realtime2_update_state (self);
}

static gchar *
on_api_key (gpointer owner)
{
  GstRealtime2 *self = owner;
  gchar *key;

  GST_OBJECT_LOCK (self);
  key = gst_realtime2_find_key (&self->settings);
  GST_OBJECT_UNLOCK (self);
  return key;
}

static gboolean
on_pull (gpointer owner, Rt2UplinkPiece *piece)
{
  return gst_realtime2_input_pull (GST_REALTIME2 (owner)->input, piece);
}

static void
on_created (gpointer owner, const Rt2SessionInfo *info)
{
  gst_realtime2_post (owner, "session-created", "session-id", G_TYPE_STRING,
      info->id, "model", G_TYPE_STRING, info->model, "expires-at",
      G_TYPE_UINT64, info->expires_at, NULL);
}

static void
on_configured (gpointer owner, const Rt2SessionInfo *info, gboolean reconnected)
{
  GstRealtime2 *self = owner;

  gst_realtime2_post (self, "session-updated", "session-id", G_TYPE_STRING,
      info->id, "session", G_TYPE_STRING, info->json, NULL);
  if (reconnected)
    gst_realtime2_post (
        self, "session-restored", "session-id", G_TYPE_STRING, info->id, NULL);
  gst_realtime2_post_progress (
      self, GST_PROGRESS_TYPE_COMPLETE, "Session is ready");
}

/* Nothing more comes for what was under way; what came is played out. */
static void
end_responses (GstRealtime2 *self)
{
  g_mutex_lock (&self->lock);
  rt2_playout_finish_response (self->playout, NULL);
  g_mutex_unlock (&self->lock);
}

static void
on_lost (gpointer owner, const Rt2Fault *fault, guint64 delay)
{
  GstRealtime2 *self = owner;
  gchar *text = gst_realtime2_fault_text (fault);

  end_responses (self);
  GST_WARNING_OBJECT (self, "%s Trying again in %" GST_TIME_FORMAT, text,
      GST_TIME_ARGS (delay));
  gst_realtime2_post (self, "session-lost", "message", G_TYPE_STRING, text,
      "close-code", G_TYPE_UINT, fault->close_code, "retry-ms", G_TYPE_UINT64,
      delay / GST_MSECOND, NULL);
  continue_progress (self->link, text);
  g_free (text);
}

static gboolean
post_fault (gpointer data)
{
  GstRealtime2Link *link = data;
  Rt2Fault *fault;

  g_mutex_lock (&link->lock);
  fault = g_steal_pointer (&link->fault);
  g_clear_pointer (&link->fault_timer, g_source_unref);
  g_mutex_unlock (&link->lock);
  if (!fault)
    return G_SOURCE_REMOVE;
  end_progress (link, GST_PROGRESS_TYPE_ERROR, fault->message);
  gst_realtime2_post_fault (link->self, fault);
  rt2_fault_free (fault);
  return G_SOURCE_REMOVE;
}

/* An error that is posted while the state is still being changed can be lost on
 * its reader: gst-launch-1.0 quits a main loop that it has not entered yet, and
 * then hangs. So it waits for PLAYING, but not for long. */
static void
on_failed (gpointer owner, const Rt2Fault *fault)
{
  GstRealtime2 *self = owner;
  GstRealtime2Link *link = self->link;
  gboolean playing;

  g_mutex_lock (&self->lock);
  playing = self->playing;
  rt2_playout_finish_response (self->playout, NULL);
  g_mutex_unlock (&self->lock);

  g_mutex_lock (&link->lock);
  link->fault = rt2_fault_copy (fault);
  link->fault_timer = g_timeout_source_new (playing ? 0 : FAULT_DELAY_MS);
  g_source_set_callback (link->fault_timer, post_fault, link, NULL);
  g_source_attach (link->fault_timer, link->context);
  g_mutex_unlock (&link->lock);
}

void
gst_realtime2_link_set_playing (GstRealtime2Link *link)
{
  gboolean connecting;

  g_mutex_lock (&link->lock);
  if (link->fault_timer)
    g_source_set_ready_time (link->fault_timer, 0);
  connecting = link->session && !link->ready && !link->fault;
  g_mutex_unlock (&link->lock);
  if (connecting)
    begin_progress (link);
}

static void
on_server_error (gpointer owner, const Rt2ServerError *error)
{
  GstRealtime2 *self = owner;

  GST_WARNING_OBJECT (self, "server: %s: %s", error->code, error->message);
  gst_realtime2_post (self, "server-error", "code", G_TYPE_STRING, error->code,
      "message", G_TYPE_STRING, error->message, "param", G_TYPE_STRING,
      error->param, NULL);
}

static void
on_rate_limits (gpointer owner, const GPtrArray *limits)
{
  GstStructure *fields = gst_structure_new_empty ("realtime2/rate-limits");

  for (guint i = 0; i < limits->len; i++) {
    const Rt2RateLimit *limit = g_ptr_array_index (limits, i);
    GstStructure *entry;

    if (!limit->name)
      continue;
    entry = gst_structure_new ("limit", "limit", G_TYPE_UINT64, limit->limit,
        "remaining", G_TYPE_UINT64, limit->remaining, "reset-seconds",
        G_TYPE_DOUBLE, limit->reset_seconds, NULL);
    gst_structure_set (fields, limit->name, GST_TYPE_STRUCTURE, entry, NULL);
    gst_structure_free (entry);
  }
  gst_realtime2_post_structure (owner, fields);
}

/* --- the user --- */

static void
set_time (GstStructure *fields, const gchar *name, guint64 time)
{
  if (GST_CLOCK_TIME_IS_VALID (time))
    gst_structure_set (fields, name, G_TYPE_UINT64, time, NULL);
}

/* Times that are not known are left out. */
static void
post_utterance (
    GstRealtime2 *self, const gchar *name, const Rt2Utterance *utterance)
{
  GstStructure *fields = gst_structure_new (
      name, "item-id", G_TYPE_STRING, utterance->item_id, NULL);

  set_time (fields, "speech-start", utterance->start);
  set_time (fields, "speech-end", utterance->end);
  gst_realtime2_post_structure (self, fields);
}

static void
on_speech_started (gpointer owner, const Rt2Utterance *utterance)
{
  post_utterance (owner, "realtime2/speech-started", utterance);
}

static void
on_speech_stopped (gpointer owner, const Rt2Utterance *utterance)
{
  post_utterance (owner, "realtime2/speech-stopped", utterance);
}

static void
post_transcript (GstRealtime2 *self, Rt2Role role, const gchar *item_id,
    const gchar *text, Rt2Phase phase)
{
  GstStructure *fields = gst_structure_new ("realtime2/transcript", "role",
      G_TYPE_STRING, rt2_role_name (role), "item-id", G_TYPE_STRING, item_id,
      "text", G_TYPE_STRING, text, "final", G_TYPE_BOOLEAN, TRUE, NULL);

  if (phase != RT2_PHASE_UNKNOWN)
    gst_structure_set (
        fields, "phase", G_TYPE_STRING, rt2_phase_name (phase), NULL);
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

static void
on_user_text (gpointer owner, const Rt2Utterance *utterance, const gchar *text,
    gboolean final)
{
  GstRealtime2 *self = owner;
  Rt2Spoken *spoken;

  g_mutex_lock (&self->lock);
  spoken = user_item (self, utterance);
  if (final)
    rt2_spoken_finish_text (spoken, text);
  else
    rt2_spoken_append_text_at (spoken, RT2_TEXT_TRANSCRIPT, text,
        self->timed_text ? instant_of (self, utterance->start) : RT2_TIME_NONE);
  gst_realtime2_wake_text_pads (self);
  g_mutex_unlock (&self->lock);

  if (self->timed_text && utterance->start != RT2_TIME_NONE)
    note_delay (self, utterance->start);
  if (final && text && *text)
    post_transcript (
        self, RT2_ROLE_USER, utterance->item_id, text, RT2_PHASE_UNKNOWN);
}

/* --- the agent --- */

static void
on_response_started (gpointer owner, const gchar *response_id)
{
  gst_realtime2_post (owner, "response-started", "response-id", G_TYPE_STRING,
      response_id, NULL);
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
on_phase (gpointer owner, const gchar *item_id, Rt2Phase phase)
{
  GstRealtime2 *self = owner;
  Rt2Spoken *spoken;

  g_mutex_lock (&self->lock);
  spoken = rt2_playout_find (self->playout, item_id);
  if (spoken)
    spoken->stated_phase = phase;
  g_mutex_unlock (&self->lock);
}

static void
post_response_done (GstRealtime2 *self, const Rt2Response *response)
{
  const Rt2Usage *usage = &response->usage;
  GstStructure *fields = gst_structure_new ("realtime2/response-done",
      "response-id", G_TYPE_STRING, response->id, "status", G_TYPE_STRING,
      rt2_status_name (response->status), NULL);

  if (response->reason)
    gst_structure_set (fields, "reason", G_TYPE_STRING, response->reason, NULL);
  if (usage->known)
    gst_structure_set (fields, "total-tokens", G_TYPE_UINT64, usage->total,
        "input-tokens", G_TYPE_UINT64, usage->input, "output-tokens",
        G_TYPE_UINT64, usage->output, "input-text-tokens", G_TYPE_UINT64,
        usage->input_text, "input-audio-tokens", G_TYPE_UINT64,
        usage->input_audio, "input-image-tokens", G_TYPE_UINT64,
        usage->input_image, "cached-tokens", G_TYPE_UINT64, usage->cached,
        "output-text-tokens", G_TYPE_UINT64, usage->output_text,
        "output-audio-tokens", G_TYPE_UINT64, usage->output_audio, NULL);
  gst_realtime2_post_structure (self, fields);
}

/* Items of @response whose phase is another than the bus was told. Strong
 * references. Called with self->lock. */
static GPtrArray *
collect_corrected (GstRealtime2 *self, const Rt2Response *response)
{
  GPtrArray *corrected = g_ptr_array_new_with_free_func (
      (GDestroyNotify) rt2_spoken_unref);

  for (guint i = 0; i < response->output->len; i++) {
    const Rt2Item *item = g_ptr_array_index (response->output, i);
    Rt2Spoken *spoken = rt2_playout_find (self->playout, item->id);

    if (!spoken || rt2_spoken_phase (spoken) == spoken->told_phase)
      continue;
    spoken->told_phase = rt2_spoken_phase (spoken);
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

    gst_realtime2_post (self, "phase-changed", "item-id", G_TYPE_STRING,
        spoken->id, "response-id", G_TYPE_STRING, spoken->response_id, "phase",
        G_TYPE_STRING, rt2_phase_name (spoken->told_phase), NULL);
  }
}

static void
on_response_done (gpointer owner, const Rt2Response *response)
{
  GstRealtime2 *self = owner;
  GPtrArray *corrected;

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
  post_response_done (self, response);
  if (response->status == RT2_STATUS_FAILED)
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

static void
finish_item (Rt2Spoken *spoken, const Rt2Item *item)
{
  if (spoken->text->len == 0 && item->text)
    spoken->kind = item->has_audio ? RT2_TEXT_TRANSCRIPT : RT2_TEXT_TEXT;
  rt2_spoken_finish_text (spoken, item->text);
  rt2_spoken_finish_audio (spoken);
}

static void
post_item (GstRealtime2 *self, const gchar *name, const Rt2Place *place,
    const Rt2Item *item, Rt2Phase phase)
{
  GstStructure *fields = gst_structure_new (name, "item-id", G_TYPE_STRING,
      place->item_id, "response-id", G_TYPE_STRING, place->response_id, NULL);

  if (phase != RT2_PHASE_UNKNOWN)
    gst_structure_set (
        fields, "phase", G_TYPE_STRING, rt2_phase_name (phase), NULL);
  if (item->name)
    gst_structure_set (fields, "name", G_TYPE_STRING, item->name, NULL);
  gst_realtime2_post_structure (self, fields);
}

static void
on_item (
    gpointer owner, const Rt2Place *place, const Rt2Item *item, gboolean done)
{
  GstRealtime2 *self = owner;
  gboolean message = item->type == RT2_ITEM_MESSAGE;
  Rt2Phase phase = RT2_PHASE_UNKNOWN;

  g_mutex_lock (&self->lock);
  if (message) {
    Rt2Spoken *spoken = spoken_at (self, place);

    take_phase (self, item);
    if (done)
      finish_item (spoken, item);
    phase = spoken->told_phase = rt2_spoken_phase (spoken);
  } else {
    rt2_playout_other_item (
        self->playout, place->response_id, place->output_index);
  }
  gst_realtime2_wake_text_pads (self);
  g_mutex_unlock (&self->lock);

  post_item (self, done ? "realtime2/item-done" : "realtime2/item-started",
      place, item, phase);
  if (done && message && item->text && *item->text)
    post_transcript (
        self, RT2_ROLE_ASSISTANT, place->item_id, item->text, phase);
}

static void
on_audio (gpointer owner, const Rt2Place *place, GBytes *audio)
{
  GstRealtime2 *self = owner;
  Rt2Spoken *spoken;
  guint64 dropped;

  g_mutex_lock (&self->lock);
  /* Audio that belongs to an instant has its words in other items. */
  spoken = place->due == RT2_TIME_NONE
      ? spoken_at (self, place)
      : rt2_playout_item (self->playout, place->response_id, place->item_id,
          place->output_index);
  dropped = rt2_playout_append_audio_at (
      self->playout, spoken, audio, place->due);
  dropped = rt2_audio_format_samples_to_ns (self->output_format, dropped);
  g_mutex_unlock (&self->lock);

  if (place->due != RT2_TIME_NONE)
    note_delay (self, place->due);
  if (dropped > 0)
    gst_realtime2_post (self, "overrun", "dropped-ms", G_TYPE_UINT64,
        dropped / GST_MSECOND, "reason", G_TYPE_STRING, "speech-queue", NULL);
}

static void
on_audio_done (gpointer owner, const Rt2Place *place)
{
  GstRealtime2 *self = owner;

  Rt2Spoken *spoken;

  g_mutex_lock (&self->lock);
  spoken = rt2_playout_find (self->playout, place->item_id);
  if (spoken)
    rt2_spoken_finish_audio (spoken);
  g_mutex_unlock (&self->lock);
}

static void
on_text (gpointer owner, const Rt2Place *place, Rt2TextKind kind,
    const gchar *text, gboolean final)
{
  GstRealtime2 *self = owner;
  Rt2Spoken *spoken;

  g_mutex_lock (&self->lock);
  spoken = spoken_at (self, place);
  if (spoken->text->len == 0)
    spoken->kind = kind;
  if (final)
    rt2_spoken_finish_text (spoken, text);
  else
    rt2_spoken_append_text_at (
        spoken, kind, text, instant_of (self, place->due));
  gst_realtime2_wake_text_pads (self);
  g_mutex_unlock (&self->lock);
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

/* Called with self->lock. */
static void
fill_heard_text (GstRealtime2 *self, GPtrArray *heard)
{
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

static GPtrArray *
on_interrupt (gpointer owner)
{
  GstRealtime2 *self = owner;
  guint64 now = gst_realtime2_running_time (self);
  GstStructure *fields = NULL;
  GPtrArray *heard;

  g_mutex_lock (&self->lock);
  heard = rt2_playout_interrupt (
      self->playout, GST_CLOCK_TIME_IS_VALID (now) ? now : 0, FALSE);
  fill_heard_text (self, heard);
  if (heard->len > 0) {
    fields = interruption (heard);
    gst_structure_set (fields, "running-time", G_TYPE_UINT64, now, NULL);
    gst_realtime2_audio_src_queue_event (self->audio,
        gst_event_new_custom (
            GST_EVENT_CUSTOM_DOWNSTREAM, gst_structure_copy (fields)));
  }
  g_mutex_unlock (&self->lock);

  if (fields) {
    push_oob (self, fields);
    gst_realtime2_post_structure (self, fields);
  }
  return heard;
}

/* --- the end --- */

static void
on_drained (gpointer owner, gboolean timed_out)
{
  GstRealtime2 *self = owner;

  if (timed_out)
    GST_ELEMENT_WARNING (self, RESOURCE, READ,
        ("The server did not finish its answer in time; ending without it."),
        ("nothing came for as long as eos-timeout allows"));
  g_mutex_lock (&self->lock);
  rt2_playout_finish_response (self->playout, NULL);
  self->drained = TRUE;
  g_mutex_unlock (&self->lock);
  gst_realtime2_post (
      self, "drained", "timed-out", G_TYPE_BOOLEAN, timed_out, NULL);
}

static gboolean
on_is_playing (gpointer owner)
{
  GstRealtime2 *self = owner;
  gboolean playing;

  g_mutex_lock (&self->lock);
  playing = rt2_playout_is_speaking (self->playout);
  g_mutex_unlock (&self->lock);
  return playing;
}

static const Rt2SessionListener listener = {
  .state = on_state,
  .api_key = on_api_key,
  .pull = on_pull,
  .created = on_created,
  .configured = on_configured,
  .lost = on_lost,
  .failed = on_failed,
  .speech_started = on_speech_started,
  .speech_stopped = on_speech_stopped,
  .user_text = on_user_text,
  .response_started = on_response_started,
  .response_done = on_response_done,
  .phase = on_phase,
  .item = on_item,
  .audio = on_audio,
  .audio_done = on_audio_done,
  .text = on_text,
  .interrupt = on_interrupt,
  .server_error = on_server_error,
  .rate_limits = on_rate_limits,
  .drained = on_drained,
  .is_playing = on_is_playing,
};

/* --- the thread --- */

static void
set_session (GstRealtime2Link *link, Rt2Session *session)
{
  g_mutex_lock (&link->lock);
  if (link->session)
    rt2_session_get_stats (link->session, &link->last_stats);
  link->session = session;
  g_cond_broadcast (&link->cond);
  g_mutex_unlock (&link->lock);
}

static void
clear_fault (GstRealtime2Link *link)
{
  g_mutex_lock (&link->lock);
  if (link->fault_timer)
    g_source_destroy (link->fault_timer);
  g_clear_pointer (&link->fault_timer, g_source_unref);
  g_clear_pointer (&link->fault, rt2_fault_free);
  g_mutex_unlock (&link->lock);
}

static gpointer
run_thread (gpointer data)
{
  GstRealtime2Link *link = data;
  Rt2Session *session;

  g_main_context_push_thread_default (link->context);
  session = rt2_session_new (
      &listener, link->self, g_steal_pointer (&link->options), link->config);
  set_session (link, session);

  rt2_session_start (session);
  g_main_loop_run (link->loop);

  set_session (link, NULL);
  rt2_session_free (session);
  clear_fault (link);
  rt2_transport_settle ();
  g_main_context_pop_thread_default (link->context);
  return NULL;
}

void
gst_realtime2_link_start (GstRealtime2Link *link, Rt2SessionOptions *options,
    const Rt2SessionConfig *config)
{
  link->options = options;
  link->config = rt2_session_config_copy (config);
  link->context = g_main_context_new ();
  link->loop = g_main_loop_new (link->context, FALSE);
  link->ready = FALSE;
  link->in_progress = FALSE;
  link->thread = g_thread_new ("rt2:ws", run_thread, link);

  /* Making a session does no I/O: this is a matter of microseconds. */
  g_mutex_lock (&link->lock);
  while (!link->session)
    g_cond_wait (&link->cond, &link->lock);
  g_mutex_unlock (&link->lock);
}

static gboolean
quit (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_REMOVE;
}

void
gst_realtime2_link_stop (GstRealtime2Link *link)
{
  GSource *source;

  if (!link->thread)
    return;
  /* From inside the loop: quitting one that does not run yet would be lost. */
  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_HIGH);
  g_source_set_callback (source, quit, link->loop, NULL);
  g_source_attach (source, link->context);
  g_source_unref (source);

  g_thread_join (g_steal_pointer (&link->thread));
  if (link->in_progress)
    end_progress (link, GST_PROGRESS_TYPE_CANCELED, "Stopped");
  g_clear_pointer (&link->loop, g_main_loop_unref);
  g_clear_pointer (&link->context, g_main_context_unref);
  g_clear_pointer (&link->config, rt2_session_config_free);
}

/* --- calls from other threads --- */

void
gst_realtime2_link_wake (GstRealtime2Link *link)
{
  g_mutex_lock (&link->lock);
  if (link->session)
    rt2_session_wake (link->session);
  g_mutex_unlock (&link->lock);
}

void
gst_realtime2_link_finish (GstRealtime2Link *link)
{
  g_mutex_lock (&link->lock);
  if (link->session)
    rt2_session_finish (link->session);
  g_mutex_unlock (&link->lock);
}

void
gst_realtime2_link_set_config (
    GstRealtime2Link *link, const Rt2SessionConfig *config)
{
  g_mutex_lock (&link->lock);
  if (link->session)
    rt2_session_set_config (link->session, config);
  g_mutex_unlock (&link->lock);
}

gboolean
gst_realtime2_link_is_running (GstRealtime2Link *link)
{
  gboolean running;

  g_mutex_lock (&link->lock);
  running = link->session != NULL;
  g_mutex_unlock (&link->lock);
  return running;
}

void
gst_realtime2_link_get_stats (GstRealtime2Link *link, Rt2SessionStats *stats)
{
  g_mutex_lock (&link->lock);
  if (link->session)
    rt2_session_get_stats (link->session, stats);
  else
    *stats = link->last_stats;
  g_mutex_unlock (&link->lock);
}

GstRealtime2Link *
gst_realtime2_link_new (GstRealtime2 *self)
{
  GstRealtime2Link *link = g_new0 (GstRealtime2Link, 1);

  link->self = self;
  g_mutex_init (&link->lock);
  g_cond_init (&link->cond);
  return link;
}

void
gst_realtime2_link_free (GstRealtime2Link *link)
{
  g_mutex_clear (&link->lock);
  g_cond_clear (&link->cond);
  g_free (link);
}
