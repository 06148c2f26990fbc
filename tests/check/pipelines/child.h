/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Another program, run to its end.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct {
  gint status;   /* exit status; -1: killed by a signal */
  gchar *output; /* stdout and stderr */
} ChildResult;

/* @argv is NULL-terminated, @environment are pairs of name and value,
 * NULL-terminated; added to this process's environment. Aborts the test if the
 * program does not end in half a minute. A program that was not built with the
 * sanitizers can load a plugin that was: they are preloaded. */
ChildResult *child_run (
    const gchar *const *argv, const gchar *const *environment);
void child_result_free (ChildResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ChildResult, child_result_free)

G_END_DECLS
