/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Prices and costs.
 */
#include "rt2pricing.h"

#include <math.h>
#include <string.h>

#include "rt2json.h"

#define NS_PER_MINUTE (G_GUINT64_CONSTANT (60) * 1000000000)
#define NS_PER_SECOND G_GUINT64_CONSTANT (1000000000)
/* What a token of a user's audio stands for. */
#define NS_PER_TOKEN (100 * G_GUINT64_CONSTANT (1000000))
/* USD; nothing costs more for 1M tokens or for a minute. */
#define MAX_PRICE 1000000.0

typedef enum {
  TEXT_IN,
  TEXT_CACHED,
  TEXT_OUT,
  AUDIO_IN,
  AUDIO_CACHED,
  AUDIO_OUT,
  IMAGE_IN,
  IMAGE_CACHED,
  PER_MINUTE,
  N_PRICES,
} Price;

static const gchar *const names[N_PRICES] = { "text-in", "text-cached",
  "text-out", "audio-in", "audio-cached", "audio-out", "image-in",
  "image-cached", "per-minute" };

/* No price is known. */
#define NONE G_MAXUINT64

/* Picodollars for one token, which is microdollars for 1M; PER_MINUTE:
 * picodollars for a minute. */
typedef struct {
  guint64 prices[N_PRICES];
} Prices;

struct _Rt2Pricing {
  GHashTable *models; /* name -> Prices* */
};

G_DEFINE_QUARK (rt2 - pricing - error - quark, rt2_pricing_error)

/* As published by the vendor; USD, as in the property. */
static const gchar published[] =
    "{"
    "\"gpt-realtime-2\": {\"text-in\": 4, \"text-cached\": 0.4,"
    " \"text-out\": 24, \"audio-in\": 32, \"audio-cached\": 0.4,"
    " \"audio-out\": 64, \"image-in\": 5, \"image-cached\": 0.5},"
    "\"gpt-realtime-2.1\": {\"text-in\": 4, \"text-cached\": 0.4,"
    " \"text-out\": 24, \"audio-in\": 32, \"audio-cached\": 0.4,"
    " \"audio-out\": 64, \"image-in\": 5, \"image-cached\": 0.5},"
    "\"gpt-realtime-2.1-mini\": {\"text-in\": 0.6, \"text-cached\": 0.06,"
    " \"text-out\": 2.4, \"audio-in\": 10, \"audio-cached\": 0.3,"
    " \"audio-out\": 20, \"image-in\": 0.8, \"image-cached\": 0.08},"
    "\"gpt-realtime-1.5\": {\"text-in\": 4, \"text-cached\": 0.4,"
    " \"text-out\": 16, \"audio-in\": 32, \"audio-cached\": 0.4,"
    " \"audio-out\": 64, \"image-in\": 5, \"image-cached\": 0.5},"
    "\"gpt-realtime\": {\"text-in\": 4, \"text-cached\": 0.4,"
    " \"text-out\": 16, \"audio-in\": 32, \"audio-cached\": 0.4,"
    " \"audio-out\": 64, \"image-in\": 5, \"image-cached\": 0.5},"
    "\"gpt-realtime-translate\": {\"per-minute\": 0.034},"
    "\"gpt-realtime-whisper\": {\"per-minute\": 0.017},"
    "\"gpt-live-transcribe\": {\"per-minute\": 0.017},"
    "\"gpt-transcribe\": {\"per-minute\": 0.0045},"
    "\"gpt-4o-transcribe\": {\"per-minute\": 0.006},"
    "\"gpt-4o-mini-transcribe\": {\"per-minute\": 0.003},"
    "\"whisper-1\": {\"per-minute\": 0.006}"
    "}";

/* --- money --- */

Rt2Money
rt2_money_add (Rt2Money a, Rt2Money b)
{
  guint64 sum;

  if (!g_uint64_checked_add (&sum, a, b))
    return RT2_MONEY_MAX;
  return MIN (sum, RT2_MONEY_MAX);
}

static Rt2Money
times (guint64 n, guint64 price)
{
  guint64 product;

  if (!g_uint64_checked_mul (&product, n, price))
    return RT2_MONEY_MAX;
  return MIN (product, RT2_MONEY_MAX);
}

gdouble
rt2_money_to_usd (Rt2Money money)
{
  return (gdouble) money / (gdouble) RT2_MONEY_PER_USD;
}

Rt2Money
rt2_money_from_usd (gdouble usd)
{
  gdouble money = round (usd * (gdouble) RT2_MONEY_PER_USD);

  if (!(money > 0))
    return 0;
  return money >= (gdouble) RT2_MONEY_MAX ? RT2_MONEY_MAX : (Rt2Money) money;
}

/* --- the table --- */

static Prices *
prices_of (Rt2Pricing *pricing, const gchar *model)
{
  Prices *prices = g_hash_table_lookup (pricing->models, model);

  if (prices)
    return prices;
  prices = g_new (Prices, 1);
  for (guint i = 0; i < N_PRICES; i++)
    prices->prices[i] = NONE;
  g_hash_table_insert (pricing->models, g_strdup (model), prices);
  return prices;
}

/* The price of this name; N_PRICES if there is none. */
static Price
price_of_name (const gchar *name)
{
  Price price = 0;

  while (price < N_PRICES && strcmp (names[price], name) != 0)
    price++;
  return price;
}

/* FALSE if @node is no price. A minute is counted as finely as 1M tokens. */
static gboolean
read_price (JsonNode *node, Price price, guint64 *value)
{
  gdouble usd;

  if (JSON_NODE_HOLDS_NULL (node)) {
    *value = NONE;
    return TRUE;
  }
  if (!JSON_NODE_HOLDS_VALUE (node)
      || (json_node_get_value_type (node) != G_TYPE_DOUBLE
          && json_node_get_value_type (node) != G_TYPE_INT64))
    return FALSE;
  usd = json_node_get_double (node);
  if (!(usd >= 0 && usd <= MAX_PRICE))
    return FALSE;
  *value = (guint64) round (usd * 1e6);
  if (price == PER_MINUTE)
    *value *= 1000000;
  return TRUE;
}

static gboolean
take_price (Prices *prices, const gchar *model, const gchar *name,
    JsonNode *node, GError **error)
{
  Price price = price_of_name (name);

  if (price == N_PRICES) {
    g_set_error (error, RT2_PRICING_ERROR, 0,
        "%s: there is no price \"%s\"; there are text-in, text-cached, "
        "text-out, audio-in, audio-cached, audio-out, image-in, image-cached "
        "and per-minute",
        model, name);
    return FALSE;
  }
  if (!read_price (node, price, &prices->prices[price])) {
    g_set_error (error, RT2_PRICING_ERROR, 0,
        "%s: %s must be a number of USD from 0 to 1000000, or null", model,
        name);
    return FALSE;
  }
  return TRUE;
}

static gboolean
take_model (
    Rt2Pricing *pricing, const gchar *model, JsonNode *node, GError **error)
{
  JsonObjectIter iter;
  JsonNode *price;
  const gchar *name;

  if (JSON_NODE_HOLDS_NULL (node)) {
    g_hash_table_remove (pricing->models, model);
    return TRUE;
  }
  if (!JSON_NODE_HOLDS_OBJECT (node)) {
    g_set_error (error, RT2_PRICING_ERROR, 0,
        "%s: must be an object of prices, or null", model);
    return FALSE;
  }
  json_object_iter_init (&iter, json_node_get_object (node));
  while (json_object_iter_next (&iter, &name, &price))
    if (!take_price (prices_of (pricing, model), model, name, price, error))
      return FALSE;
  return TRUE;
}

static gboolean
lay_over (Rt2Pricing *pricing, const gchar *json, GError **error)
{
  JsonObject *object = rt2_json_parse_object (json, strlen (json), error);
  JsonObjectIter iter;
  JsonNode *node;
  const gchar *model;
  gboolean ok = object != NULL;

  if (!object)
    return FALSE;
  json_object_iter_init (&iter, object);
  while (ok && json_object_iter_next (&iter, &model, &node))
    ok = take_model (pricing, model, node, error);
  json_object_unref (object);
  return ok;
}

Rt2Pricing *
rt2_pricing_new (const gchar *json, GError **error)
{
  Rt2Pricing *pricing = g_new0 (Rt2Pricing, 1);
  gboolean ok;

  pricing->models = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, g_free);
  ok = lay_over (pricing, published, NULL);
  g_assert (ok);
  if (json && *json && !lay_over (pricing, json, error))
    g_clear_pointer (&pricing, rt2_pricing_free);
  return pricing;
}

void
rt2_pricing_free (Rt2Pricing *pricing)
{
  if (!pricing)
    return;
  g_hash_table_unref (pricing->models);
  g_free (pricing);
}

/* --- looking up --- */

/* Whether @text is like @pattern, in which 0 stands for any digit. */
static gboolean
is_like (const gchar *text, const gchar *pattern)
{
  for (; *text && *pattern; text++, pattern++)
    if (*pattern == '0' ? !g_ascii_isdigit (*text) : *text != *pattern)
      return FALSE;
  return *text == *pattern;
}

/* Whether @suffix is what a snapshot of a model has behind the model's name. */
static gboolean
is_snapshot (const gchar *suffix)
{
  return is_like (suffix, "-0000-00-00") || is_like (suffix, "-0000")
      || strcmp (suffix, "-latest") == 0;
}

static const Prices *
find (const Rt2Pricing *pricing, const gchar *model)
{
  const Prices *best = model ? g_hash_table_lookup (pricing->models, model)
                             : NULL;
  gsize longest = 0;
  GHashTableIter iter;
  gpointer name, prices;

  if (best || !model)
    return best;
  g_hash_table_iter_init (&iter, pricing->models);
  while (g_hash_table_iter_next (&iter, &name, &prices)) {
    gsize length = strlen (name);

    if (length < longest || !g_str_has_prefix (model, name)
        || !is_snapshot (model + length))
      continue;
    longest = length;
    best = prices;
  }
  return best;
}

gboolean
rt2_pricing_knows (const Rt2Pricing *pricing, const gchar *model)
{
  return find (pricing, model) != NULL;
}

/* --- costs --- */

/* FALSE if there are @n of what has no price. */
static gboolean
charge (const Prices *prices, Price price, guint64 n, Rt2Money *cost)
{
  if (n == 0)
    return TRUE;
  if (prices->prices[price] == NONE)
    return FALSE;
  *cost = rt2_money_add (*cost, times (n, prices->prices[price]));
  return TRUE;
}

/* @n tokens of input, of which @cached are. */
static gboolean
charge_input (const Prices *prices, Price input, Price cached_price, guint64 n,
    guint64 cached, Rt2Money *cost)
{
  guint64 from_cache = MIN (n, cached);

  if (prices->prices[cached_price] == NONE)
    cached_price = input;
  return charge (prices, input, n - from_cache, cost)
      && charge (prices, cached_price, from_cache, cost);
}

/* The highest of three prices, one of which may stand twice. */
static Price
dearest (const Prices *prices, Price a, Price b, Price c)
{
  const Price all[] = { a, b, c };
  Price best = N_PRICES;

  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    if (prices->prices[all[i]] != NONE
        && (best == N_PRICES || prices->prices[all[i]] > prices->prices[best]))
      best = all[i];
  return best == N_PRICES ? a : best;
}

/* What of @total the kinds do not add up to. */
static guint64
rest_of (guint64 total, guint64 a, guint64 b, guint64 c)
{
  total -= MIN (total, a);
  total -= MIN (total, b);
  return total - MIN (total, c);
}

/* Cached tokens whose kind is not told are taken for text first, which is most
 * of what is read again, then for audio. */
static void
spread_cached (const Rt2Usage *usage, guint64 *text, guint64 *audio)
{
  guint64 rest = rest_of (usage->cached, usage->cached_text,
      usage->cached_audio, usage->cached_image);
  guint64 room = usage->input_text
      - MIN (usage->input_text, usage->cached_text);

  *text = usage->cached_text + MIN (rest, room);
  *audio = usage->cached_audio + (rest - MIN (rest, room));
}

gboolean
rt2_pricing_of_response (const Rt2Pricing *pricing, const gchar *model,
    const Rt2Usage *usage, Rt2Money *cost)
{
  const Prices *prices = find (pricing, model);
  guint64 text, audio;

  *cost = 0;
  if (!prices || !usage->known)
    return FALSE;
  spread_cached (usage, &text, &audio);
  return charge_input (
             prices, TEXT_IN, TEXT_CACHED, usage->input_text, text, cost)
      && charge_input (
          prices, AUDIO_IN, AUDIO_CACHED, usage->input_audio, audio, cost)
      && charge_input (prices, IMAGE_IN, IMAGE_CACHED, usage->input_image,
          usage->cached_image, cost)
      && charge (prices, dearest (prices, TEXT_IN, AUDIO_IN, IMAGE_IN),
          rest_of (usage->input, usage->input_text, usage->input_audio,
              usage->input_image),
          cost)
      && charge (prices, TEXT_OUT, usage->output_text, cost)
      && charge (prices, AUDIO_OUT, usage->output_audio, cost)
      && charge (prices, dearest (prices, TEXT_OUT, AUDIO_OUT, TEXT_OUT),
          rest_of (usage->output, usage->output_text, usage->output_audio, 0),
          cost);
}

gboolean
rt2_pricing_of_time (
    const Rt2Pricing *pricing, const gchar *model, guint64 ns, Rt2Money *cost)
{
  const Prices *prices = find (pricing, model);
  guint64 price, minutes, rest;

  *cost = 0;
  if (!prices || prices->prices[PER_MINUTE] == NONE)
    return FALSE;
  price = prices->prices[PER_MINUTE];
  minutes = ns / NS_PER_MINUTE;
  rest = ns % NS_PER_MINUTE;
  /* Prices are whole microdollars, so this is exact to the microsecond. */
  *cost = rt2_money_add (times (minutes, price),
      times (rest / 1000, price / 1000000) / (NS_PER_MINUTE / 1000000000));
  return TRUE;
}

gboolean
rt2_pricing_of_transcription (const Rt2Pricing *pricing, const gchar *model,
    const Rt2Usage *usage, Rt2Money *cost)
{
  gboolean timed = usage->seconds > 0 || usage->total == 0;

  *cost = 0;
  if (!usage->known)
    return FALSE;
  if (timed)
    return rt2_pricing_of_time (
        pricing, model, usage->seconds * NS_PER_SECOND, cost);
  return rt2_pricing_of_response (pricing, model, usage, cost)
      || rt2_pricing_of_time (pricing, model,
          MIN (usage->input_audio, G_MAXUINT32) * NS_PER_TOKEN, cost);
}
