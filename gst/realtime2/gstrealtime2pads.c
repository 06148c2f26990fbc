/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pads on request.
 */
#include "gstrealtime2pads.h"

#include "gstrealtime2imagesink.h"
#include "gstrealtime2input.h"
#include "gstrealtime2textpad.h"
#include "gstrealtime2textsink.h"

/* --- text src pads --- */

/* Called with self->lock. */
static gboolean
has_text_pad (GstRealtime2 *self, const gchar *name)
{
  for (guint i = 0; i < self->text_pads->len; i++)
    if (g_str_equal (
            GST_PAD_NAME (g_ptr_array_index (self->text_pads, i)), name))
      return TRUE;
  return FALSE;
}

/* The name with the lowest index that is free. Called with self->lock. */
static gchar *
free_pad_name (GstRealtime2 *self)
{
  for (guint i = 0;; i++) {
    gchar *name = g_strdup_printf ("text_src_%u", i);

    if (!has_text_pad (self, name))
      return name;
    g_free (name);
  }
}

/* Called with self->lock. */
static GstPad *
make_text_src (GstRealtime2 *self, GstPadTemplate *templ, const gchar *wanted)
{
  gchar *name = wanted ? g_strdup (wanted) : free_pad_name (self);
  GstPad *pad = gst_realtime2_text_pad_create (self, templ, name);

  gst_realtime2_text_pad_start (GST_REALTIME2_TEXT_PAD (pad));
  g_ptr_array_add (self->text_pads, gst_object_ref_sink (pad));
  g_free (name);
  return pad;
}

/* --- text_sink and image_sink: one of each --- */

/* Called with self->lock. */
static GstPad *
make_text_sink (GstRealtime2 *self, GstPadTemplate *templ)
{
  if (self->text_sink)
    return NULL;
  self->text_sink = gst_realtime2_text_sink_create (self, templ, "text_sink");
  self->text_ended = FALSE;
  return self->text_sink;
}

/* Called with self->lock. */
static GstPad *
make_image_sink (GstRealtime2 *self, GstPadTemplate *templ)
{
  if (self->image_sink)
    return NULL;
  self->image_sink = gst_realtime2_image_sink_create (
      self, templ, "image_sink");
  return self->image_sink;
}

/* --- any --- */

static GstPad *
make_pad (GstRealtime2 *self, GstPadTemplate *templ, const gchar *wanted)
{
  GstPad *pad;

  g_mutex_lock (&self->lock);
  if (GST_PAD_TEMPLATE_DIRECTION (templ) == GST_PAD_SRC)
    pad = make_text_src (self, templ, wanted);
  else if (g_str_equal (GST_PAD_TEMPLATE_NAME_TEMPLATE (templ), "text_sink"))
    pad = make_text_sink (self, templ);
  else
    pad = make_image_sink (self, templ);
  g_mutex_unlock (&self->lock);
  return pad;
}

/* Called with self->lock. */
static void
forget_pad (GstRealtime2 *self, GstPad *pad)
{
  if (pad == self->text_sink)
    self->text_sink = NULL;
  else if (pad == self->image_sink)
    self->image_sink = NULL;
  else
    g_ptr_array_remove (self->text_pads, pad);
}

GstPad *
gst_realtime2_request_pad (GstElement *element, GstPadTemplate *templ,
    const gchar *wanted, const GstCaps *caps)
{
  GstRealtime2 *self = GST_REALTIME2 (element);
  GstPad *pad = make_pad (self, templ, wanted);

  if (!pad)
    return NULL;
  /* A running element takes active pads only. */
  if (GST_STATE (element) > GST_STATE_READY)
    gst_pad_set_active (pad, TRUE);
  if (!gst_element_add_pad (element, pad)) {
    gst_pad_set_active (pad, FALSE);
    g_mutex_lock (&self->lock);
    forget_pad (self, pad);
    g_mutex_unlock (&self->lock);
    return NULL;
  }
  gst_child_proxy_child_added (
      GST_CHILD_PROXY (self), G_OBJECT (pad), GST_PAD_NAME (pad));
  return pad;
}

/* Called with self->lock. */
static void
close_pad (GstRealtime2 *self, GstPad *pad)
{
  if (pad == self->text_sink)
    gst_realtime2_text_sink_close (GST_REALTIME2_TEXT_SINK (pad));
  else if (pad != self->image_sink)
    gst_realtime2_text_pad_close (GST_REALTIME2_TEXT_PAD (pad));
}

/* A pad that is gone is not waited for any more. Called with self->lock. */
static gboolean
ends_without (GstRealtime2 *self, GstPad *pad)
{
  gboolean awaited = pad == self->text_sink && !self->text_ended;

  forget_pad (self, pad);
  return awaited && self->audio_ended;
}

void
gst_realtime2_release_pad (GstElement *element, GstPad *pad)
{
  GstRealtime2 *self = GST_REALTIME2 (element);
  gboolean ended;

  g_mutex_lock (&self->lock);
  close_pad (self, pad);
  g_mutex_unlock (&self->lock);
  gst_pad_set_active (pad, FALSE);
  gst_child_proxy_child_removed (
      GST_CHILD_PROXY (self), G_OBJECT (pad), GST_PAD_NAME (pad));

  /* Its name is free once the element has it no more, and not before. */
  gst_object_ref (pad);
  gst_element_remove_pad (element, pad);
  g_mutex_lock (&self->lock);
  ended = ends_without (self, pad);
  g_mutex_unlock (&self->lock);
  gst_object_unref (pad);
  if (ended)
    gst_realtime2_input_end (self->input, gst_event_new_eos ());
}

void
gst_realtime2_pads_start (GstRealtime2 *self)
{
  GST_REALTIME2_ASSERT_LOCKED (self);
  self->audio_ended = FALSE;
  self->text_ended = FALSE;
  for (guint i = 0; i < self->text_pads->len; i++)
    gst_realtime2_text_pad_start (g_ptr_array_index (self->text_pads, i));
  if (self->image_sink)
    gst_realtime2_image_sink_clear (
        GST_REALTIME2_IMAGE_SINK (self->image_sink));
}

void
gst_realtime2_pads_stop (GstRealtime2 *self)
{
  GST_REALTIME2_ASSERT_LOCKED (self);
  self->audio_ended = FALSE;
  for (guint i = 0; i < self->text_pads->len; i++)
    gst_realtime2_text_pad_stop (g_ptr_array_index (self->text_pads, i));
  if (self->text_sink)
    gst_realtime2_text_sink_stop (GST_REALTIME2_TEXT_SINK (self->text_sink));
}

void
gst_realtime2_pads_reschedule (GstRealtime2 *self)
{
  GST_REALTIME2_ASSERT_LOCKED (self);
  for (guint i = 0; i < self->text_pads->len; i++)
    gst_realtime2_text_pad_reschedule (g_ptr_array_index (self->text_pads, i));
  if (self->text_sink)
    gst_realtime2_text_sink_reschedule (
        GST_REALTIME2_TEXT_SINK (self->text_sink));
}

/* --- the end of the input --- */

/* Called with self->lock. */
static gboolean
is_all_ended (GstRealtime2 *self)
{
  if (!self->audio_ended && gst_pad_is_linked (self->sinkpad))
    return FALSE;
  return self->text_ended || !self->text_sink
      || !gst_pad_is_linked (self->text_sink);
}

void
gst_realtime2_pad_ended (GstRealtime2 *self, GstPad *pad, GstEvent *event)
{
  gboolean all;

  g_mutex_lock (&self->lock);
  if (pad == self->sinkpad)
    self->audio_ended = TRUE;
  else
    self->text_ended = TRUE;
  all = is_all_ended (self);
  g_mutex_unlock (&self->lock);
  if (all)
    gst_realtime2_input_end (self->input, event);
  else
    gst_event_unref (event);
}

/* --- GstChildProxy: pads by name, for text_src_0::roles=user --- */

static guint
get_children_count (GstChildProxy *proxy)
{
  guint n;

  GST_OBJECT_LOCK (proxy);
  n = GST_ELEMENT (proxy)->numpads;
  GST_OBJECT_UNLOCK (proxy);
  return n;
}

static GObject *
get_child_by_index (GstChildProxy *proxy, guint index)
{
  GObject *child;

  GST_OBJECT_LOCK (proxy);
  child = g_list_nth_data (GST_ELEMENT (proxy)->pads, index);
  if (child)
    g_object_ref (child);
  GST_OBJECT_UNLOCK (proxy);
  return child;
}

static GObject *
get_child_by_name (GstChildProxy *proxy, const gchar *name)
{
  GstPad *pad = gst_element_get_static_pad (GST_ELEMENT (proxy), name);

  return pad ? G_OBJECT (pad) : NULL;
}

void
gst_realtime2_child_proxy_init (gpointer iface, gpointer data)
{
  GstChildProxyInterface *proxy = iface;

  proxy->get_children_count = get_children_count;
  proxy->get_child_by_index = get_child_by_index;
  proxy->get_child_by_name = get_child_by_name;
}
