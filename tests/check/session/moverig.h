/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rig for a session that goes over to another, on connection 1.
 */
#pragma once

#include "sessionrig.h"

G_BEGIN_DECLS

/* A life, ms, that leaves the machine time: its other session is opened after
 * three quarters, speech that plays is no obstacle after 0.825 of it, nothing
 * is after 0.9. */
#define MOVERIG_LIFE 2400

/* Before the start, or for rig_configure(). */
void moverig_set_age (Rig *rig, guint64 ms);
/* No further move. */
void moverig_stay (Rig *rig);

/* Has the session move to @path with @key at once. */
void moverig_move (
    Rig *rig, const gchar *path, const gchar *key, Rt2MoveReason reason);
/* To another path. */
void moverig_move_away (Rig *rig);

/* Until the session has connection 1 configured, and waits only for a gap. */
void moverig_wait_standby (Rig *rig);

/* What there is no reason to say was not said. */
void moverig_expect_undisturbed (Rig *rig);
/* Waits for the move of moverig_move_away(): the old connection was closed in
 * good order, and the new one is in use. */
void moverig_expect_moved (Rig *rig);

/* A turn of the user and its answer: "@words?" and "@words.". */
void moverig_say_turn (Rig *rig, const gchar *user, const gchar *response,
    const gchar *item, const gchar *words);

G_END_DECLS
