/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events of a log made fit for this run. */
#include "replayevent.h"

#include <math.h>

#include "wire.h"

#define HERTZ 440
#define LOUDNESS 4000 /* of 32767 */
#define MAX_AUDIO (32 * 1024 * 1024)

gboolean
replay_event_is_append (JsonObject *event)
{
  const gchar *type = wire_string (event, "type");

  return g_strcmp0 (type, "input_audio_buffer.append") == 0
      || g_strcmp0 (type, "session.input_audio_buffer.append") == 0;
}

/* ---- audio ---- */

/* Base64 of so many bytes of the tone, which goes on where it was. */
static gchar *
make_audio (ReplayVoice *voice, gsize size)
{
  gsize width = audio_sample_bytes (voice->format);
  gsize n = (size + width - 1) / width, i;
  gdouble step = 2 * G_PI * HERTZ / audio_rate (voice->format);
  g_autofree gint16 *samples = g_new (gint16, n + 1);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  for (i = 0; i < n; i++)
    samples[i] = LOUDNESS * sin (step * (voice->samples + i));
  voice->samples += n;
  audio_encode (voice->format, samples, n, bytes);
  return g_base64_encode (bytes->data, size);
}

/* {"bytes", "ms"} in place of audio. */
static gboolean
is_left_out (JsonNode *node, gsize *size)
{
  JsonObject *object;
  gint64 bytes;

  if (!JSON_NODE_HOLDS_OBJECT (node))
    return FALSE;
  object = json_node_get_object (node);
  bytes = wire_integer (object, "bytes", -1);
  if (json_object_get_size (object) != 2
      || !json_object_has_member (object, "ms") || bytes < 0)
    return FALSE;
  *size = MIN (bytes, MAX_AUDIO);
  return TRUE;
}

/* The form that the session's audio has from now on. */
static void
note_format (JsonObject *event, ReplayVoice *voice)
{
  JsonObject *at = wire_object (event, "session");
  static const gchar *const path[] = { "audio", "output", "format" };
  const gchar *name;
  guint i;

  for (i = 0; at != NULL && i < G_N_ELEMENTS (path); i++)
    at = wire_object (at, path[i]);
  name = at != NULL ? wire_string (at, "type") : NULL;
  if (name != NULL)
    voice->format = audio_format_from_name (name);
}

/* ---- the walk ---- */

typedef struct {
  GHashTable *ids;
  ReplayVoice *voice;
  gint64 late; /* s from when it was recorded until now */
} Fitting;

static void fit_object (Fitting *fitting, JsonObject *object);

static void
fit_value (Fitting *fitting, const gchar *name, JsonNode *node)
{
  const gchar *live;

  if (json_node_get_value_type (node) == G_TYPE_STRING) {
    live = g_hash_table_lookup (fitting->ids, json_node_get_string (node));
    if (live != NULL)
      json_node_set_string (node, live);
  } else if (json_node_get_value_type (node) == G_TYPE_INT64
      && g_strcmp0 (name, "expires_at") == 0 && json_node_get_int (node) > 0) {
    json_node_set_int (node, json_node_get_int (node) + fitting->late);
  }
}

static void
fit_node (Fitting *fitting, const gchar *name, JsonNode *node)
{
  JsonArray *array;
  guint i;

  if (JSON_NODE_HOLDS_VALUE (node)) {
    fit_value (fitting, name, node);
  } else if (JSON_NODE_HOLDS_OBJECT (node)) {
    fit_object (fitting, json_node_get_object (node));
  } else if (JSON_NODE_HOLDS_ARRAY (node)) {
    array = json_node_get_array (node);
    for (i = 0; i < json_array_get_length (array); i++)
      fit_node (fitting, NULL, json_array_get_element (array, i));
  }
}

static void
fit_object (Fitting *fitting, JsonObject *object)
{
  GList *names = json_object_get_members (object), *l;

  for (l = names; l != NULL; l = l->next) {
    const gchar *name = l->data;
    JsonNode *node = json_object_get_member (object, name);
    gsize size;

    if ((g_str_equal (name, "delta") || g_str_equal (name, "audio"))
        && is_left_out (node, &size)) {
      g_autofree gchar *audio = make_audio (fitting->voice, size);

      json_object_set_string_member (object, name, audio);
    } else {
      fit_node (fitting, name, node);
    }
  }
  g_list_free (names);
}

/* What was parsed is immutable, and so is every copy of it. */
static JsonObject *
copy_event (JsonObject *event)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autofree gchar *text = wire_print (event);

  json_parser_load_from_data (parser, text, -1, NULL);
  return json_object_ref (json_node_get_object (json_parser_get_root (parser)));
}

JsonObject *
replay_event_make (const Step *step, GHashTable *ids, ReplayVoice *voice)
{
  JsonObject *event = copy_event (step->event);
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  Fitting fitting = { ids, voice, step->time > 0 ? now - step->time : 0 };

  note_format (event, voice);
  fit_object (&fitting, event);
  return event;
}

/* ---- ids ---- */

static void match_node (
    const gchar *name, JsonNode *recorded, JsonNode *live, GHashTable *ids);

static void
match_value (
    const gchar *name, JsonNode *recorded, JsonNode *live, GHashTable *ids)
{
  const gchar *was, *is;

  if (name == NULL || !g_str_has_suffix (name, "id")
      || json_node_get_value_type (recorded) != G_TYPE_STRING
      || json_node_get_value_type (live) != G_TYPE_STRING)
    return;
  was = json_node_get_string (recorded);
  is = json_node_get_string (live);
  if (g_str_equal (was, is))
    g_hash_table_remove (ids, was);
  else
    g_hash_table_insert (ids, g_strdup (was), g_strdup (is));
}

static void
match_arrays (JsonArray *recorded, JsonArray *live, GHashTable *ids)
{
  guint n = MIN (
      json_array_get_length (recorded), json_array_get_length (live));
  guint i;

  for (i = 0; i < n; i++)
    match_node (NULL, json_array_get_element (recorded, i),
        json_array_get_element (live, i), ids);
}

static void
match_node (
    const gchar *name, JsonNode *recorded, JsonNode *live, GHashTable *ids)
{
  if (JSON_NODE_TYPE (recorded) != JSON_NODE_TYPE (live))
    return;
  if (JSON_NODE_HOLDS_VALUE (recorded))
    match_value (name, recorded, live, ids);
  else if (JSON_NODE_HOLDS_OBJECT (recorded))
    replay_event_match (
        json_node_get_object (recorded), json_node_get_object (live), ids);
  else if (JSON_NODE_HOLDS_ARRAY (recorded))
    match_arrays (
        json_node_get_array (recorded), json_node_get_array (live), ids);
}

void
replay_event_match (JsonObject *recorded, JsonObject *live, GHashTable *ids)
{
  JsonObjectIter iter;
  const gchar *name;
  JsonNode *node, *other;

  json_object_iter_init (&iter, recorded);
  while (json_object_iter_next (&iter, &name, &node)) {
    other = json_object_get_member (live, name);
    if (other != NULL)
      match_node (name, node, other, ids);
  }
}
