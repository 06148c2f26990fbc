/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Captions where users want them: in WebVTT and SubRip files, in the picture,
 * and in a film beside sound and picture. Each is made by a pipeline of its
 * own, all at once, of a voice whose sentences are apart; each is read back and
 * compared with where the voice begins its sentences.
 */
#include <gst/gst.h>
#include <stdlib.h>
#include <string.h>

#include "figures.h"
#include "sandbox.h"
#include "stage.h"

#define RATE 24000
#define FRAME (100 * GST_MSECOND)
/* By how much a caption may be away from its sentence. */
#define MEDIAN 250
#define MOST 600
/* Frames of 10 ms: louder is speech, and less than so many of quiet are a pause
 * within a sentence. */
#define LOUD 400
#define QUIET_FRAMES 25
/* Files hold times in whole ms, some of them in two parts. */
#define ROUNDING (2 * GST_MSECOND)

static const gchar *const sentences[] = {
  "Look at this picture.",
  "The lighthouse stands on the northern cliff.",
  "Ships have passed it for two hundred years.",
  "Nobody lives there any more.",
  "You can visit it in summer.",
};
static const gchar script[] = "{\"turns\":[{\"say\":[{\"text\":\""
                              "Look at this picture. "
                              "The lighthouse stands on the northern cliff. "
                              "Ships have passed it for two hundred years. "
                              "Nobody lives there any more. "
                              "You can visit it in summer.\"}]}]}";

#define N G_N_ELEMENTS (sentences)

/* Where something begins and ends. */
typedef struct {
  GstClockTime start, end;
  gchar *text;
} Cue;

/* -- stages ---------------------------------------------------------------- */

/* Half a second of what is answered with the talk. */
#define INPUT                                                                  \
  "audiotestsrc is-live=true wave=silence num-buffers=25 "                     \
  "samplesperbuffer=480 ! audio/x-raw,format=S16LE,rate=24000,channels=1 ! "   \
  "realtime2 name=ai uri=%s turn-detection=none "
#define SINK "fakesink async=false sync=false"
#define SOUND "! queue ! " SINK " name=sound "
#define TEXT "ai.text_src_0 ! text/x-raw,format=utf8 ! "
/* Longer than the talk. */
#define PICTURE                                                                \
  "videotestsrc is-live=true pattern=black num-buffers=160 ! "                 \
  "video/x-raw,format=I420,width=320,height=180,framerate=10/1 ! "

typedef struct {
  const gchar *name;
  const gchar *line; /* DIR is the directory of files */
  GPtrArray *(*read) (const gchar *directory, Stage *stage);
  Stage *stage;
  GPtrArray *sound;    /* GstBuffer, of src */
  GPtrArray *texts;    /* GstBuffer, of text_src_0 */
  GPtrArray *pictures; /* GstBuffer */
} Maker;

static void
keep (GstElement *sink, GstBuffer *buffer, GstPad *pad, GPtrArray *buffers)
{
  g_ptr_array_add (buffers, gst_buffer_ref (buffer));
}

static GPtrArray *
new_buffers (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) gst_buffer_unref);
}

/* The buffers that come to a fakesink, to be read when its stream has ended. */
static GPtrArray *
listen_to (Stage *stage, const gchar *name)
{
  GstElement *sink = gst_bin_get_by_name (GST_BIN (stage->pipeline), name);
  GPtrArray *buffers = new_buffers ();

  if (!sink)
    return buffers;
  g_object_set (sink, "signal-handoffs", TRUE, NULL);
  g_signal_connect (sink, "handoff", G_CALLBACK (keep), buffers);
  gst_object_unref (sink);
  return buffers;
}

static GstPadProbeReturn
on_text (GstPad *pad, GstPadProbeInfo *info, gpointer texts)
{
  g_ptr_array_add (texts, gst_buffer_ref (GST_PAD_PROBE_INFO_BUFFER (info)));
  return GST_PAD_PROBE_OK;
}

static void
maker_start (Maker *maker, Sandbox *sandbox, const gchar *directory)
{
  g_auto (GStrv) parts = g_strsplit (maker->line, "DIR", -1);
  g_autofree gchar *output = g_strjoinv (directory, parts);
  GstPad *pad;

  maker->stage = stage_new (INPUT "%s", sandbox_get_uri (sandbox), output);
  maker->sound = listen_to (maker->stage, "sound");
  maker->pictures = listen_to (maker->stage, "picture");
  maker->texts = new_buffers ();
  pad = stage_get_pad (maker->stage, "ai", "text_src_0");
  gst_pad_add_probe (
      pad, GST_PAD_PROBE_TYPE_BUFFER, on_text, maker->texts, NULL);
  gst_object_unref (pad);
  stage_play (maker->stage);
}

static void
maker_clear (Maker *maker)
{
  stage_free (maker->stage);
  g_ptr_array_unref (maker->sound);
  g_ptr_array_unref (maker->texts);
  g_ptr_array_unref (maker->pictures);
}

/* -- where sentences are in the sound -------------------------------------- */

static gboolean
is_loud (const gint16 *samples, gsize n)
{
  for (gsize i = 0; i < n; i++)
    if (ABS (GINT16_FROM_LE (samples[i])) > LOUD)
      return TRUE;
  return FALSE;
}

/* Where speech begins after a pause. */
static GArray *
find_onsets (GPtrArray *sound)
{
  GArray *onsets = g_array_new (FALSE, FALSE, sizeof (GstClockTime));
  guint quiet = QUIET_FRAMES;
  gsize step = RATE / 100;

  for (guint i = 0; i < sound->len; i++) {
    GstBuffer *buffer = g_ptr_array_index (sound, i);
    GstMapInfo map;

    g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
    for (gsize at = 0; at < map.size / 2; at += step) {
      GstClockTime time = GST_BUFFER_PTS (buffer)
          + gst_util_uint64_scale (at, GST_SECOND, RATE);
      gboolean loud = is_loud (
          (gint16 *) map.data + at, MIN (step, map.size / 2 - at));

      if (loud && quiet >= QUIET_FRAMES)
        g_array_append_val (onsets, time);
      quiet = loud ? 0 : quiet + 1;
    }
    gst_buffer_unmap (buffer, &map);
  }
  return onsets;
}

/* -- reading captions ------------------------------------------------------ */

static void
cue_free (Cue *cue)
{
  g_free (cue->text);
  g_free (cue);
}

static GPtrArray *
new_cues (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) cue_free);
}

static void
add_cue (
    GPtrArray *cues, GstClockTime start, GstClockTime end, const gchar *text)
{
  Cue *cue = g_new (Cue, 1);

  cue->start = start;
  cue->end = end;
  cue->text = g_strdup (text);
  g_ptr_array_add (cues, cue);
}

/* "01:02:03.456"; the hours may be missing, the mark may be a comma. */
static GstClockTime
parse_time (const gchar *text)
{
  g_auto (GStrv) parts = g_strsplit_set (text, ":.,", -1);
  guint n = g_strv_length (parts);
  guint64 seconds = 0;

  g_assert_cmpuint (n, >=, 3);
  for (guint i = 0; i + 1 < n; i++)
    seconds = seconds * 60 + g_ascii_strtoull (parts[i], NULL, 10);
  g_assert_cmpuint (strlen (parts[n - 1]), ==, 3);
  return seconds * GST_SECOND
      + g_ascii_strtoull (parts[n - 1], NULL, 10) * GST_MSECOND;
}

/* One block of a WebVTT or SubRip file. */
static void
parse_block (GPtrArray *cues, const gchar *block)
{
  const gchar *arrow = strstr (block, " --> "), *start = arrow, *end;
  g_autofree gchar *from = NULL, *to = NULL, *text = NULL;

  if (!arrow)
    return;
  while (start > block && start[-1] != '\n')
    start--;
  end = strchr (arrow, '\n');
  g_assert_nonnull (end);
  from = g_strndup (start, arrow - start);
  to = g_strndup (arrow + 5, end - arrow - 5);
  text = g_strstrip (g_strdup (end));
  add_cue (
      cues, parse_time (g_strstrip (from)), parse_time (g_strstrip (to)), text);
}

static GPtrArray *
read_blocks (const gchar *directory, const gchar *name, const gchar *head)
{
  g_autofree gchar *path = g_build_filename (directory, name, NULL);
  g_autofree gchar *content = NULL, *plain = NULL;
  g_auto (GStrv) blocks = NULL, lines = NULL;
  g_autoptr (GError) error = NULL;
  GPtrArray *cues = new_cues ();

  g_file_get_contents (path, &content, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_str_has_prefix (content, head));
  lines = g_strsplit (content, "\r", -1);
  plain = g_strjoinv ("", lines);
  blocks = g_strsplit (plain, "\n\n", -1);
  for (guint i = 0; blocks[i]; i++)
    parse_block (cues, blocks[i]);
  return cues;
}

static GPtrArray *
read_webvtt (const gchar *directory, Stage *stage)
{
  return read_blocks (directory, "talk.vtt", "WEBVTT");
}

static GPtrArray *
read_subrip (const gchar *directory, Stage *stage)
{
  return read_blocks (directory, "talk.srt", "1");
}

static GPtrArray *
cues_of_buffers (GPtrArray *buffers)
{
  GPtrArray *cues = new_cues ();

  for (guint i = 0; i < buffers->len; i++) {
    GstBuffer *buffer = g_ptr_array_index (buffers, i);
    gsize size = gst_buffer_get_size (buffer);
    g_autofree gchar *text = g_malloc0 (size + 1);

    g_assert_true (GST_BUFFER_PTS_IS_VALID (buffer));
    g_assert_true (GST_BUFFER_DURATION_IS_VALID (buffer));
    gst_buffer_extract (buffer, 0, text, size);
    add_cue (cues, GST_BUFFER_PTS (buffer),
        GST_BUFFER_PTS (buffer) + GST_BUFFER_DURATION (buffer),
        g_strstrip (text));
  }
  return cues;
}

/* -- what must be ---------------------------------------------------------- */

/* The sentences, each near where the voice begins it, none over another. */
static void
check_cues (GPtrArray *cues, GPtrArray *sound, const gchar *name)
{
  g_autoptr (GArray) onsets = find_onsets (sound);
  Figures figures;

  figures_init (&figures);
  g_assert_cmpuint (onsets->len, ==, N);
  g_assert_cmpuint (cues->len, ==, N);
  for (guint i = 0; i < N; i++) {
    const Cue *cue = g_ptr_array_index (cues, i);
    GstClockTime onset = g_array_index (onsets, GstClockTime, i);
    gdouble off = (gdouble) GST_CLOCK_DIFF (onset, cue->start) / GST_MSECOND;

    g_assert_cmpstr (cue->text, ==, sentences[i]);
    g_assert_cmpuint (cue->end, >, cue->start);
    if (i > 0)
      g_assert_cmpuint (((Cue *) g_ptr_array_index (cues, i - 1))->end, <=,
          cue->start + ROUNDING);
    figures_add (&figures, ABS (off));
  }
  figures_print (&figures, name);
  g_assert_cmpfloat (figures_percentile (&figures, 50), <, MEDIAN);
  g_assert_cmpfloat (figures_percentile (&figures, 100), <, MOST);
  figures_clear (&figures);
}

static void
check_maker (Maker *maker, const gchar *directory)
{
  g_autoptr (GPtrArray) sent = cues_of_buffers (maker->texts);
  g_autoptr (GPtrArray) cues = NULL;

  check_cues (sent, maker->sound, maker->name);
  if (!maker->read)
    return;
  cues = maker->read (directory, maker->stage);
  check_cues (cues, maker->sound, maker->name);
  for (guint i = 0; i < N; i++) {
    const Cue *a = g_ptr_array_index (sent, i);
    const Cue *b = g_ptr_array_index (cues, i);

    g_assert_cmpuint (ABS (GST_CLOCK_DIFF (a->start, b->start)), <=, ROUNDING);
    g_assert_cmpuint (ABS (GST_CLOCK_DIFF (a->end, b->end)), <=, ROUNDING);
  }
}

/* -- in the picture -------------------------------------------------------- */

/* Whether something bright is in rows @from to @to, of 180. */
static gboolean
is_lit (GstBuffer *frame, guint from, guint to)
{
  gboolean lit = FALSE;
  GstMapInfo map;

  g_assert_true (gst_buffer_map (frame, &map, GST_MAP_READ));
  g_assert_cmpuint (map.size, >=, 320 * 180);
  for (guint i = 320 * from; i < 320 * to && !lit; i++)
    lit = map.data[i] > 128;
  gst_buffer_unmap (frame, &map);
  return lit;
}

/* Whether a caption is shown at all times of a frame, or at none. */
static gboolean
is_within (GPtrArray *cues, GstClockTime time, gboolean *certain)
{
  *certain = TRUE;
  for (guint i = 0; i < cues->len; i++) {
    const Cue *cue = g_ptr_array_index (cues, i);

    if (time >= cue->start && time + FRAME <= cue->end)
      return TRUE;
    if (time + FRAME > cue->start && time < cue->end)
      *certain = FALSE;
  }
  return FALSE;
}

/* Writing is in the lower part of the picture while there is a caption, and
 * nowhere at all while there is none. */
static void
check_picture (Maker *maker)
{
  g_autoptr (GPtrArray) cues = cues_of_buffers (maker->texts);
  guint lit = 0, dark = 0;

  for (guint i = 0; i < maker->pictures->len; i++) {
    GstBuffer *frame = g_ptr_array_index (maker->pictures, i);
    gboolean certain;
    gboolean within = is_within (cues, GST_BUFFER_PTS (frame), &certain);

    g_assert_false (is_lit (frame, 0, 90));
    if (!certain)
      continue;
    g_assert_cmpint (is_lit (frame, 90, 180), ==, within);
    *(within ? &lit : &dark) += 1;
  }
  g_assert_cmpuint (lit, >, 30);
  g_assert_cmpuint (dark, >, 10);
}

/* -- in a film ------------------------------------------------------------- */

static void
check_film (const gchar *directory)
{
  g_autoptr (Stage)
      stage = stage_new ("filesrc location=%s/talk.mkv ! matroskademux name=d "
                         "d.video_0 ! queue ! " SINK " name=picture "
                         "d.audio_0 ! queue ! " SINK " name=sound "
                         "d.subtitle_0 ! queue ! " SINK " name=captions",
          directory);
  g_autoptr (GPtrArray) pictures = listen_to (stage, "picture");
  g_autoptr (GPtrArray) sound = listen_to (stage, "sound");
  g_autoptr (GPtrArray) captions = listen_to (stage, "captions");
  g_autoptr (GPtrArray) cues = NULL;

  stage_play (stage);
  stage_wait_eos (stage);
  cues = cues_of_buffers (captions);
  check_cues (cues, sound, "film, read back");
  g_assert_cmpuint (pictures->len, ==, 160);
}

/* -- all at once ----------------------------------------------------------- */

enum { WEBVTT, SUBRIP, OVERLAY, FILM, N_MAKERS };

static void
test_consumers (void)
{
  Maker makers[N_MAKERS] = {
    { "WebVTT", SOUND TEXT "webvttenc ! filesink location=DIR/talk.vtt",
        read_webvtt },
    { "SubRip", SOUND TEXT "srtenc ! filesink location=DIR/talk.srt",
        read_subrip },
    { "overlay",
        SOUND TEXT "queue ! overlay.text_sink " PICTURE
                   "textoverlay name=overlay font-desc=\"Sans 20\" ! " SINK
                   " name=picture",
        NULL },
    { "film",
        "! tee name=t t. " SOUND "t. ! queue ! mux. " TEXT
        "queue ! mux. " PICTURE "jpegenc ! queue ! mux. "
        "matroskamux name=mux ! filesink location=DIR/talk.mkv",
        NULL },
  };
  SandboxOptions options = { .script_json = script, .pace = 8 };
  Sandbox *sandbox = stage_start_sandbox (&options);
  gchar *directory = stage_make_directory ();

  for (guint i = 0; i < N_MAKERS; i++)
    maker_start (&makers[i], sandbox, directory);
  for (guint i = 0; i < N_MAKERS; i++) {
    stage_wait_eos (makers[i].stage);
    stage_expect_no_error (makers[i].stage);
    check_maker (&makers[i], directory);
  }
  check_picture (&makers[OVERLAY]);
  check_film (directory);
  for (guint i = 0; i < N_MAKERS; i++)
    maker_clear (&makers[i]);
  stage_remove_directory (directory);
  sandbox_stop_thread (sandbox);
}

int
main (int argc, char *argv[])
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/captions/consumers", test_consumers);
  return g_test_run ();
}
