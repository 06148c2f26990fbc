/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events of a log made fit for this run: the client's ids, what the log left
 * out, and times that are over. */
#ifndef SANDBOX_REPLAYEVENT_H
#define SANDBOX_REPLAYEVENT_H

#include "audio.h"
#include "replaylog.h"

G_BEGIN_DECLS

/* The tone in place of audio that is not in the log. Zeroed at first. */
typedef struct {
  AudioFormat format;
  guint64 samples; /* so far */
} ReplayVoice;

/* The event to send for a step; transfer full. ids: of the client's, in the
 * log -> in this run. */
JsonObject *replay_event_make (
    const Step *step, GHashTable *ids, ReplayVoice *voice);

/* live is what was recorded: their ids, as far as they differ, mean the same.
 */
void replay_event_match (
    JsonObject *recorded, JsonObject *live, GHashTable *ids);

/* Whether it carries audio of the client's. */
gboolean replay_event_is_append (JsonObject *event);

G_END_DECLS

#endif
