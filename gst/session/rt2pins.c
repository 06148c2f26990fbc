/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pins, by GnuTLS's key id: the SHA-256 of the SubjectPublicKeyInfo.
 */
#include "rt2pins.h"

#include <gnutls/x509.h>
#include <string.h>

#include "rt2base64.h"

#define PREFIX "sha256//"
#define DIGEST_SIZE 32

static gboolean
is_pin (const gchar *text)
{
  const gchar *encoded = text + strlen (PREFIX);
  GBytes *digest;
  gboolean fits;

  if (!g_str_has_prefix (text, PREFIX))
    return FALSE;
  digest = rt2_base64_decode (encoded, strlen (encoded));
  fits = digest && g_bytes_get_size (digest) == DIGEST_SIZE;
  g_clear_pointer (&digest, g_bytes_unref);
  return fits;
}

gchar **
rt2_pins_parse (const gchar *text)
{
  gchar **pins = g_strsplit_set (text, ",;", -1);
  guint n = 0;

  for (guint i = 0; pins[i]; i++) {
    if (*g_strstrip (pins[i]) && !is_pin (pins[i])) {
      g_strfreev (pins);
      return NULL;
    }
    n += *pins[i] ? 1 : 0;
  }
  if (n == 0)
    g_clear_pointer (&pins, g_strfreev);
  return pins;
}

static gboolean
key_id (GByteArray *der, guint8 *id)
{
  gnutls_datum_t data = { der->data, der->len };
  gnutls_x509_crt_t certificate;
  size_t size = DIGEST_SIZE;
  gboolean ok;

  if (gnutls_x509_crt_init (&certificate) < 0)
    return FALSE;
  ok = gnutls_x509_crt_import (certificate, &data, GNUTLS_X509_FMT_DER) >= 0
      && gnutls_x509_crt_get_key_id (
             certificate, GNUTLS_KEYID_USE_SHA256, id, &size)
          >= 0
      && size == DIGEST_SIZE;
  gnutls_x509_crt_deinit (certificate);
  return ok;
}

gchar *
rt2_pin_of (GTlsCertificate *certificate)
{
  guint8 id[DIGEST_SIZE];
  GByteArray *der = NULL;
  gchar *encoded, *pin;
  gboolean ok;

  g_object_get (certificate, "certificate", &der, NULL);
  ok = der && key_id (der, id);
  g_clear_pointer (&der, g_byte_array_unref);
  if (!ok)
    return NULL;
  encoded = g_base64_encode (id, sizeof (id));
  pin = g_strconcat (PREFIX, encoded, NULL);
  g_free (encoded);
  return pin;
}

gboolean
rt2_pins_match (gchar **pins, GTlsCertificate *certificate)
{
  gchar *pin = rt2_pin_of (certificate);
  gboolean match = pin && g_strv_contains ((const gchar *const *) pins, pin);

  g_free (pin);
  return match;
}
