/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tools of the element's own.
 */
#include "gstrealtime2builtins.h"

#include <math.h>
#include <string.h>

#include "gstrealtime2input.h"
#include "rt2dtmf.h"
#include "rt2json.h"
#include "rt2toolexec.h"

#define GST_CAT_DEFAULT gst_realtime2_debug

#define DONE "{\"done\":true}"
/* Keys that are pressed in one go. */
#define MAX_KEYS 32

Rt2Builtin
gst_realtime2_find_builtin (GstRealtime2 *self, const gchar *name)
{
  Rt2Builtin tool = rt2_builtin_from_name (name);
  guint on;

  GST_OBJECT_LOCK (self);
  on = self->settings.builtin_tools;
  GST_OBJECT_UNLOCK (self);
  return on & tool;
}

/* The member @name of @arguments, new string; NULL if it is none. */
static gchar *
get_word (const gchar *arguments, const gchar *name)
{
  JsonObject *object = rt2_json_parse_object (
      arguments, strlen (arguments), NULL);
  gchar *word = g_strdup (rt2_json_string (object, name));

  g_clear_pointer (&object, json_object_unref);
  return word;
}

/* --- end_session --- */

static gchar *
end_session (GstRealtime2 *self)
{
  GST_INFO_OBJECT (self, "the agent ends the session");
  gst_realtime2_input_end (self->input, gst_event_new_eos ());
  return g_strdup (DONE);
}

/* --- set_property --- */

/* Whether the application listed @property. The model's words do not decide
 * what may be set. */
static gboolean
is_settable (GstRealtime2 *self, const gchar *property)
{
  gchar **words;
  gboolean found = FALSE;

  GST_OBJECT_LOCK (self);
  words = g_strsplit (
      self->settings.tool_properties ? self->settings.tool_properties : "", ",",
      -1);
  GST_OBJECT_UNLOCK (self);
  for (gchar **word = words; *word; word++)
    found |= *g_strstrip (*word) && g_str_equal (*word, property);
  g_strfreev (words);
  return found;
}

/* The element @name of the pipeline that @self is in, or NULL. */
static GstElement *
find_element (GstRealtime2 *self, const gchar *name)
{
  GstObject *top = gst_object_ref (GST_OBJECT (self)), *parent;
  GstElement *element = NULL;

  while ((parent = gst_object_get_parent (top))) {
    gst_object_unref (top);
    top = parent;
  }
  if (GST_IS_BIN (top))
    element = gst_bin_get_by_name (GST_BIN (top), name);
  gst_object_unref (top);
  return element;
}

/* What @property of @element belongs to: the element, or one of its children,
 * as in sink_0::volume. */
static GObject *
find_target (GstElement *element, const gchar *property, GParamSpec **pspec)
{
  GObject *target = NULL;

  if (GST_IS_CHILD_PROXY (element)
      && gst_child_proxy_lookup (
          GST_CHILD_PROXY (element), property, &target, pspec))
    return target;
  *pspec = g_object_class_find_property (
      G_OBJECT_GET_CLASS (element), property);
  return *pspec ? g_object_ref (G_OBJECT (element)) : NULL;
}

static gboolean
is_nan (const GValue *value)
{
  return (G_VALUE_HOLDS_DOUBLE (value) && isnan (g_value_get_double (value)))
      || (G_VALUE_HOLDS_FLOAT (value) && isnan (g_value_get_float (value)));
}

/* @value as @pspec has it, of @text. Nothing would be taken for zero, and what
 * is no number lies within every range. */
static gboolean
read_value (GValue *value, GParamSpec *pspec, const gchar *text)
{
  return (*text || G_VALUE_HOLDS_STRING (value))
      && gst_value_deserialize_with_pspec (value, text, pspec)
      && !is_nan (value) && !g_param_value_validate (pspec, value);
}

static gboolean
set_value (GObject *target, GParamSpec *pspec, const gchar *text)
{
  GValue value = G_VALUE_INIT;
  gboolean ok;

  g_value_init (&value, G_PARAM_SPEC_VALUE_TYPE (pspec));
  ok = (pspec->flags & G_PARAM_WRITABLE)
      && !(pspec->flags & G_PARAM_CONSTRUCT_ONLY)
      && read_value (&value, pspec, text);
  if (ok)
    g_object_set_property (target, pspec->name, &value);
  g_value_unset (&value);
  return ok;
}

/* Sets ELEMENT.PROPERTY; what is wrong, static, or NULL. */
static const gchar *
set_named (GstRealtime2 *self, const gchar *name, const gchar *text)
{
  gchar **parts = g_strsplit (name, ".", 2);
  GstElement *element = parts[0] && parts[1] ? find_element (self, parts[0])
                                             : NULL;
  GParamSpec *pspec = NULL;
  GObject *target = element ? find_target (element, parts[1], &pspec) : NULL;
  const gchar *wrong = NULL;

  if (!target)
    wrong = "the programme has no such property";
  else if (!set_value (target, pspec, text))
    wrong = "the property does not take this value";
  g_clear_object (&target);
  g_clear_object (&element);
  g_strfreev (parts);
  return wrong;
}

static gchar *
set_property (GstRealtime2 *self, const gchar *arguments)
{
  gchar *name = get_word (arguments, "property");
  gchar *text = get_word (arguments, "value");
  const gchar *wrong;

  if (!name || !text)
    wrong = "property and value are needed";
  else if (!is_settable (self, name))
    wrong = "this property may not be set";
  else if (*text == '@')
    /* Some properties, ours too, would read the file. */
    wrong = "a value may not name a file";
  else
    wrong = set_named (self, name, text);
  g_free (name);
  g_free (text);
  return wrong ? rt2_tool_error (wrong, NULL) : g_strdup (DONE);
}

/* --- send_dtmf --- */

/* The tones stand in the schedule like something that the agent says; the
 * server knows nothing of them. */
static void
play_keys (GstRealtime2 *self, const gchar *call_id, const gchar *keys)
{
  gchar *id = g_strconcat ("dtmf-", call_id, NULL);
  GBytes *tones;
  Rt2Spoken *spoken;

  g_mutex_lock (&self->lock);
  tones = rt2_dtmf_make (self->output_format, keys);
  spoken = rt2_playout_item (self->playout, id, id, 0);
  spoken->local = TRUE;
  rt2_playout_append_audio (self->playout, spoken, tones);
  rt2_playout_finish_response (self->playout, id);
  g_mutex_unlock (&self->lock);
  g_bytes_unref (tones);
  g_free (id);
}

static gchar *
send_dtmf (GstRealtime2 *self, const gchar *call_id, const gchar *arguments)
{
  gchar *keys = get_word (arguments, "keys");
  gsize n = keys ? strlen (keys) : 0;
  gboolean ok = n > 0 && n <= MAX_KEYS && strspn (keys, RT2_DTMF_KEYS) == n;

  if (ok)
    play_keys (self, call_id, keys);
  g_free (keys);
  return ok ? g_strdup (DONE)
            : rt2_tool_error ("keys must be of 0 to 9, *, #, A to D", NULL);
}

gchar *
gst_realtime2_run_builtin (GstRealtime2 *self, Rt2Builtin tool,
    const gchar *call_id, const gchar *arguments, gboolean *silent)
{
  *silent = tool == RT2_BUILTIN_WAIT_FOR_USER
      || tool == RT2_BUILTIN_END_SESSION;
  switch (tool) {
    case RT2_BUILTIN_END_SESSION:
      return end_session (self);
    case RT2_BUILTIN_SET_PROPERTY:
      return set_property (self, arguments);
    case RT2_BUILTIN_SEND_DTMF:
      return send_dtmf (self, call_id, arguments);
    default:
      return g_strdup (DONE);
  }
}
