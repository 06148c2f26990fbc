/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Builds with debugging abort where locks are taken out of turn, or held where
 * they must not be; and nowhere else.
 */
#include "gstrealtime2locks.h"

#include "testtrap.h"

typedef struct {
  GMutex lock;
} Self;

typedef struct {
  Self *self;
  GMutex lock;
} Room;

typedef struct {
  Self self;
  Room room;
  GstPad *pad;
} House;

static void
in_order (House *house)
{
  Room *room = &house->room;
  Self *self = room->self;

  g_mutex_lock (&room->self->lock);
  GST_REALTIME2_ASSERT_LOCKED (self);
  GST_OBJECT_LOCK (house->pad);
  GST_OBJECT_UNLOCK (house->pad);
  g_mutex_lock (&room->lock);
  g_mutex_unlock (&self->lock);
  g_mutex_unlock (&room->lock);
  gst_pad_push_event (house->pad, gst_event_new_eos ());
}

static void
object_first (House *house)
{
  Self *self = &house->self;

  GST_OBJECT_LOCK (house->pad);
  g_mutex_lock (&self->lock);
}

static void
room_first (House *house)
{
  Self *self = &house->self;

  g_mutex_lock (&house->room.lock);
  g_mutex_lock (&self->lock);
}

static void
twice (House *house)
{
  Self *self = &house->self;

  g_mutex_lock (&self->lock);
  g_mutex_lock (&house->room.self->lock);
}

static void
push_locked (House *house)
{
  Self *self = &house->self;

  g_mutex_lock (&self->lock);
  gst_pad_push_event (house->pad, gst_event_new_eos ());
}

static void
stream_late (House *house)
{
  GST_OBJECT_LOCK (house->pad);
  GST_PAD_STREAM_LOCK (house->pad);
}

static void
notify_locked (House *house)
{
  g_mutex_lock (&house->room.lock);
  g_object_notify (G_OBJECT (house->pad), "caps");
}

static void
wait_with_another (House *house)
{
  Self *self = &house->self;
  GCond cond;

  g_cond_init (&cond);
  g_mutex_lock (&self->lock);
  g_mutex_lock (&house->room.lock);
  g_cond_wait (&cond, &house->room.lock);
}

static void
not_taken (House *house)
{
  Self *self = &house->self;

  GST_REALTIME2_ASSERT_LOCKED (self);
}

typedef struct {
  const gchar *name;
  void (*func) (House *house);
  const gchar *says; /* NULL: it is in order */
} Case;

static const Case cases[] = {
  { "in-order", in_order, NULL },
  { "object-first", object_first,
      "*object_first() (*locks.c:*), on thread*takes &self->lock after "
      "GST_OBJECT*which object_first() took*" },
  { "room-first", room_first, "*takes &self->lock after &house->room.lock*" },
  { "twice", twice, "*self->lock after &self->lock*" },
  { "push-locked", push_locked, "*calls gst_pad_push_event with &self->lock*" },
  { "stream-late", stream_late, "*STREAM_LOCK*with GST_OBJECT*" },
  { "notify-locked", notify_locked, "*calls g_object_notify with*" },
  { "wait-with-another", wait_with_another, "*waits with &self->lock held*" },
  { "not-taken", not_taken, "*needs a lock*" },
};

static void
run_case (House *house, const Case *test)
{
  g_mutex_init (&house->self.lock);
  g_mutex_init (&house->room.lock);
  house->room.self = &house->self;
  house->pad = gst_pad_new ("src", GST_PAD_SRC);
  test->func (house);
  gst_object_unref (house->pad);
}

static void
test_case (gconstpointer data)
{
  const Case *test = data;
  House house;

  if (g_test_subprocess ())
    run_case (&house, test);
  else
    testtrap_expect (test->says);
}

int
main (int argc, char *argv[])
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree gchar *path = g_strconcat ("/locks/", cases[i].name, NULL);

    g_test_add_data_func (path, &cases[i], test_case);
  }
  return g_test_run ();
}
