/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The client's events: checked against their tables, then done. */
#ifndef SANDBOX_DISPATCH_H
#define SANDBOX_DISPATCH_H

#include "session.h"

G_BEGIN_DECLS

void dispatch_event (Session *session, JsonObject *event);

G_END_DECLS

#endif
