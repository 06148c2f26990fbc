/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Notices a connection on which nothing moves any more: nothing comes, not even
 * an answer to a ping, or nothing that is sent is taken. Lives on one thread
 * and its default context.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _Rt2Watchdog Rt2Watchdog;

typedef struct {
  /* Nothing moved for the whole limit. @what says what did not: "sent nothing"
   * or "took no data". Called once; may free the watchdog. */
  void (*bark) (const gchar *what, gpointer user_data);
  /* Something waits: rt2_watchdog_taken() is to be called as soon as more can
   * be sent, once. Called several times within the limit. */
  void (*look) (gpointer user_data);
} Rt2WatchdogOwner;

/* @limit: us. Counts from now. @owner must outlive it. */
Rt2Watchdog *rt2_watchdog_new (
    gint64 limit, const Rt2WatchdogOwner *owner, gpointer user_data);
void rt2_watchdog_free (Rt2Watchdog *watchdog);

/* Each of these takes NULL, and does nothing then. */

/* Something came. */
void rt2_watchdog_alive (Rt2Watchdog *watchdog);
/* What is sent from now on waits, until rt2_watchdog_flows(). */
void rt2_watchdog_waits (Rt2Watchdog *watchdog);
/* Some of what waited was taken. */
void rt2_watchdog_taken (Rt2Watchdog *watchdog);
/* Nothing waits any more. */
void rt2_watchdog_flows (Rt2Watchdog *watchdog);

G_END_DECLS
