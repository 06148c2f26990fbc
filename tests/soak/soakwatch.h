/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Watches over what must come to an end: if it does not, it is said where every
 * thread of the process stands, and the process aborts.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _SoakWatch SoakWatch;

/* @what must be over, and soak_watch_end() called, within @limit us. */
SoakWatch *soak_watch_begin (const gchar *what, gint64 limit);
void soak_watch_end (SoakWatch *watch);

/* Prints the stacks of all threads to stderr: with gdb if that is there, else
 * each thread prints its own, as far as symbols are exported. */
void soak_watch_print_stacks (void);

G_END_DECLS
