/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pins: a server must have one of these public keys, besides a certificate that
 * is trusted. Written as in curl: sha256//BASE64 of the SHA-256 of the key's
 * SubjectPublicKeyInfo. Pure.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Takes @text apart, pins with commas or semicolons between. Returns a
 * NULL-terminated list for g_strfreev(), or NULL if one of them is not a pin,
 * or there is none. */
gchar **rt2_pins_parse (const gchar *text);

/* TRUE if @certificate's public key is one of @pins. */
gboolean rt2_pins_match (gchar **pins, GTlsCertificate *certificate);

/* The pin of @certificate, new string; NULL if it can't be read. */
gchar *rt2_pin_of (GTlsCertificate *certificate);

G_END_DECLS
