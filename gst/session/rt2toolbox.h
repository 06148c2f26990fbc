/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tools that need no code of the application: which name is answered by which
 * command or URL. Does not change once it is made.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _Rt2Toolbox Rt2Toolbox;

/* @exec: NULL, or a JSON object of arrays of strings, a command and its words
 * for each name. @http: NULL, or a JSON object of URLs. NULL and @error if one
 * of them is something else; *@member is "tool-exec" or "tool-http" then. */
Rt2Toolbox *rt2_toolbox_new (
    const gchar *exec, const gchar *http, const gchar **member, GError **error);
Rt2Toolbox *rt2_toolbox_ref (Rt2Toolbox *toolbox);
void rt2_toolbox_unref (Rt2Toolbox *toolbox);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rt2Toolbox, rt2_toolbox_unref)

gboolean rt2_toolbox_has (const Rt2Toolbox *toolbox, const gchar *name);

/* Runs the tool @name, which it has; see rt2toolexec.h and rt2toolhttp.h.
 * Blocks; any thread. New string. */
gchar *rt2_toolbox_run (const Rt2Toolbox *toolbox, const gchar *name,
    const gchar *arguments, guint64 timeout, GCancellable *cancellable);

G_END_DECLS
