/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The whole session under random schedules: a user, an application and a server
 * that obeys the protocol do what they may in any order, and all that arrives
 * late arrives at any time. Connections are lost, sessions end by their age,
 * and the conversation moves to another that is refused, late, or there. The
 * rules that must hold all the while are in world.c and its neighbours.
 *
 * RT2_SCHEDULES is how many schedules are tried, RT2_SCHEDULES_SEED the seed of
 * the first; each has the seed after the one before.
 */
#include "world.h"

#include <stdlib.h>

#define DEFAULT_SCHEDULES 8000
#define DEFAULT_SEED 1
#define MIN_STEPS 20
#define MAX_STEPS 120

/* What became of connections in all schedules together. */
static struct {
  guint losses, moves, forced;
} sum;

/* --- one schedule --- */

static void
step_sound (World *world)
{
  if (!world->ended)
    world_say (
        world, WORLD_PIECE_MS * g_rand_int_range (world->random, 1, 25), TRUE);
}

static void
step_silence (World *world)
{
  if (!world->ended)
    world_say (
        world, WORLD_PIECE_MS * g_rand_int_range (world->random, 1, 16), FALSE);
}

static void
step_commit (World *world)
{
  if (world->setup.turn_detection == RT2_TURN_DETECTION_NONE
      || world_chance (world, 10))
    world_commit (world);
}

static void
step_clear (World *world)
{
  if (world->ready && world->setup.turn_detection == RT2_TURN_DETECTION_NONE)
    world_command (world, rt2_command_new (RT2_COMMAND_CLEAR_INPUT));
}

static void
step_text (World *world)
{
  static const gchar *const roles[] = { "user", "system", "assistant" };
  gint role = g_rand_int_range (world->random, 0, G_N_ELEMENTS (roles));
  gint interrupt = g_rand_int_range (
      world->random, RT2_INTERRUPT_AUTO, RT2_INTERRUPT_NO + 1);
  gint priority = g_rand_int_range (world->random, -1, 2);
  gint64 expires = world_chance (world, 30)
      ? fakeclock_now () + g_rand_int_range (world->random, 0, 3000000)
      : 0;

  world_send_text (world, roles[role], world_chance (world, 80), interrupt,
      priority, expires);
}

static void
step_ask (World *world)
{
  /* A server that gives no marks back leaves no way to tell them apart. */
  world_ask (world, world->setup.gives_marks && world_chance (world, 40));
}

static void
step_result (World *world)
{
  GPtrArray *calls = g_ptr_array_new ();
  Item *call = NULL;

  for (guint i = 0; i < world->items->len; i++) {
    Item *item = g_ptr_array_index (world->items, i);

    if (item->kind == ITEM_CALL && item->called)
      g_ptr_array_add (calls, item);
  }
  if (calls->len > 0 && !world_chance (world, 10))
    call = g_ptr_array_index (
        calls, g_rand_int_range (world->random, 0, calls->len));
  if (calls->len > 0 || world_chance (world, 5))
    world_answer_call (world, call);
  g_ptr_array_unref (calls);
}

static void
step_protect (World *world)
{
  if (world->setup.guards_speech)
    world_protect (world, !world->is_protected);
}

static void
step_play (World *world)
{
  world_play (world, g_rand_int_range (world->random, 1, 120));
}

static void
step_time (World *world)
{
  world_advance (world, g_rand_int_range (world->random, 1000, 400000));
}

/* Sessions live for seconds. */
static void
step_seconds (World *world)
{
  world_advance (world,
      g_rand_int_range (world->random, 500, 4000) * G_TIME_SPAN_MILLISECOND);
}

static void
step_long_time (World *world)
{
  if (world_chance (world, 20))
    world_advance (world, 21 * G_USEC_PER_SEC);
}

static void
step_drop (World *world)
{
  if (world_chance (world, 15))
    world_drop (world);
}

static void
step_take (World *world)
{
  for (gint n = g_rand_int_range (world->random, 1, 40); n > 0; n--)
    world_server_take (world);
}

static void
step_deliver (World *world)
{
  for (gint n = g_rand_int_range (world->random, 1, 8); n > 0; n--)
    world_deliver (world);
}

static void
step_work (World *world)
{
  for (gint n = g_rand_int_range (world->random, 1, 5); n > 0; n--)
    world_server_work (world);
}

static void
step_answer (World *world)
{
  world_server_answer (world);
}

static void
step_transcribe (World *world)
{
  world_server_transcribe (world);
}

static void
step_move (World *world)
{
  if (world->setup.moves)
    world_move (world);
}

/* The next server is as quick or as slow as any. */
static void
step_next (World *world)
{
  world_next_connect (world);
  for (gint n = g_rand_int_range (world->random, 1, 20); n > 0; n--) {
    world_next_take (world);
    world_next_deliver (world);
  }
}

static void
step_next_fails (World *world)
{
  if (world_chance (world, 40))
    world_next_fail (world);
}

static void
step_finish (World *world)
{
  if (!world->ended && world_chance (world, 40))
    world_finish (world);
}

static const struct {
  void (*func) (World *world);
  gint weight;
} steps[] = {
  { step_sound, 8 },
  { step_silence, 8 },
  { step_commit, 4 },
  { step_clear, 1 },
  { step_text, 5 },
  { step_ask, 4 },
  { world_cancel, 3 },
  { step_result, 6 },
  { step_protect, 3 },
  { step_play, 8 },
  { step_time, 5 },
  { step_seconds, 4 },
  { step_long_time, 2 },
  { step_drop, 4 },
  { step_move, 2 },
  { step_next, 12 },
  { step_next_fails, 1 },
  { step_take, 25 },
  { step_deliver, 25 },
  { step_work, 14 },
  { step_answer, 10 },
  { step_transcribe, 3 },
  { step_finish, 1 },
};

static void
step (World *world)
{
  gint total = 0, lot;

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    total += steps[i].weight;
  lot = g_rand_int_range (world->random, 0, total);
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++) {
    lot -= steps[i].weight;
    if (lot < 0) {
      steps[i].func (world);
      return;
    }
  }
}

/* Any setup that a session may have. */
static WorldSetup
draw_setup (GRand *random)
{
  static const Rt2TurnDetection detections[] = {
    RT2_TURN_DETECTION_SERVER_VAD,
    RT2_TURN_DETECTION_SERVER_VAD,
    RT2_TURN_DETECTION_SEMANTIC_VAD,
    RT2_TURN_DETECTION_NONE,
  };
  WorldSetup setup = { 0 };

  setup.turn_detection =
      detections[g_rand_int_range (random, 0, G_N_ELEMENTS (detections))];
  setup.create_response = g_rand_int_range (random, 0, 5) > 0;
  setup.interrupt_response = g_rand_int_range (random, 0, 4) > 0;
  setup.min_interruption = g_rand_boolean (random) ? 360 : 0;
  setup.guards_speech = g_rand_int_range (random, 0, 3) == 0;
  setup.transcribes = g_rand_boolean (random);
  setup.greets = g_rand_int_range (random, 0, 4) == 0;
  setup.gives_marks = g_rand_int_range (random, 0, 4) > 0;
  setup.names_event = setup.gives_marks || g_rand_boolean (random);
  setup.lives = g_rand_int_range (random, 0, 3) > 0
      ? 0
      : (guint) g_rand_int_range (random, 3, 10);
  setup.max_age = g_rand_int_range (random, 0, 3) > 0
      ? 0
      : (guint) g_rand_int_range (random, 2, 10);
  setup.moves = g_rand_boolean (random);
  return setup;
}

static void
run_schedule (guint32 seed)
{
  gchar *name = g_strdup_printf ("RT2_SCHEDULES=1 RT2_SCHEDULES_SEED=%u", seed);
  GRand *random = g_rand_new_with_seed (seed ^ 0x5bd1e995);
  WorldSetup setup = draw_setup (random);
  World *world = world_new (name, seed, &setup);

  for (gint n = g_rand_int_range (random, MIN_STEPS, MAX_STEPS); n > 0; n--) {
    world_connect (world);
    step (world);
  }
  world_settle (world);
  if (!world->ended)
    world_finish (world);
  world_settle (world);
  WORLD_CHECK (world, world->drained == 1);
  sum.losses += world->losses;
  sum.moves += world->moves;
  sum.forced += world->forced;
  world_free (world);
  g_rand_free (random);
  g_free (name);
}

/* --- all of them --- */

static guint
number_of (const gchar *variable, guint fallback)
{
  const gchar *value = g_getenv (variable);

  return value && *value ? strtoul (value, NULL, 10) : fallback;
}

static void
test_schedules (void)
{
  guint n = number_of ("RT2_SCHEDULES", DEFAULT_SCHEDULES);
  guint32 seed = number_of ("RT2_SCHEDULES_SEED", DEFAULT_SEED);

  g_test_message ("%u schedules from seed %u", n, seed);
  for (guint i = 0; i < n; i++)
    run_schedule (seed + i);
  g_test_message ("%u connections lost, %u moves, %u of them in mid-talk",
      sum.losses, sum.moves, sum.forced);
  /* Or the schedules are not worth much. */
  if (n < 1000)
    return;
  g_assert_cmpuint (sum.losses, >, n / 5);
  g_assert_cmpuint (sum.moves, >, n / 4);
  g_assert_cmpuint (sum.forced, >, n / 10);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/schedules/random", test_schedules);
  return g_test_run ();
}
