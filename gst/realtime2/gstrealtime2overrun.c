/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What did not fit into what is said, or heard.
 */
#include "gstrealtime2overrun.h"

#include "gstrealtime2messages.h"

#define GST_CAT_DEFAULT gst_realtime2_debug

/* us of real time: what is lost, is lost in floods. */
#define INTERVAL G_USEC_PER_SEC

void
gst_realtime2_note_lost_speech (GstRealtime2 *self, guint64 duration)
{
  GST_REALTIME2_ASSERT_LOCKED (self);
  self->overruns.speech += duration;
}

void
gst_realtime2_note_lost_text (GstRealtime2 *self, gsize size)
{
  GST_REALTIME2_ASSERT_LOCKED (self);
  self->overruns.text += size;
}

void
gst_realtime2_note_lost_item (GstRealtime2 *self)
{
  GST_REALTIME2_ASSERT_LOCKED (self);
  self->overruns.items++;
}

/* What is due to be told, taken out; FALSE if it is nothing. What is less than
 * a ms waits for more, so that what is told adds up. */
static gboolean
take (GstRealtime2 *self, gboolean all, GstRealtime2Overruns *lost)
{
  gint64 now = g_get_monotonic_time ();
  gboolean due;

  g_mutex_lock (&self->lock);
  *lost = self->overruns;
  due = (lost->speech >= GST_MSECOND || lost->text > 0 || lost->items > 0)
      && (all || lost->told == 0 || now - lost->told >= INTERVAL);
  lost->speech -= lost->speech % GST_MSECOND;
  if (due)
    self->overruns = (GstRealtime2Overruns){
      .speech = self->overruns.speech - lost->speech, .told = now
    };
  g_mutex_unlock (&self->lock);
  return due;
}

void
gst_realtime2_tell_overruns (GstRealtime2 *self, gboolean all)
{
  GstRealtime2Overruns lost;

  GST_REALTIME2_ASSERT_SESSION_THREAD_OR_NONE (self);
  if (!take (self, all, &lost))
    return;
  GST_WARNING_OBJECT (self,
      "too much is said: dropped %" GST_TIME_FORMAT
      " of speech, %" G_GSIZE_FORMAT " bytes of text, %u items of text pads",
      GST_TIME_ARGS (lost.speech), lost.text, lost.items);
  if (lost.speech > 0)
    gst_realtime2_post (self, "overrun", "dropped-ms", G_TYPE_UINT64,
        lost.speech / GST_MSECOND, "reason", G_TYPE_STRING, "speech-queue",
        NULL);
  if (lost.text > 0)
    gst_realtime2_post (self, "overrun", "dropped-ms", G_TYPE_UINT64,
        (guint64) 0, "reason", G_TYPE_STRING, "text-length", "dropped-bytes",
        G_TYPE_UINT64, (guint64) lost.text, NULL);
  if (lost.items > 0)
    gst_realtime2_post (self, "overrun", "dropped-ms", G_TYPE_UINT64,
        (guint64) 0, "reason", G_TYPE_STRING, "text-pad", "dropped-items",
        G_TYPE_UINT, lost.items, NULL);
}

void
gst_realtime2_post_drops (
    GstRealtime2 *self, const gchar *reason, const Rt2DropsNews *news)
{
  if (news->first || news->over)
    GST_WARNING_OBJECT (self, "%s input (%s): %" G_GUINT64_FORMAT " ms so far",
        news->over ? "dropped" : "dropping", reason, news->total_ms);
  gst_realtime2_post (self, "overrun", "dropped-ms", G_TYPE_UINT64, news->ms,
      "reason", G_TYPE_STRING, reason, "total-ms", G_TYPE_UINT64,
      news->total_ms, "over", G_TYPE_BOOLEAN, news->over, "dropped-start",
      G_TYPE_UINT64, news->start, "dropped-end", G_TYPE_UINT64, news->end,
      NULL);
}
