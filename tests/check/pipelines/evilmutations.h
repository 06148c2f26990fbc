/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Events that are right but for one value.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* @event with its @n-th value, counted through all of it, replaced by the JSON
 * text @value; NULL removes it. NULL if it has no so many. Caller frees it. */
gchar *evil_mutate (const gchar *event, guint n, const gchar *value);

G_END_DECLS
