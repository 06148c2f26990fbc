/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a session is told: from the properties and the environment.
 */
#pragma once

#include "gstrealtime2settings.h"
#include "rt2session.h"
#include "rt2toolbox.h"

G_BEGIN_DECLS

/* The functions below are called without locks, on a copy of the settings. They
 * return NULL, and a fault that names the property, if something is wrong. */

Rt2SessionOptions *gst_realtime2_make_options (
    const GstRealtime2Settings *settings, Rt2Fault **fault);

/* Whether names that are used as they are can be right; else sets @fault. */
gboolean gst_realtime2_check_names (
    const GstRealtime2Settings *settings, Rt2Fault **fault);

/* @wants_user_text: somebody wants to read the user's words, so transcription
 * is on even if no model is set. */
Rt2SessionConfig *gst_realtime2_make_config (
    const GstRealtime2Settings *settings, Rt2AudioFormat input_format,
    Rt2AudioFormat output_format, gboolean wants_user_text, Rt2Fault **fault);

/* Puts the key that `api-key-file` names in the place of `api-key`, unless that
 * is set. FALSE, and a fault, if the file holds no key. *exposed: anybody may
 * read the file. */
gboolean gst_realtime2_read_key_file (
    GstRealtime2Settings *settings, gboolean *exposed, Rt2Fault **fault);

/* What is wrong with the file at @path, in which there is no key. */
Rt2Fault *gst_realtime2_key_file_fault (const gchar *path, const GError *error);

/* The server to connect to, from the property or the environment. New string.
 */
gchar *gst_realtime2_find_uri (const GstRealtime2Settings *settings);

/* Whether both URIs lead to the same host and port, both with TLS or without:
 * what is secret to one is known to the other. */
gboolean gst_realtime2_is_same_host (const gchar *a, const gchar *b);

/* Whether what is secret at @a, or says who we are there, may be told at @b
 * too: they are the same host, or both the vendor's. */
gboolean gst_realtime2_is_same_family (const gchar *a, const gchar *b);

/* The key to connect with, read anew from the property or the environment. New
 * string, to be wiped; NULL if there is none. */
gchar *gst_realtime2_find_key (const GstRealtime2Settings *settings);

/* ns that results are presented after their input: the latency of transcription
 * and translation, 0 in a conversation. */
guint64 gst_realtime2_presentation_delay (const GstRealtime2Settings *settings);

/* Whether the session joins a call whose audio goes another way. */
gboolean gst_realtime2_is_sideband (const GstRealtime2Settings *settings);

/* What the settings say, or what the model is for. */
Rt2SessionType gst_realtime2_session_type (
    const GstRealtime2Settings *settings);

/* The tools that need no code. */
Rt2Toolbox *gst_realtime2_make_toolbox (
    const GstRealtime2Settings *settings, Rt2Fault **fault);

G_END_DECLS
