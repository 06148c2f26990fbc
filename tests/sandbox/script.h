/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The script: what the server pretends to hear, and what it says. */
#ifndef SANDBOX_SCRIPT_H
#define SANDBOX_SCRIPT_H

#include "reply.h"

G_BEGIN_DECLS

typedef struct {
  gchar *hear;  /* or NULL */
  Reply *reply; /* NULL: the default answer */
} ScriptTurn;

typedef struct {
  GPtrArray *turns; /* ScriptTurn */
  gboolean loop;
  gboolean shared; /* connections go on where the last one stopped */
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

/* NULL: not in the script. */
const gchar *script_hear (ScriptCursor *cursor);
/* Uses up a turn; transfer full, or NULL. */
Reply *script_take (ScriptCursor *cursor);

G_END_DECLS

#endif
