/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tones of a telephone's keys (ITU-T Q.23): 100 ms each, 100 ms apart.
 * Pure.
 */
#pragma once

#include "rt2types.h"

G_BEGIN_DECLS

#define RT2_DTMF_KEYS "0123456789*#ABCD"

/* @keys, all of them of RT2_DTMF_KEYS, as audio. New reference. */
GBytes *rt2_dtmf_make (Rt2AudioFormat format, const gchar *keys);

G_END_DECLS
