/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the listener heard when he broke in. A model listener counts every
 * sample that reaches him; the schedule must have reported just that.
 */
#include "playoutrig.h"

#include <math.h>
#include <string.h>

#define N_CASES 2000
#define MAX_ITEMS 4
/* Samples of one item. */
#define MAX_LENGTH 2000

/* One item as the listener knows it. */
typedef struct {
  Rt2Spoken *spoken;
  guint length;             /* samples that the server will send */
  guint received;           /* samples that came */
  gsize sent;               /* bytes that came */
  gboolean done;            /* its end was announced */
  guint got;                /* samples that were played to the listener */
  guint64 ends[MAX_LENGTH]; /* when each of them has been heard */
} Heard;

typedef struct {
  Rig rig;
  GRand *rand;
  guint n_items;
  guint current;   /* the item that the server is sending */
  guint n_playing; /* the items that were ever placed: 0 … */
  Heard items[MAX_ITEMS];
  guint64 latency;
} Case;

static void
case_init (Case *c, GRand *rand)
{
  static const guint periods[] = { 480, 120, 240, 441, 7, 960 };
  Rt2AudioFormat format = g_rand_int_range (rand, 0, 4);

  memset (c, 0, sizeof *c);
  if (format > RT2_AUDIO_FORMAT_PCMA)
    format = RT2_AUDIO_FORMAT_PCM16;
  rig_init (&c->rig, format,
      periods[g_rand_int_range (rand, 0, G_N_ELEMENTS (periods))],
      g_rand_int_range (rand, 0, G_MAXINT32));
  c->rand = rand;
  c->n_items = g_rand_int_range (rand, 1, MAX_ITEMS + 1);
  for (guint i = 0; i < c->n_items; i++)
    c->items[i].length = g_rand_boolean (rand)
        ? g_rand_int_range (rand, 0, MAX_LENGTH)
        : g_rand_int_range (rand, 0, 300);
  c->latency = g_rand_int_range (rand, 0, 100) * MSECOND;
  rt2_playout_set_latency (c->rig.playout, c->latency);
}

static void
case_clear (Case *c)
{
  for (guint i = 0; i < c->n_items; i++)
    g_clear_pointer (&c->items[i].spoken, rt2_spoken_unref);
  rig_clear (&c->rig);
}

/* The server sends a piece of the current item, of any number of bytes. */
static void
case_send (Case *c)
{
  Heard *item = &c->items[c->current];
  g_autoptr (GBytes) all = NULL, piece = NULL;
  gsize size, left;

  if (!item->spoken)
    item->spoken = rt2_spoken_ref (rig_item (&c->rig, "r", c->current));
  all = rig_speech (c->rig.format, c->current, 0, item->length);
  left = g_bytes_get_size (all) - item->sent;
  size = g_rand_int_range (c->rand, 0, 1500);
  size = MIN (size, left);
  piece = g_bytes_new_from_bytes (all, item->sent, size);
  g_assert_cmpuint (
      rt2_playout_append_audio (c->rig.playout, item->spoken, piece), ==, 0);
  item->sent += size;
  item->received = item->sent / c->rig.width;
  if (size == left && c->current + 1 < c->n_items)
    c->current++;
}

/* The server announces the end of something that it has sent whole. */
static void
case_finish (Case *c)
{
  Heard *item = &c->items[g_rand_int_range (c->rand, 0, c->n_items)];

  if (!item->spoken || item->received < item->length)
    return;
  rt2_spoken_finish_audio (item->spoken);
  item->done = TRUE;
}

static void
listen_to (Case *c, Heard *item, guint i, guint64 rt)
{
  g_assert_cmpuint (item->got, <, item->received);
  item->ends[item->got++] = rt + rig_exact_ns (i + 1, c->rig.rate);
}

/* One period before the interruption: every sample is the next of its item. */
static void
case_take (Case *c)
{
  guint64 rt = rig_now (&c->rig);
  guint n = rig_take (&c->rig), k = 0;

  for (guint i = 0; i < n; i++) {
    while (k < c->n_items && c->items[k].got == c->items[k].received)
      k++;
    g_assert_cmpuint (k, <, c->n_items);
    rig_assert_out (&c->rig, i, k, c->items[k].got);
    listen_to (c, &c->items[k], i, rt);
    c->n_playing = k + 1;
  }
}

/* The schedule plays on for a random time. */
static void
case_play (Case *c)
{
  guint steps = g_rand_int_range (c->rand, 0, 40);

  for (guint i = 0; i < steps; i++) {
    guint what = g_rand_int_range (c->rand, 0, 8);

    if (what < 3)
      case_send (c);
    else if (what < 4)
      case_finish (c);
    else if (what < 5)
      rig_skip (&c->rig);
    else
      case_take (c);
  }
}

static gint16
linear (Rt2AudioFormat format, gint16 value)
{
  guint8 code;
  gint magnitude;

  if (format == RT2_AUDIO_FORMAT_PCM16)
    return value;
  if (format == RT2_AUDIO_FORMAT_PCMU) {
    code = ~value;
    magnitude = (((code & 15) << 3 | 0x84) << (code >> 4 & 7)) - 0x84;
    return code & 0x80 ? -magnitude : magnitude;
  }
  code = value ^ 0x55;
  magnitude = (code & 15) << 4 | 8;
  if (code & 0x70)
    magnitude = (magnitude | 0x100) << ((code >> 4 & 7) - 1);
  return code & 0x80 ? magnitude : -magnitude;
}

/* A sample of a fade is never louder than what it fades, nor of another sign.
 * Near zero the smallest step of G.711 counts as zero. */
static void
assert_faded (const Rig *rig, guint i, guint tag, guint64 pos)
{
  gint is = linear (rig->format, rig_get_sample (rig->format, rig->out, i));
  gint was = linear (rig->format, rig_sample (rig->format, tag, pos));

  g_assert_cmpint (ABS (is), <=, MAX (ABS (was), 8));
  if (ABS (is) > 8)
    g_assert_cmpint (is < 0, ==, was < 0);
}

/* The server does not know of the cut yet. */
static void
send_stragglers (Case *c)
{
  Heard *item = &c->items[c->current];

  if (item->spoken && !item->done)
    rig_append (&c->rig, item->spoken, c->current, item->received, 100);
}

/* After the interruption: at most one fade, of the item that was playing, then
 * silence, whatever the server still sends. Returns the samples of the fade. */
static guint
case_aftermath (Case *c)
{
  guint64 limit = rt2_audio_format_ns_to_samples (
      c->rig.format, RT2_PLAYOUT_FADE);
  guint fade = 0, n_silent = 0;

  while (n_silent < 3) {
    guint64 rt = rig_now (&c->rig);
    guint n = rig_take (&c->rig);

    n_silent = n < c->rig.period ? n_silent + 1 : 0;
    fade += n;
    g_assert_cmpuint (fade, <=, limit);
    for (guint i = 0; i < n; i++) {
      Heard *item = &c->items[c->n_playing - 1];

      g_assert_cmpuint (c->n_playing, >, 0);
      g_assert_true (c->rig.slot.spoken == item->spoken);
      assert_faded (&c->rig, i, c->n_playing - 1, item->got);
      listen_to (c, item, i, rt);
    }
    send_stragglers (c);
  }
  return fade;
}

static const Rt2Heard *
find_heard (GPtrArray *heard, const gchar *item_id, guint *position)
{
  for (guint i = 0; i < heard->len; i++) {
    const Rt2Heard *h = g_ptr_array_index (heard, i);

    if (g_str_equal (h->item_id, item_id)) {
      *position = i;
      return h;
    }
  }
  return NULL;
}

/* Its end was announced, or follows from a later item's audio: a server sends
 * the audio of a response in the order in which it plays. */
static gboolean
may_be_complete (const Case *c, const Heard *item)
{
  gboolean followed = FALSE;

  for (const Heard *later = item + 1; later < c->items + c->n_items; later++)
    followed = followed || later->sent > 0;
  return item->done || followed;
}

static guint
heard_by (const Heard *item, guint64 instant)
{
  guint n = 0;

  while (n < item->got && item->ends[n] <= instant)
    n++;
  return n;
}

/* @listened: samples that reached the ear of an item. */
static void
assert_heard (const Case *c, const Rt2Heard *h, const Heard *item,
    guint listened, guint tolerance)
{
  g_assert_cmpstr (h->response_id, ==, "r");
  g_assert_cmpuint (h->received, ==, item->received);
  g_assert_cmpuint (h->rate, ==, c->rig.rate);
  if (item->done)
    g_assert_true (h->complete);
  if (h->complete)
    g_assert_true (may_be_complete (c, item));
  g_assert_null (h->heard_text);
  g_assert_cmpuint (h->heard, <=, h->received);
  rig_assert_near (h->heard, listened, tolerance);
  g_assert_true (item->spoken->cancelled);
  g_assert_cmpuint (item->spoken->heard, ==, h->heard);
  if (item->got == 0)
    g_assert_cmpuint (h->heard, ==, 0);
}

/* Compares the report with the listener, who heard `before` samples of each
 * item by the time that counts when the fade was still to come. */
static void
check_report (Case *c, GPtrArray *report, const guint *before,
    const guint *after, guint tolerance)
{
  guint n_listed = 0;

  for (guint i = 0; i < c->n_items; i++) {
    Heard *item = &c->items[i];
    const Rt2Heard *h;
    guint position = 0;

    if (!item->spoken)
      continue;
    h = find_heard (report, item->spoken->id, &position);
    if (h) {
      g_assert_cmpuint (position, ==, n_listed++);
      assert_heard (c, h, item, after[i], tolerance);
    } else {
      /* unlisted only if he heard it all */
      g_assert_true (may_be_complete (c, item));
      rig_assert_near (after[i], item->received, tolerance);
    }
    if (item->done && item->received > 0 && before[i] == item->received
        && tolerance == 0)
      g_assert_null (h);
  }
  g_assert_cmpuint (n_listed, ==, report->len);
}

static guint64
sum_dropped (GPtrArray *report)
{
  guint64 sum = 0;

  for (guint i = 0; i < report->len; i++) {
    const Rt2Heard *h = g_ptr_array_index (report, i);

    sum += h->received - h->heard;
  }
  return sum;
}

static void
case_interrupt (Case *c)
{
  g_autoptr (GPtrArray) report = NULL;
  Rt2PlayoutStats stats;
  guint before[MAX_ITEMS], after[MAX_ITEMS];

  for (guint i = 0; i < c->n_items; i++)
    before[i] = c->items[i].got;
  report = rt2_playout_interrupt (c->rig.playout, rig_now (&c->rig), FALSE);
  case_aftermath (c);
  for (guint i = 0; i < c->n_items; i++)
    after[i] = c->items[i].got;
  check_report (c, report, before, after, 0);
  rt2_playout_get_stats (c->rig.playout, &stats);
  g_assert_cmpuint (stats.dropped_samples, ==, sum_dropped (report));
  g_assert_cmpuint (rt2_playout_queued (c->rig.playout), ==, 0);
  g_assert_false (rt2_playout_is_speaking (c->rig.playout));
}

/* With a flush what is on its way to the ear never gets there. */
static void
case_flush (Case *c)
{
  g_autoptr (GPtrArray) report = NULL;
  guint64 now = rig_now (&c->rig), ear;
  guint heard[MAX_ITEMS];

  now += g_rand_int_range (c->rand, 0, 20) * MSECOND;
  ear = now > c->latency ? now - c->latency : 0;
  for (guint i = 0; i < c->n_items; i++)
    heard[i] = heard_by (&c->items[i], ear);
  report = rt2_playout_interrupt (c->rig.playout, now, TRUE);
  g_assert_cmpuint (case_aftermath (c), ==, 0);
  /* instants that are no whole nanoseconds may fall to either side */
  check_report (c, report, heard, heard, 1);
}

static void
run_cases (guint32 seed, void (*interrupt) (Case *c))
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);

  for (guint i = 0; i < N_CASES; i++) {
    Case *c = g_new (Case, 1);

    case_init (c, rand);
    case_play (c);
    interrupt (c);
    case_clear (c);
    g_free (c);
  }
}

static void
test_random (void)
{
  run_cases (0x5eed, case_interrupt);
}

static void
test_random_flush (void)
{
  run_cases (0xf1005, case_flush);
}

/* --- the cut --- */

#define CUT_LENGTH 8000

typedef struct {
  Rt2AudioFormat format;
  gint16 source[CUT_LENGTH]; /* linear */
  gint16 result[CUT_LENGTH]; /* linear, silence at the end */
  guint fade;                /* samples */
} Cut;

static gint
largest_step (const gint16 *samples, guint n)
{
  gint largest = 0;

  for (guint i = 1; i < n; i++)
    largest = MAX (largest, ABS (samples[i] - samples[i - 1]));
  return largest;
}

/* The code of G.711 whose value is nearest. */
static gint16
encode (Rt2AudioFormat format, gint value)
{
  gint16 best = 0;

  if (format == RT2_AUDIO_FORMAT_PCM16)
    return value;
  for (gint16 code = 1; code < 256; code++)
    if (ABS (linear (format, code) - value)
        < ABS (linear (format, best) - value))
      best = code;
  return best;
}

static GBytes *
encode_source (Cut *cut)
{
  guint width = rt2_audio_format_width (cut->format);
  guint8 *data = g_malloc (CUT_LENGTH * width);

  for (guint i = 0; i < CUT_LENGTH; i++) {
    gint16 code = encode (cut->format, cut->source[i]);

    rig_put_sample (cut->format, data, i, code);
    cut->source[i] = linear (cut->format, code);
  }
  return g_bytes_new_take (data, CUT_LENGTH * width);
}

/* Plays @n_before periods of the source, cuts, and notes what sounds. */
static void
cut_run (Cut *cut, guint period, guint n_before)
{
  Rig rig;
  Rt2Spoken *spoken;
  g_autoptr (GBytes) audio = encode_source (cut);
  g_autoptr (GPtrArray) report = NULL;
  guint pos = 0;

  rig_init (&rig, cut->format, period, 0);
  spoken = rig_item (&rig, "r", 0);
  rt2_playout_append_audio (rig.playout, spoken, audio);
  cut->fade = 0;
  for (guint p = 0; pos + period <= CUT_LENGTH; p++) {
    if (p == n_before)
      report = rt2_playout_interrupt (rig.playout, rig_now (&rig), FALSE);
    cut->fade += rig_take (&rig);
    for (guint i = 0; i < period; i++, pos++)
      cut->result[pos] = linear (
          cut->format, rig_get_sample (cut->format, rig.out, i));
  }
  memset (cut->result + pos, 0, (CUT_LENGTH - pos) * sizeof (gint16));
  cut->fade -= n_before * period;
  g_assert_cmpuint (report->len, ==, 1);
  rig_clear (&rig);
}

/* Linear value of the loudest code of silence, and the widest step between two
 * codes below @amplitude. */
static gint
coarseness (Rt2AudioFormat format, gint amplitude)
{
  return format == RT2_AUDIO_FORMAT_PCM16 ? 1 : 16 + amplitude / 16;
}

static void
check_no_click (Rt2AudioFormat format, guint period, guint n_before)
{
  g_autofree Cut *cut = g_new0 (Cut, 1);
  guint rate = rt2_audio_format_rate (format);
  gint amplitude = 12000;

  cut->format = format;
  for (guint i = 0; i < CUT_LENGTH; i++)
    cut->source[i] = lrint (amplitude * sin (2 * G_PI * 150 * i / rate));
  cut_run (cut, period, n_before);
  g_assert_cmpuint (cut->fade, >, 0);
  g_assert_cmpuint (
      cut->fade, <=, rt2_audio_format_ns_to_samples (format, RT2_PLAYOUT_FADE));
  g_assert_cmpmem (cut->result, n_before * period * sizeof (gint16),
      cut->source, n_before * period * sizeof (gint16));
  g_assert_cmpint (largest_step (cut->result, CUT_LENGTH), <=,
      largest_step (cut->source, CUT_LENGTH) + 32768 / (gint) cut->fade
          + 2 * coarseness (format, amplitude));
}

/* Wherever in the wave the cut falls. */
static void
test_no_click (void)
{
  for (guint i = 1; i < 12; i++) {
    check_no_click (RT2_AUDIO_FORMAT_PCM16, 480, i);
    check_no_click (RT2_AUDIO_FORMAT_PCM16, 331, i);
    check_no_click (RT2_AUDIO_FORMAT_PCM16, 53, 10 * i);
    check_no_click (RT2_AUDIO_FORMAT_PCMU, 160, i);
    check_no_click (RT2_AUDIO_FORMAT_PCMA, 113, i);
    check_no_click (RT2_AUDIO_FORMAT_PCMU, 17, 10 * i);
  }
}

/* The gain only falls, from nearly 1 to nearly 0, without a jump. */
static void
check_gain (Rt2AudioFormat format, gint16 level)
{
  g_autofree Cut *cut = g_new0 (Cut, 1);
  gint step, previous = ABS (level);

  cut->format = format;
  for (guint i = 0; i < CUT_LENGTH; i++)
    cut->source[i] = level;
  cut_run (cut, 480, 2);
  step = ABS (level) / (gint) cut->fade + 2 * coarseness (format, ABS (level));
  previous = ABS (cut->source[0]);
  for (guint i = 960; i < CUT_LENGTH; i++) {
    gint now = ABS (cut->result[i]);

    g_assert_cmpint (now, <=, previous);
    g_assert_cmpint (previous - now, <=, step);
    if (now > 8)
      g_assert_cmpint (cut->result[i] < 0, ==, level < 0);
    previous = now;
  }
  g_assert_cmpint (previous, <=, 8);
}

static void
test_gain (void)
{
  for (guint format = 0; format <= RT2_AUDIO_FORMAT_PCMA; format++) {
    check_gain (format, 32000);
    check_gain (format, -32000);
    check_gain (format, 1000);
  }
  check_gain (RT2_AUDIO_FORMAT_PCM16, G_MININT16);
}

/* --- one by one --- */

static GPtrArray *
interrupt (Rig *rig)
{
  return rt2_playout_interrupt (rig->playout, rig_now (rig), FALSE);
}

static void
test_nothing_to_interrupt (void)
{
  Rig rig;
  g_autoptr (GPtrArray) nothing = NULL, spoken = NULL, flushed = NULL;
  Rt2Spoken *a;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, 480, 0);
  nothing = interrupt (&rig);
  g_assert_nonnull (nothing);
  g_assert_cmpuint (nothing->len, ==, 0);
  rt2_playout_user_item (rig.playout, "u");
  a = rig_item (&rig, "r", 0);
  rig_append (&rig, a, 0, 0, 700);
  rt2_spoken_finish_audio (a);
  rig_take (&rig);
  rig_take (&rig);
  /* all of it is on its way, and nothing will hold it up */
  spoken = interrupt (&rig);
  g_assert_cmpuint (spoken->len, ==, 0);
  flushed = rt2_playout_interrupt (rig.playout, 0, TRUE);
  g_assert_cmpuint (flushed->len, <=, 1);
  g_assert_cmpuint (rig_take (&rig), ==, 0);
  rig_clear (&rig);
}

/* An item that was announced, and said nothing yet, was not heard. */
static void
test_announced_only (void)
{
  Rig rig;
  g_autoptr (GPtrArray) report = NULL;
  const Rt2Heard *h;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, 480, 0);
  rig_item (&rig, "r", 0);
  report = interrupt (&rig);
  g_assert_cmpuint (report->len, ==, 1);
  h = g_ptr_array_index (report, 0);
  g_assert_cmpstr (h->item_id, ==, "r-0");
  g_assert_cmpuint (h->received, ==, 0);
  g_assert_cmpuint (h->heard, ==, 0);
  g_assert_false (h->complete);
  rig_clear (&rig);
}

static void
test_twice (void)
{
  Rig rig;
  Rt2Spoken *a;
  g_autoptr (GPtrArray) first = NULL, second = NULL, third = NULL;
  const Rt2Heard *h;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, 480, 0);
  a = rig_item (&rig, "r", 0);
  rig_append (&rig, a, 0, 0, 5000);
  rig_take (&rig);
  first = interrupt (&rig);
  second = interrupt (&rig);
  g_assert_cmpuint (first->len, ==, 1);
  g_assert_cmpuint (second->len, ==, 0);
  h = g_ptr_array_index (first, 0);
  g_assert_cmpuint (h->heard, ==, 480 + rig_take (&rig));
  third = interrupt (&rig);
  g_assert_cmpuint (third->len, ==, 0);
  g_assert_cmpuint (rig_take (&rig), ==, 0);
  rig_clear (&rig);
}

/* It speaks until the fade is out, however short the periods are. */
static void
test_speaks_while_it_fades (void)
{
  Rig rig;
  Rt2Spoken *a;
  g_autoptr (GPtrArray) report = NULL;
  const Rt2Heard *h;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, 16, 0);
  a = rig_item (&rig, "r", 0);
  rig_append (&rig, a, 0, 0, 5000);
  rig_take (&rig);
  report = interrupt (&rig);
  h = g_ptr_array_index (report, 0);
  g_assert_cmpuint (h->heard, >, 16 + 16);
  for (guint heard = 16; heard < h->heard; heard += rig.slot.n_speech) {
    g_assert_true (rt2_playout_is_speaking (rig.playout));
    g_assert_cmpuint (rig_take (&rig), >, 0);
    g_assert_cmpuint (rig.slot.offset, ==, heard);
  }
  g_assert_false (rt2_playout_is_speaking (rig.playout));
  g_assert_cmpuint (rig_take (&rig), ==, 0);
  rig_clear (&rig);
}

/* What is written does not sound: nobody breaks in on it. */
static void
test_written (void)
{
  Rig rig;
  g_autoptr (GPtrArray) report = NULL;
  Rt2Spoken *a;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, 480, 0);
  a = rig_item (&rig, "r", 0);
  rt2_spoken_append_text (a, RT2_TEXT_TEXT, "Written");
  report = interrupt (&rig);
  g_assert_cmpuint (report->len, ==, 0);
  rig_clear (&rig);
}

/* What the server sends after the cut of what was cut is not for the ear. */
static void
test_stragglers (void)
{
  Rig rig;
  Rt2Spoken *a, *b;
  g_autoptr (GPtrArray) report = NULL;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, 480, 0);
  a = rig_item (&rig, "r", 0);
  rig_append (&rig, a, 0, 0, 700);
  b = rig_item (&rig, "r", 1);
  rig_append (&rig, b, 1, 0, 3000);
  rig_take (&rig);
  rig_assert_marks (&rig, "+r-0");
  report = interrupt (&rig);
  g_assert_cmpuint (report->len, ==, 2);
  a = rig_item (&rig, "r", 0);
  rig_append (&rig, a, 0, 700, 1000);
  b = rig_item (&rig, "r", 1);
  rig_append (&rig, b, 1, 3000, 1000);
  g_assert_cmpuint (rt2_playout_queued (rig.playout), <=, RT2_PLAYOUT_FADE);
  g_assert_cmpuint (rig_take (&rig), <=, 192);
  for (guint i = 0; i < 5; i++)
    g_assert_cmpuint (rig_take (&rig), ==, 0);
  rt2_playout_finish_response (rig.playout, "r");
  rig_take (&rig);
  rig_assert_marks (&rig, "");
  g_assert_false (rt2_playout_is_speaking (rig.playout));
  rig_clear (&rig);
}

/* The next answer starts clean behind the fade. */
static void
test_new_speech (void)
{
  Rig rig;
  Rt2Spoken *a, *b;
  g_autoptr (GPtrArray) report = NULL;
  const Rt2Heard *h;
  guint n, fade;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, 480, 0);
  a = rig_item (&rig, "r", 0);
  rig_append (&rig, a, 0, 0, 5000);
  rig_take (&rig);
  report = interrupt (&rig);
  h = g_ptr_array_index (report, 0);
  fade = h->heard - 480;
  b = rig_item (&rig, "s", 0);
  rig_append (&rig, b, 5, 0, 2000);
  n = rig_take (&rig);
  g_assert_cmpuint (n, ==, 480);
  for (guint i = fade; i < n; i++)
    rig_assert_out (&rig, i, 5, i - fade);
  rig_take (&rig);
  rig_assert_out (&rig, 0, 5, 480 - fade);
  g_assert_false (b->cancelled);
  rig_clear (&rig);
}

/* The end of one item at the end of a period: the next one was never heard. */
static void
test_between_items (void)
{
  Rig rig;
  g_autoptr (GPtrArray) report = NULL;
  const Rt2Heard *h;
  Rt2Spoken *a;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, 480, 0);
  a = rig_item (&rig, "r", 0);
  rig_append (&rig, a, 0, 0, 480);
  rt2_spoken_finish_audio (a);
  rig_append (&rig, rig_item (&rig, "r", 1), 1, 0, 480);
  rig_take (&rig);
  report = interrupt (&rig);
  g_assert_cmpuint (report->len, ==, 1);
  h = g_ptr_array_index (report, 0);
  g_assert_cmpstr (h->item_id, ==, "r-1");
  g_assert_cmpuint (h->received, ==, 480);
  g_assert_cmpuint (h->heard, ==, 0);
  g_assert_cmpuint (rig_take (&rig), ==, 0);
  rig_clear (&rig);
}

/* Downstream holds the latency: with a flush it is lost, to the sample. */
static void
test_flush_counts_the_latency (void)
{
  Rig rig;
  Rt2Spoken *a;
  g_autoptr (GPtrArray) report = NULL;
  const Rt2Heard *h;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, 480, ODD_START);
  rt2_playout_set_latency (rig.playout, 220 * MSECOND);
  a = rig_item (&rig, "r", 0);
  rig_append (&rig, a, 0, 0, 24000);
  for (guint i = 0; i < 25; i++)
    rig_take (&rig);
  report = rt2_playout_interrupt (rig.playout, ODD_START + 500 * MSECOND, TRUE);
  g_assert_cmpuint (report->len, ==, 1);
  h = g_ptr_array_index (report, 0);
  g_assert_cmpuint (h->heard, ==, 280 * 24);
  g_assert_cmpuint (h->received, ==, 24000);
  g_assert_cmpuint (rig_take (&rig), ==, 0);
  rig_clear (&rig);
}

/* Over for the server, placed to its end, and still on its way to the ear. */
static void
check_flush_after_the_end (guint n_periods, guint64 ear, guint64 heard)
{
  Rig rig;
  Rt2Spoken *a;
  g_autoptr (GPtrArray) report = NULL;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, 480, ODD_START);
  rt2_playout_set_latency (rig.playout, 2 * SECOND);
  a = rig_item (&rig, "r", 0);
  rig_append (&rig, a, 0, 0, 24000);
  rt2_playout_finish_response (rig.playout, "r");
  for (guint i = 0; i < n_periods; i++)
    rig_take (&rig);
  report = rt2_playout_interrupt (
      rig.playout, ODD_START + 2 * SECOND + ear, TRUE);
  g_assert_cmpuint (report->len, ==, heard < 24000 ? 1 : 0);
  if (report->len > 0) {
    const Rt2Heard *h = g_ptr_array_index (report, 0);

    g_assert_true (h->complete);
    g_assert_cmpuint (h->received, ==, 24000);
    g_assert_cmpuint (h->heard, ==, heard);
  }
  rig_clear (&rig);
}

static void
test_flush_after_the_end (void)
{
  check_flush_after_the_end (50, 0, 0);
  check_flush_after_the_end (100, 500 * MSECOND, 12000);
  check_flush_after_the_end (149, SECOND - 1, 23999);
  check_flush_after_the_end (149, SECOND, 24000);
  check_flush_after_the_end (160, 5 * SECOND, 24000);
}

/* Before anything of it could reach the ear: nothing was heard. */
static void
test_flush_before_the_latency (void)
{
  Rig rig;
  g_autoptr (GPtrArray) report = NULL;
  const Rt2Heard *h;

  rig_init (&rig, RT2_AUDIO_FORMAT_PCM16, 480, 0);
  rt2_playout_set_latency (rig.playout, SECOND);
  rig_append (&rig, rig_item (&rig, "r", 0), 0, 0, 24000);
  rig_take (&rig);
  report = rt2_playout_interrupt (rig.playout, 20 * MSECOND, TRUE);
  g_assert_cmpuint (report->len, ==, 1);
  h = g_ptr_array_index (report, 0);
  g_assert_cmpuint (h->heard, ==, 0);
  rig_clear (&rig);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/interrupt/random", test_random);
  g_test_add_func ("/interrupt/random-flush", test_random_flush);
  g_test_add_func ("/interrupt/no-click", test_no_click);
  g_test_add_func ("/interrupt/gain", test_gain);
  g_test_add_func ("/interrupt/nothing", test_nothing_to_interrupt);
  g_test_add_func ("/interrupt/announced-only", test_announced_only);
  g_test_add_func ("/interrupt/twice", test_twice);
  g_test_add_func ("/interrupt/fading", test_speaks_while_it_fades);
  g_test_add_func ("/interrupt/written", test_written);
  g_test_add_func ("/interrupt/stragglers", test_stragglers);
  g_test_add_func ("/interrupt/new-speech", test_new_speech);
  g_test_add_func ("/interrupt/between-items", test_between_items);
  g_test_add_func ("/interrupt/flush/latency", test_flush_counts_the_latency);
  g_test_add_func ("/interrupt/flush/after-the-end", test_flush_after_the_end);
  g_test_add_func ("/interrupt/flush/early", test_flush_before_the_latency);
  return g_test_run ();
}
