/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Telephone sound from end to end: A-law and mu-law as the caps of either pad
 * negotiate them, and PCM, in every mixture. What the server heard is known by
 * what it says about it; what it said, by the frequency and the level of the
 * tone that comes out.
 */
#include <gst/gst.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

#include "audio.h"
#include "sandbox.h"
#include "stage.h"

#define SAID "Beep."
/* Of the tones that go in and come out. */
#define IN_MS 800
#define OUT_MS 600
#define OUT_HZ 440
/* A sine of a quarter of full scale. */
#define VOICE                                                                  \
  "audiotestsrc is-live=true wave=sine freq=700 volume=0.25 "                  \
  "samplesperbuffer=%u num-buffers=40 ! "                                      \
  "audio/x-raw,format=S16LE,rate=%u,channels=1 ! %s"
/* What is quieter is not the tone. */
#define QUIET 300
/* How far a level may be off, dB. G.711 has a noise of its own, and its
 * loudest step is 1/32 of the sample. */
#define LEVEL_ERROR 0.1

typedef struct {
  const gchar *name;
  const gchar *wire; /* `type` of the session's format */
  const gchar *caps;
  const gchar *encode, *decode; /* parts of a launch line */
  guint rate, width;
} Law;

static const Law laws[] = {
  { "pcm", "audio/pcm", "audio/x-raw", "", "audio/x-raw,rate=24000", 24000, 2 },
  { "mulaw", "audio/pcmu", "audio/x-mulaw", "mulawenc ! ", "mulawdec", 8000,
      1 },
  { "alaw", "audio/pcma", "audio/x-alaw", "alawenc ! ", "alawdec", 8000, 1 },
};

typedef struct {
  const Law *in, *out;
} Mixture;

static Mixture mixtures[G_N_ELEMENTS (laws) * G_N_ELEMENTS (laws)];

/* -- what came out ----------------------------------------------------------
 */

/* Filled by the streaming threads; looked at once they have ended. */
typedef struct {
  GArray *samples; /* gint16 */
  GString *agent, *user;
} Record;

static void
on_sound (GstElement *sink, GstBuffer *buffer, GstPad *pad, Record *record)
{
  GstMapInfo map;

  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  g_array_append_vals (record->samples, map.data, map.size / 2);
  gst_buffer_unmap (buffer, &map);
}

static void
on_text (GstElement *sink, GstBuffer *buffer, GstPad *pad, GString *text)
{
  GstMapInfo map;

  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  g_string_append_len (text, (gchar *) map.data, map.size);
  gst_buffer_unmap (buffer, &map);
}

static void
connect (Stage *stage, const gchar *name, GCallback callback, gpointer data)
{
  GstElement *sink = stage_get (stage, name);

  g_object_set (sink, "signal-handoffs", TRUE, "sync", FALSE, NULL);
  g_signal_connect (sink, "handoff", callback, data);
  gst_object_unref (sink);
}

static Record *
record_new (Stage *stage)
{
  Record *record = g_new0 (Record, 1);

  record->samples = g_array_new (FALSE, FALSE, sizeof (gint16));
  record->agent = g_string_new (NULL);
  record->user = g_string_new (NULL);
  connect (stage, "sound", G_CALLBACK (on_sound), record);
  connect (stage, "agent", G_CALLBACK (on_text), record->agent);
  connect (stage, "user", G_CALLBACK (on_text), record->user);
  return record;
}

static void
record_free (Record *record)
{
  g_array_unref (record->samples);
  g_string_free (record->agent, TRUE);
  g_string_free (record->user, TRUE);
  g_free (record);
}

/* -- sound ----------------------------------------------------------------- */

/* From the first to the last sample that is not quiet. */
static const gint16 *
find_tone (GArray *samples, gsize *n)
{
  const gint16 *data = (gint16 *) samples->data;
  gsize first = 0, end = samples->len;

  while (first < end && ABS (data[first]) < QUIET)
    first++;
  while (end > first && ABS (data[end - 1]) < QUIET)
    end--;
  *n = end - first;
  return data + first;
}

/* The part of the power that is at @hz, 0 to 1. */
static gdouble
purity (const gint16 *samples, gsize n, guint rate, gdouble hz)
{
  gdouble re = 0, im = 0, power = 0;

  for (gsize i = 0; i < n; i++) {
    gdouble angle = 2 * G_PI * hz * i / rate;

    re += samples[i] * cos (angle);
    im += samples[i] * sin (angle);
    power += (gdouble) samples[i] * samples[i];
  }
  return 2 * (re * re + im * im) / (n * power);
}

static void
check_tone (GArray *samples, const Law *law)
{
  g_autoptr (GArray) sent = audio_tone (law->rate, OUT_MS);
  gsize n;
  const gint16 *tone = find_tone (samples, &n);
  gdouble level, wanted;

  /* But for the quiet ends of the sine. */
  g_assert_cmpuint (n, <=, law->rate * OUT_MS / 1000);
  g_assert_cmpuint (n, >=, law->rate * (OUT_MS - 2) / 1000);
  level = audio_level (tone, n);
  wanted = audio_level ((gint16 *) sent->data, sent->len);
  g_test_message ("%.2f dB of %.2f, %.4f of it at %d Hz", level, wanted,
      purity (tone, n, law->rate, OUT_HZ), OUT_HZ);
  g_assert_cmpfloat (ABS (level - wanted), <, LEVEL_ERROR);
  g_assert_cmpfloat (purity (tone, n, law->rate, OUT_HZ), >, 0.99);
}

/* -- the wire -------------------------------------------------------------- */

static JsonObject *
inner (JsonObject *object, const gchar *name)
{
  g_assert_true (json_object_has_member (object, name));
  return json_object_get_object_member (object, name);
}

static void
check_format (JsonObject *audio, const gchar *direction, const Law *law)
{
  JsonObject *format = inner (inner (audio, direction), "format");

  g_assert_cmpstr (
      json_object_get_string_member (format, "type"), ==, law->wire);
  /* G.711 has one rate only, and no field for it. */
  if (law->rate == 24000)
    g_assert_cmpint (json_object_get_int_member (format, "rate"), ==, 24000);
  else
    g_assert_false (json_object_has_member (format, "rate"));
}

/* The first update already has the formats: none is sent in vain. */
static void
check_wire (Sandbox *sandbox, const Mixture *mixture)
{
  g_autoptr (GPtrArray)
      updates = sandbox_dup_received (sandbox, "session.update");
  g_autoptr (JsonParser) parser = json_parser_new ();
  const SandboxRecord *record;
  JsonObject *audio;

  g_assert_cmpuint (updates->len, ==, 1);
  record = g_ptr_array_index (updates, 0);
  g_assert_true (json_parser_load_from_data (parser, record->json, -1, NULL));
  audio = inner (
      inner (json_node_get_object (json_parser_get_root (parser)), "session"),
      "audio");
  check_format (audio, "input", mixture->in);
  check_format (audio, "output", mixture->out);
  g_assert_cmpuint (sandbox_audio_bytes_received (sandbox), ==,
      (guint64) IN_MS * mixture->in->rate / 1000 * mixture->in->width);
}

/* -- conversations --------------------------------------------------------- */

/* No caps are forced onto the element: its neighbours say what they take. */
static Stage *
new_stage (Sandbox *sandbox, const Mixture *mixture, const gchar *properties)
{
  guint samples = mixture->in->rate * IN_MS / 1000 / 40;

  return stage_new (VOICE
      "realtime2 name=ai uri=%s turn-detection=none %s "
      "text_src_1::roles=user ! %s ! fakesink name=sound  "
      "ai.text_src_0 ! text/x-raw,format=utf8 ! fakesink name=agent  "
      "ai.text_src_1 ! text/x-raw,format=utf8 ! fakesink name=user",
      samples, mixture->in->rate, mixture->in->encode,
      sandbox_get_uri (sandbox), properties, mixture->out->decode);
}

static void
check_caps (Stage *stage, const gchar *pad_name, const Law *law)
{
  GstPad *pad = stage_get_pad (stage, "ai", pad_name);
  GstCaps *caps = gst_pad_get_current_caps (pad);
  const GstStructure *fields;
  gint rate;

  g_assert_nonnull (caps);
  fields = gst_caps_get_structure (caps, 0);
  g_assert_cmpstr (gst_structure_get_name (fields), ==, law->caps);
  g_assert_true (gst_structure_get_int (fields, "rate", &rate));
  g_assert_cmpint (rate, ==, law->rate);
  gst_caps_unref (caps);
  gst_object_unref (pad);
}

static void
test_mixture (gconstpointer data)
{
  const Mixture *mixture = data;
  Sandbox *sandbox = stage_start_sandbox (&(SandboxOptions){
      .script_json = "{\"turns\":[{\"say\":[{\"text\":\"" SAID
                     "\",\"tone_ms\":600}]}]}" });
  Stage *stage = new_stage (sandbox, mixture, "");
  Record *record = record_new (stage);

  stage_play (stage);
  stage_wait_eos (stage);
  stage_expect_no_error (stage);
  check_caps (stage, "sink", mixture->in);
  check_caps (stage, "src", mixture->out);
  gst_element_set_state (stage->pipeline, GST_STATE_NULL);
  check_wire (sandbox, mixture);
  check_tone (record->samples, mixture->out);
  g_assert_cmpstr (record->agent->str, ==, SAID);
  g_assert_cmpstr (record->user->str, ==, "(0.8 seconds of speech)");
  record_free (record);
  stage_free (stage);
  sandbox_stop_thread (sandbox);
}

/* The sandbox says in writing how loud it was: 12 dB for the quarter, 3 for
 * the sine. */
static void
test_heard (gconstpointer data)
{
  const Law *law = data;
  const Mixture mixture = { law, &laws[0] };
  Sandbox *sandbox = stage_start_sandbox (
      &(SandboxOptions){ .script_json = NULL });
  Stage *stage = new_stage (sandbox, &mixture, "output-modality=text");
  Record *record = record_new (stage);

  stage_play (stage);
  stage_wait_eos (stage);
  stage_expect_no_error (stage);
  gst_element_set_state (stage->pipeline, GST_STATE_NULL);
  check_wire (sandbox, &mixture);
  if (strstr (record->agent->str,
          "You spoke for 0.8 seconds, at 15 decibels below full scale")
      == NULL)
    g_error ("the sandbox heard something else: %s", record->agent->str);
  record_free (record);
  stage_free (stage);
  sandbox_stop_thread (sandbox);
}

static void
add_tests (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (mixtures); i++) {
    Mixture *mixture = &mixtures[i];
    g_autofree gchar *name = NULL;

    mixture->in = &laws[i / G_N_ELEMENTS (laws)];
    mixture->out = &laws[i % G_N_ELEMENTS (laws)];
    name = g_strdup_printf (
        "/laws/%s-to-%s", mixture->in->name, mixture->out->name);
    g_test_add_data_func (name, mixture, test_mixture);
  }
  for (guint i = 0; i < G_N_ELEMENTS (laws); i++) {
    g_autofree gchar *name = g_strconcat ("/laws/heard/", laws[i].name, NULL);

    g_test_add_data_func (name, &laws[i], test_heard);
  }
}

int
main (int argc, char *argv[])
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  add_tests ();
  return g_test_run ();
}
