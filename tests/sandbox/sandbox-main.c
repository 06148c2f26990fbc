/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* realtime2-sandbox: the command. */
#include <glib-unix.h>
#include <locale.h>

#include "sandbox.h"

#define FAREWELL_MS 200 /* that clients get to see the close frame */

static const gchar summary[] =
    "A small Realtime server on 127.0.0.1, for people without a key and for "
    "CI.\n\n"
    "Its first line on stdout is\n"
    "  listening on ws://127.0.0.1:PORT/v1/realtime\n"
    "and with --tls a second one follows:\n"
    "  certificate /path/to/certificate.pem\n"
    "Connect to it with ?model=gpt-realtime-2 and any key, or none.";

static const gchar description[] =
    "It detects speech in the audio it gets, answers with a short commentary "
    "and a\nfinal answer in a synthetic voice, and checks every event as the "
    "service does. It\nunderstands no speech: without a script it says how "
    "long and how loud you spoke.\n\n"
    "A script is one JSON object:\n"
    "  {\"turns\": [\n"
    "     {\"hear\": \"What time is it?\",\n"
    "      \"say\": [{\"phase\": \"commentary\", \"text\": \"Let me look.\"},\n"
    "              {\"phase\": \"final_answer\", \"text\": \"Ten o'clock.\"}]},\n"
    "     {\"say\": [{\"call\": {\"name\": \"get_time\", "
    "\"arguments\": {\"zone\": \"UTC\"}}}]}],\n"
    "   \"loop\": false, \"scope\": \"connection\"}\n\n"
    "Each response uses up a turn; after the last the default answer comes "
    "again,\nor the first turn with \"loop\". With \"scope\": \"server\" a new "
    "connection goes on\nwhere the last one stopped.\n\n"
    "A turn may have:\n"
    "  hear              transcript of what the user says before it\n"
    "  say               items, each with text, phase (commentary,\n"
    "                    final_answer), tone_ms (a tone of that length instead\n"
    "                    of a voice), modality (audio, text), or\n"
    "                    call {name, arguments}\n"
    "  delay_ms          wait before the first item\n"
    "  hold              true: create the response and send nothing until it "
    "is\n                    cancelled; a number: for so many ms\n"
    "  delta_ms          size of the audio deltas (default: uneven)\n"
    "  transcript_first  true: all text of an item before its audio\n"
    "  overlap           false: an item ends before the next one begins\n"
    "  phase_on          where the phase is shown: added, done, "
    "response_done,\n                    none (default: the first three)\n"
    "  status            completed, failed or incomplete\n"
    "  error             {code, message, type}: sent instead of a response, "
    "or\n                    the reason of a failed one\n"
    "  close             {code, reason, after_ms}: end the connection after "
    "so\n                    much audio; code 0 cuts it without a close frame\n\n"
    "Examples:\n"
    "  realtime2-sandbox --port 8080 --verbose\n"
    "  realtime2-sandbox --tls --script dialogue.json --pace 1";

typedef struct {
  GMainLoop *loop;
  Sandbox *sandbox;
} Command;

static gboolean
quit (gpointer data)
{
  g_main_loop_quit (data);
  return G_SOURCE_REMOVE;
}

static gboolean
on_signal (gpointer data)
{
  Command *command = data;

  sandbox_close_all (command->sandbox, 1001, "The sandbox is going away.");
  g_timeout_add (FAREWELL_MS, quit, command->loop);
  return G_SOURCE_CONTINUE;
}

static gboolean
parse (int *argc, char ***argv, SandboxOptions *options, GError **error)
{
  gint port = 0, seed = 0, session_seconds = 0;
  gboolean fine;
  GOptionEntry entries[] = {
    { "port", 'p', 0, G_OPTION_ARG_INT, &port,
        "Port on 127.0.0.1 (default 0: any free one)", "N" },
    { "tls", 't', 0, G_OPTION_ARG_NONE, &options->tls,
        "wss:// with a self-signed certificate made at start", NULL },
    { "script", 's', 0, G_OPTION_ARG_FILENAME, &options->script_file,
        "What to hear and say, see below", "FILE" },
    { "pace", 0, 0, G_OPTION_ARG_DOUBLE, &options->pace,
        "Send audio X times faster than real time (default 8; 0: at once)",
        "X" },
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &options->verbose,
        "One line per event on stderr, audio left out", NULL },
    { "seed", 0, 0, G_OPTION_ARG_INT, &seed,
        "Seed of ids and of the sizes of deltas (default 0)", "N" },
    { "api-key", 'k', 0, G_OPTION_ARG_STRING, &options->api_key,
        "Let nobody in without this key", "KEY" },
    { "session-seconds", 0, 0, G_OPTION_ARG_INT, &session_seconds,
        "Life of a session (default 3600)", "N" },
    { NULL },
  };
  GOptionContext *context = g_option_context_new (NULL);

  g_option_context_set_summary (context, summary);
  g_option_context_set_description (context, description);
  g_option_context_add_main_entries (context, entries, NULL);
  fine = g_option_context_parse (context, argc, argv, error);
  g_option_context_free (context);
  if (fine
      && (*argc > 1 || port < 0 || port > 65535 || options->pace < 0
          || session_seconds < 0)) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s",
        *argc > 1 ? "There are no arguments beside the options."
                  : "A number is out of range.");
    return FALSE;
  }
  options->port = port;
  options->seed = seed;
  options->session_seconds = session_seconds;
  return fine;
}

static void
run (Sandbox *sandbox)
{
  Command command = { g_main_loop_new (NULL, FALSE), sandbox };
  const gchar *certificate = sandbox_get_certificate_path (sandbox);
  guint interrupt = g_unix_signal_add (SIGINT, on_signal, &command);
  guint terminate = g_unix_signal_add (SIGTERM, on_signal, &command);

  g_print ("listening on %s\n", sandbox_get_uri (sandbox));
  if (certificate != NULL)
    g_print ("certificate %s\n", certificate);
  g_main_loop_run (command.loop);
  g_source_remove (interrupt);
  g_source_remove (terminate);
  g_main_loop_unref (command.loop);
}

int
main (int argc, char **argv)
{
  SandboxOptions options = { .pace = 8 };
  g_autoptr (GError) error = NULL;
  Sandbox *sandbox;

  setlocale (LC_ALL, "");
  if (!parse (&argc, &argv, &options, &error)) {
    g_printerr ("realtime2-sandbox: %s\nTry realtime2-sandbox --help.\n",
        error->message);
    return 2;
  }
  sandbox = sandbox_new (&options, &error);
  if (sandbox == NULL) {
    g_printerr ("realtime2-sandbox: %s\n", error->message);
    return 1;
  }
  run (sandbox);
  sandbox_free (sandbox);
  return 0;
}
