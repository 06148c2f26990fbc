/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An event as it stands in the event log: on one line, as it came, but without
 * secrets and, unless it is asked for, without sound and pictures. Works on
 * text: numbers, order and unknown members stay as they are. Pure.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  const gchar *secret; /* *** stands in its place; NULL = none is known */
  gboolean with_audio; /* sound and pictures are kept */
  guint input_rate, output_rate; /* bytes of audio in a ms, either way */
} Rt2LogPolicy;

/* What is no event is cut at this many bytes, what is longer than the second is
 * taken for none. */
#define RT2_LOG_LINE_MAX_TEXT 4096
#define RT2_LOG_LINE_MAX_EVENT (8 * 1024 * 1024)

/* Appends the event in the @size bytes at @text to @out: an object, or a string
 * if it is not JSON that we would read. Then it returns FALSE.
 *
 * Base64 audio (`delta` of events whose type ends in "audio.delta", a string
 * `audio` wherever it is) is {"bytes", "ms"}, a picture in a data URI
 * {"media_type", "bytes"}; the credentials of MCP servers are ***. */
gboolean rt2_log_line_append (
    GString *out, const gchar *text, gsize size, const Rt2LogPolicy *policy);

G_END_DECLS
