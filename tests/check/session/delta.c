/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The short way for audio deltas against the general parser: what both read is
 * equal, what one refuses the other does not take, and nothing that a server
 * sends reads past its end.
 */
#include "rt2protocolpriv.h"

#include <string.h>
#include "eventdump.h"

/* With the sanitizer each takes ten times as long. */
#ifdef __SANITIZE_ADDRESS__
#define ROUNDS(n) ((n) / 5)
#else
#define ROUNDS(n) (n)
#endif

static gchar *
dump_or_error (const Rt2Event *event, const GError *error)
{
  return event ? event_dump (event)
               : g_strdup_printf ("error %d: %s", error->code, error->message);
}

/* Parses @text all three ways and compares. Returns whether the short way took
 * it. */
static gboolean
compare_ways (const gchar *text, gsize size)
{
  g_autofree gchar *copy = exact_copy (text, size);
  g_autoptr (GError) error = NULL, general_error = NULL, guard_error = NULL;
  g_autoptr (Rt2Event) fast = rt2_event_parse_delta (copy, size);
  g_autoptr (Rt2Event) event = rt2_event_parse (copy, size, &error);
  g_autoptr (Rt2Event)
      general = rt2_event_parse_general (copy, size, &general_error);
  g_autoptr (JsonObject)
      object = rt2_json_parse_object (copy, size, &guard_error);
  g_autofree gchar *dump = dump_or_error (event, error);
  g_autofree gchar *general_dump = dump_or_error (general, general_error);

  g_assert_cmpstr (dump, ==, general_dump);
  g_assert_true (event == NULL || object != NULL);
  g_assert_true (fast == NULL || event != NULL);
  if (fast) {
    g_autofree gchar *fast_dump = event_dump (fast);

    g_assert_cmpstr (fast_dump, ==, dump);
  }
  return fast != NULL;
}

static gboolean
compare_text (const gchar *text)
{
  return compare_ways (text, strlen (text));
}

#define AUDIO "\"type\":\"response.output_audio.delta\""
#define TRANSLATION "\"type\":\"session.output_audio.delta\""

/* --- which way --- */

static void
test_usual (void)
{
  static const gchar *const usual[] = {
    "{" AUDIO ",\"event_id\":\"event_1\",\"response_id\":\"resp_1\","
    "\"item_id\":\"item_1\",\"output_index\":0,\"content_index\":0,"
    "\"delta\":\"AAAA\"}",
    "{\"delta\":\"AP8=\",\"content_index\":12,\"output_index\":999999999,"
    "\"item_id\":\"i\",\"response_id\":\"r\"," AUDIO "}",
    " {\t" AUDIO " ,\r\n\"delta\" : \"AAAA\" } \n",
    "{" AUDIO ",\"delta\":\"\"}",
    "{" AUDIO ",\"delta\":\"AA\"}",
    "{" AUDIO ",\"delta\":\"AAAA\",\"item_id\":null,\"output_index\":null}",
    "{" AUDIO ",\"delta\":\"AAAA\",\"obfuscation\":\"z9A9\",\"x\":null,"
    "\"y\":true,\"z\":false,\"start_time\":-1.25,\"n\":0,\"m\":10.0}",
    "{" AUDIO ",\"delta\":\"AAAA\",\"x\":1,\"x\":2}",
    "{" TRANSLATION ",\"event_id\":\"event_t3\",\"delta\":\"AAAA\","
    "\"sample_rate\":24000,\"channels\":1,\"format\":\"pcm16\","
    "\"elapsed_ms\":1234567890123}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (usual); i++)
    g_assert_true (compare_text (usual[i]));
}

static void
test_unusual (void)
{
  static const gchar *const unusual[] = {
    "{}",
    "{" AUDIO "}",
    "{\"delta\":\"AAAA\"}",
    "{" AUDIO ",\"delta\":null}",
    "{" AUDIO ",\"delta\":1}",
    "{" AUDIO ",\"delta\":\"AAAA\",\"delta\":\"BBBB\"}",
    "{" AUDIO ",\"delta\":\"AAAA\"," TRANSLATION "}",
    "{" AUDIO ",\"delta\":\"AAAA\",\"type\":\"error\"}",
    "{" AUDIO ",\"delta\":\"AAAA\",\"item_id\":\"a\",\"item_id\":null}",
    "{" AUDIO ",\"delta\":\"AA\\/A\"}",
    "{" AUDIO ",\"delta\":\"AA\\u0041A\"}",
    "{" AUDIO ",\"delta\":\"AAAA\",\"item_id\":\"a\\\"b\"}",
    "{" AUDIO ",\"delta\":\"AAAA\",\"item_id\":\"\xc3\xa9\"}",
    "{" AUDIO ",\"delta\":\"AAAA\",\"x\":\"\\ud800\"}",
    "{" AUDIO ",\"d\\u0065lta\":\"AAAA\"}",
    "{\"typ\\u0065\":\"response.output_audio.delta\",\"delta\":\"AAAA\"}",
    "{\"type\":\"response.output_audio.delt\\u0061\",\"delta\":\"AAAA\"}",
    "{" AUDIO ",\"delta\":\"AAAA\",\"x\":{}}",
    "{" AUDIO ",\"delta\":\"AAAA\",\"x\":[]}",
    "{" AUDIO ",\"delta\":\"AAAA\",\"item_id\":{\"delta\":\"BBBB\"}}",
    "{" AUDIO ",\"delta\":\"AAAA\",\"item_id\":5}",
    "{" AUDIO ",\"delta\":\"AAAA\",\"output_index\":-1}",
    "{" AUDIO ",\"delta\":\"AAAA\",\"output_index\":1.0}",
    "{" AUDIO ",\"delta\":\"AAAA\",\"output_index\":1e0}",
    "{" AUDIO ",\"delta\":\"AAAA\",\"output_index\":\"1\"}",
    "{" AUDIO ",\"delta\":\"AAAA\",\"output_index\":4294967295}",
    "{" AUDIO ",\"delta\":\"AAAA\",\"content_index\":4294967297}",
    "{" AUDIO ",\"delta\":\"AAAA\",\"call_id\":\"call_1\"}",
    "{" AUDIO ",\"delta\":\"AAAA\",\"previous_item_id\":\"item_0\"}",
    "{" AUDIO ",\"delta\":\"AAAA\",\"x\":1e3}",
    "{" AUDIO ",\"delta\":\"AAAA\",\"x\":1e999}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (unusual); i++)
    g_assert_false (compare_text (unusual[i]));
}

/* Nothing that is no JSON gets through on the short way. */
static void
test_invalid (void)
{
  static const gchar *const tails[] = { "", ",", "}}", "}x", "},", "} null",
    ",}", ",\"x\"}", ",\"x\":}", ",\"x\":01}", ",\"x\":1.}", ",\"x\":-}",
    ",\"x\":.5}", ",\"x\":+1}", ",\"x\":nul}", ",\"x\":nulll}", ",\"x\":True}",
    ",\"x\":'a'}", ",x:1}", ",\"x\" 1}", ",\"x\"=1}", ",,\"x\":1}",
    ",\"x\":1 2}", ",\"x\":\"\t\"}", ",\"x\":\"\x01\"}", ",\"\x1f\":1}",
    ",\"x\":\"\xff\"}", ",\"item_id\":\"\n\"}", ",\"output_index\":00}",
    ",\"output_index\":01}", ",\"output_index\":}", ",\"x\":\"a}",
    ",\"x\":\"\\x\"}", ",\"x\":0x1}", "\f}", "\v}", "]", ",\"x\":--1}",
    ",\"x\":1.2.3}", ",\"item_id\":nul}" };

  for (guint i = 0; i < G_N_ELEMENTS (tails); i++) {
    g_autofree gchar *text = g_strconcat (
        "{" AUDIO ",\"delta\":\"AAAA\"", tails[i], NULL);
    g_autoptr (GError) error = NULL;

    g_assert_false (compare_text (text));
    g_assert_null (rt2_event_parse (text, strlen (text), &error));
    g_assert_error (error, RT2_PROTOCOL_ERROR, RT2_PROTOCOL_ERROR_JSON);
  }
}

/* A NUL, which no C string can show. */
static void
test_nul (void)
{
  gchar text[] = "{" AUDIO ",\"delta\":\"AAAA\",\"item_id\":\"i\"}";

  for (gsize at = 0; at < sizeof text - 1; at++) {
    gchar kept = text[at];

    text[at] = '\0';
    g_assert_false (compare_ways (text, sizeof text - 1));
    text[at] = kept;
  }
  g_assert_false (compare_ways (text, sizeof text));
  g_assert_true (compare_ways (text, sizeof text - 1));
}

/* A usual delta with @n members in all. */
static GString *
delta_with_members (guint n)
{
  GString *text = g_string_new ("{" AUDIO ",\"delta\":\"AAAA\"");

  for (guint i = 2; i < n; i++)
    g_string_append_printf (text, ",\"k%u\":0", i);
  return g_string_append_c (text, '}');
}

/* The short way counts, as the guard does. */
static void
test_many_members (void)
{
  g_autoptr (GString) many = delta_with_members (RT2_JSON_MAX_MEMBERS);
  g_autoptr (GString) too_many = delta_with_members (RT2_JSON_MAX_MEMBERS + 1);
  g_autoptr (Rt2Event) event = rt2_event_parse (many->str, many->len, NULL);

  g_assert_nonnull (event);
  compare_text (many->str);
  g_assert_false (compare_text (too_many->str));
  g_assert_null (rt2_event_parse (too_many->str, too_many->len, NULL));
}

/* --- mutilated events --- */

static const gchar whole[] =
    "{" AUDIO ",\"event_id\":\"event_p4\",\"response_id\":\"resp_Aa3\","
    "\"item_id\":\"item_A1\",\"output_index\":0,\"content_index\":0,"
    "\"obfuscation\":\"x\",\"start_time\":1.5,\"final\":false,"
    "\"extra\":null,\"delta\":\"AAECAwQFBgcICQ==\"}";

static void
test_truncated (void)
{
  for (gsize size = 0; size < strlen (whole); size++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (Rt2Event) event = NULL;

    g_assert_false (compare_ways (whole, size));
    event = rt2_event_parse (whole, size, &error);
    g_assert_error (error, RT2_PROTOCOL_ERROR, RT2_PROTOCOL_ERROR_JSON);
  }
  g_assert_true (compare_text (whole));
}

static void
test_every_byte (void)
{
  g_autofree gchar *text = g_strdup (whole);
  gsize size = strlen (whole);

  for (gsize at = 0; at < size; at++) {
    for (guint value = 0; value < 256; value += at % 3 + 1) {
      text[at] = value;
      compare_ways (text, size);
    }
    text[at] = whole[at];
  }
}

/* One small damage to @text: a byte changed, dropped, doubled, or a piece moved
 * over another. */
static void
mutilate (GRand *random, GString *text)
{
  static const gchar nasty[] = "\"\\{}[],:\0\x01\x80\xff u0eE+-.19tfn/=AZ";
  gsize at, from;

  if (text->len < 2)
    return;
  at = g_rand_int_range (random, 0, text->len);
  from = g_rand_int_range (random, 0, text->len);
  switch (g_rand_int_range (random, 0, 5)) {
    case 0:
      text->str[at] = g_rand_int_range (random, 0, 256);
      break;
    case 1:
      text->str[at] = nasty[g_rand_int_range (random, 0, sizeof nasty - 1)];
      break;
    case 2:
      g_string_erase (text, at, 1);
      break;
    case 3:
      g_string_insert_c (
          text, at, nasty[g_rand_int_range (random, 0, sizeof nasty - 1)]);
      break;
    default:
      memmove (text->str + at, text->str + from, text->len - MAX (at, from));
      break;
  }
}

static void
mutilate_lines (const gchar *name, guint rounds, guint32 seed)
{
  g_auto (GStrv) lines = data_lines (name);
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);

  for (guint i = 0; lines[i]; i++) {
    for (guint round = 0; round < rounds; round++) {
      g_autoptr (GString) text = g_string_new (lines[i]);

      for (gint n = g_rand_int_range (random, 1, 4); n > 0; n--)
        mutilate (random, text);
      compare_ways (text->str, text->len);
    }
  }
}

static void
test_mutilated (void)
{
  mutilate_lines ("server-events.jsonl", ROUNDS (150), 4);
  mutilate_lines ("real-capture.jsonl", ROUNDS (150), 5);
}

static void
test_mutilated_delta (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (6);

  for (guint round = 0; round < ROUNDS (20000); round++) {
    g_autoptr (GString) text = g_string_new (whole);

    mutilate (random, text);
    compare_ways (text->str, text->len);
  }
}

/* --- random deltas --- */

/* Members as servers might send them; most are harmless. */
static const gchar *const members[] = {
  AUDIO,
  AUDIO,
  AUDIO,
  TRANSLATION,
  "\"type\":\"response.output_audio.done\"",
  "\"delta\":\"AAAA\"",
  "\"delta\":\"AAECAwQFBgc=\"",
  "\"delta\":\"/+8\"",
  "\"delta\":\"A\"",
  "\"delta\":null",
  "\"delta\":\"\\/\\/8=\"",
  "\"event_id\":\"event_1\"",
  "\"event_id\":null",
  "\"event_id\":\"\"",
  "\"response_id\":\"resp_1\"",
  "\"response_id\":5",
  "\"item_id\":\"item_1\"",
  "\"item_id\":\"item \xc3\xa9\"",
  "\"item_id\":[\"item_1\"]",
  "\"output_index\":0",
  "\"output_index\":3",
  "\"output_index\":2.0",
  "\"output_index\":null",
  "\"content_index\":1",
  "\"content_index\":-1",
  "\"content_index\":12345678901",
  "\"call_id\":\"call_1\"",
  "\"obfuscation\":\"abc\"",
  "\"logprobs\":[{\"a\":1}]",
  "\"start_time\":0.5",
  "\"x\":1e5",
  "\"x\":true",
  "\"x\":null",
  "\"\":\"\"",
  "\"x\":\"\\n\"",
};

static const gchar *const spaces[] = { "", "", "", " ", "\n", "\t\r " };

static const gchar *
any_of (GRand *random, const gchar *const *strings, guint n)
{
  return strings[g_rand_int_range (random, 0, n)];
}

/* A type, a delta and up to four other members in any order. */
static gchar *
random_delta (GRand *random)
{
  g_autoptr (GPtrArray) chosen = g_ptr_array_new ();
  GString *text = g_string_new ("{");
  gint n = g_rand_int_range (random, 0, 5);

  g_ptr_array_add (chosen, (gpointer) any_of (random, members, 5));
  g_ptr_array_add (chosen, (gpointer) any_of (random, members + 5, 6));
  while (n-- > 0)
    g_ptr_array_add (
        chosen, (gpointer) any_of (random, members, G_N_ELEMENTS (members)));
  for (guint i = 0; chosen->len > 0; i++) {
    guint at = g_rand_int_range (random, 0, chosen->len);

    g_string_append (text, i ? "," : "");
    g_string_append (text, any_of (random, spaces, G_N_ELEMENTS (spaces)));
    g_string_append (text, g_ptr_array_remove_index_fast (chosen, at));
    g_string_append (text, any_of (random, spaces, G_N_ELEMENTS (spaces)));
  }
  return g_string_free (g_string_append_c (text, '}'), FALSE);
}

static void
test_random (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (7);
  const guint rounds = ROUNDS (20000);
  guint n_fast = 0;

  for (guint round = 0; round < rounds; round++) {
    g_autofree gchar *text = random_delta (random);

    n_fast += compare_text (text);
  }
  g_assert_cmpuint (n_fast, >, rounds / 10);
  g_assert_cmpuint (n_fast, <, rounds * 9 / 10);
}

/* Deltas of every length near the edges of the decoder's groups. */
static void
test_audio (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (8);

  for (gsize size = 0; size < 200; size++) {
    g_autofree guint8 *data = g_malloc (size);
    g_autofree gchar *base64 = NULL;
    g_autofree gchar *text = NULL;
    g_autoptr (Rt2Event) event = NULL;

    for (gsize i = 0; i < size; i++)
      data[i] = g_rand_int_range (random, 0, 256);
    base64 = g_base64_encode (data, size);
    text = g_strdup_printf ("{" AUDIO ",\"delta\":\"%s\"}", base64);
    g_assert_true (compare_text (text));
    event = rt2_event_parse (text, strlen (text), NULL);
    g_assert_cmpmem (g_bytes_get_data (event->audio, NULL),
        g_bytes_get_size (event->audio), data, size);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/delta/usual", test_usual);
  g_test_add_func ("/delta/unusual", test_unusual);
  g_test_add_func ("/delta/invalid", test_invalid);
  g_test_add_func ("/delta/nul", test_nul);
  g_test_add_func ("/delta/many-members", test_many_members);
  g_test_add_func ("/delta/truncated", test_truncated);
  g_test_add_func ("/delta/every-byte", test_every_byte);
  g_test_add_func ("/delta/mutilated", test_mutilated);
  g_test_add_func ("/delta/mutilated-delta", test_mutilated_delta);
  g_test_add_func ("/delta/random", test_random);
  g_test_add_func ("/delta/audio", test_audio);
  return g_test_run ();
}
