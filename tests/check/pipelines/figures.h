/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Figures of a measurement, in ms.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  GArray *values; /* gdouble */
} Figures;

void figures_init (Figures *figures);
void figures_clear (Figures *figures);
void figures_add (Figures *figures, gdouble value);
/* The smallest value that @percent of all do not exceed; 0 of none. */
gdouble figures_percentile (Figures *figures, guint percent);
/* Prints a comment line with name, number, p50, p95 and maximum. */
void figures_print (Figures *figures, const gchar *name);

G_END_DECLS
