/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of what aborts the process, in a child of their own.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Runs the test that calls it again in a child, in which g_test_subprocess() is
 * TRUE. With @says, a pattern, the child must abort and say so on stderr; with
 * NULL it must end well. */
void testtrap_expect (const gchar *says);

/* In place of tests of a watch that only builds with debugging keep: a test
 * that is skipped, but fails in continuous integration. */
void testtrap_add_unwatched (void);

G_END_DECLS
