/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Moves that changed properties ask for.
 */
#include "gstrealtime2move.h"

#include "gstrealtime2configure.h"
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

/* That everybody can read the file of the key was said at the start, or is at
 * the next. */
static void
move_to (GstRealtime2 *self, GstRealtime2Settings *settings, const gchar *names,
    Rt2MoveReason reason)
{
  Rt2Fault *fault = NULL;
  Rt2SessionOptions *options = NULL;
  gboolean exposed;

  if (gst_realtime2_read_key_file (settings, &exposed, &fault))
    options = gst_realtime2_make_options (settings, &fault);
  if (!options) {
    warn (self, names, fault->message, fault->debug);
    rt2_fault_free (fault);
    return;
  }
  gst_realtime2_link_move (self->link, options, reason, names);
  rt2_session_options_free (options);
}

void
gst_realtime2_move_for (GstRealtime2 *self, guint n_pspecs, GParamSpec **pspecs)
{
  GstRealtime2Settings *settings;
  Rt2MoveReason reason;
  gchar *names = list_names (n_pspecs, pspecs, &reason);

  if (!names || !gst_realtime2_link_is_running (self->link)) {
    g_free (names);
    return;
  }
  GST_OBJECT_LOCK (self);
  settings = gst_realtime2_settings_copy (&self->settings);
  GST_OBJECT_UNLOCK (self);
  if (gst_realtime2_session_type (settings)
      != gst_realtime2_link_get_type (self->link)) {
    warn (self, names,
        "This is for another kind of session; it takes effect once the element "
        "was in READY.",
        settings->model);
  } else {
    move_to (self, settings, names, reason);
    gst_realtime2_update_config (self);
  }
  gst_realtime2_settings_free (settings);
  g_free (names);
}
