/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Moves that changed properties, or a changed key in a file, ask for.
 */
#include "gstrealtime2move.h"

#include <string.h>

#include "gstrealtime2configure.h"
#include "gstrealtime2fields.h"
#include "gstrealtime2key.h"
#include "gstrealtime2link.h"
#include "gstrealtime2messages.h"

#define GST_CAT_DEFAULT gst_realtime2_debug

/* Can be read, and is never notified but by us, to hear of the end of a
 * g_object_set(). */
#define MARKER "stats"

void
gst_realtime2_init_moves (GstRealtime2 *self)
{
  self->unreadable = g_ptr_array_new ();
}

void
gst_realtime2_clear_moves (GstRealtime2 *self)
{
  g_clear_pointer (&self->unreadable, g_ptr_array_unref);
  g_clear_pointer (&self->key_uri, g_free);
  g_clear_pointer (&self->headers_uri, g_free);
}

/* --- what was set --- */

void
gst_realtime2_note_unreadable (GstRealtime2 *self, GParamSpec *pspec)
{
  GST_OBJECT_LOCK (self);
  g_ptr_array_add (self->unreadable, pspec);
  GST_OBJECT_UNLOCK (self);
  g_object_notify (G_OBJECT (self), MARKER);
}

/* The OBJECT_LOCK is held. */
static void
add_unreadable (GstRealtime2 *self, GPtrArray *set)
{
  g_ptr_array_extend_and_steal (set, self->unreadable);
  self->unreadable = g_ptr_array_new ();
}

static gboolean
touches_connection (const GParamSpec *pspec)
{
  return gst_realtime2_settings_touches (pspec->name)
      == GST_REALTIME2_TOUCHES_CONNECT;
}

/* All that was set, those at the end that can't be read: GParamSpec*. Without
 * the marker that is none of these: another thread may be amid setting them,
 * and this one notify of something else. */
static GPtrArray *
collect (GstRealtime2 *self, guint n_pspecs, GParamSpec **pspecs)
{
  GPtrArray *set = g_ptr_array_new ();
  gboolean connection = FALSE;

  GST_OBJECT_LOCK (self);
  for (guint i = 0; i < n_pspecs; i++)
    if (!g_str_equal (pspecs[i]->name, MARKER))
      g_ptr_array_add (set, pspecs[i]);
  if (set->len < n_pspecs)
    add_unreadable (self, set);
  for (guint i = 0; i < set->len; i++)
    connection |= touches_connection (g_ptr_array_index (set, i));
  if (connection)
    self->connection_settled = self->connection_sets;
  GST_OBJECT_UNLOCK (self);
  return set;
}

static gboolean
is_set (const GPtrArray *set, const gchar *name)
{
  for (guint i = 0; i < set->len; i++)
    if (g_str_equal (((GParamSpec *) g_ptr_array_index (set, i))->name, name))
      return TRUE;
  return FALSE;
}

/* The names of those that say where and how to connect, NULL if none does. New
 * string. */
static gchar *
list_names (const GPtrArray *set, Rt2MoveReason *reason)
{
  GString *names = g_string_new (NULL);

  *reason = RT2_MOVE_KEY;
  for (guint i = 0; i < set->len; i++) {
    const GParamSpec *pspec = g_ptr_array_index (set, i);
    const gchar *name = pspec->name;

    if (!touches_connection (pspec))
      continue;
    g_string_append_printf (names, "%s%s", names->len > 0 ? ", " : "", name);
    if (!g_str_has_prefix (name, "api-key"))
      *reason = RT2_MOVE_SETTINGS;
  }
  return g_string_free (names, names->len == 0);
}

/* --- whose secrets they are --- */

void
gst_realtime2_begin_moves (
    GstRealtime2 *self, const GstRealtime2Settings *settings)
{
  GST_OBJECT_LOCK (self);
  g_free (self->key_uri);
  g_free (self->headers_uri);
  self->key_uri = gst_realtime2_find_uri (settings);
  self->headers_uri = g_strdup (self->key_uri);
  GST_OBJECT_UNLOCK (self);
}

/* The settings now; *sets: how often properties were set by then. The secrets
 * in @set, which may be NULL, are for the server that they name. */
static GstRealtime2Settings *
take_settings (GstRealtime2 *self, const GPtrArray *set, guint *sets)
{
  GstRealtime2Settings *settings;

  GST_OBJECT_LOCK (self);
  settings = gst_realtime2_settings_copy (&self->settings);
  *sets = self->connection_sets;
  if (set && is_set (set, "api-key")) {
    g_free (self->key_uri);
    self->key_uri = gst_realtime2_find_uri (settings);
  }
  if (set && is_set (set, "extra-headers")) {
    g_free (self->headers_uri);
    self->headers_uri = gst_realtime2_find_uri (settings);
  }
  GST_OBJECT_UNLOCK (self);
  return settings;
}

/* The property of @settings that holds what is secret and was not set for the
 * server that they name; NULL if none does. */
static const gchar *
find_stray (GstRealtime2 *self, const GstRealtime2Settings *settings)
{
  gchar *uri = gst_realtime2_find_uri (settings);
  const gchar *stray = NULL;

  GST_OBJECT_LOCK (self);
  if (settings->extra_headers
      && !gst_realtime2_is_same_family (self->headers_uri, uri))
    stray = "extra-headers";
  if (settings->api_key && *settings->api_key
      && !gst_realtime2_is_same_family (self->key_uri, uri))
    stray = "api-key";
  GST_OBJECT_UNLOCK (self);
  g_free (uri);
  return stray;
}

/* --- what is told --- */

void
gst_realtime2_post_move_failed (GstRealtime2 *self, const gchar *names,
    Rt2MoveReason reason, const gchar *message, gboolean again)
{
  gchar *uri = gst_realtime2_link_dup_uri (self->link);
  GstStructure *fields = gst_structure_new ("realtime2/move-failed", "reason",
      G_TYPE_STRING, rt2_move_reason_name (reason), "message", G_TYPE_STRING,
      message, "again", G_TYPE_BOOLEAN, again, NULL);

  gst_realtime2_set_string (fields, "properties", names);
  gst_realtime2_set_string (fields, "uri", uri);
  gst_realtime2_post_structure (self, fields);
  g_free (uri);
}

/* What was set of @names can't be. */
static void
warn (GstRealtime2 *self, const gchar *names, Rt2MoveReason reason,
    const gchar *text, const gchar *debug)
{
  gst_realtime2_post_move_failed (self, names, reason, text, FALSE);
  GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS, ("%s: %s", names, text),
      ("%s; the session goes on as it was", debug ? debug : "no details"));
}

/* --- what can't be --- */

/* Nothing that is secret goes where it was not meant for. */
static gboolean
check_secrets (GstRealtime2 *self, const GstRealtime2Settings *settings,
    const gchar *names, Rt2MoveReason reason)
{
  const gchar *stray = find_stray (self, settings);
  gchar *text;

  if (!stray)
    return TRUE;
  text = g_strdup_printf (
      "The value of %s was set for another server than that in uri, and is not "
      "sent there. Set %s as well, also if it is to be the same; until then the "
      "conversation stays where it is.",
      stray, stray);
  warn (self, names, reason, text, NULL);
  g_free (text);
  return FALSE;
}

/* What there is cannot become another kind of session. */
static gboolean
check_type (GstRealtime2 *self, const GstRealtime2Settings *settings,
    const gchar *names, Rt2MoveReason reason)
{
  if (gst_realtime2_session_type (settings)
      == gst_realtime2_link_get_type (self->link))
    return TRUE;
  warn (self, names, reason,
      "This is for another kind of session; it takes effect once the element "
      "was in READY.",
      settings->model);
  return FALSE;
}

/* NULL, and a warning, if @settings can't be used. */
static Rt2SessionOptions *
make_options (GstRealtime2 *self, const GstRealtime2Settings *settings,
    const gchar *names, Rt2MoveReason reason)
{
  Rt2Fault *fault = NULL;
  Rt2SessionOptions *options = gst_realtime2_make_options (settings, &fault);

  if (!options) {
    warn (self, names, reason, fault->message, fault->debug);
    rt2_fault_free (fault);
  }
  return options;
}

/* That everybody can read the file of the key was said at the start, or is at
 * the next. FALSE, and a warning, if there is no key in it. */
static gboolean
read_key (GstRealtime2 *self, GstRealtime2Settings *settings,
    const gchar *names, Rt2MoveReason reason)
{
  gboolean in_file = gst_realtime2_is_key_in_file (settings), exposed;
  Rt2Fault *fault = NULL;

  if (!gst_realtime2_read_key_file (settings, &exposed, &fault)) {
    warn (self, names, reason, fault->message, fault->debug);
    rt2_fault_free (fault);
    return FALSE;
  }
  if (in_file)
    gst_realtime2_note_key (self, settings->api_key);
  return TRUE;
}

/* --- the move --- */

static void
move_to (GstRealtime2 *self, GstRealtime2Settings *settings, const gchar *names,
    Rt2MoveReason reason)
{
  Rt2SessionOptions *options = NULL;

  if (check_secrets (self, settings, names, reason)
      && read_key (self, settings, names, reason))
    options = make_options (self, settings, names, reason);
  if (!options)
    return;
  gst_realtime2_link_move (self->link, options, reason, names);
  rt2_session_options_free (options);
}

static void
ask (GstRealtime2 *self, const GPtrArray *set, const gchar *names,
    Rt2MoveReason reason)
{
  guint sets;
  GstRealtime2Settings *settings = take_settings (self, set, &sets);

  if (check_type (self, settings, names, reason)) {
    move_to (self, settings, names, reason);
    gst_realtime2_update_config (self);
  }
  gst_realtime2_settings_free (settings);
}

GPtrArray *
gst_realtime2_move_for (GstRealtime2 *self, guint n_pspecs, GParamSpec **pspecs)
{
  GPtrArray *set = collect (self, n_pspecs, pspecs);
  Rt2MoveReason reason;
  gchar *names = list_names (set, &reason);

  if (names && gst_realtime2_link_is_running (self->link))
    ask (self, set, names, reason);
  g_free (names);
  while (set->len > 0
      && !(((GParamSpec *) g_ptr_array_index (set, set->len - 1))->flags
          & G_PARAM_READABLE))
    g_ptr_array_set_size (set, set->len - 1);
  return set;
}

/* --- the key in a file --- */

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

  if (check_secrets (self, settings, "api-key-file", RT2_MOVE_KEY)
      && check_type (self, settings, "api-key-file", RT2_MOVE_KEY)) {
    rt2_secret_free (settings->api_key);
    settings->api_key = g_strdup (key);
    options = make_options (self, settings, "api-key-file", RT2_MOVE_KEY);
  }
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
  GstRealtime2Settings *settings = take_settings (self, NULL, &sets);

  if (gst_realtime2_is_key_in_file (settings)
      && g_str_equal (settings->api_key_file, path))
    move_with (self, settings, key, sets);
  gst_realtime2_settings_free (settings);
}
