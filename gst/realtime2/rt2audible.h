/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where sound begins in what a synthesizer gives: it opens with silence that is
 * not quite digital. Pure.
 */
#pragma once

#include "rt2types.h"

G_BEGIN_DECLS

/* The largest sample, of 32768, that nobody hears: -50 dB of full scale. */
#define RT2_AUDIBLE_LEVEL 103

/* The first of the @n samples in @data that is louder; @n if none is. */
guint64 rt2_audible_find (Rt2AudioFormat format, const guint8 *data, guint64 n);

G_END_DECLS
