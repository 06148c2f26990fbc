/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What stands upstream of text_sink or image_sink in a test: a pad that is
 * linked to one, and maybe a thread that pushes.
 */
#pragma once

#include "harness.h"

G_BEGIN_DECLS

typedef struct {
  Talk *talk;
  GstPad *src;     /* of the test; owned */
  GstPad *sink;    /* of the element; owned */
  GThread *thread; /* of feed_push_later(), or NULL */
  GstBuffer *later;
} Feed;

/* Requests @name from the element and links it. With @caps (NULL = none) and a
 * segment of @format. */
Feed *feed_new (
    Talk *talk, const gchar *name, const gchar *caps, GstFormat format);
/* Releases the pad, unless feed_release() did. */
void feed_free (Feed *feed);
void feed_release (Feed *feed);

void feed_segment (Feed *feed, GstFormat format);
void feed_caps (Feed *feed, const gchar *caps);
void feed_flush (Feed *feed);
void feed_eos (Feed *feed);

/* The clock paces nobody: must return at once. @pts may be NONE. */
GstFlowReturn feed_push (
    Feed *feed, gconstpointer data, gsize size, guint64 pts);
/* On a thread: the push waits on the clock. Returns when it does. */
void feed_push_later (Feed *feed, GstBuffer *buffer);
/* What that push returned, at last. */
GstFlowReturn feed_join (Feed *feed);

/* --- messages of the conversation, as the server gets them --- */

/* Number @i. */
JsonObject *feed_message (Talk *talk, guint i);
/* Number @i is of @role, and says @text. */
void feed_assert_text (
    Talk *talk, guint i, const gchar *role, const gchar *text);
/* All that the pads gave so far is with the server: what an action sends goes
 * the same way. That is message number @i. */
void feed_assert_no_more (Talk *talk, guint i);
/* Answers response.create number @i, with nothing. */
void feed_answer (Talk *talk, guint i);

G_END_DECLS
