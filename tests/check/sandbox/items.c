/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Conversation items: create, delete, retrieve, truncate. */
#include <string.h>

#include "client.h"

#define WORDS "[{'type':'input_text','text':'x'}]"

static void
send_item (Client *client, const gchar *after, const gchar *item)
{
  if (after != NULL)
    client_send (client,
        "{'type':'conversation.item.create','previous_item_id':'%s',"
        "'item':%s}",
        after, item);
  else
    client_send (client, "{'type':'conversation.item.create','item':%s}", item);
}

static JsonObject *
create (Client *client, const gchar *after, const gchar *item)
{
  JsonObject *added, *done;

  send_item (client, after, item);
  added = client_next (client);
  g_assert_cmpstr (json_text (added, "type"), ==, "conversation.item.added");
  done = client_next (client);
  g_assert_cmpstr (json_text (done, "type"), ==, "conversation.item.done");
  g_assert_cmpstr (
      json_text (added, "item.id"), ==, json_text (done, "item.id"));
  g_assert_cmpstr (json_text (done, "item.status"), ==, "completed");
  return done;
}

static JsonObject *
create_text (Client *client, const gchar *after, const gchar *id)
{
  g_autofree gchar *item = g_strdup_printf (
      "{'id':'%s','type':'message','role':'user',"
      "'content':[{'type':'input_text','text':'text of %s'}]}",
      id, id);

  return create (client, after, item);
}

static JsonObject *
refuse (
    Client *client, const gchar *item, const gchar *code, const gchar *param)
{
  JsonObject *error;

  send_item (client, NULL, item);
  error = client_expect_error (client, code);
  if (param != NULL)
    g_assert_cmpstr (json_text (error, "param"), ==, param);
  return error;
}

/* Ids of the books' items, joined by spaces. */
static gchar *
list_items (Sandbox *sandbox)
{
  g_autoptr (GPtrArray) items = sandbox_dup_items (sandbox, 0);
  GString *list = g_string_new (NULL);
  guint i;

  for (i = 0; i < items->len; i++)
    g_string_append_printf (list, "%s%s", i > 0 ? " " : "",
        ((SandboxItem *) g_ptr_array_index (items, i))->id);
  return g_string_free (list, FALSE);
}

static void
test_order (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autofree gchar *list = NULL;
  JsonObject *event;

  g_assert_true (
      json_null (create_text (client, NULL, "b"), "previous_item_id"));
  event = create_text (client, NULL, "d");
  g_assert_cmpstr (json_text (event, "previous_item_id"), ==, "b");
  g_assert_true (
      json_null (create_text (client, "root", "a"), "previous_item_id"));
  event = create_text (client, "b", "c");
  g_assert_cmpstr (json_text (event, "previous_item_id"), ==, "b");
  send_item (
      client, "nobody", "{'type':'message','role':'user','content':" WORDS "}");
  client_expect_error (client, "item_create_invalid_previous_item_id");
  list = list_items (fixture->sandbox);
  g_assert_cmpstr (list, ==, "a b c d");
}

/* ---- a conversation that goes on at another connection ---- */

static const SandboxItem *
item_at (GPtrArray *items, guint index, const gchar *id, gboolean restored)
{
  const SandboxItem *item;

  g_assert_cmpuint (index, <, items->len);
  item = g_ptr_array_index (items, index);
  g_assert_cmpstr (item->id, ==, id);
  g_assert_cmpint (item->restored, ==, restored);
  return item;
}

#define CALL_ITEM                                                              \
  "{'id':'c','type':'function_call','call_id':'call_1','name':'f',"            \
  "'arguments':'{}'}"
#define OUTPUT_ITEM(id)                                                        \
  "{'id':'" id "','type':'function_call_output','call_id':'call_1',"           \
  "'output':'x'}"

/* What another connection had before counts apart from what is new. */
static void
test_restored (Fixture *fixture, gconstpointer data)
{
  Client *other = client_open (fixture->sandbox, NULL, NULL, NULL);
  g_autoptr (GPtrArray) items = NULL;
  g_autoptr (GPtrArray) calls = NULL;
  const SandboxCall *call;

  client_wait (other, "session.created");
  create_text (fixture->client, NULL, "a");
  create (fixture->client, NULL, CALL_ITEM);
  create (fixture->client, NULL, OUTPUT_ITEM ("o"));
  create_text (other, "root", "a");
  create (other, "a", CALL_ITEM);
  create (other, "c", OUTPUT_ITEM ("o"));
  create_text (other, NULL, "b");
  send_item (other, NULL, OUTPUT_ITEM ("p"));
  client_expect_error (other, "invalid_tool_call_id");
  items = sandbox_dup_items (fixture->sandbox, 1);
  g_assert_cmpuint (items->len, ==, 3);
  item_at (items, 0, "a", FALSE);
  g_clear_pointer (&items, g_ptr_array_unref);
  items = sandbox_dup_items (fixture->sandbox, 2);
  g_assert_cmpuint (items->len, ==, 4);
  item_at (items, 0, "a", TRUE);
  item_at (items, 2, "o", TRUE);
  item_at (items, 3, "b", FALSE);
  calls = sandbox_dup_calls (fixture->sandbox);
  g_assert_cmpuint (calls->len, ==, 2);
  call = g_ptr_array_index (calls, 0);
  g_assert_false (call->restored);
  g_assert_cmpuint (call->outputs, ==, 1);
  g_assert_cmpuint (call->restored_outputs, ==, 0);
  call = g_ptr_array_index (calls, 1);
  g_assert_true (call->restored);
  g_assert_cmpuint (call->outputs, ==, 1);
  g_assert_cmpuint (call->restored_outputs, ==, 1);
  client_free (other);
}

/* The smallest of pictures. */
#define PIXEL                                                                  \
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUl"  \
  "EQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="

static void
test_shapes (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  JsonObject *event = create (client, NULL,
      "{'type':'message','role':'user','content':[{'type':'input_text',"
      "'text':'Look:'},{'type':'input_image','image_url':"
      "'" PIXEL "','detail':'low'}]}");

  g_assert_true (g_regex_match_simple (
      "^item_[0-9A-Za-z]{21}$", json_text (event, "item.id"), 0, 0));
  g_assert_cmpstr (json_text (event, "item.content[1].image_url"), ==, PIXEL);
  create (client, NULL,
      "{'type':'message','role':'system','content':[{'type':'input_text',"
      "'text':'x'}]}");
  create (client, NULL,
      "{'type':'message','role':'assistant','content':[{'type':'output_text',"
      "'text':'x'}]}");
  create (client, NULL,
      "{'type':'function_call','call_id':'call_9','name':'f',"
      "'arguments':'{}'}");
  event = create (client, NULL,
      "{'type':'function_call_output','call_id':'call_9','output':''}");
  g_assert_cmpstr (json_text (event, "item.output"), ==, "");
  refuse (client,
      "{'type':'mcp_approval_response','approval_request_id':'x',"
      "'approve':true}",
      "invalid_value", "item.approval_request_id");
}

static void
test_refusals (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  JsonObject *error;

  refuse (client, "{}", "missing_required_parameter", "item.type");
  refuse (client, "5", "invalid_type", "item");
  refuse (client, "{'type':'picture'}", "invalid_value", "item.type");
  refuse (client, "{'type':'item_reference','id':'x'}", "invalid_value",
      "item.type");
  refuse (client, "{'type':'message','content':" WORDS "}",
      "missing_required_parameter", "item.role");
  refuse (client, "{'type':'message','role':'boss','content':" WORDS "}",
      "invalid_value", "item.role");
  refuse (client, "{'type':'message','role':'user'}",
      "missing_required_parameter", "item.content");
  error = refuse (client, "{'type':'message','role':'user','content':[]}",
      "empty_array", "item.content");
  g_assert_cmpstr (json_text (error, "message"), ==,
      "Invalid 'item.content': empty array. Expected an array with minimum "
      "length 1, but got an empty array instead.");
  refuse (client,
      "{'type':'message','role':'user','content':[{'type':'text',"
      "'text':'x'}]}",
      "invalid_value", "item.content[0].type");
  refuse (client,
      "{'type':'message','role':'assistant','content':[{'type':"
      "'output_audio','audio':'AAAA'}]}",
      "invalid_value", "item.content[0].type");
  refuse (client,
      "{'type':'message','role':'user','content':[{'type':'input_audio',"
      "'audio':'%%'}]}",
      "invalid_value", "item.content[0].audio");
  refuse (client,
      "{'type':'message','role':'user','content':[{'type':'input_image',"
      "'image_url':'https://example.net/a.png'}]}",
      "invalid_value", "item.content[0].image_url");
  refuse (client,
      "{'type':'function_call_output','call_id':'call_1','output':5}",
      "invalid_type", "item.output");
  error = refuse (client,
      "{'type':'function_call_output','call_id':'call_1','output':'x'}",
      "invalid_tool_call_id", NULL);
  g_assert_cmpstr (json_text (error, "message"), ==,
      "Tool call ID 'call_1' not found in conversation.");
  g_assert_cmpuint (client_count (client, "conversation.item.added"), ==, 0);
}

static void
test_ids (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  JsonObject *error;

  create_text (client, NULL, "abcdefghijklmnopqrstuvwxyz012345");
  refuse (client,
      "{'id':'abcdefghijklmnopqrstuvwxyz012345','type':'message',"
      "'role':'user','content':" WORDS "}",
      "invalid_value", "item.id");
  error = refuse (client,
      "{'id':'abcdefghijklmnopqrstuvwxyz0123456','type':'message',"
      "'role':'user','content':" WORDS "}",
      "string_above_max_length", "item.id");
  g_assert_cmpstr (json_text (error, "message"), ==,
      "Invalid 'item.id': string too long. Expected a string with maximum "
      "length 32, but got a string with length 33");
  refuse (client,
      "{'type':'function_call_output','call_id':"
      "'abcdefghijklmnopqrstuvwxyz0123456','output':''}",
      "string_above_max_length", "item.call_id");
  refuse (client,
      "{'id':'','type':'message','role':'user','content':" WORDS "}",
      "invalid_value", "item.id");
}

static void
test_delete (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_auto (GStrv) deletions = NULL;
  g_autofree gchar *list = NULL;
  JsonObject *error;

  create_text (client, NULL, "a");
  create_text (client, NULL, "b");
  client_send (client, "{'type':'conversation.item.delete','item_id':'a'}");
  g_assert_cmpstr (
      json_text (client_wait (client, "conversation.item.deleted"), "item_id"),
      ==, "a");
  client_send (client,
      "{'type':'conversation.item.delete','item_id':'a',"
      "'event_id':'again'}");
  error = client_expect_error (client, "item_delete_invalid_item_id");
  g_assert_cmpstr (json_text (error, "event_id"), ==, "again");
  g_assert_nonnull (strstr (json_text (error, "message"), "'a'"));
  deletions = sandbox_dup_deletions (fixture->sandbox);
  g_assert_cmpstr (deletions[0], ==, "a");
  g_assert_null (deletions[1]);
  list = list_items (fixture->sandbox);
  g_assert_cmpstr (list, ==, "b");
}

static void
test_retrieve (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  JsonObject *event = create (client, NULL,
      "{'id':'a','type':'message','role':'user','content':[{'type':"
      "'input_audio','audio':'AAECAwQF','transcript':'hm'}]}");

  g_assert_false (json_has (event, "item.content[0].audio"));
  client_send (client, "{'type':'conversation.item.retrieve','item_id':'a'}");
  event = client_wait (client, "conversation.item.retrieved");
  g_assert_cmpstr (json_text (event, "item.content[0].audio"), ==, "AAECAwQF");
  g_assert_cmpstr (json_text (event, "item.content[0].transcript"), ==, "hm");
  client_send (client, "{'type':'conversation.item.retrieve','item_id':'x'}");
  client_expect_error (client, "item_retrieve_invalid_item_id");
}

/* ---- truncation ---- */

/* Has 500 ms spoken; the item's id. */
static const gchar *
speak (Client *client)
{
  client_send (client, "{'type':'response.create'}");
  return json_text (
      client_wait (client, "response.done"), "response.output[0].id");
}

static void
truncate_at (Client *client, const gchar *id, const gchar *ms)
{
  client_send (client,
      "{'type':'conversation.item.truncate','event_id':'cut','item_id':'%s',"
      "'content_index':0,'audio_end_ms':%s}",
      id, ms);
}

static void
refuse_cut (Client *client, const gchar *id, const gchar *ms, const gchar *code,
    const gchar *message)
{
  JsonObject *error;

  truncate_at (client, id, ms);
  error = client_expect_error (client, code);
  g_assert_cmpstr (json_text (error, "event_id"), ==, "cut");
  if (message != NULL)
    g_assert_cmpstr (json_text (error, "message"), ==, message);
}

static void
test_truncate (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  const gchar *id = speak (client);
  g_autoptr (GPtrArray) cuts = NULL;
  g_autoptr (GPtrArray) items = NULL;
  g_autoptr (GByteArray) audio = NULL;
  SandboxTruncation *cut;
  JsonObject *event;

  truncate_at (client, id, "200");
  event = client_wait (client, "conversation.item.truncated");
  g_assert_cmpstr (json_text (event, "item_id"), ==, id);
  g_assert_cmpint (json_int (event, "content_index"), ==, 0);
  g_assert_cmpint (json_int (event, "audio_end_ms"), ==, 200);
  cuts = sandbox_dup_truncations (fixture->sandbox);
  g_assert_cmpuint (cuts->len, ==, 1);
  cut = g_ptr_array_index (cuts, 0);
  g_assert_cmpstr (cut->item_id, ==, id);
  g_assert_cmpuint (cut->audio_end_ms, ==, 200);
  g_assert_cmpuint (cut->generated_ms, ==, 500);
  items = sandbox_dup_items (fixture->sandbox, 0);
  g_assert_cmpuint (
      ((SandboxItem *) g_ptr_array_index (items, 0))->audio_ms, ==, 200);
  client_send (
      client, "{'type':'conversation.item.retrieve','item_id':'%s'}", id);
  event = client_wait (client, "conversation.item.retrieved");
  g_assert_false (json_has (event, "item.content[0].transcript"));
  audio = decode_base64 (json_text (event, "item.content[0].audio"));
  g_assert_cmpmem (audio->data, audio->len, client->audio->data, 200 * 48);
  /* What was cut is gone. */
  refuse_cut (client, id, "201", "invalid_value",
      "Audio content of 200ms is already shorter than 201ms");
}

static void
test_truncate_bounds (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  const gchar *id = speak (client);

  refuse_cut (client, id, "501", "invalid_value",
      "Audio content of 500ms is already shorter than 501ms");
  refuse_cut (client, id, "99999999999", "integer_above_max_value", NULL);
  refuse_cut (client, id, "-1", "integer_below_min_value", NULL);
  refuse_cut (client, id, "200.5", "invalid_type", NULL);
  refuse_cut (client, id, "'200'", "invalid_type", NULL);
  refuse_cut (client, id, "null", "invalid_type", NULL);
  refuse_cut (client, "nobody", "100", "item_truncate_invalid_item_id", NULL);
  client_send (client,
      "{'type':'conversation.item.truncate','item_id':'%s',"
      "'content_index':1,'audio_end_ms':100}",
      id);
  client_expect_error (client, "invalid_value");
  client_send (
      client, "{'type':'conversation.item.truncate','item_id':'%s'}", id);
  client_expect_error (client, "missing_required_parameter");
  truncate_at (client, id, "500");
  client_wait (client, "conversation.item.truncated");
  truncate_at (client, id, "0");
  client_wait (client, "conversation.item.truncated");
  g_assert_cmpuint (
      client_count (client, "conversation.item.truncated"), ==, 2);
}

#define WRONG_ITEM "Only model output audio messages can be truncated"

static void
test_truncate_wrong_item (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;

  create_text (client, NULL, "written");
  create (client, NULL,
      "{'id':'heard','type':'message','role':'user','content':[{'type':"
      "'input_audio','audio':'AAAA'}]}");
  create (client, NULL,
      "{'id':'restored','type':'message','role':'assistant','content':[{"
      "'type':'output_text','text':'x'}]}");
  refuse_cut (client, "written", "0", "unsupported_content_type", WRONG_ITEM);
  refuse_cut (client, "heard", "0", "unsupported_content_type", WRONG_ITEM);
  refuse_cut (client, "restored", "0", "unsupported_content_type", WRONG_ITEM);
}

/* An item that has no audio yet. */
static void
test_truncate_empty (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;

  refuse_cut (
      client, speak (client), "0", "unsupported_content_type", WRONG_ITEM);
}

/* Speaks for a minute, in real time. */
static Sandbox *
start_endless (void)
{
  const SandboxOptions options = { .pace = 1,
    .script_json =
        "{\"turns\":[{\"say\":[{\"text\":\"a b c\",\"tone_ms\":60000}],"
        "\"delta_ms\":20}]}" };

  return start_sandbox (&options);
}

/* While it is still being spoken: what counts is what was sent. */
static void
test_truncate_running (void)
{
  Sandbox *sandbox = start_endless ();
  Client *client = client_open (sandbox, NULL, NULL, NULL);
  const gchar *id;
  JsonObject *done;

  client_send (client, "{'type':'response.create'}");
  id = json_text (
      client_wait (client, "response.output_audio.delta"), "item_id");
  refuse_cut (client, id, "59000", "invalid_value", NULL);
  client_send (client, "{'type':'response.cancel'}");
  done = client_wait (client, "response.done");
  g_assert_cmpstr (
      json_text (done, "response.output[0].status"), ==, "incomplete");
  truncate_at (client, id, "10");
  client_wait (client, "conversation.item.truncated");
  client_free (client);
  sandbox_stop_thread (sandbox);
}

/* An item that is deleted while it is spoken: its response goes on. */
static void
test_delete_running (void)
{
  Sandbox *sandbox = start_endless ();
  Client *client = client_open (sandbox, NULL, NULL, NULL);
  g_autoptr (GPtrArray) items = NULL;
  const gchar *id;
  JsonObject *done;

  client_send (client, "{'type':'response.create'}");
  id = json_text (
      client_wait (client, "response.output_item.added"), "item.id");
  client_send (
      client, "{'type':'conversation.item.delete','item_id':'%s'}", id);
  client_wait (client, "conversation.item.deleted");
  client_wait (client, "response.output_audio.delta");
  client_send (client, "{'type':'response.cancel'}");
  done = client_wait (client, "response.done");
  g_assert_cmpstr (json_text (done, "response.output[0].id"), ==, id);
  items = sandbox_dup_items (sandbox, 0);
  g_assert_cmpuint (items->len, ==, 0);
  client_free (client);
  sandbox_stop_thread (sandbox);
}

#define TONE "{'turns':[{'say':[{'text':'one two','tone_ms':500}]}]}"

#define ADD(name, function, script)                                            \
  g_test_add ("/sandbox/items/" name, Fixture, script, fixture_set_up,         \
      function, fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("order", test_order, NULL);
  ADD ("restored", test_restored, NULL);
  ADD ("shapes", test_shapes, NULL);
  ADD ("refusals", test_refusals, NULL);
  ADD ("ids", test_ids, NULL);
  ADD ("delete", test_delete, NULL);
  ADD ("retrieve", test_retrieve, NULL);
  ADD ("truncate", test_truncate, TONE);
  ADD ("truncate-bounds", test_truncate_bounds, TONE);
  ADD ("truncate-wrong-item", test_truncate_wrong_item, NULL);
  ADD ("truncate-empty", test_truncate_empty,
      "{'turns':[{'say':[{'tone_ms':0}]}]}");
  g_test_add_func ("/sandbox/items/truncate-running", test_truncate_running);
  g_test_add_func ("/sandbox/items/delete-running", test_delete_running);
  return g_test_run ();
}
