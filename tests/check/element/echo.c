/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether an echo is told from everything else that a microphone hears while
 * the agent speaks. The agent's voice and the user's are real speech; rooms,
 * gains, delays and moments are random, from fixed seeds.
 */
#include "rt2echo.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "audio.h"
#include "voices.h"

#define MS G_GUINT64_CONSTANT (1000000)
#define SECOND (1000 * MS)
#define CASES 24 /* of each kind */
#define STEP 240 /* samples that come at once */
#define HISTORY (VOICES_RATE)
/* A user who talks over the agent for so long is not taken for an echo. */
#define PATIENCE_S 40
/* Speech after which an echo must be found. */
#define FOUND_WITHIN_S 12
#define NOISE_DB -50
#define AGENTS 3

static GArray *agents[AGENTS], *human;

/* --- a room --- */

/* What the microphone hears besides the agent. */
typedef gdouble (*Source) (gpointer room);

typedef struct {
  GRand *rand;
  Rt2Echo *echo;
  Rt2AudioFormat format;
  guint64 start; /* running time of the first sample */
  guint64 at;    /* samples since then */

  const GArray *agent;
  guint agent_at;

  gdouble echo_gain; /* 0: headphones */
  guint echo_delay;  /* samples, less than HISTORY */
  gdouble reverb;    /* what is left of the last samples */
  gdouble noise;     /* amplitude */
  gdouble user_gain;
  guint user_at;
  Source source; /* or NULL */
  gdouble phase; /* of the source */

  gdouble played[HISTORY]; /* a ring, by `at` */
} Room;

static gdouble
gain_of (gdouble db)
{
  return pow (10, db / 20);
}

/* Of noise with that level: it is spread evenly. */
static gdouble
noise_of (gdouble db)
{
  return 32768 * gain_of (db) * sqrt (3);
}

static void
room_init (Room *room, guint seed)
{
  memset (room, 0, sizeof *room);
  room->rand = g_rand_new_with_seed (seed);
  room->echo = rt2_echo_new ();
  room->format = seed % 3 == 0 ? RT2_AUDIO_FORMAT_PCM16
      : seed % 3 == 1          ? RT2_AUDIO_FORMAT_PCMU
                               : RT2_AUDIO_FORMAT_PCMA;
  room->start = g_rand_double_range (room->rand, 1, 1000) * SECOND;
  room->agent = agents[seed % AGENTS];
  room->agent_at = g_rand_int_range (room->rand, 0, room->agent->len / 2);
  room->user_at = g_rand_int_range (room->rand, 0, human->len / 2);
  room->noise = noise_of (NOISE_DB);
}

static void
room_clear (Room *room)
{
  rt2_echo_free (room->echo);
  g_rand_free (room->rand);
}

static gint16
sample_of (const GArray *samples, guint at)
{
  return g_array_index (samples, gint16, at % samples->len);
}

/* Sample @i of this step at the microphone. */
static gdouble
hear (Room *room, guint i)
{
  guint64 at = room->at + i;
  gdouble sound = room->noise * g_rand_double_range (room->rand, -1, 1);

  if (room->echo_gain > 0 && at >= room->echo_delay) {
    gdouble echo = room->echo_gain
        * room->played[(at - room->echo_delay) % HISTORY];

    /* The room goes on for a quarter of a second. */
    room->reverb = room->reverb * 0.9995
        + echo * 0.03 * g_rand_double_range (room->rand, -1, 1);
    sound += echo + room->reverb;
  }
  if (room->user_gain > 0)
    sound += room->user_gain * sample_of (human, room->user_at++);
  if (room->source)
    sound += room->source (room);
  return CLAMP (sound, -32768, 32767);
}

static guint8 *
encode (Rt2AudioFormat format, const gint16 *samples, guint n, guint *count)
{
  static const AudioFormat formats[] = { [RT2_AUDIO_FORMAT_PCM16] = AUDIO_PCM,
    [RT2_AUDIO_FORMAT_PCMU] = AUDIO_PCMU,
    [RT2_AUDIO_FORMAT_PCMA] = AUDIO_PCMA };
  GByteArray *bytes = g_byte_array_new ();
  guint every = VOICES_RATE / rt2_audio_format_rate (format);
  gint16 taken[STEP];

  *count = n / every;
  for (guint i = 0; i < *count; i++)
    taken[i] = samples[i * every];
  audio_encode (formats[format], taken, *count, bytes);
  return g_byte_array_free (bytes, FALSE);
}

static guint64
room_now (const Room *room)
{
  return room->start + room->at * SECOND / VOICES_RATE;
}

/* 10 ms: the agent speaks or not, the microphone hears. */
static void
room_step (Room *room, gboolean speaks)
{
  gint16 output[STEP] = { 0 }, input[STEP];
  g_autofree guint8 *coded_output = NULL, *coded_input = NULL;
  guint n;

  for (guint i = 0; i < STEP; i++) {
    if (speaks)
      output[i] = sample_of (room->agent, room->agent_at++);
    room->played[(room->at + i) % HISTORY] = output[i];
  }
  for (guint i = 0; i < STEP; i++)
    input[i] = hear (room, i);
  coded_output = encode (room->format, output, STEP, &n);
  rt2_echo_output (room->echo, room->format, coded_output, n, room_now (room));
  coded_input = encode (room->format, input, STEP, &n);
  rt2_echo_input (room->echo, room->format, coded_input, n, room_now (room));
  room->at += STEP;
}

static void
room_run (Room *room, gboolean speaks, guint ms)
{
  for (guint i = 0; i < ms / 10; i++)
    room_step (room, speaks);
}

/* Lets the agent speak until an echo is found, or for @seconds. Returns the
 * seconds. */
static gdouble
room_speak (Room *room, gdouble seconds, Rt2EchoFinding *finding)
{
  for (guint i = 0; i < seconds * 100; i++) {
    room_step (room, TRUE);
    if (rt2_echo_pop_finding (room->echo, finding))
      return i / 100.0;
  }
  return -1;
}

/* --- figures --- */

static gint
compare (gconstpointer a, gconstpointer b)
{
  gdouble x = *(const gdouble *) a, y = *(const gdouble *) b;

  return (x > y) - (x < y);
}

static void
print (const gchar *name, gdouble *values, guint n)
{
  qsort (values, n, sizeof *values, compare);
  g_test_message ("%s: n %u, min %.2f, p5 %.2f, p50 %.2f, p95 %.2f, max %.2f",
      name, n, values[0], values[n / 20], values[n / 2], values[n * 19 / 20],
      values[n - 1]);
}

/* --- what is an echo --- */

static void
check_echoes (gint db)
{
  g_autofree gchar *name = g_strdup_printf ("echo at %d dB, correlation", db);
  gdouble correlations[CASES], times[CASES];

  for (guint i = 0; i < CASES; i++) {
    Rt2EchoFinding finding;
    Room room;

    room_init (&room, 100 + i);
    room.echo_gain = gain_of (db);
    room.echo_delay = g_rand_int_range (room.rand, 0, VOICES_RATE * 48 / 100);
    room_run (&room, FALSE, g_rand_int_range (room.rand, 0, 2000));
    times[i] = room_speak (&room, FOUND_WITHIN_S, &finding);
    g_assert_cmpfloat (times[i], >=, 0);
    correlations[i] = finding.correlation;
    g_assert_cmpfloat (
        fabs (finding.delay_ms - room.echo_delay / 24.0), <=, 20);
    g_assert_cmpfloat (fabs (finding.level - db), <=, 3);
    g_assert_false (rt2_echo_pop_finding (room.echo, &finding));
    room_clear (&room);
  }
  print (name, correlations, CASES);
  print ("  found after, s", times, CASES);
}

static void
test_echo_10 (void)
{
  check_echoes (-10);
}

static void
test_echo_20 (void)
{
  check_echoes (-20);
}

static void
test_echo_30 (void)
{
  check_echoes (-30);
}

/* The server hears the echo and cuts the agent after a syllable, again and
 * again. */
static void
test_agent_cuts_itself (void)
{
  gdouble cuts[CASES];

  for (guint i = 0; i < CASES; i++) {
    Rt2EchoFinding finding;
    Room room;

    room_init (&room, 200 + i);
    room.echo_gain = gain_of (-10);
    room.echo_delay = g_rand_int_range (room.rand, 0, VOICES_RATE / 4);
    room.agent_at = 0;
    for (cuts[i] = 1; cuts[i] < 15; cuts[i]++) {
      room_run (&room, TRUE, g_rand_int_range (room.rand, 160, 240));
      room_run (&room, FALSE, 700);
      if (rt2_echo_pop_finding (room.echo, &finding))
        break;
      room.agent_at = 0;
    }
    g_assert_cmpfloat (cuts[i], <, 15);
    room_clear (&room);
  }
  print ("answers that cut themselves until it is found", cuts, CASES);
}

/* --- what is none --- */

static void
expect_none (Room *room)
{
  Rt2EchoFinding finding;

  g_assert_cmpfloat (room_speak (room, PATIENCE_S, &finding), <, 0);
}

static void
test_user_talks_over_agent (void)
{
  for (guint i = 0; i < CASES; i++) {
    Room room;

    room_init (&room, 300 + i);
    room.user_gain = gain_of (-20 * g_rand_double (room.rand));
    expect_none (&room);
    room_clear (&room);
  }
}

/* Barges in after half a second of each answer and goes on when the agent has
 * stopped. */
static void
test_user_barges_in (void)
{
  for (guint i = 0; i < CASES; i++) {
    Rt2EchoFinding finding;
    Room room;

    room_init (&room, 400 + i);
    for (guint turn = 0; turn < 20; turn++) {
      room.user_gain = 0;
      room_run (&room, TRUE, g_rand_int_range (room.rand, 100, 1500));
      room.user_gain = gain_of (-10);
      room_run (&room, TRUE, g_rand_int_range (room.rand, 200, 400));
      room_run (&room, FALSE, g_rand_int_range (room.rand, 600, 2000));
      room.user_gain = 0;
      room_run (&room, FALSE, 1000);
    }
    g_assert_false (rt2_echo_pop_finding (room.echo, &finding));
    room_clear (&room);
  }
}

/* Says a short word now and then while the agent speaks. */
static void
test_user_nods (void)
{
  for (guint i = 0; i < CASES; i++) {
    Rt2EchoFinding finding;
    Room room;

    room_init (&room, 500 + i);
    for (guint word = 0; word < 15; word++) {
      room.user_gain = 0;
      room_run (&room, TRUE, g_rand_int_range (room.rand, 500, 4000));
      room.user_gain = 1;
      room_run (&room, TRUE, g_rand_int_range (room.rand, 200, 500));
    }
    g_assert_false (rt2_echo_pop_finding (room.echo, &finding));
    room_clear (&room);
  }
}

static void
test_noise (void)
{
  for (guint i = 0; i < CASES; i++) {
    Room room;

    room_init (&room, 600 + i);
    room.noise = noise_of (-15 - 60 * g_rand_double (room.rand));
    expect_none (&room);
    room_clear (&room);
  }
}

/* Two notes with a beat, 80 to 160 of them a minute. */
static gdouble
play_music (gpointer data)
{
  Room *room = data;
  gdouble beat;

  room->phase += (80 + room->user_at % 80) / 60.0 / VOICES_RATE;
  beat = room->phase - floor (room->phase);
  return 8000 * exp (-5 * beat) * sin (room->phase * 700)
      + 2000 * sin (room->phase * 1100);
}

static void
test_music (void)
{
  for (guint i = 0; i < CASES; i++) {
    Room room;

    room_init (&room, 700 + i);
    room.source = play_music;
    expect_none (&room);
    room_clear (&room);
  }
}

static void
test_silence (void)
{
  Room room;

  room_init (&room, 3);
  room.noise = 0;
  expect_none (&room);
  room_clear (&room);
}

/* What a headset leaks is an echo that wakes nobody. */
static void
test_crosstalk (void)
{
  Room room;

  room_init (&room, 3);
  room.noise = noise_of (-80);
  room.echo_gain = gain_of (-50);
  expect_none (&room);
  room_clear (&room);
}

/* --- once, and anew --- */

static void
test_new_run (void)
{
  Rt2EchoFinding finding;
  Room room;

  room_init (&room, 0);
  room.echo_gain = gain_of (-10);
  g_assert_cmpfloat (room_speak (&room, FOUND_WITHIN_S, &finding), >=, 0);
  g_assert_cmpfloat (room_speak (&room, PATIENCE_S, &finding), <, 0);
  rt2_echo_reset (room.echo);
  g_assert_cmpfloat (room_speak (&room, FOUND_WITHIN_S, &finding), >=, 0);
  room_clear (&room);
}

/* The input is left out while the agent is heard: there is nothing to compare.
 */
static void
test_muted (void)
{
  const GArray *agent = agents[0];
  const guint8 *data = (const guint8 *) agent->data;
  g_autoptr (Rt2Echo) echo = rt2_echo_new ();
  Rt2EchoFinding finding;

  for (guint i = 0; i + 480 < agent->len; i += 480) {
    guint64 now = i * SECOND / VOICES_RATE;

    rt2_echo_output (echo, RT2_AUDIO_FORMAT_PCM16, data + 2 * i, 480, now);
    if (i % (48 * 480) == 0)
      rt2_echo_input (echo, RT2_AUDIO_FORMAT_PCM16, data + 2 * i, 480, now);
  }
  g_assert_false (rt2_echo_pop_finding (echo, &finding));
}

/* --- cost --- */

static gdouble
cpu_seconds (void)
{
  struct timespec time;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static void
test_cost (void)
{
  const guint8 *out = (const guint8 *) agents[0]->data;
  const guint8 *in = (const guint8 *) human->data;
  g_autoptr (Rt2Echo) echo = rt2_echo_new ();
  guint n = MIN (agents[0]->len, human->len) / 480;
  gdouble begin = cpu_seconds (), percent;
  Rt2EchoFinding finding;

  for (guint i = 0; i < n; i++) {
    guint64 now = i * 20 * MS;

    rt2_echo_output (echo, RT2_AUDIO_FORMAT_PCM16, out + 960 * i, 480, now);
    rt2_echo_input (echo, RT2_AUDIO_FORMAT_PCM16, in + 960 * i, 480, now);
  }
  percent = 100 * (cpu_seconds () - begin) / (n * 0.02);
  g_assert_false (rt2_echo_pop_finding (echo, &finding));
  g_test_message ("%.0f s of speech both ways: %.3f %% of a core in real time",
      n * 0.02, percent);
  /* Also under a sanitizer. */
  g_assert_cmpfloat (percent, <, 1);
}

int
main (int argc, char **argv)
{
  static const gchar *const names[AGENTS] = { "marin", "cedar", "ballad" };
  int ret;

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < AGENTS; i++)
    agents[i] = voices_agent (names[i]);
  human = voices_human ();
  g_test_add_func ("/echo/10", test_echo_10);
  g_test_add_func ("/echo/20", test_echo_20);
  g_test_add_func ("/echo/30", test_echo_30);
  g_test_add_func ("/echo/cuts-itself", test_agent_cuts_itself);
  g_test_add_func ("/echo/not/talks-over", test_user_talks_over_agent);
  g_test_add_func ("/echo/not/barges-in", test_user_barges_in);
  g_test_add_func ("/echo/not/nods", test_user_nods);
  g_test_add_func ("/echo/not/noise", test_noise);
  g_test_add_func ("/echo/not/music", test_music);
  g_test_add_func ("/echo/not/silence", test_silence);
  g_test_add_func ("/echo/not/crosstalk", test_crosstalk);
  g_test_add_func ("/echo/new-run", test_new_run);
  g_test_add_func ("/echo/muted", test_muted);
  g_test_add_func ("/echo/cost", test_cost);
  ret = g_test_run ();
  for (guint i = 0; i < AGENTS; i++)
    g_array_unref (agents[i]);
  g_array_unref (human);
  return ret;
}
