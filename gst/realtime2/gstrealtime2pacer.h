/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Waiting for a running time on the pipeline's clock, in a way that a flush, a
 * state change or news can end.
 */
#pragma once

#include "gstrealtime2-private.h"

G_BEGIN_DECLS

/* One per thread that waits. Guarded by self->lock. */
typedef struct {
  GstClockID id;     /* what is waited for now, or NULL */
  gboolean flushing; /* the wait must end and none may begin */
  gboolean closed;   /* flushing for good: the pad is released */
  gboolean woken;    /* there is news; ends one wait */
  guint64 delay;     /* ns that the stream is behind the clock: its time is
                      * running time less this */
} GstRealtime2Pacer;

/* Waits until the element plays and time @rt of the stream is reached, or for
 * news. Returns FALSE if flushing. @now is the stream's time after it. Called
 * with self->lock, which is released while waiting. */
gboolean gst_realtime2_pacer_wait (
    GstRealtime2 *self, GstRealtime2Pacer *pacer, guint64 rt, guint64 *now);

/* Waits until the element plays. Otherwise like the above. */
gboolean gst_realtime2_pacer_wait_playing (
    GstRealtime2 *self, GstRealtime2Pacer *pacer, guint64 *now);

/* Called with self->lock. */
void gst_realtime2_pacer_set_flushing (
    GstRealtime2 *self, GstRealtime2Pacer *pacer, gboolean flushing);
/* Flushing from now on, whoever activates the pad. A state change that
 * activates all pads may come upon one that is just being released. */
void gst_realtime2_pacer_close (GstRealtime2 *self, GstRealtime2Pacer *pacer);
void gst_realtime2_pacer_wake (GstRealtime2Pacer *pacer);
/* Ends the wait so that it is begun anew: the clock or its base changed. */
void gst_realtime2_pacer_interrupt (GstRealtime2Pacer *pacer);

G_END_DECLS
