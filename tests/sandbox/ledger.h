/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What belongs together in the books: calls and their outputs, wishes and
 * their approvals, images and their end, items and those they were before.
 * Read off the wire, both ways. Not thread-safe: the books lock it. */
#ifndef SANDBOX_LEDGER_H
#define SANDBOX_LEDGER_H

#include <json-glib/json-glib.h>

#include "sandbox.h"

G_BEGIN_DECLS

typedef struct _Ledger Ledger;

Ledger *ledger_new (void);
void ledger_free (Ledger *ledger);

/* An event and its number among all, both ways together. */
void ledger_received (
    Ledger *ledger, guint connection, guint64 order, JsonObject *event);
void ledger_sent (
    Ledger *ledger, guint connection, guint64 order, JsonObject *event);

/* Whether an item of that id was in the conversation of a connection before
 * this one. */
gboolean ledger_is_restored (
    Ledger *ledger, guint connection, const gchar *item_id);

/* Copies. */
GPtrArray *ledger_dup_calls (Ledger *ledger);     /* SandboxCall */
GPtrArray *ledger_dup_approvals (Ledger *ledger); /* SandboxApproval */
GPtrArray *ledger_dup_images (Ledger *ledger);    /* SandboxImage */

G_END_DECLS

#endif
