/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the fuzz targets share.
 */
#include "fuzz.h"

#include <stdlib.h>

void
fuzz_fail (const gchar *where, const gchar *what)
{
  g_printerr ("%s: not so: %s\n", where, what);
  abort ();
}

static void
say_nothing (const gchar *domain, GLogLevelFlags level, const gchar *message,
    gpointer unused)
{
  if (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING))
    fuzz_fail (domain ? domain : "GLib", message);
}

void
fuzz_init (void)
{
  g_log_set_default_handler (say_nothing, NULL);
}

void
fuzz_check_text (const gchar *text)
{
  if (text)
    FUZZ_CHECK (g_utf8_validate (text, -1, NULL));
}
