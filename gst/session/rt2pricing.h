/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What it costs: prices by the name of the model, as data, and what comes of
 * them for counts of tokens and for times. Money is whole picodollars, so that
 * sums do not drift: a price in dollars for 1M tokens, taken to the sixth
 * decimal, is a whole number of them for one token. Pure.
 */
#pragma once

#include "rt2protocol.h"

G_BEGIN_DECLS

typedef struct _Rt2Pricing Rt2Pricing;

/* Picodollars. Sums stop at RT2_MONEY_MAX, about 18 million dollars. */
typedef guint64 Rt2Money;
#define RT2_MONEY_MAX (G_MAXUINT64 - 1)
#define RT2_MONEY_PER_USD (G_GUINT64_CONSTANT (1000000000000))

#define RT2_PRICING_ERROR (rt2_pricing_error_quark ())
GQuark rt2_pricing_error_quark (void);

/* The published prices with those of @json laid over: an object with one object
 * for each model, with prices in USD, for 1M tokens "text-in", "text-cached",
 * "text-out", "audio-in", "audio-cached", "audio-out", "image-in",
 * "image-cached", and for a minute of audio "per-minute". What is not named
 * stays; null takes a price away, or all of a model. NULL or empty: the
 * published prices as they are. NULL, and an error that names the place, if
 * @json is something else. */
Rt2Pricing *rt2_pricing_new (const gchar *json, GError **error);
void rt2_pricing_free (Rt2Pricing *pricing);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rt2Pricing, rt2_pricing_free)

/* Whether anything is known of @model: by its name, or by that of which it is a
 * snapshot, NAME-YYYY-MM-DD, NAME-MMDD or NAME-latest; the longest name counts.
 * @model may be NULL. */
gboolean rt2_pricing_knows (const Rt2Pricing *pricing, const gchar *model);

/* Each of these sets *cost and returns TRUE, or returns FALSE if the price of
 * something in it is not known. */

/* A response. Cached tokens are part of the input and cost their own price, or
 * that of the input if they have none. Tokens whose kind the server did not
 * tell cost the highest price of their direction. */
gboolean rt2_pricing_of_response (const Rt2Pricing *pricing, const gchar *model,
    const Rt2Usage *usage, Rt2Money *cost);

/* What it took to write down what a user said: by its tokens where they have
 * prices, else by its time, of which a token of audio is 100 ms. */
gboolean rt2_pricing_of_transcription (const Rt2Pricing *pricing,
    const gchar *model, const Rt2Usage *usage, Rt2Money *cost);

/* @ns of audio with a model that is billed by time. */
gboolean rt2_pricing_of_time (
    const Rt2Pricing *pricing, const gchar *model, guint64 ns, Rt2Money *cost);

/* @a + @b, RT2_MONEY_MAX at most. */
Rt2Money rt2_money_add (Rt2Money a, Rt2Money b);
gdouble rt2_money_to_usd (Rt2Money money);
/* Rounded; 0 for what is negative or no number. */
Rt2Money rt2_money_from_usd (gdouble usd);

G_END_DECLS
