/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guard in front of json-glib, the getters, the writer and the overlay.
 */
#include "rt2json.h"

#include <math.h>
#include <string.h>
#include "eventdump.h"

static JsonNode *
parse (const gchar *text, gsize size, GError **error)
{
  g_autofree gchar *copy = exact_copy (text, size);

  return rt2_json_parse (copy, size, error);
}

static JsonObject *
object_of (const gchar *text)
{
  g_autoptr (GError) error = NULL;
  JsonObject *object = rt2_json_parse_object (text, strlen (text), &error);

  g_assert_no_error (error);
  g_assert_nonnull (object);
  return object;
}

static void
assert_refused_bytes (const gchar *text, gsize size, Rt2JsonError code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = parse (text, size, &error);

  if (node || !g_error_matches (error, RT2_JSON_ERROR, code))
    g_error ("%s: %s", text, error ? error->message : "taken");
}

static void
assert_refused (const gchar *text, Rt2JsonError code)
{
  assert_refused_bytes (text, strlen (text), code);
}

/* @text parses, and written again it is @expected. */
static void
assert_reads (const gchar *text, const gchar *expected)
{
  g_autofree gchar *wrapped = g_strdup_printf ("{\"x\":%s}", text);
  g_autofree gchar *wrapped_expected = g_strdup_printf ("{\"x\":%s}", expected);
  g_autoptr (JsonObject) object = object_of (wrapped);
  g_autofree gchar *written = rt2_json_to_text (object);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) bare = parse (text, strlen (text), &error);

  g_assert_cmpstr (written, ==, wrapped_expected);
  g_assert_no_error (error);
  g_assert_nonnull (bare);
}

/* --- grammar --- */

static void
test_valid (void)
{
  static const gchar *const same[] = { "0", "1", "-1", "10", "1.5", "-0.25",
    "9223372036854775807", "-9223372036854775808", "\"\"", "\"a b\"", "[]",
    "{}", "true", "false", "null", "[1,2]", "[[]]", "[{}]", "{\"a\":1}",
    "{\"\":1}", "{\"a\":{\"b\":[true,null]}}", "\"\\\"\\\\\\b\\f\\n\\r\\t\"",
    "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"", "\"\x7f\"", "\"\xef\xbf\xbf\"",
    "\"\\u0001\\u001f\"", "1e+20", "1.0", "0.1" };

  for (guint i = 0; i < G_N_ELEMENTS (same); i++)
    assert_reads (same[i], same[i]);
}

static void
test_valid_forms (void)
{
  static const gchar *const pairs[][2] = {
    { "-0", "0" },
    { "-0.0", "-0.0" },
    { "0e5", "0.0" },
    { "0E+2", "0.0" },
    { "1e5", "100000.0" },
    { "1E5", "100000.0" },
    { "1.5E+3", "1500.0" },
    { "25e-1", "2.5" },
    { "1e-999", "0.0" },
    { "1.00", "1.0" },
    { "0.30000000000000004", "0.30000000000000004" },
    { " [ 1 , 2 ] ", "[1,2]" },
    { "\t{\r\n\"a\" :\t1\n}", "{\"a\":1}" },
    { "{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}" },
    { "\"\\/\"", "\"/\"" },
    { "\"\\u0041\\u00e9\\u20AC\"", "\"A\xc3\xa9\xe2\x82\xac\"" },
    { "\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\"" },
    { "\"\\uDBFF\\uDFFF\"", "\"\xf4\x8f\xbf\xbf\"" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    assert_reads (pairs[i][0], pairs[i][1]);
}

static void
test_syntax (void)
{
  static const gchar *const wrong[] = { "", " ", "{", "}", "[", "]", "{]", "[}",
    "[1", "[1,", "[1,]", "[,1]", "[,]", "[1 2]", "[1]]", "[1],", "{}{}", "{} x",
    "[]1", "1 2", "nulls", "nul", "tru", "fals", "True", "NULL", "NaN",
    "Infinity", "-Infinity", "undefined", "{\"a\"}", "{\"a\":}", "{\"a\":1,}",
    "{,}", "{\"a\" 1}", "{\"a\"::1}", "{\"a\":1 \"b\":2}", "{a:1}", "{1:1}",
    "{'a':1}", "['a']", "{null:1}", "\"", "\"a", "\"\\", "\"\\\"", "\"\\x41\"",
    "\"\\a\"", "\"\\u\"", "\"\\u12\"", "\"\\u123\"", "\"\\u12g4\"",
    "\"\\U0041\"", "\"\\'\"", "\"a\nb\"", "\"a\tb\"", "\"\x01\"", "\"\x1f\"",
    "01", "-", "-a", "+1", "00", "-01", "1.", ".5", "-.5", "1.e5", "1e", "1e+",
    "1e-", "1E", "1e1.5", "0x10", "0b1", "1_000", "1,5", "--1", "1-", "1+1",
    "[1]/**/", "// x\n1", "/**/1", "#1", "var x = 1", "x=1", "(1)",
    "\xef\xbb\xbf{}", "\v1", "\f1", "\xc2\xa0{}", "[1\f]", "{\"a\":1;}",
    "\"a\" \"b\"", "1;", "\\u007b}", "[\"a\",\n\"b]", "{\"a\":\"b}" };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    assert_refused (wrong[i], RT2_JSON_ERROR_SYNTAX);
}

static void
test_utf8 (void)
{
  static const gchar *const wrong[] = { "\"\xff\"", "\"\xc3\"", "\"\xc3(\"",
    "\"\xc0\xaf\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", "\"\x80\"",
    "{\"\xfe\":1}", "\xff", "{}\x80" };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    assert_refused (wrong[i], RT2_JSON_ERROR_UTF8);
  assert_refused_bytes ("\"a\0b\"", 5, RT2_JSON_ERROR_UTF8);
  assert_refused_bytes ("{}\0", 3, RT2_JSON_ERROR_UTF8);
  assert_refused_bytes ("\0", 1, RT2_JSON_ERROR_UTF8);
}

static void
test_truncated (void)
{
  static const gchar text[] = "{\"a\":[1,-2.5e3,\"x\\u00e9\\n\xc3\xa9\"],"
                              "\"b\":{\"c\":null,\"d\":true}}";

  for (gsize size = 0; size < strlen (text); size++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (JsonNode) node = parse (text, size, &error);

    g_assert_null (node);
    g_assert_nonnull (error);
  }
  json_object_unref (object_of (text));
}

/* --- limits --- */

static gchar *
nested (guint depth, const gchar *open, const gchar *inner, const gchar *close)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < depth; i++)
    g_string_append (text, open);
  g_string_append (text, inner);
  for (guint i = 0; i < depth; i++)
    g_string_append (text, close);
  return g_string_free (text, FALSE);
}

static void
test_depth (void)
{
  g_autofree gchar *arrays = nested (64, "[", "", "]");
  g_autofree gchar *objects = nested (64, "{\"a\":", "1", "}");
  g_autofree gchar *deep_arrays = nested (65, "[", "", "]");
  g_autofree gchar *deep_objects = nested (65, "{\"a\":", "1", "}");
  g_autofree gchar *deep_mixed = nested (33, "[{\"a\":", "1", "}]");
  g_autofree gchar *bottomless = nested (1000000, "[", "", "");
  g_autoptr (JsonNode) array = parse (arrays, strlen (arrays), NULL);
  g_autoptr (JsonObject) object = object_of (objects);

  g_assert_cmpuint (RT2_JSON_MAX_DEPTH, ==, 64);
  g_assert_nonnull (array);
  g_assert_nonnull (object);
  assert_refused (deep_arrays, RT2_JSON_ERROR_DEPTH);
  assert_refused (deep_objects, RT2_JSON_ERROR_DEPTH);
  assert_refused (deep_mixed, RT2_JSON_ERROR_DEPTH);
  assert_refused (bottomless, RT2_JSON_ERROR_DEPTH);
}

/* Depth is what is open, not what was. */
static void
test_siblings (void)
{
  g_autofree gchar *siblings = nested (500, "[[]],", "[]", "");
  g_autofree gchar *text = g_strdup_printf ("[%s]", siblings);

  assert_reads (text, text);
}

/* "[0,0,…]" with @n values in all. */
static gchar *
array_text (guint n)
{
  g_autofree gchar *values = nested (n - 2, "0,", "0", "");

  return g_strdup_printf ("[%s]", values);
}

static gchar *
members_text (guint n)
{
  GString *text = g_string_new ("{");

  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, "%s\"k%u\":0", i ? "," : "", i);
  return g_string_free (g_string_append_c (text, '}'), FALSE);
}

static void
test_size (void)
{
  g_autofree gchar *values = array_text (RT2_JSON_MAX_VALUES);
  g_autofree gchar *too_many_values = array_text (RT2_JSON_MAX_VALUES + 1);
  g_autofree gchar *members = members_text (RT2_JSON_MAX_MEMBERS);
  g_autofree gchar *too_many_members = members_text (RT2_JSON_MAX_MEMBERS + 1);
  g_autoptr (JsonNode) array = parse (values, strlen (values), NULL);
  g_autoptr (JsonObject) object = object_of (members);

  g_assert_nonnull (array);
  g_assert_cmpuint (json_object_get_size (object), ==, RT2_JSON_MAX_MEMBERS);
  assert_refused (too_many_values, RT2_JSON_ERROR_SIZE);
  assert_refused (too_many_members, RT2_JSON_ERROR_SIZE);
}

/* --- what json-glib misreads --- */

static void
test_lone_surrogates (void)
{
#define R "\xef\xbf\xbd"
  static const gchar *const pairs[][2] = {
    { "\"\\ud800\"", "\"" R "\"" },
    { "\"\\udc00\"", "\"" R "\"" },
    { "\"\\uDFFFx\"", "\"" R "x\"" },
    { "\"\\ud800x\"", "\"" R "x\"" },
    { "\"\\ud800\\u0041\"", "\"" R "A\"" },
    { "\"\\ud800\\n\"", "\"" R "\\n\"" },
    { "\"\\ud800\\ud800\\udc00\"", "\"" R "\xf0\x90\x80\x80\"" },
    { "\"\\udc00\\ud800\"", "\"" R R "\"" },
    { "\"a\\u0000b\"", "\"a" R "b\"" },
    { "\"\\u0000\"", "\"" R "\"" },
    { "{\"a\\u0000b\":\"\\ud800\",\"c\":\"\\u0000\"}",
        "{\"a" R "b\":\"" R "\",\"c\":\"" R "\"}" },
  };
#undef R

  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    assert_reads (pairs[i][0], pairs[i][1]);
}

static void
test_huge_numbers (void)
{
  g_autofree gchar *digits = nested (400, "9", "", "");
  g_autofree gchar *zeros = nested (400, "0", "", "");
  g_autofree gchar *fraction = g_strdup_printf ("0.%s1", zeros);
  g_autofree gchar *padded = g_strdup_printf ("1.%s", zeros);
  g_autoptr (JsonNode) node = NULL;
  static const gchar *const pairs[][2] = {
    { "1e999", "null" },
    { "-1e999", "null" },
    { "1e99999999999999999999", "null" },
    { "[1e309,1,-1E+309]", "[null,1,null]" },
    { "1e308", "1e+308" },
    { "0e999", "0.0" },
    { "[100000000000000000000,-100000000000000000000]", "[1e+20,-1e+20]" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    assert_reads (pairs[i][0], pairs[i][1]);
  node = parse (digits, strlen (digits), NULL);
  g_assert_true (JSON_NODE_HOLDS_NULL (node));
  assert_reads (digits, "null");
  assert_reads (fraction, "0.0");
  assert_reads (padded, "1.0");
}

/* Digits are kept as far as a double has them; signs and ranges are right. */
static void
test_big_integers (void)
{
  g_autoptr (JsonObject) object = object_of (
      "{\"a\":9223372036854775807,\"b\":9223372036854775808,"
      "\"c\":-9223372036854775809,\"d\":18446744073709551617,"
      "\"e\":-9223372036854775808}");

  g_assert_cmpuint (rt2_json_uint (object, "a", 7), ==, G_MAXINT64);
  g_assert_cmpuint (rt2_json_uint (object, "b", 7), ==, 7);
  g_assert_cmpuint (rt2_json_uint (object, "c", 7), ==, 7);
  g_assert_cmpuint (rt2_json_uint (object, "d", 7), ==, 7);
  g_assert_cmpuint (rt2_json_uint (object, "e", 7), ==, 7);
  g_assert_cmpfloat (rt2_json_double (object, "b", 7), ==, 0x1p63);
  g_assert_cmpfloat (rt2_json_double (object, "c", 7), ==, -0x1p63);
  g_assert_cmpfloat (rt2_json_double (object, "d", 7), ==, 0x1p64);
  g_assert_cmpfloat (rt2_json_double (object, "e", 7), ==, -0x1p63);
}

static void
test_root (void)
{
  static const gchar *const others[] = { "[]", "1", "1.5", "\"a\"", "true",
    "null", "[{}]" };

  for (guint i = 0; i < G_N_ELEMENTS (others); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (
        rt2_json_parse_object (others[i], strlen (others[i]), &error));
    g_assert_error (error, RT2_JSON_ERROR, RT2_JSON_ERROR_TYPE);
  }
  json_object_unref (object_of (" {} "));
}

/* A user's mistake is found again by its place. */
static void
test_message (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (rt2_json_parse ("[1,\n 2 3]", 9, &error));
  g_assert_nonnull (strstr (error->message, "byte 7"));
}

/* --- getters --- */

static const gchar mixed[] =
    "{\"s\":\"text\",\"e\":\"\",\"i\":5,\"n\":-1,\"d\":1.5,\"w\":4.0,"
    "\"t\":true,\"f\":false,\"z\":null,\"o\":{\"x\":1},\"a\":[{\"y\":2},3],"
    "\"q\":\"7\",\"h\":1e300,\"m\":-0.0}";

static const gchar names[] = "seindwtfzoaqhm";

static void
test_get_string (void)
{
  g_autoptr (JsonObject) object = object_of (mixed);

  g_assert_cmpstr (rt2_json_string (object, "s"), ==, "text");
  g_assert_cmpstr (rt2_json_string (object, "e"), ==, "");
  g_assert_cmpstr (rt2_json_string (object, "q"), ==, "7");
  for (const gchar *c = names; *c; c++) {
    const gchar name[] = { *c, 0 };

    if (!strchr ("seq", *c))
      g_assert_null (rt2_json_string (object, name));
  }
  g_assert_null (rt2_json_string (object, "missing"));
  g_assert_null (rt2_json_string (NULL, "s"));
}

static void
test_get_containers (void)
{
  g_autoptr (JsonObject) object = object_of (mixed);
  JsonArray *array = rt2_json_array (object, "a");

  g_assert_cmpuint (
      rt2_json_uint (rt2_json_object (object, "o"), "x", 0), ==, 1);
  g_assert_cmpuint (json_array_get_length (array), ==, 2);
  g_assert_cmpuint (
      rt2_json_uint (rt2_json_array_object (array, 0), "y", 0), ==, 2);
  g_assert_null (rt2_json_array_object (array, 1));
  g_assert_null (rt2_json_array_object (array, 2));
  g_assert_null (rt2_json_array_object (array, G_MAXUINT));
  g_assert_null (rt2_json_array_object (NULL, 0));
  for (const gchar *c = names; *c; c++) {
    const gchar name[] = { *c, 0 };

    g_assert_true ((rt2_json_object (object, name) != NULL) == (*c == 'o'));
    g_assert_true ((rt2_json_array (object, name) != NULL) == (*c == 'a'));
  }
  g_assert_null (rt2_json_object (NULL, "o"));
  g_assert_null (rt2_json_array (NULL, "a"));
}

/* Among what is no object, and objects without the member. */
static void
test_find (void)
{
  g_autoptr (JsonObject) object = object_of (
      "{\"a\":[1,\"n\",null,[],{},{\"n\":null},{\"n\":7},{\"m\":\"x\"},"
      "{\"n\":\"x\",\"i\":1},{\"n\":\"x\",\"i\":2},{\"n\":\"xy\"}],\"e\":[]}");
  JsonArray *array = rt2_json_array (object, "a");

  g_assert_cmpuint (
      rt2_json_uint (rt2_json_find (array, "n", "x"), "i", 0), ==, 1);
  g_assert_true (
      rt2_json_find (array, "n", "xy") == rt2_json_array_object (array, 10));
  g_assert_null (rt2_json_find (array, "n", "7"));
  g_assert_null (rt2_json_find (array, "n", ""));
  g_assert_null (rt2_json_find (array, "i", "x"));
  g_assert_null (rt2_json_find (rt2_json_array (object, "e"), "n", "x"));
  g_assert_null (rt2_json_find (NULL, "n", "x"));
}

static void
test_get_boolean (void)
{
  g_autoptr (JsonObject) object = object_of (mixed);

  for (const gchar *c = names; *c; c++) {
    const gchar name[] = { *c, 0 };

    g_assert_true (rt2_json_boolean (object, name, FALSE) == (*c == 't'));
    g_assert_true (rt2_json_boolean (object, name, TRUE) == (*c != 'f'));
  }
  g_assert_true (rt2_json_boolean (NULL, "f", TRUE));
  g_assert_true (rt2_json_boolean (object, "missing", TRUE));
}

static void
test_get_uint (void)
{
  g_autoptr (JsonObject) object = object_of (mixed);

  g_assert_cmpuint (rt2_json_uint (object, "i", 9), ==, 5);
  g_assert_cmpuint (rt2_json_uint (object, "w", 9), ==, 4);
  g_assert_cmpuint (rt2_json_uint (object, "m", 9), ==, 0);
  for (const gchar *c = names; *c; c++) {
    const gchar name[] = { *c, 0 };

    if (!strchr ("iwm", *c))
      g_assert_cmpuint (rt2_json_uint (object, name, 9), ==, 9);
  }
  g_assert_cmpuint (rt2_json_uint (NULL, "i", 9), ==, 9);
  g_assert_cmpuint (rt2_json_uint (object, "missing", 9), ==, 9);
}

static void
test_get_double (void)
{
  g_autoptr (JsonObject) object = object_of (mixed);

  g_assert_cmpfloat (rt2_json_double (object, "i", 9), ==, 5);
  g_assert_cmpfloat (rt2_json_double (object, "n", 9), ==, -1);
  g_assert_cmpfloat (rt2_json_double (object, "d", 9), ==, 1.5);
  g_assert_cmpfloat (rt2_json_double (object, "h", 9), ==, 1e300);
  for (const gchar *c = names; *c; c++) {
    const gchar name[] = { *c, 0 };

    if (!strchr ("indwhm", *c))
      g_assert_cmpfloat (rt2_json_double (object, name, 9), ==, 9);
  }
  json_object_set_double_member (object, "inf", INFINITY);
  json_object_set_double_member (object, "nan", NAN);
  g_assert_cmpfloat (rt2_json_double (object, "inf", 9), ==, 9);
  g_assert_cmpfloat (rt2_json_double (object, "nan", 9), ==, 9);
  g_assert_cmpuint (rt2_json_uint (object, "inf", 9), ==, 9);
  g_assert_cmpuint (rt2_json_uint (object, "nan", 9), ==, 9);
  g_assert_cmpfloat (rt2_json_double (NULL, "d", 9), ==, 9);
}

/* --- writing --- */

static void
assert_member_text (const gchar *name, const gchar *expected)
{
  g_autoptr (JsonObject) object = object_of (mixed);
  g_autofree gchar *text = rt2_json_member_text (object, name);

  g_assert_cmpstr (text, ==, expected);
}

static void
test_member_text (void)
{
  assert_member_text ("s", "\"text\"");
  assert_member_text ("n", "-1");
  assert_member_text ("d", "1.5");
  assert_member_text ("w", "4.0");
  assert_member_text ("z", "null");
  assert_member_text ("o", "{\"x\":1}");
  assert_member_text ("a", "[{\"y\":2},3]");
  assert_member_text ("h", "1e+300");
  assert_member_text ("missing", NULL);
  g_assert_null (rt2_json_member_text (NULL, "s"));
}

static void
test_write_not_finite (void)
{
  g_autoptr (JsonObject) object = json_object_new ();
  g_autofree gchar *text = NULL;

  json_object_set_double_member (object, "inf", -INFINITY);
  json_object_set_double_member (object, "nan", NAN);
  text = rt2_json_to_text (object);
  g_assert_cmpstr (text, ==, "{\"inf\":null,\"nan\":null}");
}

/* Every double that is written reads back as the same. */
static void
test_write_doubles (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (3);

  for (guint i = 0; i < 2000; i++) {
    gdouble value = ldexp (g_rand_double_range (random, -1, 1),
        g_rand_int_range (random, -1000, 1000));
    g_autoptr (JsonObject) object = json_object_new ();
    g_autoptr (JsonObject) again = NULL;
    g_autofree gchar *text = NULL;

    json_object_set_double_member (object, "x", value);
    text = rt2_json_to_text (object);
    again = object_of (text);
    g_assert_cmpfloat (rt2_json_double (again, "x", NAN), ==, value);
  }
}

static void
test_append_string (void)
{
  for (guint c = 1; c < 128; c++) {
    const gchar text[] = { 'a', c, 'b', 0 };
    g_autoptr (GString) out = g_string_new ("{\"x\":");
    g_autoptr (JsonObject) object = NULL;

    rt2_json_append_string (out, text);
    g_string_append_c (out, '}');
    object = object_of (out->str);
    g_assert_cmpstr (rt2_json_string (object, "x"), ==, text);
    g_assert_null (strchr (out->str, '\n'));
  }
}

static void
test_append_bad_string (void)
{
  g_autoptr (GString) out = g_string_new (NULL);

  rt2_json_append_string (out, "a\xff\"\xc3");
  g_assert_cmpstr (out->str, ==, "\"a\xef\xbf\xbd\\\"\xef\xbf\xbd\"");
}

/* --- merging --- */

static void
assert_laid_over (
    const gchar *target, const gchar *patch, const gchar *expected)
{
  g_autoptr (JsonObject) object = object_of (target);
  g_autoptr (JsonObject) change = object_of (patch);
  g_autofree gchar *before = rt2_json_to_text (change);
  g_autofree gchar *result = NULL;
  g_autofree gchar *after = NULL;

  rt2_json_lay_over (object, change);
  result = rt2_json_to_text (object);
  after = rt2_json_to_text (change);
  g_assert_cmpstr (result, ==, expected);
  g_assert_cmpstr (after, ==, before);
}

static void
test_lay_over (void)
{
  assert_laid_over ("{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}");
  assert_laid_over (
      "{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}");
  assert_laid_over ("{\"a\":\"b\"}", "{\"a\":null}", "{\"a\":null}");
  assert_laid_over (
      "{\"a\":1,\"b\":2}", "{\"a\":null}", "{\"a\":null,\"b\":2}");
  assert_laid_over ("{\"a\":[1]}", "{\"a\":2}", "{\"a\":2}");
  assert_laid_over ("{\"a\":1}", "{\"a\":[1,null]}", "{\"a\":[1,null]}");
  assert_laid_over ("{\"a\":{\"b\":1,\"c\":2}}", "{\"a\":{\"b\":3,\"c\":null}}",
      "{\"a\":{\"b\":3,\"c\":null}}");
  assert_laid_over ("{\"a\":[{\"b\":1}]}", "{\"a\":[1]}", "{\"a\":[1]}");
  assert_laid_over ("{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}");
  assert_laid_over ("{}", "{\"a\":{\"bb\":{\"ccc\":null}}}",
      "{\"a\":{\"bb\":{\"ccc\":null}}}");
  assert_laid_over ("{\"a\":5}", "{\"a\":{\"b\":{\"c\":1,\"d\":null}}}",
      "{\"a\":{\"b\":{\"c\":1,\"d\":null}}}");
  assert_laid_over ("{\"a\":1}", "{}", "{\"a\":1}");
  assert_laid_over ("{}", "{\"a\":null}", "{\"a\":null}");
}

/* What is laid over twice does not change the first patch. */
static void
test_lay_over_twice (void)
{
  g_autoptr (JsonObject) object = object_of ("{}");
  g_autoptr (JsonObject) first = object_of ("{\"a\":{\"b\":1}}");
  g_autoptr (JsonObject) second = object_of ("{\"a\":{\"b\":2,\"c\":3}}");
  g_autofree gchar *text = NULL;
  g_autofree gchar *unchanged = NULL;

  rt2_json_lay_over (object, first);
  rt2_json_lay_over (object, second);
  text = rt2_json_to_text (object);
  unchanged = rt2_json_to_text (first);
  g_assert_cmpstr (text, ==, "{\"a\":{\"b\":2,\"c\":3}}");
  g_assert_cmpstr (unchanged, ==, "{\"a\":{\"b\":1}}");
}

static void
add_grammar_tests (void)
{
  g_test_add_func ("/json/valid", test_valid);
  g_test_add_func ("/json/valid-forms", test_valid_forms);
  g_test_add_func ("/json/syntax", test_syntax);
  g_test_add_func ("/json/utf8", test_utf8);
  g_test_add_func ("/json/truncated", test_truncated);
  g_test_add_func ("/json/depth", test_depth);
  g_test_add_func ("/json/siblings", test_siblings);
  g_test_add_func ("/json/size", test_size);
  g_test_add_func ("/json/lone-surrogates", test_lone_surrogates);
  g_test_add_func ("/json/huge-numbers", test_huge_numbers);
  g_test_add_func ("/json/big-integers", test_big_integers);
  g_test_add_func ("/json/root", test_root);
  g_test_add_func ("/json/message", test_message);
}

static void
add_value_tests (void)
{
  g_test_add_func ("/json/get-string", test_get_string);
  g_test_add_func ("/json/get-containers", test_get_containers);
  g_test_add_func ("/json/find", test_find);
  g_test_add_func ("/json/get-boolean", test_get_boolean);
  g_test_add_func ("/json/get-uint", test_get_uint);
  g_test_add_func ("/json/get-double", test_get_double);
  g_test_add_func ("/json/member-text", test_member_text);
  g_test_add_func ("/json/write-not-finite", test_write_not_finite);
  g_test_add_func ("/json/write-doubles", test_write_doubles);
  g_test_add_func ("/json/append-string", test_append_string);
  g_test_add_func ("/json/append-bad-string", test_append_bad_string);
  g_test_add_func ("/json/lay-over", test_lay_over);
  g_test_add_func ("/json/lay-over-twice", test_lay_over_twice);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_grammar_tests ();
  add_value_tests ();
  return g_test_run ();
}
