/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the key is.
 */
#include "gstrealtime2key.h"

#include "gstrealtime2configure.h"
#include "gstrealtime2messages.h"

#define GST_CAT_DEFAULT gst_realtime2_debug

void
gst_realtime2_forget_key (GstRealtime2 *self)
{
  g_clear_pointer (&self->file_key, rt2_secret_free);
}

/* Whether the key is to be looked for in a file. */
static gboolean
is_in_file (const GstRealtime2Settings *settings)
{
  return !(settings->api_key && *settings->api_key) && settings->api_key_file
      && *settings->api_key_file;
}

gboolean
gst_realtime2_take_key_file (
    GstRealtime2 *self, GstRealtime2Settings *settings, Rt2Fault **fault)
{
  gboolean in_file = is_in_file (settings);
  gboolean exposed;

  gst_realtime2_forget_key (self);
  if (!gst_realtime2_read_key_file (settings, &exposed, fault))
    return FALSE;
  if (in_file)
    self->file_key = g_strdup (settings->api_key);
  if (exposed)
    GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS,
        ("Anybody on this machine can read the key in the file of "
         "api-key-file. Take the right away: chmod 600."),
        (NULL));
  return TRUE;
}

static GstRealtime2Settings *
copy_settings (GstRealtime2 *self)
{
  GstRealtime2Settings *settings;

  GST_OBJECT_LOCK (self);
  settings = gst_realtime2_settings_copy (&self->settings);
  GST_OBJECT_UNLOCK (self);
  return settings;
}

gchar *
gst_realtime2_newest_key (GstRealtime2 *self)
{
  GstRealtime2Settings *settings = copy_settings (self);
  gboolean in_file = is_in_file (settings);
  Rt2Fault *fault = NULL;
  gboolean exposed;
  gchar *key;

  if (gst_realtime2_read_key_file (settings, &exposed, &fault)) {
    key = gst_realtime2_find_key (settings);
    if (in_file) {
      gst_realtime2_forget_key (self);
      self->file_key = g_strdup (key);
    }
  } else {
    GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS, ("%s", fault->message),
        ("%s; the key that was in it before serves", fault->debug));
    rt2_fault_free (fault);
    key = g_strdup (self->file_key);
  }
  gst_realtime2_settings_free (settings);
  return key;
}
