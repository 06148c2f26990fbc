/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What it costs: the published prices to the picodollar, what is laid over
 * them, snapshots of models, what servers leave out, and numbers that no server
 * should send.
 */
#include "rt2pricing.h"

#include <string.h>

#define S G_GUINT64_CONSTANT (1000000000)
#define MINUTE (60 * S)

static Rt2Pricing *
make (const gchar *json)
{
  g_autoptr (GError) error = NULL;
  Rt2Pricing *pricing = rt2_pricing_new (json, &error);

  g_assert_no_error (error);
  g_assert_nonnull (pricing);
  return pricing;
}

static void
assert_response (const gchar *json, const gchar *model, const Rt2Usage *usage,
    guint64 expected)
{
  g_autoptr (Rt2Pricing) pricing = make (json);
  Rt2Money cost = 1;

  if (!rt2_pricing_of_response (pricing, model, usage, &cost))
    g_error ("%s: no cost", model);
  g_assert_cmpuint (cost, ==, expected);
}

static void
assert_unknown (const gchar *json, const gchar *model, const Rt2Usage *usage)
{
  g_autoptr (Rt2Pricing) pricing = make (json);
  Rt2Money cost;

  if (rt2_pricing_of_response (pricing, model, usage, &cost))
    g_error ("%s: a cost of %" G_GUINT64_FORMAT, model, cost);
}

/* As a real server told it: 59 tokens of text and 73 of audio in, 64 of these
 * cached, 41 of text and 147 of audio out. */
static const Rt2Usage captured = {
  .known = TRUE,
  .total = 320,
  .input = 132,
  .output = 188,
  .input_text = 59,
  .input_audio = 73,
  .cached = 64,
  .cached_audio = 64,
  .output_text = 41,
  .output_audio = 147,
};

/* 59 x 4 + 9 x 32 + 64 x 0.4 + 41 x 24 + 147 x 64 = 10941.6 microdollars. */
static void
test_captured (void)
{
  g_autoptr (Rt2Pricing) pricing = make (NULL);
  Rt2Money cost;

  assert_response (
      NULL, "gpt-realtime-2", &captured, G_GUINT64_CONSTANT (10941600000));
  g_assert_true (
      rt2_pricing_of_response (pricing, "gpt-realtime-2", &captured, &cost));
  g_assert_cmpfloat (rt2_money_to_usd (cost), ==, 0.0109416);
}

static const struct {
  const gchar *model;
  /* USD for 1M: text in, cached, out; audio in, cached, out; image in, cached.
   */
  gdouble prices[8];
} table[] = {
  { "gpt-realtime-2", { 4, 0.4, 24, 32, 0.4, 64, 5, 0.5 } },
  { "gpt-realtime-2.1", { 4, 0.4, 24, 32, 0.4, 64, 5, 0.5 } },
  { "gpt-realtime-2.1-mini", { 0.6, 0.06, 2.4, 10, 0.3, 20, 0.8, 0.08 } },
  { "gpt-realtime-1.5", { 4, 0.4, 16, 32, 0.4, 64, 5, 0.5 } },
  { "gpt-realtime", { 4, 0.4, 16, 32, 0.4, 64, 5, 0.5 } },
};

/* A million of each kind, one kind at a time. */
static void
test_published (void)
{
  static const struct {
    gsize field, cached;
    gboolean output;
  } kinds[] = {
    { G_STRUCT_OFFSET (Rt2Usage, input_text), 0 },
    { G_STRUCT_OFFSET (Rt2Usage, input_text),
        G_STRUCT_OFFSET (Rt2Usage, cached_text) },
    { G_STRUCT_OFFSET (Rt2Usage, output_text), 0, TRUE },
    { G_STRUCT_OFFSET (Rt2Usage, input_audio), 0 },
    { G_STRUCT_OFFSET (Rt2Usage, input_audio),
        G_STRUCT_OFFSET (Rt2Usage, cached_audio) },
    { G_STRUCT_OFFSET (Rt2Usage, output_audio), 0, TRUE },
    { G_STRUCT_OFFSET (Rt2Usage, input_image), 0 },
    { G_STRUCT_OFFSET (Rt2Usage, input_image),
        G_STRUCT_OFFSET (Rt2Usage, cached_image) },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    for (guint k = 0; k < G_N_ELEMENTS (kinds); k++) {
      Rt2Usage usage = { .known = TRUE };

      G_STRUCT_MEMBER (guint64, &usage, kinds[k].field) = 1000000;
      if (kinds[k].cached) {
        G_STRUCT_MEMBER (guint64, &usage, kinds[k].cached) = 1000000;
        usage.cached = 1000000;
      }
      if (kinds[k].output)
        usage.output = 1000000;
      else
        usage.input = 1000000;
      assert_response (NULL, table[i].model, &usage,
          rt2_money_from_usd (table[i].prices[k]));
    }
}

static void
test_times (void)
{
  static const struct {
    const gchar *model;
    guint64 ns;
    guint64 cost;
  } cases[] = {
    { "gpt-realtime-translate", MINUTE, G_GUINT64_CONSTANT (34000000000) },
    { "gpt-realtime-translate", 60 * MINUTE,
        G_GUINT64_CONSTANT (2040000000000) },
    { "gpt-realtime-translate", 3 * S, 1700000000 },
    { "gpt-realtime-translate", 0, 0 },
    { "gpt-realtime-whisper", MINUTE, G_GUINT64_CONSTANT (17000000000) },
    { "gpt-live-transcribe", MINUTE, G_GUINT64_CONSTANT (17000000000) },
    { "gpt-transcribe", MINUTE, G_GUINT64_CONSTANT (4500000000) },
    { "gpt-4o-transcribe", MINUTE, G_GUINT64_CONSTANT (6000000000) },
    { "gpt-4o-mini-transcribe", MINUTE, G_GUINT64_CONSTANT (3000000000) },
    { "gpt-4o-mini-transcribe-2025-12-15", MINUTE,
        G_GUINT64_CONSTANT (3000000000) },
    { "whisper-1", MINUTE / 2, G_GUINT64_CONSTANT (3000000000) },
  };
  g_autoptr (Rt2Pricing) pricing = make ("");
  Rt2Money cost;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_assert_true (
        rt2_pricing_of_time (pricing, cases[i].model, cases[i].ns, &cost));
    g_assert_cmpuint (cost, ==, cases[i].cost);
  }
  g_assert_false (
      rt2_pricing_of_time (pricing, "gpt-realtime-2", MINUTE, &cost));
  g_assert_false (rt2_pricing_of_time (pricing, NULL, MINUTE, &cost));
}

/* --- names --- */

static void
test_names (void)
{
  static const struct {
    const gchar *model;
    gboolean known;
  } cases[] = {
    { "gpt-realtime-2", TRUE },
    { "gpt-realtime-2-2026-05-07", TRUE },
    { "gpt-realtime-2.1-mini-2026-09-01", TRUE },
    { "gpt-realtime-2025-08-28", TRUE },
    { "gpt-realtime-0828", TRUE },
    { "gpt-realtime-latest", TRUE },
    { "gpt-realtime-3", FALSE },
    { "gpt-realtime-20", FALSE },
    { "gpt-realtime-2-mini", FALSE },
    { "gpt-realtime-2-2026-05-7", FALSE },
    { "gpt-realtime-2-2026-05-07x", FALSE },
    { "gpt-realtime-2-", FALSE },
    { "GPT-realtime-2", FALSE },
    { "gpt", FALSE },
    { "", FALSE },
    { NULL, FALSE },
  };
  g_autoptr (Rt2Pricing) pricing = make (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    if (rt2_pricing_knows (pricing, cases[i].model) != cases[i].known)
      g_error ("%s", cases[i].model);
}

/* The longest name counts: a snapshot may have a price of its own, and what is
 * a snapshot of both is one of the longer. */
static void
test_longest (void)
{
  static const gchar own[] = "{\"gpt-realtime-2-2026-05-07\": {\"text-in\": 1},"
                             " \"m\": {\"text-in\": 2},"
                             " \"m-2026\": {\"text-in\": 3}}";
  const Rt2Usage usage = { .known = TRUE, .input = 1, .input_text = 1 };

  assert_response (own, "gpt-realtime-2-2026-05-07", &usage, 1000000);
  assert_response (own, "gpt-realtime-2-2026-05-08", &usage, 4000000);
  assert_response (own, "m-2025", &usage, 2000000);
  assert_response (own, "m-2026", &usage, 3000000);
  assert_response (own, "m-2026-1111", &usage, 3000000);
}

/* --- what is laid over --- */

static void
test_laid_over (void)
{
  static const gchar cheaper[] = "{\"gpt-realtime-2\": {\"audio-out\": 0.5},"
                                 " \"mine\": {\"text-in\": 0.000001,"
                                 " \"text-out\": 1000000}}";
  const Rt2Usage one = {
    .known = TRUE,
    .input = 1,
    .output = 1,
    .input_text = 1,
    .output_text = 1,
  };

  /* 147 x 63.5 less than published. */
  assert_response (cheaper, "gpt-realtime-2", &captured,
      G_GUINT64_CONSTANT (10941600000) - 147 * G_GUINT64_CONSTANT (63500000));
  assert_response (
      cheaper, "gpt-realtime-2.1", &captured, G_GUINT64_CONSTANT (10941600000));
  assert_response (
      cheaper, "mine", &one, G_GUINT64_CONSTANT (1000000000000) + 1);
  assert_unknown (cheaper, "mine", &captured);
  assert_unknown ("{\"gpt-realtime-2\": null}", "gpt-realtime-2", &captured);
  assert_unknown ("{\"gpt-realtime-2\": {\"audio-out\": null}}",
      "gpt-realtime-2", &captured);
  assert_response ("{\"gpt-realtime-2\": {\"image-in\": null}}",
      "gpt-realtime-2", &captured, G_GUINT64_CONSTANT (10941600000));
  /* What is cached is input, and has its price if it has none of its own. */
  assert_response ("{\"gpt-realtime-2\": {\"audio-cached\": null}}",
      "gpt-realtime-2", &captured,
      G_GUINT64_CONSTANT (10941600000) + 64 * G_GUINT64_CONSTANT (31600000));
  assert_response (
      "{\"free\": {\"text-in\": 0, \"text-out\": 0}}", "free", &one, 0);
}

static void
test_refused (void)
{
  static const struct {
    const gchar *json;
    const gchar *word; /* in the message */
  } cases[] = {
    { "[]", NULL },
    { "4", NULL },
    { "{", NULL },
    { "{\"m\": 4}", "m:" },
    { "{\"m\": [4]}", "m:" },
    { "{\"m\": {\"text\": 4}}", "\"text\"" },
    { "{\"m\": {\"text_in\": 4}}", "text-in" },
    { "{\"m\": {\"text-in\": \"4\"}}", "text-in" },
    { "{\"m\": {\"text-in\": true}}", "text-in" },
    { "{\"m\": {\"text-in\": {}}}", "text-in" },
    { "{\"m\": {\"text-in\": -1}}", "text-in" },
    { "{\"m\": {\"text-in\": 1000001}}", "text-in" },
    { "{\"m\": {\"per-minute\": 1e300}}", "per-minute" },
    { "{\"gpt-realtime\": {\"audio-out\": 1}, \"m\": {\"\": 1}}", "m:" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;

    if (rt2_pricing_new (cases[i].json, &error))
      g_error ("taken: %s", cases[i].json);
    g_assert_nonnull (error);
    if (cases[i].word && !strstr (error->message, cases[i].word))
      g_error ("\"%s\" does not say %s", error->message, cases[i].word);
  }
}

/* --- what servers leave out --- */

/* Without details the highest price of the direction holds; of cached tokens
 * without details, text comes first. */
static void
test_missing_details (void)
{
  const Rt2Usage bare = { .known = TRUE, .input = 10, .output = 10 };
  const Rt2Usage part = { .known = TRUE, .input = 10, .input_text = 4 };
  const Rt2Usage cached = { .known = TRUE,
    .input = 30,
    .input_text = 10,
    .input_audio = 20,
    .cached = 16 };
  const Rt2Usage none = { .known = FALSE };
  const Rt2Usage nothing = { .known = TRUE };

  assert_response (NULL, "gpt-realtime-2", &bare, 10 * (32 + 64) * 1000000);
  assert_response (NULL, "gpt-realtime-2", &part, (4 * 4 + 6 * 32) * 1000000);
  assert_response (NULL, "gpt-realtime-2", &cached,
      10 * 400000 + 6 * 400000 + 14 * 32 * 1000000);
  assert_response (NULL, "gpt-realtime-2", &nothing, 0);
  assert_unknown (NULL, "gpt-realtime-2", &none);
  assert_unknown (NULL, "something-else", &captured);
  assert_unknown (NULL, "gpt-realtime-translate", &captured);
}

/* More cached than there is, and more than money can count. */
static void
test_absurd (void)
{
  Rt2Usage usage = { .known = TRUE,
    .input = 5,
    .input_text = 5,
    .cached = 500,
    .cached_text = 500 };
  g_autoptr (Rt2Pricing) pricing = make (NULL);
  Rt2Money cost;

  assert_response (NULL, "gpt-realtime-2", &usage, 5 * 400000);
  usage.input = usage.input_text = usage.input_audio = usage.input_image =
      usage.output = usage.output_text = usage.output_audio = G_MAXUINT64;
  usage.cached = usage.cached_text = usage.cached_audio = G_MAXUINT64;
  assert_response (NULL, "gpt-realtime-2", &usage, RT2_MONEY_MAX);
  usage.seconds = G_MAXUINT32;
  g_assert_true (
      rt2_pricing_of_transcription (pricing, "whisper-1", &usage, &cost));
  g_assert_cmpuint (
      cost, ==, G_MAXUINT32 * (G_GUINT64_CONSTANT (6000000000) / 60));
  g_assert_true (
      rt2_pricing_of_time (pricing, "whisper-1", G_MAXUINT64, &cost));
  g_assert_cmpuint (cost, <, RT2_MONEY_MAX);
}

/* --- transcription --- */

static void
test_transcription (void)
{
  static const gchar own[] = "{\"gpt-4o-transcribe\": {\"audio-in\": 6,"
                             " \"text-in\": 2.5, \"text-out\": 10}}";
  const Rt2Usage timed = { .known = TRUE, .seconds = 3 };
  const Rt2Usage tokens = {
    .known = TRUE,
    .total = 33,
    .input = 22,
    .input_audio = 20,
    .input_text = 2,
    .output = 11,
    .output_text = 11,
  };
  const Rt2Usage none = { .known = FALSE };
  g_autoptr (Rt2Pricing) published = make (NULL);
  g_autoptr (Rt2Pricing) mine = make (own);
  Rt2Money cost;

  g_assert_true (rt2_pricing_of_transcription (
      published, "gpt-realtime-whisper", &timed, &cost));
  g_assert_cmpuint (cost, ==, 850000000);
  /* 20 tokens of audio are 2 s. */
  g_assert_true (rt2_pricing_of_transcription (
      published, "gpt-4o-transcribe", &tokens, &cost));
  g_assert_cmpuint (cost, ==, 200000000);
  g_assert_true (
      rt2_pricing_of_transcription (mine, "gpt-4o-transcribe", &tokens, &cost));
  g_assert_cmpuint (cost, ==, 20 * 6000000 + 2 * 2500000 + 11 * 10000000);
  g_assert_false (rt2_pricing_of_transcription (
      published, "gpt-4o-transcribe", &none, &cost));
  g_assert_false (
      rt2_pricing_of_transcription (published, "another", &timed, &cost));
}

/* --- money --- */

static void
test_money (void)
{
  Rt2Money sum = 0;

  /* What doubles would lose: ten million times 0.1 microdollars is 1 USD. */
  for (guint i = 0; i < 10000000; i++)
    sum = rt2_money_add (sum, 100000);
  g_assert_cmpuint (sum, ==, RT2_MONEY_PER_USD);
  g_assert_cmpfloat (rt2_money_to_usd (sum), ==, 1.0);
  g_assert_cmpuint (
      rt2_money_add (RT2_MONEY_MAX, RT2_MONEY_MAX), ==, RT2_MONEY_MAX);
  g_assert_cmpuint (rt2_money_add (RT2_MONEY_MAX - 1, 1), ==, RT2_MONEY_MAX);
  g_assert_cmpuint (rt2_money_from_usd (0.05), ==, RT2_MONEY_PER_USD / 20);
  g_assert_cmpuint (rt2_money_from_usd (0), ==, 0);
  g_assert_cmpuint (rt2_money_from_usd (-1), ==, 0);
  g_assert_cmpuint (rt2_money_from_usd (1e300), ==, RT2_MONEY_MAX);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pricing/captured", test_captured);
  g_test_add_func ("/pricing/published", test_published);
  g_test_add_func ("/pricing/times", test_times);
  g_test_add_func ("/pricing/names", test_names);
  g_test_add_func ("/pricing/longest", test_longest);
  g_test_add_func ("/pricing/laid-over", test_laid_over);
  g_test_add_func ("/pricing/refused", test_refused);
  g_test_add_func ("/pricing/missing-details", test_missing_details);
  g_test_add_func ("/pricing/absurd", test_absurd);
  g_test_add_func ("/pricing/transcription", test_transcription);
  g_test_add_func ("/pricing/money", test_money);
  return g_test_run ();
}
