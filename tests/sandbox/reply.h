/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the server says in one response, and how it says it. Plain data. */
#ifndef SANDBOX_REPLY_H
#define SANDBOX_REPLY_H

#include <glib.h>

G_BEGIN_DECLS

typedef enum { SAY_SPEECH, SAY_TEXT, SAY_CALL } SayKind;

/* One output item. */
typedef struct {
  SayKind kind;
  gchar *phase; /* commentary, final_answer or NULL */
  gchar *text;  /* spoken, written, or the call's arguments */
  gint tone_ms; /* a tone instead of a voice; -1: voice */
  gchar *name;  /* of the function */
} Say;

/* Where a phase is shown. */
enum {
  PHASE_ON_OUTPUT_ADDED = 1 << 0, /* response.output_item.added */
  PHASE_ON_OUTPUT_DONE = 1 << 1,
  PHASE_ON_ITEM_ADDED = 1 << 2, /* conversation.item.added */
  PHASE_ON_ITEM_DONE = 1 << 3,
  PHASE_ON_RESPONSE_DONE = 1 << 4,
  PHASE_ON_ADDED = PHASE_ON_OUTPUT_ADDED | PHASE_ON_ITEM_ADDED,
  PHASE_ON_DONE = PHASE_ON_OUTPUT_DONE | PHASE_ON_ITEM_DONE,
  PHASE_ON_ALL = PHASE_ON_ADDED | PHASE_ON_DONE | PHASE_ON_RESPONSE_DONE,
};

typedef struct {
  GPtrArray *say;            /* Say */
  guint delay_ms;            /* before the first item, real time */
  gint64 hold_ms;            /* nothing at all for so long; -1: for ever */
  guint delta_ms;            /* size of audio deltas; 0: uneven */
  gboolean transcript_first; /* all text of an item before its audio */
  gboolean overlap;          /* an item ends after the next one's first delta */
  guint phase_on;
  gchar *status;     /* completed, failed or incomplete */
  gchar *error_code; /* sent as an error instead of a response, or as
                        the reason of a failed one; NULL: none */
  gchar *error_message;
  gchar *error_type;
  gint close_code; /* -1: stay open; 0: cut the connection */
  gchar *close_reason;
  guint close_after_ms; /* of audio sent */
} Reply;

Reply *reply_new (void); /* completed, overlapping, phase everywhere */
/* Says nothing but why it failed. */
Reply *reply_new_failed (
    const gchar *type, const gchar *code, const gchar *message);
Reply *reply_ref (Reply *reply);
void reply_unref (Reply *reply);
/* Takes nothing. phase may be NULL. */
Say *reply_add (
    Reply *reply, SayKind kind, const gchar *phase, const gchar *text);

G_END_DECLS

#endif
