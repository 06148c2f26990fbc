/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the key is, and that its file is looked at while the element runs.
 *
 * The file is read, again and again, and what is in it compared. That a file
 * system tells of changes, or keeps track of times and numbers, is not needed:
 * some do not, and a file may come in by a rename, by another symbolic link to
 * its folder, or be written anew in place.
 */
#include "gstrealtime2key.h"

#include "gstrealtime2configure.h"
#include "gstrealtime2messages.h"
#include "gstrealtime2move.h"
#include "rt2keyfile.h"

#define GST_CAT_DEFAULT gst_realtime2_debug

/* From one look at the file to the next. */
#define LOOK_MS 500

void
gst_realtime2_note_key (GstRealtime2 *self, const gchar *key)
{
  g_mutex_lock (&self->lock);
  rt2_key_watch_serve (self->key_watch, key);
  g_mutex_unlock (&self->lock);
}

static void
clear_key (GstRealtime2 *self)
{
  g_clear_pointer (&self->file_key, rt2_secret_free);
  g_clear_pointer (&self->file_key_url, g_free);
  g_clear_pointer (&self->file_complaint, g_free);
}

void
gst_realtime2_forget_key (GstRealtime2 *self)
{
  clear_key (self);
  gst_realtime2_note_key (self, NULL);
}

/* @key, of the file, was found for the server at @url; takes @url over. */
static void
remember_key (GstRealtime2 *self, const gchar *key, gchar *url)
{
  clear_key (self);
  self->file_key = g_strdup (key);
  self->file_key_url = url;
  gst_realtime2_note_key (self, key);
}

gboolean
gst_realtime2_is_key_in_file (const GstRealtime2Settings *settings)
{
  return !(settings->api_key && *settings->api_key) && settings->api_key_file
      && *settings->api_key_file;
}

gboolean
gst_realtime2_take_key_file (
    GstRealtime2 *self, GstRealtime2Settings *settings, Rt2Fault **fault)
{
  gboolean in_file = gst_realtime2_is_key_in_file (settings);
  gboolean exposed;

  gst_realtime2_forget_key (self);
  if (!gst_realtime2_read_key_file (settings, &exposed, fault))
    return FALSE;
  if (in_file)
    remember_key (self, settings->api_key, gst_realtime2_find_uri (settings));
  if (exposed)
    GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS,
        ("Anybody on this machine can read the key in the file of "
         "api-key-file. Take the right away: chmod 600."),
        (NULL));
  return TRUE;
}

/* NULL amid a g_object_set(): a key that was set may be for a `uri` that is
 * not yet. */
static GstRealtime2Settings *
copy_settings (GstRealtime2 *self)
{
  GstRealtime2Settings *settings = NULL;

  GST_OBJECT_LOCK (self);
  if (self->connection_sets == self->connection_settled)
    settings = gst_realtime2_settings_copy (&self->settings);
  GST_OBJECT_UNLOCK (self);
  return settings;
}

/* Tells what is wrong with the file, once: it is read at each try. */
static void
complain (GstRealtime2 *self, const Rt2Fault *fault, const gchar *what_now)
{
  if (g_strcmp0 (self->file_complaint, fault->message) == 0)
    return;
  g_free (self->file_complaint);
  self->file_complaint = g_strdup (fault->message);
  GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS, ("%s", fault->message),
      ("%s; %s", fault->debug, what_now));
}

/* The file of the key can't be read. */
static gboolean
take_last_key (
    GstRealtime2 *self, const Rt2Fault *fault, const gchar *url, gchar **key)
{
  gboolean known = self->file_key
      && gst_realtime2_is_same_host (self->file_key_url, url);

  complain (self, fault,
      known ? "the key that was in it before serves"
            : "the server in use gets no other key");
  *key = known ? g_strdup (self->file_key) : NULL;
  return known;
}

static gboolean
find_newest (GstRealtime2 *self, GstRealtime2Settings *settings,
    const gchar *url, gchar **key)
{
  gboolean in_file = gst_realtime2_is_key_in_file (settings), found = TRUE;
  Rt2Fault *fault = NULL;
  gboolean exposed;

  if (gst_realtime2_read_key_file (settings, &exposed, &fault)) {
    *key = gst_realtime2_find_key (settings);
    g_clear_pointer (&self->file_complaint, g_free);
    if (in_file)
      remember_key (self, *key, g_strdup (url));
  } else {
    found = take_last_key (self, fault, url, key);
    rt2_fault_free (fault);
  }
  return found;
}

gboolean
gst_realtime2_newest_key (GstRealtime2 *self, const gchar *url, gchar **key)
{
  GstRealtime2Settings *settings = copy_settings (self);
  gboolean found;
  gchar *uri;

  GST_REALTIME2_ASSERT_SESSION_THREAD (self);
  if (!settings)
    return FALSE;
  uri = gst_realtime2_find_uri (settings);
  found = gst_realtime2_is_same_host (uri, url)
      && find_newest (self, settings, url, key);
  g_free (uri);
  gst_realtime2_settings_free (settings);
  return found;
}

/* --- the watch --- */

/* New string; NULL if the key is not in a file. */
static gchar *
dup_path (GstRealtime2 *self)
{
  gchar *path;

  GST_OBJECT_LOCK (self);
  path = gst_realtime2_is_key_in_file (&self->settings)
      ? g_strdup (self->settings.api_key_file)
      : NULL;
  GST_OBJECT_UNLOCK (self);
  return path;
}

static Rt2KeyNews
take_look (GstRealtime2 *self, const gchar *key)
{
  Rt2KeyNews news;

  g_mutex_lock (&self->lock);
  news = rt2_key_watch_look (self->key_watch, key);
  g_mutex_unlock (&self->lock);
  return news;
}

static void
complain_of_file (GstRealtime2 *self, const gchar *path, const GError *error)
{
  Rt2Fault *fault = gst_realtime2_key_file_fault (path, error);

  complain (self, fault, "the key in use serves on");
  rt2_fault_free (fault);
}

static void
look (GstRealtime2 *self, const gchar *path)
{
  GError *error = NULL;
  gboolean exposed;
  gchar *key = rt2_key_file_read (path, &exposed, &error);
  Rt2KeyNews news = take_look (self, key);

  if (news == RT2_KEY_NEWS_CHANGED)
    gst_realtime2_move_for_file (self, path, key);
  else if (news == RT2_KEY_NEWS_BROKEN && !key)
    complain_of_file (self, path, error);
  if (key)
    g_clear_pointer (&self->file_complaint, g_free);
  g_clear_error (&error);
  rt2_secret_free (key);
}

static gboolean
on_look (gpointer self)
{
  gchar *path = dup_path (self);

  if (path)
    look (self, path);
  g_free (path);
  return G_SOURCE_CONTINUE;
}

GSource *
gst_realtime2_watch_key (GstRealtime2 *self)
{
  GSource *source = g_timeout_source_new (LOOK_MS);

  GST_REALTIME2_ASSERT_SESSION_THREAD (self);
  g_source_set_callback (source, on_look, self, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
  return source;
}
