/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two servers that may take the conversation: which of them is tried next after
 * a failure, and when the first is looked at again. Pure: knows no address and
 * no clock.
 */
#pragma once

#include "rt2fault.h"

G_BEGIN_DECLS

typedef struct _Rt2Endpoints Rt2Endpoints;

typedef enum {
  RT2_ENDPOINT_FIRST,
  RT2_ENDPOINT_FALLBACK,
} Rt2EndpointId;

typedef enum {
  RT2_ENDPOINTS_STAY, /* try again where we are */
  RT2_ENDPOINTS_MOVE, /* try the other, which is the current one now */
  RT2_ENDPOINTS_END,  /* neither is any good */
} Rt2EndpointsStep;

/* Failures in a row, at one of them, that make the other the next to try. */
#define RT2_ENDPOINTS_PATIENCE 2
/* The time from one look at the first to the next, while the fallback is in
 * use, is doubled each time, up to so many times the shortest. */
#define RT2_ENDPOINTS_LONGEST_LOOK 10

/* The first is the current one. @look: the shortest time between looks, ns. */
Rt2Endpoints *rt2_endpoints_new (gboolean has_fallback, guint64 look);
void rt2_endpoints_free (Rt2Endpoints *endpoints);

Rt2EndpointId rt2_endpoints_current (const Rt2Endpoints *endpoints);

/* A try, or a session, at the current one failed. @again: trying there again
 * could help, and is allowed. If it can't help, the other is tried at once,
 * unless it failed for good as well since it last worked: a refused key, a
 * used-up quota, an unknown model or certificate may be in order there. If it
 * is not allowed any more, the other has its try unless it had one. Settings
 * that the first can't be used with end it all: they are the user's to mend. */
Rt2EndpointsStep rt2_endpoints_failed (
    Rt2Endpoints *endpoints, const Rt2Fault *fault, gboolean again);

/* What was wrong with the first for good, to be told at the end; NULL if it was
 * not. */
const Rt2Fault *rt2_endpoints_verdict (const Rt2Endpoints *endpoints);

/* @id is in use from now on, whatever it was that led there. */
void rt2_endpoints_moved (Rt2Endpoints *endpoints, Rt2EndpointId id);

/* A session at the current one has lasted for a while. What was wrong with the
 * other for good may be in order by now: when this one fails, it has its try.
 */
void rt2_endpoints_worked (Rt2Endpoints *endpoints);

/* ns until the first is to be looked at; longer from call to call, until it has
 * worked. */
guint64 rt2_endpoints_next_look (Rt2Endpoints *endpoints);

G_END_DECLS
