/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fields of messages, events and metas: what is not known is left out.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* Sets the field @name of @fields, unless @text is NULL. */
void gst_realtime2_set_string (
    GstStructure *fields, const gchar *name, const gchar *text);

/* The same, ns, unless @time is GST_CLOCK_TIME_NONE. */
void gst_realtime2_set_time (
    GstStructure *fields, const gchar *name, guint64 time);

G_END_DECLS
