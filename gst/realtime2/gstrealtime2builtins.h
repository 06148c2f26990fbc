/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tools that the element brings along; see the property builtin-tools.
 */
#pragma once

#include "gstrealtime2-private.h"
#include "rt2config.h"

G_BEGIN_DECLS

/* Which of them is called @name, and on; 0 if none is. Without locks. */
Rt2Builtin gst_realtime2_find_builtin (GstRealtime2 *self, const gchar *name);

/* Carries out @tool with @arguments, a JSON object as text. *@silent: nobody
 * needs to hear of the output. New string. Any thread, without locks. */
gchar *gst_realtime2_run_builtin (GstRealtime2 *self, Rt2Builtin tool,
    const gchar *call_id, const gchar *arguments, gboolean *silent);

G_END_DECLS
