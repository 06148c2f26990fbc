/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A WebSocket server for tests, on its own thread and a free loopback port. It
 * knows no events: a test scripts it through callbacks and calls. It can also
 * refuse, stall, break off and lie.
 *
 * Unless said otherwise every function may be called on any thread, on the
 * server's own too (that is: from its callbacks). Connections and requests are
 * numbered from 0 in the order of their arrival, and keep their number.
 */
#pragma once

#include <gio/gio.h>
#include "testcertificate.h"

G_BEGIN_DECLS

typedef struct _TestServer TestServer;

/* All come on the server's thread. Any may be NULL. */
typedef struct {
  void (*opened) (TestServer *server, guint connection, gpointer user_data);
  /* One text message; @text is NUL-terminated. */
  void (*on_message) (TestServer *server, guint connection, const gchar *text,
      gpointer user_data);
  void (*closed) (TestServer *server, guint connection, gpointer user_data);
} TestServerScript;

/* @script may be NULL. */
TestServer *test_server_new (
    TestTls tls, const TestServerScript *script, gpointer user_data);

/* Breaks off what is open. Not from a callback. */
void test_server_free (TestServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestServer, test_server_free)

guint16 test_server_get_port (TestServer *server);

/* "ws://127.0.0.1:PORT/v1/realtime?model=test", wss:// with TLS. Caller frees
 * it. */
gchar *test_server_dup_url (TestServer *server);

/* From now on upgrades are refused with @status; 0 accepts again. @body may be
 * NULL; @headers are "Name: value" lines, NULL-terminated, may be NULL. */
void test_server_refuse (TestServer *server, guint status, const gchar *body,
    const gchar *const *headers);

/* Messages of any size. */
void test_server_send (TestServer *server, guint connection, const gchar *text);
void test_server_send_binary (
    TestServer *server, guint connection, GBytes *bytes);
/* Bytes past the WebSocket framing. */
void test_server_send_raw (
    TestServer *server, guint connection, const guint8 *bytes, gsize size);

/* Sends a close frame; @code 1005 sends an empty one. Codes that no server may
 * send, or that libsoup does not know, go without @reason. */
void test_server_close (
    TestServer *server, guint connection, guint16 code, const gchar *reason);
/* Resets the TCP connection. */
void test_server_drop (TestServer *server, guint connection);
/* Ends the TCP stream in good order, without a close frame. */
void test_server_hang_up (TestServer *server, guint connection);

/* Stops the server's thread where it is: nothing is read, answered or accepted
 * until test_server_resume(). Returns when it stands. Not from a callback. */
void test_server_pause (TestServer *server);
void test_server_resume (TestServer *server);

/* The waits below run @context (owned by the calling thread) instead of
 * blocking it. For tests whose client lives on the test's thread. */
void test_server_set_context (TestServer *server, GMainContext *context);

/* All wait until it is so, and abort the test after TEST_SERVER_PATIENCE. */
#define TEST_SERVER_PATIENCE (30 * G_USEC_PER_SEC)
void test_server_wait_requests (TestServer *server, guint n);
void test_server_wait_connections (TestServer *server, guint n);
void test_server_wait_messages (TestServer *server, guint connection, guint n);
void test_server_wait_closed (TestServer *server, guint connection);

guint test_server_count_requests (TestServer *server);
guint test_server_count_connections (TestServer *server);
guint test_server_count_messages (TestServer *server, guint connection);
/* Forgets the messages that came so far; the count begins anew. */
void test_server_forget (TestServer *server);

/* NULL if the request had no such header. Caller frees it. */
gchar *test_server_dup_header (
    TestServer *server, guint request, const gchar *name);
/* Path and query of a request. Caller frees it. */
gchar *test_server_dup_target (TestServer *server, guint request);
/* Caller frees it. */
gchar *test_server_dup_message (TestServer *server, guint connection, guint i);
/* What the client's close frame said, 0 = none came. Once closed. */
guint test_server_get_close_code (TestServer *server, guint connection);

G_END_DECLS
