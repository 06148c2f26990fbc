/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the servers were told and what they told, over all connections: which
 * of the user's turns reached one whole, which answer is to which turns, how
 * many outputs each call has. Functions may be called on any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _ChaosAudit ChaosAudit;

ChaosAudit *chaos_audit_new (void);

/* As a ChaosTap has them. */
void chaos_audit_message (
    gpointer audit, guint link, gboolean up, gchar *text, gsize size);
void chaos_audit_over (gpointer audit, guint link);

/* The listener heard so much of a response, so far. */
void chaos_audit_heard (ChaosAudit *audit, const gchar *response, guint ms);

/* Whether anything that answers the turn was heard. */
gboolean chaos_audit_is_answered (ChaosAudit *audit, guint turn);
/* One of the figures, see chaosaudit.c; aborts if there is none called so. Of
 * the first @n turns, where it is one of turns. */
gint64 chaos_audit_sum (ChaosAudit *audit, const gchar *figure, guint n);
/* Whether any server got an output of this call. */
gboolean chaos_audit_has_output (ChaosAudit *audit, const gchar *call_id);
/* The first turn from @turn to @n that no server heard whole, or -1. */
gint chaos_audit_next_lost (ChaosAudit *audit, guint turn, guint n);
/* Likewise the first text. */
gint chaos_audit_next_lost_text (ChaosAudit *audit, guint text, guint n);

/* What the user writes as text number @n, as a format. */
#define CHAOS_AUDIT_TEXT "Note %u."

G_END_DECLS
