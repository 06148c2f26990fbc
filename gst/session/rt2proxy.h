/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The proxy between a connection and its server: which one it is, what it
 * refuses, and that its credentials stay with it. On the session's thread.
 */
#pragma once

#include <libsoup/soup.h>
#include "rt2fault.h"

G_BEGIN_DECLS

/* @session goes through the HTTP proxy @uri, but to this machine directly. */
void rt2_proxy_set (SoupSession *session, const gchar *uri);

/* @fault is the callee's. */
typedef void (*Rt2ProxyRefused) (Rt2Fault *fault, gpointer user_data);

/* Has @refused called if a proxy, this one or the system's, does not let
 * @session through; libsoup itself says only that it failed. With NULL, not any
 * more. */
void rt2_proxy_watch (
    SoupSession *session, Rt2ProxyRefused refused, gpointer user_data);

/* Keeps the proxy's credentials out of @message, which goes to the server;
 * libsoup puts them into what it sends through the tunnel, too. To be called
 * before @message is sent. */
void rt2_proxy_keep_secret (SoupMessage *message);

G_END_DECLS
