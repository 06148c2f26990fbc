/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The element and what its rooms share.
 *
 * Threads: upstream's streaming threads (input, textsink, imagesink), one task
 * per src pad (audiosrc, textpad), the session's thread (link), those that
 * answer function calls (tools), and the application's.
 *
 * Lock order: STREAM_LOCK of a pad, then self->lock, then the OBJECT_LOCK. No
 * lock but the STREAM_LOCK is held across a push, a message, a signal, a
 * notify, a clock wait or a join. Builds with debugging make sure of threads
 * and locks, see gstrealtime2threads.h and gstrealtime2locks.h.
 */
#pragma once

#include <gst/gst.h>

#include "gstrealtime2enums.h"
#include "gstrealtime2settings.h"
#include "rt2echo.h"
#include "rt2figures.h"
#include "rt2keywatch.h"
#include "rt2playout.h"
#include "rt2session.h"

#include "gstrealtime2threads.h"
/* Last: it watches what those below lock. */
#include "gstrealtime2locks.h"

G_BEGIN_DECLS

#define GST_TYPE_REALTIME2 (gst_realtime2_get_type ())
G_DECLARE_FINAL_TYPE (GstRealtime2, gst_realtime2, GST, REALTIME2, GstElement)

GST_DEBUG_CATEGORY_EXTERN (gst_realtime2_debug);

typedef struct _GstRealtime2Input GstRealtime2Input;
typedef struct _GstRealtime2AudioSrc GstRealtime2AudioSrc;
typedef struct _GstRealtime2Link GstRealtime2Link;
typedef struct _GstRealtime2Tools GstRealtime2Tools;
typedef struct _GstRealtime2Notices GstRealtime2Notices;

/* What the conversation is at. */
typedef struct {
  GstRealtime2State state; /* what the property shall give */
  Rt2Phase phase;          /* of what is spoken, or unknown */
} GstRealtime2Moment;

/* What did not fit and was not told yet. */
typedef struct {
  guint64 speech; /* ns */
  gsize text;     /* bytes */
  guint items;    /* that a text pad has not shown */
  gint64 told;    /* monotonic us when something was told last, or 0 */
} GstRealtime2Overruns;

struct _GstRealtime2 {
  GstElement parent;

  GstPad *sinkpad, *srcpad;      /* always there; owned by the element */
  GstRealtime2Settings settings; /* OBJECT_LOCK */
  /* Times that a property of the connection was set, and how many of them by a
   * g_object_set() that is over; OBJECT_LOCK. */
  guint connection_sets, connection_settled;

  /* OBJECT_LOCK, these three: the server that `api-key` was set for, and
   * `extra-headers`; and what was set and can't be notified: GParamSpec*, until
   * the end of the g_object_set(). */
  gchar *key_uri, *headers_uri;
  GPtrArray *unreadable;

  GstRealtime2Notices *notices; /* made at init; the session thread's */

  GMutex lock;        /* guards all below unless it says otherwise */
  GCond playing_cond; /* `playing` or a pacer's `flushing` changed */
  gboolean playing;   /* state is PLAYING: the clock may be waited for */

  GstRealtime2Input *input;       /* made at init; guards itself with lock */
  GstRealtime2AudioSrc *audio;    /* likewise */
  GstRealtime2Link *link;         /* likewise */
  GPtrArray *text_pads;           /* GstRealtime2TextPad*, references */
  GstPad *text_sink, *image_sink; /* owned by the element, or NULL */
  gboolean audio_ended;           /* EOS came on the sink pad */
  gboolean text_ended;            /* EOS came on text_sink */

  Rt2Playout *playout;          /* the schedule */
  Rt2Figures *figures;          /* latencies, and how smoothly it went */
  Rt2Echo *echo;                /* whether the input follows the output */
  Rt2AudioFormat input_format;  /* what the server is sent */
  Rt2AudioFormat output_format; /* what src gives */
  /* ns that the src pads' time is behind the clock: the latency of
   * transcription and translation, else 0. */
  guint64 delay;
  /* Words leave by the instant of the input that they belong to, not with the
   * samples of src. */
  gboolean timed_text;
  guint64 max_observed_delay; /* ns from an instant to its result */
  guint64 latency;            /* ns, of the LATENCY event seen on src */

  Rt2SessionState session_state; /* as the session last said */
  GstRealtime2State state;       /* what the property `state` gives */
  GstRealtime2Moment moment;     /* now; told, or about to be */
  GQueue moments;   /* GstRealtime2Moment*, not told yet, oldest first */
  gboolean telling; /* a thread tells them */

  GstRealtime2Overruns overruns; /* see gstrealtime2overrun.h */

  gboolean drained;     /* the session has nothing more to say */
  guint64 drained_time; /* running time since when, or NONE */
  guint32 eos_seqnum;   /* of the EOS that ends it all, or 0 */
  /* Running time of the end of the audio once src is at EOS, else NONE. */
  guint64 eos_time;

  gchar *file_key; /* last read from api-key-file; the session thread's while
                    * that runs */
  gchar *file_key_url;    /* of the server that it was read for */
  gchar *file_complaint;  /* what was wrong with the file when it was read last,
                           * or NULL; likewise */
  Rt2KeyWatch *key_watch; /* of api-key-file; made at init */
  guint64 usage_start;    /* running time of the first session, or NONE */
  guint64 usage_time;     /* ns since then */
  /* What was being said when the budget was spent, a reference, or NULL; how
   * many of its samples were placed then, and where in its text that sentence
   * ends, 0 = not known yet. */
  Rt2Spoken *last_words;
  guint64 last_words_from;
  gsize last_words_end;
  GPtrArray *last_cut; /* Rt2Heard*, what was cut after them; NULL = nothing
                        * that the session does not know of */

  /* JSON that update-session left, over what the properties say; NULL if it did
   * not. */
  gchar *session_update;
  GHashTable *complaints;   /* about the prompt, that were told in this run */
  GstRealtime2Tools *tools; /* made at init; guards itself */
  gint run;                 /* number of this READY->PAUSED; atomic */

  guint group_id;       /* of all src pads in this run */
  gchar *stream_prefix; /* of all stream ids in this run */
};

/* The state property from what the session and the schedule say now; notifies
 * and posts if it, or the phase of what is spoken, changed. Called without
 * locks. */
void gst_realtime2_update_state (GstRealtime2 *self);

/* The running time now, or GST_CLOCK_TIME_NONE. Takes the OBJECT_LOCK. */
guint64 gst_realtime2_running_time (GstRealtime2 *self);

/* Tells the session what the properties say now. Called without locks. */
void gst_realtime2_update_config (GstRealtime2 *self);

/* Wakes each text pad that has something waiting. Called with self->lock. */
void gst_realtime2_wake_text_pads (GstRealtime2 *self);

/* All text pads read @spoken from now on. Called with self->lock. */
void gst_realtime2_add_text (GstRealtime2 *self, Rt2Spoken *spoken);

/* Ends the stream of a src pad if what its neighbour returned says so. Called
 * on the pad's task, without locks. */
void gst_realtime2_take_flow (
    GstRealtime2 *self, GstPad *pad, GstFlowReturn ret);

/* The stream-start event of a src pad, named by @suffix. Transfer full. */
GstEvent *gst_realtime2_stream_start (GstRealtime2 *self, const gchar *suffix);

G_END_DECLS
