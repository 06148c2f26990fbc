/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The types of session: where each goes, what is sent up, when its turns and
 * its end are, and to which instant of the input its results belong.
 */
#include "typerig.h"

#include <string.h>

#define APPEND "input_audio_buffer.append"
#define COMMIT "input_audio_buffer.commit"
#define WHISPER "gpt-realtime-whisper"
#define TRANSLATE "gpt-realtime-translate"

/* --- where to --- */

typedef struct {
  Rt2SessionType type;
  const gchar *path;
  const gchar *model;
  const gchar *call_id;
  const gchar *target;
} Way;

static const Way ways[] = {
  { RT2_SESSION_TYPE_REALTIME, "/v1/realtime", "gpt-realtime-2", NULL,
      "/v1/realtime?model=gpt-realtime-2" },
  { RT2_SESSION_TYPE_REALTIME, "/openai/v1/realtime", "my-deployment", NULL,
      "/openai/v1/realtime?model=my-deployment" },
  { RT2_SESSION_TYPE_REALTIME, "/v1/realtime", "a b&c=d", NULL,
      "/v1/realtime?model=a%20b%26c%3Dd" },
  { RT2_SESSION_TYPE_REALTIME, "/v1/realtime?x=1", "m", NULL,
      "/v1/realtime?x=1&model=m" },
  { RT2_SESSION_TYPE_REALTIME, "/v1/realtime?model=theirs", "mine", NULL,
      "/v1/realtime?model=theirs" },
  { RT2_SESSION_TYPE_REALTIME, "/any?the_model=x", "m", NULL,
      "/any?the_model=x&model=m" },
  { RT2_SESSION_TYPE_TRANSCRIPTION, "/v1/realtime", WHISPER, NULL,
      "/v1/realtime?intent=transcription" },
  { RT2_SESSION_TYPE_TRANSCRIPTION, "/v1/realtime?intent=transcription",
      WHISPER, NULL, "/v1/realtime?intent=transcription" },
  { RT2_SESSION_TYPE_TRANSLATION, "/v1/realtime", TRANSLATE, NULL,
      "/v1/realtime/translations?model=" TRANSLATE },
  { RT2_SESSION_TYPE_TRANSLATION, "/v1/realtime/", TRANSLATE, NULL,
      "/v1/realtime/translations?model=" TRANSLATE },
  { RT2_SESSION_TYPE_TRANSLATION, "/v1/realtime/translations", TRANSLATE, NULL,
      "/v1/realtime/translations?model=" TRANSLATE },
  { RT2_SESSION_TYPE_TRANSLATION, "/openai/v1/realtime?x=1", TRANSLATE, NULL,
      "/openai/v1/realtime/translations?x=1&model=" TRANSLATE },
  { RT2_SESSION_TYPE_REALTIME, "/v1/realtime", "gpt-realtime-2", "rtc_1",
      "/v1/realtime?call_id=rtc_1" },
};

static void
test_way (gconstpointer data)
{
  const Way *way = data;
  g_autoptr (TypeRig) t = typerig_new (way->type, way->model);
  Rt2SessionOptions *options = t->rig->options;
  g_autofree gchar *target = NULL;

  g_free (options->transport->url);
  options->transport->url = g_strdup_printf (
      "ws://127.0.0.1:%u%s", test_server_get_port (t->rig->server), way->path);
  options->call_id = g_strdup (way->call_id);
  typerig_start_ready (t);
  target = test_server_dup_target (t->rig->server, 0);
  g_assert_cmpstr (target, ==, way->target);
}

/* The key of each try is asked for anew. */
static void
test_keys (void)
{
  g_autoptr (TypeRig) t = typerig_new (RT2_SESSION_TYPE_TRANSCRIPTION, WHISPER);

  typerig_start_ready (t);
  rig_drop (t->rig);
  rig_wait (t->rig, "configured again");
  for (guint i = 0; i < 2; i++) {
    g_autofree gchar *key = test_server_dup_header (
        t->rig->server, i, "Authorization");
    g_autofree gchar *wanted = g_strdup_printf ("Bearer sk-try-%u", i);

    g_assert_cmpstr (key, ==, wanted);
  }
}

/* --- transcription: turns --- */

static TypeRig *
start_transcription (const gchar *model)
{
  TypeRig *t = typerig_new (RT2_SESSION_TYPE_TRANSCRIPTION, model);

  typerig_start_ready (t);
  return t;
}

static void
assert_near (guint64 ns, guint ms)
{
  g_assert_cmpuint (ns, >=, (ms - 60) * RIG_MS);
  g_assert_cmpuint (ns, <=, (ms + 60) * RIG_MS);
}

/* Where the model has no VAD, the session commits after each pause, once, and
 * asks for no answer. */
static void
test_commits (void)
{
  g_autoptr (TypeRig) t = start_transcription (WHISPER);
  guint64 rt = 0;
  guint ms;

  typerig_push (t, 400, &rt, FALSE);
  typerig_push (t, 600, &rt, TRUE);
  typerig_push (t, 720, &rt, FALSE);
  typerig_push (t, 400, &rt, TRUE);
  typerig_push (t, 720, &rt, FALSE);
  rig_wait_sent (t->rig, COMMIT, 2);
  typerig_wait_audio (t, 2840);
  ms = typerig_ms_before (t, COMMIT, 0);
  g_assert_cmpuint (ms, >=, 400 + 600 + 500);
  g_assert_cmpuint (ms, <=, 400 + 600 + 500 + 80);
  ms = typerig_ms_before (t, COMMIT, 1);
  g_assert_cmpuint (ms, >=, 1720 + 400 + 500);
  g_assert_cmpuint (ms, <=, 1720 + 400 + 500 + 80);
  rig_expect_sent (t->rig, APPEND " " COMMIT " " APPEND " " COMMIT " " APPEND);
}

/* The pause is as long as vad_silence_duration says. */
static void
test_long_pauses (void)
{
  g_autoptr (TypeRig)
      t = typerig_new (RT2_SESSION_TYPE_TRANSCRIPTION, "gpt-live-transcribe");
  guint64 rt = 0;
  guint ms;

  t->rig->config->vad_silence_duration = 1000 * RIG_MS;
  typerig_start_ready (t);
  for (guint i = 0; i < 2; i++) {
    typerig_push (t, 400, &rt, TRUE);
    typerig_push (t, 800, &rt, FALSE);
  }
  typerig_push (t, 400, &rt, FALSE);
  rig_wait_sent (t->rig, COMMIT, 1);
  ms = typerig_ms_before (t, COMMIT, 0);
  g_assert_cmpuint (ms, >=, 1600 + 1000);
  g_assert_cmpuint (ms, <=, 1600 + 1000 + 80);
  typerig_wait_audio (t, 2800);
  g_assert_cmpuint (rig_count_sent (t->rig, COMMIT), ==, 1);
}

/* Nobody spoke: there is nothing to write down, nor to wait for. */
static void
test_silence (void)
{
  g_autoptr (TypeRig) t = start_transcription (WHISPER);
  guint64 rt = 0;

  typerig_push (t, 1600, &rt, FALSE);
  rig_finish (t->rig);
  rig_wait (t->rig, "drained");
  typerig_wait_audio (t, 1600);
  rig_expect_sent (t->rig, APPEND);
}

/* A model with a VAD ends the turns itself, and gets to hear the end. */
static void
test_server_vad (void)
{
  g_autoptr (TypeRig) t = start_transcription ("gpt-4o-transcribe");
  g_autoptr (GByteArray) audio = NULL;
  guint64 rt = 0;

  typerig_push (t, 600, &rt, TRUE);
  typerig_push (t, 720, &rt, FALSE);
  typerig_push (t, 200, &rt, TRUE);
  rig_finish (t->rig);
  typerig_wait_audio (t, 1520 + 700);
  rig_send_speech_started (t->rig, "U1", 1320);
  rig_send_speech_stopped (t->rig, "U1", 1520);
  rig_send_committed (t->rig, "U1");
  rig_send_transcript (t->rig, "U1", "Yes.");
  rig_wait (t->rig, "drained");
  rig_expect_sent (t->rig, APPEND);
  g_assert_cmpuint (
      rig_count (t->rig, "user-text #1 1320 1520 final Yes."), ==, 1);
  audio = typerig_dup_audio (t);
  g_assert_cmpuint (audio->len, ==, (1520 + 700) * 48);
  for (guint i = 1520 * 48; i < audio->len; i++)
    g_assert_cmpuint (audio->data[i], ==, 0);
}

/* What was begun when the input ended is committed, and its words awaited. */
static void
test_end (void)
{
  g_autoptr (TypeRig) t = start_transcription (WHISPER);
  guint64 rt = 0;

  typerig_push (t, 600, &rt, TRUE);
  rig_finish (t->rig);
  rig_wait_sent (t->rig, COMMIT, 1);
  g_assert_cmpuint (typerig_ms_before (t, COMMIT, 0), ==, 600);
  rig_flush_down (t->rig);
  g_assert_cmpuint (rig_count (t->rig, "drained"), ==, 0);
  rig_send_committed (t->rig, "U1");
  rig_send_transcript (t->rig, "U1", "So it ends.");
  rig_wait (t->rig, "drained");
  rig_expect_last (t->rig, "drained");
  g_assert_cmpuint (rig_count (t->rig, "user-text"), ==, 1);
  rig_expect_sent (t->rig, APPEND " " COMMIT);
}

/* The server refuses to commit less than 100 ms. */
static void
test_short_end (void)
{
  g_autoptr (TypeRig) t = start_transcription (WHISPER);
  guint64 rt = 0;

  typerig_push (t, 80, &rt, TRUE);
  rig_finish (t->rig);
  rig_wait (t->rig, "drained");
  typerig_wait_audio (t, 80);
  rig_expect_sent (t->rig, APPEND);
}

/* --- transcription: words --- */

#define DELTA(ITEM, TEXT)                                                      \
  "{\"type\":\"conversation.item.input_audio_transcription.delta\","           \
  "\"event_id\":\"e\",\"item_id\":\"" ITEM "\",\"content_index\":0,"           \
  "\"delta\":\"" TEXT "\"}"

/* Words are passed on as they come, before their item is committed too. */
static void
test_live_deltas (void)
{
  g_autoptr (TypeRig) t = start_transcription ("gpt-live-transcribe");
  guint64 rt = 0;

  typerig_push (t, 200, &rt, TRUE);
  typerig_wait_audio (t, 200);
  rig_send (t->rig, DELTA ("U1", "Hel"));
  rig_send (t->rig, DELTA ("U1", "lo."));
  rig_wait (t->rig, "user-text #1 - - delta lo.");
  rig_expect_log (
      t->rig, "user-text #1 - - delta Hel", "user-text #1 - - delta lo.", NULL);
}

/* An utterance is where its speech is: not where the turn before was
 * committed, nor where its pause was long enough. */
static void
test_times (void)
{
  g_autoptr (TypeRig) t = start_transcription (WHISPER);
  guint64 rt = 10 * RIG_S;

  typerig_push (t, 2000, &rt, FALSE);
  typerig_push (t, 600, &rt, TRUE);
  typerig_push (t, 720, &rt, FALSE);
  rig_wait_sent (t->rig, COMMIT, 1);
  rig_send_committed (t->rig, "U1");
  rig_send_transcript (t->rig, "U1", "One.");
  rig_flush_down (t->rig);
  g_assert_cmpuint (rig_count (t->rig, "user-text #1"), ==, 1);
  assert_near (t->start, 12000);
  assert_near (t->end, 12600);

  /* The input jumps. */
  rt = 100 * RIG_S;
  typerig_push (t, 1000, &rt, FALSE);
  typerig_push (t, 400, &rt, TRUE);
  rig_finish (t->rig);
  rig_wait_sent (t->rig, COMMIT, 2);
  rig_send_committed (t->rig, "U2");
  rig_send_transcript (t->rig, "U2", "Two.");
  rig_wait (t->rig, "drained");
  assert_near (t->start, 101000);
  assert_near (t->end, 101400);
}

/* Completions may come in any order; each has the times of its own item. */
static void
test_out_of_order (void)
{
  g_autoptr (TypeRig) t = start_transcription (WHISPER);
  guint64 rt = 0;

  for (guint i = 0; i < 2; i++) {
    typerig_push (t, 400, &rt, TRUE);
    typerig_push (t, 640, &rt, FALSE);
  }
  rig_wait_sent (t->rig, COMMIT, 2);
  rig_send_committed (t->rig, "U1");
  rig_send_committed (t->rig, "U2");
  rig_send_transcript (t->rig, "U2", "Two.");
  rig_flush_down (t->rig);
  assert_near (t->start, 1040);
  assert_near (t->end, 1440);
  rig_send_transcript (t->rig, "U1", "One.");
  rig_flush_down (t->rig);
  g_assert_cmpuint (t->start, <=, 60 * RIG_MS);
  assert_near (t->end, 400);
}

/* --- pace --- */

/* A server loses what is uploaded faster than four times real time. */
static void
test_pace (gconstpointer data)
{
  Rt2SessionType type = GPOINTER_TO_INT (data);
  g_autoptr (TypeRig) t = typerig_new (
      type, type == RT2_SESSION_TYPE_TRANSLATION ? TRANSLATE : WHISPER);
  g_autoptr (GByteArray) audio = NULL;
  const guint n = 150;
  gint64 start;

  typerig_start_ready (t);
  start = g_get_monotonic_time ();
  t->rig->endless = n;
  rt2_session_wake (t->rig->session);
  while (t->rig->pulls < n) {
    gint64 elapsed;

    g_main_context_iteration (t->rig->context, TRUE);
    elapsed = (g_get_monotonic_time () - start) / 1000;
    g_assert_cmpint (t->rig->pulls * 40, <=, 4 * elapsed + 1000);
    g_assert_cmpint (elapsed, <, 30000);
  }
  typerig_wait_audio (t, n * 40);
  audio = typerig_dup_audio (t);
  for (guint i = 0; i < n * 40 * 48; i += 2)
    g_assert_cmpuint (audio->data[i] | audio->data[i + 1], !=, 0);
}

/* --- a mismatch --- */

static void
test_mismatch (void)
{
  g_autoptr (TypeRig) t = typerig_new (RT2_SESSION_TYPE_TRANSCRIPTION, WHISPER);

  rig_set (&t->rig->accepts, FALSE);
  typerig_start (t);
  rig_wait_sent (t->rig, "session.update", 1);
  rig_send_updated (t->rig, "audio/pcmu", "audio/pcm");
  rig_wait (t->rig, "failed");
  g_assert_cmpint (t->rig->fault->kind, ==, RT2_FAULT_SETTINGS);
  g_assert_nonnull (strstr (t->rig->fault->message, "audio/pcmu"));
}

/* --- translation --- */

static TypeRig *
start_translation (void)
{
  TypeRig *t = typerig_new (RT2_SESSION_TYPE_TRANSLATION, TRANSLATE);

  t->rig->config->language = g_strdup ("fr");
  typerig_start_ready (t);
  return t;
}

#define SESSION_APPEND "session.input_audio_buffer.append"

static gboolean
is_silent (const guint8 *data, gsize size)
{
  for (gsize i = 0; i < size; i++)
    if (data[i])
      return FALSE;
  return TRUE;
}

/* The model's time is the audio that it gets: when none comes, silence goes up
 * at the speed of time, and what comes then follows whole. */
static void
test_flow (void)
{
  g_autoptr (TypeRig) t = typerig_new (RT2_SESSION_TYPE_TRANSLATION, TRANSLATE);
  g_autoptr (GByteArray) before = NULL, all = NULL;
  guint64 rt = 0;
  gint64 start;
  gsize at;

  typerig_start_ready (t);
  start = g_get_monotonic_time ();
  typerig_push (t, 200, &rt, TRUE);
  typerig_wait_audio (t, 1200);
  before = typerig_dup_audio (t);
  g_assert_cmpint (
      before->len / 48, <=, (g_get_monotonic_time () - start) / 1000);
  g_assert_true (is_silent (before->data + 200 * 48, before->len - 200 * 48));

  typerig_push (t, 80, &rt, TRUE);
  do {
    rig_run_for (t->rig, 5);
    g_clear_pointer (&all, g_byte_array_unref);
    all = typerig_dup_audio (t);
    for (at = 200 * 48; at + 80 * 48 <= all->len; at += 2)
      if (!is_silent (all->data + at, 2))
        break;
  } while (at + 80 * 48 > all->len);
  g_assert_true (is_silent (all->data + 200 * 48, at - 200 * 48));
  for (gsize i = 0; i < 80 * 48; i += 2)
    g_assert_false (is_silent (all->data + at + i, 2));
  rig_expect_sent (t->rig, SESSION_APPEND);
}

/* Nothing flows before the user's first audio, and never in a session that
 * counts no time. */
static void
test_no_flow (void)
{
  g_autoptr (TypeRig) translation = start_translation ();
  g_autoptr (TypeRig) transcription = NULL;
  guint64 rt = 0;

  rig_run_for (translation->rig, 700);
  rig_expect_sent (translation->rig, "");
  g_clear_pointer (&translation, typerig_free);

  transcription = start_transcription (WHISPER);
  typerig_push (transcription, 200, &rt, TRUE);
  typerig_wait_audio (transcription, 200);
  rig_run_for (transcription->rig, 1000);
  g_assert_cmpuint (rig_count_sent (transcription->rig, APPEND), ==, 5);
}

/* Translated audio is placed by its own length, whatever it says of itself. */
static void
test_due (void)
{
  g_autoptr (TypeRig) t = start_translation ();
  guint64 rt = 10 * RIG_S;

  typerig_push (t, 400, &rt, TRUE);
  rt = 20 * RIG_S;
  typerig_push (t, 400, &rt, TRUE);
  typerig_wait_audio (t, 800);
  typerig_say_audio (t, 200);
  typerig_say_words (t, "output", "at", -1);
  typerig_say_audio (t, 100);
  typerig_say_audio (t, 100);
  typerig_say_audio (t, 400);
  typerig_say_words (t, "output", " one", 100);
  typerig_say_words (t, "output", " two", 500);
  typerig_say_words (t, "input", "three", 300);
  rig_flush_down (t->rig);
  rig_expect_log (t->rig, "audio #1 9600 10000", "text #2 delta 10200 at",
      "audio #1 4800 10200", "audio #1 4800 10300", "audio #1 19200 20000",
      "text #2 delta 10100  one",
      /* Words that are more than 2 s apart begin another item. */
      "text #2 final 20100 (said)", "text #3 delta 20100  two",
      "user-text #4 10300 - delta three", NULL);
}

/* A new connection counts from its own first audio. */
static void
test_due_again (void)
{
  g_autoptr (TypeRig) t = start_translation ();
  guint64 rt = 10 * RIG_S;

  typerig_push (t, 200, &rt, TRUE);
  typerig_wait_audio (t, 200);
  typerig_say_audio (t, 200);
  rig_flush_down (t->rig);
  rig_drop (t->rig);
  rig_wait (t->rig, "configured again");
  rig_clear (t->rig);
  rt = 50 * RIG_S;
  typerig_push (t, 400, &rt, TRUE);
  typerig_wait_audio (t, 400);
  typerig_say_audio (t, 200);
  typerig_say_audio (t, 200);
  rig_flush_down (t->rig);
  g_assert_cmpuint (rig_count (t->rig, "audio #1 9600 50000"), ==, 1);
  g_assert_cmpuint (rig_count (t->rig, "audio #1 9600 50200"), ==, 1);
}

/* There are no items on the wire: words are cut where a sentence ends, each
 * side by itself. */
static void
test_sentences (void)
{
  g_autoptr (TypeRig) t = start_translation ();
  guint64 rt = 0;

  typerig_push (t, 200, &rt, TRUE);
  typerig_wait_audio (t, 200);
  typerig_say_words (t, "output", "Bonjour", 0);
  typerig_say_words (t, "input", "Hello", 0);
  typerig_say_words (t, "output", " monde.", 0);
  typerig_say_words (t, "output", " Il est 3.", 0);
  typerig_say_words (t, "output", "5", 0);
  typerig_say_words (t, "output", "", 0);
  typerig_say_words (t, "output", "!", 0);
  typerig_say_words (t, "input", " world", 0);
  typerig_say_words (t, "output", "Oui", 0);
  rig_flush_down (t->rig);
  rig_expect_log (t->rig, "text #1 delta 0 Bonjour",
      "user-text #2 0 - delta Hello", "text #1 delta 0  monde.",
      "text #1 final 0 (said)", "text #3 delta 0  Il est 3.",
      "text #3 delta 0 5", "text #3 delta 0 !", "user-text #2 0 - delta  world",
      "text #3 final 0 (said)", "text #4 delta 0 Oui", NULL);
}

static void
test_sentence_ends (void)
{
  static const gchar *const ends[] = { ".", "!", "?", "\xe2\x80\xa6",
    "\xe3\x80\x82", "\xef\xbc\x81", "\xef\xbc\x9f", "\xe0\xa5\xa4" };
  g_autoptr (TypeRig) t = start_translation ();

  for (guint i = 0; i < G_N_ELEMENTS (ends); i++) {
    typerig_say_words (t, "output", "word", -1);
    typerig_say_words (t, "output", ends[i], -1);
  }
  typerig_say_words (t, "output", "word,", -1);
  typerig_say_words (t, "output", " word", -1);
  rig_flush_down (t->rig);
  g_assert_cmpuint (t->ids->len, ==, G_N_ELEMENTS (ends) + 1);
}

/* --- translation: the end --- */

/* session.close once, behind all of the audio; all that still comes is passed
 * on; it is over with session.closed, and then we close. */
static void
test_close (void)
{
  g_autoptr (TypeRig) t = start_translation ();
  guint64 rt = 0;

  typerig_push (t, 400, &rt, TRUE);
  rig_finish (t->rig);
  rig_wait_sent (t->rig, "session.close", 1);
  g_assert_cmpuint (typerig_ms_before (t, "session.close", 0), ==, 400);
  typerig_say_words (t, "output", "Bon", 0);
  typerig_say_words (t, "input", "Well", 0);
  typerig_say_audio (t, 200);
  rig_send_error (t->rig, "server_busy", NULL, NULL);
  typerig_say_audio (t, 200);
  rig_flush_down (t->rig);
  g_assert_cmpuint (rig_count (t->rig, "drained"), ==, 0);
  rig_send (t->rig, "{\"type\":\"session.closed\",\"event_id\":\"e\"}");
  rig_wait (t->rig, "drained");
  rig_expect_log (t->rig, "text #1 delta 0 Bon", "user-text #2 0 - delta Well",
      "audio #3 9600 0", "server-error server_busy", "audio #3 9600 200",
      "text #1 final - (said)", "user-text #2 - - final (said)",
      "audio-done #3", "drained", NULL);
  rig_expect_sent (t->rig, SESSION_APPEND " session.close");
  test_server_wait_closed (t->rig->server, 0);
  g_assert_cmpuint (test_server_get_close_code (t->rig->server, 0), ==, 1000);
  rig_run_idle (t->rig);
  rig_expect_last (t->rig, "drained");
}

/* The server may be first to close. It is no fault at the end. */
static void
test_closed_by_server (void)
{
  g_autoptr (TypeRig) t = start_translation ();
  guint64 rt = 0;

  typerig_push (t, 200, &rt, TRUE);
  rig_finish (t->rig);
  rig_wait_sent (t->rig, "session.close", 1);
  rig_send (t->rig, "{\"type\":\"session.closed\",\"event_id\":\"e\"}");
  test_server_close (t->rig->server, 0, 1000, NULL);
  test_server_wait_closed (t->rig->server, 0);
  rig_run_idle (t->rig);
  rig_expect_last (t->rig, "drained");
}

/* A server that does not close is waited for as long as eos_timeout says. */
static void
test_never_closed (void)
{
  g_autoptr (TypeRig) t = typerig_new (RT2_SESSION_TYPE_TRANSLATION, TRANSLATE);
  guint64 rt = 0;

  t->rig->options->eos_timeout = 300 * RIG_MS;
  typerig_start_ready (t);
  typerig_push (t, 200, &rt, TRUE);
  rig_finish (t->rig);
  rig_wait (t->rig, "drained timed-out");
  g_assert_cmpuint (rig_count_sent (t->rig, "session.close"), ==, 1);
}

/* No silence is put in behind the end. */
static void
test_no_flow_after_close (void)
{
  g_autoptr (TypeRig) t = start_translation ();
  guint64 rt = 0;

  typerig_push (t, 200, &rt, TRUE);
  rig_finish (t->rig);
  rig_wait_sent (t->rig, "session.close", 1);
  rig_run_for (t->rig, 1000);
  rig_expect_sent (t->rig, SESSION_APPEND " session.close");
}

/* Another language is told at once, and the voice of nobody. */
static void
test_language (void)
{
  g_autoptr (TypeRig) t = start_translation ();
  JsonObject *update;
  g_autofree gchar *text = NULL;

  g_free (t->rig->config->language);
  t->rig->config->language = g_strdup ("ja");
  rig_configure (t->rig);
  rig_wait_sent (t->rig, "session.update", 1);
  update = rig_get_sent (t->rig, "session.update", 0);
  text = rt2_json_member_text (update, "session");
  g_assert_cmpstr (text, ==, "{\"audio\":{\"output\":{\"language\":\"ja\"}}}");
}

/* --- sideband --- */

static TypeRig *
start_sideband (void)
{
  TypeRig *t = typerig_new (RT2_SESSION_TYPE_REALTIME, "gpt-realtime-2");

  t->rig->options->call_id = g_strdup ("rtc_1");
  t->rig->config->sideband = TRUE;
  g_free (t->rig->config->transcription_model);
  t->rig->config->transcription_model = g_strdup ("whisper-1");
  typerig_start (t);
  rig_wait (t->rig, "state ready");
  return t;
}

/* Takes the audio off upstream's hands and sends none; its end is no turn. */
static void
test_sideband (void)
{
  g_autoptr (TypeRig) t = start_sideband ();
  guint64 rt = 0;

  typerig_push (t, 2000, &rt, TRUE);
  rig_finish (t->rig);
  rig_wait (t->rig, "drained");
  g_assert_cmpuint (t->rig->pulls, ==, 51);
  rig_expect_sent (t->rig, "session.update");
}

/* The call's own audio may be of any format. */
static void
test_sideband_formats (void)
{
  g_autoptr (TypeRig)
      t = typerig_new (RT2_SESSION_TYPE_REALTIME, "gpt-realtime-2");

  t->rig->options->call_id = g_strdup ("rtc_1");
  t->rig->config->sideband = TRUE;
  rig_set (&t->rig->accepts, FALSE);
  typerig_start (t);
  rig_wait_sent (t->rig, "session.update", 1);
  rig_send_updated (t->rig, "audio/pcmu", "audio/pcmu");
  rig_wait (t->rig, "state ready");
}

/* What is said in the call can be read. */
static void
test_sideband_words (void)
{
  g_autoptr (TypeRig) t = start_sideband ();

  rig_clear (t->rig);
  rig_send_speech_started (t->rig, "U1", 100);
  rig_send_speech_stopped (t->rig, "U1", 900);
  rig_send_committed (t->rig, "U1");
  rig_send_transcript (t->rig, "U1", "Hi.");
  rig_send_response_created (t->rig, "R1");
  rig_send_item (t->rig, "R1", 0, "A1", "message", FALSE);
  rig_send (t->rig,
      "{\"type\":\"response.output_audio_transcript.delta\","
      "\"event_id\":\"e\",\"response_id\":\"R1\",\"item_id\":\"A1\","
      "\"output_index\":0,\"content_index\":0,\"delta\":\"Hello.\"}");
  rig_send_response_done (t->rig, "R1", "completed");
  rig_flush_down (t->rig);
  g_assert_cmpuint (rig_count (t->rig, "user-text #1 - - final Hi."), ==, 1);
  g_assert_cmpuint (rig_count (t->rig, "text #2 delta - Hello."), ==, 1);
  rig_expect_sent (t->rig, "");
}

/* What the caller heard, the server itself knows: nothing is taken back. */
static void
test_sideband_barge_in (void)
{
  g_autoptr (TypeRig) t = start_sideband ();

  rig_send_response_created (t->rig, "R1");
  rig_send_item (t->rig, "R1", 0, "A1", "message", FALSE);
  rig_flush_down (t->rig);
  rig_clear (t->rig);
  rig_send_speech_started (t->rig, "U1", 100);
  rig_send_response_done (t->rig, "R1", "cancelled");
  rig_flush_down (t->rig);
  rig_flush_up (t->rig);
  rig_expect_sent (t->rig, "");
  g_assert_cmpuint (rig_count (t->rig, "interrupt"), ==, 0);
}

static void
add_ways (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++) {
    g_autofree gchar *path = g_strdup_printf ("/types/way/%u", i);

    g_test_add_data_func (path, &ways[i], test_way);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_ways ();
  g_test_add_func ("/types/keys", test_keys);
  g_test_add_func ("/types/transcription/commits", test_commits);
  g_test_add_func ("/types/transcription/long-pauses", test_long_pauses);
  g_test_add_func ("/types/transcription/silence", test_silence);
  g_test_add_func ("/types/transcription/server-vad", test_server_vad);
  g_test_add_func ("/types/transcription/end", test_end);
  g_test_add_func ("/types/transcription/short-end", test_short_end);
  g_test_add_func ("/types/transcription/live-deltas", test_live_deltas);
  g_test_add_func ("/types/transcription/times", test_times);
  g_test_add_func ("/types/transcription/out-of-order", test_out_of_order);
  g_test_add_func ("/types/transcription/mismatch", test_mismatch);
  g_test_add_data_func ("/types/transcription/pace",
      GINT_TO_POINTER (RT2_SESSION_TYPE_TRANSCRIPTION), test_pace);
  g_test_add_data_func ("/types/translation/pace",
      GINT_TO_POINTER (RT2_SESSION_TYPE_TRANSLATION), test_pace);
  g_test_add_func ("/types/translation/flow", test_flow);
  g_test_add_func ("/types/translation/no-flow", test_no_flow);
  g_test_add_func ("/types/translation/due", test_due);
  g_test_add_func ("/types/translation/due-again", test_due_again);
  g_test_add_func ("/types/translation/sentences", test_sentences);
  g_test_add_func ("/types/translation/sentence-ends", test_sentence_ends);
  g_test_add_func ("/types/translation/close", test_close);
  g_test_add_func (
      "/types/translation/closed-by-server", test_closed_by_server);
  g_test_add_func ("/types/translation/never-closed", test_never_closed);
  g_test_add_func (
      "/types/translation/no-flow-after-close", test_no_flow_after_close);
  g_test_add_func ("/types/translation/language", test_language);
  g_test_add_func ("/types/sideband/audio", test_sideband);
  g_test_add_func ("/types/sideband/formats", test_sideband_formats);
  g_test_add_func ("/types/sideband/words", test_sideband_words);
  g_test_add_func ("/types/sideband/barge-in", test_sideband_barge_in);
  return g_test_run ();
}
