/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The figures on the bus and in `stats`.
 */
#include "gstrealtime2figures.h"

#include "gstrealtime2fields.h"
#include "gstrealtime2messages.h"

#define GST_CAT_DEFAULT gst_realtime2_debug

/* What the fields of an Rt2Answer are called: NAME, NAME-server... */
static const gchar *const answer_names[RT2_N_ANSWERS] = { "latency",
  "commentary-latency", "final-answer-latency" };

/* What the fields of an Rt2Series are called: NAME-count, NAME-last... */
static const gchar *const series_names[RT2_N_SERIES] = { "latency",
  "latency-turn", "latency-server", "latency-output", "commentary-latency",
  "final-answer-latency" };

static void
set_uint64 (
    GstStructure *fields, const gchar *name, const gchar *part, guint64 value)
{
  gchar *full = g_strconcat (name, part, NULL);

  gst_structure_set (fields, full, G_TYPE_UINT64, value, NULL);
  g_free (full);
}

static void
set_latency (GstStructure *fields, const gchar *name, const Rt2Latency *latency)
{
  if (!latency->known)
    return;
  set_uint64 (fields, name, "", latency->total);
  set_uint64 (fields, name, "-turn", latency->turn);
  set_uint64 (fields, name, "-server", latency->server);
  set_uint64 (fields, name, "-output", latency->output);
}

static void
set_figures (GstStructure *fields, const Rt2ResponseFigures *figures)
{
  for (guint i = 0; i < RT2_N_ANSWERS; i++)
    set_latency (fields, answer_names[i], &figures->latencies[i]);
  gst_realtime2_set_time (fields, "first-audio", figures->first);
  if (!figures->has_audio)
    return;
  gst_structure_set (fields, "played-ms", G_TYPE_UINT64,
      figures->played / GST_MSECOND, "underruns", G_TYPE_UINT,
      figures->underruns, "underrun-time", G_TYPE_UINT64, figures->underrun,
      "slips", G_TYPE_UINT, figures->slips, "slip-time", G_TYPE_UINT64,
      figures->slip, NULL);
}

void
gst_realtime2_add_figures (
    GstRealtime2 *self, const gchar *response_id, GstStructure *fields)
{
  Rt2ResponseFigures figures;
  gboolean known;

  g_mutex_lock (&self->lock);
  known = rt2_figures_look_up (self->figures, response_id, &figures);
  g_mutex_unlock (&self->lock);
  if (!known)
    return;
  set_figures (fields, &figures);
  rt2_response_figures_clear (&figures);
}

static const gchar *
status_of (const Rt2ResponseFigures *figures)
{
  if (figures->interrupted)
    return "interrupted";
  return figures->complete ? "completed" : "incomplete";
}

static void
post_heard (GstRealtime2 *self, const Rt2ResponseFigures *figures)
{
  GstStructure *fields = gst_structure_new ("realtime2/response-heard",
      "response-id", G_TYPE_STRING, figures->id, "status", G_TYPE_STRING,
      status_of (figures), "dropped-ms", G_TYPE_UINT64,
      figures->dropped / GST_MSECOND, NULL);

  set_figures (fields, figures);
  gst_realtime2_set_time (fields, "last-audio", figures->end);
  gst_realtime2_post_structure (self, fields);
}

void
gst_realtime2_report_heard (GstRealtime2 *self)
{
  Rt2ResponseFigures figures;
  gboolean any;

  do {
    g_mutex_lock (&self->lock);
    any = rt2_figures_pop (self->figures, &figures);
    g_mutex_unlock (&self->lock);
    if (!any)
      return;
    /* Of what was only written there is nothing to hear. */
    if (figures.has_audio)
      post_heard (self, &figures);
    rt2_response_figures_clear (&figures);
  } while (any);
}

void
gst_realtime2_finish_figures (
    GstRealtime2 *self, const gchar *response_id, gboolean complete)
{
  g_mutex_lock (&self->lock);
  rt2_figures_response_done (self->figures, response_id, complete);
  g_mutex_unlock (&self->lock);
  gst_realtime2_report_heard (self);
}

/* --- the session's news --- */

void
gst_realtime2_on_turn_ended (gpointer owner, guint64 speech_end)
{
  GstRealtime2 *self = owner;
  guint64 now = gst_realtime2_running_time (self);

  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  g_mutex_lock (&self->lock);
  rt2_figures_turn_ended (self->figures, speech_end, now);
  g_mutex_unlock (&self->lock);
}

/* --- stats --- */

static void
set_summary (GstStructure *stats, const gchar *name, const Rt2Summary *summary)
{
  set_uint64 (stats, name, "-count", summary->count);
  set_uint64 (stats, name, "-last", summary->last);
  set_uint64 (stats, name, "-p50", summary->p50);
  set_uint64 (stats, name, "-p95", summary->p95);
  set_uint64 (stats, name, "-max", summary->max);
}

void
gst_realtime2_add_figure_stats (GstRealtime2 *self, GstStructure *stats)
{
  Rt2Summary summaries[RT2_N_SERIES];
  guint slips;
  guint64 slip;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < RT2_N_SERIES; i++)
    rt2_figures_sum_up (self->figures, i, &summaries[i]);
  rt2_figures_get_slips (self->figures, &slips, &slip);
  g_mutex_unlock (&self->lock);

  for (guint i = 0; i < RT2_N_SERIES; i++)
    set_summary (stats, series_names[i], &summaries[i]);
  gst_structure_set (stats, "slips", G_TYPE_UINT, slips, "slip-time",
      G_TYPE_UINT64, slip, NULL);
}
