/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs of secretsrun: what they are given, and the search for it in all that
 * they leave. All checks abort the test.
 */
#pragma once

#include "child.h"
#include "testserver.h"

G_BEGIN_DECLS

#define SECRET_KEY "sk-Secret+key/of-this_test=0123456789abcdef"
#define SECRET_NEW_KEY "sk-Newer+key/of-this_test=fedcba9876543210"
#define SECRET_FALLBACK_KEY "sk-Fallback+key/of-the_other=0011223344556677"
#define SECRET_TOKEN "token+that/is_nobody=else's"

typedef struct {
  gchar *directory; /* of the dot files, and of those below */
  gchar *key_file;  /* holds SECRET_KEY */
  gchar *event_log;
  gchar *ca; /* what is to be trusted */
} SecretStage;

typedef struct {
  const gchar *uri;
  const gchar *fallback_uri; /* NULL = none */
  gboolean in_file;          /* the key is in the file, not in the property */
  gboolean overwrite;        /* what is freed is overwritten */
  const gchar *steps;        /* see secretsrun */
} SecretRun;

void secret_stage_init (SecretStage *stage);
void secret_stage_clear (SecretStage *stage);

/* The run, which ended well; none of the secrets is in what it wrote. */
ChildResult *secret_stage_run (SecretStage *stage, const SecretRun *run);

/* The figure WHAT ("left key") of the run. */
guint secret_number (const ChildResult *result, const gchar *what);

/* None of the secrets is in use in its memory any more, and no block that the
 * element freed holds one of the keys. */
void secret_assert_nothing_kept (const ChildResult *result);

/* Prints how many blocks libraries freed with a secret in it, and with
 * --verbose who. */
void secret_print (const ChildResult *result);

/* Of request @request what the server was sent, or the search means nothing.
 * NULL = there is no such header. */
void secret_assert_sent (
    TestServer *server, guint request, const gchar *key, const gchar *token);

G_END_DECLS
