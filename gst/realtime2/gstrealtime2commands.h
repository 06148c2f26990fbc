/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the application asks for: action signals, and custom events of the same
 * names, "realtime2/...", from neighbours. None waits: the session carries out
 * later what is put into its queue.
 */
#pragma once

#include "gstrealtime2-private.h"
#include "rt2session.h"

G_BEGIN_DECLS

/* Installs the action signals. */
void gst_realtime2_install_commands (GObjectClass *klass);

/* TRUE if @event is one of ours: then it was taken over. Any thread, without
 * locks. */
gboolean gst_realtime2_take_command (GstRealtime2 *self, GstEvent *event);

/* The fields interrupt, respond, priority and expires of a text, as far as they
 * are there. */
void gst_realtime2_read_text_fields (
    Rt2Command *command, const GstStructure *fields);

/* Takes @command over. FALSE if nothing runs, or too much waits. */
gboolean gst_realtime2_submit (GstRealtime2 *self, Rt2Command *command);

/* The same for what was made of somebody's arguments: @command is NULL and
 * @error, which is taken over, says why if they can't be used. That is told on
 * the bus; @name is that of the command. */
gboolean gst_realtime2_submit_or_tell (
    GstRealtime2 *self, const gchar *name, Rt2Command *command, GError *error);

/* Of the session's listener: see rt2session.h. */
void gst_realtime2_on_command_failed (
    gpointer owner, const Rt2Command *command, const gchar *reason);

G_END_DECLS
