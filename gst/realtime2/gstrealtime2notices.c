/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Notices on the bus. Most are one event each. What concerns an item of MCP
 * comes in pieces, some of them several times: a message is posted for each
 * piece that is new.
 */
#include "gstrealtime2notices.h"

#include <string.h>

#include "gstrealtime2link.h"
#include "gstrealtime2commands.h"
#include "gstrealtime2fields.h"
#include "gstrealtime2messages.h"
#include "rt2eventtext.h"

/* Items of MCP that are remembered; the oldest is forgotten for a new one. */
#define MAX_ITEMS 64

/* What the bus was told of an item of MCP. */
typedef struct {
  gchar *id;
  gchar *name;         /* NULL if not known, or too long to be kept */
  gchar *server_label; /* likewise */
  const gchar *status; /* static; NULL = none was told */
  gboolean arguments;  /* its arguments were told */
  gboolean outcome;    /* what came of it was told: it is complete */
} Known;

struct _GstRealtime2Notices {
  GQueue items; /* Known*, newest last */
};

typedef void (*Handler) (GstRealtime2 *self, const Rt2Event *event);

static void
known_free (gpointer data)
{
  Known *known = data;

  g_free (known->id);
  g_free (known->name);
  g_free (known->server_label);
  g_free (known);
}

GstRealtime2Notices *
gst_realtime2_notices_new (void)
{
  GstRealtime2Notices *notices = g_new0 (GstRealtime2Notices, 1);

  g_queue_init (&notices->items);
  return notices;
}

void
gst_realtime2_notices_clear (GstRealtime2Notices *notices)
{
  g_queue_clear_full (&notices->items, known_free);
}

void
gst_realtime2_notices_free (GstRealtime2Notices *notices)
{
  gst_realtime2_notices_clear (notices);
  g_free (notices);
}

/* --- fields --- */

static void
set_strings (GstStructure *fields, const gchar *name, gchar **texts)
{
  GValue array = G_VALUE_INIT;

  if (!texts)
    return;
  g_value_init (&array, GST_TYPE_ARRAY);
  for (guint i = 0; texts[i]; i++) {
    GValue text = G_VALUE_INIT;

    g_value_init (&text, G_TYPE_STRING);
    g_value_set_string (&text, texts[i]);
    gst_value_array_append_and_take_value (&array, &text);
  }
  gst_structure_take_value (fields, name, &array);
}

/* --- single events --- */

static void
on_conversation_created (GstRealtime2 *self, const Rt2Event *event)
{
  GstStructure *fields = gst_structure_new_empty (
      "realtime2/conversation-created");

  gst_realtime2_set_string (fields, "conversation-id", event->conversation_id);
  gst_realtime2_post_structure (self, fields);
}

static void
post_idle_timeout (GstRealtime2 *self, const Rt2Utterance *silence)
{
  GstStructure *fields = gst_structure_new_empty ("realtime2/idle-timeout");

  gst_realtime2_set_string (fields, "item-id", silence->item_id);
  gst_realtime2_set_time (fields, "speech-start", silence->start);
  gst_realtime2_set_time (fields, "speech-end", silence->end);
  gst_realtime2_post_structure (self, fields);
}

static void
on_dtmf (GstRealtime2 *self, const Rt2Event *event)
{
  gst_realtime2_post (self, "dtmf", "key", G_TYPE_STRING,
      event->text ? event->text : "", "received-at", G_TYPE_UINT64,
      event->received_at, NULL);
}

static void
on_segment (GstRealtime2 *self, const Rt2Event *event)
{
  GstStructure *fields = gst_structure_new ("realtime2/transcript-segment",
      "text", G_TYPE_STRING, event->text ? event->text : "", "start-ms",
      G_TYPE_UINT64, event->audio_start_ms, "end-ms", G_TYPE_UINT64,
      event->audio_end_ms, NULL);

  gst_realtime2_set_string (fields, "item-id", event->item_id);
  gst_realtime2_set_string (fields, "speaker", event->name);
  gst_realtime2_post_structure (self, fields);
}

static void
on_retrieved (GstRealtime2 *self, const Rt2Event *event)
{
  const Rt2Item *item = event->item;
  GstStructure *fields = gst_structure_new (
      "realtime2/item-retrieved", "item-id", G_TYPE_STRING, item->id, NULL);

  gst_realtime2_set_string (fields, "role", rt2_role_name (item->role));
  gst_realtime2_set_string (fields, "text", item->text);
  gst_realtime2_post_structure (self, fields);
}

static void
on_truncated (GstRealtime2 *self, const Rt2Event *event)
{
  gst_realtime2_post (self, "item-truncated", "item-id", G_TYPE_STRING,
      event->item_id, "audio-end-ms", G_TYPE_UINT64, event->audio_end_ms, NULL);
}

static void
post_call_audio (GstRealtime2 *self, const Rt2Event *event, const gchar *status)
{
  GstStructure *fields = gst_structure_new (
      "realtime2/call-audio", "status", G_TYPE_STRING, status, NULL);

  gst_realtime2_set_string (fields, "response-id", event->response_id);
  gst_realtime2_post_structure (self, fields);
}

static void
on_call_audio_started (GstRealtime2 *self, const Rt2Event *event)
{
  post_call_audio (self, event, "started");
}

static void
on_call_audio_stopped (GstRealtime2 *self, const Rt2Event *event)
{
  post_call_audio (self, event, "stopped");
}

static void
on_call_audio_cleared (GstRealtime2 *self, const Rt2Event *event)
{
  post_call_audio (self, event, "cleared");
}

/* --- items of MCP --- */

static Known *
known_of (GstRealtime2Notices *notices, const gchar *id)
{
  Known *known;

  for (GList *l = notices->items.tail; l; l = l->prev) {
    known = l->data;
    if (g_str_equal (known->id, id))
      return known;
  }
  if (notices->items.length == MAX_ITEMS)
    known_free (g_queue_pop_head (&notices->items));
  known = g_new0 (Known, 1);
  known->id = g_strdup (id);
  g_queue_push_tail (&notices->items, known);
  return known;
}

static void
keep (gchar **kept, const gchar *text)
{
  if (text && !*kept && strlen (text) <= RT2_PROTOCOL_MAX_SERVER_ID)
    *kept = g_strdup (text);
}

static GstStructure *
fields_of (const Known *known, const gchar *name)
{
  GstStructure *fields = gst_structure_new (
      name, "item-id", G_TYPE_STRING, known->id, NULL);

  gst_realtime2_set_string (fields, "status", known->status);
  gst_realtime2_set_string (fields, "name", known->name);
  gst_realtime2_set_string (fields, "server-label", known->server_label);
  return fields;
}

/* How far a list of tools, or a call of one, is. */
static void
tell_status (GstRealtime2 *self, const gchar *name, const Rt2Event *event,
    const gchar *status)
{
  Known *known;

  if (!event->item_id)
    return;
  known = known_of (self->notices, event->item_id);
  if (known->status == status)
    return;
  known->status = status;
  gst_realtime2_post_structure (self, fields_of (known, name));
}

/* Compared as pointers. */
static const gchar in_progress[] = "in-progress";
static const gchar completed[] = "completed";
static const gchar failed[] = "failed";

#define TOOLS "realtime2/mcp-tools"
#define CALL "realtime2/mcp-call"

static void
on_list_in_progress (GstRealtime2 *self, const Rt2Event *event)
{
  tell_status (self, TOOLS, event, in_progress);
}

static void
on_list_completed (GstRealtime2 *self, const Rt2Event *event)
{
  tell_status (self, TOOLS, event, completed);
}

static void
on_list_failed (GstRealtime2 *self, const Rt2Event *event)
{
  tell_status (self, TOOLS, event, failed);
}

static void
on_call_in_progress (GstRealtime2 *self, const Rt2Event *event)
{
  tell_status (self, CALL, event, in_progress);
}

static void
on_call_completed (GstRealtime2 *self, const Rt2Event *event)
{
  tell_status (self, CALL, event, completed);
}

static void
on_call_failed (GstRealtime2 *self, const Rt2Event *event)
{
  tell_status (self, CALL, event, failed);
}

static void
on_call_arguments (GstRealtime2 *self, const Rt2Event *event)
{
  GstStructure *fields;
  Known *known;

  if (!event->item_id || !event->text)
    return;
  known = known_of (self->notices, event->item_id);
  if (known->arguments)
    return;
  known->arguments = TRUE;
  if (!known->status)
    known->status = in_progress;
  fields = fields_of (known, CALL);
  gst_realtime2_set_string (fields, "arguments", event->text);
  gst_realtime2_post_structure (self, fields);
}

/* The end, with what came of it: an item that shows nothing of that leaves it
 * to the events to tell how it went. */
static void
tell_outcome (GstRealtime2 *self, Known *known, const Rt2Item *item)
{
  gboolean call = item->type == RT2_ITEM_MCP_CALL;
  GstStructure *fields;

  if (known->outcome || !(item->error || item->output || item->tools))
    return;
  known->outcome = known->arguments = TRUE;
  known->status = item->error ? failed : completed;
  fields = fields_of (known, call ? CALL : TOOLS);
  gst_realtime2_set_string (fields, "arguments", item->arguments);
  gst_realtime2_set_string (fields, "output", item->output);
  gst_realtime2_set_string (fields, "error", item->error);
  gst_realtime2_set_string (
      fields, "approval-request-id", item->approval_request_id);
  set_strings (fields, "tools", item->tools);
  gst_realtime2_post_structure (self, fields);
}

/* Answers the request @id unless the application is to. */
static void
apply_policy (GstRealtime2 *self, const gchar *id)
{
  Rt2Command *command;
  gint policy;

  GST_OBJECT_LOCK (self);
  policy = self->settings.mcp_approval;
  GST_OBJECT_UNLOCK (self);
  if (policy == GST_REALTIME2_MCP_APPROVAL_ASK)
    return;
  command = rt2_command_new_approval (
      id, policy == GST_REALTIME2_MCP_APPROVAL_ALWAYS, NULL);
  if (command)
    gst_realtime2_submit (self, command);
}

/* One that was cut off has not got all of its arguments. */
static void
tell_request (GstRealtime2 *self, Known *known, const Rt2Item *item)
{
  GstStructure *fields;

  if (known->outcome || item->status == RT2_STATUS_INCOMPLETE)
    return;
  known->outcome = TRUE;
  fields = gst_structure_new ("realtime2/mcp-approval-request", "request-id",
      G_TYPE_STRING, item->id, NULL);
  gst_realtime2_set_string (fields, "server-label", item->server_label);
  gst_realtime2_set_string (fields, "name", item->name);
  gst_realtime2_set_string (fields, "arguments", item->arguments);
  gst_realtime2_post_structure (self, fields);
  apply_policy (self, item->id);
}

static void
take_item (GstRealtime2 *self, const Rt2Item *item, gboolean done)
{
  gboolean request = item->type == RT2_ITEM_MCP_APPROVAL_REQUEST;
  Known *known;

  if (!request && item->type != RT2_ITEM_MCP_CALL
      && item->type != RT2_ITEM_MCP_LIST_TOOLS)
    return;
  known = known_of (self->notices, item->id);
  keep (&known->name, item->name);
  keep (&known->server_label, item->server_label);
  if (done && request)
    tell_request (self, known, item);
  else if (done)
    tell_outcome (self, known, item);
}

static void
on_item_added (GstRealtime2 *self, const Rt2Event *event)
{
  take_item (self, event->item, FALSE);
}

static void
on_item_done (GstRealtime2 *self, const Rt2Event *event)
{
  take_item (self, event->item, TRUE);
}

static void
on_response_done (GstRealtime2 *self, const Rt2Event *event)
{
  for (guint i = 0; i < event->response->output->len; i++)
    take_item (self, g_ptr_array_index (event->response->output, i), TRUE);
}

/* --- dispatch --- */

static const Handler handlers[RT2_N_EVENTS] = {
  [RT2_EVENT_CONVERSATION_CREATED] = on_conversation_created,
  [RT2_EVENT_DTMF_RECEIVED] = on_dtmf,
  [RT2_EVENT_INPUT_TRANSCRIPT_SEGMENT] = on_segment,
  [RT2_EVENT_ITEM_RETRIEVED] = on_retrieved,
  [RT2_EVENT_ITEM_TRUNCATED] = on_truncated,
  [RT2_EVENT_OUTPUT_BUFFER_STARTED] = on_call_audio_started,
  [RT2_EVENT_OUTPUT_BUFFER_STOPPED] = on_call_audio_stopped,
  [RT2_EVENT_OUTPUT_BUFFER_CLEARED] = on_call_audio_cleared,
  [RT2_EVENT_MCP_LIST_IN_PROGRESS] = on_list_in_progress,
  [RT2_EVENT_MCP_LIST_COMPLETED] = on_list_completed,
  [RT2_EVENT_MCP_LIST_FAILED] = on_list_failed,
  [RT2_EVENT_MCP_CALL_IN_PROGRESS] = on_call_in_progress,
  [RT2_EVENT_MCP_CALL_COMPLETED] = on_call_completed,
  [RT2_EVENT_MCP_CALL_FAILED] = on_call_failed,
  [RT2_EVENT_MCP_ARGUMENTS_DONE] = on_call_arguments,
  [RT2_EVENT_ITEM_ADDED] = on_item_added,
  [RT2_EVENT_OUTPUT_ITEM_ADDED] = on_item_added,
  [RT2_EVENT_ITEM_DONE] = on_item_done,
  [RT2_EVENT_OUTPUT_ITEM_DONE] = on_item_done,
  [RT2_EVENT_RESPONSE_DONE] = on_response_done,
};

void
gst_realtime2_on_notice (
    gpointer owner, const Rt2Event *event, const Rt2Utterance *silence)
{
  GstRealtime2 *self = owner;

  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  if (silence)
    post_idle_timeout (self, silence);
  else if (handlers[event->type])
    handlers[event->type](self, event);
}

/* --- every event --- */

static gboolean
posts_events (GstRealtime2 *self)
{
  gboolean posts;

  GST_OBJECT_LOCK (self);
  posts = self->settings.post_server_events;
  GST_OBJECT_UNLOCK (self);
  return posts;
}

void
gst_realtime2_on_server_event (gpointer owner, const gchar *json, gsize size)
{
  GstRealtime2 *self = owner;
  gchar *type, *text, *clean;

  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  if (!posts_events (self))
    return;
  text = rt2_event_text (json, size, &type);
  if (!text)
    return;
  clean = gst_realtime2_link_redact (self->link, text);
  gst_realtime2_post (self, "server-event", "type", G_TYPE_STRING, type, "json",
      G_TYPE_STRING, clean, NULL);
  g_free (clean);
  rt2_secret_free (text);
  g_free (type);
}
