/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A chaos run: one pipeline with a user whose every turn is known again, two
 * servers, and everything at once that networks, servers, users and
 * applications do. At the end it is told what was done, what was lost, and
 * whether anything was lost without a word.
 *
 * soak-chaos [N]: minutes. RT2_SEED=SEED: the same things are done again.
 * RT2_VERBOSE=1: it is said when. RT2_EVENT_LOG=FILE: the property event-log.
 */
#include <stdlib.h>

#include "chaosfaults.h"
#include "chaosledger.h"
#include "soakheap.h"
#include "soakpeer.h"
#include "soakwatch.h"

#define SHORT 25           /* s */
#define SESSION_SECONDS 16 /* that the servers grant */
#define TICK 10000         /* us */
#define MINUTE (60 * G_USEC_PER_SEC)
/* us between two looks at the heap. What is queued, or kept to be sent again,
 * goes up and down by some hundred KB: it is the least of each window that must
 * not grow. */
#define LOOK (G_USEC_PER_SEC / 4)
#define WINDOW (20 * G_USEC_PER_SEC)
#define WARM_UP 3 /* minutes */
/* Bytes per minute, in which some 15 connections come and go. What is kept to
 * be told again is full by then: items from the first, and voices, as no more
 * of them are kept than the few items of history-limit. Finer leaks are for the
 * other soak tests. */
#define HEAP_LIMIT (64 * 1024)
#define MOST_THREADS 60
#define NULL_LIMIT (5 * G_USEC_PER_SEC)
/* us that a turn is waited for that nobody disturbs. */
#define PATIENCE (40 * G_USEC_PER_SEC)
/* At the end, of a session that is well, until all that is due has come; what
 * has not by then is waited for as long as an answer. */
#define SETTLE (10 * G_USEC_PER_SEC)
#define HANG (60 * G_USEC_PER_SEC)
#define READY 2 /* of the property `state`; what is less has no session */

typedef struct {
  SoakPeer *peer;
  ChaosStage *stage;
  ChaosFaults *faults;
  ChaosLedger *ledger;
  GRand *rand; /* of the user */
  SoakHeap heap;
  gint64 begun, end, looked, window, minute; /* us */
  gsize least;                               /* bytes in use in this window */
  guint most_threads;

  /* The user. */
  enum {
    IDLE, /* until `next` */
    SPEAKING,
    WAITING, /* for an answer, until `next` */
  } mood;
  gint64 next;
  guint losses;  /* that there were when the turn began */
  guint excuses; /* and when it ended */
  guint waited, answered;

  /* At the end: what is_owed() said when it looked last, us. */
  gboolean owed;
  gint64 asked;
} Chaos;

/* --- the user --- */

static gint
roll (Chaos *chaos, gint least, gint most)
{
  return g_rand_int_range (chaos->rand, least, most + 1);
}

static void
rest (Chaos *chaos, gint64 now, gint most)
{
  chaos->mood = IDLE;
  chaos->next = now + roll (chaos, 400, most) * 1000;
}

/* Two in three turns are waited for until they are answered. */
static void
fall_silent (Chaos *chaos, gint64 now)
{
  if (roll (chaos, 0, 2) == 0 && now < chaos->end) {
    rest (chaos, now, 1500);
    return;
  }
  chaos->mood = WAITING;
  chaos->next = now + PATIENCE;
  chaos->excuses = chaos_faults_count_excuses (chaos->faults);
}

static void
wait (Chaos *chaos, gint64 now)
{
  guint turn = chaos_stage_count_turns (chaos->stage) - 1;
  gboolean heard = chaos_ledger_is_answered (chaos->ledger, turn);

  if (heard || now >= chaos->next
      || chaos_faults_count_excuses (chaos->faults) > chaos->excuses
      || chaos_ledger_count_excuses (chaos->ledger) > chaos->losses) {
    chaos->waited++;
    chaos->answered += heard;
    if (!heard && now >= chaos->next)
      chaos_ledger_find (chaos->ledger, "turn %u has no answer after %d s",
          turn, (gint) (PATIENCE / G_USEC_PER_SEC));
    rest (chaos, now, 2000);
  }
}

static void
use_voice (Chaos *chaos, gint64 now)
{
  if (chaos->mood == IDLE && now >= chaos->next && now < chaos->end) {
    chaos_stage_speak (
        chaos->stage, roll (chaos, 0, 2) == 0 ? roll (chaos, 700, 3000) : 0);
    chaos->mood = SPEAKING;
    chaos->losses = chaos_ledger_count_excuses (chaos->ledger);
  } else if (chaos->mood == SPEAKING && !chaos_stage_speaks (chaos->stage)) {
    fall_silent (chaos, now);
  } else if (chaos->mood == WAITING) {
    wait (chaos, now);
  }
}

/* --- what is watched --- */

static guint
count_threads (void)
{
  GDir *dir = g_dir_open ("/proc/self/task", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  g_dir_close (dir);
  return n;
}

static void
look (Chaos *chaos, gint64 now)
{
  gdouble minutes = (now - chaos->begun) / (gdouble) MINUTE;

  chaos->looked = now;
  chaos->most_threads = MAX (chaos->most_threads, count_threads ());
  chaos->least = MIN (chaos->least, soak_heap_now ());
  if (now - chaos->window < WINDOW)
    return;
  soak_heap_add (&chaos->heap, minutes, chaos->least);
  chaos->window = now;
  chaos->least = G_MAXSIZE;
}

static void
tell_minute (Chaos *chaos, gint64 now)
{
  chaos->minute += MINUTE;
  g_print ("# minute %2d: %u turns said, %u waited for, %u of these answered; "
           "%u times lost, %u restored, %u moves; heap %" G_GSIZE_FORMAT
           " KiB, %u threads, %u findings\n",
      (gint) ((now - chaos->begun) / MINUTE),
      chaos_stage_count_turns (chaos->stage), chaos->waited, chaos->answered,
      chaos_ledger_count (chaos->ledger, "session-lost"),
      chaos_ledger_count (chaos->ledger, "session-restored"),
      chaos_ledger_count (chaos->ledger, "session-moved"),
      soak_heap_now () / 1024, count_threads (),
      chaos_ledger_count_findings (chaos->ledger));
}

static void
go_on (Chaos *chaos, gboolean more)
{
  guint before = chaos_ledger_count (chaos->ledger, "session-restored");
  gint64 now = g_get_monotonic_time ();

  chaos_ledger_listen (chaos->ledger);
  if (chaos_ledger_count (chaos->ledger, "session-restored") > before)
    chaos_faults_restored (chaos->faults);
  chaos_faults_go_on (chaos->faults, more);
  if (!chaos_faults_is_paused (chaos->faults))
    use_voice (chaos, now);
  else if (chaos->mood == WAITING)
    chaos->next += TICK;
  if (now - chaos->looked >= LOOK)
    look (chaos, now);
  if (now - chaos->minute >= MINUTE)
    tell_minute (chaos, now);
  g_usleep (TICK);
}

/* --- the end --- */

static gboolean
is_connected (Chaos *chaos)
{
  gint state;

  g_object_get (chaos->stage->stage->ai, "state", &state, NULL);
  return state >= READY;
}

/* Whether something is lost so far that nobody told of: it may yet be on its
 * way, through servers that are slow where the machine is. */
static gboolean
is_owed (Chaos *chaos, gint64 now)
{
  if (now - chaos->asked < LOOK)
    return chaos->owed;
  chaos->asked = now;
  chaos->owed = chaos_ledger_is_owed (
      chaos->ledger, chaos_faults_count_texts (chaos->faults));
  return chaos->owed;
}

static void
settle (Chaos *chaos)
{
  gint64 begun = g_get_monotonic_time (), since = begun, now = begun;

  while (chaos->mood != IDLE || now < since + SETTLE
      || (now < since + PATIENCE && is_owed (chaos, now))) {
    go_on (chaos, FALSE);
    now = g_get_monotonic_time ();
    if (!is_connected (chaos))
      since = now;
    if (since > begun + PATIENCE) {
      chaos_ledger_find (chaos->ledger, "the session does not come back");
      break;
    }
  }
}

static void
check_stream (Chaos *chaos)
{
  ChaosStage *stage = chaos->stage;
  guint resyncs = stage_stat (stage->stage, "resyncs");
  guint pauses = chaos_faults_count_pauses (chaos->faults);

  g_print ("# src: %" G_GUINT64_FORMAT " buffers, %u jumps of PTS (%u resyncs, "
           "%u PAUSED), %u overlaps; %u overlaps of text\n",
      stage->buffers, stage->breaks, resyncs, pauses, stage->overlaps,
      stage->text_overlaps);
  if (stage->breaks > resyncs + pauses)
    chaos_ledger_find (chaos->ledger, "PTS of src jumps");
  if (stage->overlaps + stage->text_overlaps > 0)
    chaos_ledger_find (chaos->ledger, "buffers overlap");
  if (chaos->most_threads > MOST_THREADS)
    chaos_ledger_find (chaos->ledger, "%u threads", chaos->most_threads);
}

/* A short run is all warm-up. */
static void
check_heap (Chaos *chaos, guint minutes)
{
  gdouble slope = soak_heap_slope (&chaos->heap, WARM_UP);

  soak_heap_print (&chaos->heap, WARM_UP, HEAP_LIMIT);
  if (minutes > 2 * WARM_UP && SOAK_HEAP_COUNTS && slope > HEAP_LIMIT)
    chaos_ledger_find (chaos->ledger, "the heap grows");
}

static void
stop (Chaos *chaos)
{
  SoakWatch *watch = soak_watch_begin ("the way to NULL", HANG);
  gint64 begun = g_get_monotonic_time ();
  gint64 took;

  gst_element_set_state (chaos->stage->stage->pipeline, GST_STATE_NULL);
  took = g_get_monotonic_time () - begun;
  soak_watch_end (watch);
  g_print ("# to NULL in %.3f s\n", took / 1e6);
  if (took > NULL_LIMIT)
    chaos_ledger_find (chaos->ledger, "the way to NULL took too long");
}

static guint
conclude (Chaos *chaos, guint minutes)
{
  guint findings;

  check_stream (chaos);
  chaos_ledger_listen (chaos->ledger);
  stop (chaos);
  chaos_ledger_audit (chaos->ledger, chaos_faults_count_texts (chaos->faults));
  g_print (
      "# waited for an answer: %u turns, %u answered, %u cancelled, failed "
      "or told of as lost\n",
      chaos->waited, chaos->answered, chaos->waited - chaos->answered);
  if (minutes > WARM_UP)
    check_heap (chaos, minutes);
  g_print ("# what was done:\n");
  chaos_faults_print (chaos->faults);
  findings = chaos_ledger_count_findings (chaos->ledger);
  g_print ("# %s: %u findings\n", findings == 0 ? "ok" : "FAILED", findings);
  return findings;
}

static guint
run (SoakPeer *peer, guint seed, guint minutes)
{
  Chaos chaos = { .peer = peer, .mood = IDLE, .least = G_MAXSIZE };
  guint findings;

  soak_heap_init (&chaos.heap, "minute");
  chaos.stage = chaos_stage_new (peer);
  chaos.faults = chaos_faults_new (
      peer, chaos.stage, seed, g_getenv ("RT2_VERBOSE") != NULL);
  chaos.ledger = chaos_ledger_new (peer, chaos.stage, seed);
  chaos.rand = g_rand_new_with_seed (seed);
  stage_play (chaos.stage->stage);
  if (minutes > 0)
    chaos_stage_fill_memory (chaos.stage);
  chaos.begun = g_get_monotonic_time ();
  chaos.minute = chaos.next = chaos.window = chaos.begun;
  chaos.end = chaos.begun
      + (minutes > 0 ? minutes * MINUTE : SHORT * G_USEC_PER_SEC);
  while (g_get_monotonic_time () < chaos.end)
    go_on (&chaos, TRUE);
  settle (&chaos);
  findings = conclude (&chaos, minutes);
  g_rand_free (chaos.rand);
  chaos_ledger_free (chaos.ledger);
  chaos_faults_free (chaos.faults);
  chaos_stage_free (chaos.stage);
  soak_heap_clear (&chaos.heap);
  return findings;
}

static guint32
get_seed (void)
{
  const gchar *seed = g_getenv ("RT2_SEED");

  return seed != NULL ? strtoul (seed, NULL, 10) : g_random_int ();
}

static SoakPeer *peer;
static guint seed, n_minutes;

static void
test_chaos (void)
{
  g_print ("# seed %u\n", seed);
  g_assert_cmpuint (run (peer, seed, n_minutes), ==, 0);
}

int
main (int argc, char *argv[])
{
  int status;

  seed = get_seed ();
  peer = chaos_peer_new (argc, argv, seed, SESSION_SECONDS);
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  soak_peer_hush ();
  if (argc > 1)
    n_minutes = atoi (argv[1]);
  g_test_add_func ("/soak/chaos", test_chaos);
  status = g_test_run ();
  soak_peer_free (peer);
  return status;
}
