/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A TCP relay on loopback that can stop passing things on without a word, as a
 * network does. Every function may be called on any thread.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _TestRelay TestRelay;

/* Passes on what comes to its own port to loopback's @port, and back. */
TestRelay *test_relay_new (guint16 port);
/* Cuts what is open. */
void test_relay_free (TestRelay *relay);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestRelay, test_relay_free)

guint16 test_relay_get_port (TestRelay *relay);

/* From now on nothing is read from the client (@up) or from the server (@down),
 * what is on its way excepted; FALSE goes on. */
void test_relay_stop (TestRelay *relay, gboolean up, gboolean down);

/* Passes on no more than this, bytes per second upwards; 0 = no limit. */
void test_relay_set_rate (TestRelay *relay, guint rate);

G_END_DECLS
