/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the rig's owner asks of the session, what it hears and says, and the
 * server's side of function calls.
 */
#include "sessionrig.h"

#include <math.h>

#define TONE 200
#define PATIENCE (30 * G_USEC_PER_SEC)

/* -- commands ------------------------------------------------------------- */

void
rig_command (Rig *rig, Rt2Command *command)
{
  g_assert_true (rt2_session_command (rig->session, command));
  rig_run_idle (rig);
}

void
rig_push_command (Rig *rig, Rt2Command *command)
{
  Rt2UplinkPiece *piece = g_new0 (Rt2UplinkPiece, 1);

  piece->kind = RT2_UPLINK_COMMAND;
  piece->command = command;
  rig_push_piece (rig, piece);
}

static gboolean
has_uplink (Rig *rig)
{
  gboolean some;

  g_mutex_lock (&rig->lock);
  some = rig->uplink.length > 0;
  g_mutex_unlock (&rig->lock);
  return some;
}

void
rig_settle_up (Rig *rig)
{
  gint64 end = g_get_monotonic_time () + PATIENCE;

  rig_run_idle (rig);
  while (has_uplink (rig)) {
    g_assert_cmpint (g_get_monotonic_time (), <, end);
    rig_run_for (rig, 1);
  }
}

Rt2Command *
rig_text (const gchar *role, const gchar *text)
{
  g_autoptr (GError) error = NULL;
  Rt2Command *command = rt2_command_new_text (role, text, &error);

  g_assert_no_error (error);
  return command;
}

Rt2Command *
rig_result (const gchar *call_id, const gchar *output)
{
  g_autoptr (GError) error = NULL;
  Rt2Command *command = rt2_command_new_result (call_id, output, &error);

  g_assert_no_error (error);
  return command;
}

Rt2Command *
rig_event (const gchar *json)
{
  g_autoptr (GError) error = NULL;
  Rt2Command *command = rt2_command_new_event (json, &error);

  g_assert_no_error (error);
  return command;
}

/* -- hearing and saying --------------------------------------------------- */

void
rig_hear (Rig *rig, const gchar *response, const gchar *item, guint64 heard,
    guint64 received)
{
  Rt2Heard *entry = g_new0 (Rt2Heard, 1);

  entry->item_id = g_strdup (item);
  entry->response_id = g_strdup (response);
  entry->heard = heard;
  entry->received = received;
  entry->rate = rt2_audio_format_rate (rig->config->output_format);
  entry->heard_text = g_strdup ("Well");
  g_ptr_array_add (rig->heard, entry);
}

void
rig_push_tone (Rig *rig, guint ms, gint amplitude)
{
  guint rate = rt2_audio_format_rate (rig->config->input_format);
  guint n = rate * ms / 1000;
  g_autofree gint16 *samples = g_new (gint16, n);

  g_assert_cmpint (rig->config->input_format, ==, RT2_AUDIO_FORMAT_PCM16);
  for (guint i = 0; i < n; i++)
    samples[i] = GINT16_TO_LE (
        (gint16) (amplitude * sin (2 * G_PI * TONE * i / rate)));
  rig_push (rig, samples, n * sizeof *samples, rig->pushed * RIG_MS);
  rig->pushed += ms;
}

void
rig_push_silence (Rig *rig, guint ms)
{
  rig_push_tone (rig, ms, 0);
}

/* -- the server's side ---------------------------------------------------- */

void
rig_send_answer (Rig *rig, const gchar *response, guint n)
{
  JsonObject *create = rig_get_sent (rig, "response.create", n);
  JsonObject *object = rt2_json_object (create, "response");
  g_autofree gchar *metadata = rt2_json_member_text (object, "metadata");

  g_assert_nonnull (metadata);
  rig_send (rig,
      "{\"type\":\"response.created\",\"event_id\":\"e\",\"response\":"
      "{\"object\":\"realtime.response\",\"id\":\"%s\",\"status\":"
      "\"in_progress\",\"status_details\":null,\"output\":[],"
      "\"conversation_id\":\"conv_1\",\"usage\":null,\"metadata\":%s}}",
      response, metadata);
}

void
rig_send_call (Rig *rig, const gchar *response, const gchar *call_id,
    const gchar *name, const gchar *arguments)
{
  g_autoptr (GString) quoted = g_string_new (NULL);

  rt2_json_append_string (quoted, arguments);
  rig_send (rig,
      "{\"type\":\"response.output_item.done\",\"event_id\":\"e\","
      "\"response_id\":\"%s\",\"output_index\":0,\"item\":{\"id\":\"item-%s\","
      "\"object\":\"realtime.item\",\"type\":\"function_call\",\"status\":"
      "\"completed\",\"name\":\"%s\",\"call_id\":\"%s\",\"arguments\":%s}}",
      response, call_id, name, call_id, quoted->str);
}

/* Items that the session makes are named after the event that makes them. */
static void
forget_own_id (JsonObject *item, const gchar *event_id)
{
  const gchar *id = rt2_json_string (item, "id");

  if (id && g_str_has_suffix (id, event_id))
    json_object_remove_member (item, "id");
}

void
rig_expect_event (Rig *rig, const gchar *type, guint n, const gchar *json)
{
  JsonObject *event = rig_get_sent (rig, type, n);
  g_autofree gchar *whole = rt2_json_to_text (event);
  g_autoptr (JsonNode) got = json_from_string (whole, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) wanted = json_from_string (json, &error);
  JsonObject *bare = json_node_get_object (got);
  const gchar *event_id = rt2_json_string (event, "event_id");

  g_assert_no_error (error);
  g_assert_nonnull (event_id);
  g_assert_cmpstr (event_id, !=, "");
  json_object_remove_member (bare, "event_id");
  forget_own_id (rt2_json_object (bare, "item"), event_id);
  if (!json_node_equal (got, wanted))
    g_error ("%s is not %s", whole, json);
}
