/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Events as text to be shown: what people read, log and search, so without the
 * audio. Pure.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The event in the @size bytes at @json as one line of JSON in which each
 * base64 audio (`delta` of events whose type ends in "audio.delta", a string
 * `audio` wherever it is) is the number of bytes that it holds. Sets *type to
 * its type. Both are new strings; NULL, and *type untouched, if it is no event.
 */
gchar *rt2_event_text (const gchar *json, gsize size, gchar **type);

G_END_DECLS
