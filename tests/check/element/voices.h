/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Real speech, 24 kHz: the sandbox's voice, and recordings of a woman who reads
 * the prompts of a telephone exchange.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define VOICES_RATE 24000

/* What the agent says in @voice, about a minute of it; gint16. */
GArray *voices_agent (const gchar *voice);

/* More than three minutes of the recordings; gint16. */
GArray *voices_human (void);

G_END_DECLS
