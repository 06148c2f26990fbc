/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Builds with debugging abort where the element itself is used on a wrong
 * thread, or without its lock, and say which function and which thread it was.
 */
#include "gstrealtime2-private.h"

#include "gstrealtime2audiosrc.h"
#include "gstrealtime2budget.h"
#include "gstrealtime2link.h"
#include "gstrealtime2notices.h"
#include "gstrealtime2overrun.h"
#include "testtrap.h"

#ifdef RT2_DEBUG

void gst_plugin_realtime2_register (void);

/* Nobody listens there; that may become known, or not. */
#define NOWHERE "ws://127.0.0.1:9/v1/realtime"

/* --- allowed --- */

static void
tell_after (GstRealtime2 *self)
{
  gst_element_set_state (GST_ELEMENT (self), GST_STATE_READY);
  gst_realtime2_tell_overruns (self, TRUE);
}

static void
flush_from_outside (GstRealtime2 *self)
{
  gboolean begun;

  g_mutex_lock (&self->lock);
  begun = gst_realtime2_audio_src_begin_flush (self->audio);
  g_mutex_unlock (&self->lock);
  g_assert_false (begun);
}

/* --- the session's thread --- */

static void
listen (GstRealtime2 *self)
{
  gst_realtime2_on_server_event (self, "{}", 2);
}

static void
listen_after (GstRealtime2 *self)
{
  gst_element_set_state (GST_ELEMENT (self), GST_STATE_READY);
  gst_realtime2_on_server_event (self, "{}", 2);
}

static void
tell (GstRealtime2 *self)
{
  gst_realtime2_tell_overruns (self, TRUE);
}

static void
redact (GstRealtime2 *self)
{
  g_free (gst_realtime2_link_redact (self->link, "text"));
}

/* --- the task of a src pad --- */

static void
end_pad (GstRealtime2 *self)
{
  gst_realtime2_take_flow (self, self->srcpad, GST_FLOW_EOS);
}

static void
cut (GstRealtime2 *self)
{
  g_mutex_lock (&self->lock);
  gst_realtime2_budget_cut (self, 0);
}

static void
flush_from_inside (GstRealtime2 *self)
{
  GST_REALTIME2_BEGIN_TASK (self->srcpad);
  gst_realtime2_audio_src_flush (self->audio);
}

/* --- locks --- */

static void
unlocked (GstRealtime2 *self)
{
  gst_realtime2_wake_text_pads (self);
}

static void
out_of_order (GstRealtime2 *self)
{
  GST_OBJECT_LOCK (self);
  gst_realtime2_update_state (self);
}

static void
called_locked (GstRealtime2 *self)
{
  g_mutex_lock (&self->lock);
  gst_realtime2_update_state (self);
}

typedef struct {
  const gchar *name;
  void (*func) (GstRealtime2 *self);
  const gchar *says; /* NULL: it is allowed */
} Case;

static const Case cases[] = {
  { "tell-after", tell_after, NULL },
  { "flush-outside", flush_from_outside, NULL },
  { "listen", listen, "*gst_realtime2_on_server_event()*\"intruder\"*" },
  { "listen-after", listen_after, "*_on_server_event()*\"intruder\"*no sess*" },
  { "tell", tell, "*gst_realtime2_tell_overruns()*\"intruder\"*" },
  { "redact", redact, "*rt2_session_keys()*\"intruder\"*" },
  { "end-pad", end_pad, "*_take_flow()*task of pad src*\"intruder\"*" },
  { "cut", cut, "*_budget_cut()*task of pad src*\"intruder\"*" },
  { "flush-inside", flush_from_inside, "*_src_flush()*any*but*\"intruder\"*" },
  { "unlocked", unlocked, "*_wake_text_pads()*\"intruder\"*needs a lock*" },
  { "out-of-order", out_of_order,
      "*gst_realtime2_update_state()*\"intruder\"*takes &self->lock after "
      "GST_OBJECT_GET_LOCK*which out_of_order() took*" },
  { "called-locked", called_locked,
      "*gst_realtime2_update_state()*\"intruder\"*takes &self->lock after "
      "&self->lock, which called_locked() took*" },
};

typedef struct {
  GstRealtime2 *self;
  const Case *test;
} Intrusion;

static gpointer
intrude (gpointer data)
{
  Intrusion *intrusion = data;

  intrusion->test->func (intrusion->self);
  return NULL;
}

static void
run_case (const Case *test)
{
  GstElement *element;
  Intrusion intrusion;

  gst_plugin_realtime2_register ();
  element = g_object_new (GST_TYPE_REALTIME2, "uri", NOWHERE, "api-key", "none",
      "retries", -1, NULL);
  gst_object_ref_sink (element);
  intrusion = (Intrusion){ GST_REALTIME2 (element), test };
  g_assert_cmpint (gst_element_set_state (element, GST_STATE_PAUSED), ==,
      GST_STATE_CHANGE_NO_PREROLL);
  g_thread_join (g_thread_new ("intruder", intrude, &intrusion));
  gst_element_set_state (element, GST_STATE_NULL);
  gst_object_unref (element);
}

static void
test_case (gconstpointer data)
{
  const Case *test = data;

  if (g_test_subprocess ())
    run_case (test);
  else
    testtrap_expect (test->says);
}

static void
add_tests (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree gchar *path = g_strconcat ("/threads/", cases[i].name, NULL);

    g_test_add_data_func (path, &cases[i], test_case);
  }
}

#else

static void
add_tests (void)
{
  testtrap_add_unwatched ();
}

#endif

int
main (int argc, char *argv[])
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  add_tests ();
  return g_test_run ();
}
