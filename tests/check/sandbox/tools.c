/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Function calls: what a script makes of them, their outputs, the books. */
#include <string.h>

#include "client.h"

static void
send_output (Client *client, const gchar *call_id, const gchar *output)
{
  client_send (client,
      "{'type':'conversation.item.create','event_id':'out-%s','item':{"
      "'type':'function_call_output','call_id':'%s','output':'%s'}}",
      call_id, call_id, output);
}

static void
give_output (Client *client, const gchar *call_id, const gchar *output)
{
  send_output (client, call_id, output);
  client_wait (client, "conversation.item.done");
}

static guint
count_outputs (JsonObject *response)
{
  return json_array_get_length (
      json_object_get_array_member (response, "output"));
}

static const SandboxCall *
call_at (GPtrArray *calls, guint index)
{
  g_assert_cmpuint (index, <, calls->len);
  return g_ptr_array_index (calls, index);
}

/* The order of the nth event of a type. */
static guint64
order_of (GPtrArray *records, guint nth)
{
  g_assert_cmpuint (nth, <, records->len);
  return ((SandboxRecord *) g_ptr_array_index (records, nth))->order;
}

#define CALL(name, id) "{'call':{'name':'" name "','call_id':'" id "'}}"
#define PARALLEL                                                               \
  "{'turns':[{'say':[{'text':'one moment','tone_ms':40},"                      \
  "{'call':{'name':'a','arguments':{'x':1},'call_id':'id-a'}},"                \
  "{'text':'and','tone_ms':40}," CALL ("b", "id-b") "," CALL (                 \
      "b", "id-c") "]}]}"

static void
test_parallel (Fixture *fixture, gconstpointer data)
{
  static const gchar *const types[] = { "message", "function_call", "message",
    "function_call", "function_call" };
  Client *client = fixture->client;
  JsonObject *response = client_respond (client, "{}");
  g_autoptr (GPtrArray) calls = NULL;
  guint i;

  g_assert_cmpuint (count_outputs (response), ==, G_N_ELEMENTS (types));
  for (i = 0; i < G_N_ELEMENTS (types); i++) {
    g_autofree gchar *path = g_strdup_printf ("output[%u].type", i);
    JsonObject *event = client_event (client, "response.output_item.added", i);

    g_assert_cmpstr (json_text (response, path), ==, types[i]);
    g_assert_cmpint (json_int (event, "output_index"), ==, i);
  }
  calls = sandbox_dup_calls (fixture->sandbox);
  g_assert_cmpuint (calls->len, ==, 3);
  g_assert_cmpstr (call_at (calls, 0)->call_id, ==, "id-a");
  g_assert_cmpstr (call_at (calls, 0)->name, ==, "a");
  g_assert_cmpstr (call_at (calls, 0)->arguments, ==, "{\"x\":1}");
  g_assert_cmpstr (call_at (calls, 0)->status, ==, "completed");
  g_assert_cmpstr (
      call_at (calls, 0)->response_id, ==, json_text (response, "id"));
  g_assert_cmpstr (
      call_at (calls, 0)->item_id, ==, json_text (response, "output[1].id"));
  g_assert_cmpstr (call_at (calls, 1)->arguments, ==, "{}");
  g_assert_cmpstr (call_at (calls, 2)->call_id, ==, "id-c");
  g_assert_cmpuint (call_at (calls, 0)->made, <, call_at (calls, 1)->made);
  g_assert_cmpuint (call_at (calls, 2)->outputs, ==, 0);
}

static void
test_ledger (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GPtrArray) calls = NULL, items = NULL, creates = NULL, done = NULL;

  client_respond (client, "{}");
  give_output (client, "id-b", "B");
  give_output (client, "id-a", "A");
  calls = sandbox_dup_calls (fixture->sandbox);
  g_assert_cmpuint (call_at (calls, 0)->followed, ==, 0);
  g_clear_pointer (&calls, g_ptr_array_unref);
  /* What is said aside follows nothing. */
  client_respond (
      client, "{'conversation':'none','output_modalities':['text']}");
  client_respond (client, "{}");
  client_respond (client, "{}");
  calls = sandbox_dup_calls (fixture->sandbox);
  items = sandbox_dup_received (fixture->sandbox, "conversation.item.create");
  creates = sandbox_dup_received (fixture->sandbox, "response.create");
  done = sandbox_dup_sent (fixture->sandbox, "response.done");
  g_assert_cmpuint (call_at (calls, 0)->answered, ==, order_of (items, 1));
  g_assert_cmpuint (call_at (calls, 1)->answered, ==, order_of (items, 0));
  g_assert_cmpuint (call_at (calls, 0)->followed, ==, order_of (creates, 2));
  g_assert_cmpuint (call_at (calls, 1)->followed, ==, order_of (creates, 2));
  g_assert_cmpuint (call_at (calls, 0)->response_done, ==, order_of (done, 0));
  g_assert_cmpuint (
      call_at (calls, 0)->made, <, call_at (calls, 0)->response_done);
  g_assert_cmpstr (call_at (calls, 0)->output, ==, "A");
  g_assert_cmpstr (call_at (calls, 1)->output, ==, "B");
  g_assert_cmpuint (call_at (calls, 2)->answered, ==, 0);
  g_assert_cmpuint (call_at (calls, 2)->followed, ==, 0);
}

/* Outputs that nobody asked for are refused, and booked. */
static void
test_stray_outputs (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GPtrArray) calls = NULL;
  JsonObject *error;

  client_respond (client, "{}");
  give_output (client, "id-a", "first");
  send_output (client, "id-a", "second");
  error = client_expect_error (client, "invalid_tool_call_id");
  g_assert_cmpstr (json_text (error, "event_id"), ==, "out-id-a");
  send_output (client, "nobody", "x");
  error = client_expect_error (client, "invalid_tool_call_id");
  g_assert_cmpstr (json_text (error, "message"), ==,
      "Tool call ID 'nobody' not found in conversation.");
  calls = sandbox_dup_calls (fixture->sandbox);
  g_assert_cmpuint (calls->len, ==, 4);
  g_assert_cmpuint (call_at (calls, 0)->outputs, ==, 2);
  g_assert_cmpstr (call_at (calls, 0)->output, ==, "first");
  g_assert_cmpstr (call_at (calls, 3)->call_id, ==, "nobody");
  g_assert_null (call_at (calls, 3)->name);
  g_assert_null (call_at (calls, 3)->item_id);
  g_assert_cmpuint (call_at (calls, 3)->made, ==, 0);
  g_assert_cmpuint (call_at (calls, 3)->outputs, ==, 1);
}

/* Two calls of one id, in two responses: two outputs, no third. */
static void
test_repeated_id (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GPtrArray) calls = NULL;

  client_respond (client, "{}");
  give_output (client, "same", "one");
  client_respond (client, "{}");
  give_output (client, "same", "two");
  send_output (client, "same", "three");
  client_expect_error (client, "invalid_tool_call_id");
  calls = sandbox_dup_calls (fixture->sandbox);
  g_assert_cmpuint (calls->len, ==, 2);
  g_assert_cmpstr (call_at (calls, 0)->output, ==, "one");
  g_assert_cmpuint (call_at (calls, 0)->outputs, ==, 1);
  g_assert_cmpstr (call_at (calls, 1)->output, ==, "two");
  g_assert_cmpuint (call_at (calls, 1)->outputs, ==, 2);
  g_assert_cmpstr (
      call_at (calls, 0)->response_id, !=, call_at (calls, 1)->response_id);
}

/* The same within one response: the first output is the first call's. */
static void
test_twins (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GPtrArray) calls = NULL;

  client_respond (client, "{}");
  give_output (client, "same", "one");
  calls = sandbox_dup_calls (fixture->sandbox);
  g_assert_cmpstr (call_at (calls, 0)->output, ==, "one");
  g_assert_null (call_at (calls, 1)->output);
  g_clear_pointer (&calls, g_ptr_array_unref);
  give_output (client, "same", "two");
  calls = sandbox_dup_calls (fixture->sandbox);
  g_assert_cmpstr (call_at (calls, 1)->output, ==, "two");
  g_assert_cmpuint (call_at (calls, 0)->outputs, ==, 1);
}

/* A call that the client restores can be answered as well. */
static void
test_restored_call (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GPtrArray) calls = NULL;

  client_send (client,
      "{'type':'conversation.item.create','item':{'type':'function_call',"
      "'name':'old','call_id':'c','arguments':'{}'}}");
  client_wait (client, "conversation.item.done");
  give_output (client, "c", "x");
  calls = sandbox_dup_calls (fixture->sandbox);
  g_assert_cmpuint (calls->len, ==, 1);
  g_assert_cmpstr (call_at (calls, 0)->name, ==, "old");
  g_assert_null (call_at (calls, 0)->response_id);
  g_assert_cmpuint (call_at (calls, 0)->outputs, ==, 1);
}

/* ---- arguments ---- */

static void
expect_arguments (Fixture *fixture, const gchar *expected)
{
  Client *client = fixture->client;
  JsonObject *response = client_respond (client, "{}");
  g_autofree gchar *joined = client_join (
      client, "response.function_call_arguments.delta", NULL);
  g_autoptr (GPtrArray) calls = sandbox_dup_calls (fixture->sandbox);

  g_assert_cmpstr (joined, ==, expected);
  g_assert_cmpstr (json_text (response, "output[0].arguments"), ==, expected);
  g_assert_cmpstr (json_text (client_event (client,
                                  "response.function_call_arguments.done", 0),
                       "arguments"),
      ==, expected);
  g_assert_cmpstr (call_at (calls, 0)->arguments, ==, expected);
}

static void
test_raw_arguments (Fixture *fixture, gconstpointer data)
{
  expect_arguments (fixture, "{oops\001\n\tx");
}

static void
test_no_arguments (Fixture *fixture, gconstpointer data)
{
  expect_arguments (fixture, "");
}

static void
test_deltas (Fixture *fixture, gconstpointer data)
{
  expect_arguments (fixture, "abcdefg");
  g_assert_cmpuint (
      client_count (fixture->client, "response.function_call_arguments.delta"),
      ==, 3);
}

static void
test_no_deltas (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  JsonObject *response = client_respond (client, "{}");

  g_assert_cmpuint (
      client_count (client, "response.function_call_arguments.delta"), ==, 0);
  g_assert_cmpstr (json_text (response, "output[0].arguments"), ==, "abcdefg");
}

static void
test_long_arguments (void)
{
  g_autofree gchar *filling = g_strnfill (1024 * 1024, 'y');
  g_autofree gchar *script = g_strdup_printf (
      "{'turns':[{'say':[{'call':{'name':'f','arguments':{'x':'%s'}}}]}]}",
      filling);
  g_autofree gchar *expected = g_strdup_printf ("{\"x\":\"%s\"}", filling);
  Fixture fixture;

  fixture_set_up (&fixture, script);
  expect_arguments (&fixture, expected);
  g_assert_cmpuint (
      client_count (fixture.client, "response.function_call_arguments.delta"),
      <, 300);
  fixture_tear_down (&fixture, NULL);
}

/* ---- interrupted ---- */

static void
test_cancelled (void)
{
  const SandboxOptions options = { .pace = 1,
    .script_json =
        "{\"turns\":[{\"say\":[{\"call\":{\"name\":\"f\",\"raw_arguments\":"
        "\"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\","
        "\"delta_chars\":1}}]}]}" };
  Fixture fixture = { start_sandbox (&options) };
  g_autoptr (GPtrArray) calls = NULL;
  JsonObject *response;

  fixture.client = client_open (fixture.sandbox, NULL, NULL, NULL);
  client_send (fixture.client, "{'type':'response.create'}");
  client_wait (fixture.client, "response.function_call_arguments.delta");
  client_send (fixture.client, "{'type':'response.cancel'}");
  response = json_object_get_object_member (
      client_wait (fixture.client, "response.done"), "response");
  g_assert_cmpstr (json_text (response, "status"), ==, "cancelled");
  g_assert_cmpstr (json_text (response, "output[0].status"), ==, "incomplete");
  calls = sandbox_dup_calls (fixture.sandbox);
  g_assert_cmpuint (calls->len, ==, 1);
  g_assert_cmpstr (call_at (calls, 0)->status, ==, "incomplete");
  g_assert_true (g_str_has_prefix (call_at (calls, 0)->arguments, "a"));
  g_assert_cmpuint (strlen (call_at (calls, 0)->arguments), <, 52);
  fixture_tear_down (&fixture, NULL);
}

/* ---- what the client allows ---- */

#define FUNCTIONS                                                              \
  "[{'type':'function','name':'a'},{'type':'function','name':'b'}]"

static void
expect_calls (Client *client, const gchar *params, const gchar *names)
{
  JsonObject *response = client_respond (client, params);
  g_autoptr (GString) made = g_string_new (NULL);
  guint i;

  for (i = 0; i < count_outputs (response); i++) {
    g_autofree gchar *type = g_strdup_printf ("output[%u].type", i);
    g_autofree gchar *name = g_strdup_printf ("output[%u].name", i);

    if (g_str_equal (json_text (response, type), "function_call"))
      g_string_append_printf (
          made, "%s%s", made->len ? " " : "", json_text (response, name));
  }
  g_assert_cmpstr (made->str, ==, names);
}

static void
test_choice (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;

  expect_calls (client, "{}", "a b b");
  expect_calls (client, "{'tool_choice':'none'}", "");
  expect_calls (client, "{'parallel_tool_calls':false}", "a");
  expect_calls (
      client, "{'tool_choice':{'type':'function','name':'b'}}", "b b");
  expect_calls (client,
      "{'parallel_tool_calls':false,'tool_choice':{'type':'function',"
      "'name':'b'}}",
      "b");
  client_configure (
      client, "{'type':'realtime','tool_choice':'none','tools':" FUNCTIONS "}");
  expect_calls (client, "{}", "");
  expect_calls (client, "{'tool_choice':'auto'}", "a b b");
}

/* The default answer calls what must be called. */
static void
test_required (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;

  client_configure (client, "{'type':'realtime','tools':" FUNCTIONS "}");
  expect_calls (client, "{}", "");
  expect_calls (client, "{'tool_choice':'required'}", "a");
  expect_calls (client, "{'tool_choice':{'type':'function','name':'b'}}", "b");
  expect_calls (client, "{'tool_choice':'required','tools':[]}", "");
  expect_calls (client,
      "{'tool_choice':'required','tools':[{'type':'function','name':'z'}]}",
      "z");
}

/* ---- what the script makes of outputs ---- */

static void
test_expected (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  JsonObject *response;

  client_respond (client, "{}");
  give_output (client, "1", "x");
  give_output (client, "2", "y");
  response = client_respond (client, "{}");
  g_assert_cmpstr (json_text (response, "status"), ==, "completed");
  g_assert_cmpstr (
      json_text (response, "output[0].content[0].transcript"), ==, "thanks");
  /* These were answered; nothing new came. */
  response = client_respond (client, "{}");
  g_assert_cmpstr (json_text (response, "status"), ==, "failed");
  g_assert_cmpstr (json_text (response, "status_details.error.code"), ==,
      "unexpected_outputs");
  g_assert_cmpstr (json_text (response, "status_details.error.message"), ==,
      "The script expects the outputs [\"x\",\"y\"], but got [].");
}

/* The default answer knows the outputs that came while the call's own
 * response was still speaking. */
static void
test_early_output (void)
{
  const SandboxOptions options = { .pace = 1,
    .script_json =
        "{\"turns\":[{\"say\":[{\"call\":{\"name\":\"f\",\"call_id\":\"c\"}},"
        "{\"text\":\"wait\",\"tone_ms\":700}]}]}" };
  Fixture fixture = { start_sandbox (&options) };
  g_autoptr (GPtrArray) calls = NULL;
  JsonObject *response;

  fixture.client = client_open (fixture.sandbox, NULL, NULL, NULL);
  client_configure (
      fixture.client, "{'type':'realtime','output_modalities':['audio']}");
  client_send (fixture.client, "{'type':'response.create'}");
  client_wait (fixture.client, "response.output_item.done");
  send_output (fixture.client, "c", "early bird");
  client_wait (fixture.client, "response.done");
  response = client_respond (fixture.client, "{'output_modalities':['text']}");
  g_assert_nonnull (strstr (json_text (response, "output[1].content[0].text"),
      "The function returned: early bird."));
  calls = sandbox_dup_calls (fixture.sandbox);
  g_assert_cmpuint (
      call_at (calls, 0)->answered, <, call_at (calls, 0)->response_done);
  fixture_tear_down (&fixture, NULL);
}

static void
test_wrong_scripts (void)
{
  static const gchar *const scripts[] = {
    "{\"turns\":[{\"say\":[{\"call\":{\"arguments\":{}}}]}]}",
    "{\"turns\":[{\"say\":[{\"call\":{\"name\":\"f\",\"arguments\":\"x\"}}]}]}",
    "{\"turns\":[{\"say\":[{\"call\":{\"name\":\"f\",\"delta_chars\":-1}}]}]}",
    "{\"turns\":[{\"say\":[{\"mcp_call\":{\"name\":\"f\"}}]}]}",
    "{\"turns\":[{\"expect_outputs\":[5]}]}",
    "{\"turns\":[{\"race\":\"cancel\"}]}",
    "{\"turns\":[],\"mcp\":{\"docs\":{\"tool\":[]}}}",
    "{\"turns\":[],\"mcp\":{\"docs\":{\"tools\":[{}]}}}",
    "{\"turns\":[],\"mcp\":{\"docs\":{\"results\":{\"f\":5}}}}",
    "{\"turns\":[],\"mcp\":{\"docs\":{\"results\":{\"f\":{\"error\":{"
    "\"type\":\"odd\",\"message\":\"\"}}}}}}",
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (scripts); i++) {
    const SandboxOptions options = { .script_json = scripts[i] };
    GError *error = NULL;

    g_assert_null (sandbox_start_thread (&options, &error));
    g_assert_nonnull (error);
    g_assert_true (g_str_has_prefix (error->message, "The script is wrong: "));
    g_error_free (error);
  }
}

#define RAW(text, rest)                                                        \
  "{'turns':[{'say':[{'call':{'name':'f','raw_arguments':'" text "'" rest      \
  "}}]}]}"
#define ADD(name, function, script)                                            \
  g_test_add ("/sandbox/tools/" name, Fixture, script, fixture_set_up,         \
      function, fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("parallel", test_parallel, PARALLEL);
  ADD ("ledger", test_ledger, PARALLEL);
  ADD ("stray-outputs", test_stray_outputs, PARALLEL);
  ADD ("repeated-id", test_repeated_id,
      "{'loop':true,'turns':[{'say':[" CALL ("f", "same") "]}]}");
  ADD ("twins", test_twins,
      "{'turns':[{'say':[" CALL ("f", "same") "," CALL ("g", "same") "]}]}");
  ADD ("restored-call", test_restored_call, NULL);
  ADD ("raw-arguments", test_raw_arguments, RAW ("{oops\\u0001\\n\\tx", ""));
  ADD ("no-arguments", test_no_arguments, RAW ("", ""));
  ADD ("deltas", test_deltas, RAW ("abcdefg", ",'delta_chars':3"));
  ADD ("no-deltas", test_no_deltas, RAW ("abcdefg", ",'delta_chars':0"));
  g_test_add_func ("/sandbox/tools/long-arguments", test_long_arguments);
  g_test_add_func ("/sandbox/tools/cancelled", test_cancelled);
  ADD ("choice", test_choice,
      "{'loop':true,'turns':[{'say':[{'text':'x','tone_ms':20}," CALL (
          "a", "1") "," CALL ("b", "2") "," CALL ("b", "3") "]}]}");
  ADD ("required", test_required, NULL);
  ADD ("expected", test_expected,
      "{'turns':[{'say':[" CALL ("f", "1") "," CALL (
          "f", "2") "]},{'expect_outputs':['x','y'],'say':[{'text':'thanks',"
                    "'tone_ms':20}]},{'expect_outputs':['x','y']}]}");
  g_test_add_func ("/sandbox/tools/early-output", test_early_output);
  g_test_add_func ("/sandbox/tools/wrong-scripts", test_wrong_scripts);
  return g_test_run ();
}
