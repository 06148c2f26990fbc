/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A transport with a main context of its own on the test's thread, and a record
 * of every callback. A hook may do anything to the transport, free it too.
 */
#pragma once

#include "rt2transport.h"

G_BEGIN_DECLS

/* The key that clients have unless told otherwise. */
#define TEST_KEY "sk-test-0123456789abcdefghij"

typedef struct _TestClient TestClient;
typedef void (*TestHook) (TestClient *client);

struct _TestClient {
  GMainContext *context;
  Rt2Transport *transport;
  Rt2TransportConfig *config;

  /* Called after the callback was recorded. May be NULL. */
  TestHook on_opened, on_message, on_writable, on_closed;
  gpointer hook_data;

  guint opened, writable, closed;
  GPtrArray *messages;
  gsize last_size;
  /* A copy of the last one. */
  Rt2Fault *fault;

  /* Nothing may be called back now. */
  gboolean quiet;
};

/* Pushes the context as the thread's default. */
TestClient *test_client_new (void);

/* Also checks that nothing is left of the transport, and pops the context. */
void test_client_free (TestClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestClient, test_client_free)

/* rt2_transport_connect() to @url; checks that nothing is called back from
 * inside. */
void test_client_connect (TestClient *client, const gchar *url);

/* rt2_transport_free(); nothing may be called back after it. */
void test_client_free_transport (TestClient *client);

/* Runs the context until *@counter >= @n; aborts the test after half a
 * minute. */
void test_client_wait (TestClient *client, const guint *counter, guint n);
void test_client_wait_messages (TestClient *client, guint n);

/* Runs the context until nothing is ready. */
void test_client_run_idle (TestClient *client);

/* Runs the context for @us, or until the connection is closed. */
void test_client_run_for (TestClient *client, gint64 us);

/* Waits for the end and checks it: one `closed`, of this kind, with a message,
 * a hint, and no key anywhere. */
void test_client_expect_fault (TestClient *client, Rt2FaultKind kind);

G_END_DECLS
