/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What belongs together in the books: calls and their outputs, wishes and
 * their approvals, images and their end, items and those they were before. */
#include "ledger.h"

#include <string.h>

#include "picture.h"
#include "wire.h"

#define MAX_LIST 20000

struct _Ledger {
  GPtrArray *calls;     /* SandboxCall */
  GPtrArray *approvals; /* SandboxApproval */
  GPtrArray *images;    /* SandboxImage */
  GHashTable *homes;    /* id of an item -> the first connection that had it */
};

static void
call_free (gpointer data)
{
  SandboxCall *call = data;

  g_free (call->call_id);
  g_free (call->item_id);
  g_free (call->response_id);
  g_free (call->name);
  g_free (call->arguments);
  g_free (call->status);
  g_free (call->output);
  g_free (call);
}

static void
approval_free (gpointer data)
{
  SandboxApproval *approval = data;

  g_free (approval->request_id);
  g_free (approval->server_label);
  g_free (approval->name);
  g_free (approval->arguments);
  g_free (approval->reason);
  g_free (approval);
}

static void
image_free (gpointer data)
{
  SandboxImage *image = data;

  g_free (image->item_id);
  g_free (image->format);
  g_free (image->colour);
  g_free (image->detail);
  g_free (image);
}

Ledger *
ledger_new (void)
{
  Ledger *ledger = g_new0 (Ledger, 1);

  ledger->calls = g_ptr_array_new_with_free_func (call_free);
  ledger->approvals = g_ptr_array_new_with_free_func (approval_free);
  ledger->images = g_ptr_array_new_with_free_func (image_free);
  ledger->homes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return ledger;
}

void
ledger_free (Ledger *ledger)
{
  g_ptr_array_unref (ledger->calls);
  g_ptr_array_unref (ledger->approvals);
  g_ptr_array_unref (ledger->images);
  g_hash_table_unref (ledger->homes);
  g_free (ledger);
}

/* Takes the entry; the oldest makes room. */
static void
enter (GPtrArray *list, gpointer entry)
{
  if (list->len >= MAX_LIST)
    g_ptr_array_remove_index (list, 0);
  g_ptr_array_add (list, entry);
}

static gboolean
has_type (JsonObject *object, const gchar *type)
{
  return g_strcmp0 (wire_string (object, "type"), type) == 0;
}

/* ---- items ---- */

gboolean
ledger_is_restored (Ledger *ledger, guint connection, const gchar *item_id)
{
  guint home = 0;

  if (item_id != NULL)
    home = GPOINTER_TO_UINT (g_hash_table_lookup (ledger->homes, item_id));
  return home != 0 && home != connection;
}

static void
note_home (Ledger *ledger, guint connection, JsonObject *item)
{
  const gchar *id = wire_string (item, "id");

  if (id == NULL || g_hash_table_contains (ledger->homes, id))
    return;
  if (g_hash_table_size (ledger->homes) >= MAX_LIST)
    g_hash_table_remove_all (ledger->homes);
  g_hash_table_insert (
      ledger->homes, g_strdup (id), GUINT_TO_POINTER (connection));
}

/* ---- calls ---- */

/* item NULL: nobody made it. */
static SandboxCall *
enter_call (Ledger *ledger, guint connection, JsonObject *item)
{
  SandboxCall *call = g_new0 (SandboxCall, 1);

  call->connection = connection;
  if (item != NULL) {
    call->call_id = g_strdup (wire_string (item, "call_id"));
    call->item_id = g_strdup (wire_string (item, "id"));
    call->name = g_strdup (wire_string (item, "name"));
    call->arguments = g_strdup (wire_string (item, "arguments"));
    call->status = g_strdup (wire_string (item, "status"));
  }
  enter (ledger->calls, call);
  return call;
}

static gboolean
knows_call_item (Ledger *ledger, guint connection, const gchar *item_id)
{
  guint i;

  for (i = 0; i < ledger->calls->len; i++) {
    SandboxCall *call = g_ptr_array_index (ledger->calls, i);

    if (call->connection == connection
        && g_strcmp0 (call->item_id, item_id) == 0)
      return TRUE;
  }
  return FALSE;
}

/* The oldest call of that id that has no output yet, else the newest. */
static SandboxCall *
find_call (Ledger *ledger, guint connection, const gchar *call_id)
{
  SandboxCall *found = NULL;
  guint i;

  for (i = 0; i < ledger->calls->len; i++) {
    SandboxCall *call = g_ptr_array_index (ledger->calls, i);

    if (call->connection != connection
        || g_strcmp0 (call->call_id, call_id) != 0)
      continue;
    found = call;
    if (call->outputs + call->restored_outputs == 0)
      break;
  }
  return found;
}

static void
note_output (Ledger *ledger, guint connection, guint64 order, JsonObject *item)
{
  const gchar *call_id = wire_string (item, "call_id");
  SandboxCall *call = find_call (ledger, connection, call_id);

  if (call == NULL) {
    call = enter_call (ledger, connection, NULL);
    call->call_id = g_strdup (call_id);
  }
  if (ledger_is_restored (ledger, connection, wire_string (item, "id"))) {
    call->restored_outputs++;
    return;
  }
  if (call->outputs++ > 0)
    return;
  call->output = g_strdup (wire_string (item, "output"));
  call->answered = order;
}

static void
note_create (Ledger *ledger, guint connection, guint64 order, JsonObject *event)
{
  JsonObject *params = wire_object (event, "response");
  guint i;

  if (params != NULL
      && g_strcmp0 (wire_string (params, "conversation"), "none") == 0)
    return;
  for (i = 0; i < ledger->calls->len; i++) {
    SandboxCall *call = g_ptr_array_index (ledger->calls, i);

    if (call->connection == connection && call->outputs > 0
        && call->followed == 0)
      call->followed = order;
  }
}

static void
note_done (Ledger *ledger, guint connection, guint64 order, JsonObject *event)
{
  JsonObject *response = wire_object (event, "response");
  const gchar *id = response != NULL ? wire_string (response, "id") : NULL;
  guint i;

  for (i = 0; id != NULL && i < ledger->calls->len; i++) {
    SandboxCall *call = g_ptr_array_index (ledger->calls, i);

    if (call->connection == connection
        && g_strcmp0 (call->response_id, id) == 0)
      call->response_done = order;
  }
}

/* ---- approvals ---- */

static void
note_request (Ledger *ledger, guint connection, guint64 order, JsonObject *item)
{
  SandboxApproval *approval = g_new0 (SandboxApproval, 1);

  approval->connection = connection;
  approval->request_id = g_strdup (wire_string (item, "id"));
  approval->server_label = g_strdup (wire_string (item, "server_label"));
  approval->name = g_strdup (wire_string (item, "name"));
  approval->arguments = g_strdup (wire_string (item, "arguments"));
  approval->asked = order;
  enter (ledger->approvals, approval);
}

static SandboxApproval *
find_approval (Ledger *ledger, guint connection, const gchar *id)
{
  guint i;

  for (i = 0; i < ledger->approvals->len; i++) {
    SandboxApproval *approval = g_ptr_array_index (ledger->approvals, i);

    if (approval->connection == connection
        && g_strcmp0 (approval->request_id, id) == 0)
      return approval;
  }
  return NULL;
}

static void
note_answer (Ledger *ledger, guint connection, guint64 order, JsonObject *item)
{
  const gchar *id = wire_string (item, "approval_request_id");
  SandboxApproval *approval = find_approval (ledger, connection, id);

  if (approval == NULL) {
    approval = g_new0 (SandboxApproval, 1);
    approval->connection = connection;
    approval->request_id = g_strdup (id);
    enter (ledger->approvals, approval);
  }
  if (approval->answers++ > 0)
    return;
  approval->approve = wire_boolean (item, "approve", FALSE);
  approval->reason = g_strdup (wire_string (item, "reason"));
  approval->answered = order;
}

/* ---- images ---- */

static void
note_image (Ledger *ledger, guint connection, guint64 order,
    const gchar *item_id, JsonObject *part)
{
  const gchar *detail = wire_string (part, "detail");
  SandboxImage *image;
  Picture picture;

  if (wire_string (part, "image_url") == NULL
      || !picture_read_uri (wire_string (part, "image_url"), &picture, NULL))
    return;
  image = g_new0 (SandboxImage, 1);
  image->connection = connection;
  image->item_id = g_strdup (item_id);
  image->format = g_strdup (picture.format);
  image->width = picture.width;
  image->height = picture.height;
  image->bytes = picture.bytes;
  image->mean_known = picture.mean_known;
  memcpy (image->mean, picture.mean, sizeof image->mean);
  image->colour = g_strdup (picture_colour (&picture));
  image->detail = g_strdup (detail);
  image->order = order;
  enter (ledger->images, image);
}

static void
note_images (Ledger *ledger, guint connection, guint64 order, JsonObject *item)
{
  JsonArray *content = wire_array (item, "content");
  guint i;

  for (i = 0; content != NULL && i < json_array_get_length (content); i++) {
    JsonNode *node = json_array_get_element (content, i);
    JsonObject *part = JSON_NODE_HOLDS_OBJECT (node)
        ? json_node_get_object (node)
        : NULL;

    if (part != NULL && has_type (part, "input_image"))
      note_image (ledger, connection, order, wire_string (item, "id"), part);
  }
}

/* Of responses that have an input of their own. */
static void
note_input (Ledger *ledger, guint connection, guint64 order, JsonObject *event)
{
  JsonObject *params = wire_object (event, "response");
  JsonArray *input = params != NULL ? wire_array (params, "input") : NULL;
  guint i;

  for (i = 0; input != NULL && i < json_array_get_length (input); i++) {
    JsonNode *node = json_array_get_element (input, i);

    if (JSON_NODE_HOLDS_OBJECT (node))
      note_images (ledger, connection, order, json_node_get_object (node));
  }
}

static void
note_deletion (Ledger *ledger, guint connection, guint64 order, const gchar *id)
{
  guint i;

  for (i = 0; i < ledger->images->len; i++) {
    SandboxImage *image = g_ptr_array_index (ledger->images, i);

    if (image->connection == connection && image->deleted == 0
        && g_strcmp0 (image->item_id, id) == 0)
      image->deleted = order;
  }
}

/* ---- events ---- */

void
ledger_received (
    Ledger *ledger, guint connection, guint64 order, JsonObject *event)
{
  JsonObject *item = wire_object (event, "item");

  if (has_type (event, "response.create")) {
    note_create (ledger, connection, order, event);
    note_input (ledger, connection, order, event);
  }
  if (item == NULL || !has_type (event, "conversation.item.create"))
    return;
  if (has_type (item, "function_call_output"))
    note_output (ledger, connection, order, item);
  else if (has_type (item, "mcp_approval_response"))
    note_answer (ledger, connection, order, item);
}

static void
note_output_item (Ledger *ledger, guint connection, guint64 order,
    const gchar *response_id, JsonObject *item)
{
  if (has_type (item, "mcp_approval_request"))
    note_request (ledger, connection, order, item);
  if (has_type (item, "function_call")) {
    SandboxCall *call = enter_call (ledger, connection, item);

    call->response_id = g_strdup (response_id);
    call->made = order;
  }
}

void
ledger_sent (Ledger *ledger, guint connection, guint64 order, JsonObject *event)
{
  JsonObject *item = wire_object (event, "item");

  if (has_type (event, "response.done"))
    note_done (ledger, connection, order, event);
  else if (has_type (event, "conversation.item.deleted"))
    note_deletion (ledger, connection, order, wire_string (event, "item_id"));
  if (item == NULL)
    return;
  if (g_str_has_prefix (wire_string (event, "type"), "conversation.item."))
    note_home (ledger, connection, item);
  if (has_type (event, "response.output_item.done"))
    note_output_item (
        ledger, connection, order, wire_string (event, "response_id"), item);
  else if (has_type (event, "conversation.item.done")
      && has_type (item, "message"))
    note_images (ledger, connection, order, item);
  /* A call that the client put there itself. */
  else if (has_type (event, "conversation.item.done")
      && has_type (item, "function_call")
      && !knows_call_item (ledger, connection, wire_string (item, "id")))
    enter_call (ledger, connection, item)->restored = ledger_is_restored (
        ledger, connection, wire_string (item, "id"));
}

/* ---- copies ---- */

GPtrArray *
ledger_dup_calls (Ledger *ledger)
{
  GPtrArray *copies = g_ptr_array_new_with_free_func (call_free);
  guint i;

  for (i = 0; i < ledger->calls->len; i++) {
    const SandboxCall *call = g_ptr_array_index (ledger->calls, i);
    SandboxCall *copy = g_memdup2 (call, sizeof *call);

    copy->call_id = g_strdup (call->call_id);
    copy->item_id = g_strdup (call->item_id);
    copy->response_id = g_strdup (call->response_id);
    copy->name = g_strdup (call->name);
    copy->arguments = g_strdup (call->arguments);
    copy->status = g_strdup (call->status);
    copy->output = g_strdup (call->output);
    g_ptr_array_add (copies, copy);
  }
  return copies;
}

GPtrArray *
ledger_dup_approvals (Ledger *ledger)
{
  GPtrArray *copies = g_ptr_array_new_with_free_func (approval_free);
  guint i;

  for (i = 0; i < ledger->approvals->len; i++) {
    const SandboxApproval *approval = g_ptr_array_index (ledger->approvals, i);
    SandboxApproval *copy = g_memdup2 (approval, sizeof *approval);

    copy->request_id = g_strdup (approval->request_id);
    copy->server_label = g_strdup (approval->server_label);
    copy->name = g_strdup (approval->name);
    copy->arguments = g_strdup (approval->arguments);
    copy->reason = g_strdup (approval->reason);
    g_ptr_array_add (copies, copy);
  }
  return copies;
}

GPtrArray *
ledger_dup_images (Ledger *ledger)
{
  GPtrArray *copies = g_ptr_array_new_with_free_func (image_free);
  guint i;

  for (i = 0; i < ledger->images->len; i++) {
    const SandboxImage *image = g_ptr_array_index (ledger->images, i);
    SandboxImage *copy = g_memdup2 (image, sizeof *image);

    copy->item_id = g_strdup (image->item_id);
    copy->format = g_strdup (image->format);
    copy->colour = g_strdup (image->colour);
    copy->detail = g_strdup (image->detail);
    g_ptr_array_add (copies, copy);
  }
  return copies;
}
