/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Moves that changed properties, or a changed key in a file, ask for.
 */
#include "gstrealtime2move.h"

#include "gstrealtime2configure.h"
#include "gstrealtime2key.h"
#include "gstrealtime2link.h"
#include "gstrealtime2messages.h"

#define GST_CAT_DEFAULT gst_realtime2_debug

/* The names of those that say where and how to connect, NULL if none does. New
 * string. */
static gchar *
list_names (guint n_pspecs, GParamSpec **pspecs, Rt2MoveReason *reason)
{
  GString *names = g_string_new (NULL);

  *reason = RT2_MOVE_KEY;
  for (guint i = 0; i < n_pspecs; i++) {
    const gchar *name = pspecs[i]->name;

    if (gst_realtime2_settings_touches (name) != GST_REALTIME2_TOUCHES_CONNECT)
      continue;
    g_string_append_printf (names, "%s%s", names->len > 0 ? ", " : "", name);
    if (!g_str_has_prefix (name, "api-key"))
      *reason = RT2_MOVE_SETTINGS;
  }
  return g_string_free (names, names->len == 0);
}

/* What was set of @names can't be. */
static void
warn (GstRealtime2 *self, const gchar *names, const gchar *text,
    const gchar *debug)
{
  GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS, ("%s: %s", names, text),
      ("%s; the session goes on as it was", debug ? debug : "no details"));
}

/* What there is cannot become another kind of session. */
static gboolean
check_type (GstRealtime2 *self, const GstRealtime2Settings *settings,
    const gchar *names)
{
  if (gst_realtime2_session_type (settings)
      == gst_realtime2_link_get_type (self->link))
    return TRUE;
  warn (self, names,
      "This is for another kind of session; it takes effect once the element "
      "was in READY.",
      settings->model);
  return FALSE;
}

/* NULL, and a warning, if @settings can't be used. */
static Rt2SessionOptions *
make_options (GstRealtime2 *self, const GstRealtime2Settings *settings,
    const gchar *names)
{
  Rt2Fault *fault = NULL;
  Rt2SessionOptions *options = gst_realtime2_make_options (settings, &fault);

  if (!options) {
    warn (self, names, fault->message, fault->debug);
    rt2_fault_free (fault);
  }
  return options;
}

/* That everybody can read the file of the key was said at the start, or is at
 * the next. FALSE, and a warning, if there is no key in it. */
static gboolean
read_key (
    GstRealtime2 *self, GstRealtime2Settings *settings, const gchar *names)
{
  gboolean in_file = gst_realtime2_is_key_in_file (settings), exposed;
  Rt2Fault *fault = NULL;

  if (!gst_realtime2_read_key_file (settings, &exposed, &fault)) {
    warn (self, names, fault->message, fault->debug);
    rt2_fault_free (fault);
    return FALSE;
  }
  if (in_file)
    gst_realtime2_note_key (self, settings->api_key);
  return TRUE;
}

static void
move_to (GstRealtime2 *self, GstRealtime2Settings *settings, const gchar *names,
    Rt2MoveReason reason)
{
  Rt2SessionOptions *options = read_key (self, settings, names)
      ? make_options (self, settings, names)
      : NULL;

  if (!options)
    return;
  gst_realtime2_link_move (self->link, options, reason, names);
  rt2_session_options_free (options);
}

/* *sets: how often properties were set by then. */
static GstRealtime2Settings *
copy_settings (GstRealtime2 *self, guint *sets)
{
  GstRealtime2Settings *settings;

  GST_OBJECT_LOCK (self);
  settings = gst_realtime2_settings_copy (&self->settings);
  *sets = self->connection_sets;
  GST_OBJECT_UNLOCK (self);
  return settings;
}

void
gst_realtime2_move_for (GstRealtime2 *self, guint n_pspecs, GParamSpec **pspecs)
{
  GstRealtime2Settings *settings;
  Rt2MoveReason reason;
  gchar *names = list_names (n_pspecs, pspecs, &reason);
  guint sets;

  if (!names || !gst_realtime2_link_is_running (self->link)) {
    g_free (names);
    return;
  }
  settings = copy_settings (self, &sets);
  if (check_type (self, settings, names)) {
    move_to (self, settings, names, reason);
    gst_realtime2_update_config (self);
  }
  gst_realtime2_settings_free (settings);
  g_free (names);
}

/* Who sets properties moves by itself, and after this: with the lock, so that
 * it is after this. */
static void
move_unless_set (
    GstRealtime2 *self, const Rt2SessionOptions *options, guint sets)
{
  gboolean moved;

  GST_OBJECT_LOCK (self);
  moved = self->connection_sets == sets;
  if (moved)
    gst_realtime2_link_move (
        self->link, options, RT2_MOVE_KEY, "the key in api-key-file");
  GST_OBJECT_UNLOCK (self);
  if (moved)
    gst_realtime2_note_key (self, options->transport->api_key);
}

/* Takes @key for the one to move with. */
static void
move_with (GstRealtime2 *self, GstRealtime2Settings *settings, const gchar *key,
    guint sets)
{
  Rt2SessionOptions *options = NULL;

  rt2_secret_free (settings->api_key);
  settings->api_key = g_strdup (key);
  if (check_type (self, settings, "api-key-file"))
    options = make_options (self, settings, "api-key-file");
  if (!options) {
    gst_realtime2_note_key (self, key);
    return;
  }
  move_unless_set (self, options, sets);
  rt2_session_options_free (options);
}

void
gst_realtime2_move_for_file (
    GstRealtime2 *self, const gchar *path, const gchar *key)
{
  guint sets;
  GstRealtime2Settings *settings = copy_settings (self, &sets);

  if (gst_realtime2_is_key_in_file (settings)
      && g_str_equal (settings->api_key_file, path))
    move_with (self, settings, key, sets);
  gst_realtime2_settings_free (settings);
}
