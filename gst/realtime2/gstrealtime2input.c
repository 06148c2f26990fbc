/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Input. The chain function turns buffers into pieces of chunk-duration and
 * puts them into a queue bounded in time; the session's thread takes them out.
 */
#include "gstrealtime2input.h"

#include <string.h>

#include "gstrealtime2commands.h"
#include "gstrealtime2imagesink.h"
#include "gstrealtime2link.h"
#include "gstrealtime2messages.h"
#include "gstrealtime2overrun.h"
#include "gstrealtime2pacer.h"
#include "gstrealtime2pads.h"

#define GST_CAT_DEFAULT gst_realtime2_debug

/* A hole in the input up to this long is filled with silence, so that the
 * server's audio keeps the time of ours; at a longer one we just go on. */
#define MAX_HOLE (2 * GST_SECOND)
/* A smaller difference is jitter of timestamps and no hole. */
#define MIN_HOLE (20 * GST_MSECOND)
#define ECHO_HINT                                                               \
  "The agent hears itself: the microphone picks up the loudspeaker. Use "       \
  "headphones, or put webrtcechoprobe before the loudspeaker and webrtcdsp "    \
  "after the microphone (a delay-ms of 40 and more is the render-delay of the " \
  "loudspeaker's sink), or set mute-while-speaking=true."
/* The gate decides for pieces of this length. */
#define GATE_GRAIN (10 * GST_MSECOND)

struct _GstRealtime2Input {
  GstRealtime2 *self;
  GstPad *pad; /* the sink pad, not owned */

  /* All below: self->lock. */
  GCond space_cond;        /* the queue was emptied, or flushing */
  GstRealtime2Pacer pacer; /* of the streaming thread */

  /* The settings of this run. */
  guint64 chunk_duration;
  guint64 max_size_time;
  GstRealtime2Leaky leaky;
  GstRealtime2SyncInput sync_input;

  /* The stream. */
  GstSegment segment;
  gboolean has_caps;   /* a format was negotiated */
  gboolean live_known; /* `live` was asked since the last segment */
  gboolean live;       /* upstream is live */
  gboolean eos;        /* no more buffers are taken */
  gboolean end_taken;  /* the session has it */
  guint64 next_rt;     /* running time of the next sample, or NONE */

  /* The gate. */
  gboolean mute;     /* it works */
  guint64 echo_tail; /* ns that it stays shut after speech */
  guint64 muted;     /* ns that it replaced, in this run */

  /* The queue. */
  GByteArray *chunk;  /* the piece that is being filled */
  guint64 chunk_rt;   /* running time of its first sample */
  GQueue pieces;      /* Rt2UplinkPiece* */
  guint64 queued;     /* ns in pieces */
  guint n_commands;   /* pieces that are commands */
  gsize command_size; /* bytes of these */

  /* What was lost in this run: because too much waited, and because it was in
   * a format that is not sent any more. */
  Rt2Drops dropped, outdated;
};

/* --- the queue --- */

static void
piece_free (Rt2UplinkPiece *piece)
{
  g_clear_pointer (&piece->audio, g_bytes_unref);
  g_clear_pointer (&piece->command, rt2_command_free);
  g_free (piece);
}

static guint64
piece_duration (GstRealtime2Input *input, const Rt2UplinkPiece *piece)
{
  if (piece->kind != RT2_UPLINK_AUDIO)
    return 0;
  return rt2_audio_format_bytes_to_ns (
      input->self->input_format, g_bytes_get_size (piece->audio));
}

static void
clear_queue (GstRealtime2Input *input)
{
  g_queue_clear_full (&input->pieces, (GDestroyNotify) piece_free);
  g_byte_array_set_size (input->chunk, 0);
  input->queued = 0;
  input->n_commands = 0;
  input->command_size = 0;
}

/* Drops the audio that waits; what else is on its way stays. */
static void
clear_audio (GstRealtime2Input *input)
{
  GList *next;

  for (GList *l = input->pieces.head; l; l = next) {
    Rt2UplinkPiece *piece = l->data;

    next = l->next;
    if (piece->kind != RT2_UPLINK_AUDIO)
      continue;
    piece_free (piece);
    g_queue_delete_link (&input->pieces, l);
  }
  g_byte_array_set_size (input->chunk, 0);
  input->queued = 0;
}

static void
drop_piece (GstRealtime2Input *input, Rt2UplinkPiece *piece)
{
  rt2_drops_add (&input->dropped, piece->rt, piece_duration (input, piece),
      g_get_monotonic_time ());
  piece_free (piece);
}

static GstRealtime2Leaky
effective_leaky (GstRealtime2Input *input)
{
  if (input->leaky != GST_REALTIME2_LEAKY_AUTO)
    return input->leaky;
  return input->live ? GST_REALTIME2_LEAKY_DOWNSTREAM : GST_REALTIME2_LEAKY_NO;
}

static gboolean
compare_audio (gconstpointer piece, gconstpointer unused)
{
  return ((const Rt2UplinkPiece *) piece)->kind != RT2_UPLINK_AUDIO;
}

/* What waits is in a format that is not sent any more. */
static void
drop_outdated (GstRealtime2Input *input)
{
  Rt2AudioFormat format = input->self->input_format;
  GList *oldest = g_queue_find_custom (&input->pieces, NULL, compare_audio);
  guint64 start = oldest ? ((Rt2UplinkPiece *) oldest->data)->rt
                         : input->chunk_rt;

  rt2_drops_add (&input->outdated, start,
      input->queued + rt2_audio_format_bytes_to_ns (format, input->chunk->len),
      g_get_monotonic_time ());
  clear_audio (input);
}

static void
drop_oldest (GstRealtime2Input *input)
{
  GList *link = g_queue_find_custom (&input->pieces, NULL, compare_audio);
  Rt2UplinkPiece *oldest = link->data;

  g_queue_delete_link (&input->pieces, link);
  input->queued -= piece_duration (input, oldest);
  drop_piece (input, oldest);
}

/* Makes room for @duration ns. FALSE if the newest is to be dropped, or if
 * flushing. The end waits for nothing: its last piece goes over the bound. */
static gboolean
make_room (GstRealtime2Input *input, guint64 duration)
{
  while (!input->eos && input->queued > 0
      && input->queued + duration > input->max_size_time) {
    switch (effective_leaky (input)) {
      case GST_REALTIME2_LEAKY_UPSTREAM:
        return FALSE;
      case GST_REALTIME2_LEAKY_DOWNSTREAM:
        drop_oldest (input);
        break;
      default:
        if (!input->pacer.flushing)
          g_cond_wait (&input->space_cond, &input->self->lock);
        /* A flush makes room, but not for what was before it. */
        if (input->pacer.flushing)
          return FALSE;
    }
  }
  return TRUE;
}

/* The end stays the last piece, whatever still waited for room when it came. */
static void
queue_audio (GstRealtime2Input *input, Rt2UplinkPiece *piece)
{
  Rt2UplinkPiece *last = g_queue_peek_tail (&input->pieces);

  input->queued += piece_duration (input, piece);
  if (last && last->kind == RT2_UPLINK_END)
    g_queue_insert_before (&input->pieces, input->pieces.tail, piece);
  else
    g_queue_push_tail (&input->pieces, piece);
}

static void
push_audio (GstRealtime2Input *input, GBytes *audio, guint64 rt)
{
  Rt2UplinkPiece *piece = g_new0 (Rt2UplinkPiece, 1);

  piece->kind = RT2_UPLINK_AUDIO;
  piece->audio = audio;
  piece->rt = rt;
  if (make_room (input, piece_duration (input, piece)) && !input->end_taken)
    queue_audio (input, piece);
  else
    drop_piece (input, piece);
}

/* A piece that is no audio: needs no room. */
static void
push_control (GstRealtime2Input *input, Rt2UplinkKind kind)
{
  Rt2UplinkPiece *piece = g_new0 (Rt2UplinkPiece, 1);

  piece->kind = kind;
  piece->rt = GST_CLOCK_TIME_NONE;
  g_queue_push_tail (&input->pieces, piece);
}

/* What is in the chunk becomes a piece. The chunk is empty before any wait. */
static void
push_chunk (GstRealtime2Input *input)
{
  guint width = rt2_audio_format_width (input->self->input_format);
  gsize size = input->chunk->len - input->chunk->len % width;
  GBytes *audio = size > 0 ? g_bytes_new (input->chunk->data, size) : NULL;

  g_byte_array_set_size (input->chunk, 0);
  if (audio)
    push_audio (input, audio, input->chunk_rt);
}

/* The same, whatever waits already. */
static void
queue_chunk (GstRealtime2Input *input)
{
  guint width = rt2_audio_format_width (input->self->input_format);
  gsize size = input->chunk->len - input->chunk->len % width;
  Rt2UplinkPiece *piece;

  if (size == 0)
    return;
  piece = g_new0 (Rt2UplinkPiece, 1);
  piece->kind = RT2_UPLINK_AUDIO;
  piece->audio = g_bytes_new (input->chunk->data, size);
  piece->rt = input->chunk_rt;
  g_byte_array_set_size (input->chunk, 0);
  queue_audio (input, piece);
}

static gboolean
ends_turn (const Rt2UplinkPiece *piece)
{
  return piece->kind == RT2_UPLINK_COMMAND
      && piece->command->kind == RT2_COMMAND_COMMIT_INPUT;
}

/* Drops the audio that waits behind the last turn's end. */
static void
clear_turn (GstRealtime2Input *input)
{
  GList *previous;

  for (GList *l = input->pieces.tail; l && !ends_turn (l->data); l = previous) {
    Rt2UplinkPiece *piece = l->data;

    previous = l->prev;
    if (piece->kind != RT2_UPLINK_AUDIO)
      continue;
    input->queued -= piece_duration (input, piece);
    piece_free (piece);
    g_queue_delete_link (&input->pieces, l);
  }
  g_byte_array_set_size (input->chunk, 0);
}

/* Of the pictures of image_sink one waits at most: @command takes the place of
 * the one before. FALSE if there is none. */
static gboolean
replace_newest (GstRealtime2Input *input, Rt2Command *command)
{
  for (GList *l = input->pieces.head; l; l = l->next) {
    Rt2UplinkPiece *piece = l->data;

    if (piece->kind != RT2_UPLINK_COMMAND || !piece->command->newest)
      continue;
    input->command_size -= rt2_command_size (piece->command);
    rt2_command_free (piece->command);
    piece->command = command;
    input->command_size += rt2_command_size (command);
    return TRUE;
  }
  return FALSE;
}

static void
queue_command (GstRealtime2Input *input, Rt2Command *command)
{
  Rt2UplinkPiece *piece = g_new0 (Rt2UplinkPiece, 1);

  if (command->kind == RT2_COMMAND_CLEAR_INPUT)
    clear_turn (input);
  else
    queue_chunk (input);
  piece->kind = RT2_UPLINK_COMMAND;
  piece->rt = GST_CLOCK_TIME_NONE;
  piece->command = command;
  g_queue_push_tail (&input->pieces, piece);
  input->n_commands++;
  input->command_size += rt2_command_size (command);
}

gboolean
gst_realtime2_input_command (GstRealtime2Input *input, Rt2Command *command)
{
  GstRealtime2 *self = input->self;
  gboolean taken;

  g_mutex_lock (&self->lock);
  taken = !input->eos;
  if (taken && !(command->newest && replace_newest (input, command)))
    queue_command (input, command);
  g_mutex_unlock (&self->lock);
  return taken;
}

gboolean
gst_realtime2_input_is_full (GstRealtime2Input *input)
{
  gboolean full;

  g_mutex_lock (&input->self->lock);
  full = input->n_commands >= RT2_SESSION_MAX_COMMANDS
      || input->command_size >= RT2_SESSION_MAX_COMMAND_BYTES;
  g_mutex_unlock (&input->self->lock);
  return full;
}

static gsize
bytes_of (GstRealtime2Input *input, guint64 duration)
{
  Rt2AudioFormat format = input->self->input_format;

  return rt2_audio_format_ns_to_samples (format, duration)
      * rt2_audio_format_width (format);
}

/* Adds @size bytes that begin at running time @rt; @data NULL = silence. */
static void
add_audio (GstRealtime2Input *input, const guint8 *data, gsize size, guint64 rt)
{
  Rt2AudioFormat format = input->self->input_format;
  gsize chunk_size = bytes_of (input, input->chunk_duration);

  while (size > 0 && !input->pacer.flushing) {
    gsize have = input->chunk->len;
    gsize n = MIN (size, chunk_size - have);

    if (have == 0)
      input->chunk_rt = rt;
    g_byte_array_set_size (input->chunk, have + n);
    if (data) {
      memcpy (input->chunk->data + have, data, n);
      data += n;
    } else {
      memset (input->chunk->data + have, rt2_audio_format_silence (format), n);
    }
    size -= n;
    rt += rt2_audio_format_bytes_to_ns (format, n);
    /* The end may have come while this waited: then nothing else empties it. */
    if (input->chunk->len >= chunk_size || input->eos)
      push_chunk (input);
  }
}

gboolean
gst_realtime2_input_pull (GstRealtime2Input *input, Rt2UplinkPiece *piece)
{
  GstRealtime2 *self = input->self;
  Rt2UplinkPiece *head;

  g_mutex_lock (&self->lock);
  head = g_queue_pop_head (&input->pieces);
  if (head) {
    input->queued -= piece_duration (input, head);
    input->end_taken |= head->kind == RT2_UPLINK_END;
    if (head->kind == RT2_UPLINK_COMMAND) {
      input->n_commands--;
      input->command_size -= rt2_command_size (head->command);
    }
    *piece = *head;
    g_free (head);
    g_cond_broadcast (&input->space_cond);
  }
  g_mutex_unlock (&self->lock);
  return head != NULL;
}

/* Tells what was dropped. @end: no more can be. */
static void
report_drops (GstRealtime2Input *input, gboolean end)
{
  GstRealtime2 *self = input->self;
  gint64 now = g_get_monotonic_time ();
  Rt2DropsNews dropped, outdated;
  gboolean tell, tell_outdated;

  g_mutex_lock (&self->lock);
  tell = rt2_drops_tell (&input->dropped, now, end || input->eos, &dropped);
  tell_outdated = rt2_drops_tell (&input->outdated, now, TRUE, &outdated);
  g_mutex_unlock (&self->lock);
  if (tell)
    gst_realtime2_post_drops (self, "max-size-time", &dropped);
  if (tell_outdated)
    gst_realtime2_post_drops (self, "caps-changed", &outdated);
}

/* Once in a run, if the microphone hears the loudspeaker. */
static void
report_echo (GstRealtime2 *self)
{
  Rt2EchoFinding finding;
  gboolean found;

  g_mutex_lock (&self->lock);
  found = rt2_echo_pop_finding (self->echo, &finding);
  g_mutex_unlock (&self->lock);
  if (!found)
    return;
  GST_WARNING_OBJECT (self,
      "the input follows the output: %u ms later, at %.0f dB (correlation "
      "%.2f)",
      finding.delay_ms, finding.level, finding.correlation);
  gst_realtime2_post (self, "echo-suspected", "delay-ms", G_TYPE_UINT64,
      (guint64) finding.delay_ms, "level-db", G_TYPE_DOUBLE, finding.level,
      "hint", G_TYPE_STRING, ECHO_HINT, NULL);
}

/* --- buffers --- */

static void
ask_live (GstRealtime2Input *input)
{
  GstQuery *query;
  gboolean live = FALSE;

  if (input->live_known)
    return;
  query = gst_query_new_latency ();
  if (gst_pad_peer_query (input->pad, query))
    gst_query_parse_latency (query, &live, NULL, NULL);
  gst_query_unref (query);

  g_mutex_lock (&input->self->lock);
  input->live = live;
  input->live_known = TRUE;
  g_mutex_unlock (&input->self->lock);
}

static gboolean
is_paced (GstRealtime2Input *input)
{
  if (input->sync_input == GST_REALTIME2_SYNC_INPUT_AUTO)
    return !input->live;
  return input->sync_input == GST_REALTIME2_SYNC_INPUT_YES;
}

static guint64
running_time_of (GstRealtime2Input *input, GstBuffer *buffer)
{
  guint64 rt = GST_CLOCK_TIME_NONE;

  if (GST_BUFFER_PTS_IS_VALID (buffer))
    rt = gst_segment_to_running_time (
        &input->segment, GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));
  if (GST_CLOCK_TIME_IS_VALID (rt))
    return rt;
  return GST_CLOCK_TIME_IS_VALID (input->next_rt) ? input->next_rt : 0;
}

/* Fills the hole between the last sample and @rt, if it is a short one. */
static void
fill_hole (GstRealtime2Input *input, guint64 rt)
{
  guint64 hole;

  if (!GST_CLOCK_TIME_IS_VALID (input->next_rt) || rt <= input->next_rt)
    return;
  hole = rt - input->next_rt;
  if (hole >= MIN_HOLE && hole <= MAX_HOLE)
    add_audio (input, NULL, bytes_of (input, hole), input->next_rt);
}

/* Whether the gate is shut for @duration ns that were captured from @rt on. */
static gboolean
is_gated (const GstRealtime2Input *input, guint64 rt, guint64 duration)
{
  guint64 from = rt > input->echo_tail ? rt - input->echo_tail : 0;
  guint64 to = rt + MAX (duration, 1) - 1;

  return input->mute
      && rt2_playout_was_audible (input->self->playout, from, to);
}

/* Takes @size bytes at @data (NULL = silence) that begin at @rt, all of them or
 * none through the gate. */
static GstFlowReturn
take_grain (
    GstRealtime2Input *input, const guint8 *data, gsize size, guint64 rt)
{
  GstRealtime2 *self = input->self;
  guint64 duration = rt2_audio_format_bytes_to_ns (self->input_format, size);
  guint64 now;

  if (is_paced (input)
      && !gst_realtime2_pacer_wait (self, &input->pacer, rt, &now))
    return GST_FLOW_FLUSHING;
  if (input->pacer.flushing)
    return GST_FLOW_FLUSHING;
  /* The end may have come while this waited. */
  if (input->eos)
    return GST_FLOW_EOS;
  fill_hole (input, rt);
  if (data && is_gated (input, rt, duration)) {
    input->muted += duration;
    data = NULL;
  }
  if (data)
    rt2_echo_input (self->echo, self->input_format, data,
        size / rt2_audio_format_width (self->input_format), rt);
  add_audio (input, data, size, rt);
  input->next_rt = rt + duration;
  return input->pacer.flushing ? GST_FLOW_FLUSHING : GST_FLOW_OK;
}

/* Takes @size bytes at @data (NULL = silence) that begin at @rt. The gate can
 * change with each grain: of paced input, what comes later sounds later. */
static GstFlowReturn
take_audio (
    GstRealtime2Input *input, const guint8 *data, gsize size, guint64 rt)
{
  GstFlowReturn ret;

  do {
    gsize n = input->mute ? MIN (size, bytes_of (input, GATE_GRAIN)) : size;

    ret = take_grain (input, data, n, rt);
    rt += rt2_audio_format_bytes_to_ns (input->self->input_format, n);
    data = data ? data + n : NULL;
    size -= n;
  } while (ret == GST_FLOW_OK && size > 0);
  return ret;
}

/* Called with self->lock. */
static GstFlowReturn
take_buffer (GstRealtime2Input *input, GstBuffer *buffer)
{
  GstMapInfo map;
  GstFlowReturn ret;

  if (input->eos)
    return GST_FLOW_EOS;
  if (!input->has_caps || input->segment.format != GST_FORMAT_TIME)
    return GST_FLOW_NOT_NEGOTIATED;
  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return GST_FLOW_ERROR;
  ret = take_audio (input,
      GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_GAP) ? NULL : map.data,
      map.size, running_time_of (input, buffer));
  gst_buffer_unmap (buffer, &map);
  return ret;
}

static GstFlowReturn
chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  GstRealtime2 *self = GST_REALTIME2 (parent);
  GstRealtime2Input *input = self->input;
  GstFlowReturn ret;

  ask_live (input);
  g_mutex_lock (&self->lock);
  ret = take_buffer (input, buffer);
  g_mutex_unlock (&self->lock);

  gst_buffer_unref (buffer);
  gst_realtime2_link_wake (self->link);
  report_drops (input, FALSE);
  report_echo (self);
  return ret;
}

/* --- events --- */

static gboolean
parse_caps (GstCaps *caps, Rt2AudioFormat *format)
{
  const GstStructure *s = gst_caps_get_structure (caps, 0);

  if (gst_structure_has_name (s, "audio/x-mulaw"))
    *format = RT2_AUDIO_FORMAT_PCMU;
  else if (gst_structure_has_name (s, "audio/x-alaw"))
    *format = RT2_AUDIO_FORMAT_PCMA;
  else if (gst_structure_has_name (s, "audio/x-raw"))
    *format = RT2_AUDIO_FORMAT_PCM16;
  else
    return FALSE;
  return TRUE;
}

static gboolean
take_caps (GstRealtime2Input *input, GstEvent *event)
{
  GstRealtime2 *self = input->self;
  Rt2AudioFormat format;
  GstCaps *caps;
  gboolean changed;

  gst_event_parse_caps (event, &caps);
  if (!parse_caps (caps, &format))
    return FALSE;
  g_mutex_lock (&self->lock);
  changed = format != self->input_format;
  if (changed)
    drop_outdated (input);
  self->input_format = format;
  input->has_caps = TRUE;
  g_mutex_unlock (&self->lock);

  if (changed) {
    report_drops (input, FALSE);
    gst_realtime2_update_config (self);
  }
  return TRUE;
}

static gboolean
take_segment (GstRealtime2Input *input, GstEvent *event)
{
  GstRealtime2 *self = input->self;
  GstSegment segment;

  gst_event_copy_segment (event, &segment);
  if (segment.format != GST_FORMAT_TIME) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("The audio must come in a segment in time."),
        ("got a segment in %s", gst_format_get_name (segment.format)));
    return FALSE;
  }
  g_mutex_lock (&self->lock);
  input->segment = segment;
  input->live_known = FALSE;
  input->next_rt = GST_CLOCK_TIME_NONE;
  g_mutex_unlock (&self->lock);
  return TRUE;
}

static void
take_gap (GstRealtime2Input *input, GstEvent *event)
{
  GstRealtime2 *self = input->self;
  GstClockTime start, duration, rt;

  gst_event_parse_gap (event, &start, &duration);
  g_mutex_lock (&self->lock);
  rt = gst_segment_to_running_time (&input->segment, GST_FORMAT_TIME, start);
  if (input->has_caps && !input->eos && GST_CLOCK_TIME_IS_VALID (rt)
      && GST_CLOCK_TIME_IS_VALID (duration) && duration <= MAX_HOLE)
    take_audio (input, NULL, bytes_of (input, duration), rt);
  g_mutex_unlock (&self->lock);
  gst_realtime2_link_wake (self->link);
}

static gboolean
turn_ends_with_input (GstRealtime2 *self)
{
  gboolean ends;

  GST_OBJECT_LOCK (self);
  ends = self->settings.turn_detection == RT2_TURN_DETECTION_NONE;
  GST_OBJECT_UNLOCK (self);
  return ends;
}

void
gst_realtime2_input_end (GstRealtime2Input *input, GstEvent *event)
{
  GstRealtime2 *self = input->self;

  /* What is said last is a turn, if nobody else finds turns. */
  if (turn_ends_with_input (self))
    gst_realtime2_show_turn (self);
  g_mutex_lock (&self->lock);
  if (!input->eos) {
    input->eos = TRUE;
    self->eos_seqnum = gst_event_get_seqnum (event);
    push_chunk (input);
    push_control (input, RT2_UPLINK_END);
    g_cond_broadcast (&input->space_cond);
  }
  g_mutex_unlock (&self->lock);
  gst_event_unref (event);
  report_drops (input, FALSE);
  gst_realtime2_link_finish (self->link);
}

static void
set_flushing (GstRealtime2Input *input, gboolean flushing)
{
  gst_realtime2_pacer_set_flushing (input->self, &input->pacer, flushing);
  g_cond_broadcast (&input->space_cond);
}

/* What was said before the flush is void, here and on the server. It does not
 * undo an end: the session was told. */
static void
flush_start (GstRealtime2Input *input)
{
  GstRealtime2 *self = input->self;

  g_mutex_lock (&self->lock);
  set_flushing (input, TRUE);
  clear_audio (input);
  if (!input->eos)
    push_control (input, RT2_UPLINK_CLEAR);
  g_mutex_unlock (&self->lock);
  gst_realtime2_link_wake (self->link);
}

static void
flush_stop (GstRealtime2Input *input)
{
  g_mutex_lock (&input->self->lock);
  set_flushing (input, FALSE);
  gst_segment_init (&input->segment, GST_FORMAT_UNDEFINED);
  input->next_rt = GST_CLOCK_TIME_NONE;
  g_mutex_unlock (&input->self->lock);
}

/* Nothing of the input's stream is passed on: src pads have their own. */
static gboolean
sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstRealtime2Input *input = GST_REALTIME2 (parent)->input;
  gboolean ret = TRUE;

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_CAPS:
      ret = take_caps (input, event);
      break;
    case GST_EVENT_SEGMENT:
      ret = take_segment (input, event);
      break;
    case GST_EVENT_GAP:
      take_gap (input, event);
      break;
    case GST_EVENT_EOS:
      gst_realtime2_pad_ended (GST_REALTIME2 (parent), pad, event);
      return TRUE;
    case GST_EVENT_FLUSH_START:
      flush_start (input);
      break;
    case GST_EVENT_FLUSH_STOP:
      flush_stop (input);
      break;
    default:
      if (gst_realtime2_take_command (GST_REALTIME2 (parent), event))
        return TRUE;
      break;
  }
  gst_event_unref (event);
  return ret;
}

static gboolean
activate_mode (GstPad *pad, GstObject *parent, GstPadMode mode, gboolean active)
{
  GstRealtime2Input *input = GST_REALTIME2 (parent)->input;

  if (mode != GST_PAD_MODE_PUSH)
    return FALSE;
  g_mutex_lock (&input->self->lock);
  set_flushing (input, !active);
  g_mutex_unlock (&input->self->lock);
  return TRUE;
}

/* --- life --- */

void
gst_realtime2_input_start (
    GstRealtime2Input *input, const GstRealtime2Settings *settings)
{
  GST_REALTIME2_ASSERT_LOCKED (input->self);
  clear_queue (input);
  input->chunk_duration = settings->chunk_duration;
  input->max_size_time = settings->max_size_time;
  input->leaky = settings->leaky;
  input->sync_input = settings->sync_input;
  gst_segment_init (&input->segment, GST_FORMAT_UNDEFINED);
  input->has_caps = FALSE;
  input->live_known = FALSE;
  input->live = FALSE;
  input->eos = FALSE;
  input->end_taken = FALSE;
  input->next_rt = GST_CLOCK_TIME_NONE;
  input->dropped = input->outdated = (Rt2Drops){ 0 };
  input->muted = 0;
  gst_realtime2_input_set_gate (
      input, settings->mute_while_speaking, settings->echo_tail);
}

void
gst_realtime2_input_set_gate (
    GstRealtime2Input *input, gboolean mute, guint64 tail)
{
  GST_REALTIME2_ASSERT_LOCKED (input->self);
  input->mute = mute;
  input->echo_tail = tail;
}

void
gst_realtime2_input_stop (GstRealtime2Input *input)
{
  GST_REALTIME2_ASSERT_LOCKED (input->self);
  set_flushing (input, TRUE);
}

void
gst_realtime2_input_tell_rest (GstRealtime2Input *input)
{
  report_drops (input, TRUE);
}

void
gst_realtime2_input_reschedule (GstRealtime2Input *input)
{
  GST_REALTIME2_ASSERT_LOCKED (input->self);
  gst_realtime2_pacer_interrupt (&input->pacer);
}

guint64
gst_realtime2_input_position (const GstRealtime2Input *input)
{
  GST_REALTIME2_ASSERT_LOCKED (input->self);
  return input->next_rt;
}

void
gst_realtime2_input_get_stats (
    GstRealtime2Input *input, GstRealtime2InputStats *stats)
{
  GST_REALTIME2_ASSERT_LOCKED (input->self);
  stats->queued = input->queued;
  stats->dropped = input->dropped.lost + input->outdated.lost;
  stats->muted = input->muted;
}

GstRealtime2Input *
gst_realtime2_input_new (GstRealtime2 *self, GstPad *pad)
{
  GstRealtime2Input *input = g_new0 (GstRealtime2Input, 1);

  input->self = self;
  input->pad = pad;
  g_cond_init (&input->space_cond);
  g_queue_init (&input->pieces);
  input->chunk = g_byte_array_new ();
  input->pacer.flushing = TRUE;
  gst_pad_set_chain_function (pad, GST_DEBUG_FUNCPTR (chain));
  gst_pad_set_event_function (pad, GST_DEBUG_FUNCPTR (sink_event));
  gst_pad_set_activatemode_function (pad, GST_DEBUG_FUNCPTR (activate_mode));
  return input;
}

void
gst_realtime2_input_free (GstRealtime2Input *input)
{
  clear_queue (input);
  g_byte_array_unref (input->chunk);
  g_cond_clear (&input->space_cond);
  g_free (input);
}
