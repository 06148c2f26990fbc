/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where to connect, and whether the key may go there. Pure.
 */
#pragma once

#include <gio/gio.h>
#include "rt2config.h"
#include "rt2fault.h"

G_BEGIN_DECLS

typedef struct {
  GUri *uri;
  gchar *where;   /* "host:port", for messages */
  gboolean plain; /* ws://, not wss:// */
} Rt2Endpoint;

/* Takes @url apart, which may be NULL. Returns NULL, and RT2_FAULT_SETTINGS in
 * @fault (never with the url or the key in it), if it is not a WebSocket
 * address, or if @api_key (may be NULL) is no key or would go in the clear to a
 * host that is not loopback ("localhost", 127.0.0.0/8, ::1). */
Rt2Endpoint *rt2_endpoint_new (
    const gchar *url, const gchar *api_key, Rt2Fault **fault);
void rt2_endpoint_free (Rt2Endpoint *endpoint);

/* @url (may be NULL) without what may be secret: user and query. New string. */
gchar *rt2_endpoint_public_uri (const gchar *url);

/* The URL to connect to, new string: @base with exactly one of call_id, intent
 * and model in its query, unless one is there already, and with the path of
 * translations where that is the type. @model and @call_id may be NULL. */
gchar *rt2_endpoint_url (const gchar *base, Rt2SessionType type,
    const gchar *model, const gchar *call_id);

G_END_DECLS
