/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Responses: parameters, order, phases, scripts, pace, ends. */
#include <string.h>

#include "client.h"

static guint64
audio_bytes (Client *client, const gchar *item_id)
{
  guint i, count = client_count (client, "response.output_audio.delta");
  guint64 bytes = 0;

  for (i = 0; i < count; i++) {
    JsonObject *event = client_event (client, "response.output_audio.delta", i);
    g_autoptr (GByteArray) audio = decode_base64 (json_text (event, "delta"));

    g_assert_cmpuint (audio->len % 2, ==, 0);
    if (g_str_equal (json_text (event, "item_id"), item_id))
      bytes += audio->len;
  }
  return bytes;
}

/* ---- the default answer, in the voice ---- */

static void
check_usage (JsonObject *response)
{
  JsonObject *usage = json_object_get_object_member (response, "usage");
  gint64 in = json_int (usage, "input_tokens");
  gint64 out = json_int (usage, "output_tokens");

  g_assert_cmpint (json_int (usage, "total_tokens"), ==, in + out);
  g_assert_cmpint (json_int (usage, "input_token_details.text_tokens")
          + json_int (usage, "input_token_details.audio_tokens")
          + json_int (usage, "input_token_details.image_tokens"),
      ==, in);
  g_assert_cmpint (json_int (usage, "output_token_details.text_tokens")
          + json_int (usage, "output_token_details.audio_tokens"),
      ==, out);
  g_assert_cmpint (json_int (usage, "input_token_details.cached_tokens"), <=,
      json_int (usage, "input_token_details.text_tokens"));
  g_assert_cmpint (
      json_int (usage, "input_token_details.cached_tokens") % 64, ==, 0);
}

static void
test_default (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  JsonObject *response = client_respond (client, "{}");
  const gchar *first = json_text (response, "output[0].id");
  const gchar *second = json_text (response, "output[1].id");
  g_autofree gchar *text = NULL;
  guint i;

  g_assert_cmpstr (json_text (response, "status"), ==, "completed");
  g_assert_true (json_null (response, "status_details"));
  g_assert_cmpstr (json_text (response, "output[0].phase"), ==, "commentary");
  g_assert_cmpstr (json_text (response, "output[1].phase"), ==, "final_answer");
  g_assert_cmpstr (
      json_text (response, "output[0].content[0].type"), ==, "output_audio");
  g_assert_false (json_has (response, "output[0].content[0].audio"));
  g_assert_true (g_regex_match_simple (
      "^resp_[0-9A-Za-z]{21}$", json_text (response, "id"), 0, 0));
  g_assert_true (g_regex_match_simple (
      "^conv_[0-9A-Za-z]{21}$", json_text (response, "conversation_id"), 0, 0));
  text = client_join (client, "response.output_audio_transcript.delta", second);
  g_assert_cmpstr (
      text, ==, json_text (response, "output[1].content[0].transcript"));
  g_assert_nonnull (strstr (text, "do not understand speech"));
  g_assert_cmpuint (audio_bytes (client, first), >, 200 * 48);
  g_assert_cmpuint (audio_bytes (client, second), >, 2000 * 48);
  for (i = 0; i < 2; i++) {
    JsonObject *item = json_object_get_object_member (
        client_event (client, "response.output_item.added", i), "item");

    g_assert_cmpstr (
        json_text (item, "phase"), ==, i == 0 ? "commentary" : "final_answer");
    g_assert_cmpstr (json_text (item, "status"), ==, "in_progress");
  }
  check_usage (response);
}

/* The second response reads again what the first one read. */
static void
test_cached (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autofree gchar *text = g_strnfill (1000, 'x');
  g_autofree gchar *session = g_strdup_printf (
      "{'type':'realtime','instructions':'%s'}", text);
  JsonObject *response;

  client_configure (client, session);
  response = client_respond (client, "{}");
  g_assert_cmpint (
      json_int (response, "usage.input_token_details.cached_tokens"), ==, 0);
  response = client_respond (client, "{}");
  /* 1000 bytes are 250 tokens; the cache counts in steps of 64. */
  g_assert_cmpint (
      json_int (response, "usage.input_token_details.cached_tokens"), ==, 192);
  check_usage (response);
}

/* A voice is loud and not always the same; deltas are uneven. */
static void
test_voice (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  guint i, count, different = 0;
  gint64 loud = 0;

  client_respond (client, "{}");
  count = client_count (client, "response.output_audio.delta");
  for (i = 1; i < count; i++)
    different += strlen (json_text (
                     client_event (client, "response.output_audio.delta", i),
                     "delta"))
        != strlen (json_text (
            client_event (client, "response.output_audio.delta", i - 1),
            "delta"));
  g_assert_cmpuint (different, >, count / 2);
  for (i = 0; i + 1 < client->audio->len; i += 2)
    loud += ABS ((gint16) (client->audio->data[i]
                | client->audio->data[i + 1] << 8))
        > 3000;
  g_assert_cmpint (loud, >, client->audio->len / 2 / 20);
}

/* Other voices and speeds are heard. */
static void
test_speed (Fixture *fixture, gconstpointer data)
{
  static const gchar *const speeds[] = { "0.5", "1", "1.5" };
  guint lengths[3], i;

  for (i = 0; i < 3; i++) {
    Client *client = client_open (fixture->sandbox, NULL, NULL, NULL);
    g_autofree gchar *session = g_strdup_printf (
        "{'type':'realtime','audio':{'output':{'speed':%s}}}", speeds[i]);

    client_configure (client, session);
    client_respond (client, "{}");
    lengths[i] = client->audio->len;
    client_free (client);
  }
  g_assert_cmpuint (lengths[0], >, lengths[1] * 5 / 4);
  g_assert_cmpuint (lengths[2] * 5 / 4, <, lengths[1]);
}

static void
test_text_turn (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  JsonObject *response;

  client_send (client,
      "{'type':'conversation.item.create','item':{'type':'message',"
      "'role':'user','content':[{'type':'input_text','text':"
      "'Where is my Straßenkarte?'}]}}");
  response = client_respond (client, "{'output_modalities':['text']}");
  g_assert_cmpstr (json_text (response, "output_modalities[0]"), ==, "text");
  g_assert_cmpstr (
      json_text (response, "output[1].content[0].type"), ==, "output_text");
  g_assert_nonnull (strstr (json_text (response, "output[1].content[0].text"),
      "Where is my Straßenkarte?"));
  g_assert_cmpuint (
      client_count (client, "response.output_audio.delta"), ==, 0);
  g_assert_cmpuint (client_count (client, "response.output_text.done"), ==, 2);
  g_assert_cmpstr (
      json_text (
          client_event (client, "response.content_part.added", 0), "part.type"),
      ==, "text");
  g_assert_cmpint (
      json_int (response, "usage.output_token_details.audio_tokens"), ==, 0);
}

/* ---- parameters ---- */

static void
test_params (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  JsonObject *response = client_respond (client,
      "{'instructions':'Say hello.','metadata':{'a':'b'},'tool_choice':'none',"
      "'tools':[],'parallel_tool_calls':true,'reasoning':{'effort':'high'},"
      "'max_output_tokens':77,'conversation':'auto','prompt':{'id':'p'},"
      "'audio':{'output':{'voice':'echo','format':{'type':'audio/pcmu'}}}}");
  JsonObject *created = json_object_get_object_member (
      client_event (client, "response.created", 0), "response");

  g_assert_cmpstr (json_text (created, "status"), ==, "in_progress");
  g_assert_cmpstr (json_text (created, "metadata.a"), ==, "b");
  g_assert_cmpstr (json_text (response, "metadata.a"), ==, "b");
  g_assert_cmpint (json_int (response, "max_output_tokens"), ==, 77);
  g_assert_cmpstr (json_text (response, "audio.output.voice"), ==, "echo");
  g_assert_cmpstr (
      json_text (response, "audio.output.format.type"), ==, "audio/pcmu");
  g_assert_nonnull (strstr (
      json_text (response, "output[1].content[0].transcript"), "Say hello."));
}

static void
test_bad_params (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const gchar *params, *code, *param;
  } refusals[] = {
    { "{'modalities':['text']}", "unknown_parameter", "response.modalities" },
    { "{'conversation':'new'}", "invalid_value", "response.conversation" },
    { "{'audio':{'output':{'speed':1}}}", "unknown_parameter",
        "response.audio.output.speed" },
    { "{'metadata':{'a':1}}", "invalid_type", "response.metadata.a" },
    { "{'input':[{'type':'message'}]}", "missing_required_parameter",
        "response.input[0].role" },
    { "{'input':[{'type':'item_reference','id':'x'}]}", "invalid_value",
        "response.input[0].id" },
    { "[]", "invalid_type", "response" },
  };
  Client *client = fixture->client;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (refusals); i++) {
    JsonObject *error;

    client_send (
        client, "{'type':'response.create','response':%s}", refusals[i].params);
    error = client_expect_error (client, refusals[i].code);
    g_assert_cmpstr (json_text (error, "param"), ==, refusals[i].param);
  }
  g_assert_cmpuint (client_count (client, "response.created"), ==, 0);
}

static void
test_metadata_limits (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GString) pairs = g_string_new ("'a':'b'");
  g_autofree gchar *value = g_strnfill (513, 'v');
  g_autofree gchar *key = g_strnfill (65, 'k');
  guint i;

  client_send (client,
      "{'type':'response.create','response':{'metadata':{'a':'%s'}}}", value);
  client_expect_error (client, "string_above_max_length");
  client_send (client,
      "{'type':'response.create','response':{'metadata':{'%s':'b'}}}", key);
  client_expect_error (client, "string_above_max_length");
  for (i = 0; i < 16; i++)
    g_string_append_printf (pairs, ",'a%u':'b'", i);
  client_send (client,
      "{'type':'response.create','response':{'metadata':{%s}}}", pairs->str);
  client_expect_error (client, "object_above_max_properties");
}

static void
test_out_of_band (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GPtrArray) items = NULL;
  JsonObject *response;

  client_send (client, "{'type':'response.create'}");
  client_wait (client, "response.created");
  /* Beside the one that holds the conversation. */
  response = client_respond (client,
      "{'conversation':'none','output_modalities':['text'],'metadata':{"
      "'purpose':'side'},'input':[{'type':'message','role':'user','content':"
      "[{'type':'input_text','text':'aside question'}]}]}");
  g_assert_true (json_null (response, "conversation_id"));
  g_assert_cmpstr (json_text (response, "metadata.purpose"), ==, "side");
  g_assert_nonnull (strstr (
      json_text (response, "output[1].content[0].text"), "aside question"));
  g_assert_cmpuint (client_count (client, "conversation.item.added"), ==, 0);
  items = sandbox_dup_items (fixture->sandbox, 0);
  g_assert_cmpuint (items->len, ==, 0);
}

static void
test_reference (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  JsonObject *response;

  client_send (client,
      "{'type':'conversation.item.create','item':{'id':'q','type':'message',"
      "'role':'user','content':[{'type':'input_text','text':'first'}]}}");
  client_send (client,
      "{'type':'conversation.item.create','item':{'type':'message',"
      "'role':'user','content':[{'type':'input_text','text':'second'}]}}");
  response = client_respond (client,
      "{'conversation':'none','output_modalities':['text'],"
      "'input':[{'type':'item_reference','id':'q'}]}");
  g_assert_nonnull (
      strstr (json_text (response, "output[1].content[0].text"), "first"));
  g_assert_null (
      strstr (json_text (response, "output[1].content[0].text"), "second"));
}

static void
test_one_at_a_time (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autofree gchar *message = NULL;
  JsonObject *error;

  client_send (client, "{'type':'response.create'}");
  message = g_strdup_printf (
      "Conversation already has an active response in progress: %s. Wait "
      "until the response is finished before creating a new one.",
      json_text (client_wait (client, "response.created"), "response.id"));
  client_send (client, "{'type':'response.create','event_id':'second'}");
  error = client_expect_error (
      client, "conversation_already_has_active_response");
  g_assert_cmpstr (json_text (error, "message"), ==, message);
  g_assert_cmpstr (json_text (error, "event_id"), ==, "second");
}

static void
test_cancel (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  JsonObject *error, *done;

  client_send (client, "{'type':'response.cancel','event_id':'c'}");
  error = client_expect_error (client, "response_cancel_not_active");
  g_assert_cmpstr (json_text (error, "message"), ==,
      "Cancellation failed: no active response found");
  client_send (client, "{'type':'response.create'}");
  client_wait (client, "response.created");
  client_send (client, "{'type':'response.cancel','response_id':'resp_no'}");
  client_expect_error (client, "response_cancel_not_active");
  client_send (client, "{'type':'response.cancel','response_id':'%s'}",
      json_text (client_event (client, "response.created", 0), "response.id"));
  done = client_wait (client, "response.done");
  g_assert_cmpstr (json_text (done, "response.status"), ==, "cancelled");
  g_assert_cmpstr (json_text (done, "response.status_details.reason"), ==,
      "client_cancelled");
  client_send (client, "{'type':'response.cancel'}");
  client_expect_error (client, "response_cancel_not_active");
}

/* ---- scripts ---- */

static void
test_tone (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  JsonObject *response = client_respond (client, "{}");
  guint i, count = client_count (client, "response.output_audio.delta");

  /* 1234 ms in deltas of 100 ms. */
  g_assert_cmpuint (client->audio->len, ==, 1234 * 48);
  g_assert_cmpuint (count, ==, 13);
  for (i = 0; i < count - 1; i++)
    g_assert_cmpuint (
        strlen (json_text (
            client_event (client, "response.output_audio.delta", i), "delta")),
        ==, 6400);
  g_assert_cmpuint (sandbox_item_audio_ms (
                        fixture->sandbox, json_text (response, "output[0].id")),
      ==, 1234);
  /* 20 tokens a second. */
  g_assert_cmpint (
      json_int (response, "usage.output_token_details.audio_tokens"), ==, 25);
  g_assert_false (json_has (response, "output[0].phase"));
}

/* The text runs a little ahead of its sound. */
static void
test_interleaving (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  gint word, audio;

  client_respond (client, "{}");
  g_assert_cmpuint (
      client_count (client, "response.output_audio_transcript.delta"), ==, 10);
  /* Ten words in 1 s: the fifth begins at 400 ms and is sent before the delta
   * that begins there, but not 300 ms earlier. */
  word = client_index (client, "response.output_audio_transcript.delta", 4);
  audio = client_index (client, "response.output_audio.delta", 8);
  g_assert_cmpint (word, <, audio);
  audio = client_index (client, "response.output_audio.delta", 2);
  g_assert_cmpint (word, >, audio);
}

static void
test_transcript_first (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;

  client_respond (client, "{}");
  g_assert_cmpint (
      client_index (client, "response.output_audio_transcript.delta", 2), <,
      client_index (client, "response.output_audio.delta", 0));
}

static void
test_overlap (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  JsonObject *response = client_respond (client, "{}");
  const gchar *second = json_text (response, "output[1].id");
  gint end, begin = -1;
  guint i = 0;

  while (begin < 0) {
    JsonObject *delta = client_event (client, "response.output_audio.delta", i);

    if (g_str_equal (json_text (delta, "item_id"), second))
      begin = client_index (client, "response.output_audio.delta", i);
    i++;
  }
  end = client_index (client, "response.output_audio.done", 0);
  g_assert_cmpstr (
      json_text (g_ptr_array_index (client->events, end), "item_id"), ==,
      json_text (response, "output[0].id"));
  if (data != NULL && strstr (data, "'overlap':false") != NULL)
    g_assert_cmpint (end, <, begin);
  else
    g_assert_cmpint (end, ==, begin + 1);
}

static gboolean
has_phase (Client *client, const gchar *type, const gchar *path)
{
  return json_has (client_event (client, type, 0), path);
}

static void
expect_phases (
    Client *client, gboolean added, gboolean done, gboolean response_done)
{
  g_ptr_array_set_size (client->events, 0);
  client->taken = 0;
  client_respond (client, "{}");
  g_assert_cmpint (
      has_phase (client, "response.output_item.added", "item.phase"), ==,
      added);
  g_assert_cmpint (
      has_phase (client, "conversation.item.added", "item.phase"), ==, added);
  g_assert_cmpint (
      has_phase (client, "response.output_item.done", "item.phase"), ==, done);
  g_assert_cmpint (
      has_phase (client, "conversation.item.done", "item.phase"), ==, done);
  g_assert_cmpint (
      has_phase (client, "response.done", "response.output[0].phase"), ==,
      response_done);
}

#define PHASE(places)                                                          \
  "{'say':[{'phase':'commentary','tone_ms':20}],'phase_on':[" places "]}"

/* Each place alone, of the five events that show an item. */
static void
test_phase_alone (Fixture *fixture, gconstpointer data)
{
  static const gchar *const paths[][2] = {
    { "response.output_item.added", "item.phase" },
    { "response.output_item.done", "item.phase" },
    { "conversation.item.added", "item.phase" },
    { "conversation.item.done", "item.phase" },
    { "response.done", "response.output[0].phase" },
  };
  Client *client = fixture->client;
  guint turn, i;

  for (turn = 0; turn < G_N_ELEMENTS (paths); turn++) {
    client_send (client, "{'type':'response.create'}");
    client_wait (client, "response.done");
    for (i = 0; i < G_N_ELEMENTS (paths); i++)
      g_assert_cmpint (
          json_has (client_event (client, paths[i][0], turn), paths[i][1]), ==,
          i == turn);
  }
}

static void
test_phase_on (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;

  expect_phases (client, TRUE, FALSE, FALSE);
  expect_phases (client, FALSE, TRUE, FALSE);
  expect_phases (client, FALSE, FALSE, TRUE);
  expect_phases (client, FALSE, FALSE, FALSE);
  expect_phases (client, TRUE, FALSE, TRUE);
}

static void
test_call (Fixture *fixture, gconstpointer data)
{
  static const gchar arguments[] =
      "{\"city\":\"Besançon\",\"when\":{\"days\":[1,2]}}";
  Client *client = fixture->client;
  JsonObject *response = client_respond (client, "{}"), *done;
  const gchar *id = json_text (response, "output[1].id");
  const gchar *call_id = json_text (response, "output[1].call_id");
  g_autofree gchar *joined = client_join (
      client, "response.function_call_arguments.delta", id);

  g_assert_cmpstr (json_text (response, "output[1].type"), ==, "function_call");
  g_assert_cmpstr (json_text (response, "output[1].arguments"), ==, arguments);
  g_assert_cmpstr (joined, ==, arguments);
  g_assert_true (
      g_regex_match_simple ("^call_[0-9A-Za-z]{21}$", call_id, 0, 0));
  done = client_event (client, "response.function_call_arguments.done", 0);
  g_assert_cmpstr (json_text (done, "name"), ==, "get_temperature");
  g_assert_cmpstr (json_text (done, "arguments"), ==, arguments);
  g_assert_cmpstr (json_text (done, "call_id"), ==, call_id);
  g_assert_cmpint (json_int (done, "output_index"), ==, 1);
  client_send (client,
      "{'type':'conversation.item.create','item':{'type':"
      "'function_call_output','call_id':'%s','output':'21 degrees'}}",
      call_id);
  client_wait (client, "conversation.item.done");
  response = client_respond (client, "{'output_modalities':['text']}");
  g_assert_nonnull (
      strstr (json_text (response, "output[1].content[0].text"), "21 degrees"));
}

static void
test_text_in_audio (Fixture *fixture, gconstpointer data)
{
  JsonObject *response = client_respond (fixture->client, "{}");

  g_assert_cmpstr (
      json_text (response, "output[0].content[0].type"), ==, "output_text");
  g_assert_cmpstr (json_text (response, "output_modalities[0]"), ==, "audio");
}

static void
test_hold_ms (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  gint64 before = g_get_monotonic_time ();

  client_respond (client, "{}");
  g_assert_cmpint (g_get_monotonic_time () - before, >=, 250000);
}

static void
test_failed (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  JsonObject *response = client_respond (client, "{}");

  g_assert_cmpstr (json_text (response, "status"), ==, "failed");
  g_assert_cmpstr (json_text (response, "status_details.type"), ==, "failed");
  g_assert_cmpstr (json_text (response, "status_details.error.code"), ==,
      "inference_rate_limit_exceeded");
  g_assert_cmpstr (json_text (response, "status_details.error.type"), ==,
      "rate_limit_exceeded");
  g_assert_cmpstr (
      json_text (response, "status_details.error.message"), ==, "Slow down.");
  g_assert_true (json_null (response, "usage"));
  /* The next one is fine. */
  response = client_respond (client, "{}");
  g_assert_cmpstr (json_text (response, "status"), ==, "incomplete");
  g_assert_cmpstr (
      json_text (response, "status_details.reason"), ==, "max_output_tokens");
  g_assert_cmpstr (json_text (response, "output[0].status"), ==, "completed");
  g_assert_cmpstr (json_text (response, "output[1].status"), ==, "incomplete");
  check_usage (response);
}

static void
test_error_injection (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  JsonObject *error;

  client_send (client, "{'type':'response.create'}");
  error = client_expect_error (client, "server_error");
  g_assert_cmpstr (json_text (error, "type"), ==, "server_error");
  g_assert_cmpstr (json_text (error, "message"), ==, "Sorry about that.");
  client_fence (client);
  g_assert_cmpuint (client_count (client, "response.created"), ==, 0);
  client_send (client, "{'type':'response.create'}");
  client_expect_error (client, "session_expired");
  g_assert_cmpuint (client_wait_closed (client), ==, 1001);
}

static void
test_close_injection (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;

  client_send (client, "{'type':'response.create'}");
  g_assert_cmpuint (client_wait_closed (client), ==, 4000);
  g_assert_cmpstr (soup_websocket_connection_get_close_data (client->websocket),
      ==, "enough");
  g_assert_cmpuint (client->audio->len, ==, 300 * 48);
  g_assert_cmpuint (client_count (client, "response.done"), ==, 0);
  client_free (client);
  /* The script's scope is the server, so the next connection goes on. */
  client = fixture->client = client_open (fixture->sandbox, NULL, NULL, NULL);
  client_send (client, "{'type':'response.create'}");
  g_assert_cmpuint (client_wait_closed (client), ==, 0);
  g_assert_cmpuint (client_count (client, "response.created"), ==, 1);
  g_assert_cmpuint (client->audio->len, ==, 0);
}

#define TALK "'say':[{'text':'a','tone_ms':1000}],'delta_ms':100"

/* Codes that libsoup would not send: as they were asked for, behind all that
 * was said before. */
static void
test_close_codes (Fixture *fixture, gconstpointer data)
{
  static const guint codes[] = { 1012, 1013, 1014 };

  for (guint i = 0; i < G_N_ELEMENTS (codes); i++) {
    Client *client = client_open (fixture->sandbox, NULL, NULL, NULL);

    client_send (client, "{'type':'response.create'}");
    g_assert_cmpuint (client_wait_closed (client), ==, codes[i]);
    g_assert_cmpuint (client->audio->len, ==, 300 * 48);
    client_free (client);
  }
}

static void
test_after_script (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  Client *second = client_open (fixture->sandbox, NULL, NULL, NULL);
  guint i;

  for (i = 0; i < 2; i++) {
    client_respond (client, "{'output_modalities':['text']}");
    g_assert_cmpstr (
        json_text (
            client_event (client, "response.output_text.done", 0), "text"),
        ==, "scripted");
  }
  /* The script is over, or begins again. */
  g_assert_cmpuint (client_count (client, "response.output_text.done"), ==,
      strstr (data, "'loop':true") != NULL ? 2 : 3);
  /* Each connection reads it from the start. */
  client_respond (second, "{'output_modalities':['text']}");
  g_assert_cmpuint (client_count (second, "response.output_text.done"), ==, 1);
  client_free (second);
}

/* ---- pace ---- */

/* At four times real time the last delta of 2 s cannot come before 475 ms,
 * and the events are the same as without any pace. */
static void
test_pace (Fixture *fixture, gconstpointer data)
{
  static const gchar json[] =
      "{\"turns\":[{\"say\":[{\"text\":\"a b c d e f\",\"tone_ms\":1000},"
      "{\"text\":\"g h\",\"tone_ms\":1000}],\"delta_ms\":100}]}";
  const SandboxOptions slow = { .pace = 4, .script_json = json };
  const SandboxOptions fast = { .pace = 0, .script_json = json };
  Sandbox *sandboxes[2] = { start_sandbox (&slow), start_sandbox (&fast) };
  Client *clients[2];
  gint64 took[2];
  guint i;

  for (i = 0; i < 2; i++) {
    gint64 before = g_get_monotonic_time ();

    clients[i] = client_open (sandboxes[i], NULL, NULL, NULL);
    client_respond (clients[i], "{}");
    took[i] = g_get_monotonic_time () - before;
  }
  g_assert_cmpint (took[0], >=, 475000);
  g_test_message ("%" G_GINT64_FORMAT " us without a pace", took[1]);
  g_assert_cmpuint (clients[0]->events->len, ==, clients[1]->events->len);
  for (i = 0; i < clients[0]->events->len; i++)
    g_assert_cmpstr (
        json_text (g_ptr_array_index (clients[0]->events, i), "type"), ==,
        json_text (g_ptr_array_index (clients[1]->events, i), "type"));
  for (i = 0; i < 2; i++) {
    client_free (clients[i]);
    sandbox_stop_thread (sandboxes[i]);
  }
}

/* A minute at a hundred times real time: at real time it would take that
 * minute, without a pace it would be there at once. */
static void
test_fast_pace (void)
{
  const SandboxOptions options = { .pace = 100,
    .script_json = "{\"turns\":[{\"say\":[{\"tone_ms\":60000}]}]}" };
  Sandbox *sandbox = start_sandbox (&options);
  Client *client = client_open (sandbox, NULL, NULL, NULL);
  gint64 before = g_get_monotonic_time (), took;

  client_respond (client, "{}");
  took = g_get_monotonic_time () - before;
  g_assert_cmpint (took, >=, 590000);
  g_assert_cmpint (took, <, 30000000);
  g_assert_cmpuint (client->audio->len, ==, 60000 * 48);
  client_free (client);
  sandbox_stop_thread (sandbox);
}

/* ---- the books ---- */

static void
test_books (Fixture *fixture, gconstpointer data)
{
  Sandbox *sandbox = fixture->sandbox;
  Client *client = fixture->client;
  g_autoptr (GPtrArray) sent = NULL;
  g_autoptr (GPtrArray) received = NULL;
  g_autoptr (GPtrArray) errors = NULL;
  g_autoptr (GPtrArray) items = NULL;
  SandboxRecord *record;
  SandboxItem *item;

  client_append (client, "abcd", 4);
  client_respond (client, "{}");
  client_send (client, "{'type':'nonsense','event_id':'n'}");
  client_expect_error (client, "invalid_value");
  g_assert_true (sandbox_wait_received (sandbox, "nonsense", 1, 30000));
  g_assert_false (sandbox_wait_received (sandbox, "nonsense", 2, 1));
  g_assert_true (sandbox_wait_sent (sandbox, "error", 1, 30000));
  g_assert_cmpuint (sandbox_count_received (sandbox, NULL), ==, 3);
  g_assert_cmpuint (
      sandbox_count_sent (sandbox, NULL), ==, client->events->len);
  g_assert_cmpuint (sandbox_audio_bytes_received (sandbox), ==, 4);
  g_assert_cmpuint (sandbox_audio_bytes_sent (sandbox), ==, client->audio->len);
  received = sandbox_dup_received (sandbox, "input_audio_buffer.append");
  record = g_ptr_array_index (received, 0);
  g_assert_cmpuint (record->connection, ==, 1);
  g_assert_cmpuint (record->audio_bytes, ==, 4);
  g_assert_cmpstr (
      record->json, ==, "{\"type\":\"input_audio_buffer.append\"}");
  sent = sandbox_dup_sent (sandbox, NULL);
  g_assert_cmpuint (sent->len, ==, client->events->len);
  errors = sandbox_dup_errors (sandbox);
  g_assert_cmpuint (errors->len, ==, 1);
  g_assert_cmpstr (
      ((SandboxError *) g_ptr_array_index (errors, 0))->event_id, ==, "n");
  items = sandbox_dup_items (sandbox, 0);
  item = g_ptr_array_index (items, 0);
  g_assert_cmpstr (item->text, ==, "one two");
  g_assert_cmpstr (item->status, ==, "completed");
  g_assert_cmpstr (item->phase, ==, "commentary");
  g_assert_cmpstr (item->role, ==, "assistant");
  g_assert_cmpuint (item->audio_ms, ==, 100);
}

#define ADD(name, function, script)                                            \
  g_test_add ("/sandbox/responses/" name, Fixture, script, fixture_set_up,     \
      function, fixture_tear_down)

static void
add_scripted (void)
{
  ADD ("tone", test_tone,
      "{'turns':[{'say':[{'text':'hm','tone_ms':1234}],'delta_ms':100}]}");
  ADD ("interleaving", test_interleaving,
      "{'turns':[{'say':[{'text':'0aa 1aa 2aa 3aa 4aa 5aa 6aa 7aa 8aa 9aa',"
      "'tone_ms':1000}],'delta_ms':50}]}");
  ADD ("transcript-first", test_transcript_first,
      "{'turns':[{'say':[{'text':'a b c','tone_ms':5000}],"
      "'transcript_first':true}]}");
  ADD ("overlap", test_overlap,
      "{'turns':[{'say':[{'tone_ms':500},{'tone_ms':500}]}]}");
  ADD ("no-overlap", test_overlap,
      "{'turns':[{'say':[{'tone_ms':500},{'tone_ms':500}],"
      "'overlap':false}]}");
  ADD ("phase-on", test_phase_on,
      "{'turns':[" PHASE ("'added'") "," PHASE ("'done'") "," PHASE (
          "'response_done'") "," PHASE ("'none'") "," PHASE ("'added','response_done'") "]}");
  ADD ("phase-alone", test_phase_alone,
      "{'turns':[" PHASE ("'output_added'") "," PHASE ("'output_done'") "," PHASE (
          "'item_added'") "," PHASE ("'item_done'") "," PHASE ("'response_done'") "]}");
  ADD ("call", test_call,
      "{'turns':[{'say':[{'text':'Let me look.','tone_ms':50},"
      "{'call':{'name':'get_temperature','arguments':{'city':'Besançon',"
      "'when':{'days':[1,2]}}}}]}]}");
  ADD ("text-in-audio", test_text_in_audio,
      "{'turns':[{'say':[{'text':'written','modality':'text'}]}]}");
  ADD ("hold-ms", test_hold_ms,
      "{'turns':[{'hold':150,'delay_ms':100,'say':[{'tone_ms':20}]}]}");
  ADD ("failed", test_failed,
      "{'turns':[{'status':'failed','error':{'code':"
      "'inference_rate_limit_exceeded','type':'rate_limit_exceeded',"
      "'message':'Slow down.'}},{'status':'incomplete',"
      "'say':[{'tone_ms':20},{'text':'and','tone_ms':20}]}]}");
  ADD ("error-injection", test_error_injection,
      "{'turns':[{'error':{'code':'server_error','message':"
      "'Sorry about that.'}},{'error':{'code':'session_expired'},"
      "'close':{'code':1001}}]}");
  ADD ("close-codes", test_close_codes,
      "{'turns':[{" TALK ",'close':{'code':1012,'after_ms':300}},"
      "{" TALK ",'close':{'code':1013,'reason':'Later','after_ms':300}},"
      "{" TALK ",'close':{'code':1014,'after_ms':300}}],'scope':'server'}");
  ADD ("close-injection", test_close_injection,
      "{'turns':[{'say':[{'text':'a','tone_ms':1000}],'delta_ms':100,"
      "'close':{'code':4000,'reason':'enough','after_ms':300}},"
      "{'close':{'code':0}}],'scope':'server'}");
  ADD ("after-script", test_after_script,
      "{'turns':[{'say':[{'text':'scripted'}]}]}");
  ADD ("loop", test_after_script,
      "{'turns':[{'say':[{'text':'scripted'}]}],'loop':true}");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("default", test_default, NULL);
  ADD ("cached", test_cached, "{'turns':[{'say':[]}],'loop':true}");
  ADD ("voice", test_voice, NULL);
  ADD ("speed", test_speed, NULL);
  ADD ("text-turn", test_text_turn, NULL);
  ADD ("params", test_params, NULL);
  ADD ("bad-params", test_bad_params, NULL);
  ADD ("metadata-limits", test_metadata_limits, NULL);
  ADD ("out-of-band", test_out_of_band, "{'turns':[{'hold':true}]}");
  ADD ("reference", test_reference, NULL);
  ADD ("one-at-a-time", test_one_at_a_time, "{'turns':[{'hold':true}]}");
  ADD ("cancel", test_cancel, "{'turns':[{'hold':true}]}");
  add_scripted ();
  ADD ("pace", test_pace, NULL);
  g_test_add_func ("/sandbox/responses/fast-pace", test_fast_pace);
  ADD ("books", test_books,
      "{'turns':[{'say':[{'phase':'commentary','text':'one two',"
      "'tone_ms':100}]}]}");
  return g_test_run ();
}
