/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Base64 (RFC 4648, standard alphabet) for audio on the wire. Table driven;
 * unlike g_base64_decode() it refuses what is not base64.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Appends the encoding of @size bytes at @data to @out. */
void rt2_base64_append (GString *out, const guint8 *data, gsize size);

/* Decodes the @size characters at @text. Padding is required to be right if
 * there is any; unpadded text is taken too. Returns a new GBytes, or NULL if
 * @text holds anything else (white space and line ends included) or its length
 * can't be that of base64. Bits left over in the last character are ignored.
 * Empty text gives empty bytes. */
GBytes *rt2_base64_decode (const gchar *text, gsize size);

G_END_DECLS
