/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * interop-talk LINE ANSWER TURN...
 *
 * A conversation in writing, for tests of servers that others wrote: runs the
 * pipeline LINE, in which `ai` is the element, sends each TURN as the user once
 * the one before is answered, and ends. Function calls are answered with
 * ANSWER, unless that is empty. The element's messages are printed in the form
 * of gst-launch-1.0 -m.
 */
#include <gst/gst.h>

/* Of one wait; only a fault lasts that long. */
#define PATIENCE (15 * GST_SECOND)

typedef struct {
  GstElement *pipeline, *ai;
  GstBus *bus;
  guint number; /* of the next message */
} Talk;

/* Owned by whoever emits the signal; on the element's own thread. */
static gchar *
on_call (GstElement *ai, const gchar *call_id, const gchar *name,
    const gchar *arguments, const gchar *answer)
{
  return *answer != '\0' ? g_strdup (answer) : NULL;
}

static void
print (Talk *talk, GstMessage *message)
{
  g_autofree gchar *text = gst_structure_to_string (
      gst_message_get_structure (message));

  g_print ("Got message #%u from element \"ai\" (element): %s\n",
      talk->number++, text);
}

static gboolean
is_named (GstMessage *message, const gchar *name)
{
  return name != NULL && gst_message_has_name (message, name);
}

/* Prints what comes, up to the end or the element's message @name; FALSE: that
 * did not come. *@calls counts function calls. */
static gboolean
wait (Talk *talk, const gchar *name, guint *calls)
{
  GstMessageType types = GST_MESSAGE_ELEMENT | GST_MESSAGE_ERROR
      | GST_MESSAGE_EOS;
  gboolean found = FALSE;

  while (!found) {
    g_autoptr (GstMessage)
        message = gst_bus_timed_pop_filtered (talk->bus, PATIENCE, types);

    if (message == NULL || GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
      return FALSE;
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS)
      return name == NULL;
    if (GST_MESSAGE_SRC (message) != GST_OBJECT (talk->ai))
      continue;
    print (talk, message);
    found = is_named (message, name);
    *calls += is_named (message, "realtime2/function-call");
  }
  return TRUE;
}

/* A response that calls functions is not the last of its turn. */
static gboolean
say (Talk *talk, const gchar *turn)
{
  gboolean sent = FALSE;
  guint calls;

  g_signal_emit_by_name (talk->ai, "send-text", "user", turn, &sent);
  if (!sent)
    return FALSE;
  do {
    calls = 0;
    if (!wait (talk, "realtime2/response-done", &calls))
      return FALSE;
  } while (calls > 0);
  return TRUE;
}

static gboolean
run (Talk *talk, gchar **turns)
{
  guint calls = 0;

  gst_element_set_state (talk->pipeline, GST_STATE_PLAYING);
  if (!wait (talk, "realtime2/session-updated", &calls))
    return FALSE;
  for (; *turns != NULL; turns++)
    if (!say (talk, *turns))
      return FALSE;
  gst_element_send_event (talk->pipeline, gst_event_new_eos ());
  return wait (talk, NULL, &calls);
}

int
main (int argc, char **argv)
{
  Talk talk = { NULL };
  gboolean done;

  gst_init (&argc, &argv);
  if (argc < 3) {
    g_printerr ("usage: interop-talk LINE ANSWER TURN...\n");
    return 2;
  }
  talk.pipeline = gst_parse_launch (argv[1], NULL);
  talk.ai = gst_bin_get_by_name (GST_BIN (talk.pipeline), "ai");
  talk.bus = gst_element_get_bus (talk.pipeline);
  g_signal_connect (talk.ai, "function-call", G_CALLBACK (on_call), argv[2]);
  done = run (&talk, argv + 3);
  gst_element_set_state (talk.pipeline, GST_STATE_NULL);
  gst_object_unref (talk.bus);
  gst_object_unref (talk.ai);
  gst_object_unref (talk.pipeline);
  return done ? 0 : 1;
}
