/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A whole conversation through elements as users have them: a recorded voice
 * goes in from a file; the answer, the captions and a film with both come out
 * in files that are read back. Over ws:// and wss://, with the server's turn
 * detection and without.
 */
#include <gio/gio.h>
#include <gst/gst.h>
#include <string.h>

#include "audio.h"
#include "sandbox.h"
#include "stage.h"

#define VOICE "/usr/share/sounds/alsa/Front_Center.wav"
#define HEARD "Front, center."
#define FIRST "One moment."
#define SECOND "It came from the front. It came from the centre."
#define FIRST_MS 700
#define SECOND_MS 1900
#define RATE 24000
#define WAV_HEADER 44
#define PERIOD (20 * GST_MSECOND)
#define LATE (300 * GST_MSECOND)

static const gchar script[] =
    "{\"loop\":true,\"turns\":[{\"transcript_first\":true,\"delta_ms\":2000,"
    "\"hear\":\"" HEARD "\",\"say\":["
    "{\"text\":\"" FIRST "\",\"phase\":\"commentary\",\"tone_ms\":700},"
    "{\"text\":\"" SECOND "\",\"phase\":\"final_answer\",\"tone_ms\":1900}]}]}";

/* One conversation, and what was seen of it on its way to the files. */
typedef struct {
  gchar *directory;
  Stage *stage;
  GMutex lock;
  /* Under the lock, as all below. */
  guint64 bytes, breaks; /* of src */
  GstClockTime next;     /* PTS that must come */
  GstClockTime speech;   /* PTS of the first buffer of speech, or NONE */
  GPtrArray *captions;   /* GstBuffer, of text_src_0 */
  GPtrArray *texts;      /* likewise, of text_src_1: the clock may give the
                          * same words another instant */
} Talk;

/* -- on the way ---------------------------------------------------------------
 */

static GstPadProbeReturn
on_audio (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  Talk *talk = data;

  g_mutex_lock (&talk->lock);
  if (talk->bytes > 0 && GST_BUFFER_PTS (buffer) != talk->next)
    talk->breaks++;
  talk->next = GST_BUFFER_PTS (buffer) + GST_BUFFER_DURATION (buffer);
  if (!GST_CLOCK_TIME_IS_VALID (talk->speech)
      && !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_GAP))
    talk->speech = GST_BUFFER_PTS (buffer);
  talk->bytes += gst_buffer_get_size (buffer);
  g_mutex_unlock (&talk->lock);
  return GST_PAD_PROBE_OK;
}

static void
keep_text (Talk *talk, GPtrArray *texts, GstPadProbeInfo *info)
{
  g_mutex_lock (&talk->lock);
  g_ptr_array_add (texts, gst_buffer_ref (GST_PAD_PROBE_INFO_BUFFER (info)));
  g_mutex_unlock (&talk->lock);
}

static GstPadProbeReturn
on_caption (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  keep_text (data, ((Talk *) data)->captions, info);
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_text (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  keep_text (data, ((Talk *) data)->texts, info);
  return GST_PAD_PROBE_OK;
}

static void
add_probe (Talk *talk, const gchar *name, GstPadProbeCallback callback)
{
  GstPad *pad = stage_get_pad (talk->stage, "ai", name);

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, callback, talk, NULL);
  gst_object_unref (pad);
}

static Talk *
talk_new (Sandbox *sandbox, const gchar *properties)
{
  Talk *talk = g_new0 (Talk, 1);

  g_mutex_init (&talk->lock);
  talk->speech = GST_CLOCK_TIME_NONE;
  talk->captions = g_ptr_array_new_with_free_func (
      (GDestroyNotify) gst_buffer_unref);
  talk->texts = g_ptr_array_new_with_free_func (
      (GDestroyNotify) gst_buffer_unref);
  talk->directory = stage_make_directory ();
  talk->stage = stage_new (
      "filesrc location=" VOICE " ! wavparse ! audioconvert ! audioresample ! "
      "realtime2 name=ai uri=%s %s text_src_2::roles=user ! tee name=t "
      "t. ! queue ! wavenc ! filesink location=%s/answer.wav "
      "t. ! queue ! mux. "
      "ai.text_src_0 ! text/x-raw,format=utf8 ! webvttenc ! "
      "filesink location=%s/answer.vtt "
      "ai.text_src_1 ! text/x-raw,format=utf8 ! queue ! mux. "
      "ai.text_src_2 ! application/x-json ! filesink location=%s/user.json "
      "matroskamux name=mux ! filesink location=%s/answer.mkv",
      sandbox_get_uri (sandbox), properties, talk->directory, talk->directory,
      talk->directory, talk->directory);
  add_probe (talk, "src", on_audio);
  add_probe (talk, "text_src_0", on_caption);
  add_probe (talk, "text_src_1", on_text);
  return talk;
}

static void
talk_free (Talk *talk)
{
  stage_free (talk->stage);
  g_ptr_array_unref (talk->captions);
  g_ptr_array_unref (talk->texts);
  stage_remove_directory (talk->directory);
  g_mutex_clear (&talk->lock);
  g_free (talk);
}

/* -- what came out
 * -------------------------------------------------------------- */

static gchar *
read_file (Talk *talk, const gchar *name, gsize *size)
{
  g_autofree gchar *path = g_build_filename (talk->directory, name, NULL);
  g_autoptr (GError) error = NULL;
  gchar *content;

  g_file_get_contents (path, &content, size, &error);
  g_assert_no_error (error);
  return content;
}

/* Counts the samples of @tone that @samples hold, in order and with nothing but
 * silence around and between them. */
static gsize
match_tone (
    const gint16 *samples, gsize n, const gint16 *tone, gsize n_tone, gsize *at)
{
  gsize matched = 0;

  for (; *at < n && matched < n_tone; ++*at) {
    gint16 sample = GINT16_FROM_LE (samples[*at]);

    if (sample == tone[matched])
      matched++;
    else
      g_assert_cmpint (sample, ==, 0);
  }
  return matched;
}

/* Every sample of the answer is in the file, and no other. */
static void
check_tones (const gint16 *samples, gsize n)
{
  static const guint lengths[] = { FIRST_MS, SECOND_MS };
  gsize at = 0;

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++) {
    g_autoptr (GArray) tone = audio_tone (RATE, lengths[i]);

    g_assert_cmpuint (tone->len, ==, lengths[i] * (RATE / 1000));
    g_assert_cmpuint (
        match_tone (samples, n, (gint16 *) tone->data, tone->len, &at), ==,
        tone->len);
  }
  for (; at < n; at++)
    g_assert_cmpint (samples[at], ==, 0);
}

static void
check_wav (Talk *talk)
{
  gsize size;
  g_autofree gchar *wav = read_file (talk, "answer.wav", &size);
  guint32 data_size;

  g_assert_cmpuint (talk->breaks, ==, 0);
  g_assert_cmpuint (size, ==, WAV_HEADER + talk->bytes);
  g_assert_cmpint (memcmp (wav, "RIFF", 4), ==, 0);
  g_assert_cmpint (memcmp (wav + WAV_HEADER - 8, "data", 4), ==, 0);
  memcpy (&data_size, wav + WAV_HEADER - 4, sizeof data_size);
  g_assert_cmpuint (GUINT32_FROM_LE (data_size), ==, talk->bytes);
  g_assert_cmpuint (stage_stat (talk->stage, "underruns"), ==, 0);
  check_tones ((gint16 *) (wav + WAV_HEADER), (size - WAV_HEADER) / 2);
}

/* -- reading back
 * ----------------------------------------------------------------- */

static void
keep (GstElement *sink, GstBuffer *buffer, GstPad *pad, GPtrArray *buffers)
{
  g_ptr_array_add (buffers, gst_buffer_ref (buffer));
}

/* All buffers that a launch line gives to its fakesink named `out`. */
static GPtrArray *
read_back (const gchar *line)
{
  g_autoptr (Stage) stage = stage_new ("%s", line);
  GPtrArray *buffers = g_ptr_array_new_with_free_func (
      (GDestroyNotify) gst_buffer_unref);
  GstElement *out = stage_get (stage, "out");

  g_object_set (out, "signal-handoffs", TRUE, "sync", FALSE, NULL);
  g_signal_connect (out, "handoff", G_CALLBACK (keep), buffers);
  gst_object_unref (out);
  stage_play (stage);
  stage_wait_eos (stage);
  return buffers;
}

static gchar *
text_of (GstBuffer *buffer)
{
  GstMapInfo map;
  gchar *text;

  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  text = g_strchomp (g_strndup ((gchar *) map.data, map.size));
  gst_buffer_unmap (buffer, &map);
  return text;
}

static gchar *
join (GPtrArray *buffers)
{
  GString *all = g_string_new (NULL);

  for (guint i = 0; i < buffers->len; i++) {
    g_autofree gchar *text = text_of (g_ptr_array_index (buffers, i));

    g_string_append_printf (all, "%s%s", i > 0 ? " " : "", g_strchug (text));
  }
  return g_string_free (all, FALSE);
}

/* Files hold whole ms, some of them in two parts. */
static void
compare_times (GstBuffer *read, GstBuffer *pushed)
{
  if (ABS (GST_CLOCK_DIFF (GST_BUFFER_PTS (read), GST_BUFFER_PTS (pushed)))
          > 2 * GST_MSECOND
      || ABS (GST_CLOCK_DIFF (
             GST_BUFFER_DURATION (read), GST_BUFFER_DURATION (pushed)))
          > 2 * GST_MSECOND)
    g_error ("%" GST_TIME_FORMAT " for %" GST_TIME_FORMAT
             " was read as %" GST_TIME_FORMAT " for %" GST_TIME_FORMAT,
        GST_TIME_ARGS (GST_BUFFER_PTS (pushed)),
        GST_TIME_ARGS (GST_BUFFER_DURATION (pushed)),
        GST_TIME_ARGS (GST_BUFFER_PTS (read)),
        GST_TIME_ARGS (GST_BUFFER_DURATION (read)));
}

/* The text that was pushed, with its times, is the text that is read. */
static void
compare_texts (GPtrArray *read, GPtrArray *pushed)
{
  g_autofree gchar *all = join (read);

  g_assert_cmpstr (all, ==, FIRST " " SECOND);
  g_assert_cmpuint (read->len, ==, pushed->len);
  for (guint i = 0; i < read->len; i++)
    compare_times (g_ptr_array_index (read, i), g_ptr_array_index (pushed, i));
}

static void
check_captions (Talk *talk)
{
  g_autofree gchar *line = g_strdup_printf (
      "filesrc location=%s/answer.vtt ! subparse ! fakesink name=out",
      talk->directory);
  g_autoptr (GPtrArray) read = read_back (line);

  compare_texts (read, talk->captions);
}

static void
check_film (Talk *talk)
{
  g_autofree gchar *text = g_strdup_printf (
      "filesrc location=%s/answer.mkv ! matroskademux name=d "
      "d.subtitle_0 ! queue ! fakesink name=out  d.audio_0 ! queue ! fakesink",
      talk->directory);
  g_autofree gchar *audio = g_strdup_printf (
      "filesrc location=%s/answer.mkv ! matroskademux name=d "
      "d.audio_0 ! queue ! fakesink name=out  d.subtitle_0 ! queue ! fakesink",
      talk->directory);
  g_autoptr (GPtrArray) texts = read_back (text);
  g_autoptr (GPtrArray) sounds = read_back (audio);
  guint64 bytes = 0;

  compare_texts (texts, talk->texts);
  for (guint i = 0; i < sounds->len; i++)
    bytes += gst_buffer_get_size (g_ptr_array_index (sounds, i));
  g_assert_cmpuint (bytes, ==, talk->bytes);
}

static void
check_user_text (Talk *talk)
{
  g_autofree gchar *lines = read_file (talk, "user.json", NULL);

  g_assert_nonnull (strstr (lines, HEARD));
  g_assert_nonnull (strstr (lines, "\"user\""));
  g_assert_null (strstr (lines, FIRST));
}

/* A caption begins with its speech; on a busy machine a bit later. */
static void
assert_follows (GstBuffer *caption, GstClockTime speech)
{
  g_assert_cmpuint (GST_BUFFER_PTS (caption) + PERIOD, >=, speech);
  g_assert_cmpuint (GST_BUFFER_PTS (caption), <=, speech + LATE);
}

/* Sentence by sentence: the first item is one, the second one is two. */
static void
check_timing (Talk *talk)
{
  GstClockTime second = talk->speech + FIRST_MS * GST_MSECOND;

  g_assert_cmpuint (talk->texts->len, ==, 3);
  assert_follows (g_ptr_array_index (talk->texts, 0), talk->speech);
  assert_follows (g_ptr_array_index (talk->texts, 1), second);
  assert_follows (
      g_ptr_array_index (talk->texts, 2), second + SECOND_MS * GST_MSECOND / 2);
}

/* -- conversations
 * ----------------------------------------------------------------- */

/* The server has the user's turn and the whole answer, and nothing else. */
static void
check_server (Sandbox *sandbox, guint connection)
{
  g_autoptr (GPtrArray) items = sandbox_dup_items (sandbox, connection);
  static const gchar *const texts[] = { HEARD, FIRST, SECOND };

  g_assert_cmpuint (items->len, ==, G_N_ELEMENTS (texts));
  for (guint i = 0; i < items->len; i++) {
    const SandboxItem *item = g_ptr_array_index (items, i);

    g_assert_cmpstr (item->role, ==, i == 0 ? "user" : "assistant");
    g_assert_cmpstr (item->status, ==, "completed");
    g_assert_cmpstr (item->text, ==, texts[i]);
  }
}

static void
check (Talk *talk)
{
  stage_expect_no_error (talk->stage);
  gst_element_set_state (talk->stage->pipeline, GST_STATE_NULL);
  check_wav (talk);
  check_timing (talk);
  check_captions (talk);
  check_film (talk);
  check_user_text (talk);
}

static void
converse (gconstpointer data)
{
  Sandbox *sandbox = (Sandbox *) data;
  static const gchar *const properties[] = {
    "turn-detection=server-vad vad-silence-duration=900000000",
    "turn-detection=none", "turn-detection=semantic-vad vad-eagerness=low"
  };
  Talk *talks[G_N_ELEMENTS (properties)];
  g_autoptr (GPtrArray) errors = NULL;

  if (!g_file_test (VOICE, G_FILE_TEST_EXISTS)) {
    g_test_skip ("no recorded voice: " VOICE " (Debian: alsa-utils)");
    return;
  }
  for (guint i = 0; i < G_N_ELEMENTS (talks); i++) {
    talks[i] = talk_new (sandbox, properties[i]);
    stage_play (talks[i]->stage);
  }
  for (guint i = 0; i < G_N_ELEMENTS (talks); i++) {
    stage_wait_eos (talks[i]->stage);
    check (talks[i]);
    check_server (sandbox, i + 1);
    talk_free (talks[i]);
  }
  errors = sandbox_dup_errors (sandbox);
  g_assert_cmpuint (errors->len, ==, 0);
}

static Sandbox *
start_sandbox (gboolean tls)
{
  SandboxOptions options = { .script_json = script, .pace = 0, .tls = tls };

  return stage_start_sandbox (&options);
}

/* A change that the server refuses is told, and is the end of nothing: the next
 * one is taken, and the turn under way is answered. */
static void
test_refused_update (void)
{
  Sandbox *sandbox = start_sandbox (FALSE);
  g_autoptr (Stage) stage = stage_new (
      "audiotestsrc is-live=true samplesperbuffer=480 num-buffers=50 ! "
      "audio/x-raw,format=S16LE,rate=24000,channels=1 ! "
      "realtime2 name=ai uri=%s turn-detection=none ! fakesink",
      sandbox_get_uri (sandbox));
  g_autoptr (GPtrArray) updates = NULL, errors = NULL;
  const GstStructure *fields;
  const SandboxRecord *last;

  stage_play (stage);
  stage_wait (stage, "realtime2/session-updated");
  g_object_set (stage->ai, "session-config", "{\"temperature\":1}", NULL);
  fields = stage_wait (stage, "realtime2/server-error");
  g_assert_cmpstr (
      gst_structure_get_string (fields, "param"), ==, "session.temperature");
  g_assert_cmpstr (
      gst_structure_get_string (fields, "code"), ==, "unknown_parameter");
  g_object_set (stage->ai, "instructions", "Go on.", NULL);
  stage_wait_eos (stage);
  stage_expect_no_error (stage);
  gst_element_set_state (stage->pipeline, GST_STATE_NULL);

  g_assert_cmpuint (sandbox_count_sent (sandbox, "session.updated"), ==, 2);
  g_assert_cmpuint (sandbox_count_sent (sandbox, "response.done"), ==, 1);
  errors = sandbox_dup_errors (sandbox);
  g_assert_cmpuint (errors->len, ==, 1);
  updates = sandbox_dup_received (sandbox, "session.update");
  g_assert_cmpuint (updates->len, ==, 3);
  last = g_ptr_array_index (updates, 2);
  g_assert_nonnull (strstr (last->json, "Go on."));
  g_assert_null (strstr (last->json, "temperature"));
  sandbox_stop_thread (sandbox);
}

/* Before any connection: the element asks GIO once what to trust. */
static void
trust (const gchar *certificate)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GTlsDatabase)
      database = g_tls_file_database_new (certificate, &error);

  g_assert_no_error (error);
  g_tls_backend_set_default_database (g_tls_backend_get_default (), database);
}

int
main (int argc, char *argv[])
{
  Sandbox *plain, *tls;
  int result;

  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  plain = start_sandbox (FALSE);
  tls = start_sandbox (TRUE);
  g_assert_true (g_str_has_prefix (sandbox_get_uri (tls), "wss://"));
  trust (sandbox_get_certificate_path (tls));
  g_test_add_data_func ("/conversation/ws", plain, converse);
  g_test_add_data_func ("/conversation/wss", tls, converse);
  g_test_add_func ("/conversation/refused-update", test_refused_update);
  result = g_test_run ();
  sandbox_stop_thread (plain);
  sandbox_stop_thread (tls);
  return result;
}
