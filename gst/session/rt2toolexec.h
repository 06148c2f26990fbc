/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A function call answered by a command: no shell, a process group of its own,
 * bounded in time and output, without our keys in its environment.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Bytes that an answer may have. */
#define RT2_TOOL_MAX_OUTPUT (256 * 1024)

/* Runs @argv with @arguments on stdin and waits for it, at most @timeout ns (0
 * = for ever), or until @cancellable. What it wrote to stdout, less the newline
 * at its end; else a JSON object with "error". The whole process group is
 * killed in the end. Blocks; any thread. New string. */
gchar *rt2_tool_exec (const gchar *const *argv, const gchar *arguments,
    guint64 timeout, GCancellable *cancellable);

/* {"error": @reason, "output": @output}; @output may be NULL. New string. */
gchar *rt2_tool_error (const gchar *reason, const gchar *output);

G_END_DECLS
