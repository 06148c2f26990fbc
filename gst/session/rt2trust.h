/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One trust database for the whole process. glib-networking 2.74 keeps a parsed
 * copy of the system's CA bundle for every TLS connection (3.8 MB each while it
 * is open); this one is kept once, and forwards verify_chain.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The shared database, made at the first call. Thread-safe. Caller owns a
 * reference. NULL if the system has no TLS backend. */
GTlsDatabase *rt2_trust_get_default (void);

G_END_DECLS
