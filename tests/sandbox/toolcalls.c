/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of a reply may be said under tool_choice and parallel_tool_calls. */
#include "toolcalls.h"

#include "mcp.h"

/* Strings belong to the session or the request. */
typedef struct {
  gboolean none;
  gboolean required; /* some tool, or the one that follows */
  const gchar *type; /* function or mcp; NULL: any */
  const gchar *name; /* NULL: any */
  const gchar *label;
  gboolean parallel;
  JsonArray *tools; /* or NULL */
} Rules;

/* A member of the request, else of the session, or NULL. */
static JsonNode *
choose (JsonObject *params, JsonObject *session, const gchar *name)
{
  JsonNode *node = params != NULL ? json_object_get_member (params, name)
                                  : NULL;

  return node != NULL ? node : json_object_get_member (session, name);
}

static void
read_rules (Rules *rules, JsonObject *params, JsonObject *session)
{
  JsonNode *choice = choose (params, session, "tool_choice");
  JsonNode *parallel = choose (params, session, "parallel_tool_calls");
  JsonNode *tools = choose (params, session, "tools");

  *rules = (Rules){ .parallel = TRUE };
  if (parallel != NULL)
    rules->parallel = json_node_get_boolean (parallel);
  if (tools != NULL && JSON_NODE_HOLDS_ARRAY (tools))
    rules->tools = json_node_get_array (tools);
  if (choice != NULL && JSON_NODE_HOLDS_OBJECT (choice)) {
    JsonObject *object = json_node_get_object (choice);

    rules->required = TRUE;
    rules->type = wire_string (object, "type");
    rules->name = wire_string (object, "name");
    rules->label = wire_string (object, "server_label");
  } else if (choice != NULL) {
    rules->none = g_strcmp0 (json_node_get_string (choice), "none") == 0;
    rules->required = g_strcmp0 (json_node_get_string (choice), "required")
        == 0;
  }
}

static gboolean
is_call (const Say *say)
{
  return say->kind == SAY_CALL || say->kind == SAY_MCP;
}

/* calls: made before in the same response. */
static gboolean
allows (const Rules *rules, const Say *say, guint calls)
{
  const gchar *type = say->kind == SAY_MCP ? "mcp" : "function";

  if (!is_call (say))
    return TRUE;
  return !rules->none && (rules->parallel || calls == 0)
      && (rules->type == NULL || g_str_equal (rules->type, type))
      && (rules->name == NULL || g_strcmp0 (rules->name, say->name) == 0)
      && (rules->label == NULL || g_strcmp0 (rules->label, say->label) == 0);
}

/* The function that must be called, or NULL. */
static const gchar *
find_required (const Rules *rules)
{
  guint i;

  if (!rules->required || g_strcmp0 (rules->type, "mcp") == 0)
    return NULL;
  if (rules->name != NULL)
    return rules->name;
  for (i = 0; rules->tools != NULL && i < json_array_get_length (rules->tools);
       i++) {
    JsonObject *tool = json_array_get_object_element (rules->tools, i);

    if (g_strcmp0 (wire_string (tool, "type"), "function") == 0)
      return wire_string (tool, "name");
  }
  return NULL;
}

/* A reply with all that the rules allow. */
static Reply *
filter (const Rules *rules, const Reply *reply)
{
  Reply *allowed = reply_new_like (reply);
  guint i, calls = 0;

  for (i = 0; i < reply->say->len; i++) {
    const Say *say = g_ptr_array_index (reply->say, i);

    if (!allows (rules, say, calls))
      continue;
    calls += is_call (say);
    reply_add_copy (allowed, say);
  }
  return allowed;
}

Reply *
toolcalls_prepare (
    Session *session, Reply *reply, JsonObject *params, gboolean by_default)
{
  Rules rules;
  const gchar *required;
  Reply *allowed, *prepared;
  guint i;

  read_rules (&rules, params, session->config->session);
  required = by_default ? find_required (&rules) : NULL;
  allowed = filter (&rules, reply);
  reply_unref (reply);
  if (required != NULL) {
    g_ptr_array_set_size (allowed->say, 0);
    reply_add (allowed, SAY_CALL, NULL, "{}")->name = g_strdup (required);
  }
  prepared = reply_new_like (allowed);
  for (i = 0; i < allowed->say->len; i++) {
    const Say *say = g_ptr_array_index (allowed->say, i);

    if (say->kind != SAY_MCP)
      reply_add_copy (prepared, say);
    else if (!mcp_prepare (session->mcp, allowed, i, prepared))
      break;
  }
  reply_unref (allowed);
  return prepared;
}
