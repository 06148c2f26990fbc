/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fields that may not be known.
 */
#include "gstrealtime2fields.h"

void
gst_realtime2_set_string (
    GstStructure *fields, const gchar *name, const gchar *text)
{
  if (text)
    gst_structure_set (fields, name, G_TYPE_STRING, text, NULL);
}

void
gst_realtime2_set_time (GstStructure *fields, const gchar *name, guint64 time)
{
  if (GST_CLOCK_TIME_IS_VALID (time))
    gst_structure_set (fields, name, G_TYPE_UINT64, time, NULL);
}
