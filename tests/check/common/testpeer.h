/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A TCP peer on a free loopback port that is no WebSocket server at all.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _TestPeer TestPeer;

typedef enum {
  TEST_PEER_SILENT,       /* connects, and never says anything */
  TEST_PEER_TALKS,        /* sends @bytes to whoever connects, and stays */
  TEST_PEER_HANGS_UP,     /* sends @bytes, waits for a byte, and closes */
  TEST_PEER_FLOODS,       /* sends @bytes, and then more without an end */
  TEST_PEER_FLOODS_LINES, /* the same, of lines like "a: b" */
} TestPeerKind;

/* @bytes is NUL-terminated and may be NULL. */
TestPeer *test_peer_new (TestPeerKind kind, const gchar *bytes);
void test_peer_free (TestPeer *peer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestPeer, test_peer_free)

guint16 test_peer_get_port (TestPeer *peer);

/* A loopback port where nothing listens. */
guint16 test_peer_find_closed_port (void);

G_END_DECLS
