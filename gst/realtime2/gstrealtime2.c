/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * SECTION:element-realtime2
 * @title: realtime2
 *
 * Puts OpenAI's GPT-Realtime-2 voice agent into a pipeline: the user's voice
 * in, the agent's voice out, and what both said as text on other pads.
 *
 * From PLAYING on the src pad gives a buffer every #GstRealtime2:
 * output-buffer-duration, speech or silence, whatever the network does. The
 * element owns the schedule of every sample, so it knows what the listener has
 * heard: when the user barges in, what was not heard is dropped here and taken
 * back on the server.
 *
 * The API key is read from the environment variable OPENAI_API_KEY.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 autoaudiosrc ! audioconvert ! audioresample ! realtime2 !
 *     audioconvert ! audioresample ! autoaudiosink
 * ]| Talk to the agent. Use headphones: it hears what your microphone hears.
 * |[
 * gst-launch-1.0 autoaudiosrc ! audioconvert ! audioresample !
 *     audio/x-raw,format=S16LE,rate=48000,channels=1 ! webrtcdsp probe=probe
 *     gain-control=false echo-suppression-level=high !
 *     audioconvert ! audioresample ! realtime2 !
 *     audioconvert ! audioresample !
 *     audio/x-raw,format=S16LE,rate=48000,channels=1 !
 *     webrtcechoprobe name=probe ! autoaudiosink
 * ]| The same with a loudspeaker: the agent's voice is taken out of what the
 * microphone hears. Simpler, but then the user cannot interrupt:
 * #GstRealtime2:mute-while-speaking.
 * |[
 * gst-launch-1.0 filesrc location=question.wav ! wavparse ! audioconvert !
 *     audioresample ! realtime2 turn-detection=none ! audioconvert ! wavenc !
 *     filesink location=answer.wav
 * ]| Ask what is in a file, and write the answer to another.
 * |[
 * gst-launch-1.0 filesrc location=question.wav ! wavparse ! audioconvert !
 *     audioresample ! realtime2 name=ai turn-detection=none
 *     text_src_0::roles=user+assistant  ai.src ! queue ! fakesink
 *     ai.text_src_0 ! application/x-json ! fdsink
 * ]| Read who said what, as it is heard.
 */
#include "gstrealtime2.h"

#include "gstrealtime2-private.h"
#include "gstrealtime2audiosrc.h"
#include "gstrealtime2budget.h"
#include "gstrealtime2commands.h"
#include "gstrealtime2configure.h"
#include "gstrealtime2fields.h"
#include "gstrealtime2figures.h"
#include "gstrealtime2input.h"
#include "gstrealtime2key.h"
#include "gstrealtime2link.h"
#include "gstrealtime2imagesink.h"
#include "gstrealtime2messages.h"
#include "gstrealtime2move.h"
#include "gstrealtime2pads.h"
#include "gstrealtime2notices.h"
#include "gstrealtime2overrun.h"
#include "gstrealtime2textpad.h"
#include "gstrealtime2textsink.h"
#include "gstrealtime2tools.h"
#include "rt2promptcheck.h"

GST_DEBUG_CATEGORY (gst_realtime2_debug);
#define GST_CAT_DEFAULT gst_realtime2_debug

#define AUDIO_CAPS                                                             \
  "audio/x-raw, format=S16LE, layout=interleaved, rate=24000, channels=1; "    \
  "audio/x-mulaw, rate=8000, channels=1; "                                     \
  "audio/x-alaw, rate=8000, channels=1"

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE (
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (AUDIO_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE (
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (AUDIO_CAPS));
static GstStaticPadTemplate text_src_template = GST_STATIC_PAD_TEMPLATE (
    "text_src_%u", GST_PAD_SRC, GST_PAD_REQUEST,
    GST_STATIC_CAPS ("text/x-raw, format=utf8; application/x-json"));
static GstStaticPadTemplate text_sink_template = GST_STATIC_PAD_TEMPLATE (
    "text_sink", GST_PAD_SINK, GST_PAD_REQUEST,
    GST_STATIC_CAPS ("text/x-raw, format=utf8"));
static GstStaticPadTemplate image_sink_template = GST_STATIC_PAD_TEMPLATE (
    "image_sink", GST_PAD_SINK, GST_PAD_REQUEST,
    GST_STATIC_CAPS ("image/jpeg; image/png"));

static guint n_settings; /* properties 1 to this are the settings' */

G_DEFINE_FINAL_TYPE_WITH_CODE (GstRealtime2, gst_realtime2, GST_TYPE_ELEMENT,
    G_IMPLEMENT_INTERFACE (
        GST_TYPE_CHILD_PROXY, gst_realtime2_child_proxy_init));
GST_ELEMENT_REGISTER_DEFINE_WITH_CODE (realtime2, "realtime2", GST_RANK_NONE,
    GST_TYPE_REALTIME2,
    GST_DEBUG_CATEGORY_INIT (
        gst_realtime2_debug, "realtime2", 0, "Realtime voice agent"));

/* --- what the rooms ask of the element --- */

guint64
gst_realtime2_running_time (GstRealtime2 *self)
{
  return gst_element_get_current_running_time (GST_ELEMENT (self));
}

void
gst_realtime2_wake_text_pads (GstRealtime2 *self)
{
  GST_REALTIME2_ASSERT_LOCKED (self);
  for (guint i = 0; i < self->text_pads->len; i++)
    gst_realtime2_text_pad_wake (g_ptr_array_index (self->text_pads, i));
}

void
gst_realtime2_add_text (GstRealtime2 *self, Rt2Spoken *spoken)
{
  GST_REALTIME2_ASSERT_LOCKED (self);
  for (guint i = 0; i < self->text_pads->len; i++)
    gst_realtime2_text_pad_add (g_ptr_array_index (self->text_pads, i), spoken);
}

void
gst_realtime2_take_flow (GstRealtime2 *self, GstPad *pad, GstFlowReturn ret)
{
  GST_REALTIME2_ASSERT_TASK (pad);
  if (ret == GST_FLOW_OK || ret == GST_FLOW_NOT_LINKED)
    return;
  GST_INFO_OBJECT (pad, "stops: %s", gst_flow_get_name (ret));
  if (ret < GST_FLOW_EOS)
    GST_ELEMENT_FLOW_ERROR (self, ret);
  if (ret <= GST_FLOW_EOS)
    gst_pad_push_event (pad, gst_event_new_eos ());
  gst_pad_pause_task (pad);
}

GstEvent *
gst_realtime2_stream_start (GstRealtime2 *self, const gchar *suffix)
{
  gchar *id = g_strconcat (self->stream_prefix, "/realtime2/", suffix, NULL);
  GstEvent *event = gst_event_new_stream_start (id);

  gst_event_set_group_id (event, self->group_id);
  g_free (id);
  return event;
}

/* --- configuration --- */

static GstRealtime2Settings *
copy_settings (GstRealtime2 *self)
{
  GstRealtime2Settings *settings;

  GST_OBJECT_LOCK (self);
  settings = gst_realtime2_settings_copy (&self->settings);
  GST_OBJECT_UNLOCK (self);
  return settings;
}

/* Called with self->lock. */
static gboolean
wants_user_text (GstRealtime2 *self)
{
  for (guint i = 0; i < self->text_pads->len; i++)
    if (gst_realtime2_text_pad_wants_user (
            g_ptr_array_index (self->text_pads, i)))
      return TRUE;
  return FALSE;
}

static Rt2SessionConfig *
make_config (
    GstRealtime2 *self, const GstRealtime2Settings *settings, Rt2Fault **fault)
{
  Rt2AudioFormat input, output;
  Rt2SessionConfig *config;
  gboolean user_text;
  gchar *update;

  g_mutex_lock (&self->lock);
  input = self->input_format;
  output = self->output_format;
  user_text = wants_user_text (self);
  update = g_strdup (self->session_update);
  g_mutex_unlock (&self->lock);
  config = gst_realtime2_make_config (
      settings, input, output, user_text, fault);
  if (config)
    config->update = update;
  else
    g_free (update);
  return config;
}

/* Tells once in a run what in the prompt does not fit the tools. */
static void
check_prompt (GstRealtime2 *self, const Rt2SessionConfig *config)
{
  GPtrArray *complaints = rt2_prompt_check (config);

  for (guint i = 0; i < complaints->len; i++) {
    const gchar *text = g_ptr_array_index (complaints, i);
    gboolean first;

    g_mutex_lock (&self->lock);
    first = g_hash_table_add (self->complaints, g_strdup (text));
    g_mutex_unlock (&self->lock);
    if (first)
      GST_ELEMENT_WARNING (
          self, RESOURCE, SETTINGS, ("%s", text), ("this is told once"));
  }
  g_ptr_array_unref (complaints);
}

void
gst_realtime2_update_config (GstRealtime2 *self)
{
  GstRealtime2Settings *settings;
  Rt2SessionConfig *config;
  Rt2Fault *fault = NULL;

  if (!gst_realtime2_link_is_running (self->link))
    return;
  settings = copy_settings (self);
  config = make_config (self, settings, &fault);
  gst_realtime2_settings_free (settings);
  if (!config) {
    GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS, ("%s", fault->message),
        ("%s; the session goes on as it was",
            fault->debug ? fault->debug : "no details"));
    rt2_fault_free (fault);
    return;
  }
  check_prompt (self, config);
  if (config->type == gst_realtime2_link_get_type (self->link))
    gst_realtime2_link_set_config (self->link, config);
  rt2_session_config_free (config);
}

/* The values are the same, see gstrealtime2enums.h. Called with self->lock. */
static void
set_policies (GstRealtime2 *self, const GstRealtime2Settings *settings)
{
  rt2_playout_set_commentary (
      self->playout, (Rt2CommentaryPolicy) settings->commentary);
  rt2_playout_set_protect (self->playout, (Rt2Protect) settings->protect);
  rt2_playout_set_beyond (self->playout, settings->playout_offset);
}

/* Tells the schedule, and what goes by it, what the properties say now. */
static void
update_playout (GstRealtime2 *self)
{
  g_mutex_lock (&self->lock);
  GST_OBJECT_LOCK (self);
  rt2_playout_set_latency (
      self->playout, self->latency + self->settings.playout_offset);
  gst_realtime2_input_set_gate (self->input, self->settings.mute_while_speaking,
      self->settings.echo_tail);
  set_policies (self, &self->settings);
  GST_OBJECT_UNLOCK (self);
  g_mutex_unlock (&self->lock);
}

/* --- states --- */

/* Called with self->lock. */
static void
reset (GstRealtime2 *self, const GstRealtime2Settings *settings)
{
  rt2_playout_reset (self->playout, self->output_format);
  rt2_playout_set_latency (self->playout, settings->playout_offset);
  rt2_figures_reset (self->figures);
  rt2_echo_reset (self->echo);
  set_policies (self, settings);
  self->latency = 0;
  self->delay = gst_realtime2_presentation_delay (settings);
  self->timed_text = gst_realtime2_is_sideband (settings)
      || gst_realtime2_session_type (settings) != RT2_SESSION_TYPE_REALTIME;
  self->max_observed_delay = 0;
  gst_realtime2_budget_reset (self);
  self->drained = FALSE;
  self->eos_seqnum = 0;
  self->eos_time = GST_CLOCK_TIME_NONE;
  g_clear_pointer (&self->session_update, g_free);
  g_hash_table_remove_all (self->complaints);
  g_atomic_int_inc (&self->run);
  self->group_id = gst_util_group_id_next ();
  g_free (self->stream_prefix);
  self->stream_prefix = g_strdup_printf (
      "%08x%08x", g_random_int (), g_random_int ());
  gst_realtime2_input_start (self->input, settings);
  gst_realtime2_audio_src_start (self->audio, settings);
  gst_realtime2_pads_start (self);
}

/* READY->PAUSED. FALSE, and an error posted, if a property is wrong. */
static gboolean
start (GstRealtime2 *self)
{
  GstRealtime2Settings *settings = copy_settings (self);
  Rt2AudioFormat input = gst_realtime2_audio_src_choose_format (self->sinkpad);
  Rt2AudioFormat output = gst_realtime2_audio_src_choose_format (self->srcpad);
  Rt2SessionOptions *options;
  Rt2SessionConfig *config;
  Rt2Toolbox *toolbox;
  Rt2Fault *fault = NULL;

  g_mutex_lock (&self->lock);
  self->input_format = input;
  self->output_format = output;
  reset (self, settings);
  g_mutex_unlock (&self->lock);

  gst_realtime2_begin_moves (self, settings);
  options = gst_realtime2_take_key_file (self, settings, &fault)
      ? gst_realtime2_make_options (settings, &fault)
      : NULL;
  config = options ? make_config (self, settings, &fault) : NULL;
  toolbox = config ? gst_realtime2_make_toolbox (settings, &fault) : NULL;
  if (config && !toolbox)
    g_clear_pointer (&config, rt2_session_config_free);
  gst_realtime2_tools_start (self->tools, toolbox);
  if (config)
    gst_realtime2_check_prices (self, settings, options, config);
  gst_realtime2_settings_free (settings);
  if (!config) {
    gst_realtime2_post_fault (self, fault);
    g_clear_pointer (&options, rt2_session_options_free);
    rt2_fault_free (fault);
    return FALSE;
  }
  check_prompt (self, config);
  gst_realtime2_link_start (self->link, options, config);
  rt2_session_config_free (config);
  return TRUE;
}

/* PAUSED->READY, before the pads are deactivated: ends every wait. */
static void
unblock (GstRealtime2 *self)
{
  g_mutex_lock (&self->lock);
  gst_realtime2_input_stop (self->input);
  gst_realtime2_audio_src_stop (self->audio);
  gst_realtime2_pads_stop (self);
  g_mutex_unlock (&self->lock);
}

/* PAUSED->READY, after that. */
static void
stop (GstRealtime2 *self)
{
  g_atomic_int_inc (&self->run);
  gst_realtime2_tools_stop (self->tools);
  gst_realtime2_link_stop (self->link);
  gst_realtime2_forget_key (self);
  gst_realtime2_tell_overruns (self, TRUE);
  gst_realtime2_input_tell_rest (self->input);
  g_mutex_lock (&self->lock);
  gst_realtime2_budget_reset (self);
  rt2_playout_clear (self->playout);
  self->overruns.told = 0;
  self->session_state = RT2_SESSION_DISCONNECTED;
  g_mutex_unlock (&self->lock);
  gst_realtime2_update_state (self);
}

static void
set_playing (GstRealtime2 *self, gboolean playing)
{
  g_mutex_lock (&self->lock);
  self->playing = playing;
  g_cond_broadcast (&self->playing_cond);
  gst_realtime2_input_reschedule (self->input);
  gst_realtime2_audio_src_reschedule (self->audio);
  gst_realtime2_pads_reschedule (self);
  g_mutex_unlock (&self->lock);
}

static GstStateChangeReturn
change_state (GstElement *element, GstStateChange transition)
{
  GstRealtime2 *self = GST_REALTIME2 (element);
  GstStateChangeReturn ret;

  switch (transition) {
    case GST_STATE_CHANGE_READY_TO_PAUSED:
      if (!start (self))
        return GST_STATE_CHANGE_FAILURE;
      break;
    case GST_STATE_CHANGE_PLAYING_TO_PAUSED:
      set_playing (self, FALSE);
      break;
    case GST_STATE_CHANGE_PAUSED_TO_READY:
      unblock (self);
      break;
    default:
      break;
  }

  ret = GST_ELEMENT_CLASS (gst_realtime2_parent_class)
            ->change_state (element, transition);

  switch (transition) {
    case GST_STATE_CHANGE_READY_TO_PAUSED:
      if (ret == GST_STATE_CHANGE_FAILURE)
        stop (self);
      /* fall through */
    case GST_STATE_CHANGE_PLAYING_TO_PAUSED:
      if (ret == GST_STATE_CHANGE_SUCCESS)
        ret = GST_STATE_CHANGE_NO_PREROLL;
      break;
    case GST_STATE_CHANGE_PAUSED_TO_PLAYING:
      set_playing (self, TRUE);
      gst_realtime2_link_set_playing (self->link);
      break;
    case GST_STATE_CHANGE_PAUSED_TO_READY:
      stop (self);
      break;
    default:
      break;
  }
  return ret;
}

/* An EOS for the element as a whole ends the input like one on its pad. */
static gboolean
send_event (GstElement *element, GstEvent *event)
{
  if (gst_realtime2_take_command (GST_REALTIME2 (element), event))
    return TRUE;
  if (GST_EVENT_TYPE (event) != GST_EVENT_EOS)
    return GST_ELEMENT_CLASS (gst_realtime2_parent_class)
        ->send_event (element, event);
  gst_realtime2_input_end (GST_REALTIME2 (element)->input, event);
  return TRUE;
}

/* --- stats --- */

static void
add_session_stats (GstStructure *stats, GstRealtime2 *self)
{
  gchar *uri = gst_realtime2_link_dup_uri (self->link);
  Rt2SessionStats s;

  gst_realtime2_set_string (stats, "uri", uri);
  g_free (uri);
  gst_realtime2_link_get_stats (self->link, &s);
  gst_structure_set (stats, "responses", G_TYPE_UINT, s.responses,
      "interruptions", G_TYPE_UINT, s.interruptions, "truncations", G_TYPE_UINT,
      s.truncations, "deletions", G_TYPE_UINT, s.deletions, "server-errors",
      G_TYPE_UINT, s.server_errors, "reconnects", G_TYPE_UINT, s.reconnects,
      "moves", G_TYPE_UINT, s.moves, "conversation-dropped", G_TYPE_UINT,
      s.conversation_dropped, "unknown-events", G_TYPE_UINT, s.unknown_events,
      "bad-events", G_TYPE_UINT, s.bad_events, "input-tokens", G_TYPE_UINT64,
      s.input_tokens, "output-tokens", G_TYPE_UINT64, s.output_tokens,
      "total-tokens", G_TYPE_UINT64, s.total_tokens, "transcription-tokens",
      G_TYPE_UINT64, s.transcription_tokens, "transcription-time",
      G_TYPE_UINT64, s.transcription_seconds * GST_SECOND, "dismissals",
      G_TYPE_UINT, s.dismissals, "function-calls", G_TYPE_UINT,
      s.function_calls, "function-timeouts", G_TYPE_UINT, s.function_timeouts,
      "images", G_TYPE_UINT, s.images, "input-sent-time", G_TYPE_UINT64,
      s.appended, "last-response-latency", G_TYPE_UINT64, s.response_latency,
      "messages-sent", G_TYPE_UINT64, s.transport.messages_sent,
      "messages-received", G_TYPE_UINT64, s.transport.messages_received,
      "bytes-sent", G_TYPE_UINT64, s.transport.bytes_sent, "bytes-received",
      G_TYPE_UINT64, s.transport.bytes_received, NULL);
  gst_realtime2_add_cost_stats (&s, stats);
}

static void
add_media_stats (GstStructure *stats, GstRealtime2 *self)
{
  GstRealtime2InputStats input;
  GstRealtime2AudioSrcStats audio;
  Rt2PlayoutStats playout;
  guint64 queued;
  Rt2AudioFormat format;

  g_mutex_lock (&self->lock);
  gst_realtime2_input_get_stats (self->input, &input);
  gst_realtime2_audio_src_get_stats (self->audio, &audio);
  rt2_playout_get_stats (self->playout, &playout);
  queued = rt2_playout_queued (self->playout);
  format = self->output_format;
  g_mutex_unlock (&self->lock);

  gst_structure_set (stats, "input-queued-time", G_TYPE_UINT64, input.queued,
      "input-dropped-time", G_TYPE_UINT64, input.dropped, "input-muted-time",
      G_TYPE_UINT64, input.muted, "output-buffers", G_TYPE_UINT64,
      audio.buffers, "output-silent-buffers", G_TYPE_UINT64,
      audio.silent_buffers, "output-fills", G_TYPE_UINT, audio.fills,
      "output-filled-time", G_TYPE_UINT64, audio.filled, "resyncs", G_TYPE_UINT,
      audio.resyncs, "resync-time", G_TYPE_UINT64, audio.jumped,
      "speech-queued-time", G_TYPE_UINT64, queued, "speech-played-time",
      G_TYPE_UINT64,
      rt2_audio_format_samples_to_ns (format, playout.spoken_samples),
      "speech-dropped-time", G_TYPE_UINT64,
      rt2_audio_format_samples_to_ns (format, playout.dropped_samples),
      "underruns", G_TYPE_UINT, playout.underruns, "underrun-time",
      G_TYPE_UINT64,
      rt2_audio_format_samples_to_ns (format, playout.underrun_samples), NULL);
}

static GstStructure *
make_stats (GstRealtime2 *self)
{
  GstStructure *stats = gst_structure_new_empty (
      "application/x-realtime2-stats");

  add_session_stats (stats, self);
  add_media_stats (stats, self);
  gst_realtime2_add_figure_stats (self, stats);
  return stats;
}

/* --- GObject --- */

/* In PLAYING a name that can't be right changes nothing. */
static void
update_event_log (GstRealtime2 *self)
{
  GstRealtime2Settings *settings;
  Rt2Fault *fault = NULL;

  if (!gst_realtime2_link_is_running (self->link))
    return;
  GST_OBJECT_LOCK (self);
  settings = gst_realtime2_settings_copy (&self->settings);
  GST_OBJECT_UNLOCK (self);
  if (gst_realtime2_check_names (settings, &fault))
    gst_realtime2_link_set_event_log (
        self->link, settings->event_log, settings->event_log_audio);
  else
    GST_ELEMENT_WARNING (
        self, RESOURCE, SETTINGS, ("%s", fault->message), (NULL));
  rt2_fault_free (fault);
  gst_realtime2_settings_free (settings);
}

static void
set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstRealtime2 *self = GST_REALTIME2 (object);
  GstRealtime2Touches touches;

  if (id > n_settings) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    return;
  }
  GST_OBJECT_LOCK (self);
  touches = gst_realtime2_settings_set (&self->settings, id, value);
  self->connection_sets += touches == GST_REALTIME2_TOUCHES_CONNECT;
  GST_OBJECT_UNLOCK (self);

  /* `protect` is the session's and the schedule's. */
  if (touches == GST_REALTIME2_TOUCHES_SESSION
      || touches == GST_REALTIME2_TOUCHES_PLAYOUT)
    update_playout (self);
  if (touches == GST_REALTIME2_TOUCHES_SESSION)
    gst_realtime2_update_config (self);
  if (touches == GST_REALTIME2_TOUCHES_BUDGET)
    gst_realtime2_update_budget (self);
  if (touches == GST_REALTIME2_TOUCHES_LOG)
    update_event_log (self);
  /* What can't be read is not notified. */
  if (!(pspec->flags & G_PARAM_READABLE))
    gst_realtime2_note_unreadable (self, pspec);
}

/* All that g_object_set() was given is set by now: of a uri and a key that are
 * given together, in whatever order, neither goes with another. */
static void
dispatch_properties_changed (
    GObject *object, guint n_pspecs, GParamSpec **pspecs)
{
  GPtrArray *set = gst_realtime2_move_for (
      GST_REALTIME2 (object), n_pspecs, pspecs);

  if (set->len > 0)
    G_OBJECT_CLASS (gst_realtime2_parent_class)
        ->dispatch_properties_changed (
            object, set->len, (GParamSpec **) set->pdata);
  g_ptr_array_unref (set);
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstRealtime2 *self = GST_REALTIME2 (object);

  if (id <= n_settings) {
    GST_OBJECT_LOCK (self);
    gst_realtime2_settings_get (&self->settings, id, value);
    GST_OBJECT_UNLOCK (self);
  } else if (g_str_equal (pspec->name, "state")) {
    g_mutex_lock (&self->lock);
    g_value_set_enum (value, self->state);
    g_mutex_unlock (&self->lock);
  } else if (g_str_equal (pspec->name, "max-observed-delay")) {
    g_mutex_lock (&self->lock);
    g_value_set_uint64 (value, self->max_observed_delay);
    g_mutex_unlock (&self->lock);
  } else {
    g_value_take_boxed (value, make_stats (self));
  }
}

static void
finalize (GObject *object)
{
  GstRealtime2 *self = GST_REALTIME2 (object);

  gst_realtime2_link_free (self->link);
  gst_realtime2_notices_free (self->notices);
  gst_realtime2_input_free (self->input);
  gst_realtime2_audio_src_free (self->audio);
  gst_realtime2_tools_free (self->tools);
  g_free (self->session_update);
  g_hash_table_unref (self->complaints);
  rt2_figures_free (self->figures);
  rt2_key_watch_free (self->key_watch);
  rt2_playout_free (self->playout);
  rt2_echo_free (self->echo);
  g_ptr_array_unref (self->text_pads);
  g_queue_clear_full (&self->moments, g_free);
  gst_realtime2_settings_clear (&self->settings);
  gst_realtime2_clear_moves (self);
  g_free (self->stream_prefix);
  g_cond_clear (&self->playing_cond);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (gst_realtime2_parent_class)->finalize (object);
}

static void
install_watching (GObjectClass *klass)
{
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  g_object_class_install_property (klass, n_settings + 1,
      g_param_spec_enum ("state", "State",
          "What the conversation is at; notified, and told in "
          "realtime2/state-changed messages",
          GST_TYPE_REALTIME2_STATE, GST_REALTIME2_STATE_DISCONNECTED, flags));

  g_object_class_install_property (klass, n_settings + 3,
      g_param_spec_uint64 ("max-observed-delay", "Max observed delay",
          "Transcription and translation: longest time from an instant of the "
          "input to its result in this run, ns; notified. Beyond latency, "
          "results come late",
          0, G_MAXUINT64, 0, flags));

  /**
   * GstRealtime2:stats:
   *
   * Counts since READY->PAUSED; kept after it. All times are ns.
   * uri (of the server in use, or that was last, without query; a string),
   * responses, interruptions, truncations and deletions (sent to the server),
   * server-errors, reconnects, conversation-dropped (what is too old to be
   * told to the next server), unknown-events, bad-events, input-tokens,
   * output-tokens, total-tokens, input-sent-time, input-queued-time,
   * input-dropped-time, input-muted-time (by mute-while-speaking),
   * last-response-latency (end of turn to first audio, on
   * the wire), messages-sent, messages-received, bytes-sent, bytes-received,
   * output-buffers, output-silent-buffers, output-fills and output-filled-time
   * (silence for a slow neighbour), resyncs, resync-time, speech-queued-time,
   * speech-played-time, speech-dropped-time (by interruptions), underruns,
   * underrun-time, slips and slip-time (speech that went on late), cost (USD,
   * as far as prices are known), of it cost-responses, cost-transcription and
   * cost-translation, and cost-unknown (what had no price).
   *
   * From the user's last sound to the first audible sample of the answer, each
   * with -count, -last, -p50, -p95 and -max: latency; its parts latency-turn,
   * latency-server and latency-output; commentary-latency and
   * final-answer-latency for what is said in that phase.
   */
  g_object_class_install_property (klass, n_settings + 2,
      g_param_spec_boxed ("stats", "Statistics",
          "Counts and times (ns) of this run: responses, interruptions, "
          "tokens, queues, drops, latency, bytes",
          GST_TYPE_STRUCTURE, flags));
}

static void
gst_realtime2_class_init (GstRealtime2Class *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->finalize = finalize;
  object_class->dispatch_properties_changed = dispatch_properties_changed;
  element_class->change_state = GST_DEBUG_FUNCPTR (change_state);
  element_class->send_event = GST_DEBUG_FUNCPTR (send_event);
  element_class->request_new_pad = GST_DEBUG_FUNCPTR (
      gst_realtime2_request_pad);
  element_class->release_pad = GST_DEBUG_FUNCPTR (gst_realtime2_release_pad);

  n_settings = gst_realtime2_settings_install (object_class);
  install_watching (object_class);
  gst_realtime2_install_commands (object_class);
  gst_realtime2_install_tools (object_class);

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_add_static_pad_template_with_gtype (
      element_class, &text_src_template, GST_TYPE_REALTIME2_TEXT_PAD);
  gst_element_class_add_static_pad_template_with_gtype (
      element_class, &text_sink_template, GST_TYPE_REALTIME2_TEXT_SINK);
  gst_element_class_add_static_pad_template_with_gtype (
      element_class, &image_sink_template, GST_TYPE_REALTIME2_IMAGE_SINK);
  gst_element_class_set_static_metadata (element_class, "Realtime voice agent",
      "Filter/Network/Audio",
      "Talks with OpenAI's Realtime API: voice in, voice and tagged text out. "
      "gst-launch-1.0 autoaudiosrc ! audioconvert ! audioresample ! realtime2 "
      "! audioconvert ! audioresample ! autoaudiosink",
      "gst-realtime2 developers");
}

/* A bin sends an EOS of the application to its sources: that is what the
 * element is while nothing feeds it. */
static void
set_source (GstRealtime2 *self, gboolean source)
{
  GST_OBJECT_LOCK (self);
  if (source)
    GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SOURCE);
  else
    GST_OBJECT_FLAG_UNSET (self, GST_ELEMENT_FLAG_SOURCE);
  GST_OBJECT_UNLOCK (self);
}

static void
on_sink_linked (GstPad *pad, GstPad *peer, GstRealtime2 *self)
{
  set_source (self, FALSE);
}

static void
on_sink_unlinked (GstPad *pad, GstPad *peer, GstRealtime2 *self)
{
  set_source (self, TRUE);
}

static void
gst_realtime2_init (GstRealtime2 *self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->playing_cond);
  gst_realtime2_settings_init (&self->settings);
  gst_realtime2_init_moves (self);
  self->eos_time = GST_CLOCK_TIME_NONE;
  g_queue_init (&self->moments);
  self->playout = rt2_playout_new ();
  self->figures = rt2_figures_new ();
  self->key_watch = rt2_key_watch_new ();
  self->echo = rt2_echo_new ();
  self->text_pads = g_ptr_array_new_with_free_func (
      (GDestroyNotify) gst_object_unref);

  self->sinkpad = gst_pad_new_from_static_template (&sink_template, "sink");
  self->srcpad = gst_pad_new_from_static_template (&src_template, "src");
  self->input = gst_realtime2_input_new (self, self->sinkpad);
  self->audio = gst_realtime2_audio_src_new (self, self->srcpad);
  self->link = gst_realtime2_link_new (self);
  self->tools = gst_realtime2_tools_new ();
  self->complaints = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, NULL);
  self->notices = gst_realtime2_notices_new ();
  gst_element_add_pad (GST_ELEMENT (self), self->sinkpad);
  gst_element_add_pad (GST_ELEMENT (self), self->srcpad);
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_REQUIRE_CLOCK);
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SOURCE);
  g_signal_connect (self->sinkpad, "linked", G_CALLBACK (on_sink_linked), self);
  g_signal_connect (
      self->sinkpad, "unlinked", G_CALLBACK (on_sink_unlinked), self);
}
