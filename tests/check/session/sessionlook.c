/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Waiting for what the rig's session and server were told, and looking at it.
 */
#include "sessionrig.h"

#include <string.h>

#define PATIENCE_SECONDS 30
#define MARK "mark "

/* -- waiting -------------------------------------------------------------- */

static gchar *
log_text (Rig *rig)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new ();

  for (guint i = 0; i < rig->log->len; i++)
    g_ptr_array_add (lines, g_ptr_array_index (rig->log, i));
  g_ptr_array_add (lines, NULL);
  return g_strjoinv ("\n  ", (gchar **) lines->pdata);
}

static gboolean
on_patience_over (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

/* Tells whether something is so. */
typedef gboolean (*Check) (Rig *rig, const gchar *what, gsize n);

static void
wait_for (Rig *rig, Check check, const gchar *what, gsize n)
{
  GSource *patience = g_timeout_source_new_seconds (PATIENCE_SECONDS);
  gboolean over = FALSE;

  g_source_set_callback (patience, on_patience_over, &over, NULL);
  g_source_attach (patience, rig->context);
  while (!check (rig, what, n)) {
    g_main_context_iteration (rig->context, TRUE);
    if (over) {
      g_autofree gchar *text = log_text (rig);

      g_error ("waited in vain for %" G_GSIZE_FORMAT " \"%s\" after\n  %s", n,
          what, text);
    }
  }
  g_source_destroy (patience);
  g_source_unref (patience);
}

void
rig_run_idle (Rig *rig)
{
  while (g_main_context_iteration (rig->context, FALSE))
    ;
}

void
rig_run_for (Rig *rig, guint ms)
{
  GSource *timer = g_timeout_source_new (ms);
  gboolean over = FALSE;

  g_source_set_callback (timer, on_patience_over, &over, NULL);
  g_source_attach (timer, rig->context);
  while (!over)
    g_main_context_iteration (rig->context, TRUE);
  g_source_unref (timer);
}

/* -- the log -------------------------------------------------------------- */

static gboolean
has_lines (Rig *rig, const gchar *line, gsize n)
{
  gsize found = 0;

  for (guint i = 0; i < rig->log->len; i++)
    found += g_str_equal (g_ptr_array_index (rig->log, i), line);
  return found >= n;
}

void
rig_wait_n (Rig *rig, const gchar *line, guint n)
{
  wait_for (rig, has_lines, line, n);
}

void
rig_wait (Rig *rig, const gchar *line)
{
  rig_wait_n (rig, line, 1);
}

guint
rig_count (Rig *rig, const gchar *prefix)
{
  gsize size = strlen (prefix);
  guint n = 0;

  for (guint i = 0; i < rig->log->len; i++) {
    const gchar *line = g_ptr_array_index (rig->log, i);

    n += strncmp (line, prefix, size) == 0
        && (line[size] == ' ' || line[size] == '\0');
  }
  return n;
}

void
rig_expect_last (Rig *rig, const gchar *line)
{
  g_assert_cmpuint (rig->log->len, >, 0);
  g_assert_cmpstr (g_ptr_array_index (rig->log, rig->log->len - 1), ==, line);
}

void
rig_expect_log (Rig *rig, ...)
{
  g_autofree gchar *got = log_text (rig);
  g_autoptr (GString) wanted = g_string_new (NULL);
  const gchar *line;
  va_list args;

  va_start (args, rig);
  while ((line = va_arg (args, const gchar *)))
    g_string_append_printf (wanted, "%s%s", wanted->len ? "\n  " : "", line);
  va_end (args);
  g_assert_cmpstr (got, ==, wanted->str);
}

void
rig_clear (Rig *rig)
{
  g_ptr_array_set_size (rig->log, 0);
  g_byte_array_set_size (rig->audio, 0);
  g_mutex_lock (&rig->lock);
  rig->sent_from = rig->sent->len;
  g_mutex_unlock (&rig->lock);
}

Rt2SessionStats
rig_get_stats (Rig *rig)
{
  Rt2SessionStats stats;

  rt2_session_get_stats (rig->session, &stats);
  return stats;
}

/* -- what was sent -------------------------------------------------------- */

/* All events since rig_clear(). RigEvent*, owned by the rig. */
static GPtrArray *
list_sent (Rig *rig)
{
  GPtrArray *list = g_ptr_array_new ();

  g_mutex_lock (&rig->lock);
  for (guint i = rig->sent_from; i < rig->sent->len; i++) {
    RigEvent *event = g_ptr_array_index (rig->sent, i);

    if (rig->hears_on < 0 || event->connection == (guint) rig->hears_on)
      g_ptr_array_add (list, event);
  }
  g_mutex_unlock (&rig->lock);
  return list;
}

static gboolean
is_mark (const RigEvent *event)
{
  JsonObject *session = rt2_json_object (event->object, "session");
  const gchar *instructions = rt2_json_string (session, "instructions");

  return instructions && g_str_has_prefix (instructions, MARK);
}

static JsonObject *
find_sent (Rig *rig, const gchar *type, guint n)
{
  g_autoptr (GPtrArray) list = list_sent (rig);

  for (guint i = 0; i < list->len; i++) {
    RigEvent *event = g_ptr_array_index (list, i);

    if (g_str_equal (event->type, type) && !is_mark (event) && n-- == 0)
      return event->object;
  }
  return NULL;
}

JsonObject *
rig_get_sent (Rig *rig, const gchar *type, guint n)
{
  JsonObject *object = find_sent (rig, type, n);

  g_assert_nonnull (object);
  return object;
}

guint
rig_count_sent (Rig *rig, const gchar *type)
{
  g_autoptr (GPtrArray) list = list_sent (rig);
  guint n = 0;

  for (guint i = 0; i < list->len; i++) {
    RigEvent *event = g_ptr_array_index (list, i);

    n += g_str_equal (event->type, type) && !is_mark (event);
  }
  return n;
}

static gboolean
has_sent (Rig *rig, const gchar *type, gsize n)
{
  return rig_count_sent (rig, type) >= n;
}

void
rig_wait_sent (Rig *rig, const gchar *type, guint n)
{
  wait_for (rig, has_sent, type, n);
}

void
rig_expect_sent (Rig *rig, const gchar *types)
{
  g_autoptr (GPtrArray) list = list_sent (rig);
  g_autoptr (GString) got = g_string_new (NULL);
  const gchar *last = NULL;

  for (guint i = 0; i < list->len; i++) {
    RigEvent *event = g_ptr_array_index (list, i);
    gboolean again = g_strcmp0 (last, event->type) == 0
        && g_str_has_suffix (event->type, ".append");

    if (again || is_mark (event))
      continue;
    g_string_append_printf (got, "%s%s", got->len ? " " : "", event->type);
    last = event->type;
  }
  g_assert_cmpstr (got->str, ==, types);
}

GByteArray *
rig_dup_sent_audio (Rig *rig)
{
  g_autoptr (GPtrArray) list = list_sent (rig);
  GByteArray *all = g_byte_array_new ();

  for (guint i = 0; i < list->len; i++) {
    RigEvent *event = g_ptr_array_index (list, i);
    const gchar *text = rt2_json_string (event->object, "audio");
    g_autofree guchar *bytes = NULL;
    gsize size;

    if (!g_str_equal (event->type, "input_audio_buffer.append"))
      continue;
    g_assert_nonnull (text);
    bytes = g_base64_decode (text, &size);
    g_byte_array_append (all, bytes, size);
  }
  return all;
}

static gboolean
has_sent_audio (Rig *rig, const gchar *unused, gsize size)
{
  g_autoptr (GByteArray) all = rig_dup_sent_audio (rig);

  return all->len >= size;
}

void
rig_wait_sent_audio (Rig *rig, gsize size)
{
  wait_for (rig, has_sent_audio, "bytes of audio", size);
}

/* -- barriers ------------------------------------------------------------- */

void
rig_flush_down (Rig *rig)
{
  g_autofree gchar *line = g_strdup_printf (
      "rate-limits " MARK "%u", ++rig->marks);
  guint from = rig->log->len;

  rig_send (rig,
      "{\"type\":\"rate_limits.updated\",\"event_id\":\"e\",\"rate_limits\":"
      "[{\"name\":\"" MARK
      "%u\",\"limit\":1,\"remaining\":1,\"reset_seconds\":0.5}]}",
      rig->marks);
  rig_wait (rig, line);
  /* It is no part of the test's story. */
  for (guint i = from; i < rig->log->len; i++) {
    if (g_str_equal (g_ptr_array_index (rig->log, i), line))
      g_ptr_array_remove_index (rig->log, i);
  }
}

static gboolean
has_mark (Rig *rig, const gchar *mark, gsize unused)
{
  g_autoptr (GPtrArray) list = list_sent (rig);

  for (guint i = 0; i < list->len; i++) {
    RigEvent *event = g_ptr_array_index (list, i);
    JsonObject *session = rt2_json_object (event->object, "session");

    if (g_strcmp0 (rt2_json_string (session, "instructions"), mark) == 0)
      return TRUE;
  }
  return FALSE;
}

void
rig_flush_up (Rig *rig)
{
  Rt2SessionConfig *config = rt2_session_config_copy (rig->config);

  g_free (config->instructions);
  config->instructions = g_strdup_printf (MARK "%u", ++rig->marks);
  rt2_session_set_config (rig->session, config);
  wait_for (rig, has_mark, config->instructions, 1);
  rt2_session_config_free (config);
  /* The server's answer must not meet what comes next. */
  rig_flush_down (rig);
}
