/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Utterances that carry a number, so that each of the user's turns is known
 * again in whatever audio it turns up. Pure.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define CHAOS_RATE 24000
/* Samples of a symbol, and of all that is needed to know the number. */
#define CHAOS_SYMBOL (CHAOS_RATE / 10)
#define CHAOS_SYMBOLS 7
#define CHAOS_CODE (CHAOS_SYMBOL * CHAOS_SYMBOLS)
/* Numbers are less than this. */
#define CHAOS_NUMBERS 4096

/* The @n samples from @from on of utterance @number. What follows the code is a
 * plain tone. */
void chaos_code_write (guint number, guint64 from, gint16 *samples, gsize n);

/* The number of the first whole code in @samples from *@from on, which is then
 * behind it; -1 if there is none. */
gint chaos_code_find (const gint16 *samples, gsize n, gsize *from);

G_END_DECLS
