/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Base64 against GLib's, and against everything that is not base64.
 */
#include "rt2base64.h"

#include <string.h>

#define MAX_LENGTH 300

static const gchar alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void
fill_random (GRand *random, guint8 *data, gsize size)
{
  for (gsize i = 0; i < size; i++)
    data[i] = g_rand_int_range (random, 0, 256);
}

/* Decodes a copy without a byte to spare on either side. */
static GBytes *
decode (const gchar *text, gsize size)
{
  g_autofree gchar *copy = g_memdup2 (text, size);

  return rt2_base64_decode (copy, size);
}

static void
assert_decodes (
    const gchar *text, gsize text_size, gconstpointer data, gsize size)
{
  g_autoptr (GBytes) bytes = decode (text, text_size);

  g_assert_nonnull (bytes);
  g_assert_cmpmem (
      g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), data, size);
}

static void
assert_refused (const gchar *text, gsize size)
{
  g_autoptr (GBytes) bytes = decode (text, size);

  g_assert_null (bytes);
}

static void
test_round_trip (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (1);

  for (gsize size = 0; size <= MAX_LENGTH; size++) {
    g_autofree guint8 *data = g_malloc (size);
    g_autofree gchar *expected = NULL;
    g_autoptr (GString) out = g_string_new ("before");

    fill_random (random, data, size);
    expected = g_base64_encode (data, size);
    rt2_base64_append (out, data, size);
    g_assert_true (g_str_has_prefix (out->str, "before"));
    g_assert_cmpstr (out->str + strlen ("before"), ==, expected);
    g_assert_cmpuint (out->len, ==, strlen (out->str));
    assert_decodes (expected, strlen (expected), data, size);
  }
}

static void
test_unpadded (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (2);

  for (gsize size = 0; size <= MAX_LENGTH; size++) {
    g_autofree guint8 *data = g_malloc (size);
    g_autofree gchar *text = NULL;

    fill_random (random, data, size);
    text = g_base64_encode (data, size);
    text[strcspn (text, "=")] = '\0';
    assert_decodes (text, strlen (text), data, size);
  }
}

static void
test_every_byte_value (void)
{
  for (guint value = 0; value < 256; value++) {
    gchar text[] = "AAAAAAAA";
    gboolean valid = value && strchr (alphabet, value);

    for (gsize at = 0; at < 8; at++) {
      g_autoptr (GBytes) bytes = NULL;

      memset (text, 'A', 8);
      text[at] = value;
      if (value == '=' && at == 7)
        continue;
      bytes = decode (text, 8);
      g_assert_true ((bytes != NULL) == valid);
    }
  }
}

/* The last group is decoded apart when it is not whole. */
static void
test_every_byte_value_in_tail (void)
{
  for (guint value = 0; value < 256; value++) {
    gboolean valid = value && strchr (alphabet, value);

    for (gsize size = 6; size <= 7; size++) {
      for (gsize at = 4; at < size; at++) {
        gchar text[] = "AAAAAAA";
        g_autoptr (GBytes) bytes = NULL;

        text[at] = value;
        bytes = decode (text, size);
        g_assert_true ((bytes != NULL) == valid);
      }
    }
  }
}

static void
test_values (void)
{
  for (guint i = 0; i < 64; i++) {
    const gchar text[] = { 'A', alphabet[i], 'A', 'A' };
    const guint8 data[] = { i >> 4, (i & 15) << 4, 0 };

    assert_decodes (text, 4, data, 3);
  }
}

static void
test_padding (void)
{
  static const gchar *const wrong[] = { "=", "==", "===", "====", "A=", "A==",
    "A===", "AA=", "AAA==", "AA===", "AAAA=", "AAAA==", "AAAA====", "AA=A",
    "A=AA", "=AAA", "AA==AAAA", "AAA=AAAA", "AAAAA", "AAAAA===", "AAAAA=" };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    assert_refused (wrong[i], strlen (wrong[i]));
  assert_decodes ("AA==", 4, "\0", 1);
  assert_decodes ("AAA=", 4, "\0\0", 2);
}

static void
test_lengths (void)
{
  g_autofree gchar *text = g_strnfill (MAX_LENGTH, 'A');

  for (gsize size = 0; size < MAX_LENGTH; size++) {
    g_autoptr (GBytes) bytes = decode (text, size);

    g_assert_true ((bytes != NULL) == (size % 4 != 1));
  }
}

static void
test_foreign (void)
{
  static const gchar *const wrong[] = { "AAAA\n", "AAAA\r\n", "AAAA AAAA",
    " AAAA", "AAAA ", "AA\nAA", "AA-_", "data:;base64,AAAA" };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    assert_refused (wrong[i], strlen (wrong[i]));
}

/* Bits that stand for no byte are dropped, as most decoders do. */
static void
test_leftover_bits (void)
{
  assert_decodes ("AP==", 4, "\0", 1);
  assert_decodes ("AAD=", 4, "\0\0", 2);
}

static void
test_empty (void)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (GBytes) bytes = rt2_base64_decode ("", 0);

  g_assert_nonnull (bytes);
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, 0);
  rt2_base64_append (out, NULL, 0);
  g_assert_cmpstr (out->str, ==, "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base64/round-trip", test_round_trip);
  g_test_add_func ("/base64/unpadded", test_unpadded);
  g_test_add_func ("/base64/every-byte-value", test_every_byte_value);
  g_test_add_func (
      "/base64/every-byte-value-in-tail", test_every_byte_value_in_tail);
  g_test_add_func ("/base64/values", test_values);
  g_test_add_func ("/base64/padding", test_padding);
  g_test_add_func ("/base64/lengths", test_lengths);
  g_test_add_func ("/base64/foreign", test_foreign);
  g_test_add_func ("/base64/leftover-bits", test_leftover_bits);
  g_test_add_func ("/base64/empty", test_empty);
  return g_test_run ();
}
