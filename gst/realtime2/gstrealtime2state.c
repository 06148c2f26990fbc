/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the conversation is at: the property `state` and the messages about it.
 * The session's thread and the task of src both bring it about; whoever comes
 * first tells the news of both, so that they are told in their order.
 */
#include "gstrealtime2-private.h"

#include "gstrealtime2fields.h"
#include "gstrealtime2messages.h"

static GstRealtime2State
state_of_session (Rt2SessionState state)
{
  switch (state) {
    case RT2_SESSION_CONNECTING:
      return GST_REALTIME2_STATE_CONNECTING;
    case RT2_SESSION_READY:
      return GST_REALTIME2_STATE_READY;
    case RT2_SESSION_LISTENING:
      return GST_REALTIME2_STATE_LISTENING;
    case RT2_SESSION_THINKING:
      return GST_REALTIME2_STATE_THINKING;
    default:
      return GST_REALTIME2_STATE_DISCONNECTED;
  }
}

/* Called with self->lock. */
static GstRealtime2Moment
current_moment (GstRealtime2 *self)
{
  const Rt2Spoken *speaker = rt2_playout_speaker (self->playout);
  GstRealtime2Moment moment = { GST_REALTIME2_STATE_SPEAKING,
    RT2_PHASE_UNKNOWN };

  if (speaker)
    moment.phase = rt2_spoken_phase (speaker);
  else
    moment.state = state_of_session (self->session_state);
  return moment;
}

static void
post_moment (GstRealtime2 *self, const GstRealtime2Moment *moment)
{
  GEnumClass *klass = g_type_class_ref (GST_TYPE_REALTIME2_STATE);
  GstStructure *fields = gst_structure_new ("realtime2/state-changed", "state",
      G_TYPE_STRING, g_enum_get_value (klass, moment->state)->value_nick, NULL);

  gst_realtime2_set_string (fields, "phase", rt2_phase_name (moment->phase));
  gst_realtime2_post_structure (self, fields);
  g_type_class_unref (klass);
}

/* Tells what is new until nothing is. Called with self->lock, which is released
 * around the telling. */
static void
tell_moments (GstRealtime2 *self)
{
  GstRealtime2Moment *moment;

  if (self->telling)
    return;
  self->telling = TRUE;
  while ((moment = g_queue_pop_head (&self->moments))) {
    gboolean changed = moment->state != self->state;

    self->state = moment->state;
    g_mutex_unlock (&self->lock);
    if (changed)
      g_object_notify (G_OBJECT (self), "state");
    post_moment (self, moment);
    g_free (moment);
    g_mutex_lock (&self->lock);
  }
  self->telling = FALSE;
}

void
gst_realtime2_update_state (GstRealtime2 *self)
{
  GstRealtime2Moment moment;

  g_mutex_lock (&self->lock);
  moment = current_moment (self);
  if (moment.state != self->moment.state
      || moment.phase != self->moment.phase) {
    self->moment = moment;
    g_queue_push_tail (
        &self->moments, g_memdup2 (&moment, sizeof (GstRealtime2Moment)));
    tell_moments (self);
  }
  g_mutex_unlock (&self->lock);
}
