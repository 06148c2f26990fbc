/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A pad probe that keeps what it sees.
 */
#include "tap.h"

#include <gst/check/gstcheck.h>

struct _Tap {
  GstPad *pad;
  gulong probe;

  GMutex lock;
  GCond changed;
  /* Under the lock, as all below. */
  GPtrArray *entries; /* GstMiniObject*, references */
  gboolean hold;      /* pushes wait */
  gboolean held;      /* one does */
};

static GstPadProbeReturn
on_data (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Tap *tap = data;

  g_mutex_lock (&tap->lock);
  g_ptr_array_add (tap->entries, gst_mini_object_ref (info->data));
  g_cond_broadcast (&tap->changed);
  while (tap->hold && GST_IS_BUFFER (info->data)) {
    tap->held = TRUE;
    g_cond_broadcast (&tap->changed);
    g_cond_wait (&tap->changed, &tap->lock);
  }
  tap->held = FALSE;
  g_mutex_unlock (&tap->lock);
  return GST_PAD_PROBE_OK;
}

Tap *
tap_new (GstPad *pad)
{
  Tap *tap = g_new0 (Tap, 1);

  tap->pad = gst_object_ref (pad);
  tap->entries = g_ptr_array_new_with_free_func (
      (GDestroyNotify) gst_mini_object_unref);
  g_mutex_init (&tap->lock);
  g_cond_init (&tap->changed);
  tap->probe = gst_pad_add_probe (
      pad, GST_PAD_PROBE_TYPE_DATA_DOWNSTREAM, on_data, tap, NULL);
  return tap;
}

void
tap_free (Tap *tap)
{
  gst_pad_remove_probe (tap->pad, tap->probe);
  gst_object_unref (tap->pad);
  g_ptr_array_unref (tap->entries);
  g_mutex_clear (&tap->lock);
  g_cond_clear (&tap->changed);
  g_free (tap);
}

guint
tap_count (Tap *tap)
{
  guint n;

  g_mutex_lock (&tap->lock);
  n = tap->entries->len;
  g_mutex_unlock (&tap->lock);
  return n;
}

GstMiniObject *
tap_get (Tap *tap, guint i)
{
  GstMiniObject *entry;

  g_mutex_lock (&tap->lock);
  g_assert_cmpuint (i, <, tap->entries->len);
  entry = g_ptr_array_index (tap->entries, i);
  g_mutex_unlock (&tap->lock);
  return entry;
}

/* GST_EVENT_UNKNOWN stands for buffers. */
static gboolean
is_of_type (GstMiniObject *entry, GstEventType type)
{
  if (GST_IS_BUFFER (entry))
    return type == GST_EVENT_UNKNOWN;
  return GST_EVENT_TYPE (entry) == type;
}

/* With the lock held. */
static GstMiniObject *
find (Tap *tap, GstEventType type, guint i)
{
  for (guint k = 0; k < tap->entries->len; k++) {
    GstMiniObject *entry = g_ptr_array_index (tap->entries, k);

    if (is_of_type (entry, type) && i-- == 0)
      return entry;
  }
  return NULL;
}

static guint
count (Tap *tap, GstEventType type)
{
  guint n = 0;

  g_mutex_lock (&tap->lock);
  for (guint k = 0; k < tap->entries->len; k++)
    n += is_of_type (g_ptr_array_index (tap->entries, k), type);
  g_mutex_unlock (&tap->lock);
  return n;
}

static GstMiniObject *
wait_for (Tap *tap, GstEventType type, guint i)
{
  gint64 deadline = g_get_monotonic_time () + TAP_PATIENCE;
  GstMiniObject *entry;

  g_mutex_lock (&tap->lock);
  while (!(entry = find (tap, type, i))
      && g_cond_wait_until (&tap->changed, &tap->lock, deadline))
    ;
  g_mutex_unlock (&tap->lock);
  fail_unless (entry != NULL, "%s: waited in vain for %s number %u",
      GST_PAD_NAME (tap->pad),
      type == GST_EVENT_UNKNOWN ? "buffer" : gst_event_type_get_name (type), i);
  return entry;
}

guint
tap_count_buffers (Tap *tap)
{
  return count (tap, GST_EVENT_UNKNOWN);
}

GstBuffer *
tap_buffer (Tap *tap, guint i)
{
  return GST_BUFFER_CAST (wait_for (tap, GST_EVENT_UNKNOWN, i));
}

guint
tap_count_events (Tap *tap, GstEventType type)
{
  return count (tap, type);
}

GstEvent *
tap_event (Tap *tap, GstEventType type, guint i)
{
  return GST_EVENT_CAST (wait_for (tap, type, i));
}

gchar *
tap_dup_text (Tap *tap, guint i)
{
  GstBuffer *buffer = tap_buffer (tap, i);
  gsize size = gst_buffer_get_size (buffer);
  gchar *text = g_malloc0 (size + 1);

  gst_buffer_extract (buffer, 0, text, size);
  fail_unless_equals_int (strlen (text), size);
  return text;
}

void
tap_assert_text (Tap *tap, guint i, const gchar *expected, guint64 pts)
{
  gchar *text = tap_dup_text (tap, i);

  fail_unless_equals_string (text, expected);
  fail_unless_equals_uint64 (GST_BUFFER_PTS (tap_buffer (tap, i)), pts);
  g_free (text);
}

void
tap_assert_texts (Tap *tap, const gchar *expected)
{
  GString *all = g_string_new (NULL);
  guint n = tap_count_buffers (tap);

  for (guint i = 0; i < n; i++) {
    gchar *text = tap_dup_text (tap, i);

    g_string_append_printf (all, "%s%s", i ? "|" : "", text);
    g_free (text);
  }
  fail_unless_equals_string (all->str, expected);
  g_string_free (all, TRUE);
}

gint
tap_find_custom (Tap *tap, const gchar *name, guint from)
{
  gint found = -1;

  g_mutex_lock (&tap->lock);
  for (guint k = from; found < 0 && k < tap->entries->len; k++) {
    GstMiniObject *entry = g_ptr_array_index (tap->entries, k);

    if (GST_IS_EVENT (entry)
        && gst_event_has_name (GST_EVENT_CAST (entry), name))
      found = k;
  }
  g_mutex_unlock (&tap->lock);
  return found;
}

void
tap_hold (Tap *tap)
{
  g_mutex_lock (&tap->lock);
  tap->hold = TRUE;
  g_mutex_unlock (&tap->lock);
}

void
tap_wait_held (Tap *tap)
{
  gint64 deadline = g_get_monotonic_time () + TAP_PATIENCE;

  g_mutex_lock (&tap->lock);
  while (!tap->held)
    if (!g_cond_wait_until (&tap->changed, &tap->lock, deadline))
      g_error ("%s: no push to hold", GST_PAD_NAME (tap->pad));
  g_mutex_unlock (&tap->lock);
}

void
tap_release (Tap *tap)
{
  g_mutex_lock (&tap->lock);
  tap->hold = FALSE;
  g_cond_broadcast (&tap->changed);
  /* From now on the push counts as under way again. */
  tap->held = FALSE;
  g_mutex_unlock (&tap->lock);
}

gboolean
tap_is_live (Tap *tap)
{
  gboolean live;

  g_mutex_lock (&tap->lock);
  live = !tap->held && !find (tap, GST_EVENT_EOS, 0);
  g_mutex_unlock (&tap->lock);
  return live;
}
