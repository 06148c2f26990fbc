/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Events as they stand in the log: all of it, but no secret, and sound and
 * pictures only where they are asked for; always one value on one line.
 */
#include "rt2logline.h"

#include <string.h>

#include "eventdump.h"
#include "rt2json.h"

#define KEY "sk-Zq81mNp0"

static gchar *
write_line (const gchar *text, gsize size, gboolean with_audio, gboolean *whole)
{
  const Rt2LogPolicy policy = { KEY, with_audio, 8, 48 };
  g_autofree gchar *copy = exact_copy (text, size);
  GString *out = g_string_new (NULL);

  *whole = rt2_log_line_append (out, copy, size, &policy);
  g_assert_null (strpbrk (out->str, "\r\n"));
  return g_string_free (out, FALSE);
}

static void
assert_line (const gchar *json, const gchar *expected)
{
  gboolean whole;
  g_autofree gchar *line = write_line (json, strlen (json), FALSE, &whole);

  g_assert_true (whole);
  g_assert_cmpstr (line, ==, expected);
}

static void
test_untouched (void)
{
  static const gchar *const lines[] = { "{}",
    "{\"type\":\"x\",\"n\":-1.50e+10,\"b\":[true,null,\"a\"],\"o\":{}}",
    "{\"big\":123456789012345678901234567890,\"e\":1e999}",
    "{\"t\":\"\\u0000 \\ud800 \\\" \\\\\",\"delta\":\"AAAA\"}",
    "{\"type\":\"response.output_text.delta\",\"delta\":\"AAAA\"}",
    "{\"audio\":{\"input\":null},\"modalities\":[\"audio\"]}",
    "{\"image_url\":\"https://example.org/a.png\"}",
    "{\"\":\"\",\"a\":[[\"audio\",\"delta\"]]}" };

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    assert_line (lines[i], lines[i]);
}

/* What was captured, or is made up of every field, comes out as it was. */
static void
test_captured (void)
{
  static const gchar *const files[] = { "server-events.jsonl",
    "real-capture.jsonl" };

  for (guint f = 0; f < G_N_ELEMENTS (files); f++) {
    g_auto (GStrv) lines = data_lines (files[f]);

    for (guint i = 0; lines[i]; i++) {
      gboolean whole;
      g_autofree gchar *line = write_line (
          lines[i], strlen (lines[i]), TRUE, &whole);

      if (whole && !strstr (lines[i], "authorization"))
        g_assert_cmpstr (line, ==, lines[i]);
    }
  }
}

static void
test_audio (void)
{
  static const struct {
    const gchar *json, *line;
  } rows[] = {
    { "{\"type\":\"response.output_audio.delta\",\"delta\":\"AAAAAAAAAA==\"}",
        "{\"type\":\"response.output_audio.delta\","
        "\"delta\":{\"bytes\":7,\"ms\":0}}" },
    { "{\"delta\":\"AAAA\",\"type\":\"session.output_audio.delta\"}",
        "{\"delta\":{\"bytes\":3,\"ms\":0},"
        "\"type\":\"session.output_audio.delta\"}" },
    { "{\"type\":\"input_audio_buffer.append\",\"audio\":\"AAAAAAAAAAAAAAAA"
      "AAAAAA==\"}",
        "{\"type\":\"input_audio_buffer.append\","
        "\"audio\":{\"bytes\":16,\"ms\":2}}" },
    { "{\"item\":{\"content\":[{\"audio\":\"\"},[{\"audio\" : \"AA==\"}]]}}",
        "{\"item\":{\"content\":[{\"audio\":{\"bytes\":0,\"ms\":0}},"
        "[{\"audio\" : {\"bytes\":1,\"ms\":0}}]]}}" },
    { "{\"type\":\"response.output_audio.delta\",\"x\":{\"delta\":\"AAAA\"}}",
        "{\"type\":\"response.output_audio.delta\",\"x\":{\"delta\":"
        "\"AAAA\"}}" },
    { "{\"image_url\":\"data:image/png;base64,AAAAAAAA\",\"t\":1}",
        "{\"image_url\":{\"media_type\":\"image/png\",\"bytes\":6},\"t\":1}" },
  };
  gboolean whole;

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree gchar *all = write_line (
        rows[i].json, strlen (rows[i].json), TRUE, &whole);

    assert_line (rows[i].json, rows[i].line);
    g_assert_cmpstr (all, ==, rows[i].json);
  }
}

static void
test_secrets (void)
{
  assert_line ("{\"error\":{\"message\":\"bad key " KEY ", " KEY ".\"}}",
      "{\"error\":{\"message\":\"bad key ***, ***.\"}}");
  assert_line ("{\"" KEY "\":1}", "{\"***\":1}");
  assert_line ("{\"tools\":[{\"type\":\"mcp\",\"authorization\":\"tok\","
               "\"headers\":{\"X-A\":\"tok\",\"n\":1},\"server_label\":\"d\"}],"
               "\"client_secret\":{\"value\":\"ek_1\",\"expires_at\":5}}",
      "{\"tools\":[{\"type\":\"mcp\",\"authorization\":\"***\","
      "\"headers\":{\"X-A\":\"***\",\"n\":1},\"server_label\":\"d\"}],"
      "\"client_secret\":{\"value\":\"***\",\"expires_at\":5}}");
  assert_line ("{\"client_secret\":\"ek_1\",\"api_key\":\"k\"}",
      "{\"client_secret\":\"***\",\"api_key\":\"***\"}");
}

static void
test_one_line (void)
{
  assert_line ("{\r\n \"type\":\n\"x\"\t}\n", "{   \"type\": \"x\"\t} ");
}

/* No event: a JSON string, of which no more than the bound is kept. */
static void
test_no_event (void)
{
  static const gchar *const wrong[] = { "", "hello", "[]", "{", "null",
    "{\"a\":\"\n\"}", "{\"a\":1}{", "{\"a\":\xff}", "   ", "{'a':1}" };
  g_autofree gchar *deep = g_strnfill (RT2_LOG_LINE_MAX_TEXT * 4, '[');
  g_autofree gchar *long_line = NULL;
  gboolean whole;

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autofree gchar *line = write_line (
        wrong[i], strlen (wrong[i]), FALSE, &whole);
    g_autoptr (JsonNode) node = rt2_json_parse (line, strlen (line), NULL);

    g_assert_false (whole);
    g_assert_nonnull (node);
    g_assert_true (json_node_get_value_type (node) == G_TYPE_STRING);
  }
  long_line = write_line (deep, strlen (deep), FALSE, &whole);
  g_assert_false (whole);
  g_assert_cmpuint (strlen (long_line), ==, RT2_LOG_LINE_MAX_TEXT + 2);
}

/* A NUL inside, and a key that the bound cuts. */
static void
test_no_event_secrets (void)
{
  g_autofree gchar *fill = g_strnfill (RT2_LOG_LINE_MAX_TEXT - 9, 'x');
  g_autofree gchar *cut = g_strconcat (fill, KEY, NULL);
  gboolean whole;
  g_autofree gchar *nul = write_line (
      "a\0" KEY, 2 + strlen (KEY), FALSE, &whole);
  g_autofree gchar *line = write_line (cut, strlen (cut), FALSE, &whole);

  g_assert_cmpstr (nul, ==, "\"a\xef\xbf\xbd***\"");
  g_assert_null (strstr (line, "sk-Zq81m"));
}

static void
test_too_long (void)
{
  gsize size = RT2_LOG_LINE_MAX_EVENT + 1;
  g_autofree gchar *fill = g_strnfill (size, 'A');
  g_autofree gchar *text = g_strdup_printf ("{\"text\":\"%s\"}", fill);
  g_autofree gchar *audio = g_strdup_printf ("{\"audio\":\"%s\"}", fill);
  gboolean whole;
  g_autofree gchar *line = write_line (text, strlen (text), FALSE, &whole);
  g_autofree gchar *small = NULL;

  g_assert_false (whole);
  g_assert_cmpuint (strlen (line), <, RT2_LOG_LINE_MAX_TEXT + 16);
  small = write_line (audio, strlen (audio), FALSE, &whole);
  g_assert_true (whole);
  g_assert_cmpuint (strlen (small), <, 64);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/logline/untouched", test_untouched);
  g_test_add_func ("/logline/captured", test_captured);
  g_test_add_func ("/logline/audio", test_audio);
  g_test_add_func ("/logline/secrets", test_secrets);
  g_test_add_func ("/logline/one-line", test_one_line);
  g_test_add_func ("/logline/no-event", test_no_event);
  g_test_add_func ("/logline/no-event-secrets", test_no_event_secrets);
  g_test_add_func ("/logline/too-long", test_too_long);
  return g_test_run ();
}
