/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Certificates made at run time, so that no test carries a key or an end date.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum {
  TEST_TLS_NONE,
  TEST_TLS_TRUSTED,    /* localhost, 127.0.0.1, ::1; signed by the test CA */
  TEST_TLS_UNKNOWN_CA, /* the same names, signed by itself */
  TEST_TLS_WRONG_HOST, /* realtime.invalid, signed by the test CA */
  TEST_TLS_AZURE,      /* resource.openai.azure.com, signed by the test CA */
  TEST_TLS_EXPIRED,    /* right names, signed by the test CA, out of date */
} TestTls;

/* A certificate with its key. Caller owns it. */
GTlsCertificate *test_certificate_new (TestTls tls);

/* The test CA as PEM, without its key. Caller frees it. */
gchar *test_certificate_dup_ca (void);

/* Makes the test CA, and nothing else, what this process trusts. To be called
 * before anything asks for the default trust database. */
void test_certificate_trust_ca (void);

G_END_DECLS
