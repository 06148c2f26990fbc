/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One WebSocket connection to a Realtime server: connect, headers, TLS,
 * keepalive, watchdog, writability gate, close codes. Knows no events.
 *
 * Lives on one GMainContext. Every function must be called on the thread that
 * owns it, with the context pushed as the thread's default, and every callback
 * comes from there. Nothing here blocks.
 */
#pragma once

#include <gio/gio.h>
#include "rt2eventlog.h"
#include "rt2fault.h"

G_BEGIN_DECLS

typedef struct _Rt2Transport Rt2Transport;

typedef struct {
  /* The upgrade is through. */
  void (*opened) (gpointer user_data);
  /* One text message, valid UTF-8, NUL-terminated, @size without the NUL. */
  void (*message) (gpointer user_data, const gchar *text, gsize size);
  /* The socket takes data again after rt2_transport_is_writable() was FALSE. */
  void (*writable) (gpointer user_data);
  /* The connection failed or ended. The last callback of a connect. @fault is
   * owned by the transport. It may be freed or connected again from here. */
  void (*closed) (gpointer user_data, const Rt2Fault *fault);
} Rt2TransportListener;

typedef struct {
  gchar *url;             /* ws:// or wss://, complete with query */
  gchar *api_key;         /* NULL = none. Wiped when freed */
  gboolean key_in_header; /* sent as "api-key: KEY", not as a bearer token */
  gchar **headers;        /* names and values in turn, NULL at the end; or
                           * NULL. Wiped when freed */
  gchar *proxy;           /* uri of an HTTP proxy, for wss:// only; NULL = what
                           * the system says. Never for a loopback host */
  GTlsDatabase *tls_database;          /* NULL = the system's, shared */
  GTlsCertificate *client_certificate; /* NULL = none */
  gchar **pins;            /* see rt2pins.h; NULL = any key that is trusted */
  guint64 connect_timeout; /* ns, whole handshake; 0 = none */
  guint64 keepalive_interval; /* ns, taken as whole seconds, rounded up; no
                               * sign of life for two of them = STALLED.
                               * 0 = no pings and no watchdog */
  Rt2EventLog *log; /* not owned; must outlive the connection. NULL = none */
} Rt2TransportConfig;

/* No url, no key, the timeouts of the element's properties. */
Rt2TransportConfig *rt2_transport_config_new (void);
Rt2TransportConfig *rt2_transport_config_copy (
    const Rt2TransportConfig *config);
/* Overwrites the key before it frees it. */
void rt2_transport_config_free (Rt2TransportConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rt2TransportConfig, rt2_transport_config_free)

Rt2Transport *rt2_transport_new (
    const Rt2TransportListener *listener, gpointer user_data);

/* Cuts an open connection without waiting for the peer; no callback follows.
 * libsoup is not through with it yet then: see rt2_transport_settle(). */
void rt2_transport_free (Rt2Transport *transport);

/* Runs the thread's default context until everything that transports of this
 * thread have let go of is gone; what is still in its closing handshake is cut.
 * To be called once, before that context is destroyed. Takes milliseconds, two
 * seconds at worst. */
void rt2_transport_settle (void);

/* Starts to connect; must not be connecting or open. A key over ws:// to a host
 * that is not loopback is refused (RT2_FAULT_SETTINGS, reported by `closed`
 * from the main loop, never from inside this call). Redirects are not followed.
 */
void rt2_transport_connect (
    Rt2Transport *transport, const Rt2TransportConfig *config);

/* Who hears of it from now on. Not from inside a callback of the old one's. */
void rt2_transport_set_listener (Rt2Transport *transport,
    const Rt2TransportListener *listener, gpointer user_data);

gboolean rt2_transport_is_open (Rt2Transport *transport);

/* The number of the newest connection in the event log; 0 = there is none. */
guint rt2_transport_get_number (Rt2Transport *transport);

/* Whether the socket takes data now. libsoup queues without bound, so audio is
 * only sent while this is TRUE; when it is FALSE, `writable` is called once
 * later. */
gboolean rt2_transport_is_writable (Rt2Transport *transport);

/* Sends one text message (NUL-terminated UTF-8). Ignored unless open. */
void rt2_transport_send (Rt2Transport *transport, const gchar *text);

/* Starts the closing handshake with 1000 and forgets the connection: no
 * callback follows, nothing is waited for. */
void rt2_transport_close (Rt2Transport *transport);

typedef struct {
  guint64 messages_sent, messages_received;
  guint64 bytes_sent, bytes_received; /* payload, before framing */
} Rt2TransportStats;

/* Since rt2_transport_new(). */
void rt2_transport_get_stats (
    Rt2Transport *transport, Rt2TransportStats *stats);

G_END_DECLS
