/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keys that a server quotes: *** stands for each of them, nothing else changes,
 * and none is left in the memory that held the words.
 */
#include "rt2mask.h"

#include <string.h>

#define KEY "sk-Key/with+all=of~it._0123"

static void
test_safe (void)
{
  static const gchar *const safe[] = { KEY, "sk-0123456789abc",
    "0123456789abcdef", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIi" };
  static const gchar *const unsafe[] = { NULL, "", "sk-0123456789ab", "type",
    "0123456789012345", "1234567890.123456e+10", "sk-0123456789\"abcdef",
    "sk-0123456789\\abcdef", "{sk-0123456789abcdef}", "sk-0123456789,abcdef",
    "sk-0123456789 abcdef", "sk-0123456789:abcdef",
    "sk-0123456789\xc3\xa4xyz" };

  for (guint i = 0; i < G_N_ELEMENTS (safe); i++)
    if (!rt2_mask_is_safe (safe[i]))
      g_error ("%s is not safe", safe[i]);
  for (guint i = 0; i < G_N_ELEMENTS (unsafe); i++)
    if (rt2_mask_is_safe (unsafe[i]))
      g_error ("%s is safe", unsafe[i]);
}

static const struct {
  const gchar *text, *clean;
} cases[] = {
  { "", "" },
  { "nothing", "nothing" },
  { KEY, "***" },
  { "Bearer " KEY, "Bearer ***" },
  { KEY ".", "***." },
  { "a " KEY " b " KEY " c", "a *** b *** c" },
  { KEY KEY KEY, "*********" },
  /* Not quite. */
  { "sk-Key/with+all=of~it._012", "sk-Key/with+all=of~it._012" },
  { "SK-Key/with+all=of~it._0123", "SK-Key/with+all=of~it._0123" },
  /* The beginning of one before one. */
  { "sk-Key/with+all=" KEY, "sk-Key/with+all=***" },
};

static void
test_string (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GString) text = g_string_new (cases[i].text);
    gsize size = text->len;

    rt2_mask_string (text, KEY);
    g_assert_cmpstr (text->str, ==, cases[i].clean);
    g_assert_cmpuint (text->len, ==, strlen (cases[i].clean));
    /* The memory behind it as well. */
    for (gsize k = text->len; k < size; k++)
      g_assert_cmpint (text->str[k], ==, '\0');
  }
}

static void
test_bytes (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    gsize size = strlen (cases[i].text), clean_size;
    g_autofree gchar *memory = g_strdup (cases[i].text);
    g_autoptr (GBytes) text = g_bytes_new_static (memory, size);
    g_autoptr (GBytes) clean = rt2_mask_bytes (g_bytes_ref (text), KEY);
    gconstpointer data = g_bytes_get_data (clean, &clean_size);

    g_assert_cmpmem (data, clean_size, cases[i].clean, strlen (cases[i].clean));
    g_assert_null (g_strstr_len (memory, size, KEY));
    /* What holds none is not copied. */
    g_assert_true (
        (clean == text) == g_str_equal (cases[i].text, cases[i].clean));
  }
}

/* NULs are no end of it. */
static void
test_nul (void)
{
  gchar memory[] = "a\0" KEY "\0b";
  g_autoptr (GBytes) clean = rt2_mask_bytes (
      g_bytes_new_static (memory, sizeof memory - 1), KEY);

  g_assert_cmpmem (
      g_bytes_get_data (clean, NULL), g_bytes_get_size (clean), "a\0***\0b", 7);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mask/safe", test_safe);
  g_test_add_func ("/mask/string", test_string);
  g_test_add_func ("/mask/bytes", test_bytes);
  g_test_add_func ("/mask/nul", test_nul);
  return g_test_run ();
}
