/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Results that belong to an instant of the input. What is said in the input is
 * bursts of sound at known marks; what is said about it is tones of known
 * length, a known time after the marks. So a file or a sink tells by how much
 * translation, captions and picture are apart.
 */
#include <gst/base/gstbasesink.h>
#include <math.h>
#include <string.h>

#include "figures.h"
#include "sandbox.h"
#include "stage.h"

#define RATE 24000
#define PERIOD (20 * GST_MSECOND)
#define PIECE_MS 20
/* A server of translations works on so much at once. */
#define MODEL_FRAME (200 * GST_MSECOND)
/* From the beginning of a burst to its translation, by the scripts. */
#define LAG (200 * GST_MSECOND)
#define LOUD 1000
/* Quiet for less is no end of a burst. */
#define PAUSE_MS 50
/* Files hold times in whole ms, some of them in two parts. */
#define ROUNDING (2 * GST_MSECOND)

/* What the user hears or says: silence with bursts of sound. All ms. */
typedef struct {
  guint length, burst;
  guint n_marks;
  guint marks[3]; /* where bursts begin */
} Sound;

/* Where something begins and ends. */
typedef struct {
  GstClockTime start, end;
} Span;

/* -- making sound ---------------------------------------------------------- */

static gboolean
is_loud_at (const Sound *sound, guint ms)
{
  for (guint i = 0; i < sound->n_marks; i++)
    if (ms >= sound->marks[i] && ms < sound->marks[i] + sound->burst)
      return TRUE;
  return FALSE;
}

/* The samples of PIECE_MS from @ms on. */
static GstBuffer *
make_piece (const Sound *sound, guint ms, guint rate, guint channels)
{
  guint n = rate * PIECE_MS / 1000;
  gint16 *samples = g_new (gint16, n * channels);
  GstBuffer *buffer;

  for (guint i = 0; i < n * channels; i++) {
    gdouble at = (gdouble) (i / channels) / rate + ms / 1000.0;
    gboolean loud = is_loud_at (sound, ms + i / channels * 1000 / rate);

    samples[i] = GINT16_TO_LE (
        (gint16) (loud ? 9000 * sin (2 * G_PI * 330 * at) : 0));
  }
  buffer = gst_buffer_new_wrapped (samples, n * channels * sizeof *samples);
  GST_BUFFER_DURATION (buffer) = PIECE_MS * GST_MSECOND;
  return buffer;
}

/* Takes @buffer over. */
static void
push (Stage *stage, const gchar *name, GstBuffer *buffer, guint ms)
{
  GstElement *source = stage_get (stage, name);
  GstFlowReturn ret;

  GST_BUFFER_PTS (buffer) = ms * GST_MSECOND;
  g_signal_emit_by_name (source, "push-buffer", buffer, &ret);
  g_assert_cmpint (ret, ==, GST_FLOW_OK);
  gst_buffer_unref (buffer);
  gst_object_unref (source);
}

static void
push_end (Stage *stage, const gchar *name)
{
  GstElement *source = stage_get (stage, name);
  GstFlowReturn ret;

  g_signal_emit_by_name (source, "end-of-stream", &ret);
  g_assert_cmpint (ret, ==, GST_FLOW_OK);
  gst_object_unref (source);
}

/* All of @sound into the appsrc named `voice`, from @offset ms on. */
static void
speak (Stage *stage, const Sound *sound, guint offset)
{
  for (guint ms = 0; ms < sound->length; ms += PIECE_MS)
    push (stage, "voice", make_piece (sound, ms, RATE, 1), offset + ms);
}

/* -- stages ---------------------------------------------------------------- */

static void
keep (GstElement *sink, GstBuffer *buffer, GstPad *pad, GPtrArray *buffers)
{
  g_ptr_array_add (buffers, gst_buffer_ref (buffer));
}

/* The buffers that come to a fakesink. To be read when its stream has ended. */
static GPtrArray *
listen_to (Stage *stage, const gchar *name)
{
  GPtrArray *buffers = g_ptr_array_new_with_free_func (
      (GDestroyNotify) gst_buffer_unref);
  GstElement *element = stage_get (stage, name);

  g_object_set (element, "signal-handoffs", TRUE, NULL);
  g_signal_connect (element, "handoff", G_CALLBACK (keep), buffers);
  gst_object_unref (element);
  return buffers;
}

#define VOICE                                                                  \
  "appsrc name=voice format=time caps=audio/x-raw,format=S16LE,rate=24000,"    \
  "channels=1,layout=interleaved"
#define SINK "fakesink async=false sync=false"

/* -- what came out --------------------------------------------------------- */

static Span *
nth (GArray *spans, guint i)
{
  g_assert_cmpuint (i, <, spans->len);
  return &g_array_index (spans, Span, i);
}

static GstClockTime
end_of (GstBuffer *buffer)
{
  return GST_BUFFER_PTS (buffer) + GST_BUFFER_DURATION (buffer);
}

static void
note_loud (GArray *bursts, GstClockTime at)
{
  Span burst = { at, at };

  if (bursts->len > 0
      && at < nth (bursts, bursts->len - 1)->end + PAUSE_MS * GST_MSECOND)
    nth (bursts, bursts->len - 1)->end = at;
  else
    g_array_append_val (bursts, burst);
}

/* The bursts of sound in mono samples of RATE. */
static GArray *
find_bursts (GPtrArray *buffers)
{
  GArray *bursts = g_array_new (FALSE, FALSE, sizeof (Span));

  for (guint i = 0; i < buffers->len; i++) {
    GstBuffer *buffer = g_ptr_array_index (buffers, i);
    GstMapInfo map;

    g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
    for (gsize at = 0; at < map.size / 2; at++)
      if (ABS (GINT16_FROM_LE (((gint16 *) map.data)[at])) > LOUD)
        note_loud (bursts,
            GST_BUFFER_PTS (buffer)
                + gst_util_uint64_scale (at, GST_SECOND, RATE));
    gst_buffer_unmap (buffer, &map);
  }
  return bursts;
}

static gboolean
is_white (GstBuffer *frame)
{
  guint8 pixel;

  g_assert_cmpuint (gst_buffer_extract (frame, 0, &pixel, 1), ==, 1);
  return pixel > 128;
}

/* Where the picture, in grey, is white. */
static GArray *
find_flashes (GPtrArray *frames)
{
  GArray *flashes = g_array_new (FALSE, FALSE, sizeof (Span));
  gboolean was_white = FALSE;

  for (guint i = 0; i < frames->len; i++) {
    GstBuffer *frame = g_ptr_array_index (frames, i);
    Span flash = { GST_BUFFER_PTS (frame), GST_BUFFER_PTS (frame) };

    if (is_white (frame) && !was_white)
      g_array_append_val (flashes, flash);
    was_white = is_white (frame);
  }
  return flashes;
}

/* @time is @expected, or later by @more at most; both ways by a period. */
static void
assert_at (GstClockTime time, GstClockTime expected, GstClockTime more)
{
  if (time + PERIOD < expected || time > expected + more + PERIOD)
    g_error ("at %" GST_TIME_FORMAT ", expected at %" GST_TIME_FORMAT
             " and at most %u ms later",
        GST_TIME_ARGS (time), GST_TIME_ARGS (expected),
        (guint) (more / GST_MSECOND));
}

/* One buffer is right behind the other. */
static void
check_contiguous (GPtrArray *buffers)
{
  g_assert_cmpuint (buffers->len, >, 0);
  for (guint i = 1; i < buffers->len; i++)
    g_assert_cmpuint (GST_BUFFER_PTS (g_ptr_array_index (buffers, i)), ==,
        end_of (g_ptr_array_index (buffers, i - 1)));
}

static gchar *
text_of (GstBuffer *buffer)
{
  gsize size = gst_buffer_get_size (buffer);
  gchar *text = g_malloc0 (size + 1);

  gst_buffer_extract (buffer, 0, text, size);
  return g_strstrip (text);
}

/* The captions are @texts, NULL-terminated, and none lasts into another. */
static void
check_captions (GPtrArray *captions, const gchar *const *texts)
{
  g_assert_cmpuint (captions->len, ==, g_strv_length ((gchar **) texts));
  for (guint i = 0; i < captions->len; i++) {
    GstBuffer *caption = g_ptr_array_index (captions, i);
    g_autofree gchar *text = text_of (caption);

    g_assert_cmpstr (text, ==, texts[i]);
    g_assert_true (GST_BUFFER_PTS_IS_VALID (caption));
    g_assert_true (GST_BUFFER_DURATION_IS_VALID (caption));
    g_assert_cmpuint (GST_BUFFER_DURATION (caption), >, 0);
    if (i > 0)
      g_assert_cmpuint (end_of (g_ptr_array_index (captions, i - 1)), <=,
          GST_BUFFER_PTS (caption) + ROUNDING);
  }
}

static GstClockTime
pts_of (GPtrArray *buffers, guint i)
{
  g_assert_cmpuint (i, <, buffers->len);
  return GST_BUFFER_PTS (g_ptr_array_index (buffers, i));
}

/* -- a film ---------------------------------------------------------------- */

#define FRAME_MS 40
#define WIDTH 64
#define HEIGHT 48

static const Sound film_sound = { 4000, 600, 3, { 600, 1800, 3000 } };
/* Of the second caption, after the beginning of the first mark's translation:
 * where it is in its text, and so in its tone. */
#define SECOND (500 * 8 / 14 * GST_MSECOND)

static const gchar *const film_captions[] = { "Uno uno.", "Más.", "Dos.",
  "Tres.", NULL };
/* The server works in pieces of 2 s, so that results come at all times that the
 * latency allows. */
static const gchar film_script[] =
    "{\"turns\":["
    "{\"translate\":{\"text\":{\"es\":\"Uno uno. Más.\"},\"tone_ms\":500}},"
    "{\"translate\":{\"text\":{\"es\":\"Dos.\"},\"tone_ms\":400}},"
    "{\"translate\":{\"text\":{\"es\":\"Tres.\"},\"tone_ms\":300}}],"
    "\"translation\":{\"lag_ms\":200,\"burst_ms\":2000}}";

static GstBuffer *
make_frame (gboolean white)
{
  GstBuffer *frame = gst_buffer_new_allocate (NULL, WIDTH * HEIGHT, NULL);

  gst_buffer_memset (frame, 0, white ? 235 : 16, WIDTH * HEIGHT);
  GST_BUFFER_DURATION (frame) = FRAME_MS * GST_MSECOND;
  return frame;
}

/* A film whose picture is white while its sound is loud. */
static void
make_film (const gchar *directory)
{
  g_autoptr (Stage) stage = stage_new (
      "matroskamux name=mux ! filesink location=%s/film.mkv "
      "appsrc name=picture format=time caps=video/x-raw,format=GRAY8,"
      "width=64,height=48,framerate=25/1 ! jpegenc ! queue ! mux.video_0 "
      "appsrc name=voice format=time caps=audio/x-raw,format=S16LE,rate=48000,"
      "channels=2,layout=interleaved ! queue ! mux.audio_0",
      directory);

  stage_play (stage);
  for (guint ms = 0; ms < film_sound.length; ms += FRAME_MS)
    push (stage, "picture", make_frame (is_loud_at (&film_sound, ms)), ms);
  for (guint ms = 0; ms < film_sound.length; ms += PIECE_MS)
    push (stage, "voice", make_piece (&film_sound, ms, 48000, 2), ms);
  push_end (stage, "picture");
  push_end (stage, "voice");
  stage_wait_eos (stage);
}

/* As a user would. */
static void
dub_film (const gchar *directory, Sandbox *sandbox)
{
  g_autoptr (Stage) stage = stage_new (
      "matroskamux name=mux ! filesink location=%s/dubbed.mkv "
      "uridecodebin uri=file://%s/film.mkv name=film "
      "film. ! queue max-size-time=6000000000 max-size-bytes=0 "
      "max-size-buffers=0 ! videoconvert ! vp8enc deadline=1 ! mux. "
      "film. ! audioconvert ! audioresample ! realtime2 name=ai uri=%s "
      "model=gpt-realtime-translate language=es "
      "ai.src ! queue ! audioconvert ! vorbisenc ! mux. "
      "ai.text_src_0 ! text/x-raw,format=utf8 ! queue ! mux.",
      directory, directory, sandbox_get_uri (sandbox));

  stage_play (stage);
  stage_wait_eos (stage);
  stage_expect_no_error (stage);
  g_assert_cmpuint (
      stage_count_element (stage, "realtime2/excessive-delay"), ==, 0);
}

/* Picture, sound and captions begin and end together. */
static void
check_ends (GPtrArray *frames, GPtrArray *sound, GPtrArray *captions)
{
  GstClockTime film_end = film_sound.length * GST_MSECOND;
  GstClockTime sound_end = end_of (g_ptr_array_index (sound, sound->len - 1));

  g_assert_cmpuint (pts_of (frames, 0), <=, PERIOD);
  g_assert_cmpuint (pts_of (sound, 0), <=, PERIOD);
  g_assert_cmpuint (frames->len, ==, film_sound.length / FRAME_MS);
  g_assert_cmpuint (pts_of (frames, frames->len - 1), >=,
      film_end - FRAME_MS * GST_MSECOND - ROUNDING);
  g_assert_cmpuint (sound_end + GST_SECOND, >=, film_end);
  g_assert_cmpuint (sound_end, <=, film_end + GST_SECOND);
  g_assert_cmpuint (end_of (g_ptr_array_index (captions, captions->len - 1)),
      <=, film_end + GST_SECOND);
}

static void
check_dubbed (const gchar *directory)
{
  g_autoptr (Stage) stage = stage_new (
      "filesrc location=%s/dubbed.mkv ! matroskademux name=d "
      "d.video_0 ! queue ! vp8dec ! videoconvert ! video/x-raw,format=GRAY8 ! " SINK
      " name=picture "
      "d.audio_0 ! queue ! vorbisdec ! audioconvert ! "
      "audio/x-raw,format=S16LE,rate=24000,channels=1 ! " SINK " name=sound "
      "d.subtitle_0 ! queue ! " SINK " name=captions",
      directory);
  g_autoptr (GPtrArray) frames = listen_to (stage, "picture");
  g_autoptr (GPtrArray) sound = listen_to (stage, "sound");
  g_autoptr (GPtrArray) captions = listen_to (stage, "captions");
  g_autoptr (GArray) flashes = NULL;
  g_autoptr (GArray) bursts = NULL;

  stage_play (stage);
  stage_wait_eos (stage);
  flashes = find_flashes (frames);
  bursts = find_bursts (sound);
  g_assert_cmpuint (flashes->len, ==, film_sound.n_marks);
  g_assert_cmpuint (bursts->len, ==, film_sound.n_marks);
  check_captions (captions, film_captions);
  for (guint i = 0; i < film_sound.n_marks; i++) {
    GstClockTime said = nth (flashes, i)->start + LAG;

    assert_at (nth (flashes, i)->start, film_sound.marks[i] * GST_MSECOND, 0);
    assert_at (nth (bursts, i)->start, said, 0);
    assert_at (nth (bursts, i)->end, said + (500 - 100 * i) * GST_MSECOND, 0);
    if (i == 0)
      assert_at (pts_of (captions, 1), said + SECOND, MODEL_FRAME);
    assert_at (pts_of (captions, i == 0 ? 0 : i + 1), said, MODEL_FRAME);
  }
  check_ends (frames, sound, captions);
}

static void
test_film (void)
{
  Sandbox *sandbox = stage_start_sandbox (
      &(SandboxOptions){ .script_json = film_script });
  gchar *directory = stage_make_directory ();

  make_film (directory);
  dub_film (directory, sandbox);
  check_dubbed (directory);
  stage_remove_directory (directory);
  sandbox_stop_thread (sandbox);
}

/* -- transcription --------------------------------------------------------- */

/* How far from the speech its captions may be, and how many ms before it the
 * server says that it began. */
typedef struct {
  const gchar *model;
  guint padding;
  GstClockTime tolerance;
} Model;

static const Model models[] = {
  /* Hears words as they come; the pauses are found in their level. */
  { "gpt-live-transcribe", 0, PERIOD },
  /* Hears turns; the server tells where they are. */
  { "gpt-4o-transcribe", 100, 0 },
};

static const Sound letter = { 2600, 400, 2, { 400, 1600 } };
static const gchar *const letter_captions[] = { "My dear friend.", "I am well.",
  NULL };
static const gchar letter_script[] =
    "{\"turns\":[{\"hear\":\"My dear friend.\",\"word_ms\":100},"
    "{\"hear\":\"I am well.\",\"word_ms\":100}]}";

typedef struct {
  const Model *model;
  Sandbox *sandbox;
  Stage *stage;
  GPtrArray *captions, *sound;
} Scribe;

static void
scribe_init (Scribe *scribe, const Model *model)
{
  scribe->model = model;
  scribe->sandbox = stage_start_sandbox (
      &(SandboxOptions){ .script_json = letter_script });
  scribe->stage = stage_new (VOICE
      " ! realtime2 name=ai uri=%s model=%s latency=2000000000 "
      "vad-prefix-padding=100000000 text_src_0::roles=user "
      "ai.src ! " SINK " name=sound "
      "ai.text_src_0 ! text/x-raw,format=utf8 ! " SINK " name=captions",
      sandbox_get_uri (scribe->sandbox), model->model);
  scribe->captions = listen_to (scribe->stage, "captions");
  scribe->sound = listen_to (scribe->stage, "sound");
}

static void
scribe_clear (Scribe *scribe)
{
  stage_free (scribe->stage);
  g_ptr_array_unref (scribe->captions);
  g_ptr_array_unref (scribe->sound);
  sandbox_stop_thread (scribe->sandbox);
}

static void
check_scribe (Scribe *scribe)
{
  const Model *model = scribe->model;

  g_test_message ("%s", model->model);
  stage_expect_no_error (scribe->stage);
  check_captions (scribe->captions, letter_captions);
  for (guint i = 0; i < letter.n_marks; i++) {
    GstClockTime mark = (letter.marks[i] - model->padding) * GST_MSECOND;

    assert_at (pts_of (scribe->captions, i), mark - model->tolerance,
        2 * model->tolerance);
    g_assert_cmpuint (end_of (g_ptr_array_index (scribe->captions, i)), <=,
        letter.length * GST_MSECOND + GST_SECOND);
  }
  /* Silence, on the same delayed timeline, from the first instant. */
  check_contiguous (scribe->sound);
  g_assert_cmpuint (pts_of (scribe->sound, 0), ==, 0);
}

static void
test_transcription (void)
{
  Scribe scribes[G_N_ELEMENTS (models)];

  for (guint i = 0; i < G_N_ELEMENTS (models); i++) {
    scribe_init (&scribes[i], &models[i]);
    stage_play (scribes[i].stage);
    speak (scribes[i].stage, &letter, 0);
    push_end (scribes[i].stage, "voice");
  }
  for (guint i = 0; i < G_N_ELEMENTS (models); i++) {
    stage_wait_eos (scribes[i].stage);
    check_scribe (&scribes[i]);
    scribe_clear (&scribes[i]);
  }
}

/* -- late results ---------------------------------------------------------- */

/* What the server works on at once; it is late by as much. */
#define WORK (1400 * GST_MSECOND)
#define LATENCY (100 * GST_MSECOND)
#define SLACK (400 * GST_MSECOND)
#define TICK (100 * GST_MSECOND)

/* Two bursts in the first piece of work and one in the second. */
static const Sound hurry = { 2800, 240, 3, { 200, 900, 1800 } };
static const gchar *const hurry_captions[] = { "Uno.", "Dos.", "Tres.", NULL };
static const gchar hurry_script[] =
    "{\"turns\":["
    "{\"translate\":{\"text\":{\"es\":\"Uno.\"},\"tone_ms\":300}},"
    "{\"translate\":{\"text\":{\"es\":\"Dos.\"},\"tone_ms\":300}},"
    "{\"translate\":{\"text\":{\"es\":\"Tres.\"},\"tone_ms\":300}}],"
    "\"translation\":{\"lag_ms\":200,\"burst_ms\":1400}}";

/* The bus tells of each delay that is longer than all before. */
static void
check_reports (Stage *stage)
{
  guint64 latency, delay = 0, last = 0, max;
  guint n = 0;

  stage_collect (stage);
  g_object_get (stage->ai, "max-observed-delay", &max, NULL);
  for (guint i = 0; i < stage->messages->len; i++) {
    GstMessage *message = g_ptr_array_index (stage->messages, i);

    if (!gst_message_has_name (message, "realtime2/excessive-delay"))
      continue;
    n++;
    g_assert_true (
        gst_structure_get (gst_message_get_structure (message), "delay",
            G_TYPE_UINT64, &delay, "latency", G_TYPE_UINT64, &latency, NULL));
    g_assert_cmpuint (latency, ==, LATENCY);
    g_assert_cmpuint (delay, >, MAX (latency, last));
    last = delay;
  }
  g_assert_cmpuint (n, >, 0);
  g_assert_cmpuint (max, ==, last);
  g_assert_cmpuint (max + PERIOD, >=, WORK);
  g_assert_cmpuint (max, <=, WORK + SLACK);
}

/* A pause that is shortened keeps so much. */
#define SHORT_PAUSE (100 * GST_MSECOND)

/* The words are all there and whole, none before its time or before it was
 * known, none later than the work made it. Late ones catch up in the pauses, of
 * which something stays. */
static void
check_late_sound (GPtrArray *sound)
{
  g_autoptr (GArray) bursts = find_bursts (sound);

  check_contiguous (sound);
  g_assert_cmpuint (bursts->len, ==, hurry.n_marks);
  for (guint i = 0; i < hurry.n_marks; i++) {
    GstClockTime due = hurry.marks[i] * GST_MSECOND + LAG;
    GstClockTime known = (i < 2 ? 1 : 2) * WORK - LATENCY;
    GstClockTime first = MAX (due, known);

    assert_at (nth (bursts, i)->start, first,
        due + WORK - LATENCY + SLACK - MIN (first, due + WORK - LATENCY));
    assert_at (
        nth (bursts, i)->end, nth (bursts, i)->start + 300 * GST_MSECOND, 0);
    if (i > 0)
      g_assert_cmpuint (nth (bursts, i)->start + PERIOD, >=,
          nth (bursts, i - 1)->end + SHORT_PAUSE);
  }
}

/* None is much before it could be known: a text pad tells every TICK that
 * there is nothing until now. */
static void
check_late_captions (GPtrArray *captions)
{
  check_captions (captions, hurry_captions);
  assert_at (pts_of (captions, 0), WORK - LATENCY - TICK, TICK + SLACK);
  g_assert_cmpuint (pts_of (captions, 1), >, pts_of (captions, 0));
  assert_at (pts_of (captions, 2), 2 * WORK - LATENCY - TICK, TICK + SLACK);
}

static void
test_late (void)
{
  Sandbox *sandbox = stage_start_sandbox (
      &(SandboxOptions){ .script_json = hurry_script });
  g_autoptr (Stage) stage = stage_new (VOICE
      " ! realtime2 name=ai uri=%s model=gpt-realtime-translate language=es "
      "latency=100000000 ai.src ! " SINK " name=sound "
      "ai.text_src_0 ! text/x-raw,format=utf8 ! " SINK " name=captions",
      sandbox_get_uri (sandbox));
  g_autoptr (GPtrArray) sound = listen_to (stage, "sound");
  g_autoptr (GPtrArray) captions = listen_to (stage, "captions");

  stage_play (stage);
  speak (stage, &hurry, 0);
  push_end (stage, "voice");
  stage_wait_eos (stage);
  stage_expect_no_error (stage);
  check_reports (stage);
  check_late_sound (sound);
  check_late_captions (captions);
  sandbox_stop_thread (sandbox);
}

/* -- languages ------------------------------------------------------------- */

/* The last is that of the second sentence. */
static const gchar *const languages[] = { "pt", "fr", "ja", "ru", "zh", "ko",
  "hi", "id", "vi", "it", "en", "es", "de" };

static const Sound sentence = { 1000, 300, 1, { 200 } };
/* ms. The input does not begin when its clock does. */
static const guint sentence_offsets[] = { 600, 1600 };
static const gchar *const sentence_captions[] = { "Uno.", "Zwei.", NULL };
static const gchar sentence_script[] =
    "{\"turns\":["
    "{\"translate\":{\"text\":{\"es\":\"Uno.\",\"de\":\"Eins.\"},"
    "\"tone_ms\":300}},"
    "{\"translate\":{\"text\":{\"es\":\"Dos.\",\"de\":\"Zwei.\"},"
    "\"tone_ms\":300}}],\"translation\":{\"lag_ms\":200}}";

/* Each switch is one session.update, which the server accepts. */
static void
switch_languages (Stage *stage, Sandbox *sandbox)
{
  guint64 before = sandbox_count_received (sandbox, "session.update");

  for (guint i = 0; i < G_N_ELEMENTS (languages); i++) {
    g_autofree gchar *wanted = g_strdup_printf (
        "\"language\":\"%s\"", languages[i]);
    g_autoptr (GPtrArray) updates = NULL;
    const SandboxRecord *last;

    g_object_set (stage->ai, "language", languages[i], NULL);
    g_assert_true (sandbox_wait_sent (sandbox, "session.updated",
        before + i + 1, STAGE_PATIENCE / GST_MSECOND));
    updates = sandbox_dup_received (sandbox, "session.update");
    g_assert_cmpuint (updates->len, ==, before + i + 1);
    last = g_ptr_array_index (updates, updates->len - 1);
    g_assert_nonnull (strstr (last->json, wanted));
  }
}

static void
check_languages (Sandbox *sandbox)
{
  g_autoptr (GPtrArray) errors = sandbox_dup_errors (sandbox);

  g_assert_cmpuint (errors->len, ==, 0);
  g_assert_cmpuint (sandbox_count_connections (sandbox), ==, 1);
  g_assert_cmpuint (sandbox_count_received (sandbox, "session.update"), ==,
      1 + G_N_ELEMENTS (languages));
}

static void
check_sentences (GPtrArray *sound, GPtrArray *captions)
{
  g_autoptr (GArray) bursts = find_bursts (sound);

  check_contiguous (sound);
  check_captions (captions, sentence_captions);
  g_assert_cmpuint (bursts->len, ==, G_N_ELEMENTS (sentence_offsets));
  for (guint i = 0; i < G_N_ELEMENTS (sentence_offsets); i++) {
    GstClockTime said = LAG
        + (sentence_offsets[i] + sentence.marks[0]) * GST_MSECOND;

    assert_at (nth (bursts, i)->start, said, 0);
    assert_at (pts_of (captions, i), said, MODEL_FRAME);
  }
}

static void
test_languages (void)
{
  Sandbox *sandbox = stage_start_sandbox (
      &(SandboxOptions){ .script_json = sentence_script });
  g_autoptr (Stage) stage = stage_new (VOICE
      " ! realtime2 name=ai uri=%s model=gpt-realtime-translate language=es "
      "latency=1000000000 ai.src ! " SINK " name=sound "
      "ai.text_src_0 ! text/x-raw,format=utf8 ! " SINK " name=captions",
      sandbox_get_uri (sandbox));
  g_autoptr (GPtrArray) sound = listen_to (stage, "sound");
  g_autoptr (GPtrArray) captions = listen_to (stage, "captions");

  stage_play (stage);
  speak (stage, &sentence, sentence_offsets[0]);
  g_assert_true (sandbox_wait_sent (sandbox, "session.output_transcript.delta",
      1, STAGE_PATIENCE / GST_MSECOND));
  switch_languages (stage, sandbox);
  speak (stage, &sentence, sentence_offsets[1]);
  push_end (stage, "voice");
  stage_wait_eos (stage);
  stage_expect_no_error (stage);
  check_languages (sandbox);
  check_sentences (sound, captions);
  sandbox_stop_thread (sandbox);
}

/* -- live ------------------------------------------------------------------ */

#define LIVE_LATENCY GST_SECOND
#define LIVE_MARKS 2

static const gchar live_script[] =
    "{\"turns\":["
    "{\"translate\":{\"text\":{\"es\":\"Uno.\"},\"tone_ms\":300}},"
    "{\"translate\":{\"text\":{\"es\":\"Dos.\"},\"tone_ms\":300}}],"
    "\"translation\":{\"lag_ms\":200}}";

/* A sink that waits for the clock, and how long after its due time each buffer
 * is shown. Filled by its streaming thread. */
typedef struct {
  GstElement *sink;
  gboolean early; /* one was shown before its time */
  Figures lateness;
} Screen;

static void
on_shown (GstElement *sink, GstBuffer *buffer, GstPad *pad, Screen *screen)
{
  GstClockTime due = GST_BUFFER_PTS (buffer)
      + gst_base_sink_get_latency (GST_BASE_SINK (sink));
  GstClockTime now = gst_element_get_current_running_time (sink);

  screen->early |= now < due;
  figures_add (
      &screen->lateness, (gdouble) GST_CLOCK_DIFF (due, now) / GST_MSECOND);
}

static void
screen_init (Screen *screen, Stage *stage, const gchar *name)
{
  screen->sink = stage_get (stage, name);
  screen->early = FALSE;
  figures_init (&screen->lateness);
  g_object_set (screen->sink, "signal-handoffs", TRUE, NULL);
  g_signal_connect (screen->sink, "handoff", G_CALLBACK (on_shown), screen);
}

static void
screen_clear (Screen *screen)
{
  figures_clear (&screen->lateness);
  gst_object_unref (screen->sink);
}

/* The sink showed @n buffers or more at their input's time + latency. */
static void
check_screen (Screen *screen, const gchar *name, guint n)
{
  GstClockTime latency = gst_base_sink_get_latency (
      GST_BASE_SINK (screen->sink));

  figures_print (&screen->lateness, name);
  g_assert_cmpuint (latency, >=, LIVE_LATENCY);
  g_assert_cmpuint (latency, <=, LIVE_LATENCY + 5 * PERIOD);
  g_assert_cmpuint (screen->lateness.values->len, >=, n);
  g_assert_false (screen->early);
  g_assert_cmpfloat (figures_percentile (&screen->lateness, 50), <=,
      3.0 * PERIOD / GST_MSECOND);
}

static void
keep_passing (GstElement *identity, GstBuffer *buffer, GPtrArray *buffers)
{
  g_ptr_array_add (buffers, gst_buffer_ref (buffer));
}

static GPtrArray *
listen_in (Stage *stage, const gchar *name)
{
  GPtrArray *buffers = g_ptr_array_new_with_free_func (
      (GDestroyNotify) gst_buffer_unref);
  GstElement *identity = stage_get (stage, name);

  g_signal_connect (identity, "handoff", G_CALLBACK (keep_passing), buffers);
  gst_object_unref (identity);
  return buffers;
}

static void
check_live_marks (GPtrArray *voice, GPtrArray *sound)
{
  g_autoptr (GArray) said = find_bursts (voice);
  g_autoptr (GArray) dubbed = find_bursts (sound);

  g_assert_cmpuint (said->len, ==, LIVE_MARKS);
  g_assert_cmpuint (dubbed->len, ==, LIVE_MARKS);
  check_contiguous (sound);
  for (guint i = 0; i < LIVE_MARKS; i++)
    assert_at (nth (dubbed, i)->start, nth (said, i)->start + LAG, 0);
}

static void
test_live (void)
{
  static const gchar *const names[] = { "sound", "picture", "captions" };
  static const guint wanted[] = { 120, 60, LIVE_MARKS };
  Sandbox *sandbox = stage_start_sandbox (
      &(SandboxOptions){ .script_json = live_script });
  g_autoptr (Stage) stage = stage_new (
      "audiotestsrc is-live=true wave=ticks tick-interval=1400000000 freq=440 "
      "sine-periods-per-tick=150 samplesperbuffer=480 num-buffers=120 ! "
      "audio/x-raw,format=S16LE,rate=24000,channels=1 ! "
      "identity name=voice silent=true ! realtime2 name=ai uri=%s "
      "model=gpt-realtime-translate language=es latency=1000000000 "
      "ai.src ! fakesink name=sound sync=true "
      "ai.text_src_0 ! text/x-raw,format=utf8 ! "
      "fakesink name=captions sync=true "
      "videotestsrc is-live=true num-buffers=60 ! "
      "video/x-raw,width=16,height=16,framerate=25/1 ! "
      "queue max-size-time=3000000000 max-size-bytes=0 max-size-buffers=0 ! "
      "fakesink name=picture sync=true",
      sandbox_get_uri (sandbox));
  g_autoptr (GPtrArray) voice = listen_in (stage, "voice");
  g_autoptr (GPtrArray) sound = listen_to (stage, "sound");
  Screen screens[G_N_ELEMENTS (names)];

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    screen_init (&screens[i], stage, names[i]);
  stage_play (stage);
  stage_wait_eos (stage);
  stage_expect_no_error (stage);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    check_screen (&screens[i], names[i], wanted[i]);
    screen_clear (&screens[i]);
  }
  check_live_marks (voice, sound);
  sandbox_stop_thread (sandbox);
}

int
main (int argc, char *argv[])
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dub/film", test_film);
  g_test_add_func ("/dub/transcription", test_transcription);
  g_test_add_func ("/dub/late", test_late);
  g_test_add_func ("/dub/languages", test_languages);
  g_test_add_func ("/dub/live", test_live);
  return g_test_run ();
}
