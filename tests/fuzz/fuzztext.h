/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rules of the pure functions that bytes of a peer, or of a user, go through
 * besides the parser of events.
 */
#pragma once

#include "fuzz.h"

G_BEGIN_DECLS

/* @text is one JSON object in UTF-8. */
void fuzz_check_object (const gchar *text);
/* The object @text has no string member @name. */
void fuzz_check_no_string (const gchar *text, const gchar *name);

/* All of them, with the @size bytes at @text. */
void fuzz_check_texts (const gchar *text, gsize size);

G_END_DECLS
