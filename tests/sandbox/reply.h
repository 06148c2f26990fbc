/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the server says in one response, and how it says it. Plain data. */
#ifndef SANDBOX_REPLY_H
#define SANDBOX_REPLY_H

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

typedef enum {
  SAY_SPEECH,
  SAY_TEXT,
  SAY_CALL,     /* of a function of the client's */
  SAY_MCP,      /* a call of a tool that the server reaches itself */
  SAY_APPROVAL, /* the wish to make such a call */
} SayKind;

/* One output item. */
typedef struct {
  SayKind kind;
  gchar *phase; /* commentary, final_answer or NULL */
  gchar *text;  /* spoken, written, or the call's arguments */
  gint tone_ms; /* a tone instead of a voice; -1: voice */

  gchar *name;      /* of the function or tool */
  gchar *call_id;   /* of a function call; NULL: a new one */
  gint delta_chars; /* of the arguments; 0: no deltas, -1: as usual */

  gchar *label;      /* of the MCP server */
  gchar *request_id; /* of the request that was granted, or NULL */
  gchar *result;     /* of the tool; NULL: it fails */
  JsonObject *error; /* why, as on the wire; or NULL */
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
  guint created_ms;          /* before response.created, real time */
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
/* The same manner, and nothing said. */
Reply *reply_new_like (const Reply *reply);
Reply *reply_ref (Reply *reply);
void reply_unref (Reply *reply);
/* Takes nothing. phase may be NULL. */
Say *reply_add (
    Reply *reply, SayKind kind, const gchar *phase, const gchar *text);
Say *reply_add_copy (Reply *reply, const Say *say);

G_END_DECLS

#endif
