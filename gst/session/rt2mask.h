/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keys that a server quotes, taken out of its words before anybody parses
 * them: who parses makes copies, and wipes none.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether JSON text without @key in it still is JSON: the key is long enough
 * not to be met by chance, and can be nowhere but inside a string. NULL is not.
 */
gboolean rt2_mask_is_safe (const gchar *key);

/* @text with *** for each @key that it holds, which must be safe. Takes @text
 * over. Where it holds one that is overwritten in place, so the memory must be
 * writable, and nobody else's to read. */
GBytes *rt2_mask_bytes (GBytes *text, const gchar *key);

/* The same in place. */
void rt2_mask_string (GString *text, const gchar *key);

G_END_DECLS
