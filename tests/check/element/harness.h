/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A conversation under test: the element in a harness, on a clock that only the
 * test moves, with a peer on the other side and a record of all that it gives.
 *
 * The clock moves from one instant for which a task of the element waits to the
 * next, and only when all of them do wait: what the element does at an instant
 * is over before the next one comes. What the peer says is in effect once
 * talk_sync() returns.
 */
#pragma once

#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>
#include <gst/check/gsttestclock.h>

#include "peer.h"
#include "tap.h"

G_BEGIN_DECLS

#define MS GST_MSECOND

/* Clock time at which running time is 0. */
#define TALK_BASE (5 * GST_SECOND + 123456789)

typedef struct {
  GstElement *element;
  GstHarness *harness; /* NULL until talk_play() */
  GstTestClock *clock;
  Peer *peer;
  const Law *out;   /* what src gives */
  Tap *src;         /* of src */
  GPtrArray *taps;  /* all of them, src's first; owned */
  GPtrArray *sinks; /* GstPad* behind the text pads */
  GstBus *bus;
  gboolean fails; /* an error message is expected */
  guint syncs;    /* talk_sync() that were made */

  GMutex lock;
  GCond changed;
  /* Under the lock, as all below. */
  GPtrArray *messages; /* GstMessage*, references */
  GArray *states;      /* gint: values of `state`, as notified */
  gint pushers;        /* threads that push paced input now */
} Talk;

/* An element in NULL with `uri` of its own peer. */
Talk *talk_new (void);
void talk_free (Talk *talk);

/* PLAYING, at running time 0, behind a peer of the caps of @out. */
void talk_play (Talk *talk, const Law *out);
/* The same, with the peer still in its way to a configured session. */
void talk_play_unconnected (Talk *talk, const Law *out, guint64 running_time);
/* talk_new() and talk_play(), PCM. */
Talk *talk_new_playing (void);

/* A text pad named @name (NULL = any), linked to a pad that takes @caps. */
GstPad *talk_add_text (Talk *talk, const gchar *name, const gchar *caps);
/* Links a pad that was requested; the reference is taken over. Returns its
 * record, from now on. */
Tap *talk_link_text (Talk *talk, GstPad *pad, const gchar *caps);
/* Its record. */
Tap *talk_tap_of (Talk *talk, GstPad *pad);
/* Gives the pad and its record back. */
void talk_release_text (Talk *talk, GstPad *pad);

/* --- time --- */

guint64 talk_now (Talk *talk);
/* Waits until all tasks wait on the clock. */
void talk_settle (Talk *talk);
/* To the next instant that something waits for. */
void talk_step (Talk *talk);
/* Through all of them up to running time @until, and there. */
void talk_run_to (Talk *talk, guint64 until);
/* Sets the clock without anybody being let go. */
void talk_jump_to (Talk *talk, guint64 running_time);
/* Steps until src has given its end. */
void talk_run_to_eos (Talk *talk);

/* All that the peer has said was taken in. */
void talk_sync (Talk *talk);
/* All that the element has to say by now has reached the peer. Costs a
 * session.update. */
void talk_sync_up (Talk *talk);

/* @n more threads (or fewer) that the clock paces. Any thread. */
void talk_add_pusher (Talk *talk, gint n);

/* --- messages --- */

/* Waits for ELEMENT message "realtime2/@name" number @i. Borrowed. */
const GstStructure *talk_message (Talk *talk, const gchar *name, guint i);
guint talk_count_messages (Talk *talk, const gchar *name);
/* Waits for a message of @type number @i. Borrowed. */
GstMessage *talk_message_of (Talk *talk, GstMessageType type, guint i);
guint talk_count_messages_of (Talk *talk, GstMessageType type);
/* Waits for a message for @ms of wall-clock time; FALSE if none came. */
gboolean talk_message_within (Talk *talk, const gchar *name, guint ms);
/* Waits until `state` was notified with @state, from notification *@from on,
 * which is moved behind it. */
void talk_wait_state (Talk *talk, const gchar *state, guint *from);

/* --- what src gave --- */

/* All samples since PLAYING, in one piece. Caller frees it. */
GByteArray *talk_dup_output (Talk *talk);
/* Samples @at to @at + @n of the output are @first to @first + @n of the
 * speech. */
void talk_assert_speech (Talk *talk, guint64 at, guint64 first, guint64 n);
void talk_assert_silence (Talk *talk, guint64 at, guint64 n);
/* Samples since PLAYING. */
guint64 talk_count_samples (Talk *talk);
/* Every buffer has its size, timestamps, offsets, flags and meta, and follows
 * the one before it; @jumps of them are DISCONT after the first. */
void talk_assert_stream (Talk *talk, guint samples, guint jumps);
/* The meta's fields of @buffer, NULL if there is none. Borrowed. */
const GstStructure *talk_meta (GstBuffer *buffer);

/* --- what goes into sink --- */

/* Samples @first to @first + @n, with the timestamp of @at samples. */
GstBuffer *talk_input (const Law *law, guint64 at, guint64 first, guint64 n);
/* Pushes @n samples of speech in pieces of 10 ms, beginning at 0. */
void talk_speak (Talk *talk, const Law *law, guint64 n);

const gchar *talk_string (const GstStructure *fields, const gchar *name);
guint64 talk_uint64 (const GstStructure *fields, const gchar *name);

/* The field @name of `stats`, a uint or a uint64. */
guint64 talk_stat (Talk *talk, const gchar *name);

G_END_DECLS
