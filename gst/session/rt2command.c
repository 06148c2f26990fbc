/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Commands and their checks.
 */
#include "rt2command.h"

#include <string.h>

#include "rt2json.h"
#include "rt2protocol.h"

G_DEFINE_QUARK (rt2 - command - error, rt2_command_error)

/* --- checks --- */

static gboolean
refuse (GError **error, const gchar *what, const gchar *why)
{
  g_set_error (
      error, RT2_COMMAND_ERROR, RT2_COMMAND_ERROR_VALUE, "%s %s", what, why);
  return FALSE;
}

static gboolean
check_text (const gchar *what, const gchar *text, gsize max, GError **error)
{
  if (!text)
    return refuse (error, what, "is missing");
  if (strlen (text) > max)
    return refuse (error, what, "is too long");
  if (!g_utf8_validate (text, -1, NULL))
    return refuse (error, what, "is not valid UTF-8 text");
  return TRUE;
}

/* Servers make their ids; what they made we give back, however long. */
static gboolean
check_id (const gchar *what, const gchar *id, GError **error)
{
  if (!id || !*id)
    return refuse (error, what, "is missing");
  return check_text (what, id, RT2_PROTOCOL_MAX_SERVER_ID, error);
}

/* The object that @json is, or NULL. */
static JsonObject *
parse_object (const gchar *what, const gchar *json, gsize max, GError **error)
{
  GError *reason = NULL;
  JsonObject *object;

  if (!check_text (what, json, max, error))
    return NULL;
  object = rt2_json_parse_object (json, strlen (json), &reason);
  if (!object) {
    refuse (error, what, reason->message);
    g_error_free (reason);
  }
  return object;
}

/* --- making --- */

Rt2Command *
rt2_command_new (Rt2CommandKind kind)
{
  Rt2Command *command = g_new0 (Rt2Command, 1);

  command->kind = kind;
  return command;
}

Rt2Command *
rt2_command_new_text (const gchar *role, const gchar *text, GError **error)
{
  Rt2Role known = rt2_role_from_name (role);
  Rt2Command *command;

  if (known == RT2_ROLE_UNKNOWN) {
    refuse (error, "role", "must be user, system or assistant");
    return NULL;
  }
  if (!check_text ("text", text, RT2_COMMAND_MAX_TEXT, error))
    return NULL;
  if (text[strspn (text, " \t\r\n")] == '\0') {
    refuse (error, "text", "is empty");
    return NULL;
  }
  command = rt2_command_new (RT2_COMMAND_SEND_TEXT);
  command->role = known;
  command->respond = known != RT2_ROLE_ASSISTANT;
  command->text = g_strdup (text);
  return command;
}

/* Whether @data begins as a file of @media_type does. */
static gboolean
is_image (GBytes *data, const gchar *media_type)
{
  static const guint8 png[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };
  static const guint8 jpeg[] = { 0xff, 0xd8, 0xff };
  gsize size;
  const guint8 *bytes = g_bytes_get_data (data, &size);

  if (g_strcmp0 (media_type, "image/png") == 0)
    return size > sizeof png && memcmp (bytes, png, sizeof png) == 0;
  return g_strcmp0 (media_type, "image/jpeg") == 0 && size > sizeof jpeg
      && memcmp (bytes, jpeg, sizeof jpeg) == 0;
}

Rt2Command *
rt2_command_new_image (
    GBytes *data, const gchar *media_type, const gchar *detail, GError **error)
{
  Rt2Command *command;

  if (!data || g_bytes_get_size (data) > RT2_COMMAND_MAX_IMAGE) {
    refuse (error, "image", data ? "is too big" : "is missing");
    return NULL;
  }
  if (!is_image (data, media_type)) {
    refuse (error, "image", "is neither an image/jpeg nor an image/png");
    return NULL;
  }
  command = rt2_command_new (RT2_COMMAND_SEND_IMAGE);
  command->image = g_bytes_ref (data);
  command->media_type = g_strdup (media_type);
  command->detail = g_strdup (detail);
  return command;
}

Rt2Command *
rt2_command_new_response (const gchar *json, GError **error)
{
  Rt2Command *command;
  JsonObject *object;

  if (json && *json) {
    object = parse_object ("response", json, RT2_COMMAND_MAX_TEXT, error);
    if (!object)
      return NULL;
    json_object_unref (object);
  }
  command = rt2_command_new (RT2_COMMAND_CREATE_RESPONSE);
  command->text = json && *json ? g_strdup (json) : NULL;
  return command;
}

Rt2Command *
rt2_command_new_result (
    const gchar *call_id, const gchar *output, GError **error)
{
  Rt2Command *command;

  if (!check_id ("call-id", call_id, error)
      || !check_text ("output", output, RT2_COMMAND_MAX_TEXT, error))
    return NULL;
  command = rt2_command_new (RT2_COMMAND_FUNCTION_RESULT);
  command->id = g_strdup (call_id);
  command->text = g_strdup (output);
  return command;
}

Rt2Command *
rt2_command_new_approval (
    const gchar *request_id, gboolean approve, GError **error)
{
  Rt2Command *command;

  if (!check_id ("request-id", request_id, error))
    return NULL;
  command = rt2_command_new (RT2_COMMAND_APPROVE_MCP);
  command->id = g_strdup (request_id);
  command->approve = approve;
  return command;
}

Rt2Command *
rt2_command_new_event (const gchar *json, GError **error)
{
  Rt2Command *command;
  JsonObject *object = parse_object (
      "event", json, RT2_COMMAND_MAX_EVENT, error);
  const gchar *type;

  if (!object)
    return NULL;
  type = rt2_json_string (object, "type");
  if (!type || !*type) {
    refuse (error, "event", "has no type");
    json_object_unref (object);
    return NULL;
  }
  json_object_unref (object);
  command = rt2_command_new (RT2_COMMAND_CLIENT_EVENT);
  command->text = g_strdup (json);
  return command;
}

void
rt2_command_free (Rt2Command *command)
{
  g_free (command->id);
  g_free (command->text);
  g_free (command->media_type);
  g_free (command->detail);
  g_clear_pointer (&command->image, g_bytes_unref);
  g_free (command);
}

gint64
rt2_command_expiry (guint64 ns)
{
  gint64 now = g_get_monotonic_time ();

  return ns == 0 ? 0 : now + (gint64) MIN (ns / 1000, (guint64) G_MAXINT64 / 2);
}

gboolean
rt2_command_interrupts (const Rt2Command *command)
{
  return command->interrupt == RT2_INTERRUPT_YES
      || (command->interrupt == RT2_INTERRUPT_AUTO
          && command->role == RT2_ROLE_USER);
}

gboolean
rt2_command_is_out_of_band (const Rt2Command *command)
{
  JsonObject *object = command->text
      ? rt2_json_parse_object (command->text, strlen (command->text), NULL)
      : NULL;
  gboolean out = g_strcmp0 (rt2_json_string (object, "conversation"), "none")
      == 0;

  g_clear_pointer (&object, json_object_unref);
  return out;
}

gsize
rt2_command_size (const Rt2Command *command)
{
  return sizeof (*command) + (command->text ? strlen (command->text) : 0)
      + (command->image ? g_bytes_get_size (command->image) : 0)
      + (command->id ? strlen (command->id) : 0);
}
