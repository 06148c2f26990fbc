/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is let in, and to what: paths, keys, models, calls. */
#ifndef SANDBOX_GATE_H
#define SANDBOX_GATE_H

#include <libsoup/soup.h>

#include "secrets.h"
#include "session.h"

G_BEGIN_DECLS

#define PATH_OPENAI "/v1/realtime"
#define PATH_AZURE "/openai/v1/realtime"
#define PATH_TRANSLATIONS "/translations"
#define PATH_SECRETS "/client_secrets"

typedef struct {
  Host *host;
  const gchar *api_key; /* the only one, or NULL: any or none */
  Secrets *secrets;
  gchar **calls; /* ids of calls in progress, or NULL */
} Gate;

/* Answers an upgrade that the services refuse in plain HTTP; TRUE if so. */
gboolean gate_refuse (Gate *gate, SoupServerMessage *message);
/* After the upgrade. With a fault the connection is to be closed with
 * close_code. The admission is to be cleared in either case. */
gboolean gate_admit (Gate *gate, SoupServerMessage *message,
    Admission *admission, Fault *fault, guint *close_code);
/* A POST for a client secret. */
void gate_answer_secret (Gate *gate, SoupServerMessage *message);
/* A path that is none of ours. */
void gate_answer_unknown (Gate *gate, SoupServerMessage *message);

G_END_DECLS

#endif
