/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For the tests of the session library: events as text, and data files.
 */
#pragma once

#include "rt2protocol.h"

G_BEGIN_DECLS

/* Every field of @event that is not 0, on one line; strings as they are. Fails
 * the test if one of them is not UTF-8. */
gchar *event_dump (const Rt2Event *event);

/* The lines of tests/check/session/data/@name. */
gchar **data_lines (const gchar *name);

/* @size bytes at @text in a block of just that size, so that a sanitizer sees
 * every read beyond. */
gchar *exact_copy (const gchar *text, gsize size);

G_END_DECLS
