/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pipeline of a chaos run: a user whose words are known, and an ear that
 * checks every buffer of the agent's.
 */
#pragma once

#include "../check/pipelines/stage.h"
#include "chaospeer.h"

G_BEGIN_DECLS

typedef struct {
  GstClockTime start, end; /* running time; end NONE: it is being said */
} ChaosTurn;

typedef struct {
  Stage *stage;

  GMutex lock;
  /* Under the lock, as all below. The user: */
  GArray *turns;       /* ChaosTurn, by number */
  guint64 said, total; /* samples of the last turn: so far, in all */
  /* The agent: */
  GHashTable *heard; /* response id -> ms that left src */
  GstClockTime next; /* PTS that must come on src, or NONE */
  guint64 buffers;
  guint breaks, overlaps, text_overlaps;
  guint stall; /* ms that the neighbour of src takes for the next buffer */
} ChaosStage;

ChaosStage *chaos_stage_new (SoakPeer *peer);
/* To NULL. */
void chaos_stage_free (ChaosStage *stage);

/* More items than anything remembers, so that what is bounded is full. Once it
 * plays. */
void chaos_stage_fill_memory (ChaosStage *stage);

/* Caller frees it. */
gchar *chaos_stage_dup_uri (SoakPeer *peer, guint road);

/* The user begins the next turn, @ms long or a little longer. */
void chaos_stage_speak (ChaosStage *stage, guint ms);
gboolean chaos_stage_speaks (ChaosStage *stage);
guint chaos_stage_count_turns (ChaosStage *stage);
ChaosTurn chaos_stage_get_turn (ChaosStage *stage, guint turn);

/* Responses of which something was heard. */
guint chaos_stage_count_heard (ChaosStage *stage);
guint chaos_stage_get_heard (ChaosStage *stage, const gchar *response);

void chaos_stage_stall (ChaosStage *stage, guint ms);
/* Watches that nothing overlaps on a text pad. */
void chaos_stage_watch_text (ChaosStage *stage, GstPad *pad);

G_END_DECLS
