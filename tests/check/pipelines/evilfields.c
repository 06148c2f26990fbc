/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Servers that send every event there is, once for each of its fields, with
 * something else in that field.
 */
#include "evilmutations.h"
#include "evilstage.h"

#include <string.h>

static gchar **events;

/* What may rightly end a session. */
static gboolean
is_fatal (const gchar *event)
{
  return strstr (event, "\"type\":\"session.updated\"")
      && strstr (event, "\"format\"");
}

static void
send_all (EvilPeer *peer, const EvilRow *row)
{
  for (guint i = 0; events[i] != NULL; i++) {
    gchar *event;

    if (*events[i] == '\0' || is_fatal (events[i]))
      continue;
    for (guint n = 0; (event = evil_mutate (events[i], n, row->text)); n++) {
      gboolean sent = evil_peer_frame (peer, EVIL_TEXT, event, strlen (event));

      g_free (event);
      if (!sent)
        return;
    }
  }
}

static const EvilRow rows[] = {
  { "missing", EVIL_UPDATED, send_all, EVIL_CARRIES_ON },
  { "null", EVIL_UPDATED, send_all, EVIL_CARRIES_ON, .text = "null" },
  { "true", EVIL_UPDATED, send_all, EVIL_CARRIES_ON, .text = "true" },
  { "array", EVIL_UPDATED, send_all, EVIL_CARRIES_ON, .text = "[]" },
  { "array-of-anything", EVIL_UPDATED, send_all, EVIL_CARRIES_ON,
      .text = "[null,1,\"x\",{},[[]],{\"type\":1,\"id\":[]}]" },
  { "object", EVIL_UPDATED, send_all, EVIL_CARRIES_ON, .text = "{}" },
  { "object-of-nothing", EVIL_UPDATED, send_all, EVIL_CARRIES_ON,
      .text = "{\"type\":null,\"id\":null,\"item\":null,\"output\":null}" },
  { "zero", EVIL_UPDATED, send_all, EVIL_CARRIES_ON, .text = "0" },
  { "below-zero", EVIL_UPDATED, send_all, EVIL_CARRIES_ON, .text = "-1" },
  { "fraction", EVIL_UPDATED, send_all, EVIL_CARRIES_ON, .text = "0.5" },
  { "int-min", EVIL_UPDATED, send_all, EVIL_CARRIES_ON,
      .text = "-9223372036854775808" },
  { "2^63", EVIL_UPDATED, send_all, EVIL_CARRIES_ON,
      .text = "9223372036854775808" },
  { "2^64", EVIL_UPDATED, send_all, EVIL_CARRIES_ON,
      .text = "18446744073709551616" },
  { "1e308", EVIL_UPDATED, send_all, EVIL_CARRIES_ON, .text = "1e308" },
  { "1e999", EVIL_UPDATED, send_all, EVIL_CARRIES_ON, .text = "1e999" },
  { "nan", EVIL_UPDATED, send_all, EVIL_CARRIES_ON, .text = "\"NaN\"" },
  { "empty", EVIL_UPDATED, send_all, EVIL_CARRIES_ON, .text = "\"\"" },
  { "other-text", EVIL_UPDATED, send_all, EVIL_CARRIES_ON,
      .text = "\"audio/x\\u0000\\n%s%n\\ud83d\"" },
};

int
main (int argc, char *argv[])
{
  g_autofree gchar *text = NULL;
  int result;

  evil_init ();
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_assert_true (g_file_get_contents (SERVER_EVENTS, &text, NULL, NULL));
  events = g_strsplit (text, "\n", -1);
  evil_add_rows ("fields", rows, G_N_ELEMENTS (rows));
  result = g_test_run ();
  g_strfreev (events);
  return result;
}
