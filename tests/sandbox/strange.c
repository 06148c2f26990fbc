/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Oddities that a client must bear: each was seen, or is allowed. */
#include "strange.h"

#include <gio/gio.h>

/* Every so many events one comes that nobody knows. */
#define UNKNOWN_EVERY 4

static const GDebugKey names[] = {
  { "unknown", STRANGE_UNKNOWN },
  { "parts", STRANGE_PARTS },
  { "created", STRANGE_CREATED },
  { "no-usage", STRANGE_NO_USAGE },
  { "no-phase", STRANGE_NO_PHASE },
  { "conversation", STRANGE_CONVERSATION },
  { "pings", STRANGE_PINGS },
  { "no-metadata", STRANGE_NO_METADATA },
};

static guint
find (const gchar *name)
{
  guint i, all = 0;

  for (i = 0; i < G_N_ELEMENTS (names); i++) {
    if (g_str_equal (names[i].key, name))
      return names[i].value;
    all |= names[i].value;
  }
  return g_str_equal (name, "all") ? all : 0;
}

gboolean
strange_parse (const gchar *text, guint *flags, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (text, ",", -1);
  guint i;

  *flags = 0;
  for (i = 0; parts[i] != NULL; i++) {
    guint flag = find (g_strstrip (parts[i]));

    if (flag == 0) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
          "There is no oddity '%s': use unknown, parts, created, no-usage, "
          "no-phase, conversation, pings, no-metadata or all.",
          parts[i]);
      return FALSE;
    }
    *flags |= flag;
  }
  return TRUE;
}

static void
swap_type (JsonObject *part)
{
  static const gchar *const pairs[][2] = { { "audio", "output_audio" },
    { "text", "output_text" }, { "output_audio", "audio" },
    { "output_text", "text" } };
  const gchar *type = wire_string (part, "type");
  guint i;

  for (i = 0; i < G_N_ELEMENTS (pairs); i++)
    if (g_strcmp0 (pairs[i][0], type) == 0) {
      json_object_set_string_member (part, "type", pairs[i][1]);
      return;
    }
}

/* Values of every kind, some of them uncomfortable. */
static void
add_unknown (JsonObject *object)
{
  JsonObject *value = json_object_new ();
  JsonArray *list = json_array_new ();

  json_array_add_null_element (list);
  json_array_add_int_element (list, G_MAXINT64);
  json_array_add_string_element (list, "\"}]\\ \303\251\360\237\230\200");
  json_object_set_array_member (value, "type", list);
  json_object_set_double_member (value, "delta", -1e300);
  json_object_set_boolean_member (value, "response", TRUE);
  json_object_set_object_member (object, "x_unknown", value);
}

static void
apply_to_item (guint flags, JsonObject *item)
{
  JsonArray *content = wire_array (item, "content");
  guint i;

  if ((flags & STRANGE_NO_PHASE) && json_object_has_member (item, "phase"))
    json_object_remove_member (item, "phase");
  if (flags & STRANGE_UNKNOWN)
    add_unknown (item);
  for (i = 0; (flags & STRANGE_PARTS) && content != NULL
       && i < json_array_get_length (content);
       i++)
    swap_type (json_array_get_object_element (content, i));
}

static void
apply_to_response (guint flags, JsonObject *response)
{
  JsonArray *output = wire_array (response, "output");
  guint i;

  if (flags & STRANGE_NO_USAGE)
    json_object_set_null_member (response, "usage");
  if (flags & STRANGE_NO_METADATA)
    json_object_remove_member (response, "metadata");
  if (flags & STRANGE_UNKNOWN)
    add_unknown (response);
  for (i = 0; output != NULL && i < json_array_get_length (output); i++)
    apply_to_item (flags, json_array_get_object_element (output, i));
}

void
strange_apply (guint flags, JsonObject *event)
{
  JsonObject *part = wire_object (event, "part");
  JsonObject *item = wire_object (event, "item");
  JsonObject *response = wire_object (event, "response");

  if (flags == 0)
    return;
  if ((flags & STRANGE_CREATED)
      && g_strcmp0 (wire_string (event, "type"), "conversation.item.added")
          == 0)
    json_object_set_string_member (event, "type", "conversation.item.created");
  if ((flags & STRANGE_PARTS) && part != NULL)
    swap_type (part);
  if (item != NULL)
    apply_to_item (flags, item);
  if (response != NULL)
    apply_to_response (flags, response);
  if (flags & STRANGE_UNKNOWN)
    add_unknown (event);
}

JsonObject *
strange_event (guint flags, GRand *rand, guint count)
{
  static const gchar *const types[] = { "session.weather.updated",
    "response.output_haptics.delta", "conversation.item.blessed", "thought" };
  JsonObject *event;

  if (!(flags & STRANGE_UNKNOWN) || count % UNKNOWN_EVERY != 1)
    return NULL;
  event = wire_event (
      rand, types[count / UNKNOWN_EVERY % G_N_ELEMENTS (types)]);
  json_object_set_null_member (event, "item_id");
  json_object_set_string_member (event, "response_id", "");
  add_unknown (event);
  return event;
}
