/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who came, with what request, and how each connection went. Thread-safe. */
#ifndef SANDBOX_VISITS_H
#define SANDBOX_VISITS_H

#include <libsoup/soup.h>

#include "sandbox.h"

G_BEGIN_DECLS

typedef struct _Visits Visits;

Visits *visits_new (void);
void visits_free (Visits *visits);

/* connection: 0 if none came of it. */
void visits_request (
    Visits *visits, SoupServerMessage *message, guint status, guint connection);
void visits_event (
    Visits *visits, guint connection, const gchar *type, guint64 audio_bytes);
/* Audio that was thrown away because it came too fast. */
void visits_lost (Visits *visits, guint connection, guint64 audio_bytes);
/* code: of the client's close frame, 0 for none. */
void visits_closed (Visits *visits, guint connection, guint code);

GPtrArray *visits_dup_requests (Visits *visits);    /* SandboxRequest */
GPtrArray *visits_dup_connections (Visits *visits); /* SandboxConnection */
gboolean visits_wait_closed (
    Visits *visits, guint connection, guint timeout_ms);

G_END_DECLS

#endif
