/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What key of a telephone sounds. Knows the standard (ITU-T Q.23, Q.24), and
 * nothing of how the tones are made.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The key that @n samples at @rate are the tone of, from their first to their
 * last; 0 if they are none: another frequency, a gap, uneven levels. */
gchar tones_key (const gint16 *samples, guint n, guint rate);

/* The keys of @n samples, in which tones and pauses (zeros) take turns and last
 * 100 ms each; fails the test at anything else. Caller frees it. */
gchar *tones_keys (const gint16 *samples, guint n, guint rate);

G_END_DECLS
