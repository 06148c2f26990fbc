/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Events as text: all of it but the audio, and nothing of what is no event.
 */
#include "rt2eventtext.h"

#include <string.h>

#include "eventdump.h"
#include "rt2json.h"

static void
assert_text (const gchar *json, const gchar *expected)
{
  g_autofree gchar *copy = exact_copy (json, strlen (json));
  g_autofree gchar *type = NULL;
  g_autofree gchar *text = rt2_event_text (copy, strlen (json), &type);
  g_autoptr (JsonObject) again = NULL;

  g_assert_cmpstr (text, ==, expected);
  again = rt2_json_parse_object (text, strlen (text), NULL);
  g_assert_cmpstr (rt2_json_string (again, "type"), ==, type);
}

static void
test_whole (void)
{
  g_auto (GStrv) lines = data_lines ("server-events.jsonl");

  for (guint i = 0; lines[i]; i++) {
    g_autoptr (JsonObject)
        object = rt2_json_parse_object (lines[i], strlen (lines[i]), NULL);
    g_autofree gchar *whole = rt2_json_to_text (object);

    if (strstr (whole, "audio.delta") || strstr (whole, "\"audio\":\""))
      continue;
    assert_text (lines[i], whole);
  }
}

static void
test_deltas (void)
{
  static const gchar *const types[] = { "response.output_audio.delta",
    "session.output_audio.delta", "response.audio.delta" };
  static const struct {
    const gchar *audio;
    guint size;
  } audio[] = { { "", 0 }, { "AA==", 1 }, { "AAA=", 2 }, { "AAAA", 3 },
    { "AA", 1 }, { "AAAAAAAA", 6 }, { "====", 0 }, { "not base64", 7 } };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++) {
    for (guint k = 0; k < G_N_ELEMENTS (audio); k++) {
      g_autofree gchar *json = g_strdup_printf (
          "{\"type\":\"%s\",\"delta\":\"%s\",\"item_id\":\"A1\"}", types[i],
          audio[k].audio);
      g_autofree gchar *expected = g_strdup_printf (
          "{\"type\":\"%s\",\"delta\":%u,\"item_id\":\"A1\"}", types[i],
          audio[k].size);

      assert_text (json, expected);
    }
  }
  assert_text ("{\"type\":\"response.output_text.delta\",\"delta\":\"AAAA\"}",
      "{\"type\":\"response.output_text.delta\",\"delta\":\"AAAA\"}");
  assert_text (
      "{\"type\":\"response.output_audio_transcript.delta\",\"delta\":\"A\"}",
      "{\"type\":\"response.output_audio_transcript.delta\",\"delta\":\"A\"}");
  assert_text ("{\"type\":\"response.output_audio.delta\"}",
      "{\"type\":\"response.output_audio.delta\"}");
  assert_text ("{\"type\":\"response.output_audio.delta\",\"delta\":[\"AA\"]}",
      "{\"type\":\"response.output_audio.delta\",\"delta\":[\"AA\"]}");
}

static void
test_items (void)
{
  assert_text (
      "{\"type\":\"conversation.item.retrieved\",\"item\":{\"content\":"
      "[{\"type\":\"audio\",\"transcript\":\"Yes.\",\"audio\":"
      "\"AAAA\"},{\"audio\":\"AAAAAA==\"},[{\"audio\":\"AA==\"}]]}}",
      "{\"type\":\"conversation.item.retrieved\",\"item\":{\"content\":"
      "[{\"type\":\"audio\",\"transcript\":\"Yes.\",\"audio\":3},"
      "{\"audio\":4},[{\"audio\":1}]]}}");
  assert_text ("{\"type\":\"response.done\",\"response\":{\"output\":[{"
               "\"content\":[{\"audio\":\"AAAA\"}]}]},\"audio\":\"AAAA\"}",
      "{\"type\":\"response.done\",\"response\":{\"output\":[{"
      "\"content\":[{\"audio\":3}]}]},\"audio\":3}");
  /* The other thing that has this name. */
  assert_text (
      "{\"type\":\"session.updated\",\"session\":{\"audio\":{\"input\":"
      "null},\"output_modalities\":[\"audio\"]}}",
      "{\"type\":\"session.updated\",\"session\":{\"audio\":{\"input\":"
      "null},\"output_modalities\":[\"audio\"]}}");
  assert_text ("{\"type\":\"x\",\"audio\":null,\"a\":{\"audio\":7.5}}",
      "{\"type\":\"x\",\"audio\":null,\"a\":{\"audio\":7.5}}");
}

static void
test_no_event (void)
{
  static const gchar *const wrong[] = { "", "{", "[]", "{}", "{\"type\":5}",
    "{\"type\":\"error\"}x", "{\"type\":\"\xff\"}", "null" };
  g_autofree gchar *deep = g_strnfill (200000, '[');
  gchar *type = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    g_assert_null (rt2_event_text (wrong[i], strlen (wrong[i]), &type));
  g_assert_null (rt2_event_text (deep, strlen (deep), &type));
  g_assert_null (type);
}

/* Only the bytes that are there are read. */
static void
test_exact (void)
{
  g_autofree gchar *type = NULL;
  g_autofree gchar *text = rt2_event_text ("{\"type\":\"a\"}}}", 12, &type);

  g_assert_cmpstr (text, ==, "{\"type\":\"a\"}");
  g_assert_cmpstr (type, ==, "a");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/eventtext/whole", test_whole);
  g_test_add_func ("/eventtext/deltas", test_deltas);
  g_test_add_func ("/eventtext/items", test_items);
  g_test_add_func ("/eventtext/no-event", test_no_event);
  g_test_add_func ("/eventtext/exact", test_exact);
  return g_test_run ();
}
