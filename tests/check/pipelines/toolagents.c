/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Agents with tools that need no code, in real pipelines: commands, URLs, and
 * tools on MCP servers. What a model writes is hostile; whatever it is, the
 * server gets one well-formed output for each call, the log says what went
 * wrong, and the conversation goes on.
 */
#include <gst/gst.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "sandbox.h"
#include "stage.h"
#include "testweb.h"

#define PATIENCE_MS (STAGE_PATIENCE / GST_MSECOND)

/* What the server says after a call, and then. */
#define REST                                                                   \
  "{\"say\":[{\"text\":\"Noted.\",\"tone_ms\":60}]},"                          \
  "{\"say\":[{\"text\":\"Go on.\",\"tone_ms\":60}]}"

typedef struct {
  Sandbox *sandbox;
  Stage *stage;
  gchar *directory;
  guint said; /* texts of the user */
} Room;

/* --- the log --- */

static GMutex log_lock;
/* Warnings of the element since the last room_new(). Under the lock. */
static GString *warnings;

static void
on_log (GstDebugCategory *category, GstDebugLevel level, const gchar *file,
    const gchar *function, gint line, GObject *object, GstDebugMessage *message,
    gpointer unused)
{
  if (level != GST_LEVEL_WARNING
      || !g_str_has_prefix (gst_debug_category_get_name (category), "realtime"))
    return;
  g_mutex_lock (&log_lock);
  g_string_append_printf (warnings, "%s\n", gst_debug_message_get (message));
  g_mutex_unlock (&log_lock);
}

/* A line says @words, and none has more than is to be seen. */
static void
assert_logged (const gchar *words)
{
  g_mutex_lock (&log_lock);
  if (!strstr (warnings->str, words))
    g_error ("\"%s\" is not in the log: %s", words, warnings->str);
  for (const gchar *c = warnings->str; *c; c++)
    if ((guchar) *c < ' ' && *c != '\n')
      g_error ("the log has a control character: %s", warnings->str);
  g_mutex_unlock (&log_lock);
}

/* --- a room --- */

/* @turns: of the script; @more: its other members, or "". */
static Room *
room_new (const gchar *turns, const gchar *more)
{
  g_autofree gchar *script = g_strdup_printf (
      "{\"turns\":[%s]%s}", turns, more);
  SandboxOptions options = { .pace = 0, .script_json = script };
  g_autoptr (GError) error = NULL;
  Room *room = g_new0 (Room, 1);

  g_mutex_lock (&log_lock);
  g_string_truncate (warnings, 0);
  g_mutex_unlock (&log_lock);
  room->sandbox = sandbox_start_thread (&options, &error);
  g_assert_no_error (error);
  room->directory = stage_make_directory ();
  room->stage = stage_new (
      "audiotestsrc is-live=true wave=silence samplesperbuffer=480 ! "
      "audio/x-raw,format=S16LE,rate=24000,channels=1 ! "
      "realtime2 name=ai turn-detection=none uri=%s ! fakesink",
      sandbox_get_uri (room->sandbox));
  return room;
}

static void
room_free (Room *room)
{
  stage_expect_no_error (room->stage);
  stage_free (room->stage);
  sandbox_stop_thread (room->sandbox);
  stage_remove_directory (room->directory);
  g_free (room);
}

static void
play (Room *room)
{
  stage_play (room->stage);
  stage_wait (room->stage, "realtime2/session-updated");
}

static void
ask (Room *room)
{
  gboolean taken = FALSE;

  room->said++;
  g_signal_emit_by_name (
      room->stage->ai, "send-text", "user", "Go on.", &taken);
  g_assert_true (taken);
}

/* The next turn is answered as if nothing had happened. */
static void
assert_goes_on (Room *room)
{
  guint64 n = sandbox_count_sent (room->sandbox, "response.done");

  ask (room);
  g_assert_true (
      sandbox_wait_sent (room->sandbox, "response.done", n + 1, PATIENCE_MS));
  stage_collect (room->stage);
  g_assert_cmpuint (
      stage_count_element (room->stage, "realtime2/session-lost"), ==, 0);
}

/* --- outputs --- */

/* Waits until @n calls were answered. */
static void
wait_outputs (Room *room, guint n)
{
  g_assert_true (sandbox_wait_received (
      room->sandbox, "conversation.item.create", room->said + n, PATIENCE_MS));
}

/* Each of the @n calls has one output, and nobody complained. */
static GPtrArray *
dup_calls (Room *room, guint n)
{
  GPtrArray *calls = sandbox_dup_calls (room->sandbox);
  GPtrArray *errors = sandbox_dup_errors (room->sandbox);

  g_assert_cmpuint (calls->len, ==, n);
  for (guint i = 0; i < n; i++) {
    SandboxCall *call = g_ptr_array_index (calls, i);

    g_assert_nonnull (call->item_id);
    g_assert_cmpuint (call->outputs, ==, 1);
    g_assert_cmpuint (call->answered, >, call->response_done);
    g_assert_true (g_utf8_validate (call->output, -1, NULL));
  }
  for (guint i = 0; i < errors->len; i++) {
    SandboxError *error = g_ptr_array_index (errors, i);

    /* A text of the user's interrupts what may be over by then. */
    if (g_strcmp0 (error->code, "response_cancel_not_active") != 0)
      g_error ("%s", error->message);
  }
  g_ptr_array_unref (errors);
  return calls;
}

/* @output is a JSON object whose error says @words. */
static void
assert_error (const gchar *output, const gchar *words)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;
  JsonObject *object;
  const gchar *reason;

  json_parser_load_from_data (parser, output, -1, &error);
  g_assert_no_error (error);
  object = json_node_get_object (json_parser_get_root (parser));
  reason = json_object_get_string_member (object, "error");
  if (!strstr (reason, words))
    g_error ("\"%s\" does not say \"%s\"", reason, words);
}

/* --- what a model may write --- */

#define OFFER(NAME)                                                            \
  "{\"type\":\"function\",\"name\":\"" NAME                                    \
  "\",\"parameters\":{\"type\":\"object\"}}"
#define OFFERS                                                                              \
  "[" OFFER ("copy") "," OFFER ("count") "," OFFER ("hang") "," OFFER ("flood") "," OFFER ( \
      "fork") "," OFFER ("fail") "," OFFER ("none") "," OFFER ("crash") "," OFFER ("binary") "]"

/* $0 is the room's directory. */
static const struct {
  const gchar *name, *script;
} tools[] = {
  { "copy", "cat" },
  { "count", "wc -c" },
  { "hang",
      "trap '' TERM; echo $$ >> $0/pids; sleep 1000 & "
      "echo $! >> $0/pids; wait; sleep 1000" },
  { "flood", "exec yes" },
  { "fork",
      "echo $$ >> $0/pids; "
      "while :; do sleep 1000 & echo $! >> $0/pids; sleep 0.02; done" },
  { "fail", "echo half; exit 7" },
  { "crash", "kill -11 $$" },
  { "binary", "printf '\\377\\000\\001\\n'" },
};

static void
add_word (JsonBuilder *builder, const gchar *word)
{
  json_builder_add_string_value (builder, word);
}

static void
set_tools (Room *room)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree gchar *text = NULL;

  json_builder_begin_object (builder);
  for (guint i = 0; i < G_N_ELEMENTS (tools); i++) {
    json_builder_set_member_name (builder, tools[i].name);
    json_builder_begin_array (builder);
    add_word (builder, "/bin/sh");
    add_word (builder, "-c");
    add_word (builder, tools[i].script);
    add_word (builder, room->directory);
    json_builder_end_array (builder);
  }
  json_builder_set_member_name (builder, "none");
  json_builder_begin_array (builder);
  add_word (builder, "/nowhere/at-all");
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  text = json_to_string (root, FALSE);
  g_object_set (room->stage->ai, "tool-exec", text, "tools", OFFERS, NULL);
}

#define S G_GUINT64_CONSTANT (1000000000)

static const struct {
  const gchar *path;
  const gchar *name;      /* as JSON, without quotes */
  const gchar *arguments; /* a text, as JSON, without quotes; NULL = a megabyte
                           * of it, or more */
  guint size;             /* bytes of that */
  guint64 timeout;        /* 0 = the default */
  const gchar *output;    /* or NULL */
  const gchar *error;     /* what it says, or NULL */
  const gchar *log;       /* what a line says, or NULL */
  gboolean invented;      /* no such tool: no response is asked for */
} rows[] = {
  { "copy", "copy", "{\\\"a\\\":\\\"../../$(id);`id`\\\"}", 0, 0,
      "{\"a\":\"../../$(id);`id`\"}", NULL, NULL, FALSE },
  { "nothing", "copy", "", 0, 0, "{}", NULL, NULL, FALSE },
  { "megabyte", "count", NULL, 1000000, 0, "1000000", NULL, NULL, FALSE },
  { "megabyte-back", "copy", NULL, 1000000, 0, NULL, "too long", "copy",
      FALSE },
  { "more", "count", NULL, 1024 * 1024 + 1, 0, NULL, "too long", "count",
      FALSE },
  { "unknown", "no_such_tool", "{}", 0, 0, NULL, "no such tool", "no_such_tool",
      TRUE },
  { "path", "../copy", "{}", 0, 0, NULL, "no such tool", "../copy", TRUE },
  { "absolute", "/bin/sh", "{}", 0, 0, NULL, "no such tool", "/bin/sh", TRUE },
  { "control", "copy\\n\\u001b[31m0:00:00 ERROR", "{}", 0, 0, NULL,
      "no such tool", "copy", TRUE },
  { "case", "Copy", "{}", 0, 0, NULL, "no such tool", "Copy", TRUE },
  { "no-json", "copy", "rm -rf /", 0, 0, NULL, "not a JSON object", "copy",
      FALSE },
  { "half-json", "copy", "{\\\"a\\\":", 0, 0, NULL, "not a JSON object", "copy",
      FALSE },
  { "array", "copy", "[1,2]", 0, 0, NULL, "not a JSON object", "copy", FALSE },
  { "two", "copy", "{}{}", 0, 0, NULL, "not a JSON object", "copy", FALSE },
  { "control-json", "copy", "{\\\"a\\\":\\\"\\u0001\\u001b\\n\\\"}", 0, 0, NULL,
      "not a JSON object", "copy", FALSE },
  { "hang", "hang", "{}", 0, S, NULL, "timeout", "hang", FALSE },
  { "flood", "flood", "{}", 0, 0, NULL, "too long", "flood", FALSE },
  { "fork", "fork", "{}", 0, S, NULL, "timeout", "fork", FALSE },
  { "fail", "fail", "{}", 0, 0, NULL, "7", "fail", FALSE },
  { "crash", "crash", "{}", 0, 0, NULL, "signal 11", "crash", FALSE },
  { "none", "none", "{}", 0, 0, NULL, "/nowhere/at-all", "none", FALSE },
  { "binary", "binary", "{}", 0, 0, "\xef\xbf\xbd\xef\xbf\xbd\x01", NULL, NULL,
      FALSE },
};

/* The arguments of row @i, as JSON. Caller frees them. */
static gchar *
make_arguments (guint i)
{
  g_autofree gchar *filler = NULL;

  if (rows[i].arguments)
    return g_strdup (rows[i].arguments);
  filler = g_strnfill (rows[i].size - strlen ("{\"a\":\"\"}"), 'x');
  return g_strdup_printf ("{\\\"a\\\":\\\"%s\\\"}", filler);
}

/* Those whose numbers are in the room's file `pids` have ended, or do so in a
 * moment. */
static void
assert_dead (Room *room)
{
  g_autofree gchar *path = g_build_filename (room->directory, "pids", NULL);
  gint64 deadline = g_get_monotonic_time () + STAGE_PATIENCE / GST_USECOND;
  g_autofree gchar *text = NULL;
  g_auto (GStrv) pids = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return;
  pids = g_strsplit (g_strchomp (text), "\n", -1);
  for (guint i = 0; pids[i]; i++)
    for (;;) {
      g_autofree gchar *stat = g_strdup_printf ("/proc/%s/stat", pids[i]);
      g_autofree gchar *line = NULL;

      if (!g_file_get_contents (stat, &line, NULL, NULL)
          || strstr (line, ") Z "))
        break;
      if (g_get_monotonic_time () > deadline)
        g_error ("process %s lives on", pids[i]);
      g_usleep (1000);
    }
}

static void
check_output (guint i, const SandboxCall *call)
{
  if (rows[i].error)
    assert_error (call->output, rows[i].error);
  else
    g_assert_cmpstr (call->output, ==, rows[i].output);
  g_assert_true ((call->followed == 0) == rows[i].invented);
  if (rows[i].log)
    assert_logged (rows[i].log);
}

static void
test_row (gconstpointer data)
{
  guint i = GPOINTER_TO_UINT (data);
  g_autofree gchar *arguments = make_arguments (i);
  g_autofree gchar *turns = g_strdup_printf (
      "{\"say\":[{\"call\":{\"name\":\"%s\",\"raw_arguments\":\"%s\","
      "\"call_id\":\"call_1\"}}]}," REST,
      rows[i].name, arguments);
  Room *room = room_new (turns, "");
  const GstStructure *fields;
  GPtrArray *calls;

  set_tools (room);
  if (rows[i].timeout)
    g_object_set (room->stage->ai, "tool-timeout", rows[i].timeout, NULL);
  play (room);
  ask (room);
  fields = stage_wait (room->stage, "realtime2/function-output");
  g_assert_cmpstr (gst_structure_get_string (fields, "call-id"), ==, "call_1");
  wait_outputs (room, 1);
  if (!rows[i].invented)
    g_assert_true (
        sandbox_wait_sent (room->sandbox, "response.done", 2, PATIENCE_MS));
  calls = dup_calls (room, 1);
  check_output (i, g_ptr_array_index (calls, 0));
  g_ptr_array_unref (calls);
  assert_dead (room);
  assert_goes_on (room);
  g_ptr_array_unref (dup_calls (room, 1));
  room_free (room);
}

/* More calls than there are hands: each has its output, all have one answer. */
static void
test_crowd (void)
{
  g_autoptr (GString) turns = g_string_new ("{\"say\":[");
  GPtrArray *calls;
  Room *room;

  for (guint i = 0; i < 12; i++)
    g_string_append_printf (turns,
        "%s{\"call\":{\"name\":\"%s\",\"arguments\":{}}}", i > 0 ? "," : "",
        i % 4 == 3 ? "copy" : "hang");
  g_string_append (turns, "]}," REST);
  room = room_new (turns->str, "");
  set_tools (room);
  g_object_set (room->stage->ai, "tool-timeout", 2 * S, NULL);
  play (room);
  ask (room);
  wait_outputs (room, 12);
  g_assert_true (
      sandbox_wait_sent (room->sandbox, "response.done", 2, PATIENCE_MS));
  assert_goes_on (room);
  g_assert_cmpuint (
      sandbox_count_received (room->sandbox, "response.create"), ==, 3);
  calls = dup_calls (room, 12);
  for (guint i = 0; i < 12; i++)
    if (i % 4 != 3)
      assert_error (
          ((SandboxCall *) g_ptr_array_index (calls, i))->output, "timeout");
  g_ptr_array_unref (calls);
  room_free (room);
}

/* A command that runs does not hold up the end of the pipeline, and does not
 * outlive it. */
static void
test_stopped (void)
{
  Room *room = room_new (
      "{\"say\":[{\"call\":{\"name\":\"hang\",\"arguments\":{}}}]}", "");
  g_autofree gchar *path = g_build_filename (room->directory, "pids", NULL);
  gint64 begin;

  set_tools (room);
  g_object_set (room->stage->ai, "tool-timeout", G_GUINT64_CONSTANT (0), NULL);
  play (room);
  ask (room);
  begin = g_get_monotonic_time ();
  for (guint lines = 0; lines < 2;) {
    g_autofree gchar *text = NULL;

    g_assert_cmpint (
        g_get_monotonic_time () - begin, <, STAGE_PATIENCE / GST_USECOND);
    lines = 0;
    if (g_file_get_contents (path, &text, NULL, NULL))
      for (const gchar *c = text; *c; c++)
        lines += *c == '\n';
    g_usleep (1000);
  }
  begin = g_get_monotonic_time ();
  g_assert_cmpint (
      gst_element_set_state (room->stage->pipeline, GST_STATE_NULL), ==,
      GST_STATE_CHANGE_SUCCESS);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 5 * G_USEC_PER_SEC);
  assert_dead (room);
  room_free (room);
}

/* --- from end to end --- */

/* A command and a URL, in one response. */
static void
test_both (void)
{
  g_autoptr (TestWeb) web = test_web_new ();
  g_autofree gchar *url = test_web_dup_url (web, "/sunny");
  g_autofree gchar *http = g_strdup_printf ("{\"weather\":\"%s\"}", url);
  Room *room = room_new (
      "{\"say\":[{\"text\":\"Let me look.\",\"tone_ms\":60},"
      "{\"call\":{\"name\":\"copy\",\"arguments\":{\"a\":1}}},"
      "{\"call\":{\"name\":\"weather\",\"arguments\":{\"city\":\"Bonn\"}}}]},"
      "{\"expect_outputs\":[\"{\\\"a\\\":1}\",\"sunny\"],\"say\":["
      "{\"text\":\"Sunny.\",\"tone_ms\":60}]}," REST,
      "");
  GPtrArray *calls;

  g_object_set (room->stage->ai, "tool-exec", "{\"copy\":[\"cat\"]}",
      "tool-http", http, "tools", "[" OFFER ("copy") "," OFFER ("weather") "]",
      NULL);
  play (room);
  ask (room);
  wait_outputs (room, 2);
  g_assert_true (
      sandbox_wait_sent (room->sandbox, "response.done", 2, PATIENCE_MS));
  calls = dup_calls (room, 2);
  for (guint i = 0; i < 2; i++) {
    SandboxCall *call = g_ptr_array_index (calls, i);

    g_assert_cmpstr (call->output, ==,
        g_str_equal (call->name, "copy") ? "{\"a\":1}" : "sunny");
  }
  g_ptr_array_unref (calls);
  assert_goes_on (room);
  g_assert_cmpuint (test_web_count (web), ==, 1);
  g_assert_cmpuint (
      sandbox_count_received (room->sandbox, "response.create"), ==, 3);
  room_free (room);
}

static const struct {
  const gchar *path;
  guint64 timeout;
  const gchar *error;
} sites[] = {
  { "/broken", 0, "500" },
  { "/redirect302", 0, "302" },
  { "/drip", S, "timeout" },
  { "/silent", S, "timeout" },
  { "/endless", 0, "too long" },
  { "/nonsense", 0, "" },
};

static void
test_site (gconstpointer data)
{
  guint i = GPOINTER_TO_UINT (data);
  TestWeb *web = test_web_new ();
  g_autofree gchar *url = test_web_dup_url (web, sites[i].path);
  g_autofree gchar *http = g_strdup_printf ("{\"weather\":\"%s\"}", url);
  Room *room = room_new (
      "{\"say\":[{\"call\":{\"name\":\"weather\",\"arguments\":{}}}]}," REST,
      "");
  GPtrArray *calls;

  g_object_set (room->stage->ai, "tool-http", http, "tools",
      "[" OFFER ("weather") "]", NULL);
  if (sites[i].timeout)
    g_object_set (room->stage->ai, "tool-timeout", sites[i].timeout, NULL);
  play (room);
  ask (room);
  wait_outputs (room, 1);
  g_assert_true (
      sandbox_wait_sent (room->sandbox, "response.done", 2, PATIENCE_MS));
  calls = dup_calls (room, 1);
  assert_error (
      ((SandboxCall *) g_ptr_array_index (calls, 0))->output, sites[i].error);
  g_ptr_array_unref (calls);
  assert_logged ("weather");
  assert_goes_on (room);
  room_free (room);
  test_web_free (web);
}

/* --- tools on MCP servers --- */

#define DOCS(MORE)                                                             \
  "[{\"type\":\"mcp\",\"server_label\":\"docs\",\"server_url\":"               \
  "\"https://mcp.example.net\"" MORE "}]"
#define APPROVE ",\"require_approval\":\"always\""
#define SERVER(MORE)                                                           \
  ",\"mcp\":{\"docs\":{\"tools\":[{\"name\":\"search\"},{\"name\":"            \
  "\"erase\"}],\"results\":{\"search\":\"3 hits\",\"erase\":{\"error\":{"      \
  "\"type\":\"tool_execution_error\",\"message\":\"no\"}}}" MORE "}}"
#define SEARCH                                                                 \
  "{\"say\":[{\"mcp_call\":{\"label\":\"docs\",\"name\":\"search\","           \
  "\"arguments\":{\"q\":\"x\"}}}]},"

/* The order of event number @i of a type, or 0. */
static guint64
order_of (GPtrArray *records, guint i)
{
  guint64 order = 0;

  if (i < records->len)
    order = ((SandboxRecord *) g_ptr_array_index (records, i))->order;
  g_ptr_array_unref (records);
  return order;
}

static Room *
new_mcp_room (const gchar *turns, const gchar *server, const gchar *docs)
{
  Room *room = room_new (turns, server);

  g_object_set (room->stage->ai, "tools", docs, NULL);
  return room;
}

static void
wait_listing (Room *room, const gchar *status)
{
  const GstStructure *fields;

  do
    fields = stage_wait (room->stage, "realtime2/mcp-tools");
  while (g_strcmp0 (gst_structure_get_string (fields, "status"), status) != 0);
}

/* The first words wait until the server has listed its tools, or can't. */
static void
check_listing (const gchar *server, const gchar *status, const gchar *last)
{
  Room *room = new_mcp_room (REST, server, DOCS (""));

  play (room);
  ask (room);
  wait_listing (room, "in-progress");
  wait_listing (room, status);
  g_assert_true (
      sandbox_wait_sent (room->sandbox, "response.done", 1, PATIENCE_MS));
  g_assert_cmpuint (
      order_of (sandbox_dup_received (room->sandbox, "response.create"), 0), >,
      order_of (sandbox_dup_sent (room->sandbox, last), 0));
  g_assert_cmpuint (order_of (sandbox_dup_sent (room->sandbox, last), 0), >, 0);
  assert_goes_on (room);
  room_free (room);
}

static void
test_listed (void)
{
  check_listing (SERVER (",\"list_after_ms\":800"), "completed",
      "mcp_list_tools.completed");
}

static void
test_not_listed (void)
{
  check_listing (SERVER (",\"list_after_ms\":800,\"list_error\":\"no\""),
      "failed", "mcp_list_tools.failed");
}

static void
test_unknown_server (void)
{
  check_listing ("", "failed", "mcp_list_tools.failed");
}

/* But not for ever. */
static void
test_slow_listing (void)
{
  Room *room = new_mcp_room (
      REST, SERVER (",\"list_after_ms\":600000"), DOCS (""));
  gint64 begin, took;

  play (room);
  begin = g_get_monotonic_time ();
  ask (room);
  g_assert_true (
      sandbox_wait_received (room->sandbox, "response.create", 1, PATIENCE_MS));
  took = g_get_monotonic_time () - begin;
  g_assert_cmpint (took, >, 2 * G_USEC_PER_SEC);
  g_assert_cmpint (took, <, 20 * G_USEC_PER_SEC);
  g_assert_cmpuint (
      sandbox_count_sent (room->sandbox, "mcp_list_tools.completed"), ==, 0);
  g_assert_true (
      sandbox_wait_sent (room->sandbox, "response.done", 1, PATIENCE_MS));
  assert_goes_on (room);
  room_free (room);
}

/* The tools' names are on the bus. */
static void
test_names (void)
{
  Room *room = new_mcp_room (REST, SERVER (""), DOCS (""));
  const GstStructure *fields;
  const GValue *names;

  play (room);
  do
    fields = stage_wait (room->stage, "realtime2/mcp-tools");
  while (!gst_structure_has_field (fields, "tools"));
  names = gst_structure_get_value (fields, "tools");
  g_assert_cmpuint (gst_value_array_get_size (names), ==, 2);
  g_assert_cmpstr (
      g_value_get_string (gst_value_array_get_value (names, 0)), ==, "search");
  g_assert_cmpstr (
      gst_structure_get_string (fields, "server-label"), ==, "docs");
  room_free (room);
}

static const GstStructure *
wait_call (Room *room, const gchar *status)
{
  const GstStructure *fields;

  do
    fields = stage_wait (room->stage, "realtime2/mcp-call");
  while (g_strcmp0 (gst_structure_get_string (fields, "status"), status) != 0);
  return fields;
}

/* One request, and one answer to it: @approve. */
static void
assert_answered (Room *room, gboolean approve)
{
  GPtrArray *approvals = sandbox_dup_approvals (room->sandbox);
  SandboxApproval *approval = g_ptr_array_index (approvals, 0);

  g_assert_cmpuint (approvals->len, ==, 1);
  g_assert_cmpstr (approval->name, ==, "search");
  g_assert_cmpuint (approval->answers, ==, 1);
  g_assert_cmpint (approval->approve, ==, approve);
  g_ptr_array_unref (approvals);
}

/* Waits until the item of the user's text and the answer have come. */
static void
wait_answer (Room *room, gboolean approve)
{
  wait_outputs (room, 1);
  assert_answered (room, approve);
}

static void
answer_by_hand (Room *room, gboolean approve)
{
  const GstStructure *fields = stage_wait (
      room->stage, "realtime2/mcp-approval-request");
  const gchar *id = gst_structure_get_string (fields, "request-id");
  gboolean taken = FALSE;

  g_assert_cmpstr (gst_structure_get_string (fields, "name"), ==, "search");
  g_assert_cmpstr (
      gst_structure_get_string (fields, "server-label"), ==, "docs");
  g_assert_nonnull (
      strstr (gst_structure_get_string (fields, "arguments"), "\"x\""));
  g_assert_cmpuint (
      sandbox_count_received (room->sandbox, "conversation.item.create"), ==,
      room->said);
  g_signal_emit_by_name (room->stage->ai, "approve-mcp", id, approve, &taken);
  g_assert_true (taken);
}

/* @by_hand: the application is asked; else @policy decides. */
static void
check_approval (const gchar *policy, gboolean by_hand, gboolean approve)
{
  Room *room = new_mcp_room (SEARCH REST, SERVER (""), DOCS (APPROVE));
  guint calls;

  gst_util_set_object_arg (G_OBJECT (room->stage->ai), "mcp-approval", policy);
  play (room);
  ask (room);
  if (by_hand)
    answer_by_hand (room, approve);
  wait_answer (room, approve);
  if (approve)
    g_assert_cmpstr (
        gst_structure_get_string (wait_call (room, "completed"), "name"), ==,
        "search");
  assert_goes_on (room);
  assert_answered (room, approve);
  stage_collect (room->stage);
  calls = stage_count_element (room->stage, "realtime2/mcp-call");
  g_assert_true ((calls > 0) == approve);
  room_free (room);
}

static void
test_approved (void)
{
  check_approval ("ask", TRUE, TRUE);
}

static void
test_denied (void)
{
  check_approval ("ask", TRUE, FALSE);
}

static void
test_always (void)
{
  check_approval ("always", FALSE, TRUE);
}

static void
test_never (void)
{
  check_approval ("never", FALSE, FALSE);
}

/* An answer to nothing is told, and that is all. */
static void
test_answer_to_nothing (void)
{
  Room *room = new_mcp_room (REST, SERVER (""), DOCS (APPROVE));
  gboolean taken = FALSE;

  play (room);
  g_signal_emit_by_name (
      room->stage->ai, "approve-mcp", "mcpr_nobody", TRUE, &taken);
  g_assert_true (taken);
  stage_wait (room->stage, "realtime2/server-error");
  room->said++;
  g_signal_emit_by_name (room->stage->ai, "approve-mcp", "", TRUE, &taken);
  g_assert_false (taken);
  assert_goes_on (room);
  room_free (room);
}

/* What fails on the server is told with its reason. */
static void
test_failed_call (void)
{
  Room *room = new_mcp_room (
      "{\"say\":[{\"mcp_call\":{\"label\":\"docs\",\"name\":\"erase\","
      "\"arguments\":{}}}]}," REST,
      SERVER (""), DOCS (",\"require_approval\":\"never\""));
  const GstStructure *fields;

  play (room);
  ask (room);
  do
    fields = wait_call (room, "failed");
  while (!gst_structure_has_field (fields, "error"));
  g_assert_cmpstr (gst_structure_get_string (fields, "name"), ==, "erase");
  assert_goes_on (room);
  room_free (room);
}

/* --- */

static void
add_rows (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree gchar *path = g_strdup_printf (
        "/toolagents/hostile/%s", rows[i].path);

    g_test_add_data_func (path, GUINT_TO_POINTER (i), test_row);
  }
  for (guint i = 0; i < G_N_ELEMENTS (sites); i++) {
    g_autofree gchar *path = g_strdup_printf (
        "/toolagents/site%s", sites[i].path);

    g_test_add_data_func (path, GUINT_TO_POINTER (i), test_site);
  }
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  warnings = g_string_new (NULL);
  gst_debug_remove_log_function (gst_debug_log_default);
  gst_debug_add_log_function (on_log, NULL, NULL);
  gst_debug_set_active (TRUE);
  gst_debug_set_default_threshold (GST_LEVEL_WARNING);
  add_rows ();
  g_test_add_func ("/toolagents/crowd", test_crowd);
  g_test_add_func ("/toolagents/stopped", test_stopped);
  g_test_add_func ("/toolagents/both", test_both);
  g_test_add_func ("/toolagents/mcp/listed", test_listed);
  g_test_add_func ("/toolagents/mcp/not-listed", test_not_listed);
  g_test_add_func ("/toolagents/mcp/unknown-server", test_unknown_server);
  g_test_add_func ("/toolagents/mcp/slow-listing", test_slow_listing);
  g_test_add_func ("/toolagents/mcp/names", test_names);
  g_test_add_func ("/toolagents/mcp/approved", test_approved);
  g_test_add_func ("/toolagents/mcp/denied", test_denied);
  g_test_add_func ("/toolagents/mcp/always", test_always);
  g_test_add_func ("/toolagents/mcp/never", test_never);
  g_test_add_func ("/toolagents/mcp/answer-to-nothing", test_answer_to_nothing);
  g_test_add_func ("/toolagents/mcp/failed-call", test_failed_call);
  return g_test_run ();
}
