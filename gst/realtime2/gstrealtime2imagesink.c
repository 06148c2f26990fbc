/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pictures in.
 */
#include "gstrealtime2imagesink.h"

#include "gstrealtime2commands.h"
#include "gstrealtime2messages.h"

#define GST_CAT_DEFAULT gst_realtime2_debug

struct _GstRealtime2ImageSink {
  GstPad parent;

  GstRealtime2 *self; /* not owned: it owns the pad */

  /* self->lock */
  const gchar *media_type; /* of the caps; static */
  GBytes *newest;          /* the last that came, or NULL */
  GBytes *sent;            /* the last that was sent, or NULL */
  gint64 last_sent;        /* when, monotonic us */
  gboolean warned;         /* that one was too big */
};

G_DEFINE_FINAL_TYPE (
    GstRealtime2ImageSink, gst_realtime2_image_sink, GST_TYPE_PAD);

/* --- sending --- */

typedef struct {
  GstRealtime2ImageMode mode;
  guint64 interval;
  gint detail, max_size;
} Rules;

static Rules
get_rules (GstRealtime2 *self)
{
  Rules rules;

  GST_OBJECT_LOCK (self);
  rules.mode = self->settings.image_mode;
  rules.interval = self->settings.image_interval;
  rules.detail = self->settings.image_detail;
  rules.max_size = self->settings.image_max_size;
  GST_OBJECT_UNLOCK (self);
  return rules;
}

Rt2Command *
gst_realtime2_make_image_command (
    GstRealtime2 *self, GBytes *data, const gchar *media_type, GError **error)
{
  Rules rules = get_rules (self);

  if (data && g_bytes_get_size (data) > (gsize) rules.max_size) {
    g_set_error (error, RT2_COMMAND_ERROR, RT2_COMMAND_ERROR_VALUE,
        "a picture has %" G_GSIZE_FORMAT
        " bytes, more than image-max-size (%d): scale it down, as with "
        "videoscale before the encoder",
        g_bytes_get_size (data), rules.max_size);
    return NULL;
  }
  return rt2_command_new_image (data, media_type,
      gst_realtime2_enum_nick (GST_TYPE_REALTIME2_IMAGE_DETAIL, rules.detail),
      error);
}

/* A reference to the newest picture, if it is another than the last that was
 * sent; it counts as sent. Called with self->lock. */
static GBytes *
take_newest (GstRealtime2ImageSink *sink)
{
  if (!sink->newest || (sink->sent && g_bytes_equal (sink->newest, sink->sent)))
    return NULL;
  g_clear_pointer (&sink->sent, g_bytes_unref);
  sink->sent = g_bytes_ref (sink->newest);
  sink->last_sent = g_get_monotonic_time ();
  return g_bytes_ref (sink->newest);
}

/* @data was not sent after all. */
static void
untake (GstRealtime2ImageSink *sink, GBytes *data)
{
  g_mutex_lock (&sink->self->lock);
  if (sink->sent == data)
    g_clear_pointer (&sink->sent, g_bytes_unref);
  g_mutex_unlock (&sink->self->lock);
}

/* Tells once that pictures are of no use. */
static void
report (GstRealtime2 *self, GstRealtime2ImageSink *sink, GError *error)
{
  gboolean first;

  g_mutex_lock (&self->lock);
  first = !sink->warned;
  sink->warned = TRUE;
  g_mutex_unlock (&self->lock);
  if (first)
    GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS,
        ("A picture is not shown to the agent: %s", error->message),
        ("this is told once"));
  g_error_free (error);
}

/* What was not @asked for gives way to a newer one while it waits. */
static gboolean
send_newest (GstRealtime2 *self, GstRealtime2ImageSink *sink, gboolean asked)
{
  GError *error = NULL;
  const gchar *media_type;
  Rt2Command *command;
  gboolean sent = FALSE;
  GBytes *data;

  g_mutex_lock (&self->lock);
  data = take_newest (sink);
  media_type = sink->media_type;
  g_mutex_unlock (&self->lock);
  if (!data)
    return FALSE;
  command = gst_realtime2_make_image_command (self, data, media_type, &error);
  if (command) {
    command->newest = !asked;
    sent = gst_realtime2_submit (self, command);
  } else {
    report (self, sink, error);
  }
  if (!sent)
    untake (sink, data);
  g_bytes_unref (data);
  return sent;
}

/* A reference to the pad, or NULL. */
static GstRealtime2ImageSink *
find_sink (GstRealtime2 *self)
{
  GstPad *pad;

  g_mutex_lock (&self->lock);
  pad = self->image_sink ? gst_object_ref (self->image_sink) : NULL;
  g_mutex_unlock (&self->lock);
  return (GstRealtime2ImageSink *) pad;
}

static gboolean
find_and_send (GstRealtime2 *self, gboolean asked)
{
  GstRealtime2ImageSink *sink = find_sink (self);
  gboolean sent = sink && send_newest (self, sink, asked);

  gst_clear_object (&sink);
  return sent;
}

gboolean
gst_realtime2_send_newest_image (GstRealtime2 *self)
{
  return find_and_send (self, TRUE);
}

void
gst_realtime2_show_turn (GstRealtime2 *self)
{
  if (get_rules (self).mode == GST_REALTIME2_IMAGE_MODE_TURN)
    find_and_send (self, FALSE);
}

void
gst_realtime2_forget_sent_image (GstRealtime2 *self)
{
  GstRealtime2ImageSink *sink = find_sink (self);

  if (!sink)
    return;
  g_mutex_lock (&self->lock);
  g_clear_pointer (&sink->sent, g_bytes_unref);
  g_mutex_unlock (&self->lock);
  gst_object_unref (sink);
}

/* --- the pad --- */

/* Called with self->lock. */
static gboolean
is_time (GstRealtime2ImageSink *sink, const Rules *rules)
{
  gint64 now = g_get_monotonic_time ();

  return rules->mode == GST_REALTIME2_IMAGE_MODE_INTERVAL
      && (sink->last_sent == 0
          || (guint64) (now - sink->last_sent) >= rules->interval / 1000);
}

static void
take_picture (GstRealtime2ImageSink *sink, GBytes *picture)
{
  Rules rules = get_rules (sink->self);
  gboolean send;

  g_mutex_lock (&sink->self->lock);
  g_clear_pointer (&sink->newest, g_bytes_unref);
  sink->newest = picture;
  send = is_time (sink, &rules);
  g_mutex_unlock (&sink->self->lock);
  if (send)
    send_newest (sink->self, sink, FALSE);
}

static GstFlowReturn
chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  gpointer data;
  gsize size;

  gst_buffer_extract_dup (buffer, 0, -1, &data, &size);
  gst_buffer_unref (buffer);
  if (size == 0)
    g_free (data);
  else
    take_picture (
        GST_REALTIME2_IMAGE_SINK (pad), g_bytes_new_take (data, size));
  return GST_FLOW_OK;
}

static void
take_caps (GstRealtime2ImageSink *sink, GstEvent *event)
{
  const gchar *media_type;
  GstCaps *caps;
  gboolean png;

  gst_event_parse_caps (event, &caps);
  png = gst_structure_has_name (gst_caps_get_structure (caps, 0), "image/png");
  media_type = png ? "image/png" : "image/jpeg";
  g_mutex_lock (&sink->self->lock);
  if (!g_str_equal (sink->media_type, media_type))
    g_clear_pointer (&sink->newest, g_bytes_unref);
  sink->media_type = media_type;
  g_mutex_unlock (&sink->self->lock);
}

static gboolean
sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstRealtime2ImageSink *sink = GST_REALTIME2_IMAGE_SINK (pad);

  if (gst_realtime2_take_command (sink->self, event))
    return TRUE;
  if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS)
    take_caps (sink, event);
  gst_event_unref (event);
  return TRUE;
}

static void
clear (GstRealtime2ImageSink *sink)
{
  g_clear_pointer (&sink->newest, g_bytes_unref);
  g_clear_pointer (&sink->sent, g_bytes_unref);
  sink->last_sent = 0;
  sink->warned = FALSE;
}

void
gst_realtime2_image_sink_clear (GstRealtime2ImageSink *sink)
{
  GST_REALTIME2_ASSERT_LOCKED (sink->self);
  clear (sink);
}

GstPad *
gst_realtime2_image_sink_create (
    GstRealtime2 *self, GstPadTemplate *templ, const gchar *name)
{
  GstRealtime2ImageSink *sink = g_object_new (GST_TYPE_REALTIME2_IMAGE_SINK,
      "name", name, "direction", GST_PAD_SINK, "template", templ, NULL);

  sink->self = self;
  gst_pad_set_chain_function (GST_PAD (sink), GST_DEBUG_FUNCPTR (chain));
  gst_pad_set_event_function (GST_PAD (sink), GST_DEBUG_FUNCPTR (sink_event));
  return GST_PAD (sink);
}

/* --- GObject --- */

static void
finalize (GObject *object)
{
  clear (GST_REALTIME2_IMAGE_SINK (object));
  G_OBJECT_CLASS (gst_realtime2_image_sink_parent_class)->finalize (object);
}

static void
gst_realtime2_image_sink_class_init (GstRealtime2ImageSinkClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = finalize;
}

static void
gst_realtime2_image_sink_init (GstRealtime2ImageSink *sink)
{
  sink->media_type = "image/jpeg";
}
