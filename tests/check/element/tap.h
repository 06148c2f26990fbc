/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A record of all that leaves a src pad, buffers and events in their order, and
 * a hand on the tap: a push can be held. Any thread.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct _Tap Tap;

Tap *tap_new (GstPad *pad);
void tap_free (Tap *tap);

/* What was recorded is kept until the tap is freed: returned objects are
 * borrowed. `i` counts from 0. */
guint tap_count (Tap *tap);
GstMiniObject *tap_get (Tap *tap, guint i);

guint tap_count_buffers (Tap *tap);
/* Waits for it, and fails the test after TAP_PATIENCE. */
GstBuffer *tap_buffer (Tap *tap, guint i);

guint tap_count_events (Tap *tap, GstEventType type);
GstEvent *tap_event (Tap *tap, GstEventType type, guint i);

/* The text in buffer @i. Caller frees it. */
gchar *tap_dup_text (Tap *tap, guint i);
/* Buffer @i has that text and that timestamp. */
void tap_assert_text (Tap *tap, guint i, const gchar *expected, guint64 pts);
/* The texts of all buffers so far: "one|two|three". */
void tap_assert_texts (Tap *tap, const gchar *expected);

/* The first custom event of that name from entry @from on, -1 = none. */
gint tap_find_custom (Tap *tap, const gchar *name, guint from);

#define TAP_PATIENCE (30 * G_USEC_PER_SEC)

/* From now on a push of a buffer does not return until tap_release(). */
void tap_hold (Tap *tap);
void tap_wait_held (Tap *tap);
void tap_release (Tap *tap);

/* Whether the pad's task may come back to wait on the clock: it is neither at
 * EOS nor held. */
gboolean tap_is_live (Tap *tap);

G_END_DECLS
