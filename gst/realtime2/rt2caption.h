/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Captions: which words of which item leave a text pad, when, and for how long.
 * Pure, like the schedule it reads: times come in as arguments. One reader per
 * text pad; called under the element's lock.
 */
#pragma once

#include "rt2playout.h"

G_BEGIN_DECLS

/* ns by which a sentence inside an item leaves later than where it is estimated
 * to begin: words must not be shown before they are said. Where an item begins
 * can be heard, and single words are not held back. */
#define RT2_CAPTION_CAUTION (G_GUINT64_CONSTANT (160) * 1000000)

typedef enum {
  RT2_GRANULARITY_DELTA, /* word by word */
  RT2_GRANULARITY_SENTENCE,
  RT2_GRANULARITY_ITEM,
} Rt2Granularity;

typedef enum {
  RT2_CAPTION_SYNC_AUDIO,   /* leaves when heard */
  RT2_CAPTION_SYNC_ARRIVAL, /* leaves at once */
} Rt2CaptionSync;

typedef enum {
  RT2_CAPTION_ROLE_USER = 1 << 0,
  RT2_CAPTION_ROLE_ASSISTANT = 1 << 1,
} Rt2CaptionRoles;

typedef enum {
  RT2_CAPTION_PHASE_COMMENTARY = 1 << 0,
  RT2_CAPTION_PHASE_FINAL_ANSWER = 1 << 1,
  RT2_CAPTION_PHASE_UNKNOWN = 1 << 2,
} Rt2CaptionPhases;

typedef struct {
  Rt2Granularity granularity;
  Rt2CaptionSync sync;
  guint roles;      /* Rt2CaptionRoles */
  guint phases;     /* Rt2CaptionPhases, for the assistant only */
  guint64 max_wait; /* ns that a unit waits for its end to be known */
} Rt2CaptionRules;

/* One unit of text on its way out. */
typedef struct {
  Rt2Spoken *spoken; /* a reference */
  gchar *text;       /* trimmed, valid UTF-8, never empty */
  Rt2Phase phase;    /* as known now */
  gboolean final;    /* the last of its item */
  guint64 offset;    /* ns from the item's first sample */
  guint64 pts;       /* running time */
  guint64 duration;  /* ns, > 0 */
} Rt2Caption;

void rt2_caption_free (Rt2Caption *caption);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rt2Caption, rt2_caption_free)

typedef struct _Rt2CaptionReader Rt2CaptionReader;

Rt2CaptionReader *rt2_caption_reader_new (void);
void rt2_caption_reader_free (Rt2CaptionReader *reader);

/* Takes a reference. What the rules keep out by role is ignored at once.
 * Returns FALSE if RT2_CAPTION_MAX_ITEMS were waiting: the oldest was dropped.
 */
gboolean rt2_caption_reader_add (
    Rt2CaptionReader *reader, const Rt2CaptionRules *rules, Rt2Spoken *spoken);
#define RT2_CAPTION_MAX_ITEMS 256

/* TRUE if a later call of rt2_caption_reader_next() may find something without
 * rt2_caption_reader_add() being called in between. */
gboolean rt2_caption_reader_is_waiting (const Rt2CaptionReader *reader);

/* The next unit that is due at @now, or NULL. @position is where the pad's
 * stream stands: no unit begins before it. Transfer full. */
Rt2Caption *rt2_caption_reader_next (Rt2CaptionReader *reader,
    const Rt2CaptionRules *rules, guint64 position, guint64 now);

/* Drops all that waits. */
void rt2_caption_reader_clear (Rt2CaptionReader *reader);

/* The words of @spoken that fit into its first @samples samples. New string. */
gchar *rt2_caption_text_until (const Rt2Spoken *spoken, guint64 samples);

/* The end in the text, bytes, of the sentence of which sample @samples is part;
 * of the last one it is the end of the text. 0 if it is not known yet. */
gsize rt2_caption_sentence_end (const Rt2Spoken *spoken, guint64 samples);

G_END_DECLS
