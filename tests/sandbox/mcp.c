/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tools of MCP servers: listed, called and approved as the script says. */
#include "mcp.h"

#include "items.h"
#include "response.h"

/* One server; its tools can be used once they are listed. */
typedef struct {
  Mcp *mcp; /* its owner */
  gchar *label;
  JsonObject *tool;   /* as session.update gave it */
  JsonObject *script; /* what it is and does; NULL: cannot be reached */
  Item *item;         /* its mcp_list_tools */
  GSource *timer;     /* of the listing, or NULL */
  gboolean listed;
} Server;

/* A call that waits for the client's word. */
typedef struct {
  gchar *id;      /* of the mcp_approval_request */
  Reply *granted; /* the call and what follows; NULL: answered */
} Wish;

struct _Mcp {
  Session *session;
  GPtrArray *servers; /* Server; also those that are not in use any more */
  GPtrArray *wishes;  /* Wish */
  GQueue granted;     /* Reply, waiting for the active response's end */
};

static void
server_free (gpointer data)
{
  Server *server = data;

  if (server->timer != NULL)
    g_source_destroy (server->timer);
  g_clear_pointer (&server->timer, g_source_unref);
  g_clear_pointer (&server->item, item_unref);
  json_object_unref (server->tool);
  g_free (server->label);
  g_free (server);
}

static void
wish_free (gpointer data)
{
  Wish *wish = data;

  g_clear_pointer (&wish->granted, reply_unref);
  g_free (wish->id);
  g_free (wish);
}

Mcp *
mcp_new (Session *session)
{
  Mcp *mcp = g_new0 (Mcp, 1);

  mcp->session = session;
  mcp->servers = g_ptr_array_new_with_free_func (server_free);
  mcp->wishes = g_ptr_array_new_with_free_func (wish_free);
  return mcp;
}

void
mcp_free (Mcp *mcp)
{
  g_ptr_array_unref (mcp->servers);
  g_ptr_array_unref (mcp->wishes);
  g_queue_clear_full (&mcp->granted, (GDestroyNotify) reply_unref);
  g_free (mcp);
}

static Server *
find_server (Mcp *mcp, const gchar *label)
{
  guint i;

  for (i = 0; i < mcp->servers->len; i++) {
    Server *server = g_ptr_array_index (mcp->servers, i);

    if (g_strcmp0 (server->label, label) == 0)
      return server;
  }
  return NULL;
}

/* ---- listing ---- */

static gboolean
says_where (JsonObject *tool)
{
  return json_object_has_member (tool, "server_url")
      || json_object_has_member (tool, "connector_id")
      || json_object_has_member (tool, "tunnel_id");
}

/* A tool of a session's list if it is an MCP server; else NULL. */
static JsonObject *
server_at (JsonArray *tools, guint index)
{
  JsonNode *node = json_array_get_element (tools, index);
  JsonObject *tool;

  if (!JSON_NODE_HOLDS_OBJECT (node))
    return NULL;
  tool = json_node_get_object (node);
  return g_strcmp0 (wire_string (tool, "type"), "mcp") == 0
          && wire_string (tool, "server_label") != NULL
      ? tool
      : NULL;
}

gboolean
mcp_check (Mcp *mcp, JsonObject *patch, Fault *fault)
{
  JsonArray *tools = wire_array (patch, "tools");
  guint i;

  for (i = 0; tools != NULL && i < json_array_get_length (tools); i++) {
    JsonObject *tool = server_at (tools, i);
    g_autofree gchar *path = g_strdup_printf (
        "session.tools[%u].server_url", i);

    if (tool != NULL && !says_where (tool)
        && find_server (mcp, wire_string (tool, "server_label")) == NULL)
      return fault_set (fault, "missing_required_parameter", path,
          "Missing required parameter: '%s'. An MCP server needs one of "
          "'server_url', 'connector_id' and 'tunnel_id'.",
          path);
  }
  return TRUE;
}

static void
send_listing (Server *server, const gchar *type)
{
  Session *session = server->mcp->session;
  JsonObject *event = session_event (session, type);

  json_object_set_string_member (event, "item_id", server->item->id);
  session_send (session, event);
}

static gboolean
names_tool (JsonArray *names, const gchar *name)
{
  guint i;

  for (i = 0; names != NULL && i < json_array_get_length (names); i++)
    if (g_strcmp0 (json_array_get_string_element (names, i), name) == 0)
      return TRUE;
  return FALSE;
}

/* {tool_names, read_only}; all that is given must fit. */
static gboolean
filter_takes (JsonObject *filter, JsonObject *listed)
{
  JsonArray *names = wire_array (filter, "tool_names");
  JsonObject *notes = wire_object (listed, "annotations");
  gboolean read_only = notes != NULL
      && wire_boolean (notes, "readOnlyHint", FALSE);

  return (names == NULL || names_tool (names, wire_string (listed, "name")))
      && (!json_object_has_member (filter, "read_only")
          || wire_boolean (filter, "read_only", FALSE) == read_only);
}

static gboolean
is_allowed (JsonObject *tool, JsonObject *listed)
{
  JsonArray *names = wire_array (tool, "allowed_tools");
  JsonObject *filter = wire_object (tool, "allowed_tools");

  if (names != NULL)
    return names_tool (names, wire_string (listed, "name"));
  return filter == NULL || filter_takes (filter, listed);
}

/* A listed tool has a description and annotations, maybe null. */
static JsonObject *
show_tool (JsonObject *tool)
{
  JsonObject *shown = json_object_new ();
  JsonObject *schema = wire_object (tool, "input_schema");
  JsonObject *notes = wire_object (tool, "annotations");

  json_object_set_string_member (shown, "name", wire_string (tool, "name"));
  wire_set_string (shown, "description", wire_string (tool, "description"));
  json_object_set_object_member (shown, "input_schema",
      schema != NULL ? wire_copy_object (schema) : json_object_new ());
  if (notes != NULL)
    json_object_set_object_member (
        shown, "annotations", wire_copy_object (notes));
  else
    json_object_set_null_member (shown, "annotations");
  return shown;
}

static void
show_tools (Server *server)
{
  JsonArray *tools = wire_array (server->script, "tools");
  JsonArray *shown = json_array_new ();
  guint i;

  for (i = 0; tools != NULL && i < json_array_get_length (tools); i++) {
    JsonObject *tool = json_array_get_object_element (tools, i);

    if (is_allowed (server->tool, tool))
      json_array_add_object_element (shown, show_tool (tool));
  }
  json_object_set_array_member (server->item->json, "tools", shown);
}

static gboolean
finish_listing (gpointer data)
{
  Server *server = data;

  g_clear_pointer (&server->timer, g_source_unref);
  if (server->script == NULL
      || json_object_has_member (server->script, "list_error")) {
    send_listing (server, "mcp_list_tools.failed");
    return G_SOURCE_REMOVE;
  }
  show_tools (server);
  server->listed = TRUE;
  session_send_item (
      server->mcp->session, "conversation.item.done", server->item, TRUE);
  send_listing (server, "mcp_list_tools.completed");
  return G_SOURCE_REMOVE;
}

/* The item is there from the start, and empty: clients ask for it. */
static void
start_listing (Mcp *mcp, JsonObject *tool)
{
  Session *session = mcp->session;
  JsonObject *scripts = session->host->script != NULL
      ? session->host->script->mcp
      : NULL;
  Server *server = g_new0 (Server, 1);
  gint64 after;

  server->mcp = mcp;
  server->label = g_strdup (wire_string (tool, "server_label"));
  server->tool = wire_copy_object (tool);
  server->script = scripts != NULL ? wire_object (scripts, server->label)
                                   : NULL;
  server->item = items_new_tool_list (session->rand, server->label);
  g_ptr_array_add (mcp->servers, server);
  conversation_insert (session->conversation, server->item, NULL);
  send_listing (server, "mcp_list_tools.in_progress");
  session_send_item (session, "conversation.item.added", server->item, TRUE);
  after = server->script != NULL
      ? wire_integer (server->script, "list_after_ms", 0)
      : 0;
  server->timer = session_later (after, finish_listing, server);
}

static gboolean
same_object (JsonObject *a, JsonObject *b)
{
  g_autofree gchar *text_a = wire_print (a), *text_b = wire_print (b);

  return g_str_equal (text_a, text_b);
}

void
mcp_configure (Mcp *mcp)
{
  JsonArray *tools = wire_array (mcp->session->config->session, "tools");
  guint i;

  for (i = 0; tools != NULL && i < json_array_get_length (tools); i++) {
    JsonObject *tool = server_at (tools, i);
    Server *server = tool != NULL
        ? find_server (mcp, wire_string (tool, "server_label"))
        : NULL;

    if (tool == NULL
        || (server != NULL
            && (!says_where (tool) || same_object (tool, server->tool))))
      continue;
    if (server != NULL)
      g_ptr_array_remove (mcp->servers, server);
    start_listing (mcp, tool);
  }
}

/* ---- calls ---- */

/* The server's entry in the session's tools; NULL: it was taken out. */
static JsonObject *
find_entry (Mcp *mcp, const gchar *label)
{
  JsonArray *tools = wire_array (mcp->session->config->session, "tools");
  guint i;

  for (i = 0; tools != NULL && i < json_array_get_length (tools); i++) {
    JsonObject *tool = server_at (tools, i);

    if (tool != NULL
        && g_strcmp0 (wire_string (tool, "server_label"), label) == 0)
      return tool;
  }
  return NULL;
}

/* A tool as it was listed; NULL: it was not. */
static JsonObject *
find_tool (Server *server, const gchar *name)
{
  JsonArray *tools = wire_array (server->item->json, "tools");
  guint i;

  for (i = 0; server->listed && i < json_array_get_length (tools); i++) {
    JsonObject *tool = json_array_get_object_element (tools, i);

    if (g_strcmp0 (wire_string (tool, "name"), name) == 0)
      return tool;
  }
  return NULL;
}

/* By default always. With filters: what "never" takes is free, and if only
 * "always" is given, all that it does not take. */
static gboolean
needs_approval (JsonObject *entry, Server *server, JsonObject *listed)
{
  JsonObject *from = json_object_has_member (entry, "require_approval")
      ? entry
      : server->tool;
  JsonObject *filters = wire_object (from, "require_approval");
  JsonObject *always, *never;

  if (filters == NULL)
    return g_strcmp0 (wire_string (from, "require_approval"), "never") != 0;
  always = wire_object (filters, "always");
  never = wire_object (filters, "never");
  if (never != NULL && filter_takes (never, listed))
    return FALSE;
  return never != NULL || always == NULL || filter_takes (always, listed);
}

static void
add_call (Server *server, const Say *say, const gchar *request_id, Reply *reply)
{
  static const gchar *const keys[] = { "type", "message" };
  const gchar *const values[] = { "tool_execution_error",
    "The script has no result for this tool." };
  JsonObject *results = wire_object (server->script, "results");
  JsonObject *failure = results ? wire_object (results, say->name) : NULL;
  Say *call = reply_add_copy (reply, say);
  guint i;

  call->request_id = g_strdup (request_id);
  if (results != NULL)
    call->result = g_strdup (wire_string (results, say->name));
  if (failure != NULL)
    call->error = wire_copy_object (wire_object (failure, "error"));
  if (call->result != NULL || call->error != NULL)
    return;
  call->error = json_object_new ();
  for (i = 0; i < G_N_ELEMENTS (keys); i++)
    json_object_set_string_member (call->error, keys[i], values[i]);
}

static void
add_wish (
    Mcp *mcp, Server *server, const Reply *reply, guint index, Reply *prepared)
{
  const Say *say = g_ptr_array_index (reply->say, index);
  Say *asking = reply_add_copy (prepared, say);
  Wish *wish = g_new0 (Wish, 1);
  guint i;

  wish->id = wire_make_id (mcp->session->rand, "item");
  asking->kind = SAY_APPROVAL;
  asking->request_id = g_strdup (wish->id);
  wish->granted = reply_new_like (reply);
  wish->granted->created_ms = 0;
  add_call (server, say, wish->id, wish->granted);
  for (i = index + 1; i < reply->say->len; i++)
    if (((Say *) g_ptr_array_index (reply->say, i))->kind != SAY_MCP)
      reply_add_copy (wish->granted, g_ptr_array_index (reply->say, i));
    else if (!mcp_prepare (mcp, reply, i, wish->granted))
      break;
  g_ptr_array_add (mcp->wishes, wish);
}

gboolean
mcp_prepare (Mcp *mcp, const Reply *reply, guint index, Reply *prepared)
{
  const Say *say = g_ptr_array_index (reply->say, index);
  Server *server = find_server (mcp, say->label);
  JsonObject *entry = find_entry (mcp, say->label);
  JsonObject *listed = server != NULL ? find_tool (server, say->name) : NULL;

  if (entry == NULL || listed == NULL) {
    g_autofree gchar *words = g_strdup_printf (
        "The tool %s of %s is not there.", say->name, say->label);

    reply_add (prepared, SAY_SPEECH, say->phase, words);
    return TRUE;
  }
  if (needs_approval (entry, server, listed)) {
    add_wish (mcp, server, reply, index, prepared);
    return FALSE;
  }
  add_call (server, say, NULL, prepared);
  return TRUE;
}

/* ---- approvals ---- */

static Wish *
find_wish (Mcp *mcp, const gchar *id)
{
  guint i;

  for (i = 0; i < mcp->wishes->len; i++) {
    Wish *wish = g_ptr_array_index (mcp->wishes, i);

    if (g_strcmp0 (wish->id, id) == 0)
      return wish;
  }
  return NULL;
}

gboolean
mcp_check_answer (Mcp *mcp, JsonObject *item, Fault *fault)
{
  const gchar *id = wire_string (item, "approval_request_id");
  Wish *wish = find_wish (mcp, id);

  if (wish == NULL)
    return fault_set (fault, "invalid_value", "item.approval_request_id",
        "Approval request with id '%s' not found in conversation.", id);
  return wish->granted != NULL
      || fault_set (fault, "invalid_value", "item.approval_request_id",
          "Approval request with id '%s' was answered before.", id);
}

void
mcp_take_answer (Mcp *mcp, JsonObject *item)
{
  Wish *wish = find_wish (mcp, wire_string (item, "approval_request_id"));
  Reply *granted = g_steal_pointer (&wish->granted);

  if (wire_boolean (item, "approve", FALSE))
    g_queue_push_tail (&mcp->granted, granted);
  else
    reply_unref (granted);
  mcp_go_on (mcp);
}

void
mcp_go_on (Mcp *mcp)
{
  if (mcp->session->active == NULL && mcp->granted.length > 0)
    response_start (mcp->session, g_queue_pop_head (&mcp->granted), NULL);
}
