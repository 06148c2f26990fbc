/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Translation sessions: what they take, and what comes when. */
#include <string.h>

#include "client.h"

#define PATH "/v1/realtime/translations?model=gpt-realtime-translate"
#define FRAME 9600 /* bytes of 200 ms */

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture_open (fixture, PATH, data);
}

/* Silence, a tone, silence: milliseconds of each. */
static GByteArray *
make_speech (guint before, guint speech, guint after)
{
  GByteArray *pcm = make_silence (before);

  add_tone (pcm, speech, 8000);
  add_silence (pcm, after);
  return pcm;
}

static void
append (Client *client, GByteArray *pcm)
{
  client_append_pieces (client, pcm->data, pcm->len, 4800);
}

static void
finish (Client *client)
{
  client_send (client, "{'type':'session.close'}");
  client_wait (client, "session.closed");
}

static void
expect_text (Client *client, const gchar *type, const gchar *expected)
{
  g_autofree gchar *text = client_join (client, type, NULL);

  g_assert_cmpstr (text, ==, expected);
}

/* Milliseconds of the first sample that is not silent, and after the last. */
static void
find_sound (Client *client, guint *start, guint *end)
{
  const guint8 *data = client->audio->data;
  guint i;

  *start = *end = 0;
  for (i = 0; i < client->audio->len; i++)
    if (data[i] != 0) {
      if (*end == 0)
        *start = i / 48;
      *end = i / 48 + 1;
    }
}

static void
test_created (Fixture *fixture, gconstpointer data)
{
  JsonObject *session = json_object_get_object_member (
      client_next (fixture->client), "session");

  g_assert_cmpstr (json_text (session, "type"), ==, "translation");
  g_assert_cmpstr (json_text (session, "model"), ==, "gpt-realtime-translate");
  g_assert_true (g_str_has_prefix (json_text (session, "id"), "sess_"));
  g_assert_cmpstr (json_text (session, "audio.output.language"), ==, "es");
  g_assert_true (json_null (session, "audio.input.transcription"));
  g_assert_true (json_null (session, "audio.input.noise_reduction"));
  g_assert_false (json_has (session, "instructions"));
}

static void
test_update (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  JsonObject *session = client_configure (client,
      "{'audio':{'output':{'language':'fr'},'input':{'transcription':{'model':"
      "'gpt-realtime-whisper'},'noise_reduction':{'type':'near_field'}}}}");

  g_assert_cmpstr (json_text (session, "audio.output.language"), ==, "fr");
  g_assert_cmpstr (json_text (session, "audio.input.transcription.model"), ==,
      "gpt-realtime-whisper");
  client_expect_refusal (client, "{'type':'session.update'}",
      "missing_required_parameter", "session");
  client_expect_refusal (client,
      "{'type':'session.update','session':{'type':'translation'}}",
      "unknown_parameter", "session.type");
  client_expect_refusal (client,
      "{'type':'session.update','session':{'audio':{'output':{'language':"
      "'zho'}}}}",
      "invalid_value", "session.audio.output.language");
  client_expect_refusal (client,
      "{'type':'session.update','session':{'audio':{'output':{'voice':"
      "'marin'}}}}",
      "unknown_parameter", "session.audio.output.voice");
  client_expect_refusal (client,
      "{'type':'session.update','session':{'audio':{'input':{'transcription':"
      "{'model':'whisper-1'}}}}}",
      "invalid_value", "session.audio.input.transcription.model");
  /* A refusal changed nothing; null turns off. */
  session = client_configure (
      client, "{'audio':{'input':{'transcription':null}}}");
  g_assert_cmpstr (json_text (session, "audio.output.language"), ==, "fr");
  g_assert_true (json_null (session, "audio.input.transcription"));
}

static void
test_languages (Fixture *fixture, gconstpointer data)
{
  static const gchar *const codes[] = { "es", "pt", "fr", "ja", "ru", "zh",
    "de", "ko", "hi", "id", "vi", "it", "en" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (codes); i++) {
    g_autofree gchar *session = g_strdup_printf (
        "{'audio':{'output':{'language':'%s'}}}", codes[i]);

    g_assert_cmpstr (json_text (client_configure (fixture->client, session),
                         "audio.output.language"),
        ==, codes[i]);
  }
}

/* Exactly three events are taken. */
static void
test_other_events (Fixture *fixture, gconstpointer data)
{
  static const gchar *const types[] = { "input_audio_buffer.append",
    "input_audio_buffer.commit", "response.create", "conversation.item.create",
    "session.input_audio_buffer.clear" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (types); i++) {
    g_autofree gchar *event = g_strdup_printf ("{'type':'%s'}", types[i]);

    client_expect_refusal (fixture->client, event, "invalid_value", "type");
  }
  client_expect_refusal (fixture->client,
      "{'type':'session.input_audio_buffer.append','audio':'x'}",
      "invalid_value", "audio");
}

#define SCRIPT                                                                 \
  "{'translation':{'lag_ms':1000,'delta_bytes':9600,'close_delay_ms':0},"      \
  "'turns':[{'hear':'Good morning friends','translate':{'text':"               \
  "'Buenos días amigos','tone_ms':400}},"                                     \
  "{'hear':'Bye','translate':{'text':{'es':'Adiós','fr':'Salut'},"            \
  "'tone_ms':100}}]}"

/* As much comes out as went in, the translation lag_ms after the speech. */
static void
test_audio (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GByteArray) pcm = make_speech (600, 600, 1800);
  guint start, end, i;

  append (client, pcm);
  finish (client);
  g_assert_cmpuint (client->audio->len, ==, pcm->len);
  g_assert_cmpuint (
      client_count (client, "session.output_audio.delta"), ==, 15);
  for (i = 0; i < 15; i++) {
    JsonObject *delta = client_event (client, "session.output_audio.delta", i);

    g_assert_cmpint (json_int (delta, "elapsed_ms"), ==, (i + 1) * 200);
    g_assert_cmpint (json_int (delta, "sample_rate"), ==, 24000);
    g_assert_cmpint (json_int (delta, "channels"), ==, 1);
    g_assert_cmpstr (json_text (delta, "format"), ==, "pcm16");
  }
  find_sound (client, &start, &end);
  g_assert_cmpuint (start, ==, 1600);
  g_assert_cmpuint (end, ==, 2000);
  expect_text (client, "session.output_transcript.delta", "Buenos días amigos");
  /* Nobody asked for these. */
  g_assert_cmpuint (
      client_count (client, "session.input_transcript.delta"), ==, 0);
}

/* To the sample, in the middle of a frame. */
static void
test_place (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GByteArray) pcm = make_speech (500, 400, 1000);
  guint start, end;

  append (client, pcm);
  finish (client);
  find_sound (client, &start, &end);
  g_assert_cmpuint (start, ==, 500 + 630);
  g_assert_cmpuint (end, ==, 500 + 630 + 250);
}

/* Each word comes before the audio that begins it. */
static void
test_words (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GByteArray) pcm = make_speech (600, 600, 1800);
  JsonObject *word;

  append (client, pcm);
  finish (client);
  word = client_event (client, "session.output_transcript.delta", 0);
  g_assert_cmpstr (json_text (word, "delta"), ==, "Buenos");
  g_assert_cmpint (json_int (word, "elapsed_ms"), ==, 1800);
  g_assert_cmpint (client_index (client, "session.output_transcript.delta", 0),
      ==, client_index (client, "session.output_audio.delta", 7) + 1);
  word = client_event (client, "session.output_transcript.delta", 2);
  g_assert_cmpstr (json_text (word, "delta"), ==, " amigos");
  g_assert_cmpint (json_int (word, "elapsed_ms"), ==, 2000);
}

static void
test_source (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GByteArray) pcm = make_speech (600, 700, 100);
  JsonObject *word;

  client_configure (client,
      "{'audio':{'input':{'transcription':{'model':'gpt-realtime-whisper'}}}}");
  append (client, pcm);
  /* 300 ms a word while the speech goes on, the rest at its end. */
  word = client_wait (client, "session.input_transcript.delta");
  g_assert_cmpstr (json_text (word, "delta"), ==, "Good");
  g_assert_cmpint (json_int (word, "elapsed_ms"), ==, 1000);
  word = client_wait (client, "session.input_transcript.delta");
  g_assert_cmpstr (json_text (word, "delta"), ==, " morning");
  client_fence (client);
  g_assert_cmpuint (
      client_count (client, "session.input_transcript.delta"), ==, 2);
  g_byte_array_set_size (pcm, 0);
  add_silence (pcm, 1000);
  append (client, pcm);
  client_wait (client, "session.input_transcript.delta");
  finish (client);
  expect_text (
      client, "session.input_transcript.delta", "Good morning friends");
}

/* The language in force when the speech begins; a space parts utterances. */
static void
test_switch (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GByteArray) pcm = make_speech (200, 400, 1000);

  append (client, pcm);
  client_fence (client);
  client_configure (client, "{'audio':{'output':{'language':'fr'}}}");
  append (client, pcm);
  finish (client);
  expect_text (
      client, "session.output_transcript.delta", "Buenos días amigos Salut");
}

static void
test_same_language (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GByteArray) pcm = make_speech (200, 400, 1000);
  guint start, end;

  client_configure (client,
      "{'audio':{'output':{'language':'en'},'input':{'transcription':{'model':"
      "'gpt-realtime-whisper'}}}}");
  append (client, pcm);
  finish (client);
  find_sound (client, &start, &end);
  g_assert_cmpuint (end, ==, 0);
  g_assert_cmpuint (client->audio->len, ==, pcm->len);
  g_assert_cmpuint (
      client_count (client, "session.output_transcript.delta"), ==, 0);
  expect_text (client, "session.input_transcript.delta", "Hello");
}

/* Where the input stands still, so does the output. */
static void
test_stall (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GByteArray) pcm = make_speech (0, 500, 250);

  append (client, pcm);
  client_fence (client);
  g_assert_cmpuint (client->audio->len, ==, 3 * FRAME);
  /* 50 ms more fill the frame. */
  client_append (client, pcm->data + 500 * 48, 50 * 48 - 1);
  client_fence (client);
  g_assert_cmpuint (client->audio->len, ==, 3 * FRAME);
  client_append (client, pcm->data, 1);
  client_wait (client, "session.output_audio.delta");
  client_fence (client);
  g_assert_cmpuint (client->audio->len, ==, 4 * FRAME);
}

/* What is still to be said is said after the close, in full. */
static void
test_close (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GByteArray) pcm = make_speech (0, 510, 0);
  guint start, end, before;

  append (client, pcm);
  client_fence (client);
  before = client_count (client, "session.output_audio.delta");
  g_assert_cmpuint (before, ==, 2);
  finish (client);
  find_sound (client, &start, &end);
  g_assert_cmpuint (start, ==, 1000);
  g_assert_cmpuint (end, ==, 1400);
  g_assert_cmpuint (client->audio->len, ==, 7 * FRAME);
  g_assert_cmpstr (
      json_text (client_event (client, "session.closed", 0), "type"), ==,
      json_text (
          g_ptr_array_index (client->events, client->events->len - 1), "type"));
  client_expect_refusal (
      client, "{'type':'session.close'}", "invalid_event", "type");
  client_expect_refusal (client,
      "{'type':'session.input_audio_buffer.append','audio':'AAAA'}",
      "invalid_event", "type");
}

static void
test_close_empty (Fixture *fixture, gconstpointer data)
{
  finish (fixture->client);
  g_assert_cmpuint (fixture->client->audio->len, ==, 0);
}

/* The odd rest of a delta, bursts, and a clock that counts deltas. */
static void
test_bursts (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GByteArray) pcm = make_silence (1400);
  JsonObject *delta;

  append (client, pcm);
  client_fence (client);
  g_assert_cmpuint (client->audio->len, ==, 0);
  append (client, pcm);
  client_fence (client);
  g_assert_cmpuint (client->audio->len, ==, 10 * FRAME);
  g_assert_cmpuint (client_count (client, "session.output_audio.delta"), ==, 5);
  delta = client_event (client, "session.output_audio.delta", 4);
  g_assert_cmpint (json_int (delta, "elapsed_ms"), ==, 1000);
  pcm->len = 9600;
  append (client, pcm);
  finish (client);
  g_assert_cmpuint (client->audio->len, ==, 15 * FRAME);
  delta = client_event (client, "session.output_audio.delta", 7);
  g_assert_cmpuint (strlen (json_text (delta, "delta")), ==, FRAME / 3 * 4);
}

static void
test_no_clock (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GByteArray) pcm = make_silence (200);

  append (client, pcm);
  g_assert_false (json_has (
      client_wait (client, "session.output_audio.delta"), "elapsed_ms"));
}

/* Two translations that would overlap are said one after the other. */
static void
test_queue (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GByteArray) pcm = make_speech (0, 400, 600);
  guint start, end;

  append (client, pcm);
  append (client, pcm);
  finish (client);
  find_sound (client, &start, &end);
  g_assert_cmpuint (start, ==, 0);
  g_assert_cmpuint (end, ==, 1750);
  g_assert_cmpuint (client->audio->len, ==, 2000 * 48);
}

/* Without a script: the truth, spoken, in the language asked for. */
static void
test_default (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GByteArray) pcm = make_speech (200, 1000, 1000);
  guint start, end;

  client_configure (client,
      "{'audio':{'output':{'language':'en'},'input':{'transcription':{'model':"
      "'gpt-realtime-whisper'}}}}");
  append (client, pcm);
  finish (client);
  expect_text (client, "session.output_transcript.delta",
      "translation of 1.0 seconds of speech");
  expect_text (
      client, "session.input_transcript.delta", "(1.0 seconds of speech)");
  find_sound (client, &start, &end);
  g_assert_cmpuint (start, >=, 200 + 1000 + 400 + 800);
  g_assert_cmpuint (end, >, start + 1000);
}

static void
test_every_voice (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const gchar *code, *text;
  } texts[] = { { "es", "traducción de 1.0 segundos de voz" },
    { "ja", "1.0秒の音声の翻訳" }, { "ru", "перевод 1.0 секунды речи" },
    { "zh", "1.0秒语音的翻译" }, { "hi", "1.0 सेकंड की बोली का अनुवाद" },
    { "vi", "bản dịch của 1.0 giây tiếng nói" } };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (texts); i++) {
    Client *client = client_open (fixture->sandbox, PATH, NULL, NULL);
    g_autoptr (GByteArray) pcm = make_speech (200, 1000, 1000);
    g_autofree gchar *session = g_strdup_printf (
        "{'audio':{'output':{'language':'%s'}}}", texts[i].code);
    guint start, end;

    client_configure (client, session);
    append (client, pcm);
    finish (client);
    expect_text (client, "session.output_transcript.delta", texts[i].text);
    find_sound (client, &start, &end);
    g_assert_cmpuint (end, >, start + 500);
    client_free (client);
  }
}

/* Real time where it is asked for: no more than pace allows has come. */
static void
test_pace (void)
{
  const SandboxOptions options = { .pace = 4 };
  Sandbox *sandbox = start_sandbox (&options);
  Client *client = client_open (sandbox, PATH, NULL, NULL);
  g_autoptr (GByteArray) pcm = make_silence (4000);
  gint64 start = g_get_monotonic_time (), spent;

  append (client, pcm);
  finish (client);
  spent = g_get_monotonic_time () - start;
  g_assert_cmpuint (client->audio->len, ==, pcm->len);
  /* The last of 20 frames is due 3800 ms / 4 after the first. */
  g_assert_cmpint (spent, >=, 950 * 1000);
  client_free (client);
  sandbox_stop_thread (sandbox);
}

/* With a voice in the making. */
static void
test_freed_while_open (void)
{
  const SandboxOptions options = { .pace = 1 };
  Sandbox *sandbox = start_sandbox (&options);
  Client *client = client_open (sandbox, PATH, NULL, NULL);
  g_autoptr (GByteArray) pcm = make_speech (0, 1000, 1000);

  append (client, pcm);
  client_wait (client, "session.output_audio.delta");
  sandbox_stop_thread (sandbox);
  g_assert_cmpuint (client_wait_closed (client), ==, 0);
  client_free (client);
}

static void
test_ways_in (void)
{
  Sandbox *sandbox = start_sandbox (NULL);
  Client *client;

  client_expect_no_way (sandbox, "/v1/realtime/translations", "missing_model");
  client_expect_no_way (sandbox,
      "/v1/realtime/translations?model=gpt-realtime-2", "invalid_model");
  client_expect_no_way (
      sandbox, "/v1/realtime?model=gpt-realtime-translate", "invalid_model");
  client_expect_no_way (sandbox, PATH "&intent=transcription", "invalid_value");
  client = client_open (
      sandbox, "/openai/v1/realtime/translations?model=mine", NULL, NULL);
  g_assert_cmpstr (
      json_text (client_wait (client, "session.created"), "session.model"), ==,
      "mine");
  client_free (client);
  sandbox_stop_thread (sandbox);
}

#define ADD(name, function, script)                                            \
  g_test_add ("/sandbox/translations/" name, Fixture, script, set_up,          \
      function, fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("created", test_created, NULL);
  ADD ("update", test_update, NULL);
  ADD ("languages", test_languages, NULL);
  ADD ("other-events", test_other_events, NULL);
  ADD ("audio", test_audio, SCRIPT);
  ADD ("place", test_place,
      "{'turns':[{'translate':{'text':'a','tone_ms':250,'lag_ms':630}}]}");
  ADD ("words", test_words, SCRIPT);
  ADD ("source", test_source, SCRIPT);
  ADD ("switch", test_switch, SCRIPT);
  ADD ("same-language", test_same_language,
      "{'turns':[{'hear':'Hello','translate':{'text':'Hola','from':'en'}}]}");
  ADD ("stall", test_stall, SCRIPT);
  ADD ("close", test_close, SCRIPT);
  ADD ("close-empty", test_close_empty, NULL);
  ADD ("bursts", test_bursts,
      "{'turns':[],'translation':{'delta_bytes':19200,'burst_ms':2000,"
      "'elapsed':'deltas'}}");
  ADD ("no-clock", test_no_clock,
      "{'turns':[],'translation':{'delta_bytes':9600,'elapsed':'none'}}");
  ADD ("queue", test_queue,
      "{'turns':[{'translate':{'text':'a','tone_ms':1500,'lag_ms':0}},"
      "{'translate':{'text':'b','tone_ms':250,'lag_ms':0}}]}");
  ADD ("default", test_default, NULL);
  ADD ("every-voice", test_every_voice, NULL);
  g_test_add_func ("/sandbox/translations/pace", test_pace);
  g_test_add_func (
      "/sandbox/translations/freed-while-open", test_freed_while_open);
  g_test_add_func ("/sandbox/translations/ways-in", test_ways_in);
  return g_test_run ();
}
