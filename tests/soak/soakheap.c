/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The heap in use, and how fast it grows.
 */
#include "soakheap.h"

#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

typedef struct {
  gdouble at; /* units */
  gsize bytes;
  gsize rss; /* KiB */
} Point;

/* So that the record does not grow while it is made. */
#define RESERVED 8192

void
soak_heap_init (SoakHeap *heap, const gchar *unit)
{
  heap->unit = unit;
  heap->points = g_array_sized_new (FALSE, FALSE, sizeof (Point), RESERVED);
}

void
soak_heap_clear (SoakHeap *heap)
{
  g_array_unref (heap->points);
}

gsize
soak_heap_now (void)
{
  struct mallinfo2 info = mallinfo2 ();

  return info.uordblks + info.hblkhd;
}

static gsize
rss_now (void)
{
  unsigned long size, resident = 0;
  FILE *file = fopen ("/proc/self/statm", "r");

  if (file == NULL)
    return 0;
  if (fscanf (file, "%lu %lu", &size, &resident) != 2)
    resident = 0;
  fclose (file);
  return resident * (sysconf (_SC_PAGESIZE) / 1024);
}

void
soak_heap_add (SoakHeap *heap, gdouble at, gsize bytes)
{
  Point point = { at, bytes, rss_now () };

  g_array_append_val (heap->points, point);
}

void
soak_heap_note (SoakHeap *heap, gdouble at)
{
  soak_heap_add (heap, at, soak_heap_now ());
}

static const Point *
point_at (const SoakHeap *heap, guint i)
{
  return &g_array_index (heap->points, Point, i);
}

static guint
first_from (const SoakHeap *heap, gdouble from)
{
  guint i = 0;

  while (i + 1 < heap->points->len && point_at (heap, i)->at < from)
    i++;
  return i;
}

gdouble
soak_heap_slope (const SoakHeap *heap, gdouble from)
{
  gdouble n = 0, x = 0, y = 0, xy = 0, xx = 0;

  for (guint i = first_from (heap, from); i < heap->points->len; i++) {
    const Point *point = point_at (heap, i);

    n++;
    x += point->at;
    y += point->bytes;
    xy += point->at * point->bytes;
    xx += point->at * point->at;
  }
  return n < 2 ? 0 : (n * xy - x * y) / (n * xx - x * x);
}

void
soak_heap_print (const SoakHeap *heap, gdouble from, gdouble limit)
{
  const Point *first = point_at (heap, first_from (heap, from));
  const Point *last = point_at (heap, heap->points->len - 1);

  g_print ("# heap: %" G_GSIZE_FORMAT " bytes after %.4g, %" G_GSIZE_FORMAT
           " after %.4g: %.1f bytes per %s (limit %.0f); RSS %" G_GSIZE_FORMAT
           " KiB, then %" G_GSIZE_FORMAT "\n",
      first->bytes, first->at, last->bytes, last->at,
      soak_heap_slope (heap, from), heap->unit, limit, first->rss, last->rss);
}

void
soak_heap_check (const SoakHeap *heap, gdouble from, gdouble limit)
{
  soak_heap_print (heap, from, limit);
  if (SOAK_HEAP_COUNTS)
    g_assert_cmpfloat (soak_heap_slope (heap, from), <=, limit);
}
