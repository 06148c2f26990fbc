/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All that is done to the element in a chaos run: what the network, the
 * servers, the user and the application do, at moments of chance.
 */
#pragma once

#include "chaosstage.h"

G_BEGIN_DECLS

typedef struct _ChaosFaults ChaosFaults;

/* All on the run's one thread. @seed: of what is done, and when. */
ChaosFaults *chaos_faults_new (
    SoakPeer *peer, ChaosStage *stage, guint seed, gboolean verbose);
void chaos_faults_free (ChaosFaults *faults);

/* Does what is due. @more: something new may begin; else only what was begun
 * is brought to its end. */
void chaos_faults_go_on (ChaosFaults *faults, gboolean more);
/* The connection is back: it may be spoilt again. */
void chaos_faults_restored (ChaosFaults *faults);

/* Times that the application, and not the user's voice, stopped the answer or
 * the whole pipeline. */
guint chaos_faults_count_excuses (ChaosFaults *faults);
gboolean chaos_faults_is_paused (ChaosFaults *faults);
guint chaos_faults_count_texts (ChaosFaults *faults);
guint chaos_faults_count_pauses (ChaosFaults *faults);

/* A line for each kind: how often. */
void chaos_faults_print (ChaosFaults *faults);

G_END_DECLS
