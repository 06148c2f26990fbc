/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who speaks when: races, late responses, cancels, what was said beside the
 * conversation, and what the server believes was said in it. */
#include <string.h>

#include "client.h"

static void
speak (Client *client)
{
  g_autoptr (GByteArray) pcm = make_silence (200);

  add_tone (pcm, 400, 8000);
  add_silence (pcm, 400);
  client_append (client, pcm->data, pcm->len);
}

static void
write_text (Client *client, const gchar *role, const gchar *id)
{
  client_send (client,
      "{'type':'conversation.item.create','item':{'id':'%s','type':'message',"
      "'role':'%s','content':[{'type':'input_text','text':'text of %s'}]}}",
      id, role, id);
  client_wait (client, "conversation.item.done");
}

static const gchar *
start (Client *client, const gchar *params)
{
  client_send (client, "{'type':'response.create','response':%s}", params);
  return json_text (client_wait (client, "response.created"), "response.id");
}

static JsonObject *
wait_done (Client *client, const gchar *id)
{
  JsonObject *done;

  do
    done = client_wait (client, "response.done");
  while (!g_str_equal (json_text (done, "response.id"), id));
  return json_object_get_object_member (done, "response");
}

/* ---- nothing by itself ---- */

static void
test_hands_off (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;

  client_configure (client,
      "{'type':'realtime','audio':{'input':{'turn_detection':{'type':"
      "'server_vad','create_response':false,'interrupt_response':false}}}}");
  start (client, "{}");
  speak (client);
  client_wait (client, "input_audio_buffer.speech_started");
  client_wait (client, "input_audio_buffer.committed");
  client_fence (client);
  g_assert_cmpuint (client_count (client, "response.done"), ==, 0);
  client_send (client, "{'type':'response.cancel'}");
  client_wait (client, "response.done");
  speak (client);
  client_wait (client, "input_audio_buffer.committed");
  client_fence (client);
  g_assert_cmpuint (client_count (client, "response.created"), ==, 1);
}

/* ---- cancels ---- */

static void
test_cancel (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  const gchar *id = start (client, "{}");
  JsonObject *response, *error;

  client_send (client,
      "{'type':'response.cancel','response_id':'other','event_id':'c'}");
  error = client_expect_error (client, "response_cancel_not_active");
  g_assert_cmpstr (json_text (error, "event_id"), ==, "c");
  client_send (client, "{'type':'response.cancel','response_id':'%s'}", id);
  response = wait_done (client, id);
  g_assert_cmpstr (json_text (response, "status"), ==, "cancelled");
  g_assert_cmpstr (
      json_text (response, "status_details.reason"), ==, "client_cancelled");
  client_send (client, "{'type':'response.cancel'}");
  client_expect_error (client, "response_cancel_not_active");
}

#define ASIDE(number)                                                            \
  "{'conversation':'none','output_modalities':['text'],'metadata':{'n':'" number \
  "'},'input':[]}"

/* Several beside the one that holds the conversation; cancelled by name. */
static void
test_aside (void)
{
  const SandboxOptions options = { .pace = 0.2,
    .script_json = "{\"turns\":[{\"hold\":true}]}" };
  Fixture fixture = { start_sandbox (&options) };
  Client *client = client_open (fixture.sandbox, NULL, NULL, NULL);
  const gchar *main, *one, *two;
  JsonObject *response;

  fixture.client = client;
  main = start (client, "{'metadata':{'n':'main'}}");
  one = start (client, ASIDE ("1"));
  two = start (client, ASIDE ("2"));
  g_assert_cmpstr (one, !=, two);
  g_assert_cmpstr (json_text (client_event (client, "response.created", 2),
                       "response.metadata.n"),
      ==, "2");
  client_send (client, "{'type':'response.cancel','response_id':'%s'}", one);
  response = wait_done (client, one);
  g_assert_cmpstr (json_text (response, "metadata.n"), ==, "1");
  g_assert_cmpstr (json_text (response, "status"), ==, "cancelled");
  /* Without a name it is the conversation's. */
  client_send (client, "{'type':'response.cancel'}");
  response = wait_done (client, main);
  g_assert_cmpstr (json_text (response, "metadata.n"), ==, "main");
  client_send (client, "{'type':'response.cancel'}");
  client_expect_error (client, "response_cancel_not_active");
  client_send (client, "{'type':'response.cancel','response_id':'%s'}", two);
  g_assert_cmpstr (json_text (wait_done (client, two), "metadata.n"), ==, "2");
  fixture_tear_down (&fixture, NULL);
}

/* ---- races ---- */

static void
test_two_at_once (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  JsonObject *error;

  client_send (client, "{'type':'response.create','event_id':'first'}");
  client_send (client, "{'type':'response.create','event_id':'second'}");
  error = client_expect_error (
      client, "conversation_already_has_active_response");
  g_assert_cmpstr (json_text (error, "event_id"), ==, "second");
}

/* The server is faster than the client: its own response has the turn. */
static void
test_race (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  JsonObject *error, *response;

  client_send (client,
      "{'type':'response.create','event_id':'late','response':{'metadata':{"
      "'client_event_id':'late'}}}");
  response = client_wait (client, "response.created");
  g_assert_true (json_null (response, "response.metadata"));
  error = client_expect_error (
      client, "conversation_already_has_active_response");
  g_assert_cmpstr (json_text (error, "event_id"), ==, "late");
  g_assert_nonnull (strstr (
      json_text (error, "message"), json_text (response, "response.id")));
  response = client_wait (client, "response.done");
  g_assert_cmpstr (
      json_text (response, "response.output[0].content[0].transcript"), ==,
      "mine");
  client_send (client, "{'type':'response.create'}");
  response = client_wait (client, "response.done");
  g_assert_cmpstr (
      json_text (response, "response.output[0].content[0].transcript"), ==,
      "yours");
  g_assert_cmpuint (client_count (client, "error"), ==, 1);
}

/* What is asked for comes late; nothing in between stops it. */
static void
test_late (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  gint64 began = g_get_monotonic_time ();
  JsonObject *error;

  client_send (client, "{'type':'response.create'}");
  client_send (client, "{'type':'response.cancel','event_id':'too-early'}");
  error = client_expect_error (client, "response_cancel_not_active");
  g_assert_cmpstr (json_text (error, "event_id"), ==, "too-early");
  client_send (client, "{'type':'response.create','event_id':'second'}");
  error = client_expect_error (
      client, "conversation_already_has_active_response");
  g_assert_cmpstr (json_text (error, "event_id"), ==, "second");
  speak (client);
  client_wait (client, "input_audio_buffer.committed");
  g_assert_cmpuint (client_count (client, "response.created"), ==, 0);
  client_wait (client, "response.created");
  g_assert_cmpint (g_get_monotonic_time () - began, >=, 3000 * 1000);
  g_assert_cmpstr (
      json_text (client_wait (client, "response.done"), "response.status"), ==,
      "completed");
  /* What was said meanwhile had no answer. */
  client_fence (client);
  g_assert_cmpuint (client_count (client, "response.created"), ==, 1);
}

/* A session that ends before a late response came. */
static void
test_never (Fixture *fixture, gconstpointer data)
{
  client_send (fixture->client, "{'type':'response.create'}");
  client_fence (fixture->client);
  g_assert_cmpuint (client_count (fixture->client, "response.created"), ==, 0);
}

static void
test_no_metadata (void)
{
  const SandboxOptions options = { .strange = "no-metadata",
    .script_json = "{\"turns\":[]}" };
  Fixture fixture = { start_sandbox (&options) };
  Client *client = client_open (fixture.sandbox, NULL, NULL, NULL);

  fixture.client = client;
  client->lenient = TRUE;
  client_send (client,
      "{'type':'response.create','response':{'output_modalities':['text'],"
      "'metadata':{'a':'b'}}}");
  g_assert_false (
      json_has (client_wait (client, "response.created"), "response.metadata"));
  g_assert_false (
      json_has (client_wait (client, "response.done"), "response.metadata"));
  fixture_tear_down (&fixture, NULL);
}

/* ---- what the server believes ---- */

static const SandboxItem *
item_at (GPtrArray *items, guint index)
{
  g_assert_cmpuint (index, <, items->len);
  return g_ptr_array_index (items, index);
}

static void
test_belief (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GPtrArray) before = NULL, after = NULL;
  JsonObject *response;
  const gchar *first;

  write_text (client, "system", "rules");
  write_text (client, "user", "question");
  response = wait_done (client, start (client, "{}"));
  first = json_text (response, "output[0].id");
  before = sandbox_dup_items (fixture->sandbox, 0);
  g_assert_cmpuint (before->len, ==, 4);
  g_assert_cmpstr (item_at (before, 0)->role, ==, "system");
  g_assert_cmpstr (item_at (before, 1)->text, ==, "text of question");
  g_assert_cmpstr (item_at (before, 2)->id, ==, first);
  g_assert_cmpstr (item_at (before, 2)->text, ==, "one two");
  g_assert_cmpuint (item_at (before, 2)->audio_ms, ==, 500);
  g_assert_cmpint (item_at (before, 2)->truncated_ms, ==, -1);
  client_send (client,
      "{'type':'conversation.item.truncate','item_id':'%s',"
      "'content_index':0,'audio_end_ms':130}",
      first);
  client_send (client, "{'type':'conversation.item.delete','item_id':'%s'}",
      json_text (response, "output[1].id"));
  client_send (
      client, "{'type':'conversation.item.delete','item_id':'question'}");
  client_wait (client, "conversation.item.deleted");
  client_wait (client, "conversation.item.deleted");
  after = sandbox_dup_items (fixture->sandbox, 0);
  g_assert_cmpuint (after->len, ==, 2);
  g_assert_cmpstr (item_at (after, 0)->id, ==, "rules");
  g_assert_cmpstr (item_at (after, 1)->id, ==, first);
  g_assert_null (item_at (after, 1)->text);
  g_assert_cmpuint (item_at (after, 1)->audio_ms, ==, 130);
  g_assert_cmpint (item_at (after, 1)->truncated_ms, ==, 130);
}

/* What the user said can be taken back. */
static void
test_delete_speech (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GPtrArray) items = NULL;
  const gchar *id;

  client_configure (client,
      "{'type':'realtime','audio':{'input':{'turn_detection':{'type':"
      "'server_vad','create_response':false}}}}");
  speak (client);
  id = json_text (
      client_wait (client, "input_audio_buffer.committed"), "item_id");
  client_send (
      client, "{'type':'conversation.item.delete','item_id':'%s'}", id);
  g_assert_cmpstr (
      json_text (client_wait (client, "conversation.item.deleted"), "item_id"),
      ==, id);
  items = sandbox_dup_items (fixture->sandbox, 0);
  g_assert_cmpuint (items->len, ==, 0);
  client_send (client,
      "{'type':'response.create','response':{'output_modalities':['text']}}");
  g_assert_nonnull (strstr (json_text (client_wait (client, "response.done"),
                                "response.output[1].content[0].text"),
      "Nothing was said to me yet."));
}

/* Every event has a number of its own, both ways together. */
static void
test_orders (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GPtrArray) sent = NULL, received = NULL;
  g_autofree guint8 *seen = NULL;
  guint i, total;

  write_text (client, "user", "a");
  wait_done (client, start (client, "{'output_modalities':['text']}"));
  sent = sandbox_dup_sent (fixture->sandbox, NULL);
  received = sandbox_dup_received (fixture->sandbox, NULL);
  total = sent->len + received->len;
  seen = g_new0 (guint8, total + 1);
  for (i = 0; i < total; i++) {
    SandboxRecord *record = i < sent->len
        ? g_ptr_array_index (sent, i)
        : g_ptr_array_index (received, i - sent->len);

    g_assert_cmpuint (record->order, >=, 1);
    g_assert_cmpuint (record->order, <=, total);
    g_assert_cmpuint (seen[record->order]++, ==, 0);
  }
}

#define ADD(name, function, script)                                            \
  g_test_add ("/sandbox/turntaking/" name, Fixture, script, fixture_set_up,    \
      function, fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("hands-off", test_hands_off, "{'turns':[{'hold':true}]}");
  ADD ("cancel", test_cancel, "{'turns':[{'hold':true}]}");
  g_test_add_func ("/sandbox/turntaking/aside", test_aside);
  ADD ("two-at-once", test_two_at_once, "{'turns':[{'hold':true}]}");
  ADD ("race", test_race,
      "{'turns':[{'race':'create','say':[{'text':'mine','tone_ms':20}]},"
      "{'say':[{'text':'yours','tone_ms':20}]}]}");
  ADD ("late", test_late,
      "{'turns':[{'delay_created_ms':3000,'say':[{'text':'x','tone_ms':20}]}"
      "]}");
  ADD ("never", test_never, "{'turns':[{'delay_created_ms':60000}]}");
  g_test_add_func ("/sandbox/turntaking/no-metadata", test_no_metadata);
  ADD ("belief", test_belief,
      "{'turns':[{'say':[{'text':'one two','tone_ms':500},{'text':'three',"
      "'tone_ms':100}]}]}");
  ADD ("delete-speech", test_delete_speech, NULL);
  ADD ("orders", test_orders, NULL);
  return g_test_run ();
}
