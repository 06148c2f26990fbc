/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Audio turns: detection, commits, order of events, transcripts, timeouts. */
#include <string.h>

#include "client.h"

/* A short tone for each answer, so that nothing depends on a voice. */
#define TONES "{'turns':[{'say':[{'text':'a b','tone_ms':100}]}],'loop':true}"

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture_set_up (fixture, data != NULL ? data : TONES);
}

static void
append (Client *client, GByteArray *pcm)
{
  client_append_pieces (client, pcm->data, pcm->len, 1920);
}

/* 1 s of silence, a tone of 1 s, silence. */
static GByteArray *
make_turn (guint silence_after)
{
  GByteArray *pcm = make_silence (1000);

  add_tone (pcm, 1000, 8000);
  add_silence (pcm, silence_after);
  return pcm;
}

/* The audio that the server holds of an item. */
static GByteArray *
retrieve_audio (Client *client, const gchar *item_id)
{
  client_send (
      client, "{'type':'conversation.item.retrieve','item_id':'%s'}", item_id);
  return decode_base64 (
      json_text (client_wait (client, "conversation.item.retrieved"),
          "item.content[0].audio"));
}

/* Padding before, the silence window after; to the sample. */
static void
test_positions (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GByteArray) pcm = make_turn (1000);
  g_autoptr (GByteArray) audio = NULL;
  JsonObject *started, *stopped;
  const gchar *id;

  append (client, pcm);
  started = client_wait (client, "input_audio_buffer.speech_started");
  stopped = client_wait (client, "input_audio_buffer.speech_stopped");
  g_assert_cmpint (json_int (started, "audio_start_ms"), ==, 700);
  g_assert_cmpint (json_int (stopped, "audio_end_ms"), ==, 2200);
  id = json_text (started, "item_id");
  g_assert_cmpstr (json_text (stopped, "item_id"), ==, id);
  g_assert_cmpstr (
      json_text (
          client_wait (client, "input_audio_buffer.committed"), "item_id"),
      ==, id);
  audio = retrieve_audio (client, id);
  g_assert_cmpmem (audio->data, audio->len, pcm->data + 700 * 48, 1500 * 48);
}

/* The same audio in one piece, or in pieces that split samples. */
static void
test_pieces (Fixture *fixture, gconstpointer data)
{
  static const gsize pieces[] = { 333, 4801, 1000000 };
  g_autoptr (GByteArray) pcm = make_turn (600);
  guint i;

  for (i = 0; i < G_N_ELEMENTS (pieces); i++) {
    Client *client = client_open (fixture->sandbox, NULL, NULL, NULL);

    client_append_pieces (client, pcm->data, pcm->len, pieces[i]);
    g_assert_cmpint (
        json_int (client_wait (client, "input_audio_buffer.speech_started"),
            "audio_start_ms"),
        ==, 700);
    g_assert_cmpint (
        json_int (client_wait (client, "input_audio_buffer.speech_stopped"),
            "audio_end_ms"),
        ==, 2200);
    client_fence (client);
    g_assert_cmpuint (
        client_count (client, "input_audio_buffer.speech_started"), ==, 1);
    client_free (client);
  }
}

/* The session's own settings count. */
static void
test_settings (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GByteArray) pcm = make_turn (690);

  client_configure (client,
      "{'type':'realtime','audio':{'input':{'turn_detection':{'type':"
      "'server_vad','prefix_padding_ms':120,'silence_duration_ms':700}}}}");
  append (client, pcm);
  g_assert_cmpint (
      json_int (client_wait (client, "input_audio_buffer.speech_started"),
          "audio_start_ms"),
      ==, 880);
  client_fence (client);
  g_assert_cmpuint (
      client_count (client, "input_audio_buffer.speech_stopped"), ==, 0);
  g_byte_array_set_size (pcm, 0);
  add_silence (pcm, 40);
  append (client, pcm);
  g_assert_cmpint (
      json_int (client_wait (client, "input_audio_buffer.speech_stopped"),
          "audio_end_ms"),
      ==, 2700);
}

static void
expect_deaf (Fixture *fixture, GByteArray *pcm)
{
  append (fixture->client, pcm);
  client_fence (fixture->client);
  g_assert_cmpuint (
      client_count (fixture->client, "input_audio_buffer.speech_started"), ==,
      0);
}

static void
test_no_speech (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GByteArray) silence = make_silence (3000);
  g_autoptr (GByteArray) noise = g_byte_array_new ();
  g_autoptr (GByteArray) clicks = g_byte_array_new ();
  guint i;

  add_noise (noise, 10000, -50);
  for (i = 0; i < 20; i++) {
    add_tone (clicks, 20, 20000);
    add_silence (clicks, 130);
  }
  expect_deaf (fixture, silence);
  expect_deaf (fixture, noise);
  expect_deaf (fixture, clicks);
}

static void
test_threshold (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GByteArray) noise = g_byte_array_new ();

  add_noise (noise, 1000, -50);
  client_configure (client,
      "{'type':'realtime','audio':{'input':{'turn_detection':{'type':"
      "'server_vad','threshold':0.1}}}}");
  append (client, noise);
  client_wait (client, "input_audio_buffer.speech_started");
}

static void
check_voice (Fixture *fixture, GByteArray *voice)
{
  Client *client = fixture->client;
  g_autoptr (GByteArray) pcm = make_silence (500);
  gint64 start, end;

  g_byte_array_append (pcm, voice->data, voice->len);
  add_silence (pcm, 1000);
  client_configure (client,
      "{'type':'realtime','audio':{'input':{'turn_detection':{'type':"
      "'server_vad','silence_duration_ms':800}}}}");
  append (client, pcm);
  start = json_int (client_wait (client, "input_audio_buffer.speech_started"),
      "audio_start_ms");
  end = json_int (client_wait (client, "input_audio_buffer.speech_stopped"),
      "audio_end_ms");
  /* It begins within the first 200 ms of the file and ends with it. Its two
   * words are half a second apart once their hissing is gone. */
  g_assert_cmpint (start, >=, 200);
  g_assert_cmpint (start, <=, 400);
  g_assert_cmpint (end, >=, 500 + voice->len / 48 + 500);
  g_assert_cmpint (end, <=, 500 + voice->len / 48 + 820);
  client_fence (client);
  g_assert_cmpuint (
      client_count (client, "input_audio_buffer.speech_started"), ==, 1);
}

static void
test_voice (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GByteArray) voice = load_voice ();

  if (voice != NULL)
    check_voice (fixture, voice);
}

/* Telephone quality: what is left at 8 kHz and half the level. */
static void
test_telephone (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GByteArray) voice = load_voice ();
  gint16 *samples;
  guint i;

  if (voice == NULL)
    return;
  samples = (gint16 *) voice->data;
  for (i = 0; i + 3 <= voice->len / 2; i += 3) {
    gint mean = (samples[i] + samples[i + 1] + samples[i + 2]) / 3;

    samples[i] = samples[i + 1] = samples[i + 2] = mean / 2;
  }
  check_voice (fixture, voice);
}

/* ---- the order of a turn ---- */

static void
test_order (Fixture *fixture, gconstpointer data)
{
  static const gchar *const types[] = { "input_audio_buffer.speech_started",
    "input_audio_buffer.speech_stopped", "input_audio_buffer.committed",
    "conversation.item.added", "conversation.item.done", "response.created",
    "response.output_item.added", "response.content_part.added",
    "response.output_audio_transcript.delta", "response.output_audio.delta",
    "response.output_audio_transcript.done", "response.output_audio.done",
    "response.content_part.done", "response.output_item.done",
    "rate_limits.updated", "response.done", NULL };
  Client *client = fixture->client;
  g_autoptr (GByteArray) pcm = make_turn (300);
  JsonObject *user, *answer;

  append (client, pcm);
  client_wait (client, "response.done");
  client_expect_order (client, 0, types);
  user = client_event (client, "conversation.item.added", 0);
  g_assert_true (json_null (user, "previous_item_id"));
  g_assert_cmpstr (json_text (user, "item.status"), ==, "completed");
  g_assert_cmpstr (json_text (user, "item.content[0].type"), ==, "input_audio");
  g_assert_true (json_null (user, "item.content[0].transcript"));
  answer = client_event (client, "conversation.item.added", 1);
  g_assert_cmpstr (
      json_text (answer, "previous_item_id"), ==, json_text (user, "item.id"));
  g_assert_cmpstr (json_text (answer, "item.status"), ==, "in_progress");
  g_assert_cmpint (client_index (client, "conversation.item.added", 1), ==,
      client_index (client, "response.output_item.added", 0) + 1);
  g_assert_cmpint (client_index (client, "conversation.item.done", 1), ==,
      client_index (client, "response.output_item.done", 0) + 1);
  g_assert_cmpstr (
      json_text (
          client_event (client, "response.content_part.added", 0), "part.type"),
      ==, "audio");
}

static void
test_second_turn (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GByteArray) pcm = make_turn (300);
  JsonObject *committed, *started;

  append (client, pcm);
  client_wait (client, "response.done");
  append (client, pcm);
  started = client_wait (client, "input_audio_buffer.speech_started");
  /* The clock counts all audio of the session. */
  g_assert_cmpint (json_int (started, "audio_start_ms"), ==, 2300 + 700);
  committed = client_wait (client, "input_audio_buffer.committed");
  g_assert_cmpstr (json_text (committed, "previous_item_id"), ==,
      json_text (
          client_event (client, "conversation.item.added", 1), "item.id"));
  client_wait (client, "response.done");
}

static void
test_no_answer (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GByteArray) pcm = make_turn (300);

  client_configure (client,
      "{'type':'realtime','audio':{'input':{'turn_detection':{'type':"
      "'server_vad','create_response':false}}}}");
  append (client, pcm);
  client_wait (client, "input_audio_buffer.committed");
  client_fence (client);
  g_assert_cmpuint (client_count (client, "response.created"), ==, 0);
}

static void
test_semantic (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const gchar *eagerness;
    gint end;
  } waits[] = { { "high", 2500 }, { "medium", 3000 }, { "auto", 3000 },
    { "low", 4000 } };
  g_autoptr (GByteArray) pcm = make_turn (2500);
  guint i;

  for (i = 0; i < G_N_ELEMENTS (waits); i++) {
    Client *client = client_open (fixture->sandbox, NULL, NULL, NULL);
    g_autofree gchar *session = g_strdup_printf (
        "{'type':'realtime','audio':{'input':{'turn_detection':{'type':"
        "'semantic_vad','eagerness':'%s'}}}}",
        waits[i].eagerness);

    client_configure (client, session);
    append (client, pcm);
    g_assert_cmpint (
        json_int (client_wait (client, "input_audio_buffer.speech_stopped"),
            "audio_end_ms"),
        ==, waits[i].end);
    client_wait (client, "response.done");
    client_free (client);
  }
}

/* ---- manual turns ---- */

static void
test_manual (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GByteArray) pcm = make_turn (500);
  JsonObject *committed;

  client_configure (
      client, "{'type':'realtime','audio':{'input':{'turn_detection':null}}}");
  append (client, pcm);
  client_fence (client);
  g_assert_cmpuint (
      client_count (client, "input_audio_buffer.speech_started"), ==, 0);
  client_send (client, "{'type':'input_audio_buffer.commit'}");
  committed = client_wait (client, "input_audio_buffer.committed");
  g_assert_true (json_null (committed, "previous_item_id"));
  client_wait (client, "conversation.item.done");
  client_fence (client);
  g_assert_cmpuint (client_count (client, "response.created"), ==, 0);
  client_send (client, "{'type':'response.create'}");
  client_wait (client, "response.done");
}

static void
test_commit_minimum (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GByteArray) pcm = make_silence (100);
  JsonObject *error;

  client_send (
      client, "{'type':'input_audio_buffer.commit','event_id':'early'}");
  error = client_expect_error (client, "input_audio_buffer_commit_empty");
  g_assert_cmpstr (json_text (error, "message"), ==,
      "Error committing input audio buffer: buffer too small. Expected at "
      "least 100ms of audio, but buffer only has 0.00ms of audio.");
  g_assert_cmpstr (json_text (error, "event_id"), ==, "early");
  client_append (client, pcm->data, pcm->len - 2);
  client_send (client, "{'type':'input_audio_buffer.commit'}");
  error = client_expect_error (client, "input_audio_buffer_commit_empty");
  g_assert_nonnull (strstr (json_text (error, "message"), "only has 99.96ms"));
  client_append (client, pcm->data, 2);
  client_send (client, "{'type':'input_audio_buffer.commit'}");
  client_wait (client, "input_audio_buffer.committed");
  /* The 100 ms count from the last commit. */
  client_send (client, "{'type':'input_audio_buffer.commit'}");
  client_expect_error (client, "input_audio_buffer_commit_empty");
}

static void
test_clear (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GByteArray) pcm = make_silence (500);

  client_append (client, pcm->data, pcm->len);
  client_send (client, "{'type':'input_audio_buffer.clear'}");
  client_wait (client, "input_audio_buffer.cleared");
  client_send (client, "{'type':'input_audio_buffer.commit'}");
  client_expect_error (client, "input_audio_buffer_commit_empty");
}

/* The announced item is the one that comes; speech goes on as a new turn. */
static void
test_commit_in_speech (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GByteArray) pcm = make_silence (100);
  JsonObject *started;

  add_tone (pcm, 600, 8000);
  client_append (client, pcm->data, 500 * 48);
  started = client_wait (client, "input_audio_buffer.speech_started");
  client_send (client, "{'type':'input_audio_buffer.commit'}");
  g_assert_cmpstr (
      json_text (
          client_wait (client, "input_audio_buffer.committed"), "item_id"),
      ==, json_text (started, "item_id"));
  client_fence (client);
  g_assert_cmpuint (
      client_count (client, "input_audio_buffer.speech_stopped"), ==, 0);
  client_append (client, pcm->data + 500 * 48, 200 * 48);
  started = client_wait (client, "input_audio_buffer.speech_started");
  /* Padding cannot reach into what was committed. */
  g_assert_cmpint (json_int (started, "audio_start_ms"), ==, 500);
}

/* ---- G.711 ---- */

static void
test_g711 (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GByteArray) coded = g_byte_array_new ();
  g_autoptr (GByteArray) audio = NULL;
  guint i;

  client_configure (client,
      "{'type':'realtime','audio':{'input':{'format':{'type':'audio/pcma'}},"
      "'output':{'format':{'type':'audio/pcmu'}}}}");
  /* 1 s of A-law silence, 1 s at full scale, 1 s of silence. */
  for (i = 0; i < 24000; i++) {
    guint8 loud = i % 8 < 4 ? 0xaa : 0x2a, quiet = 0xd5;

    g_byte_array_append (coded, i / 8000 == 1 ? &loud : &quiet, 1);
  }
  client_append_pieces (client, coded->data, coded->len, 777);
  g_assert_cmpint (
      json_int (client_wait (client, "input_audio_buffer.speech_started"),
          "audio_start_ms"),
      ==, 700);
  g_assert_cmpint (
      json_int (client_wait (client, "input_audio_buffer.speech_stopped"),
          "audio_end_ms"),
      ==, 2200);
  g_assert_cmpstr (json_text (client_wait (client, "response.created"),
                       "response.audio.output.format.type"),
      ==, "audio/pcmu");
  client_wait (client, "response.done");
  g_assert_cmpuint (client->audio->len, ==, 800);
  audio = retrieve_audio (client,
      json_text (
          client_event (client, "input_audio_buffer.committed", 0), "item_id"));
  g_assert_cmpmem (audio->data, audio->len, coded->data + 5600, 12000);
}

/* ---- transcripts ---- */

static void
transcribe (Client *client, const gchar *model)
{
  g_autofree gchar *session = g_strdup_printf (
      "{'type':'realtime','audio':{'input':{'transcription':{'model':'%s'}}}}",
      model);
  g_autoptr (GByteArray) pcm = make_turn (300);

  client_configure (client, session);
  append (client, pcm);
}

#define HEARD "conversation.item.input_audio_transcription."

static void
test_transcript (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  JsonObject *completed, *usage;
  g_autofree gchar *text = NULL;

  transcribe (client, "gpt-4o-transcribe");
  completed = client_wait (client, HEARD "completed");
  g_assert_cmpstr (
      json_text (completed, "transcript"), ==, "(1.0 seconds of speech)");
  g_assert_cmpstr (json_text (completed, "item_id"), ==,
      json_text (
          client_event (client, "input_audio_buffer.committed", 0), "item_id"));
  text = client_join (client, HEARD "delta", NULL);
  g_assert_cmpstr (text, ==, "(1.0 seconds of speech)");
  g_assert_cmpuint (client_count (client, HEARD "delta"), ==, 4);
  usage = json_object_get_object_member (completed, "usage");
  g_assert_cmpstr (json_text (usage, "type"), ==, "tokens");
  g_assert_cmpint (
      json_int (usage, "input_token_details.audio_tokens"), ==, 15);
  g_assert_cmpint (json_int (usage, "total_tokens"), ==,
      json_int (usage, "input_tokens") + json_int (usage, "output_tokens"));
}

static void
test_scripted_transcript (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  JsonObject *completed;

  transcribe (client, "whisper-1");
  completed = client_wait (client, HEARD "completed");
  g_assert_cmpstr (json_text (completed, "transcript"), ==, "Good  morning!");
  g_assert_cmpuint (client_count (client, HEARD "delta"), ==, 1);
  g_assert_cmpstr (json_text (completed, "usage.type"), ==, "duration");
  /* 1.5 s, rounded up. */
  g_assert_cmpint (json_int (completed, "usage.seconds"), ==, 2);
  transcribe (client, "gpt-realtime-whisper");
  completed = client_wait (client, HEARD "completed");
  g_assert_cmpstr (json_text (completed, "transcript"), ==, "And you?");
  /* A turn that says nothing of what it hears. */
  transcribe (client, "gpt-realtime-whisper");
  completed = client_wait (client, HEARD "completed");
  g_assert_cmpstr (
      json_text (completed, "transcript"), ==, "(1.0 seconds of speech)");
}

/* Commits without answers walk through the script as well. */
static void
test_hear_without_answers (Fixture *fixture, gconstpointer data)
{
  static const gchar *const heard[] = { "Good  morning!", "And you?" };
  Client *client = fixture->client;
  guint i;

  client_configure (client,
      "{'type':'realtime','audio':{'input':{'turn_detection':{'type':"
      "'server_vad','create_response':false}}}}");
  for (i = 0; i < G_N_ELEMENTS (heard); i++) {
    transcribe (client, "whisper-1");
    g_assert_cmpstr (
        json_text (client_wait (client, HEARD "completed"), "transcript"), ==,
        heard[i]);
  }
}

/* ---- interruptions ---- */

static void
test_interrupt_hold (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GByteArray) pcm = make_turn (0);
  JsonObject *done;

  client_send (client, "{'type':'response.create'}");
  client_wait (client, "response.created");
  append (client, pcm);
  client_wait (client, "input_audio_buffer.speech_started");
  done = client_wait (client, "response.done");
  g_assert_cmpstr (json_text (done, "response.status"), ==, "cancelled");
  g_assert_cmpstr (
      json_text (done, "response.status_details.type"), ==, "cancelled");
  g_assert_cmpstr (
      json_text (done, "response.status_details.reason"), ==, "turn_detected");
  g_assert_false (json_has (done, "response.output[0]"));
}

static void
test_interrupt_speech (Fixture *fixture, gconstpointer data)
{
  const SandboxOptions options = { .pace = 1,
    .script_json =
        "{\"turns\":[{\"say\":[{\"text\":\"one two three four five six\","
        "\"tone_ms\":60000}],\"delta_ms\":20}]}" };
  Sandbox *sandbox = start_sandbox (&options);
  Client *client = client_open (sandbox, NULL, NULL, NULL);
  g_autoptr (GByteArray) pcm = make_turn (0);
  g_autoptr (GPtrArray) items = NULL;
  g_autofree gchar *said = NULL;
  JsonObject *done, *item;
  SandboxItem *kept;

  client_send (client, "{'type':'response.create'}");
  client_wait (client, "response.output_audio.delta");
  client_wait (client, "response.output_audio.delta");
  append (client, pcm);
  done = client_wait (client, "response.done");
  g_assert_cmpstr (
      json_text (done, "response.status_details.reason"), ==, "turn_detected");
  item = json_object_get_object_member (
      client_event (client, "response.output_item.done", 0), "item");
  g_assert_cmpstr (json_text (item, "status"), ==, "incomplete");
  g_assert_cmpstr (
      json_text (done, "response.output[0].status"), ==, "incomplete");
  said = client_join (client, "response.output_audio_transcript.delta", NULL);
  g_assert_cmpstr (json_text (item, "content[0].transcript"), ==, said);
  g_assert_cmpint (strlen (said), <, 26);
  /* What was said is closed in order before the response is. */
  g_assert_cmpstr (json_text (client_event (client,
                                  "response.output_audio_transcript.done", 0),
                       "transcript"),
      ==, said);
  g_assert_cmpstr (
      json_text (client_event (client, "response.content_part.done", 0),
          "part.transcript"),
      ==, said);
  g_assert_cmpint (client_index (client, "response.output_audio.done", 0), <,
      client_index (client, "response.done", 0));
  items = sandbox_dup_items (sandbox, 1);
  kept = g_ptr_array_index (items, 0);
  g_assert_cmpstr (kept->status, ==, "incomplete");
  g_assert_cmpuint (kept->audio_ms, ==, client->audio->len / 48);
  g_assert_cmpuint (
      sandbox_item_audio_ms (sandbox, kept->id), ==, kept->audio_ms);
  client_free (client);
  sandbox_stop_thread (sandbox);
}

/* With interrupt_response off speech changes nothing, and its own answer
 * cannot start. */
static void
test_no_interrupt (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GByteArray) pcm = make_turn (500);

  client_configure (client,
      "{'type':'realtime','audio':{'input':{'turn_detection':{'type':"
      "'server_vad','interrupt_response':false}}}}");
  client_send (client, "{'type':'response.create'}");
  client_wait (client, "response.created");
  append (client, pcm);
  client_wait (client, "input_audio_buffer.committed");
  client_fence (client);
  g_assert_cmpuint (client_count (client, "response.done"), ==, 0);
  g_assert_cmpuint (client_count (client, "response.created"), ==, 1);
}

/* ---- idle timeout, on the clock of the audio ---- */

static void
test_idle (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GByteArray) pcm = make_silence (5099);
  JsonObject *timeout;

  client_configure (client,
      "{'type':'realtime','audio':{'input':{'turn_detection':{'type':"
      "'server_vad','idle_timeout_ms':5000}}}}");
  client_send (client, "{'type':'response.create'}");
  client_wait (client, "response.done");
  /* 100 ms of answer and 5000 ms of silence. */
  append (client, pcm);
  client_fence (client);
  g_assert_cmpuint (
      client_count (client, "input_audio_buffer.timeout_triggered"), ==, 0);
  client_append (client, pcm->data, 48);
  timeout = client_wait (client, "input_audio_buffer.timeout_triggered");
  g_assert_cmpint (json_int (timeout, "audio_start_ms"), ==, 100);
  g_assert_cmpint (json_int (timeout, "audio_end_ms"), ==, 5100);
  g_assert_cmpstr (
      json_text (
          client_wait (client, "input_audio_buffer.committed"), "item_id"),
      ==, json_text (timeout, "item_id"));
  client_wait (client, "conversation.item.done");
  client_wait (client, "response.done");
  g_assert_cmpuint (client_count (client, "response.created"), ==, 2);
}

static void
test_idle_speech (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GByteArray) pcm = make_silence (4000);
  guint answers;

  client_configure (client,
      "{'type':'realtime','audio':{'input':{'turn_detection':{'type':"
      "'server_vad','idle_timeout_ms':5000}}}}");
  client_send (client, "{'type':'response.create'}");
  client_wait (client, "response.done");
  add_tone (pcm, 500, 8000);
  add_silence (pcm, 300);
  append (client, pcm);
  client_wait (client, "response.done");
  answers = client_count (client, "response.created");
  g_assert_cmpuint (answers, ==, 2);
  /* The clock began again with the answer. */
  g_byte_array_set_size (pcm, 4000 * 48);
  append (client, pcm);
  client_fence (client);
  g_assert_cmpuint (
      client_count (client, "input_audio_buffer.timeout_triggered"), ==, 0);
}

#define HEARD_SCRIPT                                                           \
  "{'turns':[{'hear':'Good  morning!','say':[{'tone_ms':50}]},"                \
  "{'hear':'And you?','say':[{'tone_ms':50}]},{'say':[{'tone_ms':50}]}]}"

#define ADD(name, function, script)                                            \
  g_test_add ("/sandbox/turns/" name, Fixture, script, set_up, function,       \
      fixture_tear_down)

static void
add_more (void)
{
  ADD ("transcript", test_transcript, NULL);
  ADD ("scripted-transcript", test_scripted_transcript, HEARD_SCRIPT);
  ADD ("hear-without-answers", test_hear_without_answers, HEARD_SCRIPT);
  ADD ("interrupt-hold", test_interrupt_hold,
      "{'turns':[{'hold':true}],'loop':true}");
  ADD ("interrupt-speech", test_interrupt_speech, NULL);
  ADD ("no-interrupt", test_no_interrupt, "{'turns':[{'hold':true}]}");
  ADD ("idle", test_idle, NULL);
  ADD ("idle-speech", test_idle_speech, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("positions", test_positions, NULL);
  ADD ("pieces", test_pieces, NULL);
  ADD ("settings", test_settings, NULL);
  ADD ("no-speech", test_no_speech, NULL);
  ADD ("threshold", test_threshold, NULL);
  ADD ("voice", test_voice, NULL);
  ADD ("telephone", test_telephone, NULL);
  ADD ("order", test_order, NULL);
  ADD ("second-turn", test_second_turn, NULL);
  ADD ("no-answer", test_no_answer, NULL);
  ADD ("semantic", test_semantic, NULL);
  ADD ("manual", test_manual, NULL);
  ADD ("commit-minimum", test_commit_minimum, NULL);
  ADD ("clear", test_clear, NULL);
  ADD ("commit-in-speech", test_commit_in_speech, NULL);
  ADD ("g711", test_g711, NULL);
  add_more ();
  return g_test_run ();
}
