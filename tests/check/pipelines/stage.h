/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A pipeline under test, made of a launch line, with a record of what its bus
 * said. Waits have one long deadline and abort the test when it passes; no
 * function here may be called from two threads for the same stage.
 */
#pragma once

#include <gst/gst.h>

#include "sandbox.h"

G_BEGIN_DECLS

/* How long anything may take on a machine that is busy with other things. */
#define STAGE_PATIENCE (30 * GST_SECOND)

typedef struct {
  GstElement *pipeline;
  GstElement *ai; /* the element named `ai`, or NULL */
  GstBus *bus;
  GPtrArray *messages; /* GstMessage, all that was popped so far */
  guint next;          /* the first that no wait has passed */
} Stage;

/* gst_parse_launch() on what printf makes of the arguments. */
Stage *stage_new (const gchar *format, ...) G_GNUC_PRINTF (1, 2);
/* Takes the pipeline over. */
Stage *stage_new_of (GstElement *pipeline);
/* To NULL, and checks that nobody else holds the pipeline. */
void stage_free (Stage *stage);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Stage, stage_free)

/* Checks that this fails for no local reason. */
void stage_play (Stage *stage);

/* Caller owns it. Aborts the test if there is none. */
GstElement *stage_get (Stage *stage, const gchar *name);
GstPad *stage_get_pad (Stage *stage, const gchar *name, const gchar *pad);
/* The pipeline's running time, now. */
GstClockTime stage_now (Stage *stage);

/* The next message after those that earlier waits passed. An ERROR fails the
 * test. The stage owns the result. */
const GstStructure *stage_wait (Stage *stage, const gchar *element_message);
void stage_wait_eos (Stage *stage);
GstMessage *stage_wait_warning (Stage *stage);
/* Waits for an ERROR instead. */
GstMessage *stage_wait_error (Stage *stage);

/* Takes what waits on the bus into the record. */
void stage_collect (Stage *stage);
/* Messages of one kind in the record, after stage_collect(). */
guint stage_count (Stage *stage, GstMessageType type);
guint stage_count_element (Stage *stage, const gchar *name);
/* Checks that there was no ERROR. */
void stage_expect_no_error (Stage *stage);

/* A whole field of the `stats` property. */
guint64 stage_stat (Stage *stage, const gchar *field);

/* All that a user may see of a message. Caller frees it. */
gchar *stage_message_dump (GstMessage *message);

/* A sandbox on a thread of its own; options as in sandbox.h. */
Sandbox *stage_start_sandbox (const SandboxOptions *options);

/* A new directory for the files of a test; removed with what is in it by
 * stage_remove_directory(), which also frees the name. */
gchar *stage_make_directory (void);
void stage_remove_directory (gchar *directory);

G_END_DECLS
