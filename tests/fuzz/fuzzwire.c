/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the session may send, whatever it was told.
 */
#include "fuzzworld.h"

#include <string.h>

#include "rt2base64.h"
#include "rt2json.h"

/* What an event of ours may have at most: a picture, in base64. */
#define MAX_SENT (16 * 1024 * 1024)

FuzzLine *
fuzz_wire_line (FuzzWorld *world, guint number)
{
  FuzzLine *line = g_hash_table_lookup (
      world->lines, GUINT_TO_POINTER (number));

  if (line)
    return line;
  line = g_new0 (FuzzLine, 1);
  line->outputs = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, g_free);
  line->made = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_hash_table_insert (world->lines, GUINT_TO_POINTER (number), line);
  return line;
}

void
fuzz_line_free (FuzzLine *line)
{
  g_hash_table_unref (line->outputs);
  g_hash_table_unref (line->made);
  g_free (line);
}

static gboolean
is_any (const gchar *type, const gchar *const *types)
{
  return g_strv_contains (types, type);
}

/* --- what was said --- */

static void
note_item (FuzzWorld *world, const Rt2Item *item)
{
  GHashTable *set = item->type == RT2_ITEM_FUNCTION_CALL ? world->functions
                                                         : world->others;

  if (item->id)
    g_hash_table_add (set, g_strdup (item->id));
}

/* What refers to a response may be its first sign, or its last; an error may be
 * about any event of ours. */
static gboolean
settles (const Rt2Event *event)
{
  return event->type == RT2_EVENT_ERROR || event->response_id
      || event->response;
}

void
fuzz_wire_note (FuzzWorld *world, const gchar *frame, gsize size)
{
  Rt2Event *event = rt2_event_parse (frame, size, NULL);

  if (!event)
    return;
  if (event->item)
    note_item (world, event->item);
  else if (event->item_id)
    g_hash_table_add (world->others, g_strdup (event->item_id));
  for (guint i = 0; event->response && i < event->response->output->len; i++)
    note_item (world, g_ptr_array_index (event->response->output, i));
  if (settles (event))
    fuzz_wire_line (world, fakewire_picked ())->outstanding = FALSE;
  rt2_event_free (event);
}

/* --- what is sent --- */

static void
check_append (FuzzWorld *world, JsonObject *object)
{
  const gchar *audio = rt2_json_string (object, "audio");
  GBytes *bytes;

  FUZZ_CHECK (!world->spent);
  FUZZ_CHECK (audio && *audio);
  bytes = rt2_base64_decode (audio, strlen (audio));
  FUZZ_CHECK (bytes);
  world->sent += rt2_audio_format_bytes_to_ns (
      world->config->input_format, g_bytes_get_size (bytes));
  g_bytes_unref (bytes);
}

/* One output for each call on a connection. */
static void
check_output (FuzzLine *line, JsonObject *item)
{
  const gchar *call_id = rt2_json_string (item, "call_id");
  const gchar *id = rt2_json_string (item, "id");

  FUZZ_CHECK (call_id && *call_id);
  FUZZ_CHECK (rt2_json_string (item, "output"));
  FUZZ_CHECK (g_hash_table_insert (
      line->outputs, g_strdup (call_id), g_strdup (id ? id : "")));
}

static void
check_item (FuzzLine *line, JsonObject *object)
{
  static const gchar *const types[] = { "message", "function_call",
    "function_call_output", "mcp_approval_response", NULL };
  JsonObject *item = rt2_json_object (object, "item");
  const gchar *type = rt2_json_string (item, "type");
  const gchar *id = rt2_json_string (item, "id");

  FUZZ_CHECK (type && is_any (type, types));
  if (id)
    g_hash_table_add (line->made, g_strdup (id));
  if (g_str_equal (type, "function_call_output"))
    check_output (line, item);
}

/* At most one active response in band is asked for at a time. */
static void
check_create (FuzzWorld *world, FuzzLine *line, JsonObject *object)
{
  JsonObject *response = rt2_json_object (object, "response");
  GPtrArray *active = rt2_responses_list_active (world->session->responses);

  FUZZ_CHECK (!world->spent);
  FUZZ_CHECK (rt2_json_string (object, "event_id"));
  if (g_strcmp0 (rt2_json_string (response, "conversation"), "none") != 0) {
    FUZZ_CHECK (!line->outstanding);
    FUZZ_CHECK (active->len == 0);
    line->outstanding = TRUE;
  }
  g_ptr_array_unref (active);
}

static void
check_truncate (FuzzWorld *world, JsonObject *object)
{
  const gchar *id = rt2_json_string (object, "item_id");
  guint64 ms = rt2_json_uint (object, "audio_end_ms", 0);
  guint64 *told = id ? g_hash_table_lookup (world->told, id) : NULL;
  guint rate = rt2_audio_format_rate (world->config->output_format);

  FUZZ_CHECK (id && ms > 0);
  /* A server that uses an id again may hear of the item that had it before. */
  FUZZ_CHECK (g_hash_table_contains (world->former, id)
      || (told && ms <= *told * 1000 / rate));
}

static gboolean
is_output_of (gpointer call_id, gpointer item_id, gpointer id)
{
  return g_strcmp0 (item_id, id) == 0;
}

/* A call of the server's is never taken back: its output would answer nothing.
 * What we made ourselves may be made anew. */
static void
check_delete (FuzzWorld *world, FuzzLine *line, JsonObject *object)
{
  const gchar *id = rt2_json_string (object, "item_id");

  FUZZ_CHECK (id && *id);
  FUZZ_CHECK (g_hash_table_contains (world->others, id)
      || g_hash_table_contains (line->made, id)
      || !g_hash_table_contains (world->functions, id));
  g_hash_table_foreach_remove (line->outputs, is_output_of, (gpointer) id);
}

/* What is said before our configuration is accepted may be called back at once;
 * all else waits. */
static gboolean
may_come_first (const gchar *type)
{
  static const gchar *const early[] = { "session.update", "response.cancel",
    "conversation.item.delete", "conversation.item.truncate", NULL };

  return is_any (type, early);
}

/* What a connection in the background is told: who we are, and the past. */
static gboolean
may_come_in_background (const gchar *type)
{
  static const gchar *const past[] = { "session.update",
    "conversation.item.create", "conversation.item.delete", NULL };

  return is_any (type, past);
}

static gboolean
is_plain (const gchar *type)
{
  static const gchar *const plain[] = { "session.update", "session.close",
    "input_audio_buffer.commit", "input_audio_buffer.clear", "response.cancel",
    NULL };

  return is_any (type, plain);
}

static void
judge (FuzzWorld *world, FuzzLine *line, JsonObject *object, const gchar *type)
{
  if (g_str_has_suffix (type, "input_audio_buffer.append"))
    check_append (world, object);
  else if (g_str_equal (type, "conversation.item.create"))
    check_item (line, object);
  else if (g_str_equal (type, "response.create"))
    check_create (world, line, object);
  else if (g_str_equal (type, "conversation.item.truncate"))
    check_truncate (world, object);
  else if (g_str_equal (type, "conversation.item.delete"))
    check_delete (world, line, object);
  else
    FUZZ_CHECK (is_plain (type));
  line->wants_update |= g_str_equal (type, "session.update");
}

/* Whether it may be sent now. */
static void
judge_time (FuzzWorld *world, const gchar *type)
{
  const Rt2Session *session = world->session;

  if (fakewire_number () != fakewire_number_of (session->transport))
    FUZZ_CHECK (may_come_in_background (type));
  else
    FUZZ_CHECK (may_come_first (type) || session->configured);
}

/* ns of audio in the event @text, or somewhat more. */
static guint64
length_of_append (FuzzWorld *world, const gchar *text)
{
  return rt2_audio_format_bytes_to_ns (
      world->config->input_format, strlen (text));
}

/* Most of what is sent is audio, always alike: a few pieces are looked at. */
static gboolean
is_boring (FuzzWorld *world, const gchar *text)
{
  return strstr (text, "append\"") && !world->spent && ++world->appends > 5
      && world->session->configured;
}

static void
on_sent (gpointer data, const gchar *text)
{
  FuzzWorld *world = data;
  gsize size = strlen (text);
  JsonObject *object;
  const gchar *type;

  FUZZ_CHECK (!world->failed);
  FUZZ_CHECK (size <= MAX_SENT && g_utf8_validate (text, size, NULL));
  if (is_boring (world, text)) {
    world->sent += length_of_append (world, text);
    return;
  }
  if (g_hash_table_contains (world->verbatim, text))
    return;
  object = rt2_json_parse_object (text, size, NULL);
  FUZZ_CHECK (object);
  type = rt2_json_string (object, "type");
  FUZZ_CHECK (type);
  judge (world, fuzz_wire_line (world, fakewire_number ()), object, type);
  judge_time (world, type);
  json_object_unref (object);
}

static void
on_connecting (gpointer data)
{
  FuzzWorld *world = data;

  FUZZ_CHECK (!world->failed);
  g_hash_table_remove (world->lines, GUINT_TO_POINTER (fakewire_number ()));
}

const FakeWireWatch fuzz_wire_watch = {
  .connecting = on_connecting,
  .sent = on_sent,
};
