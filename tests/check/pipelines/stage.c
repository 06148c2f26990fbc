/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A pipeline under test, made of a launch line.
 */
#include "stage.h"

#include <glib/gstdio.h>

Stage *
stage_new_of (GstElement *pipeline)
{
  Stage *stage = g_new0 (Stage, 1);

  stage->pipeline = pipeline;
  stage->ai = gst_bin_get_by_name (GST_BIN (pipeline), "ai");
  stage->bus = gst_element_get_bus (pipeline);
  stage->messages = g_ptr_array_new_with_free_func (
      (GDestroyNotify) gst_message_unref);
  return stage;
}

Stage *
stage_new (const gchar *format, ...)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *line = NULL;
  GstElement *pipeline;
  va_list args;

  va_start (args, format);
  line = g_strdup_vprintf (format, args);
  va_end (args);
  pipeline = gst_parse_launch_full (
      line, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  if (error != NULL)
    g_error ("%s in: %s", error->message, line);
  return stage_new_of (pipeline);
}

/* Lives on the stack of stage_free(). */
typedef struct {
  GMutex lock;
  GCond changed;
  gboolean done;
} Funeral;

static void
on_gone (gpointer data, GObject *pipeline)
{
  Funeral *funeral = data;

  g_mutex_lock (&funeral->lock);
  funeral->done = TRUE;
  g_cond_signal (&funeral->changed);
  g_mutex_unlock (&funeral->lock);
}

/* A thread of GStreamer's that ended a state change may hold it a moment
 * longer than we do. */
static void
bury (GstElement *pipeline)
{
  gint64 deadline = g_get_monotonic_time () + STAGE_PATIENCE / GST_USECOND;
  Funeral funeral = { .done = FALSE };

  g_mutex_init (&funeral.lock);
  g_cond_init (&funeral.changed);
  g_object_weak_ref (G_OBJECT (pipeline), on_gone, &funeral);
  gst_object_unref (pipeline);
  g_mutex_lock (&funeral.lock);
  while (!funeral.done)
    if (!g_cond_wait_until (&funeral.changed, &funeral.lock, deadline))
      g_error ("somebody still holds the pipeline");
  g_mutex_unlock (&funeral.lock);
  g_mutex_clear (&funeral.lock);
  g_cond_clear (&funeral.changed);
}

void
stage_free (Stage *stage)
{
  g_assert_cmpint (gst_element_set_state (stage->pipeline, GST_STATE_NULL), ==,
      GST_STATE_CHANGE_SUCCESS);
  gst_bus_set_flushing (stage->bus, TRUE);
  g_ptr_array_unref (stage->messages);
  gst_object_unref (stage->bus);
  gst_clear_object (&stage->ai);
  bury (stage->pipeline);
  g_free (stage);
}

void
stage_play (Stage *stage)
{
  g_assert_cmpint (gst_element_set_state (stage->pipeline, GST_STATE_PLAYING),
      !=, GST_STATE_CHANGE_FAILURE);
}

GstElement *
stage_get (Stage *stage, const gchar *name)
{
  GstElement *element = gst_bin_get_by_name (GST_BIN (stage->pipeline), name);

  if (element == NULL)
    g_error ("the pipeline has no %s", name);
  return element;
}

GstPad *
stage_get_pad (Stage *stage, const gchar *name, const gchar *pad_name)
{
  GstElement *element = stage_get (stage, name);
  GstPad *pad = gst_element_get_static_pad (element, pad_name);

  gst_object_unref (element);
  if (pad == NULL)
    g_error ("%s has no pad %s", name, pad_name);
  return pad;
}

GstClockTime
stage_now (Stage *stage)
{
  return gst_element_get_current_running_time (stage->pipeline);
}

/* -- the bus --------------------------------------------------------------- */

static gboolean
is_element_message (GstMessage *message, const gchar *name)
{
  return GST_MESSAGE_TYPE (message) == GST_MESSAGE_ELEMENT
      && gst_structure_has_name (gst_message_get_structure (message), name);
}

/* Pops one message into the record; aborts the test at the deadline. */
static void
pop (Stage *stage, gint64 deadline, const gchar *wanted)
{
  gint64 left = MAX (deadline - g_get_monotonic_time (), 0);
  GstMessage *message = gst_bus_timed_pop (stage->bus, left * GST_USECOND);

  if (message == NULL)
    g_error ("no %s in time", wanted);
  g_ptr_array_add (stage->messages, message);
}

/* The next message of @types that is called @name, if that is not NULL. */
static GstMessage *
wait (Stage *stage, GstMessageType types, const gchar *name,
    const gchar *description)
{
  gint64 deadline = g_get_monotonic_time () + STAGE_PATIENCE / GST_USECOND;
  GstMessage *message;

  for (;; stage->next++) {
    if (stage->next == stage->messages->len)
      pop (stage, deadline, description);
    message = g_ptr_array_index (stage->messages, stage->next);
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR
        && !(types & GST_MESSAGE_ERROR)) {
      g_autofree gchar *dump = stage_message_dump (message);

      g_error ("%s while waiting for %s", dump, description);
    }
    if ((GST_MESSAGE_TYPE (message) & types)
        && (name == NULL || is_element_message (message, name))) {
      stage->next++;
      return message;
    }
  }
}

const GstStructure *
stage_wait (Stage *stage, const gchar *element_message)
{
  return gst_message_get_structure (
      wait (stage, GST_MESSAGE_ELEMENT, element_message, element_message));
}

void
stage_wait_eos (Stage *stage)
{
  wait (stage, GST_MESSAGE_EOS, NULL, "EOS");
}

GstMessage *
stage_wait_warning (Stage *stage)
{
  return wait (stage, GST_MESSAGE_WARNING, NULL, "WARNING");
}

GstMessage *
stage_wait_error (Stage *stage)
{
  return wait (stage, GST_MESSAGE_ERROR, NULL, "ERROR");
}

void
stage_collect (Stage *stage)
{
  GstMessage *message;

  while ((message = gst_bus_pop (stage->bus)) != NULL)
    g_ptr_array_add (stage->messages, message);
}

guint
stage_count (Stage *stage, GstMessageType type)
{
  guint n = 0;

  for (guint i = 0; i < stage->messages->len; i++)
    if (GST_MESSAGE_TYPE (g_ptr_array_index (stage->messages, i)) == type)
      n++;
  return n;
}

guint
stage_count_element (Stage *stage, const gchar *name)
{
  guint n = 0;

  for (guint i = 0; i < stage->messages->len; i++)
    if (is_element_message (g_ptr_array_index (stage->messages, i), name))
      n++;
  return n;
}

void
stage_expect_no_error (Stage *stage)
{
  stage_collect (stage);
  for (guint i = 0; i < stage->messages->len; i++) {
    GstMessage *message = g_ptr_array_index (stage->messages, i);
    g_autofree gchar *dump = NULL;

    if (GST_MESSAGE_TYPE (message) != GST_MESSAGE_ERROR)
      continue;
    dump = stage_message_dump (message);
    g_error ("%s", dump);
  }
}

gchar *
stage_message_dump (GstMessage *message)
{
  const GstStructure *fields = gst_message_get_structure (message);
  g_autofree gchar *all = fields ? gst_structure_to_string (fields)
                                 : g_strdup ("");
  g_autoptr (GError) error = NULL;
  g_autofree gchar *debug = NULL;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &error, &debug);
  return g_strdup_printf ("%s: %s (%s) %s", GST_MESSAGE_TYPE_NAME (message),
      error ? error->message : "", debug ? debug : "", all);
}

guint64
stage_stat (Stage *stage, const gchar *field)
{
  GstStructure *stats = NULL;
  const GValue *value;
  guint64 result;

  g_object_get (stage->ai, "stats", &stats, NULL);
  value = gst_structure_get_value (stats, field);
  if (value == NULL)
    g_error ("stats has no %s", field);
  result = G_VALUE_HOLDS_UINT (value) ? g_value_get_uint (value)
                                      : g_value_get_uint64 (value);
  gst_structure_free (stats);
  return result;
}

/* -- files ------------------------------------------------------------------
 */

Sandbox *
stage_start_sandbox (const SandboxOptions *options)
{
  g_autoptr (GError) error = NULL;
  Sandbox *sandbox = sandbox_start_thread (options, &error);

  g_assert_no_error (error);
  return sandbox;
}

gchar *
stage_make_directory (void)
{
  g_autoptr (GError) error = NULL;
  gchar *directory = g_dir_make_tmp ("realtime2-test-XXXXXX", &error);

  g_assert_no_error (error);
  return directory;
}

void
stage_remove_directory (gchar *directory)
{
  GDir *dir = g_dir_open (directory, 0, NULL);
  const gchar *name;

  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree gchar *path = g_build_filename (directory, name, NULL);

    g_unlink (path);
  }
  g_dir_close (dir);
  g_rmdir (directory);
  g_free (directory);
}
