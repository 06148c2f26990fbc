/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Client secrets: keys that are made for one kind of session and expire. */
#ifndef SANDBOX_SECRETS_H
#define SANDBOX_SECRETS_H

#include "session.h"

G_BEGIN_DECLS

typedef struct _Secrets Secrets;

typedef struct {
  gint64 expires_us; /* monotonic */
  SessionKind kind;
  gchar *model;       /* or NULL */
  JsonObject *preset; /* a session.update's session, or NULL */
} Secret;

/* seconds: their life, whatever is asked for; 0: as asked. */
Secrets *secrets_new (guint seed, guint seconds);
void secrets_free (Secrets *secrets);

/* Answers {expires_after, session} with {value, expires_at, session}; transfer
 * full. NULL: refused. translates: the body is one of a translation. */
JsonObject *secrets_make (
    Secrets *secrets, JsonObject *body, gboolean translates, Fault *fault);
/* NULL: none that was made here. */
const Secret *secrets_find (Secrets *secrets, const gchar *key);
gboolean secret_is_expired (const Secret *secret);

G_END_DECLS

#endif
