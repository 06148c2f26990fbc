/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The order of a response: which piece of which item, and when. Pure
 * arithmetic in media time; the pace is applied by whoever plays it. */
#ifndef SANDBOX_PLAN_H
#define SANDBOX_PLAN_H

#include <glib.h>

#include "audio.h"
#include "reply.h"

G_BEGIN_DECLS

typedef enum {
  STEP_BEGIN, /* item and content part are announced */
  STEP_WORD,  /* a piece of transcript, text or arguments */
  STEP_AUDIO,
  STEP_SAID,   /* the text is complete */
  STEP_END,    /* audio, part and item are complete */
  STEP_CLOSE,  /* the injected end of the connection */
  STEP_FINISH, /* response.done */
} StepKind;

typedef struct {
  StepKind kind;
  guint output; /* index */
  gint64 at_ms; /* media time since the response's first sample */
  gsize offset; /* bytes in the text or the audio of the output */
  gsize length;
} Step;

/* What the plan needs to know of an output. */
typedef struct {
  SayKind kind;
  const gchar *text;
  gsize audio_bytes;
  gint delta_chars; /* of a call's arguments; 0: in one, -1: as usual */
} PlanOutput;

/* A GArray of Step. rand: for uneven deltas. */
GArray *plan_make (const PlanOutput *outputs, guint n_outputs,
    AudioFormat format, const Reply *reply, GRand *rand);

/* Byte length of the next word of a text, its leading white space included. */
gsize plan_next_word (const gchar *text);

G_END_DECLS

#endif
