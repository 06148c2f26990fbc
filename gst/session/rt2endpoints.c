/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is known of either endpoint.
 */
#include "rt2endpoints.h"

typedef struct {
  guint failures; /* in a row, since it became the current one */
  gboolean tried; /* in vain, since one of the two last worked */
  Rt2Fault *dead; /* why trying it again is no use; NULL if it may be */
} Endpoint;

struct _Rt2Endpoints {
  Endpoint endpoints[2]; /* index: Rt2EndpointId */
  gboolean has_fallback;
  Rt2EndpointId current;
  guint64 shortest_look; /* ns */
  guint64 look;          /* ns, the next answer of next_look() */
};

Rt2Endpoints *
rt2_endpoints_new (gboolean has_fallback, guint64 look)
{
  Rt2Endpoints *endpoints = g_new0 (Rt2Endpoints, 1);

  endpoints->has_fallback = has_fallback;
  endpoints->shortest_look = endpoints->look = look;
  return endpoints;
}

static void
forget (Endpoint *endpoint)
{
  endpoint->failures = 0;
  g_clear_pointer (&endpoint->dead, rt2_fault_free);
}

void
rt2_endpoints_free (Rt2Endpoints *endpoints)
{
  forget (&endpoints->endpoints[RT2_ENDPOINT_FIRST]);
  forget (&endpoints->endpoints[RT2_ENDPOINT_FALLBACK]);
  g_free (endpoints);
}

Rt2EndpointId
rt2_endpoints_current (const Rt2Endpoints *endpoints)
{
  return endpoints->current;
}

static Rt2EndpointId
other_of (Rt2EndpointId id)
{
  return id == RT2_ENDPOINT_FIRST ? RT2_ENDPOINT_FALLBACK : RT2_ENDPOINT_FIRST;
}

static void
note_failure (Endpoint *endpoint, const Rt2Fault *fault, gboolean again)
{
  endpoint->failures++;
  endpoint->tried = TRUE;
  if (again)
    return;
  rt2_fault_free (endpoint->dead);
  endpoint->dead = rt2_fault_copy (fault);
}

/* Whether the other is next. When tries run out each has had one at least. */
static gboolean
is_left (const Endpoint *here, const Endpoint *other, const Rt2Fault *fault,
    gboolean again)
{
  if (other->dead)
    return FALSE;
  if (again)
    return here->failures >= RT2_ENDPOINTS_PATIENCE;
  return !other->tried
      || !rt2_fault_should_retry (fault, RT2_RETRIES_FOREVER, 1, TRUE);
}

Rt2EndpointsStep
rt2_endpoints_failed (
    Rt2Endpoints *endpoints, const Rt2Fault *fault, gboolean again)
{
  Endpoint *here = &endpoints->endpoints[endpoints->current];
  Rt2EndpointId id = other_of (endpoints->current);
  Endpoint *other = &endpoints->endpoints[id];

  note_failure (here, fault, again);
  if (fault->kind == RT2_FAULT_SETTINGS && id == RT2_ENDPOINT_FALLBACK)
    return RT2_ENDPOINTS_END;
  if (endpoints->has_fallback && is_left (here, other, fault, again)) {
    endpoints->current = id;
    other->failures = 0;
    return RT2_ENDPOINTS_MOVE;
  }
  return again ? RT2_ENDPOINTS_STAY : RT2_ENDPOINTS_END;
}

const Rt2Fault *
rt2_endpoints_verdict (const Rt2Endpoints *endpoints)
{
  return endpoints->endpoints[RT2_ENDPOINT_FIRST].dead;
}

void
rt2_endpoints_moved (Rt2Endpoints *endpoints, Rt2EndpointId id)
{
  endpoints->current = id;
  forget (&endpoints->endpoints[id]);
}

void
rt2_endpoints_worked (Rt2Endpoints *endpoints)
{
  for (Rt2EndpointId id = RT2_ENDPOINT_FIRST; id <= RT2_ENDPOINT_FALLBACK;
       id++) {
    forget (&endpoints->endpoints[id]);
    endpoints->endpoints[id].tried = FALSE;
  }
  if (endpoints->current == RT2_ENDPOINT_FIRST)
    endpoints->look = endpoints->shortest_look;
}

guint64
rt2_endpoints_next_look (Rt2Endpoints *endpoints)
{
  guint64 look = endpoints->look;

  endpoints->look = MIN (
      2 * look, RT2_ENDPOINTS_LONGEST_LOOK * endpoints->shortest_look);
  return look;
}
