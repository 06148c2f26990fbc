/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A network between the element and a server that fails in every way that a
 * network and what stands in it can. Functions may be called on any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _ChaosRelay ChaosRelay;

/* On the relay's thread. @link is the number of a connection that no other of
 * any relay has. */
typedef struct {
  /* A message is passed on. NUL-terminated; may be changed. */
  void (*message) (
      gpointer data, guint link, gboolean up, gchar *text, gsize size);
  void (*over) (gpointer data, guint link);
} ChaosTap;

/* Starts a thread that ends with the process. */
ChaosRelay *chaos_relay_new (
    guint16 target, const ChaosTap *tap, gpointer data);
guint16 chaos_relay_get_port (ChaosRelay *relay);

/* What is open is cut: reset, or ended in good order. */
void chaos_relay_cut (ChaosRelay *relay, gboolean reset);
/* What is open gets a close frame after the message that is on its way. */
void chaos_relay_close (ChaosRelay *relay, guint code);
/* Nothing is passed on any more that way; FALSE: it goes on. */
void chaos_relay_stop (ChaosRelay *relay, gboolean up, gboolean down);
/* At most so many bytes per second; 0 = no limit. */
void chaos_relay_set_rates (ChaosRelay *relay, guint up, guint down);
/* What comes down comes in bursts, so many ms apart; 0 = as it comes. */
void chaos_relay_set_burst (ChaosRelay *relay, guint ms);
/* The next @n upgrades are answered with this status, and Retry-After if
 * that is not 0; status 0: cut at once. */
void chaos_relay_refuse (
    ChaosRelay *relay, guint n, guint status, guint retry_after);

/* Upgrades that were refused so far. */
guint chaos_relay_count_refused (ChaosRelay *relay);

G_END_DECLS
