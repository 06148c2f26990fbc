/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A CA that lives as long as the process, and leaves signed by it.
 */
#include "testcertificate.h"

#include <glib/gstdio.h>
#include <gnutls/x509.h>
#include <stdlib.h>

#define DAY (24 * 60 * 60)

typedef struct {
  gnutls_x509_privkey_t key;
  gnutls_x509_crt_t crt;
} Identity;

static void
must (int result)
{
  if (result < 0)
    g_error ("GnuTLS: %s", gnutls_strerror (result));
}

/* @from and @until are seconds from now. */
static void
identity_init (Identity *identity, const gchar *name, gint from, gint until)
{
  time_t now = time (NULL);
  guint8 serial[8];
  guint i;

  for (i = 0; i < sizeof serial; i++)
    serial[i] = g_random_int_range (1, 127);

  must (gnutls_x509_privkey_init (&identity->key));
  must (gnutls_x509_privkey_generate (identity->key, GNUTLS_PK_ECDSA,
      GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1), 0));
  must (gnutls_x509_crt_init (&identity->crt));
  must (gnutls_x509_crt_set_version (identity->crt, 3));
  must (gnutls_x509_crt_set_serial (identity->crt, serial, sizeof serial));
  must (gnutls_x509_crt_set_key (identity->crt, identity->key));
  must (gnutls_x509_crt_set_activation_time (identity->crt, now + from));
  must (gnutls_x509_crt_set_expiration_time (identity->crt, now + until));
  must (gnutls_x509_crt_set_dn_by_oid (
      identity->crt, GNUTLS_OID_X520_COMMON_NAME, 0, name, strlen (name)));
}

static void
identity_sign (Identity *identity, const Identity *issuer)
{
  must (gnutls_x509_crt_sign2 (
      identity->crt, issuer->crt, issuer->key, GNUTLS_DIG_SHA256, 0));
}

static void
identity_clear (Identity *identity)
{
  gnutls_x509_crt_deinit (identity->crt);
  gnutls_x509_privkey_deinit (identity->key);
}

static gchar *
identity_to_pem (const Identity *identity, gboolean with_key)
{
  gnutls_datum_t crt, key = { NULL, 0 };
  gchar *pem;

  must (gnutls_x509_crt_export2 (identity->crt, GNUTLS_X509_FMT_PEM, &crt));
  if (with_key)
    must (gnutls_x509_privkey_export2_pkcs8 (
        identity->key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &key));
  pem = g_strdup_printf ("%.*s%.*s", (int) crt.size, (char *) crt.data,
      (int) key.size, key.data ? (char *) key.data : "");
  gnutls_free (crt.data);
  gnutls_free (key.data);
  return pem;
}

/* NULL: the loopback's. */
static const gchar *
far_host (TestTls tls)
{
  if (tls == TEST_TLS_WRONG_HOST)
    return "realtime.invalid";
  return tls == TEST_TLS_AZURE ? "resource.openai.azure.com" : NULL;
}

static void
set_names (Identity *identity, const gchar *far)
{
  static const guint8 loopback4[] = { 127, 0, 0, 1 };
  static const guint8 loopback6[16] = { [15] = 1 };
  const gchar *host = far ? far : "localhost";

  must (gnutls_x509_crt_set_subject_alt_name (
      identity->crt, GNUTLS_SAN_DNSNAME, host, strlen (host), GNUTLS_FSAN_SET));
  if (far)
    return;
  must (gnutls_x509_crt_set_subject_alt_name (identity->crt,
      GNUTLS_SAN_IPADDRESS, loopback4, sizeof loopback4, GNUTLS_FSAN_APPEND));
  must (gnutls_x509_crt_set_subject_alt_name (identity->crt,
      GNUTLS_SAN_IPADDRESS, loopback6, sizeof loopback6, GNUTLS_FSAN_APPEND));
}

static gpointer
make_ca (gpointer unused)
{
  static Identity ca;

  identity_init (&ca, "realtime2 test CA", -DAY, DAY);
  must (gnutls_x509_crt_set_ca_status (ca.crt, 1));
  must (gnutls_x509_crt_set_key_usage (ca.crt, GNUTLS_KEY_KEY_CERT_SIGN));
  identity_sign (&ca, &ca);
  return &ca;
}

static const Identity *
get_ca (void)
{
  static GOnce once = G_ONCE_INIT;

  return g_once (&once, make_ca, NULL);
}

GTlsCertificate *
test_certificate_new (TestTls tls)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *pem = NULL;
  GTlsCertificate *certificate;
  Identity leaf;

  identity_init (&leaf, "realtime2 test server", -2 * DAY,
      tls == TEST_TLS_EXPIRED ? -DAY : DAY);
  set_names (&leaf, far_host (tls));
  identity_sign (&leaf, tls == TEST_TLS_UNKNOWN_CA ? &leaf : get_ca ());
  pem = identity_to_pem (&leaf, TRUE);
  identity_clear (&leaf);

  certificate = g_tls_certificate_new_from_pem (pem, -1, &error);
  g_assert_no_error (error);
  return certificate;
}

gchar *
test_certificate_dup_ca (void)
{
  return identity_to_pem (get_ca (), FALSE);
}

static gchar *ca_path;

static void
remove_ca (void)
{
  g_unlink (ca_path);
  g_free (ca_path);
}

/* glib-networking reads the file again for every connection that it makes. */
void
test_certificate_trust_ca (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GTlsDatabase) database = NULL;
  g_autofree gchar *pem = test_certificate_dup_ca ();
  gint fd = g_file_open_tmp ("realtime2-ca-XXXXXX.pem", &ca_path, &error);

  g_assert_no_error (error);
  g_close (fd, NULL);
  atexit (remove_ca);
  g_file_set_contents (ca_path, pem, -1, &error);
  g_assert_no_error (error);
  database = g_tls_file_database_new (ca_path, &error);
  g_assert_no_error (error);
  g_tls_backend_set_default_database (g_tls_backend_get_default (), database);
}
