/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text in. A stream in time gives whole texts, one or more lines a buffer; a
 * stream of bytes, as from a pipe, gives lines that buffers may cut anywhere.
 */
#include "gstrealtime2textsink.h"

#include <string.h>

#include "gstrealtime2commands.h"
#include "gstrealtime2input.h"
#include "gstrealtime2messages.h"
#include "gstrealtime2meta.h"
#include "gstrealtime2pacer.h"
#include "gstrealtime2pads.h"

#define GST_CAT_DEFAULT gst_realtime2_debug

enum {
  PROP_0,
  PROP_ROLE,
  PROP_INTERRUPT,
  PROP_RESPOND,
  PROP_PRIORITY,
  PROP_EXPIRES,
  PROP_SYNC,
};

struct _GstRealtime2TextSink {
  GstPad parent;

  GstRealtime2 *self; /* not owned: it owns the pad */

  /* Properties: OBJECT_LOCK of the pad. */
  GstRealtime2TextRole role;
  GstRealtime2Interrupt interrupt;
  gboolean respond;
  gint priority;
  guint64 expires; /* ns, 0 = never */
  gboolean sync;

  /* The streaming thread's: STREAM_LOCK. */
  GstSegment segment;
  GString *line; /* the beginning of a line whose end has not come */

  GstRealtime2Pacer pacer; /* of the streaming thread; self->lock */
};

G_DEFINE_FINAL_TYPE (
    GstRealtime2TextSink, gst_realtime2_text_sink, GST_TYPE_PAD);

/* --- one text --- */

/* What the pad's properties say of a text. */
static void
apply_properties (GstRealtime2TextSink *sink, Rt2Command *command)
{
  GST_OBJECT_LOCK (sink);
  command->interrupt = (Rt2Interrupt) sink->interrupt;
  command->respond &= sink->respond;
  command->priority = sink->priority;
  command->expires = rt2_command_expiry (sink->expires);
  GST_OBJECT_UNLOCK (sink);
}

static const gchar *
get_role (GstRealtime2TextSink *sink, const GstStructure *meta)
{
  const gchar *role = meta ? gst_structure_get_string (meta, "role") : NULL;
  gboolean system;

  if (role)
    return role;
  GST_OBJECT_LOCK (sink);
  system = sink->role == GST_REALTIME2_TEXT_ROLE_SYSTEM;
  GST_OBJECT_UNLOCK (sink);
  return system ? "system" : "user";
}

static void
send_text (
    GstRealtime2TextSink *sink, const GstStructure *meta, const gchar *text)
{
  GError *error = NULL;
  Rt2Command *command;

  if (text[strspn (text, " \t\r")] == '\0')
    return;
  command = rt2_command_new_text (get_role (sink, meta), text, &error);
  if (command)
    apply_properties (sink, command);
  if (command && meta)
    gst_realtime2_read_text_fields (command, meta);
  if (!gst_realtime2_submit_or_tell (sink->self, "send-text", command, error))
    GST_WARNING_OBJECT (sink, "a text was not taken");
}

/* --- lines --- */

static void
end_line (GstRealtime2TextSink *sink, const GstStructure *meta)
{
  GString *line = g_steal_pointer (&sink->line);

  sink->line = g_string_new (NULL);
  if (line->len > 0 && line->str[line->len - 1] == '\r')
    g_string_truncate (line, line->len - 1);
  send_text (sink, meta, line->str);
  g_string_free (line, TRUE);
}

/* Of a line that never ends no more is kept than can be sent. */
static void
add_text (GstRealtime2TextSink *sink, const gchar *text, gsize size)
{
  gsize room = RT2_COMMAND_MAX_TEXT + 1
      - MIN (sink->line->len, RT2_COMMAND_MAX_TEXT + 1);

  g_string_append_len (sink->line, text, MIN (size, room));
}

static void
take_text (GstRealtime2TextSink *sink, const GstStructure *meta,
    const gchar *text, gsize size)
{
  const gchar *newline;

  /* There may be no memory at all. */
  if (size == 0)
    return;
  while ((newline = memchr (text, '\n', size))) {
    gsize n = newline - text;

    add_text (sink, text, n);
    end_line (sink, meta);
    text += n + 1;
    size -= n + 1;
  }
  add_text (sink, text, size);
  if (sink->segment.format == GST_FORMAT_TIME && sink->line->len > 0)
    end_line (sink, meta);
}

/* --- the pad --- */

/* Waits for the time of @buffer, if it has one. FALSE if flushing. */
static gboolean
wait_for (GstRealtime2TextSink *sink, GstBuffer *buffer)
{
  GstRealtime2 *self = sink->self;
  guint64 rt = GST_CLOCK_TIME_NONE, now;
  gboolean sync, ok = TRUE;

  GST_OBJECT_LOCK (sink);
  sync = sink->sync;
  GST_OBJECT_UNLOCK (sink);
  if (sync && sink->segment.format == GST_FORMAT_TIME
      && GST_BUFFER_PTS_IS_VALID (buffer))
    rt = gst_segment_to_running_time (
        &sink->segment, GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));
  if (!GST_CLOCK_TIME_IS_VALID (rt))
    return TRUE;
  g_mutex_lock (&self->lock);
  do
    ok = gst_realtime2_pacer_wait (self, &sink->pacer, rt, &now);
  while (ok && now < rt);
  g_mutex_unlock (&self->lock);
  return ok;
}

/* What @buffer says of its text, or NULL. The words of another agent say who
 * they are there; here they are somebody's who talks to this one. */
static const GstStructure *
fields_of (GstBuffer *buffer)
{
  GstCustomMeta *meta = gst_buffer_get_custom_meta (
      buffer, GST_REALTIME2_META_NAME);
  const GstStructure *fields = meta ? gst_custom_meta_get_structure (meta)
                                    : NULL;

  return fields && !gst_structure_has_field (fields, "item-id") ? fields : NULL;
}

static GstFlowReturn
chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  GstRealtime2TextSink *sink = GST_REALTIME2_TEXT_SINK (pad);
  GstFlowReturn ret = GST_FLOW_ERROR;
  GstMapInfo map;

  if (!wait_for (sink, buffer)) {
    ret = GST_FLOW_FLUSHING;
  } else if (gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    take_text (sink, fields_of (buffer), (const gchar *) map.data, map.size);
    gst_buffer_unmap (buffer, &map);
    ret = GST_FLOW_OK;
  }
  gst_buffer_unref (buffer);
  return ret;
}

static gboolean
sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstRealtime2TextSink *sink = GST_REALTIME2_TEXT_SINK (pad);

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_SEGMENT:
      gst_event_copy_segment (event, &sink->segment);
      break;
    case GST_EVENT_FLUSH_START:
      g_mutex_lock (&sink->self->lock);
      gst_realtime2_pacer_set_flushing (sink->self, &sink->pacer, TRUE);
      g_mutex_unlock (&sink->self->lock);
      break;
    case GST_EVENT_FLUSH_STOP:
      g_string_truncate (sink->line, 0);
      g_mutex_lock (&sink->self->lock);
      sink->self->text_ended = FALSE;
      gst_realtime2_pacer_set_flushing (sink->self, &sink->pacer, FALSE);
      g_mutex_unlock (&sink->self->lock);
      break;
    case GST_EVENT_EOS:
      end_line (sink, NULL);
      gst_realtime2_pad_ended (sink->self, pad, event);
      return TRUE;
    default:
      if (gst_realtime2_take_command (sink->self, event))
        return TRUE;
      break;
  }
  gst_event_unref (event);
  return TRUE;
}

/* Everything, as a new stream begins. Whoever pushes may be there already. */
static void
forget (GstRealtime2TextSink *sink)
{
  GST_PAD_STREAM_LOCK (sink);
  gst_segment_init (&sink->segment, GST_FORMAT_BYTES);
  g_string_truncate (sink->line, 0);
  GST_PAD_STREAM_UNLOCK (sink);
}

static gboolean
activate_mode (GstPad *pad, GstObject *parent, GstPadMode mode, gboolean active)
{
  GstRealtime2TextSink *sink = GST_REALTIME2_TEXT_SINK (pad);

  if (mode != GST_PAD_MODE_PUSH)
    return FALSE;
  if (active)
    forget (sink);
  g_mutex_lock (&sink->self->lock);
  gst_realtime2_pacer_set_flushing (sink->self, &sink->pacer, !active);
  g_mutex_unlock (&sink->self->lock);
  return TRUE;
}

void
gst_realtime2_text_sink_stop (GstRealtime2TextSink *sink)
{
  GST_REALTIME2_ASSERT_LOCKED (sink->self);
  gst_realtime2_pacer_set_flushing (sink->self, &sink->pacer, TRUE);
}

void
gst_realtime2_text_sink_close (GstRealtime2TextSink *sink)
{
  GST_REALTIME2_ASSERT_LOCKED (sink->self);
  gst_realtime2_pacer_close (sink->self, &sink->pacer);
}

void
gst_realtime2_text_sink_reschedule (GstRealtime2TextSink *sink)
{
  GST_REALTIME2_ASSERT_LOCKED (sink->self);
  gst_realtime2_pacer_interrupt (&sink->pacer);
}

GstPad *
gst_realtime2_text_sink_create (
    GstRealtime2 *self, GstPadTemplate *templ, const gchar *name)
{
  GstRealtime2TextSink *sink = g_object_new (GST_TYPE_REALTIME2_TEXT_SINK,
      "name", name, "direction", GST_PAD_SINK, "template", templ, NULL);

  sink->self = self;
  sink->pacer.flushing = TRUE;
  gst_pad_set_chain_function (GST_PAD (sink), GST_DEBUG_FUNCPTR (chain));
  gst_pad_set_event_function (GST_PAD (sink), GST_DEBUG_FUNCPTR (sink_event));
  gst_pad_set_activatemode_function (
      GST_PAD (sink), GST_DEBUG_FUNCPTR (activate_mode));
  return GST_PAD (sink);
}

/* --- GObject --- */

static void
set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstRealtime2TextSink *sink = GST_REALTIME2_TEXT_SINK (object);

  GST_OBJECT_LOCK (sink);
  switch (id) {
    case PROP_ROLE:
      sink->role = g_value_get_enum (value);
      break;
    case PROP_INTERRUPT:
      sink->interrupt = g_value_get_enum (value);
      break;
    case PROP_RESPOND:
      sink->respond = g_value_get_boolean (value);
      break;
    case PROP_PRIORITY:
      sink->priority = g_value_get_int (value);
      break;
    case PROP_EXPIRES:
      sink->expires = g_value_get_uint64 (value);
      break;
    case PROP_SYNC:
      sink->sync = g_value_get_boolean (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (sink);
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstRealtime2TextSink *sink = GST_REALTIME2_TEXT_SINK (object);

  GST_OBJECT_LOCK (sink);
  switch (id) {
    case PROP_ROLE:
      g_value_set_enum (value, sink->role);
      break;
    case PROP_INTERRUPT:
      g_value_set_enum (value, sink->interrupt);
      break;
    case PROP_RESPOND:
      g_value_set_boolean (value, sink->respond);
      break;
    case PROP_PRIORITY:
      g_value_set_int (value, sink->priority);
      break;
    case PROP_EXPIRES:
      g_value_set_uint64 (value, sink->expires);
      break;
    case PROP_SYNC:
      g_value_set_boolean (value, sink->sync);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (sink);
}

static void
finalize (GObject *object)
{
  GstRealtime2TextSink *sink = GST_REALTIME2_TEXT_SINK (object);

  g_string_free (sink->line, TRUE);
  G_OBJECT_CLASS (gst_realtime2_text_sink_parent_class)->finalize (object);
}

static void
gst_realtime2_text_sink_class_init (GstRealtime2TextSinkClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS
      | GST_PARAM_MUTABLE_PLAYING;

  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->finalize = finalize;
  g_object_class_install_property (object_class, PROP_ROLE,
      g_param_spec_enum ("role", "Role", "Who writes",
          GST_TYPE_REALTIME2_TEXT_ROLE, GST_REALTIME2_TEXT_ROLE_USER, flags));
  g_object_class_install_property (object_class, PROP_INTERRUPT,
      g_param_spec_enum ("interrupt", "Interrupt",
          "Whether a text cuts off what the agent is saying",
          GST_TYPE_REALTIME2_INTERRUPT, GST_REALTIME2_INTERRUPT_AUTO, flags));
  g_object_class_install_property (object_class, PROP_RESPOND,
      g_param_spec_boolean ("respond", "Respond",
          "Whether the agent answers; else it only reads", TRUE, flags));
  g_object_class_install_property (object_class, PROP_PRIORITY,
      g_param_spec_int ("priority", "Priority",
          "Of texts that wait for their turn the highest goes first", G_MININT,
          G_MAXINT, 0, flags));
  g_object_class_install_property (object_class, PROP_EXPIRES,
      g_param_spec_uint64 ("expires", "Expires",
          "A text that waits longer than this for its turn is dropped, and "
          "reported in a realtime2/command-failed message, ns (0 = never)",
          0, G_MAXUINT64, 0, flags));
  g_object_class_install_property (object_class, PROP_SYNC,
      g_param_spec_boolean ("sync", "Sync",
          "Whether a text with a timestamp waits for its time", TRUE, flags));
}

static void
gst_realtime2_text_sink_init (GstRealtime2TextSink *sink)
{
  sink->line = g_string_new (NULL);
  sink->respond = TRUE;
  sink->sync = TRUE;
  gst_segment_init (&sink->segment, GST_FORMAT_BYTES);
}
