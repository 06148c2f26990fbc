/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An event log of realtime2, read. One that ends in half a line was cut by a
 * crash of the machine; the rest of it is good. */
#include "replaylog.h"

#include <gio/gio.h>
#include <string.h>

#include "wire.h"

#define NS_PER_US 1000

typedef struct {
  GPtrArray *recordings; /* Recording */
  GHashTable *by_number; /* of this run: number -> Recording, not owned */
  guint line;
  gboolean any; /* a first line was seen */
} Reader;

static void
step_free (gpointer data)
{
  Step *step = data;

  g_clear_pointer (&step->event, json_object_unref);
  g_free (step->text);
  g_free (step->reason);
  g_free (step);
}

static void
recording_free (gpointer data)
{
  Recording *recording = data;

  g_ptr_array_unref (recording->steps);
  g_free (recording);
}

const gchar *
step_type (const Step *step)
{
  const gchar *type = step->event != NULL ? wire_string (step->event, "type")
                                          : NULL;

  return type != NULL ? type : "(no event)";
}

static gint64
read_time (JsonObject *line)
{
  const gchar *text = wire_string (line, "time");
  GDateTime *time = text != NULL ? g_date_time_new_from_iso8601 (text, NULL)
                                 : NULL;
  gint64 seconds = time != NULL ? g_date_time_to_unix (time) : 0;

  g_clear_pointer (&time, g_date_time_unref);
  return seconds;
}

static Step *
add_step (Reader *reader, Recording *recording, JsonObject *line, StepKind kind)
{
  Step *step = g_new0 (Step, 1);

  step->kind = kind;
  step->line = reader->line;
  step->elapsed_us = wire_integer (line, "elapsed", 0) / NS_PER_US;
  step->time = read_time (line);
  g_ptr_array_add (recording->steps, step);
  return step;
}

/* ---- what a line says ---- */

static gboolean
is_append (const gchar *type)
{
  return g_strcmp0 (type, "input_audio_buffer.append") == 0
      || g_strcmp0 (type, "session.input_audio_buffer.append") == 0;
}

/* Decoded bytes, whether the audio is in the log or not. */
static guint64
audio_bytes (JsonObject *event)
{
  JsonObject *left_out = wire_object (event, "audio");
  guint64 bytes;

  if (left_out != NULL)
    return MAX (0, wire_integer (left_out, "bytes", 0));
  g_free (wire_print_short (event, &bytes));
  return bytes;
}

static void
read_event (Reader *reader, Recording *recording, JsonObject *line)
{
  gboolean client = g_strcmp0 (wire_string (line, "direction"), "client") == 0;
  JsonObject *event = wire_object (line, "event");
  gboolean audio = client && event && is_append (wire_string (event, "type"));
  Step *before = recording->steps->len > 0
      ? g_ptr_array_index (recording->steps, recording->steps->len - 1)
      : NULL;
  Step *step = add_step (reader, recording, line,
      audio        ? STEP_AUDIO
          : client ? STEP_CLIENT
                   : STEP_SERVER);

  step->audio_end = before != NULL ? before->audio_end : 0;
  if (audio)
    step->audio_end += audio_bytes (event);
  if (event != NULL)
    step->event = json_object_ref (event);
  else
    step->text = g_strdup (wire_string (line, "event"));
}

static gchar *
read_reason (JsonObject *line)
{
  static const gchar mark[] = "reason: ";
  const gchar *detail = wire_string (line, "detail");
  const gchar *reason = detail != NULL ? strstr (detail, mark) : NULL;

  return reason != NULL ? g_strdup (reason + strlen (mark)) : NULL;
}

static void
read_close (Reader *reader, Recording *recording, JsonObject *line)
{
  Step *step;

  recording->http_status = MAX (0, wire_integer (line, "http-status", 0));
  if (g_strcmp0 (wire_string (line, "by"), "client") == 0) {
    recording->client_ends = TRUE;
    return;
  }
  step = add_step (reader, recording, line, STEP_CLOSE);
  step->code = MAX (0, wire_integer (line, "code", 0));
  step->reason = read_reason (line);
}

static void
read_note (Reader *reader, Recording *recording, JsonObject *line)
{
  const gchar *note = wire_string (line, "note");

  if (g_strcmp0 (note, "closed") == 0) {
    read_close (reader, recording, line);
  } else if (g_strcmp0 (note, "opened") == 0) {
    recording->opened = TRUE;
    recording->opened_us = wire_integer (line, "elapsed", 0) / NS_PER_US;
  }
}

static Recording *
find_recording (Reader *reader, JsonObject *line)
{
  gpointer number = GINT_TO_POINTER (wire_integer (line, "connection", 0));
  Recording *recording = g_hash_table_lookup (reader->by_number, number);

  if (recording != NULL)
    return recording;
  recording = g_new0 (Recording, 1);
  recording->steps = g_ptr_array_new_with_free_func (step_free);
  g_ptr_array_add (reader->recordings, recording);
  g_hash_table_insert (reader->by_number, number, recording);
  return recording;
}

static void
read_line (Reader *reader, JsonObject *line)
{
  if (wire_string (line, "log") != NULL) {
    reader->any = TRUE;
    g_hash_table_remove_all (reader->by_number);
  } else if (!json_object_has_member (line, "connection")) {
    return;
  } else if (wire_string (line, "direction") != NULL) {
    read_event (reader, find_recording (reader, line), line);
  } else {
    read_note (reader, find_recording (reader, line), line);
  }
}

/* ---- the file ---- */

static gboolean
read_text (Reader *reader, const gchar *file, const gchar *text, GError **error)
{
  const gchar *end;

  for (; (end = strchr (text, '\n')) != NULL; text = end + 1) {
    g_autoptr (JsonObject) line = NULL;

    reader->line++;
    if (end == text)
      continue;
    line = wire_parse (text, end - text);
    if (line == NULL) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
          "%s: line %u is no JSON object. Is it a log made by event-log?", file,
          reader->line);
      return FALSE;
    }
    read_line (reader, line);
  }
  if (reader->any && reader->recordings->len > 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
      "%s: there is no connection in it. Is it a log made by event-log?", file);
  return FALSE;
}

GPtrArray *
replay_log_load (const gchar *file, GError **error)
{
  Reader reader = { g_ptr_array_new_with_free_func (recording_free),
    g_hash_table_new (NULL, NULL), 0, FALSE };
  g_autofree gchar *text = NULL;
  gboolean fine = g_file_get_contents (file, &text, NULL, error)
      && read_text (&reader, file, text, error);

  g_hash_table_unref (reader.by_number);
  if (fine)
    return reader.recordings;
  g_ptr_array_unref (reader.recordings);
  return NULL;
}
