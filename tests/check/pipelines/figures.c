/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Figures of a measurement, in ms.
 */
#include "figures.h"

void
figures_init (Figures *figures)
{
  figures->values = g_array_new (FALSE, FALSE, sizeof (gdouble));
}

void
figures_clear (Figures *figures)
{
  g_array_unref (figures->values);
}

void
figures_add (Figures *figures, gdouble value)
{
  g_array_append_val (figures->values, value);
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  gdouble x = *(const gdouble *) a, y = *(const gdouble *) b;

  return (x > y) - (x < y);
}

gdouble
figures_percentile (Figures *figures, guint percent)
{
  guint n = figures->values->len;

  if (n == 0)
    return 0;
  g_array_sort (figures->values, compare);
  return g_array_index (
      figures->values, gdouble, MIN ((n * percent + 99) / 100, n) - 1);
}

void
figures_print (Figures *figures, const gchar *name)
{
  g_print ("# %s: n %u, p50 %.2f ms, p95 %.2f ms, max %.2f ms\n", name,
      figures->values->len, figures_percentile (figures, 50),
      figures_percentile (figures, 95), figures_percentile (figures, 100));
}
