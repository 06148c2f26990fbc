/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The plugin.
 */
#include <dlfcn.h>
#include <gio/gio.h>

#include "gstrealtime2.h"
#include "gstrealtime2meta.h"

/* Two major versions of libsoup in one process abort it. Whichever of ours
 * comes second must keep out. */
static gboolean
has_libsoup_2 (void)
{
  void *handle = dlopen ("libsoup-2.4.so.1", RTLD_LAZY | RTLD_NOLOAD);

  if (handle)
    dlclose (handle);
  return handle != NULL;
}

static gboolean
plugin_init (GstPlugin *plugin)
{
  if (has_libsoup_2 ()) {
    GST_ERROR (
        "libsoup 2.4 is loaded in this process, and realtime2 uses "
        "libsoup 3: the two can't be used together. Remove the plugin or "
        "library that brings libsoup 2.4.");
    return FALSE;
  }
  /* Their types must not be made by two threads at once. */
  g_type_ensure (G_TYPE_SOCKET);
  g_type_ensure (G_TYPE_SOCKET_CLIENT);
  g_type_ensure (G_TYPE_TLS_CONNECTION);
  gst_realtime2_meta_register ();
  return GST_ELEMENT_REGISTER (realtime2, plugin);
}

#define PACKAGE "gst-realtime2"

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, realtime2,
    "Puts OpenAI's Realtime voice agents into a pipeline", plugin_init,
    PACKAGE_VERSION, "LGPL", "gst-realtime2",
    "https://gstreamer.freedesktop.org/")
