/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Transcription sessions: each model's way of showing what it hears. */
#include "client.h"

#define PATH "/v1/realtime?intent=transcription"
#define DELTA "conversation.item.input_audio_transcription.delta"
#define COMPLETED "conversation.item.input_audio_transcription.completed"
#define FAILED "conversation.item.input_audio_transcription.failed"
#define SEGMENT "conversation.item.input_audio_transcription.segment"
#define MANUAL(model)                                                          \
  "{'type':'transcription','audio':{'input':{'transcription':{'model':'" model \
  "'},'turn_detection':null}}}"

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture_open (fixture, PATH, data);
  client_wait (fixture->client, "session.created");
}

static void
append_tone (Client *client, guint ms)
{
  g_autoptr (GByteArray) pcm = g_byte_array_new ();

  add_tone (pcm, ms, 8000);
  client_append_pieces (client, pcm->data, pcm->len, 1920);
}

static void
append_silence (Client *client, guint ms)
{
  g_autoptr (GByteArray) pcm = make_silence (ms);

  client_append_pieces (client, pcm->data, pcm->len, 1920);
}

/* Commits; the item's id. */
static const gchar *
commit (Client *client)
{
  client_send (client, "{'type':'input_audio_buffer.commit'}");
  return json_text (
      client_wait (client, "input_audio_buffer.committed"), "item_id");
}

static void
expect_deltas (Client *client, const gchar *item_id, const gchar *expected)
{
  g_autofree gchar *text = client_join (client, DELTA, item_id);

  g_assert_cmpstr (text, ==, expected);
}

static void
test_created (Fixture *fixture, gconstpointer data)
{
  JsonObject *session = json_object_get_object_member (
      client_event (fixture->client, "session.created", 0), "session");

  g_assert_cmpstr (json_text (session, "type"), ==, "transcription");
  g_assert_cmpstr (
      json_text (session, "object"), ==, "realtime.transcription_session");
  g_assert_true (json_null (session, "audio.input.transcription"));
  g_assert_cmpstr (
      json_text (session, "audio.input.turn_detection.type"), ==, "server_vad");
  g_assert_false (json_has (session, "model"));
  g_assert_false (json_has (session, "audio.output"));
}

static const struct {
  const gchar *session, *code, *param;
} refusals[] = {
  { "'audio':{}", "missing_required_parameter", "session.type" },
  { "'type':'realtime','instructions':'x'", "invalid_parameter",
      "session.type" },
  { "'type':'transcription','instructions':'x'", "unknown_parameter",
      "session.instructions" },
  { "'type':'transcription','audio':{'output':{}}", "unknown_parameter",
      "session.audio.output" },
  { "'type':'transcription','tools':[]", "unknown_parameter", "session.tools" },
  { "'type':'transcription','audio':{'input':{'format':{'type':'audio/mp3'}}}",
      "invalid_value", "session.audio.input.format.type" },
  /* The live models have no turns, and not all parameters. */
  { "'type':'transcription','audio':{'input':{'transcription':{'model':"
    "'gpt-realtime-whisper'},'turn_detection':{'type':'server_vad'}}}",
      "invalid_value", "session.audio.input.turn_detection" },
  { "'type':'transcription','audio':{'input':{'transcription':{'model':"
    "'gpt-live-transcribe'},'turn_detection':{'type':'semantic_vad'}}}",
      "invalid_value", "session.audio.input.turn_detection" },
  { "'type':'transcription','audio':{'input':{'transcription':{'model':"
    "'gpt-realtime-whisper','prompt':'x'}}}",
      "invalid_value", "session.audio.input.transcription.prompt" },
  { "'type':'transcription','audio':{'input':{'transcription':{'model':"
    "'gpt-4o-transcribe','delay':'low'}}}",
      "invalid_value", "session.audio.input.transcription.delay" },
  { "'type':'transcription','audio':{'input':{'transcription':{'model':"
    "'gpt-realtime-whisper','delay':'slow'}}}",
      "invalid_value", "session.audio.input.transcription.delay" },
  { "'type':'transcription','audio':{'input':{'transcription':{'model':"
    "'whisper-1','keywords':['x']}}}",
      "invalid_value", "session.audio.input.transcription.keywords" },
};

static void
test_refusals (Fixture *fixture, gconstpointer data)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (refusals); i++) {
    JsonObject *error;

    g_test_message ("%s", refusals[i].session);
    client_send (fixture->client, "{'type':'session.update','session':{%s}}",
        refusals[i].session);
    error = client_expect_error (fixture->client, refusals[i].code);
    g_assert_cmpstr (json_text (error, "param"), ==, refusals[i].param);
  }
}

/* Turn detection goes off by itself; keywords are not shown again. */
static void
test_live_session (Fixture *fixture, gconstpointer data)
{
  JsonObject *session = client_configure (fixture->client,
      "{'type':'transcription','audio':{'input':{'transcription':{'model':"
      "'gpt-live-transcribe','keywords':['a'],'languages':['en','de'],"
      "'delay':'minimal'}}}}");

  g_assert_true (json_null (session, "audio.input.turn_detection"));
  g_assert_cmpstr (
      json_text (session, "audio.input.transcription.languages[1]"), ==, "de");
  g_assert_false (json_has (session, "audio.input.transcription.keywords"));
}

static void
test_other_events (Fixture *fixture, gconstpointer data)
{
  static const gchar *const types[] = { "response.create",
    "conversation.item.create", "conversation.item.delete", "session.close" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (types); i++) {
    client_send (fixture->client, "{'type':'%s'}", types[i]);
    g_assert_cmpstr (
        json_text (
            client_expect_error (fixture->client, "invalid_value"), "param"),
        ==, "type");
  }
}

/* A word per 300 ms of audio from the first sound on, before any commit. */
static void
test_live (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  const gchar *item_id;
  JsonObject *completed;

  client_configure (client, MANUAL ("gpt-realtime-whisper"));
  append_silence (client, 1000);
  append_tone (client, 290);
  client_fence (client);
  g_assert_cmpuint (client_count (client, DELTA), ==, 0);
  append_tone (client, 20);
  g_assert_cmpstr (json_text (client_wait (client, DELTA), "delta"), ==, "One");
  append_silence (client, 300);
  g_assert_cmpstr (
      json_text (client_wait (client, DELTA), "delta"), ==, " two");
  client_fence (client);
  g_assert_cmpuint (client_count (client, DELTA), ==, 2);
  g_assert_cmpuint (
      client_count (client, "input_audio_buffer.speech_started"), ==, 0);
  item_id = commit (client);
  completed = client_wait (client, COMPLETED);
  g_assert_cmpstr (json_text (completed, "item_id"), ==, item_id);
  g_assert_cmpstr (
      json_text (completed, "transcript"), ==, "One two three four");
  expect_deltas (client, item_id, "One two three four");
  g_assert_cmpuint (client_count (client, DELTA), ==, 4);
  /* 1610 ms, rounded up. */
  g_assert_cmpstr (json_text (completed, "usage.type"), ==, "duration");
  g_assert_cmpint (json_int (completed, "usage.seconds"), ==, 2);
}

static void
test_live_order (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;

  client_configure (client, MANUAL ("gpt-live-transcribe"));
  append_tone (client, 700);
  commit (client);
  client_wait (client, COMPLETED);
  g_assert_cmpint (client_index (client, DELTA, 1), <,
      client_index (client, "input_audio_buffer.committed", 0));
  g_assert_cmpint (client_index (client, "input_audio_buffer.committed", 0), <,
      client_index (client, "conversation.item.added", 0));
  g_assert_cmpint (client_index (client, "conversation.item.done", 0), <,
      client_index (client, DELTA, 2));
  g_assert_true (json_null (client_event (client, "conversation.item.done", 0),
      "item.content[0].transcript"));
  g_assert_cmpuint (client_count (client, "response.created"), ==, 0);
  /* The next speech is the next item and the script's next turn. */
  append_tone (client, 320);
  g_assert_cmpstr (
      json_text (client_wait (client, DELTA), "delta"), ==, "Five");
  g_assert_cmpstr (json_text (client_event (client, DELTA, 4), "item_id"), ==,
      commit (client));
  client_wait (client, COMPLETED);
}

/* Better text comes later. */
static void
test_delay (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;

  client_configure (client,
      "{'type':'transcription','audio':{'input':{'transcription':{'model':"
      "'gpt-realtime-whisper','delay':'high'}}}}");
  append_tone (client, 1290);
  client_fence (client);
  g_assert_cmpuint (client_count (client, DELTA), ==, 0);
  append_tone (client, 20);
  client_wait (client, DELTA);
}

/* The same events whatever the sizes of the appends. */
static void
test_live_pieces (Fixture *fixture, gconstpointer data)
{
  static const gsize pieces[] = { 333, 14401, 1000000 };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (pieces); i++) {
    Client *client = client_open (fixture->sandbox, PATH, NULL, NULL);
    g_autoptr (GByteArray) pcm = make_silence (500);

    add_tone (pcm, 650, 8000);
    client_configure (client, MANUAL ("gpt-realtime-whisper"));
    client_append_pieces (client, pcm->data, pcm->len, pieces[i]);
    client_fence (client);
    g_assert_cmpuint (client_count (client, DELTA), ==, 2);
    client_free (client);
  }
}

/* Without a script: the truth, a second at a time. */
static void
test_live_unscripted (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  const gchar *item_id;

  client_configure (client, MANUAL ("gpt-realtime-whisper"));
  append_tone (client, 1050);
  g_assert_cmpstr (
      json_text (client_wait (client, DELTA), "delta"), ==, "1 s of sound");
  append_silence (client, 3000);
  append_tone (client, 1000);
  item_id = commit (client);
  g_assert_cmpstr (json_text (client_wait (client, COMPLETED), "transcript"),
      ==, "1 s of sound, 2 s");
  expect_deltas (client, item_id, "1 s of sound, 2 s");
  append_tone (client, 400);
  commit (client);
  g_assert_cmpstr (json_text (client_wait (client, COMPLETED), "transcript"),
      ==, "(0.4 seconds of speech)");
}

static void
test_commit_minimum (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;

  client_configure (client, MANUAL ("gpt-realtime-whisper"));
  append_tone (client, 99);
  client_send (client, "{'type':'input_audio_buffer.commit','event_id':'c'}");
  g_assert_cmpstr (json_text (client_expect_error (
                                  client, "input_audio_buffer_commit_empty"),
                       "event_id"),
      ==, "c");
  append_tone (client, 1);
  commit (client);
}

/* The words of audio that was cleared are gone with it. */
static void
test_clear (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  const gchar *item_id;

  client_configure (client, MANUAL ("gpt-realtime-whisper"));
  append_tone (client, 400);
  client_wait (client, DELTA);
  client_send (client, "{'type':'input_audio_buffer.clear'}");
  client_wait (client, "input_audio_buffer.cleared");
  append_tone (client, 400);
  item_id = commit (client);
  client_wait (client, COMPLETED);
  g_assert_cmpstr (
      json_text (client_event (client, DELTA, 0), "item_id"), !=, item_id);
  expect_deltas (client, item_id, "Five");
}

/* As the service does: without a word. */
static void
test_update_loses_audio (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;

  client_configure (client, MANUAL ("gpt-realtime-whisper"));
  append_tone (client, 400);
  client_configure (client, MANUAL ("gpt-realtime-whisper"));
  client_send (client, "{'type':'input_audio_buffer.commit'}");
  client_expect_error (client, "input_audio_buffer_commit_empty");
  g_assert_cmpuint (client_count (client, "input_audio_buffer.cleared"), ==, 0);
}

/* The other models hear a turn when it is over. */
static void
test_server_vad (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  const gchar *item_id;
  JsonObject *completed;

  client_configure (client,
      "{'type':'transcription','audio':{'input':{'transcription':{'model':"
      "'gpt-4o-transcribe'}}}}");
  append_silence (client, 500);
  append_tone (client, 1000);
  append_silence (client, 500);
  item_id = json_text (
      client_wait (client, "input_audio_buffer.speech_started"), "item_id");
  client_wait (client, "input_audio_buffer.speech_stopped");
  client_wait (client, "input_audio_buffer.committed");
  g_assert_cmpuint (client_count (client, DELTA), ==, 0);
  completed = client_wait (client, COMPLETED);
  g_assert_cmpstr (json_text (completed, "item_id"), ==, item_id);
  expect_deltas (client, item_id, "One two three four");
  g_assert_cmpuint (client_count (client, DELTA), ==, 4);
  g_assert_cmpstr (json_text (completed, "usage.type"), ==, "tokens");
  /* 1500 ms with the padding before and the silence after. */
  g_assert_cmpint (
      json_int (completed, "usage.input_token_details.audio_tokens"), ==, 15);
  client_fence (client);
  g_assert_cmpuint (client_count (client, "response.created"), ==, 0);
}

static void
test_one_piece (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  JsonObject *completed;

  client_configure (client, MANUAL ("whisper-1"));
  append_tone (client, 1001);
  client_fence (client);
  g_assert_cmpuint (client_count (client, DELTA), ==, 0);
  commit (client);
  completed = client_wait (client, COMPLETED);
  g_assert_cmpuint (client_count (client, DELTA), ==, 1);
  g_assert_cmpint (json_int (completed, "usage.seconds"), ==, 2);
}

static void
test_speakers (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  const gchar *item_id;
  JsonObject *first, *second;

  client_configure (client, MANUAL ("gpt-4o-transcribe-diarize"));
  append_tone (client, 1000);
  item_id = commit (client);
  g_assert_cmpstr (json_text (client_wait (client, COMPLETED), "transcript"),
      ==, "Hello. Hi you");
  g_assert_cmpuint (client_count (client, SEGMENT), ==, 2);
  first = client_event (client, SEGMENT, 0);
  second = client_event (client, SEGMENT, 1);
  g_assert_cmpstr (json_text (first, "item_id"), ==, item_id);
  g_assert_cmpstr (json_text (first, "speaker"), ==, "ann");
  g_assert_cmpstr (json_text (second, "speaker"), ==, "bob");
  g_assert_cmpstr (json_text (second, "text"), ==, "Hi you");
  g_assert_cmpstr (json_text (first, "id"), !=, json_text (second, "id"));
  g_assert_cmpfloat (json_node_get_double (json_at (first, "start")), ==, 0);
  g_assert_cmpfloat (json_node_get_double (json_at (first, "end")), ==,
      json_node_get_double (json_at (second, "start")));
  g_assert_cmpfloat (json_node_get_double (json_at (second, "end")), ==, 1);
}

static void
test_out_of_order (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  const gchar *slow, *fast;

  client_configure (client, MANUAL ("gpt-4o-transcribe"));
  append_tone (client, 200);
  slow = commit (client);
  append_tone (client, 200);
  fast = commit (client);
  g_assert_cmpstr (
      json_text (client_wait (client, COMPLETED), "item_id"), ==, fast);
  expect_deltas (client, slow, "slow");
  g_assert_cmpuint (client_count (client, COMPLETED), ==, 1);
}

/* One item's trouble is not the next one's. */
static void
test_trouble (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  const gchar *item_id, *stalled;
  JsonObject *failed;

  client_configure (client, MANUAL ("gpt-realtime-whisper"));
  append_tone (client, 200);
  item_id = commit (client);
  failed = client_wait (client, FAILED);
  g_assert_cmpstr (json_text (failed, "item_id"), ==, item_id);
  g_assert_cmpstr (json_text (failed, "error.code"), ==, "garbled");
  append_tone (client, 2000);
  stalled = commit (client);
  append_tone (client, 200);
  item_id = commit (client);
  g_assert_cmpstr (
      json_text (client_wait (client, COMPLETED), "item_id"), ==, item_id);
  expect_deltas (client, stalled, "a b");
  g_assert_cmpuint (client_count (client, COMPLETED), ==, 1);
}

/* Nothing is transcribed unless it is asked for; a misspelt model asks for
 * nothing. */
static void
test_no_model (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  JsonObject *session = client_configure (client, MANUAL ("gpt-4o-transcibe"));

  g_assert_true (json_null (session, "audio.input.transcription"));
  append_tone (client, 200);
  commit (client);
  client_wait (client, "conversation.item.done");
  client_fence (client);
  g_assert_cmpuint (client_count (client, DELTA), ==, 0);
}

/* What comes faster than the limit is lost, and the books know how much. */
static void
test_upload_limit (void)
{
  const SandboxOptions options = { .upload_limit = 0.001 };
  Sandbox *sandbox = start_sandbox (&options);
  Client *client = client_open (sandbox, PATH, NULL, NULL);
  g_autoptr (GPtrArray) connections = NULL;
  SandboxConnection *connection;

  client_configure (client, MANUAL ("whisper-1"));
  append_silence (client, 3000);
  commit (client);
  g_assert_cmpint (
      json_int (client_wait (client, COMPLETED), "usage.seconds"), ==, 1);
  connections = sandbox_dup_connections (sandbox);
  g_assert_cmpuint (connections->len, ==, 1);
  connection = g_ptr_array_index (connections, 0);
  g_assert_cmpuint (connection->audio_bytes, ==, 3000 * 48);
  g_assert_cmpuint (connection->lost_bytes, ==, 2000 * 48);
  g_assert_cmpuint (connection->appends, ==, 75);
  g_assert_cmpuint (connection->commits, ==, 1);
  client_free (client);
  sandbox_stop_thread (sandbox);
}

static void
test_ways_in (void)
{
  Sandbox *sandbox = start_sandbox (NULL);
  Client *client;

  client_expect_no_way (
      sandbox, PATH "&model=gpt-realtime-whisper", "invalid_model");
  client_expect_no_way (sandbox, PATH "&model=gpt-realtime-2", "invalid_model");
  client_expect_no_way (sandbox, "/v1/realtime?intent=talk", "invalid_value");
  /* A model in the URL makes a conversation. */
  client = client_open (sandbox, NULL, NULL, NULL);
  client_send (
      client, "{'type':'session.update','session':{'type':'transcription'}}");
  client_expect_error (client, "invalid_parameter");
  client_free (client);
  client = client_open (
      sandbox, "/openai/v1/realtime?intent=transcription", NULL, NULL);
  g_assert_cmpstr (
      json_text (client_wait (client, "session.created"), "session.type"), ==,
      "transcription");
  client_free (client);
  sandbox_stop_thread (sandbox);
}

#define ADD(name, function, script)                                            \
  g_test_add ("/sandbox/transcriptions/" name, Fixture, script, set_up,        \
      function, fixture_tear_down)
#define WORDS "{'turns':[{'hear':'One two three four'},{'hear':'Five'}]}"

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("created", test_created, NULL);
  ADD ("refusals", test_refusals, NULL);
  ADD ("live-session", test_live_session, NULL);
  ADD ("other-events", test_other_events, NULL);
  ADD ("live", test_live, WORDS);
  ADD ("live-order", test_live_order, WORDS);
  ADD ("delay", test_delay, WORDS);
  ADD ("live-pieces", test_live_pieces, WORDS);
  ADD ("live-unscripted", test_live_unscripted, NULL);
  ADD ("commit-minimum", test_commit_minimum, WORDS);
  ADD ("clear", test_clear, WORDS);
  ADD ("update-loses-audio", test_update_loses_audio, WORDS);
  ADD ("server-vad", test_server_vad, WORDS);
  ADD ("one-piece", test_one_piece, WORDS);
  ADD ("speakers", test_speakers,
      "{'turns':[{'segments':[{'speaker':'ann','text':'Hello.'},{'speaker':"
      "'bob','text':'Hi you'}]}]}");
  ADD ("out-of-order", test_out_of_order,
      "{'turns':[{'hear':'slow','hear_after_ms':20000},{'hear':'fast'}]}");
  ADD ("trouble", test_trouble,
      "{'turns':[{'hear':'x','hear_error':{'code':'garbled'}},"
      "{'hear':'a b c d','stall_words':2},{'hear':'y'}]}");
  ADD ("no-model", test_no_model, WORDS);
  g_test_add_func ("/sandbox/transcriptions/upload-limit", test_upload_limit);
  g_test_add_func ("/sandbox/transcriptions/ways-in", test_ways_in);
  return g_test_run ();
}
