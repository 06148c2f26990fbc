/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The script: what the server pretends to hear, and what it says. */
#ifndef SANDBOX_SCRIPT_H
#define SANDBOX_SCRIPT_H

#include "reply.h"
#include "wire.h"

G_BEGIN_DECLS

typedef struct {
  JsonObject *json; /* as written and checked: what is heard is read there */
  Reply *reply;     /* NULL: the default answer */
} ScriptTurn;

/* What elapsed_ms of a translation's audio tells. */
typedef enum {
  ELAPSED_MODEL,  /* where its last frame belongs */
  ELAPSED_DELTAS, /* 200 ms per delta, however long that is */
  ELAPSED_NULL,
  ELAPSED_NONE, /* the field is not there */
} ElapsedKind;

/* How a translation comes. */
typedef struct {
  guint lag_ms;      /* from the speech's begin to its translation's */
  guint delta_bytes; /* 9600 or 19200; 0: now this, now that */
  guint burst_ms;    /* input that is worked on at once */
  guint close_delay_ms;
  ElapsedKind elapsed;
} TranslationStyle;

typedef struct {
  GPtrArray *turns; /* ScriptTurn */
  gboolean loop;
  gboolean shared; /* connections go on where the last one stopped */
  TranslationStyle style;
  gchar **calls;     /* ids of calls in progress */
  JsonObject *mcp;   /* label -> what that server is and does; or NULL */
  JsonArray *faults; /* checked by whoever injects them; or NULL */
} Script;

/* A place in a script. A response uses up a turn; audio that is committed
 * before it hears that turn. */
typedef struct {
  const Script *script; /* NULL: no script */
  guint next;
  gboolean heard; /* the turn at next was heard already */
} ScriptCursor;

/* Text or, if that is NULL, the file. Errors say which field is wrong. */
Script *script_load (const gchar *json, const gchar *file, GError **error);
void script_free (Script *script);

/* What comes without a script. */
extern const TranslationStyle script_default_style;

/* The turn that the next speech is; NULL: not in the script. */
const ScriptTurn *script_hear (ScriptCursor *cursor);
/* The same without hearing it. */
const ScriptTurn *script_peek (ScriptCursor *cursor);
/* The transcript, or NULL: "hear", or the segments' texts. Transfer full. */
gchar *script_dup_heard (const ScriptTurn *turn);
/* The turn that the next response is, or NULL. */
const ScriptTurn *script_current (ScriptCursor *cursor);
/* Uses up a turn, which is told as well; transfer full, or NULL. */
Reply *script_take (ScriptCursor *cursor, const ScriptTurn **turn);

G_END_DECLS

#endif
