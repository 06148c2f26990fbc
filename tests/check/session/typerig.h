/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rig for sessions of every type: results have no response, and belong to
 * an instant of the input. Items are logged as #1, #2 ... in the order in which
 * they appear, instants in ms, "-" if there is none:
 *
 *   audio ITEM BYTES INSTANT
 *   audio-done ITEM
 *   text ITEM delta|final INSTANT WORDS
 *   user-text ITEM START END delta|final WORDS
 *   speech-started ITEM START, speech-stopped ITEM START END
 *   and the lines of the rig for state, lost, failed, drained, server-error,
 *   rate-limits
 *
 * Words that are not said again at the end are "(said)".
 */
#pragma once

#include "sessionrig.h"

G_BEGIN_DECLS

typedef struct {
  Rig *rig;       /* all of it can be used but rig_start() and rig_flush_up() */
  GPtrArray *ids; /* gchar*: of #1 and so on */
  guint keys;     /* times that the key was asked for */
  guint64 start, end; /* of the last final user-text, ns */
} TypeRig;

TypeRig *typerig_new (Rt2SessionType type, const gchar *model);
void typerig_free (TypeRig *t);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TypeRig, typerig_free)

void typerig_start (TypeRig *t);
/* Waits until the session is ready; forgets what was said. */
void typerig_start_ready (TypeRig *t);

/* @ms of PCM in pieces of 40 ms, the first at *@rt, which is moved on: @loud or
 * silent. */
void typerig_push (TypeRig *t, guint ms, guint64 *rt, gboolean loud);

/* The audio of all appends, those of a translation too. Caller owns it. */
GByteArray *typerig_dup_audio (TypeRig *t);
/* How many ms of audio had come before the @n-th (from 0) event of @type. */
guint typerig_ms_before (TypeRig *t, const gchar *type, guint n);
/* Until @ms of audio have come. */
void typerig_wait_audio (TypeRig *t, guint ms);

/* A delta of @ms of translated audio. */
void typerig_say_audio (TypeRig *t, guint ms);
/* session.@side_transcript.delta; @elapsed_ms -1 = not said. */
void typerig_say_words (
    TypeRig *t, const gchar *side, const gchar *words, gint elapsed_ms);

G_END_DECLS
