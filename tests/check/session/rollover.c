/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * When a session is left for another: a table for each rule, and random
 * schedules against the rules written down again.
 */
#include "rt2rollover.h"

#define US G_GINT64_CONSTANT (1)
#define S (1000000 * US)
#define MIN_ (60 * S)
#define NS_PER_S G_GUINT64_CONSTANT (1000000000)

/* The monotonic clock and the wall clock of all tables. */
#define NOW (777 * S)
#define WALL (G_GINT64_CONSTANT (1790000000) * S)
#define WALL_S (WALL / S)

/* -- the end of a session ------------------------------------------------- */

typedef struct {
  const gchar *what;
  guint64 expires_at; /* unix s */
  guint64 max_age;    /* ns */
  gint64 wall;        /* unix us */
  gint64 life;        /* us */
  Rt2MoveReason reason;
} LifeCase;

static const LifeCase lives[] = {
  { "as documented", WALL_S + 3600, 0, WALL, 60 * MIN_, RT2_MOVE_EXPIRING },
  { "not said", 0, 0, WALL, 60 * MIN_, RT2_MOVE_EXPIRING },
  { "short", WALL_S + 20, 0, WALL, 20 * S, RT2_MOVE_EXPIRING },
  { "two seconds", WALL_S + 2, 0, WALL, 2 * S, RT2_MOVE_EXPIRING },
  { "half an hour", WALL_S + 1800, 0, WALL, 30 * MIN_, RT2_MOVE_EXPIRING },
  { "our clock a little slow", WALL_S + 3630, 0, WALL, 3630 * S,
      RT2_MOVE_EXPIRING },
  { "our clock slow by an hour", WALL_S + 7200, 0, WALL, 60 * MIN_,
      RT2_MOVE_EXPIRING },
  { "our clock at 1970", WALL_S + 3600, 0, 5 * S, 60 * MIN_,
      RT2_MOVE_EXPIRING },
  { "our clock before 1970", 10, 0, -5 * S, 60 * MIN_, RT2_MOVE_EXPIRING },
  { "our clock fast by a day", WALL_S - 86400 + 3600, 0, WALL, 60 * MIN_,
      RT2_MOVE_EXPIRING },
  { "too short to be true", WALL_S + 1, 0, WALL, 60 * MIN_, RT2_MOVE_EXPIRING },
  { "now", WALL_S, 0, WALL, 60 * MIN_, RT2_MOVE_EXPIRING },
  { "too far to be true", G_MAXUINT64, 0, WALL, 60 * MIN_, RT2_MOVE_EXPIRING },
  { "nearly overflows", G_MAXINT64, 0, WALL, 60 * MIN_, RT2_MOVE_EXPIRING },
  { "nearly overflows as us", G_MAXINT64 / 1000000, 0, WALL, 60 * MIN_,
      RT2_MOVE_EXPIRING },
  { "milliseconds", (WALL_S + 3600) * 1000, 0, WALL, 60 * MIN_,
      RT2_MOVE_EXPIRING },
  { "aged before", WALL_S + 3600, 600 * NS_PER_S, WALL, 10 * MIN_,
      RT2_MOVE_AGE },
  { "aged, nothing said", 0, 600 * NS_PER_S, WALL, 10 * MIN_, RT2_MOVE_AGE },
  { "aged after", WALL_S + 300, 600 * NS_PER_S, WALL, 5 * MIN_,
      RT2_MOVE_EXPIRING },
  { "aged never", WALL_S + 3600, G_MAXUINT64, WALL, 60 * MIN_,
      RT2_MOVE_EXPIRING },
  { "aged at once", WALL_S + 3600, 1, WALL, 2 * S, RT2_MOVE_AGE },
};

static void
test_life (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (lives); i++) {
    const LifeCase *c = &lives[i];
    Rt2Life life = rt2_life_new (NOW, c->wall, c->expires_at, c->max_age);

    g_test_message ("%s", c->what);
    g_assert_cmpint (life.created, ==, NOW);
    g_assert_cmpint (life.end - NOW, ==, c->life);
    g_assert_cmpint (life.reason, ==, c->reason);
  }
}

/* -- the instants of a move ----------------------------------------------- */

static const struct {
  gint64 life;            /* us */
  gint64 begin, deadline; /* us before the end */
} plans[] = {
  { 60 * MIN_, 5 * MIN_, 20 * S },
  { 20 * MIN_, 5 * MIN_, 20 * S },
  { 10 * MIN_, 150 * S, 20 * S },
  { 200 * S, 50 * S, 20 * S },
  { 20 * S, 5 * S, 2 * S },
  { 8 * S, 2 * S, 800000 },
  { 1 * S, 250000, 100000 },
  { 1, 0, 0 },
};

static void
test_plan (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (plans); i++) {
    Rt2Life life = { NOW, NOW + plans[i].life, RT2_MOVE_EXPIRING };
    Rt2Plan plan = rt2_plan_of_life (&life);

    g_assert_cmpint (life.end - plan.begin, ==, plans[i].begin);
    g_assert_cmpint (life.end - plan.deadline, ==, plans[i].deadline);
    g_assert_cmpint (
        plan.patience, ==, plan.begin + (plan.deadline - plan.begin) / 2);
  }
}

/* Asked for: at once, and never by force before the session ends anyway. */
static void
test_plan_now (void)
{
  Rt2Life life = { NOW, NOW + 60 * MIN_, RT2_MOVE_EXPIRING };
  Rt2Plan plan = rt2_plan_now (&life, NOW + 10 * MIN_);

  g_assert_cmpint (plan.begin, ==, NOW + 10 * MIN_);
  g_assert_cmpint (plan.patience, ==, NOW + 10 * MIN_ + 10 * S);
  g_assert_cmpint (plan.deadline, ==, life.end - 20 * S);

  plan = rt2_plan_now (&life, life.end - 22 * S);
  g_assert_cmpint (plan.patience, ==, plan.deadline);
}

/* -- which gap is good enough --------------------------------------------- */

typedef struct {
  const gchar *what;
  Rt2Talk talk;
  /* Whether it is good enough from the beginning, after patience, at the
   * deadline. */
  gboolean begin, patience, deadline;
} TalkCase;

static const TalkCase talks[] = {
  { "quiet", { 0 }, TRUE, TRUE, TRUE },
  { "plays on", { .playing = TRUE }, FALSE, TRUE, TRUE },
  { "loud room", { .sounding = TRUE }, FALSE, TRUE, TRUE },
  { "both", { .playing = TRUE, .sounding = TRUE }, FALSE, TRUE, TRUE },
  { "speech", { .speaking = TRUE }, FALSE, FALSE, TRUE },
  { "answer", { .answering = TRUE }, FALSE, FALSE, TRUE },
  { "transcript", { .writing = TRUE }, FALSE, FALSE, TRUE },
  { "answer plays", { .answering = TRUE, .playing = TRUE }, FALSE, FALSE,
      TRUE },
  { "all", { TRUE, TRUE, TRUE, TRUE, TRUE }, FALSE, FALSE, TRUE },
};

static const Rt2Plan plan = { NOW + 10 * S, NOW + 20 * S, NOW + 30 * S };

static void
expect (gint64 now, const Rt2Talk *talk, gboolean ready, Rt2RolloverStep step,
    gint64 next)
{
  gint64 given = 0;

  g_assert_cmpint (
      rt2_rollover_judge (&plan, now, talk, ready, &given), ==, step);
  g_assert_cmpint (given, ==, next);
}

static Rt2RolloverStep
step_if (gboolean take)
{
  return take ? RT2_ROLLOVER_TAKE : RT2_ROLLOVER_OPEN;
}

static void
test_judge (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (talks); i++) {
    const TalkCase *c = &talks[i];

    g_test_message ("%s", c->what);
    expect (0, &c->talk, TRUE, RT2_ROLLOVER_NOTHING, plan.begin);
    expect (plan.begin - 1, &c->talk, TRUE, RT2_ROLLOVER_NOTHING, plan.begin);
    expect (plan.begin, &c->talk, FALSE, RT2_ROLLOVER_OPEN, plan.patience);
    expect (plan.begin, &c->talk, TRUE, step_if (c->begin), plan.patience);
    expect (
        plan.patience - 1, &c->talk, TRUE, step_if (c->begin), plan.patience);
    expect (plan.patience, &c->talk, FALSE, RT2_ROLLOVER_OPEN, plan.deadline);
    expect (
        plan.patience, &c->talk, TRUE, step_if (c->patience), plan.deadline);
    expect (plan.deadline - 1, &c->talk, TRUE, step_if (c->patience),
        plan.deadline);
    expect (plan.deadline, &c->talk, FALSE, RT2_ROLLOVER_OPEN, G_MAXINT64);
    expect (plan.deadline, &c->talk, TRUE, step_if (c->deadline), G_MAXINT64);
    expect (NOW + 99 * S, &c->talk, TRUE, step_if (c->deadline), G_MAXINT64);
  }
}

/* -- at random ------------------------------------------------------------ */

static gboolean
coin (void)
{
  return g_test_rand_int_range (0, 2) == 1;
}

/* For any life: the instants are in order and within it, and what was good
 * enough once stays so. */
static void
check_life (void)
{
  guint64 expires = coin () ? WALL_S + g_test_rand_int_range (-9999, 9999) : 0;
  guint64 max_age = coin () ? g_test_rand_int_range (1, 5000) * NS_PER_S : 0;
  Rt2Life life = rt2_life_new (NOW, WALL, expires, max_age);
  Rt2Talk talk = { coin (), coin (), coin (), coin (), coin () };
  Rt2Plan of_life = rt2_plan_of_life (&life);
  gboolean taken = FALSE;

  g_assert_cmpint (life.end, >, life.created);
  g_assert_cmpint (life.end - life.created, <=, 61 * MIN_);
  g_assert_cmpint (life.end - life.created, >=, 2 * S);
  if (max_age >= 2 * NS_PER_S)
    g_assert_cmpint (life.end - life.created, <=, (gint64) (max_age / 1000));
  g_assert_cmpint (of_life.begin, >=, life.created);
  g_assert_cmpint (of_life.begin, <=, of_life.patience);
  g_assert_cmpint (of_life.patience, <=, of_life.deadline);
  g_assert_cmpint (of_life.deadline, <=, life.end);
  for (gint64 now = NOW; now < life.end; now += S) {
    gint64 next;
    Rt2RolloverStep step = rt2_rollover_judge (
        &of_life, now, &talk, TRUE, &next);

    g_assert_cmpint (next, >, now);
    g_assert_true (!taken || step == RT2_ROLLOVER_TAKE);
    g_assert_true (now >= of_life.begin || step == RT2_ROLLOVER_NOTHING);
    taken = step == RT2_ROLLOVER_TAKE;
  }
}

static void
test_random (void)
{
  for (guint i = 0; i < 300; i++)
    check_life ();
}

static void
test_names (void)
{
  static const gchar *const names[] = { "expiring", "age", "settings", "key",
    "recovered", "fallback" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_cmpstr (rt2_move_reason_name (i), ==, names[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rollover/life", test_life);
  g_test_add_func ("/rollover/plan", test_plan);
  g_test_add_func ("/rollover/plan-now", test_plan_now);
  g_test_add_func ("/rollover/judge", test_judge);
  g_test_add_func ("/rollover/random", test_random);
  g_test_add_func ("/rollover/names", test_names);
  return g_test_run ();
}
