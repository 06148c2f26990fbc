/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pins: what counts as one, and whether they are those that other tools make.
 */
#include "rt2pins.h"

#include <gnutls/abstract.h>
#include <string.h>

#include "testcertificate.h"

/* As written by: openssl x509 -pubkey -noout | openssl pkey -pubin -outform der
 * | openssl dgst -sha256 -binary | base64 */
static const struct {
  const gchar *file;
  const gchar *pin;
} known[] = {
  { "pin-rsa.pem", "sha256//uBxRjPagxV/5Dj/vqg6qElmDlKDJI0JC1wZ/BD+zddA=" },
  { "pin-ec.pem", "sha256//6fF2wP4HD2IURqyLFv4MZbbsuZrRTAEjP5/bb1TEnos=" },
  { "pin-ed25519.pem", "sha256//5xB6hlC4InnlgpVnpYmEiq91yHUmuwlviESzgiUdjB4=" },
};

#define PIN_A "sha256//uBxRjPagxV/5Dj/vqg6qElmDlKDJI0JC1wZ/BD+zddA="
#define PIN_B "sha256//6fF2wP4HD2IURqyLFv4MZbbsuZrRTAEjP5/bb1TEnos="

static void
must (int result)
{
  if (result < 0)
    g_error ("GnuTLS: %s", gnutls_strerror (result));
}

/* The pin by the definition: base64 of the SHA-256 of the key's DER. */
static gchar *
pin_by_definition (GTlsCertificate *certificate)
{
  g_autoptr (GByteArray) der = NULL;
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree gchar *encoded = NULL;
  guint8 digest[32];
  gsize size = sizeof digest;
  gnutls_x509_crt_t crt;
  gnutls_pubkey_t key;
  gnutls_datum_t in, out;

  g_object_get (certificate, "certificate", &der, NULL);
  in.data = der->data;
  in.size = der->len;
  must (gnutls_x509_crt_init (&crt));
  must (gnutls_x509_crt_import (crt, &in, GNUTLS_X509_FMT_DER));
  must (gnutls_pubkey_init (&key));
  must (gnutls_pubkey_import_x509 (key, crt, 0));
  must (gnutls_pubkey_export2 (key, GNUTLS_X509_FMT_DER, &out));
  g_checksum_update (checksum, out.data, out.size);
  g_checksum_get_digest (checksum, digest, &size);
  gnutls_free (out.data);
  gnutls_pubkey_deinit (key);
  gnutls_x509_crt_deinit (crt);
  encoded = g_base64_encode (digest, size);
  return g_strconcat ("sha256//", encoded, NULL);
}

static void
test_known (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (known); i++) {
    g_autofree gchar *path = g_build_filename (
        g_getenv ("RT2_TEST_DATA"), known[i].file, NULL);
    g_autoptr (GError) error = NULL;
    g_autoptr (GTlsCertificate)
        certificate = g_tls_certificate_new_from_file (path, &error);
    g_autofree gchar *pin = NULL;

    g_assert_no_error (error);
    pin = rt2_pin_of (certificate);
    g_assert_cmpstr (pin, ==, known[i].pin);
  }
}

static void
test_made (void)
{
  g_autoptr (GTlsCertificate)
      certificate = test_certificate_new (TEST_TLS_TRUSTED);
  g_autofree gchar *pin = rt2_pin_of (certificate);
  g_autofree gchar *wanted = pin_by_definition (certificate);

  g_assert_cmpstr (pin, ==, wanted);
}

/* One pin of several is enough; another key, of the same name, has another. */
static void
test_match (void)
{
  g_autoptr (GTlsCertificate) ours = test_certificate_new (TEST_TLS_TRUSTED);
  g_autoptr (GTlsCertificate) other = test_certificate_new (TEST_TLS_TRUSTED);
  g_autofree gchar *pin = rt2_pin_of (ours);
  g_autofree gchar *text = g_strjoin (",", PIN_A, pin, PIN_B, NULL);
  g_auto (GStrv) pins = rt2_pins_parse (text);
  g_auto (GStrv) strangers = rt2_pins_parse (PIN_A ";" PIN_B);

  g_assert_true (rt2_pins_match (pins, ours));
  g_assert_false (rt2_pins_match (pins, other));
  g_assert_false (rt2_pins_match (strangers, ours));
}

static void
test_parse (void)
{
  static const gchar *const good[] = {
    PIN_A,
    PIN_A "," PIN_B,
    PIN_A ";" PIN_B,
    " " PIN_A " ,\n" PIN_B " ",
    PIN_A ";",
    "," PIN_A,
  };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++) {
    g_auto (GStrv) pins = rt2_pins_parse (good[i]);

    g_test_message ("%s", good[i]);
    g_assert_nonnull (pins);
    g_assert_true (g_strv_contains ((const gchar *const *) pins, PIN_A));
    g_assert_cmpint (strstr (good[i], PIN_B) != NULL, ==,
        g_strv_contains ((const gchar *const *) pins, PIN_B));
  }
}

static void
test_parse_bad (void)
{
  static const gchar *const bad[] = {
    "",
    " ,; ",
    "sha256//",
    "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "sha1//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "SHA256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    /* 31, 33 and 64 bytes */
    "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
    "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    "AAAAAAAAAAAAAAAAAAAAAA==",
    "sha256//AAAAAAAAAAAAAAAAAAAAAAAAA!AAAAAAAAAAAAAAAAA=",
    "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= x",
    "sha256//\xff\xfe",
    PIN_A ",x",
    PIN_A " " PIN_B,
    "x;" PIN_A,
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_test_message ("%u", i);
    g_assert_null (rt2_pins_parse (bad[i]));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pins/known", test_known);
  g_test_add_func ("/pins/made", test_made);
  g_test_add_func ("/pins/match", test_match);
  g_test_add_func ("/pins/parse", test_parse);
  g_test_add_func ("/pins/parse-bad", test_parse_bad);
  return g_test_run ();
}
