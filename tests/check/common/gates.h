/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two gates that a connection may have to pass, each on a free loopback port
 * and threads of its own: a TLS server that shows all that got through to it,
 * or hands it on, and an HTTP proxy. All functions may be called on any thread.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* -- a TLS server; knows just enough of WebSocket to accept one ------------ */

typedef struct _TlsGate TlsGate;

/* @asks: takes nobody without a certificate, and anybody with one. */
TlsGate *tls_gate_new (GTlsCertificate *certificate, gboolean asks);
/* A front that hands all on to loopback port @target, in the clear. */
TlsGate *tls_gate_new_to (GTlsCertificate *certificate, guint16 target);
void tls_gate_free (TlsGate *gate);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TlsGate, tls_gate_free)

guint16 tls_gate_get_port (TlsGate *gate);
/* "wss://localhost:PORT/". Caller frees it. */
gchar *tls_gate_dup_url (TlsGate *gate);

/* Waits until @n connections are over, handshakes that failed included. */
void tls_gate_wait_over (TlsGate *gate, guint n);
/* All bytes that came over TLS and were not handed on. Caller frees it. */
gchar *tls_gate_dup_received (TlsGate *gate);
/* What the last client showed, or NULL. Caller owns a reference. */
GTlsCertificate *tls_gate_get_client (TlsGate *gate);

/* -- a proxy -------------------------------------------------------------- */

typedef struct _ProxyGate ProxyGate;

/* Leads every CONNECT to loopback port @target. @credentials "USER:PASSWORD"
 * that it asks for, or NULL. @refuses: an HTTP status for all requests, or
 * 0. */
ProxyGate *proxy_gate_new (
    guint16 target, const gchar *credentials, guint refuses);
void proxy_gate_free (ProxyGate *gate);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ProxyGate, proxy_gate_free)

/* "http://USERINFO@127.0.0.1:PORT"; @userinfo may be NULL. Caller frees it. */
gchar *proxy_gate_dup_url (ProxyGate *gate, const gchar *userinfo);
/* Connections that were made to it. */
guint proxy_gate_count (ProxyGate *gate);
/* The heads of all requests to the proxy itself. Caller frees it. */
gchar *proxy_gate_dup_requests (ProxyGate *gate);

G_END_DECLS
