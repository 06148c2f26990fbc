/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What response.c (when) and output.c (what is said of one item) share. */
#ifndef SANDBOX_RESPONSE_PRIVATE_H
#define SANDBOX_RESPONSE_PRIVATE_H

#include "plan.h"
#include "response.h"
#include "usage.h"

G_BEGIN_DECLS

/* One output item on its way. */
typedef struct {
  Response *response; /* its owner */
  guint index;
  const Say *say; /* the reply's */
  SayKind kind;   /* speech becomes text if the response is written */
  Item *item;
  GByteArray *audio; /* all of it, coded; NULL: none */
  GString *shown;    /* transcript, text or arguments sent so far */
  gboolean begun, said, ended;
} Output;

struct _Response {
  gatomicrefcount refs;
  Session *session; /* NULL once it is over */
  Host *host;
  gchar *id;
  Reply *reply;
  gboolean aside;     /* out of band */
  gboolean announced; /* response.created was sent */

  JsonNode *metadata; /* of the request, or null */
  JsonNode *max_tokens;
  JsonNode *voice;
  AudioFormat format;
  gboolean text_only;
  gdouble speed;

  GPtrArray *outputs; /* Output */
  GArray *steps;      /* of plan.h; NULL: still being made */
  guint next_step;
  gint64 started_us; /* monotonic time of the plan's zero */
  GSource *timer;
  GCancellable *cancellable;
  Tokens input;   /* what it read */
  guint64 origin; /* input sample when it was created */
};

Output *output_new (Response *response, guint index, const Say *say);
void output_free (gpointer output);
void output_begin (Output *output);
void output_word (Output *output, gsize offset, gsize length);
void output_audio (Output *output, gsize offset, gsize length);
void output_said (Output *output);
/* Says it first if that is still to come. */
void output_end (Output *output, const gchar *status);

G_END_DECLS

#endif
