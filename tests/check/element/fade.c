/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The cut must not click: from the last untouched sample down to silence no
 * step is larger than the largest of the speech plus full scale over the
 * samples of the fade. In G.711 each end of a step may also be off by half a
 * quantiser interval, as wide as intervals are at that level.
 */
#include "playoutrig.h"

#include <math.h>
#include <string.h>

#include "rt2g711.h"

#define FULL_SCALE 32768
#define LENGTH 4000 /* samples of a signal */
#define ROUNDS 400
#define SEED 0xfade

static gint
linear (Rt2AudioFormat format, gint16 value)
{
  if (format == RT2_AUDIO_FORMAT_PCMU)
    return rt2_ulaw_expand (value);
  if (format == RT2_AUDIO_FORMAT_PCMA)
    return rt2_alaw_expand (value);
  return value;
}

static gint16
code_of (Rt2AudioFormat format, gint value)
{
  if (format == RT2_AUDIO_FORMAT_PCMU)
    return rt2_ulaw_compress (value);
  if (format == RT2_AUDIO_FORMAT_PCMA)
    return rt2_alaw_compress (value);
  return value;
}

/* The widest quantiser interval of values up to @level: in both laws a
 * sixteenth of the octave, and 16 at the bottom. */
static gint
interval (Rt2AudioFormat format, gint level)
{
  gint width = 16;

  if (format == RT2_AUDIO_FORMAT_PCM16)
    return 0;
  while (width < 1024 && level >= 16 * width)
    width *= 2;
  return width;
}

/* --- signals --- */

typedef void (*Fill) (GRand *rand, gint16 *signal);

static void
fill_noise (GRand *rand, gint16 *signal)
{
  gint level = g_rand_int_range (rand, 1, FULL_SCALE);

  for (guint i = 0; i < LENGTH; i++)
    signal[i] = g_rand_int_range (rand, -level, level);
}

static void
fill_sine (GRand *rand, gint16 *signal)
{
  gdouble level = g_rand_double_range (rand, 1, FULL_SCALE - 1);
  gdouble step = g_rand_double_range (rand, 0, G_PI);
  gdouble phase = g_rand_double_range (rand, 0, 2 * G_PI);

  for (guint i = 0; i < LENGTH; i++)
    signal[i] = lrint (level * sin (phase + step * i));
}

static void
fill_square (GRand *rand, gint16 *signal)
{
  gint level = g_rand_boolean (rand) ? FULL_SCALE - 1
                                     : g_rand_int_range (rand, 1, FULL_SCALE);
  guint half = g_rand_int_range (rand, 1, 300);

  for (guint i = 0; i < LENGTH; i++)
    signal[i] = i / half % 2 ? level : -level;
}

static void
fill_level (GRand *rand, gint16 *signal)
{
  static const gint16 levels[] = { G_MAXINT16, G_MININT16, 1, -1, 0, 12345,
    -23456 };
  gint16 level = levels[g_rand_int_range (rand, 0, G_N_ELEMENTS (levels))];

  for (guint i = 0; i < LENGTH; i++)
    signal[i] = level;
}

/* --- a cut --- */

typedef struct {
  Rig rig;
  GRand *rand;
  Rt2Spoken *spoken;       /* owned by the schedule */
  gint16 signal[LENGTH];   /* linear, as the format renders it */
  gint result[2 * LENGTH]; /* linear: what was played */
  guint sent, played;      /* samples */
} Cut;

static void
cut_init (Cut *cut, GRand *rand, Fill fill)
{
  static const guint periods[] = { 480, 160, 331, 17, 7, 960 };
  Rt2AudioFormat format = g_rand_int_range (rand, 0, 3);

  memset (cut, 0, sizeof *cut);
  rig_init (&cut->rig, format,
      periods[g_rand_int_range (rand, 0, G_N_ELEMENTS (periods))], ODD_START);
  cut->rand = rand;
  fill (rand, cut->signal);
  for (guint i = 0; i < LENGTH; i++)
    cut->signal[i] = linear (format, code_of (format, cut->signal[i]));
  cut->spoken = rig_item (&cut->rig, "r", 0);
}

static void
cut_send (Cut *cut, guint n)
{
  g_autofree guint8 *data = g_malloc (n * cut->rig.width + 1);
  g_autoptr (GBytes) bytes = NULL;

  g_assert_cmpuint (cut->sent + n, <=, LENGTH);
  for (guint i = 0; i < n; i++)
    rig_put_sample (cut->rig.format, data, i,
        code_of (cut->rig.format, cut->signal[cut->sent + i]));
  bytes = g_bytes_new (data, n * cut->rig.width);
  rt2_playout_append_audio (cut->rig.playout, cut->spoken, bytes);
  cut->sent += n;
}

static guint
cut_take (Cut *cut)
{
  guint n = rig_take (&cut->rig);

  g_assert_cmpuint (cut->played + cut->rig.period, <=, 2 * LENGTH);
  for (guint i = 0; i < cut->rig.period; i++)
    cut->result[cut->played++] = linear (
        cut->rig.format, rig_get_sample (cut->rig.format, cut->rig.out, i));
  return n;
}

/* Interrupts. Returns the samples of the fade, and all that follows is played.
 */
static guint
cut_off (Cut *cut, gboolean twice)
{
  guint fade = 0, n;
  g_autoptr (GPtrArray) first = rt2_playout_interrupt (
      cut->rig.playout, rig_now (&cut->rig), FALSE);

  for (guint i = 0; i < 3 || fade % cut->rig.period == 0; i++) {
    g_autoptr (GPtrArray) second = NULL;

    n = cut_take (cut);
    fade += n;
    if (twice)
      second = rt2_playout_interrupt (
          cut->rig.playout, rig_now (&cut->rig), FALSE);
    g_assert_true (!second || second->len == 0);
    if (n == 0)
      break;
  }
  return fade;
}

static gint
largest_step (const Cut *cut)
{
  gint largest = 0;

  for (guint i = 1; i < LENGTH; i++)
    largest = MAX (largest, ABS (cut->signal[i] - cut->signal[i - 1]));
  return largest;
}

static gint
loudest (const Cut *cut)
{
  gint level = 0;

  for (guint i = 0; i < LENGTH; i++)
    level = MAX (level, ABS ((gint) cut->signal[i]));
  return level;
}

/* From sample @from on, which was still untouched, over a fade of @fade. */
static void
check_steps (const Cut *cut, guint from, guint fade)
{
  gint limit = largest_step (cut) + (FULL_SCALE + (gint) fade - 1) / (gint) fade
      + interval (cut->rig.format, loudest (cut));

  for (guint i = from + 1; i < cut->played; i++)
    if (ABS (cut->result[i] - cut->result[i - 1]) > limit)
      g_error ("format %d, period %u, fade %u: a step of %d at %u, not %d",
          cut->rig.format, cut->rig.period, fade,
          ABS (cut->result[i] - cut->result[i - 1]), i - from, limit);
  g_assert_cmpint (ABS (cut->result[cut->played - 1]), <=, 8);
}

/* How much waits at the cut. */
typedef enum {
  PLENTY,
  LITTLE, /* less than a fade takes */
  PIECES, /* in segments of a few samples, the cut between two of them */
} Waiting;

static void
check_cut (GRand *rand, Fill fill, Waiting waiting, gboolean twice)
{
  g_autofree Cut *cut = g_new (Cut, 1);
  guint before, fade;

  cut_init (cut, rand, fill);
  before = cut->rig.period * g_rand_int_range (rand, 1, 3);
  cut_send (cut, before);
  if (waiting == PLENTY)
    cut_send (cut, LENGTH - before);
  else if (waiting == LITTLE)
    cut_send (cut, g_rand_int_range (rand, 1, cut->rig.rate / 125));
  else
    for (guint i = 0; i < 40; i++)
      cut_send (cut, g_rand_int_range (rand, 1, 12));
  while (cut->played < before)
    cut_take (cut);
  fade = cut_off (cut, twice);
  g_assert_cmpuint (fade, >, 0);
  g_assert_cmpuint (fade, <=, cut->rig.rate / 125);
  if (waiting == PLENTY)
    g_assert_cmpuint (fade, ==, cut->rig.rate / 125);
  check_steps (cut, before - 1, fade);
  rig_clear (&cut->rig);
}

static const Fill fills[] = { fill_noise, fill_sine, fill_square, fill_level };

static void
check_all (Waiting waiting, gboolean twice)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (SEED);

  for (guint i = 0; i < ROUNDS; i++)
    check_cut (rand, fills[i % G_N_ELEMENTS (fills)], waiting, twice);
}

static void
test_plenty (void)
{
  check_all (PLENTY, FALSE);
}

static void
test_little (void)
{
  check_all (LITTLE, FALSE);
}

static void
test_pieces (void)
{
  check_all (PIECES, FALSE);
}

static void
test_twice (void)
{
  check_all (PLENTY, TRUE);
  check_all (LITTLE, TRUE);
}

/* Nothing waited, so there is silence already: it stays. */
static void
test_underrun (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (SEED);

  for (guint i = 0; i < ROUNDS; i++) {
    g_autofree Cut *cut = g_new (Cut, 1);
    guint end;

    cut_init (cut, rand, fills[i % G_N_ELEMENTS (fills)]);
    cut_send (cut, g_rand_int_range (rand, 1, 2 * cut->rig.period));
    while (cut_take (cut) == cut->rig.period)
      ;
    end = cut->played;
    g_assert_cmpuint (cut_off (cut, TRUE), ==, 0);
    for (guint k = end; k < cut->played; k++)
      g_assert_cmpint (ABS (cut->result[k]), <=, 8);
    rig_clear (&cut->rig);
  }
}

/* It had to wait, and went on: the cut is in the middle of what came then. */
static void
test_after_an_underrun (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (SEED);

  for (guint i = 0; i < ROUNDS; i++) {
    g_autofree Cut *cut = g_new (Cut, 1);
    guint from, fade;

    cut_init (cut, rand, fills[i % G_N_ELEMENTS (fills)]);
    cut_send (cut, 1);
    cut_take (cut);
    cut_take (cut);
    cut_send (cut, cut->rig.period + g_rand_int_range (rand, 1, 400));
    cut_take (cut);
    from = cut->played - 1;
    fade = cut_off (cut, FALSE);
    g_assert_cmpuint (fade, >, 0);
    check_steps (cut, from, fade);
    rig_clear (&cut->rig);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/fade/plenty", test_plenty);
  g_test_add_func ("/fade/little", test_little);
  g_test_add_func ("/fade/pieces", test_pieces);
  g_test_add_func ("/fade/twice", test_twice);
  g_test_add_func ("/fade/underrun", test_underrun);
  g_test_add_func ("/fade/after-an-underrun", test_after_an_underrun);
  return g_test_run ();
}
