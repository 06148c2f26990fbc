/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A web server for tests, on a free loopback port, as bad as its clients ask
 * for by the path. It writes its bytes itself. A thread for each connection, a
 * request for each connection.
 *
 *   /sunny /chunks /newline /cookie   200: "sunny", "sunny", "sunny\n", "c"
 *   /echo                             200: the request's body
 *   /empty /none /created             200 "", 204, 201 "made"
 *   /broken /missing /private         500 "broken", 404 "", 401 "who"
 *   /redirect302 (any status)         to /stolen of another host: this one
 *   /not-utf8 /nul                    200: bytes that are no text
 *   /cut /nonsense                    half of an answer, no answer at all
 *   /flood100 (any number)            200: so many bytes
 *   /endless /drip                    200: bytes without end, fast or slow
 *   /drip-head /silent                not even a whole head, nothing at all
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _TestWeb TestWeb;

TestWeb *test_web_new (void);
/* Breaks off what is open. */
void test_web_free (TestWeb *web);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestWeb, test_web_free)

/* Caller frees it. */
gchar *test_web_dup_url (TestWeb *web, const gchar *path);

/* Requests that came in whole. Any thread. */
guint test_web_count (TestWeb *web);
/* From its first to its last byte. Caller frees it. */
gchar *test_web_dup_request (TestWeb *web, guint i);
/* Waits until so many have come, and aborts the test after half a minute. */
void test_web_wait (TestWeb *web, guint n);
/* Waits until nobody is connected, likewise. */
void test_web_wait_idle (TestWeb *web);

G_END_DECLS
