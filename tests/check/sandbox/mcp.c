/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tools of MCP servers: listings, calls, approvals. */
#include <string.h>

#include "client.h"

#define DOCS                                                                   \
  "{'type':'realtime','tools':[{'type':'mcp','server_label':'docs',"           \
  "'server_url':'https://mcp.example.net'%s}]}"

/* more: further members of the tool. */
static void
use_docs (Client *client, const gchar *more)
{
  g_autofree gchar *session = g_strdup_printf (DOCS, more);

  client_configure (client, session);
}

static JsonObject *
list_docs (Client *client, const gchar *more)
{
  use_docs (client, more);
  client_wait (client, "mcp_list_tools.completed");
  return client_event (client, "conversation.item.done",
      client_count (client, "conversation.item.done") - 1);
}

static void
answer (Client *client, const gchar *id, gboolean approve)
{
  client_send (client,
      "{'type':'conversation.item.create','event_id':'answer',"
      "'previous_item_id':'%s','item':{'type':'mcp_approval_response',"
      "'approval_request_id':'%s','approve':%s,'reason':'why not'}}",
      id, id, approve ? "true" : "false");
}

/* ---- listings ---- */

static void
test_listing (Fixture *fixture, gconstpointer data)
{
  static const gchar *const types[] = { "session.updated",
    "mcp_list_tools.in_progress", "conversation.item.added",
    "conversation.item.done", "mcp_list_tools.completed" };
  Client *client = fixture->client;
  JsonObject *done = list_docs (client, ""), *added;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (types); i++)
    g_assert_cmpint (client_index (client, types[i], 0), ==, i + 1);
  added = client_event (client, "conversation.item.added", 0);
  g_assert_cmpstr (
      json_text (added, "item.id"), ==, json_text (done, "item.id"));
  g_assert_false (json_has (added, "item.tools[0]"));
  for (i = 1; i < G_N_ELEMENTS (types); i += 3)
    g_assert_cmpstr (json_text (client_event (client, types[i], 0), "item_id"),
        ==, json_text (done, "item.id"));
  g_assert_cmpstr (json_text (done, "item.type"), ==, "mcp_list_tools");
  g_assert_cmpstr (json_text (done, "item.server_label"), ==, "docs");
  g_assert_cmpstr (json_text (done, "item.tools[0].name"), ==, "search");
  g_assert_cmpstr (
      json_text (done, "item.tools[0].description"), ==, "Search pages");
  g_assert_cmpstr (
      json_text (done, "item.tools[0].input_schema.type"), ==, "object");
  g_assert_cmpstr (json_text (done, "item.tools[1].name"), ==, "erase");
  /* The same again is nothing new, something else is. */
  use_docs (client, "");
  client_configure (client,
      "{'type':'realtime','tools':[{'type':'mcp','server_label':'docs'}]}");
  client_fence (client);
  g_assert_cmpuint (client_count (client, "mcp_list_tools.in_progress"), ==, 1);
  list_docs (client, ",'allowed_tools':['erase']");
  g_assert_cmpuint (client_count (client, "mcp_list_tools.in_progress"), ==, 2);
}

/* The official client asks for the item as soon as the listing begins. */
static void
test_retrieved (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  const gchar *id;
  JsonObject *event;

  use_docs (client, "");
  id = json_text (
      client_wait (client, "mcp_list_tools.in_progress"), "item_id");
  client_send (
      client, "{'type':'conversation.item.retrieve','item_id':'%s'}", id);
  event = client_wait (client, "conversation.item.retrieved");
  g_assert_cmpstr (json_text (event, "item.type"), ==, "mcp_list_tools");
  g_assert_false (json_has (event, "item.tools[0]"));
  g_assert_false (json_has (event, "item.object"));
}

static void
expect_tools (Client *client, const gchar *more, const gchar *names)
{
  JsonObject *done = list_docs (client, more);
  g_autoptr (GString) listed = g_string_new (NULL);
  JsonArray *tools = json_object_get_array_member (
      json_object_get_object_member (done, "item"), "tools");
  guint i;

  for (i = 0; i < json_array_get_length (tools); i++)
    g_string_append_printf (listed, "%s%s", i > 0 ? " " : "",
        json_text (json_array_get_object_element (tools, i), "name"));
  g_assert_cmpstr (listed->str, ==, names);
}

static void
test_allowed (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;

  expect_tools (client, "", "search erase");
  expect_tools (client, ",'allowed_tools':null", "search erase");
  expect_tools (client, ",'allowed_tools':['erase','x']", "erase");
  expect_tools (client, ",'allowed_tools':[]", "");
  expect_tools (client, ",'allowed_tools':{'tool_names':['search']}", "search");
  expect_tools (client, ",'allowed_tools':{'read_only':true}", "search");
  expect_tools (client, ",'allowed_tools':{'read_only':false}", "erase");
}

static void
test_failed_listing (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  JsonObject *response;

  use_docs (client, ",'require_approval':'never'");
  client_wait (client, "mcp_list_tools.failed");
  response = client_respond (client, NULL);
  g_assert_cmpstr (json_text (response, "output[0].type"), ==, "message");
  g_assert_cmpstr (json_text (response, "output[0].content[0].transcript"), ==,
      "The tool search of docs is not there.");
  g_assert_cmpuint (
      client_count (client, "response.mcp_call.in_progress"), ==, 0);
}

/* A new server must say where it is. */
static void
test_no_place (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  JsonObject *error;

  client_send (client,
      "{'type':'session.update','event_id':'u','session':{'type':'realtime',"
      "'instructions':'new','tools':[{'type':'mcp','server_label':'a'}]}}");
  error = client_expect_error (client, "missing_required_parameter");
  g_assert_cmpstr (
      json_text (error, "param"), ==, "session.tools[0].server_url");
  g_assert_cmpstr (json_text (error, "event_id"), ==, "u");
  g_assert_cmpstr (json_text (client_configure (client, "{'type':'realtime'}"),
                       "instructions"),
      !=, "new");
}

/* Tools cannot be used before they are listed, nor when they are taken out. */
static void
test_slow_listing (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  JsonObject *response;

  client_send (client, "{'type':'session.update','session':" DOCS "}",
      ",'require_approval':'never'");
  response = client_respond (client, NULL);
  g_assert_cmpstr (json_text (response, "output[0].type"), ==, "message");
  client_wait (client, "mcp_list_tools.completed");
  response = client_respond (client, NULL);
  g_assert_cmpstr (json_text (response, "output[0].type"), ==, "mcp_call");
  client_configure (client, "{'type':'realtime','tools':[]}");
  response = client_respond (client, NULL);
  g_assert_cmpstr (json_text (response, "output[0].type"), ==, "message");
}

/* ---- calls ---- */

static void
test_call (Fixture *fixture, gconstpointer data)
{
  static const gchar *const types[] = { "response.output_item.added",
    "response.mcp_call.in_progress", "response.mcp_call_arguments.delta",
    "response.mcp_call_arguments.done", "response.mcp_call.completed",
    "response.output_item.done" };
  Client *client = fixture->client;
  JsonObject *response, *event;
  guint i;

  list_docs (client, ",'require_approval':'never'");
  response = client_respond (client, NULL);
  for (i = 1; i < G_N_ELEMENTS (types); i++)
    g_assert_cmpint (client_index (client, types[i - 1], 0), <,
        client_index (client, types[i], 0));
  g_assert_cmpstr (json_text (response, "output[0].type"), ==, "mcp_call");
  g_assert_cmpstr (json_text (response, "output[0].server_label"), ==, "docs");
  g_assert_cmpstr (json_text (response, "output[0].name"), ==, "search");
  g_assert_cmpstr (
      json_text (response, "output[0].arguments"), ==, "{\"q\":\"x\"}");
  g_assert_cmpstr (json_text (response, "output[0].output"), ==, "3 hits");
  g_assert_true (json_null (response, "output[0].error"));
  g_assert_true (json_null (response, "output[0].approval_request_id"));
  g_assert_false (json_has (response, "output[0].status"));
  event = client_event (client, "response.mcp_call_arguments.done", 0);
  g_assert_cmpstr (json_text (event, "arguments"), ==, "{\"q\":\"x\"}");
  event = client_event (client, "response.mcp_call.completed", 0);
  g_assert_cmpstr (
      json_text (event, "item_id"), ==, json_text (response, "output[0].id"));
  g_assert_cmpint (json_int (event, "output_index"), ==, 0);
  g_assert_false (json_has (event, "response_id"));
}

static void
test_failed_call (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  JsonObject *response;

  list_docs (client, ",'require_approval':'never'");
  response = client_respond (client, NULL);
  g_assert_true (json_null (response, "output[0].output"));
  g_assert_cmpstr (
      json_text (response, "output[0].error.type"), ==, "http_error");
  g_assert_cmpint (json_int (response, "output[0].error.code"), ==, 503);
  g_assert_cmpstr (json_text (response, "output[0].error.message"), ==, "down");
  /* The script says nothing about this one. */
  g_assert_cmpstr (
      json_text (response, "output[1].error.type"), ==, "tool_execution_error");
  g_assert_cmpuint (client_count (client, "response.mcp_call.failed"), ==, 2);
  g_assert_cmpuint (
      client_count (client, "response.mcp_call.completed"), ==, 0);
}

static void
test_cancelled_call (void)
{
  const SandboxOptions options = { .pace = 1,
    .script_json =
        "{\"turns\":[{\"say\":[{\"mcp_call\":{\"label\":\"docs\",\"name\":"
        "\"search\",\"raw_arguments\":\"abcdefghijklmnopqrstuvwxyzabcdefghi\","
        "\"delta_chars\":1}}]}],\"mcp\":{\"docs\":{\"tools\":[{\"name\":"
        "\"search\"}],\"results\":{\"search\":\"x\"}}}}" };
  Fixture fixture = { start_sandbox (&options) };
  JsonObject *done;

  fixture.client = client_open (fixture.sandbox, NULL, NULL, NULL);
  list_docs (fixture.client, ",'require_approval':'never'");
  client_send (fixture.client, "{'type':'response.create'}");
  client_wait (fixture.client, "response.mcp_call_arguments.delta");
  client_send (fixture.client, "{'type':'response.cancel'}");
  done = client_wait (fixture.client, "response.done");
  g_assert_cmpstr (json_text (done, "response.status"), ==, "cancelled");
  g_assert_true (json_null (done, "response.output[0].output"));
  g_assert_cmpstr (json_text (done, "response.output[0].error.type"), ==,
      "tool_execution_error");
  g_assert_cmpuint (
      client_count (fixture.client, "response.mcp_call.failed"), ==, 1);
  fixture_tear_down (&fixture, NULL);
}

/* ---- approvals ---- */

static const SandboxApproval *
approval_at (GPtrArray *approvals, guint index)
{
  g_assert_cmpuint (index, <, approvals->len);
  return g_ptr_array_index (approvals, index);
}

static void
test_approved (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GPtrArray) approvals = NULL;
  const SandboxApproval *approval;
  JsonObject *response, *done;
  const gchar *id;

  list_docs (client, "");
  response = client_respond (client, NULL);
  g_assert_cmpstr (
      json_text (response, "output[0].type"), ==, "mcp_approval_request");
  g_assert_cmpstr (
      json_text (response, "output[0].arguments"), ==, "{\"q\":\"x\"}");
  g_assert_false (json_has (response, "output[1]"));
  g_assert_cmpuint (
      client_count (client, "response.mcp_call.in_progress"), ==, 0);
  id = json_text (response, "output[0].id");
  answer (client, id, TRUE);
  done = client_wait (client, "conversation.item.done");
  g_assert_cmpstr (json_text (done, "item.type"), ==, "mcp_approval_response");
  response = json_object_get_object_member (
      client_wait (client, "response.done"), "response");
  g_assert_cmpstr (json_text (response, "output[0].type"), ==, "mcp_call");
  g_assert_cmpstr (
      json_text (response, "output[0].approval_request_id"), ==, id);
  g_assert_cmpstr (json_text (response, "output[0].output"), ==, "3 hits");
  g_assert_cmpstr (
      json_text (response, "output[1].content[0].transcript"), ==, "Found.");
  approvals = sandbox_dup_approvals (fixture->sandbox);
  g_assert_cmpuint (approvals->len, ==, 1);
  approval = approval_at (approvals, 0);
  g_assert_cmpstr (approval->request_id, ==, id);
  g_assert_cmpstr (approval->server_label, ==, "docs");
  g_assert_cmpstr (approval->name, ==, "search");
  g_assert_cmpstr (approval->arguments, ==, "{\"q\":\"x\"}");
  g_assert_true (approval->approve);
  g_assert_cmpstr (approval->reason, ==, "why not");
  g_assert_cmpuint (approval->answers, ==, 1);
  g_assert_cmpuint (approval->asked, <, approval->answered);
}

static void
test_denied (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GPtrArray) approvals = NULL;
  const gchar *id;

  list_docs (client, "");
  id = json_text (client_respond (client, NULL), "output[0].id");
  answer (client, id, FALSE);
  client_wait (client, "conversation.item.done");
  /* Nothing comes of it, and it cannot be taken back. */
  answer (client, id, TRUE);
  g_assert_cmpstr (
      json_text (client_expect_error (client, "invalid_value"), "param"), ==,
      "item.approval_request_id");
  client_fence (client);
  g_assert_cmpuint (client_count (client, "response.created"), ==, 1);
  approvals = sandbox_dup_approvals (fixture->sandbox);
  g_assert_false (approval_at (approvals, 0)->approve);
  g_assert_cmpuint (approval_at (approvals, 0)->answers, ==, 2);
}

static void
test_stray_answer (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GPtrArray) approvals = NULL;

  client_send (client,
      "{'type':'conversation.item.create','item':{'type':"
      "'mcp_approval_response','approval_request_id':'x','approve':true}}");
  client_expect_error (client, "invalid_value");
  approvals = sandbox_dup_approvals (fixture->sandbox);
  g_assert_cmpuint (approvals->len, ==, 1);
  g_assert_null (approval_at (approvals, 0)->name);
  g_assert_cmpuint (approval_at (approvals, 0)->answers, ==, 1);
}

/* An approval that comes while a response is active waits for its end. */
static void
test_approved_meanwhile (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  const gchar *id;

  list_docs (client, "");
  id = json_text (client_respond (client, NULL), "output[0].id");
  client_send (client, "{'type':'response.create'}");
  client_wait (client, "response.created");
  answer (client, id, TRUE);
  client_wait (client, "conversation.item.done");
  client_fence (client);
  g_assert_cmpuint (client_count (client, "response.created"), ==, 2);
  client_send (client, "{'type':'response.cancel'}");
  client_wait (client, "response.done");
  client_wait (client, "response.mcp_call.completed");
  g_assert_cmpuint (client_count (client, "response.created"), ==, 3);
}

static void
expect_asks (Client *client, const gchar *rule, const gchar *types)
{
  g_autofree gchar *more = g_strdup_printf (",'require_approval':%s", rule);
  g_autoptr (GString) got = g_string_new (NULL);
  JsonObject *response;
  guint i;

  list_docs (client, more);
  for (i = 0; i < 2; i++) {
    response = client_respond (client, NULL);
    g_string_append_printf (
        got, "%s%s", i > 0 ? " " : "", json_text (response, "output[0].type"));
  }
  g_assert_cmpstr (got->str, ==, types);
}

#define ASK "mcp_approval_request"
#define DO "mcp_call"

/* The first turn calls search, which only reads, the second one erase. */
static void
test_rules (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;

  expect_asks (client, "null", ASK " " ASK);
  expect_asks (client, "'always'", ASK " " ASK);
  expect_asks (client, "'never'", DO " " DO);
  expect_asks (client, "{'never':{'read_only':true}}", DO " " ASK);
  expect_asks (client, "{'never':{'tool_names':['erase']}}", ASK " " DO);
  expect_asks (client, "{'always':{'tool_names':['erase']}}", DO " " ASK);
  expect_asks (client,
      "{'always':{'tool_names':['x']},'never':{'tool_names':['erase']}}",
      ASK " " DO);
}

/* Two wishes of one turn: the second comes after the first was granted. */
static void
test_two_wishes (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  JsonObject *response;

  list_docs (client, "");
  response = client_respond (client, NULL);
  answer (client, json_text (response, "output[0].id"), TRUE);
  response = json_object_get_object_member (
      client_wait (client, "response.done"), "response");
  g_assert_cmpstr (json_text (response, "output[0].type"), ==, DO);
  g_assert_cmpstr (json_text (response, "output[1].type"), ==, ASK);
  answer (client, json_text (response, "output[1].id"), TRUE);
  response = json_object_get_object_member (
      client_wait (client, "response.done"), "response");
  g_assert_cmpstr (json_text (response, "output[0].name"), ==, "erase");
  g_assert_cmpstr (json_text (response, "output[0].type"), ==, DO);
}

#define TOOLS                                                                  \
  "'tools':[{'name':'search','description':'Search pages','input_schema':{"    \
  "'type':'object'},'annotations':{'readOnlyHint':true}},{'name':'erase'}]"
#define SERVER(more) "'mcp':{'docs':{" TOOLS more "}}"
#define SEARCH                                                                 \
  "{'mcp_call':{'label':'docs','name':'search','arguments':{'q':'x'}}}"
#define ERASE "{'mcp_call':{'label':'docs','name':'erase'}}"
#define RESULTS ",'results':{'search':'3 hits'}"
#define FOUND "{'text':'Found.','tone_ms':20}"
#define ADD(name, function, script)                                            \
  g_test_add ("/sandbox/mcp/" name, Fixture, script, fixture_set_up, function, \
      fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("listing", test_listing, "{'turns':[]," SERVER ("") "}");
  ADD ("retrieved", test_retrieved,
      "{'turns':[]," SERVER (",'list_after_ms':60000") "}");
  ADD ("allowed", test_allowed, "{'turns':[]," SERVER ("") "}");
  ADD ("failed-listing", test_failed_listing,
      "{'turns':[{'say':[" SEARCH
      "]}]," SERVER (",'list_error':'no such host'") "}");
  ADD ("no-place", test_no_place, NULL);
  ADD ("slow-listing", test_slow_listing,
      "{'loop':true,'turns':[{'say':[" SEARCH
      "]}]," SERVER (",'list_after_ms':1500" RESULTS) "}");
  ADD ("call", test_call,
      "{'turns':[{'say':[" SEARCH "]}]," SERVER (RESULTS) "}");
  ADD ("failed-call", test_failed_call,
      "{'turns':[{'say':[" SEARCH "," ERASE "]}]," SERVER (
          ",'results':{'search':{'error':{'type':'http_error','code':503,"
          "'message':'down'}}}") "}");
  g_test_add_func ("/sandbox/mcp/cancelled-call", test_cancelled_call);
  ADD ("approved", test_approved,
      "{'turns':[{'say':[" SEARCH "," FOUND "]}]," SERVER (RESULTS) "}");
  ADD ("denied", test_denied,
      "{'turns':[{'say':[" SEARCH "," FOUND "]}]," SERVER (RESULTS) "}");
  ADD ("stray-answer", test_stray_answer, NULL);
  ADD ("approved-meanwhile", test_approved_meanwhile,
      "{'turns':[{'say':[" SEARCH "]},{'hold':true}]," SERVER (RESULTS) "}");
  ADD ("rules", test_rules,
      "{'loop':true,'turns':[{'say':[" SEARCH "]},{'say':[" ERASE
      "]}]," SERVER (RESULTS) "}");
  ADD ("two-wishes", test_two_wishes,
      "{'turns':[{'say':[" SEARCH "," ERASE "]}]," SERVER (RESULTS) "}");
  return g_test_run ();
}
