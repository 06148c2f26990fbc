/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Commands. One table has for each its name and how the fields of its event
 * become an Rt2Command; the action signals make theirs from their arguments.
 */
#include "gstrealtime2commands.h"

#include "gstrealtime2imagesink.h"
#include "gstrealtime2input.h"
#include "gstrealtime2link.h"
#include "gstrealtime2messages.h"

#define GST_CAT_DEFAULT gst_realtime2_debug

#define PREFIX "realtime2/"

/* --- where commands go --- */

/* These must not overtake the user's words before them. */
static gboolean
is_ordered (const Rt2Command *command)
{
  return command->kind == RT2_COMMAND_COMMIT_INPUT
      || command->kind == RT2_COMMAND_CLEAR_INPUT
      || command->kind == RT2_COMMAND_SEND_TEXT
      || command->kind == RT2_COMMAND_SEND_IMAGE
      || command->kind == RT2_COMMAND_CREATE_RESPONSE;
}

gboolean
gst_realtime2_submit (GstRealtime2 *self, Rt2Command *command)
{
  if (!gst_realtime2_link_is_running (self->link)
      || (is_ordered (command) && gst_realtime2_input_is_full (self->input))) {
    rt2_command_free (command);
    return FALSE;
  }
  if (!is_ordered (command)
      || !gst_realtime2_input_command (self->input, command))
    return gst_realtime2_link_command (self->link, command);
  gst_realtime2_link_wake (self->link);
  return TRUE;
}

/* --- fields --- */

static gboolean
get_boolean (const GstStructure *fields, const gchar *name, gboolean fallback)
{
  gboolean value = fallback;

  gst_structure_get_boolean (fields, name, &value);
  return value;
}

static Rt2Command *
make_commit (const GstStructure *fields, GError **error)
{
  return rt2_command_new (RT2_COMMAND_COMMIT_INPUT);
}

static Rt2Command *
make_clear (const GstStructure *fields, GError **error)
{
  return rt2_command_new (RT2_COMMAND_CLEAR_INPUT);
}

static Rt2Command *
make_cancel (const GstStructure *fields, GError **error)
{
  return rt2_command_new (RT2_COMMAND_CANCEL_RESPONSE);
}

void
gst_realtime2_read_text_fields (Rt2Command *command, const GstStructure *fields)
{
  guint64 expires;

  if (gst_structure_has_field (fields, "interrupt"))
    command->interrupt = get_boolean (fields, "interrupt", FALSE)
        ? RT2_INTERRUPT_YES
        : RT2_INTERRUPT_NO;
  command->respond = get_boolean (fields, "respond", command->respond);
  gst_structure_get_int (fields, "priority", &command->priority);
  if (gst_structure_get_uint64 (fields, "expires", &expires))
    command->expires = rt2_command_expiry (expires);
}

static Rt2Command *
make_text (const GstStructure *fields, GError **error)
{
  const gchar *role = gst_structure_get_string (fields, "role");
  Rt2Command *command = rt2_command_new_text (
      role ? role : "user", gst_structure_get_string (fields, "text"), error);

  if (command)
    gst_realtime2_read_text_fields (command, fields);
  return command;
}

static Rt2Command *
make_response (const GstStructure *fields, GError **error)
{
  return rt2_command_new_response (
      gst_structure_get_string (fields, "json"), error);
}

static Rt2Command *
make_result (const GstStructure *fields, GError **error)
{
  return rt2_command_new_result (gst_structure_get_string (fields, "call-id"),
      gst_structure_get_string (fields, "output"), error);
}

static Rt2Command *
make_approval (const GstStructure *fields, GError **error)
{
  return rt2_command_new_approval (
      gst_structure_get_string (fields, "request-id"),
      get_boolean (fields, "approve", FALSE), error);
}

static Rt2Command *
make_event (const GstStructure *fields, GError **error)
{
  return rt2_command_new_event (
      gst_structure_get_string (fields, "json"), error);
}

/* --- the table --- */

typedef Rt2Command *(*Maker) (const GstStructure *fields, GError **error);

static const struct {
  const gchar *name;
  Rt2CommandKind kind;
  Maker make;
} commands[] = {
  { "commit-input", RT2_COMMAND_COMMIT_INPUT, make_commit },
  { "clear-input", RT2_COMMAND_CLEAR_INPUT, make_clear },
  { "send-text", RT2_COMMAND_SEND_TEXT, make_text },
  { "create-response", RT2_COMMAND_CREATE_RESPONSE, make_response },
  { "cancel-response", RT2_COMMAND_CANCEL_RESPONSE, make_cancel },
  { "send-function-result", RT2_COMMAND_FUNCTION_RESULT, make_result },
  { "approve-mcp", RT2_COMMAND_APPROVE_MCP, make_approval },
  { "send-client-event", RT2_COMMAND_CLIENT_EVENT, make_event },
};

static const gchar *
name_of (Rt2CommandKind kind)
{
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (commands[i].kind == kind)
      return commands[i].name;
  return NULL;
}

/* @id: of a call or an approval. @text: of a message. Both may be NULL. */
static void
post_failure (GstRealtime2 *self, const gchar *name, const gchar *id,
    const gchar *text, const gchar *reason)
{
  GST_WARNING_OBJECT (self, "%s: %s", name, reason);
  gst_realtime2_post (self, "command-failed", "command", G_TYPE_STRING, name,
      "id", G_TYPE_STRING, id, "text", G_TYPE_STRING, text, "reason",
      G_TYPE_STRING, reason, NULL);
}

void
gst_realtime2_on_command_failed (
    gpointer owner, const Rt2Command *command, const gchar *reason)
{
  const gchar *text = command->kind == RT2_COMMAND_SEND_TEXT ? command->text
                                                             : NULL;

  GST_REALTIME2_ASSERT_SESSION_THREAD (owner);
  post_failure (owner, name_of (command->kind), command->id, text, reason);
}

/* What update-session says lies over the properties until the next READY. */
static gboolean
update_session (GstRealtime2 *self, const gchar *json)
{
  GError *error = NULL;
  gchar *merged;

  if (!gst_realtime2_link_is_running (self->link))
    return FALSE;
  g_mutex_lock (&self->lock);
  merged = rt2_session_config_merge_update (
      self->session_update, json && *json ? json : "{}", &error);
  if (merged) {
    g_free (self->session_update);
    self->session_update = merged;
  }
  g_mutex_unlock (&self->lock);
  if (merged)
    gst_realtime2_update_config (self);
  else
    post_failure (self, "update-session", NULL, NULL, error->message);
  g_clear_error (&error);
  return merged != NULL;
}

/* Who writes takes a turn as who speaks does. */
static gboolean
is_user_turn (const Rt2Command *command)
{
  return command->kind == RT2_COMMAND_SEND_TEXT
      && command->role == RT2_ROLE_USER && command->respond;
}

gboolean
gst_realtime2_submit_or_tell (
    GstRealtime2 *self, const gchar *name, Rt2Command *command, GError *error)
{
  gboolean taken;

  if (command && is_user_turn (command))
    gst_realtime2_show_turn (self);
  taken = command && gst_realtime2_submit (self, command);
  if (error)
    post_failure (self, name, NULL, NULL, error->message);
  else if (!taken && gst_realtime2_link_is_running (self->link))
    post_failure (self, name, NULL, NULL, "too much waits to be sent already");
  g_clear_error (&error);
  return taken;
}

/* Carries out the event's command. */
static gboolean
perform (GstRealtime2 *self, const gchar *name, const GstStructure *fields)
{
  GError *error = NULL;

  if (g_str_equal (name, "commit-input"))
    gst_realtime2_show_turn (self);
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (name, commands[i].name)) {
      Rt2Command *command = commands[i].make (fields, &error);

      return gst_realtime2_submit_or_tell (self, name, command, error);
    }
  if (g_str_equal (name, "send-image"))
    return gst_realtime2_send_newest_image (self);
  return update_session (self, gst_structure_get_string (fields, "json"));
}

/* --- events --- */

static gboolean
is_command (const gchar *name)
{
  gboolean found = g_str_equal (name, "update-session")
      || g_str_equal (name, "send-image");

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    found |= g_str_equal (name, commands[i].name);
  return found;
}

gboolean
gst_realtime2_take_command (GstRealtime2 *self, GstEvent *event)
{
  const GstStructure *fields = gst_event_get_structure (event);
  const gchar *name = fields ? gst_structure_get_name (fields) : "";

  if (!g_str_has_prefix (name, PREFIX) || !is_command (name + strlen (PREFIX)))
    return FALSE;
  perform (self, name + strlen (PREFIX), fields);
  gst_event_unref (event);
  return TRUE;
}

/* --- action signals --- */

static gboolean
on_commit_input (GstRealtime2 *self)
{
  gst_realtime2_show_turn (self);
  return gst_realtime2_submit (
      self, rt2_command_new (RT2_COMMAND_COMMIT_INPUT));
}

static gboolean
on_clear_input (GstRealtime2 *self)
{
  return gst_realtime2_submit (self, rt2_command_new (RT2_COMMAND_CLEAR_INPUT));
}

static gboolean
on_cancel_response (GstRealtime2 *self)
{
  return gst_realtime2_submit (
      self, rt2_command_new (RT2_COMMAND_CANCEL_RESPONSE));
}

static gboolean
on_send_text (GstRealtime2 *self, const gchar *role, const gchar *text)
{
  GError *error = NULL;
  Rt2Command *command = rt2_command_new_text (role, text, &error);

  return gst_realtime2_submit_or_tell (self, "send-text", command, error);
}

static gboolean
on_send_image (GstRealtime2 *self, GBytes *data, const gchar *media_type)
{
  GError *error = NULL;
  Rt2Command *command;

  if (!data)
    return gst_realtime2_send_newest_image (self);
  command = gst_realtime2_make_image_command (self, data, media_type, &error);
  return gst_realtime2_submit_or_tell (self, "send-image", command, error);
}

static gboolean
on_create_response (GstRealtime2 *self, const gchar *json)
{
  GError *error = NULL;
  Rt2Command *command = rt2_command_new_response (json, &error);

  return gst_realtime2_submit_or_tell (self, "create-response", command, error);
}

static gboolean
on_send_function_result (
    GstRealtime2 *self, const gchar *call_id, const gchar *output)
{
  GError *error = NULL;
  Rt2Command *command = rt2_command_new_result (call_id, output, &error);

  return gst_realtime2_submit_or_tell (
      self, "send-function-result", command, error);
}

static gboolean
on_approve_mcp (GstRealtime2 *self, const gchar *request_id, gboolean approve)
{
  GError *error = NULL;
  Rt2Command *command = rt2_command_new_approval (request_id, approve, &error);

  return gst_realtime2_submit_or_tell (self, "approve-mcp", command, error);
}

static gboolean
on_update_session (GstRealtime2 *self, const gchar *json)
{
  return update_session (self, json);
}

static gboolean
on_send_client_event (GstRealtime2 *self, const gchar *json)
{
  GError *error = NULL;
  Rt2Command *command = rt2_command_new_event (json, &error);

  return gst_realtime2_submit_or_tell (
      self, "send-client-event", command, error);
}

static void
add_signal (
    GObjectClass *klass, const gchar *name, GCallback handler, GType a, GType b)
{
  guint n = (a != G_TYPE_NONE) + (b != G_TYPE_NONE);

  g_signal_new_class_handler (name, G_TYPE_FROM_CLASS (klass),
      G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION, handler, NULL, NULL, NULL,
      G_TYPE_BOOLEAN, n, a, b);
}

/**
 * GstRealtime2::commit-input:
 *
 * Ends the user's turn here, behind all audio that came before: push to talk,
 * with turn-detection=none. It is answered unless create-response is FALSE.
 * Less than 100 ms since the last turn is refused with a
 * realtime2/command-failed message.
 *
 * Returns: %TRUE if it was put into the queue
 */
/**
 * GstRealtime2::clear-input:
 *
 * Drops what was said since the last turn, here and on the server.
 *
 * Returns: %TRUE if it was put into the queue
 */
/**
 * GstRealtime2::send-text:
 * @role: user, system or assistant
 * @text: what is written
 *
 * Puts a message into the conversation. What a user writes interrupts the agent
 * and is answered; what a system writes waits for its turn and is answered then
 * (a cue); what an assistant is to have said is not answered. The event
 * realtime2/send-text has further fields: interrupt, respond (boolean),
 * priority (int, the highest goes first), expires (guint64, ns from now after
 * which a waiting message is dropped, and reported in a
 * realtime2/command-failed message).
 *
 * Returns: %TRUE if it was put into the queue
 */
/**
 * GstRealtime2::send-image:
 * @data: (nullable): a picture, or %NULL for the newest of image_sink
 * @media_type: (nullable): image/jpeg or image/png
 *
 * Shows a picture to the agent. It does not answer for that alone. The event
 * realtime2/send-image sends the newest picture of image_sink.
 *
 * Returns: %TRUE if it was put into the queue
 */
/**
 * GstRealtime2::create-response:
 * @json: (nullable): members of the response, as a JSON object
 *
 * Asks the agent to speak, when it has the floor. With "conversation": "none"
 * the response is out of band: it waits for nothing, is not played, and its
 * text comes in the realtime2/response-done message.
 *
 * Returns: %TRUE if it was put into the queue
 */
/**
 * GstRealtime2::cancel-response:
 *
 * Stops the agent as an interruption by the user does: what was not heard is
 * taken back on the server. What is protected is heard to its end first.
 *
 * Returns: %TRUE if it was put into the queue
 */
/**
 * GstRealtime2::send-function-result:
 * @call_id: as in the realtime2/function-call message
 * @output: what the function returns, a text for the model
 *
 * Answers a function call. Only the first answer of a call counts.
 *
 * Returns: %TRUE if it was put into the queue
 */
/**
 * GstRealtime2::approve-mcp:
 * @request_id: as in the realtime2/mcp-approval-request message
 * @approve: whether the tool may be used
 *
 * Returns: %TRUE if it was put into the queue
 */
/**
 * GstRealtime2::update-session:
 * @json: (nullable): members of the session, as a JSON object
 *
 * Lays @json over what the properties and earlier calls say, until READY, and
 * reads files that properties name again.
 *
 * Returns: %TRUE if the session is told
 */
/**
 * GstRealtime2::send-client-event:
 * @json: an event of the protocol
 *
 * Sends @json as it is. What it does to the conversation is yours to know.
 *
 * Returns: %TRUE if it was put into the queue
 */
void
gst_realtime2_install_commands (GObjectClass *klass)
{
  const struct {
    const gchar *name;
    GCallback handler;
    GType a, b;
  } signals[] = {
    { "commit-input", G_CALLBACK (on_commit_input), G_TYPE_NONE, G_TYPE_NONE },
    { "clear-input", G_CALLBACK (on_clear_input), G_TYPE_NONE, G_TYPE_NONE },
    { "send-text", G_CALLBACK (on_send_text), G_TYPE_STRING, G_TYPE_STRING },
    { "send-image", G_CALLBACK (on_send_image), G_TYPE_BYTES, G_TYPE_STRING },
    { "create-response", G_CALLBACK (on_create_response), G_TYPE_STRING,
        G_TYPE_NONE },
    { "cancel-response", G_CALLBACK (on_cancel_response), G_TYPE_NONE,
        G_TYPE_NONE },
    { "send-function-result", G_CALLBACK (on_send_function_result),
        G_TYPE_STRING, G_TYPE_STRING },
    { "approve-mcp", G_CALLBACK (on_approve_mcp), G_TYPE_STRING,
        G_TYPE_BOOLEAN },
    { "update-session", G_CALLBACK (on_update_session), G_TYPE_STRING,
        G_TYPE_NONE },
    { "send-client-event", G_CALLBACK (on_send_client_event), G_TYPE_STRING,
        G_TYPE_NONE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    add_signal (
        klass, signals[i].name, signals[i].handler, signals[i].a, signals[i].b);
}
