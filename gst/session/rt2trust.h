/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One trust database for the whole process. glib-networking 2.74 parses the
 * system's CA bundle again for every TLS connection (3.8 MB and 8.5 ms each);
 * this one parses it once and forwards verify_chain.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The shared database, made at the first call. Thread-safe. Caller owns a
 * reference. NULL if the system has no TLS backend. */
GTlsDatabase *rt2_trust_get_default (void);

G_END_DECLS
