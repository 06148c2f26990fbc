/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The client's events: checked against their tables, then done. */
#include "dispatch.h"

#include "call.h"
#include "hearing.h"
#include "items.h"
#include "mcp.h"
#include "respond.h"
#include "response.h"
#include "rules.h"
#include "translation.h"
#include "turns.h"

#define MAX_APPEND (15 * 1024 * 1024) /* bytes of audio in one event */
#define MAX_EVENT_ID 512

typedef gboolean (*Handler) (Session *session, JsonObject *event, Fault *fault);

#define COMMON_FIELDS                                                          \
  { "type", RULE_STRING, RULE_REQUIRED },                                      \
  {                                                                            \
    "event_id", RULE_STRING, RULE_NULLABLE, .max = MAX_EVENT_ID                \
  }

/* ---- session ---- */

static const Rule session_update_rules[] = {
  COMMON_FIELDS,
  { "session", RULE_OBJECT, RULE_REQUIRED },
  { NULL },
};

static gboolean
update_session (Session *session, JsonObject *event, Fault *fault)
{
  ConfigLocks locks = { session->input->total > 0, session->audio_sent,
    session->active != NULL };
  JsonObject *patch = wire_object (event, "session"), *reply;

  if (!mcp_check (session->mcp, patch, fault)
      || !config_update (session->config, patch, &locks, fault))
    return FALSE;
  if (session->config->kind == SESSION_TRANSCRIPTION)
    turns_lose (session);
  turns_configure (session);
  reply = session_event (session, "session.updated");
  json_object_set_object_member (
      reply, "session", json_object_ref (session->config->session));
  session_send (session, reply);
  mcp_configure (session->mcp);
  if (session->call != NULL)
    call_go_on (session->call);
  return TRUE;
}

/* ---- input audio buffer ---- */

static const Rule append_rules[] = {
  COMMON_FIELDS,
  { "audio", RULE_STRING, RULE_REQUIRED },
  { NULL },
};
static const Rule plain_rules[] = {
  COMMON_FIELDS,
  { NULL },
};

/* With a limit, audio that comes faster is lost without a word. A second of
 * it may come at once. */
static gboolean
is_too_fast (Session *session, gsize size)
{
  gdouble limit = session->host->upload_limit;
  gdouble ms = audio_bytes_to_ms (session->config->input_format, size);
  gint64 now = g_get_monotonic_time ();

  if (limit <= 0)
    return FALSE;
  if (session->upload_us == 0)
    session->upload_credit = 1000;
  else
    session->upload_credit += (now - session->upload_us) * limit / 1000;
  session->upload_credit = MIN (session->upload_credit, 1000);
  session->upload_us = now;
  if (ms > session->upload_credit)
    return TRUE;
  session->upload_credit -= ms;
  return FALSE;
}

static gboolean
append_audio (Session *session, JsonObject *event, Fault *fault)
{
  g_autofree guint8 *data = NULL;
  gsize size;

  if (!wire_decode_base64 (wire_string (event, "audio"), &data, &size))
    return fault_set (fault, "invalid_value", "audio",
        "Invalid 'audio'. Expected base64-encoded audio bytes.");
  if (size > MAX_APPEND)
    return fault_set (fault, "invalid_value", "audio",
        "Invalid 'audio': at most 15 MiB of audio may be appended at once.");
  if (is_too_fast (session, size)) {
    visits_lost (session->host->visits, session->connection, size);
    return TRUE;
  }
  if (session->translation != NULL)
    return translation_append (session, data, size, fault);
  input_append (session->input, data, size);
  hearing_listen (session);
  turns_check_idle (session);
  return TRUE;
}

static gboolean
close_translation (Session *session, JsonObject *event, Fault *fault)
{
  return translation_close (session, fault);
}

static gboolean
commit_audio (Session *session, JsonObject *event, Fault *fault)
{
  return turns_commit (session, fault);
}

static gboolean
clear_audio (Session *session, JsonObject *event, Fault *fault)
{
  turns_clear (session);
  return TRUE;
}

/* ---- conversation ---- */

static const Rule create_item_rules[] = {
  COMMON_FIELDS,
  { "previous_item_id", RULE_STRING, RULE_NULLABLE },
  { "item", RULE_ANY, RULE_REQUIRED, .check = items_check },
  { NULL },
};
static const Rule item_rules[] = {
  COMMON_FIELDS,
  { "item_id", RULE_STRING, RULE_REQUIRED },
  { NULL },
};
static const Rule truncate_rules[] = {
  COMMON_FIELDS,
  { "item_id", RULE_STRING, RULE_REQUIRED },
  { "content_index", RULE_INTEGER, RULE_REQUIRED, .max = G_MAXINT },
  { "audio_end_ms", RULE_INTEGER, RULE_REQUIRED, .max = G_MAXINT },
  { NULL },
};

static gboolean
create_item (Session *session, JsonObject *event, Fault *fault)
{
  JsonObject *json = wire_object (event, "item");
  gboolean approval = g_str_equal (
      wire_string (json, "type"), "mcp_approval_response");
  Item *item;

  if (approval && !mcp_check_answer (session->mcp, json, fault))
    return FALSE;
  item = items_from_client (json, session->rand, session->config->input_format,
      session->conversation, wire_string (event, "previous_item_id"), fault);
  if (item == NULL)
    return FALSE;
  if (g_strcmp0 (item_role (item), "user") == 0)
    session->user_turns++;
  session_send_item (session, "conversation.item.added", item, TRUE);
  session_send_item (session, "conversation.item.done", item, TRUE);
  item_unref (item);
  if (approval)
    mcp_take_answer (session->mcp, json);
  return TRUE;
}

static Item *
find_item (Session *session, JsonObject *event, const gchar *code,
    const gchar *verb, Fault *fault)
{
  const gchar *id = wire_string (event, "item_id");
  Item *item = conversation_find (session->conversation, id);

  if (item == NULL)
    fault_set (fault, code, "item_id",
        "Error %s item: the item with id '%s' does not exist.", verb, id);
  return item;
}

static gboolean
delete_item (Session *session, JsonObject *event, Fault *fault)
{
  Item *item = find_item (
      session, event, "item_delete_invalid_item_id", "deleting", fault);
  JsonObject *reply;

  if (item == NULL)
    return FALSE;
  reply = session_event (session, "conversation.item.deleted");
  json_object_set_string_member (reply, "item_id", item->id);
  books_deleted (session->host->books, item->id);
  conversation_remove (session->conversation, item);
  session_publish (session);
  session_send (session, reply);
  return TRUE;
}

static gboolean
retrieve_item (Session *session, JsonObject *event, Fault *fault)
{
  Item *item = find_item (
      session, event, "item_retrieve_invalid_item_id", "retrieving", fault);
  JsonObject *reply;

  if (item == NULL)
    return FALSE;
  reply = session_event (session, "conversation.item.retrieved");
  json_object_set_object_member (reply, "item", items_show_audio (item));
  session_send (session, reply);
  return TRUE;
}

static gboolean
truncate_item (Session *session, JsonObject *event, Fault *fault)
{
  const gchar *id = wire_string (event, "item_id");
  gint64 index = wire_integer (event, "content_index", 0);
  gint64 end = wire_integer (event, "audio_end_ms", 0);
  JsonObject *reply;

  if (!conversation_truncate (session->conversation, id, index, end, fault))
    return FALSE;
  books_truncated (session->host->books, id, end);
  session_publish (session);
  reply = session_event (session, "conversation.item.truncated");
  json_object_set_string_member (reply, "item_id", id);
  json_object_set_int_member (reply, "content_index", index);
  json_object_set_int_member (reply, "audio_end_ms", end);
  session_send (session, reply);
  return TRUE;
}

/* ---- responses ---- */

static const Rule create_response_rules[] = {
  COMMON_FIELDS,
  { "response", RULE_OBJECT, RULE_NULLABLE, .fields = rules_response },
  { NULL },
};
static const Rule cancel_response_rules[] = {
  COMMON_FIELDS,
  { "response_id", RULE_STRING, RULE_NULLABLE },
  { NULL },
};

static gboolean
check_references (Session *session, JsonObject *params, Fault *fault)
{
  JsonArray *input = wire_array (params, "input");
  guint i;

  for (i = 0; input != NULL && i < json_array_get_length (input); i++) {
    JsonObject *item = json_array_get_object_element (input, i);
    const gchar *id = wire_string (item, "id");
    g_autofree gchar *path = g_strdup_printf ("response.input[%u].id", i);

    if (g_str_equal (wire_string (item, "type"), "item_reference")
        && conversation_find (session->conversation, id) == NULL)
      return fault_set (fault, "invalid_value", path,
          "Item with id '%s' not found in conversation.", id);
  }
  return TRUE;
}

static gboolean
create_response (Session *session, JsonObject *event, Fault *fault)
{
  JsonObject *params = wire_object (event, "response");
  gboolean aside = params != NULL
      && g_strcmp0 (wire_string (params, "conversation"), "none") == 0;

  if (params != NULL && !check_references (session, params, fault))
    return FALSE;
  if (!aside && session->active == NULL && respond_races (session))
    respond_alone (session, FALSE);
  if (!aside && session->active != NULL)
    return fault_set (fault, "conversation_already_has_active_response", NULL,
        "Conversation already has an active response in progress: %s. Wait "
        "until the response is finished before creating a new one.",
        response_get_id (session->active));
  respond_to (session, params);
  return TRUE;
}

static gboolean
cancel_response (Session *session, JsonObject *event, Fault *fault)
{
  Response *response = response_find (
      session, wire_string (event, "response_id"));

  if (response == NULL)
    return fault_set (fault, "response_cancel_not_active", NULL,
        "Cancellation failed: no active response found");
  response_cancel (response, "client_cancelled");
  return TRUE;
}

/* ---- all events ---- */

static gboolean
clear_output (Session *session, JsonObject *event, Fault *fault)
{
  if (session->call != NULL) {
    call_cut (session->call);
    return TRUE;
  }
  return fault_set (fault, "invalid_event", "type",
      "output_audio_buffer.clear is only supported on WebRTC and SIP "
      "connections.");
}

/* Kinds of session that take an event. */
#define TALKS (1 << SESSION_REALTIME)
#define HEARS (1 << SESSION_TRANSCRIPTION)
#define TRANSLATES (1 << SESSION_TRANSLATION)

static const struct {
  const gchar *type;
  guint kinds;
  const Rule *rules;
  Handler handler;
} handlers[] = {
  { "session.update", TALKS | HEARS | TRANSLATES, session_update_rules,
      update_session },
  { "session.input_audio_buffer.append", TRANSLATES, append_rules,
      append_audio },
  { "session.close", TRANSLATES, plain_rules, close_translation },
  { "input_audio_buffer.append", TALKS | HEARS, append_rules, append_audio },
  { "input_audio_buffer.commit", TALKS | HEARS, plain_rules, commit_audio },
  { "input_audio_buffer.clear", TALKS | HEARS, plain_rules, clear_audio },
  { "conversation.item.create", TALKS, create_item_rules, create_item },
  { "conversation.item.truncate", TALKS, truncate_rules, truncate_item },
  { "conversation.item.delete", TALKS, item_rules, delete_item },
  { "conversation.item.retrieve", TALKS, item_rules, retrieve_item },
  { "response.create", TALKS, create_response_rules, create_response },
  { "response.cancel", TALKS, cancel_response_rules, cancel_response },
  { "output_audio_buffer.clear", TALKS, plain_rules, clear_output },
};

static gboolean
takes (Session *session, guint index)
{
  return (handlers[index].kinds & 1 << session->config->kind) != 0;
}

static gboolean
refuse_type (Session *session, const gchar *type, Fault *fault)
{
  const gchar *types[G_N_ELEMENTS (handlers) + 1] = { NULL };
  guint i, count = 0;

  for (i = 0; i < G_N_ELEMENTS (handlers); i++)
    if (takes (session, i) && handlers[i].handler != clear_output)
      types[count++] = handlers[i].type;
  return schema_refuse_value (type, types, "type", fault);
}

gboolean
dispatch_knows (const gchar *type)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (handlers); i++)
    if (g_str_equal (handlers[i].type, type))
      return TRUE;
  return FALSE;
}

/* The event is refused because somebody asked for that. */
static gboolean
fail_on_demand (Session *session, JsonObject *event)
{
  const Failure *failure = faults_next (
      session->host->faults, wire_string (event, "type"));
  Fault fault = { 0 };

  if (failure == NULL)
    return FALSE;
  fault_set (&fault, failure->code, NULL, "%s", failure->message);
  session_refuse (
      session, failure->type, &fault, wire_string (event, "event_id"));
  if (failure->close >= 0)
    session_close (session, failure->close, NULL);
  return TRUE;
}

static gboolean
handle (Session *session, JsonObject *event, Fault *fault)
{
  const gchar *type = wire_string (event, "type");
  guint i;

  if (!json_object_has_member (event, "type"))
    return fault_set (
        fault, "invalid_event", "type", "The 'type' field is missing.");
  if (type == NULL)
    return schema_refuse_type (
        json_object_get_member (event, "type"), "type", "a string", fault);
  if (dispatch_knows (type) && fail_on_demand (session, event))
    return TRUE;
  for (i = 0; i < G_N_ELEMENTS (handlers); i++)
    if (takes (session, i) && g_str_equal (handlers[i].type, type))
      return schema_check_object (handlers[i].rules, event, "", fault)
          && handlers[i].handler (session, event, fault);
  return refuse_type (session, type, fault);
}

void
dispatch_event (Session *session, JsonObject *event)
{
  Fault fault = { 0 };

  if (!handle (session, event, &fault))
    session_refuse (session, "invalid_request_error", &fault,
        wire_string (event, "event_id"));
}
