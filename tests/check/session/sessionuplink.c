/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The user's audio on its way up: every byte, in order, no more at once than
 * the socket takes.
 */
#include "sessionrig.h"

#include <string.h>

/* More audio than this in one go, in bytes of PCM, is a queue without bound:
 * the socket alone takes a tenth of it. */
#define MAX_AT_ONCE (2 * 1024 * 1024)
#define ENDLESS_SIZE 1920

/* Pieces of any size arrive as they are: bytes and borders. */
static void
test_exact (void)
{
  g_autoptr (Rig) rig = rig_new ();
  g_autoptr (GByteArray) wanted = g_byte_array_new ();
  g_autoptr (GByteArray) got = NULL;
  GRand *random = g_rand_new_with_seed (1);
  guint64 wanted_ns;

  rig_start_ready (rig);
  for (guint i = 0; i < 150; i++) {
    guint8 bytes[6000];
    gsize size = 2 * g_rand_int_range (random, 1, sizeof bytes / 2);

    for (gsize n = 0; n < size; n++)
      bytes[n] = g_rand_int (random);
    g_byte_array_append (wanted, bytes, size);
    rig_push (rig, bytes, size, i * RIG_S);
  }
  g_rand_free (random);
  rig_wait_sent (rig, "input_audio_buffer.append", 150);
  rig_flush_up (rig);
  got = rig_dup_sent_audio (rig);
  g_assert_cmpmem (got->data, got->len, wanted->data, wanted->len);
  g_assert_cmpuint (rig_count_sent (rig, "input_audio_buffer.append"), ==, 150);
  rig_flush_down (rig);
  /* Each piece is rounded to a nanosecond by itself. */
  wanted_ns = rt2_audio_format_bytes_to_ns (
      RT2_AUDIO_FORMAT_PCM16, wanted->len);
  g_assert_cmpuint (rig_get_stats (rig).appended, <=, wanted_ns);
  g_assert_cmpuint (rig_get_stats (rig).appended, >, wanted_ns - 150);
}

/* Runs until nothing was pulled for a while. */
static void
run_until_stuck (Rig *rig)
{
  guint before;

  do {
    before = rig->pulls;
    rig_run_for (rig, 300);
    g_assert_cmpuint (rig->pulls * ENDLESS_SIZE, <, MAX_AT_ONCE);
  } while (rig->pulls > before);
}

static void
check_endless (const GByteArray *audio)
{
  for (guint i = 0; i < audio->len; i += 2)
    g_assert_cmpuint (audio->data[i] | audio->data[i + 1] << 8, ==,
        i / ENDLESS_SIZE & 0xffff);
}

static void
test_server_stops_reading (void)
{
  g_autoptr (Rig) rig = rig_new ();
  g_autoptr (GByteArray) got = NULL;

  rig_start_ready (rig);
  test_server_pause (rig->server);
  rig->endless = MAX_AT_ONCE / ENDLESS_SIZE + 1;
  rt2_session_wake (rig->session);
  run_until_stuck (rig);
  g_assert_cmpuint (rig->pulls, >, 0);

  test_server_resume (rig->server);
  rig_wait_sent_audio (rig, (rig->pulls + 100) * ENDLESS_SIZE);
  rig->endless = 0;
  rig_wait_sent_audio (rig, rig->pulls * ENDLESS_SIZE);
  got = rig_dup_sent_audio (rig);
  g_assert_cmpuint (got->len, ==, rig->pulls * ENDLESS_SIZE);
  check_endless (got);
}

/* However much there is to send, the loop gets to look at other things. */
static void
test_flood (void)
{
  g_autoptr (Rig) rig = rig_new ();
  const guint n = 5000;
  gint64 deadline = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;

  rig_start_ready (rig);
  for (guint i = 0; i < n; i++)
    rig_push (rig, "ab", 2, 0);
  while (rig->pulls < n) {
    guint before = rig->pulls;

    g_main_context_iteration (rig->context, FALSE);
    g_assert_cmpuint (rig->pulls - before, <=, 100);
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
  }
  rig_wait_sent (rig, "input_audio_buffer.append", n);
}

typedef struct {
  Rig *rig;
  guint8 number;
} Pusher;

#define PUSHERS 4
#define PUSHES 60

static gpointer
push_often (gpointer data)
{
  Pusher *pusher = data;

  for (guint8 i = 0; i < PUSHES; i++) {
    const guint8 bytes[] = { pusher->number, i };

    rig_push (pusher->rig, bytes, sizeof bytes, 0);
    g_thread_yield ();
  }
  return NULL;
}

static void
test_threads (void)
{
  g_autoptr (Rig) rig = rig_new ();
  g_autoptr (GByteArray) got = NULL;
  Pusher pushers[PUSHERS];
  GThread *threads[PUSHERS];
  guint8 next[PUSHERS] = { 0 };

  rig_start_ready (rig);
  for (guint i = 0; i < PUSHERS; i++) {
    pushers[i] = (Pusher){ rig, i };
    threads[i] = g_thread_new ("push", push_often, &pushers[i]);
  }
  rig_wait_sent_audio (rig, PUSHERS * PUSHES * 2);
  for (guint i = 0; i < PUSHERS; i++)
    g_thread_join (threads[i]);
  got = rig_dup_sent_audio (rig);
  g_assert_cmpuint (got->len, ==, PUSHERS * PUSHES * 2);
  for (guint i = 0; i < got->len; i += 2)
    g_assert_cmpuint (got->data[i + 1], ==, next[got->data[i]]++);
}

/* One wake is enough for all there is. */
static void
test_one_wake (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig->endless = 300;
  rt2_session_wake (rig->session);
  rig_wait_sent_audio (rig, 300 * ENDLESS_SIZE);
  g_assert_cmpuint (rig->pulls, ==, 300);
}

/* Nobody is asked while there is no session. */
static void
test_lost (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_start_ready (rig);
  rig_set (&rig->accepts, FALSE);
  rig_drop (rig);
  rig_wait (rig, "lost lost");
  rig_push_ms (rig, 100, 0);
  rig_wait_sent (rig, "session.update", 1);
  rig_flush_down (rig);
  g_assert_cmpuint (rig->pulls, ==, 0);
  rig_send_updated (rig, "audio/pcm", "audio/pcm");
  rig_wait_sent_audio (rig, 4800);
  rig_expect_sent (rig, "session.update input_audio_buffer.append");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/session/uplink/exact", test_exact);
  g_test_add_func (
      "/session/uplink/server-stops-reading", test_server_stops_reading);
  g_test_add_func ("/session/uplink/flood", test_flood);
  g_test_add_func ("/session/uplink/threads", test_threads);
  g_test_add_func ("/session/uplink/one-wake", test_one_wake);
  g_test_add_func ("/session/uplink/lost", test_lost);
  return g_test_run ();
}
