/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of what aborts the process.
 */
#include "testtrap.h"

void
testtrap_expect (const gchar *says)
{
  g_test_trap_subprocess (NULL, 0, 0);
  if (says == NULL) {
    g_test_trap_assert_passed ();
    return;
  }
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr (says);
}

static void
test_unwatched (void)
{
  const gchar *why = "built without -Ddebug=true: nobody watches";

  if (g_getenv ("CI"))
    g_test_fail_printf ("%s", why);
  else
    g_test_skip (why);
}

void
testtrap_add_unwatched (void)
{
  g_test_add_func ("/watched", test_unwatched);
}
