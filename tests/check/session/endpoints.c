/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two endpoints: which is next, and how it ends.
 */
#include "rt2endpoints.h"

#define SECOND (G_GUINT64_CONSTANT (1000000000))

static Rt2EndpointsStep
fail (Rt2Endpoints *endpoints, Rt2FaultKind kind, gboolean again)
{
  g_autoptr (Rt2Fault) fault = rt2_fault_new (kind, "fault %d", kind);

  return rt2_endpoints_failed (endpoints, fault, again);
}

static void
test_alone (void)
{
  Rt2Endpoints *endpoints = rt2_endpoints_new (FALSE, 0);

  for (guint i = 0; i < 100; i++)
    g_assert_cmpint (
        fail (endpoints, RT2_FAULT_LOST, TRUE), ==, RT2_ENDPOINTS_STAY);
  g_assert_null (rt2_endpoints_verdict (endpoints));
  g_assert_cmpint (
      fail (endpoints, RT2_FAULT_AUTH, FALSE), ==, RT2_ENDPOINTS_END);
  g_assert_cmpint (rt2_endpoints_current (endpoints), ==, RT2_ENDPOINT_FIRST);
  rt2_endpoints_free (endpoints);
}

/* Both down for a while: by turns. */
static void
test_by_turns (void)
{
  Rt2Endpoints *endpoints = rt2_endpoints_new (TRUE, 60 * SECOND);

  for (guint i = 0; i < 100; i++) {
    gboolean move = i % RT2_ENDPOINTS_PATIENCE == RT2_ENDPOINTS_PATIENCE - 1;

    g_assert_cmpint (rt2_endpoints_current (endpoints), ==,
        i / RT2_ENDPOINTS_PATIENCE % 2 ? RT2_ENDPOINT_FALLBACK
                                       : RT2_ENDPOINT_FIRST);
    g_assert_cmpint (fail (endpoints, RT2_FAULT_BUSY, TRUE), ==,
        move ? RT2_ENDPOINTS_MOVE : RT2_ENDPOINTS_STAY);
  }
  rt2_endpoints_free (endpoints);
}

/* In a row: what worked in between counts anew. */
static void
test_in_a_row (void)
{
  Rt2Endpoints *endpoints = rt2_endpoints_new (TRUE, 60 * SECOND);

  for (guint i = 0; i < 10; i++) {
    g_assert_cmpint (
        fail (endpoints, RT2_FAULT_LOST, TRUE), ==, RT2_ENDPOINTS_STAY);
    rt2_endpoints_worked (endpoints);
  }
  rt2_endpoints_free (endpoints);
}

/* Every cause that is of one endpoint alone. */
static void
test_at_once (void)
{
  static const Rt2FaultKind kinds[] = { RT2_FAULT_AUTH, RT2_FAULT_QUOTA,
    RT2_FAULT_NOT_FOUND, RT2_FAULT_TLS, RT2_FAULT_HTTP, RT2_FAULT_REJECTED,
    RT2_FAULT_CLOSED, RT2_FAULT_PROTOCOL };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++) {
    Rt2Endpoints *endpoints = rt2_endpoints_new (TRUE, 60 * SECOND);

    g_assert_cmpint (fail (endpoints, kinds[i], FALSE), ==, RT2_ENDPOINTS_MOVE);
    g_assert_cmpint (
        rt2_endpoints_current (endpoints), ==, RT2_ENDPOINT_FALLBACK);
    /* For good on both: the first one's. */
    g_assert_cmpint (
        fail (endpoints, RT2_FAULT_NOT_FOUND, FALSE), ==, RT2_ENDPOINTS_END);
    g_assert_cmpint (rt2_endpoints_verdict (endpoints)->kind, ==, kinds[i]);
    rt2_endpoints_free (endpoints);
  }
}

static void
test_settings (void)
{
  Rt2Endpoints *endpoints = rt2_endpoints_new (TRUE, 60 * SECOND);

  g_assert_cmpint (
      fail (endpoints, RT2_FAULT_SETTINGS, FALSE), ==, RT2_ENDPOINTS_END);
  g_assert_cmpint (
      rt2_endpoints_verdict (endpoints)->kind, ==, RT2_FAULT_SETTINGS);
  rt2_endpoints_free (endpoints);

  /* Of the fallback: as if there were none. */
  endpoints = rt2_endpoints_new (TRUE, 60 * SECOND);
  fail (endpoints, RT2_FAULT_BUSY, TRUE);
  g_assert_cmpint (
      fail (endpoints, RT2_FAULT_BUSY, TRUE), ==, RT2_ENDPOINTS_MOVE);
  g_assert_cmpint (
      fail (endpoints, RT2_FAULT_SETTINGS, FALSE), ==, RT2_ENDPOINTS_MOVE);
  for (guint i = 0; i < 10; i++)
    g_assert_cmpint (
        fail (endpoints, RT2_FAULT_BUSY, TRUE), ==, RT2_ENDPOINTS_STAY);
  g_assert_null (rt2_endpoints_verdict (endpoints));
  rt2_endpoints_free (endpoints);
}

/* No try is left: each has one all the same. */
static void
test_run_out (void)
{
  Rt2Endpoints *endpoints = rt2_endpoints_new (TRUE, 60 * SECOND);

  g_assert_cmpint (
      fail (endpoints, RT2_FAULT_BUSY, FALSE), ==, RT2_ENDPOINTS_MOVE);
  g_assert_cmpint (
      fail (endpoints, RT2_FAULT_BUSY, FALSE), ==, RT2_ENDPOINTS_END);
  rt2_endpoints_free (endpoints);

  endpoints = rt2_endpoints_new (TRUE, 60 * SECOND);
  fail (endpoints, RT2_FAULT_BUSY, TRUE);
  fail (endpoints, RT2_FAULT_BUSY, TRUE);
  g_assert_cmpint (
      fail (endpoints, RT2_FAULT_BUSY, FALSE), ==, RT2_ENDPOINTS_END);
  rt2_endpoints_free (endpoints);
}

/* With the first gone for good the fallback is tried as often as it takes. */
static void
test_no_way_back (void)
{
  Rt2Endpoints *endpoints = rt2_endpoints_new (TRUE, 60 * SECOND);

  g_assert_cmpint (
      fail (endpoints, RT2_FAULT_AUTH, FALSE), ==, RT2_ENDPOINTS_MOVE);
  for (guint i = 0; i < 10; i++)
    g_assert_cmpint (
        fail (endpoints, RT2_FAULT_LOST, TRUE), ==, RT2_ENDPOINTS_STAY);
  /* Until it is found to be well again. */
  rt2_endpoints_moved (endpoints, RT2_ENDPOINT_FIRST);
  g_assert_null (rt2_endpoints_verdict (endpoints));
  g_assert_cmpint (
      fail (endpoints, RT2_FAULT_LOST, TRUE), ==, RT2_ENDPOINTS_STAY);
  g_assert_cmpint (
      fail (endpoints, RT2_FAULT_LOST, TRUE), ==, RT2_ENDPOINTS_MOVE);
  rt2_endpoints_free (endpoints);
}

/* What was wrong for good, hours ago, is no reason to stay away for ever. */
static void
test_forgiven (void)
{
  Rt2Endpoints *endpoints = rt2_endpoints_new (TRUE, 60 * SECOND);

  fail (endpoints, RT2_FAULT_QUOTA, FALSE);
  rt2_endpoints_worked (endpoints);
  g_assert_null (rt2_endpoints_verdict (endpoints));
  g_assert_cmpint (
      fail (endpoints, RT2_FAULT_LOST, TRUE), ==, RT2_ENDPOINTS_STAY);
  g_assert_cmpint (
      fail (endpoints, RT2_FAULT_LOST, TRUE), ==, RT2_ENDPOINTS_MOVE);
  /* There as well: both for good, and without a session in between. */
  fail (endpoints, RT2_FAULT_QUOTA, FALSE);
  g_assert_cmpint (
      fail (endpoints, RT2_FAULT_AUTH, FALSE), ==, RT2_ENDPOINTS_END);
  rt2_endpoints_free (endpoints);
}

static void
test_looks (void)
{
  static const guint64 seconds[] = { 60, 120, 240, 480, 600, 600, 600 };
  Rt2Endpoints *endpoints = rt2_endpoints_new (TRUE, 60 * SECOND);

  for (guint i = 0; i < G_N_ELEMENTS (seconds); i++)
    g_assert_cmpuint (
        rt2_endpoints_next_look (endpoints), ==, seconds[i] * SECOND);
  /* Back for a moment is not well. */
  rt2_endpoints_moved (endpoints, RT2_ENDPOINT_FIRST);
  g_assert_cmpuint (rt2_endpoints_next_look (endpoints), ==, 600 * SECOND);
  rt2_endpoints_worked (endpoints);
  g_assert_cmpuint (rt2_endpoints_next_look (endpoints), ==, 60 * SECOND);
  /* That the fallback works says nothing of the first. */
  rt2_endpoints_moved (endpoints, RT2_ENDPOINT_FALLBACK);
  rt2_endpoints_worked (endpoints);
  g_assert_cmpuint (rt2_endpoints_next_look (endpoints), ==, 120 * SECOND);
  rt2_endpoints_free (endpoints);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/endpoints/alone", test_alone);
  g_test_add_func ("/endpoints/by-turns", test_by_turns);
  g_test_add_func ("/endpoints/in-a-row", test_in_a_row);
  g_test_add_func ("/endpoints/at-once", test_at_once);
  g_test_add_func ("/endpoints/settings", test_settings);
  g_test_add_func ("/endpoints/run-out", test_run_out);
  g_test_add_func ("/endpoints/no-way-back", test_no_way_back);
  g_test_add_func ("/endpoints/forgiven", test_forgiven);
  g_test_add_func ("/endpoints/looks", test_looks);
  return g_test_run ();
}
