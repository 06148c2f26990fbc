/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A self-signed certificate for localhost and 127.0.0.1. */
#include "certificate.h"

#include <glib/gstdio.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>
#include <unistd.h>

#define LIFE (30 * 24 * 3600) /* seconds */
#define CLOCK_SLACK 3600      /* seconds that a client's clock may be behind */

static int
describe (gnutls_x509_crt_t crt)
{
  static const guint8 loopback[] = { 127, 0, 0, 1 };
  static const char name[] = "localhost";
  guint8 serial[16];
  time_t now = time (NULL);
  int result = gnutls_rnd (GNUTLS_RND_NONCE, serial, sizeof serial);

  serial[0] &= 0x7f;
  if (result >= 0)
    result = gnutls_x509_crt_set_version (crt, 3);
  if (result >= 0)
    result = gnutls_x509_crt_set_serial (crt, serial, sizeof serial);
  if (result >= 0)
    result = gnutls_x509_crt_set_dn_by_oid (
        crt, GNUTLS_OID_X520_COMMON_NAME, 0, name, strlen (name));
  if (result >= 0)
    result = gnutls_x509_crt_set_activation_time (crt, now - CLOCK_SLACK);
  if (result >= 0)
    result = gnutls_x509_crt_set_expiration_time (crt, now + LIFE);
  if (result >= 0)
    result = gnutls_x509_crt_set_subject_alt_name (
        crt, GNUTLS_SAN_DNSNAME, name, strlen (name), GNUTLS_FSAN_SET);
  if (result >= 0)
    result = gnutls_x509_crt_set_subject_alt_name (crt, GNUTLS_SAN_IPADDRESS,
        loopback, sizeof loopback, GNUTLS_FSAN_APPEND);
  if (result >= 0)
    result = gnutls_x509_crt_set_basic_constraints (crt, 1, 0);
  return result;
}

/* Self-signed: it is its own authority. */
static int
make (gnutls_x509_crt_t crt, gnutls_x509_privkey_t key)
{
  int result = gnutls_x509_privkey_generate (key, GNUTLS_PK_ECDSA,
      GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1), 0);

  if (result >= 0)
    result = describe (crt);
  if (result >= 0)
    result = gnutls_x509_crt_set_key (crt, key);
  if (result >= 0)
    result = gnutls_x509_crt_set_key_usage (
        crt, GNUTLS_KEY_DIGITAL_SIGNATURE | GNUTLS_KEY_KEY_CERT_SIGN);
  if (result >= 0)
    result = gnutls_x509_crt_sign2 (crt, crt, key, GNUTLS_DIG_SHA256, 0);
  return result;
}

static gboolean
write_pem (const gnutls_datum_t *pem, gchar **path, GError **error)
{
  gint fd = g_file_open_tmp ("realtime2-sandbox-XXXXXX.pem", path, error);

  if (fd < 0)
    return FALSE;
  close (fd);
  if (g_file_set_contents (*path, (gchar *) pem->data, pem->size, error))
    return TRUE;
  g_unlink (*path);
  g_clear_pointer (path, g_free);
  return FALSE;
}

static GTlsCertificate *export(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key,
    gchar **pem_path, GError **error)
{
  gnutls_datum_t crt_pem = { NULL, 0 }, key_pem = { NULL, 0 };
  GTlsCertificate *certificate = NULL;
  g_autofree gchar *both = NULL;

  if (gnutls_x509_crt_export2 (crt, GNUTLS_X509_FMT_PEM, &crt_pem) >= 0
      && gnutls_x509_privkey_export2 (key, GNUTLS_X509_FMT_PEM, &key_pem)
          >= 0) {
    both = g_strconcat ((gchar *) crt_pem.data, (gchar *) key_pem.data, NULL);
    if (write_pem (&crt_pem, pem_path, error))
      certificate = g_tls_certificate_new_from_pem (both, -1, error);
  } else {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED,
        "GnuTLS cannot export the certificate.");
  }
  gnutls_free (crt_pem.data);
  gnutls_free (key_pem.data);
  return certificate;
}

GTlsCertificate *
certificate_make (gchar **pem_path, GError **error)
{
  gnutls_x509_crt_t crt;
  gnutls_x509_privkey_t key;
  GTlsCertificate *certificate = NULL;
  int result;

  gnutls_x509_crt_init (&crt);
  gnutls_x509_privkey_init (&key);
  result = make (crt, key);
  if (result >= 0)
    certificate = export(crt, key, pem_path, error);
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
        "GnuTLS cannot make a certificate: %s", gnutls_strerror (result));
  gnutls_x509_privkey_deinit (key);
  gnutls_x509_crt_deinit (crt);
  return certificate;
}
