/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sandbox's pure rooms: JSON text, ids, audio formats, the detector, the
 * plan of a response. */
#include <math.h>
#include <string.h>

#include "audio.h"
#include "client.h"
#include "plan.h"
#include "vad.h"
#include "wire.h"

static gboolean
parses (const gchar *text)
{
  g_autoptr (JsonObject) object = wire_parse (text, strlen (text));

  return object != NULL;
}

static void
test_parse (void)
{
  g_autofree gchar *deep = g_strnfill (200000, '[');
  g_autofree gchar *attack = g_strconcat ("{\"a\":", deep, NULL);
  g_autofree gchar *in_string = g_strconcat ("{\"a\":\"", deep, "\"}", NULL);

  g_assert_true (parses ("{}"));
  g_assert_true (parses (" {\"a\":[1,-2.5e3,true,false,null,\"\\\"}\"]}\n"));
  g_assert_true (parses (in_string));
  g_assert_false (parses (""));
  g_assert_false (parses ("[]"));
  g_assert_false (parses ("1"));
  g_assert_false (parses ("{"));
  g_assert_false (parses ("{}{}"));
  g_assert_false (parses ("{} x"));
  g_assert_false (parses ("{'a':1}"));
  g_assert_false (parses ("var x = {};"));
  g_assert_false (parses ("{\"a\":1,}"));
  g_assert_false (parses ("{\"a\" 1}"));
  g_assert_false (parses ("{\"a\":/* */1}"));
  g_assert_false (parses ("{\"a\":\"\n\"}"));
  g_assert_false (parses (attack));
  g_assert_null (wire_parse ("{}\0", 3));
}

static void
test_depth (void)
{
  GString *text = g_string_new ("{\"a\":");
  guint i;

  for (i = 0; i < 63; i++)
    g_string_append_c (text, '[');
  for (i = 0; i < 63; i++)
    g_string_append_c (text, ']');
  g_string_append_c (text, '}');
  g_assert_true (parses (text->str));
  g_string_insert_c (text, 5, '[');
  g_string_insert_c (text, text->len - 1, ']');
  g_assert_false (parses (text->str));
  g_string_free (text, TRUE);
}

static void
test_ids (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  g_autoptr (GRand) same = g_rand_new_with_seed (1);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);
  guint i;

  for (i = 0; i < 10000; i++) {
    gchar *id = wire_make_id (rand, "item");
    g_autofree gchar *again = wire_make_id (same, "item");

    g_ptr_array_add (ids, id);
    g_assert_cmpstr (id, ==, again);
    g_assert_true (g_hash_table_add (seen, id));
    g_assert_true (g_regex_match_simple ("^item_[0-9A-Za-z]{21}$", id, 0, 0));
  }
}

static gboolean
decodes (const gchar *text, const gchar *expected)
{
  g_autofree guint8 *data = NULL;
  gsize size;

  if (!wire_decode_base64 (text, &data, &size))
    return FALSE;
  g_assert_cmpmem (data, size, expected, strlen (expected));
  return TRUE;
}

static void
test_base64 (void)
{
  g_assert_true (decodes ("", ""));
  g_assert_true (decodes ("YQ==", "a"));
  g_assert_true (decodes ("YWI=", "ab"));
  g_assert_true (decodes ("YWJj", "abc"));
  g_assert_false (decodes ("YQ", ""));
  g_assert_false (decodes ("YQ=", ""));
  g_assert_false (decodes ("Y===", ""));
  g_assert_false (decodes ("====", ""));
  g_assert_false (decodes ("YQ==YWJj", ""));
  g_assert_false (decodes ("YW-_", ""));
  g_assert_false (decodes ("YW c", ""));
  g_assert_false (decodes ("YWJj\n", ""));
}

/* Published values of the two laws. */
static void
test_g711_known (void)
{
  g_assert_cmphex (g711_encode_mulaw (0), ==, 0xff);
  g_assert_cmphex (g711_encode_mulaw (32767), ==, 0x80);
  g_assert_cmphex (g711_encode_mulaw (-32768), ==, 0x00);
  g_assert_cmpint (g711_decode_mulaw (0x00), ==, -32124);
  g_assert_cmpint (g711_decode_mulaw (0x80), ==, 32124);
  g_assert_cmpint (g711_decode_mulaw (0xff), ==, 0);
  g_assert_cmpint (g711_decode_mulaw (0x7f), ==, 0);
  g_assert_cmphex (g711_encode_alaw (0), ==, 0xd5);
  g_assert_cmphex (g711_encode_alaw (-1), ==, 0x55);
  g_assert_cmphex (g711_encode_alaw (32767), ==, 0xaa);
  g_assert_cmphex (g711_encode_alaw (-32768), ==, 0x2a);
  g_assert_cmpint (g711_decode_alaw (0xd5), ==, 8);
  g_assert_cmpint (g711_decode_alaw (0x55), ==, -8);
  g_assert_cmpint (g711_decode_alaw (0xaa), ==, 32256);
  g_assert_cmpint (g711_decode_alaw (0x2a), ==, -32256);
}

static void
test_g711_round (void)
{
  gint value;
  guint code;

  for (code = 0; code < 256; code++) {
    /* Negative zero of the mu-law becomes positive zero. */
    if (code != 0x7f)
      g_assert_cmphex (g711_encode_mulaw (g711_decode_mulaw (code)), ==, code);
    g_assert_cmphex (g711_encode_alaw (g711_decode_alaw (code)), ==, code);
  }
  for (value = G_MININT16; value <= G_MAXINT16; value++) {
    gint mulaw = g711_decode_mulaw (g711_encode_mulaw (value));
    gint alaw = g711_decode_alaw (g711_encode_alaw (value));
    gint size = ABS (value);

    g_assert_cmpint (
        ABS (mulaw - value), <=, 4 + size / 16 + (size > 32124) * 644);
    g_assert_cmpint (ABS (alaw - value), <=, 16 + size / 16);
  }
}

static void
test_pcm (void)
{
  const gint16 samples[] = { 0, 1, -1, 32767, -32768, 0x1234 };
  const guint8 expected[] = { 0, 0, 1, 0, 0xff, 0xff, 0xff, 0x7f, 0, 0x80, 0x34,
    0x12 };
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (GArray) back = g_array_new (FALSE, FALSE, 2);

  audio_encode (AUDIO_PCM, samples, G_N_ELEMENTS (samples), bytes);
  g_assert_cmpmem (bytes->data, bytes->len, expected, sizeof expected);
  audio_decode (AUDIO_PCM, bytes->data, G_N_ELEMENTS (samples), back);
  g_assert_cmpmem (back->data, back->len * 2, samples, sizeof samples);
}

/* Power of a tone at hz, relative to the whole. */
static gdouble
tone_share (GArray *samples, gdouble hz, guint rate)
{
  gdouble re = 0, im = 0, all = 0;
  guint i;

  for (i = 0; i < samples->len; i++) {
    gdouble value = g_array_index (samples, gint16, i);

    re += value * cos (2 * G_PI * hz * i / rate);
    im += value * sin (2 * G_PI * hz * i / rate);
    all += value * value;
  }
  return 2 * (re * re + im * im) / (samples->len * all);
}

static void
test_resample (void)
{
  static const struct {
    guint in, out;
  } rates[] = { { 22050, 24000 }, { 22050, 8000 }, { 8000, 24000 } };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rates); i++) {
    g_autoptr (GArray) tone = audio_tone (rates[i].in, 1000);
    g_autoptr (GArray) out = audio_resample (
        (gint16 *) tone->data, tone->len, rates[i].in, rates[i].out);

    g_assert_cmpuint (out->len, ==, rates[i].out);
    g_assert_cmpfloat (tone_share (out, 440, rates[i].out), >, 0.99);
    g_assert_cmpfloat (fabs (audio_level ((gint16 *) out->data, out->len)
                           - audio_level ((gint16 *) tone->data, tone->len)),
        <, 0.2);
  }
}

/* What the lower rate cannot carry must not fold back. */
static void
test_resample_alias (void)
{
  g_autoptr (GArray) high = g_array_new (FALSE, FALSE, 2);
  g_autoptr (GArray) out = NULL;
  guint i;

  for (i = 0; i < 22050; i++) {
    gint16 value = lrint (10000 * sin (2 * G_PI * 6000 * i / 22050));

    g_array_append_val (high, value);
  }
  out = audio_resample ((gint16 *) high->data, high->len, 22050, 8000);
  g_assert_cmpfloat (audio_level ((gint16 *) out->data + 100, out->len - 200),
      <, audio_level ((gint16 *) high->data, high->len) - 40);
}

static void
test_level (void)
{
  gint16 full[480], zero[480] = { 0 };
  guint i;

  for (i = 0; i < 480; i++)
    full[i] = i % 2 != 0 ? -32768 : 32767;
  g_assert_cmpfloat (fabs (audio_level (full, 480)), <, 0.01);
  g_assert_cmpfloat (audio_level (zero, 480), ==, -100);
}

static void
push_level (Vad *vad, gdouble level, guint frames, GArray *events)
{
  gint16 *frame = g_new (gint16, vad->frame_size);
  guint i;

  for (i = 0; i < vad->frame_size; i++)
    frame[i] = (i % 2 ? 1 : -1) * lrint (32768 * pow (10, level / 20));
  for (i = 0; i < frames; i++) {
    VadEvent event = vad_push (vad, frame);

    g_array_append_val (events, event);
  }
  g_free (frame);
}

static void
test_vad_threshold (void)
{
  static const struct {
    gdouble threshold, deaf, hears;
  } levels[] = { { 0, -61, -59 }, { 0.5, -41, -39 }, { 1, -21, -19 } };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (levels); i++) {
    Vad vad = { 0 };
    g_autoptr (GArray) events = g_array_new (FALSE, FALSE, sizeof (VadEvent));

    vad_set (&vad, 24000, levels[i].threshold, 200);
    push_level (&vad, levels[i].deaf, 50, events);
    g_assert_false (vad.speaking);
    push_level (&vad, levels[i].hears, 50, events);
    g_assert_true (vad.speaking);
    g_assert_cmpuint (vad.started_at, ==, 50 * 480);
  }
}

static void
test_vad_frames (void)
{
  Vad vad = { 0 };
  g_autoptr (GArray) events = g_array_new (FALSE, FALSE, sizeof (VadEvent));

  /* 190 ms are ten frames of 20 ms. */
  vad_set (&vad, 8000, 0.5, 190);
  push_level (&vad, -20, 2, events); /* a click */
  push_level (&vad, -90, 5, events);
  push_level (&vad, -20, 3, events);
  push_level (&vad, -90, 9, events);
  g_assert_cmpint (g_array_index (events, VadEvent, 8), ==, VAD_NOTHING);
  g_assert_cmpint (g_array_index (events, VadEvent, 9), ==, VAD_STARTED);
  g_assert_cmpuint (vad.started_at, ==, 7 * 160);
  g_assert_true (vad.speaking);
  /* Between both levels a frame is what the one before was. */
  push_level (&vad, -42, 5, events);
  g_assert_true (vad.speaking);
  push_level (&vad, -90, 9, events);
  g_assert_true (vad.speaking);
  push_level (&vad, -90, 1, events);
  g_assert_cmpint (
      g_array_index (events, VadEvent, events->len - 1), ==, VAD_STOPPED);
  g_assert_false (vad.speaking);
}

static void
test_words (void)
{
  g_assert_cmpuint (plan_next_word ("Let me see."), ==, 3);
  g_assert_cmpuint (plan_next_word (" me see."), ==, 3);
  g_assert_cmpuint (plan_next_word ("  \n"), ==, 3);
  g_assert_cmpuint (plan_next_word (""), ==, 0);
}

/* Every byte of text and audio once, in order, times that never fall. */
static void
check_plan (GArray *steps, const PlanOutput *outputs, guint n_outputs)
{
  gsize words[4] = { 0 }, audio[4] = { 0 };
  gint64 before = 0;
  guint i;

  for (i = 0; i < steps->len; i++) {
    const Step *step = &g_array_index (steps, Step, i);
    gsize *done = step->kind == STEP_WORD ? words
        : step->kind == STEP_AUDIO        ? audio
                                          : NULL;

    g_assert_cmpint (step->at_ms, >=, before);
    before = step->at_ms;
    if (done == NULL)
      continue;
    g_assert_cmpuint (step->offset, ==, done[step->output]);
    g_assert_cmpuint (step->length, >, 0);
    done[step->output] += step->length;
  }
  for (i = 0; i < n_outputs; i++) {
    g_assert_cmpuint (words[i], ==, strlen (outputs[i].text));
    g_assert_cmpuint (audio[i], ==, outputs[i].audio_bytes);
  }
  g_assert_cmpint (
      g_array_index (steps, Step, steps->len - 1).kind, ==, STEP_FINISH);
}

static void
test_plan (void)
{
  const PlanOutput outputs[] = {
    { SAY_SPEECH, "Let me see.", 48000 },
    { SAY_SPEECH, "a considerably longer second sentence follows", 240002 },
    { SAY_TEXT, "written words", 0 },
    { SAY_CALL, "{\"città\":\"Forlì\"}", 0 },
  };
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);
  Reply *reply = reply_new ();
  guint i;

  for (i = 0; i < 50; i++) {
    g_autoptr (GArray) steps = NULL;

    reply->delta_ms = i % 3 * 70;
    reply->transcript_first = i % 2;
    reply->overlap = i % 5 != 0;
    steps = plan_make (outputs, 4, AUDIO_PCM, reply, rand);
    check_plan (steps, outputs, 4);
  }
  reply_unref (reply);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sandbox/rooms/parse", test_parse);
  g_test_add_func ("/sandbox/rooms/depth", test_depth);
  g_test_add_func ("/sandbox/rooms/ids", test_ids);
  g_test_add_func ("/sandbox/rooms/base64", test_base64);
  g_test_add_func ("/sandbox/rooms/g711-known", test_g711_known);
  g_test_add_func ("/sandbox/rooms/g711-round", test_g711_round);
  g_test_add_func ("/sandbox/rooms/pcm", test_pcm);
  g_test_add_func ("/sandbox/rooms/resample", test_resample);
  g_test_add_func ("/sandbox/rooms/resample-alias", test_resample_alias);
  g_test_add_func ("/sandbox/rooms/level", test_level);
  g_test_add_func ("/sandbox/rooms/vad-threshold", test_vad_threshold);
  g_test_add_func ("/sandbox/rooms/vad-frames", test_vad_frames);
  g_test_add_func ("/sandbox/rooms/words", test_words);
  g_test_add_func ("/sandbox/rooms/plan", test_plan);
  return g_test_run ();
}
