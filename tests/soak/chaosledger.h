/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the bus says in a chaos run, and what it comes to in the end. Also the
 * application that answers function calls: at once, late, twice, never.
 */
#pragma once

#include "chaosstage.h"

G_BEGIN_DECLS

typedef struct _ChaosLedger ChaosLedger;

/* All on the run's one thread. @seed: of how calls are answered. */
ChaosLedger *chaos_ledger_new (SoakPeer *peer, ChaosStage *stage, guint seed);
void chaos_ledger_free (ChaosLedger *ledger);

/* Takes all that waits on the bus, and answers what is due. */
void chaos_ledger_listen (ChaosLedger *ledger);

/* Messages realtime2/NAME so far. */
guint chaos_ledger_count (ChaosLedger *ledger, const gchar *name);
/* Times that it was said why an answer may not come: a response failed, or
 * audio was lost. */
guint chaos_ledger_count_excuses (ChaosLedger *ledger);

/* Whether anything was heard that answers the turn. */
gboolean chaos_ledger_is_answered (ChaosLedger *ledger, guint turn);

/* Something that must not be. Printed at once. */
void chaos_ledger_find (ChaosLedger *ledger, const gchar *format, ...)
    G_GNUC_PRINTF (2, 3);
guint chaos_ledger_count_findings (ChaosLedger *ledger);

/* Whether a turn, or one of so many @texts, has not reached a server, and
 * nobody said so. */
gboolean chaos_ledger_is_owed (ChaosLedger *ledger, guint texts);

/* Compares all with what the servers know, and prints it. @texts: that were
 * sent. */
void chaos_ledger_audit (ChaosLedger *ledger, guint texts);

G_END_DECLS
