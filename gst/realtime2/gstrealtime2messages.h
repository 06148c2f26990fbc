/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the element says on the bus.
 */
#pragma once

#include "gstrealtime2-private.h"

G_BEGIN_DECLS

/* Posts an ELEMENT message "realtime2/@name" with `running-time` and the given
 * fields: name, GType, value, ..., NULL. Called without locks. */
void gst_realtime2_post (
    GstRealtime2 *self, const gchar *name, ...) G_GNUC_NULL_TERMINATED;

/* The same from a structure, transfer full. */
void gst_realtime2_post_structure (GstRealtime2 *self, GstStructure *fields);

/* Posts the fault that ends the session as an error of the element. */
void gst_realtime2_post_fault (GstRealtime2 *self, const Rt2Fault *fault);

/* A warning of the element, because of @fault, with the same details. */
void gst_realtime2_post_fault_warning (GstRealtime2 *self,
    const Rt2Fault *fault, const gchar *format, ...) G_GNUC_PRINTF (3, 4);

/* What happened, and what to do if there is advice. New string. */
gchar *gst_realtime2_fault_text (const Rt2Fault *fault);

/* A PROGRESS message of the connection: code "connect". */
void gst_realtime2_post_progress (
    GstRealtime2 *self, GstProgressType type, const gchar *text);

G_END_DECLS
