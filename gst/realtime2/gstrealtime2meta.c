/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * GstRealtime2Meta and its JSON form.
 */
#include "gstrealtime2meta.h"

#include "gstrealtime2fields.h"
#include "rt2json.h"

void
gst_realtime2_meta_register (void)
{
  static const gchar *tags[] = { NULL };

  /* A second registration would be refused with a critical warning. */
  if (!gst_meta_get_info (GST_REALTIME2_META_NAME))
    gst_meta_register_custom (GST_REALTIME2_META_NAME, tags, NULL, NULL, NULL);
}

static void
fill_fields (GstStructure *fields, const Rt2Spoken *spoken, Rt2Phase phase,
    const gchar *kind, guint64 offset, gboolean final, guint64 seq)
{
  gst_realtime2_set_string (fields, "item-id", spoken->id);
  gst_realtime2_set_string (fields, "response-id", spoken->response_id);
  gst_realtime2_set_string (fields, "role", rt2_role_name (spoken->role));
  gst_realtime2_set_string (fields, "phase", rt2_phase_name (phase));
  gst_realtime2_set_string (fields, "kind", kind);
  gst_structure_set (fields, "final", G_TYPE_BOOLEAN, final, "audio-offset",
      G_TYPE_UINT64, offset, "seq", G_TYPE_UINT64, seq, NULL);
  gst_realtime2_set_time (fields, "speech-start", spoken->speech_start);
  gst_realtime2_set_time (fields, "speech-end", spoken->speech_end);
}

void
gst_realtime2_meta_add_audio (GstBuffer *buffer, const Rt2Spoken *spoken,
    guint64 offset, gboolean final, guint64 seq)
{
  GstCustomMeta *meta = gst_buffer_add_custom_meta (
      buffer, GST_REALTIME2_META_NAME);

  fill_fields (gst_custom_meta_get_structure (meta), spoken,
      rt2_spoken_phase (spoken), "audio",
      rt2_audio_format_samples_to_ns (spoken->format, offset), final, seq);
}

GstStructure *
gst_realtime2_meta_of_caption (const Rt2Caption *caption, guint64 seq)
{
  GstStructure *fields = gst_structure_new_empty (GST_REALTIME2_META_NAME);
  const Rt2Spoken *spoken = caption->spoken;

  fill_fields (fields, spoken, caption->phase,
      spoken->kind == RT2_TEXT_TEXT ? "text" : "transcript", caption->offset,
      caption->final, seq);
  return fields;
}

static gboolean
copy_field (GQuark field, const GValue *value, gpointer structure)
{
  gst_structure_id_set_value (structure, field, value);
  return TRUE;
}

void
gst_realtime2_meta_add (GstBuffer *buffer, GstStructure *fields)
{
  GstCustomMeta *meta = gst_buffer_add_custom_meta (
      buffer, GST_REALTIME2_META_NAME);

  gst_structure_foreach (
      fields, copy_field, gst_custom_meta_get_structure (meta));
  gst_structure_free (fields);
}

static gboolean
field_to_json (GQuark field, const GValue *value, gpointer user_data)
{
  JsonObject *object = user_data;
  const gchar *name = g_quark_to_string (field);

  if (G_VALUE_HOLDS_STRING (value))
    json_object_set_string_member (object, name, g_value_get_string (value));
  else if (G_VALUE_HOLDS_BOOLEAN (value))
    json_object_set_boolean_member (object, name, g_value_get_boolean (value));
  else if (G_VALUE_HOLDS_UINT64 (value))
    json_object_set_int_member (object, name, g_value_get_uint64 (value));
  return TRUE;
}

gchar *
gst_realtime2_meta_to_json (const GstStructure *fields, const gchar *text,
    guint64 pts, guint64 duration)
{
  JsonObject *object = json_object_new ();
  gchar *line, *result;

  gst_structure_foreach (fields, field_to_json, object);
  json_object_set_string_member (object, "text", text);
  json_object_set_int_member (object, "pts", pts);
  json_object_set_int_member (object, "duration", duration);
  line = rt2_json_to_text (object);
  result = g_strconcat (line, "\n", NULL);
  g_free (line);
  json_object_unref (object);
  return result;
}
