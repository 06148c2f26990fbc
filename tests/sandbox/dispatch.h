/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The client's events: checked against their tables, then done. */
#ifndef SANDBOX_DISPATCH_H
#define SANDBOX_DISPATCH_H

#include "session.h"

G_BEGIN_DECLS

void dispatch_event (Session *session, JsonObject *event);
/* Whether a client may send events of a type in some kind of session. */
gboolean dispatch_knows (const gchar *type);

G_END_DECLS

#endif
