/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A voice agent with tools: agent [QUESTION.wav ANSWER.wav]. Without files it
 * listens to the microphone and speaks to the loudspeaker.
 */
#include <gst/gst.h>
#include <string.h>

#define FILES                                                                  \
  "filesrc name=in ! decodebin ! audioconvert ! audioresample ! "              \
  "realtime2 name=ai turn-detection=none ! wavenc ! filesink name=out"
#define LIVE                                                                   \
  "autoaudiosrc ! audioconvert ! audioresample ! realtime2 name=ai ! "         \
  "audioconvert ! audioresample ! autoaudiosink"

static const struct {
  const gchar *to, *answer;
} departures[] = {
  { "Lyon", "9:10, platform 4" },
  { "Geneva", "9:42, platform 11" },
};

/* Called on a thread of the element's own, one call at a time. @arguments is
 * JSON as the model wrote it; a real program parses it. */
static gchar *
on_function_call (GstElement *ai, const gchar *call_id, const gchar *name,
    const gchar *arguments, gpointer data)
{
  GDateTime *now;
  gchar *time;

  g_print ("tool: %s %s\n", name, arguments);
  if (g_str_equal (name, "get_time")) {
    now = g_date_time_new_now_local ();
    time = g_date_time_format (now, "%H:%M");
    g_date_time_unref (now);
    return time;
  }
  for (guint i = 0; i < G_N_ELEMENTS (departures); i++)
    if (strstr (arguments, departures[i].to))
      return g_strdup (departures[i].answer);
  return g_strdup ("no train goes there");
}

/* Says who said what, and what else the bus tells. */
static void
show (const GstStructure *message)
{
  const gchar *name = gst_structure_get_name (message);

  if (g_str_equal (name, "realtime2/transcript"))
    g_print ("%s: %s\n", gst_structure_get_string (message, "role"),
        gst_structure_get_string (message, "text"));
  else if (g_str_has_prefix (name, "realtime2/"))
    g_print ("(%s)\n", name + strlen ("realtime2/"));
}

/* Until the end. Returns the exit status. */
static int
watch (GstBus *bus)
{
  GstMessageType type;

  do {
    GstMessage *message = gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE,
        GST_MESSAGE_ELEMENT | GST_MESSAGE_WARNING | GST_MESSAGE_ERROR
            | GST_MESSAGE_EOS);
    GError *error = NULL;

    type = GST_MESSAGE_TYPE (message);
    if (type == GST_MESSAGE_ELEMENT)
      show (gst_message_get_structure (message));
    else if (type == GST_MESSAGE_WARNING)
      gst_message_parse_warning (message, &error, NULL);
    else if (type == GST_MESSAGE_ERROR)
      gst_message_parse_error (message, &error, NULL);
    if (error)
      g_printerr ("%s\n", error->message);
    g_clear_error (&error);
    gst_message_unref (message);
  } while (type != GST_MESSAGE_EOS && type != GST_MESSAGE_ERROR);
  return type == GST_MESSAGE_EOS ? 0 : 1;
}

int
main (int argc, char **argv)
{
  GstElement *pipeline, *ai;
  GError *error = NULL;
  GstBus *bus;
  int status;

  gst_init (&argc, &argv);
  pipeline = gst_parse_launch (argc == 3 ? FILES : LIVE, &error);
  if (error) {
    g_printerr ("%s\n", error->message);
    return 1;
  }
  ai = gst_bin_get_by_name (GST_BIN (pipeline), "ai");
  gst_util_set_object_arg (G_OBJECT (ai), "builtin-tools", "end-session");
  g_object_set (ai, "instructions", "@examples/prompt/starter.md", "tools",
      "@examples/prompt/tools.json", NULL);
  if (argc == 3)
    gst_child_proxy_set (GST_CHILD_PROXY (pipeline), "in::location", argv[1],
        "out::location", argv[2], NULL);
  g_signal_connect (ai, "function-call", G_CALLBACK (on_function_call), NULL);
  bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  status = watch (bus);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (bus);
  gst_object_unref (ai);
  gst_object_unref (pipeline);
  return status;
}
