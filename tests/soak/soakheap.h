/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The heap in use over the course of something, and how fast it grows: the
 * slope of the line of least squares.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether the figures mean anything: the sanitizers have a heap of their own.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SOAK_HEAP_COUNTS FALSE
#else
#define SOAK_HEAP_COUNTS TRUE
#endif

typedef struct {
  const gchar *unit; /* of what the slope is told by, static */
  GArray *points;    /* Point, see soakheap.c */
} SoakHeap;

void soak_heap_init (SoakHeap *heap, const gchar *unit);
void soak_heap_clear (SoakHeap *heap);

/* Bytes in use now. */
gsize soak_heap_now (void);
/* It is as full as it is after @at units. */
void soak_heap_note (SoakHeap *heap, gdouble at);

/* So many bytes were in use at @at units. */
void soak_heap_add (SoakHeap *heap, gdouble at, gsize bytes);

/* Bytes per unit, from @from units on. */
gdouble soak_heap_slope (const SoakHeap *heap, gdouble from);
/* Prints the figures from @from on, RSS too. */
void soak_heap_print (const SoakHeap *heap, gdouble from, gdouble limit);
/* Prints them, and checks that the slope is not above @limit. */
void soak_heap_check (const SoakHeap *heap, gdouble from, gdouble limit);

G_END_DECLS
